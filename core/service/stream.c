/* stream.c - server-sent events: who listens to which topic (layer service) */
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "parse/json.h"
#include "service/own.h"

#include <string.h>

enum { MESSAGE_MOST = 256 << 10, STREAMS_MOST = 30 };

struct mk_listener {
    mk_service *service;
    mk_httpd_stream *stream;
    char *topic, *who;
    mk_listener *next;
};

static void on_gone(void *arg)
{
    mk_listener *listener = arg;
    for (mk_listener **at = &listener->service->listeners; *at; at = &(*at)->next) {
        if (*at == listener) {
            *at = listener->next;
            break;
        }
    }
    mk_free(listener->topic);
    mk_free(listener->who);
    mk_free(listener);
}

static void send_text(mk_listener *listener, const char *text, size_t len)
{
    if (mk_httpd_stream_send(listener->stream, text, len))
        mk_httpd_stream_end(listener->stream); /* it does not read: it comes back when it does */
}

void mk_stream_open(mk_service *service, mk_httpd_req *req, const char *topic, const char *who, const char *first)
{
    mk_listener *listener = mk_calloc(1, sizeof *listener);
    char *copy = listener ? mk_strdup(topic) : NULL, *name = copy ? mk_strdup(who ? who : "") : NULL;
    if (!name || mk_httpd_stream_begin(&listener->stream, req, "text/event-stream", on_gone, listener)) {
        mk_free(name);
        mk_free(copy);
        mk_free(listener);
        mk_httpd_answer(req, 503, NULL, NULL, 0);
        return;
    }
    listener->service = service;
    listener->topic = copy;
    listener->who = name;
    listener->next = service->listeners;
    service->listeners = listener;
    send_text(listener, "retry: 2000\n\n", 13);
    if (first)
        send_text(listener, first, strlen(first));
}

void mk_stream_send(mk_service *service, const char *topic, const json_t *data)
{
    mk_buf text;
    char *json = mk_json_text(data, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
    mk_buf_init(&text, MESSAGE_MOST);
    if (json && mk_buf_addf(&text, "data: %s\n\n", json) == MK_OK)
        for (mk_listener *at = service->listeners; at; at = at->next)
            if (strcmp(at->topic, topic) == 0)
                send_text(at, text.data, text.len);
    mk_free(json);
    mk_buf_free(&text);
}

size_t mk_stream_count(const mk_service *service, const char *topic)
{
    size_t count = 0;
    for (const mk_listener *at = service->listeners; at; at = at->next)
        count += strcmp(at->topic, topic) == 0;
    return count;
}

/* Whoever has a link or a token could else hold every connection there is. */
bool mk_stream_full(const mk_service *service, const char *topic, const char *who)
{
    size_t count = 0;
    for (const mk_listener *at = service->listeners; at; at = at->next)
        count += strcmp(at->topic, topic) == 0 && strcmp(at->who, who ? who : "") == 0;
    return count >= STREAMS_MOST;
}

json_t *mk_stream_who(const mk_service *service)
{
    json_t *names = json_object(), *out = json_array();
    const char *name;
    json_t *value;
    for (const mk_listener *at = service->listeners; at; at = at->next)
        if (*at->who)
            json_object_set_new(names, at->who, json_true()); /* many streams of one login are one name */
    json_object_foreach(names, name, value)
        json_array_append_new(out, json_string(name));
    json_decref(names);
    return out;
}

void mk_stream_close(mk_service *service, const char *who)
{
    for (mk_listener *at = service->listeners; at; at = at->next)
        if (strcmp(at->who, who) == 0)
            mk_httpd_stream_end(at->stream);
}

void mk_stream_keep(mk_service *service)
{
    for (mk_listener *at = service->listeners; at; at = at->next)
        send_text(at, ":\n\n", 3);
}

void mk_stream_end(mk_service *service)
{
    for (mk_listener *at = service->listeners; at; at = at->next)
        mk_httpd_stream_end(at->stream);
}
