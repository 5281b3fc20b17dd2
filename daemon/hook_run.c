#include "hook_run.h"
#include "log.h"
#include "../proto/text.h"
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define STOP_MS    1000
#define READ_SIZE  4096
#define DRAIN_SIZE 65536 /* what a pipe holds */

struct hook_run {
	struct hook_run_options options; /* its spans are copies in `room` */
	uv_work_t work;
	uv_signal_t child;
	uv_timer_t timer;
	uv_pipe_t in;
	uv_pipe_t out;
	uv_write_t write;
	int open;     /* handles */
	int child_in; /* the ends of the pipes that the process gets */
	int child_out;
	int error; /* of the begin */
	pid_t pid; /* 0: not begun */
	int code;
	int said; /* the signal that was sent last; 0: none */
	bool running;
	bool stopping;
	size_t line_len;
	uint32_t lines;
	uint64_t unsaid; /* bytes of lines that were not logged */
	uint8_t line[HOOK_LINE_MAX];
	char read[READ_SIZE];
	size_t input_len;
	char *input;
	char *room; /* texts */
	char *environment[];
};

/* ---- what it says ---- */

static void line_end(struct hook_run *run)
{
	char shown[3 * HOOK_LINE_MAX + 1];
	size_t len = 0;
	if (run->line_len == 0)
		return;
	if (run->lines < HOOK_LINES_SHOWN) {
		tuy_text_scrub((struct tuy_bytes){ run->line, run->line_len }, TUY_TEXT_ONE_LINE,
		               (uint8_t *)shown, sizeof shown - 1, &len);
		shown[len] = '\0';
		log_line(LOG_INFO, "hook", "event=%s output=\"%s\"", run->options.event, shown);
		run->lines++;
	} else {
		run->unsaid += run->line_len;
	}
	run->line_len = 0;
}

static void output_take(struct hook_run *run, const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (p[i] == '\n')
			line_end(run);
		else if (run->line_len < HOOK_LINE_MAX)
			run->line[run->line_len++] = (uint8_t)p[i];
		else
			run->unsaid++;
	}
}

static void on_room(uv_handle_t *handle, size_t wanted, uv_buf_t *buf)
{
	struct hook_run *run = handle->data;
	(void)wanted;
	*buf = uv_buf_init(run->read, sizeof run->read);
}

static void on_output(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	if (n > 0)
		output_take(stream->data, buf->base, (size_t)n);
	else if (n < 0)
		uv_read_stop(stream);
}

/* What stands in the pipe when the process has ended. */
static void output_drain(struct hook_run *run)
{
	uv_os_fd_t fd;
	size_t all = 0;
	ssize_t n = 1;
	if (uv_fileno((uv_handle_t *)&run->out, &fd) != 0)
		return;
	while (all < DRAIN_SIZE && (n > 0 || (n < 0 && errno == EINTR))) {
		n = read(fd, run->read, sizeof run->read);
		if (n > 0) {
			output_take(run, run->read, (size_t)n);
			all += (size_t)n;
		}
	}
}

/* ---- its end ---- */

static void run_free(struct hook_run *run)
{
	free(run->room);
	free(run);
}

static void on_closed(uv_handle_t *handle)
{
	struct hook_run *run = handle->data;
	if (--run->open > 0)
		return;
	if (run->options.on_end)
		run->options.on_end(run->options.context, run->code);
	run_free(run);
}

static void handle_close(uv_handle_t *handle)
{
	if (!uv_is_closing(handle))
		uv_close(handle, on_closed);
}

static void run_close(struct hook_run *run)
{
	handle_close((uv_handle_t *)&run->child);
	handle_close((uv_handle_t *)&run->timer);
	handle_close((uv_handle_t *)&run->in);
	handle_close((uv_handle_t *)&run->out);
}

static void group_signal(struct hook_run *run, int number)
{
	run->said = number;
	if (run->running && kill(-run->pid, number) != 0 && errno != ESRCH)
		log_line(LOG_UNUSUAL, "hook", "event=%s what=signal errno=%d", run->options.event,
		         errno);
}

