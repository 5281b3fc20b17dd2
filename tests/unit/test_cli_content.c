/* Content lines (RFC 5545 section 3.1 and 3.3.11): folding, escaping, line ends in texts. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "../../cli/content.h"
#include "../../proto/reader.h"

static char *written;
static size_t written_len;
static FILE *out;

static int set_up(void **state)
{
	(void)state;
	out = open_memstream(&written, &written_len);
	return out ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	free(written);
	written = NULL;
	return 0;
}

static const char *result(void)
{
	assert_int_equal(fclose(out), 0);
	return written;
}

static void ends_a_line_with_cr_lf(void **state)
{
	(void)state;
	content_line(out, "VERSION", "2.0");
	assert_string_equal(result(), "VERSION:2.0\r\n");
}

/* Takes folded lines apart: each at most 75 octets, whole characters, a blank in front of all but
 * the first. What they say together, without the last CRLF, to `whole`. */
static void unfold(const char *folded, char *whole)
{
	size_t len = 0;
	for (const char *line = folded; *line != '\0';) {
		const char *end = strstr(line, "\r\n");
		assert_non_null(end);
		size_t octets = (size_t)(end - line);
		assert_true(octets <= CONTENT_OCTETS_MAX);
		assert_true(octets > 0);
		assert_true(tuy_utf8_valid((struct tuy_bytes){ (const uint8_t *)line, octets }));
		if (line != folded) {
			assert_int_equal(*line, ' ');
			line++;
		}
		memcpy(whole + len, line, (size_t)(end - line));
		len += (size_t)(end - line);
		line = end + 2;
	}
	whole[len] = '\0';
}

static void folds_at_every_offset_without_tearing_a_character(void **state)
{
	static const char *const characters[] = { "a", "é", "€", "😀" };
	char value[400];
	char expected[440];
	char whole[440];
	(void)state;
	fclose(out);
	for (size_t c = 0; c < sizeof characters / sizeof characters[0]; c++) {
		for (size_t before = 0; before < 160; before++) {
			memset(value, 'x', before);
			size_t len = before;
			size_t one = strlen(characters[c]);
			for (int i = 0; i < 40; i++, len += one)
				memcpy(value + len, characters[c], one);
			value[len] = '\0';
			free(written);
			out = open_memstream(&written, &written_len);
			content_line(out, "SUMMARY", value);
			snprintf(expected, sizeof expected, "SUMMARY:%s", value);
			unfold(result(), whole);
			assert_string_equal(whole, expected);
		}
	}
}

static void fills_lines_as_far_as_whole_characters_go(void **state)
{
	char value[76];
	(void)state;
	memset(value, 'x', sizeof value);
	memcpy(value + 73, "é", 3); /* X:, 73 x: its second octet would be the 77th */
	content_line(out, "X", value);
	result();
	assert_memory_equal(written + 75, "\r\n é\r\n", 7);
	assert_int_equal(written_len, 75 + 7);
}

static void does_not_fold_what_just_fits(void **state)
{
	char value[74];
	(void)state;
	memset(value, 'x', sizeof value);
	value[73] = '\0';
	content_line(out, "X", value);
	result();
	assert_int_equal(written_len, 77);
	assert_memory_equal(written + 75, "\r\n", 3);
}

static void escapes_texts(void **state)
{
	(void)state;
	content_text(out, "SUMMARY", "a;b,c\\d:e\"f");
	assert_string_equal(result(), "SUMMARY:a\\;b\\,c\\\\d:e\"f\r\n");
}

static void no_text_begins_a_line_of_its_own(void **state)
{
	(void)state;
	content_text(out, "A", "1\r\nATTACH:x");
	content_text(out, "B", "1\rX\n\nY");
	content_text(out, "C", "\x1b]0;x\x07 \xe2\x80\xae \xff \xe2\x80\xa8.");
	assert_string_equal(result(), "A:1\\nATTACH:x\r\nB:1\\nX\\n\\nY\r\n"
	                              "C:\xef\xbf\xbd]0\\;x\xef\xbf\xbd \xef\xbf\xbd \xef\xbf\xbd "
	                              "\xef\xbf\xbd.\r\n");
}

static void leaves_out_an_empty_text_and_keeps_empty_parts(void **state)
{
	static const char *const parts[] = { "Le Gall", "Bruno; dit B", NULL, "", "" };
	(void)state;
	content_text(out, "NOTE", "");
	content_texts(out, "N", parts, 5);
	assert_string_equal(result(), "N:Le Gall;Bruno\\; dit B;;;\r\n");
}

#define TEST(sentence, function)                                                                   \
	{                                                                                          \
		sentence, function, set_up, tear_down, NULL                                        \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST("ends a line with CR LF", ends_a_line_with_cr_lf),
		TEST("folds at every offset without tearing a character",
		     folds_at_every_offset_without_tearing_a_character),
		TEST("fills lines as far as whole characters go",
		     fills_lines_as_far_as_whole_characters_go),
		TEST("does not fold what just fits", does_not_fold_what_just_fits),
		TEST("escapes what separates in texts", escapes_texts),
		TEST("no text begins a line of its own", no_text_begins_a_line_of_its_own),
		TEST("leaves out an empty text and keeps empty parts",
		     leaves_out_an_empty_text_and_keeps_empty_parts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
