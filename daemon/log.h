/*
 * The log: one line an event, `level module key=value ...`, to stderr until log_open said where.
 * Levels say whose fault it is. Never a tip's text, a name or a key, unless a hook prints one: a
 * peer is the first four bytes of its device id.
 *
 * Thread rule: any thread; a line is written with one write. log_open and log_level_set before
 * other threads begin.
 */
#ifndef LOG_H
#define LOG_H

#include "../proto/types.h"

enum log_level {
	LOG_BROKEN,  /* our mistake */
	LOG_UNUSUAL, /* theirs: a peer's, a file's, the world's; repeated ones are counted */
	LOG_INFO,
	LOG_DEBUG,
};

void log_level_set(enum log_level level);
enum log_level log_level_now(void);
/* "broken", "unusual", "info", "debug"; -1 if it is none. */
int log_level_named(const char *name);

/*
 * Appends to the file at `path` from now on (0600), each line with its time in front. A file over
 * 4 MiB is put aside first as PATH.old. Returns the file's descriptor, or -1 with errno: then the
 * log stays where it was.
 */
int log_open(const char *path);

/*
 * Writes one line; `what` is a printf format of `key=value` pairs separated by a blank, a literal.
 * `unusual` lines of the same format beyond 10 a minute are counted, and their number is told once
 * the minute is over and something is logged.
 */
void log_line(enum log_level level, const char *module, const char *what, ...)
	__attribute__((format(printf, 3, 4)));

/* How a device stands in the log: 8 hex digits and NUL. */
struct log_name {
	char text[9];
};
struct log_name log_peer(const struct tuy_device *device);

struct store_error;
/* Fills an error for people, in the language of who started the daemon; `code`, `hint` and
 * `message` are literals, in English. Returns -1, for `return log_error_set(...)`. */
int log_error_set(struct store_error *error, const char *code, const char *hint,
                  const char *message, ...) __attribute__((format(printf, 4, 5)));

#endif
