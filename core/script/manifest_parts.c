/* manifest_parts.c - hosts, credentials, mfa and errors of a manifest (layer script) */
#include "base/err.h"
#include "net/policy.h"
#include "parse/rule.h"
#include "script/manifest_read.h"

#include <stdio.h>
#include <string.h>

static const char *const kinds[] = { "otp", "totp", "question", "select", "approve", "acknowledge", "credential", NULL };

/* The list at key, empty if it is an empty table; NULL with a problem if it is no list or too long. */
static const json_t *list_at(mk_manifest_reader *r, const json_t *object, const char *path, const char *key)
{
    const json_t *value = json_object_get(object, key);
    if (!value || (json_is_object(value) && !json_object_size(value)))
        return NULL;
    if (!json_is_array(value))
        mk_manifest_problem(r, path, "a list is expected, not %s", mk_manifest_kind_of(value));
    else if (json_array_size(value) > MK_MANIFEST_LIST)
        mk_manifest_problem(r, path, "a list of at most %d is expected", MK_MANIFEST_LIST);
    else
        return value;
    return NULL;
}

static void declare(mk_manifest_reader *r, mk_policy *policy, const char *path, const mk_host_entry *host)
{
    char why[200] = "";
    switch (mk_policy_declare(policy, host->entry, host->secrets, why, sizeof why)) {
    case MK_OK: break;
    case MK_ENOMEM: r->no_memory = true; return;
    default: mk_manifest_problem(r, path, "%s", *why ? why : "not a host"); return;
    }
    /* An origin of its own counts here as if the operator had opened it. */
    if (strstr(host->entry, "://") && mk_policy_allow(policy, host->entry) == MK_ENOMEM)
        r->no_memory = true;
}

/* "host" or { "host", secrets = false } */
static void read_host(mk_manifest_reader *r, mk_policy *policy, const char *path, const json_t *value)
{
    static const char *const known[] = { "1", "secrets", NULL };
    mk_host_entry *host = &r->m->hosts[r->m->host_count];
    const json_t *entry = value;
    host->secrets = true;
    if (json_is_object(value)) {
        mk_manifest_keys(r, value, path, known);
        host->secrets = mk_manifest_flag(r, value, path, "secrets", true);
        entry = json_object_get(value, "1");
    } else if (json_is_array(value)) {
        entry = json_array_get(value, 0);
    }
    if (strcmp(mk_manifest_kind_of(entry), "a string") != 0) {
        mk_manifest_problem(r, path, "a host is expected, not %s", mk_manifest_kind_of(entry));
        return;
    }
    host->entry = mk_strdup(json_string_value(entry));
    if (!host->entry) {
        r->no_memory = true;
        return;
    }
    r->m->host_count++;
    declare(r, policy, path, host);
}

static void check_portal(mk_manifest_reader *r, const mk_policy *policy)
{
    mk_url url = { 0 };
    mk_grant grant;
    char why[200] = "";
    const int err = mk_url_parse(&url, r->m->portal, strlen(r->m->portal));
    if (err == MK_ENOMEM)
        r->no_memory = true;
    else if (err || !url.host)
        mk_manifest_problem(r, "portal", "'%.120s' is not a URL", r->m->portal);
    else if (mk_policy_check(policy, &url, &grant, why, sizeof why) != MK_OK)
        mk_manifest_problem(r, "portal", "the portal must be at one of the hosts: %s", why);
    mk_url_free(&url);
}

void mk_manifest_read_hosts(mk_manifest_reader *r, const json_t *root)
{
    char path[40];
    const json_t *list = list_at(r, root, "hosts", "hosts");
    const size_t count = json_array_size(list);
    mk_policy *policy = mk_policy_new();
    r->m->hosts = mk_calloc(count + 1, sizeof *r->m->hosts);
    if (!policy || !r->m->hosts) {
        r->no_memory = true;
        mk_policy_free(policy);
        return;
    }
    if (!json_object_get(root, "hosts"))
        mk_manifest_problem(r, "hosts", "'hosts' is missing: nothing could be reached");
    else if (!count)
        mk_manifest_problem(r, "hosts", "at least one host is expected");
    const size_t before = json_array_size(r->problems);
    for (size_t i = 0; i < count; i++) {
        snprintf(path, sizeof path, "hosts[%zu]", i + 1);
        read_host(r, policy, path, json_array_get(list, i));
    }
    if (r->m->portal && count && before == json_array_size(r->problems))
        check_portal(r, policy);
    mk_policy_free(policy);
}

