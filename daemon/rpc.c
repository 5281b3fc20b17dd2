#include "rpc.h"
#include "lang.h"
#include "log.h"
#include "paths.h"
#include "rpc_fail.h"
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define CALLS_MAX 64 /* with those whose client went away while something was being written */
#define BACKLOG   64
#define NEVER     UINT64_MAX

struct rpc_client {
	uv_pipe_t pipe;
	struct rpc *rpc;
	struct rpc_client *next;
	struct rpc_call *call; /* at work; NULL: none */
	bool reading;
	bool writing; /* `out` is on its way */
	bool closing;
	uint64_t idle_ms;   /* close it then.. */
	size_t unread_then; /* ..unless less than this waits to be read */
	uv_write_t write;
	struct rpc_out out;
	void (*on_sent)(struct rpc_home *home);
	size_t in_len;
	uint8_t in[RPC_REQUEST_MAX];
};

struct rpc {
	uv_loop_t *loop;
	uv_pipe_t server;
	uv_timer_t timer; /* for the next of all that is due */
	struct rpc_service service;
	uint32_t idle_ms;
	bool closing;
	uint32_t handles; /* still open: the server, the timer, the clients */
	uint32_t client_count;
	struct rpc_client *clients;
	uint32_t call_count;
	struct rpc_call *calls;
	uint64_t turn; /* of the timer; what it sets off may ask for a next one */
};

static void client_close(struct rpc_client *client);
static void client_next(struct rpc_client *client);
static void on_timer(uv_timer_t *timer);

/* ---- the end of handles ---- */

static void handle_ended(struct rpc *rpc)
{
	if (--rpc->handles == 0)
		free(rpc);
}

static void on_closed(uv_handle_t *handle)
{
	handle_ended(handle->data);
}

static void on_client_closed(uv_handle_t *handle)
{
	struct rpc_client *client = handle->data;
	struct rpc *rpc = client->rpc;
	rpc_out_clear(&client->out);
	sodium_memzero(client->in, client->in_len);
	free(client);
	handle_ended(rpc);
}

/* ---- time ---- */

/* Arms the one timer for whatever is due first. */
static void timer_arm(struct rpc *rpc)
{
	if (rpc->closing)
		return;
	uint64_t first = NEVER;
	for (struct rpc_client *c = rpc->clients; c; c = c->next)
		first = c->idle_ms < first ? c->idle_ms : first;
	for (struct rpc_call *c = rpc->calls; c; c = c->next)
		first = c->due_ms < first ? c->due_ms : first;
	uint64_t now = uv_now(rpc->loop);
	if (first == NEVER)
		uv_timer_stop(&rpc->timer);
	else
		uv_timer_start(&rpc->timer, on_timer, first > now ? first - now : 0, 0);
}

/* Whether a client took some of its answer since it was last looked at; then it gets more time. */
static bool client_reads(struct rpc_client *client)
{
	size_t unread = uv_stream_get_write_queue_size((uv_stream_t *)&client->pipe);
	if (!client->writing || unread >= client->unread_then)
		return false;
	client->unread_then = unread;
	client->idle_ms = uv_now(client->rpc->loop) + client->rpc->idle_ms;
	return true;
}

static struct rpc_call *call_due(struct rpc *rpc)
{
	uint64_t now = uv_now(rpc->loop);
	for (struct rpc_call *c = rpc->calls; c; c = c->next) {
		if (c->due_ms <= now && c->due_turn < rpc->turn)
			return c;
	}
	return NULL;
}

static void turn_end(struct rpc *rpc, const char *name, uint64_t begun_ns)
{
	if (rpc->service.on_turn)
		rpc->service.on_turn(rpc->service.home, name, begun_ns);
}

static void on_timer(uv_timer_t *timer)
{
	struct rpc *rpc = timer->data;
	rpc->turn++;
	for (struct rpc_call *call; !rpc->closing && (call = call_due(rpc));) {
		const char *name = call->method;
		uint64_t begun_ns = uv_hrtime();
		call->due_ms = NEVER;
		call->on_due(call);
		turn_end(rpc, name, begun_ns);
	}
	uint64_t now = uv_now(rpc->loop);
	for (struct rpc_client *c = rpc->clients, *next; !rpc->closing && c; c = next) {
		next = c->next;
		if (c->idle_ms <= now && !client_reads(c))
			client_close(c);
	}
	timer_arm(rpc);
}

/* ---- answers ---- */

