/* search, and what it shares with the inbox (rpc_find.h). */
#include "rpc_find.h"
#include "rpc_do.h"
#include "rpc_object.h"
#include "rpc_people.h"
#include "rpc_watch.h"
#include "search.h"
#include "view_life.h"
#include <stdlib.h>
#include <string.h>

#define SEARCH_LIMIT 50
#define HITS_MAX     1000
#define SLICE        128                          /* objects put in one turn */
#define LOOKED_AT    512                          /* objects looked at in one turn */
#define OUT_FULL     (RPC_OUT_MAX - (256u << 10)) /* room for one more object and the end */

struct find_work *find_work_create(struct rpc_call *call, uint32_t cap)
{
	struct find_work *work;
	return rpc_work(call, sizeof *work + cap * sizeof work->row[0]);
}

/* ---- params ---- */

/* What the list itself can leave out, so that fewer rows are looked at. */
static void filter_fill(struct find_work *work)
{
	const struct find *find = &work->find;
	for (uint32_t i = 0; i < find->term_count; i++) {
		const struct find_term *term = &find->term[i];
		if (term->not )
			continue;
		if (term->field == FIND_FROM)
			work->filter.from = &term->member;
		if (term->field == FIND_KIND)
			work->filter.kinds = 1u << term->kind;
	}
	if (find->age_s.given && find->age_s.most < work->now_s)
		work->filter.since_s = work->now_s - find->age_s.most;
}

int find_params(struct rpc_call *call, struct store_reading *reading, struct find_work *work)
{
	struct tuy_bytes query = { 0 };
	struct rpc_circle *circle;
	struct rpc_fault fault;
	if (rpc_circle_param_any(call, reading, &circle) != 0)
		return -1;
	work->filter.circle_no = circle ? circle->circle_no : UINT32_MAX;
	work->filter.me = call->home->d->keys->cert.member;
	work->now_s = loop_now(call->home->d).wall_s;
	if (rpc_param_text(call->params, "query", FIND_TEXT_MAX, &query, &fault) < 0 ||
	    find_parse(query, &work->find, &fault) != 0 ||
	    find_resolve(call->home, reading, circle, &work->find, &fault) != 0) {
		rpc_fail_fault(call, &fault);
		return -1;
	}
	filter_fill(work);
	return 0;
}

/* ---- rows ---- */

/* When the first contact of a move is due, if it is still to be made; 0: it is not. */
static uint32_t move_due(const struct view_move *move)
{
	bool awarded = move->why == VIEW_MOVE_AWARDEE || move->why == VIEW_MOVE_GIVER_AWARDED;
	return awarded && move->state == VIEW_STATE_AWARDED ? move->due_s : 0;
}

static bool object_is_due(const struct find_work *work, struct store_reading *reading,
                          const struct view_object *object)
{
	struct view_move move;
	if (!work->find.due_s.given)
		return true;
	return view_move(reading, object->circle_no, &object->id, &move) == 0 &&
	       find_due_wanted(&work->find, move_due(&move), work->now_s);
}

static bool object_wanted(const struct find_work *work, struct store_reading *reading,
                          const struct view_object *object)
{
	const struct view_filter *filter = &work->filter;
	uint32_t otherwise = work->find.due_s.given ? FIND_ANY : work->otherwise;
	return (filter->circle_no == UINT32_MAX || filter->circle_no == object->circle_no) &&
	       find_row_wanted(&work->find, object, work->now_s, otherwise) &&
	       object_is_due(work, reading, object);
}

/* What is due is among the moves, which are few; earliest first. */
static void due_list(struct find_work *work, struct store_reading *reading, uint32_t cap)
{
	struct view_move move = { 0 };
	while (work->count < cap &&
	       view_moves(reading, work->filter.circle_no, &move, &move, 1) == 1) {
		struct find_row row = { .rank = move_due(&move) };
		bool is_mine = move.why == VIEW_MOVE_GIVER_AWARDED;
		uint32_t at = work->count;
		if (row.rank == 0 || (work->filter.mine == VIEW_MINE && !is_mine) ||
		    view_exact(reading, move.circle_no, &move.id, TUY_RECORD_TIP, &row.object) !=
		            0 ||
		    !object_wanted(work, reading, &row.object))
			continue;
		while (at > 0 && work->row[at - 1].rank > row.rank)
			at--;
		memmove(&work->row[at + 1], &work->row[at], (work->count - at) * sizeof row);
		work->row[at] = row;
		work->count++;
	}
}

void find_list(struct find_work *work, struct store_reading *reading, uint32_t cap)
{
	if (work->find.due_s.given) {
		due_list(work, reading, cap);
		return;
	}
	struct view_object *object = malloc(cap * sizeof *object);
	if (!object)
		return; /* an empty list; memory that is gone shows elsewhere too */
	uint32_t count = view_list(reading, &work->filter, object, cap, &work->more);
	for (uint32_t i = 0; i < count; i++)
		if (object_wanted(work, reading, &object[i]))
			work->row[work->count++] = (struct find_row){ .object = object[i] };
	free(object);
}

bool find_row_open(struct rpc_call *call, struct store_reading *reading, const struct find_row *row,
                   struct tuy_record *room, const struct tuy_record **record)
{
	const struct find_work *work = call->work;
	bool readable = rpc_record_get(call->home, reading, &row->object, room);
	*record = readable ? room : NULL;
	return find_record_wanted(&work->find, *record, FIND_WITH_COMPANY);
}

