/*
 * inbox: what came from others, newest first. As it is typed every day, without filters, what is
 * for me stands in front: what is matched by a watch or names me, then what asks me to move.
 */
#include "rpc_do.h"
#include "rpc_find.h"
#include "rpc_object.h"
#include "rpc_people.h"
#include "rpc_watch.h"
#include "view_life.h"
#include "../proto/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INBOX_LIMIT 20
#define MOVES_MAX   50
#define MOVES_AMONG 4096         /* rows, anybody's: so the cost has a bound where there are many */
#define SORTED_MAX  256          /* rows looked at for what is for me */
#define SLICE       128          /* rows sorted into their parts in one turn */
#define ENDING_S    (2u * 86400) /* own ones that end so soon.. */
#define LIVED_S     (2u * ENDING_S) /* ..unless they were given for less than that */

/* What is open was given not longer ago than this (product 1.12, the cap of a tip's life): so the
 * cost of a daily look does not grow with what is stored. */
#define LIFE_MOST_S (90u * 86400)

struct inbox_flags {
	bool all, mine, for_me;
	uint32_t limit;
};

static int inbox_params(struct rpc_call *call, struct inbox_flags *flags)
{
	struct rpc_fault fault;
	*flags = (struct inbox_flags){ 0 };
	if (rpc_param_flag(call->params, "all", &flags->all, &fault) >= 0 &&
	    rpc_param_flag(call->params, "mine", &flags->mine, &fault) >= 0 &&
	    rpc_param_flag(call->params, "for_me", &flags->for_me, &fault) >= 0 &&
	    rpc_param_uint(call->params, "limit", 1, FIND_LIMIT_MAX, &flags->limit, &fault) >= 0)
		return 0;
	rpc_fail_fault(call, &fault);
	return -1;
}

/* ---- parts ---- */

static enum find_part part_of(struct rpc_home *home, struct store_reading *reading,
                              const struct view_object *object, const struct tuy_record *record)
{
	if (record && rpc_watch_is_for_you(home, reading, object, record))
		return PART_FOR_YOU;
	return object->kind == TUY_RECORD_ASK ? PART_ASKS : PART_TIPS;
}

/* Whether the list has an object already: then it is a move. */
static bool move_mark(struct find_work *work, const struct tuy_object *id)
{
	for (uint32_t i = 0; i < work->count; i++) {
		if (memcmp(&work->row[i].object.id, id, sizeof *id) != 0)
			continue;
		work->row[i].part = PART_MOVES;
		return true;
	}
	return false;
}

/* Whether an accepted answer of the owner's waits for a step: it has neither lapsed nor was it
 * refused. */
static bool answer_runs(const struct find_work *work, struct store_reading *reading,
                        const struct view_move *move)
{
	struct tuy_bytes refused;
	bool lapsed = work->now_s > move->at_s && work->now_s - move->at_s >= TUY_LAPSE_S;
	return !lapsed && (view_private(reading, move->circle_no, &move->id, VIEW_PRIVATE_REFUSED,
	                                &refused) != 0 ||
	                   !tuy_text_equal(refused, TUY_BYTES(move->award.b)));
}

/* What the lives of tips and asks want of me: first contacts, claims and answers to decide on. */
static uint32_t lives_add(struct find_work *work, struct store_reading *reading)
{
	struct view_move move[MOVES_MAX];
	struct view_move after = { 0 };
	uint32_t added = 0;
	uint32_t count = view_moves(reading, work->filter.circle_no, &after, move, MOVES_MAX);
	for (uint32_t i = 0; i < count; i++) {
		struct view_object object;
		bool wanted = move[i].why == VIEW_MOVE_AWARDEE || move[i].why == VIEW_MOVE_ASKER ||
		              (move[i].why == VIEW_MOVE_ANSWERER &&
		               answer_runs(work, reading, &move[i])) ||
		              (move[i].why == VIEW_MOVE_GIVER_AWARDED &&
		               move[i].state == VIEW_STATE_AWARDED && move[i].due_s <= work->now_s);
		if (view_find(reading, &move[i].id, &move[i].id, &object, 1) != 1)
			continue;
		if (move[i].why == VIEW_MOVE_GIVER_CLAIMED)
			wanted = object.claims != 0; /* the first is awarded without him */
		if (!wanted || move_mark(work, &object.id))
			continue;
		work->row[work->count++] =
			(struct find_row){ .object = object, .part = PART_MOVES };
		added++;
	}
	return added;
}

