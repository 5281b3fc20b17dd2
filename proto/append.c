/*
 * What this device writes into its own log (node.h): records, retractions, and records again that a
 * fork made void.
 */
#include "machine.h"

#include "blob.h"
#include "retract.h"
#include <string.h>

/*
 * The log this device writes in a circle, made at the first append, in a ticket of its own that is
 * tried until it is stored: the numbers of the logs that follow build on it. TUY_NO_INDEX if there
 * is no room.
 */
static uint32_t own_log_get(struct tuy_node *n, uint32_t circle_no)
{
	uint32_t device = tuy_circle_device_find(&n->circle[circle_no], &n->keys->device), no;
	struct tuy_store_item *item;
	struct stage *s;

	if (n->own[circle_no].own_log != NONE || device == NONE)
		return n->own[circle_no].own_log;
	s = tuy_stage_take(n, NULL);
	no = s ? tuy_log_create(n, circle_no, device, &n->incarnation) : NONE;
	if (no == NONE) {
		if (s)
			tuy_stage_free(n, s);
		return NONE;
	}
	item = tuy_stage_item(s, TUY_STORE_LOG, circle_no);
	item->log_no = no;
	item->u.log.id = n->log[no].id;
	item->u.log.member = n->cert.member;
	item->u.log.device = n->keys->device;
	item->u.log.incarnation = n->incarnation;
	s->own = false;
	s->live = true;
	tuy_stage_commit(n, s);
	return no;
}

/* Room for an entry of this device: its log and a stage, or why not. */
static enum tuy_err own_room(struct tuy_node *n, struct tuy_now now, uint32_t circle_no,
                             struct log **log, struct stage **stage)
{
	uint32_t log_no;

	if (circle_no >= n->cap.circles || !n->circle[circle_no].used)
		return TUY_E_UNKNOWN;
	if (!n->has_cert || tuy_circle_device_find(&n->circle[circle_no], &n->keys->device) == NONE)
		return TUY_E_REFUSED;
	tuy_stage_again(n); /* somebody wants to write: the disk may have room again */
	if (!tuy_own_open(n, now))
		return TUY_E_FULL;
	log_no = own_log_get(n, circle_no);
	if (log_no != NONE && n->log[log_no].cut != TUY_NO_CUT)
		return TUY_E_REFUSED; /* forked, and no incarnation is left to go on in */
	*stage = log_no == NONE ? NULL : tuy_stage_take(n, NULL);
	if (!*stage)
		return TUY_E_FULL;
	*log = &n->log[log_no];
	return TUY_OK;
}

/* Takes one more entry into a stage: header and blob stand at `at`, whose blob part is written.
 * `header` lacks what follows from the blob. Returns the bytes it takes. */
static size_t own_take(struct tuy_node *n, struct log *log, struct stage *s, size_t at, uint32_t i,
                       struct tuy_header *header, size_t blob_len)
{
	uint8_t *bytes = s->bytes + at;
	struct tuy_store_item *item;

	s->blobs[i] = (struct tuy_bytes){ bytes + TUY_HEADER_SIZE, blob_len };
	header->payload_len = (uint32_t)blob_len;
	header->pcommit = tuy_blob_commit(s->blobs[i]);
	tuy_header_encode(header, bytes);

	log->staged.hash = tuy_chain_next(&log->staged.hash, bytes);
	log->staged.seq = header->seq;
	item = tuy_stage_item(s, TUY_STORE_ENTRIES, log->circle_no);
	item->log_no = (uint32_t)(log - n->log);
	item->u.entries.from = header->seq;
	item->u.entries.count = 1;
	item->u.entries.headers = bytes;
	item->u.entries.blobs = &s->blobs[i];
	item->u.entries.head = log->staged;
	item->u.entries.sig =
		tuy_head_sign(n->keys->sign_sk, &log->id, header->seq, &log->staged.hash);
	return TUY_HEADER_SIZE + blob_len;
}

/* A stage with one entry goes its way. */
static void own_write(struct tuy_node *n, struct log *log, struct stage *s,
                      struct tuy_header *header, size_t blob_len, struct tuy_appended *appended)
{
	uint32_t log_no = (uint32_t)(log - n->log);

