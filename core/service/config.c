/* config.c - the settings of the service: their table, a file's values over the defaults (layer service) */
#include "service/config.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/suggest.h"
#include "bind/settings.h"
#include "parse/json.h"
#include "service/config_rules.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { FILE_MOST = 256 << 10, NAMES = 64 };

const mk_setting mk_settings[] = {
    { "listen", "text", "\"127.0.0.1:8080\"", "address:port", "where the service answers; systemd: on the socket that it hands over; TLS is ended by what stands in front" },
    { "url", "text", "\"\"", "URL", "what the world calls it (https://meters.example.org); empty: as each request says" },
    { "store", "text", "\"sqlite:meterkey.db\"", NULL, "where everything is kept" },
    { "key", "text", "\"\"", "file", "the master key (64 hex digits, mode 0600), made if absent; empty: $METERKEY_KEY, a credential of systemd named meterkey.key, or the store's path with .key" },
    { "scripts", "text", "\"\"", "folder", "adapters (utilities/, cases/); empty: the installed ones" },
    { "adapter_keys", "list", "[]", "hex", "public keys of `meterkey sign`; with any, only adapters signed by one of them go live" },
    { "stage_seconds", "number", "20", "seconds", "that building a new version of an adapter and playing its cases may take; 1 to 3600" },
    { "runtime", "text", "\"\"", "folder", "modules and pages that come before the built-in ones" },
    { "workers", "number", "0", "processes", "0: one for each core" },
    { "sessions_per_worker", "number", "1000", "sessions", "at once; more wait in the store" },
    { "require_confinement", "switch", "true", NULL, "refuse to start, and to build adapters, where what does it cannot be sealed off by Landlock and seccomp" },
    { "trust_proxy", "switch", "false", NULL, "take the client's address and scheme from X-Forwarded-For and -Proto" },
    { "connections", "number", "1000", "connections", "at once" },
    { "connections_per_address", "number", "100", "connections", "at once; behind a proxy all come from its address" },
    { "body_bytes", "number", "1048576", "bytes", "of one request" },
    { "bodies_bytes", "number", "67108864", "bytes", "of all requests that are there at once, but for the first 16 KiB of each; what is over is told to come again; at least body_bytes" },
    { "connect_to", "list", "[]", "HOST:PORT:HOST2:PORT2", "as curl's --connect-to, for portals" },
    { "allow_origins", "list", "[]", "origin", "portals that may be plain http or private addresses" },
    { "cacert", "text", "\"\"", "file", "certificates that portals are checked against; empty: the system's" },
    { "proxies", "list", "[]", "URL", "egress proxies; a session stays with its own" },
    { "user_agent", "text", "\"\"", NULL, "what portals are told we are; empty: Meterkey and its version" },
    { "limits", "map", "{}", NULL, "limits of a session; `meterkey help limits` lists them" },
    { "mfa", "map", "{}", NULL, "policy by utility, over the adapter's: { comed = \"relay\" }" },
    { "utility_sessions", "number", "20", "sessions", "at once at one utility" },
    { "utility_per_minute", "number", "60", "sessions", "begun a minute at one utility" },
    { "breaker_failures", "number", "5", "failures", "of the site in a row, after which a utility rests" },
    { "breaker_minutes", "number", "5", "minutes", "that it rests" },
    { "refresh_days", "number", "7", "days", "after which meters are read again where access is ongoing, at most 3650; 0: only when asked to" },
    { "login_minutes", "number", "720", "minutes", "a dashboard login lasts without being used" },
    { "form_days", "number", "30", "days", "a link to a data request can be used" },
    { "retention_days", "number", "365", "days", "that ended and archived data requests, events, mails and the audit log are kept" },
    { "api_per_second", "number", "50", "requests", "of one token" },
    { "smtp", "text", "\"\"", "URL", "smtp://host:587 or smtps://host; empty: mails go to the folder" },
    { "smtp_user", "text", "\"\"", NULL, "" },
    { "smtp_password_file", "text", "\"\"", "file", "" },
    { "mail_from", "text", "\"Meterkey <meterkey@localhost>\"", NULL, "" },
    { "mail_folder", "text", "\"mail\"", "folder", "where mails go without SMTP" },
    { "webhook_origins", "list", "[]", "origin", "endpoints of webhooks that may be plain http or private addresses" },
    { "support", "text", "\"\"", NULL, "a mail address or URL that customers are pointed to" },
    { "log_level", "text", "\"info\"", NULL, "debug, info, warn or error" },
    { NULL, NULL, NULL, NULL, NULL }
};

static const mk_setting *find(const char *name)
{
    for (const mk_setting *at = mk_settings; at->name; at++)
        if (strcmp(at->name, name) == 0)
            return at;
    return NULL;
}

