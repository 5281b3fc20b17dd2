/*
 * What was done about invented tips, as it would have gone over the years: of a hundred that a
 * person gave, ten are untouched, one is claimed and waits for its giver, one is under way, ten are
 * asks that were answered and solved, and the others were claimed, awarded and closed with an
 * outcome, half of them with thanks. Everybody takes those of the one before him.
 *
 * Thread rule: as struct fill.
 */
#ifndef LIVES_H
#define LIVES_H

#include "fill.h"

struct lives {
	const struct people *people;
	uint32_t people_count;
	uint32_t tip_count; /* of each */
	uint32_t log_no;    /* of the entries being made, with where they are */
	uint32_t tip;
	uint32_t slot;
};

/* The number (tips.h) of the i-th tip of somebody. */
uint64_t lives_tip_number(uint32_t log_no, uint32_t i);
/* Is the i-th tip of somebody an ask; how are its claims decided? */
bool lives_is_ask(uint32_t i);
bool lives_is_picked(uint32_t i);
/* Appends all that a person did to his log. Returns how many entries that is. */
uint32_t lives_fill(struct lives *lives, struct fill *fill, uint32_t log_no);

#endif
