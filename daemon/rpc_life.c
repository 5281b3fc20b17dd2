/* claim, award, done, give_back, pass, thank: what is done about a tip. */
#include "rpc_life.h"
#include "amount.h"
#include "life.h"
#include "rpc_do.h"
#include "rpc_people.h"
#include "../proto/letter.h"
#include "../proto/text.h"
#include <stdio.h>
#include <string.h>

#define NOTE_MAX 500
#define REFUSED  100 /* beside the steps: it is no record (PROTOCOL 8.6) */

/* ---- shared ---- */

struct life_work *rpc_life_open(struct rpc_call *call, struct store_reading *reading,
                                struct view_life *life)
{
	struct life_work *work = rpc_work(call, sizeof *work);
	if (!work || rpc_object_param(call, reading, &work->object) != 0)
		return NULL;
	life_batch_begin(&work->batch, work->object.circle_no);
	if (view_life_read(reading, &work->object, &call->home->d->keys->cert.member, life) == 0)
		return work;
	rpc_life_refuse(call, reading, life, "T-STORE-DAMAGED",
	                "tuyau stop, then: tuyaud --rebuild",
	                "What was done about it cannot be read.");
	return NULL;
}

void rpc_life_close(struct store_reading *reading, struct view_life *life)
{
	view_life_free(life);
	store_reading_end(reading);
}

void rpc_life_refuse(struct rpc_call *call, struct store_reading *reading, struct view_life *life,
                     const char *code, const char *hint, const char *message)
{
	rpc_life_close(reading, life);
	rpc_fail(call, code, hint, "%s", rpc_text(call, message));
}

bool rpc_life_mine(const struct rpc_home *home, const struct view_object *object)
{
	return memcmp(&object->member, &home->d->keys->cert.member, sizeof object->member) == 0;
}

bool rpc_life_given_here(const struct rpc_home *home, const struct view_object *object)
{
	return memcmp(&object->device, &home->d->keys->device.device, sizeof object->device) == 0;
}

bool rpc_life_is_silent(struct rpc_home *home, struct store_reading *reading,
                        const struct view_object *object)
{
	struct tuy_record record;
	return object->kind == TUY_RECORD_ASK && rpc_record_get(home, reading, object, &record) &&
	       record.value[TUY_FIELD_HIDE_COUNT].number == 1;
}

const char *rpc_life_who(struct rpc_home *home, struct store_reading *reading, uint32_t circle_no,
                         const struct tuy_member *member)
{
	const struct rpc_circle *circle = rpc_circle_get(home, reading, circle_no);
	const struct rpc_person *person = circle ? rpc_person_get(circle, member) : NULL;
	return person ? person->from : "somebody";
}

void rpc_life_answer(struct rpc_call *call)
{
	struct life_work *work = call->work;
	struct store_reading reading;
	struct tuy_record record;
	if (rpc_reading_begin(call, &reading) != 0)
		return;
	struct view_object object = work->object;
	view_find(&reading, &work->object.id, &work->object.id, &object, 1);
	bool readable = rpc_record_get(call->home, &reading, &object, &record);
	struct rpc_out *out = rpc_result(call);
	rpc_open_map(out, NULL);
	rpc_object_put(call->home, &reading, &object, readable ? &record : NULL, out);
	rpc_close_one(out);
	store_reading_end(&reading);
	rpc_answer(call);
}

static void written(struct rpc_call *call, const char *error)
{
	if (error) {
		rpc_write_failed(call, error);
		return;
	}
	life_look(call->home->life);
	rpc_life_answer(call);
}

void rpc_life_write(struct rpc_call *call)
{
	rpc_write_batch(call, written);
}

int rpc_life_fields(struct rpc_call *call, struct tuy_record *record, struct rpc_fault *fault)
{
	struct tuy_bytes fields = { 0 };
	if (rpc_param_map(call->params, "fields", &fields, fault) < 0 ||
	    rpc_fields_read(fields, record, fault) != 0)
		return -1;
	return rpc_record_check(record, fault);
}

