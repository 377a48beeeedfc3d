/* hostile.h - what the files of the hostile tests share */
#ifndef MK_HOSTILE_H
#define MK_HOSTILE_H
#include "base/buf.h"
#include "base/mem.h"
#include <stdbool.h>
#include <sys/types.h>

/* One script with what its first lines promise; see README.md. */
typedef struct hostile {
    char name[64];
    char *text;       /* the file */
    char *adapter;    /* the whole adapter made of it */
    char expect[40];  /* a code, "meters" or "refused" */
    long within_ms;
    int most_requests; /* -1: not said */
    bool real, whole, sends, human;
    const char *says[8], *logs[8], *limits[8]; /* into lines */
    char *lines;      /* what they point into */
    char hosts[400], with[1200];
} hostile;

/* False: the file cannot be read or promises nothing; told on standard output. */
bool hostile_read(hostile *h, const char *path);
/* The adapter, reaching the portal at origin ("https://www.hostile.test" or "http://127.0.0.1:NNNN"). */
void hostile_build(hostile *h, const char *origin);
void hostile_free(hostile *h);
/* A new text with each `from` in text replaced; free it. */
char *hostile_replace(const char *text, const char *from, const char *to);

/* What the portal answers, on the wire or without one. */
typedef struct answer {
    int status;
    const char *type;
    char fields[20][300]; /* "Name: value" */
    int field_count;
    mk_buf body;
} answer;
/* target: path and query. False: no such page; out->body is to be freed all the same. */
bool pages_answer(const char *method, const char *target, const char *body, answer *out);

/* A server on loopback, in a child process, that answers pages and misbehaves on some paths (rogue.c). */
typedef struct rogue {
    pid_t pid;
    int port;
} rogue;
void rogue_start(rogue *r);
void rogue_stop(rogue *r);
#endif
