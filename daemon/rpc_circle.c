/* new, invite, circle_list, circle_show, progress. */
#include "rpc_do.h"
#include "rpc_enter.h"
#include "rpc_object.h"
#include "rpc_people.h"
#include "rpc_write.h"
#include "../proto/text.h"
#include <sodium.h>
#include <string.h>

#define INVITE_DAYS 7
#define DAY_S       86400u

/* ---- new ---- */

struct new_work {
	uint32_t circle_no;
	struct tuy_record circle; /* spans go into the request */
	struct tuy_record profile;
	uint8_t profile_doc[TUY_RECORD_TEXT_MAX]; /* where those of the profile go */
};

static void new_named(struct rpc_call *call, const char *error)
{
	const struct new_work *work = call->work;
	struct rpc_out *out = rpc_entered_begin(call, error, work->circle_no);
	if (out)
		rpc_entered_end(call, out);
}

static void new_profiled(struct rpc_call *call, const char *error)
{
	struct new_work *work = call->work;
	if (error)
		rpc_write_failed(call, error);
	else
		rpc_append(call, work->circle_no, &work->circle, 0, new_named);
}

/* The name comes last: a circle that has one has its founder's profile too. */
static void new_founded(struct rpc_call *call, const char *error)
{
	struct new_work *work = call->work;
	if (error)
		rpc_write_failed(call, error);
	else
		rpc_append(call, work->circle_no, &work->profile, 0, new_profiled);
}

static enum tuy_err new_attempt(struct rpc_call *call, uint64_t *ticket)
{
	static const struct tuy_policy policy = { .max = TUY_MEMBERS_MAX };
	struct daemon *d = call->home->d;
	struct new_work *work = call->work;
	return tuy_node_create_circle(d->node, loop_now(d), &policy, &work->circle_no, ticket);
}

/* Params name, lang, mode and profile. 0, or -1: the call has failed. */
static int new_params(struct rpc_call *call, struct new_work *work)
{
	struct rpc_fault fault;
	struct tuy_bytes mode = { 0 };
	struct tuy_value *name = &work->circle.value[TUY_FIELD_NAME];
	struct tuy_value *lang = &work->circle.value[TUY_FIELD_LANG];
	work->circle.kind = TUY_RECORD_CIRCLE;
	randombytes_buf(work->circle.nonce.b, sizeof work->circle.nonce.b);
	int named = rpc_param_text(call->params, "name", SIZE_MAX, &name->text, &fault);
	int spoken = rpc_param_text(call->params, "lang", SIZE_MAX, &lang->text, &fault);
	int moded = rpc_param_text(call->params, "mode", 16, &mode, &fault);
	name->present = named == 1;
	lang->present = spoken == 1;
	if (moded == 1 && !tuy_text_equal(mode, tuy_text_bytes("inside")) &&
	    !tuy_text_equal(mode, tuy_text_bytes("between")))
		moded = rpc_fault_set(&fault, "T-USAGE", "tuyau help new",
		                      "mode: inside or between.");
	if (named < 0 || spoken < 0 || moded < 0 || rpc_record_check(&work->circle, &fault) != 0) {
		rpc_fail_fault(call, &fault);
		return -1;
	}
	return rpc_profile_param(call, &work->profile, work->profile_doc);
}

/*
 * Looks for a circle of that name (the call fails), and for one without a name that nobody but this
 * person is in: founded before, and cut short by a crash or a full disk. Its number to
 * work->circle_no, UINT32_MAX: none. 0, or -1: the call has failed.
 */
