/*
 * DATA, the bulk path: parse, the chain and its signed head, blobs against their commitments, over
 * one log of a fixed key. Whatever is accepted must be what the author wrote, byte for byte.
 * FORKPROOF over the same log, which its author wrote on twice from one seq on: whatever proves
 * anything must be of both branches, and cut where they part.
 */
#include <string.h>
#include "../../proto/blob.h"
#include "../../proto/fork_proof.h"
#include "../../proto/keys.h"
#include "../../proto/log.h"
#include "../../proto/message.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

#define ENTRIES  130 /* two checkpoints and two entries more */
#define BLOB_LEN 64  /* bytes, the most of one here */
#define RUN_MAX  16  /* entries of a message that the mutator writes */
#define FORK_AT  70  /* the first seq that the author used twice */
#define FORK_END 80  /* where the other branch ends */

static struct tuy_device_keys keys;
static struct tuy_log_id log_id;
static struct tuy_log16 log16;
static uint8_t headers[ENTRIES + 1][TUY_HEADER_SIZE]; /* [seq], from 1, as are the next ones */
static uint8_t blobs[ENTRIES + 1][BLOB_LEN];
static size_t blob_lens[ENTRIES + 1]; /* 0: an entry without payload */
static struct tuy_hash hashes[ENTRIES + 1];
static struct tuy_sig heads[ENTRIES + 1]; /* the author signed wherever the log ended once */

static void entry_write(struct tuy_dice *dice, uint32_t seq)
{
	uint8_t record[16] = { 0x80 };
	struct tuy_bytes content = { record, 1 + seq % 15 };
	struct tuy_header header = { .seq = seq, .time_s = 1700000000 + seq };
	if (seq % 7 != 0) {
		enum tuy_err err =
			tuy_blob_seal_clear(dice, content, blobs[seq], BLOB_LEN, &blob_lens[seq]);
		tuy_require(err == TUY_OK);
		struct tuy_bytes blob = { blobs[seq], blob_lens[seq] };
		header.flags = TUY_HEADER_PAYLOAD;
		header.payload_len = (uint32_t)blob.len;
		header.pcommit = tuy_blob_commit(blob);
	}
	tuy_header_encode(&header, headers[seq]);
	hashes[seq] = tuy_chain_next(&hashes[seq - 1], headers[seq]);
	heads[seq] = tuy_head_sign(keys.sign_sk, &log_id, seq, &hashes[seq]);
}

/* The other branch: [seq] from FORK_AT on; entries without payloads. */
static uint8_t other_headers[FORK_END + 1][TUY_HEADER_SIZE];
static struct tuy_hash other_hashes[FORK_END + 1];
static struct tuy_sig other_heads[FORK_END + 1];

static void fork_write(void)
{
	other_hashes[FORK_AT - 1] = hashes[FORK_AT - 1];
	for (uint32_t seq = FORK_AT; seq <= FORK_END; seq++) {
		struct tuy_header header = { .seq = seq, .time_s = 1 };
		tuy_header_encode(&header, other_headers[seq]);
		other_hashes[seq] = tuy_chain_next(&other_hashes[seq - 1], other_headers[seq]);
		other_heads[seq] = tuy_head_sign(keys.sign_sk, &log_id, seq, &other_hashes[seq]);
	}
}

/* The right proof, with a = `seq` and `count` headers: a is of the other branch, or of the first.
 */
static size_t proof_write(uint8_t *out, size_t cap, uint32_t seq, uint32_t count, bool is_other)
{
	uint8_t bytes[TUY_FORK_PROOF_MAX];
	struct tuy_fork_proof proof = {
		.one = { seq, is_other ? other_hashes[seq] : hashes[seq] },
		.one_sig = is_other ? other_heads[seq] : heads[seq],
		.other = is_other ? hashes[seq] : other_hashes[seq],
		.other_sig = is_other ? heads[seq + count] : other_heads[seq + count],
		.headers = is_other ? headers[seq + 1] : other_headers[seq + 1],
		.count = count,
	};
	struct tuy_writer w = tuy_writer(out, cap);
	size_t len = tuy_fork_proof_write(&proof, bytes);
	tuy_message_put_forkproof(&w, 0, &log16, (struct tuy_bytes){ bytes, len });
	return w.len;
}

/* What a receiver of FORKPROOF does. */
static enum tuy_err proof_accept(const struct tuy_message *m)
{
	uint8_t again[TUY_FORK_PROOF_MAX];
	struct tuy_fork_proof proof;
	enum tuy_err err = tuy_fork_proof_parse(m->u.fork.proof, &proof);
	if (err)
		return err;
	size_t len = tuy_fork_proof_write(&proof, again);
	tuy_require(len == m->u.fork.proof.len && memcmp(again, m->u.fork.proof.p, len) == 0);
	uint32_t seq = proof.one.seq;
	tuy_require(tuy_fork_cut(seq) < seq && seq - tuy_fork_cut(seq) <= TUY_CHECKPOINT_EVERY);
	err = tuy_fork_proof_check(&keys.device, &log_id, &proof);
	if (err)
		return err;
	tuy_require(seq >= FORK_AT && seq <= FORK_END);
	tuy_require(tuy_fork_cut(seq) == (FORK_AT - 1) / 64 * 64);
	tuy_require(memcmp(&proof.one.hash, &hashes[seq], 32) == 0 ||
	            memcmp(&proof.one.hash, &other_hashes[seq], 32) == 0);
	tuy_require(memcmp(&proof.other, &hashes[seq], 32) == 0 ||
	            memcmp(&proof.other, &other_hashes[seq], 32) == 0);
	return TUY_OK;
}

