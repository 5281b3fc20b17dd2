/* A forked log in the store: the cut, and what is put aside (PROTOCOL 4.11). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "../../daemon/search.h"
#include "../../daemon/store_env.h"
#include "../../daemon/store_erase.h"
#include "../../daemon/store_fork.h"
#include "../../daemon/view.h"
#include "../../proto/blob.h"
#include "../../proto/retract.h"
#include "store_world.h"
#include <string.h>
#include <time.h>

static struct world world;
static struct world_circle circle;
static struct world_log log_a;  /* the one that is forked */
static struct world_log log_a2; /* a later one of the same device */
static struct store_reading reading;
static struct tuy_read_result result;
static uint8_t headers[TUY_CHECKPOINT_EVERY * TUY_HEADER_SIZE];
static uint8_t proof[TUY_FORK_PROOF_MIN];
static uint32_t sweeps;

static void on_erased(void *context, uint32_t log_no, uint32_t missing, uint32_t base_seq)
{
	(void)context;
	(void)missing;
	(void)base_seq;
	sweeps += log_no == WRITER_SWEPT;
}

static int set_up(void **state)
{
	struct tuy_store_item item = { .kind = TUY_STORE_LOG, .log_no = 1 };
	(void)state;
	world_open(&world, WRITER_WORDS);
	writer_report_erased(world.writer, on_erased);
	world_circle(&world, &circle, 0);
	world_epoch_put(&world, &circle);
	world_log(&world, &log_a, 0, &circle, 1, 1);
	log_a2 = log_a;
	log_a2.no = 1;
	log_a2.incarnation.b[1] = 0x77;
	log_a2.id = tuy_log_id(&circle.id, &log_a2.keys.device, &log_a2.incarnation);
	log_a2.head = (struct tuy_head){ 0, tuy_chain_start(&log_a2.id) };
	item.u.log.id = log_a2.id;
	item.u.log.member = log_a2.member;
	item.u.log.device = log_a2.keys.device;
	item.u.log.incarnation = log_a2.incarnation;
	assert_int_equal(world_put(&world, &item, 1), TUY_STORED_OK);
	memset(proof, 0x4b, sizeof proof);
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

static const struct store_tables *tables(void)
{
	return store_tables(world.store);
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

static struct store_head head_of(uint32_t log_no)
{
	struct store_head head;
	begin();
	assert_int_equal(store_head_get(reading.txn, tables(), log_no, &head), 0);
	end();
	return head;
}

static uint64_t rows(enum store_table table)
{
	MDB_stat stat;
	begin();
	assert_int_equal(mdb_stat(reading.txn, tables()->dbi[table], &stat), 0);
	end();
	return stat.ms_entries;
}

static uint32_t cut_of(uint32_t log_no)
{
	uint32_t cut;
	begin();
	assert_int_equal(store_fork_get(reading.txn, tables(), log_no, &cut), 0);
	end();
	return cut;
}

/* A run of `count` tips behind a log's end; payload `without` of them (from 0) is not brought
 * along. */
static void tips_make(struct world_run *run, struct world_log *log, uint32_t count,
                      uint32_t without, const char *title)
{
	world_run_begin(run, log);
	for (uint32_t i = 0; i < count; i++) {
		struct tuy_record record = world_tip(log->head.seq + 100, 0, title, NULL);
		uint8_t doc[512];
		struct tuy_writer w = tuy_writer(doc, sizeof doc);
		assert_int_equal(tuy_record_write(&record, &w), TUY_OK);
		world_run_add(&world, run, log, tuy_written(&w), 1000, 0);
	}
	world_run_end(run, log);
	if (without < count)
		run->blobs[without].p = NULL;
}

static void tips(struct world_log *log, uint32_t count, uint32_t without, const char *title)
{
	static struct world_run run;
	tips_make(&run, log, count, without, title);
	assert_int_equal(world_put(&world, &run.item, 1), TUY_STORED_OK);
}

static void retract(struct world_log *log, const struct tuy_log_id *target, uint32_t target_no,
                    uint32_t seq)
{
	static struct world_run run;
	struct tuy_retract what = { .log = tuy_log16(target), .count = 1, .seqs = { seq } };
	struct tuy_header header = { .flags = TUY_HEADER_PAYLOAD, .time_s = 1000 };
	struct tuy_tag nonce = { { 7 } };
	struct tuy_store_item items[2];
	uint8_t record[TUY_RETRACT_RECORD_MAX];
	size_t len;
	assert_int_equal(tuy_retract_write(&what, &nonce, record, sizeof record, &len), TUY_OK);
	world_run_begin(&run, log);
	assert_int_equal(tuy_blob_seal_clear(&world.dice, (struct tuy_bytes){ record, len },
	                                     run.blob[0], WORLD_BLOB_ROOM, &len),
	                 TUY_OK);
	run.blobs[0] = (struct tuy_bytes){ run.blob[0], len };
	header.seq = log->head.seq + 1;
	header.payload_len = (uint32_t)len;
	header.pcommit = tuy_blob_commit(run.blobs[0]);
	tuy_header_encode(&header, run.headers);
	log->head.hash = tuy_chain_next(&log->head.hash, run.headers);
	log->head.seq = header.seq;
	run.item.u.entries.count = 1;
	world_run_end(&run, log);
	items[0] = run.item;
	items[1] = (struct tuy_store_item){ .kind = TUY_STORE_RETRACT, .log_no = log->no };
	items[1].u.retract.header = run.headers;
	items[1].u.retract.blob = run.blobs[0];
	items[1].u.retract.target_no = target_no;
	assert_int_equal(world_put(&world, items, 2), TUY_STORED_OK);
}

static struct tuy_store_item cut_item(uint32_t seq)
{
	struct tuy_store_item item = { .kind = TUY_STORE_CUT, .log_no = 0 };
	item.u.cut.seq = seq;
	item.u.cut.proof = TUY_BYTES(proof);
	return item;
}

static void cut(uint32_t seq)
{
	struct tuy_store_item item = cut_item(seq);
	assert_int_equal(world_put(&world, &item, 1), TUY_STORED_OK);
}

static void voided(struct world_run *run)
{
	run->item.kind = TUY_STORE_VOIDED;
	assert_int_equal(world_put(&world, &run->item, 1), TUY_STORED_OK);
}

/* 64 entries and three more, of which 66 lacks its payload; cut behind the 64. `at_64`: the log as
 * it stood there, to make another branch from. */
static struct world_log at_64;
static void forked(void)
{
	tips(&log_a, 64, 64, "warehouse");
	at_64 = log_a;
	tips(&log_a, 3, 1, "forklift");
	cut(64);
}

static struct store_void_at last_at(void)
{
	struct store_void_at at;
	memset(at.b, 0xff, sizeof at.b);
	return at;
}

/* How many rows wait to be published again; the seq of the first found into `seq`. */
static uint32_t waiting(uint32_t *seq)
{
	struct store_void_at at = last_at();
	struct store_void_row row;
	uint32_t count = 0, before = UINT32_MAX;
	int rc;
	begin();
	while ((rc = store_fork_before(reading.txn, tables(), 0, &at, &row)) == 0) {
		assert_true(row.what.seq <= before);
		assert_true(row.blob.len > 0);
		if (count == 0 && seq != NULL)
			*seq = row.what.seq;
		before = row.what.seq;
		count++;
	}
	assert_int_equal(rc, MDB_NOTFOUND);
	end();
	return count;
}

static void spend_last(void)
{
	struct tuy_store_item item = { .kind = TUY_STORE_SPENT, .log_no = 0 };
	struct store_void_at at = last_at();
	struct store_void_row row;
	begin();
	assert_int_equal(store_fork_before(reading.txn, tables(), 0, &at, &row), 0);
	item.u.spent = row.what;
	end();
	assert_int_equal(world_put(&world, &item, 1), TUY_STORED_OK);
}

static void read_of(enum tuy_read_kind kind, uint32_t from)
{
	struct tuy_read read = { .kind = kind, .log_no = 0, .from = from };
	begin();
	store_read(&reading, &read, headers, &result);
	end();
}

static uint8_t proof_first_byte(void)
{
	struct tuy_read read = { .kind = TUY_READ_PROOF, .log_no = 0 };
	begin();
	store_read(&reading, &read, headers, &result);
	assert_int_equal(result.bytes[0].len, sizeof proof);
	uint8_t first = result.bytes[0].p[0];
	end();
	return first;
}

static void sig_fits(uint32_t seq, const struct tuy_hash *hash)
{
	assert_int_equal(tuy_head_check(&log_a.keys.device, &log_a.id, seq, hash, &result.sig),
	                 TUY_OK);
}

static void sweep(uint32_t now_s)
{
	sweeps = 0;
	writer_sweep(world.writer, now_s);
	while (sweeps == 0)
		(void)uv_run(&world.loop, UV_RUN_ONCE);
}

/* Changes one byte of a row. */
static void damage(enum store_table table, struct tuy_bytes name)
{
	MDB_val key = { name.len, (void *)(uintptr_t)name.p };
	MDB_val row;
	MDB_txn *txn;
	uint8_t copy[8192];
	assert_int_equal(mdb_txn_begin(world.store->env, NULL, 0, &txn), 0);
	assert_int_equal(mdb_get(txn, tables()->dbi[table], &key, &row), 0);
	assert_true(row.mv_size <= sizeof copy);
	memcpy(copy, row.mv_data, row.mv_size);
	copy[row.mv_size / 2] ^= 1;
	row.mv_data = copy;
	assert_int_equal(mdb_put(txn, tables()->dbi[table], &key, &row, 0), 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
}

/* The key of the last row put aside. */
static void voided_key(uint8_t key[16])
{
	struct store_void_at at = last_at();
	struct store_void_row row;
	begin();
	assert_int_equal(store_fork_before(reading.txn, tables(), 0, &at, &row), 0);
	end();
	tuy_put32(key, 0);
	memcpy(key + 4, at.b, sizeof at.b);
}

/* ---- the cut ---- */

static void what_lies_beyond_leaves_log_view_search_and_missing(void **state)
{
	struct store_entry_row row;
	(void)state;
	tips(&log_a, 64, 64, "warehouse");
	tips(&log_a, 3, 1, "forklift");
	assert_int_equal(head_of(0).missing, 1);
	assert_int_equal(hits("forklift"), 2);
	cut(64);
	assert_int_equal(head_of(0).head.seq, 64);
	assert_int_equal(head_of(0).missing, 0);
	assert_int_equal(rows(STORE_MISSING), 0);
	assert_int_equal(rows(STORE_ENTRIES), 64);
	assert_int_equal(rows(STORE_VOIDED), 3);
	assert_int_equal(shown(), 64);
	assert_int_equal(hits("forklift"), 0);
	assert_true(hits("warehouse") > 0);
	begin();
	assert_int_equal(store_entry_get(reading.txn, tables(), 0, 65, &row), MDB_NOTFOUND);
	assert_int_equal(view_is_whole(&reading), 1);
	end();
}

static void a_log_cut_at_0_is_empty(void **state)
{
	struct tuy_hash start = tuy_chain_start(&log_a.id);
	(void)state;
	tips(&log_a, 3, 64, "forklift");
	cut(0);
	struct store_head head = head_of(0);
	assert_int_equal(head.head.seq, 0);
	assert_memory_equal(&head.head.hash, &start, sizeof start);
	assert_int_equal(rows(STORE_VOIDED), 3);
	assert_int_equal(shown(), 0);
}

static void a_higher_cut_changes_nothing_and_a_lower_one_cuts_again(void **state)
{
	(void)state;
	tips(&log_a, 64, 64, "warehouse");
	tips(&log_a, 64, 64, "warehouse");
	tips(&log_a, 2, 64, "forklift");
	cut(128);
	assert_int_equal(rows(STORE_VOIDED), 2);
	memset(proof, 0x5c, sizeof proof);
	cut(128);
	cut(192);
	assert_int_equal(proof_first_byte(), 0x4b);
	assert_int_equal(cut_of(0), 128);
	assert_int_equal(head_of(0).head.seq, 128);
	cut(64);
	assert_int_equal(proof_first_byte(), 0x5c);
	assert_int_equal(cut_of(0), 64);
	assert_int_equal(head_of(0).head.seq, 64);
	assert_int_equal(rows(STORE_VOIDED), 66);
	assert_int_equal(shown(), 64);
}

static void a_log_that_does_not_reach_its_cut_goes_on_to_it(void **state)
{
	(void)state;
	tips(&log_a, 3, 64, "forklift");
	cut(64);
	assert_int_equal(head_of(0).head.seq, 3);
	assert_int_equal(rows(STORE_VOIDED), 0);
	tips(&log_a, 61, 64, "warehouse");
	assert_int_equal(head_of(0).head.seq, 64);
	assert_int_equal(cut_of(0), 64);
}

static void the_cut_is_there_after_a_reopen(void **state)
{
	(void)state;
	assert_int_equal(cut_of(0), TUY_NO_CUT);
	forked();
	world_reopen(&world, WRITER_WORDS);
	assert_int_equal(cut_of(0), 64);
	assert_int_equal(cut_of(1), TUY_NO_CUT);
	assert_int_equal(head_of(0).head.seq, 64);
	assert_int_equal(waiting(NULL), 2);
}

static void a_torn_transaction_leaves_nothing(void **state)
{
	struct tuy_store_item items[2];
	(void)state;
	tips(&log_a, 64, 64, "warehouse");
	tips(&log_a, 3, 1, "forklift");
	items[0] = cut_item(64);
	items[1] = (struct tuy_store_item){ .kind = TUY_STORE_LOG, .log_no = 9 }; /* a gap */
	assert_int_equal(world_put(&world, items, 2), TUY_STORED_FAILED);
	assert_int_equal(cut_of(0), TUY_NO_CUT);
	assert_int_equal(head_of(0).head.seq, 67);
	assert_int_equal(head_of(0).missing, 1);
	assert_int_equal(rows(STORE_VOIDED), 0);
	assert_int_equal(shown(), 66);
	assert_int_equal(hits("forklift"), 2);
	cut(64);
	assert_int_equal(rows(STORE_VOIDED), 3);
}

static void a_log_begun_beyond_its_cut_is_empty(void **state)
{
	struct tuy_store_item base = { .kind = TUY_STORE_BASE, .log_no = 0 };
	static struct world_run run;
	struct world_log ahead, one;
	(void)state;
	one = log_a;
	tips(&log_a, 1, 0, "forklift");
	ahead = log_a;
	tips_make(&run, &ahead, 63, 64, "gone");
	tips_make(&run, &ahead, 64, 64, "gone");
	base.u.base.head = ahead.head;
	base.u.base.sig = ahead.sig;
	assert_int_equal(world_put(&world, &base, 1), TUY_STORED_OK);
	tips(&ahead, 1, 64, "warehouse");
	cut(64);
	assert_int_equal(head_of(0).head.seq, 0);
	assert_int_equal(head_of(0).base_seq, 0);
	assert_int_equal(head_of(0).missing, 0);
	assert_int_equal(rows(STORE_ENTRIES), 0);
	assert_int_equal(rows(STORE_MISSING), 0);
	assert_int_equal(rows(STORE_VOIDED), 1);
	assert_int_equal(shown(), 0);
	tips(&one, 64, 64, "again");
	assert_int_equal(head_of(0).head.seq, 64);
	assert_int_equal(shown(), 64);
}

static void what_is_left_below_a_base_goes_too(void **state)
{
	struct tuy_store_item base = { .kind = TUY_STORE_BASE, .log_no = 0 };
	static struct world_run run;
	struct world_log ahead;
	(void)state;
	tips(&log_a, 64, 64, "warehouse");
	tips(&log_a, 6, 64, "forklift");
	ahead = log_a;
	tips_make(&run, &ahead, 58, 64, "gone");
	base.u.base.head = ahead.head;
	base.u.base.sig = ahead.sig;
	assert_int_equal(world_put(&world, &base, 1), TUY_STORED_OK);
	cut(64);
	assert_int_equal(head_of(0).head.seq, 64);
	assert_int_equal(head_of(0).base_seq, 64);
	assert_int_equal(rows(STORE_ENTRIES), 64);
	assert_int_equal(rows(STORE_VOIDED), 6);
	assert_int_equal(hits("forklift"), 0);
	read_of(TUY_READ_HEAD, 0);
	assert_int_equal(result.base.seq, 64);
}

/* ---- reading ---- */

static void blocks_are_read_from_the_log_and_from_what_is_aside(void **state)
{
	struct tuy_hash start = tuy_chain_start(&log_a.id);
	(void)state;
	forked();
	read_of(TUY_READ_BLOCK, 1);
	assert_int_equal(result.err, TUY_OK);
	assert_int_equal(result.count, 64);
	assert_int_equal(result.head.seq, 0);
	assert_memory_equal(&result.head.hash, &start, sizeof start);
	sig_fits(64, &at_64.head.hash);
	read_of(TUY_READ_BLOCK, 65);
	assert_int_equal(result.err, TUY_OK);
	assert_int_equal(result.count, 3);
	assert_int_equal(result.head.seq, 64);
	assert_memory_equal(&result.head.hash, &at_64.head.hash, sizeof at_64.head.hash);
	assert_non_null(result.bytes[0].p);
	assert_null(result.bytes[1].p);
	assert_non_null(result.bytes[2].p);
	sig_fits(67, &log_a.head.hash);
	assert_int_equal(tuy_get32(headers + 2 * TUY_HEADER_SIZE + 4), 67);
	read_of(TUY_READ_BLOCK, 129);
	assert_true(result.err != TUY_OK || result.count == 0);
}

static void head_and_proof_are_read(void **state)
{
	(void)state;
	read_of(TUY_READ_PROOF, 0);
	assert_int_equal(result.err, TUY_E_STORE); /* it is not forked */
	tips(&log_a, 64, 5, "warehouse");
	at_64 = log_a;
	tips(&log_a, 3, 1, "forklift");
	cut(64);
	read_of(TUY_READ_HEAD, 0);
	assert_int_equal(result.err, TUY_OK);
	assert_int_equal(result.head.seq, 64);
	assert_int_equal(result.missing, 1);
	assert_int_equal(result.base.seq, 0);
	sig_fits(64, &at_64.head.hash);
	begin();
	struct tuy_read read = { .kind = TUY_READ_PROOF, .log_no = 0 };
	store_read(&reading, &read, headers, &result);
	assert_int_equal(result.count, 1);
	assert_int_equal(result.bytes[0].len, sizeof proof);
	assert_memory_equal(result.bytes[0].p, proof, sizeof proof);
	end();
}

/* ---- void entries of peers ---- */

static void another_branch_is_put_aside_once(void **state)
{
	static struct world_run run;
	uint32_t seq;
	(void)state;
	forked();
	assert_int_equal(waiting(&seq), 2);
	assert_int_equal(seq, 67);
	tips_make(&run, &at_64, 5, 3, "other branch");
	voided(&run);
	assert_int_equal(rows(STORE_VOIDED), 3 + 4); /* not the one that has no payload */
	voided(&run);
	assert_int_equal(rows(STORE_VOIDED), 7);
	assert_int_equal(waiting(&seq), 6);
	assert_int_equal(seq, 69);
	assert_int_equal(shown(), 64);
	assert_int_equal(head_of(0).head.seq, 64);
}

static void a_payload_that_was_missing_is_filled_in(void **state)
{
	static struct world_run run;
	(void)state;
	tips(&log_a, 64, 64, "warehouse");
	tips_make(&run, &log_a, 3, 1, "forklift");
	assert_int_equal(world_put(&world, &run.item, 1), TUY_STORED_OK);
	cut(64);
	assert_int_equal(waiting(NULL), 2);
	run.blobs[1] = (struct tuy_bytes){ run.blob[1], run.blobs[0].len };
	voided(&run);
	assert_int_equal(rows(STORE_VOIDED), 3);
	assert_int_equal(waiting(NULL), 3);
}

static void what_was_retracted_is_not_put_aside(void **state)
{
	static struct world_run run;
	(void)state;
	forked();
	retract(&log_a2, &log_a.id, 0, 66);
	tips_make(&run, &at_64, 3, 64, "other branch");
	voided(&run);
	assert_int_equal(rows(STORE_VOIDED), 3 + 2);
	assert_int_equal(waiting(NULL), 4);
}

static void a_spent_one_is_not_found_again_and_not_brought_back(void **state)
{
	static struct world_run run;
	uint32_t seq;
	(void)state;
	tips(&log_a, 64, 64, "warehouse");
	tips_make(&run, &log_a, 3, 64, "forklift");
	assert_int_equal(world_put(&world, &run.item, 1), TUY_STORED_OK);
	cut(64);
	assert_int_equal(waiting(NULL), 3);
	spend_last();
	assert_int_equal(waiting(&seq), 2);
	assert_int_equal(seq, 66);
	voided(&run);
	assert_int_equal(waiting(&seq), 2);
	assert_int_equal(seq, 66);
	world_reopen(&world, WRITER_WORDS);
	assert_int_equal(waiting(NULL), 2);
	read_of(TUY_READ_BLOCK, 65);
	assert_int_equal(result.count, 3); /* it is still shown to who asks */
	assert_non_null(result.bytes[2].p);
}

static void what_is_not_there_can_be_spent(void **state)
{
	struct tuy_store_item item = { .kind = TUY_STORE_SPENT, .log_no = 0 };
	(void)state;
	forked();
	item.u.spent = (struct tuy_void){ .log_no = 0, .seq = 66, .commit8 = { 1 } };
	assert_int_equal(world_put(&world, &item, 1), TUY_STORED_OK);
	assert_int_equal(waiting(NULL), 2);
}

static void a_retraction_strips_what_was_put_aside(void **state)
{
	static struct world_run run;
	(void)state;
	forked();
	tips_make(&run, &at_64, 3, 64, "other branch");
	voided(&run);
	assert_int_equal(waiting(NULL), 5);
	retract(&log_a2, &log_a.id, 0, 67);
	assert_int_equal(waiting(NULL), 3); /* of both branches */
	assert_int_equal(rows(STORE_VOIDED), 6);
	voided(&run);
	assert_int_equal(waiting(NULL), 3);
	read_of(TUY_READ_BLOCK, 65);
	assert_null(result.bytes[2].p);
}

static void it_is_kept_for_30_days(void **state)
{
	static struct world_run run;
	uint32_t before_s = (uint32_t)time(NULL);
	(void)state;
	tips(&log_a, 64, 64, "warehouse");
	tips_make(&run, &log_a, 3, 64, "forklift");
	assert_int_equal(world_put(&world, &run.item, 1), TUY_STORED_OK);
	cut(64);
	uint32_t after_s = (uint32_t)time(NULL);
	sweep(before_s + STORE_VOID_LIFE_S);
	assert_int_equal(waiting(NULL), 3);
	sweep(after_s + STORE_VOID_LIFE_S + 1);
	assert_int_equal(waiting(NULL), 0);
	assert_int_equal(rows(STORE_VOIDED), 3); /* without payloads: none can come back */
	voided(&run);
	assert_int_equal(waiting(NULL), 0);
	assert_int_equal(cut_of(0), 64);
	assert_int_equal(shown(), 64);
}

/* ---- damage ---- */

static void a_damaged_row_aside_is_an_error_and_hides_no_other(void **state)
{
	uint8_t key[16];
	uint32_t seq;
	(void)state;
	forked();
	voided_key(key);
	damage(STORE_VOIDED, TUY_BYTES(key));
	assert_int_equal(waiting(&seq), 1);
	assert_int_equal(seq, 65);
	read_of(TUY_READ_BLOCK, 65);
	assert_int_equal(result.err, TUY_E_STORE);
	read_of(TUY_READ_BLOCK, 1);
	assert_int_equal(result.err, TUY_OK);
}

static void a_damaged_proof_is_an_error(void **state)
{
	uint8_t key[4] = { 0 };
	uint32_t seq;
	(void)state;
	forked();
	damage(STORE_FORKS, TUY_BYTES(key));
	read_of(TUY_READ_PROOF, 0);
	assert_int_equal(result.err, TUY_E_STORE);
	begin();
	assert_int_equal(store_fork_get(reading.txn, tables(), 0, &seq), MDB_CORRUPTED);
	end();
	struct tuy_store_item item = cut_item(0);
	assert_int_equal(world_put(&world, &item, 1), TUY_STORED_FAILED);
}

static void a_damaged_entry_does_not_keep_a_log_from_its_cut(void **state)
{
	struct store_key8 key = store_key8(0, 66);
	(void)state;
	tips(&log_a, 64, 64, "warehouse");
	tips(&log_a, 3, 64, "forklift");
	damage(STORE_ENTRIES, TUY_BYTES(key.b));
	cut(64);
	assert_int_equal(head_of(0).head.seq, 64);
	assert_int_equal(rows(STORE_ENTRIES), 64);
	assert_int_equal(waiting(NULL), 2);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(what_lies_beyond_leaves_log_view_search_and_missing),
		CASE(a_log_cut_at_0_is_empty),
		CASE(a_higher_cut_changes_nothing_and_a_lower_one_cuts_again),
		CASE(a_log_that_does_not_reach_its_cut_goes_on_to_it),
		CASE(the_cut_is_there_after_a_reopen),
		CASE(a_torn_transaction_leaves_nothing),
		CASE(a_log_begun_beyond_its_cut_is_empty),
		CASE(what_is_left_below_a_base_goes_too),
		CASE(blocks_are_read_from_the_log_and_from_what_is_aside),
		CASE(head_and_proof_are_read),
		CASE(another_branch_is_put_aside_once),
		CASE(a_payload_that_was_missing_is_filled_in),
		CASE(what_was_retracted_is_not_put_aside),
		CASE(a_spent_one_is_not_found_again_and_not_brought_back),
		CASE(what_is_not_there_can_be_spent),
		CASE(a_retraction_strips_what_was_put_aside),
		CASE(it_is_kept_for_30_days),
		CASE(a_damaged_row_aside_is_an_error_and_hides_no_other),
		CASE(a_damaged_proof_is_an_error),
		CASE(a_damaged_entry_does_not_keep_a_log_from_its_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
