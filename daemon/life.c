#include "life.h"
#include "audit_received.h"
#include "life_write.h"
#include "log.h"
#include "../proto/text.h"
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define PAGE       128
#define RETRY_MS   500 /* an award that had to wait */
#define AUDIT_MS   3600000
#define LONGEST_MS 15000 /* to the next look, when nothing is told: a payload that came late */

/* How far the owner was reminded. */
enum level { LEVEL_NONE, LEVEL_DUE, LEVEL_OVERDUE, LEVEL_TWICE };
#define TOLD_SIZE 11 /* level, award */

struct life {
	struct daemon *d;
	struct life_host host;
	struct loop_reminder look;
	bool begun; /* what is there at the start is no news */
	struct view_move *known;
	uint32_t known_count;
	struct view_move *found;
	uint32_t found_count;
	uint32_t found_cap;
	uint64_t ticket; /* of an award on its way */
	uint64_t next_ms;
	uint64_t audit_ms; /* when all that came is noted again: a card may come late */
	struct life_batch batch;
};

static void event_tell(struct life *life, enum event_kind kind, const struct view_move *move)
{
	struct event event = { .kind = kind, .circle_no = move->circle_no, .object = move->id };
	life->host.on_event(life->host.context, &event);
}

/* ---- reading what waits ---- */

static int found_add(struct life *life, const struct view_move *moves, uint32_t count)
{
	if (life->found_count + count > life->found_cap) {
		uint32_t cap = 2 * (life->found_count + count);
		struct view_move *grown = realloc(life->found, cap * sizeof *grown);
		if (!grown)
			return -1;
		life->found = grown;
		life->found_cap = cap;
	}
	memcpy(life->found + life->found_count, moves, count * sizeof *moves);
	life->found_count += count;
	return 0;
}

static int found_read(struct life *life, struct store_reading *reading)
{
	struct view_move page[PAGE];
	struct view_move after = { 0 };
	uint32_t count;
	life->found_count = 0;
	do {
		count = view_moves(reading, UINT32_MAX, &after, page, PAGE);
		if (count > 0 && found_add(life, page, count) != 0)
			return -1;
		if (count > 0)
			after = page[count - 1];
	} while (count == PAGE);
	return 0;
}

static int move_cmp(const struct view_move *a, const struct view_move *b)
{
	if (a->circle_no != b->circle_no)
		return a->circle_no < b->circle_no ? -1 : 1;
	return memcmp(&a->id, &b->id, sizeof a->id);
}

/* ---- news ---- */

/* A move that is no longer there: how did it end? */
static void ended_tell(struct life *life, struct store_reading *reading,
                       const struct view_move *before)
{
	struct view_object object;
	uint32_t count = view_find(reading, &before->id, &before->id, &object, 1);
	if (count != 1 || object.kind != TUY_RECORD_TIP)
		return;
	if (object.state >= VIEW_STATE_WON && object.state <= VIEW_STATE_CLOSED)
		event_tell(life, EVENT_TIP_CLOSED, before);
	else if (before->why == VIEW_MOVE_CLAIMANT && object.state == VIEW_STATE_AWARDED)
		event_tell(life, EVENT_TIP_TAKEN, before);
}

/* `before` NULL: it is new. */
static void change_tell(struct life *life, const struct view_move *before,
                        const struct view_move *now)
{
	enum view_why was = before ? before->why : VIEW_MOVE_NONE;
	bool other = !before || memcmp(&before->award, &now->award, sizeof now->award) != 0;
	bool more = !before || was != now->why || before->count < now->count;
	if (now->why == VIEW_MOVE_GIVER_CLAIMED && more)
		event_tell(life, EVENT_TIP_CLAIMED, now);
	if (now->why == VIEW_MOVE_ASKER && more)
		event_tell(life, EVENT_ASK_ANSWERED, now);
	if ((now->why == VIEW_MOVE_AWARDEE || now->why == VIEW_MOVE_GIVER_AWARDED) && other)
		event_tell(life, EVENT_TIP_AWARDED, now);
	if (now->why == VIEW_MOVE_ANSWERER && other)
		event_tell(life, EVENT_ANSWER_ACCEPTED, now);
	if (now->why == VIEW_MOVE_GIVER_AWARDED && before && !other && before->state != now->state)
		event_tell(life, EVENT_TIP_PROGRESS, now);
}

