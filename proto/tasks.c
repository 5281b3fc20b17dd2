/* The node's tasks in their order, and the answers to questions. */
#include "machine.h"

#include <string.h>

static bool task_tell(struct tuy_node *n, struct tuy_task *task)
{
	if (n->tell_count == 0)
		return false;
	task->what = TUY_DO_TELL;
	task->u.tell = n->tell[n->tell_first].tell;
	n->tell_first = (n->tell_first + 1) % TELLS_MAX;
	n->tell_count--;
	return true;
}

static bool task_store(struct tuy_node *n, struct tuy_now now, struct tuy_task *task)
{
	struct stage *s = tuy_stage_next(n, now);

	if (!s)
		return false;
	s->state = STAGE_ISSUED;
	s->issued_ms = now.ms;
	task->what = TUY_DO_STORE;
	task->u.store.ticket = s->ticket;
	task->u.store.items = s->items;
	task->u.store.count = s->item_count;
	task->u.store.urgency = tuy_stage_is_live(s) ? TUY_TICKET_LIVE : TUY_TICKET_BULK;
	return true;
}

static bool task_evicted(struct tuy_node *n, struct tuy_task *task)
{
	if (n->evicted_count == 0)
		return false;
	task->what = TUY_DO_CLOSE;
	task->u.close.link = n->evicted[--n->evicted_count];
	task->u.close.how = TUY_CLOSE_NOW;
	task->u.close.ms = 0;
	return true;
}

static bool task_send(struct tuy_node *n, struct tuy_task *task)
{
	struct link *link = tuy_link_at(n, n->out_link);

	if (n->out_len == 0)
		return false;
	task->what = TUY_DO_SEND;
	task->u.send.link = n->out_link;
	task->u.send.bytes = (struct tuy_bytes){ n->out, n->out_len };
	if (link)
		link->unsent += n->out_len;
	n->out_len = 0;
	return true;
}

enum tuy_do tuy_node_next(struct tuy_node *n, struct tuy_now now, struct tuy_task *task)
{
	task->what = TUY_DO_NOTHING;
	tuy_address_publish(n, now);
	tuy_own_publish(n);
	tuy_join_check_in(n);
	if (task_send(n, task) || tuy_fork_reload_task(n, task) || task_tell(n, task) ||
	    task_store(n, now, task) || task_evicted(n, task))
		return task->what;
	for (uint32_t i = 0; i < n->cap.links; i++) {
		uint32_t turn = (n->link_turn + i) % n->cap.links;
		struct link *link = &n->link[turn];

		if (link->state == LINK_FREE || !tuy_link_task(n, now, link, task))
			continue;
		n->link_turn = (turn + 1) % n->cap.links;
		if (task->what == TUY_DO_NOTHING)
			task_send(n, task);
		return task->what;
	}
	if (task_tell(n, task))
		return task->what;
	tuy_dial_task(n, now, task);
	return task->what;
}

void tuy_node_on_read(struct tuy_node *n, struct tuy_now now, const struct tuy_read *read,
                      const struct tuy_read_result *result)
{
	struct link *link = tuy_link_at(n, read->link);

	if (read->kind == TUY_READ_HEAD)
		tuy_fork_reload(n, now, read->log_no, result);
	if (!link || link->noise.next != TUY_NOISE_TRANSPORT)
		return;
	if (read->kind == TUY_READ_OPS && read->from == READ_FOR_WELCOME)
		tuy_welcome_read(n, now, link, result);
	else
		tuy_push_read(n, now, link, read, result);
}

size_t tuy_node_on_bytes(struct tuy_node *n, struct tuy_now now, uint32_t number,
                         struct tuy_bytes bytes)
{
	struct link *link = tuy_link_at(n, number);

	return link ? tuy_link_bytes(n, now, link, bytes) : bytes.len;
}

void tuy_node_on_sent(struct tuy_node *n, struct tuy_now now, uint32_t number, size_t len)
{
	struct link *link = tuy_link_at(n, number);

	if (!link)
		return;
	link->progress_ms = now.ms;
	link->unsent -= len < link->unsent ? len : link->unsent;
}

/* ---- questions ---- */

#define DEVICES_MAX (TUY_MEMBERS_MAX * TUY_DEVICES_PER_MEMBER)

struct people {                   /* by the index of a member's first device */
	bool online[DEVICES_MAX]; /* some device of his is linked, or is this one */
	bool have[DEVICES_MAX];   /* some linked device of his has the entry asked about */
};

