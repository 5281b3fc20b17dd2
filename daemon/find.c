#include "find.h"
#include <string.h>

#define NAME_MAX_LEN 8
#define MINUTE_S     60u
#define HOUR_S       3600u
#define DAY_S        86400u
#define WEEK_S       604800u

/* ---- pieces of the text ---- */

struct piece {
	bool not ;
	bool quoted;
	struct tuy_bytes name; /* before the ":"; empty: none */
	struct tuy_bytes value;
	struct tuy_bytes whole; /* without the "-" */
};

static bool is_blank(uint8_t c)
{
	return c <= ' ';
}

static bool name_is(struct tuy_bytes name, const char *text)
{
	return name.len == strlen(text) && memcmp(name.p, text, name.len) == 0;
}

static bool is_filter(struct tuy_bytes name)
{
	static const char *const names[] = { "from", "company", "kind", "state",
		                             "tag",  "warm",    "age",  "due" };
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (name_is(name, names[i]))
			return true;
	return false;
}

/* The filter's name at the beginning of `text`; empty if there is none. */
static struct tuy_bytes name_read(struct tuy_bytes text)
{
	size_t len = 0;
	while (len < text.len && len <= NAME_MAX_LEN && text.p[len] >= 'a' && text.p[len] <= 'z')
		len++;
	struct tuy_bytes name = { text.p, len };
	bool there = len < text.len && text.p[len] == ':' && is_filter(name);
	return there ? name : (struct tuy_bytes){ text.p, 0 };
}

/* 1: the next piece, cut from *text; 0: there is none; -1: a quotation mark is not closed. */
static int piece_next(struct tuy_bytes *text, struct piece *piece)
{
	while (text->len > 0 && is_blank(text->p[0]))
		*text = (struct tuy_bytes){ text->p + 1, text->len - 1 };
	if (text->len == 0)
		return 0;
	const uint8_t *p = text->p;
	const uint8_t *end = text->p + text->len;
	piece->not = end - p > 1 && p[0] == '-' && !is_blank(p[1]);
	p += piece->not ? 1 : 0;
	piece->whole.p = p;
	piece->name = name_read((struct tuy_bytes){ p, (size_t)(end - p) });
	p += piece->name.len > 0 ? piece->name.len + 1 : 0;
	piece->quoted = p < end && *p == '"';
	const uint8_t *value = p + (piece->quoted ? 1 : 0);
	for (p = value; p < end && (piece->quoted ? *p != '"' : !is_blank(*p));)
		p++;
	piece->value = (struct tuy_bytes){ value, (size_t)(p - value) };
	if (piece->quoted && p == end)
		return -1;
	p += piece->quoted ? 1 : 0;
	piece->whole.len = (size_t)(p - piece->whole.p);
	*text = (struct tuy_bytes){ p, (size_t)(end - p) };
	return 1;
}

/* ---- values ---- */

static int value_bad(const struct piece *piece, const char *say, struct rpc_fault *fault)
{
	int shown = (int)tuy_text_cut(piece->whole, 60);
	return rpc_fault_set(fault, "T-USAGE", say, "\"%.*s\" is not understood.", shown,
	                     (const char *)piece->whole.p);
}

static int kind_read(const struct piece *piece, struct find_term *term, struct rpc_fault *fault)
{
	term->ask = tuy_ask_named(piece->value);
	term->kind = TUY_RECORD_ASK;
	if (tuy_text_equal(piece->value, tuy_text_bytes("tip")))
		term->kind = TUY_RECORD_TIP;
	else if (term->ask == 0 && !tuy_text_equal(piece->value, tuy_text_bytes("ask")))
		return rpc_fault_set(fault, "T-USAGE", "",
		                     "kind: tip, ask, profile, intro, vouch, news or supplier.");
	return 0;
}

