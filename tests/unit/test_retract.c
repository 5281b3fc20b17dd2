/* What a RETRACT says (PROTOCOL 8.5), and in which entries it counts (4.12). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "../../proto/blob.h"
#include "../../proto/retract.h"
#include "../../proto/record.h"
#include <sodium.h>
#include <string.h>

static const struct tuy_tag nonce = { { 9 } };
static uint8_t blob[TUY_BLOB_MAX];
static uint8_t header_bytes[TUY_HEADER_SIZE];

/* A clear blob with this record; its header announces one. */
static struct tuy_bytes clear_of(struct tuy_bytes doc)
{
	struct tuy_header header = { .flags = TUY_HEADER_PAYLOAD, .seq = 1 };
	memset(blob, 0, TUY_BLOB_CLEAR_AT);
	blob[0] = TUY_BLOB_CLEAR;
	memcpy(blob + TUY_BLOB_CLEAR_AT, doc.p, doc.len);
	header.payload_len = (uint32_t)(TUY_BLOB_CLEAR_AT + doc.len);
	tuy_header_encode(&header, header_bytes);
	return (struct tuy_bytes){ blob, header.payload_len };
}

static struct tuy_retract full(void)
{
	struct tuy_retract retract = { .log = { { 1, 2, 3 } }, .count = TUY_RETRACT_MAX };
	for (uint32_t i = 0; i < TUY_RETRACT_MAX; i++)
		retract.seqs[i] = UINT32_MAX - TUY_RETRACT_MAX + 1 + i;
	return retract;
}

static void the_greatest_comes_back_as_it_was(void **state)
{
	struct tuy_retract retract = full();
	struct tuy_retract read;
	uint8_t doc[TUY_RETRACT_RECORD_MAX];
	size_t len;
	(void)state;
	assert_int_equal(tuy_retract_write(&retract, &nonce, doc, sizeof doc, &len), TUY_OK);
	struct tuy_bytes b = clear_of((struct tuy_bytes){ doc, len });
	assert_int_equal(tuy_retract_read(header_bytes, b, &read), TUY_OK);
	assert_memory_equal(&read, &retract, sizeof read);
	assert_int_equal(tuy_retract_write(&retract, &nonce, doc, 100, &len), TUY_E_FULL);
}

static void it_is_a_record_like_others(void **state)
{
	struct tuy_retract retract = full();
	struct tuy_record record;
	uint8_t doc[TUY_RETRACT_RECORD_MAX];
	size_t len;
	(void)state;
	assert_int_equal(tuy_retract_write(&retract, &nonce, doc, sizeof doc, &len), TUY_OK);
	assert_int_equal(tuy_record_read((struct tuy_bytes){ doc, len }, &record), TUY_OK);
	assert_int_equal(record.kind, TUY_RECORD_RETRACT);
	assert_memory_equal(&record.nonce, &nonce, sizeof nonce);
}

/* kind, nonce, rev 0, log, seqs: written by hand. */
static enum tuy_err read_of(uint64_t kind, size_t log_len, const uint64_t *seqs, uint32_t count)
{
	static const uint8_t zeros[32];
	struct tuy_retract read;
	uint8_t doc[1024];
	struct tuy_writer w = tuy_writer(doc, sizeof doc);
	tuy_write_map(&w, 3u + (log_len > 0) + (count > 0));
	tuy_write_uint(&w, 0);
	tuy_write_uint(&w, kind);
	tuy_write_uint(&w, 1);
	tuy_write_bin(&w, zeros, 16);
	tuy_write_uint(&w, 2);
	tuy_write_uint(&w, 0);
	if (log_len > 0) {
		tuy_write_uint(&w, 35);
		tuy_write_bin(&w, zeros, log_len);
	}
	if (count > 0) {
		tuy_write_uint(&w, 36);
		tuy_write_array(&w, count);
	}
	for (uint32_t i = 0; i < count; i++)
		tuy_write_uint(&w, seqs[i]);
	struct tuy_bytes b = clear_of(tuy_written(&w));
	return tuy_retract_read(header_bytes, b, &read);
}

static void what_is_not_right_says_nothing(void **state)
{
	const uint64_t good[] = { 1, 5 };
	const uint64_t zero[] = { 0, 5 };
	const uint64_t twice[] = { 5, 5 };
	const uint64_t large[] = { 1, UINT64_C(1) << 32 };
	uint64_t many[TUY_RETRACT_MAX + 1];
	(void)state;
	for (uint32_t i = 0; i < TUY_RETRACT_MAX + 1; i++)
		many[i] = i + 1;
	assert_int_equal(read_of(16, 16, good, 2), TUY_OK);
	assert_int_equal(read_of(16, 16, many, TUY_RETRACT_MAX), TUY_OK);
	assert_int_equal(read_of(17, 16, good, 2), TUY_E_FORMAT); /* a CIRCLE without its name */
	assert_int_equal(read_of(15, 16, good, 2), TUY_E_FORMAT); /* THANKS without a ref */
	assert_int_equal(read_of(18, 16, good, 2), TUY_E_UNKNOWN);
	assert_int_equal(read_of(16, 15, good, 2), TUY_E_FORMAT);
	assert_int_equal(read_of(16, 0, good, 2), TUY_E_FORMAT);
	assert_int_equal(read_of(16, 16, good, 0), TUY_E_FORMAT);
	assert_int_equal(read_of(16, 16, zero, 2), TUY_E_FORMAT);
	assert_int_equal(read_of(16, 16, twice, 2), TUY_E_FORMAT);
	assert_int_equal(read_of(16, 16, large, 2), TUY_E_FORMAT);
	assert_int_equal(read_of(16, 16, many, TUY_RETRACT_MAX + 1), TUY_E_FORMAT);
}

static void it_counts_in_a_clear_entry_only(void **state)
{
	struct tuy_retract retract = full();
	struct tuy_header header = { .flags = TUY_HEADER_PAYLOAD, .seq = 1, .epoch = { { 1 } } };
	uint8_t other[TUY_HEADER_SIZE];
	uint8_t doc[TUY_RETRACT_RECORD_MAX];
	size_t len;
	(void)state;
	assert_int_equal(tuy_retract_write(&retract, &nonce, doc, sizeof doc, &len), TUY_OK);
	struct tuy_bytes b = clear_of((struct tuy_bytes){ doc, len });
	assert_true(tuy_header_is_clear(header_bytes));
	tuy_header_encode(&header, other);
	assert_false(tuy_header_is_clear(other));
	assert_int_equal(tuy_retract_read(other, b, &retract), TUY_E_UNKNOWN);
	header = (struct tuy_header){ .seq = 1 };
	tuy_header_encode(&header, other);
	assert_false(tuy_header_is_clear(other)); /* it has no payload at all */
	blob[0] = TUY_BLOB_CIRCLE;
	assert_int_equal(tuy_retract_read(header_bytes, b, &retract), TUY_E_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_greatest_comes_back_as_it_was),
		cmocka_unit_test(it_is_a_record_like_others),
		cmocka_unit_test(what_is_not_right_says_nothing),
		cmocka_unit_test(it_counts_in_a_clear_entry_only),
	};
	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
