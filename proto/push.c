/*
 * What is due on a link, made from state when the socket and the peer's credit can take it
 * (PROTOCOL 7.2, 7.3, 7.6). Order: operations, frontiers and addresses, acknowledgements, payloads
 * asked for, then logs, newest written first.
 */
#include "machine.h"

#include <string.h>

#define MESSAGE_MARGIN 256

static struct tuy_writer message(struct tuy_node *n)
{
	return tuy_writer(n->plain, TUY_RECORD_MAX);
}

static void task_read(struct tuy_task *task, enum tuy_read_kind kind, const struct link *link,
                      uint32_t circle_no)
{
	task->what = TUY_DO_READ;
	task->u.read =
		(struct tuy_read){ .kind = kind, .link = link->number, .circle_no = circle_no };
}

/* ---- operations ---- */

static void heads_write(struct tuy_node *n, struct link *link, uint32_t circle_no)
{
	struct link_circle *lc = &link->circle[circle_no];
	struct tuy_hash head[64];
	uint32_t count = tuy_circle_heads(&n->circle[circle_no], head, 64);
	struct tuy_writer w = message(n);

	lc->need_heads = false;
	lc->heads_sent = true;
	tuy_message_put_heads(&w, lc->index, count);
	for (uint32_t i = 0; i < count; i++) {
		struct tuy_tag h;

		memcpy(h.b, head[i].b, sizeof h.b);
		tuy_message_put_tag(&w, &h);
	}
	tuy_link_seal(n, link, &w);
}

static bool ops_task(struct tuy_node *n, struct link *link, uint32_t circle_no,
                     struct tuy_task *task)
{
	const struct tuy_circle_state *c = &n->circle[circle_no];
	const uint64_t *has = tuy_peer_has_of(n, link, circle_no);

	task_read(task, TUY_READ_OPS, link, circle_no);
	for (uint32_t i = 0; i < c->op_count && task->u.read.count < OPS_PER_MESSAGE; i++) {
		if (!bit_get(has, i) && c->op[i].durable)
			task->u.read.index[task->u.read.count++] = i;
	}
	if (task->u.read.count > 0)
		return true;
	task->what = TUY_DO_NOTHING;
	link->circle[circle_no].need_ops = false;
	return false;
}

static void ops_write(struct tuy_node *n, struct link *link, const struct tuy_read *read,
                      const struct tuy_read_result *result)
{
	uint64_t *has = tuy_peer_has_of(n, link, read->circle_no);
	size_t size = MESSAGE_MARGIN;
	struct tuy_writer w = message(n);
	uint32_t count = 0;

	while (count < result->count && size + result->bytes[count].len + 5 <= TUY_RECORD_MAX)
		size += result->bytes[count++].len + 5;
	tuy_message_put_ops(&w, link->circle[read->circle_no].index, count);
	for (uint32_t i = 0; i < count; i++) {
		tuy_write_bin(&w, result->bytes[i].p, result->bytes[i].len);
		bit_set(has, read->index[i]);
	}
	tuy_link_seal(n, link, &w);
}

static void getops_write(struct tuy_node *n, struct link *link, uint32_t circle_no)
{
	struct link_circle *lc = &link->circle[circle_no];
	struct tuy_writer w = message(n);

	tuy_message_put_getops(&w, lc->index, lc->getops_count);
	for (uint32_t i = 0; i < lc->getops_count; i++)
		tuy_message_put_tag(&w, &lc->getops[i]);
	lc->getops_count = 0;
	lc->need_getops = false;
	tuy_link_seal(n, link, &w);
}

/* ---- frontier, addresses ---- */

