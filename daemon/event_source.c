#include "event_source.h"
#include "event_acts.h"
#include "event_people.h"
#include "notice.h"
#include "view.h"
#include "../proto/limits.h"
#include "../proto/text.h"
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_MAX     256 /* objects that one turn looks at */
#define GIVEN_MAX    64  /* own tips and asks that are waited for; the oldest is given up */
#define ASKS_MAX     64
#define LETTERS_LOOK 4096 /* of the newest objects */
#define PEERS_MAX    (2 * TUY_LINKS_MAX)
#define FIRST_MS     100   /* from what the node told to a second look.. */
#define LAST_MS      60000 /* ..then in twice the time, up to this */
#define DIGEST_MS    10000 /* between looks whether it is time for a digest */

/* Something of one's own that is not with everybody yet. */
struct given {
	enum event_kind kind;
	uint32_t circle_no;
	struct tuy_object object;
	uint32_t log_no;
	uint32_t seq;
};

/* What was told of a circle. */
struct told {
	bool syncing;       /* circle.synced is to come.. */
	bool first;         /* ..and until then nothing else is told, as all of it is new */
	uint32_t known_cap; /* members whose profile came */
	uint32_t known_count;
	struct tuy_member *known;
};

struct event_source {
	struct daemon *d;
	struct events *events;
	struct event_listener listener;
	uint32_t next_number; /* objects from here on were not looked at (view.h) */
	uint32_t notices;     /* told, as daemon.notices */
	uint32_t up_count;
	struct tuy_device up[PEERS_MAX]; /* told to be there; of more nothing is told */
	struct told told[TUY_CIRCLES_MAX];
	uint32_t given_count;
	struct given given[GIVEN_MAX]; /* oldest first */
	struct loop_reminder look;
	uint64_t delay_ms;
	struct event_acts *acts;
	struct event_people *people;
	struct digest digest;
	struct loop_reminder digest_look;
};

static void push(struct event_source *s, struct event *event)
{
	event->at_s = loop_now(s->d).wall_s;
	digest_take(&s->digest, &s->d->config->quiet, event);
	events_push(s->events, event);
	s->listener.on_event(s->listener.context);
}

static void on_digest_look(void *context)
{
	struct event_source *s = context;
	struct event event = { .kind = EVENT_DIGEST, .circle_no = EVENT_NO_CIRCLE };
	if (digest_due(&s->digest, &s->d->config->quiet, loop_now(s->d).wall_s))
		push(s, &event);
	loop_remind(s->d, &s->digest_look, DIGEST_MS);
}

/* ---- who is known ---- */

/* Whether a member's profile came before; from now on it did. */
static bool known_already(struct told *told, const struct tuy_member *member)
{
	for (uint32_t i = 0; i < told->known_count; i++)
		if (memcmp(&told->known[i], member, sizeof *member) == 0)
			return true;
	if (told->known_count == told->known_cap) {
		uint32_t cap = told->known_cap == 0 ? 16 : 2 * told->known_cap;
		struct tuy_member *more = realloc(told->known, cap * sizeof *more);
		if (!more)
			return false;
		told->known = more;
		told->known_cap = cap;
	}
	told->known[told->known_count++] = *member;
	return false;
}

static void known_load(struct event_source *s, struct store_reading *reading, uint32_t circle_no)
{
	struct tuy_device_info info;
	struct view_object object;
	for (uint32_t i = 0; tuy_node_device(s->d->node, circle_no, i, &info) == TUY_OK; i++)
		if (view_profile(reading, circle_no, &info.member, &object) == 0)
			known_already(&s->told[circle_no], &info.member);
}

/* ---- objects that came ---- */

static bool is_own(const struct event_source *s, const struct tuy_member *member)
{
	const struct keys *keys = s->d->keys;
	return keys->certified && memcmp(&keys->cert.member, member, sizeof *member) == 0;
}

static void given_keep(struct event_source *s, const struct view_object *object)
{
	if (s->given_count == GIVEN_MAX)
		memmove(s->given, s->given + 1, --s->given_count * sizeof s->given[0]);
	s->given[s->given_count++] = (struct given){
		.kind = object->kind == TUY_RECORD_TIP ? EVENT_TIP_DELIVERED : EVENT_ASK_DELIVERED,
		.circle_no = object->circle_no,
		.object = object->id,
		.log_no = object->log_no,
		.seq = object->seq,
	};
}

/* Whether the owner ever asked for a letter there: then one that is revoked may be his. To others a
 * revocation says nothing (PROTOCOL 10.5). */
