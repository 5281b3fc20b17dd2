/* Forked logs (PROTOCOL 4.11), on the workbench: proofs, cuts, void entries. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "../sim/bench.h"
#include "node_bench.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* The home of node 1 is put back as it was in `copy`, and neither it nor anybody sees that. */
static void put_back(struct disk *copy)
{
	bench_stop(&b, 1);
	bench_pass(&b, 100);
	disk_destroy(b.node[1].disk);
	b.node[1].disk = copy;
	bench_start(&b, 1);
}

/* Node 1 gives `before`, then `known` more; is put back before those, and gives `alone` in their
 * place while it sees nobody. */
static void fork_1(uint32_t before, uint32_t known, uint32_t alone, size_t len)
{
	struct disk *copy;

	node_bench_give(1, before, len);
	copy = disk_copy(b.node[1].disk);
	node_bench_give(1, known, len);
	b.dial = false;
	put_back(copy);
	node_bench_give(1, alone, len);
	bench_stop(&b, 1);
	b.dial = true;
}

/* The first log of node 1, as node i holds it. */
static const struct disk_log *log_1(uint32_t i)
{
	for (uint32_t l = 0; l < disk_log_count(b.node[i].disk); l++) {
		const struct disk_log *log = disk_log(b.node[i].disk, l);

		if (memcmp(&log->state.device, &b.node[1].keys.device, 32) == 0)
			return log;
	}
	return NULL;
}

static uint32_t payloads_aside(uint32_t i)
{
	const struct disk_log *log = log_1(i);
	uint32_t count = 0;

	for (uint32_t k = 0; k < log->voided_count; k++)
		count += log->voided[k].blob != NULL;
	return count;
}

static void everybody_cut(uint32_t cut)
{
	assert_true(bench_same(&b));
	for (uint32_t i = 0; i < b.count; i++) {
		assert_int_equal(log_1(i)->state.cut, cut);
		assert_int_equal(log_1(i)->state.head.seq, cut);
	}
}

static void nobody_is_blamed(void)
{
	for (uint32_t i = 0; i < b.count; i++)
		assert_int_equal(b.node[i].told[TUY_TELL_FAULT], 0);
}

static void forked(uint32_t before, uint32_t known, uint32_t alone, uint32_t cut)
{
	fork_1(before, known, alone, 200);
	bench_start(&b, 1);
	bench_pass(&b, 30000);
	node_bench_give(1, 2, 200);
	bench_pass(&b, 5000);
	everybody_cut(cut);
	nobody_is_blamed();
	assert_int_equal(b.node[1].told[TUY_TELL_INCARNATION], 1);
	assert_int_equal(b.node[1].last[TUY_TELL_INCARNATION].why, TUY_INCARNATION_FORKED);
	for (uint32_t i = 0; i < b.count; i++)
		assert_int_equal(b.node[i].told[TUY_TELL_FORKED], 1);
	/* the author has both branches aside: what was common beyond the cut counts once */
	assert_int_equal(payloads_aside(1), before + known + alone - cut);
}

static void as_many(void **state)
{
	(void)state;
	forked(80, 4, 4, 64);
}

static void fewer(void **state)
{
	(void)state;
	forked(80, 4, 2, 64);
}

static void more(void **state)
{
	(void)state;
	forked(80, 4, 9, 64);
}

static void from_the_first(void **state)
{
	(void)state;
	forked(0, 3, 2, 0);
}

static void behind_a_checkpoint(void **state)
{
	(void)state;
	forked(64, 1, 1, 64);
}

static void before_a_checkpoint(void **state)
{
	(void)state;
	forked(63, 1, 2, 0);
}

static void many_blocks_back(void **state)
{
	(void)state;
	forked(70, 300, 250, 64);
}

static void one_branch_many_blocks_longer(void **state)
{
	(void)state;
	forked(70, 2, 250, 64);
}

/* The payloads of a block do not fit one message. */
static void large_payloads(void **state)
{
	(void)state;
	fork_1(10, 60, 3, 3000);
	bench_start(&b, 1);
	bench_pass(&b, 30000);
	assert_int_equal(payloads_aside(1), 73);
	nobody_is_blamed();
}

/* Node 3 was away while the fork was found; nobody but its own FRONTIER tells that it needs the
 * proof. */
static void who_was_away(void **state)
{
	(void)state;
	fork_1(70, 5, 3, 200);
	bench_stop(&b, 3);
	bench_start(&b, 1);
	bench_pass(&b, 30000);
	assert_int_equal(log_1(3)->state.head.seq, 75);
	bench_start(&b, 3);
	bench_pass(&b, 30000);
	everybody_cut(64);
	nobody_is_blamed();
}

