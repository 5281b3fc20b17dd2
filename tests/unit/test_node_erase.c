/* Payloads that go, and stay away (PROTOCOL 4.12, 7.10), on the workbench. */
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

static int three(void **state)
{
	node_bench_three(state);
	for (uint32_t i = 0; i < 3; i++)
		disk_clock(b.node[i].disk, b.now.wall_s, 0);
	return 0;
}

/* ---- helpers ---- */

/* The number at node `i` of the `nth` log (by number) of the device of node `author`. */
static uint32_t log_of(uint32_t i, uint32_t author, uint32_t nth)
{
	for (uint32_t l = 0; l < disk_log_count(b.node[i].disk); l++) {
		if (memcmp(&disk_log(b.node[i].disk, l)->state.device, &b.node[author].keys.device,
		           sizeof(struct tuy_device)) == 0 &&
		    nth-- == 0)
			return l;
	}
	fail_msg("node %u has no such log of node %u", i, author);
	return 0;
}

static struct disk_log *disk_of(uint32_t i, uint32_t author)
{
	return (struct disk_log *)(uintptr_t)disk_log(b.node[i].disk, log_of(i, author, 0));
}

static bool holds(uint32_t i, uint32_t author, uint32_t seq)
{
	const struct disk_log *log = disk_of(i, author);

	return seq <= log->state.head.seq && log->blobs[seq - 1].p;
}

static enum tuy_gone_reason gone(uint32_t i, uint32_t author, uint32_t seq)
{
	return (enum tuy_gone_reason)disk_of(i, author)->gone[seq - 1];
}

static void give(uint32_t i, uint32_t count, size_t len, uint32_t exp_s)
{
	static uint8_t record[TUY_BLOB_MAX];
	struct tuy_appended appended;

	for (uint32_t k = 0; k < count; k++) {
		assert_int_equal(tuy_node_append(b.node[i].node, b.now, 0,
		                                 (struct tuy_bytes){ record, len }, exp_s,
		                                 &appended),
		                 TUY_OK);
		bench_run(&b);
	}
}

static void retract(uint32_t i, uint32_t nth, uint32_t seq)
{
	struct tuy_appended appended;

	assert_int_equal(
		tuy_node_retract(b.node[i].node, b.now, 0, log_of(i, i, nth), &seq, 1, &appended),
		TUY_OK);
	bench_pass(&b, 1000);
}

/* The payload of an entry is lost on the disk of a node that is down, and missing from then on. */
static void lose(uint32_t i, uint32_t author, uint32_t seq)
{
	struct disk_log *log = disk_of(i, author);

	free(log->blobs[seq - 1].p);
	log->blobs[seq - 1].p = NULL;
	log->state.missing++;
}

static struct tuy_tag digest_of(uint32_t i)
{
	return node_bench_info(i).digest;
}

static void assert_digest(uint32_t i, const struct tuy_tag *digest)
{
	struct tuy_tag now = digest_of(i);

	assert_memory_equal(&now, digest, sizeof now);
}

static void assert_one(uint32_t count)
{
	struct tuy_tag first = digest_of(0);

	for (uint32_t i = 1; i < count; i++)
		assert_digest(i, &first);
}

/* ---- retraction ---- */

static void what_its_author_retracts_goes_everywhere(void **state)
{
	(void)state;
	give(0, 3, 200, 0);
	bench_pass(&b, 1000);
	retract(0, 0, 2);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(gone(i, 0, 2), TUY_GONE_ERASED);
		assert_false(holds(i, 0, 2));
		assert_true(holds(i, 0, 1) && holds(i, 0, 3));
		assert_int_equal(node_bench_info(i).missing, 0);
	}
	assert_one(3);
}

static void its_author_hears_who_erased_it(void **state)
{
	(void)state;
	give(0, 2, 200, 0);
	bench_pass(&b, 1000);
	retract(0, 0, 1);
	assert_int_equal(disk_receipts(b.node[0].disk, log_of(0, 0, 0), 1), 2);
	assert_int_equal(disk_receipts(b.node[0].disk, log_of(0, 0, 0), 2), 0);
	assert_true(b.node[0].told[TUY_TELL_ERASED] >= 2);
	assert_int_equal(b.node[1].told[TUY_TELL_ERASED], 0);
}

