/* Whether a tip or an ask is what was asked for. */
#include "find.h"
#include <string.h>

/* ---- rows ---- */

/* What the row tells of a term; true also for a term it says nothing of. */
static bool row_has(const struct find_term *term, const struct view_object *object, uint32_t state)
{
	switch (term->field) {
	case FIND_FROM:
		return memcmp(&object->member, &term->member, sizeof term->member) == 0;
	case FIND_KIND:
		return object->kind == term->kind && (term->ask == 0 || object->ask == term->ask);
	case FIND_STATE:
		return (state & term->states) != 0;
	case FIND_COMPANY:
	case FIND_TAG:
	case FIND_PHRASE:
	case FIND_WORD:
		break;
	}
	return !term->not ;
}

static bool range_has(const struct find_range *range, uint32_t value)
{
	return !range->given || (value >= range->least && value <= range->most);
}

/* ---- records ---- */

/* Whether the words stand in the texts. */
static bool words_in(struct tuy_bytes words, enum tuy_query_mode mode,
                     const struct tuy_bytes *texts, size_t count)
{
	struct tuy_query query;
	return tuy_query_parse(&query, mode, words) == TUY_OK &&
	       tuy_query_matches(&query, texts, count);
}

static bool tags_have(const struct tuy_value *tags, struct tuy_bytes value)
{
	for (uint32_t i = 0; tags->present && i < tags->count; i++)
		if (words_in(value, TUY_QUERY_WATCH, &tags->item[i], 1))
			return true;
	return false;
}

static bool is_letter(uint8_t c)
{
	return c >= 0x80 || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* Whether `phrase` stands in `text` as whole words; both folded. */
static bool phrase_in(struct tuy_bytes phrase, struct tuy_bytes text)
{
	for (size_t at = 0; at + phrase.len <= text.len; at++) {
		size_t end = at + phrase.len;
		if (memcmp(text.p + at, phrase.p, phrase.len) == 0 &&
		    (at == 0 || !is_letter(text.p[at - 1]) || !is_letter(text.p[at])) &&
		    (end == text.len || !is_letter(text.p[end]) || !is_letter(text.p[end - 1])))
			return true;
	}
	return false;
}

static bool phrase_in_any(struct tuy_bytes phrase, const struct tuy_bytes *texts, size_t count)
{
	uint8_t wanted[FIND_TEXT_MAX];
	uint8_t folded[16384];
	size_t wanted_len, len;
	if (tuy_text_fold(phrase, wanted, sizeof wanted, &wanted_len) > sizeof wanted ||
	    wanted_len == 0)
		return false;
	for (size_t i = 0; i < count; i++) {
		(void)tuy_text_fold(texts[i], folded, sizeof folded, &len);
		if (phrase_in((struct tuy_bytes){ wanted, wanted_len },
		              (struct tuy_bytes){ folded, len }))
			return true;
	}
	return false;
}

static bool record_has(const struct find_term *term, const struct tuy_record *record,
                       enum find_company company)
{
	struct tuy_bytes texts[FIND_TEXTS_MAX];
	size_t count;
	switch (term->field) {
	case FIND_TAG:
		return tags_have(&record->value[TUY_FIELD_TAGS], term->value);
	case FIND_COMPANY:
		return record->value[TUY_FIELD_COMPANY].present &&
		       words_in(term->value, TUY_QUERY_SEARCH,
		                &record->value[TUY_FIELD_COMPANY].text, 1);
	case FIND_PHRASE:
		count = find_texts(record, company, texts);
		return phrase_in_any(term->value, texts, count);
	case FIND_WORD:
		count = find_texts(record, company, texts);
		return words_in(term->value, TUY_QUERY_WATCH, texts, count);
	case FIND_FROM:
	case FIND_KIND:
	case FIND_STATE:
		break;
	}
	return !term->not ;
}

/* Public functions */

bool find_row_wanted(const struct find *find, const struct view_object *object, uint32_t now_s,
                     uint32_t otherwise)
{
	uint32_t state = FIND_STATE_BIT(view_state_at(object->state, object->expires_s, now_s));
	uint32_t age_s = object->created_s < now_s ? now_s - object->created_s : 0;
	bool asked = false;
	if (object->kind != TUY_RECORD_TIP && object->kind != TUY_RECORD_ASK)
		return false;
	for (uint32_t i = 0; i < find->term_count; i++) {
		const struct find_term *term = &find->term[i];
		asked = asked || term->field == FIND_STATE;
		if (row_has(term, object, state) == term->not )
			return false;
	}
	return range_has(&find->age_s, age_s) && (asked || (otherwise & state) != 0);
}

bool find_due_wanted(const struct find *find, uint32_t due_s, uint32_t now_s)
{
	uint32_t left_s = due_s > now_s ? due_s - now_s : 0;
	return !find->due_s.given || (due_s != 0 && range_has(&find->due_s, left_s));
}

bool find_needs_record(const struct find *find)
{
	return find->warm.given || find_has(find, FIND_TAG) || find_has(find, FIND_COMPANY) ||
	       find_has(find, FIND_PHRASE) || find_has(find, FIND_WORD);
}

bool find_record_wanted(const struct find *find, const struct tuy_record *record,
                        enum find_company company)
{
	if (!find_needs_record(find))
		return true;
	if (record == NULL)
		return false;
	const struct tuy_value *warmth = &record->value[TUY_FIELD_WARMTH];
	if (find->warm.given && (!warmth->present || warmth->number > UINT32_MAX ||
	                         !range_has(&find->warm, (uint32_t)warmth->number)))
		return false;
	for (uint32_t i = 0; i < find->term_count; i++)
		if (record_has(&find->term[i], record, company) == find->term[i].not )
			return false;
	return true;
}

size_t find_texts(const struct tuy_record *record, enum find_company company,
                  struct tuy_bytes texts[FIND_TEXTS_MAX])
{
	static const enum tuy_field fields[] = { TUY_FIELD_COMPANY, TUY_FIELD_TITLE,
		                                 TUY_FIELD_TEXT,    TUY_FIELD_TAGS,
		                                 TUY_FIELD_ROLE,    TUY_FIELD_PLACE,
		                                 TUY_FIELD_PERSON,  TUY_FIELD_SKILLS,
		                                 TUY_FIELD_SECTOR };
	size_t count = 0;
	for (size_t i = company == FIND_WITH_COMPANY ? 0 : 1; i < sizeof fields / sizeof fields[0];
	     i++) {
		const struct tuy_value *value = &record->value[fields[i]];
		if (!value->present)
			continue;
		if (value->text.len > 0)
			texts[count++] = value->text;
		for (uint32_t k = 0; k < value->count; k++)
			texts[count++] = value->item[k];
	}
	return count;
}
