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

/* `on_event`: something is to be told (at_s is not set). NULL: no memory. */
struct life *life_create(struct daemon *d, void (*on_event)(void *context, struct event *event),
                         void *context);
void life_destroy(struct life *life); /* NULL is allowed */
/* Looks again soon: something was written here. */
void life_look(struct life *life);

#endif
