/*
 * Where everything of one home lies. With --home or TUYAU_HOME all of it is under one directory,
 * else in the XDG directories. Only text is made here, apart from paths_create.
 *
 * Thread rule: pure but for the environment (paths_find) and the disk (paths_create); any thread.
 */
#ifndef PATHS_H
#define PATHS_H

#include <stddef.h>

#define PATHS_MAX        1024 /* bytes of one path, with its NUL */
#define PATHS_SOCKET_MAX 107  /* bytes of a Unix socket's path, without its NUL (sun_path) */

struct paths {
	char home[PATHS_MAX]; /* empty: XDG directories */
	char config[PATHS_MAX];
	char synonyms[PATHS_MAX]; /* beside it: what means the same, if the owner says so */
	char data_dir[PATHS_MAX]; /* holds identity, lock, port, last and the store */
	char identity[PATHS_MAX];
	char store_dir[PATHS_MAX];
	char lock[PATHS_MAX]; /* held (flock) by the daemon of this home */
	char port[PATHS_MAX]; /* the port chosen at the first start */
	char last[PATHS_MAX]; /* of tuyau: the object shown last */
	char run_dir[PATHS_MAX];
	char socket[PATHS_MAX];
	char log_dir[PATHS_MAX];
	char log[PATHS_MAX];
};

/* An error for people; `code` is static: "T-PATH", "T-SOCKET-PATH", "T-PERMISSION", "T-USAGE". */
struct paths_error {
	const char *code;
	char message[400];
	char hint[200];
};

/*
 * Finds the paths: `home` (may be NULL: then TUYAU_HOME, then XDG). A relative home is taken from
 * the working directory. Refuses paths that are too long ("T-SOCKET-PATH" for the socket's, which
 * libuv would cut short silently) and a user without any home. 0, or -1 with `error`.
 */
int paths_find(const char *home, struct paths *paths, struct paths_error *error);

/* Makes the directories that are missing, each 0700. 0, or -1 with `error` ("T-PATH",
 * "T-PERMISSION"). */
int paths_create(const struct paths *paths, struct paths_error *error);

#endif
