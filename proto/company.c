#include "company.h"

#include "text.h"
#include <string.h>

#define WORDS_MAX    32
#define FOLDED_MAX   400 /* bytes of a folded name */
#define UMLAUT_LEAST 5   /* bytes of a key in which "ue" may be an umlaut */

struct words {
	uint32_t count;
	struct tuy_bytes word[WORDS_MAX];
	size_t len;
	uint8_t text[FOLDED_MAX];
};

static const char *const forms[] = {
	"sa",           "sas",  "sasu", "sarl",        "eurl",    "snc",     "sci",  "sca",  "scop",
	"selarl",       "ei",   "sprl", "srl",         "bv",      "nv",      "asbl", "gmbh", "ag",
	"kg",           "ohg",  "ug",   "se",          "ltd",     "limited", "plc",  "llp",  "inc",
	"incorporated", "corp", "co",   "corporation", "company", "llc",     "sl",   "slu",  "spa",
	"ab",           "oy",   "as",   "asa",         "aps",
};
/* At the front, only what can be nothing else. */
static const char *const front_forms[] = { "sarl",   "eurl", "sasu", "snc", "sci",
	                                   "selarl", "sprl", "gmbh", "asbl" };
static const char *const joins[] = { "et", "and", "und" };
static const struct {
	const char *brief;
	const char *whole;
} briefs[] = {
	{ "ets", "etablissements" },
	{ "st", "saint" },
	{ "cie", "compagnie" },
};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static bool is(struct tuy_bytes word, const char *text)
{
	return word.len == strlen(text) && memcmp(word.p, text, word.len) == 0;
}

static bool is_among(struct tuy_bytes word, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (is(word, list[i]))
			return true;
	return false;
}

bool tuy_company_is_form(struct tuy_bytes word)
{
	return is_among(word, forms, COUNT(forms));
}

/* ---- words ---- */

static bool is_letter(uint8_t c)
{
	return c >= 0x80 || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* "&" and "+" are a word, "et"; dots and apostrophes are nothing; all else ends a word. */
static void words_split(struct words *words, struct tuy_bytes folded)
{
	bool within = false;

	for (size_t i = 0; i < folded.len && words->len < sizeof(words->text); i++) {
		uint8_t c = folded.p[i];
		bool joint = c == '&' || c == '+';

		if (c == '.' || c == '\'')
			continue;
		if (!within && (joint || is_letter(c)) && words->count == WORDS_MAX)
			return;
		if (joint) {
			words->word[words->count++] = tuy_text_bytes("et");
		} else if (is_letter(c)) {
			if (!within)
				words->word[words->count++] =
					(struct tuy_bytes){ words->text + words->len, 0 };
			words->text[words->len++] = c;
			words->word[words->count - 1].len++;
		}
		within = is_letter(c);
	}
}

static void words_remove(struct words *words, uint32_t at)
{
	words->count--;
	memmove(words->word + at, words->word + at + 1,
	        (words->count - at) * sizeof(words->word[0]));
}

/* "S. A." is "SA". Letters that stand side by side in the name do so in words->text. */
static void initials_join(struct words *words)
{
	for (uint32_t i = 0; i + 1 < words->count; i++) {
		bool alone = words->word[i].len == 1;

		while (alone && i + 1 < words->count && words->word[i + 1].len == 1) {
			words->word[i].len++;
			words_remove(words, i + 1);
		}
	}
}

static void briefs_expand(struct words *words)
{
	for (uint32_t i = 0; i < words->count; i++)
		for (size_t k = 0; k < COUNT(briefs); k++)
			if (is(words->word[i], briefs[k].brief))
				words->word[i] = tuy_text_bytes(briefs[k].whole);
}

/* Whether the name begins with SA or SAS in capitals: else it may be a word ("Sa Majesté"). */
static bool begins_with_capitals(struct tuy_bytes name)
{
	return (name.len > 3 && memcmp(name.p, "SA ", 3) == 0) ||
	       (name.len > 4 && memcmp(name.p, "SAS ", 4) == 0);
}

static void forms_strip(struct words *words, struct tuy_bytes name)
{
	while (words->count > 1 && (tuy_company_is_form(words->word[words->count - 1]) ||
	                            is_among(words->word[words->count - 1], joins, COUNT(joins))))
		words_remove(words, words->count - 1);
	if (words->count > 1 && (is_among(words->word[0], front_forms, COUNT(front_forms)) ||
	                         begins_with_capitals(name)))
		words_remove(words, 0);
	if (words->count > 1 && is(words->word[0], "the"))
		words_remove(words, 0);
	for (uint32_t i = 1; i + 1 < words->count;) {
		if (is_among(words->word[i], joins, COUNT(joins)))
			words_remove(words, i);
		else
			i++;
	}
}

/* ---- the key ---- */

/* "ae", "oe", "ue" become "a", "o", "u". */
static size_t umlauts_fold(uint8_t *key, size_t len)
{
	size_t out = 0;

	for (size_t i = 0; i < len; i++) {
		key[out++] = key[i];
		if ((key[i] == 'a' || key[i] == 'o' || key[i] == 'u') && i + 1 < len &&
		    key[i + 1] == 'e')
			i++;
	}
	return out;
}

size_t tuy_company_key(struct tuy_bytes name, uint8_t key[TUY_COMPANY_KEY_MAX])
{
	uint8_t folded[FOLDED_MAX];
	struct words words = { .count = 0 };
	size_t folded_len, len = 0;

	(void)tuy_text_fold(name, folded, sizeof(folded), &folded_len);
	words_split(&words, (struct tuy_bytes){ folded, folded_len });
	initials_join(&words);
	briefs_expand(&words);
	forms_strip(&words, name);
	for (uint32_t i = 0; i < words.count; i++) {
		size_t left = TUY_COMPANY_KEY_MAX - len;
		size_t part = words.word[i].len < left ? words.word[i].len : left;

		memcpy(key + len, words.word[i].p, part);
		len += part;
	}
	return len >= UMLAUT_LEAST ? umlauts_fold(key, len) : len;
}
