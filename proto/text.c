/* Folding, words and queries; the contract is text.h. Thread rule: pure, any thread. */
#include "text.h"

#include <string.h>
#include <utf8proc.h>

#define REPLACEMENT 0xFFFD
#define DIAERESIS   0x0308
#define DECOMPOSED  18 /* the longest known decomposition of one code point, U+FDFA */

enum kind {
	KIND_END,
	KIND_SPACE,
	KIND_OTHER, /* punctuation, symbols, bytes that are not UTF-8 */
	KIND_HYPHEN,
	KIND_APOSTROPHE,
	KIND_WORD, /* a letter or digit of a script whose words we know */
	KIND_GRAM, /* a letter of another script */
	KIND_MARK,
};

enum link { /* how a piece hangs on the one before */
	    LINK_NONE,
	    LINK_HYPHEN,
	    LINK_APOSTROPHE,
};

/* What lies between separators, hyphens and apostrophes; or one or two code points of an unknown
 * script. */
struct piece {
	struct tuy_word word;
	enum link link;
	enum { PIECE_WORD, PIECE_GRAM, PIECE_GRAM_LAST, PIECE_GRAM_ONLY } type;
};

/* Whether `list`, words with a space before and after each, has the word. */
static bool list_has(const char *list, const uint8_t *text, size_t len)
{
	for (const char *word = list + 1; *word != '\0';) {
		size_t word_len = strcspn(word, " ");
		if (word_len == len && memcmp(word, text, len) == 0)
			return true;
		word += word_len + 1;
	}
	return false;
}

/* Folded characters */

static enum kind ascii_kind(uint32_t c)
{
	if ((c | 0x20) - 'a' < 26 || c - '0' < 10)
		return KIND_WORD;
	if (c <= ' ' || c == 0x7F)
		return KIND_SPACE;
	if (c == '-')
		return KIND_HYPHEN;
	return c == '\'' ? KIND_APOSTROPHE : KIND_OTHER;
}

static int32_t ascii_lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

/* Scripts that put something between their words: Latin, Greek, Cyrillic, Armenian, Georgian, and
 * Korean letters, with their later extensions. `c` is folded. */
static bool script_has_words(int32_t c)
{
	static const struct {
		int32_t first, last;
	} ranges[] = {
		{ 0x0080, 0x058F }, { 0x10A0, 0x11FF }, { 0x1C80, 0x1CBF }, { 0x1D00, 0x1DBF },
		{ 0x1E00, 0x1FFF }, { 0x2C60, 0x2C7F }, { 0x2D00, 0x2D2F }, { 0xA640, 0xA69F },
		{ 0xA720, 0xA7FF }, { 0xAB30, 0xAB6F },
	};
	for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	return false;
}

enum group { GROUP_LETTER, GROUP_MARK, GROUP_NUMBER, GROUP_SPACE, GROUP_FORMAT, GROUP_OTHER };

static enum group char_group(int32_t c)
{
	utf8proc_category_t category = utf8proc_category(c);
	if (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO)
		return GROUP_LETTER;
	if (category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_ME)
		return GROUP_MARK;
	if (category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO)
		return GROUP_NUMBER;
	if (category >= UTF8PROC_CATEGORY_ZS && category <= UTF8PROC_CATEGORY_CC)
		return GROUP_SPACE;
	return category == UTF8PROC_CATEGORY_CF ? GROUP_FORMAT : GROUP_OTHER;
}

static enum kind char_kind(int32_t c)
{
	if (c < 0x80)
		return ascii_kind((uint32_t)c);
	enum group group = char_group(c);
	if (group == GROUP_MARK)
		return KIND_MARK;
	if (group == GROUP_NUMBER)
		return KIND_WORD;
	if (group == GROUP_LETTER)
		return script_has_words(c) ? KIND_WORD : KIND_GRAM;
	return group == GROUP_SPACE ? KIND_SPACE : KIND_OTHER;
}

