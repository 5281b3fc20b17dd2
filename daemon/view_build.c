/* Entries become objects: see view_build.h. */
#include "view_build.h"
#include "../proto/blob.h"
#include "../proto/log.h"
#include "../proto/retract.h"
#include "search_build.h"
#include "view_expiry.h"
#include "view_life.h"
#include "view_rows.h"
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define LOG_CACHE     256  /* logs, by number modulo this */
#define MADE_FIRST    1024 /* objects; doubles */
#define UNOPENED_TAKE 256  /* rows gathered before they are taken and deleted */

struct made { /* an object, or a newer revision of one, under a number of its own */
	uint32_t number;
	int dead; /* not the newest revision: nothing is written of it */
	struct view_row row;
	struct tuy_hash pcommit;
};

struct log_slot {
	int used;
	uint32_t log_no;
	struct store_log_row row;
	struct tuy_circle circle;
};

struct view_batch {
	const struct tuy_device_keys *keys;
	enum view_level level;
	enum view_batch_switch on;
	struct search_batch *words; /* NULL below VIEW_LEVEL_WORDS */
	struct view_lives *lives;
	/* of the transaction under way */
	MDB_txn *txn;
	struct store_tables *tables;
	struct view_counts counts;
	struct made *made;
	struct made **order; /* as many as `made` */
	uint32_t made_count;
	uint32_t made_cap;
	int removed; /* objects were: the counts and words are to be written */
	struct view_expiries expiries;
	struct store_places unwanted;
	struct log_slot logs[LOG_CACHE];
	struct {
		int used;
		uint32_t circle_no;
		struct tuy_epoch epoch;
		struct tuy_secret key;
	} last; /* epoch of the last blob: most are under the same */
	uint8_t plain[TUY_BLOB_MAX];
};

static const struct tuy_record no_words;

static int is_shown(enum tuy_record_kind kind)
{
	return kind == TUY_RECORD_TIP || kind == TUY_RECORD_ASK;
}

/* Of which only the newest counts. */
static int is_newest_only(enum tuy_record_kind kind)
{
	return kind == TUY_RECORD_PROFILE || kind == TUY_RECORD_CIRCLE;
}

/* ---- facts of the transaction ---- */

static int slot_find(struct view_batch *batch, uint32_t log_no, const struct log_slot **found)
{
	struct log_slot *slot = &batch->logs[log_no % LOG_CACHE];
	if (!slot->used || slot->log_no != log_no) {
		slot->used = 0;
		int rc = store_log_get(batch->txn, batch->tables, log_no, &slot->row);
		if (rc == 0)
			rc = store_circle_get(batch->txn, batch->tables, slot->row.log.circle_no,
			                      &slot->circle);
		if (rc != 0)
			return rc == MDB_NOTFOUND ? MDB_CORRUPTED : rc;
		slot->used = 1;
		slot->log_no = log_no;
	}
	*found = slot;
	return 0;
}

static int same_member(struct view_batch *batch, uint32_t log_a, uint32_t log_b, int *same)
{
	const struct log_slot *slot;
	int rc = slot_find(batch, log_a, &slot);
	if (rc != 0)
		return rc;
	struct tuy_member member = slot->row.log.member;
	rc = slot_find(batch, log_b, &slot);
	if (rc == 0)
		*same = memcmp(member.b, slot->row.log.member.b, sizeof member.b) == 0;
	return rc;
}

/* Which revision counts: higher rev, then (if asked) later claimed time, then smaller pcommit. */
static int made_cmp(const struct view_row *a, const struct tuy_hash *a_commit,
                    const struct view_row *b, const struct tuy_hash *b_commit, int by_time)
{
	if (a->rev != b->rev)
		return a->rev > b->rev ? 1 : -1;
	if (by_time && a->time_s != b->time_s)
		return a->time_s > b->time_s ? 1 : -1;
	return -memcmp(a_commit->b, b_commit->b, sizeof a_commit->b);
}

