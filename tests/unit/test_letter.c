/* The text of vouch letters, the comment under them, and what revokes them (PROTOCOL 10.4, 10.5).
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "../../proto/hash.h"
#include "../../proto/letter.h"
#include "../../proto/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY 20000u /* 2024-10-04 */

static struct tuy_letter letter;
static struct tuy_letter read;
static struct tuy_letter_fault fault;
static uint8_t room[TUY_LETTER_MAX];
static uint8_t text[TUY_LETTER_MAX];
static size_t text_len;
static char longest[601];

static int set_up(void **state)
{
	(void)state;
	letter = (struct tuy_letter){
		.lang = TUY_LETTER_FR,
		.text = { [TUY_LETTER_FROM] = tuy_text_bytes("Alice Martin, Armor Infogérance"),
		          [TUY_LETTER_FOR] = tuy_text_bytes("la directrice financière"),
		          [TUY_LETTER_ABOUT] = tuy_text_bytes("Farid Expertise"),
		          [TUY_LETTER_RELATION] = tuy_text_bytes("cliente"),
		          [TUY_LETTER_LIMITS] = tuy_text_bytes("les groupes : plus de 500"),
		          [TUY_LETTER_CALL] = tuy_text_bytes("01 99 00 45 67") },
		.fact = { tuy_text_bytes("délais tenus"), tuy_text_bytes("un interlocuteur") },
		.fact_count = 2,
		.made_day = DAY,
		.expires_day = DAY + 90,
		.number = "7KQ2M9XD",
		.key = { { 1, 2, 3 }, { { 4, 5, 6 } } },
	};
	memset(longest, 'x', sizeof longest - 1);
	return 0;
}

static struct tuy_bytes written(void)
{
	assert_int_equal(tuy_letter_check(&letter, &fault), TUY_OK);
	assert_int_equal(tuy_letter_write(&letter, "lettre.txt", text, sizeof text, &text_len),
	                 TUY_OK);
	return (struct tuy_bytes){ text, text_len };
}

static void same(struct tuy_bytes a, struct tuy_bytes b)
{
	assert_int_equal(a.len, b.len);
	if (a.len > 0)
		assert_memory_equal(a.p, b.p, a.len);
}

static void same_letter(void)
{
	assert_int_equal(read.lang, letter.lang);
	for (int i = 0; i < TUY_LETTER_MADE; i++)
		same(read.text[i], letter.text[i]);
	assert_int_equal(read.fact_count, letter.fact_count);
	for (uint32_t i = 0; i < letter.fact_count; i++)
		same(read.fact[i], letter.fact[i]);
	assert_int_equal(read.made_day, letter.made_day);
	assert_int_equal(read.expires_day, letter.expires_day);
	assert_string_equal(read.number, letter.number);
	assert_true(tuy_minisign_key_equal(&read.key, &letter.key));
}

/* The text with the line that begins so replaced. */
static struct tuy_bytes line_swapped(const char *begins, const char *other)
{
	static char out[2 * TUY_LETTER_MAX];
	char *copy = strndup((const char *)text, text_len);
	char *rest = copy;
	int found = 0;
	out[0] = '\0';
	for (char *line = strsep(&rest, "\n"); line && rest; line = strsep(&rest, "\n")) {
		int here = strncmp(line, begins, strlen(begins)) == 0;
		found += here;
		strcat(out, here ? other : line);
		strcat(out, here ? "" : "\n");
	}
	free(copy);
	assert_int_equal(found, 1);
	return tuy_text_bytes(out);
}

static void refused(struct tuy_bytes bytes, enum tuy_letter_field field, enum tuy_err err)
{
	assert_int_equal(tuy_letter_read(bytes, &read, room, &fault), err);
	assert_int_equal(fault.err, err);
	assert_int_equal(fault.field, field);
}

