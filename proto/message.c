#include "message.h"
#include "fork_proof.h"
#include "log.h"
#include "op.h"
#include <string.h>

#define NAME_MAX_LEN 120                          /* JOIN's name, and WELCOME's two */
#define LIST_MAX     (TUY_MSGPACK_NODES - 4)      /* beside the message, type, circle and list */
#define OP_MIN       65                           /* a signature and a document */
#define DATA_MAX     TUY_CHECKPOINT_EVERY         /* headers: a run never crosses a checkpoint */
#define HEADERS_MAX  (DATA_MAX * TUY_HEADER_SIZE) /* bytes */

/* ---- reading ---- */

/* A list of min..max rows, each passed over (and so checked) once by `row_pass`; on success `list`
 * spans the rows and nothing else. */
static uint32_t list_pass(struct tuy_reader *r, uint32_t min, uint32_t max,
                          void (*row_pass)(struct tuy_reader *), struct tuy_reader *list)
{
	uint32_t count = tuy_read_array(r, min, max);
	*list = *r;
	for (uint32_t i = 0; i < count && !r->err; i++)
		row_pass(r);
	list->end = r->p;
	return count;
}

static void tag_pass(struct tuy_reader *r)
{
	(void)tuy_message_next_tag(r);
}

static void op_pass(struct tuy_reader *r)
{
	(void)tuy_read_bin(r, OP_MIN, TUY_OP_MAX);
}

static void address_record_pass(struct tuy_reader *r)
{
	(void)tuy_read_bin(r, OP_MIN, TUY_ADDRESS_RECORD_MAX);
}

static void blob_pass(struct tuy_reader *r)
{
	(void)tuy_message_next_blob(r);
}

static void frontier_pass(struct tuy_reader *r)
{
	(void)tuy_message_next_frontier(r);
}

static void have_pass(struct tuy_reader *r)
{
	(void)tuy_message_next_have(r);
}

static void ping_pass(struct tuy_reader *r)
{
	(void)tuy_message_next_ping(r);
}

static void epoch_pass(struct tuy_reader *r)
{
	(void)tuy_message_next_epoch(r);
}

static void log16_read(struct tuy_reader *r, struct tuy_log16 *log)
{
	tuy_read_fixed(r, log->b, sizeof log->b);
}

static uint32_t u32_read(struct tuy_reader *r)
{
	return (uint32_t)tuy_read_uint(r, UINT32_MAX);
}

/* The number of an entry: 1 or more. */
static uint32_t seq_read(struct tuy_reader *r)
{
	uint32_t seq = u32_read(r);
	if (seq == 0)
		tuy_read_fail(r, TUY_E_FORMAT);
	return seq;
}

/* A code 1..last as it is; what a later version means by others is `other` here. */
static uint32_t code_read(struct tuy_reader *r, uint32_t last, uint32_t other)
{
	uint32_t code = u32_read(r);
	return code >= 1 && code <= last ? code : other;
}

static void hello_read(struct tuy_reader *r, struct tuy_message *m)
{
	m->u.hello.version = (uint8_t)tuy_read_uint(r, UINT8_MAX);
	if (m->u.hello.version == 0)
		tuy_read_fail(r, TUY_E_FORMAT);
	m->u.hello.features = u32_read(r);
	tuy_read_fixed(r, m->u.hello.boot_id, sizeof m->u.hello.boot_id);
	m->count = tuy_read_array(r, 1, TUY_HELLO_TAGS_MAX);
	if (m->count != 1 && m->count != 4 && m->count != 16)
		tuy_read_fail(r, TUY_E_FORMAT);
	m->list = *r;
	for (uint32_t i = 0; i < m->count && !r->err; i++) {
		struct tuy_hello_tag *tag = &m->u.hello.tag[i];
		tuy_read_array(r, 3, 3);
		tuy_read_fixed(r, tag->ctag.b, sizeof tag->ctag.b);
		tuy_read_fixed(r, tag->digest.b, sizeof tag->digest.b);
		tuy_read_fixed(r, tag->book, sizeof tag->book);
	}
	m->list.end = r->p;
}

static void tags_read(struct tuy_reader *r, struct tuy_message *m)
{
	m->count = list_pass(r, 0, LIST_MAX, tag_pass, &m->list);
}

