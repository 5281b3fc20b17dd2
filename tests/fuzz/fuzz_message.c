/*
 * All link messages. What the parser takes is canonical, its lists walk to their ends without an
 * error, and writing it again gives a message that reads the same; where nothing is lost on reading
 * (no further elements, no codes of later versions) it gives the same bytes.
 */
#include <string.h>
#include "../../proto/fork_proof.h"
#include "../../proto/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

static void rows_write(struct tuy_writer *w, struct tuy_message *m)
{
	for (uint32_t i = 0; i < m->count; i++) {
		struct tuy_tag tag = tuy_message_next_tag(&m->list);
		tuy_message_put_tag(w, &tag);
	}
}

static void bins_write(struct tuy_writer *w, struct tuy_message *m)
{
	for (uint32_t i = 0; i < m->count; i++) {
		struct tuy_bytes bin = tuy_message_next_bin(&m->list);
		tuy_require(bin.len > 0);
		tuy_write_bin(w, bin.p, bin.len);
	}
}

static void frontier_write(struct tuy_writer *w, struct tuy_message *m)
{
	tuy_message_put_frontier(w, m->circle, m->count);
	for (uint32_t i = 0; i < m->count; i++) {
		struct tuy_frontier_row row = tuy_message_next_frontier(&m->list);
		tuy_message_put_frontier_row(w, &row);
	}
	tuy_message_put_frontier_end(w, m->u.frontier.last ? TUY_LAST : TUY_MORE);
}

static void have_write(struct tuy_writer *w, struct tuy_message *m)
{
	tuy_message_put_have(w, m->circle, m->count);
	for (uint32_t i = 0; i < m->count; i++) {
		struct tuy_have_row row = tuy_message_next_have(&m->list);
		tuy_message_put_have_row(w, &row);
	}
}

static void data_write(struct tuy_writer *w, struct tuy_message *m)
{
	tuy_require(m->count >= 1 && m->count <= TUY_CHECKPOINT_EVERY && m->u.data.from >= 1);
	tuy_message_put_data(w, m->circle, &m->u.data.log, m->u.data.from, m->count,
	                     m->u.data.headers, &m->u.data.sig);
	for (uint32_t i = 0; i < m->count; i++) {
		struct tuy_bytes blob = tuy_message_next_blob(&m->list);
		if (blob.p)
			tuy_write_bin(w, blob.p, blob.len);
		else
			tuy_write_nil(w);
	}
}

static void ping_write(struct tuy_writer *w, struct tuy_message *m)
{
	struct tuy_ping_row rows[TUY_CIRCLES_MAX];
	for (uint32_t i = 0; i < m->count; i++)
		rows[i] = tuy_message_next_ping(&m->list);
	tuy_message_put_ping(w, m->type, m->u.ping.nonce, rows, m->count);
}

static void welcome_write(struct tuy_writer *w, struct tuy_message *m)
{
	struct tuy_epoch_key_row epochs[TUY_WELCOME_EPOCHS_MAX];
	struct tuy_bytes records[TUY_PEERS_RECORDS_MAX];
	for (uint32_t i = 0; i < m->u.welcome.epoch_count; i++)
		epochs[i] = tuy_message_next_epoch(&m->u.welcome.epochs);
	tuy_require(tuy_read_end(&m->u.welcome.epochs) == TUY_OK);
	for (uint32_t i = 0; i < m->count; i++)
		records[i] = tuy_message_next_bin(&m->list);
	tuy_message_put_welcome(w, m->u.welcome.genesis, epochs, m->u.welcome.epoch_count, records,
	                        m->count, m->u.welcome.circle_name, m->u.welcome.inviter_name);
}

