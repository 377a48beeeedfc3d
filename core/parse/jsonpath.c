/* jsonpath.c - paths into JSON: $ .name ['name'] [n] [*] (layer parse) */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "parse/json.h"

enum { PATH_MAX_ = 1024, STEPS_MAX = 64, INDEX_DIGITS = 9 };

enum step_kind { STEP_NAME, STEP_INDEX, STEP_ALL };

struct step {
    enum step_kind kind;
    char *name;
    size_t len, index;
};

struct mk_json_path {
    struct step step[STEPS_MAX];
    size_t count;
};

struct reader {
    const char *text;
    size_t at;
    mk_json_path *path;
    char *why;
    size_t cap;
};

static int wrong(const struct reader *r, const char *words)
{
    if (r->why && r->cap)
        snprintf(r->why, r->cap, "%s at character %zu of '%.80s'", words, r->at + 1, r->text);
    return MK_EPARSE;
}

static struct step *push(struct reader *r, enum step_kind kind)
{
    struct step *step = &r->path->step[r->path->count++];
    step->kind = kind;
    return step;
}

static int push_name(struct reader *r, const char *name, size_t len)
{
    char *copy = mk_memdup(name, len);
    if (!copy)
        return MK_ENOMEM;
    struct step *step = push(r, STEP_NAME);
    step->name = copy;
    step->len = len;
    return MK_OK;
}

static int read_name(struct reader *r)
{
    size_t len = strcspn(r->text + r->at + 1, ".[]'\" ");
    const char *name = r->text + ++r->at;
    if (len == 0)
        return wrong(r, "name expected");
    if (name[0] == '*' && len == 1)
        return wrong(r, "'*' is written [*]");
    int err = push_name(r, name, len);
    r->at += len;
    return err;
}

/* 'name' or "name", with \ before a quote or a backslash. */
static int read_quoted(struct reader *r)
{
    char name[PATH_MAX_];
    size_t len = 0;
    char quote = r->text[r->at++];
    while (r->text[r->at] && r->text[r->at] != quote) {
        if (r->text[r->at] == '\\' && r->text[r->at + 1])
            r->at++;
        name[len++] = r->text[r->at++];
    }
    if (r->text[r->at] != quote)
        return wrong(r, "closing quote expected");
    r->at++;
    return push_name(r, name, len);
}

static int read_index(struct reader *r)
{
    size_t index = 0, digits = 0;
    while (r->text[r->at] >= '0' && r->text[r->at] <= '9' && digits++ < INDEX_DIGITS)
        index = index * 10 + (size_t)(r->text[r->at++] - '0');
    if (digits == 0)
        return wrong(r, "a number, '*' or a quoted name expected");
    push(r, STEP_INDEX)->index = index;
    return MK_OK;
}

static int read_bracket(struct reader *r)
{
    int err = MK_OK;
    char c = r->text[++r->at];
    if (c == '\'' || c == '"') {
        err = read_quoted(r);
    } else if (c == '*') {
        r->at++;
        push(r, STEP_ALL);
    } else {
        err = read_index(r);
    }
    if (err)
        return err;
    if (r->text[r->at] != ']')
        return wrong(r, "']' expected");
    r->at++;
    return MK_OK;
}

static int read_path(struct reader *r)
{
    int err = MK_OK;
    if (strlen(r->text) >= PATH_MAX_)
        return wrong(r, "path over 1,023 bytes,");
    if (r->text[0] != '$')
        return wrong(r, "'$' expected");
    r->at = 1;
    while (!err && r->text[r->at]) {
        if (r->path->count == STEPS_MAX)
            return wrong(r, "more than 64 steps");
        if (r->text[r->at] == '.')
            err = read_name(r);
        else if (r->text[r->at] == '[')
            err = read_bracket(r);
        else
            err = wrong(r, "'.' or '[' expected");
    }
    return err;
}

int mk_json_path_compile(mk_json_path **out, const char *text, char *why, size_t cap)
{
    mk_json_path *path = mk_calloc(1, sizeof *path);
    if (!path)
        return MK_ENOMEM;
    struct reader r = {text, 0, path, why, cap};
    int err = read_path(&r);
    if (err)
        mk_json_path_free(path);
    else
        *out = path;
    return err;
}

void mk_json_path_free(mk_json_path *path)
{
    if (!path)
        return;
    for (size_t i = 0; i < path->count; i++)
        mk_free(path->step[i].name);
    mk_free(path);
}

bool mk_json_path_many(const mk_json_path *path)
{
    for (size_t i = 0; i < path->count; i++)
        if (path->step[i].kind == STEP_ALL)
            return true;
    return false;
}

struct walk {
    const mk_json_path *path;
    bool (*each)(void *arg, json_t *value);
    void *arg;
    size_t found;
};

static bool walk(struct walk *w, size_t i, json_t *value);

static bool walk_all(struct walk *w, size_t i, json_t *value)
{
    if (json_is_object(value)) {
        for (void *at = json_object_iter(value); at; at = json_object_iter_next(value, at))
            if (!walk(w, i, json_object_iter_value(at)))
                return false;
        return true;
    }
    for (size_t k = 0; k < json_array_size(value); k++)
        if (!walk(w, i, json_array_get(value, k)))
            return false;
    return true;
}

/* False once the caller wants no more. */
static bool walk(struct walk *w, size_t i, json_t *value)
{
    for (; value && i < w->path->count; i++) {
        const struct step *step = &w->path->step[i];
        if (step->kind == STEP_ALL)
            return walk_all(w, i + 1, value);
        value = step->kind == STEP_NAME ? json_object_getn(value, step->name, step->len)
                                        : json_array_get(value, step->index);
    }
    if (!value)
        return true;
    w->found++;
    return w->each(w->arg, value);
}

size_t mk_json_path_each(const mk_json_path *path, const json_t *root, bool (*each)(void *arg, json_t *value), void *arg)
{
    struct walk w = {path, each, arg, 0};
    walk(&w, 0, (json_t *)(uintptr_t)root);
    return w.found;
}

static bool keep_first(void *arg, json_t *value)
{
    *(json_t **)arg = value;
    return false;
}

json_t *mk_json_path_first(const mk_json_path *path, const json_t *root)
{
    json_t *first = NULL;
    mk_json_path_each(path, root, keep_first, &first);
    return first;
}
