#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "../../proto/record.h"

#define DOC_MAX   16384
#define TEXT(s)   ((struct tuy_bytes){ (const uint8_t *)(s), sizeof(s) - 1 })
#define BIT(kind) (UINT32_C(1) << (kind))

static uint8_t doc_bytes[DOC_MAX];
static uint8_t long_text[8192]; /* all 'x' */

static struct tuy_bytes xs(size_t len)
{
	assert_true(len <= sizeof long_text);
	memset(long_text, 'x', sizeof long_text);
	return (struct tuy_bytes){ long_text, len };
}

static void text_set(struct tuy_record *record, enum tuy_field field, struct tuy_bytes text)
{
	record->value[field].present = true;
	record->value[field].text = text;
}

static void number_set(struct tuy_record *record, enum tuy_field field, uint64_t number)
{
	record->value[field].present = true;
	record->value[field].number = number;
}

/* A record of `kind` with what the kind must have and nothing else. */
static struct tuy_record least_of(enum tuy_record_kind kind)
{
	struct tuy_record record;
	memset(&record, 0, sizeof record);
	record.kind = kind;
	memset(record.nonce.b, 0x11, sizeof record.nonce.b);
	record.rev = 3;
	if (kind == TUY_RECORD_TIP)
		text_set(&record, TUY_FIELD_TITLE, TEXT("A title"));
	if (kind == TUY_RECORD_ASK) {
		text_set(&record, TUY_FIELD_TEXT, TEXT("A text"));
		number_set(&record, TUY_FIELD_ASK, 2);
	}
	if (kind == TUY_RECORD_PROFILE || kind == TUY_RECORD_CIRCLE)
		text_set(&record, TUY_FIELD_NAME, TEXT("A name"));
	record.has_ref = tuy_record_is_act(kind);
	if (kind == TUY_RECORD_AWARD)
		text_set(&record, TUY_FIELD_TO, xs(32));
	if (kind == TUY_RECORD_CARD || kind == TUY_RECORD_PROGRESS || kind == TUY_RECORD_OUTCOME)
		text_set(&record, TUY_FIELD_OF, xs(10));
	if (kind == TUY_RECORD_PROGRESS || kind == TUY_RECORD_OUTCOME)
		number_set(&record, TUY_FIELD_STEP, 1);
	return record;
}

static const enum tuy_record_kind written_kinds[] = {
	TUY_RECORD_PROFILE,  TUY_RECORD_TIP,     TUY_RECORD_ASK,       TUY_RECORD_CIRCLE,
	TUY_RECORD_ANSWER,   TUY_RECORD_CLAIM,   TUY_RECORD_AWARD,     TUY_RECORD_CARD,
	TUY_RECORD_PROGRESS, TUY_RECORD_OUTCOME, TUY_RECORD_GIVE_BACK, TUY_RECORD_CLOSED,
	TUY_RECORD_WITHDRAW, TUY_RECORD_REOPEN,  TUY_RECORD_THANKS,
};
#define KINDS 15

/* The same with every field it may have, each as long as it may be. */
static struct tuy_record most_of(enum tuy_record_kind kind)
{
	struct tuy_record record = least_of(kind);
	for (int f = TUY_FIELD_TITLE; f < TUY_FIELD_END; f++) {
		const struct tuy_field_rule *rule = tuy_field_rule((enum tuy_field)f);
		struct tuy_value *value = &record.value[f];
		if (!(rule->kinds & BIT(kind)))
			continue;
		value->present = true;
		value->number = rule->max;
		if (rule->type == TUY_TYPE_STR || rule->type == TUY_TYPE_BIN)
			value->text = xs(rule->max);
		if (rule->type == TUY_TYPE_LIST) {
			value->count = rule->max;
			for (uint32_t i = 0; i < rule->max; i++)
				value->item[i] = xs(TUY_TAG_MAX);
		}
	}
	if (kind == TUY_RECORD_TIP)
		record.value[TUY_FIELD_LINK].text = TEXT("client");
	if (kind == TUY_RECORD_ASK || kind == TUY_RECORD_ANSWER)
		record.value[TUY_FIELD_TEXT].text = xs(1000);
	else if (kind != TUY_RECORD_TIP && record.value[TUY_FIELD_TEXT].present)
		record.value[TUY_FIELD_TEXT].text = xs(500);
	record.has_ref = true;
	memset(record.ref.b, 0x22, sizeof record.ref.b);
	return record;
}

