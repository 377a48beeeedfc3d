/* casefile.h - recorded cases of an adapter: what a portal answered, and what came of it (layer cli)
 *
 * A JSON object: {"format", "adapter", "case", "about", "now_ms", "seed", "mfa", "credentials", "answers", "exchanges": [{"request",
 * "response"}], "challenges", "outcome"}. Played without any network, at a clock that stands at now_ms and with random numbers from
 * seed, so that the same adapter always gives the same. */
#ifndef MK_CLI_CASEFILE_H
#define MK_CLI_CASEFILE_H
#include "cli/find.h"
#include "cli/watch.h"

enum { MK_CASE_FORMAT = 1, MK_CASE_MAX = 64 << 20 };

/* MK_OK; MK_EPARSE with why: not a case; MK_ENOMEM. */
int mk_case_read(json_t **out, const char *text, size_t len, char *why, size_t cap);
/* As it stands in the file, ending in a newline. MK_OK, MK_ENOMEM. */
int mk_case_write(mk_buf *out, const json_t *doc);

/* A request and a response as a case holds them; NULL when out of memory. */
json_t *mk_case_request(const mk_request *request);
json_t *mk_case_response(const mk_response *response);
/* The other way, into an initialised response. MK_OK, MK_EPARSE, MK_ENOMEM, MK_ELIMIT. */
int mk_case_answer(const json_t *response, mk_response *out);
/* Text as a string, several lines as a list, bytes that are no UTF-8 as {"base64"}; and back (appended). */
json_t *mk_case_text(const char *text, size_t len);
int mk_case_bytes(const json_t *value, mk_buf *out);

/* Plays it; watches (may be NULL) look on and are closed. *seen (new) is {"exchanges", "challenges", "outcome", "stray": the first request that the case has no response to}. MK_OK; MK_EPARSE with
 * why (the case's credentials do not fit the manifest ...); MK_ENOMEM. */
int mk_case_play(json_t **seen, const json_t *doc, const mk_version *version, mk_watch *watches, char *why, size_t cap);
/* Whether it is as the case says; what differs is appended to out, a line each, each after two blanks. MK_OK, MK_ENOMEM, MK_ELIMIT. */
int mk_case_compare(const json_t *doc, const json_t *seen, bool *same, mk_buf *out);
/* Puts what was seen in place of what was expected. MK_OK, MK_ENOMEM. */
int mk_case_accept(json_t *doc, const json_t *seen);

/* The folder of an adapter's cases, below scripts (may be NULL: then where the adapter lies). MK_OK, MK_ENOMEM, MK_ELIMIT. */
int mk_case_folder(mk_buf *out, const mk_found *found, const char *scripts);
/* Calls each with name and text of every case of an adapter, sorted by name, those that the binary carries for a built-in one; until it returns
 * false. path is NULL for those. MK_OK (also if there are none), MK_ENOMEM, MK_EIO. */
typedef bool (*mk_case_each)(void *arg, const char *name, const char *path, mk_bytes text);
int mk_case_all(const mk_found *found, const char *scripts, mk_case_each each, void *arg);
#endif
