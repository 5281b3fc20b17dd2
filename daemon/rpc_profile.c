/* profile_set, profile_show. */
#include "rpc_do.h"
#include "rpc_object.h"
#include "rpc_people.h"
#include "rpc_write.h"
#include "../proto/text.h"
#include <sodium.h>

/* ---- profile_set ---- */

static void profile_answer(struct rpc_call *call, struct store_reading *reading,
                           const struct rpc_circle *circle, const struct tuy_member *member,
                           const struct tuy_record *record, uint32_t updated_s)
{
	struct rpc_out *out = rpc_result(call);
	rpc_open_map(out, NULL);
	rpc_profile_put(circle, member, record, updated_s, out);
	rpc_close_one(out);
	store_reading_end(reading);
	rpc_answer(call);
}

static void profile_written(struct rpc_call *call, const char *error)
{
	struct rpc_home *home = call->home;
	struct store_reading reading;
	struct tuy_record record;
	if (error) {
		rpc_write_failed(call, error);
		return;
	}
	rpc_circle_stale(home, call->write.circle_no);
	loop_refresh_names(home->d);
	if (rpc_reading_begin(call, &reading) != 0)
		return;
	const struct rpc_circle *circle = rpc_circle_get(home, &reading, call->write.circle_no);
	enum tuy_err err = tuy_record_read(
		(struct tuy_bytes){ call->write.record, call->write.record_len }, &record);
	tuy_require(circle && err == TUY_OK);
	profile_answer(call, &reading, circle, &home->d->keys->cert.member, &record,
	               call->write.at_s);
}

void rpc_do_profile_set(struct rpc_call *call)
{
	struct store_reading reading;
	struct rpc_fault fault;
	struct tuy_bytes fields = { 0 };
	struct tuy_record record;
	if (rpc_reading_begin(call, &reading) != 0)
		return;
	const struct rpc_circle *circle = rpc_circle_param(call, &reading);
	int held = -1;
	if (circle)
		held = rpc_profile_own(call->home, &reading, circle->circle_no, &record);
	store_reading_end(&reading);
	if (!circle)
		return;
	if (held < 0)
		record = (struct tuy_record){ .kind = TUY_RECORD_PROFILE };
	record.rev = held == 1 ? record.rev + 1 : 0;
	if (held != 1)
		randombytes_buf(record.nonce.b, sizeof record.nonce.b);
	if (rpc_param_map(call->params, "fields", &fields, &fault) < 0 ||
	    rpc_fields_read(fields, &record, &fault) != 0 || rpc_record_check(&record, &fault) != 0)
		rpc_fail_fault(call, &fault);
	else
		rpc_append(call, circle->circle_no, &record, 0, profile_written);
}

/* ---- profile_show ---- */

/* Whom the param `member` means, the own person if it is not given. NULL: the call has failed. */
static const struct tuy_member *member_param(struct rpc_call *call, const struct rpc_circle *circle)
{
	struct rpc_fault fault;
	struct tuy_bytes text = { 0 };
	const struct rpc_person *person = NULL;
	int there = rpc_param_text(call->params, "member", 2 * RPC_NAME_MAX, &text, &fault);
	if (there == 0)
		return &call->home->d->keys->cert.member;
	if (there < 0) {
		rpc_fail_fault(call, &fault);
		return NULL;
	}
	uint32_t count = rpc_person_find(circle, text, &person);
	if (count == 1)
		return &person->member;
	int shown = (int)tuy_text_cut(text, RPC_NAME_MAX);
	if (count == 0)
		rpc_fail(call, "T-NOT-FOUND", "tuyau circle show",
		         "Nobody in %s is called \"%.*s\".", circle->name, shown,
		         (const char *)text.p);
	else
		rpc_fail(call, "T-AMBIGUOUS", "Give the whole name, or digits of the id.",
		         "%u people in %s are called \"%.*s\".", count, circle->name, shown,
		         (const char *)text.p);
	return NULL;
}

void rpc_do_profile_show(struct rpc_call *call)
{
	struct rpc_home *home = call->home;
	struct store_reading reading;
	struct view_object object;
	struct tuy_record record;
	if (rpc_reading_begin(call, &reading) != 0)
		return;
	const struct rpc_circle *circle = rpc_circle_param(call, &reading);
	const struct tuy_member *member = circle ? member_param(call, circle) : NULL;
	if (!member) {
		store_reading_end(&reading);
		return;
	}
	bool held = view_profile(&reading, circle->circle_no, member, &object) == 0 &&
	            rpc_record_get(home, &reading, &object, &record);
	profile_answer(call, &reading, circle, member, held ? &record : NULL,
	               held ? rpc_profile_updated(home, &reading, &object) : 0);
}
