/* The codec of rows: see store_rows.h. */
#include "store_rows.h"
#include <string.h>

enum {
	LOG_CIRCLE_AT = 0,
	LOG_ID_AT = 4,
	LOG_MEMBER_AT = 36,
	LOG_DEVICE_AT = 68,
	LOG_INCARNATION_AT = 100,
	LOG_SIZE = 116,

	HEAD_SEQ_AT = 0,
	HEAD_HASH_AT = 4,
	HEAD_SIG_AT = 36,
	HEAD_MISSING_AT = 100,
	HEAD_BASE_AT = 104,
	HEAD_SIZE = 108,

	ENTRY_SEEN_AT = 0,
	ENTRY_STATE_AT = 4,
	ENTRY_HEADER_AT = 5,
	ENTRY_BLOB_AT = ENTRY_HEADER_AT + TUY_HEADER_SIZE,

	BITS_SIZE = 12,
};

struct store_key8 store_key8(uint32_t first, uint32_t second)
{
	struct store_key8 key;
	tuy_put32(key.b, first);
	tuy_put32(key.b + 4, second);
	return key;
}

struct store_key12 store_key12(uint32_t first, uint32_t second, uint32_t third)
{
	struct store_key12 key;
	tuy_put32(key.b, first);
	tuy_put32(key.b + 4, second);
	tuy_put32(key.b + 8, third);
	return key;
}

static int number_get(MDB_txn *txn, const struct store_tables *tables, enum store_table table,
                      uint32_t number, size_t size, struct tuy_bytes *value)
{
	uint8_t key[4];
	tuy_put32(key, number);
	int rc = store_get(txn, tables, table, TUY_BYTES(key), value);
	if (rc == 0 && value->len != size)
		rc = MDB_CORRUPTED;
	return rc;
}

int store_circle_get(MDB_txn *txn, const struct store_tables *tables, uint32_t circle_no,
                     struct tuy_circle *circle)
{
	struct tuy_bytes value;
	int rc = number_get(txn, tables, STORE_CIRCLES, circle_no, sizeof circle->b, &value);
	if (rc == 0)
		memcpy(circle->b, value.p, sizeof circle->b);
	return rc;
}

int store_log_get(MDB_txn *txn, const struct store_tables *tables, uint32_t log_no,
                  struct store_log_row *row)
{
	struct tuy_bytes value;
	int rc = number_get(txn, tables, STORE_LOGS, log_no, LOG_SIZE, &value);
	if (rc != 0)
		return rc;
	row->log.circle_no = tuy_get32(value.p + LOG_CIRCLE_AT);
	memcpy(row->log.id.b, value.p + LOG_ID_AT, sizeof row->log.id.b);
	memcpy(row->log.member.b, value.p + LOG_MEMBER_AT, sizeof row->log.member.b);
	memcpy(row->log.device.b, value.p + LOG_DEVICE_AT, sizeof row->log.device.b);
	memcpy(row->incarnation.b, value.p + LOG_INCARNATION_AT, sizeof row->incarnation.b);
	return 0;
}

int store_log_put(MDB_txn *txn, const struct store_tables *tables, uint32_t log_no,
                  const struct store_log_row *row)
{
	uint8_t key[4];
	uint8_t value[LOG_SIZE];
	tuy_put32(key, log_no);
	tuy_put32(value + LOG_CIRCLE_AT, row->log.circle_no);
	memcpy(value + LOG_ID_AT, row->log.id.b, sizeof row->log.id.b);
	memcpy(value + LOG_MEMBER_AT, row->log.member.b, sizeof row->log.member.b);
	memcpy(value + LOG_DEVICE_AT, row->log.device.b, sizeof row->log.device.b);
	memcpy(value + LOG_INCARNATION_AT, row->incarnation.b, sizeof row->incarnation.b);
	struct tuy_bytes part = TUY_BYTES(value);
	return store_put(txn, tables, STORE_LOGS, TUY_BYTES(key), &part, 1, 0);
}

int store_head_get(MDB_txn *txn, const struct store_tables *tables, uint32_t log_no,
                   struct store_head *head)
{
	struct tuy_bytes value;
	int rc = number_get(txn, tables, STORE_HEADS, log_no, HEAD_SIZE, &value);
	if (rc != 0)
		return rc;
	head->head.seq = tuy_get32(value.p + HEAD_SEQ_AT);
	memcpy(head->head.hash.b, value.p + HEAD_HASH_AT, sizeof head->head.hash.b);
	memcpy(head->sig.b, value.p + HEAD_SIG_AT, sizeof head->sig.b);
	head->missing = tuy_get32(value.p + HEAD_MISSING_AT);
	head->base_seq = tuy_get32(value.p + HEAD_BASE_AT);
	return 0;
}

int store_head_put(MDB_txn *txn, const struct store_tables *tables, uint32_t log_no,
                   const struct store_head *head)
{
	uint8_t key[4];
	uint8_t row[HEAD_SIZE];
	tuy_put32(key, log_no);
	tuy_put32(row + HEAD_SEQ_AT, head->head.seq);
	memcpy(row + HEAD_HASH_AT, head->head.hash.b, sizeof head->head.hash.b);
	memcpy(row + HEAD_SIG_AT, head->sig.b, sizeof head->sig.b);
	tuy_put32(row + HEAD_MISSING_AT, head->missing);
	tuy_put32(row + HEAD_BASE_AT, head->base_seq);
	struct tuy_bytes part = TUY_BYTES(row);
	return store_put(txn, tables, STORE_HEADS, TUY_BYTES(key), &part, 1, 0);
}

