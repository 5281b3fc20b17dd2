/*
 * export: everything of the owner's, or all that is held here about one person, a page at a time: a
 * store of 100,000 objects is no reason for one answer that holds up everybody.
 */
#include "audit.h"
#include "rpc_do.h"
#include "rpc_object.h"
#include "rpc_people.h"
#include "view_life.h"
#include "../proto/text.h"
#include <string.h>

#define LOOKED_MAX 64         /* objects opened in one turn.. */
#define PASSED_MAX 4096       /* ..and numbers looked at */
#define PAGE_MAX   (1u << 20) /* bytes of an answer, about */

struct wanted {
	enum { WANTED_OWN, WANTED_ALL, WANTED_ABOUT } what;
	struct tuy_query name; /* WANTED_ABOUT */
	bool named;            /* of the object at work: it has all words of the name */
	uint32_t circle_no;    /* UINT32_MAX: all circles */
	uint32_t position;
};

/* ---- which ---- */

/* Whether the owner gave it, or did something about it that others know of. */
static bool is_own_business(struct rpc_home *home, struct store_reading *reading,
                            const struct view_object *object)
{
	const struct tuy_member *me = &home->d->keys->cert.member;
	struct view_life life;
	bool found = memcmp(&object->member, me, sizeof *me) == 0;
	if (found)
		return true;
	if (view_life_read(reading, object, me, &life) == 0)
		for (uint32_t i = 0; i < life.acts.count && !found; i++) {
			const struct tuy_act *act = &life.acts.act[i];
			found = memcmp(&act->author, me, sizeof *me) == 0 ||
			        (act->has_to && memcmp(&act->to, me, sizeof *me) == 0);
		}
	view_life_free(&life);
	return found;
}

/* rpc_reply.h, on_text: whether this one has all words of the name. */
static void text_look(void *context, struct tuy_bytes text)
{
	struct wanted *wanted = context;
	wanted->named = wanted->named || tuy_query_matches(&wanted->name, &text, 1);
}

/* ---- a page ---- */

/* Writes the object if it is wanted; whether it is. */
static bool object_take(struct rpc_home *home, struct store_reading *reading, struct wanted *wanted,
                        const struct view_object *object, uint32_t taken, struct rpc_out *out)
{
	struct tuy_record record;
	size_t begin = out->len;
	uint32_t depth = out->depth;
	if (wanted->what == WANTED_OWN && !is_own_business(home, reading, object))
		return false;
	bool readable = rpc_record_get(home, reading, object, &record);
	wanted->named = wanted->what != WANTED_ABOUT;
	rpc_open_map(out, NULL);
	rpc_object_put(home, reading, object, readable ? &record : NULL, out);
	rpc_close_one(out);
	if (!wanted->named)
		rpc_out_cut(out, begin, depth, taken);
	return wanted->named;
}

/* The objects from wanted->position on; where to go on, or 0 at the end. */
static uint32_t page_put(struct rpc_home *home, struct store_reading *reading,
                         struct wanted *wanted, struct rpc_out *out)
{
	struct view_object object;
	uint32_t end = view_next_number(reading);
	uint32_t number = wanted->position;
	uint32_t looked = 0;
	uint32_t taken = 0;
	while (number < end && number - wanted->position < PASSED_MAX && looked < LOOKED_MAX &&
	       out->len < PAGE_MAX) {
		if (view_object(reading, number++, &object) != 0 ||
		    (object.kind != TUY_RECORD_TIP && object.kind != TUY_RECORD_ASK) ||
		    (wanted->circle_no != UINT32_MAX && wanted->circle_no != object.circle_no))
			continue;
		looked++;
		taken += object_take(home, reading, wanted, &object, taken, out);
	}
	return number < end ? number : 0;
}

/* 0, or -1 with `fault`. */
static int wanted_read(struct rpc_call *call, struct wanted *wanted, struct rpc_fault *fault)
{
	struct tuy_bytes name = { 0 };
	bool all = false;
	if (rpc_param_uint(call->params, "position", 0, UINT32_MAX, &wanted->position, fault) < 0 ||
	    rpc_param_flag(call->params, "all", &all, fault) < 0)
		return -1;
	int there = rpc_param_text(call->params, "about", RPC_NAME_MAX, &name, fault);
	if (there < 0)
		return -1;
	wanted->what = there ? WANTED_ABOUT : all ? WANTED_ALL : WANTED_OWN;
	if (there && tuy_query_parse(&wanted->name, TUY_QUERY_WATCH, name) != TUY_OK)
		return rpc_fault_set(fault, "T-USAGE", "tuyau export --about \"NAME\"",
		                     "A name has one word or some more.");
	return 0;
}

void rpc_do_export(struct rpc_call *call)
{
	struct rpc_home *home = call->home;
	struct store_reading reading;
	struct rpc_fault fault;
	struct rpc_circle *circle;
	struct wanted *wanted = rpc_work(call, sizeof *wanted);
	if (!wanted)
		return;
	if (wanted_read(call, wanted, &fault) != 0) {
		rpc_fail_fault(call, &fault);
		return;
	}
	if (rpc_reading_begin(call, &reading) != 0)
		return;
	if (rpc_circle_param_any(call, &reading, &circle) != 0) {
		store_reading_end(&reading);
		return;
	}
	wanted->circle_no = circle ? circle->circle_no : UINT32_MAX;
	if (wanted->position == 0)
		audit_note(home->d, &(struct audit_row){ .what = wanted->what == WANTED_ABOUT
		                                                         ? AUDIT_ACCESSED
		                                                         : AUDIT_EXPORTED,
		                                         .circle_no = wanted->circle_no });
	struct rpc_out *out = rpc_result(call);
	rpc_open_map(out, NULL);
	rpc_put_uint(out, "schema", 1);
	rpc_open_array(out, "objects");
	if (wanted->what == WANTED_ABOUT) {
		out->on_text = text_look;
		out->context = wanted;
	}
	uint32_t next = page_put(home, &reading, wanted, out);
	out->on_text = NULL;
	rpc_close_one(out);
	if (next != 0)
		rpc_put_uint(out, "position", next);
	else
		rpc_put_nil(out, "position");
	rpc_close_one(out);
	store_reading_end(&reading);
	rpc_answer(call);
}
