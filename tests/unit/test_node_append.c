/* Several entries in one ticket, for the circle or for some, on the workbench. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../proto/blob.h"
#include "../sim/bench.h"
#include "node_bench.h"

#include <string.h>

#define SAID "for two only"

static uint8_t doc[40000];

static struct tuy_bytes bytes(const char *text)
{
	return (struct tuy_bytes){ (const uint8_t *)text, strlen(text) };
}

/* One for the circle, one sealed to the member of node 1. */
static struct tuy_writings two_writings(void)
{
	struct tuy_writings w = { .count = 2 };

	w.writing[0].record = bytes("for all");
	w.writing[1].record = bytes(SAID);
	w.writing[1].member = &b.node[1].cert.member;
	w.writing[1].member_count = 1;
	return w;
}

/* The log of node 0 as node `i` holds it. */
static const struct disk_log *log_at(uint32_t i)
{
	for (uint32_t l = 0; l < disk_log_count(b.node[i].disk); l++) {
		const struct disk_log *log = disk_log(b.node[i].disk, l);

		if (memcmp(&log->state.device, &b.node[0].keys.device, sizeof(struct tuy_device)) ==
		    0)
			return log;
	}
	fail_msg("node %u has no log of node 0", i);
	return NULL;
}

/* Opens an entry of node 0's log with the box key of node `i`. */
static enum tuy_err open_at(uint32_t i, uint32_t seq, size_t *len)
{
	const struct disk_log *log = log_at(i);
	struct tuy_bytes blob = { log->blobs[seq - 1].p, log->blobs[seq - 1].len };

	assert_true(seq <= log->state.head.seq);
	assert_non_null(blob.p);
	return tuy_blob_open(blob, NULL, b.node[i].keys.box_sk, &b.node[i].keys.box_pk, &log->id,
	                     seq, doc, len);
}

static void all_of_a_ticket_is_durable_at_once_or_none(void **state)
{
	struct tuy_appended appended[TUY_WRITINGS_MAX];
	struct tuy_writings w = two_writings();
	(void)state;

	bench_append(&b, 0, 100); /* the log is there */
	bench_run(&b);
	b.node[0].store_fails = true;
	assert_int_equal(tuy_node_append_all(b.node[0].node, b.now, 0, &w, appended), TUY_OK);
	bench_run(&b);
	assert_int_equal(b.node[0].last[TUY_TELL_STORED].stored, TUY_STORED_FAILED);
	assert_int_equal(log_at(0)->state.head.seq, 1);
	b.node[0].store_fails = false;
	bench_pass(&b, 6000);
	assert_int_equal(tuy_node_append_all(b.node[0].node, b.now, 0, &w, appended), TUY_OK);
	assert_true(appended[0].ticket == appended[1].ticket);
	assert_int_equal(appended[0].seq, 2);
	assert_int_equal(appended[1].seq, 3);
	bench_run(&b);
	assert_int_equal(log_at(0)->state.head.seq, 3);
	assert_true(bench_same(&b));
}

static void what_is_sealed_opens_for_its_reader_and_its_author_only(void **state)
{
	struct tuy_appended appended[TUY_WRITINGS_MAX];
	struct tuy_writings w = two_writings();
	size_t len = 0;
	(void)state;

	assert_int_equal(tuy_node_append_all(b.node[0].node, b.now, 0, &w, appended), TUY_OK);
	bench_run(&b);
	assert_true(bench_same(&b));
	for (uint32_t i = 0; i < 2; i++) {
		assert_int_equal(open_at(i, 2, &len), TUY_OK);
		assert_int_equal(len, strlen(SAID));
		assert_memory_equal(doc, SAID, len);
	}
	assert_int_equal(open_at(2, 2, &len), TUY_E_OPEN); /* held, and not to be read */
}

static void a_ticket_may_cross_a_checkpoint(void **state)
{
	struct tuy_appended appended[TUY_WRITINGS_MAX];
	struct tuy_writings w = two_writings();
	(void)state;

	for (uint32_t i = 1; i < TUY_CHECKPOINT_EVERY; i++)
		bench_append(&b, 0, 10), bench_run(&b);
	assert_int_equal(tuy_node_append_all(b.node[0].node, b.now, 0, &w, appended), TUY_OK);
	assert_int_equal(appended[0].seq, TUY_CHECKPOINT_EVERY);
	bench_run(&b);
	assert_true(bench_same(&b));
	assert_int_equal(log_at(2)->state.head.seq, TUY_CHECKPOINT_EVERY + 1);
}

static void private_rows_go_with_the_entries_or_alone(void **state)
{
	struct tuy_appended appended[TUY_WRITINGS_MAX];
	struct tuy_writings w = two_writings();
	(void)state;

	w.private_count = 1;
	w.private_row[0] = (struct tuy_private){ .kind = 1, .value = bytes("mine") };
	bench_append(&b, 0, 10);
	bench_run(&b);
	b.node[0].store_holds = true;
	assert_int_equal(tuy_node_append_all(b.node[0].node, b.now, 0, &w, appended), TUY_OK);
	bench_run(&b);
	assert_int_equal(b.node[0].ticket_count, 1);
	uint32_t count;
	const struct tuy_store_item *items = disk_ticket_items(b.node[0].ticket[0].items, &count);
	assert_int_equal(count, 3);
	assert_int_equal(items[0].kind, TUY_STORE_PRIVATE);
	assert_int_equal(items[0].u.private_row.value.len, 4);
	assert_memory_equal(items[0].u.private_row.value.p, "mine", 4);
	b.node[0].store_holds = false;
	bench_run(&b);
	w.count = 0;
	assert_int_equal(tuy_node_append_all(b.node[0].node, b.now, 0, &w, appended), TUY_OK);
	bench_run(&b);
	assert_int_equal(log_at(0)->state.head.seq, 3);
	assert_int_equal(b.node[0].last[TUY_TELL_STORED].ticket, appended[0].ticket);
	assert_true(bench_same(&b));
}

static void what_cannot_be_written_whole_is_not_begun(void **state)
{
	struct tuy_appended appended[TUY_WRITINGS_MAX];
	struct tuy_writings w = two_writings();
	struct tuy_member stranger = { { 7 } };
	(void)state;

	bench_append(&b, 0, 10);
	bench_run(&b);
	w.writing[1].member = &stranger;
	assert_int_equal(tuy_node_append_all(b.node[0].node, b.now, 0, &w, appended),
	                 TUY_E_UNKNOWN);
	w = two_writings();
	w.writing[0].record = w.writing[1].record = (struct tuy_bytes){ doc, sizeof doc };
	assert_int_equal(tuy_node_append_all(b.node[0].node, b.now, 0, &w, appended), TUY_E_LIMIT);
	assert_int_equal(tuy_node_append_all(b.node[0].node, b.now, 1, &w, appended),
	                 TUY_E_UNKNOWN);
	bench_run(&b);
	assert_int_equal(log_at(0)->state.head.seq, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, node_bench_three, node_bench_away)
	const struct CMUnitTest tests[] = {
		TEST(all_of_a_ticket_is_durable_at_once_or_none),
		TEST(what_is_sealed_opens_for_its_reader_and_its_author_only),
		TEST(a_ticket_may_cross_a_checkpoint),
		TEST(private_rows_go_with_the_entries_or_alone),
		TEST(what_cannot_be_written_whole_is_not_begun),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
