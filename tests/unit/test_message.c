#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "message_samples.h"

static uint8_t sample_bytes[SAMPLE_MAX];

static struct tuy_bytes sample_write(void (*put)(struct tuy_writer *w))
{
	struct tuy_writer w = tuy_writer(sample_bytes, sizeof sample_bytes);
	put(&w);
	assert_int_equal(w.err, TUY_OK);
	return tuy_written(&w);
}

/* Parses a copy of exactly the size of `in`, so that a read past its end is seen. */
static enum tuy_err exact_parse(struct tuy_bytes in, enum tuy_message_type *type)
{
	uint8_t *copy = malloc(in.len ? in.len : 1);
	struct tuy_message m, untouched;
	assert_non_null(copy);
	if (in.len > 0)
		memcpy(copy, in.p, in.len);
	memset(&m, 0xa5, sizeof m);
	memset(&untouched, 0xa5, sizeof untouched);
	enum tuy_err err = tuy_message_parse((struct tuy_bytes){ copy, in.len }, &m);
	if (err)
		assert_memory_equal(&m, &untouched, sizeof m);
	else
		*type = m.type;
	free(copy);
	return err;
}

static void assert_refused(struct tuy_bytes in)
{
	enum tuy_message_type type;
	assert_int_not_equal(exact_parse(in, &type), TUY_OK);
}

static void sample_parse(void (*put)(struct tuy_writer *w), struct tuy_message *m)
{
	assert_int_equal(tuy_message_parse(sample_write(put), m), TUY_OK);
}

static void assert_log(struct tuy_log16 log, unsigned int n)
{
	struct tuy_log16 wanted = sample_log_of(n);
	assert_memory_equal(log.b, wanted.b, sizeof wanted.b);
}

static void assert_bytes(const void *p, size_t len, unsigned int n)
{
	uint8_t wanted[256];
	assert_true(len <= sizeof wanted);
	sample_fill(wanted, len, n);
	assert_memory_equal(p, wanted, len);
}

static void assert_text(struct tuy_bytes text, const char *wanted)
{
	assert_int_equal(text.len, strlen(wanted));
	assert_memory_equal(text.p, wanted, text.len);
}

/* ---- round trips ---- */

static void hello_round_trips(void **state)
{
	(void)state;
	struct tuy_message m;
	sample_parse(sample_hello, &m);
	assert_int_equal(m.type, TUY_MSG_HELLO);
	assert_int_equal(m.u.hello.version, 1);
	assert_int_equal(m.u.hello.features, 0);
	assert_bytes(m.u.hello.boot_id, 8, 1);
	assert_int_equal(m.count, 4);
	for (unsigned int i = 0; i < 4; i++) {
		assert_bytes(m.u.hello.tag[i].ctag.b, 16, i);
		assert_bytes(m.u.hello.tag[i].digest.b, 16, 10 + i);
		assert_bytes(m.u.hello.tag[i].book, 8, 20 + i);
	}
}

static void assert_two_tags(struct tuy_message *m)
{
	assert_int_equal(m->count, 2);
	assert_bytes(tuy_message_next_tag(&m->list).b, 16, 1);
	assert_bytes(tuy_message_next_tag(&m->list).b, 16, 2);
	assert_int_equal(tuy_read_end(&m->list), TUY_OK);
}

static void lists_of_tags_round_trip(void **state)
{
	(void)state;
	struct tuy_message m;
	sample_parse(sample_heads, &m);
	assert_int_equal(m.type, TUY_MSG_HEADS);
	assert_int_equal(m.circle, 3);
	assert_two_tags(&m);
	sample_parse(sample_getops, &m);
	assert_int_equal(m.type, TUY_MSG_GETOPS);
	assert_int_equal(m.circle, 4);
	assert_two_tags(&m);
	sample_parse(sample_prune, &m);
	assert_int_equal(m.type, TUY_MSG_PRUNE);
	assert_int_equal(m.circle, 5);
	assert_two_tags(&m);
}

