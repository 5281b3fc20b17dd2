/*
 * The pairs of an OBJECT that tell its life: award, claimants, sealed, outcome, answers,
 * waiting_for, next (rpc_methods.h).
 *
 * Thread rule: the loop thread.
 */
#ifndef RPC_LIFE_PUT_H
#define RPC_LIFE_PUT_H

#include "rpc_home.h"

/* Into an open map. SILENT: an ask of which the circle does not learn that it was answered
 * (PROTOCOL 8.6). Other records are opened: spans of the object's own are gone then. */
enum rpc_silence { RPC_COUNTED, RPC_SILENT };
void rpc_life_put(struct rpc_home *home, struct store_reading *reading,
                  const struct view_object *object, enum rpc_silence silent, struct rpc_out *out);

#endif