static void comes_back_as_it_was_written(void **state)
{
	(void)state;
	for (int lang = 0; lang < 2; lang++) {
		letter.lang = (enum tuy_letter_lang)lang;
		assert_int_equal(tuy_letter_read(written(), &read, room, &fault), TUY_OK);
		same_letter();
		assert_true(tuy_letter_claimed(written()));
	}
	letter.text[TUY_LETTER_CALL].len = 0;
	letter.text[TUY_LETTER_SINCE] = tuy_text_bytes("mars 2022");
	assert_int_equal(tuy_letter_read(written(), &read, room, &fault), TUY_OK);
	same_letter();
}

static void the_longest_letter_fits_and_its_lines_are_short(void **state)
{
	(void)state;
	for (int i = 0; i < TUY_LETTER_MADE; i++) {
		static char words[TUY_LETTER_MADE][601];
		for (size_t k = 0; k < sizeof words[i] - 1; k++)
			words[i][k] = k % 7 == 3 ? ' ' : i == TUY_LETTER_CALL ? '1' : 'w';
		letter.text[i] = (struct tuy_bytes){ (uint8_t *)words[i],
			                             tuy_letter_max((enum tuy_letter_field)i) };
		if (words[i][letter.text[i].len - 1] == ' ')
			words[i][letter.text[i].len - 1] = 'w';
	}
	for (letter.fact_count = 0; letter.fact_count < TUY_LETTER_FACTS_MAX; letter.fact_count++)
		letter.fact[letter.fact_count] = letter.text[TUY_LETTER_RELATION];
	letter.text[TUY_LETTER_FACT].len = 0;
	assert_int_equal(tuy_letter_read(written(), &read, room, &fault), TUY_OK);
	same_letter();
	for (size_t i = 0, column = 0; i < text_len; i++) {
		column = text[i] == '\n' ? 0 : column + 1;
		assert_true(column <= 78 || i > text_len - 120); /* the key is longer */
	}
	assert_int_equal(tuy_letter_write(&letter, "l", text, 100, &text_len), TUY_E_FULL);
}

static void every_required_field_is_missed(void **state)
{
	static const enum tuy_letter_field needed[] = { TUY_LETTER_FROM,   TUY_LETTER_FOR,
		                                        TUY_LETTER_ABOUT,  TUY_LETTER_RELATION,
		                                        TUY_LETTER_LIMITS, TUY_LETTER_CALL,
		                                        TUY_LETTER_EXPIRES };
	(void)state;
	written();
	for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++)
		refused(line_swapped(tuy_letter_label(TUY_LETTER_FR, needed[i]), ""), needed[i],
		        TUY_E_SHORT);
	letter.fact_count = 1;
	written();
	refused(line_swapped("Je constate", ""), TUY_LETTER_FACT, TUY_E_SHORT);
}

static void what_may_be_missing_may(void **state)
{
	(void)state;
	written();
	assert_int_equal(tuy_letter_read(line_swapped("Fait le", ""), &read, room, &fault), TUY_OK);
	assert_int_equal(read.made_day, TUY_LETTER_NO_DAY);
}

static void a_text_cut_anywhere_is_refused(void **state)
{
	(void)state;
	written();
	size_t title = (size_t)((uint8_t *)memchr(text, '\n', text_len) - text);
	for (size_t len = title + 1; len < text_len; len++) {
		struct tuy_bytes part = { text, len };
		assert_int_not_equal(tuy_letter_read(part, &read, room, &fault), TUY_OK);
	}
	refused((struct tuy_bytes){ text, text_len - 1 }, TUY_LETTER_CHECK, TUY_E_SHORT);
	refused((struct tuy_bytes){ text, text_len - 9 }, TUY_LETTER_CHECK, TUY_E_SHORT);
	refused((struct tuy_bytes){ text, text_len / 2 }, TUY_LETTER_CHECK, TUY_E_SHORT);
}

