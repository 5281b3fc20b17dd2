/*
 * calendar: what is due, and what became of what was: first contacts with what was awarded to the
 * owner, what comes after them, own asks that end. What is over stays in it, as over, so that a
 * calendar that has it learns so.
 */
#include "audit.h"
#include "rpc_do.h"
#include "rpc_object.h"
#include "rpc_people.h"
#include "view_life.h"
#include <string.h>

#define LOOKED_MAX    64   /* objects opened in one turn.. */
#define PASSED_MAX    4096 /* ..and numbers looked at */
#define DAY_S         86400u
#define FOLLOW_UP_S   (7 * DAY_S)  /* product 1.3: "7 d without move" */
#define GONE_S        (60 * DAY_S) /* what is gone is told so long */
#define SEQUENCE_GONE 1000000      /* more than anything that was done about one object */

enum todo_status { NEEDS_ACTION, IN_PROCESS, COMPLETED, CANCELLED };

struct todo {
	const char *what; /* NULL: nothing is due here, and nothing was */
	enum todo_status status;
	uint32_t due_s;      /* 0: none */
	uint32_t ended_s;    /* COMPLETED */
	uint32_t modified_s; /* the newest thing about it */
	uint32_t sequence;
};

static const char *const status_names[] = { "needs-action", "in-process", "completed",
	                                    "cancelled" };

static bool same_member(const struct tuy_member *a, const struct tuy_member *b)
{
	return memcmp(a, b, sizeof *a) == 0;
}

/* ---- one object ---- */

/* When the newest act of a kind was done; 0: there is none. */
static uint32_t act_time(const struct view_life *life, enum tuy_record_kind kind)
{
	uint32_t at_s = 0;
	for (uint32_t i = 0; i < life->acts.count; i++)
		if (life->acts.act[i].kind == kind && life->acts.act[i].time_s > at_s)
			at_s = life->acts.act[i].time_s;
	return at_s;
}

static void own_ask_read(struct todo *todo, const struct view_object *object,
                         const struct view_life *life, uint32_t now_s)
{
	bool expired = object->expires_s != 0 && object->expires_s <= now_s;
	if (object->expires_s == 0)
		return;
	todo->what = "ask";
	todo->due_s = object->expires_s;
	if (life->life.state == TUY_LIFE_WITHDRAWN) {
		todo->status = CANCELLED;
	} else if (life->life.state == TUY_LIFE_CLOSED) {
		todo->status = COMPLETED;
		todo->ended_s = act_time(life, TUY_RECORD_CLOSED);
	} else if (expired) {
		todo->status = COMPLETED;
		todo->ended_s = object->expires_s;
		todo->modified_s = object->expires_s;
		todo->sequence++;
	}
}

/* Of a tip that was awarded to the owner, or an ask to which his answer was accepted. */
static void taken_read(struct todo *todo, const struct view_object *object,
                       const struct view_life *life)
{
	const struct tuy_life_award *award = tuy_life_award_to(&life->life, &life->me);
	bool tip = object->kind == TUY_RECORD_TIP;
	uint32_t last = tip ? TUY_STEP_QUOTED : TUY_MET; /* the last step behind which more comes */
	todo->what = tip ? "first-contact" : "answer";
	if (!award) {
		todo->status = CANCELLED;
		return;
	}
	if (award->step == 0 && tip) {
		todo->due_s = award->due_s;
	} else {
		if (tip)
			todo->what = "follow-up";
		todo->status = award->step == 0 ? NEEDS_ACTION : IN_PROCESS;
		todo->due_s = (award->step == 0 ? award->at_s : award->step_at_s) + FOLLOW_UP_S;
	}
	if (award->step > last || award->closed || life->life.state == TUY_LIFE_CLOSED) {
		todo->status = COMPLETED;
		todo->ended_s = award->step > last ? award->step_at_s : todo->modified_s;
	}
}

/* Whether it was ever awarded to the owner. */
static bool was_taken(const struct view_object *object, const struct view_life *life)
{
	for (uint32_t i = 0; i < life->acts.count; i++) {
		const struct tuy_act *act = &life->acts.act[i];
		if (act->kind == TUY_RECORD_AWARD && act->has_to &&
		    same_member(&act->to, &life->me) && same_member(&act->author, &object->member))
			return true;
	}
	return false;
}

static struct todo todo_read(struct rpc_home *home, struct store_reading *reading,
                             const struct view_object *object)
{
	const struct tuy_member *me = &home->d->keys->cert.member;
	bool mine = same_member(&object->member, me);
	struct todo todo = { 0 };
	struct view_life life;
	if (mine && object->kind != TUY_RECORD_ASK)
		return todo;
	if (view_life_read(reading, object, me, &life) == 0) {
		todo.sequence = object->rev + life.acts.count;
		todo.modified_s = rpc_profile_updated(home, reading, object);
		if (todo.modified_s < object->created_s)
			todo.modified_s = object->created_s;
		for (uint32_t i = 0; i < life.acts.count; i++)
			if (life.acts.act[i].time_s > todo.modified_s)
				todo.modified_s = life.acts.act[i].time_s;
		if (mine)
			own_ask_read(&todo, object, &life, loop_now(home->d).wall_s);
		else if (was_taken(object, &life))
			taken_read(&todo, object, &life);
	}
	view_life_free(&life);
	return todo;
}

