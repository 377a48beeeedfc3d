/* log.h - what operators and authors read (layer base)
 *
 * A line: time, level, fields, text. Control characters never reach a sink.
 * A mask, if one is set, sees every line last: secrets do not leave. Not for
 * pages, cookies or bodies. */
#ifndef MK_LOG_H
#define MK_LOG_H
#include "base/buf.h"

enum mk_log_level { MK_LOG_DEBUG, MK_LOG_INFO, MK_LOG_WARN, MK_LOG_ERROR, MK_LOG_OFF };

/* Who takes the finished lines (without newline). Default: standard error. */
typedef void (*mk_log_sink)(void *arg, enum mk_log_level level, const char *line);
/* Appends text to out without secrets (mk_mask_apply fits); MK_OK or an error: then
 * the line's text is withheld. */
typedef int (*mk_log_mask)(void *arg, const char *text, size_t len, mk_buf *out);
void mk_log_set_mask(mk_log_mask mask, void *arg); /* NULL: none */
void mk_log_set(enum mk_log_level least, mk_log_sink sink, void *arg);
enum mk_log_level mk_log_least(void);
/* "debug" "info" "warn" "error" "off"; NULL for no level. */
const char *mk_log_level_name(enum mk_log_level level);
/* who: "session adapter" or NULL, put before the text. */
void mk_log(enum mk_log_level level, const char *who, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
#endif
