/* Quiet hours, and what is gathered for the digest at their end. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "../../daemon/digest.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MIDNIGHT 1772323200u /* 2026-03-01 00:00 UTC, a Sunday */
#define HOUR     3600u
#define DAY      86400u

static struct quiet night;
static struct digest digest;

static void zone(const char *name)
{
	setenv("TZ", name, 1);
	tzset();
}

static int begin(void **state)
{
	(void)state;
	zone("UTC");
	assert_int_equal(quiet_parse("20:00-08:00", &night), 0);
	return 0;
}

static void are_read_as_two_moments(void **state)
{
	static const char *const bad[] = { "20:00",        "20-8",         "25:00-08:00",
		                           "20:60-08:00",  "20:00-08:00 ", "08:00-08:00",
		                           "24:00-00:00",  "20:00-08:0",   "-20:00-08:00",
		                           "20:00 -08:00", "24:01-08:00",  "yes" };
	struct quiet quiet = { 0 };
	(void)state;
	assert_int_equal(quiet_parse("9:30-24:00", &quiet), 0);
	assert_true(quiet.given);
	assert_int_equal(quiet.from_min, 570);
	assert_int_equal(quiet.until_min, 0);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		quiet.from_min = 7;
		assert_int_equal(quiet_parse(bad[i], &quiet), -1);
		assert_int_equal(quiet.from_min, 7);
	}
	assert_int_equal(quiet_parse("no", &quiet), 0);
	assert_false(quiet.given);
	assert_false(quiet_is_now(&quiet, MIDNIGHT));
}

static void last_over_midnight_to_the_minute(void **state)
{
	(void)state;
	assert_false(quiet_is_now(&night, MIDNIGHT + 20 * HOUR - 1));
	assert_true(quiet_is_now(&night, MIDNIGHT + 20 * HOUR));
	assert_true(quiet_is_now(&night, MIDNIGHT + DAY));
	assert_true(quiet_is_now(&night, MIDNIGHT + DAY + 8 * HOUR - 1));
	assert_false(quiet_is_now(&night, MIDNIGHT + DAY + 8 * HOUR));
}

static void last_within_a_day(void **state)
{
	struct quiet noon;
	(void)state;
	assert_int_equal(quiet_parse("12:00-13:30", &noon), 0);
	assert_false(quiet_is_now(&noon, MIDNIGHT + 12 * HOUR - 1));
	assert_true(quiet_is_now(&noon, MIDNIGHT + 12 * HOUR));
	assert_false(quiet_is_now(&noon, MIDNIGHT + 13 * HOUR + 1800));
	assert_false(quiet_is_now(&noon, MIDNIGHT));
}

static void are_local_summer_and_winter(void **state)
{
	(void)state;
	zone("CET-1CEST,M3.5.0,M10.5.0/3"); /* Paris; summer from 2026-03-29 */
	assert_true(quiet_is_now(&night, MIDNIGHT + 7 * HOUR - 1));
	assert_false(quiet_is_now(&night, MIDNIGHT + 7 * HOUR));
	assert_true(quiet_is_now(&night, MIDNIGHT + 30 * DAY + 6 * HOUR - 1));
	assert_false(quiet_is_now(&night, MIDNIGHT + 30 * DAY + 6 * HOUR));
}

static void a_day_begins_where_they_end(void **state)
{
	static const struct quiet none;
	(void)state;
	assert_int_equal(quiet_day(&night, MIDNIGHT + 8 * HOUR - 1) + 1,
	                 quiet_day(&night, MIDNIGHT + 8 * HOUR));
	assert_int_equal(quiet_day(&night, MIDNIGHT + 8 * HOUR),
	                 quiet_day(&night, MIDNIGHT + DAY + 8 * HOUR - 1));
	assert_int_equal(quiet_day(&none, MIDNIGHT + 8 * HOUR - 1) + 1,
	                 quiet_day(&none, MIDNIGHT + 8 * HOUR));
}

/* ---- the digest ---- */

static void happens(enum event_kind kind, uint32_t at_s, uint8_t object, bool own)
{
	struct event event = { .kind = kind, .at_s = at_s, .own = own };
	event.object.b[0] = object;
	digest_take(&digest, &night, &event);
}

