/* test_confine.c - what a sealed worker may not do, and what it still must (tests of worker)
 *
 * A child tries everything before it is confined, when all of it works, and again after. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include "base/err.h"
#include "worker/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <iconv.h>
#include <linux/filter.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[] = "/tmp/confine-XXXXXX", key_file[64], socket_path[64], made_path[64], cacert[64];
static char below[64], script[80];
static int port, spare; /* of a listener on loopback; an open descriptor */

/* --- what must be refused: each gives 0 if it works ---------------------------------- */

static int reads(const char *path)
{
    const int fd = open(path, O_RDONLY);
    if (fd < 0)
        return errno;
    close(fd);
    return 0;
}

static int opens_a_key_file(void) { return reads(key_file); }
static int opens_the_passwords(void) { return reads("/etc/passwd"); }
static int opens_the_root_folder(void) { return reads("/"); }
static int looks_at_processes(void) { return reads("/proc/self/environ"); }
static int opens_the_program(void) { return reads("/proc/self/exe"); }

static int writes_a_file(void)
{
    const int fd = open(made_path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0)
        return errno;
    close(fd);
    return unlink(made_path) == 0 ? 0 : errno;
}

static int writes_to_null(void)
{
    const int fd = open("/dev/null", O_WRONLY);
    if (fd < 0)
        return errno;
    close(fd);
    return 0;
}

static int makes_a_folder(void) { return mkdir(made_path, 0700) == 0 && rmdir(made_path) == 0 ? 0 : errno; }
static int changes_a_mode(void) { return chmod(key_file, 0600) == 0 ? 0 : errno; }

static int starts_a_process(void)
{
    int status = 0;
    const pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    return pid > 0 && waitpid(pid, &status, 0) == pid ? 0 : errno;
}

/* In this process: if it worked, the child would end with the status of `true` and the test would see no report.
 * Before, in a process of its own. */
static bool sealed;
static int executes_a_program(void)
{
    char name[] = "/bin/true", *const argv[] = { name, NULL }, *const none[] = { NULL };
    if (sealed) {
        execve(argv[0], argv, none);
        return errno;
    }
    int status = 0;
    const pid_t pid = fork();
    if (pid == 0) {
        execve(argv[0], argv, none);
        _exit(1);
    }
    waitpid(pid, &status, 0);
    return WEXITSTATUS(status);
}

static int connects(int family, int type, const void *address, socklen_t len)
{
    const int fd = socket(family, type, 0);
    if (fd < 0)
        return errno;
    const int err = connect(fd, address, len) == 0 ? 0 : errno;
    close(fd);
    return err;
}

static int connects_to_a_unix_socket(void)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    memcpy(to.sun_path, socket_path, sizeof socket_path);
    return connects(AF_UNIX, SOCK_STREAM, &to, sizeof to);
}

static int makes_a_pair_of_datagram_sockets(void)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) != 0)
        return errno;
    close(pair[0]);
    close(pair[1]);
    return 0;
}

static int opens_netlink(void)
{
    const int fd = socket(AF_NETLINK, SOCK_RAW, 0);
    if (fd < 0)
        return errno;
    close(fd);
    return 0;
}

static int listens(void)
{
    const struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0)
        return errno;
    const int err = bind(fd, (const struct sockaddr *)&at, sizeof at) == 0 && listen(fd, 1) == 0 ? 0 : errno;
    close(fd);
    return err;
}

/* A program that the kernel runs on each packet: here it lets all through. */
static int gives_the_kernel_a_program(void)
{
    struct sock_filter code = BPF_STMT(BPF_RET | BPF_K, 0xffff);
    const struct sock_fprog program = { 1, &code };
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);
    const int err = setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0 ? 0 : errno;
    close(fd);
    return err;
}

static int signals_another_process(void) { return kill(getppid(), 0) == 0 ? 0 : errno; }
static int is_looked_into(void) { return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0 ? 0 : errno; }
static int uses_a_descriptor_it_had(void) { return fcntl(spare, F_GETFD) >= 0 ? 0 : errno; }
static int maps_a_nameless_file(void)
{
    const int fd = (int)syscall(SYS_memfd_create, "x", 0);
    if (fd < 0)
        return errno;
    close(fd);
    return 0;
}

static int reads_its_own_memory_by_pid(void)
{
    char from[4] = "abc", to[4];
    struct iovec mine = { to, 4 }, theirs = { from, 4 };
    return syscall(SYS_process_vm_readv, getpid(), &mine, 1, &theirs, 1, 0) == 4 ? 0 : errno;
}

/* --- what must go on ------------------------------------------------------------------- */

