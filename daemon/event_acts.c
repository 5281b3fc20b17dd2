#include "event_acts.h"
#include "log.h"
#include "view.h"
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_MAX 64 /* entries that one turn opens */

struct range {
	uint32_t circle_no;
	uint32_t log_no;
	uint32_t seq;
	uint32_t count;
};

struct event_acts {
	struct daemon *d;
	event_acts_on_act *on_act;
	void *context;
	uint32_t first;
	uint32_t count;
	uint32_t late_count;
	struct range range[EVENT_ACTS_RANGES]; /* ring */
	struct range late[EVENT_ACTS_LATE];    /* of one entry each, oldest first */
	uint8_t buffer[TUY_BLOB_MAX];
};

enum looked { LOOKED_AT, LOOKED_TOO_EARLY };

/* Was it given by the owner of this store? */
static bool is_own(struct event_acts *acts, struct store_reading *reading,
                   const struct tuy_object *id)
{
	const struct tuy_member *me = &acts->d->keys->cert.member;
	struct view_object object;
	return view_find(reading, id, id, &object, 1) == 1 &&
	       memcmp(&object.member, me, sizeof *me) == 0;
}

static void record_take(struct event_acts *acts, struct store_reading *reading,
                        const struct range *at, const struct store_log *log,
                        const struct tuy_record *record)
{
	const struct keys *keys = acts->d->keys;
	if (record->kind == TUY_RECORD_ERASE_ASKED && record->has_ref &&
	    is_own(acts, reading, &record->ref))
		acts->on_act(acts->context, record->kind, at->circle_no, &record->ref,
		             &log->member);
	const struct tuy_value *to = &record->value[TUY_FIELD_TO];
	if (record->kind == TUY_RECORD_THANKS && to->present &&
	    to->text.len == sizeof keys->cert.member.b &&
	    memcmp(to->text.p, keys->cert.member.b, to->text.len) == 0)
		acts->on_act(acts->context, record->kind, at->circle_no, &record->ref,
		             &log->member);
}

static enum looked entry_look(struct event_acts *acts, struct store_reading *reading,
                              const struct range *at)
{
	struct store_log log;
	struct tuy_bytes header;
	struct tuy_bytes blob;
	struct tuy_bytes plain;
	struct tuy_record record;
	if (store_log(reading, at->log_no, &log) != 0 ||
	    store_entry(reading, at->log_no, at->seq, &header, &blob) != 0)
		return LOOKED_AT;
	struct view_sealed sealed = { header.p, blob };
	int bad = blob.p ? view_open(reading, &acts->d->keys->device, at->log_no, at->seq, &sealed,
	                             acts->buffer, &plain)
	                 : 1;
	if (bad == 0 && tuy_record_read(plain, &record) == TUY_OK)
		record_take(acts, reading, at, &log, &record);
	sodium_memzero(acts->buffer, sizeof acts->buffer);
	return bad > 0 && !blob.p ? LOOKED_TOO_EARLY : LOOKED_AT;
}

static void late_keep(struct event_acts *acts, const struct range *at)
{
	if (acts->late_count == EVENT_ACTS_LATE)
		memmove(acts->late, acts->late + 1, --acts->late_count * sizeof acts->late[0]);
	acts->late[acts->late_count++] = *at;
}

static void late_look(struct event_acts *acts, struct store_reading *reading)
{
	uint32_t kept = 0;
	for (uint32_t i = 0; i < acts->late_count; i++)
		if (entry_look(acts, reading, &acts->late[i]) == LOOKED_TOO_EARLY)
			acts->late[kept++] = acts->late[i];
	acts->late_count = kept;
}

struct event_acts *event_acts_create(struct daemon *d, event_acts_on_act *on_act, void *context)
{
	struct event_acts *acts = calloc(1, sizeof *acts);
	if (!acts)
		return NULL;
	acts->d = d;
	acts->on_act = on_act;
	acts->context = context;
	return acts;
}

void event_acts_destroy(struct event_acts *acts)
{
	free(acts);
}

void event_acts_note(struct event_acts *acts, const struct tuy_tell *tell)
{
	struct range range = { tell->circle_no, tell->log_no, tell->seq, tell->count };
	struct range *last = &acts->range[(acts->first + acts->count - 1) % EVENT_ACTS_RANGES];
	if (acts->count > 0 && last->log_no == range.log_no && last->seq + last->count == range.seq)
		last->count += range.count;
	else if (acts->count < EVENT_ACTS_RANGES)
		acts->range[(acts->first + acts->count++) % EVENT_ACTS_RANGES] = range;
	else
		log_line(LOG_UNUSUAL, "events", "what=passed_over entries=%u", range.count);
}

bool event_acts_look(struct event_acts *acts, struct store_reading *reading)
{
	late_look(acts, reading);
	for (uint32_t i = 0; i < LOOK_MAX && acts->count > 0; i++) {
		struct range *range = &acts->range[acts->first];
		struct range at = { range->circle_no, range->log_no, range->seq, 1 };
		if (entry_look(acts, reading, &at) == LOOKED_TOO_EARLY)
			late_keep(acts, &at);
		range->seq++;
		if (--range->count == 0) {
			acts->first = (acts->first + 1) % EVENT_ACTS_RANGES;
			acts->count--;
		}
	}
	return acts->count == 0;
}
