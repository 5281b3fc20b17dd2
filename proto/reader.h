/*
 * Canonical MessagePack in (PROTOCOL 2): strict, bounded, no allocation. A sticky cursor: after the
 * first error every read returns zero or an empty span and moves nothing, so a parser reads all its
 * fields and tests `err` once.
 *
 *     struct tuy_reader r = tuy_reader(bytes);
 *     tuy_read_array(&r, 3, 3);
 *     uint64_t seq = tuy_read_uint(&r, UINT32_MAX);
 *     tuy_read_fixed(&r, id.b, sizeof id.b);
 *     struct tuy_bytes name = tuy_read_str(&r, 0, 120);
 *     if (tuy_read_end(&r) != TUY_OK) refuse;
 *
 * Canonical: shortest forms, map keys are unsigned integers (or, outside proto/, strings) in
 * ascending order, no floats, no extension types, strings are valid UTF-8 without NUL, no trailing
 * bytes. Depth <= TUY_MSGPACK_DEPTH, nodes <= TUY_MSGPACK_NODES, every length checked against the
 * bytes that are left before it is believed. Thread rule: pure, any thread.
 */
#ifndef TUY_READER_H
#define TUY_READER_H

#include "err.h"
#include "types.h"

struct tuy_reader {
	const uint8_t *p;   /* next byte */
	const uint8_t *end; /* one past the last */
	enum tuy_err err;   /* sticky */
};

/* What a document may hold beyond the canonical form of the protocol. */
enum tuy_dialect {
	TUY_CANONICAL, /* link messages, operations, records: integer map keys in ascending order;
	                  no negative integers */
	TUY_RPC, /* the local socket: also string keys in any order and negative integers; still
	            shortest forms not required, no floats, no extensions */
};

/*
 * Checks one whole document without allocating: form, depth, number of nodes, lengths, UTF-8, no
 * trailing bytes. Call it before msgpack-c's unpacker or a tuy_reader sees foreign bytes. TUY_OK,
 * TUY_E_SHORT (the document continues past the end), TUY_E_FORMAT or TUY_E_LIMIT.
 */
enum tuy_err tuy_scan(struct tuy_bytes doc, enum tuy_dialect dialect);

/*
 * As tuy_scan for the first document of a stream that may go on behind it: TUY_OK and its length in
 * bytes to `len`; TUY_E_SHORT means that more of the stream is needed, any other error that it can
 * never become right. `len` is left alone on error.
 */
enum tuy_err tuy_scan_first(struct tuy_bytes stream, enum tuy_dialect dialect, size_t *len);

/* A cursor over `doc`, which must outlive every span read from it. */
struct tuy_reader tuy_reader(struct tuy_bytes doc);

/* The number of elements of the array that starts here, min <= n <= max; else TUY_E_LIMIT and 0. */
uint32_t tuy_read_array(struct tuy_reader *r, uint32_t min, uint32_t max);
/* The number of pairs of the map that starts here, <= max. */
uint32_t tuy_read_map(struct tuy_reader *r, uint32_t max);
/* An unsigned integer <= max. */
uint64_t tuy_read_uint(struct tuy_reader *r, uint64_t max);
/* true or false. */
bool tuy_read_bool(struct tuy_reader *r);
/* A binary string of min..max bytes, a span into the document. */
struct tuy_bytes tuy_read_bin(struct tuy_reader *r, size_t min, size_t max);
/* A UTF-8 text of min..max bytes, a span into the document (not NUL-terminated). */
struct tuy_bytes tuy_read_str(struct tuy_reader *r, size_t min, size_t max);
/* A binary string of exactly `size` bytes, copied to `out`; zeros on error. */
void tuy_read_fixed(struct tuy_reader *r, void *out, size_t size);
/* Consumes a nil if one is next and says so; else moves nothing. */
bool tuy_read_nil(struct tuy_reader *r);
/* The span of the next whole value, which is passed over. */
struct tuy_bytes tuy_read_any(struct tuy_reader *r);
/* What comes next, without moving: one of the TUY_IS_*; TUY_IS_NOTHING at the end or after an
 * error. */
enum tuy_next {
	TUY_IS_NOTHING,
	TUY_IS_NIL,
	TUY_IS_BOOL,
	TUY_IS_UINT,
	TUY_IS_BIN,
	TUY_IS_STR,
	TUY_IS_ARRAY,
	TUY_IS_MAP
};
enum tuy_next tuy_read_peek(const struct tuy_reader *r);
/* Sets the sticky error unless there is one: for checks of the caller's own. */
void tuy_read_fail(struct tuy_reader *r, enum tuy_err err);
/* TUY_OK if nothing failed and every byte was read; else the first error (TUY_E_FORMAT for trailing
 * bytes). */
enum tuy_err tuy_read_end(struct tuy_reader *r);

/* True if the bytes are valid UTF-8 (RFC 3629: no surrogates, no overlong forms) without NUL. */
bool tuy_utf8_valid(struct tuy_bytes text);

#endif
