/* STORE items become rows: see store_apply.h. */
#include "store_apply.h"
#include "store_fork.h"
#include "store_origin.h"
#include "view_life.h"
#include "../proto/log.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LOGS_MAX 65536u /* numbers beyond it would be a mistake of the node */

struct told {           /* of one log, what the node knows */
	uint32_t seq;   /* its durable head */
	uint32_t clean; /* signatures of heads below this are gone */
};

struct store_apply {
	struct view_batch *view;
	MDB_txn *txn;
	struct store_tables *tables;
	MDB_cursor *entries;
	struct store_erase erase;
	struct told *told; /* by log number */
	uint32_t told_count;
};

/* ---- small rows ---- */

static int circle_apply(struct store_apply *apply, const struct tuy_store_item *item)
{
	uint8_t key[4];
	tuy_put32(key, item->circle_no);
	struct tuy_bytes part = TUY_BYTES(item->u.circle.id.b);
	return store_put(apply->txn, apply->tables, STORE_CIRCLES, TUY_BYTES(key), &part, 1, 0);
}

static int circle_require(struct store_apply *apply, uint32_t circle_no)
{
	struct tuy_circle circle;
	int rc = store_circle_get(apply->txn, apply->tables, circle_no, &circle);
	return rc == MDB_NOTFOUND ? STORE_GAP : rc;
}

/* Operations have no holes: the one before must be there. */
static int op_apply(struct store_apply *apply, const struct tuy_store_item *item)
{
	struct tuy_bytes before;
	int rc = circle_require(apply, item->circle_no);
	if (rc != 0)
		return rc;
	if (item->u.op.index > 0) {
		struct store_key8 last = store_key8(item->circle_no, item->u.op.index - 1);
		rc = store_get(apply->txn, apply->tables, STORE_OPS, TUY_BYTES(last.b), &before);
		if (rc != 0)
			return rc == MDB_NOTFOUND ? STORE_GAP : rc;
	}
	struct store_key8 key = store_key8(item->circle_no, item->u.op.index);
	rc = store_put(apply->txn, apply->tables, STORE_OPS, TUY_BYTES(key.b), &item->u.op.bytes, 1,
	               MDB_NOOVERWRITE);
	return rc == MDB_KEYEXIST ? STORE_GAP : rc;
}

static int epoch_apply(struct store_apply *apply, const struct tuy_store_item *item)
{
	uint8_t key[4 + sizeof item->u.epoch.id.b];
	struct tuy_epoch epoch;
	int rc = circle_require(apply, item->circle_no);
	if (rc != 0)
		return rc;
	tuy_put32(key, item->circle_no);
	memcpy(key + 4, item->u.epoch.id.b, sizeof item->u.epoch.id.b);
	memcpy(epoch.b, item->u.epoch.id.b, sizeof epoch.b);
	struct tuy_bytes part = TUY_BYTES(item->u.epoch.key.b);
	rc = store_put(apply->txn, apply->tables, STORE_EPOCHS, TUY_BYTES(key), &part, 1, 0);
	return rc == 0 ? view_batch_epoch(apply->view, item->circle_no, &epoch) : rc;
}

static int address_apply(struct store_apply *apply, const struct tuy_store_item *item)
{
	return store_put(apply->txn, apply->tables, STORE_ADDRESSES,
	                 TUY_BYTES(item->u.address.device.b), &item->u.address.record, 1, 0);
}

static int invite_apply(struct store_apply *apply, const struct tuy_store_item *item)
{
	const struct tuy_invite_row *invite = &item->u.invite;
	uint8_t value[13 + sizeof invite->used_by.b];
	tuy_put32(value, invite->circle_no);
	tuy_put32(value + 4, invite->expires_s);
	value[8] = (uint8_t)invite->state;
	tuy_put32(value + 9, invite->used_s);
	memcpy(value + 13, invite->used_by.b, sizeof invite->used_by.b);
	struct tuy_bytes part = TUY_BYTES(value);
	return store_put(apply->txn, apply->tables, STORE_INVITES, TUY_BYTES(invite->pk.b), &part,
	                 1, 0);
}

