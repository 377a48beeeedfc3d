/* reel.c - what one session showed, kept in order (layer cli) */
#include "cli/reel.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

enum { MANY = 200000 };

void mk_reel_init(mk_reel *reel, size_t limit)
{
    *reel = (mk_reel){ .limit = limit ? limit : (size_t)128 << 20 };
}

static void frame_free(mk_frame *frame)
{
    mk_request_free(&frame->request);
    if (frame->kind == MK_FRAME_HOP)
        mk_response_free(&frame->response);
    mk_page_unref(frame->page);
    json_decref(frame->data);
    mk_free(frame->where);
    mk_free(frame->text);
}

void mk_reel_free(mk_reel *reel)
{
    for (size_t i = 0; i < reel->count; i++)
        frame_free(&reel->list[i]);
    mk_free(reel->list);
    mk_reel_init(reel, reel->limit);
}

/* A new frame at the end, or NULL. */
static mk_frame *add(mk_reel *reel, enum mk_frame_kind kind)
{
    if (reel->count == reel->cap) {
        const size_t cap = reel->cap ? reel->cap * 2 : 32;
        mk_frame *list = cap <= MANY ? mk_realloc(reel->list, cap * sizeof *list) : NULL;
        if (!list) {
            reel->failed = true;
            return NULL;
        }
        reel->list = list;
        reel->cap = cap;
    }
    mk_frame *frame = &reel->list[reel->count++];
    *frame = (mk_frame){ .kind = kind, .at_ms = mk_clock_wall_ms() };
    if (kind == MK_FRAME_HOP)
        mk_response_init(&frame->response, SIZE_MAX / 4);
    return frame;
}

/* The last frame is not whole: it goes. */
static void undo(mk_reel *reel)
{
    frame_free(&reel->list[--reel->count]);
    reel->failed = true;
}

static int copy_text(char **out, const char *text)
{
    if (!text)
        return MK_OK;
    *out = mk_strdup(text);
    return *out ? MK_OK : MK_ENOMEM;
}

static int copy_request(mk_request *to, const mk_request *from, bool cut)
{
    int err = copy_text(&to->method, from->method);
    if (!err)
        err = copy_text(&to->url, from->url);
    if (!err)
        err = mk_headers_copy(&to->headers, &from->headers);
    if (!err && from->body && !cut) {
        to->body = mk_memdup(from->body, from->body_len);
        to->body_len = from->body_len;
        err = to->body ? MK_OK : MK_ENOMEM;
    }
    to->secret = from->secret;
    to->timeout_ms = from->timeout_ms;
    return err;
}

static int copy_response(mk_response *to, const mk_response *from, bool cut)
{
    const mk_buf body = to->body;
    *to = *from;
    to->body = body;
    to->headers = (mk_headers){ 0 };
    const int err = mk_headers_copy(&to->headers, &from->headers);
    return err || cut ? err : mk_buf_add(&to->body, from->body.data, from->body.len);
}

static void on_hop(void *arg, mk_session *session, const mk_hop *hop)
{
    mk_reel *reel = arg;
    (void)session;
    mk_frame *frame = add(reel, MK_FRAME_HOP);
    if (!frame)
        return;
    const size_t more = hop->request->body_len + hop->response->body.len;
    frame->cut = more > reel->limit - reel->bytes;
    frame->at_ms = hop->started_ms;
    frame->replayed = hop->replayed;
    frame->poll = hop->poll;
    if (copy_text(&frame->where, hop->where) || copy_request(&frame->request, hop->request, frame->cut) ||
        copy_response(&frame->response, hop->response, frame->cut)) {
        undo(reel);
        return;
    }
    reel->bytes += frame->cut ? 0 : more;
}

/* A frame with a copy of value (may be NULL) and text (may be NULL). */
static mk_frame *add_data(mk_reel *reel, enum mk_frame_kind kind, const json_t *value, const char *text)
{
    mk_frame *frame = add(reel, kind);
    if (!frame)
        return NULL;
    frame->data = value ? json_deep_copy(value) : NULL;
    if ((value && !frame->data) || copy_text(&frame->text, text)) {
        undo(reel);
        return NULL;
    }
    return frame;
}