static enum tuy_err check(const struct tuy_record *record, enum tuy_field *field)
{
	struct tuy_record_fault fault;
	enum tuy_err err = tuy_record_check(record, &fault);
	assert_int_equal(err, fault.err);
	*field = fault.field;
	return err;
}

static void assert_fault(const struct tuy_record *record, enum tuy_field field, enum tuy_err err)
{
	enum tuy_field found;
	assert_int_equal(check(record, &found), err);
	assert_int_equal(found, field);
}

static void assert_fine(const struct tuy_record *record)
{
	assert_fault(record, (enum tuy_field)0, TUY_OK);
}

static struct tuy_bytes record_write(const struct tuy_record *record)
{
	struct tuy_writer w = tuy_writer(doc_bytes, sizeof doc_bytes);
	assert_int_equal(tuy_record_write(record, &w), TUY_OK);
	return tuy_written(&w);
}

/* Reads a copy of exactly the size of `doc`, so that a read past its end is seen; what is read is
 * gone afterwards but for kind, nonce, rev and ref. */
static enum tuy_err exact_read(struct tuy_bytes doc, struct tuy_record *record)
{
	uint8_t *copy = malloc(doc.len ? doc.len : 1);
	assert_non_null(copy);
	if (doc.len > 0)
		memcpy(copy, doc.p, doc.len);
	static struct tuy_record untouched;
	memset(record, 0xa5, sizeof *record);
	memset(&untouched, 0xa5, sizeof untouched);
	enum tuy_err err = tuy_record_read((struct tuy_bytes){ copy, doc.len }, record);
	if (err)
		assert_memory_equal(record, &untouched, sizeof untouched);
	free(copy);
	return err;
}

static void assert_unreadable(struct tuy_bytes doc)
{
	struct tuy_record record;
	enum tuy_err err = exact_read(doc, &record);
	assert_true(err == TUY_E_FORMAT || err == TUY_E_LIMIT);
}

static void assert_text(struct tuy_bytes a, struct tuy_bytes b)
{
	assert_int_equal(a.len, b.len);
	if (a.len > 0)
		assert_memory_equal(a.p, b.p, a.len);
}

static void assert_record_equal(const struct tuy_record *a, const struct tuy_record *b)
{
	assert_int_equal(a->kind, b->kind);
	assert_memory_equal(a->nonce.b, b->nonce.b, sizeof a->nonce.b);
	assert_int_equal(a->rev, b->rev);
	assert_int_equal(a->has_ref, b->has_ref);
	assert_memory_equal(a->ref.b, b->ref.b, sizeof a->ref.b);
	for (int f = TUY_FIELD_TITLE; f < TUY_FIELD_END; f++) {
		const struct tuy_value *x = &a->value[f], *y = &b->value[f];
		enum tuy_field_type type = tuy_field_rule((enum tuy_field)f)->type;
		assert_int_equal(x->present, y->present);
		if (!x->present)
			continue;
		if (type == TUY_TYPE_STR || type == TUY_TYPE_BIN)
			assert_text(x->text, y->text);
		else if (type != TUY_TYPE_LIST)
			assert_true(x->number == y->number);
		else
			assert_int_equal(x->count, y->count);
		for (uint32_t i = 0; type == TUY_TYPE_LIST && i < x->count; i++)
			assert_text(x->item[i], y->item[i]);
	}
}

/* ---- the table ---- */

static void names_and_keys_of_fields_are_unique(void **state)
{
	(void)state;
	for (int f = TUY_FIELD_TITLE; f < TUY_FIELD_END; f++) {
		const struct tuy_field_rule *rule = tuy_field_rule((enum tuy_field)f);
		assert_non_null(rule);
		assert_int_equal(rule->field, f);
		struct tuy_bytes name = { (const uint8_t *)rule->name, strlen(rule->name) };
		assert_ptr_equal(tuy_field_rule_named(name), rule);
		assert_int_equal(rule->kinds == 0, f == TUY_FIELD_LOG || f == TUY_FIELD_SEQS);
		assert_int_equal(rule->required & ~rule->kinds, 0);
	}
	assert_null(tuy_field_rule(TUY_FIELD_END));
	assert_null(tuy_field_rule((enum tuy_field)3));
	assert_null(tuy_field_rule_named(TEXT("titl")));
	assert_null(tuy_field_rule_named(TEXT("titles")));
	assert_null(tuy_field_rule_named(TEXT("")));
}

