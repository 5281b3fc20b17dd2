/*
 * Tips and asks that were erased: which, when, and by whose wish. No text, only the id, so that
 * `show` can say what became of it, that nothing about it is kept when it comes late, and that it
 * is known which friends have confirmed (PROTOCOL 4.12). Kept for 12 months.
 *
 * Key: circle_no u32, id 10. Value: at_s u32, why u8, author member 32, then for each own entry
 * that was retracted: log_no u32, seq u32.
 *
 * Thread rule: with a transaction, as store_get and store_put; with a reading, as that.
 */
#ifndef STORE_GONE_H
#define STORE_GONE_H

#include "store_tables.h"

#define STORE_GONE_LIFE_S (365u * 86400)
#define STORE_GONE_PLACES 256
#define STORE_GONE_KEY    14
#define STORE_GONE_MAX    (37 + 8 * STORE_GONE_PLACES)

enum store_gone_why {                           /* numbers are on disk */
	              STORE_GONE_NOT = 0,       /* it only leaves the view */
	              STORE_GONE_FORGOTTEN = 1, /* an own one: forget */
	              STORE_GONE_WITHDRAWN,     /* an own one: withdraw, undo */
	              STORE_GONE_HERE,          /* somebody else's: forget, in this store only */
	              STORE_GONE_RETRACTED,     /* by its author */
	              STORE_GONE_EXPIRED,
};

struct store_gone {
	uint32_t circle_no;
	struct tuy_object id;
	uint32_t at_s;
	enum store_gone_why why;
	struct tuy_member member; /* its author */
	uint32_t place_count;
	struct store_place place[STORE_GONE_PLACES];
};

/* A row's key and value, for loop_keep; the length of the value. */
size_t store_gone_row(const struct store_gone *gone, uint8_t key[STORE_GONE_KEY],
                      uint8_t value[STORE_GONE_MAX]);
/* 0; MDB_NOTFOUND; or a code. */
int store_gone_get(MDB_txn *txn, const struct store_tables *tables, uint32_t circle_no,
                   const struct tuy_object *id, struct store_gone *gone);
/* Notes one, unless it is noted already. */
int store_gone_put(MDB_txn *txn, const struct store_tables *tables, const struct store_gone *gone);
/* Whether what comes about this object is not to be kept. 0, or a code. */
int store_gone_unwanted(MDB_txn *txn, const struct store_tables *tables, uint32_t circle_no,
                        const struct tuy_object *id, bool *unwanted);
/* Drops rows from before `before_s`. */
int store_gone_purge(MDB_txn *txn, const struct store_tables *tables, uint32_t before_s);

/* A list of entries; zeroed: empty. */
struct store_places {
	struct store_place *place;
	uint32_t count;
	uint32_t cap;
};
/* 0 or ENOMEM. */
int store_places_add(struct store_places *places, uint32_t log_no, uint32_t seq);
void store_places_free(struct store_places *places);

/* Calls on_row for each row; `gone` is good during the call. 0, or -1: some are damaged. */
typedef void store_gone_on_row(void *context, const struct store_gone *gone);
int store_gone_each(struct store_reading *reading, store_gone_on_row *on_row, void *context);
/* The ones whose id lies in lowest..highest; how many there are. *gone: the first. */
uint32_t store_gone_find(struct store_reading *reading, const struct tuy_object *lowest,
                         const struct tuy_object *highest, struct store_gone *gone);

#endif
