/* Acts, moves and private rows: see view_life_rows.h. */
#include "view_life_rows.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ACTS_OF_LOG_MAX 32 /* PROTOCOL 8.6 */
#define ACTS_FIRST      32 /* room; doubles */

enum {
	ACT_ID_AT = 0,
	ACT_REV_AT = 10,
	ACT_TIME_AT = 14,
	ACT_FLAGS_AT = 18,
	ACT_OF_AT = 19,
	ACT_TO_AT = 29,
	ACT_DUE_AT = 61,
	ACT_STEP_AT = 65,
	ACT_SIZE = 66,
	ACT_HAS_OF = 1,
	ACT_HAS_TO = 2,
	ACT_IS_SEALED = 4,

	MOVE_WHY_AT = 0,
	MOVE_STATE_AT = 1,
	MOVE_AT_AT = 2,
	MOVE_DUE_AT = 6,
	MOVE_COUNT_AT = 10,
	MOVE_AWARD_AT = 14,
	MOVE_SIZE = 24,
};

/* ---- acts ---- */

struct view_act_key view_act_key(uint32_t circle_no, const struct tuy_object *ref,
                                 enum tuy_record_kind kind, uint32_t log_no, uint32_t seq)
{
	struct view_act_key key;
	tuy_put32(key.b, circle_no);
	memcpy(key.b + 4, ref->b, sizeof ref->b);
	key.b[14] = (uint8_t)kind;
	tuy_put32(key.b + VIEW_ACT_KIND_END, log_no);
	tuy_put32(key.b + VIEW_ACT_KIND_END + 4, seq);
	return key;
}

int view_act_put(MDB_txn *txn, const struct store_tables *tables, const struct view_act_key *key,
                 const struct tuy_act *act, bool sealed)
{
	uint8_t value[ACT_SIZE];
	memcpy(value + ACT_ID_AT, act->id.b, sizeof act->id.b);
	tuy_put32(value + ACT_REV_AT, act->rev);
	tuy_put32(value + ACT_TIME_AT, act->time_s);
	value[ACT_FLAGS_AT] =
		(uint8_t)((act->has_of ? ACT_HAS_OF : 0) | (act->has_to ? ACT_HAS_TO : 0) |
	                  (sealed ? ACT_IS_SEALED : 0));
	memcpy(value + ACT_OF_AT, act->of.b, sizeof act->of.b);
	memcpy(value + ACT_TO_AT, act->to.b, sizeof act->to.b);
	tuy_put32(value + ACT_DUE_AT, act->due_s);
	value[ACT_STEP_AT] = (uint8_t)act->step;
	struct tuy_bytes part = TUY_BYTES(value);
	return store_put(txn, tables, STORE_ACTS, TUY_BYTES(key->b), &part, 1, 0);
}

static int act_parse(MDB_txn *txn, const struct store_tables *tables, const MDB_val *key,
                     const MDB_val *row, struct tuy_act *act, struct view_act_at *at)
{
	const uint8_t *k = key->mv_data;
	struct store_log_row log;
	struct tuy_bytes value;
	int rc = store_check(tables, STORE_ACTS, key, row, &value);
	if (rc != 0 || value.len != ACT_SIZE)
		return MDB_CORRUPTED;
	*at = (struct view_act_at){ tuy_get32(k + VIEW_ACT_KIND_END),
		                    tuy_get32(k + VIEW_ACT_KIND_END + 4),
		                    (value.p[ACT_FLAGS_AT] & ACT_IS_SEALED) != 0 };
	*act = (struct tuy_act){
		.kind = (enum tuy_record_kind)k[14],
		.rev = tuy_get32(value.p + ACT_REV_AT),
		.time_s = tuy_get32(value.p + ACT_TIME_AT),
		.has_of = (value.p[ACT_FLAGS_AT] & ACT_HAS_OF) != 0,
		.has_to = (value.p[ACT_FLAGS_AT] & ACT_HAS_TO) != 0,
		.due_s = tuy_get32(value.p + ACT_DUE_AT),
		.step = value.p[ACT_STEP_AT],
	};
	memcpy(act->id.b, value.p + ACT_ID_AT, sizeof act->id.b);
	memcpy(act->of.b, value.p + ACT_OF_AT, sizeof act->of.b);
	memcpy(act->to.b, value.p + ACT_TO_AT, sizeof act->to.b);
	rc = store_log_get(txn, tables, at->log_no, &log);
	if (rc != 0)
		return rc == MDB_NOTFOUND ? MDB_CORRUPTED : rc;
	act->author = log.log.member;
	act->device = log.log.device;
	return 0;
}