static void on_written(uv_write_t *write, int status)
{
	struct rpc_client *client = write->data;
	client->writing = false;
	rpc_out_clear(&client->out);
	if (client->closing)
		return;
	if (status < 0) {
		client_close(client);
		return;
	}
	if (client->on_sent)
		client->on_sent(client->rpc->service.home);
	client_next(client);
}

/* Sends what `out` holds, which the client owns from now on. */
static void client_send(struct rpc_client *client, struct rpc_out *out,
                        void (*on_sent)(struct rpc_home *home))
{
	client->out = *out;
	*out = (struct rpc_out){ 0 };
	client->on_sent = on_sent;
	client->write.data = client;
	client->idle_ms = uv_now(client->rpc->loop) + client->rpc->idle_ms;
	uv_buf_t buf = uv_buf_init((char *)client->out.p, (unsigned int)client->out.len);
	if (client->out.err ||
	    uv_write(&client->write, (uv_stream_t *)&client->pipe, &buf, 1, on_written) < 0) {
		client_close(client);
		return;
	}
	client->writing = true;
	client->unread_then = uv_stream_get_write_queue_size((uv_stream_t *)&client->pipe);
	timer_arm(client->rpc);
}

static void call_free(struct rpc_call *call)
{
	struct rpc *rpc = call->rpc;
	if (rpc->service.on_end)
		rpc->service.on_end(call);
	for (struct rpc_call **at = &rpc->calls; *at; at = &(*at)->next) {
		if (*at == call) {
			*at = call->next;
			break;
		}
	}
	rpc->call_count--;
	rpc_out_clear(&call->out);
	free(call->write.record);
	if (call->work)
		sodium_memzero(call->work, call->work_size);
	free(call->work);
	if (call->request)
		sodium_memzero(call->request, call->request_len);
	free(call->request);
	free(call);
}

/* ---- what calls ask of the server: rpc_call.h ---- */

static void on_answer(struct rpc_call *call)
{
	struct rpc_client *client = call->client;
	if (client) {
		client->call = NULL;
		client_send(client, &call->out, call->failed ? NULL : call->on_sent);
	}
	call_free(call);
}

static void on_delay(struct rpc_call *call, uint64_t delay_ms)
{
	call->due_ms = uv_now(call->rpc->loop) + delay_ms;
	call->due_turn = call->rpc->turn;
	timer_arm(call->rpc);
}

static const struct rpc_host host = { .on_answer = on_answer, .on_delay = on_delay };

/* ---- requests ---- */

static const struct rpc_method *method_find(const struct rpc *rpc, struct tuy_bytes name)
{
	const struct rpc_method *methods = rpc->service.methods;
	for (size_t i = 0; i < rpc->service.method_count; i++) {
		const char *known = methods[i].name;
		if (strlen(known) == name.len && memcmp(known, name.p, name.len) == 0)
			return &methods[i];
	}
	return NULL;
}

/* A call of the request in the first `len` bytes of the client's input, with a copy of its own.
 * NULL: no memory. */
static struct rpc_call *call_create(struct rpc_client *client, size_t len)
{
	struct rpc_call *call = calloc(1, sizeof *call);
	if (!call)
		return NULL;
	call->request = malloc(len);
	if (!call->request) {
		free(call);
		return NULL;
	}
	memcpy(call->request, client->in, len);
	call->request_len = len;
	call->host = &host;
	call->rpc = client->rpc;
	call->client = client;
	call->home = client->rpc->service.home;
	call->due_ms = NEVER;
	call->next = client->rpc->calls;
	client->rpc->calls = call;
	client->rpc->call_count++;
	client->call = call;
	client->idle_ms = NEVER;
	return call;
}

static void call_run(struct rpc_call *call)
{
	struct rpc *rpc = call->rpc;
	struct rpc_request request = { 0 };
	uint64_t begun_ns = uv_hrtime();
	size_t len;
	enum tuy_err err = rpc_request_read((struct tuy_bytes){ call->request, call->request_len },
	                                    &request, &len);
	tuy_require(err == TUY_OK);
	call->msgid = request.msgid;
	call->params = request.params;
	call->lang = request.lang;
	const struct rpc_method *method = method_find(rpc, request.method);
	struct rpc_fault fault;
	call->method = method ? method->name : NULL;
	if (!method)
		rpc_fail(call, "T-METHOD", "tuyau version",
		         "tuyaud %s does not know \"%.*s\": the tool is of another version.",
		         TUY_VERSION, (int)request.method.len, (const char *)request.method.p);
	else if (rpc_params_check(call->params, method->params, &fault) != 0)
		rpc_fail_fault(call, &fault);
	else
		method->handle(call); /* the call may be gone */
	if (method)
		turn_end(rpc, method->name, begun_ns);
}

