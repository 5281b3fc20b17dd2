#include "link.h"
#include "address.h"
#include "log.h"
#include <stdlib.h>
#include <string.h>

#define READ_SIZE   16384
#define TURN_BYTES  131072  /* read and sent in a turn: then the others have theirs (5 ms) */
#define DISCARD_MAX 1048576 /* then reading rests until the timer closes */
#define BACKLOG     128

enum link_state {
	LINK_CONNECTING, /* `dial` is the owner's number */
	LINK_OPEN,       /* `no` is the owner's number */
	LINK_FLUSHING,   /* the owner has closed it; what was sent leaves, then our end is said */
	LINK_SILENT,     /* the owner has closed it; reads and discards until the timer */
	LINK_CLOSING,    /* uv_close was called; waits for the close callbacks */
};

/* One socket. Freed in the last close callback of its two handles. */
struct link {
	struct link *next;
	struct link *prev;
	struct links *links;
	uv_tcp_t tcp;
	uv_timer_t timer;
	uv_connect_t connect;
	uv_shutdown_t shutdown;
	enum link_state state;
	uint32_t handles;
	uint32_t no;
	uint32_t dial;
	struct tuy_address remote;
	bool rests;    /* reading goes on in the next turn */
	uint8_t *left; /* read but not taken by the owner; reading rests meanwhile */
	size_t left_len;
	size_t discarded; /* read while silent or flushing */
};

struct links {
	uv_loop_t *uv;
	struct links_owner owner;
	struct link all; /* ring; newest last */
	uint32_t silent_count;
	bool stopping;
	uint32_t handles; /* links, listeners, own two: freed at 0 when stopping */
	uv_tcp_t *listener[TUY_ADDRESSES_MAX]; /* NULL: pauses */
	struct {
		struct tuy_address at;
		enum links_families families;
	} bound[TUY_ADDRESSES_MAX];
	uint32_t bound_count;
	uv_timer_t pause;
	uv_idle_t idle;         /* runs when a turn has had its share */
	size_t turn_len;        /* bytes that were read and sent in this turn, or a few of them */
	char buffer[READ_SIZE]; /* one read is consumed before the next begins */
};

struct write {
	uv_write_t request;
	struct link *link;
	size_t len;
	uint8_t b[];
};

/* ---- life ---- */

static void links_unref(struct links *links)
{
	if (--links->handles == 0 && links->stopping)
		free(links);
}

static void link_on_handle_closed(uv_handle_t *handle)
{
	struct link *l = handle->data;
	if (--l->handles > 0)
		return;
	struct links *links = l->links;
	l->prev->next = l->next;
	l->next->prev = l->prev;
	free(l->left);
	free(l);
	links_unref(links);
}

static void link_end(struct link *l)
{
	if (l->state == LINK_CLOSING)
		return;
	if (l->state == LINK_SILENT)
		l->links->silent_count--;
	l->state = LINK_CLOSING;
	l->no = 0;
	uv_close((uv_handle_t *)&l->tcp, link_on_handle_closed);
	uv_close((uv_handle_t *)&l->timer, link_on_handle_closed);
}

/* The socket ended by itself: the owner hears of it if it still counts on it. */
static void link_lost(struct link *l)
{
	const struct links_owner *owner = &l->links->owner;
	enum link_state state = l->state;
	uint32_t no = l->no;
	uint32_t dial = l->dial;
	link_end(l);
	if (l->links->stopping)
		return;
	if (state == LINK_OPEN)
		owner->on_closed(owner->context, no);
	else if (state == LINK_CONNECTING)
		owner->on_connect_failed(owner->context, dial);
}

/* Every callback of the event loop in which the owner may have been told something ends so. */
static void turn_end(struct links *links, const char *what, uint64_t begun_ns)
{
	links->owner.on_turn(links->owner.context, what, begun_ns);
}

static void link_on_timer(uv_timer_t *timer)
{
	struct link *l = timer->data;
	uint64_t begun_ns = uv_hrtime();
	link_lost(l);
	turn_end(l->links, "link_time", begun_ns);
}

