/* Requests and answers of the local socket as bytes: params, fields of records, and the builder. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "../../daemon/rpc_params.h"
#include "../../daemon/rpc_reply.h"
#include "../../proto/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct rpc_fault fault;

/* A map with one text. */
static struct tuy_bytes map_one(uint8_t room[4096], const char *key, const char *text)
{
	struct tuy_writer w = tuy_writer(room, 4096);
	tuy_write_map(&w, 1);
	tuy_write_str(&w, key, strlen(key));
	tuy_write_str(&w, text, strlen(text));
	return tuy_written(&w);
}

static struct tuy_bytes map_number(uint8_t room[4096], const char *key, uint64_t number)
{
	struct tuy_writer w = tuy_writer(room, 4096);
	tuy_write_map(&w, 1);
	tuy_write_str(&w, key, strlen(key));
	tuy_write_uint(&w, number);
	return tuy_written(&w);
}

/* What a request [0, 7, "m", [{}, second, third]] is read as; NULL: left out. */
static enum tuy_err request_lang(const char *second, const char *third, enum lang *lang)
{
	uint8_t room[64];
	struct tuy_writer w = tuy_writer(room, sizeof room);
	struct rpc_request request = { 0 };
	size_t len = 0;
	tuy_write_array(&w, 4);
	tuy_write_uint(&w, 0);
	tuy_write_uint(&w, 7);
	tuy_write_str(&w, "m", 1);
	tuy_write_array(&w, third ? 3 : second ? 2 : 1);
	tuy_write_map(&w, 0);
	if (second)
		tuy_write_str(&w, second, strlen(second));
	if (third)
		tuy_write_str(&w, third, strlen(third));
	enum tuy_err err = rpc_request_read(tuy_written(&w), &request, &len);
	*lang = request.lang;
	return err;
}

static void request_languages(void **state)
{
	enum lang lang;
	(void)state;
	assert_int_equal(request_lang("fr", NULL, &lang), TUY_OK);
	assert_int_equal(lang, LANG_FR);
	assert_int_equal(request_lang("en", NULL, &lang), TUY_OK);
	assert_int_equal(lang, LANG_EN);
	assert_int_equal(request_lang("", NULL, &lang), TUY_OK);
	assert_int_equal(lang, LANG_EN);
	assert_int_equal(request_lang(NULL, NULL, &lang), TUY_OK);
	assert_int_equal(lang, LANG_EN);
	assert_int_not_equal(request_lang("fr", "en", &lang), TUY_OK);
}

static void params_found(void **state)
{
	uint8_t room[256];
	struct tuy_writer w = tuy_writer(room, sizeof room);
	struct tuy_bytes text = { 0 };
	uint32_t number = 5;
	bool flag = false;
	(void)state;
	tuy_write_map(&w, 5);
	tuy_write_str(&w, "name", 4);
	tuy_write_str(&w, "Lise", 4);
	tuy_write_str(&w, "days", 4);
	tuy_write_uint(&w, 30);
	tuy_write_str(&w, "all", 3);
	tuy_write_bool(&w, true);
	tuy_write_str(&w, "none", 4);
	tuy_write_nil(&w);
	tuy_write_str(&w, "empty", 5);
	tuy_write_str(&w, "", 0);
	struct tuy_bytes map = tuy_written(&w);
	assert_int_equal(rpc_param_text(map, "name", 4, &text, &fault), 1);
	assert_memory_equal(text.p, "Lise", 4);
	assert_int_equal(rpc_param_uint(map, "days", 1, 30, &number, &fault), 1);
	assert_int_equal(number, 30);
	assert_int_equal(rpc_param_flag(map, "all", &flag, &fault), 1);
	assert_true(flag);
	assert_int_equal(rpc_param_text(map, "none", 4, &text, &fault), 0);
	assert_int_equal(rpc_param_text(map, "empty", 4, &text, &fault), 0);
	assert_int_equal(rpc_param_text(map, "nam", 4, &text, &fault), 0);
	assert_int_equal(rpc_params_check(map, " name days all none empty ", &fault), 0);
}

