/* new.c - `meterkey new`: an adapter to begin with, and a first case that it passes (layer cli) */
#include "base/err.h"
#include "base/mem.h"
#include "cli/check.h"
#include "cli/command.h"
#include "cli/record.h"
#include "script/embedded.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TEXT_MAX = 64 << 10 };

/* @ID@, @NAME@ and @HOST@ are filled in. A sign-in that most portals resemble; what must be changed is said where it stands. */
static const char adapter_text[] =
    "-- @NAME@.\n"
    "-- Portal facts: none yet. Write here what the pages showed, and when: `meterkey run @ID@ --report page.html` shows them.\n"
    "\n"
    "local service = { E = \"electric\", G = \"gas\" }\n"
    "\n"
    "return {\n"
    "  api = 1,\n"
    "  id = \"@ID@\",\n"
    "  name = \"@NAME@\",\n"
    "  regions = { \"NY\" },\n"
    "  services = { \"electric\", \"gas\" },\n"
    "  portal = \"https://www.@HOST@.test/\",\n"
    "  hosts = { \"www.@HOST@.test\" },                    -- nothing else is reached: add each host that the sign-in passes\n"
    "  evidence = \"modelled\",\n"
    "  credentials = {\n"
    "    { name = \"username\", label = \"Email\", type = \"email\" },\n"
    "    { name = \"password\", label = \"Password\", secret = true },\n"
    "  },\n"
    "\n"
    "  mfa = {\n"
    "    policy = \"relay\",\n"
    "    patterns = {                                   -- looked at on each page while signing in, the first that holds counts\n"
    "      { kind = \"otp\", medium = \"sms\", html = \"form#mfa input[name=code]\", prompt = \"label[for=code]\", digits = 6 },\n"
    "    },\n"
    "  },\n"
    "\n"
    "  errors = {\n"
    "    { code = \"auth.credentials\", html = \".login-error\", text = [[(?i)(email|password).*(incorrect|not match)]] },\n"
    "    { code = \"auth.locked\", html = \".login-error\", text = [[(?i)locked]] },\n"
    "    { code = \"mfa.code_wrong\", html = \"#mfa .error\" },\n"
    "    { code = \"site.maintenance\", status = 503 },\n"
    "  },\n"
    "\n"
    "  sign_in = function(s)\n"
    "    local page = s:get(\"/login\")\n"
    "    local form = page:form(\"#signin\")\n"
    "    form.username, form.password = s.credentials.username, s.credentials.password\n"
    "    page = s:submit(form)\n"
    "    while page.mfa do\n"
    "      page = s:ask(page.mfa, function(code, latest)\n"
    "        local mfa = latest:form(\"#mfa\")\n"
    "        mfa.code = code\n"
    "        return s:submit(mfa)\n"
    "      end)\n"
    "    end\n"
    "    s:expect(page, \"#account-home\")\n"
    "  end,\n"
    "\n"
    "  meters = function(s)\n"
    "    local out = {}\n"
    "    for i, account in ipairs(s:get(\"/api/accounts\", { accept = { 200 } }):json(\"$.accounts\")) do\n"
    "      out[i] = {\n"
    "        account = account.number, meter = account.meter, tariff = account.rate,\n"
    "        service = service[account.kind] or s:fail(\"adapter.parse\", \"an unknown service: \" .. tostring(account.kind)),\n"
    "        address = { street = account.street, city = account.city, region = account.state, postcode = account.zip },\n"
    "      }\n"
    "    end\n"
    "    return out\n"
    "  end,\n"
    "\n"
    "  sign_out = function(s) s:get(\"/logout\") end,\n"
    "}\n";

