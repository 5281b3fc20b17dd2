#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "../../proto/life.h"

/* People and ids are single letters, so that a story reads. */
static struct tuy_member who(char name)
{
	struct tuy_member member;
	memset(&member, name, sizeof member);
	return member;
}

static struct tuy_object thing(char name)
{
	struct tuy_object object;
	memset(&object, name, sizeof object);
	return object;
}

static struct tuy_act act(enum tuy_record_kind kind, char id, char author, uint32_t time_s, char of)
{
	struct tuy_act made = { .kind = kind, .id = thing(id), .author = who(author) };
	memset(&made.device, author, sizeof made.device);
	made.time_s = time_s;
	made.has_of = of != 0;
	if (of)
		made.of = thing(of);
	return made;
}

static struct tuy_act award(char id, char to, uint32_t time_s, char of)
{
	struct tuy_act made = act(TUY_RECORD_AWARD, id, 'd', time_s, of);
	made.has_to = true;
	made.to = who(to);
	made.due_s = time_s + 100;
	return made;
}

static struct tuy_act step(enum tuy_record_kind kind, char id, char author, uint32_t number,
                           char of)
{
	struct tuy_act made = act(kind, id, author, 50 + number, of);
	made.step = number;
	return made;
}

/* A tip of david's. */
static struct tuy_life_subject tip_of(uint32_t claims)
{
	struct tuy_life_subject subject = { .kind = TUY_RECORD_TIP, .author = who('d') };
	memset(&subject.device, 'd', sizeof subject.device);
	subject.claims = claims;
	return subject;
}

static struct tuy_life fold(const struct tuy_life_subject *subject, const struct tuy_act *acts,
                            uint32_t count)
{
	struct tuy_life life;
	memset(&life, 0xa5, sizeof life);
	tuy_life_fold(subject, acts, count, &life);
	return life;
}

static void assert_same(const struct tuy_life *a, const struct tuy_life *b)
{
	assert_int_equal(a->state, b->state);
	assert_int_equal(a->withdrawn_s, b->withdrawn_s);
	assert_int_equal(a->chained, b->chained);
	assert_int_equal(a->award_count, b->award_count);
	assert_int_equal(a->claim_count, b->claim_count);
	for (uint32_t i = 0; i < a->award_count; i++) {
		const struct tuy_life_award *x = &a->award[i], *y = &b->award[i];
		assert_memory_equal(&x->id, &y->id, sizeof x->id);
		assert_memory_equal(&x->of, &y->of, sizeof x->of);
		assert_memory_equal(&x->to, &y->to, sizeof x->to);
		assert_memory_equal(&x->outcome, &y->outcome, sizeof x->outcome);
		assert_true(x->at_s == y->at_s && x->due_s == y->due_s && x->step == y->step &&
		            x->step_at_s == y->step_at_s && x->ended == y->ended &&
		            x->closed == y->closed);
	}
	for (uint32_t i = 0; i < a->claim_count; i++) {
		assert_memory_equal(&a->claim[i].id, &b->claim[i].id, sizeof a->claim[i].id);
		assert_memory_equal(&a->claim[i].by, &b->claim[i].by, sizeof a->claim[i].by);
		assert_int_equal(a->claim[i].at_s, b->claim[i].at_s);
	}
}

/* Every order of `count` acts gives what the given order gives (Heap's algorithm). */
static struct tuy_life fold_all(const struct tuy_life_subject *subject, struct tuy_act *acts,
                                uint32_t count)
{
	struct tuy_life wanted = fold(subject, acts, count);
	uint32_t at[10] = { 0 };
	assert_true(count <= 7);
	for (uint32_t i = 1; i < count;) {
		if (at[i] >= i) {
			at[i++] = 0;
			continue;
		}
		uint32_t k = i % 2 == 0 ? 0 : at[i];
		struct tuy_act kept = acts[k];
		acts[k] = acts[i];
		acts[i] = kept;
		struct tuy_life life = fold(subject, acts, count);
		assert_same(&life, &wanted);
		at[i]++;
		i = 1;
	}
	return wanted;
}

