/* The codec of the derived tables: see view_rows.h. */
#include "view_rows.h"
#include <string.h>

enum {
	ROW_CIRCLE_AT = 0,
	ROW_ID_AT = 4,
	ROW_KIND_AT = 14,
	ROW_ASK_AT = 15,
	ROW_LOG_AT = 16,
	ROW_SEQ_AT = 20,
	ROW_CREATED_AT = 24,
	ROW_EXPIRES_AT = 28,
	ROW_TIME_AT = 32,
	ROW_REV_AT = 36,
	ROW_CLAIMS_AT = 40,
	ROW_STATE_AT = 41,
	ROW_SIZE = 42,

	TIME_KIND_AT = 0,
	TIME_ASK_AT = 1,
	TIME_LOG_AT = 2,
	TIME_EXPIRES_AT = 6,
	TIME_STATE_AT = 10,
	TIME_SIZE = 11,

	NEWEST_KEY = 37,
};

static const struct tuy_bytes key_objects = { (const uint8_t *)"objects", 7 };
static const struct tuy_bytes key_view = { (const uint8_t *)"view", 4 };
static const struct tuy_bytes key_rebuild = { (const uint8_t *)"rebuild", 7 };

int view_row_get(MDB_txn *txn, const struct store_tables *tables, uint32_t number,
                 struct view_row *row)
{
	uint8_t key[4];
	struct tuy_bytes value;
	tuy_put32(key, number);
	int rc = store_get(txn, tables, STORE_OBJECTS, TUY_BYTES(key), &value);
	if (rc != 0)
		return rc;
	if (value.len != ROW_SIZE)
		return MDB_CORRUPTED;
	row->circle_no = tuy_get32(value.p + ROW_CIRCLE_AT);
	memcpy(row->id.b, value.p + ROW_ID_AT, sizeof row->id.b);
	row->kind = (enum tuy_record_kind)value.p[ROW_KIND_AT];
	row->ask = value.p[ROW_ASK_AT];
	row->log_no = tuy_get32(value.p + ROW_LOG_AT);
	row->seq = tuy_get32(value.p + ROW_SEQ_AT);
	row->created_s = tuy_get32(value.p + ROW_CREATED_AT);
	row->expires_s = tuy_get32(value.p + ROW_EXPIRES_AT);
	row->time_s = tuy_get32(value.p + ROW_TIME_AT);
	row->rev = tuy_get32(value.p + ROW_REV_AT);
	row->claims = value.p[ROW_CLAIMS_AT];
	row->state = (enum view_state)value.p[ROW_STATE_AT];
	return 0;
}

int view_row_put(MDB_cursor *cursor, const struct store_tables *tables, uint32_t number,
                 const struct view_row *row, unsigned flags)
{
	uint8_t key[4];
	uint8_t value[ROW_SIZE];
	tuy_put32(key, number);
	tuy_put32(value + ROW_CIRCLE_AT, row->circle_no);
	memcpy(value + ROW_ID_AT, row->id.b, sizeof row->id.b);
	value[ROW_KIND_AT] = (uint8_t)row->kind;
	value[ROW_ASK_AT] = (uint8_t)row->ask;
	tuy_put32(value + ROW_LOG_AT, row->log_no);
	tuy_put32(value + ROW_SEQ_AT, row->seq);
	tuy_put32(value + ROW_CREATED_AT, row->created_s);
	tuy_put32(value + ROW_EXPIRES_AT, row->expires_s);
	tuy_put32(value + ROW_TIME_AT, row->time_s);
	tuy_put32(value + ROW_REV_AT, row->rev);
	value[ROW_CLAIMS_AT] = (uint8_t)row->claims;
	value[ROW_STATE_AT] = (uint8_t)row->state;
	struct tuy_bytes part = TUY_BYTES(value);
	return store_cursor_put(cursor, tables, STORE_OBJECTS, TUY_BYTES(key), &part, 1, flags);
}

