/* folders.c - where adapters lie (layer script) */
#include "script/folders.h"

#include "base/build.h"

#include <stdio.h>
#include <string.h>

const char *mk_scripts_folder(const char *scripts, size_t i, char *out, size_t cap)
{
    if (!scripts)
        i++;
    if (i == 0)
        return scripts;
    if (i == 1)
        return "scripts";
    snprintf(out, cap, "%s/scripts", mk_build_datadir);
    return i == 2 ? out : NULL;
}

bool mk_scripts_is_id(const char *text)
{
    const size_t len = strlen(text);
    return len > 0 && len <= MK_SCRIPT_ID_MAX && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-") == len;
}

bool mk_scripts_id_of(const char *name, char *out)
{
    const size_t len = strlen(name);
    if (len < 5 || len - 4 > MK_SCRIPT_ID_MAX || strcmp(name + len - 4, ".lua") != 0)
        return false;
    snprintf(out, MK_SCRIPT_ID_MAX + 1, "%.*s", (int)(len - 4), name);
    return mk_scripts_is_id(out);
}
