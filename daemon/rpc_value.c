/*
 * value: what the circle brought. Tips and asks are counted from the logs; what became of them is
 * counted as far as this version records it, and is zero else: nothing is guessed.
 */
#include "rpc_do.h"
#include "rpc_people.h"
#include <string.h>

#define SINCE_USUAL_S (90u * 86400)
#define COUNTED_MAX   5000 /* objects of one answer, the newest */

enum side { GIVEN, RECEIVED, SIDES };

struct tally {
	uint32_t tips[SIDES];
	uint32_t open[SIDES];
	uint32_t asked;
	uint32_t asks_open;
};

static void object_count(struct tally *tally, const struct view_object *object,
                         const struct tuy_member *me, uint32_t now_s)
{
	bool own = memcmp(&object->member, me, sizeof *me) == 0;
	bool open = object->expires_s == 0 || object->expires_s > now_s;
	if (object->kind == TUY_RECORD_TIP) {
		tally->tips[own ? GIVEN : RECEIVED]++;
		tally->open[own ? GIVEN : RECEIVED] += open;
	} else if (own) {
		tally->asked++;
		tally->asks_open += open;
	}
}

static void side_put(struct rpc_out *out, const char *key, const struct tally *tally,
                     enum side side)
{
	static const char *const none_yet[] = { "met", "won", "lost", "given_back" };
	rpc_open_map(out, key);
	rpc_put_uint(out, "tips", tally->tips[side]);
	rpc_put_uint(out, "open", tally->open[side]);
	for (size_t i = 0; i < sizeof none_yet / sizeof none_yet[0]; i++)
		rpc_put_uint(out, none_yet[i], 0);
	rpc_open_array(out, "amounts");
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
	rpc_put_uint(out, "solved", 0);
	rpc_close_one(out);
	rpc_put_nil(out, "first_contact_s");
	rpc_put_uint(out, "uncounted", uncounted);
	rpc_close_one(out);
	rpc_answer(call);
}

void rpc_do_value(struct rpc_call *call)
{
	struct store_reading reading;
	struct rpc_circle *circle;
	struct rpc_fault fault;
	struct tally tally = { 0 };
	uint32_t span_s = SINCE_USUAL_S, more;
	uint32_t now_s = loop_now(call->home->d).wall_s;
	if (rpc_param_uint(call->params, "since_s", 1, UINT32_MAX, &span_s, &fault) < 0) {
		rpc_fail_fault(call, &fault);
		return;
	}
	struct view_object *object = rpc_work(call, COUNTED_MAX * sizeof *object);
	if (!object || rpc_reading_begin(call, &reading) != 0)
		return;
	if (rpc_circle_param_any(call, &reading, &circle) != 0) {
		store_reading_end(&reading);
		return;
	}
	struct view_filter filter = { .circle_no = circle ? circle->circle_no : UINT32_MAX,
		                      .since_s = span_s < now_s ? now_s - span_s : 1 };
	uint32_t count = view_list(&reading, &filter, object, COUNTED_MAX, &more);
	store_reading_end(&reading);
	for (uint32_t i = 0; i < count; i++)
		object_count(&tally, &object[i], &call->home->d->keys->cert.member, now_s);
	value_answer(call, &tally, filter.since_s, more);
}
