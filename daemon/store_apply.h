/*
 * The writing side of the store: STORE items become rows. Used by writer.c only.
 *
 * Errors: 0, or a code of LMDB or errno, on which the caller aborts the transaction. STORE_GAP: the
 * item does not follow what is held (its predecessor's ticket failed, or the store is another than
 * the node thinks).
 * Thread rule: the writer thread.
 */
#ifndef STORE_APPLY_H
#define STORE_APPLY_H

#include "store_erase.h"
#include "store_rows.h"
#include "view_build.h"

struct store_apply;

/* `view` stays the caller's. NULL: no memory. */
struct store_apply *store_apply_create(struct view_batch *view);
void store_apply_destroy(struct store_apply *apply); /* NULL is allowed */

/* Begins with a transaction that the caller made; `tables` are those of the store. */
int store_apply_begin(struct store_apply *apply, MDB_txn *txn, struct store_tables *tables);
/* Writes one item; `seen_s`: unix time at which it came. */
int store_apply_item(struct store_apply *apply, const struct tuy_store_item *item, uint32_t seen_s);
/* The erasing side of the transaction under way; what it touched is the caller's to report. */
struct store_erase *store_apply_erase(struct store_apply *apply);
/* Writes what the view made of the items. The caller commits, or aborts. Cursors are closed either
 * way by store_apply_end, which comes before the commit or the abort. */
int store_apply_write(struct store_apply *apply);
void store_apply_end(struct store_apply *apply);

/*
 * The node was told that `seq` of this log is durable: the signatures of heads before it, but for
 * checkpoints, may go with the next entries of that log. Until then a READ may ask for them.
 * ENOMEM: they stay a little longer.
 */
int store_apply_told(struct store_apply *apply, uint32_t log_no, uint32_t seq);

#endif