static struct link *link_create(struct links *links, enum link_state state)
{
	struct link *l = calloc(1, sizeof(*l));
	if (!l)
		return NULL;
	if (uv_tcp_init(links->uv, &l->tcp) != 0) {
		free(l);
		return NULL;
	}
	int bad = uv_timer_init(links->uv, &l->timer);
	tuy_require(bad == 0);
	l->tcp.data = l;
	l->timer.data = l;
	l->connect.data = l;
	l->shutdown.data = l;
	l->handles = 2;
	l->links = links;
	l->state = state;
	l->prev = links->all.prev;
	l->next = &links->all;
	l->prev->next = l;
	l->next->prev = l;
	links->handles++;
	return l;
}

static struct link *link_find(struct links *links, uint32_t no)
{
	for (struct link *l = links->all.next; l != &links->all; l = l->next)
		if (l->state == LINK_OPEN && l->no == no)
			return l;
	return NULL;
}

static void timer_set(struct link *l, uint64_t ms)
{
	int bad = uv_timer_start(&l->timer, link_on_timer, ms, 0);
	tuy_require(bad == 0);
}

/* ---- turns ---- */

static int read_start(struct link *l);

/* The next turn begins: who rested reads on. */
static void on_idle(uv_idle_t *idle)
{
	struct links *links = idle->data;
	struct link *next;
	uint64_t begun_ns = uv_hrtime();
	uv_idle_stop(idle);
	links->turn_len = 0;
	for (struct link *l = links->all.next; l != &links->all; l = next) {
		next = l->next;
		if (!l->rests)
			continue;
		l->rests = false;
		if (l->state == LINK_OPEN && !l->left && read_start(l) != 0)
			link_lost(l);
	}
	turn_end(links, "turn", begun_ns);
}

/* Whether the turn has had its share with these bytes; then the next one comes at once. */
static bool turn_is_full(struct links *links, size_t len)
{
	links->turn_len += len;
	if (links->turn_len < TURN_BYTES)
		return false;
	if (!links->stopping)
		uv_idle_start(&links->idle, on_idle);
	return true;
}

/* ---- reading ---- */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	struct link *l = handle->data;
	(void)suggested;
	*buffer = uv_buf_init(l->links->buffer, READ_SIZE);
}

/* Gives bytes to the owner; what it leaves is kept and reading rests. */
static void bytes_offer(struct link *l, const uint8_t *p, size_t len)
{
	const struct links_owner *owner = &l->links->owner;
	size_t taken = owner->on_bytes(owner->context, l->no, (struct tuy_bytes){ p, len });
	tuy_require(taken <= len);
	if (taken == len)
		return;
	l->left = malloc(len - taken);
	if (!l->left) {
		log_line(LOG_UNUSUAL, "link", "no=%u what=memory", l->no);
		link_lost(l);
		return;
	}
	l->left_len = len - taken;
	memcpy(l->left, p + taken, l->left_len);
	uv_read_stop((uv_stream_t *)&l->tcp);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buffer)
{
	struct link *l = stream->data;
	if (n == 0 || l->state == LINK_CLOSING)
		return;
	uint64_t begun_ns = uv_hrtime();
	if (n < 0)
		link_lost(l);
	else if (l->state == LINK_OPEN)
		bytes_offer(l, (const uint8_t *)buffer->base, (size_t)n);
	else if ((l->discarded += (size_t)n) > DISCARD_MAX) /* silent or flushing: forgotten */
		uv_read_stop(stream);
	if (n > 0 && turn_is_full(l->links, (size_t)n) && l->state == LINK_OPEN) {
		l->rests = true;
		uv_read_stop(stream);
	}
	turn_end(l->links, "read", begun_ns);
}

static int read_start(struct link *l)
{
	int bad = uv_read_start((uv_stream_t *)&l->tcp, on_alloc, on_read);
	return bad == UV_EALREADY ? 0 : bad;
}

