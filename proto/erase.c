/*
 * Payloads that are gone: what a RETRACT orders, receipts for its author (PROTOCOL 4.12); and the
 * checkpoint from which a pruned log goes on (PROTOCOL 7.10). What is erased is the store's to
 * know: the node sees orders, counts and answers.
 */
#include "machine.h"

#include "retract.h"
#include <string.h>

_Static_assert(TUY_RETRACT_MAX <= TUY_SEQS_MAX && TUY_CHECKPOINT_EVERY <= TUY_SEQS_MAX,
               "a receipt is one GONE");
_Static_assert(STAGE_ITEMS > TUY_CHECKPOINT_EVERY, "a DATA may hold nothing but RETRACTs");
_Static_assert(TUY_BLOB_MAX + 1024 + TUY_HEADER_SIZE <= STAGE_BYTES,
               "a BLOB leaves room for a header");

/* ---- orders ---- */

/* PROTOCOL 4.12: "It counts only for a log of the same device in the same circle" */
static bool may_erase(const struct tuy_node *n, uint32_t log_no, uint32_t target_no)
{
	return target_no == NONE || (n->log[target_no].circle_no == n->log[log_no].circle_no &&
	                             n->log[target_no].device == n->log[log_no].device);
}

void tuy_erase_scan(const struct tuy_node *n, struct stage *s, uint32_t log_no,
                    const uint8_t *headers, const struct tuy_bytes *blobs, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		const uint8_t *header = headers + (size_t)i * TUY_HEADER_SIZE;
		struct tuy_store_item *item;
		struct tuy_retract retract;
		uint32_t target_no;

		if (!blobs[i].p || tuy_retract_read(header, blobs[i], &retract) != TUY_OK)
			continue;
		target_no = tuy_log_find(n, &retract.log);
		if (!may_erase(n, log_no, target_no))
			continue;
		item = tuy_stage_item(s, TUY_STORE_RETRACT, n->log[log_no].circle_no);
		item->log_no = log_no;
		item->u.retract.header = header;
		item->u.retract.blob = blobs[i];
		item->u.retract.target_no = target_no;
	}
}

void tuy_node_on_erased(struct tuy_node *n, uint32_t log_no, uint32_t missing, uint32_t base_seq)
{
	struct log *log;

	if (log_no >= n->log_count)
		return;
	log = &n->log[log_no];
	n->own[log->circle_no].missing -= log->missing;
	n->own[log->circle_no].missing += missing;
	log->missing = missing;
	log->base_seq = base_seq;
}

/* ---- receipts: telling the author's device ---- */

/* The link with the device that wrote a log; NULL: none, or it is this one's. */
static struct link *author_link(const struct tuy_node *n, const struct log *log)
{
	uint32_t peer = n->circle[log->circle_no].device[log->device].peer;
	struct link *link;

	if (log->mine || peer == NONE || n->peer[peer].link == NONE)
		return NULL;
	link = &n->link[n->peer[peer].link];
	return link->state == LINK_UP && link->circle[log->circle_no].shared ? link : NULL;
}

/* All recent ones are told again. */
static void receipts_restart(struct link_circle *lc)
{
	lc->receipts_due = true;
	lc->receipt_log = (struct tuy_log16){ { 0 } };
	lc->receipt_block = 0;
}

void tuy_erase_stored(struct tuy_node *n, const struct tuy_store_item *item)
{
	struct link *link = author_link(n, &n->log[item->log_no]);
	struct tuy_retract retract;
	struct receipt *receipt;

	if (!link ||
	    tuy_retract_read(item->u.retract.header, item->u.retract.blob, &retract) != TUY_OK)
		return;
	if (link->receipt_count == RECEIPTS_MAX) {
		receipts_restart(&link->circle[item->circle_no]);
		return;
	}
	receipt = &link->receipt[link->receipt_count++];
	receipt->circle_no = item->circle_no;
	receipt->log = retract.log;
	receipt->count = retract.count;
	memcpy(receipt->seqs, retract.seqs, sizeof receipt->seqs);
}

static void receipt_write(struct tuy_node *n, struct link *link)
{
	const struct receipt *receipt = &link->receipt[--link->receipt_count];
	struct tuy_writer w = tuy_writer(n->plain, TUY_RECORD_MAX);

	tuy_message_put_gone(&w, link->circle[receipt->circle_no].index, &receipt->log,
	                     receipt->seqs, receipt->count, TUY_GONE_ERASED);
	tuy_link_seal(n, link, &w);
}

bool tuy_receipt_task(struct tuy_node *n, struct tuy_now now, struct link *link,
                      struct tuy_task *task)
{
	for (uint32_t c = 0; c < n->cap.circles && link->peer != NONE; c++) {
		const struct link_circle *lc = &link->circle[c];

		if (!lc->shared || !lc->receipts_due)
			continue;
		task->what = TUY_DO_READ;
		task->u.read = (struct tuy_read){
			.kind = TUY_READ_ERASED,
			.link = link->number,
			.circle_no = c,
			.from = lc->receipt_block,
			.device = n->peer[link->peer].device,
			.log = lc->receipt_log,
			.since_s = now.wall_s > RECEIPT_LIFE_S ? now.wall_s - RECEIPT_LIFE_S : 0,
		};
		return true;
	}
	while (link->receipt_count > 0 &&
	       !link->circle[link->receipt[link->receipt_count - 1].circle_no].shared)
		link->receipt_count--;
	if (link->receipt_count == 0)
		return false;
	receipt_write(n, link);
	return true;
}

