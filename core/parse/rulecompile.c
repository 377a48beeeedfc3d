/* rulecompile.c - an entry of `mfa.patterns` or `errors`, checked and compiled (layer parse) */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/fault.h"
#include "base/mem.h"
#include "base/suggest.h"
#include "parse/rule_impl.h"

enum { DIGITS_MAX = 12, EXPIRES_MAX = 86400, CODES_MAX = 128, PATH_TEXT = 1100 };

struct compiler {
    mk_rule *rule;
    const json_t *entry;
    char *why;
    size_t cap;
};

static const char *const KINDS[] = {"otp", "totp", "question", "select", "approve", "acknowledge", "credential",
                                    "offline_code", "link", "redirect", "scan", "image_pick", "session_import", NULL};
static const char *const MEDIA[] = {"sms", "voice", "email", "app", "push", "token_device", "card", "paper", "site",
                                    "unknown", NULL};

__attribute__((format(printf, 2, 3))) static int wrong(const struct compiler *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (c->why && c->cap)
        vsnprintf(c->why, c->cap, format, args);
    va_end(args);
    return MK_EPARSE;
}

static int wrong_word(const struct compiler *c, const char *what, const char *word, const char *const *known)
{
    const char *near = mk_suggest(word, known);
    return near ? wrong(c, "%s '%.60s', did you mean '%s'?", what, word, near)
                : wrong(c, "%s '%.60s'", what, word);
}

/* A string without NUL and not empty, or NULL with the reason written. */
static const char *text_of(const struct compiler *c, const char *key, const json_t *value)
{
    const char *text = json_string_value(value);
    if (!text || !*text || strlen(text) != json_string_length(value)) {
        wrong(c, "%s: a string expected", key);
        return NULL;
    }
    return text;
}

static int keep_text(char **to, const char *text)
{
    *to = mk_strdup(text);
    return *to ? MK_OK : MK_ENOMEM;
}

static int read_int(const struct compiler *c, const char *key, const json_t *value, int low, int high, int *out)
{
    json_int_t n = json_integer_value(value);
    if (!json_is_integer(value) || n < low || n > high)
        return wrong(c, "%s: an integer from %d to %d expected", key, low, high);
    *out = (int)n;
    return MK_OK;
}

static int read_status(struct compiler *c, const char *key, const json_t *value)
{
    mk_rule *rule = c->rule;
    if (!json_is_array(value)) {
        rule->status_count = 1;
        return read_int(c, key, value, 100, 599, &rule->status[0]);
    }
    size_t count = json_array_size(value);
    if (count == 0 || count > MK_RULE_STATUS_MAX)
        return wrong(c, "%s: 1 to %d numbers expected", key, MK_RULE_STATUS_MAX);
    for (size_t i = 0; i < count; i++) {
        int err = read_int(c, key, json_array_get(value, i), 100, 599, &rule->status[i]);
        if (err)
            return err;
    }
    rule->status_count = count;
    return MK_OK;
}

static int read_regex(struct compiler *c, const char *key, const json_t *value, struct mk_rule_regex *out)
{
    char why[160] = "";
    size_t at = 0;
    const char *text = text_of(c, key, value);
    if (!text)
        return MK_EPARSE;
    int err = mk_regex_compile(&out->regex, text, strlen(text), NULL, &at, why, sizeof why);
    if (err == MK_ENOMEM)
        return err;
    if (err)
        return wrong(c, "%s: %s at character %zu of '%.80s'", key, why, at + 1, text);
    return keep_text(&out->text, text);
}

static int read_url(struct compiler *c, const char *key, const json_t *value)
{
    return read_regex(c, key, value, &c->rule->url);
}

static int read_text(struct compiler *c, const char *key, const json_t *value)
{
    return read_regex(c, key, value, &c->rule->text);
}

static int read_match(struct compiler *c, const char *key, const json_t *value)
{
    return read_regex(c, key, value, &c->rule->match);
}

