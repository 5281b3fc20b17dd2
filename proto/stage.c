/* Tickets: what is on its way to the store. A stage holds the bytes until the store has answered.
 */
#include "machine.h"

#include "blob.h"

#include <string.h>

struct stage *tuy_stage_find(struct tuy_node *n, uint64_t ticket)
{
	for (uint32_t i = 0; i < n->cap.stages; i++) {
		struct stage *s = &n->stage[i];

		if (s->state >= STAGE_READY && s->ticket == ticket)
			return s;
	}
	return NULL;
}

static uint32_t held_by(const struct tuy_node *n, const struct link *link)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < n->cap.stages; i++)
		count += n->stage[i].state != STAGE_FREE && n->stage[i].link == link->number;
	return count;
}

bool tuy_stage_room(const struct tuy_node *n, const struct link *link)
{
	if (!link)
		return n->stages_free > 0;
	if (n->stages_free > STAGES_FOR_OWN + STAGES_FOR_FEW)
		return true;
	return n->stages_free > STAGES_FOR_OWN && held_by(n, link) < STAGES_FEW;
}

struct stage *tuy_stage_take(struct tuy_node *n, const struct link *link)
{
	if (!tuy_stage_room(n, link))
		return NULL;
	for (uint32_t i = 0; i < n->cap.stages; i++) {
		struct stage *s = &n->stage[i];

		if (s->state != STAGE_FREE)
			continue;
		s->state = STAGE_HELD;
		s->len = 0;
		s->item_count = 0;
		s->link = link ? link->number : 0;
		s->credit = 0;
		s->own = !link;
		s->live = !link;
		n->stages_free--;
		return s;
	}
	return NULL;
}

void tuy_stage_free(struct tuy_node *n, struct stage *s)
{
	tuy_require(s->state != STAGE_FREE);
	s->state = STAGE_FREE;
	s->ticket = 0;
	n->stages_free++;
}

struct tuy_store_item *tuy_stage_item(struct stage *s, enum tuy_store_kind kind, uint32_t circle_no)
{
	struct tuy_store_item *item;

	tuy_require(s->item_count < STAGE_ITEMS);
	item = &s->items[s->item_count++];
	*item = (struct tuy_store_item){ .kind = kind, .circle_no = circle_no };
	return item;
}

bool tuy_stage_is_bulk(const struct stage *s)
{
	return !s->live && s->item_count == 1 && s->items[0].kind == TUY_STORE_ENTRIES;
}

bool tuy_stage_is_live(const struct stage *s)
{
	return s->live && (s->own || s->items[0].kind == TUY_STORE_ENTRIES);
}

/* Few entries are live, unless their link sends many such, or others of their log wait in bulk:
 * then they go in their order. */
static bool is_crowded(const struct tuy_node *n, const struct stage *s)
{
	uint32_t others = 0;

	for (uint32_t i = 0; i < n->cap.stages; i++) {
		const struct stage *other = &n->stage[i];

		if (other->state == STAGE_FREE || other == s)
			continue;
		others += other->link == s->link;
		if (other->state == STAGE_READY && tuy_stage_is_bulk(other) &&
		    other->items[0].log_no == s->items[0].log_no)
			return true;
	}
	return others >= STAGES_FEW;
}

enum tuy_err tuy_stage_blobs(struct stage *s, struct tuy_message *m, uint32_t skip)
{
	for (uint32_t i = 0; i < m->count; i++) {
		struct tuy_bytes blob = tuy_message_next_blob(&m->list);
		struct tuy_header header;
		struct tuy_hash commit;

		if (i < skip)
			continue;
		if (tuy_header_decode(m->u.data.headers + (size_t)i * TUY_HEADER_SIZE, &header) !=
		    TUY_OK)
			return TUY_E_FORMAT;
		s->blobs[i - skip] = blob;
		if (!blob.p)
			continue;
		if (!(header.flags & TUY_HEADER_PAYLOAD) || blob.len != header.payload_len)
			return TUY_E_COMMIT;
		commit = tuy_blob_commit(blob);
		if (memcmp(&commit, &header.pcommit, sizeof commit) != 0)
			return TUY_E_COMMIT;
	}
	return TUY_OK;
}

