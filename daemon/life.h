/*
 * What the daemon does by itself about tips and asks: it awards a tip to the first who claims it
 * (claims = first), reminds of first contacts that are due, and tells of what concerns its owner.
 *
 * Thread rule: the loop thread.
 */
#ifndef LIFE_H
#define LIFE_H

#include "events.h"
#include "loop.h"

struct life;

/* What it asks of its owner. */
struct life_host {
	/* Something is to be told (at_s is not set). */
	void (*on_event)(void *context, struct event *event);
	/* May this member have the tip, which may be for one member or seat? */
	bool (*may_have)(void *context, struct store_reading *reading,
	                 const struct view_object *object, const struct tuy_member *member);
	void *context;
};
/* `host` is copied. NULL: no memory. */
struct life *life_create(struct daemon *d, const struct life_host *host);
void life_destroy(struct life *life); /* NULL is allowed */
/* Looks again soon: something was written here. */
void life_look(struct life *life);

#endif
