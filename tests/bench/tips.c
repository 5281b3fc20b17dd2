#include "tips.h"
#include <stdio.h>
#include <string.h>

#define VOCABULARY 6000u
#define TEXT_MIN   118u /* bytes; with the rest a record of 259 bytes, a blob of 300, on average */
#define TEXT_VARY  96u

/* xorshift64*, by Vigna: good enough for words. */
static uint64_t roll(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 2685821657736338717u;
}

/* Words by rank, the frequent ones short: two syllables for the first 1,600. */
static void word_spell(uint32_t rank, char word[TIP_WORD])
{
	static const char consonants[] = "bcdfgklmnprtvz";
	static const char vowels[] = "aeiou";
	uint32_t syllables = rank < 1600 ? 2 : 4;
	uint32_t v = rank * 2654435761u;
	char *p = word;
	for (uint32_t i = 0; i < syllables; i++) {
		*p++ = consonants[v % 14];
		v /= 14;
		*p++ = vowels[v % 5];
		v = v / 5 + rank;
	}
	*p = '\0';
}

static void word_draw(uint64_t *state, char word[TIP_WORD])
{
	double u = (double)(roll(state) >> 11) / (double)(UINT64_C(1) << 53);
	word_spell((uint32_t)(u * u * u * VOCABULARY), word);
}

/* Words with a blank between them until `len` bytes are reached; the last one is `last` too. */
static void words_draw(uint64_t *state, char *out, size_t cap, size_t len, char last[TIP_WORD])
{
	size_t at = 0;
	while (at < len && at + TIP_WORD + 1 < cap) {
		if (at > 0)
			out[at++] = ' ';
		word_draw(state, last);
		size_t n = strlen(last);
		memcpy(out + at, last, n);
		at += n;
	}
	out[at] = '\0';
}

void tip_invent(struct tip *tip, uint64_t number)
{
	uint64_t state = (number + 1) * 0x9e3779b97f4a7c15u;
	memset(tip, 0, sizeof *tip);
	tuy_put64(tip->nonce.b, number);
	tuy_put64(tip->nonce.b + 8, roll(&state));
	words_draw(&state, tip->title, sizeof tip->title, 24, tip->search[0]);
	words_draw(&state, tip->company, sizeof tip->company, 10, tip->tag[0]);
	words_draw(&state, tip->text, sizeof tip->text, TEXT_MIN + roll(&state) % TEXT_VARY,
	           tip->search[1]);
	word_draw(&state, tip->tag[0]);
	word_draw(&state, tip->tag[1]);
}

struct tuy_bytes tip_record_write(const struct tuy_record *record, uint8_t *buffer)
{
	struct tuy_record_fault fault;
	struct tuy_writer w = tuy_writer(buffer, TIP_RECORD_MAX);
	tuy_require(tuy_record_check(record, &fault) == TUY_OK);
	tuy_require(tuy_record_write(record, &w) == TUY_OK);
	return tuy_written(&w);
}

static struct tuy_value text_of(const char *text)
{
	return (struct tuy_value){ .present = true,
		                   .text = { (const uint8_t *)text, strlen(text) } };
}

struct tuy_bytes tip_write(const struct tip *tip, uint8_t *buffer)
{
	struct tuy_record record = { .kind = TUY_RECORD_TIP, .nonce = tip->nonce };
	struct tuy_value *tags = &record.value[TUY_FIELD_TAGS];
	record.value[TUY_FIELD_TITLE] = text_of(tip->title);
	record.value[TUY_FIELD_COMPANY] = text_of(tip->company);
	record.value[TUY_FIELD_TEXT] = text_of(tip->text);
	tags->present = true;
	for (; tags->count < 2; tags->count++)
		tags->item[tags->count] = text_of(tip->tag[tags->count]).text;
	if (tip->claims != 0)
		record.value[TUY_FIELD_CLAIMS] =
			(struct tuy_value){ .present = true, .number = tip->claims };
	return tip_record_write(&record, buffer);
}

struct tuy_bytes tip_ask_write(const struct tip *tip, uint8_t *buffer)
{
	struct tuy_record record = { .kind = TUY_RECORD_ASK, .nonce = tip->nonce };
	record.value[TUY_FIELD_ASK] = (struct tuy_value){ .present = true, .number = 2 };
	record.value[TUY_FIELD_COMPANY] = text_of(tip->company);
	record.value[TUY_FIELD_TEXT] = text_of(tip->text);
	return tip_record_write(&record, buffer);
}

struct tuy_bytes tip_name_write(enum tuy_record_kind kind, const char *name, uint8_t *buffer)
{
	struct tuy_record record = { .kind = kind, .nonce = { { (uint8_t)kind } } };
	record.value[TUY_FIELD_NAME] = text_of(name);
	return tip_record_write(&record, buffer);
}
