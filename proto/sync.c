/*
 * What flows on an established link, circle by circle (PROTOCOL 7): operations, frontiers, entries,
 * payloads, addresses, acknowledgements. State, not queues: each due message is made from flags and
 * numbers when the socket can take it.
 */
#include "machine.h"

#include "blob.h"
#include <string.h>

void tuy_sync_credit(struct link *link, uint32_t bytes)
{
	link->credit_owed += bytes;
}

void tuy_sync_doubt(struct tuy_node *n, struct link *link, uint32_t circle_no,
                    const struct tuy_tag *digest)
{
	struct link_circle *lc = &link->circle[circle_no];

	if (!lc->shared || !lc->frontier_known)
		return;
	if (memcmp(digest, tuy_circle_digest(n, circle_no), sizeof *digest) == 0) {
		lc->in_doubt = false;
		lc->agreed = true;
		return;
	}
	if (!tuy_sync_settled(n, link, circle_no))
		return; /* something is in flight */
	if (lc->in_doubt && memcmp(&lc->doubt, digest, sizeof *digest) == 0) {
		lc->need_heads = true;
		lc->need_frontier = true;
		lc->frontier_at = 0;
		tuy_fork_doubt(n, link, circle_no);
	}
	lc->in_doubt = true;
	lc->doubt = *digest;
}

bool tuy_sync_settled(const struct tuy_node *n, const struct link *link, uint32_t circle_no)
{
	const struct link_circle *lc = &link->circle[circle_no];

	if (link->state != LINK_UP || !lc->shared || !lc->frontier_known || lc->need_ops ||
	    lc->need_frontier)
		return false;
	for (uint32_t i = 0; i < n->log_count; i++) {
		const struct peer_log *pl = tuy_peer_log_of(n, link, i);

		if (n->log[i].circle_no == circle_no &&
		    (pl->known < n->log[i].durable.seq ||
		     larger(pl->announced, pl->known) > n->log[i].durable.seq))
			return false;
	}
	return !n->own[circle_no].orphans;
}

void tuy_sync_link_gone(struct tuy_node *n, struct link *link)
{
	if (link->getb_log != NONE)
		n->log[link->getb_log].getb_link = NONE;
	link->getb_log = NONE;
}

static void getb_done(struct tuy_node *n, struct link *link)
{
	tuy_sync_link_gone(n, link);
}

/* What HAVE promised a while ago and nobody brought is asked for. */
static void promises_look(struct tuy_node *n, struct tuy_now now, struct link *link)
{
	link->promise_due_ms = 0;
	for (uint32_t i = 0; i < n->log_count; i++) {
		struct peer_log *pl = tuy_peer_log_of(n, link, i);

		if (!(pl->flags & PEER_LOG_PROMISED))
			continue;
		if (pl->known <= n->log[i].staged.seq) {
			pl->flags &= (uint16_t)~PEER_LOG_PROMISED;
		} else if (now.ms - n->log[i].advanced_ms < PROMISE_WAIT_MS) {
			link->promise_due_ms =
				now.ms + PROMISE_WAIT_MS; /* somebody is bringing it */
		} else {
			pl->flags &= (uint16_t) ~(PEER_LOG_PROMISED | PEER_LOG_PRUNED);
			pl->flags |= PEER_LOG_WANT_DUE;
			link->want_due = true;
		}
	}
}

/* PROTOCOL 7.8: "every 10 minutes each end forgets what it pruned and what was pruned" */
static void prunings_forget(struct tuy_node *n, struct tuy_now now, struct link *link)
{
	link->forget_ms = now.ms + PRUNE_LIFE_MS;
	for (uint32_t i = 0; i < n->log_count; i++) {
		tuy_peer_log_of(n, link, i)->flags &=
			(uint16_t) ~(PEER_LOG_LAZY | PEER_LOG_PRUNED | PEER_LOG_PRUNE_DUE);
		tuy_spread_refresh(n, now, link, i);
	}
}