/* What is not for me was said to be so. */
static void passed_drop(struct find_work *work, struct store_reading *reading)
{
	struct tuy_bytes value;
	uint32_t kept = 0;
	for (uint32_t i = 0; i < work->count; i++)
		if (view_private(reading, work->row[i].object.circle_no, &work->row[i].object.id,
		                 VIEW_PRIVATE_PASSED, &value) != 0)
			work->row[kept++] = work->row[i];
	work->count = kept;
}

/* Own ones that soon end: whoever still needs it gives it again. */
static void ending_add(struct find_work *work, struct store_reading *reading, uint32_t room)
{
	struct view_object object[MOVES_MAX];
	struct view_filter filter = work->filter;
	uint32_t more;
	filter.mine = VIEW_MINE;
	filter.look_max = MOVES_AMONG;
	uint32_t count = view_list(reading, &filter, object, MOVES_MAX, &more);
	for (uint32_t i = 0; i < count && room > 0; i++) {
		uint32_t ends_s = object[i].expires_s;
		if (object[i].state != VIEW_STATE_OPEN || ends_s == 0 ||
		    ends_s > work->now_s + ENDING_S || ends_s - object[i].created_s < LIVED_S)
			continue;
		if (move_mark(work, &object[i].id))
			continue;
		work->row[work->count++] =
			(struct find_row){ .object = object[i], .part = PART_MOVES };
		room--;
	}
}

static int row_compare(const void *a, const void *b)
{
	const struct find_row *x = a, *y = b;
	return (x->rank > y->rank) - (x->rank < y->rank);
}

static void inbox_row(struct rpc_call *call, struct store_reading *reading,
                      const struct find_row *row, const struct tuy_record *record)
{
	static const char *const names[PARTS] = { "for-you", "moves", "asks", "tips" };
	const struct find_work *work = call->work;
	enum find_part part = row->part;
	if (!work->sorted)
		part = part_of(call->home, reading, &row->object, record);
	rpc_put_str(&call->out, "part", names[part]);
}

/* Sorts some of the rows into their parts; then the answer. What is for me comes to the front, then
 * what asks me to move, then the others; each in the order it had. */
static void inbox_sort(struct rpc_call *call)
{
	struct find_work *work = call->work;
	struct store_reading reading;
	struct tuy_record room;
	const struct tuy_record *record;
	if (rpc_reading_begin(call, &reading) != 0)
		return;
	for (uint32_t i = 0; i < SLICE && work->at < work->count; i++, work->at++) {
		struct find_row *row = &work->row[work->at];
		if (row->part != PART_MOVES) {
			(void)find_row_open(call, &reading, row, &room, &record);
			row->part = part_of(call->home, &reading, &row->object, record);
		}
		uint32_t group = row->part < PART_ASKS ? row->part : PART_ASKS;
		row->rank = group * FIND_ALL_MAX + work->at;
	}
	store_reading_end(&reading);
	if (work->at < work->count) {
		rpc_due(call, 0, inbox_sort);
		return;
	}
	qsort(work->row, work->count, sizeof work->row[0], row_compare);
	work->at = 0;
	find_put(call);
}

/* ---- the answer ---- */

