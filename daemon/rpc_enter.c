#include "rpc_enter.h"
#include "rpc_object.h"
#include "rpc_people.h"
#include "rpc_write.h"
#include <sodium.h>
#include <string.h>

/* ---- the recovery key ---- */

static void recovery_forget(struct rpc_home *home)
{
	sodium_memzero(home->recovery, TUY_RECOVERY_TEXT);
}

/* rpc_call.h, on_fail; and into the result. */
static void recovery_put(struct rpc_call *call, struct rpc_out *out)
{
	if (call->home->recovery[0] != '\0')
		rpc_put_str(out, "recovery_key", call->home->recovery);
}

/* ---- the profile ---- */

/* The name in `default_name`, if the profile has none. 0 or -1. */
static int default_name_read(struct rpc_call *call, struct tuy_record *record,
                             struct rpc_fault *fault)
{
	struct tuy_value *name = &record->value[TUY_FIELD_NAME];
	struct tuy_bytes text;
	int there = rpc_param_text(call->params, "default_name", RPC_NAME_MAX - 1, &text, fault);
	if (there == 1 && !name->present)
		*name = (struct tuy_value){ .present = true, .text = text };
	return there < 0 ? -1 : 0;
}

/* ---- public ---- */

int rpc_identity_ensure(struct rpc_call *call)
{
	struct rpc_home *home = call->home;
	struct store_error error = { .code = "T-STORE-IO" };
	char recovery[TUY_RECOVERY_TEXT];
	int made = loop_ensure_identity(home->d, recovery, &error);
	if (made == 1)
		memcpy(home->recovery, recovery, sizeof recovery);
	sodium_memzero(recovery, sizeof recovery);
	if (made < 0) {
		rpc_fail(call, error.code, error.hint, "%s", error.message);
		return -1;
	}
	call->on_fail = recovery_put;
	call->on_sent = recovery_forget;
	return 0;
}

int rpc_profile_param(struct rpc_call *call, struct tuy_record *record, uint8_t *room)
{
	struct store_reading reading;
	struct rpc_fault fault;
	struct tuy_bytes fields = { 0 };
	if (rpc_reading_begin(call, &reading) != 0)
		return -1;
	int held = rpc_profile_own(call->home, &reading, UINT32_MAX, record);
	store_reading_end(&reading);
	if (held < 0)
		*record = (struct tuy_record){ .kind = TUY_RECORD_PROFILE };
	record->rev = 0;
	record->has_ref = false;
	randombytes_buf(record->nonce.b, sizeof record->nonce.b);
	if (rpc_param_map(call->params, "profile", &fields, &fault) < 0 ||
	    rpc_fields_read(fields, record, &fault) != 0 ||
	    default_name_read(call, record, &fault) != 0 || rpc_record_check(record, &fault) != 0) {
		rpc_fail_fault(call, &fault);
		return -1;
	}
	rpc_record_keep(record, room, TUY_RECORD_TEXT_MAX);
	return 0;
}

struct rpc_out *rpc_entered_begin(struct rpc_call *call, const char *error, uint32_t circle_no)
{
	struct rpc_home *home = call->home;
	struct store_reading reading;
	if (error) {
		rpc_write_failed(call, error);
		return NULL;
	}
	rpc_circle_stale(home, circle_no);
	loop_refresh_names(home->d);
	if (rpc_reading_begin(call, &reading) != 0)
		return NULL;
	const struct rpc_circle *circle = rpc_circle_get(home, &reading, circle_no);
	store_reading_end(&reading);
	tuy_require(circle);
	struct rpc_out *out = rpc_result(call);
	rpc_open_map(out, NULL);
	rpc_circle_put(home, circle, RPC_ACTIVE_ONLY, out);
	return out;
}

void rpc_entered_end(struct rpc_call *call, struct rpc_out *out)
{
	recovery_put(call, out);
	rpc_close_one(out);
	rpc_answer(call);
}
