/* states.c - how many Lua states a second one core makes and drops, sandbox included (tests)
 *
 * Prints {"states_per_second": n, "bytes_per_state": n, "sessions_per_second": n}. A session here is its state with an adapter
 * loaded from its version, up to where sign_in would begin. CPU time, so that what else runs does not count. */
#include "base/clock.h"
#include "base/err.h"
#include "bind/bind.h"
#include "net/client.h"
#include "parse/html.h"
#include "parse/json.h"
#include "vault/seal.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LEAST_US = 500000, BATCH = 100 };

static const char adapter[] =
    "return { api = 1, id = 'example', name = 'Example Power', services = {'electric'}, portal = 'https://www.example.test/',"
    " hosts = {'www.example.test'}, evidence = 'modelled', sign_in = function(s) end, meters = function(s) return {}, 'none' end }";

static mk_version *version;
static size_t bytes;

static int load_adapter(lua_State *L)
{
    if (!mk_version_push(version, L, NULL))
        return luaL_error(L, "no adapter");
    lua_call(L, 0, 1);
    return 0;
}

static void make_one(bool load, uint64_t seed)
{
    mk_script *script = NULL;
    if (mk_script_new(&script, NULL, NULL, seed) != MK_OK || (load && mk_script_protect(script, load_adapter, NULL) != MK_OK)) {
        fputs("states: a state could not be made\n", stderr);
        exit(1);
    }
    bytes = mk_script_lua_account(script)->used;
    mk_script_free(script);
}

static double per_second(bool load)
{
    const int64_t began = mk_clock_cpu_us();
    int64_t took = 0;
    unsigned long made = 0;
    do {
        for (int i = 0; i < BATCH; i++)
            make_one(load, made++);
        took = mk_clock_cpu_us() - began;
    } while (took < LEAST_US);
    return (double)made * 1e6 / (double)took;
}

int main(void)
{
    json_t *problems = NULL;
    mk_module_source source = {NULL, mk_module_text};
    if (mk_net_init() != MK_OK || mk_vault_init() != MK_OK)
        return 1;
    mk_html_init();
    mk_json_init();
    mk_bind_init();
    if (mk_version_build(&version, "example.lua", adapter, strlen(adapter), &source, &problems) != MK_OK) {
        json_dumpf(problems, stderr, JSON_INDENT(1));
        return 1;
    }
    const double states = per_second(false);
    const size_t empty = bytes;
    const double loaded = per_second(true);
    printf("{\"states_per_second\": %.0f, \"bytes_per_state\": %zu, \"sessions_per_second\": %.0f}\n", states, empty, loaded);
    mk_version_unref(version);
    return 0;
}