static void params_refused(void **state)
{
	uint8_t room[4096];
	struct tuy_bytes text = { 0 };
	uint32_t number = 5;
	bool flag = false;
	(void)state;
	struct tuy_bytes map = map_one(room, "days", "sept");
	assert_int_equal(rpc_param_uint(map, "days", 1, 30, &number, &fault), -1);
	assert_string_equal(fault.message, "days must be a number of 1 to 30.");
	assert_string_equal(fault.code, "T-USAGE");
	assert_int_equal(rpc_param_flag(map, "days", &flag, &fault), -1);
	assert_int_equal(rpc_param_text(map, "days", 3, &text, &fault), -1);
	assert_string_equal(fault.message, "days: 4 bytes; at most 3.");
	assert_int_equal(rpc_param_map(map, "days", &text, &fault), -1);
	map = map_number(room, "days", 31);
	assert_int_equal(rpc_param_uint(map, "days", 1, 30, &number, &fault), -1);
	assert_int_equal(number, 5);
	assert_int_equal(rpc_param_text(map, "days", 3, &text, &fault), -1);
}

static void lines_that_are_kept_are_clean(void **state)
{
	static const char *const bad[] = { "a\nb", "a\tb", "\x1b[31m", "a\xc2\x9b",
		                           "\xe2\x80\xae" };
	uint8_t room[4096];
	struct tuy_bytes text = { 0 };
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct tuy_bytes map = map_one(room, "query", bad[i]);
		assert_int_equal(rpc_param_line(map, "query", 40, &text, &fault), -1);
		assert_string_equal(fault.code, "T-USAGE");
	}
	struct tuy_bytes map = map_one(room, "query", "réseau -it");
	assert_int_equal(rpc_param_line(map, "query", 40, &text, &fault), 1);
	assert_int_equal(rpc_param_line(map, "query", 4, &text, &fault), -1);
	assert_int_equal(rpc_param_line(map, "none", 4, &text, &fault), 0);
}

static void params_known(void **state)
{
	uint8_t room[4096];
	(void)state;
	struct tuy_bytes map = map_one(room, "a b", "x");
	assert_int_equal(rpc_params_check(map, " a b ", &fault), -1);
	map = map_one(room, "", "x");
	assert_int_equal(rpc_params_check(map, " a ", &fault), -1);
	map = map_one(room,
	              "\xe2\x80\xae"
	              "evil",
	              "x");
	assert_int_equal(rpc_params_check(map, " a ", &fault), -1);
	assert_null(strstr(fault.message, "\xe2\x80\xae"));
	map = map_one(room, "phone", "06");
	assert_int_equal(rpc_params_check(map, " circle fields life_s ", &fault), -1);
	assert_string_equal(fault.code, "T-USAGE");
	assert_int_equal(rpc_params_check((struct tuy_bytes){ 0 }, " ", &fault), 0);
}

static void fields_all(void **state)
{
	uint8_t room[512];
	struct tuy_writer w = tuy_writer(room, sizeof room);
	struct tuy_record record = { .kind = TUY_RECORD_TIP };
	(void)state;
	tuy_write_map(&w, 8);
	tuy_write_str(&w, "title", 5);
	tuy_write_str(&w, "Wi-Fi", 5);
	tuy_write_str(&w, "need", 4);
	tuy_write_str(&w, "3 sites\nvite", 12);
	tuy_write_str(&w, "warmth", 6);
	tuy_write_uint(&w, 3);
	tuy_write_str(&w, "told", 4);
	tuy_write_bool(&w, true);
	tuy_write_str(&w, "tags", 4);
	tuy_write_array(&w, 2);
	tuy_write_str(&w, "wifi", 4);
	tuy_write_str(&w, "lan", 3);
	tuy_write_str(&w, "claims", 6);
	tuy_write_str(&w, "many", 4);
	tuy_write_str(&w, "company", 7);
	tuy_write_str(&w, "", 0);
	tuy_write_str(&w, "role", 4);
	tuy_write_nil(&w);
	assert_int_equal(rpc_fields_read(tuy_written(&w), &record, &fault), 0);
	assert_int_equal(rpc_record_check(&record, &fault), 0);
	assert_int_equal(record.value[TUY_FIELD_TEXT].text.len, 12);
	assert_int_equal(record.value[TUY_FIELD_WARMTH].number, 3);
	assert_int_equal(record.value[TUY_FIELD_TOLD].number, 1);
	assert_int_equal(record.value[TUY_FIELD_TAGS].count, 2);
	assert_int_equal(record.value[TUY_FIELD_CLAIMS].number, 2);
	assert_string_equal(rpc_claims_name(2), "many");
	assert_false(record.value[TUY_FIELD_COMPANY].present);
	assert_false(record.value[TUY_FIELD_ROLE].present);
}

