#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "../../proto/limits.h"
#include "../../proto/reader.h"

#define BYTES(...)                                                                                 \
	(struct tuy_bytes)                                                                         \
	{                                                                                          \
		(const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })         \
	}

static struct tuy_bytes text(const char *s)
{
	return (struct tuy_bytes){ (const uint8_t *)s, strlen(s) };
}

static void assert_scan(struct tuy_bytes doc, enum tuy_err canonical, enum tuy_err rpc)
{
	/* A copy of exactly this size, so that a read past the end is seen. */
	uint8_t *copy = malloc(doc.len ? doc.len : 1);
	assert_non_null(copy);
	if (doc.len > 0)
		memcpy(copy, doc.p, doc.len);
	struct tuy_bytes exact = { copy, doc.len };
	assert_int_equal(tuy_scan(exact, TUY_CANONICAL), canonical);
	assert_int_equal(tuy_scan(exact, TUY_RPC), rpc);
	free(copy);
}

static void accepts_the_shortest_form_only(void **state)
{
	(void)state;
	assert_scan(BYTES(0x7f), TUY_OK, TUY_OK);
	assert_scan(BYTES(0xcc, 0x80), TUY_OK, TUY_OK);
	assert_scan(BYTES(0xcc, 0x7f), TUY_E_FORMAT, TUY_OK);
	assert_scan(BYTES(0xcd, 0x01, 0x00), TUY_OK, TUY_OK);
	assert_scan(BYTES(0xcd, 0x00, 0xff), TUY_E_FORMAT, TUY_OK);
	assert_scan(BYTES(0xce, 0x00, 0x00, 0xff, 0xff), TUY_E_FORMAT, TUY_OK);
	assert_scan(BYTES(0xcf, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff), TUY_E_FORMAT, TUY_OK);
	assert_scan(BYTES(0xcf, 0, 0, 0, 1, 0, 0, 0, 0), TUY_OK, TUY_OK);
	assert_scan(BYTES(0xd9, 0x01, 'a'), TUY_E_FORMAT, TUY_OK);
	assert_scan(BYTES(0xc5, 0x00, 0x01, 'a'), TUY_E_FORMAT, TUY_OK);
	assert_scan(BYTES(0xdc, 0x00, 0x00), TUY_E_FORMAT, TUY_OK);
	assert_scan(BYTES(0xde, 0x00, 0x00), TUY_E_FORMAT, TUY_OK);
}

static void refuses_floats_extensions_and_signed_forms(void **state)
{
	(void)state;
	assert_scan(BYTES(0xca, 0, 0, 0, 0), TUY_E_FORMAT, TUY_E_FORMAT);
	assert_scan(BYTES(0xcb, 0, 0, 0, 0, 0, 0, 0, 0), TUY_E_FORMAT, TUY_E_FORMAT);
	assert_scan(BYTES(0xd4, 0x01, 0x10), TUY_E_FORMAT, TUY_E_FORMAT);
	assert_scan(BYTES(0xc7, 0x00, 0x01), TUY_E_FORMAT, TUY_E_FORMAT);
	assert_scan(BYTES(0xc1), TUY_E_FORMAT, TUY_E_FORMAT);
	assert_scan(BYTES(0xff), TUY_E_FORMAT, TUY_OK);
	assert_scan(BYTES(0xd0, 0x01), TUY_E_FORMAT, TUY_OK);
	assert_scan(BYTES(0xd3, 0x80, 0, 0, 0, 0, 0, 0, 0), TUY_E_FORMAT, TUY_OK);
}