static void news_tell(struct life *life, struct store_reading *reading)
{
	uint32_t i = 0;
	uint32_t k = 0;
	uint64_t now_ms = loop_now(life->d).ms;
	bool again = now_ms >= life->audit_ms;
	if (again)
		life->audit_ms = now_ms + AUDIT_MS;
	while (i < life->known_count || k < life->found_count) {
		int cmp = i == life->known_count   ? 1
		          : k == life->found_count ? -1
		                                   : move_cmp(&life->known[i], &life->found[k]);
		const struct view_move *before = cmp <= 0 ? &life->known[i] : NULL;
		if (cmp < 0) {
			ended_tell(life, reading, before);
		} else {
			if (life->begun)
				change_tell(life, before, &life->found[k]);
			audit_received(life->d, reading, again ? NULL : before, &life->found[k]);
		}
		i += cmp <= 0;
		k += cmp >= 0;
	}
	struct view_move *old = life->known;
	life->known = life->found;
	life->known_count = life->found_count;
	life->found = old;
	life->found_cap = 0;
	life->found_count = 0;
	free(life->found);
	life->found = NULL;
	life->begun = true;
}

/* ---- awards ---- */

/* loop.h: the award is durable, or failed and is tried again at the next look. */
static void on_ticket(void *context, uint64_t ticket, enum tuy_stored stored, const char *error)
{
	struct life *life = context;
	(void)ticket;
	(void)stored;
	(void)error;
	life->ticket = 0;
	life_look(life);
}

static void later(struct life *life, uint64_t delay_ms)
{
	uint64_t at_ms = loop_now(life->d).ms + delay_ms;
	if (at_ms < life->next_ms)
		life->next_ms = at_ms;
}

/* Writes the batch; false: not now. */
static bool batch_send(struct life *life)
{
	if (life_batch_write(life->d, &life->batch) != TUY_OK)
		return false;
	life->ticket = life->batch.appended[0].ticket;
	if (loop_await_ticket(life->d, life->ticket, on_ticket, life) != 0)
		life->ticket = 0;
	return true;
}

/* The first of those who wait that may have it; NULL: none. */
static const struct tuy_life_claim *claim_choose(struct life *life, struct store_reading *reading,
                                                 const struct view_object *object,
                                                 const struct tuy_life *now)
{
	for (uint32_t i = 0; i < now->claim_count; i++)
		if (life->host.may_have(life->host.context, reading, object, &now->claim[i].by))
			return &now->claim[i];
	return NULL;
}

/* Awards the first claim of a tip of `claims` = first that was given by this very device. */
static void award_try(struct life *life, struct store_reading *reading,
                      const struct view_move *move)
{
	const struct keys *keys = life->d->keys;
	struct view_object object;
	struct view_life now;
	uint32_t wall_s = loop_now(life->d).wall_s;
	if (view_find(reading, &move->id, &move->id, &object, 1) != 1 ||
	    object.kind != TUY_RECORD_TIP || object.claims != 0 ||
	    object.circle_no != move->circle_no ||
	    memcmp(&object.device, &keys->device.device, sizeof object.device) != 0 ||
	    view_state_at(object.state, object.expires_s, wall_s) != VIEW_STATE_OPEN)
		return;
	if (life->ticket != 0 || !tuy_node_settled(life->d->node, object.circle_no)) {
		later(life, RETRY_MS);
		return;
	}
	const struct tuy_life_claim *claim = NULL;
	if (view_life_read(reading, &object, &keys->cert.member, &now) == 0 &&
	    now.life.state == TUY_LIFE_OPEN)
		claim = claim_choose(life, reading, &object, &now.life);
	if (claim) {
		if (life_award_fill(life->d, reading, &object, &now.life, &claim->by,
		                    &life->batch) != 0 ||
		    !batch_send(life))
			later(life, RETRY_MS);
		sodium_memzero(life->batch.room, sizeof life->batch.room);
	}
	view_life_free(&now);
}

/* ---- reminders ---- */