static void frontier_write(struct tuy_node *n, struct link *link, uint32_t circle_no)
{
	struct link_circle *lc = &link->circle[circle_no];
	struct tuy_writer w = message(n);
	uint32_t count = 0, end = lc->frontier_at, first = lc->frontier_at;

	for (; end < n->log_count && count < TUY_FRONTIER_MAX; end++)
		count += n->log[n->log_order[end]].circle_no == circle_no &&
		         n->log[n->log_order[end]].durable.seq > 0;
	tuy_message_put_frontier(&w, lc->index, count);
	for (uint32_t i = first; i < end; i++) {
		const struct log *log = &n->log[n->log_order[i]];
		struct tuy_frontier_row row = { .log = log->log16,
			                        .eff_seq = log->durable.seq,
			                        .base_seq = log->base_seq };

		if (log->circle_no != circle_no || log->durable.seq == 0)
			continue;
		memcpy(row.h8, log->durable.hash.b, sizeof row.h8);
		tuy_message_put_frontier_row(&w, &row);
		tuy_peer_log_of(n, link, n->log_order[i])->told = log->durable.seq;
	}
	lc->frontier_at = end;
	lc->need_frontier = end < n->log_count;
	tuy_message_put_frontier_end(&w, lc->need_frontier ? TUY_MORE : TUY_LAST);
	if (!lc->need_frontier) {
		lc->frontier_at = 0;
		lc->frontier_sent = true;
	}
	tuy_link_seal(n, link, &w);
}

static bool peers_write(struct tuy_node *n, struct link *link, uint32_t circle_no)
{
	struct link_circle *lc = &link->circle[circle_no];
	uint32_t due[TUY_PEERS_RECORDS_MAX], count = 0;
	struct tuy_writer w = message(n);

	for (uint32_t i = 0; i < n->peer_count && count < TUY_PEERS_RECORDS_MAX; i++) {
		if (!bit_get(link->peers_due, i) || !(n->peer[i].circles & (1u << circle_no)))
			continue;
		bit_clear(link->peers_due, i);
		if (n->peer[i].record_len > 0)
			due[count++] = i;
	}
	lc->need_peers = count == TUY_PEERS_RECORDS_MAX;
	if (count == 0)
		return false;
	tuy_message_put_peers(&w, lc->index, count);
	for (uint32_t i = 0; i < count; i++)
		tuy_write_bin(&w, n->peer[due[i]].record, n->peer[due[i]].record_len);
	tuy_link_seal(n, link, &w);
	return true;
}

static bool circle_task(struct tuy_node *n, struct link *link, uint32_t c, struct tuy_task *task)
{
	struct link_circle *lc = &link->circle[c];
	bool bulk = link->unsent < UNSENT_BULK;

	if (lc->need_heads)
		return heads_write(n, link, c), true;
	if (lc->need_ops && bulk && ops_task(n, link, c, task))
		return true;
	if (lc->need_getops)
		return getops_write(n, link, c), true;
	if (lc->need_frontier && bulk)
		return frontier_write(n, link, c), true;
	return lc->need_peers && bulk && peers_write(n, link, c);
}

/* ---- acknowledgements, wants ---- */

static bool have_write(struct tuy_node *n, struct link *link)
{
	uint32_t first = NONE, count = 0, circle_no;
	struct tuy_writer w = message(n);

	for (uint32_t i = 0; i < n->log_count; i++) {
		if ((tuy_peer_log_of(n, link, i)->flags & PEER_LOG_TELL) && first == NONE)
			first = i;
	}
	link->have_due_ms = 0;
	if (first == NONE)
		return false;
	circle_no = n->log[first].circle_no;
	for (uint32_t i = first; i < n->log_count; i++) {
		bool tell = tuy_peer_log_of(n, link, i)->flags & PEER_LOG_TELL;

		if (tell && n->log[i].circle_no == circle_no && count < TUY_FRONTIER_MAX)
			count++;
		else if (tell)
			link->have_due_ms = 1; /* another message, at once */
	}
	tuy_message_put_have(&w, link->circle[circle_no].index, count);
	for (uint32_t i = first; count > 0; i++) {
		struct peer_log *pl = tuy_peer_log_of(n, link, i);
		struct tuy_have_row row = { .log = n->log[i].log16, .seq = n->log[i].durable.seq };

		if (!(pl->flags & PEER_LOG_TELL) || n->log[i].circle_no != circle_no)
			continue;
		memcpy(row.h8, n->log[i].durable.hash.b, sizeof row.h8);
		tuy_message_put_have_row(&w, &row);
		pl->flags &= (uint16_t)~PEER_LOG_TELL;
		pl->told = n->log[i].durable.seq;
		count--;
	}
	tuy_link_seal(n, link, &w);
	return true;
}