static void wants_integer_map_keys_in_ascending_order(void **state)
{
	(void)state;
	assert_scan(BYTES(0x82, 0, 0xc0, 1, 0xc0), TUY_OK, TUY_OK);
	assert_scan(BYTES(0x82, 1, 0xc0, 1, 0xc0), TUY_E_FORMAT, TUY_OK);
	assert_scan(BYTES(0x82, 1, 0xc0, 0, 0xc0), TUY_E_FORMAT, TUY_OK);
	assert_scan(BYTES(0x81, 0xa1, 'a', 0xc0), TUY_E_FORMAT, TUY_OK);
	assert_scan(BYTES(0x81, 0xc0, 0xc0), TUY_E_FORMAT, TUY_E_FORMAT);
	assert_scan(BYTES(0x81, 0x90, 0xc0), TUY_E_FORMAT, TUY_E_FORMAT);
	/* values are not keys, and an inner map has its own order */
	assert_scan(BYTES(0x82, 5, 0x81, 1, 9, 6, 1), TUY_OK, TUY_OK);
	assert_scan(BYTES(0x82, 5, 0x82, 1, 9, 1, 9, 6, 1), TUY_E_FORMAT, TUY_OK);
}

static void knows_an_early_end_from_trailing_bytes(void **state)
{
	(void)state;
	static const uint8_t doc[] = {
		0x93, 0xcd, 1, 0, 0xc4, 2, 7, 8, 0x81, 0, 0xa3, 'a', 'b', 'c'
	};
	for (size_t len = 0; len < sizeof doc; len++)
		assert_scan((struct tuy_bytes){ doc, len }, TUY_E_SHORT, TUY_E_SHORT);
	assert_scan((struct tuy_bytes){ doc, sizeof doc }, TUY_OK, TUY_OK);
	assert_scan(BYTES(0xc0, 0xc0), TUY_E_FORMAT, TUY_E_FORMAT);
}

static void finds_the_first_document_of_a_stream(void **state)
{
	(void)state;
	size_t len = 99;
	assert_int_equal(tuy_scan_first(BYTES(0x91, 0xa1), TUY_RPC, &len), TUY_E_SHORT);
	assert_int_equal(len, 99);
	assert_int_equal(tuy_scan_first(BYTES(0x91, 0xa1, 'x', 0xc1), TUY_RPC, &len), TUY_OK);
	assert_int_equal(len, 3);
	assert_int_equal(tuy_scan_first(BYTES(0xc1), TUY_RPC, &len), TUY_E_FORMAT);
}

static void believes_no_length_beyond_the_bytes(void **state)
{
	(void)state;
	assert_scan(BYTES(0xdd, 0xff, 0xff, 0xff, 0xff), TUY_E_LIMIT, TUY_E_LIMIT);
	assert_scan(BYTES(0xdf, 0xff, 0xff, 0xff, 0xff), TUY_E_LIMIT, TUY_E_LIMIT);
	assert_scan(BYTES(0xc6, 0xff, 0xff, 0xff, 0xff), TUY_E_SHORT, TUY_E_SHORT);
	assert_scan(BYTES(0xdb, 0xff, 0xff, 0xff, 0xff), TUY_E_SHORT, TUY_E_SHORT);
	struct tuy_reader r = tuy_reader(BYTES(0xdd, 0xff, 0xff, 0xff, 0xff));
	assert_int_equal(tuy_read_array(&r, 0, UINT32_MAX), 0);
	assert_int_equal(r.err, TUY_E_SHORT);
	r = tuy_reader(BYTES(0xdf, 0xff, 0xff, 0xff, 0xff));
	assert_int_equal(tuy_read_map(&r, UINT32_MAX), 0);
	assert_int_equal(r.err, TUY_E_SHORT);
}