static bool letters_asked(const struct event_source *s, struct store_reading *reading,
                          uint32_t circle_no)
{
	struct view_object asks[ASKS_MAX];
	uint32_t more;
	struct view_filter filter = { .circle_no = circle_no,
		                      .kinds = 1u << TUY_RECORD_ASK,
		                      .mine = VIEW_MINE,
		                      .me = s->d->keys->cert.member,
		                      .look_max = LETTERS_LOOK };
	uint32_t count = view_list(reading, &filter, asks, ASKS_MAX, &more);
	for (uint32_t i = 0; i < count; i++)
		if (asks[i].ask == tuy_ask_named(tuy_text_bytes("vouch")))
			return true;
	return false;
}

/* A tip or an ask came. */
static void given_take(struct event_source *s, struct store_reading *reading,
                       const struct view_object *object, struct event *event)
{
	bool tip = object->kind == TUY_RECORD_TIP;
	event->kind = tip ? EVENT_TIP_NEW : EVENT_ASK_NEW;
	push(s, event);
	if (event->own) {
		given_keep(s, object);
		return;
	}
	unsigned int came = s->listener.on_came(s->listener.context, reading, object);
	event->kind = tip ? EVENT_TIP_MATCHED : EVENT_ASK_MATCHED;
	if ((came & EVENT_CAME_MATCHED) != 0)
		push(s, event);
	event->kind = EVENT_VOUCH_REQUESTED;
	if (object->ask == tuy_ask_named(tuy_text_bytes("vouch")) && (came & EVENT_CAME_MEANT) != 0)
		push(s, event);
}

static void object_take(struct event_source *s, struct store_reading *reading,
                        const struct view_object *object)
{
	struct told *told = &s->told[object->circle_no];
	struct event event = { .circle_no = object->circle_no,
		               .object = object->id,
		               .member = object->member,
		               .own = is_own(s, &object->member) };
	if (told->first)
		return;
	switch ((int)object->kind) {
	case TUY_RECORD_TIP:
	case TUY_RECORD_ASK:
		if (object->rev == 0)
			given_take(s, reading, object, &event);
		break;
	case TUY_RECORD_CIRCLE:
		event.kind = EVENT_CIRCLE_CHANGED;
		push(s, &event);
		break;
	case TUY_RECORD_PROFILE:
		event.kind = known_already(told, &object->member) ? EVENT_PROFILE_CHANGED
		                                                  : EVENT_MEMBER_JOINED;
		if (event.kind == EVENT_PROFILE_CHANGED || !event.own)
			push(s, &event);
		break;
	case TUY_RECORD_REVOKED:
		event.kind = EVENT_VOUCH_REVOKED;
		if (!event.own && letters_asked(s, reading, object->circle_no))
			push(s, &event);
		break;
	default:
		break;
	}
}

/* Looks at some of what came. Whether that was all. */
static bool objects_look(struct event_source *s, struct store_reading *reading)
{
	struct view_object object;
	uint32_t end = view_next_number(reading);
	for (uint32_t i = 0; i < LOOK_MAX && s->next_number < end; i++) {
		uint32_t number = s->next_number++;
		if (view_object(reading, number, &object) == 0 &&
		    object.circle_no < TUY_CIRCLES_MAX)
			object_take(s, reading, &object);
	}
	return s->next_number >= end;
}

/* ---- what is waited for ---- */

static void sync_look(struct event_source *s, struct store_reading *reading)
{
	for (uint32_t i = 0; i < TUY_CIRCLES_MAX; i++) {
		struct event event = { .kind = EVENT_CIRCLE_SYNCED, .circle_no = i };
		struct told *told = &s->told[i];
		if (!told->syncing || !tuy_node_progress(s->d->node, i).in_sync)
			continue;
		if (told->first)
			known_load(s, reading, i);
		told->syncing = false;
		told->first = false;
		push(s, &event);
	}
}

static void given_look(struct event_source *s)
{
	uint32_t kept = 0;
	for (uint32_t i = 0; i < s->given_count; i++) {
		struct given given = s->given[i];
		struct event event = { .kind = given.kind,
			               .circle_no = given.circle_no,
			               .object = given.object };
		struct tuy_delivery delivery =
			tuy_node_delivery(s->d->node, given.log_no, given.seq);
		if (delivery.of > 0 && delivery.have >= delivery.of)
			push(s, &event);
		else
			s->given[kept++] = given;
	}
	s->given_count = kept;
}

/* Whether a second look is worth while: where nobody is reached nothing comes by itself. */
static bool is_waiting(const struct event_source *s)
{
	struct tuy_circle_info info;
	for (uint32_t i = 0; i < TUY_CIRCLES_MAX; i++)
		if ((s->told[i].syncing || s->given_count > 0) &&
		    tuy_node_circle(s->d->node, i, &info) == TUY_OK && info.online > 1)
			return true;
	return false;
}

