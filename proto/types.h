/*
 * The small values everything else is made of: identifiers, keys and signatures as one-field
 * structs, so that mixing two of them is a compile error; byte spans; the two clocks. Copied with
 * `=`; no function here has state. Thread rule: pure, any thread.
 */
#ifndef TUY_TYPES_H
#define TUY_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that belong to somebody else; valid as long as their owner says. */
struct tuy_bytes {
	const uint8_t *p;
	size_t len;
};

struct tuy_hash { /* BLAKE2b-256 with a domain (PROTOCOL 1) */
	uint8_t b[32];
};
struct tuy_tag { /* 16 bytes: digests, shortened hashes, connection tags */
	uint8_t b[16];
};
struct tuy_secret { /* any 32-byte symmetric key */
	uint8_t b[32];
};
struct tuy_sig { /* Ed25519 signature */
	uint8_t b[64];
};

struct tuy_member { /* a person: the public half of the recovery key (Ed25519) */
	uint8_t b[32];
};
struct tuy_device { /* one installation: its signing key (Ed25519) */
	uint8_t b[32];
};
struct tuy_link_pk { /* X25519, the Noise static key */
	uint8_t b[32];
};
struct tuy_box_pk { /* X25519, sealing */
	uint8_t b[32];
};
struct tuy_letter_pk { /* Ed25519, vouch letters */
	uint8_t b[32];
};
struct tuy_invite_pk { /* Ed25519, derived from an invite's secret */
	uint8_t b[32];
};

struct tuy_circle { /* the id of the circle's genesis operation */
	uint8_t b[32];
};
struct tuy_log_id {
	uint8_t b[32];
};
struct tuy_log16 { /* first 16 bytes of a tuy_log_id: how link messages name a log */
	uint8_t b[16];
};
struct tuy_incarnation {
	uint8_t b[16];
};
struct tuy_epoch { /* first 8 bytes of an epoch id */
	uint8_t b[8];
};
struct tuy_object { /* a record's stable id (PROTOCOL 8), shown as 16 Crockford characters */
	uint8_t b[10];
};

/* Two clocks, both given by the caller. `ms` never goes back and steers timers; `wall_s` is unix
 * time and only labels. */
struct tuy_now {
	uint64_t ms;
	uint32_t wall_s;
};

#endif
