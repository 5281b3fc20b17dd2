/*
 * Vouch letters (PROTOCOL 10): their text, the trusted comment under it, and what revokes them. A
 * letter is read by people first; the fields are fixed so that none is forgotten, above all what
 * its author does not know. Signing: minisign.h. Thread rule: pure, any thread.
 */
#ifndef TUY_LETTER_H
#define TUY_LETTER_H

#include "err.h"
#include "minisign.h"
#include "types.h"

enum tuy_letter_lang { TUY_LETTER_EN, TUY_LETTER_FR };

enum tuy_letter_field { /* in the order of the text */
	                TUY_LETTER_FROM,
	                TUY_LETTER_FOR,
	                TUY_LETTER_ABOUT,
	                TUY_LETTER_RELATION,
	                TUY_LETTER_SINCE,
	                TUY_LETTER_FACT,
	                TUY_LETTER_LIMITS,
	                TUY_LETTER_CALL,
	                TUY_LETTER_MADE,
	                TUY_LETTER_EXPIRES,
	                TUY_LETTER_CHECK,
	                TUY_LETTER_FIELDS,
};

#define TUY_LETTER_FACTS_MAX 5
#define TUY_LETTER_NUMBER    9    /* 8 characters and a NUL */
#define TUY_LETTER_MAX       6144 /* bytes of the text */
#define TUY_LETTER_DAYS_MAX  90   /* of validity */
#define TUY_LETTER_DAY_TEXT  11   /* "2026-02-20" and a NUL */
#define TUY_LETTER_NO_DAY    UINT32_MAX

struct tuy_letter {
	enum tuy_letter_lang lang;
	struct tuy_bytes text[TUY_LETTER_MADE]; /* FROM..CALL but FACT; .len 0: not there. CALL: a
	                                           telephone number; not there: not to be called */
	struct tuy_bytes fact[TUY_LETTER_FACTS_MAX];
	uint32_t fact_count;
	uint32_t made_day;    /* days since 1970, UTC; NO_DAY: not said */
	uint32_t expires_day; /* good to the end of that day */
	char number[TUY_LETTER_NUMBER];
	struct tuy_minisign_key key;
};

struct tuy_letter_fault {
	enum tuy_letter_field field; /* TUY_LETTER_FIELDS: none in particular */
	enum tuy_err err;            /* SHORT missing, LIMIT too long or too many, FORMAT */
};

/* What a field is called in requests and answers: "about", "limits". Never NULL. */
const char *tuy_letter_field_name(enum tuy_letter_field field);
/* Its label in the text: "Je ne sais pas". Never NULL. */
const char *tuy_letter_label(enum tuy_letter_lang lang, enum tuy_letter_field field);
/* Most bytes of its value; 0: not a text. */
uint32_t tuy_letter_max(enum tuy_letter_field field);

/* Checks the fields of a letter that is to be written: the first fault. made_day must be there.
 * TUY_OK or fault->err; `fault` is written in both cases. */
enum tuy_err tuy_letter_check(const struct tuy_letter *letter, struct tuy_letter_fault *fault);

/* Writes the text; `letter` has passed its check. `file` is the name in the last line, 1..64 bytes
 * without blanks. TUY_E_FULL; TUY_LETTER_MAX bytes are enough. */
enum tuy_err tuy_letter_write(const struct tuy_letter *letter, const char *file, uint8_t *out,
                              size_t out_size, size_t *len);

/* Whether a text says in its first line that it is a letter of this version. */
bool tuy_letter_claimed(struct tuy_bytes text);

/*
 * Reads a text. Spans of `letter` point into `room`. TUY_E_SHORT: fault->field is missing
 * (TUY_LETTER_CHECK: the text ends before its last line); TUY_E_LIMIT, TUY_E_FORMAT: refuse it.
 * `fault` is written in both cases; on error `letter` is half filled. It says nothing of who
 * signed, and of what day it is.
 */
enum tuy_err tuy_letter_read(struct tuy_bytes text, struct tuy_letter *letter,
                             uint8_t room[TUY_LETTER_MAX], struct tuy_letter_fault *fault);

/* ---- the trusted comment ---- */

enum tuy_letter_kind { TUY_LETTER_NONE, TUY_LETTER_VOUCH, TUY_LETTER_REVOKED };
struct tuy_letter_comment {
	enum tuy_letter_kind kind; /* NONE: a signature of something else */
	uint32_t time_s;           /* unix */
	char number[TUY_LETTER_NUMBER];
	uint32_t expires_day; /* VOUCH only */
};
#define TUY_LETTER_COMMENT 192 /* with its NUL */
/* `comment->kind` is not NONE; `file` as in tuy_letter_write. */
void tuy_letter_comment_write(const struct tuy_letter_comment *comment, const char *file,
                              char out[TUY_LETTER_COMMENT]);
/* What is not in the one form of 10.4 or 10.5 is NONE. */
void tuy_letter_comment_read(struct tuy_bytes text, struct tuy_letter_comment *comment);

/*
 * Whether a letter says what its signature covers: the key, number and end of `comment`, and an end
 * within 90 days of the day it was made. TUY_OK; TUY_E_UNKNOWN: another key signed;
 * TUY_E_CONFLICT: another number or end; TUY_E_LIMIT: its days.
 */
enum tuy_err tuy_letter_agree(const struct tuy_letter *letter, const struct tuy_minisign_key *key,
                              const struct tuy_letter_comment *comment);

/* ---- days and numbers ---- */

/* "2026-02-20"; `day` up to the year 9999. */
void tuy_letter_day_text(uint32_t day, char out[TUY_LETTER_DAY_TEXT]);
/* TUY_E_FORMAT: no such day. */
enum tuy_err tuy_letter_day_parse(struct tuy_bytes text, uint32_t *day);
/* A number from 5 random bytes. */
void tuy_letter_number(const uint8_t random[5], char out[TUY_LETTER_NUMBER]);
/* The nonce of the record that revokes it (PROTOCOL 10.5). */
struct tuy_tag tuy_letter_nonce(const struct tuy_letter_pk *pk,
                                const char number[TUY_LETTER_NUMBER]);

#endif
