/*
 * The own vouch letters in the store (PROTOCOL 10): drafts, signed ones, and what became of them.
 * They are private: nothing of them leaves but by their owner's hand, and the revocation.
 *
 * A row is written through loop_keep; key: the number.
 * value: circle_no u32, ask id 10, state u8, days u8, made_s u32, changed_s u32, text_len u16,
 * text, signature file. Thread rule: any thread, the reads within a store_reading.
 */
#ifndef STORE_LETTERS_H
#define STORE_LETTERS_H

#include "../proto/letter.h"
#include "store.h"

#define STORE_LETTER_LIFE_S (365u * 86400) /* product 1.12: the own copy is kept for 1 year */
#define STORE_LETTER_MAX    (32 + TUY_LETTER_MAX + TUY_MINISIGN_MAX)

enum store_letter_state {
	STORE_LETTER_DRAFT = 1,
	STORE_LETTER_SIGNED,
	STORE_LETTER_SENT,
	STORE_LETTER_REVOKED,
};

struct store_letter {
	char number[TUY_LETTER_NUMBER];
	uint32_t circle_no;
	struct tuy_object ask; /* the request that it answers */
	enum store_letter_state state;
	uint32_t days;         /* of validity, from the day on which it is signed */
	uint32_t made_s;       /* when it was first written */
	uint32_t changed_s;    /* when its state changed last */
	struct tuy_bytes text; /* of a DRAFT: as it would be signed when it was written */
	struct tuy_bytes sign; /* the signature file; .len 0: DRAFT */
};

/* The value of a row; its length. */
size_t store_letter_row(const struct store_letter *letter, uint8_t out[STORE_LETTER_MAX]);
/* The letter behind `number` in the order of numbers ("": the first). Spans are good until the end
 * of the reading. 0, or -1: no more. What is damaged is passed over. */
int store_letter_next(struct store_reading *reading, const char *number,
                      struct store_letter *letter);

#endif
