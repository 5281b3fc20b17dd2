#include "digest.h"
#include <string.h>

enum when { NEVER, IN_QUIET_HOURS, ALWAYS };

static const enum when whens[EVENT_KINDS] = {
	[EVENT_TIP_NEW] = ALWAYS,
	[EVENT_ASK_NEW] = ALWAYS,
	[EVENT_TIP_MATCHED] = IN_QUIET_HOURS,
	[EVENT_ASK_MATCHED] = IN_QUIET_HOURS,
	[EVENT_TIP_CLAIMED] = IN_QUIET_HOURS,
	[EVENT_TIP_AWARDED] = IN_QUIET_HOURS,
	[EVENT_TIP_TAKEN] = IN_QUIET_HOURS,
	[EVENT_TIP_PROGRESS] = IN_QUIET_HOURS,
	[EVENT_TIP_DUE] = IN_QUIET_HOURS,
	[EVENT_TIP_OVERDUE] = IN_QUIET_HOURS,
	[EVENT_TIP_CLOSED] = IN_QUIET_HOURS,
	[EVENT_ASK_ANSWERED] = IN_QUIET_HOURS,
	[EVENT_ANSWER_ACCEPTED] = IN_QUIET_HOURS,
	[EVENT_THANKS_RECEIVED] = IN_QUIET_HOURS,
	[EVENT_VOUCH_REQUESTED] = IN_QUIET_HOURS,
	[EVENT_VOUCH_REVOKED] = IN_QUIET_HOURS,
	[EVENT_MEMBER_JOINED] = IN_QUIET_HOURS,
	[EVENT_MEMBER_LEFT] = IN_QUIET_HOURS,
	[EVENT_PEER_UNREACHABLE] = IN_QUIET_HOURS,
	[EVENT_ERASE_REQUESTED] = IN_QUIET_HOURS,
	[EVENT_NOTICE] = IN_QUIET_HOURS,
};

static bool has_object(const struct event *event)
{
	static const struct tuy_object none;
	return memcmp(&event->object, &none, sizeof none) != 0;
}

static struct digest_object *object_find(struct digest_told *now, const struct event *event)
{
	for (uint32_t i = 0; i < now->object_count; i++)
		if (now->object[i].circle_no == event->circle_no &&
		    memcmp(&now->object[i].id, &event->object, sizeof event->object) == 0)
			return &now->object[i];
	return NULL;
}

static void object_add(struct digest_told *now, const struct event *event)
{
	if (object_find(now, event))
		return;
	if (now->object_count == DIGEST_OBJECTS_MAX) {
		memmove(now->object, now->object + 1, --now->object_count * sizeof now->object[0]);
		now->objects_more++;
	}
	now->object[now->object_count++] =
		(struct digest_object){ event->kind, event->circle_no, event->object };
}

/* It is matched, and so told (or gathered) as that: it was gathered as new just before. */
static void new_take_back(struct digest_told *now, const struct event *event)
{
	enum event_kind kind = event->kind == EVENT_TIP_MATCHED ? EVENT_TIP_NEW : EVENT_ASK_NEW;
	struct digest_object *object = object_find(now, event);
	if (!object || object->kind != kind || now->of_kind[kind] == 0)
		return;
	now->of_kind[kind]--;
	now->count--;
	size_t behind = (size_t)(now->object + now->object_count - (object + 1));
	memmove(object, object + 1, behind * sizeof *object);
	now->object_count--;
}

void digest_begin(struct digest *digest, const struct quiet *quiet, uint32_t wall_s)
{
	*digest = (struct digest){ .day = quiet_day(quiet, wall_s) };
	digest->now.since_s = wall_s;
}

void digest_take(struct digest *digest, const struct quiet *quiet, const struct event *event)
{
	enum when when = whens[event->kind];
	if (event->kind == EVENT_TIP_MATCHED || event->kind == EVENT_ASK_MATCHED)
		new_take_back(&digest->now, event);
	if (when == NEVER || event->own ||
	    (when == IN_QUIET_HOURS && !quiet_is_now(quiet, event->at_s)))
		return;
	digest->now.count++;
	digest->now.of_kind[event->kind]++;
	if (has_object(event))
		object_add(&digest->now, event);
}

bool digest_due(struct digest *digest, const struct quiet *quiet, uint32_t wall_s)
{
	int64_t day = quiet_day(quiet, wall_s);
	if (day == digest->day || quiet_is_now(quiet, wall_s))
		return false;
	digest->day = day;
	if (digest->now.count == 0) {
		digest->now.since_s = wall_s;
		return false;
	}
	digest->told = digest->now;
	digest->now = (struct digest_told){ .since_s = wall_s };
	return true;
}
