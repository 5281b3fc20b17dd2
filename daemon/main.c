/*
 * tuyaud. The walk through the system begins here: follow the numbers, first in this file, then in
 * daemon/loop.c (what happens while it runs), proto/node.h (who decides) and proto/PROTOCOL.md (by
 * which rules).
 */
#include "config.h"
#include "erase.h"
#include "keys.h"
#include "lang.h"
#include "log.h"
#include "loop.h"
#include "paths.h"
#include "republish.h"
#include "rpc.h"
#include "rpc_methods.h"
#include "store.h"
#include "view_rebuild.h"
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#define DEFAULT_PORT    28889 /* of the first start; a free one if it is taken */
#define DESCRIPTORS_MAX 65536
#define CLOCK_MAX_S     2147483647LL
#define REBUILD_SAY_NS  1000000000ull

static const int stop_signals[] = { SIGTERM, SIGINT, SIGHUP };
#define SIGNALS (sizeof(stop_signals) / sizeof(stop_signals[0]))

enum exit_code { EXIT_OTHER = 1, EXIT_USAGE = 2, EXIT_CONFLICT = 7, EXIT_PERMISSION = 9 };

struct options {
	const char *home;
	const char *listen[TUY_ADDRESSES_MAX];
	uint32_t listen_count;
	const char *log;
	bool no_lan;
	bool foreground;
	bool rebuild;
	int64_t clock_offset_s;
};

/* What is opened in order and closed in the other order. */
struct process {
	struct options options;
	struct paths paths;
	struct config config;
	int lock_fd;  /* -1: not held */
	int log_fd;   /* -1: stderr */
	int ready_fd; /* -1: nobody waits; else takes one byte, the exit code of who started us */
	uv_loop_t uv;
	uv_signal_t signals[SIGNALS];
	uint32_t signal_count;
	struct daemon daemon;
	struct rpc_service service;
	struct erase *erase;
	struct republish *republish;
	struct rpc *rpc; /* NULL: not open */
};

static const char usage_text[] = N_(
	"Usage: tuyaud [OPTIONS]\n"
	"Passes tips and asks between people who know each other, without a server.\n"
	"\n"
	"  --home DIR             everything of this person under DIR (else TUYAU_HOME, else XDG)\n"
	"  --listen ADDRESS:PORT  where friends connect; port 0: any free one;\n"
	"                         may be given up to 8 times\n"
	"  --no-lan               do not look for friends on the local network\n"
	"  --log LEVEL            broken, unusual, info (default) or debug\n"
	"  --foreground           stay; log to stderr\n"
	"  --rebuild              first make lists and search again from the logs\n"
	"  --clock-offset SECONDS move the idea of wall time (tests and demonstrations only)\n"
	"  --version              print the version\n"
	"  --help                 print this\n"
	"\n"
	"Without --foreground it returns 0 as soon as the daemon answers.\n"
	"Exit codes: 0 done, 1 other failure, 2 usage, 7 already running, 9 permission.\n");

/* ---- errors, for people ---- */

static int exit_code_of(const char *code)
{
	static const struct {
		const char *code;
		int exit;
	} table[] = {
		{ "T-USAGE", EXIT_USAGE },
		{ "T-SOCKET-PATH", EXIT_USAGE },
		{ "T-CONFIG", EXIT_USAGE },
		{ "T-ALREADY-RUNNING", EXIT_CONFLICT },
		{ "T-RUNNING", EXIT_CONFLICT },
		{ "T-STORE-LOCKED", EXIT_CONFLICT },
		{ "T-PERMISSION", EXIT_PERMISSION },
		{ "T-IDENTITY-MODE", EXIT_PERMISSION },
		{ "T-IDENTITY-OWNER", EXIT_PERMISSION },
		{ "T-IDENTITY-PERMISSION", EXIT_PERMISSION },
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(code, table[i].code) == 0)
			return table[i].exit;
	return EXIT_OTHER;
}

/* Says it and gives the exit code. */
static int error_say(const struct store_error *error)
{
	fprintf(stderr, "%s %s\n", error->code, error->message);
	if (error->hint[0] != '\0')
		fprintf(stderr, "%s\n", error->hint);
	return exit_code_of(error->code);
}

static int usage_error(const char *what, const char *value, struct store_error *error)
{
	return log_error_set(error, "T-USAGE", "tuyaud --help", "%s%s%s",
	                     lang_text(lang_start(), what),
	                     value ? lang_text(lang_start(), N_(": ")) : "", value ? value : "");
}