/* Log numbers have no holes either: the node counts on it when it is fed. */
static int log_apply(struct store_apply *apply, const struct tuy_store_item *item)
{
	struct store_log_row row = {
		.log = { item->circle_no, item->u.log.id, item->u.log.member, item->u.log.device },
		.incarnation = item->u.log.incarnation,
	};
	struct store_head head = { .head = { 0, tuy_chain_start(&item->u.log.id) } };
	struct store_head before;
	int rc = item->log_no < LOGS_MAX ? circle_require(apply, item->circle_no) : STORE_GAP;
	if (rc == 0 && item->log_no > 0) {
		rc = store_head_get(apply->txn, apply->tables, item->log_no - 1, &before);
		rc = rc == MDB_NOTFOUND ? STORE_GAP : rc;
	}
	if (rc == 0)
		rc = store_head_get(apply->txn, apply->tables, item->log_no, &head);
	if (rc != MDB_NOTFOUND)
		return rc == 0 ? STORE_GAP : rc;
	rc = store_log_put(apply->txn, apply->tables, item->log_no, &row);
	return rc == 0 ? store_head_put(apply->txn, apply->tables, item->log_no, &head) : rc;
}

/* ---- entries ---- */

static int sig_put(struct store_apply *apply, uint32_t log_no, const struct tuy_head *head,
                   const struct tuy_sig *sig)
{
	struct store_key8 key = store_key8(log_no, head->seq);
	const struct tuy_bytes parts[] = { TUY_BYTES(head->hash.b), TUY_BYTES(sig->b) };
	return store_put(apply->txn, apply->tables, STORE_SIGS, TUY_BYTES(key.b), parts, 2, 0);
}

/* The first signature of the log at or after `*seq`, into *seq. */
static int sig_next(struct store_apply *apply, uint32_t log_no, uint32_t *seq)
{
	struct store_key8 first = store_key8(log_no, *seq);
	MDB_val key = { sizeof first.b, first.b };
	MDB_val row;
	MDB_cursor *cursor;
	int rc = mdb_cursor_open(apply->txn, apply->tables->dbi[STORE_SIGS], &cursor);
	if (rc != 0)
		return rc;
	rc = mdb_cursor_get(cursor, &key, &row, MDB_SET_RANGE);
	if (rc == 0 && (key.mv_size != sizeof first.b || tuy_get32(key.mv_data) != log_no))
		rc = MDB_NOTFOUND;
	if (rc == 0)
		*seq = tuy_get32((const uint8_t *)key.mv_data + 4);
	mdb_cursor_close(cursor);
	return rc;
}

/* Deletes signatures of heads that nobody can ask for any more. After an abort some stay for ever:
 * they cost their room and nothing else. */
static int sigs_clean(struct store_apply *apply, uint32_t log_no)
{
	struct told *told = log_no < apply->told_count ? &apply->told[log_no] : NULL;
	if (told == NULL)
		return 0;
	while (told->clean < told->seq) {
		uint32_t seq = told->clean;
		int rc = sig_next(apply, log_no, &seq);
		if (rc != 0 && rc != MDB_NOTFOUND)
			return rc;
		if (rc == MDB_NOTFOUND || seq >= told->seq) {
			told->clean = told->seq;
			return 0;
		}
		struct store_key8 key = store_key8(log_no, seq);
		if (seq % TUY_CHECKPOINT_EVERY != 0)
			rc = store_del(apply->txn, apply->tables, STORE_SIGS, TUY_BYTES(key.b));
		if (rc != 0)
			return rc;
		told->clean = seq + 1;
	}
	return 0;
}

static int missing_put(struct store_apply *apply, uint32_t log_no, uint32_t seq)
{
	struct store_key8 key = store_key8(log_no, seq);
	return store_put(apply->txn, apply->tables, STORE_MISSING, TUY_BYTES(key.b), NULL, 0, 0);
}

/* `bits`: the entries of its block that have tombstones. */
static int entry_apply(struct store_apply *apply, const struct tuy_store_item *item, uint32_t i,
                       uint32_t seen_s, uint64_t bits, struct store_head *head)
{
	const uint8_t *bytes = item->u.entries.headers + (size_t)i * TUY_HEADER_SIZE;
	struct store_entry_row row = { seen_s, STORE_BLOB_NONE, bytes, { NULL, 0 } };
	struct tuy_header header;
	uint32_t seq = item->u.entries.from + i;
	if (tuy_header_decode(bytes, &header) != TUY_OK || header.seq != seq)
		return STORE_GAP;
	if ((header.flags & TUY_HEADER_PAYLOAD) != 0)
		row.state = STORE_BLOB_MISSING;
	if (row.state == STORE_BLOB_MISSING && item->u.entries.blobs[i].p != NULL) {
		row.state = STORE_BLOB_HELD;
		row.blob = item->u.entries.blobs[i];
	}
	enum store_blob fate = store_erase_fate(bytes, seq, bits, seen_s, row.state);
	if (fate != row.state) {
		row.state = fate;
		row.blob = (struct tuy_bytes){ NULL, 0 };
		store_erase_touch(&apply->erase, item->log_no);
	}
	int rc = store_entry_put(apply->entries, apply->tables, item->log_no, seq, &row, 0);
	if (rc == 0 && row.state == STORE_BLOB_MISSING) {
		head->missing++;
		rc = missing_put(apply, item->log_no, seq);
	}
	if (rc == 0)
		rc = view_batch_entry(apply->view, item->log_no, seq, &row);
	return rc;
}

