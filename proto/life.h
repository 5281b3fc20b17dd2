/*
 * The life of a tip or an ask (PROTOCOL 8.6): from the facts about it, in any order, to its state.
 * Who may do what is decided here and nowhere else: an act that its author may not do counts for
 * nothing. Thread rule: pure, any thread.
 */
#ifndef TUY_LIFE_H
#define TUY_LIFE_H

#include "record.h"

/* One record about a tip or an ask, without its texts. */
struct tuy_act {
	enum tuy_record_kind kind; /* ANSWER..THANKS */
	struct tuy_object id;
	uint32_t rev;
	struct tuy_member author;
	struct tuy_device device;
	uint32_t time_s; /* as shown: min(claimed, first seen) */
	bool has_of;
	struct tuy_object of;
	bool has_to;
	struct tuy_member to;
	uint32_t due_s; /* AWARD */
	uint32_t step;  /* PROGRESS, OUTCOME */
};

/* What it is about. */
struct tuy_life_subject {
	enum tuy_record_kind kind; /* TIP or ASK */
	struct tuy_member author;
	struct tuy_device device; /* that gave it */
	uint32_t claims;          /* TIP: 0 first, 1 pick, 2 many */
};

enum tuy_step { /* of a tip, PROTOCOL 8.6 */
	        TUY_STEP_NONE,
	        TUY_STEP_CONTACTED,
	        TUY_STEP_MEETING,
	        TUY_STEP_QUOTED,
	        TUY_STEP_WON,
	        TUY_STEP_LOST,
	        TUY_STEP_NO_ANSWER,
	        TUY_STEP_NOT_A_FIT,
};
enum tuy_ask_step { /* of an accepted answer */
	            TUY_ASKED_TARGET = 1,
	            TUY_TARGET_AGREED,
	            TUY_INTRODUCED,
	            TUY_MET,
	            TUY_DONE,
};

enum tuy_life_state {
	TUY_LIFE_OPEN,
	TUY_LIFE_AWARDED, /* also with a step: whoever may see it shows the step */
	TUY_LIFE_CLOSED,  /* an ask: solved */
	TUY_LIFE_WITHDRAWN,
};

#define TUY_LIFE_AWARDS_MAX                                                                        \
	16                      /* that stand beside each other (claims = many; accepted answers)  \
	                         */
#define TUY_LIFE_CLAIMS_MAX 150 /* a circle has no more members */
#define TUY_LIFE_CHAIN_MAX  64  /* awards that follow each other; what comes later is void */

struct tuy_life_award {
	struct tuy_object id;
	struct tuy_object of; /* of an ask: the answer it accepts */
	struct tuy_member to;
	uint32_t at_s;
	uint32_t due_s;
	uint32_t step; /* the greatest; an OUTCOME's hides those of PROGRESS */
	uint32_t step_at_s;
	struct tuy_object outcome; /* its id, if step is one of an OUTCOME */
	bool ended;                /* given back, or taken back */
	bool closed;
};
struct tuy_life_claim { /* that waits for an award; of an ask: an answer */
	struct tuy_object id;
	struct tuy_member by;
	uint32_t at_s;
};
struct tuy_life {
	enum tuy_life_state state;
	uint32_t award_count;
	struct tuy_life_award award[TUY_LIFE_AWARDS_MAX]; /* the standing one, or all that stand */
	bool chained; /* award[0] ends a chain: the next award has its id in `of` */
	uint32_t claim_count;
	struct tuy_life_claim claim[TUY_LIFE_CLAIMS_MAX]; /* earliest first, then smallest id */
	uint32_t withdrawn_s;
};

/* Folds the acts; `life` is written whole. */
void tuy_life_fold(const struct tuy_life_subject *subject, const struct tuy_act *acts,
                   uint32_t count, struct tuy_life *life);

/* The award to a member that has not ended; NULL: none. */
const struct tuy_life_award *tuy_life_award_to(const struct tuy_life *life,
                                               const struct tuy_member *member);
/* The pending claim (or answer) of a member; NULL: none. */
const struct tuy_life_claim *tuy_life_claim_by(const struct tuy_life *life,
                                               const struct tuy_member *member);

/*
 * How far an answer got, by the clock of whoever looks (PROTOCOL 8.6). Without a move for so long
 * it has lapsed; a later move counts all the same.
 */
#define TUY_LAPSE_S (7u * 86400)
enum tuy_answer_state {
	TUY_ANSWER_SENT,
	TUY_ANSWER_ACCEPTED,
	TUY_ANSWER_ASKED, /* from here to DONE: its steps */
	TUY_ANSWER_AGREED,
	TUY_ANSWER_INTRODUCED,
	TUY_ANSWER_MET,
	TUY_ANSWER_DONE,
	TUY_ANSWER_DECLINED,
	TUY_ANSWER_LAPSED,
};
enum tuy_answer_state tuy_answer_state(const struct tuy_life *life,
                                       const struct tuy_life_claim *answer, uint32_t now_s);
/* "sent", "accepted", ..; PROTOCOL 8.6's names of the steps. */
const char *tuy_answer_state_name(enum tuy_answer_state state);

/* "contacted", "meeting", "quoted", "won", "lost", "no-answer", "not-a-fit" for 1..7, of a tip;
 * NULL else. And back: 0 if none. */
const char *tuy_step_name(uint64_t step);
uint32_t tuy_step_named(struct tuy_bytes name);
/* "asked", "agreed", "introduced", "met", "done" for 1..5, of an answer. */
const char *tuy_ask_step_name(uint64_t step);
uint32_t tuy_ask_step_named(struct tuy_bytes name);
/* "person", "relay", "moved", "intro", "me", "letter", "call" for 1..7, of an answer. */
#define TUY_ANSWER_LETTER 6
const char *tuy_answer_name(uint64_t how);
uint32_t tuy_answer_named(struct tuy_bytes name);

#endif
