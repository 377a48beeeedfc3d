/* record.h - makes a case of what one run showed (layer cli) */
#ifndef MK_CLI_RECORD_H
#define MK_CLI_RECORD_H
#include "cli/casefile.h"
#include "cli/reel.h"
#include "cli/scrub.h"

typedef struct mk_recording {
    const mk_version *version;
    const char *name;           /* of the case */
    const json_t *credentials;  /* as they were typed */
    const char *mfa;            /* the override, or NULL */
    const uint8_t *seed;        /* 32 bytes that the run was given */
    int64_t now_ms;             /* when it began */
    const mk_reel *reel;
    const mk_mask *mask;        /* of the session: whatever else it knows to be secret */
} mk_recording;

/* The case, scrubbed of credentials, answers, tokens and of whose account it is (names, streets, numbers that the meters say; *personal
 * tells that these had to stay since the adapter gives something else without them), and played once without a network to learn what it will give. MK_OK; MK_EPOLICY with why: a secret would still
 * be in it; MK_EDIVERGED with why: scrubbed, it gives something else than the run did; MK_EPARSE, MK_ENOMEM. outcome is what the run gave:
 * the object that is printed. */
int mk_record_make(json_t **out, const mk_recording *recording, const json_t *outcome, bool *personal, char *why,
                   size_t cap);
/* Writes the case where it belongs, its folder made; path says where. MK_OK, MK_EIO (errno), MK_ENOMEM, MK_ELIMIT. (record.c) */
int mk_record_save(char *path, size_t cap, const mk_found *found, const char *scripts, const char *name, const json_t *doc);
#endif
