/* mime.c - a mail as text (layer service)
 *
 * RFC 5322, 2045 (quoted-printable), 2046 (multipart/alternative), 2047 (encoded words). */
#include "service/mime.h"

#include "base/codec.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { MESSAGE_MAX = 4 << 20, LINE = 76, RAW_MOST = 60, WORD_BYTES = 42, ADDRESS_MAX = 254 };

/* --- addresses --------------------------------------------------------------------- */

/* Where the bare address stands in text: all of it, or what is between < and > at its end. */
static bool find_address(const char *text, const char **at, size_t *len)
{
    const char *open = strrchr(text, '<');
    *at = open ? open + 1 : text;
    *len = open ? strcspn(*at, ">") : strlen(text);
    return !open || strcmp(*at + *len, ">") == 0;
}

static bool is_address(const char *at, size_t len)
{
    const char *sign = memchr(at, '@', len);
    if (!sign || sign == at || len > ADDRESS_MAX || sign + 1 == at + len)
        return false;
    for (size_t i = 0; i < len; i++) {
        const unsigned char c = (unsigned char)at[i];
        const bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (&at[i] == sign || alnum)
            continue;
        if (!c || !strchr(&at[i] < sign ? "!#$%&'*+-/=?^_`{|}~." : "-.", c))
            return false;
    }
    return true;
}

int mk_mime_address(mk_buf *out, const char *text)
{
    const char *at;
    size_t len;
    if (!find_address(text, &at, &len) || !is_address(at, len))
        return MK_EPARSE;
    return mk_buf_add(out, at, len);
}

/* --- header fields -------------------------------------------------------------------- */

static bool is_plain(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x20 || (unsigned char)text[i] >= 0x7f || text[i] == '"' || text[i] == '\\')
            return false;
    return len <= RAW_MOST && !strstr(text, "=?");
}

/* As much as fits into one encoded word, no character cut in two. */
static size_t word_length(const char *text, size_t len)
{
    if (len <= WORD_BYTES)
        return len;
    size_t n = WORD_BYTES;
    while (n > 1 && ((unsigned char)text[n] & 0xC0) == 0x80)
        n--;
    return n;
}

static int add_word(mk_buf *out, const char *text, size_t len)
{
    char clean[WORD_BYTES];
    for (size_t i = 0; i < len; i++)
        clean[i] = (unsigned char)text[i] < 0x20 || text[i] == 0x7f ? ' ' : text[i];
    int err = mk_buf_adds(out, "=?UTF-8?B?");
    if (!err)
        err = mk_base64_encode(out, clean, len, false);
    return err ? err : mk_buf_adds(out, "?=");
}

/* Words for people in a header: as they stand, or encoded and folded. */
static int add_words(mk_buf *out, const char *text, size_t len)
{
    int err = MK_OK;
    if (is_plain(text, len))
        return mk_buf_add(out, text, len);
    for (size_t n; !err && len; text += n, len -= n) {
        n = word_length(text, len);
        err = add_word(out, text, n);
        if (!err && n < len)
            err = mk_buf_adds(out, "\r\n ");
    }
    return err;
}

/* A name goes in quotes, so that no comma in it parts a list. */
static int add_mailbox(mk_buf *out, const char *header, const char *text)
{
    const char *at;
    size_t len, name = 0;
    if (!find_address(text, &at, &len) || !is_address(at, len))
        return MK_EPARSE;
    if (at > text)
        name = (size_t)(at - 1 - text);
    while (name && text[name - 1] == ' ')
        name--;
    int err = mk_buf_addf(out, "%s: ", header);
    const bool plain = is_plain(text, name) && !memchr(text, '<', name);
    if (!err && name && plain)
        err = mk_buf_addf(out, "\"%.*s\" ", (int)name, text);
    else if (!err && name)
        err = add_words(out, text, name) || mk_buf_adds(out, "\r\n ") ? MK_ENOMEM : MK_OK;
    if (!err && name)
        err = mk_buf_addf(out, "<%.*s>\r\n", (int)len, at);
    else if (!err)
        err = mk_buf_addf(out, "%.*s\r\n", (int)len, at);
    return err;
}

