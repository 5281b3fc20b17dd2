#include "republish.h"
#include "../proto/blob.h"
#include "../proto/record.h"
#include "../proto/retract.h"
#include "log.h"
#include "notice.h"
#include "republish_to.h"
#include "store_fork.h"
#include <stdlib.h>
#include <string.h>

#define RETRY_MS   50   /* the node takes no more at the moment */
#define REFUSED_MS 1000 /* it cannot take this one now */
#define STEPS_MAX  32   /* entries looked at in one turn */

/* What is sealed comes after what it is about. Retractions come last: one names a place in the log,
 * and another branch may have something else there that is still to be published. */
enum pass { PASS_RECORDS, PASS_SEALED, PASS_RETRACTIONS };

struct republish {
	struct daemon *d;
	struct loop_reminder reminder;
	uint64_t due[65536 / 64]; /* logs to be looked at */
	uint32_t circle_no;       /* of the log under way */
	uint32_t log_no;          /* UINT32_MAX: none */
	enum pass pass;
	struct store_void_at at;
	uint64_t delay_ms; /* before the next try, if the node did not take it */
	uint64_t ticket;   /* waited for; 0: none */
	uint32_t count;
	bool over; /* the entry at hand held an object that is over: its private rows go too */
	struct tuy_object over_id;
	uint32_t lost; /* sealed ones of which it is not known for whom they were */
	struct life_among among;
	uint8_t plain[TUY_BLOB_MAX];
	uint8_t revised[TUY_BLOB_MAX];
};

enum step { STEP_NEXT, STEP_HANDED_OVER, STEP_END };

static void on_due(void *context);

static void later(struct republish *r, uint64_t delay_ms)
{
	r->reminder.on_due = on_due;
	r->reminder.context = r;
	loop_remind(r->d, &r->reminder, delay_ms);
}

static void pass_begin(struct republish *r, enum pass pass)
{
	r->pass = pass;
	memset(&r->at, 0xff, sizeof r->at);
}

/* loop.h: it is durable, or has failed. */
static void on_ticket(void *context, uint64_t ticket, enum tuy_stored stored, const char *error)
{
	struct republish *r = context;
	(void)ticket;
	(void)error;
	r->ticket = 0;
	if (stored != TUY_STORED_OK)
		pass_begin(r, PASS_RECORDS); /* once more from the end */
	later(r, stored == TUY_STORED_OK ? 0 : 1000);
}

/* Something was handed to the node, or refused by it; no reading is open. */
static void handed_over(struct republish *r)
{
	if (r->ticket == 0) {
		later(r, r->delay_ms);
		return;
	}
	if (loop_await_ticket(r->d, r->ticket, on_ticket, r) != 0) {
		r->ticket = 0;
		later(r, RETRY_MS);
	}
	loop_drain(r->d);
}

/* The time that the entry claims which an object's newest revision is from. */
static uint32_t time_of(struct store_reading *reading, const struct view_object *object)
{
	struct tuy_header header;
	struct tuy_bytes bytes;
	struct tuy_bytes blob;
	if (store_entry(reading, object->log_no, object->seq, &bytes, &blob) != 0 ||
	    tuy_header_decode(bytes.p, &header) != TUY_OK)
		return 0;
	return header.time_s;
}

static struct tuy_object record_id(struct republish *r, const struct tuy_record *record)
{
	struct tuy_circle_info info = { 0 };
	enum tuy_err err = tuy_node_circle(r->d->node, r->circle_no, &info);
	tuy_require(err == TUY_OK);
	return tuy_object_id(&info.id, &r->d->keys->cert.member, &record->nonce);
}

static void lost_tell(struct republish *r)
{
	r->lost++;
	notice_say(r->d, NOTICE_SEALED);
}

/* Is what the record says there already, from another entry? Of profiles and names of the circle
 * the newest counts: both branches may have numbered theirs alike, so `record->rev` becomes at
 * least that of an older one. */
static bool is_there(struct republish *r, struct store_reading *reading, struct tuy_record *record,
                     const struct tuy_header *header)
{
	struct view_object object;
	struct tuy_circle_info info;
	if (tuy_node_circle(r->d->node, r->circle_no, &info) != TUY_OK)
		return true;
	if (record->kind == TUY_RECORD_PROFILE || record->kind == TUY_RECORD_CIRCLE) {
		int rc = record->kind == TUY_RECORD_CIRCLE
		                 ? view_circle(reading, r->circle_no, &object)
		                 : view_profile(reading, r->circle_no, &r->d->keys->cert.member,
		                                &object);
		if (rc != 0)
			return false;
		if (record->rev < object.rev)
			record->rev = object.rev;
		return time_of(reading, &object) >= header->time_s;
	}
	struct tuy_object id = tuy_object_id(&info.id, &r->d->keys->cert.member, &record->nonce);
	return view_find(reading, &id, &id, &object, 1) > 0 && object.rev >= record->rev;
}

