/* Cells for spreadsheets (RFC 4180), none of them a formula. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include "../../cli/csv.h"

static void writes_cells_that_come_back_as_they_were_and_are_no_formulas(void **state)
{
	static const struct {
		const char *text;
		const char *cell;
	} cases[] = {
		{ "", "" },
		{ "plain", "plain" },
		{ "a,b", "\"a,b\"" },
		{ "say \"no\"", "\"say \"\"no\"\"\"" },
		{ "two\nlines", "\"two\nlines\"" },
		{ "=1+1", "'=1+1" },
		{ "+33 6 39", "'+33 6 39" },
		{ "-1,5", "\"'-1,5\"" },
		{ "@SUM(A1)", "'@SUM(A1)" },
		{ "\t=1", "' =1" },
		{ "a=b", "a=b" },
		{ "l'un", "l'un" },
		{ "\x1b[31mred\xe2\x80\xae", "\xef\xbf\xbd[31mred\xef\xbf\xbd" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const char *cells[] = { cases[i].text, NULL };
		char expected[100];
		char *row = NULL;
		size_t size = 0;
		FILE *out = open_memstream(&row, &size);
		assert_non_null(out);
		csv_row(out, cells, 2);
		assert_int_equal(fclose(out), 0);
		snprintf(expected, sizeof expected, "%s,\r\n", cases[i].cell);
		assert_string_equal(row, expected);
		free(row);
	}
}

static void guards_what_begins_with_a_line_end(void **state)
{
	static const char *const texts[] = { "\r=1", "\n=1" };
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		char *row = NULL;
		size_t size = 0;
		FILE *out = open_memstream(&row, &size);
		assert_non_null(out);
		csv_row(out, &texts[i], 1);
		assert_int_equal(fclose(out), 0);
		assert_true(row[row[0] == '"'] == '\'');
		free(row);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_cells_that_come_back_as_they_were_and_are_no_formulas),
		cmocka_unit_test(guards_what_begins_with_a_line_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
