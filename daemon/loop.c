#include "loop.h"
#include "address.h"
#include "link.h"
#include "log.h"
#include "notice.h"
#include "tell.h"
#include "wake.h"
#include "writer.h"
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define SLOW_US       5000
#define STOP_MS       10000 /* a clean end takes no longer: LINK_FLUSH_MS and the last commit */
#define NAMES_MS      1000  /* after new entries: names are read again, once */
#define INTERFACES_MS 60000 /* own addresses are looked up again, when the timer fires anyway */
#define PENDING_MAX   128   /* a power of two over the node's stages */
#define NAME_MAX_LEN  120

/* A ticket between the node and its answer. */
struct pending {
	uint64_t ticket;
	bool refused;      /* never reached the writer: fails when its turn comes */
	const char *error; /* how it failed; NULL: well */
};

struct waiter {
	struct waiter *next;
	uint64_t ticket;
	loop_on_ticket *on_ticket;
	void *context;
};

struct subscriber {
	struct subscriber *next;
	loop_on_tell *on_tell; /* NULL: forgotten, freed after the round */
	void *context;
};

struct name {
	size_t len;
	uint8_t b[NAME_MAX_LEN];
};

struct loop {
	struct links *links;
	struct writer *writer;
	loop_on_ended *on_ended;
	void *on_ended_context;
	uv_timer_t timer;
	uv_timer_t stop_timer;
	struct wake wake;
	uv_poll_t wake_poll; /* unless wake.fd is -1 */
	uint64_t armed_ms;   /* what `timer` waits for */
	uint64_t names_due_ms;
	uint64_t interfaces_ms; /* when they were looked up */
	bool node_started;
	bool draining;
	bool ended; /* all handles of this file but stop_timer are closed */
	bool stuck; /* STOP_MS were not enough */
	void *node_memory;
	size_t node_size;
	struct pending pending[PENDING_MAX]; /* ring; answered ones stay readable for a while */
	uint64_t pending_first;
	uint64_t pending_end;
	struct waiter *waiters;
	struct subscriber *subscribers;
	uint64_t slow_count;
	struct name welcome_name[TUY_CIRCLES_MAX]; /* a circle's, until its record is here */
	uint8_t headers[TUY_CHECKPOINT_EVERY * TUY_HEADER_SIZE];
	uint8_t record[TUY_BLOB_MAX];
};

/* ---- time ---- */

struct tuy_now loop_now(const struct daemon *d)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	int64_t wall = (int64_t)t.tv_sec + d->clock_offset_s;
	if (wall < 0)
		wall = 0;
	if (wall > UINT32_MAX)
		wall = UINT32_MAX;
	return (struct tuy_now){ .ms = uv_hrtime() / 1000000, .wall_s = (uint32_t)wall };
}

uint64_t loop_watch_begin(void)
{
	return uv_hrtime();
}

void loop_watch_end(struct daemon *d, const char *name, uint64_t begun)
{
	uint64_t us = (uv_hrtime() - begun) / 1000;
	if (us <= SLOW_US)
		return;
	d->loop->slow_count++;
	log_line(LOG_DEBUG, "loop", "what=slow callback=%s us=%llu count=%llu", name,
	         (unsigned long long)us, (unsigned long long)d->loop->slow_count);
}

static void on_timer(uv_timer_t *timer);

static void timer_arm(struct daemon *d)
{
	struct loop *l = d->loop;
	uint64_t due = l->node_started ? tuy_node_deadline(d->node) : UINT64_MAX;
	if (l->ended || d->stopping)
		return;
	if (l->names_due_ms < due)
		due = l->names_due_ms;
	if (due == l->armed_ms)
		return;
	l->armed_ms = due;
	if (due == UINT64_MAX) {
		uv_timer_stop(&l->timer);
		return;
	}
	uv_update_time(d->uv);
	uint64_t now_ms = uv_hrtime() / 1000000;
	int bad = uv_timer_start(&l->timer, on_timer, due > now_ms ? due - now_ms : 1, 0);
	tuy_require(bad == 0);
}

/* ---- own addresses ---- */

static void addresses_publish(struct daemon *d)
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

/* ---- names ---- */

/* The field `name` of an object's record; .p NULL if it cannot be read. */
static struct tuy_bytes name_read(struct daemon *d, struct store_reading *reading,
                                  const struct view_object *object)
{
	struct tuy_record record;
	if (view_record(reading, &d->keys->device, object, d->loop->record, &record) != 0 ||
	    !record.value[TUY_FIELD_NAME].present ||
	    record.value[TUY_FIELD_NAME].text.len > NAME_MAX_LEN)
		return (struct tuy_bytes){ 0 };
	return record.value[TUY_FIELD_NAME].text;
}

static void name_keep(struct name *name, struct tuy_bytes text)
{
	if (!text.p || text.len > NAME_MAX_LEN)
		return;
	memcpy(name->b, text.p, text.len);
	name->len = text.len;
}

