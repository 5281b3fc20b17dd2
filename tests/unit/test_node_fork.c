/* Forked logs (PROTOCOL 4.11), on the workbench: proofs, cuts, void entries. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../proto/machine.h"
#include "../sim/bench.h"

#include <sodium.h>
#include <string.h>

static struct bench b;

static int four(void **state)
{
	(void)state;
	bench_open(&b, 4);
	bench_found(&b);
	return 0;
}

static int away(void **state)
{
	(void)state;
	bench_close(&b);
	return 0;
}

static void give(uint32_t i, int count, size_t len)
{
	for (int k = 0; k < count; k++) {
		bench_append(&b, i, len);
		bench_pass(&b, 50);
	}
}

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
static void fork_1(int before, int known, int alone, size_t len)
{
	struct disk *copy;

	give(1, before, len);
	copy = disk_copy(b.node[1].disk);
	give(1, known, len);
	b.dial = false;
	put_back(copy);
	give(1, alone, len);
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

static void forked(int before, int known, int alone, uint32_t cut)
{
	fork_1(before, known, alone, 200);
	bench_start(&b, 1);
	bench_pass(&b, 30000);
	give(1, 2, 200);
	bench_pass(&b, 5000);
	everybody_cut(cut);
	nobody_is_blamed();
	assert_int_equal(b.node[1].told[TUY_TELL_INCARNATION], 1);
	assert_int_equal(b.node[1].last[TUY_TELL_INCARNATION].why, TUY_INCARNATION_FORKED);
	for (uint32_t i = 0; i < b.count; i++)
		assert_int_equal(b.node[i].told[TUY_TELL_FORKED], 1);
	/* the author has both branches aside: what was common beyond the cut counts once */
	assert_int_equal(payloads_aside(1), (uint32_t)(before + known + alone) - cut);
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
	give(1, 1, 200);
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
	struct stage *stage = tuy_stage_take(n, false);
	struct tuy_message m;
	struct link *link = NULL;
	struct tuy_log16 log16 = tuy_log16(&log_1(0)->id);
	size_t len = tuy_fork_proof_write(proof, bytes);

	for (uint32_t i = 0; i < n->cap.links; i++)
		link = n->link[i].state == LINK_UP ? &n->link[i] : link;
	assert_non_null(link);
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
	give(1, 160, 100);
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

static void made_up_proofs(void **state)
{
	struct tuy_fork_proof other, unsigned_first, same, chain;
	uint8_t header[64];
	struct tuy_header h = { 0 };

	(void)state;
	give(1, 80, 100);
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
	assert_int_equal(log_1(0)->state.cut, TUY_NO_CUT);
}

/* Node 2 sends runs whose signature never fits: looked at down to the first block, then blamed. */
static void garbage_is_blamed(void **state)
{
	struct disk_log *bad;

	(void)state;
	give(1, 70, 100);
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
		sentence, function, four, away, NULL                                               \
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
		TEST("who was away when a fork was found hears of it", who_was_away),
		TEST("a cut outlives restarts", cut_outlives_a_restart),
		TEST("a cut that the store refused is tried again", cut_is_tried_again),
		TEST("entries on their way to the disk are cut too", entries_on_their_way),
		TEST("the lowest cut counts, in whatever order the proofs come", lowest_cut_counts),
		TEST("made-up fork proofs against an honest log are refused and counted",
		     made_up_proofs),
		TEST("a peer whose runs fit nothing is blamed after the search", garbage_is_blamed),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
