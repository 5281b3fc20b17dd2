/*
 * Any bytes through every function of proto/text.h: what comes out is valid UTF-8 within its
 * bounds, folding is idempotent, and a text is found by itself as a query.
 * Links tests/unit/support.c.
 */
#include <stdint.h>
#include <string.h>
#include <utf8proc.h>

#include "../../proto/text.h"

#define TEXT_MAX 4096
#define GROWTH   12 /* U+FDFA: 3 bytes fold to 33 */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void utf8_require(struct tuy_bytes text)
{
	for (size_t pos = 0; pos < text.len;) {
		int32_t c;
		utf8proc_ssize_t n =
			utf8proc_iterate(text.p + pos, (utf8proc_ssize_t)(text.len - pos), &c);
		tuy_require(n > 0);
		pos += (size_t)n;
	}
}

static void words_check(struct tuy_bytes text)
{
	struct tuy_words it;
	struct tuy_bytes word;
	size_t count = 0;
	tuy_words_init(&it, text);
	while (tuy_words_next(&it, &word)) {
		tuy_require(word.len > 0 && word.len <= TUY_WORD_MAX);
		utf8_require(word);
		tuy_require(++count <= 6 * text.len);
	}
}

static void query_check(struct tuy_bytes text, enum tuy_query_mode mode)
{
	struct tuy_query query;
	if (tuy_query_parse(&query, mode, text) != TUY_OK)
		return;
	tuy_require(query.step_count > 0 && query.step_count <= TUY_QUERY_STEPS_MAX);
	for (size_t i = 0; i < query.word_count; i++) {
		const struct tuy_query_word *word = &query.words[i];
		tuy_require(word->from < word->to && word->to <= query.step_count);
		tuy_require(i == 0 || word->from >= query.words[i - 1].from);
		tuy_require(word->stem_len > 0 && word->stem_len <= word->len);
		utf8_require((struct tuy_bytes){ word->text, word->len });
	}
	tuy_require(tuy_query_matches(&query, &text, 1));
}

static void fold_check(struct tuy_bytes text, size_t room)
{
	static uint8_t once[TEXT_MAX * GROWTH], twice[TEXT_MAX * GROWTH];
	size_t once_len, twice_len;
	tuy_require(tuy_text_fold(text, once, sizeof once, &once_len) == once_len);
	struct tuy_bytes folded = { once, once_len };
	utf8_require(folded);
	tuy_require(tuy_text_fold(folded, twice, sizeof twice, &twice_len) == twice_len);
	tuy_require(once_len == twice_len && memcmp(once, twice, once_len) == 0);
	tuy_require(tuy_text_equal(text, folded));
	tuy_require(tuy_text_fold(text, twice, room, &twice_len) == once_len);
	tuy_require(twice_len <= room && memcmp(once, twice, twice_len) == 0);
	utf8_require((struct tuy_bytes){ twice, twice_len });
}

static void lines_check(struct tuy_bytes text, enum tuy_text_lines lines, size_t room)
{
	static uint8_t out[TEXT_MAX * 3];
	size_t at = 0, len;
	enum tuy_text_flaw flaw = tuy_text_check(text, lines, &at);
	tuy_require(flaw == TUY_TEXT_CLEAN || at < text.len);
	tuy_require(tuy_text_scrub(text, lines, out, sizeof out, &len) == len);
	struct tuy_bytes clean = { out, len };
	utf8_require(clean);
	tuy_require(tuy_text_check(clean, lines, NULL) == TUY_TEXT_CLEAN);
	tuy_require(flaw != TUY_TEXT_CLEAN || (len == text.len && memcmp(out, text.p, len) == 0));
	size_t cut = tuy_text_cut(clean, room);
	tuy_require(cut <= room && cut <= clean.len);
	utf8_require((struct tuy_bytes){ out, cut });
	cut = tuy_text_cut_columns(clean, room);
	tuy_require(cut <= clean.len);
	utf8_require((struct tuy_bytes){ out, cut });
	tuy_require(tuy_text_columns((struct tuy_bytes){ out, cut }) <= room);
	tuy_require(tuy_text_cut(text, room) <= room);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0 || size > TEXT_MAX)
		return 0;
	size_t room = data[0];
	struct tuy_bytes text = { data + 1, size - 1 };
	words_check(text);
	query_check(text, TUY_QUERY_SEARCH);
	query_check(text, TUY_QUERY_WATCH);
	fold_check(text, room);
	lines_check(text, TUY_TEXT_ONE_LINE, room);
	lines_check(text, TUY_TEXT_LINES, room);
	return 0;
}
