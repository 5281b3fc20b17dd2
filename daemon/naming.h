/*
 * Whether a text names a person, or a company. A person: each word of the name stands in the text
 * as a whole word, whatever the case and the accents. A company: a field that says a company has
 * the same key (proto/company.h), or each word of its name stands in the text.
 *
 * Thread rule: pure memory.
 */
#ifndef NAMING_H
#define NAMING_H

#include "../proto/company.h"
#include "../proto/record.h"

#define NAMING_MAX   360 /* bytes of a name, folded */
#define NAMING_WORDS 12

struct naming {
	uint32_t word_count;
	struct tuy_bytes word[NAMING_WORDS]; /* within `folded` */
	size_t key_len;                      /* 0: it is a person */
	uint8_t key[TUY_COMPANY_KEY_MAX];
	uint8_t folded[NAMING_MAX];
};

enum naming_of { NAMING_PERSON, NAMING_COMPANY };
/* 0; -1: there is no word of two characters in it, or it is too long. */
int naming_read(struct naming *naming, enum naming_of of, struct tuy_bytes name);
/* Whether a text has it. */
bool naming_in(const struct naming *naming, struct tuy_bytes text);
/* Whether any text of a record has it. */
bool naming_in_record(const struct naming *naming, const struct tuy_record *record);

#endif