void tuy_sync_time(struct tuy_node *n, struct tuy_now now, struct link *link)
{
	tuy_fork_time(n, now, link);
	if (link->getb_log != NONE && now.ms >= link->getb_deadline_ms) {
		tuy_peer_log_of(n, link, link->getb_log)->flags |= PEER_LOG_NO_BLOBS;
		getb_done(n, link);
	}
	if (link->promise_due_ms && now.ms >= link->promise_due_ms)
		promises_look(n, now, link);
	if (now.ms >= link->forget_ms)
		prunings_forget(n, now, link);
	if (link->unsent > 0 || link->tx_credit < TUY_RECORD_MAX) {
		if (now.ms - link->progress_ms > TUY_SLOW_MS)
			tuy_link_close(n, link, TUY_CLOSE_FLUSHED, TUY_CLOSE_SLOW);
	} else {
		link->progress_ms = now.ms;
	}
}

/* ---- taking: operations ---- */

static void peer_has_op(const struct tuy_node *n, const struct link *link, uint32_t circle_no,
                        uint32_t op)
{
	const struct tuy_circle_state *c = &n->circle[circle_no];
	uint64_t *has = tuy_peer_has_of(n, link, circle_no);

	for (uint32_t w = 0; w < c->words; w++)
		has[w] |= c->past[(size_t)op * c->words + w];
	bit_set(has, op);
}

static void heads_take(struct tuy_node *n, struct link *link, uint32_t circle_no,
                       struct tuy_message *m)
{
	struct link_circle *lc = &link->circle[circle_no];

	for (uint32_t i = 0; i < m->count; i++) {
		struct tuy_tag head = tuy_message_next_tag(&m->list);
		uint32_t op = tuy_circle_op_find(&n->circle[circle_no], head.b, sizeof head.b);

		if (op != NONE)
			peer_has_op(n, link, circle_no, op);
	}
	if (!lc->ops_known && !lc->heads_sent)
		lc->need_heads = true;
	lc->ops_known = true;
	lc->need_ops = true;
}

static void getops_take(struct tuy_node *n, struct link *link, uint32_t circle_no,
                        struct tuy_message *m)
{
	const struct tuy_circle_state *c = &n->circle[circle_no];
	uint64_t *has = tuy_peer_has_of(n, link, circle_no);

	for (uint32_t i = 0; i < m->count; i++) {
		struct tuy_tag id = tuy_message_next_tag(&m->list);
		uint32_t op = tuy_circle_op_find(c, id.b, sizeof id.b);

		if (op == NONE)
			continue;
		bit_clear(has, op);
		for (uint32_t k = op + 1; k < c->op_count; k++) {
			if (tuy_circle_precedes(c, op, k))
				bit_clear(has, k);
		}
	}
	link->circle[circle_no].ops_known = true;
	link->circle[circle_no].need_ops = true;
}

static void getops_ask(struct link_circle *lc, const struct tuy_op *op,
                       const struct tuy_circle_state *c)
{
	for (uint32_t i = 0; i < op->prev_count && lc->getops_count < TUY_OP_PREV_MAX; i++) {
		if (tuy_circle_op_find(c, op->prev[i].b, sizeof op->prev[i].b) == NONE)
			memcpy(lc->getops[lc->getops_count++].b, op->prev[i].b,
			       sizeof lc->getops[0].b);
	}
	lc->need_getops = lc->getops_count > 0;
}

/* Returns false if the peer may not go on. An operation for which there is no room is not asked for
 * again with what names it: that would go on for ever. */
static bool op_take(struct tuy_node *n, struct tuy_now now, struct link *link, uint32_t circle_no,
                    struct tuy_bytes bytes, struct stage *stage)
{
	struct tuy_op op;
	uint32_t index = NONE;
	enum tuy_err err = tuy_op_parse(bytes, &op);
	struct tuy_store_item *item;

	if (err == TUY_OK)
		err = tuy_circle_add(&n->circle[circle_no], &op, &index);
	if (err == TUY_E_GAP) {
		getops_ask(&link->circle[circle_no], &op, &n->circle[circle_no]);
		return true;
	}
	if (err == TUY_E_CONFLICT) {
		peer_has_op(n, link, circle_no, index);
		return true;
	}
	if (err == TUY_E_FULL)
		link->circle[circle_no].ops_full = true;
	if (err != TUY_OK) {
		tuy_node_fault(n, link, err);
		return err == TUY_E_FULL;
	}
	peer_has_op(n, link, circle_no, index);
	item = tuy_stage_item(stage, TUY_STORE_OP, circle_no);
	item->u.op.index = index;
	item->u.op.bytes = bytes;
	tuy_spread_member(n, now, circle_no, index);
	return true;
}

