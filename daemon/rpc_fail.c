/* Error answers: one table of codes with their exit codes (product 2.6), and the map. */
#include "../proto/text.h"
#include "rpc_call.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum exit_code {
	EXIT_OTHER = 1,
	EXIT_USAGE = 2,
	EXIT_NOT_FOUND = 3,
	EXIT_AMBIGUOUS = 5,
	EXIT_REFUSED = 6,
	EXIT_CONFLICT = 7,
};

struct code {
	const char *name;
	enum exit_code exit;
	bool retryable; /* the same request may succeed later, as it is */
};

static const struct code codes[] = {
	{ "T-ALREADY-MEMBER", EXIT_CONFLICT, false },
	{ "T-AMBIGUOUS", EXIT_AMBIGUOUS, false },
	{ "T-BUSY", EXIT_OTHER, true },
	{ "T-CIRCLE-EXISTS", EXIT_CONFLICT, false },
	{ "T-CIRCLE-FULL", EXIT_OTHER, false },
	{ "T-CIRCLE-UNKNOWN", EXIT_NOT_FOUND, false },
	{ "T-CIRCLE-WHICH", EXIT_USAGE, false },
	{ "T-INVITE-BAD", EXIT_USAGE, false },
	{ "T-INVITE-EXPIRED", EXIT_REFUSED, false },
	{ "T-INVITE-FULL", EXIT_REFUSED, false },
	{ "T-INVITE-REFUSED", EXIT_REFUSED, false },
	{ "T-INVITE-UNKNOWN", EXIT_REFUSED, false },
	{ "T-INVITE-USED", EXIT_REFUSED, false },
	{ "T-JOIN-BUSY", EXIT_OTHER, true },
	{ "T-MEMORY", EXIT_OTHER, true },
	{ "T-METHOD", EXIT_OTHER, false },
	{ "T-NO-ADDRESS", EXIT_OTHER, true },
	{ "T-NO-CIRCLE", EXIT_NOT_FOUND, false },
	{ "T-NO-KEY", EXIT_OTHER, true },
	{ "T-NOT-ALLOWED", EXIT_REFUSED, false },
	{ "T-NOT-FOUND", EXIT_NOT_FOUND, false },
	{ "T-NOT-YET", EXIT_OTHER, false },
	{ "T-STOPPING", EXIT_OTHER, true },
	{ "T-STORE-DAMAGED", EXIT_OTHER, false },
	{ "T-STORE-FULL", EXIT_OTHER, true },
	{ "T-STORE-IO", EXIT_OTHER, true },
	{ "T-TOO-MUCH", EXIT_OTHER, false },
	{ "T-UNREACHED", EXIT_OTHER, true },
	{ "T-USAGE", EXIT_USAGE, false },
};

/* Codes of other modules (loop_ensure_identity) are failures of the host. */
static struct code code_find(const char *name)
{
	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
		if (strcmp(codes[i].name, name) == 0)
			return codes[i];
	}
	return (struct code){ name, EXIT_OTHER, false };
}

static void error_put(struct rpc_out *out, const char *name, const char *message, const char *hint)
{
	struct code code = code_find(name);
	rpc_put_str(out, "code", name);
	rpc_put_str(out, "message", message);
	rpc_put_str(out, "hint", hint);
	rpc_put_flag(out, "retryable", code.retryable);
	rpc_put_uint(out, "exit", code.exit);
}

/* Leaves the error map open, with all but what the caller adds. */
static void error_begin(struct rpc_call *call, const char *name, const char *message,
                        const char *hint)
{
	rpc_out_cut(&call->out, 0, 0, 0);
	rpc_response_open(&call->out, call->msgid);
	rpc_open_map(&call->out, NULL);
	error_put(&call->out, name, message, hint);
	call->failed = true;
	if (call->on_fail)
		call->on_fail(call, &call->out);
}

void rpc_response_open(struct rpc_out *out, uint32_t msgid)
{
	rpc_open_array(out, NULL);
	rpc_put_uint(out, NULL, 1);
	rpc_put_uint(out, NULL, msgid);
}

struct rpc_out *rpc_result(struct rpc_call *call)
{
	rpc_out_cut(&call->out, 0, 0, 0);
	rpc_response_open(&call->out, call->msgid);
	rpc_put_nil(&call->out, NULL);
	return &call->out;
}

struct rpc_out *rpc_fail_begin(struct rpc_call *call, const char *code, const char *hint,
                               const char *message)
{
	error_begin(call, code, message, hint);
	return &call->out;
}

void rpc_fail_fault(struct rpc_call *call, const struct rpc_fault *fault)
{
	error_begin(call, fault->code, fault->message, fault->hint);
	rpc_answer(call);
}

void rpc_fail(struct rpc_call *call, const char *code, const char *hint, const char *message, ...)
{
	char text[600];
	va_list args;
	va_start(args, message);
	int len = vsnprintf(text, sizeof text, message, args);
	va_end(args);
	if (len >= (int)sizeof text) /* cut between characters */
		text[tuy_text_cut(tuy_text_bytes(text), sizeof text - 8)] = '\0';
	error_begin(call, code, text, hint);
	rpc_answer(call);
}

void rpc_refusal_put(struct rpc_out *out, uint32_t msgid, const char *code, const char *message,
                     const char *hint)
{
	rpc_response_open(out, msgid);
	rpc_open_map(out, NULL);
	error_put(out, code, message, hint);
	rpc_close_one(out);
	rpc_put_nil(out, NULL);
	rpc_close_one(out);
}

void rpc_response_close(struct rpc_call *call)
{
	struct rpc_out *out = &call->out;
	if (out->err) {
		bool full = out->err == TUY_E_FULL;
		call->on_fail = NULL;
		error_begin(call, full ? "T-MEMORY" : "T-TOO-MUCH",
		            full ? "There was not enough memory for the answer."
		                 : "The answer is larger than 8 MiB.",
		            full ? "" : "Ask for less: --limit 100");
	}
	if (call->failed) {
		rpc_close_one(out);
		rpc_put_nil(out, NULL);
	}
	rpc_close_one(out);
	tuy_require(out->depth == 0); /* what methods open they close */
}
