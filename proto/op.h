/*
 * Signed operations: their codec, ids and signatures (PROTOCOL 6.1), and invites (6.4, 6.5). What a
 * set of them means is circle.h's. Thread rule: pure, any thread.
 */
#ifndef TUY_OP_H
#define TUY_OP_H

#include "err.h"
#include "hash.h"
#include "keys.h"
#include "limits.h"
#include "types.h"

enum tuy_op_kind {
	TUY_OP_GENESIS = 1,
	TUY_OP_ADMIT,
	TUY_OP_ADD_DEVICE,
	TUY_OP_REMOVE_DEVICE,
	TUY_OP_REMOVE,
	TUY_OP_KEEPER,
	TUY_OP_REMOVE_KEEPER,
	TUY_OP_LEAVE,
	TUY_OP_EPOCH,
	TUY_OP_POLICY,
};
enum tuy_role { TUY_KEEPER = 1, TUY_MEMBER, TUY_RELAY };

struct tuy_policy {
	uint8_t admit;   /* 0 any member, 1 keepers */
	uint8_t history; /* 0 all, 1 none */
	uint8_t max;     /* members, 3..150 */
};

/* A parsed epoch (PROTOCOL 6.1). Spans point into the operation. */
struct tuy_epoch_body {
	struct tuy_hash id;
	uint32_t parent_count; /* <= 8 */
	struct tuy_hash parent[TUY_OP_PREV_MAX];
	uint8_t eph_pk[32];
	uint32_t recipient_count;
	struct tuy_bytes recipients; /* the msgpack array; walk it with tuy_epoch_recipient */
};

/* A parsed operation. Spans point into the bytes it was read from. Fields a kind does not have are
 * zero. */
struct tuy_op {
	struct tuy_hash id;
	struct tuy_bytes doc; /* what was hashed */
	struct tuy_sig sig;
	struct tuy_tag circle16; /* zero in a genesis */
	struct tuy_device
		author; /* a device's signing key, or a recovery key (ADD_DEVICE, REMOVE_DEVICE) */
	uint32_t prev_count;
	struct tuy_hash prev[TUY_OP_PREV_MAX];
	enum tuy_op_kind kind;
	struct tuy_policy policy;
	struct tuy_cert cert; /* GENESIS, ADMIT, ADD_DEVICE */
	struct tuy_epoch_body epoch;
	enum tuy_role role;              /* ADMIT */
	struct tuy_invite_pk invite;     /* ADMIT */
	struct tuy_sig join_sig;         /* ADMIT */
	struct tuy_hash handshake;       /* ADMIT */
	struct tuy_hash epoch_id;        /* ADMIT (zero: none), ADD_DEVICE */
	struct tuy_member target;        /* REMOVE, KEEPER, REMOVE_KEEPER */
	struct tuy_device target_device; /* REMOVE_DEVICE */
	struct tuy_device cosigner;      /* REMOVE_KEEPER */
	struct tuy_sig cosig;
	struct tuy_bytes cuts; /* the msgpack array */
};

/*
 * Parses and checks a signed operation completely: form, author's signature, certificate's
 * signature, JOIN signature of an ADMIT, author of a genesis = the certified device. Not checked:
 * rights, prev, which circle (circle.h). TUY_E_SHORT, TUY_E_FORMAT, TUY_E_LIMIT (over TUY_OP_MAX),
 * TUY_E_SIGNATURE. The caller refuses it on error.
 */
enum tuy_err tuy_op_parse(struct tuy_bytes signed_op, struct tuy_op *op);

/* The i-th recipient of a parsed epoch (i < recipient_count), with its slot of 48 bytes. */
void tuy_epoch_recipient(const struct tuy_epoch_body *epoch, uint32_t i, struct tuy_device *device,
                         const uint8_t **slot);

/* H("tuyau epoch v1", key ‖ parents), parents in the order given. */
struct tuy_hash tuy_epoch_id(const struct tuy_secret *key, const struct tuy_hash *parents,
                             uint32_t count);