	own_take(n, log, s, 0, 0, header, blob_len);
	tuy_erase_scan(n, s, log_no, s->bytes, s->blobs, 1);
	*appended = (struct tuy_appended){ .log_no = log_no, .seq = header->seq };
	appended->ticket = tuy_stage_commit(n, s);
}

/* A void entry that is not needed any more goes with what stands in its place, or alone. */
static void spent_add(struct stage *s, uint32_t circle_no, const struct tuy_void *spent)
{
	struct tuy_store_item *item;

	if (!spent)
		return;
	item = tuy_stage_item(s, TUY_STORE_SPENT, circle_no);
	item->log_no = spent->log_no;
	item->u.spent = *spent;
}

/* The devices of some members and the own ones, each once. TUY_E_UNKNOWN: one of them has none;
 * TUY_E_LIMIT: too many. */
static enum tuy_err recipients_find(const struct tuy_node *n, uint32_t circle_no,
                                    const struct tuy_writing *writing,
                                    struct tuy_box_pk out[TUY_SLOTS_MAX], uint32_t *count)
{
	const struct tuy_circle_state *c = &n->circle[circle_no];

	for (uint32_t k = 0; k < writing->member_count; k++) {
		if (!tuy_circle_member_active(c, &writing->member[k]))
			return TUY_E_UNKNOWN;
	}
	*count = 0;
	for (uint32_t i = 0; i < c->device_count; i++) {
		const struct tuy_cert *cert = &c->device[i].cert;
		bool wanted = memcmp(&cert->member, &n->cert.member, sizeof cert->member) == 0;

		for (uint32_t k = 0; k < writing->member_count && !wanted; k++)
			wanted = memcmp(&cert->member, &writing->member[k], sizeof cert->member) ==
			         0;
		if (!wanted || tuy_circle_device_find(c, &cert->device) == NONE)
			continue;
		if (*count == TUY_SLOTS_MAX)
			return TUY_E_LIMIT;
		out[(*count)++] = cert->box_pk;
	}
	return TUY_OK;
}

/* Seals a record to the circle, or to the devices; it fits. Returns the blob's length. */
static size_t record_seal(struct tuy_node *n, const struct log *log, uint32_t seq,
                          const struct tuy_circle_epoch *epoch, const struct tuy_writing *writing,
                          const struct tuy_box_pk *to, uint32_t to_count, uint8_t *blob,
                          size_t room)
{
	enum tuy_err err;
	size_t len = 0;

	if (writing->member_count > 0)
		err = tuy_blob_seal_devices(&n->dice, to, to_count, &log->id, seq, writing->record,
		                            blob, room, &len);
	else
		err = tuy_blob_seal_circle(&n->dice, &epoch->key, &log->id, seq, writing->record,
		                           blob, room, &len);
	tuy_require(err == TUY_OK);
	return len;
}

static enum tuy_err record_append(struct tuy_node *n, struct tuy_now now, uint32_t circle_no,
                                  const struct tuy_writing *writing, uint32_t time_s,
                                  const struct tuy_void *spent, struct tuy_appended *appended)
{
	const struct tuy_circle_epoch *epoch;
	struct tuy_header header = { .flags = TUY_HEADER_PAYLOAD,
		                     .time_s = time_s,
		                     .exp_s = writing->exp_s };
	struct tuy_box_pk to[TUY_SLOTS_MAX];
	uint32_t to_count = 0;
	struct log *log;
	struct stage *s;
	enum tuy_err err;
	size_t blob_len;

	if (circle_no >= n->cap.circles || !n->circle[circle_no].used)
		return TUY_E_UNKNOWN;
	epoch = tuy_circle_epoch_current(&n->circle[circle_no]);
	if (!epoch || !n->has_cert)
		return TUY_E_REFUSED;
	err = recipients_find(n, circle_no, writing, to, &to_count);
	if (err != TUY_OK)
		return err;
	if (tuy_blob_size(writing->member_count > 0 ? TUY_BLOB_SEALED : TUY_BLOB_CIRCLE,
	                  writing->record.len, to_count) == 0)
		return TUY_E_LIMIT;
	err = own_room(n, now, circle_no, &log, &s);
	if (err != TUY_OK)
		return err;
	header.seq = log->staged.seq + 1;
	memcpy(header.epoch.b, epoch->id.b, sizeof header.epoch.b);
	blob_len = record_seal(n, log, header.seq, epoch, writing, to, to_count,
	                       s->bytes + TUY_HEADER_SIZE, STAGE_BYTES - TUY_HEADER_SIZE);
	spent_add(s, circle_no, spent);
	own_write(n, log, s, &header, blob_len, appended);
	return TUY_OK;
}

