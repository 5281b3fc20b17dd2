/*
 * Erasing a tip or an ask: what is held of it, and the note that it goes.
 *
 * Thread rule: the loop thread.
 */
#ifndef FORGET_H
#define FORGET_H

#include "loop.h"
#include "store_gone.h"

/* All of it; or all but what is kept for longer than the object (product 1.12: outcome, thanks). */
enum forget_scope { FORGET_ALL, FORGET_OBJECT };
/*
 * What is held of an object: own entries (its revisions, and what was written here about it) in
 * gone->place, in the order of places; those of others in `here`. How many of `here`, at most
 * `cap`. `gone` is filled but for `why`.
 */
uint32_t forget_gather(struct daemon *d, struct store_reading *reading,
                       const struct view_object *object, enum forget_scope scope,
                       struct store_gone *gone, struct store_place *here, uint32_t cap);
/* Notes that an object is about to go: who confirms is asked of this row. */
void forget_keep(struct daemon *d, const struct store_gone *gone);
/*
 * The RETRACT of own entries that stand side by side in `gone`, from the `from`-th on: as
 * tuy_node_retract, *count of them.
 */
enum tuy_err forget_retract(struct daemon *d, const struct store_gone *gone, uint32_t from,
                            uint32_t *count, struct tuy_appended *appended);

#endif