static void nothing_done_is_open(void **state)
{
	(void)state;
	struct tuy_life_subject tip = tip_of(0);
	struct tuy_life life = fold(&tip, NULL, 0);
	assert_int_equal(life.state, TUY_LIFE_OPEN);
	assert_int_equal(life.award_count, 0);
	assert_int_equal(life.claim_count, 0);
}

static void a_story_to_its_end_in_every_order(void **state)
{
	(void)state;
	struct tuy_life_subject tip = tip_of(0);
	struct tuy_act acts[] = {
		act(TUY_RECORD_CLAIM, '1', 'a', 10, 0),
		act(TUY_RECORD_CLAIM, '2', 'b', 11, 0),
		award('3', 'a', 12, 0),
		step(TUY_RECORD_PROGRESS, '4', 'a', TUY_STEP_MEETING, '3'),
		step(TUY_RECORD_PROGRESS, '5', 'a', TUY_STEP_CONTACTED, '3'),
		step(TUY_RECORD_OUTCOME, '6', 'a', TUY_STEP_WON, '3'),
		act(TUY_RECORD_CLOSED, '7', 'a', 60, '3'),
	};
	struct tuy_member alice = who('a');
	struct tuy_life life = fold_all(&tip, acts, 7);
	assert_int_equal(life.state, TUY_LIFE_CLOSED);
	assert_int_equal(life.award_count, 1);
	assert_memory_equal(&life.award[0].to, &alice, sizeof alice);
	assert_int_equal(life.award[0].step, TUY_STEP_WON);
	assert_true(life.award[0].closed);
	assert_int_equal(life.award[0].due_s, 112);
	assert_int_equal(life.claim_count, 1); /* bruno still waits */
	assert_ptr_equal(tuy_life_award_to(&life, &alice), &life.award[0]);
	assert_null(tuy_life_claim_by(&life, &alice));
}

static void of_two_awards_the_giving_device_counts_then_the_smaller_id(void **state)
{
	(void)state;
	struct tuy_life_subject tip = tip_of(0);
	struct tuy_act acts[] = { award('5', 'a', 10, 0), award('4', 'b', 11, 0),
		                  award('1', 'c', 9, 0) };
	memset(&acts[2].device, 'x', sizeof acts[2].device); /* another device of david's */
	struct tuy_member bruno = who('b');
	struct tuy_life life = fold_all(&tip, acts, 3);
	assert_memory_equal(&life.award[0].to, &bruno, sizeof bruno);
	acts[0] = award('1', 'c', 9, 0);
	memset(&acts[0].device, 'x', sizeof acts[0].device);
	struct tuy_member chloe = who('c');
	life = fold(&tip, acts, 1); /* alone it counts */
	assert_memory_equal(&life.award[0].to, &chloe, sizeof chloe);
}

static void given_back_it_is_open_and_the_next_award_follows(void **state)
{
	(void)state;
	struct tuy_life_subject tip = tip_of(0);
	struct tuy_act acts[] = {
		act(TUY_RECORD_CLAIM, '1', 'a', 10, 0),
		act(TUY_RECORD_CLAIM, '2', 'b', 11, 0),
		award('3', 'a', 12, 0),
		act(TUY_RECORD_GIVE_BACK, '4', 'a', 13, '3'),
		act(TUY_RECORD_CLAIM, '5', 'a', 14, '3'),
		award('6', 'b', 15, '3'),
	};
	struct tuy_member alice = who('a');
	struct tuy_member bruno = who('b');
	struct tuy_life life = fold_all(&tip, acts, 6);
	assert_int_equal(life.state, TUY_LIFE_AWARDED);
	assert_memory_equal(&life.award[0].to, &bruno, sizeof bruno);
	assert_non_null(tuy_life_claim_by(&life, &alice)); /* she asked again */
	assert_int_equal(life.claim_count, 1);
	struct tuy_act before[] = {
		act(TUY_RECORD_CLAIM, '1', 'a', 10, 0),
		act(TUY_RECORD_CLAIM, '2', 'b', 11, 0),
		award('3', 'a', 12, 0),
		act(TUY_RECORD_GIVE_BACK, '4', 'a', 13, '3'),
	};
	life = fold_all(&tip, before, 4);
	assert_int_equal(life.state, TUY_LIFE_OPEN);
	assert_int_equal(life.claim_count, 1); /* who gave it back does not get it at once again */
	assert_memory_equal(&life.claim[0].by, &bruno, sizeof bruno);
	assert_true(life.chained);
	assert_null(tuy_life_award_to(&life, &alice));
}

