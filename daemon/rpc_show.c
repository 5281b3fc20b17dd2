/* show, delivery: one object by what was typed of its id. */
#include "rpc_do.h"
#include "rpc_forget.h"
#include "rpc_object.h"
#include "rpc_people.h"
#include "store_news.h"
#include "view_life.h"
#include "../proto/text.h"
#include <stdio.h>
#include <string.h>

#define ID_LEAST   4
#define NEWS       4 /* PROTOCOL 8.4, ask */
#define LISTED_MAX 8 /* of several that an id could mean */
#define MEANT_MAX  3 /* proposals for one that means none */

/* Appends "7KQ2 (Wi-Fi for 3 warehouses)" to a list within a message; what does not fit is left
 * out. */
static void name_append(char *text, size_t size, struct rpc_home *home,
                        struct store_reading *reading, const struct view_object *object)
{
	struct tuy_record record;
	char id[TUY_OBJECT_TEXT];
	struct tuy_bytes title = tuy_text_bytes("unreadable");
	size_t len = strlen(text);
	tuy_object_text(&object->id, id);
	if (rpc_record_get(home, reading, object, &record)) {
		const struct tuy_value *value = &record.value[TUY_FIELD_TITLE];
		if (!value->present)
			value = &record.value[TUY_FIELD_TEXT];
		title = value->text;
	}
	const uint8_t *line_end = title.len > 0 ? memchr(title.p, '\n', title.len) : NULL;
	if (line_end)
		title.len = (size_t)(line_end - title.p);
	int shown = (int)tuy_text_cut(title, 60);
	int more = snprintf(text + len, size - len, "%s%.*s (%.*s)", len > 0 ? ", " : "",
	                    (int)view_short_len(reading, &object->id), id, shown,
	                    (const char *)title.p);
	if (more < 0 || (size_t)more >= size - len)
		text[len] = '\0';
}

/* Nothing begins so: what shares the most of its beginning, down to 2 characters? */
static void not_found(struct rpc_call *call, struct store_reading *reading, struct tuy_bytes id)
{
	struct view_object near[MEANT_MAX];
	struct tuy_object low;
	struct tuy_object high;
	char meant[300] = "";
	struct store_gone gone;
	uint32_t count = 0;
	if (tuy_object_range(id, &low, &high) == TUY_OK &&
	    store_gone_find(reading, &low, &high, &gone) == 1) {
		store_reading_end(reading);
		rpc_gone_fail(call, id, &gone);
		return;
	}
	for (size_t len = id.len - 1; len >= 2 && count == 0; len--) {
		if (tuy_object_range((struct tuy_bytes){ id.p, len }, &low, &high) != TUY_OK)
			break;
		count = view_find(reading, &low, &high, near, MEANT_MAX);
	}
	for (uint32_t i = 0; i < count && i < MEANT_MAX; i++)
		name_append(meant, sizeof meant, call->home, reading, &near[i]);
	store_reading_end(reading);
	if (count > 0)
		rpc_fail(call, "T-NOT-FOUND", "tuyau inbox --all",
		         "Nothing begins with %.*s. Did you mean %s?", (int)id.len,
		         (const char *)id.p, meant);
	else
		rpc_fail(call, "T-NOT-FOUND", "tuyau inbox --all", "Nothing begins with %.*s.",
		         (int)id.len, (const char *)id.p);
}

static void several_found(struct rpc_call *call, struct store_reading *reading, struct tuy_bytes id,
                          const struct view_object *objects, uint32_t count)
{
	char list[400] = "";
	struct tuy_record record;
	uint32_t listed = count < LISTED_MAX ? count : LISTED_MAX;
	for (uint32_t i = 0; i < listed; i++)
		name_append(list, sizeof list, call->home, reading, &objects[i]);
	struct rpc_out *out = rpc_fail_begin(
		call, "T-AMBIGUOUS", "Type more characters of the id.", "%.*s is %u things: %s%s",
		(int)id.len, (const char *)id.p, count, list, count > listed ? "..." : ".");
	rpc_open_array(out, "matches");
	for (uint32_t i = 0; i < listed; i++) {
		bool readable = rpc_record_get(call->home, reading, &objects[i], &record);
		rpc_open_map(out, NULL);
		rpc_object_put(call->home, reading, &objects[i], readable ? &record : NULL, out);
		rpc_close_one(out);
	}
	rpc_close_one(out);
	store_reading_end(reading);
	rpc_answer(call);
}

