/*
 * Members whose nodes lie. A liar is an honest node, and a mouth beside it that speaks on the same
 * links with the same keys; what it reads from its disk may be changed on the way, too. Liars lie
 * until the end: the others have to come to rest among themselves.
 */
#include "world_inside.h"

#include "../../proto/machine.h"

#include <string.h>

enum lie {
	LIE_FRONTIER,
	LIE_HAVE,
	LIE_GARBAGE,
	LIE_FLIPPED,
	LIE_PING,
	LIE_WANT,
	LIE_GETB,
	LIE_GETOPS,
	LIE_HEADS,
	LIE_CREDIT,
	LIE_PRUNE,
	LIE_DATA,
	LIE_BLOB,
	LIE_GONE,
	LIE_LOGINFO,
	LIE_ANSWER,
	LIES,
};

struct mouth { /* what is said next, and what may be said of */
	struct world *w;
	struct tuy_node *n;
	struct link *link;
	const struct disk *disk;
	uint8_t circle; /* index of circle 0 in its HELLO */
	struct tuy_writer to;
};

bool liar_is(const struct world *w, uint32_t i)
{
	uint32_t origin = w->member[i].twin_of;

	return origin + w->options.liars >= w->options.nodes;
}

/* ---- numbers and names that lie ---- */

static uint32_t seq_near(struct mouth *m, uint32_t seq)
{
	switch (roll(m->w, 4)) {
	case 0:
		return UINT32_MAX - (uint32_t)roll(m->w, 2);
	case 1:
		return (uint32_t)roll(m->w, seq + 1);
	case 2:
		return seq;
	default:
		return seq + 1 + (uint32_t)roll(m->w, 1000);
	}
}

static const struct log *log_any(struct mouth *m)
{
	return m->n->log_count ? &m->n->log[roll(m->w, m->n->log_count)] : NULL;
}

static void h8_near(struct mouth *m, const struct log *log, uint8_t h8[8])
{
	memcpy(h8, log->durable.hash.b, 8);
	if (roll(m->w, 2) == 0)
		tuy_dice_fill(&m->w->dice, h8, 8);
}

static struct tuy_log16 log16_near(struct mouth *m, const struct log *log)
{
	struct tuy_log16 log16 = log->log16;

	if (roll(m->w, 10) == 0)
		tuy_dice_fill(&m->w->dice, log16.b, sizeof log16.b);
	return log16;
}

/* ---- messages ---- */

static void lie_frontier(struct mouth *m)
{
	uint32_t count = m->n->log_count < TUY_FRONTIER_MAX ? m->n->log_count : TUY_FRONTIER_MAX;

	tuy_message_put_frontier(&m->to, m->circle, count);
	for (uint32_t i = 0; i < count; i++) {
		const struct log *log = &m->n->log[i];
		struct tuy_frontier_row row = { .log = log16_near(m, log),
			                        .eff_seq = seq_near(m, log->durable.seq) };

		h8_near(m, log, row.h8);
		tuy_message_put_frontier_row(&m->to, &row);
	}
	tuy_message_put_frontier_end(&m->to, roll(m->w, 4) == 0 ? TUY_MORE : TUY_LAST);
}

static void lie_have(struct mouth *m)
{
	uint32_t count = m->n->log_count < TUY_FRONTIER_MAX ? m->n->log_count : TUY_FRONTIER_MAX;

	tuy_message_put_have(&m->to, m->circle, count);
	for (uint32_t i = 0; i < count; i++) {
		const struct log *log = &m->n->log[i];
		struct tuy_have_row row = { .log = log16_near(m, log),
			                    .seq = seq_near(m, log->durable.seq) };

		h8_near(m, log, row.h8);
		tuy_message_put_have_row(&m->to, &row);
	}
}

/* Bytes that are no message, or begin like one. */
static void lie_garbage(struct mouth *m)
{
	uint8_t bytes[300];
	size_t len = 1 + roll(m->w, sizeof bytes - 1);

	tuy_dice_fill(&m->w->dice, bytes, len);
	if (roll(m->w, 2) == 0)
		bytes[0] = (uint8_t)(0x92 + roll(m->w, 6));
	if (roll(m->w, 2) == 0 && len > 2) {
		bytes[1] = (uint8_t)(1 + roll(m->w, 28));
		bytes[2] = m->circle;
	}
	memcpy(m->n->plain, bytes, len);
	m->to.len = len;
}

