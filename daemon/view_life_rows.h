/*
 * Rows of acts, moves and private as structs, and the state that a person sees. Layouts:
 * store_tables.h. Getters return 0, MDB_NOTFOUND, MDB_CORRUPTED or LMDB's code. Thread rule: as
 * store_get and store_put.
 */
#ifndef VIEW_LIFE_ROWS_H
#define VIEW_LIFE_ROWS_H

#include "view_life.h"

#define VIEW_ACT_KIND_END 15 /* circle_no, id, kind */
struct view_act_key {
	uint8_t b[23];
};
struct view_act_key view_act_key(uint32_t circle_no, const struct tuy_object *ref,
                                 enum tuy_record_kind kind, uint32_t log_no, uint32_t seq);
int view_act_put(MDB_txn *txn, const struct store_tables *tables, const struct view_act_key *key,
                 const struct tuy_act *act, bool sealed);
/* All that count (PROTOCOL 8.6: "Of one log at most 32 records of a kind count"). ENOMEM too. To be
 * freed in every case. */
int view_acts_read(MDB_txn *txn, const struct store_tables *tables, uint32_t circle_no,
                   const struct tuy_object *ref, struct view_acts *acts);
void view_acts_free(struct view_acts *acts);

struct view_move_key {
	uint8_t b[14];
};
struct view_move_key view_move_key(uint32_t circle_no, const struct tuy_object *id);
int view_move_parse(const struct store_tables *tables, const MDB_val *key, const MDB_val *row,
                    struct view_move *move);
int view_move_get(MDB_txn *txn, const struct store_tables *tables, uint32_t circle_no,
                  const struct tuy_object *id, struct view_move *move);
int view_move_put(MDB_txn *txn, const struct store_tables *tables, const struct view_move *move);

struct view_private_key {
	uint8_t b[15];
};
struct view_private_key view_private_key(uint32_t circle_no, const struct tuy_object *id,
                                         enum view_private kind);

/* The state of a life as `me` may see it. */
enum view_state view_state_of(const struct tuy_life_subject *subject, const struct tuy_life *life,
                              const struct tuy_member *me);
/* What waits for `me`; why VIEW_MOVE_NONE: nothing. circle_no and id are the caller's to set. */
struct view_move view_move_of(const struct tuy_life_subject *subject, const struct tuy_life *life,
                              const struct tuy_member *me);

#endif
