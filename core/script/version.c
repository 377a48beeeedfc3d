/* version.c - an adapter with everything it requires: what it holds, its hash (layer script) */
#include "script/version.h"

#include "base/err.h"
#include "script/lex.h"
#include "script/version_impl.h"

#include <lauxlib.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

static void free_piece(mk_version_piece *piece)
{
    mk_free(piece->name);
    mk_free(piece->chunk);
    mk_free(piece->text);
    mk_free(piece->code);
}

mk_version *mk_version_ref(mk_version *version)
{
    __atomic_add_fetch(&version->refs, 1, __ATOMIC_RELAXED);
    return version;
}

void mk_version_unref(mk_version *version)
{
    if (!version || __atomic_sub_fetch(&version->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    for (size_t i = 0; i < version->count; i++)
        free_piece(&version->pieces[i]);
    mk_free(version->pieces);
    mk_manifest_free(version->manifest);
    mk_free(version);
}

const char *mk_version_hash(const mk_version *version)
{
    return version->hash;
}

const char *mk_version_file(const mk_version *version)
{
    return version->pieces[0].chunk;
}

const mk_manifest *mk_version_manifest(const mk_version *version)
{
    return version->manifest;
}

int mk_version_replay_number(const mk_version *version)
{
    return version->replay_number;
}

bool mk_version_part(const mk_version *version, size_t i, const char **name, mk_bytes *text)
{
    if (i >= version->count)
        return false;
    const mk_version_piece *piece = &version->pieces[i];
    *name = i ? piece->name : piece->chunk;
    *text = (mk_bytes){ piece->text, piece->len };
    return true;
}

const mk_version_piece *mk_version_find(const mk_version *version, const char *name)
{
    if (!name)
        name = "";
    for (size_t i = 0; i < version->count; i++)
        if (strcmp(version->pieces[i].name, name) == 0)
            return &version->pieces[i];
    return NULL;
}

int mk_version_add(mk_version *version, const char *name, const char *chunk, char *text, size_t len)
{
    size_t total = len;
    for (size_t i = 0; i < version->count; i++)
        total += version->pieces[i].len;
    if (version->count >= MK_VERSION_PARTS || len > MK_VERSION_TEXT || total > MK_VERSION_TOTAL)
        return MK_ELIMIT;
    mk_version_piece *pieces = mk_realloc(version->pieces, (version->count + 1) * sizeof *pieces);
    if (!pieces)
        return MK_ENOMEM;
    version->pieces = pieces;
    mk_version_piece piece = { .name = mk_strdup(name), .chunk = mk_strdup(chunk), .len = len };
    if (!piece.name || !piece.chunk) {
        free_piece(&piece);
        return MK_ENOMEM;
    }
    piece.text = text;
    pieces[version->count++] = piece;
    return MK_OK;
}

bool mk_version_push(const mk_version *version, lua_State *L, const char *name)
{
    const mk_version_piece *piece = mk_version_find(version, name);
    if (!piece || !piece->code || !lua_checkstack(L, 2))
        return false;
    char chunk[140];
    snprintf(chunk, sizeof chunk, "=%s", piece->chunk);
    if (luaL_loadbufferx(L, piece->code, piece->code_len, chunk, "b") == LUA_OK)
        return true;
    lua_pop(L, 1); /* no memory: the caller sees no function */
    return false;
}

static void seal_hash(mk_version *version)
{
    mk_version_digest digest;
    mk_version_digest_begin(&digest, (size_t)version->replay_number);
    for (size_t i = 0; i < version->count; i++) {
        const mk_version_piece *piece = &version->pieces[i];
        mk_version_digest_add(&digest, piece->name, strlen(piece->name));
        mk_version_digest_add(&digest, piece->chunk, strlen(piece->chunk));
        mk_version_digest_add(&digest, piece->text, piece->len);
    }
    mk_version_digest_end(&digest, version->hash);
}

/* Building: a queue of pieces, each scanned for what it requires. */
typedef struct bundle {
    mk_version *version;
    const mk_module_source *source;
    json_t *problems;
    const char *file; /* whose text is scanned */
    int err;
} bundle;

/* "meterkey.idp.okta" is "meterkey/idp/okta.lua" in messages. */
static void chunk_of(const char *name, char *out, size_t cap)
{
    snprintf(out, cap, "%s.lua", name);
    for (char *at = out; at[4]; at++) /* not the one of .lua */
        if (*at == '.')
            *at = '/';
}

static char *text_of(const bundle *b, const char *name, size_t *len)
{
    return b->source && b->source->text ? b->source->text(b->source->arg, name, len) : NULL;
}

static int add_module(bundle *b, const char *name, bool *there)
{
    char chunk[140];
    size_t len = 0;
    *there = true;
    if (mk_version_is_primitive(name) || mk_version_find(b->version, name))
        return MK_OK;
    char *text = text_of(b, name, &len);
    if (!text) {
        *there = false;
        return MK_OK;
    }
    chunk_of(name, chunk, sizeof chunk);
    const int err = mk_version_add(b->version, name, chunk, text, len);
    if (err)
        mk_free(text);
    return err;
}

static bool on_require(void *arg, mk_bytes name, int line, int col)
{
    bundle *b = arg;
    char text[101];
    bool there = false;
    snprintf(text, sizeof text, "%.*s", (int)(name.len < 100 ? name.len : 100), name.data);
    if (name.len > 100 || !mk_version_name_valid(text)) {
        b->err = mk_version_problem(b->problems, b->file, line, col, "'%s' is not a module's name", text);
        return b->err == MK_OK;
    }
    b->err = add_module(b, text, &there);
    if (b->err == MK_ELIMIT)
        b->err = mk_version_problem(b->problems, b->file, line, col,
                                    "'%s' is too large, or the adapter requires too much", text);
    else if (!b->err && !there)
        b->err = mk_version_problem(b->problems, b->file, line, col, "no module '%s'", text);
    return b->err == MK_OK;
}

static int scan_all(bundle *b)
{
    bool there = false;
    b->err = add_module(b, "meterkey.ask", &there); /* the engine's own Lua, where there is one */
    for (size_t i = 0; i < b->version->count && !b->err; i++) {
        /* The list may move while it grows, what it points to does not. */
        const mk_version_piece piece = b->version->pieces[i];
        b->file = piece.chunk;
        mk_lex_requires((mk_bytes){ piece.text, piece.len }, on_require, b);
    }
    return b->err;
}

static int begin_version(mk_version **out, const char *file, const char *text, size_t len, json_t *problems)
{
    int err = MK_ENOMEM;
    mk_version *version = mk_calloc(1, sizeof *version);
    char *copy = mk_memdup(text, len <= MK_VERSION_TEXT ? len : 0);
    if (!version || !copy)
        goto failed;
    version->refs = 1;
    version->replay_number = MK_REPLAY_NUMBER;
    err = len > MK_VERSION_TEXT ? MK_ELIMIT : mk_version_add(version, "", file, copy, len);
    if (err == MK_ELIMIT) {
        err = mk_version_problem(problems, file, 1, 1, "the script is over %d KiB", MK_VERSION_TEXT / 1024);
        err = err ? err : MK_EPARSE;
    }
    if (err)
        goto failed;
    *out = version;
    return MK_OK;
failed:
    mk_free(copy);
    mk_version_unref(version);
    return err;
}

int mk_version_collect(mk_version **out, const char *file, const char *text, size_t len, const mk_module_source *source, json_t *problems)
{
    mk_version *version = NULL;
    int err = begin_version(&version, file, text, len, problems);
    if (err)
        return err;
    bundle b = { .version = version, .source = source, .problems = problems };
    err = scan_all(&b);
    if (err)
        mk_version_unref(version);
    else
        *out = version;
    return err;
}

int mk_version_finish(mk_version *version, json_t *problems)
{
    const int err = mk_version_compile(version, problems);
    if (err || json_array_size(problems))
        return err ? err : MK_EPARSE;
    seal_hash(version);
    return MK_OK;
}

int mk_version_build(mk_version **out, const char *file, const char *text, size_t len, const mk_module_source *source,
                     json_t **problems)
{
    mk_version *version = NULL;
    json_t *found = json_array();
    int err = found ? mk_version_collect(&version, file, text, len, source, found) : MK_ENOMEM;
    if (!err)
        err = mk_version_finish(version, found);
    if (problems)
        *problems = err == MK_EPARSE ? json_incref(found) : NULL;
    json_decref(found);
    if (err)
        mk_version_unref(version);
    else
        *out = version;
    return err;
}
