/*
 * The building side of the word index (search.h): what view.c and writer.c call when a record
 * becomes an object. Words are gathered in RAM while a transaction is filled, then written as one
 * sorted segment; segments are merged a few at a time, a bounded amount of work at each commit.
 *
 *	struct search_batch *batch = search_batch_create();
 *	for each record:  search_batch_add(batch, object_number, &record);
 *	before commit:    search_batch_write(batch, txn, tables);
 *	when idle:	  if (search_merge_waits(txn, tables) == 1)
 *				search_merge_some(txn, tables, SEARCH_MERGE_WORK);
 *
 * Everything is inside the caller's transaction: if it is aborted, the index is what it was.
 *
 * Thread rule: the writer thread; search_merge_waits also in a read transaction of any thread.
 */
#ifndef SEARCH_BUILD_H
#define SEARCH_BUILD_H

#include "../proto/record.h"
#include "search.h"
#include "search_segment.h"
#include "store_tables.h"
#include <lmdb.h>

struct search_batch;

#define SEARCH_MERGE_WORK 262144 /* bytes of rows: about 3 ms */

/* NULL: no memory. About 200 KiB, which grows with what is added and is kept by clear. */
struct search_batch *search_batch_create(void);
void search_batch_destroy(struct search_batch *batch); /* NULL is allowed */

/* Forgets what was added: after a commit, or when the transaction was aborted. */
void search_batch_clear(struct search_batch *batch);

/*
 * Adds the words of a record: title, text, company, tags, role, place, person, skills and sector,
 * those of title, company and tags weighing more. Nothing of `record` is kept. Object numbers
 * usually ascend; one that was added before (a newer revision, in this batch or in any earlier one)
 * replaces all words it had; a record without words takes them away. Under 7 us for 300 bytes of
 * text. 0, or ENOMEM: the batch can only be cleared or destroyed (search_batch_write repeats it).
 */
int search_batch_add(struct search_batch *batch, uint32_t object_number,
                     const struct tuy_record *record);

/*
 * Writes the batch as one segment and does the merging that is due: work in proportion to the batch
 * and at least 64 KiB of rows. The batch stays as it is (so a transaction may be tried again after
 * MDB_MAP_FULL); an empty one writes nothing. 0 or an LMDB or errno code, on which the caller
 * aborts the transaction; MDB_CORRUPTED: the index is damaged, rebuild it.
 */
int search_batch_write(struct search_batch *batch, MDB_txn *txn, const struct store_tables *tables);

/* 1 if there is something to merge or to remove, 0 if not, -1 if the index is damaged or unread. */
int search_merge_waits(MDB_txn *txn, const struct store_tables *tables);

/* Merges and removes about `max_work` bytes of rows; 0 also if nothing was left to do. Errors as
 * for search_batch_write. */
int search_merge_some(MDB_txn *txn, const struct store_tables *tables, uint64_t max_work);

/*
 * Makes the words go that no object has any more: all segments become one, a slice of about
 * `max_work` bytes of rows at a time. `*step`: SEARCH_PURGE_BEGIN at first, SEARCH_PURGE_DONE at
 * the end; in a transaction that is aborted it is the caller's to put back. Errors as for
 * search_batch_write.
 */
int search_purge_some(MDB_txn *txn, const struct store_tables *tables, enum search_purge *step,
                      uint64_t max_work);

/* search_query (search.h) for one who has the transaction and not the store. */
int search_txn_query(MDB_txn *txn, const struct store_tables *tables, struct tuy_bytes text,
                     const struct synonyms *synonyms, struct search_hit *hits, uint32_t cap);

/* How many segments a query looks into: three for each fourfold of the size, when merging is not
 * behind; -1 on damage. For statistics and tests. */
int search_segment_count(MDB_txn *txn, const struct store_tables *tables);

#endif
