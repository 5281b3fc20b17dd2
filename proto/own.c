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

	t->tell.circle_no = n->log[log_no].circle_no;
	t->tell.log_no = log_no;
	t->tell.seq = seq;
	t->tell.link = link->number;
	t->tell.why = spent ? TUY_INCARNATION_SPENT : why;
	t->tell.count = incarnation_count(n) + !spent;
	if (spent)
		return;
	tuy_dice_fill(&n->dice, n->incarnation.b, sizeof n->incarnation.b);
	n->incarnation_due = true;
	n->hold_ms = 0;
	for (uint32_t i = 0; i < n->log_count; i++)
		n->log[i].own = false;
	for (uint32_t c = 0; c < n->cap.circles; c++) {
		n->own[c].own_log = NONE;
		n->own[c].recent_first = 0;
	}
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

void tuy_own_moved(struct tuy_node *n, uint32_t log_no, uint32_t count)
{
	const struct log *log = &n->log[log_no];
	struct own_circle *own = &n->own[log->circle_no];

	own->recent[log->durable.seq % RECENT_HASHES] = log->durable.hash;
	if (own->recent_first == 0 || count != 1)
		own->recent_first = log->durable.seq;
}

/* Our hash of an entry that we hold; NULL: not at hand. */
static const struct tuy_hash *hash_held(const struct tuy_node *n, const struct log *log,
                                        uint32_t seq)
{
	const struct own_circle *own = &n->own[log->circle_no];

	if (seq == log->durable.seq)
		return &log->durable.hash;
	if (!log->own || own->recent_first == 0 || seq < own->recent_first ||
	    seq > log->durable.seq || log->durable.seq - seq >= RECENT_HASHES)
		return NULL;
	return &own->recent[seq % RECENT_HASHES];
}

/* Asks the peer to show a log from its beginning. */
static void show_again(struct tuy_node *n, struct link *link, uint32_t log_no)
{
	struct log *log = &n->log[log_no];

	log->showing = true;
	log->shown.seq = 0;
	log->shown.hash = tuy_chain_start(&log->id);
	tuy_peer_log_of(n, link, log_no)->flags |= PEER_LOG_WANT_DUE;
	link->want_due = true;
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
	const struct tuy_hash *hash = log ? hash_held(n, log, row->eff_seq) : NULL;
	bool other = hash && memcmp(row->h8, hash->b, sizeof row->h8) != 0;
	bool own = log ? memcmp(&log->log16, &row->log, sizeof row->log) == 0
	               : is_log_to_be(n, circle_no, &row->log);

	if (!own || (row->eff_seq <= held && !other))
		return;
	if (n->hold_ms == 0 || now.ms >= n->hold_ms + TUY_CLAIM_PAUSE_MS)
		n->hold_ms = now.ms + TUY_CLAIM_HOLD_MS;
	if (other && !log->showing)
		show_again(n, link, log_no);
	else if (log) {
		tuy_peer_log_of(n, link, log_no)->flags |= PEER_LOG_WANT_DUE;
		link->want_due = true;
	}
}

/* The run of a DATA that follows on `head`: TUY_OK if its signature holds. */
static enum tuy_err run_check(const struct tuy_node *n, const struct log *log,
                              const struct tuy_head *head, const struct tuy_message *m,
                              struct tuy_head *end)
{
	uint32_t skip = head->seq + 1 - m->u.data.from;

	return tuy_run_check(&n->keys->device, &log->id, head,
	                     m->u.data.headers + (size_t)skip * TUY_HEADER_SIZE, m->count - skip,
	                     &m->u.data.sig, end);
}

/* Does a run that follows on `head` have another entry than we hold somewhere? */
static bool run_differs(const struct tuy_node *n, const struct log *log, struct tuy_head head,
                        const struct tuy_message *m)
{
	for (uint32_t i = head.seq + 1 - m->u.data.from; i < m->count; i++) {
		const struct tuy_hash *hash = hash_held(n, log, ++head.seq);

		head.hash =
			tuy_chain_next(&head.hash, m->u.data.headers + (size_t)i * TUY_HEADER_SIZE);
		if (hash && memcmp(hash, &head.hash, sizeof *hash) != 0)
			return true;
	}
	return false;
}

static bool covers(const struct tuy_message *m, const struct tuy_head *head)
{
	return m->u.data.from <= head->seq + 1 && head->seq < m->u.data.from + m->count - 1;
}

/* Goes on with a log that is shown from its beginning. */
static void show_go_on(struct tuy_node *n, struct link *link, uint32_t log_no,
                       const struct tuy_message *m)
{
	struct log *log = &n->log[log_no];
	struct tuy_head end;
	bool differs;

	if (run_check(n, log, &log->shown, m, &end) != TUY_OK) {
		log->showing = false;
		tuy_node_fault(n, link, TUY_E_SIGNATURE);
		if (++link->bad_signatures >= TUY_BAD_SIGNATURES_MAX)
			tuy_link_close(n, link, TUY_CLOSE_FLUSHED, TUY_CLOSE_PROTOCOL);
		return;
	}
	differs = run_differs(n, log, log->shown, m);
	log->shown = end;
	if (!differs && end.seq < log->durable.seq)
		return; /* more may come */
	log->showing = false;
	tuy_peer_log_of(n, link, log_no)->flags &= (uint16_t)~PEER_LOG_WANTED;
	log->forked = differs;
	if (differs && log->own)
		retire(n, link, log_no, end.seq, TUY_INCARNATION_FORKED);
}

bool tuy_own_shown(struct tuy_node *n, struct tuy_now now, struct link *link, uint32_t log_no,
                   const struct tuy_message *m)
{
	struct log *log = &n->log[log_no];
	struct peer_log *pl = tuy_peer_log_of(n, link, log_no);
	/* Of its own no entry was ever sent before it was durable. */
	const struct tuy_head *held = log->own ? &log->durable : &log->staged;
	struct tuy_head end;
	bool beyond = covers(m, held);
	enum tuy_err err = TUY_OK;

	if (log->forked)
		return false;
	if (beyond)
		err = run_check(n, log, held, m, &end);
	if (err != TUY_OK && err != TUY_E_SIGNATURE)
		return true; /* the ordinary way blames the sender */
	if (beyond && err == TUY_OK) {
		log->showing = false;
		log->forked = log->staged.seq > held->seq; /* by entries on their way to the disk */
		if (log->own)
			retire(n, link, log_no, end.seq,
			       log->forked ? TUY_INCARNATION_FORKED : TUY_INCARNATION_LONGER);
		return !log->forked;
	}
	if (!log->showing && err != TUY_OK)
		show_again(n, link, log_no);
	if (!log->showing)
		return true; /* all of it is held */
	if (covers(m, &log->shown)) {
		pl->flags &= (uint16_t)~PEER_LOG_WANT_DUE;
		show_go_on(n, link, log_no, m);
	} else if (!(pl->flags & PEER_LOG_WANTED)) {
		pl->flags |= PEER_LOG_WANT_DUE;
		link->want_due = true;
	}
	pl->known = larger(pl->known, m->u.data.from + m->count - 1);
	pl->sent = larger(pl->sent, pl->known);
	pl->told = 0; /* it counts on us to say what we have */
	tuy_spread_refresh(n, now, link, log_no);
	return false;
}
