/*
 * The real tuyaud with 32 friends linked: what it takes of memory, and how long a tip of one friend
 * needs through it to another; then the same while one friend never reads and one floods. The
 * flooder is in a circle of two with the daemon: what he gives goes no further, for thirty others
 * would check his signatures on the processor that is measured.
 */
#include "../../daemon/address.h"
#include "bench.h"
#include "fill.h"
#include "home.h"
#include "host.h"
#include "tips.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FRIENDS      32u
#define LOGS_DEFAULT 600u
#define TIPS         500u
#define PAUSE_MS     20 /* between tips */
#define WAIT_MAX_S   60
#define SETTLE_MS    3000
#define FLOOD_WINDOW 2048u /* entries that the flooder has under way */
#define FLOOD_TICK   64u   /* and so many at most each millisecond */
#define LISTEN_TEXT  32

/* Friends by their place; person 0 is the daemon's owner, friend i is person i + 1. */
enum { GIVER, TAKER, STALLER, FLOODER };

struct friend
{
	struct host *host;
	struct person person;
	struct phantom_contents contents;
	sem_t up;
	sem_t came; /* entries of somebody else */
	uint32_t giver_log;
	uint64_t came_ns;
	/* of the flooder's thread */
	atomic_int floods;
	int is_nice;
	struct tuy_appended newest;
	uint32_t under_way;
	uint64_t number;
	_Atomic uint64_t given;
};

struct crowd {
	const struct bench *bench;
	struct home home;
	pid_t pid;
	struct people people;
	struct people two;  /* the daemon's owner and the flooder */
	uint32_t log_count; /* of the first circle */
	struct tuy_log_state logs[FILL_LOGS_MAX];
	struct tuy_address address;
	uint8_t address_record[TUY_ADDRESS_RECORD_MAX];
	size_t address_len;
	struct friend friend[FRIENDS];
};

/* ---- the daemon ---- */

static struct tuy_bytes record_of(void *context, uint32_t log_no, uint32_t i, uint8_t *buffer)
{
	struct tip tip;
	(void)context;
	tip_invent(&tip, ((uint64_t)log_no << 32) + i);
	return tip_write(&tip, buffer);
}

/* Full of everybody's logs: each person has had several incarnations. */
static void store_fill(struct crowd *crowd)
{
	struct people *people = &crowd->people;
	uint64_t begun_ns = bench_now_ns();
	struct fill *fill =
		fill_open(crowd->home.paths.store_dir, &crowd->home.keys->device, WRITER_WORDS);
	people->person[0].keys = crowd->home.keys->device;
	people->person[0].cert = crowd->home.keys->cert;
	people->person[0].incarnation = *fill_incarnation(fill);
	people_invent(people, 1, PEOPLE_MAX);
	people_found(people);
	fill_circle(fill, people);
	for (uint32_t i = 0; i < crowd->log_count; i++) {
		fill_log(fill, people, i, i % PEOPLE_MAX, i / PEOPLE_MAX);
		(void)fill_entries(fill, people, i, crowd->bench->entry_count / crowd->log_count,
		                   record_of, NULL);
		crowd->logs[i] = fill_log_state(fill, i);
	}
	crowd->two.circle_no = 1;
	crowd->two.count = 2;
	crowd->two.person[0] = people->person[0];
	crowd->two.person[1] = people->person[FLOODER + 1];
	people_found(&crowd->two);
	fill_circle(fill, &crowd->two);
	fill_close(fill);
	bench_row("filled", "%.1f s", (double)(bench_now_ns() - begun_ns) / 1e9);
}

/* A port that is free now. */
static void address_choose(struct crowd *crowd)
{
	union address_socket at = { .in = { .sin_family = AF_INET } };
	socklen_t len = sizeof at.in;
	at.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	if (fd < 0 || bind(fd, &at.any, len) != 0 || getsockname(fd, &at.any, &len) != 0)
		bench_die("crowd: no free port");
	(void)close(fd);
	crowd->address = address_of_socket(&at);
	struct tuy_address_record record = { .device = crowd->home.keys->device.device,
		                             .counter = 1,
		                             .count = 1,
		                             .address = { crowd->address } };
	tuy_require(tuy_address_record_create(crowd->home.keys->device.sign_sk, &record,
	                                      crowd->address_record, sizeof crowd->address_record,
	                                      &crowd->address_len) == TUY_OK);
}

