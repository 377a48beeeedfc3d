/* doctor_service.c - what is wrong with a service's installation (layer cli) */
#include "base/codec.h"
#include "base/err.h"
#include "base/mem.h"
#include "cli/doctor.h"
#include "cli/serving.h"
#include "service/config.h"
#include "service/keys.h"
#include "service/mime.h"
#include "service/scan.h"
#include "service/stager.h"
#include "worker/confine.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SEALED_MOST = 1 << 20 };

/* --- store, key, folder ------------------------------------------------------------ */

static void folder_of(const char *file, char out[4096])
{
    const char *slash = strrchr(file, '/');
    snprintf(out, 4096, "%.*s", slash ? (int)(slash == file ? 1 : slash - file) : 1, slash ? file : ".");
}

/* False where nothing may be opened: another user's files beside the store would lock the service out. */
static bool folder(mk_doctor *d, const char *file)
{
    char path[4096], advice[4200];
    struct stat st;
    folder_of(file, path);
    if (stat(path, &st)) {
        mk_doctor_say(d, MK_FAIL, "folder", "make it: install -d -o meterkey -m 700", "%s: %s", path, strerror(errno));
        return false;
    }
    if (st.st_uid != geteuid()) {
        mk_doctor_say(d, MK_FAIL, "folder", "run doctor as the service's user: runuser -u meterkey -- meterkey doctor ...", "%s is another user's", path);
        return false;
    }
    snprintf(advice, sizeof advice, "chmod 700 %.4000s", path);
    if (st.st_mode & 077)
        mk_doctor_say(d, MK_WARN, "folder", advice, "%s can be read by others (mode %o)", path, (unsigned)st.st_mode & 0777);
    else
        mk_doctor_say(d, MK_FINE, "folder", NULL, "%s is the service's alone", path);
    return true;
}

static bool opens(const mk_keys *keys, const json_t *sealed)
{
    mk_buf bytes, text;
    const char *base64 = json_string_value(json_object_get(sealed, "b64"));
    mk_buf_init(&bytes, SEALED_MOST);
    mk_buf_init(&text, SEALED_MOST);
    const bool good = base64 && mk_base64_decode(&bytes, base64, strlen(base64)) == MK_OK &&
                      mk_keys_unseal(keys, "credentials", bytes.data, bytes.len, &text) == MK_OK;
    mk_buf_free(&bytes);
    mk_buf_free(&text);
    return good;
}

/* Those of ongoing access. A store that was not opened by this version yet has no such table. */
static void sign_ins(mk_doctor *d, mk_store *store, const mk_keys *keys)
{
    char why[MK_STORE_WHY] = "";
    json_t *rows = NULL, *row;
    size_t at, bad = 0;
    if (mk_store_query(store, "SELECT credentials FROM kept LIMIT 10000", NULL, &rows, why))
        return;
    json_array_foreach(rows, at, row)
        bad += !opens(keys, json_object_get(row, "credentials"));
    if (bad)
        mk_doctor_say(d, MK_FAIL, "sign-ins", "put the key of this store back; else those customers have to sign in again",
                      "%zu of %zu that are kept for ongoing access cannot be opened", bad, json_array_size(rows));
    else
        mk_doctor_say(d, MK_FINE, "sign-ins", NULL, "%zu kept for ongoing access, sealed", json_array_size(rows));
    json_decref(rows);
}

static void key(mk_doctor *d, const json_t *config, mk_store *store)
{
    char file[4096], why[MK_STORE_WHY] = "";
    mk_keys *keys = NULL;
    int err = mk_keys_file(config, file, sizeof file);
    if (!err)
        err = mk_keys_open(&keys, store, file, false, why);
    if (!err)
        mk_doctor_say(d, MK_FINE, "key", NULL, "it opens the store");
    if (!err)
        sign_ins(d, store, keys);
    else if (err == MK_EPOLICY)
        mk_doctor_say(d, MK_FAIL, "key", "chmod 600, and chown to the service's user; if others could read it: meterkey key rotate", "%s", why);
    else
        mk_doctor_say(d, MK_FAIL, "key", "put the saved key back; what it sealed cannot be opened without it", "%s", *why ? why : mk_err_text(err));
    mk_keys_free(keys);
}

