#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <sodium.h>
#include <string.h>
#include "../../proto/hash.h"

static const struct tuy_bytes none = { 0 };

static struct tuy_bytes text_of(const char *text)
{
	return (struct tuy_bytes){ (const uint8_t *)text, strlen(text) };
}

static struct tuy_dice dice_of(uint8_t first)
{
	return (struct tuy_dice){ .seed = { { first } } };
}

static void hashes_the_padded_domain_and_the_parts_as_one_text(void **state)
{
	(void)state;
	uint8_t joined[16 + 9] = "tuyau log v1\0\0\0\0abcdefgh", wanted[32];
	crypto_generichash(wanted, sizeof wanted, joined, 16 + 8, NULL, 0);
	struct tuy_hash a = tuy_hash("tuyau log v1", text_of("abc"), text_of("de"), text_of("fgh"));
	struct tuy_hash b = tuy_hash("tuyau log v1", text_of("abcdefgh"), none, none);
	assert_memory_equal(a.b, wanted, sizeof wanted);
	assert_memory_equal(b.b, wanted, sizeof wanted);
}

static void gives_other_hashes_under_other_domains(void **state)
{
	(void)state;
	struct tuy_hash a = tuy_hash("tuyau log v1", text_of("abc"), none, none);
	struct tuy_hash b = tuy_hash("tuyau blob v1", text_of("abc"), none, none);
	assert_memory_not_equal(a.b, b.b, sizeof a.b);
	struct tuy_hash full = tuy_hash("sixteen letters!", none, none, none);
	uint8_t wanted[32];
	crypto_generichash(wanted, sizeof wanted, (const uint8_t *)"sixteen letters!", 16, NULL, 0);
	assert_memory_equal(full.b, wanted, sizeof wanted);
}

static void derives_keys_as_keyed_blake2b_with_salt_and_personal(void **state)
{
	(void)state;
	struct tuy_secret key = { { 1, 2, 3 } };
	uint8_t salt[16] = { 0x05, 0x04, 0x03 }, personal[16] = "tuydevic", wanted[32];
	crypto_generichash_blake2b_salt_personal(wanted, sizeof wanted, NULL, 0, key.b,
	                                         sizeof key.b, salt, personal);
	struct tuy_secret got = tuy_kdf(&key, "tuydevic", 0x030405);
	assert_memory_equal(got.b, wanted, sizeof wanted);
	got = tuy_kdf(&key, "tuydevic", 1);
	assert_memory_not_equal(got.b, wanted, sizeof wanted);
	got = tuy_kdf(&key, "tuyepoch", 0x030405);
	assert_memory_not_equal(got.b, wanted, sizeof wanted);
}

static void verifies_what_it_signed_and_nothing_else(void **state)
{
	(void)state;
	uint8_t seed[32] = { 7 }, pk[32], sk[64];
	crypto_sign_seed_keypair(pk, sk, seed);
	struct tuy_sig sig = tuy_sign(sk, "tuyau head v1", text_of("abc"), text_of("def"));
	assert_int_equal(tuy_verify(pk, "tuyau head v1", text_of("abcd"), text_of("ef"), &sig),
	                 TUY_OK);
	assert_int_equal(tuy_verify(pk, "tuyau cert v1", text_of("abc"), text_of("def"), &sig),
	                 TUY_E_SIGNATURE);
	assert_int_equal(tuy_verify(pk, "tuyau head v1", text_of("abc"), text_of("deg"), &sig),
	                 TUY_E_SIGNATURE);
	for (size_t bit = 0; bit < 8 * sizeof sig.b; bit++) {
		struct tuy_sig bad = sig;
		bad.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(tuy_verify(pk, "tuyau head v1", text_of("abcdef"), none, &bad),
		                 TUY_E_SIGNATURE);
	}
}

