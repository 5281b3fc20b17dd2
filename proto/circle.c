#include "circle.h"

#include <sodium.h>
#include <string.h>

static bool bit_get(const uint64_t *row, uint32_t i)
{
	return (row[i / 64] >> (i % 64)) & 1;
}

static void bit_set(uint64_t *row, uint32_t i)
{
	row[i / 64] |= (uint64_t)1 << (i % 64);
}

static uint64_t *past_of(const struct tuy_circle_state *c, uint32_t op)
{
	return c->past + (size_t)op * c->words;
}

static struct tuy_circle_epoch *epoch_find(struct tuy_circle_state *c, const struct tuy_hash *id)
{
	for (uint32_t i = 0; i < c->epoch_count; i++) {
		if (memcmp(&c->epoch[i].id, id, sizeof *id) == 0)
			return &c->epoch[i];
	}
	return NULL;
}

static struct tuy_circle_epoch *epoch_get(struct tuy_circle_state *c, const struct tuy_hash *id)
{
	struct tuy_circle_epoch *epoch = epoch_find(c, id);

	if (epoch || c->epoch_count == TUY_EPOCHS_PER_CIRCLE)
		return epoch;
	epoch = &c->epoch[c->epoch_count++];
	*epoch = (struct tuy_circle_epoch){ .id = *id, .generation = 1, .is_leaf = true };
	return epoch;
}

static bool key_fits(const struct tuy_hash *id, const struct tuy_secret *key,
                     const struct tuy_hash *parents, uint32_t parent_count)
{
	struct tuy_hash made = tuy_epoch_id(key, parents, parent_count);

	return memcmp(&made, id, sizeof made) == 0;
}

/* An operation that counts names an epoch: its place among the others, and whether a key learnt
 * before really is its. */
static void epoch_name(struct tuy_circle_state *c, const struct tuy_epoch_body *body)
{
	struct tuy_circle_epoch *epoch = epoch_get(c, &body->id);
	uint32_t generation = 1;

	if (!epoch || epoch->is_named)
		return;
	for (uint32_t i = 0; i < body->parent_count; i++) {
		struct tuy_circle_epoch *parent = epoch_find(c, &body->parent[i]);

		if (!parent)
			continue;
		parent->is_leaf = false;
		if (parent->generation >= generation)
			generation = parent->generation + 1;
	}
	epoch->generation = generation;
	epoch->is_named = true;
	if (epoch->has_key && !key_fits(&body->id, &epoch->key, body->parent, body->parent_count)) {
		epoch->has_key = false;
		sodium_memzero(&epoch->key, sizeof epoch->key);
	}
}

/* How many operations of this device lie in the past of `op`. */
static uint32_t author_count(const struct tuy_circle_state *c, const uint64_t *past,
                             uint32_t author)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < c->op_count; i++) {
		if (c->op[i].author == author && bit_get(past, i))
			count++;
	}
	return count;
}

/* PROTOCOL 6.2: "an operation counts only if its author was active, in the needed role, in the
 * operation's own past" */
static bool counts(const struct tuy_circle_state *c, const struct tuy_op *op, const uint64_t *past,
                   uint32_t author)
{
	const struct tuy_circle_device *device;

	if (op->kind == TUY_OP_GENESIS)
		return true;
	if (author == TUY_NO_INDEX)
		return false;
	device = &c->device[author];
	if (!bit_get(past, device->op))
		return false;
	if (device->role == TUY_RELAY)
		return false;
	if (op->kind == TUY_OP_ADMIT && !tuy_circle_may_admit(c, author))
		return false;
	return author_count(c, past, author) <
	       (device->role == TUY_KEEPER ? TUY_OPS_PER_KEEPER : TUY_OPS_PER_DEVICE);
}

