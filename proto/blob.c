#include "blob.h"
#include <sodium.h>
#include <string.h>

#define NONCE_SIZE     24
#define TAG_SIZE       16
#define AAD_SIZE       36
#define AT_BODY        25 /* behind mode and nonce */
#define AT_EPH_PK      26 /* mode 1: behind the number of slots */
#define AT_SLOTS       58
#define CLEAR_SIZE     25 /* mode 2 without its record */
#define SEALED_SIZE(n) (AT_SLOTS + (size_t)(n)*TUY_SLOT_SIZE + TAG_SIZE) /* without its record */

static void aad_fill(const struct tuy_log_id *log, uint32_t seq, uint8_t aad[AAD_SIZE])
{
	memcpy(aad, log->b, sizeof log->b);
	tuy_put32(aad + sizeof log->b, seq);
}

/* Bytes to encrypt: libsodium wants a pointer also to nothing. */
static const uint8_t *bytes_at(struct tuy_bytes bytes)
{
	static const uint8_t nothing[1];
	return bytes.len == 0 ? nothing : bytes.p;
}

/* The AEAD of PROTOCOL 4.8; `out` gets plain.len + 16 bytes. */
static void aead_seal(const struct tuy_secret *key, const uint8_t nonce[NONCE_SIZE],
                      const struct tuy_log_id *log, uint32_t seq, struct tuy_bytes plain,
                      uint8_t *out)
{
	uint8_t aad[AAD_SIZE];
	aad_fill(log, seq, aad);
	int bad = crypto_aead_xchacha20poly1305_ietf_encrypt(out, NULL, bytes_at(plain), plain.len,
	                                                     aad, sizeof aad, NULL, nonce, key->b);
	tuy_require(bad == 0);
}

/* `sealed` has at least 16 bytes; `out` gets sealed.len - 16. */
static enum tuy_err aead_open(const struct tuy_secret *key, const uint8_t nonce[NONCE_SIZE],
                              const struct tuy_log_id *log, uint32_t seq, struct tuy_bytes sealed,
                              uint8_t *out)
{
	uint8_t aad[AAD_SIZE];
	aad_fill(log, seq, aad);
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed.p, sealed.len, aad,
	                                               sizeof aad, nonce, key->b) != 0)
		return TUY_E_OPEN;
	return TUY_OK;
}

/* How many slots hide how many recipients there are; 0 for none and too many. */
static uint32_t slot_count(uint32_t recipient_count)
{
	if (recipient_count == 0 || recipient_count > TUY_SLOTS_MAX)
		return 0;
	if (recipient_count <= 4)
		return 4;
	return recipient_count <= 16 ? 16 : TUY_SLOTS_MAX;
}

/* X25519 and the hash over it: the key of one slot. TUY_E_FORMAT for a low-order `their_pk`. */
static enum tuy_err slot_key_derive(const uint8_t our_sk[32], const uint8_t their_pk[32],
                                    const uint8_t eph_pk[32], const struct tuy_box_pk *box_pk,
                                    struct tuy_secret *key)
{
	uint8_t shared[32];
	if (crypto_scalarmult(shared, our_sk, their_pk) != 0 ||
	    sodium_is_zero(shared, sizeof shared))
		return TUY_E_FORMAT;
	struct tuy_bytes eph = { eph_pk, 32 };
	struct tuy_hash hash =
		tuy_hash("tuyau slot v1", TUY_BYTES(shared), eph, TUY_BYTES(box_pk->b));
	memcpy(key->b, hash.b, sizeof key->b);
	sodium_memzero(&hash, sizeof hash);
	sodium_memzero(shared, sizeof shared);
	return TUY_OK;
}

static const uint8_t slot_nonce[NONCE_SIZE];

