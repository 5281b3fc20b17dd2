/*
 * What `new` and `join` share, the two ways into a circle: the person is made on first use, a
 * profile comes along, and the circle is shown at the end.
 *
 * Thread rule: the loop thread.
 */
#ifndef RPC_ENTER_H
#define RPC_ENTER_H

#include "rpc_home.h"

/* Makes the person on first use. 0, or -1: the call has failed and is gone. From now on its answer,
 * an error too, carries a recovery key that was not shown yet. */
int rpc_identity_ensure(struct rpc_call *call);

/* Reads the params `profile` and `default_name` over the profile held already. 0, or -1: the call
 * has failed and is gone. Spans go into `room` (TUY_RECORD_TEXT_MAX bytes). */
int rpc_profile_param(struct rpc_call *call, struct tuy_record *record, uint8_t *room);

/*
 * The last record of the way in is durable, or (`error`, rpc_write.h) is not. Opens the answer with
 * the pairs of SHOWN: more may be put, then rpc_entered_end. NULL: the call has failed and is gone.
 */
struct rpc_out *rpc_entered_begin(struct rpc_call *call, const char *error, uint32_t circle_no);
/* Puts the recovery key, if there is one to show, and answers. */
void rpc_entered_end(struct rpc_call *call, struct rpc_out *out);

#endif
