/*
 * RETRACT: what an author wants erased (PROTOCOL 4.12, 8.5). It travels in a clear blob, so that
 * relays obey it too. Thread rule: pure, any thread.
 */
#ifndef TUY_RETRACT_H
#define TUY_RETRACT_H

#include "err.h"
#include "hash.h"
#include "limits.h"
#include "log.h"
#include "types.h"

struct tuy_retract {
	struct tuy_log16 log;
	uint32_t count;                 /* 1..TUY_RETRACT_MAX */
	uint32_t seqs[TUY_RETRACT_MAX]; /* ascending, from 1 */
};
#define TUY_RETRACT_RECORD_MAX 384 /* bytes of the greatest record */

/* Writes the record. `nonce` is fresh and random. The seqs must be as said above. TUY_E_FULL. */
enum tuy_err tuy_retract_write(const struct tuy_retract *retract, const struct tuy_tag *nonce,
                               uint8_t *out, size_t cap, size_t *len);

/*
 * PROTOCOL 4.12: does this header announce a clear blob? Such an entry is never erased and does not
 * expire.
 */
bool tuy_header_is_clear(const uint8_t header[TUY_HEADER_SIZE]);

/*
 * The RETRACT that an entry holds. TUY_OK; TUY_E_UNKNOWN: it holds none (another kind of blob or of
 * record, or a header that does not announce a clear blob); TUY_E_FORMAT: what stands there cannot
 * be read. On error `retract` is untouched.
 */
enum tuy_err tuy_retract_read(const uint8_t header[TUY_HEADER_SIZE], struct tuy_bytes blob,
                              struct tuy_retract *retract);

#endif
