/*
 * What a client asks: the request's envelope and its params, read in place. A request that passed
 * rpc_request_read holds only whole, shallow, shortest-form values, so the rest cannot go astray.
 *
 * Thread rule: pure, any thread.
 */
#ifndef RPC_PARAMS_H
#define RPC_PARAMS_H

#include "../proto/reader.h"
#include "../proto/record.h"
#include "lang.h"

#define RPC_KEY_MAX      64   /* bytes of a param's name */
#define RPC_NOTE_MAX     500  /* PROTOCOL 8.4, the text of what is done about one */
#define RPC_ASK_TEXT_MAX 1000 /* PROTOCOL 8.4, the text of an ask */

/* Spans point into the request's bytes. */
struct rpc_request {
	uint32_t msgid;
	struct tuy_bytes method;
	struct tuy_bytes params; /* one map; empty if none was sent */
	enum lang lang;          /* of whoever reads the answer */
};

/* Reads the first request of a stream: TUY_OK and its length to `len`; TUY_E_SHORT: more is needed;
 * anything else: it can never become right, close the connection. */
enum tuy_err rpc_request_read(struct tuy_bytes stream, struct rpc_request *request, size_t *len);

/* Why a param or a field does not do; for people. `code` is static, NULL: nothing is wrong. */
struct rpc_fault {
	const char *code; /* "T-USAGE", "T-NOT-YET" */
	char message[300];
	char french[300]; /* the message */
	char hint[160];   /* English; one that is a literal is translated when it is sent */
};
/* Fills it; returns -1. `message` is a literal: it is translated here. */
int rpc_fault_set(struct rpc_fault *fault, const char *code, const char *hint, const char *message,
                  ...) __attribute__((format(printf, 4, 5)));

/* The first key of `params` that `known` (names with a blank around each) does not have, as a
 * fault. 0 or -1. */
int rpc_params_check(struct tuy_bytes params, const char *known, struct rpc_fault *fault);

/* Optional params: 1 it is there and *out is set, 0 it is not (or nil) and *out is left alone, -1
 * with `fault`: wrong type or size. */
int rpc_param_text(struct tuy_bytes params, const char *name, size_t max, struct tuy_bytes *out,
                   struct rpc_fault *fault);
/* The same for a text that is kept and shown again: -1 too if it holds line ends, or what must not
 * reach a terminal. */
int rpc_param_line(struct tuy_bytes params, const char *name, size_t max, struct tuy_bytes *out,
                   struct rpc_fault *fault);
/* An array of at most *count texts of at most `max` bytes; *count: how many. An empty one is not
 * given. */
int rpc_param_texts(struct tuy_bytes params, const char *name, size_t max, struct tuy_bytes *out,
                    uint32_t *count, struct rpc_fault *fault);
int rpc_param_uint(struct tuy_bytes params, const char *name, uint32_t min, uint32_t max,
                   uint32_t *out, struct rpc_fault *fault);
int rpc_param_flag(struct tuy_bytes params, const char *name, bool *out, struct rpc_fault *fault);
int rpc_param_map(struct tuy_bytes params, const char *name, struct tuy_bytes *out,
                  struct rpc_fault *fault);

/*
 * Puts a map of FIELDS (rpc_methods.h) into record->value, over what stands there; record->kind is
 * set. nil and empty texts and lists take a field out. Spans point into `fields`. 0 or -1.
 */
int rpc_fields_read(struct tuy_bytes fields, struct tuy_record *record, struct rpc_fault *fault);

/* tuy_record_check, and what is wrong in words: the field and its bounds. 0 or -1. */
int rpc_record_check(const struct tuy_record *record, struct rpc_fault *fault);

/* "first", "pick", "many" for 0..2; NULL else. */
const char *rpc_claims_name(uint64_t claims);

#endif
