/* sandbox_server.c - DEMO's portal: start, stop, and who answers which request (layer cli) */
#include "base/err.h"
#include "cli/sandbox_int.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- answers put off --------------------------------------------------- */

static void late_closed(uv_handle_t *handle)
{
    sb_late *late = handle->data;
    mk_buf_free(&late->body);
    mk_free(late);
}

void mk_sb_late_end(sb_late *late)
{
    if (late->closing)
        return;
    late->closing = true;
    for (sb_late **at = &late->sandbox->late; *at; at = &(*at)->next)
        if (*at == late) {
            *at = late->next;
            break;
        }
    uv_close((uv_handle_t *)&late->timer, late_closed);
}

static void late_gone(void *arg, mk_httpd_req *req)
{
    (void)req;
    mk_sb_late_end(arg);
}

static void late_timer(uv_timer_t *timer)
{
    sb_late *late = timer->data;
    late->done(late);
}

int mk_sb_late_new(mk_sandbox *sandbox, mk_httpd_req *req, int ms, void (*done)(sb_late *late), sb_late **out)
{
    sb_late *late = mk_calloc(1, sizeof *late);
    if (!late)
        return MK_ENOMEM;
    late->sandbox = sandbox;
    late->req = req;
    late->done = done;
    mk_buf_init(&late->body, 1 << 20);
    uv_timer_init(sandbox->loop, &late->timer);
    late->timer.data = late;
    uv_timer_start(&late->timer, late_timer, (uint64_t)ms, 0);
    late->next = sandbox->late;
    sandbox->late = late;
    mk_httpd_later(req, late_gone, late);
    *out = late;
    return MK_OK;
}

static void answer_late(sb_late *late)
{
    if (mk_httpd_answer(late->req, late->status, late->type, late->body.data, late->body.len))
        mk_httpd_answer(late->req, 500, NULL, NULL, 0);
    mk_sb_late_end(late);
}

/* --- answering --------------------------------------------------------- */

static int set_headers(mk_httpd_req *req, const sb_visit *visit)
{
    char cookie[128];
    int err = mk_httpd_add(req, "Cache-Control", "no-store");
    if (!err)
        err = mk_httpd_add(req, "Content-Security-Policy",
                           "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'");
    const char *has = mk_httpd_cookie(req, "demo_session");
    if (!err && visit && !mk_sb_same(has, visit->id)) {
        snprintf(cookie, sizeof cookie, "demo_session=%s; Path=/; HttpOnly; SameSite=Lax", visit->id);
        err = mk_httpd_add(req, "Set-Cookie", cookie);
    }
    return err;
}

void mk_sb_answer(mk_sandbox *sandbox, mk_httpd_req *req, sb_visit *visit, int status, const char *type,
                  const mk_buf *body)
{
    if (set_headers(req, visit))
        return; /* not answered: the server says 500 */
    sb_late *late = NULL;
    bool slow = visit && visit->scenario && visit->scenario->twist == SB_SLOW;
    if (!slow || mk_sb_late_new(sandbox, req, sandbox->options.slow_ms, answer_late, &late)) {
        mk_httpd_answer(req, status, type, body->data, body->len);
        return;
    }
    late->status = status;
    late->type = type;
    if (mk_buf_add(&late->body, body->data, body->len))
        late->status = 500;
}

void mk_sb_go(mk_sandbox *sandbox, mk_httpd_req *req, sb_visit *visit, const char *path)
{
    mk_buf none;
    mk_buf_init(&none, 1);
    if (!mk_httpd_add(req, "Location", path))
        mk_sb_answer(sandbox, req, visit, 303, NULL, &none);
    mk_buf_free(&none);
}

/* A form is good once: every page that is shown after a POST has a new step. */
bool mk_sb_form_ok(mk_sandbox *sandbox, mk_httpd_req *req, sb_visit *visit)
{
    const char *csrf = mk_httpd_field(req, "csrf"), *step = mk_httpd_field(req, "step");
    char right[16];
    snprintf(right, sizeof right, "%d", visit->step);
    if (mk_sb_same(csrf, visit->csrf) && mk_sb_same(step, right)) {
        visit->step++;
        return true;
    }
    mk_sb_say(sandbox, req, visit, 400, "This page is out of date", "bad-form",
              "The form did not carry what it should, or it was sent before. Nothing was changed.");
    return false;
}

/* --- routes ------------------------------------------------------------ */

enum need { FREE, VISIT, ANY_VISIT, SIGNED_IN };

