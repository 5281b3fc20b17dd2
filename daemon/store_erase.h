/*
 * The erasing side of the store (PROTOCOL 4.12, 7.10): what a RETRACT orders, what has expired,
 * what may be pruned. All of it inside the writer's transaction; the objects made from what goes
 * leave the view in the same one. An entry's row stays, with its header and why its payload is
 * gone, until its block is pruned.
 *
 * Errors: 0, or a code of LMDB or errno, on which the caller aborts the transaction.
 * Thread rule: the writer thread; store_receipts on any thread within a store_reading.
 */
#ifndef STORE_ERASE_H
#define STORE_ERASE_H

#include "store_rows.h"
#include "view_build.h"

#define STORE_GAP (-1) /* an item that does not follow what is held: see store_apply.h */

#define STORE_KEEP_S  (30u * 86400) /* product 1.12: payloads go so long after their expiry */
#define STORE_PRUNE_S (30u * 86400) /* headers are pruned so long after they came, not before */

struct store_erase {
	MDB_txn *txn;
	const struct store_tables *tables;
	MDB_cursor *entries;
	struct view_batch *view;
	/* Logs whose count of missing payloads, or base, is not what the node thinks; each once. */
	uint32_t touched[TUY_CHECKPOINT_EVERY + 8];
	uint32_t touched_count;
	uint32_t now_s; /* when this is */
	bool residue;   /* something was erased in this transaction */
};

/* Nothing is touched yet. ->now_s is the caller's to set (unix). */
void store_erase_begin(struct store_erase *erase, MDB_txn *txn, const struct store_tables *tables,
                       MDB_cursor *entries, struct view_batch *view);
void store_erase_touch(struct store_erase *erase, uint32_t log_no);
/* Something goes whose bytes are to leave the file too (store_scrub.h). 0 or a code. */
int store_erase_residue(struct store_erase *erase);

/* Drops the payload of an entry here, whoever wrote it: for the owner of this store, who wants it
 * gone. It is not asked for again. 0 or a code; nothing happens if it is not held. */
int store_erase_here(struct store_erase *erase, uint32_t log_no, uint32_t seq);

/*
 * What is to become of the payloads of a run of entries (not over a checkpoint) that came at
 * `seen_s`: a bit for each of the block whose payload has a tombstone. 0 or a code.
 */
int store_erase_bits(struct store_erase *erase, uint32_t log_no, uint32_t from, uint64_t *bits);
/* HELD or MISSING becomes ERASED or EXPIRED if the entry's payload must not be here. */
enum store_blob store_erase_fate(const uint8_t *header, uint32_t seq, uint64_t bits,
                                 uint32_t seen_s, enum store_blob state);

/* Items of the node. */
int store_erase_retract(struct store_erase *erase, const struct tuy_store_item *item,
                        uint32_t seen_s);
int store_erase_receipt(struct store_erase *erase, const struct tuy_store_item *item,
                        uint32_t seen_s);

/* A sweep goes on where the last slice ended: all that has expired first, then the logs. */
struct store_sweep {
	uint32_t now_s;    /* the daemon's clock */
	bool expired_done; /* nothing more has expired */
	uint32_t log_no;   /* the next to be looked at for pruning */
	bool done;
};
/* One slice: some 256 entries. */
int store_sweep_some(struct store_erase *erase, struct store_sweep *sweep);

/* Drops the own letters that were made before `before_s` (unix; store_letters.h); *gone: one was.
 */
int store_letters_purge(MDB_txn *txn, const struct store_tables *tables, uint32_t before_s,
                        bool *gone);

/* Has `device` said that it erased this entry of this device's log `log_no`? 1, 0, or -1: damaged.
 */
int store_receipt(struct store_reading *reading, uint32_t log_no, uint32_t seq,
                  const struct tuy_device *device);

#endif