static void end_log(const struct hook_run *run, int status)
{
	const char *event = run->options.event;
	if (run->unsaid > 0)
		log_line(LOG_INFO, "hook", "event=%s what=output_cut bytes=%llu", event,
		         (unsigned long long)run->unsaid);
	if (WIFSIGNALED(status))
		log_line(LOG_UNUSUAL, "hook", "event=%s what=killed signal=%d", event,
		         WTERMSIG(status));
	else if (WEXITSTATUS(status) != 0)
		log_line(LOG_UNUSUAL, "hook", "event=%s what=failed exit=%d", event,
		         WEXITSTATUS(status));
	else
		log_line(LOG_DEBUG, "hook", "event=%s what=done", event);
}

/* Has it ended? Its group is killed before it is waited for: until then its number is its own. */
static void child_look(struct hook_run *run)
{
	siginfo_t info = { 0 };
	int status = 0;
	if (!run->running ||
	    waitid(P_PID, (id_t)run->pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
	    info.si_pid != run->pid)
		return;
	(void)kill(-run->pid, SIGKILL);
	(void)waitpid(run->pid, &status, 0);
	run->running = false;
	output_drain(run);
	line_end(run);
	end_log(run, status);
	run->code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	run_close(run);
}

static void on_child(uv_signal_t *handle, int number)
{
	(void)number;
	child_look(handle->data);
}

static void on_late(uv_timer_t *timer)
{
	struct hook_run *run = timer->data;
	if (run->said != 0) {
		group_signal(run, SIGKILL);
		return;
	}
	log_line(LOG_UNUSUAL, "hook", "event=%s what=late ms=%d", run->options.event,
	         HOOK_LIMIT_MS);
	group_signal(run, SIGTERM);
	int bad = uv_timer_start(timer, on_late, HOOK_GRACE_MS, 0);
	tuy_require(bad == 0);
}

/* ---- its begin ---- */

static void on_written(uv_write_t *write, int status)
{
	struct hook_run *run = write->data;
	(void)status; /* who does not read it has no use for it */
	handle_close((uv_handle_t *)&run->in);
}

static void io_begin(struct hook_run *run)
{
	uv_buf_t input = uv_buf_init(run->input, (unsigned int)run->input_len);
	int bad = uv_read_start((uv_stream_t *)&run->out, on_room, on_output);
	bad |= uv_timer_start(&run->timer, on_late, HOOK_LIMIT_MS, 0);
	tuy_require(bad == 0);
	if (uv_write(&run->write, (uv_stream_t *)&run->in, &input, 1, on_written) != 0)
		handle_close((uv_handle_t *)&run->in);
}

static void stop_begin(struct hook_run *run)
{
	group_signal(run, SIGTERM);
	int bad = uv_timer_start(&run->timer, on_late, STOP_MS, 0);
	tuy_require(bad == 0);
}

/* Signals as a program expects them: none blocked, none ignored. */
static int signals_set(posix_spawnattr_t *attributes)
{
	sigset_t set;
	sigemptyset(&set);
	int bad = posix_spawnattr_setsigmask(attributes, &set);
	sigfillset(&set);
	sigdelset(&set, SIGKILL);
	sigdelset(&set, SIGSTOP);
	bad |= posix_spawnattr_setsigdefault(attributes, &set);
	bad |= posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK |
	                                                    POSIX_SPAWN_SETSIGDEF);
	return bad;
}

