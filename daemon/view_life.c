/* The lives of tips and asks, the reading side: see view_life.h. */
#include "view_life.h"
#include "view_life_rows.h"
#include <stdlib.h>
#include <string.h>

int view_life_read(struct store_reading *reading, const struct view_object *object,
                   const struct tuy_member *me, struct view_life *life)
{
	*life = (struct view_life){
		.subject = { object->kind, object->member, object->device, object->claims },
		.me = *me,
	};
	if (view_acts_read(reading->txn, store_tables(reading->store), object->circle_no,
	                   &object->id, &life->acts) != 0)
		return -1;
	tuy_life_fold(&life->subject, life->acts.act, life->acts.count, &life->life);
	life->state = view_state_of(&life->subject, &life->life, me);
	return 0;
}

void view_life_free(struct view_life *life)
{
	view_acts_free(&life->acts);
}

uint32_t view_act_find(const struct view_acts *acts, enum tuy_record_kind kind,
                       const struct tuy_object *id, enum view_sealing sealing)
{
	uint32_t best = UINT32_MAX;
	for (uint32_t i = 0; i < acts->count; i++) {
		const struct tuy_act *act = &acts->act[i];
		if (act->kind == kind && acts->at[i].sealed == (sealing == VIEW_SEALED) &&
		    memcmp(&act->id, id, sizeof *id) == 0 &&
		    (best == UINT32_MAX || act->rev > acts->act[best].rev))
			best = i;
	}
	return best;
}

uint32_t view_entries(struct store_reading *reading, const struct view_object *object,
                      struct view_act_at *out, uint32_t cap)
{
	const struct store_tables *tables = store_tables(reading->store);
	struct view_act_key first =
		view_act_key(object->circle_no, &object->id, object->kind, 0, 0);
	MDB_val key = { sizeof first.b, first.b };
	MDB_val row;
	MDB_cursor *cursor;
	uint32_t count = 0;
	if (cap == 0 || mdb_cursor_open(reading->txn, tables->dbi[STORE_ACTS], &cursor) != 0)
		return 0;
	out[count++] = (struct view_act_at){ object->log_no, object->seq, false };
	int rc = mdb_cursor_get(cursor, &key, &row, MDB_SET_RANGE);
	while (rc == 0 && count < cap && key.mv_size == sizeof first.b &&
	       memcmp(key.mv_data, first.b, VIEW_ACT_KIND_END) == 0) {
		const uint8_t *k = key.mv_data;
		out[count++] = (struct view_act_at){ tuy_get32(k + VIEW_ACT_KIND_END),
			                             tuy_get32(k + VIEW_ACT_KIND_END + 4), false };
		rc = mdb_cursor_get(cursor, &key, &row, MDB_NEXT);
	}
	mdb_cursor_close(cursor);
	return count;
}

uint32_t view_moves(struct store_reading *reading, uint32_t circle_no,
                    const struct view_move *after, struct view_move *out, uint32_t cap)
{
	const struct store_tables *tables = store_tables(reading->store);
	struct view_move_key first = view_move_key(after->circle_no, &after->id);
	MDB_val key = { sizeof first.b, first.b };
	MDB_val row;
	MDB_cursor *cursor;
	uint32_t count = 0;
	if (circle_no != UINT32_MAX && after->circle_no < circle_no)
		tuy_put32(first.b, circle_no);
	if (mdb_cursor_open(reading->txn, tables->dbi[STORE_MOVES], &cursor) != 0)
		return 0;
	int rc = mdb_cursor_get(cursor, &key, &row, MDB_SET_RANGE);
	if (rc == 0 && key.mv_size == sizeof first.b &&
	    memcmp(key.mv_data, first.b, sizeof first.b) == 0 && after->why != VIEW_MOVE_NONE)
		rc = mdb_cursor_get(cursor, &key, &row, MDB_NEXT);
	while (rc == 0 && count < cap) {
		if (view_move_parse(tables, &key, &row, &out[count]) == 0) {
			if (circle_no != UINT32_MAX && out[count].circle_no != circle_no)
				break;
			count++;
		}
		rc = mdb_cursor_get(cursor, &key, &row, MDB_NEXT);
	}
	mdb_cursor_close(cursor);
	return count;
}

int view_move(struct store_reading *reading, uint32_t circle_no, const struct tuy_object *id,
              struct view_move *move)
{
	const struct store_tables *tables = store_tables(reading->store);
	return view_move_get(reading->txn, tables, circle_no, id, move) == 0 ? 0 : -1;
}

int view_private(struct store_reading *reading, uint32_t circle_no, const struct tuy_object *id,
                 enum view_private kind, struct tuy_bytes *value)
{
	struct view_private_key key = view_private_key(circle_no, id, kind);
	return store_get(reading->txn, store_tables(reading->store), STORE_PRIVATE,
	                 TUY_BYTES(key.b), value) == 0
	               ? 0
	               : -1;
}