static void ops_take(struct tuy_node *n, struct tuy_now now, struct link *link, uint32_t circle_no,
                     struct tuy_message *m, struct stage **stage)
{
	struct link_circle *lc = &link->circle[circle_no];
	bool fine = m->count <= OPS_PER_MESSAGE;

	lc->ops_full = false;
	for (uint32_t i = 0; fine && i < m->count; i++)
		fine = op_take(n, now, link, circle_no, tuy_message_next_bin(&m->list), *stage);
	if (lc->ops_full) {
		lc->getops_count = 0;
		lc->need_getops = false;
	}
	if ((*stage)->item_count > 0) {
		(*stage)->live = true;
		tuy_stage_commit(n, *stage);
		*stage = NULL;
	}
	if (!fine)
		tuy_link_close(n, link, TUY_CLOSE_FLUSHED, TUY_CLOSE_PROTOCOL);
}

/* ---- taking: logs ---- */

/* A peer's log that ends where ours does ends in the same hash, or is another branch. */
static void head_compare(struct tuy_node *n, struct link *link, uint32_t log_no, uint32_t seq,
                         const uint8_t h8[8])
{
	const struct log *log = &n->log[log_no];

	if (seq == log->durable.seq && seq == log->staged.seq && seq > 0 &&
	    memcmp(h8, log->durable.hash.b, 8) != 0)
		tuy_fork_suspect(n, link, log_no, FORK_HEADS_DIFFER);
}

static void frontier_take(struct tuy_node *n, struct tuy_now now, struct link *link,
                          uint32_t circle_no, struct tuy_message *m)
{
	struct link_circle *lc = &link->circle[circle_no];

	if (!lc->frontier_taking) { /* a new list: what it does not name, the peer does not have */
		for (uint32_t i = 0; i < n->log_count; i++) {
			struct peer_log *pl = tuy_peer_log_of(n, link, i);

			if (n->log[i].circle_no == circle_no)
				*pl = (struct peer_log){ .told = pl->told,
					                 .flags = pl->flags & PEER_LOG_LASTING };
		}
		lc->announced = 0;
	}
	for (uint32_t i = 0; i < m->count; i++) {
		struct tuy_frontier_row row = tuy_message_next_frontier(&m->list);
		uint32_t log_no = tuy_log_find(n, &row.log);
		struct peer_log *pl;

		lc->announced += row.eff_seq;
		if (log_no == NONE || n->log[log_no].own)
			tuy_own_claimed(n, now, link, circle_no, &row);
		if (log_no == NONE || n->log[log_no].circle_no != circle_no)
			continue;
		pl = tuy_peer_log_of(n, link, log_no);
		pl->announced = pl->known = pl->sent = tuy_fork_clamp(n, link, log_no, row.eff_seq);
		head_compare(n, link, log_no, row.eff_seq, row.h8);
	}
	lc->frontier_taking = !m->u.frontier.last;
	if (!m->u.frontier.last)
		return;
	lc->frontier_known = true;
	if (!lc->frontier_sent)
		lc->need_frontier = true;
	for (uint32_t i = 0; i < n->log_count; i++) {
		if (n->log[i].circle_no == circle_no)
			tuy_spread_refresh(n, now, link, i);
	}
}

/* A log that begins with this DATA, if its device really signed it; NONE. */
static uint32_t data_begin(struct tuy_node *n, struct link *link, uint32_t circle_no,
                           const struct tuy_message *m, struct stage *stage)
{
	struct tuy_head start = { .hash = tuy_chain_start(&link->info_id) }, end;

	if (!tuy_begin_named(n, link, circle_no, &m->u.data.log) || m->u.data.from != 1)
		return NONE;
	if (tuy_run_check(&link->info_device, &link->info_id, &start, m->u.data.headers, m->count,
	                  &m->u.data.sig, &end) != TUY_OK) {
		tuy_node_fault(n, link, TUY_E_SIGNATURE);
		tuy_link_close(n, link, TUY_CLOSE_FLUSHED, TUY_CLOSE_PROTOCOL);
		return NONE;
	}
	return tuy_begin_log(n, link, stage);
}

