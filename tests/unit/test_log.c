#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../../proto/keys.h"
#include "../../proto/log.h"

#define ENTRIES 200

/* One log of 200 entries by one device, with what its author could sign at each of them. */
static struct {
	struct tuy_device_keys keys;
	struct tuy_log_id log;
	uint8_t headers[ENTRIES][TUY_HEADER_SIZE];
	struct tuy_hash hash[ENTRIES + 1];
	struct tuy_sig sig[ENTRIES + 1];
} made;

static struct tuy_header header_of(uint32_t seq)
{
	struct tuy_header h = {
		.flags = TUY_HEADER_PAYLOAD,
		.seq = seq,
		.time_s = 1700000000 + seq,
		.exp_s = seq * 7,
		.payload_len = 100 + seq,
		.epoch = { { 1, 2, 3, 4, 5, 6, 7, 8 } },
		.pcommit = { { (uint8_t)seq, 9, 8, 7 } },
	};
	return h;
}

static int log_make(void **state)
{
	(void)state;
	struct tuy_secret secret = { { 1 } };
	struct tuy_circle circle = { { 2 } };
	struct tuy_incarnation incarnation = { { 3 } };
	tuy_device_keys_derive(&secret, &made.keys);
	made.log = tuy_log_id(&circle, &made.keys.device, &incarnation);
	made.hash[0] = tuy_chain_start(&made.log);
	for (uint32_t seq = 1; seq <= ENTRIES; seq++) {
		struct tuy_header h = header_of(seq);
		tuy_header_encode(&h, made.headers[seq - 1]);
		made.hash[seq] = tuy_chain_next(&made.hash[seq - 1], made.headers[seq - 1]);
		made.sig[seq] = tuy_head_sign(made.keys.sign_sk, &made.log, seq, &made.hash[seq]);
	}
	return 0;
}

static struct tuy_head head_at(uint32_t seq)
{
	return (struct tuy_head){ seq, made.hash[seq] };
}

/* The check of the run from..to as the author made it. */
static enum tuy_err run_check(uint32_t from, uint32_t to, struct tuy_head *end)
{
	struct tuy_head head = head_at(from - 1);
	return tuy_run_check(&made.keys.device, &made.log, &head, made.headers[from - 1],
	                     to - from + 1, &made.sig[to], end);
}

static uint64_t seed_choose(void)
{
	const char *given = getenv("TUY_SEED");
	uint64_t seed = given ? strtoull(given, NULL, 10) : randombytes_random();
	print_message("seed: TUY_SEED=%llu\n", (unsigned long long)seed);
	return seed;
}

static void names_a_log_by_circle_device_and_incarnation(void **state)
{
	(void)state;
	uint8_t text[96] = "tuyau log v1", wanted[32];
	text[16] = 2;
	memcpy(text + 48, made.keys.device.b, 32);
	text[80] = 3;
	crypto_generichash(wanted, sizeof wanted, text, sizeof text, NULL, 0);
	assert_memory_equal(made.log.b, wanted, 32);
	struct tuy_log16 log16 = tuy_log16(&made.log);
	assert_memory_equal(log16.b, wanted, 16);
}

static void writes_each_field_of_a_header_in_its_place(void **state)
{
	(void)state;
	struct tuy_header h = {
		.flags = TUY_HEADER_END | TUY_HEADER_PAYLOAD,
		.seq = 0x01020304,
		.time_s = 0x05060708,
		.exp_s = 0x090a0b0c,
		.payload_len = 0x0000a00e,
		.epoch = { { 0xe1, 0xe2, 0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8 } },
	};
	memset(h.pcommit.b, 0xcc, sizeof h.pcommit.b);
	uint8_t wanted[64] = { 1, 3, 0,    0,    1,    2,    3,    4,    5,    6,   7,
		               8, 9, 10,   11,   12,   0,    0,    0xa0, 0x0e, 0,   0,
		               0, 0, 0xe1, 0xe2, 0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8 };
	memset(wanted + 32, 0xcc, 32);
	uint8_t got[TUY_HEADER_SIZE];
	tuy_header_encode(&h, got);
	assert_memory_equal(got, wanted, sizeof wanted);
}

