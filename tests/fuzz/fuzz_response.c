/* fuzz_response.c - a response from a journal entry; what loads is the same when saved and loaded again (tests, layer net) */
#include "base/err.h"
#include "net/http.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mk_response r, again;
    mk_buf one, two;
    mk_buf_init(&one, 1 << 24);
    mk_buf_init(&two, 1 << 24);
    if (mk_response_load(&r, data, size, 1 << 20) != MK_OK)
        return 0;
    if (mk_response_save(&r, &one) || mk_response_load(&again, one.data, one.len, 1 << 20) ||
        mk_response_save(&again, &two) || one.len != two.len || memcmp(one.data, two.data, one.len) != 0)
        abort();
    mk_response_free(&r);
    mk_response_free(&again);
    mk_buf_free(&one);
    mk_buf_free(&two);
    return 0;
}