/* For whom a sealed record was, into r->among. False: it is not published again. */
static bool recipients_read(struct republish *r, struct store_reading *reading,
                            const struct tuy_record *record)
{
	struct tuy_circle_info info;
	if (tuy_node_circle(r->d->node, r->circle_no, &info) != TUY_OK)
		return false;
	enum republish_to to = republish_to(reading, r->circle_no, &info.id,
	                                    &r->d->keys->cert.member, record, &r->among);
	if (to == REPUBLISH_UNKNOWN)
		lost_tell(r);
	return to == REPUBLISH_AMONG;
}

/* What a void entry held, if it is to be published again. False: it cannot be read (yet), or is not
 * of this pass. */
static bool entry_read(struct republish *r, struct store_reading *reading,
                       const struct store_void_row *row, struct tuy_retract *retract,
                       struct tuy_republished *again)
{
	static const enum tuy_blob_mode modes[] = { TUY_BLOB_CIRCLE, TUY_BLOB_SEALED };
	struct view_sealed sealed = { row->header, row->blob };
	struct tuy_record record;
	struct tuy_header header;
	struct tuy_bytes doc;
	struct view_object object;
	enum tuy_blob_mode mode;
	*again = (struct tuy_republished){ .record = { NULL, 0 } };
	r->over = false;
	if (tuy_retract_read(row->header, row->blob, retract) == TUY_OK) {
		again->retract = retract;
		return r->pass == PASS_RETRACTIONS;
	}
	if (r->pass == PASS_RETRACTIONS || tuy_header_decode(row->header, &header) != TUY_OK ||
	    tuy_blob_inspect(row->blob, &mode) != TUY_OK || mode != modes[r->pass] ||
	    view_open(reading, &r->d->keys->device, r->log_no, row->what.seq, &sealed, r->plain,
	              &doc) != 0 ||
	    tuy_record_read(doc, &record) != TUY_OK)
		return false;
	bool is_over = header.exp_s != 0 && header.exp_s < loop_now(r->d).wall_s;
	if (mode == TUY_BLOB_SEALED && !is_over && !recipients_read(r, reading, &record))
		is_over = true;
	r->over_id = record_id(r, &record);
	r->over = is_over && (record.kind == TUY_RECORD_TIP || record.kind == TUY_RECORD_ASK) &&
	          view_find(reading, &r->over_id, &r->over_id, &object, 1) == 0;
	if (!is_over && !is_there(r, reading, &record, &header)) {
		/* Who hears of the fork later has the void entry still: this one must count. */
		struct tuy_writer w = tuy_writer(r->revised, sizeof r->revised);
		record.rev += record.rev < UINT32_MAX;
		if (tuy_record_write(&record, &w) == TUY_OK)
			doc = tuy_written(&w);
		again->record = doc;
		again->time_s = header.time_s;
		again->exp_s = header.exp_s;
		again->member = r->among.member;
		again->member_count = mode == TUY_BLOB_SEALED ? r->among.count : 0;
	}
	return true;
}

static enum tuy_err again_try(struct republish *r, const struct tuy_void *spent,
                              const struct tuy_republished *again)
{
	return tuy_node_republish(r->d->node, loop_now(r->d), r->circle_no, spent, again,
	                          &r->ticket);
}

/* The private rows of an object that is over. Twice does no harm. */
static enum tuy_err private_drop(struct republish *r)
{
	static const uint32_t kinds[] = { VIEW_PRIVATE_CARD, VIEW_PRIVATE_NOTE, VIEW_PRIVATE_TOLD,
		                          VIEW_PRIVATE_AMONG };
	struct tuy_writings rows = { .count = 0 };
	struct tuy_appended appended[1];
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		rows.private_row[rows.private_count++] =
			(struct tuy_private){ .object = r->over_id, .kind = kinds[i] };
	r->ticket = 0;
	r->delay_ms = RETRY_MS;
	return tuy_node_append_all(r->d->node, loop_now(r->d), r->circle_no, &rows, appended);
}

