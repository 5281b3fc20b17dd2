/* Tickets: what is on its way to the store. A stage holds the bytes until the store has answered.
 */
#include "machine.h"

#include <string.h>

static struct stage *stage_find(struct tuy_node *n, uint64_t ticket)
{
	for (uint32_t i = 0; i < n->cap.stages; i++) {
		struct stage *s = &n->stage[i];

		if (s->state >= STAGE_READY && s->ticket == ticket)
			return s;
	}
	return NULL;
}

static void log_stored(struct tuy_node *n, struct tuy_now now, const struct tuy_store_item *item)
{
	struct log *log = &n->log[item->log_no];
	struct own_circle *own = &n->own[item->circle_no];
	uint32_t missing = 0;
	struct tell *t;

	for (uint32_t i = 0; i < item->u.entries.count; i++) {
		bool has_payload = item->u.entries.headers[(size_t)i * TUY_HEADER_SIZE + 1] &
		                   TUY_HEADER_PAYLOAD;

		missing += has_payload && !item->u.entries.blobs[i].p;
	}
	log->durable = item->u.entries.head;
	log->sig = item->u.entries.sig;
	if (log->staged.seq < log->durable.seq)
		log->staged = log->durable;
	log->missing += missing;
	own->entries += item->u.entries.count;
	own->missing += missing;
	own->digest_valid = false;
	tuy_sync_log_advanced(n, now, item->log_no);
	if (log->own)
		return;
	t = tuy_node_tell(n, TUY_TELL_ENTRIES);
	t->tell.circle_no = item->circle_no;
	t->tell.log_no = item->log_no;
	t->tell.seq = item->u.entries.from;
	t->tell.count = item->u.entries.count;
}

static void item_stored(struct tuy_node *n, struct tuy_now now, const struct tuy_store_item *item)
{
	switch (item->kind) {
	case TUY_STORE_OP:
		n->circle[item->circle_no].op[item->u.op.index].durable = true;
		tuy_sync_ops_changed(n, item->circle_no);
		break;
	case TUY_STORE_ENTRIES:
		log_stored(n, now, item);
		break;
	case TUY_STORE_BLOB:
		if (n->log[item->log_no].missing > 0) {
			n->log[item->log_no].missing--;
			n->own[item->circle_no].missing--;
		}
		break;
	case TUY_STORE_CIRCLE:
	case TUY_STORE_EPOCH:
	case TUY_STORE_LOG:
	case TUY_STORE_ADDRESS:
	case TUY_STORE_INVITE:
		break;
	}
}

/* Entries that were not kept: the log is where the store has it, and the peers are asked again. */
static void item_failed(struct tuy_node *n, const struct tuy_store_item *item)
{
	struct log *log;

	if (item->kind == TUY_STORE_CIRCLE)
		n->circle[item->circle_no].used = false;
	if (item->kind != TUY_STORE_ENTRIES)
		return;
	log = &n->log[item->log_no];
	log->staged = log->durable;
}

/* Must this ticket be tried again until it works? Operations and logs are in memory already and
 * others build on them. */
static bool is_needed(const struct stage *s)
{
	if (s->own)
		return false;
	for (uint32_t i = 0; i < s->item_count; i++) {
		if (s->items[i].kind != TUY_STORE_ENTRIES && s->items[i].kind != TUY_STORE_BLOB &&
		    s->items[i].kind != TUY_STORE_ADDRESS)
			return true;
	}
	return false;
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

uint64_t tuy_stage_commit(struct tuy_node *n, struct stage *s)
{
	tuy_require(s->state == STAGE_HELD && s->item_count > 0);
	s->ticket = ++n->ticket_last;
	s->state = STAGE_READY;
	return s->ticket;
}

struct stage *tuy_stage_next(struct tuy_node *n)
{
	struct stage *best = NULL;

	for (uint32_t i = 0; i < n->cap.stages; i++) {
		struct stage *s = &n->stage[i];

		if (s->state == STAGE_READY && (!best || s->ticket < best->ticket))
			best = s;
	}
	return best;
}

void tuy_stage_stored(struct tuy_node *n, struct tuy_now now, uint64_t ticket,
                      enum tuy_stored stored)
{
	struct stage *s = stage_find(n, ticket);
	struct link *link;

	if (!s || s->state != STAGE_ISSUED)
		return;
	for (uint32_t i = 0; i < s->item_count; i++) {
		if (stored == TUY_STORED_OK)
			item_stored(n, now, &s->items[i]);
		else if (!is_needed(s))
			item_failed(n, &s->items[i]);
	}
	if (stored == TUY_STORED_FAILED)
		n->store_retry_ms = now.ms + STORE_RETRY_MS;
	if (stored == TUY_STORED_FAILED && is_needed(s)) {
		s->state = STAGE_RETRY;
		return;
	}
	link = tuy_link_at(n, s->link);
	if (link)
		tuy_sync_credit(link, s->credit);
	if (s->own) {
		struct tell *t = tuy_node_tell(n, TUY_TELL_STORED);

		t->tell.ticket = ticket;
		t->tell.stored = stored;
	}
	if (stored == TUY_STORED_OK)
		tuy_admit_stored(n, now, ticket);
	tuy_stage_free(n, s);
}

void tuy_stage_again(struct tuy_node *n)
{
	for (uint32_t i = 0; i < n->cap.stages; i++) {
		if (n->stage[i].state == STAGE_RETRY)
			n->stage[i].state = STAGE_READY;
	}
}

void tuy_stage_retry(struct tuy_node *n, struct tuy_now now)
{
	if (n->store_retry_ms == 0 || now.ms < n->store_retry_ms)
		return;
	n->store_retry_ms = 0;
	tuy_stage_again(n);
	for (uint32_t c = 0; c < n->cap.circles; c++) {
		if (n->circle[c].used)
			tuy_sync_frontier_again(n, c);
	}
}
