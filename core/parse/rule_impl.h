/* rule_impl.h - what the files of rule.h share (layer parse) */
#ifndef MK_RULE_IMPL_H
#define MK_RULE_IMPL_H
#include "parse/regex.h"
#include "parse/rule.h"

enum {
    MK_RULE_STATUS_MAX = 16,
    MK_RULE_HEADER_MAX = 16,
    MK_RULE_CHOICES_MAX = 50,
    MK_RULE_BODY_MAX = 2 << 20, /* larger pages are not looked into */
    MK_RULE_REGEX_MS = 100,
    MK_RULE_EXPIRES = 900
};

/* Where a text comes from: written in the entry, or found on the page. */
struct mk_source {
    json_t *literal; /* a string; for choices an array */
    mk_selector *selector;
    mk_json_path *path;
}; /* all NULL: nowhere */

struct mk_rule_regex {
    mk_regex *regex;
    char *text;
};

struct mk_rule {
    enum mk_rule_sort sort;
    int status[MK_RULE_STATUS_MAX];
    size_t status_count;
    struct mk_rule_regex url, text, match;
    struct {
        char *name;
        struct mk_rule_regex value;
    } header[MK_RULE_HEADER_MAX];
    size_t header_count;
    mk_selector *html;
    char *html_text;
    mk_json_path *json;
    char *json_text;
    json_t *equals;
    char *code;
    bool final;
    char *kind, *medium;
    int digits, expires;
    struct mk_source message, prompt, dest, choices, id, label;
    mk_selector *labels; /* all <label for>, where choices is a selector */
};

/* One regular expression over a text, within MK_RULE_REGEX_MS. */
int mk_rule_try(const struct mk_rule_regex *pattern, const char *text, size_t len, mk_match *match, bool *found);
/* The tree of a page small enough, or NULL: no HTML or XML, or it will not parse. MK_OK, MK_ENOMEM. */
int mk_rule_doc(mk_page *page, mk_doc **out);
/* The same for JSON. */
int mk_rule_json(mk_page *page, json_t **out);
/* Appends the text of a node: what is visible, else its value or placeholder. MK_OK, MK_ENOMEM. */
int mk_rule_node_text(mk_doc *doc, const mk_node *node, mk_buf *out);
/* Appends text with white space folded, trimmed, at most max bytes, whole characters. */
int mk_rule_fold(mk_buf *out, const char *text, size_t len, size_t max);
/* Appends what a source gives on this page, folded, at most max bytes; nothing
 * where it gives none. MK_OK, MK_ENOMEM. */
int mk_rule_source(const struct mk_source *source, mk_page *page, mk_buf *out, size_t max);
/* A string, number or boolean as text; false for others. Appends. */
bool mk_rule_scalar(const json_t *value, mk_buf *out, int *err);
/* An array of {"id","label"}, new reference; NULL in *out if there are none. */
int mk_rule_choices(const mk_rule *rule, mk_page *page, json_t **out);
#endif
