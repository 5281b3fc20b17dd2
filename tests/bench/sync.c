/* The first sync of a newcomer: many logs, one peer who has them all. */
#include "bench.h"
#include "fill.h"
#include "host.h"
#include "tips.h"
#include <malloc.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define LOGS_DEFAULT 10u
#define SAMPLE_MS    10
#define WAIT_MIN_MS  60000u /* and 1 ms an entry */

static const struct {
	enum writer_index index;
	const char *name;
} modes[] = {
	{ WRITER_LOGS_ONLY, "logs only" },
	{ WRITER_OBJECTS, "with objects" },
	{ WRITER_WORDS, "with words" },
};

struct sync {
	const struct bench *bench;
	struct people people;
	char sender_dir[BENCH_PATH];
	struct host *sender;
	uint32_t log_count;
	uint32_t newcomer; /* the person after the authors */
	uint32_t entry_count;
	uint64_t blob_bytes;
	double fill_s;
};

/* What the receiver's thread tells the main one. */
struct arrival {
	uint32_t wanted;
	uint32_t have; /* durable; the receiver's thread */
	uint64_t ended_ns;
	uint64_t ended_cpu_ns; /* of the process */
	sem_t done;
};

struct measured {
	double seconds;
	struct host_figures sender; /* differences */
	struct host_figures receiver;
	uint64_t process_cpu_ns;
	uint64_t memory_kib; /* the most over what was there before the receiver began */
	struct store_stats store;
};