/* A connection stands: the owner gives it a number or refuses it. */
static void link_open(struct link *l, enum tuy_direction direction)
{
	const struct links_owner *owner = &l->links->owner;
	uv_tcp_nodelay(&l->tcp, 1);
	uv_timer_stop(&l->timer);
	l->no = owner->on_opened(owner->context, direction, &l->remote, l->dial);
	l->state = LINK_OPEN;
	if (l->no == 0)
		link_end(l);
	else if (read_start(l) != 0)
		link_lost(l);
}

/* ---- listening ---- */

static void on_connection(uv_stream_t *stream, int status);

static void on_listener_closed(uv_handle_t *handle)
{
	struct links *links = handle->data;
	free(handle);
	links_unref(links);
}

static void listeners_close(struct links *links)
{
	for (uint32_t i = 0; i < TUY_ADDRESSES_MAX; i++) {
		if (links->listener[i])
			uv_close((uv_handle_t *)links->listener[i], on_listener_closed);
		links->listener[i] = NULL;
	}
}

/* 0 with *made and what it is bound to, or a negative errno. */
static int listener_open(struct links *links, const struct tuy_address *wanted,
                         enum links_families families, uv_tcp_t **made, struct tuy_address *bound)
{
	union address_socket address;
	int len = sizeof(address);
	uv_tcp_t *listener = malloc(sizeof(*listener));
	if (!listener)
		return UV_ENOMEM;
	int bad = uv_tcp_init(links->uv, listener);
	if (bad) {
		free(listener);
		return bad;
	}
	listener->data = links;
	links->handles++;
	address_socket_from(wanted, &address);
	bad = uv_tcp_bind(listener, &address.any, families == LINKS_SIX_ONLY ? UV_TCP_IPV6ONLY : 0);
	if (!bad)
		bad = uv_listen((uv_stream_t *)listener, BACKLOG, on_connection);
	if (!bad)
		bad = uv_tcp_getsockname(listener, &address.any, &len);
	if (bad) {
		uv_close((uv_handle_t *)listener, on_listener_closed);
		return bad;
	}
	*made = listener;
	*bound = address_of_socket(&address);
	return 0;
}

/* Listens again where it did; what fails is tried again later. */
static void on_pause(uv_timer_t *timer)
{
	struct links *links = timer->data;
	struct tuy_address bound;
	int failed = 0;
	for (uint32_t i = 0; i < links->bound_count; i++) {
		if (links->listener[i])
			continue;
		int bad = listener_open(links, &links->bound[i].at, links->bound[i].families,
		                        &links->listener[i], &bound);
		failed = bad ? bad : failed;
	}
	if (!failed)
		return;
	log_line(LOG_UNUSUAL, "link", "listen=failed why=%s", uv_err_name(failed));
	uv_timer_start(&links->pause, on_pause, LINK_ACCEPT_WAIT_MS, 0);
}

/* Accepting again at once would spin: libuv asks for as long as there is a listening socket. */
static void accept_pause(struct links *links, int status)
{
	log_line(LOG_UNUSUAL, "link", "accept=failed why=%s wait_ms=%d", uv_err_name(status),
	         LINK_ACCEPT_WAIT_MS);
	listeners_close(links);
	uv_timer_start(&links->pause, on_pause, LINK_ACCEPT_WAIT_MS, 0);
}

static void on_connection(uv_stream_t *stream, int status)
{
	struct links *links = stream->data;
	union address_socket from = { 0 };
	int from_len = sizeof(from);
	uint64_t begun_ns = uv_hrtime();
	if (status < 0) {
		accept_pause(links, status);
		return;
	}
	struct link *l = link_create(links, LINK_OPEN);
	if (!l) {
		accept_pause(links, UV_ENOMEM);
		return;
	}
	if (uv_accept(stream, (uv_stream_t *)&l->tcp) != 0 ||
	    uv_tcp_getpeername(&l->tcp, &from.any, &from_len) != 0) {
		link_end(l);
		return;
	}
	l->remote = address_of_socket(&from);
	link_open(l, TUY_INCOMING);
	turn_end(links, "accept", begun_ns);
}

