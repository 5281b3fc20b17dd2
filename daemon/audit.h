/*
 * The audit log (product 1.12): what this node did with data about persons, and when. Ids and
 * members only, so that a name that was erased does not stay here. It is private, kept for 12
 * months by the daemon's clock (the hourly sweep), and nothing can make it again.
 *
 * Rows of STORE_OWN_AUDIT. Key: at u32, what u8, object 10, member 32; value: version u8 1,
 * circle_no u32, count u32. So the same said twice is one row, and who is not sure says it again.
 *
 * Thread rule: audit_note on the loop thread; audit_each as store_reading.
 */
#ifndef AUDIT_H
#define AUDIT_H

#include "loop.h"

#define AUDIT_NO_CIRCLE UINT32_MAX

enum audit_what { /* numbers stand in the store: never reuse one */
	          AUDIT_NONE,
	          AUDIT_NAMED,     /* a tip was given with a contact card; object */
	          AUDIT_AWARDED,   /* its card was sent to `member`; object */
	          AUDIT_ANSWERED,  /* an answer with a card was sent to `member`; object: the ask */
	          AUDIT_RECEIVED,  /* a card came from `member`; object: the tip, or the own ask */
	          AUDIT_WITHDRAWN, /* an own tip was taken back; object */
	          AUDIT_FORGOTTEN, /* forget; object if it was one; count: of entries */
	          AUDIT_EXPORTED,  /* everything was exported; count: of objects */
	          AUDIT_ACCESSED,  /* what is held about one person was shown */
	          AUDIT_SIGNED,    /* a letter; object: the request */
	          AUDIT_SENT,      /* the same */
	          AUDIT_REVOKED,   /* the same */
	          AUDIT_ADMITTED,  /* `member` came in on an invite of this device */
	          AUDIT_HOOKED,    /* a hook was given sealed fields; object */
	          AUDIT_UNASKED,   /* an own ask was taken back; object */
	          AUDIT_FORGOTTEN_ASK, /* as FORGOTTEN: an own ask */
	          AUDIT_WHAT_END,
};
/* "named", "awarded"; "other" for what a later version wrote. Static. */
const char *audit_what_name(enum audit_what what);

struct audit_row {
	enum audit_what what;
	uint32_t at_s;            /* 0: now */
	uint32_t circle_no;       /* or AUDIT_NO_CIRCLE */
	struct tuy_object object; /* zeros: none */
	struct tuy_member member; /* zeros: none */
	uint32_t count;           /* 0: not counted */
};

#define AUDIT_KEY   47
#define AUDIT_VALUE 9
/* The row as it is kept. */
void audit_row_write(const struct audit_row *row, uint8_t key[AUDIT_KEY],
                     uint8_t value[AUDIT_VALUE]);

/*
 * Writes a row; AUDIT_NONE: nothing. To be called when what it tells of was handed to the node, and
 * before loop_drain: then the row is on the disk no later than that. If it cannot be written (no
 * memory, the daemon is ending) that is logged, and what it tells of goes on.
 */
void audit_note(struct daemon *d, const struct audit_row *row);

/* Calls on_row for each row from `since_s` on, oldest first. 0, or -1: some are damaged. */
typedef void audit_on_row(void *context, const struct audit_row *row);
int audit_each(struct store_reading *reading, uint32_t since_s, audit_on_row *on_row,
               void *context);

#endif
