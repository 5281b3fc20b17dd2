/*
 * What is shown: objects, profiles, a circle (OBJECT, PROFILE, SHOWN of rpc_methods.h).
 * The field table of proto/record.h names the pairs.
 *
 * Thread rule: the loop thread.
 */
#ifndef RPC_OBJECT_H
#define RPC_OBJECT_H

#include "rpc_record.h"

/* The pairs of an OBJECT into an open map. `record` NULL: unreadable. */
void rpc_object_put(struct rpc_home *home, struct store_reading *reading,
                    const struct view_object *object, const struct tuy_record *record,
                    struct rpc_out *out);
/* The object that the param `id` means, in a reading that is begun here (rpc_object_param.c). 0, or
 * -1: the call has failed, and no reading is open. */
int rpc_object_param(struct rpc_call *call, struct store_reading *reading,
                     struct view_object *object);
/* The pairs of a PROFILE; `record` NULL: none yet. */
void rpc_profile_put(const struct rpc_circle *circle, const struct tuy_member *member,
                     const struct tuy_record *record, uint32_t updated_s, struct rpc_out *out);
/* When the newest revision of a profile was written, as its author says, but not in the future; 0:
 * unknown. (view_object.created_s is that of the first one.) */
uint32_t rpc_profile_updated(struct rpc_home *home, struct store_reading *reading,
                             const struct view_object *object);
/* The own profile of a circle, or else of any other one, as `record` (spans into home->blob). 1: of
 * this circle, 0: of another, -1: none. */
int rpc_profile_own(struct rpc_home *home, struct store_reading *reading, uint32_t circle_no,
                    struct tuy_record *record);
/* The pairs of SHOWN but recovery_key. */
enum rpc_former { RPC_ACTIVE_ONLY, RPC_FORMER_TOO };
void rpc_circle_put(struct rpc_home *home, const struct rpc_circle *circle, enum rpc_former former,
                    struct rpc_out *out);

#endif