static void what_nobody_watches_for_is_told_at_the_end_of_the_night(void **state)
{
	(void)state;
	digest_begin(&digest, &night, MIDNIGHT + 10 * HOUR);
	happens(EVENT_TIP_NEW, MIDNIGHT + 11 * HOUR, 1, false);
	happens(EVENT_TIP_NEW, MIDNIGHT + 11 * HOUR, 2, true);
	happens(EVENT_TIP_CLAIMED, MIDNIGHT + 12 * HOUR, 2, false);
	happens(EVENT_PEER_UP, MIDNIGHT + 21 * HOUR, 0, false);
	assert_false(digest_due(&digest, &night, MIDNIGHT + 19 * HOUR));
	assert_false(digest_due(&digest, &night, MIDNIGHT + DAY + 8 * HOUR - 1));
	assert_true(digest_due(&digest, &night, MIDNIGHT + DAY + 8 * HOUR));
	assert_int_equal(digest.told.since_s, MIDNIGHT + 10 * HOUR);
	assert_int_equal(digest.told.count, 1);
	assert_int_equal(digest.told.of_kind[EVENT_TIP_NEW], 1);
	assert_int_equal(digest.told.object_count, 1);
	assert_int_equal(digest.told.object[0].id.b[0], 1);
	assert_false(digest_due(&digest, &night, MIDNIGHT + DAY + 9 * HOUR));
}

static void what_is_matched_by_day_is_not_told_again(void **state)
{
	(void)state;
	digest_begin(&digest, &night, MIDNIGHT + 10 * HOUR);
	happens(EVENT_TIP_NEW, MIDNIGHT + 11 * HOUR, 1, false);
	happens(EVENT_TIP_MATCHED, MIDNIGHT + 11 * HOUR, 1, false);
	assert_false(digest_due(&digest, &night, MIDNIGHT + DAY + 8 * HOUR));
}

static void what_happens_in_the_night_is_held_once_each(void **state)
{
	(void)state;
	digest_begin(&digest, &night, MIDNIGHT + 10 * HOUR);
	happens(EVENT_TIP_NEW, MIDNIGHT + 22 * HOUR, 1, false);
	happens(EVENT_TIP_MATCHED, MIDNIGHT + 22 * HOUR, 1, false);
	happens(EVENT_TIP_CLAIMED, MIDNIGHT + 23 * HOUR, 2, false);
	happens(EVENT_TIP_AWARDED, MIDNIGHT + 23 * HOUR, 2, false);
	happens(EVENT_MEMBER_JOINED, MIDNIGHT + DAY, 0, false);
	assert_true(digest_due(&digest, &night, MIDNIGHT + DAY + 9 * HOUR));
	assert_int_equal(digest.told.count, 4);
	assert_int_equal(digest.told.of_kind[EVENT_TIP_NEW], 0);
	assert_int_equal(digest.told.of_kind[EVENT_TIP_MATCHED], 1);
	assert_int_equal(digest.told.object_count, 2);
	assert_int_equal(digest.told.object[0].kind, EVENT_TIP_MATCHED);
}

static void the_newest_objects_are_kept_and_the_others_counted(void **state)
{
	(void)state;
	digest_begin(&digest, &night, MIDNIGHT + 10 * HOUR);
	for (uint8_t i = 1; i <= DIGEST_OBJECTS_MAX + 5; i++)
		happens(EVENT_ASK_NEW, MIDNIGHT + 11 * HOUR, i, false);
	assert_true(digest_due(&digest, &night, MIDNIGHT + DAY + 9 * HOUR));
	assert_int_equal(digest.told.count, DIGEST_OBJECTS_MAX + 5);
	assert_int_equal(digest.told.object_count, DIGEST_OBJECTS_MAX);
	assert_int_equal(digest.told.objects_more, 5);
	assert_int_equal(digest.told.object[0].id.b[0], 6);
}

static void a_machine_that_slept_tells_when_it_wakes(void **state)
{
	(void)state;
	digest_begin(&digest, &night, MIDNIGHT + 10 * HOUR);
	happens(EVENT_TIP_NEW, MIDNIGHT + 11 * HOUR, 1, false);
	assert_false(digest_due(&digest, &night, MIDNIGHT + 3 * DAY + 2 * HOUR)); /* at night */
	assert_true(digest_due(&digest, &night, MIDNIGHT + 3 * DAY + 15 * HOUR));
}

#define TEST(fn) cmocka_unit_test_setup(fn, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(are_read_as_two_moments),
		TEST(last_over_midnight_to_the_minute),
		TEST(last_within_a_day),
		TEST(are_local_summer_and_winter),
		TEST(a_day_begins_where_they_end),
		TEST(what_nobody_watches_for_is_told_at_the_end_of_the_night),
		TEST(what_is_matched_by_day_is_not_told_again),
		TEST(what_happens_in_the_night_is_held_once_each),
		TEST(the_newest_objects_are_kept_and_the_others_counted),
		TEST(a_machine_that_slept_tells_when_it_wakes),
	};
	return cmocka_run_group_tests_name("quiet", tests, NULL, NULL);
}
