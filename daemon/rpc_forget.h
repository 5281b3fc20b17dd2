/*
 * What became of something that was erased, for show.
 *
 * Thread rule: the loop thread.
 */
#ifndef RPC_FORGET_H
#define RPC_FORGET_H

#include "forget.h"
#include "rpc_home.h"

/* Fails the call with what became of an object that was erased here. */
void rpc_gone_fail(struct rpc_call *call, struct tuy_bytes id, const struct store_gone *gone);

#endif
