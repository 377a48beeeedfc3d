/* css_keys.c - what an element must have by itself to match (layer parse) */
#include "base/err.h"
#include "parse/css.h"
#include "parse/html_doc.h"
#include <string.h>
#include <strings.h>

/* Only what stands outside of :not() and the like is noted. */
static bool noting(const mk_css *css)
{
    return css->keys && css->keys->usable && css->depth == 1;
}

void mk_css_begin(mk_css *css, bool first)
{
    if (!noting(css))
        return;
    mk_keys *keys = css->keys;
    if (!first) /* what was noted is said of another element */
        keys->exact = false;
    else if (keys->count == MK_ALTS)
        keys->usable = false;
    else
        keys->count++;
    if (keys->usable)
        keys->alts[keys->count - 1].count = 0;
}

void mk_css_more(mk_css *css)
{
    if (noting(css))
        css->keys->exact = false;
}

int mk_css_key(mk_css *css, char kind, const char *name, const char *value)
{
    if (!noting(css))
        return MK_OK;
    mk_keys *keys = css->keys;
    struct mk_alt *alt = &keys->alts[keys->count - 1];
    if (alt->count == MK_KEYS) {
        keys->exact = false;
        return MK_OK;
    }
    mk_key *key = &alt->keys[alt->count];
    key->kind = kind;
    key->name = keys->text.len;
    int err = mk_buf_add(&keys->text, name, strlen(name) + 1);
    key->value = keys->text.len;
    if (!err)
        err = mk_buf_add(&keys->text, value, strlen(value) + 1);
    if (!err)
        alt->count++;
    return err;
}

static bool key_holds(const mk_key *key, const char *text, const xmlNode *node)
{
    const char *name = text + key->name, *value = text + key->value;
    if (key->kind == 't')
        return !strcmp((const char *)node->name, name);
    const char *has = mk_html_value(node, name);
    if (!has)
        return false;
    switch (key->kind) {
    case '.':
        return mk_html_has_word(has, value);
    case '=':
        return !strcmp(has, value);
    case '~':
        return !strcasecmp(has, value);
    default:
        return true;
    }
}

bool mk_keys_hold(const mk_keys *keys, const mk_node *node)
{
    const xmlNode *it = mk_html_node(node);
    if (it->type != XML_ELEMENT_NODE)
        return false;
    for (size_t i = 0; i < keys->count; i++) {
        const struct mk_alt *alt = &keys->alts[i];
        size_t held = 0;
        while (held < alt->count && key_holds(&alt->keys[held], keys->text.data, it))
            held++;
        if (held == alt->count)
            return true;
    }
    return false;
}
