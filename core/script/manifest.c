/* manifest.c - what an adapter says of itself (layer script) */
#include "script/manifest.h"

#include "base/err.h"
#include "script/manifest_read.h"

#include <stdio.h>
#include <string.h>

static bool is_function(const json_t *value)
{
    return strcmp(mk_manifest_kind_of(value), "a function") == 0;
}

static void read_function(mk_manifest_reader *r, const json_t *root, const char *key, bool must)
{
    const json_t *value = json_object_get(root, key);
    if (!value && must)
        mk_manifest_problem(r, key, "'%s' is missing: a function(s) is expected", key);
    else if (value && !is_function(value))
        mk_manifest_problem(r, key, "a function(s) is expected, not %s", mk_manifest_kind_of(value));
}

static void check_id(mk_manifest_reader *r)
{
    const char *id = r->m->id;
    const char *slash = strrchr(r->file, '/');
    const char *base = slash ? slash + 1 : r->file;
    const size_t len = strlen(id);
    if (len > 40 || strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789_-") != len)
        mk_manifest_problem(r, "id", "an id of lower-case letters, digits, - and _ is expected, not '%.60s'", id);
    else if (strncmp(base, id, len) != 0 || strcmp(base + len, ".lua") != 0)
        mk_manifest_problem(r, "id", "the id must be the file's name: '%s' in %s", id, base);
}

static void check_api(mk_manifest_reader *r, const json_t *root)
{
    const json_t *api = json_object_get(root, "api");
    if (!api)
        mk_manifest_problem(r, "api", "'api' is missing: api = 1");
    else if (!json_is_integer(api) || json_integer_value(api) != 1)
        mk_manifest_problem(r, "api", "this engine knows api = 1 only");
}

static void read_names(mk_manifest_reader *r, const json_t *root)
{
    static const char *const services[] = { "electric", "gas", "steam", "water", "sewer", "other", NULL };
    static const char *const evidence[] = { "documented", "modelled", "live", NULL };
    r->m->id = mk_manifest_text(r, root, "", "id", true);
    r->m->name = mk_manifest_text(r, root, "", "name", true);
    r->m->utility_id = mk_manifest_text(r, root, "", "utility_id", false);
    r->m->portal = mk_manifest_text(r, root, "", "portal", true);
    r->m->evidence = mk_manifest_text(r, root, "", "evidence", false);
    r->m->timezone = mk_manifest_text(r, root, "", "timezone", false);
    r->m->regions = mk_manifest_list(r, root, "", "regions", NULL);
    r->m->services = mk_manifest_list(r, root, "", "services", services);
    if (r->m->id)
        check_id(r);
    if (r->m->evidence)
        mk_manifest_one_of(r, "evidence", r->m->evidence, evidence);
    if (!json_object_get(root, "services"))
        mk_manifest_problem(r, "services", "'services' is missing: { \"electric\", \"gas\" }");
}

static void read_root(mk_manifest_reader *r, const json_t *root)
{
    static const char *const known[] = { "api", "id", "name", "utility_id", "regions", "services", "portal", "hosts",
                                         "evidence", "credentials", "mfa", "errors", "sign_in", "meters", "sign_out",
                                         "timezone", NULL };
    mk_manifest_keys(r, root, "", known);
    check_api(r, root);
    read_names(r, root);
    mk_manifest_read_hosts(r, root);
    mk_manifest_read_credentials(r, root);
    mk_manifest_read_mfa(r, root);
    mk_manifest_read_errors(r, root);
    read_function(r, root, "sign_in", true);
    read_function(r, root, "meters", true);
    read_function(r, root, "sign_out", false);
    r->m->has_sign_out = is_function(json_object_get(root, "sign_out"));
}

/* The order of problems is that of the source. */
static int by_place(const json_t *a, const json_t *b)
{
    const json_int_t line = json_integer_value(json_object_get(a, "line")) - json_integer_value(json_object_get(b, "line"));
    if (line)
        return line < 0 ? -1 : 1;
    return json_integer_value(json_object_get(a, "col")) > json_integer_value(json_object_get(b, "col"));
}

static void sort_problems(json_t *problems)
{
    for (size_t i = 1; i < json_array_size(problems); i++) {
        for (size_t k = i; k > 0 && by_place(json_array_get(problems, k - 1), json_array_get(problems, k)) > 0; k--) {
            json_t *swap = json_incref(json_array_get(problems, k - 1));
            json_array_set(problems, k - 1, json_array_get(problems, k));
            json_array_set_new(problems, k, swap);
        }
    }
}

int mk_manifest_read(mk_manifest **out, lua_State *L, int idx, const char *file, mk_bytes text, json_t *problems)
{
    char why[200];
    mk_manifest_reader r = { .file = file, .text = text, .problems = problems };
    json_t *root = NULL;
    const size_t before = json_array_size(problems);
    r.m = mk_calloc(1, sizeof *r.m);
    if (!r.m)
        return MK_ENOMEM;
    if (lua_type(L, idx) != LUA_TTABLE) {
        mk_manifest_problem(&r, "", "an adapter returns a table, not %s", lua_typename(L, lua_type(L, idx)));
    } else {
        root = mk_lua_to_json_loose(L, idx, why, sizeof why);
        if (json_is_object(root))
            read_root(&r, root);
        else if (root)
            mk_manifest_problem(&r, "", "an adapter returns a table with names, not a list");
        else if (strstr(why, "out of memory"))
            r.no_memory = true;
        else
            mk_manifest_problem(&r, "", "%s", why);
    }
    json_decref(root);
    if (r.no_memory || json_array_size(problems) > before) {
        mk_manifest_free(r.m);
        sort_problems(problems);
        return r.no_memory ? MK_ENOMEM : MK_EPARSE;
    }
    *out = r.m;
    return MK_OK;
}

static void free_rules(mk_rule **rules, json_t **entries, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        mk_rule_free(rules[i]);
        json_decref(entries[i]);
    }
    mk_free(rules);
    mk_free(entries);
}

