/* sandbox_html.c - how DEMO's pages are written and look (layer cli) */
#include "base/codec.h"
#include "base/err.h"
#include "cli/sandbox_int.h"
#include <stdarg.h>
#include <string.h>

enum { MAX_PAGE = 1 << 20 };

static const char css[] =
    ":root{--ink:#17212b;--soft:#5a6875;--line:#d5dde3;--brand:#0b6e5f;--wash:#f3f6f5;--bad:#a3231c;--badwash:#fdeeec}"
    "*{box-sizing:border-box}html{-webkit-text-size-adjust:100%}"
    "body{margin:0;font:16px/1.5 system-ui,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;color:var(--ink);background:var(--wash)}"
    "header{background:var(--brand);color:#fff;padding:.8rem 1rem}header a{color:#fff;text-decoration:none;font-weight:700}"
    "header span{opacity:.85;margin-left:.5rem;font-size:.9rem}"
    "main{max-width:30rem;margin:1.25rem auto;padding:1.25rem;background:#fff;border:1px solid var(--line);border-radius:.6rem}"
    "main.wide{max-width:62rem}@media(max-width:34rem){main{margin:0;border-width:0 0 1px;border-radius:0}}"
    "h1{font-size:1.35rem;line-height:1.25;margin:0 0 .75rem}h2{font-size:1.05rem;margin:1.5rem 0 .5rem}p{margin:.5rem 0}"
    "label{display:block;font-weight:600;margin:.9rem 0 .25rem}label.check{font-weight:400;display:flex;gap:.6rem;align-items:center;min-height:2.75rem;margin:.25rem 0}"
    "input[type=text],input[type=password]{width:100%;font:inherit;padding:.6rem .7rem;border:1px solid #8795a1;border-radius:.35rem;background:#fff}"
    "input[type=radio],input[type=checkbox]{width:1.2rem;height:1.2rem;flex:none;accent-color:var(--brand)}"
    "input.code{font-size:1.5rem;letter-spacing:.25em;max-width:11rem}"
    "fieldset{border:1px solid var(--line);border-radius:.35rem;margin:1rem 0;padding:.4rem .9rem}legend{font-weight:600;padding:0 .3rem}"
    "button{font:inherit;font-weight:600;min-height:2.75rem;padding:.5rem 1.1rem;border-radius:.35rem;border:1px solid var(--brand);background:var(--brand);color:#fff;cursor:pointer;margin-top:.9rem}"
    "button.second{background:#fff;color:var(--brand)}form.line{display:inline-block;margin-right:.5rem}"
    "a{color:var(--brand)}:focus-visible{outline:3px solid #e0a100;outline-offset:2px}"
    ".alert{background:var(--badwash);color:var(--bad);border-left:4px solid var(--bad);padding:.6rem .8rem;margin:0 0 1rem}"
    ".soft{color:var(--soft);font-size:.92rem}code,kbd{font-family:ui-monospace,'DejaVu Sans Mono',monospace;font-size:.92em;overflow-wrap:anywhere}"
    ".scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.94rem}th,td{text-align:left;vertical-align:top;padding:.45rem .6rem .45rem 0;border-bottom:1px solid var(--line)}"
    "@media(max-width:44rem){table.cards thead{position:absolute;left:-9999px}table.cards tr{display:block;padding:.6rem 0;border-bottom:1px solid var(--line)}table.cards td{display:block;border:0;padding:.1rem 0}"
    "table.cards td:empty{display:none}table.cards td:first-child{font-weight:700}table.cards td[data-label]::before{content:attr(data-label) ': ';color:var(--soft)}}"
    "main.phone{max-width:24rem;border:8px solid #222c35;border-radius:1.6rem;min-height:30rem}@media(max-width:34rem){main.phone{border-width:0;border-radius:0}}"
    "ol.messages{list-style:none;margin:0;padding:0}ol.messages li{background:var(--wash);border-radius:.8rem;padding:.6rem .8rem;margin:.6rem 0}"
    "ol.messages li.new{background:#e3f3ef;border:1px solid #9fd0c5}.big{font-size:1.7rem;letter-spacing:.18em;font-weight:700;display:block}"
    "footer{max-width:30rem;margin:.75rem auto 2rem;padding:0 1.25rem;color:var(--soft);font-size:.85rem}";

