#include "event_people.h"
#include "store_own.h"
#include "../proto/hash.h"
#include <stdlib.h>
#include <string.h>

#define DAY_S    86400
#define LOOK_MS  600000
#define ROW_SIZE 5
#define DAYS_MAX 255

/* The members of a circle, as they were told. */
struct crowd {
	bool known;
	uint32_t active;  /* of tuy_node_circle, when it was made.. */
	uint32_t devices; /* ..and rows of tuy_node_device */
	struct event_crowd members;
};

struct peer {
	struct tuy_device device;
	struct event_unreached unreached;
};

struct event_people {
	struct daemon *d;
	struct event_people_host host;
	struct loop_reminder look;
	struct crowd crowd[TUY_CIRCLES_MAX];
	uint32_t peer_count;
	uint32_t peer_cap;
	struct peer *peer;
};

/* ---- who left ---- */

static bool crowd_has(const struct event_crowd *crowd, const struct tuy_member *member)
{
	for (uint32_t i = 0; i < crowd->count; i++)
		if (memcmp(&crowd->member[i], member, sizeof *member) == 0)
			return true;
	return false;
}

/* 0, or -1: no memory, or there is no such circle. */
static int crowd_make(struct event_people *people, uint32_t circle_no, struct crowd *crowd)
{
	struct tuy_circle_info circle;
	struct tuy_device_info info;
	if (tuy_node_circle(people->d->node, circle_no, &circle) != TUY_OK)
		return -1;
	*crowd = (struct crowd){ .known = true, .active = circle.members };
	while (tuy_node_device(people->d->node, circle_no, crowd->devices, &info) == TUY_OK)
		crowd->devices++;
	const struct crowd *before = &people->crowd[circle_no];
	if (before->known && before->active == crowd->active && before->devices == crowd->devices)
		return -1; /* nobody came or went */
	struct event_crowd *members = &crowd->members;
	members->member = calloc(crowd->devices > 0 ? crowd->devices : 1, sizeof info.member);
	if (!members->member)
		return -1;
	for (uint32_t i = 0; i < crowd->devices; i++)
		if (tuy_node_device(people->d->node, circle_no, i, &info) == TUY_OK &&
		    info.active && !crowd_has(members, &info.member))
			members->member[members->count++] = info.member;
	return 0;
}

static void crowd_look(struct event_people *people, uint32_t circle_no, bool first_sync)
{
	struct crowd now;
	struct crowd *before = &people->crowd[circle_no];
	if (crowd_make(people, circle_no, &now) != 0)
		return;
	uint32_t i = before->known && !first_sync ? 0 : before->members.count;
	while ((i = event_crowd_missing(&before->members, &now.members, i)) < before->members.count)
		people->host.on_left(people->host.context, circle_no, &before->members.member[i++]);
	free(before->members.member);
	*before = now;
}

/* ---- who is not reached ---- */

static struct peer *peer_get(struct event_people *people, const struct tuy_device *device)
{
	for (uint32_t i = 0; i < people->peer_count; i++)
		if (memcmp(&people->peer[i].device, device, sizeof *device) == 0)
			return &people->peer[i];
	return NULL;
}

static struct peer *peer_add(struct event_people *people, const struct tuy_device *device)
{
	if (people->peer_count == people->peer_cap) {
		uint32_t cap = people->peer_cap == 0 ? 16 : 2 * people->peer_cap;
		struct peer *more = realloc(people->peer, cap * sizeof *more);
		if (!more)
			return NULL;
		people->peer = more;
		people->peer_cap = cap;
	}
	struct peer *peer = &people->peer[people->peer_count++];
	*peer = (struct peer){ .device = *device };
	return peer;
}

/* store_own_on_row. */
static void on_row(void *context, struct tuy_bytes key, struct tuy_bytes value)
{
	struct event_people *people = context;
	struct tuy_device device;
	if (key.len != sizeof device.b || value.len != ROW_SIZE)
		return;
	memcpy(device.b, key.p, sizeof device.b);
	struct peer *peer = peer_add(people, &device);
	if (peer)
		peer->unreached = (struct event_unreached){ value.p[0], tuy_get32(value.p + 1) };
}

