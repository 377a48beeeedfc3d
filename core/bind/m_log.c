/* m_log.c - meterkey.log: lines for whoever runs the script (layer bind)
 *
 * Silent in a replay; the host masks every secret before a line leaves. */
#include "bind/prim.h"
#include "base/log.h"
#include <string.h>

enum { MAX_LINE = 4096 };

static int write_line(lua_State *L, int level)
{
    mk_host *host = mk_host_of(L);
    int count = lua_gettop(L);
    mk_buf *buf = mk_lua_new_buf(L, MAX_LINE);
    for (int i = 1; i <= count; i++) {
        size_t len;
        const char *text = mk_script_tostring(L, i, &len);
        size_t room = MAX_LINE - buf->len - (i > 1 && buf->len < MAX_LINE);
        int err = i > 1 && buf->len < MAX_LINE ? mk_buf_addc(buf, ' ') : 0;
        if (!err)
            err = mk_buf_add(buf, text, len < room ? len : room); /* the rest of a long line is not missed */
        mk_prim_check(L, err, "log");
        lua_settop(L, count + 1);
    }
    host->log(host, level, buf->data, buf->len);
    return 0;
}

/* log.debug(...)                                                   [-n, +0, e] no wait */
/** Writes its arguments as one line, as `tostring` shows them, with a blank between; at most 4 KiB. */
static int b_debug(lua_State *L) { return write_line(L, MK_LOG_DEBUG); }

/* log.info(...)                                                    [-n, +0, e] no wait */
static int b_info(lua_State *L) { return write_line(L, MK_LOG_INFO); }

/* log.warn(...)                                                    [-n, +0, e] no wait */
static int b_warn(lua_State *L) { return write_line(L, MK_LOG_WARN); }

/* log.error(...)                                                   [-n, +0, e] no wait */
/** Only writes; `s:fail` ends the session. */
static int b_error(lua_State *L) { return write_line(L, MK_LOG_ERROR); }

int mk_open_log(lua_State *L)
{
    static const luaL_Reg functions[] = {{"debug", b_debug}, {"info", b_info}, {"warn", b_warn}, {"error", b_error},
                                         {NULL, NULL}};
    luaL_newlib(L, functions);
    return 1;
}
