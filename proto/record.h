/*
 * What an entry says (PROTOCOL 8): profile, tip, ask, circle, and what is done about tips and asks.
 * One table of fields (name, type, size, kinds) drives the codec, and the daemon's requests too: a
 * field is written once, here. Thread rule: pure, any thread.
 */
#ifndef TUY_RECORD_H
#define TUY_RECORD_H

#include "err.h"
#include "hash.h"
#include "reader.h"
#include "types.h"
#include "writer.h"

enum tuy_record_kind {
	TUY_RECORD_PROFILE = 1,
	TUY_RECORD_TIP,
	TUY_RECORD_ASK,
	TUY_RECORD_ANSWER,
	TUY_RECORD_CLAIM,
	TUY_RECORD_AWARD,
	TUY_RECORD_CARD,
	TUY_RECORD_PROGRESS,
	TUY_RECORD_OUTCOME,
	TUY_RECORD_GIVE_BACK,
	TUY_RECORD_CLOSED,
	TUY_RECORD_EDIT,
	TUY_RECORD_WITHDRAW,
	TUY_RECORD_REOPEN,
	TUY_RECORD_THANKS,
	TUY_RECORD_RETRACT,
	TUY_RECORD_CIRCLE,
	TUY_RECORD_CHARTER,
	TUY_RECORD_REVOKED = 20, /* of a letter, which its nonce names (letter.h); no fields */
	TUY_RECORD_ERASE_ASKED,  /* to the author of `ref`; no fields */
};

enum tuy_field { /* the keys of the map, PROTOCOL 8.4 */
	         TUY_FIELD_TITLE = 4,
	         TUY_FIELD_TEXT,
	         TUY_FIELD_COMPANY,
	         TUY_FIELD_DOMAIN,
	         TUY_FIELD_SIREN,
	         TUY_FIELD_PLACE,
	         TUY_FIELD_SECTOR,
	         TUY_FIELD_ROLE,
	         TUY_FIELD_WARMTH,
	         TUY_FIELD_TOLD,
	         TUY_FIELD_LINK,
	         TUY_FIELD_FOR,
	         TUY_FIELD_BUDGET,
	         TUY_FIELD_WHEN,
	         TUY_FIELD_TAGS,
	         TUY_FIELD_LANG,
	         TUY_FIELD_REWARD,
	         TUY_FIELD_CLAIMS,
	         TUY_FIELD_ASK,
	         TUY_FIELD_SKILLS,
	         TUY_FIELD_BLURB,
	         TUY_FIELD_PERSON,
	         TUY_FIELD_WHY,
	         TUY_FIELD_NAME,
	         TUY_FIELD_SEAT,
	         TUY_FIELD_SELLS,
	         TUY_FIELD_LOOKS_FOR,
	         TUY_FIELD_NOT_FOR,
	         TUY_FIELD_ZONE,
	         TUY_FIELD_LANGUAGES,
	         TUY_FIELD_REACH,
	         TUY_FIELD_LOG, /* RETRACT's two are read and written by retract.h only */
	         TUY_FIELD_SEQS,
	         TUY_FIELD_TO,
	         TUY_FIELD_DUE,
	         TUY_FIELD_OF,
	         TUY_FIELD_STEP,
	         TUY_FIELD_AMOUNT,
	         TUY_FIELD_CURRENCY,
	         TUY_FIELD_REASON,
	         TUY_FIELD_PHONE,
	         TUY_FIELD_EMAIL,
	         TUY_FIELD_BEST_TIME,
	         TUY_FIELD_HOW,
	         TUY_FIELD_AS_OF,
	         TUY_FIELD_STRENGTH,
	         TUY_FIELD_BACK,
	         TUY_FIELD_SIZE,
	         TUY_FIELD_UNTIL,
	         TUY_FIELD_HIDE_COUNT,
	         TUY_FIELD_LETTER,
	         TUY_FIELD_SIGNATURE,
	         TUY_FIELD_END, /* one past the last */
};

enum tuy_field_type { TUY_TYPE_STR, TUY_TYPE_UINT, TUY_TYPE_BOOL, TUY_TYPE_LIST, TUY_TYPE_BIN };

struct tuy_field_rule {
	enum tuy_field field;
	const char *name; /* as in requests and JSON: "looks_for" */
	enum tuy_field_type type;
	uint32_t max;       /* STR bytes, UINT value, LIST items; BIN: exactly so many bytes */
	uint32_t kinds;     /* bit (1u << kind) for each kind that may have it */
	uint32_t required;  /* bit for each kind that must have it */
	uint32_t multiline; /* 1: line feeds and tabs allowed */
};
#define TUY_TAG_MAX  40 /* bytes of one list item */
#define TUY_TAGS_MAX 8

/* The rule of a field, by key or by name; NULL if there is none. */
const struct tuy_field_rule *tuy_field_rule(enum tuy_field field);
const struct tuy_field_rule *tuy_field_rule_named(struct tuy_bytes name);

struct tuy_value {
	bool present;
	uint64_t number;       /* UINT; BOOL 0 or 1 */
	struct tuy_bytes text; /* STR, BIN: a span into whatever it was read from */
	uint32_t count;        /* LIST */
	struct tuy_bytes item[TUY_TAGS_MAX];
};

struct tuy_record {
	enum tuy_record_kind kind;
	struct tuy_tag nonce;
	uint32_t rev;
	bool has_ref;
	struct tuy_object ref;
	struct tuy_value value[TUY_FIELD_END]; /* by key; 0..3 unused */
};

/* What is wrong with a record, for the person who typed it. */
struct tuy_record_fault {
	enum tuy_field field; /* 0: none in particular */
	enum tuy_err err; /* TUY_E_LIMIT too long, TUY_E_FORMAT control characters or wrong value,
	                     TUY_E_SHORT required */
};

/* Checks values against the table (before writing one's own; parsing does it too): the first fault
 * in the order of the keys. A required text that is empty counts as missing. TUY_OK or fault->err;
 * `fault` is written in both cases. */
enum tuy_err tuy_record_check(const struct tuy_record *record, struct tuy_record_fault *fault);

/* Writes the canonical map. TUY_E_FULL. The record must have passed tuy_record_check. */
enum tuy_err tuy_record_write(const struct tuy_record *record, struct tuy_writer *w);

/*
 * Reads a record; spans point into `doc`. Unknown keys, and fields that its kind does not have, are
 * skipped; kind, nonce and rev must be there. A kind this version does not write is TUY_OK with
 * only kind, nonce, rev, ref (and fields known for it). TUY_E_FORMAT / TUY_E_LIMIT: unreadable;
 * show it so.
 */
enum tuy_err tuy_record_read(struct tuy_bytes doc, struct tuy_record *record);

/* PROTOCOL 8.2 */
struct tuy_object tuy_object_id(const struct tuy_circle *circle, const struct tuy_member *author,
                                const struct tuy_tag *nonce);

/* Is it a record about a tip or an ask (kinds 4 to 15), which `ref` names? */
bool tuy_record_is_act(enum tuy_record_kind kind);

/* "profile", "intro", "vouch", "news", "supplier" for 1..5; NULL else. And back: 0 if none. */
const char *tuy_ask_name(uint64_t ask);
uint64_t tuy_ask_named(struct tuy_bytes name);

#endif