/* What Unicode leaves as it is and people do not: out[0 .. result). */
static uint8_t char_simplify(int32_t c, int32_t out[2])
{
	uint8_t count = 1;
	out[0] = c;
	switch (c) {
	case 0x0153: /* oe */
		out[0] = 'o';
		out[count++] = 'e';
		break;
	case 0x00E6: /* ae */
		out[0] = 'a';
		out[count++] = 'e';
		break;
	case 0x00F8:
		out[0] = 'o';
		break;
	case 0x0111:
		out[0] = 'd';
		break;
	case 0x0142:
		out[0] = 'l';
		break;
	case 0x0131:
		out[0] = 'i';
		break;
	case 0x00B4:
	case 0x02B9:
	case 0x02BB:
	case 0x02BC:
	case 0x2018:
	case 0x2019:
	case 0x201B:
	case 0x2032:
	case 0xFF07:
		out[0] = '\'';
		break;
	case 0x2010:
	case 0x2011:
	case 0xFE63:
	case 0xFF0D:
		out[0] = '-';
		break;
	default:
		break;
	}
	return count;
}

/* Refill the folder's queue with what `c` folds to: possibly nothing. */
static void folder_fill(struct tuy_folder *folder, int32_t c)
{
	int32_t chars[DECOMPOSED] = { c };
	utf8proc_ssize_t count = 1;
	enum group group = char_group(c);
	if (group == GROUP_SPACE || c == 0x200B) {
		chars[0] = ' ';
	} else if (group == GROUP_FORMAT) {
		count = 0;
	} else if (group != GROUP_OTHER) {
		int bounds = 0;
		count = utf8proc_decompose_char(c, chars, DECOMPOSED,
		                                UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT |
		                                        UTF8PROC_CASEFOLD | UTF8PROC_IGNORE,
		                                &bounds);
		if (count < 0 || count > DECOMPOSED) {
			chars[0] = REPLACEMENT;
			count = 1;
		}
	}
	folder->char_index = 0;
	folder->char_count = 0;
	for (utf8proc_ssize_t i = 0; i < count; i++) {
		uint8_t added = char_simplify(chars[i], &folder->chars[folder->char_count]);
		folder->char_count = (uint8_t)(folder->char_count + added);
	}
}

static void folder_init(struct tuy_folder *folder, struct tuy_bytes text)
{
	folder->text = text;
	folder->pos = 0;
	folder->char_count = 0;
	folder->char_index = 0;
}

static enum kind folder_next(struct tuy_folder *folder, int32_t *c)
{
	for (;;) {
		if (folder->char_index < folder->char_count) {
			*c = folder->chars[folder->char_index++];
			return char_kind(*c);
		}
		if (folder->pos == folder->text.len)
			return KIND_END;
		const uint8_t *p = folder->text.p + folder->pos;
		if (*p < 0x80) {
			folder->pos++;
			*c = ascii_lower(*p);
			return ascii_kind(*p);
		}
		folder->pos += tuy_text_char_read(p, folder->text.len - folder->pos, c);
		if (*c < 0) {
			*c = REPLACEMENT;
			return KIND_OTHER;
		}
		folder_fill(folder, *c);
	}
}

/* Words under construction */

static void word_clear(struct tuy_word *word)
{
	word->umlauts = 0;
	word->len = 0;
	word->letters = 0;
	word->cut = 0;
}

static void word_push(struct tuy_word *word, int32_t c)
{
	if (c < 0x80 && word->len < TUY_WORD_MAX && !word->cut) {
		word->text[word->len++] = (uint8_t)c;
		word->letters++;
		return;
	}
	uint8_t bytes[4];
	size_t n = (size_t)utf8proc_encode_char(c, bytes);
	if (word->cut || word->len + n > TUY_WORD_MAX) {
		word->cut = 1;
		return;
	}
	memcpy(word->text + word->len, bytes, n);
	word->len = (uint8_t)(word->len + n);
	word->letters++;
}

static void word_copy(struct tuy_word *to, const struct tuy_word *from)
{
	to->umlauts = from->umlauts;
	to->len = from->len;
	to->letters = from->letters;
	to->cut = from->cut;
	memcpy(to->text, from->text, from->len);
}

static void word_append(struct tuy_word *word, const struct tuy_word *more)
{
	size_t i = 0;
	while (i < more->len && !word->cut) {
		int32_t c;
		size_t n = tuy_text_char_read(more->text + i, more->len - i, &c);
		size_t at = word->len;
		word_push(word, c);
		if (!word->cut && at < 64 && (more->umlauts >> i & 1))
			word->umlauts |= (uint64_t)1 << at;
		i += n;
	}
	if (more->cut)
		word->cut = 1;
}