static void cut_outlives_a_restart(void **state)
{
	(void)state;
	fork_1(70, 5, 3, 200);
	bench_start(&b, 1);
	bench_pass(&b, 30000);
	for (uint32_t i = 0; i < b.count; i++) {
		bench_stop(&b, i);
		bench_start(&b, i);
	}
	bench_pass(&b, 30000);
	node_bench_give(1, 1, 200);
	bench_pass(&b, 5000);
	everybody_cut(64);
	nobody_is_blamed();
	assert_int_equal(b.node[0].told[TUY_TELL_FORKED], 1);
}

static void cut_is_tried_again(void **state)
{
	(void)state;
	fork_1(70, 5, 3, 200);
	b.node[0].store_fails = true;
	bench_start(&b, 1);
	bench_pass(&b, 20000);
	assert_int_equal(log_1(0)->state.head.seq, 75);
	b.node[0].store_fails = false;
	bench_pass(&b, 120000);
	everybody_cut(64);
	nobody_is_blamed();
}

static void entries_on_their_way(void **state)
{
	(void)state;
	fork_1(70, 5, 80, 200);
	for (uint32_t i = 0; i < b.count; i++)
		b.node[i].store_holds = i == 2;
	bench_start(&b, 1);
	bench_pass(&b, 20000);
	b.node[2].store_holds = false;
	bench_pass(&b, 30000);
	everybody_cut(64);
	nobody_is_blamed();
}

/* What node 0 takes as the proof against node 1's log. */
static void proof_send(struct tuy_fork_proof *proof)
{
	uint8_t bytes[TUY_FORK_PROOF_MAX], plain[TUY_FORK_PROOF_MAX + 100];
	struct tuy_node *n = b.node[0].node;
	struct tuy_writer w = tuy_writer(plain, sizeof plain);
	struct stage *stage;
	struct tuy_message m;
	struct link *link = NULL;
	struct tuy_log16 log16 = tuy_log16(&log_1(0)->id);
	size_t len = tuy_fork_proof_write(proof, bytes);

	for (uint32_t i = 0; i < n->cap.links; i++)
		link = n->link[i].state == LINK_UP ? &n->link[i] : link;
	assert_non_null(link);
	stage = tuy_stage_take(n, link);
	assert_non_null(stage);
	tuy_message_put_forkproof(&w, link->circle[0].index, &log16,
	                          (struct tuy_bytes){ bytes, len });
	memcpy(stage->bytes, plain, w.len);
	stage->len = w.len;
	assert_int_equal(tuy_message_parse((struct tuy_bytes){ stage->bytes, stage->len }, &m),
	                 TUY_OK);
	tuy_sync_message(n, b.now, link, &m, &stage);
	if (stage)
		tuy_stage_free(n, stage);
	bench_pass(&b, 5000);
}

/* A proof by which node 1 says two things of `seq`. */
static struct tuy_fork_proof proof_at(uint32_t seq)
{
	struct tuy_fork_proof proof = { .one = { seq, { { 1 } } }, .other = { { 2 } } };

	proof.one_sig = tuy_head_sign(b.node[1].keys.sign_sk, &log_1(0)->id, seq, &proof.one.hash);
	proof.other_sig = tuy_head_sign(b.node[1].keys.sign_sk, &log_1(0)->id, seq, &proof.other);
	return proof;
}

static void lowest_cut_counts(void **state)
{
	struct tuy_fork_proof high, low, middle;

	(void)state;
	node_bench_give(1, 160, 100);
	high = proof_at(150);
	low = proof_at(70);
	middle = proof_at(129);
	proof_send(&high);
	assert_int_equal(log_1(0)->state.cut, 128);
	proof_send(&low);
	proof_send(&middle);
	bench_pass(&b, 30000);
	everybody_cut(64);
	nobody_is_blamed();
}

/* The link of node i with node k. */
static struct link *link_of(uint32_t i, uint32_t k)
{
	struct tuy_node *n = b.node[i].node;

	for (uint32_t l = 0; l < n->cap.links; l++) {
		if (n->link[l].state == LINK_UP && n->link[l].peer != NONE &&
		    memcmp(&n->peer[n->link[l].peer].device, &b.node[k].keys.device, 32) == 0)
			return &n->link[l];
	}
	return NULL;
}

/* Node 0 waits for node 2 to show it a block of node 1's log; nobody asked it to. */
static struct link *search_by_0(void)
{
	struct link *link = link_of(0, 2);
	struct tuy_log16 log16 = tuy_log16(&log_1(0)->id);

	assert_non_null(link);
	link->probe->kind = PROBE_SEARCH;
	link->probe->step = PROBE_WAIT;
	link->probe->log_no = tuy_log_find(b.node[0].node, &log16);
	link->probe->low = 0;
	link->probe->high = 2;
	link->probe->from = 65;
	link->probe->differed = false;
	link->probe->misfit = true;
	link->probe->deadline_ms = b.now.ms + 60000;
	return link;
}

