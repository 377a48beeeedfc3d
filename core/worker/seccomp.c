/* seccomp.c - which system calls a sealed process may make (layer worker)
 *
 * A list of what is allowed. All else is answered ENOSYS, as by a kernel too old to have it: libraries know what to do
 * then (clone3, say), and take EPERM for a failure. */
#include "base/err.h"
#include "worker/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
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

static const char *const plain[] = {
    /* memory */
    "brk", "mmap", "munmap", "mremap", "mprotect", "madvise", "mlock", "mlock2", "munlock",
    /* locks, and signals to ourselves */
    "futex", "futex_wait", "futex_wake", "set_robust_list", "rseq", "set_tid_address", "sched_yield",
    "sched_getaffinity", "getcpu", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack", "restart_syscall",
    "exit", "exit_group",
    /* time, identity, chance */
    "clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep", "gettimeofday", "time", "getpid", "gettid",
    "getppid", "getuid", "geteuid", "getgid", "getegid", "getrusage", "getrandom", "uname", "sysinfo",
    /* the clock of scripts' budgets */
    "timer_create", "timer_settime", "timer_gettime", "timer_delete", "alarm", "setitimer",
    /* descriptors and the event loop */
    "read", "readv", "pread64", "preadv", "preadv2", "write", "writev", "lseek", "close", "dup", "dup2", "dup3",
    "pipe", "pipe2", "eventfd2", "epoll_create", "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait",
    "epoll_pwait2", "poll", "ppoll", "select", "pselect6",
    /* files that Landlock lets through */
    "fstat", "stat", "lstat", "newfstatat", "fstatat64", "statx", "fstatfs", "statfs", "access", "faccessat",
    "faccessat2", "readlink", "readlinkat", "getdents64", "getcwd",
};

/* With a network: sockets; no bind, listen, accept. */
static const char *const networked[] = {
    "connect", "sendto", "sendmsg", "sendmmsg", "recvfrom", "recvmsg", "recvmmsg", "shutdown", "getsockopt",
    "getsockname", "getpeername",
};

#define EQUAL(number, value) { .arg = (number), .op = SCMP_CMP_EQ, .datum_a = (value) }
#define BITS(number, mask, value) { .arg = (number), .op = SCMP_CMP_MASKED_EQ, .datum_a = (mask), .datum_b = (value) }

/* Calls that depend on one or two of their arguments; the same call again for each value that will do. */
typedef struct limit {
    const char *name;
    struct scmp_arg_cmp tests[2];
} limit;
static const limit limited[] = {
    /* files for reading alone, limits for asking */
    { "openat", { BITS(2, WRITES, O_RDONLY) } },
    { "open", { BITS(1, WRITES, O_RDONLY) } },
    { "prlimit64", { EQUAL(2, 0) } },
    /* for libcurl to wake itself; a stream, since a datagram socket could be turned to another address */
    { "socketpair", { EQUAL(0, AF_UNIX), BITS(1, TYPE, SOCK_STREAM) } },
    /* flags of descriptors, names of threads and of memory */
    { "fcntl", { EQUAL(1, F_GETFD) } },
    { "fcntl", { EQUAL(1, F_SETFD) } },
    { "fcntl", { EQUAL(1, F_GETFL) } },
    { "fcntl", { EQUAL(1, F_SETFL) } },
    { "fcntl", { EQUAL(1, F_DUPFD) } },
    { "fcntl", { EQUAL(1, F_DUPFD_CLOEXEC) } },
    { "ioctl", { EQUAL(1, FIONBIO) } },
    { "ioctl", { EQUAL(1, FIONREAD) } },
    { "ioctl", { EQUAL(1, FIOCLEX) } },
    { "ioctl", { EQUAL(1, FIONCLEX) } },
    { "ioctl", { EQUAL(1, TCGETS) } },
    { "prctl", { EQUAL(0, PR_SET_NAME) } },
    { "prctl", { EQUAL(0, PR_SET_VMA) } },
};

