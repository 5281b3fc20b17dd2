/* forget_find: what is held here that names a person or a company, or was over long ago. */
#include "naming.h"
#include "rpc_do.h"
#include "forget.h"
#include "rpc_object.h"
#include "rpc_people.h"
#include "store_letters.h"
#include "view_life.h"
#include "../proto/text.h"
#include <stdlib.h>
#include <string.h>

#define FOUND_MAX 1000
#define SLICE_NS  (2ull * 1000 * 1000) /* of one turn of the loop */

struct work {
	struct naming naming;
	bool by_name;
	uint32_t closed_before_s; /* 0: by name */
	uint32_t circle_no;       /* or UINT32_MAX */
	uint32_t next;            /* number of an object */
	uint32_t count;
	bool more;
	struct tuy_object found[FOUND_MAX];
	uint8_t record[TUY_BLOB_MAX];
};

/* ---- one object ---- */

static bool private_has(const struct work *work, struct store_reading *reading,
                        const struct view_object *object)
{
	struct tuy_bytes value;
	struct tuy_record record;
	return (view_private(reading, object->circle_no, &object->id, VIEW_PRIVATE_CARD, &value) ==
	                0 &&
	        tuy_record_read(value, &record) == TUY_OK &&
	        naming_in_record(&work->naming, &record)) ||
	       (view_private(reading, object->circle_no, &object->id, VIEW_PRIVATE_NOTE, &value) ==
	                0 &&
	        naming_in(&work->naming, value));
}

/* Whether the record at a place, if this node can read it, has the name. */
static bool entry_has(struct work *work, const struct daemon *d, struct store_reading *reading,
                      uint32_t log_no, uint32_t seq)
{
	struct tuy_bytes header, plain;
	struct view_sealed sealed;
	struct tuy_record record;
	if (store_entry(reading, log_no, seq, &header, &sealed.blob) != 0 || !sealed.blob.p)
		return false;
	sealed.header = header.p;
	return view_open(reading, &d->keys->device, log_no, seq, &sealed, work->record, &plain) ==
	               0 &&
	       tuy_record_read(plain, &record) == TUY_OK &&
	       naming_in_record(&work->naming, &record);
}

static bool object_has(struct work *work, const struct daemon *d, struct store_reading *reading,
                       const struct view_object *object, const struct view_life *life)
{
	struct view_act_at at[STORE_GONE_PLACES];
	uint32_t count = view_entries(reading, object, at, STORE_GONE_PLACES);
	for (uint32_t i = 0; i < count; i++)
		if (entry_has(work, d, reading, at[i].log_no, at[i].seq))
			return true;
	for (uint32_t i = 0; i < life->acts.count; i++)
		if (entry_has(work, d, reading, life->acts.at[i].log_no, life->acts.at[i].seq))
			return true;
	return private_has(work, reading, object);
}

/* When it was over: its last act, or its expiry; UINT32_MAX: it is not. */
static uint32_t over_at(const struct view_object *object, const struct view_life *life,
                        uint32_t now_s)
{
	enum view_state state = view_state_at(life->state, object->expires_s, now_s);
	uint32_t last_s = object->created_s;
	if (view_state_is_live(life->state, object->expires_s, now_s))
		return UINT32_MAX;
	if (state == VIEW_STATE_EXPIRED)
		return object->expires_s;
	for (uint32_t i = 0; i < life->acts.count; i++)
		if (life->acts.act[i].time_s > last_s)
			last_s = life->acts.act[i].time_s;
	return last_s;
}

static void object_look(struct work *work, const struct daemon *d, struct store_reading *reading,
                        const struct view_object *object)
{
	struct view_life life;
	bool wanted = object->kind == TUY_RECORD_TIP || object->kind == TUY_RECORD_ASK;
	if (!wanted || (work->circle_no != UINT32_MAX && object->circle_no != work->circle_no))
		return;
	if (view_life_read(reading, object, &d->keys->cert.member, &life) == 0) {
		if (work->by_name)
			wanted = object_has(work, d, reading, object, &life);
		else
			wanted = over_at(object, &life, loop_now(d).wall_s) < work->closed_before_s;
		if (wanted && work->count == FOUND_MAX)
			work->more = true;
		else if (wanted)
			work->found[work->count++] = object->id;
	}
	view_life_free(&life);
}

/* ---- letters and watches ---- */

static void letters_put(struct rpc_home *home, const struct work *work,
                        struct store_reading *reading, struct rpc_out *out)
{
	struct store_letter letter;
	char after[TUY_LETTER_NUMBER] = "";
	(void)home;
	rpc_open_array(out, "letters");
	while (work->by_name && store_letter_next(reading, after, &letter) == 0) {
		memcpy(after, letter.number, sizeof after);
		if (naming_in(&work->naming, letter.text))
			rpc_put_str(out, NULL, letter.number);
	}
	rpc_close_one(out);
}

