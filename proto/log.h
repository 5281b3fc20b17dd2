/*
 * Hash-chained logs with signed heads (PROTOCOL 4): the header codec, the chain, heads, and the
 * check of a run of headers as it comes from a peer. Split invariant: what is accepted does not
 * depend on how it was cut. Thread rule: pure, any thread.
 */
#ifndef TUY_LOG_H
#define TUY_LOG_H

#include "err.h"
#include "hash.h"
#include "limits.h"
#include "types.h"

enum { TUY_HEADER_END = 1, TUY_HEADER_PAYLOAD = 2 };

struct tuy_header {
	uint8_t flags;
	uint32_t seq;    /* from 1 */
	uint32_t time_s; /* unix, advisory */
	uint32_t exp_s;  /* unix, 0 = the circle's default */
	uint32_t payload_len;
	struct tuy_epoch epoch;
	struct tuy_hash pcommit;
};

/* PROTOCOL 4.1 */
struct tuy_log_id tuy_log_id(const struct tuy_circle *circle, const struct tuy_device *device,
                             const struct tuy_incarnation *incarnation);
struct tuy_log16 tuy_log16(const struct tuy_log_id *log);

/* Encodes into exactly 64 bytes. */
void tuy_header_encode(const struct tuy_header *header, uint8_t out[TUY_HEADER_SIZE]);
/* TUY_E_FORMAT for a wrong version, unknown flags, reserved bytes that are not zero, a payload
 * length over the limit, or payload fields without a payload flag. */
enum tuy_err tuy_header_decode(const uint8_t in[TUY_HEADER_SIZE], struct tuy_header *header);

/* h_0, and the step h_i = H(h_(i-1) ‖ header_i). */
struct tuy_hash tuy_chain_start(const struct tuy_log_id *log);
struct tuy_hash tuy_chain_next(const struct tuy_hash *previous,
                               const uint8_t header[TUY_HEADER_SIZE]);

struct tuy_sig tuy_head_sign(const uint8_t sign_sk[64], const struct tuy_log_id *log, uint32_t seq,
                             const struct tuy_hash *hash);
enum tuy_err tuy_head_check(const struct tuy_device *device, const struct tuy_log_id *log,
                            uint32_t seq, const struct tuy_hash *hash, const struct tuy_sig *sig);

/* Where a log stands: the last entry accepted. seq 0 and h_0 for an empty one. */
struct tuy_head {
	uint32_t seq;
	struct tuy_hash hash;
};

/*
 * Checks `count` headers that follow `head` directly (first seq = head->seq + 1), 1 <= count <= 64,
 * against the signed head at their end. On TUY_OK `*end` is the new head; the run does not cross a
 * multiple of 64. Errors: TUY_E_FORMAT (a header, or a crossing of a checkpoint), TUY_E_GAP (seq
 * does not follow), TUY_E_CHAIN never (the previous hash is implied), TUY_E_SIGNATURE (this
 * signature does not fit this chain: a mismatch of chains or a forgery; the caller first asks again
 * from the last common checkpoint). On error `*end` is untouched. Cost: count * 0.2 us + one
 * signature check (37 us).
 */
enum tuy_err tuy_run_check(const struct tuy_device *device, const struct tuy_log_id *log,
                           const struct tuy_head *head, const uint8_t *headers, uint32_t count,
                           const struct tuy_sig *sig, struct tuy_head *end);

/* The last seq a run from `from` may reach: min(head_seq, the next multiple of 64 at or after
 * `from`). */
uint32_t tuy_run_end(uint32_t from, uint32_t head_seq);

#endif
