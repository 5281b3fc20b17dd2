/* What the machine can do by itself: the measure for everything else. */
#include "bench.h"
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <pthread.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SLICES         5
#define SLICE_NS       (80ull * 1000 * 1000)
#define MAP_LEN        ((size_t)256 << 20)
#define ROW_LEN        380
#define BATCHES        100
#define BATCH_ROWS     1000
#define COMMITS        400
#define DATASYNCS      400
#define ROUND_TRIPS    5000
#define ROUND_TRIP_LEN 64
#define PROCESSES      200

static struct {
	bool known;
	double value;
} measured[LIMIT_COUNT];

static void keep(enum limit limit, double value)
{
	measured[limit].known = true;
	measured[limit].value = value;
}

/* ---- arithmetic ---- */

struct material {
	uint8_t pk[32], sk[64], sig[64];
	uint8_t message[512];
	uint8_t out[512 + crypto_aead_xchacha20poly1305_ietf_ABYTES];
};

static void do_verify(struct material *m)
{
	if (crypto_sign_verify_detached(m->sig, m->message, 100, m->pk) != 0)
		bench_die("a good signature was refused");
}

static void do_sign(struct material *m)
{
	(void)crypto_sign_detached(m->out, NULL, m->message, 100, m->sk);
}

static void do_hash(struct material *m)
{
	(void)crypto_generichash(m->out, 32, m->message, 350, NULL, 0);
}

static void do_seal(struct material *m)
{
	(void)crypto_aead_xchacha20poly1305_ietf_encrypt(m->out, NULL, m->message, 512, NULL, 0,
	                                                 NULL, m->pk, m->sk);
}

/* The best of some slices: what disturbs only takes away. */
static double per_s(void (*work)(struct material *), struct material *m)
{
	double best = 0;
	for (int i = 0; i < SLICES; i++) {
		uint64_t begun = bench_now_ns(), now = begun;
		uint64_t count = 0;
		while (now - begun < SLICE_NS) {
			for (int k = 0; k < 16; k++)
				work(m);
			count += 16;
			now = bench_now_ns();
		}
		double rate = (double)count * 1e9 / (double)(now - begun);
		if (rate > best)
			best = rate;
	}
	return best;
}

static void arithmetic_measure(enum limit limit)
{
	static const uint8_t seed[32] = { 1 };
	static void (*const work[])(struct material *) = {
		[LIMIT_VERIFY_PER_S] = do_verify,
		[LIMIT_SIGN_PER_S] = do_sign,
		[LIMIT_HASH_PER_S] = do_hash,
		[LIMIT_SEAL_PER_S] = do_seal,
	};
	struct material m;
	memset(&m, 0x5a, sizeof m);
	(void)crypto_sign_seed_keypair(m.pk, m.sk, seed);
	(void)crypto_sign_detached(m.sig, NULL, m.message, 100, m.sk);
	keep(limit, per_s(work[limit], &m));
}

/* ---- disk ---- */

static MDB_env *env_open(const char *dir, MDB_dbi *dbi)
{
	MDB_env *env;
	MDB_txn *txn;
	int rc = mdb_env_create(&env);
	if (rc == 0)
		rc = mdb_env_set_mapsize(env, MAP_LEN);
	if (rc == 0)
		rc = mdb_env_open(env, dir, 0, 0600);
	if (rc == 0)
		rc = mdb_txn_begin(env, NULL, 0, &txn);
	if (rc == 0)
		rc = mdb_dbi_open(txn, NULL, 0, dbi);
	if (rc == 0)
		rc = mdb_txn_commit(txn);
	if (rc != 0)
		bench_die("%s: %s", dir, mdb_strerror(rc));
	return env;
}

/* One durable commit of `rows` rows behind the `*key` that are there. */
static void rows_commit(MDB_env *env, MDB_dbi dbi, uint64_t *key, uint32_t rows)
{
	uint8_t value[ROW_LEN] = { 0x5a };
	MDB_txn *txn;
	int rc = mdb_txn_begin(env, NULL, 0, &txn);
	for (uint32_t i = 0; i < rows && rc == 0; i++) {
		uint64_t big_endian = __builtin_bswap64((*key)++);
		MDB_val k = { sizeof big_endian, &big_endian };
		MDB_val v = { sizeof value, value };
		rc = mdb_put(txn, dbi, &k, &v, MDB_APPEND);
	}
	if (rc == 0)
		rc = mdb_txn_commit(txn);
	if (rc != 0)
		bench_die("LMDB: %s", mdb_strerror(rc));
}

static void lmdb_measure(const struct bench *bench)
{
	char dir[BENCH_PATH];
	uint64_t key = 0;
	MDB_dbi dbi;
	bench_dir_make(bench, dir);
	MDB_env *env = env_open(dir, &dbi);
	uint64_t begun = bench_now_ns();
	for (int i = 0; i < BATCHES; i++)
		rows_commit(env, dbi, &key, BATCH_ROWS);
	uint64_t middle = bench_now_ns();
	for (int i = 0; i < COMMITS; i++)
		rows_commit(env, dbi, &key, 1);
	uint64_t ended = bench_now_ns();
	mdb_env_close(env);
	bench_dir_remove(dir);
	keep(LIMIT_PUT_PER_S, (double)BATCHES * BATCH_ROWS * 1e9 / (double)(middle - begun));
	keep(LIMIT_COMMIT_PER_S, COMMITS * 1e9 / (double)(ended - middle));
}

