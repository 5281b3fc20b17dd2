/*
 * The view made again from the logs: everything derived is thrown away and every entry is taken
 * once more, in the order in which the entries came, a bounded transaction at a time. What is
 * interrupted goes on at the next start: until the last transaction the view's version row says
 * that it is not whole.
 *
 * Objects get new numbers. Which number is lower than another may differ from before where the
 * logs no longer tell: among entries that came within the same second (they are taken log by log),
 * and for payloads and epoch keys that came later than their entries (they count from the entry).
 *
 * Thread rule: the thread that opened the store, while no writer runs.
 */
#ifndef VIEW_REBUILD_H
#define VIEW_REBUILD_H

#include "store.h"
#include "view.h"

enum view_rebuild_when {
	VIEW_REBUILD_NEEDED, /* if the view is damaged, unfinished or of another version */
	VIEW_REBUILD_ALWAYS, /* from the beginning */
};

struct view_rebuild {
	struct store *store;
	const struct tuy_device_keys *keys; /* of this device: they open what is sealed to it */
	enum view_rebuild_when when;
	/* Called after each transaction, about once a second or more often; NULL: nobody looks. */
	void (*on_progress)(void *context, uint64_t entries_done, uint64_t entries);
	void *context;
	uint32_t entries_max; /* that one transaction takes; 0: 8,192. For tests. */
	/* Transactions after which it stops as if it had been interrupted; 0: none. For tests. */
	uint32_t transactions_max;
	/* Set by view_rebuild_run. */
	enum { VIEW_WAS_WHOLE, VIEW_REBUILT, VIEW_INTERRUPTED } result;
	uint64_t entries_damaged; /* passed over: the view is made without them */
};

/* 0 with `result`; or -1 with `error`: what was committed stays, and a later call goes on there. */
int view_rebuild_run(struct view_rebuild *rebuild, struct store_error *error);

#endif