static int paths_error_take(const struct paths_error *from, struct store_error *error)
{
	error->code = from->code;
	memcpy(error->message, from->message, sizeof(error->message));
	memcpy(error->hint, from->hint, sizeof(error->hint));
	return -1;
}

/* ---- options ---- */

static int clock_offset_read(const char *text, int64_t *seconds, struct store_error *error)
{
	char *end;
	errno = 0;
	long long value = strtoll(text, &end, 10);
	if (errno || end == text || *end || value > CLOCK_MAX_S || value < -CLOCK_MAX_S)
		return usage_error(N_("--clock-offset is a number of seconds"), text, error);
	*seconds = value;
	return 0;
}

/* 0 go on, 1 done (help, version), -1 with `error`. */
static int options_read(int argc, char **argv, struct options *o, struct store_error *error)
{
	static const struct option known[] = {
		{ "home", required_argument, NULL, 'd' },
		{ "listen", required_argument, NULL, 'l' },
		{ "no-lan", no_argument, NULL, 'n' },
		{ "log", required_argument, NULL, 'g' },
		{ "foreground", no_argument, NULL, 'f' },
		{ "rebuild", no_argument, NULL, 'r' },
		{ "clock-offset", required_argument, NULL, 'c' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c;
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":", known, NULL)) != -1) {
		switch (c) {
		case 'd':
			o->home = optarg;
			break;
		case 'l':
			if (o->listen_count == TUY_ADDRESSES_MAX)
				return usage_error(N_("More than 8 addresses"), optarg, error);
			o->listen[o->listen_count++] = optarg;
			break;
		case 'n':
			o->no_lan = true;
			break;
		case 'g':
			o->log = optarg;
			break;
		case 'f':
			o->foreground = true;
			break;
		case 'r':
			o->rebuild = true;
			break;
		case 'c':
			if (clock_offset_read(optarg, &o->clock_offset_s, error))
				return -1;
			break;
		case 'V':
			puts("tuyaud " TUY_VERSION);
			return 1;
		case 'h':
			fputs(lang_text(lang_start(), usage_text), stdout);
			return 1;
		case ':':
			return usage_error(N_("This option wants a value"), argv[optind - 1],
			                   error);
		default:
			return usage_error(N_("Unknown or ambiguous option"), argv[optind - 1],
			                   error);
		}
	}
	return optind < argc ? usage_error(N_("tuyaud takes no arguments"), argv[optind], error)
	                     : 0;
}

/* The file, then what was typed over it. */
static int config_read(struct process *p, struct store_error *error)
{
	const struct options *o = &p->options;
	p->config = config_default();
	if (config_load(p->paths.config, &p->config, error))
		return -1;
	for (uint32_t i = 0; i < o->listen_count; i++)
		if (config_address_parse(o->listen[i], &p->config.listen[i]))
			return usage_error(N_("--listen is ADDRESS:PORT in numbers"), o->listen[i],
			                   error);
	if (o->listen_count > 0)
		p->config.listen_count = o->listen_count;
	if (o->log) {
		int level = log_level_named(o->log);
		if (level < 0)
			return usage_error(N_("--log is broken, unusual, info or debug"), o->log,
			                   error);
		p->config.log = (enum log_level)level;
	}
	if (o->no_lan)
		p->config.lan = false;
	log_level_set(p->config.log);
	return 0;
}

/* ---- the process ---- */

static void limits_raise(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	rlim_t wanted = limit.rlim_max < DESCRIPTORS_MAX ? limit.rlim_max : DESCRIPTORS_MAX;
	if (limit.rlim_cur >= wanted)
		return;
	limit.rlim_cur = wanted;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		log_line(LOG_UNUSUAL, "main", "what=descriptors errno=%d", errno);
}

/* Who started us: waits until the daemon answers or has failed. */
static _Noreturn void ready_wait(int fd, pid_t child)
{
	unsigned char code = EXIT_OTHER;
	ssize_t n;
	int status;
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	do
		n = read(fd, &code, 1);
	while (n < 0 && errno == EINTR);
	if (n != 1)
		fputs(lang_text(lang_start(), "T-START tuyaud ended before it was ready.\n"
		                              "tuyaud --foreground says more.\n"),
		      stderr);
	fflush(stderr);
	_exit(n == 1 ? code : EXIT_OTHER);
}