/* On a thread of the pool: uv_spawn would keep the loop waiting until the program has begun. */
static void on_spawn(uv_work_t *work)
{
	struct hook_run *run = work->data;
	char *args[] = { (char *)(uintptr_t)run->options.path, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int bad = posix_spawn_file_actions_init(&actions);
	bad |= posix_spawnattr_init(&attributes);
	if (bad == 0) {
		bad = posix_spawn_file_actions_addchdir_np(&actions, "/");
		bad |= posix_spawn_file_actions_adddup2(&actions, run->child_in, STDIN_FILENO);
		bad |= posix_spawn_file_actions_adddup2(&actions, run->child_out, STDOUT_FILENO);
		bad |= posix_spawn_file_actions_adddup2(&actions, run->child_out, STDERR_FILENO);
		bad |= signals_set(&attributes);
		if (bad == 0)
			bad = posix_spawn(&run->pid, run->options.path, &actions, &attributes, args,
			                  run->environment);
		posix_spawn_file_actions_destroy(&actions);
		posix_spawnattr_destroy(&attributes);
	}
	run->error = bad;
}

static void not_begun(const struct hook_run_options *options, int uv_error)
{
	log_line(LOG_UNUSUAL, "hook", "event=%s what=not_begun why=%s", options->event,
	         uv_err_name(uv_error));
}

static void on_spawned(uv_work_t *work, int status)
{
	struct hook_run *run = work->data;
	(void)status; /* it is never cancelled */
	close(run->child_in);
	close(run->child_out);
	if (run->error != 0) {
		not_begun(&run->options, uv_translate_sys_error(run->error));
		run->code = -1;
		run_close(run);
		return;
	}
	run->running = true;
	io_begin(run);
	if (run->stopping)
		stop_begin(run);
	child_look(run); /* it may have ended before its number was known */
}

static void handles_open(struct hook_run *run, uv_loop_t *loop, int in, int out)
{
	int bad = uv_timer_init(loop, &run->timer);
	bad |= uv_signal_init(loop, &run->child);
	bad |= uv_pipe_init(loop, &run->in, 0);
	bad |= uv_pipe_init(loop, &run->out, 0);
	bad |= uv_pipe_open(&run->in, in);
	bad |= uv_pipe_open(&run->out, out);
	run->child.data = run->timer.data = run->in.data = run->out.data = run;
	run->work.data = run->write.data = run;
	run->open = 4;
	bad |= uv_signal_start(&run->child, on_child, SIGCHLD);
	bad |= uv_queue_work(loop, &run->work, on_spawn, on_spawned);
	tuy_require(bad == 0);
}

static char *text_keep(char **room, const char *p, size_t len)
{
	char *kept = *room;
	memcpy(kept, p, len);
	*room += len;
	return kept;
}

/* A run that owns what it is given. NULL: no memory. */
static struct hook_run *run_make(const struct hook_run_options *options)
{
	size_t len = options->input.len + strlen(options->path) + 1;
	size_t count = 0;
	for (; options->environment[count]; count++)
		len += strlen(options->environment[count]) + 1;
	struct hook_run *run = calloc(1, sizeof *run + (count + 1) * sizeof run->environment[0]);
	char *room = malloc(len);
	if (!run || !room) {
		free(run);
		free(room);
		return NULL;
	}
	run->options = *options;
	run->room = room;
	run->options.path = text_keep(&room, options->path, strlen(options->path) + 1);
	for (size_t i = 0; i < count; i++)
		run->environment[i] = text_keep(&room, options->environment[i],
		                                strlen(options->environment[i]) + 1);
	run->input_len = options->input.len;
	run->input = text_keep(&room, (const char *)options->input.p, options->input.len);
	return run;
}

struct hook_run *hook_run_start(uv_loop_t *loop, const struct hook_run_options *options)
{
	int in[2];
	int out[2];
	struct hook_run *run = run_make(options);
	int bad = run ? uv_pipe(in, 0, UV_NONBLOCK_PIPE) : UV_ENOMEM;
	if (!bad && (bad = uv_pipe(out, UV_NONBLOCK_PIPE, 0)) != 0) {
		close(in[0]);
		close(in[1]);
	}
	if (bad) {
		not_begun(options, bad);
		if (run)
			run_free(run);
		return NULL;
	}
	run->child_in = in[0];
	run->child_out = out[1];
	handles_open(run, loop, in[1], out[0]);
	return run;
}

void hook_run_stop(struct hook_run *run)
{
	run->options.on_end = NULL;
	run->stopping = true;
	if (run->running)
		stop_begin(run);
}
