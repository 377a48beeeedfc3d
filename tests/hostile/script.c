/* script.c - reads a hostile script: its promises and the adapter made of it (tests) */
#include "hostile.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *read_file(const char *path)
{
    FILE *f = fopen(path, "r");
    if (!f)
        return NULL;
    enum { MOST = 1 << 16 };
    char *text = mk_malloc(MOST);
    size_t len = text ? fread(text, 1, MOST - 1, f) : 0;
    if (text)
        text[len] = '\0';
    fclose(f);
    return text;
}

static void push(const char **list, const char *value)
{
    for (int i = 0; i < 7; i++) {
        if (!list[i]) {
            list[i] = value;
            return;
        }
    }
    abort();
}

static void append(char *to, size_t cap, const char *text)
{
    size_t len = strlen(to);
    snprintf(to + len, cap - len, "%s ", text);
}

/* One line "-- key: value". */
static void promise(hostile *h, const char *key, const char *value)
{
    if (strcmp(key, "expect") == 0)
        snprintf(h->expect, sizeof h->expect, "%s", value);
    else if (strcmp(key, "within") == 0)
        h->within_ms = strtol(value, NULL, 10);
    else if (strcmp(key, "requests") == 0)
        h->most_requests = (int)strtol(value, NULL, 10);
    else if (strcmp(key, "portal") == 0)
        h->real = strcmp(value, "real") == 0;
    else if (strcmp(key, "adapter") == 0)
        h->whole = strcmp(value, "whole") == 0;
    else if (strcmp(key, "sends") == 0)
        h->sends = strcmp(value, "secret") == 0;
    else if (strcmp(key, "human") == 0)
        h->human = strcmp(value, "answers") == 0;
    else if (strcmp(key, "says") == 0)
        push(h->says, value);
    else if (strcmp(key, "logs") == 0)
        push(h->logs, value);
    else if (strcmp(key, "limit") == 0)
        push(h->limits, value);
    else if (strcmp(key, "hosts") == 0)
        append(h->hosts, sizeof h->hosts, value);
    else if (strcmp(key, "with") == 0)
        append(h->with, sizeof h->with, value);
}

bool hostile_read(hostile *h, const char *path)
{
    const char *slash = strrchr(path, '/');
    *h = (hostile){.most_requests = -1, .human = true};
    snprintf(h->name, sizeof h->name, "%s", slash ? slash + 1 : path);
    h->text = read_file(path);
    h->lines = h->text ? mk_strdup(h->text) : NULL;
    if (!h->lines) {
        printf("%s cannot be read\n", path);
        return false;
    }
    for (char *line = h->lines, *next; line && strncmp(line, "--", 2) == 0; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        char *colon = strstr(line, ": ");
        if (!colon || strncmp(line, "-- ", 3) != 0)
            continue;
        *colon = '\0';
        promise(h, line + 3, colon + 2);
    }
    if (h->expect[0] && h->within_ms)
        return true;
    printf("%s promises neither an outcome nor a time\n", path);
    return false;
}

char *hostile_replace(const char *text, const char *from, const char *to)
{
    mk_buf out;
    mk_buf_init(&out, 1 << 20);
    for (const char *at; (at = strstr(text, from)); text = at + strlen(from)) {
        mk_buf_add(&out, text, (size_t)(at - text));
        mk_buf_adds(&out, to);
    }
    mk_buf_adds(&out, text);
    char *result = mk_strdup(out.data);
    mk_buf_free(&out);
    return result;
}

/* On one line before the script, so that its line numbers hold. */
static void wrap(const hostile *h, mk_buf *out)
{
    mk_buf_addf(out, "return { api = 1, id = 'hostile', name = 'Hostile', services = { 'electric' }, portal = '@ORIGIN@/', "
                     "hosts = { '@HOST@', %s }, evidence = 'modelled', %s "
                     "meters = function() return { { account = '1', meter = '1', service = 'electric' } } end, "
                     "sign_in = function(...) ", h->hosts, h->with);
    mk_buf_adds(out, h->text);
    mk_buf_adds(out, "\nend }\n");
}

void hostile_build(hostile *h, const char *origin)
{
    mk_buf text;
    mk_buf_init(&text, 1 << 20);
    if (h->whole)
        mk_buf_adds(&text, h->text);
    else
        wrap(h, &text);
    char *with_origin = hostile_replace(text.data, "@ORIGIN@", origin);
    mk_free(h->adapter);
    h->adapter = hostile_replace(with_origin, "@HOST@", strncmp(origin, "https://", 8) == 0 ? origin + 8 : origin);
    mk_free(with_origin);
    mk_buf_free(&text);
}

void hostile_free(hostile *h)
{
    mk_free(h->text);
    mk_free(h->lines);
    mk_free(h->adapter);
}
