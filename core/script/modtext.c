/* modtext.c - where the text of a module comes from: an overlay folder, then the binary (layer script) */
#include "script/embedded.h"
#include "script/version_impl.h"

#include <stdio.h>
#include <string.h>

/* "meterkey/idp/okta.lua"; false if name is none. */
static bool path_of(const char *name, char *out, size_t cap)
{
    if (!mk_version_name_valid(name))
        return false;
    const size_t len = strlen(name);
    snprintf(out, cap, "%s.lua", name);
    for (size_t i = 0; i < len; i++)
        if (out[i] == '.')
            out[i] = '/';
    return true;
}

/* At most MK_VERSION_TEXT bytes and one more, by which a caller sees that it is too long. */
static char *read_file(const char *path, size_t *len)
{
    FILE *file = fopen(path, "rb");
    char *text = file ? mk_malloc(MK_VERSION_TEXT + 2) : NULL;
    if (text) {
        *len = fread(text, 1, MK_VERSION_TEXT + 1, file);
        if (ferror(file)) { /* a folder, say */
            mk_free(text);
            text = NULL;
        } else {
            text[*len] = '\0';
            char *fits = mk_realloc(text, *len + 1);
            text = fits ? fits : text;
        }
    }
    if (file)
        fclose(file); /* read only */
    return text;
}

char *mk_module_text(void *overlay, const char *name, size_t *len)
{
    char file[120], path[4400];
    if (!path_of(name, file, sizeof file))
        return NULL;
    if (overlay) {
        const int size = snprintf(path, sizeof path, "%s/%s", (const char *)overlay, file);
        char *text = size > 0 && (size_t)size < sizeof path ? read_file(path, len) : NULL;
        if (text)
            return text;
    }
    snprintf(path, sizeof path, "runtime/%s", file);
    for (const mk_embedded *at = mk_embedded_files; at->path; at++) {
        if (strcmp(at->path, path) == 0) {
            *len = at->len;
            return mk_memdup(at->data, at->len);
        }
    }
    return NULL;
}
