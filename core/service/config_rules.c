/* config_rules.c - what a setting's value may be, and where in the file it stands (layer service) */
#include "service/config_rules.h"

#include "base/err.h"
#include "session/session.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

typedef struct config_rule {
    const char *name;
    long long least, most;  /* of a number */
    const char *const *any; /* of a text, or of each text of a map: these words; or how an item that is not empty begins */
    bool begins;
    const char *said;
} config_rule;

static const char *const levels[] = { "debug", "info", "warn", "error", NULL };
static const char *const policies[] = { "relay", "turn_off", NULL };
static const char *const web[] = { "http://", "https://", NULL };
static const char *const post[] = { "smtp://", "smtps://", NULL };
static const char *const egress[] = { "http://", "https://", "socks5h://", "socks4a://", NULL };
static const char *const stores[] = { "sqlite:", NULL };

static const config_rule rules[] = {
    { "stage_seconds", 1, 3600, NULL, false, NULL },
    { "workers", 0, 1024, NULL, false, NULL },
    { "sessions_per_worker", 1, 1000000, NULL, false, NULL },
    { "connections", 1, 1000000, NULL, false, NULL },
    { "connections_per_address", 1, 1000000, NULL, false, NULL },
    { "body_bytes", 1024, 64 << 20, NULL, false, NULL },
    { "bodies_bytes", 1024, 1LL << 40, NULL, false, NULL },
    { "utility_sessions", 0, 1000000, NULL, false, NULL },
    { "utility_per_minute", 1, 1000000, NULL, false, NULL },
    { "breaker_failures", 1, 1000000, NULL, false, NULL },
    { "breaker_minutes", 1, 10080, NULL, false, NULL },
    { "refresh_days", 0, 3650, NULL, false, NULL },
    { "login_minutes", 1, 525600, NULL, false, NULL },
    { "form_days", 1, 3650, NULL, false, NULL },
    { "retention_days", 1, 36500, NULL, false, NULL },
    { "api_per_second", 1, 1000000, NULL, false, NULL },
    { "log_level", 0, 0, levels, false, "debug, info, warn or error" },
    { "mfa", 0, 0, policies, false, "relay or turn_off" },
    { "url", 0, 0, web, true, "https://... or http://..." },
    { "smtp", 0, 0, post, true, "smtp://host:587 or smtps://host" },
    { "store", 0, 0, stores, true, "sqlite:PATH" },
    { "proxies", 0, 0, egress, true, "http://, https://, socks5h:// or socks4a:// and host:port" },
    { "allow_origins", 0, 0, web, true, "https://... or http://..." },
    { "webhook_origins", 0, 0, web, true, "https://... or http://..." },
    { NULL, 0, 0, NULL, false, NULL }
};

static bool among(const config_rule *rule, const char *text)
{
    for (const char *const *word = rule->any; *word; word++)
        if (rule->begins ? strncmp(text, *word, strlen(*word)) == 0 : strcmp(text, *word) == 0)
            return true;
    return false;
}

static bool text_fits(const config_rule *rule, const json_t *value, char *why, size_t cap)
{
    const char *text = json_string_value(value);
    if (!text)
        snprintf(why, cap, "each of it is a text in quotes");
    else if (rule && rule->any && !among(rule, text))
        snprintf(why, cap, "'%.80s': %s is needed", text, rule->said);
    return !*why;
}

static bool number_fits(const config_rule *rule, long long number, char *why, size_t cap)
{
    if (rule && (number < rule->least || number > rule->most))
        snprintf(why, cap, "%lld: a number from %lld to %lld is needed", number, rule->least, rule->most);
    return !*why;
}

static bool limit_fits(const char *name, const json_t *value, char *why, size_t cap)
{
    char text[24];
    mk_session_limits ignored = mk_session_defaults;
    snprintf(text, sizeof text, "%lld", (long long)json_integer_value(value));
    const bool fits = json_is_integer(value) && (strcmp(name, "drop_ms") == 0 || mk_session_limit_set(&ignored, name, text) == MK_OK);
    if (!fits)
        snprintf(why, cap, "'%.80s': no such limit, or no number for it; `meterkey help limits` lists them", name);
    return fits;
}

static bool map_fits(const config_rule *rule, const char *setting, json_t *map, char *why, size_t cap)
{
    const char *name;
    json_t *value;
    json_object_foreach(map, name, value)
    {
        if (strcmp(setting, "limits") == 0 ? !limit_fits(name, value, why, cap) : !text_fits(rule, value, why, cap))
            return false;
    }
    return true;
}

static bool list_fits(const config_rule *rule, const json_t *list, char *why, size_t cap)
{
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        if (!text_fits(rule, item, why, cap))
            return false;
    }
    return true;
}

bool mk_config_fits(const char *name, json_t *value, char *why, size_t cap)
{
    const config_rule *rule = rules;
    while (rule->name && strcmp(rule->name, name) != 0)
        rule++;
    rule = rule->name ? rule : NULL;
    *why = '\0';
    if (json_is_integer(value))
        return number_fits(rule, json_integer_value(value), why, cap);
    if (json_is_array(value))
        return list_fits(rule, value, why, cap);
    if (json_is_object(value))
        return map_fits(rule, name, value, why, cap);
    return !json_is_string(value) || !*json_string_value(value) || text_fits(rule, value, why, cap);
}

static bool part_of_name(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* NAME and then an equals sign, outside a comment, within one line. */
static bool sets(const char *line, size_t len, const char *name)
{
    const size_t size = strlen(name);
    for (size_t at = 0; at + size <= len; at++) {
        if (strncmp(line + at, "--", 2) == 0)
            return false;
        if (strncmp(line + at, name, size) != 0 || (at && part_of_name(line[at - 1])))
            continue;
        size_t after = at + size;
        while (after < len && strchr(" \t\"']", line[after]))
            after++;
        if (after < len && line[after] == '=' && !part_of_name(line[at + size]))
            return true;
    }
    return false;
}

int mk_config_line(const char *text, size_t len, const char *name)
{
    int number = 1;
    for (const char *line = text, *end = text + len; line < end; number++) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        stop = stop ? stop : end;
        if (sets(line, (size_t)(stop - line), name))
            return number;
        line = stop + 1;
    }
    return 0;
}
