#include "rpc_life_put.h"
#include "life_write.h"
#include "rpc_record.h"
#include "rpc_people.h"
#include "view_life.h"
#include "../proto/text.h"
#include <string.h>

/* One object being shown. */
struct shown {
	struct rpc_home *home;
	struct store_reading *reading;
	const struct view_object *object;
	const struct rpc_circle *circle;
	const struct view_life *life;
	const struct tuy_life_award *award; /* the one to show; NULL: none */
	bool mine;                          /* given by the owner */
	bool taker;                         /* awarded to the owner */
	bool silent; /* an ask of which the circle does not learn that it was answered */
	struct rpc_out *out;
};

static bool same_member(const struct tuy_member *a, const struct tuy_member *b)
{
	return memcmp(a, b, sizeof *a) == 0;
}

static void person_put(const struct shown *s, const char *key, const struct tuy_member *member)
{
	char digits[9];
	const struct rpc_person *person = s->circle ? rpc_person_get(s->circle, member) : NULL;
	rpc_hex_text((struct tuy_bytes){ member->b, 4 }, digits, sizeof digits);
	rpc_put_str(s->out, key, person ? person->from : digits);
}

/* The record of an act. False: it cannot be read here. */
static bool act_open(const struct shown *s, uint32_t i, struct tuy_record *record)
{
	if (i == UINT32_MAX)
		return false;
	const struct view_act_at *at = &s->life->acts.at[i];
	struct view_object entry = { .log_no = at->log_no, .seq = at->seq };
	return rpc_record_get(s->home, s->reading, &entry, record);
}

static void text_put(const struct shown *s, const struct tuy_record *record, enum tuy_field field)
{
	const struct tuy_field_rule *rule = tuy_field_rule(field);
	const struct tuy_value *value = &record->value[field];
	if (!value->present)
		return;
	if (rule->type == TUY_TYPE_STR)
		rpc_put_text(s->out, rule->name, value->text);
	else if (rule->type == TUY_TYPE_BOOL)
		rpc_put_flag(s->out, rule->name, value->number != 0);
	else if (rule->type == TUY_TYPE_UINT)
		rpc_put_uint(s->out, rule->name, value->number);
}

/* The texts among the fields of a record, whatever kind it is. */
static void texts_put(const struct shown *s, const struct tuy_record *record)
{
	for (int f = TUY_FIELD_TITLE; f < TUY_FIELD_END; f++)
		if (f != TUY_FIELD_STEP && f != TUY_FIELD_HOW && f != TUY_FIELD_DUE &&
		    f != TUY_FIELD_LETTER && f != TUY_FIELD_SIGNATURE)
			text_put(s, record, (enum tuy_field)f);
}

/* ---- tips ---- */

static void award_put(const struct shown *s)
{
	bool ask = s->object->kind == TUY_RECORD_ASK;
	if (!s->award) {
		rpc_put_nil(s->out, "award");
		return;
	}
	rpc_open_map(s->out, "award");
	person_put(s, "to", &s->award->to);
	rpc_put_time(s->out, "at", s->award->at_s);
	if (!ask)
		rpc_put_time(s->out, "first_contact_due", s->award->due_s);
	if (s->award->step != 0 && (s->mine || s->taker)) {
		rpc_put_str(s->out, "step",
		            ask ? tuy_ask_step_name(s->award->step)
		                : tuy_step_name(s->award->step));
		rpc_put_time(s->out, "step_at", s->award->step_at_s);
	}
	rpc_close_one(s->out);
}

/* The card: that waits here, or that came with the award. */
static bool card_read(const struct shown *s, struct tuy_record *card)
{
	const struct view_acts *acts = &s->life->acts;
	struct tuy_bytes value;
	if (s->mine && view_private(s->reading, s->object->circle_no, &s->object->id,
	                            VIEW_PRIVATE_CARD, &value) == 0)
		return tuy_record_read(value, card) == TUY_OK;
	for (uint32_t i = 0; s->award && i < acts->count; i++) {
		const struct tuy_act *act = &acts->act[i];
		if (act->kind == TUY_RECORD_CARD && acts->at[i].sealed && act->has_of &&
		    memcmp(&act->of, &s->award->id, sizeof act->of) == 0 &&
		    same_member(&act->author, &s->object->member) && act_open(s, i, card))
			return true;
	}
	return false;
}