static enum tuy_err slot_key_open(const struct tuy_secret *slot_key,
                                  const uint8_t slot[TUY_SLOT_SIZE], struct tuy_secret *key)
{
	struct tuy_secret opened;
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(opened.b, NULL, NULL, slot, TUY_SLOT_SIZE,
	                                               NULL, 0, slot_nonce, slot_key->b) != 0)
		return TUY_E_OPEN;
	*key = opened;
	sodium_memzero(&opened, sizeof opened);
	return TUY_OK;
}

/* All slots of one blob, real and random ones in random order, into `out` (slots * 48 bytes). */
static enum tuy_err slots_fill(struct tuy_dice *dice, const struct tuy_box_pk *recipients,
                               uint32_t count, const uint8_t eph_sk[32], const uint8_t eph_pk[32],
                               const struct tuy_secret *key, uint8_t *out)
{
	uint32_t slots = slot_count(count);
	uint8_t place[TUY_SLOTS_MAX]; /* the i-th recipient's slot, a shuffle of 0..slots-1 */
	tuy_dice_fill(dice, out, (size_t)slots * TUY_SLOT_SIZE);
	for (uint32_t i = 0; i < slots; i++)
		place[i] = (uint8_t)i;
	for (uint32_t i = slots - 1; i > 0; i--) {
		uint32_t j = (uint32_t)tuy_dice_below(dice, i + 1);
		uint8_t kept = place[i];
		place[i] = place[j];
		place[j] = kept;
	}
	for (uint32_t i = 0; i < count; i++) {
		enum tuy_err err = tuy_slot_seal(eph_sk, eph_pk, &recipients[i], key,
		                                 out + (size_t)place[i] * TUY_SLOT_SIZE);
		if (err)
			return err;
	}
	return TUY_OK;
}

/* A blob that passed the inspection, mode 1. */
static enum tuy_err sealed_open(struct tuy_bytes blob, const uint8_t *box_sk,
                                const struct tuy_box_pk *box_pk, const struct tuy_log_id *log,
                                uint32_t seq, uint8_t *out)
{
	uint32_t slots = blob.p[AT_BODY];
	struct tuy_bytes sealed = { blob.p + SEALED_SIZE(slots) - TAG_SIZE,
		                    blob.len - SEALED_SIZE(slots) + TAG_SIZE };
	struct tuy_secret slot_key, key;
	enum tuy_err err =
		slot_key_derive(box_sk, blob.p + AT_EPH_PK, blob.p + AT_EPH_PK, box_pk, &slot_key);
	if (err)
		return TUY_E_OPEN;
	err = TUY_E_OPEN;
	for (uint32_t i = 0; i < slots && err; i++)
		err = slot_key_open(&slot_key, blob.p + AT_SLOTS + (size_t)i * TUY_SLOT_SIZE, &key);
	if (!err)
		err = aead_open(&key, blob.p + 1, log, seq, sealed, out);
	sodium_memzero(&slot_key, sizeof slot_key);
	sodium_memzero(&key, sizeof key);
	return err;
}

static enum tuy_err circle_open(struct tuy_bytes blob, const struct tuy_secret *epoch_key,
                                const struct tuy_log_id *log, uint32_t seq, uint8_t *out)
{
	struct tuy_bytes sealed = { blob.p + AT_BODY, blob.len - AT_BODY };
	struct tuy_secret key = tuy_kdf(epoch_key, "tuyepoch", 1);
	enum tuy_err err = aead_open(&key, blob.p + 1, log, seq, sealed, out);
	sodium_memzero(&key, sizeof key);
	return err;
}

/* The size of a blob to be written, checked against `cap`. */
static enum tuy_err size_check(enum tuy_blob_mode mode, size_t record_len, uint32_t recipient_count,
                               size_t cap, size_t *size)
{
	*size = tuy_blob_size(mode, record_len, recipient_count);
	if (*size == 0)
		return TUY_E_LIMIT;
	return *size > cap ? TUY_E_FULL : TUY_OK;
}