static void prune_read(struct tuy_reader *r, struct tuy_message *m)
{
	m->count = list_pass(r, 0, TUY_FRONTIER_MAX, tag_pass, &m->list);
}

static void ops_read(struct tuy_reader *r, struct tuy_message *m)
{
	m->count = list_pass(r, 0, LIST_MAX, op_pass, &m->list);
}

static void frontier_read(struct tuy_reader *r, struct tuy_message *m)
{
	m->count = list_pass(r, 0, TUY_FRONTIER_MAX, frontier_pass, &m->list);
	m->u.frontier.last = tuy_read_bool(r);
}

static void loginfo_read(struct tuy_reader *r, struct tuy_message *m)
{
	log16_read(r, &m->u.loginfo.log);
	tuy_read_fixed(r, m->u.loginfo.device.b, sizeof m->u.loginfo.device.b);
	tuy_read_fixed(r, m->u.loginfo.incarnation.b, sizeof m->u.loginfo.incarnation.b);
}

static void data_read(struct tuy_reader *r, struct tuy_message *m)
{
	log16_read(r, &m->u.data.log);
	m->u.data.from = seq_read(r);
	struct tuy_bytes headers = tuy_read_bin(r, TUY_HEADER_SIZE, HEADERS_MAX);
	m->u.data.headers = headers.p;
	uint32_t count = (uint32_t)(headers.len / TUY_HEADER_SIZE);
	if (headers.len % TUY_HEADER_SIZE != 0)
		tuy_read_fail(r, TUY_E_FORMAT);
	if (count > 0 && m->u.data.from > UINT32_MAX - (count - 1))
		tuy_read_fail(r, TUY_E_FORMAT);
	tuy_read_fixed(r, m->u.data.sig.b, sizeof m->u.data.sig.b);
	m->count = list_pass(r, count, count, blob_pass, &m->list);
}

static void blob_read(struct tuy_reader *r, struct tuy_message *m)
{
	log16_read(r, &m->u.blob.log);
	m->u.blob.seq = seq_read(r);
	m->u.blob.blob = tuy_read_bin(r, 1, TUY_BLOB_MAX);
}

static void getb_read(struct tuy_reader *r, struct tuy_message *m)
{
	log16_read(r, &m->u.seqs.log);
	m->count = tuy_read_array(r, 0, TUY_SEQS_MAX);
	m->list = *r;
	for (uint32_t i = 0; i < m->count && !r->err; i++) {
		m->u.seqs.seq[i] = seq_read(r);
		if (i > 0 && m->u.seqs.seq[i] <= m->u.seqs.seq[i - 1])
			tuy_read_fail(r, TUY_E_FORMAT);
	}
	m->list.end = r->p;
}

static void gone_read(struct tuy_reader *r, struct tuy_message *m)
{
	getb_read(r, m);
	m->u.seqs.reason = (enum tuy_gone_reason)code_read(r, TUY_GONE_NOT_HELD, TUY_GONE_NOT_HELD);
}

static void have_read(struct tuy_reader *r, struct tuy_message *m)
{
	m->count = list_pass(r, 0, TUY_FRONTIER_MAX, have_pass, &m->list);
}

static void want_read(struct tuy_reader *r, struct tuy_message *m)
{
	log16_read(r, &m->u.want.log);
	m->u.want.from = seq_read(r);
	m->u.want.flags = u32_read(r);
}

static void forkproof_read(struct tuy_reader *r, struct tuy_message *m)
{
	log16_read(r, &m->u.fork.log);
	m->u.fork.proof = tuy_read_bin(r, TUY_FORK_PROOF_MIN, TUY_FORK_PROOF_MAX);
}

static void base_read(struct tuy_reader *r, struct tuy_message *m)
{
	log16_read(r, &m->u.base.log);
	m->u.base.head.seq = seq_read(r);
	if (m->u.base.head.seq % TUY_CHECKPOINT_EVERY != 0)
		tuy_read_fail(r, TUY_E_FORMAT);
	tuy_read_fixed(r, m->u.base.head.hash.b, sizeof m->u.base.head.hash.b);
	tuy_read_fixed(r, m->u.base.sig.b, sizeof m->u.base.sig.b);
}

