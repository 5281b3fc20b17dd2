/* When payloads expire: see view_expiry.h. */
#include "view_expiry.h"
#include "../proto/log.h"
#include "../proto/retract.h"
#include <errno.h>
#include <stdlib.h>

#define FIRST 1024 /* room; doubles */

static int row_cmp(const void *a, const void *b)
{
	const struct view_expiry *x = a;
	const struct view_expiry *y = b;
	if (x->exp_s != y->exp_s)
		return x->exp_s < y->exp_s ? -1 : 1;
	if (x->log_no != y->log_no)
		return x->log_no < y->log_no ? -1 : 1;
	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

int view_expiry_note(struct view_expiries *expiries, uint32_t log_no, uint32_t seq,
                     const struct store_entry_row *entry)
{
	struct tuy_header header;
	if (tuy_header_decode(entry->header, &header) != TUY_OK)
		return MDB_CORRUPTED;
	if (header.exp_s == 0 || tuy_header_is_clear(entry->header))
		return 0;
	if (expiries->count == expiries->cap) {
		uint32_t cap = expiries->cap == 0 ? FIRST : expiries->cap * 2;
		struct view_expiry *grown = realloc(expiries->row, cap * sizeof *grown);
		if (grown == NULL)
			return ENOMEM;
		expiries->row = grown;
		expiries->cap = cap;
	}
	expiries->row[expiries->count++] = (struct view_expiry){ header.exp_s, log_no, seq };
	return 0;
}

int view_expiries_write(struct view_expiries *expiries, MDB_txn *txn,
                        const struct store_tables *tables)
{
	MDB_cursor *cursor;
	if (expiries->count == 0)
		return 0;
	int rc = mdb_cursor_open(txn, tables->dbi[STORE_EXPIRIES], &cursor);
	if (rc != 0)
		return rc;
	qsort(expiries->row, expiries->count, sizeof *expiries->row, row_cmp);
	for (uint32_t i = 0; i < expiries->count && rc == 0; i++) {
		const struct view_expiry *row = &expiries->row[i];
		struct store_key12 key = store_key12(row->exp_s, row->log_no, row->seq);
		rc = store_cursor_put(cursor, tables, STORE_EXPIRIES, TUY_BYTES(key.b), NULL, 0, 0);
	}
	mdb_cursor_close(cursor);
	return rc;
}

void view_expiries_free(struct view_expiries *expiries)
{
	free(expiries->row);
	*expiries = (struct view_expiries){ 0 };
}
