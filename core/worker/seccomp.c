/* seccomp.c - which system calls a worker may make (layer worker)
 *
 * A list of what is allowed. All else is answered ENOSYS, as by a kernel too old to have it: libraries know what to do then (clone3, say),
 * and take EPERM for a failure. */
#include "base/err.h"
#include "worker/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif

enum { TYPE = 0xf /* of a socket, without flags */, WRITES = O_ACCMODE | O_CREAT | O_TRUNC };

/* A name that this machine or libseccomp does not have is left out. */
static const char *const plain[] = {
    /* memory */
    "brk", "mmap", "munmap", "mremap", "mprotect", "madvise", "mlock", "mlock2", "munlock",
    /* threads of the pool, and signals to ourselves */
    "futex", "futex_wait", "futex_wake", "set_robust_list", "rseq", "set_tid_address", "sched_yield", "sched_getaffinity", "getcpu",
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack", "restart_syscall", "exit", "exit_group",
    /* time, identity, chance */
    "clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep", "gettimeofday", "time", "getpid", "gettid", "getppid", "getuid",
    "geteuid", "getgid", "getegid", "getrusage", "getrandom", "uname", "sysinfo",
    "timer_create", "timer_settime", "timer_gettime", "timer_delete", /* of scripts' budgets */
    /* descriptors and the event loop */
    "read", "readv", "pread64", "preadv", "preadv2", "write", "writev", "lseek", "close", "dup", "dup2", "dup3", "pipe", "pipe2", "eventfd2",
    "epoll_create", "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2", "poll", "ppoll", "select", "pselect6",
    /* files that Landlock lets through */
    "fstat", "stat", "lstat", "newfstatat", "fstatat64", "statx", "fstatfs", "statfs", "access", "faccessat", "faccessat2", "readlink", "readlinkat",
    "getdents64", "getcwd",
    /* sockets; no bind, listen, accept */
    "connect", "sendto", "sendmsg", "sendmmsg", "recvfrom", "recvmsg", "recvmmsg", "shutdown", "getsockopt", "setsockopt", "getsockname",
    "getpeername",
};

static int add(scmp_filter_ctx filter, const char *name, unsigned count, const struct scmp_arg_cmp *tests)
{
    const int number = seccomp_syscall_resolve_name(name);
    if (number < 0)
        return MK_OK;
    const int err = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, number, count, tests);
    errno = -err;
    return err == 0 ? MK_OK : err == -ENOMEM ? MK_ENOMEM : MK_EIO;
}

/* One call for each of the values that an argument may have. */
static int add_values(scmp_filter_ctx filter, const char *name, unsigned arg, const unsigned long *values, size_t count)
{
    int err = MK_OK;
    for (size_t i = 0; !err && i < count; i++)
        err = add(filter, name, 1, &(struct scmp_arg_cmp){ .arg = arg, .op = SCMP_CMP_EQ, .datum_a = values[i] });
    return err;
}

static struct scmp_arg_cmp masked(unsigned arg, unsigned long mask, unsigned long value)
{
    return (struct scmp_arg_cmp){ .arg = arg, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = value };
}

/* Streams and datagrams over IP. A pair of Unix sockets is for libcurl to wake itself: a stream, since a datagram socket could be turned
 * to another address. */
static int add_sockets(scmp_filter_ctx filter)
{
    static const unsigned long families[] = { AF_INET, AF_INET6 }, types[] = { SOCK_STREAM, SOCK_DGRAM };
    int err = MK_OK;
    for (size_t i = 0; !err && i < 4; i++)
        err = add(filter, "socket", 2, (struct scmp_arg_cmp[]){ { .arg = 0, .op = SCMP_CMP_EQ, .datum_a = families[i / 2] },
                                                                masked(1, TYPE, types[i % 2]) });
    return err ? err : add(filter, "socketpair", 2, (struct scmp_arg_cmp[]){ { .arg = 0, .op = SCMP_CMP_EQ, .datum_a = AF_UNIX },
                                                                             masked(1, TYPE, SOCK_STREAM) });
}

/* Files for reading alone, threads and no processes, signals to ourselves. */
static int add_process(scmp_filter_ctx filter)
{
    const unsigned long self[] = { (unsigned long)getpid() };
    static const unsigned long limits_of_self[] = { 0 };
    const struct scmp_arg_cmp reads = masked(2, WRITES, O_RDONLY), open_reads = masked(1, WRITES, O_RDONLY);
    const struct scmp_arg_cmp thread = masked(0, CLONE_VM | CLONE_THREAD, CLONE_VM | CLONE_THREAD);
    int err = add(filter, "openat", 1, &reads);
    if (!err)
        err = add(filter, "open", 1, &open_reads);
    if (!err)
        err = add(filter, "clone", 1, &thread);
    if (!err)
        err = add_values(filter, "kill", 0, self, 1);
    if (!err)
        err = add_values(filter, "tgkill", 0, self, 1);
    if (!err) /* reading them: no new ones */
        err = add_values(filter, "prlimit64", 2, limits_of_self, 1);
    return err;
}

static int add_control(scmp_filter_ctx filter)
{
    static const unsigned long fcntls[] = { F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD, F_DUPFD_CLOEXEC };
    static const unsigned long ioctls[] = { FIONBIO, FIONREAD, FIOCLEX, FIONCLEX, TCGETS };
    static const unsigned long prctls[] = { PR_SET_NAME, PR_SET_VMA };
    int err = add_values(filter, "fcntl", 1, fcntls, sizeof fcntls / sizeof *fcntls);
    if (!err)
        err = add_values(filter, "ioctl", 1, ioctls, sizeof ioctls / sizeof *ioctls);
    return err ? err : add_values(filter, "prctl", 0, prctls, sizeof prctls / sizeof *prctls);
}

static int load(scmp_filter_ctx filter)
{
    if (seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1) != 0)
        return MK_EPOLICY;
    seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a tree in place of a list, where libseccomp can */
    const int err = seccomp_load(filter);
    errno = -err;
    return err == 0 ? MK_OK : err == -ENOMEM ? MK_ENOMEM : err == -EINVAL || err == -ENOSYS ? MK_EPOLICY : MK_EIO;
}

int mk_confine_seccomp(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
    int err = filter ? MK_OK : MK_ENOMEM;
    for (size_t i = 0; !err && i < sizeof plain / sizeof *plain; i++)
        err = add(filter, plain[i], 0, NULL);
    if (!err)
        err = add_process(filter);
    if (!err)
        err = add_sockets(filter);
    if (!err)
        err = add_control(filter);
    if (!err)
        err = load(filter);
    seccomp_release(filter);
    return err;
}
