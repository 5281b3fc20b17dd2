#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "../../cli/show.h"
#include "../../proto/text.h"

static const struct show_column columns[] = {
	{ "ID", SHOW_FIXED, SHOW_BOLD },
	{ "WHAT", SHOW_FLEX, SHOW_PLAIN },
	{ "N", SHOW_RIGHT, SHOW_PLAIN },
	{ "NOTE", SHOW_FIXED, SHOW_PLAIN },
};
#define COLUMNS 4

/* Three rows of different widths: accents, wide characters, controls. */
static struct show_table table_make(void)
{
	struct show_table table = show_table_make(columns, COLUMNS);
	const char *const rows[][COLUMNS] = {
		{ "7KQ2", "Wi-Fi à refaire, 3 entrepôts · Laiterie du Val d'Oust", "3", "wifi" },
		{ "M4XA", "株式会社日本語テスト会社 with more words behind it", "12", NULL },
		{ "C3WN", "a\ttab,\na line \x1b[31mred\x1b[0m \xe2\x80\xae evil", "0", "" },
	};
	for (size_t i = 0; i < 3; i++)
		show_table_add(&table, rows[i]);
	return table;
}

/* What is printed with these properties; the caller frees it. */
static char *table_print(const struct show_table *table, const struct show_term *term)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	assert_non_null(out);
	show_table_print(table, term, 2, SHOW_HEADER, out);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void replaces_what_must_not_reach_a_terminal(void **state)
{
	(void)state;
	char *text = show_clean("a\tb\nc \x1b[31m\x07 \xc2\x9b \xe2\x80\xae \xff é\n");
	assert_string_equal(text, "a b c \xef\xbf\xbd[31m\xef\xbf\xbd \xef\xbf\xbd \xef\xbf\xbd "
	                          "\xef\xbf\xbd é");
	free(text);
	text = show_clean_lines("a\nb\rc\x1b");
	assert_string_equal(text, "a\nb c\xef\xbf\xbd");
	free(text);
}

static void fits_every_line_in_the_terminal(void **state)
{
	struct show_table table = table_make();
	(void)state;
	for (size_t width = 20; width <= 100; width++) {
		struct show_term term = { .screen = true, .columns = width };
		char *text = table_print(&table, &term);
		size_t lines = 0;
		for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
			assert_true(tuy_text_columns(tuy_text_bytes(line)) <= width);
			assert_null(strchr(line, '\033'));
			lines++;
		}
		assert_int_equal(lines, 4);
		free(text);
	}
	show_table_free(&table);
}

static void cuts_the_flexible_column_only_as_far_as_needed(void **state)
{
	struct show_table table = table_make();
	struct show_term term = { .screen = true, .columns = 40 };
	(void)state;
	char *text = table_print(&table, &term);
	assert_non_null(strstr(text, "\n  7KQ2  Wi-Fi à refaire, 3 en…   3  wifi\n"));
	assert_non_null(strstr(text, "\n  M4XA  株式会社日本語テスト…   12\n"));
	free(text);
	show_table_free(&table);
}

static void leaves_columns_out_from_the_right_when_too_narrow(void **state)
{
	struct show_table table = table_make();
	size_t widths[SHOW_COLUMNS_MAX];
	(void)state;
	show_table_layout(&table, 2, 20, widths);
	assert_int_equal(widths[0], 4);
	assert_true(widths[1] >= 8);
	assert_int_equal(widths[3], 0);
	show_table_layout(&table, 2, 200, widths);
	assert_int_equal(widths[3], 4);
	show_table_free(&table);
}

static void does_not_show_a_column_without_text(void **state)
{
	struct show_table table = show_table_make(columns, COLUMNS);
	struct show_term term = { .screen = true, .columns = 80 };
	const char *const row[] = { "7KQ2", "x", NULL, "" };
	(void)state;
	show_table_add(&table, row);
	char *text = table_print(&table, &term);
	assert_string_equal(text, "  ID    WHAT\n  7KQ2  x\n");
	free(text);
	show_table_free(&table);
}

static void prints_whole_fields_between_tabs_in_a_pipe(void **state)
{
	struct show_table table = table_make();
	struct show_term term = { .screen = false, .columns = 20 };
	(void)state;
	char *text = table_print(&table, &term);
	assert_string_equal(
		text,
		"7KQ2\tWi-Fi à refaire, 3 entrepôts · Laiterie du Val d'Oust\t3\twifi\n"
		"M4XA\t株式会社日本語テスト会社 with more words behind it\t12\t\n"
		"C3WN\ta tab, a line \xef\xbf\xbd[31mred\xef\xbf\xbd[0m \xef\xbf\xbd evil\t0\t\n");
	free(text);
	show_table_free(&table);
}

static void breaks_lines_between_words(void **state)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	(void)state;
	assert_non_null(out);
	show_wrap(out, "Réseau à refaire vite\n\naveryverylongwordindeed x", 2, 14);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text,
	                    "  Réseau à\n  refaire vite\n\n  averyverylon\n  gwordindeed\n  x\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{ "replaces what must not reach a terminal",
		  replaces_what_must_not_reach_a_terminal, NULL, NULL, NULL },
		{ "fits every line in the terminal", fits_every_line_in_the_terminal, NULL, NULL,
		  NULL },
		{ "cuts the flexible column only as far as needed",
		  cuts_the_flexible_column_only_as_far_as_needed, NULL, NULL, NULL },
		{ "leaves columns out from the right when too narrow",
		  leaves_columns_out_from_the_right_when_too_narrow, NULL, NULL, NULL },
		{ "does not show a column without text", does_not_show_a_column_without_text, NULL,
		  NULL, NULL },
		{ "prints whole fields between tabs in a pipe",
		  prints_whole_fields_between_tabs_in_a_pipe, NULL, NULL, NULL },
		{ "breaks lines between words", breaks_lines_between_words, NULL, NULL, NULL },
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