/* "open" and "closed" mean what those who are not concerned see; "awarded" all that runs. */
static int state_read(const struct piece *piece, struct find_term *term, struct rpc_fault *fault)
{
	static const uint32_t runs =
		FIND_STATE_BIT(VIEW_STATE_AWARDED) | FIND_STATE_BIT(VIEW_STATE_CONTACTED) |
		FIND_STATE_BIT(VIEW_STATE_MEETING) | FIND_STATE_BIT(VIEW_STATE_QUOTED);
	static const uint32_t ended =
		FIND_STATE_BIT(VIEW_STATE_WON) | FIND_STATE_BIT(VIEW_STATE_LOST) |
		FIND_STATE_BIT(VIEW_STATE_NO_ANSWER) | FIND_STATE_BIT(VIEW_STATE_NOT_A_FIT) |
		FIND_STATE_BIT(VIEW_STATE_CLOSED) | FIND_STATE_BIT(VIEW_STATE_SOLVED);
	term->states = 0;
	for (int state = 0; state <= VIEW_STATE_EXPIRED; state++)
		if (tuy_text_equal(piece->value,
		                   tuy_text_bytes(view_state_name((enum view_state)state))))
			term->states = FIND_STATE_BIT(state);
	if (term->states == FIND_STATE_BIT(VIEW_STATE_OPEN))
		term->states = FIND_OPEN;
	else if (term->states == FIND_STATE_BIT(VIEW_STATE_AWARDED))
		term->states = runs;
	else if (term->states == FIND_STATE_BIT(VIEW_STATE_CLOSED))
		term->states = ended;
	else if (tuy_text_equal(piece->value, tuy_text_bytes("any")))
		term->states = FIND_ANY;
	if (term->states != 0)
		return 0;
	return rpc_fault_set(fault, "T-USAGE", "",
	                     "state: open, awarded, contacted, meeting, quoted, won, lost, "
	                     "no-answer, not-a-fit, closed, answered, solved, expired or any.");
}

/* A number and, if `units`, what it counts, as so many seconds. False: it is none. */
static bool number_read(struct tuy_bytes text, bool units, uint32_t *number)
{
	static const struct {
		uint8_t letter;
		uint32_t seconds;
	} unit[] = { { 'm', MINUTE_S }, { 'h', HOUR_S }, { 'd', DAY_S }, { 'w', WEEK_S } };
	uint32_t value = 0;
	size_t i = 0;
	for (; i < text.len && i < 4 && text.p[i] >= '0' && text.p[i] <= '9'; i++)
		value = 10 * value + (uint32_t)(text.p[i] - '0');
	*number = value;
	if (i == 0 || !units)
		return i > 0 && i == text.len;
	for (size_t k = 0; i + 1 == text.len && k < sizeof unit / sizeof unit[0]; k++) {
		*number = value * unit[k].seconds;
		if (text.p[i] == unit[k].letter)
			return true;
	}
	return false;
}

/* ">=3", "<7d", "3": narrows the range. False: it is none. */
static bool range_read(struct tuy_bytes text, bool units, struct find_range *range)
{
	uint32_t number;
	uint8_t op = text.len > 0 ? text.p[0] : 0;
	bool equal = op == '=' || (op != '<' && op != '>');
	size_t taken = op == '<' || op == '>' || op == '=' ? 1 : 0;
	if (taken == 1 && op != '=' && text.len > 1 && text.p[1] == '=') {
		equal = true;
		taken = 2;
	}
	if (!number_read((struct tuy_bytes){ text.p + taken, text.len - taken }, units, &number))
		return false;
	if (op == '<' && number == 0 && !equal)
		return false;
	uint32_t least = op == '<' ? 0 : number + (equal ? 0 : 1);
	uint32_t most = op == '>' ? UINT32_MAX : number - (equal ? 0 : 1);
	if (!range->given)
		*range = (struct find_range){ true, 0, UINT32_MAX };
	range->least = least > range->least ? least : range->least;
	range->most = most < range->most ? most : range->most;
	return true;
}

static int warm_read(const struct piece *piece, struct find *find, struct rpc_fault *fault)
{
	if (piece->not || !range_read(piece->value, false, &find->warm))
		return value_bad(piece, "warm:3, warm:>=3 or warm:<2; 0 to 5.", fault);
	return 0;
}

static int age_read(const struct piece *piece, struct find *find, struct rpc_fault *fault)
{
	bool compared =
		piece->value.len > 0 && (piece->value.p[0] == '<' || piece->value.p[0] == '>');
	if (piece->not || !compared || !range_read(piece->value, true, &find->age_s))
		return value_bad(piece, "age:<7d or age:>12h; m, h, d or w behind a number.",
		                 fault);
	return 0;
}

static int due_read(const struct piece *piece, struct find *find, struct rpc_fault *fault)
{
	bool compared =
		piece->value.len > 0 && (piece->value.p[0] == '<' || piece->value.p[0] == '>');
	if (piece->not || !compared || !range_read(piece->value, true, &find->due_s))
		return value_bad(piece,
		                 "due:<2d: first contacts of the next two days, and those that are "
		                 "late; due:<=0d: late ones only.",
		                 fault);
	return 0;
}

