#include "hook_run.h"
#include "log.h"
#include "../proto/text.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STOP_MS    1000
#define READ_SIZE  4096
#define DRAIN_SIZE 65536 /* what a pipe holds */

struct hook_run {
	struct hook_run_options options;
	uv_process_t process;
	uv_timer_t timer;
	uv_pipe_t in;
	uv_pipe_t out;
	uv_write_t write;
	int open; /* handles */
	int code;
	int said; /* the signal that was sent last; 0: none */
	bool running;
	size_t line_len;
	uint32_t lines;
	uint64_t unsaid; /* bytes of lines that were not logged */
	uint8_t line[HOOK_LINE_MAX];
	char read[READ_SIZE];
	size_t input_len;
	char input[];
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

static void on_closed(uv_handle_t *handle)
{
	struct hook_run *run = handle->data;
	if (--run->open > 0)
		return;
	if (run->options.on_end)
		run->options.on_end(run->options.context, run->code);
	free(run);
}

static void handle_close(uv_handle_t *handle)
{
	if (!uv_is_closing(handle))
		uv_close(handle, on_closed);
}

static void run_close(struct hook_run *run)
{
	handle_close((uv_handle_t *)&run->process);
	handle_close((uv_handle_t *)&run->timer);
	handle_close((uv_handle_t *)&run->in);
	handle_close((uv_handle_t *)&run->out);
}

static void group_signal(struct hook_run *run, int number)
{
	run->said = number;
	if (run->running && kill(-run->process.pid, number) != 0 && errno != ESRCH)
		log_line(LOG_UNUSUAL, "hook", "event=%s what=signal errno=%d", run->options.event,
		         errno);
}

static void end_log(const struct hook_run *run, int64_t status, int number)
{
	if (run->unsaid > 0)
		log_line(LOG_INFO, "hook", "event=%s what=output_cut bytes=%llu",
		         run->options.event, (unsigned long long)run->unsaid);
	if (number != 0)
		log_line(LOG_UNUSUAL, "hook", "event=%s what=killed signal=%d", run->options.event,
		         number);
	else if (status != 0)
		log_line(LOG_UNUSUAL, "hook", "event=%s what=failed exit=%d", run->options.event,
		         (int)status);
	else
		log_line(LOG_DEBUG, "hook", "event=%s what=done", run->options.event);
}

/* The process was waited for just now: its number still names its group, if any of it is left. */
static void on_exit_of(uv_process_t *process, int64_t status, int number)
{
	struct hook_run *run = process->data;
	(void)kill(-process->pid, SIGKILL);
	run->running = false;
	output_drain(run);
	line_end(run);
	end_log(run, status, number);
	run->code = number != 0 ? 128 + number : (int)status;
	run_close(run);
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

static int spawn(struct hook_run *run, uv_loop_t *loop, int in, int out)
{
	char *args[] = { (char *)(uintptr_t)run->options.path, NULL };
	uv_stdio_container_t stdio[3] = {
		{ .flags = UV_INHERIT_FD, .data.fd = in },
		{ .flags = UV_INHERIT_FD, .data.fd = out },
		{ .flags = UV_INHERIT_FD, .data.fd = out },
	};
	uv_process_options_t options = {
		.exit_cb = on_exit_of,
		.file = run->options.path,
		.args = args,
		.env = (char **)(uintptr_t)run->options.environment,
		.cwd = "/",
		.flags = UV_PROCESS_DETACHED, /* a session of its own */
		.stdio_count = 3,
		.stdio = stdio,
	};
	return uv_spawn(loop, &run->process, &options);
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

static void handles_open(struct hook_run *run, uv_loop_t *loop, const int in[2], const int out[2])
{
	int bad = uv_timer_init(loop, &run->timer);
	bad |= uv_pipe_init(loop, &run->in, 0);
	bad |= uv_pipe_init(loop, &run->out, 0);
	bad |= uv_pipe_open(&run->in, in[1]);
	bad |= uv_pipe_open(&run->out, out[0]);
	tuy_require(bad == 0);
	run->process.data = run->timer.data = run->in.data = run->out.data = run->write.data = run;
	run->open = 4;
}

struct hook_run *hook_run_start(uv_loop_t *loop, const struct hook_run_options *options)
{
	int in[2];
	int out[2] = { -1, -1 };
	struct hook_run *run = calloc(1, sizeof *run + options->input.len);
	int bad = run ? uv_pipe(in, 0, UV_NONBLOCK_PIPE) : UV_ENOMEM;
	if (!bad && (bad = uv_pipe(out, UV_NONBLOCK_PIPE, 0)) != 0) {
		close(in[0]);
		close(in[1]);
	}
	if (bad) {
		log_line(LOG_UNUSUAL, "hook", "event=%s what=not_begun why=%s", options->event,
		         uv_err_name(bad));
		free(run);
		return NULL;
	}
	run->options = *options;
	run->input_len = options->input.len;
	memcpy(run->input, options->input.p, options->input.len);
	handles_open(run, loop, in, out);
	bad = spawn(run, loop, in[0], out[1]);
	close(in[0]);
	close(out[1]);
	if (bad) {
		log_line(LOG_UNUSUAL, "hook", "event=%s what=not_begun why=%s", options->event,
		         uv_err_name(bad));
		run->options.on_end = NULL;
		run_close(run);
		return NULL;
	}
	run->running = true;
	io_begin(run);
	return run;
}

void hook_run_stop(struct hook_run *run)
{
	run->options.on_end = NULL;
	if (!run->running)
		return;
	group_signal(run, SIGTERM);
	int bad = uv_timer_start(&run->timer, on_late, STOP_MS, 0);
	tuy_require(bad == 0);
}