/* "7KQ2 was awarded to Alice 4 min ago." in the language of the call. */
static void awarded_text(const struct rpc_call *call, const char *id, const char *who,
                         uint32_t age_s, char *text, size_t size)
{
	if (age_s < 60)
		snprintf(text, size, rpc_text(call, "%s was awarded to %s less than a minute ago."),
		         id, who);
	else if (age_s < 3600)
		snprintf(text, size, rpc_text(call, "%s was awarded to %s %u min ago."), id, who,
		         age_s / 60);
	else if (age_s < 2 * 86400)
		snprintf(text, size, rpc_text(call, "%s was awarded to %s %u h ago."), id, who,
		         age_s / 3600);
	else
		snprintf(text, size, rpc_text(call, "%s was awarded to %s %u d ago."), id, who,
		         age_s / 86400);
}

/* ---- claim ---- */

/* Why it cannot be claimed; false: it can. Then the call has failed. */
static bool claim_refused(struct rpc_call *call, struct store_reading *reading,
                          struct view_life *life, const struct life_work *work)
{
	const struct view_object *object = &work->object;
	uint32_t now_s = loop_now(call->home->d).wall_s;
	enum view_state state = view_state_at(life->state, object->expires_s, now_s);
	const struct tuy_life_award *award = &life->life.award[0];
	char id[TUY_OBJECT_TEXT];
	char message[300];
	tuy_object_text(&object->id, id);
	id[view_short_len(reading, &object->id)] = '\0';
	if (object->kind != TUY_RECORD_TIP) {
		rpc_life_refuse(call, reading, life, "T-USAGE", "tuyau answer ID TEXT",
		                "That is an ask: it is answered, not claimed.");
	} else if (rpc_life_mine(call->home, object)) {
		rpc_life_refuse(call, reading, life, "T-NOT-ALLOWED", "tuyau withdraw ID",
		                "You gave this tip.");
	} else if (state == VIEW_STATE_AWARDED || state == VIEW_STATE_CLOSED) {
		awarded_text(
			call, id, rpc_life_who(call->home, reading, object->circle_no, &award->to),
			now_s > award->at_s ? now_s - award->at_s : 0, message, sizeof message);
		rpc_life_refuse(call, reading, life, "T-CLAIM-TAKEN", "tuyau inbox", message);
	} else if (state != VIEW_STATE_OPEN) {
		snprintf(message, sizeof message, rpc_text(call, "%s is %s."), id,
		         view_state_name(state));
		rpc_life_refuse(call, reading, life, "T-NOT-OPEN", "tuyau inbox", message);
	} else {
		return false;
	}
	return true;
}

/* For somebody else? */
static bool claim_not_meant(struct rpc_call *call, struct store_reading *reading,
                            struct view_life *life, const struct life_work *work)
{
	if (rpc_record_meant(call->home, reading, &work->object, &life->me))
		return false;
	rpc_life_refuse(call, reading, life, "T-NOT-ALLOWED", "tuyau show ID",
	                "This tip is for somebody else.");
	return true;
}

/* The newest award to `me`, which was ended: a new claim follows it. NULL: none. Only one device
 * writes them, so that their times tell. */
static const struct tuy_object *award_before(const struct view_life *life)
{
	const struct tuy_act *last = NULL;
	for (uint32_t i = 0; i < life->acts.count; i++) {
		const struct tuy_act *act = &life->acts.act[i];
		bool mine = act->kind == TUY_RECORD_AWARD && act->has_to &&
		            memcmp(&act->to, &life->me, sizeof act->to) == 0 &&
		            memcmp(&act->author, &life->subject.author, sizeof act->author) == 0;
		if (mine && (!last || act->time_s >= last->time_s))
			last = act;
	}
	return last ? &last->id : NULL;
}

void rpc_do_claim(struct rpc_call *call)
{
	struct store_reading reading;
	struct view_life life;
	struct rpc_fault fault;
	struct tuy_bytes note = { 0 };
	struct life_work *work = NULL;
	if (rpc_param_text(call->params, "note", NOTE_MAX, &note, &fault) < 0) {
		rpc_fail_fault(call, &fault);
		return;
	}
	work = rpc_life_open(call, &reading, &life);
	if (!work)
		return;
	if (tuy_life_award_to(&life.life, &life.me) || tuy_life_claim_by(&life.life, &life.me)) {
		rpc_life_close(&reading, &life);
		rpc_life_answer(call); /* said already */
		return;
	}
	if (claim_refused(call, &reading, &life, work) ||
	    claim_not_meant(call, &reading, &life, work))
		return;
	struct tuy_record claim = life_record(TUY_RECORD_CLAIM, &work->object.id);
	const struct tuy_object *before = award_before(&life);
	uint32_t exp_s = life_expiry(call->home->d, LIFE_SPAN_ACT);
	if (before)
		life_set_bytes(&claim, TUY_FIELD_OF, TUY_BYTES(before->b));
	life_batch_add(&work->batch, &claim, exp_s, NULL);
	if (note.len > 0) {
		life_set_bytes(&claim, TUY_FIELD_TEXT, note);
		if (rpc_record_check(&claim, &fault) != 0) {
			rpc_life_close(&reading, &life);
			rpc_fail_fault(call, &fault);
			return;
		}
		life_batch_add(&work->batch, &claim, exp_s, &work->object.member);
	}
	rpc_life_close(&reading, &life);
	rpc_life_write(call);
}

