/*
 * What people see: objects (tips, asks, profiles, the circle's name) made from the logs. All of it
 * is derived and can be rebuilt; the text stays sealed in the log, an object row says where.
 * Tables: objects by number (ascending, as they came), short ids (prefix index), time index,
 * profiles by member.
 *
 * Thread rule: view_apply_* on the writer thread inside its transaction; the rest on any thread
 * within a store_reading.
 */
#ifndef VIEW_H
#define VIEW_H

#include "../proto/record.h"
#include "store.h"

/* What became of an object, as the owner of this store may see it (product.md 1.1 to 1.3). */
enum view_state {
	VIEW_STATE_OPEN,
	VIEW_STATE_AWARDED,
	VIEW_STATE_CONTACTED, /* from here to NOT_A_FIT: giver and awardee only */
	VIEW_STATE_MEETING,
	VIEW_STATE_QUOTED,
	VIEW_STATE_WON,
	VIEW_STATE_LOST,
	VIEW_STATE_NO_ANSWER,
	VIEW_STATE_NOT_A_FIT,
	VIEW_STATE_CLOSED,
	VIEW_STATE_SOLVED,
	VIEW_STATE_ANSWERED,
	VIEW_STATE_WITHDRAWN,
	VIEW_STATE_EXPIRED, /* by the clock of whoever looks; in no row */
};
/* The state of an object whose expiry is `expires_s` (0: none) at `now_s`. */
enum view_state view_state_at(enum view_state state, uint32_t expires_s, uint32_t now_s);
/* Whether it is neither over nor expired then. */
bool view_state_is_live(enum view_state state, uint32_t expires_s, uint32_t now_s);
/* "open", "no-answer" */
const char *view_state_name(enum view_state state);

struct view_object {
	uint32_t number;
	uint32_t circle_no;
	struct tuy_object id;
	enum tuy_record_kind kind;
	uint32_t ask; /* 1..5 for an ASK, else 0 */
	uint32_t log_no;
	uint32_t seq;             /* of the entry that holds its newest revision */
	struct tuy_member member; /* its author */
	struct tuy_device device;
	uint32_t created_s; /* min(claimed, first seen) */
	uint32_t expires_s; /* 0: none given */
	uint32_t rev;
	uint32_t claims;       /* TIP: 0 first, 1 pick, 2 many */
	enum view_state state; /* view_life.h */
};

enum view_filter_mine { VIEW_ANYBODY, VIEW_MINE, VIEW_OTHERS };
struct view_filter {
	uint32_t circle_no; /* UINT32_MAX: all circles */
	uint32_t kinds;     /* bits 1u << kind; 0: TIP and ASK */
	enum view_filter_mine mine;
	struct tuy_member me;          /* for MINE and OTHERS */
	const struct tuy_member *from; /* only of this member; NULL: any */
	uint32_t live_at_s;            /* only what is live then (view_state_is_live); 0: all */
	uint32_t since_s;              /* only what was created then or later */
	uint32_t look_max;             /* only so many of the newest are looked at; 0: all */
};

/* Newest first (by created_s). Returns how many were written to `out` (<= cap); `*more` how many
 * more match (counted up to 10,000). */
uint32_t view_list(struct store_reading *reading, const struct view_filter *filter,
                   struct view_object *out, uint32_t cap, uint32_t *more);

/* Objects whose id lies in lowest..highest (tuy_object_range), at most `cap`; returns how many
 * there are (may be over cap). TIP and ASK only. */
uint32_t view_find(struct store_reading *reading, const struct tuy_object *lowest,
                   const struct tuy_object *highest, struct view_object *out, uint32_t cap);
int view_object(struct store_reading *reading, uint32_t number, struct view_object *object);
/* The object of exactly this id, circle and kind, of whatever kind. 0, or -1 if there is none. */
int view_exact(struct store_reading *reading, uint32_t circle_no, const struct tuy_object *id,
               enum tuy_record_kind kind, struct view_object *object);
/* The fewest characters (4..16) that name this object and no other. */
uint32_t view_short_len(struct store_reading *reading, const struct tuy_object *id);

/* A payload with its header, and what is in it: `*plain` points into `buffer` (TUY_BLOB_MAX bytes).
 * 0; 1: no key opens it; -1: damaged. */
struct view_sealed {
	const uint8_t *header; /* TUY_HEADER_SIZE */
	struct tuy_bytes blob;
};
int view_open(struct store_reading *reading, const struct tuy_device_keys *keys, uint32_t log_no,
              uint32_t seq, const struct view_sealed *sealed, uint8_t *buffer,
              struct tuy_bytes *plain);

/*
 * Opens the record of an object into `buffer` (TUY_BLOB_MAX bytes); spans of `record` point into
 * it. 0; 1: unreadable (no key, erased, not held); -1: damaged.
 */
int view_record(struct store_reading *reading, const struct tuy_device_keys *keys,
                const struct view_object *object, uint8_t *buffer, struct tuy_record *record);

/* The newest PROFILE of a member in a circle, and the newest CIRCLE record. 0, or -1 if there is
 * none. */
int view_profile(struct store_reading *reading, uint32_t circle_no, const struct tuy_member *member,
                 struct view_object *object);
int view_circle(struct store_reading *reading, uint32_t circle_no, struct view_object *object);

/* 1; 0 if what is derived is damaged: then objects and words may be missing, and the next start of
 * the program (or tuyaud --rebuild) makes them again from the logs. */
int view_is_whole(struct store_reading *reading);

/* The number that the next object will get: what came since is found from it on (a newer revision
 * gets a number of its own, and the older one's is given up). */
uint32_t view_next_number(struct store_reading *reading);

/* Numbers of live TIP and ASK objects that every circle holds: for statistics. */
uint32_t view_count(struct store_reading *reading);

#endif