static int connects_to_a_portal(void)
{
    const struct sockaddr_in to = { .sin_family = AF_INET,
                                    .sin_port = htons((uint16_t)port),
                                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    return connects(AF_INET, SOCK_STREAM, &to, sizeof to);
}

static int resolves_a_name(void)
{
    const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
    struct addrinfo *list = NULL;
    const int err = getaddrinfo("localhost", "https", &hints, &list);
    if (!err)
        freeaddrinfo(list);
    return err;
}

static int resolves_by_a_name_server(void)
{
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd < 0)
        return errno;
    close(fd);
    return 0;
}

/* glibc loads a converter when it is first asked for. */
static int converts(const char *set)
{
    const iconv_t converter = iconv_open("UTF-8", set);
    if (converter == (iconv_t)-1)
        return errno;
    iconv_close(converter);
    return 0;
}

static int converts_from_japanese(void) { return converts("SHIFT_JIS"); }
static int converts_from_chinese(void) { return sealed ? converts("GB18030") : 0; /* first asked for when sealed */ }
static int reads_the_resolver(void) { return reads("/etc/resolv.conf"); }
static int reads_a_certificate(void) { return reads(cacert); }
static int reads_the_system_certificates(void) { return reads("/etc/ssl/certs/ca-certificates.crt"); }

static void *thread_main(void *arg) { return arg; }

static int starts_a_thread(void)
{
    pthread_t thread;
    const int err = pthread_create(&thread, NULL, thread_main, NULL);
    return err ? err : pthread_join(thread, NULL);
}

static int maps_code(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return page == MAP_FAILED ? errno : munmap(page, 4096);
}

static int reads_a_script(void) { return reads(script); }
static int lists_its_folder(void) { return reads(below); }
static int makes_a_pair_of_sockets(void)
{
    int pair[2];
    const int err = socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 ? 0 : errno;
    if (!err)
        close(pair[0]), close(pair[1]);
    return err;
}
static int changes_a_script(void)
{
    const int fd = open(script, O_WRONLY);
    if (fd < 0)
        return errno;
    close(fd);
    return 0;
}

static int signals_itself(void) { return kill(getpid(), 0) == 0 ? 0 : errno; }

/* --- the child --------------------------------------------------------------------------- */

typedef struct attempt {
    const char *name;
    int (*run)(void);
} attempt;
#define A(name) { #name, name }
static const attempt refused[] = {
    A(opens_a_key_file), A(opens_the_passwords), A(opens_the_root_folder), A(looks_at_processes),
    A(opens_the_program), A(writes_a_file), A(writes_to_null), A(makes_a_folder), A(changes_a_mode),
    A(starts_a_process), A(executes_a_program), A(connects_to_a_unix_socket), A(makes_a_pair_of_datagram_sockets),
    A(opens_netlink), A(listens), A(gives_the_kernel_a_program), A(signals_another_process), A(is_looked_into),
    A(uses_a_descriptor_it_had),
    A(maps_a_nameless_file), A(reads_its_own_memory_by_pid),
};
static const attempt allowed[] = {
    A(connects_to_a_portal), A(resolves_a_name), A(converts_from_japanese), A(converts_from_chinese),
    A(reads_the_resolver), A(reads_a_certificate), A(reads_the_system_certificates), A(starts_a_thread), A(maps_code),
    A(signals_itself),
};
/* What builds an adapter: refused besides the list above, and what it still may. */
static const attempt refused_staging[] = {
    A(connects_to_a_portal), A(resolves_by_a_name_server), A(reads_the_resolver), A(reads_a_certificate),
    A(reads_the_system_certificates), A(starts_a_thread), A(changes_a_script),
};
static const attempt allowed_staging[] = {
    A(reads_a_script), A(lists_its_folder), A(converts_from_japanese), A(converts_from_chinese), A(maps_code),
    A(signals_itself), A(makes_a_pair_of_sockets),
};
#undef A
#define COUNT(list) (sizeof(list) / sizeof *(list))

/* How many of the list did not go as they should. */
static int count_wrong(const attempt *list, size_t count, bool works, const char *when)
{
    int wrong = 0;
    for (size_t i = 0; i < count; i++) {
        const int err = list[i].run();
        if ((err == 0) == works)
            continue;
        fprintf(stderr, "%s: %s (%s)\n", when, list[i].name, err ? strerror(err) : "it works");
        wrong++;
    }
    return wrong;
}

