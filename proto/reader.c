#include "reader.h"
#include "limits.h"
#include <string.h>

enum form {
	FORM_BAD, /* floats, extensions and the unused byte 0xc1 */
	FORM_NIL,
	FORM_BOOL,
	FORM_UINT,
	FORM_INT, /* the signed forms, also when the value in them is not negative */
	FORM_BIN,
	FORM_STR,
	FORM_ARRAY,
	FORM_MAP
};

/* The start of one value, up to its bytes or elements. */
struct head {
	enum form form;
	bool shortest;
	uint32_t size;  /* bytes of the head itself */
	uint64_t value; /* the integer, 0 or 1 of a bool, else bytes or elements or pairs that
	                   follow */
};

struct first_byte {
	uint8_t form;
	uint8_t extra;  /* big-endian bytes of value that follow */
	uint64_t least; /* the smallest value that has no shorter form */
};

/* The first bytes 0xc0 to 0xdf; every other one carries its value in itself. */
static const struct first_byte first_bytes[32] = {
	[0x00] = { FORM_NIL, 0, 0 },       [0x02] = { FORM_BOOL, 0, 0 },
	[0x03] = { FORM_BOOL, 0, 0 },      [0x04] = { FORM_BIN, 1, 0 },
	[0x05] = { FORM_BIN, 2, 256 },     [0x06] = { FORM_BIN, 4, 65536 },
	[0x0c] = { FORM_UINT, 1, 128 },    [0x0d] = { FORM_UINT, 2, 256 },
	[0x0e] = { FORM_UINT, 4, 65536 },  [0x0f] = { FORM_UINT, 8, UINT64_C(1) << 32 },
	[0x10] = { FORM_INT, 1, 0 },       [0x11] = { FORM_INT, 2, 0 },
	[0x12] = { FORM_INT, 4, 0 },       [0x13] = { FORM_INT, 8, 0 },
	[0x19] = { FORM_STR, 1, 32 },      [0x1a] = { FORM_STR, 2, 256 },
	[0x1b] = { FORM_STR, 4, 65536 },   [0x1c] = { FORM_ARRAY, 2, 16 },
	[0x1d] = { FORM_ARRAY, 4, 65536 }, [0x1e] = { FORM_MAP, 2, 16 },
	[0x1f] = { FORM_MAP, 4, 65536 },
};

static struct head head_small(enum form form, unsigned int value)
{
	return (struct head){ form, true, 1, value };
}

/* Reads the head at `p`. TUY_E_SHORT if it does not end before `end`, TUY_E_FORMAT for FORM_BAD. */
static enum tuy_err head_read(const uint8_t *p, const uint8_t *end, struct head *h)
{
	if (p == end)
		return TUY_E_SHORT;
	unsigned int first = *p;
	if (first <= 0x7f) {
		*h = head_small(FORM_UINT, first);
	} else if (first <= 0x8f) {
		*h = head_small(FORM_MAP, first & 0x0f);
	} else if (first <= 0x9f) {
		*h = head_small(FORM_ARRAY, first & 0x0f);
	} else if (first <= 0xbf) {
		*h = head_small(FORM_STR, first & 0x1f);
	} else if (first >= 0xe0) {
		*h = head_small(FORM_INT, first);
	} else {
		const struct first_byte *f = &first_bytes[first & 0x1f];
		if (f->form == FORM_BAD)
			return TUY_E_FORMAT;
		if ((size_t)(end - p) <= f->extra)
			return TUY_E_SHORT;
		uint64_t value = 0;
		for (unsigned int i = 1; i <= f->extra; i++)
			value = value << 8 | p[i];
		if (f->form == FORM_BOOL)
			value = first & 1;
		*h = (struct head){ (enum form)f->form, value >= f->least, 1U + f->extra, value };
	}
	return TUY_OK;
}

/* The length in bytes of the UTF-8 character at `p`, 0 if it is none (RFC 3629 section 4). */
static size_t utf8_char_len(const uint8_t *p, size_t left)
{
	size_t len;
	uint8_t low = 0x80, high = 0xbf; /* bounds of the second byte */
	if (p[0] <= 0x7f)
		return p[0] != 0;
	if (p[0] >= 0xc2 && p[0] <= 0xdf) {
		len = 2;
	} else if (p[0] >= 0xe0 && p[0] <= 0xef) {
		len = 3;
		if (p[0] == 0xe0)
			low = 0xa0;
		else if (p[0] == 0xed)
			high = 0x9f;
	} else if (p[0] >= 0xf0 && p[0] <= 0xf4) {
		len = 4;
		if (p[0] == 0xf0)
			low = 0x90;
		else if (p[0] == 0xf4)
			high = 0x8f;
	} else {
		return 0;
	}
	if (left < len || p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	}
	return len;
}