static void the_table_is_the_one_of_the_specification(void **state)
{
	(void)state;
	static const struct {
		int key;
		const char *name;
		uint32_t max;
	} some[] = { { 4, "title", 120 },     { 8, "siren", 14 },       { 12, "warmth", 5 },
		     { 14, "link", 16 },      { 17, "when", 32 },       { 18, "tags", 8 },
		     { 19, "lang", 8 },       { 21, "claims", 2 },      { 22, "ask", 5 },
		     { 24, "blurb", 600 },    { 26, "why", 400 },       { 27, "name", 120 },
		     { 29, "sells", 300 },    { 30, "looks_for", 300 }, { 31, "not_for", 200 },
		     { 34, "reach", 120 },    { 35, "log", 16 },        { 37, "to", 32 },
		     { 39, "of", 10 },        { 40, "step", 7 },        { 43, "reason", 40 },
		     { 47, "how", 7 },        { 51, "size", 40 },       { 52, "until", UINT32_MAX },
		     { 53, "hide_count", 1 }, { 54, "letter", 6144 },   { 55, "signature", 2048 } };
	for (size_t i = 0; i < sizeof some / sizeof some[0]; i++) {
		const struct tuy_field_rule *rule = tuy_field_rule((enum tuy_field)some[i].key);
		assert_string_equal(rule->name, some[i].name);
		assert_int_equal(rule->max, some[i].max);
	}
	assert_int_equal(TUY_FIELD_END, 56);
	for (int f = TUY_FIELD_TITLE; f < TUY_FIELD_END; f++)
		assert_int_equal(tuy_field_rule((enum tuy_field)f)->multiline,
		                 f == TUY_FIELD_TEXT || f == TUY_FIELD_BLURB ||
		                         f == TUY_FIELD_LETTER || f == TUY_FIELD_SIGNATURE);
}

/* ---- round trips ---- */

static void each_kind_round_trips_with_least_and_most(void **state)
{
	(void)state;
	for (unsigned int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < KINDS; i++) {
			struct tuy_record record =
				pass ? most_of(written_kinds[i]) : least_of(written_kinds[i]);
			struct tuy_record again;
			assert_fine(&record);
			struct tuy_bytes doc = record_write(&record);
			assert_int_equal(tuy_scan(doc, TUY_CANONICAL), TUY_OK);
			assert_int_equal(tuy_record_read(doc, &again), TUY_OK);
			assert_record_equal(&record, &again);
		}
	}
}

static void the_bytes_are_canonical_and_in_order_of_keys(void **state)
{
	(void)state;
	static const uint8_t wanted[] = "\x86"         /* six pairs */
					"\x00\x02"     /* kind TIP */
					"\x01\xc4\x10" /* nonce */
					"\x11\x11\x11\x11\x11\x11\x11\x11"
					"\x11\x11\x11\x11\x11\x11\x11\x11"
					"\x02\x03" /* rev */
					"\x04\xa7"
					"A title"
					"\x0d\xc3" /* told */
					"\x12\x92\xa1"
					"a"
					"\xa1"
					"b"; /* tags */
	struct tuy_record record = least_of(TUY_RECORD_TIP);
	struct tuy_value *tags = &record.value[TUY_FIELD_TAGS];
	number_set(&record, TUY_FIELD_TOLD, 1);
	tags->present = true;
	tags->count = 2;
	tags->item[0] = TEXT("a");
	tags->item[1] = TEXT("b");
	struct tuy_bytes doc = record_write(&record);
	assert_int_equal(doc.len, sizeof wanted - 1);
	assert_memory_equal(doc.p, wanted, doc.len);
}

static void a_short_buffer_is_reported(void **state)
{
	(void)state;
	struct tuy_record record = most_of(TUY_RECORD_PROFILE);
	size_t whole = record_write(&record).len;
	for (size_t cap = 0; cap < whole; cap += 7) {
		uint8_t *buffer = malloc(cap ? cap : 1);
		assert_non_null(buffer);
		struct tuy_writer w = tuy_writer(buffer, cap);
		assert_int_equal(tuy_record_write(&record, &w), TUY_E_FULL);
		free(buffer);
	}
}

/* ---- rules ---- */

