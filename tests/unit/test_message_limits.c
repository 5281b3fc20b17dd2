/* The limits of link messages, each tried on both sides, and codes of later versions. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "../../proto/op.h"
#include "message_samples.h"

static uint8_t sample_bytes[SAMPLE_MAX];

/* Parses a copy of exactly the size of `in`, so that a read past its end is seen. */
static enum tuy_err exact_parse(struct tuy_bytes in, enum tuy_message_type *type)
{
	uint8_t *copy = malloc(in.len ? in.len : 1);
	struct tuy_message m, untouched;
	assert_non_null(copy);
	if (in.len > 0)
		memcpy(copy, in.p, in.len);
	memset(&m, 0xa5, sizeof m);
	memset(&untouched, 0xa5, sizeof untouched);
	enum tuy_err err = tuy_message_parse((struct tuy_bytes){ copy, in.len }, &m);
	if (err)
		assert_memory_equal(&m, &untouched, sizeof m);
	else
		*type = m.type;
	free(copy);
	return err;
}

static enum tuy_err parse_written(const struct tuy_writer *w)
{
	enum tuy_message_type type;
	assert_int_equal(w->err, TUY_OK);
	return exact_parse(tuy_written(w), &type);
}

static void hello_holds_1_4_or_16_tags(void **state)
{
	(void)state;
	uint8_t zeros[16] = { 0 };
	for (uint32_t count = 0; count <= 17; count++) {
		struct tuy_writer w = tuy_writer(sample_bytes, sizeof sample_bytes);
		tuy_write_array(&w, 5);
		tuy_write_uint(&w, TUY_MSG_HELLO);
		tuy_write_uint(&w, 1);
		tuy_write_uint(&w, 0);
		tuy_write_bin(&w, zeros, 8);
		tuy_write_array(&w, count);
		for (uint32_t i = 0; i < count; i++) {
			tuy_write_array(&w, 3);
			tuy_write_bin(&w, zeros, 16);
			tuy_write_bin(&w, zeros, 16);
			tuy_write_bin(&w, zeros, 8);
		}
		bool right = count == 1 || count == 4 || count == 16;
		assert_int_equal(parse_written(&w) == TUY_OK, right);
	}
}

static struct tuy_writer data_open(uint32_t from, size_t header_bytes, uint32_t blobs)
{
	static const uint8_t headers[66 * TUY_HEADER_SIZE];
	struct tuy_writer w = tuy_writer(sample_bytes, sizeof sample_bytes);
	struct tuy_log16 log = sample_log_of(1);
	struct tuy_sig sig = sample_sig_of(1);
	tuy_write_array(&w, 7);
	tuy_write_uint(&w, TUY_MSG_DATA);
	tuy_write_uint(&w, 0);
	tuy_write_bin(&w, log.b, sizeof log.b);
	tuy_write_uint(&w, from);
	tuy_write_bin(&w, headers, header_bytes);
	tuy_write_bin(&w, sig.b, sizeof sig.b);
	tuy_write_array(&w, blobs);
	return w;
}

static enum tuy_err data_parse(uint32_t from, size_t header_bytes, uint32_t blobs)
{
	struct tuy_writer w = data_open(from, header_bytes, blobs);
	for (uint32_t i = 0; i < blobs; i++)
		tuy_write_bin(&w, "blob", 4);
	return parse_written(&w);
}

static void data_holds_1_to_64_whole_entries(void **state)
{
	(void)state;
	const size_t header = TUY_HEADER_SIZE;
	assert_int_equal(data_parse(1, header, 1), TUY_OK);
	assert_int_equal(data_parse(1, 64 * header, 64), TUY_OK);
	assert_int_not_equal(data_parse(1, 0, 0), TUY_OK);
	assert_int_not_equal(data_parse(1, 65 * header, 65), TUY_OK);
	assert_int_not_equal(data_parse(1, 2 * header - 1, 1), TUY_OK);
	assert_int_not_equal(data_parse(1, 2 * header + 1, 2), TUY_OK);
	assert_int_not_equal(data_parse(1, 2 * header, 1), TUY_OK);
	assert_int_not_equal(data_parse(1, 2 * header, 3), TUY_OK);
	assert_int_not_equal(data_parse(1, 2 * header, 0), TUY_OK);
}