static int child(bool require)
{
    const mk_confine_options options = { .cacert = cacert, .require = require };
    const size_t bad = sizeof refused / sizeof *refused, good = sizeof allowed / sizeof *allowed;
    char why[300] = "";
    mk_confined confined;
    int wrong = count_wrong(refused, bad, true, "before") + count_wrong(allowed, good, true, "before");
    const int err = mk_worker_confine(&confined, &options, why, sizeof why);
    if (err) {
        fprintf(stderr, "%s: %s\n", mk_err_text(err), why);
        return err == MK_EPOLICY ? 77 : 1;
    }
    sealed = true;
    if (confined.landlock < 1 || !confined.seccomp || prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 1)
        wrong++;
    wrong += count_wrong(refused, bad, false, "sealed");
    return (wrong += count_wrong(allowed, good, true, "sealed")) ? 1 : 0;
}

static int staging_child(bool require)
{
    const char *const folders[] = { below, NULL };
    const mk_confine_options options = { .require = require, .folders = folders };
    char why[300] = "";
    mk_confined confined;
    int wrong = count_wrong(refused_staging, COUNT(refused_staging), true, "before");
    const int err = mk_worker_confine(&confined, &options, why, sizeof why);
    if (err) {
        fprintf(stderr, "%s: %s\n", mk_err_text(err), why);
        return err == MK_EPOLICY ? 77 : 1;
    }
    sealed = true;
    wrong += count_wrong(refused, COUNT(refused), false, "sealed");
    wrong += count_wrong(refused_staging, COUNT(refused_staging), false, "sealed");
    wrong += count_wrong(allowed_staging, COUNT(allowed_staging), true, "sealed");
    return wrong || fcntl(3, F_GETFD) >= 0 ? 1 : 0;
}

static int in_child(int (*run)(bool), bool arg)
{
    int status = 0;
    fflush(NULL);
    const pid_t pid = fork();
    if (pid == 0)
        _exit(run(arg));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static void is_sealed_off(void **state)
{
    (void)state;
    const int status = in_child(child, true);
    if (status == 77)
        skip();
    assert_int_equal(status, 0);
}

static void what_builds_an_adapter_has_no_network(void **state)
{
    (void)state;
    const int status = in_child(staging_child, true);
    if (status == 77)
        skip();
    assert_int_equal(status, 0);
}

static int staging_by_landlock_alone(bool unused)
{
    const char *const folders[] = { below, NULL };
    const mk_confine_options options = { .folders = folders };
    int abi = 0;
    (void)unused;
    const int err = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? mk_confine_landlock(&abi, &options) : MK_EIO;
    if (err)
        return err == MK_EPOLICY ? 77 : 1;
    const bool holds = opens_a_key_file() && reads_a_certificate() && changes_a_script() && writes_a_file() &&
                       executes_a_program() && (abi < 4 || (listens() && connects_to_a_portal()));
    return holds && !reads_a_script() ? 0 : 1;
}

static int staging_by_seccomp_alone(bool unused)
{
    (void)unused;
    const int err = mk_confine_seccomp(false);
    sealed = true;
    if (err)
        return err == MK_EPOLICY ? 77 : 1;
    return connects_to_a_portal() && changes_a_script() && executes_a_program() && starts_a_thread() && !reads_a_script() ? 0 : 1;
}

/* Landlock alone, then seccomp alone: neither leans on the other for what matters most. */
static int landlock_alone(bool unused)
{
    int abi = 0;
    (void)unused;
    const int err = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? mk_confine_landlock(&abi, &(mk_confine_options){ .cacert = NULL }) : MK_EIO;
    if (err)
        return err == MK_EPOLICY ? 77 : 1;
    const bool holds = opens_a_key_file() && opens_the_passwords() && writes_a_file() && executes_a_program() &&
                       (abi < 4 || listens()) && reads_a_certificate();
    return holds && !connects_to_a_portal() ? 0 : 1;
}

static int seccomp_alone(bool unused)
{
    (void)unused;
    const int err = mk_confine_seccomp(true);
    sealed = true;
    if (err)
        return err == MK_EPOLICY ? 77 : 1;
    const bool holds = writes_a_file() && executes_a_program() && connects_to_a_unix_socket() && listens() &&
                       starts_a_process();
    return holds && !connects_to_a_portal() && !opens_a_key_file() ? 0 : 1;
}

static void each_part_holds_alone(void **state)
{
    (void)state;
    const int status[] = { in_child(landlock_alone, true), in_child(seccomp_alone, true),
                           in_child(staging_by_landlock_alone, true), in_child(staging_by_seccomp_alone, true) };
    for (size_t i = 0; i < 4; i++)
        if (status[i] == 77)
            skip();
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(status[i], 0);
}

static void *sleeper(void *arg)
{
    pause();
    return arg;
}

static int with_a_thread(bool require)
{
    const mk_confine_options options = { .require = require };
    char why[300] = "";
    mk_confined confined;
    pthread_t thread;
    if (pthread_create(&thread, NULL, sleeper, NULL) != 0)
        return 2;
    return mk_worker_confine(&confined, &options, why, sizeof why) == MK_EINVAL && strstr(why, "thread") ? 0 : 1;
}

static void several_threads_are_refused(void **state)
{
    (void)state;
    assert_int_equal(in_child(with_a_thread, true), 0);
}

/* A kernel that lacks one of the two, as a filter of ours makes this one look. */
static int deny(const char *call, int err, const struct scmp_arg_cmp *arg)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    int bad = seccomp_rule_add_array(filter, SCMP_ACT_ERRNO((unsigned)err), seccomp_syscall_resolve_name(call),
                                     arg ? 1 : 0, arg);
    bad = bad ? bad : seccomp_load(filter);
    seccomp_release(filter);
    return bad;
}

