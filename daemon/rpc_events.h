/*
 * Events seen from the rest: who waits for them, and one of them as it is shown (EVENT, events.h).
 *
 * Thread rule: the loop thread.
 */
#ifndef RPC_EVENTS_H
#define RPC_EVENTS_H

#include "rpc_home.h"

/* An event was pushed: who waits is answered, hooks are run. `context`: the rpc_home. */
void rpc_events_happened(void *context);
/* The EVENT at a position that is kept. 0, or -1: the store cannot be read, or no memory. */
int rpc_events_pack(void *context, uint64_t at, struct rpc_out *out);
/* The call ends, whether it waits for events or not. */
void rpc_events_forget(struct rpc_call *call);

#endif
