/*
 * One person's directory with an identity, and the real tuyaud and tuyau over it. Any failure ends
 * the program. Thread rule: the main thread; one daemon at a time.
 */
#ifndef HOME_H
#define HOME_H

#include "../../daemon/keys.h"
#include "../../daemon/paths.h"
#include "bench.h"
#include <sys/types.h>

#define HOME_WORDS 3 /* of a command, with its name */

struct home {
	char dir[BENCH_PATH];
	char tuyau[BENCH_PATH];
	char tuyaud[BENCH_PATH];
	struct paths paths;
	struct keys *keys; /* certified; closed by home_remove */
};

/* A new directory, in which somebody is who he is and holds nothing. */
void home_make(const struct bench *bench, struct home *home);

/* Starts tuyaud listening on `listen` ("127.0.0.1:0": any port) and returns when it answers. */
pid_t home_daemon_start(const struct home *home, const char *listen);
/* At the end of the process at the latest. Harmless if none runs. */
void home_daemon_stop(void);

/* Runs `tuyau --home HOME --no-start WORDS...` with its output to a path (NULL: thrown away);
 * microseconds, or -1 if it did not exit with 0. */
double home_tuyau_run(const struct home *home, const char *const words[HOME_WORDS],
                      const char *output);

void home_remove(struct home *home);

#endif
