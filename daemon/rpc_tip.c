/* tip, ask: the same way for both, by the field table. */
#include "amount.h"
#include "life_write.h"
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
	const struct tuy_value *budget = &record->value[TUY_FIELD_BUDGET];
	if (!budget->present || amount_band(budget->text) < AMOUNT_BANDS)
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

/* Whom the param `to` names: an ask for these members only, who alone learn of its answers. 0 or -1
 * with `fault`. */
static int to_param(struct rpc_call *call, const struct rpc_circle *circle,
                    struct tuy_record *record, struct life_among *among, struct rpc_fault *fault)
{
	struct tuy_bytes name[LIFE_AMONG_MAX];
	uint32_t count = LIFE_AMONG_MAX;
	int there = rpc_param_texts(call->params, "to", RPC_NAME_MAX, name, &count, fault);
	*among = (struct life_among){ 0 };
	for (uint32_t i = 0; there == 1 && i < count; i++) {
		const struct rpc_person *person = NULL;
		uint32_t found = rpc_person_find(circle, name[i], &person);
		int len = (int)name[i].len;
		if (found == 0)
			return rpc_fault_set(fault, "T-NOT-FOUND", "tuyau circle show",
			                     "Nobody in %s is called \"%.*s\".", circle->name, len,
			                     (const char *)name[i].p);
		if (found > 1)
			return rpc_fault_set(fault, "T-AMBIGUOUS",
			                     "Give the whole name, or digits of the id.",
			                     "%u people in %s are called \"%.*s\".", found,
			                     circle->name, len, (const char *)name[i].p);
		if (memcmp(&person->member, &call->home->d->keys->cert.member,
		           sizeof person->member) == 0)
			return rpc_fault_set(fault, "T-USAGE", "tuyau circle show",
			                     "You do not need to ask yourself.");
		among->member[among->count++] = person->member;
	}
	if (among->count > 0)
		life_set_number(record, TUY_FIELD_HIDE_COUNT, 1);
	return there < 0 ? -1 : 0;
}

/* call->work of tip and ask. */
struct give_work {
	struct life_batch batch; /* first: rpc_write_batch */
	struct tuy_object id;
};

static void object_written(struct rpc_call *call, const char *error)
{
	struct rpc_home *home = call->home;
	struct daemon *d = home->d;
	const struct give_work *work = call->work;
	const struct life_batch *batch = &work->batch;
	struct store_reading reading;
	struct tuy_record record;
	if (error) {
		rpc_write_failed(call, error);
		return;
	}
	enum tuy_err err = tuy_record_read(batch->writings.writing[0].record, &record);
	tuy_require(err == TUY_OK);
	if (rpc_reading_begin(call, &reading) != 0)
		return;
	struct view_object object = {
		.circle_no = batch->circle_no,
		.id = work->id,
		.kind = record.kind,
		.ask = (uint32_t)record.value[TUY_FIELD_ASK].number,
		.log_no = batch->appended[0].log_no,
		.seq = batch->appended[0].seq,
		.member = d->keys->cert.member,
		.device = d->keys->device.device,
		.created_s = call->write.at_s,
		.expires_s = batch->writings.writing[0].exp_s,
		.claims = (uint32_t)record.value[TUY_FIELD_CLAIMS].number,
	};
	home->last_write.used = true;
	home->last_write.circle_no = object.circle_no;
	home->last_write.id = object.id;
	home->last_write.at_s = object.created_s;
	struct rpc_out *out = rpc_result(call);
	rpc_open_map(out, NULL);
	rpc_object_put(home, &reading, &object, &record, out);
	rpc_close_one(out);
	store_reading_end(&reading);
	rpc_answer(call);
}

/* ---- the contact card ---- */

static void card_move(struct tuy_record *tip, struct tuy_record *card, enum tuy_field field)
{
	card->value[field] = tip->value[field];
	tip->value[field] = (struct tuy_value){ 0 };
}

/*
 * Product 1.1: what is sealed to the awardee, at award. 1: there is such a card; 0: none; -1 with
 * `fault`.
 */
static int card_param(struct rpc_call *call, struct tuy_record *tip, struct tuy_record *card,
                      struct rpc_fault *fault)
{
	struct tuy_bytes fields = { 0 };
	bool hide = false;
	int there = rpc_param_map(call->params, "card", &fields, fault);
	if (there < 0 || rpc_param_flag(call->params, "hide_company", &hide, fault) < 0 ||
	    rpc_fields_read(fields, card, fault) != 0)
		return -1;
	if (hide) {
		card_move(tip, card, TUY_FIELD_COMPANY);
		card_move(tip, card, TUY_FIELD_DOMAIN);
		card_move(tip, card, TUY_FIELD_SIREN);
	}
	const struct tuy_value *told = &tip->value[TUY_FIELD_TOLD];
	if (card->value[TUY_FIELD_NAME].present && !(told->present && told->number == 1))
		return rpc_fault_set(fault, "T-TOLD",
		                     "Tell her first, then --told; or keep the role only: --role "
		                     "\"head of IT\"",
		                     "You name a person but did not say she knows.");
	bool any = false;
	for (int f = TUY_FIELD_TITLE; f < TUY_FIELD_END; f++)
		any = any || card->value[f].present;
	return any ? 1 : 0;
}

