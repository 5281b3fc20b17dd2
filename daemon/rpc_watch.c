/* watch_add, watch_list, watch_remove, watch_mute; and what is matched. */
#include "rpc_watch.h"
#include "event_source.h"
#include "rpc_do.h"
#include "rpc_find.h"
#include "rpc_record.h"
#include "rpc_people.h"
#include "rpc_write.h"
#include "../proto/hash.h"
#include <string.h>

/* ---- matching ---- */

static bool is_own(const struct rpc_home *home, const struct view_object *object)
{
	const struct keys *keys = home->d->keys;
	return keys->certified &&
	       memcmp(&keys->cert.member, &object->member, sizeof object->member) == 0;
}

static bool is_in_circle(struct rpc_home *home, struct store_reading *reading,
                         const struct watch *watch, uint32_t circle_no)
{
	if (!watch->one_circle)
		return true;
	const struct rpc_circle *circle = rpc_circle_get(home, reading, circle_no);
	return circle && memcmp(&circle->id, &watch->circle, sizeof circle->id) == 0;
}

static bool is_met(struct rpc_home *home, struct store_reading *reading, struct watch *watch,
                   const struct view_object *object, const struct tuy_record *record)
{
	struct rpc_fault fault;
	const struct rpc_circle *circle = rpc_circle_get(home, reading, object->circle_no);
	return is_in_circle(home, reading, watch, object->circle_no) &&
	       find_resolve(home, reading, circle, &watch->find, &fault) == 0 &&
	       watch_matches(watch, object, loop_now(home->d).wall_s, record);
}

bool rpc_watch_is_for_you(struct rpc_home *home, struct store_reading *reading,
                          const struct view_object *object, const struct tuy_record *record)
{
	if (rpc_record_is_for_me(home, reading, object, record))
		return true;
	if (is_own(home, object))
		return false;
	for (uint32_t i = 0; i < home->watches.count; i++)
		if (is_met(home, reading, home->watches.watch[i], object, record))
			return true;
	return false;
}

void rpc_watch_matched_put(struct rpc_home *home, struct store_reading *reading,
                           const struct view_object *object, const struct tuy_record *record,
                           struct rpc_out *out)
{
	bool any = record && !is_own(home, object);
	rpc_open_array(out, "matched");
	for (uint32_t i = 0; any && i < home->watches.count; i++) {
		struct watch *watch = home->watches.watch[i];
		if (is_met(home, reading, watch, object, record))
			rpc_put_text(out, NULL, watch_label(watch));
	}
	rpc_close_one(out);
}

/* Writes it as it is now. Nobody waits: a count that is lost with the power is lost. */
static enum tuy_err watch_keep(struct rpc_home *home, const struct watch *watch, uint64_t *ticket)
{
	uint8_t row[WATCH_ROW_MAX];
	uint8_t key[4];
	tuy_put32(key, watch->number);
	return loop_keep(home->d, STORE_OWN_WATCHES, TUY_BYTES(key), watch_write(watch, row),
	                 ticket) == 0
	               ? TUY_OK
	               : TUY_E_STORE;
}

/* Whether a watch is to be told of it; all that are met note it. */
static bool watches_note(struct rpc_home *home, struct store_reading *reading,
                         const struct view_object *object, const struct tuy_record *record)
{
	uint64_t ticket;
	bool told = false;
	for (uint32_t i = 0; i < home->watches.count; i++) {
		struct watch *watch = home->watches.watch[i];
		if (watch->leaving || !is_met(home, reading, watch, object, record))
			continue;
		told = told || watch->notify == WATCH_NOW;
		watch->hits++;
		watch->last_hit_s = loop_now(home->d).wall_s;
		(void)watch_keep(home, watch, &ticket);
	}
	return told;
}

