#include "host.h"
#include "../../daemon/link.h"
#include "bench.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

struct host {
	struct host_options options;
	uv_thread_t thread;
	uv_sem_t done; /* of a start or a call */
	uv_loop_t loop;
	uv_async_t async;
	uv_timer_t timer;
	uv_timer_t ticker;   /* if there is an on_tick */
	struct links *links; /* NULL: stopped */
	struct tuy_address address;
	struct tuy_node *node;
	size_t node_size;
	struct phantom *phantom; /* NULL: store and writer */
	struct store *store;
	struct writer *writer;
	host_function *function; /* what host_call wants; NULL: stop */
	void *function_context;
	bool stopping;
	bool stalled; /* reads no more */
	clockid_t cpu_clock;
	_Atomic uint64_t bytes_in, bytes_out, connect_ns, slow_turns, worst_turn_us;
	uv_prepare_t prepare;
	uint64_t turn_cpu_ns; /* of the thread when this turn began; 0: none yet */
	uint8_t headers[TUY_CHECKPOINT_EVERY * TUY_HEADER_SIZE];
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

/* ---- links ---- */

static uint32_t on_opened(void *context, enum tuy_direction direction,
                          const struct tuy_address *remote, uint32_t dial)
{
	struct host *h = context;
	return tuy_node_on_link(h->node, now_of(), direction, remote, dial);
}

static size_t on_bytes(void *context, uint32_t link, struct tuy_bytes bytes)
{
	struct host *h = context;
	if (h->stalled)
		return 0;
	size_t taken = tuy_node_on_bytes(h->node, now_of(), link, bytes);
	trace_add(h, HOST_RECEIVED, taken);
	atomic_fetch_add(&h->bytes_in, taken);
	return taken;
}

static void on_sent(void *context, uint32_t link, size_t len)
{
	struct host *h = context;
	atomic_fetch_add(&h->bytes_out, len);
	tuy_node_on_sent(h->node, now_of(), link, len);
}

static void on_closed(void *context, uint32_t link)
{
	struct host *h = context;
	tuy_node_on_closed(h->node, now_of(), link);
}

static void on_connect_failed(void *context, uint32_t dial)
{
	struct host *h = context;
	tuy_node_on_connect_failed(h->node, now_of(), dial);
}

static void on_turn(void *context, const char *what, uint64_t begun_ns)
{
	(void)what;
	(void)begun_ns;
	drain(context);
}

static struct links *links_open(struct host *h)
{
	const struct links_owner owner = { .context = h,
		                           .on_opened = on_opened,
		                           .on_bytes = on_bytes,
		                           .on_sent = on_sent,
		                           .on_closed = on_closed,
		                           .on_connect_failed = on_connect_failed,
		                           .on_turn = on_turn };
	struct links *links = links_create(&h->loop, &owner);
	if (links == NULL)
		bench_die("no memory for links");
	return links;
}

/* ---- tasks ---- */

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
	if (tell->kind == TUY_TELL_FAULT)
		bench_die("a fault on a link: %s", tuy_err_name(tell->err));
	if (tell->kind == TUY_TELL_LINK_UP && h->options.manners == HOST_STALLS)
		h->stalled = true;
	if (h->options.on_tell != NULL)
		h->options.on_tell(h->options.context, tell);
}

static void task_perform(struct host *h, const struct tuy_task *task)
{
	switch (task->what) {
	case TUY_DO_NOTHING:
		break;
	case TUY_DO_SEND:
		trace_add(h, HOST_SENT, task->u.send.bytes.len);
		if (h->links != NULL)
			links_send(h->links, task->u.send.link, task->u.send.bytes);
		break;
	case TUY_DO_CLOSE:
		if (h->links != NULL)
			links_close(h->links, task->u.close.link, task->u.close.how,
			            task->u.close.ms);
		break;
	case TUY_DO_CONNECT:
		atomic_store(&h->connect_ns, bench_now_ns());
		if (h->links != NULL)
			links_connect(h->links, task->u.connect.dial, &task->u.connect.address);
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

/* In every turn, before the loop waits. */
static void on_prepare(uv_prepare_t *prepare)
{
	struct host *h = prepare->data;
	struct timespec t;
	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	uint64_t cpu_ns = (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
	uint64_t us = h->turn_cpu_ns == 0 ? 0 : (cpu_ns - h->turn_cpu_ns) / 1000;
	h->turn_cpu_ns = cpu_ns;
	if (us > HOST_TURN_US)
		atomic_fetch_add(&h->slow_turns, 1);
	if (us > atomic_load(&h->worst_turn_us))
		atomic_store(&h->worst_turn_us, us);
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
	if (h->links == NULL)
		return;
	links_resume(h->links);
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
	struct tuy_address loopback = { .ip = { [10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1 } };
	require_uv(links_listen(h->links, &loopback, LINKS_SIX_AND_FOUR, &h->address), "listening");
}

static void stop(struct host *h)
{
	h->stopping = true;
	tuy_node_stop(h->node, now_of());
	drain(h);
	links_stop(h->links);
	h->links = NULL;
	uv_close((uv_handle_t *)&h->timer, NULL);
	uv_close((uv_handle_t *)&h->prepare, NULL);
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
	h->ticker.data = h;
	require_uv(uv_prepare_init(&h->loop, &h->prepare), "loop");
	h->async.data = h;
	h->timer.data = h;
	h->prepare.data = h;
	require_uv(uv_prepare_start(&h->prepare, on_prepare), "loop");
	(void)pthread_getcpuclockid(pthread_self(), &h->cpu_clock);
	if (h->options.dir == NULL)
		h->phantom = phantom_create(h->options.phantom);
	else if (store_open(h->options.dir, &h->options.person->keys, &h->store, &error) != 0)
		bench_die("%s: %s", error.code, error.message);
	h->links = links_open(h);
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
		.slow_turns = atomic_load(&host->slow_turns),
		.worst_turn_us = atomic_load(&host->worst_turn_us),
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
