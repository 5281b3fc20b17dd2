/*
 * Sentences for the owner about this home, given until the next start: in the log once, and in
 * `status`. Thread rule: the loop thread.
 */
#ifndef NOTICE_H
#define NOTICE_H

#include "loop.h"

enum notice {
	NOTICE_COPY,         /* the home was copied, put back or moved (store_origin.h) */
	NOTICE_LONGER,       /* a peer holds more of our entries than we do */
	NOTICE_FORKED,       /* a peer holds others */
	NOTICE_CLONE,        /* another process of this device runs */
	NOTICE_FEW,          /* nearly all incarnations are used */
	NOTICE_SPENT,        /* all are */
	NOTICE_HOOK_REFUSED, /* a hook is not run (hook_check.h) */
	NOTICE_HOOK_SLOW,    /* events came faster than a hook took them */
	NOTICE_SEALED,       /* after a fork: some sealed records cannot be published again */
	NOTICE_COUNT,
};

/* What store_open found. */
void notice_origin(struct daemon *d);
/* TUY_TELL_INCARNATION. */
void notice_incarnation(struct daemon *d, const struct tuy_tell *tell);
/* TUY_TELL_CLONE. */
void notice_clone(struct daemon *d, const struct tuy_tell *tell);
/* From now on it is said. */
void notice_say(struct daemon *d, enum notice notice);
/* The sentence if it is to be said, else NULL. Static storage. */
const char *notice_text(const struct daemon *d, enum notice notice);

#endif
