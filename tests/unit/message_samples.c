#include "message_samples.h"
#include "../../proto/fork_proof.h"

void sample_fill(void *out, size_t len, unsigned int n)
{
	for (size_t i = 0; i < len; i++)
		((uint8_t *)out)[i] = (uint8_t)(0x40 + n + i);
}

struct tuy_log16 sample_log_of(unsigned int n)
{
	struct tuy_log16 log;
	sample_fill(log.b, sizeof log.b, n);
	return log;
}

struct tuy_tag sample_tag_of(unsigned int n)
{
	struct tuy_tag tag;
	sample_fill(tag.b, sizeof tag.b, n);
	return tag;
}

struct tuy_sig sample_sig_of(unsigned int n)
{
	struct tuy_sig sig;
	sample_fill(sig.b, sizeof sig.b, n);
	return sig;
}

/* ---- one sample of each message ---- */

void sample_hello(struct tuy_writer *w)
{
	uint8_t boot_id[8];
	struct tuy_hello_tag tags[4];
	sample_fill(boot_id, sizeof boot_id, 1);
	for (unsigned int i = 0; i < 4; i++) {
		tags[i].ctag = sample_tag_of(i);
		tags[i].digest = sample_tag_of(10 + i);
		sample_fill(tags[i].book, sizeof tags[i].book, 20 + i);
	}
	tuy_message_put_hello(w, boot_id, tags, 4);
}

static void two_tags_put(struct tuy_writer *w)
{
	struct tuy_tag a = sample_tag_of(1), b = sample_tag_of(2);
	tuy_message_put_tag(w, &a);
	tuy_message_put_tag(w, &b);
}

void sample_heads(struct tuy_writer *w)
{
	tuy_message_put_heads(w, 3, 2);
	two_tags_put(w);
}

void sample_prune(struct tuy_writer *w)
{
	tuy_message_put_prune(w, 5, 2);
	two_tags_put(w);
}

void sample_getops(struct tuy_writer *w)
{
	tuy_message_put_getops(w, 4, 2);
	two_tags_put(w);
}

static void two_bins_put(struct tuy_writer *w)
{
	uint8_t bytes[120];
	sample_fill(bytes, sizeof bytes, 5);
	tuy_write_bin(w, bytes, 110);
	tuy_write_bin(w, bytes + 1, 119);
}

void sample_ops(struct tuy_writer *w)
{
	tuy_message_put_ops(w, 5, 2);
	two_bins_put(w);
}

void sample_peers(struct tuy_writer *w)
{
	tuy_message_put_peers(w, 6, 2);
	two_bins_put(w);
}

void sample_frontier(struct tuy_writer *w)
{
	tuy_message_put_frontier(w, 15, 2);
	for (uint32_t i = 0; i < 2; i++) {
		struct tuy_frontier_row row = { sample_log_of(i), 70000 + i, { 0 }, i };
		sample_fill(row.h8, sizeof row.h8, 30 + i);
		tuy_message_put_frontier_row(w, &row);
	}
	tuy_message_put_frontier_end(w, TUY_LAST);
}

void sample_loginfo(struct tuy_writer *w)
{
	struct tuy_log16 log = sample_log_of(1);
	struct tuy_device device;
	struct tuy_incarnation incarnation;
	sample_fill(device.b, sizeof device.b, 2);
	sample_fill(incarnation.b, sizeof incarnation.b, 3);
	tuy_message_put_loginfo(w, 0, &log, &device, &incarnation);
}

/* Three entries from 60, the second without its blob. */
void sample_data(struct tuy_writer *w)
{
	struct tuy_log16 log = sample_log_of(1);
	struct tuy_sig sig = sample_sig_of(2);
	uint8_t headers[3 * TUY_HEADER_SIZE];
	sample_fill(headers, sizeof headers, 3);
	tuy_message_put_data(w, 1, &log, 60, 3, headers, &sig);
	tuy_write_bin(w, "first", 5);
	tuy_write_nil(w);
	tuy_write_bin(w, "third!", 6);
}

void sample_blob(struct tuy_writer *w)
{
	struct tuy_log16 log = sample_log_of(1);
	tuy_message_put_blob(w, 2, &log, 300, TEXT("a blob"));
}

const uint32_t sample_three_seqs[3] = { 1, 127, 4294967295u };

void sample_getb(struct tuy_writer *w)
{
	struct tuy_log16 log = sample_log_of(1);
	tuy_message_put_getb(w, 2, &log, sample_three_seqs, 3);
}

void sample_gone(struct tuy_writer *w)
{
	struct tuy_log16 log = sample_log_of(1);
	tuy_message_put_gone(w, 2, &log, sample_three_seqs, 3, TUY_GONE_ERASED);
}

void sample_have(struct tuy_writer *w)
{
	tuy_message_put_have(w, 7, 2);
	for (uint32_t i = 0; i < 2; i++) {
		struct tuy_have_row row = { sample_log_of(i), 9 + i, { 0 } };
		sample_fill(row.h8, sizeof row.h8, 30 + i);
		tuy_message_put_have_row(w, &row);
	}
}

