#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "../../daemon/search.h"
#include "../../daemon/store_env.h"
#include "../../daemon/view.h"
#include "../../daemon/view_rebuild.h"
#include "../../daemon/view_rows.h"
#include "store_world.h"
#include <string.h>

static struct world world;
static struct world_circle circle;
static struct world_circle locked; /* its key comes late */
static struct world_log log_a;     /* of person 1 */
static struct world_log log_b;     /* of person 2 */
static struct world_log log_c;     /* of person 1, in the locked circle */

/* What people see. */
struct seen {
	uint32_t count;
	struct view_object objects[64];
	int hit_count;
	struct tuy_object hits[64];
	uint32_t short_len;
	uint32_t shown;
	struct tuy_object profile;
	struct tuy_object circle;
	int whole;
};

static void tip_put(struct world_log *log, uint32_t nonce, uint32_t rev, const char *title,
                    uint32_t time_s)
{
	struct tuy_record record = world_tip(nonce, rev, title, NULL);
	world_entry(&world, log, &record, time_s, 0);
}

static void named_put(struct world_log *log, enum tuy_record_kind kind, uint32_t nonce,
                      const char *name, uint32_t time_s)
{
	struct tuy_record record = world_named(kind, nonce, 0, name);
	world_entry(&world, log, &record, time_s, 0);
}

static int set_up(void **state)
{
	(void)state;
	world_open(&world, WRITER_WORDS);
	world_circle(&world, &circle, 0);
	world_epoch_put(&world, &circle);
	world_circle(&world, &locked, 1);
	world_log(&world, &log_a, 0, &circle, 1, 1);
	world_log(&world, &log_b, 1, &circle, 2, 2);
	world_log(&world, &log_c, 2, &locked, 1, 3);
	for (uint32_t i = 0; i < 9; i++)
		tip_put(&log_a, i, 0, i % 2 == 0 ? "chaudière gaz" : "pompe", 1000 + 10 * i);
	named_put(&log_a, TUY_RECORD_PROFILE, 90, "Anna", 1200);
	named_put(&log_b, TUY_RECORD_CIRCLE, 91, "Vendredi", 1300);
	for (uint32_t i = 20; i < 29; i++)
		tip_put(&log_b, i, 0, i % 2 == 0 ? "chaudière fioul" : "tuyau", 1005 + 10 * i);
	tip_put(&log_a, 3, 1, "pompe neuve", 2000);
	tip_put(&log_c, 40, 0, "chaudière secrète", 2100);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	if (world.store != NULL && world.writer == NULL)
		store_close(world.store);
	if (world.writer == NULL)
		world.store = NULL;
	world_close(&world);
	return 0;
}

static void look(struct seen *seen)
{
	static const struct view_filter anything = { .circle_no = UINT32_MAX };
	static struct search_hit hits[64];
	struct store_reading reading;
	struct view_object object;
	uint32_t more;
	memset(seen, 0, sizeof *seen);
	assert_int_equal(store_reading_begin(world.store, &reading), 0);
	seen->count = view_list(&reading, &anything, seen->objects, 64, &more);
	for (uint32_t i = 0; i < seen->count; i++)
		seen->objects[i].number = 0; /* may change */
	static const char query[] = "chaudiere";
	seen->hit_count = search_query(
		&reading, (struct tuy_bytes){ (const uint8_t *)query, sizeof query - 1 }, NULL,
		hits, 64);
	for (int i = 0; i < seen->hit_count; i++) {
		assert_int_equal(view_object(&reading, hits[i].object, &object), 0);
		seen->hits[i] = object.id;
	}
	if (seen->count > 0)
		seen->short_len = view_short_len(&reading, &seen->objects[0].id);
	seen->shown = view_count(&reading);
	if (view_profile(&reading, 0, &log_a.member, &object) == 0)
		seen->profile = object.id;
	if (view_circle(&reading, 0, &object) == 0)
		seen->circle = object.id;
	seen->whole = view_is_whole(&reading);
	store_reading_end(&reading);
}

static void same(const struct seen *a, const struct seen *b)
{
	assert_int_equal(a->count, b->count);
	for (uint32_t i = 0; i < a->count; i++) {
		const struct view_object *x = &a->objects[i];
		const struct view_object *y = &b->objects[i];
		assert_memory_equal(x->id.b, y->id.b, sizeof x->id.b);
		assert_int_equal(x->created_s, y->created_s);
		assert_int_equal(x->seq, y->seq);
		assert_int_equal(x->log_no, y->log_no);
		assert_int_equal(x->rev, y->rev);
		assert_memory_equal(x->member.b, y->member.b, sizeof x->member.b);
	}
	assert_int_equal(a->hit_count, b->hit_count);
	assert_memory_equal(a->hits, b->hits, sizeof a->hits);
	assert_int_equal(a->short_len, b->short_len);
	assert_int_equal(a->shown, b->shown);
	assert_memory_equal(a->profile.b, b->profile.b, sizeof a->profile.b);
	assert_memory_equal(a->circle.b, b->circle.b, sizeof a->circle.b);
	assert_int_equal(a->whole, b->whole);
}

