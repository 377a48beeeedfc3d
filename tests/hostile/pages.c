/* pages.c - what the portal of the hostile tests answers, well-formed HTTP all of it (tests) */
#include "hostile.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOGIN "<form id=signin method=post action=/login><input name=username><input type=password name=password></form>"
#define CODE "<form id=mfa method=post action=/mfa><label for=code>Enter it</label><input id=code name=code></form>"

static void times(mk_buf *out, const char *text, size_t count)
{
    for (size_t i = 0; i < count; i++)
        mk_buf_adds(out, text);
}

static void around(mk_buf *out, const char *before, const char *inside, size_t count, const char *after)
{
    mk_buf_adds(out, before);
    times(out, inside, count);
    mk_buf_adds(out, after);
}

__attribute__((format(printf, 2, 3))) static void field(answer *a, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(a->fields[a->field_count++], sizeof a->fields[0], format, args);
    va_end(args);
}

static void redirect(answer *a, int status, const char *where)
{
    a->status = status;
    field(a, "Location: %s", where);
}

/* What the neighbour needs. */
static bool good(const char *method, const char *path, const char *body, answer *a)
{
    bool post = strcmp(method, "POST") == 0;
    if (strcmp(path, "/login") == 0 && !post)
        mk_buf_adds(&a->body, LOGIN);
    else if (strcmp(path, "/login") == 0)
        mk_buf_adds(&a->body, body && strstr(body, "username=pat") ? CODE : "<p class=wrong>no</p>");
    else if (strcmp(path, "/mfa") == 0)
        mk_buf_adds(&a->body, body && strstr(body, "code=424242") ? "<p id=home>in</p>" : "<p class=badcode>no</p>" CODE);
    else if (strcmp(path, "/api") == 0)
        a->type = "application/json", mk_buf_adds(&a->body, "{\"meters\":[{\"account\":12345678901,\"serial\":\"S1\"}]}");
    else
        return false;
    if (strcmp(path, "/login") == 0)
        field(a, "Set-Cookie: sid=abc; HttpOnly");
    return true;
}

static const struct {
    const char *path;
    const char *type, *before, *inside;
    size_t count;
    const char *after;
} large[] = {
    {"/deep.json", "application/json", "", "[", 200000, ""},
    {"/deep-closed.json", "application/json", "", "{\"a\":", 65, "1}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}"},
    {"/wide.json", "application/json", "[", "[],", 2000000, "[]]"},
    {"/long-number.json", "application/json", "", "9", 300000, ""},
    {"/deep.html", "text/html", "", "<div>", 200000, "x"},
    {"/deep-font.html", "text/html", "<p>", "<font><p>", 50000, "x"},
    {"/huge.html", "text/html", "", "<p>some words of a page</p>", 100000, ""},
    {"/tags.html", "text/html", "", "<b>", 600000, ""},
    {"/attributes.html", "text/html", "<p ", "a1=b ", 200000, ">x</p>"},
    {"/rows.html", "text/html", "<table>", "<tr><td>1</td><td>2</td></tr>", 20000, "</table>"},
    {"/inputs.html", "text/html", "<form id=f method=post action=/login>", "<input name=a value=b>", 60000, "</form>"},
    {"/entity.xml", "text/html", "<!DOCTYPE a [<!ENTITY l \"lol\">", "<!ENTITY b \"&l;&l;&l;&l;&l;&l;&l;&l;&l;&l;\">", 50, "]><a>&b;</a>"},
    {"/external.html", "text/html", "<!DOCTYPE a SYSTEM \"file:///etc/passwd\" [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><p id=x>&x;", "", 0, "</p>"},
    {"/aaaa", "text/plain", "", "a", 100000, "!"},
    {"/words", "text/html", "<p>", "your email address or password and ", 3000, "</p>"},
    {"/spaces", "text/plain", "", " ", 200000, "x"},
};

