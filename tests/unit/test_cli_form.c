/* The form of a letter as a person leaves it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "../../cli/form.h"
#include <string.h>

static void reads_what_was_filled_in(void **state)
{
	struct failure failure;
	json_t *fields = json_object();
	(void)state;
	assert_int_equal(form_read(&form_letter,
	                           "# a comment: with a colon\n\nfor:\nrelation:  a client \r\n"
	                           "fact: one\nfact: two: three\nlimits: the rest",
	                           fields, &failure),
	                 0);
	json_t *wanted = json_pack("{s:s, s:[s,s], s:s}", "relation", "a client", "facts", "one",
	                           "two: three", "limits", "the rest");
	assert_true(json_equal(fields, wanted));
	json_decref(wanted);
	json_decref(fields);
}

static void refuses_a_line_that_is_no_field(void **state)
{
	static const char *const wrong[] = { "relation a client", "relations: a client",
		                             "limits: \xff" };
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct failure failure = { 0 };
		json_t *fields = json_object();
		assert_int_equal(form_read(&form_letter, wrong[i], fields, &failure), -1);
		assert_int_equal(failure.exit, EXIT_USAGE);
		json_decref(fields);
	}
}

static void reads_a_tip(void **state)
{
	struct failure failure;
	json_t *fields = json_object();
	(void)state;
	assert_int_equal(form_read(&form_tip,
	                           "title: Wi-Fi\nneed:\nwarm: 3\ntag: a\ntag: b c\ntold: yes\n",
	                           fields, &failure),
	                 0);
	json_t *wanted = json_pack("{s:s, s:i, s:[s,s], s:b}", "title", "Wi-Fi", "warmth", 3,
	                           "tags", "a", "b c", "told", 1);
	assert_true(json_equal(fields, wanted));
	json_decref(wanted);
	assert_int_equal(form_read(&form_tip, "warm: 7", fields, &failure), -1);
	assert_int_equal(failure.exit, EXIT_USAGE);
	json_decref(fields);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_was_filled_in),
		cmocka_unit_test(refuses_a_line_that_is_no_field),
		cmocka_unit_test(reads_a_tip),
	};
	return cmocka_run_group_tests_name("form", tests, NULL, NULL);
}