static void refuses_what_is_not_of_the_form(void **state)
{
	(void)state;
	written();
	refused(line_swapped("Relation", "Relation :  \n"), TUY_LETTER_RELATION, TUY_E_SHORT);
	refused(line_swapped("Relation", "Relation : a  b\n"), TUY_LETTER_RELATION, TUY_E_FORMAT);
	refused(line_swapped("Relation", "Relation : a\033b\n"), TUY_LETTER_RELATION, TUY_E_FORMAT);
	refused(line_swapped("Relation", "Relation : a\xff\n"), TUY_LETTER_RELATION, TUY_E_FORMAT);
	refused(line_swapped("Relation", "Relations : a\n"), TUY_LETTER_FIELDS, TUY_E_FORMAT);
	refused(line_swapped("Relation", "Relation : a\nRelation : b\n"), TUY_LETTER_FIELDS,
	        TUY_E_FORMAT);
	refused(line_swapped("Relation", "Relation : a\nPour : b\n"), TUY_LETTER_FIELDS,
	        TUY_E_FORMAT);
	refused(line_swapped("Vous", "Vous pouvez m'appeler avant votre décision : oui\n"),
	        TUY_LETTER_CALL, TUY_E_FORMAT);
	refused(line_swapped("Valable", "Valable jusqu'au : 2025-02-29 Numéro : 7KQ2M9XD\n"),
	        TUY_LETTER_EXPIRES, TUY_E_FORMAT);
	refused(line_swapped("Valable", "Valable jusqu'au : 2025-02-28 Numéro : 7KQ2M9XU\n"),
	        TUY_LETTER_EXPIRES, TUY_E_FORMAT);
	refused(line_swapped("Vérifier", "Vérifier : gpg -v\n"), TUY_LETTER_CHECK, TUY_E_FORMAT);
	char key[TUY_MINISIGN_KEY_TEXT];
	char more[300];
	tuy_minisign_key_text(&letter.key, key);
	snprintf(more, sizeof more, "Vérifier : minisign -Vm l -P %s\nPS\n", key);
	refused(line_swapped("Vérifier", more), TUY_LETTER_FIELDS, TUY_E_FORMAT);
	refused(tuy_text_bytes("LETTRE (tuyau vouch v2)\n"), TUY_LETTER_FIELDS, TUY_E_FORMAT);
	refused(tuy_text_bytes(""), TUY_LETTER_FIELDS, TUY_E_FORMAT);
	assert_false(tuy_letter_claimed(tuy_text_bytes("LETTRE (tuyau vouch v2)\n")));
}

static void lines_go_on_as_mail_wraps_them(void **state)
{
	(void)state;
	written();
	struct tuy_bytes bytes =
		line_swapped("Relation", "Relation:cliente\n      depuis\n  mars 2022.\n");
	assert_int_equal(tuy_letter_read(bytes, &read, room, &fault), TUY_OK);
	same(read.text[TUY_LETTER_RELATION], tuy_text_bytes("cliente depuis mars 2022."));
}

static void a_letter_that_is_written_is_checked(void **state)
{
	struct tuy_letter good = letter;
	(void)state;
	letter.text[TUY_LETTER_LIMITS].len = 0;
	assert_int_equal(tuy_letter_check(&letter, &fault), TUY_E_SHORT);
	assert_int_equal(fault.field, TUY_LETTER_LIMITS);
	letter = good;
	letter.fact_count = 0;
	assert_int_equal(tuy_letter_check(&letter, &fault), TUY_E_SHORT);
	assert_int_equal(fault.field, TUY_LETTER_FACT);
	letter = good;
	letter.text[TUY_LETTER_LIMITS] = (struct tuy_bytes){ (uint8_t *)longest, 601 };
	assert_int_equal(tuy_letter_check(&letter, &fault), TUY_E_LIMIT);
	letter = good;
	letter.text[TUY_LETTER_FOR] = tuy_text_bytes("two\nlines");
	assert_int_equal(tuy_letter_check(&letter, &fault), TUY_E_FORMAT);
	letter = good;
	letter.expires_day++;
	assert_int_equal(tuy_letter_check(&letter, &fault), TUY_E_LIMIT);
	assert_int_equal(fault.field, TUY_LETTER_EXPIRES);
	letter.expires_day = letter.made_day - 1;
	assert_int_equal(tuy_letter_check(&letter, &fault), TUY_E_LIMIT);
}

static void same_comment(const struct tuy_letter_comment *a, const struct tuy_letter_comment *b)
{
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->time_s, b->time_s);
	assert_string_equal(a->number, b->number);
	assert_int_equal(a->expires_day, b->expires_day);
}

