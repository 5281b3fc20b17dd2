/*
 * Forked logs in the store (PROTOCOL 4.11): the cut with its proof, and the void entries put aside.
 *
 * Errors: 0, MDB_NOTFOUND where said, or a code of LMDB, on which a writer aborts the transaction.
 * Thread rule: what takes a `view` or writes, on the writer thread inside its transaction; the rest
 * within any transaction.
 */
#ifndef STORE_FORK_H
#define STORE_FORK_H

#include "store_rows.h"
#include "view_build.h"

#define STORE_VOID_LIFE_S (30u * 86400) /* PROTOCOL 4.11: void entries are kept for so long */

/* A log ends at `seq` (0 or a checkpoint) from now on: what is held beyond goes from it, and from
 * the view, to what is put aside. A cut that is not lower than the one there changes nothing. */
int store_fork_cut(MDB_txn *txn, const struct store_tables *tables, struct view_batch *view,
                   const struct tuy_store_item *item, uint32_t seen_s);
/* Entries of another branch of a log of this device, which a peer had put aside. What is there
 * already, and payloads that were retracted, are passed over. */
int store_fork_voided(MDB_txn *txn, const struct store_tables *tables,
                      const struct tuy_store_item *item, uint32_t seen_s);
/* A void entry needs nothing any more: it is not found by store_fork_before again. */
int store_fork_spent(MDB_txn *txn, const struct store_tables *tables,
                     const struct tuy_store_item *item);
/* Drops what was put aside of an entry, on all branches; it was retracted. */
int store_fork_erase(MDB_txn *txn, const struct store_tables *tables, uint32_t log_no,
                     uint32_t seq);
/* Drops the payloads that were put aside before `before_s` (unix). */
int store_fork_purge(MDB_txn *txn, const struct store_tables *tables, uint32_t before_s,
                     bool *gone);

/* Where a log was cut; TUY_NO_CUT. */
int store_fork_get(MDB_txn *txn, const struct store_tables *tables, uint32_t log_no, uint32_t *cut);
/* Answers READ_BLOCK, READ_HEAD and READ_PROOF. `headers`: room for 64. */
int store_fork_read(MDB_txn *txn, const struct store_tables *tables, const struct tuy_read *read,
                    uint8_t *headers, struct tuy_read_result *result);

/* The last entry put aside of a log before `*at` (all 0xff for the very last) that has its payload
 * and is not spent. A damaged row is passed over. MDB_NOTFOUND: no more. Spans as those of a row.
 */
struct store_void_at {
	uint8_t b[12]; /* seq, first 8 bytes of the commitment */
};
struct store_void_row {
	struct tuy_void what;
	const uint8_t *header; /* TUY_HEADER_SIZE */
	struct tuy_bytes blob;
};
int store_fork_before(MDB_txn *txn, const struct store_tables *tables, uint32_t log_no,
                      struct store_void_at *at, struct store_void_row *row);

#endif
