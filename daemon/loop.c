#include "address.h"
#include "log.h"
#include "loop_inside.h"
#include <string.h>

#define INTERFACES_MS 60000 /* own addresses are looked up again, when the timer fires anyway */

/* ---- own addresses ---- */

void loop_addresses_publish(struct daemon *d)
{
	struct tuy_address found[TUY_ADDRESSES_MAX] = { 0 };
	d->loop->interfaces_ms = loop_now(d).ms;
	uint32_t count = address_own_find(d->listen, d->listen_count, d->config, found);
	bool same = count == d->advertised_count;
	for (uint32_t i = 0; same && i < count; i++)
		same = address_equal(&found[i], &d->advertised[i]);
	if (same)
		return;
	memcpy(d->advertised, found, sizeof(found));
	d->advertised_count = count;
	log_line(LOG_INFO, "loop", "what=addresses count=%u", count);
	tuy_node_set_addresses(d->node, loop_now(d), d->advertised, count);
}

/* ---- links: what happens on them is the node's ---- */

static uint32_t on_link_opened(void *context, enum tuy_direction direction,
                               const struct tuy_address *remote, uint32_t dial)
{
	struct daemon *d = context;
	return tuy_node_on_link(d->node, loop_now(d), direction, remote, dial);
}

static size_t on_link_bytes(void *context, uint32_t link, struct tuy_bytes bytes)
{
	struct daemon *d = context;
	return tuy_node_on_bytes(d->node, loop_now(d), link, bytes);
}

static void on_link_sent(void *context, uint32_t link, size_t len)
{
	struct daemon *d = context;
	tuy_node_on_sent(d->node, loop_now(d), link, len);
}

static void on_link_closed(void *context, uint32_t link)
{
	struct daemon *d = context;
	tuy_node_on_closed(d->node, loop_now(d), link);
}

static void on_connect_failed(void *context, uint32_t dial)
{
	struct daemon *d = context;
	tuy_node_on_connect_failed(d->node, loop_now(d), dial);
}

static void on_links_turn(void *context, const char *what, uint64_t begun_ns)
{
	struct daemon *d = context;
	loop_drain(d);
	loop_watch_end(d, what, begun_ns);
}

struct links *loop_links_create(struct daemon *d)
{
	const struct links_owner owner = {
		.context = d,
		.on_opened = on_link_opened,
		.on_bytes = on_link_bytes,
		.on_sent = on_link_sent,
		.on_closed = on_link_closed,
		.on_connect_failed = on_connect_failed,
		.on_turn = on_links_turn,
	};
	return links_create(d->uv, &owner);
}

/* ---- tasks ---- */

static void read_perform(struct daemon *d, const struct tuy_read *read)
{
	struct tuy_read_result result = { .err = TUY_E_STORE };
	struct store_reading reading;
	int bad = store_reading_begin(d->store, &reading);
	if (!bad)
		store_read(&reading, read, d->loop->headers, &result);
	tuy_node_on_read(d->node, loop_now(d), read, &result);
	if (!bad)
		store_reading_end(&reading);
}

static void task_perform(struct daemon *d, struct tuy_task *task)
{
	struct loop *l = d->loop;
	switch (task->what) {
	case TUY_DO_NOTHING:
		break;
	case TUY_DO_SEND:
		if (l->links)
			links_send(l->links, task->u.send.link, task->u.send.bytes);
		break;
	case TUY_DO_CLOSE:
		if (l->links)
			links_close(l->links, task->u.close.link, task->u.close.how,
			            task->u.close.ms);
		break;
	case TUY_DO_CONNECT:
		if (l->links)
			links_connect(l->links, task->u.connect.dial, &task->u.connect.address);
		break;
	case TUY_DO_STORE:
		loop_store_perform(d, task);
		break;
	case TUY_DO_READ:
		read_perform(d, &task->u.read);
		break;
	case TUY_DO_TELL:
		loop_tell_perform(d, &task->u.tell);
		break;
	}
}

void loop_drain(struct daemon *d)
{
	struct loop *l = d->loop;
	struct tuy_task task;
	if (!d->node || l->draining)
		return;
	l->draining = true;
	while (tuy_node_next(d->node, loop_now(d), &task) != TUY_DO_NOTHING)
		task_perform(d, &task);
	l->draining = false;
	loop_timer_arm(d);
}

/* ---- wake and timer ---- */

/* The machine slept? Then what the links are worth is found out at once. */
static void wake_take(struct daemon *d)
{
	uint64_t slept_ms = wake_look(&d->loop->wake);
	if (slept_ms == 0 || !d->loop->node_started)
		return;
	log_line(LOG_INFO, "loop", "what=woken slept_s=%llu", (unsigned long long)slept_ms / 1000);
	loop_addresses_publish(d); /* perhaps in another network */
	tuy_node_on_wake(d->node, loop_now(d));
}

static void on_wake_poll(uv_poll_t *poll, int status, int events)
{
	struct daemon *d = poll->data;
	uint64_t begun = loop_watch_begin();
	(void)events;
	if (status < 0)
		uv_poll_stop(poll);
	wake_take(d);
	loop_drain(d);
	loop_watch_end(d, "wake", begun);
}

/* Without it the timer notices, later. */
void loop_wake_begin(struct daemon *d)
{
	struct loop *l = d->loop;
	wake_open(&l->wake);
	if (l->wake.fd < 0)
		return;
	if (uv_poll_init(d->uv, &l->wake_poll, l->wake.fd) != 0) {
		wake_close(&l->wake);
		return;
	}
	l->wake_poll.data = d;
	int bad = uv_poll_start(&l->wake_poll, UV_READABLE, on_wake_poll);
	tuy_require(bad == 0);
}

void loop_on_timer(uv_timer_t *timer)
{
	struct daemon *d = timer->data;
	struct loop *l = d->loop;
	uint64_t begun = loop_watch_begin();
	wake_take(d);
	uint64_t now_ms = loop_now(d).ms;
	l->armed_ms = UINT64_MAX;
	loop_reminders_call(d, now_ms);
	if (now_ms - l->interfaces_ms >= INTERFACES_MS)
		loop_addresses_publish(d);
	tuy_node_on_time(d->node, loop_now(d));
	loop_drain(d);
	loop_watch_end(d, "time", begun);
}
