/* sandbox.c - the command `meterkey sandbox` (layer cli) */
#include "cli/sandbox.h"
#include "base/err.h"
#include <signal.h>
#include <stdio.h>
#include <string.h>

struct choice {
    const char *listen;
    bool quiet, list, markdown, help;
};

struct running {
    mk_sandbox *sandbox;
    uv_signal_t signals[2];
};

static const char usage[] =
    "usage: meterkey sandbox [--listen ADDR:PORT] [--quiet]\n"
    "       meterkey sandbox --list [--markdown]\n\n"
    "Serves DEMO, a made-up utility, on loopback, until it is interrupted. The user\n"
    "name picks what happens; what the customer receives is shown on a phone page and\n"
    "printed here.\n\n"
    "  --listen ADDR:PORT  where (default " MK_SANDBOX_LISTEN "; port 0 takes a free one)\n"
    "  --quiet             print the address only\n"
    "  --list              print the user names and what they do, and end\n"
    "  --markdown          the same as the page of the reference\n"
    "  --help              this text\n";

/* 0, or 2 after saying what is wrong. */
static int read_options(struct choice *choice, int argc, char **argv)
{
    static const char listen[] = "--listen";
    for (int i = 1; i < argc; i++) {
        const char *arg = argv[i];
        size_t len = sizeof listen - 1;
        if (strcmp(arg, "--quiet") == 0) {
            choice->quiet = true;
        } else if (strcmp(arg, "--list") == 0) {
            choice->list = true;
        } else if (strcmp(arg, "--markdown") == 0) {
            choice->markdown = true;
        } else if (strcmp(arg, "--help") == 0) {
            choice->help = true;
        } else if (strcmp(arg, listen) == 0 && i + 1 < argc) {
            choice->listen = argv[++i];
        } else if (strncmp(arg, listen, len) == 0 && arg[len] == '=') {
            choice->listen = arg + len + 1;
        } else {
            fprintf(stderr, "meterkey sandbox: %s %s; try --help\n", arg,
                    strcmp(arg, listen) == 0 ? "needs ADDR:PORT" : "is not known here");
            return 2;
        }
    }
    return 0;
}

static int print_list(bool markdown)
{
    mk_buf text;
    mk_buf_init(&text, 1 << 20);
    int err = markdown ? mk_sandbox_list_markdown(&text) : mk_sandbox_list_text(&text);
    if (!err)
        fwrite(text.data, 1, text.len, stdout);
    mk_buf_free(&text);
    if (!err)
        return 0;
    fprintf(stderr, "meterkey sandbox: %s\n", mk_err_text(err));
    return 1;
}

/* The line that a script waits for comes first. */
static void greet(const char *url, bool quiet)
{
    printf("DEMO is at %s\n", url);
    if (!quiet) {
        printf("\nThe customer's phone: %s/phone?user=NAME\n"
               "Any password is right but \"wrong\". User names:\n\n", url);
        print_list(false);
        printf("\nTry: meterkey run demo --allow-origin http://" MK_SANDBOX_LISTEN);
        if (strcmp(url, "http://" MK_SANDBOX_LISTEN) != 0)
            printf(" --connect-to " MK_SANDBOX_LISTEN ":%s", url + strlen("http://"));
        printf("\nInterrupt (Ctrl-C) to end.\n\n");
    }
    fflush(stdout);
}

static void on_sent(void *arg, const char *user, const char *kind, const char *text)
{
    (void)arg;
    printf("phone of ");
    for (const char *at = user; *at; at++) /* what was typed stays on one line */
        putchar((unsigned char)*at < 0x20 || *at == 0x7f ? '?' : *at);
    printf(" (%s): %s\n", kind, text);
    fflush(stdout);
}

static void on_signal(uv_signal_t *signal, int number)
{
    struct running *running = signal->data;
    (void)number;
    for (size_t i = 0; i < 2; i++)
        uv_close((uv_handle_t *)&running->signals[i], NULL);
    mk_sandbox_stop(running->sandbox);
}

static void watch_signals(struct running *running, uv_loop_t *loop)
{
    static const int numbers[2] = { SIGINT, SIGTERM };
    for (size_t i = 0; i < 2; i++) {
        uv_signal_init(loop, &running->signals[i]);
        running->signals[i].data = running;
        uv_signal_start(&running->signals[i], on_signal, numbers[i]);
    }
}

static int complain(const char *listen, int err)
{
    const char *text = mk_err_text(err);
    if (err == MK_EPARSE)
        text = "this is not ADDR:PORT";
    else if (err == MK_EEXIST)
        text = "the port is in use; --listen 127.0.0.1:0 takes a free one";
    else if (err == MK_EPOLICY)
        text = "not an address that may be used here";
    fprintf(stderr, "meterkey sandbox: %s: %s\n", listen, text);
    return err == MK_EPARSE ? 2 : 1;
}

static int serve(const struct choice *choice)
{
    struct running running = { .sandbox = NULL };
    mk_sandbox_options options = { .sent = choice->quiet ? NULL : on_sent };
    uv_loop_t loop;
    if (uv_loop_init(&loop)) {
        fprintf(stderr, "meterkey sandbox: no event loop\n");
        return 1;
    }
    int err = mk_sandbox_start(&running.sandbox, &loop, choice->listen, &options);
    if (!err) {
        sigaction(SIGPIPE, &(struct sigaction){ .sa_handler = SIG_IGN }, NULL);
        watch_signals(&running, &loop);
        greet(mk_sandbox_url(running.sandbox), choice->quiet);
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    return err ? complain(choice->listen, err) : 0;
}

int mk_cmd_sandbox(int argc, char **argv)
{
    struct choice choice = { .listen = MK_SANDBOX_LISTEN };
    int status = read_options(&choice, argc, argv);
    if (status)
        return status;
    if (choice.help) {
        fputs(usage, stdout);
        return 0;
    }
    if (choice.list || choice.markdown)
        return print_list(choice.markdown);
    return serve(&choice);
}
