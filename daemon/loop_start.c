#include "address.h"
#include "log.h"
#include "loop_inside.h"
#include "notice.h"
#include <sodium.h>
#include <stdlib.h>
#include <sys/mman.h>

#define STOP_MS 10000 /* a clean end takes no longer: LINK_FLUSH_MS and the last commit */

/* ---- identity ---- */

int loop_ensure_identity(struct daemon *d, char recovery[TUY_RECOVERY_TEXT],
                         struct store_error *error)
{
	struct tuy_secret seed;
	struct tuy_recovery_key key;
	recovery[0] = '\0';
	if (d->keys->certified)
		return 0;
	randombytes_buf(seed.b, sizeof(seed.b));
	tuy_recovery_key_derive(&seed, &key);
	struct tuy_cert cert = tuy_cert_create(&key, &d->keys->device);
	int bad = keys_certify(d->keys, d->paths->identity, &cert, error);
	if (!bad) {
		tuy_recovery_text(&seed, recovery);
		tuy_node_set_cert(d->node, &cert);
		log_line(LOG_INFO, "loop", "what=identity");
	}
	sodium_memzero(&seed, sizeof(seed));
	sodium_memzero(&key, sizeof(key));
	if (bad)
		return -1;
	loop_drain(d);
	return 1;
}

/* ---- start ---- */

static int listen_failed(const struct tuy_address *address, int err, struct store_error *error)
{
	char text[CONFIG_ADDRESS_TEXT];
	config_address_text(address, text);
	if (err == UV_EADDRINUSE)
		return log_error_set(error, "T-LISTEN", "Choose another port with --listen.",
		                     "%s: another program listens there.", text);
	if (err == UV_EACCES)
		return log_error_set(error, "T-PERMISSION", "Choose a port over 1023.",
		                     "%s: this user may not listen there.", text);
	return log_error_set(error, "T-LISTEN", "Check the address given with --listen.",
	                     "%s: cannot listen there (%s).", text, uv_strerror(err));
}

/* One more address; its port, or any free one if that may be. */
static int listen_try(struct daemon *d, struct tuy_address wanted,
                      const struct loop_options *options)
{
	struct tuy_address *bound = &d->listen[d->listen_count];
	enum links_families families =
		address_six_only(&wanted, options->listen, options->listen_count)
			? LINKS_SIX_ONLY
			: LINKS_SIX_AND_FOUR;
	int bad = links_listen(d->loop->links, &wanted, families, bound);
	if (bad == UV_EADDRINUSE && options->listen_how == LOOP_LISTEN_OR_FREE) {
		wanted.port = 0;
		bad = links_listen(d->loop->links, &wanted, families, bound);
	}
	if (!bad)
		d->listen_count++;
	return bad;
}

static int listen_one(struct daemon *d, const struct tuy_address *wanted,
                      const struct loop_options *options, struct store_error *error)
{
	int bad = listen_try(d, *wanted, options);
	if (bad && bad != UV_EADDRINUSE && options->listen_how == LOOP_LISTEN_OR_FREE &&
	    address_is_any(wanted)) { /* a machine without IPv6 */
		struct tuy_address four = address_any_four();
		four.port = wanted->port;
		bad = listen_try(d, four, options);
	}
	if (bad)
		return listen_failed(wanted, bad, error);
	char text[CONFIG_ADDRESS_TEXT];
	config_address_text(&d->listen[d->listen_count - 1], text);
	log_line(LOG_INFO, "loop", "what=listening address=%s", text);
	return 0;
}

static int listen_begin(struct daemon *d, const struct loop_options *options,
                        struct store_error *error)
{
	for (uint32_t i = 0; i < options->listen_count; i++)
		if (listen_one(d, &options->listen[i], options, error))
			return -1;
	return 0;
}

/* The writer has answered everything: nobody can wait for anything any more. */
static void stop_finish(struct daemon *d)
{
	struct loop *l = d->loop;
	if (l->ended || l->writer || l->pending_first != l->pending_end)
		return;
	l->ended = true;
	while (l->waiters)
		loop_waiters_call(d, l->waiters->ticket, TUY_STORED_FAILED, "T-STOPPING");
	if (l->on_ended)
		l->on_ended(l->on_ended_context);
	uv_close((uv_handle_t *)&l->timer, NULL);
	loop_watch_close(d);
	if (l->wake.fd >= 0)
		uv_close((uv_handle_t *)&l->wake_poll, NULL);
}

/* writer.h: a ticket is durable or has failed. */
static void on_stored(void *context, uint64_t ticket, enum tuy_stored stored, const char *error)
{
	struct daemon *d = context;
	struct loop *l = d->loop;
	struct loop_pending *p = &l->pending[l->pending_first % LOOP_PENDING_MAX];
	uint64_t begun = loop_watch_begin();
	if ((ticket & LOOP_TICKET_KEPT) != 0) {
		loop_waiters_call(d, ticket, stored, error);
		loop_watch_end(d, "kept", begun);
		return;
	}
	tuy_require(l->pending_first != l->pending_end && p->ticket == ticket);
	p->error = error;
	l->pending_first++;
	tuy_node_on_stored(d->node, loop_now(d), ticket, stored);
	loop_pending_refuse(d);
	loop_drain(d);
	if (l->links) {
		links_resume(l->links);
		loop_drain(d);
	}
	if (d->stopping)
		stop_finish(d);
	loop_watch_end(d, "stored", begun);
}