/* The device a counting GENESIS or ADMIT lets in; a device already in keeps its first admission. */
static uint32_t device_admit(struct tuy_circle_state *c, const struct tuy_op *op, uint32_t op_index)
{
	uint32_t known = tuy_circle_device_find(c, &op->cert.device), first = 0;

	if (known != TUY_NO_INDEX)
		return known;
	while (first < c->device_count &&
	       memcmp(&c->device[first].cert.member, &op->cert.member, sizeof op->cert.member) != 0)
		first++;
	c->device[c->device_count] = (struct tuy_circle_device){
		.cert = op->cert,
		.role = op->kind == TUY_OP_GENESIS ? TUY_KEEPER : op->role,
		.op = op_index,
		.first = first,
		.peer = TUY_NO_INDEX,
	};
	return c->device_count++;
}

static void op_count_in(struct tuy_circle_state *c, const struct tuy_op *op, uint32_t index)
{
	struct tuy_circle_op *kept = &c->op[index];

	switch (op->kind) {
	case TUY_OP_GENESIS:
		c->policy = op->policy;
		kept->made = device_admit(c, op, index);
		kept->author = kept->made;
		epoch_name(c, &op->epoch);
		break;
	case TUY_OP_ADMIT:
		kept->made = device_admit(c, op, index);
		break;
	case TUY_OP_EPOCH:
		epoch_name(c, &op->epoch);
		break;
	case TUY_OP_ADD_DEVICE:
	case TUY_OP_REMOVE_DEVICE:
	case TUY_OP_REMOVE:
	case TUY_OP_KEEPER:
	case TUY_OP_REMOVE_KEEPER:
	case TUY_OP_LEAVE:
	case TUY_OP_POLICY:
		break; /* PROTOCOL 6.2: kept and passed on, no effect yet */
	}
}

size_t tuy_circle_memory(uint32_t op_cap, uint32_t device_cap)
{
	size_t words = (op_cap + 63) / 64;
	size_t size = op_cap * (sizeof(struct tuy_circle_op) + words * 8) +
	              device_cap * sizeof(struct tuy_circle_device);

	return (size + 63) & ~(size_t)63;
}

void tuy_circle_init(struct tuy_circle_state *c, void *memory, uint32_t op_cap, uint32_t device_cap)
{
	uint8_t *p = memory;

	*c = (struct tuy_circle_state){ .op_cap = op_cap, .device_cap = device_cap };
	c->words = (op_cap + 63) / 64;
	c->past = (uint64_t *)(void *)p;
	p += (size_t)op_cap * c->words * 8;
	c->op = (struct tuy_circle_op *)(void *)p;
	p += (size_t)op_cap * sizeof(struct tuy_circle_op);
	c->device = (struct tuy_circle_device *)(void *)p;
}

void tuy_circle_begin(struct tuy_circle_state *c, const struct tuy_circle *id)
{
	c->used = true;
	c->id = *id;
	memcpy(c->circle16.b, id->b, sizeof c->circle16.b);
	c->op_count = 0;
	c->device_count = 0;
	c->epoch_count = 0;
}

enum tuy_err tuy_circle_add(struct tuy_circle_state *c, const struct tuy_op *op, uint32_t *index)
{
	uint32_t at = c->op_count, author;
	uint32_t prev[TUY_OP_PREV_MAX];
	uint64_t *past;

	*index = tuy_circle_op_find(c, op->id.b, sizeof op->id.b);
	if (*index != TUY_NO_INDEX)
		return TUY_E_CONFLICT;
	if (op->kind == TUY_OP_GENESIS
	            ? memcmp(&op->id, &c->id, sizeof c->id) != 0
	            : memcmp(&op->circle16, &c->circle16, sizeof c->circle16) != 0)
		return TUY_E_REFUSED;
	for (uint32_t i = 0; i < op->prev_count; i++) {
		prev[i] = tuy_circle_op_find(c, op->prev[i].b, sizeof op->prev[i].b);
		if (prev[i] == TUY_NO_INDEX)
			return TUY_E_GAP;
	}
	if (at == c->op_cap || c->device_count == c->device_cap)
		return TUY_E_FULL;

