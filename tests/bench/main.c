#include "bench.h"
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <getopt.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <sodium.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ENTRIES_DEFAULT 100000u
#define ENTRIES_MAX     10000000u
#define LOGS_MAX        600u
#define DIRS_MAX        16

extern char **environ;

static const struct {
	const char *name;
	const char *what;
	void (*run)(const struct bench *bench);
} cases[] = {
	{ "limits", "what the machine can do: signatures, hashes, disk, processes", limits_run },
	{ "sync", "first sync of many entries between two whole nodes", sync_run },
	{ "hop", "from giving to the other's disk, and reconnecting in sync", hop_run },
	{ "missing", "two whole nodes that differ by one entry", missing_run },
	{ "crowd", "tuyaud with 32 friends, one that never reads and one that floods", crowd_run },
	{ "cli", "tuyau inbox, search and show on a full store; tuyaud --rebuild", cli_run },
};
#define CASES (sizeof cases / sizeof cases[0])

static char dirs[DIRS_MAX][BENCH_PATH]; /* empty: free */

/* ---- what all share ---- */

void bench_die(const char *format, ...)
{
	va_list args;
	(void)fflush(stdout);
	(void)fputs("tuyau-bench: ", stderr);
	va_start(args, format);
	(void)vfprintf(stderr, format, args);
	va_end(args);
	(void)fputc('\n', stderr);
	exit(1);
}

