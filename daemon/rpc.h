/*
 * The local socket: what `tuyau` (and any program of the same user) asks tuyaud. MessagePack-RPC
 * over a Unix stream socket, mode 0600 in a 0700 directory, of this user (SO_PEERCRED) only. Here
 *is the server, for any table of methods; those of tuyaud are in rpc_methods.h.
 *
 *	request		[0, msgid u32, method str, [params map, lang str]]
 *	response	[1, msgid, nil, result] or [1, msgid, error map, nil]
 *
 * `[]` means no params. lang, "fr" or "en", is the language of whoever reads the answer's messages
 * and hints; without it, or another one: English.
 *
 * Requests: shortest forms (as msgpack-c packs), no floats, no extensions, depth <= 8, <= 4,096
 * nodes, <= 64 KiB, text keys. What is malformed ends its connection and nothing else. At most 32
 * connections: one more is told T-BUSY (msgid 0) and closed. One request of a connection is worked
 * on at a time; further ones may be sent and are answered in order. 30 s without a request, or an
 * answer of which nothing is read for 30 s, ends the connection. A client that went away is
 * forgotten; what it asked to be written is written. Responses: keys are text, maps and arrays may
 * have longer heads than needed, at most 8 MiB and as many nodes as there are.
 *
 * Error map: {"code": "T-...", "message", "hint", "retryable": bool, "exit": the exit code of
 * product 2.6}; T-AMBIGUOUS adds "matches": [objects]; after a failed new or join "recovery_key"
 * may stand in it (rpc_methods.h). Times are RFC 3339 UTC, ids of members, devices and circles are
 * lower case hex, sizes bytes. A param that a method does not know is T-USAGE: a typing mistake is
 * not passed over.
 *
 * Thread rule: the loop thread.
 */
#ifndef RPC_H
#define RPC_H

#include "rpc_call.h"
#include <uv.h>

#define RPC_REQUEST_MAX 65536
#define RPC_CLIENTS_MAX 32
#define RPC_IDLE_MS     30000

struct rpc;
struct store_error;

struct rpc_method {
	const char *name;
	const char *params; /* the names it knows, each with a blank around: " circle all " */
	/* Answers the call (rpc_answer, rpc_fail), now or later; it must not be touched after. */
	void (*handle)(struct rpc_call *call);
};

/* What is served; the table outlives the server. */
struct rpc_service {
	const struct rpc_method *methods;
	size_t method_count;
	struct rpc_home *home; /* given to each call; the caller's; may be NULL */
	/* Called for every call that ends, before it is freed; may be NULL. */
	void (*on_end)(struct rpc_call *call);
	/* Called when work on a request or one that was due is done for now; `method` is a name of
	 * the table, `begun_ns` uv_hrtime() at its start; may be NULL. */
	void (*on_turn)(struct rpc_home *home, const char *method, uint64_t begun_ns);
};

/*
 * Listens at `path` and answers by `service` (copied). A connection that is silent for `idle_ms` is
 * closed (RPC_IDLE_MS). A socket that nobody listens on is replaced. NULL with `error`: "T-RUNNING"
 * somebody answers there, "T-SOCKET-PATH" (too long, no socket, no such directory), "T-PERMISSION",
 * "T-MEMORY".
 */
struct rpc *rpc_start(uv_loop_t *loop, const char *path, const struct rpc_service *service,
                      uint32_t idle_ms, struct store_error *error);

/*
 * Removes the socket, answers what waits with T-STOPPING and closes all connections; everything is
 * freed in the last close callback. When this returns all calls have ended, and nothing of
 * `service` is used any more. Best called when the writer has made its last commit, so that what
 * became durable is acknowledged. NULL is allowed; once only.
 */
void rpc_stop(struct rpc *rpc);

#endif
