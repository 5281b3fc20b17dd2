/*
 * Rows of the derived tables as structs. Layouts: store_tables.h. Getters return 0, MDB_NOTFOUND,
 * MDB_CORRUPTED or LMDB's code. Thread rule: as store_get and store_put.
 */
#ifndef VIEW_ROWS_H
#define VIEW_ROWS_H

#include "../proto/record.h"
#include "store_rows.h"
#include "view.h"

struct view_row { /* objects */
	uint32_t circle_no;
	struct tuy_object id;
	enum tuy_record_kind kind;
	uint32_t ask;
	uint32_t log_no;
	uint32_t seq;
	uint32_t created_s; /* the least over its revisions of min(claimed, first seen) */
	uint32_t expires_s;
	uint32_t time_s; /* claimed by its newest revision */
	uint32_t rev;
	uint32_t claims; /* of a TIP */
	enum view_state state;
};
int view_row_get(MDB_txn *txn, const struct store_tables *tables, uint32_t number,
                 struct view_row *row);
int view_row_put(MDB_cursor *cursor, const struct store_tables *tables, uint32_t number,
                 const struct view_row *row, unsigned flags);

struct view_time { /* object_times: what a filter needs without opening the object */
	uint32_t circle_no;
	uint32_t created_s;
	uint32_t number;
	enum tuy_record_kind kind;
	uint32_t ask;
	uint32_t log_no;
	uint32_t expires_s;
	enum view_state state;
};
#define VIEW_TIME_KEY 12
/* Reads a row of object_times as a cursor gave it, without its checksum. 0 or MDB_CORRUPTED. */
int view_time_parse(const MDB_val *key, const MDB_val *row, struct view_time *time);
int view_time_put(MDB_cursor *cursor, const struct store_tables *tables, uint32_t number,
                  const struct view_row *row);
int view_time_del(MDB_txn *txn, const struct store_tables *tables, uint32_t number,
                  const struct view_row *row);

struct view_id_key { /* object_ids: id 10 ‖ number u32 */
	uint8_t b[14];
};
struct view_id_key view_id_key(const struct tuy_object *id, uint32_t number);
int view_id_put(MDB_cursor *cursor, const struct store_tables *tables, uint32_t number,
                const struct view_row *row);

/* The number that an object has, or MDB_NOTFOUND. */
int view_id_find(MDB_txn *txn, const struct store_tables *tables, uint32_t circle_no,
                 const struct tuy_object *id, uint32_t *number);
/* Writes a row again whose `state` changed, here and in object_times. */
int view_row_change(MDB_txn *txn, const struct store_tables *tables, uint32_t number,
                    const struct view_row *row);

/* The object that counts as newest of (circle, kind, member). */
int view_newest_get(MDB_txn *txn, const struct store_tables *tables, uint32_t circle_no,
                    enum tuy_record_kind kind, const struct tuy_member *member, uint32_t *number);
int view_newest_put(MDB_txn *txn, const struct store_tables *tables, uint32_t circle_no,
                    enum tuy_record_kind kind, const struct tuy_member *member, uint32_t number);

int view_newest_del(MDB_txn *txn, const struct store_tables *tables, uint32_t circle_no,
                    enum tuy_record_kind kind, const struct tuy_member *member);

struct view_counts { /* meta "objects" */
	uint32_t next_number;
	uint32_t shown; /* TIP and ASK objects */
};
/*
 * meta "view": the version of the derived tables. VIEW_VERSION_NONE: they are damaged, or being
 * made again (view_rebuild.h); whatever is not STORE_VIEW is made again at the next start.
 */
#define VIEW_VERSION_NONE 0u
bool view_version_is_whole(MDB_txn *txn, const struct store_tables *tables);
int view_version_put(MDB_txn *txn, const struct store_tables *tables, uint32_t version);
/* Says that the derived tables are damaged: a rebuild that is under way begins again too. */
int view_damage_put(MDB_txn *txn, const struct store_tables *tables);

/* meta "rebuild": how far a rebuild came; MDB_NOTFOUND: none is under way. */
int view_progress_get(MDB_txn *txn, const struct store_tables *tables, struct tuy_bytes *value);
int view_progress_put(MDB_txn *txn, const struct store_tables *tables, struct tuy_bytes value);
int view_progress_del(MDB_txn *txn, const struct store_tables *tables);

/* Zeros if nothing was written yet. */
int view_counts_get(MDB_txn *txn, const struct store_tables *tables, struct view_counts *counts);
int view_counts_put(MDB_txn *txn, const struct store_tables *tables,
                    const struct view_counts *counts);

#endif
