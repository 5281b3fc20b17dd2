#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "../../daemon/store_env.h"
#include "../../daemon/view.h"
#include "../../daemon/view_rows.h"
#include "../../proto/blob.h"
#include "store_world.h"
#include <stdio.h>
#include <string.h>

static struct world world;
static struct world_circle circle;
static struct world_log log_a; /* of person 1 */
static struct world_log log_b; /* of person 2 */
static struct store_reading reading;
static struct view_object objects[64];
static uint32_t more;
static uint8_t buffer[TUY_BLOB_MAX];

static const struct view_filter anything = { .circle_no = UINT32_MAX };

static int set_up(void **state)
{
	(void)state;
	world_open(&world, WRITER_WORDS);
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

static void reading_begin(void)
{
	assert_int_equal(store_reading_begin(world.store, &reading), 0);
}

static uint32_t list(const struct view_filter *filter, uint32_t cap)
{
	return view_list(&reading, filter, objects, cap, &more);
}

static void tip_put(struct world_log *log, uint32_t nonce, uint32_t rev, const char *title,
                    uint32_t time_s, uint32_t exp_s)
{
	struct tuy_record record = world_tip(nonce, rev, title, NULL);
	world_entry(&world, log, &record, time_s, exp_s);
}

static void named_put(struct world_log *log, enum tuy_record_kind kind, uint32_t nonce,
                      uint32_t rev, const char *name, uint32_t time_s)
{
	struct tuy_record record = world_named(kind, nonce, rev, name);
	world_entry(&world, log, &record, time_s, 0);
}

static void says(const struct view_object *object, enum tuy_field field, const char *text)
{
	struct tuy_record record;
	assert_int_equal(view_record(&reading, &world.keys, object, buffer, &record), 0);
	assert_int_equal(record.value[field].text.len, strlen(text));
	assert_memory_equal(record.value[field].text.p, text, strlen(text));
}

/* ---- tests ---- */

static void lists_newest_first(void **state)
{
	(void)state;
	tip_put(&log_a, 1, 0, "one", 100, 0);
	tip_put(&log_b, 2, 0, "two", 300, 0);
	tip_put(&log_a, 3, 0, "three", 200, 0);
	reading_begin();
	assert_int_equal(list(&anything, 64), 3);
	assert_int_equal(more, 0);
	says(&objects[0], TUY_FIELD_TITLE, "two");
	says(&objects[1], TUY_FIELD_TITLE, "three");
	says(&objects[2], TUY_FIELD_TITLE, "one");
	assert_int_equal(objects[1].created_s, 200);
	assert_memory_equal(objects[0].member.b, log_b.member.b, sizeof log_b.member.b);
	assert_memory_equal(objects[0].device.b, log_b.keys.device.b, sizeof log_b.keys.device.b);
	assert_int_equal(objects[0].kind, TUY_RECORD_TIP);
	assert_int_equal(list(&anything, 1), 1);
	assert_int_equal(more, 2);
	assert_int_equal(list(&anything, 0), 0);
	assert_int_equal(more, 3);
	assert_int_equal(view_count(&reading), 3);
	store_reading_end(&reading);
}

static void a_claim_of_the_future_is_as_old_as_its_arrival(void **state)
{
	(void)state;
	tip_put(&log_a, 1, 0, "tomorrow", UINT32_MAX - 5, 0);
	reading_begin();
	assert_int_equal(list(&anything, 64), 1);
	assert_true(objects[0].created_s < UINT32_MAX - 1000000);
	store_reading_end(&reading);
}

static void filters_by_author_kind_circle_and_date(void **state)
{
	(void)state;
	struct world_circle other;
	static struct world_log log_c;
	struct view_filter filter = anything;
	world_circle(&world, &other, 7);
	world_epoch_put(&world, &other);
	world_log(&world, &log_c, 2, &other, 1, 3);
	tip_put(&log_a, 1, 0, "mine", 100, 4000000500);
	tip_put(&log_b, 2, 0, "theirs", 200, 0);
	tip_put(&log_c, 3, 0, "mine elsewhere", 150, 0);
	named_put(&log_a, TUY_RECORD_PROFILE, 4, 0, "Anna", 400);
	reading_begin();
	assert_int_equal(list(&filter, 64), 3);
	says(&objects[0], TUY_FIELD_TITLE, "theirs");
	says(&objects[1], TUY_FIELD_TITLE, "mine elsewhere");
	says(&objects[2], TUY_FIELD_TITLE, "mine");
	filter.circle_no = 7;
	assert_int_equal(list(&filter, 64), 1);
	filter.circle_no = 3;
	assert_int_equal(list(&filter, 64), 0);
	filter.circle_no = 0;
	assert_int_equal(list(&filter, 64), 2);
	filter = anything;
	filter.mine = VIEW_MINE;
	filter.me = log_a.member;
	assert_int_equal(list(&filter, 64), 2);
	filter.mine = VIEW_OTHERS;
	assert_int_equal(list(&filter, 64), 1);
	says(&objects[0], TUY_FIELD_TITLE, "theirs");
	filter.mine = VIEW_ANYBODY;
	filter.from = &log_b.member;
	assert_int_equal(list(&filter, 64), 1);
	filter = anything;
	filter.live_at_s = 4000000499;
	assert_int_equal(list(&filter, 64), 3);
	filter.live_at_s = 4000000500;
	assert_int_equal(list(&filter, 64), 2);
	filter = anything;
	filter.kinds = 1u << TUY_RECORD_PROFILE;
	assert_int_equal(list(&filter, 64), 1);
	says(&objects[0], TUY_FIELD_NAME, "Anna");
	store_reading_end(&reading);
}

static void the_newest_revision_wins_in_any_order(void **state)
{
	(void)state;
	static const uint32_t orders[6][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
		                               { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };
	static const char *const titles[3] = { "draft", "better", "best" };
	for (uint32_t i = 0; i < 6; i++)
		for (uint32_t j = 0; j < 3; j++) {
			uint32_t rev = orders[i][j];
			tip_put(&log_a, i + 1, rev, titles[rev], 1000 * (i + 1) + rev, 0);
		}
	reading_begin();
	assert_int_equal(list(&anything, 64), 6);
	assert_int_equal(view_count(&reading), 6);
	for (uint32_t i = 0; i < 6; i++) {
		says(&objects[i], TUY_FIELD_TITLE, "best");
		assert_int_equal(objects[i].rev, 2);
		assert_int_equal(objects[i].created_s, 1000 * (6 - i));
		struct view_object same;
		assert_int_equal(view_object(&reading, objects[i].number, &same), 0);
		assert_int_equal(same.seq, objects[i].seq);
		assert_int_equal(view_find(&reading, &same.id, &same.id, &same, 1), 1);
	}
	store_reading_end(&reading);
}

static void revisions_in_one_ticket_make_one_object(void **state)
{
	(void)state;
	static struct world_run run;
	static const uint32_t revs[] = { 1, 3, 0, 2 };
	uint8_t doc[512];
	world_run_begin(&run, &log_a);
	for (uint32_t i = 0; i < 4; i++) {
		char title[16];
		(void)snprintf(title, sizeof title, "rev%u", revs[i]);
		struct tuy_record record = world_tip(1, revs[i], title, NULL);
		struct tuy_writer w = tuy_writer(doc, sizeof doc);
		assert_int_equal(tuy_record_write(&record, &w), TUY_OK);
		world_run_add(&world, &run, &log_a, tuy_written(&w), 500 - i, 0);
	}
	world_run_end(&run, &log_a);
	assert_int_equal(world_put(&world, &run.item, 1), TUY_STORED_OK);
	reading_begin();
	assert_int_equal(list(&anything, 64), 1);
	says(&objects[0], TUY_FIELD_TITLE, "rev3");
	assert_int_equal(objects[0].created_s, 497);
	assert_int_equal(view_count(&reading), 1);
	store_reading_end(&reading);
}

static void equal_revisions_are_decided_by_pcommit(void **state)
{
	(void)state;
	struct tuy_header header;
	struct tuy_bytes bytes;
	struct tuy_bytes blob;
	struct tuy_hash least;
	uint32_t want = 0;
	memset(least.b, 0xff, sizeof least.b);
	for (uint32_t i = 0; i < 8; i++)
		tip_put(&log_a, 1, 5, "same rev", 100, 0);
	reading_begin();
	for (uint32_t seq = 1; seq <= 8; seq++) {
		assert_int_equal(store_entry(&reading, 0, seq, &bytes, &blob), 0);
		assert_int_equal(tuy_header_decode(bytes.p, &header), TUY_OK);
		if (memcmp(header.pcommit.b, least.b, sizeof least.b) < 0) {
			least = header.pcommit;
			want = seq;
		}
	}
	assert_int_equal(list(&anything, 64), 1);
	assert_int_equal(objects[0].seq, want);
	store_reading_end(&reading);
}

static void the_same_nonce_of_another_member_is_another_object(void **state)
{
	(void)state;
	tip_put(&log_a, 1, 0, "of a", 100, 0);
	tip_put(&log_b, 1, 9, "of b", 200, 0);
	reading_begin();
	assert_int_equal(list(&anything, 64), 2);
	store_reading_end(&reading);
}

static void finds_objects_by_the_beginning_of_their_id(void **state)
{
	(void)state;
	struct tuy_object lowest;
	struct tuy_object highest;
	char text[TUY_OBJECT_TEXT];
	for (uint32_t i = 0; i < 60; i++)
		tip_put(i % 2 ? &log_a : &log_b, i, 0, "t", 100 + i, 0);
	named_put(&log_a, TUY_RECORD_PROFILE, 99, 0, "Anna", 400);
	reading_begin();
	uint32_t count = list(&anything, 64);
	assert_int_equal(count, 60);
	for (uint32_t i = 0; i < count; i++) {
		struct view_object found[64];
		uint32_t len = view_short_len(&reading, &objects[i].id);
		assert_in_range(len, 4, 16);
		tuy_object_text(&objects[i].id, text);
		struct tuy_bytes prefix = { (const uint8_t *)text, len };
		assert_int_equal(tuy_object_range(prefix, &lowest, &highest), TUY_OK);
		assert_int_equal(view_find(&reading, &lowest, &highest, found, 64), 1);
		assert_int_equal(found[0].number, objects[i].number);
		/* One character finds as many as begin with it. */
		uint32_t same = 0;
		for (uint32_t j = 0; j < count; j++)
			same += objects[j].id.b[0] >> 3 == objects[i].id.b[0] >> 3;
		prefix.len = 1;
		assert_int_equal(tuy_object_range(prefix, &lowest, &highest), TUY_OK);
		assert_int_equal(view_find(&reading, &lowest, &highest, found, 1), same);
	}
	store_reading_end(&reading);
}

/* Rows as if two objects had ids that share `chars` characters. */
static void short_len_grows_with_likeness(void **state)
{
	(void)state;
	struct view_row row = { .kind = TUY_RECORD_TIP };
	struct tuy_object other;
	MDB_txn *txn;
	MDB_cursor *cursor;
	const struct store_tables *tables = store_tables(world.store);
	memset(row.id.b, 0x42, sizeof row.id.b);
	other = row.id;
	other.b[4] ^= 0x10; /* bit 35: the eighth character differs */
	for (uint32_t i = 0; i < 2; i++) {
		assert_int_equal(mdb_txn_begin(world.store->env, NULL, 0, &txn), 0);
		assert_int_equal(mdb_cursor_open(txn, tables->dbi[STORE_OBJECT_IDS], &cursor), 0);
		assert_int_equal(view_id_put(cursor, tables, 5 + i, &row), 0);
		mdb_cursor_close(cursor);
		assert_int_equal(mdb_txn_commit(txn), 0);
		reading_begin();
		assert_int_equal(view_short_len(&reading, &row.id), i == 0 ? 4 : 8);
		assert_int_equal(view_short_len(&reading, &other), 8);
		store_reading_end(&reading);
		struct tuy_object swap = row.id;
		row.id = other;
		other = swap;
	}
}

static void knows_the_newest_profile_and_circle(void **state)
{
	(void)state;
	struct view_object object;
	reading_begin();
	assert_int_equal(view_profile(&reading, 0, &log_a.member, &object), -1);
	assert_int_equal(view_circle(&reading, 0, &object), -1);
	store_reading_end(&reading);
	named_put(&log_a, TUY_RECORD_PROFILE, 1, 1, "Anna B", 100);
	named_put(&log_a, TUY_RECORD_PROFILE, 1, 0, "Anna A", 90);
	named_put(&log_b, TUY_RECORD_PROFILE, 1, 0, "Bruno", 95);
	named_put(&log_b, TUY_RECORD_CIRCLE, 2, 0, "Les Ateliers", 80);
	named_put(&log_a, TUY_RECORD_CIRCLE, 3, 0, "older", 70);
	reading_begin();
	assert_int_equal(view_profile(&reading, 0, &log_a.member, &object), 0);
	says(&object, TUY_FIELD_NAME, "Anna B");
	assert_int_equal(view_profile(&reading, 0, &log_b.member, &object), 0);
	says(&object, TUY_FIELD_NAME, "Bruno");
	assert_int_equal(view_circle(&reading, 0, &object), 0);
	says(&object, TUY_FIELD_NAME, "Les Ateliers");
	assert_int_equal(view_profile(&reading, 1, &log_a.member, &object), -1);
	store_reading_end(&reading);
	named_put(&log_a, TUY_RECORD_PROFILE, 1, 2, "Anna C", 110);
	named_put(&log_a, TUY_RECORD_CIRCLE, 3, 4, "renamed", 75);
	reading_begin();
	assert_int_equal(view_profile(&reading, 0, &log_a.member, &object), 0);
	says(&object, TUY_FIELD_NAME, "Anna C");
	assert_int_equal(view_circle(&reading, 0, &object), 0);
	says(&object, TUY_FIELD_NAME, "renamed");
	store_reading_end(&reading);
}

static void what_waits_for_a_key_comes_with_it(void **state)
{
	(void)state;
	struct world_circle closed;
	static struct world_log log;
	struct tuy_record record;
	world_circle(&world, &closed, 3);
	world_log(&world, &log, 2, &closed, 4, 4);
	for (uint32_t i = 0; i < 600; i++)
		tip_put(&log, i, 0, "sealed", 100 + i, 0);
	reading_begin();
	assert_int_equal(list(&anything, 64), 0);
	store_reading_end(&reading);
	world_epoch_put(&world, &closed);
	reading_begin();
	assert_int_equal(list(&anything, 64), 64);
	assert_int_equal(more, 600 - 64);
	assert_int_equal(objects[0].created_s, 699);
	assert_int_equal(view_record(&reading, &world.keys, &objects[0], buffer, &record), 0);
	store_reading_end(&reading);
}

static void a_blob_that_comes_later_is_seen_then(void **state)
{
	(void)state;
	static struct world_run run;
	uint8_t doc[512];
	struct tuy_store_item item = { .kind = TUY_STORE_BLOB };
	struct tuy_record record = world_tip(1, 0, "late", NULL);
	struct tuy_writer w = tuy_writer(doc, sizeof doc);
	assert_int_equal(tuy_record_write(&record, &w), TUY_OK);
	world_run_begin(&run, &log_a);
	world_run_add(&world, &run, &log_a, tuy_written(&w), 100, 0);
	world_run_end(&run, &log_a);
	item.u.blob.seq = 1;
	item.u.blob.blob = run.blobs[0];
	run.blobs[0].p = NULL;
	assert_int_equal(world_put(&world, &run.item, 1), TUY_STORED_OK);
	reading_begin();
	assert_int_equal(list(&anything, 64), 0);
	store_reading_end(&reading);
	assert_int_equal(world_put(&world, &item, 1), TUY_STORED_OK);
	reading_begin();
	assert_int_equal(list(&anything, 64), 1);
	says(&objects[0], TUY_FIELD_TITLE, "late");
	store_reading_end(&reading);
}

static void what_cannot_be_read_is_no_object(void **state)
{
	(void)state;
	static struct world_run run;
	struct tuy_bytes junk = { (const uint8_t *)"\xc1junk", 5 };
	world_run_begin(&run, &log_a);
	world_run_add(&world, &run, &log_a, junk, 100, 0);
	/* Sealed with the key of nobody. */
	struct world_circle stranger = circle;
	stranger.epoch_key.b[0] ^= 1;
	log_a.circle = &stranger;
	world_run_add(&world, &run, &log_a, junk, 100, 0);
	log_a.circle = &circle;
	world_run_end(&run, &log_a);
	assert_int_equal(world_put(&world, &run.item, 1), TUY_STORED_OK);
	tip_put(&log_a, 1, 0, "readable", 100, 0);
	reading_begin();
	assert_int_equal(list(&anything, 64), 1);
	assert_int_equal(objects[0].seq, 3);
	store_reading_end(&reading);
}

static void opens_what_is_sealed_to_this_device(void **state)
{
	(void)state;
	static struct world_run run;
	uint8_t doc[512];
	size_t len;
	struct tuy_record record = world_tip(1, 0, "for you", NULL);
	struct tuy_writer w = tuy_writer(doc, sizeof doc);
	struct tuy_header header;
	assert_int_equal(tuy_record_write(&record, &w), TUY_OK);
	struct tuy_head before = log_a.head;
	world_run_begin(&run, &log_a);
	world_run_add(&world, &run, &log_a, tuy_written(&w), 100, 0);
	assert_int_equal(tuy_blob_seal_devices(&world.dice, &world.keys.box_pk, 1, &log_a.id, 1,
	                                       tuy_written(&w), run.blob[0], WORLD_BLOB_ROOM, &len),
	                 TUY_OK);
	run.blobs[0].len = len;
	assert_int_equal(tuy_header_decode(run.headers, &header), TUY_OK);
	header.payload_len = (uint32_t)len;
	header.pcommit = tuy_blob_commit(run.blobs[0]);
	tuy_header_encode(&header, run.headers);
	log_a.head.hash = tuy_chain_next(&before.hash, run.headers);
	world_run_end(&run, &log_a);
	assert_int_equal(world_put(&world, &run.item, 1), TUY_STORED_OK);
	reading_begin();
	assert_int_equal(list(&anything, 64), 1);
	says(&objects[0], TUY_FIELD_TITLE, "for you");
	store_reading_end(&reading);
}

static void numbers_go_on_after_a_restart(void **state)
{
	(void)state;
	tip_put(&log_a, 1, 0, "before", 100, 0);
	reading_begin();
	assert_int_equal(list(&anything, 64), 1);
	uint32_t number = objects[0].number;
	store_reading_end(&reading);
	world_reopen(&world, WRITER_WORDS);
	tip_put(&log_a, 2, 0, "after", 200, 0);
	tip_put(&log_a, 1, 1, "before, again", 300, 0);
	reading_begin();
	assert_int_equal(list(&anything, 64), 2);
	assert_true(objects[0].number > number && objects[1].number > number);
	assert_int_not_equal(view_object(&reading, number, &objects[3]), 0);
	assert_int_equal(view_count(&reading), 2);
	store_reading_end(&reading);
}

#define TEST(sentence, function)                                                                   \
	{                                                                                          \
		sentence, function, set_up, tear_down, NULL                                        \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST("lists the newest first and counts the rest", lists_newest_first),
		TEST("shows a claim of the future as old as its arrival",
		     a_claim_of_the_future_is_as_old_as_its_arrival),
		TEST("filters by author, kind, circle and date",
		     filters_by_author_kind_circle_and_date),
		TEST("lets the newest revision win in any order",
		     the_newest_revision_wins_in_any_order),
		TEST("makes one object of revisions in one ticket",
		     revisions_in_one_ticket_make_one_object),
		TEST("decides equal revisions by the smallest pcommit",
		     equal_revisions_are_decided_by_pcommit),
		TEST("keeps the same nonce of two members apart",
		     the_same_nonce_of_another_member_is_another_object),
		TEST("finds objects by the beginning of their id",
		     finds_objects_by_the_beginning_of_their_id),
		TEST("needs more characters the more alike two ids are",
		     short_len_grows_with_likeness),
		TEST("knows the newest profile of a member and the circle's name",
		     knows_the_newest_profile_and_circle),
		TEST("shows what waited for a key when the key comes",
		     what_waits_for_a_key_comes_with_it),
		TEST("shows a payload that was missing when it comes",
		     a_blob_that_comes_later_is_seen_then),
		TEST("passes over what cannot be read", what_cannot_be_read_is_no_object),
		TEST("opens what is sealed to this device", opens_what_is_sealed_to_this_device),
		TEST("never gives a number twice", numbers_go_on_after_a_restart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
