/*
 * A QR code for terminals: level L, quiet zone of 4 modules, two rows of modules a line, black on
 * white in colours that themes do not change, because a bare code is white on black on dark themes.
 *
 * Thread rule: the program has one thread.
 */
#ifndef QR_H
#define QR_H

#include <stddef.h>
#include <stdio.h>

/* Columns and lines that the code for `text` takes; 0 columns if it is too long for one. */
struct qr_size {
	size_t columns;
	size_t lines;
};
struct qr_size qr_measure(const char *text);

/* Draws it; -1 if it is too long, with nothing written. */
int qr_print(const char *text, FILE *out);

#endif
