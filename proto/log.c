#include "log.h"
#include <sodium.h>
#include <string.h>

#define VERSION     1
#define FLAGS_KNOWN (TUY_HEADER_END | TUY_HEADER_PAYLOAD)

enum { /* where the fields of a header stand (PROTOCOL 4.2) */
       AT_VERSION = 0,
       AT_FLAGS = 1,
       AT_ZERO_2 = 2,
       AT_SEQ = 4,
       AT_TIME = 8,
       AT_EXP = 12,
       AT_PAYLOAD_LEN = 16,
       AT_ZERO_4 = 20,
       AT_EPOCH = 24,
       AT_PCOMMIT = 32
};

/* What a header may say, apart from its version and its reserved bytes. */
static bool header_is_right(const struct tuy_header *h)
{
	if (h->flags & ~FLAGS_KNOWN || h->seq == 0 || h->payload_len > TUY_BLOB_MAX)
		return false;
	if (h->flags & TUY_HEADER_PAYLOAD)
		return true;
	return h->payload_len == 0 && sodium_is_zero(h->epoch.b, sizeof h->epoch.b) &&
	       sodium_is_zero(h->pcommit.b, sizeof h->pcommit.b);
}

/* seq ‖ hash, what a head signs behind the log id. */
#define HEAD_REST 36
static void head_rest_fill(uint32_t seq, const struct tuy_hash *hash, uint8_t out[HEAD_REST])
{
	tuy_put32(out, seq);
	memcpy(out + 4, hash->b, sizeof hash->b);
}

struct tuy_log_id tuy_log_id(const struct tuy_circle *circle, const struct tuy_device *device,
                             const struct tuy_incarnation *incarnation)
{
	struct tuy_hash hash = tuy_hash("tuyau log v1", TUY_BYTES(circle->b), TUY_BYTES(device->b),
	                                TUY_BYTES(incarnation->b));
	struct tuy_log_id log;
	memcpy(log.b, hash.b, sizeof log.b);
	return log;
}

struct tuy_log16 tuy_log16(const struct tuy_log_id *log)
{
	struct tuy_log16 log16;
	memcpy(log16.b, log->b, sizeof log16.b);
	return log16;
}

void tuy_header_encode(const struct tuy_header *header, uint8_t out[TUY_HEADER_SIZE])
{
	tuy_require(header_is_right(header));
	memset(out, 0, TUY_HEADER_SIZE);
	out[AT_VERSION] = VERSION;
	out[AT_FLAGS] = header->flags;
	tuy_put32(out + AT_SEQ, header->seq);
	tuy_put32(out + AT_TIME, header->time_s);
	tuy_put32(out + AT_EXP, header->exp_s);
	tuy_put32(out + AT_PAYLOAD_LEN, header->payload_len);
	memcpy(out + AT_EPOCH, header->epoch.b, sizeof header->epoch.b);
	memcpy(out + AT_PCOMMIT, header->pcommit.b, sizeof header->pcommit.b);
}

enum tuy_err tuy_header_decode(const uint8_t in[TUY_HEADER_SIZE], struct tuy_header *header)
{
	struct tuy_header h = {
		.flags = in[AT_FLAGS],
		.seq = tuy_get32(in + AT_SEQ),
		.time_s = tuy_get32(in + AT_TIME),
		.exp_s = tuy_get32(in + AT_EXP),
		.payload_len = tuy_get32(in + AT_PAYLOAD_LEN),
	};
	memcpy(h.epoch.b, in + AT_EPOCH, sizeof h.epoch.b);
	memcpy(h.pcommit.b, in + AT_PCOMMIT, sizeof h.pcommit.b);
	if (in[AT_VERSION] != VERSION || tuy_get16(in + AT_ZERO_2) != 0 ||
	    tuy_get32(in + AT_ZERO_4) != 0 || !header_is_right(&h))
		return TUY_E_FORMAT;
	*header = h;
	return TUY_OK;
}

struct tuy_hash tuy_chain_start(const struct tuy_log_id *log)
{
	struct tuy_hash hash;
	memcpy(hash.b, log->b, sizeof hash.b);
	return hash;
}

struct tuy_hash tuy_chain_next(const struct tuy_hash *previous,
                               const uint8_t header[TUY_HEADER_SIZE])
{
	struct tuy_bytes bytes = { header, TUY_HEADER_SIZE };
	return tuy_hash("tuyau entry v1", TUY_BYTES(previous->b), bytes, (struct tuy_bytes){ 0 });
}

struct tuy_sig tuy_head_sign(const uint8_t sign_sk[64], const struct tuy_log_id *log, uint32_t seq,
                             const struct tuy_hash *hash)
{
	uint8_t rest[HEAD_REST];
	head_rest_fill(seq, hash, rest);
	return tuy_sign(sign_sk, "tuyau head v1", TUY_BYTES(log->b), TUY_BYTES(rest));
}

enum tuy_err tuy_head_check(const struct tuy_device *device, const struct tuy_log_id *log,
                            uint32_t seq, const struct tuy_hash *hash, const struct tuy_sig *sig)
{
	uint8_t rest[HEAD_REST];
	head_rest_fill(seq, hash, rest);
	return tuy_verify(device->b, "tuyau head v1", TUY_BYTES(log->b), TUY_BYTES(rest), sig);
}

enum tuy_err tuy_run_check(const struct tuy_device *device, const struct tuy_log_id *log,
                           const struct tuy_head *head, const uint8_t *headers, uint32_t count,
                           const struct tuy_sig *sig, struct tuy_head *end)
{
	if (count == 0 || count > TUY_CHECKPOINT_EVERY)
		return TUY_E_FORMAT;
	struct tuy_head now = *head;
	for (uint32_t i = 0; i < count; i++) {
		const uint8_t *bytes = headers + (size_t)i * TUY_HEADER_SIZE;
		struct tuy_header header;
		enum tuy_err err = tuy_header_decode(bytes, &header);
		if (err)
			return err;
		if (header.seq != now.seq + 1)
			return TUY_E_GAP;
		bool is_last = i + 1 == count;
		if (header.seq % TUY_CHECKPOINT_EVERY == 0 && !is_last)
			return TUY_E_FORMAT;
		now.seq = header.seq;
		now.hash = tuy_chain_next(&now.hash, bytes);
	}
	enum tuy_err err = tuy_head_check(device, log, now.seq, &now.hash, sig);
	if (err)
		return err;
	*end = now;
	return TUY_OK;
}

uint32_t tuy_run_end(uint32_t from, uint32_t head_seq)
{
	uint64_t every = TUY_CHECKPOINT_EVERY;
	uint64_t checkpoint = (from + every - 1) / every * every;
	return checkpoint < head_seq ? (uint32_t)checkpoint : head_seq;
}