/* The diaeresis just read belongs to the last letter of the word. */
static void word_mark(struct tuy_word *word)
{
	if (word->len == 0 || word->cut)
		return;
	uint8_t last = word->text[word->len - 1];
	if (last == 'a' || last == 'o' || last == 'u')
		word->umlauts |= (uint64_t)1 << (word->len - 1);
}

/* The spelling with e after each umlaut. */
static void word_spell_out(struct tuy_word *to, const struct tuy_word *from)
{
	word_clear(to);
	for (size_t i = 0; i < from->len;) {
		int32_t c;
		size_t n = tuy_text_char_read(from->text + i, from->len - i, &c);
		word_push(to, c);
		if (from->umlauts >> i & 1)
			word_push(to, 'e');
		i += n;
	}
	if (from->cut)
		to->cut = 1;
}

/* The length without the plural's -s or -x; the whole length for words that keep it. */
static uint8_t word_stem_len(const struct tuy_word *word)
{
	/* without their s these would be other words people look for: mai, sou, dan, doe ... */
	static const char whole[] = " dans does fois mais mars nous plus sans sous paris this tres "
				    "vous ";
	if (word->cut || word->letters <= 3)
		return word->len;
	const uint8_t *end = word->text + word->len;
	bool plural = false;
	if (end[-1] == 's')
		plural = end[-2] != 's' && !list_has(whole, word->text, word->len);
	else if (end[-1] == 'x')
		plural = end[-2] == 'u' && (end[-3] == 'a' || end[-3] == 'e' || end[-3] == 'o');
	return (uint8_t)(word->len - (plural ? 1 : 0));
}

/* Pieces */

static enum kind ahead_take(struct tuy_words *it, int32_t *c)
{
	if (it->ahead_kind != KIND_END) {
		enum kind kind = (enum kind)it->ahead_kind;
		it->ahead_kind = KIND_END;
		*c = it->ahead_char;
		return kind;
	}
	return folder_next(&it->folder, c);
}

static void ahead_put(struct tuy_words *it, enum kind kind, int32_t c)
{
	it->ahead_kind = (uint8_t)kind;
	it->ahead_char = c;
}

/* The rest of a word whose first letter is `c`; then what links it to the next is read. */
static void piece_read_word(struct tuy_words *it, struct tuy_word *word, int32_t c)
{
	struct tuy_folder *folder = &it->folder;
	enum kind kind = KIND_WORD;
	do {
		if (kind == KIND_WORD)
			word_push(word, c);
		else if (c == DIAERESIS)
			word_mark(word);
		while (folder->char_index == folder->char_count && folder->pos < folder->text.len &&
		       folder->text.p[folder->pos] < 0x80 &&
		       ascii_kind(folder->text.p[folder->pos]) == KIND_WORD)
			word_push(word, ascii_lower(folder->text.p[folder->pos++]));
		kind = folder_next(folder, &c);
	} while (kind == KIND_WORD || kind == KIND_MARK);
	it->link = LINK_NONE;
	enum kind joint = kind;
	if (joint == KIND_HYPHEN || joint == KIND_APOSTROPHE) {
		do
			kind = folder_next(folder, &c);
		while (kind == KIND_MARK);
		if (kind == KIND_WORD)
			it->link = joint == KIND_HYPHEN ? LINK_HYPHEN : LINK_APOSTROPHE;
	}
	ahead_put(it, kind, c);
}

/* One or two code points of a run in an unknown script, from `c` on; the second is read again. Its
 * marks are letters as good as others, except the points of Hebrew and Arabic. */
static void piece_read_gram(struct tuy_words *it, struct piece *piece, int32_t c)
{
	bool first = !it->in_gram;
	int32_t second;
	enum kind kind;
	do
		kind = ahead_take(it, &second);
	while (kind == KIND_MARK && second < 0x0900);
	word_push(&piece->word, c);
	if (kind == KIND_GRAM || kind == KIND_MARK) {
		word_push(&piece->word, second);
		kind = KIND_GRAM;
		piece->type = PIECE_GRAM;
	} else {
		piece->type = first ? PIECE_GRAM_ONLY : PIECE_GRAM_LAST;
	}
	it->in_gram = kind == KIND_GRAM;
	it->link = LINK_NONE;
	ahead_put(it, kind, second);
}

static bool piece_is_elided(const struct tuy_word *word)
{
	static const char elided[] = " l d j m t s n c qu jusqu lorsqu puisqu quoiqu ";
	return list_has(elided, word->text, word->len);
}

