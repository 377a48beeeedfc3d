/* storecmd.c - the command `store`: a copy of a service's store, a look through it (layer cli) */
#include "store/store.h"

#include "base/err.h"
#include "base/mem.h"
#include "cli/command.h"
#include "cli/serving.h"
#include "service/config.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static int backup(mk_store *store, const mk_args *args)
{
    char why[MK_STORE_WHY] = "";
    struct stat st;
    const char *path = args->operands[1];
    const int err = mk_store_backup(store, path, why);
    if (err || stat(path, &st) != 0)
        return mk_args_say(args, 1, "%s", *why ? why : mk_err_text(err ? err : MK_EIO));
    printf("%s: %lld bytes; it opens with the master key alone, which is not in it\n", path, (long long)st.st_size);
    return 0;
}

static int check(mk_store *store, const mk_args *args)
{
    char why[MK_STORE_WHY] = "";
    size_t i;
    json_t *problems = NULL, *one;
    const int err = mk_store_check(store, &problems, why);
    if (err)
        return mk_args_say(args, 1, "%s", *why ? why : mk_err_text(err));
    json_array_foreach(problems, i, one)
        printf("%s\n", json_string_value(one));
    const bool sound = !json_array_size(problems);
    if (sound)
        printf("sound\n");
    json_decref(problems);
    return sound ? 0 : 1;
}

int mk_cmd_store(const mk_args *args)
{
    char why[MK_STORE_WHY] = "";
    json_t *config = NULL;
    mk_store *store = NULL;
    const char *what = args->operands[0];
    const bool copies = strcmp(what, "backup") == 0;
    if (!copies && strcmp(what, "check") != 0)
        return mk_args_say(args, 2, "'%s': expected backup or check", what);
    if (args->operand_count != (copies ? 2 : 1))
        return mk_args_say(args, 2, copies ? "backup needs a FILE to write" : "check takes no FILE: say --store");
    int status = mk_serving_config(&config, args);
    if (status)
        return status;
    const char *url = mk_config_text(config, "store");
    const int err = mk_store_open(&store, url ? url : "", false, why);
    json_decref(config);
    if (err)
        return mk_args_say(args, 1, "%s", *why ? why : mk_err_text(err));
    status = copies ? backup(store, args) : check(store, args);
    mk_store_close(store);
    return status;
}