static void assert_two_bins(struct tuy_message *m)
{
	assert_int_equal(m->count, 2);
	struct tuy_bytes bin = tuy_message_next_bin(&m->list);
	assert_int_equal(bin.len, 110);
	assert_bytes(bin.p, bin.len, 5);
	bin = tuy_message_next_bin(&m->list);
	assert_int_equal(bin.len, 119);
	assert_bytes(bin.p, bin.len, 6);
	assert_int_equal(tuy_read_end(&m->list), TUY_OK);
}

static void ops_and_peers_round_trip(void **state)
{
	(void)state;
	struct tuy_message m;
	sample_parse(sample_ops, &m);
	assert_int_equal(m.type, TUY_MSG_OPS);
	assert_int_equal(m.circle, 5);
	assert_two_bins(&m);
	sample_parse(sample_peers, &m);
	assert_int_equal(m.type, TUY_MSG_PEERS);
	assert_int_equal(m.circle, 6);
	assert_two_bins(&m);
}

static void frontier_round_trips(void **state)
{
	(void)state;
	struct tuy_message m;
	sample_parse(sample_frontier, &m);
	assert_int_equal(m.type, TUY_MSG_FRONTIER);
	assert_int_equal(m.circle, 15);
	assert_true(m.u.frontier.last);
	assert_int_equal(m.count, 2);
	for (uint32_t i = 0; i < 2; i++) {
		struct tuy_frontier_row row = tuy_message_next_frontier(&m.list);
		assert_log(row.log, i);
		assert_int_equal(row.eff_seq, 70000 + i);
		assert_bytes(row.h8, 8, 30 + i);
		assert_int_equal(row.base_seq, i);
	}
	assert_int_equal(tuy_read_end(&m.list), TUY_OK);
}

static void frontier_says_when_more_follows(void **state)
{
	(void)state;
	struct tuy_message m;
	struct tuy_writer w = tuy_writer(sample_bytes, sizeof sample_bytes);
	tuy_message_put_frontier(&w, 0, 0);
	tuy_message_put_frontier_end(&w, TUY_MORE);
	assert_int_equal(tuy_message_parse(tuy_written(&w), &m), TUY_OK);
	assert_false(m.u.frontier.last);
	assert_int_equal(m.count, 0);
}

static void loginfo_round_trips(void **state)
{
	(void)state;
	struct tuy_message m;
	sample_parse(sample_loginfo, &m);
	assert_int_equal(m.type, TUY_MSG_LOGINFO);
	assert_int_equal(m.circle, 0);
	assert_log(m.u.loginfo.log, 1);
	assert_bytes(m.u.loginfo.device.b, 32, 2);
	assert_bytes(m.u.loginfo.incarnation.b, 16, 3);
}

static void data_round_trips(void **state)
{
	(void)state;
	struct tuy_message m;
	sample_parse(sample_data, &m);
	assert_int_equal(m.type, TUY_MSG_DATA);
	assert_int_equal(m.circle, 1);
	assert_log(m.u.data.log, 1);
	assert_int_equal(m.u.data.from, 60);
	assert_int_equal(m.count, 3);
	assert_bytes(m.u.data.headers, 3 * TUY_HEADER_SIZE, 3);
	assert_bytes(m.u.data.sig.b, 64, 2);
	assert_text(tuy_message_next_blob(&m.list), "first");
	assert_null(tuy_message_next_blob(&m.list).p);
	assert_text(tuy_message_next_blob(&m.list), "third!");
	assert_int_equal(tuy_read_end(&m.list), TUY_OK);
}

static void blob_round_trips(void **state)
{
	(void)state;
	struct tuy_message m;
	sample_parse(sample_blob, &m);
	assert_int_equal(m.type, TUY_MSG_BLOB);
	assert_int_equal(m.circle, 2);
	assert_log(m.u.blob.log, 1);
	assert_int_equal(m.u.blob.seq, 300);
	assert_text(m.u.blob.blob, "a blob");
}

