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

struct stage *tuy_stage_take(struct tuy_node *n, bool own)
{
	if (n->stages_free <= (own ? 0 : STAGES_FOR_OWN))
		return NULL;
	for (uint32_t i = 0; i < n->cap.stages; i++) {
		struct stage *s = &n->stage[i];

		if (s->state != STAGE_FREE)
			continue;
		s->state = STAGE_HELD;
		s->len = 0;
		s->item_count = 0;
		s->link = 0;
		s->credit = 0;
		s->own = own;
		s->live = own;
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

struct stage *tuy_stage_next(struct tuy_node *n)
{
	struct stage *best = NULL;

	for (uint32_t i = 0; i < n->cap.stages; i++) {
		struct stage *s = &n->stage[i];

		if (s->state == STAGE_READY && (!best || s->ticket < best->ticket))
			best = s;
	}
	return best && is_early(n, best) ? NULL : best;
}

void tuy_stage_again(struct tuy_node *n)
{
	for (uint32_t i = 0; i < n->cap.stages; i++) {
		if (n->stage[i].state == STAGE_RETRY)
			n->stage[i].state = STAGE_READY;
	}
}