/* ---- terms ---- */

static int term_add(struct find *find, const struct piece *piece, enum find_field field,
                    struct rpc_fault *fault)
{
	if (find->term_count == FIND_TERMS_MAX)
		return rpc_fault_set(fault, "T-USAGE", "Leave some of them out.",
		                     "At most %d filters.", FIND_TERMS_MAX);
	struct find_term *term = &find->term[find->term_count];
	*term = (struct find_term){ .field = field, .not = piece->not, .value = piece->value };
	if (field == FIND_KIND && kind_read(piece, term, fault) != 0)
		return -1;
	if (field == FIND_STATE && state_read(piece, term, fault) != 0)
		return -1;
	find->term_count++;
	return 0;
}

static int filter_take(struct find *find, const struct piece *piece, struct rpc_fault *fault)
{
	static const struct {
		const char *name;
		enum find_field field;
	} fields[] = { { "from", FIND_FROM },
		       { "company", FIND_COMPANY },
		       { "kind", FIND_KIND },
		       { "state", FIND_STATE },
		       { "tag", FIND_TAG } };
	if (piece->value.len == 0)
		return value_bad(piece, "Something must stand behind the \":\".", fault);
	if (name_is(piece->name, "due"))
		return due_read(piece, find, fault);
	if (name_is(piece->name, "warm"))
		return warm_read(piece, find, fault);
	if (name_is(piece->name, "age"))
		return age_read(piece, find, fault);
	size_t i = 0;
	while (!name_is(piece->name, fields[i].name))
		i++;
	return term_add(find, piece, fields[i].field, fault);
}

static void word_take(struct find *find, struct tuy_bytes word)
{
	if (find->words_len > 0)
		find->words[find->words_len++] = ' ';
	memcpy(find->words + find->words_len, word.p, word.len);
	find->words_len += word.len;
}

int find_parse(struct tuy_bytes text, struct find *find, struct rpc_fault *fault)
{
	struct piece piece;
	int there;
	*find = (struct find){ 0 };
	if (text.len > FIND_TEXT_MAX)
		return rpc_fault_set(fault, "T-USAGE", "", "At most %d bytes.", FIND_TEXT_MAX);
	while ((there = piece_next(&text, &piece)) > 0) {
		int bad = 0;
		if (piece.name.len > 0)
			bad = filter_take(find, &piece, fault);
		else if (piece.quoted || piece.not )
			bad = piece.value.len == 0
			              ? 0
			              : term_add(find, &piece,
			                         piece.quoted ? FIND_PHRASE : FIND_WORD, fault);
		else
			word_take(find, piece.whole);
		if (bad)
			return -1;
	}
	if (there < 0)
		return rpc_fault_set(fault, "T-USAGE", "In a shell: '\"exact words\"'",
		                     "A quotation mark is not closed.");
	return 0;
}

bool find_has(const struct find *find, enum find_field field)
{
	for (uint32_t i = 0; i < find->term_count; i++)
		if (find->term[i].field == field)
			return true;
	return false;
}

bool find_has_filter(const struct find *find)
{
	return find->term_count > 0 || find->warm.given || find->age_s.given || find->due_s.given;
}

struct tuy_bytes find_words(const struct find *find)
{
	return (struct tuy_bytes){ find->words, find->words_len };
}

bool find_is_about(const struct find *find)
{
	bool about =
		find->words_len > 0 || find->warm.given || find->age_s.given || find->due_s.given;
	for (uint32_t i = 0; i < find->term_count; i++)
		about = about || !find->term[i].not ;
	return about;
}

struct tuy_bytes find_index_text(const struct find *find, uint8_t room[FIND_TEXT_MAX])
{
	size_t len = find->words_len;
	memcpy(room, find->words, len);
	for (uint32_t i = 0; i < find->term_count; i++) {
		const struct find_term *term = &find->term[i];
		bool worded = term->field == FIND_TAG || term->field == FIND_COMPANY ||
		              term->field == FIND_PHRASE;
		if (term->not || !worded || len + 1 + term->value.len > FIND_TEXT_MAX)
			continue;
		room[len++] = ' ';
		memcpy(room + len, term->value.p, term->value.len);
		len += term->value.len;
	}
	return (struct tuy_bytes){ room, len };
}