static void signs_texts_up_to_the_limit_and_verifies_none_beyond(void **state)
{
	(void)state;
	static uint8_t text[TUY_SIGNED_MAX + 1];
	uint8_t seed[32] = { 8 }, pk[32], sk[64];
	crypto_sign_seed_keypair(pk, sk, seed);
	struct tuy_bytes a = { text, TUY_SIGNED_MAX - 1 }, one = { text, 1 }, two = { text, 2 };
	struct tuy_sig sig = tuy_sign(sk, "tuyau op v1", a, one);
	assert_int_equal(tuy_verify(pk, "tuyau op v1", a, one, &sig), TUY_OK);
	assert_int_equal(tuy_verify(pk, "tuyau op v1", a, two, &sig), TUY_E_SIGNATURE);
	struct tuy_bytes huge = { text, SIZE_MAX };
	assert_int_equal(tuy_verify(pk, "tuyau op v1", one, huge, &sig), TUY_E_SIGNATURE);
}

static void rolls_the_same_dice_on_every_machine(void **state)
{
	(void)state;
	uint8_t got[12], nonce[8] = { 0, 0, 0, 0, 0, 0, 1, 2 }, wanted[12];
	struct tuy_dice dice = dice_of(9);
	dice.counter = 0x0102;
	tuy_dice_fill(&dice, got, sizeof got);
	crypto_stream_chacha20(wanted, sizeof wanted, nonce, dice.seed.b);
	assert_memory_equal(got, wanted, sizeof wanted);
	assert_int_equal(dice.counter, 0x0103);
	/* RFC 7539's first block of the all-zero key, as every ChaCha20 gives it */
	static const uint8_t known[8] = { 0x76, 0xb8, 0xe0, 0xad, 0xa0, 0xf1, 0x3d, 0x90 };
	dice = dice_of(0);
	tuy_dice_fill(&dice, got, 8);
	assert_memory_equal(got, known, sizeof known);
}

static void moves_the_dice_on_with_each_use(void **state)
{
	(void)state;
	uint8_t a[32], b[32];
	struct tuy_dice dice = dice_of(1);
	tuy_dice_fill(&dice, a, sizeof a);
	tuy_dice_fill(&dice, b, sizeof b);
	assert_memory_not_equal(a, b, sizeof a);
	tuy_dice_fill(&dice, NULL, 0);
	assert_int_equal(dice.counter, 3);
}

static void draws_every_number_below_a_bound_about_as_often(void **state)
{
	(void)state;
	unsigned int seen[6] = { 0 };
	struct tuy_dice dice = dice_of(2);
	for (int i = 0; i < 6000; i++) {
		uint64_t value = tuy_dice_below(&dice, 6);
		assert_true(value < 6);
		seen[value]++;
	}
	for (int i = 0; i < 6; i++) /* 1000 +- 5 sigma */
		assert_in_range(seen[i], 855, 1145);
	assert_int_equal(tuy_dice_below(&dice, 1), 0);
}

/* With a bound just over half of 2^64, about half of all draws must be thrown away. */
static void throws_away_draws_that_would_favour_small_numbers(void **state)
{
	(void)state;
	uint64_t bound = (UINT64_C(1) << 63) + 1;
	struct tuy_dice dice = dice_of(3);
	for (int i = 0; i < 200; i++)
		assert_true(tuy_dice_below(&dice, bound) < bound);
	assert_in_range(dice.counter, 300, 550);
}

static void writes_and_reads_integers_big_endian(void **state)
{
	(void)state;
	uint8_t bytes[8];
	tuy_put64(bytes, UINT64_C(0x0102030405060708));
	for (uint8_t i = 0; i < 8; i++)
		assert_int_equal(bytes[i], i + 1);
	assert_true(tuy_get64(bytes) == UINT64_C(0x0102030405060708));
	assert_int_equal(tuy_get32(bytes + 4), 0x05060708);
	assert_int_equal(tuy_get16(bytes + 6), 0x0708);
	tuy_put32(bytes, 0xfffefdfc);
	tuy_put16(bytes + 4, 0xfbfa);
	assert_memory_equal(bytes, "\xff\xfe\xfd\xfc\xfb\xfa\x07\x08", 8);
}

