/*
 * The proof that a device signed two different entries with one seq (PROTOCOL 4.11): bytes, check,
 * and the cut that follows from it. Thread rule: pure, any thread.
 */
#ifndef TUY_FORK_PROOF_H
#define TUY_FORK_PROOF_H

#include "log.h"

#define TUY_FORK_HEADERS_MAX 64
#define TUY_FORK_PROOF_MIN   196
#define TUY_FORK_PROOF_MAX   (TUY_FORK_PROOF_MIN + TUY_FORK_HEADERS_MAX * TUY_HEADER_SIZE)
#define TUY_NO_CUT           UINT32_MAX /* of a log that is not known to be forked */

struct tuy_fork_proof {
	struct tuy_head one; /* a, and the hash that `one_sig` signs */
	struct tuy_sig one_sig;
	struct tuy_hash other;    /* another hash at a, on which the headers are chained */
	struct tuy_sig other_sig; /* of what they end in */
	const uint8_t *headers;   /* count * 64 bytes: a + 1 .. a + count */
	uint32_t count;           /* <= TUY_FORK_HEADERS_MAX */
};

/* Reads a proof; `headers` points into `bytes`. TUY_E_FORMAT: a length that cannot be, or a seq
 * outside 1..UINT32_MAX. What it says is not checked. */
enum tuy_err tuy_fork_proof_parse(struct tuy_bytes bytes, struct tuy_fork_proof *proof);
/* Writes a proof; returns its length. */
size_t tuy_fork_proof_write(const struct tuy_fork_proof *proof, uint8_t out[TUY_FORK_PROOF_MAX]);

/* TUY_OK: that device forked that log. TUY_E_FORMAT: equal hashes, or headers that do not follow;
 * TUY_E_SIGNATURE: it proves nothing. Costs two signature checks (80 us). */
enum tuy_err tuy_fork_proof_check(const struct tuy_device *device, const struct tuy_log_id *log,
                                  const struct tuy_fork_proof *proof);

/* The last seq that stays, if the fork was proven at `seq`: the checkpoint before it, or 0. */
uint32_t tuy_fork_cut(uint32_t seq);

#endif
