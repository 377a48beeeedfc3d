/* actions.c - does what a handler asked for, once it is committed (layer service) */
#include "base/log.h"
#include "service/own.h"
#include "service/pool.h"

#include <string.h>

static void notify(mk_service *service, json_t *action)
{
    const char *topic = json_string_value(json_object_get(action, "topic"));
    if (topic)
        mk_stream_send(service, topic, json_object_get(action, "data"));
}

static void close_streams(mk_service *service, json_t *action)
{
    const char *who = json_string_value(json_object_get(action, "who"));
    if (who)
        mk_stream_close(service, who);
}

/* What is meant for the worker that has a session. */
static void to_worker(mk_service *service, json_t *action)
{
    if (service->pool) /* a command of the operator's has none */
        mk_pool_act(service->pool, json_string_value(json_object_get(action, "do")), action);
}

static void webhook(mk_service *service, json_t *action)
{
    mk_outbound_webhook(service->outbound, action);
}

static void mail(mk_service *service, json_t *action)
{
    mk_outbound_mail(service->outbound, action);
}

static void reload(mk_service *service, json_t *action)
{
    (void)action;
    mk_adapters_reload(service->adapters);
}

static const struct {
    const char *name;
    void (*act)(mk_service *service, json_t *action);
} acts[] = { { "notify", notify }, { "close", close_streams }, { "start", to_worker }, { "resume", to_worker }, { "answer", to_worker },
             { "intent_done", to_worker }, { "cancel", to_worker }, { "forget", to_worker }, { "reload", reload },
             { "webhook", webhook }, { "mail", mail } };

void mk_action_do(mk_service *service, json_t *action)
{
    const char *name = json_string_value(json_object_get(action, "do"));
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++) {
        if (strcmp(acts[i].name, name) == 0) {
            acts[i].act(service, action);
            return;
        }
    }
    mk_log(MK_LOG_ERROR, "service", "no action '%s'", name);
}
