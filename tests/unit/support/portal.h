/* portal.h - a little scripted server on loopback, in a child process (tests)
 *
 * What it does depends on the path:
 *   /ok           200 "hello", keeps the connection
 *   /echo         200 with the request as received
 *   /die/N        the first N bytes of an answer of PORTAL_ANSWER, then closes
 *   /rst          resets the connection
 *   /silent       answers nothing until the client leaves
 *   /endless      a body without end        /bomb         100,000 zeros in gzip
 *   /bigheader    a header without end      /manyheaders  600 fields
 *   /garbage      no HTTP                   /badzip       says gzip, is none
 *   /once         as /ok; the next request on this connection is read, counted, never answered
 *   /1xx          103 with a field, then 200 with another, folded */
#ifndef PORTAL_H
#define PORTAL_H
#include <stdbool.h>
#include <sys/types.h>

#define PORTAL_ANSWER "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"

typedef struct portal_counts {
    int connections, requests, posts;
} portal_counts;

typedef struct portal {
    pid_t pid;
    int port;
    volatile portal_counts *counts; /* shared with the child */
} portal;

/* tls: with the certificate of portal_certificate. Aborts on failure. */
void portal_start(portal *p, bool tls);
void portal_stop(portal *p);
/* A self-signed certificate for "portal.test" and its key, as PEM files, made once. */
const char *portal_certificate(void);
const char *portal_key(void);
void portal_forget_certificate(void);
#endif
