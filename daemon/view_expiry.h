/*
 * When payloads expire: gathered while the writer fills its transaction, and written, sorted, into
 * the table `expiries`.
 *
 * Errors: 0, or a code of LMDB or errno. Thread rule: the writer thread.
 */
#ifndef VIEW_EXPIRY_H
#define VIEW_EXPIRY_H

#include "store_rows.h"

struct view_expiry { /* of a payload that is held or missing */
	uint32_t exp_s;
	uint32_t log_no;
	uint32_t seq;
};
struct view_expiries { /* zeroed: empty */
	struct view_expiry *row;
	uint32_t count;
	uint32_t cap;
};

/* Notes when the payload of an entry expires; an entry with a clear one never does. */
int view_expiry_note(struct view_expiries *expiries, uint32_t log_no, uint32_t seq,
                     const struct store_entry_row *entry);
/* Writes them all; they stay gathered. */
int view_expiries_write(struct view_expiries *expiries, MDB_txn *txn,
                        const struct store_tables *tables);
void view_expiries_free(struct view_expiries *expiries);

#endif
