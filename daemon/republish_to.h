/*
 * For whom a sealed record was that a fork made void (PROTOCOL 4.11): the blob does not say it, but
 * the record and what it is about do.
 *
 * Thread rule: the loop thread, within a reading.
 */
#ifndef REPUBLISH_TO_H
#define REPUBLISH_TO_H

#include "life_write.h"

enum republish_to {
	REPUBLISH_NOBODY, /* it is of no use any more: what it is about is gone, or another award
	                     stands */
	REPUBLISH_UNKNOWN,
	REPUBLISH_AMONG, /* these members */
};
/* `me`: the author of the record. */
enum republish_to republish_to(struct store_reading *reading, uint32_t circle_no,
                               const struct tuy_circle *circle, const struct tuy_member *me,
                               const struct tuy_record *record, struct life_among *among);

#endif
