/* fuzz_url.c - URLs: what is read is written so that it reads the same (fuzz target) */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "parse/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Writing and reading again must change nothing: the policy looks at the one,
 * the client at the other. */
static void round_trip(const mk_url *url)
{
    mk_url again = {0};
    char *text = mk_url_text(url, true);
    if (!text || strlen(text) > 16384) {
        mk_free(text);
        return;
    }
    if (mk_url_parse(&again, text, strlen(text)))
        abort();
    char *twice = mk_url_text(&again, true);
    if (strcmp(text, twice) != 0 || again.port != url->port || !again.host != !url->host)
        abort();
    if (url->host && (strcmp(again.host, url->host) != 0 || !mk_url_same_origin(url, &again)))
        abort();
    mk_free(twice);
    mk_free(text);
    mk_url_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char base_text[] = "https://user@www.example.test:8443/a/b?c#d";
    mk_url base = {0}, url = {0};
    if (mk_url_parse(&base, base_text, sizeof base_text - 1))
        abort();
    if (mk_url_parse(&url, (const char *)data, size) == 0) {
        round_trip(&url);
        mk_url_free(&url);
    }
    if (mk_url_resolve(&url, &base, (const char *)data, size) == 0) {
        round_trip(&url);
        mk_url_free(&url);
    }
    mk_url_free(&base);
    return 0;
}
