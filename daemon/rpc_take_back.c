/* withdraw, undo, edit: the giver takes back what he gave, or a claim; or says it otherwise. */
#include "rpc_life.h"
#include "life.h"
#include "rpc_do.h"
#include "forget.h"
#include <stdlib.h>
#include <string.h>

#define UNDO_S 60

/* ---- erasing ---- */

static int seq_cmp(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a;
	uint32_t y = *(const uint32_t *)b;
	return x < y ? -1 : x > y;
}

/* The next log of this device that holds an entry of the object: its revisions, and what the
 * owner wrote about it with a text in it. False: none. */
static bool entries_find(struct rpc_call *call, struct life_work *work)
{
	struct view_act_at at[TUY_RETRACT_MAX];
	struct store_reading reading;
	struct view_life life;
	uint32_t count = 0;
	work->seq_count = 0;
	if (store_reading_begin(call->home->d->store, &reading) != 0)
		return false;
	struct view_object object;
	if (rpc_life_mine(call->home, &work->object) &&
	    view_find(&reading, &work->object.id, &work->object.id, &object, 1) == 1)
		count = view_entries(&reading, &object, at, TUY_RETRACT_MAX);
	if (view_life_read(&reading, &work->object, &call->home->d->keys->cert.member, &life) == 0)
		for (uint32_t i = 0; i < life.acts.count && count < TUY_RETRACT_MAX; i++)
			if ((life.acts.at[i].sealed ||
			     (rpc_life_mine(call->home, &work->object) &&
			      life.acts.act[i].kind != TUY_RECORD_WITHDRAW)) &&
			    memcmp(&life.acts.act[i].author, &life.me, sizeof life.me) == 0)
				at[count++] = life.acts.at[i];
	view_life_free(&life);
	store_reading_end(&reading);
	for (uint32_t i = 0; i < count; i++) {
		if (work->seq_count == 0)
			work->log_no = at[i].log_no;
		if (at[i].log_no == work->log_no)
			work->seqs[work->seq_count++] = at[i].seq;
	}
	qsort(work->seqs, work->seq_count, sizeof work->seqs[0], seq_cmp);
	return work->seq_count > 0;
}

static enum tuy_err retract_attempt(struct rpc_call *call, uint64_t *ticket)
{
	struct life_work *work = call->work;
	struct daemon *d = call->home->d;
	struct tuy_appended appended = { 0 };
	enum tuy_err err = tuy_node_retract(d->node, loop_now(d), work->object.circle_no,
	                                    work->log_no, work->seqs, work->seq_count, &appended);
	*ticket = appended.ticket;
	return err;
}

/* Who has it already: the answer of withdraw and undo. */
static void taken_back_answer(struct rpc_call *call)
{
	struct life_work *work = call->work;
	struct tuy_delivery delivery =
		tuy_node_delivery(call->home->d->node, work->object.log_no, work->object.seq);
	char id[TUY_OBJECT_TEXT];
	tuy_object_text(&work->object.id, id);
	life_look(call->home->life);
	struct rpc_out *out = rpc_result(call);
	rpc_open_map(out, NULL);
	rpc_put_uint(out, "schema", 1);
	rpc_put_str(out, "id", id);
	rpc_put_str(out, "state", rpc_life_mine(call->home, &work->object) ? "withdrawn" : "open");
	rpc_open_map(out, "delivery");
	rpc_put_uint(out, "peers", delivery.of);
	rpc_put_uint(out, "have_it", delivery.have);
	rpc_close_one(out);
	rpc_close_one(out);
	rpc_answer(call);
}

/* One log after the other. */
static void retract_next(struct rpc_call *call, const char *error)
{
	struct life_work *work = call->work;
	if (error)
		rpc_write_failed(call, error);
	else if (entries_find(call, work))
		rpc_write(call, retract_attempt, retract_next);
	else
		taken_back_answer(call);
}

/* ---- withdraw, undo ---- */

/* That it goes, and which entries: who confirms is asked of them. */
static void gone_keep(struct rpc_home *home, struct store_reading *reading,
                      const struct view_object *object)
{
	struct store_gone gone;
	(void)forget_gather(home->d, reading, object, FORGET_ALL, &gone, NULL, 0);
	gone.why = STORE_GONE_WITHDRAWN;
	forget_keep(home->d, &gone);
}

