/* TODOs as an iCalendar file: what is said, and what is not said without --names. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "../../cli/ical.h"

/* A TODO of a tip that was awarded; the caller's. */
static json_t *todo_of(const char *status, const char *title)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:{s:s, s:s, s:s, s:{s:s}, s:{s:s, s:s}}}",
	                 "id", "7KQ2M9XDW3A1T0RB", "what", "first-contact", "status", status, "due",
	                 "2026-01-14T09:20:11Z", "modified", "2026-01-12T09:20:11Z", "sequence", 4,
	                 "object", "kind", "tip", "short", "7KQ2", "title", title, "company",
	                 "name", "Laiterie", "sealed", "name", "Noé Kervella", "phone",
	                 "06 39 98 55 10");
}

/* The file of this one TODO, which it takes; the caller frees it. */
static char *ical_of(json_t *todo, enum ical_names names)
{
	char *text = NULL;
	size_t size = 0;
	json_t *todos = json_array();
	FILE *out = open_memstream(&text, &size);
	assert_non_null(out);
	assert_non_null(todo);
	json_array_append_new(todos, todo);
	ical_write(out, todos, names);
	assert_int_equal(fclose(out), 0);
	json_decref(todos);
	return text;
}

static void says_when_and_under_which_id(void **state)
{
	static const char *const lines[] = {
		"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n",
		"\r\nUID:7KQ2M9XDW3A1T0RB@tuyau\r\n",
		"\r\nDTSTAMP:20260112T092011Z\r\n",
		"\r\nLAST-MODIFIED:20260112T092011Z\r\n",
		"\r\nSEQUENCE:4\r\n",
		"\r\nSTATUS:NEEDS-ACTION\r\n",
		"\r\nDUE:20260114T092011Z\r\n",
		"\r\nTRIGGER;RELATED=END:-PT1H\r\n",
		"\r\nSUMMARY:First contact (tip 7KQ2): Wi-Fi · Laiterie\r\n",
		"\r\nEND:VALARM\r\nEND:VTODO\r\nEND:VCALENDAR\r\n",
	};
	(void)state;
	char *text = ical_of(todo_of("needs-action", "Wi-Fi"), ICAL_NO_NAMES);
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
		assert_non_null(strstr(text, lines[i]));
	free(text);
}

static void names_nobody_unless_it_is_asked_for(void **state)
{
	static const char *const titles[] = { "Wi-Fi", "Appeler Noé Kervella",
		                              "noe KERVELLA: Wi-Fi" };
	(void)state;
	for (size_t i = 0; i < sizeof titles / sizeof titles[0]; i++) {
		char *text = ical_of(todo_of("needs-action", titles[i]), ICAL_NO_NAMES);
		assert_null(strcasestr(text, "kervella"));
		assert_null(strstr(text, "06 39"));
		assert_non_null(strstr(text, "Laiterie"));
		free(text);
		text = ical_of(todo_of("needs-action", titles[i]), ICAL_NAMES);
		assert_non_null(strstr(text, titles[i]));
		assert_non_null(strstr(text, "DESCRIPTION:Noé Kervella\\n06 39 98 55 10\\n"));
		free(text);
	}
}

static void does_not_ring_for_what_is_over(void **state)
{
	static const char *const states[] = { "completed", "cancelled" };
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		char *text = ical_of(todo_of(states[i], "Wi-Fi"), ICAL_NO_NAMES);
		assert_non_null(strstr(text, i == 0 ? "\r\nSTATUS:COMPLETED\r\n"
		                                    : "\r\nSTATUS:CANCELLED\r\n"));
		assert_null(strstr(text, "VALARM"));
		free(text);
	}
}

static void tells_of_what_is_gone(void **state)
{
	(void)state;
	json_t *todo = todo_of("cancelled", "Wi-Fi");
	json_object_set_new(todo, "object", json_null());
	json_object_set_new(todo, "due", json_null());
	char *text = ical_of(todo, ICAL_NAMES);
	assert_non_null(strstr(text, "\r\nSUMMARY:First contact (tip 7KQ2)\r\n"));
	assert_null(strstr(text, "\r\nDUE"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_when_and_under_which_id),
		cmocka_unit_test(names_nobody_unless_it_is_asked_for),
		cmocka_unit_test(does_not_ring_for_what_is_over),
		cmocka_unit_test(tells_of_what_is_gone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