static void a_proof_ends_the_search(void **state)
{
	struct tuy_fork_proof proof;

	(void)state;
	node_bench_give(1, 160, 100);
	proof = proof_at(70);
	(void)search_by_0();
	proof_send(&proof);
	bench_pass(&b, 200000);
	everybody_cut(64);
	nobody_is_blamed();
}

static void silence_in_a_search_is_blamed(void **state)
{
	(void)state;
	node_bench_give(1, 70, 100);
	(void)search_by_0();
	bench_pass(&b, 59000);
	assert_int_equal(b.node[0].told[TUY_TELL_FAULT], 0);
	bench_pass(&b, 62000);
	assert_int_equal(b.node[0].told[TUY_TELL_FAULT], 1);
}

static void who_pruned_is_not_blamed(void **state)
{
	struct tuy_message m = { .count = 1 };
	struct link *link;

	(void)state;
	node_bench_give(1, 160, 100);
	link = search_by_0();
	link->probe->differed = true;
	m.u.seqs.seq[0] = 65;
	tuy_fork_gone(b.node[0].node, link, link->probe->log_no, &m);
	assert_int_equal(link->probe->kind, PROBE_NONE);
	bench_pass(&b, 120000);
	nobody_is_blamed();
}

/* Node 3 comes when nothing is left of the log: it never hears of it, and cannot answer. */
static void who_does_not_know_the_log(void **state)
{
	(void)state;
	bench_stop(&b, 3);
	fork_1(0, 3, 2, 200);
	bench_start(&b, 1);
	bench_pass(&b, 30000);
	bench_start(&b, 3);
	bench_pass(&b, 200000);
	assert_null(log_1(3));
	assert_true(bench_same(&b));
	nobody_is_blamed();
	assert_int_equal(payloads_aside(1), 5);
}

/* Nodes 0 and 2 hold the same branch, and 2 more of it; 0 lacks one payload. The author meets them
 * one after the other. */
static void two_hold_one_branch(void **state)
{
	struct disk *copy;
	struct disk_log *log;

	(void)state;
	bench_stop(&b, 3);
	node_bench_give(1, 70, 100);
	copy = disk_copy(b.node[1].disk);
	node_bench_give(1, 60, 100);
	bench_stop(&b, 0);
	node_bench_give(1, 10, 100);
	b.dial = false;
	put_back(copy);
	node_bench_give(1, 2, 100);
	bench_stop(&b, 1);
	bench_stop(&b, 2);
	b.dial = true;
	log = (struct disk_log *)(uintptr_t)log_1(0);
	assert_int_equal(log->state.head.seq, 130);
	free(log->blobs[99].p);
	log->blobs[99].p = NULL;
	log->state.missing++;
	bench_start(&b, 0);
	bench_start(&b, 1);
	bench_pass(&b, 30000);
	assert_int_equal(payloads_aside(1), 6 + 2 + 60 - 1);
	bench_start(&b, 2);
	bench_pass(&b, 30000);
	assert_int_equal(log_1(2)->state.cut, 64);
	assert_int_equal(payloads_aside(1), 6 + 2 + 60 + 10);
	nobody_is_blamed();
}

/* Whichever ticket of the author fails once. */
static void a_full_disk_loses_nothing(void **state)
{
	(void)state;
	for (uint32_t k = 1; k <= 12; k++) {
		fork_1(10, 60, 3, 3000);
		b.node[1].fail_from = b.node[1].ticket_total + k;
		b.node[1].fail_count = 1;
		bench_start(&b, 1);
		bench_pass(&b, 150000);
		assert_int_equal(payloads_aside(1), 73);
		nobody_is_blamed();
		everybody_cut(0);
		bench_close(&b);
		node_bench_four(NULL);
	}
}

/* The author ends when so many tickets of the meeting are durable, and starts again. */
static void a_crash_after_any_ticket(void **state)
{
	(void)state;
	for (uint32_t k = 1; k <= 8; k++) {
		fork_1(80, 4, 4, 200);
		b.node[1].fail_from = b.node[1].ticket_total + k;
		b.node[1].fail_count = 100000;
		bench_start(&b, 1);
		bench_pass(&b, 3000);
		bench_stop(&b, 1);
		b.node[1].fail_count = 0;
		bench_start(&b, 1);
		bench_pass(&b, 30000);
		node_bench_give(1, 2, 200);
		bench_pass(&b, 5000);
		everybody_cut(64);
		nobody_is_blamed();
		bench_close(&b);
		node_bench_four(NULL);
	}
}

