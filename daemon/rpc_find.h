/*
 * What inbox, search and the rest of finding share: the list under way. It is put into the answer a
 * slice at a time, so that a long one does not hold up the loop. Records are opened for what is
 * shown, and for filters that need them.
 *
 * Thread rule: the loop thread.
 */
#ifndef RPC_FIND_H
#define RPC_FIND_H

#include "find.h"
#include "rpc_home.h"

#define FIND_LIMIT_MAX 1000
#define FIND_ALL_MAX   10000 /* objects of a list without a limit */

enum find_part { /* of an inbox; rpc_methods.h, part */
	         PART_FOR_YOU,
	         PART_MOVES,
	         PART_ASKS,
	         PART_TIPS,
	         PARTS,
};

struct find_row {
	struct view_object object;
	uint32_t score;
	bool near;
	enum find_part part;
	uint32_t rank; /* of a list that is sorted anew */
};

struct find_work {
	struct find find;
	uint32_t otherwise;        /* the states that are wanted without `state:` */
	struct view_filter filter; /* of the list, as far as it can tell */
	bool for_me;
	bool sorted; /* the rows have their parts */
	uint32_t limit;
	uint32_t count; /* in `row` */
	uint32_t at;
	uint32_t shown;
	uint32_t more; /* match beyond the list */
	uint32_t now_s;
	struct tuy_query words; /* for `wanted`, if has_words */
	bool has_words;
	/* Decides instead of find_record_wanted; NULL: it does. */
	bool (*wanted)(struct rpc_call *call, const struct find_row *row,
	               const struct tuy_record *record);
	/* Puts the pairs that only this list has into the open map of a row; NULL: none. */
	void (*on_row)(struct rpc_call *call, struct store_reading *reading,
	               const struct find_row *row, const struct tuy_record *record);
	/* Ends the answer, whose array of rows is closed. */
	void (*on_end)(struct rpc_call *call, struct store_reading *reading);
	struct find_row row[];
};

/* The call's work with room for `cap` rows. NULL: the call has failed. */
struct find_work *find_work_create(struct rpc_call *call, uint32_t cap);

/* Reads the params `circle` and `query`: find, filter.circle_no, .me, .since_s, .from, .kinds,
 * now_s. 0, or -1: the call has failed. */
int find_params(struct rpc_call *call, struct store_reading *reading, struct find_work *work);

/* Whom `from:` names, in the circle or (NULL) in any: into the terms of `find`. 0, or -1 with
 * `fault`. */
int find_resolve(struct rpc_home *home, struct store_reading *reading,
                 const struct rpc_circle *circle, struct find *find, struct rpc_fault *fault);

/* The rows of view_list, at most `cap`, without those that their row alone rules out. */
void find_list(struct find_work *work, struct store_reading *reading, uint32_t cap);

/* Opens the record of a row. False: it is not wanted. *record is NULL if it cannot be read, else
 * `room`. */
bool find_row_open(struct rpc_call *call, struct store_reading *reading, const struct find_row *row,
                   struct tuy_record *room, const struct tuy_record **record);

/* Puts the rows into the array that is open, then on_end, slice by slice. To be called last. */
void find_put(struct rpc_call *call);

#endif
