/* The server of the local socket, with methods made for the purpose: framing, order, bounds, and
 * what happens when clients misbehave or go away. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "../../daemon/paths.h"
#include "../../daemon/rpc.h"
#include "../../daemon/store.h"
#include "../../proto/writer.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define IDLE_MS    60000 /* longer than any test but those of silence */
#define ANSWER_MAX (1u << 20)
#define TICK_MS    2
#define TICKS_MAX  10000

static char dir[64];
static char path[128];
static uv_loop_t loop;
static uv_timer_t tick;
static struct rpc *rpc;
static struct rpc_call *held[40]; /* calls of `hold` that wait */
static uint32_t held_count;
static uint32_t gone_count;
static uint32_t due_count;
static uint32_t ended_count;
static struct store_error error;

/* ---- methods ---- */

static void do_echo(struct rpc_call *call)
{
	struct rpc_fault fault;
	struct tuy_bytes text = { 0 };
	if (rpc_param_text(call->params, "text", 100, &text, &fault) < 0) {
		rpc_fail_fault(call, &fault);
		return;
	}
	rpc_put_text(rpc_result(call), NULL, text);
	rpc_answer(call);
}

static void on_gone(struct rpc_call *call)
{
	(void)call;
	gone_count++;
}

static void do_hold(struct rpc_call *call)
{
	call->on_gone = on_gone;
	held[held_count++] = call;
}

static void on_due(struct rpc_call *call)
{
	if (++due_count < 3) {
		rpc_due(call, 0, on_due);
		return;
	}
	rpc_put_uint(rpc_result(call), NULL, due_count);
	rpc_answer(call);
}

static void do_due(struct rpc_call *call)
{
	rpc_due(call, 1, on_due);
}

/* An array of `count` texts of 1,000 bytes. */
static void do_big(struct rpc_call *call)
{
	static const uint8_t text[1000] = { 'x' };
	struct rpc_fault fault;
	uint32_t count = 0;
	rpc_param_uint(call->params, "count", 0, UINT32_MAX, &count, &fault);
	struct rpc_out *out = rpc_result(call);
	rpc_open_array(out, NULL);
	for (uint32_t i = 0; i < count; i++)
		rpc_put_text(out, NULL, TUY_BYTES(text));
	rpc_close_one(out);
	rpc_answer(call);
}

static const struct rpc_method methods[] = {
	{ "echo", " text ", do_echo },
	{ "hold", " ", do_hold },
	{ "due", " ", do_due },
	{ "big", " count ", do_big },
};
static void on_end(struct rpc_call *call)
{
	(void)call;
	ended_count++;
}

static const struct rpc_service service = {
	.methods = methods,
	.method_count = sizeof methods / sizeof methods[0],
	.on_end = on_end,
};

/* ---- the world ---- */

static void on_tick(uv_timer_t *timer)
{
	(void)timer;
}

static void server_open(uint32_t idle_ms)
{
	rpc = rpc_start(&loop, path, &service, idle_ms, &error);
	assert_non_null(rpc);
}

static int begin(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/tuyau-rpc-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof path, "%s/s", dir);
	held_count = gone_count = due_count = ended_count = 0;
	rpc = NULL;
	uv_loop_init(&loop);
	uv_timer_init(&loop, &tick);
	uv_timer_start(&tick, on_tick, TICK_MS, TICK_MS);
	return 0;
}

