/* What was erased: see store_gone.h. */
#include "store_gone.h"
#include "../proto/hash.h"
#include "store_own.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { AT_AT = 0, WHY_AT = 4, MEMBER_AT = 5, PLACES_AT = 37, PLACE_SIZE = 8 };

static void key_write(uint32_t circle_no, const struct tuy_object *id, uint8_t key[STORE_GONE_KEY])
{
	tuy_put32(key, circle_no);
	memcpy(key + 4, id->b, sizeof id->b);
}

static int row_read(struct tuy_bytes key, struct tuy_bytes value, struct store_gone *gone)
{
	if (key.len != STORE_GONE_KEY || value.len < PLACES_AT || value.len > STORE_GONE_MAX ||
	    (value.len - PLACES_AT) % PLACE_SIZE != 0)
		return MDB_CORRUPTED;
	gone->circle_no = tuy_get32(key.p);
	memcpy(gone->id.b, key.p + 4, sizeof gone->id.b);
	gone->at_s = tuy_get32(value.p + AT_AT);
	gone->why = (enum store_gone_why)value.p[WHY_AT];
	memcpy(gone->member.b, value.p + MEMBER_AT, sizeof gone->member.b);
	gone->place_count = (uint32_t)((value.len - PLACES_AT) / PLACE_SIZE);
	for (uint32_t i = 0; i < gone->place_count; i++) {
		const uint8_t *p = value.p + PLACES_AT + (size_t)PLACE_SIZE * i;
		gone->place[i] = (struct store_place){ tuy_get32(p), tuy_get32(p + 4) };
	}
	return 0;
}

size_t store_gone_row(const struct store_gone *gone, uint8_t key[STORE_GONE_KEY],
                      uint8_t value[STORE_GONE_MAX])
{
	tuy_require(gone->place_count <= STORE_GONE_PLACES);
	key_write(gone->circle_no, &gone->id, key);
	tuy_put32(value + AT_AT, gone->at_s);
	value[WHY_AT] = (uint8_t)gone->why;
	memcpy(value + MEMBER_AT, gone->member.b, sizeof gone->member.b);
	for (uint32_t i = 0; i < gone->place_count; i++) {
		uint8_t *p = value + PLACES_AT + (size_t)PLACE_SIZE * i;
		tuy_put32(p, gone->place[i].log_no);
		tuy_put32(p + 4, gone->place[i].seq);
	}
	return PLACES_AT + (size_t)PLACE_SIZE * gone->place_count;
}

int store_gone_get(MDB_txn *txn, const struct store_tables *tables, uint32_t circle_no,
                   const struct tuy_object *id, struct store_gone *gone)
{
	uint8_t key[STORE_GONE_KEY];
	struct tuy_bytes value;
	key_write(circle_no, id, key);
	int rc = store_get(txn, tables, STORE_GONE, TUY_BYTES(key), &value);
	return rc == 0 ? row_read(TUY_BYTES(key), value, gone) : rc;
}

int store_gone_put(MDB_txn *txn, const struct store_tables *tables, const struct store_gone *gone)
{
	uint8_t key[STORE_GONE_KEY];
	uint8_t value[STORE_GONE_MAX];
	if (gone->why == STORE_GONE_NOT)
		return 0;
	struct tuy_bytes part = { value, store_gone_row(gone, key, value) };
	int rc = store_put(txn, tables, STORE_GONE, TUY_BYTES(key), &part, 1, MDB_NOOVERWRITE);
	return rc == MDB_KEYEXIST ? 0 : rc;
}

int store_gone_unwanted(MDB_txn *txn, const struct store_tables *tables, uint32_t circle_no,
                        const struct tuy_object *id, bool *unwanted)
{
	uint8_t key[STORE_GONE_KEY];
	struct tuy_bytes value;
	MDB_stat stat;
	*unwanted = false;
	int rc = mdb_stat(txn, tables->dbi[STORE_GONE], &stat);
	if (rc != 0 || stat.ms_entries == 0)
		return rc;
	key_write(circle_no, id, key);
	rc = store_get(txn, tables, STORE_GONE, TUY_BYTES(key), &value);
	if (rc == 0 && value.len >= PLACES_AT)
		*unwanted = value.p[WHY_AT] == STORE_GONE_FORGOTTEN ||
		            value.p[WHY_AT] == STORE_GONE_HERE;
	return rc == MDB_NOTFOUND ? 0 : rc;
}

int store_gone_purge(MDB_txn *txn, const struct store_tables *tables, uint32_t before_s)
{
	MDB_cursor *cursor;
	MDB_val key, row;
	int rc = mdb_cursor_open(txn, tables->dbi[STORE_GONE], &cursor);
	if (rc != 0)
		return rc;
	rc = mdb_cursor_get(cursor, &key, &row, MDB_FIRST);
	while (rc == 0) {
		if (row.mv_size >= 4 && tuy_get32(row.mv_data) < before_s)
			rc = mdb_cursor_del(cursor, 0);
		if (rc == 0)
			rc = mdb_cursor_get(cursor, &key, &row, MDB_NEXT);
	}
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

int store_places_add(struct store_places *places, uint32_t log_no, uint32_t seq)
{
	if (places->count == places->cap) {
		uint32_t cap = 2 * places->cap + 16;
		struct store_place *grown = realloc(places->place, cap * sizeof *grown);
		if (grown == NULL)
			return ENOMEM;
		places->place = grown;
		places->cap = cap;
	}
	places->place[places->count++] = (struct store_place){ log_no, seq };
	return 0;
}

void store_places_free(struct store_places *places)
{
	free(places->place);
	*places = (struct store_places){ 0 };
}

/* ---- reading ---- */

struct each {
	store_gone_on_row *on_row;
	void *context;
	struct store_gone gone;
};

/* store_own_on_row */
static void each_row(void *context, struct tuy_bytes key, struct tuy_bytes value)
{
	struct each *each = context;
	if (row_read(key, value, &each->gone) == 0)
		each->on_row(each->context, &each->gone);
}

int store_gone_each(struct store_reading *reading, store_gone_on_row *on_row, void *context)
{
	struct each each = { .on_row = on_row, .context = context };
	return store_own_each(reading, STORE_OWN_GONE, each_row, &each);
}

uint32_t store_gone_find(struct store_reading *reading, const struct tuy_object *lowest,
                         const struct tuy_object *highest, struct store_gone *gone)
{
	const struct store_tables *tables = store_tables(reading->store);
	uint32_t count = 0;
	MDB_cursor *cursor;
	MDB_val key, row;
	if (mdb_cursor_open(reading->txn, tables->dbi[STORE_GONE], &cursor) != 0)
		return 0;
	for (uint32_t circle_no = 0; circle_no < TUY_CIRCLES_MAX; circle_no++) {
		uint8_t first[STORE_GONE_KEY];
		struct tuy_bytes value;
		key_write(circle_no, lowest, first);
		key = (MDB_val){ sizeof first, first };
		int rc = mdb_cursor_get(cursor, &key, &row, MDB_SET_RANGE);
		while (rc == 0 && key.mv_size == sizeof first &&
		       memcmp(key.mv_data, first, 4) == 0 &&
		       memcmp((uint8_t *)key.mv_data + 4, highest->b, sizeof highest->b) <= 0) {
			struct tuy_bytes at = { key.mv_data, key.mv_size };
			if (store_check(tables, STORE_GONE, &key, &row, &value) == 0 &&
			    (count > 0 || row_read(at, value, gone) == 0))
				count++;
			rc = mdb_cursor_get(cursor, &key, &row, MDB_NEXT);
		}
	}
	mdb_cursor_close(cursor);
	return count;
}
