/*
 * Noise_XK_25519_ChaChaPoly_SHA256 (Noise revision 34) and the knock before it (PROTOCOL 3).
 *
 *     caller                                          called
 *     tuy_noise_init_initiator                        tuy_noise_init_responder
 *     tuy_noise_create_1  ---------- e, es ---------> tuy_noise_consume_1
 *     tuy_noise_consume_2 <--------- e, ee ---------- tuy_noise_create_2
 *     tuy_noise_create_3  ---------- s, se ---------> tuy_noise_consume_3
 *     tuy_noise_seal, tuy_noise_open <--------------> tuy_noise_seal, tuy_noise_open
 *
 * Each step works on a copy of the state and puts it in place only when it has succeeded: after an
 * error the state is as before, though `out` may hold zeros or rubbish. The wrong step at the wrong
 * time is our own mistake (tuy_require). Randomness is an argument.
 *
 * All steps write to `out` of `cap` bytes and the number written to `len`; TUY_E_FULL if `cap` is
 * too small. In the handshake `out` must not overlap the input.
 * Thread rule: pure, any thread, one thread at a time a state.
 */
#ifndef TUY_NOISE_H
#define TUY_NOISE_H

#include "err.h"
#include "types.h"

#define TUY_NOISE_TAG      16              /* of every encrypted payload */
#define TUY_NOISE_1_SIZE   48              /* message 1 without payload: e, tag */
#define TUY_NOISE_2_SIZE   48              /* message 2 without payload: e, tag */
#define TUY_NOISE_3_SIZE   64              /* message 3 without payload: s, tag, tag */
#define TUY_NOISE_PROLOGUE "tuyau link v1" /* the product's; the vectors have others */

enum tuy_noise_step {
	TUY_NOISE_NONE, /* wiped */
	TUY_NOISE_CREATE_1,
	TUY_NOISE_CONSUME_1,
	TUY_NOISE_CREATE_2,
	TUY_NOISE_CONSUME_2,
	TUY_NOISE_CREATE_3,
	TUY_NOISE_CONSUME_3,
	TUY_NOISE_TRANSPORT
};

/* A key and the number of the next message under it (Noise 5.1). */
struct tuy_noise_cipher {
	struct tuy_secret k;
	uint64_t n;
};

/* One side of one connection. Owned by the caller, who wipes it; open to look at, not to change. */
struct tuy_noise {
	enum tuy_noise_step next;     /* what this side must do next */
	struct tuy_secret s;          /* own static key; wiped after message 3, as are the next */
	struct tuy_secret e;          /* own ephemeral key */
	struct tuy_link_pk e_pk;      /* its public half */
	struct tuy_link_pk s_pk;      /* the public half of s */
	struct tuy_link_pk re;        /* the other side's ephemeral key */
	struct tuy_link_pk rs;        /* the other side's static key; kept */
	struct tuy_secret ck;         /* chaining key */
	struct tuy_noise_cipher hand; /* of the handshake */
	struct tuy_hash h;            /* kept */
	struct tuy_hash h_2;          /* h after message 2; kept */
	struct tuy_noise_cipher tx;   /* records to the other side */
	struct tuy_noise_cipher rx;   /* records from it */
};

/*
 * The side that calls. `s` and `e`: own static and fresh ephemeral secret key; `rs`: the link key
 * of the node to be called.
 */
void tuy_noise_init_initiator(struct tuy_noise *n, struct tuy_bytes prologue,
                              const struct tuy_secret *s, const struct tuy_secret *e,
                              const struct tuy_link_pk *rs);
/* The side that is called. */
void tuy_noise_init_responder(struct tuy_noise *n, struct tuy_bytes prologue,
                              const struct tuy_secret *s, const struct tuy_secret *e);

/*
 * The message of TUY_NOISE_<step>_SIZE + payload.len bytes. TUY_E_LIMIT if that exceeds
 * TUY_FRAME_MAX; TUY_E_REFUSED (create_1 only) if the key to be called is of low order.
 */
enum tuy_err tuy_noise_create_1(struct tuy_noise *n, struct tuy_bytes payload, uint8_t *out,
                                size_t cap, size_t *len);
enum tuy_err tuy_noise_create_2(struct tuy_noise *n, struct tuy_bytes payload, uint8_t *out,
                                size_t cap, size_t *len);
enum tuy_err tuy_noise_create_3(struct tuy_noise *n, struct tuy_bytes payload, uint8_t *out,
                                size_t cap, size_t *len);

/*
 * The payload of a message of the other side. TUY_E_OPEN if the message is not for us, was changed,
 * is too short or too long, or brings a key of low order.
 */
enum tuy_err tuy_noise_consume_1(struct tuy_noise *n, struct tuy_bytes message, uint8_t *out,
                                 size_t cap, size_t *len);
enum tuy_err tuy_noise_consume_2(struct tuy_noise *n, struct tuy_bytes message, uint8_t *out,
                                 size_t cap, size_t *len);
enum tuy_err tuy_noise_consume_3(struct tuy_noise *n, struct tuy_bytes message, uint8_t *out,
                                 size_t cap, size_t *len);

/* h after message 2, "the handshake hash" of HELLO and JOIN. From message 2 on. */
const struct tuy_hash *tuy_noise_hash_after_2(const struct tuy_noise *n);
/* h at the end of the handshake. After message 3. */
const struct tuy_hash *tuy_noise_hash(const struct tuy_noise *n);
/* The other side's link key: for the one that called always, for the one called after message 3. */
const struct tuy_link_pk *tuy_noise_remote_static(const struct tuy_noise *n);

/*
 * After message 3. A record is the plaintext (at most TUY_RECORD_MAX bytes, else TUY_E_LIMIT) and
 * TUY_NOISE_TAG bytes. `out` may be exactly the input, else they must not overlap. Every
 * TUY_REKEY_RECORDS records of one direction its key is replaced, on both sides alike. TUY_E_LIMIT
 * too when all 2^64 - 1 numbers of a direction are used up.
 */
enum tuy_err tuy_noise_seal(struct tuy_noise *n, struct tuy_bytes plaintext, uint8_t *out,
                            size_t cap, size_t *len);
/*
 * TUY_E_OPEN if `record` is not the next one of the other side; a record opened in place is then
 * zeros.
 */
enum tuy_err tuy_noise_open(struct tuy_noise *n, struct tuy_bytes record, uint8_t *out, size_t cap,
                            size_t *len);

/* Forgets everything. Also right for a state of zeros, and twice. */
void tuy_noise_wipe(struct tuy_noise *n);

/* The 16 bytes before message 1 on the wire: who sends them knows the link key that is called. */
struct tuy_tag tuy_noise_knock(const struct tuy_link_pk *called,
                               const uint8_t message_1[TUY_NOISE_1_SIZE]);
/* Checks a first frame (knock, message 1) in constant time: TUY_OK or TUY_E_OPEN. */
enum tuy_err tuy_noise_knock_check(const struct tuy_link_pk *called,
                                   const uint8_t frame_1[16 + TUY_NOISE_1_SIZE]);

#endif
