#include "rpc_fail.h"
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
	{ "T-ALREADY", EXIT_CONFLICT, false },
	{ "T-CIRCLE-EXISTS", EXIT_CONFLICT, false },
	{ "T-CIRCLE-FULL", EXIT_OTHER, false },
	{ "T-CIRCLE-UNKNOWN", EXIT_NOT_FOUND, false },
	{ "T-CIRCLE-WHICH", EXIT_USAGE, false },
	{ "T-CLAIM-TAKEN", EXIT_CONFLICT, false },
	{ "T-INVITE-BAD", EXIT_USAGE, false },
	{ "T-INVITE-EXPIRED", EXIT_REFUSED, false },
	{ "T-INVITE-FULL", EXIT_REFUSED, false },
	{ "T-INVITE-REFUSED", EXIT_REFUSED, false },
	{ "T-INVITE-UNKNOWN", EXIT_REFUSED, false },
	{ "T-INVITE-USED", EXIT_REFUSED, false },
	{ "T-JOIN-BUSY", EXIT_OTHER, true },
	{ "T-HOME-SPENT", EXIT_OTHER, false },
	{ "T-LETTER-DRAFT", EXIT_CONFLICT, false },
	{ "T-LETTER-FIELD", EXIT_USAGE, false },
	{ "T-LETTER-REVOKED", EXIT_CONFLICT, false },
	{ "T-LETTER-SIGNED", EXIT_CONFLICT, false },
	{ "T-MEMORY", EXIT_OTHER, true },
	{ "T-METHOD", EXIT_OTHER, false },
	{ "T-NO-ADDRESS", EXIT_OTHER, true },
	{ "T-NO-CIRCLE", EXIT_NOT_FOUND, false },
	{ "T-NO-KEY", EXIT_OTHER, true },
	{ "T-NOT-ALLOWED", EXIT_REFUSED, false },
	{ "T-NOT-FOUND", EXIT_NOT_FOUND, false },
	{ "T-NOT-OPEN", EXIT_CONFLICT, false },
	{ "T-NOT-SETTLED", EXIT_OTHER, true },
	{ "T-NOT-YET", EXIT_OTHER, false },
	{ "T-STOPPING", EXIT_OTHER, true },
	{ "T-STORE-DAMAGED", EXIT_OTHER, false },
	{ "T-STORE-FULL", EXIT_OTHER, true },
	{ "T-STORE-IO", EXIT_OTHER, true },
	{ "T-TOLD", EXIT_REFUSED, false },
	{ "T-TOO-LATE", EXIT_CONFLICT, false },
	{ "T-TOO-MUCH", EXIT_OTHER, false },
	{ "T-UNREACHED", EXIT_OTHER, true },
	{ "T-USAGE", EXIT_USAGE, false },
	{ "T-WATCH-EXISTS", EXIT_CONFLICT, false },
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

void rpc_response_open(struct rpc_out *out, uint32_t msgid)
{
	rpc_open_array(out, NULL);
	rpc_put_uint(out, NULL, 1);
	rpc_put_uint(out, NULL, msgid);
}

void rpc_failure_open(struct rpc_out *out, uint32_t msgid, const char *code, const char *message,
                      const char *hint)
{
	struct code known = code_find(code);
	rpc_response_open(out, msgid);
	rpc_open_map(out, NULL);
	rpc_put_str(out, "code", code);
	rpc_put_str(out, "message", message);
	rpc_put_str(out, "hint", hint);
	rpc_put_flag(out, "retryable", known.retryable);
	rpc_put_uint(out, "exit", known.exit);
}

void rpc_failure_close(struct rpc_out *out)
{
	rpc_close_one(out);
	rpc_put_nil(out, NULL);
	rpc_close_one(out);
}
