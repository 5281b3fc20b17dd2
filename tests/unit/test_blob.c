#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <sodium.h>
#include <string.h>
#include "../../proto/blob.h"

#define PEOPLE 65

static struct person {
	uint8_t sk[32];
	struct tuy_box_pk pk;
} people[PEOPLE];
static struct tuy_box_pk keys[PEOPLE];
static const struct tuy_secret epoch_key = { { 0x77, 0x01 } };
static const struct tuy_log_id log_id = { { 0x33, 0x02 } };
static const char said[] = "a plumber looks for offices";
static uint8_t blob[TUY_BLOB_MAX], opened[TUY_BLOB_MAX];

static int people_make(void **state)
{
	(void)state;
	for (uint8_t i = 0; i < PEOPLE; i++) {
		people[i].sk[0] = i;
		people[i].sk[1] = 0x5a;
		if (crypto_scalarmult_base(people[i].pk.b, people[i].sk) != 0)
			return -1;
		keys[i] = people[i].pk;
	}
	return 0;
}

static struct tuy_bytes record(void)
{
	return (struct tuy_bytes){ (const uint8_t *)said, sizeof said };
}

static struct tuy_dice dice_of(uint8_t first)
{
	return (struct tuy_dice){ .seed = { { first } } };
}

static struct tuy_bytes circle_blob(void)
{
	struct tuy_dice dice = dice_of(1);
	size_t len = 0;
	assert_int_equal(tuy_blob_seal_circle(&dice, &epoch_key, &log_id, 5, record(), blob,
	                                      sizeof blob, &len),
	                 TUY_OK);
	return (struct tuy_bytes){ blob, len };
}

static struct tuy_bytes sealed_blob(uint32_t count)
{
	struct tuy_dice dice = dice_of(2);
	size_t len = 0;
	assert_int_equal(tuy_blob_seal_devices(&dice, keys, count, &log_id, 5, record(), blob,
	                                       sizeof blob, &len),
	                 TUY_OK);
	return (struct tuy_bytes){ blob, len };
}

static struct tuy_bytes clear_blob(void)
{
	struct tuy_dice dice = dice_of(3);
	size_t len = 0;
	assert_int_equal(tuy_blob_seal_clear(&dice, record(), blob, sizeof blob, &len), TUY_OK);
	return (struct tuy_bytes){ blob, len };
}

/* Opening entry 5's blob with both kinds of keys. */
static enum tuy_err open_as(struct tuy_bytes bytes, const struct person *who)
{
	size_t len = 9999;
	enum tuy_err err =
		tuy_blob_open(bytes, &epoch_key, who->sk, &who->pk, &log_id, 5, opened, &len);
	if (err) {
		assert_int_equal(len, 9999);
	} else {
		assert_int_equal(len, sizeof said);
		assert_memory_equal(opened, said, sizeof said);
	}
	return err;
}

static void opens_what_was_sealed_to_the_circle(void **state)
{
	(void)state;
	struct tuy_bytes bytes = circle_blob();
	enum tuy_blob_mode mode;
	assert_int_equal(bytes.len, sizeof said + TUY_BLOB_OVERHEAD);
	assert_int_equal(bytes.len, tuy_blob_size(TUY_BLOB_CIRCLE, sizeof said, 0));
	assert_int_equal(tuy_blob_inspect(bytes, &mode), TUY_OK);
	assert_int_equal(mode, TUY_BLOB_CIRCLE);
	assert_int_equal(open_as(bytes, &people[0]), TUY_OK);
}

