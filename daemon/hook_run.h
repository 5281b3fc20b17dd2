/*
 * One run of a hook: a process in a session and group of its own, with the event on its standard
 * input, and what it says in the log. After HOOK_LIMIT_MS its group gets SIGTERM, HOOK_GRACE_MS
 * later SIGKILL; when it has ended, what it left in its group is killed. It is run without a shell,
 * in /, with files 0 to 2 and nothing else.
 *
 * Thread rule: the loop thread.
 */
#ifndef HOOK_RUN_H
#define HOOK_RUN_H

#include "../proto/types.h"
#include <uv.h>

#define HOOK_LIMIT_MS    10000
#define HOOK_GRACE_MS    2000
#define HOOK_LINE_MAX    200 /* bytes of a line of its output in the log.. */
#define HOOK_LINES_SHOWN 20  /* ..and lines of a run; the rest is read and counted */

struct hook_run;

struct hook_run_options {
	const char *path;         /* copied, as environment and input are */
	char *const *environment; /* NULL behind the last */
	const char *event;        /* a literal, for the log */
	struct tuy_bytes input;
	/* It has ended and is gone: its exit code (128 and the signal that ended it), or -1: it
	 * could not be begun, as the log says. */
	void (*on_end)(void *context, int code);
	void *context;
};

/* NULL: no memory, or no descriptors, as the log says; on_end is not called. The process is begun
 * on another thread, as that may take long on a busy machine. */
struct hook_run *hook_run_start(uv_loop_t *loop, const struct hook_run_options *options);

/* The daemon ends: SIGTERM now, SIGKILL in a second; on_end is not called any more. */
void hook_run_stop(struct hook_run *run);

#endif
