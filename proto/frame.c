#include "frame.h"
#include "limits.h"
#include <string.h>

/* Takes the length from `in`, if it is all there. On error the deframer has failed. */
static size_t length_take(struct tuy_deframer *d, struct tuy_bytes in)
{
	size_t used = 0;
	if (!d->has_header && used < in.len) {
		d->header = in.p[used++];
		d->has_header = true;
	}
	if (used == in.len)
		return used;
	d->want = (size_t)d->header << 8 | in.p[used++];
	d->has_header = false;
	if (d->want < TUY_FRAME_MIN)
		d->err = TUY_E_FORMAT;
	else if (d->want > d->cap)
		d->err = TUY_E_LIMIT;
	return used;
}

struct tuy_deframer tuy_deframer(void *buffer, size_t cap, enum tuy_frame_start start)
{
	tuy_require(cap >= TUY_FRAME_1_SIZE);
	struct tuy_deframer d = { .p = buffer, .cap = cap };
	if (start == TUY_FRAME_START_FIRST)
		d.want = TUY_FRAME_1_SIZE;
	return d;
}

enum tuy_err tuy_frame_next(struct tuy_deframer *d, struct tuy_bytes in, size_t *used,
                            struct tuy_bytes *frame)
{
	size_t at = 0;
	if (!d->err && d->want == 0)
		at = length_take(d, in);
	*used = at;
	if (d->err)
		return d->err;
	if (d->want == 0 || at == in.len)
		return TUY_E_SHORT;
	if (d->len == 0 && in.len - at >= d->want) {
		*frame = (struct tuy_bytes){ in.p + at, d->want };
		*used = at + d->want;
		d->want = 0;
		return TUY_OK;
	}
	size_t part = d->want - d->len;
	if (part > in.len - at)
		part = in.len - at;
	memcpy(d->p + d->len, in.p + at, part);
	d->len += part;
	*used = at + part;
	if (d->len < d->want)
		return TUY_E_SHORT;
	*frame = (struct tuy_bytes){ d->p, d->want };
	d->len = d->want = 0;
	return TUY_OK;
}

void tuy_frame_header_write(uint8_t out[TUY_FRAME_HEADER_SIZE], size_t len)
{
	tuy_require(len >= TUY_FRAME_MIN && len <= TUY_FRAME_MAX);
	out[0] = (uint8_t)(len >> 8);
	out[1] = (uint8_t)(len & 0xff);
}
