/* rule.h - entries of `mfa.patterns` and `errors`, and whether they hold (layer parse)
 *
 * contract.md section 3. A rule is made from a JSON object with the entry's keys
 * (patterns of another C part hand the manifest's Lua table over as JSON).
 * Evaluation parses only what its predicates need; literals in a regular
 * expression are looked for first where that cannot change the outcome. */
#ifndef MK_RULE_H
#define MK_RULE_H
#include "parse/page.h"

typedef struct mk_rule mk_rule;
enum mk_rule_sort { MK_RULE_MFA, MK_RULE_ERROR };

/* Compiles one entry. Keys: status (integer or list), url, header {name: regex}, html,
 * text, json, equals, match; MFA: kind, medium, digits, prompt, dest, choices,
 * expires (and id, label of choices); errors: code, message, final. Unknown keys, wrong
 * types, patterns that do not compile, an entry without predicate, `equals`
 * without `json`: MK_EPARSE, key and reason in why (the nearest known key is
 * suggested for a misspelt one). MK_OK, MK_ENOMEM. */
int mk_rule_compile(mk_rule **out, enum mk_rule_sort sort, const json_t *entry, char *why, size_t cap);
void mk_rule_free(mk_rule *rule);
const char *mk_rule_code(const mk_rule *rule); /* of an error rule */
bool mk_rule_final(const mk_rule *rule);

/* Whether all predicates hold. MK_OK with *holds; MK_ELIMIT (a regex or XPath
 * ran too long), MK_ENOMEM. A page that will not parse as what a predicate needs: it does not hold. */
int mk_rule_holds(const mk_rule *rule, mk_page *page, bool *holds);
/* As above, and tells what each predicate did: an array of
 * {"predicate","pattern","held"[, "found"]} for reports; new reference. */
json_t *mk_rule_explain(const mk_rule *rule, mk_page *page);
/* What an MFA rule says of the page it held on: {"kind","medium","digits","prompt",
 * "dest","choices":[{"id","label"}],"expires"}, keys absent where not known; dest is masked
 * (at most the last 4 characters of a number, first letter and domain of an address). New reference. */
int mk_rule_challenge(const mk_rule *rule, mk_page *page, json_t **out);
/* The portal's own words of an error rule, or "" ; appended to out, folded, at most 500 bytes. */
int mk_rule_message(const mk_rule *rule, mk_page *page, mk_buf *out);
/* "p***@mail.example", "*** 1234": appended. Already masked text stays. */
int mk_mask_dest(mk_buf *out, const char *text, size_t len);
#endif
