/*
 * Invented tips, each from its number alone: words of a made-up language whose frequencies fall as
 * those of real ones do, about as long as people's are. Thread rule: pure, any thread.
 */
#ifndef TIPS_H
#define TIPS_H

#include "../../proto/record.h"

#define TIP_WORD       16   /* bytes, with its NUL */
#define TIP_RECORD_MAX 1024 /* bytes of a record written here */

struct tip {
	struct tuy_tag nonce;
	char title[4 * TIP_WORD];
	char company[2 * TIP_WORD];
	char tag[2][TIP_WORD];
	char text[320];
	char search[2][TIP_WORD]; /* a word of the title and one of the text */
	uint32_t claims;          /* 0 first, 1 pick */
};

void tip_invent(struct tip *tip, uint64_t number);
/* Writes its record into `buffer` (TIP_RECORD_MAX bytes). */
struct tuy_bytes tip_write(const struct tip *tip, uint8_t *buffer);
/* An ask with its words. */
struct tuy_bytes tip_ask_write(const struct tip *tip, uint8_t *buffer);
/* Writes any record, which must pass its check. */
struct tuy_bytes tip_record_write(const struct tuy_record *record, uint8_t *buffer);
/* Writes a PROFILE or CIRCLE record that says only `name`. */
struct tuy_bytes tip_name_write(enum tuy_record_kind kind, const char *name, uint8_t *buffer);

#endif