static void getb_and_gone_round_trip(void **state)
{
	(void)state;
	struct tuy_message m;
	sample_parse(sample_getb, &m);
	assert_int_equal(m.type, TUY_MSG_GETB);
	assert_log(m.u.seqs.log, 1);
	assert_int_equal(m.count, 3);
	assert_memory_equal(m.u.seqs.seq, sample_three_seqs, sizeof sample_three_seqs);
	sample_parse(sample_gone, &m);
	assert_int_equal(m.type, TUY_MSG_GONE);
	assert_int_equal(m.circle, 2);
	assert_int_equal(m.count, 3);
	assert_memory_equal(m.u.seqs.seq, sample_three_seqs, sizeof sample_three_seqs);
	assert_int_equal(m.u.seqs.reason, TUY_GONE_ERASED);
}

static void have_round_trips(void **state)
{
	(void)state;
	struct tuy_message m;
	sample_parse(sample_have, &m);
	assert_int_equal(m.type, TUY_MSG_HAVE);
	assert_int_equal(m.circle, 7);
	assert_int_equal(m.count, 2);
	for (uint32_t i = 0; i < 2; i++) {
		struct tuy_have_row row = tuy_message_next_have(&m.list);
		assert_log(row.log, i);
		assert_int_equal(row.seq, 9 + i);
		assert_bytes(row.h8, 8, 30 + i);
	}
	assert_int_equal(tuy_read_end(&m.list), TUY_OK);
}

static void base_round_trips(void **state)
{
	(void)state;
	struct tuy_message m;
	sample_parse(sample_base, &m);
	assert_int_equal(m.type, TUY_MSG_BASE);
	assert_int_equal(m.circle, 3);
	assert_log(m.u.base.log, 3);
	assert_int_equal(m.u.base.head.seq, 192);
	assert_bytes(m.u.base.head.hash.b, 32, 5);
	assert_bytes(m.u.base.sig.b, 64, 8);
}

static void want_and_credit_round_trip(void **state)
{
	(void)state;
	struct tuy_message m;
	sample_parse(sample_want, &m);
	assert_int_equal(m.type, TUY_MSG_WANT);
	assert_int_equal(m.circle, 2);
	assert_log(m.u.want.log, 1);
	assert_int_equal(m.u.want.from, 65);
	assert_int_equal(m.u.want.flags, TUY_WANT_EAGER);
	sample_parse(sample_credit, &m);
	assert_int_equal(m.type, TUY_MSG_CREDIT);
	assert_int_equal(m.u.credit.bytes, 65536);
}

static void ping_and_pong_round_trip(void **state)
{
	(void)state;
	struct tuy_message m;
	for (unsigned int pass = 0; pass < 2; pass++) {
		sample_parse(pass ? sample_pong : sample_ping, &m);
		assert_int_equal(m.type, pass ? TUY_MSG_PONG : TUY_MSG_PING);
		assert_true(m.u.ping.nonce == 0xfeedbeef);
		assert_int_equal(m.count, 2);
		struct tuy_ping_row row = tuy_message_next_ping(&m.list);
		assert_int_equal(row.circle, 0);
		assert_bytes(row.digest.b, 16, 1);
		row = tuy_message_next_ping(&m.list);
		assert_int_equal(row.circle, 15);
		assert_bytes(row.digest.b, 16, 2);
		assert_int_equal(tuy_read_end(&m.list), TUY_OK);
	}
}

static void join_round_trips(void **state)
{
	(void)state;
	struct tuy_message m;
	sample_parse(sample_join, &m);
	assert_int_equal(m.type, TUY_MSG_JOIN);
	assert_bytes(m.u.join.circle16.b, 16, 1);
	assert_bytes(&m.u.join.cert, TUY_CERT_SIZE, 2);
	assert_text(m.u.join.name, "Chlo\xc3\xa9");
	assert_bytes(m.u.join.invite.b, 32, 3);
	assert_bytes(m.u.join.sig.b, 64, 4);
}

