#include "host.h"
#include "../../daemon/address.h"
#include "bench.h"
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define READ_SIZE 65536 /* as daemon/link.c */

enum conn_state { CONN_CONNECTING, CONN_OPEN, CONN_CLOSING };
struct conn {
	struct conn *next;
	struct host *host;
	uv_tcp_t tcp;
	uv_connect_t connect;
	uv_shutdown_t shutdown;
	enum conn_state state;
	uint32_t link;
	uint32_t dial;
	struct tuy_address remote;
	uint8_t *left; /* what the node did not take yet */
	size_t left_len;
};

struct host {
	struct host_options options;
	uv_thread_t thread;
	uv_sem_t done; /* of a start or a call */
	uv_loop_t loop;
	uv_async_t async;
	uv_timer_t timer;
	uv_timer_t ticker; /* if there is an on_tick */
	uv_tcp_t listener;
	struct conn *conns;
	struct tuy_address address;
	struct tuy_node *node;
	size_t node_size;
	struct phantom *phantom; /* NULL: store and writer */
	struct store *store;
	struct writer *writer;
	host_function *function; /* what host_call wants; NULL: stop */
	void *function_context;
	bool stopping;
	clockid_t cpu_clock;
	_Atomic uint64_t bytes_in, bytes_out, connect_ns;
	uint8_t headers[TUY_CHECKPOINT_EVERY * TUY_HEADER_SIZE];
	char buffer[READ_SIZE];
};

struct write {
	uv_write_t request;
	struct conn *conn;
	size_t len;
	uint8_t b[];
};

static struct tuy_now now_of(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_REALTIME, &t);
	return (struct tuy_now){ .ms = uv_hrtime() / 1000000, .wall_s = (uint32_t)t.tv_sec };
}

static void require_uv(int bad, const char *what)
{
	if (bad < 0)
		bench_die("%s: %s", what, uv_strerror(bad));
}

static void drain(struct host *h);

static void trace_add(struct host *h, enum host_event what, size_t len)
{
	struct host_trace *trace = h->options.trace;
	if (trace == NULL)
		return;
	if (trace->count < HOST_TRACE_MAX) {
		trace->event[trace->count].what = what;
		trace->event[trace->count].len = len;
	}
	trace->count++;
}

/* ---- connections ---- */

static void on_conn_closed(uv_handle_t *handle)
{
	struct conn *c = handle->data;
	struct conn **at = &c->host->conns;
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	free(c->left);
	free(c);
}

static void conn_end(struct conn *c)
{
	if (c->state == CONN_CLOSING)
		return;
	c->state = CONN_CLOSING;
	uv_close((uv_handle_t *)&c->tcp, on_conn_closed);
}

static void conn_lost(struct conn *c)
{
	enum conn_state state = c->state;
	conn_end(c);
	if (state == CONN_OPEN)
		tuy_node_on_closed(c->host->node, now_of(), c->link);
	else if (state == CONN_CONNECTING)
		tuy_node_on_connect_failed(c->host->node, now_of(), c->dial);
}

static struct conn *conn_create(struct host *h)
{
	struct conn *c = calloc(1, sizeof *c);
	if (c == NULL)
		bench_die("no memory for a connection");
	require_uv(uv_tcp_init(&h->loop, &c->tcp), "socket");
	c->host = h;
	c->tcp.data = c;
	c->connect.data = c;
	c->shutdown.data = c;
	c->next = h->conns;
	h->conns = c;
	return c;
}

static struct conn *conn_find(const struct host *h, uint32_t link)
{
	for (struct conn *c = h->conns; c != NULL; c = c->next)
		if (c->state == CONN_OPEN && c->link == link)
			return c;
	return NULL;
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	struct conn *c = handle->data;
	(void)suggested;
	*buffer = uv_buf_init(c->host->buffer, READ_SIZE);
}

/* What the node leaves is kept, and reading rests until host_resume. */
static void bytes_offer(struct conn *c, const uint8_t *p, size_t len)
{
	size_t taken =
		tuy_node_on_bytes(c->host->node, now_of(), c->link, (struct tuy_bytes){ p, len });
	if (taken == len)
		return;
	c->left_len = len - taken;
	c->left = malloc(c->left_len);
	if (c->left == NULL)
		bench_die("no memory for bytes");
	memcpy(c->left, p + taken, c->left_len);
	(void)uv_read_stop((uv_stream_t *)&c->tcp);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buffer)
{
	struct conn *c = stream->data;
	struct host *h = c->host;
	if (n == 0 || c->state != CONN_OPEN)
		return;
	if (n < 0) {
		conn_lost(c);
	} else {
		atomic_fetch_add(&h->bytes_in, (uint64_t)n);
		trace_add(h, HOST_RECEIVED, (size_t)n);
		bytes_offer(c, (const uint8_t *)buffer->base, (size_t)n);
	}
	drain(h);
}