static void circles_put(struct rpc_home *home, struct store_reading *reading, uint32_t only,
                        struct rpc_out *out)
{
	struct tuy_circle_info info;
	rpc_open_array(out, "circles");
	for (uint32_t i = 0; i < TUY_CIRCLES_MAX; i++) {
		const struct rpc_circle *circle = rpc_circle_get(home, reading, i);
		if (!circle || (only != UINT32_MAX && only != i) ||
		    tuy_node_circle(home->d->node, i, &info) != TUY_OK)
			continue;
		rpc_open_map(out, NULL);
		rpc_put_hex(out, "id", TUY_BYTES(circle->id.b));
		rpc_put_str(out, "name", circle->name);
		rpc_put_str(out, "slug", circle->slug);
		rpc_put_uint(out, "members", info.members);
		rpc_put_uint(out, "online", info.online);
		rpc_put_flag(out, "in_sync", tuy_node_progress(home->d->node, i).in_sync);
		rpc_close_one(out);
	}
	rpc_close_one(out);
}

static void inbox_end(struct rpc_call *call, struct store_reading *reading)
{
	const struct find_work *work = call->work;
	struct rpc_out *out = &call->out;
	rpc_put_uint(out, "more", work->more + (work->count - work->at));
	rpc_put_uint(out, "watches", call->home->watches.count);
	circles_put(call->home, reading, work->filter.circle_no, out);
	rpc_close_one(out);
}

/* Fills the rows. 0, or -1: the call has failed. */
static int inbox_fill(struct rpc_call *call, struct store_reading *reading,
                      const struct inbox_flags *flags)
{
	struct find_work *work = call->work;
	struct view_filter *filter = &work->filter;
	if (find_params(call, reading, work) != 0)
		return -1;
	const struct find *find = &work->find;
	if (find->words_len > 0) {
		int shown = (int)tuy_text_cut(find_words(find), 60);
		char hint[140];
		snprintf(hint, sizeof hint, rpc_text(call, "To find words: tuyau search %.*s"),
		         shown, (const char *)find->words);
		rpc_fail(call, "T-USAGE", hint, "\"%.*s\" is no filter.", shown,
		         (const char *)find->words);
		return -1;
	}
	if (flags->mine)
		filter->mine = VIEW_MINE;
	else
		filter->mine = flags->all || filter->from ? VIEW_ANYBODY : VIEW_OTHERS;
	filter->live_at_s = find_has(find, FIND_STATE) ? 0 : work->now_s;
	work->sorted = !flags->all && !flags->mine && !flags->for_me && !find_has_filter(find);
	if (work->sorted && work->now_s > LIFE_MOST_S)
		filter->since_s = work->now_s - LIFE_MOST_S;
	bool plain = flags->all && !find_has_filter(find);
	uint32_t least = plain ? work->limit : work->sorted ? SORTED_MAX : FIND_LIMIT_MAX;
	find_list(work, reading, work->limit > least ? work->limit : least);
	if (!flags->all && !flags->mine)
		passed_drop(work, reading);
	if (work->sorted)
		ending_add(work, reading, MOVES_MAX - lives_add(work, reading));
	return 0;
}

void rpc_do_inbox(struct rpc_call *call)
{
	struct store_reading reading;
	struct inbox_flags flags;
	if (inbox_params(call, &flags) != 0)
		return;
	uint32_t limit = flags.limit ? flags.limit : flags.all ? FIND_ALL_MAX : INBOX_LIMIT;
	uint32_t cap = limit < FIND_LIMIT_MAX ? FIND_LIMIT_MAX : limit;
	struct find_work *work = find_work_create(call, cap + MOVES_MAX);
	if (!work || rpc_reading_begin(call, &reading) != 0)
		return;
	work->limit = limit;
	work->for_me = flags.for_me;
	work->otherwise = flags.all || flags.mine ? FIND_ANY : FIND_OPEN; /* of what is live */
	work->on_row = inbox_row;
	work->on_end = inbox_end;
	bool failed = inbox_fill(call, &reading, &flags) != 0;
	store_reading_end(&reading);
	if (failed)
		return;
	struct rpc_out *out = rpc_result(call);
	rpc_open_map(out, NULL);
	rpc_open_array(out, "objects");
	if (work->sorted)
		inbox_sort(call);
	else
		find_put(call);
}
