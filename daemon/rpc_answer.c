/* answer, accept, solved: what is done about an ask. */
#include "rpc_life.h"
#include "audit_received.h"
#include "rpc_do.h"
#include "rpc_people.h"
#include "store_erase.h"
#include "store_news.h"
#include <string.h>

#define NEWS 4 /* PROTOCOL 8.4, ask */

/* Is it an ask that stands? False: the call has failed. */
static bool ask_stands(struct rpc_call *call, struct store_reading *reading, struct view_life *life,
                       const struct life_work *work)
{
	uint32_t now_s = loop_now(call->home->d).wall_s;
	enum view_state state = view_state_at(life->state, work->object.expires_s, now_s);
	if (work->object.kind != TUY_RECORD_ASK)
		rpc_life_refuse(call, reading, life, "T-USAGE", "tuyau claim ID",
		                "That is a tip: it is claimed, not answered.");
	else if (state != VIEW_STATE_OPEN && state != VIEW_STATE_ANSWERED)
		rpc_life_refuse(call, reading, life, "T-NOT-OPEN", "tuyau inbox",
		                "It is solved, withdrawn or expired.");
	else
		return true;
	return false;
}

/* Product 1.2: "card (told required)" */
static int told_check(const struct tuy_record *answer, struct rpc_fault *fault)
{
	if (!audit_has_card(answer) || answer->value[TUY_FIELD_TOLD].number == 1)
		return 0;
	return rpc_fault_set(fault, "T-TOLD", "Tell her first, then: tuyau answer ID ... --told",
	                     "You name a person but did not say she knows.");
}

void rpc_do_answer(struct rpc_call *call)
{
	struct store_reading reading;
	struct view_life life;
	struct rpc_fault fault;
	struct life_work *work = rpc_life_open(call, &reading, &life);
	if (!work || !ask_stands(call, &reading, &life, work))
		return;
	if (rpc_life_mine(call->home, &work->object)) {
		rpc_life_refuse(call, &reading, &life, "T-NOT-ALLOWED", "tuyau solved ID",
		                "You asked this.");
		return;
	}
	uint32_t exp_s = life_expiry(call->home->d, LIFE_SPAN_ACT);
	struct tuy_record answer = life_record(TUY_RECORD_ANSWER, &work->object.id);
	bool silent = rpc_life_is_silent(call->home, &reading, &work->object);
	rpc_life_close(&reading, &life);
	if (!silent)
		life_batch_add(&work->batch, &answer, exp_s, NULL); /* that there is one */
	if (rpc_life_fields(call, &answer, &fault) == 0 && told_check(&answer, &fault) == 0) {
		if (!answer.value[TUY_FIELD_HOW].present)
			life_set_number(&answer, TUY_FIELD_HOW, 1);
		if (work->object.ask == NEWS) /* its payload goes STORE_KEEP_S later */
			exp_s = loop_now(call->home->d).wall_s + STORE_NEWS_MOST_S - STORE_KEEP_S;
		life_batch_add(&work->batch, &answer, exp_s, &work->object.member);
		if (audit_has_card(&answer))
			life_batch_audit(&work->batch, AUDIT_ANSWERED, &work->object.id,
			                 &work->object.member);
		rpc_life_write(call);
		return;
	}
	rpc_fail_fault(call, &fault);
}

void rpc_do_accept(struct rpc_call *call)
{
	struct store_reading reading;
	struct view_life life;
	struct rpc_fault fault;
	struct life_work *work = rpc_life_open(call, &reading, &life);
	if (!work || !ask_stands(call, &reading, &life, work))
		return;
	if (!rpc_life_mine(call->home, &work->object)) {
		rpc_life_refuse(call, &reading, &life, "T-NOT-ALLOWED", "tuyau show ID",
		                "Only who asked accepts an answer.");
		return;
	}
	const struct tuy_life_claim *answer = rpc_life_answer_find(
		call, &reading, &life, work->object.circle_no, RPC_ANSWERS, &fault);
	if (!answer) {
		rpc_life_close(&reading, &life);
		rpc_fail_fault(call, &fault);
		return;
	}
	struct tuy_record award = life_record(TUY_RECORD_AWARD, &work->object.id);
	struct tuy_life_claim to = *answer;
	life_set_bytes(&award, TUY_FIELD_TO, TUY_BYTES(to.by.b));
	life_set_bytes(&award, TUY_FIELD_OF, TUY_BYTES(to.id.b));
	life_batch_add(&work->batch, &award, life_expiry(call->home->d, LIFE_SPAN_ACT), &to.by);
	rpc_life_close(&reading, &life);
	rpc_life_write(call);
}

void rpc_do_solved(struct rpc_call *call)
{
	struct store_reading reading;
	struct view_life life;
	struct life_work *work = rpc_life_open(call, &reading, &life);
	if (!work || !ask_stands(call, &reading, &life, work))
		return;
	if (!rpc_life_mine(call->home, &work->object)) {
		rpc_life_refuse(call, &reading, &life, "T-NOT-ALLOWED", "tuyau show ID",
		                "Only who asked says that it is solved.");
		return;
	}
	struct tuy_record closed = life_record(TUY_RECORD_CLOSED, &work->object.id);
	struct life_among among;
	life_among_read(&reading, &work->object, &among);
	life_batch_add_among(&work->batch, &closed, life_expiry(call->home->d, LIFE_SPAN_ACT),
	                     &among);
	rpc_life_close(&reading, &life);
	rpc_life_write(call);
}
