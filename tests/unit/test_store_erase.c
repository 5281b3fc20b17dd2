/* What goes from the store, the view and the index, and stays away (PROTOCOL 4.12, 7.10). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "../../daemon/search.h"
#include "../../daemon/store_env.h"
#include "../../daemon/store_erase.h"
#include "../../daemon/view.h"
#include "../../daemon/view_rebuild.h"
#include "../../proto/blob.h"
#include "../../proto/retract.h"
#include "store_world.h"
#include <string.h>

#define DAY_S 86400u

static struct world world;
static struct world_circle circle;
static struct world_log log_a; /* of person 1, device 1 */
static struct world_log log_b; /* of person 2, device 2 */
static struct store_reading reading;
static struct { /* what the writer reported last of each log */
	uint32_t count, missing, base_seq;
} erased[4];
static uint32_t sweeps; /* that came to their end */

static void on_erased(void *context, uint32_t log_no, uint32_t missing, uint32_t base_seq)
{
	assert_ptr_equal(context, &world);
	sweeps += log_no == WRITER_SWEPT;
	if (log_no == WRITER_SWEPT)
		return;
	assert_true(log_no < 4);
	erased[log_no].count++;
	erased[log_no].missing = missing;
	erased[log_no].base_seq = base_seq;
}

static int set_up(void **state)
{
	(void)state;
	memset(erased, 0, sizeof erased);
	world_open(&world, WRITER_WORDS);
	writer_report_erased(world.writer, on_erased);
	world_circle(&world, &circle, 0);
	world_epoch_put(&world, &circle);
	world_log(&world, &log_a, 0, &circle, 1, 1);
	world_log(&world, &log_b, 1, &circle, 2, 2);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	world_close(&world);
	return 0;
}

/* ---- helpers ---- */

static void begin(void)
{
	assert_int_equal(store_reading_begin(world.store, &reading), 0);
}

static void end(void)
{
	store_reading_end(&reading);
}

static uint32_t shown(void)
{
	static const struct view_filter anything = { .circle_no = UINT32_MAX };
	static struct view_object objects[512];
	uint32_t more;
	begin();
	uint32_t count = view_list(&reading, &anything, objects, 512, &more);
	end();
	return count + more;
}

static int hits(const char *word)
{
	struct search_hit hit[64];
	begin();
	int count = search_query(
		&reading, (struct tuy_bytes){ (const uint8_t *)word, strlen(word) }, NULL, hit, 64);
	end();
	return count;
}

static struct store_entry_row entry_row(uint32_t log_no, uint32_t seq)
{
	struct store_entry_row row = { 0 };
	begin();
	assert_int_equal(store_entry_get(reading.txn, store_tables(world.store), log_no, seq, &row),
	                 0);
	end();
	row.header = NULL;
	row.blob.p = NULL;
	return row;
}

static enum store_blob state_of(uint32_t log_no, uint32_t seq)
{
	return entry_row(log_no, seq).state;
}

static struct store_head head_of(uint32_t log_no)
{
	struct store_head head;
	begin();
	assert_int_equal(store_head_get(reading.txn, store_tables(world.store), log_no, &head), 0);
	end();
	return head;
}

static uint64_t rows(enum store_table table)
{
	MDB_stat stat;
	begin();
	assert_int_equal(mdb_stat(reading.txn, store_tables(world.store)->dbi[table], &stat), 0);
	end();
	return stat.ms_entries;
}