static void counts_depth_and_nodes(void **state)
{
	(void)state;
	uint8_t nested[TUY_MSGPACK_DEPTH + 1];
	memset(nested, 0x91, sizeof nested);
	nested[TUY_MSGPACK_DEPTH - 1] = 0x90;
	assert_scan((struct tuy_bytes){ nested, TUY_MSGPACK_DEPTH }, TUY_OK, TUY_OK);
	nested[TUY_MSGPACK_DEPTH - 1] = 0x91;
	nested[TUY_MSGPACK_DEPTH] = 0x90;
	assert_scan((struct tuy_bytes){ nested, sizeof nested }, TUY_E_LIMIT, TUY_E_LIMIT);

	static uint8_t wide[3 + TUY_MSGPACK_NODES];
	wide[0] = 0xdc;
	wide[1] = (TUY_MSGPACK_NODES - 1) >> 8;
	wide[2] = (TUY_MSGPACK_NODES - 1) & 0xff;
	assert_scan((struct tuy_bytes){ wide, sizeof wide - 1 }, TUY_OK, TUY_OK);
	wide[1] = TUY_MSGPACK_NODES >> 8;
	wide[2] = TUY_MSGPACK_NODES & 0xff;
	assert_scan((struct tuy_bytes){ wide, sizeof wide }, TUY_E_LIMIT, TUY_E_LIMIT);
	/* 64 arrays of 64: no single count is too large, their sum is */
	static uint8_t grid[3 + 64 * 67];
	memcpy(grid, (const uint8_t[]){ 0xdc, 0, 64 }, 3);
	for (size_t i = 0; i < 64; i++)
		memcpy(grid + 3 + 67 * i, (const uint8_t[]){ 0xdc, 0, 64 }, 3);
	assert_scan((struct tuy_bytes){ grid, sizeof grid }, TUY_E_LIMIT, TUY_E_LIMIT);
}

static void takes_only_valid_utf8_without_nul(void **state)
{
	(void)state;
	static const char *const good[] = { "",
		                            "a",
		                            "Zo\xc3\xab",
		                            "\xef\xbf\xbf",
		                            "\xed\x9f\xbf",
		                            "\xee\x80\x80",
		                            "\xf0\x90\x80\x80",
		                            "\xf4\x8f\xbf\xbf",
		                            "Soci\xc3\xa9t\xc3\xa9 G\xc3\xa9n\xc3\xa9rale, Paris" };
	static const char *const bad[] = { "\x80",
		                           "\xc0\x80",
		                           "\xc1\xbf",
		                           "\xe0\x9f\xbf",
		                           "\xed\xa0\x80",
		                           "\xed\xbf\xbf",
		                           "\xf0\x8f\xbf\xbf",
		                           "\xf4\x90\x80\x80",
		                           "\xf5\x80\x80\x80",
		                           "\xff",
		                           "\xc3",
		                           "\xe2\x82",
		                           "\xf0\x9f\x98",
		                           "\xc3(",
		                           "12345678\xc3",
		                           "1234567\x80 9" };
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_true(tuy_utf8_valid(text(good[i])));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(tuy_utf8_valid(text(bad[i])));
	for (size_t i = 0; i < 20; i++) { /* NUL at every place of the fast path */
		uint8_t line[20];
		memset(line, 'x', sizeof line);
		assert_true(tuy_utf8_valid((struct tuy_bytes){ line, sizeof line }));
		line[i] = 0;
		assert_false(tuy_utf8_valid((struct tuy_bytes){ line, sizeof line }));
	}
	assert_scan(BYTES(0xa1, 0x80), TUY_E_FORMAT, TUY_E_FORMAT);
	assert_scan(BYTES(0xa1, 0x00), TUY_E_FORMAT, TUY_E_FORMAT);
}

