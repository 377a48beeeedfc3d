/* exchange.c - a script's request: hops, journal, intents, limits, the page (layer session)
 *
 * Live, each hop goes to the network and its response into the journal; in a replay the response comes back
 * out of it, and what is asked for is compared by fingerprint. Replay never sends. */
#include "base/err.h"
#include "session/own.h"
#include <stdio.h>
#include <string.h>

static void pump(mk_session *s);

static mk_session *of(mk_host *host)
{
    return (mk_session *)host;
}

static void host_fetch(mk_host *host, mk_call *call)
{
    mk_session *s = of(host);
    s->call = call;
    s->wait = MK_WAIT_FETCH;
}

static const mk_url *host_base(mk_host *host)
{
    return &of(host)->base;
}

static mk_jar *host_jar(mk_host *host)
{
    return of(host)->jar;
}

static mk_page *host_last_page(mk_host *host)
{
    return of(host)->page;
}

static bool host_replaying(mk_host *host)
{
    return mk_session_silent(of(host));
}

void mk_exchange_host(mk_host *host)
{
    host->fetch = host_fetch;
    host->base = host_base;
    host->jar = host_jar;
    host->last_page = host_last_page;
    host->replaying = host_replaying;
}

/* The call is over: its script may go on. */
static void finish(mk_session *s, mk_fault *fault, bool end)
{
    mk_call *call = s->call;
    if (fault && !fault->script && call->where[0])
        fault->script = mk_strdup(call->where);
    if (fault) {
        mk_fault_free(call->fault);
        call->fault = fault;
        call->end = end || !fault->kind->catchable;
    }
    mk_fetch_free(s->fetch);
    s->fetch = NULL;
    s->call = NULL;
    s->wait = MK_WAIT_NONE;
}

/* mk_role bits of what the call itself and the cookies for its URL hold. */
static unsigned roles_of(const mk_session *s, const mk_call *call)
{
    return call->roles | mk_jar_secret(s->jar, s->fetch ? mk_fetch_url(s->fetch) : &call->url, s->now_ms / 1000);
}

/* A credential leaves: marked by its type, or, where it is no secret, found in URL or body. */
static bool carries_credential(const mk_session *s, const mk_call *call)
{
    if (roles_of(s, call) & MK_ROLE_CREDENTIAL)
        return true;
    if (call->body && mk_mask_finds(s->names, call->body, call->body_len))
        return true;
    return call->url.query && mk_mask_finds(s->names, call->url.query, strlen(call->url.query));
}

static unsigned intent_of(const mk_session *s)
{
    unsigned bits = 0;
    if (carries_credential(s, s->call))
        bits |= MK_INTENT_CREDENTIALS;
    if (roles_of(s, s->call) & MK_ROLE_ANSWER)
        bits |= MK_INTENT_ANSWER;
    return bits;
}

static bool polling(const mk_session *s)
{
    return strcmp(s->ask.handler, "poll") == 0;
}

/* Polls are not counted, but a poll is a few requests: what is more counts as any other. */
static bool counted(const mk_session *s)
{
    enum { OF_A_POLL = 8 };
    return !polling(s) || s->ask.poll_requests >= OF_A_POLL;
}

/* What may not even begin. */
static mk_fault *refuse(mk_session *s, const mk_call *call)
{
    if (call->sends_code && s->turn_off)
        return mk_must_be_off(s);
    if (call->sends_code && !s->human)
        return mk_fault_new("mfa.needs_human", "the portal would send a code, and nobody is there to enter it");
    if (call->sends_code && s->code_sent)
        return mk_fault_new("policy.budget", "a second code would be sent though the customer has said nothing since the first");
    if (counted(s) && s->requests >= s->engine->limits.requests)
        return mk_fault_new("policy.budget", "more than %d requests in one session", s->engine->limits.requests);
    return NULL;
}

static mk_fetch_input input_of(const mk_session *s, const mk_call *call)
{
    bool known = s->page != NULL;
    return (mk_fetch_input){
        .method = call->method ? call->method : "GET",
        .url = &call->url,
        .headers = &call->headers,
        .body = call->body,
        .body_len = call->body_len,
        .content_type = call->content_type,
        .secret = (call->roles & (MK_ROLE_CREDENTIAL | MK_ROLE_ANSWER | MK_ROLE_OTHER)) != 0,
        .redirect = call->redirect,
        .referer = call->referer_set ? (call->has_referer ? &call->referer : NULL) : known ? &s->base : NULL,
        .origin_header = true,
        .user_agent = s->user_agent,
        .timeout_ms = call->timeout_ms,
        .max_hops = s->engine->limits.redirects,
    };
}