/* An entry with a clear blob that retracts; `items` gets both items of its ticket. */
static struct world_run retract_run;
static void retract_make(struct world_log *log, const struct tuy_log_id *target, uint32_t target_no,
                         const uint32_t *seqs, uint32_t count, struct tuy_store_item items[2])
{
	struct tuy_retract retract = { .log = tuy_log16(target), .count = count };
	struct tuy_header header = { .flags = TUY_HEADER_PAYLOAD, .time_s = 1000 };
	struct tuy_tag nonce = { { 7 } };
	uint8_t record[TUY_RETRACT_RECORD_MAX];
	size_t len;
	memcpy(retract.seqs, seqs, count * sizeof seqs[0]);
	assert_int_equal(tuy_retract_write(&retract, &nonce, record, sizeof record, &len), TUY_OK);
	world_run_begin(&retract_run, log);
	assert_int_equal(tuy_blob_seal_clear(&world.dice, (struct tuy_bytes){ record, len },
	                                     retract_run.blob[0], WORLD_BLOB_ROOM, &len),
	                 TUY_OK);
	retract_run.blobs[0] = (struct tuy_bytes){ retract_run.blob[0], len };
	header.seq = log->head.seq + 1;
	header.payload_len = (uint32_t)len;
	header.pcommit = tuy_blob_commit(retract_run.blobs[0]);
	tuy_header_encode(&header, retract_run.headers);
	log->head.hash = tuy_chain_next(&log->head.hash, retract_run.headers);
	log->head.seq = header.seq;
	retract_run.item.u.entries.count = 1;
	world_run_end(&retract_run, log);
	items[0] = retract_run.item;
	items[1] = (struct tuy_store_item){ .kind = TUY_STORE_RETRACT,
		                            .circle_no = 0,
		                            .log_no = log->no };
	items[1].u.retract.header = retract_run.headers;
	items[1].u.retract.blob = retract_run.blobs[0];
	items[1].u.retract.target_no = target_no;
}

static void retract(struct world_log *log, uint32_t seq)
{
	struct tuy_store_item items[2];
	retract_make(log, &log->id, log->no, &seq, 1, items);
	assert_int_equal(world_put(&world, items, 2), TUY_STORED_OK);
}

static void tip(struct world_log *log, uint32_t nonce, const char *title, uint32_t exp_s)
{
	struct tuy_record record = world_tip(nonce, 0, title, NULL);
	world_entry(&world, log, &record, 1000, exp_s);
}

/* A run of `count` tips in one item; payload `without` of them (from 0) is not brought along. */
static void tips_make(struct world_run *run, struct world_log *log, uint32_t count,
                      uint32_t without, uint32_t exp_s)
{
	world_run_begin(run, log);
	for (uint32_t i = 0; i < count; i++) {
		struct tuy_record record = world_tip(log->head.seq + 100, 0, "a tip", NULL);
		uint8_t doc[512];
		struct tuy_writer w = tuy_writer(doc, sizeof doc);
		assert_int_equal(tuy_record_write(&record, &w), TUY_OK);
		world_run_add(&world, run, log, tuy_written(&w), 1000, exp_s);
	}
	world_run_end(run, log);
	if (without < count)
		run->blobs[without].p = NULL;
}

/* Sweeps by this clock, to the end. */
static void sweep(uint32_t now_s)
{
	sweeps = 0;
	writer_sweep(world.writer, now_s);
	while (sweeps == 0)
		(void)uv_run(&world.loop, UV_RUN_ONCE);
}

/* ---- retraction ---- */

static void what_is_retracted_leaves_store_view_and_search(void **state)
{
	(void)state;
	tip(&log_a, 1, "forklift", 0);
	tip(&log_a, 2, "warehouse", 0);
	assert_int_equal(hits("forklift"), 1);
	retract(&log_a, 1);
	assert_int_equal(state_of(0, 1), STORE_BLOB_ERASED);
	assert_int_equal(state_of(0, 2), STORE_BLOB_HELD);
	assert_int_equal(shown(), 1);
	assert_int_equal(hits("forklift"), 0);
	assert_int_equal(hits("warehouse"), 1);
	assert_int_equal(erased[0].count, 0); /* nothing that the node counts has changed */
}

