/* meters.c - the meter list, checked field by field (layer session)
 *
 * contract.md section 5. Nothing is guessed: what is wrong is named with its place in the list. */
#include "session/own.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const services[] = {"electric", "gas", "steam", "water", "sewer", "other", NULL};
static const char *const statuses[] = {"active", "closed", "unknown", NULL};
static const char *const address_parts[] = {"street", "unit", "city", "region", "postcode", "country", "line", NULL};
static const char *const known[] = {"account", "account_id", "service", "meters", "meter", "point", "address",
                                    "billing_address", "name", "tariff", "status", "timezone", NULL};

static bool listed(const char *const *list, const char *word)
{
    while (*list && strcmp(*list, word) != 0)
        list++;
    return *list != NULL;
}

static mk_fault *wrong(size_t i, const char *field, const char *format, ...) __attribute__((format(printf, 3, 4)));
static mk_fault *wrong(size_t i, const char *field, const char *format, ...)
{
    char text[200];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return mk_fault_new("adapter.parse", "meters[%zu].%s: %s", i + 1, field, text);
}

static const char *type_of(const json_t *value)
{
    static const char *const names[] = {"a table", "a list", "a string", "an integer", "a float", "true", "false", "null"};
    return value ? names[json_typeof(value)] : "nothing";
}

/* A number that is a name: an integer becomes its digits, a float is refused. */
static mk_fault *as_text(size_t i, json_t *meter, const char *field, const char *path)
{
    json_t *value = json_object_get(meter, field);
    char digits[24];
    if (!value || json_is_null(value)) {
        json_object_del(meter, field);
        return NULL;
    }
    if (json_is_integer(value)) {
        snprintf(digits, sizeof digits, "%lld", (long long)json_integer_value(value));
        json_object_set_new(meter, field, json_string(digits));
        return NULL;
    }
    if (json_is_real(value))
        return wrong(i, path, "a number that is a name must be a string; a float loses digits");
    if (!json_is_string(value))
        return wrong(i, path, "a string expected, got %s", type_of(value));
    if (json_string_length(value) == 0 || json_string_length(value) > 500)
        return wrong(i, path, "a string of 1 to 500 bytes expected (leave it out if there is none)");
    return NULL;
}

static mk_fault *check_address(size_t i, json_t *meter, const char *field)
{
    json_t *address = json_object_get(meter, field);
    const char *part;
    json_t *value;
    void *next;
    if (!address)
        return NULL;
    if (!json_is_object(address))
        return wrong(i, field, "a table expected, got %s", type_of(address));
    json_object_foreach_safe(address, next, part, value)
    {
        char path[64];
        if (!listed(address_parts, part))
            return wrong(i, field, "no part of an address is called '%s'", part);
        snprintf(path, sizeof path, "%s.%s", field, part);
        mk_fault *fault = as_text(i, address, part, path);
        if (fault)
            return fault;
    }
    if (json_object_size(address) == 0)
        json_object_del(meter, field);
    return NULL;
}

/* `meter` is a list of one. */
static mk_fault *check_numbers(size_t i, json_t *meter)
{
    json_t *one = json_object_get(meter, "meter"), *list = json_object_get(meter, "meters");
    if (one && list)
        return wrong(i, "meter", "meter or meters, not both");
    if (one && !json_is_array(one)) {
        mk_fault *fault = as_text(i, meter, "meter", "meter");
        if (fault)
            return fault;
        one = json_object_get(meter, "meter");
        if (one)
            json_object_set_new(meter, "meters", json_pack("[O]", one));
    } else if (one) {
        json_object_set(meter, "meters", one);
    }
    json_object_del(meter, "meter");
    list = json_object_get(meter, "meters");
    if (json_is_object(list) && json_object_size(list) == 0) { /* an empty Lua table */
        json_object_del(meter, "meters");
        return NULL;
    }
    if (list && !json_is_array(list))
        return wrong(i, "meters", "a list of strings expected, got %s", type_of(list));
    for (size_t k = 0; k < json_array_size(list); k++) {
        char digits[24];
        json_t *number = json_array_get(list, k);
        if (json_is_integer(number)) {
            snprintf(digits, sizeof digits, "%lld", (long long)json_integer_value(number));
            json_array_set_new(list, k, json_string(digits));
        } else if (!json_is_string(number) || json_string_length(number) == 0) {
            return wrong(i, "meters", "entry %zu: a string expected, got %s", k + 1, type_of(number));
        }
    }
    return NULL;
}

