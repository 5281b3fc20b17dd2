/* tip, ask: the same way for both, by the field table. */
#include "rpc_do.h"
#include "rpc_object.h"
#include "rpc_people.h"
#include "rpc_write.h"
#include "../proto/text.h"
#include <sodium.h>
#include <string.h>

#define DAY_S        86400u
#define TITLE_MAX    120 /* PROTOCOL 8.4 */
#define ELLIPSIS     "\xe2\x80\xa6"
#define ELLIPSIS_LEN 3

/* Product 1.12: life of a tip (0) and of asks by their number. */
static const struct {
	uint32_t usual_days;
	uint32_t most_days;
} lives[] = {
	{ 30, 90 }, /* tip */
	{ 30, 90 }, /* profile */
	{ 14, 30 }, /* intro */
	{ 30, 30 }, /* vouch */
	{ 14, 30 }, /* news */
	{ 30, 90 }, /* supplier */
};

/*
 * A title that does not fit, with nothing else said, is the text, and its beginning the title.
 * `room` holds the title then.
 */
static void title_shorten(struct tuy_record *record, uint8_t room[TITLE_MAX])
{
	struct tuy_value *title = &record->value[TUY_FIELD_TITLE];
	struct tuy_value *text = &record->value[TUY_FIELD_TEXT];
	if (record->kind != TUY_RECORD_TIP || !title->present || text->present)
		return;
	const uint8_t *line_end = memchr(title->text.p, '\n', title->text.len);
	if (!line_end && title->text.len <= TITLE_MAX)
		return;
	*text = *title;
	struct tuy_bytes line = title->text;
	if (line_end && line_end > line.p)
		line.len = (size_t)(line_end - line.p);
	size_t len = tuy_text_cut(line, TITLE_MAX - ELLIPSIS_LEN);
	memcpy(room, line.p, len);
	memcpy(room + len, ELLIPSIS, ELLIPSIS_LEN);
	title->text = (struct tuy_bytes){ room, len + ELLIPSIS_LEN };
}

/* When it expires. 0 or -1. */
static int expiry_param(struct rpc_call *call, const struct tuy_record *record, uint32_t *exp_s,
                        struct rpc_fault *fault)
{
	uint64_t ask = record->kind == TUY_RECORD_ASK ? record->value[TUY_FIELD_ASK].number : 0;
	tuy_require(ask < sizeof lives / sizeof lives[0]);
	uint32_t life_s = lives[ask].usual_days * DAY_S;
	uint32_t most_s = lives[ask].most_days * DAY_S;
	uint32_t now_s = loop_now(call->home->d).wall_s;
	if (rpc_param_uint(call->params, "life_s", 1, UINT32_MAX, &life_s, fault) < 0)
		return -1;
	if (life_s > most_s)
		return rpc_fault_set(fault, "T-USAGE", "", "It can stand for %u days at most.",
		                     lives[ask].most_days);
	*exp_s = now_s > UINT32_MAX - life_s ? UINT32_MAX : now_s + life_s;
	return 0;
}

/* Product 1.1: bands, so that nobody has to say a figure. */
static int budget_check(struct tuy_record *record, struct rpc_fault *fault)
{
	static const char *const bands[] = { "0-1k", "1-5k", "5-20k", "20-100k", "100k+" };
	const struct tuy_value *budget = &record->value[TUY_FIELD_BUDGET];
	if (!budget->present)
		return 0;
	for (size_t i = 0; i < sizeof bands / sizeof bands[0]; i++)
		if (tuy_text_equal(budget->text, tuy_text_bytes(bands[i])))
			return 0;
	return rpc_fault_set(fault, "T-USAGE", "",
	                     "\"--budget %.*s\": 0-1k, 1-5k, 5-20k, 20-100k or 100k+.",
	                     (int)budget->text.len, (const char *)budget->text.p);
}

/* Whom it is for must be somebody of the circle, by the rule that his own inbox will go by; "any"
 * is everybody. */