static void default_credentials(mk_manifest_reader *r)
{
    static const struct {
        const char *name, *label, *type;
        bool secret;
    } both[2] = { { "username", "User name", "text", false }, { "password", "Password", "password", true } };
    for (size_t i = 0; i < 2; i++) {
        mk_credential_field *field = &r->m->credentials[r->m->credential_count++];
        field->name = mk_strdup(both[i].name);
        field->label = mk_strdup(both[i].label);
        field->type = mk_strdup(both[i].type);
        field->secret = both[i].secret;
        r->no_memory = r->no_memory || !field->name || !field->label || !field->type;
    }
}

static bool is_identifier(const char *text)
{
    const size_t len = strlen(text);
    return len && len <= 40 && strspn(text, "abcdefghijklmnopqrstuvwxyz_0123456789") == len && (*text < '0' || *text > '9');
}

static void read_credential(mk_manifest_reader *r, const char *path, const json_t *value)
{
    static const char *const known[] = { "name", "label", "type", "secret", "optional", NULL };
    static const char *const types[] = { "text", "email", "tel", "number", "date", "password", "url", NULL };
    mk_credential_field *field = &r->m->credentials[r->m->credential_count];
    char at[60];
    if (!json_is_object(value)) {
        mk_manifest_problem(r, path, "a table { name = ..., label = ... } is expected, not %s", mk_manifest_kind_of(value));
        return;
    }
    r->m->credential_count++;
    mk_manifest_keys(r, value, path, known);
    field->secret = mk_manifest_flag(r, value, path, "secret", false);
    field->optional = mk_manifest_flag(r, value, path, "optional", false);
    field->name = mk_manifest_text(r, value, path, "name", true);
    field->label = mk_manifest_text(r, value, path, "label", false);
    field->type = mk_manifest_text(r, value, path, "type", false);
    mk_manifest_path(at, sizeof at, path, "name");
    if (field->name && !is_identifier(field->name))
        mk_manifest_problem(r, at, "a name of lower-case letters, digits and _ is expected, not '%.40s'", field->name);
    for (size_t i = 0; field->name && i + 1 < r->m->credential_count; i++)
        if (r->m->credentials[i].name && strcmp(r->m->credentials[i].name, field->name) == 0)
            mk_manifest_problem(r, at, "'%.40s' is there twice", field->name);
    mk_manifest_path(at, sizeof at, path, "type");
    if (field->type)
        mk_manifest_one_of(r, at, field->type, types);
    else
        field->type = mk_strdup(field->secret ? "password" : "text");
    if (!field->label && field->name)
        field->label = mk_strdup(field->name);
    r->no_memory = r->no_memory || !field->type || (field->name && !field->label);
}

void mk_manifest_read_credentials(mk_manifest_reader *r, const json_t *root)
{
    char path[40];
    const json_t *list = list_at(r, root, "credentials", "credentials");
    const size_t count = json_array_size(list);
    r->m->credentials = mk_calloc(count + 2, sizeof *r->m->credentials);
    if (!r->m->credentials) {
        r->no_memory = true;
        return;
    }
    if (!json_object_get(root, "credentials"))
        default_credentials(r);
    else if (!count)
        mk_manifest_problem(r, "credentials", "at least one is expected; without the key: username and password");
    for (size_t i = 0; i < count; i++) {
        snprintf(path, sizeof path, "credentials[%zu]", i + 1);
        read_credential(r, path, json_array_get(list, i));
    }
}

/* The rule's reason names the key it is about: "html: ..." or "unknown key 'htlm' ..." */
static void report_rule(mk_manifest_reader *r, const char *path, const json_t *entry, const char *why)
{
    char key[40], at[120];
    const char *quote = strchr(why, '\'');
    const size_t len = strcspn(why, ":. ");
    snprintf(key, sizeof key, "%.*s", (int)(len < sizeof key ? len : sizeof key - 1), why);
    if (!json_object_get(entry, key) && quote)
        snprintf(key, sizeof key, "%.*s", (int)strcspn(quote + 1, "'"), quote + 1);
    if (json_object_get(entry, key))
        mk_manifest_path(at, sizeof at, path, key);
    else
        snprintf(at, sizeof at, "%s", path);
    mk_manifest_problem(r, at, "%s", why);
}