static bool schema(mk_doctor *d, mk_store *store, const char *file)
{
    char why[MK_STORE_WHY] = "", kept[4200];
    int number = 0, latest = 0;
    const int err = mk_store_schema(store, &number, &latest, why);
    if (err)
        mk_doctor_say(d, MK_FAIL, "store", err == MK_EVERSION ? "install the newer version, or restore the copy from before the upgrade" : NULL, "%s: %s", file, why);
    else if (number < latest)
        mk_doctor_say(d, MK_WARN, "schema", "have a backup; the service's next start does it", "is %d, to become %d", number, latest);
    for (int before = 1; before <= latest; before++) {
        snprintf(kept, sizeof kept, "%.4000s.schema-%d", file, before);
        if (access(kept, F_OK) == 0)
            mk_doctor_say(d, MK_WARN, "copy", "delete it once you need not go back: it holds what was deleted since", "%s is from before an upgrade", kept);
    }
    return !err;
}

enum { LEAST_MIB = 64, FEW_MIB = 1024 };

static void room(mk_doctor *d, const char *file)
{
    char path[4096];
    struct statvfs st;
    folder_of(file, path);
    if (statvfs(path, &st))
        return;
    const unsigned long long mib = (unsigned long long)st.f_bavail * st.f_frsize >> 20;
    mk_doctor_say(d, mib < LEAST_MIB ? MK_FAIL : mib < FEW_MIB ? MK_WARN : MK_FINE, "disk",
                  mib < FEW_MIB ? "make room: on a full disk every request that changes something is refused" : NULL, "%llu MiB free in %s", mib, path);
}

static void look_through(mk_doctor *d, mk_store *store, const char *file)
{
    char why[MK_STORE_WHY] = "";
    json_t *problems = NULL;
    const int err = mk_store_check(store, &problems, why);
    const char *first = json_string_value(json_array_get(problems, 0));
    if (err || first)
        mk_doctor_say(d, MK_FAIL, "store", "stop the service, keep a copy of the file, restore the last backup", "%s: %s", file, first ? first : why);
    else
        mk_doctor_say(d, MK_FINE, "store", NULL, "%s is sound", file);
    json_decref(problems);
}

static void store(mk_doctor *d, const json_t *config)
{
    char why[MK_STORE_WHY] = "";
    mk_store *opened = NULL;
    const char *url = mk_config_text(config, "store");
    const char *file = url && strncmp(url, "sqlite:", 7) == 0 ? url + 7 : url ? url : "";
    if (!folder(d, file))
        return;
    const int err = mk_store_open(&opened, url ? url : "", false, why);
    if (err == MK_ENOENT)
        mk_doctor_say(d, MK_FINE, "store", NULL, "made at the first start: %s", file);
    else if (err)
        mk_doctor_say(d, MK_FAIL, "store", "see that the setting names a store and the file is the service's; a damaged one: stop the service, keep a "
                      "copy, restore the last backup", "%s: %s", file, *why ? why : mk_err_text(err));
    room(d, file);
    if (!err && schema(d, opened, file))
        look_through(d, opened, file);
    if (!err)
        key(d, config, opened);
    mk_store_close(opened);
}

/* --- workers ------------------------------------------------------------------------- */

/* In a child, for good: the ABI of Landlock above 100 as its status. */
static void confine(const json_t *config)
{
    char why[300] = "";
    mk_confined confined;
    const mk_confine_options options = { .cacert = mk_config_text(config, "cacert"), .require = true };
    _exit(mk_worker_confine(&confined, &options, why, sizeof why) ? 1 : 100 + confined.landlock);
}

static void certificates(mk_doctor *d, const json_t *config)
{
    const char *file = mk_config_text(config, "cacert");
    if (file && access(file, R_OK))
        mk_doctor_say(d, MK_FAIL, "cacert", "see that the setting names a file of PEM certificates that the service may read", "%s: %s", file, strerror(errno));
}

static void workers(mk_doctor *d, const json_t *config)
{
    int status = 0;
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0)
        confine(config);
    if (child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) > 100)
        mk_doctor_say(d, MK_FINE, "workers", NULL, "can be sealed off (Landlock %d, seccomp)", WEXITSTATUS(status) - 100);
    else
        mk_doctor_say(d, json_is_true(json_object_get(config, "require_confinement")) ? MK_FAIL : MK_WARN, "workers",
                      "a kernel from 5.13 on with Landlock among its security modules (lsm=landlock,...); see that cacert is readable",
                      "cannot be sealed off here: the service does not start unless require_confinement is false");
}

/* --- mail, clock ----------------------------------------------------------------------- */

