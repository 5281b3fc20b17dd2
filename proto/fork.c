/*
 * Forked logs (PROTOCOL 4.11). A log that a peer may hold otherwise is looked at block by block
 * until the first difference is found; that is the proof, and the log ends before it. What stands
 * beyond is void, and is given to its author only.
 */
#include "machine.h"

#include <string.h>

#define PROBE_WAIT_MS 60000

enum block_reader { BLOCK_FOR_PROBE, BLOCK_TO_SHOW }; /* in tuy_read.index[0] of a BLOCK */

static uint32_t block_start(uint32_t seq)
{
	return tuy_fork_cut(seq) + 1;
}

static const struct tuy_device *device_of(const struct tuy_node *n, const struct log *log)
{
	return &n->circle[log->circle_no].device[log->device].cert.device;
}

/* ---- cuts ---- */

/* Who may hold what is void hears why, once. */
static void proof_due(struct tuy_node *n, struct link *link, uint32_t log_no)
{
	struct peer_log *pl = tuy_peer_log_of(n, link, log_no);

	if (pl->flags & PEER_LOG_PROOF_SENT)
		return;
	pl->flags |= PEER_LOG_PROOF_DUE;
	link->proof_due = true;
}

/* The log ends at `cut` from now on; `proof` is in the stage, which goes to the store. */
static void cut(struct tuy_node *n, uint32_t log_no, uint32_t seq, struct tuy_bytes proof,
                struct stage **stage)
{
	struct log *log = &n->log[log_no];
	struct tuy_store_item *item = tuy_stage_item(*stage, TUY_STORE_CUT, log->circle_no);
	struct tell *t = tuy_node_tell(n, TUY_TELL_FORKED);

	t->tell.circle_no = log->circle_no;
	t->tell.log_no = log_no;
	t->tell.device = *device_of(n, log);
	t->tell.seq = seq;
	n->cuts_mine += log->mine && log->cut == TUY_NO_CUT;
	log->cut = seq;
	log->cutting = log->cutting || log->staged.seq > seq;
	item->log_no = log_no;
	item->u.cut.seq = seq;
	item->u.cut.proof = proof;
	(*stage)->live = true;
	tuy_stage_commit(n, *stage);
	*stage = NULL;
	for (uint32_t i = 0; i < n->cap.links; i++) {
		struct link *link = &n->link[i];
		struct peer_log *pl = tuy_peer_log_of(n, link, log_no);

		if (link->probe->log_no == log_no)
			link->probe->kind = PROBE_NONE; /* what it asked for is void now */
		if (link->state != LINK_UP || !link->circle[log->circle_no].shared)
			continue;
		pl->flags &= (uint16_t) ~(PEER_LOG_PROOF_SENT | PEER_LOG_VOID_ASKED |
		                          PEER_LOG_SUSPECT | PEER_LOG_MISFIT);
		if (larger(pl->known, pl->sent) > seq)
			proof_due(n, link, log_no);
		pl->known = smaller(pl->known, seq);
		pl->sent = smaller(pl->sent, seq);
		pl->told = smaller(pl->told, seq);
		pl->announced = smaller(pl->announced, seq);
	}
}

bool tuy_fork_proof_take(struct tuy_node *n, struct link *link, uint32_t log_no,
                         const struct tuy_message *m, struct stage **stage)
{
	struct log *log = &n->log[log_no];
	struct tuy_fork_proof proof;
	enum tuy_err err = tuy_fork_proof_parse(m->u.fork.proof, &proof);

	if (err == TUY_OK && tuy_fork_cut(proof.one.seq) >= log->cut) {
		if (tuy_fork_cut(proof.one.seq) > log->cut)
			proof_due(n, link, log_no); /* ours cuts lower */
		return false;
	}
	if (err == TUY_OK)
		err = tuy_fork_proof_check(device_of(n, log), &log->id, &proof);
	if (err != TUY_OK) {
		tuy_node_fault(n, link, err);
		if (err != TUY_E_SIGNATURE || ++link->bad_signatures >= TUY_BAD_SIGNATURES_MAX)
			tuy_link_close(n, link, TUY_CLOSE_FLUSHED, TUY_CLOSE_PROTOCOL);
		return false;
	}
	cut(n, log_no, tuy_fork_cut(proof.one.seq), m->u.fork.proof, stage);
	tuy_peer_log_of(n, link, log_no)->flags |= PEER_LOG_PROOF_SENT; /* it has it */
	tuy_peer_log_of(n, link, log_no)->flags &= (uint16_t)~PEER_LOG_PROOF_DUE;
	return true;
}