static int read_header(struct compiler *c, const char *key, const json_t *value)
{
    mk_rule *rule = c->rule;
    json_t *table = (json_t *)(uintptr_t)value;
    if (!json_is_object(value) || !json_object_size(value) || json_object_size(value) > MK_RULE_HEADER_MAX)
        return wrong(c, "%s: a table of 1 to %d names and patterns expected", key, MK_RULE_HEADER_MAX);
    for (void *i = json_object_iter(table); i; i = json_object_iter_next(table, i)) {
        char name[80];
        const char *header = json_object_iter_key(i);
        size_t n = rule->header_count++;
        int err = keep_text(&rule->header[n].name, header);
        if (err)
            return err;
        snprintf(name, sizeof name, "%s.%.60s", key, header);
        err = read_regex(c, name, json_object_iter_value(i), &rule->header[n].value);
        if (err)
            return err;
    }
    return MK_OK;
}

static int compile_selector(struct compiler *c, const char *key, const char *text, mk_selector **out)
{
    char why[160] = "";
    int err = mk_selector_compile(out, text, why, sizeof why);
    return err == MK_OK || err == MK_ENOMEM ? err : wrong(c, "%s: %s", key, why);
}

static int compile_path(struct compiler *c, const char *key, const char *text, mk_json_path **out)
{
    char why[160] = "";
    int err = mk_json_path_compile(out, text, why, sizeof why);
    return err == MK_OK || err == MK_ENOMEM ? err : wrong(c, "%s: %s", key, why);
}

static int read_html(struct compiler *c, const char *key, const json_t *value)
{
    const char *text = text_of(c, key, value);
    if (!text)
        return MK_EPARSE;
    int err = compile_selector(c, key, text, &c->rule->html);
    return err ? err : keep_text(&c->rule->html_text, text);
}

static int read_json(struct compiler *c, const char *key, const json_t *value)
{
    const char *text = text_of(c, key, value);
    if (!text)
        return MK_EPARSE;
    int err = compile_path(c, key, text, &c->rule->json);
    return err ? err : keep_text(&c->rule->json_text, text);
}

static int read_equals(struct compiler *c, const char *key, const json_t *value)
{
    if (json_is_object(value) || json_is_array(value))
        return wrong(c, "%s: a string, number, boolean or null expected", key);
    c->rule->equals = json_incref((json_t *)(uintptr_t)value);
    return MK_OK;
}

static int read_word(struct compiler *c, const char *key, const json_t *value, const char *const *known, char **out)
{
    char what[40];
    const char *text = text_of(c, key, value);
    if (!text)
        return MK_EPARSE;
    for (const char *const *k = known; *k; k++)
        if (!strcmp(*k, text))
            return keep_text(out, text);
    snprintf(what, sizeof what, "%s: unknown", key);
    return wrong_word(c, what, text, known);
}

static int read_kind(struct compiler *c, const char *key, const json_t *value)
{
    return read_word(c, key, value, KINDS, &c->rule->kind);
}

static int read_medium(struct compiler *c, const char *key, const json_t *value)
{
    return read_word(c, key, value, MEDIA, &c->rule->medium);
}

static int read_digits(struct compiler *c, const char *key, const json_t *value)
{
    return read_int(c, key, value, 1, DIGITS_MAX, &c->rule->digits);
}

static int read_expires(struct compiler *c, const char *key, const json_t *value)
{
    return read_int(c, key, value, 1, EXPIRES_MAX, &c->rule->expires);
}

static int read_code(struct compiler *c, const char *key, const json_t *value)
{
    const char *known[CODES_MAX + 1] = {NULL};
    for (size_t i = 0; i < CODES_MAX && mk_fault_at(i); i++)
        known[i] = mk_fault_at(i)->code;
    return read_word(c, key, value, known, &c->rule->code);
}

static int read_final(struct compiler *c, const char *key, const json_t *value)
{
    if (!json_is_boolean(value))
        return wrong(c, "%s: true or false expected", key);
    c->rule->final = json_is_true(value);
    return MK_OK;
}

static int keep_json(json_t **to, const json_t *value)
{
    *to = json_incref((json_t *)(uintptr_t)value);
    return MK_OK;
}