static void peers_read(struct tuy_reader *r, struct tuy_message *m)
{
	m->count = list_pass(r, 0, TUY_PEERS_RECORDS_MAX, address_record_pass, &m->list);
}

static void credit_read(struct tuy_reader *r, struct tuy_message *m)
{
	m->u.credit.bytes = u32_read(r);
}

static void ping_read(struct tuy_reader *r, struct tuy_message *m)
{
	m->u.ping.nonce = u32_read(r);
	m->count = list_pass(r, 0, TUY_CIRCLES_MAX, ping_pass, &m->list);
}

static void join_read(struct tuy_reader *r, struct tuy_message *m)
{
	tuy_read_fixed(r, m->u.join.circle16.b, sizeof m->u.join.circle16.b);
	tuy_read_fixed(r, &m->u.join.cert, sizeof m->u.join.cert);
	m->u.join.name = tuy_read_str(r, 0, NAME_MAX_LEN);
	tuy_read_fixed(r, m->u.join.invite.b, sizeof m->u.join.invite.b);
	tuy_read_fixed(r, m->u.join.sig.b, sizeof m->u.join.sig.b);
}

static void welcome_read(struct tuy_reader *r, struct tuy_message *m)
{
	m->u.welcome.genesis = tuy_read_bin(r, OP_MIN, TUY_OP_MAX);
	m->u.welcome.epoch_count =
		list_pass(r, 0, TUY_WELCOME_EPOCHS_MAX, epoch_pass, &m->u.welcome.epochs);
	m->count =
		list_pass(r, 0, TUY_PEERS_RECORDS_MAX, address_record_pass, &m->u.welcome.records);
	m->list = m->u.welcome.records;
	m->u.welcome.circle_name = tuy_read_str(r, 0, NAME_MAX_LEN);
	m->u.welcome.inviter_name = tuy_read_str(r, 0, NAME_MAX_LEN);
}

static void reject_read(struct tuy_reader *r, struct tuy_message *m)
{
	m->u.reject.code =
		(enum tuy_reject_code)code_read(r, TUY_REJECT_MEMBER, TUY_REJECT_REFUSED);
	m->u.reject.time_s = u32_read(r);
}

static void close_read(struct tuy_reader *r, struct tuy_message *m)
{
	m->u.close.code = (enum tuy_close_code)code_read(r, TUY_CLOSE_FULL, TUY_CLOSE_PROTOCOL);
	m->u.close.retry_s = u32_read(r);
}

static void clone_read(struct tuy_reader *r, struct tuy_message *m)
{
	tuy_read_fixed(r, m->u.clone.boot_id, sizeof m->u.clone.boot_id);
}

static void alive_read(struct tuy_reader *r, struct tuy_message *m)
{
	tuy_read_fixed(r, m->u.alive.boot_id, sizeof m->u.alive.boot_id);
	tuy_read_fixed(r, m->u.alive.incarnation.b, sizeof m->u.alive.incarnation.b);
	tuy_read_fixed(r, m->u.alive.sig.b, sizeof m->u.alive.sig.b);
}

struct rule {
	uint32_t elements;  /* that are known, with the type */
	uint32_t in_circle; /* 1: the second element is a circle's index */
	void (*read)(struct tuy_reader *, struct tuy_message *); /* the rest; NULL: not read here */
};