unsigned int rpc_watch_came(void *context, struct store_reading *reading,
                            const struct view_object *object)
{
	struct rpc_home *home = context;
	struct tuy_record record;
	unsigned int came = 0;
	if (!home->d->keys->certified || !rpc_record_get(home, reading, object, &record))
		return 0;
	if (rpc_record_is_for_me(home, reading, object, &record))
		came |= EVENT_CAME_MATCHED | EVENT_CAME_MEANT;
	else if (!record.value[TUY_FIELD_FOR].present)
		came |= EVENT_CAME_MEANT;
	if (watches_note(home, reading, object, &record))
		came |= EVENT_CAME_MATCHED;
	return came;
}

#define MUTE_MOST_S (10u * 365 * 86400)

/* ---- the methods ---- */

struct watch_work {
	uint32_t number;
	uint32_t muted_before_s; /* watch_mute: what it was */
};

static void watch_put(struct rpc_home *home, struct store_reading *reading,
                      const struct watch *watch, struct rpc_out *out)
{
	const char *slug = NULL;
	for (uint32_t i = 0; watch->one_circle && i < TUY_CIRCLES_MAX; i++) {
		const struct rpc_circle *circle = rpc_circle_get(home, reading, i);
		if (circle && memcmp(&circle->id, &watch->circle, sizeof circle->id) == 0)
			slug = circle->slug;
	}
	rpc_put_uint(out, "schema", 1);
	rpc_put_uint(out, "number", watch->number);
	rpc_put_text(out, "query", (struct tuy_bytes){ watch->query, watch->query_len });
	rpc_put_str(out, "circle", slug);
	rpc_put_str(out, "notify", watch->notify == WATCH_DIGEST ? "digest" : "now");
	rpc_put_time(out, "created", watch->created_s);
	rpc_put_uint(out, "hits", watch->hits);
	rpc_put_time(out, "last_hit", watch->last_hit_s);
	rpc_put_flag(out, "muted", watch->muted_until_s > loop_now(home->d).wall_s);
	rpc_put_time(out, "muted_until",
	             watch->muted_until_s == WATCH_MUTED ? 0 : watch->muted_until_s);
}

static void watch_answer(struct rpc_call *call, const struct watch *watch)
{
	struct store_reading reading;
	if (rpc_reading_begin(call, &reading) != 0)
		return;
	struct rpc_out *out = rpc_result(call);
	rpc_open_map(out, NULL);
	watch_put(call->home, &reading, watch, out);
	rpc_close_one(out);
	store_reading_end(&reading);
	rpc_answer(call);
}

static enum tuy_err add_attempt(struct rpc_call *call, uint64_t *ticket)
{
	const struct watch_work *work = call->work;
	return watch_keep(call->home, watches_get(&call->home->watches, work->number), ticket);
}

static void added(struct rpc_call *call, const char *error)
{
	const struct watch_work *work = call->work;
	struct watches *watches = &call->home->watches;
	struct watch *watch = watches_get(watches, work->number);
	if (!error && watch) {
		watch_answer(call, watch);
		return;
	}
	if (watch)
		watches_remove(watches, watch);
	rpc_write_failed(call, error ? error : "T-STORE-IO");
}

void rpc_do_watch_add(struct rpc_call *call)
{
	struct rpc_home *home = call->home;
	struct store_reading reading;
	struct rpc_fault fault;
	struct rpc_circle *circle;
	struct tuy_bytes query = { 0 };
	struct watch *watch = NULL;
	bool digest = false;
	struct watch_work *work = rpc_work(call, sizeof *work);
	if (!work || rpc_reading_begin(call, &reading) != 0)
		return;
	if (rpc_circle_param_any(call, &reading, &circle) != 0) {
		store_reading_end(&reading);
		return;
	}
	if (rpc_param_line(call->params, "query", FIND_TEXT_MAX, &query, &fault) >= 0 &&
	    rpc_param_flag(call->params, "digest", &digest, &fault) >= 0)
		watch = watch_make(&home->watches, query, &fault);
	if (watch && find_resolve(home, &reading, circle, &watch->find, &fault) != 0) {
		watch_free(watch);
		watch = NULL;
	}
	store_reading_end(&reading);
	if (!watch) {
		rpc_fail_fault(call, &fault);
		return;
	}
	watch->notify = digest ? WATCH_DIGEST : WATCH_NOW;
	watch->created_s = loop_now(home->d).wall_s;
	watch->one_circle = circle != NULL;
	if (circle)
		watch->circle = circle->id;
	watches_add(&home->watches, watch);
	work->number = watch->number;
	rpc_write(call, add_attempt, added);
}