/* Selector, JSON path or { literal }. */
static int read_source(struct compiler *c, const char *key, const json_t *value, struct mk_source *out)
{
    if (json_is_array(value)) {
        if (json_array_size(value) != 1 || !text_of(c, key, json_array_get(value, 0)))
            return wrong(c, "%s: { \"text\" } expected", key);
        return keep_json(&out->literal, json_array_get(value, 0));
    }
    if (!json_is_string(value))
        return wrong(c, "%s: a selector, a JSON path or { \"text\" } expected", key);
    const char *text = text_of(c, key, value);
    if (!text)
        return MK_EPARSE;
    return text[0] == '$' ? compile_path(c, key, text, &out->path) : compile_selector(c, key, text, &out->selector);
}

static int read_message(struct compiler *c, const char *key, const json_t *value)
{
    return read_source(c, key, value, &c->rule->message);
}

static int read_prompt(struct compiler *c, const char *key, const json_t *value)
{
    return read_source(c, key, value, &c->rule->prompt);
}

static int read_dest(struct compiler *c, const char *key, const json_t *value)
{
    return read_source(c, key, value, &c->rule->dest);
}

static bool choice_valid(const json_t *item)
{
    const json_t *id = json_is_object(item) ? json_object_get(item, "id") : item;
    const json_t *label = json_object_get(item, "label");
    return json_string_length(id) > 0 && (!label || json_is_string(label));
}

/* As read_source, but a literal is a list of texts or of { id =, label = }. */
static int read_choices(struct compiler *c, const char *key, const json_t *value)
{
    struct mk_source *out = &c->rule->choices;
    size_t count = json_array_size(value);
    if (!json_is_array(value)) {
        int err = read_source(c, key, value, out);
        return err || !out->selector ? err : compile_selector(c, key, "label[for]", &c->rule->labels);
    }
    if (count == 0 || count > MK_RULE_CHOICES_MAX)
        return wrong(c, "%s: 1 to %d choices expected", key, MK_RULE_CHOICES_MAX);
    for (size_t i = 0; i < count; i++)
        if (!choice_valid(json_array_get(value, i)))
            return wrong(c, "%s: a text or { id =, label = } expected for each", key);
    return keep_json(&out->literal, value);
}

static int read_later(struct compiler *c, const char *key, const json_t *value)
{
    return text_of(c, key, value) ? MK_OK : wrong(c, "%s: a selector or a JSON path expected", key);
}

enum { MFA = 1, ERROR = 2, BOTH = 3 };
static const struct key {
    const char *name;
    int sorts;
    int (*read)(struct compiler *c, const char *key, const json_t *value);
} KEYS[] = {
    {"status", BOTH, read_status},   {"url", BOTH, read_url},       {"header", BOTH, read_header},
    {"html", BOTH, read_html},       {"text", BOTH, read_text},     {"json", BOTH, read_json},
    {"equals", BOTH, read_equals},   {"match", BOTH, read_match},   {"kind", MFA, read_kind},
    {"medium", MFA, read_medium},    {"digits", MFA, read_digits},  {"prompt", MFA, read_prompt},
    {"dest", MFA, read_dest},        {"choices", MFA, read_choices}, {"expires", MFA, read_expires},
    {"id", MFA, read_later},         {"label", MFA, read_later},    {"code", ERROR, read_code},
    {"message", ERROR, read_message}, {"final", ERROR, read_final},
};
enum { KEY_COUNT = sizeof KEYS / sizeof *KEYS };

static int unknown_key(const struct compiler *c, const char *key, int sort)
{
    const char *known[KEY_COUNT + 1] = {NULL};
    size_t n = 0;
    for (size_t i = 0; i < KEY_COUNT; i++)
        if (KEYS[i].sorts & sort)
            known[n++] = KEYS[i].name;
    return wrong_word(c, "unknown key", key, known);
}

static int read_member(struct compiler *c, const char *key, const json_t *value)
{
    int sort = c->rule->sort == MK_RULE_MFA ? MFA : ERROR;
    for (size_t i = 0; i < KEY_COUNT; i++)
        if ((KEYS[i].sorts & sort) && !strcmp(KEYS[i].name, key))
            return KEYS[i].read(c, key, value);
    return unknown_key(c, key, sort);
}