/* Memory of the daemon that is no file's, so without LMDB's map: now, or its name's line. */
static double memory_mib(const struct crowd *crowd)
{
	char path[64];
	char line[256];
	unsigned long long kib = 0;
	(void)snprintf(path, sizeof path, "/proc/%ld/status", (long)crowd->pid);
	FILE *file = fopen(path, "re");
	while (file != NULL && fgets(line, sizeof line, file) != NULL)
		if (sscanf(line, "RssAnon: %llu", &kib) == 1)
			break;
	if (file != NULL)
		(void)fclose(file);
	if (kib == 0)
		bench_die("crowd: tuyaud is gone");
	return (double)kib / 1024;
}

/* ---- friends ---- */

static void on_tell(void *context, const struct tuy_tell *tell)
{
	struct friend *f = context;
	if (tell->kind == TUY_TELL_LINK_UP)
		(void)sem_post(&f->up);
	if (tell->kind != TUY_TELL_ENTRIES || tell->log_no != f->giver_log)
		return;
	f->came_ns = bench_now_ns();
	(void)sem_post(&f->came);
}

/* Gives as long as not more than a window of it waits for the daemon's word that it has it. */
static void on_flood(void *context, struct tuy_node *node, struct tuy_now now)
{
	struct friend *f = context;
	uint8_t buffer[TIP_RECORD_MAX];
	struct tip tip;
	if (!f->is_nice) { /* his work would be another machine's; chrt is not for him */
		const struct sched_param none = { 0 };
		(void)sched_setscheduler(0, SCHED_OTHER, &none);
		(void)setpriority(PRIO_PROCESS, 0, 19);
		f->is_nice = 1;
	}
	if (f->under_way > 0 && tuy_node_delivery(node, f->newest.log_no, f->newest.seq).have > 0)
		f->under_way = 0;
	for (uint32_t i = 0; i < FLOOD_TICK; i++) {
		if (!atomic_load(&f->floods) || f->under_way >= FLOOD_WINDOW)
			return;
		tip_invent(&tip, ++f->number | (1ull << 62));
		if (tuy_node_append(node, now, 0, tip_write(&tip, buffer), 0, &f->newest) != TUY_OK)
			return;
		f->under_way++;
		atomic_fetch_add(&f->given, 1);
	}
}

static void sem_await(sem_t *sem, const char *what)
{
	struct timespec until;
	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += WAIT_MAX_S;
	if (sem_timedwait(sem, &until) != 0)
		bench_die("crowd: %s: not after %d s", what, WAIT_MAX_S);
}

static void friend_start(struct crowd *crowd, uint32_t i)
{
	struct friend *f = &crowd->friend[i];
	f->person = crowd->people.person[i + 1];
	f->contents = (struct phantom_contents){
		.people = &crowd->people,
		.logs = crowd->logs,
		.log_count = crowd->log_count,
		.address = { crowd->address_record, crowd->address_len },
	};
	if (i == STALLER) { /* he begins anew and asks for everything */
		f->contents.log_count = 0;
		f->person.incarnation.b[14] ^= 1;
	}
	if (i == FLOODER) {
		f->contents.log_count = 0;
		f->contents.people = &crowd->two;
	}
	f->giver_log = GIVER + 1;
	(void)sem_init(&f->up, 0, 0);
	(void)sem_init(&f->came, 0, 0);
	f->host = host_start(
		&(struct host_options){ .phantom = &f->contents,
	                                .person = &f->person,
	                                .manners = i == STALLER ? HOST_STALLS : HOST_READS,
	                                .on_tick = i == FLOODER ? on_flood : NULL,
	                                .on_tell = on_tell,
	                                .context = f });
	sem_await(&f->up, "a link");
}