static void the_trusted_comment_comes_back(void **state)
{
	static const char *const wrong[] = {
		"",
		"timestamp:\tfile:l\ttuyau:vouch v1 id=7KQ2M9XD expires=2026-02-20",
		"timestamp:99999999999\tfile:l\ttuyau:vouch v1 id=7KQ2M9XD expires=2026-02-20",
		"timestamp:1\tfile:l\ttuyau:vouch v2 id=7KQ2M9XD expires=2026-02-20",
		"timestamp:1\tfile:l\ttuyau:vouch v1 id=7KQ2M9XD expires=2026-02-20 ",
		"timestamp:1\tfile:l\ttuyau:vouch v1 id=7KQ2M9XD",
		"timestamp:1\tfile:l\ttuyau:vouch-revoked v1 id=7KQ2M9X",
		"timestamp:1\tfile:l\thashed",
	};
	struct tuy_letter_comment comment = { TUY_LETTER_VOUCH, 1763800000, "7KQ2M9XD", DAY };
	struct tuy_letter_comment again;
	char out[TUY_LETTER_COMMENT];
	(void)state;
	tuy_letter_comment_write(&comment, "l.txt", out);
	assert_string_equal(out, "timestamp:1763800000\tfile:l.txt\ttuyau:vouch v1 id=7KQ2M9XD "
	                         "expires=2024-10-04");
	tuy_letter_comment_read(tuy_text_bytes(out), &again);
	same_comment(&again, &comment);
	comment = (struct tuy_letter_comment){ TUY_LETTER_REVOKED, 0, "7KQ2M9XD", 0 };
	tuy_letter_comment_write(&comment, "l.txt.revoked", out);
	tuy_letter_comment_read(tuy_text_bytes(out), &again);
	same_comment(&again, &comment);
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		tuy_letter_comment_read(tuy_text_bytes(wrong[i]), &again);
		assert_int_equal(again.kind, TUY_LETTER_NONE);
	}
}

static void text_and_signature_must_agree(void **state)
{
	struct tuy_letter_comment comment = { TUY_LETTER_VOUCH, DAY * 86400, "7KQ2M9XD", DAY + 90 };
	struct tuy_minisign_key other = letter.key;
	(void)state;
	assert_int_equal(tuy_letter_agree(&letter, &letter.key, &comment), TUY_OK);
	other.pk.b[31] ^= 1;
	assert_int_equal(tuy_letter_agree(&letter, &other, &comment), TUY_E_UNKNOWN);
	comment.number[0] = '8';
	assert_int_equal(tuy_letter_agree(&letter, &letter.key, &comment), TUY_E_CONFLICT);
	comment.number[0] = '7';
	comment.kind = TUY_LETTER_REVOKED;
	assert_int_equal(tuy_letter_agree(&letter, &letter.key, &comment), TUY_E_CONFLICT);
	comment.kind = TUY_LETTER_VOUCH;
	letter.made_day--;
	assert_int_equal(tuy_letter_agree(&letter, &letter.key, &comment), TUY_E_LIMIT);
	letter.made_day = TUY_LETTER_NO_DAY; /* the timestamp stands for it */
	assert_int_equal(tuy_letter_agree(&letter, &letter.key, &comment), TUY_OK);
	comment.time_s -= 1;
	assert_int_equal(tuy_letter_agree(&letter, &letter.key, &comment), TUY_E_LIMIT);
}

