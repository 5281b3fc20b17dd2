/*
 * One circle's membership: the set of signed operations, whom it makes a member, and the epochs it
 * names (PROTOCOL 6). A pure function of the set: the order of arrival does not matter. Memory is
 * the caller's. Thread rule: pure; one owner.
 */
#ifndef TUY_CIRCLE_H
#define TUY_CIRCLE_H

#include "err.h"
#include "op.h"
#include "types.h"

#define TUY_NO_INDEX UINT32_MAX

/* An operation as kept in memory; its bytes are in the store. */
struct tuy_circle_op {
	struct tuy_hash id;
	uint32_t author; /* index of the author's device; TUY_NO_INDEX: none known */
	uint32_t made;   /* index of the device it let in; TUY_NO_INDEX: none */
	uint8_t kind;
	uint8_t role; /* that it gave, if it made a device */
	bool is_head; /* no other operation names it */
	bool durable; /* may be sent */
};

/* A device is let in by one operation or several concurrent ones: its certificate is that of the
 * smallest id, its role the strongest given. Places differ from node to node; what they say does
 * not. */
struct tuy_circle_device {
	struct tuy_hash op; /* the smallest id of an operation that let it in */
	struct tuy_cert cert;
	enum tuy_role role;
	uint32_t first; /* index of its member's first device: itself, or an earlier one */
	uint32_t peer;  /* the node's own number for it */
};

#define TUY_EPOCHS_PER_CIRCLE 256
struct tuy_circle_epoch {
	struct tuy_hash id;
	uint32_t generation; /* 1 + the greatest of its parents */
	bool has_key;
	bool is_leaf;
	bool is_named; /* an operation names it */
	struct tuy_secret key;
};

struct tuy_circle_state {
	bool used;
	struct tuy_circle id;
	struct tuy_tag circle16;
	struct tuy_policy policy;

	uint32_t op_cap, op_count;
	struct tuy_circle_op *op; /* each after those it names */
	uint64_t *past;           /* op_count rows of `words`: the whole past, without itself */
	uint32_t words;

	uint32_t device_cap, device_count;
	struct tuy_circle_device *device;

	uint32_t epoch_count;
	struct tuy_circle_epoch epoch[TUY_EPOCHS_PER_CIRCLE];
};

/* Bytes for the arrays of one circle. */
size_t tuy_circle_memory(uint32_t op_cap, uint32_t device_cap);
/* Lays the arrays out in `memory` (zeroed, aligned to 16). */
void tuy_circle_init(struct tuy_circle_state *c, void *memory, uint32_t op_cap,
                     uint32_t device_cap);
/* Begins a circle with its id. */
void tuy_circle_begin(struct tuy_circle_state *c, const struct tuy_circle *id);

/*
 * Adds a parsed operation. `*index` is its place. TUY_OK; TUY_E_CONFLICT: held already (`*index`
 * says where); TUY_E_GAP: a prev is missing; TUY_E_REFUSED: of another circle, or a genesis that is
 * not this circle's, or void by its own past, for everybody and for ever (PROTOCOL 6.3);
 * TUY_E_FULL: the table is, or as many of its author's are held as there may be. On an error
 * nothing has changed.
 */
enum tuy_err tuy_circle_add(struct tuy_circle_state *c, const struct tuy_op *op, uint32_t *index);

/* Index of an operation by the first `len` (16 or 32) bytes of its id; TUY_NO_INDEX. */
uint32_t tuy_circle_op_find(const struct tuy_circle_state *c, const uint8_t *id, size_t len);
/* Is `a` in the past of `b`? */
bool tuy_circle_precedes(const struct tuy_circle_state *c, uint32_t a, uint32_t b);
/* At most `cap` heads, the smallest, ascending by id; returns how many were written. */
uint32_t tuy_circle_heads(const struct tuy_circle_state *c, struct tuy_hash *out, uint32_t cap);
/* What a new operation of a device (an index) names: the heads, ascending; if there are more than
 * it may name, one of them that follows all the device did, or let it in, and the smallest others.
 */
uint32_t tuy_circle_prev(const struct tuy_circle_state *c, uint32_t device,
                         struct tuy_hash out[TUY_OP_PREV_MAX]);

/* Is an operation that let the device (an index) in durable? */
bool tuy_circle_device_durable(const struct tuy_circle_state *c, uint32_t device);
/* Index of an active device; TUY_NO_INDEX if it is none. */
uint32_t tuy_circle_device_find(const struct tuy_circle_state *c, const struct tuy_device *device);
bool tuy_circle_member_active(const struct tuy_circle_state *c, const struct tuy_member *member);
/* Active members (people, not devices). */
uint32_t tuy_circle_member_count(const struct tuy_circle_state *c);
/* May this device admit, by role and policy? */
bool tuy_circle_may_admit(const struct tuy_circle_state *c, uint32_t device);

/*
 * Learns an epoch's key. TUY_OK (also if known), TUY_E_REFUSED if an operation names the epoch with
 * other parents than the key fits, TUY_E_FULL.
 */
enum tuy_err tuy_circle_epoch_learn(struct tuy_circle_state *c, const struct tuy_hash *epoch_id,
                                    const struct tuy_secret *key);
/* The epoch that new data is written under (PROTOCOL 6.6), with its key; NULL if none is held. */
const struct tuy_circle_epoch *tuy_circle_epoch_current(const struct tuy_circle_state *c);

#endif