static void what_came_in_the_same_transaction_goes_too(void **state)
{
	static struct world_run run;
	struct tuy_store_item items[3];
	const uint32_t seqs[] = { 1, 3 };
	(void)state;
	tips_make(&run, &log_a, 3, 64, 45000 * DAY_S);
	items[0] = run.item;
	retract_make(&log_a, &log_a.id, 0, seqs, 2, items + 1);
	assert_int_equal(world_put(&world, items, 3), TUY_STORED_OK);
	assert_int_equal(shown(), 1);
	assert_int_equal(state_of(0, 1), STORE_BLOB_ERASED);
	assert_int_equal(state_of(0, 2), STORE_BLOB_HELD);
	assert_int_equal(state_of(0, 3), STORE_BLOB_ERASED);
}

static void a_late_blob_of_a_retracted_entry_is_refused(void **state)
{
	static struct world_run run;
	struct tuy_store_item item = { .kind = TUY_STORE_BLOB, .log_no = 0 };
	(void)state;
	tips_make(&run, &log_a, 2, 0, 0);
	assert_int_equal(world_put(&world, &run.item, 1), TUY_STORED_OK);
	assert_int_equal(head_of(0).missing, 1);
	retract(&log_a, 1);
	assert_int_equal(head_of(0).missing, 0);
	assert_int_equal(rows(STORE_MISSING), 0);
	assert_int_equal(erased[0].count, 1);
	assert_int_equal(erased[0].missing, 0);
	item.u.blob.seq = 1;
	item.u.blob.blob = (struct tuy_bytes){ run.blob[0], run.blobs[1].len };
	assert_int_equal(world_put(&world, &item, 1), TUY_STORED_OK);
	assert_int_equal(state_of(0, 1), STORE_BLOB_ERASED);
	assert_int_equal(erased[0].count, 2); /* the node had counted it */
	assert_int_equal(shown(), 1);
}

static void a_retraction_arrives_before_what_it_retracts(void **state)
{
	static struct world_run run;
	struct tuy_store_item items[2];
	const uint32_t seqs[] = { 2, 3, 70 };
	struct world_log later = { .no = 2 };
	(void)state;
	/* a log that is not known yet, of the same device in another incarnation */
	struct tuy_incarnation old = { { 0x55 } };
	struct tuy_log_id id = tuy_log_id(&circle.id, &log_a.keys.device, &old);
	retract_make(&log_a, &id, UINT32_MAX, seqs, 3, items);
	assert_int_equal(world_put(&world, items, 2), TUY_STORED_OK);
	later = log_a;
	later.no = 2;
	later.incarnation = old;
	later.id = id;
	later.head = (struct tuy_head){ 0, tuy_chain_start(&id) };
	struct tuy_store_item item = { .kind = TUY_STORE_LOG, .circle_no = 0, .log_no = 2 };
	item.u.log.id = id;
	item.u.log.member = later.member;
	item.u.log.device = later.keys.device;
	item.u.log.incarnation = old;
	assert_int_equal(world_put(&world, &item, 1), TUY_STORED_OK);
	tips_make(&run, &later, 64, 2, 0); /* seq 3 comes without its payload */
	assert_int_equal(world_put(&world, &run.item, 1), TUY_STORED_OK);
	tips_make(&run, &later, 10, 64, 0);
	assert_int_equal(world_put(&world, &run.item, 1), TUY_STORED_OK);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(state_of(2, seqs[i]), STORE_BLOB_ERASED);
	assert_int_equal(state_of(2, 69), STORE_BLOB_HELD);
	assert_int_equal(head_of(2).missing, 0);
	assert_int_equal(erased[2].missing, 0);
	assert_int_equal(shown(), 71);
}

static void another_devices_log_is_not_touched(void **state)
{
	struct tuy_store_item items[2];
	uint32_t seq = 1;
	(void)state;
	tip(&log_b, 1, "forklift", 0);
	retract_make(&log_a, &log_b.id, 1, &seq, 1, items);
	assert_int_equal(world_put(&world, items, 2), TUY_STORED_FAILED);
	items[1].u.retract.target_no = UINT32_MAX; /* of a log that was not known */
	assert_int_equal(world_put(&world, items, 2), TUY_STORED_OK);
	assert_int_equal(state_of(1, 1), STORE_BLOB_HELD);
	tip(&log_b, 2, "warehouse", 0);
	assert_int_equal(shown(), 2);
}

