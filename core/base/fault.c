/* fault.c - typed errors: making one and what it exits with (layer base) */
#include "base/fault.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MESSAGE_MOST = 16 * 1024 };

int mk_fault_exit(const char *code)
{
    static const struct {
        const char *domain;
        int status;
    } exits[] = {
        { "auth.", 10 }, { "mfa.", 11 },     { "user_action.", 12 }, { "site.", 13 },
        { "net.", 13 },  { "adapter.", 14 }, { "policy.", 15 },      { "engine.", 16 },
    };
    for (size_t i = 0; i < sizeof exits / sizeof *exits; i++)
        if (!strncmp(code, exits[i].domain, strlen(exits[i].domain)))
            return exits[i].status;
    return 1;
}

/* Too long a message is cut, between two characters. */
__attribute__((format(printf, 1, 0))) static char *message_of(const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    const int need = vsnprintf(NULL, 0, format, args);
    size_t len = need < 0 ? 0 : (size_t)need;
    if (len > MESSAGE_MOST)
        len = MESSAGE_MOST;
    char *text = mk_malloc(len + 2);
    if (text) {
        text[0] = '\0';
        if (need > 0)
            vsnprintf(text, len + 2, format, again);
        if ((size_t)need > len && need > 0) {
            while (len && ((unsigned char)text[len] & 0xC0) == 0x80)
                len--;
            text[len] = '\0';
        }
    }
    va_end(again);
    return text;
}

mk_fault *mk_fault_new(const char *code, const char *format, ...)
{
    mk_fault *fault = mk_calloc(1, sizeof *fault);
    if (!fault)
        return NULL;
    fault->kind = mk_fault_find(code);
    if (!fault->kind)
        fault->kind = mk_fault_find("adapter.unexpected_page");
    va_list args;
    va_start(args, format);
    fault->message = message_of(format, args);
    va_end(args);
    if (!fault->message) {
        mk_free(fault);
        return NULL;
    }
    return fault;
}

void mk_fault_free(mk_fault *fault)
{
    if (!fault)
        return;
    json_decref(fault->evidence);
    mk_free(fault->help_text);
    mk_free(fault->help_url);
    mk_free(fault->script);
    mk_free(fault->message);
    mk_free(fault);
}

void mk_fault_evidence(mk_fault *fault, const char *key, json_t *value)
{
    if (fault && !fault->evidence)
        fault->evidence = json_object();
    if (!fault || !fault->evidence) {
        json_decref(value);
        return;
    }
    json_object_set_new(fault->evidence, key, value); /* takes value on failure too */
}