/* The next piece; false at the end of the text. */
static bool piece_next(struct tuy_words *it, struct piece *piece)
{
	enum link link = (enum link)it->link;
	for (;;) {
		int32_t c;
		enum kind kind = ahead_take(it, &c);
		if (kind == KIND_END)
			return false;
		if (kind != KIND_WORD && kind != KIND_GRAM)
			continue;
		word_clear(&piece->word);
		piece->link = link;
		piece->type = PIECE_WORD;
		if (kind == KIND_GRAM) {
			piece_read_gram(it, piece, c);
			return true;
		}
		it->in_gram = 0;
		piece_read_word(it, &piece->word, c);
		if (it->link == LINK_APOSTROPHE && link != LINK_APOSTROPHE &&
		    piece_is_elided(&piece->word))
			continue;
		return true;
	}
}

/* Index words */

static void out_put(struct tuy_words *it, const struct tuy_word *word)
{
	size_t len = word_stem_len(word);
	memcpy(it->out[it->out_count].text, word->text, len);
	it->out[it->out_count].len = (uint8_t)len;
	it->out_count++;
}

static void out_put_spellings(struct tuy_words *it, const struct tuy_word *word)
{
	out_put(it, word);
	if (word->umlauts == 0)
		return;
	struct tuy_word spelled;
	word_spell_out(&spelled, word);
	out_put(it, &spelled);
}

static void part_end(struct tuy_words *it)
{
	if (it->part.len > 0)
		out_put_spellings(it, &it->part);
	word_clear(&it->part);
}

static void compound_end(struct tuy_words *it)
{
	part_end(it);
	if (it->part_count > 1)
		out_put_spellings(it, &it->joined);
	it->part_count = 0;
}

static void piece_index(struct tuy_words *it, const struct piece *piece)
{
	if (piece->link == LINK_NONE)
		compound_end(it);
	if (piece->type != PIECE_WORD) {
		out_put(it, &piece->word);
		return;
	}
	if (piece->link == LINK_APOSTROPHE) {
		word_append(&it->part, &piece->word);
		if (piece->word.letters >= 2)
			out_put_spellings(it, &piece->word);
	} else {
		part_end(it);
		word_copy(&it->part, &piece->word);
		it->part_count = it->part_count < 2 ? (uint8_t)(it->part_count + 1) : 2;
	}
	if (piece->link == LINK_NONE)
		word_copy(&it->joined, &piece->word);
	else
		word_append(&it->joined, &piece->word);
}

/* Queries */

struct atom {
	struct piece piece;
	bool stop;
	uint8_t step; /* kept words before it */
};

static bool word_is_stop(const struct tuy_word *word)
{
	static const char stops[] = " a an and are as at au aux avec by ce ces d dans de des du "
				    "elle en est et for from i il ils in is je l la le les leur "
				    "leurs mon my nos nous of on or ou our par pour qu que qui se "
				    "ses sur the their to un une vos vous we with you your ";
	return list_has(stops, word->text, word->len);
}

/* The words of a query in their order: errors as for tuy_query_parse. */
static enum tuy_err atoms_read(struct atom *atoms, size_t *count, struct tuy_bytes text)
{
	struct tuy_words it;
	struct piece piece;
	tuy_words_init(&it, text);
	*count = 0;
	while (piece_next(&it, &piece)) {
		if (piece.type == PIECE_GRAM_LAST)
			continue;
		if (*count == TUY_QUERY_ATOMS_MAX)
			return TUY_E_LIMIT;
		struct atom *atom = &atoms[(*count)++];
		atom->piece.link = piece.link;
		atom->piece.type = piece.type;
		word_copy(&atom->piece.word, &piece.word);
		atom->stop = word_is_stop(&piece.word);
	}
	return *count == 0 ? TUY_E_FORMAT : TUY_OK;
}

/* Number the kept words; the number of steps. */
static size_t atoms_number(struct atom *atoms, size_t count)
{
	bool all_stop = true;
	for (size_t i = 0; i < count; i++)
		all_stop = all_stop && atoms[i].stop;
	size_t step = 0;
	for (size_t i = 0; i < count; i++) {
		if (all_stop)
			atoms[i].stop = false;
		atoms[i].step = (uint8_t)step;
		step += atoms[i].stop ? 0 : 1;
	}
	return step;
}