static void reads_the_header_it_wrote(void **state)
{
	(void)state;
	struct tuy_header h = header_of(5), got;
	assert_int_equal(tuy_header_decode(made.headers[4], &got), TUY_OK);
	assert_int_equal(got.flags, h.flags);
	assert_int_equal(got.seq, h.seq);
	assert_int_equal(got.time_s, h.time_s);
	assert_int_equal(got.exp_s, h.exp_s);
	assert_int_equal(got.payload_len, h.payload_len);
	assert_memory_equal(got.epoch.b, h.epoch.b, sizeof h.epoch.b);
	assert_memory_equal(got.pcommit.b, h.pcommit.b, sizeof h.pcommit.b);
}

static void takes_any_time_and_any_expiry(void **state)
{
	(void)state;
	uint8_t bytes[TUY_HEADER_SIZE];
	struct tuy_header got;
	memcpy(bytes, made.headers[0], sizeof bytes);
	memset(bytes + 8, 0xff, 8);
	assert_int_equal(tuy_header_decode(bytes, &got), TUY_OK);
	assert_int_equal(got.time_s, UINT32_MAX);
}

/* Decoding of entry 1's header with one byte replaced. */
static enum tuy_err header_with(size_t at, uint8_t value)
{
	uint8_t bytes[TUY_HEADER_SIZE];
	struct tuy_header got = { .seq = 0xee };
	memcpy(bytes, made.headers[0], sizeof bytes);
	bytes[at] = value;
	enum tuy_err err = tuy_header_decode(bytes, &got);
	if (err)
		assert_int_equal(got.seq, 0xee);
	return err;
}

static void refuses_headers_with_reserved_bits_or_another_version(void **state)
{
	(void)state;
	for (int bit = 0; bit < 8; bit++) {
		uint8_t b = (uint8_t)(1 << bit);
		assert_int_equal(header_with(0, (uint8_t)(1 ^ b)), TUY_E_FORMAT);
		assert_int_equal(header_with(2, b), TUY_E_FORMAT);
		assert_int_equal(header_with(3, b), TUY_E_FORMAT);
		for (size_t at = 20; at < 24; at++)
			assert_int_equal(header_with(at, b), TUY_E_FORMAT);
		if (bit >= 2)
			assert_int_equal(header_with(1, (uint8_t)(2 | b)), TUY_E_FORMAT);
	}
	assert_int_equal(header_with(1, 3), TUY_OK);
	assert_int_equal(header_with(7, 0), TUY_E_FORMAT); /* seq 0 */
}

static void refuses_payload_fields_without_a_payload(void **state)
{
	(void)state;
	uint8_t bare[TUY_HEADER_SIZE] = { 1 };
	struct tuy_header got;
	bare[7] = 1;
	assert_int_equal(tuy_header_decode(bare, &got), TUY_OK);
	for (size_t at = 16; at < sizeof bare; at++) {
		bare[at] = 1;
		assert_int_equal(tuy_header_decode(bare, &got), TUY_E_FORMAT);
		bare[at] = 0;
	}
}

static void refuses_a_payload_over_the_limit(void **state)
{
	(void)state;
	uint8_t bytes[TUY_HEADER_SIZE];
	struct tuy_header got;
	memcpy(bytes, made.headers[0], sizeof bytes);
	tuy_put32(bytes + 16, TUY_BLOB_MAX);
	assert_int_equal(tuy_header_decode(bytes, &got), TUY_OK);
	tuy_put32(bytes + 16, TUY_BLOB_MAX + 1);
	assert_int_equal(tuy_header_decode(bytes, &got), TUY_E_FORMAT);
	tuy_put32(bytes + 16, UINT32_MAX);
	assert_int_equal(tuy_header_decode(bytes, &got), TUY_E_FORMAT);
}