static bool want_write(struct tuy_node *n, struct link *link)
{
	for (uint32_t i = 0; i < n->log_count; i++) {
		struct peer_log *pl = tuy_peer_log_of(n, link, i);
		const struct log *log = &n->log[i];
		struct tuy_writer w = message(n);

		if (!(pl->flags & PEER_LOG_WANT_DUE))
			continue;
		pl->flags = (uint16_t)((pl->flags & ~PEER_LOG_WANT_DUE) | PEER_LOG_WANTED);
		if (!link->circle[log->circle_no].shared)
			continue;
		tuy_message_put_want(&w, link->circle[log->circle_no].index, &log->log16,
		                     log->staged.seq + 1, TUY_WANT_EAGER);
		tuy_link_seal(n, link, &w);
		return true;
	}
	link->want_due = false;
	return false;
}

static bool prune_write(struct tuy_node *n, struct link *link)
{
	struct tuy_writer w = message(n);
	uint32_t circle_no = NONE, count = 0;

	link->prune_due = false;
	for (uint32_t i = 0; i < n->log_count;
	     i++) { /* those of one circle; the others next time */
		if (!(tuy_peer_log_of(n, link, i)->flags & PEER_LOG_PRUNE_DUE))
			continue;
		if (circle_no == NONE)
			circle_no = n->log[i].circle_no;
		if (n->log[i].circle_no == circle_no && count < TUY_FRONTIER_MAX)
			count++;
		else
			link->prune_due = true;
	}
	if (count == 0)
		return false;
	tuy_message_put_prune(&w, link->circle[circle_no].index, count);
	for (uint32_t i = 0; count > 0; i++) {
		struct peer_log *pl = tuy_peer_log_of(n, link, i);
		struct tuy_tag tag;

		if (!(pl->flags & PEER_LOG_PRUNE_DUE) || n->log[i].circle_no != circle_no)
			continue;
		pl->flags &= (uint16_t)~PEER_LOG_PRUNE_DUE;
		memcpy(tag.b, n->log[i].log16.b, sizeof tag.b);
		tuy_message_put_tag(&w, &tag);
		count--;
	}
	tuy_link_seal(n, link, &w);
	return true;
}

/* ---- payloads ---- */

static bool give_task(struct link *link, const struct tuy_node *n, struct tuy_task *task)
{
	if (link->give_at == link->give_count) {
		link->give_log = NONE;
		return false;
	}
	task_read(task, TUY_READ_BLOBS, link, n->log[link->give_log].circle_no);
	task->u.read.log_no = link->give_log;
	task->u.read.count = 1;
	task->u.read.index[0] = link->give_seq[link->give_at];
	return true;
}

static void give_write(struct tuy_node *n, struct link *link, const struct tuy_read *read,
                       const struct tuy_read_result *result)
{
	struct tuy_writer w = message(n);
	uint8_t index = link->circle[read->circle_no].index;
	bool held = result->err == TUY_OK && result->count == 1 && result->bytes[0].p;
	enum tuy_gone_reason reason =
		result->err == TUY_OK && result->gone[0] ? result->gone[0] : TUY_GONE_NOT_HELD;

	link->give_at++;
	if (held)
		tuy_message_put_blob(&w, index, &n->log[read->log_no].log16, read->index[0],
		                     result->bytes[0]);
	else
		tuy_message_put_gone(&w, index, &n->log[read->log_no].log16, read->index, 1,
		                     reason);
	if (held)
		link->tx_credit -= (uint32_t)w.len;
	tuy_link_seal(n, link, &w);
}