/* One look at all devices of a circle. `log_no` TUY_NO_INDEX: no entry is asked about. */
static void people_look(const struct tuy_node *n, const struct tuy_circle_state *c, uint32_t log_no,
                        uint32_t seq, struct people *people)
{
	*people = (struct people){ .online = { false } };
	for (uint32_t i = 0; i < c->device_count && i < DEVICES_MAX; i++) {
		const struct peer *peer =
			c->device[i].peer == NONE ? NULL : &n->peer[c->device[i].peer];

		if (!peer || (!peer->is_self && peer->link == NONE))
			continue;
		people->online[c->device[i].first] = true;
		if (log_no != NONE && peer->link != NONE &&
		    tuy_peer_log_of(n, &n->link[peer->link], log_no)->known >= seq)
			people->have[c->device[i].first] = true;
	}
}

static bool is_person(const struct tuy_circle_state *c, uint32_t i)
{
	return i < DEVICES_MAX && c->device[i].first == i && c->device[i].role != TUY_RELAY;
}

enum tuy_err tuy_node_circle(struct tuy_node *n, uint32_t circle_no, struct tuy_circle_info *info)
{
	const struct tuy_circle_state *c = &n->circle[circle_no];
	const struct tuy_circle_epoch *epoch;
	struct people people;

	if (circle_no >= n->cap.circles || !c->used)
		return TUY_E_UNKNOWN;
	*info = (struct tuy_circle_info){ .id = c->id,
		                          .digest = *tuy_circle_digest(n, circle_no),
		                          .members = tuy_circle_member_count(c),
		                          .entries = n->own[circle_no].entries,
		                          .missing = n->own[circle_no].missing };
	epoch = tuy_circle_epoch_current(c);
	if (epoch)
		memcpy(info->epoch.b, epoch->id.b, sizeof info->epoch.b);
	people_look(n, c, NONE, 0, &people);
	for (uint32_t i = 0; i < c->device_count; i++)
		info->online += is_person(c, i) && people.online[i];
	return TUY_OK;
}

enum tuy_err tuy_node_device(struct tuy_node *n, uint32_t circle_no, uint32_t i,
                             struct tuy_device_info *info)
{
	const struct tuy_circle_state *c = &n->circle[circle_no];
	const struct tuy_circle_device *device;
	const struct peer *peer;

	if (circle_no >= n->cap.circles || !c->used || i >= c->device_count)
		return TUY_E_UNKNOWN;
	device = &c->device[i];
	*info = (struct tuy_device_info){ .member = device->cert.member,
		                          .device = device->cert.device,
		                          .letter_pk = device->cert.letter_pk,
		                          .role = device->role,
		                          .active = true,
		                          .state = TUY_PEER_WAITING };
	if (device->peer == NONE)
		return TUY_OK;
	peer = &n->peer[device->peer];
	if (peer->record_len > 0 && peer->address.count > 0)
		info->address = peer->address.address[0];
	if (peer->is_self) {
		info->state = TUY_PEER_SELF;
	} else if (peer->link != NONE) {
		const struct link *link = &n->link[peer->link];

		info->state = TUY_PEER_CONNECTED;
		info->since_ms = link->up_ms;
		info->rtt_us = link->rtt_us;
		info->in_sync = tuy_sync_settled(n, link, circle_no);
		info->address = link->remote;
	} else if (peer->dialing) {
		info->state = TUY_PEER_DIALING;
	}
	return TUY_OK;
}

struct tuy_delivery tuy_node_delivery(struct tuy_node *n, uint32_t log_no, uint32_t seq)
{
	struct tuy_delivery delivery = { 0 };
	const struct tuy_circle_state *c;
	struct people people;

	if (log_no >= n->log_count)
		return delivery;
	c = &n->circle[n->log[log_no].circle_no];
	people_look(n, c, log_no, seq, &people);
	for (uint32_t i = 0; i < c->device_count; i++) {
		if (!is_person(c, i) ||
		    memcmp(&c->device[i].cert.member, &n->cert.member, sizeof n->cert.member) == 0)
			continue;
		delivery.of++;
		delivery.have += people.have[i];
		delivery.online += people.online[i];
	}
	return delivery;
}

struct tuy_progress tuy_node_progress(struct tuy_node *n, uint32_t circle_no)
{
	struct tuy_progress progress = { 0 };

	if (circle_no >= n->cap.circles || !n->circle[circle_no].used)
		return progress;
	progress.have = n->own[circle_no].entries;
	progress.want = progress.have;
	for (uint32_t i = 0; i < n->cap.links; i++) {
		const struct link *link = &n->link[i];

		if (link->state != LINK_UP || !link->circle[circle_no].shared)
			continue;
		if (link->circle[circle_no].announced > progress.want)
			progress.want = link->circle[circle_no].announced;
		progress.in_sync = progress.in_sync || tuy_sync_settled(n, link, circle_no);
	}
	return progress;
}