uint32_t tuy_fork_clamp(struct tuy_node *n, struct link *link, uint32_t log_no, uint32_t seq)
{
	if (seq <= n->log[log_no].cut)
		return seq;
	proof_due(n, link, log_no);
	return n->log[log_no].cut;
}

void tuy_fork_doubt(struct tuy_node *n, const struct link *link, uint32_t circle_no)
{
	for (uint32_t i = 0; i < n->log_count; i++) {
		if (n->log[i].circle_no == circle_no)
			tuy_peer_log_of(n, link, i)->flags &= (uint16_t)~PEER_LOG_PROOF_SENT;
	}
}

void tuy_fork_voided(struct tuy_node *n, uint32_t log_no)
{
	struct tell *t = tuy_node_tell(n, TUY_TELL_VOIDED);

	t->tell.circle_no = n->log[log_no].circle_no;
	t->tell.log_no = log_no;
}

void tuy_fork_stored(struct tuy_node *n, uint32_t log_no)
{
	if (n->log[log_no].mine)
		tuy_fork_voided(n, log_no);
	n->log[log_no].reload_due = n->log[log_no].cutting;
	n->reload_due = true;
}

bool tuy_fork_reload_task(struct tuy_node *n, struct tuy_task *task)
{
	for (uint32_t i = 0; n->reload_due && i < n->log_count; i++) {
		if (!n->log[i].reload_due)
			continue;
		task->what = TUY_DO_READ;
		task->u.read = (struct tuy_read){ .kind = TUY_READ_HEAD,
			                          .circle_no = n->log[i].circle_no,
			                          .log_no = i };
		return true;
	}
	n->reload_due = false;
	return false;
}

void tuy_fork_reload(struct tuy_node *n, struct tuy_now now, uint32_t log_no,
                     const struct tuy_read_result *result)
{
	struct log *log = &n->log[log_no];
	struct own_circle *own = &n->own[log->circle_no];

	log->reload_due = false;
	if (result->err != TUY_OK) {
		log->unreadable = true; /* the host has said so in its log */
		return;
	}
	own->entries -= log->durable.seq - result->head.seq;
	own->missing -= log->missing - result->missing;
	own->digest_valid = false;
	log->missing = result->missing;
	log->base_seq = result->base.seq;
	log->durable = log->staged = result->head;
	log->sig = result->sig;
	log->cutting = false;
	tuy_spread_log(n, now, log_no);
}

/* ---- what is due ---- */

void tuy_fork_suspect(struct tuy_node *n, struct link *link, uint32_t log_no, enum fork_why why)
{
	if (n->log[log_no].cutting)
		return;
	tuy_peer_log_of(n, link, log_no)->flags |=
		PEER_LOG_SUSPECT | (why == FORK_RUN_MISFITS ? PEER_LOG_MISFIT : 0);
	link->suspect_due = true;
}

/* The author asks for what others kept aside of its log, once on each link. */
static bool voided_begin(struct tuy_node *n, struct tuy_now now, struct link *link)
{
	for (uint32_t i = 0; n->cuts_mine > 0 && !n->store_retry_ms && i < n->log_count; i++) {
		const struct log *log = &n->log[i];
		struct peer_log *pl = tuy_peer_log_of(n, link, i);

		if (!log->mine || log->cut == TUY_NO_CUT || log->cutting ||
		    log->durable.seq != log->cut || (pl->flags & PEER_LOG_VOID_ASKED) ||
		    !link->circle[log->circle_no].shared ||
		    !link->circle[log->circle_no].frontier_known)
			continue;
		pl->flags |= PEER_LOG_VOID_ASKED;
		link->probe->kind = PROBE_VOIDED;
		link->probe->step = PROBE_ASK;
		link->probe->log_no = i;
		link->probe->from = log->cut + 1;
		link->probe->at = log->durable;
		link->probe->deadline_ms = now.ms + PROBE_WAIT_MS;
		link->probe->lacked = false;
		return true;
	}
	return false;
}