static int confine_with(bool require, bool landlock, bool seccomp)
{
    const mk_confine_options options = { .require = require };
    char why[300] = "";
    mk_confined confined;
    const int err = mk_worker_confine(&confined, &options, why, sizeof why);
    if (fcntl(spare, F_GETFD) >= 0)
        return 1;
    if (require)
        return err == MK_EPOLICY && strstr(why, "this kernel") ? 0 : 1;
    if (err)
        fprintf(stderr, "%s\n", why);
    return err == MK_OK && (confined.landlock > 0) == landlock && confined.seccomp == seccomp ? 0 : 1;
}

static int without_landlock(bool require)
{
    if (deny("landlock_create_ruleset", EOPNOTSUPP, NULL) != 0)
        return 77;
    return confine_with(require, false, true);
}

static int without_close_range(bool require)
{
    return deny("close_range", ENOSYS, NULL) ? 77 : confine_with(require, true, true);
}

static int without_seccomp(bool require)
{
    const struct scmp_arg_cmp set = { .arg = 0, .op = SCMP_CMP_EQ, .datum_a = PR_SET_SECCOMP };
    if (deny("prctl", EINVAL, &set) != 0 || deny("seccomp", EINVAL, NULL) != 0)
        return 77;
    return confine_with(require, true, false);
}

static void descriptors_are_closed_one_by_one_if_need_be(void **state)
{
    (void)state;
    const int status = in_child(without_close_range, false);
    if (status == 77)
        skip();
    assert_int_equal(status, 0);
}

static void a_kernel_that_cannot_is_refused_if_it_must(void **state)
{
    (void)state;
    int status[] = { in_child(without_landlock, true), in_child(without_landlock, false),
                     in_child(without_seccomp, true), in_child(without_seccomp, false) };
    for (size_t i = 0; i < 4; i++)
        if (status[i] == 77)
            skip();
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(status[i], 0);
}

static int listener(int family, const void *address, socklen_t len)
{
    const int fd = socket(family, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, address, len), 0);
    assert_int_equal(listen(fd, 64), 0);
    return fd;
}

static void write_file(const char *path)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("something\n", file);
    fclose(file);
}

static int set_up(void **state)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct sockaddr_un local = { .sun_family = AF_UNIX };
    socklen_t len = sizeof at;
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(key_file, sizeof key_file, "%s/key", folder);
    snprintf(cacert, sizeof cacert, "%s/ca.pem", folder);
    snprintf(socket_path, sizeof socket_path, "%s/socket", folder);
    snprintf(made_path, sizeof made_path, "%s/made", folder);
    write_file(key_file);
    write_file(cacert);
    snprintf(below, sizeof below, "%s/scripts", folder);
    snprintf(script, sizeof script, "%s/x.lua", below);
    assert_int_equal(mkdir(below, 0700), 0);
    write_file(script);
    memcpy(local.sun_path, socket_path, sizeof socket_path);
    listener(AF_UNIX, &local, sizeof local);
    const int fd = listener(AF_INET, &at, sizeof at);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    port = ntohs(at.sin_port);
    spare = fcntl(fd, F_DUPFD, 20);
    return spare < 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(key_file);
    unlink(cacert);
    unlink(socket_path);
    unlink(script);
    rmdir(below);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(is_sealed_off),
                                        cmocka_unit_test(what_builds_an_adapter_has_no_network),
                                        cmocka_unit_test(each_part_holds_alone),
                                        cmocka_unit_test(several_threads_are_refused),
                                        cmocka_unit_test(descriptors_are_closed_one_by_one_if_need_be),
                                        cmocka_unit_test(a_kernel_that_cannot_is_refused_if_it_must) };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
