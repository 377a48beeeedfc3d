/* commands.c - the table of commands: help, manual and completion are made from it (layer cli) */
#include "cli/command.h"

#include "cli/sandbox.h"

#define END { NULL, NULL, NULL, NULL, false }
#define JSON_OPTION { "--json", NULL, "print one JSON object on standard output", NULL, false }
#define ANSWERS_OPTION \
    { "--answers", "FILE", "answers, one JSON value a line, used in order; a FIFO works, - is standard input", "file", false }
#define CREDENTIALS_OPTION \
    { "--credentials", "FILE", "what the customer enters, a JSON object; - is standard input", "file", false }
#define PARK_OPTION \
    { "--park", "FILE", "at the first challenge without an answer seal the session into FILE, print the challenge, exit 20", "file", false }
#define LOOK_OPTIONS \
    { "--trace", "FILE", "write what was exchanged as a HAR, secrets masked", "file", false }, \
    { "--report", "FILE.html", "write a page that shows each exchange, page and pattern, secrets masked", "file", false }

static const mk_option run_options[] = {
    CREDENTIALS_OPTION, ANSWERS_OPTION, PARK_OPTION, JSON_OPTION,
    { "--table", NULL, "print a table although standard output is no terminal", NULL, false }, LOOK_OPTIONS, END
};
static const mk_option resume_options[] = {
    ANSWERS_OPTION, PARK_OPTION, JSON_OPTION,
    { "--table", NULL, "print a table although standard output is no terminal", NULL, false }, LOOK_OPTIONS, END
};
static const mk_option record_options[] = { CREDENTIALS_OPTION, ANSWERS_OPTION, LOOK_OPTIONS, END };
static const mk_option bench_options[] = {
    { "--sessions", "N", "how many sign-ins (100)", NULL, false },
    { "--concurrency", "C", "how many at once (10)", NULL, false },
    { "--parked", "K", "also park K sessions at their first challenge and measure their memory", NULL, false },
    CREDENTIALS_OPTION,
    { "--answers", "FILE", "answers, one JSON value a line, begun anew for each session", "file", false }, JSON_OPTION, END
};
static const mk_option utilities_options[] = {
    JSON_OPTION, { "--ids", NULL, "print the ids only, one a line", NULL, false },
    { "--scripts", "DIR", "look for adapters in DIR/utilities before ./scripts and the installed folder", "dir", false },
    { "--runtime", "DIR", "modules in DIR (DIR/meterkey/...) come before the built-in ones", "dir", false },
    { "--mfa", "relay|turn_off", "show the policy as --mfa of run would have it", "relay turn_off", false }, END
};
static const mk_option check_options[] = {
    { "--scripts", "DIR", "look for adapters in DIR/utilities before ./scripts and the installed folder", "dir", false },
    { "--runtime", "DIR", "modules in DIR (DIR/meterkey/...) come before the built-in ones", "dir", false }, JSON_OPTION, END
};
static const mk_option test_options[] = {
    { "--accept", NULL, "show what changed and take it", NULL, false },
    { "--case", "NAME", "only this case", NULL, true }, JSON_OPTION, LOOK_OPTIONS, END
};
static const mk_option new_options[] = {
    { "--idp", "FAMILY", "begin with this identity provider's sign-in: aspnet, auth0, b2c, forgerock, gigya, okta, okta_idx, salesforce, sap, sitecore or spa",
      "aspnet auth0 b2c forgerock gigya okta okta_idx salesforce sap sitecore spa", false },
    { "--scripts", "DIR", "write to DIR/utilities and DIR/cases in place of ./scripts", "dir", false }, END
};
static const mk_option sandbox_options[] = {
    { "--listen", "ADDR:PORT", "where (" MK_SANDBOX_LISTEN "; port 0 takes a free one)", NULL, false },
    { "--quiet", NULL, "print the address only", NULL, false },
    { "--list", NULL, "print the user names and what they do, and end", NULL, false },
    { "--markdown", NULL, "the same as a page of the reference", NULL, false }, END
};
static const mk_option serve_options[] = {
    { "--config", "FILE", "settings: a Lua table, read in a sandbox", "file", false },
    { "--print-config", NULL, "print all settings with their defaults and units, and end", NULL, false },
    { "--store", "URL", "sqlite:PATH, in place of what the settings say", NULL, false },
    { "--listen", "ADDR:PORT", "where to answer; port 0 takes a free one", NULL, false },
    { "--scripts", "DIR", "adapters in DIR/utilities, their cases in DIR/cases", "dir", false },
    { "--runtime", "DIR", "modules and pages in DIR come before the built-in ones", "dir", false }, END
};
#define STORE_OPTIONS \
    { "--config", "FILE", "settings of the service", "file", false }, { "--store", "URL", "sqlite:PATH, in place of what the settings say", NULL, false }
