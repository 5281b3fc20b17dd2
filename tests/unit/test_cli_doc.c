#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "../../cli/doc.h"

static json_t *sample_make(void)
{
	json_error_t error;
	json_t *sample =
		json_loads("{\"schema\":1,\"id\":\"7KQ2M9XDW3A1T0RB\",\"n\":-5,\"big\":"
	                   "4611686018427387904,\"r\":1.5,\"t\":true,\"f\":false,\"x\":null,"
	                   "\"company\":{\"name\":\"Éts Lefèvre\"},\"tags\":[\"wifi\",[]]}",
	                   0, &error);
	assert_non_null(sample);
	return sample;
}

static char *print(const json_t *value)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	assert_non_null(out);
	doc_print(value, out, DOC_ONE_LINE);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void comes_back_as_it_was_packed(void **state)
{
	struct doc_scan scan = { 0 };
	size_t len;
	json_t *sample = sample_make();
	uint8_t *bytes = doc_pack(sample, &len);
	(void)state;
	assert_int_equal(doc_scan(&scan, bytes, len), DOC_SCAN_DONE);
	assert_int_equal(scan.pos, len);
	json_t *back = doc_unpack(bytes, len);
	assert_true(json_equal(sample, back));
	json_decref(back);
	json_decref(sample);
	free(bytes);
}

static void waits_for_the_end_however_it_is_cut(void **state)
{
	size_t len;
	json_t *sample = sample_make();
	uint8_t *bytes = doc_pack(sample, &len);
	struct doc_scan scan = { 0 };
	(void)state;
	for (size_t i = 0; i < len; i++) {
		/* a buffer of exactly so many bytes: reading on would be seen */
		uint8_t *part = malloc(i + 1);
		assert_non_null(part);
		memcpy(part, bytes, i);
		assert_int_equal(doc_scan(&scan, part, i), DOC_SCAN_MORE);
		free(part);
	}
	assert_int_equal(doc_scan(&scan, bytes, len), DOC_SCAN_DONE);
	json_decref(sample);
	free(bytes);
}

static void refuses_lengths_that_no_answer_has(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		enum doc_scan_state wanted;
	} cases[] = {
		{ "\xdd\xff\xff\xff\xff", 5, DOC_SCAN_BAD }, /* 4 billion elements */
		{ "\xdf\x80\x00\x00\x00", 5, DOC_SCAN_BAD }, /* 2 billion pairs */
		{ "\xdb\xff\xff\xff\xff", 5, DOC_SCAN_BAD }, /* 4 GiB of text */
		{ "\xc1", 1, DOC_SCAN_BAD },                 /* no type */
		{ "\xdd\x00\x00", 3, DOC_SCAN_MORE },
		{ "\x93\x01\x02", 3, DOC_SCAN_MORE },
		{ "\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91", 18,
		  DOC_SCAN_BAD },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct doc_scan scan = { 0 };
		assert_int_equal(doc_scan(&scan, (const uint8_t *)cases[i].bytes, cases[i].len),
		                 cases[i].wanted);
	}
}

static void reads_nothing_into_random_bytes(void **state)
{
	unsigned seed = (unsigned)time(NULL);
	(void)state;
	print_message("seed %u\n", seed);
	srand(seed);
	for (size_t round = 0; round < 20000; round++) {
		struct doc_scan scan = { 0 };
		size_t len = (size_t)rand() % 40;
		uint8_t *bytes = malloc(len + 1);
		assert_non_null(bytes);
		for (size_t i = 0; i < len; i++)
			bytes[i] = (uint8_t)(rand() >> 7);
		if (doc_scan(&scan, bytes, len) == DOC_SCAN_DONE) {
			assert_true(scan.pos <= len);
			json_decref(doc_unpack(bytes, scan.pos));
		}
		free(bytes);
	}
}

static void refuses_what_json_has_not(void **state)
{
	(void)state;
	assert_null(doc_unpack((const uint8_t *)"\xc4\x01x", 3));         /* binary */
	assert_null(doc_unpack((const uint8_t *)"\x81\x01\x02", 3));      /* a number as key */
	assert_null(doc_unpack((const uint8_t *)"\xa1\xff", 2));          /* not UTF-8 */
	assert_null(doc_unpack((const uint8_t *)"\x81\xa1\x00\x01", 4));  /* NUL in a key */
	assert_null(doc_unpack((const uint8_t *)"\x81\xa0\x01", 3));      /* an empty key */
	assert_null(doc_unpack((const uint8_t *)"\x92\x01\xc4\x01x", 5)); /* binary within */
}

static void escapes_controls_in_json(void **state)
{
	json_t *value =
		json_string("a\x1b[31m\x7f\xc2\x9b\xd8\x9c\xe2\x80\xae\xe2\x81\xa6 é \xe2\x80\xa6");
	(void)state;
	char *text = print(value);
	assert_string_equal(text, "\"a\\u001B[31m\\u007F\\u009B\\u061C\\u202E\\u2066 é …\"\n");
	json_t *back = json_loads(text, JSON_DECODE_ANY, NULL);
	assert_true(json_equal(value, back));
	json_decref(back);
	json_decref(value);
	free(text);
}

static void scrubs_every_text_of_a_document(void **state)
{
	json_t *value = json_pack("{s:s, s:[s, {s:s#}], s:i}", "a", "x\x1b[31m\r", "list",
	                          "b\nc\td", "c", "\xe2\x80\xae\0e", 5, "n", 5);
	(void)state;
	assert_non_null(value);
	doc_scrub(value);
	char *text = print(value);
	assert_string_equal(text,
	                    "{\"a\":\"x\xef\xbf\xbd[31m\xef\xbf\xbd\",\"list\":[\"b\\nc\\td\","
	                    "{\"c\":\"\xef\xbf\xbd\xef\xbf\xbd"
	                    "e\"}],\"n\":5}\n");
	free(text);
	json_decref(value);
}

static void picks_fields_in_the_order_asked(void **state)
{
	json_t *sample = sample_make();
	json_t *list = json_array();
	(void)state;
	json_t *picked = doc_pick(sample, "n,company.name,none,id");
	char *text = print(picked);
	assert_string_equal(text, "{\"n\":-5,\"company.name\":\"Éts Lefèvre\",\"none\":null,"
	                          "\"id\":\"7KQ2M9XDW3A1T0RB\"}\n");
	free(text);
	json_decref(picked);
	picked = doc_pick(list, "id");
	text = print(picked);
	assert_string_equal(text, "[]\n");
	free(text);
	json_decref(picked);
	json_decref(list);
	json_decref(sample);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{ "comes back as it was packed", comes_back_as_it_was_packed, NULL, NULL, NULL },
		{ "waits for the end however it is cut", waits_for_the_end_however_it_is_cut, NULL,
		  NULL, NULL },
		{ "refuses lengths that no answer has", refuses_lengths_that_no_answer_has, NULL,
		  NULL, NULL },
		{ "reads nothing into random bytes", reads_nothing_into_random_bytes, NULL, NULL,
		  NULL },
		{ "refuses what JSON has not", refuses_what_json_has_not, NULL, NULL, NULL },
		{ "escapes controls in JSON", escapes_controls_in_json, NULL, NULL, NULL },
		{ "scrubs every text of a document", scrubs_every_text_of_a_document, NULL, NULL,
		  NULL },
		{ "picks fields in the order asked", picks_fields_in_the_order_asked, NULL, NULL,
		  NULL },
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
