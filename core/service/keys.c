/* keys.c - the vault's keys: read, made, rotated (layer service) */
#include "service/keys.h"

#include "base/clock.h"
#include "base/codec.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/random.h"
#include "service/config.h"
#include "vault/seal.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

struct mk_keys {
    mk_key *master;
    mk_key *hash;
    mk_key **data; /* newest first */
    size_t count;
    char newest[2 * MK_KEY_ID_BYTES + 1]; /* id of data[0] */
};

void mk_keys_free(mk_keys *keys)
{
    if (!keys)
        return;
    for (size_t i = 0; i < keys->count; i++)
        mk_key_free(keys->data[i]);
    mk_free(keys->data);
    mk_key_free(keys->hash);
    mk_key_free(keys->master);
    mk_free(keys);
}

/* --- the master --------------------------------------------------------------- */

static int from_environment(mk_key **out, const char *text, char *why)
{
    const int err = mk_key_read(out, text, strlen(text));
    if (err)
        snprintf(why, MK_STORE_WHY, "METERKEY_KEY: %s", err == MK_EPARSE ? "64 hex digits are needed" : mk_err_text(err));
    return err;
}

static int from_file(mk_key **out, const char *file, bool make, char *why)
{
    int err = mk_key_file(out, file, make);
    if (err)
        snprintf(why, MK_STORE_WHY, err == MK_EPOLICY   ? "%.200s: must be a file of this user's with mode 0600"
                                     : err == MK_ENOENT ? "%.200s: no master key is there; put back the one that the store was sealed with"
                                                        : "%.200s: %s", file,
                 err == MK_EPARSE ? "64 hex digits and a newline are needed" : mk_err_text(err));
    return err;
}

static bool in_credentials(char *path, size_t cap)
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    return folder && (size_t)snprintf(path, cap, "%s/meterkey.key", folder) < cap && access(path, F_OK) == 0;
}

static int read_master(mk_key **out, const char *file, bool make, char *why)
{
    char path[4096];
    const char *text = getenv("METERKEY_KEY");
    if (text && *text)
        return from_environment(out, text, why);
    if (!in_credentials(path, sizeof path))
        return from_file(out, file, make, why);
    const int err = mk_key_credential(out, path);
    if (err)
        snprintf(why, MK_STORE_WHY, "the credential meterkey.key: %s", err == MK_EPARSE ? "64 hex digits and a newline are needed" : mk_err_text(err));
    return err;
}

/* --- data keys ------------------------------------------------------------------- */

static int open_key(const mk_key *master, const char *text, mk_key **out)
{
    mk_buf sealed, bytes;
    mk_buf_init(&sealed, 4096);
    mk_buf_init(&bytes, 4096);
    int err = mk_base64_decode(&sealed, text, strlen(text));
    if (!err)
        err = mk_unseal(&bytes, master, "key", sealed.data, sealed.len);
    if (!err && bytes.len != MK_KEY_BYTES)
        err = MK_EPARSE;
    if (!err && !(*out = mk_key_new((const uint8_t *)bytes.data)))
        err = MK_ENOMEM;
    mk_buf_free(&sealed);
    mk_buf_free(&bytes);
    return err;
}

/* The sealed form of 32 bytes as a parameter of a statement. */
static json_t *sealed_bytes(const mk_key *master, const uint8_t bytes[MK_KEY_BYTES])
{
    mk_buf sealed, text;
    mk_buf_init(&sealed, 4096);
    mk_buf_init(&text, 8192);
    int err = mk_seal(&sealed, master, "key", bytes, MK_KEY_BYTES);
    if (!err)
        err = mk_base64_encode(&text, sealed.data, sealed.len, false);
    json_t *value = err ? NULL : json_pack("{s:s}", "b64", text.data);
    mk_buf_free(&sealed);
    mk_buf_free(&text);
    return value;
}

static int add_key(mk_store *store, const mk_key *master, const char *use, char *why)
{
    uint8_t bytes[MK_KEY_BYTES];
    char id[2 * MK_KEY_ID_BYTES + 1] = "";
    mk_random_fill(bytes, sizeof bytes);
    mk_key *key = mk_key_new(bytes);
    json_t *sealed = key ? sealed_bytes(master, bytes) : NULL;
    explicit_bzero(bytes, sizeof bytes);
    for (size_t i = 0; key && i < MK_KEY_ID_BYTES; i++)
        snprintf(id + 2 * i, 3, "%02x", mk_key_id(key)[i]);
    mk_key_free(key);
    json_t *args = sealed ? json_pack("[s, s, o, I]", id, use, sealed, (json_int_t)mk_clock_wall_ms() * 1000) : NULL;
    int err = args ? mk_store_query(store, "INSERT INTO keys (id, use, sealed, created) VALUES (?1, ?2, ?3, ?4)", args, NULL, why)
                   : MK_ENOMEM;
    json_decref(args);
    return err;
}