/* PROTOCOL 5.5, the table; reserved types are as unknown as later ones. */
static const struct rule rules[TUY_MSG_ALIVE + 1] = {
	[TUY_MSG_HELLO] = { 5, 0, hello_read },
	[TUY_MSG_HEADS] = { 3, 1, tags_read },
	[TUY_MSG_OPS] = { 3, 1, ops_read },
	[TUY_MSG_GETOPS] = { 3, 1, tags_read },
	[TUY_MSG_FRONTIER] = { 4, 1, frontier_read },
	[TUY_MSG_LOGINFO] = { 5, 1, loginfo_read },
	[TUY_MSG_DATA] = { 7, 1, data_read },
	[TUY_MSG_BLOB] = { 5, 1, blob_read },
	[TUY_MSG_GETB] = { 4, 1, getb_read },
	[TUY_MSG_GONE] = { 5, 1, gone_read },
	[TUY_MSG_HAVE] = { 3, 1, have_read },
	[TUY_MSG_WANT] = { 5, 1, want_read },
	[TUY_MSG_PRUNE] = { 3, 1, prune_read },
	[TUY_MSG_BASE] = { 6, 1, base_read },
	[TUY_MSG_PEERS] = { 3, 1, peers_read },
	[TUY_MSG_CREDIT] = { 2, 0, credit_read },
	[TUY_MSG_PING] = { 3, 0, ping_read },
	[TUY_MSG_PONG] = { 3, 0, ping_read },
	[TUY_MSG_JOIN] = { 6, 0, join_read },
	[TUY_MSG_WELCOME] = { 6, 0, welcome_read },
	[TUY_MSG_REJECT] = { 3, 0, reject_read },
	[TUY_MSG_CLOSE] = { 3, 0, close_read },
	[TUY_MSG_FORKPROOF] = { 4, 1, forkproof_read },
	[TUY_MSG_CLONE] = { 2, 0, clone_read },
	[TUY_MSG_ALIVE] = { 4, 0, alive_read },
};

/*
 * Reads everything behind the type. A message of exactly the known elements was seen whole by the
 * typed reads, which take shortest forms only; one that goes on is scanned from its beginning, so
 * that its depth and nodes are counted together (binary strings are passed over by their length).
 */
static enum tuy_err message_read(struct tuy_reader *r, struct tuy_bytes plaintext,
                                 uint32_t elements, struct tuy_message *m)
{
	const struct rule *rule = &rules[m->type];
	if (elements < rule->elements)
		return TUY_E_FORMAT;
	if (rule->in_circle)
		m->circle = (uint8_t)tuy_read_uint(r, TUY_CIRCLES_MAX - 1);
	rule->read(r, m);
	if (r->err)
		return r->err;
	if (elements > rule->elements)
		return tuy_scan(plaintext, TUY_CANONICAL);
	return tuy_read_end(r);
}

/* ---- writing ---- */

static void message_open(struct tuy_writer *w, enum tuy_message_type type)
{
	tuy_write_array(w, rules[type].elements);
	tuy_write_uint(w, type);
}

static void circle_open(struct tuy_writer *w, enum tuy_message_type type, uint8_t circle)
{
	tuy_require(circle < TUY_CIRCLES_MAX && rules[type].in_circle);
	message_open(w, type);
	tuy_write_uint(w, circle);
}

static void log16_write(struct tuy_writer *w, const struct tuy_log16 *log)
{
	tuy_write_bin(w, log->b, sizeof log->b);
}

/* A name over the limit counts as not fitting. */
static void name_write(struct tuy_writer *w, struct tuy_bytes name)
{
	if (name.len > NAME_MAX_LEN)
		w->err = TUY_E_FULL;
	tuy_write_str(w, name.p, name.len);
}

static void seqs_write(struct tuy_writer *w, const struct tuy_log16 *log, const uint32_t *seqs,
                       uint32_t count)
{
	tuy_require(count <= TUY_SEQS_MAX);
	log16_write(w, log);
	tuy_write_array(w, count);
	for (uint32_t i = 0; i < count; i++)
		tuy_write_uint(w, seqs[i]);
}

static void list_open(struct tuy_writer *w, enum tuy_message_type type, uint8_t circle,
                      uint32_t count)
{
	circle_open(w, type, circle);
	tuy_write_array(w, count);
}

/* ---- public ---- */

enum tuy_err tuy_message_parse(struct tuy_bytes plaintext, struct tuy_message *m)
{
	if (plaintext.len > TUY_RECORD_MAX)
		return TUY_E_LIMIT;
	struct tuy_message out;
	memset(&out, 0, sizeof out);
	struct tuy_reader r = tuy_reader(plaintext);
	uint32_t elements = tuy_read_array(&r, 1, TUY_MSGPACK_NODES - 1);
	uint64_t type = tuy_read_uint(&r, UINT64_MAX);
	if (r.err)
		return r.err;
	if (type > TUY_MSG_ALIVE || !rules[type].read)
		type = TUY_MSG_UNKNOWN;
	out.type = (enum tuy_message_type)type;
	enum tuy_err err;
	if (out.type == TUY_MSG_UNKNOWN)
		err = tuy_scan(plaintext, TUY_CANONICAL);
	else
		err = message_read(&r, plaintext, elements, &out);
	if (!err)
		*m = out;
	return err;
}