static int add_date(mk_buf *out, int64_t now)
{
    static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct tm tm;
    const time_t seconds = (time_t)now;
    if (!gmtime_r(&seconds, &tm))
        return MK_EINVAL;
    return mk_buf_addf(out, "Date: %.3s, %02d %.3s %04d %02d:%02d:%02d +0000\r\n", days + 3 * tm.tm_wday, tm.tm_mday, months + 3 * tm.tm_mon,
                       tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static int add_headers(mk_buf *out, const mk_mime *mail)
{
    const char *at;
    size_t len;
    int err = add_mailbox(out, "From", mail->from);
    if (!err)
        err = add_mailbox(out, "To", mail->to);
    if (!err)
        err = mk_buf_adds(out, "Subject: ");
    if (!err)
        err = add_words(out, mail->subject, strlen(mail->subject));
    if (!err)
        err = mk_buf_adds(out, "\r\n");
    if (!err)
        err = add_date(out, mail->now);
    find_address(mail->from, &at, &len);
    const char *domain = err ? at : (const char *)memchr(at, '@', len);
    if (!err)
        err = mk_buf_addf(out, "Message-ID: <%s%.*s>\r\n", mail->token, (int)(len - (size_t)(domain - at)), domain);
    return err ? err : mk_buf_adds(out, "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n");
}

/* --- bodies ---------------------------------------------------------------------------- */

typedef struct qp {
    mk_buf *out;
    size_t column;
    int err;
} qp;

static void put(qp *q, const char *piece, size_t len)
{
    if (!q->err && q->column + len > LINE - 1) {
        q->err = mk_buf_adds(q->out, "=\r\n");
        q->column = 0;
    }
    if (!q->err)
        q->err = mk_buf_add(q->out, piece, len);
    q->column += len;
}

static void end_line(qp *q)
{
    if (!q->err)
        q->err = mk_buf_adds(q->out, "\r\n");
    q->column = 0;
}

/* Blanks at a line's end, a dot or "From" at its beginning do not survive every server. */
static bool as_it_is(const qp *q, const char *at)
{
    const char c = *at;
    if (c == ' ' || c == '\t')
        return at[1] && at[1] != '\n' && at[1] != '\r';
    return c > ' ' && c < 0x7f && c != '=' && (q->column || (c != '.' && c != 'F'));
}

static int add_quoted(mk_buf *out, const char *text)
{
    qp q = { .out = out };
    char code[4];
    for (const char *at = text; *at && !q.err; at++) {
        if (*at == '\n' || (*at == '\r' && at[1] != '\n')) {
            end_line(&q);
        } else if (*at == '\r') {
            continue;
        } else if (as_it_is(&q, at)) {
            put(&q, at, 1);
        } else {
            snprintf(code, sizeof code, "=%02X", (unsigned)(unsigned char)*at);
            put(&q, code, 3);
        }
    }
    return q.err;
}

static int add_part(mk_buf *out, const char *type, const char *text)
{
    int err = mk_buf_addf(out, "Content-Type: text/%s; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n", type);
    return err ? err : add_quoted(out, text);
}

/* The boundary has "=_", which quoted-printable never has; the line's end before it is its own. */
static int add_both(mk_buf *out, const mk_mime *mail)
{
    int err = mk_buf_addf(out, "Content-Type: multipart/alternative; boundary=\"=_%s\"\r\n\r\n--=_%s\r\n", mail->token, mail->token);
    if (!err)
        err = add_part(out, "plain", mail->text);
    if (!err)
        err = mk_buf_addf(out, "\r\n--=_%s\r\n", mail->token);
    if (!err)
        err = add_part(out, "html", mail->html);
    return err ? err : mk_buf_addf(out, "\r\n--=_%s--\r\n", mail->token);
}

int mk_mime_build(mk_buf *out, const mk_mime *mail)
{
    mk_buf made;
    mk_buf_init(&made, MESSAGE_MAX);
    int err = add_headers(&made, mail);
    if (!err)
        err = mail->html ? add_both(&made, mail) : add_part(&made, "plain", mail->text);
    if (!err && (made.len < 2 || made.data[made.len - 1] != '\n'))
        err = mk_buf_adds(&made, "\r\n");
    if (!err)
        err = mk_buf_add(out, made.data, made.len);
    mk_buf_free(&made);
    return err;
}
