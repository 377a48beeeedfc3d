/* serving.c - the settings that commands on a service share (layer cli) */
#include "cli/serving.h"

#include "base/err.h"
#include "cli/options.h"
#include "service/config.h"

#include <string.h>

static int override(json_t *config, const mk_args *args, const char *option)
{
    const char *value = mk_args_get(args, option);
    return value && json_object_set_new(config, option + 2, json_string(value)) ? MK_ENOMEM : MK_OK;
}

int mk_serving_config(json_t **out, const mk_args *args)
{
    static const char *const options[] = { "--store", "--listen", "--scripts", "--runtime" };
    char why[400] = "";
    json_t *config = NULL;
    int err = mk_config_read(&config, mk_args_get(args, "--config"), why, sizeof why);
    for (size_t i = 0; !err && i < sizeof options / sizeof *options; i++)
        err = override(config, args, options[i]);
    if (!err) {
        *out = config;
        return 0;
    }
    json_decref(config);
    return mk_args_say(args, err == MK_ENOMEM ? 1 : 2, "%s", *why ? why : mk_err_text(err));
}
