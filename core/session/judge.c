/* judge.c - what a page means: the adapter's errors and MFA patterns (layer session)
 *
 * contract.md section 3: errors first, then patterns, the first that holds wins. */
#include "base/err.h"
#include "session/own.h"
#include <string.h>

enum { EXCERPT = 600, MESSAGE = 500 };

static bool is_rejection(const char *code)
{
    return strcmp(code, "mfa.code_wrong") == 0 || strcmp(code, "mfa.code_expired") == 0;
}

static char *message_of(const mk_mask *mask, const mk_rule *rule, mk_page *page)
{
    mk_buf buf;
    mk_buf_init(&buf, 4 * MESSAGE);
    mk_rule_message(rule, page, &buf);
    char *text = mk_outcome_excerpt(mask, buf.data ? buf.data : "", buf.len, MESSAGE);
    mk_buf_free(&buf);
    return text;
}

static void add_excerpt(const mk_session *s, mk_fault *fault, mk_page *page)
{
    mk_bytes text;
    mk_fault_evidence(fault, "url", json_string(mk_page_url(page)));
    mk_fault_evidence(fault, "status", json_integer(mk_page_status(page)));
    if (mk_page_text(page, &text) != MK_OK)
        return;
    char *excerpt = mk_outcome_excerpt(s->mask, text.data, text.len, EXCERPT);
    mk_fault_evidence(fault, "text", excerpt ? json_string(excerpt) : NULL);
    mk_free(excerpt);
}

static json_t *explain_one(const mk_rule *rule, const json_t *entry, mk_page *page, bool holds)
{
    json_t *out = json_object();
    const char *code = mk_rule_code(rule);
    json_object_set_new(out, code ? "code" : "kind", code ? json_string(code) : json_incref(json_object_get(entry, "kind")));
    json_object_set_new(out, "holds", json_boolean(holds));
    json_object_set_new(out, "predicates", mk_rule_explain(rule, page));
    return out;
}

/* Evaluates one rule; *over is set when evaluation broke a limit (then the session ends). */
static bool holds(mk_session *s, const mk_rule *rule, mk_page *page, mk_call *call)
{
    bool yes = false;
    int err = mk_rule_holds(rule, page, &yes);
    if (err && !call->fault)
        call->fault = mk_fault_new("policy.budget", "a pattern of the manifest ran too long on %s", mk_page_url(page));
    (void)s;
    return yes;
}

static void rejected(mk_session *s, mk_page *page, const mk_rule *rule)
{
    mk_page_unref(s->ask.rejected);
    s->ask.rejected = mk_page_ref(page);
    mk_free(s->ask.message);
    s->ask.message = message_of(s->secrets, rule, page);
}

static void error_holds(mk_session *s, const mk_rule *rule, mk_call *call)
{
    const char *code = mk_rule_code(rule);
    bool verifying = strcmp(s->ask.handler, "verify") == 0;
    if (verifying && is_rejection(code) && !mk_rule_final(rule)) {
        rejected(s, call->page, rule);
        return;
    }
    char *message = message_of(s->mask, rule, call->page);
    const mk_fault_kind *kind = mk_fault_find(code);
    mk_fault *fault = mk_fault_new(code, "%s", message && message[0] ? message : kind ? kind->help : code);
    if (fault) {
        add_excerpt(s, fault, call->page);
        if (message && message[0])
            mk_fault_evidence(fault, "site_message", json_string(message));
        const char *wall = strcmp(code, "site.blocked") == 0 ? mk_wall_name(call->page) : NULL;
        if (wall)
            mk_fault_evidence(fault, "wall", json_string(wall));
    }
    mk_free(message);
    call->fault = fault;
}

static void mfa_holds(mk_session *s, const mk_rule *rule, mk_call *call)
{
    if (s->turn_off)
        call->fault = mk_must_be_off(s);
    else if (mk_rule_challenge(rule, call->page, &call->challenge) != MK_OK)
        call->fault = mk_fault_new("policy.budget", "the challenge on %s could not be read", mk_page_url(call->page));
}

static void tell(mk_session *s, mk_call *call, json_t *explain)
{
    if (s->driver.page && !mk_session_silent(s))
        s->driver.page(s->arg, s, call->page, explain, call->where);
    json_decref(explain);
}

static bool is_judged(const mk_page *page)
{
    return mk_page_is_text(page);
}

void mk_judge_page(mk_session *s, mk_call *call)
{
    const mk_manifest *m = s->manifest;
    bool judge = s->looking && s->phase == MK_PHASE_SIGN_IN && !call->aside && is_judged(call->page);
    json_t *explain = judge && s->driver.page ? json_array() : NULL;
    bool done = !judge;
    for (size_t i = 0; i < m->error_count && !done && !call->fault; i++) {
        bool yes = holds(s, m->errors[i], call->page, call);
        if (explain)
            json_array_append_new(explain, explain_one(m->errors[i], m->error_entries[i], call->page, yes));
        if (yes) {
            error_holds(s, m->errors[i], call);
            done = true;
        }
    }
    for (size_t i = 0; i < m->mfa_count && !done && !call->fault; i++) {
        bool yes = holds(s, m->mfa[i], call->page, call);
        if (explain)
            json_array_append_new(explain, explain_one(m->mfa[i], m->mfa_entries[i], call->page, yes));
        if (yes) {
            mfa_holds(s, m->mfa[i], call);
            done = true;
        }
    }
    tell(s, call, explain);
}

/* What was tried on a page that nobody expected, and how near it came. */
static json_t *tried(const mk_session *s, mk_page *page)
{
    json_t *out = json_array();
    for (size_t i = 0; i < s->manifest->error_count; i++)
        json_array_append_new(out, explain_one(s->manifest->errors[i], s->manifest->error_entries[i], page, false));
    for (size_t i = 0; i < s->manifest->mfa_count; i++)
        json_array_append_new(out, explain_one(s->manifest->mfa[i], s->manifest->mfa_entries[i], page, false));
    return out;
}

mk_fault *mk_judge_unexpected(mk_host *host, mk_page *page, mk_fault *fault)
{
    mk_session *s = (mk_session *)host;
    if (!fault)
        return NULL;
    add_excerpt(s, fault, page);
    const char *wall = mk_wall_name(page);
    if (wall) { /* honest: it is not the adapter's fault that a wall stands there */
        fault->kind = mk_fault_find("site.blocked");
        mk_fault_evidence(fault, "wall", json_string(wall));
        mk_fault_evidence(fault, "instead", json_string(fault->message));
    } else if (strcmp(fault->kind->code, "adapter.unexpected_page") == 0) {
        mk_fault_evidence(fault, "tried", tried(s, page));
    }
    return fault;
}
