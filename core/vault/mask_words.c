/* mask_words.c - words that a page may have whoever signs in (layer vault) */
#include "vault/mask_words.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LONGEST = 14 };

/* Sorted, for bsearch. */
static const char *const common[] = {
    "access", "account", "accounts", "action", "active", "address", "admin", "again", "agree", "already", "amount", "answer", "attempt",
    "attempts", "authentication", "authorized", "back", "balance", "because", "been", "before", "bill", "billing", "blocked", "business",
    "call", "cancel", "change", "changed", "check", "choose", "city", "click", "close", "closed", "code", "commercial", "contact", "continue",
    "cookie", "correct", "could", "customer", "dashboard", "data", "date", "days", "demo", "device", "disabled", "done", "electric", "email",
    "empty", "energy", "enter", "error", "expired", "failed", "find", "first", "forgot", "found", "from", "gas", "guest", "have", "hello",
    "help", "here", "home", "hours", "incorrect", "information", "invalid", "later", "light", "link", "locked", "login", "mail",
    "maintenance", "message", "meter", "method", "minutes", "missing", "mobile", "more", "must", "name", "need", "new", "next", "not",
    "number", "online", "open", "owner", "page", "password", "payment", "phone", "please", "portal", "power", "problem", "profile",
    "question", "received", "required", "reset", "residential", "review", "right", "safe", "security", "send", "sent", "server", "service",
    "session", "settings", "sign", "site", "solar", "start", "status", "step", "street", "submit", "support", "system", "temporarily",
    "terms", "test", "text", "that", "the", "there", "this", "time", "too", "try", "unavailable", "unlock", "update", "user", "username",
    "utility", "valid", "verification", "verify", "wait", "was", "water", "website", "welcome", "with", "wrong", "your",
};

bool mk_mask_is_word(mk_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        const char c = text.data[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')))
            return false;
    }
    return text.len > 0;
}

static int order(const void *key, const void *entry)
{
    return strcasecmp(key, *(const char *const *)entry);
}

bool mk_mask_is_common(mk_bytes text)
{
    char word[LONGEST + 1];
    if (text.len > LONGEST)
        return false;
    memcpy(word, text.data, text.len);
    word[text.len] = '\0';
    return bsearch(word, common, sizeof common / sizeof *common, sizeof *common, order) != NULL;
}
