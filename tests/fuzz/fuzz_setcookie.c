/* fuzz_setcookie.c - one Set-Cookie line after another into a jar (tests, layer net) */
#include "base/err.h"
#include "net/jar.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mk_url url = {0}, foreign = {0};
    mk_jar *jar = mk_jar_new(20);
    mk_buf out;
    mk_buf_init(&out, 1 << 20);
    if (!jar || mk_url_parse(&url, "https://www.example.co.uk/a/b", 29) ||
        mk_url_parse(&foreign, "https://other.co.uk/a/b", 23))
        abort();
    const char *at = (const char *)data, *end = at + size;
    while (at < end) {
        const char *line = memchr(at, '\n', (size_t)(end - at));
        size_t len = line ? (size_t)(line - at) : (size_t)(end - at);
        size_t before = mk_jar_count(jar);
        if (mk_jar_add(jar, &url, at, len, 1000000) != MK_OK && mk_jar_count(jar) != before)
            abort();
        at += len + 1;
    }
    if (mk_jar_count(jar) > 20 || mk_jar_header(jar, &foreign, 1000000, &out) || out.len)
        abort(); /* nothing ever reaches another site */
    if (mk_jar_header(jar, &url, 1000000, &out) || memchr(out.data, '\n', out.len) || memchr(out.data, '\r', out.len))
        abort();
    mk_buf_free(&out);
    mk_jar_free(jar);
    mk_url_free(&url);
    mk_url_free(&foreign);
    return 0;
}
