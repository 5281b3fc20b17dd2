/*
 * value: what the circle brought. Tips and asks are counted from the logs; how they went is known
 * of the own ones and of those that were awarded to the owner. Nothing is guessed.
 */
#include "amount.h"
#include "rpc_do.h"
#include "rpc_object.h"
#include "rpc_people.h"
#include "view_life.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SINCE_USUAL_S (90u * 86400)
#define COUNTED_MAX   5000 /* objects of one answer, the newest */
#define CONTACTS_MAX  500
#define SLICE         128 /* objects looked at in one turn */

enum side { GIVEN, RECEIVED, SIDES };

/* What was won in one currency. */
struct sum {
	char currency[4]; /* "": not said */
	uint64_t hundredths;
	uint32_t tips; /* with an exact amount */
	uint32_t bands[AMOUNT_BANDS];
};
#define SUMS_MAX 8 /* currencies; more are not summed */

struct tally {
	uint32_t sum_count[SIDES];
	struct sum sum[SIDES][SUMS_MAX];
	uint32_t tips[SIDES];
	uint32_t open[SIDES];
	uint32_t met[SIDES];
	uint32_t won[SIDES];
	uint32_t lost[SIDES];
	uint32_t given_back[SIDES];
	uint32_t asked;
	uint32_t asks_open;
	uint32_t asks_solved;
	uint32_t contact_count;
	uint32_t
		contact_s[CONTACTS_MAX]; /* from the award to the first contact, of received ones */
};

static struct sum *sum_of(struct tally *tally, enum side side, struct tuy_bytes currency)
{
	char name[4] = "";
	if (currency.len < sizeof name && currency.len > 0)
		memcpy(name, currency.p, currency.len);
	for (uint32_t i = 0; i < tally->sum_count[side]; i++)
		if (strcmp(tally->sum[side][i].currency, name) == 0)
			return &tally->sum[side][i];
	if (tally->sum_count[side] == SUMS_MAX)
		return NULL;
	struct sum *sum = &tally->sum[side][tally->sum_count[side]++];
	memcpy(sum->currency, name, sizeof name);
	return sum;
}

/* What an award that was won brought: it stands in its OUTCOME, sealed to the two. */
static void amount_count(struct tally *tally, struct rpc_home *home, struct store_reading *reading,
                         const struct view_life *life, const struct tuy_life_award *award,
                         enum side side)
{
	struct tuy_record record;
	uint64_t hundredths = 0;
	uint32_t i = view_act_find(&life->acts, TUY_RECORD_OUTCOME, &award->outcome, VIEW_SEALED);
	if (i == UINT32_MAX)
		return;
	struct view_object entry = { .log_no = life->acts.at[i].log_no,
		                     .seq = life->acts.at[i].seq };
	if (!rpc_record_get(home, reading, &entry, &record) ||
	    !record.value[TUY_FIELD_AMOUNT].present)
		return;
	struct tuy_bytes amount = record.value[TUY_FIELD_AMOUNT].text;
	uint32_t band = amount_band(amount);
	bool exact = amount_read(amount, &hundredths) == 0;
	struct sum *sum = band < AMOUNT_BANDS || exact
	                          ? sum_of(tally, side, record.value[TUY_FIELD_CURRENCY].text)
	                          : NULL;
	if (!sum)
		return;
	if (band < AMOUNT_BANDS)
		sum->bands[band]++;
	sum->tips += exact;
	sum->hundredths += hundredths;
}

