/* confine.c - the order in which a process seals itself off (layer worker) */
#include "worker/confine.h"

#include "base/err.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

static int fail(char *why, size_t cap, int err, const char *format, ...) __attribute__((format(printf, 4, 5)));
static int fail(char *why, size_t cap, int err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(why, cap, format, args);
    va_end(args);
    return err;
}

/* Landlock holds for the calling thread and for what it starts later: another would stay free. */
static bool alone(void)
{
    DIR *dir = opendir("/proc/self/task");
    size_t threads = 0;
    for (const struct dirent *entry; dir && (entry = readdir(dir));)
        threads += entry->d_name[0] != '.';
    if (dir)
        closedir(dir);
    return threads <= 1; /* none: no /proc here */
}

static void close_rest(unsigned first)
{
    struct rlimit files = { .rlim_max = 1 << 16 };
    if (close_range(first, ~0U, 0) == 0)
        return;
    getrlimit(RLIMIT_NOFILE, &files); /* before Linux 5.9, or a container that does not let it through */
    for (rlim_t fd = first; fd < files.rlim_max && fd < 1 << 20; fd++)
        close((int)fd);
}

/* Nobody looks into this process, it leaves no image behind, gains no rights, keeps no descriptor it was not given. */
static int close_up(unsigned first)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 ||
        setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 }) != 0)
        return MK_EIO;
    close_rest(first);
    return MK_OK;
}

int mk_worker_confine(mk_confined *out, const mk_confine_options *options, char *why, size_t cap)
{
    static const char lacks[] = "this kernel lacks it, or it is switched off";
    *out = (mk_confined){ .landlock = 0 };
    if (!alone())
        return fail(why, cap, MK_EINVAL, "a process with several threads cannot be confined");
    int err = close_up(options->folders ? 3 : 4);
    if (err)
        return fail(why, cap, err, "the process cannot be closed up: %s", strerror(errno));
    err = mk_confine_landlock(&out->landlock, options);
    if (err && (err != MK_EPOLICY || options->require))
        return fail(why, cap, err, "Landlock: %s", err == MK_EPOLICY ? lacks : strerror(errno));
    err = mk_confine_seccomp(!options->folders);
    if (err && (err != MK_EPOLICY || options->require))
        return fail(why, cap, err, "seccomp: %s", err == MK_EPOLICY ? lacks : strerror(errno));
    out->seccomp = !err;
    return MK_OK;
}
