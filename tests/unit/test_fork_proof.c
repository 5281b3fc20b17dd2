/* The proof of a forked log (PROTOCOL 4.11): bytes and check. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../proto/fork_proof.h"

#include <sodium.h>
#include <string.h>

static struct tuy_device device;
static uint8_t sign_sk[64];
static struct tuy_log_id log_id = { { 9 } };
static uint8_t headers[64 * 64]; /* of 71.. on one branch */
static uint8_t bytes[TUY_FORK_PROOF_MAX];

static int keys(void **state)
{
	uint8_t seed[32] = { 5 };

	(void)state;
	return crypto_sign_seed_keypair(device.b, sign_sk, seed);
}

/* Signed at 70, and otherwise at 70 + count. */
static struct tuy_fork_proof proof_of(uint32_t count)
{
	struct tuy_fork_proof p = { .one = { 70, { { 1 } } }, .other = { { 2 } } };
	struct tuy_hash end = p.other;

	for (uint32_t i = 0; i < count; i++) {
		struct tuy_header header = { .seq = 71 + i, .time_s = i };

		tuy_header_encode(&header, headers + (size_t)i * 64);
		end = tuy_chain_next(&end, headers + (size_t)i * 64);
	}
	p.one_sig = tuy_head_sign(sign_sk, &log_id, 70, &p.one.hash);
	p.other_sig = tuy_head_sign(sign_sk, &log_id, 70 + count, &end);
	p.headers = headers;
	p.count = count;
	return p;
}

static void holds(void **state)
{
	static const uint32_t counts[] = { 0, 1, 63, 64 };

	(void)state;
	for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
		struct tuy_fork_proof p = proof_of(counts[i]), read;
		size_t len = tuy_fork_proof_write(&p, bytes);

		assert_int_equal(len, TUY_FORK_PROOF_MIN + 64 * counts[i]);
		assert_int_equal(tuy_fork_proof_parse((struct tuy_bytes){ bytes, len }, &read),
		                 TUY_OK);
		assert_int_equal(read.count, counts[i]);
		assert_int_equal(read.one.seq, 70);
		assert_int_equal(tuy_fork_proof_check(&device, &log_id, &read), TUY_OK);
	}
}

static void every_bit_counts(void **state)
{
	struct tuy_fork_proof p = proof_of(2), read;
	size_t len = tuy_fork_proof_write(&p, bytes);

	(void)state;
	for (size_t bit = 0; bit < len * 8; bit += 5) {
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (tuy_fork_proof_parse((struct tuy_bytes){ bytes, len }, &read) == TUY_OK)
			assert_int_not_equal(tuy_fork_proof_check(&device, &log_id, &read), TUY_OK);
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

static void lengths(void **state)
{
	struct tuy_fork_proof p = proof_of(64), read;
	size_t len = tuy_fork_proof_write(&p, bytes);

	(void)state;
	for (size_t n = 0; n <= len; n++) {
		bool right = n >= TUY_FORK_PROOF_MIN && (n - TUY_FORK_PROOF_MIN) % 64 == 0;

		assert_int_equal(tuy_fork_proof_parse((struct tuy_bytes){ bytes, n }, &read),
		                 right ? TUY_OK : TUY_E_FORMAT);
	}
	tuy_put32(bytes, 0);
	assert_int_equal(tuy_fork_proof_parse((struct tuy_bytes){ bytes, len }, &read),
	                 TUY_E_FORMAT);
	tuy_put32(bytes, UINT32_MAX);
	assert_int_equal(tuy_fork_proof_parse((struct tuy_bytes){ bytes, len }, &read),
	                 TUY_E_FORMAT);
}

static void same_branch_is_no_fork(void **state)
{
	struct tuy_fork_proof p = proof_of(0);

	(void)state;
	p.other = p.one.hash;
	p.other_sig = p.one_sig;
	assert_int_equal(tuy_fork_proof_check(&device, &log_id, &p), TUY_E_FORMAT);
}

static void cuts(void **state)
{
	(void)state;
	assert_int_equal(tuy_fork_cut(1), 0);
	assert_int_equal(tuy_fork_cut(64), 0);
	assert_int_equal(tuy_fork_cut(65), 64);
	assert_int_equal(tuy_fork_cut(128), 64);
	assert_int_equal(tuy_fork_cut(129), 128);
	assert_int_equal(tuy_fork_cut(UINT32_MAX), UINT32_MAX - 63);
}

#define TEST(sentence, function)                                                                   \
	{                                                                                          \
		sentence, function, NULL, NULL, NULL                                               \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST("a proof with 0 to 64 headers is read as written, and holds", holds),
		TEST("a proof with any bit changed does not hold", every_bit_counts),
		TEST("a proof has a fixed part and whole headers", lengths),
		TEST("a branch is no fork of itself", same_branch_is_no_fork),
		TEST("the cut is the checkpoint before the first entry that differs", cuts),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, keys, NULL);
}
