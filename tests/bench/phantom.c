#include "phantom.h"
#include "../../proto/blob.h"
#include "bench.h"
#include "tips.h"
#include <stdlib.h>
#include <string.h>

#define KEPT_MAX  8192u /* entries, the newest */
#define BLOB_ROOM (TIP_RECORD_MAX + TUY_BLOB_OVERHEAD)

struct kept {
	uint32_t log_no;
	uint32_t seq; /* 0: none */
	uint8_t header[TUY_HEADER_SIZE];
	struct tuy_sig sig; /* if it was the last of a run */
	uint32_t len;
	uint8_t *blob; /* BLOB_ROOM */
};

struct phantom {
	const struct phantom_contents *contents;
	struct kept kept[KEPT_MAX]; /* a ring over all logs */
	uint32_t next;
};

struct tuy_capacity phantom_capacity(void)
{
	struct tuy_capacity capacity = tuy_capacity_default();
	capacity.circles = 1;
	capacity.ops = 256;
	capacity.devices = PEOPLE_MAX;
	capacity.peers = PEOPLE_MAX;
	capacity.logs = 1024;
	capacity.links = 4;
	return capacity;
}

struct phantom *phantom_create(const struct phantom_contents *contents)
{
	struct phantom *phantom = calloc(1, sizeof *phantom);
	if (phantom == NULL)
		bench_die("no memory for a phantom");
	phantom->contents = contents;
	return phantom;
}

static void require_ok(enum tuy_err err)
{
	if (err != TUY_OK)
		bench_die("loading a phantom: %s", tuy_err_name(err));
}

void phantom_load(const struct phantom *phantom, struct tuy_node *node)
{
	const struct phantom_contents *contents = phantom->contents;
	const struct people *people = contents->people;
	require_ok(tuy_node_load_circle(node, 0, &people->id));
	for (uint32_t i = 0; i < people->count; i++)
		require_ok(tuy_node_load_op(
			node, 0, (struct tuy_bytes){ people->op[i].b, people->op[i].len }));
	require_ok(tuy_node_load_epoch(node, 0, &people->epoch_id, &people->epoch_key));
	for (uint32_t i = 0; i < contents->log_count; i++)
		require_ok(tuy_node_load_log(node, &contents->logs[i]));
	if (contents->address.p != NULL)
		tuy_node_load_address(node, contents->address);
}

static void entry_keep(struct phantom *phantom, const struct tuy_store_item *item, uint32_t i)
{
	struct kept *kept = &phantom->kept[phantom->next++ % KEPT_MAX];
	struct tuy_bytes blob = item->u.entries.blobs[i];
	if (kept->blob == NULL)
		kept->blob = malloc(BLOB_ROOM);
	if (kept->blob == NULL || blob.len > BLOB_ROOM)
		bench_die("no memory for an entry");
	kept->log_no = item->log_no;
	kept->seq = item->u.entries.from + i;
	kept->sig = item->u.entries.sig;
	memcpy(kept->header, item->u.entries.headers + (size_t)i * TUY_HEADER_SIZE,
	       TUY_HEADER_SIZE);
	kept->len = (uint32_t)blob.len;
	if (blob.len > 0)
		memcpy(kept->blob, blob.p, blob.len);
}

void phantom_store(struct phantom *phantom, const struct tuy_store_item *items, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		for (uint32_t j = 0;
		     items[i].kind == TUY_STORE_ENTRIES && j < items[i].u.entries.count; j++)
			entry_keep(phantom, &items[i], j);
}

static const struct kept *kept_find(const struct phantom *phantom, uint32_t log_no, uint32_t seq)
{
	for (uint32_t i = 1; i <= KEPT_MAX; i++) {
		const struct kept *kept = &phantom->kept[(phantom->next - i) % KEPT_MAX];
		if (kept->seq == seq && kept->log_no == log_no)
			return kept;
		if (kept->seq == 0)
			break;
	}
	return NULL;
}

void phantom_read(const struct phantom *phantom, const struct tuy_read *read, uint8_t *headers,
                  struct tuy_read_result *result)
{
	const struct people *people = phantom->contents->people;
	memset(result, 0, sizeof *result);
	result->headers = headers;
	for (uint32_t i = 0; read->kind == TUY_READ_OPS && i < read->count; i++) {
		const struct people_op *op = &people->op[read->index[i]];
		result->bytes[i] = (struct tuy_bytes){ op->b, op->len };
	}
	for (uint32_t i = 0; read->kind == TUY_READ_ENTRIES && i < read->count; i++) {
		const struct kept *kept = kept_find(phantom, read->log_no, read->from + i);
		if (kept == NULL) {
			result->err = TUY_E_STORE;
			return;
		}
		memcpy(headers + (size_t)i * TUY_HEADER_SIZE, kept->header, TUY_HEADER_SIZE);
		result->bytes[i] = (struct tuy_bytes){ kept->blob, kept->len };
		result->sig = kept->sig;
	}
	result->count = read->kind == TUY_READ_MISSING ? 0 : read->count;
}

void phantom_destroy(struct phantom *phantom)
{
	for (uint32_t i = 0; i < KEPT_MAX; i++)
		free(phantom->kept[i].blob);
	free(phantom);
}
