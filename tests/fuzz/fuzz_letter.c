/*
 * Letters, signature files, keys and trusted comments: what strangers hand over. What is accepted
 * must come out again in the form that we write, and mean the same; what we write is accepted.
 */
#include <stdlib.h>
#include <string.h>
#include "../../proto/letter.h"
#include "../../proto/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void promise(bool kept)
{
	if (!kept)
		abort();
}

static bool same(struct tuy_bytes a, struct tuy_bytes b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

static void letter_look(struct tuy_bytes text)
{
	static uint8_t room[TUY_LETTER_MAX];
	static uint8_t room_again[TUY_LETTER_MAX];
	static uint8_t out[TUY_LETTER_MAX];
	struct tuy_letter letter;
	struct tuy_letter again;
	struct tuy_letter_fault fault;
	size_t len;
	if (tuy_letter_read(text, &letter, room, &fault) != TUY_OK) {
		promise(fault.err != TUY_OK);
		return;
	}
	promise(tuy_letter_claimed(text));
	if (letter.made_day == TUY_LETTER_NO_DAY)
		letter.made_day = letter.expires_day;
	if (tuy_letter_check(&letter, &fault) != TUY_OK) {
		promise(fault.field == TUY_LETTER_EXPIRES && fault.err == TUY_E_LIMIT);
		return;
	}
	promise(tuy_letter_write(&letter, "f", out, sizeof out, &len) == TUY_OK);
	promise(tuy_letter_read((struct tuy_bytes){ out, len }, &again, room_again, &fault) ==
	        TUY_OK);
	for (int i = 0; i < TUY_LETTER_MADE; i++)
		promise(same(letter.text[i], again.text[i]));
	promise(letter.fact_count == again.fact_count);
	for (uint32_t i = 0; i < letter.fact_count; i++)
		promise(same(letter.fact[i], again.fact[i]));
	promise(strcmp(letter.number, again.number) == 0);
	promise(letter.expires_day == again.expires_day && letter.made_day == again.made_day);
	promise(tuy_minisign_key_equal(&letter.key, &again.key));
}

static void signature_look(struct tuy_bytes file)
{
	static const struct tuy_minisign_key key;
	struct tuy_minisign sign;
	struct tuy_letter_comment comment;
	if (tuy_minisign_parse(file, &sign) != TUY_OK)
		return;
	promise(sign.trusted.len <= TUY_MINISIGN_TRUSTED_MAX);
	promise(tuy_minisign_check(&sign, &key, file) != TUY_OK);
	tuy_letter_comment_read(sign.trusted, &comment);
}

static void comment_look(struct tuy_bytes text)
{
	struct tuy_letter_comment comment;
	struct tuy_letter_comment again;
	char out[TUY_LETTER_COMMENT];
	tuy_letter_comment_read(text, &comment);
	if (comment.kind == TUY_LETTER_NONE)
		return;
	tuy_letter_comment_write(&comment, "f", out);
	tuy_letter_comment_read(tuy_text_bytes(out), &again);
	promise(comment.kind == again.kind && comment.time_s == again.time_s &&
	        comment.expires_day == again.expires_day &&
	        strcmp(comment.number, again.number) == 0);
}

static void key_look(struct tuy_bytes text)
{
	struct tuy_minisign_key key;
	struct tuy_minisign_key again;
	char out[TUY_MINISIGN_KEY_TEXT];
	if (tuy_minisign_key_parse(text, &key) != TUY_OK)
		return;
	tuy_minisign_key_text(&key, out);
	promise(tuy_minisign_key_parse(tuy_text_bytes(out), &again) == TUY_OK);
	promise(tuy_minisign_key_equal(&key, &again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tuy_bytes text = { data, size };
	letter_look(text);
	signature_look(text);
	comment_look(text);
	key_look(text);
	return 0;
}