static int commit_of(struct view_batch *batch, const struct view_row *row, struct tuy_hash *pcommit)
{
	struct store_entry_row entry;
	struct tuy_header header;
	int rc = store_entry_get(batch->txn, batch->tables, row->log_no, row->seq, &entry);
	if (rc != 0)
		return rc == MDB_NOTFOUND ? MDB_CORRUPTED : rc;
	if (tuy_header_decode(entry.header, &header) != TUY_OK)
		return MDB_CORRUPTED;
	*pcommit = header.pcommit;
	return 0;
}

/* ---- one entry ---- */

static int made_grow(struct view_batch *batch)
{
	uint32_t cap = batch->made_cap == 0 ? MADE_FIRST : batch->made_cap * 2;
	struct made *made = realloc(batch->made, cap * sizeof *made);
	if (made == NULL)
		return ENOMEM;
	batch->made = made;
	struct made **order = realloc(batch->order, cap * sizeof *order);
	if (order == NULL)
		return ENOMEM;
	batch->order = order;
	batch->made_cap = cap;
	return 0;
}

static int unopened_put(struct view_batch *batch, uint32_t circle_no, const struct tuy_epoch *epoch,
                        uint32_t log_no, uint32_t seq)
{
	uint8_t key[20];
	tuy_put32(key, circle_no);
	memcpy(key + 4, epoch->b, sizeof epoch->b);
	tuy_put32(key + 12, log_no);
	tuy_put32(key + 16, seq);
	return store_put(batch->txn, batch->tables, STORE_UNOPENED, TUY_BYTES(key), NULL, 0, 0);
}

/* Opens mode 0: 0 and *len; 1: no key is held; 2: none of them opens it; or a code. */
static int circle_blob_open(struct view_batch *batch, const struct store_log *log, uint32_t seq,
                            const struct tuy_epoch *epoch, struct tuy_bytes blob, size_t *len)
{
	for (uint32_t skip = 0;; skip++) {
		int cached = skip == 0 && batch->last.used &&
		             batch->last.circle_no == log->circle_no &&
		             memcmp(batch->last.epoch.b, epoch->b, sizeof epoch->b) == 0;
		if (!cached) {
			batch->last.used = 0;
			int rc = store_epoch_get(batch->txn, batch->tables, log->circle_no, epoch,
			                         skip, &batch->last.key);
			if (rc == MDB_NOTFOUND)
				return skip == 0 ? 1 : 2;
			if (rc != 0)
				return rc;
			batch->last.used = skip == 0;
			batch->last.circle_no = log->circle_no;
			batch->last.epoch = *epoch;
		}
		if (tuy_blob_open(blob, &batch->last.key, NULL, NULL, &log->id, seq, batch->plain,
		                  len) == TUY_OK)
			return 0;
	}
}

static int record_take(struct view_batch *batch, const struct log_slot *slot,
                       const struct tuy_header *header, uint32_t seen_s,
                       const struct tuy_record *record)
{
	const struct tuy_value *until = &record->value[TUY_FIELD_UNTIL];
	if (batch->made_count == batch->made_cap && made_grow(batch) != 0)
		return ENOMEM;
	struct made *made = &batch->made[batch->made_count];
	made->dead = 0;
	made->number = batch->counts.next_number;
	made->pcommit = header->pcommit;
	made->row = (struct view_row){
		.circle_no = slot->row.log.circle_no,
		.id = tuy_object_id(&slot->circle, &slot->row.log.member, &record->nonce),
		.kind = record->kind,
		.ask = record->kind == TUY_RECORD_ASK
		               ? (uint32_t)record->value[TUY_FIELD_ASK].number
		               : 0,
		.log_no = slot->log_no,
		.seq = header->seq,
		.created_s = header->time_s < seen_s ? header->time_s : seen_s,
		.expires_s = until->present ? (uint32_t)until->number : header->exp_s,
		.time_s = header->time_s,
		.rev = record->rev,
		.claims = (uint32_t)record->value[TUY_FIELD_CLAIMS].number,
	};
	if (batch->words != NULL && is_shown(record->kind)) {
		int rc = search_batch_add(batch->words, made->number, record);
		if (rc != 0)
			return rc;
	}
	batch->made_count++;
	batch->counts.next_number++;
	return 0;
}

