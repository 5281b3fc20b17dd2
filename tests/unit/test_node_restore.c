/* A device whose store is older than what it once sent (PROTOCOL 4.10), on the workbench. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "../sim/bench.h"
#include "node_bench.h"

#include <sodium.h>
#include <string.h>

static enum tuy_err append(uint32_t i)
{
	static const uint8_t record[40] = { 1 };
	struct tuy_appended appended;

	return tuy_node_append(b.node[i].node, b.now, 0, TUY_BYTES(record), 0, &appended);
}

/* The home of node 1 is put back as it was in `copy`; `noticed`: as a store that finds out. */
enum noticed { UNNOTICED, NOTICED };
static void put_back(struct disk *copy, enum noticed noticed)
{
	bench_stop(&b, 1);
	bench_pass(&b, 100);
	disk_destroy(b.node[1].disk);
	b.node[1].disk = copy;
	if (noticed == NOTICED)
		b.node[1].incarnation.b[5]++;
}

/* The number of logs of node 1's device that node `i` holds, and of entries in them. */
static uint32_t logs_of_1(uint32_t i, uint32_t *entries)
{
	uint32_t count = 0;

	*entries = 0;
	for (uint32_t l = 0; l < disk_log_count(b.node[i].disk); l++) {
		const struct tuy_log_state *log = &disk_log(b.node[i].disk, l)->state;

		if (memcmp(&log->device, &b.node[1].keys.device, sizeof log->device) != 0)
			continue;
		count++;
		*entries += log->head.seq;
	}
	return count;
}

static void everybody_has(uint32_t logs, uint32_t entries)
{
	assert_true(bench_same(&b));
	for (uint32_t i = 0; i < b.count; i++) {
		uint32_t held;

		assert_int_equal(logs_of_1(i, &held), logs);
		assert_int_equal(held, entries);
	}
}

/* ---- tests ---- */

static void lost_store(void **state)
{
	struct tuy_invite invite;
	uint64_t ticket;

	(void)state;
	node_bench_give(1, 5, 200);
	put_back(disk_create(), NOTICED);
	bench_start(&b, 1);
	assert_int_equal(tuy_node_create_invite(b.node[0].node, b.now, 0, 1000, &invite, &ticket),
	                 TUY_OK);
	bench_run(&b);
	assert_int_equal(tuy_node_join(b.node[1].node, b.now, &invite, (struct tuy_bytes){ 0 }),
	                 TUY_OK);
	bench_pass(&b, 3000);
	assert_int_equal(node_bench_info(1).entries, 5);
	node_bench_give(1, 2, 200);
	bench_pass(&b, 1000);
	everybody_has(2, 7);
	assert_int_equal(b.node[1].told[TUY_TELL_INCARNATION], 0);
	assert_int_equal(tuy_node_delivery(b.node[1].node, 0, 5).have, 2);
}

/* All that a founder has of his circle after WELCOME is his own operation: he knows nobody. */
static void founder_lost_his_store(void **state)
{
	struct tuy_circle_state *c = &b.node[1].node->circle[0];
	struct tuy_invite invite;
	uint64_t ticket;

	(void)state;
	node_bench_give(1, 3, 200);
	bench_stop(&b, 0);
	bench_pass(&b, 100);
	disk_destroy(b.node[0].disk);
	b.node[0].disk = disk_create();
	b.node[0].incarnation.b[5]++;
	bench_start(&b, 0);
	assert_int_equal(tuy_node_create_invite(b.node[1].node, b.now, 0, 1000, &invite, &ticket),
	                 TUY_OK);
	bench_run(&b);
	for (uint32_t i = 1; i < c->op_count; i++)
		c->op[i].durable = false; /* WELCOME comes, and no operation */
	assert_int_equal(tuy_node_join(b.node[0].node, b.now, &invite, (struct tuy_bytes){ 0 }),
	                 TUY_OK);
	bench_pass(&b, 100);
	assert_int_equal(node_bench_info(0).members, 1);
	b.node[0].told[TUY_TELL_JOINED] = 0;
	for (uint32_t i = 0; i < b.pipe_count; i++) {
		if (b.pipe[i].open[0] && (b.pipe[i].node[0] == 0 || b.pipe[i].node[1] == 0))
			bench_cut(&b, &b.pipe[i]);
	}
	for (uint32_t i = 1; i < c->op_count; i++)
		c->op[i].durable = true;
	bench_pass(&b, 20000);
	assert_int_equal(b.node[0].told[TUY_TELL_JOINED], 1);
	assert_int_equal(node_bench_info(0).members, 3);
	assert_true(bench_same(&b));
}

static void noticed_copy(void **state)
{
	struct disk *copy;

	(void)state;
	node_bench_give(1, 3, 200);
	copy = disk_copy(b.node[1].disk);
	node_bench_give(1, 4, 200);
	put_back(copy, NOTICED);
	bench_start(&b, 1);
	bench_append(&b, 1, 100); /* before it met anybody */
	bench_pass(&b, 3000);
	everybody_has(2, 8);
	assert_int_equal(b.node[1].told[TUY_TELL_INCARNATION], 0);
}

