#include "fork_vectors.h"
#include "vector_json.h"
#include "../../proto/fork_proof.h"
#include "../../proto/message.h"

#define FORK_SEQ 67 /* the first seq that the device used twice */

/* A branch of `count` entries behind `before`; its end. */
static json_t *branch_make(uint32_t count, uint32_t time_s, const struct tuy_hash *before,
                           uint8_t *headers, struct tuy_hash *hashes)
{
	json_t *list = json_array();
	for (uint32_t i = 0; i < count; i++) {
		struct tuy_header header = { .seq = FORK_SEQ + i, .time_s = time_s + i };
		json_t *o = json_object();
		tuy_header_encode(&header, headers + (size_t)i * TUY_HEADER_SIZE);
		hashes[i] = tuy_chain_next(i > 0 ? &hashes[i - 1] : before,
		                           headers + (size_t)i * TUY_HEADER_SIZE);
		put_int(o, "time_s", header.time_s);
		put(o, "hash", HEX(hashes[i].b));
		add(list, o);
	}
	return list;
}

static json_t *message_describe(const struct tuy_writer *writer)
{
	struct tuy_message m;
	check(writer->err == TUY_OK);
	check(tuy_message_parse(tuy_written(writer), &m) == TUY_OK);
	return hex(writer->p, writer->len);
}

static json_t *proof_describe(const struct tuy_device_keys *device, const struct tuy_log_id *log,
                              const struct tuy_fork_proof *proof, enum tuy_err expected)
{
	uint8_t bytes[TUY_FORK_PROOF_MAX];
	size_t len = tuy_fork_proof_write(proof, bytes);
	struct tuy_fork_proof read;
	check(tuy_fork_proof_parse((struct tuy_bytes){ bytes, len }, &read) == TUY_OK);
	check(tuy_fork_proof_check(&device->device, log, &read) == expected);
	return hex(bytes, len);
}

/* Proofs that prove nothing, made of one that does. */
static json_t *refused_make(const struct tuy_device_keys *device, const struct tuy_log_id *log,
                            const struct tuy_fork_proof *proof)
{
	json_t *o = json_object();
	struct tuy_fork_proof bad = *proof;
	bad.other = bad.one.hash;
	bad.other_sig = bad.one_sig;
	bad.count = 0;
	put(o, "equal", proof_describe(device, log, &bad, TUY_E_FORMAT));
	bad = *proof;
	bad.one_sig = bad.other_sig;
	put(o, "first_not_signed", proof_describe(device, log, &bad, TUY_E_SIGNATURE));
	bad = *proof;
	bad.other_sig = bad.one_sig;
	put(o, "other_not_signed", proof_describe(device, log, &bad, TUY_E_SIGNATURE));
	bad = *proof;
	bad.count--;
	put(o, "end_not_signed", proof_describe(device, log, &bad, TUY_E_SIGNATURE));
	bad = *proof;
	bad.headers += TUY_HEADER_SIZE;
	bad.count--;
	put(o, "header_left_out", proof_describe(device, log, &bad, TUY_E_FORMAT));
	return o;
}

json_t *fork_vectors(const struct tuy_device_keys *device, const struct tuy_log_id *log)
{
	json_t *o = json_object(), *cuts = json_array();
	struct tuy_hash before, one, two[3];
	uint8_t header[TUY_HEADER_SIZE], headers[3 * TUY_HEADER_SIZE], message[8192];
	struct tuy_writer writer = tuy_writer(message, sizeof message);
	struct tuy_log16 log16 = tuy_log16(log);
	const uint8_t *sk = device->sign_sk;
	input_fill(before.b, sizeof before.b, 0x51);
	put_int(o, "seq", FORK_SEQ);
	put(o, "hash_before", HEX(before.b));
	put(o, "one", branch_make(1, 1750001000, &before, header, &one));
	put(o, "two", branch_make(3, 1750002000, &before, headers, two));
	struct tuy_fork_proof proof = {
		.one = { FORK_SEQ, one },
		.one_sig = tuy_head_sign(sk, log, FORK_SEQ, &one),
		.other = two[0],
		.other_sig = tuy_head_sign(sk, log, FORK_SEQ + 2, &two[2]),
		.headers = headers + TUY_HEADER_SIZE,
		.count = 2,
	};
	json_t *bytes = proof_describe(device, log, &proof, TUY_OK);
	uint8_t raw[TUY_FORK_PROOF_MAX];
	size_t len = tuy_fork_proof_write(&proof, raw);
	tuy_message_put_forkproof(&writer, 5, &log16, (struct tuy_bytes){ raw, len });
	put(o, "proof", bytes);
	put_int(o, "circle_index", 5);
	put(o, "message", message_describe(&writer));
	put(o, "refused", refused_make(device, log, &proof));
	for (uint32_t k = 0; k < 3; k++) {
		json_t *c = json_object();
		uint32_t first = k < 2 ? 64 * k + 1 : 0xffffff81;
		put_int(c, "first", first);
		put_int(c, "last", first + 63);
		put_int(c, "cut", tuy_fork_cut(first));
		check(tuy_fork_cut(first + 63) == tuy_fork_cut(first));
		add(cuts, c);
	}
	put(o, "cuts", cuts);
	return o;
}

json_t *base_vectors(const struct tuy_device_keys *device, const struct tuy_log_id *log)
{
	json_t *o = json_object();
	uint8_t message[256];
	struct tuy_writer writer = tuy_writer(message, sizeof message);
	struct tuy_head head = { .seq = 128 };
	struct tuy_log16 log16 = tuy_log16(log);
	input_fill(head.hash.b, sizeof head.hash.b, 0x53);
	struct tuy_sig sig = tuy_head_sign(device->sign_sk, log, head.seq, &head.hash);
	tuy_message_put_base(&writer, 2, &log16, &head, &sig);
	put_int(o, "circle_index", 2);
	put_int(o, "seq", head.seq);
	put(o, "hash", HEX(head.hash.b));
	put(o, "message", message_describe(&writer));
	return o;
}

json_t *clone_vectors(const struct tuy_device_keys *device)
{
	json_t *o = json_object();
	uint8_t boot_id[8], message[256];
	struct tuy_incarnation incarnation;
	struct tuy_writer clone = tuy_writer(message, 64), alive;
	input_fill(boot_id, sizeof boot_id, 0x57);
	input_fill(incarnation.b, sizeof incarnation.b, 0x31);
	struct tuy_sig sig = tuy_sign(device->sign_sk, "tuyau clone v1", TUY_BYTES(boot_id),
	                              TUY_BYTES(incarnation.b));
	tuy_message_put_clone(&clone, boot_id);
	put_int(o, "device", 0);
	put(o, "boot_id", HEX(boot_id));
	put(o, "incarnation", HEX(incarnation.b));
	put(o, "clone", message_describe(&clone));
	alive = tuy_writer(message, sizeof message);
	tuy_message_put_alive(&alive, boot_id, &incarnation, &sig);
	put(o, "alive", message_describe(&alive));
	return o;
}
