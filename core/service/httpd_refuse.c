/* httpd_refuse.c - answers without any Lua: for the API as its errors are, for browsers a page, else a line (layer service) */
#include "base/err.h"
#include "service/httpd_int.h"
#include <stdio.h>
#include <string.h>

typedef struct saying {
    int status;
    const char *slug, *line;      /* for programs */
    const char *en, *en_how;      /* for people: what happened, and what to do */
    const char *es, *es_how;
} saying;

static const saying sayings[] = {
    [MK_REFUSE_UNREADABLE] = { 400, "invalid_request", "That is not a request I can read: text must be UTF-8.", "This could not be read",
      "Something in the address or in what was entered got damaged on its way. Nothing was changed. Go back, or open the link from your message again.",
      "No se pudo leer",
      "Algo en la dirección o en lo que se escribió llegó dañado. No se cambió nada. Vuelva atrás o abra otra vez el enlace de su mensaje." },
    [MK_REFUSE_LARGE] = { 413, "too_large", "That is too large.", "That was more than fits here",
      "What was sent is too large. Nothing was changed. Go back and enter less.", "Era demasiado",
      "Lo que se envió es demasiado grande. No se cambió nada. Vuelva atrás y escriba menos." },
    [MK_REFUSE_STREAMS] = { 429, "too_many_streams", "Too many streams of this are open. Close one of them first.", "This page is open too often",
      "It is open in many windows at once. Close some of them and load it again.", "Esta página está abierta demasiadas veces",
      "Está abierta en muchas ventanas a la vez. Cierre algunas y vuelva a cargarla." },
    [MK_REFUSE_BROKEN] = { 500, "internal", "Something went wrong here. Nothing was changed.", "Something went wrong at our end",
      "It was not your mistake, and nothing was changed. Go back and try again. If it happens twice, tell whoever sent you the link.",
      "Algo falló de nuestra parte",
      "No fue un error suyo, y no se cambió nada. Vuelva atrás e inténtelo de nuevo. Si ocurre dos veces, avise a quien le envió el enlace." },
    [MK_REFUSE_UNKEPT] = { 503, "unavailable", "This cannot be kept at the moment. Nothing was changed; please try again.", "Please try again in a moment",
      "We cannot keep anything just now, so nothing was changed. It is not your mistake. Wait a minute, then go back and try again; your link stays good.",
      "Inténtelo de nuevo en un momento",
      "Ahora mismo no podemos guardar nada, así que no se cambió nada. No es un error suyo. Espere un minuto, vuelva atrás e inténtelo de nuevo; su enlace sigue siendo válido." },
    [MK_REFUSE_FULL] = { 503, "unavailable", "Too much is being sent at the moment. Nothing was changed; please try again.", "Please try again in a moment",
      "Others are sending a lot just now, so what you sent was not taken and nothing was changed. It is not your mistake. Wait a moment, then go back and try again.",
      "Inténtelo de nuevo en un momento",
      "Otras personas envían mucho en este momento, así que no se aceptó lo que usted envió y no se cambió nada. No es un error suyo. Espere un momento, vuelva atrás e inténtelo de nuevo." },
    [MK_REFUSE_LATE] = { 503, "unavailable", "This took too long.", "This takes too long at the moment",
      "It is not your mistake. Open the link from your message again: it shows where things stand.", "Esto tarda demasiado en este momento",
      "No es un error suyo. Abra otra vez el enlace de su mensaje: muestra cómo está todo." },
};

/* The one that is not answered through the library. */
static const saying slow = { 408, "too_slow", "That took too long to arrive.", "That took too long to arrive",
    "The connection may be slow. Nothing was changed. Go back and try again.", "Tardó demasiado en llegar",
    "Puede que la conexión sea lenta. No se cambió nada. Vuelva atrás e inténtelo de nuevo." };

static const char page[] =
    "<!doctype html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n"
    "<meta name=\"robots\" content=\"noindex, nofollow\">\n<title>%s</title>\n</head>\n<body>\n"
    "<header class=\"top\"><div class=\"brand\">Meterkey</div></header>\n<div class=\"wrap\"><main>\n<div class=\"card\">\n<h1>%s</h1>\n"
    "<p class=\"lead\">%s</p>\n</div>\n</main></div>\n<link rel=\"stylesheet\" href=\"/static/style.css\">\n</body>\n</html>\n";

/* As the pages choose it: the link's word, the cookie, the browser's first wish. */
static bool in_spanish(mk_httpd_req *req)
{
    const char *wanted = mk_httpd_query(req, "lang");
    if (!wanted || (strcmp(wanted, "es") != 0 && strcmp(wanted, "en") != 0))
        wanted = mk_httpd_cookie(req, "lang");
    if (!wanted || (strcmp(wanted, "es") != 0 && strcmp(wanted, "en") != 0))
        wanted = mk_httpd_header(req, "Accept-Language");
    return wanted && strncmp(wanted, "es", 2) == 0;
}

typedef struct words {
    char text[2048];
    size_t len;
    const char *type;
    bool people;
} words;

static void word_page(words *out, mk_httpd_req *req, const saying *it)
{
    const bool es = in_spanish(req);
    const char *title = es ? it->es : it->en;
    out->type = "text/html; charset=utf-8";
    out->len = (size_t)snprintf(out->text, sizeof out->text, page, es ? "es" : "en", title, title, es ? it->es_how : it->en_how);
}

/* req NULL: nothing is known of it. */
static void word(words *out, mk_httpd_req *req, const saying *it)
{
    const char *accept = req ? mk_httpd_header(req, "Accept") : NULL;
    const bool api = req && strncmp(mk_httpd_path(req), "/api/", 5) == 0;
    out->people = !api && accept && strstr(accept, "text/html");
    if (out->people) {
        word_page(out, req, it);
        return;
    }
    out->type = api ? "application/json" : "text/plain; charset=utf-8";
    out->len = (size_t)(api ? snprintf(out->text, sizeof out->text, "{\"error\": \"%s\", \"error_description\": \"%s\", \"url\": null}\n", it->slug, it->line)
                            : snprintf(out->text, sizeof out->text, "%s\n", it->line));
}

static const char *const guards[][2] = { { "Content-Security-Policy", "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'" },
                                         { "Referrer-Policy", "no-referrer" }, { "Cache-Control", "no-store" } };
enum { GUARDS = sizeof guards / sizeof *guards };

int mk_httpd_refuse(mk_httpd_req *req, enum mk_httpd_refusal why)
{
    words out;
    if (why == MK_REFUSE_FULL)
        (void)mk_httpd_add(req, "Retry-After", "5");
    word(&out, req, &sayings[why]);
    for (size_t i = 0; out.people && i < GUARDS; i++)
        (void)mk_httpd_add(req, guards[i][0], guards[i][1]);
    return mk_httpd_answer(req, sayings[why].status, out.type, out.text, out.len);
}

int mk_httpd_refuse_raw(mk_buf *out, mk_httpd_req *req)
{
    words said;
    word(&said, req, &slow);
    int err = mk_buf_addf(out, "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
                               "X-Content-Type-Options: nosniff\r\n", said.type, said.len);
    for (size_t i = 0; !err && i < GUARDS; i++)
        err = mk_buf_addf(out, "%s: %s\r\n", guards[i][0], guards[i][1]);
    return err ? err : mk_buf_addf(out, "\r\n%s", said.text);
}