static void a_profile_that_is_retracted_is_no_longer_the_newest(void **state)
{
	struct tuy_record profile = world_named(TUY_RECORD_PROFILE, 1, 0, "Alice");
	struct view_object object;
	(void)state;
	world_entry(&world, &log_a, &profile, 1000, 0);
	retract(&log_a, 1);
	begin();
	assert_int_equal(view_profile(&reading, 0, &log_a.member, &object), -1);
	end();
	profile = world_named(TUY_RECORD_PROFILE, 2, 0, "Alice again");
	world_entry(&world, &log_a, &profile, 1001, 0);
	begin();
	assert_int_equal(view_profile(&reading, 0, &log_a.member, &object), 0);
	assert_int_equal(view_is_whole(&reading), 1);
	end();
}

static void a_rebuild_finds_nothing_of_what_was_erased(void **state)
{
	struct store_error error;
	struct view_rebuild rebuild = { .keys = &world.keys, .when = VIEW_REBUILD_ALWAYS };
	(void)state;
	tip(&log_a, 1, "forklift", 45000 * DAY_S);
	tip(&log_a, 2, "warehouse", 45000 * DAY_S);
	retract(&log_a, 1);
	world_stop(&world);
	assert_int_equal(store_open(world.dir, &world.keys, &world.store, &error), 0);
	rebuild.store = world.store;
	assert_int_equal(view_rebuild_run(&rebuild, &error), 0);
	store_close(world.store);
	world_start(&world, WRITER_WORDS);
	assert_int_equal(shown(), 1);
	assert_int_equal(hits("forklift"), 0);
	assert_int_equal(rows(STORE_EXPIRIES), 1);
}

/* ---- receipts ---- */

static void a_receipt_counts_only_for_what_was_retracted(void **state)
{
	struct tuy_store_item item = { .kind = TUY_STORE_RECEIPT, .log_no = 0 };
	const uint32_t seqs[] = { 1, 2 };
	(void)state;
	tip(&log_a, 1, "forklift", 0);
	tip(&log_a, 2, "warehouse", 0);
	retract(&log_a, 1);
	item.u.receipt.device = log_b.keys.device;
	item.u.receipt.seqs = seqs;
	item.u.receipt.count = 2;
	assert_int_equal(world_put(&world, &item, 1), TUY_STORED_OK);
	begin();
	assert_int_equal(store_receipt(&reading, 0, 1, &log_b.keys.device), 1);
	assert_int_equal(store_receipt(&reading, 0, 2, &log_b.keys.device), 0);
	assert_int_equal(store_receipt(&reading, 0, 1, &log_a.keys.device), 0);
	end();
	assert_int_equal(rows(STORE_RECEIPTS), 1);
}

static void what_a_device_retracted_is_read_block_by_block(void **state)
{
	static struct tuy_read_result result;
	static uint8_t headers[64 * 64];
	struct tuy_store_item items[2];
	const uint32_t seqs[] = { 1, 64, 65, 200 };
	struct tuy_read read = { .kind = TUY_READ_ERASED };
	(void)state;
	retract_make(&log_a, &log_a.id, 0, seqs, 4, items);
	assert_int_equal(world_put(&world, items, 2), TUY_STORED_OK);
	read.device = log_a.keys.device;
	begin();
	store_read(&reading, &read, headers, &result);
	assert_int_equal(result.count, 2);
	assert_int_equal(result.seqs[0], 1);
	assert_int_equal(result.seqs[1], 64);
	read.log = result.log;
	read.from = 1;
	store_read(&reading, &read, headers, &result);
	assert_int_equal(result.count, 1);
	assert_int_equal(result.seqs[0], 65);
	read.from = 2;
	store_read(&reading, &read, headers, &result);
	assert_int_equal(result.seqs[0], 200);
	read.from = 4;
	store_read(&reading, &read, headers, &result);
	assert_int_equal(result.count, 0);
	read.from = 0;
	read.since_s = UINT32_MAX;
	store_read(&reading, &read, headers, &result);
	assert_int_equal(result.count, 0);
	read = (struct tuy_read){ .kind = TUY_READ_ERASED, .device = log_b.keys.device };
	store_read(&reading, &read, headers, &result);
	assert_int_equal(result.err, TUY_OK);
	assert_int_equal(result.count, 0);
	end();
}

