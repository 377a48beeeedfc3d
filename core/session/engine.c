/* engine.c - what all sessions of a process share (layer session) */
#include "base/build.h"
#include "base/err.h"
#include "session/own.h"
#include <stdio.h>
#include <string.h>

static void free_list(char **list)
{
    for (size_t i = 0; list && list[i]; i++)
        mk_free(list[i]);
    mk_free(list);
}

static char **copy_list(const char *const *from)
{
    size_t count = 0;
    while (from && from[count])
        count++;
    char **out = mk_calloc(count + 1, sizeof *out);
    for (size_t i = 0; out && i < count; i++) {
        out[i] = mk_strdup(from[i]);
        if (!out[i]) {
            free_list(out);
            return NULL;
        }
    }
    return out;
}

/* Origins and mappings are checked here once, so that a session cannot trip over them. */
static int check_lists(const mk_engine *engine, char *why, size_t cap)
{
    mk_policy *policy = mk_policy_new();
    int err = policy ? MK_OK : MK_ENOMEM;
    for (size_t i = 0; !err && engine->allow_origins[i]; i++) {
        err = mk_policy_allow(policy, engine->allow_origins[i]);
        if (err)
            snprintf(why, cap, "'%s' is not an origin such as http://127.0.0.1:8080", engine->allow_origins[i]);
    }
    for (size_t i = 0; !err && engine->connect_to[i]; i++) {
        err = mk_policy_connect_to(policy, engine->connect_to[i]);
        if (err)
            snprintf(why, cap, "'%s' is not HOST:PORT:HOST2:PORT2", engine->connect_to[i]);
    }
    mk_policy_free(policy);
    return err;
}

static mk_session_limits with_defaults(const mk_session_limits *given)
{
    mk_session_limits limits = mk_session_defaults;
    int64_t value;
    const char *name;
    for (size_t i = 0; (name = mk_session_limit_at(given, i, &value)) != NULL; i++) {
        char text[24];
        snprintf(text, sizeof text, "%lld", (long long)value);
        if (value)
            mk_session_limit_set(&limits, name, text);
    }
    return limits;
}

int mk_engine_new(mk_engine **out, uv_loop_t *loop, const mk_engine_options *options, char *why, size_t cap)
{
    char agent[120];
    int err = MK_ENOMEM;
    why[0] = '\0';
    mk_engine *engine = mk_calloc(1, sizeof *engine);
    if (!engine)
        return MK_ENOMEM;
    engine->loop = loop;
    engine->limits = with_defaults(&options->limits);
    snprintf(agent, sizeof agent, "Meterkey/%s (+https://meterkey.example/about)", mk_build_version);
    engine->user_agent = mk_strdup(options->user_agent ? options->user_agent : agent);
    engine->allow_origins = copy_list(options->allow_origins);
    engine->connect_to = copy_list(options->connect_to);
    if (!engine->user_agent || !engine->allow_origins || !engine->connect_to)
        goto fail;
    err = check_lists(engine, why, cap);
    if (err)
        goto fail;
    err = mk_net_new(&engine->net, loop, &options->net);
    if (err) {
        snprintf(why, cap, "network settings: %s", mk_err_text(err));
        goto fail;
    }
    *out = engine;
    return MK_OK;
fail:
    mk_engine_free(engine);
    return err;
}

void mk_engine_free(mk_engine *engine)
{
    if (!engine)
        return;
    if (engine->net)
        mk_net_free(engine->net);
    mk_free(engine->user_agent);
    free_list(engine->allow_origins);
    free_list(engine->connect_to);
    mk_free(engine);
}

uv_loop_t *mk_engine_loop(mk_engine *engine)
{
    return engine->loop;
}
