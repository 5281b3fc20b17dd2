/* inbox, search: lists of objects, put into the answer a slice at a time, so that a long one does
 * not hold up the loop. Records are opened only for what is shown (and for `for_me`). */
#include "rpc_do.h"
#include "rpc_object.h"
#include "rpc_people.h"
#include "search.h"
#include "../proto/text.h"
#include <stdlib.h>
#include <string.h>

#define LIMIT_MAX     1000
#define INBOX_LIMIT   20
#define INBOX_ALL_MAX 10000
#define SEARCH_LIMIT  50
#define HITS_MAX      1000
#define QUERY_MAX     512
#define SLICE         128                          /* objects put in one turn */
#define LOOKED_AT     512                          /* objects looked at in one turn */
#define OUT_FULL      (RPC_OUT_MAX - (256u << 10)) /* room for one more object and the end */

enum state_wanted { STATE_OPEN, STATE_EXPIRED, STATE_ANY };

struct find_work {
	struct view_filter filter;
	struct tuy_member from; /* filter.from points here */
	uint64_t ask;           /* only asks of this kind; 0: any */
	enum state_wanted state;
	bool for_me;
	uint32_t limit;
	uint32_t count; /* in `object` */
	uint32_t at;
	uint32_t shown;
	uint32_t more; /* match beyond the list */
	uint32_t now_s;
	struct view_object *object; /* one block behind this struct */
	uint32_t *score;            /* of each, NULL: an inbox */
};

/* The work with room for `cap` objects. NULL: the call has failed. */
static struct find_work *work_create(struct rpc_call *call, uint32_t cap, bool scored)
{
	size_t each = sizeof(struct view_object) + (scored ? sizeof(uint32_t) : 0);
	struct find_work *work = rpc_work(call, sizeof *work + cap * each);
	if (!work)
		return NULL;
	_Static_assert(sizeof(struct find_work) % _Alignof(struct view_object) == 0, "behind it");
	work->object = (struct view_object *)(void *)(work + 1);
	if (scored)
		work->score = (uint32_t *)(void *)(work->object + cap);
	return work;
}

/* ---- filters ---- */

/* The member that `text` names in the circle, or in any if `circle` is NULL. */
static int from_read(struct rpc_call *call, struct store_reading *reading,
                     const struct rpc_circle *circle, struct tuy_bytes text, struct find_work *work,
                     struct rpc_fault *fault)
{
	const struct rpc_person *person = NULL;
	uint32_t others = 0; /* different people of that name */
	bool found = false;
	for (uint32_t i = 0; i < TUY_CIRCLES_MAX; i++) {
		const struct rpc_circle *in = rpc_circle_get(call->home, reading, i);
		if (!in || (circle && circle != in))
			continue;
		uint32_t count = rpc_person_find(in, text, &person);
		others += count > 1;
		if (count == 0)
			continue;
		others += found && memcmp(&work->from, &person->member, sizeof work->from) != 0;
		work->from = person->member;
		found = true;
	}
	int shown = (int)tuy_text_cut(text, RPC_NAME_MAX);
	if (!found)
		return rpc_fault_set(fault, "T-NOT-FOUND", "tuyau circle show",
		                     "Nobody is called \"%.*s\".", shown, (const char *)text.p);
	if (others > 0)
		return rpc_fault_set(fault, "T-AMBIGUOUS", "Give the whole name, or -C CIRCLE.",
		                     "Several people are called \"%.*s\".", shown,
		                     (const char *)text.p);
	work->filter.from = &work->from;
	return 0;
}

static int kind_read(struct tuy_bytes text, struct find_work *work, struct rpc_fault *fault)
{
	work->ask = tuy_ask_named(text);
	if (tuy_text_equal(text, tuy_text_bytes("tip")))
		work->filter.kinds = 1u << TUY_RECORD_TIP;
	else if (work->ask != 0 || tuy_text_equal(text, tuy_text_bytes("ask")))
		work->filter.kinds = 1u << TUY_RECORD_ASK;
	else
		return rpc_fault_set(fault, "T-USAGE", "",
		                     "kind: tip, ask, profile, intro, vouch, news or supplier.");
	return 0;
}

static int state_read(struct tuy_bytes text, struct find_work *work, struct rpc_fault *fault)
{
	if (tuy_text_equal(text, tuy_text_bytes("open")))
		work->state = STATE_OPEN;
	else if (tuy_text_equal(text, tuy_text_bytes("expired")))
		work->state = STATE_EXPIRED;
	else if (tuy_text_equal(text, tuy_text_bytes("any")))
		work->state = STATE_ANY;
	else
		return rpc_fault_set(fault, "T-USAGE", "", "state: open, expired or any.");
	return 0;
}