static void refuses_a_record_without_a_required_field(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		for (int f = TUY_FIELD_TITLE; f < TUY_FIELD_END; f++) {
			struct tuy_record record = least_of(written_kinds[i]);
			if (!record.value[f].present)
				continue;
			record.value[f].present = false;
			assert_fault(&record, (enum tuy_field)f, TUY_E_SHORT);
			assert_unreadable(record_write(&record));
			if (tuy_field_rule((enum tuy_field)f)->type != TUY_TYPE_STR)
				continue;
			text_set(&record, (enum tuy_field)f, TEXT(""));
			assert_fault(&record, (enum tuy_field)f, TUY_E_SHORT);
			assert_unreadable(record_write(&record));
		}
	}
}

static void accepts_an_empty_text_where_none_is_required(void **state)
{
	(void)state;
	struct tuy_record record = least_of(TUY_RECORD_TIP), again;
	text_set(&record, TUY_FIELD_TEXT, (struct tuy_bytes){ NULL, 0 });
	assert_fine(&record);
	assert_int_equal(exact_read(record_write(&record), &again), TUY_OK);
	assert_true(again.value[TUY_FIELD_TEXT].present);
}

static void refuses_every_text_that_is_one_byte_too_long(void **state)
{
	(void)state;
	unsigned int tried = 0;
	for (size_t i = 0; i < KINDS; i++) {
		for (int f = TUY_FIELD_TITLE; f < TUY_FIELD_END; f++) {
			struct tuy_record record = most_of(written_kinds[i]);
			struct tuy_value *value = &record.value[f];
			enum tuy_field_type type = tuy_field_rule((enum tuy_field)f)->type;
			if (!value->present || type != TUY_TYPE_STR)
				continue;
			value->text = xs(f == TUY_FIELD_LINK ? 17 : value->text.len + 1);
			assert_fault(&record, (enum tuy_field)f, TUY_E_LIMIT);
			assert_unreadable(record_write(&record));
			tried++;
		}
	}
	assert_int_equal(tried, 64);
}

static void an_act_names_what_it_is_about(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		struct tuy_record record = least_of(written_kinds[i]);
		record.has_ref = false;
		assert_fault(&record, (enum tuy_field)0,
		             tuy_record_is_act(record.kind) ? TUY_E_FORMAT : TUY_OK);
	}
}

static void an_id_has_exactly_its_bytes(void **state)
{
	(void)state;
	static const size_t lens[] = { 0, 9, 10, 11, 31, 32, 33 };
	for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
		struct tuy_record award = least_of(TUY_RECORD_AWARD);
		text_set(&award, TUY_FIELD_TO, xs(lens[i]));
		assert_fault(&award, lens[i] == 32 ? (enum tuy_field)0 : TUY_FIELD_TO,
		             lens[i] == 32 ? TUY_OK : TUY_E_FORMAT);
		award = least_of(TUY_RECORD_AWARD);
		text_set(&award, TUY_FIELD_OF, xs(lens[i]));
		assert_fault(&award, lens[i] == 10 ? (enum tuy_field)0 : TUY_FIELD_OF,
		             lens[i] == 10 ? TUY_OK : TUY_E_FORMAT);
	}
}

static void an_ask_has_a_shorter_text_than_a_tip(void **state)
{
	(void)state;
	struct tuy_record ask = least_of(TUY_RECORD_ASK), tip = least_of(TUY_RECORD_TIP);
	text_set(&ask, TUY_FIELD_TEXT, xs(1000));
	assert_fine(&ask);
	text_set(&ask, TUY_FIELD_TEXT, xs(1001));
	assert_fault(&ask, TUY_FIELD_TEXT, TUY_E_LIMIT);
	text_set(&tip, TUY_FIELD_TEXT, xs(2000));
	assert_fine(&tip);
	text_set(&tip, TUY_FIELD_TEXT, xs(2001));
	assert_fault(&tip, TUY_FIELD_TEXT, TUY_E_LIMIT);
}

static void tags_are_8_of_40_bytes(void **state)
{
	(void)state;
	struct tuy_record record = most_of(TUY_RECORD_TIP), again;
	struct tuy_value *tags = &record.value[TUY_FIELD_TAGS];
	tags->item[7] = xs(41);
	assert_fault(&record, TUY_FIELD_TAGS, TUY_E_LIMIT);
	assert_unreadable(record_write(&record));
	tags->item[7] = TEXT("two\nlines");
	assert_fault(&record, TUY_FIELD_TAGS, TUY_E_FORMAT);
	assert_unreadable(record_write(&record));
	tags->item[7] = TEXT("one");
	tags->count = 9;
	assert_fault(&record, TUY_FIELD_TAGS, TUY_E_LIMIT);
	/* Nine tags on the wire. */
	struct tuy_writer w = tuy_writer(doc_bytes, sizeof doc_bytes);
	tuy_write_map(&w, 5);
	tuy_write_uint(&w, 0);
	tuy_write_uint(&w, TUY_RECORD_TIP);
	tuy_write_uint(&w, 1);
	tuy_write_bin(&w, record.nonce.b, sizeof record.nonce.b);
	tuy_write_uint(&w, 2);
	tuy_write_uint(&w, 0);
	tuy_write_uint(&w, TUY_FIELD_TITLE);
	tuy_write_str(&w, "t", 1);
	tuy_write_uint(&w, TUY_FIELD_TAGS);
	tuy_write_array(&w, 9);
	for (unsigned int i = 0; i < 9; i++)
		tuy_write_str(&w, "t", 1);
	assert_int_equal(exact_read(tuy_written(&w), &again), TUY_E_LIMIT);
}