static void data_keep(struct tuy_node *n, uint32_t log_no, const struct tuy_message *m,
                      uint32_t skip, const struct tuy_head *end, struct stage **stage)
{
	struct log *log = &n->log[log_no];
	struct tuy_store_item *item = tuy_stage_item(*stage, TUY_STORE_ENTRIES, log->circle_no);

	item->log_no = log_no;
	item->u.entries.from = m->u.data.from + skip;
	item->u.entries.count = m->count - skip;
	item->u.entries.headers = m->u.data.headers + (size_t)skip * TUY_HEADER_SIZE;
	item->u.entries.blobs = (*stage)->blobs;
	item->u.entries.head = *end;
	item->u.entries.sig = m->u.data.sig;
	tuy_erase_scan(n, *stage, log_no, item->u.entries.headers, (*stage)->blobs,
	               item->u.entries.count);
	log->staged = *end;
	(*stage)->live = m->count - skip <= 4;
	tuy_stage_commit(n, *stage);
	*stage = NULL;
}

/* PROTOCOL 7.8: "The link that brought the newest entries is never pruned" */
static void duplicate(struct tuy_node *n, struct link *link, const struct log *log,
                      struct peer_log *pl)
{
	const struct link *source = tuy_link_at(n, log->source);

	if (n->flooding || !source || source == link || source->state != LINK_UP ||
	    source->close_due || (pl->flags & PEER_LOG_PRUNED))
		return;
	pl->flags |= PEER_LOG_PRUNED | PEER_LOG_PRUNE_DUE;
	link->prune_due = true;
}

static void prune_take(struct tuy_node *n, struct tuy_now now, struct link *link,
                       uint32_t circle_no, struct tuy_message *m)
{
	for (uint32_t i = 0; i < m->count; i++) {
		struct tuy_tag tag = tuy_message_next_tag(&m->list);
		struct tuy_log16 log16;
		uint32_t log_no;

		memcpy(log16.b, tag.b, sizeof log16.b);
		log_no = tuy_log_find(n, &log16);
		if (log_no == NONE || n->log[log_no].circle_no != circle_no || n->flooding)
			continue;
		tuy_peer_log_of(n, link, log_no)->flags |= PEER_LOG_LAZY;
		bit_clear(link_dirty(n, link), log_no);
		tuy_spread_refresh(n, now, link, log_no);
	}
}

/* Entries that follow on what is held. */
static void data_new(struct tuy_node *n, struct tuy_now now, struct link *link, uint32_t log_no,
                     struct tuy_message *m, struct stage **stage)
{
	struct log *log = &n->log[log_no];
	struct peer_log *pl = tuy_peer_log_of(n, link, log_no);
	uint32_t skip = log->staged.seq + 1 - m->u.data.from;
	struct tuy_head end;
	enum tuy_err err =
		tuy_run_check(&n->circle[log->circle_no].device[log->device].cert.device, &log->id,
	                      &log->staged, m->u.data.headers + (size_t)skip * TUY_HEADER_SIZE,
	                      m->count - skip, &m->u.data.sig, &end);

	if (err == TUY_E_SIGNATURE && log->staged.seq > 0) {
		tuy_fork_suspect(n, link, log_no, FORK_RUN_MISFITS); /* nobody is blamed yet */
		return;
	}
	if (err == TUY_OK)
		err = tuy_stage_blobs(*stage, m, skip);
	if (err != TUY_OK) {
		tuy_node_fault(n, link, err);
		if (err != TUY_E_SIGNATURE || ++link->bad_signatures >= TUY_BAD_SIGNATURES_MAX)
			tuy_link_close(n, link, TUY_CLOSE_FLUSHED, TUY_CLOSE_PROTOCOL);
		return;
	}
	(*stage)->credit = (uint32_t)(*stage)->len;
	data_keep(n, log_no, m, skip, &end, stage);
	pl->flags &= (uint16_t) ~(PEER_LOG_WANTED | PEER_LOG_PROMISED);
	log->source = link->number;
	log->advanced_ms = now.ms;
}

