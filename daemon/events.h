/*
 * What has happened: the names of all events, their fields, and the memory of the newest ones. A
 * reader keeps his own position in it, so that a slow one costs nothing; what was overwritten
 * before he came is told him as a number. It lives in RAM: a restart begins anew.
 *
 * EVENT, a map: schema 1, event (its name), position (behind it: what to give as `since` to go on),
 * at (the daemon's clock), circle (slug; nil if it is of none), and by its name:
 *
 *	tip.new, ask.new		object OBJECT: it came, or was given here (mine)
 *	tip.matched, ask.matched	object OBJECT: one that came has what a watch asks for (its
 *					`matched` says which), or is for the owner or his seat;
 *					behind its tip.new or ask.new
 *	vouch.requested			object OBJECT: an ask for a letter that came, and that the
 *					owner may answer (its `for` does not name others)
 *	tip.delivered, ask.delivered	object OBJECT: an own one, given since the start of the
 *					daemon, is with everybody in the circle
 *	tip.claimed, ask.answered	object OBJECT: an own one has one more claim, or answer
 *	tip.awarded			object OBJECT: an own one, or one to the owner
 *	tip.taken			object OBJECT: claimed here, and awarded to somebody else
 *	tip.progress			object OBJECT: an own one, its awardee went on
 *	tip.due				object OBJECT: three quarters of the time to the first
 *					contact are over; to the awardee
 *	tip.overdue			object OBJECT: all of it, and twice all of it; to the giver
 *	tip.closed			object OBJECT: an own one, or one claimed here, ended
 *	answer.accepted			object OBJECT: an answer given here
 *	thanks.received			object OBJECT, name, from: somebody thanks the owner for it
 *	vouch.revoked			name, from: somebody revoked a letter of his, and
 *					the owner has asked for letters there; `tuyau
 *					verify` says whether it is his
 *	profile.changed			profile PROFILE
 *	member.joined			profile PROFILE: the first one of somebody
 *	member.left			profile PROFILE: he is no longer in the circle
 *	erase.requested			id, name, from: somebody erased what the owner
 *					gave, and asks him to have it erased everywhere
 *	invite.used			name, device: somebody came in on an invite made
 *					here
 *	circle.joined			name, from: this device is in (from: the inviter,
 *					or nil)
 *	circle.changed			name: the circle has a name, or another one
 *	circle.synced			name, members, online, entries: after coming in,
 *					or after nobody was online: the same is held here
 *					and at a peer (the numbers are those of the moment
 *					it is read)
 *	peer.up, peer.down		member, name, from, device: a link stands, or
 *					ended (nil where it is nobody of a circle of ours,
 *					or not known yet)
 *	peer.unreachable		member, name, from, device, days: this device was
 *					not reached on so many days on which tuyaud ran
 *					here; said once
 *	digest				since, count, events {name: count},
 *					objects [OBJECT], more: what was not told to hooks
 *					at once (digest.h); objects are the newest, more
 *					says how many others there are; those of the last
 *					digest that was told
 *	notice				text: a sentence for the owner, as in status
 *	lost				count: so many events before the next one are no longer
 *					known; nil: the daemon was started again, nobody knows
 *
 * OBJECT and PROFILE: rpc_methods.h; nil if it is gone meanwhile. An OBJECT has `private` true here
 * if only some of the circle can read it. What a first sync brings is not told one by one:
 * circle.synced is, at its end. Names may be added, fields too. What is told to hooks, and what
 * together in a digest: hooks.h, digest.h.
 *
 * Thread rule: pure memory, one owner.
 */
#ifndef EVENTS_H
#define EVENTS_H

#include "../proto/types.h"
#include <stdbool.h>

#define EVENTS_KEPT          1024 /* a power of two; about 200 KiB */
#define EVENTS_TEXT_MAX      121  /* a name of 120 bytes and a NUL */
#define EVENTS_POSITION_TEXT 32

enum event_kind {
	EVENT_TIP_NEW,
	EVENT_ASK_NEW,
	EVENT_TIP_MATCHED,
	EVENT_ASK_MATCHED,
	EVENT_TIP_DELIVERED,
	EVENT_ASK_DELIVERED,
	EVENT_PROFILE_CHANGED,
	EVENT_MEMBER_JOINED,
	EVENT_MEMBER_LEFT,
	EVENT_INVITE_USED,
	EVENT_CIRCLE_JOINED,
	EVENT_CIRCLE_CHANGED,
	EVENT_CIRCLE_SYNCED,
	EVENT_PEER_UP,
	EVENT_PEER_DOWN,
	EVENT_PEER_UNREACHABLE,
	EVENT_TIP_CLAIMED,
	EVENT_TIP_AWARDED,
	EVENT_TIP_TAKEN,
	EVENT_TIP_PROGRESS,
	EVENT_TIP_DUE,
	EVENT_TIP_OVERDUE,
	EVENT_TIP_CLOSED,
	EVENT_ASK_ANSWERED,
	EVENT_ANSWER_ACCEPTED,
	EVENT_THANKS_RECEIVED,
	EVENT_VOUCH_REQUESTED,
	EVENT_VOUCH_REVOKED,
	EVENT_ERASE_REQUESTED,
	EVENT_DIGEST,
	EVENT_NOTICE,
	EVENT_LOST,
};
#define EVENT_KINDS (EVENT_LOST + 1)

#define EVENT_NO_CIRCLE UINT32_MAX

struct event {
	enum event_kind kind;
	uint32_t at_s;
	uint32_t circle_no;         /* or EVENT_NO_CIRCLE */
	bool own;                   /* the owner did it himself */
	struct tuy_object object;   /* tip, ask, thanks, erase.requested */
	struct tuy_member member;   /* profile, member.., thanks, vouch.revoked, erase.requested */
	struct tuy_device device;   /* invite.used, peer */
	const char *notice;         /* static */
	char name[EVENTS_TEXT_MAX]; /* invite.used: the newcomer's; circle.joined: the inviter's */
};

/* "tip.new" */
const char *event_name(enum event_kind kind);

struct events;

/* `run` tells this memory from that of any other start. NULL: no memory. */
struct events *events_create(uint32_t run);
void events_destroy(struct events *events); /* NULL is allowed */

/* Keeps a copy; the oldest one gives way. */
void events_push(struct events *events, const struct event *event);

/* How many were pushed so far: the position behind the newest. */
uint64_t events_end(const struct events *events);
/* The first that is still kept. */
uint64_t events_begin(const struct events *events);
/* begin <= at < end. */
const struct event *events_at(const struct events *events, uint64_t at);

/* "1a2b3c4d-17" */
void events_position_text(const struct events *events, uint64_t at,
                          char text[EVENTS_POSITION_TEXT]);
/*
 * The position that a text means: *at, which may lie before events_begin (so many are lost).
 * 0; 1: it is of another start (*at is events_begin, nobody knows how many are lost); -1: it is no
 * position, or behind the newest. "0" is the oldest that is kept, with nothing lost.
 */
int events_position_read(const struct events *events, struct tuy_bytes text, uint64_t *at);

#endif