static void withdraw(struct rpc_call *call, struct store_reading *reading, struct view_life *life,
                     struct life_work *work)
{
	const struct tuy_life_claim *claim = tuy_life_claim_by(&life->life, &life->me);
	const struct view_object *object = &work->object;
	bool mine = rpc_life_mine(call->home, &work->object);
	bool open = life->life.state == TUY_LIFE_OPEN;
	static const enum view_private own[] = { VIEW_PRIVATE_CARD, VIEW_PRIVATE_NOTE,
		                                 VIEW_PRIVATE_TOLD, VIEW_PRIVATE_AMONG };
	struct life_among among;
	struct tuy_record record = life_record(TUY_RECORD_WITHDRAW, &work->object.id);
	if (!mine && !claim) {
		rpc_life_refuse(call, reading, life, "T-NOT-ALLOWED", "tuyau pass ID",
		                "You neither gave nor claimed it.");
		return;
	}
	if (!open) {
		rpc_life_refuse(call, reading, life, "T-NOT-OPEN", "tuyau show ID",
		                mine ? "It was awarded, or is over: what was sent is read."
		                     : "It was awarded: tuyau give-back ID");
		return;
	}
	if (!mine)
		life_set_bytes(&record, TUY_FIELD_OF, TUY_BYTES(claim->id.b));
	if (mine)
		life_among_read(reading, object, &among);
	else
		among = rpc_life_is_silent(call->home, reading, object)
		                ? (struct life_among){ 1, { object->member } }
		                : (struct life_among){ 0 };
	life_batch_add_among(&work->batch, &record, life_expiry(call->home->d, LIFE_SPAN_ACT),
	                     &among);
	for (size_t i = 0; mine && i < sizeof own / sizeof own[0]; i++)
		life_batch_private(&work->batch, &work->object.id, own[i], (struct tuy_bytes){ 0 });
	if (mine) {
		life_batch_audit(&work->batch,
		                 work->object.kind == TUY_RECORD_ASK ? AUDIT_UNASKED
		                                                     : AUDIT_WITHDRAWN,
		                 &work->object.id, NULL);
		gone_keep(call->home, reading, &work->object);
	}
	rpc_life_close(reading, life);
	call->home->last_write.used = false;
	rpc_write_batch(call, retract_next);
}

void rpc_do_withdraw(struct rpc_call *call)
{
	struct store_reading reading;
	struct view_life life;
	struct life_work *work = rpc_life_open(call, &reading, &life);
	if (work)
		withdraw(call, &reading, &life, work);
}

void rpc_do_undo(struct rpc_call *call)
{
	struct rpc_home *home = call->home;
	struct store_reading reading;
	struct view_life life;
	uint32_t now_s = loop_now(home->d).wall_s;
	struct life_work *work = rpc_work(call, sizeof *work);
	if (!work)
		return;
	if (!home->last_write.used || now_s - home->last_write.at_s > UNDO_S) {
		rpc_fail(call, "T-TOO-LATE", "tuyau withdraw ID",
		         "Nothing was given here in the last %d s.", UNDO_S);
		return;
	}
	if (rpc_reading_begin(call, &reading) != 0)
		return;
	life_batch_begin(&work->batch, home->last_write.circle_no);
	uint32_t count =
		view_find(&reading, &home->last_write.id, &home->last_write.id, &work->object, 1);
	if (count == 1 &&
	    view_life_read(&reading, &work->object, &home->d->keys->cert.member, &life) == 0) {
		withdraw(call, &reading, &life, work);
		return;
	}
	store_reading_end(&reading);
	rpc_fail(call, "T-TOO-LATE", "tuyau inbox --mine", "It is gone already.");
}

/* ---- edit ---- */

void rpc_do_edit(struct rpc_call *call)
{
	struct store_reading reading;
	struct view_life life;
	struct rpc_fault fault;
	struct tuy_record record;
	struct life_among among;
	uint8_t room[LIFE_ROOM / 2];
	struct life_work *work = rpc_life_open(call, &reading, &life);
	if (!work)
		return;
	if (!rpc_life_mine(call->home, &work->object) ||
	    !rpc_life_given_here(call->home, &work->object)) {
		rpc_life_refuse(call, &reading, &life, "T-NOT-ALLOWED", "tuyau show ID",
		                "Only the device that gave it can say it otherwise.");
		return;
	}
	if (life.life.state != TUY_LIFE_OPEN ||
	    !rpc_record_get(call->home, &reading, &work->object, &record)) {
		rpc_life_refuse(call, &reading, &life, "T-NOT-OPEN", "tuyau show ID",
		                "It was awarded, or is over.");
		return;
	}
	rpc_record_keep(&record, room, sizeof room);
	life_among_read(&reading, &work->object, &among);
	rpc_life_close(&reading, &life);
	record.rev++;
	if (rpc_life_fields(call, &record, &fault) != 0) {
		rpc_fail_fault(call, &fault);
		return;
	}
	life_batch_add_among(&work->batch, &record, work->object.expires_s, &among);
	rpc_life_write(call);
}