static void welcome_round_trips(void **state)
{
	(void)state;
	struct tuy_message m;
	struct tuy_epoch_key_row wanted[2];
	sample_fill(wanted, sizeof wanted, 6);
	sample_parse(sample_welcome, &m);
	assert_int_equal(m.type, TUY_MSG_WELCOME);
	assert_int_equal(m.u.welcome.genesis.len, 129);
	assert_bytes(m.u.welcome.genesis.p, 129, 6);
	assert_int_equal(m.u.welcome.epoch_count, 2);
	for (uint32_t i = 0; i < 2; i++) {
		struct tuy_epoch_key_row row = tuy_message_next_epoch(&m.u.welcome.epochs);
		assert_memory_equal(&row, &wanted[i], sizeof row);
	}
	assert_int_equal(tuy_read_end(&m.u.welcome.epochs), TUY_OK);
	assert_int_equal(m.count, 2);
	assert_int_equal(tuy_message_next_bin(&m.list).len, 100);
	assert_int_equal(tuy_message_next_bin(&m.u.welcome.records).len, 100);
	struct tuy_bytes second = tuy_message_next_bin(&m.u.welcome.records);
	assert_int_equal(second.len, 110);
	assert_bytes(second.p, 110, 8);
	assert_int_equal(tuy_read_end(&m.u.welcome.records), TUY_OK);
	assert_text(m.u.welcome.circle_name, "Friday");
	assert_text(m.u.welcome.inviter_name, "Bruno");
}

static void clone_and_alive_round_trip(void **state)
{
	(void)state;
	struct tuy_message m;
	struct tuy_sig sig = sample_sig_of(3);
	sample_parse(sample_clone, &m);
	assert_int_equal(m.type, TUY_MSG_CLONE);
	assert_int_equal(m.u.clone.boot_id[7], 0x41 + 7);
	sample_parse(sample_alive, &m);
	assert_int_equal(m.type, TUY_MSG_ALIVE);
	assert_int_equal(m.u.alive.boot_id[0], 0x41);
	assert_int_equal(m.u.alive.incarnation.b[15], 0x42 + 15);
	assert_memory_equal(&m.u.alive.sig, &sig, sizeof sig);
}

static void reject_and_close_round_trip(void **state)
{
	(void)state;
	struct tuy_message m;
	sample_parse(sample_reject, &m);
	assert_int_equal(m.type, TUY_MSG_REJECT);
	assert_int_equal(m.u.reject.code, TUY_REJECT_EXPIRED);
	assert_int_equal(m.u.reject.time_s, 1700000000);
	sample_parse(sample_close, &m);
	assert_int_equal(m.type, TUY_MSG_CLOSE);
	assert_int_equal(m.u.close.code, TUY_CLOSE_FULL);
	assert_int_equal(m.u.close.retry_s, 600);
}

/* ---- refusals ---- */

static void refuses_every_truncation(void **state)
{
	(void)state;
	enum tuy_message_type type;
	for (size_t i = 0; i < SAMPLES; i++) {
		struct tuy_bytes whole = sample_write(samples[i].put);
		assert_int_equal(exact_parse(whole, &type), TUY_OK);
		assert_int_equal(type, samples[i].type);
		for (size_t len = 0; len < whole.len; len++)
			assert_refused((struct tuy_bytes){ whole.p, len });
	}
}

static void refuses_a_byte_after_the_message(void **state)
{
	(void)state;
	for (size_t i = 0; i < SAMPLES; i++) {
		struct tuy_bytes whole = sample_write(samples[i].put);
		sample_bytes[whole.len] = 0;
		assert_refused((struct tuy_bytes){ whole.p, whole.len + 1 });
	}
}