void tuy_receipt_read(struct tuy_node *n, struct link *link, const struct tuy_read *read,
                      const struct tuy_read_result *result)
{
	struct link_circle *lc = &link->circle[read->circle_no];
	struct tuy_writer w = tuy_writer(n->plain, TUY_RECORD_MAX);

	if (result->err != TUY_OK || result->count == 0) { /* damaged: the host has said so */
		lc->receipts_due = false;
		return;
	}
	lc->receipt_log = result->log;
	lc->receipt_block = (result->seqs[0] - 1) / TUY_CHECKPOINT_EVERY + 1;
	tuy_message_put_gone(&w, lc->index, &result->log, result->seqs, result->count,
	                     TUY_GONE_ERASED);
	tuy_link_seal(n, link, &w);
}

/* ---- receipts: hearing them ---- */

void tuy_receipt_take(struct tuy_node *n, struct link *link, uint32_t log_no,
                      const struct tuy_message *m, struct stage **stage)
{
	struct tuy_store_item *item;

	if (link->peer == NONE || m->count == 0 || n->store_retry_ms)
		return;
	item = tuy_stage_item(*stage, TUY_STORE_RECEIPT, n->log[log_no].circle_no);
	item->log_no = log_no;
	item->u.receipt.device = n->peer[link->peer].device;
	item->u.receipt.count = m->count;
	/* The message was read: its room is free for what is made of it. */
	memcpy((*stage)->bytes, m->u.seqs.seq, m->count * sizeof m->u.seqs.seq[0]);
	item->u.receipt.seqs = (const uint32_t *)(const void *)(*stage)->bytes;
	tuy_stage_commit(n, *stage);
	*stage = NULL;
}

void tuy_receipt_stored(struct tuy_node *n, const struct tuy_store_item *item)
{
	struct tell *t = tuy_node_tell(n, TUY_TELL_ERASED);

	t->tell.circle_no = item->circle_no;
	t->tell.log_no = item->log_no;
	t->tell.seq = item->u.receipt.seqs[0];
	t->tell.count = item->u.receipt.count;
	t->tell.device = item->u.receipt.device;
}

/* ---- pruned logs ---- */

void tuy_base_write(struct tuy_node *n, struct link *link, const struct tuy_read *read,
                    const struct tuy_read_result *result)
{
	const struct log *log = &n->log[read->log_no];
	struct peer_log *pl = tuy_peer_log_of(n, link, read->log_no);
	struct tuy_writer w = tuy_writer(n->plain, TUY_RECORD_MAX);

	tuy_message_put_base(&w, link->circle[log->circle_no].index, &log->log16, &result->base,
	                     &result->sig);
	pl->sent = result->base.seq;
	pl->told = larger(pl->told, pl->sent);
	tuy_link_seal(n, link, &w);
}

/* PROTOCOL 7.10: "The receiver checks the signature" */
void tuy_base_take(struct tuy_node *n, struct tuy_now now, struct link *link, uint32_t circle_no,
                   const struct tuy_message *m, struct stage **stage)
{
	uint32_t log_no = tuy_log_find(n, &m->u.base.log), seq = m->u.base.head.seq;
	struct tuy_store_item *item;
	struct peer_log *pl;
	struct log *log;

	if (log_no == NONE && tuy_begin_named(n, link, circle_no, &m->u.base.log) &&
	    tuy_head_check(&link->info_device, &link->info_id, seq, &m->u.base.head.hash,
	                   &m->u.base.sig) == TUY_OK)
		log_no = tuy_begin_log(n, link, *stage);
	if (log_no == NONE || n->log[log_no].circle_no != circle_no)
		return;
	log = &n->log[log_no];
	pl = tuy_peer_log_of(n, link, log_no);
	if (tuy_fork_clamp(n, link, log_no, seq) != seq || log->cutting)
		return;
	pl->known = larger(pl->known, seq);
	pl->sent = larger(pl->sent, seq);
	if (n->store_retry_ms || seq <= log->staged.seq)
		return;
	if (tuy_head_check(&n->circle[circle_no].device[log->device].cert.device, &log->id, seq,
	                   &m->u.base.head.hash, &m->u.base.sig) != TUY_OK) {
		tuy_node_fault(n, link, TUY_E_SIGNATURE);
		if (++link->bad_signatures >= TUY_BAD_SIGNATURES_MAX)
			tuy_link_close(n, link, TUY_CLOSE_FLUSHED, TUY_CLOSE_PROTOCOL);
		return;
	}
	if (log->mine)
		tuy_own_based(n, link, log_no, seq);
	item = tuy_stage_item(*stage, TUY_STORE_BASE, circle_no);
	item->log_no = log_no;
	item->u.base.head = m->u.base.head;
	item->u.base.sig = m->u.base.sig;
	log->staged = m->u.base.head;
	log->source = link->number;
	log->advanced_ms = now.ms;
	pl->flags &= (uint16_t) ~(PEER_LOG_WANTED | PEER_LOG_PROMISED);
	(*stage)->live = true;
	tuy_stage_commit(n, *stage);
	*stage = NULL;
}

void tuy_base_stored(struct tuy_node *n, struct tuy_now now, const struct tuy_store_item *item)
{
	struct log *log = &n->log[item->log_no];
	struct own_circle *own = &n->own[item->circle_no];

	own->entries += item->u.base.head.seq - log->durable.seq;
	own->digest_valid = false;
	log->durable = item->u.base.head;
	log->sig = item->u.base.sig;
	log->base_seq = log->durable.seq;
	if (log->staged.seq < log->durable.seq)
		log->staged = log->durable;
	tuy_spread_log(n, now, item->log_no);
}
