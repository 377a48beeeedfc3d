/* fault.h - typed errors, domain.code (layer base)
 *
 * The table is shared/taxonomy.md. A code that the table lacks is refused:
 * what is unknown is adapter.unexpected_page, never the customer's fault. */
#ifndef MK_FAULT_H
#define MK_FAULT_H
#include <jansson.h>
#include <stdbool.h>

typedef struct mk_fault_kind {
    const char *code;  /* "auth.credentials" */
    const char *owner; /* user site adapter engine network operator */
    const char *retry; /* never now after after_user */
    bool counts;       /* toward a lockout */
    bool catchable;    /* by pcall in a script */
    const char *help;  /* what to do next, one sentence, for whoever runs it */
} mk_fault_kind;

/* The row of that code, or NULL. Static. */
const mk_fault_kind *mk_fault_find(const char *code);
/* The i-th row, NULL past the end: for docs and tests. */
const mk_fault_kind *mk_fault_at(size_t i);
/* Exit status for a code (design section 5): 10 auth, 11 mfa, 12 user_action,
 * 13 site and net, 14 adapter, 15 policy, 16 engine. */
int mk_fault_exit(const char *code);

typedef struct mk_fault {
    const mk_fault_kind *kind;
    char *message;    /* for people; masked before it leaves the session */
    char *script;     /* "coned.lua:42" or NULL */
    char *help_url;   /* or NULL */
    char *help_text;  /* or NULL: then kind->help */
    json_t *evidence; /* object or NULL; masked before it leaves */
} mk_fault;

/* New fault; code must be in the table, otherwise adapter.unexpected_page.
 * NULL when out of memory. */
mk_fault *mk_fault_new(const char *code, const char *format, ...) __attribute__((format(printf, 2, 3)));
void mk_fault_free(mk_fault *fault); /* NULL is fine */
/* Adds to the evidence; takes the reference of value. Out of memory, or no fault: dropped. */
void mk_fault_evidence(mk_fault *fault, const char *key, json_t *value);
#endif
