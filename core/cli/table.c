/* table.c - rows of text in columns, for people (layer cli) */
#include "cli/table.h"

#include "base/buf.h"
#include "base/codec.h"
#include "base/err.h"
#include "cli/tty.h"

#include <string.h>

enum { COLUMNS = 16 };

static const char *cell(const json_t *row, size_t column)
{
    const char *text = json_string_value(json_array_get(row, column));
    return text ? text : "";
}

static size_t width_of(const char *text)
{
    size_t width = 0, at = 0;
    const size_t len = strlen(text);
    for (; at < len; width++)
        mk_utf8_next(text, len, &at);
    return width;
}

static void put_line(FILE *file, const size_t *widths, size_t columns, const char *const *texts)
{
    size_t last = columns;
    while (last && !widths[last - 1])
        last--;
    for (size_t i = 0; i < last; i++) {
        if (!widths[i])
            continue;
        mk_tty_put(file, texts[i]);
        for (size_t fill = width_of(texts[i]); i + 1 < last && fill < widths[i] + 2; fill++)
            fputc(' ', file);
    }
    fputc('\n', file);
}

void mk_table_print(FILE *file, const char *const *titles, const json_t *rows)
{
    size_t widths[COLUMNS] = { 0 }, columns = 0, i;
    const char *texts[COLUMNS];
    const json_t *row;
    while (columns < COLUMNS && titles[columns])
        columns++;
    json_array_foreach(rows, i, row)
        for (size_t c = 0; c < columns; c++) {
            const size_t width = width_of(cell(row, c));
            if (width > widths[c])
                widths[c] = width;
        }
    for (size_t c = 0; c < columns; c++)
        if (widths[c] && width_of(titles[c]) > widths[c])
            widths[c] = width_of(titles[c]);
    put_line(file, widths, columns, titles);
    json_array_foreach(rows, i, row) {
        for (size_t c = 0; c < columns; c++)
            texts[c] = cell(row, c);
        put_line(file, widths, columns, texts);
    }
}

static void add(mk_buf *buf, const char *text, const char *between)
{
    if (!text || !*text)
        return;
    if (buf->len)
        mk_buf_adds(buf, between);
    mk_buf_adds(buf, text);
}

static const char *text_at(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static json_t *numbers(const json_t *meter)
{
    const json_t *list = json_object_get(meter, "meters"), *number;
    mk_buf buf;
    size_t i;
    mk_buf_init(&buf, 4096);
    json_array_foreach(list, i, number)
        add(&buf, json_string_value(number), ", ");
    add(&buf, text_at(meter, "meter"), ", ");
    json_t *text = json_string(buf.data);
    mk_buf_free(&buf);
    return text;
}

static json_t *address(const json_t *meter)
{
    const json_t *parts = json_object_get(meter, "address");
    mk_buf buf;
    mk_buf_init(&buf, 4096);
    add(&buf, text_at(parts, "line"), "");
    add(&buf, text_at(parts, "street"), ", ");
    add(&buf, text_at(parts, "unit"), " ");
    add(&buf, text_at(parts, "city"), ", ");
    add(&buf, text_at(parts, "region"), ", ");
    add(&buf, text_at(parts, "postcode"), " ");
    json_t *text = json_string(buf.data);
    mk_buf_free(&buf);
    return text;
}

static json_t *plain(const json_t *meter, const char *key)
{
    const char *text = text_at(meter, key);
    return json_string(text ? text : "");
}

int mk_table_meters(FILE *file, const json_t *meters)
{
    static const char *const titles[] = { "account", "service", "meters", "point", "address", "tariff", "status", NULL };
    const json_t *meter;
    size_t i;
    json_t *rows = json_array();
    bool ok = rows != NULL;
    json_array_foreach(meters, i, meter) {
        json_t *row = json_pack("[o, o, o, o, o, o, o]", plain(meter, "account"), plain(meter, "service"), numbers(meter),
                                plain(meter, "point"), address(meter), plain(meter, "tariff"), plain(meter, "status"));
        ok = json_array_append_new(rows, row) == 0 && ok;
    }
    if (ok && json_array_size(rows))
        mk_table_print(file, titles, rows);
    json_decref(rows);
    return ok ? MK_OK : MK_ENOMEM;
}
