/* doctor.c - `meterkey doctor`: what is wrong with an installation, and what to do (layer cli) */
#include "base/build.h"
#include "base/err.h"
#include "base/mem.h"
#include "cli/check.h"
#include "cli/command.h"
#include "cli/doctor.h"
#include "cli/drive.h"
#include "cli/reel.h"
#include "parse/regex.h"
#include "vault/seal.h"

#include <errno.h>
#include <libxml/xmlversion.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

void mk_doctor_say(mk_doctor *d, enum mk_verdict verdict, const char *what, const char *advice, const char *format, ...)
{
    static const char *const words[] = {"ok", "warn", "fail"};
    char text[600];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    d->warnings += verdict == MK_WARN;
    d->failures += verdict == MK_FAIL;
    if (d->found) {
        json_array_append_new(d->found, json_pack("{s:s, s:s, s:s, s:s*}", "verdict", words[verdict], "what", what, "found", text, "advice", advice));
        return;
    }
    printf("%-5s %-14s %s\n", words[verdict], what, text);
    if (advice)
        printf("      %-14s -> %s\n", "", advice);
}

static void libraries(mk_doctor *d)
{
    mk_doctor_say(d, MK_FINE, "meterkey", NULL, "%s, scripts installed at %s", mk_build_version, mk_build_datadir);
    mk_doctor_say(d, MK_FINE, "libraries", NULL, "libuv %s, libxml2 %s, jansson %s, libsodium %s, zstd %s", uv_version_string(), LIBXML_DOTTED_VERSION,
        jansson_version_str(), sodium_version_string(), ZSTD_versionString());
}

/* --- certificates ------------------------------------------------------------------- */

static size_t count_certificates(const char *path)
{
    mk_buf text;
    size_t count = 0;
    mk_buf_init(&text, 16 << 20);
    if (!mk_read_file(path, 16 << 20, &text))
        for (const char *at = text.data; (at = strstr(at, "-----BEGIN CERTIFICATE-----")); at++)
            count++;
    mk_buf_free(&text);
    return count;
}

static void certificates(mk_doctor *d)
{
    static const char *const places[] = {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem", NULL};
    const char *own = mk_args_get(d->args, "--cacert");
    if (own) {
        const size_t count = count_certificates(own);
        if (count)
            mk_doctor_say(d, MK_FINE, "certificates", NULL, "%zu in %s", count, own);
        else
            mk_doctor_say(d, MK_FAIL, "certificates", "give a file of PEM certificates", "%s holds none", own);
        return;
    }
    for (size_t i = 0; places[i]; i++) {
        const size_t count = count_certificates(places[i]);
        if (!count)
            continue;
        mk_doctor_say(d, count < 20 ? MK_WARN : MK_FINE, "certificates", count < 20 ? "apt-get install --reinstall ca-certificates" : NULL, "%zu in %s", count, places[i]);
        return;
    }
    mk_doctor_say(d, MK_FAIL, "certificates", "apt-get install ca-certificates, or give --cacert FILE", "the system has none: no portal can be verified");
}

/* --- what the machine allows ------------------------------------------------------------ */

/* Whether a page may be written and then run, which compiled patterns need. */
static bool executable_memory(void)
{
    const size_t size = (size_t)sysconf(_SC_PAGESIZE);
    void *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return false;
    const bool fine = !mprotect(page, size, PROT_READ | PROT_EXEC);
    munmap(page, size);
    return fine;
}

static void patterns(mk_doctor *d)
{
    mk_regex *regex = NULL;
    size_t at;
    char why[80];
    if (mk_regex_compile(&regex, "a+b", 3, NULL, &at, why, sizeof why))
        mk_doctor_say(d, MK_FAIL, "patterns", "reinstall libpcre2-8-0", "regular expressions do not compile: %s", why);
    else if (!executable_memory())
        mk_doctor_say(d, MK_WARN, "patterns", "do not set MemoryDenyWriteExecute for this service", "memory cannot be made executable: patterns are not compiled (JIT) and run slower");
    else
        mk_doctor_say(d, MK_FINE, "patterns", NULL, "regular expressions are compiled (JIT)");
    mk_regex_free(regex);
}

static void locked_memory(mk_doctor *d)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_MEMLOCK, &limit))
        return;
    const char *advice = "raise it: ulimit -l 8192, or LimitMEMLOCK=8M in the unit";
    if (limit.rlim_cur == RLIM_INFINITY)
        mk_doctor_say(d, MK_FINE, "locked memory", NULL, "unlimited");
    else if (limit.rlim_cur < (1 << 20))
        mk_doctor_say(d, MK_WARN, "locked memory", advice, "%llu KiB: secrets may be swapped out", (unsigned long long)limit.rlim_cur >> 10);
    else
        mk_doctor_say(d, MK_FINE, "locked memory", NULL, "%llu KiB", (unsigned long long)limit.rlim_cur >> 10);
}

static void descriptors(mk_doctor *d)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit))
        return;
    if (limit.rlim_max < 4096)
        mk_doctor_say(d, MK_WARN, "open files", "raise it: ulimit -n 65536, or LimitNOFILE=65536 in the unit", "%llu at most: about %llu sessions at once",
            (unsigned long long)limit.rlim_max, (unsigned long long)limit.rlim_max / 6);
    else
        mk_doctor_say(d, MK_FINE, "open files", NULL, "%llu at most", (unsigned long long)limit.rlim_max);
}

/* --- the key and its folder --------------------------------------------------------------- */