/* The right message for the entries first..last. */
static size_t message_write(uint8_t *out, size_t cap, uint32_t first, uint32_t last)
{
	struct tuy_writer w = tuy_writer(out, cap);
	tuy_message_put_data(&w, 0, &log16, first, last - first + 1, headers[first], &heads[last]);
	for (uint32_t seq = first; seq <= last; seq++) {
		if (blob_lens[seq] > 0)
			tuy_write_bin(&w, blobs[seq], blob_lens[seq]);
		else
			tuy_write_nil(&w);
	}
	return w.len;
}

/* What a receiver does that holds the log up to the entry before the message's first. */
static enum tuy_err data_accept(struct tuy_bytes plaintext)
{
	struct tuy_message m;
	enum tuy_err err = tuy_message_parse(plaintext, &m);
	if (!err && m.type == TUY_MSG_FORKPROOF)
		return proof_accept(&m);
	if (err || m.type != TUY_MSG_DATA)
		return err ? err : TUY_E_UNKNOWN;
	if (memcmp(m.u.data.log.b, log16.b, sizeof log16.b) != 0 || m.u.data.from > ENTRIES + 1)
		return TUY_E_UNKNOWN;
	uint32_t from = m.u.data.from;
	struct tuy_head head = { from - 1, hashes[from - 1] }, end;
	err = tuy_run_check(&keys.device, &log_id, &head, m.u.data.headers, m.count, &m.u.data.sig,
	                    &end);
	if (err)
		return err;
	tuy_require(end.seq == from + m.count - 1 && end.seq <= ENTRIES);
	tuy_require(memcmp(&end.hash, &hashes[end.seq], sizeof end.hash) == 0);
	tuy_require(memcmp(m.u.data.headers, headers[from], m.count * TUY_HEADER_SIZE) == 0);
	for (uint32_t seq = from; seq <= end.seq; seq++) {
		struct tuy_bytes blob = tuy_message_next_blob(&m.list);
		struct tuy_header header;
		tuy_require(tuy_header_decode(headers[seq], &header) == TUY_OK);
		if (!blob.p)
			continue;
		struct tuy_hash commit = tuy_blob_commit(blob);
		if (!(header.flags & TUY_HEADER_PAYLOAD) || header.payload_len != blob.len ||
		    memcmp(&commit, &header.pcommit, sizeof commit) != 0)
			return TUY_E_COMMIT;
		tuy_require(blob.len == blob_lens[seq]);
		tuy_require(memcmp(blob.p, blobs[seq], blob.len) == 0);
	}
	tuy_require(tuy_read_end(&m.list) == TUY_OK);
	return TUY_OK;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	static uint8_t bytes[65536];
	static const struct tuy_secret secret = { { 1 } };
	static const struct tuy_circle circle = { { 2 } };
	static const struct tuy_incarnation incarnation = { { 3 } };
	struct tuy_dice dice = { { { 4 } }, 0 };
	tuy_device_keys_derive(&secret, &keys);
	log_id = tuy_log_id(&circle, &keys.device, &incarnation);
	log16 = tuy_log16(&log_id);
	hashes[0] = tuy_chain_start(&log_id);
	for (uint32_t seq = 1; seq <= ENTRIES; seq++)
		entry_write(&dice, seq);
	fork_write();
	/* The right messages must be accepted, or nothing here means anything. */
	for (uint32_t first = 1; first <= ENTRIES; first++) {
		uint32_t last = tuy_run_end(first, ENTRIES);
		size_t len = message_write(bytes, sizeof bytes, first, last);
		tuy_require(data_accept((struct tuy_bytes){ bytes, len }) == TUY_OK);
	}
	for (uint32_t seq = FORK_AT; seq <= FORK_END; seq++) {
		for (int is_other = 0; is_other < 2; is_other++) {
			size_t len = proof_write(bytes, sizeof bytes, seq, FORK_END - seq,
			                         is_other != 0);
			tuy_require(data_accept((struct tuy_bytes){ bytes, len }) == TUY_OK);
		}
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	(void)data_accept((struct tuy_bytes){ data, size });
	return 0;
}

/* Now and then the right message for some run of the log, or a right proof; else libFuzzer's own
 * mutation. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	if (size > 2 && seed % 32 != 0)
		return LLVMFuzzerMutate(data, size, max_size);
	if (seed / 32 % 4 == 0) {
		uint32_t seq = FORK_AT + seed / 128 % (FORK_END - FORK_AT + 1);
		uint32_t most = seed / 4096 % 2 == 0 ? 0 : FORK_END - seq;
		size_t len = proof_write(data, max_size, seq, most, seed / 8192 % 2 == 0);
		if (len > 0)
			return len;
	}
	uint32_t first = 1 + seed / 32 % ENTRIES, last = tuy_run_end(first, ENTRIES);
	if (last - first >= RUN_MAX)
		last = first + RUN_MAX - 1;
	return message_write(data, max_size, first, last);
}
