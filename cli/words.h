/*
 * The language of what people read: English in the source, others by gettext from contrib/po.
 *
 * Thread rule: the program has one thread.
 */
#ifndef WORDS_H
#define WORDS_H

#include "../daemon/lang.h"
#include <libintl.h>

/* A sentence in the language of the person who reads it; `text` is a literal that is not empty, or
 * one marked with N_ in a table. Static storage. */
#define _(text) gettext(text)

/* Chooses the language by the environment. Numbers are written as in "C" in all of them. */
void words_begin(void);
/* The same for a text that may be empty, or is in the person's language already: then itself. */
const char *words_text(const char *text) __attribute__((format_arg(1)));
/* What errno says. */
const char *words_errno(int error);

#endif
