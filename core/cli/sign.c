/* sign.c - the command `sign`: an operator's signature beside an adapter (layer cli) */
#include "vault/sign.h"

#include "base/err.h"
#include "base/mem.h"
#include "cli/command.h"
#include "cli/find.h"

#include <stdio.h>
#include <string.h>

static void print_hex(FILE *out, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        fprintf(out, "%02x", bytes[i]);
    fputc('\n', out);
}

/* "coned.lua" -> "coned.sig", beside it. */
static bool beside(const char *path, char *out, size_t cap)
{
    const size_t len = strlen(path);
    if (len < 5 || strcmp(path + len - 4, ".lua") != 0)
        return false;
    return (size_t)snprintf(out, cap, "%.*s.sig", (int)(len - 4), path) < cap;
}

static int write_signature(const mk_args *args, const char *path, const uint8_t signature[MK_SIGNATURE])
{
    FILE *out = fopen(path, "w");
    if (!out)
        return mk_args_say(args, 1, "%s cannot be written", path);
    print_hex(out, signature, MK_SIGNATURE);
    if (fclose(out) != 0)
        return mk_args_say(args, 1, "%s cannot be written", path);
    printf("%s\n", path);
    return 0;
}

static int sign(const mk_args *args, const mk_key *key, const mk_found *found)
{
    char path[4200];
    uint8_t signature[MK_SIGNATURE];
    mk_version *version = NULL;
    json_t *problems = NULL;
    mk_buf bytes;
    if (!beside(found->path, path, sizeof path))
        return mk_args_say(args, 2, "%s is no adapter's file", found->path);
    int err = mk_find_version(&version, found, mk_args_get(args, "--runtime"), &problems);
    json_decref(problems);
    if (err)
        return mk_args_say(args, 14, "%s does not load: `meterkey check` says why", found->path);
    mk_buf_init(&bytes, 16 << 20);
    err = mk_version_save(version, &bytes);
    mk_version_unref(version);
    if (!err)
        mk_sign(key, bytes.data, bytes.len, signature);
    mk_buf_free(&bytes);
    return err ? mk_args_say(args, 1, "%s", mk_err_text(err)) : write_signature(args, path, signature);
}

static int open_key(const mk_args *args, mk_key **key)
{
    const char *file = mk_args_get(args, "--key");
    if (!file)
        return mk_args_say(args, 2, "--key FILE is needed: the key that signs, made if it is not there");
    int err = mk_key_file(key, file, true);
    return err ? mk_args_say(args, 1, "%s: %s", file, err == MK_EPOLICY ? "must be a file of yours with mode 0600" : mk_err_text(err)) : 0;
}

int mk_cmd_sign(const mk_args *args)
{
    char why[400] = "";
    mk_key *key = NULL;
    mk_found found = { .path = NULL };
    int status = open_key(args, &key);
    if (status)
        return status;
    if (!args->operand_count) {
        uint8_t public[MK_SIGN_PUBLIC];
        mk_sign_public(key, public);
        print_hex(stdout, public, sizeof public);
    } else if (mk_find_text(&found, args->operands[0], mk_args_get(args, "--scripts"), why, sizeof why)) {
        status = mk_args_say(args, 2, "%s", why);
    } else {
        status = sign(args, key, &found);
    }
    mk_found_free(&found);
    mk_key_free(key);
    return status;
}