static void watches_put(const struct rpc_home *home, const struct work *work, struct rpc_out *out)
{
	rpc_open_array(out, "watches");
	for (uint32_t i = 0; work->by_name && i < home->watches.count; i++) {
		const struct watch *watch = home->watches.watch[i];
		if (naming_in(&work->naming, (struct tuy_bytes){ watch->query, watch->query_len }))
			rpc_put_uint(out, NULL, watch->number);
	}
	rpc_close_one(out);
}

/* ---- the method ---- */

static void found_answer(struct rpc_call *call, struct store_reading *reading)
{
	struct work *work = call->work;
	struct view_object object;
	struct tuy_record record;
	struct rpc_out *out = rpc_result(call);
	rpc_open_map(out, NULL);
	rpc_put_uint(out, "schema", 1);
	rpc_open_array(out, "objects");
	for (uint32_t i = 0; i < work->count; i++) {
		if (view_find(reading, &work->found[i], &work->found[i], &object, 1) != 1)
			continue;
		bool readable = rpc_record_get(call->home, reading, &object, &record);
		rpc_open_map(out, NULL);
		rpc_object_put(call->home, reading, &object, readable ? &record : NULL, out);
		rpc_close_one(out);
	}
	rpc_close_one(out);
	letters_put(call->home, work, reading, out);
	watches_put(call->home, work, out);
	rpc_put_flag(out, "more", work->more);
	rpc_close_one(out);
	store_reading_end(reading);
	rpc_answer(call);
}

/* Some objects in one turn of the loop. */
static void look_on(struct rpc_call *call)
{
	struct work *work = call->work;
	struct store_reading reading;
	struct view_object object;
	if (rpc_reading_begin(call, &reading) != 0)
		return;
	uint64_t end_ns = uv_hrtime() + SLICE_NS;
	uint32_t last = view_next_number(&reading);
	while (work->next < last && !work->more && uv_hrtime() < end_ns)
		if (view_object(&reading, work->next++, &object) == 0)
			object_look(work, call->home->d, &reading, &object);
	if (work->next >= last || work->more) {
		found_answer(call, &reading);
		return;
	}
	store_reading_end(&reading);
	rpc_due(call, 0, look_on);
}

static int wanted_read(struct rpc_call *call, struct work *work, struct rpc_fault *fault)
{
	static const char usage[] = N_("tuyau forget --person NAME");
	struct tuy_bytes person = { 0 };
	struct tuy_bytes company = { 0 };
	uint32_t span_s = 0;
	int by_person = rpc_param_text(call->params, "person", NAMING_MAX, &person, fault);
	int by_company = rpc_param_text(call->params, "company", NAMING_MAX, &company, fault);
	int by_age = rpc_param_uint(call->params, "closed_before_s", 1, UINT32_MAX, &span_s, fault);
	uint32_t now_s = loop_now(call->home->d).wall_s;
	if (by_person < 0 || by_company < 0 || by_age < 0)
		return -1;
	if (by_person + by_company + by_age != 1)
		return rpc_fault_set(fault, "T-USAGE", usage,
		                     "Give one of person, company and closed_before_s.");
	work->by_name = by_age == 0;
	work->closed_before_s = span_s < now_s ? now_s - span_s : 0;
	if (by_person && naming_read(&work->naming, NAMING_PERSON, person) != 0)
		return rpc_fault_set(fault, "T-USAGE", usage,
		                     "A name has at least one word of two letters, and 12 words at "
		                     "the most.");
	if (by_company && naming_read(&work->naming, NAMING_COMPANY, company) != 0)
		return rpc_fault_set(fault, "T-USAGE", "tuyau forget --company NAME",
		                     "A name has at least one word of two letters, and 12 words at "
		                     "the most.");
	return 0;
}

void rpc_do_forget_find(struct rpc_call *call)
{
	struct store_reading reading;
	struct rpc_fault fault;
	struct rpc_circle *circle;
	struct work *work = rpc_work(call, sizeof *work);
	if (!work)
		return;
	if (wanted_read(call, work, &fault) != 0) {
		rpc_fail_fault(call, &fault);
		return;
	}
	if (rpc_reading_begin(call, &reading) != 0)
		return;
	int bad = rpc_circle_param_any(call, &reading, &circle);
	if (bad == 0)
		work->circle_no = circle ? circle->circle_no : UINT32_MAX;
	store_reading_end(&reading);
	if (bad == 0)
		look_on(call);
}