static void sealed_put(const struct shown *s)
{
	struct tuy_record card;
	if ((!s->mine && !s->taker) || !card_read(s, &card))
		return;
	rpc_open_map(s->out, "sealed");
	texts_put(s, &card);
	rpc_close_one(s->out);
}

static void outcome_put(const struct shown *s)
{
	static const struct tuy_object none;
	struct tuy_record record;
	if (!s->award || (!s->mine && !s->taker) ||
	    memcmp(&s->award->outcome, &none, sizeof none) == 0)
		return;
	uint32_t i =
		view_act_find(&s->life->acts, TUY_RECORD_OUTCOME, &s->award->outcome, VIEW_SEALED);
	rpc_open_map(s->out, "outcome");
	rpc_put_str(s->out, "result", tuy_step_name(s->award->step));
	rpc_put_time(s->out, "at", s->award->step_at_s);
	if (act_open(s, i, &record))
		texts_put(s, &record);
	rpc_close_one(s->out);
}

/* How far an answer got. Of a refusal only the answerer knows (PROTOCOL 8.6). */
static void answer_state_put(const struct shown *s, const struct tuy_life_claim *answer)
{
	const struct tuy_life *life = &s->life->life;
	enum tuy_answer_state state = tuy_answer_state(life, answer, loop_now(s->home->d).wall_s);
	const struct tuy_life_award *award = NULL;
	struct tuy_bytes refused;
	for (uint32_t i = 0; i < life->award_count && !award; i++)
		if (memcmp(&life->award[i].of, &answer->id, sizeof answer->id) == 0)
			award = &life->award[i];
	bool no = award && !s->mine && state != TUY_ANSWER_DONE &&
	          view_private(s->reading, s->object->circle_no, &s->object->id,
	                       VIEW_PRIVATE_REFUSED, &refused) == 0 &&
	          tuy_text_equal(refused, TUY_BYTES(award->id.b));
	rpc_put_str(s->out, "state", no ? "refused" : tuy_answer_state_name(state));
	if (!award)
		return;
	rpc_put_flag(s->out, "accepted", true);
	rpc_put_str(s->out, "step", tuy_ask_step_name(award->step));
}

/* Whose claim, or answer, stands; with what he says to this member. */
static void claim_put(const struct shown *s, const struct tuy_life_claim *claim)
{
	bool ask = s->object->kind == TUY_RECORD_ASK;
	char id[TUY_OBJECT_TEXT];
	struct tuy_record record;
	uint32_t i = view_act_find(&s->life->acts, ask ? TUY_RECORD_ANSWER : TUY_RECORD_CLAIM,
	                           &claim->id, VIEW_SEALED);
	rpc_open_map(s->out, NULL);
	tuy_object_text(&claim->id, id);
	rpc_put_str(s->out, "id", id);
	person_put(s, "from", &claim->by);
	rpc_put_time(s->out, "at", claim->at_s);
	if (act_open(s, i, &record)) {
		if (ask)
			rpc_put_str(s->out, "how",
			            tuy_answer_name(record.value[TUY_FIELD_HOW].number));
		texts_put(s, &record);
	}
	if (ask)
		answer_state_put(s, claim);
	rpc_close_one(s->out);
}

static void claims_put(const struct shown *s)
{
	const struct tuy_life *life = &s->life->life;
	bool ask = s->object->kind == TUY_RECORD_ASK;
	const struct tuy_life_claim *own = tuy_life_claim_by(life, &s->life->me);
	if (ask && s->silent && !s->mine)
		rpc_put_nil(s->out, "answered");
	else if (ask)
		rpc_put_uint(s->out, "answered", life->claim_count);
	else if (own)
		rpc_put_flag(s->out, "claimed", true);
	if ((!s->mine && !own) || life->claim_count == 0)
		return;
	rpc_open_array(s->out, ask ? "answers" : "claimants");
	for (uint32_t i = 0; i < life->claim_count; i++)
		if (s->mine || same_member(&life->claim[i].by, &s->life->me))
			claim_put(s, &life->claim[i]);
	rpc_close_one(s->out);
}