static enum tuy_err retract_append(struct tuy_node *n, struct tuy_now now, uint32_t circle_no,
                                   const struct tuy_retract *retract, const struct tuy_void *spent,
                                   struct tuy_appended *appended)
{
	struct tuy_header header = { .flags = TUY_HEADER_PAYLOAD, .time_s = now.wall_s };
	uint8_t record[TUY_RETRACT_RECORD_MAX];
	struct tuy_tag nonce;
	struct log *log;
	struct stage *s;
	enum tuy_err err = own_room(n, now, circle_no, &log, &s);
	size_t len;

	if (err != TUY_OK)
		return err;
	tuy_dice_fill(&n->dice, nonce.b, sizeof nonce.b);
	tuy_require(tuy_retract_write(retract, &nonce, record, sizeof record, &len) == TUY_OK);
	header.seq = log->staged.seq + 1;
	tuy_require(tuy_blob_seal_clear(&n->dice, (struct tuy_bytes){ record, len },
	                                s->bytes + TUY_HEADER_SIZE, STAGE_BYTES - TUY_HEADER_SIZE,
	                                &len) == TUY_OK);
	spent_add(s, circle_no, spent);
	own_write(n, log, s, &header, len, appended);
	return TUY_OK;
}

enum tuy_err tuy_node_append(struct tuy_node *n, struct tuy_now now, uint32_t circle_no,
                             struct tuy_bytes record, uint32_t exp_s, struct tuy_appended *appended)
{
	const struct tuy_writing writing = { .record = record, .exp_s = exp_s };

	return record_append(n, now, circle_no, &writing, now.wall_s, NULL, appended);
}

/* ---- several at once ---- */

/* Whether all of it can be written, before anything is. */
static enum tuy_err writings_check(const struct tuy_node *n, uint32_t circle_no,
                                   const struct tuy_writings *w)
{
	struct tuy_box_pk to[TUY_SLOTS_MAX];
	size_t total = 0;

	tuy_require(w->count <= TUY_WRITINGS_MAX && w->private_count <= TUY_WRITINGS_MAX);
	for (uint32_t i = 0; i < w->count; i++) {
		const struct tuy_writing *writing = &w->writing[i];
		uint32_t count = 0;
		enum tuy_err err = recipients_find(n, circle_no, writing, to, &count);
		size_t len =
			tuy_blob_size(writing->member_count > 0 ? TUY_BLOB_SEALED : TUY_BLOB_CIRCLE,
		                      writing->record.len, count);

		if (err != TUY_OK)
			return err;
		if (len == 0)
			return TUY_E_LIMIT;
		total += TUY_HEADER_SIZE + len;
	}
	for (uint32_t i = 0; i < w->private_count; i++)
		total += w->private_row[i].value.len;
	return total > STAGE_BYTES ? TUY_E_LIMIT : TUY_OK;
}

/* Copies the private rows to the end of the stage. */
static void private_take(struct stage *s, uint32_t circle_no, const struct tuy_writings *w)
{
	size_t end = STAGE_BYTES;

	for (uint32_t i = 0; i < w->private_count; i++) {
		struct tuy_private row = w->private_row[i];

		end -= row.value.len;
		if (row.value.len > 0)
			memcpy(s->bytes + end, row.value.p, row.value.len);
		row.value.p = s->bytes + end;
		tuy_stage_item(s, TUY_STORE_PRIVATE, circle_no)->u.private_row = row;
	}
}

