#include "client.h"
#include "../proto/err.h"
#include "doc.h"
#include "launch.h"
#include "memory.h"
#include "words.h"
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define READ_SIZE       (64 * 1024)
#define RETRY_COUNT     600 /* another tuyau may be starting tuyaud, which takes its time: look.. */
#define RETRY_MS        100 /* ..so often, after a few quick looks */
#define RETRY_QUICK_MS  10
#define RETRY_QUICK     50
#define CODE_MAX        39
#define ANSWER_ELEMENTS 4

static int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- connecting ---- */

/* The other side must be this user's (or root's): the directory is 0700, so it always is. */
static int owner_check(int fd, const char *path, struct failure *failure)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
	    (peer.uid == geteuid() || peer.uid == 0))
		return 0;
	return errors_set(failure, EXIT_LOCKED, "T-PERMISSION",
	                  "Give --home a directory of your own.", "%s is served by another user.",
	                  path);
}

/* 0, or the errno of connect; -1 and `failure` if it is not to be trusted. */
static int connect_once(struct client *client, struct failure *failure)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t len = strlen(client->paths.socket);
	tuy_require(len < sizeof(address.sun_path));
	memcpy(address.sun_path, client->paths.socket, len);
	client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (client->fd < 0)
		return errno;
	if (connect(client->fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return owner_check(client->fd, client->paths.socket, failure);
	int error = errno;
	close(client->fd);
	client->fd = -1;
	return error;
}

static int not_running(const struct client *client, int error, struct failure *failure)
{
	char hint[PATHS_MAX + 60];
	if (error == EACCES || error == EPERM)
		return errors_set(failure, EXIT_LOCKED, "T-PERMISSION",
		                  "Give --home a directory of your own.",
		                  "%s: this user may not use it.", client->paths.socket);
	if (client->paths.home[0] != '\0')
		snprintf(hint, sizeof(hint), _("Start it: tuyaud --home %s"), client->paths.home);
	else
		snprintf(hint, sizeof(hint), "%s", _("Start it: tuyaud"));
	errors_set(failure, EXIT_NO_DAEMON, "T-NO-DAEMON", hint,
	           "tuyaud is not running (socket %s: %s).", client->paths.socket,
	           error == ENOENT         ? _("no such file")
	           : error == ECONNREFUSED ? _("nobody listens")
	                                   : words_errno(error));
	failure->retryable = true;
	return -1;
}

/* A file where the home must be is said plainly, before anything is started. */
static int home_check(const struct client *client, struct failure *failure)
{
	struct stat st;
	if (client->paths.home[0] == '\0' || stat(client->paths.home, &st) != 0 ||
	    S_ISDIR(st.st_mode))
		return 0;
	return errors_set(failure, EXIT_OTHER, "T-PATH",
	                  "Move that file away, or give another --home.",
	                  "%s is a file; a home is a directory.", client->paths.home);
}

static int start_and_connect(struct client *client, struct failure *failure)
{
	struct failure refused;
	int launched = launch_daemon(client->paths.home, &refused);
	int error = connect_once(client, failure);
	/* two tuyau at once: the second tuyaud finds the home taken, the first is not ready yet */
	bool taken = launched != 0 && refused.exit == EXIT_CONFLICT;
	for (int i = 0; taken && error > 0 && i < RETRY_COUNT; i++) {
		long ms = i < RETRY_QUICK ? RETRY_QUICK_MS : RETRY_MS;
		nanosleep(&(struct timespec){ .tv_nsec = ms * 1000000L }, NULL);
		error = connect_once(client, failure);
	}
	if (error <= 0)
		return error;
	if (launched == 0)
		return not_running(client, error, failure);
	*failure = refused;
	return -1;
}

int client_open(struct client *client, const char *home, enum client_start start,
                struct failure *failure)
{
	struct paths_error wrong;
	memset(client, 0, sizeof(*client));
	client->fd = -1;
	if (paths_find(home, &client->paths, &wrong) != 0) {
		bool permission = strcmp(wrong.code, "T-PERMISSION") == 0;
		return errors_set(failure, permission ? EXIT_LOCKED : EXIT_USAGE, wrong.code,
		                  wrong.hint, "%s", wrong.message);
	}
	if (home_check(client, failure) != 0)
		return -1;
	int error = connect_once(client, failure);
	if (error <= 0)
		return error;
	bool absent = error == ENOENT || error == ECONNREFUSED || error == ENOTDIR;
	if (start == CLIENT_NO_START || !absent)
		return not_running(client, error, failure);
	return start_and_connect(client, failure);
}

/* ---- asking ---- */

static int connection_lost(enum client_effect effect, const char *how, struct failure *failure)
{
	if (effect == CLIENT_WRITES)
		return errors_set(failure, EXIT_NO_DAEMON, "T-NO-DAEMON",
		                  "Look before you repeat it: tuyau inbox --mine",
		                  "%s Whether this was saved is not confirmed.", words_text(how));
	errors_set(failure, EXIT_NO_DAEMON, "T-NO-DAEMON", "Try again.", "%s", words_text(how));
	failure->retryable = true;
	return -1;
}

static int nonsense(const char *what, struct failure *failure)
{
	return errors_set(failure, EXIT_OTHER, "T-PROTOCOL",
	                  "tuyau and tuyaud must be of one version: tuyau stop, then try again",
	                  "The answer of tuyaud cannot be read (%s).", words_text(what));
}

/* Sends all; 0, or -1 with errno. */
static int bytes_send(int fd, const uint8_t *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Takes `params`. 0, or -1 with errno. */
static int request_send(struct client *client, const char *method, json_t *params)
{
	size_t len;
	json_t *request = json_array();
	json_t *arguments = json_array();
	json_array_append_new(arguments, params);
	json_array_append_new(arguments, json_string(lang_name(lang_start())));
	json_array_append_new(request, json_integer(0));
	json_array_append_new(request, json_integer(++client->msgid));
	json_array_append_new(request, json_string(method));
	json_array_append_new(request, arguments);
	uint8_t *bytes = doc_pack(request, &len);
	int result = bytes_send(client->fd, bytes, len);
	free(bytes);
	json_decref(request);
	return result;
}

/* Waits until there is something to read; 0, or -1 at `deadline`. */
static int readable_wait(int fd, int64_t deadline)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };
	for (;;) {
		int64_t left = deadline - now_ms();
		int ready = left > 0 ? poll(&poller, 1, (int)left) : 0;
		if (ready > 0)
			return 0;
		if (ready == 0)
			return -1;
	}
}