/* Is anybody of this member's devices reached; if not, since when. */
static bool member_is_online(const struct shown *s, const struct tuy_member *member,
                             uint32_t *since_s)
{
	struct tuy_device_info info;
	*since_s = 0;
	for (uint32_t i = 0;
	     tuy_node_device(s->home->d->node, s->object->circle_no, i, &info) == TUY_OK; i++) {
		if (!same_member(&info.member, member))
			continue;
		if (info.state == TUY_PEER_CONNECTED || info.state == TUY_PEER_SELF)
			return true;
		for (uint32_t k = 0; k < RPC_SEEN_MAX; k++)
			if (memcmp(&s->home->seen[k].device, &info.device, sizeof info.device) ==
			            0 &&
			    s->home->seen[k].at_s > *since_s)
				*since_s = s->home->seen[k].at_s;
	}
	return false;
}

/* Whose node decides about a claim of the owner's. */
static void waiting_put(const struct shown *s)
{
	uint32_t since_s;
	bool pending = s->object->kind == TUY_RECORD_TIP && s->life->life.state == TUY_LIFE_OPEN &&
	               !s->taker && !s->mine &&
	               tuy_life_claim_by(&s->life->life, &s->life->me) != NULL;
	if (!pending)
		return;
	rpc_open_map(s->out, "waiting_for");
	person_put(s, "name", &s->object->member);
	rpc_put_flag(s->out, "online", member_is_online(s, &s->object->member, &since_s));
	rpc_put_time(s->out, "since", since_s);
	rpc_close_one(s->out);
}

/* Whom an own ask is for, if it is not for the circle. */
static void among_put(const struct shown *s)
{
	struct life_among among = { 0 };
	if (s->mine)
		life_among_read(s->reading, s->object, &among);
	if (among.count == 0)
		return;
	rpc_open_array(s->out, "to");
	for (uint32_t i = 0; i < among.count; i++)
		person_put(s, NULL, &among.member[i]);
	rpc_close_one(s->out);
}

/* What was said in thanks, as far as it is for the owner. */
static void thanks_put(const struct shown *s)
{
	const struct view_acts *acts = &s->life->acts;
	struct tuy_record record;
	bool open = false;
	for (uint32_t i = 0; i < acts->count; i++) {
		bool pair = same_member(&acts->act[i].author, &s->object->member);
		for (uint32_t k = 0; k < s->life->life.award_count && !pair; k++)
			pair = same_member(&acts->act[i].author, &s->life->life.award[k].to);
		if (acts->act[i].kind != TUY_RECORD_THANKS || !pair || !act_open(s, i, &record))
			continue;
		if (!open)
			rpc_open_array(s->out, "thanks");
		open = true;
		rpc_open_map(s->out, NULL);
		person_put(s, "from", &acts->act[i].author);
		rpc_put_flag(s->out, "shared", !acts->at[i].sealed);
		texts_put(s, &record);
		rpc_close_one(s->out);
	}
	if (open)
		rpc_close_one(s->out);
}

/* Who said that it is not for him, and why: for the giver. */
static void passes_put(const struct shown *s)
{
	const struct view_acts *acts = &s->life->acts;
	struct tuy_record record;
	bool open = false;
	for (uint32_t i = 0; s->mine && i < acts->count; i++) {
		if (acts->act[i].kind != TUY_RECORD_GIVE_BACK || !acts->at[i].sealed ||
		    !act_open(s, i, &record))
			continue;
		if (!open)
			rpc_open_array(s->out, "passed_by");
		open = true;
		rpc_open_map(s->out, NULL);
		person_put(s, "from", &acts->act[i].author);
		texts_put(s, &record);
		rpc_close_one(s->out);
	}
	if (open)
		rpc_close_one(s->out);
}

