/* The commands people type most, as whole processes, on a store of many tips. */
#include "../../daemon/keys.h"
#include "../../daemon/paths.h"
#include "bench.h"
#include "fill.h"
#include "tips.h"
#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LOGS        10u
#define RUNS        50u
#define START_MAX_S 60u
#define WORDS       3 /* of a command, with its name */
#define OUTPUT_MAX  65536

extern char **environ;

struct cli {
	const struct bench *bench;
	char home[BENCH_PATH];
	char tuyau[BENCH_PATH];
	char tuyaud[BENCH_PATH];
	struct people people;
	uint32_t entry_count; /* tips */
};

static pid_t daemon_pid; /* 0: none */

static void daemon_stop(void)
{
	int status;
	if (daemon_pid == 0)
		return;
	(void)kill(daemon_pid, SIGTERM);
	(void)waitpid(daemon_pid, &status, 0);
	daemon_pid = 0;
}

/* ---- the home ---- */

static struct tuy_bytes record_of(void *context, uint32_t log_no, uint32_t i, uint8_t *buffer)
{
	struct tip tip;
	(void)context;
	if (log_no == 0 && i == 0)
		return tip_name_write(TUY_RECORD_CIRCLE, "Bench", buffer);
	if (i == (log_no == 0))
		return tip_name_write(TUY_RECORD_PROFILE, "Somebody Invented", buffer);
	tip_invent(&tip, ((uint64_t)log_no << 32) + i);
	return tip_write(&tip, buffer);
}

static struct keys *identity_make(const struct paths *paths)
{
	struct tuy_secret seed;
	struct tuy_recovery_key recovery;
	struct store_error error;
	struct keys *keys;
	if (keys_open(paths->identity, KEYS_CREATE_ABSENT, &keys, &error) != 0)
		bench_die("%s: %s", error.code, error.message);
	randombytes_buf(seed.b, sizeof seed.b);
	tuy_recovery_key_derive(&seed, &recovery);
	struct tuy_cert cert = tuy_cert_create(&recovery, &keys->device);
	if (keys_certify(keys, paths->identity, &cert, &error) != 0)
		bench_die("%s: %s", error.code, error.message);
	return keys;
}

/* A person of a circle of ten, who holds all they ever gave. */
static void home_make(struct cli *cli)
{
	struct paths_error error;
	struct paths paths;
	bench_dir_make(cli->bench, cli->home);
	if (paths_find(cli->home, &paths, &error) != 0 || paths_create(&paths, &error) != 0)
		bench_die("%s: %s", error.code, error.message);
	struct keys *keys = identity_make(&paths);
	struct fill *fill = fill_open(paths.store_dir, &keys->device, WRITER_WORDS);
	cli->people.person[0].keys = keys->device;
	cli->people.person[0].cert = keys->cert;
	cli->people.person[0].incarnation = *fill_incarnation(fill);
	people_invent(&cli->people, 1, LOGS);
	people_found(&cli->people);
	fill_circle(fill, &cli->people);
	uint64_t begun = bench_now_ns();
	for (uint32_t i = 0; i < LOGS; i++) {
		fill_log(fill, &cli->people, i, LOGS);
		/* the names come on top */
		(void)fill_entries(fill, &cli->people, i, cli->entry_count / LOGS + 1 + (i == 0),
		                   record_of, NULL);
	}
	double seconds = (double)(bench_now_ns() - begun) / 1e9;
	fill_close(fill);
	keys_close(keys);
	bench_row("filled", "%.1f s", seconds);
}

/* ---- processes ---- */

/* Runs `tuyau --home HOME --no-start WORDS...` with its output to a path (NULL: thrown away);
 * microseconds or -1. */
static double tuyau_run(struct cli *cli, const char *const words[WORDS], const char *output)
{
	char home_option[] = "--home", no_start[] = "--no-start";
	char *argv[4 + WORDS + 1] = { cli->tuyau, home_option, cli->home, no_start };
	for (size_t i = 0; i < WORDS && words[i] != NULL; i++)
		argv[4 + i] = (char *)(uintptr_t)words[i];
	return bench_process_run_us(argv, output);
}

static void daemon_start(struct cli *cli)
{
	static const struct timespec step = { 0, 5 * 1000000 };
	static const char *const status[WORDS] = { "status" };
	char home_option[] = "--home", listen[] = "--listen", address[] = "127.0.0.1:0";
	char no_lan[] = "--no-lan", foreground[] = "--foreground", log[] = "--log";
	char level[] = "unusual";
	char *argv[] = { cli->tuyaud, home_option, cli->home, listen, address,
		         no_lan,      foreground,  log,       level,  NULL };
	uint64_t begun = bench_now_ns();
	int bad = posix_spawn(&daemon_pid, cli->tuyaud, NULL, NULL, argv, environ);
	if (bad != 0)
		bench_die("%s: %s", cli->tuyaud, strerror(bad));
	while (tuyau_run(cli, status, NULL) < 0) {
		if (bench_now_ns() - begun > START_MAX_S * 1000000000ull)
			bench_die("cli: tuyaud does not answer");
		(void)nanosleep(&step, NULL);
	}
	bench_row("tuyaud answers after", "%.0f ms", (double)(bench_now_ns() - begun) / 1e6);
}

