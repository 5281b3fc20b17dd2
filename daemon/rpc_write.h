/*
 * Writes: what gives a ticket, tried again while the node has no room, then waited for.
 *
 * Thread rule: the loop thread.
 */
#ifndef RPC_WRITE_H
#define RPC_WRITE_H

#include "rpc_home.h"

/*
 * Does what gives a ticket, and calls `then` once it is durable (error NULL) or has failed (a code
 * for rpc_write_failed). `attempt` is called again for some seconds as long as it says TUY_E_FULL;
 * other errors, and the end of patience, fail the call. To be called last: the call may be gone
 * afterwards.
 */
typedef enum tuy_err rpc_attempt(struct rpc_call *call, uint64_t *ticket);
void rpc_write(struct rpc_call *call, rpc_attempt *attempt,
               void (*then)(struct rpc_call *call, const char *error));
/* The same for a record into the own log; `record` has passed its check. call->write.appended says
 * where it went. */
void rpc_append(struct rpc_call *call, uint32_t circle_no, const struct tuy_record *record,
                uint32_t exp_s, void (*then)(struct rpc_call *call, const char *error));
/* The same for the struct life_batch that call->work begins with (life_write.h). */
void rpc_write_batch(struct rpc_call *call, void (*then)(struct rpc_call *call, const char *error));
/* Fails the call with what went wrong on the disk. */
void rpc_write_failed(struct rpc_call *call, const char *error);

#endif
