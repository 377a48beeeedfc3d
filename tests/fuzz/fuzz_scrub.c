/* fuzz_scrub.c - any page and a secret in it: after scrubbing the secret is not in it (tests, layer cli)
 *
 * The first 24 bytes: a header's value; the rest: the page, in which the secret is put. */
#include "base/err.h"
#include "cli/scrub.h"
#include "parse/html.h"
#include "parse/json.h"
#include "vault/seal.h"

#include <stdlib.h>
#include <string.h>

enum { HEAD = 24 };
static const char secret[] = "hunter\xc3\xb6-two";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fill(mk_response *response, const uint8_t *data, size_t size)
{
    const size_t half = HEAD + (size - HEAD) / 2;
    response->status = 200;
    if (mk_headers_add(&response->headers, data[0] & 1 ? "Set-Cookie" : "Location", (const char *)data, HEAD, false) ||
        mk_headers_add(&response->headers, "Content-Type", data[0] & 2 ? "text/html" : "application/json", data[0] & 2 ? 9 : 16, false) ||
        mk_buf_add(&response->body, data + HEAD, half - HEAD) || mk_buf_adds(&response->body, secret) ||
        mk_buf_add(&response->body, data + half, size - half))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool ready;
    const char *what;
    if (!ready && mk_vault_init())
        abort();
    if (!ready) {
        mk_html_init();
        mk_json_init();
    }
    ready = true;
    if (size < HEAD + 2 || size > 20000)
        return 0;
    mk_request request = { .method = (char *)"GET", .url = (char *)"https://www.example.test/" };
    mk_response response;
    mk_response_init(&response, 1 << 20);
    fill(&response, data, size);
    mk_scrub *scrub = mk_scrub_new();
    mk_buf out;
    mk_buf_init(&out, 1 << 22);
    if (!scrub || mk_scrub_add(scrub, secret, "case-password") || mk_scrub_sent(scrub, &request) ||
        mk_scrub_learn(scrub, &request, &response) || mk_scrub_ready(scrub) ||
        mk_scrub_text(scrub, response.body.data, response.body.len, &out))
        abort();
    if (memmem(out.data, out.len, secret, sizeof secret - 1))
        abort();
    mk_scrub_finds(scrub, out.data, out.len, &what);
    mk_scrub_free(scrub);
    mk_buf_free(&out);
    mk_response_free(&response);
    return 0;
}