/* An array or map of which not all elements were seen. */
struct level {
	uint64_t left; /* elements to come; a pair of a map counts as two */
	uint64_t key;  /* the last integer key, if has_key */
	bool is_map;
	bool has_key;
};

/* `h` stands where a map has a key. */
static enum tuy_err key_check(struct level *level, const struct head *h, enum tuy_dialect dialect)
{
	if (dialect == TUY_RPC)
		return h->form == FORM_UINT || h->form == FORM_STR ? TUY_OK : TUY_E_FORMAT;
	if (h->form != FORM_UINT || (level->has_key && h->value <= level->key))
		return TUY_E_FORMAT;
	level->key = h->value;
	level->has_key = true;
	return TUY_OK;
}

/* What of `h` can be judged without what follows it; `level` is the innermost open one or NULL. */
static enum tuy_err head_check(const struct head *h, struct level *level, enum tuy_dialect dialect)
{
	if (dialect == TUY_CANONICAL && (!h->shortest || h->form == FORM_INT))
		return TUY_E_FORMAT;
	if (!level)
		return TUY_OK;
	bool is_key = level->is_map && level->left % 2 == 0;
	level->left--;
	return is_key ? key_check(level, h, dialect) : TUY_OK;
}

/* One whole value at the start of `in`; its length in bytes to `used`. */
static enum tuy_err value_scan(struct tuy_bytes in, enum tuy_dialect dialect, size_t *used)
{
	struct level levels[TUY_MSGPACK_DEPTH];
	unsigned int depth = 0;
	size_t at = 0;
	uint64_t nodes_left = TUY_MSGPACK_NODES;
	do {
		struct head h;
		if (at == in.len)
			return TUY_E_SHORT;
		if (nodes_left-- == 0)
			return TUY_E_LIMIT;
		enum tuy_err err = head_read(in.p + at, in.p + in.len, &h);
		if (!err)
			err = head_check(&h, depth > 0 ? &levels[depth - 1] : NULL, dialect);
		if (err)
			return err;
		at += h.size;
		if (h.form == FORM_BIN || h.form == FORM_STR) {
			if (h.value > in.len - at)
				return TUY_E_SHORT;
			struct tuy_bytes body = { in.p + at, (size_t)h.value };
			if (h.form == FORM_STR && !tuy_utf8_valid(body))
				return TUY_E_FORMAT;
			at += body.len;
		} else if (h.form == FORM_ARRAY || h.form == FORM_MAP) {
			bool is_map = h.form == FORM_MAP;
			uint64_t left = is_map ? 2 * h.value : h.value;
			if (depth == TUY_MSGPACK_DEPTH || left > nodes_left)
				return TUY_E_LIMIT;
			if (left > in.len - at)
				return TUY_E_SHORT;
			levels[depth++] = (struct level){ left, 0, is_map, false };
		}
		while (depth > 0 && levels[depth - 1].left == 0)
			depth--;
	} while (depth > 0);
	*used = at;
	return TUY_OK;
}

/* Reads the head of a value of the wanted form without moving; on failure the reader has failed. */
static bool head_want(struct tuy_reader *r, enum form form, struct head *h)
{
	if (r->err)
		return false;
	r->err = head_read(r->p, r->end, h);
	if (!r->err && (h->form != form || !h->shortest))
		r->err = TUY_E_FORMAT;
	return r->err == TUY_OK;
}

/* The common part of bin and str: a span of min..max bytes, the reader still before it. */
static bool body_want(struct tuy_reader *r, enum form form, size_t min, size_t max,
                      struct tuy_bytes *body)
{
	struct head h;
	if (!head_want(r, form, &h))
		return false;
	if (h.value < min || h.value > max)
		r->err = TUY_E_LIMIT;
	else if (h.value > (size_t)(r->end - r->p) - h.size)
		r->err = TUY_E_SHORT;
	*body = (struct tuy_bytes){ r->p + h.size, (size_t)h.value };
	return r->err == TUY_OK;
}

/* The common part of array and map: `width` nodes an element. */
static uint32_t count_read(struct tuy_reader *r, enum form form, uint32_t min, uint32_t max,
                           unsigned int width)
{
	struct head h;
	if (!head_want(r, form, &h))
		return 0;
	if (h.value < min || h.value > max)
		r->err = TUY_E_LIMIT;
	else if (h.value * width > (size_t)(r->end - r->p) - h.size)
		r->err = TUY_E_SHORT;
	if (r->err)
		return 0;
	r->p += h.size;
	return (uint32_t)h.value;
}

enum tuy_err tuy_scan(struct tuy_bytes doc, enum tuy_dialect dialect)
{
	size_t used;
	enum tuy_err err = value_scan(doc, dialect, &used);
	if (!err && used != doc.len)
		err = TUY_E_FORMAT;
	return err;
}