static void data_numbers_entries_from_1_to_the_last_u32(void **state)
{
	(void)state;
	assert_int_not_equal(data_parse(0, TUY_HEADER_SIZE, 1), TUY_OK);
	assert_int_equal(data_parse(UINT32_MAX, TUY_HEADER_SIZE, 1), TUY_OK);
	assert_int_not_equal(data_parse(UINT32_MAX, 2 * TUY_HEADER_SIZE, 2), TUY_OK);
	assert_int_equal(data_parse(UINT32_MAX - 1, 2 * TUY_HEADER_SIZE, 2), TUY_OK);
}

static void a_blob_has_1_to_49152_bytes(void **state)
{
	(void)state;
	static uint8_t blob[TUY_BLOB_MAX + 1];
	static const size_t lens[] = { 0, 1, TUY_BLOB_MAX, TUY_BLOB_MAX + 1 };
	struct tuy_log16 log = sample_log_of(1);
	for (size_t i = 0; i < 4; i++) {
		bool right = i == 1 || i == 2;
		struct tuy_writer w = data_open(1, TUY_HEADER_SIZE, 1);
		tuy_write_bin(&w, blob, lens[i]);
		assert_int_equal(parse_written(&w) == TUY_OK, right);
		w = tuy_writer(sample_bytes, sizeof sample_bytes);
		tuy_message_put_blob(&w, 0, &log, 1, (struct tuy_bytes){ blob, lens[i] });
		assert_int_equal(parse_written(&w) == TUY_OK, right);
	}
	struct tuy_writer w = tuy_writer(sample_bytes, sizeof sample_bytes);
	tuy_message_put_blob(&w, 0, &log, 0, TEXT("blob"));
	assert_int_not_equal(parse_written(&w), TUY_OK);
}

static enum tuy_err getb_parse(const uint32_t *seqs, uint32_t count)
{
	struct tuy_log16 log = sample_log_of(1);
	struct tuy_writer w = tuy_writer(sample_bytes, sizeof sample_bytes);
	tuy_write_array(&w, 4);
	tuy_write_uint(&w, TUY_MSG_GETB);
	tuy_write_uint(&w, 0);
	tuy_write_bin(&w, log.b, sizeof log.b);
	tuy_write_array(&w, count);
	for (uint32_t i = 0; i < count; i++)
		tuy_write_uint(&w, seqs[i]);
	return parse_written(&w);
}

static void seqs_ascend_from_1_and_are_64_at_most(void **state)
{
	(void)state;
	uint32_t many[65];
	for (uint32_t i = 0; i < 65; i++)
		many[i] = i + 1;
	assert_int_equal(getb_parse(many, 64), TUY_OK);
	assert_int_equal(getb_parse(many, 65), TUY_E_LIMIT);
	assert_int_equal(getb_parse((const uint32_t[]){ 2, 5 }, 2), TUY_OK);
	assert_int_equal(getb_parse((const uint32_t[]){ 5, 5 }, 2), TUY_E_FORMAT);
	assert_int_equal(getb_parse((const uint32_t[]){ 5, 2 }, 2), TUY_E_FORMAT);
	assert_int_equal(getb_parse((const uint32_t[]){ 0, 2 }, 2), TUY_E_FORMAT);
}

static void want_from_0_is_refused(void **state)
{
	(void)state;
	struct tuy_log16 log = sample_log_of(1);
	struct tuy_writer w = tuy_writer(sample_bytes, sizeof sample_bytes);
	tuy_message_put_want(&w, 0, &log, 0, 0);
	assert_int_equal(parse_written(&w), TUY_E_FORMAT);
}

/* A list of a message, of `count` equal rows. */
static enum tuy_err frontier_parse(uint32_t count)
{
	struct tuy_frontier_row row = { sample_log_of(1), 1, { 0 }, 0 };
	struct tuy_writer w = tuy_writer(sample_bytes, sizeof sample_bytes);
	tuy_message_put_frontier(&w, 0, count);
	for (uint32_t i = 0; i < count; i++)
		tuy_message_put_frontier_row(&w, &row);
	tuy_message_put_frontier_end(&w, TUY_LAST);
	return parse_written(&w);
}

static enum tuy_err have_parse(uint32_t count)
{
	struct tuy_have_row row = { sample_log_of(1), 1, { 0 } };
	struct tuy_writer w = tuy_writer(sample_bytes, sizeof sample_bytes);
	tuy_message_put_have(&w, 0, count);
	for (uint32_t i = 0; i < count; i++)
		tuy_message_put_have_row(&w, &row);
	return parse_written(&w);
}

