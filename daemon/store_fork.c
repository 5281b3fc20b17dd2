/* Forked logs: see store_fork.h. */
#include "store_fork.h"
#include "../proto/log.h"
#include <string.h>

enum {
	VOID_SEEN_AT = 0,
	VOID_STATE_AT = 4,
	VOID_HEADER_AT = 5,
	VOID_BLOB_AT = VOID_HEADER_AT + TUY_HEADER_SIZE
};
#define VOID_KEY_SIZE 16

/* ---- rows ---- */

static void void_key(uint32_t log_no, uint32_t seq, const uint8_t *header,
                     uint8_t key[VOID_KEY_SIZE])
{
	struct tuy_header parsed;
	memset(key, 0, VOID_KEY_SIZE);
	tuy_put32(key, log_no);
	tuy_put32(key + 4, seq);
	if (header != NULL && tuy_header_decode(header, &parsed) == TUY_OK)
		memcpy(key + 8, parsed.pcommit.b, 8);
}

enum void_state { VOID_KEPT, VOID_SPENT };

struct void_row {
	uint32_t seen_s;
	enum void_state state;
	const uint8_t *header;
	struct tuy_bytes blob;
};

static int row_put(MDB_txn *txn, const struct store_tables *tables,
                   const uint8_t key[VOID_KEY_SIZE], const struct void_row *row)
{
	uint8_t front[VOID_HEADER_AT];
	tuy_put32(front + VOID_SEEN_AT, row->seen_s);
	front[VOID_STATE_AT] = (uint8_t)row->state;
	const struct tuy_bytes parts[] = {
		TUY_BYTES(front),
		{ row->header, TUY_HEADER_SIZE },
		row->blob,
	};
	struct tuy_bytes k = { key, VOID_KEY_SIZE };
	return store_put(txn, tables, STORE_VOIDED, k, parts, 3, 0);
}

/* Puts an entry aside. One that is there stays as it is, unless its payload was not held. */
static int void_put(MDB_txn *txn, const struct store_tables *tables, uint32_t log_no, uint32_t seq,
                    const struct void_row *row)
{
	uint8_t key[VOID_KEY_SIZE];
	struct tuy_bytes old;
	void_key(log_no, seq, row->header, key);
	int rc = store_get(txn, tables, STORE_VOIDED, TUY_BYTES(key), &old);
	if (rc == 0 &&
	    (old.len > VOID_BLOB_AT || row->blob.len == 0 || old.p[VOID_STATE_AT] == VOID_SPENT))
		return 0;
	return rc == 0 || rc == MDB_NOTFOUND ? row_put(txn, tables, key, row) : rc;
}

/* The first row at or behind a key, if it is of the same log. */
static int void_seek(MDB_txn *txn, const struct store_tables *tables, uint8_t key[VOID_KEY_SIZE],
                     struct tuy_bytes *value)
{
	MDB_val k = { VOID_KEY_SIZE, key };
	MDB_val row;
	MDB_cursor *cursor;
	int rc = mdb_cursor_open(txn, tables->dbi[STORE_VOIDED], &cursor);
	if (rc != 0)
		return rc;
	rc = mdb_cursor_get(cursor, &k, &row, MDB_SET_RANGE);
	if (rc == 0 && (k.mv_size != VOID_KEY_SIZE || memcmp(k.mv_data, key, 4) != 0))
		rc = MDB_NOTFOUND;
	if (rc == 0)
		rc = store_check(tables, STORE_VOIDED, &k, &row, value);
	if (rc == 0 && value->len < VOID_BLOB_AT)
		rc = MDB_CORRUPTED;
	if (rc == 0)
		memcpy(key, k.mv_data, VOID_KEY_SIZE);
	mdb_cursor_close(cursor);
	return rc;
}

/* The next key that there could be. */
static void void_step(uint8_t key[VOID_KEY_SIZE])
{
	for (int i = VOID_KEY_SIZE - 1; i >= 0 && ++key[i] == 0; i--) {
	}
}

