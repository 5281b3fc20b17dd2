/* The memory of what has happened: what is kept, what is overtaken, and positions in it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "../../daemon/events.h"
#include <stdlib.h>
#include <string.h>

#define RUN 0x1a2b3c4du

static struct events *events;

static int begin(void **state)
{
	(void)state;
	events = events_create(RUN);
	return events ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	events_destroy(events);
	return 0;
}

static void push(uint32_t at_s)
{
	struct event event = { .kind = EVENT_TIP_NEW, .at_s = at_s };
	events_push(events, &event);
}

static int read_position(const char *text, uint64_t *at)
{
	return events_position_read(events,
	                            (struct tuy_bytes){ (const uint8_t *)text, strlen(text) }, at);
}

static void every_kind_has_a_name_of_its_own(void **state)
{
	(void)state;
	for (int i = 0; i < EVENT_KINDS; i++) {
		assert_non_null(event_name((enum event_kind)i));
		for (int k = 0; k < i; k++)
			assert_string_not_equal(event_name((enum event_kind)i),
			                        event_name((enum event_kind)k));
	}
}

static void keeps_events_in_their_order(void **state)
{
	(void)state;
	assert_int_equal(events_end(events), 0);
	for (uint32_t i = 0; i < 3; i++)
		push(100 + i);
	assert_int_equal(events_begin(events), 0);
	assert_int_equal(events_end(events), 3);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(events_at(events, i)->at_s, 100 + i);
}

static void the_oldest_give_way_and_the_others_keep_their_places(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < EVENTS_KEPT + 5; i++)
		push(i);
	assert_int_equal(events_begin(events), 5);
	assert_int_equal(events_end(events), EVENTS_KEPT + 5);
	assert_int_equal(events_at(events, 5)->at_s, 5);
	assert_int_equal(events_at(events, EVENTS_KEPT + 4)->at_s, EVENTS_KEPT + 4);
}

static void a_position_reads_back_even_when_it_was_overtaken(void **state)
{
	char text[EVENTS_POSITION_TEXT];
	uint64_t at = 99;
	(void)state;
	push(1);
	push(2);
	events_position_text(events, 1, text);
	assert_string_equal(text, "1a2b3c4d-1");
	assert_int_equal(read_position(text, &at), 0);
	assert_int_equal(at, 1);
	for (uint32_t i = 0; i < EVENTS_KEPT; i++)
		push(i);
	assert_int_equal(read_position(text, &at), 0);
	assert_int_equal(at, 1); /* before events_begin, which is 2: one is lost */
	assert_int_equal(events_begin(events), 2);
	assert_int_equal(read_position("0", &at), 0);
	assert_int_equal(at, 2);
}

static void a_position_of_another_start_begins_at_the_oldest(void **state)
{
	uint64_t at = 99;
	(void)state;
	push(1);
	assert_int_equal(read_position("1a2b3c4e-1", &at), 1);
	assert_int_equal(at, 0);
}

static void what_is_no_position_is_refused(void **state)
{
	static const char *const wrong[] = { "",
		                             "1",
		                             "1a2b3c4d",
		                             "1a2b3c4d-",
		                             "1a2b3c4d-x",
		                             "1a2b3c4d--1",
		                             "1a2b3c4d-1 ",
		                             "1A2B3C4D-1",
		                             "1a2b3c4-1",
		                             "1a2b3c4d-3",
		                             "1a2b3c4d-99999999999999999999" };
	uint64_t at;
	(void)state;
	push(1);
	push(2);
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		assert_int_equal(read_position(wrong[i], &at), -1);
	assert_int_equal(
		events_position_read(
			events, (struct tuy_bytes){ (const uint8_t *)"1a2b3c4d-1\0", 11 }, &at),
		-1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_kind_has_a_name_of_its_own, begin, end),
		cmocka_unit_test_setup_teardown(keeps_events_in_their_order, begin, end),
		cmocka_unit_test_setup_teardown(
			the_oldest_give_way_and_the_others_keep_their_places, begin, end),
		cmocka_unit_test_setup_teardown(a_position_reads_back_even_when_it_was_overtaken,
		                                begin, end),
		cmocka_unit_test_setup_teardown(a_position_of_another_start_begins_at_the_oldest,
		                                begin, end),
		cmocka_unit_test_setup_teardown(what_is_no_position_is_refused, begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