/* How one award went. */
static void award_count(struct tally *tally, struct rpc_home *home, struct store_reading *reading,
                        const struct view_life *life, const struct tuy_life_award *award,
                        enum side side)
{
	uint32_t first_s = UINT32_MAX;
	if (award->step == TUY_STEP_WON)
		amount_count(tally, home, reading, life, award, side);
	tally->met[side] += award->step >= TUY_STEP_MEETING && award->step <= TUY_STEP_LOST;
	tally->won[side] += award->step == TUY_STEP_WON;
	tally->lost[side] += award->step == TUY_STEP_LOST;
	for (uint32_t i = 0; i < life->acts.count; i++) {
		const struct tuy_act *act = &life->acts.act[i];
		bool moves = act->kind == TUY_RECORD_PROGRESS || act->kind == TUY_RECORD_OUTCOME;
		if (moves && act->has_of && memcmp(&act->of, &award->id, sizeof act->of) == 0 &&
		    act->time_s < first_s)
			first_s = act->time_s;
	}
	if (side == RECEIVED && first_s != UINT32_MAX && tally->contact_count < CONTACTS_MAX)
		tally->contact_s[tally->contact_count++] =
			first_s > award->at_s ? first_s - award->at_s : 0;
}

/* How a tip went, as far as the owner may know. */
static void life_count(struct tally *tally, struct rpc_home *home, struct store_reading *reading,
                       const struct view_life *life, bool own)
{
	const struct tuy_life_award *mine = tuy_life_award_to(&life->life, &life->me);
	for (uint32_t i = 0; own && i < life->life.award_count; i++)
		if (!life->life.award[i].ended)
			award_count(tally, home, reading, life, &life->life.award[i], GIVEN);
	if (!own && mine)
		award_count(tally, home, reading, life, mine, RECEIVED);
	for (uint32_t i = 0; i < life->acts.count; i++) {
		const struct tuy_act *act = &life->acts.act[i];
		bool back = act->kind == TUY_RECORD_GIVE_BACK && act->has_of &&
		            !life->acts.at[i].sealed;
		bool me = memcmp(&act->author, &life->me, sizeof life->me) == 0;
		if (back && (own || me))
			tally->given_back[own ? GIVEN : RECEIVED]++;
	}
}

static void object_count(struct tally *tally, const struct view_object *object,
                         const struct tuy_member *me, uint32_t now_s)
{
	bool own = memcmp(&object->member, me, sizeof *me) == 0;
	bool open = view_state_is_live(object->state, object->expires_s, now_s);
	if (object->kind == TUY_RECORD_TIP) {
		tally->tips[own ? GIVEN : RECEIVED]++;
		tally->open[own ? GIVEN : RECEIVED] += open;
	} else if (own) {
		tally->asked++;
		tally->asks_open += open;
		tally->asks_solved += object->state == VIEW_STATE_SOLVED;
	}
}

static void sum_put(struct rpc_out *out, const struct sum *sum)
{
	char text[32];
	snprintf(text, sizeof text, sum->hundredths % 100 == 0 ? "%llu" : "%llu.%02u",
	         (unsigned long long)(sum->hundredths / 100), (unsigned)(sum->hundredths % 100));
	rpc_open_map(out, NULL);
	rpc_put_str(out, "currency", sum->currency[0] != '\0' ? sum->currency : NULL);
	rpc_put_str(out, "sum", text);
	rpc_put_uint(out, "tips", sum->tips);
	rpc_open_map(out, "bands");
	for (uint32_t band = 0; band < AMOUNT_BANDS; band++)
		if (sum->bands[band] > 0)
			rpc_put_uint(out, amount_band_name(band), sum->bands[band]);
	rpc_close_one(out);
	rpc_close_one(out);
}

static void side_put(struct rpc_out *out, const char *key, const struct tally *tally,
                     enum side side)
{
	rpc_open_map(out, key);
	rpc_put_uint(out, "tips", tally->tips[side]);
	rpc_put_uint(out, "open", tally->open[side]);
	rpc_put_uint(out, "met", tally->met[side]);
	rpc_put_uint(out, "won", tally->won[side]);
	rpc_put_uint(out, "lost", tally->lost[side]);
	rpc_put_uint(out, "given_back", tally->given_back[side]);
	rpc_open_array(out, "amounts");
	for (uint32_t i = 0; i < tally->sum_count[side]; i++)
		sum_put(out, &tally->sum[side][i]);
	rpc_close_one(out);
	rpc_close_one(out);
}

