/* mask_words.h - words that a page may have whoever signs in (layer vault) */
#ifndef MK_MASK_WORDS_H
#define MK_MASK_WORDS_H
#include "base/mem.h"
#include <stdbool.h>

/* Nothing but ASCII letters. */
bool mk_mask_is_word(mk_bytes text);
/* One that portals' pages are made of, whatever its case: masked in a sentence it would only make that unreadable. */
bool mk_mask_is_common(mk_bytes text);
#endif