static int take_key(mk_keys *keys, const json_t *row, char *why)
{
    const char *text = json_string_value(json_object_get(json_object_get(row, "sealed"), "b64"));
    const char *use = json_string_value(json_object_get(row, "use")), *id = json_string_value(json_object_get(row, "id"));
    mk_key *key = NULL;
    int err = text && use && id ? open_key(keys->master, text, &key) : MK_EPARSE;
    if (err) {
        snprintf(why, MK_STORE_WHY, "the master key does not open the store's keys: it is another store's");
        return err == MK_ENOMEM ? err : MK_ECRYPTO;
    }
    if (strcmp(use, "hash") == 0) {
        keys->hash = key;
        return MK_OK;
    }
    mk_key **data = mk_realloc(keys->data, (keys->count + 1) * sizeof *data);
    if (!data) {
        mk_key_free(key);
        return MK_ENOMEM;
    }
    if (!keys->count)
        snprintf(keys->newest, sizeof keys->newest, "%s", id);
    keys->data = data;
    data[keys->count++] = key;
    return MK_OK;
}

static int load(mk_keys *keys, mk_store *store, char *why)
{
    json_t *rows = NULL;
    int err = mk_store_query(store, "SELECT id, use, sealed FROM keys ORDER BY created DESC, id", NULL, &rows, why);
    for (size_t i = 0; !err && i < json_array_size(rows); i++)
        err = take_key(keys, json_array_get(rows, i), why);
    json_decref(rows);
    return err;
}

static int make_keys(mk_keys *keys, mk_store *store, char *why)
{
    int err = mk_store_begin(store, why);
    if (!err)
        err = add_key(store, keys->master, "hash", why);
    if (!err)
        err = add_key(store, keys->master, "data", why);
    char ignored[MK_STORE_WHY];
    int ended = mk_store_end(store, !err, err ? ignored : why);
    int committed = mk_store_commit(store, err || ended ? ignored : why);
    return err ? err : ended ? ended : committed ? committed : load(keys, store, why);
}

/* master is taken over. */
static int open_with(mk_keys **out, mk_store *store, mk_key *master, bool make, char *why)
{
    mk_keys *keys = mk_calloc(1, sizeof *keys);
    if (!keys) {
        mk_key_free(master);
        return MK_ENOMEM;
    }
    keys->master = master;
    int err = load(keys, store, why);
    if (!err && make && !keys->hash && !keys->count)
        err = make_keys(keys, store, why);
    if (!err && (!keys->hash || !keys->count)) {
        snprintf(why, MK_STORE_WHY, "the store holds no keys");
        err = MK_ECRYPTO;
    }
    if (err)
        mk_keys_free(keys);
    else
        *out = keys;
    return err;
}

/* A rotation was cut off between the store's part and the file's: the key beside is the right one, if it opens the store. */
static int finish_rotation(mk_keys **out, mk_store *store, const char *file)
{
    char next[4096], ignored[MK_STORE_WHY];
    mk_key *master = NULL;
    mk_keys *keys = NULL;
    if ((size_t)snprintf(next, sizeof next, "%s.next", file) >= sizeof next || mk_key_file(&master, next, false) != MK_OK ||
        open_with(&keys, store, master, false, ignored) != MK_OK)
        return MK_ECRYPTO;
    const int err = mk_key_file_replace(next, file);
    if (err && err != MK_ENOENT) { /* whoever rotates was faster */
        mk_keys_free(keys);
        return err;
    }
    *out = keys;
    return MK_OK;
}

static bool has_keys(mk_store *store)
{
    char ignored[MK_STORE_WHY];
    json_t *rows = NULL;
    const bool has = mk_store_query(store, "SELECT id FROM keys LIMIT 1", NULL, &rows, ignored) == MK_OK && json_array_size(rows);
    json_decref(rows);
    return has;
}

/* Where the store has keys a new master would open none of them, and stand in the place of the one that does. */
int mk_keys_open(mk_keys **out, mk_store *store, const char *file, bool make, char *why)
{
    mk_key *master = NULL;
    int err = read_master(&master, file, make && !has_keys(store), why);
    if (!err)
        err = open_with(out, store, master, make, why);
    return err == MK_ECRYPTO ? finish_rotation(out, store, file) : err;
}

int mk_keys_refresh(mk_keys **keys, mk_store *store, const char *file, char *why)
{
    json_t *rows = NULL;
    mk_keys *fresh = NULL;
    int err = mk_store_query(store, "SELECT id FROM keys WHERE use = 'data' ORDER BY created DESC, id LIMIT 1", NULL, &rows, why);
    const char *newest = json_string_value(json_object_get(json_array_get(rows, 0), "id"));
    if (!err && newest && strcmp(newest, (*keys)->newest) != 0)
        err = mk_keys_open(&fresh, store, file, false, why);
    json_decref(rows);
    if (fresh) {
        mk_keys_free(*keys);
        *keys = fresh;
    }
    return err;
}

