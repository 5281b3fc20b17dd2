/*
 * Content lines, which iCalendar (RFC 5545) and vCard (RFC 6350) are made of: CRLF at the end,
 * folded behind 75 octets but never within a character, texts escaped. What a peer wrote cannot
 * begin a line or a value of its own.
 *
 * Thread rule: the program has one thread.
 */
#ifndef CONTENT_H
#define CONTENT_H

#include <stddef.h>
#include <stdio.h>

#define CONTENT_OCTETS_MAX 75 /* of a line, without CRLF */

/* NAME:VALUE as it stands; `value` holds no controls. NAME may have parameters. */
void content_line(FILE *out, const char *name, const char *value);

/* NAME:VALUE with a text: \ ; , are escaped, line ends become \n, what must not be shown (controls,
 * what reorders text, bytes that are not UTF-8) U+FFFD. Nothing for an empty text. */
void content_text(FILE *out, const char *name, const char *text);

/* NAME:A;B;C with texts as above; NULL is an empty one. */
void content_texts(FILE *out, const char *name, const char *const *texts, size_t count);

#endif