void mk_manifest_free(mk_manifest *m)
{
    if (!m)
        return;
    char *const texts[] = { m->id, m->name, m->utility_id, m->portal, m->evidence, m->timezone, m->help_url };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        mk_free(texts[i]);
    mk_manifest_free_list(m->steps);
    mk_manifest_free_list(m->regions);
    mk_manifest_free_list(m->services);
    mk_manifest_free_list(m->kinds);
    for (size_t i = 0; i < m->host_count; i++)
        mk_free(m->hosts[i].entry);
    mk_free(m->hosts);
    for (size_t i = 0; i < m->credential_count; i++) {
        mk_free(m->credentials[i].name);
        mk_free(m->credentials[i].label);
        mk_free(m->credentials[i].type);
    }
    mk_free(m->credentials);
    free_rules(m->mfa, m->mfa_entries, m->mfa_count);
    free_rules(m->errors, m->error_entries, m->error_count);
    mk_free(m);
}

static json_t *list_json(char *const *list)
{
    json_t *array = json_array();
    for (; list && *list; list++)
        json_array_append_new(array, json_string(*list));
    return array;
}

static json_t *credentials_json(const mk_manifest *m)
{
    json_t *array = json_array();
    for (size_t i = 0; i < m->credential_count; i++) {
        const mk_credential_field *field = &m->credentials[i];
        json_array_append_new(array, json_pack("{s:s, s:s, s:s, s:b, s:b}", "name", field->name, "label", field->label, "type",
                                               field->type, "secret", field->secret, "optional", field->optional));
    }
    return array;
}

json_t *mk_manifest_json(const mk_manifest *m)
{
    json_t *mfa = json_pack("{s:s, s:o, s:s?, s:o, s:b}", "policy", m->policy == MK_MFA_TURN_OFF ? "turn_off" : "relay", "kinds",
                            list_json(m->kinds), "help_url", m->help_url, "steps", list_json(m->steps), "off_impossible",
                            m->off_impossible);
    return json_pack("{s:s, s:s?, s:s, s:o, s:o, s:o, s:s, s:o, s:s?}", "id", m->id, "utility_id", m->utility_id, "name", m->name,
                     "regions", list_json(m->regions), "services", list_json(m->services), "mfa", mfa, "portal", m->portal,
                     "credentials", credentials_json(m), "evidence", m->evidence);
}