/* Every handle must be closed by what the test did; the socket is gone. */
static int end(void **state)
{
	(void)state;
	if (rpc)
		rpc_stop(rpc);
	uv_close((uv_handle_t *)&tick, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	if (uv_loop_close(&loop) != 0 || access(path, F_OK) == 0)
		return -1;
	return rmdir(dir);
}

static int client_open(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	strcpy(address.sun_path, path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

static void bytes_send(int fd, const void *p, size_t len)
{
	for (size_t at = 0; at < len;) {
		ssize_t n = send(fd, (const uint8_t *)p + at, len - at, MSG_NOSIGNAL);
		if (n > 0)
			at += (size_t)n;
		else if (errno == EPIPE || errno == ECONNRESET)
			return;
		else
			assert_int_equal(errno, EAGAIN);
		uv_run(&loop, UV_RUN_NOWAIT);
	}
}

struct request {
	uint8_t b[512];
	size_t len;
};
static struct request request_make(uint32_t msgid, const char *method, const char *key,
                                   const char *text)
{
	struct request out;
	struct tuy_writer w = tuy_writer(out.b, sizeof out.b);
	tuy_write_array(&w, 4);
	tuy_write_uint(&w, 0);
	tuy_write_uint(&w, msgid);
	tuy_write_str(&w, method, strlen(method));
	tuy_write_array(&w, 1);
	tuy_write_map(&w, key ? 1 : 0);
	if (key) {
		tuy_write_str(&w, key, strlen(key));
		tuy_write_str(&w, text, strlen(text));
	}
	out.len = w.len;
	return out;
}
static void request_send(int fd, uint32_t msgid, const char *method, const char *key,
                         const char *text)
{
	struct request r = request_make(msgid, method, key, text);
	bytes_send(fd, r.b, r.len);
}

static uint8_t answer[ANSWER_MAX];

/* Receives one whole document, running the server meanwhile; its length, 0: the end came first. */
static size_t answer_get(int fd)
{
	size_t len = 0;
	size_t whole;
	for (int i = 0; i < TICKS_MAX; i++) {
		ssize_t n = recv(fd, answer + len, 1, 0);
		if (n == 0 || (n < 0 && errno == ECONNRESET))
			return 0;
		if (n < 0) {
			uv_run(&loop, UV_RUN_ONCE);
			continue;
		}
		len++;
		i--;
		if (tuy_scan_first((struct tuy_bytes){ answer, len }, TUY_RPC, &whole) == TUY_OK)
			return whole;
	}
	fail_msg("no answer");
	return 0;
}

static bool closed_get(int fd)
{
	for (int i = 0; i < TICKS_MAX; i++) {
		ssize_t n = recv(fd, answer, sizeof answer, 0);
		if (n == 0 || (n < 0 && errno == ECONNRESET))
			return true;
		if (n < 0)
			uv_run(&loop, UV_RUN_ONCE);
	}
	return false;
}

static bool answer_has(size_t len, const char *text)
{
	return memmem(answer, len, text, strlen(text)) != NULL;
}

static void assert_answer(int fd, uint32_t msgid, const char *text)
{
	size_t len = answer_get(fd);
	assert_true(len > 0);
	struct tuy_reader r = tuy_reader((struct tuy_bytes){ answer + 3, len - 3 });
	assert_memory_equal(answer, "\xdc\x00\x04", 3); /* an array 16: sizes are filled in last */
	assert_int_equal(tuy_read_uint(&r, 1), 1);
	assert_int_equal(tuy_read_uint(&r, UINT32_MAX), msgid);
	assert_true(answer_has(len, text));
}

/* ---- tests ---- */

static void answers(void **state)
{
	(void)state;
	server_open(IDLE_MS);
	int fd = client_open();
	request_send(fd, 7, "echo", "text", "bonjour");
	assert_answer(fd, 7, "bonjour");
	request_send(fd, UINT32_MAX, "echo", NULL, NULL);
	assert_answer(fd, UINT32_MAX, "");
	close(fd);
}

static void byte_by_byte(void **state)
{
	(void)state;
	server_open(IDLE_MS);
	int fd = client_open();
	struct request r = request_make(1, "echo", "text", "lentement");
	for (size_t i = 0; i < r.len; i++)
		bytes_send(fd, r.b + i, 1);
	assert_answer(fd, 1, "lentement");
	close(fd);
}

static void in_order(void **state)
{
	(void)state;
	server_open(IDLE_MS);
	int fd = client_open();
	request_send(fd, 1, "hold", NULL, NULL);
	request_send(fd, 2, "echo", "text", "deux");
	request_send(fd, 3, "echo", "text", "trois");
	while (held_count == 0)
		uv_run(&loop, UV_RUN_ONCE);
	for (int i = 0; i < 5; i++)
		uv_run(&loop, UV_RUN_ONCE);
	assert_int_equal(recv(fd, answer, 1, 0), -1); /* the first one is still at work */
	rpc_put_str(rpc_result(held[0]), NULL, "un");
	rpc_answer(held[0]);
	assert_answer(fd, 1, "un");
	assert_answer(fd, 2, "deux");
	assert_answer(fd, 3, "trois");
	close(fd);
}

static void later(void **state)
{
	(void)state;
	server_open(IDLE_MS);
	int fd = client_open();
	request_send(fd, 1, "due", NULL, NULL);
	assert_answer(fd, 1, "\x03");
	assert_int_equal(due_count, 3);
	close(fd);
}

static void malformed(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} bad[] = {
		{ "\xc1", 1 },                              /* no MessagePack */
		{ "\x01", 1 },                              /* not an array */
		{ "\x93\x02\xa1x\x90", 5 },                 /* a notification */
		{ "\x94\x01\x01\xc0\xc0", 5 },              /* a response */
		{ "\x93\x00\x01\xa1x", 5 },                 /* three elements */
		{ "\x95\x00\x01\xa1x\x90\x00", 7 },         /* five */
		{ "\x94\x00\xff\xa1x\x90", 6 },             /* a negative msgid */
		{ "\x94\x00\x01\x05\x90", 5 },              /* the method a number */
		{ "\x94\x00\x01\xa0\x90", 5 },              /* no method */
		{ "\x94\x00\x01\xa1x\x80", 6 },             /* params not in an array */
		{ "\x94\x00\x01\xa1x\x91\x01", 7 },         /* params not a map */
		{ "\x94\x00\x01\xa1x\x91\x81\x01\x01", 9 }, /* a number for a key */
		{ "\x94\x00\x01\xa1x\x92\x80\x80", 8 },     /* two maps */
		{ "\x94\x00\x01\xa1\xff\x90", 6 },          /* not UTF-8 */
		{ "\x94\x00\x01\xa1x\x91\x81\xa1y\xca\x00\x00\x00\x00", 14 }, /* a float */
		{ "\xdd\xff\xff\xff\xff", 5 }, /* 4 billion elements */
		{ "\x94\x00\x01\xa1x\x91\x81\xa1y\x91\x91\x91\x91\x91\x91\x91", 16 }, /* deep */
	};
	(void)state;
	server_open(IDLE_MS);
	int honest = client_open();
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		int fd = client_open();
		bytes_send(fd, bad[i].bytes, bad[i].len);
		if (!closed_get(fd))
			fail_msg("case %zu was not closed", i);
		close(fd);
		request_send(honest, 5, "echo", "text", "encore");
		assert_answer(honest, 5, "encore");
	}
	close(honest);
}

static void oversize(void **state)
{
	static uint8_t big[RPC_REQUEST_MAX];
	(void)state;
	server_open(IDLE_MS);
	int fd = client_open();
	bytes_send(fd, "\x94\x00\x01\xa1x\x91\x81\xa1y\xdb\x00\x01\x00\x00", 14);
	memset(big, 'a', sizeof big);
	bytes_send(fd, big, sizeof big);
	assert_true(closed_get(fd));
	close(fd);
}

static void largest(void **state)
{
	static uint8_t big[RPC_REQUEST_MAX];
	(void)state;
	server_open(IDLE_MS);
	int fd = client_open();
	/* A text that fills the request to its last byte: refused by the method, not the server. */
	const size_t head = 5 + 4 + 1 + 1 + 5 + 3;
	memcpy(big,
	       "\x94\x00\x01\xa4"
	       "echo\x91\x81\xa4"
	       "text\xda",
	       16);
	big[16] = (uint8_t)((sizeof big - 18) >> 8);
	big[17] = (uint8_t)((sizeof big - 18) & 0xff);
	memset(big + 18, 'a', sizeof big - 18);
	assert_true(head <= 20);
	bytes_send(fd, big, sizeof big);
	assert_answer(fd, 1, "T-USAGE");
	close(fd);
}

static void too_many(void **state)
{
	int fd[RPC_CLIENTS_MAX + 1];
	(void)state;
	server_open(IDLE_MS);
	for (int i = 0; i < RPC_CLIENTS_MAX; i++) {
		fd[i] = client_open();
		request_send(fd[i], 1, "echo", "text", "x");
		assert_answer(fd[i], 1, "x");
	}
	fd[RPC_CLIENTS_MAX] = client_open();
	assert_answer(fd[RPC_CLIENTS_MAX], 0, "T-BUSY");
	assert_true(closed_get(fd[RPC_CLIENTS_MAX]));
	close(fd[RPC_CLIENTS_MAX]);
	request_send(fd[0], 2, "echo", "text", "reste");
	assert_answer(fd[0], 2, "reste");
	close(fd[1]); /* its place is free again */
	for (int i = 0; i < 3; i++)
		uv_run(&loop, UV_RUN_ONCE);
	fd[1] = client_open();
	request_send(fd[1], 3, "echo", "text", "nouveau");
	assert_answer(fd[1], 3, "nouveau");
	for (int i = 0; i < RPC_CLIENTS_MAX; i++)
		close(fd[i]);
}

static void silence(void **state)
{
	(void)state;
	server_open(20);
	int fd = client_open();
	int busy = client_open();
	request_send(busy, 1, "hold", NULL, NULL);
	bytes_send(fd, "\x94\x00", 2);
	assert_true(closed_get(fd));
	assert_int_equal(held_count, 1);
	assert_int_equal(gone_count, 0); /* who waits for an answer is not silent */
	rpc_put_str(rpc_result(held[0]), NULL, "tard");
	rpc_answer(held[0]);
	assert_answer(busy, 1, "tard");
	assert_true(closed_get(busy));
	close(fd);
	close(busy);
}

/* The answer does not fit the kernel's buffers and nobody reads it. */
static void slow_reader(void **state)
{
	uint8_t bytes[64];
	struct tuy_writer w = tuy_writer(bytes, sizeof bytes);
	(void)state;
	server_open(20);
	int fd = client_open();
	tuy_write_array(&w, 4);
	tuy_write_uint(&w, 0);
	tuy_write_uint(&w, 1);
	tuy_write_str(&w, "big", 3);
	tuy_write_array(&w, 1);
	tuy_write_map(&w, 1);
	tuy_write_str(&w, "count", 5);
	tuy_write_uint(&w, 4000);
	bytes_send(fd, bytes, w.len);
	uint64_t begun = uv_now(&loop);
	while (uv_now(&loop) < begun + 100)
		uv_run(&loop, UV_RUN_ONCE);
	assert_true(closed_get(fd));
	int next = client_open();
	request_send(next, 1, "echo", "text", "libre");
	assert_answer(next, 1, "libre");
	close(next);
	close(fd);
}

static void too_much(void **state)
{
	uint8_t bytes[64];
	struct tuy_writer w = tuy_writer(bytes, sizeof bytes);
	(void)state;
	server_open(IDLE_MS);
	int fd = client_open();
	tuy_write_array(&w, 4);
	tuy_write_uint(&w, 0);
	tuy_write_uint(&w, 1);
	tuy_write_str(&w, "big", 3);
	tuy_write_array(&w, 1);
	tuy_write_map(&w, 1);
	tuy_write_str(&w, "count", 5);
	tuy_write_uint(&w, 9000);
	bytes_send(fd, bytes, w.len);
	assert_answer(fd, 1, "T-TOO-MUCH");
	close(fd);
}

static void unknown(void **state)
{
	(void)state;
	server_open(IDLE_MS);
	int fd = client_open();
	request_send(fd, 1, "demain", NULL, NULL);
	assert_answer(fd, 1, "T-METHOD");
	request_send(fd, 2, "echo", "texte", "x");
	assert_answer(fd, 2, "\"texte\" means nothing here.");
	request_send(fd, 3, "hold", "text", "x");
	assert_answer(fd, 3, "T-USAGE");
	close(fd);
}

static void gone(void **state)
{
	(void)state;
	server_open(IDLE_MS);
	int fd = client_open();
	request_send(fd, 1, "hold", NULL, NULL);
	while (held_count == 0)
		uv_run(&loop, UV_RUN_ONCE);
	close(fd);
	while (gone_count == 0)
		uv_run(&loop, UV_RUN_ONCE);
	assert_null(held[0]->client);
	assert_int_equal(ended_count, 0);
	rpc_fail(held[0], "T-STORE-IO", "", "%s", "nobody reads this");
	assert_int_equal(ended_count, 1);
	fd = client_open();
	request_send(fd, 1, "echo", "text", "suivant");
	assert_answer(fd, 1, "suivant");
	close(fd);
}

static void calls_bounded(void **state)
{
	(void)state;
	server_open(IDLE_MS);
	int last = -1;
	for (uint32_t i = 0; i < 40; i++) { /* callers who leave at once, over and over */
		int fd = client_open();
		request_send(fd, 1, "hold", NULL, NULL);
		while (held_count <= i)
			uv_run(&loop, UV_RUN_ONCE);
		close(fd);
	}
	held_count = 0;
	for (uint32_t i = 0; i < 24; i++) {
		last = client_open();
		request_send(last, 1, "hold", NULL, NULL);
		while (held_count <= i)
			uv_run(&loop, UV_RUN_ONCE);
		if (i < 23)
			close(last);
	}
	int fd = client_open();
	request_send(fd, 9, "echo", "text", "x");
	assert_answer(fd, 9, "T-BUSY");
	close(fd);
	close(last);
}

static void stopping(void **state)
{
	(void)state;
	server_open(IDLE_MS);
	int fd = client_open();
	int idle = client_open();
	request_send(fd, 4, "hold", NULL, NULL);
	while (held_count == 0)
		uv_run(&loop, UV_RUN_ONCE);
	assert_int_equal(ended_count, 0);
	rpc_stop(rpc);
	rpc = NULL;
	assert_int_equal(ended_count, 1); /* before it returns */
	assert_int_equal(access(path, F_OK), -1);
	assert_answer(fd, 4, "T-STOPPING");
	assert_true(closed_get(fd));
	assert_true(closed_get(idle));
	close(fd);
	close(idle);
}

static void private_socket(void **state)
{
	struct stat st;
	(void)state;
	server_open(IDLE_MS);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void stale_socket(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	(void)state;
	strcpy(address.sun_path, path);
	int dead = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(dead, (const struct sockaddr *)&address, sizeof address), 0);
	close(dead);
	server_open(IDLE_MS);
	int fd = client_open();
	request_send(fd, 1, "echo", "text", "vif");
	assert_answer(fd, 1, "vif");
	assert_null(rpc_start(&loop, path, &service, IDLE_MS, &error));
	assert_string_equal(error.code, "T-RUNNING");
	request_send(fd, 2, "echo", "text", "toujours");
	assert_answer(fd, 2, "toujours");
	close(fd);
}

static void bad_path(void **state)
{
	char longer[PATHS_SOCKET_MAX + 3];
	(void)state;
	memset(longer, 'x', sizeof longer);
	longer[0] = '/';
	longer[sizeof longer - 1] = '\0';
	assert_null(rpc_start(&loop, longer, &service, IDLE_MS, &error));
	assert_string_equal(error.code, "T-SOCKET-PATH");
	assert_null(rpc_start(&loop, dir, &service, IDLE_MS, &error));
	assert_string_equal(error.code, "T-SOCKET-PATH");
	assert_null(rpc_start(&loop, "/nowhere/at/all", &service, IDLE_MS, &error));
	assert_string_equal(error.code, "T-SOCKET-PATH");
}

#define TEST(sentence, f)                                                                          \
	{                                                                                          \
		sentence, f, begin, end, NULL                                                      \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST("answers a request under its number", answers),
		TEST("reads a request that comes byte by byte", byte_by_byte),
		TEST("answers requests of one connection in their order", in_order),
		TEST("lets a method answer in a later turn, and again later", later),
		TEST("closes who sends what is malformed, and nobody else", malformed),
		TEST("closes who sends more than 64 KiB", oversize),
		TEST("takes a request of exactly 64 KiB", largest),
		TEST("tells the 33rd client that it is busy", too_many),
		TEST("closes a silent connection, but not one that waits", silence),
		TEST("closes who does not read its answer", slow_reader),
		TEST("says so when an answer is over 8 MiB", too_much),
		TEST("names a method or a param that it does not know", unknown),
		TEST("goes on when a client went away, and drops the answer", gone),
		TEST("bounds the calls that nobody waits for", calls_bounded),
		TEST("answers what waits when it stops, and removes the socket", stopping),
		TEST("makes the socket for its user only", private_socket),
		TEST("replaces a dead socket and spares a live one", stale_socket),
		TEST("refuses a path that cannot be a socket", bad_path),
	};
	signal(SIGPIPE, SIG_IGN); /* as the daemon does */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
