/* build.h - what this binary was built as (layer base) */
#ifndef MK_BUILD_H
#define MK_BUILD_H

extern const char mk_build_version[]; /* "0.1.0" */
/* Where `make install` puts scripts/ and runtime/: "/usr/local/share/meterkey". */
extern const char mk_build_datadir[];
#endif