static int sig_get(MDB_txn *txn, const struct store_tables *tables, uint32_t log_no, uint32_t seq,
                   struct tuy_head *head, struct tuy_sig *sig)
{
	struct store_key8 key = store_key8(log_no, seq);
	struct tuy_bytes value;
	int rc = store_get(txn, tables, STORE_SIGS, TUY_BYTES(key.b), &value);
	if (rc != 0)
		return rc;
	if (value.len != sizeof head->hash.b + sizeof sig->b)
		return MDB_CORRUPTED;
	head->seq = seq;
	memcpy(head->hash.b, value.p, sizeof head->hash.b);
	memcpy(sig->b, value.p + sizeof head->hash.b, sizeof sig->b);
	return 0;
}

/* Where a log stood at `seq`: 0 or a checkpoint. */
static int head_at(MDB_txn *txn, const struct store_tables *tables, uint32_t log_no, uint32_t seq,
                   struct tuy_head *head, struct tuy_sig *sig)
{
	struct store_log_row log;
	if (seq > 0)
		return sig_get(txn, tables, log_no, seq, head, sig);
	int rc = store_log_get(txn, tables, log_no, &log);
	if (rc == 0)
		*head = (struct tuy_head){ 0, tuy_chain_start(&log.log.id) };
	return rc;
}

/* ---- the cut ---- */

struct cut {
	MDB_txn *txn;
	const struct store_tables *tables;
	struct view_batch *view;
	uint32_t log_no;
	uint32_t seen_s;
	struct store_head head; /* of the log */
};

/* An entry goes from log, view and what is missing. */
static int entry_out(struct cut *cut, uint32_t seq)
{
	struct store_key8 key = store_key8(cut->log_no, seq);
	int rc = view_batch_erase(cut->view, cut->log_no, seq, STORE_GONE_NOT, 0);
	if (rc == 0)
		rc = store_del(cut->txn, cut->tables, STORE_ENTRIES, TUY_BYTES(key.b));
	if (rc != 0)
		return rc;
	rc = store_del(cut->txn, cut->tables, STORE_MISSING, TUY_BYTES(key.b));
	if (rc == 0 && cut->head.missing-- == 0)
		return MDB_CORRUPTED;
	return rc == MDB_NOTFOUND ? 0 : rc;
}

/* One that is not there was pruned; a damaged one holds nothing that could be put aside. */
static int entry_aside(struct cut *cut, uint32_t seq)
{
	struct store_entry_row row;
	uint8_t header[TUY_HEADER_SIZE];
	uint8_t blob[TUY_BLOB_MAX];
	int rc = store_entry_get(cut->txn, cut->tables, cut->log_no, seq, &row);
	if (rc == MDB_NOTFOUND && seq <= cut->head.base_seq)
		return 0;
	if (rc == MDB_CORRUPTED || (rc == 0 && row.blob.len > sizeof blob))
		return entry_out(cut, seq);
	if (rc != 0)
		return rc == MDB_NOTFOUND ? MDB_CORRUPTED : rc;
	memcpy(header, row.header, sizeof header); /* a put may move the page */
	memcpy(blob, row.blob.p != NULL ? row.blob.p : header, row.blob.len);
	struct void_row kept = { cut->seen_s, VOID_KEPT, header, { blob, row.blob.len } };
	rc = void_put(cut->txn, cut->tables, cut->log_no, seq, &kept);
	return rc == 0 ? entry_out(cut, seq) : rc;
}

/* The log ends at `seq`. If it was begun from a checkpoint beyond (PROTOCOL 7.10), what it was
 * there is not known: it is empty, and comes from peers. */
static int head_cut(struct cut *cut, uint32_t seq)
{
	int rc = head_at(cut->txn, cut->tables, cut->log_no, seq, &cut->head.head, &cut->head.sig);
	if (cut->head.base_seq > seq)
		cut->head.base_seq = seq;
	if (rc != MDB_NOTFOUND)
		return rc;
	for (uint32_t i = 1; i <= seq; i++) {
		rc = entry_out(cut, i);
		if (rc != 0 && rc != MDB_NOTFOUND)
			return rc;
	}
	cut->head.base_seq = 0;
	return head_at(cut->txn, cut->tables, cut->log_no, 0, &cut->head.head, &cut->head.sig);
}