static const struct { /* RFC 4648 section 10, without its padding */
	const char *plain;
	const char *text;
} base32_known[] = {
	{ "", "" },
	{ "f", "MY" },
	{ "fo", "MZXQ" },
	{ "foo", "MZXW6" },
	{ "foob", "MZXW6YQ" },
	{ "fooba", "MZXW6YTB" },
	{ "foobar", "MZXW6YTBOI" },
};
#define BASE32_KNOWN (sizeof base32_known / sizeof *base32_known)

static void writes_and_reads_base32_as_rfc_4648_does(void **state)
{
	(void)state;
	for (size_t i = 0; i < BASE32_KNOWN; i++) {
		char text[16];
		uint8_t plain[8];
		size_t len = 99, want = strlen(base32_known[i].plain);
		tuy_base32_encode(text_of(base32_known[i].plain), text);
		assert_string_equal(text, base32_known[i].text);
		assert_int_equal(tuy_base32_decode(text_of(text), plain, want, &len), TUY_OK);
		assert_int_equal(len, want);
		assert_memory_equal(plain, base32_known[i].plain, want);
	}
}

static void reads_base32_as_people_paste_it(void **state)
{
	(void)state;
	uint8_t plain[6];
	size_t len;
	assert_int_equal(tuy_base32_decode(text_of(" mzxW-6Ytb\r\n\toi\n"), plain, 6, &len),
	                 TUY_OK);
	assert_int_equal(len, 6);
	assert_memory_equal(plain, "foobar", 6);
}

static void refuses_what_is_not_base32(void **state)
{
	(void)state;
	static const char *const wrong[] = { "MZX0",   "MZX1",    "MZX8",       "MZX9", "MZ=Q",
		                             "MZ_Q",   "MZ\x7fQ", "MZ\xc3\xa9", "M",    "MZX",
		                             "MZXW6Y", "MZ",      "A",          "AAA",  "AAAAAA",
		                             "MZXR",   "MZXW7",   "MZXW6YR" };
	uint8_t plain[8];
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		size_t len = 99;
		plain[0] = 0xee;
		assert_int_equal(tuy_base32_decode(text_of(wrong[i]), plain, 8, &len),
		                 TUY_E_FORMAT);
		assert_int_equal(len, 99);
		assert_int_equal(plain[0], 0xee);
	}
}

static void writes_nothing_of_base32_that_does_not_fit(void **state)
{
	(void)state;
	uint8_t plain[6] = { 0xee };
	size_t len = 99;
	assert_int_equal(tuy_base32_decode(text_of("MZXW6YTBOI"), plain, 5, &len), TUY_E_FULL);
	assert_int_equal(plain[0], 0xee);
	assert_int_equal(len, 99);
}

static void passes_over_a_prefix_however_it_is_typed(void **state)
{
	(void)state;
	struct tuy_bytes text = text_of("  tuy\nAU:abc");
	assert_int_equal(tuy_base32_prefix(&text, "TUYAU:"), TUY_OK);
	assert_int_equal(text.len, 3);
	assert_memory_equal(text.p, "abc", 3);
	text = text_of("TUYA");
	assert_int_equal(tuy_base32_prefix(&text, "TUYAU:"), TUY_E_SHORT);
	assert_int_equal(text.len, 4);
	text = text_of("TUYEAU:abc");
	assert_int_equal(tuy_base32_prefix(&text, "TUYAU:"), TUY_E_FORMAT);
	assert_int_equal(text.len, 10);
}

static void shows_an_object_id_in_crockfords_letters(void **state)
{
	(void)state;
	char text[TUY_OBJECT_TEXT];
	/* 0, 1, 2 .. 15 as 16 groups of 5 bits */
	struct tuy_object low = { { 0x00, 0x44, 0x32, 0x14, 0xc7, 0x42, 0x54, 0xb6, 0x35, 0xcf } };
	tuy_object_text(&low, text);
	assert_string_equal(text, "0123456789ABCDEF");
	/* 16 .. 31 */
	struct tuy_object high = { { 0x84, 0x65, 0x3a, 0x56, 0xd7, 0xc6, 0x75, 0xbe, 0x77, 0xdf } };
	tuy_object_text(&high, text);
	assert_string_equal(text, "GHJKMNPQRSTVWXYZ");
}

