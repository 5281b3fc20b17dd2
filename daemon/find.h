/*
 * What is typed to find tips and asks: words, and filters that say more. One language for inbox,
 * search and watches.
 *
 *	wifi entrepôt from:david company:"val d'oust" kind:tip state:open tag:wifi
 *	warm:>=3 age:<7d due:<2d -tag:it -kind:ask "budget voté" -facture
 *
 * All of it must hold. A filter's value goes to the next white space, or stands in quotation marks.
 * A "-" before a filter, a phrase or a word: what has it is not wanted. A name before a ":" that is
 * no filter is a word like any other.
 *
 * Thread rule: pure, any thread.
 */
#ifndef FIND_H
#define FIND_H

#include "rpc_params.h"
#include "view.h"
#include "../proto/text.h"

#define FIND_TEXT_MAX  512
#define FIND_TERMS_MAX 16

enum find_field { /* a "-" is possible before each */
	          FIND_FROM,
	          FIND_COMPANY,
	          FIND_KIND,
	          FIND_STATE,
	          FIND_TAG,
	          FIND_PHRASE,
	          FIND_WORD, /* only with "-": other words are in find.words */
};

/* What became of a tip or an ask: sets of enum view_state, by the names that `state:` knows. */
#define FIND_STATE_BIT(state) (UINT32_C(1) << (state))
#define FIND_OPEN             (FIND_STATE_BIT(VIEW_STATE_OPEN) | FIND_STATE_BIT(VIEW_STATE_ANSWERED))
#define FIND_EXPIRED          FIND_STATE_BIT(VIEW_STATE_EXPIRED)
#define FIND_ANY              UINT32_MAX

struct find_term {
	enum find_field field;
	bool not ;
	struct tuy_bytes value;
	enum tuy_record_kind kind; /* KIND */
	uint64_t ask;              /* KIND: of this kind only; 0: any */
	uint32_t states;           /* STATE: bits of enum view_state */
	struct tuy_member member;  /* FROM: whom `value` names, set by whoever knows the names */
};

struct find_range { /* both inclusive */
	bool given;
	uint32_t least;
	uint32_t most;
};

struct find {
	uint32_t term_count;
	struct find_term term[FIND_TERMS_MAX]; /* spans point into the text that was parsed */
	struct find_range warm;
	struct find_range age_s;
	struct find_range due_s; /* until a first contact; 0: it is over */
	size_t words_len;
	uint8_t words[FIND_TEXT_MAX]; /* the plain words, a blank between them */
};

/* `text` (at most FIND_TEXT_MAX bytes) must outlive `find`. 0, or -1 with `fault`. */
int find_parse(struct tuy_bytes text, struct find *find, struct rpc_fault *fault);

/* Whether there is a term of this field, or any filter at all. */
bool find_has(const struct find *find, enum find_field field);
bool find_has_filter(const struct find *find);
/* The plain words. */
struct tuy_bytes find_words(const struct find *find);
/* Whether nothing can match but by something that is said of it: a word or a filter without "-". */
bool find_is_about(const struct find *find);
/* Whether a first contact at `due_s` (0: there is none to be made) is wanted. */
bool find_due_wanted(const struct find *find, uint32_t due_s, uint32_t now_s);
/* Words that whatever matches has: plain ones, and those of phrases, tags and companies. */
struct tuy_bytes find_index_text(const struct find *find, uint8_t room[FIND_TEXT_MAX]);

/* What the row alone tells. Without a `state:` in it, `otherwise` is wanted. */
bool find_row_wanted(const struct find *find, const struct view_object *object, uint32_t now_s,
                     uint32_t otherwise);
/* The texts of a record that words are looked for in. */
#define FIND_TEXTS_MAX 24
enum find_company { FIND_WITH_COMPANY, FIND_WITHOUT_COMPANY };
size_t find_texts(const struct tuy_record *record, enum find_company company,
                  struct tuy_bytes texts[FIND_TEXTS_MAX]);

/* Whether the record is needed at all, and what it tells but for the plain words. `record` NULL: it
 * cannot be read. `company`: whether phrases, and words with a "-", are looked for there too. */
bool find_needs_record(const struct find *find);
bool find_record_wanted(const struct find *find, const struct tuy_record *record,
                        enum find_company company);

#endif
