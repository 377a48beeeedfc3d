/* m_time.c - meterkey.time: the clock and the calendar, UTC only (layer bind)
 *
 * By hand, on the proleptic Gregorian calendar: the C library's would look at time zones and locales, which differ
 * from machine to machine. */
#include "bind/prim.h"
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { MAX_FORMAT = 1000 };
#define MOST 253402300799LL  /* 9999-12-31T23:59:59Z */
#define LEAST (-62135596800LL) /* 0001-01-01T00:00:00Z */

typedef struct date {
    int64_t year;
    int month, day, hour, min, sec; /* month and day from 1 */
} date;

static const char *const months[] = {"January", "February", "March", "April", "May", "June", "July", "August",
                                     "September", "October", "November", "December"};
static const char *const weekdays[] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};

static bool leap(int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int month_days(int64_t year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && leap(year) ? 29 : days[month - 1];
}

/* Days since the epoch; years count from March, in eras of 400, so that the leap day comes last. */
static int64_t days_of(int64_t year, int month, int64_t day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400, of_era = year - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int64_t seconds_of(const date *d)
{
    return days_of(d->year, d->month, d->day) * 86400 + d->hour * 3600LL + d->min * 60LL + d->sec;
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static date date_of(int64_t seconds)
{
    int64_t days = floor_div(seconds, 86400), rest = seconds - days * 86400;
    int64_t shifted = days + 719468, era = floor_div(shifted, 146097), of_era = shifted - era * 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int month = (int)((5 * of_year + 2) / 153);
    date d = {.day = (int)(of_year - (153 * month + 2) / 5 + 1), .month = month < 10 ? month + 3 : month - 9};
    d.year = year + era * 400 + (d.month <= 2);
    d.hour = (int)(rest / 3600);
    d.min = (int)(rest / 60 % 60);
    d.sec = (int)(rest % 60);
    return d;
}

static int weekday(int64_t seconds) /* 0: Sunday */
{
    int64_t days = floor_div(seconds, 86400);
    return (int)(days + 4 - floor_div(days + 4, 7) * 7);
}

static int yearday(const date *d) /* from 1 */
{
    return (int)(days_of(d->year, d->month, d->day) - days_of(d->year, 1, 1)) + 1;
}

static int64_t check_seconds(lua_State *L, int idx)
{
    lua_Number value = floor(luaL_checknumber(L, idx));
    luaL_argcheck(L, value >= (lua_Number)LEAST && value <= (lua_Number)MOST, idx, "a time in the years 1 to 9999 expected");
    return (int64_t)value;
}

/* time.now() -> seconds since the epoch                            [-0, +1, e] no wait */
/** As `s:now()`: with a fraction where there is one; journaled, so a replay sees the same time. */
static int b_now(lua_State *L)
{
    int64_t ms = mk_prim_now(L);
    if (ms % 1000 == 0)
        lua_pushinteger(L, ms / 1000);
    else
        lua_pushnumber(L, (lua_Number)ms / 1000);
    return 1;
}

static int hour12(int hour)
{
    return hour % 12 ? hour % 12 : 12;
}

/* Writes one conversion; false for a letter it does not know. */
static bool convert(char *out, size_t cap, char letter, const date *d, int64_t t)
{
    const char *month = months[d->month - 1], *day = weekdays[weekday(t)];
    long long year = d->year;
    switch (letter) {
    case 'Y': snprintf(out, cap, "%04lld", year); break;
    case 'y': snprintf(out, cap, "%02lld", year % 100); break;
    case 'm': snprintf(out, cap, "%02d", d->month); break;
    case 'd': snprintf(out, cap, "%02d", d->day); break;
    case 'e': snprintf(out, cap, "%2d", d->day); break;
    case 'H': snprintf(out, cap, "%02d", d->hour); break;
    case 'I': snprintf(out, cap, "%02d", hour12(d->hour)); break;
    case 'M': snprintf(out, cap, "%02d", d->min); break;
    case 'S': snprintf(out, cap, "%02d", d->sec); break;
    case 'p': snprintf(out, cap, "%s", d->hour < 12 ? "AM" : "PM"); break;
    case 'j': snprintf(out, cap, "%03d", yearday(d)); break;
    case 'b': snprintf(out, cap, "%.3s", month); break;
    case 'B': snprintf(out, cap, "%s", month); break;
    case 'a': snprintf(out, cap, "%.3s", day); break;
    case 'A': snprintf(out, cap, "%s", day); break;
    case 'u': snprintf(out, cap, "%d", weekday(t) ? weekday(t) : 7); break;
    case 'F': snprintf(out, cap, "%04lld-%02d-%02d", year, d->month, d->day); break;
    case 'T': snprintf(out, cap, "%02d:%02d:%02d", d->hour, d->min, d->sec); break;
    case 's': snprintf(out, cap, "%lld", (long long)t); break;
    case 'z': snprintf(out, cap, "+0000"); break;
    case 'Z': snprintf(out, cap, "GMT"); break;
    case '%': snprintf(out, cap, "%%"); break;
    default: return false;
    }
    return true;
}

/* time.format(t, format) -> string                                 [-2, +1, e] no wait */
/**
 * Writes a time in UTC: `%Y %m %d %H %M %S %y %e %I %p %j %b %B %a %A %u %F %T %s %z %Z %%`, English names, `%Z` is GMT.
 * `"%Y-%m-%dT%H:%M:%SZ"` is the default. Raises for another letter.
 */
static int b_format(lua_State *L)
{
    int64_t t = check_seconds(L, 1);
    size_t len;
    const char *format = luaL_optlstring(L, 2, "%FT%TZ", &len);
    luaL_argcheck(L, len <= MAX_FORMAT, 2, "a format over 1,000 bytes");
    date d = date_of(t);
    luaL_Buffer buffer;
    luaL_buffinit(L, &buffer);
    for (size_t i = 0; i < len; i++) {
        char text[40];
        if (format[i] != '%') {
            luaL_addchar(&buffer, format[i]);
            continue;
        }
        char letter = i + 1 < len ? format[++i] : '\0';
        if (!convert(text, sizeof text, letter, &d, t))
            return luaL_error(L, "time.format: no conversion '%%%c'", letter ? letter : ' ');
        luaL_addstring(&buffer, text);
    }
    luaL_pushresult(&buffer);
    return 1;
}

/* What is left to read. Each reader moves on only if it finds what it wants. */
typedef struct reader {
    const char *at, *end;
} reader;

static bool take(reader *r, char c)
{
    if (r->at == r->end || *r->at != c)
        return false;
    r->at++;
    return true;
}

/* Between least and most digits. */
static bool digits(reader *r, int least, int most, int64_t *out)
{
    const char *at = r->at;
    int64_t value = 0;
    int n = 0;
    while (at < r->end && n < most && *at >= '0' && *at <= '9') {
        value = value * 10 + (*at++ - '0');
        n++;
    }
    if (n < least)
        return false;
    r->at = at;
    *out = value;
    return true;
}

static bool number(reader *r, int least, int most, int *out)
{
    int64_t value = 0;
    bool found = digits(r, least, most, &value);
    *out = (int)value;
    return found;
}

/* ".5" after the seconds. */
static bool fraction(reader *r, double *out)
{
    double scale = 0.1;
    if (!take(r, '.') && !take(r, ','))
        return true;
    const char *first = r->at;
    for (; r->at < r->end && *r->at >= '0' && *r->at <= '9'; r->at++, scale /= 10)
        *out += scale * (*r->at - '0');
    return r->at > first;
}

/* Z, GMT, UTC, +hh:mm, -hhmm, +hh, or nothing, which is UTC; *offset in seconds. */
static bool zone(reader *r, int64_t *offset)
{
    *offset = 0;
    size_t left = (size_t)(r->end - r->at);
    if (left == 0 || take(r, 'Z') || take(r, 'z'))
        return true;
    if (left >= 3 && (memcmp(r->at, "GMT", 3) == 0 || memcmp(r->at, "UTC", 3) == 0)) {
        r->at += 3;
        return true;
    }
    int sign = take(r, '+') ? 1 : take(r, '-') ? -1 : 0, hours, minutes = 0;
    if (!sign || !number(r, 2, 2, &hours) || hours > 23)
        return false;
    if ((take(r, ':') || r->at < r->end) && (!number(r, 2, 2, &minutes) || minutes > 59))
        return false;
    *offset = sign * (hours * 3600LL + minutes * 60LL);
    return true;
}

static bool clock_time(reader *r, date *d, double *part)
{
    if (!number(r, 2, 2, &d->hour) || !take(r, ':') || !number(r, 2, 2, &d->min))
        return false;
    if (take(r, ':') && (!number(r, 2, 2, &d->sec) || !fraction(r, part)))
        return false;
    return d->hour < 24 && d->min < 60 && d->sec <= 60;
}

static bool sane_day(const date *d)
{
    return d->year >= 1 && d->year <= 9999 && d->month >= 1 && d->month <= 12 && d->day >= 1 &&
           d->day <= month_days(d->year, d->month);
}

/* 2026-11-24[T07:30[:05[.5]][zone]], also with a space for the T, and 20261124. */
static bool read_iso(reader r, date *d, double *part, int64_t *offset)
{
    if (!digits(&r, 4, 4, &d->year))
        return false;
    bool dashes = take(&r, '-');
    if (!number(&r, 2, 2, &d->month) || (dashes && !take(&r, '-')) || !number(&r, 2, 2, &d->day) || !sane_day(d))
        return false;
    if (r.at == r.end)
        return true;
    if (!take(&r, 'T') && !take(&r, 't') && !take(&r, ' '))
        return false;
    if (!clock_time(&r, d, part))
        return false;
    take(&r, ' ');
    return zone(&r, offset) && r.at == r.end;
}

static bool month_name(reader *r, int *out)
{
    if (r->end - r->at < 3)
        return false;
    for (int i = 0; i < 12; i++) {
        if (strncasecmp(r->at, months[i], 3) == 0) {
            r->at += 3;
            *out = i + 1;
            return true;
        }
    }
    return false;
}

/* [Tue, ]24 Nov 2026 07:30[:05] zone (RFC 1123, RFC 5322). */
static bool read_rfc(reader r, date *d, int64_t *offset)
{
    double part = 0;
    const char *comma = memchr(r.at, ',', (size_t)(r.end - r.at));
    if (comma) {
        if (comma - r.at != 3)
            return false;
        r.at = comma + 1;
        take(&r, ' ');
    }
    if (!number(&r, 1, 2, &d->day) || !take(&r, ' ') || !month_name(&r, &d->month) || !take(&r, ' ') ||
        !digits(&r, 4, 4, &d->year) || !take(&r, ' ') || !sane_day(d) || !clock_time(&r, d, &part) || part > 0)
        return false;
    take(&r, ' ');
    return zone(&r, offset) && r.at == r.end;
}

/* time.parse(text) -> seconds | nil, message, code                 [-1, +1|+3, e] no wait */
/**
 * Reads ISO 8601 (`2026-11-24`, `2026-11-24T07:30:05.5+01:00`, `20261124`) and RFC 1123 dates
 * (`Tue, 24 Nov 2026 07:30:05 GMT`). Without a zone it is UTC. Other ways to write dates are not guessed at: which
 * number is the month is the portal's habit, and the script knows it.
 */
static int b_parse(lua_State *L)
{
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    reader r = {text, text + len};
    date d = {0}, again = {0};
    double part = 0;
    int64_t offset = 0;
    if (!read_iso(r, &d, &part, &offset)) {
        d = again;
        part = 0;
        if (!read_rfc(r, &d, &offset))
            return mk_lua_failf(L, "adapter.parse", "neither an ISO 8601 nor an RFC 1123 date");
    }
    int64_t seconds = seconds_of(&d) - offset;
    if (part > 0)
        lua_pushnumber(L, (lua_Number)seconds + part);
    else
        lua_pushinteger(L, seconds);
    return 1;
}

static void set_number(lua_State *L, const char *name, int64_t value)
{
    lua_pushinteger(L, value);
    lua_setfield(L, -2, name);
}

/* time.date(t) -> {year, month, day, hour, min, sec, wday, yday}   [-1, +1, e] no wait */
/** The calendar in UTC; `wday` is 1 for Sunday, `yday` 1 for January 1st, as in Lua's `os.date("!*t")`. */
static int b_date(lua_State *L)
{
    int64_t t = check_seconds(L, 1);
    date d = date_of(t);
    lua_createtable(L, 0, 8);
    set_number(L, "year", d.year);
    set_number(L, "month", d.month);
    set_number(L, "day", d.day);
    set_number(L, "hour", d.hour);
    set_number(L, "min", d.min);
    set_number(L, "sec", d.sec);
    set_number(L, "wday", weekday(t) + 1);
    set_number(L, "yday", yearday(&d));
    return 1;
}

/* A whole number of the table at idx; none: fallback (or it must be there, if that is negative). */
static int64_t whole(lua_State *L, int idx, const char *name, int64_t fallback)
{
    int isnum = 0;
    if (lua_getfield(L, idx, name) == LUA_TNIL && fallback >= 0) {
        lua_pop(L, 1);
        return fallback;
    }
    int64_t value = lua_tointegerx(L, -1, &isnum);
    if (!isnum || value < -1000000000000LL || value > 1000000000000LL)
        luaL_error(L, "field '%s': a whole number expected", name);
    lua_pop(L, 1);
    return value;
}

static int push_checked(lua_State *L, int64_t seconds)
{
    if (seconds < LEAST || seconds > MOST)
        return luaL_error(L, "a time out of the years 1 to 9999");
    lua_pushinteger(L, seconds);
    return 1;
}

/* time.seconds(date) -> seconds since the epoch                    [-1, +1, e] no wait */
/**
 * From `{year=, month=, day=[, hour=, min=, sec=]}` in UTC, midnight if no hour is given. What lies outside is carried
 * over: day 0 is the last one of the month before.
 */
static int b_seconds(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    int64_t year = whole(L, 1, "year", -1), month = whole(L, 1, "month", -1) - 1, day = whole(L, 1, "day", -1);
    int64_t hour = whole(L, 1, "hour", 0), min = whole(L, 1, "min", 0), sec = whole(L, 1, "sec", 0);
    int64_t carried = floor_div(month, 12);
    year += carried;
    month -= carried * 12;
    luaL_argcheck(L, year >= -400000 && year <= 400000, 1, "year out of range");
    return push_checked(L, days_of(year, (int)month + 1, 1) * 86400 + (day - 1) * 86400 + hour * 3600 + min * 60 + sec);
}

/* time.add(t, {years=, months=, days=, hours=, minutes=, seconds=}) -> seconds   [-2, +1, e] no wait */
/** Months first: January 31st and a month is the last day of February. Negative numbers go back. */
static int b_add(lua_State *L)
{
    int64_t t = check_seconds(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    date d = date_of(t);
    int64_t count = d.month - 1 + whole(L, 2, "months", 0) + 12 * whole(L, 2, "years", 0), years = floor_div(count, 12);
    d.year += years;
    d.month = (int)(count - years * 12) + 1;
    luaL_argcheck(L, d.year >= 1 && d.year <= 9999, 2, "a time in the years 1 to 9999 expected");
    if (d.day > month_days(d.year, d.month))
        d.day = month_days(d.year, d.month);
    int64_t days = whole(L, 2, "days", 0), hours = whole(L, 2, "hours", 0);
    return push_checked(L, seconds_of(&d) + days * 86400 + hours * 3600 + whole(L, 2, "minutes", 0) * 60 +
                               whole(L, 2, "seconds", 0));
}

int mk_open_time(lua_State *L)
{
    static const luaL_Reg functions[] = {{"now", b_now}, {"format", b_format}, {"parse", b_parse}, {"date", b_date},
                                         {"seconds", b_seconds}, {"add", b_add}, {NULL, NULL}};
    luaL_newlib(L, functions);
    return 1;
}
