/*
 * Payloads: sealed to the circle (mode 0), to some devices (mode 1), or clear (mode 2).
 * PROTOCOL 4.8. Randomness is an argument (tuy_dice). Thread rule: pure, any thread.
 */
#ifndef TUY_BLOB_H
#define TUY_BLOB_H

#include "err.h"
#include "hash.h"
#include "limits.h"
#include "types.h"

enum tuy_blob_mode { TUY_BLOB_CIRCLE = 0, TUY_BLOB_SEALED = 1, TUY_BLOB_CLEAR = 2 };

#define TUY_BLOB_OVERHEAD 41 /* mode 0: mode, nonce, tag */
#define TUY_BLOB_CLEAR_AT 25 /* mode 2: where the record begins */

/* The size of a blob with a record of `record_len` bytes for `recipient_count` devices (mode 1;
 * else 0); 0 if over the limit. */
size_t tuy_blob_size(enum tuy_blob_mode mode, size_t record_len, uint32_t recipient_count);

/* Writes a blob to `out` (`cap` bytes) and its length to `*len`. TUY_E_FULL, TUY_E_LIMIT. Nothing
 * else can fail. */
enum tuy_err tuy_blob_seal_circle(struct tuy_dice *dice, const struct tuy_secret *epoch_key,
                                  const struct tuy_log_id *log, uint32_t seq,
                                  struct tuy_bytes record, uint8_t *out, size_t cap, size_t *len);
/* Mode 1, for 1..64 recipients; TUY_E_FORMAT if a recipient's key is a low-order point. */
enum tuy_err tuy_blob_seal_devices(struct tuy_dice *dice, const struct tuy_box_pk *recipients,
                                   uint32_t count, const struct tuy_log_id *log, uint32_t seq,
                                   struct tuy_bytes record, uint8_t *out, size_t cap, size_t *len);
enum tuy_err tuy_blob_seal_clear(struct tuy_dice *dice, struct tuy_bytes record, uint8_t *out,
                                 size_t cap, size_t *len);

/* What pcommit must be. */
struct tuy_hash tuy_blob_commit(struct tuy_bytes blob);

/* The mode of a blob and whether its outer form is right (sizes, number of slots). TUY_E_FORMAT,
 * TUY_E_SHORT, TUY_E_LIMIT. */
enum tuy_err tuy_blob_inspect(struct tuy_bytes blob, enum tuy_blob_mode *mode);

/*
 * Opens a blob into `out` (at least blob.len bytes). `epoch_key` (mode 0) and `box_sk` with
 * `box_pk` (mode 1) may be NULL if not had. TUY_E_OPEN: not for us, no key, or changed;
 * TUY_E_FORMAT: not a blob.
 */
enum tuy_err tuy_blob_open(struct tuy_bytes blob, const struct tuy_secret *epoch_key,
                           const uint8_t *box_sk, const struct tuy_box_pk *box_pk,
                           const struct tuy_log_id *log, uint32_t seq, uint8_t *out, size_t *len);

/* One slot: 32 bytes sealed to a box key under an ephemeral key pair (also in operations,
 * PROTOCOL 6.1). */
#define TUY_SLOT_SIZE 48
enum tuy_err tuy_slot_seal(const uint8_t eph_sk[32], const uint8_t eph_pk[32],
                           const struct tuy_box_pk *to, const struct tuy_secret *key,
                           uint8_t out[TUY_SLOT_SIZE]);
enum tuy_err tuy_slot_open(const uint8_t box_sk[32], const struct tuy_box_pk *box_pk,
                           const uint8_t eph_pk[32], const uint8_t slot[TUY_SLOT_SIZE],
                           struct tuy_secret *key);

#endif
