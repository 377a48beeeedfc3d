/* fuzz_mime.c - mails as text (fuzz target of service)
 *
 * From, to, subject, text and HTML, parted by a byte 1: whatever they hold, no header comes in that was not meant, no line is too long,
 * and what is quoted has no byte that plain SMTP does not carry. */
#include "base/err.h"
#include "base/mem.h"
#include "service/mime.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds)
{
    if (!holds)
        abort();
}

static void check_lines(const mk_buf *out, int html)
{
    static const char *const names[] = { "From: ", "To: ", "Subject: ", "Date: ", "Message-ID: ", "Auto-Submitted: ", "MIME-Version: ",
                                         "Content-Type: ", "Content-Transfer-Encoding: " };
    size_t header = 0;
    int body = 0;
    for (const char *line = out->data, *end; line < out->data + out->len; line = end + 2) {
        end = strstr(line, "\r\n");
        must(end != NULL);
        body = body || end == line;
        for (const char *c = line; c < end; c++)
            must((*c >= ' ' && *c < 0x7f) || (body && *c == '\t'));
        must(end - line <= (body ? 78 : 400));
        if (body || *line == ' ')
            continue;
        must(header < sizeof names / sizeof *names - (html ? 1 : 0) && strncmp(line, names[header], strlen(names[header])) == 0);
        header++;
    }
    must(body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *parts[5] = { NULL };
    size_t at = 0;
    for (size_t i = 0; i < 5; i++) {
        size_t len = 0;
        while (at + len < size && data[at + len] > 1)
            len++;
        parts[i] = mk_memdup(data + at, len);
        at += len < size - at ? len + 1 : len;
        must(parts[i] != NULL);
    }
    mk_buf out;
    mk_buf_init(&out, 8 << 20);
    const mk_mime mail = { .from = parts[0], .to = parts[1], .subject = parts[2], .text = parts[3], .html = *parts[4] ? parts[4] : NULL,
                           .token = "t0ken", .now = (int64_t)size };
    const int err = mk_mime_build(&out, &mail);
    if (!err)
        check_lines(&out, mail.html != NULL);
    else
        must(!out.len);
    mk_buf_free(&out);
    for (size_t i = 0; i < 5; i++)
        mk_free(parts[i]);
    return 0;
}