static void refuses_an_array_of_one_element_too_few(void **state)
{
	(void)state;
	for (size_t i = 0; i < SAMPLES; i++) {
		struct tuy_bytes whole = sample_write(samples[i].put);
		sample_bytes[0]--;
		assert_refused(whole);
		/* and without the bytes of the last one */
		struct tuy_reader r = tuy_reader(whole);
		uint32_t elements = tuy_read_array(&r, 1, 8);
		for (uint32_t n = 0; n < elements; n++)
			tuy_read_any(&r);
		assert_int_equal(r.err, TUY_OK);
		assert_refused((struct tuy_bytes){ whole.p, (size_t)(r.p - whole.p) });
	}
}

static void a_short_buffer_is_reported_for_every_message(void **state)
{
	(void)state;
	for (size_t i = 0; i < SAMPLES; i++) {
		size_t whole = sample_write(samples[i].put).len;
		for (size_t cap = 0; cap < whole; cap++) {
			uint8_t *buffer = malloc(cap ? cap : 1);
			assert_non_null(buffer);
			struct tuy_writer w = tuy_writer(buffer, cap);
			samples[i].put(&w);
			assert_int_equal(w.err, TUY_E_FULL);
			free(buffer);
		}
	}
}

struct node { /* one value of a sample, at any depth */
	size_t at;
	size_t len;
	enum tuy_next is;
};
#define NODES_MAX 64

/* Lists the value at the reader and all values in it. */
static size_t nodes_list(struct tuy_bytes doc, struct tuy_reader *r, struct node *nodes, size_t n)
{
	assert_true(n < NODES_MAX);
	struct node *node = &nodes[n++];
	node->at = (size_t)(r->p - doc.p);
	node->is = tuy_read_peek(r);
	if (node->is == TUY_IS_ARRAY) {
		uint32_t count = tuy_read_array(r, 0, NODES_MAX);
		for (uint32_t i = 0; i < count; i++)
			n = nodes_list(doc, r, nodes, n);
	} else {
		tuy_read_any(r);
	}
	assert_int_equal(r->err, TUY_OK);
	node->len = (size_t)(r->p - doc.p) - node->at;
	return n;
}

/* `doc` with one of its values replaced by other bytes. */
static struct tuy_bytes replaced(struct tuy_bytes doc, const struct node *node,
                                 struct tuy_bytes other)
{
	static uint8_t out[SAMPLE_MAX];
	size_t rest = node->at + node->len;
	memcpy(out, doc.p, node->at);
	memcpy(out + node->at, other.p, other.len);
	memcpy(out + node->at + other.len, doc.p + rest, doc.len - rest);
	return (struct tuy_bytes){ out, doc.len - node->len + other.len };
}

static const struct other {
	enum tuy_next is;
	struct tuy_bytes bytes;
} others[] = {
	{ TUY_IS_NIL, { (const uint8_t *)"\xc0", 1 } },
	{ TUY_IS_BOOL, { (const uint8_t *)"\xc3", 1 } },
	{ TUY_IS_UINT, { (const uint8_t *)"\x01", 1 } },
	{ TUY_IS_BIN, { (const uint8_t *)"\xc4\x01x", 3 } },
	{ TUY_IS_STR, { (const uint8_t *)"\xa1x", 2 } },
	{ TUY_IS_ARRAY, { (const uint8_t *)"\x91\x01", 2 } },
	{ TUY_IS_MAP, { (const uint8_t *)"\x81\x01\x01", 3 } },
	{ TUY_IS_NOTHING, { (const uint8_t *)"\xff", 1 } },                 /* -1 */
	{ TUY_IS_NOTHING, { (const uint8_t *)"\xca\0\0\0\0", 5 } },         /* a float */
	{ TUY_IS_NOTHING, { (const uint8_t *)"\xd4\1\1", 3 } },             /* an extension */
	{ TUY_IS_NOTHING, { (const uint8_t *)"\xcc\x01", 2 } },             /* not shortest */
	{ TUY_IS_NOTHING, { (const uint8_t *)"\xc5\0\x01x", 4 } },          /* not shortest */
	{ TUY_IS_NOTHING, { (const uint8_t *)"\xcf\1\0\0\0\0\0\0\0", 9 } }, /* too large */
	{ TUY_IS_NOTHING, { (const uint8_t *)"\xc6\xff\xff\xff\xff", 5 } }, /* 4 GiB */
	{ TUY_IS_NOTHING, { (const uint8_t *)"\xdd\xff\xff\xff\xff", 5 } }, /* 4 Gi rows */
};

