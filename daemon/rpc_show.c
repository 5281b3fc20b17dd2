/* show, delivery: one object by what was typed of its id. */
#include "rpc_do.h"
#include "rpc_object.h"
#include "rpc_people.h"
#include "store_news.h"
#include "view_life.h"
#include "../proto/text.h"
#include <stdio.h>
#include <string.h>

#define NEWS 4 /* PROTOCOL 8.4, ask */

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