/* One whole answer: its bytes, which the caller frees, and their number to *len. NULL and failure.
 */
static uint8_t *answer_receive(struct client *client, enum client_effect effect, int timeout_ms,
                               size_t *len, struct failure *failure)
{
	struct doc_scan scan = { 0 };
	int64_t deadline = now_ms() + timeout_ms;
	uint8_t *bytes = NULL;
	size_t size = 0;
	size_t filled = 0;
	enum doc_scan_state state = DOC_SCAN_MORE;
	while (state == DOC_SCAN_MORE) {
		if (filled == size) {
			size = size == 0 ? READ_SIZE : 2 * size;
			bytes = memory_check(realloc(bytes, size));
		}
		if (readable_wait(client->fd, deadline) != 0) {
			connection_lost(effect, "tuyaud did not answer in time.", failure);
			break;
		}
		ssize_t n = recv(client->fd, bytes + filled, size - filled, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			connection_lost(effect, "tuyaud went away before it answered.", failure);
			break;
		}
		filled += (size_t)n;
		state = doc_scan(&scan, bytes, filled);
		if (state == DOC_SCAN_MORE && filled > DOC_ANSWER_MAX)
			state = DOC_SCAN_BAD;
	}
	*len = scan.pos;
	if (state == DOC_SCAN_DONE && scan.pos == filled)
		return bytes;
	if (state != DOC_SCAN_MORE)
		nonsense(state == DOC_SCAN_BAD ? "not MessagePack" : "more than one", failure);
	free(bytes);
	return NULL;
}

/* The daemon's error map into `failure`; always -1. */
static int refusal_read(const json_t *error, struct failure *failure)
{
	const char *code = doc_text(error, "code");
	long long status = doc_number(error, "exit", EXIT_OTHER);
	size_t len = strspn(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-");
	if (strncmp(code, "T-", 2) != 0 || len != strlen(code) || len > CODE_MAX)
		return nonsense("an error without a code", failure);
	if (status < EXIT_OTHER || status > EXIT_LOCKED)
		status = EXIT_OTHER;
	errors_set(failure, (enum errors_exit)status, code, doc_text(error, "hint"), "%s",
	           doc_text(error, "message"));
	failure->retryable = doc_true(error, "retryable");
	snprintf(failure->recovery_key, sizeof(failure->recovery_key), "%s",
	         doc_text(error, "recovery_key"));
	return -1;
}

/* The result of an answer, the caller's; NULL and failure. Takes `answer`. */
static json_t *answer_read(struct client *client, json_t *answer, struct failure *failure)
{
	json_t *result = NULL;
	const json_t *error = json_array_get(answer, 2);
	json_int_t msgid = json_integer_value(json_array_get(answer, 1));
	bool shaped = json_array_size(answer) == ANSWER_ELEMENTS &&
	              json_integer_value(json_array_get(answer, 0)) == 1 &&
	              json_is_integer(json_array_get(answer, 1));
	if (!shaped)
		nonsense("no answer", failure);
	else if (!json_is_null(error) && (msgid == client->msgid || msgid == 0))
		refusal_read(error, failure); /* 0: refused before it was read (T-BUSY) */
	else if (msgid != client->msgid)
		nonsense("the answer to something else", failure);
	else
		result = json_incref(json_array_get(answer, 3));
	json_decref(answer);
	return result;
}

json_t *client_call(struct client *client, const char *method, json_t *params,
                    enum client_effect effect, int timeout_ms, struct failure *failure)
{
	size_t len;
	/* A daemon that refuses a request (too many clients) answers and closes without reading it:
	 * so the answer is looked for also when sending failed. */
	(void)request_send(client, method, params);
	uint8_t *bytes = answer_receive(client, effect, timeout_ms, &len, failure);
	if (!bytes)
		return NULL;
	json_t *answer = doc_unpack(bytes, len);
	free(bytes);
	doc_scrub(answer); /* whatever peers wrote: from here on it may be printed */
	return answer_read(client, answer, failure);
}

int client_end_wait(struct client *client, int timeout_ms)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);
	int64_t deadline = now_ms() + timeout_ms;
	int process = -1;
	if (getsockopt(client->fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 && peer.pid > 0)
		process = pidfd_open(peer.pid, 0);
	if (process >= 0) {
		int result = readable_wait(process, deadline);
		close(process);
		return result;
	}
	char rest[256];
	while (readable_wait(client->fd, deadline) == 0) {
		if (recv(client->fd, rest, sizeof(rest), 0) <= 0)
			return 0;
	}
	return -1;
}

void client_close(struct client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	client->fd = -1;
}
