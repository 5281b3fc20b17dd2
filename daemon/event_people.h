/*
 * What is told of people and their devices, seen from the node: who is no longer in a circle, and
 * whose device was not reached for long.
 *
 * Days are counted on which this daemon ran and did not reach the device, so that a machine that
 * was switched off blames nobody. Rows of STORE_OWN_PEERS, key device 32: days u8, day u32 (of the
 * last look, days since 1970).
 *
 * Thread rule: the loop thread.
 */
#ifndef EVENT_PEOPLE_H
#define EVENT_PEOPLE_H

#include "loop.h"

#define EVENT_UNREACHED_DAYS 7

struct event_people;

struct event_people_host {
	void (*on_left)(void *context, uint32_t circle_no, const struct tuy_member *member);
	void (*on_unreachable)(void *context, const struct tuy_device *device);
	void *context;
};

/* NULL: no memory. Looks by itself from now on. */
struct event_people *event_people_create(struct daemon *d, const struct event_people_host *host);
void event_people_destroy(struct event_people *people); /* NULL is allowed */

/* Something may have changed. In a circle whose first sync goes on nobody is told to have left. */
void event_people_look(struct event_people *people, uint32_t first_syncs);

/* A link to a device stands. */
void event_people_reached(struct event_people *people, const struct tuy_device *device);

/* The members of a circle, each once. */
struct event_crowd {
	uint32_t count;
	struct tuy_member *member;
};
/* The first member from the `from`-th of `before` on who is not among `now`; before->count: none.
 * Pure. */
uint32_t event_crowd_missing(const struct event_crowd *before, const struct event_crowd *now,
                             uint32_t from);

/* What a look at a device on that day does to its count; pure. Returns whether it is to be told. */
struct event_unreached {
	uint8_t days;
	uint32_t day;
};
enum event_reached { EVENT_NOT_REACHED, EVENT_REACHED };
bool event_unreached_count(struct event_unreached *count, uint32_t day, enum event_reached reached);

#endif
