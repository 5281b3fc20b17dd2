/* One hop: from giving an entry here to its being durable there, one at a time; then how much two
 * nodes that hold the same say when they meet again. */
#include "bench.h"
#include "fill.h"
#include "host.h"
#include "tips.h"
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define HOPS       1000u
#define WAIT_MAX_S 30
#define QUIET_MS   500

struct end {
	sem_t up;     /* a link stands */
	sem_t down;   /* it is gone */
	sem_t stored; /* an entry of the other is durable */
	uint64_t stored_ns;
	struct host *host;
	char dir[BENCH_PATH];
};

struct giving {
	uint32_t number;
	uint64_t begun_ns;
};

static void on_tell(void *context, const struct tuy_tell *tell)
{
	struct end *end = context;
	if (tell->kind == TUY_TELL_LINK_UP)
		(void)sem_post(&end->up);
	if (tell->kind == TUY_TELL_LINK_DOWN)
		(void)sem_post(&end->down);
	if (tell->kind != TUY_TELL_ENTRIES)
		return;
	end->stored_ns = bench_now_ns();
	(void)sem_post(&end->stored);
}

static void await(sem_t *sem, const char *what)
{
	struct timespec until;
	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += WAIT_MAX_S;
	if (sem_timedwait(sem, &until) != 0)
		bench_die("hop: %s: not after %d s", what, WAIT_MAX_S);
}

static void end_start(struct end *end, const struct person *person, enum host_listen listen)
{
	end->host = host_start(&(struct host_options){ .dir = end->dir,
	                                               .person = person,
	                                               .index = WRITER_WORDS,
	                                               .listen = listen,
	                                               .on_tell = on_tell,
	                                               .context = end });
}

static void end_fill(const struct bench *bench, struct end *end, const struct people *people,
                     uint32_t person, const struct tuy_address *friend_address)
{
	bench_dir_make(bench, end->dir);
	struct fill *fill = fill_open(end->dir, &people->person[person].keys, WRITER_WORDS);
	fill_circle(fill, people);
	if (friend_address != NULL)
		fill_address(fill, &people->person[0], friend_address);
	fill_close(fill);
	(void)sem_init(&end->up, 0, 0);
	(void)sem_init(&end->down, 0, 0);
	(void)sem_init(&end->stored, 0, 0);
}

static void give(void *context, struct tuy_node *node, struct tuy_now now)
{
	struct giving *giving = context;
	struct tuy_appended appended;
	uint8_t buffer[TIP_RECORD_MAX];
	struct tip tip;
	tip_invent(&tip, giving->number);
	struct tuy_bytes record = tip_write(&tip, buffer);
	giving->begun_ns = bench_now_ns();
	enum tuy_err err = tuy_node_append(node, now, 0, record, 0, &appended);
	if (err != TUY_OK)
		bench_die("hop: cannot append: %s", tuy_err_name(err));
}

static void progress_ask(void *context, struct tuy_node *node, struct tuy_now now)
{
	(void)now;
	*(struct tuy_progress *)context = tuy_node_progress(node, 0);
}

static uint64_t bytes_both(struct host *host)
{
	struct host_figures figures = host_figures(host);
	return figures.bytes_in + figures.bytes_out;
}

/* Waits until nothing more is said. */
static void quiet_await(struct host *host)
{
	static const struct timespec step = { 0, 50 * 1000000 };
	uint64_t before = bytes_both(host);
	for (int quiet_ms = 0, ms = 0; quiet_ms < QUIET_MS; quiet_ms += 50, ms += 50) {
		(void)nanosleep(&step, NULL);
		if (bytes_both(host) != before)
			quiet_ms = 0;
		before = bytes_both(host);
		if (ms > WAIT_MAX_S * 1000)
			bench_die("hop: the link does not become quiet");
	}
}

static void hops_measure(const struct bench *bench, struct end *giver, struct end *taker)
{
	static double us[HOPS];
	struct giving giving;
	for (uint32_t i = 0; i < HOPS; i++) {
		giving.number = i;
		host_call(giver->host, give, &giving);
		await(&taker->stored, "an entry");
		us[i] = (double)(taker->stored_ns - giving.begun_ns) / 1000;
	}
	double p50 = bench_percentile(us, HOPS, 50);
	double commit_us = 1e6 / limit_get(bench, LIMIT_COMMIT_PER_S);
	bench_row("append to far commit", "%.0f us p50, %.0f us p99; p50 = %.2f x two LMDB commits",
	          p50, bench_percentile(us, HOPS, 99), p50 / (2 * commit_us));
}

/* The taker goes and comes back. */
static void reconnect_measure(struct end *giver, struct end *taker, const struct people *people)
{
	struct tuy_progress progress;
	quiet_await(giver->host);
	host_stop(taker->host);
	await(&giver->down, "a goodbye");
	uint64_t before = bytes_both(giver->host);
	end_start(taker, &people->person[1], HOST_CALLS_ONLY);
	await(&taker->up, "a link");
	quiet_await(giver->host);
	host_call(taker->host, progress_ask, &progress);
	uint64_t after = bytes_both(giver->host);
	if (!progress.in_sync || progress.have != HOPS)
		bench_die("hop: not in sync after reconnecting");
	bench_row("reconnect in sync", "%llu B, both directions, one circle (want <= 360)",
	          (unsigned long long)(after - before));
}

void hop_run(const struct bench *bench)
{
	static struct people people;
	static struct end giver, taker;
	people_invent(&people, 0, 2);
	people_found(&people);
	end_fill(bench, &giver, &people, 0, NULL);
	end_start(&giver, &people.person[0], HOST_LISTENS);
	struct tuy_address address = host_address(giver.host);
	end_fill(bench, &taker, &people, 1, &address);
	end_start(&taker, &people.person[1], HOST_CALLS_ONLY);
	await(&taker.up, "a link");
	await(&giver.up, "a link");

	bench_title("hop: %u entries, one at a time, durable at both ends, with words", HOPS);
	bench_row("limits", "LMDB commit %.0f us, fdatasync %.0f us, Unix round trip %.0f us",
	          1e6 / limit_get(bench, LIMIT_COMMIT_PER_S),
	          1e6 / limit_get(bench, LIMIT_DATASYNC_PER_S),
	          limit_get(bench, LIMIT_ROUND_TRIP_US));
	hops_measure(bench, &giver, &taker);
	reconnect_measure(&giver, &taker, &people);
	host_stop(taker.host);
	host_stop(giver.host);
	bench_dir_remove(taker.dir);
	bench_dir_remove(giver.dir);
}
