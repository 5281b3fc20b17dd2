/* What it means that a ticket is durable, or failed (tuy_node_on_stored). */
#include "machine.h"

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
	tuy_spread_log(n, now, item->log_no);
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
		tuy_spread_ops(n, item->circle_no);
		break;
	case TUY_STORE_ENTRIES:
		log_stored(n, now, item);
		break;
	case TUY_STORE_BLOB:
		n->log[item->log_no].blobs_staged--;
		if (n->log[item->log_no].missing > 0) { /* else it was erased meanwhile */
			n->log[item->log_no].missing--;
			n->own[item->circle_no].missing--;
		}
		break;
	case TUY_STORE_RETRACT:
		tuy_erase_stored(n, item);
		break;
	case TUY_STORE_RECEIPT:
		tuy_receipt_stored(n, item);
		break;
	case TUY_STORE_BASE:
		tuy_base_stored(n, now, item);
		break;
	case TUY_STORE_CUT:
		tuy_fork_stored(n, item->log_no);
		break;
	case TUY_STORE_VOIDED:
		tuy_fork_voided(n, item->log_no);
		break;
	case TUY_STORE_SPENT:
	case TUY_STORE_CIRCLE:
	case TUY_STORE_EPOCH:
	case TUY_STORE_LOG:
	case TUY_STORE_ADDRESS:
	case TUY_STORE_INVITE:
	case TUY_STORE_INCARNATION:
	case TUY_STORE_SETTLED:
	case TUY_STORE_PRIVATE:
		break;
	}
}

/* Entries that were not kept: the log is where the store has it, and the peers are asked again. */
static void item_failed(struct tuy_node *n, const struct tuy_store_item *item)
{
	struct log *log;

	if (item->kind == TUY_STORE_CIRCLE)
		n->circle[item->circle_no].used = false;
	if (item->kind == TUY_STORE_BLOB)
		n->log[item->log_no].blobs_staged--;
	if (item->kind == TUY_STORE_VOIDED)
		tuy_fork_voided_again(n, item->log_no);
	if (item->kind != TUY_STORE_ENTRIES && item->kind != TUY_STORE_BASE)
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
		enum tuy_store_kind kind = s->items[i].kind;

		if (kind == TUY_STORE_CIRCLE || kind == TUY_STORE_OP || kind == TUY_STORE_EPOCH ||
		    kind == TUY_STORE_LOG || kind == TUY_STORE_INVITE ||
		    kind == TUY_STORE_INCARNATION || kind == TUY_STORE_CUT)
			return true;
	}
	return false;
}

static void stage_end(struct tuy_node *n, struct tuy_now now, struct stage *s,
                      enum tuy_stored stored)
{
	uint64_t ticket = s->ticket;
	struct link *link;

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
		tuy_admit_stored(n, ticket);
	if (stored == TUY_STORED_OK)
		tuy_own_stored(n, ticket);
	tuy_stage_free(n, s);
	if (link)
		tuy_settled_look(n, now, link);
}

void tuy_stored_ticket(struct tuy_node *n, struct tuy_now now, uint64_t ticket,
                       enum tuy_stored stored)
{
	struct stage *s = tuy_stage_find(n, ticket);

	if (!s || s->state != STAGE_ISSUED)
		return;
	tuy_stage_rest(n, now, s);
	stage_end(n, now, s, stored);
	for (uint32_t i = 0; stored == TUY_STORED_FAILED && i < n->cap.stages; i++) {
		s = &n->stage[i]; /* what waits in bulk may go on where this began */
		if (s->state == STAGE_READY && tuy_stage_is_bulk(s))
			stage_end(n, now, s, stored);
	}
}

void tuy_stored_retry(struct tuy_node *n, struct tuy_now now)
{
	if (n->store_retry_ms == 0 || now.ms < n->store_retry_ms)
		return;
	n->store_retry_ms = 0;
	tuy_stage_again(n);
	for (uint32_t c = 0; c < n->cap.circles; c++) {
		if (n->circle[c].used)
			tuy_spread_frontier(n, c);
	}
}
