/* manifest.h - what an adapter says of itself, checked field by field (layer script)
 *
 * design.md section 4. */
#ifndef MK_SCRIPT_MANIFEST_H
#define MK_SCRIPT_MANIFEST_H
#include "base/mem.h"
#include "parse/rule.h"
#include <jansson.h>
#include <lua.h>

enum mk_mfa_policy { MK_MFA_RELAY, MK_MFA_TURN_OFF };

typedef struct mk_host_entry { char *entry; bool secrets; } mk_host_entry;
typedef struct mk_credential_field { char *name, *label, *type; bool secret, optional; } mk_credential_field;

typedef struct mk_manifest {
    char *id, *name, *utility_id, *portal, *evidence, *timezone; /* optional ones NULL */
    char *help_url;       /* mfa.help_url, or NULL */
    char **steps;         /* mfa.steps: how to switch MFA off, plain words; NULL-terminated, may be NULL */
    bool off_impossible;  /* mfa.off_impossible = true: the utility does not let MFA be switched off */
    char **regions, **services; /* NULL-terminated */
    mk_host_entry *hosts; size_t host_count;
    mk_credential_field *credentials; size_t credential_count; /* username and password by default */
    enum mk_mfa_policy policy;
    mk_rule **mfa; json_t **mfa_entries; size_t mfa_count;     /* entries as JSON, for reports */
    mk_rule **errors; json_t **error_entries; size_t error_count;
    char **kinds;         /* of challenges: mfa.kinds or from the patterns; NULL-terminated */
    bool has_sign_out;
} mk_manifest;

/* Reads the table at idx (what the chunk returned). Every problem is added to problems as {"file","line","col","path",
 * "message","code":"adapter.load"}: missing fields, wrong types, misspelt keys with the nearest suggested, id that is not the file's
 * name, hosts that are none, portal outside hosts, patterns that do not compile, a float where a name is, sign_in or meters missing. The place is found in text.
 * MK_OK, MK_EPARSE (problems is not empty), MK_ENOMEM. Free with mk_manifest_free. */
int mk_manifest_read(mk_manifest **out, lua_State *L, int idx, const char *file, mk_bytes text, json_t *problems);
void mk_manifest_free(mk_manifest *manifest);
/* As one entry of `utilities --json` without version. New reference. */
json_t *mk_manifest_json(const mk_manifest *manifest);

/* Line and column (from 1) of a key path such as "mfa.patterns[2].html" in the table that the source returns; of its nearest
 * ancestor that is there; 1:1 if nothing is. A lexer of its own, nothing is run. */
void mk_manifest_locate(mk_bytes text, const char *path, int *line, int *col);
#endif