static void the_giver_takes_an_award_back(void **state)
{
	(void)state;
	struct tuy_life_subject tip = tip_of(1);
	struct tuy_act acts[] = { award('3', 'a', 12, 0),
		                  act(TUY_RECORD_REOPEN, '4', 'd', 13, '3') };
	assert_int_equal(fold_all(&tip, acts, 2).state, TUY_LIFE_OPEN);
}

static void what_others_may_not_do_counts_for_nothing(void **state)
{
	(void)state;
	struct tuy_life_subject tip = tip_of(0);
	struct tuy_act acts[] = {
		award('3', 'a', 12, 0),
		step(TUY_RECORD_OUTCOME, '4', 'b', TUY_STEP_LOST, '3'),
		step(TUY_RECORD_PROGRESS, '5', 'd', TUY_STEP_QUOTED, '3'),
		act(TUY_RECORD_GIVE_BACK, '6', 'b', 13, '3'),
		act(TUY_RECORD_WITHDRAW, '7', 'b', 13, 0),
		act(TUY_RECORD_CLOSED, '8', 'b', 13, 0),
		act(TUY_RECORD_REOPEN, '9', 'a', 13, '3'),
	};
	struct tuy_life life = fold_all(&tip, acts, 7);
	assert_int_equal(life.state, TUY_LIFE_AWARDED);
	assert_int_equal(life.award[0].step, TUY_STEP_NONE);
	struct tuy_act stranger = award('3', 'a', 12, 0);
	stranger.author = who('b');
	struct tuy_act own = act(TUY_RECORD_CLAIM, '1', 'd', 10, 0);
	struct tuy_act to_self = award('2', 'd', 12, 0);
	struct tuy_act more[] = { stranger, own, to_self };
	life = fold_all(&tip, more, 3);
	assert_int_equal(life.award_count, 0);
	assert_int_equal(life.claim_count, 0);
}

static void progress_of_an_award_that_ended_is_not_taken_over(void **state)
{
	(void)state;
	struct tuy_life_subject tip = tip_of(0);
	struct tuy_act acts[] = {
		award('3', 'a', 12, 0),
		step(TUY_RECORD_PROGRESS, '4', 'a', TUY_STEP_QUOTED, '3'),
		act(TUY_RECORD_GIVE_BACK, '5', 'a', 13, '3'),
		act(TUY_RECORD_CLAIM, '6', 'a', 14, '3'),
		award('7', 'a', 15, '3'),
	};
	struct tuy_life life = fold_all(&tip, acts, 5);
	assert_int_equal(life.award[0].step, TUY_STEP_NONE);
	assert_int_equal(life.claim_count, 0);
}

static void a_correction_takes_the_place_of_an_outcome(void **state)
{
	(void)state;
	struct tuy_life_subject tip = tip_of(0);
	struct tuy_act acts[] = {
		award('3', 'a', 12, 0),
		step(TUY_RECORD_OUTCOME, '4', 'a', TUY_STEP_NOT_A_FIT, '3'),
		step(TUY_RECORD_OUTCOME, '4', 'a', TUY_STEP_WON, '3'),
		step(TUY_RECORD_OUTCOME, '4', 'a', TUY_STEP_LOST, '3'),
		step(TUY_RECORD_PROGRESS, '5', 'a', TUY_STEP_QUOTED, '3'),
	};
	acts[2].rev = acts[3].rev = 1;
	struct tuy_life life = fold_all(&tip, acts, 5);
	assert_int_equal(life.award[0].step, TUY_STEP_WON); /* of the same rev the smaller step */
	struct tuy_object id = thing('4');
	assert_memory_equal(&life.award[0].outcome, &id, sizeof id);
}

