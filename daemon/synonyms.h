/*
 * What means the same: groups of words and short phrases, one group a line, `|` between them. The
 * owner's file takes the place of the built-in groups as a whole; it is read again when it has
 * changed. `#` begins a comment.
 *
 *	daf|cfo|directeur financier|finance director
 *
 * Words are compared as the index does (text.h): folded, the plural ignored, stop words left out.
 *
 * Thread rule: one owner; synonyms_fresh reads the disk.
 */
#ifndef SYNONYMS_H
#define SYNONYMS_H

#include "../proto/text.h"

#define SYNONYM_WORDS_MAX 4
#define SYNONYMS_MAX      1024
#define SYNONYMS_FILE_MAX 65536 /* bytes */

struct synonym_word {
	uint8_t len;
	uint8_t text[TUY_WORD_MAX];
};

struct synonym {
	uint32_t group;
	uint8_t word_count; /* 1 to SYNONYM_WORDS_MAX */
	struct synonym_word word[SYNONYM_WORDS_MAX];
};

struct synonyms;

/* The groups of the file at `path`, or (there is none, or `path` is NULL) the built-in ones. NULL:
 * no memory. The path stays the caller's for its life. */
struct synonyms *synonyms_create(const char *path);
void synonyms_destroy(struct synonyms *synonyms); /* NULL is allowed */
/* Reads the file again if it came, went, or has changed. What cannot be read (or is too long, a
 * phrase of too many words) is left out, with a line in the log. */
void synonyms_fresh(struct synonyms *synonyms);

uint32_t synonyms_count(const struct synonyms *synonyms);
/* index < synonyms_count; good until the next synonyms_fresh. */
const struct synonym *synonyms_at(const struct synonyms *synonyms, uint32_t index);

#endif
