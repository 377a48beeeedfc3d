/* report.h - one page that shows a session to a person, secrets masked (layer cli) */
#ifndef MK_CLI_REPORT_H
#define MK_CLI_REPORT_H
#include "cli/reel.h"

/* The whole page. result: the object that the command prints (meters, error or challenge). MK_OK, MK_ENOMEM, MK_ELIMIT. */
int mk_report_make(mk_buf *out, const mk_reel *reel, const mk_veil *veil, const mk_version *version, const json_t *result);
/* mk_report_watch is declared in watch.h. */

/* For the files of the report only: writing HTML. Each does nothing once err is set. */
typedef struct mk_html_out {
    mk_buf *out;
    const mk_veil *veil;
    int err;
} mk_html_out;
void mk_out_raw(mk_html_out *o, const char *html);            /* as it is: our own words */
void mk_out_text(mk_html_out *o, const char *text, size_t len); /* masked, then escaped */
/* %s masked and escaped, %r as it is, %d an int; nothing else. */
void mk_out_put(mk_html_out *o, const char *format, ...);
void mk_out_json(mk_html_out *o, const json_t *value); /* a string as it is, another value as JSON */
extern const char mk_report_style[];

/* A request with its response (report_hop.c), and a page with what was tried on it (report_page.c). */
void mk_report_hop(mk_html_out *o, const mk_frame *hop, size_t number);
void mk_report_page(mk_html_out *o, const mk_frame *page);
#endif