static void days_are_those_of_the_calendar(void **state)
{
	static const struct {
		uint32_t day;
		const char *text;
	} days[] = { { 0, "1970-01-01" },      { 59, "1970-03-01" },    { 11016, "2000-02-29" },
		     { 20505, "2026-02-21" },  { 47540, "2100-02-28" }, { 47541, "2100-03-01" },
		     { 2932896, "9999-12-31" } };
	static const char *const wrong[] = { "2026-02-29", "2026-13-01", "2026-00-01", "2026-01-00",
		                             "1969-12-31", "2026-1-01",  "2026-01-1x", "" };
	char out[TUY_LETTER_DAY_TEXT];
	uint32_t day;
	(void)state;
	for (size_t i = 0; i < sizeof days / sizeof days[0]; i++) {
		tuy_letter_day_text(days[i].day, out);
		assert_string_equal(out, days[i].text);
		assert_int_equal(tuy_letter_day_parse(tuy_text_bytes(out), &day), TUY_OK);
		assert_int_equal(day, days[i].day);
	}
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		assert_int_equal(tuy_letter_day_parse(tuy_text_bytes(wrong[i]), &day),
		                 TUY_E_FORMAT);
}

static void a_number_is_eight_characters(void **state)
{
	static const uint8_t low[5] = { 0, 0, 0, 0, 1 };
	static const uint8_t high[5] = { 0xff, 0xff, 0xff, 0xff, 0xff };
	char out[TUY_LETTER_NUMBER];
	(void)state;
	tuy_letter_number(low, out);
	assert_string_equal(out, "00000001");
	tuy_letter_number(high, out);
	assert_string_equal(out, "ZZZZZZZZ");
}

static void the_letter_made_elsewhere_is_read(void **state)
{
	static uint8_t bytes[TUY_LETTER_MAX];
	(void)state;
	FILE *in = fopen(TUY_FIXTURES_DIR "/vouch/lettre.txt", "rb");
	assert_non_null(in);
	size_t len = fread(bytes, 1, sizeof bytes, in);
	fclose(in);
	assert_int_equal(tuy_letter_read((struct tuy_bytes){ bytes, len }, &read, room, &fault),
	                 TUY_OK);
	same(read.text[TUY_LETTER_FROM], tuy_text_bytes("Alice Martin, Armor Infogérance"));
	same(read.text[TUY_LETTER_CALL], tuy_text_bytes("01 99 00 45 67"));
	same(read.fact[0], tuy_text_bytes("délais tenus les deux années ; un seul interlocuteur ; "
	                                  "pas de dépassement d'honoraires."));
	assert_string_equal(read.number, "7KQ2M9XD");
	assert_int_equal(read.made_day, TUY_LETTER_NO_DAY);
}

static void its_revocation_is_named_by_key_and_number(void **state)
{
	struct tuy_tag a = tuy_letter_nonce(&letter.key.pk, "7KQ2M9XD");
	struct tuy_tag b = tuy_letter_nonce(&letter.key.pk, "7KQ2M9XE");
	struct tuy_letter_pk other = letter.key.pk;
	uint8_t joined[32 + 8];
	(void)state;
	memcpy(joined, other.b, 32);
	memcpy(joined + 32, "7KQ2M9XD", 8);
	struct tuy_bytes none = { NULL, 0 };
	struct tuy_hash wanted = tuy_hash("tuyau letter v1", TUY_BYTES(joined), none, none);
	assert_memory_equal(a.b, wanted.b, sizeof a.b);
	assert_memory_not_equal(a.b, b.b, sizeof a.b);
	other.b[0] ^= 1;
	b = tuy_letter_nonce(&other, "7KQ2M9XD");
	assert_memory_not_equal(a.b, b.b, sizeof a.b);
}

#define SAYS(function) cmocka_unit_test_setup(function, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SAYS(comes_back_as_it_was_written),
		SAYS(the_longest_letter_fits_and_its_lines_are_short),
		SAYS(every_required_field_is_missed),
		SAYS(what_may_be_missing_may),
		SAYS(a_text_cut_anywhere_is_refused),
		SAYS(refuses_what_is_not_of_the_form),
		SAYS(lines_go_on_as_mail_wraps_them),
		SAYS(a_letter_that_is_written_is_checked),
		SAYS(the_trusted_comment_comes_back),
		SAYS(text_and_signature_must_agree),
		SAYS(days_are_those_of_the_calendar),
		SAYS(a_number_is_eight_characters),
		SAYS(the_letter_made_elsewhere_is_read),
		SAYS(its_revocation_is_named_by_key_and_number),
	};
	return cmocka_run_group_tests_name("letter", tests, NULL, NULL);
}