static void with_many_each_award_stands(void **state)
{
	(void)state;
	struct tuy_life_subject tip = tip_of(2);
	struct tuy_act acts[] = {
		award('5', 'a', 12, 0),
		award('3', 'b', 13, 0),
		act(TUY_RECORD_CLAIM, '6', 'c', 14, 0),
		act(TUY_RECORD_CLAIM, '1', 'a', 10, 0),
		step(TUY_RECORD_OUTCOME, '4', 'a', TUY_STEP_WON, '5'),
	};
	struct tuy_member alice = who('a');
	struct tuy_life life = fold_all(&tip, acts, 5);
	assert_int_equal(life.state, TUY_LIFE_OPEN);
	assert_int_equal(life.award_count, 2);
	assert_int_equal(tuy_life_award_to(&life, &alice)->step, TUY_STEP_WON);
	assert_int_equal(life.claim_count, 1);
	assert_false(life.chained);
}

static void withdrawn_ends_all(void **state)
{
	(void)state;
	struct tuy_life_subject tip = tip_of(0);
	struct tuy_act acts[] = {
		act(TUY_RECORD_WITHDRAW, '1', 'd', 20, 0),
		award('3', 'a', 12, 0),
		act(TUY_RECORD_CLOSED, '4', 'd', 13, 0),
		act(TUY_RECORD_WITHDRAW, '2', 'd', 15, 0),
	};
	struct tuy_life life = fold_all(&tip, acts, 4);
	assert_int_equal(life.state, TUY_LIFE_WITHDRAWN);
	assert_int_equal(life.withdrawn_s, 15);
}

static void a_claim_is_taken_back_by_its_author_only(void **state)
{
	(void)state;
	struct tuy_life_subject tip = tip_of(1);
	struct tuy_act acts[] = {
		act(TUY_RECORD_CLAIM, '1', 'a', 10, 0),
		act(TUY_RECORD_CLAIM, '2', 'b', 11, 0),
		act(TUY_RECORD_WITHDRAW, '3', 'a', 12, '1'),
		act(TUY_RECORD_WITHDRAW, '4', 'a', 12, '2'),
	};
	struct tuy_member bruno = who('b');
	struct tuy_life life = fold_all(&tip, acts, 4);
	assert_int_equal(life.state, TUY_LIFE_OPEN);
	assert_int_equal(life.claim_count, 1);
	assert_memory_equal(&life.claim[0].by, &bruno, sizeof bruno);
}

static void the_earliest_claim_is_the_first_and_one_a_member_counts(void **state)
{
	(void)state;
	struct tuy_life_subject tip = tip_of(0);
	struct tuy_act acts[] = {
		act(TUY_RECORD_CLAIM, '9', 'a', 10, 0), act(TUY_RECORD_CLAIM, '8', 'b', 10, 0),
		act(TUY_RECORD_CLAIM, '1', 'b', 12, 0), act(TUY_RECORD_CLAIM, '2', 'c', 9, 0),
		act(TUY_RECORD_CLAIM, '7', 'c', 9, 0),
	};
	struct tuy_life life = fold_all(&tip, acts, 5);
	assert_int_equal(life.claim_count, 3);
	assert_int_equal(life.claim[0].id.b[0], '2');
	assert_int_equal(life.claim[1].id.b[0], '8');
	assert_int_equal(life.claim[2].id.b[0], '9');
}