static void client_refuse(struct rpc_client *client, uint32_t msgid, enum lang lang,
                          const char *message)
{
	struct rpc_out out = { 0 };
	rpc_failure_open(&out, msgid, "T-BUSY", lang_text(lang, message),
	                 lang_text(lang, N_("Try again in a moment.")));
	rpc_failure_close(&out);
	client_send(client, &out, NULL);
}

static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct rpc_client *client = handle->data;
	(void)suggested;
	*buf = uv_buf_init((char *)client->in + client->in_len,
	                   (unsigned int)(sizeof client->in - client->in_len));
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buf)
{
	struct rpc_client *client = stream->data;
	(void)buf;
	if (count < 0) {
		client_close(client);
		return;
	}
	client->in_len += (size_t)count;
	client_next(client);
}

/* Reads on while there is room: the end of the connection is seen only by reading. */
static void reading_adjust(struct rpc_client *client)
{
	bool wanted = client->in_len < sizeof client->in;
	if (wanted && !client->reading &&
	    uv_read_start((uv_stream_t *)&client->pipe, on_room, on_read) < 0) {
		client_close(client);
		return;
	}
	if (!wanted && client->reading)
		uv_read_stop((uv_stream_t *)&client->pipe);
	client->reading = wanted;
}

/* Takes the next whole request, unless one is at work or its answer on its way. */
static void client_next(struct rpc_client *client)
{
	struct rpc *rpc = client->rpc;
	if (!client->call && !client->writing) {
		struct rpc_request request;
		size_t len = 0;
		struct tuy_bytes in = { client->in, client->in_len };
		enum tuy_err err = rpc_request_read(in, &request, &len);
		if (err == TUY_OK && rpc->call_count >= CALLS_MAX) {
			client_refuse(client, request.msgid, request.lang,
			              N_("tuyaud has too much to do."));
		} else if (err == TUY_OK) {
			struct rpc_call *call = call_create(client, len);
			if (!call)
				client_close(client);
			else
				call_run(call);
		} else if (err != TUY_E_SHORT || in.len == sizeof client->in) {
			log_line(LOG_UNUSUAL, "rpc", "request refused err=%s len=%zu",
			         tuy_err_name(err), in.len);
			client_close(client);
		}
		memmove(client->in, client->in + len, client->in_len - len);
		client->in_len -= len;
	}
	if (!client->closing)
		reading_adjust(client);
}

/* ---- clients ---- */

static void client_close(struct rpc_client *client)
{
	struct rpc *rpc = client->rpc;
	if (client->closing)
		return;
	client->closing = true;
	for (struct rpc_client **at = &rpc->clients; *at; at = &(*at)->next) {
		if (*at == client) {
			*at = client->next;
			rpc->client_count--;
			break;
		}
	}
	struct rpc_call *call = client->call;
	client->call = NULL;
	uv_close((uv_handle_t *)&client->pipe, on_client_closed);
	if (call) {
		call->client = NULL;
		if (call->on_gone)
			call->on_gone(call);
	}
	timer_arm(rpc);
}

/* Whether the other end is a process of this user, or root. */
static bool peer_is_ours(struct rpc_client *client)
{
	uv_os_fd_t fd;
	struct ucred who;
	socklen_t len = sizeof who;
	if (uv_fileno((uv_handle_t *)&client->pipe, &fd) < 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) != 0)
		return false;
	return who.uid == geteuid() || who.uid == 0;
}

static void on_connection(uv_stream_t *server, int status)
{
	struct rpc *rpc = server->data;
	if (status < 0) {
		log_line(LOG_UNUSUAL, "rpc", "accept failed error=%s", uv_err_name(status));
		return;
	}
	struct rpc_client *client = calloc(1, sizeof *client);
	if (!client || uv_pipe_init(rpc->loop, &client->pipe, 0) < 0) {
		free(client);
		return; /* it waits in the backlog until the next one comes */
	}
	client->rpc = rpc;
	client->pipe.data = client;
	rpc->handles++;
	client->next = rpc->clients;
	rpc->clients = client;
	rpc->client_count++;
	client->idle_ms = uv_now(rpc->loop) + rpc->idle_ms;
	if (uv_accept(server, (uv_stream_t *)&client->pipe) < 0) {
		client_close(client);
		return;
	}
	if (!peer_is_ours(client)) {
		log_line(LOG_UNUSUAL, "rpc", "a process of another user was refused");
		client_close(client);
		return;
	}
	if (rpc->client_count > RPC_CLIENTS_MAX) {
		client_refuse(client, 0, lang_start(),
		              N_("Too many programs talk to tuyaud at once."));
		client_close(client); /* a write this small has left already */
		return;
	}
	client_next(client);
	timer_arm(rpc);
}

