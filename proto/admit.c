/* Letting in and being let in: invites, JOIN, ADMIT, WELCOME, REJECT (PROTOCOL 6.4, 6.5). */
#include "machine.h"

#include <sodium.h>
#include <string.h>

/* ---- the device that invites ---- */

static bool answerable(const struct tuy_invite_row *row, struct tuy_now now)
{
	uint32_t end = row->state == TUY_INVITE_USED && row->used_s < row->expires_s
	                       ? row->used_s
	                       : row->expires_s;

	return now.wall_s < end || now.wall_s - end < TUY_INVITE_MEMORY_S;
}

bool tuy_guest_welcome(const struct tuy_node *n, struct tuy_now now)
{
	for (uint32_t i = 0; i < n->invite_count; i++) {
		if (answerable(&n->invite[i], now))
			return true;
	}
	return false;
}

/* A row for a new invite: at the end, or that of one that is forgotten. */
static struct tuy_invite_row *row_place(struct tuy_node *n, struct tuy_now now)
{
	for (uint32_t i = 0; i < n->invite_count; i++) {
		if (!answerable(&n->invite[i], now))
			return &n->invite[i];
	}
	return n->invite_count < INVITES_MAX ? &n->invite[n->invite_count++] : NULL;
}

enum tuy_err tuy_node_create_invite(struct tuy_node *n, struct tuy_now now, uint32_t circle_no,
                                    uint32_t valid_s, struct tuy_invite *invite, uint64_t *ticket)
{
	struct tuy_invite_row *row;
	struct tuy_invite_key key;
	struct stage *s;
	uint32_t device;

	if (circle_no >= n->cap.circles || !n->circle[circle_no].used)
		return TUY_E_UNKNOWN;
	device = tuy_circle_device_find(&n->circle[circle_no], &n->keys->device);
	if (device == NONE || !tuy_circle_may_admit(&n->circle[circle_no], device) ||
	    n->self_address.count == 0)
		return TUY_E_REFUSED;
	s = tuy_stage_take(n, NULL);
	row = s ? row_place(n, now) : NULL;
	if (!row) {
		if (s)
			tuy_stage_free(n, s);
		return TUY_E_FULL;
	}
	*invite = (struct tuy_invite){ .link_pk = n->keys->link_pk,
		                       .circle16 = n->circle[circle_no].circle16,
		                       .expires_s = now.wall_s + valid_s,
		                       .port = n->self_address.address[0].port };
	memcpy(invite->address, n->self_address.address[0].ip, sizeof invite->address);
	tuy_dice_fill(&n->dice, invite->secret, sizeof invite->secret);
	tuy_invite_key_derive(invite, &key);
	*row = (struct tuy_invite_row){ .pk = key.pk,
		                        .circle_no = circle_no,
		                        .expires_s = invite->expires_s,
		                        .state = TUY_INVITE_OPEN };
	sodium_memzero(&key, sizeof key);
	tuy_stage_item(s, TUY_STORE_INVITE, circle_no)->u.invite = *row;
	*ticket = tuy_stage_commit(n, s);
	return TUY_OK;
}

static void reject(struct link *link, enum tuy_reject_code code, uint32_t time_s)
{
	link->reject_due = true;
	link->reject_code = code;
	link->reject_time_s = time_s;
}

static struct tuy_invite_row *row_find(struct tuy_node *n, const struct tuy_invite_pk *pk)
{
	for (uint32_t i = 0; i < n->invite_count; i++) {
		if (memcmp(&n->invite[i].pk, pk, sizeof *pk) == 0)
			return &n->invite[i];
	}
	return NULL;
}

static void welcome_prepare(struct tuy_node *n, struct link *link, const struct tuy_invite_row *row)
{
	link->welcome_circle = row->circle_no;
	link->peer = tuy_peer_find_link(n, tuy_noise_remote_static(&link->noise));
}

/* Is exactly this device in the circle already? */
static bool is_in(const struct tuy_circle_state *c, const struct tuy_cert *cert)
{
	uint32_t device = tuy_circle_device_find(c, &cert->device);

	return device != NONE && memcmp(&c->device[device].cert, cert, sizeof *cert) == 0;
}

