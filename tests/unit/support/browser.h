/* browser.h - a browser for tests of DEMO's portal, on the loop of the sandbox (tests) */
#ifndef TEST_BROWSER_H
#define TEST_BROWSER_H
#include "cli/sandbox.h"
#include "support/httpclient.h"

struct browser {
    uv_loop_t loop;
    mk_sandbox *sandbox;
    int port;
    char session[64], device[64];
    test_reply page;
    bool has_page;
};

/* Starts a sandbox and an empty browser. */
void browser_start(struct browser *b, const mk_sandbox_options *options);
/* Stops both; asserts that the loop has nothing left. */
void browser_finish(struct browser *b);
/* One request, redirects are not followed; cookies are kept. */
void browser_once(struct browser *b, const char *method, const char *path, const char *form);
/* Follows redirects as a browser does. */
void browser_load(struct browser *b, const char *method, const char *path, const char *form);
/* Whether the page holds that text. */
bool browser_shows(const struct browser *b, const char *text);
/* The value of the page's first hidden field of that name. */
void browser_hidden(const struct browser *b, const char *name, char *out, size_t cap);
/* Submits the page's form with its hidden fields and these. */
void browser_submit(struct browser *b, const char *path, const char *fields);
/* A new visit (the device is kept) with any password. */
void browser_sign_in(struct browser *b, const char *user);
/* The newest code on the phone. */
void browser_phone_code(struct browser *b, const char *user, char out[7]);
/* Enters that code, with more fields. */
void browser_type_code(struct browser *b, const char *user, const char *more);
#endif