size_t tuy_blob_size(enum tuy_blob_mode mode, size_t record_len, uint32_t recipient_count)
{
	size_t around = 0;
	switch (mode) {
	case TUY_BLOB_CIRCLE:
		around = TUY_BLOB_OVERHEAD;
		break;
	case TUY_BLOB_SEALED:
		if (slot_count(recipient_count) == 0)
			return 0;
		around = SEALED_SIZE(slot_count(recipient_count));
		break;
	case TUY_BLOB_CLEAR:
		around = CLEAR_SIZE;
		break;
	}
	if (around == 0 || record_len > TUY_BLOB_MAX - around)
		return 0;
	return around + record_len;
}

/* Drawn: the nonce. */
enum tuy_err tuy_blob_seal_circle(struct tuy_dice *dice, const struct tuy_secret *epoch_key,
                                  const struct tuy_log_id *log, uint32_t seq,
                                  struct tuy_bytes record, uint8_t *out, size_t cap, size_t *len)
{
	size_t size;
	enum tuy_err err = size_check(TUY_BLOB_CIRCLE, record.len, 0, cap, &size);
	if (err)
		return err;
	struct tuy_secret key = tuy_kdf(epoch_key, "tuyepoch", 1);
	out[0] = TUY_BLOB_CIRCLE;
	tuy_dice_fill(dice, out + 1, NONCE_SIZE);
	aead_seal(&key, out + 1, log, seq, record, out + AT_BODY);
	sodium_memzero(&key, sizeof key);
	*len = size;
	return TUY_OK;
}

/* Drawn in this order: nonce, ephemeral secret key, K, random bytes for all slots, the shuffle. */
enum tuy_err tuy_blob_seal_devices(struct tuy_dice *dice, const struct tuy_box_pk *recipients,
                                   uint32_t count, const struct tuy_log_id *log, uint32_t seq,
                                   struct tuy_bytes record, uint8_t *out, size_t cap, size_t *len)
{
	uint8_t nonce[NONCE_SIZE], eph_sk[32], eph_pk[32];
	uint8_t slots[TUY_SLOTS_MAX * TUY_SLOT_SIZE];
	struct tuy_secret key;
	size_t size;
	enum tuy_err err = size_check(TUY_BLOB_SEALED, record.len, count, cap, &size);
	if (err)
		return err;
	tuy_dice_fill(dice, nonce, sizeof nonce);
	tuy_dice_fill(dice, eph_sk, sizeof eph_sk);
	tuy_dice_fill(dice, key.b, sizeof key.b);
	int bad = crypto_scalarmult_base(eph_pk, eph_sk);
	tuy_require(bad == 0);
	err = slots_fill(dice, recipients, count, eph_sk, eph_pk, &key, slots);
	if (!err) {
		size_t slots_size = (size_t)slot_count(count) * TUY_SLOT_SIZE;
		out[0] = TUY_BLOB_SEALED;
		memcpy(out + 1, nonce, sizeof nonce);
		out[AT_BODY] = (uint8_t)slot_count(count);
		memcpy(out + AT_EPH_PK, eph_pk, sizeof eph_pk);
		memcpy(out + AT_SLOTS, slots, slots_size);
		aead_seal(&key, nonce, log, seq, record, out + AT_SLOTS + slots_size);
		*len = size;
	}
	sodium_memzero(eph_sk, sizeof eph_sk);
	sodium_memzero(&key, sizeof key);
	return err;
}

/* Drawn: the nonce. */
enum tuy_err tuy_blob_seal_clear(struct tuy_dice *dice, struct tuy_bytes record, uint8_t *out,
                                 size_t cap, size_t *len)
{
	size_t size;
	enum tuy_err err = size_check(TUY_BLOB_CLEAR, record.len, 0, cap, &size);
	if (err)
		return err;
	out[0] = TUY_BLOB_CLEAR;
	tuy_dice_fill(dice, out + 1, NONCE_SIZE);
	if (record.len > 0)
		memcpy(out + AT_BODY, record.p, record.len);
	*len = size;
	return TUY_OK;
}

