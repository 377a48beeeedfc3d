/* rogue.c - a portal on loopback that misbehaves on the wire (tests)
 *
 * Paths that pages.c does not know:
 *   /endless      a body without end           /drip        a byte each 20 ms, without end
 *   /dripheader   the same in the head         /bigheader   a head without end
 *   /gzip         zeros without end in gzip    /br          512 MiB of zeros in 405 bytes
 *   /silent       no answer                    /half        less than announced, then closes
 *   /garbage      no HTTP                      /early       103 without end
 *   /chunks       a chunk of 2^63 bytes        /twolengths  two lengths that differ
 *   /split        a Location with a line end   /nested      gzip said three times */
#include "hostile.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* What zlib begins 20 MB of zeros with; after it a zero byte stands for 1,032 zeros more. */
static const unsigned char zeros_gzip[] = {0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 2, 3, 0xec, 0xc1, 1, 1, 0, 0,
                                           0, 0x80, 0x90, 0xfe, 0xaf, 0xee, 8, 0x0a};
static const unsigned char zeros_br[] = {
#include "zeros_br.inc"
};

static bool put(int fd, const void *data, size_t len)
{
    const char *at = data;
    while (len) {
        ssize_t n = write(fd, at, len);
        if (n <= 0)
            return false;
        at += n;
        len -= (size_t)n;
    }
    return true;
}

static bool say(int fd, const char *text)
{
    return put(fd, text, strlen(text));
}

/* The same over and over, until the other side has enough. */
static void flood(int fd, const char *head, const char *part, size_t len, long pause_ms)
{
    const struct timespec pause = {0, pause_ms * 1000000};
    bool ok = say(fd, head);
    while (ok) {
        ok = put(fd, part, len);
        if (pause_ms)
            nanosleep(&pause, NULL);
    }
}

static void wait_for_end(int fd)
{
    char rest[1024];
    while (read(fd, rest, sizeof rest) > 0) {
    }
}

static void gzip_bomb(int fd, const char *encoding)
{
    static const char zeros[65536];
    char head[200];
    snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: %s\r\n\r\n", encoding);
    if (say(fd, head) && put(fd, zeros_gzip, sizeof zeros_gzip))
        flood(fd, "", zeros, sizeof zeros, 0);
}

static void br_bomb(int fd)
{
    char head[200];
    snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: br\r\nContent-Length: %zu\r\n\r\n",
             sizeof zeros_br);
    if (say(fd, head) && put(fd, zeros_br, sizeof zeros_br))
        wait_for_end(fd);
}

static bool is(const char *path, const char *name)
{
    return strcmp(path, name) == 0;
}

static void misbehave(int fd, const char *path)
{
#define OK "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
    if (is(path, "/endless"))
        flood(fd, OK "\r\n", "0123456789abcdef0123456789abcdef0123456789abcdef", 48, 0);
    else if (is(path, "/drip"))
        flood(fd, OK "\r\n", "x", 1, 20);
    else if (is(path, "/dripheader"))
        flood(fd, OK "X-Slow: ", "x", 1, 20);
    else if (is(path, "/bigheader"))
        flood(fd, OK, "X-More: 0123456789abcdef0123456789abcdef\r\n", 42, 0);
    else if (is(path, "/early"))
        flood(fd, "", "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", 37, 0);
    else if (is(path, "/gzip"))
        gzip_bomb(fd, "gzip");
    else if (is(path, "/nested"))
        gzip_bomb(fd, "gzip, gzip, gzip, gzip, gzip, gzip, gzip, gzip");
    else if (is(path, "/br"))
        br_bomb(fd);
    else if (is(path, "/silent"))
        wait_for_end(fd);
    else if (is(path, "/half"))
        say(fd, OK "Content-Length: 1000\r\n\r\n<p>half");
    else if (is(path, "/chunks"))
        say(fd, OK "Transfer-Encoding: chunked\r\n\r\n7fffffffffffffff\r\n"), flood(fd, "", "xxxxxxxxxxxxxxxx", 16, 0);
    else if (is(path, "/twolengths"))
        say(fd, OK "Content-Length: 2\r\nContent-Length: 5000\r\n\r\nok");
    else if (is(path, "/split"))
        say(fd, "HTTP/1.1 302 Found\r\nLocation: /login\rSet-Cookie: stolen=1\r\nContent-Length: 0\r\n\r\n");
    else
        say(fd, "\x01\x02 garbage\r\n\r\n");
#undef OK
}

static bool page(int fd, const char *method, const char *path, const char *body)
{
    answer a;
    mk_buf out;
    bool known = pages_answer(method, path, body, &a);
    mk_buf_init(&out, 65 << 20);
    mk_buf_addf(&out, "HTTP/1.1 %d OK\r\nContent-Type: %s\r\nContent-Length: %zu\r\n", a.status, a.type, a.body.len);
    for (int i = 0; i < a.field_count; i++)
        mk_buf_addf(&out, "%s\r\n", a.fields[i]);
    mk_buf_adds(&out, "\r\n");
    mk_buf_add(&out, a.body.data, a.body.len);
    bool sent = known && put(fd, out.data, out.len);
    mk_buf_free(&out);
    mk_buf_free(&a.body);
    return sent;
}

/* One request at a time, head and body. */
static size_t read_request(int fd, char *text, size_t cap)
{
    size_t len = 0;
    for (;;) {
        text[len] = '\0';
        const char *end = strstr(text, "\r\n\r\n");
        const char *given = strcasestr(text, "\r\ncontent-length:");
        size_t want = end && given && given < end ? (size_t)strtol(given + 17, NULL, 10) : 0;
        if (end && len >= (size_t)(end - text) + 4 + want)
            return len;
        ssize_t n = len + 1 < cap ? read(fd, text + len, cap - len - 1) : 0;
        if (n <= 0)
            return 0;
        len += (size_t)n;
    }
}

static void converse(int fd)
{
    static char text[256 * 1024];
    char method[16], path[200];
    while (read_request(fd, text, sizeof text) && sscanf(text, "%15s %199s", method, path) == 2) {
        const char *body = strstr(text, "\r\n\r\n");
        if (!page(fd, method, path, body ? body + 4 : "")) {
            misbehave(fd, path);
            return;
        }
    }
}

static void serve(int listener)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const struct sigaction ignore = {.sa_handler = SIG_IGN}; /* children are reaped by the kernel */
    sigaction(SIGCHLD, &ignore, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd < 0)
            _exit(1);
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            converse(fd);
            _exit(0);
        }
        close(fd);
    }
}

void rogue_start(rogue *r)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, len) != 0 || listen(listener, 64) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &len) != 0)
        abort();
    r->port = ntohs(address.sin_port);
    fflush(stdout);
    r->pid = fork();
    if (r->pid < 0)
        abort();
    if (r->pid == 0)
        serve(listener);
    close(listener);
}

void rogue_stop(rogue *r)
{
    kill(r->pid, SIGKILL);
    waitpid(r->pid, NULL, 0);
}