/* The card as a private row of the tip, until it is awarded; and the note to oneself. */
static int private_add(struct rpc_call *call, struct give_work *work, struct tuy_record *card,
                       struct rpc_fault *fault)
{
	static const struct tuy_object none;
	struct tuy_bytes note = { 0 };
	uint8_t room[4096];
	struct tuy_writer w = tuy_writer(room, sizeof room);
	if (rpc_param_line(call->params, "why_private", RPC_NOTE_MAX, &note, fault) < 0)
		return -1;
	if (note.len > 0)
		life_batch_private(&work->batch, &work->id, VIEW_PRIVATE_NOTE, note);
	if (!card)
		return 0;
	card->has_ref = true;
	card->ref = work->id;
	life_set_bytes(card, TUY_FIELD_OF, TUY_BYTES(none.b)); /* the award is to come */
	if (rpc_record_check(card, fault) != 0)
		return -1;
	enum tuy_err err = tuy_record_write(card, &w);
	tuy_require(err == TUY_OK);
	life_batch_private(&work->batch, &work->id, VIEW_PRIVATE_CARD, tuy_written(&w));
	life_batch_audit(&work->batch, AUDIT_NAMED, &work->id, NULL);
	sodium_memzero(room, sizeof room);
	return 0;
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

/* All that is to be checked of a new object. 0, or -1 with `fault`; *card as card_param. */
static int record_params(struct rpc_call *call, const struct rpc_circle *circle,
                         struct tuy_record *record, uint8_t title[TITLE_MAX],
                         struct tuy_record *card_record, int *card, uint32_t *exp_s,
                         struct rpc_fault *fault)
{
	struct tuy_bytes fields = { 0 };
	*card = 0;
	if (rpc_param_map(call->params, "fields", &fields, fault) < 0 ||
	    rpc_fields_read(fields, record, fault) != 0)
		return -1;
	title_shorten(record, title);
	if (record->kind == TUY_RECORD_TIP)
		*card = card_param(call, record, card_record, fault);
	return *card < 0 || rpc_record_check(record, fault) != 0 ||
	                       budget_check(record, fault) != 0 ||
	                       for_check(circle, record, fault) != 0 ||
	                       expiry_param(call, record, exp_s, fault) != 0
	               ? -1
	               : 0;
}

static void object_create(struct rpc_call *call, enum tuy_record_kind kind)
{
	struct store_reading reading;
	struct rpc_fault fault;
	struct tuy_record record = { .kind = kind };
	struct tuy_record card_record = { .kind = TUY_RECORD_CARD };
	uint8_t title[TITLE_MAX];
	struct life_among among = { 0 };
	uint32_t exp_s = 0;
	int card;
	if (rpc_reading_begin(call, &reading) != 0)
		return;
	const struct rpc_circle *circle = rpc_circle_param(call, &reading);
	store_reading_end(&reading);
	if (!circle)
		return;
	if (record_params(call, circle, &record, title, &card_record, &card, &exp_s, &fault) != 0 ||
	    (kind == TUY_RECORD_ASK && to_param(call, circle, &record, &among, &fault) != 0)) {
		rpc_fail_fault(call, &fault);
		return;
	}
	if (key_check(call, circle->circle_no) != 0)
		return;
	struct give_work *work = rpc_work(call, sizeof *work);
	if (!work)
		return;
	randombytes_buf(record.nonce.b, sizeof record.nonce.b);
	work->id = life_record_id(call->home->d, circle->circle_no, &record);
	life_batch_begin(&work->batch, circle->circle_no);
	life_batch_add_among(&work->batch, &record, exp_s, &among);
	if (among.count > 0)
		life_batch_private(&work->batch, &work->id, VIEW_PRIVATE_AMONG,
		                   (struct tuy_bytes){ among.member[0].b,
		                                       among.count * sizeof among.member[0] });
	if (private_add(call, work, card ? &card_record : NULL, &fault) != 0)
		rpc_fail_fault(call, &fault);
	else
		rpc_write_batch(call, object_written);
}

void rpc_do_tip(struct rpc_call *call)
{
	object_create(call, TUY_RECORD_TIP);
}

void rpc_do_ask(struct rpc_call *call)
{
	object_create(call, TUY_RECORD_ASK);
}
