/* signin.c - a portal on loopback to sign in to, in a child, that breaks off where it is told to (tests) */
#include "support/signin.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOGIN "<form id=signin method=post action=/login><input name=username><input type=password name=password></form>"
#define CODE "<form id=mfa method=post action=/mfa><input name=code></form>"
#define METERS "{\"meters\":[{\"account\":\"1\",\"serial\":\"S1\"}]}"

static void must(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "portal: %s failed\n", what);
        abort();
    }
}

static size_t answer_text(char *out, size_t cap, const char *type, const char *body)
{
    return (size_t)snprintf(out, cap, "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n%s", type, strlen(body), body);
}

static size_t step_answer(char *out, size_t cap, enum signin_step step)
{
    return answer_text(out, cap, "text/html", step == SIGNIN_PASSWORD ? CODE : "<p id=home>in</p>");
}

size_t signin_answer_len(enum signin_step step)
{
    char text[1000];
    return step_answer(text, sizeof text, step);
}

/* One whole request, NUL-terminated; 0 at the end. */
static size_t read_request(int fd, char *text, size_t cap)
{
    size_t len = 0;
    for (;;) {
        text[len] = '\0';
        const char *end = strstr(text, "\r\n\r\n");
        const char *body = strcasestr(text, "\r\ncontent-length:");
        size_t want = end && body && body < end ? (size_t)strtol(body + 17, NULL, 10) : 0;
        if (end && len >= (size_t)(end - text) + 4 + want)
            return len;
        ssize_t n = len + 1 < cap ? read(fd, text + len, cap - len - 1) : 0;
        if (n <= 0)
            return 0;
        len += (size_t)n;
    }
}

static void count(volatile int *what)
{
    __atomic_add_fetch(what, 1, __ATOMIC_SEQ_CST);
}

static enum signin_step step_of(volatile signin_state *state, const char *text)
{
    count(&state->requests);
    if (strncmp(text, "POST /login ", 12) == 0 && strstr(text, "password=")) {
        count(&state->passwords);
        return SIGNIN_PASSWORD;
    }
    if (strncmp(text, "POST /mfa ", 10) == 0 && strstr(text, "code=")) {
        count(&state->codes);
        return SIGNIN_CODE;
    }
    return SIGNIN_NEVER;
}

static bool put(int fd, const char *data, size_t len)
{
    return len == 0 || write(fd, data, len) == (ssize_t)len;
}

static void break_off(int fd, const char *answer, volatile signin_state *state)
{
    const struct linger now = {1, 0};
    put(fd, answer, state->bytes);
    if (state->how == SIGNIN_RESETS)
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(fd);
    _exit(0);
}

static void converse(int fd, volatile signin_state *state)
{
    char text[16384], answer[2000];
    while (read_request(fd, text, sizeof text)) {
        enum signin_step step = step_of(state, text);
        size_t len = step ? step_answer(answer, sizeof answer, step)
                     : strncmp(text, "GET /api ", 9) == 0
                         ? answer_text(answer, sizeof answer, "application/json", METERS)
                         : answer_text(answer, sizeof answer, "text/html", LOGIN);
        if (step && step == state->step && state->how != SIGNIN_LEAVES)
            break_off(fd, answer, state);
        if (!put(fd, answer, len))
            return;
        if (state->how == SIGNIN_LEAVES && (int)step + 1 == (int)state->step)
            return;
    }
}

static void serve(int listener, volatile signin_state *state)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const struct sigaction ignore = {.sa_handler = SIG_IGN}; /* children are reaped by the kernel */
    sigaction(SIGCHLD, &ignore, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd < 0)
            _exit(1);
        count(&state->connections);
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            close(listener);
            converse(fd, state);
            _exit(0);
        }
        close(fd);
    }
}

void signin_start(signin *p)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(listener >= 0 && bind(listener, (struct sockaddr *)&address, len) == 0 && listen(listener, 64) == 0 &&
             getsockname(listener, (struct sockaddr *)&address, &len) == 0,
         "listen");
    p->port = ntohs(address.sin_port);
    p->state = mmap(NULL, sizeof *p->state, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    must(p->state != MAP_FAILED, "mmap");
    p->pid = fork();
    must(p->pid >= 0, "fork");
    if (p->pid == 0)
        serve(listener, p->state);
    close(listener);
}

void signin_stop(signin *p)
{
    kill(p->pid, SIGKILL);
    waitpid(p->pid, NULL, 0);
    munmap((void *)p->state, sizeof *p->state);
}

void signin_plan(signin *p, enum signin_step step, enum signin_how how, size_t bytes)
{
    *p->state = (signin_state){.step = step, .how = how, .bytes = bytes};
}