static void lie_wants(struct mouth *m)
{
	const struct log *log = log_any(m);
	struct tuy_log16 log16 = log16_near(m, log);
	uint32_t from = roll(m->w, 4) == 0 ? seq_near(m, log->durable.seq) : 1;

	tuy_message_put_want(&m->to, m->circle, &log16, from, (uint32_t)roll(m->w, 4));
}

static void lie_seqs(struct mouth *m, enum lie lie)
{
	const struct log *log = log_any(m);
	struct tuy_log16 log16 = log16_near(m, log);
	uint32_t seq[TUY_SEQS_MAX], count = 1 + (uint32_t)roll(m->w, TUY_SEQS_MAX);

	for (uint32_t i = 0; i < count; i++)
		seq[i] = roll(m->w, 8) == 0 ? seq_near(m, log->durable.seq)
		                            : 1 + (uint32_t)roll(m->w, log->durable.seq + 1);
	if (lie == LIE_GETB)
		tuy_message_put_getb(&m->to, m->circle, &log16, seq, count);
	else
		tuy_message_put_gone(&m->to, m->circle, &log16, seq, count,
		                     (enum tuy_gone_reason)(1 + roll(m->w, 3)));
}

/* Names of operations, or of logs: some that there are, some not. */
static void lie_tags(struct mouth *m, enum lie lie)
{
	const struct tuy_circle_state *c = &m->n->circle[0];
	uint32_t count = (uint32_t)roll(m->w, 65);

	if (lie == LIE_PRUNE)
		count = m->n->log_count < 200 ? m->n->log_count : 200;
	if (lie == LIE_GETOPS)
		tuy_message_put_getops(&m->to, m->circle, count);
	else if (lie == LIE_HEADS)
		tuy_message_put_heads(&m->to, m->circle, count);
	else
		tuy_message_put_prune(&m->to, m->circle, count);
	for (uint32_t i = 0; i < count; i++) {
		struct tuy_tag tag;

		if (lie == LIE_PRUNE)
			memcpy(tag.b, m->n->log[i].log16.b, sizeof tag.b);
		else if (roll(m->w, 2) == 0)
			memcpy(tag.b, c->op[roll(m->w, c->op_count)].id.b, sizeof tag.b);
		else
			tuy_dice_fill(&m->w->dice, tag.b, sizeof tag.b);
		tuy_message_put_tag(&m->to, &tag);
	}
}

/* Entries that it has: whole, without payloads, with wrong ones, or damaged. */
static void lie_data(struct mouth *m)
{
	static uint8_t headers[64 * 64], wrong[100];
	const struct disk_log *log =
		disk_log(m->disk, (uint32_t)roll(m->w, disk_log_count(m->disk)));
	uint32_t head = log->state.head.seq, from, count, kind = (uint32_t)roll(m->w, 6);
	struct tuy_log16 log16 = tuy_log16(&log->id);
	struct tuy_sig sig = log->state.sig;

	if (head == 0)
		return;
	from = 1 + (uint32_t)roll(m->w, head);
	count = tuy_run_end(from, head) - from + 1;
	memcpy(headers, log->headers + (size_t)(from - 1) * 64, (size_t)count * 64);
	if (from + count - 1 != head)
		sig = log->checkpoints[(from + count - 1) / 64 - 1];
	if (kind == 0)
		headers[roll(m->w, (size_t)count * 64)] ^= 1;
	if (kind == 1)
		sig.b[roll(m->w, sizeof sig.b)] ^= 1;
	if (kind == 2)
		from += (uint32_t)roll(m->w, 3);
	tuy_message_put_data(&m->to, m->circle, &log16, from, count, headers, &sig);
	for (uint32_t k = 0; k < count; k++) {
		uint32_t at = from - 1 + k;

		if (kind == 3 && roll(m->w, 4) == 0)
			tuy_write_bin(&m->to, wrong, sizeof wrong);
		else if (kind < 3 && at < head && log->blobs[at].p && log->blobs[at].len < 900)
			tuy_write_bin(&m->to, log->blobs[at].p, log->blobs[at].len);
		else
			tuy_write_nil(&m->to);
	}
	m->link->tx_credit -= m->to.len < m->link->tx_credit ? (uint32_t)m->to.len : 0;
}