static void query_add(struct tuy_query *query, enum tuy_query_mode mode, size_t from, size_t to,
                      const struct tuy_word *word)
{
	tuy_require(query->word_count < TUY_QUERY_WORDS_MAX);
	struct tuy_query_word *added = &query->words[query->word_count++];
	added->from = (uint8_t)from;
	added->to = (uint8_t)to;
	added->len = word->len;
	added->stem_len = word_stem_len(word);
	added->prefix = mode == TUY_QUERY_SEARCH && word->letters > 3;
	memcpy(added->text, word->text, word->len);
}

static void query_add_spellings(struct tuy_query *query, enum tuy_query_mode mode, size_t from,
                                size_t to, const struct tuy_word *word)
{
	query_add(query, mode, from, to, word);
	if (word->umlauts == 0)
		return;
	struct tuy_word spelled;
	word_spell_out(&spelled, word);
	query_add(query, mode, from, to, &spelled);
}

/* "porte-à-porte" is also porteaporte: the compound that begins at atom `i`, if any, unless two
 * neighbours make it anyway. */
static void query_add_compound(struct tuy_query *query, enum tuy_query_mode mode,
                               const struct atom *atoms, size_t count, size_t i)
{
	if (atoms[i].piece.link != LINK_NONE)
		return;
	struct tuy_word joined;
	word_copy(&joined, &atoms[i].piece.word);
	size_t kept = atoms[i].stop ? 0 : 1;
	size_t end = i + 1;
	for (; end < count && atoms[end].piece.link != LINK_NONE; end++) {
		word_append(&joined, &atoms[end].piece.word);
		kept += atoms[end].stop ? 0 : 1;
	}
	if (end - i < 2 || kept == 0 || (end - i == 2 && kept == 2))
		return;
	query_add_spellings(query, mode, atoms[i].step, atoms[i].step + kept, &joined);
}

static void query_add_atom(struct tuy_query *query, enum tuy_query_mode mode,
                           const struct atom *atoms, size_t count, size_t i)
{
	const struct atom *atom = &atoms[i];
	size_t from = atom->step;
	query_add_spellings(query, mode, from, from + 1, &atom->piece.word);
	if (atom->piece.type != PIECE_WORD) {
		/* a single character is looked for as the beginning of a pair */
		query->words[query->word_count - 1].prefix = atom->piece.type == PIECE_GRAM_ONLY;
		return;
	}
	if (i + 1 == count || atoms[i + 1].stop || atoms[i + 1].piece.type != PIECE_WORD)
		return;
	struct tuy_word joined;
	word_copy(&joined, &atom->piece.word);
	word_append(&joined, &atoms[i + 1].piece.word);
	query_add_spellings(query, mode, from, from + 2, &joined);
}

/* Folded text */

/* tuy_text_fold as a stream of code points. */
struct stream {
	struct tuy_folder folder;
	int32_t held; /* the character after a space that was just given; -1: none */
	bool started;
	bool space;
	bool gram;
};

static void stream_init(struct stream *stream, struct tuy_bytes text)
{
	*stream = (struct stream){ .held = -1 };
	folder_init(&stream->folder, text);
}

/* The next code point, -1 at the end. */
static int32_t stream_next(struct stream *stream)
{
	int32_t c = stream->held;
	stream->held = -1;
	while (c < 0) {
		enum kind kind = folder_next(&stream->folder, &c);
		if (kind == KIND_END)
			return -1;
		if (kind == KIND_MARK && stream->gram && c >= 0x0900)
			break;
		stream->gram = kind == KIND_GRAM || (kind == KIND_MARK && stream->gram);
		if (kind == KIND_SPACE)
			stream->space = stream->started;
		if (kind == KIND_SPACE || kind == KIND_MARK)
			c = -1;
	}
	stream->started = true;
	if (stream->space) {
		stream->space = false;
		stream->held = c;
		return ' ';
	}
	return c;
}

/* Where tuy_text_fold writes. */
struct sink {
	uint8_t *out;
	size_t size;
	size_t len;
	size_t needed;
};

static void sink_put(struct sink *sink, const uint8_t *bytes, size_t len)
{
	if (sink->len == sink->needed && len <= sink->size - sink->len) {
		memcpy(sink->out + sink->len, bytes, len);
		sink->len += len;
	}
	sink->needed += len;
}

/* Public functions */

