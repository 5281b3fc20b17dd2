/* What people see, the reading side: see view.h. Rows: view_rows.h. */
#include "view.h"
#include "../proto/blob.h"
#include "../proto/log.h"
#include "view_rows.h"
#include <sodium.h>
#include <string.h>

#define MORE_MAX       10000u /* as far as `more` is counted */
#define LOG_FACTS      4096u  /* logs whose author is remembered during one list */
#define ID_CHARS       16u    /* characters of a whole id, 5 bits each */
#define ID_CHARS_LEAST 4u
#define KINDS_SHOWN    (1u << TUY_RECORD_TIP | 1u << TUY_RECORD_ASK)

static int object_read(struct store_reading *reading, uint32_t number, struct view_object *object)
{
	const struct store_tables *tables = store_tables(reading->store);
	struct store_log_row log;
	struct view_row row;
	if (view_row_get(reading->txn, tables, number, &row) != 0 ||
	    store_log_get(reading->txn, tables, row.log_no, &log) != 0)
		return -1;
	object->number = number;
	object->circle_no = row.circle_no;
	object->id = row.id;
	object->kind = row.kind;
	object->ask = row.ask;
	object->log_no = row.log_no;
	object->seq = row.seq;
	object->member = log.log.member;
	object->device = log.log.device;
	object->created_s = row.created_s;
	object->expires_s = row.expires_s;
	object->rev = row.rev;
	object->claims = row.claims;
	object->state = row.state;
	return 0;
}

/* ---- the list ---- */

enum log_fact { FACT_UNKNOWN, FACT_WANTED, FACT_UNWANTED };

/* One list under way: a cursor for each circle, each on its newest row not yet taken. */
struct list {
	struct store_reading *reading;
	const struct store_tables *tables;
	const struct view_filter *filter;
	uint32_t kinds;
	uint32_t stream_count;
	struct {
		MDB_cursor *cursor; /* NULL: at its end */
		MDB_val key;
		MDB_val row;
		struct view_time time;
	} stream[TUY_CIRCLES_MAX];
	uint8_t facts[LOG_FACTS]; /* enum log_fact, by log number */
};

/* Whether the filter wants the author of this log. */
static int author_wanted(struct list *list, uint32_t log_no)
{
	const struct view_filter *filter = list->filter;
	struct store_log_row log;
	if (filter->mine == VIEW_ANYBODY && filter->from == NULL)
		return 1;
	if (log_no < LOG_FACTS && list->facts[log_no] != FACT_UNKNOWN)
		return list->facts[log_no] == FACT_WANTED;
	if (store_log_get(list->reading->txn, list->tables, log_no, &log) != 0)
		return 0;
	int mine = memcmp(log.log.member.b, filter->me.b, sizeof filter->me.b) == 0;
	int wanted = filter->mine == VIEW_ANYBODY || mine == (filter->mine == VIEW_MINE);
	if (filter->from != NULL &&
	    memcmp(log.log.member.b, filter->from->b, sizeof filter->from->b) != 0)
		wanted = 0;
	if (log_no < LOG_FACTS)
		list->facts[log_no] = wanted ? FACT_WANTED : FACT_UNWANTED;
	return wanted;
}

static int row_wanted(struct list *list, const struct view_time *time)
{
	const struct view_filter *filter = list->filter;
	if ((unsigned)time->kind > 31 || (list->kinds & 1u << time->kind) == 0)
		return 0;
	if (filter->live_at_s != 0 &&
	    !view_state_is_live(time->state, time->expires_s, filter->live_at_s))
		return 0;
	return author_wanted(list, time->log_no);
}

/* Reads what the cursor stands on; ends the stream outside its circle, before the time from which
 * on objects are wanted, or on damage. */
static void stream_settle(struct list *list, uint32_t i, uint32_t circle_no, int rc)
{
	struct view_time *time = &list->stream[i].time;
	if (rc == 0)
		rc = view_time_parse(&list->stream[i].key, &list->stream[i].row, time);
	if (rc != 0 || time->circle_no != circle_no || time->created_s < list->filter->since_s) {
		mdb_cursor_close(list->stream[i].cursor);
		list->stream[i].cursor = NULL;
	}
}

