/* forget, forget_status, forget_letter, scrub: erasing what one gave everywhere, and what others
 * gave here. */
#include "forget.h"
#include "audit.h"
#include "life.h"
#include "life_write.h"
#include "rpc_do.h"
#include "rpc_life.h"
#include "rpc_people.h"
#include "rpc_write.h"
#include "store_erase.h"
#include "store_letters.h"
#include "writer.h"
#include <stdlib.h>
#include <string.h>

#define HERE_MAX   1024
#define STATUS_MAX 200 /* of the newest that are shown */

struct work {
	struct life_batch batch;
	bool asked; /* its author was asked to erase it */
	struct view_object object;
	struct store_gone gone; /* own entries in ->place */
	uint32_t next;          /* of them: those before are retracted */
	uint32_t run;           /* so many from `next` on stand in one RETRACT */
	struct store_place here[HERE_MAX];
	uint32_t here_count;
	uint32_t here_next;
	uint32_t retracted;
	uint32_t erased_here;
	uint32_t rounds;
};

/* ---- forget ---- */

static const char *why_name(enum store_gone_why why)
{
	switch (why) {
	case STORE_GONE_FORGOTTEN:
		return "forgotten";
	case STORE_GONE_WITHDRAWN:
		return "withdrawn";
	case STORE_GONE_HERE:
		return "here";
	case STORE_GONE_RETRACTED:
		return "retracted";
	case STORE_GONE_EXPIRED:
		return "expired";
	case STORE_GONE_NOT:
		break;
	}
	return "erased";
}

static void forget_answer(struct rpc_call *call, const struct store_gone *gone, bool already,
                          bool dry_run)
{
	struct work *work = call->work;
	struct store_reading reading;
	char id[TUY_OBJECT_TEXT];
	if (rpc_reading_begin(call, &reading) != 0)
		return;
	tuy_object_text(&gone->id, id);
	struct rpc_out *out = rpc_result(call);
	rpc_open_map(out, NULL);
	rpc_put_uint(out, "schema", 1);
	rpc_put_str(out, "id", id);
	rpc_put_str(out, "from",
	            rpc_life_who(call->home, &reading, gone->circle_no, &gone->member));
	rpc_put_str(out, "why", why_name(gone->why));
	rpc_put_time(out, "at", gone->at_s);
	rpc_put_flag(out, "already", already);
	rpc_put_flag(out, "dry_run", dry_run);
	rpc_put_flag(out, "asked", work->asked);
	rpc_put_uint(out, "retracted", work->retracted);
	rpc_put_uint(out, "erased_here", work->erased_here);
	rpc_close_one(out);
	store_reading_end(&reading);
	rpc_answer(call);
}

static enum tuy_err retract_attempt(struct rpc_call *call, uint64_t *ticket)
{
	struct work *work = call->work;
	struct tuy_appended appended = { 0 };
	enum tuy_err err =
		forget_retract(call->home->d, &work->gone, work->next, &work->run, &appended);
	*ticket = appended.ticket;
	return err;
}

static enum tuy_err here_attempt(struct rpc_call *call, uint64_t *ticket)
{
	struct work *work = call->work;
	uint32_t left = work->here_count - work->here_next;
	work->run = left < WRITER_PLACES_MAX ? left : WRITER_PLACES_MAX;
	return loop_erase_here(call->home->d, work->here + work->here_next, work->run, ticket) == 0
	               ? TUY_OK
	               : TUY_E_FULL;
}

static void forget_next(struct rpc_call *call, const char *error);

static void retracted(struct rpc_call *call, const char *error)
{
	struct work *work = call->work;
	if (!error) {
		work->next += work->run;
		work->retracted += work->run;
	}
	forget_next(call, error);
}

static void erased_here(struct rpc_call *call, const char *error)
{
	struct work *work = call->work;
	if (!error) {
		work->here_next += work->run;
		work->erased_here += work->run;
	}
	forget_next(call, error);
}

