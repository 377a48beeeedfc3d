/* httpd_listen.c - a listening socket from "ADDR:PORT" (layer service) */
#include "base/err.h"
#include "service/httpd_int.h"
#include "service/systemd.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BACKLOG = 128 };

/* Parts "host:port" and "[host]:port"; the pieces are copied. */
static int part(const char *listen, char host[64], char port[8])
{
    const char *colon = strrchr(listen, ':');
    if (!colon || colon == listen)
        return MK_EPARSE;
    size_t host_len = (size_t)(colon - listen), port_len = strlen(colon + 1);
    if (listen[0] == '[') {
        if (host_len < 3 || listen[host_len - 1] != ']')
            return MK_EPARSE;
        listen++;
        host_len -= 2;
    } else if (memchr(listen, ':', host_len)) {
        return MK_EPARSE; /* an IPv6 address needs its brackets */
    }
    if (host_len >= 64 || port_len == 0 || port_len > 5 || strspn(colon + 1, "0123456789") != port_len)
        return MK_EPARSE;
    if (strtol(colon + 1, NULL, 10) > 65535)
        return MK_EPARSE; /* getaddrinfo would take it modulo 65536 */
    memcpy(host, listen, host_len);
    host[host_len] = 0;
    memcpy(port, colon + 1, port_len + 1);
    if (strcmp(host, "localhost") == 0)
        memcpy(host, "127.0.0.1", sizeof "127.0.0.1");
    return MK_OK;
}

static int bind_error(int code)
{
    switch (code) {
    case EADDRINUSE:
        return MK_EEXIST;
    case EACCES:
    case EPERM:
    case EADDRNOTAVAIL:
        return MK_EPOLICY;
    default:
        return MK_EIO;
    }
}

static int open_socket(const struct addrinfo *address, int *out)
{
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return MK_EIO;
    int on = 1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, address->ai_addr, address->ai_addrlen) || listen(fd, BACKLOG)) {
        int err = bind_error(errno);
        close(fd);
        return err;
    }
    *out = fd;
    return MK_OK;
}

static int bound_port(int fd)
{
    struct sockaddr_storage name;
    socklen_t len = sizeof name;
    memset(&name, 0, sizeof name);
    if (getsockname(fd, (struct sockaddr *)&name, &len))
        return -1;
    if (name.ss_family == AF_INET6)
        return ntohs(((struct sockaddr_in6 *)&name)->sin6_port);
    return ntohs(((struct sockaddr_in *)&name)->sin_port);
}

/* What systemd listens on is not known from the setting. */
static int inherit(int *fd, int *port, char *url, size_t cap)
{
    struct sockaddr_storage name;
    socklen_t len = sizeof name;
    char host[64] = "";
    int err = mk_systemd_socket(fd);
    if (err)
        return err;
    memset(&name, 0, sizeof name);
    if (getsockname(*fd, (struct sockaddr *)&name, &len) ||
        getnameinfo((struct sockaddr *)&name, len, host, sizeof host, NULL, 0, NI_NUMERICHOST))
        return MK_EIO;
    *port = bound_port(*fd);
    snprintf(url, cap, name.ss_family == AF_INET6 ? "http://[%s]:%d" : "http://%s:%d", host, *port);
    return MK_OK;
}

int mk_httpd_listen(const char *listen, int *fd, int *port, char *url, size_t cap)
{
    if (strcmp(listen, "systemd") == 0)
        return inherit(fd, port, url, cap);
    char host[64], service[8];
    struct addrinfo *found = NULL;
    struct addrinfo want = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE };
    int err = part(listen, host, service);
    if (err)
        return err;
    int failed = getaddrinfo(host, service, &want, &found);
    if (failed)
        return failed == EAI_MEMORY ? MK_ENOMEM : MK_EPARSE;
    int opened = -1;
    err = open_socket(found, &opened);
    if (!err) {
        *fd = opened;
        *port = bound_port(opened);
        snprintf(url, cap, found->ai_family == AF_INET6 ? "http://[%s]:%d" : "http://%s:%d", host, *port);
    }
    freeaddrinfo(found);
    return err;
}
