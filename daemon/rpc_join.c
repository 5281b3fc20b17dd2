/* join: from an invite to a member with a profile. */
#include "rpc_do.h"
#include "rpc_enter.h"
#include "rpc_people.h"
#include "rpc_write.h"
#include "../proto/text.h"
#include <string.h>

/* The inviter types it, not the one who was refused. */
#define NEW_INVITE_HINT N_("Ask whoever invited you for a new one (they type: tuyau invite).")

#define CODE_MAX   4096 /* what people paste: line ends, blanks */
#define TIMEOUT_S  30
#define REJECT_MAX 160

struct join_work {
	struct tuy_invite invite;
	struct tuy_record profile;
	uint32_t timeout_s;
	uint32_t circle_no;         /* where the profile goes; UINT32_MAX: not in yet */
	char inviter[RPC_NAME_MAX]; /* empty: unknown */
	uint8_t profile_doc[TUY_RECORD_TEXT_MAX];
};

/* ---- from admission on ---- */

static void join_profiled(struct rpc_call *call, const char *error)
{
	const struct join_work *work = call->work;
	struct rpc_out *out = rpc_entered_begin(call, error, work->circle_no);
	if (!out)
		return;
	rpc_put_str(out, "inviter", work->inviter[0] != '\0' ? work->inviter : NULL);
	rpc_entered_end(call, out);
}

/* The circle is durable here: the profile follows, whether the client is still there or not. */
static void join_publish(struct rpc_call *call)
{
	struct join_work *work = call->work;
	call->on_gone = NULL;
	rpc_append(call, work->circle_no, &work->profile, 0, join_profiled);
}

static void join_rejected(struct rpc_call *call, const struct tuy_tell *tell)
{
	char time[RPC_TIME_TEXT];
	bool dated = tell->time_s > 0;
	rpc_time_text(tell->time_s, time);
	call->home->joining = NULL;
	switch (tell->code) {
	case TUY_REJECT_USED:
		if (dated)
			rpc_fail(call, "T-INVITE-USED", NEW_INVITE_HINT,
			         "This invite was used on %s; each one lets one person in.", time);
		else
			rpc_fail(call, "T-INVITE-USED", NEW_INVITE_HINT,
			         "This invite was used; each one lets one person in.");
		return;
	case TUY_REJECT_EXPIRED:
		if (dated)
			rpc_fail(call, "T-INVITE-EXPIRED", NEW_INVITE_HINT,
			         "This invite expired on %s.", time);
		else
			rpc_fail(call, "T-INVITE-EXPIRED", NEW_INVITE_HINT, "This invite expired.");
		return;
	case TUY_REJECT_FULL:
		rpc_fail(call, "T-INVITE-FULL", "Ask whoever invited you.",
		         "The circle has all the members it can have.");
		return;
	case TUY_REJECT_MEMBER:
		rpc_fail(call, "T-ALREADY-MEMBER", "tuyau circle list",
		         "You are a member of this circle already.");
		return;
	case TUY_REJECT_UNKNOWN:
		rpc_fail(call, "T-INVITE-UNKNOWN", NEW_INVITE_HINT,
		         "The computer that is said to have made this invite does not know it.");
		return;
	case TUY_REJECT_REFUSED:
		break;
	}
	rpc_fail(call, "T-INVITE-REFUSED", "Ask whoever invited you.",
	         "This invite was refused: whoever made it may not let anybody in any more.");
}

void rpc_join_tell(struct rpc_call *call, const struct tuy_tell *tell)
{
	struct join_work *work = call->work;
	if (tell->kind == TUY_TELL_REJECTED) {
		join_rejected(call, tell);
	} else if (tell->kind == TUY_TELL_JOINED) {
		size_t len = 0; /* a peer's: it may hold anything */
		tuy_text_scrub(tell->name, TUY_TEXT_ONE_LINE, (uint8_t *)work->inviter,
		               sizeof work->inviter - 1, &len);
		work->inviter[len] = '\0';
		work->circle_no = tell->circle_no;
		call->home->joining = NULL;
		join_publish(call);
	}
}

/* ---- up to admission ---- */

static void join_cancel(struct rpc_call *call)
{
	struct daemon *d = call->home->d;
	call->home->joining = NULL;
	tuy_node_cancel_join(d->node);
	loop_drain(d);
}

static void join_late(struct rpc_call *call)
{
	const struct join_work *work = call->work;
	struct tuy_address address = { .port = work->invite.port };
	char text[CONFIG_ADDRESS_TEXT];
	memcpy(address.ip, work->invite.address, sizeof address.ip);
	config_address_text(&address, text);
	join_cancel(call);
	rpc_fail(call, "T-UNREACHED",
	         "Is that computer on, with tuyaud running? Then the same tuyau join again.",
	         "Whoever invited you was not reached at %s within %u s.", text, work->timeout_s);
}