static int new_check(struct rpc_call *call, struct new_work *work)
{
	struct store_reading reading;
	struct tuy_circle_info info;
	struct tuy_bytes name = work->circle.value[TUY_FIELD_NAME].text;
	uint32_t count = 0;
	int bad = 0;
	if (rpc_reading_begin(call, &reading) != 0)
		return -1;
	work->circle_no = UINT32_MAX;
	for (uint32_t i = 0; i < TUY_CIRCLES_MAX && !bad; i++) {
		const struct rpc_circle *circle = rpc_circle_get(call->home, &reading, i);
		if (!circle || tuy_node_circle(call->home->d->node, i, &info) != TUY_OK)
			continue;
		count++;
		if (tuy_text_equal(name, tuy_text_bytes(circle->name))) {
			rpc_fail(call, "T-CIRCLE-EXISTS", "tuyau circle show",
			         "You are in a circle called %s already.", circle->name);
			bad = -1;
		} else if (!circle->has_name && info.members == 1 && circle->people_count == 1) {
			work->circle_no = i;
		}
	}
	store_reading_end(&reading);
	if (!bad && count == TUY_CIRCLES_MAX && work->circle_no == UINT32_MAX) {
		rpc_fail(call, "T-CIRCLE-FULL", "tuyau circle list",
		         "You are in %d circles, the most there can be.", TUY_CIRCLES_MAX);
		bad = -1;
	}
	return bad;
}

void rpc_do_new(struct rpc_call *call)
{
	struct rpc_home *home = call->home;
	if (home->founding) {
		rpc_fail(call, "T-BUSY", "Try again in a moment.",
		         "Another circle is being made right now.");
		return;
	}
	struct new_work *work = rpc_work(call, sizeof *work);
	if (!work || new_params(call, work) != 0 || new_check(call, work) != 0 ||
	    rpc_identity_ensure(call) != 0)
		return;
	home->founding = call;
	if (work->circle_no != UINT32_MAX)
		new_founded(call, NULL);
	else
		rpc_write(call, new_attempt, new_founded);
}

/* ---- invite ---- */

struct invite_work {
	uint32_t circle_no;
	uint32_t valid_s;
	struct tuy_bytes name;
	struct tuy_invite invite;
	char slug[RPC_NAME_MAX];
};

static void invite_answer(struct rpc_call *call, const struct invite_work *work)
{
	const struct tuy_invite *invite = &work->invite;
	struct tuy_invite_key key;
	struct tuy_address address = { .port = invite->port };
	char text[TUY_INVITE_TEXT];
	char shown[CONFIG_ADDRESS_TEXT];
	memcpy(address.ip, invite->address, sizeof address.ip);
	config_address_text(&address, shown);
	tuy_invite_key_derive(invite, &key);
	tuy_invite_text(invite, text);
	struct rpc_out *out = rpc_result(call);
	rpc_open_map(out, NULL);
	rpc_put_uint(out, "schema", 1);
	rpc_put_str(out, "invite", text);
	rpc_put_hex(out, "id", (struct tuy_bytes){ key.pk.b, 8 });
	rpc_put_time(out, "expires", invite->expires_s);
	rpc_put_str(out, "circle", work->slug);
	rpc_put_str(out, "address", shown);
	if (work->name.len > 0)
		rpc_put_text(out, "name", work->name);
	else
		rpc_put_nil(out, "name");
	rpc_close_one(out);
	sodium_memzero(&key, sizeof key);
	sodium_memzero(text, sizeof text);
	rpc_answer(call);
}

static void invite_written(struct rpc_call *call, const char *error)
{
	struct invite_work *work = call->work;
	struct invite_work made = *work;
	sodium_memzero(&work->invite, sizeof work->invite);
	if (error)
		rpc_write_failed(call, error);
	else
		invite_answer(call, &made);
	sodium_memzero(&made.invite, sizeof made.invite);
}

static enum tuy_err invite_attempt(struct rpc_call *call, uint64_t *ticket)
{
	struct daemon *d = call->home->d;
	struct invite_work *work = call->work;
	return tuy_node_create_invite(d->node, loop_now(d), work->circle_no, work->valid_s,
	                              &work->invite, ticket);
}