	past = past_of(c, at);
	memset(past, 0, c->words * 8);
	for (uint32_t i = 0; i < op->prev_count; i++) {
		const uint64_t *row = past_of(c, prev[i]);

		for (uint32_t w = 0; w < c->words; w++)
			past[w] |= row[w];
		bit_set(past, prev[i]);
		c->op[prev[i]].is_head = false;
	}
	author = tuy_circle_device_find(c, &op->author);
	c->op[at] = (struct tuy_circle_op){ .id = op->id,
		                            .author = author,
		                            .made = TUY_NO_INDEX,
		                            .kind = (uint8_t)op->kind,
		                            .is_head = true };
	c->op[at].counts = counts(c, op, past, author);
	c->op_count++;
	if (c->op[at].counts)
		op_count_in(c, op, at);
	*index = at;
	return TUY_OK;
}

uint32_t tuy_circle_op_find(const struct tuy_circle_state *c, const uint8_t *id, size_t len)
{
	for (uint32_t i = c->op_count; i-- > 0;) {
		if (memcmp(c->op[i].id.b, id, len) == 0)
			return i;
	}
	return TUY_NO_INDEX;
}

bool tuy_circle_precedes(const struct tuy_circle_state *c, uint32_t a, uint32_t b)
{
	return bit_get(past_of(c, b), a);
}

uint32_t tuy_circle_heads(const struct tuy_circle_state *c, struct tuy_hash *out, uint32_t cap)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < c->op_count && count < cap; i++) {
		uint32_t at = count;

		if (!c->op[i].is_head)
			continue;
		while (at > 0 && memcmp(&out[at - 1], &c->op[i].id, sizeof out[0]) > 0) {
			out[at] = out[at - 1];
			at--;
		}
		out[at] = c->op[i].id;
		count++;
	}
	return count;
}

uint32_t tuy_circle_device_find(const struct tuy_circle_state *c, const struct tuy_device *device)
{
	for (uint32_t i = 0; i < c->device_count; i++) {
		if (memcmp(&c->device[i].cert.device, device, sizeof *device) == 0)
			return i;
	}
	return TUY_NO_INDEX;
}

bool tuy_circle_member_active(const struct tuy_circle_state *c, const struct tuy_member *member)
{
	for (uint32_t i = 0; i < c->device_count; i++) {
		if (memcmp(&c->device[i].cert.member, member, sizeof *member) == 0)
			return true;
	}
	return false;
}

uint32_t tuy_circle_member_count(const struct tuy_circle_state *c)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < c->device_count; i++)
		count += c->device[i].first == i && c->device[i].role != TUY_RELAY;
	return count;
}

bool tuy_circle_may_admit(const struct tuy_circle_state *c, uint32_t device)
{
	enum tuy_role role = c->device[device].role;

	return role == TUY_KEEPER || (role == TUY_MEMBER && c->policy.admit == 0);
}

enum tuy_err tuy_circle_epoch_learn(struct tuy_circle_state *c, const struct tuy_hash *epoch_id,
                                    const struct tuy_secret *key)
{
	struct tuy_circle_epoch *epoch = epoch_get(c, epoch_id);

	if (!epoch)
		return TUY_E_FULL;
	if (!epoch->has_key) {
		epoch->key = *key;
		epoch->has_key = true;
	}
	return TUY_OK;
}

const struct tuy_circle_epoch *tuy_circle_epoch_current(const struct tuy_circle_state *c)
{
	const struct tuy_circle_epoch *best = NULL;
	struct tuy_hash best_rank = { { 0 } };

	for (uint32_t i = 0; i < c->epoch_count; i++) {
		const struct tuy_circle_epoch *epoch = &c->epoch[i];
		struct tuy_hash rank;

		if (!epoch->has_key || !epoch->is_leaf || !epoch->is_named)
			continue;
		rank = tuy_hash("tuyau epoch v1", TUY_BYTES(epoch->id.b), (struct tuy_bytes){ 0 },
		                (struct tuy_bytes){ 0 });
		if (!best || epoch->generation > best->generation ||
		    (epoch->generation == best->generation &&
		     memcmp(&rank, &best_rank, sizeof rank) < 0)) {
			best = epoch;
			best_rank = rank;
		}
	}
	return best;
}
