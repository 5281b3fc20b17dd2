#include "show.h"
#include "../proto/text.h"
#include "memory.h"
#include "words.h"
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define FLEX_MIN 8 /* columns: enough to recognise something */
#define GAP      2 /* spaces between columns */

struct show_term show_term_find(void)
{
	struct show_term term = { .columns = 80, .lines = 24 };
	struct winsize size;
	const char *no_colour = getenv("NO_COLOR");
	const char *kind = getenv("TERM");
	const char *columns = getenv("COLUMNS");
	term.screen = isatty(STDOUT_FILENO);
	term.talk = isatty(STDERR_FILENO);
	term.ask = term.talk && isatty(STDIN_FILENO);
	term.colour =
		term.screen && !(no_colour && *no_colour) && kind && strcmp(kind, "dumb") != 0;
	if (term.screen && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
		term.columns = size.ws_col;
		term.lines = size.ws_row > 0 ? size.ws_row : 24;
	} else if (columns) {
		unsigned long number = strtoul(columns, NULL, 10);
		term.columns = number > 0 && number < 10000 ? number : term.columns;
	}
	if (term.columns < 20)
		term.columns = 20;
	return term;
}

const char *show_on(const struct show_term *term, enum show_style style)
{
	static const char *const on[] = { "",         "\033[1m",  "\033[2m",
		                          "\033[32m", "\033[33m", "\033[36m" };
	return term->colour ? on[style] : "";
}

const char *show_off(const struct show_term *term, enum show_style style)
{
	return term->colour && style != SHOW_PLAIN ? "\033[0m" : "";
}

static char *clean(const char *text, enum tuy_text_lines lines)
{
	size_t len = strlen(text);
	char *spaced = memory_check(strdup(text));
	for (size_t i = 0; i < len; i++) {
		bool blank = spaced[i] == '\t' || spaced[i] == '\r' || spaced[i] == '\v' ||
		             (spaced[i] == '\n' && lines == TUY_TEXT_ONE_LINE);
		if (blank)
			spaced[i] = ' ';
	}
	if (lines == TUY_TEXT_ONE_LINE) {
		while (len > 0 && spaced[len - 1] == ' ')
			spaced[--len] = '\0';
	}
	size_t size = 3 * len + 1;
	char *out = memory_check(malloc(size));
	size_t out_len;
	tuy_text_scrub(tuy_text_bytes(spaced), lines, (uint8_t *)out, size - 1, &out_len);
	out[out_len] = '\0';
	free(spaced);
	return out;
}

char *show_clean(const char *text)
{
	return clean(text, TUY_TEXT_ONE_LINE);
}

char *show_clean_lines(const char *text)
{
	return clean(text, TUY_TEXT_LINES);
}

/* The first `len` bytes of one line; what is longer than `columns` is broken before a word. */
static void line_wrap(FILE *out, const char *line, size_t len, size_t indent, size_t columns)
{
	do {
		struct tuy_bytes rest = { (const uint8_t *)line, len };
		size_t fits = tuy_text_cut_columns(rest, columns);
		if (fits == 0)
			fits = len; /* a terminal of no width */
		if (fits < len && line[fits] != ' ') {
			size_t word = fits;
			while (word > 0 && line[word - 1] != ' ')
				word--;
			fits = word > 0 ? word : fits;
		}
		size_t shown = fits;
		while (shown > 0 && line[shown - 1] == ' ')
			shown--;
		fprintf(out, "%*s%.*s\n", shown > 0 ? (int)indent : 0, "", (int)shown, line);
		while (fits < len && line[fits] == ' ')
			fits++;
		line += fits;
		len -= fits;
	} while (len > 0);
}

void show_wrap(FILE *out, const char *text, size_t indent, size_t columns)
{
	char *lines = show_clean_lines(text);
	size_t width = columns > indent + FLEX_MIN ? columns - indent : FLEX_MIN;
	for (char *line = lines; *line != '\0';) {
		size_t len = strcspn(line, "\n");
		line_wrap(out, line, len, indent, width);
		line += len;
		line += *line == '\n';
	}
	free(lines);
}

/* ---- tables ---- */

static const char *cell_at(const struct show_table *table, size_t row, size_t column)
{
	return table->cells[row * table->column_count + column];
}

static size_t cell_columns(const char *text)
{
	return tuy_text_columns(tuy_text_bytes(text));
}

/* Takes up to `excess` columns from the widest flexible column, down to FLEX_MIN; returns what is
 * still too much. */
static size_t widths_shrink(const struct show_table *table, size_t *widths, size_t excess)
{
	while (excess > 0) {
		size_t widest = table->column_count;
		for (size_t i = 0; i < table->column_count; i++) {
			if (table->columns[i].kind == SHOW_FLEX && widths[i] > FLEX_MIN &&
			    (widest == table->column_count || widths[i] >= widths[widest]))
				widest = i;
		}
		if (widest == table->column_count)
			break;
		widths[widest]--;
		excess--;
	}
	return excess;
}

/* The widest cell of a column and its name; 0 if no cell has text. */
static size_t column_measure(const struct show_table *table, size_t column)
{
	size_t widest = 0;
	for (size_t row = 0; row < table->row_count; row++) {
		size_t width = cell_columns(cell_at(table, row, column));
		widest = width > widest ? width : widest;
	}
	size_t name = cell_columns(words_text(table->columns[column].name));
	return widest > 0 && name > widest ? name : widest;
}

/* What the columns and the spaces between them take. */
static size_t widths_sum(const struct show_table *table, const size_t *widths)
{
	size_t sum = 0;
	for (size_t i = 0; i < table->column_count; i++) {
		if (widths[i] > 0)
			sum += widths[i] + (sum > 0 ? GAP : 0);
	}
	return sum;
}