/* The one place where two types may stand: a blob may be missing. */
static bool may_be(enum tuy_message_type type, enum tuy_next is, enum tuy_next other)
{
	return is == other || (type == TUY_MSG_DATA && other == TUY_IS_NIL && is == TUY_IS_BIN) ||
	       (type == TUY_MSG_DATA && other == TUY_IS_BIN && is == TUY_IS_NIL);
}

static void refuses_every_wrong_type_at_every_depth(void **state)
{
	(void)state;
	unsigned int tried = 0;
	for (size_t i = 0; i < SAMPLES; i++) {
		struct tuy_bytes doc = sample_write(samples[i].put);
		struct tuy_reader r = tuy_reader(doc);
		struct node nodes[NODES_MAX];
		size_t count = nodes_list(doc, &r, nodes, 0);
		for (size_t n = 0; n < count; n++) {
			for (size_t o = 0; o < sizeof others / sizeof others[0]; o++) {
				/* a type number that is too large is one of a later version */
				if (n == 1 && others[o].bytes.len == 9)
					continue;
				if (may_be(samples[i].type, nodes[n].is, others[o].is))
					continue;
				assert_refused(replaced(doc, &nodes[n], others[o].bytes));
				tried++;
			}
		}
	}
	assert_true(tried > 1000);
}

/* DATA's headers and signature may not be nil, though its blobs may. */
static void refuses_data_without_headers_or_signature(void **state)
{
	(void)state;
	struct tuy_bytes doc = sample_write(sample_data);
	struct tuy_reader r = tuy_reader(doc);
	struct node nodes[NODES_MAX];
	nodes_list(doc, &r, nodes, 0);
	assert_int_equal(nodes[5].len, 2 + 3 * TUY_HEADER_SIZE);
	assert_int_equal(nodes[6].len, 2 + 64);
	assert_refused(replaced(doc, &nodes[5], TEXT("\xc0")));
	assert_refused(replaced(doc, &nodes[6], TEXT("\xc0")));
}

static void refuses_fixed_sizes_one_byte_off(void **state)
{
	(void)state;
	unsigned int tried = 0;
	for (size_t i = 0; i < SAMPLES; i++) {
		struct tuy_bytes doc = sample_write(samples[i].put);
		struct tuy_reader r = tuy_reader(doc);
		struct node nodes[NODES_MAX];
		size_t count = nodes_list(doc, &r, nodes, 0);
		for (size_t n = 0; n < count; n++) {
			struct node *node = &nodes[n];
			size_t size = node->len - 2;
			bool fixed = size == 8 || size == 16 || size == 32 || size == 64 ||
			             size == 3 * TUY_HEADER_SIZE || size == TUY_CERT_SIZE;
			if (node->is != TUY_IS_BIN || !fixed)
				continue;
			uint8_t other[2 + TUY_CERT_SIZE + 1];
			sample_fill(other, sizeof other, 0);
			other[0] = 0xc4;
			other[1] = (uint8_t)(size - 1);
			assert_refused(replaced(doc, node, (struct tuy_bytes){ other, size + 1 }));
			other[1] = (uint8_t)(size + 1);
			assert_refused(replaced(doc, node, (struct tuy_bytes){ other, size + 3 }));
			tried++;
		}
	}
	assert_int_equal(tried, 57);
}

/* ---- single rules, and later versions ---- */

static void hello_of_version_0_is_refused_and_of_2_is_read(void **state)
{
	(void)state;
	struct tuy_bytes doc = sample_write(sample_hello);
	struct tuy_message m;
	sample_bytes[2] = 0;
	assert_refused(doc);
	sample_bytes[2] = 2;
	assert_int_equal(tuy_message_parse(doc, &m), TUY_OK);
	assert_int_equal(m.u.hello.version, 2);
}