/* What is left, after a first round: more than fitted, or what came meanwhile. */
static bool gather_again(struct rpc_call *call)
{
	struct work *work = call->work;
	struct store_reading reading;
	struct store_gone more;
	if (++work->rounds > 16 || store_reading_begin(call->home->d->store, &reading) != 0)
		return false;
	work->here_count = forget_gather(call->home->d, &reading, &work->object, FORGET_ALL, &more,
	                                 work->here, HERE_MAX);
	store_reading_end(&reading);
	memcpy(work->gone.place, more.place, sizeof more.place);
	work->gone.place_count = more.place_count;
	work->next = work->here_next = 0;
	return work->here_count > 0 || more.place_count > 0;
}

/* Its author learns that it is wanted gone. What is erased here does not depend on it. */
static void author_ask(struct rpc_call *call)
{
	struct work *work = call->work;
	struct daemon *d = call->home->d;
	struct tuy_record record = life_record(TUY_RECORD_ERASE_ASKED, &work->object.id);
	life_batch_begin(&work->batch, work->object.circle_no);
	life_batch_add(&work->batch, &record, life_expiry(d, LIFE_SPAN_ACT), &work->object.member);
	work->asked = life_batch_write(d, &work->batch) == TUY_OK;
	loop_drain(d);
}

static void forget_next(struct rpc_call *call, const char *error)
{
	struct work *work = call->work;
	if (error)
		rpc_write_failed(call, error);
	else if (work->next < work->gone.place_count)
		rpc_write(call, retract_attempt, retracted);
	else if (work->here_next < work->here_count)
		rpc_write(call, here_attempt, erased_here);
	else if (gather_again(call))
		forget_next(call, NULL);
	else {
		life_look(call->home->life);
		if (work->gone.why == STORE_GONE_HERE)
			author_ask(call);
		forget_answer(call, &work->gone, false, false);
	}
}

static void forget_begin(struct rpc_call *call, bool dry_run)
{
	struct rpc_home *home = call->home;
	struct work *work = call->work;
	bool mine = rpc_life_mine(home, &work->object);
	bool ask = mine && work->object.kind == TUY_RECORD_ASK;
	struct audit_row row = { .what = ask ? AUDIT_FORGOTTEN_ASK : AUDIT_FORGOTTEN,
		                 .circle_no = work->object.circle_no,
		                 .object = work->object.id,
		                 .count = work->gone.place_count + work->here_count };
	work->gone.why = mine ? STORE_GONE_FORGOTTEN : STORE_GONE_HERE;
	if (dry_run) {
		work->retracted = work->gone.place_count;
		work->erased_here = work->here_count;
		forget_answer(call, &work->gone, false, true);
		return;
	}
	if (home->last_write.used &&
	    memcmp(&home->last_write.id, &work->object.id, sizeof work->object.id) == 0)
		home->last_write.used = false;
	forget_keep(home->d, &work->gone);
	audit_note(home->d, &row);
	forget_next(call, NULL);
}

/* The one erased thing that the param means; false: none, or several. */
static bool gone_param(struct rpc_call *call, struct store_reading *reading,
                       struct store_gone *gone)
{
	struct rpc_fault fault;
	struct tuy_bytes id = { 0 };
	struct tuy_object low, high;
	struct view_object object;
	return rpc_param_text(call->params, "id", TUY_OBJECT_TEXT - 1, &id, &fault) == 1 &&
	       tuy_object_range(id, &low, &high) == TUY_OK &&
	       view_find(reading, &low, &high, &object, 1) == 0 &&
	       store_gone_find(reading, &low, &high, gone) == 1;
}

void rpc_do_forget(struct rpc_call *call)
{
	struct store_reading reading;
	struct rpc_fault fault;
	bool dry_run = false;
	struct work *work = rpc_work(call, sizeof *work);
	if (!work)
		return;
	if (rpc_param_flag(call->params, "dry_run", &dry_run, &fault) < 0) {
		rpc_fail_fault(call, &fault);
		return;
	}
	if (rpc_reading_begin(call, &reading) != 0)
		return;
	bool already = gone_param(call, &reading, &work->gone);
	store_reading_end(&reading);
	if (already) {
		forget_answer(call, &work->gone, true, dry_run);
		return;
	}
	if (rpc_object_param(call, &reading, &work->object) != 0)
		return;
	work->here_count = forget_gather(call->home->d, &reading, &work->object, FORGET_ALL,
	                                 &work->gone, work->here, HERE_MAX);
	store_reading_end(&reading);
	forget_begin(call, dry_run);
}