/* Area/Place, as the IANA database names zones, or UTC; not whether that place exists. */
static bool is_zone(const char *zone)
{
    static const char *const areas[] = {"Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia",
                                        "Europe", "Indian", "Pacific", "US", "Etc", NULL};
    char area[16];
    size_t n = strcspn(zone, "/");
    if (strcmp(zone, "UTC") == 0)
        return true;
    if (n == strlen(zone) || n >= sizeof area || !zone[n + 1] || strlen(zone) > 60)
        return false;
    snprintf(area, sizeof area, "%.*s", (int)n, zone);
    return listed(areas, area) &&
           strspn(zone, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/") == strlen(zone);
}

static mk_fault *check_words(size_t i, json_t *meter)
{
    const char *service = json_string_value(json_object_get(meter, "service"));
    const char *status = json_string_value(json_object_get(meter, "status"));
    if (!service || !listed(services, service))
        return wrong(i, "service", "electric, gas, steam, water, sewer or other expected, got %s%s%s", service ? "'" : "",
                     service ? service : type_of(json_object_get(meter, "service")), service ? "'" : "");
    if (status && !listed(statuses, status))
        return wrong(i, "status", "active, closed or unknown expected, got '%s'", status);
    const char *zone = json_string_value(json_object_get(meter, "timezone"));
    if (zone && !is_zone(zone))
        return wrong(i, "timezone", "an IANA zone such as America/New_York expected, got '%s'", zone);
    if (!status)
        json_object_set_new(meter, "status", json_string("active"));
    return NULL;
}

static mk_fault *check_one(size_t i, json_t *meter, const mk_manifest *manifest)
{
    static const char *const texts[] = {"account", "account_id", "service", "point", "name", "tariff", "status", "timezone"};
    const char *field;
    json_t *value;
    mk_fault *fault = NULL;
    if (!json_is_object(meter))
        return wrong(i, "", "a table expected, got %s", type_of(meter));
    json_object_foreach(meter, field, value)
    {
        if (!listed(known, field))
            return wrong(i, field, "no field of a meter is called so");
    }
    for (size_t k = 0; k < sizeof texts / sizeof *texts && !fault; k++)
        fault = as_text(i, meter, texts[k], texts[k]);
    if (!fault && !json_object_get(meter, "account"))
        fault = wrong(i, "account", "missing: the number the customer knows");
    if (!fault)
        fault = check_words(i, meter);
    if (!fault)
        fault = check_numbers(i, meter);
    if (!fault)
        fault = check_address(i, meter, "address");
    if (!fault)
        fault = check_address(i, meter, "billing_address");
    if (!fault && manifest->timezone && !json_object_get(meter, "timezone"))
        json_object_set_new(meter, "timezone", json_string(manifest->timezone));
    return fault;
}

static bool same(const json_t *a, const json_t *b)
{
    static const char *const identity[] = {"account", "service", "meters", "point"};
    for (size_t k = 0; k < sizeof identity / sizeof *identity; k++) {
        json_t *x = json_object_get(a, identity[k]), *y = json_object_get(b, identity[k]);
        if ((x || y) && !(x && y && json_equal(x, y)))
            return false;
    }
    return true;
}

mk_fault *mk_meters_check(json_t *meters, bool none, const mk_manifest *manifest)
{
    size_t count = json_is_array(meters) ? json_array_size(meters) : 0;
    if (!json_is_array(meters) && json_object_size(meters) > 0)
        return mk_fault_new("adapter.parse", "meters: a list of tables expected, got a table with names");
    if (count == 0 && !none)
        return mk_fault_new("adapter.no_accounts", "the list of meters is empty, and the adapter does not say that the portal "
                                                   "itself says so (return {}, \"none\")");
    for (size_t i = 0; i < count; i++) {
        mk_fault *fault = check_one(i, json_array_get(meters, i), manifest);
        if (fault)
            return fault;
        for (size_t k = 0; k < i; k++)
            if (same(json_array_get(meters, k), json_array_get(meters, i)))
                return wrong(i, "account", "the same meter as meters[%zu] (fold rows that the portal repeats)", k + 1);
    }
    return NULL;
}