static int entries_apply(struct store_apply *apply, const struct tuy_store_item *item,
                         uint32_t seen_s)
{
	struct store_head head;
	int rc = store_head_get(apply->txn, apply->tables, item->log_no, &head);
	if (rc != 0)
		return rc == MDB_NOTFOUND ? STORE_GAP : rc;
	if (item->u.entries.count == 0 || item->u.entries.from != head.head.seq + 1 ||
	    item->u.entries.head.seq != head.head.seq + item->u.entries.count)
		return STORE_GAP;
	uint64_t bits;
	rc = store_erase_bits(&apply->erase, item->log_no, item->u.entries.from, &bits);
	for (uint32_t i = 0; i < item->u.entries.count && rc == 0; i++)
		rc = entry_apply(apply, item, i, seen_s, bits, &head);
	head.head = item->u.entries.head;
	head.sig = item->u.entries.sig;
	if (rc == 0)
		rc = store_head_put(apply->txn, apply->tables, item->log_no, &head);
	if (rc == 0)
		rc = sig_put(apply, item->log_no, &head.head, &head.sig);
	return rc == 0 ? sigs_clean(apply, item->log_no) : rc;
}

/* A payload that was missing. One that is held, or was erased or pruned meanwhile, changes nothing.
 */
static int blob_apply(struct store_apply *apply, const struct tuy_store_item *item)
{
	struct store_key8 key = store_key8(item->log_no, item->u.blob.seq);
	uint8_t header[TUY_HEADER_SIZE];
	struct store_entry_row row;
	struct store_head head;
	int rc = store_entry_get(apply->txn, apply->tables, item->log_no, item->u.blob.seq, &row);
	if (rc != 0 && rc != MDB_NOTFOUND)
		return rc;
	if (rc == MDB_NOTFOUND || row.state != STORE_BLOB_MISSING) {
		store_erase_touch(&apply->erase, item->log_no); /* the node counts otherwise */
		return 0;
	}
	memcpy(header, row.header, sizeof header);
	row.header = header;
	row.state = STORE_BLOB_HELD;
	row.blob = item->u.blob.blob;
	rc = store_entry_put(apply->entries, apply->tables, item->log_no, item->u.blob.seq, &row,
	                     0);
	if (rc == 0)
		rc = store_del(apply->txn, apply->tables, STORE_MISSING, TUY_BYTES(key.b));
	if (rc == 0)
		rc = store_head_get(apply->txn, apply->tables, item->log_no, &head);
	if (rc != 0)
		return rc == MDB_NOTFOUND ? MDB_CORRUPTED : rc;
	head.missing--;
	rc = store_head_put(apply->txn, apply->tables, item->log_no, &head);
	return rc == 0 ? view_batch_entry(apply->view, item->log_no, item->u.blob.seq, &row) : rc;
}

/* A log goes on from a checkpoint (PROTOCOL 7.10). What is held of it from before stays. */
static int base_apply(struct store_apply *apply, const struct tuy_store_item *item)
{
	struct store_head head;
	int rc = store_head_get(apply->txn, apply->tables, item->log_no, &head);
	if (rc != 0)
		return rc == MDB_NOTFOUND ? STORE_GAP : rc;
	if (item->u.base.head.seq <= head.head.seq ||
	    item->u.base.head.seq % TUY_CHECKPOINT_EVERY != 0)
		return STORE_GAP;
	head.head = item->u.base.head;
	head.sig = item->u.base.sig;
	head.base_seq = head.head.seq;
	rc = store_head_put(apply->txn, apply->tables, item->log_no, &head);
	return rc == 0 ? sig_put(apply, item->log_no, &head.head, &head.sig) : rc;
}