/* Payloads that are missing here: asked for on one link at a time. */
static bool missing_task(struct tuy_node *n, struct link *link, struct tuy_task *task)
{
	uint64_t missing = 0;

	for (uint32_t c = 0; c < n->cap.circles; c++)
		missing += n->own[c].missing;
	if (missing == 0 || n->store_retry_ms)
		return false;
	for (uint32_t i = 0; i < n->log_count; i++) {
		const struct log *log = &n->log[i];
		const struct peer_log *pl = tuy_peer_log_of(n, link, i);
		const struct link_circle *lc = &link->circle[log->circle_no];

		if (log->missing == 0 || log->cutting || log->getb_link != NONE ||
		    log->blobs_staged > 0 || !lc->shared || !lc->frontier_known ||
		    (pl->flags & PEER_LOG_NO_BLOBS) || pl->known == 0)
			continue;
		task_read(task, TUY_READ_MISSING, link, log->circle_no);
		task->u.read.log_no = i;
		task->u.read.from = pl->asked + 1;
		task->u.read.count = GETB_SEQS;
		return true;
	}
	return false;
}

static void missing_read(struct tuy_node *n, struct tuy_now now, struct link *link,
                         const struct tuy_read *read, const struct tuy_read_result *result)
{
	struct log *log = &n->log[read->log_no];
	struct peer_log *pl = tuy_peer_log_of(n, link, read->log_no);
	struct tuy_writer w = message(n);
	uint32_t seq[GETB_SEQS];

	link->getb_count = 0;
	for (uint32_t i = 0;
	     result->err == TUY_OK && i < result->count && link->getb_count < GETB_SEQS; i++) {
		struct tuy_header header;

		if (tuy_header_decode(result->headers + (size_t)i * TUY_HEADER_SIZE, &header) !=
		            TUY_OK ||
		    header.seq > pl->known)
			continue;
		seq[link->getb_count] = header.seq;
		link->getb_seq[link->getb_count] = header.seq;
		memcpy(link->getb_header[link->getb_count],
		       result->headers + (size_t)i * TUY_HEADER_SIZE, TUY_HEADER_SIZE);
		link->getb_count++;
	}
	if (link->getb_count == 0) { /* nothing more that this peer could have */
		pl->flags |= PEER_LOG_NO_BLOBS;
		pl->asked = 0;
		return;
	}
	pl->asked = seq[link->getb_count - 1];
	link->getb_left = link->getb_count;
	link->getb_log = read->log_no;
	link->getb_deadline_ms = now.ms + GETB_WAIT_MS;
	log->getb_link = place_of(n, link);
	tuy_message_put_getb(&w, link->circle[log->circle_no].index, &log->log16, seq,
	                     link->getb_count);
	tuy_link_seal(n, link, &w);
}

/* ---- entries ---- */

/* The log to push next: of those that are due, the one written last. */
static uint32_t data_choose(struct tuy_node *n, struct link *link)
{
	uint64_t *dirty = link_dirty(n, link);
	uint32_t best = NONE;

	for (uint32_t w = 0; w < n->log_words; w++) {
		for (uint64_t bits = dirty[w]; bits; bits &= bits - 1) {
			uint32_t i = w * 64 + (uint32_t)__builtin_ctzll(bits);
			const struct peer_log *pl = tuy_peer_log_of(n, link, i);

			if (larger(pl->known, pl->sent) >= n->log[i].durable.seq ||
			    n->log[i].unreadable || n->log[i].cutting)
				bit_clear(dirty, i);
			else if (best == NONE || n->log[i].touched > n->log[best].touched)
				best = i;
		}
	}
	return best;
}

static bool data_task(struct tuy_node *n, struct link *link, struct tuy_task *task)
{
	uint32_t log_no = data_choose(n, link);
	struct tuy_writer w = message(n);
	const struct log *log;
	struct peer_log *pl;

	if (log_no == NONE)
		return false;
	log = &n->log[log_no];
	pl = tuy_peer_log_of(n, link, log_no);
	if (larger(pl->known, pl->sent) == 0 && link->info_sent != log_no) {
		link->info_sent = log_no;
		tuy_message_put_loginfo(&w, link->circle[log->circle_no].index, &log->log16,
		                        &n->circle[log->circle_no].device[log->device].cert.device,
		                        &log->incarnation);
		tuy_link_seal(n, link, &w);
		return true;
	}
	task_read(task, TUY_READ_ENTRIES, link, log->circle_no);
	task->u.read.log_no = log_no;
	task->u.read.from = larger(pl->known, pl->sent) + 1;
	task->u.read.count =
		tuy_run_end(task->u.read.from, log->durable.seq) - task->u.read.from + 1;
	return true;
}

