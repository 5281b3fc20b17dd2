/* Which language the environment asks for. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "../../daemon/lang.h"
#include <stdlib.h>

static enum lang wanted(const char *all, const char *messages, const char *lang, const char *list)
{
	setenv("LC_ALL", all, 1);
	setenv("LC_MESSAGES", messages, 1);
	setenv("LANG", lang, 1);
	setenv("LANGUAGE", list, 1);
	return lang_wanted();
}

static void the_first_variable_that_is_set_says_it(void **state)
{
	(void)state;
	assert_int_equal(wanted("", "", "fr_FR.UTF-8", ""), LANG_FR);
	assert_int_equal(wanted("", "", "fr", ""), LANG_FR);
	assert_int_equal(wanted("", "", "fr_CA@euro", ""), LANG_FR);
	assert_int_equal(wanted("", "fr_FR.UTF-8", "en_US.UTF-8", ""), LANG_FR);
	assert_int_equal(wanted("en_GB.UTF-8", "fr_FR.UTF-8", "fr_FR.UTF-8", ""), LANG_EN);
	assert_int_equal(wanted("fr_FR.UTF-8", "C", "C", ""), LANG_FR);
}

static void what_we_do_not_have_is_english(void **state)
{
	(void)state;
	assert_int_equal(wanted("", "", "", ""), LANG_EN);
	assert_int_equal(wanted("", "", "C", ""), LANG_EN);
	assert_int_equal(wanted("", "", "C.UTF-8", ""), LANG_EN);
	assert_int_equal(wanted("", "", "fro_FR.UTF-8", ""), LANG_EN);
	assert_int_equal(wanted("", "", "de_DE.UTF-8", ""), LANG_EN);
	unsetenv("LC_ALL");
	unsetenv("LC_MESSAGES");
	unsetenv("LANG");
	unsetenv("LANGUAGE");
	assert_int_equal(lang_wanted(), LANG_EN);
}

static void a_list_of_languages_goes_first_but_not_in_locale_c(void **state)
{
	(void)state;
	assert_int_equal(wanted("", "", "en_US.UTF-8", "fr"), LANG_FR);
	assert_int_equal(wanted("", "", "C.UTF-8", "fr_FR:en"), LANG_FR);
	assert_int_equal(wanted("", "", "fr_FR.UTF-8", "en:fr"), LANG_EN);
	assert_int_equal(wanted("", "", "fr_FR.UTF-8", "de::br:fr:en"), LANG_FR);
	assert_int_equal(wanted("", "", "fr_FR.UTF-8", "de"), LANG_EN);
	assert_int_equal(wanted("", "", "C", "fr"), LANG_EN);
	assert_int_equal(wanted("POSIX", "", "fr_FR.UTF-8", "fr"), LANG_EN);
}

static void a_name_on_the_wire_is_one_we_have_or_english(void **state)
{
	(void)state;
	assert_int_equal(lang_named("fr", 2), LANG_FR);
	assert_int_equal(lang_named("en", 2), LANG_EN);
	assert_int_equal(lang_named("fra", 3), LANG_EN);
	assert_int_equal(lang_named(NULL, 0), LANG_EN);
	assert_string_equal(lang_name(LANG_FR), "fr");
	assert_string_equal(lang_name(LANG_EN), "en");
}

static void without_a_catalogue_the_text_is_itself(void **state)
{
	(void)state;
	assert_string_equal(lang_text(LANG_FR, "To whom?"), "To whom?");
	assert_string_equal(lang_text(LANG_EN, ""), "");
	assert_string_equal(lang_errno(LANG_EN, 2), "No such file or directory");
	assert_string_equal(lang_errno(LANG_EN, 99999), "unknown error");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_variable_that_is_set_says_it),
		cmocka_unit_test(what_we_do_not_have_is_english),
		cmocka_unit_test(a_list_of_languages_goes_first_but_not_in_locale_c),
		cmocka_unit_test(a_name_on_the_wire_is_one_we_have_or_english),
		cmocka_unit_test(without_a_catalogue_the_text_is_itself),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
