/* page.h - a response as pages and patterns see it, parsed when asked (layer parse) */
#ifndef MK_PAGE_H
#define MK_PAGE_H
#include "base/headers.h"
#include "parse/html.h"
#include "parse/json.h"

typedef struct mk_page mk_page;

/* Takes copies of status and url, and takes over headers and body (emptied) on
 * success. The memory is charged to the account (which must outlive it).
 * Reference-counted: mk_page_ref, mk_page_unref. */
int mk_page_new(mk_page **out, int status, const char *url, mk_headers *headers, mk_buf *body, mk_account *account);
mk_page *mk_page_ref(mk_page *page);
void mk_page_unref(mk_page *page); /* NULL is fine */

int mk_page_status(const mk_page *page);
const char *mk_page_url(const mk_page *page);
const mk_headers *mk_page_headers(const mk_page *page);
/* Media type in lower case without parameters; "" if none was declared. */
const char *mk_page_type(const mk_page *page);
const char *mk_page_charset(mk_page *page); /* as detected; for submitting its forms */
/* Whether body is text: text/ *, JSON, XML, JavaScript, urlencoded, or nothing declared and it is UTF-8. */
bool mk_page_is_text(const mk_page *page);
bool mk_page_is_html(const mk_page *page); /* also sniffed: no type, begins with '<' */
bool mk_page_is_json(const mk_page *page); /* application/json, +json, text/json */
bool mk_page_is_xml(const mk_page *page);
/* UTF-8 text where it is text, else the raw bytes. Owned by the page. */
int mk_page_body(mk_page *page, mk_bytes *out);
/* The tree, parsed at first call; limits NULL: the defaults. MK_OK, MK_EPARSE, MK_ELIMIT, MK_ENOMEM. Owned by page. */
int mk_page_doc(mk_page *page, const mk_html_limits *limits, mk_doc **out);
/* The decoded JSON, parsed at first call. Borrowed. why may be NULL. */
int mk_page_json(mk_page *page, json_t **out, mk_json_error *why);
/* Visible text of the whole page (HTML), else the body. Owned by the page. */
int mk_page_text(mk_page *page, mk_bytes *out);
#endif
