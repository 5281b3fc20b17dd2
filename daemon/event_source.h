/*
 * Where events come from: what the node tells, and what is found in the store after it told.
 *
 * Thread rule: the loop thread.
 */
#ifndef EVENT_SOURCE_H
#define EVENT_SOURCE_H

#include "events.h"
#include "loop.h"

struct event_source;

/* What the source asks of who made it. */
struct event_listener {
	void (*on_event)(void *context); /* after each event that was pushed */
	/* A tip or an ask came: whether that is a watch.hit. */
	bool (*on_came)(void *context, struct store_reading *reading,
	                const struct view_object *object);
	void *context;
};

/* Begins to listen to a daemon that was started. NULL: no memory. */
struct event_source *event_source_create(struct daemon *d, const struct event_listener *listener);
/* Before the loop ends. NULL is allowed. */
void event_source_destroy(struct event_source *source);

/* What it has heard; the source's. */
/* Keeps one more event; its at_s is set here. */
void event_source_push(struct event_source *source, struct event *event);

const struct events *event_source_events(const struct event_source *source);

#endif