int view_time_parse(const MDB_val *key, const MDB_val *row, struct view_time *time)
{
	const uint8_t *k = key->mv_data;
	const uint8_t *v = row->mv_data;
	if (key->mv_size != VIEW_TIME_KEY || row->mv_size != TIME_SIZE + STORE_MAC_SIZE)
		return MDB_CORRUPTED;
	time->circle_no = tuy_get32(k);
	time->created_s = tuy_get32(k + 4);
	time->number = tuy_get32(k + 8);
	time->kind = (enum tuy_record_kind)v[TIME_KIND_AT];
	time->ask = v[TIME_ASK_AT];
	time->log_no = tuy_get32(v + TIME_LOG_AT);
	time->expires_s = tuy_get32(v + TIME_EXPIRES_AT);
	time->state = (enum view_state)v[TIME_STATE_AT];
	return 0;
}

int view_time_put(MDB_cursor *cursor, const struct store_tables *tables, uint32_t number,
                  const struct view_row *row)
{
	struct store_key12 key = store_key12(row->circle_no, row->created_s, number);
	uint8_t value[TIME_SIZE];
	value[TIME_KIND_AT] = (uint8_t)row->kind;
	value[TIME_ASK_AT] = (uint8_t)row->ask;
	tuy_put32(value + TIME_LOG_AT, row->log_no);
	tuy_put32(value + TIME_EXPIRES_AT, row->expires_s);
	value[TIME_STATE_AT] = (uint8_t)row->state;
	struct tuy_bytes part = TUY_BYTES(value);
	return store_cursor_put(cursor, tables, STORE_OBJECT_TIMES, TUY_BYTES(key.b), &part, 1, 0);
}

int view_time_del(MDB_txn *txn, const struct store_tables *tables, uint32_t number,
                  const struct view_row *row)
{
	struct store_key12 key = store_key12(row->circle_no, row->created_s, number);
	return store_del(txn, tables, STORE_OBJECT_TIMES, TUY_BYTES(key.b));
}

struct view_id_key view_id_key(const struct tuy_object *id, uint32_t number)
{
	struct view_id_key key;
	memcpy(key.b, id->b, sizeof id->b);
	tuy_put32(key.b + sizeof id->b, number);
	return key;
}

int view_id_put(MDB_cursor *cursor, const struct store_tables *tables, uint32_t number,
                const struct view_row *row)
{
	struct view_id_key key = view_id_key(&row->id, number);
	uint8_t value[5];
	tuy_put32(value, row->circle_no);
	value[4] = (uint8_t)row->kind;
	struct tuy_bytes part = TUY_BYTES(value);
	return store_cursor_put(cursor, tables, STORE_OBJECT_IDS, TUY_BYTES(key.b), &part, 1, 0);
}

int view_id_find(MDB_txn *txn, const struct store_tables *tables, uint32_t circle_no,
                 const struct tuy_object *id, uint32_t *number)
{
	struct view_id_key first = view_id_key(id, 0);
	MDB_val key = { sizeof first.b, first.b };
	MDB_val value;
	MDB_cursor *cursor;
	struct tuy_bytes body;
	int rc = mdb_cursor_open(txn, tables->dbi[STORE_OBJECT_IDS], &cursor);
	if (rc != 0)
		return rc;
	rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
	for (; rc == 0; rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
		if (key.mv_size != sizeof first.b ||
		    memcmp(key.mv_data, id->b, sizeof id->b) != 0) {
			rc = MDB_NOTFOUND;
			break;
		}
		rc = store_check(tables, STORE_OBJECT_IDS, &key, &value, &body);
		if (rc != 0 || body.len != 5) {
			rc = MDB_CORRUPTED;
			break;
		}
		*number = tuy_get32((const uint8_t *)key.mv_data + sizeof id->b);
		if (tuy_get32(body.p) == circle_no)
			break;
	}
	mdb_cursor_close(cursor);
	return rc;
}

int view_row_change(MDB_txn *txn, const struct store_tables *tables, uint32_t number,
                    const struct view_row *row)
{
	MDB_cursor *cursor;
	int rc = mdb_cursor_open(txn, tables->dbi[STORE_OBJECTS], &cursor);
	if (rc != 0)
		return rc;
	rc = view_row_put(cursor, tables, number, row, 0);
	mdb_cursor_close(cursor);
	if (rc == 0)
		rc = mdb_cursor_open(txn, tables->dbi[STORE_OBJECT_TIMES], &cursor);
	if (rc != 0)
		return rc;
	rc = view_time_put(cursor, tables, number, row);
	mdb_cursor_close(cursor);
	return rc;
}