/* Circles whose first sync goes on, as bits. */
static uint32_t first_syncs(const struct event_source *s)
{
	uint32_t bits = 0;
	for (uint32_t i = 0; i < TUY_CIRCLES_MAX; i++)
		bits |= s->told[i].first ? UINT32_C(1) << i : 0;
	return bits;
}

static void on_look(void *context)
{
	struct event_source *s = context;
	struct store_reading reading;
	bool all = false;
	event_people_look(s->people, first_syncs(s));
	if (store_reading_begin(s->d->store, &reading) == 0) {
		all = objects_look(s, &reading);
		all = event_acts_look(s->acts, &reading) && all;
		if (all)
			sync_look(s, &reading);
		store_reading_end(&reading);
		given_look(s);
	} else {
		all = true; /* it is tried again with the next thing that the node tells */
	}
	if (!all) {
		loop_remind(s->d, &s->look, 0);
	} else if (is_waiting(s)) {
		loop_remind(s->d, &s->look, s->delay_ms);
		s->delay_ms = 2 * s->delay_ms < LAST_MS ? 2 * s->delay_ms : LAST_MS;
	}
}

/* Something happened: soon, and once for all that the node tells at one time. */
static void look_soon(struct event_source *s)
{
	s->delay_ms = FIRST_MS;
	if (s->look.due_ms == 0 || s->look.due_ms > loop_now(s->d).ms + 1)
		loop_remind(s->d, &s->look, 0);
}

/* ---- what the node tells ---- */

/* `name`: a peer's, it may hold anything. */
static void tell_push(struct event_source *s, enum event_kind kind, const struct tuy_tell *tell,
                      uint32_t circle_no)
{
	struct event event = { .kind = kind, .circle_no = circle_no, .device = tell->device };
	size_t len = 0;
	if (tell->name.p)
		tuy_text_scrub(tell->name, TUY_TEXT_ONE_LINE, (uint8_t *)event.name,
		               sizeof event.name - 1, &len);
	event.name[len] = '\0';
	push(s, &event);
}

/* The place of a device among those told to be there; up_count: it is not. */
static uint32_t up_find(const struct event_source *s, const struct tuy_device *device)
{
	uint32_t i = 0;
	while (i < s->up_count && memcmp(&s->up[i], device, sizeof *device) != 0)
		i++;
	return i;
}

/* Two devices may call each other at once: the second link is no news, nor is its end. */
static void link_up(struct event_source *s, const struct tuy_tell *tell)
{
	if (up_find(s, &tell->device) < s->up_count || s->up_count == PEERS_MAX)
		return;
	s->up[s->up_count++] = tell->device;
	tell_push(s, EVENT_PEER_UP, tell, EVENT_NO_CIRCLE);
}

static bool is_connected(const struct event_source *s, const struct tuy_device *device)
{
	struct tuy_device_info info;
	for (uint32_t c = 0; c < TUY_CIRCLES_MAX; c++)
		for (uint32_t i = 0; tuy_node_device(s->d->node, c, i, &info) == TUY_OK; i++)
			if (info.state == TUY_PEER_CONNECTED &&
			    memcmp(&info.device, device, sizeof *device) == 0)
				return true;
	return false;
}

static void link_down(struct event_source *s, const struct tuy_tell *tell)
{
	uint32_t i = up_find(s, &tell->device);
	if (i == s->up_count || is_connected(s, &tell->device))
		return;
	s->up[i] = s->up[--s->up_count];
	tell_push(s, EVENT_PEER_DOWN, tell, EVENT_NO_CIRCLE);
}

/* Where nobody is reached now, the next who comes may bring much. */
static void alone_look(struct event_source *s)
{
	struct tuy_circle_info info;
	for (uint32_t i = 0; i < TUY_CIRCLES_MAX; i++)
		if (tuy_node_circle(s->d->node, i, &info) == TUY_OK && info.online <= 1)
			s->told[i].syncing = true;
}

static void notices_look(struct event_source *s)
{
	for (int i = 0; i < NOTICE_COUNT; i++) {
		struct event event = { .kind = EVENT_NOTICE, .circle_no = EVENT_NO_CIRCLE };
		event.notice = notice_text(s->d, (enum notice)i);
		if (!event.notice || (s->notices & 1u << i) != 0)
			continue;
		s->notices |= 1u << i;
		push(s, &event);
	}
}

