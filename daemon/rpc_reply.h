/*
 * An answer under construction: MessagePack into a buffer that grows up to 8 MiB. Maps and arrays
 * are opened and closed, their sizes are filled in at the end. Sticky: after an error nothing more
 * is written.
 *
 *	rpc_open_map(out, NULL);
 *	rpc_put_uint(out, "schema", 1);
 *	rpc_open_array(out, "tags");
 *	rpc_put_text(out, NULL, tag);
 *	rpc_close_one(out);
 *	rpc_close_one(out);
 *
 * `key` is the name within a map, NULL within an array or at the top.
 * Thread rule: one owner.
 */
#ifndef RPC_REPLY_H
#define RPC_REPLY_H

#include "../proto/err.h"
#include "../proto/types.h"

#define RPC_OUT_MAX   (8u << 20)
#define RPC_OUT_DEPTH 8

struct rpc_out {
	uint8_t *p;
	size_t len;
	size_t cap;
	enum tuy_err err; /* TUY_OK; TUY_E_LIMIT: over 8 MiB, or an array over 65,535; TUY_E_FULL:
	                     no memory */
	/* Hears each text that is put, keys aside; NULL: nobody. */
	void (*on_text)(void *context, struct tuy_bytes text);
	void *context;
	uint32_t depth;
	struct {
		size_t at; /* of the head */
		uint32_t count;
	} open[RPC_OUT_DEPTH];
};

/* Zeroed is empty. Wipes and frees. */
void rpc_out_clear(struct rpc_out *out);
/* Forgets what was written behind `len` bytes and all that is open beyond `depth`; the error too. A
 * container that stays open has then `count` elements. */
void rpc_out_cut(struct rpc_out *out, size_t len, uint32_t depth, uint32_t count);

void rpc_open_map(struct rpc_out *out, const char *key);
void rpc_open_array(struct rpc_out *out, const char *key);
void rpc_close_one(struct rpc_out *out);

void rpc_put_nil(struct rpc_out *out, const char *key);
void rpc_put_flag(struct rpc_out *out, const char *key, bool value);
void rpc_put_uint(struct rpc_out *out, const char *key, uint64_t value);
void rpc_put_int(struct rpc_out *out, const char *key, int64_t value);
void rpc_put_str(struct rpc_out *out, const char *key, const char *value); /* NULL: nil */
void rpc_put_text(struct rpc_out *out, const char *key, struct tuy_bytes text);
void rpc_put_hex(struct rpc_out *out, const char *key, struct tuy_bytes bytes);
/* RFC 3339, UTC, whole seconds; 0 is nil. */
void rpc_put_time(struct rpc_out *out, const char *key, uint64_t unix_s);

#define RPC_TIME_TEXT 24
/* "2026-02-11T09:14:05Z" */
void rpc_time_text(uint64_t unix_s, char out[RPC_TIME_TEXT]);
/* Lower case hex digits of `bytes`, as many as fit whole, and a NUL. */
void rpc_hex_text(struct tuy_bytes bytes, char *out, size_t out_size);

#endif