/* Product 1.4: "at 200 % the giver may re-award with one word" */
static bool is_twice_late(const struct shown *s)
{
	const struct tuy_life_award *award = s->award;
	return award && s->object->claims != 2 && award->step == 0 &&
	       loop_now(s->home->d).wall_s >= award->due_s + (award->due_s - award->at_s);
}

static void next_tip_put(const struct shown *s, enum view_state state)
{
	bool ended = state >= VIEW_STATE_WON && state <= VIEW_STATE_CLOSED;
	const struct tuy_life *life = &s->life->life;
	bool open = state == VIEW_STATE_OPEN;
	if (s->taker && !ended) {
		rpc_put_str(s->out, NULL, "done");
		rpc_put_str(s->out, NULL, "give-back");
	}
	if ((s->taker || s->mine) && s->award)
		rpc_put_str(s->out, NULL, "thank");
	if (s->mine && !ended &&
	    ((life->claim_count > 0 && s->object->claims != 0) || is_twice_late(s)))
		rpc_put_str(s->out, NULL, "award");
	if (s->mine && open) {
		rpc_put_str(s->out, NULL, "edit");
		rpc_put_str(s->out, NULL, "withdraw");
	}
	if (!s->mine && !s->taker && open && !tuy_life_claim_by(life, &s->life->me)) {
		rpc_put_str(s->out, NULL, "claim");
		rpc_put_str(s->out, NULL, "pass");
	}
}

static void next_put(const struct shown *s)
{
	uint32_t now_s = loop_now(s->home->d).wall_s;
	enum view_state state = view_state_at(s->life->state, s->object->expires_s, now_s);
	bool live = state == VIEW_STATE_OPEN || state == VIEW_STATE_ANSWERED;
	rpc_open_array(s->out, "next");
	if (s->object->kind == TUY_RECORD_TIP) {
		next_tip_put(s, state);
	} else if (live && s->mine) {
		if (s->life->life.claim_count > 0)
			rpc_put_str(s->out, NULL, "accept");
		rpc_put_str(s->out, NULL, "solved");
		rpc_put_str(s->out, NULL, "withdraw");
	} else if (live) {
		rpc_put_str(s->out, NULL, s->taker ? "done" : "answer");
	}
	rpc_close_one(s->out);
}

void rpc_life_put(struct rpc_home *home, struct store_reading *reading,
                  const struct view_object *object, enum rpc_silence silent, struct rpc_out *out)
{
	const struct tuy_member *me = &home->d->keys->cert.member;
	struct view_life life;
	struct tuy_bytes value;
	struct shown s = { home,
		           reading,
		           object,
		           rpc_circle_get(home, reading, object->circle_no),
		           &life,
		           NULL,
		           false,
		           false,
		           silent == RPC_SILENT,
		           out };
	if (view_life_read(reading, object, me, &life) != 0) {
		view_life_free(&life);
		rpc_put_nil(out, "award");
		rpc_open_array(out, "next");
		rpc_close_one(out);
		return;
	}
	s.mine = same_member(&object->member, me);
	s.award = tuy_life_award_to(&life.life, me);
	s.taker = s.award != NULL;
	if (!s.award && object->kind == TUY_RECORD_TIP && life.life.award_count > 0 &&
	    !life.life.award[0].ended && (s.mine || object->claims != 2))
		s.award = &life.life.award[0];
	award_put(&s);
	sealed_put(&s);
	outcome_put(&s);
	claims_put(&s);
	waiting_put(&s);
	among_put(&s);
	thanks_put(&s);
	passes_put(&s);
	if (s.mine &&
	    view_private(reading, object->circle_no, &object->id, VIEW_PRIVATE_NOTE, &value) == 0)
		rpc_put_text(out, "why_private", value);
	if (view_private(reading, object->circle_no, &object->id, VIEW_PRIVATE_PASSED, &value) == 0)
		rpc_put_flag(out, "passed", true);
	next_put(&s);
	view_life_free(&life);
}