uint64_t tuy_stage_commit(struct tuy_node *n, struct stage *s)
{
	tuy_require(s->state == STAGE_HELD && s->item_count > 0);
	if (s->live && !s->own && s->items[0].kind == TUY_STORE_ENTRIES)
		s->live = !is_crowded(n, s);
	s->ticket = ++n->ticket_last;
	s->state = STAGE_READY;
	return s->ticket;
}

/* A log before the operation that let its device in would make a store that cannot be loaded. */
static bool is_early(const struct tuy_node *n, const struct stage *s)
{
	for (uint32_t i = 0; i < s->item_count; i++) {
		const struct tuy_circle_state *c = &n->circle[s->items[i].circle_no];

		if (s->items[i].kind == TUY_STORE_LOG && c->used &&
		    !tuy_circle_device_durable(c, n->log[s->items[i].log_no].device))
			return true;
	}
	return false;
}

/* Does it change a log of which entries wait that came before it? */
static bool follows_bulk(const struct tuy_node *n, const struct stage *s)
{
	for (uint32_t i = 0; i < n->cap.stages; i++) {
		const struct stage *other = &n->stage[i];

		if (other->state != STAGE_READY || !tuy_stage_is_bulk(other) ||
		    other->ticket > s->ticket)
			continue;
		for (uint32_t k = 0; k < s->item_count; k++) {
			if (s->items[k].log_no == other->items[0].log_no)
				return true;
		}
	}
	return false;
}

/* A cut does not overtake entries of its log that failed with what they need and wait to be tried
 * again: they would stand beyond it. */
static bool overtakes(const struct tuy_node *n, const struct stage *s)
{
	for (uint32_t i = 0; s->items[0].kind == TUY_STORE_CUT && i < n->cap.stages; i++) {
		const struct stage *other = &n->stage[i];

		for (uint32_t k = 0; other->state == STAGE_RETRY && k < other->item_count; k++) {
			if (other->items[k].kind == TUY_STORE_ENTRIES &&
			    other->items[k].log_no == s->items[0].log_no)
				return true;
		}
	}
	return false;
}

void tuy_stage_rest(struct tuy_node *n, struct tuy_now now, const struct stage *s)
{
	uint64_t rest_ms = (now.ms - s->issued_ms + 1) * LIVE_BULK_REST;

	if (tuy_stage_is_bulk(s) && now.ms < n->live_until_ms)
		n->bulk_rest_ms =
			now.ms + (rest_ms < LIVE_BULK_REST_MS ? rest_ms : LIVE_BULK_REST_MS);
}

struct stage *tuy_stage_next(struct tuy_node *n, struct tuy_now now)
{
	struct stage *bulk = NULL, *other = NULL;
	uint32_t under_way = 0; /* entries of bulk, with the host */

	for (uint32_t i = 0; i < n->cap.stages; i++) {
		struct stage *s = &n->stage[i];
		bool is_bulk = s->state != STAGE_FREE && tuy_stage_is_bulk(s);
		struct stage **best = is_bulk ? &bulk : &other;

		if (is_bulk && s->state == STAGE_ISSUED)
			under_way += s->items[0].u.entries.count;
		if (s->state == STAGE_READY && (!*best || s->ticket < (*best)->ticket) &&
		    !overtakes(n, s))
			*best = s;
	}
	if (other && is_early(n, other))
		return NULL;
	if (other && bulk && follows_bulk(n, other))
		return bulk;
	if (other && tuy_stage_is_live(other))
		n->live_until_ms = now.ms + LIVE_MS;
	if (other)
		return other;
	if (!bulk || now.ms >= n->live_until_ms)
		return bulk;
	if (now.ms < n->bulk_rest_ms)
		return NULL;
	if (under_way == 0)
		return bulk;
	return under_way + bulk->items[0].u.entries.count <= LIVE_BULK_ENTRIES ? bulk : NULL;
}

void tuy_stage_again(struct tuy_node *n)
{
	for (uint32_t i = 0; i < n->cap.stages; i++) {
		if (n->stage[i].state == STAGE_RETRY)
			n->stage[i].state = STAGE_READY;
	}
}
