/*
 * A form in the person's editor: "name: value" lines.
 *
 * Thread rule: the program has one thread.
 */
#ifndef FORM_H
#define FORM_H

#include "errors.h"
#include <jansson.h>

enum form_type { FORM_TEXT, FORM_LIST, FORM_WARMTH, FORM_YES };
struct form_line {
	const char *name;  /* in the form */
	const char *field; /* in a request */
	enum form_type type;
	const char *help; /* marked with N_ */
};
struct form {
	const char *head;    /* comment lines, marked with N_ */
	const char *command; /* to be typed again: "tuyau vouch write ID -e" */
	const struct form_line *lines;
	size_t count;
};
extern const struct form form_letter;
extern const struct form form_tip;

/*
 * Lets the person edit a form in $VISUAL, $EDITOR or sensible-editor: the fields of `draft` (or
 * NULL), and over them those of `fields`, which then has all that the form says. 0; -1 and
 * `failure`: no editor, it failed, or a line that is none.
 */
int form_edit(const struct form *form, const json_t *draft, json_t *fields,
              struct failure *failure);

/* For form_edit and its tests: reads a form into `fields`. */
int form_read(const struct form *form, const char *text, json_t *fields, struct failure *failure);

#endif