static bool search_begin(struct tuy_node *n, struct tuy_now now, struct link *link)
{
	uint32_t waiting = 0;

	for (uint32_t i = 0; link->suspect_due && i < n->log_count; i++) {
		const struct log *log = &n->log[i];
		struct peer_log *pl = tuy_peer_log_of(n, link, i);

		if (!(pl->flags & PEER_LOG_SUSPECT))
			continue;
		if (log->durable.seq == 0 || log->cutting || !link->circle[log->circle_no].shared) {
			pl->flags &= (uint16_t) ~(PEER_LOG_SUSPECT | PEER_LOG_MISFIT);
			continue;
		}
		if (log->staged.seq != log->durable.seq) {
			waiting++;
			continue;
		}
		link->probe->misfit = pl->flags & PEER_LOG_MISFIT;
		pl->flags &= (uint16_t) ~(PEER_LOG_SUSPECT | PEER_LOG_MISFIT);
		link->probe->kind = PROBE_SEARCH;
		link->probe->step = PROBE_READ;
		link->probe->log_no = i;
		link->probe->low = 0;
		link->probe->high = tuy_fork_cut(log->durable.seq) / TUY_CHECKPOINT_EVERY + 1;
		link->probe->from = block_start(log->durable.seq);
		link->probe->differed = false;
		link->probe->deadline_ms = now.ms + PROBE_WAIT_MS;
		return true;
	}
	link->suspect_due = waiting > 0;
	return false;
}

static void block_read(struct tuy_task *task, const struct tuy_node *n, const struct link *link,
                       uint32_t log_no, uint32_t from, enum block_reader reader)
{
	task->what = TUY_DO_READ;
	task->u.read = (struct tuy_read){ .kind = TUY_READ_BLOCK,
		                          .link = link->number,
		                          .circle_no = n->log[log_no].circle_no,
		                          .log_no = log_no,
		                          .from = from,
		                          .index = { reader } };
}

static bool proof_task(struct tuy_node *n, struct link *link, struct tuy_task *task)
{
	uint32_t waiting = 0;

	for (uint32_t i = 0; i < n->log_count; i++) {
		struct peer_log *pl = tuy_peer_log_of(n, link, i);

		if (!(pl->flags & PEER_LOG_PROOF_DUE))
			continue;
		if (n->log[i].cutting) { /* it is on its way to the disk */
			waiting++;
			continue;
		}
		pl->flags &= (uint16_t)~PEER_LOG_PROOF_DUE;
		if (!link->circle[n->log[i].circle_no].shared)
			continue;
		pl->flags |= PEER_LOG_PROOF_SENT;
		task->what = TUY_DO_READ;
		task->u.read = (struct tuy_read){ .kind = TUY_READ_PROOF,
			                          .link = link->number,
			                          .circle_no = n->log[i].circle_no,
			                          .log_no = i };
		return true;
	}
	link->proof_due = waiting > 0;
	return false;
}

bool tuy_fork_task(struct tuy_node *n, struct tuy_now now, struct link *link, struct tuy_task *task)
{
	struct probe *probe = link->probe;

	if (link->proof_due && proof_task(n, link, task))
		return true;
	if (link->show_log != NONE && link->tx_credit >= TUY_RECORD_MAX &&
	    link->unsent < UNSENT_BULK) {
		block_read(task, n, link, link->show_log, block_start(link->show_from),
		           BLOCK_TO_SHOW);
		return true;
	}
	if (probe->kind == PROBE_NONE && !search_begin(n, now, link) && !voided_begin(n, now, link))
		return false;
	if (probe->step == PROBE_READ) {
		block_read(task, n, link, probe->log_no, probe->from, BLOCK_FOR_PROBE);
		return true;
	}
	if (probe->step == PROBE_ASK) {
		const struct log *log = &n->log[probe->log_no];
		struct tuy_writer w = tuy_writer(n->plain, TUY_RECORD_MAX);

		tuy_message_put_want(&w, link->circle[log->circle_no].index, &log->log16,
		                     probe->from, TUY_WANT_FORK);
		probe->step = PROBE_WAIT;
		tuy_link_seal(n, link, &w);
		return true;
	}
	return false;
}

void tuy_fork_voided_again(struct tuy_node *n, uint32_t log_no)
{
	n->void_seen_count = 0;
	for (uint32_t i = 0; i < n->cap.links; i++)
		tuy_peer_log_of(n, &n->link[i], log_no)->flags &= (uint16_t)~PEER_LOG_VOID_ASKED;
}

/* Who holds nothing of a log may not even know it: that an author gets no answer is nobody's fault.
 * Nor is it, that answers were dropped because the store here takes nothing. */