static void resume(struct host *h)
{
	for (struct conn *c = h->conns; c != NULL; c = c->next) {
		uint8_t *left = c->left;
		if (left == NULL || c->state != CONN_OPEN)
			continue;
		c->left = NULL;
		bytes_offer(c, left, c->left_len);
		free(left);
		if (c->left == NULL)
			require_uv(uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read),
			           "reading");
	}
}

static void conn_open(struct conn *c, enum tuy_direction direction)
{
	(void)uv_tcp_nodelay(&c->tcp, 1);
	c->link = tuy_node_on_link(c->host->node, now_of(), direction, &c->remote, c->dial);
	c->state = CONN_OPEN;
	if (c->link == 0)
		conn_end(c);
	else
		require_uv(uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read), "reading");
}

static void on_connection(uv_stream_t *stream, int status)
{
	struct host *h = stream->data;
	union address_socket from = { 0 };
	int len = sizeof from;
	require_uv(status, "listening");
	struct conn *c = conn_create(h);
	require_uv(uv_accept(stream, (uv_stream_t *)&c->tcp), "accepting");
	require_uv(uv_tcp_getpeername(&c->tcp, &from.any, &len), "accepting");
	c->remote = address_of_socket(&from);
	conn_open(c, TUY_INCOMING);
	drain(h);
}

static void on_connect(uv_connect_t *request, int status)
{
	struct conn *c = request->data;
	struct host *h = c->host;
	if (c->state != CONN_CONNECTING)
		return;
	if (status < 0)
		conn_lost(c);
	else
		conn_open(c, TUY_OUTGOING);
	drain(h);
}

static void on_written(uv_write_t *request, int status)
{
	struct write *w = request->data;
	struct conn *c = w->conn;
	struct host *h = c->host;
	size_t len = w->len;
	free(w);
	if (c->state != CONN_OPEN)
		return;
	if (status < 0)
		conn_lost(c);
	else
		tuy_node_on_sent(h->node, now_of(), c->link, len);
	drain(h);
}

static void on_shutdown(uv_shutdown_t *request, int status)
{
	(void)status;
	conn_end(request->data);
}

/* ---- tasks ---- */

static void write_queue(struct conn *c, struct tuy_bytes bytes)
{
	struct write *w = malloc(sizeof *w + bytes.len);
	if (w == NULL)
		bench_die("no memory for bytes");
	w->request.data = w;
	w->conn = c;
	w->len = bytes.len;
	memcpy(w->b, bytes.p, bytes.len);
	uv_buf_t buffer = uv_buf_init((char *)w->b, (unsigned int)bytes.len);
	require_uv(uv_write(&w->request, (uv_stream_t *)&c->tcp, &buffer, 1, on_written),
	           "writing");
}

static void send_perform(struct host *h, uint32_t link, struct tuy_bytes bytes)
{
	struct conn *c = conn_find(h, link);
	if (c == NULL)
		return;
	uv_buf_t buffer = uv_buf_init((char *)(uintptr_t)bytes.p, (unsigned int)bytes.len);
	int sent = uv_try_write((uv_stream_t *)&c->tcp, &buffer, 1);
	if (sent < 0 && sent != UV_EAGAIN) {
		conn_lost(c);
		return;
	}
	size_t len = sent > 0 ? (size_t)sent : 0;
	atomic_fetch_add(&h->bytes_out, bytes.len);
	trace_add(h, HOST_SENT, bytes.len);
	if (len < bytes.len)
		write_queue(c, (struct tuy_bytes){ bytes.p + len, bytes.len - len });
	if (len > 0)
		tuy_node_on_sent(h->node, now_of(), link, len);
}

static void close_perform(struct host *h, uint32_t link, enum tuy_close_how how)
{
	struct conn *c = conn_find(h, link);
	if (c == NULL)
		return;
	c->link = 0;
	if (how != TUY_CLOSE_FLUSHED ||
	    uv_shutdown(&c->shutdown, (uv_stream_t *)&c->tcp, on_shutdown) != 0)
		conn_end(c);
}

static void connect_perform(struct host *h, uint32_t dial, const struct tuy_address *address)
{
	union address_socket to;
	struct conn *c = conn_create(h);
	c->dial = dial;
	c->remote = *address;
	c->state = CONN_CONNECTING;
	address_socket_from(address, &to);
	atomic_store(&h->connect_ns, bench_now_ns());
	if (uv_tcp_connect(&c->connect, &c->tcp, &to.any, on_connect) != 0)
		conn_lost(c);
}

