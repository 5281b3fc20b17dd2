/*
 * Screens: what the terminal is like, text of peers made harmless, and tables that fit the terminal
 * or, in a pipe, are TAB-separated, uncut, without colour and without a header.
 *
 * Thread rule: the program has one thread.
 */
#ifndef SHOW_H
#define SHOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct show_term {
	bool screen;    /* stdout is a terminal */
	bool colour;    /* and may be coloured */
	bool talk;      /* stderr is a terminal */
	bool ask;       /* stdin and stderr are terminals: a person can answer */
	size_t columns; /* of stdout; 80 if unknown */
	size_t lines;   /* of stdout; 24 if unknown */
};

/* What standard input, output and error are: isatty, window size (else COLUMNS), NO_COLOR, TERM. */
struct show_term show_term_find(void);

enum show_style { SHOW_PLAIN, SHOW_BOLD, SHOW_DIM, SHOW_GREEN, SHOW_YELLOW, SHOW_CYAN };
/* The SGR sequences that switch a style on, and off again; empty without colour. */
const char *show_on(const struct show_term *term, enum show_style style);
const char *show_off(const struct show_term *term, enum show_style style);

/* One line of `text`: white space and line ends become spaces, controls and bidi controls U+FFFD.
 * The caller frees it. */
char *show_clean(const char *text);
/* The same, but line feeds stay. */
char *show_clean_lines(const char *text);

/* `text` made clean, in lines of at most `columns`, broken between words, each after `indent`
 * spaces. Line feeds of the text stay. */
void show_wrap(FILE *out, const char *text, size_t indent, size_t columns);

/* ---- tables ---- */

#define SHOW_COLUMNS_MAX 10

enum show_column_kind {
	SHOW_FIXED, /* as wide as its widest cell */
	SHOW_FLEX,  /* gives way when the table is too wide */
	SHOW_RIGHT, /* fixed, numbers: aligned on the right */
};
struct show_column {
	const char *name;
	enum show_column_kind kind;
	enum show_style style;
};

struct show_table {
	const struct show_column *columns;
	size_t column_count; /* <= SHOW_COLUMNS_MAX */
	char **cells;        /* row by row, each owned */
	size_t row_count;
};

/* A table without rows; `columns` must outlive it. */
struct show_table show_table_make(const struct show_column *columns, size_t column_count);
/* A row: `column_count` strings (NULL: empty), cleaned and copied. */
void show_table_add(struct show_table *table, const char *const *cells);
/*
 * The width of each column so that `indent`, the columns and two spaces between them fit in
 * `columns` of the terminal: flexible ones are cut first, the widest most, none below 8; then
 * columns are left out from the right, but for the first and the flexible ones. A column that is
 * not shown, like one without text, is 0 wide.
 */
void show_table_layout(const struct show_table *table, size_t indent, size_t columns,
                       size_t widths[SHOW_COLUMNS_MAX]);
enum show_header { SHOW_HEADER, SHOW_NO_HEADER };
/* On a screen: header (if any row), rows cut with "…". Else: every row TAB-separated. */
void show_table_print(const struct show_table *table, const struct show_term *term, size_t indent,
                      enum show_header header, FILE *out);
void show_table_free(struct show_table *table);

#endif