static int acts_grow(struct view_acts *acts)
{
	uint32_t cap = acts->cap == 0 ? ACTS_FIRST : 2 * acts->cap;
	struct tuy_act *act = realloc(acts->act, cap * sizeof *act);
	if (act == NULL)
		return ENOMEM;
	acts->act = act;
	struct view_act_at *at = realloc(acts->at, cap * sizeof *at);
	if (at == NULL)
		return ENOMEM;
	acts->at = at;
	acts->cap = cap;
	return 0;
}

/* Goes on from the cursor to the first key behind this kind and log. */
static int log_skip(MDB_cursor *cursor, MDB_val *key, MDB_val *row)
{
	uint8_t past[sizeof(struct view_act_key)];
	memcpy(past, key->mv_data, sizeof past);
	tuy_put32(past + VIEW_ACT_KIND_END + 4, UINT32_MAX);
	*key = (MDB_val){ sizeof past, past };
	return mdb_cursor_get(cursor, key, row, MDB_SET_RANGE);
}

static int acts_take(MDB_txn *txn, const struct store_tables *tables, MDB_cursor *cursor,
                     struct view_act_key *first, struct view_acts *acts)
{
	struct view_act_key last = { { 0 } }; /* kind and log of the one before */
	MDB_val key = { sizeof first->b, first->b };
	MDB_val row;
	uint32_t same = 0;
	int rc = mdb_cursor_get(cursor, &key, &row, MDB_SET_RANGE);
	while (rc == 0 && key.mv_size == sizeof first->b &&
	       memcmp(key.mv_data, first->b, 14) == 0) {
		const uint8_t *k = key.mv_data;
		same = memcmp(k, last.b, sizeof last.b - 4) == 0 ? same + 1 : 0;
		memcpy(last.b, k, sizeof last.b);
		if (same >= ACTS_OF_LOG_MAX) {
			rc = log_skip(cursor, &key, &row);
			continue;
		}
		if (k[14] >= TUY_RECORD_ANSWER && acts->count == acts->cap)
			rc = acts_grow(acts);
		if (rc == 0 && k[14] >= TUY_RECORD_ANSWER)
			rc = act_parse(txn, tables, &key, &row, &acts->act[acts->count],
			               &acts->at[acts->count]);
		if (rc != 0)
			return rc;
		acts->count += k[14] >= TUY_RECORD_ANSWER;
		rc = mdb_cursor_get(cursor, &key, &row, MDB_NEXT);
	}
	return rc == MDB_NOTFOUND ? 0 : rc;
}

int view_acts_read(MDB_txn *txn, const struct store_tables *tables, uint32_t circle_no,
                   const struct tuy_object *ref, struct view_acts *acts)
{
	struct view_act_key first = view_act_key(circle_no, ref, (enum tuy_record_kind)0, 0, 0);
	MDB_cursor *cursor;
	*acts = (struct view_acts){ 0 };
	int rc = mdb_cursor_open(txn, tables->dbi[STORE_ACTS], &cursor);
	if (rc != 0)
		return rc;
	rc = acts_take(txn, tables, cursor, &first, acts);
	mdb_cursor_close(cursor);
	return rc;
}

void view_acts_free(struct view_acts *acts)
{
	free(acts->act);
	free(acts->at);
	*acts = (struct view_acts){ 0 };
}

/* ---- moves ---- */

struct view_move_key view_move_key(uint32_t circle_no, const struct tuy_object *id)
{
	struct view_move_key key;
	tuy_put32(key.b, circle_no);
	memcpy(key.b + 4, id->b, sizeof id->b);
	return key;
}

