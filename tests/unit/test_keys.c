#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <sodium.h>
#include <string.h>
#include "../../proto/keys.h"

static const struct tuy_secret device_secret = { { 0x11, 0x22, 0x33 } };
static const struct tuy_secret recovery_seed = { { 0x44, 0x55, 0x66 } };

static struct tuy_bytes text_of(const char *text)
{
	return (struct tuy_bytes){ (const uint8_t *)text, strlen(text) };
}

static struct tuy_recovery_key recovery_key(void)
{
	struct tuy_recovery_key key;
	tuy_recovery_key_derive(&recovery_seed, &key);
	return key;
}

static struct tuy_cert cert_made(void)
{
	struct tuy_device_keys keys;
	struct tuy_recovery_key key = recovery_key();
	tuy_device_keys_derive(&device_secret, &keys);
	return tuy_cert_create(&key, &keys);
}

/* A certificate as a malicious member would sign it. */
static void cert_sign_again(struct tuy_cert *cert)
{
	struct tuy_recovery_key key = recovery_key();
	struct tuy_bytes text = { (const uint8_t *)cert, TUY_CERT_SIZE - 64 };
	cert->sig = tuy_sign(key.sk, "tuyau cert v1", text, (struct tuy_bytes){ 0 });
}

static void derives_all_keys_from_the_device_secret(void **state)
{
	(void)state;
	struct tuy_device_keys keys;
	uint8_t pk[32], sk[64];
	tuy_device_keys_derive(&device_secret, &keys);
	struct tuy_secret sub[6];
	for (uint64_t id = 1; id <= 5; id++)
		sub[id] = tuy_kdf(&device_secret, "tuydevic", id);
	crypto_sign_seed_keypair(pk, sk, sub[1].b);
	assert_memory_equal(keys.sign_sk, sk, 64);
	assert_memory_equal(keys.device.b, pk, 32);
	crypto_scalarmult_base(pk, sub[2].b);
	assert_memory_equal(keys.link_sk, sub[2].b, 32);
	assert_memory_equal(keys.link_pk.b, pk, 32);
	crypto_scalarmult_base(pk, sub[3].b);
	assert_memory_equal(keys.box_sk, sub[3].b, 32);
	assert_memory_equal(keys.box_pk.b, pk, 32);
	crypto_sign_seed_keypair(pk, sk, sub[4].b);
	assert_memory_equal(keys.letter_sk, sk, 64);
	assert_memory_equal(keys.letter_pk.b, pk, 32);
	assert_memory_equal(keys.checksum.b, sub[5].b, 32);
}

static void accepts_the_certificate_it_made(void **state)
{
	(void)state;
	struct tuy_cert cert = cert_made();
	assert_memory_equal(cert.member.b, recovery_key().member.b, 32);
	assert_int_equal(tuy_cert_check(&cert), TUY_OK);
}

static void refuses_a_certificate_with_any_bit_flipped(void **state)
{
	(void)state;
	const struct tuy_cert cert = cert_made();
	for (size_t byte = 0; byte < TUY_CERT_SIZE; byte++) {
		struct tuy_cert bad = cert;
		((uint8_t *)&bad)[byte] ^= (uint8_t)(1 << byte % 8);
		enum tuy_err err = tuy_cert_check(&bad);
		assert_true(err == TUY_E_SIGNATURE || err == TUY_E_FORMAT);
	}
}

/* The points of X25519 of order 1, 2, 4 and 8, and two of their forms above the prime. */
static const uint8_t low_order[][32] = {
	{ 0 },
	{ 1 },
	{ 0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3,
	  0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32,
	  0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00 },
	{ 0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1,
	  0x55, 0x9c, 0x83, 0xef, 0x5b, 0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c,
	  0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57 },
	{ 0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f },
	{ 0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f },
	{ 0xee, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f },
};

static void refuses_certified_keys_of_low_order(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof low_order / sizeof *low_order; i++) {
		struct tuy_cert cert = cert_made();
		memcpy(cert.link_pk.b, low_order[i], 32);
		cert_sign_again(&cert);
		assert_int_equal(tuy_cert_check(&cert), TUY_E_FORMAT);
		cert = cert_made();
		memcpy(cert.box_pk.b, low_order[i], 32);
		cert_sign_again(&cert);
		assert_int_equal(tuy_cert_check(&cert), TUY_E_FORMAT);
	}
}