static void chains_each_header_to_all_before_it(void **state)
{
	(void)state;
	uint8_t text[112] = "tuyau entry v1", wanted[32];
	assert_memory_equal(made.hash[0].b, made.log.b, 32);
	memcpy(text + 16, made.log.b, 32);
	memcpy(text + 48, made.headers[0], 64);
	crypto_generichash(wanted, sizeof wanted, text, sizeof text, NULL, 0);
	assert_memory_equal(made.hash[1].b, wanted, 32);
}

static void checks_a_head_for_this_device_log_seq_and_hash_only(void **state)
{
	(void)state;
	struct tuy_device other_device = made.keys.device;
	struct tuy_log_id other_log = made.log;
	struct tuy_hash hash = made.hash[7], other_hash = hash;
	struct tuy_sig sig = made.sig[7], other_sig = sig;
	other_device.b[0] ^= 1;
	other_log.b[31] ^= 1;
	other_hash.b[0] ^= 1;
	other_sig.b[40] ^= 1;
	const struct tuy_device *device = &made.keys.device;
	assert_int_equal(tuy_head_check(device, &made.log, 7, &hash, &sig), TUY_OK);
	assert_int_equal(tuy_head_check(&other_device, &made.log, 7, &hash, &sig), TUY_E_SIGNATURE);
	assert_int_equal(tuy_head_check(device, &other_log, 7, &hash, &sig), TUY_E_SIGNATURE);
	assert_int_equal(tuy_head_check(device, &made.log, 8, &hash, &sig), TUY_E_SIGNATURE);
	assert_int_equal(tuy_head_check(device, &made.log, 7, &other_hash, &sig), TUY_E_SIGNATURE);
	assert_int_equal(tuy_head_check(device, &made.log, 7, &hash, &other_sig), TUY_E_SIGNATURE);
}

static void accepts_a_run_up_to_a_checkpoint_and_moves_the_head(void **state)
{
	(void)state;
	struct tuy_head end;
	assert_int_equal(run_check(1, 64, &end), TUY_OK);
	assert_int_equal(end.seq, 64);
	assert_memory_equal(end.hash.b, made.hash[64].b, 32);
	assert_int_equal(run_check(65, 65, &end), TUY_OK);
	assert_int_equal(end.seq, 65);
	assert_int_equal(run_check(66, 128, &end), TUY_OK);
	assert_int_equal(run_check(193, 200, &end), TUY_OK);
}

static void refuses_a_run_that_crosses_a_checkpoint(void **state)
{
	(void)state;
	for (uint32_t from = 1; from <= 130; from++) {
		uint32_t checkpoint = (from + 63) / 64 * 64;
		struct tuy_head end = { 999, { { 0 } } };
		assert_int_equal(run_check(from, checkpoint + 1, &end), TUY_E_FORMAT);
		assert_int_equal(end.seq, 999);
		assert_int_equal(run_check(from, checkpoint, &end), TUY_OK);
	}
}

static void refuses_a_run_of_none_and_of_more_than_64(void **state)
{
	(void)state;
	struct tuy_head head = head_at(0), end = { 999, { { 0 } } };
	assert_int_equal(tuy_run_check(&made.keys.device, &made.log, &head, made.headers[0], 0,
	                               &made.sig[1], &end),
	                 TUY_E_FORMAT);
	assert_int_equal(tuy_run_check(&made.keys.device, &made.log, &head, made.headers[0], 65,
	                               &made.sig[65], &end),
	                 TUY_E_FORMAT);
	assert_int_equal(tuy_run_check(&made.keys.device, &made.log, &head, made.headers[0],
	                               UINT32_MAX, &made.sig[65], &end),
	                 TUY_E_FORMAT);
	assert_int_equal(end.seq, 999);
}

