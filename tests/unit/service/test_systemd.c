/* test_systemd.c - socket activation and sd_notify (tests) */
#include "base/err.h"
#include "service/systemd.h"
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

static void set_number(const char *name, long value)
{
    char text[32];
    snprintf(text, sizeof text, "%ld", value);
    setenv(name, text, 1);
}

/* A TCP socket on descriptor 3, as systemd leaves it. */
static void put_socket(int type, bool listening)
{
    struct sockaddr_in any = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, type, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&any, sizeof any), 0);
    if (listening)
        assert_int_equal(listen(fd, 5), 0);
    if (fd != 3) {
        assert_int_equal(dup2(fd, 3), 3);
        close(fd);
    }
}

static int take(long count, long pid, int *fd)
{
    set_number("LISTEN_FDS", count);
    set_number("LISTEN_PID", pid);
    return mk_systemd_socket(fd);
}

static void test_taken_over(void **state)
{
    (void)state;
    int fd = -1;
    put_socket(SOCK_STREAM, true);
    assert_int_equal(take(1, getpid(), &fd), MK_OK);
    assert_true(fd > 3);
    assert_int_equal(fcntl(3, F_GETFD), -1);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    assert_null(getenv("LISTEN_FDS"));
    assert_null(getenv("LISTEN_PID"));
    assert_int_equal(mk_systemd_socket(&fd), MK_ENOENT); /* once */
    close(fd);
}

static void test_not_ours(void **state)
{
    (void)state;
    int fd = -1;
    put_socket(SOCK_STREAM, true);
    assert_int_equal(take(1, getpid() + 1, &fd), MK_ENOENT);
    assert_int_equal(take(0, getpid(), &fd), MK_ENOENT);
    assert_int_equal(take(2, getpid(), &fd), MK_EPARSE);
    setenv("LISTEN_FDS", "1x", 1);
    assert_int_equal(mk_systemd_socket(&fd), MK_ENOENT);
    put_socket(SOCK_STREAM, false);
    assert_int_equal(take(1, getpid(), &fd), MK_EPARSE);
    put_socket(SOCK_DGRAM, false);
    assert_int_equal(take(1, getpid(), &fd), MK_EPARSE);
    close(3);
    assert_int_equal(take(1, getpid(), &fd), MK_EPARSE);
    assert_int_equal(fd, -1);
}

static void hear(int fd, const char *expected)
{
    char text[200];
    ssize_t got = recv(fd, text, sizeof text - 1, MSG_DONTWAIT);
    assert_int_equal(got, strlen(expected));
    text[got] = '\0';
    assert_string_equal(text, expected);
}

/* Binds as the manager does; path as in NOTIFY_SOCKET. */
static int manager(const char *path)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    const size_t len = strlen(path);
    memcpy(at.sun_path, path, len);
    if (*path == '@')
        at.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + (*path == '/'))), 0);
    setenv("NOTIFY_SOCKET", path, 1);
    return fd;
}

static void test_notify(void **state)
{
    (void)state;
    char folder[] = "/tmp/notifyXXXXXX", path[64];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/socket", folder);
    int fd = manager(path);
    assert_true(mk_systemd_notify("READY=1\nSTATUS=at work"));
    hear(fd, "READY=1\nSTATUS=at work");
    close(fd);
    unlink(path);
    assert_false(mk_systemd_notify("READY=1")); /* nobody is there */
    rmdir(folder);
    snprintf(path, sizeof path, "@meterkey-test-%ld", (long)getpid());
    fd = manager(path);
    assert_true(mk_systemd_notify("WATCHDOG=1"));
    hear(fd, "WATCHDOG=1");
    close(fd);
}

static void test_no_manager(void **state)
{
    (void)state;
    char path[300];
    unsetenv("NOTIFY_SOCKET");
    assert_false(mk_systemd_notify("READY=1"));
    setenv("NOTIFY_SOCKET", "", 1);
    assert_false(mk_systemd_notify("READY=1"));
    setenv("NOTIFY_SOCKET", "vsock:2:1", 1);
    assert_false(mk_systemd_notify("READY=1"));
    memset(path, 'x', sizeof path - 1);
    path[0] = '/';
    path[sizeof path - 1] = '\0';
    setenv("NOTIFY_SOCKET", path, 1);
    assert_false(mk_systemd_notify("READY=1"));
}

static void test_watchdog(void **state)
{
    (void)state;
    unsetenv("WATCHDOG_PID");
    unsetenv("WATCHDOG_USEC");
    assert_true(mk_systemd_watchdog() == 0);
    setenv("WATCHDOG_USEC", "30000000", 1);
    assert_true(mk_systemd_watchdog() == 30000000);
    set_number("WATCHDOG_PID", getpid());
    assert_true(mk_systemd_watchdog() == 30000000);
    set_number("WATCHDOG_PID", getpid() + 1);
    assert_true(mk_systemd_watchdog() == 0);
    assert_true(mk_systemd_number("18446744073709551615") == ~0ULL && mk_systemd_number("007") == 7);
    assert_true(!mk_systemd_number("18446744073709551616") && !mk_systemd_number("1 ") && !mk_systemd_number("-1") && !mk_systemd_number("") && !mk_systemd_number(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_taken_over), cmocka_unit_test(test_not_ours), cmocka_unit_test(test_notify),
        cmocka_unit_test(test_no_manager), cmocka_unit_test(test_watchdog),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