static int move_read(struct tuy_bytes value, struct view_move *move)
{
	if (value.len != MOVE_SIZE)
		return MDB_CORRUPTED;
	move->why = (enum view_why)value.p[MOVE_WHY_AT];
	move->state = (enum view_state)value.p[MOVE_STATE_AT];
	move->at_s = tuy_get32(value.p + MOVE_AT_AT);
	move->due_s = tuy_get32(value.p + MOVE_DUE_AT);
	move->count = tuy_get32(value.p + MOVE_COUNT_AT);
	memcpy(move->award.b, value.p + MOVE_AWARD_AT, sizeof move->award.b);
	return 0;
}

int view_move_parse(const struct store_tables *tables, const MDB_val *key, const MDB_val *row,
                    struct view_move *move)
{
	struct tuy_bytes value;
	if (key->mv_size != sizeof(struct view_move_key) ||
	    store_check(tables, STORE_MOVES, key, row, &value) != 0)
		return MDB_CORRUPTED;
	move->circle_no = tuy_get32(key->mv_data);
	memcpy(move->id.b, (const uint8_t *)key->mv_data + 4, sizeof move->id.b);
	return move_read(value, move);
}

int view_move_get(MDB_txn *txn, const struct store_tables *tables, uint32_t circle_no,
                  const struct tuy_object *id, struct view_move *move)
{
	struct view_move_key key = view_move_key(circle_no, id);
	struct tuy_bytes value;
	int rc = store_get(txn, tables, STORE_MOVES, TUY_BYTES(key.b), &value);
	move->circle_no = circle_no;
	move->id = *id;
	return rc == 0 ? move_read(value, move) : rc;
}

int view_move_put(MDB_txn *txn, const struct store_tables *tables, const struct view_move *move)
{
	struct view_move_key key = view_move_key(move->circle_no, &move->id);
	uint8_t value[MOVE_SIZE];
	value[MOVE_WHY_AT] = (uint8_t)move->why;
	value[MOVE_STATE_AT] = (uint8_t)move->state;
	tuy_put32(value + MOVE_AT_AT, move->at_s);
	tuy_put32(value + MOVE_DUE_AT, move->due_s);
	tuy_put32(value + MOVE_COUNT_AT, move->count);
	memcpy(value + MOVE_AWARD_AT, move->award.b, sizeof move->award.b);
	struct tuy_bytes part = TUY_BYTES(value);
	if (move->why != VIEW_MOVE_NONE)
		return store_put(txn, tables, STORE_MOVES, TUY_BYTES(key.b), &part, 1, 0);
	int rc = store_del(txn, tables, STORE_MOVES, TUY_BYTES(key.b));
	return rc == MDB_NOTFOUND ? 0 : rc;
}

/* ---- private rows ---- */

struct view_private_key view_private_key(uint32_t circle_no, const struct tuy_object *id,
                                         enum view_private kind)
{
	struct view_private_key key;
	tuy_put32(key.b, circle_no);
	memcpy(key.b + 4, id->b, sizeof id->b);
	key.b[14] = (uint8_t)kind;
	return key;
}

int view_private_put(MDB_txn *txn, const struct store_tables *tables, uint32_t circle_no,
                     const struct tuy_private *row)
{
	struct view_private_key key =
		view_private_key(circle_no, &row->object, (enum view_private)row->kind);
	if (row->value.len > 0)
		return store_put(txn, tables, STORE_PRIVATE, TUY_BYTES(key.b), &row->value, 1, 0);
	int rc = store_del(txn, tables, STORE_PRIVATE, TUY_BYTES(key.b));
	return rc == MDB_NOTFOUND ? 0 : rc;
}

/* ---- states ---- */

static bool same_member(const struct tuy_member *a, const struct tuy_member *b)
{
	return memcmp(a->b, b->b, sizeof a->b) == 0;
}