/* ---- what is measured ---- */

/* The i-th of the tips that are looked for: spread over all logs and ages. */
static void tip_choose(const struct cli *cli, uint32_t i, uint32_t *log_no, struct tip *tip)
{
	uint32_t each = cli->entry_count / LOGS;
	*log_no = i % LOGS;
	tip_invent(tip, ((uint64_t)*log_no << 32) + 2 + (uint64_t)i * (each - 2) / RUNS);
}

static double inbox_run(struct cli *cli, uint32_t i, const char *output)
{
	static const char *const words[WORDS] = { "inbox" };
	(void)i;
	return tuyau_run(cli, words, output);
}

static double search_run(struct cli *cli, uint32_t i, const char *output)
{
	struct tip tip;
	uint32_t log_no;
	tip_choose(cli, i, &log_no, &tip);
	const char *words[WORDS] = { "search", tip.search[0], tip.search[1] };
	return tuyau_run(cli, words, output);
}

static double show_run(struct cli *cli, uint32_t i, const char *output)
{
	char id[TUY_OBJECT_TEXT];
	struct tip tip;
	uint32_t log_no;
	tip_choose(cli, i, &log_no, &tip);
	struct tuy_object object =
		tuy_object_id(&cli->people.id, &cli->people.person[log_no].cert.member, &tip.nonce);
	tuy_object_text(&object, id);
	const char *words[WORDS] = { "show", id };
	return tuyau_run(cli, words, output);
}

typedef double command_run(struct cli *cli, uint32_t i, const char *output);

/* What is fast but wrong would be no measure: the first answer must hold `wanted`. */
static void answer_check(struct cli *cli, const char *name, command_run *run, const char *wanted)
{
	static char text[OUTPUT_MAX];
	char path[BENCH_PATH + 16];
	(void)snprintf(path, sizeof path, "%s/answer", cli->home);
	double us = run(cli, 0, path);
	FILE *file = fopen(path, "re");
	text[file == NULL ? 0 : fread(text, 1, sizeof text - 1, file)] = '\0';
	if (file != NULL)
		(void)fclose(file);
	if (us < 0 || strstr(text, wanted) == NULL)
		bench_die("cli: %s does not answer with \"%s\": %.200s", name, wanted, text);
}

static void command_measure(struct cli *cli, const char *name, command_run *run, const char *wanted)
{
	double us[RUNS];
	answer_check(cli, name, run, wanted);
	for (uint32_t i = 0; i < RUNS; i++) {
		us[i] = run(cli, i, NULL);
		if (us[i] < 0)
			bench_die("cli: %s (run %u) failed", name, i);
	}
	double p50 = bench_percentile(us, RUNS, 50);
	bench_row(name, "%.1f ms p50, %.1f ms p99; p50 = %.1f x a bare process", p50 / 1000,
	          bench_percentile(us, RUNS, 99) / 1000,
	          p50 / limit_get(cli->bench, LIMIT_PROCESS_P50_US));
}

static void program_find(const struct bench *bench, const char *name, char path[BENCH_PATH])
{
	int len = snprintf(path, BENCH_PATH, "%s/%s", bench->bin_dir, name);
	if (len < 0 || len >= BENCH_PATH || access(path, X_OK) != 0)
		bench_die("cli: %s: not there (see --bin)", path);
}

void cli_run(const struct bench *bench)
{
	static struct cli cli;
	struct tip first;
	uint32_t log_no;
	cli.bench = bench;
	cli.entry_count = bench->entry_count / LOGS * LOGS;
	program_find(bench, "tuyau", cli.tuyau);
	program_find(bench, "tuyaud", cli.tuyaud);
	if (atexit(daemon_stop) != 0)
		bench_die("cannot begin");
	bench_title("cli: whole processes on a store of %u tips of %u people, %u runs each",
	            cli.entry_count, LOGS, RUNS);
	home_make(&cli);
	daemon_start(&cli);
	bench_row("limits", "bare process %.2f ms p50, %.2f ms p99",
	          limit_get(bench, LIMIT_PROCESS_P50_US) / 1000,
	          limit_get(bench, LIMIT_PROCESS_P99_US) / 1000);
	tip_choose(&cli, 0, &log_no, &first);
	command_measure(&cli, "tuyau inbox", inbox_run, "\t");
	command_measure(&cli, "tuyau search WORD WORD", search_run, "\t");
	command_measure(&cli, "tuyau show ID", show_run, first.title);
	daemon_stop();
	bench_dir_remove(cli.home);
}
