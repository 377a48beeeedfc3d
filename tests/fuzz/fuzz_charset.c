/* fuzz_charset.c - any bytes in any set: what is decoded is UTF-8 */
#include "base/codec.h"
#include "base/err.h"
#include "parse/charset.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = { "utf-8", "windows-1252", "shift_jis", "gb18030", "big5", "euc-kr",
                                         "iso-2022-jp", "utf-16le", "koi8-r", "windows-1255" };
    if (!size)
        return 0;
    const char *text = (const char *)data + 1;
    char name[32];
    mk_charset_detect(name, NULL, text, size - 1, data[0] & 128);
    if (memchr(name, 0, sizeof name) == NULL)
        abort();
    const char *sets[] = { name, names[data[0] % (sizeof names / sizeof *names)] };
    for (int i = 0; i < 2; i++) {
        mk_buf out, back;
        mk_buf_init(&out, 1 << 20);
        mk_buf_init(&back, 1 << 22);
        if (!mk_charset_decode(&out, sets[i], text, size - 1)) {
            if (!mk_utf8_valid(out.data, out.len))
                abort();
            mk_charset_encode(&back, sets[i], out.data, out.len);
        }
        mk_buf_free(&back);
        mk_buf_free(&out);
    }
    return 0;
}