static void numbers_stay_in_their_ranges(void **state)
{
	(void)state;
	struct tuy_record tip = least_of(TUY_RECORD_TIP), ask = least_of(TUY_RECORD_ASK);
	for (uint64_t n = 0; n <= 6; n++) {
		number_set(&tip, TUY_FIELD_WARMTH, n);
		assert_fault(&tip, n <= 5 ? (enum tuy_field)0 : TUY_FIELD_WARMTH,
		             n <= 5 ? TUY_OK : TUY_E_FORMAT);
		number_set(&ask, TUY_FIELD_ASK, n);
		assert_fault(&ask, n >= 1 && n <= 5 ? (enum tuy_field)0 : TUY_FIELD_ASK,
		             n >= 1 && n <= 5 ? TUY_OK : TUY_E_FORMAT);
	}
	assert_unreadable(record_write(&tip));
	assert_unreadable(record_write(&ask));
	number_set(&tip, TUY_FIELD_WARMTH, 5);
	number_set(&tip, TUY_FIELD_CLAIMS, 3);
	assert_fault(&tip, TUY_FIELD_CLAIMS, TUY_E_FORMAT);
	number_set(&tip, TUY_FIELD_CLAIMS, UINT64_MAX);
	assert_unreadable(record_write(&tip));
	number_set(&tip, TUY_FIELD_CLAIMS, 2);
	number_set(&tip, TUY_FIELD_TOLD, 2);
	assert_fault(&tip, TUY_FIELD_TOLD, TUY_E_FORMAT);
}

static void link_is_one_of_five_words(void **state)
{
	(void)state;
	static const char *const words[] = { "client", "colleague", "friend", "supplier", "heard" };
	struct tuy_record tip = least_of(TUY_RECORD_TIP);
	for (size_t i = 0; i < 5; i++) {
		text_set(&tip, TUY_FIELD_LINK,
		         (struct tuy_bytes){ (const uint8_t *)words[i], strlen(words[i]) });
		assert_fine(&tip);
	}
	static const char *const others[] = { "", "Client", "clien", "clients", "boss" };
	for (size_t i = 0; i < 5; i++) {
		text_set(&tip, TUY_FIELD_LINK,
		         (struct tuy_bytes){ (const uint8_t *)others[i], strlen(others[i]) });
		assert_fault(&tip, TUY_FIELD_LINK, TUY_E_FORMAT);
		assert_unreadable(record_write(&tip));
	}
}

static void refuses_a_field_that_the_kind_does_not_have(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		for (int f = TUY_FIELD_TITLE; f < TUY_FIELD_END; f++) {
			struct tuy_record record = least_of(written_kinds[i]);
			if (tuy_field_rule((enum tuy_field)f)->kinds & BIT(written_kinds[i]))
				continue;
			record.value[f].present = true;
			assert_fault(&record, (enum tuy_field)f, TUY_E_FORMAT);
		}
	}
	struct tuy_record none = least_of((enum tuy_record_kind)0);
	assert_fault(&none, (enum tuy_field)0, TUY_E_FORMAT);
}

/* ---- characters ---- */

