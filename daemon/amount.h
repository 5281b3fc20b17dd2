/*
 * What a tip brought, as it is written (PROTOCOL 8.4): an exact number, or a band for those who do
 * not want to say it. Thread rule: pure, any thread.
 */
#ifndef AMOUNT_H
#define AMOUNT_H

#include "../proto/types.h"

#define AMOUNT_BANDS 5

/* "0-1k", "1-5k", "5-20k", "20-100k", "100k+" for 0..4. */
const char *amount_band_name(uint32_t band);
/* The band that `text` names; AMOUNT_BANDS: none. */
uint32_t amount_band(struct tuy_bytes text);
/* "8000", "1250.5", "1250.50": at most 12 digits before the point; in hundredths. 0, or -1: it is
 * no number so, and *hundredths is left alone. */
int amount_read(struct tuy_bytes text, uint64_t *hundredths);

#endif
