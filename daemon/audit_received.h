/*
 * What comes to this node with a person's card in it, for the audit log: awards, and answers to own
 * asks. Thread rule: the loop thread.
 */
#ifndef AUDIT_RECEIVED_H
#define AUDIT_RECEIVED_H

#include "audit.h"
#include "view_life.h"

/* Whether an answer says how to reach somebody. */
bool audit_has_card(const struct tuy_record *answer);

/* Notes what came since `before`; NULL: all that is there, again, which makes no second row. */
void audit_received(struct daemon *d, struct store_reading *reading, const struct view_move *before,
                    const struct view_move *now);

#endif