static const struct route {
    const char *method, *path;
    sb_handler *handler;
    enum need need;
} routes[] = {
    { "GET", "/", mk_sb_index, FREE },
    { "GET", "/phone", mk_sb_phone, FREE },
    { "GET", "/phone.json", mk_sb_phone_json, FREE },
    { "POST", "/phone/decide", mk_sb_phone_decide, FREE },
    { "GET", "/login", mk_sb_login_page, ANY_VISIT },
    { "POST", "/login", mk_sb_login, VISIT },
    { "GET", "/terms", mk_sb_terms_page, VISIT },
    { "POST", "/terms", mk_sb_terms, VISIT },
    { "GET", "/verify", mk_sb_verify_page, VISIT },
    { "POST", "/verify", mk_sb_verify, VISIT },
    { "POST", "/verify/resend", mk_sb_resend, VISIT },
    { "POST", "/verify/other", mk_sb_other, VISIT },
    { "GET", "/verify/status", mk_sb_approval, VISIT },
    { "GET", "/home", mk_sb_home, SIGNED_IN },
    { "GET", "/api/accounts", mk_sb_accounts, SIGNED_IN },
    { "GET", "/accounts/", mk_sb_account, SIGNED_IN },
    { "POST", "/logout", mk_sb_logout, VISIT },
};

static bool path_is(const struct route *route, const char *path)
{
    size_t len = strlen(route->path);
    if (len > 1 && route->path[len - 1] == '/')
        return strncmp(path, route->path, len) == 0;
    return strcmp(path, route->path) == 0;
}

static void not_found(mk_sandbox *sandbox, mk_httpd_req *req, bool known)
{
    if (known)
        mk_sb_say(sandbox, req, NULL, 405, "Not like that", "bad-method", "This page does not take that method.");
    else
        mk_sb_say(sandbox, req, NULL, 404, "There is no such page", "not-found", "Please check the address.");
}

/* Who comes with a cookie of a visit that is over is told so; who comes with none begins anew. */
static void turned_away(mk_sandbox *sandbox, mk_httpd_req *req, bool over)
{
    if (strncmp(mk_httpd_path(req), "/api/", 5) == 0) {
        static const mk_buf body = { .data = (char *)"{\"error\":\"signed_out\"}", .len = 22 };
        mk_sb_answer(sandbox, req, NULL, 401, "application/json", &body);
        return;
    }
    sb_visit *visit = mk_sb_visit_new(sandbox);
    if (!visit)
        return;
    if (over) {
        visit->flash = "Your session has ended. Please sign in again.";
        visit->flash_kind = "session-ended";
    }
    mk_sb_go(sandbox, req, visit, "/login");
}

static void serve(mk_sandbox *sandbox, mk_httpd_req *req, const struct route *route)
{
    bool over = false;
    if (route->need == FREE) {
        route->handler(sandbox, req, NULL);
        return;
    }
    sb_visit *visit = mk_sb_visit_find(sandbox, mk_httpd_cookie(req, "demo_session"), &over);
    if (!visit && route->need == ANY_VISIT) {
        visit = mk_sb_visit_new(sandbox);
        if (!visit)
            return;
    } else if (!visit || (route->need == SIGNED_IN && visit->stage != SB_AT_HOME)) {
        turned_away(sandbox, req, over);
        return;
    }
    route->handler(sandbox, req, visit);
}

static void on_request(void *arg, mk_httpd_req *req)
{
    bool known = false;
    const char *path = mk_httpd_path(req);
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        if (!path_is(&routes[i], path))
            continue;
        known = true;
        if (strcmp(routes[i].method, mk_httpd_method(req)) == 0) {
            serve(arg, req, &routes[i]);
            return;
        }
    }
    not_found(arg, req, known);
}

/* --- start and stop ---------------------------------------------------- */

int mk_sandbox_start(mk_sandbox **out, uv_loop_t *loop, const char *listen, const mk_sandbox_options *options)
{
    static const mk_httpd_limits limits = { .connections = 500, .body_bytes = 16 << 10, .answer_seconds = 330 };
    mk_sandbox *sandbox = mk_calloc(1, sizeof *sandbox);
    if (!sandbox)
        return MK_ENOMEM;
    sandbox->loop = loop;
    if (options)
        sandbox->options = *options;
    if (!sandbox->options.code_seconds)
        sandbox->options.code_seconds = 600;
    if (!sandbox->options.session_seconds)
        sandbox->options.session_seconds = 900;
    if (!sandbox->options.slow_ms)
        sandbox->options.slow_ms = 2000;
    int err = mk_httpd_start(&sandbox->httpd, loop, listen, &limits, on_request, sandbox);
    if (err)
        mk_free(sandbox);
    else
        *out = sandbox;
    return err;
}

const char *mk_sandbox_url(const mk_sandbox *sandbox)
{
    return mk_httpd_url(sandbox->httpd);
}

void mk_sandbox_stop(mk_sandbox *sandbox)
{
    if (!sandbox)
        return;
    mk_httpd_stop(sandbox->httpd); /* ends those that wait through late_gone */
    mk_sb_forget(sandbox);
    mk_free(sandbox);
}
