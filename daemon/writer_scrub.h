/*
 * When what was erased leaves the words and the file (store_scrub.h): some seconds after it was
 * erased, at once if the owner waits for it, and so seldom that it takes a thousandth of the time
 * at the most. First the words that no object has any more go, in small transactions; then the file
 * is scrubbed: it is looked at, some ms for each 10 MB, and a few MB of zeros are written at a
 * time. Other work comes first, but for what it takes to get on: from the fourth time on that it
 * gave way, it waits for the looking and the first zeros.
 *
 * Thread rule: the writer thread.
 */
#ifndef WRITER_SCRUB_H
#define WRITER_SCRUB_H

#include "search_build.h"
#include "store_env.h"

#define SCRUB_REST_NS   (2000ull * 1000 * 1000) /* after what was erased */
#define SCRUB_SHARE     1000                    /* of the time, to one of scrubbing */
#define SCRUB_EARLY_MAX 3

struct scrub_plan {
	struct store *store;
	bool due;
	bool again;         /* something was erased since its words were begun */
	uint64_t due_ns;    /* monotonic; if due */
	uint64_t rested_ns; /* not before, unless asked */
	uint64_t cost_ns;   /* of the one under way */
	uint32_t early;     /* so often it gave way */
	enum search_purge purge;
};

/* What an earlier process left is due too. */
void scrub_begin(struct scrub_plan *plan, struct store *store);
/* A transaction that erased something was committed. */
void scrub_note(struct scrub_plan *plan);
/* The owner waits for it. */
void scrub_ask(struct scrub_plan *plan);
/* Nanoseconds until it is to go on: 0 now; UINT64_MAX: nothing is due. */
uint64_t scrub_wait_ns(const struct scrub_plan *plan);

/*
 * Goes on: a transaction of words, or the file. `words`: whether the word index is made and whole.
 * `goes_on`: 0 when other work waits. 0 with *done: nothing that was erased is left (or only words
 * that are to be made again); else a code, and it is tried again later.
 */
enum scrub_words { SCRUB_WORDS, SCRUB_NO_WORDS };
int scrub_step(struct scrub_plan *plan, enum scrub_words words, int (*goes_on)(void *context),
               void *context, bool *done);

#endif
