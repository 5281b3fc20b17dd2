/*
 * One request on its way to its answer: all that a method sees of the server. A call ends with
 * exactly one rpc_answer or rpc_fail, at once or later; then it is gone. If its client went away
 * meanwhile the answer is dropped, but the method goes on to that end all the same. The server
 * (rpc.c) lends its hands through struct rpc_host.
 *
 * Thread rule: the loop thread.
 */
#ifndef RPC_CALL_H
#define RPC_CALL_H

#include "../proto/node.h"
#include "rpc_params.h"
#include "rpc_reply.h"

struct rpc;
struct rpc_client;
struct rpc_call;
struct rpc_home; /* what methods share, rpc_home.h; a call only hands it on */

/* What a call asks of the server that took it in (rpc.c). */
struct rpc_host {
	/* Sends call->out, a whole response, if the client is still there; frees the call. */
	void (*on_answer)(struct rpc_call *call);
	/* call->on_due is to be called in `delay_ms`, once. */
	void (*on_delay)(struct rpc_call *call, uint64_t delay_ms);
};

struct rpc_call {
	const struct rpc_host *host;
	struct rpc *rpc;
	struct rpc_client *client; /* NULL: it went away */
	struct rpc_call *next;     /* all calls of the server */
	struct rpc_home *home;
	uint8_t *request; /* its own copy, wiped and freed with it */
	size_t request_len;
	uint32_t msgid;
	enum lang lang;
	const char *method;      /* of the table; NULL: it knows none of that name */
	struct tuy_bytes params; /* checked: only names the method knows */
	struct rpc_out out;
	bool failed; /* the error map is open in `out` */

	/* The method's own (rpc_work), wiped and freed with the call. */
	void *work;
	size_t work_size;
	/* Called once when the client goes away; may be NULL. It may end the call. */
	void (*on_gone)(struct rpc_call *call);
	/* Called once at due_ms (uv_now); set with rpc_due. */
	void (*on_due)(struct rpc_call *call);
	uint64_t due_ms;
	uint64_t due_turn; /* the server's */
	/* Adds pairs to the error map, should one be sent; may be NULL. */
	void (*on_fail)(struct rpc_call *call, struct rpc_out *out);
	/* Called when an answer has reached the kernel; may be NULL. Not if the client went away.
	 */
	void (*on_sent)(struct rpc_home *home);

	/* What is being written (rpc_write.h). */
	struct {
		uint64_t ticket; /* waited for; 0: none */
		enum tuy_err (*attempt)(struct rpc_call *call, uint64_t *ticket);
		void (*then)(struct rpc_call *call, const char *error);
		uint64_t until_ms; /* no more attempts then */
		uint8_t *record;   /* what was appended last */
		size_t record_len;
		uint32_t circle_no;
		uint32_t exp_s;
		struct tuy_appended appended;
		uint32_t at_s; /* wall time of the append */
	} write;
};

/* The place for the result: write one value, then rpc_answer. */
struct rpc_out *rpc_result(struct rpc_call *call);
/* Sends the result, or T-TOO-MUCH / T-MEMORY if it could not be built. */
void rpc_answer(struct rpc_call *call);

/* Sends an error; `code` a literal of the table in rpc_fail.c. `message` and `hint` are literals in
 * English, which are sent in the language of the call (lang.h); a hint that was made is sent as it
 * is. */
void rpc_fail(struct rpc_call *call, const char *code, const char *hint, const char *message, ...)
	__attribute__((format(printf, 4, 5)));
void rpc_fail_fault(struct rpc_call *call, const struct rpc_fault *fault);
/* An error with more in its map: begin (the map stays open), put what there is, then rpc_answer. */
struct rpc_out *rpc_fail_begin(struct rpc_call *call, const char *code, const char *hint,
                               const char *message, ...) __attribute__((format(printf, 4, 5)));
/* A text in the language of the call. */
const char *rpc_text(const struct rpc_call *call, const char *text) __attribute__((format_arg(2)));
/* A zeroed call->work of `size` bytes; NULL (no memory): the call has failed and is gone. */
void *rpc_work(struct rpc_call *call, size_t size);
/* Calls on_due in `delay_ms`, 0: in the next turn of the loop; replaces an earlier one. */
void rpc_due(struct rpc_call *call, uint64_t delay_ms, void (*on_due)(struct rpc_call *call));

#endif
