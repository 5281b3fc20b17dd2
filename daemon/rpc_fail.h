/*
 * Error answers on the wire: one table of codes with their exit codes (product 2.6), and the map.
 *
 * Thread rule: pure, any thread.
 */
#ifndef RPC_FAIL_H
#define RPC_FAIL_H

#include "rpc_reply.h"

/* The head of a response: what follows is an error map and nil, or nil and the result. */
void rpc_response_open(struct rpc_out *out, uint32_t msgid);
/* The head of a response and its error map, which stays open for more pairs. `code` is one of the
 * table in rpc_fail.c, which has its exit code; of another module: a failure of the host. */
void rpc_failure_open(struct rpc_out *out, uint32_t msgid, const char *code, const char *message,
                      const char *hint);
/* Closes what rpc_failure_open opened: the whole response stands in `out`. */
void rpc_failure_close(struct rpc_out *out);

#endif
