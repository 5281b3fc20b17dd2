/* The read side: what the node asks for, and what it is fed at the start. */
#include "store_env.h"
#include "store_fork.h"
#include "store_origin.h"
#include "store_rows.h"
#include <stdio.h>
#include <string.h>

/* ---- answers to READ ---- */

static int run_sig_get(MDB_txn *txn, const struct store_tables *tables, uint32_t log_no,
                       uint32_t seq, struct tuy_sig *sig)
{
	struct store_key8 key = store_key8(log_no, seq);
	struct tuy_bytes value;
	int rc = store_get(txn, tables, STORE_SIGS, TUY_BYTES(key.b), &value);
	if (rc != 0)
		return rc;
	if (value.len != sizeof(struct tuy_hash) + sizeof sig->b)
		return MDB_CORRUPTED;
	memcpy(sig->b, value.p + sizeof(struct tuy_hash), sizeof sig->b);
	return 0;
}

/* PROTOCOL 7.10: the checkpoint from which a pruned log goes on, if `from` is before it. */
static int base_read(MDB_txn *txn, const struct store_tables *tables, const struct tuy_read *read,
                     struct tuy_read_result *result)
{
	struct store_head head;
	struct tuy_bytes value;
	int rc = store_head_get(txn, tables, read->log_no, &head);
	if (rc != 0 || read->from > head.base_seq)
		return rc;
	struct store_key8 key = store_key8(read->log_no, head.base_seq);
	rc = store_get(txn, tables, STORE_SIGS, TUY_BYTES(key.b), &value);
	if (rc == 0 && value.len != sizeof result->base.hash.b + sizeof result->sig.b)
		rc = MDB_CORRUPTED;
	if (rc != 0)
		return rc;
	result->base.seq = head.base_seq;
	memcpy(result->base.hash.b, value.p, sizeof result->base.hash.b);
	memcpy(result->sig.b, value.p + sizeof result->base.hash.b, sizeof result->sig.b);
	return 0;
}

static int entries_read(MDB_txn *txn, const struct store_tables *tables,
                        const struct tuy_read *read, uint8_t *headers,
                        struct tuy_read_result *result)
{
	struct store_entry_row row;
	int base = base_read(txn, tables, read, result);
	if (base != 0 || result->base.seq > 0)
		return base;
	if (read->count == 0)
		return MDB_NOTFOUND;
	for (uint32_t i = 0; i < read->count; i++) {
		int rc = store_entry_get(txn, tables, read->log_no, read->from + i, &row);
		if (rc != 0)
			return rc;
		memcpy(headers + (size_t)i * TUY_HEADER_SIZE, row.header, TUY_HEADER_SIZE);
		result->bytes[i] = row.blob;
	}
	result->headers = headers;
	result->count = read->count;
	return run_sig_get(txn, tables, read->log_no, read->from + read->count - 1, &result->sig);
}

static int ops_read(MDB_txn *txn, const struct store_tables *tables, const struct tuy_read *read,
                    struct tuy_read_result *result)
{
	for (uint32_t i = 0; i < read->count; i++) {
		struct store_key8 key = store_key8(read->circle_no, read->index[i]);
		int rc = store_get(txn, tables, STORE_OPS, TUY_BYTES(key.b), &result->bytes[i]);
		if (rc != 0)
			return rc;
	}
	result->count = read->count;
	return 0;
}

static enum tuy_gone_reason gone_of(enum store_blob state)
{
	switch (state) {
	case STORE_BLOB_HELD:
		return (enum tuy_gone_reason)0;
	case STORE_BLOB_ERASED:
		return TUY_GONE_ERASED;
	case STORE_BLOB_EXPIRED:
		return TUY_GONE_EXPIRED;
	case STORE_BLOB_NONE:
	case STORE_BLOB_MISSING:
		break;
	}
	return TUY_GONE_NOT_HELD;
}

static int blobs_read(MDB_txn *txn, const struct store_tables *tables, const struct tuy_read *read,
                      struct tuy_read_result *result)
{
	struct store_entry_row row;
	for (uint32_t i = 0; i < read->count; i++) {
		int rc = store_entry_get(txn, tables, read->log_no, read->index[i], &row);
		if (rc != 0 && rc != MDB_NOTFOUND)
			return rc;
		if (rc == 0) {
			result->bytes[i] = row.blob;
			result->gone[i] = gone_of(row.state);
		}
	}
	result->count = read->count;
	return 0;
}