static void newest_key(uint8_t key[NEWEST_KEY], uint32_t circle_no, enum tuy_record_kind kind,
                       const struct tuy_member *member)
{
	tuy_put32(key, circle_no);
	key[4] = (uint8_t)kind;
	memcpy(key + 5, member->b, sizeof member->b);
}

int view_newest_get(MDB_txn *txn, const struct store_tables *tables, uint32_t circle_no,
                    enum tuy_record_kind kind, const struct tuy_member *member, uint32_t *number)
{
	uint8_t key[NEWEST_KEY];
	struct tuy_bytes value;
	newest_key(key, circle_no, kind, member);
	int rc = store_get(txn, tables, STORE_NEWEST, TUY_BYTES(key), &value);
	if (rc == 0 && value.len != 4)
		rc = MDB_CORRUPTED;
	if (rc == 0)
		*number = tuy_get32(value.p);
	return rc;
}

int view_newest_put(MDB_txn *txn, const struct store_tables *tables, uint32_t circle_no,
                    enum tuy_record_kind kind, const struct tuy_member *member, uint32_t number)
{
	uint8_t key[NEWEST_KEY];
	uint8_t value[4];
	newest_key(key, circle_no, kind, member);
	tuy_put32(value, number);
	struct tuy_bytes part = TUY_BYTES(value);
	return store_put(txn, tables, STORE_NEWEST, TUY_BYTES(key), &part, 1, 0);
}

int view_newest_del(MDB_txn *txn, const struct store_tables *tables, uint32_t circle_no,
                    enum tuy_record_kind kind, const struct tuy_member *member)
{
	uint8_t key[NEWEST_KEY];
	newest_key(key, circle_no, kind, member);
	return store_del(txn, tables, STORE_NEWEST, TUY_BYTES(key));
}

int view_counts_get(MDB_txn *txn, const struct store_tables *tables, struct view_counts *counts)
{
	struct tuy_bytes value;
	int rc = store_get(txn, tables, STORE_META, key_objects, &value);
	*counts = (struct view_counts){ 0, 0 };
	if (rc == MDB_NOTFOUND)
		return 0;
	if (rc == 0 && value.len != 8)
		rc = MDB_CORRUPTED;
	if (rc == 0) {
		counts->next_number = tuy_get32(value.p);
		counts->shown = tuy_get32(value.p + 4);
	}
	return rc;
}

int view_counts_put(MDB_txn *txn, const struct store_tables *tables,
                    const struct view_counts *counts)
{
	uint8_t value[8];
	tuy_put32(value, counts->next_number);
	tuy_put32(value + 4, counts->shown);
	struct tuy_bytes part = TUY_BYTES(value);
	return store_put(txn, tables, STORE_META, key_objects, &part, 1, 0);
}

bool view_version_is_whole(MDB_txn *txn, const struct store_tables *tables)
{
	struct tuy_bytes value;
	return store_get(txn, tables, STORE_META, key_view, &value) == 0 && value.len == 4 &&
	       tuy_get32(value.p) == STORE_VIEW;
}

int view_version_put(MDB_txn *txn, const struct store_tables *tables, uint32_t version)
{
	uint8_t value[4];
	tuy_put32(value, version);
	struct tuy_bytes part = TUY_BYTES(value);
	return store_put(txn, tables, STORE_META, key_view, &part, 1, 0);
}

int view_progress_get(MDB_txn *txn, const struct store_tables *tables, struct tuy_bytes *value)
{
	return store_get(txn, tables, STORE_META, key_rebuild, value);
}

int view_progress_put(MDB_txn *txn, const struct store_tables *tables, struct tuy_bytes value)
{
	return store_put(txn, tables, STORE_META, key_rebuild, &value, 1, 0);
}

int view_progress_del(MDB_txn *txn, const struct store_tables *tables)
{
	int rc = store_del(txn, tables, STORE_META, key_rebuild);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

int view_damage_put(MDB_txn *txn, const struct store_tables *tables)
{
	int rc = view_version_put(txn, tables, VIEW_VERSION_NONE);
	return rc == 0 ? view_progress_del(txn, tables) : rc;
}