static const mk_option user_options[] = {
    { "--team", "NAME", "of which team (Meterkey); made if there is none of that name", NULL, false },
    { "--role", "ROLE", "owner (the default), member or read", "owner member read", false }, STORE_OPTIONS, END
};
static const mk_option token_options[] = {
    { "--team", "NAME", "of which team (Meterkey)", NULL, false },
    { "--read-only", NULL, "it can look, and change nothing", NULL, false },
    { "--operator", NULL, "it can reload adapters and roll them back, too, for all teams", NULL, false }, STORE_OPTIONS, END
};
static const mk_option store_options[] = { STORE_OPTIONS, END };
static const mk_option stage_options[] = {
    { "--scripts", "DIR", "the folder that holds utilities/ and cases/", "dir", false },
    { "--runtime", "DIR", "modules in DIR come before the built-in ones", "dir", false },
    { "--seconds", "N", "that building it and playing its cases may take (20)", "", false },
    { "--signed-by", "KEYS", "public keys, parted by commas: what none of them signed is not run", "", false },
    { "--require-confinement", "yes|no", "refuse where the kernel has no Landlock or seccomp (yes)", "yes no", false }, END
};
static const mk_option sign_options[] = {
    { "--key", "FILE", "the key that signs (64 hex digits, mode 0600), made if it is not there", "file", false },
    { "--scripts", "DIR", "look for adapters in DIR/utilities first", "dir", false },
    { "--runtime", "DIR", "modules in DIR come before the built-in ones, as the service has them", "dir", false }, END
};
static const mk_option doctor_options[] = {
    JSON_OPTION,
    { "--scripts", "DIR", "look for adapters in DIR/utilities before ./scripts and the installed folder", "dir", false },
    { "--key", "FILE", "the key that seals, in place of your own under ~/.config/meterkey/", "file", false },
    { "--cacert", "FILE", "certificates (PEM) in place of the system's", "file", false }, STORE_OPTIONS,
    { "--runtime", "DIR", "modules in DIR come before the built-in ones", "dir", false }, END
};
static const mk_option help_options[] = {
    { "--man", NULL, "print the manual page (mdoc)", NULL, false },
    { "--completion", "bash|zsh", "print what makes that shell complete meterkey's words", "bash zsh", false },
    { "--markdown", NULL, "print all of it as a page of the reference", NULL, false }, END
};

#define ENDS \
    "10  auth.*: the portal refuses the credentials or the account\n" \
    "11  mfa.*: the second factor failed, or nobody answered\n" \
    "12  user_action.*: the customer has to do something at the portal\n" \
    "13  site.* and net.*: the portal or the network is not well\n" \
    "14  adapter.*: the script does not fit the portal, or has a mistake\n" \
    "15  policy.*: a limit was reached, or a host is not allowed\n" \
    "16  engine.*: interrupted, cancelled, or a parked session used twice\n" \
    "20  parked: a challenge waits for its answer"