/* ---- expiry ---- */

static void what_has_expired_goes_and_the_rest_stays(void **state)
{
	static struct world_run run;
	struct tuy_record profile = world_named(TUY_RECORD_PROFILE, 1, 0, "Alice");
	uint32_t now_s = 30000 * DAY_S;
	uint32_t after_s = now_s + 10 * DAY_S + STORE_KEEP_S;
	(void)state;
	world_entry(&world, &log_a, &profile, 1000, 0);
	tip(&log_a, 2, "forklift", now_s + 10 * DAY_S);
	tip(&log_a, 3, "warehouse", now_s + 11 * DAY_S);
	retract(&log_a, 99);
	tips_make(&run, &log_b, 2, 0, now_s + 10 * DAY_S);
	assert_int_equal(world_put(&world, &run.item, 1), TUY_STORED_OK);
	assert_int_equal(head_of(1).missing, 1);
	assert_int_equal(rows(STORE_EXPIRIES), 4);
	sweep(after_s - 1);
	assert_int_equal(shown(), 3);
	sweep(after_s);
	assert_int_equal(shown(), 1);
	assert_int_equal(hits("forklift"), 0);
	assert_int_equal(hits("warehouse"), 1);
	assert_int_equal(state_of(0, 1), STORE_BLOB_HELD);
	assert_int_equal(state_of(0, 2), STORE_BLOB_EXPIRED);
	assert_int_equal(state_of(0, 4), STORE_BLOB_HELD);
	assert_int_equal(state_of(1, 1), STORE_BLOB_EXPIRED);
	assert_int_equal(head_of(1).missing, 0);
	assert_int_equal(rows(STORE_EXPIRIES), 1);
}

static void a_sweep_of_many_goes_on_slice_by_slice(void **state)
{
	static struct world_run run;
	uint32_t exp_s = 30000 * DAY_S;
	(void)state;
	for (uint32_t i = 0; i < 10; i++) {
		tips_make(&run, &log_a, i == 9 ? 24 : 64, 5, exp_s);
		assert_int_equal(world_put(&world, &run.item, 1), TUY_STORED_OK);
	}
	assert_int_equal(shown(), 590);
	sweep(exp_s + STORE_KEEP_S);
	assert_int_equal(head_of(0).missing, 0);
	assert_int_equal(rows(STORE_EXPIRIES), 0);
	assert_true(erased[0].count >= 3);
	assert_int_equal(shown(), 0);
	assert_int_equal(rows(STORE_OBJECTS), 0);
}

static void what_has_expired_before_it_comes_is_not_kept(void **state)
{
	static struct world_run run;
	(void)state;
	tips_make(&run, &log_a, 2, 1, 1000);
	assert_int_equal(world_put(&world, &run.item, 1), TUY_STORED_OK);
	assert_int_equal(state_of(0, 1), STORE_BLOB_EXPIRED);
	assert_int_equal(state_of(0, 2), STORE_BLOB_EXPIRED);
	assert_int_equal(erased[0].count, 1);
	assert_int_equal(erased[0].missing, 0);
	assert_int_equal(shown(), 0);
}

/* ---- pruning ---- */

/* 130 entries that have expired, and a checkpoint in between. */
static void expired_fill(struct world_log *log)
{
	static struct world_run run;
	for (uint32_t i = 0; i < 3; i++) {
		tips_make(&run, log, i == 2 ? 2 : 64, 64, 1000);
		assert_int_equal(world_put(&world, &run.item, 1), TUY_STORED_OK);
	}
}