static bool fits(const mk_setting *setting, const json_t *value)
{
    switch (*setting->type) {
    case 't': return json_is_string(value);
    case 'n': return json_is_integer(value) && json_integer_value(value) >= 0;
    case 's': return json_is_boolean(value);
    case 'l': return json_is_array(value) || (json_is_object(value) && !json_object_size(value));
    default: return json_is_object(value);
    }
}

static json_t *standards(void)
{
    json_t *all = json_object();
    for (const mk_setting *at = mk_settings; all && at->name; at++) {
        if (json_object_set_new(all, at->name, mk_json_load(at->standard, strlen(at->standard), JSON_DECODE_ANY, NULL)) == 0)
            continue;
        json_decref(all);
        return NULL;
    }
    return all;
}

static void unknown(const char *name, char *why, size_t cap)
{
    const char *names[NAMES + 1];
    size_t count = 0;
    for (const mk_setting *at = mk_settings; at->name && count < NAMES; at++)
        names[count++] = at->name;
    names[count] = NULL;
    const char *near = mk_suggest(name, names);
    snprintf(why, cap, near ? "there is no setting '%s'; did you mean '%s'?" : "there is no setting '%s'; --print-config shows all%s", name, near ? near : "");
}

static bool is_right(const mk_setting *setting, const char *name, json_t *value, char *why, size_t cap)
{
    char wrong[200];
    if (!setting)
        unknown(name, why, cap);
    else if (!fits(setting, value))
        snprintf(why, cap, "%s: a %s is needed, such as %s", name, setting->type, *setting->standard == '[' ? "{}" : setting->standard);
    else if (!mk_config_fits(name, value, wrong, sizeof wrong))
        snprintf(why, cap, "%s: %s", name, wrong);
    else
        return true;
    return false;
}

static int merge(json_t *all, json_t *given, const char *file, const mk_buf *text, char *why, size_t cap)
{
    const char *name;
    json_t *value;
    char wrong[300];
    json_object_foreach(given, name, value)
    {
        const mk_setting *setting = find(name);
        if (!is_right(setting, name, value, wrong, sizeof wrong)) {
            const int line = mk_config_line(text->data, text->len, name);
            snprintf(why, cap, line ? "%s:%d: %s" : "%s:%.0d %s", file, line, wrong);
            return MK_EPARSE;
        }
        if (*setting->type == 'l' && !json_is_array(value))
            continue; /* {} in Lua */
        if (json_object_set(all, name, value))
            return MK_ENOMEM;
    }
    return MK_OK;
}

static int read_text(mk_buf *out, const char *file, char *why, size_t cap)
{
    char part[4096];
    size_t len;
    int err = MK_OK;
    FILE *in = fopen(file, "rb");
    if (!in) {
        err = errno == ENOENT ? MK_ENOENT : MK_EIO;
        snprintf(why, cap, "%s: %s", file, strerror(errno));
        return err;
    }
    while (!err && (len = fread(part, 1, sizeof part, in)) > 0)
        err = mk_buf_add(out, part, len);
    if (!err && ferror(in))
        err = MK_EIO;
    fclose(in);
    if (err)
        snprintf(why, cap, "%s: %s", file, mk_err_text(err));
    return err;
}

int mk_config_read(json_t **out, const char *file, char *why, size_t cap)
{
    mk_buf text;
    json_t *all = standards(), *given = NULL;
    mk_buf_init(&text, FILE_MOST);
    int err = all ? MK_OK : MK_ENOMEM;
    if (!err && file)
        err = read_text(&text, file, why, cap);
    if (!err && file)
        err = mk_settings_read(&given, file, text.data, text.len, why, cap);
    if (!err && given)
        err = merge(all, given, file, &text, why, cap);
    json_decref(given);
    mk_buf_free(&text);
    if (err)
        json_decref(all);
    else
        *out = all;
    return err;
}

/* A default as Lua writes it: only lists and maps differ, and those are empty. */
static const char *as_lua(const char *standard)
{
    return *standard == '[' ? "{}" : standard;
}

int mk_config_print(mk_buf *out)
{
    int err = mk_buf_adds(out, "-- All settings of `meterkey serve` with their defaults: keep what you change.\nreturn {\n");
    for (const mk_setting *at = mk_settings; !err && at->name; at++) {
        err = mk_buf_addf(out, "  %s = %s,", at->name, as_lua(at->standard));
        if (!err && (at->unit || *at->about))
            err = mk_buf_addf(out, " -- %s%s%s", at->unit ? at->unit : "", at->unit && *at->about ? "; " : "", at->about);
        if (!err)
            err = mk_buf_addc(out, '\n');
    }
    return err ? err : mk_buf_adds(out, "}\n");
}

const char *mk_config_text(const json_t *config, const char *name)
{
    const char *text = json_string_value(json_object_get(config, name));
    return text && *text ? text : NULL;
}

long long mk_config_number(const json_t *config, const char *name)
{
    return json_integer_value(json_object_get(config, name));
}
