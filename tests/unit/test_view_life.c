/* What was done about tips, in the view: acts, states, moves, private rows. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "../../daemon/view_life.h"
#include "../../daemon/view_rebuild.h"
#include "store_world.h"
#include <string.h>

static struct world world;
static struct world_circle circle;
static struct world_log giver; /* another one's */
static struct world_log taker; /* another one's */
static struct world_log own;   /* of the device whose store it is */
static struct store_reading reading;

static int set_up(void **state)
{
	(void)state;
	world_open(&world, WRITER_WORDS);
	world_circle(&world, &circle, 0);
	world_epoch_put(&world, &circle);
	world_log(&world, &giver, 0, &circle, 1, 1);
	world_log(&world, &taker, 1, &circle, 2, 2);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	world_close(&world);
	return 0;
}

static void bytes_set(struct tuy_record *record, enum tuy_field field, const void *p, size_t len)
{
	record->value[field].present = true;
	record->value[field].text = (struct tuy_bytes){ p, len };
}

static void number_set(struct tuy_record *record, enum tuy_field field, uint64_t number)
{
	record->value[field].present = true;
	record->value[field].number = number;
}

static struct tuy_record about(enum tuy_record_kind kind, uint32_t nonce,
                               const struct tuy_object *ref)
{
	struct tuy_record record = { .kind = kind, .has_ref = true, .ref = *ref };
	tuy_put32(record.nonce.b, nonce);
	return record;
}

static struct tuy_object tip_put(struct world_log *log, uint32_t nonce)
{
	struct tuy_record record = world_tip(nonce, 0, "Wi-Fi", NULL);
	world_entry(&world, log, &record, 100, 0);
	return world_object(log, &record);
}

static struct tuy_object claim_put(struct world_log *log, uint32_t nonce,
                                   const struct tuy_object *tip)
{
	struct tuy_record record = about(TUY_RECORD_CLAIM, nonce, tip);
	world_entry(&world, log, &record, 110, 0);
	return world_object(log, &record);
}

static struct tuy_object award_put(struct world_log *log, uint32_t nonce,
                                   const struct tuy_object *tip, const struct tuy_member *to)
{
	struct tuy_record record = about(TUY_RECORD_AWARD, nonce, tip);
	bytes_set(&record, TUY_FIELD_TO, to->b, sizeof to->b);
	number_set(&record, TUY_FIELD_DUE, 500);
	world_entry(&world, log, &record, 120, 0);
	return world_object(log, &record);
}

static void step_put(struct world_log *log, uint32_t nonce, const struct tuy_object *tip,
                     const struct tuy_object *of, uint32_t step)
{
	struct tuy_record record = about(TUY_RECORD_PROGRESS, nonce, tip);
	bytes_set(&record, TUY_FIELD_OF, of->b, sizeof of->b);
	number_set(&record, TUY_FIELD_STEP, step);
	world_entry(&world, log, &record, 130, 0);
}

/* A log of this very device. */
static void own_begin(void)
{
	struct world_log made = { .no = 2, .circle = &circle, .keys = world.keys };
	struct tuy_store_item item = { .kind = TUY_STORE_LOG, .log_no = 2 };
	memset(&made.member, 0x33, sizeof made.member);
	made.id = tuy_log_id(&circle.id, &world.keys.device, &made.incarnation);
	made.head.hash = tuy_chain_start(&made.id);
	item.u.log.id = made.id;
	item.u.log.member = made.member;
	item.u.log.device = world.keys.device;
	item.u.log.incarnation = made.incarnation;
	own = made;
	assert_int_equal(world_put(&world, &item, 1), TUY_STORED_OK);
}

/* The state that the row of an object has. */
static enum view_state state_of(const struct tuy_object *id)
{
	struct view_object object;
	assert_int_equal(store_reading_begin(world.store, &reading), 0);
	assert_int_equal(view_find(&reading, id, id, &object, 1), 1);
	store_reading_end(&reading);
	return object.state;
}

static struct view_move move_of(const struct tuy_object *id)
{
	struct view_move move = { 0 };
	assert_int_equal(store_reading_begin(world.store, &reading), 0);
	if (view_move(&reading, 0, id, &move) != 0)
		move.why = VIEW_MOVE_NONE;
	store_reading_end(&reading);
	return move;
}