void tuy_fork_time(struct tuy_node *n, struct tuy_now now, struct link *link)
{
	struct probe *probe = link->probe;
	bool search = probe->kind == PROBE_SEARCH;

	if (probe->kind == PROBE_NONE || now.ms < probe->deadline_ms)
		return;
	probe->kind = PROBE_NONE;
	if (n->store_retry_ms) {
		if (search)
			tuy_fork_suspect(n, link, probe->log_no, FORK_HEADS_DIFFER);
		else
			tuy_fork_voided_again(n, probe->log_no);
		return;
	}
	if (!search)
		return;
	tuy_node_fault(n, link, TUY_E_SHORT); /* it may only be slow */
	if (++link->bad_signatures >= TUY_BAD_SIGNATURES_MAX)
		tuy_link_close(n, link, TUY_CLOSE_FLUSHED, TUY_CLOSE_SLOW);
}

/* ---- showing ---- */

void tuy_fork_want(struct tuy_node *n, struct link *link, uint32_t log_no, uint32_t from)
{
	const struct log *log = &n->log[log_no];
	bool author = link->peer != NONE && memcmp(&n->peer[link->peer].device, device_of(n, log),
	                                           sizeof(struct tuy_device)) == 0;

	if (from > log->cut && !author) {
		proof_due(n, link, log_no);
		return;
	}
	link->show_log = log_no;
	link->show_from = from;
}

static void block_show(struct tuy_node *n, struct link *link, const struct tuy_read *read,
                       const struct tuy_read_result *result)
{
	const struct log *log = &n->log[read->log_no];
	uint8_t index = link->circle[read->circle_no].index;
	struct tuy_writer w = tuy_writer(n->plain, TUY_RECORD_MAX);
	size_t size = 256 + (size_t)result->count * (TUY_HEADER_SIZE + 1);

	link->show_log = NONE;
	if (result->err != TUY_OK || result->count == 0) {
		tuy_message_put_gone(&w, index, &log->log16, &link->show_from, 1,
		                     TUY_GONE_NOT_HELD);
		tuy_link_seal(n, link, &w);
		return;
	}
	tuy_message_put_data(&w, index, &log->log16, read->from, result->count, result->headers,
	                     &result->sig);
	for (uint32_t i = 0; i < result->count; i++) {
		const struct tuy_bytes *blob = &result->bytes[i];
		bool given = read->from > log->cut && read->from + i >= link->show_from &&
		             blob->p && size + blob->len + 4 <= TUY_RECORD_MAX;

		if (given)
			tuy_write_bin(&w, blob->p, blob->len);
		else
			tuy_write_nil(&w);
		size += given ? blob->len + 4 : 0;
	}
	link->tx_credit -= (uint32_t)w.len;
	tuy_link_seal(n, link, &w);
}

static void block_probe(struct link *link, const struct tuy_read *read,
                        const struct tuy_read_result *result)
{
	struct probe *probe = link->probe;

	if (probe->kind != PROBE_SEARCH || probe->log_no != read->log_no)
		return;
	if (result->err != TUY_OK || result->count == 0) {
		probe->kind = PROBE_NONE; /* pruned here: others can prove it */
		return;
	}
	probe->at = result->head;
	probe->sig = result->sig;
	probe->count = result->count;
	memcpy(probe->headers, result->headers, (size_t)result->count * TUY_HEADER_SIZE);
	probe->step = PROBE_ASK;
}

void tuy_fork_read(struct tuy_node *n, struct tuy_now now, struct link *link,
                   const struct tuy_read *read, const struct tuy_read_result *result)
{
	struct tuy_writer w;

	(void)now;
	if (read->kind == TUY_READ_PROOF) {
		if (result->err != TUY_OK || result->count == 0)
			return;
		w = tuy_writer(n->plain, TUY_RECORD_MAX);
		tuy_message_put_forkproof(&w, link->circle[read->circle_no].index,
		                          &n->log[read->log_no].log16, result->bytes[0]);
		tuy_link_seal(n, link, &w);
	} else if (read->index[0] == BLOCK_TO_SHOW) {
		block_show(n, link, read, result);
	} else {
		block_probe(link, read, result);
	}
}

/* ---- looking for the first difference ---- */

/* The answers cannot be those of an honest peer. */
static void probe_blame(struct tuy_node *n, struct link *link)
{
	link->probe->kind = PROBE_NONE;
	tuy_node_fault(n, link, TUY_E_SIGNATURE);
	if (++link->bad_signatures >= TUY_BAD_SIGNATURES_MAX)
		tuy_link_close(n, link, TUY_CLOSE_FLUSHED, TUY_CLOSE_PROTOCOL);
}