static void datasync_measure(const struct bench *bench)
{
	static const uint8_t page[4096] = { 0x5a };
	char dir[BENCH_PATH];
	char path[BENCH_PATH + 8];
	bench_dir_make(bench, dir);
	(void)snprintf(path, sizeof path, "%s/file", dir);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || posix_fallocate(fd, 0, sizeof page * DATASYNCS) != 0 || fsync(fd) != 0)
		bench_die("%s: %s", path, strerror(errno));
	uint64_t begun = bench_now_ns();
	for (off_t i = 0; i < DATASYNCS; i++)
		if (pwrite(fd, page, sizeof page, i * (off_t)sizeof page) != sizeof page ||
		    fdatasync(fd) != 0)
			bench_die("%s: %s", path, strerror(errno));
	uint64_t ended = bench_now_ns();
	(void)close(fd);
	bench_dir_remove(dir);
	keep(LIMIT_DATASYNC_PER_S, DATASYNCS * 1e9 / (double)(ended - begun));
}

/* ---- sockets and processes ---- */

static bool message_pass(int fd, bool send_first)
{
	uint8_t bytes[ROUND_TRIP_LEN] = { 0x5a };
	bool fine = !send_first || send(fd, bytes, sizeof bytes, 0) == sizeof bytes;
	fine = fine && recv(fd, bytes, sizeof bytes, MSG_WAITALL) == sizeof bytes;
	return fine && (send_first || send(fd, bytes, sizeof bytes, 0) == sizeof bytes);
}

static void *echo_main(void *arg)
{
	while (message_pass(*(int *)arg, false))
		;
	return NULL;
}

static void round_trip_measure(void)
{
	static double us[ROUND_TRIPS];
	pthread_t thread;
	int fd[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) != 0 ||
	    pthread_create(&thread, NULL, echo_main, &fd[1]) != 0)
		bench_die("no socket pair, or no thread");
	for (int i = 0; i < ROUND_TRIPS; i++) {
		uint64_t begun = bench_now_ns();
		if (!message_pass(fd[0], true))
			bench_die("a socket pair broke");
		us[i] = (double)(bench_now_ns() - begun) / 1000;
	}
	(void)close(fd[0]);
	(void)pthread_join(thread, NULL);
	(void)close(fd[1]);
	keep(LIMIT_ROUND_TRIP_US, bench_percentile(us, ROUND_TRIPS, 50));
}

static void process_measure(void)
{
	static double us[PROCESSES];
	char program[] = "/bin/true";
	char *argv[] = { program, NULL };
	for (int i = 0; i < PROCESSES; i++) {
		us[i] = bench_process_run_us(argv, NULL);
		if (us[i] < 0)
			bench_die("%s does not run", program);
	}
	keep(LIMIT_PROCESS_P50_US, bench_percentile(us, PROCESSES, 50));
	keep(LIMIT_PROCESS_P99_US, bench_percentile(us, PROCESSES, 99));
}

/* ---- public ---- */

double limit_get(const struct bench *bench, enum limit limit)
{
	if (!measured[limit].known)
		switch (limit) {
		case LIMIT_VERIFY_PER_S:
		case LIMIT_SIGN_PER_S:
		case LIMIT_HASH_PER_S:
		case LIMIT_SEAL_PER_S:
			arithmetic_measure(limit);
			break;
		case LIMIT_PUT_PER_S:
		case LIMIT_COMMIT_PER_S:
			lmdb_measure(bench);
			break;
		case LIMIT_DATASYNC_PER_S:
			datasync_measure(bench);
			break;
		case LIMIT_ROUND_TRIP_US:
			round_trip_measure();
			break;
		case LIMIT_PROCESS_P50_US:
		case LIMIT_PROCESS_P99_US:
			process_measure();
			break;
		case LIMIT_COUNT:
			break;
		}
	return measured[limit].value;
}

void limits_run(const struct bench *bench)
{
	static const struct {
		enum limit limit;
		const char *name;
	} rates[] = {
		{ LIMIT_VERIFY_PER_S, "Ed25519 verify" },
		{ LIMIT_SIGN_PER_S, "Ed25519 sign" },
		{ LIMIT_HASH_PER_S, "BLAKE2b-256, 350 B" },
		{ LIMIT_SEAL_PER_S, "XChaCha20-Poly, 512 B" },
		{ LIMIT_PUT_PER_S, "LMDB put, 1000 a commit" },
		{ LIMIT_COMMIT_PER_S, "LMDB commit of one row" },
		{ LIMIT_DATASYNC_PER_S, "4 KiB and fdatasync" },
	};
	bench_title("limits: this machine by itself (disk: %s)", bench->dir);
	for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
		double rate = limit_get(bench, rates[i].limit);
		bench_row(rates[i].name, "%10.0f /s %10.2f us", rate, 1e6 / rate);
	}
	double us = limit_get(bench, LIMIT_ROUND_TRIP_US);
	bench_row("Unix socket round trip", "%10.0f /s %10.2f us p50", 1e6 / us, us);
	bench_row("process (/bin/true)", "%24.0f us p50, %.0f us p99",
	          limit_get(bench, LIMIT_PROCESS_P50_US), limit_get(bench, LIMIT_PROCESS_P99_US));
}
