#include "loop_inside.h"
#include <time.h>

struct tuy_now loop_now(const struct daemon *d)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	int64_t wall = (int64_t)t.tv_sec + d->clock_offset_s;
	if (wall < 0)
		wall = 0;
	if (wall > UINT32_MAX)
		wall = UINT32_MAX;
	return (struct tuy_now){ .ms = uv_hrtime() / 1000000, .wall_s = (uint32_t)wall };
}

void loop_timer_arm(struct daemon *d)
{
	struct loop *l = d->loop;
	uint64_t due = l->node_started ? tuy_node_deadline(d->node) : UINT64_MAX;
	if (l->ended || d->stopping)
		return;
	for (struct loop_reminder *r = l->reminders; r; r = r->next)
		due = r->due_ms < due ? r->due_ms : due;
	if (due == l->armed_ms)
		return;
	l->armed_ms = due;
	if (due == UINT64_MAX) {
		uv_timer_stop(&l->timer);
		return;
	}
	uv_update_time(d->uv);
	uint64_t now_ms = uv_hrtime() / 1000000;
	int bad = uv_timer_start(&l->timer, l->on_timer, due > now_ms ? due - now_ms : 1, 0);
	tuy_require(bad == 0);
}

void loop_remind_not(struct daemon *d, struct loop_reminder *reminder)
{
	struct loop_reminder **at = &d->loop->reminders;
	while (*at && *at != reminder)
		at = &(*at)->next;
	if (*at)
		*at = reminder->next;
	reminder->due_ms = 0;
}

void loop_remind(struct daemon *d, struct loop_reminder *reminder, uint64_t delay_ms)
{
	loop_remind_not(d, reminder);
	reminder->due_ms = loop_now(d).ms + (delay_ms > 0 ? delay_ms : 1);
	reminder->next = d->loop->reminders;
	d->loop->reminders = reminder;
	if (!d->loop->draining) /* else its end does so */
		loop_timer_arm(d);
}

void loop_reminders_call(struct daemon *d, uint64_t now_ms)
{
	struct loop_reminder *r = d->loop->reminders;
	while (r) {
		if (r->due_ms > now_ms) {
			r = r->next;
			continue;
		}
		loop_remind_not(d, r);
		r->on_due(r->context);
		r = d->loop->reminders; /* the callback may have changed the list */
	}
}