static void reports_a_gap_and_keeps_the_head(void **state)
{
	(void)state;
	struct tuy_head head = head_at(10), end = { 999, { { 0 } } };
	assert_int_equal(tuy_run_check(&made.keys.device, &made.log, &head, made.headers[11], 3,
	                               &made.sig[14], &end),
	                 TUY_E_GAP);
	assert_int_equal(tuy_run_check(&made.keys.device, &made.log, &head, made.headers[9], 3,
	                               &made.sig[12], &end),
	                 TUY_E_GAP);
	/* far ahead, over a checkpoint: still a gap, to be asked for */
	assert_int_equal(tuy_run_check(&made.keys.device, &made.log, &head, made.headers[64], 64,
	                               &made.sig[128], &end),
	                 TUY_E_GAP);
	assert_int_equal(end.seq, 999);
}

static void ends_at_the_last_seq_there_is(void **state)
{
	(void)state;
	uint8_t bytes[2 * TUY_HEADER_SIZE];
	struct tuy_header h = header_of(UINT32_MAX);
	struct tuy_head head = { UINT32_MAX - 1, { { 4 } } }, end;
	h.payload_len = 1;
	h.exp_s = 0;
	tuy_header_encode(&h, bytes);
	memset(bytes + TUY_HEADER_SIZE, 0, TUY_HEADER_SIZE);
	bytes[TUY_HEADER_SIZE] = 1; /* seq 0 */
	struct tuy_hash hash = tuy_chain_next(&head.hash, bytes);
	struct tuy_sig sig = tuy_head_sign(made.keys.sign_sk, &made.log, UINT32_MAX, &hash);
	assert_int_equal(tuy_run_check(&made.keys.device, &made.log, &head, bytes, 1, &sig, &end),
	                 TUY_OK);
	assert_int_equal(end.seq, UINT32_MAX);
	assert_int_equal(tuy_run_check(&made.keys.device, &made.log, &head, bytes, 2, &sig, &end),
	                 TUY_E_FORMAT);
}

static void refuses_a_run_with_any_bit_flipped(void **state)
{
	(void)state;
	uint8_t headers[5 * TUY_HEADER_SIZE];
	struct tuy_head head = head_at(20), end = { 999, { { 0 } } };
	for (size_t bit = 0; bit < 8 * sizeof headers; bit++) {
		memcpy(headers, made.headers[20], sizeof headers);
		headers[bit / 8] ^= (uint8_t)(1 << bit % 8);
		enum tuy_err err = tuy_run_check(&made.keys.device, &made.log, &head, headers, 5,
		                                 &made.sig[25], &end);
		assert_true(err == TUY_E_FORMAT || err == TUY_E_GAP || err == TUY_E_SIGNATURE);
	}
	for (size_t bit = 0; bit < 512; bit++) {
		struct tuy_sig sig = made.sig[25];
		sig.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(tuy_run_check(&made.keys.device, &made.log, &head,
		                               made.headers[20], 5, &sig, &end),
		                 TUY_E_SIGNATURE);
	}
	assert_int_equal(end.seq, 999);
	assert_int_equal(run_check(21, 25, &end), TUY_OK);
}

/* Takes the log in runs cut at random, the entry `bad` (0: none) having one flipped bit. The seq
 * that was reached; the run with the bad entry must be refused. */
static uint32_t random_split_take(struct tuy_dice *dice, uint8_t (*headers)[TUY_HEADER_SIZE],
                                  uint32_t bad)
{
	struct tuy_head head = head_at(0);
	while (head.seq < ENTRIES) {
		uint32_t from = head.seq + 1, most = tuy_run_end(from, ENTRIES);
		uint32_t to = from + (uint32_t)tuy_dice_below(dice, most - from + 1);
		struct tuy_head end = head;
		enum tuy_err err =
			tuy_run_check(&made.keys.device, &made.log, &head, headers[from - 1],
		                      to - from + 1, &made.sig[to], &end);
		bool has_bad = bad >= from && bad <= to;
		assert_int_equal(err == TUY_OK, !has_bad);
		if (err) {
			assert_int_equal(end.seq, head.seq);
			break;
		}
		assert_int_equal(end.seq, to);
		assert_memory_equal(end.hash.b, made.hash[to].b, 32);
		head = end;
	}
	return head.seq;
}

