/* What may be shown, and how much of it fits; the contract is text.h. Thread rule: pure, any
 * thread. */
#include "text.h"

#include <string.h>
#include <utf8proc.h>

#define REPLACEMENT 0xFFFD

static enum tuy_text_flaw char_flaw(int32_t c, enum tuy_text_lines lines)
{
	if (c < 0)
		return TUY_TEXT_NOT_UTF8;
	if (c < 0x20 && lines == TUY_TEXT_LINES && (c == '\n' || c == '\t'))
		return TUY_TEXT_CLEAN;
	if (c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029)
		return TUY_TEXT_CONTROL;
	if (c == 0x061C || c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E) ||
	    (c >= 0x2066 && c <= 0x2069))
		return TUY_TEXT_BIDI;
	return TUY_TEXT_CLEAN;
}

static bool char_is_space(int32_t c)
{
	utf8proc_category_t category = utf8proc_category(c);
	return category >= UTF8PROC_CATEGORY_ZS && category <= UTF8PROC_CATEGORY_CC;
}

static size_t char_columns(int32_t c)
{
	if (c < 0)
		return 1;
	int width = utf8proc_charwidth(c);
	return width > 0 ? (size_t)width : 0;
}

enum measure { MEASURE_BYTES, MEASURE_COLUMNS };

static size_t text_cut(struct tuy_bytes text, size_t max, enum measure measure)
{
	size_t used = 0;     /* of max, by the characters before pos */
	size_t ink = 0;      /* end of the last character before pos that is not space */
	size_t char_end = 0; /* the cut between code points */
	size_t edge = 0;     /* the cut between characters as people see them */
	size_t word = 0;     /* the cut before white space */
	int32_t before = 0, state = 0;
	for (size_t pos = 0; pos < text.len;) {
		int32_t c;
		size_t n = tuy_text_char_read(text.p + pos, text.len - pos, &c);
		int32_t shown = c < 0 ? REPLACEMENT : c;
		bool space = c >= 0 && char_is_space(c);
		if (pos > 0 && utf8proc_grapheme_break_stateful(before, shown, &state))
			edge = ink;
		if (space)
			word = ink;
		char_end = pos;
		used += measure == MEASURE_BYTES ? n : char_columns(c);
		if (used > max) {
			if (edge == 0)
				return char_end;
			return word * 2 >= edge ? word : edge;
		}
		pos += n;
		if (!space)
			ink = pos;
		before = shown;
	}
	return text.len;
}

enum tuy_text_flaw tuy_text_check(struct tuy_bytes text, enum tuy_text_lines lines, size_t *at)
{
	for (size_t pos = 0; pos < text.len;) {
		int32_t c;
		size_t n = tuy_text_char_read(text.p + pos, text.len - pos, &c);
		enum tuy_text_flaw flaw = char_flaw(c, lines);
		if (flaw != TUY_TEXT_CLEAN) {
			if (at != NULL)
				*at = pos;
			return flaw;
		}
		pos += n;
	}
	return TUY_TEXT_CLEAN;
}

size_t tuy_text_scrub(struct tuy_bytes text, enum tuy_text_lines lines, uint8_t *out,
                      size_t out_size, size_t *out_len)
{
	static const uint8_t replacement[] = { 0xEF, 0xBF, 0xBD };
	size_t len = 0, needed = 0;
	for (size_t pos = 0; pos < text.len;) {
		int32_t c;
		size_t read = tuy_text_char_read(text.p + pos, text.len - pos, &c);
		bool clean = char_flaw(c, lines) == TUY_TEXT_CLEAN;
		size_t n = clean ? read : sizeof replacement;
		if (len == needed && n <= out_size - len) {
			memcpy(out + len, clean ? text.p + pos : replacement, n);
			len += n;
		}
		needed += n;
		pos += read;
	}
	*out_len = len;
	return needed;
}

size_t tuy_text_cut(struct tuy_bytes text, size_t max_len)
{
	return text_cut(text, max_len, MEASURE_BYTES);
}

size_t tuy_text_cut_columns(struct tuy_bytes text, size_t max_columns)
{
	return text_cut(text, max_columns, MEASURE_COLUMNS);
}

size_t tuy_text_columns(struct tuy_bytes text)
{
	size_t columns = 0;
	for (size_t pos = 0; pos < text.len;) {
		int32_t c;
		pos += tuy_text_char_read(text.p + pos, text.len - pos, &c);
		columns += char_columns(c);
	}
	return columns;
}
