/*
 * A device's keys and the certificate that ties them to a person (PROTOCOL 3). Values; secrets are
 * wiped by their owner. Thread rule: pure, any thread.
 */
#ifndef TUY_KEYS_H
#define TUY_KEYS_H

#include "err.h"
#include "hash.h"
#include "types.h"

struct tuy_device_keys {
	uint8_t sign_sk[64]; /* libsodium's form: seed ‖ public key */
	uint8_t link_sk[32];
	uint8_t box_sk[32];
	uint8_t letter_sk[64];
	struct tuy_secret checksum; /* of the local store only */
	struct tuy_device device;
	struct tuy_link_pk link_pk;
	struct tuy_box_pk box_pk;
	struct tuy_letter_pk letter_pk;
};

/* Derives all keys from the device secret (PROTOCOL 1.4). `keys` is to be kept in locked memory by
 * the host. */
void tuy_device_keys_derive(const struct tuy_secret *device_secret, struct tuy_device_keys *keys);

#define TUY_CERT_SIZE 224
struct tuy_cert { /* the 224 bytes as they are signed and sent (PROTOCOL 3.3) */
	struct tuy_member member;
	struct tuy_device device;
	struct tuy_link_pk link_pk;
	struct tuy_box_pk box_pk;
	struct tuy_letter_pk letter_pk;
	struct tuy_sig sig;
};
_Static_assert(sizeof(struct tuy_cert) == TUY_CERT_SIZE, "a certificate is its bytes");

/* The recovery key of a new member, from 32 random bytes. */
struct tuy_recovery_key {
	uint8_t sk[64];
	struct tuy_member member;
};
void tuy_recovery_key_derive(const struct tuy_secret *seed, struct tuy_recovery_key *key);

/* Certifies `device`'s keys as `key`'s member's. */
struct tuy_cert tuy_cert_create(const struct tuy_recovery_key *key,
                                const struct tuy_device_keys *device);

/* TUY_OK, TUY_E_SIGNATURE, or TUY_E_FORMAT if a key is a low-order point. The caller refuses the
 * device on error. */
enum tuy_err tuy_cert_check(const struct tuy_cert *cert);

/* "TUYAUKEY:" and base32 of seed ‖ 4 check bytes (PROTOCOL 3.1); `out` >= 80 bytes. */
#define TUY_RECOVERY_TEXT 80
void tuy_recovery_text(const struct tuy_secret *seed, char out[TUY_RECOVERY_TEXT]);
/* TUY_E_FORMAT if mistyped (the check bytes differ). */
enum tuy_err tuy_recovery_parse(struct tuy_bytes text, struct tuy_secret *seed);

#endif
