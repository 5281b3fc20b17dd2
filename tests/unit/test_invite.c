/* Invites, JOIN signatures and address records: the second part of op.h. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "../../proto/op.h"

static struct {
	struct tuy_device_keys device[2];
	struct tuy_cert cert[2];
	struct tuy_tag circle16;
} people;
static uint8_t bytes[TUY_ADDRESS_RECORD_MAX];

static int people_make(void **state)
{
	(void)state;
	for (uint8_t i = 0; i < 2; i++) {
		struct tuy_secret device_secret = { { 1, i } }, seed = { { 2, i } };
		struct tuy_recovery_key member;
		tuy_recovery_key_derive(&seed, &member);
		tuy_device_keys_derive(&device_secret, &people.device[i]);
		people.cert[i] = tuy_cert_create(&member, &people.device[i]);
	}
	memset(people.circle16.b, 4, sizeof people.circle16.b);
	return 0;
}

static struct tuy_bytes text_of(const char *text)
{
	return (struct tuy_bytes){ (const uint8_t *)text, strlen(text) };
}

static struct tuy_invite invite_made(void)
{
	struct tuy_invite invite = {
		.link_pk = people.device[0].link_pk,
		.secret = { 0x10, 0x20, 0x30 },
		.circle16 = people.circle16,
		.expires_s = 0xf1f2f3f4,
		.address = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1 },
		.port = 4321,
	};
	return invite;
}

static void invite_same(const struct tuy_invite *a, const struct tuy_invite *b)
{
	assert_memory_equal(a->link_pk.b, b->link_pk.b, 32);
	assert_memory_equal(a->secret, b->secret, 16);
	assert_memory_equal(a->circle16.b, b->circle16.b, 16);
	assert_int_equal(a->expires_s, b->expires_s);
	assert_memory_equal(a->address, b->address, 16);
	assert_int_equal(a->port, b->port);
}

static void writes_an_invite_of_147_characters_and_reads_it(void **state)
{
	(void)state;
	struct tuy_invite invite = invite_made(), got = { 0 };
	char text[TUY_INVITE_TEXT];
	tuy_invite_text(&invite, text);
	assert_int_equal(strlen(text), 147);
	assert_memory_equal(text, "TUYAU:AEA", 9);
	assert_int_equal(tuy_invite_parse(text_of(text), &got), TUY_OK);
	invite_same(&invite, &got);
}

static void reads_an_invite_as_people_paste_it(void **state)
{
	(void)state;
	struct tuy_invite invite = invite_made(), got = { 0 };
	char text[TUY_INVITE_TEXT], typed[4 * TUY_INVITE_TEXT] = " \r\n\t ";
	size_t len = strlen(typed);
	tuy_invite_text(&invite, text);
	for (size_t i = 0; text[i]; i++) {
		typed[len++] = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] + 32) : text[i];
		if (i % 7 == 3)
			typed[len++] = "\n -"[i % 3];
	}
	memcpy(typed + len, " \r\n", 4);
	assert_int_equal(tuy_invite_parse(text_of(typed), &got), TUY_OK);
	invite_same(&invite, &got);
}

static void says_that_an_invite_was_cut_off(void **state)
{
	(void)state;
	struct tuy_invite invite = invite_made(), got = { .port = 77 };
	char text[TUY_INVITE_TEXT];
	tuy_invite_text(&invite, text);
	for (size_t len = 0; len < 147; len++) {
		struct tuy_bytes cut = { (const uint8_t *)text, len };
		assert_int_equal(tuy_invite_parse(cut, &got), TUY_E_SHORT);
	}
	assert_int_equal(got.port, 77);
}

static void refuses_a_mistyped_invite(void **state)
{
	(void)state;
	struct tuy_invite invite = invite_made(), got;
	char text[TUY_INVITE_TEXT + 8];
	static const char wrong[] = { '0', '1', '8', '=', '.', '\x01', '\x7f', '\xe9' };
	tuy_invite_text(&invite, text);
	for (size_t i = 0; i < 147; i++) {
		char kept = text[i];
		text[i] = wrong[i % sizeof wrong];
		assert_int_equal(tuy_invite_parse(text_of(text), &got), TUY_E_FORMAT);
		text[i] = kept;
	}
	text[146] = 'B'; /* the last character has one bit that is nothing */
	assert_int_equal(tuy_invite_parse(text_of(text), &got), TUY_E_FORMAT);
	tuy_invite_text(&invite, text);
	strcat(text, "A");
	assert_int_equal(tuy_invite_parse(text_of(text), &got), TUY_E_FORMAT);
	assert_int_equal(tuy_invite_parse(text_of("TUYAUKEY:AAAA"), &got), TUY_E_FORMAT);
	assert_int_equal(tuy_invite_parse(text_of("http://x"), &got), TUY_E_FORMAT);
}

static void knows_an_invite_of_a_later_version(void **state)
{
	(void)state;
	struct tuy_invite got;
	char text[400] = "TUYAU:";
	uint8_t later[200] = { 2, 0, 9 };
	memset(later + 3, 0xff, sizeof later - 3);
	tuy_base32_encode(TUY_BYTES(later), text + 6);
	assert_int_equal(tuy_invite_parse(text_of(text), &got), TUY_E_UNKNOWN);
	later[0] = 1;
	later[1] = 1; /* a flag of a later version */
	tuy_base32_encode(TUY_BYTES(later), text + 6);
	assert_int_equal(tuy_invite_parse(text_of(text), &got), TUY_E_UNKNOWN);
	later[0] = 0;
	tuy_base32_encode(TUY_BYTES(later), text + 6);
	assert_int_equal(tuy_invite_parse(text_of(text), &got), TUY_E_FORMAT);
}

