/*
 * Who waits for whom on the way to the store: what somebody just gave does not wait for what others
 * send in bulk (proto/stage.c), seen by the host of node 0, whose disk is slow.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "../sim/bench.h"
#include "node_bench.h"

#include <sodium.h>

#define MANY 1200 /* entries: more than the stages that a link can have */

/* Three friends, each with an entry that all have; then 1 is away and gives many. When he is back,
 * nobody but 0 can be called. */
static int one_comes_back_with_many(void **state)
{
	(void)state;
	bench_open(&b, 3);
	bench_found(&b);
	for (uint32_t i = 0; i < 3; i++) {
		bench_append(&b, i, 300);
		bench_pass(&b, 100);
	}
	b.dial = false;
	for (uint32_t i = 0; i < b.pipe_count; i++) {
		if (b.pipe[i].open[0] && (b.pipe[i].node[0] == 1 || b.pipe[i].node[1] == 1))
			bench_cut(&b, &b.pipe[i]);
	}
	for (int i = 0; i < MANY; i++) {
		bench_append(&b, 1, 300);
		bench_run(&b);
	}
	b.node[1].address.port ^= 1;
	b.node[2].address.port ^= 1;
	b.dial = true;
	return 0;
}

/* 1 is there again. */
static void come_back(void)
{
	tuy_node_on_wake(b.node[1].node, b.now);
	bench_pass(&b, 200);
}

/* Tickets with entries that node 0 has handed to its host and that are not answered: runs of 64, or
 * the others. */
static uint32_t tickets(bool whole_runs)
{
	const struct bench_node *n = &b.node[0];
	uint32_t found = 0, count;

	for (uint32_t i = 0; i < n->ticket_count; i++) {
		const struct tuy_store_item *items = disk_ticket_items(n->ticket[i].items, &count);

		found += items[0].kind == TUY_STORE_ENTRIES &&
		         (items[0].u.entries.count > 4) == whole_runs;
	}
	return found;
}

static void end_well(void)
{
	b.node[0].store_holds = b.node[0].store_fails = false;
	bench_pass(&b, 20000);
	assert_true(bench_same(&b));
}

static void stages_are_left(void **state)
{
	(void)state;
	bench_pass(&b, 500); /* what came last is no longer news */
	b.node[0].store_holds = true;
	come_back();
	assert_true(tickets(true) > 1);
	assert_int_equal(tickets(false), 0);
	bench_append(&b, 2, 300);
	bench_run(&b);
	assert_int_equal(tickets(false), 1);
	end_well();
}

static void bulk_waits(void **state)
{
	(void)state;
	b.node[0].store_holds = true;
	bench_append(&b, 2, 300);
	bench_run(&b);
	come_back();
	assert_int_equal(tickets(true), 1);
	bench_append(&b, 2, 300);
	bench_append(&b, 0, 300);
	bench_run(&b);
	assert_int_equal(tickets(true), 1);
	assert_int_equal(tickets(false), 3);
	end_well();
}

/* It took its 200 ms: the pause is the longest there is, 50 ms. */
static void bulk_rests(void **state)
{
	(void)state;
	b.node[0].store_holds = true;
	bench_append(&b, 2, 300);
	bench_run(&b);
	come_back();
	assert_int_equal(tickets(true), 1);
	b.node[0].store_holds = false;
	bench_run(&b);
	b.node[0].store_holds = true;
	bench_pass(&b, 49);
	assert_int_equal(tickets(true), 0);
	bench_append(&b, 2, 300);
	bench_run(&b);
	assert_int_equal(tickets(false), 1);
	bench_pass(&b, 1);
	assert_int_equal(tickets(true), 1);
	end_well();
}

static void bulk_goes_on(void **state)
{
	(void)state;
	b.node[0].store_holds = true;
	bench_append(&b, 2, 300);
	bench_run(&b);
	come_back();
	assert_int_equal(tickets(true), 1);
	b.now.ms += 500;
	bench_run(&b);
	assert_true(tickets(true) > 1);
	end_well();
}

static void failed_together(void **state)
{
	(void)state;
	b.node[0].store_holds = true;
	bench_append(&b, 2, 300);
	bench_run(&b);
	come_back();
	b.node[0].store_fails = true;
	b.node[0].store_holds = false;
	b.node[0].ticket_total = 0;
	bench_run(&b);
	assert_int_equal(b.node[0].ticket_total, 2);
	end_well();
}

#define TEST(sentence, function)                                                                   \
	{                                                                                          \
		sentence, function, one_comes_back_with_many, node_bench_away, NULL                \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST("a friend who sends much leaves stages for what others give", stages_are_left),
		TEST("while live entries come, one ticket of bulk is with the host", bulk_waits),
		TEST("and after it bulk rests for longer than it took", bulk_rests),
		TEST("when they no longer come, bulk takes all it can", bulk_goes_on),
		TEST("bulk that waits fails with what failed before it, and comes again",
		     failed_together),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
