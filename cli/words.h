/*
 * The language of what people read: English in the source, others by gettext from contrib/po.
 *
 * Thread rule: the program has one thread.
 */
#ifndef WORDS_H
#define WORDS_H

#include <libintl.h>

/* A sentence in the language of the person who reads it. Static storage. */
#define _(text) gettext(text)
/* Marks a text in a table for translation; say it with _() where it is printed. */
#define N_(text) text

#endif