void loop_refresh_names(struct daemon *d)
{
	struct name own[TUY_CIRCLES_MAX] = { 0 };
	struct name other = { 0 }; /* from any circle, else from the configuration */
	struct store_reading reading;
	struct view_object object;
	struct tuy_circle_info info;
	d->loop->names_due_ms = UINT64_MAX;
	if (!d->node || store_reading_begin(d->store, &reading) != 0)
		return;
	name_keep(&other,
	          (struct tuy_bytes){ (const uint8_t *)d->config->name, strlen(d->config->name) });
	for (uint32_t i = 0; i < TUY_CIRCLES_MAX && d->keys->certified; i++) {
		if (view_profile(&reading, i, &d->keys->cert.member, &object) == 0)
			name_keep(&own[i], name_read(d, &reading, &object));
		if (own[i].len > 0)
			other = own[i];
	}
	for (uint32_t i = 0; i < TUY_CIRCLES_MAX; i++) {
		struct name circle = d->loop->welcome_name[i];
		const struct name *mine = own[i].len > 0 ? &own[i] : &other;
		if (tuy_node_circle(d->node, i, &info) != TUY_OK)
			continue;
		if (view_circle(&reading, i, &object) == 0)
			name_keep(&circle, name_read(d, &reading, &object));
		tuy_node_set_names(d->node, i, (struct tuy_bytes){ circle.b, circle.len },
		                   (struct tuy_bytes){ mine->b, mine->len });
	}
	store_reading_end(&reading);
}

void loop_doubt_view(struct daemon *d)
{
	if (d->loop->writer)
		writer_doubt_view(d->loop->writer);
}

static void names_stale(struct daemon *d)
{
	if (d->loop->names_due_ms == UINT64_MAX)
		d->loop->names_due_ms = loop_now(d).ms + NAMES_MS;
}

/* ---- tickets ---- */

/* Answers the ones at the front that never reached the writer: the order is the node's. */
static void pending_refuse(struct daemon *d)
{
	struct loop *l = d->loop;
	while (l->pending_first != l->pending_end) {
		struct pending *p = &l->pending[l->pending_first % PENDING_MAX];
		if (!p->refused)
			return;
		l->pending_first++;
		tuy_node_on_stored(d->node, loop_now(d), p->ticket, TUY_STORED_FAILED);
	}
}

static void store_perform(struct daemon *d, const struct tuy_task *task)
{
	struct loop *l = d->loop;
	struct pending *p = &l->pending[l->pending_end % PENDING_MAX];
	tuy_require(l->pending_end - l->pending_first < PENDING_MAX);
	*p = (struct pending){ .ticket = task->u.store.ticket };
	l->pending_end++;
	p->refused = !l->writer ||
	             writer_submit(l->writer, p->ticket, task->u.store.items, task->u.store.count,
	                           task->u.store.urgency == TUY_TICKET_LIVE) != 0;
	if (!p->refused)
		return;
	p->error = l->writer ? "T-MEMORY" : "T-STOPPING";
	pending_refuse(d);
}

static void stop_finish(struct daemon *d);

/* writer.h: a ticket is durable or has failed. */
static void on_stored(void *context, uint64_t ticket, enum tuy_stored stored, const char *error)
{
	struct daemon *d = context;
	struct loop *l = d->loop;
	struct pending *p = &l->pending[l->pending_first % PENDING_MAX];
	uint64_t begun = loop_watch_begin();
	tuy_require(l->pending_first != l->pending_end && p->ticket == ticket);
	p->error = error;
	l->pending_first++;
	tuy_node_on_stored(d->node, loop_now(d), ticket, stored);
	pending_refuse(d);
	loop_drain(d);
	if (l->links) {
		links_resume(l->links);
		loop_drain(d);
	}
	if (d->stopping)
		stop_finish(d);
	loop_watch_end(d, "stored", begun);
}

static const char *pending_error(const struct loop *l, uint64_t ticket)
{
	for (uint32_t i = 0; i < PENDING_MAX; i++)
		if (l->pending[i].ticket == ticket && l->pending[i].error)
			return l->pending[i].error;
	return "T-STORE-IO";
}

static void waiters_call(struct daemon *d, uint64_t ticket, enum tuy_stored stored,
                         const char *error)
{
	struct waiter **at = &d->loop->waiters;
	while (*at) {
		struct waiter *w = *at;
		if (w->ticket != ticket) {
			at = &w->next;
			continue;
		}
		*at = w->next;
		w->on_ticket(w->context, ticket, stored, error);
		free(w);
		at = &d->loop->waiters; /* the callback may have changed the list */
	}
}

int loop_await_ticket(struct daemon *d, uint64_t ticket, loop_on_ticket *on_ticket, void *context)
{
	struct waiter *w = malloc(sizeof(*w));
	if (!w)
		return -1;
	*w = (struct waiter){ d->loop->waiters, ticket, on_ticket, context };
	d->loop->waiters = w;
	return 0;
}

/* ---- tells ---- */

/* Removes what loop_forget marked; never while the list is walked. */
static void subscribers_sweep(struct loop *l)
{
	for (struct subscriber **at = &l->subscribers; *at;) {
		struct subscriber *s = *at;
		if (s->on_tell) {
			at = &s->next;
			continue;
		}
		*at = s->next;
		free(s);
	}
}

