/* version_run.c - compiles the parts of a version and runs its adapter once, aside (layer script) */
#include "base/codec.h"
#include "base/err.h"
#include "script/version_impl.h"

#include <lauxlib.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CODE_MOST = 16 * 1024 * 1024 };

bool (*mk_version_primitive)(lua_State *L, const char *name);

static const char *const primitives[] = { "meterkey.http", "meterkey.cookies", "meterkey.regex", "meterkey.html",
                                          "meterkey.json", "meterkey.url",     "meterkey.crypto", "meterkey.time",
                                          "meterkey.log",  NULL };

bool mk_version_is_primitive(const char *name)
{
    for (const char *const *at = primitives; *at; at++)
        if (strcmp(*at, name) == 0)
            return true;
    return false;
}

/* Words of lower-case letters, digits and _, parted by single dots: never a path upward. */
bool mk_version_name_valid(const char *name)
{
    char before = '.';
    size_t len = 0;
    for (; name[len]; before = name[len++]) {
        const char c = name[len];
        const bool word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
        if (!word && (c != '.' || before == '.'))
            return false;
    }
    return len && len <= 100 && before != '.';
}

int mk_version_problem(json_t *problems, const char *file, int line, int col, const char *format, ...)
{
    char message[500];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    for (char *at = message; *at; at++) /* parts of a source may stand in it, cut anywhere */
        if ((unsigned char)*at < ' ')
            *at = ' ';
    if (!mk_utf8_valid(message, strlen(message)))
        for (char *at = message; *at; at++)
            if ((unsigned char)*at >= 0x80)
                *at = '?';
    json_t *one = json_pack("{s:s, s:i, s:i, s:s, s:s, s:s}", "file", file, "line", line, "col", col, "path", "", "message",
                            message, "code", "adapter.load");
    return one && json_array_append_new(problems, one) == 0 ? MK_OK : MK_ENOMEM;
}

/* The first column of a line that is not blank. */
static int column_of(const mk_version_piece *piece, int line)
{
    const char *at = piece->text, *end = piece->text + piece->len;
    for (; line > 1 && at < end; line--) {
        const char *next = memchr(at, '\n', (size_t)(end - at));
        at = next ? next + 1 : end;
    }
    int col = 1;
    for (; at < end && (*at == ' ' || *at == '\t'); at++)
        col++;
    return col;
}

/* "file.lua:12: message" as a problem at that place. */
static int report(json_t *problems, const mk_version *version, const mk_version_piece *piece, const char *message)
{
    int line = 1;
    for (size_t i = 0; i < version->count; i++) {
        const mk_version_piece *named = &version->pieces[i];
        const size_t len = strlen(named->chunk);
        if (strncmp(message, named->chunk, len) != 0 || message[len] != ':')
            continue;
        char *end = NULL;
        const long at = strtol(message + len + 1, &end, 10);
        if (*end == ':' && at > 0 && at < 10000000) {
            line = (int)at;
            piece = named;
            message = end + 1 + strspn(end + 1, " ");
        }
        break;
    }
    return mk_version_problem(problems, piece->chunk, line, column_of(piece, line), "%s", message);
}

static int write_code(lua_State *L, const void *data, size_t len, void *arg)
{
    (void)L;
    return mk_buf_add(arg, data, len);
}

static int compile_piece(lua_State *L, mk_version *version, mk_version_piece *piece, json_t *problems)
{
    char chunk[140];
    mk_buf code;
    if (piece->len && (piece->text[0] == '\x1b' || memchr(piece->text, '\0', piece->len)))
        return mk_version_problem(problems, piece->chunk, 1, 1, "this is not Lua source text (binary)");
    if (!mk_utf8_valid(piece->text, piece->len))
        return mk_version_problem(problems, piece->chunk, 1, 1, "the source is not UTF-8 text");
    snprintf(chunk, sizeof chunk, "=%s", piece->chunk);
    const int status = luaL_loadbufferx(L, piece->text, piece->len, chunk, "t");
    if (status == LUA_ERRMEM) {
        lua_pop(L, 1);
        return MK_ENOMEM;
    }
    if (status != LUA_OK) {
        const int err = report(problems, version, piece, lua_tostring(L, -1));
        lua_pop(L, 1);
        return err;
    }
    mk_buf_init(&code, CODE_MOST);
    const int failed = lua_dump(L, write_code, &code, 0); /* not stripped: errors name their lines */
    lua_pop(L, 1);
    piece->code = failed ? NULL : mk_buf_steal(&code, &piece->code_len);
    mk_buf_free(&code);
    return piece->code ? MK_OK : MK_ENOMEM;
}

/* The modules of a version, for the run aside. */
static bool load_module(void *arg, lua_State *L, const char *name)
{
    if (!mk_version_is_primitive(name))
        return mk_version_push(arg, L, name);
    if (mk_version_primitive && mk_version_primitive(L, name))
        return true;
    return luaL_loadstring(L, "return {}") == LUA_OK;
}

/* What did not load, in the script's own place if it has one. */
static int report_fault(json_t *problems, const mk_version *version, const mk_fault *fault)
{
    char text[500];
    if (!fault)
        return MK_ENOMEM;
    snprintf(text, sizeof text, "%s%s%s", fault->script ? fault->script : "", fault->script ? ": " : "", fault->message);
    return report(problems, version, &version->pieces[0], text);
}

static int read_result(mk_version *version, lua_State *thread, json_t *problems)
{
    const mk_version_piece *adapter = &version->pieces[0];
    const mk_bytes text = { adapter->text, adapter->len };
    return mk_manifest_read(&version->manifest, thread, -1, adapter->chunk, text, problems);
}

/* Runs the adapter's chunk, which must return its table. */
static int run_adapter(mk_version *version, mk_script *script, json_t *problems)
{
    int count = 0, err = MK_OK;
    lua_State *thread = mk_script_thread(script);
    mk_fault *fault = NULL;
    if (!thread || !mk_version_push(version, thread, ""))
        return MK_ENOMEM;
    switch (mk_script_resume(script, thread, 0, &count)) {
    case MK_SCRIPT_DONE:
        if (count >= 1)
            lua_settop(thread, lua_gettop(thread) - count + 1); /* the first result */
        else if (lua_checkstack(thread, 1))
            lua_pushnil(thread);
        return read_result(version, thread, problems);
    case MK_SCRIPT_WAITS:
        return mk_version_problem(problems, version->pieces[0].chunk, 1, 1, "an adapter's top level cannot wait");
    case MK_SCRIPT_FAILED:
        fault = mk_script_to_fault(thread, -1);
        err = report_fault(problems, version, fault);
        mk_fault_free(fault);
        return err;
    default: return report_fault(problems, version, mk_script_ended(script));
    }
}

int mk_version_compile(mk_version *version, json_t *problems)
{
    mk_script_limits limits = mk_script_defaults;
    const mk_script_owner owner = { .arg = version, .module = load_module };
    mk_script *script = NULL;
    limits.burst_us = limits.total_us; /* nobody waits for it, and checks run on busy machines */
    int err = mk_script_new(&script, &limits, &owner, 1);
    for (size_t i = 0; i < version->count && !err; i++)
        err = compile_piece(mk_script_lua(script), version, &version->pieces[i], problems);
    if (!err && !json_array_size(problems))
        err = run_adapter(version, script, problems);
    mk_script_free(script);
    return err;
}