struct tuy_tag tuy_message_next_tag(struct tuy_reader *list)
{
	struct tuy_tag tag;
	tuy_read_fixed(list, tag.b, sizeof tag.b);
	return tag;
}

struct tuy_bytes tuy_message_next_bin(struct tuy_reader *list)
{
	return tuy_read_bin(list, 1, TUY_OP_MAX);
}

struct tuy_bytes tuy_message_next_blob(struct tuy_reader *list)
{
	if (tuy_read_nil(list))
		return (struct tuy_bytes){ NULL, 0 };
	return tuy_read_bin(list, 1, TUY_BLOB_MAX);
}

struct tuy_frontier_row tuy_message_next_frontier(struct tuy_reader *list)
{
	struct tuy_frontier_row row;
	tuy_read_array(list, 4, 4);
	log16_read(list, &row.log);
	row.eff_seq = u32_read(list);
	tuy_read_fixed(list, row.h8, sizeof row.h8);
	row.base_seq = u32_read(list);
	return row;
}

struct tuy_have_row tuy_message_next_have(struct tuy_reader *list)
{
	struct tuy_have_row row;
	tuy_read_array(list, 3, 3);
	log16_read(list, &row.log);
	row.seq = u32_read(list);
	tuy_read_fixed(list, row.h8, sizeof row.h8);
	return row;
}

struct tuy_ping_row tuy_message_next_ping(struct tuy_reader *list)
{
	struct tuy_ping_row row;
	tuy_read_array(list, 2, 2);
	row.circle = (uint8_t)tuy_read_uint(list, TUY_CIRCLES_MAX - 1);
	tuy_read_fixed(list, row.digest.b, sizeof row.digest.b);
	return row;
}

struct tuy_epoch_key_row tuy_message_next_epoch(struct tuy_reader *list)
{
	struct tuy_epoch_key_row row;
	tuy_read_array(list, 2, 2);
	tuy_read_fixed(list, row.epoch_id.b, sizeof row.epoch_id.b);
	tuy_read_fixed(list, row.key.b, sizeof row.key.b);
	return row;
}

void tuy_message_put_hello(struct tuy_writer *w, const uint8_t boot_id[8],
                           const struct tuy_hello_tag *tags, uint32_t count)
{
	tuy_require(count == 1 || count == 4 || count == 16);
	message_open(w, TUY_MSG_HELLO);
	tuy_write_uint(w, 1); /* version */
	tuy_write_uint(w, 0); /* features */
	tuy_write_bin(w, boot_id, 8);
	tuy_write_array(w, count);
	for (uint32_t i = 0; i < count; i++) {
		tuy_write_array(w, 3);
		tuy_write_bin(w, tags[i].ctag.b, sizeof tags[i].ctag.b);
		tuy_write_bin(w, tags[i].digest.b, sizeof tags[i].digest.b);
		tuy_write_bin(w, tags[i].book, sizeof tags[i].book);
	}
}

void tuy_message_put_heads(struct tuy_writer *w, uint8_t circle, uint32_t count)
{
	list_open(w, TUY_MSG_HEADS, circle, count);
}

void tuy_message_put_getops(struct tuy_writer *w, uint8_t circle, uint32_t count)
{
	list_open(w, TUY_MSG_GETOPS, circle, count);
}

void tuy_message_put_prune(struct tuy_writer *w, uint8_t circle, uint32_t count)
{
	list_open(w, TUY_MSG_PRUNE, circle, count);
}

void tuy_message_put_tag(struct tuy_writer *w, const struct tuy_tag *tag)
{
	tuy_write_bin(w, tag->b, sizeof tag->b);
}

void tuy_message_put_ops(struct tuy_writer *w, uint8_t circle, uint32_t count)
{
	list_open(w, TUY_MSG_OPS, circle, count);
}

void tuy_message_put_frontier(struct tuy_writer *w, uint8_t circle, uint32_t count)
{
	list_open(w, TUY_MSG_FRONTIER, circle, count);
}

