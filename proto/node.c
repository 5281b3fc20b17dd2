/* The node's inputs, commands and questions; what each message means is in the files named in
 * machine.h. */
#include "machine.h"

#include "blob.h"
#include "retract.h"
#include <sodium.h>
#include <string.h>

/* ---- memory ---- */

struct layout { /* lays arrays out one after the other */
	uint8_t *base;
	size_t at;
};

static void *lay(struct layout *l, size_t count, size_t size)
{
	void *p = l->base ? l->base + l->at : NULL;

	l->at += (count * size + 15) & ~(size_t)15;
	return p;
}

static uint32_t hash_size_for(uint32_t logs)
{
	uint32_t size = 16;

	while (size < logs * 2)
		size *= 2;
	return size;
}

static size_t node_lay(struct tuy_node *n, struct layout *l, const struct tuy_capacity *cap,
                       uint8_t **circles, uint8_t **rx, struct probe **probes, uint8_t **stages)
{
	n->log_words = (cap->logs + 63) / 64;
	n->op_words = (cap->ops + 63) / 64;
	n->log_hash_size = hash_size_for(cap->logs);
	n->circle = lay(l, cap->circles, sizeof *n->circle);
	n->own = lay(l, cap->circles, sizeof *n->own);
	n->peer = lay(l, cap->peers, sizeof *n->peer);
	n->peer_order = lay(l, cap->peers, sizeof *n->peer_order);
	n->log = lay(l, cap->logs, sizeof *n->log);
	n->log_order = lay(l, cap->logs, sizeof *n->log_order);
	n->log_hash = lay(l, n->log_hash_size, sizeof *n->log_hash);
	n->link = lay(l, cap->links, sizeof *n->link);
	n->peer_log = lay(l, (size_t)cap->links * cap->logs, sizeof *n->peer_log);
	n->dirty = lay(l, (size_t)cap->links * n->log_words, sizeof *n->dirty);
	n->peer_has = lay(l, (size_t)cap->links * cap->circles * n->op_words, sizeof *n->peer_has);
	n->stage = lay(l, cap->stages, sizeof *n->stage);
	n->replay = lay(l, (size_t)REPLAY_SETS * REPLAY_WAYS, sizeof *n->replay);
	n->plain = lay(l, 1, TUY_FRAME_MAX + 1);
	n->out = lay(l, 1, TUY_FRAME_MAX + 3);
	*circles = lay(l, cap->circles, tuy_circle_memory(cap->ops, cap->devices));
	*rx = lay(l, cap->links, TUY_FRAME_MAX + 1);
	*probes = lay(l, cap->links, sizeof **probes);
	*stages = lay(l, cap->stages,
	              STAGE_BYTES + STAGE_ITEMS * sizeof(struct tuy_store_item) +
	                      TUY_CHECKPOINT_EVERY * sizeof(struct tuy_bytes));
	return l->at;
}

/* ---- life ---- */

struct tuy_capacity tuy_capacity_default(void)
{
	return (struct tuy_capacity){ .circles = TUY_CIRCLES_MAX,
		                      .ops = 2048,
		                      .devices = TUY_MEMBERS_MAX * TUY_DEVICES_PER_MEMBER,
		                      .peers = 2400,
		                      .logs = 4096,
		                      .links = TUY_LINKS_MAX + TUY_HALF_OPEN_MAX,
		                      .stages = 72 };
}

size_t tuy_node_size(const struct tuy_capacity *capacity)
{
	struct tuy_node probe = { 0 };
	struct layout l = { NULL, 0 };
	uint8_t *a, *b, *c;
	struct probe *d;

	lay(&l, 1, sizeof probe);
	return node_lay(&probe, &l, capacity, &a, &b, &d, &c);
}

