/* versions.c - the versions of adapters that a worker has at hand (layer worker) */
#include "worker/own.h"

#include <string.h>

mk_version *mk_versions_find(mk_versions *versions, const char *hash)
{
    for (size_t i = 0; i < versions->count; i++) {
        if (strcmp(mk_version_hash(versions->list[i].version), hash) != 0)
            continue;
        versions->list[i].used = ++versions->clock;
        return versions->list[i].version;
    }
    return NULL;
}

static size_t oldest(const mk_versions *versions)
{
    size_t found = 0;
    for (size_t i = 1; i < versions->count; i++)
        if (versions->list[i].used < versions->list[found].used)
            found = i;
    return found;
}

void mk_versions_add(mk_versions *versions, mk_version *version)
{
    if (mk_versions_find(versions, mk_version_hash(version))) {
        mk_version_unref(version);
        return;
    }
    size_t at = versions->count;
    if (at == MK_VERSIONS_MAX) {
        at = oldest(versions);
        mk_version_unref(versions->list[at].version);
    } else {
        versions->count++;
    }
    versions->list[at].version = version;
    versions->list[at].used = ++versions->clock;
}

void mk_versions_free(mk_versions *versions)
{
    while (versions->count)
        mk_version_unref(versions->list[--versions->count].version);
}
