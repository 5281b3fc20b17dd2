/*
 * Comma separated values (RFC 4180) for spreadsheets: CRLF, quotation marks where they are needed,
 * and no cell that a spreadsheet would take for a formula.
 *
 * Thread rule: the program has one thread.
 */
#ifndef CSV_H
#define CSV_H

#include <stddef.h>
#include <stdio.h>

/* One row. A cell that begins with = + - @ TAB CR or LF gets a ' in front; what must not be shown
 * becomes U+FFFD. NULL is an empty cell. */
void csv_row(FILE *out, const char *const *cells, size_t count);

#endif
