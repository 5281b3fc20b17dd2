/*
 * What a person is told whose name is given in a circle, and what whoever calls him says first
 * (GDPR article 14; product.md 1.12): the texts, in every language, and how they are filled in.
 * They are for outsiders, so their language is not that of who runs the program.
 *
 * Thread rule: the program has one thread.
 */
#ifndef NOTICE_WORDS_H
#define NOTICE_WORDS_H

#include "../daemon/lang.h"

enum notice_kind {
	NOTICE_TIP,    /* before a contact goes into a tip */
	NOTICE_ASK,    /* about an ask that concerns him */
	NOTICE_ANSWER, /* before a contact goes into an answer */
	NOTICE_CALL,   /* the first words of who got the contact */
	NOTICE_KINDS,
};

/* What texts are filled in with; "" or NULL: not known. */
enum notice_value {
	NOTICE_WHO,        /* the person's name */
	NOTICE_ME,         /* the owner's name */
	NOTICE_MY_COMPANY, /* his company */
	NOTICE_REACH,      /* how to reach him */
	NOTICE_CIRCLE,     /* the circle's name */
	NOTICE_COUNT,      /* how many are in it */
	NOTICE_WHAT,       /* title, or text of the ask */
	NOTICE_COMPANY,    /* the company it is about */
	NOTICE_ROLE,       /* the person's role there */
	NOTICE_HELD,       /* what is held: notice_held */
	NOTICE_UNTIL,      /* when it ends: notice_day */
	NOTICE_GIVER,      /* NOTICE_CALL: who gave the name; NOTICE_ANSWER: who asks */
	NOTICE_GIVER_COMPANY,
	NOTICE_VALUES,
};

/* The subject of the mail, filled in; the caller frees it. */
char *notice_subject(enum notice_kind kind, enum lang lang,
                     const char *const values[NOTICE_VALUES]);
/* The text: paragraphs, an empty line between them, a line feed at the end; one that needs a value
 * that is not known is left out. The caller frees it. */
char *notice_text(enum notice_kind kind, enum lang lang, const char *const values[NOTICE_VALUES]);

/* "your name, your telephone number": the fields (names of OBJECT's `sealed`, and "role") as a
 * list. The caller frees it. */
char *notice_held(enum lang lang, const char *const *fields, size_t count);
/* "2026-02-11T..." as "11 February 2026"; the caller frees it. "" if it is no time. */
char *notice_day(enum lang lang, const char *rfc3339);

#endif