/* ---- forget_status ---- */

struct listing {
	uint32_t count;
	struct store_gone *list[STATUS_MAX]; /* newest first */
	bool one;
	struct tuy_object low, high; /* if one */
	bool no_memory;
};

/* store_gone_on_row */
static void gone_list(void *context, const struct store_gone *gone)
{
	struct listing *listing = context;
	if (listing->one && (memcmp(&gone->id, &listing->low, sizeof gone->id) < 0 ||
	                     memcmp(&gone->id, &listing->high, sizeof gone->id) > 0))
		return;
	if (!listing->one && gone->why != STORE_GONE_FORGOTTEN &&
	    gone->why != STORE_GONE_WITHDRAWN && gone->why != STORE_GONE_HERE)
		return;
	uint32_t at = listing->count;
	while (at > 0 && listing->list[at - 1]->at_s < gone->at_s)
		at--;
	if (at == STATUS_MAX)
		return;
	struct store_gone *copy = malloc(sizeof *copy);
	if (!copy) {
		listing->no_memory = true;
		return;
	}
	*copy = *gone;
	if (listing->count == STATUS_MAX)
		free(listing->list[--listing->count]);
	memmove(listing->list + at + 1, listing->list + at,
	        (listing->count - at) * sizeof listing->list[0]);
	listing->list[at] = copy;
	listing->count++;
}

/* When its link ended last while the daemon runs; 0: not known. */
static uint32_t seen_at(const struct rpc_home *home, const struct tuy_device *device)
{
	for (uint32_t i = 0; i < RPC_SEEN_MAX; i++)
		if (home->seen[i].at_s != 0 &&
		    memcmp(&home->seen[i].device, device, sizeof *device) == 0)
			return home->seen[i].at_s;
	return 0;
}

static bool has_confirmed(struct store_reading *reading, const struct store_gone *gone,
                          const struct tuy_device *device)
{
	for (uint32_t i = 0; i < gone->place_count; i++)
		if (store_receipt(reading, gone->place[i].log_no, gone->place[i].seq, device) != 1)
			return false;
	return true;
}

static bool node_put(struct rpc_home *home, struct store_reading *reading,
                     const struct store_gone *gone, const struct tuy_device_info *info,
                     struct rpc_out *out)
{
	const struct rpc_circle *circle = rpc_circle_get(home, reading, gone->circle_no);
	const struct rpc_person *person = circle ? rpc_person_get(circle, &info->member) : NULL;
	bool confirmed = has_confirmed(reading, gone, &info->device);
	uint32_t since_s = seen_at(home, &info->device);
	rpc_open_map(out, NULL);
	rpc_put_hex(out, "member", TUY_BYTES(info->member.b));
	rpc_put_hex(out, "device", TUY_BYTES(info->device.b));
	rpc_put_str(out, "from", person ? person->from : NULL);
	rpc_put_flag(out, "confirmed", confirmed);
	rpc_put_flag(out, "online", info->state == TUY_PEER_CONNECTED);
	if (info->state != TUY_PEER_CONNECTED && since_s != 0)
		rpc_put_time(out, "offline_since", since_s);
	else
		rpc_put_nil(out, "offline_since");
	rpc_close_one(out);
	return confirmed;
}

static void gone_put(struct rpc_home *home, struct store_reading *reading,
                     const struct store_gone *gone, struct rpc_out *out)
{
	const struct rpc_circle *circle = rpc_circle_get(home, reading, gone->circle_no);
	struct tuy_device_info info;
	char id[TUY_OBJECT_TEXT];
	uint32_t of = 0;
	uint32_t confirmed = 0;
	tuy_object_text(&gone->id, id);
	rpc_open_map(out, NULL);
	rpc_put_uint(out, "schema", 1);
	rpc_put_str(out, "id", id);
	rpc_put_str(out, "circle", circle ? circle->slug : NULL);
	rpc_put_str(out, "from", rpc_life_who(home, reading, gone->circle_no, &gone->member));
	rpc_put_str(out, "why", why_name(gone->why));
	rpc_put_time(out, "at", gone->at_s);
	rpc_open_array(out, "nodes");
	for (uint32_t i = 0; gone->place_count > 0 &&
	                     tuy_node_device(home->d->node, gone->circle_no, i, &info) == TUY_OK;
	     i++) {
		if (!info.active || info.state == TUY_PEER_SELF)
			continue;
		of++;
		confirmed += node_put(home, reading, gone, &info, out);
	}
	rpc_close_one(out);
	rpc_put_uint(out, "confirmed", confirmed);
	rpc_put_uint(out, "of", of);
	rpc_close_one(out);
}