static void a_receipt_is_sent_again_on_the_next_link(void **state)
{
	(void)state;
	give(0, 2, 200, 0);
	bench_pass(&b, 1000);
	bench_stop(&b, 2);
	retract(0, 0, 1);
	bench_stop(&b, 0);
	bench_start(&b, 2); /* it hears of it from node 1, while the author is away */
	bench_pass(&b, 20000);
	assert_int_equal(gone(2, 0, 1), TUY_GONE_ERASED);
	assert_int_equal(disk_receipts(b.node[0].disk, log_of(0, 0, 0), 1), 1);
	bench_start(&b, 0);
	bench_pass(&b, 20000);
	assert_int_equal(disk_receipts(b.node[0].disk, log_of(0, 0, 0), 1), 2);
}

static void old_receipts_are_not_sent_again(void **state)
{
	uint32_t told;

	(void)state;
	for (uint32_t i = 0; i < 3; i++)
		disk_clock(b.node[i].disk, b.now.wall_s - RECEIPT_LIFE_S - 60, 0);
	give(0, 1, 200, 0);
	retract(0, 0, 1);
	told = b.node[0].told[TUY_TELL_ERASED];
	assert_true(told >= 2);
	bench_stop(&b, 1);
	bench_start(&b, 1);
	bench_pass(&b, 20000);
	assert_int_equal(b.node[0].told[TUY_TELL_ERASED], told);
}

static void more_retractions_than_wait_on_a_link_are_all_told_of(void **state)
{
	(void)state;
	give(0, 20, 100, 0);
	bench_pass(&b, 1000);
	for (uint32_t seq = 1; seq <= 20; seq++) {
		struct tuy_appended appended;

		assert_int_equal(tuy_node_retract(b.node[0].node, b.now, 0, log_of(0, 0, 0), &seq,
		                                  1, &appended),
		                 TUY_OK);
		if (seq % 8 == 0)
			bench_run(&b);
	}
	bench_pass(&b, 2000);
	for (uint32_t seq = 1; seq <= 20; seq++)
		assert_int_equal(disk_receipts(b.node[0].disk, log_of(0, 0, 0), seq), 2);
}

static void a_late_blob_of_a_retracted_entry_is_refused(void **state)
{
	(void)state;
	give(0, 2, 200, 0);
	bench_pass(&b, 1000);
	bench_stop(&b, 2);
	lose(2, 0, 1);
	bench_stop(&b, 1);
	retract(0, 0, 1); /* only its author knows */
	bench_start(&b, 2);
	b.node[2].store_holds = true; /* it has asked for the payload before it hears of that */
	bench_start(&b, 1);
	bench_pass(&b, 3000);
	b.node[2].store_holds = false;
	bench_pass(&b, 40000);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(gone(i, 0, 1), TUY_GONE_ERASED);
		assert_false(holds(i, 0, 1));
		assert_int_equal(node_bench_info(i).missing, 0);
	}
}

static void a_retraction_arrives_before_what_it_retracts(void **state)
{
	struct disk *copy;
	struct tuy_incarnation fresh = { { 0x77 } };
	uint32_t seq = 3;
	struct tuy_appended appended;

	(void)state;
	give(1, 2, 200, 0);
	bench_pass(&b, 1000);
	copy = disk_copy(b.node[1].disk);
	bench_stop(&b, 0);
	give(1, 1, 200, 0); /* node 2 alone gets it */
	bench_pass(&b, 1000);
	bench_stop(&b, 1);
	bench_stop(&b, 2);
	disk_destroy(b.node[1].disk);
	b.node[1].disk = copy;
	disk_incarnation_set(copy, &fresh);
	bench_start(&b, 0);
	bench_start(&b, 1);
	bench_pass(&b, 20000);
	assert_int_equal(
		tuy_node_retract(b.node[1].node, b.now, 0, log_of(1, 1, 0), &seq, 1, &appended),
		TUY_OK);
	bench_pass(&b, 1000);
	assert_int_equal(disk_of(0, 1)->state.head.seq, 2);
	bench_start(&b, 2); /* it brings the entry with its payload */
	bench_pass(&b, 30000);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(disk_of(i, 1)->state.head.seq, 3);
		assert_int_equal(gone(i, 1, 3), TUY_GONE_ERASED);
		assert_false(holds(i, 1, 3));
		assert_int_equal(node_bench_info(i).missing, 0);
	}
	assert_one(3);
}