/* Beside 0 and the codes of LMDB and errno, of entry_open: */
#define ENTRY_NOTHING (-1) /* there is nothing for the view in it */
#define ENTRY_NO_KEY  (-2) /* the key of its epoch is not held */

/*
 * Opens and reads what an entry says. 0 with `record` (spans into batch->plain) and `header`;
 * ENTRY_NOTHING, ENTRY_NO_KEY (with `header`), or a code.
 */
static int entry_open(struct view_batch *batch, const struct log_slot *slot, uint32_t seq,
                      const struct store_entry_row *row, struct tuy_header *header,
                      struct tuy_record *record)
{
	enum tuy_blob_mode mode;
	size_t len = 0;
	const struct store_log *log = &slot->row.log;
	if (tuy_header_decode(row->header, header) != TUY_OK)
		return MDB_CORRUPTED;
	/* PROTOCOL 4.8: "clear; for RETRACT only": nothing that is shown may come so. */
	if (tuy_blob_inspect(row->blob, &mode) != TUY_OK || mode == TUY_BLOB_CLEAR)
		return ENTRY_NOTHING;
	if (mode == TUY_BLOB_CIRCLE) {
		int rc = circle_blob_open(batch, log, seq, &header->epoch, row->blob, &len);
		if (rc != 0)
			return rc == 1 ? ENTRY_NO_KEY : rc == 2 ? ENTRY_NOTHING : rc;
	} else if (tuy_blob_open(row->blob, NULL, batch->keys->box_sk, &batch->keys->box_pk,
	                         &log->id, seq, batch->plain, &len) != TUY_OK) {
		return ENTRY_NOTHING;
	}
	struct tuy_bytes doc = { batch->plain, len };
	if (tuy_record_read(doc, record) != TUY_OK)
		return ENTRY_NOTHING;
	return is_shown(record->kind) || is_newest_only(record->kind) ||
	                       tuy_record_is_act(record->kind) || record->kind == TUY_RECORD_REVOKED
	               ? 0
	               : ENTRY_NOTHING;
}

/* What the lives are told of a record (view_life.h). */
static struct view_lives_entry lives_entry(const struct log_slot *slot,
                                           const struct tuy_header *header,
                                           const struct store_entry_row *row,
                                           const struct tuy_record *record)
{
	return (struct view_lives_entry){
		.circle_no = slot->row.log.circle_no,
		.log_no = slot->log_no,
		.seq = header->seq,
		.time_s = header->time_s < row->seen_s ? header->time_s : row->seen_s,
		.sealed = row->blob.p[0] == TUY_BLOB_SEALED,
		.id = tuy_object_id(&slot->circle, &slot->row.log.member, &record->nonce),
	};
}

/* An older revision of an object is held beside the newest: whoever takes the object back names
 * both. */
static int revision_keep(struct view_batch *batch, const struct view_row *row)
{
	struct view_lives_entry entry = {
		.circle_no = row->circle_no, .log_no = row->log_no, .seq = row->seq, .id = row->id
	};
	return is_shown(row->kind) ? view_lives_revision(batch->lives, row->kind, &entry) : 0;
}

bool view_batch_unwanted(struct view_batch *batch, struct store_place *place)
{
	if (batch->unwanted.count == 0)
		return false;
	*place = batch->unwanted.place[--batch->unwanted.count];
	return true;
}