static int node_begin(struct daemon *d, struct store_error *error)
{
	struct loop *l = d->loop;
	struct tuy_capacity capacity = tuy_capacity_default();
	struct tuy_secret seed;
	l->node_size = tuy_node_size(&capacity);
	void *memory = mmap(NULL, l->node_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
	                    -1, 0);
	if (memory == MAP_FAILED)
		return log_error_set(error, "T-MEMORY", "Close other programs.",
		                     "There is no memory for the node (%zu bytes).", l->node_size);
	madvise(memory, l->node_size, MADV_DONTDUMP); /* it holds epoch keys */
	l->node_memory = memory;
	randombytes_buf(seed.b, sizeof(seed.b));
	d->node = tuy_node_init(memory, &capacity, &d->keys->device, &seed,
	                        store_incarnation(d->store), loop_now(d));
	sodium_memzero(&seed, sizeof(seed));
	if (d->keys->certified)
		tuy_node_load_cert(d->node, &d->keys->cert);
	return store_load(d->store, d->node, error);
}

static int parts_begin(struct daemon *d, const struct loop_options *options,
                       struct store_error *error)
{
	struct loop *l = d->loop;
	if (listen_begin(d, options, error) || node_begin(d, error))
		return -1;
	notice_origin(d);
	l->writer = writer_start(d->store, d->uv, &d->keys->device, WRITER_WORDS, on_stored, d);
	if (!l->writer || (options->on_loaded && options->on_loaded(options->context, l->writer)))
		return log_error_set(error, "T-MEMORY", "Close other programs.",
		                     "There is no room for the writer's thread.");
	writer_offset(l->writer, d->clock_offset_s);
	loop_refresh_names(d);
	tuy_node_start(d->node, loop_now(d));
	l->node_started = true;
	loop_addresses_publish(d);
	loop_drain(d);
	return 0;
}

int loop_start(struct daemon *d, const struct loop_options *options, struct store_error *error)
{
	struct loop *l = calloc(1, sizeof(*l));
	if (!l)
		return log_error_set(error, "T-MEMORY", "Close other programs.",
		                     "There is no memory to begin with.");
	d->loop = l;
	d->started_ms = loop_now(d).ms;
	l->on_ended = options->on_ended;
	l->on_stopping = options->on_stopping;
	l->on_timer = loop_on_timer;
	l->on_ended_context = options->context;
	l->armed_ms = UINT64_MAX;
	int bad = uv_timer_init(d->uv, &l->timer);
	bad |= uv_timer_init(d->uv, &l->stop_timer);
	tuy_require(bad == 0);
	loop_watch_open(d);
	loop_wake_begin(d);
	l->timer.data = d;
	l->stop_timer.data = d;
	l->links = loop_links_create(d);
	if (!l->links)
		bad = log_error_set(error, "T-MEMORY", "Close other programs.",
		                    "There is no memory to begin with.");
	if (!bad)
		bad = parts_begin(d, options, error);
	if (bad)
		loop_stop(d);
	return bad;
}

/* ---- stop ---- */

static void on_handle_left(uv_handle_t *handle, void *context)
{
	(void)context;
	if (!uv_is_closing(handle))
		log_line(LOG_BROKEN, "loop", "what=open handle=%s",
		         uv_handle_type_name(uv_handle_get_type(handle)));
}

static void on_stop_late(uv_timer_t *timer)
{
	struct daemon *d = timer->data;
	log_line(LOG_BROKEN, "loop", "what=stop_late ms=%d", STOP_MS);
	uv_walk(d->uv, on_handle_left, NULL);
	d->loop->stuck = true;
	uv_stop(d->uv);
}

static void on_stop(uv_timer_t *timer)
{
	struct daemon *d = timer->data;
	struct loop *l = d->loop;
	uv_timer_stop(&l->timer);
	if (l->node_started) {
		tuy_node_stop(d->node, loop_now(d));
		loop_drain(d);
	}
	if (l->links)
		links_stop(l->links);
	l->links = NULL;
	struct writer *writer = l->writer;
	l->writer = NULL;
	if (l->on_stopping)
		l->on_stopping(l->on_ended_context);
	if (writer)
		writer_stop(writer);
	stop_finish(d);
	int bad = uv_timer_start(&l->stop_timer, on_stop_late, STOP_MS, 0);
	tuy_require(bad == 0);
	uv_unref((uv_handle_t *)&l->stop_timer);
}

/* The work is done from the loop, never inside a drain or somebody's callback. */
void loop_stop(struct daemon *d)
{
	if (d->stopping)
		return;
	d->stopping = true;
	log_line(LOG_INFO, "loop", "what=stopping");
	int bad = uv_timer_start(&d->loop->stop_timer, on_stop, 0, 0);
	tuy_require(bad == 0);
}

int loop_run(struct daemon *d)
{
	struct loop *l = d->loop;
	if (!l)
		return 0;
	uv_run(d->uv, UV_RUN_DEFAULT);
	if (l->stuck)
		return -1;
	uv_close((uv_handle_t *)&l->stop_timer, NULL);
	uv_run(d->uv, UV_RUN_DEFAULT);
	wake_close(&l->wake);
	while (l->subscribers)
		loop_forget(d, l->subscribers->context);
	if (l->node_memory) {
		sodium_memzero(l->node_memory, l->node_size);
		munmap(l->node_memory, l->node_size);
	}
	d->node = NULL;
	d->loop = NULL;
	sodium_memzero(l, sizeof(*l));
	free(l);
	return 0;
}