/* The award that concerns `me`, or the one that stands for all. */
static const struct tuy_life_award *award_of(const struct tuy_life_subject *subject,
                                             const struct tuy_life *life,
                                             const struct tuy_member *me)
{
	const struct tuy_life_award *mine = tuy_life_award_to(life, me);
	if (mine != NULL)
		return mine;
	bool alone = subject->kind == TUY_RECORD_TIP && subject->claims != 2;
	return alone && life->award_count > 0 && !life->award[0].ended ? &life->award[0] : NULL;
}

enum view_state view_state_of(const struct tuy_life_subject *subject, const struct tuy_life *life,
                              const struct tuy_member *me)
{
	const struct tuy_life_award *award = award_of(subject, life, me);
	bool ask = subject->kind == TUY_RECORD_ASK;
	if (life->state == TUY_LIFE_WITHDRAWN)
		return VIEW_STATE_WITHDRAWN;
	if (ask && life->state == TUY_LIFE_CLOSED)
		return VIEW_STATE_SOLVED;
	if (ask)
		return life->claim_count > 0 ? VIEW_STATE_ANSWERED : VIEW_STATE_OPEN;
	bool pair =
		award != NULL && (same_member(me, &subject->author) || same_member(me, &award->to));
	if (pair && award->step != TUY_STEP_NONE)
		return (enum view_state)(VIEW_STATE_AWARDED + award->step);
	if (life->state == TUY_LIFE_CLOSED)
		return VIEW_STATE_CLOSED;
	return award != NULL ? VIEW_STATE_AWARDED : VIEW_STATE_OPEN;
}

/* An award (or an accepted answer) that is not at its end. */
static bool award_runs(const struct tuy_life_subject *subject, const struct tuy_life_award *award)
{
	uint32_t last = subject->kind == TUY_RECORD_ASK ? TUY_DONE : TUY_STEP_WON;
	return !award->ended && !award->closed && award->step < last;
}

static void move_award(struct view_move *move, enum view_why why,
                       const struct tuy_life_award *award)
{
	move->why = why;
	move->at_s = award->at_s;
	move->due_s = award->due_s;
	move->award = award->id;
	if (why == VIEW_MOVE_ANSWERER && award->step != 0)
		move->at_s = award->step_at_s;
}

static void move_giver(const struct tuy_life_subject *subject, const struct tuy_life *life,
                       struct view_move *move)
{
	const struct tuy_life_award *runs = NULL;
	bool ask = subject->kind == TUY_RECORD_ASK;
	for (uint32_t i = 0; i < life->award_count && runs == NULL; i++)
		if (award_runs(subject, &life->award[i]))
			runs = &life->award[i];
	bool taken = !ask && subject->claims != 2 && life->state != TUY_LIFE_OPEN;
	if (life->claim_count > 0 && !taken && life->state == TUY_LIFE_OPEN) {
		move->why = ask ? VIEW_MOVE_ASKER : VIEW_MOVE_GIVER_CLAIMED;
		move->at_s = life->claim[0].at_s;
	} else if (runs != NULL && life->state != TUY_LIFE_WITHDRAWN) {
		move_award(move, VIEW_MOVE_GIVER_AWARDED, runs);
	}
}

struct view_move view_move_of(const struct tuy_life_subject *subject, const struct tuy_life *life,
                              const struct tuy_member *me)
{
	struct view_move move = { .why = VIEW_MOVE_NONE, .count = life->claim_count };
	const struct tuy_life_award *mine = tuy_life_award_to(life, me);
	const struct tuy_life_claim *claim = tuy_life_claim_by(life, me);
	bool ask = subject->kind == TUY_RECORD_ASK;
	move.state = view_state_of(subject, life, me);
	if (life->state == TUY_LIFE_WITHDRAWN)
		return move;
	if (same_member(&subject->author, me)) {
		move_giver(subject, life, &move);
	} else if (mine != NULL && award_runs(subject, mine)) {
		move_award(&move, ask ? VIEW_MOVE_ANSWERER : VIEW_MOVE_AWARDEE, mine);
	} else if (!ask && mine == NULL && claim != NULL && life->state == TUY_LIFE_OPEN) {
		move.why = VIEW_MOVE_CLAIMANT;
		move.at_s = claim->at_s;
	}
	return move;
}