static void derives_the_invites_key_from_secret_and_circle(void **state)
{
	(void)state;
	struct tuy_invite invite = invite_made();
	struct tuy_invite_key key, same, other;
	tuy_invite_key_derive(&invite, &key);
	invite.expires_s++;
	invite.port++;
	tuy_invite_key_derive(&invite, &same);
	assert_memory_equal(key.pk.b, same.pk.b, 32);
	invite.circle16.b[0] ^= 1;
	tuy_invite_key_derive(&invite, &other);
	assert_memory_not_equal(key.pk.b, other.pk.b, 32);
	invite = invite_made();
	invite.secret[15] ^= 1;
	tuy_invite_key_derive(&invite, &other);
	assert_memory_not_equal(key.pk.b, other.pk.b, 32);
}

/* The invite's key of the tests. */
static struct tuy_invite_key invite_key(void)
{
	struct tuy_invite invite = { .secret = { 6 }, .circle16 = people.circle16 };
	struct tuy_invite_key key;
	tuy_invite_key_derive(&invite, &key);
	return key;
}

static void checks_a_join_for_its_circle_certificate_and_handshake(void **state)
{
	(void)state;
	struct tuy_invite_key key = invite_key();
	struct tuy_hash handshake = { { 1 } }, other_handshake = { { 2 } };
	struct tuy_tag other_circle = { { 3 } };
	struct tuy_invite_pk other_pk = { { 4 } };
	struct tuy_sig sig = tuy_join_sign(&key, &people.circle16, &people.cert[1], &handshake);
	assert_int_equal(
		tuy_join_check(&key.pk, &people.circle16, &people.cert[1], &handshake, &sig),
		TUY_OK);
	assert_int_equal(tuy_join_check(&key.pk, &other_circle, &people.cert[1], &handshake, &sig),
	                 TUY_E_SIGNATURE);
	assert_int_equal(
		tuy_join_check(&key.pk, &people.circle16, &people.cert[0], &handshake, &sig),
		TUY_E_SIGNATURE);
	assert_int_equal(
		tuy_join_check(&key.pk, &people.circle16, &people.cert[1], &other_handshake, &sig),
		TUY_E_SIGNATURE);
	assert_int_equal(
		tuy_join_check(&other_pk, &people.circle16, &people.cert[1], &handshake, &sig),
		TUY_E_SIGNATURE);
}

/* ---- address records ---- */

static struct tuy_address_record record_made(uint32_t count)
{
	struct tuy_address_record r = { .device = people.device[0].device,
		                        .counter = UINT64_MAX,
		                        .count = count };
	for (uint32_t i = 0; i < count; i++) {
		r.address[i].ip[15] = (uint8_t)i;
		r.address[i].port = (uint16_t)(1000 + i);
	}
	return r;
}

static void reads_the_address_record_it_wrote(void **state)
{
	(void)state;
	for (uint32_t count = 0; count <= TUY_ADDRESSES_MAX; count++) {
		struct tuy_address_record r = record_made(count), got;
		size_t len = 0;
		assert_int_equal(tuy_address_record_create(people.device[0].sign_sk, &r, bytes,
		                                           TUY_ADDRESS_RECORD_MAX, &len),
		                 TUY_OK);
		assert_int_equal(tuy_address_record_parse((struct tuy_bytes){ bytes, len }, &got),
		                 TUY_OK);
		assert_memory_equal(got.device.b, r.device.b, 32);
		assert_true(got.counter == r.counter);
		assert_int_equal(got.count, count);
		for (uint32_t i = 0; i < count; i++) {
			assert_memory_equal(got.address[i].ip, r.address[i].ip, 16);
			assert_int_equal(got.address[i].port, r.address[i].port);
		}
	}
}

static void refuses_an_address_record_cut_or_with_a_bit_flipped(void **state)
{
	(void)state;
	struct tuy_address_record r = record_made(2), got = { .count = 77 };
	size_t full = 0;
	assert_int_equal(
		tuy_address_record_create(people.device[0].sign_sk, &r, bytes, sizeof bytes, &full),
		TUY_OK);
	for (size_t bit = 0; bit < 8 * full; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_not_equal(
			tuy_address_record_parse((struct tuy_bytes){ bytes, full }, &got), TUY_OK);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t len = 0; len < full; len++)
		assert_int_not_equal(
			tuy_address_record_parse((struct tuy_bytes){ bytes, len }, &got), TUY_OK);
	assert_int_equal(got.count, 77);
	for (size_t cap = 0; cap < full; cap++)
		assert_int_equal(
			tuy_address_record_create(people.device[0].sign_sk, &r, bytes, cap, &full),
			TUY_E_FULL);
}

#define SAYS(sentence, test)                                                                       \
	{                                                                                          \
		sentence, test, NULL, NULL, NULL                                                   \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SAYS("writes an invite of 147 characters and reads it",
		     writes_an_invite_of_147_characters_and_reads_it),
		SAYS("reads an invite as people paste it", reads_an_invite_as_people_paste_it),
		SAYS("says that an invite was cut off", says_that_an_invite_was_cut_off),
		SAYS("refuses a mistyped invite", refuses_a_mistyped_invite),
		SAYS("knows an invite of a later version", knows_an_invite_of_a_later_version),
		SAYS("derives the invite's key from secret and circle",
		     derives_the_invites_key_from_secret_and_circle),
		SAYS("checks a JOIN for its circle, certificate and handshake",
		     checks_a_join_for_its_circle_certificate_and_handshake),
		SAYS("reads the address record it wrote", reads_the_address_record_it_wrote),
		SAYS("refuses an address record cut or with a bit flipped",
		     refuses_an_address_record_cut_or_with_a_bit_flipped),
	};
	return cmocka_run_group_tests_name("invite", tests, people_make, NULL);
}
