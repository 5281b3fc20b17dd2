/* Two nodes that hold the same but for one entry meet again: what is said, byte by byte. */
#include "bench.h"
#include "fill.h"
#include "host.h"
#include "tips.h"
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define PEOPLE     10u
#define WAIT_MAX_S 120
#define QUIET_MS   500
#define HANDSHAKE  3 /* messages: the third carries the first HELLO */

struct end {
	struct host *host;
	char dir[BENCH_PATH];
	struct host_trace trace;
	struct host_trace said; /* a copy, before the goodbyes */
	uint32_t arrived_at;    /* the events in the trace when the last entries were durable */
	uint32_t have;          /* entries that came, durable */
	uint32_t wanted;        /* then `done` is posted; 0: never */
	sem_t done;
	sem_t down; /* a link is gone */
};

static void on_tell(void *context, const struct tuy_tell *tell)
{
	struct end *end = context;
	if (tell->kind == TUY_TELL_LINK_DOWN)
		(void)sem_post(&end->down);
	if (tell->kind != TUY_TELL_ENTRIES)
		return;
	end->have += tell->count;
	end->arrived_at = end->trace.count;
	if (end->have == end->wanted)
		(void)sem_post(&end->done);
}

static void await(sem_t *sem, const char *what)
{
	struct timespec until;
	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += WAIT_MAX_S;
	if (sem_timedwait(sem, &until) != 0)
		bench_die("missing: %s: not after %d s", what, WAIT_MAX_S);
}

static struct tuy_bytes record_of(void *context, uint32_t log_no, uint32_t i, uint8_t *buffer)
{
	struct tip tip;
	(void)context;
	tip_invent(&tip, ((uint64_t)log_no << 32) + i);
	return tip_write(&tip, buffer);
}

static void end_start(struct end *end, const struct person *person, enum host_listen listen)
{
	end->trace.count = 0;
	end->host = host_start(&(struct host_options){ .dir = end->dir,
	                                               .person = person,
	                                               .index = WRITER_LOGS_ONLY,
	                                               .listen = listen,
	                                               .trace = &end->trace,
	                                               .on_tell = on_tell,
	                                               .context = end });
}

/* The giver holds all logs but the taker's, and listens; the taker holds his own and knows where
 * the giver is. */
static void ends_prepare(const struct bench *bench, struct people *people, struct end *giver,
                         struct end *taker)
{
	people_invent(people, 0, PEOPLE);
	people_found(people);
	bench_dir_make(bench, giver->dir);
	bench_dir_make(bench, taker->dir);
	struct fill *fill = fill_open(giver->dir, &people->person[0].keys, WRITER_LOGS_ONLY);
	people->person[0].incarnation = *fill_incarnation(fill);
	fill_circle(fill, people);
	for (uint32_t i = 0; i + 1 < PEOPLE; i++) {
		fill_log(fill, people, i, i, 0);
		(void)fill_entries(fill, people, i, bench->entry_count / PEOPLE, record_of, NULL);
	}
	fill_close(fill);
	end_start(giver, &people->person[0], HOST_LISTENS);
	struct tuy_address address = host_address(giver->host);
	fill = fill_open(taker->dir, &people->person[PEOPLE - 1].keys, WRITER_LOGS_ONLY);
	people->person[PEOPLE - 1].incarnation = *fill_incarnation(fill);
	fill_circle(fill, people);
	fill_address(fill, &people->person[0], &address);
	fill_log(fill, people, 0, PEOPLE - 1, 0);
	(void)fill_entries(fill, people, 0, bench->entry_count / PEOPLE, record_of, NULL);
	fill_close(fill);
}

static void give(void *context, struct tuy_node *node, struct tuy_now now)
{
	uint8_t buffer[TIP_RECORD_MAX];
	struct tuy_appended appended;
	struct tip tip;
	tip_invent(&tip, *(const uint64_t *)context);
	enum tuy_err err = tuy_node_append(node, now, 0, tip_write(&tip, buffer), 0, &appended);
	if (err != TUY_OK)
		bench_die("missing: cannot append: %s", tuy_err_name(err));
}

static void trace_copy(void *context, struct tuy_node *node, struct tuy_now now)
{
	struct end *end = context;
	(void)node;
	(void)now;
	end->said = end->trace;
}

static void trace_forget(void *context, struct tuy_node *node, struct tuy_now now)
{
	(void)node;
	(void)now;
	((struct end *)context)->trace.count = 0;
}

/* Waits until nothing more is said. */
static void quiet_await(struct host *host)
{
	static const struct timespec step = { 0, QUIET_MS * 1000000 };
	struct host_figures before;
	struct host_figures after = host_figures(host);
	do {
		before = after;
		(void)nanosleep(&step, NULL);
		after = host_figures(host);
	} while (before.bytes_in != after.bytes_in || before.bytes_out != after.bytes_out);
}