void rpc_do_forget_status(struct rpc_call *call)
{
	struct store_reading reading;
	struct rpc_fault fault;
	struct tuy_bytes id = { 0 };
	struct listing *listing = rpc_work(call, sizeof *listing);
	if (!listing)
		return;
	int there = rpc_param_text(call->params, "id", TUY_OBJECT_TEXT - 1, &id, &fault);
	if (there == 1 && tuy_object_range(id, &listing->low, &listing->high) != TUY_OK)
		there = rpc_fault_set(&fault, "T-USAGE", "tuyau forget",
		                      "An id has only digits and letters, and no U.");
	if (there < 0) {
		rpc_fail_fault(call, &fault);
		return;
	}
	listing->one = there == 1;
	if (rpc_reading_begin(call, &reading) != 0)
		return;
	(void)store_gone_each(&reading, gone_list, listing); /* what is damaged is left out */
	struct rpc_out *out = rpc_result(call);
	rpc_open_array(out, NULL);
	for (uint32_t i = 0; i < listing->count; i++) {
		gone_put(call->home, &reading, listing->list[i], out);
		free(listing->list[i]);
	}
	rpc_close_one(out);
	store_reading_end(&reading);
	if (listing->no_memory)
		rpc_fail(call, "T-MEMORY", "", "There was not enough memory.");
	else
		rpc_answer(call);
}

/* ---- scrub ---- */

static enum tuy_err scrub_attempt(struct rpc_call *call, uint64_t *ticket)
{
	return loop_scrub(call->home->d, ticket) == 0 ? TUY_OK : TUY_E_FULL;
}

static void scrubbed(struct rpc_call *call, const char *error)
{
	if (error) {
		rpc_write_failed(call, error);
		return;
	}
	struct rpc_out *out = rpc_result(call);
	rpc_open_map(out, NULL);
	rpc_put_uint(out, "schema", 1);
	rpc_put_flag(out, "done", true);
	rpc_close_one(out);
	rpc_answer(call);
}

void rpc_do_scrub(struct rpc_call *call)
{
	rpc_write(call, scrub_attempt, scrubbed);
}

/* ---- forget_letter ---- */

static enum tuy_err letter_attempt(struct rpc_call *call, uint64_t *ticket)
{
	struct rpc_fault fault;
	struct tuy_bytes number = { 0 };
	struct tuy_bytes none = { 0 };
	(void)rpc_param_text(call->params, "number", TUY_LETTER_NUMBER - 1, &number, &fault);
	return loop_keep(call->home->d, STORE_OWN_LETTERS, number, none, ticket) == 0 ? TUY_OK
	                                                                              : TUY_E_FULL;
}

static void letter_gone(struct rpc_call *call, const char *error)
{
	struct rpc_fault fault;
	struct tuy_bytes number = { 0 };
	if (error) {
		rpc_write_failed(call, error);
		return;
	}
	(void)rpc_param_text(call->params, "number", TUY_LETTER_NUMBER - 1, &number, &fault);
	struct rpc_out *out = rpc_result(call);
	rpc_open_map(out, NULL);
	rpc_put_uint(out, "schema", 1);
	rpc_put_text(out, "number", number);
	rpc_close_one(out);
	rpc_answer(call);
}

void rpc_do_forget_letter(struct rpc_call *call)
{
	struct rpc_fault fault;
	struct tuy_bytes number = { 0 };
	int there = rpc_param_text(call->params, "number", TUY_LETTER_NUMBER - 1, &number, &fault);
	if (there == 1 && number.len == TUY_LETTER_NUMBER - 1) {
		rpc_write(call, letter_attempt, letter_gone);
		return;
	}
	if (there >= 0)
		rpc_fault_set(&fault, "T-USAGE", "tuyau vouch list", "Which letter?");
	rpc_fail_fault(call, &fault);
}
