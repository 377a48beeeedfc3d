/* credentials.h - what the customer would type: from a file, standard input or a person (layer cli) */
#ifndef MK_CREDENTIALS_H
#define MK_CREDENTIALS_H
#include "cli/options.h"

/* From --credentials FILE (- for standard input), else asked for on the terminal. 0 with *out; or the exit status after
 * saying what is wrong and what to do. */
int mk_credentials_get(mk_credentials **out, const mk_args *args, const mk_manifest *manifest);
#endif