struct show_table show_table_make(const struct show_column *columns, size_t column_count)
{
	tuy_require(column_count > 0 && column_count <= SHOW_COLUMNS_MAX);
	return (struct show_table){ .columns = columns, .column_count = column_count };
}

void show_table_add(struct show_table *table, const char *const *cells)
{
	size_t held = table->row_count * table->column_count;
	if ((table->row_count & (table->row_count - 1)) == 0) { /* full at each power of two */
		size_t room = table->row_count == 0 ? 1 : 2 * table->row_count;
		table->cells = memory_check(
			realloc(table->cells, room * table->column_count * sizeof(char *)));
	}
	for (size_t i = 0; i < table->column_count; i++)
		table->cells[held + i] = show_clean(cells[i] ? cells[i] : "");
	table->row_count++;
}

void show_table_layout(const struct show_table *table, size_t indent, size_t columns,
                       size_t widths[SHOW_COLUMNS_MAX])
{
	size_t natural[SHOW_COLUMNS_MAX] = { 0 };
	size_t room = columns > indent ? columns - indent : 0;
	size_t excess = 0;
	for (size_t i = 0; i < table->column_count; i++)
		natural[i] = column_measure(table, i);
	for (size_t left = table->column_count; left > 0; left--) {
		memcpy(widths, natural, sizeof(natural));
		size_t sum = widths_sum(table, widths);
		excess = widths_shrink(table, widths, sum > room ? sum - room : 0);
		if (excess == 0)
			return;
		if (left > 1 && table->columns[left - 1].kind != SHOW_FLEX)
			natural[left - 1] = 0;
	}
	for (size_t i = table->column_count; i-- > 0 && excess > 0;) {
		size_t taken = widths[i] > 1 ? widths[i] - 1 : 0;
		taken = taken < excess ? taken : excess;
		widths[i] -= taken;
		excess -= taken;
	}
}

/* How many bytes of `text` fill `columns`: also in the middle of a word, unlike a cut for reading.
 */
static size_t cell_cut(struct tuy_bytes text, size_t columns)
{
	size_t cut = 0;
	size_t step = 1;
	while (step > 0 && cut < text.len) {
		struct tuy_bytes rest = { text.p + cut, text.len - cut };
		struct tuy_bytes kept = { text.p, cut };
		size_t used = tuy_text_columns(kept);
		step = used < columns ? tuy_text_cut_columns(rest, columns - used) : 0;
		cut += step;
	}
	while (cut > 0 && text.p[cut - 1] == ' ')
		cut--;
	return cut;
}

/* One cell in `width` columns, cut with "…"; `last`: nothing follows, so no padding. */
static void cell_print(const char *text, size_t width, const struct show_column *column,
                       const struct show_term *term, FILE *out, const char *end)
{
	struct tuy_bytes bytes = tuy_text_bytes(text);
	size_t used = tuy_text_columns(bytes);
	const char *dots = "";
	if (used > width) {
		bytes.len = cell_cut(bytes, width - 1);
		dots = "…";
		used = tuy_text_columns(bytes) + 1;
	}
	int pad = (int)(width - used);
	bool right = column->kind == SHOW_RIGHT;
	fprintf(out, "%*s%s%.*s%s%s", right ? pad : 0, "", show_on(term, column->style),
	        (int)bytes.len, text, dots, show_off(term, column->style));
	fprintf(out, "%*s%s", right || *end == '\n' ? 0 : pad, "", end);
}

static void row_print(const struct show_table *table, const char *const *cells,
                      const size_t *widths, size_t indent, const struct show_term *term, FILE *out)
{
	size_t last = 0;
	for (size_t i = 0; i < table->column_count; i++)
		last = widths[i] > 0 && *cells[i] != '\0' ? i : last;
	fprintf(out, "%*s", (int)indent, "");
	for (size_t i = 0; i <= last; i++) {
		if (widths[i] > 0)
			cell_print(cells[i], widths[i], &table->columns[i], term, out,
			           i == last ? "\n" : "  ");
	}
}

static void header_print(const struct show_table *table, const size_t *widths, size_t indent,
                         const struct show_term *term, FILE *out)
{
	const char *names[SHOW_COLUMNS_MAX];
	struct show_column plain[SHOW_COLUMNS_MAX] = { { .name = "" } };
	struct show_table header = *table;
	for (size_t i = 0; i < SHOW_COLUMNS_MAX; i++)
		names[i] = "";
	for (size_t i = 0; i < table->column_count; i++) {
		names[i] = words_text(table->columns[i].name);
		plain[i] = table->columns[i];
		plain[i].style = SHOW_DIM;
	}
	header.columns = plain;
	row_print(&header, names, widths, indent, term, out);
}

void show_table_print(const struct show_table *table, const struct show_term *term, size_t indent,
                      enum show_header header, FILE *out)
{
	size_t widths[SHOW_COLUMNS_MAX] = { 0 };
	if (table->row_count == 0)
		return;
	if (term->screen) {
		show_table_layout(table, indent, term->columns, widths);
		if (header == SHOW_HEADER)
			header_print(table, widths, indent, term, out);
	}
	for (size_t row = 0; row < table->row_count; row++) {
		const char *const *cells =
			(const char *const *)&table->cells[row * table->column_count];
		if (term->screen) {
			row_print(table, cells, widths, indent, term, out);
			continue;
		}
		for (size_t i = 0; i < table->column_count; i++)
			fprintf(out, "%s%s", i > 0 ? "\t" : "", cells[i]);
		fputc('\n', out);
	}
}

void show_table_free(struct show_table *table)
{
	for (size_t i = 0; i < table->row_count * table->column_count; i++)
		free(table->cells[i]);
	free(table->cells);
	table->cells = NULL;
	table->row_count = 0;
}
