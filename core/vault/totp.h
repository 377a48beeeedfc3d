/* totp.h - codes of authenticator apps (layer vault)
 *
 * RFC 6238 with SHA-1, 30 seconds, 6 digits: what portals hand out, and what our own dashboard asks for. */
#ifndef MK_TOTP_H
#define MK_TOTP_H
#include "base/mem.h"
#include <stdbool.h>
#include <stdint.h>

enum { MK_TOTP_SECONDS = 30 };
/* The code of a time step. secret: base32 (RFC 4648) as shown to people; blanks, dashes, padding and case are ignored. False if it is none. */
bool mk_totp_at(mk_bytes secret, int64_t step, char code[8]);
#endif