static uint32_t after_pruning_s(void)
{
	return entry_row(0, 130).seen_s + STORE_PRUNE_S;
}

static void whole_blocks_are_pruned_and_their_checkpoint_stays(void **state)
{
	static struct tuy_read_result result;
	static uint8_t headers[64 * 64];
	struct tuy_read read = { .kind = TUY_READ_ENTRIES, .log_no = 0, .from = 5, .count = 60 };
	(void)state;
	expired_fill(&log_a);
	sweep(after_pruning_s() - 60);
	assert_int_equal(head_of(0).base_seq, 0);
	sweep(after_pruning_s());
	assert_int_equal(head_of(0).base_seq, 128);
	assert_int_equal(erased[0].base_seq, 128);
	assert_int_equal(rows(STORE_ENTRIES), 2);
	begin();
	store_read(&reading, &read, headers, &result);
	assert_int_equal(result.err, TUY_OK);
	assert_int_equal(result.count, 0);
	assert_int_equal(result.base.seq, 128);
	assert_int_equal(
		tuy_head_check(&log_a.keys.device, &log_a.id, 128, &result.base.hash, &result.sig),
		TUY_OK);
	read.from = 129;
	read.count = 2;
	store_read(&reading, &read, headers, &result);
	assert_int_equal(result.count, 2);
	assert_int_equal(result.base.seq, 0);
	end();
	tip(&log_a, 900, "goes on", 0);
	assert_int_equal(head_of(0).head.seq, 131);
}

static void what_is_held_is_not_pruned(void **state)
{
	static struct world_run run;
	(void)state;
	tip(&log_a, 1, "forklift", 0);
	tips_make(&run, &log_a, 63, 64, 1000);
	assert_int_equal(world_put(&world, &run.item, 1), TUY_STORED_OK);
	tips_make(&run, &log_a, 64, 64, 1000);
	assert_int_equal(world_put(&world, &run.item, 1), TUY_STORED_OK);
	tips_make(&run, &log_a, 2, 64, 1000);
	assert_int_equal(world_put(&world, &run.item, 1), TUY_STORED_OK);
	sweep(after_pruning_s());
	assert_int_equal(head_of(0).base_seq, 0);
	retract(&log_a, 1);
	sweep(after_pruning_s());
	assert_int_equal(head_of(0).base_seq, 128);
}

static void a_retraction_is_pruned_only_with_what_it_names(void **state)
{
	static struct world_run run;
	struct tuy_store_item items[2];
	uint32_t seq = 70;
	(void)state;
	retract_make(&log_a, &log_a.id, 0, &seq, 1, items); /* in the first block, of the second */
	assert_int_equal(world_put(&world, items, 2), TUY_STORED_OK);
	tips_make(&run, &log_a, 63, 64, 1000);
	assert_int_equal(world_put(&world, &run.item, 1), TUY_STORED_OK);
	tips_make(&run, &log_a, 64, 64, 1000);
	assert_int_equal(world_put(&world, &run.item, 1), TUY_STORED_OK);
	tips_make(&run, &log_a, 2, 64, 1000);
	assert_int_equal(world_put(&world, &run.item, 1), TUY_STORED_OK);
	sweep(after_pruning_s());
	assert_int_equal(head_of(0).base_seq, 0);
	assert_int_equal(rows(STORE_TOMBSTONES), 1);
}