static void value_answer(struct rpc_call *call, const struct tally *tally, uint32_t since_s,
                         uint32_t uncounted)
{
	struct rpc_out *out = rpc_result(call);
	rpc_open_map(out, NULL);
	rpc_put_uint(out, "schema", 1);
	rpc_put_time(out, "since", since_s);
	side_put(out, "given", tally, GIVEN);
	side_put(out, "received", tally, RECEIVED);
	rpc_open_map(out, "asks");
	rpc_put_uint(out, "asked", tally->asked);
	rpc_put_uint(out, "open", tally->asks_open);
	rpc_put_uint(out, "solved", tally->asks_solved);
	rpc_close_one(out);
	if (tally->contact_count > 0)
		rpc_put_uint(out, "first_contact_s", tally->contact_s[tally->contact_count / 2]);
	else
		rpc_put_nil(out, "first_contact_s");
	rpc_put_uint(out, "uncounted", uncounted);
	rpc_close_one(out);
	rpc_answer(call);
}

static int number_cmp(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a;
	uint32_t y = *(const uint32_t *)b;
	return (x > y) - (x < y);
}

/* call->work. */
struct value_work {
	struct tally tally;
	uint32_t since_s;
	uint32_t count;
	uint32_t at;
	uint32_t more;
	struct view_object object[COUNTED_MAX];
};

/* Reads the lives of some of the objects; then the answer. */
static void lives_count(struct rpc_call *call)
{
	struct value_work *work = call->work;
	const struct tuy_member *me = &call->home->d->keys->cert.member;
	struct tally *tally = &work->tally;
	struct store_reading reading;
	if (rpc_reading_begin(call, &reading) != 0)
		return;
	for (uint32_t i = 0; i < SLICE && work->at < work->count; i++, work->at++) {
		const struct view_object *object = &work->object[work->at];
		struct view_life life;
		bool own = memcmp(&object->member, me, sizeof *me) == 0;
		bool done = object->state != VIEW_STATE_OPEN || own;
		object_count(tally, object, me, loop_now(call->home->d).wall_s);
		if (object->kind != TUY_RECORD_TIP || !done)
			continue;
		if (view_life_read(&reading, object, me, &life) == 0)
			life_count(tally, call->home, &reading, &life, own);
		view_life_free(&life);
	}
	store_reading_end(&reading);
	if (work->at < work->count) {
		rpc_due(call, 0, lives_count);
		return;
	}
	qsort(tally->contact_s, tally->contact_count, sizeof tally->contact_s[0], number_cmp);
	value_answer(call, tally, work->since_s, work->more);
}

void rpc_do_value(struct rpc_call *call)
{
	struct store_reading reading;
	struct rpc_circle *circle;
	struct rpc_fault fault;
	uint32_t span_s = SINCE_USUAL_S;
	uint32_t now_s = loop_now(call->home->d).wall_s;
	if (rpc_param_uint(call->params, "since_s", 1, UINT32_MAX, &span_s, &fault) < 0) {
		rpc_fail_fault(call, &fault);
		return;
	}
	struct value_work *work = rpc_work(call, sizeof *work);
	if (!work || rpc_reading_begin(call, &reading) != 0)
		return;
	if (rpc_circle_param_any(call, &reading, &circle) != 0) {
		store_reading_end(&reading);
		return;
	}
	struct view_filter filter = { .circle_no = circle ? circle->circle_no : UINT32_MAX,
		                      .since_s = span_s < now_s ? now_s - span_s : 1 };
	work->since_s = filter.since_s;
	work->count = view_list(&reading, &filter, work->object, COUNTED_MAX, &work->more);
	store_reading_end(&reading);
	lives_count(call);
}
