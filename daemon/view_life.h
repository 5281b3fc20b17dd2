/*
 * The lives of tips and asks in the view (proto/life.h): what was done about each (acts), what
 * waits for the owner of this store (moves), and his private rows of an object (the card that waits
 * for its award, notes to himself).
 *
 * Thread rule: struct view_lives on the writer thread inside its transaction; the rest on any
 * thread within a store_reading.
 */
#ifndef VIEW_LIFE_H
#define VIEW_LIFE_H

#include "../proto/life.h"
#include "view.h"
#include "view_rows.h"

/* ---- reading ---- */

struct view_act_at { /* where an act stands */
	uint32_t log_no;
	uint32_t seq;
	bool sealed; /* to some members */
};
/* What was done about one object. PROTOCOL 8.6: at most 32 of a kind and log count. */
struct view_acts {
	uint32_t count;
	uint32_t cap;
	struct tuy_act *act;
	struct view_act_at *at;
};

/* An object with its life. */
struct view_life {
	struct tuy_life_subject subject;
	struct tuy_member me;
	enum view_state state; /* as `me` may see it; never EXPIRED */
	struct view_acts acts;
	struct tuy_life life;
};
/* 0; -1: damaged, or no memory. To be freed in both cases. */
int view_life_read(struct store_reading *reading, const struct view_object *object,
                   const struct tuy_member *me, struct view_life *life);
void view_life_free(struct view_life *life);

/* The place of an act (of a kind, id, and sealed or not) among the acts; the highest rev, then the
 * first. UINT32_MAX: none. */
enum view_sealing { VIEW_FOR_CIRCLE, VIEW_SEALED };
uint32_t view_act_find(const struct view_acts *acts, enum tuy_record_kind kind,
                       const struct tuy_object *id, enum view_sealing sealing);

/* Entries of this device that hold an object: all its revisions that are in the view's tables. At
 * most `cap`; returns how many. */
uint32_t view_entries(struct store_reading *reading, const struct view_object *object,
                      struct view_act_at *out, uint32_t cap);

/* Why an object waits for the owner. */
enum view_why {
	VIEW_MOVE_NONE,
	VIEW_MOVE_GIVER_CLAIMED, /* given by him, open, and claimed */
	VIEW_MOVE_GIVER_AWARDED, /* given by him and awarded, not ended */
	VIEW_MOVE_AWARDEE,       /* awarded to him, not ended */
	VIEW_MOVE_CLAIMANT,      /* claimed by him, not awarded yet */
	VIEW_MOVE_ASKER,         /* asked by him, and answered */
	VIEW_MOVE_ANSWERER,      /* his answer was accepted, not ended */
};
struct view_move {
	uint32_t circle_no;
	struct tuy_object id;
	enum view_why why;
	enum view_state state;
	uint32_t at_s;           /* of the award, or of the first claim or answer; of an accepted
	                            answer its last step */
	uint32_t due_s;          /* of the award; 0: none */
	uint32_t count;          /* claims or answers that wait */
	struct tuy_object award; /* zeros: none */
};
/* At most `cap` moves in the order of their keys, from behind `*after` (zeroed: the first) on;
 * UINT32_MAX as circle: all. Returns how many. */
uint32_t view_moves(struct store_reading *reading, uint32_t circle_no,
                    const struct view_move *after, struct view_move *out, uint32_t cap);
/* The move of one object: 0, or -1 if there is none. */
int view_move(struct store_reading *reading, uint32_t circle_no, const struct tuy_object *id,
              struct view_move *move);

/* Private rows of an object, by kind. */
enum view_private {
	VIEW_PRIVATE_CARD = 1, /* a CARD record that waits for its award */
	VIEW_PRIVATE_NOTE,     /* text: why it is private */
	VIEW_PRIVATE_PASSED,   /* empty but for one byte: not for me */
	VIEW_PRIVATE_TOLD,     /* u8 level of reminders that were told, award id 10 */
	VIEW_PRIVATE_REFUSED,  /* award id 10: of the own answer, whose target said no */
	VIEW_PRIVATE_AMONG,    /* members, 32 bytes each: whom the own ask is sealed to */
	VIEW_PRIVATE_LAST = VIEW_PRIVATE_AMONG,
};
/* The value, valid until the reading ends. 0, or -1 if there is none (or it is damaged). */
int view_private(struct store_reading *reading, uint32_t circle_no, const struct tuy_object *id,
                 enum view_private kind, struct tuy_bytes *value);

/* ---- building ---- */

int view_private_put(MDB_txn *txn, const struct store_tables *tables, uint32_t circle_no,
                     const struct tuy_private *row);

struct view_lives;
/* NULL: no memory. */
struct view_lives *view_lives_create(const struct tuy_device *device);
void view_lives_destroy(struct view_lives *lives); /* NULL is allowed */
void view_lives_begin(struct view_lives *lives, MDB_txn *txn, struct store_tables *tables);

/* A record about an object, or an older revision of one (kind TIP or ASK). */
struct view_lives_entry {
	uint32_t circle_no;
	uint32_t log_no;
	uint32_t seq;
	uint32_t time_s;
	bool sealed;
	struct tuy_object id; /* the record's own */
};
int view_lives_act(struct view_lives *lives, const struct view_lives_entry *entry,
                   const struct tuy_record *record);
int view_lives_revision(struct view_lives *lives, enum tuy_record_kind kind,
                        const struct view_lives_entry *entry);
/* The entry is about to go. `record` NULL: it is a revision of the object `entry->id`. */
int view_lives_erase(struct view_lives *lives, enum tuy_record_kind kind,
                     const struct view_lives_entry *entry, const struct tuy_record *record);
/* An object came, or a newer revision of one: if something was done about it, it is folded. */
int view_lives_made(struct view_lives *lives, uint32_t circle_no, const struct tuy_object *id);
/* What is known of an object changed. */
int view_lives_touch(struct view_lives *lives, uint32_t circle_no, const struct tuy_object *id);
/* The object went for good: private rows too. */
int view_lives_forget(struct view_lives *lives, uint32_t circle_no, const struct tuy_object *id);
/* What was touched is folded again. */
int view_lives_write(struct view_lives *lives);

#endif