static void nobody_retracts_for_another(void **state)
{
	uint32_t seq = 1;
	struct tuy_appended appended;
	struct log *foreign;

	(void)state;
	give(0, 1, 200, 0);
	bench_pass(&b, 1000);
	foreign = &b.node[1].node->log[log_of(1, 0, 0)];
	assert_int_equal(
		tuy_node_retract(b.node[1].node, b.now, 0, log_of(1, 0, 0), &seq, 1, &appended),
		TUY_E_REFUSED);
	foreign->mine = true; /* one who does not keep to it */
	assert_int_equal(
		tuy_node_retract(b.node[1].node, b.now, 0, log_of(1, 0, 0), &seq, 1, &appended),
		TUY_OK);
	foreign->mine = false;
	bench_pass(&b, 1000);
	assert_int_equal(disk_of(2, 1)->state.head.seq, 1);
	for (uint32_t i = 0; i < 3; i++)
		assert_true(holds(i, 0, 1));
	assert_int_equal(b.node[0].told[TUY_TELL_ERASED], 0);
}

static void a_retraction_is_not_retracted(void **state)
{
	(void)state;
	give(0, 1, 200, 0);
	retract(0, 0, 1);
	retract(0, 0, 2);
	for (uint32_t i = 0; i < 3; i++) {
		assert_true(holds(i, 0, 2));
		assert_int_equal(gone(i, 0, 1), TUY_GONE_ERASED);
	}
}

static void seqs_that_are_none_are_refused(void **state)
{
	const uint32_t down[2] = { 2, 1 }, zero[1] = { 0 };
	struct tuy_appended appended;

	(void)state;
	give(0, 2, 200, 0);
	assert_int_equal(tuy_node_retract(b.node[0].node, b.now, 0, 0, down, 2, &appended),
	                 TUY_E_FORMAT);
	assert_int_equal(tuy_node_retract(b.node[0].node, b.now, 0, 0, zero, 1, &appended),
	                 TUY_E_FORMAT);
	assert_int_equal(tuy_node_retract(b.node[0].node, b.now, 0, 0, down, 0, &appended),
	                 TUY_E_FORMAT);
	assert_int_equal(tuy_node_retract(b.node[0].node, b.now, 0, 9, zero, 1, &appended),
	                 TUY_E_UNKNOWN);
}

/* ---- expiry, GONE ---- */

static void expire_at(uint32_t i, uint32_t now_s, uint32_t keep_s)
{
	disk_clock(b.node[i].disk, now_s, keep_s);
	disk_expire(b.node[i].disk);
	if (b.node[i].node)
		disk_report(b.node[i].disk, b.node[i].node);
}

static void expiry_rules_that_differ_between_peers(void **state)
{
	uint32_t exp_s = b.now.wall_s + 100;

	(void)state;
	give(0, 2, 200, exp_s);
	give(0, 1, 200, 0);
	bench_pass(&b, 1000);
	bench_stop(&b, 2);
	lose(2, 0, 1);
	expire_at(0, exp_s + 10, 1000); /* it keeps longer */
	expire_at(1, exp_s + 10, 0);
	expire_at(2, exp_s + 10, 1000);
	assert_int_equal(gone(1, 0, 1), TUY_GONE_EXPIRED);
	assert_true(holds(1, 0, 3));
	bench_start(&b, 2);
	bench_pass(&b, 60000);
	assert_true(holds(2, 0, 1)); /* GONE from node 1 is no tombstone */
	assert_false(holds(1, 0, 1));
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(node_bench_info(i).missing, 0);
	assert_one(3);
}

