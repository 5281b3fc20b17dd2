/*
 * The scan, the cursor and the writer against each other: what the scan accepts, the cursor reads
 * to its end and the writer writes again byte for byte; what the scan refuses, the cursor refuses.
 */
#include <stdlib.h>
#include <string.h>
#include "../../proto/limits.h"
#include "../../proto/reader.h"
#include "../../proto/writer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A walk over one document: what the cursor reads goes to the writer. */
struct walk {
	struct tuy_reader r;
	struct tuy_writer w;
	unsigned int nodes;
};

/* A map key, which must be above the last one. */
static void key_walk(struct walk *k, bool *has_last, uint64_t *last)
{
	uint64_t key = tuy_read_uint(&k->r, UINT64_MAX);
	if (++k->nodes > TUY_MSGPACK_NODES)
		tuy_read_fail(&k->r, TUY_E_LIMIT);
	if (*has_last && key <= *last)
		tuy_read_fail(&k->r, TUY_E_FORMAT);
	*has_last = true;
	*last = key;
	tuy_write_uint(&k->w, key);
}

static void value_walk(struct walk *k, unsigned int depth);

static void array_walk(struct walk *k, unsigned int depth)
{
	uint32_t count = tuy_read_array(&k->r, 0, TUY_MSGPACK_NODES);
	if (depth == TUY_MSGPACK_DEPTH)
		tuy_read_fail(&k->r, TUY_E_LIMIT);
	tuy_write_array(&k->w, count);
	for (uint32_t i = 0; i < count && !k->r.err; i++)
		value_walk(k, depth + 1);
}

static void map_walk(struct walk *k, unsigned int depth)
{
	uint32_t count = tuy_read_map(&k->r, TUY_MSGPACK_NODES);
	bool has_last = false;
	uint64_t last = 0;
	if (depth == TUY_MSGPACK_DEPTH)
		tuy_read_fail(&k->r, TUY_E_LIMIT);
	tuy_write_map(&k->w, count);
	for (uint32_t i = 0; i < count && !k->r.err; i++) {
		key_walk(k, &has_last, &last);
		value_walk(k, depth + 1);
	}
}

/* `depth` arrays and maps are open around the value. */
static void value_walk(struct walk *k, unsigned int depth)
{
	struct tuy_bytes body;
	if (k->r.err)
		return;
	if (++k->nodes > TUY_MSGPACK_NODES) {
		tuy_read_fail(&k->r, TUY_E_LIMIT);
		return;
	}
	switch (tuy_read_peek(&k->r)) {
	case TUY_IS_NIL:
		if (tuy_read_nil(&k->r))
			tuy_write_nil(&k->w);
		break;
	case TUY_IS_BOOL:
		tuy_write_bool(&k->w, tuy_read_bool(&k->r));
		break;
	case TUY_IS_UINT:
		tuy_write_uint(&k->w, tuy_read_uint(&k->r, UINT64_MAX));
		break;
	case TUY_IS_BIN:
		body = tuy_read_bin(&k->r, 0, SIZE_MAX);
		tuy_write_bin(&k->w, body.p, body.len);
		break;
	case TUY_IS_STR:
		body = tuy_read_str(&k->r, 0, SIZE_MAX);
		tuy_write_str(&k->w, body.p, body.len);
		break;
	case TUY_IS_ARRAY:
		array_walk(k, depth);
		break;
	case TUY_IS_MAP:
		map_walk(k, depth);
		break;
	case TUY_IS_NOTHING:
		(void)tuy_read_uint(&k->r, UINT64_MAX);
		tuy_require(k->r.err != TUY_OK);
		break;
	}
}

/* Reads whatever the input says with the typed reads in the order the input says. */
static void reads_check(struct tuy_bytes doc, uint8_t order)
{
	struct tuy_reader r = tuy_reader(doc);
	uint8_t fixed[16];
	for (unsigned int i = 0; i < 16 && !r.err; i++) {
		const uint8_t *before = r.p;
		switch ((order + i) % 8) {
		case 0:
			(void)tuy_read_array(&r, 0, UINT32_MAX);
			break;
		case 1:
			(void)tuy_read_map(&r, UINT32_MAX);
			break;
		case 2:
			(void)tuy_read_uint(&r, UINT64_MAX);
			break;
		case 3:
			(void)tuy_read_bool(&r);
			break;
		case 4:
			(void)tuy_read_bin(&r, 0, SIZE_MAX);
			break;
		case 5:
			(void)tuy_read_str(&r, 0, SIZE_MAX);
			break;
		case 6:
			tuy_read_fixed(&r, fixed, sizeof fixed);
			break;
		default:
			(void)tuy_read_any(&r);
			break;
		}
		tuy_require(r.err ? r.p == before : r.p > before && r.p <= r.end);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t again[1 << 20];
	if (size > sizeof again)
		return 0;
	struct tuy_bytes doc = { data, size };
	enum tuy_err canonical = tuy_scan(doc, TUY_CANONICAL);
	enum tuy_err rpc = tuy_scan(doc, TUY_RPC);
	struct walk k = { tuy_reader(doc), tuy_writer(again, size), 0 };
	value_walk(&k, 0);
	enum tuy_err walked = tuy_read_end(&k.r);
	tuy_require((canonical == TUY_OK) == (walked == TUY_OK));
	if (canonical == TUY_OK) {
		struct tuy_bytes written = tuy_written(&k.w);
		tuy_require(rpc == TUY_OK);
		tuy_require(written.len == size && memcmp(written.p, data, size) == 0);
	}
	struct tuy_reader whole = tuy_reader(doc);
	struct tuy_bytes any = tuy_read_any(&whole);
	tuy_require((any.len == size && size > 0) == (canonical == TUY_OK));
	size_t first;
	if (tuy_scan_first(doc, TUY_RPC, &first) == TUY_OK) {
		tuy_require(first > 0 && first <= size && (first == size) == (rpc == TUY_OK));
		struct tuy_bytes head = { data, first - 1 };
		tuy_require(tuy_scan(head, TUY_RPC) == TUY_E_SHORT);
	}
	if (size > 0)
		reads_check((struct tuy_bytes){ data + 1, size - 1 }, data[0]);
	return 0;
}
