/*
 * Where events come from: what the node tells, and what is found in the store after it told.
 *
 * Thread rule: the loop thread.
 */
#ifndef EVENT_SOURCE_H
#define EVENT_SOURCE_H

#include "digest.h"
#include "events.h"
#include "loop.h"

struct event_source;

#define EVENT_CAME_MATCHED 1u /* tip.matched, ask.matched */
#define EVENT_CAME_MEANT   2u /* its `for` does not name others */

/* What the source asks of who made it. */
struct event_listener {
	void (*on_event)(void *context); /* after each event that was pushed */
	/* A tip or an ask of somebody came: what it is to the owner, EVENT_CAME_*. */
	unsigned int (*on_came)(void *context, struct store_reading *reading,
	                        const struct view_object *object);
	void *context;
};

/* Begins to listen to a daemon that was started. NULL: no memory. */
struct event_source *event_source_create(struct daemon *d, const struct event_listener *listener);
/* Before the loop ends. NULL is allowed. */
void event_source_destroy(struct event_source *source);

/* Keeps one more event; its at_s is set here. */
void event_source_push(struct event_source *source, struct event *event);
/* What it has heard; the source's. */
const struct events *event_source_events(const struct event_source *source);
/* Of the last event `digest`; the source's. */
const struct digest_told *event_source_digest(const struct event_source *source);

#endif