const mk_command mk_commands[] = {
    { "run", "sign in with an adapter and print the customer's meters", "ADAPTER", 1, 1, "adapter",
      "Signs in at the utility's portal as the customer, asks for the code of a second factor where the portal wants one, "
      "and prints the meters: a table on a terminal, JSON otherwise or with --json.\n\n"
      "ADAPTER is a file (scripts/utilities/coned.lua) or an id (coned), looked up in --scripts, ./scripts, the installed "
      "folder, and in the program itself, which carries demo.\n\n"
      "On a terminal credentials and answers are asked for; secrets are not shown while they are typed. Elsewhere they come "
      "from --credentials and --answers:\n\n"
      "  printf '{\"username\":\"mfa_sms\",\"password\":\"demo\"}' >me.json\n"
      "  meterkey run demo --credentials me.json --answers answers --allow-origin http://127.0.0.1:18102\n\n"
      "An answer is a JSON value: \"424242\" (a code, in quotes), {\"choice\":\"sms\"}, {\"fields\":{\"pet\":\"Biscuit\"}}, "
      "{\"resend\":true}, {\"cancel\":true}, or true where something is to be accepted. When they run out the session is parked "
      "(--park) or ends mfa.answer_timeout.\n\n"
      "--park FILE seals the session at its first challenge; `meterkey resume FILE` goes on, in another process, without "
      "repeating a request. FILE is good for one resume.",
      ENDS, run_options, true, mk_cmd_run },
    { "resume", "go on with a session that run --park sealed", "FILE", 1, 1, "file",
      "Opens FILE with the key that sealed it, rebuilds the session from what it had received (no request is repeated), and "
      "gives it the answer: from --answers, or typed on the terminal. The adapter's version travels in FILE, so that editing "
      "the script meanwhile changes nothing.\n\n"
      "FILE is spent before the first request. A second resume of it, or of a copy, is refused (engine.spent). If the "
      "answers run out and --park is given, a new FILE is sealed.",
      ENDS, resume_options, true, mk_cmd_resume },
    { "check", "find an adapter's mistakes without a network", "[ADAPTER...]", 0, -1, "adapter",
      "Reads adapters (all of them without an operand) and prints what is wrong as file:line:col: message: syntax, "
      "undefined globals, the manifest, patterns and selectors that do not compile, hosts that are used and not declared, "
      "unknown methods, unreachable code, secrets on their way into a URL.",
      "14  something is wrong", check_options, false, mk_cmd_check },
    { "test", "replay an adapter's recorded cases, offline", "[ADAPTER...]", 0, -1, "adapter",
      "Plays each case in scripts/cases/<id>/ and compares requests and result with what was recorded. --accept shows what "
      "changed and writes it into the case.",
      "14  a case differs", test_options, true, mk_cmd_test },
    { "record", "run once and keep what came as a case, scrubbed", "ADAPTER CASE", 2, 2, "adapter",
      "Runs ADAPTER as `run` does and writes scripts/cases/<id>/CASE.json: every exchange, with credentials, answers, tokens, "
      "and the names, streets and numbers of the meters replaced by made-up ones. `meterkey test` replays it. A session that ends with "
      "an error is a case too. Nothing is kept in which a secret would still be found, or which does not play the same.",
      "14  nothing was kept; standard error says why", record_options, true, mk_cmd_record },
    { "new", "write an adapter to begin with, and its first case", "ID", 1, 1, NULL,
      "Writes scripts/utilities/ID.lua, which passes `meterkey check`, and a first case that it passes, made up, for a portal that "
      "does not exist. With --idp the adapter stands on that provider's module. Nothing is overwritten.",
      NULL, new_options, false, mk_cmd_new },
    { "utilities", "list the utilities there are adapters for", "", 0, 0, NULL,
      "A table, or JSON: id, name, services, policy for second factors and the kinds there are, what the adapter was written "
      "from, and its version.",
      NULL, utilities_options, false, mk_cmd_utilities },
    { "sandbox", "serve DEMO, a made-up utility, on this machine", "", 0, 0, NULL,
      "Serves a portal on loopback until it is interrupted. The user name picks what happens; what the customer receives is "
      "shown on a phone page and printed here. Any password is right but \"wrong\".\n\n"
      "  meterkey sandbox &\n"
      "  meterkey run demo --allow-origin http://" MK_SANDBOX_LISTEN,
      NULL, sandbox_options, false, mk_cmd_sandbox },
    { "serve", "the service: customers' pages, dashboard, API", "", 0, 0, NULL,
      "Serves data requests, the customer's pages, the team's dashboard and the API from one store, with a worker process for each "
      "core that signs in at the portals. SIGTERM finishes or parks what runs and ends; SIGHUP looks at the adapters now.\n\n"
      "  meterkey serve --store sqlite:meterkey.db --listen 127.0.0.1:8080",
      NULL, serve_options, false, mk_cmd_serve },
    { "user", "people who may use the dashboard", "add|list|password|disable|enable [EMAIL]", 1, 2, NULL,
      "Works on the store of a service, whether it runs or not. Passwords are asked for, or read from standard input.\n\n"
      "  meterkey user add ops@company.test --team \"Helio Solar\" --store sqlite:meterkey.db",
      NULL, user_options, false, mk_cmd_user },
    { "token", "tokens of the API", "create|list|revoke [NAME|UID]", 1, 2, NULL,
      "Works on the store of a service, whether it runs or not. A token is shown once, when it is made.\n\n"
      "  meterkey token create billing --team \"Helio Solar\" --store sqlite:meterkey.db",
      NULL, token_options, false, mk_cmd_token },
    { "sign", "sign an adapter, for services that take only signed ones", "[ADAPTER]", 0, 1, "adapter",
      "Writes utilities/ID.sig beside the adapter: a signature (Ed25519) over its version, which is the adapter with all it requires. "
      "Without ADAPTER it prints the public key, for the setting adapter_keys of `meterkey serve`.\n\n"
      "  meterkey sign --key release.key\n"
      "  meterkey sign coned --key release.key --scripts scripts",
      "14  the adapter does not load", sign_options, false, mk_cmd_sign },
    { "key", "the master key of a service's store", "rotate", 1, 1, NULL,
      "`key rotate` makes a new master key in place of the one in its file, and a new data key: what is given from then on is sealed by "
      "it, what was sealed before stays readable. It may be done while a service runs, which takes the new key within a second. Backups "
      "that were made before open with the old master key only: keep it with them.\n\n"
      "  meterkey key rotate --config /etc/meterkey/config.lua",
      "1  nothing was changed; standard error says why", store_options, false, mk_cmd_key },
    { "store", "copy a service's store, or look through it", "backup|check [FILE]", 1, 2, NULL,
      "`store backup FILE` writes a copy while a service goes on; FILE must not exist. `store check` looks through the whole store and "
      "prints what is wrong.\n\n"
      "  meterkey store backup /var/backups/meterkey.db --config /etc/meterkey/config.lua",
      "1  the copy failed, or something is wrong with the store", store_options, false, mk_cmd_store },
    { "bench", "drive many sessions against a portal of yours and measure", "ADAPTER", 1, 1, "adapter",
      "Prints CPU per session, our own share of the time (p50, p99), memory of a live and of a parked session, and requests. "
      "Point it at a test portal with --connect-to and --cacert, never at one that is not yours.",
      "1  a session failed; the first error is told", bench_options, true, mk_cmd_bench },
    { "doctor", "tell what is wrong with an installation", "", 0, 0, NULL,
      "Looks at certificates, folders, the key, locked memory, adapters and the libraries, and says what to do. With --config or --store it "
      "looks at a service's installation in their place: its store, the key that opens it, rights, whether workers can be sealed off on "
      "this kernel, mail, adapters with their cases, the clock. Run it as the service's user.\n\n"
      "  meterkey doctor --config /etc/meterkey/config.lua",
      "1  something is wrong", doctor_options, false, mk_cmd_doctor },
    { "help", "help on a command; the manual; completion for shells", "[COMMAND]", 0, 1, "command",
      "Without an operand: the list of commands. `meterkey help limits` lists the limits of a session and their defaults.",
      NULL, help_options, false, mk_cmd_help },
    { NULL, NULL, NULL, 0, 0, NULL, NULL, NULL, NULL, false, NULL }
};

static const mk_option worker_options[] = {
    { "--cacert", "PATH", "certificates that it may read besides the system's", "file", false },
    { "--require-confinement", "yes|no", "end where the kernel has no Landlock or seccomp (yes)", "yes no", false }, END
};

const mk_command mk_hidden_commands[] = {
    { "worker", "sign in for `meterkey serve`, in a process of its own", "", 0, 0, NULL,
      "Not meant for people: `meterkey serve` starts it, with a Unix socket as descriptor 3, and tells it there what to do. It "
      "seals itself off first: it opens no file of yours, starts no program, and has no socket but those to portals.",
      NULL, worker_options, false, mk_cmd_worker },
    { "stage", "build and try an adapter for `meterkey serve`, in a process of its own", "ADAPTER", 1, 1, NULL,
      "Not meant for people: prints a frame that holds the version, or what is wrong with it. It seals itself off first: it opens nothing "
      "but the folders of adapters and modules, writes nothing, starts nothing, and has no socket.",
      "14  something is wrong with the adapter, or a case of it differs", stage_options, false, mk_cmd_stage },
    { NULL, NULL, NULL, 0, 0, NULL, NULL, NULL, NULL, false, NULL }
};
