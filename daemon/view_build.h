/*
 * The building side of the view: entries become objects while the writer fills its transaction.
 * What was made from a transaction's entries is gathered in RAM and written, sorted, before its
 * commit.
 *
 *	view_batch_begin(batch, txn, tables);
 *	for each entry with a payload:	view_batch_entry(batch, log_no, &row);
 *	for each new epoch key:		view_batch_epoch(batch, circle_no, &epoch);
 *	for each one to be erased:	view_batch_erase(batch, log_no, seq);
 *	before commit:			view_batch_write(batch);
 *
 * Everything is inside the caller's transaction: after an abort the next begin starts from what
 * the store has.
 *
 * Errors: 0, or a code of LMDB or errno, on which the caller aborts the transaction.
 * Thread rule: the writer thread.
 */
#ifndef VIEW_BUILD_H
#define VIEW_BUILD_H

#include "store_gone.h"
#include "store_rows.h"

enum view_level { VIEW_LEVEL_NOTHING, VIEW_LEVEL_OBJECTS, VIEW_LEVEL_WORDS };

struct view_batch;

/* `keys` open what is sealed to this device; they outlive the batch. NULL: no memory. */
struct view_batch *view_batch_create(const struct tuy_device_keys *keys, enum view_level level);
void view_batch_destroy(struct view_batch *batch); /* NULL is allowed */

/*
 * Whether the batch takes anything: switched off when the derived tables are damaged, so that the
 * logs go on without them. Between transactions; returns how it was. A batch of VIEW_LEVEL_NOTHING
 * is VIEW_BATCH_OFF for ever.
 */
enum view_batch_switch { VIEW_BATCH_OFF, VIEW_BATCH_ON };
enum view_batch_switch view_batch_switch(struct view_batch *batch, enum view_batch_switch to);

int view_batch_begin(struct view_batch *batch, MDB_txn *txn, struct store_tables *tables);
/*
 * Takes one entry, held or missing, whose rows (log, circle) are in the transaction. What cannot be
 * opened or read is passed over; for want of an epoch key, it is noted in `unopened`. `row` may
 * point into the map: nothing is written to the store before the blob was opened.
 */
int view_batch_entry(struct view_batch *batch, uint32_t log_no, uint32_t seq,
                     const struct store_entry_row *row);
/* The key of this epoch is in the transaction now: what waited for it is taken. */
int view_batch_epoch(struct view_batch *batch, uint32_t circle_no, const struct tuy_epoch *epoch);
/*
 * The payload of this entry is about to be dropped, and its row still holds it: the object that was
 * made from it leaves the view, and its words leave the index (from the results at once; the rows
 * that hold them go when their segments are merged). What was gathered before is written first. An
 * older revision that is still held comes back with the next rebuild only. `why` and `at_s` are
 * noted of a tip or ask that goes (store_gone.h), unless it is noted already; its private rows go
 * too, but for STORE_GONE_NOT.
 */
int view_batch_erase(struct view_batch *batch, uint32_t log_no, uint32_t seq,
                     enum store_gone_why why, uint32_t at_s);
/* An entry that was taken, but is about something that the owner had erased: the caller drops its
 * payload. False: no more of them. */
bool view_batch_unwanted(struct view_batch *batch, struct store_place *place);
int view_batch_write(struct view_batch *batch);

#endif