/* Seals one record into the stage at `at`. Returns where the next one goes. */
static size_t writing_take(struct tuy_node *n, struct tuy_now now, struct log *log, struct stage *s,
                           size_t at, uint32_t i, const struct tuy_writing *writing)
{
	const struct tuy_circle_epoch *epoch = tuy_circle_epoch_current(&n->circle[log->circle_no]);
	struct tuy_header header = { .flags = TUY_HEADER_PAYLOAD,
		                     .time_s = now.wall_s,
		                     .exp_s = writing->exp_s,
		                     .seq = log->staged.seq + 1 };
	uint8_t *blob = s->bytes + at + TUY_HEADER_SIZE;
	size_t room = STAGE_BYTES - at - TUY_HEADER_SIZE;
	struct tuy_box_pk to[TUY_SLOTS_MAX];
	uint32_t count = 0;
	enum tuy_err err = recipients_find(n, log->circle_no, writing, to, &count);
	size_t len;

	tuy_require(err == TUY_OK);
	memcpy(header.epoch.b, epoch->id.b, sizeof header.epoch.b);
	len = record_seal(n, log, header.seq, epoch, writing, to, count, blob, room);
	return at + own_take(n, log, s, at, i, &header, len);
}

enum tuy_err tuy_node_append_all(struct tuy_node *n, struct tuy_now now, uint32_t circle_no,
                                 const struct tuy_writings *w, struct tuy_appended *appended)
{
	struct stage *s;
	struct log *log;
	enum tuy_err err;
	size_t at = 0;

	if (circle_no >= n->cap.circles || !n->circle[circle_no].used)
		return TUY_E_UNKNOWN;
	if (!tuy_circle_epoch_current(&n->circle[circle_no]) || !n->has_cert)
		return TUY_E_REFUSED;
	err = writings_check(n, circle_no, w);
	if (err == TUY_OK)
		err = own_room(n, now, circle_no, &log, &s);
	if (err != TUY_OK)
		return err;
	private_take(s, circle_no, w);
	for (uint32_t i = 0; i < w->count; i++) {
		appended[i] = (struct tuy_appended){ .log_no = (uint32_t)(log - n->log),
			                             .seq = log->staged.seq + 1 };
		at = writing_take(n, now, log, s, at, i, &w->writing[i]);
	}
	appended[0].ticket = tuy_stage_commit(n, s);
	for (uint32_t i = 1; i < w->count; i++)
		appended[i].ticket = appended[0].ticket;
	return TUY_OK;
}

enum tuy_err tuy_node_retract(struct tuy_node *n, struct tuy_now now, uint32_t circle_no,
                              uint32_t log_no, const uint32_t *seqs, uint32_t count,
                              struct tuy_appended *appended)
{
	struct tuy_retract retract = { .count = count };

	if (log_no >= n->log_count || n->log[log_no].circle_no != circle_no)
		return TUY_E_UNKNOWN;
	if (!n->log[log_no].mine)
		return TUY_E_REFUSED;
	if (count == 0 || count > TUY_RETRACT_MAX)
		return TUY_E_FORMAT;
	for (uint32_t i = 0; i < count; i++) {
		if (seqs[i] <= (i > 0 ? seqs[i - 1] : 0))
			return TUY_E_FORMAT;
		retract.seqs[i] = seqs[i];
	}
	retract.log = n->log[log_no].log16;
	return retract_append(n, now, circle_no, &retract, NULL, appended);
}

enum tuy_err tuy_node_republish(struct tuy_node *n, struct tuy_now now, uint32_t circle_no,
                                const struct tuy_void *spent, const struct tuy_republished *again,
                                uint64_t *ticket)
{
	const struct tuy_writing writing = { again->record, again->exp_s, again->member,
		                             again->member_count };
	struct tuy_appended appended = { 0 };
	enum tuy_err err = TUY_OK;
	struct stage *s;

	if (spent->log_no >= n->log_count || n->log[spent->log_no].circle_no != circle_no)
		return TUY_E_UNKNOWN;
	if (!n->log[spent->log_no].mine)
		return TUY_E_REFUSED;
	if (again->record.len > 0) {
		err = record_append(n, now, circle_no, &writing, smaller(again->time_s, now.wall_s),
		                    spent, &appended);
	} else if (again->retract) {
		err = retract_append(n, now, circle_no, again->retract, spent, &appended);
	} else {
		s = tuy_stage_take(n, NULL);
		if (!s)
			return TUY_E_FULL;
		spent_add(s, circle_no, spent);
		appended.ticket = tuy_stage_commit(n, s);
	}
	*ticket = appended.ticket;
	return err;
}