void rpc_do_invite(struct rpc_call *call)
{
	struct daemon *d = call->home->d;
	struct store_reading reading;
	struct rpc_fault fault;
	uint32_t days = INVITE_DAYS;
	struct invite_work *work = rpc_work(call, sizeof *work);
	if (!work || rpc_reading_begin(call, &reading) != 0)
		return;
	const struct rpc_circle *circle = rpc_circle_param(call, &reading);
	store_reading_end(&reading);
	if (!circle)
		return;
	if (rpc_param_uint(call->params, "days", 1, TUY_INVITE_DAYS_MAX, &days, &fault) < 0 ||
	    rpc_param_line(call->params, "name", RPC_NAME_MAX - 1, &work->name, &fault) < 0) {
		rpc_fail_fault(call, &fault);
		return;
	}
	work->valid_s = days * DAY_S;
	if (rpc_param_uint(call->params, "seconds", 1, TUY_INVITE_DAYS_MAX * DAY_S, &work->valid_s,
	                   &fault) < 0) {
		rpc_fail_fault(call, &fault);
		return;
	}
	if (d->advertised_count == 0) {
		rpc_fail(call, "T-NO-ADDRESS",
		         "tuyau status; advertise = ADDRESS:PORT in tuyaud.conf",
		         "This computer has no address at which a friend could reach it.");
		return;
	}
	work->circle_no = circle->circle_no;
	memcpy(work->slug, circle->slug, sizeof work->slug);
	rpc_write(call, invite_attempt, invite_written);
}

/* ---- what there is ---- */

void rpc_do_circle_list(struct rpc_call *call)
{
	struct store_reading reading;
	struct tuy_circle_info info;
	if (rpc_reading_begin(call, &reading) != 0)
		return;
	struct rpc_out *out = rpc_result(call);
	rpc_open_array(out, NULL);
	for (uint32_t i = 0; i < TUY_CIRCLES_MAX; i++) {
		const struct rpc_circle *circle = rpc_circle_get(call->home, &reading, i);
		if (!circle || tuy_node_circle(call->home->d->node, i, &info) != TUY_OK)
			continue;
		rpc_open_map(out, NULL);
		rpc_put_hex(out, "id", TUY_BYTES(circle->id.b));
		rpc_put_str(out, "name", circle->name);
		rpc_put_str(out, "slug", circle->slug);
		rpc_put_uint(out, "members", info.members);
		rpc_put_uint(out, "online", info.online);
		rpc_close_one(out);
	}
	rpc_close_one(out);
	store_reading_end(&reading);
	rpc_answer(call);
}

void rpc_do_circle_show(struct rpc_call *call)
{
	struct store_reading reading;
	struct rpc_fault fault;
	bool all = false;
	if (rpc_param_flag(call->params, "all", &all, &fault) < 0) {
		rpc_fail_fault(call, &fault);
		return;
	}
	if (rpc_reading_begin(call, &reading) != 0)
		return;
	const struct rpc_circle *circle = rpc_circle_param(call, &reading);
	store_reading_end(&reading);
	if (!circle)
		return;
	struct rpc_out *out = rpc_result(call);
	rpc_open_map(out, NULL);
	rpc_circle_put(call->home, circle, all ? RPC_FORMER_TOO : RPC_ACTIVE_ONLY, out);
	rpc_close_one(out);
	rpc_answer(call);
}

void rpc_do_progress(struct rpc_call *call)
{
	struct store_reading reading;
	struct tuy_circle_info info = { 0 };
	if (rpc_reading_begin(call, &reading) != 0)
		return;
	const struct rpc_circle *circle = rpc_circle_param(call, &reading);
	store_reading_end(&reading);
	if (!circle)
		return;
	struct tuy_node *node = call->home->d->node;
	struct tuy_progress progress = tuy_node_progress(node, circle->circle_no);
	tuy_node_circle(node, circle->circle_no, &info);
	struct rpc_out *out = rpc_result(call);
	rpc_open_map(out, NULL);
	rpc_put_uint(out, "schema", 1);
	rpc_put_str(out, "circle", circle->slug);
	rpc_put_uint(out, "have", progress.have);
	rpc_put_uint(out, "want", progress.want);
	rpc_put_uint(out, "missing", info.missing);
	rpc_put_flag(out, "in_sync", progress.in_sync);
	rpc_close_one(out);
	rpc_answer(call);
}
