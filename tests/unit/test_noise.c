#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <sodium.h>
#include <string.h>
#include "../../proto/limits.h"
#include "../../proto/noise.h"

/* Two sides and the last message between them. */
struct pair {
	struct tuy_noise caller, called;
	struct tuy_link_pk caller_pk, called_pk;
	uint8_t wire[512];
	size_t wire_len;
	uint8_t got[512];
	size_t got_len;
};

static const struct tuy_bytes nothing = { NULL, 0 };

static struct tuy_bytes text(const char *s)
{
	return (struct tuy_bytes){ (const uint8_t *)s, strlen(s) };
}

static struct tuy_secret secret(uint8_t fill)
{
	struct tuy_secret s;
	memset(s.b, fill, sizeof s.b);
	return s;
}

static void pair_start(struct pair *p)
{
	struct tuy_secret a = secret(1), b = secret(2), ea = secret(3), eb = secret(4);
	memset(p, 0, sizeof *p);
	assert_int_equal(crypto_scalarmult_base(p->caller_pk.b, a.b), 0);
	assert_int_equal(crypto_scalarmult_base(p->called_pk.b, b.b), 0);
	tuy_noise_init_initiator(&p->caller, text(TUY_NOISE_PROLOGUE), &a, &ea, &p->called_pk);
	tuy_noise_init_responder(&p->called, text(TUY_NOISE_PROLOGUE), &b, &eb);
}

static struct tuy_bytes wire(const struct pair *p)
{
	return (struct tuy_bytes){ p->wire, p->wire_len };
}

typedef enum tuy_err step_fn(struct tuy_noise *n, struct tuy_bytes in, uint8_t *out, size_t cap,
                             size_t *len);

/* Message 1, 2 or 3: the writer's and the reader's step. */
static void steps_of(struct pair *p, int number, struct tuy_noise **from, struct tuy_noise **to,
                     step_fn **create, step_fn **consume)
{
	static step_fn *const creates[] = { tuy_noise_create_1, tuy_noise_create_2,
		                            tuy_noise_create_3 };
	static step_fn *const consumes[] = { tuy_noise_consume_1, tuy_noise_consume_2,
		                             tuy_noise_consume_3 };
	*from = number == 2 ? &p->called : &p->caller;
	*to = number == 2 ? &p->caller : &p->called;
	*create = creates[number - 1];
	*consume = consumes[number - 1];
}

/* Writes message `number` with `payload` to the wire. */
static void message_create(struct pair *p, int number, struct tuy_bytes payload)
{
	struct tuy_noise *from, *to;
	step_fn *create, *consume;
	steps_of(p, number, &from, &to, &create, &consume);
	assert_int_equal(create(from, payload, p->wire, sizeof p->wire, &p->wire_len), TUY_OK);
}

static enum tuy_err message_consume(struct pair *p, int number, struct tuy_bytes message)
{
	struct tuy_noise *from, *to;
	step_fn *create, *consume;
	steps_of(p, number, &from, &to, &create, &consume);
	return consume(to, message, p->got, sizeof p->got, &p->got_len);
}

/* Both sides up to but without message `end` (4: the whole handshake). */
static void pair_until(struct pair *p, int end)
{
	pair_start(p);
	for (int number = 1; number < end; number++) {
		message_create(p, number, nothing);
		assert_int_equal(message_consume(p, number, wire(p)), TUY_OK);
	}
}

static void shakes_hands_and_carries_payloads(void **state)
{
	(void)state;
	static const size_t sizes[] = { TUY_NOISE_1_SIZE, TUY_NOISE_2_SIZE, TUY_NOISE_3_SIZE };
	struct pair p;
	pair_start(&p);
	for (int number = 1; number <= 3; number++) {
		message_create(&p, number, text("bonjour"));
		assert_int_equal(p.wire_len, sizes[number - 1] + 7);
		assert_int_equal(message_consume(&p, number, wire(&p)), TUY_OK);
		assert_int_equal(p.got_len, 7);
		assert_memory_equal(p.got, "bonjour", 7);
	}
	assert_memory_equal(tuy_noise_remote_static(&p.called), &p.caller_pk, 32);
	assert_memory_equal(tuy_noise_remote_static(&p.caller), &p.called_pk, 32);
	assert_memory_equal(tuy_noise_hash(&p.caller), tuy_noise_hash(&p.called), 32);
	assert_memory_equal(&p.caller.tx, &p.called.rx, sizeof p.caller.tx);
	assert_memory_equal(&p.caller.rx, &p.called.tx, sizeof p.caller.rx);
	assert_memory_not_equal(&p.caller.tx, &p.caller.rx, sizeof p.caller.tx);
	assert_true(sodium_is_zero(p.caller.s.b, 32) && sodium_is_zero(p.caller.e.b, 32));
	assert_true(sodium_is_zero(p.called.s.b, 32) && sodium_is_zero(p.called.e.b, 32));
}