static void stream_open(struct list *list, uint32_t circle_no)
{
	struct store_key12 past = store_key12(circle_no + 1, 0, 0);
	uint32_t i = list->stream_count;
	if (i == TUY_CIRCLES_MAX ||
	    mdb_cursor_open(list->reading->txn, list->tables->dbi[STORE_OBJECT_TIMES],
	                    &list->stream[i].cursor) != 0)
		return;
	list->stream_count++;
	MDB_val *key = &list->stream[i].key;
	*key = (MDB_val){ sizeof past.b, past.b };
	int rc = mdb_cursor_get(list->stream[i].cursor, key, &list->stream[i].row, MDB_SET_RANGE);
	rc = mdb_cursor_get(list->stream[i].cursor, key, &list->stream[i].row,
	                    rc == 0 ? MDB_PREV : MDB_LAST);
	stream_settle(list, i, circle_no, rc);
}

static void stream_next(struct list *list, uint32_t i)
{
	uint32_t circle_no = list->stream[i].time.circle_no;
	int rc = mdb_cursor_get(list->stream[i].cursor, &list->stream[i].key, &list->stream[i].row,
	                        MDB_PREV);
	stream_settle(list, i, circle_no, rc);
}

/* The stream whose row is the newest; UINT32_MAX when all have ended. */
static uint32_t stream_newest(const struct list *list)
{
	uint32_t best = UINT32_MAX;
	for (uint32_t i = 0; i < list->stream_count; i++) {
		if (list->stream[i].cursor == NULL)
			continue;
		const struct view_time *a = &list->stream[i].time;
		const struct view_time *b = best == UINT32_MAX ? NULL : &list->stream[best].time;
		if (b == NULL || a->created_s > b->created_s ||
		    (a->created_s == b->created_s && a->number > b->number))
			best = i;
	}
	return best;
}

/* One stream for each circle that holds an object. */
static void streams_open(struct list *list)
{
	MDB_cursor *cursor;
	MDB_val row;
	uint32_t circle_no = 0;
	if (list->filter->circle_no != UINT32_MAX) {
		stream_open(list, list->filter->circle_no);
		return;
	}
	if (mdb_cursor_open(list->reading->txn, list->tables->dbi[STORE_OBJECT_TIMES], &cursor) !=
	    0)
		return;
	for (;;) {
		struct store_key12 first = store_key12(circle_no, 0, 0);
		MDB_val key = { sizeof first.b, first.b };
		if (mdb_cursor_get(cursor, &key, &row, MDB_SET_RANGE) != 0 ||
		    key.mv_size != sizeof first.b)
			break;
		circle_no = tuy_get32(key.mv_data);
		stream_open(list, circle_no);
		if (circle_no++ == UINT32_MAX)
			break;
	}
	mdb_cursor_close(cursor);
}

uint32_t view_list(struct store_reading *reading, const struct view_filter *filter,
                   struct view_object *out, uint32_t cap, uint32_t *more)
{
	struct list list = { 0 };
	struct tuy_bytes value;
	uint32_t count = 0;
	uint32_t looked = 0;
	list.reading = reading;
	list.tables = store_tables(reading->store);
	list.filter = filter;
	list.kinds = filter->kinds != 0 ? filter->kinds : KINDS_SHOWN;
	*more = 0;
	streams_open(&list);
	for (;;) {
		uint32_t i = stream_newest(&list);
		if (i == UINT32_MAX || (count == cap && *more == MORE_MAX) ||
		    (filter->look_max != 0 && looked++ == filter->look_max))
			break;
		if (!row_wanted(&list, &list.stream[i].time)) {
			stream_next(&list, i);
			continue;
		}
		/* Rows that are only counted are not checked: a wrong number there misleads nobody,
		 * and checking 10,000 of them takes 4 ms. */
		if (count == cap)
			(*more)++;
		else if (store_check(list.tables, STORE_OBJECT_TIMES, &list.stream[i].key,
		                     &list.stream[i].row, &value) == 0 &&
		         object_read(reading, list.stream[i].time.number, &out[count]) == 0)
			count++;
		stream_next(&list, i);
	}
	for (uint32_t i = 0; i < list.stream_count; i++)
		if (list.stream[i].cursor != NULL)
			mdb_cursor_close(list.stream[i].cursor);
	return count;
}

/* ---- ids ---- */

/* Checks a row of object_ids: 1 if it is a TIP or an ASK, 0 if not (or damaged). */
static int id_shown(const struct store_tables *tables, const MDB_val *key, const MDB_val *row)
{
	struct tuy_bytes value;
	if (key->mv_size != sizeof(struct view_id_key) ||
	    store_check(tables, STORE_OBJECT_IDS, key, row, &value) != 0 || value.len != 5)
		return 0;
	return value.p[4] == TUY_RECORD_TIP || value.p[4] == TUY_RECORD_ASK;
}