/* The names are copied first: a subscriber may call the node, which ends the task's spans. */
static void subscribers_call(struct daemon *d, const struct tuy_tell *t)
{
	struct name circle = { 0 };
	struct name name = { 0 };
	struct tuy_tell kept = *t;
	name_keep(&circle, t->circle_name);
	name_keep(&name, t->name);
	kept.circle_name = (struct tuy_bytes){ circle.b, circle.len };
	kept.name = (struct tuy_bytes){ name.b, name.len };
	if (t->kind == TUY_TELL_JOINED && t->circle_no < TUY_CIRCLES_MAX)
		d->loop->welcome_name[t->circle_no] = circle;
	for (struct subscriber *s = d->loop->subscribers; s; s = s->next)
		if (s->on_tell)
			s->on_tell(s->context, &kept);
	subscribers_sweep(d->loop);
}

static void tell_perform(struct daemon *d, struct tuy_tell *t)
{
	tell_log(t, pending_error(d->loop, t->ticket));
	if (t->kind == TUY_TELL_STORED) {
		waiters_call(d, t->ticket, t->stored,
		             t->stored == TUY_STORED_OK ? NULL : pending_error(d->loop, t->ticket));
		return;
	}
	if (t->kind == TUY_TELL_ENTRIES || t->kind == TUY_TELL_JOINED)
		names_stale(d);
	if (t->kind == TUY_TELL_INCARNATION)
		notice_incarnation(d, t);
	if (t->kind == TUY_TELL_CLONE)
		notice_clone(d, t);
	subscribers_call(d, t);
}

int loop_subscribe(struct daemon *d, loop_on_tell *on_tell, void *context)
{
	struct subscriber *s = malloc(sizeof(*s));
	if (!s)
		return -1;
	*s = (struct subscriber){ d->loop->subscribers, on_tell, context };
	d->loop->subscribers = s;
	return 0;
}

void loop_forget(struct daemon *d, const void *context)
{
	for (struct waiter **at = &d->loop->waiters; *at;) {
		struct waiter *w = *at;
		if (w->context != context) {
			at = &w->next;
			continue;
		}
		*at = w->next;
		free(w);
	}
	for (struct subscriber *s = d->loop->subscribers; s; s = s->next)
		if (s->context == context)
			s->on_tell = NULL;
	if (!d->loop->draining)
		subscribers_sweep(d->loop);
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

static struct links *links_begin(struct daemon *d)
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
		store_perform(d, task);
		break;
	case TUY_DO_READ:
		read_perform(d, &task->u.read);
		break;
	case TUY_DO_TELL:
		tell_perform(d, &task->u.tell);
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
	timer_arm(d);
}

/* The machine slept? Then what the links are worth is found out at once. */
static void wake_take(struct daemon *d)
{
	uint64_t slept_ms = wake_look(&d->loop->wake);
	if (slept_ms == 0 || !d->loop->node_started)
		return;
	log_line(LOG_INFO, "loop", "what=woken slept_s=%llu", (unsigned long long)slept_ms / 1000);
	addresses_publish(d); /* perhaps in another network */
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
static void wake_begin(struct daemon *d)
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

static void on_timer(uv_timer_t *timer)
{
	struct daemon *d = timer->data;
	struct loop *l = d->loop;
	uint64_t begun = loop_watch_begin();
	wake_take(d);
	uint64_t now_ms = loop_now(d).ms;
	l->armed_ms = UINT64_MAX;
	if (now_ms >= l->names_due_ms)
		loop_refresh_names(d);
	if (now_ms - l->interfaces_ms >= INTERFACES_MS)
		addresses_publish(d);
	tuy_node_on_time(d->node, loop_now(d));
	loop_drain(d);
	loop_watch_end(d, "time", begun);
}

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
	if (!l->writer)
		return log_error_set(error, "T-MEMORY", "Close other programs.",
		                     "There is no room for the writer's thread.");
	loop_refresh_names(d);
	tuy_node_start(d->node, loop_now(d));
	l->node_started = true;
	addresses_publish(d);
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
	l->on_ended_context = options->context;
	l->armed_ms = UINT64_MAX;
	l->names_due_ms = UINT64_MAX;
	int bad = uv_timer_init(d->uv, &l->timer);
	bad |= uv_timer_init(d->uv, &l->stop_timer);
	tuy_require(bad == 0);
	wake_begin(d);
	l->timer.data = d;
	l->stop_timer.data = d;
	l->links = links_begin(d);
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

/* The writer has answered everything: nobody can wait for anything any more. */
static void stop_finish(struct daemon *d)
{
	struct loop *l = d->loop;
	if (l->ended || l->writer || l->pending_first != l->pending_end)
		return;
	l->ended = true;
	while (l->waiters)
		waiters_call(d, l->waiters->ticket, TUY_STORED_FAILED, "T-STOPPING");
	if (l->on_ended)
		l->on_ended(l->on_ended_context);
	uv_close((uv_handle_t *)&l->timer, NULL);
	if (l->wake.fd >= 0)
		uv_close((uv_handle_t *)&l->wake_poll, NULL);
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
