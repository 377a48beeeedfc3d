/* cookiedate.c - dates of cookies, as tolerant as RFC 6265, 5.1.1 asks (layer net) */
#include "net/setcookie.h"
#include <string.h>
#include <strings.h>

typedef struct date {
    int day, month, year, hour, minute, second; /* -1: not found yet */
} date;

static bool delimiter(unsigned char c)
{
    return c == 0x09 || (c >= 0x20 && c <= 0x2f) || (c >= 0x3b && c <= 0x40) || (c >= 0x5b && c <= 0x60) ||
           (c >= 0x7b && c <= 0x7e);
}

/* least to most digits at the start, then none more. Gives how many, or 0. */
static size_t number(const char *text, size_t len, size_t least, size_t most, int *out)
{
    size_t n = 0;
    int value = 0;
    for (; n < len && text[n] >= '0' && text[n] <= '9'; n++) {
        if (n == most)
            return 0;
        value = value * 10 + (text[n] - '0');
    }
    if (n < least)
        return 0;
    *out = value;
    return n;
}

/* hms-time [ non-digit *OCTET ] */
static bool read_time(const char *text, size_t len, date *d)
{
    int part[3];
    size_t at = 0;
    for (int i = 0; i < 3; i++) {
        size_t n = number(text + at, len - at, 1, 2, &part[i]);
        if (!n)
            return false;
        at += n;
        if (i < 2 && (at >= len || text[at++] != ':'))
            return false;
    }
    d->hour = part[0];
    d->minute = part[1];
    d->second = part[2];
    return true;
}

static bool read_month(const char *text, size_t len, date *d)
{
    static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";
    if (len < 3)
        return false;
    for (int i = 0; i < 12; i++) {
        if (strncasecmp(text, names + 3 * i, 3) == 0) {
            d->month = i + 1;
            return true;
        }
    }
    return false;
}

/* The first test that holds and whose part is not there yet takes the token. */
static void read_token(const char *text, size_t len, date *d)
{
    if (d->hour < 0 && read_time(text, len, d))
        return;
    if (d->day < 0 && number(text, len, 1, 2, &d->day))
        return;
    if (d->month < 0 && read_month(text, len, d))
        return;
    if (d->year < 0)
        number(text, len, 2, 4, &d->year);
}

/* Days since the epoch in the proleptic Gregorian calendar. */
static int64_t days(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = y / 400, of_era = y % 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int days_of(int month, int year)
{
    static const int table[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return table[month - 1] + (month == 2 && leap);
}

bool mk_cookie_date(const char *text, size_t len, int64_t *out)
{
    date d = {-1, -1, -1, -1, -1, -1};
    for (size_t at = 0; at < len;) {
        size_t from = at;
        while (at < len && !delimiter((unsigned char)text[at]))
            at++;
        if (at > from)
            read_token(text + from, at - from, &d);
        at++;
    }
    if (d.day < 0 || d.month < 0 || d.year < 0 || d.hour < 0)
        return false;
    if (d.year <= 99)
        d.year += d.year >= 70 ? 1900 : 2000;
    if (d.year < 1601 || d.day < 1 || d.day > days_of(d.month, d.year) || d.hour > 23 || d.minute > 59 || d.second > 59)
        return false;
    *out = days(d.year, d.month, d.day) * 86400 + d.hour * 3600 + d.minute * 60 + d.second;
    return true;
}
