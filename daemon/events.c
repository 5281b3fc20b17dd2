#include "events.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RUN_DIGITS 8
#define AT_DIGITS  18 /* of a number that fits in 64 bits */

struct events {
	uint32_t run;
	uint64_t end;
	struct event ring[EVENTS_KEPT];
};

static const char *const names[EVENT_KINDS] = {
	[EVENT_TIP_NEW] = "tip.new",
	[EVENT_ASK_NEW] = "ask.new",
	[EVENT_TIP_MATCHED] = "tip.matched",
	[EVENT_ASK_MATCHED] = "ask.matched",
	[EVENT_TIP_DELIVERED] = "tip.delivered",
	[EVENT_ASK_DELIVERED] = "ask.delivered",
	[EVENT_PROFILE_CHANGED] = "profile.changed",
	[EVENT_MEMBER_JOINED] = "member.joined",
	[EVENT_INVITE_USED] = "invite.used",
	[EVENT_CIRCLE_JOINED] = "circle.joined",
	[EVENT_CIRCLE_CHANGED] = "circle.changed",
	[EVENT_CIRCLE_SYNCED] = "circle.synced",
	[EVENT_PEER_UP] = "peer.up",
	[EVENT_PEER_DOWN] = "peer.down",
	[EVENT_TIP_CLAIMED] = "tip.claimed",
	[EVENT_TIP_AWARDED] = "tip.awarded",
	[EVENT_TIP_TAKEN] = "tip.taken",
	[EVENT_TIP_PROGRESS] = "tip.progress",
	[EVENT_TIP_DUE] = "tip.due",
	[EVENT_TIP_OVERDUE] = "tip.overdue",
	[EVENT_TIP_CLOSED] = "tip.closed",
	[EVENT_ASK_ANSWERED] = "ask.answered",
	[EVENT_ANSWER_ACCEPTED] = "answer.accepted",
	[EVENT_THANKS_RECEIVED] = "thanks.received",
	[EVENT_VOUCH_REQUESTED] = "vouch.requested",
	[EVENT_VOUCH_REVOKED] = "vouch.revoked",
	[EVENT_MEMBER_LEFT] = "member.left",
	[EVENT_PEER_UNREACHABLE] = "peer.unreachable",
	[EVENT_ERASE_REQUESTED] = "erase.requested",
	[EVENT_DIGEST] = "digest",
	[EVENT_NOTICE] = "notice",
	[EVENT_LOST] = "lost",
};

const char *event_name(enum event_kind kind)
{
	return names[kind];
}

struct events *events_create(uint32_t run)
{
	struct events *events = calloc(1, sizeof *events);
	if (events)
		events->run = run;
	return events;
}

void events_destroy(struct events *events)
{
	free(events);
}

void events_push(struct events *events, const struct event *event)
{
	events->ring[events->end++ % EVENTS_KEPT] = *event;
}

uint64_t events_end(const struct events *events)
{
	return events->end;
}

uint64_t events_begin(const struct events *events)
{
	return events->end > EVENTS_KEPT ? events->end - EVENTS_KEPT : 0;
}

const struct event *events_at(const struct events *events, uint64_t at)
{
	return &events->ring[at % EVENTS_KEPT];
}

void events_position_text(const struct events *events, uint64_t at, char text[EVENTS_POSITION_TEXT])
{
	snprintf(text, EVENTS_POSITION_TEXT, "%08" PRIx32 "-%" PRIu64, events->run, at);
}

int events_position_read(const struct events *events, struct tuy_bytes text, uint64_t *at)
{
	char copy[EVENTS_POSITION_TEXT] = "";
	*at = events_begin(events);
	if (text.len == 0 || text.len >= sizeof copy)
		return -1;
	memcpy(copy, text.p, text.len);
	if (strcmp(copy, "0") == 0)
		return 0;
	const char *number = copy + RUN_DIGITS + 1;
	size_t len = strlen(copy);
	if (strspn(copy, "0123456789abcdef") != RUN_DIGITS || copy[RUN_DIGITS] != '-' ||
	    len != text.len || len == RUN_DIGITS + 1 || len > RUN_DIGITS + 1 + AT_DIGITS ||
	    strspn(number, "0123456789") != strlen(number))
		return -1;
	if (strtoul(copy, NULL, 16) != events->run)
		return 1;
	uint64_t wanted = strtoull(number, NULL, 10);
	if (wanted > events->end)
		return -1;
	*at = wanted;
	return 0;
}
