/* err.c - texts of the result codes (layer base) */
#include "base/err.h"

#include <stddef.h>

const char *mk_err_text(int err)
{
    static const char *const text[] = {
        [MK_OK] = "ok",
        [MK_ENOMEM] = "out of memory",
        [MK_EINVAL] = "invalid argument",
        [MK_EPARSE] = "malformed data",
        [MK_ELIMIT] = "a limit was reached",
        [MK_EPOLICY] = "not allowed",
        [MK_ENOENT] = "not found",
        [MK_EEXIST] = "exists already",
        [MK_EIO] = "input or output failed",
        [MK_ECLOSED] = "closed",
        [MK_ECRYPTO] = "the seal does not hold: changed or damaged",
        [MK_EVERSION] = "a version this program does not know",
        [MK_ESPENT] = "used already",
        [MK_EDIVERGED] = "the replay differs from the record",
    };
    if (err < 0 || (size_t)err >= sizeof text / sizeof *text)
        return "unknown error";
    return text[err];
}
