/* portal_pages.c - the three pages of the speed test's portal, made once (test program) */
#include "portal_pages.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void die(const char *what)
{
    fprintf(stderr, "portal: %s: %s\n", what, strerror(errno));
    exit(1);
}

void *must(void *p)
{
    if (!p)
        die("out of memory");
    return p;
}

typedef struct {
    char *at, *end;
} pen;

static void put(pen *p, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(p->at, (size_t)(p->end - p->at), format, args);
    va_end(args);
    if (n > 0 && n < p->end - p->at)
        p->at += n;
}

static void put_head(pen *p, const char *title, const char *meta)
{
    put(p, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>%s</title>\n%s"
           "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
           "<link rel=\"stylesheet\" href=\"/assets/site.css\">\n<script>\nwindow.site = { region: \"NY\", "
           "flags: [\"a\", \"b\"], lang: \"en\" };\nif (1 < 2 && 3 > 2) { document.documentElement.className = \"js\"; }\n"
           "</script>\n<style>.row { display: flex } .row > .cell { flex: 1 }</style>\n</head>\n<body class=\"page\">\n",
        title, meta);
}

/* One tile of a page as content systems make them: many attributes, little text. */
static void put_tile(pen *p, unsigned i)
{
    put(p, "<div class=\"row tile tile-%u\" id=\"t%u\" data-track=\"tile:%u\"><div class=\"cell cell-icon\">"
           "<img src=\"/assets/icon-%u.svg\" alt=\"\" width=\"24\" height=\"24\"></div>\n"
           "  <div class=\"cell cell-text\"><h3><a href=\"/help/topic-%u?from=tile&amp;n=%u\">Topic %u &ndash; "
           "saving &amp; safety</a></h3><p>Learn how to read your meter, what the <b>rate plans</b> mean and "
           "how you are billed for month %u.</p>\n  <ul><li>Outages</li><li>Moving <em>in or out</em></li>"
           "<li>Payments</li></ul></div></div>\n", i % 7, i, i, i % 24, i, i, i, i % 12 + 1);
}

/* Settings and texts for scripts, as pages of identity providers carry them. */
static void put_settings(pen *p, size_t size)
{
    const char *stop = p->at + size;
    if (size == 0)
        return;
    put(p, "<script>\nvar SETTINGS = {\n");
    for (unsigned i = 0; p->at + 160 < stop; i++)
        put(p, "  \"message_%u\": { \"text\": \"We could not find that <b>entry</b> & %u others\", \"url\": \"https:\\/\\/help.bench.test\\/%u\" },\n",
            i, i % 9, i);
    put(p, "  \"end\": null };\nif (a < b && c > d) { run(SETTINGS); }\n</script>\n");
}

static void finish_page(page *to, char *buf, pen *p, size_t size, const char *mark)
{
    for (unsigned i = 0; (size_t)(p->at - buf) + 800 < size; i++)
        put_tile(p, i);
    put(p, "<!-- ");
    while ((size_t)(p->at - buf) + 26 < size)
        *p->at++ = '.';
    put(p, " -->\n</body>\n</html>\n");
    to->text = buf;
    to->len = (size_t)(p->at - buf);
    char *at = strstr(buf, mark);
    if (!at)
        die("page without token");
    to->token_at = (size_t)(at - buf);
}

#define TOKEN_HERE "@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@"

static void make_form_page(page *to, size_t size, size_t share, const char *title, const char *form)
{
    char *buf = must(malloc(size + 4096));
    pen p = { buf, buf + size + 4096 };
    put_head(&p, title, "");
    put_settings(&p, size * share / 100);
    for (unsigned i = 0; i < 5; i++)
        put_tile(&p, 900 + i);
    put(&p, "%s", form);
    finish_page(to, buf, &p, size, TOKEN_HERE);
}

void make_pages(page *login, page *code, page *home, size_t share)
{
    make_form_page(login, 48 * 1024, share, "Sign in",
        "<form id=\"signin\" action=\"/login\" method=\"post\">\n"
        "<input type=\"hidden\" name=\"csrf\" value=\"" TOKEN_HERE "\">\n"
        "<label for=\"u\">E-mail</label><input id=\"u\" type=\"email\" name=\"username\">\n"
        "<label for=\"p\">Password</label><input id=\"p\" type=\"password\" name=\"password\">\n"
        "<button type=\"submit\">Sign in</button>\n</form>\n");
    make_form_page(code, 48 * 1024, share, "Verify it is you",
        "<form id=\"mfa\" action=\"/mfa\" method=\"post\">\n"
        "<input type=\"hidden\" name=\"csrf\" value=\"" TOKEN_HERE "\">\n"
        "<label for=\"code\">Enter the code that we sent to *** 4421</label>"
        "<input id=\"code\" name=\"code\" autocomplete=\"one-time-code\" inputmode=\"numeric\">\n"
        "<button type=\"submit\">Verify</button>\n</form>\n");
    size_t size = 96 * 1024;
    char *buf = must(malloc(size + 4096));
    pen p = { buf, buf + size + 4096 };
    put_head(&p, "Your account", "<meta name=\"api-token\" content=\"" TOKEN_HERE "\">\n");
    put_settings(&p, size * share / 200);
    put(&p, "<div id=\"account-home\" data-customer=\"771\"><h1>Welcome back</h1></div>\n");
    finish_page(home, buf, &p, size, TOKEN_HERE);
}

unsigned elements(const page *of)
{
    unsigned n = 0;
    bool script = false;
    for (const char *at = of->text; (at = strchr(at, '<')); at++) {
        if (!strncmp(at, "</script", 8))
            script = false;
        else if (!script && ((at[1] >= 'a' && at[1] <= 'z')))
            n++;
        if (!strncmp(at, "<script", 7))
            script = true;
    }
    return n;
}