static void answers_are_accepted_and_go_on(void **state)
{
	(void)state;
	struct tuy_life_subject ask = tip_of(0);
	ask.kind = TUY_RECORD_ASK;
	struct tuy_act acts[] = {
		act(TUY_RECORD_ANSWER, '1', 'a', 10, 0),
		act(TUY_RECORD_ANSWER, '2', 'a', 11, 0),
		act(TUY_RECORD_ANSWER, '3', 'd', 11, 0), /* his own */
		award('4', 'a', 12, '2'),
		step(TUY_RECORD_PROGRESS, '5', 'a', TUY_INTRODUCED, '4'),
		step(TUY_RECORD_PROGRESS, '6', 'd', TUY_MET, '4'),
		step(TUY_RECORD_PROGRESS, '7', 'b', TUY_DONE, '4'),
	};
	struct tuy_object second = thing('2');
	struct tuy_life life = fold_all(&ask, acts, 7);
	assert_int_equal(life.state, TUY_LIFE_OPEN);
	assert_int_equal(life.claim_count, 2);
	assert_int_equal(life.award_count, 1);
	assert_memory_equal(&life.award[0].of, &second, sizeof second);
	assert_int_equal(life.award[0].step, TUY_MET);
	acts[6] = act(TUY_RECORD_CLOSED, '8', 'd', 20, 0);
	assert_int_equal(fold_all(&ask, acts, 7).state, TUY_LIFE_CLOSED);
}

static void more_than_there_is_room_for_is_the_same_in_both_orders(void **state)
{
	(void)state;
	enum { CLAIMS = TUY_LIFE_CLAIMS_MAX + 40, AWARDS = 40 };
	static struct tuy_act acts[CLAIMS + AWARDS], back[CLAIMS + AWARDS];
	struct tuy_life_subject ask = tip_of(0);
	ask.kind = TUY_RECORD_ASK;
	for (uint32_t i = 0; i < CLAIMS + AWARDS; i++) {
		acts[i] = i < CLAIMS ? act(TUY_RECORD_ANSWER, 'x', 'a', i * 7 % 100, 0)
		                     : award('x', 'a', i, 'x');
		memcpy(acts[i].id.b, &i, sizeof i);
		back[CLAIMS + AWARDS - 1 - i] = acts[i];
	}
	struct tuy_life a = fold(&ask, acts, CLAIMS + AWARDS);
	struct tuy_life b = fold(&ask, back, CLAIMS + AWARDS);
	assert_int_equal(a.claim_count, TUY_LIFE_CLAIMS_MAX);
	assert_int_equal(a.award_count, TUY_LIFE_AWARDS_MAX);
	assert_same(&a, &b);
	struct tuy_life_subject tip = tip_of(0);
	for (uint32_t i = 0; i < 2 * TUY_LIFE_CHAIN_MAX; i++) { /* each follows the one before */
		acts[i] = award('x', 'a' + (char)(i % 3), i, i > 0 ? 'x' : 0);
		memcpy(acts[i].id.b, &i, sizeof i);
		if (i > 0)
			acts[i].of = acts[i - 1].id;
	}
	a = fold(&tip, acts, 2 * TUY_LIFE_CHAIN_MAX);
	assert_int_equal(a.award[0].at_s, TUY_LIFE_CHAIN_MAX - 1);
}

static void names_go_there_and_back(void **state)
{
	(void)state;
	for (uint32_t i = 1; i <= 7; i++) {
		const char *name = tuy_step_name(i);
		struct tuy_bytes text = { (const uint8_t *)name, strlen(name) };
		assert_int_equal(tuy_step_named(text), i);
	}
	for (uint32_t i = 1; i <= 5; i++) {
		const char *name = tuy_ask_step_name(i);
		struct tuy_bytes text = { (const uint8_t *)name, strlen(name) };
		assert_int_equal(tuy_ask_step_named(text), i);
		name = tuy_answer_name(i);
		text = (struct tuy_bytes){ (const uint8_t *)name, strlen(name) };
		assert_int_equal(tuy_answer_named(text), i);
	}
	assert_null(tuy_step_name(0));
	assert_null(tuy_step_name(8));
	assert_null(tuy_ask_step_name(6));
	assert_null(tuy_answer_name(8));
	assert_int_equal(tuy_step_named((struct tuy_bytes){ (const uint8_t *)"wo", 2 }), 0);
}