/* Writes ADMIT into the stage; false if the circle's tables are full. */
static bool admit_op(struct tuy_node *n, struct tuy_now now, const struct link *link,
                     const struct tuy_message *m, uint32_t circle_no, struct stage *s)
{
	struct tuy_circle_state *c = &n->circle[circle_no];
	const struct tuy_circle_epoch *epoch = tuy_circle_epoch_current(c);
	struct tuy_hash prev[TUY_OP_PREV_MAX];
	struct tuy_op_author by = { .keys = n->keys, .circle16 = c->circle16, .prev = prev };
	struct tuy_admission a = { .cert = m->u.join.cert,
		                   .role = TUY_MEMBER,
		                   .invite = m->u.join.invite,
		                   .join_sig = m->u.join.sig,
		                   .handshake = *tuy_noise_hash_after_2(&link->noise) };
	struct tuy_store_item *item;
	struct tuy_op op;
	uint32_t index;

	by.prev_count = tuy_circle_prev(c, tuy_circle_device_find(c, &n->keys->device), prev);
	if (epoch)
		a.epoch_id = epoch->id;
	tuy_require(tuy_op_create_admit(&by, &a, s->bytes, STAGE_BYTES, &s->len) == TUY_OK);
	tuy_require(tuy_op_parse((struct tuy_bytes){ s->bytes, s->len }, &op) == TUY_OK);
	if (tuy_circle_add(c, &op, &index) != TUY_OK)
		return false;
	item = tuy_stage_item(s, TUY_STORE_OP, circle_no);
	item->u.op.index = index;
	item->u.op.bytes = (struct tuy_bytes){ s->bytes, s->len };
	tuy_spread_member(n, now, circle_no, index);
	return true;
}

/* ADMIT and the used invite go into one ticket; WELCOME follows when it is durable. */
static void admit(struct tuy_node *n, struct tuy_now now, struct link *link,
                  const struct tuy_message *m, struct tuy_invite_row *row, struct stage *s)
{
	if (!is_in(&n->circle[row->circle_no], &m->u.join.cert) &&
	    !admit_op(n, now, link, m, row->circle_no, s)) {
		reject(link, TUY_REJECT_FULL, 0);
		tuy_stage_free(n, s);
		return;
	}
	link->guest_name_len = (uint8_t)m->u.join.name.len;
	if (m->u.join.name.len > 0)
		memcpy(link->guest_name, m->u.join.name.p, m->u.join.name.len);
	row->state = TUY_INVITE_USED;
	row->used_s = now.wall_s;
	row->used_by = m->u.join.cert.device;
	tuy_stage_item(s, TUY_STORE_INVITE, row->circle_no)->u.invite = *row;
	s->own = false; /* tried again until it is stored: it is in memory already */
	s->live = true;
	welcome_prepare(n, link, row);
	link->welcome_ticket = tuy_stage_commit(n, s);
}

/* What speaks against a JOIN; 0 if nothing does. */
static enum tuy_reject_code join_fault(struct tuy_node *n, struct tuy_now now,
                                       const struct link *link, const struct tuy_message *m,
                                       const struct tuy_invite_row *row, uint32_t *time_s)
{
	const struct tuy_circle_state *c;

	*time_s = 0;
	if (!row || !answerable(row, now) || row->state == TUY_INVITE_WITHDRAWN ||
	    !n->circle[row->circle_no].used)
		return TUY_REJECT_UNKNOWN;
	c = &n->circle[row->circle_no];
	if (memcmp(&m->u.join.circle16, &c->circle16, sizeof c->circle16) != 0 ||
	    memcmp(&m->u.join.cert.link_pk, tuy_noise_remote_static(&link->noise),
	           sizeof(struct tuy_link_pk)) != 0 ||
	    tuy_cert_check(&m->u.join.cert) != TUY_OK ||
	    tuy_join_check(&row->pk, &c->circle16, &m->u.join.cert,
	                   tuy_noise_hash_after_2(&link->noise), &m->u.join.sig) != TUY_OK)
		return TUY_REJECT_REFUSED;
	if (row->state == TUY_INVITE_USED) {
		*time_s = row->used_s;
		return TUY_REJECT_USED;
	}
	if (now.wall_s >= row->expires_s) {
		*time_s = row->expires_s;
		return TUY_REJECT_EXPIRED;
	}
	if (is_in(c, &m->u.join.cert))
		return (enum tuy_reject_code)0; /* let in before, but WELCOME was lost */
	if (tuy_circle_member_active(c, &m->u.join.cert.member))
		return TUY_REJECT_MEMBER;
	if (tuy_circle_member_count(c) >= c->policy.max || c->op_count >= c->op_cap ||
	    c->device_count >= c->device_cap)
		return TUY_REJECT_FULL;
	return (enum tuy_reject_code)0;
}