static int private_apply(struct store_apply *apply, const struct tuy_store_item *item)
{
	int rc = item->u.private_row.value.len == 0 ? store_erase_residue(&apply->erase) : 0;
	return rc == 0 ? view_private_put(apply->txn, apply->tables, item->circle_no,
	                                  &item->u.private_row)
	               : rc;
}

/* ---- public ---- */

int store_apply_item(struct store_apply *apply, const struct tuy_store_item *item, uint32_t seen_s)
{
	switch (item->kind) {
	case TUY_STORE_CIRCLE:
		return circle_apply(apply, item);
	case TUY_STORE_OP:
		return op_apply(apply, item);
	case TUY_STORE_EPOCH:
		return epoch_apply(apply, item);
	case TUY_STORE_LOG:
		return log_apply(apply, item);
	case TUY_STORE_ENTRIES:
		return entries_apply(apply, item, seen_s);
	case TUY_STORE_BLOB:
		return blob_apply(apply, item);
	case TUY_STORE_ADDRESS:
		return address_apply(apply, item);
	case TUY_STORE_INVITE:
		return invite_apply(apply, item);
	case TUY_STORE_RETRACT:
		return store_erase_retract(&apply->erase, item, seen_s);
	case TUY_STORE_RECEIPT:
		return store_erase_receipt(&apply->erase, item, seen_s);
	case TUY_STORE_BASE:
		return base_apply(apply, item);
	case TUY_STORE_CUT:
		return store_fork_cut(apply->txn, apply->tables, apply->view, item, seen_s);
	case TUY_STORE_SPENT:
		return store_fork_spent(apply->txn, apply->tables, item);
	case TUY_STORE_VOIDED:
		return store_fork_voided(apply->txn, apply->tables, item, seen_s);
	case TUY_STORE_INCARNATION: {
		int rc = store_incarnation_put(apply->txn, apply->tables, &item->u.incarnation);
		return rc == STORE_RETIRED ? STORE_GAP : rc;
	}
	case TUY_STORE_PRIVATE:
		return private_apply(apply, item);
	case TUY_STORE_SETTLED:
		return store_settled_put(apply->txn, apply->tables, item->circle_no,
		                         &item->u.incarnation);
	}
	return STORE_GAP;
}

int store_apply_begin(struct store_apply *apply, MDB_txn *txn, struct store_tables *tables)
{
	apply->txn = txn;
	apply->tables = tables;
	int rc = mdb_cursor_open(txn, tables->dbi[STORE_ENTRIES], &apply->entries);
	if (rc != 0) {
		apply->entries = NULL;
		return rc;
	}
	store_erase_begin(&apply->erase, txn, tables, apply->entries, apply->view);
	return view_batch_begin(apply->view, txn, tables);
}

struct store_erase *store_apply_erase(struct store_apply *apply)
{
	return &apply->erase;
}

int store_apply_write(struct store_apply *apply)
{
	struct store_place place;
	while (view_batch_unwanted(apply->view, &place)) {
		int rc = store_erase_here(&apply->erase, place.log_no, place.seq);
		if (rc != 0)
			return rc;
	}
	return view_batch_write(apply->view);
}

void store_apply_end(struct store_apply *apply)
{
	if (apply->entries != NULL)
		mdb_cursor_close(apply->entries);
	apply->entries = NULL;
}

int store_apply_told(struct store_apply *apply, uint32_t log_no, uint32_t seq)
{
	if (log_no >= LOGS_MAX)
		return 0;
	if (log_no >= apply->told_count) {
		uint32_t count = log_no + 64;
		struct told *told = realloc(apply->told, count * sizeof *told);
		if (told == NULL)
			return ENOMEM;
		memset(told + apply->told_count, 0, (count - apply->told_count) * sizeof *told);
		apply->told = told;
		apply->told_count = count;
	}
	struct told *told = &apply->told[log_no];
	/* What an earlier run of the process left is looked for in one window only. */
	if (told->seq == 0)
		told->clean = seq > TUY_CHECKPOINT_EVERY ? seq - TUY_CHECKPOINT_EVERY : 0;
	told->seq = seq;
	return 0;
}

struct store_apply *store_apply_create(struct view_batch *view)
{
	struct store_apply *apply = calloc(1, sizeof *apply);
	if (apply != NULL)
		apply->view = view;
	return apply;
}

void store_apply_destroy(struct store_apply *apply)
{
	if (apply == NULL)
		return;
	free(apply->told);
	free(apply);
}
