/* shared.c - the options that run, resume, record, bench and test share (layer cli) */
#include "cli/options.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/suggest.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

const mk_option mk_shared_options[] = {
    { "--connect-to", "HOST:PORT:HOST2:PORT2", "connect to HOST2:PORT2 where HOST:PORT is asked for, as curl does", NULL, true },
    { "--cacert", "FILE", "trust the certificates in FILE (PEM) in place of the system's", "file", false },
    { "--allow-origin", "ORIGIN", "let the adapter use this origin of its list although it is plain http or private", NULL, true },
    { "--mfa", "relay|turn_off", "what to do about a second factor, in place of what the adapter says", "relay turn_off", false },
    { "--keep", "FILE", "what the adapter keeps from run to run (device trust), sealed; made if it is not there", "file", false },
    { "--key", "FILE", "the key that seals, in place of your own under ~/.config/meterkey/", "file", false },
    { "--scripts", "DIR", "look for adapters in DIR/utilities before ./scripts and the installed folder", "dir", false },
    { "--runtime", "DIR", "modules in DIR (DIR/meterkey/...) come before the built-in ones", "dir", false },
    { "--user-agent", "TEXT", "what the portal is told we are", NULL, false },
    { "--proxy", "URL", "go through this proxy: http, https, socks4a, socks5h", NULL, false },
    { "--limit", "NAME=VALUE", "set one limit of a session; `meterkey help limits` lists them", NULL, true },
    { NULL, NULL, NULL, NULL, false }
};

/* All values of an option as a list that ends in NULL; NULL with *failed when out of memory. */
static const char **values(const mk_args *args, const char *option, bool *failed)
{
    size_t count = 0;
    while (mk_args_at(args, option, count))
        count++;
    const char **list = mk_calloc(count + 1, sizeof *list);
    for (size_t i = 0; list && i < count; i++)
        list[i] = mk_args_at(args, option, i);
    *failed |= !list;
    return list;
}

static int unknown_limit(const mk_args *args, const mk_session_limits *limits, const char *name)
{
    enum { NAMES = 64 };
    const char *names[NAMES + 1];
    size_t count = 0;
    int64_t value;
    for (; count < NAMES && (names[count] = mk_session_limit_at(limits, count, &value)); count++)
        ;
    names[count] = NULL;
    const char *near = mk_suggest(name, names);
    return mk_args_say(args, 2, near ? "--limit %s: there is no such limit; did you mean %s?"
                                     : "--limit %s: there is no such limit; `meterkey help limits` lists them%s",
                       name, near ? near : "");
}

static int read_limit(const mk_args *args, mk_session_limits *limits, const char *text)
{
    const char *equals = strchr(text, '=');
    char name[64];
    if (!equals || (size_t)(equals - text) >= sizeof name)
        return mk_args_say(args, 2, "--limit %s: NAME=VALUE is needed, such as requests=50", text);
    snprintf(name, sizeof name, "%.*s", (int)(equals - text), text);
    int err = mk_session_limit_set(limits, name, equals + 1);
    if (err == MK_ENOENT)
        return unknown_limit(args, limits, name);
    if (err || strspn(equals + 1, "0") == strlen(equals + 1)) /* nought would be taken for the default */
        return mk_args_say(args, 2, "--limit %s: a whole number greater than nought is needed", text);
    return 0;
}

static int read_limits(const mk_args *args, mk_session_limits *limits)
{
    *limits = mk_session_defaults;
    const char *text;
    for (size_t i = 0; (text = mk_args_at(args, "--limit", i)); i++) {
        int status = read_limit(args, limits, text);
        if (status)
            return status;
    }
    return 0;
}

static int check_folder(const mk_args *args, const char *option, const char *path)
{
    struct stat st;
    if (!path || (stat(path, &st) == 0 && S_ISDIR(st.st_mode)))
        return 0;
    return mk_args_say(args, 2, "%s %s: there is no such folder", option, path);
}

static int check_values(const mk_args *args, const mk_shared *shared)
{
    if (shared->mfa && strcmp(shared->mfa, "relay") != 0 && strcmp(shared->mfa, "turn_off") != 0)
        return mk_args_say(args, 2, "--mfa %s: relay or turn_off is needed", shared->mfa);
    const char *agent = shared->engine.user_agent;
    if (agent && !mk_header_valid("User-Agent", agent, strlen(agent)))
        return mk_args_say(args, 2, "--user-agent: line breaks and NULs cannot be sent");
    int status = check_folder(args, "--scripts", shared->scripts);
    return status ? status : check_folder(args, "--runtime", shared->runtime);
}

int mk_shared_read(mk_shared *out, const mk_args *args)
{
    bool failed = false;
    *out = (mk_shared){ .scripts = mk_args_get(args, "--scripts"), .runtime = mk_args_get(args, "--runtime"),
                        .mfa = mk_args_get(args, "--mfa"), .keep = mk_args_get(args, "--keep"),
                        .key = mk_args_get(args, "--key") };
    out->allow = values(args, "--allow-origin", &failed);
    out->connect = values(args, "--connect-to", &failed);
    out->engine = (mk_engine_options){ .user_agent = mk_args_get(args, "--user-agent"), .allow_origins = out->allow,
                                       .connect_to = out->connect };
    out->engine.net.cacert = mk_args_get(args, "--cacert");
    out->engine.net.proxy = mk_args_get(args, "--proxy");
    int status = failed ? mk_args_say(args, 1, "out of memory") : check_values(args, out);
    if (!status)
        status = read_limits(args, &out->engine.limits);
    if (status)
        mk_shared_free(out);
    return status;
}

void mk_shared_free(mk_shared *shared)
{
    mk_free(shared->allow);
    mk_free(shared->connect);
    shared->allow = shared->connect = NULL;
}
