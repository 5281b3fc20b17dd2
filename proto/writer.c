#include "writer.h"
#include <msgpack/pack.h>
#include <string.h>

/* msgpack-c's write callback. Takes all of the bytes or, once the buffer is full, none. */
static int bytes_append(void *writer, const char *p, size_t len)
{
	tuy_write_raw(writer, p, len);
	return 0;
}

static msgpack_packer packer_on(struct tuy_writer *w)
{
	msgpack_packer packer;
	msgpack_packer_init(&packer, w, bytes_append);
	return packer;
}

/* True if `len` bytes of a bin or str can have a header at all; else the writer is full. */
static bool len_check(struct tuy_writer *w, size_t len)
{
	if (len > UINT32_MAX)
		w->err = TUY_E_FULL;
	return w->err == TUY_OK;
}

struct tuy_writer tuy_writer(void *buffer, size_t cap)
{
	return (struct tuy_writer){ buffer, cap, 0, TUY_OK };
}

void tuy_write_array(struct tuy_writer *w, uint32_t count)
{
	msgpack_packer packer = packer_on(w);
	(void)msgpack_pack_array(&packer, count);
}

void tuy_write_map(struct tuy_writer *w, uint32_t pairs)
{
	msgpack_packer packer = packer_on(w);
	(void)msgpack_pack_map(&packer, pairs);
}

void tuy_write_uint(struct tuy_writer *w, uint64_t value)
{
	msgpack_packer packer = packer_on(w);
	(void)msgpack_pack_uint64(&packer, value);
}

void tuy_write_bool(struct tuy_writer *w, bool value)
{
	msgpack_packer packer = packer_on(w);
	if (value)
		(void)msgpack_pack_true(&packer);
	else
		(void)msgpack_pack_false(&packer);
}

void tuy_write_nil(struct tuy_writer *w)
{
	msgpack_packer packer = packer_on(w);
	(void)msgpack_pack_nil(&packer);
}

void tuy_write_bin(struct tuy_writer *w, const void *p, size_t len)
{
	tuy_write_bin_header(w, len);
	tuy_write_raw(w, p, len);
}

void tuy_write_str(struct tuy_writer *w, const void *p, size_t len)
{
	msgpack_packer packer = packer_on(w);
	if (len_check(w, len))
		(void)msgpack_pack_str(&packer, len);
	tuy_write_raw(w, p, len);
}

void tuy_write_bin_header(struct tuy_writer *w, size_t len)
{
	msgpack_packer packer = packer_on(w);
	if (len_check(w, len))
		(void)msgpack_pack_bin(&packer, len);
}

void tuy_write_raw(struct tuy_writer *w, const void *p, size_t len)
{
	if (len > w->cap - w->len)
		w->err = TUY_E_FULL;
	if (w->err || len == 0)
		return;
	memcpy(w->p + w->len, p, len);
	w->len += len;
}

struct tuy_bytes tuy_written(const struct tuy_writer *w)
{
	if (w->err)
		return (struct tuy_bytes){ NULL, 0 };
	return (struct tuy_bytes){ w->p, w->len };
}