/* What a portal that this adapter fits would answer. */
static const char case_text[] =
    "{\"format\": 1, \"adapter\": \"@ID@\", \"case\": \"first\", \"about\": \"made up by `meterkey new`: replace it by one that was recorded\",\n"
    " \"now_ms\": 1795478400000, \"seed\": \"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\",\n"
    " \"credentials\": {\"username\": \"case-user@example.test\", \"password\": \"case-password\"}, \"answers\": [\"424242\"],\n"
    " \"exchanges\": [\n"
    "  {\"request\": {\"method\": \"GET\", \"url\": \"https://www.@HOST@.test/login\"},\n"
    "   \"response\": {\"status\": 200, \"headers\": [\"Content-Type: text/html; charset=utf-8\", \"Set-Cookie: session=case-session; Path=/; Secure; HttpOnly\"],\n"
    "    \"body\": [\"<!doctype html><title>Sign in</title>\", \"<form id=signin method=post action=/login>\",\n"
    "     \"<input name=username><input name=password type=password><button>Sign in</button></form>\"]}},\n"
    "  {\"request\": {\"method\": \"POST\", \"url\": \"https://www.@HOST@.test/login\"},\n"
    "   \"response\": {\"status\": 200, \"headers\": [\"Content-Type: text/html; charset=utf-8\"],\n"
    "    \"body\": [\"<!doctype html><title>Verify</title>\", \"<form id=mfa method=post action=/verify>\",\n"
    "     \"<label for=code>Enter the 6-digit code we sent you</label><input id=code name=code><button>Verify</button></form>\"]}},\n"
    "  {\"request\": {\"method\": \"POST\", \"url\": \"https://www.@HOST@.test/verify\"},\n"
    "   \"response\": {\"status\": 303, \"headers\": [\"Location: /home\"], \"body\": \"\"}},\n"
    "  {\"request\": {\"method\": \"GET\", \"url\": \"https://www.@HOST@.test/home\"},\n"
    "   \"response\": {\"status\": 200, \"headers\": [\"Content-Type: text/html; charset=utf-8\"], \"body\": [\"<!doctype html><title>Home</title>\", \"<main id=account-home></main>\"]}},\n"
    "  {\"request\": {\"method\": \"GET\", \"url\": \"https://www.@HOST@.test/api/accounts\"},\n"
    "   \"response\": {\"status\": 200, \"headers\": [\"Content-Type: application/json\"],\n"
    "    \"body\": \"{\\\"accounts\\\": [{\\\"number\\\": \\\"1000001\\\", \\\"meter\\\": \\\"00420042\\\", \\\"rate\\\": \\\"R1\\\", \\\"kind\\\": \\\"E\\\", \\\"street\\\": \\\"1 Example Street\\\", \\\"city\\\": \\\"Elmsworth\\\", \\\"state\\\": \\\"NY\\\", \\\"zip\\\": \\\"12999\\\"}]}\"}},\n"
    "  {\"request\": {\"method\": \"GET\", \"url\": \"https://www.@HOST@.test/logout\"},\n"
    "   \"response\": {\"status\": 200, \"headers\": [\"Content-Type: text/html\"], \"body\": \"<p>Goodbye\"}}\n"
    " ], \"challenges\": [], \"outcome\": {}}\n";

static int fill(mk_buf *out, const char *text, const char *id, const char *name)
{
    char host[64];
    const char *const marks[] = {"@ID@", "@NAME@", "@HOST@"}, *const values[] = {id, name, host};
    int err = MK_OK;
    snprintf(host, sizeof host, "%s", id);
    for (char *c = host; *c; c++)
        *c = *c == '_' ? '-' : *c;
    while (*text && !err) {
        const size_t len = strcspn(text, "@");
        size_t which = 0;
        err = mk_buf_add(out, text, len);
        text += len;
        while (which < 3 && strncmp(text, marks[which], strlen(marks[which])) != 0)
            which++;
        if (!err && *text)
            err = which < 3 ? mk_buf_adds(out, values[which]) : mk_buf_addc(out, *text);
        text += which < 3 ? strlen(marks[which]) : *text != '\0';
    }
    return err;
}

/* "north_vale" is North Vale. */
static void name_of(const char *id, char *out, size_t cap)
{
    bool first = true;
    size_t len = 0;
    for (; *id && len + 1 < cap; id++) {
        out[len] = *id == '_' || *id == '-' ? ' ' : first && *id >= 'a' && *id <= 'z' ? (char)(*id - 32) : *id;
        first = out[len++] == ' ';
    }
    out[len] = '\0';
}

static bool id_fits(const char *id)
{
    const size_t len = strlen(id);
    return len >= 2 && len <= 40 && *id >= 'a' && *id <= 'z' && strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789_") == len;
}

/* --- identity providers' families ---------------------------------------------------- */

static bool family_there(const char *family)
{
    char name[120];
    size_t len = 0;
    snprintf(name, sizeof name, "meterkey.idp.%.60s", family);
    char *text = mk_module_text(NULL, name, &len);
    mk_free(text);
    return text != NULL;
}

static void list_families(FILE *to)
{
    static const char front[] = "runtime/meterkey/idp/";
    const char *comma = "";
    for (const mk_embedded *file = mk_embedded_files; file->path; file++) {
        const size_t len = strlen(file->path);
        if (strncmp(file->path, front, sizeof front - 1) != 0 || len < sizeof front + 4)
            continue;
        fprintf(to, "%s%.*s", comma, (int)(len - sizeof front - 3), file->path + sizeof front - 1);
        comma = ", ";
    }
    fprintf(to, "%s\n", *comma ? "" : "none yet");
}

static int check_family(const mk_args *args, const char *family)
{
    if (!family || family_there(family))
        return 0;
    mk_args_say(args, 2, "--idp %s: this version has no such family", family);
    fprintf(stderr, "Families: ");
    list_families(stderr);
    return 2;
}