static void an_answer_without_a_move_for_a_week_has_lapsed(void **state)
{
	struct tuy_life_subject ask = tip_of(0);
	struct tuy_act acts[5] = { act(TUY_RECORD_ANSWER, '1', 'a', 100, 0),
		                   award('A', 'a', 200, '1'),
		                   step(TUY_RECORD_PROGRESS, 'p', 'a', 1, 'A'),
		                   step(TUY_RECORD_PROGRESS, 'q', 'a', 5, 'A'),
		                   act(TUY_RECORD_CLOSED, 'c', 'd', 900, 0) };
	(void)state;
	ask.kind = TUY_RECORD_ASK;
	acts[2].time_s = 300;
	struct tuy_life life = fold(&ask, acts, 1);
	assert_int_equal(tuy_answer_state(&life, &life.claim[0], 99 + TUY_LAPSE_S),
	                 TUY_ANSWER_SENT);
	assert_int_equal(tuy_answer_state(&life, &life.claim[0], 100 + TUY_LAPSE_S),
	                 TUY_ANSWER_LAPSED);
	assert_int_equal(tuy_answer_state(&life, &life.claim[0], 50), TUY_ANSWER_SENT);
	life = fold(&ask, acts, 2);
	assert_int_equal(tuy_answer_state(&life, &life.claim[0], 199 + TUY_LAPSE_S),
	                 TUY_ANSWER_ACCEPTED);
	life = fold(&ask, acts, 3);
	assert_int_equal(tuy_answer_state(&life, &life.claim[0], 299 + TUY_LAPSE_S),
	                 TUY_ANSWER_ASKED);
	assert_int_equal(tuy_answer_state(&life, &life.claim[0], 300 + TUY_LAPSE_S),
	                 TUY_ANSWER_LAPSED);
	life = fold(&ask, acts, 4);
	assert_int_equal(tuy_answer_state(&life, &life.claim[0], UINT32_MAX), TUY_ANSWER_DONE);
	acts[1] = acts[4];
	life = fold(&ask, acts, 2); /* solved, and it was not accepted */
	assert_int_equal(tuy_answer_state(&life, &life.claim[0], UINT32_MAX), TUY_ANSWER_DECLINED);
	assert_string_equal(tuy_answer_state_name(TUY_ANSWER_SENT), "sent");
	assert_string_equal(tuy_answer_state_name(TUY_ANSWER_LAPSED), "lapsed");
	assert_null(tuy_answer_state_name(TUY_ANSWER_LAPSED + 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_done_is_open),
		cmocka_unit_test(a_story_to_its_end_in_every_order),
		cmocka_unit_test(of_two_awards_the_giving_device_counts_then_the_smaller_id),
		cmocka_unit_test(given_back_it_is_open_and_the_next_award_follows),
		cmocka_unit_test(the_giver_takes_an_award_back),
		cmocka_unit_test(what_others_may_not_do_counts_for_nothing),
		cmocka_unit_test(progress_of_an_award_that_ended_is_not_taken_over),
		cmocka_unit_test(a_correction_takes_the_place_of_an_outcome),
		cmocka_unit_test(with_many_each_award_stands),
		cmocka_unit_test(withdrawn_ends_all),
		cmocka_unit_test(a_claim_is_taken_back_by_its_author_only),
		cmocka_unit_test(the_earliest_claim_is_the_first_and_one_a_member_counts),
		cmocka_unit_test(answers_are_accepted_and_go_on),
		cmocka_unit_test(an_answer_without_a_move_for_a_week_has_lapsed),
		cmocka_unit_test(more_than_there_is_room_for_is_the_same_in_both_orders),
		cmocka_unit_test(names_go_there_and_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
