/* serving.h - the settings that commands on a service share (layer cli) */
#ifndef MK_SERVING_H
#define MK_SERVING_H
#include "cli/options.h"
#include <jansson.h>

/* Those of --config with --store, --listen, --scripts and --runtime in their place, as far as the command has them. 0 with a new object; or the exit status after saying
 * what is wrong. */
int mk_serving_config(json_t **out, const mk_args *args);
#endif