/* With a network: its sockets, and the threads that look names up (no processes). */
static const limit limited_networked[] = {
    { "clone", { BITS(0, CLONE_VM | CLONE_THREAD, CLONE_VM | CLONE_THREAD) } },
    /* streams and datagrams over IP */
    { "socket", { EQUAL(0, AF_INET), BITS(1, TYPE, SOCK_STREAM) } },
    { "socket", { EQUAL(0, AF_INET), BITS(1, TYPE, SOCK_DGRAM) } },
    { "socket", { EQUAL(0, AF_INET6), BITS(1, TYPE, SOCK_STREAM) } },
    { "socket", { EQUAL(0, AF_INET6), BITS(1, TYPE, SOCK_DGRAM) } },
    /* what libcurl and the resolver set; not, say, a program that the kernel runs on each packet */
    { "setsockopt", { EQUAL(1, SOL_SOCKET), EQUAL(2, SO_KEEPALIVE) } },
    { "setsockopt", { EQUAL(1, SOL_SOCKET), EQUAL(2, SO_SNDBUF) } },
    { "setsockopt", { EQUAL(1, SOL_SOCKET), EQUAL(2, SO_RCVBUF) } },
    { "setsockopt", { EQUAL(1, IPPROTO_TCP), EQUAL(2, TCP_NODELAY) } },
    { "setsockopt", { EQUAL(1, IPPROTO_TCP), EQUAL(2, TCP_KEEPIDLE) } },
    { "setsockopt", { EQUAL(1, IPPROTO_TCP), EQUAL(2, TCP_KEEPINTVL) } },
    { "setsockopt", { EQUAL(1, IPPROTO_TCP), EQUAL(2, TCP_KEEPCNT) } },
    { "setsockopt", { EQUAL(1, IPPROTO_IP), EQUAL(2, IP_RECVERR) } },
    { "setsockopt", { EQUAL(1, IPPROTO_IP), EQUAL(2, IP_MTU_DISCOVER) } },
    { "setsockopt", { EQUAL(1, IPPROTO_IPV6), EQUAL(2, IPV6_RECVERR) } },
    { "setsockopt", { EQUAL(1, IPPROTO_IPV6), EQUAL(2, IPV6_MTU_DISCOVER) } },
    { "setsockopt", { EQUAL(1, IPPROTO_IPV6), EQUAL(2, IPV6_V6ONLY) } },
};

static int add(scmp_filter_ctx filter, const char *name, unsigned count, const struct scmp_arg_cmp *tests)
{
    const int number = seccomp_syscall_resolve_name(name);
    if (number < 0) /* not on this machine, or younger than libseccomp */
        return MK_OK;
    const int err = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, number, count, tests);
    errno = -err;
    return err == 0 ? MK_OK : err == -ENOMEM ? MK_ENOMEM : MK_EIO;
}

#define COUNT(list) (sizeof(list) / sizeof *(list))

static int add_plain(scmp_filter_ctx filter, const char *const *names, size_t count)
{
    int err = MK_OK;
    for (size_t i = 0; !err && i < count; i++)
        err = add(filter, names[i], 0, NULL);
    return err;
}

static int add_limited(scmp_filter_ctx filter, const limit *limits, size_t count)
{
    int err = MK_OK;
    for (size_t i = 0; !err && i < count; i++)
        err = add(filter, limits[i].name, limits[i].tests[1].op ? 2 : 1, limits[i].tests);
    return err;
}

static int add_all(scmp_filter_ctx filter, bool network)
{
    const struct scmp_arg_cmp self = EQUAL(0, (scmp_datum_t)getpid());
    int err = add_plain(filter, plain, COUNT(plain));
    if (!err)
        err = add_limited(filter, limited, COUNT(limited));
    if (!err && network)
        err = add_plain(filter, networked, COUNT(networked));
    if (!err && network)
        err = add_limited(filter, limited_networked, COUNT(limited_networked));
    if (!err)
        err = add(filter, "kill", 1, &self);
    return err ? err : add(filter, "tgkill", 1, &self);
}

static int load(scmp_filter_ctx filter)
{
    if (seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1) != 0)
        return MK_EPOLICY;
    seccomp_attr_set(filter, SCMP_FLTATR_API_SYSRAWRC, 1); /* what the kernel said, in place of ECANCELED */
    seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a tree in place of a list, where libseccomp can */
    const int err = seccomp_load(filter);
    errno = -err;
    return err == 0 ? MK_OK : err == -ENOMEM ? MK_ENOMEM : err == -EINVAL ? MK_EPOLICY : MK_EIO;
}

int mk_confine_seccomp(bool network)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
    int err = filter ? add_all(filter, network) : MK_ENOMEM;
    if (!err)
        err = load(filter);
    seccomp_release(filter);
    return err;
}