void mk_exchange_begin(mk_session *s)
{
    mk_call *call = s->call;
    mk_fault *fault = refuse(s, call);
    if (fault) {
        finish(s, fault, true);
        return;
    }
    s->code_sent = s->code_sent || call->sends_code;
    if (counted(s))
        s->requests++;
    if (polling(s))
        s->ask.poll_requests++;
    if (s->phase == MK_PHASE_SIGN_IN && carries_credential(s, call))
        s->looking = true;
    mk_fetch_input input = input_of(s, call);
    int err = mk_fetch_new(&s->fetch, &input, s->policy, s->jar, s->now_ms / 1000);
    if (err == MK_EINVAL)
        finish(s, mk_fault_new("adapter.bug", "a header of this request is not for scripts to set"), true);
    else if (err)
        finish(s, mk_fault_new("policy.budget", "request: %s", mk_err_text(err)), true);
    else
        pump(s);
}

static void print_of(const mk_session *s, const mk_request *hop, uint8_t print[MK_PRINT_BYTES])
{
    mk_bytes parts[4 + 2 * 64];
    size_t count = 0;
    parts[count++] = (mk_bytes){hop->method, strlen(hop->method)};
    parts[count++] = (mk_bytes){hop->url, strlen(hop->url)};
    parts[count++] = (mk_bytes){hop->body ? hop->body : "", hop->body_len};
    for (size_t i = 0; i < hop->headers.count && count + 2 <= sizeof parts / sizeof *parts; i++) {
        parts[count++] = (mk_bytes){hop->headers.list[i].name, strlen(hop->headers.list[i].name)};
        parts[count++] = (mk_bytes){hop->headers.list[i].value, hop->headers.list[i].value_len};
    }
    mk_journal_print(s->journal, parts, count, print);
}

static size_t most_bytes(const mk_session *s)
{
    size_t left = s->engine->limits.session_bytes > s->bytes ? s->engine->limits.session_bytes - s->bytes : 0;
    return left < s->engine->limits.response_bytes ? left : s->engine->limits.response_bytes;
}

static void tell_hop(mk_session *s, const mk_response *response, bool replayed)
{
    if (!s->driver.hop)
        return;
    mk_hop hop = {.request = mk_fetch_hop(s->fetch), .response = response, .started_ms = s->hop_started_ms,
                  .replayed = replayed, .poll = polling(s), .where = s->call->where};
    s->driver.hop(s->arg, s, &hop);
}

/* The next step with this response, which is taken over. */
static void step(mk_session *s, mk_response *response)
{
    s->bytes += response->body.len;
    mk_fetch_step(s->fetch, response, s->now_ms / 1000);
    mk_response_free(response);
}

static bool record(mk_session *s, mk_response *response)
{
    uint8_t print[MK_PRINT_BYTES];
    mk_buf buf;
    mk_buf_init(&buf, s->engine->limits.response_bytes + (1 << 20));
    print_of(s, mk_fetch_hop(s->fetch), print);
    int err = mk_response_save(response, &buf);
    if (!err)
        err = mk_entry_write(s, MK_ENTRY_EXCHANGE, print, buf.data, buf.len);
    mk_buf_free(&buf);
    return err == MK_OK;
}

/* It may have arrived: the customer is told what may be used up, and no pcall lets a script send it again. */
static void in_doubt(mk_session *s, mk_response *response)
{
    unsigned bits = intent_of(s);
    enum { ROOM = 80 };
    if (!bits)
        return;
    size_t len = strlen(response->detail), most = sizeof response->detail - ROOM;
    len = len < most ? len : most;
    snprintf(response->detail + len, sizeof response->detail - len, "; %s%s%s",
             bits & MK_INTENT_CREDENTIALS ? "the password may have been tried once" : "",
             bits == (MK_INTENT_CREDENTIALS | MK_INTENT_ANSWER) ? "; " : "",
             bits & MK_INTENT_ANSWER ? "the code may have been used" : "");
    s->call->end = true;
}

static void arrived(mk_session *s, mk_response *response)
{
    tell_hop(s, response, false);
    if (!record(s, response)) {
        mk_response_free(response);
        finish(s, mk_fault_new("policy.budget", "the journal is full"), true);
        return;
    }
    if (response->fault && response->sent && !mk_request_repeatable(mk_fetch_hop(s->fetch)))
        in_doubt(s, response);
    step(s, response);
}

static void client_done(void *arg, mk_response *response)
{
    mk_session *s = arg;
    int64_t since = mk_session_enter(s);
    arrived(s, response);
    if (s->wait == MK_WAIT_FETCH)
        pump(s);
    mk_session_leave(s, since);
    mk_session_run(s);
}

/* True if the intent is committed, or there is none to commit. */
static bool committed(mk_session *s, const mk_request *hop)
{
    if (mk_request_repeatable(hop) || s->intent_done) {
        s->intent_done = false;
        return true;
    }
    unsigned bits = intent_of(s);
    s->intent_wait = true;
    if (s->driver.intent)
        s->driver.intent(s->arg, s, bits, s->ask.challenge ? json_string_value(json_object_get(s->ask.challenge, "id")) : NULL);
    else
        s->intent_wait = false;
    if (s->intent_wait)
        return false;
    s->intent_done = false;
    return true;
}