/* Goes on in a grandchild that no terminal owns; before any thread, lock or socket is there. */
static int background_enter(struct process *p, struct store_error *error)
{
	int fds[2];
	static const char hint[] = N_("Close other programs.");
	if (pipe2(fds, O_CLOEXEC) != 0)
		return log_error_set(error, "T-START", hint, "No pipe can be had (%s).",
		                     lang_errno(lang_start(), errno));
	pid_t child = fork();
	if (child < 0) {
		close(fds[0]);
		close(fds[1]);
		return log_error_set(error, "T-START", hint, "No process can be made (%s).",
		                     lang_errno(lang_start(), errno));
	}
	if (child > 0) {
		close(fds[1]);
		ready_wait(fds[0], child);
	}
	close(fds[0]);
	p->ready_fd = fds[1];
	if (setsid() < 0)
		return log_error_set(error, "T-START", hint, "No session can be made (%s).",
		                     lang_errno(lang_start(), errno));
	child = fork();
	if (child < 0)
		return log_error_set(error, "T-START", hint, "No process can be made (%s).",
		                     lang_errno(lang_start(), errno));
	if (child > 0)
		_exit(0);
	if (chdir("/") != 0)
		return log_error_set(error, "T-START", hint, "/ cannot be entered (%s).",
		                     lang_errno(lang_start(), errno));
	return 0;
}

/* Lets go of the terminal, then of who waits. */
static void ready_say(struct process *p, int code)
{
	if (p->ready_fd < 0)
		return;
	int null = code == 0 ? open("/dev/null", O_RDWR | O_CLOEXEC) : -1;
	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		dup2(p->log_fd >= 0 ? p->log_fd : null, STDERR_FILENO);
		close(null);
	}
	unsigned char byte = (unsigned char)code;
	ssize_t n = write(p->ready_fd, &byte, 1);
	(void)n; /* who waited may be gone */
	close(p->ready_fd);
	p->ready_fd = -1;
}

static int lock_take(struct process *p, struct store_error *error)
{
	const char *path = p->paths.lock;
	char pid[24] = "";
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return log_error_set(error,
		                     errno == EACCES || errno == EPERM || errno == EROFS
		                             ? "T-PERMISSION"
		                             : "T-PATH",
		                     "Give --home a directory of your own, with room in it.",
		                     "%s: the lock cannot be opened (%s).", path,
		                     lang_errno(lang_start(), errno));
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		ssize_t n = read(fd, pid, sizeof(pid) - 1);
		pid[n > 0 ? strspn(pid, "0123456789") : 0] = '\0';
		close(fd);
		return log_error_set(error, "T-ALREADY-RUNNING",
		                     p->options.rebuild ? "tuyau stop" : "tuyau status",
		                     "tuyaud runs for this home already (process %s, %s).",
		                     pid[0] ? pid : "?", path);
	}
	p->lock_fd = fd;
	if (ftruncate(fd, 0) != 0 || dprintf(fd, "%ld\n", (long)getpid()) < 0)
		log_line(LOG_UNUSUAL, "main", "what=lock_pid errno=%d", errno);
	return 0;
}

/* ---- the port stays the same from start to start ---- */

/* 0: none was remembered. */
static uint16_t port_recall(const char *path)
{
	unsigned int port = 0;
	FILE *file = fopen(path, "re");
	if (!file)
		return 0;
	int n = fscanf(file, "%5u", &port);
	fclose(file);
	return n == 1 && port <= 65535 ? (uint16_t)port : 0;
}

static void port_remember(const char *path, uint16_t port)
{
	FILE *file = fopen(path, "we");
	bool written = file && fprintf(file, "%u\n", (unsigned int)port) > 0;
	if (file && fclose(file) != 0)
		written = false;
	if (!written)
		log_line(LOG_UNUSUAL, "main", "what=port_remember errno=%d", errno);
}

/* ---- signals ---- */

static void on_signal(uv_signal_t *handle, int number)
{
	log_line(LOG_INFO, "main", "what=signal number=%d", number);
	loop_stop(handle->data);
}

/* What ends the process cleanly. What the caller ignores (nohup) stays ignored. They do not keep
 * the event loop alive: they are listened to until nothing else is left. */
static void signals_begin(struct process *p)
{
	for (size_t i = 0; i < SIGNALS; i++) {
		struct sigaction action;
		if (sigaction(stop_signals[i], NULL, &action) == 0 && action.sa_handler == SIG_IGN)
			continue;
		uv_signal_t *handle = &p->signals[p->signal_count];
		if (uv_signal_init(&p->uv, handle) != 0)
			continue;
		p->signal_count++;
		handle->data = &p->daemon;
		uv_unref((uv_handle_t *)handle);
		if (uv_signal_start(handle, on_signal, stop_signals[i]) != 0)
			log_line(LOG_BROKEN, "main", "what=signal number=%d", stop_signals[i]);
	}
}

