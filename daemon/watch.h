/*
 * Watches: standing searches, the owner's own. A tip or an ask of somebody else whose text or tags
 * have what a watch asks for is "matched". Whole words, the plural ignored, nothing guessed; the
 * company's name counts only behind `company:`. The query's language: find.h.
 *
 * Rows of STORE_OWN_WATCHES, key number u32: version u8 2, notify u8, one_circle u8, circle 32,
 * created_s u32, last_hit_s u32, hits u32,
 * muted_until_s u32, query.
 *
 * Thread rule: one owner (the loop thread).
 */
#ifndef WATCH_H
#define WATCH_H

#include "find.h"
#include "store_own.h"

#define WATCHES_MAX   64
#define WATCH_ROW_MAX (51 + FIND_TEXT_MAX)

#define WATCH_MUTED UINT32_MAX

enum watch_notify { /* numbers are on disk */
	            WATCH_NOW = 0,
	            WATCH_DIGEST = 1, /* no event; the inbox and the digest show it */
};

struct watch {
	uint32_t number; /* 1, 2 ... in the order in which they were made */
	enum watch_notify notify;
	bool one_circle;
	struct tuy_circle circle;
	uint32_t created_s;
	uint32_t last_hit_s;    /* 0: none so far */
	uint32_t hits;          /* what came since it was made */
	uint32_t muted_until_s; /* it matches nothing before; WATCH_MUTED: until that is taken back
	                         */
	bool leaving;           /* being removed: it notes nothing any more */
	size_t query_len;
	uint8_t query[FIND_TEXT_MAX];
	struct find find;
	bool has_words;
	struct tuy_query words; /* the plain words of `find` */
};

struct watches {
	uint32_t count;
	uint32_t next_number;
	struct watch *watch[WATCHES_MAX]; /* by number */
};

/* Reads them from the store; what cannot be read is left out, with a line in the log. */
void watches_load(struct watches *watches, struct store_reading *reading);
void watches_clear(struct watches *watches);

/* A new one, not among the others yet. NULL with `fault`: the query does not do, there are too
 * many, there is one like it (T-WATCH-EXISTS), or no memory. */
struct watch *watch_make(const struct watches *watches, struct tuy_bytes query,
                         struct rpc_fault *fault);
void watch_free(struct watch *watch);
/* Takes it in; watch->number is set. There must be room. */
void watches_add(struct watches *watches, struct watch *watch);
/* The one of this number; NULL. */
struct watch *watches_get(const struct watches *watches, uint32_t number);
/* Takes it out and frees it. */
void watches_remove(struct watches *watches, struct watch *watch);

/* As a row: its bytes in `room`. */
struct tuy_bytes watch_write(const struct watch *watch, uint8_t room[WATCH_ROW_MAX]);

/* The plain words of a query, and whether it does as one of a watch. 0, or -1 with `fault`. */
int watch_query_read(const struct find *find, struct tuy_query *words, bool *has_words,
                     struct rpc_fault *fault);
/* Whether what the row and the record say is what the query asks for; `words` NULL: it has none. */
bool watch_query_meets(const struct find *find, const struct tuy_query *words,
                       const struct view_object *object, uint32_t now_s,
                       const struct tuy_record *record);
/* Whether what the row and the record say is matched; `from:` must have been resolved. The circle
 * is the caller's to compare. */
bool watch_matches(const struct watch *watch, const struct view_object *object, uint32_t now_s,
                   const struct tuy_record *record);
/* What is shown as the reason of a match: its plain words, or the whole query. */
struct tuy_bytes watch_label(const struct watch *watch);

#endif
