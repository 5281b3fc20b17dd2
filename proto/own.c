/*
 * The logs of this device as peers show them (PROTOCOL 4.10): who holds more of them than the store
 * does proves that this store is older than what was sent from here before. Then a new incarnation
 * begins, so that no two entries ever have one place.
 */
#include "machine.h"

#include <string.h>

/* The incarnations of this device that a receiver counts: in the circle that knows most of them. */
static uint32_t incarnation_count(const struct tuy_node *n)
{
	uint32_t most = 0;

	for (uint32_t c = 0; c < n->cap.circles; c++) {
		uint32_t count = 0;

		for (uint32_t i = 0; n->circle[c].used && i < n->log_count; i++)
			count += n->log[i].mine && n->log[i].circle_no == c;
		most = larger(most, count);
	}
	return most;
}

/* Begins a new incarnation: from here on in memory, and on its way to the store. */
static void retire(struct tuy_node *n, const struct link *link, uint32_t log_no, uint32_t seq,
                   enum tuy_incarnation_why why)
{
	bool spent = incarnation_count(n) >= TUY_INCARNATIONS_MAX;
	struct tell *t = tuy_node_tell(n, TUY_TELL_INCARNATION);

	t->tell.circle_no = log_no == NONE ? 0 : n->log[log_no].circle_no;
	t->tell.log_no = log_no == NONE ? 0 : log_no;
	t->tell.seq = seq;
	t->tell.link = link ? link->number : 0;
	t->tell.why = spent ? TUY_INCARNATION_SPENT : why;
	t->tell.count = incarnation_count(n) + !spent;
	if (spent)
		return;
	tuy_dice_fill(&n->dice, n->incarnation.b, sizeof n->incarnation.b);
	n->incarnation_due = true;
	n->hold_ms = 0;
	for (uint32_t i = 0; i < n->log_count; i++)
		n->log[i].own = false;
	for (uint32_t c = 0; c < n->cap.circles; c++)
		n->own[c].own_log = NONE;
	tuy_own_publish(n);
}

void tuy_own_publish(struct tuy_node *n)
{
	struct stage *s = n->incarnation_due ? tuy_stage_take(n, NULL) : NULL;

	if (!s)
		return;
	n->incarnation_due = false;
	tuy_stage_item(s, TUY_STORE_INCARNATION, 0)->u.incarnation = n->incarnation;
	s->own = false; /* tried again until it is stored */
	s->live = true;
	n->incarnation_ticket = tuy_stage_commit(n, s);
}

void tuy_own_stored(struct tuy_node *n, uint64_t ticket)
{
	if (n->incarnation_ticket == ticket)
		n->incarnation_ticket = 0;
}

bool tuy_own_open(const struct tuy_node *n, struct tuy_now now)
{
	return !n->incarnation_due && n->incarnation_ticket == 0 && now.ms >= n->hold_ms;
}

void tuy_own_forked(struct tuy_node *n, const struct link *link, uint32_t log_no)
{
	if (n->log[log_no].own)
		retire(n, link, log_no, n->log[log_no].durable.seq, TUY_INCARNATION_FORKED);
}

void tuy_own_begin(struct tuy_node *n)
{
	for (uint32_t i = 0; i < n->log_count; i++) {
		if (n->log[i].cut != TUY_NO_CUT)
			tuy_own_forked(n, NULL, i);
	}
}

/* Is it the log that this device would write in a circle where it made none yet? */
static bool is_log_to_be(const struct tuy_node *n, uint32_t circle_no,
                         const struct tuy_log16 *log16)
{
	struct tuy_log_id id =
		tuy_log_id(&n->circle[circle_no].id, &n->keys->device, &n->incarnation);
	struct tuy_log16 own16 = tuy_log16(&id);

	return memcmp(&own16, log16, sizeof own16) == 0;
}

/* PROTOCOL 4.10: "On a mere claim" */
void tuy_own_claimed(struct tuy_node *n, struct tuy_now now, struct link *link, uint32_t circle_no,
                     const struct tuy_frontier_row *row)
{
	uint32_t log_no = n->own[circle_no].own_log;
	const struct log *log = log_no == NONE ? NULL : &n->log[log_no];
	uint32_t held = log ? log->durable.seq : 0; /* no more than that was ever sent */
	bool other = log && row->eff_seq == held &&
	             memcmp(row->h8, log->durable.hash.b, sizeof row->h8) != 0;
	bool own = log ? memcmp(&log->log16, &row->log, sizeof row->log) == 0
	               : is_log_to_be(n, circle_no, &row->log);

	if (!own || (row->eff_seq <= held && !other))
		return;
	if (n->hold_ms == 0 || now.ms >= n->hold_ms + TUY_CLAIM_PAUSE_MS)
		n->hold_ms = now.ms + TUY_CLAIM_HOLD_MS;
	if (log && !other) {
		tuy_peer_log_of(n, link, log_no)->flags |= PEER_LOG_WANT_DUE;
		link->want_due = true;
	}
}

void tuy_own_based(struct tuy_node *n, const struct link *link, uint32_t log_no, uint32_t seq)
{
	if (n->log[log_no].own)
		retire(n, link, log_no, seq, TUY_INCARNATION_LONGER);
}

void tuy_own_shown(struct tuy_node *n, const struct link *link, uint32_t log_no,
                   const struct tuy_message *m)
{
	const struct log *log = &n->log[log_no];
	uint32_t skip = log->durable.seq + 1 - m->u.data.from;
	struct tuy_head end;

	if (m->u.data.from > log->durable.seq + 1 || skip >= m->count ||
	    tuy_run_check(&n->keys->device, &log->id, &log->durable,
	                  m->u.data.headers + (size_t)skip * TUY_HEADER_SIZE, m->count - skip,
	                  &m->u.data.sig, &end) != TUY_OK)
		return;
	retire(n, link, log_no, end.seq, TUY_INCARNATION_LONGER);
}

/* PROTOCOL 5.7: "the owner is told, and if the incarnation is the own one a new one begins" */
void tuy_own_cloned(struct tuy_node *n, const struct link *link,
                    const struct tuy_incarnation *incarnation)
{
	bool shared = incarnation ? memcmp(incarnation, &n->incarnation, sizeof *incarnation) == 0
	                          : !n->cloned;

	if (!n->cloned)
		tuy_node_tell(n, TUY_TELL_CLONE)->tell.link = link->number;
	n->cloned = true;
	if (shared)
		retire(n, link, NONE, 0, TUY_INCARNATION_CLONED);
}
