/* watch.c - the list of those who look on (layer cli) */
#include "cli/watch.h"

#include "base/err.h"
#include "base/mem.h"

int mk_watch_add(mk_watch **list, const mk_watch *watch)
{
    mk_watch *copy = mk_malloc(sizeof *copy);
    if (!copy)
        return MK_ENOMEM;
    *copy = *watch;
    copy->next = NULL;
    while (*list)
        list = &(*list)->next;
    *list = copy;
    return MK_OK;
}

void mk_watch_free(mk_watch **list)
{
    while (*list) {
        mk_watch *watch = *list;
        *list = watch->next;
        if (watch->free)
            watch->free(watch->arg);
        mk_free(watch);
    }
}
