/*
 * Every ticket of a scenario fails once, then for good from there on (SQLite's way): whatever
 * fails, the node goes on, says so, and holds the same as its friend once the disk works again.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "../sim/bench.h"
#include "node_bench.h"

#include <sodium.h>
#include <string.h>

enum fault { FAIL_ONCE, FAIL_FOR_A_WHILE };

/* A founding, a joining, entries both ways, large payloads, a restart. Returns how many tickets
 * node `who` had. */
static uint32_t scenario(uint32_t who, uint32_t fail_from, enum fault fault)
{
	const struct tuy_policy policy = { .max = 150 };
	struct tuy_circle_info info;
	struct tuy_invite invite;
	uint32_t circle, tickets;
	uint64_t ticket;

	bench_open(&b, 2);
	b.node[who].fail_from = fail_from;
	b.node[who].fail_count = fault == FAIL_ONCE ? 1 : 12;
	for (int tries = 0; tries < 20 && tuy_node_circle(b.node[0].node, 0, &info) != TUY_OK;
	     tries++) {
		/* a founding that failed left nothing: the number is free again */
		assert_int_equal(
			tuy_node_create_circle(b.node[0].node, b.now, &policy, &circle, &ticket),
			TUY_OK);
		assert_int_equal(circle, 0);
		bench_pass(&b, 100);
	}
	for (int tries = 0; tries < 20 && b.node[1].told[TUY_TELL_JOINED] == 0; tries++) {
		tuy_node_cancel_join(b.node[1].node);
		if (tuy_node_create_invite(b.node[0].node, b.now, 0, 86400, &invite, &ticket) ==
		    TUY_OK) {
			bench_run(&b);
			tuy_node_join(b.node[1].node, b.now, &invite, (struct tuy_bytes){ 0 });
		}
		bench_pass(&b, 12000);
	}
	if (b.node[1].told[TUY_TELL_JOINED] != 1)
		fail_msg("not joined: ticket %u of node %u", fail_from, who);
	for (int i = 0; i < 4; i++) {
		bench_append(&b, 0, i == 2 ? 40000 : 300);
		bench_append(&b, 1, i == 2 ? 40000 : 300);
		bench_append(&b, 1, 40000);
		bench_pass(&b, 2000);
	}
	bench_pass(&b, 30000);
	tickets = b.node[who].ticket_total;
	bench_stop(&b, who);
	bench_start(&b, who);
	bench_pass(&b, 60000);
	if (!bench_same(&b))
		fail_msg("not the same at the end: ticket %u of node %u", fail_from, who);
	bench_close(&b);
	return tickets;
}

static void sweep(uint32_t who, enum fault fault)
{
	uint32_t tickets = scenario(who, UINT32_MAX, fault);

	assert_true(tickets > 8);
	for (uint32_t k = 0; k < tickets; k++)
		scenario(who, k, fault);
	print_message("%u tickets, each failed\n", tickets);
}

static void founder_once(void **state)
{
	(void)state;
	sweep(0, FAIL_ONCE);
}

static void founder_for_a_while(void **state)
{
	(void)state;
	sweep(0, FAIL_FOR_A_WHILE);
}

static void guest_once(void **state)
{
	(void)state;
	sweep(1, FAIL_ONCE);
}

static void guest_for_a_while(void **state)
{
	(void)state;
	sweep(1, FAIL_FOR_A_WHILE);
}

#define TEST(sentence, function)                                                                   \
	{                                                                                          \
		sentence, function, NULL, NULL, NULL                                               \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST("the founder's k-th ticket fails once, for every k", founder_once),
		TEST("the founder's disk fails for a while from the k-th ticket on, for every k",
		     founder_for_a_while),
		TEST("the guest's k-th ticket fails once, for every k", guest_once),
		TEST("the guest's disk fails for a while from the k-th ticket on, for every k",
		     guest_for_a_while),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