static size_t utf8_write(uint32_t c, uint8_t out[4])
{
	if (c < 0x80) {
		out[0] = (uint8_t)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (uint8_t)(0xc0 | c >> 6);
		out[1] = (uint8_t)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (uint8_t)(0xe0 | c >> 12);
		out[1] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
		out[2] = (uint8_t)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (uint8_t)(0xf0 | c >> 18);
	out[1] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
	out[2] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
	out[3] = (uint8_t)(0x80 | (c & 0x3f));
	return 4;
}

/* What the specification forbids, written as code points. */
static bool forbidden(uint32_t c, bool multiline)
{
	if (c == '\n' || c == '\t')
		return !multiline;
	return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x61c || c == 0x200e || c == 0x200f ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

static void every_character_is_judged_by_its_code_point(void **state)
{
	(void)state;
	struct tuy_record tip = least_of(TUY_RECORD_TIP);
	unsigned int refused = 0;
	for (uint32_t c = 1; c <= 0x10ffff; c += c < 0x3000 ? 1 : 0x101) {
		uint8_t text[6] = { 'a' };
		enum tuy_field found;
		if (c >= 0xd800 && c <= 0xdfff)
			continue;
		size_t len = 1 + utf8_write(c, text + 1);
		text[len] = 'b';
		for (unsigned int tail = 0; tail < 2; tail++) {
			struct tuy_bytes span = { text, len + tail };
			text_set(&tip, TUY_FIELD_TITLE, span);
			text_set(&tip, TUY_FIELD_TEXT, TEXT(""));
			enum tuy_err err = check(&tip, &found);
			assert_int_equal(err, forbidden(c, false) ? TUY_E_FORMAT : TUY_OK);
			refused += err != TUY_OK;
			text_set(&tip, TUY_FIELD_TITLE, TEXT("t"));
			text_set(&tip, TUY_FIELD_TEXT, span);
			err = check(&tip, &found);
			assert_int_equal(err, forbidden(c, true) ? TUY_E_FORMAT : TUY_OK);
		}
	}
	assert_int_equal(refused, 2 * (31 + 33 + 1 + 2 + 7 + 4));
}

static void refuses_control_and_bidi_characters_on_reading(void **state)
{
	(void)state;
	static const char *const bad[] = { "a\nb",          "a\x1b[31mb", "a\x7f",
		                           "a\xc2\x85",     "\xd8\x9c",   "a\xe2\x80\xae",
		                           "\xe2\x81\xa9 b" };
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct tuy_record tip = least_of(TUY_RECORD_TIP);
		text_set(&tip, TUY_FIELD_TITLE,
		         (struct tuy_bytes){ (const uint8_t *)bad[i], strlen(bad[i]) });
		assert_fault(&tip, TUY_FIELD_TITLE, TUY_E_FORMAT);
		assert_unreadable(record_write(&tip));
	}
}

static void refuses_text_that_is_not_utf8(void **state)
{
	(void)state;
	struct tuy_record tip = least_of(TUY_RECORD_TIP);
	static const char *const bad[] = { "\xc3", "\xff", "\xc0\xaf", "\xed\xa0\x80", "\xe2\x80" };
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		text_set(&tip, TUY_FIELD_TITLE,
		         (struct tuy_bytes){ (const uint8_t *)bad[i], strlen(bad[i]) });
		assert_fault(&tip, TUY_FIELD_TITLE, TUY_E_FORMAT);
		assert_unreadable(record_write(&tip));
	}
	text_set(&tip, TUY_FIELD_TITLE, TEXT("a\0b"));
	assert_fault(&tip, TUY_FIELD_TITLE, TUY_E_FORMAT);
}

/* ---- reading what others write ---- */

static void refuses_every_truncation_and_a_byte_more(void **state)
{
	(void)state;
	struct tuy_record record = most_of(TUY_RECORD_CIRCLE);
	struct tuy_bytes doc = record_write(&record);
	for (size_t len = 0; len < doc.len; len++)
		assert_unreadable((struct tuy_bytes){ doc.p, len });
	doc_bytes[doc.len] = 0xc0;
	assert_unreadable((struct tuy_bytes){ doc.p, doc.len + 1 });
}

/* A TIP whose pairs are written one by one; `skip` is the key that is left out, `wrong` the one
 * whose value becomes `[]`; 99 for none. */
static struct tuy_bytes tip_write(uint32_t skip, uint32_t wrong)
{
	static const uint8_t zeros[16];
	static const uint32_t keys[] = { 0, 1, 2, 3, 4, 5, 12, 13, 18 };
	struct tuy_writer w = tuy_writer(doc_bytes, sizeof doc_bytes);
	tuy_write_map(&w, skip == 99 ? 9 : 8);
	for (size_t i = 0; i < 9; i++) {
		if (keys[i] == skip)
			continue;
		tuy_write_uint(&w, keys[i]);
		if (keys[i] == wrong)
			tuy_write_array(&w, 0);
		else if (keys[i] == 1 || keys[i] == 3)
			tuy_write_bin(&w, zeros, keys[i] == 1 ? 16 : 10);
		else if (keys[i] == 4 || keys[i] == 5)
			tuy_write_str(&w, "t", 1);
		else if (keys[i] == 13)
			tuy_write_bool(&w, false);
		else if (keys[i] == 18)
			tuy_write_array(&w, 0);
		else
			tuy_write_uint(&w, 2);
	}
	return tuy_written(&w);
}

