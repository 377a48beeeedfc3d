/* policy.h - which origins a session may reach (layer net; knows neither Lua nor curl)
 *
 * contract.md section 1. Built once per session from the manifest's hosts and
 * the operator's openings; asked for each hop and for each address. */
#ifndef MK_POLICY_H
#define MK_POLICY_H
#include "parse/url.h"
#include <stdbool.h>
#include <sys/socket.h>

typedef struct mk_policy mk_policy;

mk_policy *mk_policy_new(void);
void mk_policy_free(mk_policy *policy);

/* One entry of `hosts`: "www.example.test", "…:8443", "*.example.test" or a
 * whole origin "http://127.0.0.1:18102" (which only has effect once opened by mk_policy_allow).
 * MK_OK; MK_EPARSE (not a host; why), MK_EPOLICY (wildcard at or above a public suffix; why), MK_ENOMEM. */
int mk_policy_declare(mk_policy *policy, const char *entry, bool secrets, char *why, size_t cap);
/* --allow-origin "http://127.0.0.1:18102": may be plain http and a private address. MK_OK, MK_EPARSE, MK_ENOMEM. */
int mk_policy_allow(mk_policy *policy, const char *origin);
/* --connect-to "HOST:PORT:HOST2:PORT2": for HOST:PORT connect to exactly HOST2:PORT2. Empty
 * HOST or PORT mean any, as curl's. MK_OK, MK_EPARSE, MK_ENOMEM. */
int mk_policy_connect_to(mk_policy *policy, const char *rule);

typedef struct mk_grant {
    bool secrets;         /* a credential or answer may go there */
    bool any_address;     /* private and loopback addresses are fine */
    bool declared;
    char connect_host[256]; /* "" : as the URL says; IPv6 without brackets */
    int connect_port;
} mk_grant;
/* MK_OK with *out, or MK_EPOLICY with what is wrong in why ("host elsewhere.test is not declared",
 * "plain http ..."). Only http(s) ever passes. */
int mk_policy_check(const mk_policy *policy, const mk_url *url, mk_grant *out, char *why, size_t cap);
/* False for loopback, private, link-local, CGNAT, multicast, documentation, benchmarking, unspecified, reserved
 * addresses and their mapped (::ffff:0:0/96), NAT64 and 6to4 forms. */
bool mk_policy_public_address(const struct sockaddr *address);
/* True if host is a public suffix or an IP address: no cookie domain may be it. libpsl's built-in list. */
bool mk_policy_public_suffix(const char *host);
/* True if host is an IP address, IPv6 with or without brackets. */
bool mk_policy_is_address(const char *host);
/* True if the URL's host is declared with whatever scheme and port: tells a downgrade from a foreign host. */
bool mk_policy_declared_host(const mk_policy *policy, const mk_url *url);
#endif
