/* systemd.h - what systemd hands over and wants to hear (layer service)
 *
 * The protocols of sd_listen_fds(3), sd_notify(3) and sd_watchdog_enabled(3), written by hand: an inherited descriptor, datagrams of
 * NAME=VALUE lines. Without systemd every call does nothing. */
#ifndef MK_SYSTEMD_H
#define MK_SYSTEMD_H
#include <stdbool.h>

/* Takes over the one listening TCP socket that was handed over, once: the environment forgets it. MK_OK; MK_ENOENT (none came, or for
 * another process); MK_EPARSE (several, or not such a socket). */
int mk_systemd_socket(int *fd);
/* Tells a state, such as "READY=1" or "STATUS=..." (lines parted by newlines). True if it was told. */
bool mk_systemd_notify(const char *state);
/* A sign of life is wanted from this process at least every so many microseconds; 0: none. */
unsigned long long mk_systemd_watchdog(void);
/* A number as the environment has them: decimal digits alone; 0 for anything else, and beyond 64 bits. */
unsigned long long mk_systemd_number(const char *text);
#endif
