/*
 * What people paste: invites, recovery keys, base32, prefixes of object ids. What is accepted must
 * come out again, in the one form that we write, and mean the same.
 */
#include <stdlib.h>
#include <string.h>
#include "../../proto/op.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void promise(bool kept)
{
	if (!kept)
		abort();
}

static struct tuy_bytes text_of(const char *text)
{
	return (struct tuy_bytes){ (const uint8_t *)text, strlen(text) };
}

static void invite_look(struct tuy_bytes text)
{
	struct tuy_invite invite = { 0 }, again = { 0 };
	char out[TUY_INVITE_TEXT];
	if (tuy_invite_parse(text, &invite) != TUY_OK)
		return;
	tuy_invite_text(&invite, out);
	promise(strlen(out) == TUY_INVITE_TEXT - 1);
	promise(tuy_invite_parse(text_of(out), &again) == TUY_OK);
	promise(memcmp(&invite, &again, sizeof invite) == 0);
}

static void recovery_look(struct tuy_bytes text)
{
	struct tuy_secret seed, again;
	char out[TUY_RECOVERY_TEXT];
	if (tuy_recovery_parse(text, &seed) != TUY_OK)
		return;
	tuy_recovery_text(&seed, out);
	promise(tuy_recovery_parse(text_of(out), &again) == TUY_OK);
	promise(memcmp(&seed, &again, sizeof seed) == 0);
}

static void base32_look(struct tuy_bytes text)
{
	static uint8_t bytes[4096], again[4096];
	static char out[4096 * 8 / 5 + 2];
	size_t len, again_len;
	if (tuy_base32_decode(text, bytes, sizeof bytes, &len) != TUY_OK)
		return;
	promise(len <= text.len * 5 / 8);
	tuy_base32_encode((struct tuy_bytes){ bytes, len }, out);
	promise(tuy_base32_decode(text_of(out), again, len, &again_len) == TUY_OK);
	promise(len == again_len && memcmp(bytes, again, len) == 0);
}

static void object_look(struct tuy_bytes text)
{
	struct tuy_object low, high;
	char out[TUY_OBJECT_TEXT];
	if (tuy_object_range(text, &low, &high) != TUY_OK)
		return;
	promise(memcmp(low.b, high.b, sizeof low.b) <= 0);
	tuy_object_text(&high, out);
	struct tuy_object low_2, high_2;
	promise(tuy_object_range((struct tuy_bytes){ (const uint8_t *)out, text.len }, &low_2,
	                         &high_2) == TUY_OK);
	promise(memcmp(low.b, low_2.b, sizeof low.b) == 0 &&
	        memcmp(high.b, high_2.b, sizeof high.b) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tuy_bytes text = { data, size };
	invite_look(text);
	recovery_look(text);
	base32_look(text);
	object_look(text);
	/* the same behind the prefixes, which a fuzzer finds slowly */
	static const char *const prefixes[2] = { "TUYAU:AEA", "tuyaukey:" };
	static uint8_t prefixed[512];
	for (size_t i = 0; i < 2; i++) {
		size_t len = strlen(prefixes[i]);
		size_t rest = size < sizeof prefixed - len ? size : sizeof prefixed - len;
		memcpy(prefixed, prefixes[i], len);
		if (rest > 0)
			memcpy(prefixed + len, data, rest);
		struct tuy_bytes both = { prefixed, len + rest };
		invite_look(both);
		recovery_look(both);
	}
	return 0;
}