int view_batch_entry(struct view_batch *batch, uint32_t log_no, uint32_t seq,
                     const struct store_entry_row *row)
{
	const struct log_slot *slot;
	struct tuy_header header;
	struct tuy_record record;
	if (batch->on == VIEW_BATCH_OFF ||
	    (row->state != STORE_BLOB_HELD && row->state != STORE_BLOB_MISSING))
		return 0;
	int rc = view_expiry_note(&batch->expiries, log_no, seq, row);
	if (rc != 0 || row->state == STORE_BLOB_MISSING)
		return rc;
	rc = slot_find(batch, log_no, &slot);
	if (rc != 0)
		return rc;
	rc = entry_open(batch, slot, seq, row, &header, &record);
	if (rc == ENTRY_NO_KEY)
		return unopened_put(batch, slot->row.log.circle_no, &header.epoch, log_no, seq);
	if (rc != 0)
		return rc == ENTRY_NOTHING ? 0 : rc;
	struct view_lives_entry entry = lives_entry(slot, &header, row, &record);
	bool act = tuy_record_is_act(record.kind);
	bool unwanted = false;
	uint32_t number;
	if (act || is_shown(record.kind))
		rc = store_gone_unwanted(batch->txn, batch->tables, entry.circle_no,
		                         act ? &record.ref : &entry.id, &unwanted);
	if (unwanted) { /* unless it is still to go, or could not */
		rc = view_id_find(batch->txn, batch->tables, entry.circle_no,
		                  act ? &record.ref : &entry.id, &number);
		unwanted = rc == MDB_NOTFOUND;
		rc = unwanted ? 0 : rc;
	}
	if (rc != 0 || unwanted)
		return rc != 0 ? rc : store_places_add(&batch->unwanted, log_no, seq);
	if (act)
		return view_lives_act(batch->lives, &entry, &record);
	return record_take(batch, slot, &header, row->seen_s, &record);
}

/* ---- blobs that waited for a key ---- */

struct unopened_key {
	uint8_t b[20];
};

