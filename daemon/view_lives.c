/* The lives of tips and asks, the building side: see view_life.h. */
#include "view_life_rows.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TOUCHED_FIRST 256 /* doubles */

struct touched {
	uint32_t circle_no;
	struct tuy_object id;
};

struct view_lives {
	struct tuy_device device;
	bool has_me;
	struct tuy_member me; /* of this device, once it wrote anything */
	MDB_txn *txn;
	struct store_tables *tables;
	struct touched *touched;
	uint32_t count;
	uint32_t cap;
};

static int touched_cmp(const void *a, const void *b)
{
	const struct touched *x = a;
	const struct touched *y = b;
	if (x->circle_no != y->circle_no)
		return x->circle_no < y->circle_no ? -1 : 1;
	return memcmp(x->id.b, y->id.b, sizeof x->id.b);
}

/* Whose store this is: the member of a log of this device. */
static int me_find(struct view_lives *lives)
{
	struct store_log_row log;
	int rc = 0;
	for (uint32_t i = 0; rc == 0 && !lives->has_me; i++) {
		rc = store_log_get(lives->txn, lives->tables, i, &log);
		if (rc != 0 || memcmp(&log.log.device, &lives->device, sizeof lives->device) != 0)
			continue;
		lives->me = log.log.member;
		lives->has_me = true;
	}
	return rc == MDB_NOTFOUND ? 0 : rc;
}

/* Folds one object again and writes what changed. */
static int life_write(struct view_lives *lives, const struct touched *touched)
{
	struct view_move move = { .circle_no = touched->circle_no, .id = touched->id };
	struct store_log_row log;
	struct view_acts acts = { 0 };
	struct tuy_life life;
	struct view_row row;
	uint32_t number;
	int rc = view_id_find(lives->txn, lives->tables, touched->circle_no, &touched->id, &number);
	if (rc == MDB_NOTFOUND)
		return view_move_put(lives->txn, lives->tables, &move);
	if (rc == 0)
		rc = view_row_get(lives->txn, lives->tables, number, &row);
	if (rc == 0)
		rc = store_log_get(lives->txn, lives->tables, row.log_no, &log);
	if (rc == 0)
		rc = view_acts_read(lives->txn, lives->tables, touched->circle_no, &touched->id,
		                    &acts);
	if (rc != 0) {
		view_acts_free(&acts);
		return rc == MDB_NOTFOUND ? MDB_CORRUPTED : rc;
	}
	struct tuy_life_subject subject = { row.kind, log.log.member, log.log.device, row.claims };
	enum view_state before = row.state;
	tuy_life_fold(&subject, acts.act, acts.count, &life);
	view_acts_free(&acts);
	row.state = view_state_of(&subject, &life, &lives->me);
	move = view_move_of(&subject, &life, &lives->me);
	move.circle_no = touched->circle_no;
	move.id = touched->id;
	if (row.state != before)
		rc = view_row_change(lives->txn, lives->tables, number, &row);
	return rc == 0 ? view_move_put(lives->txn, lives->tables, &move) : rc;
}

int view_lives_touch(struct view_lives *lives, uint32_t circle_no, const struct tuy_object *id)
{
	if (lives->count == lives->cap) {
		uint32_t cap = lives->cap == 0 ? TOUCHED_FIRST : 2 * lives->cap;
		struct touched *grown = realloc(lives->touched, cap * sizeof *grown);
		if (grown == NULL)
			return ENOMEM;
		lives->touched = grown;
		lives->cap = cap;
	}
	lives->touched[lives->count++] = (struct touched){ circle_no, *id };
	return 0;
}

int view_lives_made(struct view_lives *lives, uint32_t circle_no, const struct tuy_object *id)
{
	struct view_act_key first = view_act_key(circle_no, id, TUY_RECORD_ANSWER, 0, 0);
	MDB_val key = { sizeof first.b, first.b };
	MDB_val row;
	MDB_cursor *cursor;
	int rc = mdb_cursor_open(lives->txn, lives->tables->dbi[STORE_ACTS], &cursor);
	if (rc != 0)
		return rc;
	rc = mdb_cursor_get(cursor, &key, &row, MDB_SET_RANGE);
	bool any = rc == 0 && key.mv_size == sizeof first.b &&
	           memcmp(key.mv_data, first.b, VIEW_ACT_KIND_END - 1) == 0;
	mdb_cursor_close(cursor);
	if (rc != 0 && rc != MDB_NOTFOUND)
		return rc;
	return any ? view_lives_touch(lives, circle_no, id) : 0;
}

