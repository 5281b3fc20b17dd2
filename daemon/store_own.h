/*
 * Tables that are this person's own: nobody else gets them and no log has them, so nothing can make
 * them again. Written through loop_keep (loop.h), read here.
 *
 * Thread rule: as store_reading.
 */
#ifndef STORE_OWN_H
#define STORE_OWN_H

#include "store.h"

enum store_own {
	STORE_OWN_WATCHES, /* watch.h */
	STORE_OWN_LETTERS, /* store_letters.h */
	STORE_OWN_PEERS,   /* event_people.h */
	STORE_OWN_AUDIT,   /* audit.h */
	STORE_OWN_GONE,    /* store_gone.h */
	STORE_OWN_PRIVATE, /* store_news.h; the others of that table are the node's */
};

#define STORE_AUDIT_LIFE_S (365u * 86400) /* product 1.12: 12 months */

/* Calls on_row for each row, keys ascending; spans are good during the call. 0, or -1: damaged. */
typedef void store_own_on_row(void *context, struct tuy_bytes key, struct tuy_bytes value);
int store_own_each(struct store_reading *reading, enum store_own own, store_own_on_row *on_row,
                   void *context);

#endif