/* No difference: the log is asked for in the ordinary way, once more. */
static void search_end(struct tuy_node *n, struct link *link)
{
	struct probe *probe = link->probe;

	if (probe->differed || probe->misfit)
		probe_blame(n, link);
	probe->kind = PROBE_NONE;
	tuy_peer_log_of(n, link, probe->log_no)->flags |= PEER_LOG_WANT_DUE;
	link->want_due = true;
}

static void search_next(struct tuy_node *n, struct tuy_now now, struct link *link)
{
	struct probe *probe = link->probe;

	if (probe->low >= probe->high) {
		search_end(n, link);
		return;
	}
	probe->from = (probe->low + probe->high) / 2 * TUY_CHECKPOINT_EVERY + 1;
	probe->step = PROBE_READ;
	probe->deadline_ms = now.ms + PROBE_WAIT_MS;
}

/* Theirs and ours differ behind `probe->at`: the shorter of the two gives the first hash. */
static size_t proof_make(const struct probe *probe, const struct tuy_message *m, uint8_t *out)
{
	uint32_t count = smaller(probe->count, m->count);
	bool ours_first = probe->count <= m->count;
	const uint8_t *longer = ours_first ? m->u.data.headers : probe->headers;
	struct tuy_fork_proof proof = { .one = probe->at };
	struct tuy_hash ours = probe->at.hash, theirs = probe->at.hash;

	for (uint32_t i = 0; i < count; i++) {
		ours = tuy_chain_next(&ours, probe->headers + (size_t)i * TUY_HEADER_SIZE);
		theirs = tuy_chain_next(&theirs, m->u.data.headers + (size_t)i * TUY_HEADER_SIZE);
	}
	proof.one.seq += count;
	proof.one.hash = ours_first ? ours : theirs;
	proof.one_sig = ours_first ? probe->sig : m->u.data.sig;
	proof.other = ours_first ? theirs : ours;
	proof.other_sig = ours_first ? m->u.data.sig : probe->sig;
	proof.headers = longer + (size_t)count * TUY_HEADER_SIZE;
	proof.count = larger(probe->count, m->count) - count;
	return tuy_fork_proof_write(&proof, out);
}

static enum fork_answer search_answer(struct tuy_node *n, struct tuy_now now, struct link *link,
                                      const struct tuy_message *m, struct stage **stage)
{
	struct probe *probe = link->probe;
	const struct log *log = &n->log[probe->log_no];
	uint32_t block = probe->from / TUY_CHECKPOINT_EVERY, seq;
	uint8_t proof[TUY_FORK_PROOF_MAX];
	struct tuy_head end;
	size_t len;

	if (log->cut != TUY_NO_CUT && probe->from > log->cut) {
		probe->kind = PROBE_NONE; /* somebody else proved it meanwhile */
		return FORK_TAKEN;
	}
	if (tuy_run_check(device_of(n, log), &log->id, &probe->at, m->u.data.headers, m->count,
	                  &m->u.data.sig, &end) != TUY_OK) {
		probe->differed = true;
		probe->high = block;
		search_next(n, now, link);
		return FORK_TAKEN;
	}
	if (memcmp(probe->headers, m->u.data.headers,
	           (size_t)smaller(probe->count, m->count) * TUY_HEADER_SIZE) == 0) {
		probe->low = m->count == TUY_CHECKPOINT_EVERY ? block + 1 : probe->high;
		search_next(n, now, link);
		return FORK_TAKEN;
	}
	len = proof_make(probe, m, proof);
	seq = tuy_fork_cut(tuy_get32(proof));
	memcpy((*stage)->bytes, proof, len);
	(*stage)->credit = (uint32_t)(*stage)->len;
	cut(n, probe->log_no, seq, (struct tuy_bytes){ (*stage)->bytes, len }, stage);
	probe->kind = PROBE_NONE;
	return FORK_FOUND;
}

/* ---- the author's void entries, kept aside by others ---- */

/* Was a run that ends so fetched with all its payloads? */
static bool void_seen(const struct tuy_node *n, const struct tuy_hash *end)
{
	for (uint32_t i = 0; i < smaller(n->void_seen_count, VOID_SEEN); i++) {
		if (memcmp(n->void_seen[i], end->b, sizeof n->void_seen[i]) == 0)
			return true;
	}
	return false;
}

/* The run to `end` is done: the next block, if there may be one. */
static void voided_run_done(struct probe *probe, const struct tuy_head *end)
{
	probe->at = *end;
	probe->from = end->seq + 1;
	probe->lacked = false;
	if (end->seq % TUY_CHECKPOINT_EVERY != 0)
		probe->kind = PROBE_NONE;
}