/* ---- award ---- */

/* The member that the param names, else the only one who waits; NULL: the call has failed. */
static const struct rpc_person *member_param(struct rpc_call *call, struct store_reading *reading,
                                             struct view_life *life, uint32_t circle_no)
{
	struct rpc_fault fault;
	struct tuy_bytes text = { 0 };
	const struct rpc_person *person = NULL;
	const struct rpc_circle *circle = rpc_circle_get(call->home, reading, circle_no);
	int there = rpc_param_text(call->params, "member", RPC_NAME_MAX, &text, &fault);
	if (there == 0 && circle && life->life.claim_count == 1)
		person = rpc_person_get(circle, &life->life.claim[0].by);
	if (person)
		return person;
	if (there == 0)
		there = rpc_fault_set(&fault, "T-USAGE", "tuyau award ID MEMBER", "To whom?");
	uint32_t count = there == 1 && circle ? rpc_person_find(circle, text, &person) : 0;
	if (there == 1 && count != 1)
		there = rpc_fault_set(&fault, count == 0 ? "T-NOT-FOUND" : "T-AMBIGUOUS",
		                      "tuyau circle show", "%u people are called \"%.*s\".", count,
		                      (int)text.len, (const char *)text.p);
	if (there == 1)
		return person;
	rpc_life_close(reading, life);
	rpc_fail_fault(call, &fault);
	return NULL;
}

/* Why this device may not award now; NULL: it may. */
static const char *award_fault(struct rpc_call *call, const struct view_life *life,
                               const struct life_work *work, const char **code, const char **hint)
{
	const struct tuy_life_award *award = &life->life.award[0];
	uint32_t now_s = loop_now(call->home->d).wall_s;
	bool runs = work->object.claims != 2 && life->life.award_count > 0 && !award->ended;
	*code = "T-NOT-ALLOWED";
	*hint = N_("tuyau show ID");
	if (work->object.kind != TUY_RECORD_TIP)
		return N_("Only tips are awarded; answers to asks are accepted.");
	if (!rpc_life_mine(call->home, &work->object))
		return N_("Only who gave a tip awards it.");
	if (!rpc_life_given_here(call->home, &work->object))
		return N_("It was given on another device of yours: award it there.");
	if (!tuy_node_settled(call->home->d->node, work->object.circle_no)) {
		*code = "T-NOT-SETTLED";
		*hint = N_("It goes as soon as one friend is online: tuyau status");
		return N_("This store was lost or put back, and may have awarded it before.");
	}
	if (life->life.state == TUY_LIFE_WITHDRAWN || life->life.state == TUY_LIFE_CLOSED) {
		*code = "T-NOT-OPEN";
		return N_("It is over.");
	}
	if (runs && (award->step != 0 || now_s < award->due_s + (award->due_s - award->at_s))) {
		*code = "T-CLAIM-TAKEN";
		return N_("It is awarded already; it can go to another when twice the time to the "
		          "first contact is over.");
	}
	return NULL;
}

void rpc_do_award(struct rpc_call *call)
{
	struct store_reading reading;
	struct view_life life;
	const char *code;
	const char *hint;
	struct life_work *work = rpc_life_open(call, &reading, &life);
	if (!work)
		return;
	const char *why = award_fault(call, &life, work, &code, &hint);
	if (why) {
		rpc_life_refuse(call, &reading, &life, code, hint, why);
		return;
	}
	const struct rpc_person *person =
		member_param(call, &reading, &life, work->object.circle_no);
	if (!person)
		return;
	if (memcmp(&person->member, &life.me, sizeof life.me) == 0) {
		rpc_life_refuse(call, &reading, &life, "T-USAGE", "tuyau award ID MEMBER",
		                "It is yours already.");
		return;
	}
	struct tuy_member to = person->member;
	int bad = life_award_fill(call->home->d, &reading, &work->object, &life.life, &to,
	                          &work->batch);
	rpc_life_close(&reading, &life);
	if (bad != 0)
		rpc_fail(call, "T-NOT-FOUND", "tuyau show ID", "The tip cannot be read here.");
	else
		rpc_life_write(call);
}