/* ---- the traces ---- */

/* One end's trace while it is read: how long the chain of messages is that led to where it stands,
 * each waiting for the one before. */
struct reading {
	const struct host_trace *trace;
	uint32_t at;
	uint32_t depth;  /* of the last message received */
	size_t received; /* bytes */
	struct {
		size_t end; /* the stream's length after it */
		uint32_t depth;
	} sent[HOST_TRACE_MAX];
	uint32_t sent_count;
};

/* Takes the next event if the other end has sent what it tells of. */
static int reading_step(struct reading *r, const struct reading *other)
{
	if (r->at == r->trace->count)
		return 0;
	size_t len = r->trace->event[r->at].len;
	if (r->trace->event[r->at].what == HOST_SENT) {
		size_t begin = r->sent_count > 0 ? r->sent[r->sent_count - 1].end : 0;
		r->sent[r->sent_count].end = begin + len;
		r->sent[r->sent_count++].depth = r->depth + 1;
	} else {
		uint32_t i = 0;
		while (i < other->sent_count && other->sent[i].end < r->received + len)
			i++;
		if (i == other->sent_count)
			return 0;
		r->received += len;
		if (other->sent[i].depth > r->depth)
			r->depth = other->sent[i].depth;
	}
	r->at++;
	return 1;
}

/* The bytes that an end sent after the handshake. */
static size_t reading_bytes(const struct reading *r)
{
	size_t handshake = 0;
	for (uint32_t i = 0; i < r->sent_count; i++)
		if (r->sent[i].depth <= HANDSHAKE)
			handshake = r->sent[i].end;
	return r->sent[r->sent_count - 1].end - handshake;
}

static void print(const struct end *giver, const struct end *taker)
{
	struct reading g = { .trace = &giver->said };
	struct reading t = { .trace = &taker->said };
	uint32_t arrived = 0; /* the depth of what brought the entry */
	if (giver->said.count > HOST_TRACE_MAX || taker->said.count > HOST_TRACE_MAX)
		bench_die("missing: more was said than is kept");
	for (int moved = 1; moved;) {
		moved = reading_step(&g, &t);
		if (t.at < t.trace->count)
			moved |= reading_step(&t, &g);
		if (t.at == taker->arrived_at)
			arrived = t.depth;
	}
	if (g.at != g.trace->count || t.at != t.trace->count || arrived == 0)
		bench_die("missing: the traces do not fit");
	size_t there = reading_bytes(&t);
	size_t back = reading_bytes(&g);
	bench_row("after the handshake",
	          "%zu B: %zu by who lacks it, %zu by who has it (want <= 2048)", there + back,
	          there, back);
	bench_row("round trips", "%.1f after the handshake until the entry is there (want <= 2)",
	          (double)(arrived - HANDSHAKE) / 2);
}

void missing_run(const struct bench *bench)
{
	static struct people people;
	static struct end giver, taker;
	uint64_t number = UINT64_MAX;
	const struct end *ends[] = { &giver, &taker };
	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
		(void)sem_init((sem_t *)(uintptr_t)&ends[i]->done, 0, 0);
		(void)sem_init((sem_t *)(uintptr_t)&ends[i]->down, 0, 0);
	}
	ends_prepare(bench, &people, &giver, &taker);
	uint32_t held = bench->entry_count / PEOPLE * (PEOPLE - 1);
	taker.wanted = held;
	giver.wanted = bench->entry_count / PEOPLE;
	end_start(&taker, &people.person[PEOPLE - 1], HOST_CALLS_ONLY);
	await(&taker.done, "the first sync");
	await(&giver.done, "the first sync");
	quiet_await(giver.host);
	host_stop(taker.host);
	await(&giver.down, "a goodbye");
	host_call(giver.host, give, &number);
	host_call(giver.host, trace_forget, &giver);
	taker.wanted = taker.have + 1;
	end_start(&taker, &people.person[PEOPLE - 1], HOST_CALLS_ONLY);
	await(&taker.done, "the missing entry");
	quiet_await(giver.host);
	bench_title("missing: one of %u entries, %u devices in the circle, each with its log",
	            taker.have + bench->entry_count / PEOPLE, PEOPLE);
	host_call(giver.host, trace_copy, &giver);
	host_call(taker.host, trace_copy, &taker);
	host_stop(taker.host);
	host_stop(giver.host);
	print(&giver, &taker);
	bench_dir_remove(taker.dir);
	bench_dir_remove(giver.dir);
}
