/*
 * Watches seen from the rest: which of them a tip or an ask meets. What the owner gave himself
 * meets none.
 *
 * Thread rule: the loop thread.
 */
#ifndef RPC_WATCH_H
#define RPC_WATCH_H

#include "rpc_home.h"

/* Whether it meets one, or names the owner or his seat in its `for`. */
bool rpc_watch_is_for_you(struct rpc_home *home, struct store_reading *reading,
                          const struct view_object *object, const struct tuy_record *record);
/* "matched": the labels of all that it meets; `record` NULL: none. */
void rpc_watch_matched_put(struct rpc_home *home, struct store_reading *reading,
                           const struct view_object *object, const struct tuy_record *record,
                           struct rpc_out *out);
/* It came just now, from somebody else: EVENT_CAME_* (event_source.h). The watches note it.
 * `context`: the rpc_home. */
unsigned int rpc_watch_came(void *context, struct store_reading *reading,
                            const struct view_object *object);

#endif
