/* check_luacheck.c - luacheck's opinion of a script, with the sandbox's names (layer cli)
 *
 * A process of its own, the script on its standard input; no configuration of the folder is read. */
#include "base/err.h"
#include "base/mem.h"
#include "cli/check.h"
#include "script/state.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ARGS = 400, OUTPUT = 1 << 20 };
extern char **environ;

bool mk_program_there(const char *name)
{
    const char *at = getenv("PATH");
    char path[4200];
    for (at = at ? at : "/usr/bin:/bin"; *at;) {
        const size_t len = strcspn(at, ":");
        const int size = snprintf(path, sizeof path, "%.*s/%s", (int)len, at, name);
        struct stat st;
        if (len && size > 0 && (size_t)size < sizeof path && !access(path, X_OK) && !stat(path, &st) && S_ISREG(st.st_mode))
            return true;
        at += len + (at[len] == ':');
    }
    return false;
}

/* A file in memory with text in it, read from its beginning. -1 on failure. */
static int memory_file(mk_bytes text)
{
    const int fd = memfd_create("meterkey", MFD_CLOEXEC);
    size_t done = 0;
    while (fd >= 0 && done < text.len) {
        const ssize_t wrote = write(fd, text.data + done, text.len - done);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0) {
            close(fd);
            return -1;
        }
        done += (size_t)wrote;
    }
    if (fd >= 0 && lseek(fd, 0, SEEK_SET)) {
        close(fd);
        return -1;
    }
    return fd;
}

static size_t arguments(const char **args)
{
    static const char *const fixed[] = {"luacheck", "-", "--no-config", "--no-cache", "--no-color", "--codes", "--formatter", "plain", "--no-max-line-length",
        "--no-unused-args", "--std", "none", "--read-globals", NULL};
    size_t count = 0;
    for (; fixed[count]; count++)
        args[count] = fixed[count];
    const char *const *names = mk_script_globals();
    for (size_t i = 0; names[i] && count < ARGS; i++)
        args[count++] = names[i];
    args[count] = NULL;
    return count;
}

/* Runs it; MK_OK with what it printed. */
static int run(int in, int out)
{
    const char *args[ARGS + 1];
    posix_spawn_file_actions_t actions;
    pid_t pid = 0;
    int status = 0;
    arguments(args);
    if (posix_spawn_file_actions_init(&actions))
        return MK_ENOMEM;
    int err = posix_spawn_file_actions_adddup2(&actions, in, 0) || posix_spawn_file_actions_adddup2(&actions, out, 1) ||
              posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    err = err ? MK_ENOMEM : posix_spawnp(&pid, "luacheck", &actions, NULL, (char *const *)args, environ) ? MK_EIO : MK_OK;
    posix_spawn_file_actions_destroy(&actions);
    if (err)
        return err;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return MK_EIO;
    return WIFEXITED(status) && WEXITSTATUS(status) <= 2 ? MK_OK : MK_EIO;
}

/* Globals, mistakes of syntax and code that is never reached are errors, habits only warnings. */
static bool is_error(const char *code)
{
    return code[0] == 'E' || code[1] == '1' || !strncmp(code, "W511", 4);
}

/* "stdin:3:5: (W113) accessing undefined variable 'x'" */
static int line_of(json_t *problems, const char *file, char *text)
{
    char *at = strstr(text, ":"), *end = NULL;
    const long line = at ? strtol(at + 1, &end, 10) : 0;
    const long col = end && *end == ':' ? strtol(end + 1, &end, 10) : 0;
    if (line < 1 || col < 1 || !end || strncmp(end, ": (", 3) || strlen(end) < 10)
        return MK_OK;
    const char *code = end + 3, *close = strchr(code, ')');
    if (!close || !strncmp(code, "E0", 2)) /* syntax: told by the compiler already */
        return MK_OK;
    return mk_check_say(problems, file, (int)line, (int)col, is_error(code) ? "error" : "warning", "%s", close + 2);
}

static int lines(json_t *problems, const char *file, char *text)
{
    int err = MK_OK;
    while (*text && !err) {
        char *end = text + strcspn(text, "\n"), *next = *end ? end + 1 : end;
        *end = '\0';
        err = line_of(problems, file, text);
        text = next;
    }
    return err;
}

static int collect(json_t *problems, const char *file, int out)
{
    const off_t size = lseek(out, 0, SEEK_END);
    if (size < 0 || size > OUTPUT)
        return MK_EIO;
    char *text = mk_calloc(1, (size_t)size + 1);
    if (!text)
        return MK_ENOMEM;
    const int err = pread(out, text, (size_t)size, 0) == (ssize_t)size ? lines(problems, file, text) : MK_EIO;
    mk_free(text);
    return err;
}

int mk_check_luacheck(json_t *problems, const char *file, mk_bytes text, bool *ran)
{
    *ran = mk_program_there("luacheck");
    if (!*ran)
        return MK_OK;
    const int in = memory_file(text), out = memfd_create("meterkey", MFD_CLOEXEC);
    int err = in >= 0 && out >= 0 ? run(in, out) : MK_EIO;
    if (!err)
        err = collect(problems, file, out);
    if (in >= 0)
        close(in);
    if (out >= 0)
        close(out);
    return err;
}