uint32_t view_find(struct store_reading *reading, const struct tuy_object *lowest,
                   const struct tuy_object *highest, struct view_object *out, uint32_t cap)
{
	const struct store_tables *tables = store_tables(reading->store);
	struct view_id_key first = view_id_key(lowest, 0);
	MDB_val key = { sizeof first.b, first.b };
	MDB_val row;
	MDB_cursor *cursor;
	uint32_t count = 0;
	if (mdb_cursor_open(reading->txn, tables->dbi[STORE_OBJECT_IDS], &cursor) != 0)
		return 0;
	int rc = mdb_cursor_get(cursor, &key, &row, MDB_SET_RANGE);
	while (rc == 0 && key.mv_size == sizeof first.b &&
	       memcmp(key.mv_data, highest->b, sizeof highest->b) <= 0) {
		uint32_t number = tuy_get32((const uint8_t *)key.mv_data + sizeof highest->b);
		if (id_shown(tables, &key, &row)) {
			if (count >= cap)
				count++;
			else if (object_read(reading, number, &out[count]) == 0)
				count++;
		}
		rc = mdb_cursor_get(cursor, &key, &row, MDB_NEXT);
	}
	mdb_cursor_close(cursor);
	return count;
}

/* How many leading characters two ids share. */
static uint32_t chars_shared(const uint8_t *a, const uint8_t *b)
{
	uint32_t bits = 0;
	while (bits < ID_CHARS * 5 && ((a[bits / 8] ^ b[bits / 8]) >> (7 - bits % 8) & 1) == 0)
		bits++;
	return bits / 5;
}

/* How many characters the nearest other TIP or ASK shares, going on from `key` with `op`. */
static uint32_t neighbour_shares(const struct store_tables *tables, MDB_cursor *cursor,
                                 const struct tuy_object *id, MDB_cursor_op op)
{
	MDB_val key;
	MDB_val row;
	int rc = mdb_cursor_get(cursor, &key, &row, MDB_GET_CURRENT);
	while (rc == 0) {
		if (id_shown(tables, &key, &row) && memcmp(key.mv_data, id->b, sizeof id->b) != 0)
			return chars_shared(key.mv_data, id->b);
		rc = mdb_cursor_get(cursor, &key, &row, op);
	}
	return 0;
}

uint32_t view_short_len(struct store_reading *reading, const struct tuy_object *id)
{
	const struct store_tables *tables = store_tables(reading->store);
	struct view_id_key first = view_id_key(id, 0);
	MDB_val key = { sizeof first.b, first.b };
	MDB_val row;
	MDB_cursor *cursor;
	uint32_t shared = 0;
	if (mdb_cursor_open(reading->txn, tables->dbi[STORE_OBJECT_IDS], &cursor) != 0)
		return ID_CHARS;
	if (mdb_cursor_get(cursor, &key, &row, MDB_SET_RANGE) == 0)
		shared = neighbour_shares(tables, cursor, id, MDB_NEXT);
	key = (MDB_val){ sizeof first.b, first.b };
	int rc = mdb_cursor_get(cursor, &key, &row, MDB_SET_RANGE);
	if (mdb_cursor_get(cursor, &key, &row, rc == 0 ? MDB_PREV : MDB_LAST) == 0) {
		uint32_t before = neighbour_shares(tables, cursor, id, MDB_PREV);
		if (before > shared)
			shared = before;
	}
	mdb_cursor_close(cursor);
	if (shared + 1 < ID_CHARS_LEAST)
		return ID_CHARS_LEAST;
	return shared + 1 < ID_CHARS ? shared + 1 : ID_CHARS;
}

/* ---- single objects ---- */

int view_object(struct store_reading *reading, uint32_t number, struct view_object *object)
{
	return object_read(reading, number, object);
}

int view_exact(struct store_reading *reading, uint32_t circle_no, const struct tuy_object *id,
               enum tuy_record_kind kind, struct view_object *object)
{
	const struct store_tables *tables = store_tables(reading->store);
	struct view_id_key first = view_id_key(id, 0);
	MDB_val key = { sizeof first.b, first.b };
	MDB_val row;
	MDB_cursor *cursor;
	int found = -1;
	if (mdb_cursor_open(reading->txn, tables->dbi[STORE_OBJECT_IDS], &cursor) != 0)
		return -1;
	int rc = mdb_cursor_get(cursor, &key, &row, MDB_SET_RANGE);
	while (rc == 0 && found != 0 && key.mv_size == sizeof first.b &&
	       memcmp(key.mv_data, id->b, sizeof id->b) == 0) {
		uint32_t number = tuy_get32((const uint8_t *)key.mv_data + sizeof id->b);
		if (object_read(reading, number, object) == 0 && object->kind == kind &&
		    object->circle_no == circle_no)
			found = 0;
		rc = mdb_cursor_get(cursor, &key, &row, MDB_NEXT);
	}
	mdb_cursor_close(cursor);
	return found;
}

