/* template.h - texts that `meterkey new` fills in: adapters and their first case (layer cli)
 *
 * The binary carries them below runtime/templates: plain.lua; family.in, the frame of all identity providers' families,
 * with <family>.txt, the parts that go into it; case.json, the frame of a first case, with <family>.json or plain.json,
 * what the portal answers. */
#ifndef MK_CLI_TEMPLATE_H
#define MK_CLI_TEMPLATE_H
#include "base/buf.h"

#include <jansson.h>
#include <stdbool.h>

/* What stands for @ID@, @NAME@ and, from the id, @HOST@; family is NULL for the plain adapter. */
typedef struct mk_template {
    const char *family, *id, *name;
} mk_template;

enum { MK_TEMPLATE_FAMILIES = 32 };

/* Fills names, which ends with NULL, with all families; gives their number. */
size_t mk_template_families(const char *names[MK_TEMPLATE_FAMILIES + 1]);
/* The adapter's text, appended. MK_OK, MK_ENOMEM, MK_ELIMIT. */
int mk_template_adapter(mk_buf *out, const mk_template *t);
/* A case without its outcome (see casefile.h). MK_OK, MK_ENOMEM, MK_EPARSE, MK_ELIMIT. */
int mk_template_case(json_t **out, const mk_template *t);
#endif
