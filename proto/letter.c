#include "letter.h"
#include "hash.h"
#include "text.h"
#include <string.h>

#define LINE_COLUMNS 78
#define DAY_S        86400u
#define DAY_LAST     2932896u /* 9999-12-31 */
#define DATE_LEN     (TUY_LETTER_DAY_TEXT - 1)
#define NUMBER_LEN   (TUY_LETTER_NUMBER - 1)
#define LANGS        2
#define FILE_MAX     64

static const char marker[] = "(tuyau vouch v1)";
static const char crockford[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

enum need { OPTIONAL, REQUIRED };

/* PROTOCOL 10.4, the table. */
static const struct {
	const char *name;
	uint32_t max; /* bytes */
	enum need need;
	const char *label[LANGS];
} fields[TUY_LETTER_FIELDS] = {
	[TUY_LETTER_FROM] = { "from", 250, REQUIRED, { "From", "De" } },
	[TUY_LETTER_FOR] = { "for", 250, REQUIRED, { "For", "Pour" } },
	[TUY_LETTER_ABOUT] = { "about", 250, REQUIRED, { "About", "Au sujet" } },
	[TUY_LETTER_RELATION] = { "relation", 300, REQUIRED, { "Relation", "Relation" } },
	[TUY_LETTER_SINCE] = { "since", 60, OPTIONAL, { "Since", "Depuis" } },
	[TUY_LETTER_FACT] = { "facts", 300, REQUIRED, { "I have seen", "Je constate" } },
	[TUY_LETTER_LIMITS] = { "limits", 600, REQUIRED, { "I do not know", "Je ne sais pas" } },
	[TUY_LETTER_CALL] = { "call",
	                      40,
	                      REQUIRED,
	                      { "You may call me before you decide",
	                        "Vous pouvez m'appeler avant votre décision" } },
	[TUY_LETTER_MADE] = { "made", 0, OPTIONAL, { "Made on", "Fait le" } },
	[TUY_LETTER_EXPIRES] = { "expires", 0, REQUIRED, { "Valid until", "Valable jusqu'au" } },
	[TUY_LETTER_CHECK] = { "check", 0, REQUIRED, { "Check", "Vérifier" } },
};
static const char *const titles[LANGS] = { "LETTER OF RECOMMENDATION", "LETTRE DE RECOMMANDATION" };
static const char *const number_labels[LANGS] = { "Number", "Numéro" };
static const char *const no_words[LANGS] = { "no", "non" };

/* ---- small texts ---- */

static bool text_is(struct tuy_bytes text, const char *word)
{
	return text.len == strlen(word) && memcmp(text.p, word, text.len) == 0;
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static struct tuy_bytes trim(struct tuy_bytes text)
{
	while (text.len > 0 && text.p[0] == ' ') {
		text.p++;
		text.len--;
	}
	while (text.len > 0 && text.p[text.len - 1] == ' ')
		text.len--;
	return text;
}

/* Takes `word` off the beginning; false: it does not begin so, and nothing is taken. */
static bool word_take(struct tuy_bytes *text, const char *word)
{
	size_t len = strlen(word);
	if (text->len < len || memcmp(text->p, word, len) != 0)
		return false;
	text->p += len;
	text->len -= len;
	return true;
}

/* The first `len` bytes, or fewer. */
static struct tuy_bytes part_take(struct tuy_bytes *text, size_t len)
{
	struct tuy_bytes part = { text->p, text->len < len ? text->len : len };
	text->p += part.len;
	text->len -= part.len;
	return part;
}

/* What stands before the next blank. */
static struct tuy_bytes token_take(struct tuy_bytes *text)
{
	const uint8_t *end = text->len > 0 ? memchr(text->p, ' ', text->len) : NULL;
	return part_take(text, end ? (size_t)(end - text->p) : text->len);
}

static bool has_digit(struct tuy_bytes text)
{
	for (size_t i = 0; i < text.len; i++)
		if (is_digit(text.p[i]))
			return true;
	return false;
}

static bool number_parse(struct tuy_bytes text, char out[TUY_LETTER_NUMBER])
{
	if (text.len != NUMBER_LEN)
		return false;
	for (size_t i = 0; i < NUMBER_LEN; i++)
		if (text.p[i] == '\0' || !strchr(crockford, text.p[i]))
			return false;
	memcpy(out, text.p, NUMBER_LEN);
	out[NUMBER_LEN] = '\0';
	return true;
}

/* PROTOCOL 10.4: "A value has no blanks at its ends and no two side by side" */
static enum tuy_err value_check(enum tuy_letter_field field, struct tuy_bytes value)
{
	if (value.len > fields[field].max)
		return TUY_E_LIMIT;
	if (tuy_text_check(value, TUY_TEXT_ONE_LINE, NULL) != TUY_TEXT_CLEAN ||
	    memchr(value.p, '\0', value.len))
		return TUY_E_FORMAT;
	for (size_t i = 0; i < value.len; i++)
		if (value.p[i] == ' ' && (i == 0 || i + 1 == value.len || value.p[i + 1] == ' '))
			return TUY_E_FORMAT;
	return TUY_OK;
}

/* ---- days ---- */

static bool is_leap(uint32_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static uint32_t month_days(uint32_t year, uint32_t month)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

static uint32_t year_days(uint32_t year)
{
	return is_leap(year) ? 366 : 365;
}

static void digits_write(char *out, uint32_t number, size_t count)
{
	for (size_t i = count; i-- > 0; number /= 10)
		out[i] = (char)('0' + number % 10);
}

static bool digits_parse(const uint8_t *p, size_t count, uint32_t *number)
{
	uint64_t value = 0;
	for (size_t i = 0; i < count; i++) {
		if (!is_digit(p[i]))
			return false;
		value = value * 10 + (uint32_t)(p[i] - '0');
	}
	*number = (uint32_t)value;
	return value <= UINT32_MAX;
}

void tuy_letter_day_text(uint32_t day, char out[TUY_LETTER_DAY_TEXT])
{
	uint32_t year = 1970;
	uint32_t month = 1;
	tuy_require(day <= DAY_LAST);
	for (; day >= year_days(year); year++)
		day -= year_days(year);
	for (; day >= month_days(year, month); month++)
		day -= month_days(year, month);
	memcpy(out, "0000-00-00", TUY_LETTER_DAY_TEXT);
	digits_write(out, year, 4);
	digits_write(out + 5, month, 2);
	digits_write(out + 8, day + 1, 2);
}

enum tuy_err tuy_letter_day_parse(struct tuy_bytes text, uint32_t *day)
{
	uint32_t year;
	uint32_t month;
	uint32_t of_month;
	uint32_t days = 0;
	if (text.len != DATE_LEN || text.p[4] != '-' || text.p[7] != '-' ||
	    !digits_parse(text.p, 4, &year) || !digits_parse(text.p + 5, 2, &month) ||
	    !digits_parse(text.p + 8, 2, &of_month))
		return TUY_E_FORMAT;
	if (year < 1970 || month < 1 || month > 12 || of_month < 1 ||
	    of_month > month_days(year, month))
		return TUY_E_FORMAT;
	for (uint32_t y = 1970; y < year; y++)
		days += year_days(y);
	for (uint32_t m = 1; m < month; m++)
		days += month_days(year, m);
	*day = days + of_month - 1;
	return TUY_OK;
}

/* ---- writing ---- */

struct page {
	uint8_t *p;
	size_t size;
	size_t len;
	size_t column;
	bool full;
};

static void put(struct page *page, struct tuy_bytes text)
{
	if (page->full || text.len > page->size - page->len) {
		page->full = true;
		return;
	}
	if (text.len > 0)
		memcpy(page->p + page->len, text.p, text.len);
	page->len += text.len;
	page->column += tuy_text_columns(text);
}

static void put_str(struct page *page, const char *text)
{
	put(page, tuy_text_bytes(text));
}

static void put_end(struct page *page)
{
	put_str(page, "\n");
	page->column = 0;
}

/* A value in lines of LINE_COLUMNS, broken between words. */
static void put_wrapped(struct page *page, struct tuy_bytes value)
{
	const char *before = "";
	while (value.len > 0) {
		struct tuy_bytes word = token_take(&value);
		value = trim(value);
		if (*before != '\0' && page->column + 1 + tuy_text_columns(word) > LINE_COLUMNS) {
			put_end(page);
			before = "  ";
		}
		put_str(page, before);
		put(page, word);
		before = " ";
	}
}

static void put_label(struct page *page, enum tuy_letter_lang lang, enum tuy_letter_field field)
{
	put_str(page, fields[field].label[lang]);
	put_str(page, lang == TUY_LETTER_FR ? " : " : ": ");
}

static void put_field(struct page *page, enum tuy_letter_lang lang, enum tuy_letter_field field,
                      struct tuy_bytes value)
{
	if (value.len == 0)
		return;
	put_label(page, lang, field);
	put_wrapped(page, value);
	put_end(page);
}

static void put_title(struct page *page, enum tuy_letter_lang lang)
{
	put_str(page, titles[lang]);
	while (page->column + sizeof marker - 1 < LINE_COLUMNS - 2)
		put_str(page, " ");
	put_str(page, marker);
	put_end(page);
	put_end(page);
}

static void put_foot(struct page *page, const struct tuy_letter *letter, const char *file)
{
	char day[TUY_LETTER_DAY_TEXT];
	char key[TUY_MINISIGN_KEY_TEXT];
	tuy_letter_day_text(letter->made_day, day);
	put_end(page);
	put_field(page, letter->lang, TUY_LETTER_MADE, tuy_text_bytes(day));
	put_label(page, letter->lang, TUY_LETTER_EXPIRES);
	tuy_letter_day_text(letter->expires_day, day);
	put_str(page, day);
	put_str(page, "        ");
	put_str(page, number_labels[letter->lang]);
	put_str(page, letter->lang == TUY_LETTER_FR ? " : " : ": ");
	put_str(page, letter->number);
	put_end(page);
	put_label(page, letter->lang, TUY_LETTER_CHECK);
	put_str(page, "minisign -Vm ");
	put_str(page, file);
	put_str(page, " -P ");
	tuy_minisign_key_text(&letter->key, key);
	put_str(page, key);
	put_end(page);
}

/* ---- reading ---- */

struct reading {
	struct tuy_letter *letter;
	struct tuy_letter_fault *fault;
	struct tuy_bytes rest;
	uint8_t *room;
	size_t room_len;
	bool cut; /* the text does not end with a line feed */
};

static enum tuy_err fault_set(struct reading *r, enum tuy_letter_field field, enum tuy_err err)
{
	*r->fault = (struct tuy_letter_fault){ field, err };
	return err;
}

/* The next line, without its end. */
static bool line_take(struct reading *r, struct tuy_bytes *line)
{
	if (r->rest.len == 0)
		return false;
	const uint8_t *end = memchr(r->rest.p, '\n', r->rest.len);
	*line = part_take(&r->rest, end ? (size_t)(end - r->rest.p) : r->rest.len);
	if (end)
		(void)part_take(&r->rest, 1);
	else
		r->cut = true;
	return true;
}

static bool goes_on(struct tuy_bytes rest)
{
	return rest.len > 2 && rest.p[0] == ' ' && rest.p[1] == ' ';
}

/* Copies a value and the lines that go on with it into the room. It cannot overflow: the room is as
 * long as the longest text. */
static struct tuy_bytes value_gather(struct reading *r, struct tuy_bytes value)
{
	uint8_t *begin = r->room + r->room_len;
	size_t len = 0;
	for (;;) {
		value = trim(value);
		if (value.len > 0)
			memcpy(begin + len, value.p, value.len);
		len += value.len;
		if (!goes_on(r->rest) || !line_take(r, &value))
			break;
		begin[len++] = ' ';
	}
	r->room_len += len;
	return (struct tuy_bytes){ begin, len };
}

/* The field that a line begins with, of those from `least` on; FIELDS: none. */
static enum tuy_letter_field label_find(enum tuy_letter_lang lang, enum tuy_letter_field least,
                                        struct tuy_bytes label)
{
	for (int field = (int)least; field < TUY_LETTER_FIELDS; field++)
		if (text_is(label, fields[field].label[lang]))
			return (enum tuy_letter_field)field;
	return TUY_LETTER_FIELDS;
}

static enum tuy_err call_read(struct reading *r, struct tuy_bytes value)
{
	while (value.len > 0 && (value.p[value.len - 1] == '.' || value.p[value.len - 1] == ' '))
		value.len--;
	if (!has_digit(value) && !text_is(value, no_words[r->letter->lang]))
		return TUY_E_FORMAT;
	if (has_digit(value))
		r->letter->text[TUY_LETTER_CALL] = value;
	return value_check(TUY_LETTER_CALL, value);
}

static enum tuy_err expires_read(struct reading *r, struct tuy_bytes value)
{
	struct tuy_letter *letter = r->letter;
	struct tuy_bytes date = token_take(&value);
	value = trim(value);
	if (tuy_letter_day_parse(date, &letter->expires_day) != TUY_OK ||
	    !word_take(&value, number_labels[letter->lang]))
		return TUY_E_FORMAT;
	value = trim(value);
	if (!word_take(&value, ":") || !number_parse(trim(value), letter->number))
		return TUY_E_FORMAT;
	return TUY_OK;
}

static enum tuy_err check_read(struct reading *r, struct tuy_bytes value)
{
	if (!word_take(&value, "minisign -Vm "))
		return TUY_E_FORMAT;
	struct tuy_bytes file = token_take(&value);
	if (file.len == 0 || !word_take(&value, " -P "))
		return TUY_E_FORMAT;
	return tuy_minisign_key_parse(value, &r->letter->key);
}

static enum tuy_err text_read(struct reading *r, enum tuy_letter_field field,
                              struct tuy_bytes value)
{
	struct tuy_letter *letter = r->letter;
	if (value.len == 0)
		return TUY_E_SHORT;
	if (field != TUY_LETTER_FACT)
		letter->text[field] = value;
	else if (letter->fact_count == TUY_LETTER_FACTS_MAX)
		return TUY_E_LIMIT;
	else
		letter->fact[letter->fact_count++] = value;
	return value_check(field, value);
}

static enum tuy_err field_read(struct reading *r, enum tuy_letter_field field,
                               struct tuy_bytes value)
{
	switch (field) {
	case TUY_LETTER_CALL:
		return call_read(r, value);
	case TUY_LETTER_MADE:
		return tuy_letter_day_parse(value, &r->letter->made_day);
	case TUY_LETTER_EXPIRES:
		return expires_read(r, value);
	case TUY_LETTER_CHECK:
		return check_read(r, value);
	case TUY_LETTER_FROM:
	case TUY_LETTER_FOR:
	case TUY_LETTER_ABOUT:
	case TUY_LETTER_RELATION:
	case TUY_LETTER_SINCE:
	case TUY_LETTER_FACT:
	case TUY_LETTER_LIMITS:
	case TUY_LETTER_FIELDS:
		break;
	}
	return text_read(r, field, value);
}

/* The fields between the one read last and `field` must be such as may be missing. */
static enum tuy_err gap_check(struct reading *r, int least, int field)
{
	for (int i = least; i < field; i++)
		if (fields[i].need == REQUIRED &&
		    !(i == TUY_LETTER_FACT && r->letter->fact_count > 0))
			return fault_set(r, (enum tuy_letter_field)i, TUY_E_SHORT);
	return TUY_OK;
}

/* One field with the lines that go on with it. *least: the first one that may come now. */
static enum tuy_err line_read(struct reading *r, struct tuy_bytes line, int *least)
{
	enum tuy_letter_field field = TUY_LETTER_FIELDS;
	const uint8_t *colon = memchr(line.p, ':', line.len);
	if (colon)
		field = label_find(r->letter->lang, (enum tuy_letter_field) * least,
		                   trim((struct tuy_bytes){ line.p, (size_t)(colon - line.p) }));
	if (field == TUY_LETTER_FIELDS) {
		bool cut = *least < TUY_LETTER_FIELDS && (r->cut || (r->rest.len == 0 && !colon));
		return fault_set(r, cut ? TUY_LETTER_CHECK : TUY_LETTER_FIELDS,
		                 cut ? TUY_E_SHORT : TUY_E_FORMAT);
	}
	enum tuy_err err = gap_check(r, *least, (int)field);
	if (err)
		return err;
	struct tuy_bytes value = { colon + 1, (size_t)(line.p + line.len - colon - 1) };
	err = field_read(r, field, value_gather(r, value));
	if (err && r->cut)
		return fault_set(r, TUY_LETTER_CHECK, TUY_E_SHORT);
	*least = field == TUY_LETTER_FACT ? (int)field : (int)field + 1;
	return err ? fault_set(r, field, err) : TUY_OK;
}

static bool title_read(struct tuy_bytes line, enum tuy_letter_lang *lang)
{
	for (int i = 0; i < LANGS; i++) {
		struct tuy_bytes rest = line;
		if (word_take(&rest, titles[i]) && text_is(trim(rest), marker)) {
			*lang = (enum tuy_letter_lang)i;
			return true;
		}
	}
	return false;
}

/* ---- public ---- */

const char *tuy_letter_field_name(enum tuy_letter_field field)
{
	tuy_require(field < TUY_LETTER_FIELDS);
	return fields[field].name;
}

const char *tuy_letter_label(enum tuy_letter_lang lang, enum tuy_letter_field field)
{
	tuy_require(field < TUY_LETTER_FIELDS && (int)lang < LANGS);
	return fields[field].label[lang];
}

uint32_t tuy_letter_max(enum tuy_letter_field field)
{
	tuy_require(field < TUY_LETTER_FIELDS);
	return fields[field].max;
}

enum tuy_err tuy_letter_check(const struct tuy_letter *letter, struct tuy_letter_fault *fault)
{
	struct tuy_bytes number = { (const uint8_t *)letter->number, NUMBER_LEN };
	char same[TUY_LETTER_NUMBER];
	*fault = (struct tuy_letter_fault){ TUY_LETTER_FIELDS, TUY_OK };
	for (int field = 0; field < TUY_LETTER_MADE && !fault->err; field++) {
		uint32_t count = field == TUY_LETTER_FACT ? letter->fact_count : 1;
		const struct tuy_bytes *value =
			field == TUY_LETTER_FACT ? letter->fact : &letter->text[field];
		bool needed = fields[field].need == REQUIRED && field != TUY_LETTER_CALL;
		fault->field = (enum tuy_letter_field)field;
		if (count > TUY_LETTER_FACTS_MAX)
			fault->err = TUY_E_LIMIT;
		else if (needed && (count == 0 || value[0].len == 0))
			fault->err = TUY_E_SHORT;
		for (uint32_t i = 0; i < count && !fault->err; i++)
			if (value[i].len > 0)
				fault->err = value_check(fault->field, value[i]);
	}
	if (!fault->err && letter->text[TUY_LETTER_CALL].len > 0 &&
	    !has_digit(letter->text[TUY_LETTER_CALL]))
		*fault = (struct tuy_letter_fault){ TUY_LETTER_CALL, TUY_E_FORMAT };
	if (!fault->err && (letter->made_day > DAY_LAST || letter->expires_day > DAY_LAST ||
	                    letter->expires_day < letter->made_day ||
	                    letter->expires_day - letter->made_day > TUY_LETTER_DAYS_MAX))
		*fault = (struct tuy_letter_fault){ TUY_LETTER_EXPIRES, TUY_E_LIMIT };
	if (!fault->err && !number_parse(number, same))
		*fault = (struct tuy_letter_fault){ TUY_LETTER_EXPIRES, TUY_E_FORMAT };
	return fault->err;
}

enum tuy_err tuy_letter_write(const struct tuy_letter *letter, const char *file, uint8_t *out,
                              size_t out_size, size_t *len)
{
	enum tuy_letter_lang lang = letter->lang;
	struct page page = { .p = out, .size = out_size };
	size_t file_len = strlen(file);
	tuy_require(file_len > 0 && file_len <= FILE_MAX && !strchr(file, ' '));
	put_title(&page, lang);
	for (int field = TUY_LETTER_FROM; field <= TUY_LETTER_ABOUT; field++)
		put_field(&page, lang, (enum tuy_letter_field)field, letter->text[field]);
	put_end(&page);
	put_field(&page, lang, TUY_LETTER_RELATION, letter->text[TUY_LETTER_RELATION]);
	put_field(&page, lang, TUY_LETTER_SINCE, letter->text[TUY_LETTER_SINCE]);
	for (uint32_t i = 0; i < letter->fact_count; i++)
		put_field(&page, lang, TUY_LETTER_FACT, letter->fact[i]);
	put_field(&page, lang, TUY_LETTER_LIMITS, letter->text[TUY_LETTER_LIMITS]);
	struct tuy_bytes call = letter->text[TUY_LETTER_CALL];
	put_field(&page, lang, TUY_LETTER_CALL,
	          call.len > 0 ? call : tuy_text_bytes(no_words[lang]));
	put_foot(&page, letter, file);
	*len = page.len;
	return page.full ? TUY_E_FULL : TUY_OK;
}

bool tuy_letter_claimed(struct tuy_bytes text)
{
	const uint8_t *end = text.len > 0 ? memchr(text.p, '\n', text.len) : NULL;
	struct tuy_bytes line = { text.p, end ? (size_t)(end - text.p) : text.len };
	size_t len = sizeof marker - 1;
	line = trim(line);
	return line.len >= len && memcmp(line.p + line.len - len, marker, len) == 0;
}

enum tuy_err tuy_letter_read(struct tuy_bytes text, struct tuy_letter *letter,
                             uint8_t room[TUY_LETTER_MAX], struct tuy_letter_fault *fault)
{
	struct reading r = { .letter = letter, .fault = fault, .rest = text, .room = room };
	struct tuy_bytes line;
	int least = TUY_LETTER_FROM;
	*letter = (struct tuy_letter){ .made_day = TUY_LETTER_NO_DAY };
	*fault = (struct tuy_letter_fault){ TUY_LETTER_FIELDS, TUY_OK };
	if (text.len > TUY_LETTER_MAX)
		return fault_set(&r, TUY_LETTER_FIELDS, TUY_E_LIMIT);
	if (!line_take(&r, &line) || !title_read(line, &letter->lang))
		return fault_set(&r, TUY_LETTER_FIELDS, TUY_E_FORMAT);
	while (line_take(&r, &line)) {
		if (line.len == 0)
			continue;
		enum tuy_err err = line_read(&r, line, &least);
		if (err)
			return err;
	}
	if (least < TUY_LETTER_FIELDS || r.cut)
		return fault_set(&r, TUY_LETTER_CHECK, TUY_E_SHORT);
	return TUY_OK;
}

/* ---- the trusted comment ---- */

static size_t append(char *out, size_t at, const char *text)
{
	size_t len = strlen(text);
	tuy_require(at + len < TUY_LETTER_COMMENT);
	memcpy(out + at, text, len + 1);
	return at + len;
}

void tuy_letter_comment_write(const struct tuy_letter_comment *comment, const char *file,
                              char out[TUY_LETTER_COMMENT])
{
	char number[11] = "0000000000";
	char day[TUY_LETTER_DAY_TEXT];
	size_t first = 0;
	tuy_require(comment->kind != TUY_LETTER_NONE && strlen(file) <= FILE_MAX);
	digits_write(number, comment->time_s, 10);
	while (first < 9 && number[first] == '0')
		first++;
	size_t at = append(out, 0, "timestamp:");
	at = append(out, at, number + first);
	at = append(out, at, "\tfile:");
	at = append(out, at, file);
	at = append(out, at,
	            comment->kind == TUY_LETTER_VOUCH ? "\ttuyau:vouch v1 id="
	                                              : "\ttuyau:vouch-revoked v1 id=");
	at = append(out, at, comment->number);
	if (comment->kind != TUY_LETTER_VOUCH)
		return;
	tuy_letter_day_text(comment->expires_day, day);
	at = append(out, at, " expires=");
	(void)append(out, at, day);
}

void tuy_letter_comment_read(struct tuy_bytes text, struct tuy_letter_comment *comment)
{
	struct tuy_letter_comment out = { TUY_LETTER_VOUCH, 0, "", 0 };
	size_t digits = 0;
	*comment = (struct tuy_letter_comment){ TUY_LETTER_NONE, 0, "", 0 };
	if (!word_take(&text, "timestamp:"))
		return;
	while (digits < text.len && digits <= 10 && is_digit(text.p[digits]))
		digits++;
	if (digits == 0 || digits > 10 || !digits_parse(text.p, digits, &out.time_s))
		return;
	(void)part_take(&text, digits);
	if (!word_take(&text, "\tfile:"))
		return;
	const uint8_t *tab = text.len > 0 ? memchr(text.p, '\t', text.len) : NULL;
	(void)part_take(&text, tab ? (size_t)(tab - text.p) : text.len);
	if (word_take(&text, "\ttuyau:vouch-revoked v1 id="))
		out.kind = TUY_LETTER_REVOKED;
	else if (!word_take(&text, "\ttuyau:vouch v1 id="))
		return;
	if (!number_parse(part_take(&text, NUMBER_LEN), out.number))
		return;
	if (out.kind == TUY_LETTER_VOUCH &&
	    (!word_take(&text, " expires=") ||
	     tuy_letter_day_parse(part_take(&text, DATE_LEN), &out.expires_day) != TUY_OK))
		return;
	if (text.len == 0)
		*comment = out;
}

enum tuy_err tuy_letter_agree(const struct tuy_letter *letter, const struct tuy_minisign_key *key,
                              const struct tuy_letter_comment *comment)
{
	uint32_t made_day = letter->made_day;
	if (!tuy_minisign_key_equal(&letter->key, key))
		return TUY_E_UNKNOWN;
	if (comment->kind != TUY_LETTER_VOUCH || strcmp(comment->number, letter->number) != 0 ||
	    comment->expires_day != letter->expires_day)
		return TUY_E_CONFLICT;
	if (made_day == TUY_LETTER_NO_DAY)
		made_day = comment->time_s / DAY_S;
	if (letter->expires_day < made_day || letter->expires_day - made_day > TUY_LETTER_DAYS_MAX)
		return TUY_E_LIMIT;
	return TUY_OK;
}

void tuy_letter_number(const uint8_t random[5], char out[TUY_LETTER_NUMBER])
{
	uint64_t bits = 0;
	for (size_t i = 0; i < 5; i++)
		bits = bits << 8 | random[i];
	for (size_t i = 0; i < NUMBER_LEN; i++)
		out[i] = crockford[bits >> (35 - 5 * i) & 31];
	out[NUMBER_LEN] = '\0';
}

struct tuy_tag tuy_letter_nonce(const struct tuy_letter_pk *pk,
                                const char number[TUY_LETTER_NUMBER])
{
	struct tuy_bytes digits = { (const uint8_t *)number, NUMBER_LEN };
	struct tuy_bytes none = { NULL, 0 };
	struct tuy_hash hash = tuy_hash("tuyau letter v1", TUY_BYTES(pk->b), digits, none);
	struct tuy_tag nonce;
	memcpy(nonce.b, hash.b, sizeof nonce.b);
	return nonce;
}