/* Gathers up to UNOPENED_TAKE keys that begin with `prefix` (12 bytes). */
static int unopened_gather(struct view_batch *batch, const uint8_t *prefix,
                           struct unopened_key *keys, uint32_t *count)
{
	MDB_cursor *cursor;
	MDB_val key = { 12, (void *)(uintptr_t)prefix };
	MDB_val row;
	struct tuy_bytes value;
	*count = 0;
	int rc = mdb_cursor_open(batch->txn, batch->tables->dbi[STORE_UNOPENED], &cursor);
	if (rc != 0)
		return rc;
	rc = mdb_cursor_get(cursor, &key, &row, MDB_SET_RANGE);
	while (rc == 0 && *count < UNOPENED_TAKE && key.mv_size == sizeof keys->b &&
	       memcmp(key.mv_data, prefix, 12) == 0) {
		memcpy(keys[*count].b, key.mv_data, sizeof keys->b);
		(*count)++;
		rc = store_check(batch->tables, STORE_UNOPENED, &key, &row, &value);
		if (rc == 0)
			rc = mdb_cursor_get(cursor, &key, &row, MDB_NEXT);
	}
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

static int unopened_take(struct view_batch *batch, const struct unopened_key *key)
{
	struct store_entry_row row;
	uint32_t log_no = tuy_get32(key->b + 12);
	uint32_t seq = tuy_get32(key->b + 16);
	int rc = store_entry_get(batch->txn, batch->tables, log_no, seq, &row);
	if (rc == 0)
		rc = view_batch_entry(batch, log_no, seq, &row);
	else if (rc == MDB_NOTFOUND)
		rc = 0;
	struct tuy_bytes k = TUY_BYTES(key->b);
	return rc == 0 ? store_del(batch->txn, batch->tables, STORE_UNOPENED, k) : rc;
}

int view_batch_epoch(struct view_batch *batch, uint32_t circle_no, const struct tuy_epoch *epoch)
{
	struct unopened_key keys[UNOPENED_TAKE];
	uint8_t prefix[12];
	uint32_t count;
	batch->last.used = 0;
	if (batch->on == VIEW_BATCH_OFF)
		return 0;
	tuy_put32(prefix, circle_no);
	memcpy(prefix + 4, epoch->b, sizeof epoch->b);
	do {
		int rc = unopened_gather(batch, prefix, keys, &count);
		for (uint32_t i = 0; i < count && rc == 0; i++)
			rc = unopened_take(batch, &keys[i]);
		if (rc != 0)
			return rc;
	} while (count == UNOPENED_TAKE);
	return 0;
}

/* ---- writing what was made ---- */

static int order_by_id(const void *a, const void *b)
{
	const struct made *x = *(struct made *const *)a;
	const struct made *y = *(struct made *const *)b;
	int cmp = memcmp(x->row.id.b, y->row.id.b, sizeof x->row.id.b);
	if (cmp == 0 && x->row.circle_no != y->row.circle_no)
		cmp = x->row.circle_no < y->row.circle_no ? -1 : 1;
	if (cmp == 0)
		cmp = x->number < y->number ? -1 : 1;
	return cmp;
}

static int order_by_time(const void *a, const void *b)
{
	const struct made *x = *(struct made *const *)a;
	const struct made *y = *(struct made *const *)b;
	if (x->row.circle_no != y->row.circle_no)
		return x->row.circle_no < y->row.circle_no ? -1 : 1;
	if (x->row.created_s != y->row.created_s)
		return x->row.created_s < y->row.created_s ? -1 : 1;
	return x->number < y->number ? -1 : 1;
}

static int same_object(const struct made *a, const struct made *b)
{
	return a->row.circle_no == b->row.circle_no &&
	       memcmp(a->row.id.b, b->row.id.b, sizeof a->row.id.b) == 0;
}

static int made_bury(struct view_batch *batch, struct made *made)
{
	int rc = revision_keep(batch, &made->row);
	made->dead = 1;
	if (rc != 0)
		return rc;
	if (batch->words != NULL && is_shown(made->row.kind))
		return search_batch_add(batch->words, made->number, &no_words);
	return 0;
}

/* An older revision in the store gives way. */
static int old_remove(struct view_batch *batch, uint32_t number, const struct view_row *old)
{
	uint8_t key[4];
	struct view_id_key id = view_id_key(&old->id, number);
	tuy_put32(key, number);
	int rc = store_del(batch->txn, batch->tables, STORE_OBJECTS, TUY_BYTES(key));
	if (rc == 0)
		rc = store_del(batch->txn, batch->tables, STORE_OBJECT_IDS, TUY_BYTES(id.b));
	if (rc == 0)
		rc = view_time_del(batch->txn, batch->tables, number, old);
	if (rc == 0 && is_shown(old->kind)) {
		batch->counts.shown--;
		if (batch->words != NULL)
			rc = search_batch_add(batch->words, number, &no_words);
	}
	return rc == MDB_NOTFOUND ? MDB_CORRUPTED : rc;
}

/* An older revision came late: the object in the store is older than was thought. */
static int old_age(struct view_batch *batch, uint32_t number, struct view_row *old,
                   uint32_t created_s)
{
	MDB_cursor *cursor;
	int rc = view_time_del(batch->txn, batch->tables, number, old);
	if (rc != 0)
		return rc == MDB_NOTFOUND ? MDB_CORRUPTED : rc;
	old->created_s = created_s;
	rc = mdb_cursor_open(batch->txn, batch->tables->dbi[STORE_OBJECTS], &cursor);
	if (rc != 0)
		return rc;
	rc = view_row_put(cursor, batch->tables, number, old, 0);
	mdb_cursor_close(cursor);
	if (rc == 0)
		rc = mdb_cursor_open(batch->txn, batch->tables->dbi[STORE_OBJECT_TIMES], &cursor);
	if (rc != 0)
		return rc;
	rc = view_time_put(cursor, batch->tables, number, old);
	mdb_cursor_close(cursor);
	return rc;
}

/* The newest of a group of revisions made in this batch; buries the others. `owner`: a log of the
 * member whose object it is. */
static int group_best(struct view_batch *batch, struct made **group, uint32_t count, uint32_t owner,
                      struct made **best, uint32_t *created_s)
{
	*best = NULL;
	for (uint32_t i = 0; i < count; i++) {
		struct made *lost = group[i];
		int same = 0;
		int rc = same_member(batch, owner, lost->row.log_no, &same);
		if (rc != 0)
			return rc;
		if (same && lost->row.created_s < *created_s)
			*created_s = lost->row.created_s;
		if (same && (*best == NULL || made_cmp(&lost->row, &lost->pcommit, &(*best)->row,
		                                       &(*best)->pcommit, 0) > 0)) {
			struct made *won = lost;
			lost = *best;
			*best = won;
		}
		rc = lost == NULL ? 0 : made_bury(batch, lost);
		if (rc != 0)
			return rc;
	}
	return 0;
}

static int group_settle(struct view_batch *batch, struct made **group, uint32_t count)
{
	struct view_row old = { 0 };
	struct tuy_hash old_commit = { { 0 } };
	struct made *best;
	uint32_t number = 0;
	uint32_t created_s = UINT32_MAX;
	const struct view_row *row = &group[0]->row;
	int found = view_id_find(batch->txn, batch->tables, row->circle_no, &row->id, &number);
	if (found != 0 && found != MDB_NOTFOUND)
		return found;
	if (found == 0) {
		int rc = view_row_get(batch->txn, batch->tables, number, &old);
		if (rc == 0)
			rc = commit_of(batch, &old, &old_commit);
		if (rc != 0)
			return rc == MDB_NOTFOUND ? MDB_CORRUPTED : rc;
		created_s = old.created_s;
	}
	int rc = group_best(batch, group, count, found == 0 ? old.log_no : group[0]->row.log_no,
	                    &best, &created_s);
	if (rc != 0 || best == NULL)
		return rc;
	if (found == 0 && made_cmp(&best->row, &best->pcommit, &old, &old_commit, 0) <= 0) {
		rc = made_bury(batch, best);
		if (rc == 0 && created_s < old.created_s)
			rc = old_age(batch, number, &old, created_s);
		return rc;
	}
	best->row.created_s = created_s;
	if (found == 0)
		rc = old_remove(batch, number, &old);
	if (rc == 0 && found == 0)
		rc = revision_keep(batch, &old);
	if (is_shown(best->row.kind))
		batch->counts.shown++;
	return rc;
}

static int groups_settle(struct view_batch *batch)
{
	MDB_cursor *ids;
	int rc = 0;
	for (uint32_t i = 0, end; i < batch->made_count && rc == 0; i = end) {
		for (end = i + 1; end < batch->made_count; end++)
			if (!same_object(batch->order[i], batch->order[end]))
				break;
		rc = group_settle(batch, batch->order + i, end - i);
	}
	if (rc == 0)
		rc = mdb_cursor_open(batch->txn, batch->tables->dbi[STORE_OBJECT_IDS], &ids);
	if (rc != 0)
		return rc;
	for (uint32_t i = 0; i < batch->made_count && rc == 0; i++)
		if (!batch->order[i]->dead)
			rc = view_id_put(ids, batch->tables, batch->order[i]->number,
			                 &batch->order[i]->row);
	mdb_cursor_close(ids);
	return rc;
}

static int rows_write(struct view_batch *batch)
{
	MDB_cursor *cursor;
	int rc = mdb_cursor_open(batch->txn, batch->tables->dbi[STORE_OBJECTS], &cursor);
	if (rc != 0)
		return rc;
	for (uint32_t i = 0; i < batch->made_count && rc == 0; i++)
		if (!batch->made[i].dead)
			rc = view_row_put(cursor, batch->tables, batch->made[i].number,
			                  &batch->made[i].row, MDB_APPEND);
	mdb_cursor_close(cursor);
	if (rc == 0)
		rc = mdb_cursor_open(batch->txn, batch->tables->dbi[STORE_OBJECT_TIMES], &cursor);
	if (rc != 0)
		return rc;
	if (batch->made_count > 0)
		qsort(batch->order, batch->made_count, sizeof *batch->order, order_by_time);
	for (uint32_t i = 0; i < batch->made_count && rc == 0; i++)
		if (!batch->order[i]->dead)
			rc = view_time_put(cursor, batch->tables, batch->order[i]->number,
			                   &batch->order[i]->row);
	mdb_cursor_close(cursor);
	return rc;
}

/* PROFILE and CIRCLE: is this one the newest now? */
static int newest_settle(struct view_batch *batch, const struct made *made)
{
	static const struct tuy_member nobody;
	const struct log_slot *slot;
	struct view_row row;
	struct tuy_hash pcommit;
	uint32_t number;
	int rc = slot_find(batch, made->row.log_no, &slot);
	if (rc != 0)
		return rc;
	const struct tuy_member *member =
		made->row.kind == TUY_RECORD_PROFILE ? &slot->row.log.member : &nobody;
	rc = view_newest_get(batch->txn, batch->tables, made->row.circle_no, made->row.kind, member,
	                     &number);
	if (rc == 0)
		rc = view_row_get(batch->txn, batch->tables, number, &row);
	if (rc == 0) {
		rc = commit_of(batch, &row, &pcommit);
		if (rc != 0)
			return rc;
		if (made_cmp(&made->row, &made->pcommit, &row, &pcommit, 1) <= 0)
			return 0;
	} else if (rc != MDB_NOTFOUND) {
		return rc;
	}
	return view_newest_put(batch->txn, batch->tables, made->row.circle_no, made->row.kind,
	                       member, made->number);
}

/* ---- erasing ---- */

static void batch_empty(struct view_batch *batch)
{
	batch->made_count = 0;
	batch->expiries.count = 0;
	batch->removed = 0;
	if (batch->words != NULL)
		search_batch_clear(batch->words);
}

/* The object of `id` goes if its newest revision is this entry. */
static int object_remove(struct view_batch *batch, const struct log_slot *slot, uint32_t seq,
                         const struct view_row *wanted, enum store_gone_why why, uint32_t at_s)
{
	static const struct tuy_member nobody;
	struct view_row row;
	uint32_t number;
	uint32_t newest;
	int rc = view_id_find(batch->txn, batch->tables, wanted->circle_no, &wanted->id, &number);
	if (rc != 0)
		return rc == MDB_NOTFOUND ? 0 : rc;
	rc = view_row_get(batch->txn, batch->tables, number, &row);
	if (rc != 0)
		return rc == MDB_NOTFOUND ? MDB_CORRUPTED : rc;
	if (row.log_no != slot->log_no || row.seq != seq)
		return 0;
	batch->removed = 1;
	rc = old_remove(batch, number, &row);
	if (rc == 0 && is_shown(row.kind) && why == STORE_GONE_NOT)
		return 0; /* void: its author publishes it again, and the private rows stay */
	if (rc == 0 && is_shown(row.kind)) {
		struct store_gone gone = { row.circle_no,        row.id, at_s,     why,
			                   slot->row.log.member, 0,      { { 0 } } };
		rc = store_gone_put(batch->txn, batch->tables, &gone);
		return rc == 0 ? view_lives_forget(batch->lives, row.circle_no, &row.id) : rc;
	}
	if (rc != 0 || !is_newest_only(row.kind))
		return rc;
	const struct tuy_member *member =
		row.kind == TUY_RECORD_PROFILE ? &slot->row.log.member : &nobody;
	rc = view_newest_get(batch->txn, batch->tables, row.circle_no, row.kind, member, &newest);
	if (rc == 0 && newest == number)
		rc = view_newest_del(batch->txn, batch->tables, row.circle_no, row.kind, member);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

int view_batch_erase(struct view_batch *batch, uint32_t log_no, uint32_t seq,
                     enum store_gone_why why, uint32_t at_s)
{
	const struct log_slot *slot;
	struct store_entry_row entry;
	struct tuy_header header;
	struct tuy_record record;
	int rc = 0;
	if (batch->on == VIEW_BATCH_OFF)
		return 0;
	if (batch->made_count > 0) { /* it may be among them */
		rc = view_batch_write(batch);
		batch_empty(batch);
	}
	if (rc == 0)
		rc = store_entry_get(batch->txn, batch->tables, log_no, seq, &entry);
	if (rc != 0 || entry.state != STORE_BLOB_HELD)
		return rc;
	rc = slot_find(batch, log_no, &slot);
	if (rc != 0)
		return rc;
	rc = entry_open(batch, slot, seq, &entry, &header, &record);
	if (rc != 0)
		return rc == ENTRY_NOTHING || rc == ENTRY_NO_KEY ? 0 : rc;
	struct view_lives_entry gone = lives_entry(slot, &header, &entry, &record);
	struct view_row wanted = { .circle_no = gone.circle_no, .id = gone.id };
	bool act = tuy_record_is_act(record.kind);
	if (act || is_shown(record.kind))
		rc = view_lives_erase(batch->lives, record.kind, &gone, act ? &record : NULL);
	if (rc != 0 || act)
		return rc;
	return object_remove(batch, slot, seq, &wanted, why, at_s);
}

/* ---- the batch ---- */

int view_batch_write(struct view_batch *batch)
{
	int rc = view_expiries_write(&batch->expiries, batch->txn, batch->tables);
	if (rc == 0 && batch->made_count == 0 && !batch->removed)
		return view_lives_write(batch->lives);
	if (rc != 0)
		return rc;
	for (uint32_t i = 0; i < batch->made_count; i++)
		batch->order[i] = &batch->made[i];
	if (batch->made_count > 0)
		qsort(batch->order, batch->made_count, sizeof *batch->order, order_by_id);
	rc = groups_settle(batch);
	if (rc == 0)
		rc = rows_write(batch);
	for (uint32_t i = 0; i < batch->made_count && rc == 0; i++)
		if (!batch->made[i].dead && is_newest_only(batch->made[i].row.kind))
			rc = newest_settle(batch, &batch->made[i]);
		else if (!batch->made[i].dead && is_shown(batch->made[i].row.kind))
			rc = view_lives_made(batch->lives, batch->made[i].row.circle_no,
			                     &batch->made[i].row.id);
	if (rc == 0)
		rc = view_lives_write(batch->lives);
	if (rc == 0)
		rc = view_counts_put(batch->txn, batch->tables, &batch->counts);
	if (rc == 0 && batch->words != NULL)
		rc = search_batch_write(batch->words, batch->txn, batch->tables);
	return rc;
}

int view_batch_begin(struct view_batch *batch, MDB_txn *txn, struct store_tables *tables)
{
	batch->txn = txn;
	batch->tables = tables;
	batch->last.used = 0;
	memset(batch->logs, 0, sizeof batch->logs);
	batch->unwanted.count = 0;
	batch_empty(batch);
	view_lives_begin(batch->lives, txn, tables);
	return batch->on == VIEW_BATCH_OFF ? 0 : view_counts_get(txn, tables, &batch->counts);
}

enum view_batch_switch view_batch_switch(struct view_batch *batch, enum view_batch_switch to)
{
	enum view_batch_switch before = batch->on;
	batch->on = batch->level == VIEW_LEVEL_NOTHING ? VIEW_BATCH_OFF : to;
	return before;
}

struct view_batch *view_batch_create(const struct tuy_device_keys *keys, enum view_level level)
{
	struct view_batch *batch = calloc(1, sizeof *batch);
	if (batch == NULL)
		return NULL;
	batch->keys = keys;
	batch->level = level;
	batch->on = level == VIEW_LEVEL_NOTHING ? VIEW_BATCH_OFF : VIEW_BATCH_ON;
	batch->lives = view_lives_create(&keys->device);
	if (level == VIEW_LEVEL_WORDS)
		batch->words = search_batch_create();
	if (batch->lives == NULL || (level == VIEW_LEVEL_WORDS && batch->words == NULL)) {
		view_batch_destroy(batch);
		return NULL;
	}
	return batch;
}

void view_batch_destroy(struct view_batch *batch)
{
	if (batch == NULL)
		return;
	search_batch_destroy(batch->words);
	view_lives_destroy(batch->lives);
	free(batch->made);
	free(batch->order);
	store_places_free(&batch->unwanted);
	view_expiries_free(&batch->expiries);
	sodium_memzero(batch, sizeof *batch);
	free(batch);
}
