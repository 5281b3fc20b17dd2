#include "store_own.h"
#include "store_own_put.h"
#include "../proto/hash.h"

static enum store_table table_of(enum store_own own)
{
	switch (own) {
	case STORE_OWN_WATCHES:
		return STORE_WATCHES;
	case STORE_OWN_LETTERS:
		return STORE_LETTERS;
	case STORE_OWN_PEERS:
		return STORE_PEERS;
	case STORE_OWN_AUDIT:
		return STORE_AUDIT;
	case STORE_OWN_GONE:
		return STORE_GONE;
	case STORE_OWN_PRIVATE:
		return STORE_PRIVATE;
	}
	return STORE_TABLE_COUNT;
}

int store_own_each(struct store_reading *reading, enum store_own own, store_own_on_row *on_row,
                   void *context)
{
	const struct store_tables *tables = store_tables(reading->store);
	enum store_table table = table_of(own);
	MDB_cursor *cursor;
	MDB_val key, row;
	int bad = 0;
	if (mdb_cursor_open(reading->txn, tables->dbi[table], &cursor) != 0)
		return -1;
	int rc = mdb_cursor_get(cursor, &key, &row, MDB_FIRST);
	for (; rc == 0; rc = mdb_cursor_get(cursor, &key, &row, MDB_NEXT)) {
		struct tuy_bytes value;
		if (store_check(tables, table, &key, &row, &value) == 0)
			on_row(context, (struct tuy_bytes){ key.mv_data, key.mv_size }, value);
		else
			bad = -1; /* the others are good all the same */
	}
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? bad : -1;
}

int store_own_put(MDB_txn *txn, const struct store_tables *tables, enum store_own own,
                  struct tuy_bytes key, struct tuy_bytes value)
{
	return store_put(txn, tables, table_of(own), key, &value, 1, 0);
}

int store_own_del(MDB_txn *txn, const struct store_tables *tables, enum store_own own,
                  struct tuy_bytes key)
{
	int rc = store_del(txn, tables, table_of(own), key);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

int store_own_purge(MDB_txn *txn, const struct store_tables *tables, enum store_own own,
                    uint32_t before_s)
{
	MDB_cursor *cursor;
	MDB_val key, row;
	int rc = mdb_cursor_open(txn, tables->dbi[table_of(own)], &cursor);
	if (rc != 0)
		return rc;
	rc = mdb_cursor_get(cursor, &key, &row, MDB_FIRST);
	while (rc == 0 && key.mv_size >= 4 && tuy_get32(key.mv_data) < before_s) {
		rc = mdb_cursor_del(cursor, 0);
		if (rc == 0)
			rc = mdb_cursor_get(cursor, &key, &row, MDB_FIRST);
	}
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? 0 : rc;
}