void tuy_join_message(struct tuy_node *n, struct tuy_now now, struct link *link,
                      const struct tuy_message *m)
{
	struct tuy_invite_row *row = row_find(n, &m->u.join.invite);
	uint32_t time_s;
	enum tuy_reject_code fault = join_fault(n, now, link, m, row, &time_s);
	struct stage *s;

	if (link->welcome_ticket || link->welcome_due)
		return; /* said twice */
	if (fault == TUY_REJECT_USED &&
	    memcmp(&row->used_by, &m->u.join.cert.device, sizeof row->used_by) == 0) {
		welcome_prepare(n, link, row); /* PROTOCOL 6.5: the same device asks again */
		link->welcome_due = true;
		return;
	}
	s = fault == 0 ? tuy_stage_take(n, NULL) : NULL;
	if (s)
		admit(n, now, link, m, row, s);
	else
		reject(link, fault ? fault : TUY_REJECT_FULL, time_s);
}

void tuy_admit_stored(struct tuy_node *n, uint64_t ticket)
{
	for (uint32_t i = 0; i < n->cap.links; i++) {
		struct link *link = &n->link[i];
		struct tell *t;

		if (link->state == LINK_FREE || link->welcome_ticket == 0 ||
		    link->welcome_ticket != ticket)
			continue;
		link->welcome_ticket = 0;
		link->welcome_due = true;
		t = tuy_node_tell(n, TUY_TELL_ADMITTED);
		t->tell.circle_no = link->welcome_circle;
		if (link->peer != NONE)
			t->tell.device = n->peer[link->peer].device;
		memcpy(t->name, link->guest_name, link->guest_name_len);
		t->tell.name = (struct tuy_bytes){ t->name, link->guest_name_len };
	}
	if (n->join.ticket != 0 && n->join.ticket == ticket) {
		n->join.ticket = 0;
		n->join.welcomed = true;
	}
}

void tuy_join_check_in(struct tuy_node *n)
{
	struct join *j = &n->join;
	struct tell *t;

	if (!j->active || !j->welcomed || n->circle[j->circle_no].op_count < 2 ||
	    tuy_circle_device_find(&n->circle[j->circle_no], &n->keys->device) == NONE)
		return;
	j->active = false;
	j->welcomed = false;
	t = tuy_node_tell(n, TUY_TELL_JOINED);
	t->tell.circle_no = j->circle_no;
	memcpy(t->circle_name, j->circle_name, j->circle_name_len);
	memcpy(t->name, j->inviter_name, j->inviter_name_len);
	t->tell.circle_name = (struct tuy_bytes){ t->circle_name, j->circle_name_len };
	t->tell.name = (struct tuy_bytes){ t->name, j->inviter_name_len };
}

static void welcome_write(struct tuy_node *n, struct link *link, const struct tuy_bytes *genesis,
                          struct tuy_writer *w)
{
	const struct tuy_circle_state *c = &n->circle[link->welcome_circle];
	const struct own_circle *own = &n->own[link->welcome_circle];
	struct tuy_epoch_key_row epoch[TUY_WELCOME_EPOCHS_MAX];
	struct tuy_bytes record[TUY_PEERS_RECORDS_MAX];
	uint32_t epochs = 0, records = 0;

	for (uint32_t i = c->epoch_count; i-- > 0 && epochs < TUY_WELCOME_EPOCHS_MAX;) {
		bool current = &c->epoch[i] == tuy_circle_epoch_current(c);

		if (!c->epoch[i].has_key || (c->policy.history == 1 && !current))
			continue;
		epoch[epochs].epoch_id = c->epoch[i].id;
		epoch[epochs++].key = c->epoch[i].key;
	}
	for (uint32_t i = 0; i < n->peer_count && records < TUY_PEERS_RECORDS_MAX; i++) {
		if ((n->peer[i].circles & (1u << link->welcome_circle)) &&
		    n->peer[i].record_len > 0)
			record[records++] =
				(struct tuy_bytes){ n->peer[i].record, n->peer[i].record_len };
	}
	tuy_message_put_welcome(w, *genesis, epoch, epochs, record, records,
	                        (struct tuy_bytes){ own->name, own->name_len },
	                        (struct tuy_bytes){ own->own_name, own->own_name_len });
	sodium_memzero(epoch, sizeof epoch);
	link->welcome_due = false;
}

