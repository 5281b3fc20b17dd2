/* What is held of an object: see forget.h. */
#include "forget.h"
#include "view_life.h"
#include <stdlib.h>
#include <string.h>

static int place_cmp(const void *a, const void *b)
{
	const struct store_place *x = a;
	const struct store_place *y = b;
	if (x->log_no != y->log_no)
		return x->log_no < y->log_no ? -1 : 1;
	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

/* Is it in a log of this device, which may retract? */
static bool is_own(const struct daemon *d, struct store_reading *reading, uint32_t log_no)
{
	struct store_log log;
	return store_log(reading, log_no, &log) == 0 &&
	       memcmp(&log.device, &d->keys->device.device, sizeof log.device) == 0;
}

/* Whether its payload is held. */
static bool is_held(struct store_reading *reading, uint32_t log_no, uint32_t seq)
{
	struct tuy_bytes header, blob;
	return store_entry(reading, log_no, seq, &header, &blob) == 0 && blob.p != NULL;
}

/* Product 1.12: "outcome, thanks (no third party inside)" */
static bool outlives(enum tuy_record_kind kind)
{
	return kind == TUY_RECORD_OUTCOME || kind == TUY_RECORD_THANKS;
}

uint32_t forget_gather(struct daemon *d, struct store_reading *reading,
                       const struct view_object *object, enum forget_scope scope,
                       struct store_gone *gone, struct store_place *here, uint32_t cap)
{
	struct view_act_at at[STORE_GONE_PLACES];
	struct view_object now;
	struct view_life life;
	uint32_t count = 0;
	uint32_t here_count = 0;
	*gone = (struct store_gone){ .circle_no = object->circle_no,
		                     .id = object->id,
		                     .at_s = loop_now(d).wall_s,
		                     .member = object->member };
	if (view_find(reading, &object->id, &object->id, &now, 1) == 1)
		count = view_entries(reading, &now, at, STORE_GONE_PLACES);
	if (view_life_read(reading, object, &d->keys->cert.member, &life) == 0)
		for (uint32_t i = 0; i < life.acts.count && count < STORE_GONE_PLACES; i++)
			if (scope == FORGET_ALL || !outlives(life.acts.act[i].kind))
				at[count++] = life.acts.at[i];
	view_life_free(&life);
	for (uint32_t i = 0; i < count; i++) {
		struct store_place place = { at[i].log_no, at[i].seq };
		if (!is_held(reading, place.log_no, place.seq))
			continue;
		if (is_own(d, reading, place.log_no))
			gone->place[gone->place_count++] = place;
		else if (here_count < cap)
			here[here_count++] = place;
	}
	qsort(gone->place, gone->place_count, sizeof gone->place[0], place_cmp);
	return here_count;
}

void forget_keep(struct daemon *d, const struct store_gone *gone)
{
	uint8_t key[STORE_GONE_KEY];
	uint8_t value[STORE_GONE_MAX];
	uint64_t ticket;
	struct tuy_bytes row = { value, store_gone_row(gone, key, value) };
	/* Without the row it is erased all the same, and noted by the one who does so. */
	(void)loop_keep(d, STORE_OWN_GONE, TUY_BYTES(key), row, &ticket);
}

enum tuy_err forget_retract(struct daemon *d, const struct store_gone *gone, uint32_t from,
                            uint32_t *count, struct tuy_appended *appended)
{
	const struct store_place *place = &gone->place[from];
	uint32_t seqs[TUY_RETRACT_MAX];
	uint32_t run = 0;
	while (run < TUY_RETRACT_MAX && from + run < gone->place_count &&
	       place[run].log_no == place->log_no) {
		seqs[run] = place[run].seq;
		run++;
	}
	*count = run;
	return tuy_node_retract(d->node, loop_now(d), gone->circle_no, place->log_no, seqs, run,
	                        appended);
}