void tuy_message_put_frontier_row(struct tuy_writer *w, const struct tuy_frontier_row *row)
{
	tuy_write_array(w, 4);
	log16_write(w, &row->log);
	tuy_write_uint(w, row->eff_seq);
	tuy_write_bin(w, row->h8, sizeof row->h8);
	tuy_write_uint(w, row->base_seq);
}

void tuy_message_put_frontier_end(struct tuy_writer *w, enum tuy_more more)
{
	tuy_write_bool(w, more == TUY_LAST);
}

void tuy_message_put_loginfo(struct tuy_writer *w, uint8_t circle, const struct tuy_log16 *log,
                             const struct tuy_device *device,
                             const struct tuy_incarnation *incarnation)
{
	circle_open(w, TUY_MSG_LOGINFO, circle);
	log16_write(w, log);
	tuy_write_bin(w, device->b, sizeof device->b);
	tuy_write_bin(w, incarnation->b, sizeof incarnation->b);
}

void tuy_message_put_data(struct tuy_writer *w, uint8_t circle, const struct tuy_log16 *log,
                          uint32_t from, uint32_t count, const uint8_t *headers,
                          const struct tuy_sig *sig)
{
	tuy_require(count >= 1 && count <= DATA_MAX);
	circle_open(w, TUY_MSG_DATA, circle);
	log16_write(w, log);
	tuy_write_uint(w, from);
	tuy_write_bin(w, headers, (size_t)count * TUY_HEADER_SIZE);
	tuy_write_bin(w, sig->b, sizeof sig->b);
	tuy_write_array(w, count);
}

void tuy_message_put_blob(struct tuy_writer *w, uint8_t circle, const struct tuy_log16 *log,
                          uint32_t seq, struct tuy_bytes blob)
{
	circle_open(w, TUY_MSG_BLOB, circle);
	log16_write(w, log);
	tuy_write_uint(w, seq);
	tuy_write_bin(w, blob.p, blob.len);
}

void tuy_message_put_getb(struct tuy_writer *w, uint8_t circle, const struct tuy_log16 *log,
                          const uint32_t *seqs, uint32_t count)
{
	circle_open(w, TUY_MSG_GETB, circle);
	seqs_write(w, log, seqs, count);
}

void tuy_message_put_gone(struct tuy_writer *w, uint8_t circle, const struct tuy_log16 *log,
                          const uint32_t *seqs, uint32_t count, enum tuy_gone_reason reason)
{
	circle_open(w, TUY_MSG_GONE, circle);
	seqs_write(w, log, seqs, count);
	tuy_write_uint(w, reason);
}

void tuy_message_put_have(struct tuy_writer *w, uint8_t circle, uint32_t count)
{
	list_open(w, TUY_MSG_HAVE, circle, count);
}

void tuy_message_put_have_row(struct tuy_writer *w, const struct tuy_have_row *row)
{
	tuy_write_array(w, 3);
	log16_write(w, &row->log);
	tuy_write_uint(w, row->seq);
	tuy_write_bin(w, row->h8, sizeof row->h8);
}

void tuy_message_put_want(struct tuy_writer *w, uint8_t circle, const struct tuy_log16 *log,
                          uint32_t from, uint32_t flags)
{
	circle_open(w, TUY_MSG_WANT, circle);
	log16_write(w, log);
	tuy_write_uint(w, from);
	tuy_write_uint(w, flags);
}

void tuy_message_put_forkproof(struct tuy_writer *w, uint8_t circle, const struct tuy_log16 *log,
                               struct tuy_bytes proof)
{
	circle_open(w, TUY_MSG_FORKPROOF, circle);
	log16_write(w, log);
	tuy_write_bin(w, proof.p, proof.len);
}

void tuy_message_put_base(struct tuy_writer *w, uint8_t circle, const struct tuy_log16 *log,
                          const struct tuy_head *head, const struct tuy_sig *sig)
{
	tuy_require(head->seq > 0 && head->seq % TUY_CHECKPOINT_EVERY == 0);
	circle_open(w, TUY_MSG_BASE, circle);
	log16_write(w, log);
	tuy_write_uint(w, head->seq);
	tuy_write_bin(w, head->hash.b, sizeof head->hash.b);
	tuy_write_bin(w, sig->b, sizeof sig->b);
}

