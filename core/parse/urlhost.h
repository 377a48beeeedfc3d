/* urlhost.h - the host of a URL (layer parse, for url.c only) */
#ifndef MK_URLHOST_H
#define MK_URLHOST_H
#include <stddef.h>

/* Reads the host of an http(s) URL as browsers do and gives its one spelling:
 * lower case, IDN as xn--, IPv4 dotted whatever its notation, IPv6 compressed
 * in brackets. mk_free. MK_OK, MK_EPARSE, MK_ENOMEM. */
int mk_urlhost_read(char **out, const char *text, size_t len);
#endif