/* ---- begin and end ---- */

static int path_fault(struct store_error *error, const char *path, const char *why)
{
	return log_error_set(error, "T-SOCKET-PATH", "Use a shorter or another --home.",
	                     "The socket %s cannot be made: %s.", path, why);
}

/* Removes a socket that nobody listens on. 0: nothing stands at `path` now; or -1. */
static int stale_remove(const char *path, struct store_error *error)
{
	struct stat st;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	if (lstat(path, &st) != 0)
		return errno == ENOENT ? 0
		                       : path_fault(error, path, lang_errno(lang_start(), errno));
	if (!S_ISSOCK(st.st_mode))
		return path_fault(error, path, lang_text(lang_start(), "something else is there"));
	memcpy(address.sun_path, path, strlen(path) + 1);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return path_fault(error, path, lang_errno(lang_start(), errno));
	int err = connect(fd, (const struct sockaddr *)&address, sizeof address) == 0 ? 0 : errno;
	close(fd);
	if (err == ENOENT || (err == ECONNREFUSED && (unlink(path) == 0 || errno == ENOENT)))
		return 0;
	if (err == 0 || err == EAGAIN)
		return log_error_set(error, "T-RUNNING", "tuyau status",
		                     "A tuyaud answers at %s already.", path);
	return path_fault(error, path, lang_errno(lang_start(), err == ECONNREFUSED ? errno : err));
}

static bool directory_is(const char *path)
{
	struct stat st;
	char dir[PATHS_SOCKET_MAX + 1];
	snprintf(dir, sizeof dir, "%s", path);
	char *slash = strrchr(dir, '/');
	if (slash)
		slash[slash == dir ? 1 : 0] = '\0';
	return stat(slash ? dir : ".", &st) == 0 && S_ISDIR(st.st_mode);
}

static int server_listen(struct rpc *rpc, const char *path, struct store_error *error)
{
	int err = uv_pipe_bind(&rpc->server, path);
	if (!err && chmod(path, 0600) != 0)
		err = -errno;
	if (!err)
		err = uv_listen((uv_stream_t *)&rpc->server, BACKLOG, on_connection);
	if (err == UV_EACCES && !directory_is(path)) /* libuv makes one of ENOENT */
		return path_fault(error, path,
		                  lang_text(lang_start(), "there is no such directory"));
	if (err == UV_EACCES || err == UV_EPERM)
		return log_error_set(error, "T-PERMISSION", "Look at the directory's owner.",
		                     "The socket %s cannot be made: no permission.", path);
	return err ? path_fault(error, path, uv_strerror(err)) : 0;
}

struct rpc *rpc_start(uv_loop_t *loop, const char *path, const struct rpc_service *service,
                      uint32_t idle_ms, struct store_error *error)
{
	if (strlen(path) > PATHS_SOCKET_MAX) {
		path_fault(error, path,
		           lang_text(lang_start(), "its path is longer than 107 bytes"));
		return NULL;
	}
	if (stale_remove(path, error) != 0)
		return NULL;
	struct rpc *rpc = calloc(1, sizeof *rpc);
	if (!rpc) {
		log_error_set(error, "T-MEMORY", "", "There was not enough memory.");
		return NULL;
	}
	rpc->loop = loop;
	rpc->service = *service;
	rpc->idle_ms = idle_ms;
	uv_timer_init(loop, &rpc->timer);
	rpc->timer.data = rpc;
	uv_pipe_init(loop, &rpc->server, 0);
	rpc->server.data = rpc;
	rpc->handles = 2;
	if (server_listen(rpc, path, error) != 0) {
		rpc_stop(rpc);
		return NULL;
	}
	return rpc;
}

void rpc_stop(struct rpc *rpc)
{
	if (!rpc)
		return;
	rpc->closing = true;
	while (rpc->calls)
		rpc_fail(rpc->calls, "T-STOPPING", "tuyau status", "tuyaud is being stopped.");
	while (rpc->clients)
		client_close(rpc->clients);
	uv_close((uv_handle_t *)&rpc->server, on_closed);
	uv_close((uv_handle_t *)&rpc->timer, on_closed);
}