int links_listen(struct links *links, const struct tuy_address *wanted,
                 enum links_families families, struct tuy_address *bound)
{
	uint32_t i = links->bound_count;
	if (i == TUY_ADDRESSES_MAX)
		return UV_ENOBUFS;
	int bad = listener_open(links, wanted, families, &links->listener[i], bound);
	if (bad)
		return bad;
	links->bound[i].at = *bound;
	links->bound[i].families = families;
	links->bound_count++;
	return 0;
}

/* ---- connecting ---- */

static void on_connect(uv_connect_t *request, int status)
{
	struct link *l = request->data;
	uint64_t begun_ns = uv_hrtime();
	if (l->state != LINK_CONNECTING) /* the timer or the end was first */
		return;
	if (status < 0)
		link_lost(l);
	else
		link_open(l, TUY_OUTGOING);
	turn_end(l->links, "connect", begun_ns);
}

void links_connect(struct links *links, uint32_t dial, const struct tuy_address *address)
{
	union address_socket to;
	struct link *l = links->stopping ? NULL : link_create(links, LINK_CONNECTING);
	if (!l) {
		links->owner.on_connect_failed(links->owner.context, dial);
		return;
	}
	l->dial = dial;
	l->remote = *address;
	address_socket_from(address, &to);
	if (uv_tcp_connect(&l->connect, &l->tcp, &to.any, on_connect) != 0) {
		link_lost(l);
		return;
	}
	timer_set(l, LINK_CONNECT_MS);
}

/* ---- writing ---- */

static void on_written(uv_write_t *request, int status)
{
	struct write *w = request->data;
	struct link *l = w->link;
	const struct links_owner *owner = &l->links->owner;
	uint64_t begun_ns = uv_hrtime();
	size_t len = w->len;
	free(w);
	if (l->state != LINK_OPEN)
		return;
	if (status < 0)
		link_lost(l);
	else
		owner->on_sent(owner->context, l->no, len);
	turn_end(l->links, "written", begun_ns);
}

/* Puts what the kernel did not take at once behind what waits already. 0 or a negative errno. */
static int write_queue(struct link *l, struct tuy_bytes bytes)
{
	if (uv_stream_get_write_queue_size((uv_stream_t *)&l->tcp) + bytes.len > LINK_QUEUE_MAX)
		return UV_ENOBUFS;
	struct write *w = malloc(sizeof(*w) + bytes.len);
	if (!w)
		return UV_ENOMEM;
	w->request.data = w;
	w->link = l;
	w->len = bytes.len;
	memcpy(w->b, bytes.p, bytes.len);
	uv_buf_t buffer = uv_buf_init((char *)w->b, (unsigned int)bytes.len);
	int bad = uv_write(&w->request, (uv_stream_t *)&l->tcp, &buffer, 1, on_written);
	if (bad)
		free(w);
	return bad;
}

void links_send(struct links *links, uint32_t link, struct tuy_bytes bytes)
{
	struct link *l = link_find(links, link);
	if (!l || bytes.len == 0)
		return;
	tuy_require(bytes.len <= LINK_QUEUE_MAX);
	uv_buf_t buffer = uv_buf_init((char *)(uintptr_t)bytes.p, (unsigned int)bytes.len);
	bool full = turn_is_full(links, bytes.len); /* then it is told of in the next turn */
	int sent = full ? 0 : uv_try_write((uv_stream_t *)&l->tcp, &buffer, 1);
	size_t len = sent > 0 ? (size_t)sent : 0;
	int bad = sent < 0 && sent != UV_EAGAIN ? sent : 0;
	if (!bad && len < bytes.len)
		bad = write_queue(l, (struct tuy_bytes){ bytes.p + len, bytes.len - len });
	if (bad) {
		log_line(LOG_DEBUG, "link", "no=%u write=failed why=%s", link, uv_err_name(bad));
		link_lost(l);
	} else if (len > 0) {
		links->owner.on_sent(links->owner.context, link, len);
	}
}

