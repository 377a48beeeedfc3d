/* limits.c - what a session may use, by name (layer session) */
#include "base/err.h"
#include "session/session.h"
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

const mk_session_limits mk_session_defaults = {
    .script = {.lua_bytes = 16 << 20, .c_bytes = 64 << 20, .burst_us = 50000, .total_us = 2000000,
               .pattern_steps = 1000000},
    .response_bytes = 8 << 20,
    .session_bytes = 64 << 20,
    .requests = 200,
    .redirects = 10,
    .wall_ms = 180000,
    .challenge_ms = 900000,
    .tries = 3,
    .resend_ms = 30000,
    .resends = 3,
    .poll_ms = 1000,
    .sign_out_ms = 5000,
};

static const struct {
    const char *name;
    size_t offset, size;
} fields[] = {
#define F(name, member) {name, offsetof(mk_session_limits, member), sizeof(((mk_session_limits *)0)->member)}
    F("lua_bytes", script.lua_bytes), F("c_bytes", script.c_bytes), F("burst_us", script.burst_us),
    F("total_us", script.total_us), F("pattern_steps", script.pattern_steps), F("response_bytes", response_bytes),
    F("session_bytes", session_bytes), F("requests", requests), F("redirects", redirects), F("wall_ms", wall_ms),
    F("challenge_ms", challenge_ms), F("tries", tries), F("resend_ms", resend_ms), F("resends", resends),
    F("poll_ms", poll_ms), F("sign_out_ms", sign_out_ms),
#undef F
};

static int64_t load(const mk_session_limits *limits, size_t i)
{
    const char *at = (const char *)limits + fields[i].offset;
    return fields[i].size == sizeof(int) ? *(const int *)at : *(const int64_t *)at;
}

int mk_session_limit_set(mk_session_limits *limits, const char *name, const char *value)
{
    char *end;
    errno = 0;
    long long number = strtoll(value, &end, 10);
    if (errno || end == value || *end || number < 0)
        return MK_EPARSE;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        if (strcmp(fields[i].name, name) != 0)
            continue;
        char *at = (char *)limits + fields[i].offset;
        if (fields[i].size == sizeof(int)) {
            if (number > 1000000)
                return MK_EPARSE;
            *(int *)at = (int)number;
        } else {
            *(int64_t *)at = number;
        }
        return MK_OK;
    }
    return MK_ENOENT;
}

const char *mk_session_limit_at(const mk_session_limits *limits, size_t i, int64_t *value)
{
    if (i >= sizeof fields / sizeof *fields)
        return NULL;
    *value = load(limits, i);
    return fields[i].name;
}
