/* Profiles as vCards (RFC 6350). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "../../cli/vcard.h"

/* The card of a profile with this in it; the caller frees it. */
static char *card_of(const char *key, const char *value)
{
	char *card = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&card, &size);
	json_t *profile = json_pack("{s:s, s:s, s:s, s:s}", "member", "00ff", "from", "bruno", key,
	                            value, "updated", "2026-01-12T09:14:05Z");
	assert_non_null(out);
	vcard_write(out, profile);
	assert_int_equal(fclose(out), 0);
	json_decref(profile);
	return card;
}

static void names_are_split_behind_the_first_word(void **state)
{
	static const struct {
		const char *name;
		const char *lines;
	} cases[] = {
		{ "Bruno Le Gall", "FN:Bruno Le Gall\r\nN:Le Gall;Bruno;;;\r\n" },
		{ "Zoé", "FN:Zoé\r\nN:;Zoé;;;\r\n" },
		{ "", "FN:bruno\r\nN:;bruno;;;\r\n" },
		{ "A; B,C\nD", "FN:A\\; B\\,C\\nD\r\nN:B\\,C\\nD;A\\;;;;\r\n" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char *card = card_of("name", cases[i].name);
		assert_non_null(strstr(card, cases[i].lines));
		assert_memory_equal(card, "BEGIN:VCARD\r\nVERSION:4.0\r\n", 26);
		assert_non_null(strstr(card, "UID;VALUE=text:00ff@tuyau\r\n"));
		assert_non_null(strstr(card, "REV:20260112T091405Z\r\nEND:VCARD\r\n"));
		free(card);
	}
}

static void finds_how_to_reach_somebody(void **state)
{
	static const struct {
		const char *reach;
		const char *lines;
	} cases[] = {
		{ "06 39 98 55 10, le matin", "TEL:06 39 98 55 10\r\nNOTE" },
		{ "+33 (0)6.39.98.55.10 / a@b.example",
		  "TEL:+33 (0)6.39.98.55.10\r\nEMAIL:a@b.example\r\nNOTE" },
		{ "le matin, de 9 h à 12 h", "" },
		{ "tel:0639985510;x@y.example", "TEL:0639985510\r\nEMAIL:x@y.example\r\nNOTE" },
		{ "@ nobody@ @home", "" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char *card = card_of("reach", cases[i].reach);
		if (cases[i].lines[0] != '\0') {
			assert_non_null(strstr(card, cases[i].lines));
		} else {
			assert_null(strstr(card, "\nTEL:"));
			assert_null(strstr(card, "\nEMAIL:"));
		}
		assert_non_null(strstr(card, "NOTE:reach: "));
		free(card);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_split_behind_the_first_word),
		cmocka_unit_test(finds_how_to_reach_somebody),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