/* ---- closing ---- */

static void on_shutdown(uv_shutdown_t *request, int status)
{
	struct link *l = request->data;
	if (l->state != LINK_FLUSHING)
		return;
	if (status < 0)
		link_end(l);
	else if (uv_timer_get_due_in(&l->timer) > LINK_LINGER_MS)
		timer_set(l, LINK_LINGER_MS);
}

/* Reads on (closing with unread bytes would reset the connection and lose what we sent last). */
static void link_flush(struct link *l)
{
	l->state = LINK_FLUSHING;
	l->no = 0;
	timer_set(l, LINK_FLUSH_MS);
	if (uv_shutdown(&l->shutdown, (uv_stream_t *)&l->tcp, on_shutdown) != 0 ||
	    read_start(l) != 0)
		link_end(l);
}

static void link_silence(struct link *l, uint32_t ms)
{
	struct links *links = l->links;
	l->state = LINK_SILENT;
	l->no = 0;
	timer_set(l, ms);
	if (++links->silent_count > LINK_SILENT_MAX) {
		struct link *oldest = links->all.next;
		while (oldest->state != LINK_SILENT)
			oldest = oldest->next;
		link_end(oldest);
	}
	if (l->state == LINK_SILENT && read_start(l) != 0)
		link_end(l);
}

void links_close(struct links *links, uint32_t link, enum tuy_close_how how, uint32_t ms)
{
	struct link *l = link_find(links, link);
	if (!l)
		return;
	free(l->left);
	l->left = NULL;
	switch (how) {
	case TUY_CLOSE_NOW:
		link_end(l);
		break;
	case TUY_CLOSE_FLUSHED:
		link_flush(l);
		break;
	case TUY_CLOSE_SILENT:
		link_silence(l, ms);
		break;
	}
}

/* ---- the whole ---- */

struct links *links_create(uv_loop_t *uv, const struct links_owner *owner)
{
	struct links *links = calloc(1, sizeof(*links));
	if (!links)
		return NULL;
	links->uv = uv;
	links->owner = *owner;
	links->all.next = &links->all;
	links->all.prev = &links->all;
	int bad = uv_timer_init(uv, &links->pause);
	tuy_require(bad == 0);
	bad = uv_idle_init(uv, &links->idle);
	tuy_require(bad == 0);
	links->pause.data = links;
	links->idle.data = links;
	links->handles = 2;
	return links;
}

/* Who was offered goes to the end of the ring, so that all get their turn when room is scarce. */
static void link_resume(struct link *l)
{
	struct link *all = &l->links->all;
	uint8_t *left = l->left;
	l->prev->next = l->next;
	l->next->prev = l->prev;
	l->prev = all->prev;
	l->next = all;
	l->prev->next = l;
	l->next->prev = l;
	l->left = NULL;
	bytes_offer(l, left, l->left_len);
	free(left);
	if (l->state == LINK_OPEN && !l->left && read_start(l) != 0)
		link_lost(l);
}

void links_resume(struct links *links)
{
	struct link *end = links->all.prev;
	struct link *next = links->all.next;
	for (struct link *l = &links->all; l != end;) {
		l = next;
		next = l->next;
		if (l->state == LINK_OPEN && l->left)
			link_resume(l);
	}
}

static void on_own_closed(uv_handle_t *handle)
{
	links_unref(handle->data);
}

void links_stop(struct links *links)
{
	links->stopping = true;
	listeners_close(links);
	uv_close((uv_handle_t *)&links->pause, on_own_closed);
	uv_close((uv_handle_t *)&links->idle, on_own_closed);
	for (struct link *l = links->all.next; l != &links->all; l = l->next)
		if (l->state != LINK_FLUSHING)
			link_end(l);
}
