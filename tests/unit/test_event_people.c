/* Who left a circle, and whose device was not reached for long. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "../../daemon/event_people.h"

static void a_week_on_which_we_ran_is_told_once(void **state)
{
	struct event_unreached count = { 0, 100 };
	uint32_t told = 0;
	(void)state;
	for (uint32_t day = 100; day < 140; day++)
		for (int look = 0; look < 3; look++)
			if (event_unreached_count(&count, day, EVENT_NOT_REACHED)) {
				assert_int_equal(day, 100 + EVENT_UNREACHED_DAYS + 1);
				told++;
			}
	assert_int_equal(told, 1);
	assert_false(event_unreached_count(&count, 140, EVENT_REACHED));
	assert_int_equal(count.days, 0);
	assert_false(event_unreached_count(&count, 400, EVENT_NOT_REACHED)); /* we were off */
	assert_int_equal(count.days, 1);
	assert_false(event_unreached_count(&count, 300, EVENT_NOT_REACHED)); /* a clock set back */
	assert_int_equal(count.days, 1);
}

static void a_count_does_not_begin_anew_after_a_year(void **state)
{
	struct event_unreached count = { 0, 1 };
	uint32_t told = 0;
	(void)state;
	for (uint32_t day = 2; day < 2000; day++)
		told += event_unreached_count(&count, day, EVENT_NOT_REACHED);
	assert_int_equal(told, 1);
}

static void who_is_missing_is_told_in_turn(void **state)
{
	struct tuy_member a[4] = { { { 1 } }, { { 2 } }, { { 3 } }, { { 4 } } };
	struct tuy_member b[3] = { { { 3 } }, { { 5 } }, { { 1 } } };
	struct event_crowd before = { 4, a };
	struct event_crowd now = { 3, b };
	struct event_crowd nobody = { 0, NULL };
	(void)state;
	assert_int_equal(event_crowd_missing(&before, &now, 0), 1);
	assert_int_equal(event_crowd_missing(&before, &now, 2), 3);
	assert_int_equal(event_crowd_missing(&before, &now, 4), 4);
	assert_int_equal(event_crowd_missing(&before, &before, 0), 4); /* all are there */
	assert_int_equal(event_crowd_missing(&nobody, &now, 0), 0);    /* who came is no news */
	assert_int_equal(event_crowd_missing(&before, &nobody, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_week_on_which_we_ran_is_told_once),
		cmocka_unit_test(a_count_does_not_begin_anew_after_a_year),
		cmocka_unit_test(who_is_missing_is_told_in_turn),
	};
	return cmocka_run_group_tests_name("event_people", tests, NULL, NULL);
}