static void keep(sb_page *page, int err)
{
    if (!page->err)
        page->err = err;
}

static void put_one(sb_page *page, char what, va_list *args)
{
    const char *text;
    switch (what) {
    case 's':
        text = va_arg(*args, const char *);
        keep(page, mk_html_escape(&page->buf, text, strlen(text)));
        break;
    case 'r':
        keep(page, mk_buf_adds(&page->buf, va_arg(*args, const char *)));
        break;
    case 'd':
        keep(page, mk_buf_addf(&page->buf, "%d", va_arg(*args, int)));
        break;
    default:
        keep(page, mk_buf_addc(&page->buf, what));
    }
}

void mk_sb_put(sb_page *page, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    while (*format && !page->err) {
        const char *percent = strchr(format, '%');
        size_t len = percent ? (size_t)(percent - format) : strlen(format);
        keep(page, mk_buf_add(&page->buf, format, len));
        format += len;
        if (!percent || !percent[1])
            break;
        put_one(page, percent[1], &args);
        format += 2;
    }
    va_end(args);
}

void mk_sb_page_begin(sb_page *page, const char *title, const char *css_class, int refresh)
{
    mk_buf_init(&page->buf, MAX_PAGE);
    page->err = MK_OK;
    mk_sb_put(page, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    if (refresh)
        mk_sb_put(page, "<meta http-equiv=\"refresh\" content=\"%d\">\n", refresh);
    mk_sb_put(page, "<title>%s - DEMO</title>\n<style>%r</style>\n</head>\n<body>\n", title, css);
    mk_sb_put(page, "<header><a href=\"/\">DEMO Power &amp; Gas</a><span>a made-up utility</span></header>\n");
    mk_sb_put(page, "<main class=\"%s\">\n<h1>%s</h1>\n", css_class, title);
}

void mk_sb_page_end(sb_page *page)
{
    mk_sb_put(page, "</main>\n<footer>Nothing here is real: no company, no customer, no meter.</footer>\n"
                    "</body>\n</html>\n");
}

void mk_sb_form(sb_page *page, const sb_visit *visit, const char *id, const char *action)
{
    mk_sb_put(page, "<form id=\"%s\" method=\"post\" action=\"%s\">\n", id, action);
    mk_sb_put(page, "<input type=\"hidden\" name=\"csrf\" value=\"%s\">\n", visit->csrf);
    mk_sb_put(page, "<input type=\"hidden\" name=\"step\" value=\"%d\">\n", visit->step);
}

void mk_sb_alert(sb_page *page, sb_visit *visit)
{
    if (!visit->flash)
        return;
    mk_sb_put(page, "<p class=\"alert\" role=\"alert\" id=\"%s\">%s</p>\n", visit->flash_kind, visit->flash);
    visit->flash = NULL;
}

void mk_sb_page_send(mk_sandbox *sandbox, mk_httpd_req *req, sb_visit *visit, sb_page *page, int status)
{
    mk_sb_page_end(page);
    if (!page->err)
        mk_sb_answer(sandbox, req, visit, status, "text/html; charset=utf-8", &page->buf);
    mk_buf_free(&page->buf);
}

void mk_sb_json_send(mk_sandbox *sandbox, mk_httpd_req *req, sb_visit *visit, sb_page *page, int status)
{
    if (!page->err)
        mk_sb_answer(sandbox, req, visit, status, "application/json", &page->buf);
    mk_buf_free(&page->buf);
}

void mk_sb_say(mk_sandbox *sandbox, mk_httpd_req *req, sb_visit *visit, int status, const char *title, const char *id,
               const char *text)
{
    sb_page page;
    mk_sb_page_begin(&page, title, "", 0);
    mk_sb_put(&page, "<p id=\"%s\">%s</p>\n<p><a href=\"/login\">Back to sign-in</a></p>\n", id, text);
    mk_sb_page_send(sandbox, req, visit, &page, status);
}