struct tuy_hash tuy_blob_commit(struct tuy_bytes blob)
{
	struct tuy_bytes none = { 0 };
	return tuy_hash("tuyau blob v1", blob, none, none);
}

enum tuy_err tuy_blob_inspect(struct tuy_bytes blob, enum tuy_blob_mode *mode)
{
	size_t least = 0;
	if (blob.len > TUY_BLOB_MAX)
		return TUY_E_LIMIT;
	if (blob.len == 0)
		return TUY_E_SHORT;
	switch (blob.p[0]) {
	case TUY_BLOB_CIRCLE:
		least = TUY_BLOB_OVERHEAD;
		break;
	case TUY_BLOB_SEALED:
		if (blob.len <= AT_BODY)
			return TUY_E_SHORT;
		if (blob.p[AT_BODY] == 0 || slot_count(blob.p[AT_BODY]) != blob.p[AT_BODY])
			return TUY_E_FORMAT;
		least = SEALED_SIZE(blob.p[AT_BODY]);
		break;
	case TUY_BLOB_CLEAR:
		least = CLEAR_SIZE;
		break;
	default:
		return TUY_E_FORMAT;
	}
	if (blob.len < least)
		return TUY_E_SHORT;
	*mode = (enum tuy_blob_mode)blob.p[0];
	return TUY_OK;
}

enum tuy_err tuy_blob_open(struct tuy_bytes blob, const struct tuy_secret *epoch_key,
                           const uint8_t *box_sk, const struct tuy_box_pk *box_pk,
                           const struct tuy_log_id *log, uint32_t seq, uint8_t *out, size_t *len)
{
	enum tuy_blob_mode mode;
	enum tuy_err err = TUY_E_OPEN;
	size_t around = 0;
	if (tuy_blob_inspect(blob, &mode) != TUY_OK)
		return TUY_E_FORMAT;
	switch (mode) {
	case TUY_BLOB_CIRCLE:
		around = TUY_BLOB_OVERHEAD;
		if (epoch_key)
			err = circle_open(blob, epoch_key, log, seq, out);
		break;
	case TUY_BLOB_SEALED:
		around = SEALED_SIZE(blob.p[AT_BODY]);
		if (box_sk && box_pk)
			err = sealed_open(blob, box_sk, box_pk, log, seq, out);
		break;
	case TUY_BLOB_CLEAR:
		around = CLEAR_SIZE;
		if (blob.len > around)
			memcpy(out, blob.p + around, blob.len - around);
		err = TUY_OK;
		break;
	}
	if (!err)
		*len = blob.len - around;
	return err;
}

enum tuy_err tuy_slot_seal(const uint8_t eph_sk[32], const uint8_t eph_pk[32],
                           const struct tuy_box_pk *to, const struct tuy_secret *key,
                           uint8_t out[TUY_SLOT_SIZE])
{
	struct tuy_secret slot_key;
	enum tuy_err err = slot_key_derive(eph_sk, to->b, eph_pk, to, &slot_key);
	if (err)
		return err;
	int bad = crypto_aead_xchacha20poly1305_ietf_encrypt(out, NULL, key->b, sizeof key->b, NULL,
	                                                     0, NULL, slot_nonce, slot_key.b);
	tuy_require(bad == 0);
	sodium_memzero(&slot_key, sizeof slot_key);
	return TUY_OK;
}

enum tuy_err tuy_slot_open(const uint8_t box_sk[32], const struct tuy_box_pk *box_pk,
                           const uint8_t eph_pk[32], const uint8_t slot[TUY_SLOT_SIZE],
                           struct tuy_secret *key)
{
	struct tuy_secret slot_key;
	enum tuy_err err = slot_key_derive(box_sk, eph_pk, eph_pk, box_pk, &slot_key);
	if (!err)
		err = slot_key_open(&slot_key, slot, key);
	else
		err = TUY_E_OPEN;
	sodium_memzero(&slot_key, sizeof slot_key);
	return err;
}