int rpc_object_param(struct rpc_call *call, struct store_reading *reading,
                     struct view_object *object)
{
	struct rpc_fault fault;
	struct tuy_bytes id = { 0 };
	struct tuy_object low;
	struct tuy_object high;
	struct view_object found[LISTED_MAX];
	int there = rpc_param_text(call->params, "id", TUY_OBJECT_TEXT - 1, &id, &fault);
	if (there == 1 && id.len < ID_LEAST)
		there = rpc_fault_set(&fault, "T-USAGE", "tuyau inbox --all",
		                      "Type at least %d characters of the id.", ID_LEAST);
	else if (there == 0)
		there = rpc_fault_set(&fault, "T-USAGE", "tuyau inbox --all", "Which one?");
	if (there == 1 && tuy_object_range(id, &low, &high) != TUY_OK)
		there = rpc_fault_set(&fault, "T-USAGE", "tuyau inbox --all",
		                      "An id has only digits and letters, and no U.");
	if (there < 0) {
		rpc_fail_fault(call, &fault);
		return -1;
	}
	if (rpc_reading_begin(call, reading) != 0)
		return -1;
	uint32_t count = view_find(reading, &low, &high, found, LISTED_MAX);
	if (count == 1) {
		*object = found[0];
		return 0;
	}
	if (count == 0)
		not_found(call, reading, id);
	else
		several_found(call, reading, id, found, count);
	return -1;
}

/* An own ask for news is shown: its answers are read now. */
static void news_read(struct daemon *d, struct store_reading *reading,
                      const struct view_object *object)
{
	struct view_life life;
	uint8_t key[STORE_NEWS_KEY];
	uint8_t value[STORE_NEWS_VALUE];
	struct tuy_bytes known;
	uint64_t ticket;
	const struct tuy_member *me = &d->keys->cert.member;
	if (object->kind != TUY_RECORD_ASK || object->ask != NEWS ||
	    memcmp(&object->member, me, sizeof *me) != 0)
		return;
	if (view_life_read(reading, object, me, &life) != 0)
		life.acts.count = 0;
	for (uint32_t i = 0; i < life.acts.count; i++) {
		const struct tuy_act *act = &life.acts.act[i];
		struct store_place place = { life.acts.at[i].log_no, life.acts.at[i].seq };
		if (act->kind != TUY_RECORD_ANSWER || !life.acts.at[i].sealed ||
		    view_private(reading, object->circle_no, &act->id,
		                 (enum view_private)STORE_NEWS_KIND, &known) == 0)
			continue;
		store_news_row(object->circle_no, &act->id, loop_now(d).wall_s, place, key, value);
		/* Without the row its entry's expiry is what counts. */
		(void)loop_keep(d, STORE_OWN_PRIVATE, TUY_BYTES(key), TUY_BYTES(value), &ticket);
	}
	view_life_free(&life);
}

void rpc_do_show(struct rpc_call *call)
{
	struct store_reading reading;
	struct view_object object;
	struct tuy_record record;
	if (rpc_object_param(call, &reading, &object) != 0)
		return;
	bool readable = rpc_record_get(call->home, &reading, &object, &record);
	struct rpc_out *out = rpc_result(call);
	rpc_open_map(out, NULL);
	rpc_object_put(call->home, &reading, &object, readable ? &record : NULL, out);
	rpc_close_one(out);
	news_read(call->home->d, &reading, &object);
	store_reading_end(&reading);
	rpc_answer(call);
}

/* Whose link ended last, if it is somebody of this circle. */
static void last_seen_put(struct rpc_home *home, const struct rpc_circle *circle,
                          struct rpc_out *out)
{
	struct tuy_device_info info;
	const struct rpc_person *person = NULL;
	for (uint32_t i = 0; home->last_seen_s != 0 && circle && !person &&
	                     tuy_node_device(home->d->node, circle->circle_no, i, &info) == TUY_OK;
	     i++) {
		if (memcmp(&info.device, &home->last_device, sizeof info.device) == 0)
			person = rpc_person_get(circle, &info.member);
	}
	if (!person) {
		rpc_put_nil(out, "last_seen");
		return;
	}
	rpc_open_map(out, "last_seen");
	rpc_put_str(out, "name", person->from);
	rpc_put_time(out, "at", home->last_seen_s);
	rpc_close_one(out);
}

static uint32_t calling_count(struct rpc_home *home, uint32_t circle_no)
{
	struct tuy_device_info info;
	uint32_t count = 0;
	for (uint32_t i = 0; tuy_node_device(home->d->node, circle_no, i, &info) == TUY_OK; i++)
		count += info.active && info.state == TUY_PEER_DIALING;
	return count;
}

void rpc_do_delivery(struct rpc_call *call)
{
	struct store_reading reading;
	struct view_object object;
	char id[TUY_OBJECT_TEXT];
	if (rpc_object_param(call, &reading, &object) != 0)
		return;
	const struct rpc_circle *circle = rpc_circle_get(call->home, &reading, object.circle_no);
	struct tuy_delivery delivery =
		tuy_node_delivery(call->home->d->node, object.log_no, object.seq);
	tuy_object_text(&object.id, id);
	struct rpc_out *out = rpc_result(call);
	rpc_open_map(out, NULL);
	rpc_put_uint(out, "schema", 1);
	rpc_put_str(out, "id", id);
	rpc_put_uint(out, "peers", delivery.of);
	rpc_put_uint(out, "have_it", delivery.have);
	rpc_put_uint(out, "online", delivery.online);
	rpc_put_uint(out, "calling", calling_count(call->home, object.circle_no));
	last_seen_put(call->home, circle, out);
	rpc_close_one(out);
	store_reading_end(&reading);
	rpc_answer(call);
}