static void lie_blob(struct mouth *m)
{
	uint8_t bytes[200];
	const struct log *log = log_any(m);

	tuy_dice_fill(&m->w->dice, bytes, sizeof bytes);
	tuy_message_put_blob(&m->to, m->circle, &log->log16,
	                     1 + (uint32_t)roll(m->w, log->durable.seq + 2),
	                     (struct tuy_bytes){ bytes, 1 + roll(m->w, sizeof bytes) });
}

/* A log that does not exist, of itself or of anybody. */
static void lie_loginfo(struct mouth *m)
{
	const struct tuy_circle_state *c = &m->n->circle[0];
	struct tuy_device device = c->device[roll(m->w, c->device_count)].cert.device;
	struct tuy_incarnation incarnation;
	struct tuy_log_id id;
	struct tuy_log16 log16;

	tuy_dice_fill(&m->w->dice, incarnation.b, sizeof incarnation.b);
	if (roll(m->w, 10) == 0)
		tuy_dice_fill(&m->w->dice, device.b, sizeof device.b);
	id = tuy_log_id(&c->id, &device, &incarnation);
	log16 = tuy_log16(&id);
	if (roll(m->w, 10) == 0)
		log16.b[0] ^= 1;
	tuy_message_put_loginfo(&m->to, m->circle, &log16, &device, &incarnation);
}

/* Answers to what nobody asked. */
static void lie_answer(struct mouth *m)
{
	struct tuy_bytes text = { (const uint8_t *)"liar", 4 };

	switch (roll(m->w, 4)) {
	case 0:
		tuy_message_put_reject(&m->to, (enum tuy_reject_code)(1 + roll(m->w, 6)), 0);
		break;
	case 1:
		tuy_message_put_welcome(&m->to, text, NULL, 0, &text, 1, text, text);
		break;
	case 2:
		tuy_message_put_close(&m->to, (enum tuy_close_code)(1 + roll(m->w, 6)), 0);
		break;
	default:
		tuy_message_put_peers(&m->to, m->circle, 1);
		tuy_write_bin(&m->to, text.p, text.len);
		break;
	}
}

static void lie_ping(struct mouth *m)
{
	struct tuy_ping_row row = { .circle = m->circle };

	tuy_dice_fill(&m->w->dice, row.digest.b, sizeof row.digest.b);
	tuy_message_put_ping(&m->to, roll(m->w, 3) ? TUY_MSG_PING : TUY_MSG_PONG,
	                     (uint32_t)roll(m->w, UINT32_MAX), &row, 1);
}

static void lie_write(struct mouth *m, enum lie lie)
{
	switch (lie) {
	case LIE_FRONTIER:
		lie_frontier(m);
		break;
	case LIE_FLIPPED:
		lie_have(m);
		m->n->plain[roll(m->w, m->to.len)] ^= (uint8_t)(1u << roll(m->w, 8));
		break;
	case LIE_HAVE:
		lie_have(m);
		break;
	case LIE_GARBAGE:
		lie_garbage(m);
		break;
	case LIE_PING:
		lie_ping(m);
		break;
	case LIE_WANT:
		lie_wants(m);
		break;
	case LIE_GETB:
	case LIE_GONE:
		lie_seqs(m, lie);
		break;
	case LIE_GETOPS:
	case LIE_HEADS:
	case LIE_PRUNE:
		lie_tags(m, lie);
		break;
	case LIE_CREDIT:
		tuy_message_put_credit(&m->to, roll(m->w, 2) ? UINT32_MAX : 0);
		break;
	case LIE_DATA:
		lie_data(m);
		break;
	case LIE_BLOB:
		lie_blob(m);
		break;
	case LIE_LOGINFO:
		lie_loginfo(m);
		break;
	case LIE_ANSWER:
	case LIES:
		lie_answer(m);
		break;
	}
}

/* ---- when ---- */

/* Some link of it that can speak; NULL. */
static struct link *link_any(struct world *w, struct tuy_node *n)
{
	uint32_t first = (uint32_t)roll(w, n->cap.links);

	for (uint32_t k = 0; k < n->cap.links; k++) {
		struct link *link = &n->link[(first + k) % n->cap.links];

		if (link->state == LINK_UP && !link->close_due && link->circle[0].shared &&
		    link->noise.next == TUY_NOISE_TRANSPORT && link->unsent < UNSENT_BULK)
			return link;
	}
	return NULL;
}