static bool key_path(const mk_args *args, char *path, size_t cap)
{
    const char *file = mk_args_get(args, "--key"), *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    if (file)
        snprintf(path, cap, "%s", file);
    else if (config && *config == '/')
        snprintf(path, cap, "%s/meterkey/key", config);
    else if (home && *home == '/')
        snprintf(path, cap, "%s/.config/meterkey/key", home);
    else
        return false;
    return true;
}

/* The nearest folder above path that is there. */
static void folder_above(const char *path, char *out, size_t cap)
{
    snprintf(out, cap, "%s", path);
    do {
        char *slash = strrchr(out, '/');
        if (!slash || slash == out) {
            snprintf(out, cap, "%s", slash ? "/" : ".");
            return;
        }
        *slash = '\0';
    } while (access(out, F_OK));
}

static void key(mk_doctor *d)
{
    char path[4200], folder[4200], advice[4400];
    mk_key *opened = NULL;
    if (!key_path(d->args, path, sizeof path)) {
        mk_doctor_say(d, MK_FAIL, "key", "set HOME or XDG_CONFIG_HOME, or give --key FILE", "there is no home folder to keep it in");
        return;
    }
    folder_above(path, folder, sizeof folder);
    const bool writable = !access(folder, W_OK | X_OK);
    const int err = mk_key_file(&opened, path, false);
    mk_key_free(opened);
    if (err == MK_ENOENT && writable) {
        mk_doctor_say(d, MK_FINE, "key", NULL, "made at first use: %s", path);
    } else if (err == MK_ENOENT) {
        mk_doctor_say(d, MK_FAIL, "key", "make the folder writable, or give --key FILE", "cannot be made: %s is not writable", folder);
    } else if (err == MK_EPOLICY) {
        snprintf(advice, sizeof advice, "chmod 600 %s, and make it yours; if others could read it, make a new one", path);
        mk_doctor_say(d, MK_FAIL, "key", advice, "%s can be read by others, or is somebody else's", path);
    } else if (err) {
        mk_doctor_say(d, MK_FAIL, "key", "put the saved key back; what it sealed cannot be opened without it", "%s: %s", path, mk_err_text(err));
    } else if (!writable) {
        mk_doctor_say(d, MK_WARN, "key", "make the folder writable: the ledger of spent files is kept beside the key", "%s is good, its folder is not writable", path);
    } else {
        mk_doctor_say(d, MK_FINE, "key", NULL, "%s", path);
    }
}

/* --- adapters -------------------------------------------------------------------------------- */

typedef struct adapters {
    mk_doctor *d;
    size_t count, wrong;
} adapters;

static void wrong(adapters *all, const char *id, const json_t *problems)
{
    size_t i;
    json_t *one;
    char advice[300];
    json_array_foreach(problems, i, one) {
        if (!strcmp(json_string_value(json_object_get(one, "level")), "warning"))
            continue;
        snprintf(advice, sizeof advice, "meterkey check %s", id);
        mk_doctor_say(all->d, MK_FAIL, "adapter", advice, "%s:%d: %s", json_string_value(json_object_get(one, "file")),
            (int)json_integer_value(json_object_get(one, "line")), json_string_value(json_object_get(one, "message")));
        return;
    }
}

static bool adapter(void *arg, const char *id)
{
    adapters *all = arg;
    mk_found found = { 0 };
    char why[300] = "";
    json_t *problems = json_array();
    all->count++;
    if (mk_find_text(&found, id, mk_args_get(all->d->args, "--scripts"), why, sizeof why)) {
        all->wrong++;
        mk_doctor_say(all->d, MK_FAIL, "adapter", "see that it is there and readable", "%s", why);
    } else if (!problems || mk_check_adapter(problems, &found, mk_args_get(all->d->args, "--scripts"), NULL, NULL)) {
        all->wrong++;
        mk_doctor_say(all->d, MK_FAIL, "adapter", NULL, "%s could not be checked", id);
    } else if (mk_check_errors(problems)) {
        all->wrong++;
        wrong(all, id, problems);
    }
    json_decref(problems);
    mk_found_free(&found);
    return true;
}

static void scripts(mk_doctor *d)
{
    adapters all = { .d = d };
    if (mk_find_all(mk_args_get(d->args, "--scripts"), adapter, &all))
        mk_doctor_say(d, MK_FAIL, "adapters", NULL, "out of memory");
    else if (all.count == 1 && !all.wrong)
        mk_doctor_say(d, MK_WARN, "adapters", "run it where scripts/ is, or give --scripts DIR", "only the built-in DEMO was found");
    else if (!all.wrong)
        mk_doctor_say(d, MK_FINE, "adapters", NULL, "%zu, each passes check", all.count);
    if (mk_program_there("luacheck"))
        mk_doctor_say(d, MK_FINE, "luacheck", NULL, "installed");
    else
        mk_doctor_say(d, MK_WARN, "luacheck", "apt-get install lua-check", "not installed: check finds less");
}

int mk_cmd_doctor(const mk_args *args)
{
    mk_doctor d = { .args = args, .found = mk_args_has(args, "--json") ? json_array() : NULL };
    libraries(&d);
    certificates(&d);
    patterns(&d);
    locked_memory(&d);
    descriptors(&d);
    const bool service = mk_args_get(args, "--config") || mk_args_get(args, "--store");
    const int status = service ? mk_doctor_service(&d) : 0;
    if (!service)
        key(&d);
    if (!service)
        scripts(&d);
    if (d.found)
        mk_drive_put_json(d.found);
    else
        printf("%zu failure%s, %zu warning%s\n", d.failures, d.failures == 1 ? "" : "s", d.warnings, d.warnings == 1 ? "" : "s");
    json_decref(d.found);
    return status ? status : d.failures ? 1 : 0;
}