/* PROTOCOL 6.5: whoever asks again may find an ADMIT that is still on its way to the store. */
static bool is_admit_durable(const struct tuy_node *n, const struct link *link)
{
	const struct tuy_circle_state *c = &n->circle[link->welcome_circle];
	uint32_t device =
		link->peer == NONE ? NONE : tuy_circle_device_find(c, &n->peer[link->peer].device);

	return device != NONE && tuy_circle_device_durable(c, device);
}

bool tuy_welcome_task(const struct tuy_node *n, const struct link *link, struct tuy_task *task)
{
	if (!link->welcome_due || !is_admit_durable(n, link))
		return false;
	task->what = TUY_DO_READ;
	task->u.read = (struct tuy_read){ .kind = TUY_READ_OPS,
		                          .link = link->number,
		                          .circle_no = link->welcome_circle,
		                          .from = READ_FOR_WELCOME,
		                          .count = 1 };
	return true;
}

void tuy_welcome_read(struct tuy_node *n, struct tuy_now now, struct link *link,
                      const struct tuy_read_result *result)
{
	struct tuy_writer w = tuy_writer(n->plain, TUY_RECORD_MAX);

	if (result->err != TUY_OK || result->count == 0) {
		tuy_link_close(n, link, TUY_CLOSE_FLUSHED,
		               TUY_CLOSE_SHUTDOWN); /* a damaged store helps nobody */
		return;
	}
	welcome_write(n, link, &result->bytes[0], &w);
	tuy_link_seal(n, link, &w);
	if (link->state == LINK_GUEST)
		tuy_link_up(n, now, link);
	link->hello_due = true;
}

/* ---- the device that joins ---- */

static uint8_t name_keep(uint8_t *to, struct tuy_bytes name)
{
	uint8_t len = (uint8_t)(name.len < 120 ? name.len : 120);

	if (len)
		memcpy(to, name.p, len);
	return len;
}

static struct link *join_link(struct tuy_node *n)
{
	return n->join.link == NONE ? NULL : &n->link[n->join.link];
}

enum tuy_err tuy_node_join(struct tuy_node *n, struct tuy_now now, const struct tuy_invite *invite,
                           struct tuy_bytes name)
{
	struct join *j = &n->join;
	uint32_t peer;

	if (j->active)
		return TUY_E_CONFLICT;
	if (!n->has_cert || name.len > sizeof j->name)
		return TUY_E_REFUSED;
	for (uint32_t c = 0; c < n->cap.circles; c++) {
		if (n->circle[c].used &&
		    memcmp(&n->circle[c].circle16, &invite->circle16, sizeof invite->circle16) == 0)
			return TUY_E_USED;
	}
	*j = (struct join){ .active = true,
		            .invite = *invite,
		            .next_ms = now.ms,
		            .link = NONE,
		            .circle_no = NONE };
	tuy_invite_key_derive(invite, &j->key);
	j->name_len = name_keep(j->name, name);
	peer = tuy_peer_find_link(n, &invite->link_pk);
	if (peer != NONE && n->peer[peer].link != NONE) { /* linked already: over that link */
		j->link = n->peer[peer].link;
		join_link(n)->join_due = true;
	}
	return TUY_OK;
}

void tuy_node_cancel_join(struct tuy_node *n)
{
	struct link *link = n->join.active ? join_link(n) : NULL;

	if (n->join.ticket || n->join.welcomed)
		return; /* WELCOME came: it ends with JOINED */
	n->join.active = false;
	n->join.link = NONE;
	if (link && link->state != LINK_FREE && link->state != LINK_UP)
		tuy_link_close(n, link, TUY_CLOSE_NOW, 0);
}

void tuy_join_write(struct tuy_node *n, struct link *link, struct tuy_writer *w)
{
	struct tuy_sig sig = tuy_join_sign(&n->join.key, &n->join.invite.circle16, &n->cert,
	                                   tuy_noise_hash_after_2(&link->noise));

	tuy_message_put_join(w, &n->join.invite.circle16, &n->cert,
	                     (struct tuy_bytes){ n->join.name, n->join.name_len }, &n->join.key.pk,
	                     &sig);
}

static bool is_join_link(const struct tuy_node *n, const struct link *link)
{
	return n->join.active && n->join.link == place_of(n, link);
}

