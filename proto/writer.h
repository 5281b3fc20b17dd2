/*
 * Canonical MessagePack out, into the caller's buffer (PROTOCOL 2), through msgpack-c's packer.
 * Sticky: after the buffer is full nothing more is written and `err` is TUY_E_FULL. Map keys must
 * be written in ascending order by the caller. Thread rule: pure, any thread.
 */
#ifndef TUY_WRITER_H
#define TUY_WRITER_H

#include "err.h"
#include "types.h"

struct tuy_writer {
	uint8_t *p;       /* the caller's buffer */
	size_t cap;       /* its size, bytes */
	size_t len;       /* bytes written */
	enum tuy_err err; /* sticky: TUY_OK or TUY_E_FULL */
};

struct tuy_writer tuy_writer(void *buffer, size_t cap);
void tuy_write_array(struct tuy_writer *w, uint32_t count);
void tuy_write_map(struct tuy_writer *w, uint32_t pairs);
void tuy_write_uint(struct tuy_writer *w, uint64_t value);
void tuy_write_bool(struct tuy_writer *w, bool value);
void tuy_write_nil(struct tuy_writer *w);
void tuy_write_bin(struct tuy_writer *w, const void *p, size_t len);
void tuy_write_str(struct tuy_writer *w, const void *p, size_t len);
/* A bin header for `len` bytes that the caller then appends with tuy_write_raw. */
void tuy_write_bin_header(struct tuy_writer *w, size_t len);
/* Bytes that are MessagePack already (or the body after tuy_write_bin_header). */
void tuy_write_raw(struct tuy_writer *w, const void *p, size_t len);
/* What was written so far; empty if `err` is set. */
struct tuy_bytes tuy_written(const struct tuy_writer *w);

#endif
