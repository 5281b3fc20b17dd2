/* The texts for third persons (GDPR article 14): filled in, and what is not known left out. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "../../cli/notice_words.h"

static const char *const all[NOTICE_VALUES] = {
	[NOTICE_WHO] = "Noé Kervella",
	[NOTICE_ME] = "Bruno Le Gall",
	[NOTICE_MY_COMPANY] = "Cabinet",
	[NOTICE_REACH] = "01 99 00 45 67",
	[NOTICE_CIRCLE] = "Vendredi 18h",
	[NOTICE_COUNT] = "6",
	[NOTICE_WHAT] = "Wi-Fi",
	[NOTICE_COMPANY] = "Laiterie",
	[NOTICE_ROLE] = "achats",
	[NOTICE_HELD] = "your name",
	[NOTICE_UNTIL] = "11 February 2026",
	[NOTICE_GIVER] = "David Roche",
	[NOTICE_GIVER_COMPANY] = "Roche Énergie",
};

static void says_everything_in_each_language(void **state)
{
	(void)state;
	for (int kind = 0; kind < NOTICE_KINDS; kind++) {
		for (int lang = LANG_EN; lang <= LANG_FR; lang++) {
			char *text = notice_text((enum notice_kind)kind, (enum lang)lang, all);
			char *subject =
				notice_subject((enum notice_kind)kind, (enum lang)lang, all);
			assert_null(strpbrk(text, "{}|"));
			assert_null(strpbrk(subject, "{}|\n"));
			assert_non_null(strstr(text, "Noé Kervella"));
			assert_non_null(strstr(text, "Vendredi 18h"));
			assert_non_null(strstr(text, "Wi-Fi"));
			assert_non_null(strstr(text, "your name"));
			assert_non_null(strstr(text, "Bruno Le Gall"));
			assert_int_equal(text[strlen(text) - 1], '\n');
			assert_null(strstr(text, "\n\n\n"));
			free(subject);
			free(text);
		}
	}
}

static void leaves_out_what_is_not_known(void **state)
{
	const char *none[NOTICE_VALUES] = { [NOTICE_ME] = "Bruno" };
	(void)state;
	for (int kind = 0; kind < NOTICE_KINDS; kind++) {
		for (int lang = LANG_EN; lang <= LANG_FR; lang++) {
			char *text = notice_text((enum notice_kind)kind, (enum lang)lang, none);
			assert_null(strpbrk(text, "{}|"));
			assert_null(strstr(text, "()"));
			assert_null(strstr(text, " ,"));
			assert_non_null(strstr(text, lang == LANG_FR ? "Bonjour," : "Hello,"));
			assert_non_null(strstr(text, "Bruno"));
			free(text);
		}
	}
}

static void a_value_is_text_and_no_pattern(void **state)
{
	const char *values[NOTICE_VALUES];
	(void)state;
	memcpy(values, all, sizeof values);
	values[NOTICE_WHAT] = "{me} 100 %s";
	char *text = notice_text(NOTICE_CALL, LANG_EN, values);
	assert_non_null(strstr(text, "about this: {me} 100 %s (Laiterie)."));
	free(text);
}

static void names_what_is_held_and_the_day(void **state)
{
	static const char *const fields[] = { "name", "phone", "unheard of", "role" };
	(void)state;
	char *held = notice_held(LANG_FR, fields, 4);
	assert_string_equal(held, "votre nom, votre numéro de téléphone, votre fonction");
	free(held);
	setenv("TZ", "UTC", 1);
	char *en = notice_day(LANG_EN, "2026-02-11T09:14:05Z");
	char *fr = notice_day(LANG_FR, "2026-08-01T09:14:05Z");
	char *none = notice_day(LANG_FR, "");
	assert_string_equal(en, "11 February 2026");
	assert_string_equal(fr, "1er août 2026");
	assert_string_equal(none, "");
	free(en);
	free(fr);
	free(none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_everything_in_each_language),
		cmocka_unit_test(leaves_out_what_is_not_known),
		cmocka_unit_test(a_value_is_text_and_no_pattern),
		cmocka_unit_test(names_what_is_held_and_the_day),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