/* ---- done, give_back ---- */

/* The own award; NULL: the call has failed. */
static const struct tuy_life_award *own_award(struct rpc_call *call, struct store_reading *reading,
                                              struct view_life *life)
{
	const struct tuy_life_award *award = tuy_life_award_to(&life->life, &life->me);
	if (award && life->life.state != TUY_LIFE_WITHDRAWN)
		return award;
	rpc_life_refuse(call, reading, life, "T-NOT-ALLOWED", "tuyau show ID",
	                "It is not awarded to you.");
	return NULL;
}

static int already_fault(const struct tuy_life_award *award, struct rpc_fault *fault)
{
	char day[TUY_LETTER_DAY_TEXT];
	tuy_letter_day_text(award->step_at_s / 86400, day);
	return rpc_fault_set(fault, "T-ALREADY", "tuyau done ID --won --replace",
	                     "Already recorded as %s on %s.", tuy_step_name(award->step), day);
}

/* PROTOCOL 8.4: "a number, or a band". Bands are those of a budget. */
static int amount_check(const struct tuy_record *record, struct rpc_fault *fault)
{
	const struct tuy_value *amount = &record->value[TUY_FIELD_AMOUNT];
	const struct tuy_value *currency = &record->value[TUY_FIELD_CURRENCY];
	uint64_t cents;
	for (size_t i = 0; currency->present && i < 3; i++)
		if (currency->text.len != 3 || currency->text.p[i] < 'A' ||
		    currency->text.p[i] > 'Z')
			return rpc_fault_set(fault, "T-USAGE", "tuyau help done",
			                     "\"--currency %.*s\": three capitals, as EUR.",
			                     (int)currency->text.len,
			                     (const char *)currency->text.p);
	if (!amount->present || amount_band(amount->text) < AMOUNT_BANDS ||
	    amount_read(amount->text, &cents) == 0)
		return 0;
	return rpc_fault_set(fault, "T-USAGE", "tuyau help done",
	                     "\"--amount %.*s\": a number as 8000 or 1250.50, or a band: 0-1k, "
	                     "1-5k, 5-20k, 20-100k, 100k+.",
	                     (int)amount->text.len, (const char *)amount->text.p);
}

/* Adds PROGRESS, or OUTCOME with its CLOSED. */
static int done_fill(struct rpc_call *call, const struct view_life *life, struct life_work *work,
                     const struct tuy_life_award *award, uint32_t step, struct rpc_fault *fault)
{
	struct daemon *d = call->home->d;
	bool final = step >= TUY_STEP_WON;
	bool replace = false;
	struct tuy_record record =
		life_record(final ? TUY_RECORD_OUTCOME : TUY_RECORD_PROGRESS, &work->object.id);
	life_set_bytes(&record, TUY_FIELD_OF, TUY_BYTES(award->id.b));
	life_set_number(&record, TUY_FIELD_STEP, step);
	if (rpc_life_fields(call, &record, fault) != 0 || amount_check(&record, fault) != 0 ||
	    rpc_param_flag(call->params, "replace", &replace, fault) < 0)
		return -1;
	if (award->step >= TUY_STEP_WON && !replace)
		return already_fault(award, fault);
	if (!final && award->step >= TUY_STEP_WON)
		return rpc_fault_set(fault, "T-ALREADY", "tuyau done ID --won --replace",
		                     "It is over: another outcome can take the place of this one.");
	uint32_t i = award->step >= TUY_STEP_WON ? view_act_find(&life->acts, TUY_RECORD_OUTCOME,
	                                                         &award->outcome, VIEW_SEALED)
	                                         : UINT32_MAX;
	if (i != UINT32_MAX) { /* a correction is the same record with a higher rev */
		struct store_reading reading;
		struct tuy_record before;
		struct view_object entry = { .log_no = life->acts.at[i].log_no,
			                     .seq = life->acts.at[i].seq };
		if (store_reading_begin(d->store, &reading) == 0) {
			if (rpc_record_get(call->home, &reading, &entry, &before)) {
				record.nonce = before.nonce;
				record.rev = before.rev + 1;
			}
			store_reading_end(&reading);
		}
	}
	life_batch_add(&work->batch, &record, life_expiry(d, LIFE_SPAN_OUTCOME),
	               &work->object.member);
	if (!final || award->closed)
		return 0;
	struct tuy_record closed = life_record(TUY_RECORD_CLOSED, &work->object.id);
	life_set_bytes(&closed, TUY_FIELD_OF, TUY_BYTES(award->id.b));
	life_batch_add(&work->batch, &closed, life_expiry(d, LIFE_SPAN_ACT), NULL);
	return 0;
}

