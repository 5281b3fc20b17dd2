/*
 * What people write: the words of a text for the index, the words of a query, and the few things
 * every place that shows or compares text needs (folding, cutting, refusing control characters,
 * terminal columns). Sources: product.md 4.1, architecture.md 1.
 *
 *	tip:	tuy_words_init(&it, text);
 *		while (tuy_words_next(&it, &word))
 *			add(word, object);
 *	search:	tuy_query_parse(&query, TUY_QUERY_SEARCH, text), then see struct tuy_query
 *	watch:	tuy_query_parse(&query, TUY_QUERY_WATCH, text), then tuy_query_matches()
 *
 * Folded: lower case, without accents and compatibility forms (NFKD, case folding, combining marks
 * dropped), so that composed and decomposed spellings are equal; oe for the ligature, ae, ss, and
 * o d l i for the stroked o, d, l and the dotless i. A span of text is any bytes at all: what is
 * not UTF-8 separates words. Nothing here allocates. Thread rule: pure, any thread.
 */
#ifndef TUY_TEXT_H
#define TUY_TEXT_H

#include "err.h"
#include "types.h"

#define TUY_WORD_MAX        64 /* bytes of an index word: longer ones are cut, so a key is bounded */
#define TUY_FOLD_MAX        36 /* code points one character folds to (18 is the most known, twice) */
#define TUY_QUERY_STEPS_MAX 16 /* words of a query, stop words not counted */
#define TUY_QUERY_ATOMS_MAX 32 /* words of a query, stop words counted */
#define TUY_QUERY_WORDS_MAX                                                                        \
	96 /* 16 words + 15 neighbours + 16 compounds, each twice for umlauts                      \
	    */

/* The bytes of a C string, without its end; they stay the caller's. */
struct tuy_bytes tuy_text_bytes(const char *text);

/* The character at `p`, of which `len` > 0 bytes are there, into *c; the bytes it takes, at
 * least 1. A byte that is not UTF-8 gives -1 and takes 1. */
size_t tuy_text_char_read(const uint8_t *p, size_t len, int32_t *c);

/* Index words ----------------------------------------------------------------------------------
 *
 * Which words a text gives:
 *  - runs of letters and digits, folded, the plural's -s or -x (-aux -eux -oux) stripped from
 *    words of more than 3 letters ("réseaux" gives "reseau");
 *  - hyphens: each part and all parts joined ("Wi-Fi" gives "wi", "fi", "wifi");
 *  - apostrophes: l d j m t s n c qu jusqu lorsqu puisqu quoiqu are dropped at the beginning of a
 *    word ("l'usine" gives "usine"); otherwise the pieces are joined and each later piece of at
 *    least 2 letters is given too ("O'Rourke" gives "orourke", "rourke"; "Floc'h" gives "floch");
 *  - ä ö ü: with and without e ("Müller" gives "muller", "mueller");
 *  - scripts other than Latin, Greek, Cyrillic, Armenian, Georgian and Korean have no words that
 *    we know: each pair of neighbouring code points, and the last one alone.
 * A word is 1 to TUY_WORD_MAX bytes of valid UTF-8, cut at a character. The same word may come
 * several times. Stop words are words here.
 */

/* One folded word under construction. */
struct tuy_word {
	uint64_t umlauts; /* bit i: the letter at byte i carried a diaeresis and is a, o or u */
	uint8_t len;
	uint8_t letters;
	uint8_t cut; /* 1: it was longer than TUY_WORD_MAX */
	uint8_t text[TUY_WORD_MAX];
};

/* Folded characters of a text, one after the other. Private to text.c. */
struct tuy_folder {
	struct tuy_bytes text;
	size_t pos;
	int32_t chars[TUY_FOLD_MAX];
	uint8_t char_count;
	uint8_t char_index;
};

/* The state of one iteration, under 1 KiB, the caller's. Private to text.c. */
struct tuy_words {
	struct tuy_folder folder;
	int32_t ahead_char;
	uint8_t ahead_kind;
	uint8_t link;
	uint8_t in_gram;
	uint8_t ended;
	uint8_t part_count;
	uint8_t out_count;
	uint8_t out_index;
	struct tuy_word part;
	struct tuy_word joined;
	struct {
		uint8_t len;
		uint8_t text[TUY_WORD_MAX];
	} out[6];
};

/* Begin at the start of `text`, whose bytes must stay until the iteration ends. */
void tuy_words_init(struct tuy_words *it, struct tuy_bytes text);

/* The next index word; false when there is none. `word` points into `it` and is good until the
 * next call. About 10 ns a byte of text. */
bool tuy_words_next(struct tuy_words *it, struct tuy_bytes *word);

