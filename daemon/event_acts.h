/*
 * Acts that came and that no list has (proto/life.h): what is found in the entries themselves, once
 * each: thanks to the owner, and what others want erased. An entry whose text comes later is looked
 * at again.
 *
 * Thread rule: the loop thread.
 */
#ifndef EVENT_ACTS_H
#define EVENT_ACTS_H

#include "loop.h"

#define EVENT_ACTS_RANGES 256 /* runs of entries that wait; more are passed over */
#define EVENT_ACTS_LATE   64  /* entries without their text; the oldest is given up */

struct event_acts;

struct event_acts_host {
	void (*on_thanks)(void *context, uint32_t circle_no, const struct tuy_object *about,
	                  const struct tuy_member *from);
	/* So many entries, in one RETRACT or several that came together. */
	void (*on_erase)(void *context, uint32_t circle_no, const struct tuy_member *from,
	                 uint32_t entries);
	void *context;
};

/* NULL: no memory. */
struct event_acts *event_acts_create(struct daemon *d, const struct event_acts_host *host);
void event_acts_destroy(struct event_acts *acts); /* NULL is allowed */

/* TUY_TELL_ENTRIES. */
void event_acts_note(struct event_acts *acts, const struct tuy_tell *tell);

/* Looks at some of what was noted. Whether that was all. */
bool event_acts_look(struct event_acts *acts, struct store_reading *reading);

#endif
