/* events: what has happened, and waiting for more. */
#include "rpc_events.h"
#include "event_people.h"
#include "event_source.h"
#include "hooks.h"
#include "rpc_do.h"
#include "rpc_object.h"
#include "rpc_people.h"
#include "../proto/blob.h"
#include "../proto/hash.h"
#include <string.h>

#define LIMIT_USUAL 100
#define LIMIT_MOST  200 /* OBJECTs of 16 KiB stay under what an answer holds */
#define WAIT_MOST_S 25  /* less than a connection may be silent */
#define WAITING_MAX 16  /* half of all connections */

struct events_work {
	struct rpc_call *next; /* of those that wait */
	uint64_t at;
	bool start_lost; /* the position was of another start */
	uint32_t limit;
};

/* ---- EVENT ---- */

/* Only some of the circle can read it. */
static bool is_private(struct store_reading *reading, const struct view_object *object)
{
	struct tuy_bytes header;
	struct tuy_bytes blob;
	return store_entry(reading, object->log_no, object->seq, &header, &blob) == 0 && blob.p &&
	       blob.len > 0 && blob.p[0] == TUY_BLOB_SEALED;
}

/* As `key`; NULL: an element, which is left out if it is gone. */
static void object_put(struct rpc_home *home, struct store_reading *reading,
                       const struct tuy_object *id, const char *key, struct rpc_out *out)
{
	struct view_object object;
	struct tuy_record record;
	if (view_find(reading, id, id, &object, 1) != 1) {
		if (key)
			rpc_put_nil(out, key);
		return;
	}
	bool readable = rpc_record_get(home, reading, &object, &record);
	rpc_open_map(out, key);
	rpc_object_put(home, reading, &object, readable ? &record : NULL, out);
	if (is_private(reading, &object))
		rpc_put_flag(out, "private", true);
	rpc_close_one(out);
}

static void profile_put(struct rpc_home *home, struct store_reading *reading,
                        const struct rpc_circle *circle, const struct event *event,
                        struct rpc_out *out)
{
	struct view_object object;
	struct tuy_record record;
	if (!circle || view_profile(reading, event->circle_no, &event->member, &object) != 0 ||
	    !rpc_record_get(home, reading, &object, &record)) {
		rpc_put_nil(out, "profile");
		return;
	}
	rpc_open_map(out, "profile");
	rpc_profile_put(circle, &event->member, &record,
	                rpc_profile_updated(home, reading, &object), out);
	rpc_close_one(out);
}

/* Whose device it is, in the first circle that has it; NULL: nobody known. */
static const struct rpc_person *device_person(struct rpc_home *home, struct store_reading *reading,
                                              const struct tuy_device *device)
{
	struct tuy_device_info info;
	for (uint32_t c = 0; c < TUY_CIRCLES_MAX; c++) {
		for (uint32_t i = 0; tuy_node_device(home->d->node, c, i, &info) == TUY_OK; i++) {
			if (memcmp(&info.device, device, sizeof *device) != 0)
				continue;
			const struct rpc_circle *circle = rpc_circle_get(home, reading, c);
			return circle ? rpc_person_get(circle, &info.member) : NULL;
		}
	}
	return NULL;
}

static void peer_put(struct rpc_home *home, struct store_reading *reading,
                     const struct event *event, struct rpc_out *out)
{
	const struct rpc_person *person = device_person(home, reading, &event->device);
	if (person)
		rpc_put_hex(out, "member", TUY_BYTES(person->member.b));
	else
		rpc_put_nil(out, "member");
	rpc_put_str(out, "name", person && person->has_profile ? person->name : NULL);
	rpc_put_str(out, "from", person ? person->from : NULL);
	rpc_put_hex(out, "device", TUY_BYTES(event->device.b));
}

/* Who did it. */
static void member_put(const struct rpc_circle *circle, const struct event *event,
                       struct rpc_out *out)
{
	const struct rpc_person *person = circle ? rpc_person_get(circle, &event->member) : NULL;
	rpc_put_str(out, "name", person && person->has_profile ? person->name : NULL);
	rpc_put_str(out, "from", person ? person->from : NULL);
}

static void digest_put(struct rpc_home *home, struct store_reading *reading, struct rpc_out *out)
{
	const struct digest_told *told = event_source_digest(home->source);
	rpc_put_time(out, "since", told->since_s);
	rpc_put_uint(out, "count", told->count);
	rpc_open_map(out, "events");
	for (int kind = 0; kind < EVENT_KINDS; kind++)
		if (told->of_kind[kind] > 0)
			rpc_put_uint(out, event_name((enum event_kind)kind), told->of_kind[kind]);
	rpc_close_one(out);
	rpc_open_array(out, "objects");
	for (uint32_t i = 0; i < told->object_count; i++)
		object_put(home, reading, &told->object[i].id, NULL, out);
	rpc_close_one(out);
	rpc_put_uint(out, "more", told->objects_more);
}

