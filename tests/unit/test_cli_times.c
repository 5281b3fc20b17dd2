#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include "../../cli/times.h"

#define MOMENT 1768209245 /* 2026-01-12T09:14:05Z, a Monday */

static int zone_set(void **state)
{
	(void)state;
	if (setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1) != 0)
		return -1;
	tzset();
	return 0;
}

static void reads_rfc_3339_and_nothing_else(void **state)
{
	static const char *const bad[] = { "",
		                           "2026-01-12",
		                           "2026-01-12T09:14:05",
		                           "yesterday",
		                           "2026-13-12T09:14:05Z",
		                           "2026-01-12T25:14:05Z",
		                           "2026-01-12T09:14:05Zx",
		                           "2026- 1-12T09:14:05Z" };
	time_t at;
	(void)state;
	assert_int_equal(times_parse("2026-01-12T09:14:05Z", &at), 0);
	assert_int_equal(at, MOMENT);
	assert_int_equal(times_parse("2026-01-12T09:14:05.250Z", &at), 0);
	assert_int_equal(at, MOMENT);
	assert_int_equal(times_parse("2026-01-12T10:14:05+01:00", &at), 0);
	assert_int_equal(at, MOMENT);
	assert_int_equal(times_parse("2026-01-12T05:44:05-03:30", &at), 0);
	assert_int_equal(at, MOMENT);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(times_parse(bad[i], &at), -1);
}

static void says_how_old_something_is(void **state)
{
	static const struct {
		long later_s;
		const char *age;
	} cases[] = { { -100, "now" },       { 59, "now" },    { 180, "3 min" },
		      { 2 * 3600, "2 h" },   { 86400, "1 d" }, { 59 * 86400, "59 d" },
		      { 70 * 86400, "10 w" } };
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_string_equal(
			times_age("2026-01-12T09:14:05Z", MOMENT + cases[i].later_s).text,
			cases[i].age);
	assert_string_equal(times_age("", MOMENT).text, "");
}

static void shows_days_and_moments_in_local_time(void **state)
{
	(void)state;
	assert_string_equal(times_day("2026-02-11T23:30:00Z", MOMENT).text, "12 Feb");
	assert_string_equal(times_day("2027-02-11T09:00:00Z", MOMENT).text, "11 Feb 2027");
	assert_string_equal(times_moment("2026-01-14T08:20:00Z").text, "Wed 14 Jan 09:20");
}

static void reads_spans(void **state)
{
	static const char *const bad[] = { "", "d", "-3d", "0", "3m", "3 d", "99999999999d" };
	(void)state;
	assert_int_equal(times_span_parse("30d"), 30 * 86400);
	assert_int_equal(times_span_parse("7"), 7 * 86400);
	assert_int_equal(times_span_parse("2w"), 14 * 86400);
	assert_int_equal(times_span_parse("12h"), 12 * 3600);
	assert_int_equal(times_span_parse("90min"), 90 * 60);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(times_span_parse(bad[i]), -1);
}

static void reads_the_end_of_a_day_here(void **state)
{
	(void)state;
	/* 23:59:59 in a zone one hour before UTC, two in summer */
	assert_int_equal(times_until_parse("2026-01-12", MOMENT), 1768258799);
	assert_int_equal(times_until_parse("2026-07-12", MOMENT), 1783893599);
	assert_int_equal(times_until_parse("2026-01-12 18:00", MOMENT), 1768237200);
	assert_int_equal(times_until_parse("14d", MOMENT), MOMENT + 14 * 86400);
	assert_int_equal(times_until_parse("2026-02-30", MOMENT), -1);
	assert_int_equal(times_until_parse("soon", MOMENT), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{ "reads RFC 3339 and nothing else", reads_rfc_3339_and_nothing_else, NULL, NULL,
		  NULL },
		{ "says how old something is", says_how_old_something_is, NULL, NULL, NULL },
		{ "shows days and moments in local time", shows_days_and_moments_in_local_time,
		  NULL, NULL, NULL },
		{ "reads spans", reads_spans, NULL, NULL, NULL },
		{ "reads the end of a day here", reads_the_end_of_a_day_here, NULL, NULL, NULL },
	};
	return cmocka_run_group_tests(tests, zone_set, NULL);
}
