/*
 * Rows as structs: the codec of the tables that more than one file reads. Layouts: store_tables.h.
 * Spans point into the map: good until the next write in the transaction, or its end.
 *
 * All getters return 0, MDB_NOTFOUND, MDB_CORRUPTED (checksum or size), or LMDB's code.
 * Thread rule: as store_get and store_put.
 */
#ifndef STORE_ROWS_H
#define STORE_ROWS_H

#include "store_tables.h"

/* Keys of two and three numbers. */
struct store_key8 {
	uint8_t b[8];
};
struct store_key8 store_key8(uint32_t first, uint32_t second);
struct store_key12 {
	uint8_t b[12];
};
struct store_key12 store_key12(uint32_t first, uint32_t second, uint32_t third);

int store_circle_get(MDB_txn *txn, const struct store_tables *tables, uint32_t circle_no,
                     struct tuy_circle *circle);

struct store_log_row {
	struct store_log log;
	struct tuy_incarnation incarnation;
};
int store_log_get(MDB_txn *txn, const struct store_tables *tables, uint32_t log_no,
                  struct store_log_row *row);
int store_log_put(MDB_txn *txn, const struct store_tables *tables, uint32_t log_no,
                  const struct store_log_row *row);

struct store_head {
	struct tuy_head head;
	struct tuy_sig sig;
	uint32_t missing;
	uint32_t base_seq;
};
int store_head_get(MDB_txn *txn, const struct store_tables *tables, uint32_t log_no,
                   struct store_head *head);
int store_head_put(MDB_txn *txn, const struct store_tables *tables, uint32_t log_no,
                   const struct store_head *head);

struct store_entry_row {
	uint32_t seen_s; /* unix: when it was first stored here */
	enum store_blob state;
	const uint8_t *header; /* TUY_HEADER_SIZE */
	struct tuy_bytes blob; /* .p NULL unless HELD */
};
int store_entry_get(MDB_txn *txn, const struct store_tables *tables, uint32_t log_no, uint32_t seq,
                    struct store_entry_row *row);
/* Through a cursor of that table; `flags` 0 or MDB_APPEND. */
int store_entry_put(MDB_cursor *cursor, const struct store_tables *tables, uint32_t log_no,
                    uint32_t seq, const struct store_entry_row *row, unsigned flags);

/* Which entries of a block of 64 (seqs 64 block + 1 on) were retracted, and when that was heard
 * last. Zeros if none. */
struct store_bits {
	uint64_t bits;
	uint32_t came_s;
};
#define STORE_TOMBSTONE_KEY 56
struct store_tombstone_key {
	uint8_t b[STORE_TOMBSTONE_KEY];
};
struct store_tombstone_key store_tombstone_key(uint32_t circle_no, const struct tuy_device *device,
                                               const struct tuy_log16 *log, uint32_t block);
#define STORE_RECEIPT_KEY 40
struct store_receipt_key {
	uint8_t b[STORE_RECEIPT_KEY];
};
struct store_receipt_key store_receipt_key(uint32_t log_no, uint32_t block,
                                           const struct tuy_device *device);
int store_bits_get(MDB_txn *txn, const struct store_tables *tables, enum store_table table,
                   struct tuy_bytes key, struct store_bits *bits);
int store_bits_put(MDB_txn *txn, const struct store_tables *tables, enum store_table table,
                   struct tuy_bytes key, const struct store_bits *bits);
int store_bits_read(struct tuy_bytes value, struct store_bits *bits);

/*
 * The `skip`-th epoch key whose id begins with `epoch` (0: the first; there is one unless somebody
 * searched 2^64 keys). Secrets: the caller wipes `key`.
 */
int store_epoch_get(MDB_txn *txn, const struct store_tables *tables, uint32_t circle_no,
                    const struct tuy_epoch *epoch, uint32_t skip, struct tuy_secret *key);

#endif