void tuy_reject_message(struct tuy_node *n, struct link *link, const struct tuy_message *m)
{
	struct tell *t;

	if (!is_join_link(n, link) || n->join.ticket || n->join.welcomed)
		return;
	t = tuy_node_tell(n, TUY_TELL_REJECTED);
	t->tell.code = m->u.reject.code;
	t->tell.time_s = m->u.reject.time_s;
	n->join.active = false;
	n->join.link = NONE;
	if (link->peer == NONE)
		tuy_link_close(n, link, TUY_CLOSE_FLUSHED, 0);
}

/* Of the addresses in WELCOME, the founder's: the only device known so far. Should this end here,
 * it can be found again. */
static void founder_address(struct tuy_node *n, struct tuy_now now, const struct tuy_message *m,
                            struct stage *s)
{
	struct tuy_reader records = m->u.welcome.records;

	for (uint32_t i = 0; i < m->count; i++) {
		struct tuy_bytes record = tuy_message_next_bin(&records);
		struct tuy_store_item *item;
		uint32_t peer;

		if (s->item_count == STAGE_ITEMS ||
		    tuy_address_learn(n, now, record, &peer) != TUY_OK)
			continue;
		item = tuy_stage_item(s, TUY_STORE_ADDRESS, 0);
		item->u.address.device = n->peer[peer].device;
		item->u.address.record = record;
	}
}

/* Everything WELCOME brought, in one ticket: the circle stands or it does not. */
static void welcome_keep(struct tuy_node *n, struct tuy_now now, struct link *link,
                         const struct tuy_message *m, const struct tuy_op *genesis, uint32_t no,
                         struct stage *s)
{
	struct tuy_reader epochs = m->u.welcome.epochs;
	struct tuy_store_item *item;
	struct tuy_circle id;
	uint32_t index;

	memcpy(id.b, genesis->id.b, sizeof id.b);
	tuy_circle_begin(&n->circle[no], &id);
	tuy_require(tuy_circle_add(&n->circle[no], genesis, &index) == TUY_OK);
	item = tuy_stage_item(s, TUY_STORE_CIRCLE, no);
	item->u.circle.id = id;
	item = tuy_stage_item(s, TUY_STORE_OP, no);
	item->u.op.index = index;
	item->u.op.bytes = m->u.welcome.genesis;
	for (uint32_t i = 0; i < m->u.welcome.epoch_count; i++) {
		struct tuy_epoch_key_row row = tuy_message_next_epoch(&epochs);

		if (tuy_circle_epoch_learn(&n->circle[no], &row.epoch_id, &row.key) != TUY_OK)
			continue;
		item = tuy_stage_item(s, TUY_STORE_EPOCH, no);
		item->u.epoch.id = row.epoch_id;
		item->u.epoch.key = row.key;
	}
	tuy_spread_member(n, now, no, index);
	founder_address(n, now, m, s);
	link->joined_circle = no;
	n->join.circle_no = no;
	n->join.circle_name_len = name_keep(n->join.circle_name, m->u.welcome.circle_name);
	n->join.inviter_name_len = name_keep(n->join.inviter_name, m->u.welcome.inviter_name);
	n->join.ticket = tuy_stage_commit(n, s);
	tuy_hello_again(n);
}

void tuy_welcome_message(struct tuy_node *n, struct tuy_now now, struct link *link,
                         const struct tuy_message *m, struct stage **stage)
{
	struct tuy_op genesis;
	uint32_t no = 0;

	if (!is_join_link(n, link) || n->join.ticket || n->join.welcomed)
		return;
	while (no < n->cap.circles && n->circle[no].used)
		no++;
	if (no == n->cap.circles || tuy_op_parse(m->u.welcome.genesis, &genesis) != TUY_OK ||
	    genesis.kind != TUY_OP_GENESIS ||
	    memcmp(genesis.id.b, n->join.invite.circle16.b, sizeof n->join.invite.circle16.b) !=
	            0) {
		tuy_node_fault(n, link, TUY_E_REFUSED);
		tuy_link_close(n, link, TUY_CLOSE_FLUSHED, TUY_CLOSE_PROTOCOL);
		return;
	}
	welcome_keep(n, now, link, m, &genesis, no, *stage);
	*stage = NULL;
}

void tuy_join_link_gone(struct tuy_node *n, struct tuy_now now, const struct link *link)
{
	struct join *j = &n->join;

	if (!is_join_link(n, link))
		return;
	j->link = NONE;
	j->backoff_ms = j->backoff_ms ? (j->backoff_ms < 8000 ? j->backoff_ms * 2 : 8000) : 500;
	j->next_ms = now.ms + j->backoff_ms;
	tuy_node_tell(n, TUY_TELL_UNREACHED);
}
