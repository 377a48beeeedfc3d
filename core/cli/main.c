/* main.c - the program meterkey (layer cli) */
#include "bind/bind.h"
#include "cli/command.h"
#include "net/client.h"
#include "parse/html.h"
#include "parse/json.h"
#include "vault/seal.h"

#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>

/* What is in memory may be a password: no core dump, no reading by other processes of this user. */
static void close_up(void)
{
    setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    sigaction(SIGPIPE, &(struct sigaction){ .sa_handler = SIG_IGN }, NULL);
}

int main(int argc, char **argv)
{
    close_up();
    /* The network first: what it sets for OpenSSL must be set before anything else uses it. */
    if (mk_net_init() != 0 || mk_vault_init() != 0) {
        fprintf(stderr, "meterkey: the libraries for networks and seals do not start\n");
        return 1;
    }
    mk_html_init();
    mk_json_init();
    mk_bind_init();
    const int status = mk_command_main(argc, argv);
    mk_net_exit();
    return status;
}