enum tuy_err tuy_scan_first(struct tuy_bytes stream, enum tuy_dialect dialect, size_t *len)
{
	size_t used;
	enum tuy_err err = value_scan(stream, dialect, &used);
	if (!err)
		*len = used;
	return err;
}

struct tuy_reader tuy_reader(struct tuy_bytes doc)
{
	static const uint8_t nothing[1];
	if (doc.len == 0)
		return (struct tuy_reader){ nothing, nothing, TUY_OK };
	return (struct tuy_reader){ doc.p, doc.p + doc.len, TUY_OK };
}

uint32_t tuy_read_array(struct tuy_reader *r, uint32_t min, uint32_t max)
{
	return count_read(r, FORM_ARRAY, min, max, 1);
}

uint32_t tuy_read_map(struct tuy_reader *r, uint32_t max)
{
	return count_read(r, FORM_MAP, 0, max, 2);
}

uint64_t tuy_read_uint(struct tuy_reader *r, uint64_t max)
{
	struct head h;
	if (!head_want(r, FORM_UINT, &h))
		return 0;
	if (h.value > max) {
		r->err = TUY_E_LIMIT;
		return 0;
	}
	r->p += h.size;
	return h.value;
}

bool tuy_read_bool(struct tuy_reader *r)
{
	struct head h;
	if (!head_want(r, FORM_BOOL, &h))
		return false;
	r->p += h.size;
	return h.value != 0;
}

struct tuy_bytes tuy_read_bin(struct tuy_reader *r, size_t min, size_t max)
{
	struct tuy_bytes body;
	if (!body_want(r, FORM_BIN, min, max, &body))
		return (struct tuy_bytes){ NULL, 0 };
	r->p = body.p + body.len;
	return body;
}

struct tuy_bytes tuy_read_str(struct tuy_reader *r, size_t min, size_t max)
{
	struct tuy_bytes body;
	if (!body_want(r, FORM_STR, min, max, &body))
		return (struct tuy_bytes){ NULL, 0 };
	if (!tuy_utf8_valid(body)) {
		r->err = TUY_E_FORMAT;
		return (struct tuy_bytes){ NULL, 0 };
	}
	r->p = body.p + body.len;
	return body;
}

void tuy_read_fixed(struct tuy_reader *r, void *out, size_t size)
{
	struct tuy_bytes body;
	if (!body_want(r, FORM_BIN, size, size, &body)) {
		if (size > 0)
			memset(out, 0, size);
		return;
	}
	if (size > 0)
		memcpy(out, body.p, size);
	r->p = body.p + body.len;
}

bool tuy_read_nil(struct tuy_reader *r)
{
	if (r->err || r->p == r->end || *r->p != 0xc0)
		return false;
	r->p++;
	return true;
}

struct tuy_bytes tuy_read_any(struct tuy_reader *r)
{
	struct tuy_bytes value = { r->p, (size_t)(r->end - r->p) };
	if (!r->err)
		r->err = value_scan(value, TUY_CANONICAL, &value.len);
	if (r->err)
		return (struct tuy_bytes){ NULL, 0 };
	r->p += value.len;
	return value;
}

enum tuy_next tuy_read_peek(const struct tuy_reader *r)
{
	struct head h;
	if (r->err || head_read(r->p, r->end, &h) != TUY_OK)
		return TUY_IS_NOTHING;
	switch (h.form) {
	case FORM_NIL:
		return TUY_IS_NIL;
	case FORM_BOOL:
		return TUY_IS_BOOL;
	case FORM_UINT:
		return TUY_IS_UINT;
	case FORM_BIN:
		return TUY_IS_BIN;
	case FORM_STR:
		return TUY_IS_STR;
	case FORM_ARRAY:
		return TUY_IS_ARRAY;
	case FORM_MAP:
		return TUY_IS_MAP;
	case FORM_INT:
	case FORM_BAD:
		break;
	}
	return TUY_IS_NOTHING;
}

void tuy_read_fail(struct tuy_reader *r, enum tuy_err err)
{
	if (!r->err)
		r->err = err;
}

enum tuy_err tuy_read_end(struct tuy_reader *r)
{
	if (!r->err && r->p != r->end)
		r->err = TUY_E_FORMAT;
	return r->err;
}

bool tuy_utf8_valid(struct tuy_bytes text)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), tops = UINT64_C(0x8080808080808080);
	size_t at = 0;
	while (at < text.len) {
		while (text.len - at >= 8) { /* eight ASCII characters at once, none of them NUL */
			uint64_t word;
			memcpy(&word, text.p + at, 8);
			if ((word & tops) || ((word - ones) & tops))
				break;
			at += 8;
		}
		if (at == text.len)
			break;
		size_t len = utf8_char_len(text.p + at, text.len - at);
		if (len == 0)
			return false;
		at += len;
	}
	return true;
}
