/*
 * Hashes, signatures and derived keys, each with its domain (PROTOCOL 1). The only place that pads
 * domains. Thread rule: pure, any thread.
 */
#ifndef TUY_HASH_H
#define TUY_HASH_H

#include "err.h"
#include "types.h"

/* H(domain, a ‖ b ‖ c). `domain` is an ASCII literal of at most 16 characters; pass {0} for parts
 * that are not there. */
struct tuy_hash tuy_hash(const char *domain, struct tuy_bytes a, struct tuy_bytes b,
                         struct tuy_bytes c);

/* KDF(key, context, id), PROTOCOL 1.4. `context` is an 8-character literal. */
struct tuy_secret tuy_kdf(const struct tuy_secret *key, const char *context, uint64_t id);

#define TUY_SIGNED_MAX 1024 /* the longest a ‖ b that is signed with a domain */

/*
 * Sign(key, domain, a ‖ b): `secret_key` is libsodium's 64-byte Ed25519 secret key. a.len + b.len
 * <= TUY_SIGNED_MAX (ours to keep: required).
 */
struct tuy_sig tuy_sign(const uint8_t secret_key[64], const char *domain, struct tuy_bytes a,
                        struct tuy_bytes b);

/* TUY_OK or TUY_E_SIGNATURE (also for a || b longer than TUY_SIGNED_MAX). `public_key` 32 bytes. */
enum tuy_err tuy_verify(const uint8_t public_key[32], const char *domain, struct tuy_bytes a,
                        struct tuy_bytes b, const struct tuy_sig *sig);

/*
 * A deterministic source of randomness: the caller's seed, and a label for each use. Each call with
 * the same state gives the same bytes, on every machine; the counter moves on.
 */
struct tuy_dice {
	struct tuy_secret seed;
	uint64_t counter;
};
void tuy_dice_fill(struct tuy_dice *dice, void *out, size_t len);
uint64_t tuy_dice_below(struct tuy_dice *dice,
                        uint64_t bound); /* uniform in 0..bound-1, bound >= 1 */

/* Big-endian integers in byte strings. */
void tuy_put16(uint8_t *p, uint16_t v);
void tuy_put32(uint8_t *p, uint32_t v);
void tuy_put64(uint8_t *p, uint64_t v);
uint16_t tuy_get16(const uint8_t *p);
uint32_t tuy_get32(const uint8_t *p);
uint64_t tuy_get64(const uint8_t *p);

/* Base32 (RFC 4648, capitals, no padding): `out` needs (len * 8 + 4) / 5 + 1 bytes, NUL-terminated.
 */
void tuy_base32_encode(struct tuy_bytes in, char *out);
/* Accepts lower case and skips blanks, line ends and hyphens; TUY_E_FORMAT for other characters,
 * TUY_E_FULL if `cap` does not hold the result, TUY_E_FORMAT for set trailing bits. */
enum tuy_err tuy_base32_decode(struct tuy_bytes text, uint8_t *out, size_t cap, size_t *len);

/*
 * Moves `text` behind `prefix` (capitals, digits, a colon), which it must begin with, read as
 * leniently as base32. TUY_E_SHORT if it ends before the prefix does, TUY_E_FORMAT if it begins
 * otherwise; `text` is then as before.
 */
enum tuy_err tuy_base32_prefix(struct tuy_bytes *text, const char *prefix);

#define TUY_OBJECT_TEXT 17 /* 16 Crockford characters and a NUL */
/* An object id as people see it, Crockford base32 (0-9 A-Z without I L O U). */
void tuy_object_text(const struct tuy_object *id, char out[TUY_OBJECT_TEXT]);
/*
 * Reads an unambiguous prefix of an object id: 1 to 16 characters, case folded, I L -> 1 and O ->
 * 0. `lowest` and `highest` bound the ids that begin so (both inclusive). TUY_E_FORMAT for anything
 * else.
 */
enum tuy_err tuy_object_range(struct tuy_bytes text, struct tuy_object *lowest,
                              struct tuy_object *highest);

#define TUY_BYTES(array) ((struct tuy_bytes){ (array), sizeof(array) })

#endif