void tuy_message_put_peers(struct tuy_writer *w, uint8_t circle, uint32_t count)
{
	list_open(w, TUY_MSG_PEERS, circle, count);
}

void tuy_message_put_credit(struct tuy_writer *w, uint32_t bytes)
{
	message_open(w, TUY_MSG_CREDIT);
	tuy_write_uint(w, bytes);
}

void tuy_message_put_ping(struct tuy_writer *w, enum tuy_message_type ping_or_pong, uint32_t nonce,
                          const struct tuy_ping_row *rows, uint32_t count)
{
	tuy_require(ping_or_pong == TUY_MSG_PING || ping_or_pong == TUY_MSG_PONG);
	tuy_require(count <= TUY_CIRCLES_MAX);
	message_open(w, ping_or_pong);
	tuy_write_uint(w, nonce);
	tuy_write_array(w, count);
	for (uint32_t i = 0; i < count; i++) {
		tuy_write_array(w, 2);
		tuy_write_uint(w, rows[i].circle);
		tuy_write_bin(w, rows[i].digest.b, sizeof rows[i].digest.b);
	}
}

void tuy_message_put_join(struct tuy_writer *w, const struct tuy_tag *circle16,
                          const struct tuy_cert *cert, struct tuy_bytes name,
                          const struct tuy_invite_pk *invite, const struct tuy_sig *sig)
{
	message_open(w, TUY_MSG_JOIN);
	tuy_write_bin(w, circle16->b, sizeof circle16->b);
	tuy_write_bin(w, cert, sizeof *cert);
	name_write(w, name);
	tuy_write_bin(w, invite->b, sizeof invite->b);
	tuy_write_bin(w, sig->b, sizeof sig->b);
}

void tuy_message_put_welcome(struct tuy_writer *w, struct tuy_bytes genesis,
                             const struct tuy_epoch_key_row *epochs, uint32_t epoch_count,
                             const struct tuy_bytes *records, uint32_t record_count,
                             struct tuy_bytes circle_name, struct tuy_bytes inviter_name)
{
	if (epoch_count > TUY_WELCOME_EPOCHS_MAX || record_count > TUY_PEERS_RECORDS_MAX)
		w->err = TUY_E_FULL;
	message_open(w, TUY_MSG_WELCOME);
	tuy_write_bin(w, genesis.p, genesis.len);
	tuy_write_array(w, epoch_count);
	for (uint32_t i = 0; i < epoch_count; i++) {
		tuy_write_array(w, 2);
		tuy_write_bin(w, epochs[i].epoch_id.b, sizeof epochs[i].epoch_id.b);
		tuy_write_bin(w, epochs[i].key.b, sizeof epochs[i].key.b);
	}
	tuy_write_array(w, record_count);
	for (uint32_t i = 0; i < record_count; i++)
		tuy_write_bin(w, records[i].p, records[i].len);
	name_write(w, circle_name);
	name_write(w, inviter_name);
}

void tuy_message_put_reject(struct tuy_writer *w, enum tuy_reject_code code, uint32_t time_s)
{
	message_open(w, TUY_MSG_REJECT);
	tuy_write_uint(w, code);
	tuy_write_uint(w, time_s);
}

void tuy_message_put_close(struct tuy_writer *w, enum tuy_close_code code, uint32_t retry_s)
{
	message_open(w, TUY_MSG_CLOSE);
	tuy_write_uint(w, code);
	tuy_write_uint(w, retry_s);
}

void tuy_message_put_clone(struct tuy_writer *w, const uint8_t boot_id[8])
{
	message_open(w, TUY_MSG_CLONE);
	tuy_write_bin(w, boot_id, 8);
}

void tuy_message_put_alive(struct tuy_writer *w, const uint8_t boot_id[8],
                           const struct tuy_incarnation *incarnation, const struct tuy_sig *sig)
{
	message_open(w, TUY_MSG_ALIVE);
	tuy_write_bin(w, boot_id, 8);
	tuy_write_bin(w, incarnation->b, sizeof incarnation->b);
	tuy_write_bin(w, sig->b, sizeof sig->b);
}
