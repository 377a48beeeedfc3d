/* systemd.c - socket activation, readiness, signs of life (layer service) */
#include "service/systemd.h"

#include "base/err.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { FIRST = 3 }; /* SD_LISTEN_FDS_START */

unsigned long long mk_systemd_number(const char *text)
{
    unsigned long long value = 0;
    for (const char *at = text; at && *at; at++) {
        if (*at < '0' || *at > '9' || __builtin_mul_overflow(value, 10ULL, &value) ||
            __builtin_add_overflow(value, (unsigned long long)(*at - '0'), &value))
            return 0;
    }
    return value;
}

static unsigned long long number(const char *name)
{
    return mk_systemd_number(getenv(name));
}

static int option(int fd, int name)
{
    int value = 0;
    socklen_t len = sizeof value;
    return getsockopt(fd, SOL_SOCKET, name, &value, &len) ? -1 : value;
}

static bool listens(int fd)
{
    const int domain = option(fd, SO_DOMAIN);
    return (domain == AF_INET || domain == AF_INET6) && option(fd, SO_TYPE) == SOCK_STREAM && option(fd, SO_ACCEPTCONN) == 1;
}

int mk_systemd_socket(int *fd)
{
    const unsigned long long count = number("LISTEN_FDS");
    const bool ours = number("LISTEN_PID") == (unsigned long long)getpid();
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDNAMES");
    if (!count || !ours)
        return MK_ENOENT;
    if (count != 1 || !listens(FIRST))
        return MK_EPARSE;
    const int flags = fcntl(FIRST, F_GETFL);
    if (flags < 0 || fcntl(FIRST, F_SETFL, flags | O_NONBLOCK))
        return MK_EIO;
    *fd = fcntl(FIRST, F_DUPFD_CLOEXEC, FIRST + 1); /* 3 is where a worker looks for its own */
    close(FIRST);
    return *fd < 0 ? MK_EIO : MK_OK;
}

bool mk_systemd_notify(const char *state)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    const char *path = getenv("NOTIFY_SOCKET");
    const size_t len = path ? strlen(path) : 0;
    if (len < 2 || len >= sizeof to.sun_path || (*path != '/' && *path != '@'))
        return false;
    memcpy(to.sun_path, path, len);
    if (*path == '@')
        to.sun_path[0] = '\0'; /* in the abstract namespace: a NUL, then the name without its end */
    const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    const socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + (*path == '/'));
    const size_t told = strlen(state);
    const bool sent = sendto(fd, state, told, MSG_NOSIGNAL | MSG_DONTWAIT, (const struct sockaddr *)&to, size) == (ssize_t)told;
    close(fd);
    return sent;
}

unsigned long long mk_systemd_watchdog(void)
{
    const unsigned long long pid = number("WATCHDOG_PID");
    return pid && pid != (unsigned long long)getpid() ? 0 : number("WATCHDOG_USEC");
}
