/*
 * The word index: postings in segments, one sorted run per commit, merged in tiers, so that a
 * commit costs what it adds. Words come from proto/text.h (index level: folded, plural stripped).
 * Derived; rebuilt with the view.
 *
 * Thread rule: the building side (search_build.h's functions, used by view.c and writer.c) on the
 * writer thread inside its transaction; search_query on any thread within a store_reading.
 */
#ifndef SEARCH_H
#define SEARCH_H

#include "store.h"
#include "synonyms.h"

#define SEARCH_TEXT_MAX 512

struct search_hit {
	uint32_t object; /* number, view.h */
	uint32_t score;  /* higher is better: exact words before prefixes, title before text */
	bool near;       /* it has only stems or synonyms of some of the words */
};

/*
 * Objects that match all words of `text` (at most SEARCH_TEXT_MAX bytes), best first, then newest
 * first; and behind them, if there is room, what is near: words of the same stem, and synonyms
 * (NULL: nothing is near). Returns how many were written (<= cap), -1 if there is no word in the
 * text at all or the index is damaged. Objects of every circle: the caller filters.
 */
int search_query(struct store_reading *reading, struct tuy_bytes text,
                 const struct synonyms *synonyms, struct search_hit *hits, uint32_t cap);

#endif