/* A copy of a page with memory of its own: the session's goes with the session. */
static int copy_page(mk_page **out, mk_page *page)
{
    mk_bytes text = { NULL, 0 };
    mk_headers headers = { 0 };
    mk_buf body;
    mk_buf_init(&body, SIZE_MAX / 4);
    int err = mk_page_body(page, &text);
    if (!err)
        err = mk_buf_add(&body, text.data, text.len);
    const char *type = mk_page_type(page);
    char value[160];
    snprintf(value, sizeof value, "%s; charset=utf-8", *type ? type : "text/plain");
    if (!err)
        err = mk_headers_add(&headers, "content-type", mk_page_is_text(page) ? value : type,
                             strlen(mk_page_is_text(page) ? value : type), false);
    if (!err)
        err = mk_page_new(out, mk_page_status(page), mk_page_url(page), &headers, &body, NULL);
    mk_headers_free(&headers);
    mk_buf_free(&body);
    return err;
}

static void on_page(void *arg, mk_session *session, mk_page *page, const json_t *explain, const char *where)
{
    mk_reel *reel = arg;
    (void)session;
    mk_frame *frame = add_data(reel, MK_FRAME_PAGE, explain, NULL);
    if (!frame)
        return;
    mk_bytes text = { NULL, 0 };
    if (copy_text(&frame->where, where) || mk_page_body(page, &text)) {
        undo(reel);
        return;
    }
    frame->cut = text.len > reel->limit - reel->bytes;
    if (frame->cut)
        return;
    if (copy_page(&frame->page, page))
        undo(reel);
    else
        reel->bytes += text.len;
}

static void on_note(void *arg, mk_session *session, const char *kind, const json_t *data)
{
    mk_reel *reel = arg;
    (void)session;
    add_data(reel, MK_FRAME_NOTE, data, kind);
}

static void on_challenge(void *arg, mk_session *session, const json_t *challenge, bool again)
{
    mk_reel *reel = arg;
    (void)session;
    mk_frame *frame = add_data(reel, MK_FRAME_CHALLENGE, challenge, NULL);
    if (frame)
        frame->again = again;
}

static void on_answer(void *arg, mk_session *session, const char *challenge_id, const json_t *answer)
{
    mk_reel *reel = arg;
    (void)session;
    (void)challenge_id;
    add_data(reel, MK_FRAME_ANSWER, answer, NULL);
}

static void on_progress(void *arg, mk_session *session, const char *text)
{
    mk_reel *reel = arg;
    (void)session;
    add_data(reel, MK_FRAME_PROGRESS, NULL, text);
}

static void on_log(void *arg, mk_session *session, int level, const char *text)
{
    mk_reel *reel = arg;
    (void)session;
    mk_frame *frame = add_data(reel, MK_FRAME_LOG, NULL, text);
    if (frame)
        frame->level = level;
}

void mk_reel_watch(mk_reel *reel, mk_watch *watch)
{
    watch->arg = reel;
    watch->hop = on_hop;
    watch->page = on_page;
    watch->note = on_note;
    watch->progress = on_progress;
    watch->log = on_log;
    watch->challenge = on_challenge;
    watch->answer = on_answer;
}

int mk_reel_hop_page(const mk_frame *hop, mk_page **page)
{
    mk_headers headers = { 0 };
    mk_buf body;
    mk_page *made = NULL;
    mk_buf_init(&body, SIZE_MAX / 4);
    int err = mk_headers_copy(&headers, &hop->response.headers);
    if (!err)
        err = mk_buf_add(&body, hop->response.body.data, hop->response.body.len);
    if (!err)
        err = mk_page_new(&made, hop->response.status, hop->request.url, &headers, &body, NULL);
    if (!err && !mk_page_is_text(made)) {
        mk_page_unref(made);
        made = NULL;
    }
    mk_headers_free(&headers);
    mk_buf_free(&body);
    if (!err)
        *page = made;
    return err;
}