static void fields_merged(void **state)
{
	uint8_t room[4096];
	struct tuy_record record = { .kind = TUY_RECORD_PROFILE };
	(void)state;
	assert_int_equal(rpc_fields_read(map_one(room, "name", "Lise"), &record, &fault), 0);
	uint8_t more[4096];
	assert_int_equal(rpc_fields_read(map_one(more, "seat", "notaire"), &record, &fault), 0);
	assert_int_equal(rpc_record_check(&record, &fault), 0);
	assert_true(record.value[TUY_FIELD_NAME].present);
	assert_true(record.value[TUY_FIELD_SEAT].present);
	uint8_t last[4096];
	assert_int_equal(rpc_fields_read(map_one(last, "seat", ""), &record, &fault), 0);
	assert_false(record.value[TUY_FIELD_SEAT].present);
	assert_int_equal(rpc_fields_read(map_one(last, "name", ""), &record, &fault), 0);
	assert_int_equal(rpc_record_check(&record, &fault), -1);
	assert_string_equal(fault.message, "name is missing.");
}

/* What a map of one field says about a record of `kind`; the message in `fault`. */
static int field_try(enum tuy_record_kind kind, struct tuy_bytes map)
{
	struct tuy_record record = { .kind = kind };
	fault.message[0] = '\0';
	if (rpc_fields_read(map, &record, &fault) != 0)
		return -1;
	return rpc_record_check(&record, &fault);
}

static void fields_refused(void **state)
{
	static const struct {
		enum tuy_record_kind kind;
		const char *name;
		const char *text;
		const char *code;
		const char *says;
	} cases[] = {
		{ TUY_RECORD_TIP, "nom", "x", "T-USAGE", "There is no \"nom\" here." },
		{ TUY_RECORD_TIP, "sells", "x", "T-USAGE", "There is no \"sells\" here." },
		{ TUY_RECORD_TIP, "phone", "06", "T-USAGE", "There is no \"phone\" here." },
		{ TUY_RECORD_TIP, "warmth", "3", "T-USAGE", "warmth must be a number." },
		{ TUY_RECORD_TIP, "told", "yes", "T-USAGE", "told must be true or false." },
		{ TUY_RECORD_TIP, "tags", "wifi", "T-USAGE", "tags must be a list of texts." },
		{ TUY_RECORD_TIP, "claims", "all", "T-USAGE", "claims: first, pick or many" },
		{ TUY_RECORD_TIP, "title", "a\nb", "T-USAGE", "title holds control characters" },
		{ TUY_RECORD_TIP, "need", "x", "T-USAGE", "title is missing." },
		{ TUY_RECORD_ASK, "ask", "favour", "T-USAGE", "\"favour\" is no kind of ask" },
		{ TUY_RECORD_ASK, "need", "x", "T-USAGE", "There is no \"need\" here." },
		{ TUY_RECORD_ASK, "text", "x", "T-USAGE", "ask is missing." },
	};
	uint8_t room[4096];
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct tuy_bytes map = map_one(room, cases[i].name, cases[i].text);
		assert_int_equal(field_try(cases[i].kind, map), -1);
		assert_string_equal(fault.code, cases[i].code);
		if (!strstr(fault.message, cases[i].says))
			fail_msg("case %zu: %s", i, fault.message);
	}
	assert_int_equal(field_try(TUY_RECORD_TIP, map_number(room, "warmth", 6)), -1);
	assert_int_equal(field_try(TUY_RECORD_TIP, map_number(room, "title", 6)), -1);
	assert_string_equal(fault.message, "title must be a text.");
}

static void bounds_told(void **state)
{
	uint8_t room[4096];
	char text[2102];
	(void)state;
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	assert_int_equal(field_try(TUY_RECORD_TIP, map_one(room, "title", text)), -1);
	assert_string_equal(fault.message, "title: 2101 bytes; at most 120.");
	text[1001] = '\0';
	struct tuy_record ask = { .kind = TUY_RECORD_ASK };
	assert_int_equal(rpc_fields_read(map_one(room, "text", text), &ask, &fault), 0);
	ask.value[TUY_FIELD_ASK] = (struct tuy_value){ .present = true, .number = 1 };
	assert_int_equal(rpc_record_check(&ask, &fault), -1);
	assert_string_equal(fault.message, "text: 1001 bytes; at most 1000.");
}