/* The messages without a list of rows to walk. */
static void plain_write(struct tuy_writer *w, const struct tuy_message *m)
{
	if (m->type == TUY_MSG_HELLO)
		tuy_message_put_hello(w, m->u.hello.boot_id, m->u.hello.tag, m->count);
	else if (m->type == TUY_MSG_LOGINFO)
		tuy_message_put_loginfo(w, m->circle, &m->u.loginfo.log, &m->u.loginfo.device,
		                        &m->u.loginfo.incarnation);
	else if (m->type == TUY_MSG_BLOB)
		tuy_message_put_blob(w, m->circle, &m->u.blob.log, m->u.blob.seq, m->u.blob.blob);
	else if (m->type == TUY_MSG_GETB)
		tuy_message_put_getb(w, m->circle, &m->u.seqs.log, m->u.seqs.seq, m->count);
	else if (m->type == TUY_MSG_GONE)
		tuy_message_put_gone(w, m->circle, &m->u.seqs.log, m->u.seqs.seq, m->count,
		                     m->u.seqs.reason);
	else if (m->type == TUY_MSG_WANT)
		tuy_message_put_want(w, m->circle, &m->u.want.log, m->u.want.from, m->u.want.flags);
	else if (m->type == TUY_MSG_BASE)
		tuy_message_put_base(w, m->circle, &m->u.base.log, &m->u.base.head, &m->u.base.sig);
	else if (m->type == TUY_MSG_FORKPROOF)
		tuy_message_put_forkproof(w, m->circle, &m->u.fork.log, m->u.fork.proof);
	else if (m->type == TUY_MSG_CREDIT)
		tuy_message_put_credit(w, m->u.credit.bytes);
	else if (m->type == TUY_MSG_JOIN)
		tuy_message_put_join(w, &m->u.join.circle16, &m->u.join.cert, m->u.join.name,
		                     &m->u.join.invite, &m->u.join.sig);
	else if (m->type == TUY_MSG_REJECT)
		tuy_message_put_reject(w, m->u.reject.code, m->u.reject.time_s);
	else if (m->type == TUY_MSG_CLONE)
		tuy_message_put_clone(w, m->u.clone.boot_id);
	else if (m->type == TUY_MSG_ALIVE)
		tuy_message_put_alive(w, m->u.alive.boot_id, &m->u.alive.incarnation,
		                      &m->u.alive.sig);
	else
		tuy_require(m->type == TUY_MSG_CLOSE);
	if (m->type == TUY_MSG_CLOSE)
		tuy_message_put_close(w, m->u.close.code, m->u.close.retry_s);
}

/* True if the list was walked. */
static bool list_write(struct tuy_writer *w, struct tuy_message *m)
{
	if (m->type == TUY_MSG_HEADS || m->type == TUY_MSG_GETOPS || m->type == TUY_MSG_PRUNE) {
		if (m->type == TUY_MSG_PRUNE)
			tuy_message_put_prune(w, m->circle, m->count);
		else if (m->type == TUY_MSG_HEADS)
			tuy_message_put_heads(w, m->circle, m->count);
		else
			tuy_message_put_getops(w, m->circle, m->count);
		rows_write(w, m);
	} else if (m->type == TUY_MSG_OPS || m->type == TUY_MSG_PEERS) {
		if (m->type == TUY_MSG_OPS)
			tuy_message_put_ops(w, m->circle, m->count);
		else
			tuy_message_put_peers(w, m->circle, m->count);
		bins_write(w, m);
	} else if (m->type == TUY_MSG_FRONTIER) {
		frontier_write(w, m);
	} else if (m->type == TUY_MSG_HAVE) {
		have_write(w, m);
	} else if (m->type == TUY_MSG_DATA) {
		data_write(w, m);
	} else if (m->type == TUY_MSG_PING || m->type == TUY_MSG_PONG) {
		ping_write(w, m);
	} else if (m->type == TUY_MSG_WELCOME) {
		welcome_write(w, m);
	} else {
		return false;
	}
	return true;
}

/* Writes a parsed message again; empty for TUY_MSG_UNKNOWN. */
static struct tuy_bytes message_write(struct tuy_message *m, uint8_t *out, size_t cap)
{
	struct tuy_writer w = tuy_writer(out, cap);
	if (m->type == TUY_MSG_UNKNOWN)
		return (struct tuy_bytes){ NULL, 0 };
	if (list_write(&w, m))
		tuy_require(tuy_read_end(&m->list) == TUY_OK);
	else
		plain_write(&w, m);
	tuy_require(w.err == TUY_OK);
	return tuy_written(&w);
}

/* Whether the parser keeps every byte of a message of this type that has no further elements. */
static bool keeps_all(enum tuy_message_type type)
{
	return type != TUY_MSG_HELLO && type != TUY_MSG_GONE && type != TUY_MSG_REJECT &&
	       type != TUY_MSG_CLOSE;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t first[TUY_RECORD_MAX], second[TUY_RECORD_MAX];
	struct tuy_bytes doc = { data, size };
	struct tuy_message m, again;
	if (tuy_message_parse(doc, &m) != TUY_OK)
		return 0;
	tuy_require(size <= TUY_RECORD_MAX);
	tuy_require(tuy_scan(doc, TUY_CANONICAL) == TUY_OK);
	struct tuy_bytes once = message_write(&m, first, sizeof first);
	if (m.type == TUY_MSG_UNKNOWN)
		return 0;
	tuy_require(tuy_message_parse(once, &again) == TUY_OK && again.type == m.type);
	struct tuy_bytes twice = message_write(&again, second, sizeof second);
	tuy_require(once.len == twice.len && memcmp(once.p, twice.p, once.len) == 0);
	if (keeps_all(m.type) && data[0] == once.p[0])
		tuy_require(once.len == size && memcmp(once.p, data, size) == 0);
	return 0;
}

/* ---- where mutation starts: one right message of each type ---- */