static void a_circle_index_is_below_16(void **state)
{
	(void)state;
	struct tuy_bytes doc = sample_write(sample_heads);
	enum tuy_message_type type;
	sample_bytes[2] = 15;
	assert_int_equal(exact_parse(doc, &type), TUY_OK);
	sample_bytes[2] = 16;
	assert_refused(doc);
	struct tuy_writer w = tuy_writer(sample_bytes, sizeof sample_bytes);
	struct tuy_ping_row row = { 16, sample_tag_of(1) };
	tuy_message_put_ping(&w, TUY_MSG_PING, 1, &row, 1);
	assert_refused(tuy_written(&w));
}

static void a_name_has_at_most_120_bytes(void **state)
{
	(void)state;
	uint8_t bytes[121];
	memset(bytes, 'n', sizeof bytes);
	static const struct tuy_tag circle16;
	static const struct tuy_cert cert;
	static const struct tuy_invite_pk invite;
	static const struct tuy_sig sig;
	struct tuy_writer w = tuy_writer(sample_bytes, sizeof sample_bytes);
	struct tuy_bytes name = { bytes, 120 };
	tuy_message_put_join(&w, &circle16, &cert, name, &invite, &sig);
	enum tuy_message_type type;
	assert_int_equal(exact_parse(tuy_written(&w), &type), TUY_OK);
	/* The same with one byte more, by hand: the writer refuses it. */
	struct tuy_bytes doc = tuy_written(&w);
	struct tuy_reader r = tuy_reader(doc);
	struct node nodes[NODES_MAX];
	nodes_list(doc, &r, nodes, 0);
	assert_int_equal(nodes[4].is, TUY_IS_STR);
	uint8_t longer[2 + sizeof bytes] = { 0xd9, 121 };
	memcpy(longer + 2, bytes, sizeof bytes);
	assert_refused(replaced(doc, &nodes[4], (struct tuy_bytes){ longer, sizeof longer }));
	w = tuy_writer(sample_bytes, sizeof sample_bytes);
	name.len = 121;
	tuy_message_put_join(&w, &circle16, &cert, name, &invite, &sig);
	assert_int_equal(w.err, TUY_E_FULL);
}

static void a_name_is_utf8(void **state)
{
	(void)state;
	struct tuy_bytes doc = sample_write(sample_welcome);
	sample_bytes[doc.len - 1] = 0xff;
	assert_refused(doc);
	sample_bytes[doc.len - 1] = 0;
	assert_refused(doc);
}

static void ignores_reserved_and_unknown_types(void **state)
{
	(void)state;
	static const uint64_t unknown[] = { 0, 21, 24, 25, 26, 30, 127, 128, UINT64_MAX };
	for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
		enum tuy_message_type type = TUY_MSG_CLOSE;
		struct tuy_writer w = tuy_writer(sample_bytes, sizeof sample_bytes);
		tuy_write_array(&w, 3);
		tuy_write_uint(&w, unknown[i]);
		tuy_write_map(&w, 0);
		tuy_write_str(&w, "what", 4);
		assert_int_equal(exact_parse(tuy_written(&w), &type), TUY_OK);
		assert_int_equal(type, TUY_MSG_UNKNOWN);
		sample_bytes[w.len - 1] = 0xff; /* not UTF-8: not canonical, so not a message */
		assert_refused(tuy_written(&w));
	}
}

