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
void mk_log_set(enum mk_log_level least, mk_log_sink sink, void *arg);
enum mk_log_level mk_log_least(void);
/* who: "session adapter" or NULL, put before the text. */
void mk_log(enum mk_log_level level, const char *who, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
#endif