/* A family's module is named where the author begins; how its sign_in is called, its own comment says. */
static int with_family(mk_buf *out, const char *family)
{
    static const char mark[] = "local service =";
    const char *at = family ? strstr(out->data, mark) : NULL;
    char line[200];
    if (!at)
        return MK_OK;
    snprintf(line, sizeof line, "-- local idp = require \"meterkey.idp.%s\"   -- its first comment shows what sign_in then is\n\n", family);
    return mk_buf_splice(out, (size_t)(at - out->data), 0, line, strlen(line));
}

/* --- writing --------------------------------------------------------------------------- */

static int make_folders(const char *scripts)
{
    static const char *const names[] = {"", "/utilities", "/cases", NULL};
    char path[4200];
    for (size_t i = 0; names[i]; i++) {
        snprintf(path, sizeof path, "%s%s", scripts, names[i]);
        if (mkdir(path, 0755) && errno != EEXIST)
            return MK_EIO;
    }
    return MK_OK;
}

/* The case with what the adapter makes of it. */
static int first_case(json_t **out, const char *id, const char *name, const mk_version *version)
{
    mk_buf text;
    json_t *seen = NULL;
    char why[300];
    mk_buf_init(&text, TEXT_MAX);
    int err = fill(&text, case_text, id, name);
    if (!err)
        err = mk_case_read(out, text.data, text.len, why, sizeof why);
    if (!err)
        err = mk_case_play(&seen, *out, version, NULL, why, sizeof why);
    if (!err)
        err = mk_case_accept(*out, seen);
    json_decref(seen);
    mk_buf_free(&text);
    return err;
}

static int write_both(const mk_args *args, const mk_found *found, const char *scripts, const char *name)
{
    mk_version *version = NULL;
    json_t *problems = json_array(), *doc = NULL;
    char path[4400] = "";
    int err = problems ? mk_check_adapter(problems, found, scripts, NULL, &version) : MK_ENOMEM;
    if (!err && (!version || mk_check_errors(problems))) {
        mk_check_print(problems, stderr);
        err = MK_EPARSE;
    }
    if (!err)
        err = first_case(&doc, found->id, name, version);
    if (!err)
        err = make_folders(scripts);
    if (!err)
        err = mk_write_file(found->path, found->text.data, found->text.len, false);
    if (!err)
        err = mk_record_save(path, sizeof path, found, scripts, "first", doc);
    if (!err)
        printf("%s\n%s\n", found->path, path);
    else
        mk_args_say(args, 1, "%s: %s", *path ? path : found->path, err == MK_EIO ? strerror(errno) : mk_err_text(err));
    json_decref(doc);
    json_decref(problems);
    mk_version_unref(version);
    return err ? 1 : 0;
}

static int refuse_overwrite(const mk_args *args, const char *scripts, const char *id)
{
    char path[4400];
    for (size_t i = 0; i < 2; i++) {
        if (i)
            snprintf(path, sizeof path, "%s/cases/%s/first.json", scripts, id);
        else
            snprintf(path, sizeof path, "%s/utilities/%s.lua", scripts, id);
        if (!access(path, F_OK))
            return mk_args_say(args, 2, "%s is there already; nothing was written", path);
    }
    return 0;
}

int mk_cmd_new(const mk_args *args)
{
    const char *id = args->operands[0], *family = mk_args_get(args, "--idp"), *scripts = mk_args_get(args, "--scripts");
    char name[80], path[4200], file[64], id_copy[64];
    scripts = scripts ? scripts : "scripts";
    if (!id_fits(id))
        return mk_args_say(args, 2, "'%s': an id is 2 to 40 small letters, digits and _, a letter first", id);
    int status = check_family(args, family);
    if (!status)
        status = refuse_overwrite(args, scripts, id);
    if (status)
        return status;
    name_of(id, name, sizeof name);
    snprintf(path, sizeof path, "%s/utilities/%s.lua", scripts, id);
    snprintf(file, sizeof file, "%s.lua", id);
    snprintf(id_copy, sizeof id_copy, "%s", id);
    mk_found found = { .path = path, .name = file, .id = id_copy };
    mk_buf_init(&found.text, TEXT_MAX);
    int err = fill(&found.text, adapter_text, id, name);
    if (!err)
        err = with_family(&found.text, family);
    status = err ? mk_args_say(args, 1, "%s", mk_err_text(err)) : write_both(args, &found, scripts, name);
    mk_buf_free(&found.text);
    if (!status)
        fprintf(stderr, "Try: meterkey check %s && meterkey test %s. Then set portal and hosts, and `meterkey run %s --report page.html`.\n", id, id, id);
    return status;
}
