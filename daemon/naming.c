#include "naming.h"
#include "../proto/text.h"
#include <string.h>

#define TEXT_MAX 16384 /* folded */

static bool is_letter(uint8_t c)
{
	return c >= 0x80 || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* The next run of letters from *at on; false: there is none. */
static bool word_next(struct tuy_bytes text, size_t *at, struct tuy_bytes *word)
{
	while (*at < text.len && !is_letter(text.p[*at]))
		(*at)++;
	word->p = text.p + *at;
	while (*at < text.len && is_letter(text.p[*at]))
		(*at)++;
	word->len = (size_t)(text.p + *at - word->p);
	return word->len > 0;
}

/* The words of a company without its legal form are what its key is made of; a single letter says
 * nothing. */
int naming_read(struct naming *naming, enum naming_of of, struct tuy_bytes name)
{
	struct tuy_bytes word;
	size_t len;
	size_t at = 0;
	*naming = (struct naming){ 0 };
	if (tuy_text_fold(name, naming->folded, sizeof naming->folded, &len) >
	    sizeof naming->folded)
		return -1;
	if (of == NAMING_COMPANY)
		naming->key_len = tuy_company_key(name, naming->key);
	while (word_next((struct tuy_bytes){ naming->folded, len }, &at, &word)) {
		if (of == NAMING_COMPANY && naming->word_count > 0 && tuy_company_is_form(word))
			continue;
		if (naming->word_count == NAMING_WORDS)
			return -1;
		naming->word[naming->word_count++] = word;
	}
	for (uint32_t i = 0; i < naming->word_count; i++)
		if (naming->word[i].len >= 2)
			return 0;
	return -1;
}

bool naming_in(const struct naming *naming, struct tuy_bytes text)
{
	uint8_t folded[TEXT_MAX];
	struct tuy_bytes word;
	uint32_t found = 0; /* bits of naming->word */
	size_t len;
	size_t at = 0;
	(void)tuy_text_fold(text, folded, sizeof folded, &len);
	while (word_next((struct tuy_bytes){ folded, len }, &at, &word))
		for (uint32_t i = 0; i < naming->word_count; i++)
			if (word.len == naming->word[i].len &&
			    memcmp(word.p, naming->word[i].p, word.len) == 0)
				found |= 1u << i;
	return found == (1u << naming->word_count) - 1;
}

static bool is_company(const struct naming *naming, enum tuy_field field, struct tuy_bytes text)
{
	uint8_t key[TUY_COMPANY_KEY_MAX];
	if (field != TUY_FIELD_COMPANY || naming->key_len == 0)
		return false;
	size_t len = tuy_company_key(text, key);
	return len == naming->key_len && memcmp(key, naming->key, len) == 0;
}

bool naming_in_record(const struct naming *naming, const struct tuy_record *record)
{
	for (int field = 0; field < TUY_FIELD_END; field++) {
		const struct tuy_field_rule *rule = tuy_field_rule((enum tuy_field)field);
		const struct tuy_value *value = &record->value[field];
		if (!rule || !value->present)
			continue;
		if (rule->type == TUY_TYPE_STR && (is_company(naming, rule->field, value->text) ||
		                                   naming_in(naming, value->text)))
			return true;
		for (uint32_t i = 0; rule->type == TUY_TYPE_LIST && i < value->count; i++)
			if (naming_in(naming, value->item[i]))
				return true;
	}
	return false;
}