static void read_perform(struct host *h, const struct tuy_read *read)
{
	struct tuy_read_result result;
	struct store_reading reading;
	if (h->phantom != NULL) {
		phantom_read(h->phantom, read, h->headers, &result);
		tuy_node_on_read(h->node, now_of(), read, &result);
		return;
	}
	if (store_reading_begin(h->store, &reading) != 0)
		bench_die("the store cannot be read");
	store_read(&reading, read, h->headers, &result);
	tuy_node_on_read(h->node, now_of(), read, &result);
	store_reading_end(&reading);
}

static void store_perform(struct host *h, const struct tuy_task *task)
{
	const struct tuy_store_item *items = task->u.store.items;
	if (h->phantom != NULL) {
		phantom_store(h->phantom, items, task->u.store.count);
		tuy_node_on_stored(h->node, now_of(), task->u.store.ticket, TUY_STORED_OK);
	} else if (writer_submit(h->writer, task->u.store.ticket, items, task->u.store.count,
	                         task->u.store.urgency == TUY_TICKET_LIVE) != 0) {
		bench_die("no memory for a ticket");
	}
}

static void tell_perform(struct host *h, const struct tuy_tell *tell)
{
	struct conn *c = conn_find(h, tell->link);
	if (tell->kind == TUY_TELL_FAULT)
		bench_die("a fault on a link: %s", tuy_err_name(tell->err));
	if (tell->kind == TUY_TELL_LINK_UP && h->options.manners == HOST_STALLS && c != NULL)
		(void)uv_read_stop((uv_stream_t *)&c->tcp);
	if (h->options.on_tell != NULL)
		h->options.on_tell(h->options.context, tell);
}

static void task_perform(struct host *h, const struct tuy_task *task)
{
	switch (task->what) {
	case TUY_DO_NOTHING:
		break;
	case TUY_DO_SEND:
		send_perform(h, task->u.send.link, task->u.send.bytes);
		break;
	case TUY_DO_CLOSE:
		close_perform(h, task->u.close.link, task->u.close.how);
		break;
	case TUY_DO_CONNECT:
		connect_perform(h, task->u.connect.dial, &task->u.connect.address);
		break;
	case TUY_DO_STORE:
		store_perform(h, task);
		break;
	case TUY_DO_READ:
		read_perform(h, &task->u.read);
		break;
	case TUY_DO_TELL:
		tell_perform(h, &task->u.tell);
		break;
	}
}

static void on_ticker(uv_timer_t *ticker)
{
	struct host *h = ticker->data;
	h->options.on_tick(h->options.context, h->node, now_of());
	drain(h);
}

static void on_timer(uv_timer_t *timer)
{
	struct host *h = timer->data;
	tuy_node_on_time(h->node, now_of());
	drain(h);
}

static void drain(struct host *h)
{
	struct tuy_task task;
	while (tuy_node_next(h->node, now_of(), &task) != TUY_DO_NOTHING)
		task_perform(h, &task);
	uint64_t due = tuy_node_deadline(h->node);
	uint64_t now_ms = uv_hrtime() / 1000000;
	if (h->stopping || due == UINT64_MAX)
		return;
	uv_update_time(&h->loop);
	require_uv(uv_timer_start(&h->timer, on_timer, due > now_ms ? due - now_ms : 1, 0),
	           "timer");
}

static void on_stored(void *context, uint64_t ticket, enum tuy_stored stored, const char *error)
{
	struct host *h = context;
	if (stored != TUY_STORED_OK)
		bench_die("ticket %llu failed: %s", (unsigned long long)ticket, error);
	tuy_node_on_stored(h->node, now_of(), ticket, stored);
	drain(h);
	resume(h);
	drain(h);
}

/* ---- life ---- */

static void node_load(struct host *h)
{
	struct tuy_capacity capacity =
		h->phantom != NULL ? phantom_capacity() : tuy_capacity_default();
	struct tuy_secret seed = { { 0x5e } };
	struct store_error error;
	tuy_put64(seed.b + 8, uv_hrtime());
	h->node_size = tuy_node_size(&capacity);
	void *memory = mmap(NULL, h->node_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
	                    -1, 0);
	if (memory == MAP_FAILED)
		bench_die("no memory for a node");
	h->node = tuy_node_init(memory, &capacity, &h->options.person->keys, &seed,
	                        h->phantom != NULL ? &h->options.person->incarnation
	                                           : store_incarnation(h->store),
	                        now_of());
	tuy_node_load_cert(h->node, &h->options.person->cert);
	if (h->phantom != NULL)
		phantom_load(h->phantom, h->node);
	else if (store_load(h->store, h->node, &error) != 0)
		bench_die("%s: %s", error.code, error.message);
}