/* Goes on to the void entry before. */
static enum step log_step(struct republish *r, struct store_reading *reading)
{
	struct store_void_at at = r->at;
	struct tuy_republished again;
	struct store_void_row row;
	struct tuy_retract retract;
	if (store_fork_before(reading->txn, store_tables(reading->store), r->log_no, &at, &row) !=
	    0) {
		if (r->pass == PASS_RETRACTIONS)
			return STEP_END;
		pass_begin(r, (enum pass)(r->pass + 1));
		return STEP_NEXT;
	}
	bool can_be_read = entry_read(r, reading, &row, &retract, &again);
	if (can_be_read && r->over && private_drop(r) != TUY_OK)
		return STEP_HANDED_OVER;
	enum tuy_err err = can_be_read ? again_try(r, &row.what, &again) : TUY_OK;
	if (err == TUY_E_UNKNOWN && again.member_count > 0) { /* somebody left: nobody needs it */
		again.record.len = 0;
		lost_tell(r);
		err = again_try(r, &row.what, &again);
	}
	if (err == TUY_OK)
		r->at = at;
	else
		r->ticket = 0;
	r->delay_ms = err == TUY_E_FULL ? RETRY_MS : REFUSED_MS;
	r->count += err == TUY_OK && again.record.len > 0;
	return can_be_read ? STEP_HANDED_OVER : STEP_NEXT;
}

static bool log_next(struct republish *r)
{
	for (uint32_t w = 0; w < sizeof r->due / sizeof r->due[0]; w++) {
		struct store_reading reading;
		struct store_log log;
		if (r->due[w] == 0)
			continue;
		r->log_no = w * 64 + (uint32_t)__builtin_ctzll(r->due[w]);
		r->due[w] &= r->due[w] - 1;
		pass_begin(r, PASS_RECORDS);
		if (store_reading_begin(r->d->store, &reading) != 0) {
			r->due[w] |= (uint64_t)1 << (r->log_no % 64);
			r->log_no = UINT32_MAX;
			later(r, REFUSED_MS);
			return false;
		}
		int rc = store_log(&reading, r->log_no, &log);
		store_reading_end(&reading);
		if (rc != 0)
			continue;
		r->circle_no = log.circle_no;
		return true;
	}
	r->log_no = UINT32_MAX;
	return false;
}

static void on_due(void *context)
{
	struct republish *r = context;
	struct store_reading reading;
	enum step step = STEP_NEXT;
	if (r->d->stopping || !r->d->keys->certified || r->ticket != 0 ||
	    (r->log_no == UINT32_MAX && !log_next(r)))
		return;
	if (store_reading_begin(r->d->store, &reading) != 0) {
		later(r, REFUSED_MS);
		return;
	}
	for (uint32_t i = 0; i < STEPS_MAX && step == STEP_NEXT; i++)
		step = log_step(r, &reading);
	store_reading_end(&reading);
	if (step == STEP_HANDED_OVER) {
		handed_over(r);
		return;
	}
	if (step == STEP_END) {
		log_line(LOG_UNUSUAL, "node", "what=republished log=%u records=%u lost=%u",
		         r->log_no, r->count, r->lost);
		r->log_no = UINT32_MAX;
	}
	later(r, 0);
}

/* Void entries of this log are in the store. */
static void log_due(struct republish *r, uint32_t log_no)
{
	if (log_no / 64 >= sizeof r->due / sizeof r->due[0])
		return;
	r->due[log_no / 64] |= (uint64_t)1 << (log_no % 64);
	if (r->ticket == 0 && r->reminder.due_ms == 0)
		later(r, 0);
}

/* loop.h: the node tells something. */
static void on_tell(void *context, const struct tuy_tell *tell)
{
	if (tell->kind == TUY_TELL_VOIDED)
		log_due(context, tell->log_no);
}

/* ---- public ---- */

struct republish *republish_create(struct daemon *d)
{
	struct republish *r = calloc(1, sizeof *r);
	if (r == NULL)
		return NULL;
	r->d = d;
	r->log_no = UINT32_MAX;
	if (loop_subscribe(d, on_tell, r) != 0) {
		free(r);
		return NULL;
	}
	return r;
}

void republish_destroy(struct republish *r)
{
	if (r == NULL)
		return;
	loop_forget(r->d, r);
	loop_remind_not(r->d, &r->reminder);
	free(r);
}
