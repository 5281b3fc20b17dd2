/*
 * The record that an object was made from: opened, kept, and whom it is for.
 *
 * Thread rule: the loop thread.
 */
#ifndef RPC_RECORD_H
#define RPC_RECORD_H

#include "rpc_home.h"

/* Opens an object's record; spans of `record` point into home->blob. False: unreadable. */
bool rpc_record_get(struct rpc_home *home, struct store_reading *reading,
                    const struct view_object *object, struct tuy_record *record);
/* Copies what the spans of a checked record point to into `room`, which must hold it. */
void rpc_record_keep(struct tuy_record *record, uint8_t *room, size_t room_size);
/* Whether a member is meant by the `for` of a tip or ask; everybody is, if it has none. False if it
 * cannot be read. */
bool rpc_record_meant(struct rpc_home *home, struct store_reading *reading,
                      const struct view_object *object, const struct tuy_member *member);
/* Whether its `for` names me or my seat. */
bool rpc_record_is_for_me(struct rpc_home *home, struct store_reading *reading,
                          const struct view_object *object, const struct tuy_record *record);

#endif