static void listen_begin(struct host *h)
{
	union address_socket address = { .in = { .sin_family = AF_INET } };
	int len = sizeof address;
	address.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	require_uv(uv_tcp_init(&h->loop, &h->listener), "socket");
	h->listener.data = h;
	require_uv(uv_tcp_bind(&h->listener, &address.any, 0), "binding");
	require_uv(uv_listen((uv_stream_t *)&h->listener, 16, on_connection), "listening");
	require_uv(uv_tcp_getsockname(&h->listener, &address.any, &len), "listening");
	h->address = address_of_socket(&address);
}

static void stop(struct host *h)
{
	h->stopping = true;
	tuy_node_stop(h->node, now_of());
	drain(h);
	for (struct conn *c = h->conns; c != NULL; c = c->next)
		if (c->link != 0 || c->state == CONN_CONNECTING)
			conn_end(c);
	if (h->options.listen == HOST_LISTENS)
		uv_close((uv_handle_t *)&h->listener, NULL);
	uv_close((uv_handle_t *)&h->timer, NULL);
	uv_close((uv_handle_t *)&h->async, NULL);
	uv_close((uv_handle_t *)&h->ticker, NULL);
	if (h->writer != NULL)
		writer_stop(h->writer);
}

static void on_async(uv_async_t *async)
{
	struct host *h = async->data;
	host_function *function = h->function;
	if (function == NULL) {
		stop(h);
		return;
	}
	function(h->function_context, h->node, now_of());
	drain(h);
	uv_sem_post(&h->done);
}

static void begin(struct host *h)
{
	struct store_error error;
	require_uv(uv_loop_init(&h->loop), "loop");
	require_uv(uv_async_init(&h->loop, &h->async, on_async), "loop");
	require_uv(uv_timer_init(&h->loop, &h->timer), "timer");
	require_uv(uv_timer_init(&h->loop, &h->ticker), "timer");
	h->async.data = h;
	h->timer.data = h;
	h->ticker.data = h;
	(void)pthread_getcpuclockid(pthread_self(), &h->cpu_clock);
	if (h->options.dir == NULL)
		h->phantom = phantom_create(h->options.phantom);
	else if (store_open(h->options.dir, &h->options.person->keys, &h->store, &error) != 0)
		bench_die("%s: %s", error.code, error.message);
	if (h->options.listen == HOST_LISTENS)
		listen_begin(h);
	node_load(h);
	if (h->phantom == NULL)
		h->writer = writer_start(h->store, &h->loop, &h->options.person->keys,
		                         h->options.index, on_stored, h);
	if (h->phantom == NULL && h->writer == NULL)
		bench_die("no writer");
	tuy_node_start(h->node, now_of());
	if (h->options.listen == HOST_LISTENS)
		tuy_node_set_addresses(h->node, now_of(), &h->address, 1);
	if (h->options.on_tick != NULL)
		require_uv(uv_timer_start(&h->ticker, on_ticker, 1, 1), "timer");
	drain(h);
}

static void thread_main(void *arg)
{
	struct host *h = arg;
	begin(h);
	uv_sem_post(&h->done);
	(void)uv_run(&h->loop, UV_RUN_DEFAULT);
	if (uv_loop_close(&h->loop) != 0)
		bench_die("a handle stayed open");
	if (h->phantom != NULL)
		phantom_destroy(h->phantom);
	else
		store_close(h->store);
	(void)munmap(h->node, h->node_size);
}

/* ---- public ---- */

struct host *host_start(const struct host_options *options)
{
	struct host *h = calloc(1, sizeof *h);
	if (h == NULL || uv_sem_init(&h->done, 0) != 0)
		bench_die("no memory for a host");
	h->options = *options;
	require_uv(uv_thread_create(&h->thread, thread_main, h), "thread");
	uv_sem_wait(&h->done);
	return h;
}

void host_call(struct host *host, host_function *function, void *context)
{
	host->function = function;
	host->function_context = context;
	require_uv(uv_async_send(&host->async), "call");
	uv_sem_wait(&host->done);
}

void host_stop(struct host *host)
{
	host->function = NULL;
	require_uv(uv_async_send(&host->async), "stop");
	(void)uv_thread_join(&host->thread);
	uv_sem_destroy(&host->done);
	free(host);
}

struct tuy_address host_address(const struct host *host)
{
	return host->address;
}

struct host_figures host_figures(struct host *host)
{
	struct timespec cpu = { 0 };
	(void)clock_gettime(host->cpu_clock, &cpu);
	return (struct host_figures){
		.bytes_in = atomic_load(&host->bytes_in),
		.bytes_out = atomic_load(&host->bytes_out),
		.connect_ns = atomic_load(&host->connect_ns),
		.cpu_ns = (uint64_t)cpu.tv_sec * 1000000000u + (uint64_t)cpu.tv_nsec,
	};
}

struct store_stats host_store_stats(struct host *host)
{
	struct store_stats stats;
	if (store_stats(host->store, &stats) != 0)
		bench_die("the store cannot be read");
	return stats;
}