static int filters_parse(struct rpc_call *call, struct store_reading *reading,
                         const struct rpc_circle *circle, struct find_work *work,
                         struct rpc_fault *fault)
{
	struct tuy_bytes filters = { 0 };
	struct tuy_bytes text;
	if (rpc_param_map(call->params, "filters", &filters, fault) < 0 ||
	    rpc_params_check(filters, " from kind state ", fault) != 0)
		return -1;
	int there = rpc_param_text(filters, "from", QUERY_MAX, &text, fault);
	if (there < 0 || (there && from_read(call, reading, circle, text, work, fault) != 0))
		return -1;
	there = rpc_param_text(filters, "kind", QUERY_MAX, &text, fault);
	if (there < 0 || (there && kind_read(text, work, fault) != 0))
		return -1;
	there = rpc_param_text(filters, "state", QUERY_MAX, &text, fault);
	return there < 0 || (there && state_read(text, work, fault) != 0) ? -1 : 0;
}

/* What can be told from an object's row alone. */
static bool object_wanted(const struct find_work *work, const struct view_object *object)
{
	const struct view_filter *filter = &work->filter;
	bool expired = object->expires_s != 0 && object->expires_s <= work->now_s;
	uint32_t kinds =
		filter->kinds ? filter->kinds : 1u << TUY_RECORD_TIP | 1u << TUY_RECORD_ASK;
	if ((unsigned)object->kind > 31 || !(kinds & 1u << object->kind))
		return false;
	if (filter->circle_no != UINT32_MAX && object->circle_no != filter->circle_no)
		return false;
	if (filter->from && memcmp(&object->member, filter->from, sizeof *filter->from) != 0)
		return false;
	if (work->ask != 0 && object->ask != work->ask)
		return false;
	return work->state == STATE_ANY || expired == (work->state == STATE_EXPIRED);
}

static bool for_me(struct rpc_home *home, struct store_reading *reading,
                   const struct view_object *object, const struct tuy_record *record)
{
	const struct rpc_circle *circle = rpc_circle_get(home, reading, object->circle_no);
	const struct tuy_value *whom = &record->value[TUY_FIELD_FOR];
	const struct rpc_person *me =
		circle ? rpc_person_get(circle, &home->d->keys->cert.member) : NULL;
	return me && whom->present && rpc_person_meant(me, whom->text);
}

/* ---- the answer, slice by slice ---- */

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

static void object_put(struct rpc_call *call, struct store_reading *reading, uint32_t at)
{
	struct find_work *work = call->work;
	struct rpc_out *out = &call->out;
	struct tuy_record record;
	const struct view_object *object = &work->object[at];
	bool readable = rpc_record_get(call->home, reading, object, &record);
	if (work->for_me && (!readable || !for_me(call->home, reading, object, &record)))
		return;
	rpc_open_map(out, NULL);
	rpc_object_put(call->home, reading, object, readable ? &record : NULL, out);
	if (work->score) {
		rpc_put_flag(out, "near", false);
		rpc_put_uint(out, "score", work->score[at]);
	}
	rpc_close_one(out);
	work->shown++;
}

static void find_slice(struct rpc_call *call)
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
		object_put(call, &reading, work->at++);
	bool full = work->shown >= work->limit || out->len >= OUT_FULL || out->err;
	if (work->at < work->count && !full) {
		store_reading_end(&reading);
		rpc_due(call, 0, find_slice);
		return;
	}
	rpc_close_one(out);
	if (!work->score) {
		rpc_put_uint(out, "more", work->more + (work->count - work->at));
		circles_put(call->home, &reading, work->filter.circle_no, out);
		rpc_close_one(out);
	}
	store_reading_end(&reading);
	rpc_answer(call);
}

static void find_answer(struct rpc_call *call)
{
	struct find_work *work = call->work;
	struct rpc_out *out = rpc_result(call);
	if (work->score) {
		rpc_open_array(out, NULL);
	} else {
		rpc_open_map(out, NULL);
		rpc_open_array(out, "objects");
	}
	find_slice(call);
}

/* The filter of params that both methods have, for a circle or (NULL) all. 0, or -1: the call has
 * failed. */
static int filter_params(struct rpc_call *call, struct store_reading *reading,
                         struct find_work *work)
{
	struct rpc_circle *circle;
	struct rpc_fault fault;
	if (rpc_circle_param_any(call, reading, &circle) != 0)
		return -1;
	work->filter.circle_no = circle ? circle->circle_no : UINT32_MAX;
	work->filter.me = call->home->d->keys->cert.member;
	work->now_s = loop_now(call->home->d).wall_s;
	if (filters_parse(call, reading, circle, work, &fault) == 0)
		return 0;
	rpc_fail_fault(call, &fault);
	return -1;
}