static void what_has_expired_is_no_longer_asked_for(void **state)
{
	uint32_t exp_s = b.now.wall_s + 100;

	(void)state;
	give(0, 1, 200, exp_s);
	bench_pass(&b, 1000);
	for (uint32_t i = 0; i < 2; i++) {
		bench_stop(&b, i);
		lose(i, 0, 1);
	}
	bench_stop(&b, 2);
	lose(2, 0, 1);
	bench_start(&b, 0);
	bench_start(&b, 1);
	bench_pass(&b, 20000);
	assert_int_equal(node_bench_info(1).missing, 1);
	expire_at(1, exp_s, 0);
	assert_int_equal(node_bench_info(1).missing, 0);
}

static void what_nobody_has_does_not_stand_before_what_somebody_has(void **state)
{
	(void)state;
	give(0, 60, 100, 0);
	bench_pass(&b, 1000);
	for (uint32_t i = 0; i < 3; i++)
		bench_stop(&b, i);
	for (uint32_t seq = 1; seq <= 40; seq++) {
		for (uint32_t i = 0; i < 3; i++)
			lose(i, 0, seq);
	}
	lose(2, 0, 50);
	for (uint32_t i = 0; i < 3; i++)
		bench_start(&b, i);
	bench_pass(&b, 25000);
	assert_true(holds(2, 0, 50));
	assert_int_equal(node_bench_info(2).missing, 40);
}

/* ---- BASE ---- */

static void digests_do_not_depend_on_payloads(void **state)
{
	struct tuy_tag digest;
	uint32_t exp_s = b.now.wall_s + 100;

	(void)state;
	give(0, 70, 100, exp_s);
	bench_pass(&b, 2000);
	digest = digest_of(0);
	assert_one(3);
	bench_stop(&b, 2);
	lose(2, 0, 3);
	expire_at(1, exp_s, 0);
	disk_prune(b.node[1].disk, log_of(1, 0, 0));
	disk_report(b.node[1].disk, b.node[1].node);
	assert_int_equal(disk_of(1, 0)->state.base_seq, 64);
	assert_digest(1, &digest);
	bench_start(&b, 2);
	assert_digest(2, &digest);
	bench_stop(&b, 1);
	bench_start(&b, 1); /* as loaded from its pruned store */
	assert_digest(1, &digest);
	bench_pass(&b, 20000);
	assert_one(3);
}

static void pruning_in_the_middle_of_a_transfer(void **state)
{
	uint32_t exp_s = b.now.wall_s + 100, head;

	(void)state;
	bench_stop(&b, 1);
	bench_stop(&b, 2);
	give(0, 1278, 900, exp_s); /* more messages than there are stages */
	give(0, 2, 200, 0);
	b.node[2].store_holds = true;
	bench_start(&b, 2);
	bench_pass(&b, 20000);
	expire_at(0, exp_s, 0);
	disk_prune(b.node[0].disk, log_of(0, 0, 0));
	disk_report(b.node[0].disk, b.node[0].node);
	assert_int_equal(disk_of(0, 0)->state.base_seq, 1216);
	b.node[2].store_holds = false;
	bench_run(&b);
	bench_pass(&b, 30000);
	assert_int_equal(disk_of(2, 0)->state.head.seq, 1280);
	assert_int_equal(disk_of(2, 0)->state.base_seq, 1216);
	assert_true(holds(2, 0, 1)); /* what came before stays */
	assert_false(holds(2, 0, 1200));
	assert_true(holds(2, 0, 1280));
	bench_start(&b, 1); /* and so does one who had nothing */
	bench_pass(&b, 30000);
	head = disk_of(1, 0)->state.head.seq;
	assert_int_equal(head, 1280);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(node_bench_info(i).entries, node_bench_info(0).entries);
	assert_one(3);
}

static void one_who_holds_all_gives_all(void **state)
{
	uint32_t exp_s = b.now.wall_s + 100;

	(void)state;
	bench_stop(&b, 2);
	give(0, 70, 100, exp_s);
	bench_pass(&b, 1000);
	bench_stop(&b, 0);
	expire_at(0, exp_s, 0);
	disk_prune(b.node[0].disk, log_of(0, 0, 0));
	bench_start(&b, 2); /* node 1 has pruned nothing */
	bench_pass(&b, 20000);
	bench_start(&b, 0);
	bench_pass(&b, 20000);
	assert_int_equal(disk_of(2, 0)->state.base_seq, 0);
	assert_true(holds(2, 0, 1));
	assert_one(3);
}