static enum level level_of(const struct view_move *move, uint32_t now_s, uint32_t *next_s)
{
	uint32_t span = move->due_s > move->at_s ? move->due_s - move->at_s : 0;
	bool mine = move->why == VIEW_MOVE_AWARDEE;
	uint32_t due_s = move->at_s + span / 4 * 3;
	*next_s = mine ? due_s : move->due_s;
	if (move->state != VIEW_STATE_AWARDED || span == 0)
		*next_s = UINT32_MAX;
	if (now_s < *next_s)
		return LEVEL_NONE;
	if (mine) {
		*next_s = UINT32_MAX;
		return LEVEL_DUE;
	}
	*next_s = move->due_s + span;
	if (now_s < *next_s)
		return LEVEL_OVERDUE;
	*next_s = UINT32_MAX;
	return LEVEL_TWICE;
}

static enum level level_told(struct store_reading *reading, const struct view_move *move)
{
	struct tuy_bytes told;
	if (view_private(reading, move->circle_no, &move->id, VIEW_PRIVATE_TOLD, &told) != 0 ||
	    told.len != TOLD_SIZE || memcmp(told.p + 1, move->award.b, sizeof move->award.b) != 0)
		return LEVEL_NONE;
	return (enum level)told.p[0];
}

/* Product 1.4: "awardee reminded at 75 %, giver told at 100 %" */
static void remind(struct life *life, struct store_reading *reading, const struct view_move *move)
{
	uint8_t value[TOLD_SIZE];
	uint32_t now_s = loop_now(life->d).wall_s;
	uint32_t next_s;
	enum level level = level_of(move, now_s, &next_s);
	if (next_s != UINT32_MAX && next_s - now_s < LONGEST_MS / 1000)
		later(life, (uint64_t)(next_s - now_s) * 1000 + 1);
	if (level == LEVEL_NONE || level <= level_told(reading, move))
		return;
	if (life->ticket != 0) {
		later(life, RETRY_MS);
		return;
	}
	value[0] = (uint8_t)level;
	memcpy(value + 1, move->award.b, sizeof move->award.b);
	life_batch_begin(&life->batch, move->circle_no);
	life_batch_private(&life->batch, &move->id, VIEW_PRIVATE_TOLD, TUY_BYTES(value));
	if (batch_send(life))
		event_tell(life, level == LEVEL_DUE ? EVENT_TIP_DUE : EVENT_TIP_OVERDUE, move);
	else
		later(life, RETRY_MS);
}

/* ---- life ---- */

static void on_look(void *context)
{
	struct life *life = context;
	struct store_reading reading;
	life->next_ms = loop_now(life->d).ms + LONGEST_MS;
	if (life->d->keys->certified && !life->d->stopping &&
	    store_reading_begin(life->d->store, &reading) == 0) {
		if (found_read(life, &reading) == 0)
			news_tell(life, &reading);
		for (uint32_t i = 0; i < life->known_count; i++) {
			const struct view_move *move = &life->known[i];
			if (move->why == VIEW_MOVE_GIVER_CLAIMED)
				award_try(life, &reading, move);
			else if (move->why == VIEW_MOVE_AWARDEE ||
			         move->why == VIEW_MOVE_GIVER_AWARDED)
				remind(life, &reading, move);
		}
		store_reading_end(&reading);
		loop_remind(life->d, &life->look, life->next_ms - loop_now(life->d).ms);
		loop_drain(life->d);
	} else {
		loop_remind(life->d, &life->look, RETRY_MS);
	}
}

void life_look(struct life *life)
{
	loop_remind(life->d, &life->look, 0);
}

/* loop_on_tell. */
static void on_tell(void *context, const struct tuy_tell *tell)
{
	struct life *life = context;
	if (tell->kind == TUY_TELL_ENTRIES || tell->kind == TUY_TELL_STORED)
		life_look(life);
}

struct life *life_create(struct daemon *d, const struct life_host *host)
{
	struct life *life = calloc(1, sizeof *life);
	if (!life)
		return NULL;
	life->d = d;
	life->host = *host;
	life->look = (struct loop_reminder){ .on_due = on_look, .context = life };
	if (loop_subscribe(d, on_tell, life) != 0) {
		free(life);
		return NULL;
	}
	life_look(life);
	return life;
}

void life_destroy(struct life *life)
{
	if (!life)
		return;
	loop_forget(life->d, life);
	loop_remind_not(life->d, &life->look);
	sodium_memzero(&life->batch, sizeof life->batch);
	free(life->known);
	free(life->found);
	free(life);
}