void liar_act(struct world *w, const struct event *e)
{
	struct member *self = &w->member[e->node];
	enum lie lie = (enum lie)roll(w, LIES);
	uint32_t count = roll(w, 4) == 0 ? 1 + (uint32_t)roll(w, 30) : 1; /* at times a flood */
	uint32_t life = self->life;

	event_add(w, 20 + roll(w, w->calm ? 3000 : 600), *e);
	if (!self->node || !self->joined || faults_asleep(w, e->node))
		return;
	for (uint32_t k = 0; k < count && self->node && self->life == life; k++) {
		struct mouth m = { .w = w, .n = self->node, .disk = self->disk };

		m.link = link_any(w, m.n);
		if (!m.link || m.n->log_count == 0 || disk_log_count(m.disk) == 0 || m.n->out_len)
			return;
		m.circle = m.link->circle[0].index;
		m.to = tuy_writer(m.n->plain, TUY_RECORD_MAX);
		lie_write(&m, lie);
		if (m.to.len > 0 && m.to.err == TUY_OK)
			tuy_link_seal(m.n, m.link, &m.to);
		drain(w, e->node);
	}
}

/* "It has them", and nobody gets them. */
static void hold_back(struct world *w, const struct tuy_read *read, struct tuy_read_result *result)
{
	bool all = read->kind == TUY_READ_BLOBS;

	if (!all && read->kind != TUY_READ_ENTRIES)
		return;
	for (uint32_t k = 0; k < read->count; k++) {
		if (roll(w, 4) == 0)
			continue;
		result->bytes[k] = (struct tuy_bytes){ 0 };
		result->gone[k] =
			all && roll(w, 2) == 0 ? TUY_GONE_ERASED : (enum tuy_gone_reason)0;
	}
}

#define FORK_FROM 5 /* the first entry of which there are two */

/* The same entries in another log: from FORK_FROM on each is a second younger or older. Every peer
 * of odd place gets that one. */
static bool other_branch(const struct world *w, uint32_t i, const struct tuy_read *read,
                         uint8_t headers[64 * 64], struct tuy_sig *sig)
{
	const struct tuy_node *n = w->member[i].node;
	const struct link *link = &n->link[read->link % n->cap.links];
	const struct disk_log *log = disk_log(w->member[i].disk, read->log_no);
	uint32_t end = read->from + read->count - 1;
	struct tuy_hash hash = tuy_chain_start(&log->id);

	if (!w->options.equivocate || read->kind != TUY_READ_ENTRIES || !n->log[read->log_no].own ||
	    end < FORK_FROM || link->peer == NONE || link->peer % 2 == 0)
		return false;
	for (uint32_t seq = 1; seq <= end; seq++) {
		uint8_t header[64];

		memcpy(header, log->headers + (size_t)(seq - 1) * 64, 64);
		header[11] ^= seq >= FORK_FROM;
		hash = tuy_chain_next(&hash, header);
		if (seq >= read->from)
			memcpy(headers + (size_t)(seq - read->from) * 64, header, 64);
	}
	*sig = tuy_head_sign(n->keys->sign_sk, &log->id, end, &hash);
	return true;
}

void liar_answer(struct world *w, uint32_t i, const struct tuy_read *read,
                 struct tuy_read_result *result)
{
	static uint8_t headers[64 * 64];
	struct tuy_node *n = w->member[i].node;
	struct tuy_sig sig, kept;

	hold_back(w, read, result);
	if (!other_branch(w, i, read, headers, &sig)) {
		tuy_node_on_read(n, now_of(w, i), read, result);
		return;
	}
	kept = n->log[read->log_no].sig;
	n->log[read->log_no].sig = result->sig = sig;
	result->headers = headers;
	tuy_node_on_read(n, now_of(w, i), read, result);
	n->log[read->log_no].sig = kept;
}

bool liar_forks(const struct world *w, const struct tuy_device *device)
{
	uint32_t by = watch_who(w, device);

	return w->options.equivocate && by != NOBODY && liar_is(w, by);
}

void liar_spend(struct tuy_node *node)
{
	for (uint32_t k = 0; k < node->cap.links; k++)
		node->link[k].tx_credit = TUY_CREDIT_START;
}

void liar_make(struct world *w)
{
	for (uint32_t i = 0; i < w->options.nodes; i++) {
		if (liar_is(w, i))
			event_add(w, 3000 + roll(w, 3000),
			          (struct event){ .kind = EV_LIE, .node = i });
	}
}
