/*
 * What was erased leaves the data file too. LMDB gives a page back and leaves what stood on it;
 * and between the rows of a page that is in use there may be anything. A scrub overwrites both with
 * zeros, in place: a page that nothing leads to, and the gaps of the others. No byte that LMDB
 * would read changes, so that it may be killed at any moment, and the file stays the same file
 * (store_origin.h). What it costs: the reading of the pages in use (not of long values), the
 * writing of what is to go.
 *
 * What is to be scrubbed is noted in the store by the transaction that erased (the residue), so
 * that a kill in between is no matter.
 *
 * Thread rule: the writer thread, without a transaction.
 */
#ifndef STORE_SCRUB_H
#define STORE_SCRUB_H

#include "store_env.h"

/* meta "residue": something was erased since the last scrub. 0, or LMDB's code. */
int store_residue_put(MDB_txn *txn, const struct store_tables *tables);
int store_residue_del(MDB_txn *txn, const struct store_tables *tables);
/* 1, 0, or -1: unread. */
int store_residue(MDB_txn *txn, const struct store_tables *tables);

struct store_scrubbed {
	uint64_t pages;  /* in use, looked at */
	uint64_t zeroed; /* bytes of pages out of use */
	uint64_t gaps;   /* bytes within pages in use */
};
/*
 * Opens the environment anew (LMDB keeps old pages in its heap and writes their rests with new
 * ones), looks at all pages in use, then writes zeros, some MB at a time, each durable. `goes_on`
 * is asked now and then, 0 ends it early: with STORE_SCRUB_YIELDS also while it looks, which is to
 * be done again then; with STORE_SCRUB_LOOKS only behind some MB of zeros, so that it gets on. 0:
 * nothing is left; STORE_SCRUB_EARLY: it was ended, what was done stays done; MDB_CORRUPTED: a page
 * that cannot be, nothing is written then; or errno.
 */
#define STORE_SCRUB_EARLY (-3)
enum store_scrub_how { STORE_SCRUB_YIELDS, STORE_SCRUB_LOOKS };
int store_scrub(struct store *store, enum store_scrub_how how, int (*goes_on)(void *context),
                void *context, struct store_scrubbed *scrubbed);

#endif