static void join_gone(struct rpc_call *call)
{
	join_cancel(call);
	rpc_answer(call);
}

static int code_fault(struct rpc_call *call, enum tuy_err err)
{
	if (err == TUY_E_SHORT)
		rpc_fail(call, "T-INVITE-BAD", "Copy it whole: TUYAU: and 141 characters.",
		         "This invite is cut off.");
	else if (err == TUY_E_UNKNOWN)
		rpc_fail(call, "T-INVITE-BAD", "tuyau version",
		         "This invite was made by a later version of tuyau.");
	else
		rpc_fail(call, "T-INVITE-BAD", "Copy it whole: TUYAU: and 141 characters.",
		         "This is not an invite, or it was mistyped.");
	return -1;
}

/* Params code and timeout_s. 0, or -1: the call has failed. */
static int join_params(struct rpc_call *call, struct join_work *work)
{
	struct rpc_fault fault;
	struct tuy_bytes code = { 0 };
	work->timeout_s = TIMEOUT_S;
	int there = rpc_param_text(call->params, "code", CODE_MAX, &code, &fault);
	if (there < 0 ||
	    rpc_param_uint(call->params, "timeout_s", 1, 600, &work->timeout_s, &fault) < 0) {
		rpc_fail_fault(call, &fault);
		return -1;
	}
	if (there == 0)
		return code_fault(call, TUY_E_FORMAT);
	enum tuy_err err = tuy_invite_parse(code, &work->invite);
	return err ? code_fault(call, err) : 0;
}

/*
 * The circle of the invite if this person is in it: its number to work->circle_no, and the call
 * fails if the own profile is there too (if not, an earlier join was cut short). 0, or -1.
 */
static int member_check(struct rpc_call *call, struct join_work *work)
{
	struct store_reading reading;
	struct view_object object;
	const struct keys *keys = call->home->d->keys;
	int bad = 0;
	if (rpc_reading_begin(call, &reading) != 0)
		return -1;
	for (uint32_t i = 0; i < TUY_CIRCLES_MAX && !bad; i++) {
		const struct rpc_circle *circle = rpc_circle_get(call->home, &reading, i);
		if (!circle || memcmp(circle->id.b, work->invite.circle16.b,
		                      sizeof work->invite.circle16.b) != 0)
			continue;
		work->circle_no = i;
		if (view_profile(&reading, i, &keys->cert.member, &object) != 0)
			continue;
		rpc_fail(call, "T-ALREADY-MEMBER", "tuyau circle show",
		         "You are a member of %s already.", circle->name);
		bad = -1;
	}
	store_reading_end(&reading);
	return bad;
}

/* Fails the call when the invite's own date has passed. 0 or -1. */
static int expiry_check(struct rpc_call *call, const struct join_work *work)
{
	char time[RPC_TIME_TEXT];
	if (work->invite.expires_s > loop_now(call->home->d).wall_s)
		return 0;
	rpc_time_text(work->invite.expires_s, time);
	rpc_fail(call, "T-INVITE-EXPIRED", NEW_INVITE_HINT, "This invite expired on %s.", time);
	return -1;
}

static void join_begin(struct rpc_call *call, struct join_work *work)
{
	struct daemon *d = call->home->d;
	enum tuy_err err = tuy_node_join(d->node, loop_now(d), &work->invite,
	                                 work->profile.value[TUY_FIELD_NAME].text);
	if (err == TUY_E_CONFLICT) {
		rpc_fail(call, "T-JOIN-BUSY", "Try again in a moment.",
		         "Another invite is being used right now.");
		return;
	}
	if (err == TUY_E_USED) {
		rpc_fail(call, "T-ALREADY-MEMBER", "tuyau circle list",
		         "You are a member of this circle already.");
		return;
	}
	if (err) {
		rpc_fail(call, "T-INVITE-REFUSED", NEW_INVITE_HINT,
		         "This invite cannot be used here (%s).", tuy_err_name(err));
		return;
	}
	call->home->joining = call;
	call->on_gone = join_gone;
	rpc_due(call, (uint64_t)work->timeout_s * 1000, join_late);
	loop_drain(d);
}

void rpc_do_join(struct rpc_call *call)
{
	if (call->home->joining) {
		rpc_fail(call, "T-JOIN-BUSY", "Try again in a moment.",
		         "Another invite is being used right now.");
		return;
	}
	struct join_work *work = rpc_work(call, sizeof *work);
	if (!work)
		return;
	work->circle_no = UINT32_MAX;
	if (join_params(call, work) != 0 || member_check(call, work) != 0)
		return;
	bool inside = work->circle_no != UINT32_MAX;
	if (!inside && expiry_check(call, work) != 0)
		return;
	if (rpc_profile_param(call, &work->profile, work->profile_doc) != 0 ||
	    rpc_identity_ensure(call) != 0)
		return;
	if (inside)
		join_publish(call);
	else
		join_begin(call, work);
}
