#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "../../proto/frame.h"
#include "../../proto/limits.h"

#define FRAMES 3

/* The stream of the tests: the 64 bytes, then frames of 16, 300 and 17 bytes. */
static const size_t lens[FRAMES + 1] = { 64, 16, 300, 17 };
static uint8_t stream[64 + 2 + 16 + 2 + 300 + 2 + 17];

static int stream_fill(void **state)
{
	(void)state;
	size_t at = 0;
	for (size_t i = 0; i <= FRAMES; i++) {
		if (i > 0) {
			tuy_frame_header_write(stream + at, lens[i]);
			at += TUY_FRAME_HEADER_SIZE;
		}
		for (size_t k = 0; k < lens[i]; k++)
			stream[at++] = (uint8_t)(i * 50 + k);
	}
	return at == sizeof stream ? 0 : -1;
}

static void frame_check(struct tuy_bytes frame, size_t i)
{
	assert_true(i <= FRAMES);
	assert_int_equal(frame.len, lens[i]);
	for (size_t k = 0; k < frame.len; k++)
		assert_int_equal(frame.p[k], (uint8_t)(i * 50 + k));
}

static void finds_the_same_frames_however_the_stream_is_cut(void **state)
{
	(void)state;
	for (size_t step = 1; step <= sizeof stream; step++) {
		uint8_t buffer[512];
		struct tuy_deframer d = tuy_deframer(buffer, sizeof buffer, TUY_FRAME_START_FIRST);
		size_t seen = 0;
		for (size_t at = 0; at < sizeof stream; at += step) {
			size_t left = sizeof stream - at;
			struct tuy_bytes in = { stream + at, left < step ? left : step }, frame;
			size_t used;
			enum tuy_err err;
			while ((err = tuy_frame_next(&d, in, &used, &frame)) == TUY_OK) {
				frame_check(frame, seen++);
				in.p += used;
				in.len -= used;
			}
			assert_int_equal(err, TUY_E_SHORT);
			assert_int_equal(used, in.len);
		}
		assert_int_equal(seen, FRAMES + 1);
	}
}

static void begins_with_a_length_for_the_caller(void **state)
{
	(void)state;
	uint8_t buffer[64];
	struct tuy_deframer d = tuy_deframer(buffer, sizeof buffer, TUY_FRAME_START_LENGTHS);
	struct tuy_bytes frame;
	size_t used;
	struct tuy_bytes in = { stream + 64, 18 };
	assert_int_equal(tuy_frame_next(&d, in, &used, &frame), TUY_OK);
	assert_int_equal(used, 18);
	frame_check(frame, 1);
}

static void refuses_frames_shorter_than_a_tag_for_ever(void **state)
{
	(void)state;
	for (uint8_t len = 0; len < TUY_FRAME_MIN; len++) {
		uint8_t buffer[64], bytes[40] = { 0, len };
		struct tuy_deframer d =
			tuy_deframer(buffer, sizeof buffer, TUY_FRAME_START_LENGTHS);
		struct tuy_bytes frame, in = { bytes, sizeof bytes };
		size_t used;
		assert_int_equal(tuy_frame_next(&d, in, &used, &frame), TUY_E_FORMAT);
		in = (struct tuy_bytes){ stream + 64, 18 };
		assert_int_equal(tuy_frame_next(&d, in, &used, &frame), TUY_E_FORMAT);
		assert_int_equal(used, 0);
	}
}

static void refuses_frames_longer_than_its_buffer(void **state)
{
	(void)state;
	uint8_t buffer[64], bytes[67] = { 0, 65 };
	struct tuy_deframer d = tuy_deframer(buffer, sizeof buffer, TUY_FRAME_START_LENGTHS);
	struct tuy_bytes frame, in = { bytes, sizeof bytes };
	size_t used;
	assert_int_equal(tuy_frame_next(&d, in, &used, &frame), TUY_E_LIMIT);
	d = tuy_deframer(buffer, sizeof buffer, TUY_FRAME_START_LENGTHS);
	bytes[1] = 64;
	assert_int_equal(tuy_frame_next(&d, in, &used, &frame), TUY_OK);
	assert_int_equal(frame.len, 64);
}

static void takes_the_largest_frame(void **state)
{
	(void)state;
	static uint8_t buffer[TUY_FRAME_MAX], bytes[2 + TUY_FRAME_MAX];
	tuy_frame_header_write(bytes, TUY_FRAME_MAX);
	bytes[sizeof bytes - 1] = 77;
	struct tuy_deframer d = tuy_deframer(buffer, sizeof buffer, TUY_FRAME_START_LENGTHS);
	struct tuy_bytes frame;
	size_t used;
	struct tuy_bytes in = { bytes, sizeof bytes - 1 };
	assert_int_equal(tuy_frame_next(&d, in, &used, &frame), TUY_E_SHORT);
	assert_int_equal(used, in.len);
	in = (struct tuy_bytes){ bytes + sizeof bytes - 1, 1 };
	assert_int_equal(tuy_frame_next(&d, in, &used, &frame), TUY_OK);
	assert_int_equal(frame.len, TUY_FRAME_MAX);
	assert_int_equal(frame.p[TUY_FRAME_MAX - 1], 77);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{ "finds the same frames however the stream is cut",
		  finds_the_same_frames_however_the_stream_is_cut, NULL, NULL, NULL },
		{ "begins with a length for the one who called",
		  begins_with_a_length_for_the_caller, NULL, NULL, NULL },
		{ "refuses frames shorter than a tag, for ever",
		  refuses_frames_shorter_than_a_tag_for_ever, NULL, NULL, NULL },
		{ "refuses frames longer than its buffer", refuses_frames_longer_than_its_buffer,
		  NULL, NULL, NULL },
		{ "takes the largest frame", takes_the_largest_frame, NULL, NULL, NULL },
	};
	return cmocka_run_group_tests_name("frame", tests, stream_fill, NULL);
}
