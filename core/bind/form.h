/* form.h - what the two halves of forms share: filling in and submitting (layer bind) */
#ifndef MK_BIND_FORM_H
#define MK_BIND_FORM_H
#include "bind/bind.h"

/* User values of a form's userdata. */
enum { MK_FORM_OWNER = 1, MK_FORM_SET, MK_FORM_ORDER, MK_FORM_SLOTS = MK_FORM_ORDER };

/* The form at idx (borrowed) and its document. Raises if it is none. */
mk_form *mk_lua_form_at(lua_State *L, int idx, mk_doc **doc);
/* Where a form with that action goes, into call->url: against the document's base, else the page's URL (page may be
 * NULL); without fragment. Raises. */
void mk_lua_form_target(lua_State *L, mk_call *call, mk_doc *doc, mk_page *page, const char *action);
#endif