/* A step of an accepted answer: by either of the two, sealed to the other. */
static int ask_done_fill(struct rpc_call *call, struct store_reading *reading,
                         const struct view_life *life, struct life_work *work, uint32_t step,
                         struct rpc_fault *fault)
{
	bool asker = rpc_life_mine(call->home, &work->object);
	const struct tuy_life_award *award = NULL;
	const struct tuy_life_claim *answer = NULL;
	if (!asker)
		award = tuy_life_award_to(&life->life, &life->me);
	else if (!(answer = rpc_life_answer_find(call, reading, life, work->object.circle_no,
	                                         RPC_ANSWERS_ACCEPTED, fault)))
		return -1;
	for (uint32_t i = 0; answer && i < life->life.award_count; i++)
		if (!life->life.award[i].ended &&
		    memcmp(&life->life.award[i].of, &answer->id, sizeof answer->id) == 0)
			award = &life->life.award[i];
	if (!award)
		return rpc_fault_set(fault, "T-NOT-ALLOWED", "tuyau accept ID MEMBER",
		                     "This answer was not accepted.");
	if (step == REFUSED && asker)
		return rpc_fault_set(fault, "T-NOT-ALLOWED", "tuyau solved ID",
		                     "Only who asks the target learns of a refusal.");
	if (step == REFUSED) {
		life_batch_private(&work->batch, &work->object.id, VIEW_PRIVATE_REFUSED,
		                   TUY_BYTES(award->id.b));
		return 0;
	}
	struct tuy_record record = life_record(TUY_RECORD_PROGRESS, &work->object.id);
	life_set_bytes(&record, TUY_FIELD_OF, TUY_BYTES(award->id.b));
	life_set_number(&record, TUY_FIELD_STEP, step);
	life_batch_add(&work->batch, &record, life_expiry(call->home->d, LIFE_SPAN_ACT),
	               asker ? &award->to : &work->object.member);
	return 0;
}

void rpc_do_done(struct rpc_call *call)
{
	struct store_reading reading;
	struct view_life life;
	struct rpc_fault fault;
	struct tuy_bytes name = { 0 };
	struct life_work *work = rpc_life_open(call, &reading, &life);
	if (!work)
		return;
	bool ask = work->object.kind == TUY_RECORD_ASK;
	const struct tuy_life_award *award = NULL;
	if (!ask && !(award = own_award(call, &reading, &life)))
		return;
	int bad = rpc_param_text(call->params, "step", 20, &name, &fault) < 0 ? -1 : 0;
	uint32_t step = ask ? tuy_ask_step_named(name) : tuy_step_named(name);
	if (ask && tuy_text_equal(name, tuy_text_bytes("refused")))
		step = REFUSED;
	if (bad == 0 && step == 0)
		bad = rpc_fault_set(&fault, "T-USAGE", "tuyau help done",
		                    ask ? "Which step: asked, agreed, refused, introduced, met or "
		                          "done?"
		                        : "Which step: contacted, meeting, quoted, won, lost, "
		                          "no-answer or not-a-fit?");
	if (bad == 0)
		bad = ask ? ask_done_fill(call, &reading, &life, work, step, &fault)
		          : done_fill(call, &life, work, award, step, &fault);
	rpc_life_close(&reading, &life);
	if (bad != 0)
		rpc_fail_fault(call, &fault);
	else
		rpc_life_write(call);
}

