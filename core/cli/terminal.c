/* terminal.c - a challenge put to a person at the terminal, and progress shown to them (layer cli) */
#include "cli/terminal.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "cli/tty.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct mk_terminal {
    mk_tty *tty;
    json_t *challenge;
    json_t *answers; /* of the fields so far */
    size_t field;    /* asked for now */
    mk_terminal_done done;
    void *arg;
};

static const char *text_at(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static bool is_kind(const json_t *challenge, const char *kind)
{
    return strcmp(text_at(challenge, "kind"), kind) == 0;
}

static void put(const char *before, const char *text, const char *after)
{
    fputs(before, stderr);
    mk_tty_put(stderr, text);
    fputs(after, stderr);
}

void mk_terminal_progress(const char *text)
{
    put("  ", text, "\n");
}

/* --- showing ------------------------------------------------------------------ */

static const char *heading(const json_t *challenge)
{
    static const char *const words[][2] = { { "otp", "The utility sent a code." },
                                            { "totp", "The utility wants the code of the authenticator app." },
                                            { "question", "The utility asks a security question." },
                                            { "select", "The utility asks which way to take." },
                                            { "approve", "The utility waits for an approval on another device." },
                                            { "acknowledge", "The utility wants something accepted." },
                                            { "credential", "The utility asks for something more." } };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (is_kind(challenge, words[i][0]))
            return words[i][1];
    return "The utility asks for something.";
}

static void put_sent(const json_t *challenge)
{
    const char *medium = text_at(challenge, "medium"), *dest = text_at(challenge, "dest");
    if (!*medium && !*dest)
        return;
    put("  by ", *medium ? medium : "message", "");
    if (*dest)
        put(" to ", dest, "");
    fputc('\n', stderr);
}

static const json_t *choices_of(const json_t *challenge)
{
    const json_t *choices = json_object_get(challenge, "choices");
    return json_array_size(choices) ? choices : json_object_get(challenge, "alternatives");
}

static void put_choices(const json_t *choices, const char *sign)
{
    const json_t *choice;
    size_t i;
    json_array_foreach(choices, i, choice) {
        const char *label = text_at(choice, "label");
        fprintf(stderr, "  %s%zu  ", sign, i + 1);
        put("", *label ? label : text_at(choice, "id"), "\n");
    }
}

static void put_time(const json_t *challenge)
{
    const json_int_t until = json_integer_value(json_object_get(challenge, "expires_at"));
    const json_int_t left = until - mk_clock_wall_ms() / 1000;
    if (until > 0 && left > 90)
        fprintf(stderr, "  %lld minutes are left\n", (long long)(left / 60));
    else if (until > 0 && left > 0)
        fprintf(stderr, "  %lld seconds are left\n", (long long)left);
}

void mk_terminal_explain(const json_t *challenge, bool again)
{
    const char *message = text_at(challenge, "message");
    fflush(stdout);
    if (again) {
        const json_int_t tries = json_integer_value(json_object_get(challenge, "tries_left"));
        put("\nThat was not accepted", *message ? ": " : "", "");
        put("", message, "");
        fprintf(stderr, "\n  %lld %s left\n", (long long)tries, tries == 1 ? "try is" : "tries are");
    } else {
        fprintf(stderr, "\n%s\n", heading(challenge));
    }
    if (*text_at(challenge, "prompt"))
        put("  ", text_at(challenge, "prompt"), "\n");
    put_sent(challenge);
    if (*text_at(challenge, "display_code"))
        put("  the number to choose there: ", text_at(challenge, "display_code"), "\n");
    put_choices(choices_of(challenge), is_kind(challenge, "select") ? "" : "/");
    put_time(challenge);
}

/* --- asking --------------------------------------------------------------------- */

static bool resend_allowed(const json_t *challenge)
{
    return json_is_true(json_object_get(json_object_get(challenge, "resend"), "allowed"));
}

static const json_t *field_of(const mk_terminal *terminal)
{
    const json_t *fields = json_object_get(terminal->challenge, "fields");
    return json_array_get(fields, terminal->field);
}

static void put_prompt(const mk_terminal *terminal)
{
    const json_t *challenge = terminal->challenge, *field = field_of(terminal);
    const char *ways = is_kind(challenge, "select") || !json_array_size(choices_of(challenge))
                           ? "" : ", /1 and so on another way";
    const json_int_t digits = json_integer_value(json_object_get(challenge, "digits"));
    if (field) {
        const char *label = *text_at(field, "label") ? text_at(field, "label") : text_at(field, "name");
        const size_t len = strlen(label);
        put("", label, len && strchr("?:", label[len - 1]) ? " " : ": ");
    } else if (is_kind(challenge, "select")) {
        fprintf(stderr, "Number (Ctrl-D gives up): ");
    } else if (is_kind(challenge, "acknowledge")) {
        fprintf(stderr, "Type yes to accept it (Ctrl-D gives up): ");
    } else if (is_kind(challenge, "approve")) {
        fprintf(stderr, "Waiting for it (Ctrl-D gives up%s) ... \n", ways);
    } else {
        fprintf(stderr, "%s", is_kind(challenge, "question") || is_kind(challenge, "credential") ? "Answer" : "Code");
        if (digits > 0)
            fprintf(stderr, ", %lld digits", (long long)digits);
        fprintf(stderr, " (%sCtrl-D gives up%s): ", resend_allowed(challenge) ? "Enter alone sends a new one, " : "", ways);
    }
    fflush(stderr);
}

/* The id of choice number text, or of the id itself; NULL if there is none. */
static const char *choice_id(const json_t *challenge, const char *text)
{
    const json_t *choices = choices_of(challenge), *choice;
    char *end = NULL;
    const unsigned long number = strtoul(text, &end, 10);
    size_t i;
    if (end != text && !*end && number >= 1 && number <= json_array_size(choices))
        return text_at(json_array_get(choices, number - 1), "id");
    json_array_foreach(choices, i, choice)
        if (strcmp(text_at(choice, "id"), text) == 0)
            return text_at(choice, "id");
    return NULL;
}

/* What a line means; NULL: nothing yet, ask again. */
static json_t *answer_of(mk_terminal *terminal, const char *line)
{
    const json_t *challenge = terminal->challenge;
    const bool select = is_kind(challenge, "select"), other = !select && line && line[0] == '/';
    if (!line)
        return json_pack("{s:b}", "cancel", 1);
    if (select || (other && json_array_size(choices_of(challenge)))) {
        const char *id = choice_id(challenge, line + other);
        return id ? json_pack("{s:s}", "choice", id) : NULL;
    }
    if (is_kind(challenge, "acknowledge"))
        return strcmp(line, "yes") == 0 || strcmp(line, "y") == 0 ? json_true() : NULL;
    if (is_kind(challenge, "approve"))
        return NULL;
    if (!*line)
        return resend_allowed(challenge) ? json_pack("{s:b}", "resend", 1) : NULL;
    return json_string(line);
}

static void ask_again(mk_terminal *terminal);

static void give(mk_terminal *terminal, json_t *answer)
{
    mk_terminal_done done = terminal->done;
    done(terminal->arg, answer);
}

/* A line for one of several fields; the answer is whole after the last. */
static json_t *take_field(mk_terminal *terminal, const char *line)
{
    const json_t *fields = json_object_get(terminal->challenge, "fields");
    const json_t *field = field_of(terminal);
    if (!line)
        return json_pack("{s:b}", "cancel", 1);
    if (!*line && !json_is_true(json_object_get(field, "optional")))
        return NULL;
    if (*line)
        json_object_set_new(terminal->answers, text_at(field, "name"), json_string(line));
    if (++terminal->field < json_array_size(fields))
        return NULL;
    return json_pack("{s:O}", "fields", terminal->answers);
}

static void on_line(void *arg, const char *line)
{
    mk_terminal *terminal = arg;
    json_t *answer = field_of(terminal) ? take_field(terminal, line) : answer_of(terminal, line);
    if (!line)
        fputc('\n', stderr);
    if (answer)
        give(terminal, answer);
    else
        ask_again(terminal);
}

static bool is_hidden(const mk_terminal *terminal)
{
    const json_t *field = field_of(terminal);
    return field && (json_is_true(json_object_get(field, "sensitive")) || json_is_true(json_object_get(field, "secret")) ||
                     strcmp(text_at(field, "type"), "password") == 0);
}

static void ask_again(mk_terminal *terminal)
{
    put_prompt(terminal);
    mk_tty_read(terminal->tty, is_hidden(terminal), on_line, terminal);
}

static void begin(mk_terminal *terminal)
{
    json_object_clear(terminal->answers);
    terminal->field = 0;
    ask_again(terminal);
}

void mk_terminal_ask(mk_terminal *terminal, const json_t *challenge, bool again, mk_terminal_done done, void *arg)
{
    json_decref(terminal->challenge);
    terminal->challenge = json_deep_copy(challenge);
    terminal->done = done;
    terminal->arg = arg;
    mk_terminal_explain(challenge, again);
    if (terminal->tty)
        begin(terminal);
}

void mk_terminal_refused(mk_terminal *terminal, const char *why)
{
    put("  ", why, "\n");
    if (terminal->tty)
        begin(terminal);
}

void mk_terminal_forget(mk_terminal *terminal)
{
    if (terminal->tty)
        mk_tty_forget(terminal->tty);
}

int mk_terminal_new(mk_terminal **out, uv_loop_t *loop, bool ask)
{
    mk_terminal *terminal = mk_calloc(1, sizeof *terminal);
    if (!terminal)
        return MK_ENOMEM;
    terminal->answers = json_object();
    int err = terminal->answers ? MK_OK : MK_ENOMEM;
    if (!err && ask)
        err = mk_tty_new(&terminal->tty, loop);
    if (err) {
        mk_terminal_free(terminal);
        return err;
    }
    *out = terminal;
    return MK_OK;
}

void mk_terminal_free(mk_terminal *terminal)
{
    if (!terminal)
        return;
    mk_tty_free(terminal->tty);
    json_decref(terminal->challenge);
    json_decref(terminal->answers);
    mk_free(terminal);
}
