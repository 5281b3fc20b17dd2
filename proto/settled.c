/*
 * Whether this device has seen, in its present incarnation, that it holds all that some friend
 * holds (PROTOCOL 4.10). A store that was lost or put back lacks what it did before: until then it
 * must not decide anything that it may have decided already.
 */
#include "machine.h"

#include <string.h>

#define ASK_PAUSE_MIN_MS 200 /* from one question to the next; doubled each time, up to */
#define ASK_PAUSE_MAX_MS 60000

static bool is_alone(const struct tuy_node *n, uint32_t circle_no)
{
	const struct tuy_circle_state *c = &n->circle[circle_no];

	return c->device_count == 1 &&
	       memcmp(&c->device[0].cert.device, &n->keys->device, sizeof n->keys->device) == 0;
}

static bool is_seen(const struct tuy_node *n, uint32_t circle_no)
{
	return memcmp(&n->own[circle_no].settled, &n->incarnation, sizeof n->incarnation) == 0;
}

/* Notes it for good; at the next look if no stage is free. */
static void note(struct tuy_node *n, uint32_t circle_no)
{
	struct stage *s = tuy_stage_take(n, NULL);

	if (!s)
		return;
	n->own[circle_no].settled = n->incarnation;
	tuy_stage_item(s, TUY_STORE_SETTLED, circle_no)->u.incarnation = n->incarnation;
	s->own = false; /* tried again until it is stored */
	tuy_stage_commit(n, s);
}

void tuy_settled_look(struct tuy_node *n, struct tuy_now now, struct link *link)
{
	uint32_t pause_ms;

	link->settle_due_ms = 0;
	if (link->state != LINK_UP || link->close_due || link->peer == NONE ||
	    n->peer[link->peer].is_self)
		return;
	for (uint32_t c = 0; c < n->cap.circles; c++) {
		if (!n->circle[c].used || !link->circle[c].shared || is_seen(n, c))
			continue;
		if (link->circle[c].agreed) {
			note(n, c);
			continue;
		}
		if (!tuy_sync_settled(n, link, c))
			continue; /* there is more to come, and with it another look */
		if (now.ms >= link->settle_next_ms && !link->ping_due && link->ping_sent_ms == 0) {
			pause_ms = 2 * link->settle_pause_ms;
			if (pause_ms == 0)
				pause_ms = ASK_PAUSE_MIN_MS;
			link->settle_pause_ms =
				pause_ms < ASK_PAUSE_MAX_MS ? pause_ms : ASK_PAUSE_MAX_MS;
			link->settle_next_ms = now.ms + link->settle_pause_ms;
			link->ping_due = true;
		}
		/* what the answer finds in flight may be followed by no other news */
		link->settle_due_ms = link->settle_next_ms > now.ms ? link->settle_next_ms
		                                                    : now.ms + ASK_PAUSE_MIN_MS;
	}
}

void tuy_node_load_settled(struct tuy_node *n, uint32_t circle_no,
                           const struct tuy_incarnation *incarnation)
{
	if (circle_no < n->cap.circles)
		n->own[circle_no].settled = *incarnation;
}

bool tuy_node_settled(const struct tuy_node *n, uint32_t circle_no)
{
	return circle_no < n->cap.circles && n->circle[circle_no].used &&
	       (is_seen(n, circle_no) || is_alone(n, circle_no));
}
