/*
 * Acts that came and that no list has (proto/life.h): what is found in the entries themselves, once
 * each. Today: thanks to the owner, and that he is asked to erase what he gave. An entry whose text
 * comes later is looked at again.
 *
 * Thread rule: the loop thread.
 */
#ifndef EVENT_ACTS_H
#define EVENT_ACTS_H

#include "loop.h"

#define EVENT_ACTS_RANGES 256 /* runs of entries that wait; more are passed over */
#define EVENT_ACTS_LATE   64  /* entries without their text; the oldest is given up */

struct event_acts;
/* `kind`: THANKS or ERASE_ASKED. */
typedef void event_acts_on_act(void *context, enum tuy_record_kind kind, uint32_t circle_no,
                               const struct tuy_object *about, const struct tuy_member *from);

/* NULL: no memory. */
struct event_acts *event_acts_create(struct daemon *d, event_acts_on_act *on_act, void *context);
void event_acts_destroy(struct event_acts *acts); /* NULL is allowed */

/* TUY_TELL_ENTRIES. */
void event_acts_note(struct event_acts *acts, const struct tuy_tell *tell);

/* Looks at some of what was noted. Whether that was all. */
bool event_acts_look(struct event_acts *acts, struct store_reading *reading);

#endif
