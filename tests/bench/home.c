#include "home.h"
#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define START_MAX_S 60u

extern char **environ;

static pid_t daemon_pid; /* 0: none */

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

static void program_find(const struct bench *bench, const char *name, char path[BENCH_PATH])
{
	int len = snprintf(path, BENCH_PATH, "%s/%s", bench->bin_dir, name);
	if (len < 0 || len >= BENCH_PATH || access(path, X_OK) != 0)
		bench_die("%s: not there (see --bin)", path);
}

void home_make(const struct bench *bench, struct home *home)
{
	struct paths_error error;
	program_find(bench, "tuyau", home->tuyau);
	program_find(bench, "tuyaud", home->tuyaud);
	bench_dir_make(bench, home->dir);
	if (paths_find(home->dir, &home->paths, &error) != 0 ||
	    paths_create(&home->paths, &error) != 0)
		bench_die("%s: %s", error.code, error.message);
	home->keys = identity_make(&home->paths);
}

void home_remove(struct home *home)
{
	keys_close(home->keys);
	bench_dir_remove(home->dir);
}

double home_tuyau_run(const struct home *home, const char *const words[HOME_WORDS],
                      const char *output)
{
	char home_option[] = "--home", no_start[] = "--no-start";
	char *argv[4 + HOME_WORDS + 1] = { (char *)(uintptr_t)home->tuyau, home_option,
		                           (char *)(uintptr_t)home->dir, no_start };
	for (size_t i = 0; i < HOME_WORDS && words[i] != NULL; i++)
		argv[4 + i] = (char *)(uintptr_t)words[i];
	return bench_process_run_us(argv, output);
}

void home_daemon_stop(void)
{
	int status;
	if (daemon_pid == 0)
		return;
	(void)kill(daemon_pid, SIGTERM);
	(void)waitpid(daemon_pid, &status, 0);
	daemon_pid = 0;
}

pid_t home_daemon_start(const struct home *home, const char *listen)
{
	static const struct timespec step = { 0, 5 * 1000000 };
	static const char *const status[HOME_WORDS] = { "status" };
	static int registered;
	char home_option[] = "--home", listen_option[] = "--listen", no_lan[] = "--no-lan";
	char foreground[] = "--foreground", log[] = "--log", level[] = "unusual";
	char *argv[] = { (char *)(uintptr_t)home->tuyaud,
		         home_option,
		         (char *)(uintptr_t)home->dir,
		         listen_option,
		         (char *)(uintptr_t)listen,
		         no_lan,
		         foreground,
		         log,
		         level,
		         NULL };
	if (!registered && atexit(home_daemon_stop) != 0)
		bench_die("cannot begin");
	registered = 1;
	uint64_t begun = bench_now_ns();
	int bad = posix_spawn(&daemon_pid, home->tuyaud, NULL, NULL, argv, environ);
	if (bad != 0)
		bench_die("%s: %s", home->tuyaud, strerror(bad));
	while (home_tuyau_run(home, status, NULL) < 0) {
		if (bench_now_ns() - begun > START_MAX_S * 1000000000ull)
			bench_die("tuyaud does not answer");
		(void)nanosleep(&step, NULL);
	}
	bench_row("tuyaud answers after", "%.0f ms", (double)(bench_now_ns() - begun) / 1e6);
	return daemon_pid;
}