/* Entries of mfa.patterns or errors, compiled. */
static void read_rules(mk_manifest_reader *r, const json_t *list, const char *path, enum mk_rule_sort sort,
                       mk_rule ***rules, json_t ***entries, size_t *count)
{
    char item[60], why[300];
    const size_t total = json_array_size(list);
    *rules = mk_calloc(total + 1, sizeof **rules);
    *entries = mk_calloc(total + 1, sizeof **entries);
    if (!*rules || !*entries) {
        r->no_memory = true;
        return;
    }
    for (size_t i = 0; i < total; i++) {
        json_t *entry = json_array_get(list, i);
        mk_rule *rule = NULL;
        snprintf(item, sizeof item, "%s[%zu]", path, i + 1);
        if (!json_is_object(entry)) {
            mk_manifest_problem(r, item, "a table of predicates is expected, not %s", mk_manifest_kind_of(entry));
            continue;
        }
        why[0] = '\0';
        const int err = mk_rule_compile(&rule, sort, entry, why, sizeof why);
        if (err == MK_ENOMEM) {
            r->no_memory = true;
        } else if (err != MK_OK) {
            report_rule(r, item, entry, *why ? why : "not a pattern");
        } else {
            (*rules)[*count] = rule;
            (*entries)[(*count)++] = json_incref(entry);
        }
    }
}

/* mfa.kinds, else those of the patterns, each once. */
static void read_kinds(mk_manifest_reader *r, const json_t *mfa)
{
    size_t count = 0;
    r->m->kinds = mk_manifest_list(r, mfa, "mfa", "kinds", kinds);
    if (r->m->kinds)
        return;
    r->m->kinds = mk_calloc(sizeof kinds / sizeof *kinds, sizeof *r->m->kinds);
    if (!r->m->kinds) {
        r->no_memory = true;
        return;
    }
    for (const char *const *kind = kinds; *kind; kind++) {
        bool used = false;
        for (size_t i = 0; i < r->m->mfa_count && !used; i++) {
            const char *is = json_string_value(json_object_get(r->m->mfa_entries[i], "kind"));
            used = is && strcmp(is, *kind) == 0;
        }
        if (used && !(r->m->kinds[count++] = mk_strdup(*kind)))
            r->no_memory = true;
    }
}

static void read_policy(mk_manifest_reader *r, const json_t *mfa)
{
    static const char *const policies[] = { "relay", "turn_off", NULL };
    char *policy = mk_manifest_text(r, mfa, "mfa", "policy", false);
    if (policy)
        mk_manifest_one_of(r, "mfa.policy", policy, policies);
    r->m->policy = policy && strcmp(policy, "turn_off") == 0 ? MK_MFA_TURN_OFF : MK_MFA_RELAY;
    mk_free(policy);
}

void mk_manifest_read_mfa(mk_manifest_reader *r, const json_t *root)
{
    static const char *const known[] = { "policy", "help_url", "patterns", "steps", "off_impossible", "kinds", NULL };
    const json_t *mfa = json_object_get(root, "mfa");
    if (mfa && !json_is_object(mfa)) {
        mk_manifest_problem(r, "mfa", "a table is expected, not %s", mk_manifest_kind_of(mfa));
        mfa = NULL;
    }
    if (mfa)
        mk_manifest_keys(r, mfa, "mfa", known);
    read_policy(r, mfa);
    r->m->help_url = mk_manifest_text(r, mfa, "mfa", "help_url", false);
    if (r->m->help_url && strncmp(r->m->help_url, "https://", 8) != 0)
        mk_manifest_problem(r, "mfa.help_url", "an https:// URL is expected");
    r->m->steps = mk_manifest_list(r, mfa, "mfa", "steps", NULL);
    r->m->off_impossible = mk_manifest_flag(r, mfa, "mfa", "off_impossible", false);
    read_rules(r, list_at(r, mfa, "mfa.patterns", "patterns"), "mfa.patterns", MK_RULE_MFA, &r->m->mfa, &r->m->mfa_entries,
               &r->m->mfa_count);
    read_kinds(r, mfa);
}

void mk_manifest_read_errors(mk_manifest_reader *r, const json_t *root)
{
    read_rules(r, list_at(r, root, "errors", "errors"), "errors", MK_RULE_ERROR, &r->m->errors, &r->m->error_entries,
               &r->m->error_count);
}