static void give(void *context, struct tuy_node *node, struct tuy_now now)
{
	struct friend *f = context;
	uint8_t buffer[TIP_RECORD_MAX];
	struct tip tip;
	tip_invent(&tip, ++f->number);
	enum tuy_err err = tuy_node_append(node, now, 0, tip_write(&tip, buffer), 0, &f->newest);
	if (err != TUY_OK)
		bench_die("crowd: cannot append: %s", tuy_err_name(err));
}

/* ---- what is measured ---- */

static void rest(uint32_t ms)
{
	struct timespec t = { ms / 1000, (long)(ms % 1000) * 1000000 };
	(void)nanosleep(&t, NULL);
}

/* Tips from one friend to another, one at a time. Returns p99 in microseconds. */
static double tips_measure(struct crowd *crowd, const char *name)
{
	static double us[TIPS];
	struct friend *giver = &crowd->friend[GIVER];
	struct friend *taker = &crowd->friend[TAKER];
	double most_mib = 0;
	for (uint32_t i = 0; i < TIPS; i++) {
		uint64_t begun_ns = bench_now_ns();
		host_call(giver->host, give, giver);
		sem_await(&taker->came, "a tip");
		us[i] = (double)(taker->came_ns - begun_ns) / 1000;
		double mib = memory_mib(crowd);
		most_mib = mib > most_mib ? mib : most_mib;
		rest(PAUSE_MS);
	}
	double p50 = bench_percentile(us, TIPS, 50);
	double p99 = bench_percentile(us, TIPS, 99);
	bench_row(name, "a tip: %.0f us p50, %.0f us p99; memory beyond the map %.1f MiB at most",
	          p50, p99, most_mib);
	return p99;
}

static void crowd_measure(struct crowd *crowd)
{
	struct friend *flooder = &crowd->friend[FLOODER];
	bench_row("no friend linked", "memory beyond the map %.1f MiB", memory_mib(crowd));
	for (uint32_t i = 0; i < FRIENDS; i++)
		if (i != STALLER && i != FLOODER)
			friend_start(crowd, i);
	rest(SETTLE_MS);
	double idle_us = tips_measure(crowd, "30 quiet friends");
	friend_start(crowd, STALLER);
	double stalled_us = tips_measure(crowd, "and one never reads");
	friend_start(crowd, FLOODER);
	atomic_store(&flooder->floods, 1);
	rest(SETTLE_MS);
	uint64_t given = atomic_load(&flooder->given);
	uint64_t begun_ns = bench_now_ns();
	double flooded_us = tips_measure(crowd, "and one floods");
	double seconds = (double)(bench_now_ns() - begun_ns) / 1e9;
	given = atomic_load(&flooder->given) - given;
	atomic_store(&flooder->floods, 0);
	bench_row("", "flood: %.0f entries/s taken; p99 %.2f x and %.2f x the idle one (want < 2)",
	          (double)given / seconds, stalled_us / idle_us, flooded_us / idle_us);
	bench_row("memory", "%.1f MiB beyond the map in the end (want < 64)", memory_mib(crowd));
	for (uint32_t i = 0; i < FRIENDS; i++)
		host_stop(crowd->friend[i].host);
}

void crowd_run(const struct bench *bench)
{
	static struct crowd crowd;
	char listen[LISTEN_TEXT];
	crowd.bench = bench;
	crowd.log_count = bench->log_count > 0 ? bench->log_count : LOGS_DEFAULT;
	bench_title("crowd: tuyaud with %u friends, %u logs, %u entries", FRIENDS, crowd.log_count,
	            bench->entry_count / crowd.log_count * crowd.log_count);
	home_make(bench, &crowd.home);
	store_fill(&crowd);
	address_choose(&crowd);
	(void)snprintf(listen, sizeof listen, "127.0.0.1:%u", crowd.address.port);
	crowd.pid = home_daemon_start(&crowd.home, listen);
	crowd_measure(&crowd);
	home_daemon_stop();
	home_remove(&crowd.home);
}
