/* version.c - an adapter's version as a worker takes it: its hash, a newline, its bytes (tests) */
#include "base/err.h"
#include "base/mem.h"
#include "bind/bind.h"
#include "net/client.h"
#include "parse/html.h"
#include "parse/json.h"
#include "script/version.h"
#include "vault/seal.h"

#include <stdio.h>
#include <string.h>

static int read_all(const char *path, mk_buf *out)
{
    char chunk[4096];
    FILE *file = fopen(path, "rb");
    size_t got;
    int err = file ? MK_OK : MK_ENOENT;
    while (!err && (got = fread(chunk, 1, sizeof chunk, file)) > 0)
        err = mk_buf_add(out, chunk, got);
    if (file)
        fclose(file);
    return err;
}

static int print_version(const char *path, const mk_buf *text)
{
    static const mk_module_source source = { .text = mk_module_text };
    const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    mk_version *version = NULL;
    json_t *problems = NULL;
    mk_buf out;
    mk_buf_init(&out, 64 << 20);
    int err = mk_version_build(&version, name, text->data, text->len, &source, &problems);
    if (problems)
        json_dumpf(problems, stderr, 0);
    if (!err)
        err = mk_version_save(version, &out);
    if (!err)
        printf("%s\n", mk_version_hash(version));
    if (!err && fwrite(out.data, 1, out.len, stdout) != out.len)
        err = MK_EIO;
    json_decref(problems);
    mk_version_unref(version);
    mk_buf_free(&out);
    return err;
}

int main(int argc, char **argv)
{
    mk_buf text;
    mk_buf_init(&text, 1 << 20);
    if (argc != 2 || mk_net_init() || mk_vault_init())
        return 2;
    mk_html_init();
    mk_json_init();
    mk_bind_init();
    int err = read_all(argv[1], &text);
    if (!err)
        err = print_version(argv[1], &text);
    mk_buf_free(&text);
    mk_net_exit();
    return err ? 1 : 0;
}
