#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "../../proto/reader.h"
#include "../../proto/writer.h"

static void writes_a_message_as_specified(void **state)
{
	(void)state;
	uint8_t buffer[64];
	struct tuy_writer w = tuy_writer(buffer, sizeof buffer);
	tuy_write_array(&w, 6);
	tuy_write_uint(&w, 300);
	tuy_write_bool(&w, true);
	tuy_write_bool(&w, false);
	tuy_write_nil(&w);
	tuy_write_bin(&w, "\x08\x09", 2);
	tuy_write_map(&w, 1);
	tuy_write_uint(&w, 7);
	tuy_write_str(&w, "h\xc3\xa9", 3);
	static const uint8_t right[] = { 0x96, 0xcd, 1,    44, 0xc3, 0xc2, 0xc0, 0xc4, 2,
		                         8,    9,    0x81, 7,  0xa3, 'h',  0xc3, 0xa9 };
	struct tuy_bytes written = tuy_written(&w);
	assert_int_equal(written.len, sizeof right);
	assert_memory_equal(written.p, right, sizeof right);
}

static void writes_what_the_reader_reads_at_every_boundary(void **state)
{
	(void)state;
	static uint8_t buffer[70000 + 16], body[70000];
	static const uint64_t at[] = { 0,     15,    16,         31,         32,
		                       127,   128,   255,        256,        65535,
		                       65536, 70000, UINT32_MAX, 4294967296, UINT64_MAX };
	memset(body, 'b', sizeof body);
	for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
		struct tuy_writer w = tuy_writer(buffer, sizeof buffer);
		tuy_write_uint(&w, at[i]);
		struct tuy_reader r = tuy_reader(tuy_written(&w));
		assert_int_equal(tuy_read_uint(&r, UINT64_MAX), at[i]);
		assert_int_equal(tuy_read_end(&r), TUY_OK);
		if (at[i] > sizeof body)
			continue;
		w = tuy_writer(buffer, sizeof buffer);
		tuy_write_bin(&w, body, at[i]);
		r = tuy_reader(tuy_written(&w));
		assert_int_equal(tuy_read_bin(&r, 0, SIZE_MAX).len, at[i]);
		assert_int_equal(tuy_read_end(&r), TUY_OK);
		w = tuy_writer(buffer, sizeof buffer);
		tuy_write_str(&w, body, at[i]);
		r = tuy_reader(tuy_written(&w));
		assert_int_equal(tuy_read_str(&r, 0, SIZE_MAX).len, at[i]);
		assert_int_equal(tuy_read_end(&r), TUY_OK);
		w = tuy_writer(buffer, sizeof buffer);
		tuy_write_array(&w, (uint32_t)at[i]);
		tuy_write_raw(&w, body, at[i]);
		r = tuy_reader(tuy_written(&w));
		assert_int_equal(tuy_read_array(&r, 0, UINT32_MAX), at[i]);
		assert_int_equal(r.err, TUY_OK);
	}
}

static void puts_a_body_behind_its_header(void **state)
{
	(void)state;
	uint8_t buffer[8];
	struct tuy_writer w = tuy_writer(buffer, sizeof buffer);
	tuy_write_bin_header(&w, 3);
	tuy_write_raw(&w, "ab", 2);
	tuy_write_raw(&w, NULL, 0);
	tuy_write_raw(&w, "c", 1);
	struct tuy_bytes written = tuy_written(&w);
	assert_int_equal(written.len, 5);
	assert_memory_equal(written.p,
	                    "\xc4\x03"
	                    "abc",
	                    5);
}

static void stays_full_and_writes_nothing_past_the_end(void **state)
{
	(void)state;
	for (size_t cap = 0; cap <= 8; cap++) {
		uint8_t buffer[9];
		memset(buffer, 0xee, sizeof buffer);
		struct tuy_writer w = tuy_writer(buffer, cap);
		tuy_write_uint(&w, 300);     /* 3 bytes */
		tuy_write_bin(&w, "xyz", 3); /* 5 */
		tuy_write_raw(&w, NULL, 0);
		assert_int_equal(w.err, cap < 8 ? TUY_E_FULL : TUY_OK);
		assert_int_equal(tuy_written(&w).len, cap < 8 ? 0 : 8);
		size_t len = w.len;
		if (w.err)
			tuy_write_nil(&w);
		assert_int_equal(w.len, len);
		for (size_t i = cap; i < sizeof buffer; i++)
			assert_int_equal(buffer[i], 0xee);
	}
}

static void refuses_a_length_that_msgpack_cannot_say(void **state)
{
	(void)state;
	uint8_t buffer[16];
	struct tuy_writer w = tuy_writer(buffer, sizeof buffer);
	tuy_write_bin_header(&w, (size_t)UINT32_MAX + 1);
	assert_int_equal(w.err, TUY_E_FULL);
	assert_int_equal(w.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{ "writes a message as specified", writes_a_message_as_specified, NULL, NULL,
		  NULL },
		{ "writes what the reader reads, at every boundary of the forms",
		  writes_what_the_reader_reads_at_every_boundary, NULL, NULL, NULL },
		{ "puts a body behind its header", puts_a_body_behind_its_header, NULL, NULL,
		  NULL },
		{ "stays full and writes nothing past the end",
		  stays_full_and_writes_nothing_past_the_end, NULL, NULL, NULL },
		{ "refuses a length that MessagePack cannot say",
		  refuses_a_length_that_msgpack_cannot_say, NULL, NULL, NULL },
	};
	return cmocka_run_group_tests_name("writer", tests, NULL, NULL);
}