static void mail(mk_doctor *d, const json_t *config)
{
    mk_buf address;
    mk_buf_init(&address, 1024);
    const char *smtp = mk_config_text(config, "smtp"), *file = mk_config_text(config, "smtp_password_file"), *from = mk_config_text(config, "mail_from");
    if (mk_mime_address(&address, from ? from : ""))
        mk_doctor_say(d, MK_FAIL, "mail", "mail_from = \"Company <meters@company.example>\"", "mail_from is no mail address: %s", from ? from : "");
    else if (!smtp)
        mk_doctor_say(d, MK_WARN, "mail", "set smtp, or send links yourself", "no server: mails are files in the folder %s", mk_config_text(config, "mail_folder"));
    else if (file && access(file, R_OK))
        mk_doctor_say(d, MK_FAIL, "mail", "chown it to the service's user, mode 600", "smtp_password_file: %s: %s", file, strerror(errno));
    else if (!mk_config_text(config, "url"))
        mk_doctor_say(d, MK_WARN, "mail", "set url to what the world calls the service", "mails that say a code is wanted need the setting url");
    else
        mk_doctor_say(d, MK_FINE, "mail", NULL, "by %s as %s", smtp, from);
    mk_buf_free(&address);
}

static void clock_of(mk_doctor *d)
{
    struct timex now = { .modes = 0 };
    const int state = adjtimex(&now);
    if (state < 0 || state == TIME_ERROR || (now.status & STA_UNSYNC))
        mk_doctor_say(d, MK_WARN, "clock", "timedatectl set-ntp true, or chrony", "is not synchronised: codes of authenticator apps and links depend on it");
    else
        mk_doctor_say(d, MK_FINE, "clock", NULL, "synchronised");
}

/* --- adapters -------------------------------------------------------------------------- */

typedef struct staging {
    mk_doctor *d;
    const json_t *config;
    uv_loop_t loop;
    char folder[MK_SCAN_PATH];
    json_t *ids; /* of those to stage: {id: path, or null where the program carries it} */
    size_t fine;
} staging;

static void on_each(void *arg, const char *id, const char *path, uint64_t mark)
{
    staging *s = arg;
    (void)mark;
    json_object_set_new(s->ids, id, path ? json_string(path) : json_null());
}

static void on_staged(void *arg, json_t *result)
{
    staging *s = arg;
    const json_t *first = json_array_get(json_object_get(result, "problems"), 0);
    char advice[300];
    if (result && !first) {
        s->fine++;
        return;
    }
    const char *id = json_string_value(json_object_get(result, "utility"));
    snprintf(advice, sizeof advice, "meterkey check %.60s; meterkey test %.60s", id ? id : "", id ? id : "");
    mk_doctor_say(s->d, MK_FAIL, "adapter", advice, "%s: %s:%d: %s", id ? id : "?", json_string_value(json_object_get(first, "file")),
                  (int)json_integer_value(json_object_get(first, "line")), json_string_value(json_object_get(first, "message")));
}

static void stage(staging *s, const char *id, const char *path)
{
    mk_stager *stager = NULL;
    const mk_stager_job job = mk_stager_job_of(s->config, id, path, s->folder);
    if (mk_stager_start(&stager, &s->loop, &job, on_staged, s))
        mk_doctor_say(s->d, MK_FAIL, "adapter", NULL, "%s: no process could be started", id);
    uv_run(&s->loop, UV_RUN_DEFAULT);
}

static void on_changed(void *arg)
{
    (void)arg;
}

static void adapters(mk_doctor *d, const json_t *config)
{
    staging s = { .d = d, .config = config, .ids = json_object() };
    const char *id;
    json_t *path;
    if (uv_loop_init(&s.loop))
        return;
    mk_watcher *watcher = mk_watcher_new(&s.loop, on_changed, NULL);
    if (watcher) {
        mk_watcher_begin(watcher);
        mk_scan(mk_config_text(config, "scripts"), mk_config_text(config, "runtime"), watcher, s.folder, on_each, &s);
        mk_watcher_free(watcher); /* once is enough */
    }
    json_object_foreach(s.ids, id, path)
        stage(&s, id, json_string_value(path));
    if (s.fine && s.fine == json_object_size(s.ids))
        mk_doctor_say(d, MK_FINE, "adapters", NULL, "%zu, each goes live with its cases", s.fine);
    uv_run(&s.loop, UV_RUN_DEFAULT);
    uv_loop_close(&s.loop);
    json_decref(s.ids);
}

int mk_doctor_service(mk_doctor *d)
{
    char why[400] = "";
    json_t *config = NULL;
    if (mk_config_read(&config, mk_args_get(d->args, "--config"), why, sizeof why)) {
        mk_doctor_say(d, MK_FAIL, "settings", "mend it; `meterkey serve --print-config` shows all settings", "%s", why);
        return 0;
    }
    json_decref(config);
    const int status = mk_serving_config(&config, d->args);
    if (status)
        return status;
    workers(d, config); /* first: it forks */
    certificates(d, config);
    store(d, config);
    mail(d, config);
    clock_of(d);
    adapters(d, config);
    json_decref(config);
    return 0;
}