static void the_state_of_a_tip_follows_what_is_done(void **state)
{
	(void)state;
	struct tuy_object tip = tip_put(&giver, 1);
	assert_int_equal(state_of(&tip), VIEW_STATE_OPEN);
	claim_put(&taker, 2, &tip);
	assert_int_equal(state_of(&tip), VIEW_STATE_OPEN);
	award_put(&giver, 3, &tip, &taker.member);
	assert_int_equal(state_of(&tip), VIEW_STATE_AWARDED);
	assert_int_equal(move_of(&tip).why, VIEW_MOVE_NONE); /* it concerns others */
}

static void what_is_done_may_come_before_the_tip(void **state)
{
	(void)state;
	struct tuy_record record = world_tip(1, 0, "Wi-Fi", NULL);
	struct tuy_object tip = world_object(&giver, &record);
	award_put(&giver, 3, &tip, &taker.member);
	world_entry(&world, &giver, &record, 100, 0);
	assert_int_equal(state_of(&tip), VIEW_STATE_AWARDED);
}

static void the_owner_sees_his_moves(void **state)
{
	(void)state;
	own_begin();
	struct tuy_object mine = tip_put(&own, 1);
	struct tuy_object other = tip_put(&giver, 2);
	assert_int_equal(move_of(&mine).why, VIEW_MOVE_NONE);
	claim_put(&taker, 3, &mine);
	assert_int_equal(move_of(&mine).why, VIEW_MOVE_GIVER_CLAIMED);
	assert_int_equal(move_of(&mine).count, 1);
	award_put(&own, 4, &mine, &taker.member);
	assert_int_equal(move_of(&mine).why, VIEW_MOVE_GIVER_AWARDED);
	assert_int_equal(move_of(&mine).due_s, 500);
	claim_put(&own, 5, &other);
	assert_int_equal(move_of(&other).why, VIEW_MOVE_CLAIMANT);
	struct tuy_object award = award_put(&giver, 6, &other, &own.member);
	assert_int_equal(move_of(&other).why, VIEW_MOVE_AWARDEE);
	struct view_move move = move_of(&other);
	assert_memory_equal(&move.award, &award, sizeof award);
	step_put(&own, 7, &other, &award, TUY_STEP_MEETING);
	assert_int_equal(state_of(&other), VIEW_STATE_MEETING);
	assert_int_equal(move_of(&other).state, VIEW_STATE_MEETING);

	struct view_move page[4], after = { 0 };
	assert_int_equal(store_reading_begin(world.store, &reading), 0);
	assert_int_equal(view_moves(&reading, UINT32_MAX, &after, page, 4), 2);
	assert_int_equal(view_moves(&reading, 0, &page[0], page + 2, 2), 1);
	assert_memory_equal(&page[2].id, &page[1].id, sizeof page[1].id);
	assert_int_equal(view_moves(&reading, 1, &after, page, 4), 0);
	store_reading_end(&reading);
}

static void an_act_that_is_erased_counts_no_more(void **state)
{
	(void)state;
	static struct world_run run;
	struct tuy_object tip = tip_put(&giver, 1);
	award_put(&giver, 2, &tip, &taker.member);
	assert_int_equal(state_of(&tip), VIEW_STATE_AWARDED);
	struct tuy_retract retract = { .log = tuy_log16(&giver.id), .count = 1, .seqs = { 2 } };
	struct tuy_header header = { .flags = TUY_HEADER_PAYLOAD, .seq = 3, .time_s = 140 };
	struct tuy_tag nonce = { { 9 } };
	uint8_t doc[TUY_RETRACT_RECORD_MAX], bytes[TUY_HEADER_SIZE];
	size_t len;
	assert_int_equal(tuy_retract_write(&retract, &nonce, doc, sizeof doc, &len), TUY_OK);
	memset(run.blob[0], 0, 25);
	run.blob[0][0] = 2; /* clear */
	memcpy(run.blob[0] + 25, doc, len);
	tuy_header_encode(&header, bytes);
	struct tuy_store_item item = { .kind = TUY_STORE_RETRACT, .log_no = 0 };
	item.u.retract.header = bytes;
	item.u.retract.blob = (struct tuy_bytes){ run.blob[0], 25 + len };
	item.u.retract.target_no = 0;
	assert_int_equal(world_put(&world, &item, 1), TUY_STORED_OK);
	assert_int_equal(state_of(&tip), VIEW_STATE_OPEN);
}

static void of_one_log_32_of_a_kind_count(void **state)
{
	(void)state;
	struct tuy_object tip = tip_put(&giver, 1);
	struct view_object object;
	struct view_life life;
	for (uint32_t i = 0; i < 40; i++)
		claim_put(&taker, 100 + i, &tip);
	struct tuy_record last = about(TUY_RECORD_WITHDRAW, 200, &tip);
	world_entry(&world, &taker, &last, 130, 0);
	assert_int_equal(store_reading_begin(world.store, &reading), 0);
	assert_int_equal(view_find(&reading, &tip, &tip, &object, 1), 1);
	assert_int_equal(view_life_read(&reading, &object, &giver.member, &life), 0);
	assert_int_equal(life.acts.count, 33);
	view_life_free(&life);
	store_reading_end(&reading);
}