static void answer_built(void **state)
{
	struct rpc_out out = { 0 };
	struct tuy_reader r;
	(void)state;
	rpc_open_map(&out, NULL);
	rpc_put_uint(&out, "schema", 1);
	rpc_open_array(&out, "tags");
	rpc_put_str(&out, NULL, "a");
	rpc_put_str(&out, NULL, NULL);
	rpc_close_one(&out);
	rpc_put_int(&out, "clock_offset", -5);
	rpc_put_time(&out, "at", 1768209245);
	rpc_put_time(&out, "never", 0);
	rpc_close_one(&out);
	assert_int_equal(out.err, TUY_OK);
	assert_int_equal(tuy_scan((struct tuy_bytes){ out.p, out.len }, TUY_RPC), TUY_OK);
	assert_memory_equal(out.p, "\xde\x00\x05\xa6schema\x01\xa4tags\xdc\x00\x02", 19);
	assert_non_null(memmem(out.p, out.len, "2026-01-12T09:14:05Z", 20));
	r = tuy_reader((struct tuy_bytes){ out.p + out.len - 1, 1 });
	assert_true(tuy_read_nil(&r));
	rpc_out_clear(&out);
	assert_null(out.p);
}

static void answer_cut(void **state)
{
	struct rpc_out out = { 0 };
	(void)state;
	rpc_open_array(&out, NULL);
	rpc_put_uint(&out, NULL, 1);
	size_t len = out.len;
	rpc_open_map(&out, NULL);
	rpc_put_str(&out, "half", "way");
	rpc_out_cut(&out, len, 1, 1);
	rpc_put_uint(&out, NULL, 2);
	rpc_close_one(&out);
	assert_int_equal(out.len, 5);
	assert_memory_equal(out.p, "\xdc\x00\x02\x01\x02", 5);
	rpc_out_clear(&out);
}

static void answer_bounded(void **state)
{
	static const uint8_t text[65536] = { 0 };
	struct rpc_out out = { 0 };
	(void)state;
	rpc_open_array(&out, NULL);
	for (int i = 0; i < 200; i++)
		rpc_put_text(&out, NULL, TUY_BYTES(text));
	rpc_close_one(&out);
	assert_int_equal(out.err, TUY_E_LIMIT);
	assert_true(out.len <= RPC_OUT_MAX);
	rpc_out_clear(&out);
	rpc_open_array(&out, NULL);
	for (int i = 0; i < 65536; i++)
		rpc_put_nil(&out, NULL);
	assert_int_equal(out.err, TUY_E_LIMIT);
	rpc_out_clear(&out);
}

static void hex_and_time(void **state)
{
	char text[8];
	char time[RPC_TIME_TEXT];
	(void)state;
	rpc_hex_text((struct tuy_bytes){ (const uint8_t *)"\x00\xff\x1a\x2b", 4 }, text, 8);
	assert_string_equal(text, "00ff1a");
	rpc_time_text(UINT32_MAX, time);
	assert_string_equal(time, "2106-02-07T06:28:15Z");
}

#define TEST(sentence, f)                                                                          \
	{                                                                                          \
		sentence, f, NULL, NULL, NULL                                                      \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST("reads the language of a request, or English", request_languages),
		TEST("finds params by name and type; nil and empty are not given", params_found),
		TEST("says what is wrong with a param and leaves the value alone", params_refused),
		TEST("takes no line that a terminal must not get", lines_that_are_kept_are_clean),
		TEST("knows its params whole, and shows a strange one safely", params_known),
		TEST("reads every type of field by the table", fields_all),
		TEST("merges fields over those held, and takes empty ones out", fields_merged),
		TEST("names the field and what it wants", fields_refused),
		TEST("tells the bound of a text that is too long", bounds_told),
		TEST("fills in the sizes of what was opened", answer_built),
		TEST("goes back to an earlier state of an answer", answer_cut),
		TEST("stops at 8 MiB and at 65,535 elements", answer_bounded),
		TEST("writes digits and dates", hex_and_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