struct tuy_node *tuy_node_init(void *memory, const struct tuy_capacity *capacity,
                               const struct tuy_device_keys *keys, const struct tuy_secret *seed,
                               const struct tuy_incarnation *incarnation, struct tuy_now now)
{
	struct layout l = { memory, 0 };
	struct tuy_node *n = lay(&l, 1, sizeof *n);
	uint8_t *circles, *rx, *stages;
	struct probe *probes;
	size_t circle_size = tuy_circle_memory(capacity->ops, capacity->devices);

	tuy_require(capacity->circles <= TUY_CIRCLES_MAX && capacity->stages > STAGES_FOR_OWN + 1);
	node_lay(n, &l, capacity, &circles, &rx, &probes, &stages);
	n->cap = *capacity;
	n->keys = keys;
	n->dice.seed = *seed;
	n->incarnation = *incarnation;
	n->start_ms = now.ms;
	n->join.link = NONE;
	n->join.circle_no = NONE;
	n->stages_free = capacity->stages;
	tuy_dice_fill(&n->dice, n->boot_id, sizeof n->boot_id);
	tuy_dice_fill(&n->dice, n->replay_key.b, sizeof n->replay_key.b);
	for (uint32_t i = 0; i < capacity->circles; i++) {
		tuy_circle_init(&n->circle[i], circles + i * circle_size, capacity->ops,
		                capacity->devices);
		n->own[i].own_log = NONE;
	}
	for (uint32_t i = 0; i < capacity->links; i++) {
		n->link[i].rx = rx + (size_t)i * ((TUY_FRAME_MAX + 1 + 15) & ~15u);
		n->link[i].probe = &probes[i];
	}
	for (uint32_t i = 0; i < capacity->stages; i++) {
		uint8_t *p =
			stages + i * (STAGE_BYTES + STAGE_ITEMS * sizeof(struct tuy_store_item) +
		                      TUY_CHECKPOINT_EVERY * sizeof(struct tuy_bytes));

		n->stage[i].bytes = p;
		n->stage[i].items = (struct tuy_store_item *)(void *)(p + STAGE_BYTES);
		n->stage[i].blobs = (struct tuy_bytes *)(void *)(n->stage[i].items + STAGE_ITEMS);
	}
	return n;
}

void tuy_node_load_cert(struct tuy_node *n, const struct tuy_cert *cert)
{
	n->cert = *cert;
	n->has_cert = true;
}

void tuy_node_set_cert(struct tuy_node *n, const struct tuy_cert *cert)
{
	tuy_node_load_cert(n, cert);
}

enum tuy_err tuy_node_load_circle(struct tuy_node *n, uint32_t circle_no,
                                  const struct tuy_circle *circle)
{
	if (circle_no >= n->cap.circles)
		return TUY_E_FULL;
	if (n->circle[circle_no].used)
		return TUY_E_CONFLICT;
	tuy_circle_begin(&n->circle[circle_no], circle);
	return TUY_OK;
}

enum tuy_err tuy_node_load_op(struct tuy_node *n, uint32_t circle_no, struct tuy_bytes signed_op)
{
	struct tuy_op op;
	uint32_t index;
	enum tuy_err err;

	if (circle_no >= n->cap.circles || !n->circle[circle_no].used)
		return TUY_E_UNKNOWN;
	err = tuy_op_parse(signed_op, &op);
	if (err == TUY_OK)
		err = tuy_circle_add(&n->circle[circle_no], &op, &index);
	if (err != TUY_OK)
		return err;
	n->circle[circle_no].op[index].durable = true;
	tuy_spread_member(n, (struct tuy_now){ .ms = n->start_ms }, circle_no, index);
	return TUY_OK;
}

enum tuy_err tuy_node_load_epoch(struct tuy_node *n, uint32_t circle_no,
                                 const struct tuy_hash *epoch_id, const struct tuy_secret *key)
{
	if (circle_no >= n->cap.circles || !n->circle[circle_no].used)
		return TUY_E_UNKNOWN;
	return tuy_circle_epoch_learn(&n->circle[circle_no], epoch_id, key);
}

enum tuy_err tuy_node_load_log(struct tuy_node *n, const struct tuy_log_state *state)
{
	uint32_t device, no;
	struct log *log;

