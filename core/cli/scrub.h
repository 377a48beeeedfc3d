/* scrub.h - takes what is secret out of a recorded case and puts placeholders of the same shape in its place (layer cli)
 *
 * Credentials, answers, and tokens: whatever a portal gave that looks like one. The same secret has the same placeholder
 * everywhere, in whichever encoding it stands, so that the case still plays. */
#ifndef MK_CLI_SCRUB_H
#define MK_CLI_SCRUB_H
#include "base/buf.h"
#include "net/http.h"

typedef struct mk_scrub mk_scrub;
mk_scrub *mk_scrub_new(void); /* NULL: out of memory */
void mk_scrub_free(mk_scrub *scrub);
/* Tokens become token-1, token-2 ... instead of something of their shape: for people to read. */
void mk_scrub_number(mk_scrub *scrub);

/* In as: what stands for a credential ("username", "password", ...) or the answer `text`; never text itself. */
void mk_scrub_credential_as(const mk_scrub *scrub, const char *name, bool secret, const char *text, char *as, size_t cap);
void mk_scrub_answer_as(const mk_scrub *scrub, const char *text, char *as, size_t cap);
/* What stands for text if it is known already, or NULL. */
const char *mk_scrub_known(const mk_scrub *scrub, const char *text, size_t len);

/* text (and its forms in other letters) becomes as. MK_OK, MK_ENOMEM. */
int mk_scrub_add(mk_scrub *scrub, const char *text, const char *as);
/* What we sent: values that first stand in a request are our own (a `state`, a client's id) and stay. MK_OK, MK_ENOMEM. */
int mk_scrub_sent(mk_scrub *scrub, const mk_request *request);
/* Finds tokens in what came back and makes placeholders for them. In the order of the exchanges. MK_OK, MK_ENOMEM. */
int mk_scrub_learn(mk_scrub *scrub, const mk_request *request, const mk_response *response);
/* Adds one token unless it is known or our own. MK_OK, MK_ENOMEM. */
int mk_scrub_token(mk_scrub *scrub, const char *text, size_t len);
/* Whether so many bytes look as if a random generator had made them. */
bool mk_scrub_random(const char *text, size_t len);

/* Call once after all is known and before the two below. MK_OK, MK_ENOMEM. */
int mk_scrub_ready(mk_scrub *scrub);
/* Appends text with everything replaced. MK_OK, MK_ENOMEM, MK_ELIMIT. */
int mk_scrub_text(const mk_scrub *scrub, const char *text, size_t len, mk_buf *out);
/* True if anything of it still stands in text; *what is the placeholder that should stand there. */
bool mk_scrub_finds(const mk_scrub *scrub, const char *text, size_t len, const char **what);
#endif