static void row_put(struct rpc_call *call, struct store_reading *reading, struct find_row *row)
{
	struct find_work *work = call->work;
	struct rpc_out *out = &call->out;
	struct tuy_record room;
	const struct tuy_record *record;
	struct view_object now;
	/* It was listed in another reading, and may be gone since, or another revision. */
	if (view_exact(reading, row->object.circle_no, &row->object.id, row->object.kind, &now) !=
	    0)
		return;
	row->object = now;
	bool wanted = find_row_open(call, reading, row, &room, &record);
	if (work->wanted)
		wanted = work->wanted(call, row, record);
	if (!wanted)
		return;
	if (work->for_me &&
	    (!record || !rpc_watch_is_for_you(call->home, reading, &row->object, record)))
		return;
	rpc_open_map(out, NULL);
	rpc_object_put(call->home, reading, &row->object, record, out);
	if (work->on_row)
		work->on_row(call, reading, row, record);
	rpc_close_one(out);
	work->shown++;
}

void find_put(struct rpc_call *call)
{
	struct find_work *work = call->work;
	struct rpc_out *out = &call->out;
	struct store_reading reading;
	if (rpc_reading_begin(call, &reading) != 0)
		return;
	uint32_t until = work->shown + SLICE;
	uint32_t end = work->count - work->at > LOOKED_AT ? work->at + LOOKED_AT : work->count;
	while (work->at < end && work->shown < until && work->shown < work->limit &&
	       out->len < OUT_FULL && !out->err)
		row_put(call, &reading, &work->row[work->at++]);
	bool full = work->shown >= work->limit || out->len >= OUT_FULL || out->err;
	if (work->at < work->count && !full) {
		store_reading_end(&reading);
		rpc_due(call, 0, find_put);
		return;
	}
	rpc_close_one(out);
	work->on_end(call, &reading);
	store_reading_end(&reading);
	rpc_answer(call);
}

/* ---- search ---- */

static void search_row(struct rpc_call *call, struct store_reading *reading,
                       const struct find_row *row, const struct tuy_record *record)
{
	(void)reading;
	(void)record;
	rpc_put_flag(&call->out, "near", row->near);
	rpc_put_uint(&call->out, "score", row->score);
}

/* An array is all of the answer. */
static void search_end(struct rpc_call *call, struct store_reading *reading)
{
	(void)call;
	(void)reading;
}

static void index_damaged(struct rpc_call *call)
{
	loop_doubt_view(call->home->d);
	rpc_fail(call, "T-STORE-DAMAGED", "tuyau stop, then: tuyaud --rebuild",
	         "The word index is damaged; the tips are not.");
}

/* Turns hits into rows. */
static void hits_take(struct find_work *work, struct store_reading *reading,
                      const struct search_hit *hits, int hit_count)
{
	for (int i = 0; i < hit_count; i++) {
		struct find_row *row = &work->row[work->count];
		if (view_object(reading, hits[i].object, &row->object) != 0 ||
		    !object_wanted(work, reading, &row->object))
			continue;
		row->score = hits[i].score;
		row->near = hits[i].near;
		work->count++;
	}
}

/* The words by the index. 0, or -1: the call has failed. */
static int words_find(struct rpc_call *call, struct store_reading *reading, struct tuy_bytes text)
{
	struct rpc_home *home = call->home;
	struct search_hit *hits = malloc(HITS_MAX * sizeof *hits);
	if (!hits) {
		rpc_fail(call, "T-MEMORY", "", "There was not enough memory.");
		return -1;
	}
	synonyms_fresh(home->synonyms);
	int count = search_query(reading, text, home->synonyms, hits, HITS_MAX);
	if (count >= 0)
		hits_take(call->work, reading, hits, count);
	else
		index_damaged(call);
	free(hits);
	return count < 0 ? -1 : 0;
}

/* Fills the rows. 0, or -1: the call has failed. */
static int search_fill(struct rpc_call *call, struct store_reading *reading)
{
	struct find_work *work = call->work;
	struct tuy_query parsed;
	uint8_t room[FIND_TEXT_MAX];
	struct tuy_bytes text = find_index_text(&work->find, room);
	enum tuy_err err = tuy_query_parse(&parsed, TUY_QUERY_SEARCH, text);
	if (err == TUY_E_LIMIT) {
		rpc_fail(call, "T-USAGE", "tuyau search WORDS", "At most %d words.",
		         TUY_QUERY_STEPS_MAX);
		return -1;
	}
	if (!err)
		return words_find(call, reading, text);
	if (!find_has_filter(&work->find)) {
		rpc_fail(call, "T-USAGE", "tuyau search WORDS", "Give a word to look for.");
		return -1;
	}
	find_list(work, reading, HITS_MAX);
	return 0;
}

void rpc_do_search(struct rpc_call *call)
{
	struct store_reading reading;
	struct rpc_fault fault;
	uint32_t limit = SEARCH_LIMIT;
	if (rpc_param_uint(call->params, "limit", 1, FIND_LIMIT_MAX, &limit, &fault) < 0) {
		rpc_fail_fault(call, &fault);
		return;
	}
	struct find_work *work = find_work_create(call, HITS_MAX);
	if (!work || rpc_reading_begin(call, &reading) != 0)
		return;
	work->limit = limit;
	work->otherwise = FIND_ANY;
	work->on_row = search_row;
	work->on_end = search_end;
	bool failed = find_params(call, &reading, work) != 0 || search_fill(call, &reading) != 0;
	store_reading_end(&reading);
	if (failed)
		return;
	rpc_open_array(rpc_result(call), NULL);
	find_put(call);
}
