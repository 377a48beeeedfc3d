/* form.h - the controls of a form, as HTML's form submission has them (layer parse)
 *
 * Reads, never changes: what a script sets is kept by who holds the form.
 * Source: HTML Living Standard, "Constructing the entry list". */
#ifndef MK_FORM_H
#define MK_FORM_H
#include "parse/html.h"

enum mk_control_type {
    MK_CTL_TEXT,     /* text, email, tel, number, textarea ... */
    MK_CTL_PASSWORD,
    MK_CTL_HIDDEN,
    MK_CTL_CHECKBOX,
    MK_CTL_RADIO,
    MK_CTL_SELECT,   /* one entry for each option */
    MK_CTL_FILE,
    MK_CTL_BUTTON    /* submit, image, <button>: only the pressed one is sent */
};

typedef struct mk_control {
    enum mk_control_type type;
    mk_node *node;     /* the control, an <option> for MK_CTL_SELECT */
    mk_node *select;   /* the <select> of an option, else NULL */
    const char *name;  /* "" if it has none; owned by the document or the form */
    const char *value; /* "on" for a checkbox without one */
    bool on;           /* checked, or selected (a single select with none selected: its first enabled option) */
    bool disabled;     /* itself, its option group or its fieldset: never sent */
    bool multiple;     /* of a select */
} mk_control;

typedef struct mk_form {
    mk_node *node;
    const char *id, *name, *action, *method, *enctype, *charset; /* as written, "" if not; method lower case: get, post, dialog; charset: accept-charset */
    mk_control *controls; /* in tree order, form= included, those of a nested form= elsewhere excluded */
    size_t count;
} mk_form;

/* form must be a <form> element, else MK_EINVAL. MK_OK, MK_ENOMEM, MK_ELIMIT (over 2,000 controls). */
int mk_form_read(mk_form **out, mk_doc *doc, mk_node *form);
void mk_form_free(mk_form *form); /* NULL is fine */
/* The character set it is submitted in: the first known of accept-charset, else
 * the page's, else utf-8; never utf-16. For mk_formdata_...(). */
void mk_form_charset(char name[32], const mk_form *form, const char *page);
#endif
