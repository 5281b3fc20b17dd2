/*
 * Forgetting: what the method shares with withdraw and show.
 *
 * Thread rule: the loop thread.
 */
#ifndef RPC_FORGET_H
#define RPC_FORGET_H

#include "rpc_home.h"
#include "store_gone.h"

/*
 * What is held of an object: own entries (its revisions, and all that was written here about it) in
 * gone->place, in the order of places; those of others in `here`. How many of `here`, at most
 * `cap`. `gone` is filled but for `why`.
 */
uint32_t rpc_gone_gather(struct rpc_home *home, struct store_reading *reading,
                         const struct view_object *object, struct store_gone *gone,
                         struct store_place *here, uint32_t cap);
/* Notes that an own object is about to go: who confirms is asked of this row. */
void rpc_gone_keep(struct rpc_home *home, const struct store_gone *gone);
/* Fails the call with what became of an object that was erased here. */
void rpc_gone_fail(struct rpc_call *call, struct tuy_bytes id, const struct store_gone *gone);

#endif
