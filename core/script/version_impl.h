/* version_impl.h - the inside of a version (layer script, its own) */
#ifndef MK_SCRIPT_VERSION_IMPL_H
#define MK_SCRIPT_VERSION_IMPL_H
#include "script/version.h"
#include <sodium.h>

enum {
    MK_VERSION_PARTS = 128,
    MK_VERSION_TEXT = 512 * 1024,      /* of one part */
    MK_VERSION_TOTAL = 4 * 1024 * 1024 /* of all */
};

typedef struct mk_version_piece {
    char *name;  /* "" for the adapter */
    char *chunk; /* as in messages: "coned.lua", "meterkey/idp/okta.lua" */
    char *text;
    size_t len;
    char *code; /* bytecode of this process */
    size_t code_len;
} mk_version_piece;

struct mk_version {
    int refs;
    int replay_number;
    char hash[17];
    mk_version_piece *pieces; /* [0] is the adapter */
    size_t count;
    mk_manifest *manifest;
};

const mk_version_piece *mk_version_find(const mk_version *version, const char *name);
/* Takes text over on success. MK_OK, MK_ENOMEM, MK_ELIMIT. */
int mk_version_add(mk_version *version, const char *name, const char *chunk, char *text, size_t len);
/* Adds to problems; col 0: the first column that is not blank. */
int mk_version_problem(json_t *problems, const char *file, int line, int col, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/* True for meterkey.http and the other modules that are C. */
bool mk_version_is_primitive(const char *name);
bool mk_version_name_valid(const char *name);
/* Of each part in order: its name, its chunk, its text. */
typedef crypto_hash_sha256_state mk_version_digest;
void mk_version_digest_begin(mk_version_digest *digest, size_t replay_number);
void mk_version_digest_add(mk_version_digest *digest, const char *text, size_t len);
void mk_version_digest_end(mk_version_digest *digest, char hash[17]);
/* Compiles all pieces, runs the adapter's chunk, reads the manifest. MK_OK, MK_EPARSE, MK_ENOMEM. */
int mk_version_compile(mk_version *version, json_t *problems);
#endif
