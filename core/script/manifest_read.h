/* manifest_read.h - what the files that read a manifest share (layer script, its own) */
#ifndef MK_SCRIPT_MANIFEST_READ_H
#define MK_SCRIPT_MANIFEST_READ_H
#include "script/luajson_loose.h"
#include "script/manifest.h"

enum { MK_MANIFEST_PROBLEMS = 50, MK_MANIFEST_LIST = 200 };

/* problem: a line about the value at path. The readers below report what is wrong and go on. */
typedef struct mk_manifest_reader {
    const char *file;
    mk_bytes text;
    json_t *problems;
    mk_manifest *m;
    bool no_memory;
} mk_manifest_reader;

void mk_manifest_problem(mk_manifest_reader *r, const char *path, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* "a number", "a function": what a value is, for messages. */
const char *mk_manifest_kind_of(const json_t *value);
/* Reports each key of object that known lacks, with the nearest. prefix: path of object, "" for the whole. */
void mk_manifest_keys(mk_manifest_reader *r, const json_t *object, const char *prefix, const char *const *known);
/* A string (or integer, taken as its digits); NULL if absent or wrong, which is reported. mk_free. */
char *mk_manifest_text(mk_manifest_reader *r, const json_t *object, const char *prefix, const char *key, bool must);
bool mk_manifest_flag(mk_manifest_reader *r, const json_t *object, const char *prefix, const char *key, bool fallback);
/* A list of strings; allowed: NULL for any. NULL-terminated, NULL if absent or wrong. */
char **mk_manifest_list(mk_manifest_reader *r, const json_t *object, const char *prefix, const char *key,
                        const char *const *allowed);
void mk_manifest_free_list(char **list);
/* Reports a value that is not one of allowed. */
void mk_manifest_one_of(mk_manifest_reader *r, const char *path, const char *value, const char *const *allowed);
/* "prefix.key" */
void mk_manifest_path(char *out, size_t cap, const char *prefix, const char *key);

void mk_manifest_read_hosts(mk_manifest_reader *r, const json_t *root);
void mk_manifest_read_credentials(mk_manifest_reader *r, const json_t *root);
void mk_manifest_read_mfa(mk_manifest_reader *r, const json_t *root);
void mk_manifest_read_errors(mk_manifest_reader *r, const json_t *root);
#endif