/* Hands a BASE to node 1 as if node 0 had sent it. Returns the node's stage if it was kept. */
static bool base_is_kept(const struct tuy_log16 *log, const struct tuy_head *head,
                         const struct tuy_sig *sig)
{
	struct tuy_node *n = b.node[1].node;
	struct tuy_message m = { .type = TUY_MSG_BASE };
	struct stage *stage = tuy_stage_take(n, false);
	struct link *link = &n->link[n->peer[tuy_peer_find(n, &b.node[0].keys.device)].link];

	m.u.base.log = *log;
	m.u.base.head = *head;
	m.u.base.sig = *sig;
	tuy_base_take(n, b.now, link, 0, &m, &stage);
	if (stage)
		tuy_stage_free(n, stage);
	return !stage;
}

static void a_checkpoint_is_taken_on_its_signature_only(void **state)
{
	struct tuy_head head = { .seq = 64, .hash = { { 9 } } };
	struct tuy_sig sig;
	struct log *log;

	(void)state;
	give(0, 1, 100, 0);
	bench_pass(&b, 1000);
	log = &b.node[1].node->log[log_of(1, 0, 0)];
	sig = tuy_head_sign(b.node[2].keys.sign_sk, &log->id, head.seq, &head.hash);
	assert_false(base_is_kept(&log->log16, &head, &sig));
	bench_run(&b);
	assert_int_equal(b.node[1].last[TUY_TELL_FAULT].err, TUY_E_SIGNATURE);
	assert_int_equal(log->staged.seq, 1);
	sig = tuy_head_sign(b.node[0].keys.sign_sk, &log->id, head.seq, &head.hash);
	assert_true(base_is_kept(&log->log16, &head, &sig));
	assert_int_equal(log->staged.seq, 64);
	assert_false(base_is_kept(&log->log16, &head, &sig)); /* it says nothing new */
}

static void a_checkpoint_of_the_own_log_ends_the_incarnation(void **state)
{
	struct tuy_head head = { .seq = 64, .hash = { { 9 } } };
	struct tuy_sig sig;
	struct log *log;

	(void)state;
	give(1, 1, 100, 0);
	bench_pass(&b, 1000);
	log = &b.node[1].node->log[log_of(1, 1, 0)];
	sig = tuy_head_sign(b.node[1].keys.sign_sk, &log->id, head.seq, &head.hash);
	assert_true(base_is_kept(&log->log16, &head, &sig));
	bench_run(&b);
	assert_int_equal(b.node[1].told[TUY_TELL_INCARNATION], 1);
	assert_int_equal(b.node[1].last[TUY_TELL_INCARNATION].why, TUY_INCARNATION_LONGER);
	assert_false(log->own);
	assert_int_equal(log->durable.seq, 64);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, three, node_bench_away)
	const struct CMUnitTest tests[] = {
		CASE(what_its_author_retracts_goes_everywhere),
		CASE(its_author_hears_who_erased_it),
		CASE(a_receipt_is_sent_again_on_the_next_link),
		CASE(old_receipts_are_not_sent_again),
		CASE(more_retractions_than_wait_on_a_link_are_all_told_of),
		CASE(a_late_blob_of_a_retracted_entry_is_refused),
		CASE(a_retraction_arrives_before_what_it_retracts),
		CASE(nobody_retracts_for_another),
		CASE(a_retraction_is_not_retracted),
		CASE(seqs_that_are_none_are_refused),
		CASE(expiry_rules_that_differ_between_peers),
		CASE(what_has_expired_is_no_longer_asked_for),
		CASE(what_nobody_has_does_not_stand_before_what_somebody_has),
		CASE(digests_do_not_depend_on_payloads),
		CASE(pruning_in_the_middle_of_a_transfer),
		CASE(one_who_holds_all_gives_all),
		CASE(a_checkpoint_is_taken_on_its_signature_only),
		CASE(a_checkpoint_of_the_own_log_ends_the_incarnation),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
