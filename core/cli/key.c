/* key.c - the command `key`: the master key of a service's store (layer cli) */
#include "service/keys.h"

#include "base/err.h"
#include "base/mem.h"
#include "cli/command.h"
#include "cli/serving.h"
#include "service/config.h"

#include <stdio.h>
#include <string.h>

static int rotate(const json_t *config, char *file, size_t cap, char *why)
{
    mk_store *store = NULL;
    const char *url = mk_config_text(config, "store");
    int err = mk_keys_file(config, file, cap);
    if (!err)
        err = mk_store_open(&store, url ? url : "", false, why);
    if (!err)
        err = mk_keys_rotate(store, file, why);
    mk_store_close(store);
    return err;
}

int mk_cmd_key(const mk_args *args)
{
    char file[4096], why[MK_STORE_WHY] = "";
    json_t *config = NULL;
    if (strcmp(args->operands[0], "rotate") != 0)
        return mk_args_say(args, 2, "'%s': only `key rotate` is there", args->operands[0]);
    const int status = mk_serving_config(&config, args);
    if (status)
        return status;
    const int err = rotate(config, file, sizeof file, why);
    json_decref(config);
    if (err)
        return mk_args_say(args, 1, "%s", *why ? why : mk_err_text(err));
    printf("%s holds a new master key, and a new data key seals from now on.\n"
           "Keep a copy of the file; backups made before open with the old key only.\n", file);
    return 0;
}
