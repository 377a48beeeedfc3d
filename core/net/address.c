/* address.c - which IP addresses are on the public internet, which names are public suffixes (layer net)
 *
 * Source: the IANA special-purpose address registries; libpsl's built-in list. */
#include "net/policy.h"
#include <arpa/inet.h>
#include <libpsl.h>
#include <netinet/in.h>
#include <string.h>

typedef struct block4 {
    uint32_t net;
    int bits;
} block4;

static const block4 special4[] = {
    {0x00000000, 8},  /* this network */
    {0x0a000000, 8},  /* private */
    {0x64400000, 10}, /* carrier-grade NAT */
    {0x7f000000, 8},  /* loopback */
    {0xa9fe0000, 16}, /* link-local, metadata services of clouds */
    {0xac100000, 12}, /* private */
    {0xc0000000, 24}, /* protocol assignments */
    {0xc0000200, 24}, /* documentation */
    {0xc0586300, 24}, /* 6to4 relays */
    {0xc0a80000, 16}, /* private */
    {0xc6120000, 15}, /* benchmarking */
    {0xc6336400, 24}, /* documentation */
    {0xcb007100, 24}, /* documentation */
    {0xe0000000, 4},  /* multicast */
    {0xf0000000, 4},  /* reserved, broadcast */
};

static bool public4(uint32_t address)
{
    for (size_t i = 0; i < sizeof special4 / sizeof special4[0]; i++) {
        uint32_t mask = 0xffffffffu << (32 - special4[i].bits);
        if ((address & mask) == special4[i].net)
            return false;
    }
    return true;
}

static uint32_t read4(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static bool begins(const uint8_t *p, const char *prefix, size_t len)
{
    return memcmp(p, prefix, len) == 0;
}

static bool public6(const uint8_t p[16])
{
    if (begins(p, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12) || begins(p, "\0\x64\xff\x9b\0\0\0\0\0\0\0\0", 12))
        return public4(read4(p + 12)); /* mapped, NAT64 */
    if (begins(p, "\x20\x02", 2))
        return public4(read4(p + 2)); /* 6to4 */
    if ((p[0] & 0xe0) != 0x20)
        return false; /* all that is global unicast lies in 2000::/3 */
    if (begins(p, "\x20\x01", 2) && p[2] < 2)
        return false; /* 2001::/23: Teredo, ORCHID, benchmarking */
    if (begins(p, "\x20\x01\x0d\xb8", 4))
        return false; /* documentation */
    return !(begins(p, "\x3f\xff", 2) && p[2] < 0x10); /* documentation, 3fff::/20 */
}

bool mk_policy_public_address(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof in);
        return public4(ntohl(in.sin_addr.s_addr));
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, address, sizeof in6);
        return public6(in6.sin6_addr.s6_addr);
    }
    return false;
}

bool mk_policy_is_address(const char *host)
{
    uint8_t bytes[16];
    return host[0] == '[' || inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

bool mk_policy_public_suffix(const char *host)
{
    if (mk_policy_is_address(host))
        return true;
    const psl_ctx_t *list = psl_builtin();
    /* Without a list every name is taken for a suffix: cookies then stay with their host. */
    return !list || psl_is_public_suffix(list, host);
}