/* id and label are relative to a choice, so of the kind that choices is. */
static int read_relative(struct compiler *c, const char *key, struct mk_source *out)
{
    const json_t *value = json_object_get(c->entry, key);
    const struct mk_source *choices = &c->rule->choices;
    char text[PATH_TEXT];
    if (!value)
        return MK_OK;
    const char *written = json_string_value(value);
    if (!choices->selector && !choices->path)
        return wrong(c, "%s: needs choices that are a selector or a path", key);
    if (choices->selector)
        return written[0] == '$' ? wrong(c, "%s: a selector expected, as choices is one", key)
                                 : compile_selector(c, key, written, &out->selector);
    snprintf(text, sizeof text, "%s%s", written[0] == '$' ? "" : "$.", written);
    return compile_path(c, key, text, &out->path);
}

static int check_whole(const struct compiler *c)
{
    const mk_rule *r = c->rule;
    if (!r->json && (r->equals || r->match.regex))
        return wrong(c, "%s: needs json", r->equals ? "equals" : "match");
    if (r->equals && r->match.regex)
        return wrong(c, "equals and match exclude each other");
    if (!r->status_count && !r->url.regex && !r->header_count && !r->html && !r->text.regex && !r->json)
        return wrong(c, "no predicate: one of status, url, header, html, text, json is needed");
    if (r->sort == MK_RULE_MFA && !r->kind)
        return wrong(c, "kind is missing");
    if (r->sort == MK_RULE_ERROR && !r->code)
        return wrong(c, "code is missing");
    return MK_OK;
}

static int read_entry(struct compiler *c)
{
    int err = MK_OK;
    json_t *entry = (json_t *)(uintptr_t)c->entry;
    if (!json_is_object(entry))
        return wrong(c, "a table expected");
    for (void *i = json_object_iter(entry); i && !err; i = json_object_iter_next(entry, i))
        err = read_member(c, json_object_iter_key(i), json_object_iter_value(i));
    if (!err)
        err = check_whole(c);
    if (!err)
        err = read_relative(c, "id", &c->rule->id);
    if (!err)
        err = read_relative(c, "label", &c->rule->label);
    return err;
}

int mk_rule_compile(mk_rule **out, enum mk_rule_sort sort, const json_t *entry, char *why, size_t cap)
{
    mk_rule *rule = mk_calloc(1, sizeof *rule);
    if (!rule)
        return MK_ENOMEM;
    rule->sort = sort;
    rule->expires = MK_RULE_EXPIRES;
    struct compiler c = {rule, entry, why, cap};
    int err = read_entry(&c);
    if (err)
        mk_rule_free(rule);
    else
        *out = rule;
    return err;
}

static void free_regex(struct mk_rule_regex *pattern)
{
    mk_regex_free(pattern->regex);
    mk_free(pattern->text);
}

static void free_source(struct mk_source *source)
{
    json_decref(source->literal);
    mk_selector_free(source->selector);
    mk_json_path_free(source->path);
}

void mk_rule_free(mk_rule *rule)
{
    if (!rule)
        return;
    free_regex(&rule->url);
    free_regex(&rule->text);
    free_regex(&rule->match);
    for (size_t i = 0; i < rule->header_count; i++) {
        mk_free(rule->header[i].name);
        free_regex(&rule->header[i].value);
    }
    mk_selector_free(rule->html);
    mk_selector_free(rule->labels);
    mk_json_path_free(rule->json);
    json_decref(rule->equals);
    struct mk_source *sources[] = {&rule->message, &rule->prompt, &rule->dest,
                                   &rule->choices, &rule->id,     &rule->label};
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++)
        free_source(sources[i]);
    char *texts[] = {rule->html_text, rule->json_text, rule->code, rule->kind, rule->medium};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        mk_free(texts[i]);
    mk_free(rule);
}

const char *mk_rule_code(const mk_rule *rule)
{
    return rule->code;
}

bool mk_rule_final(const mk_rule *rule)
{
    return rule->final;
}