static void refuses_certified_signing_keys_that_are_no_good_points(void **state)
{
	(void)state;
	static const uint8_t wrong[][32] = {
		{ 1 }, /* the neutral element */
		{ 0 }, /* order 4 */
		{ 2 }, /* not on the curve */
		{ 0xee, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f }, /* above p */
	};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct tuy_cert cert = cert_made();
		memcpy(cert.device.b, wrong[i], 32);
		cert_sign_again(&cert);
		assert_int_equal(tuy_cert_check(&cert), TUY_E_FORMAT);
		cert = cert_made();
		memcpy(cert.letter_pk.b, wrong[i], 32);
		cert_sign_again(&cert);
		assert_int_equal(tuy_cert_check(&cert), TUY_E_FORMAT);
		cert = cert_made();
		memcpy(cert.member.b, wrong[i], 32);
		assert_int_equal(tuy_cert_check(&cert), TUY_E_FORMAT);
	}
}

static void reads_the_recovery_text_it_wrote(void **state)
{
	(void)state;
	char text[TUY_RECOVERY_TEXT];
	struct tuy_secret seed;
	tuy_recovery_text(&recovery_seed, text);
	assert_int_equal(strlen(text), 67);
	assert_memory_equal(text, "TUYAUKEY:", 9);
	assert_int_equal(tuy_recovery_parse(text_of(text), &seed), TUY_OK);
	assert_memory_equal(seed.b, recovery_seed.b, sizeof seed.b);
}

static void reads_a_recovery_text_in_lower_case_and_in_groups(void **state)
{
	(void)state;
	char text[TUY_RECOVERY_TEXT], typed[2 * TUY_RECOVERY_TEXT];
	size_t len = 0;
	struct tuy_secret seed;
	tuy_recovery_text(&recovery_seed, text);
	for (size_t i = 0; text[i]; i++) {
		typed[len++] = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] + 32) : text[i];
		if (i % 4 == 0)
			typed[len++] = i % 8 == 0 ? ' ' : '-';
	}
	struct tuy_bytes bytes = { (const uint8_t *)typed, len };
	assert_int_equal(tuy_recovery_parse(bytes, &seed), TUY_OK);
	assert_memory_equal(seed.b, recovery_seed.b, sizeof seed.b);
}

static void notices_any_mistyped_letter_of_a_recovery_text(void **state)
{
	(void)state;
	char text[TUY_RECOVERY_TEXT];
	struct tuy_secret seed = { { 0xee } };
	tuy_recovery_text(&recovery_seed, text);
	for (size_t i = 0; text[i]; i++) {
		char kept = text[i];
		text[i] = kept == 'B' ? 'C' : 'B';
		assert_int_equal(tuy_recovery_parse(text_of(text), &seed), TUY_E_FORMAT);
		text[i] = kept;
	}
	for (size_t i = 9; text[i + 1]; i++) { /* two neighbours exchanged */
		char kept = text[i];
		if (kept == text[i + 1])
			continue;
		text[i] = text[i + 1];
		text[i + 1] = kept;
		assert_int_equal(tuy_recovery_parse(text_of(text), &seed), TUY_E_FORMAT);
		text[i + 1] = text[i];
		text[i] = kept;
	}
	assert_int_equal(seed.b[0], 0xee);
}

static void refuses_a_recovery_text_of_another_length(void **state)
{
	(void)state;
	char text[TUY_RECOVERY_TEXT + 8];
	struct tuy_secret seed;
	tuy_recovery_text(&recovery_seed, text);
	for (size_t len = 0; len < strlen(text); len++) {
		struct tuy_bytes cut = { (const uint8_t *)text, len };
		assert_int_equal(tuy_recovery_parse(cut, &seed), TUY_E_FORMAT);
	}
	strcat(text, "AAAA");
	assert_int_equal(tuy_recovery_parse(text_of(text), &seed), TUY_E_FORMAT);
}

#define SAYS(sentence, test)                                                                       \
	{                                                                                          \
		sentence, test, NULL, NULL, NULL                                                   \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SAYS("derives all keys from the device secret",
		     derives_all_keys_from_the_device_secret),
		SAYS("accepts the certificate it made", accepts_the_certificate_it_made),
		SAYS("refuses a certificate with any byte changed by a bit",
		     refuses_a_certificate_with_any_bit_flipped),
		SAYS("refuses certified keys of low order", refuses_certified_keys_of_low_order),
		SAYS("refuses certified signing keys that are no good points",
		     refuses_certified_signing_keys_that_are_no_good_points),
		SAYS("reads the recovery text it wrote", reads_the_recovery_text_it_wrote),
		SAYS("reads a recovery text in lower case and in groups",
		     reads_a_recovery_text_in_lower_case_and_in_groups),
		SAYS("notices any mistyped letter of a recovery text",
		     notices_any_mistyped_letter_of_a_recovery_text),
		SAYS("refuses a recovery text of another length",
		     refuses_a_recovery_text_of_another_length),
	};
	return cmocka_run_group_tests_name("keys", tests, NULL, NULL);
}
