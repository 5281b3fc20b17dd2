#include "loop_inside.h"
#include "notice.h"
#include "tell.h"
#include <stdlib.h>

/* Removes what loop_forget marked; never while the list is walked. */
static void subscribers_sweep(struct loop *l)
{
	for (struct loop_subscriber **at = &l->subscribers; *at;) {
		struct loop_subscriber *s = *at;
		if (s->on_tell) {
			at = &s->next;
			continue;
		}
		*at = s->next;
		free(s);
	}
}

/* The names are copied first: a subscriber may call the node, which ends the task's spans. */
static void subscribers_call(struct daemon *d, const struct tuy_tell *t)
{
	struct loop_name circle = { 0 };
	struct loop_name name = { 0 };
	struct tuy_tell kept = *t;
	loop_name_keep(&circle, t->circle_name);
	loop_name_keep(&name, t->name);
	kept.circle_name = (struct tuy_bytes){ circle.b, circle.len };
	kept.name = (struct tuy_bytes){ name.b, name.len };
	if (t->kind == TUY_TELL_JOINED && t->circle_no < TUY_CIRCLES_MAX)
		d->loop->welcome_name[t->circle_no] = circle;
	for (struct loop_subscriber *s = d->loop->subscribers; s; s = s->next)
		if (s->on_tell)
			s->on_tell(s->context, &kept);
	subscribers_sweep(d->loop);
}

void loop_tell_perform(struct daemon *d, const struct tuy_tell *t)
{
	tell_log(t, loop_ticket_error(d->loop, t->ticket));
	if (t->kind == TUY_TELL_STORED)
		loop_waiters_call(
			d, t->ticket, t->stored,
			t->stored == TUY_STORED_OK ? NULL : loop_ticket_error(d->loop, t->ticket));
	if (t->kind == TUY_TELL_ENTRIES || t->kind == TUY_TELL_JOINED)
		loop_names_stale(d);
	if (t->kind == TUY_TELL_INCARNATION)
		notice_incarnation(d, t);
	if (t->kind == TUY_TELL_CLONE)
		notice_clone(d, t);
	subscribers_call(d, t);
}

int loop_subscribe(struct daemon *d, loop_on_tell *on_tell, void *context)
{
	struct loop_subscriber *s = malloc(sizeof(*s));
	if (!s)
		return -1;
	*s = (struct loop_subscriber){ d->loop->subscribers, on_tell, context };
	d->loop->subscribers = s;
	return 0;
}

void loop_forget(struct daemon *d, const void *context)
{
	for (struct loop_waiter **at = &d->loop->waiters; *at;) {
		struct loop_waiter *w = *at;
		if (w->context != context) {
			at = &w->next;
			continue;
		}
		*at = w->next;
		free(w);
	}
	for (struct loop_subscriber *s = d->loop->subscribers; s; s = s->next)
		if (s->context == context)
			s->on_tell = NULL;
	if (!d->loop->draining)
		subscribers_sweep(d->loop);
}
