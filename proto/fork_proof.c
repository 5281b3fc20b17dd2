#include "fork_proof.h"

#include <string.h>

enum { /* PROTOCOL 4.11 */
       AT_SEQ = 0,
       AT_ONE = 4,
       AT_ONE_SIG = 36,
       AT_OTHER = 100,
       AT_OTHER_SIG = 132,
       AT_HEADERS = 196
};

enum tuy_err tuy_fork_proof_parse(struct tuy_bytes bytes, struct tuy_fork_proof *proof)
{
	uint32_t seq;
	size_t count;

	if (bytes.len < TUY_FORK_PROOF_MIN || bytes.len > TUY_FORK_PROOF_MAX ||
	    (bytes.len - AT_HEADERS) % TUY_HEADER_SIZE != 0)
		return TUY_E_FORMAT;
	seq = tuy_get32(bytes.p + AT_SEQ);
	count = (bytes.len - AT_HEADERS) / TUY_HEADER_SIZE;
	if (seq == 0 || seq > UINT32_MAX - count)
		return TUY_E_FORMAT;
	proof->one.seq = seq;
	memcpy(proof->one.hash.b, bytes.p + AT_ONE, sizeof proof->one.hash.b);
	memcpy(proof->one_sig.b, bytes.p + AT_ONE_SIG, sizeof proof->one_sig.b);
	memcpy(proof->other.b, bytes.p + AT_OTHER, sizeof proof->other.b);
	memcpy(proof->other_sig.b, bytes.p + AT_OTHER_SIG, sizeof proof->other_sig.b);
	proof->headers = bytes.p + AT_HEADERS;
	proof->count = (uint32_t)count;
	return TUY_OK;
}

size_t tuy_fork_proof_write(const struct tuy_fork_proof *proof, uint8_t out[TUY_FORK_PROOF_MAX])
{
	size_t len = (size_t)proof->count * TUY_HEADER_SIZE;

	tuy_require(proof->count <= TUY_FORK_HEADERS_MAX);
	tuy_put32(out + AT_SEQ, proof->one.seq);
	memcpy(out + AT_ONE, proof->one.hash.b, sizeof proof->one.hash.b);
	memcpy(out + AT_ONE_SIG, proof->one_sig.b, sizeof proof->one_sig.b);
	memcpy(out + AT_OTHER, proof->other.b, sizeof proof->other.b);
	memcpy(out + AT_OTHER_SIG, proof->other_sig.b, sizeof proof->other_sig.b);
	if (len > 0)
		memcpy(out + AT_HEADERS, proof->headers, len);
	return AT_HEADERS + len;
}

enum tuy_err tuy_fork_proof_check(const struct tuy_device *device, const struct tuy_log_id *log,
                                  const struct tuy_fork_proof *proof)
{
	struct tuy_head end = { proof->one.seq, proof->other };

	if (memcmp(&proof->one.hash, &proof->other, sizeof proof->other) == 0)
		return TUY_E_FORMAT;
	for (uint32_t i = 0; i < proof->count; i++) {
		const uint8_t *bytes = proof->headers + (size_t)i * TUY_HEADER_SIZE;
		struct tuy_header header;

		if (tuy_header_decode(bytes, &header) != TUY_OK || header.seq != end.seq + 1)
			return TUY_E_FORMAT;
		end.seq = header.seq;
		end.hash = tuy_chain_next(&end.hash, bytes);
	}
	if (tuy_head_check(device, log, proof->one.seq, &proof->one.hash, &proof->one_sig) !=
	            TUY_OK ||
	    tuy_head_check(device, log, end.seq, &end.hash, &proof->other_sig) != TUY_OK)
		return TUY_E_SIGNATURE;
	return TUY_OK;
}

uint32_t tuy_fork_cut(uint32_t seq)
{
	return (seq - 1) / TUY_CHECKPOINT_EVERY * TUY_CHECKPOINT_EVERY;
}
