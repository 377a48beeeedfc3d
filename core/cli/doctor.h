/* doctor.h - what the parts of `meterkey doctor` share (layer cli; for doctor*.c only) */
#ifndef MK_DOCTOR_H
#define MK_DOCTOR_H
#include "cli/options.h"
#include <jansson.h>

typedef struct mk_doctor {
    const mk_args *args;
    json_t *found; /* of --json, or NULL */
    size_t warnings, failures;
} mk_doctor;

enum mk_verdict { MK_FINE, MK_WARN, MK_FAIL };

/* advice: what to do about it; NULL where all is well. */
void mk_doctor_say(mk_doctor *d, enum mk_verdict verdict, const char *what, const char *advice, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* doctor_service.c - a service's installation: --config, --store. The exit status of what cannot be read, else 0. */
int mk_doctor_service(mk_doctor *d);
#endif