/* What the author of a new operation gives; `prev` sorted ascending, count <= 8. */
struct tuy_op_author {
	const struct tuy_device_keys *keys;
	struct tuy_tag circle16; /* zero for a genesis */
	const struct tuy_hash *prev;
	uint32_t prev_count;
};

/* Writes a signed operation into `out`; `*len` its length. TUY_E_FULL if it does not fit; nothing
 * else can fail. */
enum tuy_err tuy_op_create_genesis(const struct tuy_op_author *by, struct tuy_dice *dice,
                                   const struct tuy_policy *policy, const struct tuy_cert *cert,
                                   const struct tuy_secret *epoch_key, uint8_t *out, size_t cap,
                                   size_t *len);

struct tuy_admission { /* what a JOIN brought */
	struct tuy_cert cert;
	enum tuy_role role;
	struct tuy_invite_pk invite;
	struct tuy_sig join_sig;
	struct tuy_hash handshake;
	struct tuy_hash epoch_id; /* zero: none (relay) */
};
enum tuy_err tuy_op_create_admit(const struct tuy_op_author *by,
                                 const struct tuy_admission *admission, uint8_t *out, size_t cap,
                                 size_t *len);

struct tuy_epoch_recipient_in {
	struct tuy_device device;
	struct tuy_box_pk box_pk;
};
enum tuy_err tuy_op_create_epoch(const struct tuy_op_author *by, struct tuy_dice *dice,
                                 const struct tuy_secret *epoch_key, const struct tuy_hash *parents,
                                 uint32_t parent_count,
                                 const struct tuy_epoch_recipient_in *recipients,
                                 uint32_t recipient_count, uint8_t *out, size_t cap, size_t *len);

/* ---- invites ---- */

#define TUY_INVITE_SIZE 88
#define TUY_INVITE_TEXT 148 /* "TUYAU:" + 141 characters + NUL */
struct tuy_invite {
	struct tuy_link_pk link_pk; /* of the device that made it */
	uint8_t secret[16];
	struct tuy_tag circle16;
	uint32_t expires_s;  /* unix */
	uint8_t address[16]; /* IPv6 or v4-mapped */
	uint16_t port;
};
void tuy_invite_text(const struct tuy_invite *invite, char out[TUY_INVITE_TEXT]);
/* Accepts what people paste: leading and trailing blanks, line breaks inside, lower case.
 * TUY_E_FORMAT, TUY_E_SHORT (cut off), TUY_E_UNKNOWN (a later version). */
enum tuy_err tuy_invite_parse(struct tuy_bytes text, struct tuy_invite *invite);

struct tuy_invite_key {
	uint8_t sk[64];
	struct tuy_invite_pk pk;
};
void tuy_invite_key_derive(const struct tuy_invite *invite, struct tuy_invite_key *key);
/* PROTOCOL 6.5. */
struct tuy_sig tuy_join_sign(const struct tuy_invite_key *key, const struct tuy_tag *circle16,
                             const struct tuy_cert *cert, const struct tuy_hash *handshake);
enum tuy_err tuy_join_check(const struct tuy_invite_pk *pk, const struct tuy_tag *circle16,
                            const struct tuy_cert *cert, const struct tuy_hash *handshake,
                            const struct tuy_sig *sig);

/* ---- address records (PROTOCOL 5.6) ---- */

struct tuy_address {
	uint8_t ip[16]; /* IPv6 or v4-mapped */
	uint16_t port;
};
struct tuy_address_record {
	struct tuy_device device;
	uint64_t counter;
	uint32_t count;
	struct tuy_address address[TUY_ADDRESSES_MAX];
};
#define TUY_ADDRESS_RECORD_MAX 320
enum tuy_err tuy_address_record_create(const uint8_t sign_sk[64],
                                       const struct tuy_address_record *record, uint8_t *out,
                                       size_t cap, size_t *len);
/* Checks form and signature. */
enum tuy_err tuy_address_record_parse(struct tuy_bytes bytes, struct tuy_address_record *record);

#endif