static enum tuy_err peers_parse(uint32_t count, size_t len)
{
	static const uint8_t record[TUY_ADDRESS_RECORD_MAX + 1];
	struct tuy_writer w = tuy_writer(sample_bytes, sizeof sample_bytes);
	tuy_message_put_peers(&w, 0, count);
	for (uint32_t i = 0; i < count; i++)
		tuy_write_bin(&w, record, len);
	return parse_written(&w);
}

static void lists_keep_their_limits(void **state)
{
	(void)state;
	assert_int_equal(frontier_parse(512), TUY_OK);
	assert_int_equal(frontier_parse(513), TUY_E_LIMIT);
	assert_int_equal(have_parse(512), TUY_OK);
	assert_int_equal(have_parse(513), TUY_E_LIMIT);
	assert_int_equal(peers_parse(64, 200), TUY_OK);
	assert_int_equal(peers_parse(65, 200), TUY_E_LIMIT);
	assert_int_equal(peers_parse(1, TUY_ADDRESS_RECORD_MAX), TUY_OK);
	assert_int_equal(peers_parse(1, TUY_ADDRESS_RECORD_MAX + 1), TUY_E_LIMIT);
	assert_int_equal(peers_parse(1, 64), TUY_E_LIMIT);
}

static enum tuy_err welcome_parse(uint32_t epochs, uint32_t records)
{
	uint8_t bytes[100] = { 0 };
	struct tuy_writer w = tuy_writer(sample_bytes, sizeof sample_bytes);
	tuy_write_array(&w, 6);
	tuy_write_uint(&w, TUY_MSG_WELCOME);
	tuy_write_bin(&w, bytes, sizeof bytes);
	tuy_write_array(&w, epochs);
	for (uint32_t i = 0; i < epochs; i++) {
		tuy_write_array(&w, 2);
		tuy_write_bin(&w, bytes, 32);
		tuy_write_bin(&w, bytes, 32);
	}
	tuy_write_array(&w, records);
	for (uint32_t i = 0; i < records; i++)
		tuy_write_bin(&w, bytes, sizeof bytes);
	tuy_write_str(&w, "c", 1);
	tuy_write_str(&w, "i", 1);
	return parse_written(&w);
}

static void welcome_holds_at_most_64_epochs_and_records(void **state)
{
	(void)state;
	static const struct tuy_epoch_key_row epochs[65];
	struct tuy_bytes name = TEXT("n");
	assert_int_equal(welcome_parse(64, 64), TUY_OK);
	assert_int_equal(welcome_parse(65, 0), TUY_E_LIMIT);
	assert_int_equal(welcome_parse(0, 65), TUY_E_LIMIT);
	struct tuy_writer w = tuy_writer(sample_bytes, sizeof sample_bytes);
	tuy_message_put_welcome(&w, TEXT("genesis"), epochs, 65, NULL, 0, name, name);
	assert_int_equal(w.err, TUY_E_FULL);
}

static void a_plaintext_longer_than_a_frame_is_refused(void **state)
{
	(void)state;
	static uint8_t bin[TUY_RECORD_MAX];
	for (unsigned int over = 0; over < 2; over++) {
		struct tuy_writer w = tuy_writer(sample_bytes, sizeof sample_bytes);
		tuy_write_array(&w, 3);
		tuy_write_uint(&w, TUY_MSG_CREDIT);
		tuy_write_uint(&w, 1);
		tuy_write_bin(&w, bin, TUY_RECORD_MAX - 6 + over);
		assert_int_equal(w.len, TUY_RECORD_MAX + over);
		assert_int_equal(parse_written(&w), over ? TUY_E_LIMIT : TUY_OK);
	}
}