void sample_want(struct tuy_writer *w)
{
	struct tuy_log16 log = sample_log_of(1);
	tuy_message_put_want(w, 2, &log, 65, TUY_WANT_EAGER);
}

void sample_base(struct tuy_writer *w)
{
	struct tuy_log16 log = sample_log_of(3);
	struct tuy_sig sig = sample_sig_of(8);
	struct tuy_head head = { .seq = 192 };
	sample_fill(head.hash.b, sizeof head.hash.b, 5);
	tuy_message_put_base(w, 3, &log, &head, &sig);
}

void sample_credit(struct tuy_writer *w)
{
	tuy_message_put_credit(w, 65536);
}

static void ping_rows_put(struct tuy_writer *w, enum tuy_message_type type)
{
	struct tuy_ping_row rows[2] = { { 0, sample_tag_of(1) }, { 15, sample_tag_of(2) } };
	tuy_message_put_ping(w, type, 0xfeedbeef, rows, 2);
}

void sample_ping(struct tuy_writer *w)
{
	ping_rows_put(w, TUY_MSG_PING);
}

void sample_pong(struct tuy_writer *w)
{
	ping_rows_put(w, TUY_MSG_PONG);
}

void sample_join(struct tuy_writer *w)
{
	struct tuy_tag circle16 = sample_tag_of(1);
	struct tuy_cert cert;
	struct tuy_invite_pk invite;
	struct tuy_sig sig = sample_sig_of(4);
	sample_fill(&cert, sizeof cert, 2);
	sample_fill(invite.b, sizeof invite.b, 3);
	tuy_message_put_join(w, &circle16, &cert, TEXT("Chlo\xc3\xa9"), &invite, &sig);
}

void sample_welcome(struct tuy_writer *w)
{
	uint8_t bytes[130];
	struct tuy_epoch_key_row epochs[2];
	sample_fill(bytes, sizeof bytes, 5);
	sample_fill(epochs, sizeof epochs, 6);
	struct tuy_bytes records[2] = { { bytes, 100 }, { bytes + 3, 110 } };
	tuy_message_put_welcome(w, (struct tuy_bytes){ bytes + 1, 129 }, epochs, 2, records, 2,
	                        TEXT("Friday"), TEXT("Bruno"));
}

void sample_forkproof(struct tuy_writer *w)
{
	uint8_t proof[TUY_FORK_PROOF_MIN + TUY_HEADER_SIZE];
	struct tuy_log16 log;
	sample_fill(proof, sizeof proof, 7);
	sample_fill(&log, sizeof log, 8);
	tuy_message_put_forkproof(w, 3, &log, TUY_BYTES(proof));
}

void sample_reject(struct tuy_writer *w)
{
	tuy_message_put_reject(w, TUY_REJECT_EXPIRED, 1700000000);
}

void sample_close(struct tuy_writer *w)
{
	tuy_message_put_close(w, TUY_CLOSE_FULL, 600);
}

void sample_clone(struct tuy_writer *w)
{
	uint8_t boot_id[8];
	sample_fill(boot_id, sizeof boot_id, 1);
	tuy_message_put_clone(w, boot_id);
}

void sample_alive(struct tuy_writer *w)
{
	uint8_t boot_id[8];
	struct tuy_incarnation incarnation;
	struct tuy_sig sig = sample_sig_of(3);
	sample_fill(boot_id, sizeof boot_id, 1);
	sample_fill(incarnation.b, sizeof incarnation.b, 2);
	tuy_message_put_alive(w, boot_id, &incarnation, &sig);
}

const struct sample samples[SAMPLES] = {
	{ TUY_MSG_HELLO, sample_hello },       { TUY_MSG_HEADS, sample_heads },
	{ TUY_MSG_OPS, sample_ops },           { TUY_MSG_GETOPS, sample_getops },
	{ TUY_MSG_FRONTIER, sample_frontier }, { TUY_MSG_LOGINFO, sample_loginfo },
	{ TUY_MSG_DATA, sample_data },         { TUY_MSG_BLOB, sample_blob },
	{ TUY_MSG_GETB, sample_getb },         { TUY_MSG_GONE, sample_gone },
	{ TUY_MSG_HAVE, sample_have },         { TUY_MSG_WANT, sample_want },
	{ TUY_MSG_PEERS, sample_peers },       { TUY_MSG_CREDIT, sample_credit },
	{ TUY_MSG_PING, sample_ping },         { TUY_MSG_PONG, sample_pong },
	{ TUY_MSG_JOIN, sample_join },         { TUY_MSG_WELCOME, sample_welcome },
	{ TUY_MSG_PRUNE, sample_prune },       { TUY_MSG_REJECT, sample_reject },
	{ TUY_MSG_CLOSE, sample_close },       { TUY_MSG_FORKPROOF, sample_forkproof },
	{ TUY_MSG_BASE, sample_base },         { TUY_MSG_CLOSE, sample_close },
	{ TUY_MSG_CLONE, sample_clone },       { TUY_MSG_ALIVE, sample_alive },
};
