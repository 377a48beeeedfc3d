/* wall.c - captchas and bot walls, recognised to be reported, never solved or evaded (layer session)
 *
 * Only consulted for a page that the adapter did not expect, or that its own entry calls site.blocked. */
#include "base/err.h"
#include "session/own.h"
#include <string.h>

static const struct {
    const char *mark; /* in the body */
    const char *name;
} marks[] = {
    {"_Incapsula_Resource", "incapsula"},
    {"challenge-platform/", "cloudflare"},
    {"cf-challenge", "cloudflare"},
    {"cf-turnstile", "turnstile"},
    {"px-captcha", "perimeterx"},
    {"captcha-delivery.com", "datadome"},
    {"/_sec/cp_challenge", "akamai"},
    {"bm-verify=", "akamai"},
    {"g-recaptcha", "recaptcha"},
    {"h-captcha", "hcaptcha"},
    {"id=\"captcha", "captcha"},
    {"class=\"captcha", "captcha"},
    {"name=\"captcha", "captcha"},
};

const char *mk_wall_name(mk_page *page)
{
    mk_bytes body;
    if (mk_page_body(page, &body) != MK_OK)
        return NULL;
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (memmem(body.data, body.len, marks[i].mark, strlen(marks[i].mark)))
            return marks[i].name;
    return NULL;
}