static void keeps_the_hash_after_message_2(void **state)
{
	(void)state;
	struct pair p;
	struct tuy_hash h;
	pair_until(&p, 3);
	h = *tuy_noise_hash_after_2(&p.called);
	assert_memory_equal(&h, tuy_noise_hash_after_2(&p.caller), 32);
	assert_false(sodium_is_zero(h.b, 32));
	pair_until(&p, 4);
	assert_memory_equal(&h, tuy_noise_hash_after_2(&p.called), 32);
	assert_memory_equal(&h, tuy_noise_hash_after_2(&p.caller), 32);
	assert_memory_not_equal(&h, tuy_noise_hash(&p.called), 32);
}

static void refuses_every_changed_bit_and_length_unmoved(void **state)
{
	(void)state;
	for (int number = 1; number <= 3; number++) {
		struct pair p;
		pair_until(&p, number);
		message_create(&p, number, text("hi"));
		struct tuy_noise *to = number == 2 ? &p.caller : &p.called;
		struct tuy_noise before = *to;
		for (size_t i = 0; i < p.wire_len; i++) {
			p.wire[i] ^= (uint8_t)(1 << i % 8);
			assert_int_equal(message_consume(&p, number, wire(&p)), TUY_E_OPEN);
			assert_memory_equal(to, &before, sizeof before);
			p.wire[i] ^= (uint8_t)(1 << i % 8);
		}
		for (size_t len = 0; len < p.wire_len; len++) {
			struct tuy_bytes cut = { p.wire, len };
			assert_int_equal(message_consume(&p, number, cut), TUY_E_OPEN);
			assert_memory_equal(to, &before, sizeof before);
		}
		struct tuy_bytes longer = { p.wire, p.wire_len + 1 };
		assert_int_equal(message_consume(&p, number, longer), TUY_E_OPEN);
		assert_int_equal(message_consume(&p, number, wire(&p)), TUY_OK);
		assert_memory_equal(p.got, "hi", 2);
	}
}

static void refuses_another_prologue_or_key(void **state)
{
	(void)state;
	struct pair p;
	struct tuy_secret b = secret(2), other = secret(9), e = secret(4);
	pair_start(&p);
	message_create(&p, 1, nothing);
	tuy_noise_init_responder(&p.called, text("tuyau link v2"), &b, &e);
	assert_int_equal(message_consume(&p, 1, wire(&p)), TUY_E_OPEN);
	tuy_noise_init_responder(&p.called, text(TUY_NOISE_PROLOGUE), &other, &e);
	assert_int_equal(message_consume(&p, 1, wire(&p)), TUY_E_OPEN);
}

/* Points whose product with every secret key is zero (RFC 7748 section 6.1; the order is 1 to 8).
 */
static const uint8_t low_order[][32] = {
	{ 0 },
	{ 1 },
	{ 0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3,
	  0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32,
	  0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00 },
	{ 0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f },
};

static void refuses_keys_of_low_order(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof low_order / sizeof *low_order; i++) {
		struct pair p;
		struct tuy_secret s = secret(1), e = secret(3);
		struct tuy_link_pk weak;
		memcpy(weak.b, low_order[i], 32);
		pair_start(&p);
		message_create(&p, 1, nothing);
		struct tuy_noise before = p.called;
		memcpy(p.wire, weak.b, 32);
		assert_int_equal(message_consume(&p, 1, wire(&p)), TUY_E_OPEN);
		assert_memory_equal(&p.called, &before, sizeof before);
		tuy_noise_init_initiator(&p.caller, nothing, &s, &e, &weak);
		before = p.caller;
		assert_int_equal(
			tuy_noise_create_1(&p.caller, nothing, p.wire, sizeof p.wire, &p.wire_len),
			TUY_E_REFUSED);
		assert_memory_equal(&p.caller, &before, sizeof before);
	}
}