	if (state->circle_no >= n->cap.circles || !n->circle[state->circle_no].used ||
	    state->log_no != n->log_count)
		return TUY_E_UNKNOWN;
	device = tuy_circle_device_find(&n->circle[state->circle_no], &state->device);
	if (device == NONE)
		return TUY_E_GAP;
	no = tuy_log_create(n, state->circle_no, device, &state->incarnation);
	if (no == NONE)
		return TUY_E_FULL;
	log = &n->log[no];
	log->missing = state->missing;
	log->base_seq = state->base_seq;
	n->own[state->circle_no].missing += state->missing;
	n->own[state->circle_no].entries += state->head.seq;
	if (state->head.seq > 0) {
		log->durable = log->staged = state->head;
		log->sig = state->sig;
	}
	log->cut = state->forked ? state->cut : TUY_NO_CUT;
	n->cuts_mine += log->mine && log->cut != TUY_NO_CUT;
	return TUY_OK;
}

void tuy_node_load_address(struct tuy_node *n, struct tuy_bytes record)
{
	uint32_t peer;

	(void)tuy_address_learn(n, (struct tuy_now){ .ms = n->start_ms }, record, &peer);
}

enum tuy_err tuy_node_load_invite(struct tuy_node *n, const struct tuy_invite_row *invite)
{
	if (n->invite_count == INVITES_MAX)
		return TUY_E_FULL;
	n->invite[n->invite_count++] = *invite;
	return TUY_OK;
}

void tuy_node_start(struct tuy_node *n, struct tuy_now now)
{
	n->started = true;
	for (uint32_t i = 0; i < n->log_count; i++) {
		if (n->log[i].mine && n->log[i].cut != TUY_NO_CUT)
			tuy_fork_voided(n, i);
	}
	tuy_own_begin(n);
	n->look_ms = now.ms + LOOK_MS * 8 / 10 + tuy_dice_below(&n->dice, LOOK_MS * 4 / 10);
	for (uint32_t i = 0; i < n->peer_count; i++)
		n->peer[i].dial_next_ms = now.ms + tuy_dice_below(&n->dice, 100);
}

void tuy_node_stop(struct tuy_node *n, struct tuy_now now)
{
	(void)now;
	n->stopping = true;
	for (uint32_t i = 0; i < n->cap.links; i++) {
		if (n->link[i].state != LINK_FREE)
			tuy_link_close(n, &n->link[i], TUY_CLOSE_FLUSHED, TUY_CLOSE_SHUTDOWN);
	}
}

/* ---- inputs ---- */

void tuy_node_on_stored(struct tuy_node *n, struct tuy_now now, uint64_t ticket,
                        enum tuy_stored stored)
{
	tuy_stored_ticket(n, now, ticket, stored);
}

void tuy_node_on_time(struct tuy_node *n, struct tuy_now now)
{
	tuy_stored_retry(n, now);
	if (now.ms >= n->bulk_rest_ms)
		n->bulk_rest_ms = 0;
	tuy_spread_time(n, now);
	for (uint32_t i = 0; i < n->cap.links; i++) {
		if (n->link[i].state != LINK_FREE)
			tuy_link_time(n, now, &n->link[i]);
	}
}

/* PROTOCOL 7.7: "After a suspend, PING goes out at once on every link" */
void tuy_node_on_wake(struct tuy_node *n, struct tuy_now now)
{
	for (uint32_t i = 0; i < n->peer_count; i++)
		tuy_dial_reset(n, now, i);
	n->join.backoff_ms = 0;
	n->join.next_ms = now.ms;
	for (uint32_t i = 0; i < n->cap.links; i++) {
		struct link *link = &n->link[i];

		if (link->state == LINK_UP) {
			link->ping_due = true;
			link->wake_due_ms = now.ms + WAKE_WAIT_MS;
		} else if (link->deadline_ms > now.ms + WAKE_WAIT_MS) {
			link->deadline_ms = now.ms + WAKE_WAIT_MS;
		}
	}
}