int view_open(struct store_reading *reading, const struct tuy_device_keys *keys, uint32_t log_no,
              uint32_t seq, const struct view_sealed *sealed, uint8_t *buffer,
              struct tuy_bytes *plain)
{
	const struct store_tables *tables = store_tables(reading->store);
	struct store_log_row log;
	struct tuy_header header;
	struct tuy_secret key;
	enum tuy_err err = TUY_E_OPEN;
	size_t len = 0;
	int rc = store_log_get(reading->txn, tables, log_no, &log);
	if (rc != 0 || tuy_header_decode(sealed->header, &header) != TUY_OK)
		return -1;
	for (uint32_t skip = 0; err == TUY_E_OPEN; skip++) {
		rc = store_epoch_get(reading->txn, tables, log.log.circle_no, &header.epoch, skip,
		                     &key);
		if (rc != 0 && rc != MDB_NOTFOUND)
			return -1;
		err = tuy_blob_open(sealed->blob, rc == 0 ? &key : NULL, keys->box_sk,
		                    &keys->box_pk, &log.log.id, seq, buffer, &len);
		if (rc != 0)
			break;
	}
	sodium_memzero(&key, sizeof key);
	*plain = (struct tuy_bytes){ buffer, len };
	return err == TUY_OK ? 0 : 1;
}

int view_record(struct store_reading *reading, const struct tuy_device_keys *keys,
                const struct view_object *object, uint8_t *buffer, struct tuy_record *record)
{
	const struct store_tables *tables = store_tables(reading->store);
	struct store_entry_row entry;
	struct tuy_bytes doc;
	if (store_entry_get(reading->txn, tables, object->log_no, object->seq, &entry) != 0)
		return -1;
	if (entry.state != STORE_BLOB_HELD)
		return 1;
	struct view_sealed sealed = { entry.header, entry.blob };
	int rc = view_open(reading, keys, object->log_no, object->seq, &sealed, buffer, &doc);
	return rc == 0 && tuy_record_read(doc, record) != TUY_OK ? 1 : rc;
}

int view_profile(struct store_reading *reading, uint32_t circle_no, const struct tuy_member *member,
                 struct view_object *object)
{
	uint32_t number;
	if (view_newest_get(reading->txn, store_tables(reading->store), circle_no,
	                    TUY_RECORD_PROFILE, member, &number) != 0)
		return -1;
	return object_read(reading, number, object);
}

int view_circle(struct store_reading *reading, uint32_t circle_no, struct view_object *object)
{
	static const struct tuy_member nobody;
	uint32_t number;
	if (view_newest_get(reading->txn, store_tables(reading->store), circle_no,
	                    TUY_RECORD_CIRCLE, &nobody, &number) != 0)
		return -1;
	return object_read(reading, number, object);
}

uint32_t view_next_number(struct store_reading *reading)
{
	struct view_counts counts;
	if (view_counts_get(reading->txn, store_tables(reading->store), &counts) != 0)
		return 0;
	return counts.next_number;
}

uint32_t view_count(struct store_reading *reading)
{
	struct view_counts counts;
	if (view_counts_get(reading->txn, store_tables(reading->store), &counts) != 0)
		return 0;
	return counts.shown;
}

enum view_state view_state_at(enum view_state state, uint32_t expires_s, uint32_t now_s)
{
	bool open = state == VIEW_STATE_OPEN || state == VIEW_STATE_ANSWERED;
	return open && expires_s != 0 && expires_s <= now_s ? VIEW_STATE_EXPIRED : state;
}

bool view_state_is_live(enum view_state state, uint32_t expires_s, uint32_t now_s)
{
	enum view_state now = view_state_at(state, expires_s, now_s);
	return now == VIEW_STATE_OPEN || now == VIEW_STATE_ANSWERED ||
	       (now >= VIEW_STATE_AWARDED && now <= VIEW_STATE_QUOTED);
}

const char *view_state_name(enum view_state state)
{
	static const char *const names[] = { "open",      "awarded", "contacted", "meeting",
		                             "quoted",    "won",     "lost",      "no-answer",
		                             "not-a-fit", "closed",  "solved",    "answered",
		                             "withdrawn", "expired" };
	return names[state];
}

int view_is_whole(struct store_reading *reading)
{
	return view_version_is_whole(reading->txn, store_tables(reading->store));
}