void rpc_do_watch_list(struct rpc_call *call)
{
	struct rpc_home *home = call->home;
	struct store_reading reading;
	if (rpc_reading_begin(call, &reading) != 0)
		return;
	struct rpc_out *out = rpc_result(call);
	rpc_open_array(out, NULL);
	for (uint32_t i = 0; i < home->watches.count; i++) {
		rpc_open_map(out, NULL);
		watch_put(home, &reading, home->watches.watch[i], out);
		rpc_close_one(out);
	}
	rpc_close_one(out);
	store_reading_end(&reading);
	rpc_answer(call);
}

static enum tuy_err remove_attempt(struct rpc_call *call, uint64_t *ticket)
{
	const struct watch_work *work = call->work;
	uint8_t key[4];
	tuy_put32(key, work->number);
	int bad = loop_keep(call->home->d, STORE_OWN_WATCHES, TUY_BYTES(key),
	                    (struct tuy_bytes){ NULL, 0 }, ticket);
	return bad ? TUY_E_STORE : TUY_OK;
}

static void removed(struct rpc_call *call, const char *error)
{
	const struct watch_work *work = call->work;
	struct watches *watches = &call->home->watches;
	struct watch *watch = watches_get(watches, work->number);
	if (error) {
		if (watch)
			watch->leaving = false;
		rpc_write_failed(call, error);
		return;
	}
	if (watch)
		watches_remove(watches, watch);
	struct rpc_out *out = rpc_result(call);
	rpc_open_map(out, NULL);
	rpc_put_uint(out, "schema", 1);
	rpc_put_uint(out, "number", work->number);
	rpc_close_one(out);
	rpc_answer(call);
}

/* The watch of the param `number`. NULL: the call has failed. */
static struct watch *number_param(struct rpc_call *call, struct watch_work *work)
{
	struct rpc_fault fault;
	if (rpc_param_uint(call->params, "number", 1, UINT32_MAX, &work->number, &fault) < 0) {
		rpc_fail_fault(call, &fault);
		return NULL;
	}
	struct watch *watch = watches_get(&call->home->watches, work->number);
	if (!watch)
		rpc_fail(call, "T-NOT-FOUND", "tuyau watch list", "There is no watch %u.",
		         work->number);
	return watch;
}

void rpc_do_watch_remove(struct rpc_call *call)
{
	struct watch_work *work = rpc_work(call, sizeof *work);
	struct watch *watch = work ? number_param(call, work) : NULL;
	if (!watch)
		return;
	watch->leaving = true;
	rpc_write(call, remove_attempt, removed);
}

/* ---- muting ---- */

static void muted(struct rpc_call *call, const char *error)
{
	const struct watch_work *work = call->work;
	struct watch *watch = watches_get(&call->home->watches, work->number);
	if (!error && watch) {
		watch_answer(call, watch);
		return;
	}
	if (watch)
		watch->muted_until_s = work->muted_before_s;
	rpc_write_failed(call, error ? error : "T-STORE-IO");
}

void rpc_do_watch_mute(struct rpc_call *call)
{
	struct rpc_fault fault;
	bool off = false;
	uint32_t life_s = 0;
	struct watch_work *work = rpc_work(call, sizeof *work);
	struct watch *watch = work ? number_param(call, work) : NULL;
	if (!watch)
		return;
	if (rpc_param_flag(call->params, "off", &off, &fault) < 0 ||
	    rpc_param_uint(call->params, "life_s", 1, MUTE_MOST_S, &life_s, &fault) < 0) {
		rpc_fail_fault(call, &fault);
		return;
	}
	work->muted_before_s = watch->muted_until_s;
	watch->muted_until_s = off           ? 0
	                       : life_s == 0 ? WATCH_MUTED
	                                     : loop_now(call->home->d).wall_s + life_s;
	rpc_write(call, add_attempt, muted);
}