static void accepts_and_refuses_the_same_entries_in_any_split(void **state)
{
	(void)state;
	static uint8_t headers[ENTRIES][TUY_HEADER_SIZE];
	struct tuy_dice dice = { .seed = { { 0 } } };
	tuy_put64(dice.seed.b, seed_choose());
	for (int round = 0; round < 40; round++) {
		memcpy(headers, made.headers, sizeof headers);
		assert_int_equal(random_split_take(&dice, headers, 0), ENTRIES);
		uint32_t bad = 1 + (uint32_t)tuy_dice_below(&dice, ENTRIES);
		uint64_t bit = tuy_dice_below(&dice, 512);
		headers[bad - 1][bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_true(random_split_take(&dice, headers, bad) < bad);
		/* one by one: everything before it, and nothing from it on */
		struct tuy_head head = head_at(0);
		while (head.seq < ENTRIES &&
		       tuy_run_check(&made.keys.device, &made.log, &head, headers[head.seq], 1,
		                     &made.sig[head.seq + 1], &head) == TUY_OK)
			;
		assert_int_equal(head.seq, bad - 1);
	}
}

static void lets_a_run_reach_the_next_checkpoint_or_the_head(void **state)
{
	(void)state;
	assert_int_equal(tuy_run_end(1, 200), 64);
	assert_int_equal(tuy_run_end(64, 200), 64);
	assert_int_equal(tuy_run_end(65, 200), 128);
	assert_int_equal(tuy_run_end(193, 200), 200);
	assert_int_equal(tuy_run_end(1, 1), 1);
	assert_int_equal(tuy_run_end(UINT32_MAX, UINT32_MAX), UINT32_MAX);
	assert_int_equal(tuy_run_end(UINT32_MAX - 63, UINT32_MAX), UINT32_MAX - 63);
}

#define SAYS(sentence, test)                                                                       \
	{                                                                                          \
		sentence, test, NULL, NULL, NULL                                                   \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SAYS("names a log by circle, device and incarnation",
		     names_a_log_by_circle_device_and_incarnation),
		SAYS("writes each field of a header in its place",
		     writes_each_field_of_a_header_in_its_place),
		SAYS("reads the header it wrote", reads_the_header_it_wrote),
		SAYS("takes any time and any expiry", takes_any_time_and_any_expiry),
		SAYS("refuses headers with reserved bits or another version",
		     refuses_headers_with_reserved_bits_or_another_version),
		SAYS("refuses payload fields without a payload",
		     refuses_payload_fields_without_a_payload),
		SAYS("refuses a payload over the limit", refuses_a_payload_over_the_limit),
		SAYS("chains each header to all before it", chains_each_header_to_all_before_it),
		SAYS("checks a head for this device, log, seq and hash only",
		     checks_a_head_for_this_device_log_seq_and_hash_only),
		SAYS("accepts a run up to a checkpoint and moves the head",
		     accepts_a_run_up_to_a_checkpoint_and_moves_the_head),
		SAYS("refuses a run that crosses a checkpoint",
		     refuses_a_run_that_crosses_a_checkpoint),
		SAYS("refuses a run of none and of more than 64",
		     refuses_a_run_of_none_and_of_more_than_64),
		SAYS("reports a gap and keeps the head", reports_a_gap_and_keeps_the_head),
		SAYS("ends at the last seq there is", ends_at_the_last_seq_there_is),
		SAYS("refuses a run with any bit flipped", refuses_a_run_with_any_bit_flipped),
		SAYS("accepts and refuses the same entries in any split",
		     accepts_and_refuses_the_same_entries_in_any_split),
		SAYS("lets a run reach the next checkpoint or the head",
		     lets_a_run_reach_the_next_checkpoint_or_the_head),
	};
	return cmocka_run_group_tests_name("log", tests, log_make, NULL);
}