static void synced_put(struct rpc_home *home, const struct rpc_circle *circle,
                       const struct event *event, struct rpc_out *out)
{
	struct tuy_circle_info info = { 0 };
	tuy_node_circle(home->d->node, event->circle_no, &info);
	rpc_put_str(out, "name", circle ? circle->name : NULL);
	rpc_put_uint(out, "members", info.members);
	rpc_put_uint(out, "online", info.online);
	rpc_put_uint(out, "entries", info.entries);
}

static const char *text_or_null(const char *text)
{
	return text[0] != '\0' ? text : NULL;
}

static void fields_put(struct rpc_home *home, struct store_reading *reading,
                       const struct rpc_circle *circle, const struct event *event,
                       struct rpc_out *out)
{
	char id[TUY_OBJECT_TEXT];
	switch (event->kind) {
	case EVENT_TIP_NEW:
	case EVENT_ASK_NEW:
	case EVENT_TIP_MATCHED:
	case EVENT_ASK_MATCHED:
	case EVENT_VOUCH_REQUESTED:
	case EVENT_TIP_DELIVERED:
	case EVENT_ASK_DELIVERED:
	case EVENT_TIP_CLAIMED:
	case EVENT_TIP_AWARDED:
	case EVENT_TIP_TAKEN:
	case EVENT_TIP_PROGRESS:
	case EVENT_TIP_DUE:
	case EVENT_TIP_OVERDUE:
	case EVENT_TIP_CLOSED:
	case EVENT_ASK_ANSWERED:
	case EVENT_ANSWER_ACCEPTED:
		object_put(home, reading, &event->object, "object", out);
		break;
	case EVENT_PROFILE_CHANGED:
	case EVENT_MEMBER_JOINED:
	case EVENT_MEMBER_LEFT:
		profile_put(home, reading, circle, event, out);
		break;
	case EVENT_INVITE_USED:
		rpc_put_str(out, "name", text_or_null(event->name));
		rpc_put_hex(out, "device", TUY_BYTES(event->device.b));
		break;
	case EVENT_CIRCLE_JOINED:
		rpc_put_str(out, "name", circle ? circle->name : NULL);
		rpc_put_str(out, "from", text_or_null(event->name));
		break;
	case EVENT_CIRCLE_CHANGED:
		rpc_put_str(out, "name", circle ? circle->name : NULL);
		break;
	case EVENT_CIRCLE_SYNCED:
		synced_put(home, circle, event, out);
		break;
	case EVENT_PEER_UP:
	case EVENT_PEER_DOWN:
		peer_put(home, reading, event, out);
		break;
	case EVENT_PEER_UNREACHABLE:
		peer_put(home, reading, event, out);
		rpc_put_uint(out, "days", EVENT_UNREACHED_DAYS);
		break;
	case EVENT_THANKS_RECEIVED:
		object_put(home, reading, &event->object, "object", out);
		member_put(circle, event, out);
		break;
	case EVENT_VOUCH_REVOKED:
		member_put(circle, event, out);
		break;
	case EVENT_ERASE_REQUESTED:
		tuy_object_text(&event->object, id);
		rpc_put_str(out, "id", id);
		member_put(circle, event, out);
		break;
	case EVENT_DIGEST:
		digest_put(home, reading, out);
		break;
	case EVENT_NOTICE:
		rpc_put_str(out, "text", event->notice);
		break;
	case EVENT_LOST:
		break; /* lost_put */
	}
}

static void event_open(const struct events *events, const char *name, uint64_t position,
                       struct rpc_out *out)
{
	char text[EVENTS_POSITION_TEXT];
	events_position_text(events, position, text);
	rpc_open_map(out, NULL);
	rpc_put_uint(out, "schema", 1);
	rpc_put_str(out, "event", name);
	rpc_put_str(out, "position", text);
}

static void event_put(struct rpc_home *home, struct store_reading *reading,
                      const struct events *events, uint64_t at, struct rpc_out *out)
{
	const struct event *event = events_at(events, at);
	const struct rpc_circle *circle = event->circle_no == EVENT_NO_CIRCLE
	                                          ? NULL
	                                          : rpc_circle_get(home, reading, event->circle_no);
	event_open(events, event_name(event->kind), at + 1, out);
	rpc_put_time(out, "at", event->at_s);
	rpc_put_str(out, "circle", circle ? circle->slug : NULL);
	fields_put(home, reading, circle, event, out);
	rpc_close_one(out);
}

