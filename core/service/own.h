/* own.h - what the files of the service share (layer service, its own) */
#ifndef MK_SERVICE_OWN_H
#define MK_SERVICE_OWN_H
#include "bind/app.h"
#include "service/adapters.h"
#include "service/config.h"
#include "service/httpd.h"
#include "service/keys.h"
#include "service/outbound.h"
#include "service/service.h"
#include "store/store.h"

typedef struct mk_unit mk_unit;
typedef struct mk_pool mk_pool;       /* workers, pool.h */
typedef struct mk_listener mk_listener; /* stream.c */

struct mk_service {
    uv_loop_t *loop;
    json_t *config;
    mk_store *store;
    mk_keys *keys;
    mk_app *app;
    mk_httpd *httpd;
    mk_adapters *adapters; /* NULL: no handler for them */
    mk_pool *pool;
    mk_outbound *outbound;
    uv_prepare_t turn; /* commits before the loop waits */
    uv_timer_t beat; /* ten times a second */
    bool has_beat;   /* there is a handler for it */
    uv_work_t fold; /* the store's log on its way into the database, beside the loop */
    bool folding, tidying; /* tidying: the log is to be emptied once it is folded */
    uv_timer_t patience; /* wakes the loop for units that waited long enough */
    int64_t patient_until; /* mono us; 0: none waits */
    bool urgent;           /* a unit of this turn does not wait */
    mk_unit *current;  /* whose handler runs now */
    json_t *early; /* sessions that were begun while this turn's commit waits for the disk: their actions */
    mk_unit *done, **done_tail; /* handlers are through, nothing is committed */
    mk_unit *again;    /* to be run again: their commit failed */
    size_t running;    /* handlers that wait, and units not committed */
    int64_t turned;    /* the commit failed at: mono us; 0: it did not */
    mk_listener *listeners;
    unsigned long requests;
    bool stopping, keys_stale; /* stale: a new key could not be read, and we said so */
    int64_t stop_by; /* mono us: what runs then is cut off */
    void (*stopped)(void *arg);
    void *stopped_arg;
};

/* service.c - store, keys and Lua, without port and workers; claim: as the one that serves. As mk_service_start. */
int mk_service_open(mk_service **out, uv_loop_t *loop, const json_t *config, bool claim, char *why);

/* unit.c - one call of a handler: its writes and its actions stand or fall together. input is taken over. done is called once, when what it
 * wrote is on the disk, with its result, or with error; NULL is fine. again: where only the commit failed it is run once more, a second later, in place of error. */
typedef void (*mk_unit_done)(void *arg, const json_t *result, const char *error);
void mk_unit_run(mk_service *service, const char *handler, json_t *input, bool again, mk_unit_done done, void *arg);
/* As with again and without done, and with a blob (a JSON string of any bytes; taken) that the handler may store as {blob=true}. */
void mk_unit_run_blob(mk_service *service, const char *handler, json_t *input, json_t *blob);
/* Without done: what nobody waits for. Its commit may come up to a tenth of a second later, with others. */
void mk_unit_run_patient(mk_service *service, const char *handler, json_t *input, bool again);
json_t *mk_unit_blob(mk_service *service); /* of the unit that runs, borrowed; or NULL */
/* Around a wait within a handler: what it wrote so far is kept. */
mk_unit *mk_unit_pause(mk_service *service);
void mk_unit_resume(mk_service *service, mk_unit *unit, mk_app_task *task, const json_t *result, const char *why);
void mk_unit_unkept(mk_service *service); /* the store failed under the unit that runs now */
/* Adds an action of the unit that runs now (reference taken). MK_OK, MK_ENOMEM. */
int mk_unit_act(mk_service *service, json_t *action);
size_t mk_unit_asked(const mk_service *service, const char *name); /* actions of that name that wait for this turn's commit */
void mk_unit_turn(mk_service *service); /* commits, answers, acts; what is patient may wait for another turn */
void mk_unit_settle(mk_service *service); /* the same for all there is */
void mk_unit_retry(mk_service *service); /* once a second */
void mk_unit_drop(mk_service *service); /* at the end of the process */

/* host.c - the functions that the service's Lua calls. */
extern const mk_app_entry mk_host_entries[];
/* web.c - requests in, answers out. */
void mk_web_request(void *service, mk_httpd_req *req);
/* web_in.c - a request as the handler's table. MK_OK, MK_EPARSE (not UTF-8, a name that is too long), MK_ENOMEM. */
int mk_web_read(mk_service *service, json_t *request, const char *id, mk_httpd_req *req);
/* One pair of a query, of cookies, of headers (names in lower case): repeated names are joined by commas, as lists are written; of headers the first
 * counts, but for X-Forwarded-*. What is named as a customer's secret in a form is left out. */
int mk_web_pair(json_t *object, const char *name, const char *value, bool header);
/* What the body says: fields, json, body, body_error, sealed; type may be NULL. */
int mk_web_body(mk_service *service, json_t *request, const char *type, const mk_headers *fields, mk_bytes body);
/* secrets.c - takes a customer's secrets out of a request: object is {"credentials", "answer", "names", "key", "digest", ...}
 * (docs/service.md), both sealed. *out is new or NULL if there is
 * none. fields: of a form. body: of a JSON request; *rest is then what is left of it, or NULL. MK_OK, MK_EPARSE, MK_ENOMEM. */
int mk_secrets_from_fields(mk_service *service, const mk_headers *fields, json_t **out);
int mk_secrets_from_json(mk_service *service, json_t *body, json_t **out);
/* JSON sealed, as {"b64": text}; and back. NULL: out of memory, or not ours. */
json_t *mk_secrets_seal(mk_service *service, const char *label, const json_t *value);
json_t *mk_secrets_unseal(mk_service *service, const char *label, const json_t *sealed);
/* The same as a JSON string of the bytes themselves, for the store alone. */
json_t *mk_secrets_seal_raw(mk_service *service, const char *label, const void *data, size_t len);
json_t *mk_secrets_seal_bytes(mk_service *service, const char *label, const void *data, size_t len);
int mk_secrets_unseal_bytes(mk_service *service, const char *label, const json_t *sealed, mk_buf *out);
/* Bytes as hex; the keyed hash of data, as hex: the same for the life of the store. NULL: out of memory. */
json_t *mk_secrets_hex(const void *bytes, size_t len);
json_t *mk_secrets_hash(mk_service *service, const void *data, size_t len);
/* actions.c - does what a handler asked for, once it is committed. */
void mk_action_do(mk_service *service, json_t *action);
/* stream.c - server-sent events: req gets what is sent to topic from now on. who: by whose right, or NULL. */
void mk_stream_open(mk_service *service, mk_httpd_req *req, const char *topic, const char *who, const char *first);
void mk_stream_send(mk_service *service, const char *topic, const json_t *data);
bool mk_stream_full(const mk_service *service, const char *topic, const char *who); /* no more of this topic by this right */
size_t mk_stream_count(const mk_service *service, const char *topic);
json_t *mk_stream_who(const mk_service *service); /* each of them once; a new list */
void mk_stream_close(mk_service *service, const char *who);
void mk_stream_keep(mk_service *service); /* now and then: finds those that have left */
void mk_stream_end(mk_service *service);
#endif