int mk_keys_file(const json_t *config, char *out, size_t cap)
{
    const char *file = mk_config_text(config, "key"), *store = mk_config_text(config, "store");
    const char *path = !store ? "" : strncmp(store, "sqlite:", 7) == 0 ? store + 7 : store;
    const int len = file ? snprintf(out, cap, "%s", file) : snprintf(out, cap, "%s.key", path);
    return (size_t)len < cap ? MK_OK : MK_ELIMIT;
}

/* --- use -------------------------------------------------------------------------- */

int mk_keys_seal(const mk_keys *keys, const char *label, const void *data, size_t len, mk_buf *out)
{
    return mk_seal(out, keys->data[0], label, data, len);
}

int mk_keys_unseal(const mk_keys *keys, const char *label, const void *data, size_t len, mk_buf *out)
{
    int err = MK_ENOENT;
    for (size_t i = 0; err == MK_ENOENT && i < keys->count; i++)
        err = mk_unseal(out, keys->data[i], label, data, len);
    return err;
}

void mk_keys_hash(const mk_keys *keys, const void *data, size_t len, uint8_t out[32])
{
    mk_key_hash(keys->hash, data, len, out);
}

/* --- rotation --------------------------------------------------------------------- */

static int reseal(mk_store *store, const mk_key *from, const mk_key *to, const json_t *row, char *why)
{
    mk_buf sealed, bytes;
    mk_buf_init(&sealed, 4096);
    mk_buf_init(&bytes, MK_KEY_BYTES);
    const char *text = json_string_value(json_object_get(json_object_get(row, "sealed"), "b64"));
    int err = text ? mk_base64_decode(&sealed, text, strlen(text)) : MK_EPARSE;
    if (!err)
        err = mk_unseal(&bytes, from, "key", sealed.data, sealed.len);
    json_t *value = err || bytes.len != MK_KEY_BYTES ? NULL : sealed_bytes(to, (const uint8_t *)bytes.data);
    json_t *args = value ? json_pack("[o, O]", value, json_object_get(row, "id")) : NULL;
    if (!err)
        err = args ? mk_store_query(store, "UPDATE keys SET sealed = ?1 WHERE id = ?2", args, NULL, why) : MK_ENOMEM;
    json_decref(args);
    mk_buf_free(&sealed);
    mk_buf_free(&bytes);
    return err;
}

static int reseal_all(mk_store *store, const mk_key *from, const mk_key *to, char *why)
{
    json_t *rows = NULL;
    int err = mk_store_begin(store, why);
    if (!err)
        err = mk_store_query(store, "SELECT id, sealed FROM keys", NULL, &rows, why);
    for (size_t i = 0; !err && i < json_array_size(rows); i++)
        err = reseal(store, from, to, json_array_get(rows, i), why);
    if (!err)
        err = add_key(store, to, "data", why);
    json_decref(rows);
    char ignored[MK_STORE_WHY];
    int ended = mk_store_end(store, !err, err ? ignored : why);
    int committed = mk_store_commit(store, err || ended ? ignored : why);
    return err ? err : ended ? ended : committed;
}

/* Nobody else rotates. */
static int rotate(mk_store *store, const char *file, char *why)
{
    char next[4096];
    mk_keys *keys = NULL;
    mk_key *master = NULL;
    if ((size_t)snprintf(next, sizeof next, "%s.next", file) >= sizeof next)
        return MK_ELIMIT;
    int err = mk_keys_open(&keys, store, file, false, why); /* may need what is beside */
    if (err)
        return err;
    unlink(next); /* of a rotation that never came to the store */
    err = from_file(&master, next, true, why);
    if (!err)
        err = reseal_all(store, keys->master, master, why);
    if (err)
        unlink(next);
    mk_key_free(master);
    mk_keys_free(keys);
    if (err)
        return err;
    err = mk_key_file_replace(next, file);
    if (err == MK_ENOENT)
        return MK_OK; /* a service that found the store sealed anew was faster */
    if (err)
        snprintf(why, MK_STORE_WHY, "%.150s: the new key could not be put there; it is beside it, as .next, and will be taken", file);
    return err;
}

/* The folder is what two rotations have in common: the file is replaced. */
static int lock(const char *file, char *why)
{
    char folder[4096];
    const char *slash = strrchr(file, '/');
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - file) + 1 : 1, slash ? file : ".");
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    snprintf(why, MK_STORE_WHY, fd < 0 ? "%.200s cannot be opened" : "another rotation runs in %.200s", folder);
    if (fd >= 0)
        close(fd);
    return -1;
}

int mk_keys_rotate(mk_store *store, const char *file, char *why)
{
    char path[4096];
    const char *text = getenv("METERKEY_KEY");
    if ((text && *text) || in_credentials(path, sizeof path) || access(file, W_OK) != 0) {
        snprintf(why, MK_STORE_WHY, "the master key is not a file that may be written here (%.200s): replace it where it is kept", file);
        return MK_EPOLICY;
    }
    const int fd = lock(file, why);
    if (fd < 0)
        return MK_EEXIST;
    const int err = rotate(store, file, why);
    close(fd);
    return err;
}