static bool big(const char *path, answer *a)
{
    for (size_t i = 0; i < sizeof large / sizeof *large; i++) {
        if (strcmp(path, large[i].path) != 0)
            continue;
        a->type = large[i].type;
        around(&a->body, large[i].before, large[i].inside, large[i].count, large[i].after);
        return true;
    }
    return false;
}

static const struct {
    const char *path;
    int status;
    const char *to;
} elsewhere[] = {
    {"/loop", 302, "/loop"},
    {"/to-private", 302, "https://10.0.0.1/"},
    {"/to-metadata", 302, "http://169.254.169.254/latest/meta-data/"},
    {"/to-loopback", 302, "https://127.0.0.1/"},
    {"/to-decimal", 302, "https://2130706433/"},
    {"/to-mapped", 302, "https://[::ffff:127.0.0.1]/"},
    {"/to-file", 302, "file:///etc/passwd"},
    {"/to-gopher", 302, "gopher://www.hostile.test/"},
    {"/to-http", 302, "http://www.hostile.test/login"},
    {"/to-user", 302, "https://www.hostile.test@elsewhere.test/"},
    {"/to-backslash", 302, "https://elsewhere.test\\@www.hostile.test/"},
    {"/to-port", 302, "https://www.hostile.test:8443/"},
    {"/to-localhost", 302, "https://localhost/"},
    {"/repeat-elsewhere", 307, "https://other.hostile.test/take"},
    {"/get-elsewhere", 302, "https://other.hostile.test/echo"},
};

static bool redirects(const char *path, answer *a)
{
    char next[40];
    if (strncmp(path, "/loop/", 6) == 0) {
        snprintf(next, sizeof next, "/loop/%ld", strtol(path + 6, NULL, 10) + 1);
        redirect(a, 302, next);
        return true;
    }
    for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++) {
        if (strcmp(path, elsewhere[i].path) == 0) {
            redirect(a, elsewhere[i].status, elsewhere[i].to);
            return true;
        }
    }
    return false;
}

static bool cookies(const char *path, answer *a)
{
    static long flooded;
    mk_buf_adds(&a->body, "ok");
    if (strcmp(path, "/cookie-elsewhere") == 0)
        field(a, "Set-Cookie: stolen=1; Domain=elsewhere.test; Path=/");
    else if (strcmp(path, "/cookie-suffix") == 0)
        field(a, "Set-Cookie: stolen=1; Domain=co.uk; Path=/"), field(a, "Set-Cookie: stolen=2; Domain=test; Path=/");
    else if (strcmp(path, "/cookie-prefix") == 0)
        field(a, "Set-Cookie: __Host-stolen=1; Domain=hostile.test; Path=/; Secure"), field(a, "Set-Cookie: __Secure-stolen=1; Path=/");
    else if (strcmp(path, "/cookie-host-only") == 0)
        field(a, "Set-Cookie: mine=1; HttpOnly; Path=/");
    else if (strcmp(path, "/cookie-flood") == 0)
        for (int i = 0; i < 20; i++)
            field(a, "Set-Cookie: c%ld=%0200d; Path=/", ++flooded, i);
    else if (strcmp(path, "/cookie-lines") == 0)
        field(a, "Set-Cookie: a=b%cc; Path=/", 1);
    else
        return false;
    return true;
}

bool pages_answer(const char *method, const char *target, const char *body, answer *a)
{
    char path[200];
    snprintf(path, sizeof path, "%.*s", (int)strcspn(target, "?"), target);
    *a = (answer){.status = 200, .type = "text/html"};
    mk_buf_init(&a->body, 64 << 20);
    if (good(method, path, body, a) || big(path, a) || redirects(path, a) || cookies(path, a))
        return true;
    mk_buf_clear(&a->body);
    a->type = "text/plain";
    if (strcmp(path, "/echo") == 0)
        mk_buf_adds(&a->body, body ? body : "nothing");
    else if (strcmp(path, "/ok") == 0)
        mk_buf_adds(&a->body, "ok");
    else if (strcmp(path, "/bytes") == 0) /* a body that adds up over many requests */
        times(&a->body, "0123456789abcdef", 4 << 16);
    else
        return false;
    return true;
}