size_t tuy_text_char_read(const uint8_t *p, size_t len, int32_t *c)
{
	if (p[0] < 0x80) {
		*c = p[0];
		return 1;
	}
	utf8proc_ssize_t n = utf8proc_iterate(p, len < 4 ? (utf8proc_ssize_t)len : 4, c);
	if (n > 0)
		return (size_t)n;
	*c = -1;
	return 1;
}

struct tuy_bytes tuy_text_bytes(const char *text)
{
	return (struct tuy_bytes){ (const uint8_t *)text, strlen(text) };
}

void tuy_words_init(struct tuy_words *it, struct tuy_bytes text)
{
	folder_init(&it->folder, text);
	it->ahead_kind = KIND_END;
	it->link = LINK_NONE;
	it->in_gram = 0;
	it->ended = 0;
	it->part_count = 0;
	it->out_count = 0;
	it->out_index = 0;
	word_clear(&it->part);
	word_clear(&it->joined);
}

bool tuy_words_next(struct tuy_words *it, struct tuy_bytes *word)
{
	while (it->out_index == it->out_count) {
		if (it->ended)
			return false;
		it->out_index = 0;
		it->out_count = 0;
		struct piece piece;
		if (piece_next(it, &piece)) {
			piece_index(it, &piece);
		} else {
			compound_end(it);
			it->ended = 1;
		}
	}
	word->p = it->out[it->out_index].text;
	word->len = it->out[it->out_index].len;
	it->out_index++;
	return true;
}

enum tuy_err tuy_query_parse(struct tuy_query *query, enum tuy_query_mode mode,
                             struct tuy_bytes text)
{
	struct atom atoms[TUY_QUERY_ATOMS_MAX];
	size_t count;
	enum tuy_err err = atoms_read(atoms, &count, text);
	if (err != TUY_OK)
		return err;
	size_t step_count = atoms_number(atoms, count);
	if (step_count > TUY_QUERY_STEPS_MAX)
		return TUY_E_LIMIT;
	query->step_count = (uint8_t)step_count;
	query->word_count = 0;
	for (size_t i = 0; i < count; i++) {
		query_add_compound(query, mode, atoms, count, i);
		if (!atoms[i].stop)
			query_add_atom(query, mode, atoms, count, i);
	}
	return TUY_OK;
}

bool tuy_query_word_matches(const struct tuy_query_word *word, struct tuy_bytes key)
{
	if (key.len == word->stem_len && memcmp(key.p, word->text, key.len) == 0)
		return true;
	return word->prefix && key.len >= word->len && memcmp(key.p, word->text, word->len) == 0;
}

bool tuy_query_holds(const struct tuy_query *query, const bool *present)
{
	uint32_t reached = 1;
	for (size_t i = 0; i < query->word_count; i++)
		if (present[i] && (reached >> query->words[i].from & 1))
			reached |= (uint32_t)1 << query->words[i].to;
	return reached >> query->step_count & 1;
}

bool tuy_query_matches(const struct tuy_query *query, const struct tuy_bytes *texts,
                       size_t text_count)
{
	bool present[TUY_QUERY_WORDS_MAX] = { false };
	for (size_t t = 0; t < text_count; t++) {
		struct tuy_words it;
		struct tuy_bytes word;
		tuy_words_init(&it, texts[t]);
		while (tuy_words_next(&it, &word))
			for (size_t i = 0; i < query->word_count; i++)
				if (!present[i] && tuy_query_word_matches(&query->words[i], word))
					present[i] = true;
	}
	return tuy_query_holds(query, present);
}

size_t tuy_text_fold(struct tuy_bytes text, uint8_t *out, size_t out_size, size_t *out_len)
{
	struct sink sink = { out, out_size, 0, 0 };
	struct stream stream;
	stream_init(&stream, text);
	for (int32_t c = stream_next(&stream); c >= 0; c = stream_next(&stream)) {
		uint8_t bytes[4];
		sink_put(&sink, bytes, (size_t)utf8proc_encode_char(c, bytes));
	}
	*out_len = sink.len;
	return sink.needed;
}

bool tuy_text_equal(struct tuy_bytes a, struct tuy_bytes b)
{
	struct stream streams[2];
	stream_init(&streams[0], a);
	stream_init(&streams[1], b);
	for (;;) {
		int32_t c = stream_next(&streams[0]);
		if (c != stream_next(&streams[1]))
			return false;
		if (c < 0)
			return true;
	}
}