int store_fork_cut(MDB_txn *txn, const struct store_tables *tables, struct view_batch *view,
                   const struct tuy_store_item *item, uint32_t seen_s)
{
	uint8_t key[4];
	uint8_t number[4];
	uint32_t before;
	struct cut cut = { txn, tables, view, item->log_no, seen_s, { .base_seq = 0 } };
	int rc = store_fork_get(txn, tables, item->log_no, &before);
	if (rc != 0 || before <= item->u.cut.seq)
		return rc;
	tuy_put32(key, item->log_no);
	tuy_put32(number, item->u.cut.seq);
	const struct tuy_bytes parts[] = { TUY_BYTES(number), item->u.cut.proof };
	rc = store_put(txn, tables, STORE_FORKS, TUY_BYTES(key), parts, 2, 0);
	if (rc == 0)
		rc = store_head_get(txn, tables, item->log_no, &cut.head);
	if (rc != 0 || cut.head.head.seq <= item->u.cut.seq)
		return rc;
	for (uint32_t seq = item->u.cut.seq + 1; rc == 0 && seq <= cut.head.head.seq; seq++)
		rc = entry_aside(&cut, seq);
	if (rc == 0)
		rc = head_cut(&cut, item->u.cut.seq);
	return rc == 0 ? store_head_put(txn, tables, item->log_no, &cut.head) : rc;
}

/* The tombstones of the block that begins behind `block` * 64: a bit for each entry. */
static int tombstones_get(MDB_txn *txn, const struct store_tables *tables, uint32_t log_no,
                          uint32_t block, uint64_t *bits)
{
	struct store_log_row log;
	struct store_bits found = { 0 };
	int rc = store_log_get(txn, tables, log_no, &log);
	if (rc != 0)
		return rc == MDB_NOTFOUND ? MDB_CORRUPTED : rc;
	struct tuy_log16 log16 = tuy_log16(&log.log.id);
	struct store_tombstone_key key =
		store_tombstone_key(log.log.circle_no, &log.log.device, &log16, block);
	rc = store_bits_get(txn, tables, STORE_TOMBSTONES, TUY_BYTES(key.b), &found);
	*bits = found.bits;
	return rc;
}

int store_fork_voided(MDB_txn *txn, const struct store_tables *tables,
                      const struct tuy_store_item *item, uint32_t seen_s)
{
	uint32_t from = item->u.entries.from;
	uint64_t erased = 0;
	int rc = tombstones_get(txn, tables, item->log_no, (from - 1) / TUY_CHECKPOINT_EVERY,
	                        &erased);
	for (uint32_t i = 0; i < item->u.entries.count && rc == 0; i++) {
		const uint8_t *header = item->u.entries.headers + (size_t)i * TUY_HEADER_SIZE;
		uint64_t bit = (uint64_t)1 << (from + i - 1) % TUY_CHECKPOINT_EVERY;
		struct void_row row = { seen_s, VOID_KEPT, header, item->u.entries.blobs[i] };
		if (row.blob.p != NULL && (erased & bit) == 0)
			rc = void_put(txn, tables, item->log_no, from + i, &row);
	}
	return rc;
}

int store_fork_spent(MDB_txn *txn, const struct store_tables *tables,
                     const struct tuy_store_item *item)
{
	const struct tuy_void *spent = &item->u.spent;
	uint8_t key[VOID_KEY_SIZE];
	uint8_t row[VOID_BLOB_AT + TUY_BLOB_MAX];
	struct tuy_bytes value;
	void_key(spent->log_no, spent->seq, NULL, key);
	memcpy(key + 8, spent->commit8, sizeof spent->commit8);
	int rc = store_get(txn, tables, STORE_VOIDED, TUY_BYTES(key), &value);
	if (rc != 0)
		return rc == MDB_NOTFOUND ? 0 : rc; /* retracted meanwhile */
	if (value.len < VOID_BLOB_AT || value.len > sizeof row)
		return MDB_CORRUPTED;
	memcpy(row, value.p, value.len);
	row[VOID_STATE_AT] = VOID_SPENT;
	struct tuy_bytes part = { row, value.len };
	return store_put(txn, tables, STORE_VOIDED, TUY_BYTES(key), &part, 1, 0);
}

/* Rows of this device's logs stay for ever, spent and without a payload: else a peer that kept
 * them longer could give them back. */