static int for_check(const struct rpc_circle *circle, struct tuy_record *record,
                     struct rpc_fault *fault)
{
	struct tuy_value *whom = &record->value[TUY_FIELD_FOR];
	uint32_t count = 0;
	if (whom->present && tuy_text_equal(whom->text, tuy_text_bytes("any")))
		*whom = (struct tuy_value){ 0 };
	if (!whom->present)
		return 0;
	for (uint32_t i = 0; i < circle->people_count; i++)
		count += rpc_person_meant(&circle->people[i], whom->text);
	bool seat = whom->text.p[0] == '@';
	int len = (int)whom->text.len;
	const char *text = (const char *)whom->text.p;
	if (count == 0 && seat)
		return rpc_fault_set(fault, "T-NOT-FOUND", "tuyau circle show",
		                     "Nobody in %s has the seat \"%.*s\".", circle->name, len - 1,
		                     text + 1);
	if (count == 0)
		return rpc_fault_set(fault, "T-NOT-FOUND", "tuyau circle show",
		                     "Nobody in %s is called \"%.*s\".", circle->name, len, text);
	if (count > 1 && !seat)
		return rpc_fault_set(
			fault, "T-AMBIGUOUS", "Give the whole name, or digits of the id.",
			"%u people in %s are called \"%.*s\".", count, circle->name, len, text);
	return 0;
}

static void object_written(struct rpc_call *call, const char *error)
{
	struct rpc_home *home = call->home;
	struct daemon *d = home->d;
	struct store_reading reading;
	struct tuy_record record;
	struct tuy_circle_info info;
	if (error) {
		rpc_write_failed(call, error);
		return;
	}
	enum tuy_err err = tuy_record_read(
		(struct tuy_bytes){ call->write.record, call->write.record_len }, &record);
	tuy_require(err == TUY_OK);
	tuy_require(tuy_node_circle(d->node, call->write.circle_no, &info) == TUY_OK);
	if (rpc_reading_begin(call, &reading) != 0)
		return;
	struct view_object object = {
		.circle_no = call->write.circle_no,
		.id = tuy_object_id(&info.id, &d->keys->cert.member, &record.nonce),
		.kind = record.kind,
		.ask = (uint32_t)record.value[TUY_FIELD_ASK].number,
		.log_no = call->write.appended.log_no,
		.seq = call->write.appended.seq,
		.member = d->keys->cert.member,
		.device = d->keys->device.device,
		.created_s = call->write.at_s,
		.expires_s = call->write.exp_s,
	};
	struct rpc_out *out = rpc_result(call);
	rpc_open_map(out, NULL);
	rpc_object_put(home, &reading, &object, &record, out);
	rpc_close_one(out);
	store_reading_end(&reading);
	rpc_answer(call);
}

/* Fails the call if nothing can be sealed to the circle yet. 0 or -1. */
static int key_check(struct rpc_call *call, uint32_t circle_no)
{
	static const struct tuy_epoch none;
	struct tuy_circle_info info;
	if (tuy_node_circle(call->home->d->node, circle_no, &info) == TUY_OK &&
	    memcmp(&info.epoch, &none, sizeof none) != 0)
		return 0;
	rpc_fail(call, "T-NO-KEY", "It comes from any friend who is online: tuyau status",
	         "The key of the circle is not here yet.");
	return -1;
}

static void object_create(struct rpc_call *call, enum tuy_record_kind kind)
{
	struct store_reading reading;
	struct rpc_fault fault;
	struct tuy_bytes fields = { 0 };
	struct tuy_record record = { .kind = kind };
	uint8_t title[TITLE_MAX];
	uint32_t exp_s = 0;
	if (rpc_reading_begin(call, &reading) != 0)
		return;
	const struct rpc_circle *circle = rpc_circle_param(call, &reading);
	store_reading_end(&reading);
	if (!circle)
		return;
	if (rpc_param_map(call->params, "fields", &fields, &fault) < 0 ||
	    rpc_fields_read(fields, &record, &fault) != 0) {
		rpc_fail_fault(call, &fault);
		return;
	}
	title_shorten(&record, title);
	randombytes_buf(record.nonce.b, sizeof record.nonce.b);
	if (rpc_record_check(&record, &fault) != 0 || budget_check(&record, &fault) != 0 ||
	    for_check(circle, &record, &fault) != 0 ||
	    expiry_param(call, &record, &exp_s, &fault) != 0)
		rpc_fail_fault(call, &fault);
	else if (key_check(call, circle->circle_no) == 0)
		rpc_append(call, circle->circle_no, &record, exp_s, object_written);
}

void rpc_do_tip(struct rpc_call *call)
{
	object_create(call, TUY_RECORD_TIP);
}

void rpc_do_ask(struct rpc_call *call)
{
	object_create(call, TUY_RECORD_ASK);
}
