#include "rpc_call.h"
#include "rpc_fail.h"
#include "../proto/text.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Leaves the error map open, with all but what the caller adds. `message` is translated. */
static void error_begin(struct rpc_call *call, const char *code, const char *message,
                        const char *hint)
{
	rpc_out_cut(&call->out, 0, 0, 0);
	rpc_failure_open(&call->out, call->msgid, code, message, rpc_text(call, hint));
	call->failed = true;
	if (call->on_fail)
		call->on_fail(call, &call->out);
}

/* Closes what rpc_result or error_begin opened. If it could not be built an error stands there;
 * out->err set after this: not even that, the server closes the connection. */
static void response_close(struct rpc_call *call)
{
	struct rpc_out *out = &call->out;
	if (out->err) {
		bool full = out->err == TUY_E_FULL;
		call->on_fail = NULL;
		if (full)
			rpc_fail_begin(call, "T-MEMORY", "",
			               "There was not enough memory for the answer.");
		else
			rpc_fail_begin(call, "T-TOO-MUCH", "Ask for less: --limit 100",
			               "The answer is larger than 8 MiB.");
	}
	if (call->failed)
		rpc_failure_close(out);
	else
		rpc_close_one(out);
	tuy_require(out->depth == 0); /* what methods open they close */
}

const char *rpc_text(const struct rpc_call *call, const char *text)
{
	return lang_text(call->lang, text);
}

struct rpc_out *rpc_result(struct rpc_call *call)
{
	rpc_out_cut(&call->out, 0, 0, 0);
	rpc_response_open(&call->out, call->msgid);
	rpc_put_nil(&call->out, NULL);
	return &call->out;
}

void rpc_answer(struct rpc_call *call)
{
	if (call->client)
		response_close(call);
	call->host->on_answer(call);
}

/* error_begin with a message to be translated and formatted. */
static void format_begin(struct rpc_call *call, const char *code, const char *hint,
                         const char *message, va_list args)
{
	char text[800];
	int len = vsnprintf(text, sizeof text, rpc_text(call, message), args);
	if (len >= (int)sizeof text) /* cut between characters */
		text[tuy_text_cut(tuy_text_bytes(text), sizeof text - 8)] = '\0';
	error_begin(call, code, text, hint);
}

struct rpc_out *rpc_fail_begin(struct rpc_call *call, const char *code, const char *hint,
                               const char *message, ...)
{
	va_list args;
	va_start(args, message);
	format_begin(call, code, hint, message, args);
	va_end(args);
	return &call->out;
}

void rpc_fail_fault(struct rpc_call *call, const struct rpc_fault *fault)
{
	error_begin(call, fault->code, call->lang == LANG_FR ? fault->french : fault->message,
	            fault->hint);
	rpc_answer(call);
}

void rpc_fail(struct rpc_call *call, const char *code, const char *hint, const char *message, ...)
{
	va_list args;
	va_start(args, message);
	format_begin(call, code, hint, message, args);
	va_end(args);
	rpc_answer(call);
}

void *rpc_work(struct rpc_call *call, size_t size)
{
	call->work = calloc(1, size);
	call->work_size = size;
	if (!call->work)
		rpc_fail(call, "T-MEMORY", "", "There was not enough memory.");
	return call->work;
}

void rpc_due(struct rpc_call *call, uint64_t delay_ms, void (*on_due)(struct rpc_call *call))
{
	call->on_due = on_due;
	call->host->on_delay(call, delay_ms);
}
