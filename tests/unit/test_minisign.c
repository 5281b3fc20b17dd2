/* Signature files in the form of minisign (PROTOCOL 10.2, 10.3). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "../../proto/minisign.h"
#include "../../proto/text.h"
#include <sodium.h>
#include <string.h>

static uint8_t sk[64];
static struct tuy_minisign_key key;
static uint8_t file[TUY_MINISIGN_MAX];
static size_t file_len;
static const char trusted[] = "timestamp:1\tfile:a";

static struct tuy_bytes text(void)
{
	return tuy_text_bytes("Je ne sais pas : le reste.\n");
}

static struct tuy_bytes whole(void)
{
	return (struct tuy_bytes){ file, file_len };
}

static int set_up(void **state)
{
	struct tuy_letter_pk pk;
	static const uint8_t seed[32] = { 7 };
	(void)state;
	assert_true(sodium_init() >= 0);
	crypto_sign_seed_keypair(pk.b, sk, seed);
	key = tuy_minisign_key(&pk);
	assert_int_equal(tuy_minisign_write(sk, text(), tuy_text_bytes("by us"),
	                                    tuy_text_bytes(trusted), file, sizeof file, &file_len),
	                 TUY_OK);
	return 0;
}

static void what_we_sign_is_accepted(void **state)
{
	struct tuy_minisign sign;
	(void)state;
	assert_int_equal(tuy_minisign_parse(whole(), &sign), TUY_OK);
	assert_int_equal(sign.form, TUY_MINISIGN_PREHASHED);
	assert_int_equal(sign.trusted.len, strlen(trusted));
	assert_memory_equal(sign.trusted.p, trusted, sign.trusted.len);
	assert_int_equal(tuy_minisign_check(&sign, &key, text()), TUY_OK);
}

static void the_key_id_is_the_one_of_the_fixture(void **state)
{
	static const char shown[] = "RWSz1Cycq98tKepKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs";
	struct tuy_minisign_key read;
	char again[TUY_MINISIGN_KEY_TEXT];
	(void)state;
	assert_int_equal(tuy_minisign_key_parse(tuy_text_bytes(shown), &read), TUY_OK);
	struct tuy_minisign_key made = tuy_minisign_key(&read.pk);
	assert_true(tuy_minisign_key_equal(&made, &read));
	tuy_minisign_key_text(&made, again);
	assert_string_equal(again, shown);
}

static void a_key_is_read_from_a_file_too(void **state)
{
	struct tuy_minisign_key read;
	char in_file[200] = "untrusted comment: my key\r\n";
	(void)state;
	tuy_minisign_key_text(&key, in_file + strlen(in_file));
	strcat(in_file, "\r\n");
	assert_int_equal(tuy_minisign_key_parse(tuy_text_bytes(in_file), &read), TUY_OK);
	assert_true(tuy_minisign_key_equal(&read, &key));
	in_file[strlen(in_file) - 6] = '-';
	assert_int_equal(tuy_minisign_key_parse(tuy_text_bytes(in_file), &read), TUY_E_FORMAT);
	assert_int_equal(tuy_minisign_key_parse(tuy_text_bytes(""), &read), TUY_E_FORMAT);
	assert_int_equal(tuy_minisign_key_parse(tuy_text_bytes("RW"), &read), TUY_E_FORMAT);
}

static void says_what_was_changed(void **state)
{
	struct tuy_minisign sign;
	struct tuy_minisign_key other = key;
	(void)state;
	assert_int_equal(tuy_minisign_parse(whole(), &sign), TUY_OK);
	assert_int_equal(tuy_minisign_check(&sign, &key, tuy_text_bytes("Je ne sais rien.\n")),
	                 TUY_E_COMMIT);
	other.id[0] ^= 1;
	assert_int_equal(tuy_minisign_check(&sign, &other, text()), TUY_E_UNKNOWN);
	sign.trusted = tuy_text_bytes("timestamp:2\tfile:a");
	assert_int_equal(tuy_minisign_check(&sign, &key, text()), TUY_E_SIGNATURE);
	assert_int_equal(tuy_minisign_parse(whole(), &sign), TUY_OK);
	sign.form = TUY_MINISIGN_LEGACY;
	assert_int_equal(tuy_minisign_check(&sign, &key, text()), TUY_E_COMMIT);
}

static void a_file_cut_anywhere_is_said_to_be_cut(void **state)
{
	struct tuy_minisign sign;
	(void)state;
	for (size_t len = 0; len < file_len - 1; len++) {
		enum tuy_err err = tuy_minisign_parse((struct tuy_bytes){ file, len }, &sign);
		assert_int_equal(err, TUY_E_SHORT);
	}
	struct tuy_bytes without_end = { file, file_len - 1 };
	assert_int_equal(tuy_minisign_parse(without_end, &sign), TUY_OK);
}

static void no_changed_byte_passes(void **state)
{
	struct tuy_minisign sign;
	(void)state;
	size_t untrusted = strlen("untrusted comment: by us\n");
	for (size_t i = untrusted; i < file_len - 1; i++) {
		file[i] ^= 1;
		if (tuy_minisign_parse(whole(), &sign) == TUY_OK)
			assert_int_not_equal(tuy_minisign_check(&sign, &key, text()), TUY_OK);
		file[i] ^= 1;
	}
}

static void refuses_more_than_four_lines_and_long_comments(void **state)
{
	static uint8_t big[20000];
	struct tuy_minisign sign;
	(void)state;
	memcpy(big, file, file_len);
	memcpy(big + file_len, "\nmore\n", 6);
	assert_int_equal(tuy_minisign_parse((struct tuy_bytes){ big, file_len + 6 }, &sign),
	                 TUY_E_FORMAT);
	memset(big, 'x', sizeof big);
	memcpy(big, "untrusted comment: ", 19);
	big[19 + TUY_MINISIGN_UNTRUSTED_MAX + 1] = '\n';
	assert_int_equal(tuy_minisign_parse((struct tuy_bytes){ big, sizeof big }, &sign),
	                 TUY_E_LIMIT);
	assert_int_equal(tuy_minisign_parse(tuy_text_bytes("hello\n"), &sign), TUY_E_FORMAT);
}

static void the_longest_comments_fit(void **state)
{
	static char untrusted[TUY_MINISIGN_UNTRUSTED_MAX + 1];
	static char longest[TUY_MINISIGN_TRUSTED_MAX + 1];
	struct tuy_minisign sign;
	(void)state;
	memset(untrusted, 'u', sizeof untrusted - 1);
	memset(longest, 't', sizeof longest - 1);
	assert_int_equal(tuy_minisign_write(sk, text(), tuy_text_bytes(untrusted),
	                                    tuy_text_bytes(longest), file, sizeof file, &file_len),
	                 TUY_OK);
	assert_int_equal(tuy_minisign_parse(whole(), &sign), TUY_OK);
	assert_int_equal(tuy_minisign_check(&sign, &key, text()), TUY_OK);
	assert_int_equal(tuy_minisign_write(sk, text(), tuy_text_bytes(untrusted),
	                                    tuy_text_bytes(longest), file, file_len - 1, &file_len),
	                 TUY_E_FULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_we_sign_is_accepted, set_up),
		cmocka_unit_test_setup(the_key_id_is_the_one_of_the_fixture, set_up),
		cmocka_unit_test_setup(a_key_is_read_from_a_file_too, set_up),
		cmocka_unit_test_setup(says_what_was_changed, set_up),
		cmocka_unit_test_setup(a_file_cut_anywhere_is_said_to_be_cut, set_up),
		cmocka_unit_test_setup(no_changed_byte_passes, set_up),
		cmocka_unit_test_setup(refuses_more_than_four_lines_and_long_comments, set_up),
		cmocka_unit_test_setup(the_longest_comments_fit, set_up),
	};
	return cmocka_run_group_tests_name("minisign", tests, NULL, NULL);
}
