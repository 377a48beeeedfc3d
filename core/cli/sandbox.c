/* sandbox.c - the command `meterkey sandbox` (layer cli) */
#include "cli/sandbox.h"
#include "base/err.h"
#include "cli/command.h"
#include <signal.h>
#include <stdio.h>
#include <string.h>

struct choice {
    const char *listen;
    bool quiet;
};

struct running {
    mk_sandbox *sandbox;
    uv_signal_t signals[2];
};

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

int mk_cmd_sandbox(const mk_args *args)
{
    const char *listen = mk_args_get(args, "--listen");
    const bool markdown = mk_args_has(args, "--markdown");
    if (markdown || mk_args_has(args, "--list"))
        return print_list(markdown);
    return serve(&(struct choice){ .listen = listen ? listen : MK_SANDBOX_LISTEN, .quiet = mk_args_has(args, "--quiet") });
}