int store_entry_get(MDB_txn *txn, const struct store_tables *tables, uint32_t log_no, uint32_t seq,
                    struct store_entry_row *row)
{
	struct store_key8 key = store_key8(log_no, seq);
	struct tuy_bytes value;
	int rc = store_get(txn, tables, STORE_ENTRIES, TUY_BYTES(key.b), &value);
	if (rc != 0)
		return rc;
	if (value.len < ENTRY_BLOB_AT || value.p[ENTRY_STATE_AT] > STORE_BLOB_EXPIRED)
		return MDB_CORRUPTED;
	row->seen_s = tuy_get32(value.p + ENTRY_SEEN_AT);
	row->state = (enum store_blob)value.p[ENTRY_STATE_AT];
	row->header = value.p + ENTRY_HEADER_AT;
	row->blob = (struct tuy_bytes){ NULL, 0 };
	if (row->state == STORE_BLOB_HELD)
		row->blob =
			(struct tuy_bytes){ value.p + ENTRY_BLOB_AT, value.len - ENTRY_BLOB_AT };
	return 0;
}

int store_entry_put(MDB_cursor *cursor, const struct store_tables *tables, uint32_t log_no,
                    uint32_t seq, const struct store_entry_row *row, unsigned flags)
{
	struct store_key8 key = store_key8(log_no, seq);
	uint8_t front[ENTRY_HEADER_AT];
	tuy_put32(front + ENTRY_SEEN_AT, row->seen_s);
	front[ENTRY_STATE_AT] = (uint8_t)row->state;
	const struct tuy_bytes parts[] = {
		TUY_BYTES(front),
		{ row->header, TUY_HEADER_SIZE },
		row->blob,
	};
	return store_cursor_put(cursor, tables, STORE_ENTRIES, TUY_BYTES(key.b), parts, 3, flags);
}

struct store_tombstone_key store_tombstone_key(uint32_t circle_no, const struct tuy_device *device,
                                               const struct tuy_log16 *log, uint32_t block)
{
	struct store_tombstone_key key;
	tuy_put32(key.b, circle_no);
	memcpy(key.b + 4, device->b, sizeof device->b);
	memcpy(key.b + 36, log->b, sizeof log->b);
	tuy_put32(key.b + 52, block);
	return key;
}

struct store_receipt_key store_receipt_key(uint32_t log_no, uint32_t block,
                                           const struct tuy_device *device)
{
	struct store_receipt_key key;
	tuy_put32(key.b, log_no);
	tuy_put32(key.b + 4, block);
	memcpy(key.b + 8, device->b, sizeof device->b);
	return key;
}

int store_bits_read(struct tuy_bytes value, struct store_bits *bits)
{
	if (value.len != BITS_SIZE)
		return MDB_CORRUPTED;
	bits->bits = tuy_get64(value.p);
	bits->came_s = tuy_get32(value.p + 8);
	return 0;
}

int store_bits_get(MDB_txn *txn, const struct store_tables *tables, enum store_table table,
                   struct tuy_bytes key, struct store_bits *bits)
{
	struct tuy_bytes value;
	*bits = (struct store_bits){ 0, 0 };
	int rc = store_get(txn, tables, table, key, &value);
	if (rc != 0)
		return rc == MDB_NOTFOUND ? 0 : rc;
	return store_bits_read(value, bits);
}

int store_bits_put(MDB_txn *txn, const struct store_tables *tables, enum store_table table,
                   struct tuy_bytes key, const struct store_bits *bits)
{
	uint8_t value[BITS_SIZE];
	tuy_put64(value, bits->bits);
	tuy_put32(value + 8, bits->came_s);
	struct tuy_bytes part = TUY_BYTES(value);
	return store_put(txn, tables, table, key, &part, 1, 0);
}

int store_epoch_get(MDB_txn *txn, const struct store_tables *tables, uint32_t circle_no,
                    const struct tuy_epoch *epoch, uint32_t skip, struct tuy_secret *key)
{
	uint8_t prefix[12];
	MDB_cursor *cursor;
	MDB_val k = { sizeof prefix, prefix };
	MDB_val row;
	struct tuy_bytes value;
	tuy_put32(prefix, circle_no);
	memcpy(prefix + 4, epoch->b, sizeof epoch->b);
	int rc = mdb_cursor_open(txn, tables->dbi[STORE_EPOCHS], &cursor);
	if (rc != 0)
		return rc;
	rc = mdb_cursor_get(cursor, &k, &row, MDB_SET_RANGE);
	while (rc == 0 && skip > 0) {
		rc = mdb_cursor_get(cursor, &k, &row, MDB_NEXT);
		skip--;
	}
	if (rc == 0 && (k.mv_size < sizeof prefix || memcmp(k.mv_data, prefix, sizeof prefix) != 0))
		rc = MDB_NOTFOUND;
	if (rc == 0)
		rc = store_check(tables, STORE_EPOCHS, &k, &row, &value);
	if (rc == 0 && value.len != sizeof key->b)
		rc = MDB_CORRUPTED;
	if (rc == 0)
		memcpy(key->b, value.p, sizeof key->b);
	mdb_cursor_close(cursor);
	return rc;
}
