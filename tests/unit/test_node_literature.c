/* What other systems of this kind are known to have failed at, each by name, on the workbench. A
 * wiped store, an old one, and a fork: test_node_restore.c; clones: test_node_clone.c. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "../sim/bench.h"
#include "node_bench.h"

#include <sodium.h>

#define QUEUE_MAX (262144 + 2 * (TUY_FRAME_MAX + 2)) /* node.h: what it leaves unsent at most */

/* ---- stored peer state that lies ---- */

/* Node 1 is down while node 2 moves; then what node 1 has stored of peers is changed. */
static void moved_meanwhile(void (*change)(struct disk *disk))
{
	bench_stop(&b, 1);
	bench_stop(&b, 2);
	b.node[2].address.port += 7;
	bench_start(&b, 2);
	bench_pass(&b, 3000);
	node_bench_give(2, 3, 300);
	change(b.node[1].disk);
	bench_start(&b, 1);
	bench_pass(&b, 120000);
	assert_true(bench_same(&b));
	assert_int_equal(node_bench_info(1).entries, 3);
	assert_int_equal(node_bench_info(1).online, 3);
}

static void old_and_damaged_addresses(void **state)
{
	(void)state;
	moved_meanwhile(disk_peers_lie);
}

static void no_addresses(void **state)
{
	(void)state;
	moved_meanwhile(disk_peers_lose);
}

/* ---- both sides flooding ---- */

static void both_flood(void **state)
{
	(void)state;
	bench_stop(&b, 2);
	bench_stop(&b, 1);
	node_bench_give(0, 80, 40000);
	bench_stop(&b, 0);
	bench_start(&b, 1);
	bench_pass(&b, 100);
	node_bench_give(1, 80, 40000);
	bench_start(&b, 0); /* 3 MB for each other, three times what credit allows */
	bench_pass(&b, 120000);
	assert_int_equal(node_bench_info(0).entries, 160);
	assert_int_equal(node_bench_info(1).entries, 160);
	assert_int_equal(node_bench_info(0).missing, 0);
	assert_int_equal(node_bench_info(1).missing, 0);
	assert_int_equal(b.node[0].told[TUY_TELL_FAULT], 0);
	assert_int_equal(b.node[1].told[TUY_TELL_FAULT], 0);
}

/* ---- a reader stalled for ever ---- */

static size_t waiting_for(uint32_t i)
{
	size_t most = 0;

	for (uint32_t k = 0; k < b.pipe_count; k++) {
		for (int end = 0; end < 2; end++) {
			if (b.pipe[k].open[end] && b.pipe[k].node[end] == i &&
			    b.pipe[k].len[end] > most)
				most = b.pipe[k].len[end];
		}
	}
	return most;
}

static void stalled_reader(void **state)
{
	(void)state;
	b.dial = false;
	b.node[2].deaf = true;
	node_bench_give(0, 60, 20000);                    /* 1.2 MB */
	assert_int_equal(node_bench_info(1).entries, 60); /* the other one is not kept waiting */
	assert_true(waiting_for(2) > 65536);
	assert_true(waiting_for(2) <= QUEUE_MAX);
	assert_int_equal(node_bench_info(0).online, 3);
	bench_pass(&b, 100000);
	assert_int_equal(node_bench_info(0).online, 2); /* closed: PROTOCOL 7.5, CLOSE(slow) */
	assert_int_equal(node_bench_info(1).online, 2);
	b.node[2].deaf = false;
	b.dial = true;
	bench_pass(&b, 120000);
	assert_true(bench_same(&b));
}

/* ---- a source that died between DATA and BLOB ---- */

static void source_died(void **state)
{
	(void)state;
	bench_stop(&b, 1);
	node_bench_give(0, 2, 40000); /* one DATA message has room for one of the payloads */
	bench_pass(&b, 2000);
	assert_int_equal(node_bench_info(2).missing, 0);
	bench_stop(&b, 2);
	b.node[1].store_holds = true;
	bench_start(&b, 1);
	bench_pass(&b, 5000);
	bench_stop(&b, 0); /* DATA came, and nothing was asked for yet */
	b.node[1].store_holds = false;
	bench_pass(&b, 100);
	assert_int_equal(node_bench_info(1).entries, 2);
	assert_int_equal(node_bench_info(1).missing, 1);
	bench_start(&b, 2);
	bench_pass(&b, 120000);
	assert_int_equal(node_bench_info(1).missing, 0);
}

/* ---- claims that cost nothing to make ---- */

/* Node 1 names logs of node 2's device that never were, on its link with node 0. */
static void logs_made_up(void **state)
{
	struct tuy_node *liar = b.node[1].node;
	uint32_t before = b.node[0].node->log_count;
	struct tuy_circle_info circle = node_bench_info(1);

	(void)state;
	for (uint32_t k = 0; k < 200; k++) {
		struct link *link =
			&liar->link[liar->peer[tuy_peer_find(liar, &b.node[0].keys.device)].link];
		struct tuy_incarnation incarnation = { { 9, (uint8_t)k } };
		struct tuy_log_id id = tuy_log_id(&circle.id, &b.node[2].keys.device, &incarnation);
		struct tuy_log16 log16 = tuy_log16(&id);
		struct tuy_writer w = tuy_writer(liar->plain, TUY_RECORD_MAX);

		tuy_message_put_loginfo(&w, link->circle[0].index, &log16, &b.node[2].keys.device,
		                        &incarnation);
		tuy_link_seal(liar, link, &w);
		bench_run(&b);
	}
	assert_int_equal(b.node[0].node->log_count, before);
	assert_int_equal(disk_log_count(b.node[0].disk), before);
	node_bench_give(2, 1, 100);
	assert_true(bench_same(&b));
}

#define TEST(sentence, function)                                                                   \
	{                                                                                          \
		sentence, function, node_bench_three, node_bench_away, NULL                        \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST("a peer whose stored addresses are old or damaged finds its way back",
		     old_and_damaged_addresses),
		TEST("a peer that lost what it knew of peers is found by the others", no_addresses),
		TEST("two peers that flood each other both come up to date", both_flood),
		TEST("a reader stalled for ever is closed, costs bounded memory, and keeps nobody "
		     "waiting",
		     stalled_reader),
		TEST("logs that are merely claimed take no room", logs_made_up),
		TEST("a payload whose source died after DATA comes from somebody else",
		     source_died),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