uint64_t bench_now_ns(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void bench_dir_make(const struct bench *bench, char path[BENCH_PATH])
{
	uint32_t i = 0;
	while (i < DIRS_MAX && dirs[i][0] != '\0')
		i++;
	if (i == DIRS_MAX)
		bench_die("too many temporary directories");
	int len = snprintf(path, BENCH_PATH, "%s/tuyau-bench-XXXXXX", bench->dir);
	if (len < 0 || len >= BENCH_PATH)
		bench_die("%s: too long a path", bench->dir);
	if (mkdtemp(path) == NULL)
		bench_die("%s: %s", path, strerror(errno));
	memcpy(dirs[i], path, BENCH_PATH);
}

static int file_remove(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

void bench_dir_remove(const char *path)
{
	for (uint32_t i = 0; i < DIRS_MAX; i++) {
		if (dirs[i][0] == '\0' || strcmp(dirs[i], path) != 0)
			continue;
		(void)nftw(path, file_remove, 8, FTW_DEPTH | FTW_PHYS);
		dirs[i][0] = '\0';
		return;
	}
}

static void dirs_remove(void)
{
	for (uint32_t i = 0; i < DIRS_MAX; i++)
		if (dirs[i][0] != '\0')
			(void)nftw(dirs[i], file_remove, 8, FTW_DEPTH | FTW_PHYS);
}

static int double_compare(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;
	return (x > y) - (x < y);
}

double bench_percentile(double *values, uint32_t count, double percent)
{
	qsort(values, count, sizeof values[0], double_compare);
	return values[(uint32_t)((double)(count - 1) * percent / 100 + 0.5)];
}

void bench_title(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	(void)vprintf(format, args);
	va_end(args);
	(void)putchar('\n');
	(void)fflush(stdout);
}

void bench_row(const char *name, const char *format, ...)
{
	va_list args;
	(void)printf("  %-23s ", name);
	va_start(args, format);
	(void)vprintf(format, args);
	va_end(args);
	(void)putchar('\n');
	(void)fflush(stdout);
}

double bench_process_run_us(char *const argv[], const char *output)
{
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int status;
	int bad = posix_spawn_file_actions_init(&actions);
	if (bad == 0)
		bad = posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO,
		                                       output != NULL ? output : "/dev/null",
		                                       O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (bad == 0)
		bad = posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
	if (bad != 0)
		bench_die("no memory for a process");
	uint64_t begun = bench_now_ns();
	bad = posix_spawn(&pid, argv[0], &actions, NULL, argv, environ);
	if (bad == 0 && waitpid(pid, &status, 0) != pid)
		bad = -1;
	uint64_t ended = bench_now_ns();
	(void)posix_spawn_file_actions_destroy(&actions);
	if (bad != 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return -1;
	return (double)(ended - begun) / 1000;
}

/* ---- the command line ---- */

static void usage_print(FILE *to)
{
	(void)fputs("Usage: tuyau-bench [OPTIONS] [NAME...]\n"
	            "Prints what this build does beside what the machine can do.\n\n",
	            to);
	for (size_t i = 0; i < CASES; i++)
		(void)fprintf(to, "  %-12s %s\n", cases[i].name, cases[i].what);
	(void)fprintf(to,
	              "\n"
	              "  --entries N  of all but limits and hop (default %u)\n"
	              "  --logs N     they are spread over (not of cli; default: each its own)\n"
	              "  --dir DIR    temporary files (default TMPDIR or /tmp); a real disk says "
	              "more than a tmpfs\n"
	              "  --bin DIR    where tuyau and tuyaud are (default: beside this program)\n"
	              "  --help       print this\n",
	              ENTRIES_DEFAULT);
}

static uint32_t number_read(const char *option, const char *text, uint32_t min, uint32_t max)
{
	char *end;
	errno = 0;
	unsigned long n = strtoul(text, &end, 10);
	if (errno != 0 || *end != '\0' || end == text || n < min || n > max)
		bench_die("--%s %s: a number from %u to %u", option, text, min, max);
	return (uint32_t)n;
}

/* The directory of this program, or the one above if tuyaud is there. */
static const char *bin_dir_find(void)
{
	static char dir[PATH_MAX];
	char daemon[PATH_MAX + 16];
	ssize_t len = readlink("/proc/self/exe", dir, sizeof dir - 1);
	if (len <= 0)
		return ".";
	dir[len] = '\0';
	for (int up = 0; up < 2; up++) {
		char *parent = dirname(dir);
		if (parent != dir)
			(void)memmove(dir, parent, strlen(parent) + 1);
		(void)snprintf(daemon, sizeof daemon, "%s/tuyaud", dir);
		if (access(daemon, X_OK) == 0)
			break;
	}
	return dir;
}

static void options_read(int argc, char **argv, struct bench *bench)
{
	static const struct option known[] = {
		{ "entries", required_argument, NULL, 'e' },
		{ "logs", required_argument, NULL, 'l' },
		{ "dir", required_argument, NULL, 'd' },
		{ "bin", required_argument, NULL, 'b' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *tmp = getenv("TMPDIR");
	int opt;
	*bench =
		(struct bench){ .entry_count = ENTRIES_DEFAULT, .dir = tmp != NULL ? tmp : "/tmp" };
	while ((opt = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (opt == 'e')
			bench->entry_count = number_read("entries", optarg, 1000, ENTRIES_MAX);
		else if (opt == 'l')
			bench->log_count = number_read("logs", optarg, 1, LOGS_MAX);
		else if (opt == 'd')
			bench->dir = optarg;
		else if (opt == 'b')
			bench->bin_dir = optarg;
		else {
			usage_print(opt == 'h' ? stdout : stderr);
			exit(opt == 'h' ? 0 : 2);
		}
	}
	if (bench->bin_dir == NULL)
		bench->bin_dir = bin_dir_find();
}

static size_t case_named(const char *name)
{
	for (size_t i = 0; i < CASES; i++)
		if (strcmp(cases[i].name, name) == 0)
			return i;
	usage_print(stderr);
	exit(2);
}

int main(int argc, char **argv)
{
	struct bench bench;
	options_read(argc, argv, &bench);
	for (int i = optind; i < argc; i++)
		(void)case_named(argv[i]);
	if (sodium_init() < 0 || atexit(dirs_remove) != 0)
		bench_die("cannot begin");
	(void)signal(SIGPIPE, SIG_IGN);
	(void)umask(0077);
	for (size_t i = 0; i < CASES && optind == argc; i++)
		cases[i].run(&bench);
	for (int i = optind; i < argc; i++)
		cases[case_named(argv[i])].run(&bench);
	return 0;
}