static void longer_log_is_shown(void **state)
{
	struct disk *copy;
	struct tuy_incarnation before;

	(void)state;
	node_bench_give(1, 3, 200);
	copy = disk_copy(b.node[1].disk);
	node_bench_give(1, 4, 200);
	before = b.node[1].incarnation;
	put_back(copy, UNNOTICED);
	bench_start(&b, 1);
	bench_pass(&b, 3000);
	assert_int_equal(b.node[1].told[TUY_TELL_INCARNATION], 1);
	assert_int_equal(b.node[1].last[TUY_TELL_INCARNATION].why, TUY_INCARNATION_LONGER);
	assert_int_equal(b.node[1].last[TUY_TELL_INCARNATION].count, 2);
	assert_non_null(disk_incarnation(b.node[1].disk));
	assert_memory_not_equal(disk_incarnation(b.node[1].disk), &before, sizeof before);
	everybody_has(1, 7);
	node_bench_give(1, 2, 200);
	bench_pass(&b, 1000);
	everybody_has(2, 9);
	bench_stop(&b, 1);
	bench_start(&b, 1); /* and it stays with the new one */
	node_bench_give(1, 1, 200);
	bench_pass(&b, 2000);
	everybody_has(2, 10);
	assert_int_equal(b.node[1].told[TUY_TELL_INCARNATION], 1);
}

static void log_of_a_lost_store_is_shown(void **state)
{
	struct disk *copy = disk_copy(b.node[1].disk); /* before the first entry */

	(void)state;
	node_bench_give(1, 70, 200);
	put_back(copy, UNNOTICED);
	bench_start(&b, 1);
	bench_pass(&b, 3000);
	assert_int_equal(b.node[1].last[TUY_TELL_INCARNATION].why, TUY_INCARNATION_LONGER);
	node_bench_give(1, 1, 200);
	bench_pass(&b, 1000);
	everybody_has(2, 71);
}

static void a_new_incarnation_is_durable_first(void **state)
{
	struct disk *copy;

	(void)state;
	node_bench_give(1, 3, 200);
	copy = disk_copy(b.node[1].disk);
	node_bench_give(1, 1, 200);
	put_back(copy, UNNOTICED);
	bench_start(&b, 1);
	b.node[1].store_holds = true;
	bench_pass(&b, 5000);
	assert_int_equal(b.node[1].told[TUY_TELL_INCARNATION], 1);
	assert_int_equal(append(1), TUY_E_FULL);
	b.node[1].store_holds = false;
	bench_pass(&b, 10);
	assert_int_equal(append(1), TUY_OK);
	bench_pass(&b, 1000);
	everybody_has(2, 5);
}

static void claims_hold_appends(void **state)
{
	struct tuy_node *n = b.node[1].node;
	struct tuy_frontier_row row = { .eff_seq = 100 };
	struct link *link = NULL;

	(void)state;
	node_bench_give(1, 3, 200);
	for (uint32_t i = 0; i < n->cap.links; i++)
		link = n->link[i].state == LINK_UP ? &n->link[i] : link;
	assert_non_null(link);
	row.log = n->log[n->own[0].own_log].log16;
	tuy_own_claimed(n, b.now, link, 0, &row);
	assert_int_equal(append(1), TUY_E_FULL);
	bench_pass(&b, TUY_CLAIM_HOLD_MS - 1);
	assert_int_equal(append(1), TUY_E_FULL);
	bench_pass(&b, 1);
	assert_int_equal(append(1), TUY_OK); /* nobody showed anything */
	tuy_own_claimed(n, b.now, link, 0, &row);
	assert_int_equal(append(1), TUY_OK); /* once a minute */
	bench_pass(&b, TUY_CLAIM_PAUSE_MS);
	row.eff_seq = n->log[n->own[0].own_log].durable.seq;
	memcpy(row.h8, n->log[n->own[0].own_log].durable.hash.b, sizeof row.h8);
	tuy_own_claimed(n, b.now, link, 0, &row);
	assert_int_equal(append(1), TUY_OK); /* he has what we have */
	bench_pass(&b, 10);
	tuy_own_claimed(n, b.now, link, 0, &row);
	assert_int_equal(append(1), TUY_OK); /* and less */
	row.eff_seq += 2;
	tuy_own_claimed(n, b.now, link, 0, &row);
	assert_int_equal(append(1), TUY_E_FULL);
	bench_pass(&b, 5000);
	assert_int_equal(b.node[1].told[TUY_TELL_INCARNATION], 0); /* never on a mere claim */
	assert_true(bench_same(&b));
}

/* ---- before and after one full sync ---- */

static bool settled(uint32_t i)
{
	return tuy_node_settled(b.node[i].node, 0);
}