/* Is this DATA for the ordinary way? Not if a probe asked for it, or beyond a cut. */
static bool data_is_plain(struct tuy_node *n, struct tuy_now now, struct link *link,
                          uint32_t log_no, struct tuy_message *m, struct stage **stage)
{
	struct log *log = &n->log[log_no];
	uint32_t last = m->u.data.from + m->count - 1;
	enum fork_answer answer = tuy_fork_data(n, now, link, log_no, m, stage);

	if (answer == FORK_FOUND && log->mine)
		tuy_own_forked(n, link, log_no);
	if (answer != FORK_NOT_ASKED || log->cutting)
		return false;
	return tuy_fork_clamp(n, link, log_no, last) == last;
}

/* PROTOCOL 7.4: "A receiver checks DATA in this order" */
static void data_take(struct tuy_node *n, struct tuy_now now, struct link *link, uint32_t circle_no,
                      struct tuy_message *m, struct stage **stage)
{
	uint32_t log_no = tuy_log_find(n, &m->u.data.log), last = m->u.data.from + m->count - 1;
	struct peer_log *pl;
	struct log *log;

	if (log_no == NONE)
		log_no = data_begin(n, link, circle_no, m, *stage);
	if (log_no == NONE || n->log[log_no].circle_no != circle_no)
		return;
	log = &n->log[log_no];
	pl = tuy_peer_log_of(n, link, log_no);
	if (n->store_retry_ms || last < m->u.data.from ||
	    !data_is_plain(n, now, link, log_no, m, stage))
		return;
	if (log->own)
		tuy_own_shown(n, link, log_no, m);
	if (m->u.data.from > log->staged.seq + 1) {
		if (!(pl->flags & PEER_LOG_WANTED)) {
			pl->flags |= PEER_LOG_WANT_DUE;
			link->want_due = true;
		}
		return;
	}
	if (last > log->staged.seq)
		data_new(n, now, link, log_no, m, stage);
	else
		duplicate(n, link, log, pl);
	if (last == log->durable.seq && last == log->staged.seq &&
	    memcmp(&m->u.data.sig, &log->sig, sizeof log->sig) != 0)
		tuy_fork_suspect(n, link, log_no, FORK_HEADS_DIFFER);
	pl->known = larger(pl->known, last);
	pl->sent = larger(pl->sent, last);
	if (last <= log->durable.seq)
		tuy_spread_refresh(n, now, link, log_no);
}

static void want_take(struct tuy_node *n, struct tuy_now now, struct link *link, uint32_t circle_no,
                      const struct tuy_message *m)
{
	uint32_t log_no = tuy_log_find(n, &m->u.want.log);
	struct peer_log *pl;

	if (log_no == NONE || n->log[log_no].circle_no != circle_no)
		return;
	if (m->u.want.flags & TUY_WANT_FORK) {
		tuy_fork_want(n, link, log_no, m->u.want.from);
		return;
	}
	pl = tuy_peer_log_of(n, link, log_no);
	pl->known = pl->sent = tuy_fork_clamp(n, link, log_no, m->u.want.from - 1);
	pl->flags &= (uint16_t)~PEER_LOG_LAZY;
	tuy_spread_refresh(n, now, link, log_no);
}

static void forkproof_take(struct tuy_node *n, struct link *link, uint32_t circle_no,
                           const struct tuy_message *m, struct stage **stage)
{
	uint32_t log_no = tuy_log_find(n, &m->u.fork.log);

	if (log_no == NONE || n->log[log_no].circle_no != circle_no)
		return;
	if (tuy_fork_proof_take(n, link, log_no, m, stage) && n->log[log_no].mine)
		tuy_own_forked(n, link, log_no);
}