static void on_tell(void *context, const struct tuy_tell *tell)
{
	struct event_source *s = context;
	switch (tell->kind) {
	case TUY_TELL_JOINED:
		s->told[tell->circle_no].syncing = true;
		s->told[tell->circle_no].first = true;
		tell_push(s, EVENT_CIRCLE_JOINED, tell, tell->circle_no);
		break;
	case TUY_TELL_ADMITTED:
		tell_push(s, EVENT_INVITE_USED, tell, tell->circle_no);
		break;
	case TUY_TELL_LINK_UP:
		event_people_reached(s->people, &tell->device);
		link_up(s, tell);
		break;
	case TUY_TELL_LINK_DOWN:
		alone_look(s);
		link_down(s, tell);
		break;
	case TUY_TELL_ENTRIES:
		if (!s->told[tell->circle_no].first)
			event_acts_note(s->acts, tell);
		break;
	case TUY_TELL_STORED:
	case TUY_TELL_REJECTED:
	case TUY_TELL_UNREACHED:
	case TUY_TELL_FAULT:
	case TUY_TELL_INCARNATION:
	case TUY_TELL_ERASED:
	case TUY_TELL_CLONE:
	case TUY_TELL_FORKED:
	case TUY_TELL_VOIDED:
		break;
	}
	notices_look(s);
	look_soon(s);
}

void event_source_push(struct event_source *s, struct event *event)
{
	push(s, event);
}

/* event_acts.h */
static void on_act(void *context, enum tuy_record_kind kind, uint32_t circle_no,
                   const struct tuy_object *about, const struct tuy_member *from)
{
	struct event event = { .kind = kind == TUY_RECORD_THANKS ? EVENT_THANKS_RECEIVED
		                                                 : EVENT_ERASE_REQUESTED,
		               .circle_no = circle_no,
		               .object = *about,
		               .member = *from };
	push(context, &event);
}

/* event_people.h */
static void on_left(void *context, uint32_t circle_no, const struct tuy_member *member)
{
	struct event_source *s = context;
	struct event event = { .kind = EVENT_MEMBER_LEFT,
		               .circle_no = circle_no,
		               .member = *member,
		               .own = is_own(s, member) };
	push(s, &event);
}

static void on_unreachable(void *context, const struct tuy_device *device)
{
	struct event event = { .kind = EVENT_PEER_UNREACHABLE,
		               .circle_no = EVENT_NO_CIRCLE,
		               .device = *device };
	push(context, &event);
}

/* ---- life ---- */

static int parts_begin(struct event_source *s)
{
	struct event_people_host host = { on_left, on_unreachable, s };
	digest_begin(&s->digest, &s->d->config->quiet, loop_now(s->d).wall_s);
	s->events = events_create(randombytes_random());
	s->acts = event_acts_create(s->d, on_act, s);
	s->people = s->events ? event_people_create(s->d, &host) : NULL;
	if (!s->events || !s->acts || !s->people || loop_subscribe(s->d, on_tell, s) != 0)
		return -1;
	loop_remind(s->d, &s->digest_look, DIGEST_MS);
	return 0;
}

struct event_source *event_source_create(struct daemon *d, const struct event_listener *listener)
{
	struct store_reading reading;
	struct event_source *s = calloc(1, sizeof *s);
	if (!s)
		return NULL;
	*s = (struct event_source){ .d = d, .listener = *listener };
	s->look = (struct loop_reminder){ .on_due = on_look, .context = s };
	s->digest_look = (struct loop_reminder){ .on_due = on_digest_look, .context = s };
	if (parts_begin(s) != 0) {
		event_source_destroy(s);
		return NULL;
	}
	if (store_reading_begin(d->store, &reading) == 0) {
		s->next_number = view_next_number(&reading);
		for (uint32_t i = 0; i < TUY_CIRCLES_MAX; i++)
			known_load(s, &reading, i);
		store_reading_end(&reading);
	}
	for (uint32_t i = 0; i < TUY_CIRCLES_MAX; i++)
		s->told[i].syncing = true;
	notices_look(s);
	return s;
}

void event_source_destroy(struct event_source *s)
{
	if (!s)
		return;
	loop_forget(s->d, s);
	loop_remind_not(s->d, &s->look);
	loop_remind_not(s->d, &s->digest_look);
	event_people_destroy(s->people);
	event_acts_destroy(s->acts);
	for (uint32_t i = 0; i < TUY_CIRCLES_MAX; i++)
		free(s->told[i].known);
	events_destroy(s->events);
	free(s);
}

const struct events *event_source_events(const struct event_source *s)
{
	return s->events;
}

const struct digest_told *event_source_digest(const struct event_source *s)
{
	return &s->digest.told;
}
