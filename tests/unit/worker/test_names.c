/* test_names.c - a sealed worker asks a name server, by UDP, and by TCP where an answer is too long (tests of worker)
 *
 * The name server is a child on loopback that knows every name. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include "base/err.h"
#include "worker/confine.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <resolv.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { HEAD = 12, ROOM = 600 };
static int udp, tcp, port;
static pid_t server;

/* The answer to a question in place: 10.9.8.7 for an A, nothing for an AAAA; by UDP only that it is too long for names
 * with "long". */
static size_t answer(unsigned char *text, size_t len, bool whole)
{
    static const unsigned char address[] = { 0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 9, 8, 7 };
    size_t end = HEAD;
    while (end < len && text[end])
        end += text[end] + 1u;
    const bool is_a = end + 2 < len && text[end + 2] == 1, cut = !whole && memmem(text, len, "long", 4);
    end += 5;
    text[2] = (unsigned char)(0x80 | (cut ? 2 : 0) | (text[2] & 1));
    text[3] = 0x80;
    memset(text + 6, 0, 6);
    if (!is_a || cut)
        return end;
    text[7] = 1;
    memcpy(text + end, address, sizeof address);
    return end + sizeof address;
}

static void serve_udp(void)
{
    unsigned char text[ROOM];
    struct sockaddr_in from;
    socklen_t size = sizeof from;
    const ssize_t len = recvfrom(udp, text, sizeof text - 100, 0, (struct sockaddr *)&from, &size);
    if (len > HEAD)
        sendto(udp, text, answer(text, (size_t)len, false), 0, (struct sockaddr *)&from, size);
}

static void serve_tcp(void)
{
    unsigned char text[2 + ROOM];
    const int fd = accept(tcp, NULL, NULL);
    ssize_t got;
    while ((got = recv(fd, text, 2, MSG_WAITALL)) == 2) {
        size_t len = (size_t)text[0] << 8 | text[1];
        if (len > ROOM - 100 || recv(fd, text + 2, len, MSG_WAITALL) != (ssize_t)len)
            break;
        len = answer(text + 2, len, true);
        text[0] = (unsigned char)(len >> 8);
        text[1] = (unsigned char)len;
        if (write(fd, text, len + 2) < 0)
            break;
    }
    close(fd);
}

static void serve(void)
{
    struct pollfd both[] = { { .fd = udp, .events = POLLIN }, { .fd = tcp, .events = POLLIN } };
    while (poll(both, 2, -1) > 0) {
        if (both[0].revents)
            serve_udp();
        if (both[1].revents)
            serve_tcp();
    }
}

/* A socket of either kind on the same port. */
static int bound(int type, int *on)
{
    struct sockaddr_in at = { .sin_family = AF_INET,
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                              .sin_port = htons((uint16_t)*on) };
    socklen_t len = sizeof at;
    const int fd = socket(AF_INET, type, 0);
    if (bind(fd, (struct sockaddr *)&at, len) != 0 || getsockname(fd, (struct sockaddr *)&at, &len) != 0) {
        close(fd);
        return -1;
    }
    *on = ntohs(at.sin_port);
    return fd;
}

static int set_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < 20; i++) { /* a port that is free for both */
        port = 0;
        udp = bound(SOCK_DGRAM, &port);
        tcp = bound(SOCK_STREAM, &port);
        if (tcp >= 0)
            break;
        close(udp);
    }
    assert_true(tcp >= 0);
    assert_int_equal(listen(tcp, 8), 0);
    server = fork();
    if (server == 0) {
        serve();
        _exit(0);
    }
    return server < 0;
}

static int tear_down(void **state)
{
    (void)state;
    kill(server, SIGKILL);
    return waitpid(server, NULL, 0) != server;
}

static bool finds(const char *name)
{
    const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
    struct addrinfo *list = NULL;
    char text[INET_ADDRSTRLEN] = "";
    const int err = getaddrinfo(name, NULL, &hints, &list);
    if (!err && list->ai_family == AF_INET)
        inet_ntop(AF_INET, &((struct sockaddr_in *)(void *)list->ai_addr)->sin_addr, text, sizeof text);
    if (err)
        fprintf(stderr, "%s: %s\n", name, gai_strerror(err));
    else
        freeaddrinfo(list);
    return strcmp(text, "10.9.8.7") == 0;
}

static void use_our_server(void)
{
    res_init();
    _res.nscount = 1;
    _res.nsaddr_list[0] = (struct sockaddr_in){ .sin_family = AF_INET,
                                                .sin_port = htons((uint16_t)port),
                                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    _res.retrans = 2;
    _res.retry = 1;
}

static int child(void)
{
    const mk_confine_options options = { .require = true };
    char why[300] = "";
    mk_confined confined;
    const int err = mk_worker_confine(&confined, &options, why, sizeof why);
    if (err)
        return err == MK_EPOLICY ? 77 : 2;
    use_our_server();
    return !finds("portal.test") ? 3 : !finds("long.portal.test") ? 4 : 0;
}

static void are_found_when_sealed(void **state)
{
    int status = 0;
    (void)state;
    fflush(NULL);
    const pid_t pid = fork();
    if (pid == 0)
        _exit(child());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        skip();
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(are_found_when_sealed) };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