/* Opens the store without a writer, as a start does. */
static void store_only(void)
{
	struct store_error error;
	world_stop(&world);
	assert_int_equal(store_open(world.dir, &world.keys, &world.store, &error), 0);
}

static void store_only_end(void)
{
	store_close(world.store);
	world.store = NULL;
	world_start(&world, WRITER_WORDS);
}

static struct view_rebuild rebuild_run(enum view_rebuild_when when, uint32_t entries_max,
                                       uint32_t transactions_max)
{
	struct store_error error;
	struct view_rebuild rebuild = { .store = world.store,
		                        .keys = &world.keys,
		                        .when = when,
		                        .entries_max = entries_max,
		                        .transactions_max = transactions_max };
	if (view_rebuild_run(&rebuild, &error) != 0)
		fail_msg("%s: %s", error.code, error.message);
	return rebuild;
}

/* Changes the last byte of a row, so that its checksum is wrong. */
static void row_damage(enum store_table table, struct tuy_bytes name)
{
	static uint8_t copy[8192];
	MDB_txn *txn;
	MDB_val key = { name.len, (void *)(uintptr_t)name.p };
	MDB_val row;
	assert_int_equal(mdb_txn_begin(world.store->env, NULL, 0, &txn), 0);
	assert_int_equal(mdb_get(txn, world.store->tables.dbi[table], &key, &row), 0);
	assert_true(row.mv_size <= sizeof copy);
	memcpy(copy, row.mv_data, row.mv_size);
	copy[row.mv_size - 1] ^= 1;
	row.mv_data = copy;
	assert_int_equal(mdb_put(txn, world.store->tables.dbi[table], &key, &row, 0), 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
}

static void version_set(uint32_t version)
{
	MDB_txn *txn;
	assert_int_equal(mdb_txn_begin(world.store->env, NULL, 0, &txn), 0);
	assert_int_equal(view_version_put(txn, &world.store->tables, version), 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
}

/* ---- tests ---- */

static void shows_what_was_there_before(void **state)
{
	(void)state;
	static struct seen before;
	static struct seen after;
	look(&before);
	assert_int_equal(before.count, 18);
	assert_int_equal(before.hit_count, 10);
	assert_int_equal(before.whole, 1);
	store_only();
	assert_int_equal(rebuild_run(VIEW_REBUILD_NEEDED, 0, 0).result, VIEW_WAS_WHOLE);
	assert_int_equal(rebuild_run(VIEW_REBUILD_ALWAYS, 0, 0).result, VIEW_REBUILT);
	look(&after);
	same(&before, &after);
	for (uint32_t each = 1; each < 8; each += 3) {
		assert_int_equal(rebuild_run(VIEW_REBUILD_ALWAYS, each, 0).result, VIEW_REBUILT);
		look(&after);
		same(&before, &after);
	}
	store_only_end();
}

static void goes_on_where_it_was_interrupted(void **state)
{
	(void)state;
	static struct seen before;
	static struct seen after;
	look(&before);
	store_only();
	/* The first transaction throws away, then each takes two entries of 22. */
	struct view_rebuild rebuild = rebuild_run(VIEW_REBUILD_ALWAYS, 2, 1);
	assert_int_equal(rebuild.result, VIEW_INTERRUPTED);
	look(&after);
	assert_int_equal(after.count, 0);
	assert_int_equal(after.whole, 0);
	uint32_t pieces = 0;
	uint32_t last = 0;
	do {
		rebuild = rebuild_run(VIEW_REBUILD_NEEDED, 2, 1);
		look(&after);
		assert_true(after.count >= last);
		last = after.count;
		pieces++;
		if (rebuild.result == VIEW_INTERRUPTED) {
			assert_int_equal(after.whole, 0);
			store_close(world.store); /* as a start would find it */
			struct store_error error;
			assert_int_equal(store_open(world.dir, &world.keys, &world.store, &error),
			                 0);
		}
	} while (rebuild.result == VIEW_INTERRUPTED);
	assert_int_equal(pieces, 11);
	same(&before, &after);
	/* Asked for again in the middle, it begins again. */
	(void)rebuild_run(VIEW_REBUILD_ALWAYS, 2, 5);
	(void)rebuild_run(VIEW_REBUILD_ALWAYS, 2, 1);
	look(&after);
	assert_int_equal(after.count, 0);
	assert_int_equal(rebuild_run(VIEW_REBUILD_NEEDED, 2, 0).result, VIEW_REBUILT);
	look(&after);
	same(&before, &after);
	store_only_end();
}

static void another_version_is_made_again(void **state)
{
	(void)state;
	static struct seen before;
	static struct seen after;
	look(&before);
	store_only();
	version_set(STORE_VIEW + 1);
	look(&after);
	assert_int_equal(after.whole, 0);
	assert_int_equal(rebuild_run(VIEW_REBUILD_NEEDED, 0, 0).result, VIEW_REBUILT);
	assert_int_equal(rebuild_run(VIEW_REBUILD_NEEDED, 0, 0).result, VIEW_WAS_WHOLE);
	look(&after);
	same(&before, &after);
	store_only_end();
}

static void keeps_what_waits_for_a_key(void **state)
{
	(void)state;
	static struct seen after;
	store_only();
	(void)rebuild_run(VIEW_REBUILD_ALWAYS, 0, 0);
	store_only_end();
	look(&after);
	assert_int_equal(after.count, 18);
	world_epoch_put(&world, &locked);
	look(&after);
	assert_int_equal(after.count, 19);
	assert_int_equal(after.hit_count, 11);
}

static void a_damaged_row_fails_no_ticket(void **state)
{
	(void)state;
	static struct seen seen;
	static const struct tuy_bytes counts = { (const uint8_t *)"objects", 7 };
	row_damage(STORE_META, counts);
	tip_put(&log_b, 50, 0, "chaudière perdue", 3000); /* asserts that it is stored */
	look(&seen);
	assert_int_equal(seen.whole, 0);
	assert_int_equal(seen.count, 18);
	tip_put(&log_b, 51, 0, "chaudière perdue aussi", 3001);
	store_only();
	assert_int_equal(rebuild_run(VIEW_REBUILD_NEEDED, 0, 0).result, VIEW_REBUILT);
	store_only_end();
	look(&seen);
	assert_int_equal(seen.whole, 1);
	assert_int_equal(seen.count, 20);
	assert_int_equal(seen.hit_count, 12);
	tip_put(&log_b, 52, 0, "chaudière trouvée", 3002);
	look(&seen);
	assert_int_equal(seen.hit_count, 13);
}

static void what_a_reader_doubts_is_marked(void **state)
{
	(void)state;
	static struct seen seen;
	writer_doubt_view(world.writer);
	store_only(); /* the writer finishes first */
	look(&seen);
	assert_int_equal(seen.whole, 0);
	assert_int_equal(seen.count, 18);
	store_only_end();
}

static void a_damaged_log_is_not_the_view(void **state)
{
	(void)state;
	static struct seen seen;
	static struct world_run run;
	struct world_log gone = log_a;
	uint8_t head[4];
	tuy_put32(head, log_a.no);
	row_damage(STORE_HEADS, TUY_BYTES(head));
	world_run_begin(&run, &gone);
	world_run_add(&world, &run, &gone, (struct tuy_bytes){ (const uint8_t *)"x", 1 }, 1, 0);
	world_run_end(&run, &gone);
	assert_int_equal(world_put(&world, &run.item, 1), TUY_STORED_FAILED);
	look(&seen);
	assert_int_equal(seen.whole, 1);
	tip_put(&log_b, 60, 0, "chaudière", 3000); /* and the view goes on */
	look(&seen);
	assert_int_equal(seen.count, 19);
}

static void passes_over_damaged_entries(void **state)
{
	(void)state;
	static struct seen seen;
	struct store_key8 key = store_key8(log_a.no, 2);
	row_damage(STORE_ENTRIES, TUY_BYTES(key.b));
	store_only();
	struct view_rebuild rebuild = rebuild_run(VIEW_REBUILD_ALWAYS, 1, 0);
	assert_int_equal(rebuild.result, VIEW_REBUILT);
	assert_int_equal(rebuild.entries_damaged, 1);
	look(&seen);
	assert_int_equal(seen.whole, 1);
	assert_int_equal(seen.count, 17);
	store_only_end();
}

#define TEST(name, fn)                                                                             \
	{                                                                                          \
		name, fn, set_up, tear_down, NULL                                                  \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST("shows what was there before", shows_what_was_there_before),
		TEST("goes on where it was interrupted", goes_on_where_it_was_interrupted),
		TEST("makes a view of another version again", another_version_is_made_again),
		TEST("keeps what waits for a key", keeps_what_waits_for_a_key),
		TEST("a damaged row fails no ticket and comes back", a_damaged_row_fails_no_ticket),
		TEST("marks what a reader doubts", what_a_reader_doubts_is_marked),
		TEST("does not take a damaged log for a damaged view",
		     a_damaged_log_is_not_the_view),
		TEST("passes over damaged entries", passes_over_damaged_entries),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