static void passes_over_further_elements(void **state)
{
	(void)state;
	for (size_t i = 0; i < SAMPLES; i++) {
		struct tuy_bytes doc = sample_write(samples[i].put);
		enum tuy_message_type type;
		uint8_t *end = sample_bytes + doc.len;
		sample_bytes[0]++; /* a fixarray of one more */
		assert_refused(doc);
		end[0] = 0x91; /* [true] */
		end[1] = 0xc3;
		assert_int_equal(exact_parse((struct tuy_bytes){ doc.p, doc.len + 2 }, &type),
		                 TUY_OK);
		assert_int_equal(type, samples[i].type);
		end[1] = 0xff; /* [-1]: not canonical */
		assert_refused((struct tuy_bytes){ doc.p, doc.len + 2 });
		sample_bytes[0]++;
		memcpy(end, "\x81\x05\xa1y\xc0", 5); /* {5: "y"}, nil */
		assert_int_equal(exact_parse((struct tuy_bytes){ doc.p, doc.len + 5 }, &type),
		                 TUY_OK);
	}
}

static void walking_past_the_end_of_a_list_gives_nothing(void **state)
{
	(void)state;
	struct tuy_message m;
	sample_parse(sample_data, &m);
	for (unsigned int i = 0; i < 3; i++)
		(void)tuy_message_next_blob(&m.list);
	assert_null(tuy_message_next_blob(&m.list).p);
	assert_int_equal(m.list.err, TUY_E_SHORT);
	sample_parse(sample_welcome, &m);
	for (unsigned int i = 0; i < 2; i++)
		(void)tuy_message_next_epoch(&m.u.welcome.epochs);
	struct tuy_epoch_key_row row = tuy_message_next_epoch(&m.u.welcome.epochs);
	static const struct tuy_epoch_key_row zero;
	assert_memory_equal(&row, &zero, sizeof row);
}

#define TEST(sentence, fn)                                                                         \
	{                                                                                          \
		sentence, fn, NULL, NULL, NULL                                                     \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST("HELLO round trips", hello_round_trips),
		TEST("HEADS, GETOPS and PRUNE round trip", lists_of_tags_round_trip),
		TEST("OPS and PEERS round trip", ops_and_peers_round_trip),
		TEST("FRONTIER round trips", frontier_round_trips),
		TEST("FRONTIER says when more follows", frontier_says_when_more_follows),
		TEST("LOGINFO round trips", loginfo_round_trips),
		TEST("DATA round trips, a missing blob as nil", data_round_trips),
		TEST("BLOB round trips", blob_round_trips),
		TEST("GETB and GONE round trip", getb_and_gone_round_trip),
		TEST("HAVE round trips", have_round_trips),
		TEST("BASE round trips", base_round_trips),
		TEST("WANT and CREDIT round trip", want_and_credit_round_trip),
		TEST("PING and PONG round trip", ping_and_pong_round_trip),
		TEST("JOIN round trips", join_round_trips),
		TEST("WELCOME round trips", welcome_round_trips),
		TEST("REJECT and CLOSE round trip", reject_and_close_round_trip),
		TEST("CLONE and ALIVE round trip", clone_and_alive_round_trip),
		TEST("refuses every truncation of every message", refuses_every_truncation),
		TEST("refuses a byte after the message", refuses_a_byte_after_the_message),
		TEST("refuses an array of one element too few",
		     refuses_an_array_of_one_element_too_few),
		TEST("reports a short buffer for every message",
		     a_short_buffer_is_reported_for_every_message),
		TEST("refuses every wrong type at every depth",
		     refuses_every_wrong_type_at_every_depth),
		TEST("refuses DATA without headers or signature",
		     refuses_data_without_headers_or_signature),
		TEST("refuses fixed sizes that are one byte off", refuses_fixed_sizes_one_byte_off),
		TEST("HELLO of version 0 is refused, of version 2 is read",
		     hello_of_version_0_is_refused_and_of_2_is_read),
		TEST("a circle index is below 16", a_circle_index_is_below_16),
		TEST("a name has at most 120 bytes", a_name_has_at_most_120_bytes),
		TEST("a name is UTF-8 without NUL", a_name_is_utf8),
		TEST("ignores reserved and unknown types if they are canonical",
		     ignores_reserved_and_unknown_types),
		TEST("passes over further elements if they are canonical",
		     passes_over_further_elements),
		TEST("walking past the end of a list gives nothing",
		     walking_past_the_end_of_a_list_gives_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