/* Queries --------------------------------------------------------------------------------------
 *
 * A query is a row of steps 0 .. step_count. Each of its words leads from one step to a later one:
 * "cyber sécurité" has cyber 0-1, securite 1-2 and, because neighbours may be one word in the text,
 * cybersecurite 0-2. A text matches when words it contains lead from step 0 to the last step. So
 * AND, OR and joined neighbours are one thing, and an index needs one loop (`words` is in ascending
 * order of `from`):
 *
 *	set[0] = everything; set[1..] = nothing
 *	for each word w of query.words:
 *		set[w.to] |= set[w.from] & postings(w)
 *	result = set[query.step_count]
 *
 * postings(w): the key w.text[0 .. stem_len), and, if w.prefix, every key that begins with
 * w.text[0 .. len).
 */
enum tuy_query_mode {
	TUY_QUERY_SEARCH, /* a word of more than 3 letters may be the beginning of an indexed one */
	TUY_QUERY_WATCH,  /* whole words only, the plural ignored: nobody is woken by a guess */
};

struct tuy_query_word {
	uint8_t from;
	uint8_t to; /* > from */
	uint8_t len;
	uint8_t stem_len; /* length without the plural, <= len */
	bool prefix;
	uint8_t text[TUY_WORD_MAX];
};

struct tuy_query {
	uint8_t step_count; /* 1 to TUY_QUERY_STEPS_MAX */
	uint8_t word_count;
	struct tuy_query_word words[TUY_QUERY_WORDS_MAX];
};

/*
 * The query in `text`; order, accents, hyphens and case do not matter. Stop words (French and
 * English) are dropped unless nothing else is there. On error `query` is unchanged.
 * TUY_E_FORMAT: there is no word in it; ask for one. TUY_E_LIMIT: more than TUY_QUERY_STEPS_MAX
 * words (or TUY_QUERY_ATOMS_MAX with stop words); ask for fewer.
 */
enum tuy_err tuy_query_parse(struct tuy_query *query, enum tuy_query_mode mode,
                             struct tuy_bytes text);

/* Whether the index word `key` is one of postings(word) above. */
bool tuy_query_word_matches(const struct tuy_query_word *word, struct tuy_bytes key);

/* Whether a text matches that contains query->words[i] exactly where present[i] is true.
 * `present` has query->word_count elements. */
bool tuy_query_holds(const struct tuy_query *query, const bool *present);

/* Whether the texts together (company, text, each tag) match: the same answer as the index gives,
 * without an index. About 60 ns a word of text. */
bool tuy_query_matches(const struct tuy_query *query, const struct tuy_bytes *texts,
                       size_t text_count);

/* Names and lines ------------------------------------------------------------------------------ */

/*
 * The folded text into `out`: as said on top, runs of white space and control characters one
 * space, none at the ends, all hyphens "-", all apostrophes "'", other punctuation kept, bytes that
 * are not UTF-8 U+FFFD. Folding twice changes nothing. Returns the bytes the whole result needs;
 * if that is more than `out_size`, `out` holds the characters that fit. *out_len: bytes written.
 */
size_t tuy_text_fold(struct tuy_bytes text, uint8_t *out, size_t out_size, size_t *out_len);

/* Whether two names are the same but for case, accents and white space (`--for bruno`). */
bool tuy_text_equal(struct tuy_bytes a, struct tuy_bytes b);

enum tuy_text_lines {
	TUY_TEXT_ONE_LINE, /* titles and names */
	TUY_TEXT_LINES,    /* newline and tab are allowed */
};

enum tuy_text_flaw {
	TUY_TEXT_CLEAN = 0,
	TUY_TEXT_NOT_UTF8,
	TUY_TEXT_CONTROL, /* C0, DEL, C1, and the separators U+2028 and U+2029 */
	TUY_TEXT_BIDI, /* U+061C U+200E U+200F U+202A-202E U+2066-2069: they reorder what is shown
	                */
};

/* The first thing in `text` that must not reach a terminal or a list; its byte offset in *at
 * (untouched if clean; `at` may be NULL). Refuse what a member types, show what a peer sent
 * through tuy_text_scrub. */
enum tuy_text_flaw tuy_text_check(struct tuy_bytes text, enum tuy_text_lines lines, size_t *at);

/* `text` with each such flaw replaced by U+FFFD, at most 3 times as long; sizes as for
 * tuy_text_fold. The result is clean. */
size_t tuy_text_scrub(struct tuy_bytes text, enum tuy_text_lines lines, uint8_t *out,
                      size_t out_size, size_t *out_len);

/* How many bytes of `text` to show if `max_len` is the most: cut between characters as people see
 * them (no accent, emoji or flag is torn), before a word if one begins in the second half, white
 * space at the end left out. text.len if all of it fits. */
size_t tuy_text_cut(struct tuy_bytes text, size_t max_len);

/* The same with at most `max_columns` columns of a terminal. */
size_t tuy_text_cut_columns(struct tuy_bytes text, size_t max_columns);

/* Columns of a terminal that `text` takes: East Asian wide characters and emoji 2, combining and
 * control characters 0, a byte that is not UTF-8 1. */
size_t tuy_text_columns(struct tuy_bytes text);

#endif