static void opens_for_each_of_1_4_5_16_17_and_64_recipients(void **state)
{
	(void)state;
	static const uint32_t counts[] = { 1, 4, 5, 16, 17, 64 };
	static const uint32_t slots[] = { 4, 4, 16, 16, 64, 64 };
	for (size_t i = 0; i < 6; i++) {
		struct tuy_bytes bytes = sealed_blob(counts[i]);
		enum tuy_blob_mode mode;
		assert_int_equal(bytes.p[25], slots[i]);
		assert_int_equal(bytes.len, 58 + 48 * slots[i] + sizeof said + 16);
		assert_int_equal(bytes.len, tuy_blob_size(TUY_BLOB_SEALED, sizeof said, counts[i]));
		assert_int_equal(tuy_blob_inspect(bytes, &mode), TUY_OK);
		assert_int_equal(mode, TUY_BLOB_SEALED);
		for (uint32_t k = 0; k < counts[i]; k++)
			assert_int_equal(open_as(bytes, &people[k]), TUY_OK);
	}
}

static void gives_a_clear_record_to_anybody(void **state)
{
	(void)state;
	struct tuy_bytes bytes = clear_blob();
	size_t len = 0;
	assert_int_equal(bytes.len, tuy_blob_size(TUY_BLOB_CLEAR, sizeof said, 0));
	assert_int_equal(tuy_blob_open(bytes, NULL, NULL, NULL, &log_id, 99, opened, &len), TUY_OK);
	assert_int_equal(len, sizeof said);
	assert_memory_equal(opened, said, sizeof said);
}

static void opens_for_nobody_who_is_no_recipient(void **state)
{
	(void)state;
	static const uint32_t counts[] = { 1, 4, 5, 16, 17, 64 };
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(open_as(sealed_blob(counts[i]), &people[64]), TUY_E_OPEN);
}

static void opens_nothing_without_its_key(void **state)
{
	(void)state;
	struct tuy_secret other = { { 0x77, 0x02 } };
	size_t len = 0;
	const struct person *who = &people[0];
	struct tuy_bytes bytes = circle_blob();
	assert_int_equal(tuy_blob_open(bytes, NULL, who->sk, &who->pk, &log_id, 5, opened, &len),
	                 TUY_E_OPEN);
	assert_int_equal(tuy_blob_open(bytes, &other, who->sk, &who->pk, &log_id, 5, opened, &len),
	                 TUY_E_OPEN);
	bytes = sealed_blob(1);
	assert_int_equal(tuy_blob_open(bytes, &epoch_key, NULL, NULL, &log_id, 5, opened, &len),
	                 TUY_E_OPEN);
}

static void opens_only_at_its_own_place_in_its_own_log(void **state)
{
	(void)state;
	struct tuy_log_id other_log = log_id;
	const struct person *who = &people[0];
	size_t len = 0;
	other_log.b[31] ^= 1;
	for (int i = 0; i < 2; i++) {
		struct tuy_bytes bytes = i == 0 ? circle_blob() : sealed_blob(1);
		assert_int_equal(tuy_blob_open(bytes, &epoch_key, who->sk, &who->pk, &log_id, 6,
		                               opened, &len),
		                 TUY_E_OPEN);
		assert_int_equal(tuy_blob_open(bytes, &epoch_key, who->sk, &who->pk, &other_log, 5,
		                               opened, &len),
		                 TUY_E_OPEN);
	}
}