static int missing_read(MDB_txn *txn, const struct store_tables *tables,
                        const struct tuy_read *read, uint8_t *headers,
                        struct tuy_read_result *result)
{
	struct store_key8 first = store_key8(read->log_no, read->from);
	struct store_entry_row entry;
	struct tuy_bytes value;
	MDB_val key = { sizeof first.b, first.b };
	MDB_val row;
	MDB_cursor *cursor;
	int rc = mdb_cursor_open(txn, tables->dbi[STORE_MISSING], &cursor);
	if (rc != 0)
		return rc;
	rc = mdb_cursor_get(cursor, &key, &row, MDB_SET_RANGE);
	while (rc == 0 && result->count < TUY_CHECKPOINT_EVERY && key.mv_size == sizeof first.b &&
	       memcmp(key.mv_data, first.b, 4) == 0) {
		uint32_t seq = tuy_get32((const uint8_t *)key.mv_data + 4);
		rc = store_check(tables, STORE_MISSING, &key, &row, &value);
		if (rc == 0)
			rc = store_entry_get(txn, tables, read->log_no, seq, &entry);
		if (rc != 0)
			break;
		memcpy(headers + (size_t)result->count++ * TUY_HEADER_SIZE, entry.header,
		       TUY_HEADER_SIZE);
		rc = mdb_cursor_get(cursor, &key, &row, MDB_NEXT);
		if (rc == MDB_NOTFOUND)
			break;
	}
	mdb_cursor_close(cursor);
	result->headers = headers;
	return rc == MDB_NOTFOUND ? 0 : rc;
}

/* Takes one row of tombstones as a cursor gave it. 1: it is not what was asked for. */
static int erased_take(const struct store_tables *tables, const MDB_val *key, const MDB_val *row,
                       uint32_t since_s, struct tuy_read_result *result)
{
	struct store_bits bits = { 0, 0 };
	struct tuy_bytes value;
	int rc = store_check(tables, STORE_TOMBSTONES, key, row, &value);
	if (rc == 0)
		rc = store_bits_read(value, &bits);
	if (rc != 0 || bits.came_s < since_s)
		return rc != 0 ? rc : 1;
	const uint8_t *k = key->mv_data;
	uint32_t block = tuy_get32(k + 52);
	memcpy(result->log.b, k + 36, sizeof result->log.b);
	for (uint32_t i = 0; i < TUY_CHECKPOINT_EVERY; i++)
		if ((bits.bits >> i & 1) != 0)
			result->seqs[result->count++] = block * TUY_CHECKPOINT_EVERY + 1 + i;
	return 0;
}

