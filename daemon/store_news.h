/*
 * Answers to an ask for news that the asker has read: what became of a person is not kept for
 * longer than it takes to use it (product 1.12: 7 days after reading, 14 at the most, which is the
 * expiry of its entry). A row of the table `private` under the answer's own id.
 *
 * Key: circle_no u32, id 10, STORE_NEWS_KIND. Value: read_s u32, log_no u32, seq u32.
 *
 * Thread rule: pure memory.
 */
#ifndef STORE_NEWS_H
#define STORE_NEWS_H

#include "../proto/hash.h"
#include "store.h"
#include <string.h>

#define STORE_NEWS_KIND   128 /* beside enum view_private */
#define STORE_NEWS_KEY    15
#define STORE_NEWS_VALUE  12
#define STORE_NEWS_READ_S (7u * 86400)
#define STORE_NEWS_MOST_S (14u * 86400)

static inline void store_news_row(uint32_t circle_no, const struct tuy_object *answer,
                                  uint32_t read_s, struct store_place place,
                                  uint8_t key[STORE_NEWS_KEY], uint8_t value[STORE_NEWS_VALUE])
{
	tuy_put32(key, circle_no);
	memcpy(key + 4, answer->b, sizeof answer->b);
	key[STORE_NEWS_KEY - 1] = STORE_NEWS_KIND;
	tuy_put32(value, read_s);
	tuy_put32(value + 4, place.log_no);
	tuy_put32(value + 8, place.seq);
}

#endif
