/* The audit log in the store: order, what is the same row, and its 12 months (product 1.12). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "../../daemon/audit.h"
#include "store_world.h"
#include <stdio.h>
#include <string.h>

#define NOW_S 2000000000u

static struct world world;
static struct world_circle circle;
static struct world_log log_a;
static char said[200];
static uint32_t sweeps;

static int set_up(void **state)
{
	(void)state;
	world_open(&world, WRITER_WORDS);
	world_circle(&world, &circle, 0);
	world_epoch_put(&world, &circle);
	world_log(&world, &log_a, 0, &circle, 1, 1);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	world_close(&world);
	return 0;
}

static void put(const struct audit_row *row)
{
	uint8_t key[AUDIT_KEY];
	uint8_t value[AUDIT_VALUE];
	audit_row_write(row, key, value);
	struct writer_row kept = { STORE_OWN_AUDIT, TUY_BYTES(key), TUY_BYTES(value) };
	uint64_t ticket = UINT64_C(1) << 63 | world.report_count;
	assert_int_equal(writer_submit_rows(world.writer, ticket, &kept, 1), 0);
	world_await(&world, world.report_count + 1);
	assert_int_equal(world.report[world.report_count - 1].stored, TUY_STORED_OK);
}

/* audit_on_row: "what seconds-before-NOW_S object member circle count;" */
static void on_row(void *context, const struct audit_row *row)
{
	(void)context;
	size_t len = strlen(said);
	snprintf(said + len, sizeof said - len, "%s %u %u %u %u %u; ", audit_what_name(row->what),
	         NOW_S - row->at_s, row->object.b[9], row->member.b[31], row->circle_no,
	         row->count);
}

static const char *rows(uint32_t since_s)
{
	struct store_reading reading;
	said[0] = '\0';
	assert_int_equal(store_reading_begin(world.store, &reading), 0);
	assert_int_equal(audit_each(&reading, since_s, on_row, NULL), 0);
	store_reading_end(&reading);
	return said;
}

static void on_erased(void *context, uint32_t log_no, uint32_t missing, uint32_t base_seq)
{
	(void)context;
	(void)missing;
	(void)base_seq;
	sweeps += log_no == WRITER_SWEPT;
}

static void sweep(uint32_t now_s)
{
	sweeps = 0;
	writer_report_erased(world.writer, on_erased);
	writer_sweep(world.writer, now_s);
	while (sweeps == 0)
		uv_run(&world.loop, UV_RUN_ONCE);
}

static struct audit_row row_of(enum audit_what what, uint32_t ago_s)
{
	return (struct audit_row){ .what = what,
		                   .at_s = NOW_S - ago_s,
		                   .circle_no = 3,
		                   .object = { { [9] = 7 } },
		                   .member = { { [31] = 8 } },
		                   .count = 9 };
}

static void comes_back_in_the_order_of_time(void **state)
{
	struct audit_row later = row_of(AUDIT_AWARDED, 10);
	struct audit_row earlier = row_of(AUDIT_NAMED, 20);
	(void)state;
	assert_string_equal(rows(0), "");
	put(&later);
	put(&earlier);
	world_reopen(&world, WRITER_WORDS);
	assert_string_equal(rows(0), "named 20 7 8 3 9; awarded 10 7 8 3 9; ");
	assert_string_equal(rows(NOW_S - 10), "awarded 10 7 8 3 9; ");
	assert_string_equal(rows(NOW_S - 9), "");
}

static void said_twice_is_one_row(void **state)
{
	struct audit_row row = row_of(AUDIT_RECEIVED, 10);
	(void)state;
	put(&row);
	put(&row);
	assert_string_equal(rows(0), "received 10 7 8 3 9; ");
	row.member.b[31] = 1; /* to another member: another one */
	put(&row);
	assert_string_equal(rows(0), "received 10 7 1 3 9; received 10 7 8 3 9; ");
}

static void goes_after_twelve_months(void **state)
{
	struct audit_row gone = row_of(AUDIT_NAMED, STORE_AUDIT_LIFE_S + 1);
	struct audit_row kept = row_of(AUDIT_NAMED, STORE_AUDIT_LIFE_S);
	(void)state;
	put(&gone);
	put(&kept);
	sweep(NOW_S);
	assert_string_equal(rows(0), "named 31536000 7 8 3 9; ");
	sweep(NOW_S + 1);
	assert_string_equal(rows(0), "");
}

static void a_kind_of_a_later_version_has_a_name(void **state)
{
	(void)state;
	for (uint32_t what = AUDIT_NONE + 1; what < AUDIT_WHAT_END; what++)
		assert_string_not_equal(audit_what_name((enum audit_what)what), "other");
	assert_string_equal(audit_what_name(AUDIT_WHAT_END), "other");
}

#define TEST(sentence, function)                                                                   \
	{                                                                                          \
		sentence, function, set_up, tear_down, NULL                                        \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST("comes back in the order of time, from a moment on",
		     comes_back_in_the_order_of_time),
		TEST("said twice is one row; to another member it is another one",
		     said_twice_is_one_row),
		TEST("goes after twelve months, by the daemon's clock", goes_after_twelve_months),
		TEST("what a later version noted has a name", a_kind_of_a_later_version_has_a_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