static void private_rows_go_with_their_tip(void **state)
{
	(void)state;
	own_begin();
	struct tuy_object tip = tip_put(&own, 1);
	struct tuy_bytes value;
	struct tuy_store_item item = { .kind = TUY_STORE_PRIVATE };
	item.u.private_row.object = tip;
	item.u.private_row.kind = VIEW_PRIVATE_CARD;
	item.u.private_row.value = (struct tuy_bytes){ (const uint8_t *)"card", 4 };
	assert_int_equal(world_put(&world, &item, 1), TUY_STORED_OK);
	assert_int_equal(store_reading_begin(world.store, &reading), 0);
	assert_int_equal(view_private(&reading, 0, &tip, VIEW_PRIVATE_CARD, &value), 0);
	assert_int_equal(value.len, 4);
	assert_memory_equal(value.p, "card", 4);
	assert_int_equal(view_private(&reading, 0, &tip, VIEW_PRIVATE_NOTE, &value), -1);
	store_reading_end(&reading);
	item.u.private_row.value.len = 0;
	assert_int_equal(world_put(&world, &item, 1), TUY_STORED_OK);
	assert_int_equal(store_reading_begin(world.store, &reading), 0);
	assert_int_equal(view_private(&reading, 0, &tip, VIEW_PRIVATE_CARD, &value), -1);
	store_reading_end(&reading);
}

static void all_of_it_is_made_again_but_for_the_private_rows(void **state)
{
	(void)state;
	own_begin();
	struct tuy_object mine = tip_put(&own, 1);
	struct tuy_object other = tip_put(&giver, 2);
	struct tuy_object award = award_put(&giver, 6, &other, &own.member);
	step_put(&own, 7, &other, &award, TUY_STEP_QUOTED);
	claim_put(&taker, 3, &mine);
	struct tuy_record again = world_tip(1, 1, "Wi-Fi, otherwise", NULL);
	world_entry(&world, &own, &again, 200, 0);
	struct tuy_store_item item = { .kind = TUY_STORE_PRIVATE };
	item.u.private_row.object = mine;
	item.u.private_row.kind = VIEW_PRIVATE_CARD;
	item.u.private_row.value = (struct tuy_bytes){ (const uint8_t *)"card", 4 };
	assert_int_equal(world_put(&world, &item, 1), TUY_STORED_OK);
	struct view_move before = move_of(&mine);

	struct view_rebuild rebuild = { .keys = &world.keys,
		                        .when = VIEW_REBUILD_ALWAYS,
		                        .entries_max = 2 };
	struct store_error error;
	struct view_object object;
	struct view_act_at entries[4];
	struct tuy_bytes value;
	world_stop(&world);
	assert_int_equal(store_open(world.dir, &world.keys, &world.store, &error), 0);
	rebuild.store = world.store;
	assert_int_equal(view_rebuild_run(&rebuild, &error), 0);
	store_close(world.store);
	world_start(&world, WRITER_WORDS);
	assert_int_equal(state_of(&other), VIEW_STATE_QUOTED);
	struct view_move after = move_of(&mine);
	assert_int_equal(after.why, before.why);
	assert_int_equal(after.count, before.count);
	assert_int_equal(after.why, VIEW_MOVE_GIVER_CLAIMED);
	assert_int_equal(store_reading_begin(world.store, &reading), 0);
	assert_int_equal(view_private(&reading, 0, &mine, VIEW_PRIVATE_CARD, &value), 0);
	assert_int_equal(view_find(&reading, &mine, &mine, &object, 1), 1);
	assert_int_equal(object.rev, 1);
	assert_int_equal(view_entries(&reading, &object, entries, 4),
	                 2); /* to be taken back both */
	assert_int_equal(entries[0].seq, 3);
	assert_int_equal(entries[1].seq, 1);
	store_reading_end(&reading);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(the_state_of_a_tip_follows_what_is_done),
		TEST(what_is_done_may_come_before_the_tip),
		TEST(the_owner_sees_his_moves),
		TEST(an_act_that_is_erased_counts_no_more),
		TEST(of_one_log_32_of_a_kind_count),
		TEST(private_rows_go_with_their_tip),
		TEST(all_of_it_is_made_again_but_for_the_private_rows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
