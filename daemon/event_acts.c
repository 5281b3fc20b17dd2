#include "event_acts.h"
#include "log.h"
#include "view.h"
#include "../proto/retract.h"
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
	struct event_acts_host host;
	struct { /* what somebody wants erased, until it is told */
		uint32_t circle_no;
		struct tuy_member from;
		uint32_t entries; /* 0: nothing */
	} erase;
	uint32_t first;
	uint32_t count;
	uint32_t late_count;
	struct range range[EVENT_ACTS_RANGES]; /* ring */
	struct range late[EVENT_ACTS_LATE];    /* of one entry each, oldest first */
	uint8_t buffer[TUY_BLOB_MAX];
};

enum looked { LOOKED_AT, LOOKED_TOO_EARLY };

static void erase_tell(struct event_acts *acts)
{
	if (acts->erase.entries > 0)
		acts->host.on_erase(acts->host.context, acts->erase.circle_no, &acts->erase.from,
		                    acts->erase.entries);
	acts->erase.entries = 0;
}

static void erase_take(struct event_acts *acts, uint32_t circle_no, const struct tuy_member *from,
                       uint32_t entries)
{
	const struct keys *keys = acts->d->keys;
	if (memcmp(from, &keys->cert.member, sizeof *from) == 0)
		return;
	if (acts->erase.circle_no != circle_no ||
	    memcmp(&acts->erase.from, from, sizeof *from) != 0)
		erase_tell(acts);
	acts->erase.circle_no = circle_no;
	acts->erase.from = *from;
	acts->erase.entries += entries;
}

static void record_take(struct event_acts *acts, const struct range *at,
                        const struct store_log *log, const struct tuy_record *record)
{
	const struct keys *keys = acts->d->keys;
	const struct tuy_value *to = &record->value[TUY_FIELD_TO];
	if (record->kind == TUY_RECORD_THANKS && to->present &&
	    to->text.len == sizeof keys->cert.member.b &&
	    memcmp(to->text.p, keys->cert.member.b, to->text.len) == 0)
		acts->host.on_thanks(acts->host.context, at->circle_no, &record->ref, &log->member);
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
	struct tuy_retract retract;
	if (blob.p && tuy_retract_read(header.p, blob, &retract) == TUY_OK) {
		erase_take(acts, at->circle_no, &log.member, retract.count);
		return LOOKED_AT;
	}
	struct view_sealed sealed = { header.p, blob };
	int bad = blob.p ? view_open(reading, &acts->d->keys->device, at->log_no, at->seq, &sealed,
	                             acts->buffer, &plain)
	                 : 1;
	if (bad == 0 && tuy_record_read(plain, &record) == TUY_OK)
		record_take(acts, at, &log, &record);
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

struct event_acts *event_acts_create(struct daemon *d, const struct event_acts_host *host)
{
	struct event_acts *acts = calloc(1, sizeof *acts);
	if (!acts)
		return NULL;
	acts->d = d;
	acts->host = *host;
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
	if (acts->count == 0)
		erase_tell(acts);
	return acts->count == 0;
}
