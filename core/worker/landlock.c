/* landlock.c - which files a sealed process may still open (layer worker)
 *
 * The header of the build machine may be older than the kernel, so what came after ABI 1 is written here. */
#include "base/err.h"
#include "worker/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FILES = LANDLOCK_ACCESS_FS_READ_FILE, FOLDERS = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR };

/* As the newest ABI has it; an older kernel is given the part of it that it knows. */
typedef struct ruleset {
    uint64_t fs, net, scoped;
} ruleset;

/* Everything that an ABI can deny is denied: fs are its first bits, in order. net: 1 bind, 2 connect (that a worker
 * needs); scoped: 1 abstract Unix sockets, 2 signals. */
static size_t rules_of(int abi, bool network, ruleset *rules)
{
    const int bits = abi >= 5 ? 16 : abi >= 3 ? 15 : abi == 2 ? 14 : 13;
    *rules = (ruleset){ .fs = (1ULL << bits) - 1, .net = abi < 4 ? 0 : network ? 1 : 3, .scoped = abi >= 6 ? 3 : 0 };
    return abi >= 6 ? sizeof *rules : abi >= 4 ? 2 * sizeof(uint64_t) : sizeof(uint64_t);
}

/* A file, or a folder with all below it. What is not there needs no leave. */
static int allow(int rules, const char *path)
{
    struct landlock_path_beneath_attr rule = { .parent_fd = open(path, O_PATH | O_CLOEXEC) };
    struct stat about;
    if (rule.parent_fd < 0)
        return errno == EMFILE || errno == ENFILE || errno == ENOMEM ? MK_EIO : MK_OK;
    int err = fstat(rule.parent_fd, &about) == 0 ? MK_OK : MK_EIO;
    rule.allowed_access = S_ISDIR(about.st_mode) ? FOLDERS : FILES;
    if (!err && syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
        err = MK_EIO;
    close(rule.parent_fd);
    return err;
}

/* Where resolv.conf is a link, what it leads to is replaced by a new file now and then: its folder is what can be
 * named. */
static int allow_resolver(int rules)
{
    char path[PATH_MAX];
    if (!realpath("/etc/resolv.conf", path))
        return MK_OK;
    char *slash = strrchr(path, '/');
    const bool elsewhere = strncmp(path, "/etc/", 5) != 0 && slash != path;
    if (elsewhere)
        *slash = '\0';
    return allow(rules, path);
}

static int allow_each(int rules, const char *const *paths)
{
    int err = MK_OK;
    for (size_t i = 0; !err && paths[i]; i++)
        err = allow(rules, paths[i]);
    return err;
}

static int allow_network(int rules, const char *cacert)
{
    static const char *const paths[] = {
        /* names */
        "/etc/hosts", "/etc/nsswitch.conf", "/etc/gai.conf", "/etc/host.conf", "/etc/services", "/etc/protocols",
        /* certificates */
        "/etc/ssl/certs", "/etc/ssl/cert.pem", "/etc/ssl/openssl.cnf", "/etc/pki/tls/certs",
        "/etc/pki/ca-trust/extracted", "/etc/ca-certificates/extracted", "/usr/share/ca-certificates",
        "/usr/local/share/ca-certificates", NULL,
    };
    int err = allow_resolver(rules);
    err = err ? err : allow_each(rules, paths);
    return err || !cacert ? err : allow(rules, cacert);
}

static int allow_all(int rules, const mk_confine_options *options)
{
    static const char *const paths[] = {
        /* name services, character sets, providers of OpenSSL */
        "/usr/lib", "/usr/lib64", "/lib", "/lib64", "/etc/ld.so.cache",
        /* time, nothing, chance */
        "/usr/share/zoneinfo", "/etc/localtime", "/dev/null", "/dev/urandom", NULL,
    };
    const int err = allow_each(rules, paths);
    if (err)
        return err;
    return options->folders ? allow_each(rules, options->folders) : allow_network(rules, options->cacert);
}

int mk_confine_landlock(int *abi, const mk_confine_options *options)
{
    ruleset wanted;
    *abi = 0;
    const long known = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (known < 1)
        return MK_EPOLICY;
    const size_t size = rules_of((int)known, !options->folders, &wanted);
    const int rules = (int)syscall(SYS_landlock_create_ruleset, &wanted, size, 0);
    if (rules < 0)
        return MK_EIO;
    int err = allow_all(rules, options);
    if (!err && syscall(SYS_landlock_restrict_self, rules, 0) != 0)
        err = MK_EIO;
    close(rules);
    *abi = err ? 0 : (int)known;
    return err;
}