static void writes_nothing_without_room(void **state)
{
	(void)state;
	static uint8_t large[TUY_FRAME_MAX];
	struct pair p;
	size_t len = 0;
	pair_start(&p);
	struct tuy_noise before = p.caller;
	assert_int_equal(tuy_noise_create_1(&p.caller, nothing, p.wire, 47, &len), TUY_E_FULL);
	assert_int_equal(tuy_noise_create_1(&p.caller, (struct tuy_bytes){ large, 65488 }, large,
	                                    sizeof large, &len),
	                 TUY_E_LIMIT);
	assert_memory_equal(&p.caller, &before, sizeof before);
	message_create(&p, 1, text("hi"));
	assert_int_equal(tuy_noise_consume_1(&p.called, wire(&p), p.got, 1, &len), TUY_E_FULL);
	assert_int_equal(message_consume(&p, 1, wire(&p)), TUY_OK);
	pair_until(&p, 4);
	before = p.caller;
	assert_int_equal(tuy_noise_seal(&p.caller, text("hi"), p.wire, 17, &len), TUY_E_FULL);
	assert_int_equal(tuy_noise_seal(&p.caller, (struct tuy_bytes){ large, TUY_RECORD_MAX + 1 },
	                                large, sizeof large, &len),
	                 TUY_E_LIMIT);
	assert_memory_equal(&p.caller, &before, sizeof before);
	p.caller.tx.n = UINT64_MAX;
	assert_int_equal(tuy_noise_seal(&p.caller, nothing, p.wire, 16, &len), TUY_E_LIMIT);
	assert_int_equal(p.caller.tx.n, UINT64_MAX);
}

static void opens_only_the_next_record(void **state)
{
	(void)state;
	struct pair p;
	uint8_t first[64], second[64];
	size_t first_len, second_len, len;
	pair_until(&p, 4);
	assert_int_equal(tuy_noise_seal(&p.caller, text("un"), first, 64, &first_len), TUY_OK);
	assert_int_equal(tuy_noise_seal(&p.caller, text("deux"), second, 64, &second_len), TUY_OK);
	struct tuy_noise before = p.called;
	struct tuy_bytes one = { first, first_len }, two = { second, second_len };
	assert_int_equal(tuy_noise_open(&p.called, two, p.got, 64, &len), TUY_E_OPEN);
	assert_int_equal(
		tuy_noise_open(&p.called, (struct tuy_bytes){ first, 15 }, p.got, 64, &len),
		TUY_E_OPEN);
	assert_int_equal(tuy_noise_open(&p.caller, one, p.got, 64, &len), TUY_E_OPEN);
	first[3] ^= 1;
	assert_int_equal(tuy_noise_open(&p.called, one, p.got, 64, &len), TUY_E_OPEN);
	first[3] ^= 1;
	assert_memory_equal(&p.called, &before, sizeof before);
	assert_int_equal(tuy_noise_open(&p.called, one, p.got, 64, &len), TUY_OK);
	assert_int_equal(tuy_noise_open(&p.called, one, p.got, 64, &len), TUY_E_OPEN);
	assert_int_equal(tuy_noise_open(&p.called, two, p.got, 64, &len), TUY_OK);
	assert_int_equal(len, 4);
	assert_memory_equal(p.got, "deux", 4);
}

static void seals_and_opens_in_place_up_to_the_largest_record(void **state)
{
	(void)state;
	static uint8_t record[TUY_FRAME_MAX];
	struct pair p;
	size_t len;
	pair_until(&p, 4);
	for (size_t i = 0; i < TUY_RECORD_MAX; i++)
		record[i] = (uint8_t)(i * 7);
	assert_int_equal(tuy_noise_seal(&p.called, (struct tuy_bytes){ record, TUY_RECORD_MAX },
	                                record, sizeof record, &len),
	                 TUY_OK);
	assert_int_equal(len, TUY_FRAME_MAX);
	assert_int_equal(tuy_noise_open(&p.caller, (struct tuy_bytes){ record, len }, record,
	                                sizeof record, &len),
	                 TUY_OK);
	assert_int_equal(len, TUY_RECORD_MAX);
	for (size_t i = 0; i < TUY_RECORD_MAX; i++)
		assert_int_equal(record[i], (uint8_t)(i * 7));
}

