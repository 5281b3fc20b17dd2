#include "launch.h"
#include "words.h"
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SILENT_MS 60000 /* neither ready nor a word about what it is doing */
#define TALK_MAX  4096  /* bytes of its stderr that are looked at at once */

/* What tuyaud says while it starts: how far it came, or at last why it failed ("T-CODE ..."). */
struct talk {
	int fd;
	off_t seen;  /* bytes that were there when it was looked at last */
	off_t shown; /* the beginning of the first line that was not shown */
	bool failed; /* a "T-" line came: ended_explain says that */
};

/* The tuyaud beside this program; empty if it cannot be told. */
static void beside_find(char *path, size_t size)
{
	ssize_t len = readlink("/proc/self/exe", path, size - 1);
	path[len > 0 ? len : 0] = '\0';
	char *slash = strrchr(path, '/');
	size_t room = slash ? size - (size_t)(slash + 1 - path) : 0;
	if (room < sizeof("tuyaud")) {
		path[0] = '\0';
		return;
	}
	memcpy(slash + 1, "tuyaud", sizeof("tuyaud"));
	if (access(path, X_OK) != 0)
		path[0] = '\0';
}

/* In the child: becomes tuyaud, its words into `talk`; 127 if there is none. */
_Noreturn static void daemon_become(const char *home, int talk)
{
	char path[4096];
	char *with_home[] = { "tuyaud", "--home", (char *)home, NULL };
	char *without[] = { "tuyaud", NULL };
	char **arguments = home[0] != '\0' ? with_home : without;
	int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
	beside_find(path, sizeof(path));
	if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 || dup2(talk, STDOUT_FILENO) < 0 ||
	    dup2(talk, STDERR_FILENO) < 0)
		_exit(126);
	if (path[0] != '\0')
		execv(path, arguments);
	else
		execvp("tuyaud", arguments);
	_exit(127);
}

/* Whole new lines go to the person at the terminal, if there is one. */
static void talk_show(struct talk *talk)
{
	char text[TALK_MAX + 1];
	ssize_t len = pread(talk->fd, text, TALK_MAX, talk->shown);
	text[len > 0 ? len : 0] = '\0';
	char *line = text;
	for (char *end; (end = strchr(line, '\n')) && !talk->failed; line = end + 1) {
		*end = '\0';
		talk->failed = strncmp(line, "T-", 2) == 0;
		if (!talk->failed && isatty(STDERR_FILENO))
			fprintf(stderr, "%s\n", line);
	}
	talk->shown += line - text;
}

/* Whether it said something since it was last asked. */
static bool talk_look(struct talk *talk)
{
	struct stat st;
	if (fstat(talk->fd, &st) != 0 || st.st_size == talk->seen)
		return false;
	talk->seen = st.st_size;
	talk_show(talk);
	return true;
}

/* Waits for the child's end; its status, or -1 after SILENT_MS without a word. */
static int child_wait(pid_t child, struct talk *talk)
{
	struct timespec nap = { .tv_nsec = 1000000 };
	long waited_us = 0;
	int status;
	for (;;) {
		pid_t got = waitpid(child, &status, WNOHANG);
		if (got == child) {
			talk_look(talk);
			return status;
		}
		if ((got < 0 && errno != EINTR) || waited_us > SILENT_MS * 1000L)
			return -1;
		if (talk_look(talk))
			waited_us = 0;
		nanosleep(&nap, NULL);
		waited_us += nap.tv_nsec / 1000;
		if (nap.tv_nsec < 10000000)
			nap.tv_nsec += 1000000;
	}
}

/* The last "T-CODE message" line of what it said and the line behind it. -1 if there is none. */
static int talk_read(int talk, enum errors_exit status, struct failure *failure)
{
	char text[TALK_MAX + 1];
	off_t end = lseek(talk, 0, SEEK_END);
	ssize_t len = pread(talk, text, TALK_MAX, end > TALK_MAX ? end - TALK_MAX : 0);
	char *found = NULL;
	text[len > 0 ? len : 0] = '\0';
	for (char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, "tuyaud: ", 8) == 0)
			line += 8;
		if (strncmp(line, "T-", 2) == 0)
			found = line;
	}
	if (!found)
		return -1;
	size_t code_len = strcspn(found, " \n");
	char *message = found + code_len + strspn(found + code_len, " ");
	char *hint = message + strcspn(message, "\n");
	if (*hint != '\0')
		*hint++ = '\0';
	hint += strspn(hint, " ");
	hint[strcspn(hint, "\n")] = '\0';
	char code[40];
	snprintf(code, sizeof(code), "%.*s", (int)code_len, found);
	errors_set(failure, status, code, hint, "%s", message);
	return 0;
}

static int ended_explain(int status, int talk, struct failure *failure)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
	if (code == 0)
		return errors_set(failure, EXIT_NO_DAEMON, "T-NO-DAEMON", "tuyaud --foreground",
		                  "tuyaud was started and ended by signal %d.", WTERMSIG(status));
	if (code == 127 || code == 126)
		return errors_set(failure, EXIT_NO_DAEMON, "T-NO-DAEMON",
		                  "Install tuyaud beside tuyau, or add its directory to PATH.",
		                  "tuyaud is not running and there is no tuyaud to start.");
	enum errors_exit known = code <= EXIT_LOCKED ? (enum errors_exit)code : EXIT_NO_DAEMON;
	if (talk_read(talk, known, failure) == 0)
		return -1;
	return errors_set(failure, EXIT_NO_DAEMON, "T-NO-DAEMON", "tuyaud --foreground",
	                  "tuyaud was started and ended at once (status %d).", code);
}

int launch_daemon(const char *home, struct failure *failure)
{
	int talk = memfd_create("tuyaud-stderr", MFD_CLOEXEC);
	pid_t child = talk >= 0 ? fork() : -1;
	if (child == 0)
		daemon_become(home, talk);
	int error = errno;
	if (child < 0) {
		if (talk >= 0)
			close(talk);
		return errors_set(failure, EXIT_NO_DAEMON, "T-NO-DAEMON",
		                  "Close other programs, then try again.",
		                  "tuyaud cannot be started (%s).", words_errno(error));
	}
	struct talk said = { .fd = talk };
	int status = child_wait(child, &said);
	int result = 0;
	if (status == -1)
		result = errors_set(
			failure, EXIT_NO_DAEMON, "T-NO-DAEMON", "tuyaud --foreground",
			"tuyaud was started, is not ready, and has said nothing for %d s.",
			SILENT_MS / 1000);
	else if (status != 0)
		result = ended_explain(status, talk, failure);
	close(talk);
	return result;
}