static void have_take(struct tuy_node *n, struct tuy_now now, struct link *link, uint32_t circle_no,
                      struct tuy_message *m)
{
	link->progress_ms = now.ms;
	for (uint32_t i = 0; i < m->count; i++) {
		struct tuy_have_row row = tuy_message_next_have(&m->list);
		uint32_t log_no = tuy_log_find(n, &row.log), seq;
		struct peer_log *pl;

		if (log_no == NONE || n->log[log_no].circle_no != circle_no)
			continue;
		pl = tuy_peer_log_of(n, link, log_no);
		seq = tuy_fork_clamp(n, link, log_no, row.seq);
		head_compare(n, link, log_no, row.seq, row.h8);
		pl->known = larger(pl->known, seq);
		if (seq > n->log[log_no].staged.seq) {
			pl->flags |= PEER_LOG_PROMISED;
			if (link->promise_due_ms == 0)
				link->promise_due_ms = now.ms + PROMISE_WAIT_MS;
		}
		tuy_spread_refresh(n, now, link, log_no);
	}
}

/* ---- taking: payloads and addresses ---- */

static void blob_take(struct tuy_node *n, struct link *link, uint32_t circle_no,
                      const struct tuy_message *m, struct stage **stage)
{
	uint32_t log_no = tuy_log_find(n, &m->u.blob.log);
	struct tuy_store_item *item;

	if (log_no == NONE || log_no != link->getb_log || n->log[log_no].circle_no != circle_no)
		return;
	for (uint32_t i = 0; i < link->getb_count; i++) {
		struct tuy_hash commit;
		struct tuy_header header;

		if (link->getb_seq[i] != m->u.blob.seq || m->u.blob.seq > n->log[log_no].cut)
			continue;
		commit = tuy_blob_commit(m->u.blob.blob);
		if (tuy_header_decode(link->getb_header[i], &header) != TUY_OK ||
		    m->u.blob.blob.len != header.payload_len ||
		    memcmp(&commit, &header.pcommit, sizeof commit) != 0) {
			tuy_node_fault(n, link, TUY_E_COMMIT);
			tuy_link_close(n, link, TUY_CLOSE_FLUSHED, TUY_CLOSE_PROTOCOL);
			return;
		}
		link->getb_seq[i] = 0;
		item = tuy_stage_item(*stage, TUY_STORE_BLOB, circle_no);
		item->log_no = log_no;
		item->u.blob.seq = m->u.blob.seq;
		item->u.blob.blob = m->u.blob.blob;
		/* The ticket keeps what it points to: the link's headers are the next question's.
		 */
		memcpy((*stage)->bytes + (*stage)->len, link->getb_header[i], TUY_HEADER_SIZE);
		tuy_erase_scan(n, *stage, log_no, (*stage)->bytes + (*stage)->len,
		               &item->u.blob.blob, 1);
		n->log[log_no].blobs_staged++;
		link->blobs_wait_ms = 0;
		(*stage)->credit = (uint32_t)(*stage)->len;
		tuy_stage_commit(n, *stage);
		*stage = NULL;
		if (--link->getb_left == 0)
			getb_done(n, link);
		return;
	}
}

/* PROTOCOL 7.10: "A peer's GONE is never a tombstone, whatever its reason" */
static void gone_take(struct tuy_node *n, struct link *link, uint32_t circle_no,
                      const struct tuy_message *m, struct stage **stage)
{
	uint32_t log_no = tuy_log_find(n, &m->u.seqs.log);

	if (log_no == NONE || n->log[log_no].circle_no != circle_no)
		return;
	tuy_fork_gone(n, link, log_no, m);
	for (uint32_t i = 0; log_no == link->getb_log && i < m->count; i++) {
		for (uint32_t k = 0; k < link->getb_count; k++) {
			if (link->getb_seq[k] != m->u.seqs.seq[i])
				continue;
			link->getb_seq[k] = 0;
			link->getb_left--;
		}
	}
	if (log_no == link->getb_log && link->getb_left == 0)
		getb_done(n, link);
	if (n->log[log_no].mine && m->u.seqs.reason == TUY_GONE_ERASED)
		tuy_receipt_take(n, link, log_no, m, stage);
}

static void getb_take(struct tuy_node *n, struct link *link, uint32_t circle_no,
                      const struct tuy_message *m)
{
	uint32_t log_no = tuy_log_find(n, &m->u.seqs.log);

	if (log_no == NONE || n->log[log_no].circle_no != circle_no || link->give_log != NONE)
		return;
	link->give_log = log_no;
	link->give_count = m->count;
	link->give_at = 0;
	memcpy(link->give_seq, m->u.seqs.seq, m->count * sizeof link->give_seq[0]);
}