static void tombstones_survive_pruning(void **state)
{
	static struct world_run run;
	struct tuy_store_item late = { .kind = TUY_STORE_BLOB, .log_no = 0 };
	(void)state;
	tips_make(&run, &log_a, 63, 64, 1000);
	assert_int_equal(world_put(&world, &run.item, 1), TUY_STORED_OK);
	retract(&log_a, 3);
	tips_make(&run, &log_a, 64, 64, 1000);
	assert_int_equal(world_put(&world, &run.item, 1), TUY_STORED_OK);
	tips_make(&run, &log_a, 2, 64, 1000);
	assert_int_equal(world_put(&world, &run.item, 1), TUY_STORED_OK);
	sweep(after_pruning_s());
	assert_int_equal(head_of(0).base_seq, 128);
	assert_int_equal(rows(STORE_TOMBSTONES), 1);
	late.u.blob.seq = 3;
	late.u.blob.blob = (struct tuy_bytes){ run.blob[0], 100 };
	assert_int_equal(world_put(&world, &late, 1), TUY_STORED_OK);
	assert_int_equal(shown(), 0);
}

static void a_log_goes_on_from_a_checkpoint(void **state)
{
	static struct world_run run;
	struct tuy_store_item item = { .kind = TUY_STORE_BASE, .log_no = 0 };
	struct world_log ahead = log_a;
	(void)state;
	tip(&log_a, 1, "forklift", 0);
	for (uint32_t i = 0; i < 2; i++)
		tips_make(&run, &ahead, 64, 64, 0);
	item.u.base.head = ahead.head;
	item.u.base.sig = ahead.sig;
	assert_int_equal(world_put(&world, &item, 1), TUY_STORED_OK);
	assert_int_equal(world_put(&world, &item, 1), TUY_STORED_FAILED); /* it is there */
	assert_int_equal(head_of(0).head.seq, 128);
	assert_int_equal(head_of(0).base_seq, 128);
	assert_int_equal(shown(), 1); /* what is held stays */
	log_a = ahead;
	tip(&log_a, 500, "warehouse", 0);
	assert_int_equal(shown(), 2);
	assert_int_equal(head_of(0).missing, 0);
	world_reopen(&world, WRITER_WORDS);
	assert_int_equal(head_of(0).head.seq, 129);
}

static void a_store_of_before_gets_the_new_tables(void **state)
{
	static const enum store_table later[] = { STORE_TOMBSTONES, STORE_RECEIPTS,
		                                  STORE_EXPIRIES };
	struct store_error error;
	MDB_txn *txn;
	(void)state;
	tip(&log_a, 1, "forklift", 0);
	world_stop(&world);
	assert_int_equal(store_open(world.dir, &world.keys, &world.store, &error), 0);
	assert_int_equal(mdb_txn_begin(world.store->env, NULL, 0, &txn), 0);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(mdb_drop(txn, world.store->tables.dbi[later[i]], 1), 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
	store_close(world.store);
	world_start(&world, WRITER_WORDS);
	assert_int_equal(shown(), 1);
	retract(&log_a, 1);
	assert_int_equal(shown(), 0);
	assert_int_equal(rows(STORE_TOMBSTONES), 1);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(what_is_retracted_leaves_store_view_and_search),
		CASE(what_came_in_the_same_transaction_goes_too),
		CASE(a_late_blob_of_a_retracted_entry_is_refused),
		CASE(a_retraction_arrives_before_what_it_retracts),
		CASE(another_devices_log_is_not_touched),
		CASE(a_profile_that_is_retracted_is_no_longer_the_newest),
		CASE(a_rebuild_finds_nothing_of_what_was_erased),
		CASE(a_receipt_counts_only_for_what_was_retracted),
		CASE(what_a_device_retracted_is_read_block_by_block),
		CASE(what_has_expired_goes_and_the_rest_stays),
		CASE(a_sweep_of_many_goes_on_slice_by_slice),
		CASE(what_has_expired_before_it_comes_is_not_kept),
		CASE(whole_blocks_are_pruned_and_their_checkpoint_stays),
		CASE(what_is_held_is_not_pruned),
		CASE(a_retraction_is_pruned_only_with_what_it_names),
		CASE(tombstones_survive_pruning),
		CASE(a_log_goes_on_from_a_checkpoint),
		CASE(a_store_of_before_gets_the_new_tables),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