static bool is_lacking(const struct tuy_message *m, const struct tuy_bytes *blobs, uint32_t seq)
{
	uint32_t i = seq - m->u.data.from;

	return (m->u.data.headers[(size_t)i * TUY_HEADER_SIZE + 1] & TUY_HEADER_PAYLOAD) &&
	       !blobs[i].p;
}

/* From where to ask next: the first payload of this run that was left out behind `from`. */
static uint32_t voided_next(const struct probe *probe, const struct tuy_message *m,
                            const struct tuy_bytes *blobs)
{
	uint32_t seq = probe->from + 1;

	while (seq < m->u.data.from + m->count && !is_lacking(m, blobs, seq))
		seq++;
	return seq;
}

static enum fork_answer voided_answer(struct tuy_node *n, struct tuy_now now, struct link *link,
                                      struct tuy_message *m, struct stage **stage)
{
	struct probe *probe = link->probe;
	const struct log *log = &n->log[probe->log_no];
	struct tuy_store_item *item;
	struct tuy_head end;

	if (m->u.data.from != probe->at.seq + 1 || probe->from < m->u.data.from ||
	    probe->from >= m->u.data.from + m->count ||
	    tuy_run_check(device_of(n, log), &log->id, &probe->at, m->u.data.headers, m->count,
	                  &m->u.data.sig, &end) != TUY_OK ||
	    tuy_stage_blobs(*stage, m, 0) != TUY_OK) {
		probe_blame(n, link);
		return FORK_TAKEN;
	}
	probe->step = PROBE_ASK;
	probe->deadline_ms = now.ms + PROBE_WAIT_MS;
	if (void_seen(n, &end.hash)) { /* another peer gave it */
		voided_run_done(probe, &end);
		return FORK_TAKEN;
	}
	probe->lacked = probe->lacked || is_lacking(m, (*stage)->blobs, probe->from);
	probe->from = voided_next(probe, m, (*stage)->blobs);
	item = tuy_stage_item(*stage, TUY_STORE_VOIDED, log->circle_no);
	item->log_no = probe->log_no;
	item->u.entries.from = m->u.data.from;
	item->u.entries.count = m->count;
	item->u.entries.headers = m->u.data.headers;
	item->u.entries.blobs = (*stage)->blobs;
	item->u.entries.head = end;
	item->u.entries.sig = m->u.data.sig;
	(*stage)->credit = (uint32_t)(*stage)->len;
	tuy_stage_commit(n, *stage);
	*stage = NULL;
	if (probe->from > end.seq) {
		if (!probe->lacked)
			memcpy(n->void_seen[n->void_seen_count++ % VOID_SEEN], end.hash.b,
			       sizeof n->void_seen[0]);
		voided_run_done(probe, &end);
	}
	return FORK_TAKEN;
}

/* ---- answers ---- */

enum fork_answer tuy_fork_data(struct tuy_node *n, struct tuy_now now, struct link *link,
                               uint32_t log_no, struct tuy_message *m, struct stage **stage)
{
	const struct probe *probe = link->probe;

	if (probe->kind == PROBE_NONE || probe->step != PROBE_WAIT || probe->log_no != log_no ||
	    m->u.data.from != block_start(probe->from))
		return FORK_NOT_ASKED;
	if (probe->kind == PROBE_SEARCH)
		return search_answer(n, now, link, m, stage);
	return voided_answer(n, now, link, m, stage);
}

void tuy_fork_gone(struct tuy_node *n, struct link *link, uint32_t log_no,
                   const struct tuy_message *m)
{
	struct probe *probe = link->probe;

	if (probe->kind == PROBE_NONE || probe->step != PROBE_WAIT || probe->log_no != log_no ||
	    m->count != 1 || m->u.seqs.seq[0] != probe->from)
		return;
	if (probe->kind == PROBE_VOIDED || probe->differed) {
		probe->kind = PROBE_NONE; /* no more; or pruned there: others can prove it */
		return;
	}
	probe->high = probe->from / TUY_CHECKPOINT_EVERY; /* it is shorter: the difference, if
	                                                     any, stands before */
	probe->step = PROBE_READ;
	if (probe->low >= probe->high)
		search_end(n, link);
	else
		probe->from = (probe->low + probe->high) / 2 * TUY_CHECKPOINT_EVERY + 1;
}