static void reads_a_message_field_by_field(void **state)
{
	(void)state;
	struct tuy_reader r = tuy_reader(BYTES(0x97, 0xcd, 1, 2, 0xc3, 0xc4, 2, 8, 9, 0xa1, 'x',
	                                       0xc0, 0x82, 0, 1, 4, 0xa0, 0xc2));
	uint8_t fixed[2];
	assert_int_equal(tuy_read_peek(&r), TUY_IS_ARRAY);
	assert_int_equal(tuy_read_array(&r, 7, 7), 7);
	assert_int_equal(tuy_read_peek(&r), TUY_IS_UINT);
	assert_int_equal(tuy_read_uint(&r, 0x102), 0x102);
	assert_int_equal(tuy_read_peek(&r), TUY_IS_BOOL);
	assert_true(tuy_read_bool(&r));
	assert_int_equal(tuy_read_peek(&r), TUY_IS_BIN);
	tuy_read_fixed(&r, fixed, sizeof fixed);
	assert_int_equal(fixed[0] << 8 | fixed[1], 0x0809);
	assert_false(tuy_read_nil(&r));
	assert_int_equal(tuy_read_peek(&r), TUY_IS_STR);
	struct tuy_bytes name = tuy_read_str(&r, 1, 1);
	assert_int_equal(name.len, 1);
	assert_int_equal(name.p[0], 'x');
	assert_int_equal(tuy_read_peek(&r), TUY_IS_NIL);
	assert_true(tuy_read_nil(&r));
	assert_int_equal(tuy_read_peek(&r), TUY_IS_MAP);
	struct tuy_bytes map = tuy_read_any(&r);
	assert_int_equal(map.len, 5);
	assert_int_equal(map.p[0], 0x82);
	assert_false(tuy_read_bool(&r));
	assert_int_equal(tuy_read_peek(&r), TUY_IS_NOTHING);
	assert_int_equal(tuy_read_end(&r), TUY_OK);
}

static void stays_at_its_first_error(void **state)
{
	(void)state;
	struct tuy_bytes doc = BYTES(0x05, 0xc4, 1, 7);
	struct tuy_reader r = tuy_reader(doc);
	uint8_t fixed[3] = { 1, 1, 1 };
	assert_int_equal(tuy_read_uint(&r, 4), 0);
	assert_int_equal(r.err, TUY_E_LIMIT);
	assert_int_equal(tuy_read_uint(&r, 5), 0);
	assert_int_equal(tuy_read_array(&r, 0, 9), 0);
	assert_int_equal(tuy_read_map(&r, 9), 0);
	assert_false(tuy_read_bool(&r));
	assert_false(tuy_read_nil(&r));
	assert_int_equal(tuy_read_bin(&r, 0, 9).len, 0);
	assert_int_equal(tuy_read_str(&r, 0, 9).len, 0);
	assert_int_equal(tuy_read_any(&r).len, 0);
	tuy_read_fixed(&r, fixed, sizeof fixed);
	assert_int_equal(fixed[0] | fixed[1] | fixed[2], 0);
	assert_int_equal(tuy_read_peek(&r), TUY_IS_NOTHING);
	tuy_read_fail(&r, TUY_E_GAP);
	assert_ptr_equal(r.p, doc.p);
	assert_int_equal(tuy_read_end(&r), TUY_E_LIMIT);
}

static enum tuy_err read_as(struct tuy_bytes doc, enum tuy_next type)
{
	struct tuy_reader r = tuy_reader(doc);
	switch (type) {
	case TUY_IS_UINT:
		(void)tuy_read_uint(&r, UINT64_MAX);
		break;
	case TUY_IS_BOOL:
		(void)tuy_read_bool(&r);
		break;
	case TUY_IS_BIN:
		(void)tuy_read_bin(&r, 1, 2);
		break;
	case TUY_IS_STR:
		(void)tuy_read_str(&r, 1, 2);
		break;
	case TUY_IS_ARRAY:
		(void)tuy_read_array(&r, 1, 2);
		break;
	case TUY_IS_MAP:
		(void)tuy_read_map(&r, 2);
		break;
	case TUY_IS_NOTHING:
	case TUY_IS_NIL:
		(void)tuy_read_any(&r);
		break;
	}
	return r.err;
}

