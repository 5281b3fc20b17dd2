/*
 * The deframer finds the same frames in a stream whether it comes whole or in pieces, takes every
 * byte it says it takes, and finds exactly what was framed.
 */
#include <stdlib.h>
#include <string.h>
#include "../../proto/frame.h"
#include "../../proto/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CAP 300

/* All frames of a stream, one behind the other, and how it ended. */
struct frames {
	uint8_t *p;
	size_t len;
	size_t count;
	enum tuy_err err;
};

/* Feeds pieces of 1 to 256 bytes as `cuts` says; whole if it is NULL. */
static void stream_read(struct frames *f, struct tuy_bytes stream, enum tuy_frame_start start,
                        const uint8_t *cuts)
{
	uint8_t buffer[CAP];
	struct tuy_deframer d = tuy_deframer(buffer, sizeof buffer, start);
	f->err = TUY_E_SHORT;
	for (size_t at = 0, i = 0; at < stream.len && f->err == TUY_E_SHORT; i++) {
		size_t piece = cuts ? cuts[i % 4] + 1U : stream.len, used;
		if (piece > stream.len - at)
			piece = stream.len - at;
		struct tuy_bytes in = { stream.p + at, piece }, frame;
		at += piece;
		while ((f->err = tuy_frame_next(&d, in, &used, &frame)) == TUY_OK) {
			tuy_require(used > 0 && used <= in.len);
			tuy_require(frame.len >= TUY_FRAME_MIN && frame.len <= CAP);
			memcpy(f->p + f->len, frame.p, frame.len);
			f->len += frame.len;
			f->count++;
			in.p += used;
			in.len -= used;
		}
		tuy_require(f->err != TUY_E_SHORT || used == in.len);
	}
}

static void streams_compare(struct tuy_bytes stream, enum tuy_frame_start start,
                            const uint8_t *cuts)
{
	struct frames a = { malloc(stream.len + 1), 0, 0, TUY_OK };
	struct frames b = { malloc(stream.len + 1), 0, 0, TUY_OK };
	tuy_require(a.p && b.p);
	stream_read(&a, stream, start, NULL);
	stream_read(&b, stream, start, cuts);
	tuy_require(a.len == b.len && a.count == b.count && a.err == b.err);
	tuy_require(memcmp(a.p, b.p, a.len) == 0);
	free(a.p);
	free(b.p);
}

/* The input cut into frames by the header writer comes back whole. */
static void framed_check(struct tuy_bytes body, const uint8_t *cuts)
{
	size_t frame_len = TUY_FRAME_MIN + cuts[0], frames = body.len / frame_len;
	uint8_t *stream = malloc(frames * (frame_len + TUY_FRAME_HEADER_SIZE) + 1);
	struct frames back = { malloc(body.len + 1), 0, 0, TUY_OK };
	tuy_require(stream && back.p);
	size_t len = 0;
	for (size_t i = 0; i < frames; i++) {
		tuy_frame_header_write(stream + len, frame_len);
		memcpy(stream + len + TUY_FRAME_HEADER_SIZE, body.p + i * frame_len, frame_len);
		len += TUY_FRAME_HEADER_SIZE + frame_len;
	}
	stream_read(&back, (struct tuy_bytes){ stream, len }, TUY_FRAME_START_LENGTHS, cuts);
	tuy_require(back.err == TUY_E_SHORT && back.count == frames);
	tuy_require(memcmp(back.p, body.p, frames * frame_len) == 0);
	free(stream);
	free(back.p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 5)
		return 0;
	struct tuy_bytes stream = { data + 5, size - 5 };
	streams_compare(stream, data[0] & 1 ? TUY_FRAME_START_FIRST : TUY_FRAME_START_LENGTHS,
	                data + 1);
	framed_check(stream, data + 1);
	return 0;
}