static int row_strip(MDB_txn *txn, const struct store_tables *tables,
                     const uint8_t key[VOID_KEY_SIZE], struct tuy_bytes value)
{
	uint8_t header[TUY_HEADER_SIZE];
	struct void_row row = { tuy_get32(value.p), VOID_SPENT, header, { NULL, 0 } };
	memcpy(header, value.p + VOID_HEADER_AT, sizeof header);
	return row_put(txn, tables, key, &row);
}

int store_fork_erase(MDB_txn *txn, const struct store_tables *tables, uint32_t log_no, uint32_t seq)
{
	uint8_t key[VOID_KEY_SIZE];
	struct tuy_bytes value;
	int rc;
	void_key(log_no, seq, NULL, key);
	while ((rc = void_seek(txn, tables, key, &value)) == 0 && tuy_get32(key + 4) == seq) {
		rc = row_strip(txn, tables, key, value);
		if (rc != 0)
			return rc;
		void_step(key);
	}
	return rc == MDB_NOTFOUND ? 0 : rc;
}

/* The first row with a payload at or behind a key that was put aside before a time. */
static int old_seek(MDB_txn *txn, const struct store_tables *tables, uint32_t before_s,
                    uint8_t key[VOID_KEY_SIZE], struct tuy_bytes *value)
{
	MDB_val k = { VOID_KEY_SIZE, key };
	MDB_val row;
	MDB_cursor *cursor;
	bool old = false;
	int rc = mdb_cursor_open(txn, tables->dbi[STORE_VOIDED], &cursor);
	if (rc != 0)
		return rc;
	rc = mdb_cursor_get(cursor, &k, &row, MDB_SET_RANGE);
	while (rc == 0 && !old) {
		rc = store_check(tables, STORE_VOIDED, &k, &row, value);
		old = rc == 0 && value->len > VOID_BLOB_AT && tuy_get32(value->p) < before_s;
		if (rc == 0 && !old)
			rc = mdb_cursor_get(cursor, &k, &row, MDB_NEXT);
	}
	if (rc == 0)
		memcpy(key, k.mv_data, VOID_KEY_SIZE);
	mdb_cursor_close(cursor);
	return rc;
}

int store_fork_purge(MDB_txn *txn, const struct store_tables *tables, uint32_t before_s, bool *gone)
{
	uint8_t key[VOID_KEY_SIZE] = { 0 };
	struct tuy_bytes value;
	int rc;
	while ((rc = old_seek(txn, tables, before_s, key, &value)) == 0) {
		*gone = true;
		rc = row_strip(txn, tables, key, value);
		if (rc != 0)
			return rc;
		void_step(key);
	}
	return rc == MDB_NOTFOUND ? 0 : rc;
}

/* ---- reading ---- */

static int fork_get(MDB_txn *txn, const struct store_tables *tables, uint32_t log_no,
                    struct tuy_bytes *value)
{
	uint8_t key[4];
	tuy_put32(key, log_no);
	int rc = store_get(txn, tables, STORE_FORKS, TUY_BYTES(key), value);
	return rc == 0 && value->len < 4 + TUY_FORK_PROOF_MIN ? MDB_CORRUPTED : rc;
}

int store_fork_get(MDB_txn *txn, const struct store_tables *tables, uint32_t log_no, uint32_t *cut)
{
	struct tuy_bytes value;
	int rc = fork_get(txn, tables, log_no, &value);
	*cut = rc == 0 ? tuy_get32(value.p) : TUY_NO_CUT;
	return rc == MDB_NOTFOUND ? 0 : rc;
}

/* An entry, in the log or put aside of it. */
static int any_get(MDB_txn *txn, const struct store_tables *tables, uint32_t log_no, uint32_t seq,
                   struct tuy_bytes *header, struct tuy_bytes *blob)
{
	struct store_entry_row row;
	uint8_t key[VOID_KEY_SIZE];
	struct tuy_bytes value;
	int rc = store_entry_get(txn, tables, log_no, seq, &row);
	if (rc == 0) {
		*header = (struct tuy_bytes){ row.header, TUY_HEADER_SIZE };
		*blob = row.blob;
		return 0;
	}
	if (rc != MDB_NOTFOUND)
		return rc;
	void_key(log_no, seq, NULL, key);
	rc = void_seek(txn, tables, key, &value);
	if (rc == 0 && tuy_get32(key + 4) != seq)
		rc = MDB_NOTFOUND;
	if (rc != 0)
		return rc;
	*header = (struct tuy_bytes){ value.p + VOID_HEADER_AT, TUY_HEADER_SIZE };
	*blob = (struct tuy_bytes){ value.p + VOID_BLOB_AT, value.len - VOID_BLOB_AT };
	if (blob->len == 0)
		blob->p = NULL;
	return 0;
}

