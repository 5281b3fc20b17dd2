/* Checksummed rows: see store_tables.h. */
#include "store_tables.h"
#include <sodium.h>
#include <string.h>

static const char *const names[STORE_TABLE_COUNT] = {
	[STORE_META] = "meta",
	[STORE_CIRCLES] = "circles",
	[STORE_OPS] = "ops",
	[STORE_EPOCHS] = "epochs",
	[STORE_LOGS] = "logs",
	[STORE_HEADS] = "heads",
	[STORE_ENTRIES] = "entries",
	[STORE_SIGS] = "sigs",
	[STORE_MISSING] = "missing",
	[STORE_ADDRESSES] = "addresses",
	[STORE_INVITES] = "invites",
	[STORE_UNOPENED] = "unopened",
	[STORE_OBJECTS] = "objects",
	[STORE_OBJECT_IDS] = "object_ids",
	[STORE_OBJECT_TIMES] = "object_times",
	[STORE_NEWEST] = "newest",
	[STORE_SEGMENTS] = "segments",
	[STORE_WORDS] = "words",
	[STORE_TOMBSTONES] = "tombstones",
	[STORE_RECEIPTS] = "receipts",
	[STORE_EXPIRIES] = "expiries",
	[STORE_FORKS] = "forks",
	[STORE_VOIDED] = "voided",
	[STORE_LETTERS] = "letters",
	[STORE_WATCHES] = "watches",
	[STORE_ACTS] = "acts",
	[STORE_MOVES] = "moves",
	[STORE_PRIVATE] = "private",
	[STORE_PEERS] = "peers",
	[STORE_AUDIT] = "audit",
	[STORE_GONE] = "gone",
};

/* The MAC of a row whose value comes in parts. `key_len` 1..STORE_KEY_MAX. */
static void mac_compute(const struct store_tables *tables, enum store_table table, const void *key,
                        size_t key_len, const struct tuy_bytes *parts, uint32_t part_count,
                        uint8_t mac[STORE_MAC_SIZE])
{
	crypto_generichash_state state;
	uint8_t head[2 + STORE_KEY_MAX];
	tuy_require(key_len >= 1 && key_len <= STORE_KEY_MAX);
	head[0] = (uint8_t)table;
	head[1] = (uint8_t)key_len;
	memcpy(head + 2, key, key_len);
	int rc = crypto_generichash_init(&state, tables->checksum->b, sizeof tables->checksum->b,
	                                 STORE_MAC_SIZE);
	rc |= crypto_generichash_update(&state, head, 2 + key_len);
	for (uint32_t i = 0; i < part_count; i++)
		if (parts[i].len > 0)
			rc |= crypto_generichash_update(&state, parts[i].p, parts[i].len);
	rc |= crypto_generichash_final(&state, mac, STORE_MAC_SIZE);
	tuy_require(rc == 0);
}

/* Fills the room that LMDB reserved. */
static void row_fill(const struct store_tables *tables, enum store_table table, const MDB_val *key,
                     const struct tuy_bytes *parts, uint32_t part_count, const MDB_val *row)
{
	uint8_t *p = row->mv_data;
	for (uint32_t i = 0; i < part_count; i++) {
		if (parts[i].len > 0)
			memcpy(p, parts[i].p, parts[i].len);
		p += parts[i].len;
	}
	mac_compute(tables, table, key->mv_data, key->mv_size, parts, part_count, p);
}

static size_t row_len(const struct tuy_bytes *parts, uint32_t part_count)
{
	size_t len = STORE_MAC_SIZE;
	for (uint32_t i = 0; i < part_count; i++)
		len += parts[i].len;
	return len;
}

const char *store_table_name(enum store_table table)
{
	return names[table];
}

int store_put(MDB_txn *txn, const struct store_tables *tables, enum store_table table,
              struct tuy_bytes key, const struct tuy_bytes *parts, uint32_t part_count,
              unsigned flags)
{
	MDB_val k = { key.len, (void *)(uintptr_t)key.p };
	MDB_val row = { row_len(parts, part_count), NULL };
	int rc = mdb_put(txn, tables->dbi[table], &k, &row, flags | MDB_RESERVE);
	if (rc == 0)
		row_fill(tables, table, &k, parts, part_count, &row);
	return rc;
}

int store_cursor_put(MDB_cursor *cursor, const struct store_tables *tables, enum store_table table,
                     struct tuy_bytes key, const struct tuy_bytes *parts, uint32_t part_count,
                     unsigned flags)
{
	MDB_val k = { key.len, (void *)(uintptr_t)key.p };
	MDB_val row = { row_len(parts, part_count), NULL };
	int rc = mdb_cursor_put(cursor, &k, &row, flags | MDB_RESERVE);
	if (rc == 0)
		row_fill(tables, table, &k, parts, part_count, &row);
	return rc;
}

int store_check(const struct store_tables *tables, enum store_table table, const MDB_val *key,
                const MDB_val *row, struct tuy_bytes *value)
{
	if (row->mv_size < STORE_MAC_SIZE || key->mv_size < 1 || key->mv_size > STORE_KEY_MAX)
		return MDB_CORRUPTED;
	uint8_t mac[STORE_MAC_SIZE];
	struct tuy_bytes body = { row->mv_data, row->mv_size - STORE_MAC_SIZE };
	mac_compute(tables, table, key->mv_data, key->mv_size, &body, 1, mac);
	if (memcmp(mac, body.p + body.len, sizeof mac) != 0)
		return MDB_CORRUPTED;
	*value = body;
	return 0;
}

int store_get(MDB_txn *txn, const struct store_tables *tables, enum store_table table,
              struct tuy_bytes key, struct tuy_bytes *value)
{
	MDB_val k = { key.len, (void *)(uintptr_t)key.p };
	MDB_val row;
	int rc = mdb_get(txn, tables->dbi[table], &k, &row);
	if (rc != 0)
		return rc;
	return store_check(tables, table, &k, &row, value);
}

int store_del(MDB_txn *txn, const struct store_tables *tables, enum store_table table,
              struct tuy_bytes key)
{
	MDB_val k = { key.len, (void *)(uintptr_t)key.p };
	return mdb_del(txn, tables->dbi[table], &k, NULL);
}