static void settled_once_synced(void **state)
{
	struct disk *copy;

	(void)state;
	for (uint32_t i = 0; i < b.count; i++)
		assert_true(settled(i));
	node_bench_give(1, 3, 200);
	copy = disk_copy(b.node[1].disk);
	node_bench_give(1, 70, 200);
	put_back(copy, NOTICED);
	b.dial = false;
	bench_start(&b, 1);
	bench_pass(&b, 500);
	assert_false(settled(1)); /* it knows of friends, and has seen none */
	b.dial = true;
	b.node[1].store_holds = true;
	bench_pass(&b, 5000);
	assert_int_equal(node_bench_info(1).online, 3);
	assert_false(settled(1)); /* what they hold is not here yet */
	b.node[1].store_holds = false;
	bench_pass(&b, 3000);
	assert_true(settled(1));
	b.dial = false;
	bench_stop(&b, 1);
	bench_start(&b, 1);
	assert_true(settled(1)); /* it is kept */
}

/* The answer to its question stood before what came with it: it asks again by itself. */
static void settled_amid_news(void **state)
{
	struct disk *copy;

	(void)state;
	node_bench_give(1, 3, 200);
	copy = disk_copy(b.node[1].disk);
	node_bench_give(1, 5, 200);
	put_back(copy, NOTICED);
	bench_stop(&b, 2);
	b.node[1].store_holds = true;
	bench_start(&b, 1);
	bench_pass(&b, 3000);
	b.node[0].deaf = true;
	b.node[1].store_holds = false;
	bench_run(&b); /* now it believes that both hold the same, and asks */
	b.node[1].store_holds = true;
	bench_append(&b, 0, 200);
	bench_run(&b);
	b.node[0].deaf = false;
	bench_run(&b);
	assert_false(settled(1));
	b.node[1].store_holds = false;
	bench_run(&b);
	assert_false(settled(1));
	bench_pass(&b, 3000);
	assert_true(settled(1));
}

static void settled_after_loss(void **state)
{
	struct tuy_invite invite;
	uint64_t ticket;

	(void)state;
	node_bench_give(1, 70, 200);
	put_back(disk_create(), NOTICED);
	bench_start(&b, 1);
	assert_false(settled(1));
	assert_int_equal(tuy_node_create_invite(b.node[0].node, b.now, 0, 1000, &invite, &ticket),
	                 TUY_OK);
	bench_run(&b);
	assert_int_equal(tuy_node_join(b.node[1].node, b.now, &invite, (struct tuy_bytes){ 0 }),
	                 TUY_OK);
	for (int step = 0; step < 4000 && !settled(1); step++) {
		b.now.ms++;
		tuy_node_on_time(b.node[1].node, b.now);
		bench_run(&b);
	}
	assert_true(settled(1));
	assert_int_equal(node_bench_info(1).entries, 70);
}

static void settled_no_more_when_shown(void **state)
{
	struct disk *copy;

	(void)state;
	node_bench_give(1, 3, 200);
	copy = disk_copy(b.node[1].disk);
	node_bench_give(1, 4, 200);
	put_back(copy, UNNOTICED);
	b.dial = false;
	bench_start(&b, 1);
	assert_true(settled(1)); /* nothing tells it yet */
	b.node[1].store_holds = true;
	b.dial = true;
	bench_pass(&b, 5000);
	assert_int_equal(b.node[1].told[TUY_TELL_INCARNATION], 1);
	assert_false(settled(1));
	b.node[1].store_holds = false;
	bench_pass(&b, 3000);
	assert_true(settled(1));
}

static void settled_alone(void **state)
{
	const struct tuy_policy policy = { .max = 150 };
	uint32_t circle;
	uint64_t ticket;

	(void)state;
	assert_false(tuy_node_settled(b.node[0].node, 1)); /* none of that number */
	assert_int_equal(tuy_node_create_circle(b.node[0].node, b.now, &policy, &circle, &ticket),
	                 TUY_OK);
	assert_int_equal(circle, 1);
	assert_true(tuy_node_settled(b.node[0].node, 1));
}

#define TEST(sentence, function)                                                                   \
	{                                                                                          \
		sentence, function, node_bench_three, node_bench_away, NULL                        \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST("a device that lost its store gets its own entries back as those of others",
		     lost_store),
		TEST("a founder who lost his store comes back though the link breaks after WELCOME",
		     founder_lost_his_store),
		TEST("a copy that is noticed is used at once and nothing is lost", noticed_copy),
		TEST("who is shown more of his own log begins a new one and takes the old one back",
		     longer_log_is_shown),
		TEST("who is shown a log that he never wrote as far as he knows begins a new one",
		     log_of_a_lost_store_is_shown),
		TEST("nothing is appended before the new incarnation is durable",
		     a_new_incarnation_is_durable_first),
		TEST("a store that was put back is settled once it holds what a friend does, for "
		     "good",
		     settled_once_synced),
		TEST("whom the first answer finds behind asks again by himself", settled_amid_news),
		TEST("a store that was lost is settled when all of it came back",
		     settled_after_loss),
		TEST("who is shown more of his own log is not settled any more",
		     settled_no_more_when_shown),
		TEST("who is alone in a circle is settled", settled_alone),
		TEST("a mere claim holds own entries back for two seconds, once a minute",
		     claims_hold_appends),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