/* GIVE_BACK for the circle, and why, if it is said, for the giver. */
static int back_fill(struct rpc_call *call, struct life_work *work, const struct tuy_object *award,
                     struct rpc_fault *fault)
{
	uint32_t exp_s = life_expiry(call->home->d, LIFE_SPAN_ACT);
	struct tuy_record back = life_record(TUY_RECORD_GIVE_BACK, &work->object.id);
	if (award)
		life_set_bytes(&back, TUY_FIELD_OF, TUY_BYTES(award->b));
	if (award)
		life_batch_add(&work->batch, &back, exp_s, NULL);
	if (rpc_life_fields(call, &back, fault) != 0)
		return -1;
	if (back.value[TUY_FIELD_TEXT].present || back.value[TUY_FIELD_REASON].present)
		life_batch_add(&work->batch, &back, exp_s, &work->object.member);
	return 0;
}

void rpc_do_give_back(struct rpc_call *call)
{
	struct store_reading reading;
	struct view_life life;
	struct rpc_fault fault;
	struct life_work *work = rpc_life_open(call, &reading, &life);
	const struct tuy_life_award *award = work ? own_award(call, &reading, &life) : NULL;
	if (!award)
		return;
	if (award->step >= TUY_STEP_WON) {
		rpc_life_refuse(call, &reading, &life, "T-ALREADY", "tuyau show ID",
		                "Its outcome is recorded.");
		return;
	}
	int bad = back_fill(call, work, &award->id, &fault);
	rpc_life_close(&reading, &life);
	if (bad != 0)
		rpc_fail_fault(call, &fault);
	else
		rpc_life_write(call);
}

void rpc_do_pass(struct rpc_call *call)
{
	static const uint8_t yes[1] = { 1 };
	struct store_reading reading;
	struct view_life life;
	struct rpc_fault fault;
	struct life_work *work = rpc_life_open(call, &reading, &life);
	if (!work)
		return;
	if (rpc_life_mine(call->home, &work->object) || tuy_life_award_to(&life.life, &life.me)) {
		rpc_life_refuse(call, &reading, &life, "T-NOT-ALLOWED", "tuyau give-back ID",
		                "It is yours: it can be given back, or withdrawn.");
		return;
	}
	int bad = back_fill(call, work, NULL, &fault);
	rpc_life_close(&reading, &life);
	if (bad != 0) {
		rpc_fail_fault(call, &fault);
		return;
	}
	life_batch_private(&work->batch, &work->object.id, VIEW_PRIVATE_PASSED, TUY_BYTES(yes));
	rpc_life_write(call);
}

/* ---- thank ---- */

/* Whom to thank: the other one of a pair. NULL: nobody. */
static const struct tuy_member *other_find(const struct view_life *life)
{
	const struct tuy_life_award *award = NULL;
	if (tuy_life_award_to(&life->life, &life->me))
		return &life->subject.author;
	if (memcmp(&life->subject.author, &life->me, sizeof life->me) != 0)
		return NULL;
	for (uint32_t i = 0; i < life->life.award_count; i++)
		if (!life->life.award[i].ended)
			award = &life->life.award[i];
	return award ? &award->to : NULL;
}

void rpc_do_thank(struct rpc_call *call)
{
	struct store_reading reading;
	struct view_life life;
	struct rpc_fault fault = { 0 };
	struct tuy_bytes text = { 0 };
	bool share = false;
	bool back = false;
	struct life_work *work = rpc_life_open(call, &reading, &life);
	if (!work)
		return;
	const struct tuy_member *other = other_find(&life);
	if (!other) {
		rpc_life_refuse(call, &reading, &life, "T-NOT-ALLOWED", "tuyau show ID",
		                "There is nobody to thank yet: it was not awarded.");
		return;
	}
	struct tuy_record thanks = life_record(TUY_RECORD_THANKS, &work->object.id);
	struct tuy_member to = *other;
	rpc_life_close(&reading, &life);
	int bad = rpc_param_text(call->params, "text", NOTE_MAX, &text, &fault) < 0 ||
	          rpc_param_flag(call->params, "share", &share, &fault) < 0 ||
	          rpc_param_flag(call->params, "back", &back, &fault) < 0;
	life_set_bytes(&thanks, TUY_FIELD_TO, TUY_BYTES(to.b));
	if (text.len > 0)
		life_set_bytes(&thanks, TUY_FIELD_TEXT, text);
	if (back)
		life_set_number(&thanks, TUY_FIELD_BACK, 1);
	if (bad || rpc_record_check(&thanks, &fault) != 0) {
		rpc_fail_fault(call, &fault);
		return;
	}
	life_batch_add(&work->batch, &thanks, life_expiry(call->home->d, LIFE_SPAN_OUTCOME),
	               share ? NULL : &to);
	rpc_life_write(call);
}
