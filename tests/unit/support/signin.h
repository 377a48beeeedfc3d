/* signin.h - a portal on loopback to sign in to, in a child, that breaks off where it is told to (tests)
 *
 * GET /login, POST /login (password=...), POST /mfa (code=...), GET /api; connections are kept. It counts each
 * password and each code that arrives whole. */
#ifndef SIGNIN_H
#define SIGNIN_H
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum signin_step { SIGNIN_NEVER, SIGNIN_PASSWORD, SIGNIN_CODE };
enum signin_how {
    SIGNIN_CLOSES, /* after `bytes` bytes of its answer */
    SIGNIN_RESETS, /* the same, with a reset */
    SIGNIN_LEAVES  /* closes the idle connection right after the answer to the GET before it */
};

typedef struct signin_state {
    enum signin_step step; /* set by the test, at any time */
    enum signin_how how;
    size_t bytes;
    int passwords, codes, requests, connections; /* counted by the portal */
} signin_state;

typedef struct signin {
    pid_t pid;
    int port;
    volatile signin_state *state; /* shared with the child */
} signin;

void signin_start(signin *portal);
void signin_stop(signin *portal);
/* Sets what it does next and begins to count anew. */
void signin_plan(signin *portal, enum signin_step step, enum signin_how how, size_t bytes);
/* The whole answer to that step, as sent. */
size_t signin_answer_len(enum signin_step step);
#endif
