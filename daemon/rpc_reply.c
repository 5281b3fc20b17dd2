#include "rpc_reply.h"
#include "../proto/hash.h"
#include <msgpack/pack.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define OUT_START    1024
#define HEAD_SIZE    3 /* array 16, map 16: filled in when it is closed */
#define ELEMENTS_MAX 65535
#define ARRAY_16     0xdc
#define MAP_16       0xde

/* Room for `more` bytes. The old buffer is wiped: answers may hold a recovery key. */
static bool room_make(struct rpc_out *out, size_t more)
{
	if (out->err)
		return false;
	if (more > RPC_OUT_MAX || out->len > RPC_OUT_MAX - more) {
		out->err = TUY_E_LIMIT;
		return false;
	}
	if (out->len + more <= out->cap)
		return true;
	size_t cap = out->cap > 0 ? out->cap : OUT_START;
	while (cap < out->len + more)
		cap *= 2;
	uint8_t *p = malloc(cap);
	if (!p) {
		out->err = TUY_E_FULL;
		return false;
	}
	if (out->p) {
		memcpy(p, out->p, out->len);
		sodium_memzero(out->p, out->len);
		free(out->p);
	}
	out->p = p;
	out->cap = cap;
	return true;
}

static int bytes_put(void *context, const char *bytes, size_t len)
{
	struct rpc_out *out = context;
	if (!room_make(out, len))
		return -1;
	memcpy(out->p + out->len, bytes, len);
	out->len += len;
	return 0;
}

static void text_pack(msgpack_packer *pk, const void *p, size_t len)
{
	if (msgpack_pack_str(pk, len) == 0 && len > 0)
		msgpack_pack_str_body(pk, p, len);
}

/* Counts the element that follows, and writes its key. */
static msgpack_packer element_begin(struct rpc_out *out, const char *key)
{
	msgpack_packer pk;
	msgpack_packer_init(&pk, out, bytes_put);
	if (out->depth > 0 && ++out->open[out->depth - 1].count > ELEMENTS_MAX && !out->err)
		out->err = TUY_E_LIMIT;
	if (key)
		text_pack(&pk, key, strlen(key));
	return pk;
}

static void container_open(struct rpc_out *out, const char *key, uint8_t head)
{
	element_begin(out, key);
	tuy_require(out->depth < RPC_OUT_DEPTH);
	out->open[out->depth].at = out->len;
	out->open[out->depth].count = 0;
	out->depth++;
	const char bytes[HEAD_SIZE] = { (char)head, 0, 0 };
	bytes_put(out, bytes, sizeof bytes);
}

void rpc_out_clear(struct rpc_out *out)
{
	if (out->p)
		sodium_memzero(out->p, out->len);
	free(out->p);
	*out = (struct rpc_out){ 0 };
}

void rpc_out_cut(struct rpc_out *out, size_t len, uint32_t depth, uint32_t count)
{
	tuy_require(len <= out->len && depth <= out->depth);
	out->len = len;
	out->depth = depth;
	out->err = TUY_OK;
	if (depth > 0)
		out->open[depth - 1].count = count;
}

void rpc_open_map(struct rpc_out *out, const char *key)
{
	container_open(out, key, MAP_16);
}

void rpc_open_array(struct rpc_out *out, const char *key)
{
	container_open(out, key, ARRAY_16);
}

void rpc_close_one(struct rpc_out *out)
{
	tuy_require(out->depth > 0);
	out->depth--;
	if (!out->err)
		tuy_put16(out->p + out->open[out->depth].at + 1,
		          (uint16_t)out->open[out->depth].count);
}

void rpc_put_nil(struct rpc_out *out, const char *key)
{
	msgpack_packer pk = element_begin(out, key);
	msgpack_pack_nil(&pk);
}

void rpc_put_flag(struct rpc_out *out, const char *key, bool value)
{
	msgpack_packer pk = element_begin(out, key);
	if (value)
		msgpack_pack_true(&pk);
	else
		msgpack_pack_false(&pk);
}

void rpc_put_uint(struct rpc_out *out, const char *key, uint64_t value)
{
	msgpack_packer pk = element_begin(out, key);
	msgpack_pack_uint64(&pk, value);
}

void rpc_put_int(struct rpc_out *out, const char *key, int64_t value)
{
	msgpack_packer pk = element_begin(out, key);
	msgpack_pack_int64(&pk, value);
}

void rpc_put_str(struct rpc_out *out, const char *key, const char *value)
{
	if (value)
		rpc_put_text(out, key, (struct tuy_bytes){ (const uint8_t *)value, strlen(value) });
	else
		rpc_put_nil(out, key);
}

void rpc_put_text(struct rpc_out *out, const char *key, struct tuy_bytes text)
{
	msgpack_packer pk = element_begin(out, key);
	text_pack(&pk, text.p, text.len);
	if (out->on_text)
		out->on_text(out->context, text);
}

void rpc_put_hex(struct rpc_out *out, const char *key, struct tuy_bytes bytes)
{
	char text[2 * 64 + 1];
	rpc_hex_text(bytes, text, sizeof text);
	rpc_put_str(out, key, text);
}

void rpc_put_time(struct rpc_out *out, const char *key, uint64_t unix_s)
{
	char text[RPC_TIME_TEXT];
	rpc_time_text(unix_s, text);
	rpc_put_str(out, key, unix_s > 0 ? text : NULL);
}

void rpc_time_text(uint64_t unix_s, char out[RPC_TIME_TEXT])
{
	time_t t = (time_t)(unix_s > UINT32_MAX ? UINT32_MAX : unix_s);
	struct tm tm;
	if (!gmtime_r(&t, &tm) || strftime(out, RPC_TIME_TEXT, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		out[0] = '\0';
}

void rpc_hex_text(struct tuy_bytes bytes, char *out, size_t out_size)
{
	static const char digits[] = "0123456789abcdef";
	size_t at = 0;
	for (size_t i = 0; i < bytes.len && at + 2 < out_size; i++) {
		out[at++] = digits[bytes.p[i] >> 4];
		out[at++] = digits[bytes.p[i] & 15];
	}
	out[at] = '\0';
}