/* ---- the answer ---- */

static void todo_put(const struct todo *todo, const char *id, struct rpc_out *out)
{
	rpc_put_uint(out, "schema", 1);
	rpc_put_str(out, "id", id);
	rpc_put_str(out, "what", todo->what);
	rpc_put_str(out, "status", status_names[todo->status]);
	rpc_put_time(out, "due", todo->due_s);
	rpc_put_time(out, "completed", todo->ended_s);
	rpc_put_time(out, "modified", todo->modified_s);
	rpc_put_uint(out, "sequence", todo->sequence);
}

static void object_put(struct rpc_home *home, struct store_reading *reading,
                       const struct view_object *object, struct rpc_out *out)
{
	struct tuy_record record;
	char id[TUY_OBJECT_TEXT];
	struct todo todo = todo_read(home, reading, object);
	if (!todo.what)
		return;
	tuy_object_text(&object->id, id);
	rpc_open_map(out, NULL);
	todo_put(&todo, id, out);
	bool readable = rpc_record_get(home, reading, object, &record);
	rpc_open_map(out, "object");
	rpc_object_put(home, reading, object, readable ? &record : NULL, out);
	rpc_close_one(out);
	rpc_close_one(out);
}

/* The objects from `position` on; where to go on, or 0 at the end. */
static uint32_t page_put(struct rpc_home *home, struct store_reading *reading, uint32_t circle_no,
                         uint32_t position, struct rpc_out *out)
{
	struct view_object object;
	uint32_t end = view_next_number(reading);
	uint32_t number = position;
	for (uint32_t looked = 0;
	     number < end && number - position < PASSED_MAX && looked < LOOKED_MAX; number++) {
		if (view_object(reading, number, &object) != 0 ||
		    (object.kind != TUY_RECORD_TIP && object.kind != TUY_RECORD_ASK) ||
		    (circle_no != UINT32_MAX && circle_no != object.circle_no))
			continue;
		looked++;
		object_put(home, reading, &object, out);
	}
	return number < end ? number : 0;
}

struct gone {
	struct store_reading *reading;
	uint32_t circle_no;
	struct rpc_out *out;
};

/* audit_on_row: what was in a calendar perhaps, and is no longer here. */
static void gone_put(void *context, const struct audit_row *row)
{
	const struct gone *gone = context;
	struct view_object object;
	struct todo todo = { .what = row->what == AUDIT_RECEIVED ? "first-contact" : "ask",
		             .status = CANCELLED,
		             .modified_s = row->at_s,
		             .sequence = SEQUENCE_GONE };
	char id[TUY_OBJECT_TEXT];
	if ((row->what != AUDIT_RECEIVED && row->what != AUDIT_UNASKED &&
	     row->what != AUDIT_FORGOTTEN_ASK) ||
	    (gone->circle_no != UINT32_MAX && gone->circle_no != row->circle_no) ||
	    view_find(gone->reading, &row->object, &row->object, &object, 1) > 0)
		return;
	tuy_object_text(&row->object, id);
	rpc_open_map(gone->out, NULL);
	todo_put(&todo, id, gone->out);
	rpc_put_nil(gone->out, "object");
	rpc_close_one(gone->out);
}

void rpc_do_calendar(struct rpc_call *call)
{
	struct store_reading reading;
	struct rpc_fault fault;
	struct rpc_circle *circle;
	uint32_t position = 0;
	uint32_t now_s = loop_now(call->home->d).wall_s;
	if (rpc_param_uint(call->params, "position", 0, UINT32_MAX, &position, &fault) < 0) {
		rpc_fail_fault(call, &fault);
		return;
	}
	if (rpc_reading_begin(call, &reading) != 0)
		return;
	if (rpc_circle_param_any(call, &reading, &circle) != 0) {
		store_reading_end(&reading);
		return;
	}
	uint32_t circle_no = circle ? circle->circle_no : UINT32_MAX;
	struct rpc_out *out = rpc_result(call);
	struct gone gone = { &reading, circle_no, out };
	rpc_open_map(out, NULL);
	rpc_put_uint(out, "schema", 1);
	rpc_open_array(out, "todos");
	uint32_t next = page_put(call->home, &reading, circle_no, position, out);
	if (next == 0)
		(void)audit_each(&reading, now_s > GONE_S ? now_s - GONE_S : 0, gone_put, &gone);
	rpc_close_one(out);
	if (next != 0)
		rpc_put_uint(out, "position", next);
	else
		rpc_put_nil(out, "position");
	rpc_close_one(out);
	store_reading_end(&reading);
	rpc_answer(call);
}