static void data_write(struct tuy_node *n, struct link *link, const struct tuy_read *read,
                       const struct tuy_read_result *result)
{
	struct log *log = &n->log[read->log_no];
	struct peer_log *pl = tuy_peer_log_of(n, link, read->log_no);
	uint32_t end = read->from + read->count - 1;
	size_t size = MESSAGE_MARGIN + (size_t)read->count * (TUY_HEADER_SIZE + 1);
	struct tuy_writer w = message(n);

	if (result->err == TUY_OK && result->base.seq >= read->from) {
		tuy_base_write(n, link, read, result);
		return;
	}
	if (result->err != TUY_OK || result->count != read->count) {
		log->unreadable = true; /* the host has said so in its log */
		return;
	}
	tuy_message_put_data(&w, link->circle[log->circle_no].index, &log->log16, read->from,
	                     read->count, result->headers,
	                     end == log->durable.seq ? &log->sig : &result->sig);
	for (uint32_t i = 0; i < read->count; i++) {
		const struct tuy_bytes *blob = &result->bytes[i];

		if (blob->p && size + blob->len + 4 <= TUY_RECORD_MAX) {
			tuy_write_bin(&w, blob->p, blob->len);
			size += blob->len + 4;
		} else {
			tuy_write_nil(&w);
		}
	}
	pl->sent = end;
	pl->told = larger(pl->told, end);
	link->tx_credit -= (uint32_t)w.len;
	tuy_link_seal(n, link, &w);
}

/* ---- */

bool tuy_push_task(struct tuy_node *n, struct tuy_now now, struct link *link, struct tuy_task *task)
{
	bool bulk = link->unsent < UNSENT_BULK;

	for (uint32_t c = 0; c < n->cap.circles; c++) {
		if (link->circle[c].shared && circle_task(n, link, c, task))
			return true;
	}
	if (link->have_due_ms && now.ms >= link->have_due_ms && have_write(n, link))
		return true;
	if (tuy_fork_task(n, now, link, task))
		return true;
	if (link->want_due && want_write(n, link))
		return true;
	if (link->prune_due && prune_write(n, link))
		return true;
	if (!bulk)
		return false;
	if (tuy_receipt_task(n, now, link, task))
		return true;
	if (link->getb_log == NONE && missing_task(n, link, task))
		return true;
	if (link->tx_credit < TUY_RECORD_MAX)
		return false;
	if (link->give_log != NONE && give_task(link, n, task))
		return true;
	return data_task(n, link, task);
}

void tuy_push_read(struct tuy_node *n, struct tuy_now now, struct link *link,
                   const struct tuy_read *read, const struct tuy_read_result *result)
{
	switch (read->kind) {
	case TUY_READ_OPS:
		if (result->err != TUY_OK || result->count == 0) {
			tuy_link_close(n, link, TUY_CLOSE_FLUSHED,
			               TUY_CLOSE_SHUTDOWN); /* a damaged store helps nobody */
		} else {
			ops_write(n, link, read, result);
		}
		break;
	case TUY_READ_ENTRIES:
		data_write(n, link, read, result);
		break;
	case TUY_READ_BLOBS:
		give_write(n, link, read, result);
		break;
	case TUY_READ_MISSING:
		missing_read(n, now, link, read, result);
		break;
	case TUY_READ_BLOCK:
	case TUY_READ_PROOF:
		tuy_fork_read(n, now, link, read, result);
		break;
	case TUY_READ_ERASED:
		tuy_receipt_read(n, link, read, result);
		break;
	case TUY_READ_HEAD: /* of no link */
		break;
	}
}
