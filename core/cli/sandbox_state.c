/* sandbox_state.c - DEMO's memory: visits, devices, phones (layer cli) */
#include "base/clock.h"
#include "base/err.h"
#include "base/random.h"
#include "cli/sandbox_int.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { MAX_VISITS = 2000, MAX_DEVICES = 2000, MAX_MESSAGES = 2000, MAX_TALLIES = 20000 };

int64_t mk_sb_now(void)
{
    return mk_clock_wall_ms() / 1000;
}

void mk_sb_token(char out[SB_TOKEN])
{
    static const char hex[] = "0123456789abcdef";
    unsigned char bytes[(SB_TOKEN - 1) / 2];
    mk_random_fill(bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++) {
        out[2 * i] = hex[bytes[i] >> 4];
        out[2 * i + 1] = hex[bytes[i] & 15];
    }
    out[SB_TOKEN - 1] = 0;
}

bool mk_sb_same(const char *a, const char *b)
{
    if (!a || !b || strlen(a) != strlen(b))
        return false;
    unsigned char differs = 0;
    for (size_t i = 0; a[i]; i++)
        differs |= (unsigned char)(a[i] ^ b[i]);
    return differs == 0;
}

static void copy_user(char to[SB_USER], const char *user)
{
    snprintf(to, SB_USER, "%s", user);
}

/* Lists are short-lived and small: the oldest goes when one is full. Works for
 * every list here, since each struct begins with its next pointer. */
struct link {
    struct link *next;
};

static void trim(void *head, size_t most)
{
    struct link **at = head;
    for (size_t i = 0; *at && i < most; i++)
        at = &(*at)->next;
    while (*at) {
        struct link *last = *at;
        *at = last->next;
        mk_free(last);
    }
}

/* --- visits ------------------------------------------------------------ */

void mk_sb_visit_end(mk_sandbox *sandbox, sb_visit *visit)
{
    for (sb_visit **at = &sandbox->visits; *at; at = &(*at)->next)
        if (*at == visit) {
            *at = visit->next;
            mk_free(visit);
            return;
        }
}

sb_visit *mk_sb_visit_find(mk_sandbox *sandbox, const char *id, bool *over)
{
    for (sb_visit *visit = sandbox->visits; id && visit; visit = visit->next) {
        if (!mk_sb_same(visit->id, id))
            continue;
        if (mk_sb_now() - visit->seen >= sandbox->options.session_seconds) {
            mk_sb_visit_end(sandbox, visit);
            break;
        }
        visit->seen = mk_sb_now();
        return visit;
    }
    *over = id != NULL;
    return NULL;
}

sb_visit *mk_sb_visit_new(mk_sandbox *sandbox)
{
    sb_visit *visit = mk_calloc(1, sizeof *visit);
    if (!visit)
        return NULL;
    mk_sb_token(visit->id);
    mk_sb_token(visit->csrf);
    visit->seen = mk_sb_now();
    visit->next = sandbox->visits;
    sandbox->visits = visit;
    trim(&sandbox->visits, MAX_VISITS);
    return visit;
}

/* --- devices ----------------------------------------------------------- */

sb_device *mk_sb_device_find(mk_sandbox *sandbox, const char *token, const char *user)
{
    for (sb_device *device = sandbox->devices; token && device; device = device->next)
        if (mk_sb_same(device->token, token))
            return strcasecmp(device->user, user) == 0 ? device : NULL;
    return NULL;
}

sb_device *mk_sb_device_new(mk_sandbox *sandbox, const char *user)
{
    sb_device *device = mk_calloc(1, sizeof *device);
    if (!device)
        return NULL;
    mk_sb_token(device->token);
    copy_user(device->user, user);
    device->next = sandbox->devices;
    sandbox->devices = device;
    trim(&sandbox->devices, MAX_DEVICES);
    return device;
}

/* --- phones ------------------------------------------------------------ */

sb_message *mk_sb_send(mk_sandbox *sandbox, const char *user, const char *kind, const char *code, const char *text)
{
    sb_message *message = mk_calloc(1, sizeof *message);
    if (!message)
        return NULL;
    message->id = ++sandbox->last_id;
    message->kind = kind;
    message->at = mk_sb_now();
    copy_user(message->user, user);
    snprintf(message->code, sizeof message->code, "%s", code);
    snprintf(message->text, sizeof message->text, "%s", text);
    mk_sb_token(message->token);
    message->next = sandbox->messages;
    sandbox->messages = message;
    trim(&sandbox->messages, MAX_MESSAGES);
    if (sandbox->options.sent)
        sandbox->options.sent(sandbox->options.arg, user, kind, text);
    mk_sb_phone_wake(sandbox);
    return message;
}

sb_message *mk_sb_message(mk_sandbox *sandbox, uint64_t id)
{
    for (sb_message *message = sandbox->messages; message; message = message->next)
        if (message->id == id)
            return message;
    return NULL;
}

/* --- authenticators ---------------------------------------------------- */

static sb_window *window_of(mk_sandbox *sandbox, const char *user)
{
    for (sb_window *window = sandbox->windows; window; window = window->next)
        if (strcasecmp(window->user, user) == 0)
            return window;
    sb_window *window = mk_calloc(1, sizeof *window);
    if (!window)
        return NULL;
    copy_user(window->user, user);
    window->next = sandbox->windows;
    sandbox->windows = window;
    trim(&sandbox->windows, MAX_VISITS);
    return window;
}

int mk_sb_totp_take(mk_sandbox *sandbox, const char *user, const char *code)
{
    sb_window *window = window_of(sandbox, user);
    if (!window)
        return MK_ENOMEM;
    int64_t now = mk_sb_now() / 30;
    for (int64_t counter = now - 1; counter <= now + 1; counter++) {
        char right[7];
        if (mk_sb_totp_code(counter, right) || !mk_sb_same(right, code))
            continue;
        if (counter <= window->counter)
            return MK_ESPENT;
        window->counter = counter;
        return MK_OK;
    }
    return MK_EPARSE;
}

/* --- what arrived -------------------------------------------------------- */

sb_tally *mk_sb_tally(mk_sandbox *sandbox, const char *user)
{
    for (sb_tally *tally = sandbox->tallies; tally; tally = tally->next)
        if (strcasecmp(tally->user, user) == 0)
            return tally;
    sb_tally *tally = mk_calloc(1, sizeof *tally);
    if (!tally)
        return NULL;
    copy_user(tally->user, user);
    tally->next = sandbox->tallies;
    sandbox->tallies = tally;
    trim(&sandbox->tallies, MAX_TALLIES);
    return tally;
}

void mk_sb_forget(mk_sandbox *sandbox)
{
    trim(&sandbox->visits, 0);
    trim(&sandbox->devices, 0);
    trim(&sandbox->messages, 0);
    trim(&sandbox->windows, 0);
    trim(&sandbox->tallies, 0);
}
