#include "log.h"
#include "../proto/err.h"
#include "../proto/text.h"
#include "lang.h"
#include "store.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_LEN  1024
#define FILE_MAX      (4 * 1024 * 1024)
#define REPEATS_MAX   32 /* formats counted at once; the oldest one makes room */
#define REPEATS_SHOWN 10
#define REPEATS_MS    60000

struct repeat {
	const char *module;
	const char *what; /* the literal's address is its name */
	uint64_t begun_ms;
	uint64_t count;
};

static pthread_mutex_t log_mutex = PTHREAD_MUTEX_INITIALIZER;
static enum log_level log_level_max = LOG_INFO;
static int log_fd = STDERR_FILENO;
static struct repeat log_repeats[REPEATS_MAX];

static const char *const level_names[] = { "broken", "unusual", "info", "debug" };

static uint64_t clock_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* The time and a blank when the log is a file; a terminal and the journal have their own. */
static size_t stamp(char out[LINE_MAX_LEN])
{
	time_t t = time(NULL);
	struct tm tm;
	if (log_fd == STDERR_FILENO || !gmtime_r(&t, &tm))
		return 0;
	return strftime(out, LINE_MAX_LEN, "%Y-%m-%dT%H:%M:%SZ ", &tm);
}

/* One write; what the disk does not take is lost, the daemon goes on. */
static void put(const char line[LINE_MAX_LEN], size_t len)
{
	char clean[3 * LINE_MAX_LEN];
	struct tuy_bytes text = { (const uint8_t *)line,
		                  len < LINE_MAX_LEN - 1 ? len : LINE_MAX_LEN - 1 };
	tuy_text_scrub(text, TUY_TEXT_ONE_LINE, (uint8_t *)clean, sizeof(clean) - 1, &len);
	clean[len] = '\n';
	ssize_t n = write(log_fd, clean, len + 1);
	(void)n;
}

static void repeat_tell(const struct repeat *r)
{
	if (r->count <= REPEATS_SHOWN)
		return;
	char line[LINE_MAX_LEN];
	size_t len = stamp(line);
	int n = snprintf(line + len, sizeof(line) - len, "unusual %s repeated=%llu like=\"%s\"",
	                 r->module, (unsigned long long)(r->count - REPEATS_SHOWN), r->what);
	put(line, len + (n > 0 ? (size_t)n : 0));
}

/* Closes the minutes that are over; true if this line is to be shown. */
static bool repeat_count(enum log_level level, const char *module, const char *what)
{
	uint64_t now = clock_ms();
	struct repeat *mine = NULL;
	struct repeat *oldest = &log_repeats[0];
	for (struct repeat *r = log_repeats; r < log_repeats + REPEATS_MAX; r++) {
		if (r->what && now - r->begun_ms >= REPEATS_MS) {
			repeat_tell(r);
			*r = (struct repeat){ 0 };
		}
		if (r->what == what)
			mine = r;
		if (r->begun_ms < oldest->begun_ms)
			oldest = r;
	}
	if (level != LOG_UNUSUAL)
		return true;
	if (!mine) {
		repeat_tell(oldest);
		*oldest = (struct repeat){ module, what, now, 0 };
		mine = oldest;
	}
	return ++mine->count <= REPEATS_SHOWN;
}

static void line_write(enum log_level level, const char *module, const char *what, va_list args)
{
	char line[LINE_MAX_LEN];
	size_t len = stamp(line);
	int n = snprintf(line + len, sizeof(line) - len, "%s %s ", level_names[level], module);
	len += n > 0 ? (size_t)n : 0;
	n = vsnprintf(line + len, sizeof(line) - len, what, args);
	len += n > 0 ? (size_t)n : 0;
	put(line, len);
}

void log_level_set(enum log_level level)
{
	log_level_max = level;
}

enum log_level log_level_now(void)
{
	return log_level_max;
}

int log_level_named(const char *name)
{
	for (int i = 0; i < (int)(sizeof(level_names) / sizeof(level_names[0])); i++)
		if (strcmp(name, level_names[i]) == 0)
			return i;
	return -1;
}

int log_open(const char *path)
{
	struct stat st;
	char aside[4096];
	int n = snprintf(aside, sizeof(aside), "%s.old", path);
	if (n > 0 && (size_t)n < sizeof(aside) && lstat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_size > FILE_MAX && rename(path, aside) != 0)
		return -1;
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
	              0600);
	if (fd < 0)
		return -1;
	log_fd = fd;
	return fd;
}

void log_line(enum log_level level, const char *module, const char *what, ...)
{
	if (level > log_level_max)
		return;
	va_list args;
	va_start(args, what);
	pthread_mutex_lock(&log_mutex);
	if (repeat_count(level, module, what))
		line_write(level, module, what, args);
	pthread_mutex_unlock(&log_mutex);
	va_end(args);
}

struct log_name log_peer(const struct tuy_device *device)
{
	struct log_name name;
	snprintf(name.text, sizeof(name.text), "%02x%02x%02x%02x", device->b[0], device->b[1],
	         device->b[2], device->b[3]);
	return name;
}

int log_error_set(struct store_error *error, const char *code, const char *hint,
                  const char *message, ...)
{
	va_list args;
	error->code = code;
	snprintf(error->hint, sizeof(error->hint), "%s", lang_text(lang_start(), hint));
	va_start(args, message);
	vsnprintf(error->message, sizeof(error->message), lang_text(lang_start(), message), args);
	va_end(args);
	return -1;
}

/* Without the mutex: the thread that fails may hold it. */
_Noreturn void tuy_require_failed(const char *what, const char *file, int line)
{
	char text[LINE_MAX_LEN];
	int n = snprintf(text, sizeof(text), "broken require file=%s line=%d condition=\"%s\"",
	                 file, line, what);
	put(text, n > 0 ? (size_t)n : 0);
	abort();
}
