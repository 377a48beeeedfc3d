/* err.h - result codes of C functions (layer base)
 *
 * A core function returns MK_OK or one of these; text is made at the edge.
 * What a session ends with is not one of these but a typed fault, fault.h. */
#ifndef MK_ERR_H
#define MK_ERR_H

enum mk_err {
    MK_OK = 0,
    MK_ENOMEM,   /* out of memory, or the account it was charged to is full */
    MK_EINVAL,   /* a caller's mistake: an argument that can never work */
    MK_EPARSE,   /* outside bytes that are not what they should be */
    MK_ELIMIT,   /* a cap was reached: size, depth, steps, time */
    MK_EPOLICY,  /* not allowed here */
    MK_ENOENT,   /* not there */
    MK_EEXIST,   /* there already */
    MK_EIO,      /* the file system or the network failed */
    MK_ECLOSED,  /* the thing is closed, over or cancelled */
    MK_ECRYPTO,  /* a seal or a signature does not hold */
    MK_EVERSION, /* a format or replay number this engine does not know */
    MK_ESPENT,   /* used once already */
    MK_EDIVERGED /* a replay asked for something else than was recorded */
};

/* A short English text for err, never NULL; static. */
const char *mk_err_text(int err);
#endif
