/*
 * tuyau-bench: prints what this build does on this machine, beside what the machine itself can do
 * in the same run. Nothing is asserted about time; what does not work at all ends the run with 1.
 *
 * Thread rule: the main thread, except bench_now_ns and bench_die.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdint.h>

#define BENCH_PATH 512 /* bytes of a path made here, with its NUL */

struct bench {
	uint32_t entry_count; /* of `sync`, `cli`, `crowd`, `missing` */
	uint32_t log_count;   /* of `sync`, `crowd`, `missing` */
	const char *dir;      /* temporary directories are made in it: its disk is measured */
	const char *bin_dir;  /* holds tuyau and tuyaud */
};

/* The benchmarks; each prints its own lines. */
void limits_run(const struct bench *bench);
void sync_run(const struct bench *bench);
void hop_run(const struct bench *bench);
void missing_run(const struct bench *bench);
void crowd_run(const struct bench *bench);
void cli_run(const struct bench *bench);

/* What the machine can do, measured once when first asked for: a second of it, or microseconds
 * where the name says so. */
enum limit {
	LIMIT_VERIFY_PER_S,   /* Ed25519, a message of 100 bytes */
	LIMIT_SIGN_PER_S,     /* the same */
	LIMIT_HASH_PER_S,     /* BLAKE2b-256 of 350 bytes */
	LIMIT_SEAL_PER_S,     /* XChaCha20-Poly1305 of 512 bytes */
	LIMIT_PUT_PER_S,      /* LMDB, 8 + 380 bytes, ascending keys, 1,000 a durable commit */
	LIMIT_COMMIT_PER_S,   /* LMDB, one such row a durable commit */
	LIMIT_DATASYNC_PER_S, /* write of 4 KiB and fdatasync */
	LIMIT_ROUND_TRIP_US,  /* 64 bytes to another thread and back over a Unix socket, p50 */
	LIMIT_PROCESS_P50_US, /* /bin/true, from spawn to wait */
	LIMIT_PROCESS_P99_US,
	LIMIT_COUNT,
};
double limit_get(const struct bench *bench, enum limit limit);

/* Says why and ends the process with 1; temporary directories are removed. */
_Noreturn void bench_die(const char *format, ...) __attribute__((format(printf, 1, 2)));

uint64_t bench_now_ns(void);

/* A new directory in bench->dir, removed at the end of the process at the latest. */
void bench_dir_make(const struct bench *bench, char path[BENCH_PATH]);
void bench_dir_remove(const char *path);

/* Sorts; 0 <= percent <= 100, count > 0. */
double bench_percentile(double *values, uint32_t count, double percent);

/* A headline, and a line below it: what it is, and its figures. */
void bench_title(const char *format, ...) __attribute__((format(printf, 1, 2)));
void bench_row(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Runs a program to its end, with its output and errors written to `output` (a path; NULL: thrown
 * away); microseconds from spawn to wait, or -1 if it did not exit with 0. */
double bench_process_run_us(char *const argv[], const char *output);

#endif
