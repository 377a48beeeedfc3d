/* statement.c - JSON values into a statement, rows out of it (layer store) */
#include "base/buf.h"
#include "base/codec.h"
#include "base/err.h"
#include "base/mem.h"
#include "store/own.h"

#include <stdio.h>
#include <string.h>

static int bind_blob(sqlite3_stmt *stmt, int at, const char *text)
{
    mk_buf bytes;
    mk_buf_init(&bytes, 256u << 20);
    int err = mk_base64_decode(&bytes, text, strlen(text));
    if (!err && sqlite3_bind_blob(stmt, at, bytes.data, (int)bytes.len, SQLITE_TRANSIENT) != SQLITE_OK)
        err = MK_ENOMEM;
    mk_buf_free(&bytes);
    return err;
}

static int bind_bytes(sqlite3_stmt *stmt, int at, const json_t *object)
{
    const char *text = json_string_value(json_object_get(object, "b64"));
    const json_t *raw = json_object_get(object, "raw");
    if (!json_is_string(raw))
        return text ? bind_blob(stmt, at, text) : MK_EPARSE;
    /* the parameters outlive the statement's run */
    return sqlite3_bind_blob(stmt, at, json_string_value(raw), (int)json_string_length(raw), SQLITE_STATIC) == SQLITE_OK ? MK_OK : MK_ENOMEM;
}

static int bind_one(sqlite3_stmt *stmt, int at, const json_t *value)
{
    int result = SQLITE_OK;
    switch (json_typeof(value)) {
    case JSON_NULL: result = sqlite3_bind_null(stmt, at); break;
    case JSON_TRUE: result = sqlite3_bind_int(stmt, at, 1); break;
    case JSON_FALSE: result = sqlite3_bind_int(stmt, at, 0); break;
    case JSON_INTEGER: result = sqlite3_bind_int64(stmt, at, json_integer_value(value)); break;
    case JSON_REAL: result = sqlite3_bind_double(stmt, at, json_real_value(value)); break;
    case JSON_STRING:
        result = sqlite3_bind_text(stmt, at, json_string_value(value), (int)json_string_length(value), SQLITE_TRANSIENT);
        break;
    case JSON_OBJECT: return bind_bytes(stmt, at, value);
    case JSON_ARRAY: return MK_EPARSE;
    }
    return result == SQLITE_OK ? MK_OK : result == SQLITE_RANGE ? MK_EPARSE : MK_ENOMEM;
}

int mk_statement_bind(sqlite3_stmt *stmt, const json_t *parameters, char *why)
{
    const size_t count = json_array_size(parameters);
    if ((size_t)sqlite3_bind_parameter_count(stmt) > count) {
        snprintf(why, MK_STORE_WHY, "%d parameters wanted, %zu given", sqlite3_bind_parameter_count(stmt), count);
        return MK_EPARSE;
    }
    for (size_t i = 0; i < count; i++) {
        int err = bind_one(stmt, (int)i + 1, json_array_get(parameters, i));
        if (err) {
            snprintf(why, MK_STORE_WHY, "parameter ?%zu: %s", i + 1,
                     err == MK_EPARSE ? "not a value that can be stored" : mk_err_text(err));
            return err;
        }
    }
    return MK_OK;
}

static json_t *blob_value(const void *data, size_t len)
{
    mk_buf text;
    mk_buf_init(&text, len * 2 + 16);
    json_t *value = mk_base64_encode(&text, data, len, false) ? NULL : json_pack("{s:s%}", "b64", text.data, text.len);
    mk_buf_free(&text);
    return value;
}

static json_t *column_value(sqlite3_stmt *stmt, int column)
{
    switch (sqlite3_column_type(stmt, column)) {
    case SQLITE_INTEGER: return json_integer(sqlite3_column_int64(stmt, column));
    case SQLITE_FLOAT: return json_real(sqlite3_column_double(stmt, column));
    case SQLITE_BLOB: {
        const void *data = sqlite3_column_blob(stmt, column);
        return blob_value(data ? data : "", (size_t)sqlite3_column_bytes(stmt, column));
    }
    default: {
        const char *text = (const char *)sqlite3_column_text(stmt, column);
        return text ? json_stringn(text, (size_t)sqlite3_column_bytes(stmt, column)) : NULL;
    }
    }
}

json_t *mk_statement_row(sqlite3_stmt *stmt, size_t *bytes)
{
    json_t *row = json_object();
    const int count = row ? sqlite3_column_count(stmt) : 0;
    for (int i = 0; i < count; i++) {
        if (sqlite3_column_type(stmt, i) == SQLITE_NULL)
            continue;
        const char *name = sqlite3_column_name(stmt, i);
        json_t *value = column_value(stmt, i);
        *bytes += (size_t)sqlite3_column_bytes(stmt, i) + 16;
        if (!name || !value || json_object_set_new(row, name, value)) {
            json_decref(row);
            return NULL;
        }
    }
    return row;
}