static void finds_the_range_of_ids_that_begin_so(void **state)
{
	(void)state;
	struct tuy_object low, high;
	char text[TUY_OBJECT_TEXT];
	assert_int_equal(tuy_object_range(text_of("7Z"), &low, &high), TUY_OK);
	tuy_object_text(&low, text);
	assert_string_equal(text, "7Z00000000000000");
	tuy_object_text(&high, text);
	assert_string_equal(text, "7ZZZZZZZZZZZZZZZ");
	assert_int_equal(tuy_object_range(text_of("0123456789ABCDEF"), &low, &high), TUY_OK);
	assert_memory_equal(low.b, high.b, sizeof low.b);
	tuy_object_text(&low, text);
	assert_string_equal(text, "0123456789ABCDEF");
}

static void takes_letters_that_look_alike_and_lower_case(void **state)
{
	(void)state;
	struct tuy_object low, high, low_2, high_2;
	assert_int_equal(tuy_object_range(text_of("oOiIlLz"), &low, &high), TUY_OK);
	assert_int_equal(tuy_object_range(text_of("001111Z"), &low_2, &high_2), TUY_OK);
	assert_memory_equal(low.b, low_2.b, sizeof low.b);
	assert_memory_equal(high.b, high_2.b, sizeof high.b);
}

static void refuses_what_is_no_prefix_of_an_object_id(void **state)
{
	(void)state;
	static const char *const wrong[] = { "",     "U", "u", "A-B", "A B", "0123456789ABCDEF0",
		                             "\xc3", "@" };
	struct tuy_object low = { { 0xee } }, high = { { 0xee } };
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_int_equal(tuy_object_range(text_of(wrong[i]), &low, &high), TUY_E_FORMAT);
	assert_int_equal(low.b[0], 0xee);
	assert_int_equal(high.b[0], 0xee);
}

#define SAYS(sentence, test)                                                                       \
	{                                                                                          \
		sentence, test, NULL, NULL, NULL                                                   \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SAYS("hashes the padded domain and the parts as one text",
		     hashes_the_padded_domain_and_the_parts_as_one_text),
		SAYS("gives other hashes under other domains",
		     gives_other_hashes_under_other_domains),
		SAYS("derives keys as keyed BLAKE2b with salt and personal",
		     derives_keys_as_keyed_blake2b_with_salt_and_personal),
		SAYS("verifies what it signed and nothing else",
		     verifies_what_it_signed_and_nothing_else),
		SAYS("signs texts up to the limit and verifies none beyond",
		     signs_texts_up_to_the_limit_and_verifies_none_beyond),
		SAYS("rolls the same dice on every machine", rolls_the_same_dice_on_every_machine),
		SAYS("moves the dice on with each use", moves_the_dice_on_with_each_use),
		SAYS("draws every number below a bound about as often",
		     draws_every_number_below_a_bound_about_as_often),
		SAYS("throws away draws that would favour small numbers",
		     throws_away_draws_that_would_favour_small_numbers),
		SAYS("writes and reads integers big endian", writes_and_reads_integers_big_endian),
		SAYS("writes and reads base32 as RFC 4648 does",
		     writes_and_reads_base32_as_rfc_4648_does),
		SAYS("reads base32 as people paste it", reads_base32_as_people_paste_it),
		SAYS("refuses what is not base32", refuses_what_is_not_base32),
		SAYS("writes nothing of base32 that does not fit",
		     writes_nothing_of_base32_that_does_not_fit),
		SAYS("passes over a prefix however it is typed",
		     passes_over_a_prefix_however_it_is_typed),
		SAYS("shows an object id in Crockford's letters",
		     shows_an_object_id_in_crockfords_letters),
		SAYS("finds the range of ids that begin so", finds_the_range_of_ids_that_begin_so),
		SAYS("takes letters that look alike and lower case",
		     takes_letters_that_look_alike_and_lower_case),
		SAYS("refuses what is no prefix of an object id",
		     refuses_what_is_no_prefix_of_an_object_id),
	};
	return cmocka_run_group_tests_name("hash", tests, NULL, NULL);
}