static void needs_kind_nonce_and_rev_but_no_ref(void **state)
{
	(void)state;
	struct tuy_record record;
	assert_int_equal(exact_read(tip_write(99, 99), &record), TUY_OK);
	assert_true(record.has_ref);
	assert_int_equal(exact_read(tip_write(3, 99), &record), TUY_OK);
	assert_false(record.has_ref);
	assert_int_equal(exact_read(tip_write(0, 99), &record), TUY_E_FORMAT);
	assert_int_equal(exact_read(tip_write(1, 99), &record), TUY_E_FORMAT);
	assert_int_equal(exact_read(tip_write(2, 99), &record), TUY_E_FORMAT);
	assert_int_equal(exact_read(tip_write(4, 99), &record), TUY_E_FORMAT);
}

static void refuses_a_value_of_the_wrong_type(void **state)
{
	(void)state;
	static const uint32_t keys[] = { 0, 1, 2, 3, 4, 5, 12, 13 };
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		assert_unreadable(tip_write(99, keys[i]));
	/* nonce and ref of other sizes */
	struct tuy_bytes doc = tip_write(99, 99);
	assert_int_equal(doc_bytes[5], 16);
	assert_int_equal(doc_bytes[26], 10);
	doc_bytes[26] = 9;
	assert_unreadable(doc);
}

static void skips_unknown_keys_and_fields_of_other_kinds(void **state)
{
	(void)state;
	struct tuy_record record;
	struct tuy_bytes doc = tip_write(99, 99);
	doc_bytes[0] += 3;
	/* 22 is ask's key, of another type; 60 a map; 2^32 a text */
	static const uint8_t more[] = "\x16\xa3"
				      "tip"
				      "\x3c\x81\x01\x91\xc0"
				      "\xcf\0\0\0\1\0\0\0\0\xa1y";
	memcpy(doc_bytes + doc.len, more, sizeof more - 1);
	doc.len += sizeof more - 1;
	assert_int_equal(exact_read(doc, &record), TUY_OK);
	assert_false(record.value[TUY_FIELD_ASK].present);
	assert_true(record.value[TUY_FIELD_TITLE].present);
	doc_bytes[doc.len - 1] = 0xff; /* canonical they must be */
	assert_unreadable(doc);
}

static void keeps_a_kind_it_does_not_write(void **state)
{
	(void)state;
	static const uint32_t kinds[] = { 4, 11, 16, 18, 19, 31, 32, 33, 127, 128, INT32_MAX };
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		struct tuy_record record;
		uint8_t nonce[16];
		memset(nonce, 7, sizeof nonce);
		struct tuy_writer w = tuy_writer(doc_bytes, sizeof doc_bytes);
		tuy_write_map(&w, 5);
		tuy_write_uint(&w, 0);
		tuy_write_uint(&w, kinds[i]);
		tuy_write_uint(&w, 1);
		tuy_write_bin(&w, nonce, sizeof nonce);
		tuy_write_uint(&w, 2);
		tuy_write_uint(&w, UINT32_MAX);
		tuy_write_uint(&w, 3);
		tuy_write_bin(&w, nonce, 10);
		tuy_write_uint(&w, TUY_FIELD_TITLE); /* of a type we do not know there */
		tuy_write_uint(&w, 1);
		assert_int_equal(exact_read(tuy_written(&w), &record), TUY_OK);
		assert_int_equal(record.kind, kinds[i]);
		assert_memory_equal(record.nonce.b, nonce, sizeof nonce);
		assert_true(record.rev == UINT32_MAX);
		assert_true(record.has_ref);
		assert_memory_equal(record.ref.b, nonce, 10);
		assert_false(record.value[TUY_FIELD_TITLE].present);
	}
}

static void refuses_what_is_no_canonical_map(void **state)
{
	(void)state;
	assert_unreadable(TEXT(""));
	assert_unreadable(TEXT("\x80"));
	assert_unreadable(TEXT("\x90"));
	assert_unreadable(TEXT("\xc0"));
	struct tuy_bytes doc = tip_write(99, 99);
	doc_bytes[22] = 1; /* the key of rev: 1 a second time */
	assert_unreadable(doc);
}

