/* table.h - rows of text in columns, for people (layer cli) */
#ifndef MK_TABLE_H
#define MK_TABLE_H
#include <jansson.h>
#include <stdio.h>

/* Prints rows (a list of lists of strings, all as long as titles, which ends in NULL); a column without any text is left out. */
void mk_table_print(FILE *file, const char *const *titles, const json_t *rows);
/* The meters of contract.md section 5 as such a table. MK_OK, MK_ENOMEM. */
int mk_table_meters(FILE *file, const json_t *meters);
#endif
