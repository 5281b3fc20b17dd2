#include "lives.h"
#include "bench.h"
#include "tips.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

#define PERIOD 100u

/* What a person did: about his own i-th tip, and about that of the one before him. */
enum slot {
	SLOT_CLAIM,
	SLOT_NOTE,
	SLOT_AWARD,
	SLOT_STEP,
	SLOT_CLOSED,
	SLOT_SOLVED,
	SLOT_THANKS,
	SLOTS
};

bool lives_is_ask(uint32_t i)
{
	return i % 10 == 9;
}

bool lives_is_picked(uint32_t i)
{
	return i % PERIOD == 10;
}

static bool is_there(uint32_t i, enum slot slot)
{
	uint32_t of = i % PERIOD;
	if (of < 9)
		return false; /* untouched */
	if (slot == SLOT_CLAIM)
		return true;
	if (lives_is_ask(i))
		return slot == SLOT_NOTE || slot == SLOT_SOLVED;
	if (of == 10)
		return false; /* it waits */
	if (slot == SLOT_AWARD || slot == SLOT_STEP)
		return true;
	if (of == 11)
		return false; /* under way */
	return slot == SLOT_CLOSED || (slot == SLOT_THANKS && of % 2 == 0);
}

static bool is_sealed(const struct tuy_record *record)
{
	return record->kind == TUY_RECORD_OUTCOME || record->kind == TUY_RECORD_PROGRESS ||
	       (record->kind == TUY_RECORD_ANSWER && record->value[TUY_FIELD_HOW].present);
}

static struct tuy_tag act_nonce(uint32_t log_no, uint32_t i, enum slot slot)
{
	struct tuy_tag nonce = { { 0 } };
	tuy_put32(nonce.b, log_no);
	tuy_put32(nonce.b + 4, i);
	nonce.b[8] = 0xac;
	nonce.b[9] = (uint8_t)slot;
	return nonce;
}

static struct tuy_object act_id(const struct lives *lives, uint32_t log_no, uint32_t i,
                                enum slot slot)
{
	struct tuy_tag nonce = act_nonce(log_no, i, slot);
	return tuy_object_id(&lives->people->id, &lives->people->person[log_no].cert.member,
	                     &nonce);
}

static struct tuy_object tip_id(const struct lives *lives, uint32_t log_no, uint32_t i)
{
	struct tip tip;
	tip_invent(&tip, lives_tip_number(log_no, i));
	return tuy_object_id(&lives->people->id, &lives->people->person[log_no].cert.member,
	                     &tip.nonce);
}

static void bytes_set(struct tuy_record *record, enum tuy_field field, const uint8_t *p, size_t len)
{
	record->value[field] = (struct tuy_value){ .present = true, .text = { p, len } };
}

static void number_set(struct tuy_record *record, enum tuy_field field, uint64_t number)
{
	record->value[field] = (struct tuy_value){ .present = true, .number = number };
}

static struct tuy_bytes text_of(const char *text)
{
	return (struct tuy_bytes){ (const uint8_t *)text, strlen(text) };
}

/* An award was written by the one before; he who writes this got it. */
static void step_set(const struct lives *lives, struct tuy_record *record, uint32_t before,
                     struct tuy_object *award, char amount[16])
{
	uint32_t of = lives->tip % PERIOD;
	bool won = of % 3 == 0;
	*award = act_id(lives, before, lives->tip, SLOT_AWARD);
	bytes_set(record, TUY_FIELD_OF, award->b, sizeof award->b);
	if (record->kind == TUY_RECORD_CLOSED)
		return;
	number_set(record, TUY_FIELD_STEP, of == 11 ? 2 : won ? 4 : 5);
	if (!won)
		return;
	(void)snprintf(amount, 16, "%u", 100 * of);
	record->value[TUY_FIELD_AMOUNT] =
		(struct tuy_value){ .present = true, .text = text_of(amount) };
	record->value[TUY_FIELD_CURRENCY] =
		(struct tuy_value){ .present = true, .text = text_of("EUR") };
}