static void changes_the_key_every_so_many_records(void **state)
{
	(void)state;
	struct pair p;
	size_t len;
	pair_until(&p, 4);
	struct tuy_secret first = p.caller.tx.k, other_way = p.caller.rx.k;
	for (uint32_t i = 0; i < 2 * TUY_REKEY_RECORDS + 2; i++) {
		bool rekeyed = i >= TUY_REKEY_RECORDS;
		assert_int_equal(memcmp(&p.caller.tx.k, &first, sizeof first) != 0, rekeyed);
		assert_int_equal(tuy_noise_seal(&p.caller, nothing, p.wire, 16, &p.wire_len),
		                 TUY_OK);
		assert_int_equal(tuy_noise_open(&p.called, wire(&p), p.got, 0, &len), TUY_OK);
	}
	assert_memory_equal(&p.caller.rx.k, &other_way, sizeof other_way);
	assert_int_equal(p.caller.tx.n, 2 * TUY_REKEY_RECORDS + 2);
	/* Noise 4.2 by another path: the keystream of nonce 2^64-1 from block 1 on */
	uint8_t nonce[12], expected[32] = { 0 };
	memset(nonce, 0, 4);
	memset(nonce + 4, 0xff, 8);
	for (int i = 0; i < 2; i++) {
		memset(expected, 0, sizeof expected);
		assert_int_equal(crypto_stream_chacha20_ietf_xor_ic(expected, expected, 32, nonce,
		                                                    1, first.b),
		                 0);
		memcpy(first.b, expected, 32);
	}
	assert_memory_equal(&p.caller.tx.k, &first, 32);
}

static void knocks_only_with_the_right_key_and_message(void **state)
{
	(void)state;
	struct pair p;
	uint8_t frame[64];
	pair_start(&p);
	message_create(&p, 1, nothing);
	struct tuy_tag knock = tuy_noise_knock(&p.called_pk, p.wire);
	memcpy(frame, knock.b, 16);
	memcpy(frame + 16, p.wire, 48);
	assert_int_equal(tuy_noise_knock_check(&p.called_pk, frame), TUY_OK);
	assert_int_equal(tuy_noise_knock_check(&p.caller_pk, frame), TUY_E_OPEN);
	for (size_t i = 0; i < sizeof frame; i++) {
		frame[i] ^= 0x10;
		assert_int_equal(tuy_noise_knock_check(&p.called_pk, frame), TUY_E_OPEN);
		frame[i] ^= 0x10;
	}
	uint8_t key[32], right[16], domain_and_key[48] = "tuyau knock v1";
	memcpy(domain_and_key + 16, p.called_pk.b, 32);
	assert_int_equal(crypto_generichash(key, 32, domain_and_key, 48, NULL, 0), 0);
	assert_int_equal(crypto_generichash(right, 16, p.wire, 48, key, 32), 0);
	assert_memory_equal(knock.b, right, 16);
}

static void forgets_everything(void **state)
{
	(void)state;
	struct pair p;
	pair_until(&p, 4);
	tuy_noise_wipe(&p.caller);
	assert_true(sodium_is_zero((const uint8_t *)&p.caller, sizeof p.caller));
	tuy_noise_wipe(&p.caller);
}

static int start(void **state)
{
	(void)state;
	return sodium_init() < 0 ? -1 : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{ "shakes hands, carries payloads and forgets its handshake keys",
		  shakes_hands_and_carries_payloads, NULL, NULL, NULL },
		{ "keeps the hash after message 2 to the end", keeps_the_hash_after_message_2, NULL,
		  NULL, NULL },
		{ "refuses every changed byte and every other length and stays as it was",
		  refuses_every_changed_bit_and_length_unmoved, NULL, NULL, NULL },
		{ "refuses another prologue or key", refuses_another_prologue_or_key, NULL, NULL,
		  NULL },
		{ "refuses keys of low order", refuses_keys_of_low_order, NULL, NULL, NULL },
		{ "keeps its state when there is no room", writes_nothing_without_room, NULL, NULL,
		  NULL },
		{ "opens only the next record of the other side", opens_only_the_next_record, NULL,
		  NULL, NULL },
		{ "seals and opens in place up to the largest record",
		  seals_and_opens_in_place_up_to_the_largest_record, NULL, NULL, NULL },
		{ "changes the key of one direction every 65,536 records",
		  changes_the_key_every_so_many_records, NULL, NULL, NULL },
		{ "knocks only with the right key and message",
		  knocks_only_with_the_right_key_and_message, NULL, NULL, NULL },
		{ "forgets everything when wiped", forgets_everything, NULL, NULL, NULL },
	};
	return cmocka_run_group_tests_name("noise", tests, start, NULL);
}
