/* scan.c - the adapters there are, and a mark of each (layer service) */
#include "service/scan.h"

#include "base/err.h"
#include "script/embedded.h"
#include "script/folders.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { DEPTH = 4 };

typedef struct scan {
    mk_watcher *watcher;
    mk_scan_each each;
    void *arg;
    const char *base; /* NULL: none */
    uint64_t runtime; /* mark of the modules */
    int err;
} scan;

static uint64_t mix(uint64_t mark, const void *data, size_t len)
{
    const unsigned char *at = data;
    for (size_t i = 0; i < len; i++)
        mark = (mark ^ at[i]) * 1099511628211ULL; /* FNV-1a */
    return mark;
}

static uint64_t mark_of(const char *name, const struct stat *st)
{
    const uint64_t facts[] = { st->st_dev, st->st_ino, (uint64_t)st->st_size, (uint64_t)st->st_mtim.tv_sec, (uint64_t)st->st_mtim.tv_nsec };
    return mix(mix(14695981039346656037ULL, name, strlen(name)), facts, sizeof facts);
}

static void look_at(scan *s, const char *folder)
{
    const int err = mk_watcher_add(s->watcher, folder, NULL);
    s->err = s->err ? s->err : err;
}

/* The sum of what lies below a folder, whatever the order. */
static uint64_t mark_below(scan *s, const char *folder, int depth)
{
    char path[MK_SCAN_PATH];
    struct stat st;
    uint64_t mark = 0;
    DIR *dir = opendir(folder);
    if (!dir)
        return 0;
    look_at(s, folder);
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (*entry->d_name == '.' || (size_t)snprintf(path, sizeof path, "%s/%s", folder, entry->d_name) >= sizeof path || stat(path, &st) != 0)
            continue;
        if (S_ISREG(st.st_mode))
            mark += mark_of(entry->d_name, &st);
        else if (S_ISDIR(st.st_mode) && depth > 0)
            mark += mix(mark_below(s, path, depth - 1), entry->d_name, strlen(entry->d_name));
    }
    closedir(dir);
    return mark;
}

/* Its signature (`meterkey sign`) lies beside it and is often saved later. */
static uint64_t mark_of_signature(const scan *s, const char *id)
{
    struct stat st;
    char path[MK_SCAN_PATH];
    const bool there = (size_t)snprintf(path, sizeof path, "%s/utilities/%s.sig", s->base, id) < sizeof path && stat(path, &st) == 0;
    return there ? mark_of(id, &st) : 0;
}

static void one_file(scan *s, const char *file)
{
    struct stat st;
    char id[MK_SCRIPT_ID_MAX + 1], path[MK_SCAN_PATH], cases[MK_SCAN_PATH];
    if (!mk_scripts_id_of(file, id) || (size_t)snprintf(path, sizeof path, "%s/utilities/%s", s->base, file) >= sizeof path ||
        (size_t)snprintf(cases, sizeof cases, "%s/cases/%s", s->base, id) >= sizeof cases || stat(path, &st) != 0 || !S_ISREG(st.st_mode))
        return;
    const uint64_t parts[] = { mark_of(file, &st), mark_below(s, cases, 0), s->runtime, mark_of_signature(s, id) };
    s->each(s->arg, id, path, mix(1, parts, sizeof parts));
}

static void of_folder(scan *s)
{
    char path[MK_SCAN_PATH];
    if ((size_t)snprintf(path, sizeof path, "%s/cases", s->base) < sizeof path)
        look_at(s, path);
    DIR *dir = (size_t)snprintf(path, sizeof path, "%s/utilities", s->base) < sizeof path ? opendir(path) : NULL;
    if (!dir)
        return;
    look_at(s, path);
    for (struct dirent *entry; (entry = readdir(dir));)
        one_file(s, entry->d_name);
    closedir(dir);
}

static bool lies_there(const scan *s, const char *file)
{
    struct stat st;
    char path[MK_SCAN_PATH];
    return s->base && (size_t)snprintf(path, sizeof path, "%s/utilities/%s", s->base, file) < sizeof path && stat(path, &st) == 0;
}

static void of_binary(scan *s)
{
    static const char prefix[] = "scripts/utilities/";
    char id[MK_SCRIPT_ID_MAX + 1];
    for (const mk_embedded *at = mk_embedded_files; at->path; at++) {
        const char *file = at->path + sizeof prefix - 1;
        if (strncmp(at->path, prefix, sizeof prefix - 1) == 0 && mk_scripts_id_of(file, id) && !lies_there(s, file))
            s->each(s->arg, id, NULL, mix(2, &s->runtime, sizeof s->runtime));
    }
}

/* The first that holds adapters; what is watched for is where they would lie. */
static const char *choose(const char *scripts, char *out)
{
    struct stat st;
    const char *base = scripts;
    char path[MK_SCAN_PATH];
    for (size_t i = 0; !scripts && (base = mk_scripts_folder(NULL, i, out, MK_SCAN_PATH)); i++)
        if ((size_t)snprintf(path, sizeof path, "%s/utilities", base) < sizeof path && stat(path, &st) == 0)
            break;
    return base;
}

int mk_scan(const char *scripts, const char *runtime, mk_watcher *watcher, char folder[MK_SCAN_PATH], mk_scan_each each, void *arg)
{
    char path[MK_SCAN_PATH], installed[MK_SCAN_PATH];
    scan s = { .watcher = watcher, .each = each, .arg = arg, .base = choose(scripts, installed) };
    mk_watcher_begin(watcher);
    if (runtime) {
        s.err = mk_watcher_add_above(watcher, runtime);
        look_at(&s, runtime);
        if ((size_t)snprintf(path, sizeof path, "%s/meterkey", runtime) < sizeof path)
            s.runtime = mark_below(&s, path, DEPTH);
    }
    if (s.base) {
        const int err = mk_watcher_add_above(watcher, s.base);
        s.err = s.err ? s.err : err;
        look_at(&s, s.base);
        of_folder(&s);
    }
    of_binary(&s);
    mk_watcher_end(watcher);
    snprintf(folder, MK_SCAN_PATH, "%s", s.base ? s.base : "");
    return s.err;
}