static void peer_keep(struct event_people *people, const struct peer *peer)
{
	uint8_t row[ROW_SIZE];
	uint64_t ticket;
	row[0] = peer->unreached.days;
	tuy_put32(row + 1, peer->unreached.day);
	/* One that is lost with the power is counted again. */
	(void)loop_keep(people->d, STORE_OWN_PEERS, TUY_BYTES(peer->device.b), TUY_BYTES(row),
	                &ticket);
}

static void device_count(struct event_people *people, const struct tuy_device *device,
                         enum event_reached reached)
{
	uint32_t day = loop_now(people->d).wall_s / DAY_S;
	struct peer *peer = peer_get(people, device);
	bool known = peer != NULL;
	if (!known && !(peer = peer_add(people, device)))
		return;
	if (!known)
		peer->unreached.day = day;
	struct event_unreached before = peer->unreached;
	bool tell = event_unreached_count(&peer->unreached, day, reached);
	if (!known || before.days != peer->unreached.days || before.day != peer->unreached.day)
		peer_keep(people, peer);
	if (tell)
		people->host.on_unreachable(people->host.context, device);
}

static void devices_look(struct event_people *people, uint32_t circle_no)
{
	struct tuy_device_info info;
	for (uint32_t i = 0; tuy_node_device(people->d->node, circle_no, i, &info) == TUY_OK; i++)
		if (info.active && info.state != TUY_PEER_SELF)
			device_count(people, &info.device,
			             info.state == TUY_PEER_CONNECTED ? EVENT_REACHED
			                                              : EVENT_NOT_REACHED);
}

/* ---- life ---- */

static void on_look(void *context)
{
	struct event_people *people = context;
	for (uint32_t i = 0; i < TUY_CIRCLES_MAX && !people->d->stopping; i++)
		devices_look(people, i);
	loop_remind(people->d, &people->look, LOOK_MS);
}

uint32_t event_crowd_missing(const struct event_crowd *before, const struct event_crowd *now,
                             uint32_t from)
{
	while (from < before->count && crowd_has(now, &before->member[from]))
		from++;
	return from;
}

bool event_unreached_count(struct event_unreached *count, uint32_t day, enum event_reached reached)
{
	bool later = day > count->day;
	count->day = day;
	if (reached == EVENT_REACHED) {
		count->days = 0;
		return false;
	}
	if (!later || count->days == DAYS_MAX)
		return false;
	/* This day has only begun: those before it count. */
	return ++count->days == EVENT_UNREACHED_DAYS + 1;
}

void event_people_look(struct event_people *people, uint32_t first_syncs)
{
	for (uint32_t i = 0; i < TUY_CIRCLES_MAX; i++)
		crowd_look(people, i, (first_syncs & UINT32_C(1) << i) != 0);
	if (people->look.due_ms == 0 || people->look.due_ms > loop_now(people->d).ms + 1000)
		loop_remind(people->d, &people->look, 1000);
}

void event_people_reached(struct event_people *people, const struct tuy_device *device)
{
	device_count(people, device, EVENT_REACHED);
}

struct event_people *event_people_create(struct daemon *d, const struct event_people_host *host)
{
	struct store_reading reading;
	struct event_people *people = calloc(1, sizeof *people);
	if (!people)
		return NULL;
	people->d = d;
	people->host = *host;
	people->look = (struct loop_reminder){ .on_due = on_look, .context = people };
	if (store_reading_begin(d->store, &reading) == 0) {
		(void)store_own_each(&reading, STORE_OWN_PEERS, on_row, people);
		store_reading_end(&reading);
	}
	event_people_look(people, 0);
	loop_remind(d, &people->look, 0);
	return people;
}

void event_people_destroy(struct event_people *people)
{
	if (!people)
		return;
	loop_remind_not(people->d, &people->look);
	for (uint32_t i = 0; i < TUY_CIRCLES_MAX; i++)
		free(people->crowd[i].members.member);
	free(people->peer);
	free(people);
}