void mk_session_intent_done(mk_session *s)
{
    if (!s->intent_wait)
        return;
    s->intent_wait = false;
    if (s->running) /* committed from inside the callback */
        return;
    s->intent_done = true;
    int64_t since = mk_session_enter(s);
    pump(s);
    mk_session_leave(s, since);
    mk_session_run(s);
}

/* Sends a hop. True if it is answered already (a case's transport). */
static bool send_live(mk_session *s, const mk_request *hop)
{
    if (mk_session_must_end(s) || mk_entry_astray(s) || !committed(s, hop) || mk_session_must_end(s))
        return false;
    if (!mk_request_repeatable(hop))
        s->used |= intent_of(s);
    s->hop_started_ms = mk_session_clock(s);
    if (s->transport) {
        mk_response response;
        mk_response_init(&response, most_bytes(s));
        s->transport(s->transport_arg, hop, &response);
        arrived(s, &response);
        return true;
    }
    int err = mk_client_send(s->client, hop, most_bytes(s), client_done, s);
    if (err)
        finish(s, mk_fault_new("policy.budget", "request: %s", mk_err_text(err)), true);
    return false;
}

static bool replay_hop(mk_session *s, const mk_request *hop)
{
    uint8_t print[MK_PRINT_BYTES];
    mk_bytes data;
    mk_response response;
    print_of(s, hop, print);
    if (!mk_entry_read(s, MK_ENTRY_EXCHANGE, print, &data))
        return false;
    mk_response_init(&response, most_bytes(s));
    if (mk_response_load(&response, data.data, data.len, most_bytes(s)) != MK_OK) {
        mk_session_end_with(s, mk_fault_new("engine.replay_diverged", "a recorded response cannot be read"));
        return false;
    }
    s->hop_started_ms = s->now_ms;
    if (!mk_request_repeatable(hop) && (response.sent || !response.fault))
        s->used |= intent_of(s);
    tell_hop(s, &response, true);
    step(s, &response);
    return true;
}

static bool accepted(const mk_call *call, int status)
{
    for (int i = 0; i < call->accept_count; i++)
        if (call->accept[i] == status)
            return true;
    return call->accept_count == 0;
}

static void remember_page(mk_session *s, mk_page *page)
{
    mk_url url = {0};
    if (s->call->aside || mk_url_copy(&url, mk_fetch_url(s->fetch)) != MK_OK)
        return;
    mk_url_free(&s->base);
    s->base = url;
    mk_page_unref(s->page);
    s->page = mk_page_ref(page);
}

/* The last hop is in: make the page, judge it, let the script go on. */
static void deliver(mk_session *s)
{
    mk_response *response = mk_fetch_response(s->fetch);
    char *url = mk_url_text(mk_fetch_url(s->fetch), true);
    mk_page *page = NULL;
    int err = url ? mk_page_new(&page, response->status, url, &response->headers, &response->body,
                                mk_script_account(s->script)) : MK_ENOMEM;
    mk_free(url);
    if (err) {
        finish(s, mk_fault_new("policy.budget", "page: %s", mk_err_text(err)), true);
        return;
    }
    s->call->page = page;
    remember_page(s, page);
    mk_judge_page(s, s->call);
    mk_fault *fault = s->call->fault;
    s->call->fault = NULL;
    bool end = fault != NULL;
    if (!fault && !accepted(s->call, mk_page_status(page))) {
        fault = mk_fault_new("adapter.unexpected_page", "%s answered with status %d", mk_page_url(page), mk_page_status(page));
        fault = mk_judge_unexpected(&s->host, page, fault);
    }
    finish(s, fault, end);
}

static void pump(mk_session *s)
{
    while (s->wait == MK_WAIT_FETCH && s->fetch) {
        const char *detail = NULL, *code;
        switch (mk_fetch_state(s->fetch)) {
        case MK_FETCH_SEND:
            if (mk_journal_replaying(s->journal) ? !replay_hop(s, mk_fetch_hop(s->fetch))
                                                 : !send_live(s, mk_fetch_hop(s->fetch)))
                return;
            break;
        case MK_FETCH_DONE:
            deliver(s);
            return;
        case MK_FETCH_FAULT:
            code = mk_fetch_fault(s->fetch, &detail);
            finish(s, mk_fault_new(code, "%s", detail), s->call->end);
            return;
        }
    }
}

void mk_exchange_cancel(mk_session *s)
{
    if (s->client)
        mk_client_cancel(s->client);
    mk_fetch_free(s->fetch);
    s->fetch = NULL;
    s->call = NULL;
    s->intent_wait = s->intent_done = false;
}