static void checks_form_bounds_and_end_without_a_scan(void **state)
{
	(void)state;
	static const enum tuy_next all[] = { TUY_IS_UINT, TUY_IS_BOOL,  TUY_IS_BIN,    TUY_IS_STR,
		                             TUY_IS_MAP,  TUY_IS_ARRAY, TUY_IS_NOTHING };
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		assert_int_equal(read_as((struct tuy_bytes){ NULL, 0 }, all[i]), TUY_E_SHORT);
		assert_int_equal(read_as(BYTES(0xca, 0, 0, 0, 0), all[i]), TUY_E_FORMAT);
		assert_int_equal(read_as(BYTES(0xff), all[i]), TUY_E_FORMAT);
	}
	assert_int_equal(read_as(BYTES(0xcc, 0x7f), TUY_IS_UINT), TUY_E_FORMAT);
	assert_int_equal(read_as(BYTES(0xcf, 0, 0, 0), TUY_IS_UINT), TUY_E_SHORT);
	assert_int_equal(read_as(BYTES(0xa1, 'a'), TUY_IS_BIN), TUY_E_FORMAT);
	assert_int_equal(read_as(BYTES(0xc4, 0), TUY_IS_BIN), TUY_E_LIMIT);
	assert_int_equal(read_as(BYTES(0xc4, 3, 1, 2, 3), TUY_IS_BIN), TUY_E_LIMIT);
	assert_int_equal(read_as(BYTES(0xc4, 2, 1), TUY_IS_BIN), TUY_E_SHORT);
	assert_int_equal(read_as(BYTES(0xa2, 'a'), TUY_IS_STR), TUY_E_SHORT);
	assert_int_equal(read_as(BYTES(0xa1, 0xff), TUY_IS_STR), TUY_E_FORMAT);
	assert_int_equal(read_as(BYTES(0xd9, 1, 'a'), TUY_IS_STR), TUY_E_FORMAT);
	assert_int_equal(read_as(BYTES(0x90), TUY_IS_ARRAY), TUY_E_LIMIT);
	assert_int_equal(read_as(BYTES(0x92, 1), TUY_IS_ARRAY), TUY_E_SHORT);
	assert_int_equal(read_as(BYTES(0x82, 1, 1, 2), TUY_IS_MAP), TUY_E_SHORT);
	assert_int_equal(read_as(BYTES(0x83, 1, 1, 2, 2, 3, 3), TUY_IS_MAP), TUY_E_LIMIT);
	struct tuy_reader r = tuy_reader(BYTES(0x01, 0x02));
	assert_int_equal(tuy_read_uint(&r, 9), 1);
	assert_int_equal(tuy_read_end(&r), TUY_E_FORMAT);
}

static void names_every_error_once(void **state)
{
	(void)state;
	for (int a = TUY_OK; a <= TUY_E_STORE; a++) {
		assert_string_not_equal(tuy_err_name((enum tuy_err)a), "other");
		for (int b = TUY_OK; b < a; b++)
			assert_string_not_equal(tuy_err_name((enum tuy_err)a),
			                        tuy_err_name((enum tuy_err)b));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{ "accepts the shortest form only, except from the local socket",
		  accepts_the_shortest_form_only, NULL, NULL, NULL },
		{ "refuses floats and extensions everywhere, signed forms in the protocol",
		  refuses_floats_extensions_and_signed_forms, NULL, NULL, NULL },
		{ "wants integer map keys in ascending order",
		  wants_integer_map_keys_in_ascending_order, NULL, NULL, NULL },
		{ "knows a document that ends early from one with trailing bytes",
		  knows_an_early_end_from_trailing_bytes, NULL, NULL, NULL },
		{ "finds the first document of a stream", finds_the_first_document_of_a_stream,
		  NULL, NULL, NULL },
		{ "believes no length or count beyond the bytes that are there",
		  believes_no_length_beyond_the_bytes, NULL, NULL, NULL },
		{ "counts depth and nodes up to the limits", counts_depth_and_nodes, NULL, NULL,
		  NULL },
		{ "takes only valid UTF-8 without NUL", takes_only_valid_utf8_without_nul, NULL,
		  NULL, NULL },
		{ "reads a message field by field", reads_a_message_field_by_field, NULL, NULL,
		  NULL },
		{ "stays at its first error and moves nothing", stays_at_its_first_error, NULL,
		  NULL, NULL },
		{ "checks form, bounds and end even if nobody scanned before",
		  checks_form_bounds_and_end_without_a_scan, NULL, NULL, NULL },
		{ "names every error once", names_every_error_once, NULL, NULL, NULL },
	};
	return cmocka_run_group_tests_name("reader", tests, NULL, NULL);
}
