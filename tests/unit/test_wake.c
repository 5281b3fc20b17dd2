#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "../../daemon/wake.h"
#include <poll.h>

static void tells_a_sleep_once(void **state)
{
	(void)state;
	struct wake wake = { .fd = -1, .apart_ms = 500 };
	assert_int_equal(wake_look_at(&wake, 10500, 10000), 0);
	assert_int_equal(wake_look_at(&wake, 99500, 99000), 0); /* awake all the time */
	assert_int_equal(wake_look_at(&wake, 3699500, 99000), 3600000);
	assert_int_equal(wake_look_at(&wake, 3700500, 100000), 0);
	assert_int_equal(wake_look_at(&wake, 3700500 + WAKE_LEAST_MS, 100000), WAKE_LEAST_MS);
}

static void short_sleeps_add_up(void **state)
{
	(void)state;
	struct wake wake = { .fd = -1, .apart_ms = 0 };
	assert_int_equal(wake_look_at(&wake, 1000 + WAKE_LEAST_MS - 1, 1000), 0);
	assert_int_equal(wake_look_at(&wake, 2000 + WAKE_LEAST_MS, 2000), WAKE_LEAST_MS);
}

static void stays_quiet_while_nobody_sleeps(void **state)
{
	(void)state;
	struct wake wake;
	wake_open(&wake);
	assert_true(wake.fd >= 0);
	assert_int_equal(wake_look(&wake), 0);
	assert_int_equal(wake_look(&wake), 0);
	struct pollfd poll_fd = { .fd = wake.fd, .events = POLLIN };
	assert_int_equal(poll(&poll_fd, 1, 0), 0);
	wake_close(&wake);
	assert_int_equal(wake.fd, -1);
	assert_int_equal(wake_look(&wake), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{ "tells a sleep once", tells_a_sleep_once, NULL, NULL, NULL },
		{ "adds up sleeps that are short", short_sleeps_add_up, NULL, NULL, NULL },
		{ "stays quiet while nobody sleeps", stays_quiet_while_nobody_sleeps, NULL, NULL,
		  NULL },
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
