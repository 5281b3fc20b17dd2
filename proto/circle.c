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

/* An operation names an epoch: its place among the others, and whether a key learnt
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

/* How many operations of this device are held. */
static uint32_t author_total(const struct tuy_circle_state *c, uint32_t author)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < c->op_count; i++)
		count += c->op[i].author == author;
	return count;
}

/* How many of them lie in `past`. */
static uint32_t author_count(const struct tuy_circle_state *c, const uint64_t *past,
                             uint32_t author)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < c->op_count; i++)
		count += c->op[i].author == author && bit_get(past, i);
	return count;
}

/* The strongest role that operations in `past` gave a device; 0: it was nobody then. */
static uint8_t role_in(const struct tuy_circle_state *c, const uint64_t *past, uint32_t device)
{
	uint8_t role = 0;

	for (uint32_t i = 0; i < c->op_count; i++) {
		const struct tuy_circle_op *op = &c->op[i];

		if (op->made == device && bit_get(past, i) && (role == 0 || op->role < role))
			role = op->role;
	}
	return role;
}

/* PROTOCOL 6.2: "an operation counts only if its author was active, in the needed role, in the
 * operation's own past"; and 6.3. TUY_OK, TUY_E_REFUSED: void; TUY_E_FULL. */
static enum tuy_err standing(const struct tuy_circle_state *c, const struct tuy_op *op,
                             const uint64_t *past, uint32_t author)
{
	uint32_t most;
	uint8_t role;

	if (op->kind == TUY_OP_GENESIS)
		return TUY_OK;
	role = author == TUY_NO_INDEX ? 0 : role_in(c, past, author);
	if (role == 0 || role == TUY_RELAY)
		return TUY_E_REFUSED;
	if (op->kind == TUY_OP_ADMIT && role != TUY_KEEPER && c->policy.admit != 0)
		return TUY_E_REFUSED;
	most = role == TUY_KEEPER ? TUY_OPS_PER_KEEPER : TUY_OPS_PER_DEVICE;
	if (author_count(c, past, author) >= most)
		return TUY_E_REFUSED;
	return author_total(c, author) < most ? TUY_OK : TUY_E_FULL;
}

/* Who is a member's first device, after a device or its member is new. */
static void firsts_find(struct tuy_circle_state *c)
{
	for (uint32_t i = 0; i < c->device_count; i++) {
		uint32_t first = 0;

		while (memcmp(&c->device[first].cert.member, &c->device[i].cert.member,
		              sizeof(struct tuy_member)) != 0)
			first++;
		c->device[i].first = first;
	}
}

/* The device a GENESIS or ADMIT lets in, whichever of several came first. */
static uint32_t device_admit(struct tuy_circle_state *c, const struct tuy_op *op, uint8_t role)
{
	uint32_t at = tuy_circle_device_find(c, &op->cert.device);

	if (at == TUY_NO_INDEX) {
		at = c->device_count++;
		c->device[at] = (struct tuy_circle_device){
			.cert = op->cert, .role = role, .op = op->id, .peer = TUY_NO_INDEX
		};
	} else {
		if (memcmp(&op->id, &c->device[at].op, sizeof op->id) < 0) {
			c->device[at].op = op->id;
			c->device[at].cert = op->cert;
		}
		if (role < c->device[at].role)
			c->device[at].role = role;
	}
	firsts_find(c);
	return at;
}

static void op_count_in(struct tuy_circle_state *c, const struct tuy_op *op, uint32_t index)
{
	struct tuy_circle_op *kept = &c->op[index];

	switch (op->kind) {
	case TUY_OP_GENESIS:
		c->policy = op->policy;
		kept->role = TUY_KEEPER;
		kept->made = device_admit(c, op, kept->role);
		kept->author = kept->made;
		epoch_name(c, &op->epoch);
		break;
	case TUY_OP_ADMIT:
		kept->role = (uint8_t)op->role;
		kept->made = device_admit(c, op, kept->role);
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
	enum tuy_err err;

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
	}
	author = tuy_circle_device_find(c, &op->author);
	err = standing(c, op, past, author);
	if (err != TUY_OK)
		return err;
	for (uint32_t i = 0; i < op->prev_count; i++)
		c->op[prev[i]].is_head = false;
	c->op[at] = (struct tuy_circle_op){ .id = op->id,
		                            .author = author,
		                            .made = TUY_NO_INDEX,
		                            .kind = (uint8_t)op->kind,
		                            .is_head = true };
	c->op_count++;
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

	for (uint32_t i = 0; i < c->op_count; i++) {
		uint32_t at = count;

		if (!c->op[i].is_head)
			continue;
		while (at > 0 && memcmp(&out[at - 1], &c->op[i].id, sizeof out[0]) > 0) {
			if (at < cap)
				out[at] = out[at - 1];
			at--;
		}
		if (at < cap)
			out[at] = c->op[i].id;
		count += count < cap;
	}
	return count;
}

/* The newest operation of a device, or the first that let it in; TUY_NO_INDEX. */
static uint32_t newest_of(const struct tuy_circle_state *c, uint32_t device)
{
	uint32_t made = TUY_NO_INDEX;

	for (uint32_t i = c->op_count; i-- > 0;) {
		if (c->op[i].author == device)
			return i;
		if (c->op[i].made == device)
			made = i;
	}
	return made;
}

uint32_t tuy_circle_prev(const struct tuy_circle_state *c, uint32_t device,
                         struct tuy_hash out[TUY_OP_PREV_MAX])
{
	uint32_t count = tuy_circle_heads(c, out, TUY_OP_PREV_MAX), own = newest_of(c, device);

	for (uint32_t i = 0; i < count; i++) {
		uint32_t head = tuy_circle_op_find(c, out[i].b, sizeof out[i].b);

		if (own == TUY_NO_INDEX || head == own || tuy_circle_precedes(c, own, head))
			return count;
	}
	for (uint32_t i = 0; i < c->op_count; i++) { /* it was left out: of more than there is
		                                        room for, the last is the greatest */
		if (c->op[i].is_head && (i == own || tuy_circle_precedes(c, own, i))) {
			out[count - 1] = c->op[i].id;
			break;
		}
	}
	return count;
}

bool tuy_circle_device_durable(const struct tuy_circle_state *c, uint32_t device)
{
	for (uint32_t i = 0; i < c->op_count; i++) {
		if (c->op[i].made == device && c->op[i].durable)
			return true;
	}
	return false;
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
