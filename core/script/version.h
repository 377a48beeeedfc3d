/* version.h - an adapter with everything it requires, by content hash (layer script)
 *
 * contract.md section 7. Sources travel; bytecode is made from them in this process and never read from outside. */
#ifndef MK_SCRIPT_VERSION_H
#define MK_SCRIPT_VERSION_H
#include "base/buf.h"
#include "base/fault.h"
#include "script/manifest.h"
#include "script/state.h"

/* Changes whenever the meaning of a primitive does, so that a parked session is not replayed by an engine that would do otherwise. */
enum { MK_REPLAY_NUMBER = 1 };

typedef struct mk_version mk_version; /* immutable, reference-counted */

/* Where modules come from: the text of "meterkey.idp.okta" (mk_free), or NULL. */
typedef struct mk_module_source {
    void *arg;
    char *(*text)(void *arg, const char *name, size_t *len);
} mk_module_source;

/* Where modules come from by default: files under overlay (may be NULL; "<overlay>/meterkey/idp/okta.lua"), then those embedded in the binary. */
char *mk_module_text(void *overlay, const char *name, size_t *len);

/* Pushes the opener of a C module ("meterkey.http" ...) as a function, false for other names: set once at start by
 * layer bind (mk_bind_module), so that a chunk may require primitives at its top level. NULL: they are empty tables. */
extern bool (*mk_version_primitive)(lua_State *L, const char *name);

/* Builds a version from an adapter's text. file: its name in messages ("coned.lua"). Finds all it requires (literals,
 * recursively; also "meterkey.ask", the engine's own Lua, in each version), compiles, runs the chunk once in a scratch state under limits, reads and checks the manifest.
 * MK_OK; else *problems is a JSON list of {"file","line","col","message","code"} (code adapter.load, ...) and MK_EPARSE; MK_ENOMEM. */
int mk_version_build(mk_version **out, const char *file, const char *text, size_t len, const mk_module_source *source,
                     json_t **problems);
/* The same in two steps, for whoever must know all that it holds before any of it is compiled or run. Collected, a version can only be
 * saved, finished or let go. Both add to the list problems. MK_OK (collect: with problems, too), MK_EPARSE (with problems), MK_ENOMEM. */
int mk_version_collect(mk_version **out, const char *file, const char *text, size_t len, const mk_module_source *source, json_t *problems);
int mk_version_finish(mk_version *version, json_t *problems);
mk_version *mk_version_ref(mk_version *version);
void mk_version_unref(mk_version *version);
const char *mk_version_hash(const mk_version *version); /* 16 hex digits of SHA-256 over names, texts, replay number */
const char *mk_version_file(const mk_version *version);
const mk_manifest *mk_version_manifest(const mk_version *version);
int mk_version_replay_number(const mk_version *version); /* the engine's that built it */
/* The adapter's own text and each part's, for showing and checking: part 0 is the adapter. False past the end. */
bool mk_version_part(const mk_version *version, size_t i, const char **name, mk_bytes *text);
/* Everything to bytes and back. MK_OK, MK_ENOMEM, MK_ELIMIT; MK_EPARSE; MK_EVERSION (replay number unknown here: *replay says which). */
int mk_version_save(const mk_version *version, mk_buf *out);
int mk_version_load(mk_version **out, const void *data, size_t len);
/* The hash of what mk_version_save gave and the adapter's file (in data), without running any of it. MK_OK, MK_ENOMEM, MK_EPARSE,
 * MK_EVERSION. */
int mk_version_hash_of(const void *data, size_t len, char hash[17], mk_bytes *file);
/* Pushes the chunk of a part ("" or NULL: the adapter) as a function from bytecode; false if there is none of that name. */
bool mk_version_push(const mk_version *version, lua_State *L, const char *name);
#endif
