/*
 * A letter as a form in the person's editor: "name: value" lines.
 *
 * Thread rule: the program has one thread.
 */
#ifndef FORM_H
#define FORM_H

#include "errors.h"
#include <jansson.h>

/*
 * Lets the person edit the fields of a letter in $VISUAL, $EDITOR or sensible-editor: those of
 * `draft` (a LETTER, or NULL), and over them those of `fields`, which then has all that the form
 * says. 0; -1 and `failure`: no editor, it failed, or a line that is none.
 */
int form_edit(const json_t *draft, json_t *fields, struct failure *failure);

/* For form_edit and its tests: reads a form into `fields`. */
int form_read(const char *text, json_t *fields, struct failure *failure);

#endif