static int erased_read(MDB_txn *txn, const struct store_tables *tables, const struct tuy_read *read,
                       struct tuy_read_result *result)
{
	struct store_tombstone_key first =
		store_tombstone_key(read->circle_no, &read->device, &read->log, read->from);
	MDB_val key = { sizeof first.b, first.b };
	MDB_val row;
	MDB_cursor *cursor;
	int rc = mdb_cursor_open(txn, tables->dbi[STORE_TOMBSTONES], &cursor);
	if (rc != 0)
		return rc;
	rc = mdb_cursor_get(cursor, &key, &row, MDB_SET_RANGE);
	while (rc == 0) {
		if (key.mv_size != sizeof first.b || memcmp(key.mv_data, first.b, 36) != 0)
			rc = MDB_NOTFOUND;
		else
			rc = erased_take(tables, &key, &row, read->since_s, result);
		if (rc != 1)
			break;
		rc = mdb_cursor_get(cursor, &key, &row, MDB_NEXT);
	}
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

/* ---- feeding the node ---- */

/* Gives one row to the node: 0, or -1 if it makes no sense. */
typedef int row_load(struct tuy_node *node, struct store_reading *reading, struct tuy_bytes key,
                     struct tuy_bytes value);

static int circle_load(struct tuy_node *node, struct store_reading *reading, struct tuy_bytes key,
                       struct tuy_bytes value)
{
	struct tuy_circle circle;
	(void)reading;
	if (key.len != 4 || value.len != sizeof circle.b)
		return -1;
	memcpy(circle.b, value.p, sizeof circle.b);
	return tuy_node_load_circle(node, tuy_get32(key.p), &circle) == TUY_OK ? 0 : -1;
}

static int op_load(struct tuy_node *node, struct store_reading *reading, struct tuy_bytes key,
                   struct tuy_bytes value)
{
	(void)reading;
	if (key.len != 8)
		return -1;
	return tuy_node_load_op(node, tuy_get32(key.p), value) == TUY_OK ? 0 : -1;
}

static int epoch_load(struct tuy_node *node, struct store_reading *reading, struct tuy_bytes key,
                      struct tuy_bytes value)
{
	struct tuy_hash id;
	struct tuy_secret secret;
	(void)reading;
	if (key.len != 4 + sizeof id.b || value.len != sizeof secret.b)
		return -1;
	memcpy(id.b, key.p + 4, sizeof id.b);
	memcpy(secret.b, value.p, sizeof secret.b);
	return tuy_node_load_epoch(node, tuy_get32(key.p), &id, &secret) == TUY_OK ? 0 : -1;
}

static int log_load(struct tuy_node *node, struct store_reading *reading, struct tuy_bytes key,
                    struct tuy_bytes value)
{
	struct store_log_row row;
	struct store_head head;
	struct tuy_log_state state;
	(void)value;
	if (key.len != 4)
		return -1;
	const struct store_tables *tables = store_tables(reading->store);
	uint32_t log_no = tuy_get32(key.p);
	if (store_log_get(reading->txn, tables, log_no, &row) != 0 ||
	    store_head_get(reading->txn, tables, log_no, &head) != 0 ||
	    store_fork_get(reading->txn, tables, log_no, &state.cut) != 0)
		return -1;
	state.log_no = log_no;
	state.circle_no = row.log.circle_no;
	state.device = row.log.device;
	state.incarnation = row.incarnation;
	state.head = head.head;
	state.sig = head.sig;
	state.missing = head.missing;
	state.forked = state.cut != TUY_NO_CUT;
	state.base_seq = head.base_seq;
	return tuy_node_load_log(node, &state) == TUY_OK ? 0 : -1;
}

static int address_load(struct tuy_node *node, struct store_reading *reading, struct tuy_bytes key,
                        struct tuy_bytes value)
{
	(void)reading;
	(void)key;
	tuy_node_load_address(node, value);
	return 0;
}

static int invite_load(struct tuy_node *node, struct store_reading *reading, struct tuy_bytes key,
                       struct tuy_bytes value)
{
	struct tuy_invite_row row;
	(void)reading;
	if (key.len != sizeof row.pk.b || value.len != 13 + sizeof row.used_by.b)
		return -1;
	memcpy(row.pk.b, key.p, sizeof row.pk.b);
	row.circle_no = tuy_get32(value.p);
	row.expires_s = tuy_get32(value.p + 4);
	row.state = (enum tuy_invite_state)value.p[8];
	row.used_s = tuy_get32(value.p + 9);
	memcpy(row.used_by.b, value.p + 13, sizeof row.used_by.b);
	return tuy_node_load_invite(node, &row) == TUY_OK ? 0 : -1;
}

/* Of the rows of meta, the one that is the node's: damage to others, that of the derived tables
 * among them, is none of its business. */
static int settled_load(struct store_reading *reading, struct tuy_node *node)
{
	struct tuy_incarnation one;
	struct tuy_bytes value;
	int rc = store_get(reading->txn, store_tables(reading->store), STORE_META,
	                   store_key_settled, &value);
	if (rc != 0)
		return rc == MDB_NOTFOUND ? 0 : rc;
	if (value.len != TUY_CIRCLES_MAX * sizeof one)
		return MDB_CORRUPTED;
	for (uint32_t c = 0; c < TUY_CIRCLES_MAX; c++) {
		memcpy(one.b, value.p + c * sizeof one, sizeof one);
		tuy_node_load_settled(node, c, &one);
	}
	return 0;
}

static int table_load(struct store_reading *reading, enum store_table table, row_load *load,
                      struct tuy_node *node)
{
	const struct store_tables *tables = store_tables(reading->store);
	MDB_cursor *cursor;
	MDB_val key;
	MDB_val row;
	struct tuy_bytes value;
	int rc = mdb_cursor_open(reading->txn, tables->dbi[table], &cursor);
	if (rc != 0)
		return rc;
	rc = mdb_cursor_get(cursor, &key, &row, MDB_FIRST);
	while (rc == 0) {
		rc = store_check(tables, table, &key, &row, &value);
		struct tuy_bytes k = { key.mv_data, key.mv_size };
		if (rc == 0 && load(node, reading, k, value) != 0)
			rc = MDB_CORRUPTED;
		if (rc == 0)
			rc = mdb_cursor_get(cursor, &key, &row, MDB_NEXT);
	}
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

/* ---- public ---- */

int store_load(struct store *store, struct tuy_node *node, struct store_error *error)
{
	static const struct {
		enum store_table table;
		row_load *load;
	} steps[] = {
		{ STORE_CIRCLES, circle_load },
		{ STORE_OPS, op_load },
		{ STORE_EPOCHS, epoch_load },
		{ STORE_LOGS, log_load },
		{ STORE_ADDRESSES, address_load },
		{ STORE_INVITES, invite_load },
		{ STORE_META, NULL },
	};
	struct store_reading reading;
	if (store_reading_begin(store, &reading) != 0)
		return store_fail(error, "T-STORE-IO", "Look at the disk and its log.",
		                  "The store in %s cannot be read.", store->dir);
	int rc = 0;
	for (size_t i = 0; i < sizeof steps / sizeof steps[0] && rc == 0; i++) {
		rc = steps[i].load ? table_load(&reading, steps[i].table, steps[i].load, node)
		                   : settled_load(&reading, node);
		if (rc != 0)
			(void)store_fail(error, "T-STORE-DAMAGED",
			                 "Put back a copy of the whole directory, or move it away "
			                 "and join again.",
			                 "The store in %s is damaged (table %s).", store->dir,
			                 store_table_name(steps[i].table));
	}
	store_reading_end(&reading);
	return rc == 0 ? 0 : -1;
}

void store_read(struct store_reading *reading, const struct tuy_read *read, uint8_t *headers,
                struct tuy_read_result *result)
{
	const struct store_tables *tables = store_tables(reading->store);
	int rc = MDB_CORRUPTED;
	memset(result, 0, sizeof *result);
	if (read->count <= TUY_CHECKPOINT_EVERY || read->kind == TUY_READ_MISSING)
		switch (read->kind) {
		case TUY_READ_ENTRIES:
			rc = entries_read(reading->txn, tables, read, headers, result);
			break;
		case TUY_READ_OPS:
			rc = ops_read(reading->txn, tables, read, result);
			break;
		case TUY_READ_BLOBS:
			rc = blobs_read(reading->txn, tables, read, result);
			break;
		case TUY_READ_MISSING:
			rc = missing_read(reading->txn, tables, read, headers, result);
			break;
		case TUY_READ_BLOCK:
		case TUY_READ_HEAD:
		case TUY_READ_PROOF:
			rc = store_fork_read(reading->txn, tables, read, headers, result);
			break;
		case TUY_READ_ERASED:
			rc = erased_read(reading->txn, tables, read, result);
			break;
		}
	if (rc != 0) {
		memset(result, 0, sizeof *result);
		result->err = TUY_E_STORE;
	}
}

int store_log(struct store_reading *reading, uint32_t log_no, struct store_log *log)
{
	struct store_log_row row;
	if (store_log_get(reading->txn, store_tables(reading->store), log_no, &row) != 0)
		return -1;
	*log = row.log;
	return 0;
}

int store_entry(struct store_reading *reading, uint32_t log_no, uint32_t seq,
                struct tuy_bytes *header, struct tuy_bytes *blob)
{
	struct store_entry_row row;
	if (store_entry_get(reading->txn, store_tables(reading->store), log_no, seq, &row) != 0)
		return -1;
	*header = (struct tuy_bytes){ row.header, TUY_HEADER_SIZE };
	*blob = row.blob;
	return 0;
}

int store_epoch(struct store_reading *reading, uint32_t circle_no, const struct tuy_epoch *epoch,
                struct tuy_secret *key)
{
	return store_epoch_get(reading->txn, store_tables(reading->store), circle_no, epoch, 0,
	                       key) == 0
	               ? 0
	               : -1;
}