static struct tuy_bytes record_make(const struct lives *lives, uint8_t *buffer)
{
	static const enum tuy_record_kind kinds[SLOTS] = {
		TUY_RECORD_CLAIM,  TUY_RECORD_ANSWER, TUY_RECORD_AWARD,  TUY_RECORD_OUTCOME,
		TUY_RECORD_CLOSED, TUY_RECORD_CLOSED, TUY_RECORD_THANKS,
	};
	uint32_t log_no = lives->log_no;
	uint32_t i = lives->tip;
	enum slot slot = (enum slot)lives->slot;
	uint32_t before = (log_no + lives->people_count - 1) % lives->people_count;
	uint32_t after = (log_no + 1) % lives->people_count;
	bool own = slot == SLOT_AWARD || slot == SLOT_SOLVED;
	struct tuy_record record = { .kind = kinds[slot], .nonce = act_nonce(log_no, i, slot) };
	struct tuy_object award;
	char amount[16];
	if (lives_is_ask(i) && slot <= SLOT_NOTE) /* both entries of an answer are one */
		record = (struct tuy_record){ .kind = TUY_RECORD_ANSWER,
			                      .nonce = act_nonce(log_no, i, SLOT_CLAIM) };
	record.has_ref = true;
	record.ref = tip_id(lives, own ? log_no : before, i);
	if (slot == SLOT_NOTE) {
		number_set(&record, TUY_FIELD_HOW, 2);
		record.value[TUY_FIELD_TEXT] =
			(struct tuy_value){ .present = true,
			                    .text = text_of("lokita sebu namori") };
	} else if (slot == SLOT_AWARD) {
		bytes_set(&record, TUY_FIELD_TO, lives->people->person[after].cert.member.b,
		          sizeof record.value[0].text.p[0] * 32);
		number_set(&record, TUY_FIELD_DUE, (uint64_t)time(NULL) + 2u * 86400);
	} else if (slot == SLOT_STEP || slot == SLOT_CLOSED) {
		if (slot == SLOT_STEP && i % PERIOD == 11)
			record.kind = TUY_RECORD_PROGRESS;
		step_set(lives, &record, before, &award, amount);
	} else if (slot == SLOT_THANKS) {
		record.value[TUY_FIELD_TEXT] =
			(struct tuy_value){ .present = true, .text = text_of("tabesi") };
	}
	return tip_record_write(&record, buffer);
}

/* The next thing that was done. */
static struct tuy_bytes record_next(void *context, uint32_t log_no, uint32_t i, uint8_t *buffer)
{
	struct lives *lives = context;
	(void)log_no;
	(void)i;
	while (!is_there(lives->tip, (enum slot)lives->slot)) {
		lives->tip += lives->slot + 1 == SLOTS;
		lives->slot = (lives->slot + 1) % SLOTS;
	}
	struct tuy_bytes record = record_make(lives, buffer);
	lives->tip += lives->slot + 1 == SLOTS;
	lives->slot = (lives->slot + 1) % SLOTS;
	return record;
}

uint64_t lives_tip_number(uint32_t log_no, uint32_t i)
{
	return ((uint64_t)log_no << 32) + 2 + i;
}

uint32_t lives_fill(struct lives *lives, struct fill *fill, uint32_t log_no)
{
	uint32_t before = (log_no + lives->people_count - 1) % lives->people_count;
	const struct tuy_box_pk to[2] = { lives->people->person[before].keys.box_pk,
		                          lives->people->person[log_no].keys.box_pk };
	uint32_t count = 0;
	for (uint32_t i = 0; i < lives->tip_count; i++)
		for (int slot = 0; slot < SLOTS; slot++)
			count += is_there(i, (enum slot)slot);
	lives->log_no = log_no;
	lives->tip = 0;
	lives->slot = 0;
	fill_seal(fill, is_sealed, to);
	(void)fill_entries(fill, lives->people, log_no, count, record_next, lives);
	fill_seal(fill, NULL, to);
	return count;
}
