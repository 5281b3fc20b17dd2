#include "life_write.h"
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define DAY_S 86400u

void life_batch_begin(struct life_batch *batch, uint32_t circle_no)
{
	batch->circle_no = circle_no;
	batch->writings.count = 0;
	batch->writings.private_count = 0;
	batch->audit = (struct audit_row){ .what = AUDIT_NONE };
	batch->used = 0;
}

void life_batch_add(struct life_batch *batch, const struct tuy_record *record, uint32_t exp_s,
                    const struct tuy_member *to)
{
	uint32_t i = batch->writings.count++;
	tuy_require(i < TUY_WRITINGS_MAX);
	struct tuy_writer w =
		tuy_writer(batch->room + batch->used, sizeof batch->room - batch->used);
	enum tuy_err err = tuy_record_write(record, &w);
	tuy_require(err == TUY_OK);
	batch->used += w.len;
	batch->writings.writing[i] = (struct tuy_writing){
		.record = tuy_written(&w),
		.exp_s = exp_s,
	};
	if (to == NULL)
		return;
	batch->member[i] = *to;
	batch->writings.writing[i].member = &batch->member[i];
	batch->writings.writing[i].member_count = 1;
}

void life_batch_add_among(struct life_batch *batch, const struct tuy_record *record, uint32_t exp_s,
                          const struct life_among *among)
{
	life_batch_add(batch, record, exp_s, NULL);
	struct tuy_writing *writing = &batch->writings.writing[batch->writings.count - 1];
	batch->among = *among;
	writing->member = batch->among.member;
	writing->member_count = among->count;
}

void life_among_read(struct store_reading *reading, const struct view_object *object,
                     struct life_among *among)
{
	struct tuy_bytes value;
	*among = (struct life_among){ 0 };
	if (view_private(reading, object->circle_no, &object->id, VIEW_PRIVATE_AMONG, &value) !=
	            0 ||
	    value.len > sizeof among->member || value.len % sizeof among->member[0] != 0)
		return;
	among->count = (uint32_t)(value.len / sizeof among->member[0]);
	memcpy(among->member, value.p, value.len);
}

void life_batch_private(struct life_batch *batch, const struct tuy_object *id,
                        enum view_private kind, struct tuy_bytes value)
{
	uint32_t i = batch->writings.private_count++;
	tuy_require(i < TUY_WRITINGS_MAX && value.len <= sizeof batch->room - batch->used);
	if (value.len > 0)
		memcpy(batch->room + batch->used, value.p, value.len);
	batch->writings.private_row[i] = (struct tuy_private){
		.object = *id,
		.kind = (uint32_t)kind,
		.value = { batch->room + batch->used, value.len },
	};
	batch->used += value.len;
}

void life_batch_audit(struct life_batch *batch, enum audit_what what, const struct tuy_object *id,
                      const struct tuy_member *member)
{
	batch->audit = (struct audit_row){
		.what = what,
		.circle_no = batch->circle_no,
		.object = *id,
	};
	if (member)
		batch->audit.member = *member;
}

enum tuy_err life_batch_write(struct daemon *d, struct life_batch *batch)
{
	enum tuy_err err = tuy_node_append_all(d->node, loop_now(d), batch->circle_no,
	                                       &batch->writings, batch->appended);
	if (err == TUY_OK)
		audit_note(d, &batch->audit);
	return err;
}

struct tuy_record life_record(enum tuy_record_kind kind, const struct tuy_object *ref)
{
	struct tuy_record record = { .kind = kind, .has_ref = true, .ref = *ref };
	randombytes_buf(record.nonce.b, sizeof record.nonce.b);
	return record;
}

struct tuy_object life_record_id(const struct daemon *d, uint32_t circle_no,
                                 const struct tuy_record *record)
{
	struct tuy_circle_info info = { 0 };
	enum tuy_err err = tuy_node_circle(d->node, circle_no, &info);
	tuy_require(err == TUY_OK);
	return tuy_object_id(&info.id, &d->keys->cert.member, &record->nonce);
}

void life_set_bytes(struct tuy_record *record, enum tuy_field field, struct tuy_bytes bytes)
{
	record->value[field] = (struct tuy_value){ .present = true, .text = bytes };
}

void life_set_number(struct tuy_record *record, enum tuy_field field, uint64_t number)
{
	record->value[field] = (struct tuy_value){ .present = true, .number = number };
}

/* Payloads go 30 days after their header's expiry (PROTOCOL 4.12), so 30 days less than what they
 * may live. */
uint32_t life_expiry(const struct daemon *d, enum life_span span)
{
	static const uint32_t days[] = { 150, 335, 3 * 365 - 30 };
	return loop_now(d).wall_s + days[span] * DAY_S;
}

/* The tip once more, in an entry that is kept as long as an awarded tip may be needed. */
static int tip_add(struct daemon *d, struct store_reading *reading,
                   const struct view_object *object, struct life_batch *batch)
{
	struct tuy_record record;
	uint8_t *buffer = malloc(TUY_BLOB_MAX);
	if (buffer == NULL)
		return -1;
	int bad = view_record(reading, &d->keys->device, object, buffer, &record);
	if (bad == 0 && record.rev < UINT32_MAX) {
		record.rev++;
		if (object->expires_s != 0)
			life_set_number(&record, TUY_FIELD_UNTIL, object->expires_s);
		life_batch_add(batch, &record, life_expiry(d, LIFE_SPAN_ACT), NULL);
	}
	free(buffer);
	return bad == 0 ? 0 : -1;
}

int life_award_fill(struct daemon *d, struct store_reading *reading,
                    const struct view_object *object, const struct tuy_life *life,
                    const struct tuy_member *to, struct life_batch *batch)
{
	struct tuy_record award = life_record(TUY_RECORD_AWARD, &object->id);
	struct tuy_object id = life_record_id(d, object->circle_no, &award);
	struct tuy_bytes card = { 0 };
	struct tuy_record record;
	life_batch_begin(batch, object->circle_no);
	if (tip_add(d, reading, object, batch) != 0)
		return -1;
	life_set_bytes(&award, TUY_FIELD_TO, TUY_BYTES(to->b));
	life_set_number(&award, TUY_FIELD_DUE, loop_now(d).wall_s + LIFE_FIRST_CONTACT_S);
	if (life->chained)
		life_set_bytes(&award, TUY_FIELD_OF, TUY_BYTES(life->award[0].id.b));
	life_batch_add(batch, &award, life_expiry(d, LIFE_SPAN_ACT), NULL);
	if (view_private(reading, object->circle_no, &object->id, VIEW_PRIVATE_CARD, &card) != 0 ||
	    tuy_record_read(card, &record) != TUY_OK)
		return 0;
	randombytes_buf(record.nonce.b, sizeof record.nonce.b);
	life_set_bytes(&record, TUY_FIELD_OF, TUY_BYTES(id.b));
	life_batch_add(batch, &record, life_expiry(d, LIFE_SPAN_CARD), to);
	life_batch_audit(batch, AUDIT_AWARDED, &object->id, to);
	return 0;
}