/*
 * After loop_run has done its work: from now on they mean nothing, until the process has ended.
 * Closing a handle gives its signal back the meaning it had before, to kill: this is the only
 * thread now, and it takes none of them in between.
 */
static void signals_end(struct process *p)
{
	sigset_t stop;
	sigset_t before;
	sigemptyset(&stop);
	for (size_t i = 0; i < SIGNALS; i++)
		sigaddset(&stop, stop_signals[i]);
	int bad = pthread_sigmask(SIG_BLOCK, &stop, &before);
	tuy_require(bad == 0);
	for (uint32_t i = 0; i < p->signal_count; i++)
		uv_close((uv_handle_t *)&p->signals[i], NULL);
	uv_run(&p->uv, UV_RUN_DEFAULT);
	for (size_t i = 0; i < SIGNALS; i++)
		signal(stop_signals[i], SIG_IGN);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* ---- start and stop ---- */

/* A store without its identity is somebody's: a new identity could not read it, and would hide that
 * the old one is lost. */
static enum keys_absent store_is_there(const struct paths *paths)
{
	char data[PATHS_MAX + 16];
	struct stat st;
	snprintf(data, sizeof(data), "%s/data.mdb", paths->store_dir);
	bool absent = lstat(data, &st) != 0 && (errno == ENOENT || errno == ENOTDIR);
	return absent ? KEYS_CREATE_ABSENT : KEYS_REFUSE_ABSENT;
}

/* loop.h: what works on the logs by itself. */
static int on_loaded(void *context, struct writer *writer)
{
	struct process *p = context;
	p->republish = republish_create(&p->daemon);
	p->erase = erase_begin(&p->daemon, writer);
	return p->republish && p->erase ? 0 : -1;
}

/* loop.h: nothing is appended any more. */
static void on_stopping(void *context)
{
	struct process *p = context;
	erase_end(p->erase);
	republish_destroy(p->republish);
	p->erase = NULL;
	p->republish = NULL;
}

/* loop.h: the writer has made its last commit, so that what became durable is acknowledged. */
static void on_ended(void *context)
{
	struct process *p = context;
	rpc_stop(p->rpc);
	p->rpc = NULL;
	rpc_methods_end(&p->service);
}

static int network_start(struct process *p, struct store_error *error)
{
	struct daemon *d = &p->daemon;
	struct loop_options options = { .listen_count = p->config.listen_count,
		                        .listen_how = LOOP_LISTEN_EXACT,
		                        .on_loaded = on_loaded,
		                        .on_stopping = on_stopping,
		                        .on_ended = on_ended,
		                        .context = p };
	uint16_t port = port_recall(p->paths.port);
	memcpy(options.listen, p->config.listen, sizeof(options.listen));
	if (p->config.listen_count == 0) {
		options.listen_count = 1;
		options.listen[0].port = port ? port : DEFAULT_PORT;
		options.listen_how = LOOP_LISTEN_OR_FREE;
	}
	if (loop_start(d, &options, error))
		return -1;
	signals_begin(p);
	if (rpc_methods_begin(d, &p->service, error) == 0)
		p->rpc = rpc_start(d->uv, p->paths.socket, &p->service, RPC_IDLE_MS, error);
	if (!p->rpc) {
		loop_stop(d);
		return -1;
	}
	/* One that is taken today may be free again: friends and invites know it. */
	if (p->config.listen_count == 0 && port == 0)
		port_remember(p->paths.port, d->listen[0].port);
	return 0;
}

/* view_rebuild.h: who waits at a terminal sees that it goes on. */
static void on_rebuild(void *context, uint64_t entries_done, uint64_t entries)
{
	uint64_t *said_ns = context;
	uint64_t now_ns = uv_hrtime();
	if (now_ns - *said_ns < REBUILD_SAY_NS)
		return;
	*said_ns = now_ns;
	fprintf(stderr,
	        lang_text(lang_start(), "Making lists and search again: %llu of %llu entries.\n"),
	        (unsigned long long)entries_done, (unsigned long long)entries);
}

/* What is derived from the logs is made again, if it must be or if that was asked for. */
static int views_mend(struct process *p, struct store_error *error)
{
	uint64_t said_ns = uv_hrtime();
	struct view_rebuild rebuild = {
		.store = p->daemon.store,
		.keys = &p->daemon.keys->device,
		.when = p->options.rebuild ? VIEW_REBUILD_ALWAYS : VIEW_REBUILD_NEEDED,
		.on_progress = on_rebuild,
		.context = &said_ns,
	};
	if (view_rebuild_run(&rebuild, error))
		return -1;
	if (rebuild.result == VIEW_REBUILT)
		log_line(LOG_INFO, "main", "what=rebuilt damaged_entries=%llu",
		         (unsigned long long)rebuild.entries_damaged);
	return 0;
}

static int process_start(struct process *p, struct store_error *error)
{
	struct daemon *d = &p->daemon;
	struct paths_error paths_error;

	/*~ 3. One daemon a home: the lock goes away with the process, however it ends. */
	if (paths_create(&p->paths, &paths_error))
		return paths_error_take(&paths_error, error);
	if (lock_take(p, error))
		return -1;
	if (!p->options.foreground && (p->log_fd = log_open(p->paths.log)) < 0)
		return log_error_set(error, "T-PATH", "Check the directory and the disk.",
		                     "%s: the log cannot be opened (%s).", p->paths.log,
		                     lang_errno(lang_start(), errno));
	log_line(LOG_INFO, "main", "what=start version=" TUY_VERSION);

	/*~ 4. Who we are (keys.c), before what we hold (store.c): the store belongs to a device. */
	if (keys_open(p->paths.identity, store_is_there(&p->paths), &d->keys, error) ||
	    store_open(p->paths.store_dir, &d->keys->device, &d->store, error) ||
	    views_mend(p, error))
		return -1;

	/*~ 5. Sockets, the node with all the store held, the writer thread: loop_start in
	 * loop_start.c; then the local socket that `tuyau` talks to: rpc.c, by the methods of
	 * rpc_methods.c. From here on all is callbacks. */
	if (uv_loop_init(&p->uv) != 0)
		return log_error_set(error, "T-START", "Close other programs.",
		                     "No event loop can be had.");
	d->uv = &p->uv;
	d->paths = &p->paths;
	d->config = &p->config;
	d->clock_offset_s = p->options.clock_offset_s;
	return network_start(p, error);
}

/* In the other order. Returns the exit code. */
static int process_stop(struct process *p)
{
	struct daemon *d = &p->daemon;
	int code = 0;
	if (d->uv) {
		code = loop_run(d) == 0 ? 0 : EXIT_OTHER;
		if (code == 0) /* else handles are open: libuv goes on taking them, to no effect */
			signals_end(p);
		int bad = uv_loop_close(d->uv);
		if (bad) {
			log_line(LOG_BROKEN, "main", "what=loop_close why=%s", uv_err_name(bad));
			code = EXIT_OTHER;
		}
	}
	if (code == 0) { /* else somebody may still use them */
		if (d->store)
			store_close(d->store);
		keys_close(d->keys);
	}
	if (d->uv)
		log_line(LOG_INFO, "main", "what=end code=%d", code);
	if (p->lock_fd >= 0)
		close(p->lock_fd);
	return code;
}

int main(int argc, char **argv)
{
	static struct process process = { .lock_fd = -1, .log_fd = -1, .ready_fd = -1 };
	struct process *p = &process;
	struct paths_error paths_error;
	struct store_error error = { .code = "T-START" };

	lang_begin();
	lang_serve();

	/*~ 1. What was asked: options, where the home is, its configuration. Nothing is written. */
	int done = options_read(argc, argv, &p->options, &error);
	if (done > 0)
		return fflush(stdout) == 0 ? 0 : EXIT_OTHER;
	if (done == 0 && paths_find(p->options.home, &p->paths, &paths_error))
		done = paths_error_take(&paths_error, &error);
	if (done == 0)
		done = config_read(p, &error);
	if (done != 0)
		return error_say(&error);

	/*~ 2. What the process is: files for nobody else, no death by a closed socket, many
	 * descriptors, and (unless --foreground) no terminal. */
	umask(0077);
	signal(SIGPIPE, SIG_IGN);
	limits_raise();
	tuy_require(sodium_init() >= 0);
	int bad = p->options.foreground ? 0 : background_enter(p, &error);
	if (!bad)
		bad = process_start(p, &error);

	/*~ 6. Ready, or not: who started us is told either way. */
	int code = bad ? error_say(&error) : 0;
	fflush(stderr);
	if (!bad) {
		log_line(LOG_INFO, "main", "what=ready");
		ready_say(p, 0);
	}

	/*~ 7. Run until SIGTERM; after a failed start this only closes what was opened. */
	int stopped = process_stop(p);
	if (bad)
		ready_say(p, code);
	return bad ? code : stopped;
}