uint64_t tuy_node_deadline(const struct tuy_node *n)
{
	uint64_t deadline = tuy_dial_deadline(n);

	if (n->store_retry_ms && n->store_retry_ms < deadline)
		deadline = n->store_retry_ms;
	if (n->bulk_rest_ms && n->bulk_rest_ms < deadline)
		deadline = n->bulk_rest_ms;
	if (n->started && n->look_ms < deadline)
		deadline = n->look_ms;
	if (n->address_due && n->address_ms && n->address_ms < deadline)
		deadline = n->address_ms;
	for (uint32_t i = 0; i < n->cap.links; i++) {
		uint64_t at =
			n->link[i].state == LINK_FREE ? UINT64_MAX : tuy_link_deadline(&n->link[i]);

		if (at < deadline)
			deadline = at;
	}
	return deadline;
}

/* ---- commands ---- */

void tuy_node_set_suppression(struct tuy_node *n, enum tuy_suppression suppression)
{
	n->flooding = suppression == TUY_FLOOD;
}

void tuy_node_set_names(struct tuy_node *n, uint32_t circle_no, struct tuy_bytes circle_name,
                        struct tuy_bytes own_name)
{
	struct own_circle *own = &n->own[circle_no];

	own->name_len =
		(uint8_t)(circle_name.len < sizeof own->name ? circle_name.len : sizeof own->name);
	if (own->name_len)
		memcpy(own->name, circle_name.p, own->name_len);
	own->own_name_len = (uint8_t)(own_name.len < sizeof own->own_name ? own_name.len
	                                                                  : sizeof own->own_name);
	if (own->own_name_len)
		memcpy(own->own_name, own_name.p, own->own_name_len);
}

enum tuy_err tuy_node_create_circle(struct tuy_node *n, struct tuy_now now,
                                    const struct tuy_policy *policy, uint32_t *circle_no,
                                    uint64_t *ticket)
{
	struct tuy_op_author by = { .keys = n->keys };
	struct tuy_secret key;
	struct tuy_op op;
	struct tuy_circle id;
	struct tuy_store_item *item;
	struct stage *s;
	uint32_t no = 0, index;

	if (!n->has_cert)
		return TUY_E_REFUSED;
	while (no < n->cap.circles && n->circle[no].used)
		no++;
	s = no < n->cap.circles ? tuy_stage_take(n, NULL) : NULL;
	if (!s)
		return TUY_E_FULL;
	tuy_dice_fill(&n->dice, key.b, sizeof key.b);
	tuy_require(tuy_op_create_genesis(&by, &n->dice, policy, &n->cert, &key, s->bytes,
	                                  STAGE_BYTES, &s->len) == TUY_OK);
	tuy_require(tuy_op_parse((struct tuy_bytes){ s->bytes, s->len }, &op) == TUY_OK);
	memcpy(id.b, op.id.b, sizeof id.b);
	tuy_circle_begin(&n->circle[no], &id);
	tuy_require(tuy_circle_add(&n->circle[no], &op, &index) == TUY_OK);
	tuy_require(tuy_circle_epoch_learn(&n->circle[no], &op.epoch.id, &key) == TUY_OK);

	item = tuy_stage_item(s, TUY_STORE_CIRCLE, no);
	item->u.circle.id = id;
	item = tuy_stage_item(s, TUY_STORE_OP, no);
	item->u.op.index = index;
	item->u.op.bytes = (struct tuy_bytes){ s->bytes, s->len };
	item = tuy_stage_item(s, TUY_STORE_EPOCH, no);
	item->u.epoch.id = op.epoch.id;
	item->u.epoch.key = key;
	sodium_memzero(&key, sizeof key);
	tuy_spread_member(n, now, no, index);
	*circle_no = no;
	*ticket = tuy_stage_commit(n, s);
	return TUY_OK;
}

void tuy_node_set_addresses(struct tuy_node *n, struct tuy_now now,
                            const struct tuy_address *addresses, uint32_t count)
{
	if (count > TUY_ADDRESSES_MAX)
		count = TUY_ADDRESSES_MAX;
	n->self_address.device = n->keys->device;
	n->self_address.count = count;
	for (uint32_t i = 0; i < count; i++)
		n->self_address.address[i] = addresses[i];
	n->address_due = true;
	n->address_ms = 0;
	tuy_address_publish(n, now);
}