static void counts_depth_and_nodes_of_further_elements_with_the_rest(void **state)
{
	(void)state;
	for (uint32_t deep = 7; deep <= 8; deep++) {
		struct tuy_writer w = tuy_writer(sample_bytes, sizeof sample_bytes);
		tuy_write_array(&w, 3);
		tuy_write_uint(&w, TUY_MSG_CREDIT);
		tuy_write_uint(&w, 1);
		for (uint32_t i = 0; i < deep; i++)
			tuy_write_array(&w, i + 1 < deep ? 1 : 0);
		assert_int_equal(parse_written(&w), deep == 7 ? TUY_OK : TUY_E_LIMIT);
	}
	for (uint32_t nils = 4092; nils <= 4093; nils++) {
		struct tuy_writer w = tuy_writer(sample_bytes, sizeof sample_bytes);
		tuy_write_array(&w, 3);
		tuy_write_uint(&w, TUY_MSG_CREDIT);
		tuy_write_uint(&w, 1);
		tuy_write_array(&w, nils);
		for (uint32_t i = 0; i < nils; i++)
			tuy_write_nil(&w);
		assert_int_equal(parse_written(&w), nils == 4092 ? TUY_OK : TUY_E_LIMIT);
	}
}

static void reads_unknown_codes_as_the_nearest_known(void **state)
{
	(void)state;
	static const uint32_t unknown[] = { 0, 7, 1000, UINT32_MAX };
	struct tuy_log16 log = sample_log_of(1);
	for (size_t i = 0; i < 4; i++) {
		struct tuy_message m;
		struct tuy_writer w = tuy_writer(sample_bytes, sizeof sample_bytes);
		tuy_message_put_reject(&w, (enum tuy_reject_code)unknown[i], 5);
		assert_int_equal(tuy_message_parse(tuy_written(&w), &m), TUY_OK);
		assert_int_equal(m.u.reject.code, TUY_REJECT_REFUSED);
		assert_int_equal(m.u.reject.time_s, 5);
		w = tuy_writer(sample_bytes, sizeof sample_bytes);
		tuy_message_put_close(&w, (enum tuy_close_code)unknown[i], 5);
		assert_int_equal(tuy_message_parse(tuy_written(&w), &m), TUY_OK);
		assert_int_equal(m.u.close.code, TUY_CLOSE_PROTOCOL);
		w = tuy_writer(sample_bytes, sizeof sample_bytes);
		tuy_message_put_gone(&w, 0, &log, sample_three_seqs, 3,
		                     (enum tuy_gone_reason)unknown[i]);
		assert_int_equal(tuy_message_parse(tuy_written(&w), &m), TUY_OK);
		assert_int_equal(m.u.seqs.reason, TUY_GONE_NOT_HELD);
	}
}

static void reads_every_known_code_as_itself(void **state)
{
	(void)state;
	struct tuy_message m;
	for (uint32_t code = TUY_REJECT_USED; code <= TUY_REJECT_MEMBER; code++) {
		struct tuy_writer w = tuy_writer(sample_bytes, sizeof sample_bytes);
		tuy_message_put_reject(&w, (enum tuy_reject_code)code, 0);
		assert_int_equal(tuy_message_parse(tuy_written(&w), &m), TUY_OK);
		assert_int_equal(m.u.reject.code, code);
		w = tuy_writer(sample_bytes, sizeof sample_bytes);
		tuy_message_put_close(&w, (enum tuy_close_code)code, 0);
		assert_int_equal(tuy_message_parse(tuy_written(&w), &m), TUY_OK);
		assert_int_equal(m.u.close.code, code);
	}
}

#define TEST(sentence, fn)                                                                         \
	{                                                                                          \
		sentence, fn, NULL, NULL, NULL                                                     \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST("HELLO holds 1, 4 or 16 tags", hello_holds_1_4_or_16_tags),
		TEST("DATA holds 1 to 64 whole entries", data_holds_1_to_64_whole_entries),
		TEST("DATA numbers entries from 1 to the last u32",
		     data_numbers_entries_from_1_to_the_last_u32),
		TEST("a blob has 1 to 49,152 bytes", a_blob_has_1_to_49152_bytes),
		TEST("seqs ascend from 1 and are 64 at most",
		     seqs_ascend_from_1_and_are_64_at_most),
		TEST("WANT from 0 is refused", want_from_0_is_refused),
		TEST("lists keep their limits", lists_keep_their_limits),
		TEST("WELCOME holds at most 64 epochs and 64 records",
		     welcome_holds_at_most_64_epochs_and_records),
		TEST("a plaintext longer than a frame is refused",
		     a_plaintext_longer_than_a_frame_is_refused),
		TEST("counts depth and nodes of further elements with the rest",
		     counts_depth_and_nodes_of_further_elements_with_the_rest),
		TEST("reads unknown codes as the nearest known",
		     reads_unknown_codes_as_the_nearest_known),
		TEST("reads every known code as itself", reads_every_known_code_as_itself),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