static void made_up_proofs(void **state)
{
	struct tuy_fork_proof other, unsigned_first, same, chain;
	uint8_t header[64];
	struct tuy_header h = { 0 };

	(void)state;
	node_bench_give(1, 80, 100);
	other = unsigned_first = proof_at(70);
	other.other_sig.b[3] ^= 1;
	unsigned_first.one_sig.b[3] ^= 1;
	same = proof_at(70);
	same.other = same.one.hash;
	same.other_sig = same.one_sig;
	/* a signed head of an honest log, and headers made up to lead to another */
	chain = proof_at(70);
	chain.one = log_1(0)->state.head;
	chain.one_sig = log_1(0)->state.sig;
	h.seq = chain.one.seq + 1;
	tuy_header_encode(&h, header);
	chain.headers = header;
	chain.count = 1;
	chain.other_sig = log_1(0)->state.sig;
	proof_send(&other);
	assert_int_equal(b.node[0].told[TUY_TELL_FAULT], 1);
	proof_send(&unsigned_first);
	assert_int_equal(b.node[0].told[TUY_TELL_FAULT], 2);
	proof_send(&chain);
	assert_int_equal(b.node[0].told[TUY_TELL_FAULT], 3);
	proof_send(&same);
	assert_int_equal(b.node[0].told[TUY_TELL_FAULT], 4);
	for (uint32_t i = 0; i < b.count; i++)
		assert_int_equal(b.node[i].told[TUY_TELL_FORKED], 0);
	bench_pass(&b, 30000);
	assert_true(bench_same(&b));
	assert_int_equal(log_1(0)->state.head.seq, 80);
	assert_false(log_1(0)->state.forked);
}

/* Node 2 sends runs whose signature never fits: looked at down to the first block, then blamed. */
static void garbage_is_blamed(void **state)
{
	struct disk_log *bad;

	(void)state;
	node_bench_give(1, 70, 100);
	bench_stop(&b, 0);
	bench_stop(&b, 1);
	bench_stop(&b, 3);
	bad = (struct disk_log *)(uintptr_t)log_1(2);
	for (uint32_t k = 0; k < 70; k++)
		bad->headers[(size_t)k * 64 + 40] ^= 1;
	bad->state.head.hash.b[0] ^= 1;
	bad->state.sig.b[0] ^= 1;
	bench_stop(&b, 2);
	bench_start(&b, 2);
	bench_start(&b, 3);
	bench_pass(&b, 200000);
	assert_true(b.node[3].told[TUY_TELL_FAULT] >= 1);
	assert_int_equal(b.node[3].told[TUY_TELL_FORKED], 0);
	assert_int_equal(log_1(3)->state.head.seq, 70);
}

#define TEST(sentence, function)                                                                   \
	{                                                                                          \
		sentence, function, node_bench_four, node_bench_away, NULL                         \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST("a fork after a restore ends the log for all, as many entries on both sides",
		     as_many),
		TEST("a fork is found by the longer branch's reader", fewer),
		TEST("a fork is found by who has the shorter branch", more),
		TEST("a fork at the first entry leaves nothing of the log", from_the_first),
		TEST("a fork right behind a checkpoint keeps the checkpoint", behind_a_checkpoint),
		TEST("a fork right before a checkpoint cuts at the one before",
		     before_a_checkpoint),
		TEST("the first difference is found many blocks back", many_blocks_back),
		TEST("the first difference is found when one branch is blocks longer",
		     one_branch_many_blocks_longer),
		TEST("void payloads that do not fit one message come with the next",
		     large_payloads),
		TEST("who was node_bench_away when a fork was found hears of it", who_was_away),
		TEST("a cut outlives restarts", cut_outlives_a_restart),
		TEST("a cut that the store refused is tried again", cut_is_tried_again),
		TEST("entries on their way to the disk are cut too", entries_on_their_way),
		TEST("the lowest cut counts, in whatever order the proofs come", lowest_cut_counts),
		TEST("a proof ends the search of its log, and nobody is blamed",
		     a_proof_ends_the_search),
		TEST("who does not answer a search is blamed, once", silence_in_a_search_is_blamed),
		TEST("who pruned what is searched is not blamed", who_pruned_is_not_blamed),
		TEST("who does not know the forked log is not blamed", who_does_not_know_the_log),
		TEST("who holds more of a branch, or a payload of it, is not passed over",
		     two_hold_one_branch),
		TEST("void entries that the store refused are asked for again",
		     a_full_disk_loses_nothing),
		TEST("an author that ends after any ticket goes on in a new log",
		     a_crash_after_any_ticket),
		TEST("made-up fork proofs against an honest log are refused and counted",
		     made_up_proofs),
		TEST("a peer whose runs fit nothing is blamed after the search", garbage_is_blamed),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
