/* settings.c - the engine of a worker, from its first message (layer worker) */
#include "base/err.h"
#include "base/mem.h"
#include "worker/own.h"

#include <stdio.h>
#include <string.h>

enum { LIST_MOST = 1000 };

/* A list of strings, NULL-terminated and borrowed. False if it is none, or there is no memory. */
static bool read_list(const json_t *value, const char ***out)
{
    const size_t count = json_array_size(value);
    if ((value && !json_is_null(value) && !json_is_array(value)) || count > LIST_MOST)
        return false;
    *out = mk_calloc(count + 1, sizeof **out);
    for (size_t i = 0; *out && i < count; i++)
        if (!((*out)[i] = json_string_value(json_array_get(value, i))))
            return false;
    return *out != NULL;
}

/* drop_ms is the worker's own: how long a session waits before its state is dropped. */
static bool read_limit(mk_worker *worker, mk_session_limits *limits, const char *name, const json_t *value)
{
    char text[24];
    const json_int_t number = json_integer_value(value);
    if (!json_is_integer(value) || number < 0)
        return false;
    if (strcmp(name, "drop_ms") == 0) {
        worker->drop_ms = number < INT32_MAX ? number : INT32_MAX;
        return true;
    }
    snprintf(text, sizeof text, "%lld", (long long)number);
    return mk_session_limit_set(limits, name, text) == MK_OK;
}

static bool read_limits(mk_worker *worker, mk_session_limits *limits, json_t *given)
{
    const char *name;
    json_t *value;
    json_object_foreach(given, name, value)
    {
        if (read_limit(worker, limits, name, value))
            continue;
        mk_worker_broken(worker, "settings: limit %s is not known, or is no whole number", name);
        return false;
    }
    return true;
}

static void make_engine(mk_worker *worker, const mk_engine_options *options)
{
    char why[300] = "";
    int err = mk_engine_new(&worker->engine, &worker->loop, options, why, sizeof why);
    if (err)
        mk_worker_broken(worker, "settings: %s", *why ? why : mk_err_text(err));
}

void mk_order_settings(mk_worker *worker, const json_t *head)
{
    mk_engine_options options = { .user_agent = json_string_value(json_object_get(head, "user_agent")) };
    const char **allow = NULL, **connect = NULL, *path = json_string_value(json_object_get(head, "ca_path"));
    options.net.cacert = json_string_value(json_object_get(head, "cacert"));
    options.net.cacert = options.net.cacert ? options.net.cacert : path;
    options.net.proxy = json_string_value(json_object_get(head, "proxy"));
    if (worker->engine) {
        mk_worker_broken(worker, "settings came a second time");
        return;
    }
    const bool lists = read_list(json_object_get(head, "allow_origins"), &allow) &&
                       read_list(json_object_get(head, "connect_to"), &connect);
    options.allow_origins = allow;
    options.connect_to = connect;
    if (!lists)
        mk_worker_broken(worker, "settings: allow_origins and connect_to are lists of strings");
    else if (read_limits(worker, &options.limits, json_object_get(head, "limits")))
        make_engine(worker, &options);
    mk_free(allow);
    mk_free(connect);
}