static int block_read(MDB_txn *txn, const struct store_tables *tables, const struct tuy_read *read,
                      uint8_t *headers, struct tuy_read_result *result)
{
	struct tuy_sig before;
	struct tuy_head end;
	int rc = head_at(txn, tables, read->log_no, read->from - 1, &result->head, &before);
	while (rc == 0 && result->count < TUY_CHECKPOINT_EVERY) {
		struct tuy_bytes header;
		rc = any_get(txn, tables, read->log_no, read->from + result->count, &header,
		             &result->bytes[result->count]);
		if (rc != 0)
			break;
		memcpy(headers + (size_t)result->count * TUY_HEADER_SIZE, header.p,
		       TUY_HEADER_SIZE);
		result->count++;
	}
	if (rc == MDB_NOTFOUND)
		rc = 0; /* it ends here, or was pruned */
	result->headers = headers;
	if (rc == 0 && result->count > 0)
		rc = sig_get(txn, tables, read->log_no, read->from + result->count - 1, &end,
		             &result->sig);
	return rc;
}

int store_fork_read(MDB_txn *txn, const struct store_tables *tables, const struct tuy_read *read,
                    uint8_t *headers, struct tuy_read_result *result)
{
	struct store_head head;
	struct tuy_bytes value;
	int rc;
	if (read->kind == TUY_READ_BLOCK)
		return block_read(txn, tables, read, headers, result);
	if (read->kind == TUY_READ_PROOF) {
		rc = fork_get(txn, tables, read->log_no, &value);
		if (rc != 0)
			return rc;
		result->bytes[0] = (struct tuy_bytes){ value.p + 4, value.len - 4 };
		result->count = 1;
		return 0;
	}
	rc = store_head_get(txn, tables, read->log_no, &head);
	if (rc == 0) {
		result->head = head.head;
		result->sig = head.sig;
		result->missing = head.missing;
		result->base.seq = head.base_seq;
	}
	return rc;
}

int store_fork_before(MDB_txn *txn, const struct store_tables *tables, uint32_t log_no,
                      struct store_void_at *at, struct store_void_row *row)
{
	uint8_t first[VOID_KEY_SIZE];
	MDB_val key = { sizeof first, first };
	MDB_val value;
	MDB_cursor *cursor;
	struct tuy_bytes entry = { NULL, 0 };
	tuy_put32(first, log_no);
	memcpy(first + 4, at->b, sizeof at->b);
	int rc = mdb_cursor_open(txn, tables->dbi[STORE_VOIDED], &cursor);
	if (rc != 0)
		return rc;
	rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
	rc = mdb_cursor_get(cursor, &key, &value, rc == MDB_NOTFOUND ? MDB_LAST : MDB_PREV);
	bool found = false;
	while (rc == 0 && !found) {
		if (key.mv_size != VOID_KEY_SIZE || memcmp(key.mv_data, first, 4) != 0)
			rc = MDB_NOTFOUND;
		found = rc == 0 && store_check(tables, STORE_VOIDED, &key, &value, &entry) == 0 &&
		        entry.len > VOID_BLOB_AT && entry.p[VOID_STATE_AT] == VOID_KEPT;
		if (rc == 0 && !found)
			rc = mdb_cursor_get(cursor, &key, &value, MDB_PREV);
	}
	if (rc == 0) {
		memcpy(at->b, (const uint8_t *)key.mv_data + 4, sizeof at->b);
		row->what = (struct tuy_void){ .log_no = log_no, .seq = tuy_get32(at->b) };
		memcpy(row->what.commit8, at->b + 4, sizeof row->what.commit8);
		row->header = entry.p + VOID_HEADER_AT;
		row->blob = (struct tuy_bytes){ entry.p + VOID_BLOB_AT, entry.len - VOID_BLOB_AT };
	}
	mdb_cursor_close(cursor);
	return rc;
}