static void peers_take(struct tuy_node *n, struct tuy_now now, struct link *link,
                       struct tuy_message *m, struct stage **stage)
{
	for (uint32_t i = 0; i < m->count; i++) {
		struct tuy_bytes record = tuy_message_next_bin(&m->list);
		struct tuy_store_item *item;
		uint32_t peer = NONE;

		if (tuy_address_learn(n, now, record, &peer) != TUY_OK)
			continue;
		bit_clear(link->peers_due, peer);
		item = tuy_stage_item(*stage, TUY_STORE_ADDRESS, 0);
		item->u.address.device = n->peer[peer].device;
		item->u.address.record = record;
		tuy_spread_address(n, peer, link);
	}
	if ((*stage)->item_count == 0)
		return;
	tuy_stage_commit(n, *stage);
	*stage = NULL;
}

/* DATA, BLOB and MAIL cost credit, whether they are kept or not; what is not kept is returned at
 * once. */
static bool credit_take(struct tuy_node *n, struct link *link, const struct tuy_message *m,
                        size_t len)
{
	if (m->type != TUY_MSG_DATA && m->type != TUY_MSG_BLOB && m->type != TUY_MSG_MAIL)
		return true;
	if (len > link->rx_credit) {
		tuy_node_fault(n, link, TUY_E_LIMIT);
		tuy_link_close(n, link, TUY_CLOSE_FLUSHED, TUY_CLOSE_PROTOCOL);
		return false;
	}
	link->rx_credit -= (uint32_t)len;
	return true;
}

void tuy_sync_message(struct tuy_node *n, struct tuy_now now, struct link *link,
                      struct tuy_message *m, struct stage **stage)
{
	struct stage *kept = *stage;
	uint32_t c;
	size_t len = kept->len;

	if (m->type == TUY_MSG_UNKNOWN || !credit_take(n, link, m, len))
		return;
	c = m->circle < link->peer_count ? link->peer_circle[m->circle] : NONE;
	if (c != NONE && link->circle[c].shared) {
		switch ((int)m->type) {
		case TUY_MSG_HEADS:
			heads_take(n, link, c, m);
			break;
		case TUY_MSG_OPS:
			ops_take(n, now, link, c, m, stage);
			break;
		case TUY_MSG_GETOPS:
			getops_take(n, link, c, m);
			break;
		case TUY_MSG_FRONTIER:
			frontier_take(n, now, link, c, m);
			break;
		case TUY_MSG_LOGINFO:
			tuy_begin_info(n, link, c, m);
			break;
		case TUY_MSG_DATA:
			data_take(n, now, link, c, m, stage);
			break;
		case TUY_MSG_BLOB:
			blob_take(n, link, c, m, stage);
			break;
		case TUY_MSG_GETB:
			getb_take(n, link, c, m);
			break;
		case TUY_MSG_GONE:
			gone_take(n, link, c, m, stage);
			break;
		case TUY_MSG_BASE:
			tuy_base_take(n, now, link, c, m, stage);
			break;
		case TUY_MSG_HAVE:
			have_take(n, now, link, c, m);
			break;
		case TUY_MSG_WANT:
			want_take(n, now, link, c, m);
			break;
		case TUY_MSG_PRUNE:
			prune_take(n, now, link, c, m);
			break;
		case TUY_MSG_FORKPROOF:
			forkproof_take(n, link, c, m, stage);
			break;
		case TUY_MSG_PEERS:
			peers_take(n, now, link, m, stage);
			break;
		default:
			break; /* PROTOCOL 5.5: reserved ones */
		}
	}
	if (*stage && (*stage)->item_count > 0) { /* a log whose first entries were not kept */
		tuy_stage_commit(n, *stage);
		*stage = NULL;
	}
	if (*stage &&
	    (m->type == TUY_MSG_DATA || m->type == TUY_MSG_BLOB || m->type == TUY_MSG_MAIL))
		tuy_sync_credit(link, (uint32_t)len);
}