static uint64_t process_cpu_ns(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Resident memory of the process that is no file's: LMDB's map is left out. */
static uint64_t memory_read_kib(void)
{
	char line[256];
	unsigned long long kib = 0;
	FILE *file = fopen("/proc/self/status", "re");
	while (file != NULL && fgets(line, sizeof line, file) != NULL)
		if (sscanf(line, "RssAnon: %llu", &kib) == 1)
			break;
	if (file != NULL)
		(void)fclose(file);
	return kib;
}

static struct tuy_bytes record_of(void *context, uint32_t log_no, uint32_t i, uint8_t *buffer)
{
	struct tip tip;
	(void)context;
	tip_invent(&tip, ((uint64_t)log_no << 32) + i);
	return tip_write(&tip, buffer);
}

static void sender_prepare(struct sync *sync)
{
	const struct person *person = &sync->people.person[0];
	uint64_t begun_ns = bench_now_ns();
	bench_dir_make(sync->bench, sync->sender_dir);
	struct fill *fill = fill_open(sync->sender_dir, &person->keys, WRITER_LOGS_ONLY);
	sync->people.person[0].incarnation = *fill_incarnation(fill);
	fill_circle(fill, &sync->people);
	for (uint32_t i = 0; i < sync->log_count; i++) {
		fill_log(fill, &sync->people, i, i % sync->newcomer, i / sync->newcomer);
		sync->blob_bytes +=
			fill_entries(fill, &sync->people, i, sync->entry_count / sync->log_count,
		                     record_of, NULL);
	}
	fill_close(fill);
	sync->fill_s = (double)(bench_now_ns() - begun_ns) / 1e9;
}

static void on_tell(void *context, const struct tuy_tell *tell)
{
	struct arrival *arrival = context;
	if (tell->kind != TUY_TELL_ENTRIES)
		return;
	arrival->have += tell->count;
	if (arrival->have != arrival->wanted)
		return;
	arrival->ended_ns = bench_now_ns();
	arrival->ended_cpu_ns = process_cpu_ns();
	(void)sem_post(&arrival->done);
}

/* Waits for the end; the most memory in use meanwhile. */
static uint64_t arrival_await(struct arrival *arrival)
{
	uint32_t wait_ms = WAIT_MIN_MS + arrival->wanted;
	uint64_t most = 0;
	for (uint32_t ms = 0; ms < wait_ms; ms += SAMPLE_MS) {
		struct timespec until;
		uint64_t kib = memory_read_kib();
		if (kib > most)
			most = kib;
		(void)clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += SAMPLE_MS * 1000000;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
		if (sem_timedwait(&arrival->done, &until) == 0)
			return most;
	}
	bench_die("sync: not done after %u s", wait_ms / 1000);
}

/* A newcomer who knows the circle and where the sender is, and nothing else. */
static void receiver_prepare(const struct sync *sync, const char *dir)
{
	struct tuy_address address = host_address(sync->sender);
	struct fill *fill =
		fill_open(dir, &sync->people.person[sync->newcomer].keys, WRITER_LOGS_ONLY);
	fill_circle(fill, &sync->people);
	fill_address(fill, &sync->people.person[0], &address);
	fill_close(fill);
}

static struct measured mode_measure(const struct sync *sync, enum writer_index index)
{
	struct arrival arrival = { .wanted = sync->entry_count };
	struct measured m = { 0 };
	char dir[BENCH_PATH];
	bench_dir_make(sync->bench, dir);
	receiver_prepare(sync, dir);
	(void)sem_init(&arrival.done, 0, 0);
	(void)malloc_trim(0);

	struct host_figures before = host_figures(sync->sender);
	uint64_t memory_kib = memory_read_kib();
	uint64_t cpu_ns = process_cpu_ns();
	struct host *receiver =
		host_start(&(struct host_options){ .dir = dir,
	                                           .person = &sync->people.person[sync->newcomer],
	                                           .index = index,
	                                           .on_tell = on_tell,
	                                           .context = &arrival });
	m.memory_kib = arrival_await(&arrival);
	m.memory_kib -= m.memory_kib < memory_kib ? m.memory_kib : memory_kib;
	m.sender = host_figures(sync->sender);
	m.receiver = host_figures(receiver);
	m.store = host_store_stats(receiver);
	m.process_cpu_ns = arrival.ended_cpu_ns - cpu_ns;
	m.seconds = (double)(arrival.ended_ns - m.receiver.connect_ns) / 1e9;
	m.sender.cpu_ns -= before.cpu_ns;
	m.sender.slow_turns -= before.slow_turns;
	host_stop(receiver);
	(void)sem_destroy(&arrival.done);
	bench_dir_remove(dir);
	return m;
}

static void mode_print(const struct sync *sync, const char *name, const struct measured *m)
{
	double count = sync->entry_count;
	double rate = count / m->seconds;
	double sender_us = (double)m->sender.cpu_ns / 1000 / count;
	double receiver_us = (double)m->receiver.cpu_ns / 1000 / count;
	double all_us = (double)m->process_cpu_ns / 1000 / count;
	bench_row(name, "%.0f entries/s = %.2f x verify = %.2f x LMDB put; %.2f s", rate,
	          rate / limit_get(sync->bench, LIMIT_VERIFY_PER_S),
	          rate / limit_get(sync->bench, LIMIT_PUT_PER_S), m->seconds);
	bench_row("", "disk %.0f B/entry; memory beyond the map +%.1f MiB at most",
	          (double)m->store.bytes / count, (double)m->memory_kib / 1024);
	bench_row("",
	          "turns of the loop over %.0f ms: sender %llu, receiver %llu; the longest %.1f "
	          "and %.1f ms",
	          HOST_TURN_US / 1e3, (unsigned long long)m->sender.slow_turns,
	          (unsigned long long)m->receiver.slow_turns, (double)m->sender.worst_turn_us / 1e3,
	          (double)m->receiver.worst_turn_us / 1e3);
	bench_row("", "CPU an entry: sender %.1f us, receiver's loop %.1f us, its writer %.1f us",
	          sender_us, receiver_us, all_us - sender_us - receiver_us);
}

static void wire_print(const struct sync *sync, const struct measured *m)
{
	double count = sync->entry_count;
	double blobs = (double)sync->blob_bytes;
	double there = (double)m->receiver.bytes_in;
	double back = (double)m->receiver.bytes_out;
	bench_row("on the wire", "%.1f B/entry beyond the blob: %.1f there, %.2f back (want <= 70)",
	          (there + back - blobs) / count, (there - blobs) / count, back / count);
}

void sync_run(const struct bench *bench)
{
	static struct sync sync;
	struct measured m = { 0 };
	uint32_t logs = bench->log_count > 0 ? bench->log_count : LOGS_DEFAULT;
	sync = (struct sync){ .bench = bench,
		              .log_count = logs,
		              .newcomer = logs < PEOPLE_MAX ? logs : PEOPLE_MAX - 1,
		              .entry_count = bench->entry_count / logs * logs };
	people_invent(&sync.people, 0, sync.newcomer + 1);
	people_found(&sync.people);
	sender_prepare(&sync);
	sync.sender = host_start(&(struct host_options){ .dir = sync.sender_dir,
	                                                 .person = &sync.people.person[0],
	                                                 .index = WRITER_LOGS_ONLY,
	                                                 .listen = HOST_LISTENS });
	bench_title(
		"sync: %u entries with blobs of %.0f B over %u logs, two nodes over loopback TCP",
		sync.entry_count, (double)sync.blob_bytes / sync.entry_count, logs);
	bench_row("limits", "%.0f verify/s, %.0f LMDB put/s", limit_get(bench, LIMIT_VERIFY_PER_S),
	          limit_get(bench, LIMIT_PUT_PER_S));
	bench_row("the sender's store", "filled in %.1f s", sync.fill_s);
	for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
		m = mode_measure(&sync, modes[i].index);
		mode_print(&sync, modes[i].name, &m);
	}
	wire_print(&sync, &m);
	host_stop(sync.sender);
	bench_dir_remove(sync.sender_dir);
}
