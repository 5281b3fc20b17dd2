/*
 * Operations and address records from outside. The first byte says how the rest is used: as it is,
 * or as the body of an operation that a device of ours signs, so that the fuzzer gets past the
 * signature. What is accepted must keep the promises of op.h.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include "../../proto/blob.h"
#include "../../proto/op.h"
#include "../../proto/writer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void promise(bool kept)
{
	if (!kept)
		abort();
}

static bool is_inside(struct tuy_bytes part, struct tuy_bytes whole)
{
	return part.p >= whole.p && part.p + part.len <= whole.p + whole.len;
}

static void epoch_look(const struct tuy_op *op)
{
	struct tuy_device before = { { 0 } }, device;
	const uint8_t *slot;
	promise(op->epoch.recipient_count >= 1 && op->epoch.parent_count <= TUY_OP_PREV_MAX);
	promise(is_inside(op->epoch.recipients, op->doc));
	for (uint32_t i = 0; i < op->epoch.recipient_count; i++) {
		tuy_epoch_recipient(&op->epoch, i, &device, &slot);
		promise(is_inside((struct tuy_bytes){ slot, TUY_SLOT_SIZE }, op->doc));
		promise(i == 0 || memcmp(before.b, device.b, sizeof device.b) < 0);
		before = device;
	}
}

static void op_look(struct tuy_bytes signed_op)
{
	struct tuy_op op;
	if (tuy_op_parse(signed_op, &op) != TUY_OK)
		return;
	promise(op.kind >= TUY_OP_GENESIS && op.kind <= TUY_OP_POLICY);
	promise((op.kind == TUY_OP_GENESIS) == (op.prev_count == 0));
	promise(op.prev_count <= TUY_OP_PREV_MAX);
	for (uint32_t i = 1; i < op.prev_count; i++)
		promise(memcmp(op.prev[i - 1].b, op.prev[i].b, sizeof op.prev[i].b) < 0);
	if (op.epoch.recipients.p)
		epoch_look(&op);
	if (op.cuts.p)
		promise(is_inside(op.cuts, op.doc) && op.cuts.len >= 1);
	if (op.kind == TUY_OP_GENESIS || op.kind == TUY_OP_POLICY)
		promise(op.policy.max >= 3 && op.policy.max <= TUY_MEMBERS_MAX);
	if (op.kind == TUY_OP_ADMIT)
		promise(op.role >= TUY_KEEPER && op.role <= TUY_RELAY);
}

/* An accepted record must come out again as the same bytes. */
static void address_look(struct tuy_bytes bytes)
{
	static const struct tuy_secret secret = { { 1 } };
	struct tuy_device_keys keys;
	struct tuy_address_record record;
	uint8_t again[TUY_ADDRESS_RECORD_MAX];
	size_t len = 0;
	if (tuy_address_record_parse(bytes, &record) != TUY_OK)
		return;
	promise(record.count <= TUY_ADDRESSES_MAX);
	tuy_device_keys_derive(&secret, &keys);
	if (memcmp(record.device.b, keys.device.b, sizeof record.device.b) != 0)
		return;
	promise(tuy_address_record_create(keys.sign_sk, &record, again, sizeof again, &len) ==
	        TUY_OK);
	promise(len == bytes.len && memcmp(again, bytes.p, len) == 0);
}

/* Our device's operation of this kind with `body`. */
static void signed_look(uint8_t kind, struct tuy_bytes body)
{
	static const struct tuy_secret secret = { { 1 } };
	static const uint8_t zeros[16], ones[32] = { 1 };
	static uint8_t bytes[TUY_OP_MAX];
	struct tuy_device_keys keys;
	struct tuy_bytes none = { 0 };
	tuy_device_keys_derive(&secret, &keys);
	bool is_genesis = kind == TUY_OP_GENESIS;
	struct tuy_writer w = tuy_writer(bytes, sizeof bytes - 64);
	tuy_write_array(&w, 6);
	tuy_write_uint(&w, 1);
	tuy_write_bin(&w, is_genesis ? zeros : ones, 16);
	tuy_write_bin(&w, keys.device.b, sizeof keys.device.b);
	tuy_write_array(&w, is_genesis ? 0 : 1);
	if (!is_genesis)
		tuy_write_bin(&w, ones, sizeof ones);
	tuy_write_uint(&w, kind);
	tuy_write_raw(&w, body.p, body.len);
	if (w.err)
		return;
	struct tuy_hash id = tuy_hash("tuyau op v1", tuy_written(&w), none, none);
	if (crypto_sign_detached(bytes + w.len, NULL, id.b, sizeof id.b, keys.sign_sk) != 0)
		abort();
	op_look((struct tuy_bytes){ bytes, w.len + 64 });
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	struct tuy_bytes rest = { data + 1, size - 1 };
	if (data[0] == 0) {
		op_look(rest);
		address_look(rest);
	} else {
		signed_look((uint8_t)(data[0] % 12), rest);
	}
	return 0;
}