static const uint8_t stuff[256];
static const uint32_t some_seqs[] = { 1, 63, 64, 200, 70000 };

static void circle_message_write(struct tuy_writer *w, unsigned int which)
{
	static const struct tuy_log16 log;
	static const struct tuy_device device;
	static const struct tuy_incarnation incarnation;
	static const struct tuy_frontier_row frontier;
	static const struct tuy_have_row have;
	static const struct tuy_tag tag;
	static const struct tuy_sig sig;
	static const struct tuy_head checkpoint = { .seq = 128 };
	if (which == 0) {
		tuy_message_put_heads(w, 0, 1);
		tuy_message_put_tag(w, &tag);
	} else if (which == 1) {
		tuy_message_put_ops(w, 1, 1);
		tuy_write_bin(w, stuff, 200);
	} else if (which == 2) {
		tuy_message_put_getops(w, 2, 1);
		tuy_message_put_tag(w, &tag);
	} else if (which == 3) {
		tuy_message_put_frontier(w, 3, 1);
		tuy_message_put_frontier_row(w, &frontier);
		tuy_message_put_frontier_end(w, TUY_LAST);
	} else if (which == 4) {
		tuy_message_put_loginfo(w, 4, &log, &device, &incarnation);
	} else if (which == 5) {
		tuy_message_put_data(w, 5, &log, 63, 2, stuff, &sig);
		tuy_write_bin(w, stuff, 30);
		tuy_write_nil(w);
	} else if (which == 6) {
		tuy_message_put_blob(w, 6, &log, 7, (struct tuy_bytes){ stuff, 50 });
	} else if (which == 7) {
		tuy_message_put_getb(w, 7, &log, some_seqs, 5);
	} else if (which == 8) {
		tuy_message_put_gone(w, 8, &log, some_seqs, 5, TUY_GONE_EXPIRED);
	} else if (which == 9) {
		tuy_message_put_have(w, 9, 1);
		tuy_message_put_have_row(w, &have);
	} else if (which == 10) {
		tuy_message_put_want(w, 10, &log, 1, TUY_WANT_EAGER);
	} else if (which == 11) {
		tuy_message_put_base(w, 11, &log, &checkpoint, &sig);
	} else if (which == 12) {
		tuy_message_put_forkproof(w, 12, &log,
		                          (struct tuy_bytes){ stuff, TUY_FORK_PROOF_MIN });
	} else if (which == 13) {
		tuy_message_put_want(w, 13, &log, 129, TUY_WANT_FORK);
	} else {
		tuy_message_put_peers(w, 15, 1);
		tuy_write_bin(w, stuff, 120);
	}
}

static void other_message_write(struct tuy_writer *w, unsigned int which)
{
	static const struct tuy_hello_tag tags[16];
	static const struct tuy_ping_row pings[2];
	static const struct tuy_epoch_key_row epoch;
	static const struct tuy_tag tag;
	static const struct tuy_cert cert;
	static const struct tuy_invite_pk invite;
	static const struct tuy_sig sig;
	static const struct tuy_incarnation incarnation;
	struct tuy_bytes name = { (const uint8_t *)"name", 4 }, record = { stuff, 120 };
	if (which == 0)
		tuy_message_put_hello(w, stuff, tags, 1);
	else if (which == 1)
		tuy_message_put_hello(w, stuff, tags, 4);
	else if (which == 2)
		tuy_message_put_credit(w, 65536);
	else if (which == 3)
		tuy_message_put_ping(w, TUY_MSG_PING, 1, pings, 2);
	else if (which == 4)
		tuy_message_put_ping(w, TUY_MSG_PONG, 1, pings, 1);
	else if (which == 5)
		tuy_message_put_join(w, &tag, &cert, name, &invite, &sig);
	else if (which == 6)
		tuy_message_put_welcome(w, record, &epoch, 1, &record, 1, name, name);
	else if (which == 7)
		tuy_message_put_reject(w, TUY_REJECT_USED, 1700000000);
	else if (which == 8)
		tuy_message_put_clone(w, stuff);
	else if (which == 9)
		tuy_message_put_alive(w, stuff, &incarnation, &sig);
	else
		tuy_message_put_close(w, TUY_CLOSE_SLOW, 60);
}

#define CIRCLE_MESSAGES 15
#define OTHER_MESSAGES  11

/* Now and then a right message; else libFuzzer's own mutation. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	unsigned int which = seed / 64 % (CIRCLE_MESSAGES + OTHER_MESSAGES);
	struct tuy_writer w = tuy_writer(data, max_size);
	if (size > 2 && seed % 64 != 0)
		return LLVMFuzzerMutate(data, size, max_size);
	if (which < CIRCLE_MESSAGES)
		circle_message_write(&w, which);
	else
		other_message_write(&w, which - CIRCLE_MESSAGES);
	return w.len;
}