static void refuses_a_circle_blob_with_any_bit_flipped(void **state)
{
	(void)state;
	struct tuy_bytes bytes = circle_blob();
	struct tuy_hash commit = tuy_blob_commit(bytes);
	for (size_t bit = 0; bit < 8 * bytes.len; bit++) {
		blob[bit / 8] ^= (uint8_t)(1 << bit % 8);
		struct tuy_hash now = tuy_blob_commit(bytes);
		assert_memory_not_equal(now.b, commit.b, sizeof commit.b);
		if (blob[0] != TUY_BLOB_CLEAR)
			assert_int_not_equal(open_as(bytes, &people[0]), TUY_OK);
		blob[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_int_equal(open_as(bytes, &people[0]), TUY_OK);
}

/* A flipped bit of another recipient's slot is found by the commitment only. */
static void refuses_a_sealed_blob_with_any_bit_of_ours_flipped(void **state)
{
	(void)state;
	struct tuy_bytes bytes = sealed_blob(1);
	struct tuy_hash commit = tuy_blob_commit(bytes);
	size_t still_open = 0;
	for (size_t bit = 0; bit < 8 * bytes.len; bit++) {
		if (bit < 8) /* the mode */
			continue;
		blob[bit / 8] ^= (uint8_t)(1 << bit % 8);
		struct tuy_hash now = tuy_blob_commit(bytes);
		assert_memory_not_equal(now.b, commit.b, sizeof commit.b);
		if (open_as(bytes, &people[0]) == TUY_OK) {
			assert_in_range(bit / 8, 57, 58 + 4 * 48 - 1);
			still_open++;
		}
		blob[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	/* three random slots; the top bit of the ephemeral key goes into the hash */
	assert_int_equal(still_open, 3 * 48 * 8);
}

static void refuses_a_blob_cut_at_any_length(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct tuy_bytes bytes = i == 0 ? circle_blob() : sealed_blob(5);
		size_t full = bytes.len;
		for (bytes.len = 0; bytes.len < full; bytes.len++)
			assert_int_not_equal(open_as(bytes, &people[0]), TUY_OK);
	}
}

static void tells_what_is_wrong_with_the_outer_form(void **state)
{
	(void)state;
	enum tuy_blob_mode mode = TUY_BLOB_CLEAR;
	struct tuy_bytes bytes = sealed_blob(4);
	size_t len = 0;
	for (unsigned int n = 0; n < 256; n++) {
		blob[25] = (uint8_t)n;
		enum tuy_err wanted = TUY_E_FORMAT;
		if (n == 4)
			wanted = TUY_OK;
		else if (n == 16 || n == 64)
			wanted = TUY_E_SHORT;
		assert_int_equal(tuy_blob_inspect(bytes, &mode), wanted);
		if (wanted != TUY_OK)
			assert_int_equal(open_as(bytes, &people[0]), TUY_E_FORMAT);
	}
	bytes = clear_blob();
	for (unsigned int m = 3; m < 256; m++) {
		blob[0] = (uint8_t)m;
		assert_int_equal(tuy_blob_inspect(bytes, &mode), TUY_E_FORMAT);
	}
	struct tuy_bytes empty = { blob, 0 };
	assert_int_equal(tuy_blob_inspect(empty, &mode), TUY_E_SHORT);
	blob[0] = TUY_BLOB_CLEAR;
	bytes.len = 24;
	assert_int_equal(tuy_blob_inspect(bytes, &mode), TUY_E_SHORT);
	static uint8_t huge[TUY_BLOB_MAX + 1] = { TUY_BLOB_CLEAR };
	bytes = (struct tuy_bytes){ huge, sizeof huge };
	assert_int_equal(tuy_blob_inspect(bytes, &mode), TUY_E_LIMIT);
	assert_int_equal(tuy_blob_open(bytes, NULL, NULL, NULL, &log_id, 1, opened, &len),
	                 TUY_E_FORMAT);
}

static void keeps_to_the_largest_blob(void **state)
{
	(void)state;
	static const uint8_t big[TUY_BLOB_MAX];
	struct tuy_dice dice = dice_of(4);
	size_t len = 0, most = TUY_BLOB_MAX - TUY_BLOB_OVERHEAD;
	struct tuy_bytes fits = { big, most }, over = { big, most + 1 };
	assert_int_equal(
		tuy_blob_seal_circle(&dice, &epoch_key, &log_id, 1, fits, blob, sizeof blob, &len),
		TUY_OK);
	assert_int_equal(len, TUY_BLOB_MAX);
	assert_int_equal(
		tuy_blob_seal_circle(&dice, &epoch_key, &log_id, 1, over, blob, sizeof blob, &len),
		TUY_E_LIMIT);
	assert_int_equal(tuy_blob_seal_devices(&dice, keys, 65, &log_id, 1, record(), blob,
	                                       sizeof blob, &len),
	                 TUY_E_LIMIT);
	assert_int_equal(tuy_blob_seal_devices(&dice, keys, 0, &log_id, 1, record(), blob,
	                                       sizeof blob, &len),
	                 TUY_E_LIMIT);
	assert_int_equal(tuy_blob_size(TUY_BLOB_SEALED, TUY_BLOB_MAX - 74 - 192, 4), TUY_BLOB_MAX);
	assert_int_equal(tuy_blob_size(TUY_BLOB_SEALED, TUY_BLOB_MAX - 74 - 192 + 1, 4), 0);
	assert_int_equal(tuy_blob_size(TUY_BLOB_CLEAR, SIZE_MAX, 0), 0);
}

static void writes_nothing_into_a_buffer_too_small(void **state)
{
	(void)state;
	struct tuy_dice dice = dice_of(5);
	size_t len = 77;
	uint8_t small[300];
	memset(small, 0xee, sizeof small);
	assert_int_equal(tuy_blob_seal_circle(&dice, &epoch_key, &log_id, 1, record(), small,
	                                      sizeof said + TUY_BLOB_OVERHEAD - 1, &len),
	                 TUY_E_FULL);
	assert_int_equal(tuy_blob_seal_devices(&dice, keys, 4, &log_id, 1, record(), small,
	                                       58 + 192 + 16 + sizeof said - 1, &len),
	                 TUY_E_FULL);
	assert_int_equal(tuy_blob_seal_clear(&dice, record(), small, 25, &len), TUY_E_FULL);
	for (size_t i = 0; i < sizeof small; i++)
		assert_int_equal(small[i], 0xee);
	assert_int_equal(len, 77);
}

static void seals_an_empty_record(void **state)
{
	(void)state;
	struct tuy_dice dice = dice_of(6);
	struct tuy_bytes nothing = { NULL, 0 };
	size_t len = 0, opened_len = 9;
	assert_int_equal(tuy_blob_seal_circle(&dice, &epoch_key, &log_id, 5, nothing, blob,
	                                      sizeof blob, &len),
	                 TUY_OK);
	struct tuy_bytes bytes = { blob, len };
	assert_int_equal(
		tuy_blob_open(bytes, &epoch_key, NULL, NULL, &log_id, 5, opened, &opened_len),
		TUY_OK);
	assert_int_equal(opened_len, 0);
}

static void refuses_recipients_with_low_order_keys(void **state)
{
	(void)state;
	struct tuy_box_pk to[3] = { keys[0], { { 1 } }, keys[1] };
	struct tuy_dice dice = dice_of(7);
	size_t len = 77;
	memset(blob, 0xee, 400);
	assert_int_equal(
		tuy_blob_seal_devices(&dice, to, 3, &log_id, 1, record(), blob, sizeof blob, &len),
		TUY_E_FORMAT);
	assert_int_equal(blob[0], 0xee);
	assert_int_equal(blob[100], 0xee);
	assert_int_equal(len, 77);
	struct tuy_box_pk zero = { { 0 } };
	uint8_t slot[TUY_SLOT_SIZE];
	assert_int_equal(tuy_slot_seal(people[0].sk, people[0].pk.b, &zero, &epoch_key, slot),
	                 TUY_E_FORMAT);
}

static void opens_nothing_under_a_low_order_ephemeral_key(void **state)
{
	(void)state;
	struct tuy_bytes bytes = sealed_blob(1);
	memset(blob + 26, 0, 32);
	assert_int_equal(open_as(bytes, &people[0]), TUY_E_OPEN);
	struct tuy_secret key = { { 0xee } };
	uint8_t slot[TUY_SLOT_SIZE] = { 0 }, zero[32] = { 0 };
	assert_int_equal(tuy_slot_open(people[0].sk, &people[0].pk, zero, slot, &key), TUY_E_OPEN);
	assert_int_equal(key.b[0], 0xee);
}

/* With 16 slots, the five real ones stand elsewhere under other dice. */
static void hides_which_slots_are_real(void **state)
{
	(void)state;
	uint32_t seen = 0;
	for (uint8_t seed = 0; seed < 60; seed++) {
		struct tuy_dice dice = dice_of(seed);
		struct tuy_secret key;
		size_t len = 0;
		assert_int_equal(tuy_blob_seal_devices(&dice, keys, 5, &log_id, 5, record(), blob,
		                                       sizeof blob, &len),
		                 TUY_OK);
		for (uint32_t i = 0; i < 16; i++)
			if (tuy_slot_open(people[0].sk, &people[0].pk, blob + 26,
			                  blob + 58 + 48 * (size_t)i, &key) == TUY_OK)
				seen |= 1U << i;
	}
	uint32_t places = 0;
	for (uint32_t i = 0; i < 16; i++)
		places += seen >> i & 1;
	assert_in_range(places, 13, 16);
}

static void seals_the_same_record_differently_each_time(void **state)
{
	(void)state;
	struct tuy_dice dice = dice_of(8);
	uint8_t first[200];
	size_t len = 0;
	assert_int_equal(tuy_blob_seal_circle(&dice, &epoch_key, &log_id, 5, record(), first,
	                                      sizeof first, &len),
	                 TUY_OK);
	assert_int_equal(tuy_blob_seal_circle(&dice, &epoch_key, &log_id, 5, record(), blob,
	                                      sizeof blob, &len),
	                 TUY_OK);
	assert_memory_not_equal(first + 1, blob + 1, 24);
	assert_memory_not_equal(first + 25, blob + 25, sizeof said);
}

static void commits_with_its_own_domain(void **state)
{
	(void)state;
	struct tuy_bytes bytes = clear_blob(), none = { 0 };
	struct tuy_hash wanted = tuy_hash("tuyau blob v1", bytes, none, none);
	struct tuy_hash got = tuy_blob_commit(bytes);
	assert_memory_equal(got.b, wanted.b, sizeof wanted.b);
}

#define SAYS(sentence, test)                                                                       \
	{                                                                                          \
		sentence, test, NULL, NULL, NULL                                                   \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SAYS("opens what was sealed to the circle", opens_what_was_sealed_to_the_circle),
		SAYS("opens for each of 1, 4, 5, 16, 17 and 64 recipients",
		     opens_for_each_of_1_4_5_16_17_and_64_recipients),
		SAYS("gives a clear record to anybody", gives_a_clear_record_to_anybody),
		SAYS("opens for nobody who is no recipient", opens_for_nobody_who_is_no_recipient),
		SAYS("opens nothing without its key", opens_nothing_without_its_key),
		SAYS("opens only at its own place in its own log",
		     opens_only_at_its_own_place_in_its_own_log),
		SAYS("refuses a circle blob with any bit flipped",
		     refuses_a_circle_blob_with_any_bit_flipped),
		SAYS("refuses a sealed blob with any bit of ours flipped",
		     refuses_a_sealed_blob_with_any_bit_of_ours_flipped),
		SAYS("refuses a blob cut at any length", refuses_a_blob_cut_at_any_length),
		SAYS("tells what is wrong with the outer form",
		     tells_what_is_wrong_with_the_outer_form),
		SAYS("keeps to the largest blob", keeps_to_the_largest_blob),
		SAYS("writes nothing into a buffer too small",
		     writes_nothing_into_a_buffer_too_small),
		SAYS("seals an empty record", seals_an_empty_record),
		SAYS("refuses recipients with low-order keys",
		     refuses_recipients_with_low_order_keys),
		SAYS("opens nothing under a low-order ephemeral key",
		     opens_nothing_under_a_low_order_ephemeral_key),
		SAYS("hides which slots are real", hides_which_slots_are_real),
		SAYS("seals the same record differently each time",
		     seals_the_same_record_differently_each_time),
		SAYS("commits with its own domain", commits_with_its_own_domain),
	};
	return cmocka_run_group_tests_name("blob", tests, people_make, NULL);
}