/* What was overtaken before it was read: `count`, or (unknown) what another start told. */
static void lost_put(struct rpc_home *home, const struct events *events, uint64_t at,
                     const uint64_t *count, struct rpc_out *out)
{
	event_open(events, event_name(EVENT_LOST), at, out);
	rpc_put_time(out, "at", loop_now(home->d).wall_s);
	rpc_put_nil(out, "circle");
	if (count)
		rpc_put_uint(out, "count", *count);
	else
		rpc_put_nil(out, "count");
	rpc_close_one(out);
}

/* ---- the call ---- */

static void waiting_end(struct rpc_call *call)
{
	struct rpc_call **at = &call->home->following;
	while (*at && *at != call) {
		struct events_work *work = (*at)->work;
		at = &work->next;
	}
	if (!*at)
		return;
	struct events_work *work = call->work;
	*at = work->next;
	call->home->following_count--;
}

static void events_answer(struct rpc_call *call)
{
	struct rpc_home *home = call->home;
	struct events_work *work = call->work;
	const struct events *events = event_source_events(home->source);
	struct store_reading reading;
	char text[EVENTS_POSITION_TEXT];
	waiting_end(call);
	if (rpc_reading_begin(call, &reading) != 0)
		return;
	uint64_t begin = events_begin(events);
	uint64_t lost = work->at < begin ? begin - work->at : 0;
	uint64_t at = work->at + lost;
	struct rpc_out *out = rpc_result(call);
	rpc_open_map(out, NULL);
	rpc_put_uint(out, "schema", 1);
	rpc_open_array(out, "events");
	if (work->start_lost || lost > 0)
		lost_put(home, events, at, work->start_lost ? NULL : &lost, out);
	for (uint32_t i = 0; i < work->limit && at < events_end(events); i++)
		event_put(home, &reading, events, at++, out);
	rpc_close_one(out);
	events_position_text(events, at, text);
	rpc_put_str(out, "position", text);
	rpc_put_flag(out, "more", at < events_end(events));
	rpc_close_one(out);
	store_reading_end(&reading);
	rpc_answer(call);
}

static void events_gone(struct rpc_call *call)
{
	waiting_end(call);
	rpc_answer(call);
}

static void events_wait(struct rpc_call *call, uint32_t wait_s)
{
	struct rpc_home *home = call->home;
	struct events_work *work = call->work;
	if (home->following_count == WAITING_MAX) {
		rpc_fail(call, "T-BUSY", "End one of them, then try again.",
		         "%d programs follow the events already.", WAITING_MAX);
		return;
	}
	work->next = home->following;
	home->following = call;
	home->following_count++;
	call->on_gone = events_gone;
	rpc_due(call, (uint64_t)wait_s * 1000, events_answer);
}

/* Param since. 0, or -1 with `fault`. */
static int since_param(struct rpc_call *call, struct events_work *work, struct rpc_fault *fault)
{
	const struct events *events = event_source_events(call->home->source);
	struct tuy_bytes since = { 0 };
	work->at = events_end(events);
	int there = rpc_param_text(call->params, "since", EVENTS_POSITION_TEXT, &since, fault);
	if (there <= 0)
		return there;
	int read = events_position_read(events, since, &work->at);
	work->start_lost = read > 0;
	if (read < 0)
		return rpc_fault_set(fault, "T-USAGE", "tuyau events --json=position",
		                     "--since wants the position of an event, or 0.");
	return 0;
}

void rpc_do_events(struct rpc_call *call)
{
	struct rpc_fault fault;
	uint32_t wait_s = 0;
	struct events_work *work = rpc_work(call, sizeof *work);
	if (!work)
		return;
	work->limit = LIMIT_USUAL;
	if (since_param(call, work, &fault) != 0 ||
	    rpc_param_uint(call->params, "limit", 1, LIMIT_MOST, &work->limit, &fault) < 0 ||
	    rpc_param_uint(call->params, "wait_s", 0, WAIT_MOST_S, &wait_s, &fault) < 0) {
		rpc_fail_fault(call, &fault);
		return;
	}
	bool some =
		work->start_lost || work->at < events_end(event_source_events(call->home->source));
	if (some || wait_s == 0)
		events_answer(call);
	else
		events_wait(call, wait_s);
}

void rpc_events_happened(void *context)
{
	struct rpc_home *home = context;
	struct rpc_call *call = home->following;
	if (home->hooks)
		hooks_happened(home->hooks);
	while (call) { /* in the next turn, with all that happens in this one */
		struct events_work *work = call->work;
		rpc_due(call, 0, events_answer);
		call = work->next;
	}
}

int rpc_events_pack(void *context, uint64_t at, struct rpc_out *out)
{
	struct rpc_home *home = context;
	struct store_reading reading;
	if (store_reading_begin(home->d->store, &reading) != 0)
		return -1;
	event_put(home, &reading, event_source_events(home->source), at, out);
	store_reading_end(&reading);
	return out->err ? -1 : 0;
}

void rpc_events_forget(struct rpc_call *call)
{
	waiting_end(call);
}