/* ---- ids and names ---- */

static void an_object_id_depends_on_circle_author_and_nonce(void **state)
{
	(void)state;
	struct tuy_circle circle = { { 1 } };
	struct tuy_member author = { { 2 } };
	struct tuy_tag nonce = { { 3 } };
	uint8_t all[80] = { 0 };
	all[0] = 1;
	all[32] = 2;
	all[64] = 3;
	struct tuy_bytes none = { NULL, 0 };
	struct tuy_hash hash = tuy_hash("tuyau object v1", TUY_BYTES(all), none, none);
	struct tuy_object id = tuy_object_id(&circle, &author, &nonce);
	assert_memory_equal(id.b, hash.b, sizeof id.b);
	nonce.b[15] ^= 1;
	struct tuy_object other = tuy_object_id(&circle, &author, &nonce);
	assert_memory_not_equal(id.b, other.b, sizeof id.b);
}

static void names_of_asks_go_both_ways(void **state)
{
	(void)state;
	static const char *const names[] = { "profile", "intro", "vouch", "news", "supplier" };
	for (uint64_t ask = 1; ask <= 5; ask++) {
		const char *name = tuy_ask_name(ask);
		assert_string_equal(name, names[ask - 1]);
		struct tuy_bytes bytes = { (const uint8_t *)name, strlen(name) };
		assert_true(tuy_ask_named(bytes) == ask);
	}
	assert_null(tuy_ask_name(0));
	assert_null(tuy_ask_name(6));
	assert_null(tuy_ask_name(UINT64_MAX));
	assert_true(tuy_ask_named(TEXT("")) == 0);
	assert_true(tuy_ask_named(TEXT("intros")) == 0);
	assert_true(tuy_ask_named(TEXT("Intro")) == 0);
}

#define TEST(sentence, fn)                                                                         \
	{                                                                                          \
		sentence, fn, NULL, NULL, NULL                                                     \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST("names and keys of fields are unique", names_and_keys_of_fields_are_unique),
		TEST("the table is the one of the specification",
		     the_table_is_the_one_of_the_specification),
		TEST("each kind round trips with the least and the most it may have",
		     each_kind_round_trips_with_least_and_most),
		TEST("the bytes are canonical and in order of keys",
		     the_bytes_are_canonical_and_in_order_of_keys),
		TEST("reports a short buffer", a_short_buffer_is_reported),
		TEST("refuses a record without a required field",
		     refuses_a_record_without_a_required_field),
		TEST("accepts an empty text where none is required",
		     accepts_an_empty_text_where_none_is_required),
		TEST("refuses every text that is one byte too long",
		     refuses_every_text_that_is_one_byte_too_long),
		TEST("an act names what it is about", an_act_names_what_it_is_about),
		TEST("an id has exactly its bytes", an_id_has_exactly_its_bytes),
		TEST("an ask has a shorter text than a tip", an_ask_has_a_shorter_text_than_a_tip),
		TEST("tags are 8 of 40 bytes", tags_are_8_of_40_bytes),
		TEST("numbers stay in their ranges", numbers_stay_in_their_ranges),
		TEST("link is one of five words", link_is_one_of_five_words),
		TEST("refuses a field that the kind does not have",
		     refuses_a_field_that_the_kind_does_not_have),
		TEST("every character is judged by its code point",
		     every_character_is_judged_by_its_code_point),
		TEST("refuses control and bidi characters on reading",
		     refuses_control_and_bidi_characters_on_reading),
		TEST("refuses text that is not UTF-8", refuses_text_that_is_not_utf8),
		TEST("refuses every truncation and a byte more",
		     refuses_every_truncation_and_a_byte_more),
		TEST("needs kind, nonce and rev but no ref", needs_kind_nonce_and_rev_but_no_ref),
		TEST("refuses a value of the wrong type", refuses_a_value_of_the_wrong_type),
		TEST("skips unknown keys and fields of other kinds",
		     skips_unknown_keys_and_fields_of_other_kinds),
		TEST("keeps a kind it does not write", keeps_a_kind_it_does_not_write),
		TEST("refuses what is no canonical map", refuses_what_is_no_canonical_map),
		TEST("an object id depends on circle, author and nonce",
		     an_object_id_depends_on_circle_author_and_nonce),
		TEST("names of asks go both ways", names_of_asks_go_both_ways),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
