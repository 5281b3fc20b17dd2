/*
 * The stream between two nodes cut into frames (PROTOCOL 3): after the caller's first frame, which
 * is 64 bytes without a length, every frame is a big-endian u16 length and as many bytes. What is
 * found depends on the bytes alone, not on how the network cut them.
 *
 *     while ((err = tuy_frame_next(&d, in, &used, &frame)) == TUY_OK) {
 *             use frame;
 *             in.p += used, in.len -= used;
 *     }
 *     if (err != TUY_E_SHORT) give up the link;
 *
 * Thread rule: pure, any thread, one thread at a time a deframer.
 */
#ifndef TUY_FRAME_H
#define TUY_FRAME_H

#include "err.h"
#include "types.h"

#define TUY_FRAME_1_SIZE      64 /* the caller's first frame */
#define TUY_FRAME_MIN         16 /* nothing on a link is shorter than the tag of an empty record */
#define TUY_FRAME_HEADER_SIZE 2

enum tuy_frame_start {
	TUY_FRAME_START_FIRST,  /* the stream begins with the 64 bytes: who was called */
	TUY_FRAME_START_LENGTHS /* the stream begins with a length: who called */
};

struct tuy_deframer {
	uint8_t *p;       /* the caller's buffer, for frames that arrive in pieces */
	size_t cap;       /* its size; a longer frame is refused */
	size_t len;       /* bytes of the frame in it so far */
	size_t want;      /* bytes of the frame under way; 0 while its length is not known */
	uint8_t header;   /* the first byte of a length of which only that has come */
	bool has_header;  /* .. */
	enum tuy_err err; /* sticky */
};

/*
 * A deframer over `buffer` of `cap` bytes (at least 64; TUY_FRAME_MAX for every frame there is),
 * which must outlive it.
 */
struct tuy_deframer tuy_deframer(void *buffer, size_t cap, enum tuy_frame_start start);

/*
 * Takes bytes from the start of `in`, how many to `used`, until a frame is complete.
 * TUY_OK: `frame` is the next one, without its length. It lies in `in` or in the deframer's buffer:
 * use it before the next call and before `in` goes. Call again with the rest of `in`.
 * TUY_E_SHORT: all of `in` was taken; call again with what comes next.
 * TUY_E_FORMAT (shorter than 16 bytes) or TUY_E_LIMIT (longer than the buffer), for ever: the
 * stream has no meaning from here on.
 */
enum tuy_err tuy_frame_next(struct tuy_deframer *d, struct tuy_bytes in, size_t *used,
                            struct tuy_bytes *frame);

/* The header of a frame of `len` bytes, TUY_FRAME_MIN to TUY_FRAME_MAX. */
void tuy_frame_header_write(uint8_t out[TUY_FRAME_HEADER_SIZE], size_t len);

#endif