static struct view_act_key key_of(const struct view_lives_entry *entry, enum tuy_record_kind kind,
                                  const struct tuy_object *ref)
{
	return view_act_key(entry->circle_no, ref, kind, entry->log_no, entry->seq);
}

int view_lives_act(struct view_lives *lives, const struct view_lives_entry *entry,
                   const struct tuy_record *record)
{
	const struct tuy_value *of = &record->value[TUY_FIELD_OF];
	const struct tuy_value *to = &record->value[TUY_FIELD_TO];
	struct view_act_key key = key_of(entry, record->kind, &record->ref);
	struct tuy_act act = {
		.kind = record->kind,
		.id = entry->id,
		.rev = record->rev,
		.time_s = entry->time_s,
		.has_of = of->present,
		.has_to = to->present,
		.due_s = (uint32_t)record->value[TUY_FIELD_DUE].number,
		.step = (uint32_t)record->value[TUY_FIELD_STEP].number,
	};
	if (of->present)
		memcpy(act.of.b, of->text.p, sizeof act.of.b);
	if (to->present)
		memcpy(act.to.b, to->text.p, sizeof act.to.b);
	struct tuy_object ref = record->ref;
	int rc = view_act_put(lives->txn, lives->tables, &key, &act, entry->sealed);
	return rc == 0 ? view_lives_touch(lives, entry->circle_no, &ref) : rc;
}

int view_lives_revision(struct view_lives *lives, enum tuy_record_kind kind,
                        const struct view_lives_entry *entry)
{
	struct view_act_key key = key_of(entry, kind, &entry->id);
	struct tuy_act act = { .kind = kind, .id = entry->id, .time_s = entry->time_s };
	return view_act_put(lives->txn, lives->tables, &key, &act, false);
}

int view_lives_erase(struct view_lives *lives, enum tuy_record_kind kind,
                     const struct view_lives_entry *entry, const struct tuy_record *record)
{
	struct tuy_object ref = record != NULL ? record->ref : entry->id;
	struct view_act_key key = key_of(entry, kind, &ref);
	int rc = store_del(lives->txn, lives->tables, STORE_ACTS, TUY_BYTES(key.b));
	if (rc == MDB_NOTFOUND)
		rc = 0;
	return rc == 0 ? view_lives_touch(lives, entry->circle_no, &ref) : rc;
}

int view_lives_forget(struct view_lives *lives, uint32_t circle_no, const struct tuy_object *id)
{
	int rc = 0;
	for (int kind = VIEW_PRIVATE_CARD; kind <= VIEW_PRIVATE_LAST && rc == 0; kind++) {
		struct tuy_private row = { .object = *id, .kind = (uint32_t)kind };
		rc = view_private_put(lives->txn, lives->tables, circle_no, &row);
	}
	return rc;
}

int view_lives_write(struct view_lives *lives)
{
	int rc = lives->count > 0 && !lives->has_me ? me_find(lives) : 0;
	if (lives->count > 0)
		qsort(lives->touched, lives->count, sizeof *lives->touched, touched_cmp);
	for (uint32_t i = 0; i < lives->count && rc == 0; i++)
		if (i == 0 || touched_cmp(&lives->touched[i - 1], &lives->touched[i]) != 0)
			rc = life_write(lives, &lives->touched[i]);
	lives->count = 0;
	return rc;
}

void view_lives_begin(struct view_lives *lives, MDB_txn *txn, struct store_tables *tables)
{
	lives->txn = txn;
	lives->tables = tables;
	lives->count = 0;
}

struct view_lives *view_lives_create(const struct tuy_device *device)
{
	struct view_lives *lives = calloc(1, sizeof *lives);
	if (lives != NULL)
		lives->device = *device;
	return lives;
}

void view_lives_destroy(struct view_lives *lives)
{
	if (lives == NULL)
		return;
	free(lives->touched);
	free(lives);
}
