/* fuzz_regex.c - patterns and subjects, with JIT and without (fuzz target) */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "parse/regex.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A match lies where it says, and ends in time. */
static void try_match(const mk_regex *regex, const char *text, size_t len)
{
    mk_match match;
    bool found = false;
    int64_t before = mk_clock_cpu_us();
    if (mk_regex_match(regex, text, len, 0, 10, &match, &found) == 0 && found) {
        if (match.count != mk_regex_groups(regex) + 1 || match.to[0] > len)
            abort();
        for (uint32_t i = 0; i < match.count; i++)
            if (match.from[i] != SIZE_MAX && (match.from[i] > len || match.to[i] > len))
                abort();
    }
    if (mk_clock_cpu_us() - before > 3000000)
        abort();
}

/* The input is a pattern, a newline, and a subject. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *line = memchr(data, '\n', size);
    size_t len = line ? (size_t)(line - data) : size;
    char *text = mk_memdup(data + len, size - len);
    for (int jit = 0; text && jit < 2; jit++) {
        mk_regex *regex = NULL;
        size_t at = 0;
        char why[100];
        mk_regex_set_jit(jit);
        if (mk_regex_compile(&regex, (const char *)data, len, "i", &at, why, sizeof why))
            continue;
        try_match(regex, text, size - len);
        for (uint32_t i = 1; i <= mk_regex_groups(regex); i++)
            mk_regex_group_name(regex, i);
        mk_regex_free(regex);
    }
    mk_free(text);
    return 0;
}