/* ---- inbox ---- */

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
	    rpc_param_uint(call->params, "limit", 1, LIMIT_MAX, &flags->limit, &fault) >= 0)
		return 0;
	rpc_fail_fault(call, &fault);
	return -1;
}

/* Keeps what view_list's filter cannot tell apart. */
static void list_sift(struct find_work *work)
{
	uint32_t kept = 0;
	for (uint32_t i = 0; i < work->count; i++) {
		if (object_wanted(work, &work->object[i]))
			work->object[kept++] = work->object[i];
	}
	work->count = kept;
}

/* Whether rows beyond view_list's filter decide: then more of them are looked at. */
static bool sift_needed(const struct find_work *work)
{
	return work->ask != 0 || work->for_me || work->state == STATE_EXPIRED;
}

void rpc_do_inbox(struct rpc_call *call)
{
	struct store_reading reading;
	struct inbox_flags flags;
	if (inbox_params(call, &flags) != 0)
		return;
	uint32_t limit = flags.limit ? flags.limit : flags.all ? INBOX_ALL_MAX : INBOX_LIMIT;
	struct find_work *work = work_create(call, limit < LIMIT_MAX ? LIMIT_MAX : limit, false);
	if (!work || rpc_reading_begin(call, &reading) != 0)
		return;
	work->limit = limit;
	work->for_me = flags.for_me;
	if (filter_params(call, &reading, work) != 0) {
		store_reading_end(&reading);
		return;
	}
	struct view_filter *filter = &work->filter;
	if (flags.mine)
		filter->mine = VIEW_MINE;
	else
		filter->mine = flags.all || filter->from ? VIEW_ANYBODY : VIEW_OTHERS;
	filter->live_at_s = work->state == STATE_OPEN ? work->now_s : 0;
	uint32_t cap = sift_needed(work) && limit < LIMIT_MAX ? LIMIT_MAX : limit;
	work->count = view_list(&reading, filter, work->object, cap, &work->more);
	store_reading_end(&reading);
	list_sift(work);
	find_answer(call);
}

/* ---- search ---- */

/* Turns hits into the objects that are wanted, at most `limit`. */
static void hits_take(struct find_work *work, struct store_reading *reading,
                      const struct search_hit *hits, int hit_count)
{
	for (int i = 0; i < hit_count && work->count < work->limit; i++) {
		struct view_object *object = &work->object[work->count];
		if (view_object(reading, hits[i].object, object) != 0 ||
		    !object_wanted(work, object))
			continue;
		work->score[work->count++] = hits[i].score;
	}
}

static void index_damaged(struct rpc_call *call)
{
	loop_doubt_view(call->home->d);
	rpc_fail(call, "T-STORE-DAMAGED", "tuyau stop, then: tuyaud --rebuild",
	         "The word index is damaged; the tips are not.");
}

static void search_run(struct rpc_call *call, struct store_reading *reading, struct tuy_bytes query,
                       struct search_hit *hits)
{
	struct find_work *work = call->work;
	struct tuy_query parsed;
	enum tuy_err err = tuy_query_parse(&parsed, TUY_QUERY_SEARCH, query);
	int hit_count = err ? -1 : search_query(reading, query, NULL, hits, HITS_MAX);
	if (hit_count >= 0)
		hits_take(work, reading, hits, hit_count);
	store_reading_end(reading);
	if (err == TUY_E_LIMIT)
		rpc_fail(call, "T-USAGE", "tuyau search WORDS", "At most %d words.",
		         TUY_QUERY_STEPS_MAX);
	else if (err)
		rpc_fail(call, "T-USAGE", "tuyau search WORDS", "Give a word to look for.");
	else if (hit_count < 0)
		index_damaged(call);
	else
		find_answer(call);
}

void rpc_do_search(struct rpc_call *call)
{
	struct store_reading reading;
	struct rpc_fault fault;
	struct tuy_bytes query = { 0 };
	uint32_t limit = SEARCH_LIMIT;
	if (rpc_param_text(call->params, "query", QUERY_MAX, &query, &fault) < 0 ||
	    rpc_param_uint(call->params, "limit", 1, LIMIT_MAX, &limit, &fault) < 0) {
		rpc_fail_fault(call, &fault);
		return;
	}
	struct find_work *work = work_create(call, limit, true);
	if (!work || rpc_reading_begin(call, &reading) != 0)
		return;
	work->limit = limit;
	work->state = STATE_ANY;
	if (filter_params(call, &reading, work) != 0) {
		store_reading_end(&reading);
		return;
	}
	struct search_hit *hits = malloc(HITS_MAX * sizeof *hits);
	if (hits) {
		search_run(call, &reading, query, hits);
	} else {
		store_reading_end(&reading);
		rpc_fail(call, "T-MEMORY", "", "There was not enough memory.");
	}
	free(hits);
}
