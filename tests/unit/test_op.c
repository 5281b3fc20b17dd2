#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <sodium.h>
#include <string.h>
#include "../../proto/blob.h"
#include "../../proto/op.h"
#include "../../proto/writer.h"

static struct {
	struct tuy_recovery_key member[2];
	struct tuy_device_keys device[2];
	struct tuy_cert cert[2];
	struct tuy_secret epoch_key;
	struct tuy_tag circle16;
	struct tuy_hash prev[TUY_OP_PREV_MAX]; /* ascending */
} people;
static uint8_t bytes[TUY_OP_MAX + 64];

static int people_make(void **state)
{
	(void)state;
	for (uint8_t i = 0; i < 2; i++) {
		struct tuy_secret device_secret = { { 1, i } }, seed = { { 2, i } };
		tuy_recovery_key_derive(&seed, &people.member[i]);
		tuy_device_keys_derive(&device_secret, &people.device[i]);
		people.cert[i] = tuy_cert_create(&people.member[i], &people.device[i]);
	}
	people.epoch_key.b[0] = 3;
	memset(people.circle16.b, 4, sizeof people.circle16.b);
	for (uint8_t i = 0; i < TUY_OP_PREV_MAX; i++)
		people.prev[i].b[0] = (uint8_t)(10 + i);
	return 0;
}

static struct tuy_op_author author_of(uint32_t prev_count)
{
	struct tuy_op_author by = { &people.device[0], people.circle16, people.prev, prev_count };
	return by;
}

static struct tuy_policy policy_usual(void)
{
	struct tuy_policy policy = { .admit = 1, .history = 0, .max = 150 };
	return policy;
}

static struct tuy_bytes genesis_made(void)
{
	struct tuy_op_author by = { .keys = &people.device[0] };
	struct tuy_dice dice = { .seed = { { 5 } } };
	struct tuy_policy policy = policy_usual();
	size_t len = 0;
	assert_int_equal(tuy_op_create_genesis(&by, &dice, &policy, &people.cert[0],
	                                       &people.epoch_key, bytes, sizeof bytes, &len),
	                 TUY_OK);
	return (struct tuy_bytes){ bytes, len };
}

static struct tuy_invite_key invite_key(void)
{
	struct tuy_invite invite = { .secret = { 6 }, .circle16 = people.circle16 };
	struct tuy_invite_key key;
	tuy_invite_key_derive(&invite, &key);
	return key;
}

static struct tuy_admission admission_made(void)
{
	struct tuy_invite_key key = invite_key();
	struct tuy_admission a = {
		.cert = people.cert[1],
		.role = TUY_MEMBER,
		.invite = key.pk,
		.handshake = { { 7 } },
		.epoch_id = { { 8 } },
	};
	a.join_sig = tuy_join_sign(&key, &people.circle16, &a.cert, &a.handshake);
	return a;
}

static struct tuy_bytes admit_made(const struct tuy_admission *admission, uint32_t prev_count)
{
	struct tuy_op_author by = author_of(prev_count);
	size_t len = 0;
	assert_int_equal(tuy_op_create_admit(&by, admission, bytes, sizeof bytes, &len), TUY_OK);
	return (struct tuy_bytes){ bytes, len };
}

/* Signs what `w` holds with a secret key, and parses it. */
static enum tuy_err signed_parse(struct tuy_writer *w, const uint8_t sk[64], struct tuy_op *op)
{
	struct tuy_bytes none = { 0 };
	struct tuy_hash id = tuy_hash("tuyau op v1", tuy_written(w), none, none);
	assert_int_equal(w->err, TUY_OK);
	crypto_sign_detached(w->p + w->len, NULL, id.b, sizeof id.b, sk);
	return tuy_op_parse((struct tuy_bytes){ w->p, w->len + 64 }, op);
}

/* Everything of an operation but its body, by device 0. */
static struct tuy_writer op_begun(uint64_t kind, uint32_t prev_count)
{
	struct tuy_writer w = tuy_writer(bytes, sizeof bytes - 64);
	struct tuy_tag zero = { { 0 } };
	tuy_write_array(&w, 6);
	tuy_write_uint(&w, 1);
	tuy_write_bin(&w, kind == TUY_OP_GENESIS ? zero.b : people.circle16.b, 16);
	tuy_write_bin(&w, people.device[0].device.b, 32);
	tuy_write_array(&w, prev_count);
	for (uint32_t i = 0; i < prev_count; i++)
		tuy_write_bin(&w, people.prev[i].b, 32);
	tuy_write_uint(&w, kind);
	return w;
}

static enum tuy_err begun_parse(struct tuy_writer *w)
{
	struct tuy_op op;
	return signed_parse(w, people.device[0].sign_sk, &op);
}

/* An epoch of `count` recipients whose first bytes are `first`, first + step, ... */
static void epoch_put(struct tuy_writer *w, uint32_t parents, uint32_t count, uint8_t first,
                      int step)
{
	uint8_t slot[48] = { 0x51 };
	tuy_write_array(w, 4);
	tuy_write_bin(w, people.prev[0].b, 32);
	tuy_write_array(w, parents);
	for (uint32_t i = 0; i < parents; i++)
		tuy_write_bin(w, people.prev[i].b, 32);
	tuy_write_bin(w, people.device[0].box_pk.b, 32);
	tuy_write_array(w, count);
	for (uint32_t i = 0; i < count; i++) {
		struct tuy_device device = { { (uint8_t)(first + step * (int)i) } };
		tuy_write_array(w, 2);
		tuy_write_bin(w, device.b, 32);
		tuy_write_bin(w, slot, sizeof slot);
	}
}

static void cuts_put(struct tuy_writer *w, uint32_t count, int step)
{
	tuy_write_array(w, count);
	for (uint32_t i = 0; i < count; i++) {
		struct tuy_log_id log = { { (uint8_t)(100 + step * (int)i) } };
		tuy_write_array(w, 3);
		tuy_write_bin(w, log.b, 32);
		tuy_write_uint(w, 64 * i);
		tuy_write_bin(w, people.prev[1].b, 32);
	}
}

static enum tuy_err policy_parse(uint64_t admit, uint64_t history, uint64_t max)
{
	struct tuy_writer w = op_begun(TUY_OP_POLICY, 1);
	tuy_write_array(&w, 1);
	tuy_write_map(&w, 3);
	tuy_write_uint(&w, 0);
	tuy_write_uint(&w, admit);
	tuy_write_uint(&w, 1);
	tuy_write_uint(&w, history);
	tuy_write_uint(&w, 2);
	tuy_write_uint(&w, max);
	return begun_parse(&w);
}

static void reads_the_genesis_it_wrote(void **state)
{
	(void)state;
	struct tuy_bytes signed_op = genesis_made();
	struct tuy_bytes doc = { signed_op.p, signed_op.len - 64 }, none = { 0 };
	struct tuy_tag zero = { { 0 } };
	struct tuy_op op;
	assert_int_equal(tuy_op_parse(signed_op, &op), TUY_OK);
	struct tuy_hash id = tuy_hash("tuyau op v1", doc, none, none);
	assert_memory_equal(op.id.b, id.b, 32);
	assert_ptr_equal(op.doc.p, doc.p);
	assert_int_equal(op.doc.len, doc.len);
	assert_memory_equal(op.sig.b, signed_op.p + doc.len, 64);
	assert_memory_equal(op.circle16.b, zero.b, 16);
	assert_memory_equal(op.author.b, people.device[0].device.b, 32);
	assert_int_equal(op.prev_count, 0);
	assert_int_equal(op.kind, TUY_OP_GENESIS);
	assert_int_equal(op.policy.admit, 1);
	assert_int_equal(op.policy.history, 0);
	assert_int_equal(op.policy.max, 150);
	assert_memory_equal(&op.cert, &people.cert[0], TUY_CERT_SIZE);
	assert_int_equal(op.epoch.parent_count, 0);
	assert_int_equal(op.epoch.recipient_count, 1);
	id = tuy_epoch_id(&people.epoch_key, NULL, 0);
	assert_memory_equal(op.epoch.id.b, id.b, 32);
}

static void hands_the_epoch_key_of_a_genesis_to_its_author(void **state)
{
	(void)state;
	struct tuy_op op;
	struct tuy_device device;
	struct tuy_secret key;
	const uint8_t *slot;
	assert_int_equal(tuy_op_parse(genesis_made(), &op), TUY_OK);
	tuy_epoch_recipient(&op.epoch, 0, &device, &slot);
	assert_memory_equal(device.b, people.device[0].device.b, 32);
	assert_int_equal(tuy_slot_open(people.device[0].box_sk, &people.device[0].box_pk,
	                               op.epoch.eph_pk, slot, &key),
	                 TUY_OK);
	assert_memory_equal(key.b, people.epoch_key.b, 32);
	assert_int_equal(tuy_slot_open(people.device[1].box_sk, &people.device[1].box_pk,
	                               op.epoch.eph_pk, slot, &key),
	                 TUY_E_OPEN);
}

static void reads_the_admission_it_wrote(void **state)
{
	(void)state;
	struct tuy_admission a = admission_made();
	struct tuy_op op;
	assert_int_equal(tuy_op_parse(admit_made(&a, 8), &op), TUY_OK);
	assert_int_equal(op.kind, TUY_OP_ADMIT);
	assert_memory_equal(op.circle16.b, people.circle16.b, 16);
	assert_int_equal(op.prev_count, 8);
	assert_memory_equal(op.prev, people.prev, sizeof people.prev);
	assert_memory_equal(&op.cert, &a.cert, TUY_CERT_SIZE);
	assert_int_equal(op.role, TUY_MEMBER);
	assert_memory_equal(op.invite.b, a.invite.b, 32);
	assert_memory_equal(op.join_sig.b, a.join_sig.b, 64);
	assert_memory_equal(op.handshake.b, a.handshake.b, 32);
	assert_memory_equal(op.epoch_id.b, a.epoch_id.b, 32);
}

static void admits_a_relay_without_an_epoch(void **state)
{
	(void)state;
	struct tuy_admission a = admission_made();
	struct tuy_hash zero = { { 0 } };
	struct tuy_op op;
	a.role = TUY_RELAY;
	a.epoch_id = zero;
	assert_int_equal(tuy_op_parse(admit_made(&a, 1), &op), TUY_OK);
	assert_int_equal(op.role, TUY_RELAY);
	assert_memory_equal(op.epoch_id.b, zero.b, 32);
	assert_int_equal(op.doc.p[op.doc.len - 1], 0xc0);
}

static void reads_the_epoch_it_wrote_with_devices_ascending(void **state)
{
	(void)state;
	enum { COUNT = 40 };
	static struct tuy_epoch_recipient_in to[COUNT + 1];
	struct tuy_op_author by = author_of(2);
	struct tuy_dice dice = { .seed = { { 9 } } };
	size_t len = 0;
	for (uint8_t i = 0; i < COUNT; i++) {
		to[i].device.b[0] = (uint8_t)(i * 77 % 251); /* in no order */
		to[i].box_pk = people.device[i % 2].box_pk;
	}
	to[COUNT] = to[3]; /* one of them twice */
	assert_int_equal(tuy_op_create_epoch(&by, &dice, &people.epoch_key, people.prev, 2, to,
	                                     COUNT + 1, bytes, sizeof bytes, &len),
	                 TUY_OK);
	struct tuy_op op;
	struct tuy_device before = { { 0 } }, device;
	const uint8_t *slot;
	struct tuy_secret key;
	assert_int_equal(tuy_op_parse((struct tuy_bytes){ bytes, len }, &op), TUY_OK);
	assert_int_equal(op.epoch.parent_count, 2);
	assert_memory_equal(op.epoch.parent, people.prev, 64);
	assert_int_equal(op.epoch.recipient_count, COUNT);
	unsigned int ours = 0;
	for (uint32_t i = 0; i < COUNT; i++) {
		tuy_epoch_recipient(&op.epoch, i, &device, &slot);
		assert_true(i == 0 || memcmp(before.b, device.b, 32) < 0);
		before = device;
		ours += tuy_slot_open(people.device[1].box_sk, &people.device[1].box_pk,
		                      op.epoch.eph_pk, slot, &key) == TUY_OK;
	}
	assert_int_equal(ours, COUNT / 2);
}

static void names_an_epoch_by_its_key_and_its_parents(void **state)
{
	(void)state;
	struct tuy_bytes none = { 0 }, two = { people.prev[0].b, 64 };
	struct tuy_hash got = tuy_epoch_id(&people.epoch_key, people.prev, 2);
	struct tuy_hash wanted =
		tuy_hash("tuyau epoch v1", TUY_BYTES(people.epoch_key.b), two, none);
	assert_memory_equal(got.b, wanted.b, 32);
	got = tuy_epoch_id(&people.epoch_key, people.prev, 1);
	assert_memory_not_equal(got.b, wanted.b, 32);
}

static void refuses_operations_with_any_bit_flipped(void **state)
{
	(void)state;
	static uint8_t kept[2048];
	struct tuy_admission a = admission_made();
	for (int which = 0; which < 2; which++) {
		struct tuy_bytes good = which ? admit_made(&a, 1) : genesis_made();
		struct tuy_op op = { .prev_count = 77 };
		assert_true(good.len <= sizeof kept);
		memcpy(kept, good.p, good.len);
		for (size_t bit = 0; bit < 8 * good.len; bit += 3) {
			kept[bit / 8] ^= (uint8_t)(1 << bit % 8);
			struct tuy_bytes bad = { kept, good.len };
			assert_int_not_equal(tuy_op_parse(bad, &op), TUY_OK);
			kept[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		assert_int_equal(op.prev_count, 77);
		assert_int_equal(tuy_op_parse((struct tuy_bytes){ kept, good.len }, &op), TUY_OK);
	}
}

static void refuses_operations_cut_or_continued(void **state)
{
	(void)state;
	struct tuy_bytes good = genesis_made();
	struct tuy_op op;
	for (size_t len = 0; len < good.len; len++)
		assert_int_not_equal(tuy_op_parse((struct tuy_bytes){ bytes, len }, &op), TUY_OK);
	assert_int_equal(tuy_op_parse((struct tuy_bytes){ bytes, 64 }, &op), TUY_E_SHORT);
	bytes[good.len] = 0;
	assert_int_not_equal(tuy_op_parse((struct tuy_bytes){ bytes, good.len + 1 }, &op), TUY_OK);
	assert_int_equal(tuy_op_parse((struct tuy_bytes){ bytes, TUY_OP_MAX + 1 }, &op),
	                 TUY_E_LIMIT);
}

/* Everything right, but made by somebody else. */
static void refuses_what_the_author_did_not_sign(void **state)
{
	(void)state;
	struct tuy_op op;
	struct tuy_writer w = op_begun(TUY_OP_KEEPER, 1);
	tuy_write_array(&w, 1);
	tuy_write_bin(&w, people.member[1].member.b, 32);
	assert_int_equal(signed_parse(&w, people.device[1].sign_sk, &op), TUY_E_SIGNATURE);
	assert_int_equal(signed_parse(&w, people.device[0].sign_sk, &op), TUY_OK);
	assert_memory_equal(op.target.b, people.member[1].member.b, 32);
}

static void refuses_a_genesis_by_another_than_the_certified_device(void **state)
{
	(void)state;
	struct tuy_writer w = op_begun(TUY_OP_GENESIS, 0);
	tuy_write_array(&w, 3);
	tuy_write_raw(&w, "\x83\x00\x00\x01\x00\x02\x03", 7);
	struct tuy_writer wrong = w;
	tuy_write_bin(&wrong, &people.cert[1], TUY_CERT_SIZE);
	epoch_put(&wrong, 0, 1, 1, 1);
	assert_int_equal(begun_parse(&wrong), TUY_E_FORMAT);
	tuy_write_bin(&w, &people.cert[0], TUY_CERT_SIZE);
	epoch_put(&w, 0, 1, 1, 1);
	assert_int_equal(begun_parse(&w), TUY_OK);
}

static void wants_a_genesis_without_past_and_the_others_with_one(void **state)
{
	(void)state;
	struct tuy_writer w = op_begun(TUY_OP_GENESIS, 1);
	tuy_write_array(&w, 3);
	tuy_write_raw(&w, "\x83\x00\x00\x01\x00\x02\x03", 7);
	tuy_write_bin(&w, &people.cert[0], TUY_CERT_SIZE);
	epoch_put(&w, 0, 1, 1, 1);
	assert_int_equal(begun_parse(&w), TUY_E_FORMAT);
	for (uint32_t prev_count = 0; prev_count <= 1; prev_count++) {
		w = op_begun(TUY_OP_LEAVE, prev_count);
		tuy_write_array(&w, 1);
		cuts_put(&w, 0, 1);
		assert_int_equal(begun_parse(&w), prev_count ? TUY_OK : TUY_E_FORMAT);
	}
}

static void wants_zeros_for_the_circle_in_a_genesis_only(void **state)
{
	(void)state;
	struct tuy_bytes good = genesis_made();
	struct tuy_writer w = { bytes, sizeof bytes - 64, good.len - 64, TUY_OK };
	bytes[2 + 2] = 1; /* behind array, version and the head of the circle */
	assert_int_equal(begun_parse(&w), TUY_E_FORMAT);
	bytes[2 + 2] = 0;
	assert_int_equal(begun_parse(&w), TUY_OK);
	w = op_begun(TUY_OP_LEAVE, 1);
	memset(bytes + 4, 0, 16);
	tuy_write_array(&w, 1);
	cuts_put(&w, 0, 1);
	assert_int_equal(begun_parse(&w), TUY_E_FORMAT);
}

/* A LEAVE with the two prev of these first bytes. */
static enum tuy_err prev_parse(uint8_t first, uint8_t second)
{
	struct tuy_writer w = op_begun(TUY_OP_LEAVE, 2);
	uint8_t *prev = bytes + 4 + 16 + 34 + 1;
	prev[2] = first;
	prev[34 + 2] = second;
	tuy_write_array(&w, 1);
	cuts_put(&w, 0, 1);
	return begun_parse(&w);
}

static void wants_prev_strictly_ascending_and_at_most_eight(void **state)
{
	(void)state;
	assert_int_equal(prev_parse(10, 11), TUY_OK);
	assert_int_equal(prev_parse(11, 10), TUY_E_FORMAT);
	assert_int_equal(prev_parse(11, 11), TUY_E_FORMAT);
	struct tuy_writer w = tuy_writer(bytes, sizeof bytes - 64);
	tuy_write_array(&w, 6);
	tuy_write_uint(&w, 1);
	tuy_write_bin(&w, people.circle16.b, 16);
	tuy_write_bin(&w, people.device[0].device.b, 32);
	tuy_write_array(&w, 9);
	for (uint8_t i = 0; i < 9; i++) {
		struct tuy_hash prev = { { i } };
		tuy_write_bin(&w, prev.b, 32);
	}
	tuy_write_uint(&w, TUY_OP_LEAVE);
	tuy_write_array(&w, 1);
	cuts_put(&w, 0, 1);
	assert_int_not_equal(begun_parse(&w), TUY_OK);
}

static void refuses_another_version_and_unknown_kinds(void **state)
{
	(void)state;
	for (uint64_t kind = 0; kind <= 12; kind++) {
		struct tuy_writer w = op_begun(kind, 1);
		tuy_write_array(&w, 1);
		cuts_put(&w, 0, 1);
		if (kind == TUY_OP_LEAVE)
			assert_int_equal(begun_parse(&w), TUY_OK);
		else
			assert_int_not_equal(begun_parse(&w), TUY_OK);
	}
	for (uint8_t version = 0; version < 3; version++) {
		struct tuy_writer w = op_begun(TUY_OP_LEAVE, 1);
		bytes[1] = version;
		tuy_write_array(&w, 1);
		cuts_put(&w, 0, 1);
		if (version == 1)
			assert_int_equal(begun_parse(&w), TUY_OK);
		else
			assert_int_not_equal(begun_parse(&w), TUY_OK);
	}
}

static void keeps_a_policy_within_its_bounds(void **state)
{
	(void)state;
	assert_int_equal(policy_parse(0, 0, 3), TUY_OK);
	assert_int_equal(policy_parse(1, 1, 150), TUY_OK);
	assert_int_not_equal(policy_parse(2, 0, 3), TUY_OK);
	assert_int_not_equal(policy_parse(0, 2, 3), TUY_OK);
	assert_int_not_equal(policy_parse(0, 0, 2), TUY_OK);
	assert_int_not_equal(policy_parse(0, 0, 151), TUY_OK);
	assert_int_not_equal(policy_parse(256, 0, 3), TUY_OK);
	static const struct {
		const char *map;
		size_t len;
	} wrong[] = {
		{ "\x82\x00\x00\x01\x00", 5 },                 /* no most members */
		{ "\x83\x00\x00\x01\x00\x03\x10", 7 },         /* another key */
		{ "\x84\x00\x00\x01\x00\x02\x10\x03\x00", 9 }, /* a key too many */
		{ "\x83\x01\x00\x00\x00\x02\x10", 7 },         /* in another order */
		{ "\x83\x00\xc2\x01\x00\x02\x10", 7 },         /* false for 0 */
	};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct tuy_writer w = op_begun(TUY_OP_POLICY, 1);
		tuy_write_array(&w, 1);
		tuy_write_raw(&w, wrong[i].map, wrong[i].len);
		assert_int_not_equal(begun_parse(&w), TUY_OK);
	}
}

static enum tuy_err epoch_parse(uint32_t parents, uint32_t count, uint8_t first, int step)
{
	struct tuy_writer w = op_begun(TUY_OP_EPOCH, 1);
	tuy_write_array(&w, 1);
	epoch_put(&w, parents, count, first, step);
	return begun_parse(&w);
}

static void wants_the_devices_of_an_epoch_strictly_ascending(void **state)
{
	(void)state;
	assert_int_equal(epoch_parse(8, 3, 5, 1), TUY_OK);
	assert_int_equal(epoch_parse(0, 20, 5, 2), TUY_OK);
	assert_int_equal(epoch_parse(0, 3, 5, 0), TUY_E_FORMAT);
	assert_int_equal(epoch_parse(0, 3, 5, -1), TUY_E_FORMAT);
	assert_int_not_equal(epoch_parse(0, 0, 5, 1), TUY_OK);
}

static enum tuy_err cuts_parse(uint32_t count, int step)
{
	struct tuy_writer w = op_begun(TUY_OP_LEAVE, 1);
	tuy_write_array(&w, 1);
	cuts_put(&w, count, step);
	return begun_parse(&w);
}

static void wants_cuts_strictly_ascending_by_log(void **state)
{
	(void)state;
	assert_int_equal(cuts_parse(0, 1), TUY_OK);
	assert_int_equal(cuts_parse(20, 1), TUY_OK);
	assert_int_equal(cuts_parse(2, 0), TUY_E_FORMAT);
	assert_int_equal(cuts_parse(2, -1), TUY_E_FORMAT);
}

/* The body of each kind, without its outer array. */
static void body_put(struct tuy_writer *w, enum tuy_op_kind kind)
{
	struct tuy_admission a = admission_made();
	switch (kind) {
	case TUY_OP_GENESIS:
		tuy_write_raw(w, "\x83\x00\x00\x01\x00\x02\x03", 7);
		tuy_write_bin(w, &people.cert[0], TUY_CERT_SIZE);
		epoch_put(w, 0, 1, 1, 1);
		break;
	case TUY_OP_ADMIT:
		tuy_write_bin(w, &a.cert, TUY_CERT_SIZE);
		tuy_write_uint(w, a.role);
		tuy_write_bin(w, a.invite.b, 32);
		tuy_write_bin(w, a.join_sig.b, 64);
		tuy_write_bin(w, a.handshake.b, 32);
		tuy_write_bin(w, a.epoch_id.b, 32);
		break;
	case TUY_OP_ADD_DEVICE:
		tuy_write_bin(w, &people.cert[1], TUY_CERT_SIZE);
		tuy_write_bin(w, a.epoch_id.b, 32);
		break;
	case TUY_OP_REMOVE_DEVICE:
	case TUY_OP_REMOVE:
	case TUY_OP_REMOVE_KEEPER:
		tuy_write_bin(w, people.prev[2].b, 32);
		cuts_put(w, 3, 1);
		epoch_put(w, 1, 3, 1, 1);
		if (kind == TUY_OP_REMOVE_KEEPER) {
			tuy_write_bin(w, people.prev[3].b, 32);
			tuy_write_bin(w, a.join_sig.b, 64);
		}
		break;
	case TUY_OP_KEEPER:
		tuy_write_bin(w, people.prev[2].b, 32);
		break;
	case TUY_OP_LEAVE:
		cuts_put(w, 3, 1);
		break;
	case TUY_OP_EPOCH:
		epoch_put(w, 1, 3, 1, 1);
		break;
	case TUY_OP_POLICY:
		tuy_write_raw(w, "\x83\x00\x00\x01\x00\x02\x03", 7);
		break;
	}
}

static void reads_every_kind_and_no_field_more_or_less(void **state)
{
	(void)state;
	static const uint32_t fields[] = { 0, 3, 6, 2, 3, 3, 1, 5, 1, 1, 1 };
	for (uint32_t kind = TUY_OP_GENESIS; kind <= TUY_OP_POLICY; kind++) {
		uint32_t prev_count = kind == TUY_OP_GENESIS ? 0 : 1;
		for (uint32_t more = 0; more < 3; more++) {
			struct tuy_writer w = op_begun(kind, prev_count);
			tuy_write_array(&w, fields[kind] + (more > 0));
			body_put(&w, (enum tuy_op_kind)kind);
			if (more == 1)
				tuy_write_nil(&w);
			if (more == 2)
				tuy_write_bin(&w, people.prev[0].b, 32);
			if (more == 0)
				assert_int_equal(begun_parse(&w), TUY_OK);
			else
				assert_int_not_equal(begun_parse(&w), TUY_OK);
		}
		struct tuy_writer w = op_begun(kind, prev_count);
		tuy_write_array(&w, fields[kind] - 1);
		body_put(&w, (enum tuy_op_kind)kind);
		assert_int_not_equal(begun_parse(&w), TUY_OK);
	}
}

static void reads_the_fields_of_a_keepers_removal(void **state)
{
	(void)state;
	struct tuy_op op;
	struct tuy_writer w = op_begun(TUY_OP_REMOVE_KEEPER, 1);
	tuy_write_array(&w, 5);
	body_put(&w, TUY_OP_REMOVE_KEEPER);
	assert_int_equal(signed_parse(&w, people.device[0].sign_sk, &op), TUY_OK);
	assert_memory_equal(op.target.b, people.prev[2].b, 32);
	assert_memory_equal(op.cosigner.b, people.prev[3].b, 32);
	assert_memory_equal(op.cosig.b, admission_made().join_sig.b, 64);
	assert_int_equal(op.epoch.recipient_count, 3);
	assert_int_equal(op.cuts.p[0], 0x93);
	assert_int_equal(op.cuts.len, 1 + 3 * (1 + 34 + 34) + 1 + 1 + 2);
	w = op_begun(TUY_OP_REMOVE_DEVICE, 1);
	tuy_write_array(&w, 3);
	body_put(&w, TUY_OP_REMOVE_DEVICE);
	assert_int_equal(signed_parse(&w, people.device[0].sign_sk, &op), TUY_OK);
	assert_memory_equal(op.target_device.b, people.prev[2].b, 32);
}

static void lets_a_recovery_key_add_and_remove_devices(void **state)
{
	(void)state;
	static const uint32_t fields[] = { 2, 3 };
	for (uint32_t i = 0; i < 2; i++) {
		struct tuy_op op;
		struct tuy_writer w = op_begun(TUY_OP_ADD_DEVICE + i, 1);
		memcpy(bytes + 4 + 16 + 2, people.member[1].member.b, 32);
		tuy_write_array(&w, fields[i]);
		body_put(&w, (enum tuy_op_kind)(TUY_OP_ADD_DEVICE + i));
		assert_int_equal(signed_parse(&w, people.member[1].sk, &op), TUY_OK);
		assert_memory_equal(op.author.b, people.member[1].member.b, 32);
	}
}

static void refuses_roles_that_do_not_exist(void **state)
{
	(void)state;
	struct tuy_admission a = admission_made();
	struct tuy_op op;
	for (int role = 0; role <= 4; role++) {
		a.role = (enum tuy_role)role;
		enum tuy_err err = tuy_op_parse(admit_made(&a, 1), &op);
		assert_int_equal(err == TUY_OK, role >= 1 && role <= 3);
	}
}

static void refuses_an_admission_on_another_circles_or_handshakes_join(void **state)
{
	(void)state;
	struct tuy_admission good = admission_made();
	struct tuy_op op;
	struct tuy_admission a = good;
	a.handshake.b[0] ^= 1;
	assert_int_equal(tuy_op_parse(admit_made(&a, 1), &op), TUY_E_SIGNATURE);
	a = good;
	a.cert = people.cert[0];
	assert_int_equal(tuy_op_parse(admit_made(&a, 1), &op), TUY_E_SIGNATURE);
	struct tuy_tag other = { { 9 } };
	struct tuy_invite_key key = invite_key();
	a = good;
	a.join_sig = tuy_join_sign(&key, &other, &a.cert, &a.handshake);
	assert_int_equal(tuy_op_parse(admit_made(&a, 1), &op), TUY_E_SIGNATURE);
	a = good;
	a.cert.sig.b[3] ^= 1; /* and a JOIN signed over it */
	a.join_sig = tuy_join_sign(&key, &people.circle16, &a.cert, &a.handshake);
	assert_int_equal(tuy_op_parse(admit_made(&a, 1), &op), TUY_E_SIGNATURE);
}

static void writes_no_operation_that_does_not_fit(void **state)
{
	(void)state;
	struct tuy_op_author by = author_of(1);
	struct tuy_dice dice = { .seed = { { 1 } } };
	struct tuy_policy policy = policy_usual();
	struct tuy_admission a = admission_made();
	size_t full = genesis_made().len, len = 77;
	static const size_t less[] = { 1, 64, 65, 400 };
	for (size_t i = 0; i < 4; i++) {
		size_t cap = full - less[i];
		memset(bytes, 0xee, sizeof bytes);
		assert_int_equal(tuy_op_create_genesis(&by, &dice, &policy, &people.cert[0],
		                                       &people.epoch_key, bytes, cap, &len),
		                 TUY_E_FULL);
		assert_int_equal(bytes[cap], 0xee);
	}
	assert_int_equal(tuy_op_create_admit(&by, &a, bytes, 300, &len), TUY_E_FULL);
	assert_int_equal(len, 77);
}

static void writes_no_epoch_longer_than_an_operation_may_be(void **state)
{
	(void)state;
	static struct tuy_epoch_recipient_in to[700];
	struct tuy_op_author by = author_of(1);
	struct tuy_dice dice = { .seed = { { 1 } } };
	uint32_t fit = 0;
	for (uint32_t i = 0; i < 700; i++) {
		tuy_put32(to[i].device.b, i);
		to[i].box_pk = people.device[1].box_pk;
	}
	static const uint32_t counts[] = { 100, 380, 700 };
	for (size_t i = 0; i < 3; i++) {
		size_t len = 0;
		struct tuy_op op;
		enum tuy_err err = tuy_op_create_epoch(&by, &dice, &people.epoch_key, NULL, 0, to,
		                                       counts[i], bytes, sizeof bytes, &len);
		if (err) {
			assert_int_equal(err, TUY_E_FULL);
			continue;
		}
		assert_true(len <= TUY_OP_MAX);
		assert_int_equal(tuy_op_parse((struct tuy_bytes){ bytes, len }, &op), TUY_OK);
		assert_int_equal(op.epoch.recipient_count, counts[i]);
		fit++;
	}
	assert_int_equal(fit, 2);
}

#define SAYS(sentence, test)                                                                       \
	{                                                                                          \
		sentence, test, NULL, NULL, NULL                                                   \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SAYS("reads the genesis it wrote", reads_the_genesis_it_wrote),
		SAYS("hands the epoch key of a genesis to its author",
		     hands_the_epoch_key_of_a_genesis_to_its_author),
		SAYS("reads the admission it wrote", reads_the_admission_it_wrote),
		SAYS("admits a relay without an epoch", admits_a_relay_without_an_epoch),
		SAYS("reads the epoch it wrote, with devices ascending",
		     reads_the_epoch_it_wrote_with_devices_ascending),
		SAYS("names an epoch by its key and its parents",
		     names_an_epoch_by_its_key_and_its_parents),
		SAYS("refuses operations with any bit flipped",
		     refuses_operations_with_any_bit_flipped),
		SAYS("refuses operations cut or continued", refuses_operations_cut_or_continued),
		SAYS("refuses what the author did not sign", refuses_what_the_author_did_not_sign),
		SAYS("refuses a genesis by another than the certified device",
		     refuses_a_genesis_by_another_than_the_certified_device),
		SAYS("wants a genesis without past and the others with one",
		     wants_a_genesis_without_past_and_the_others_with_one),
		SAYS("wants zeros for the circle in a genesis only",
		     wants_zeros_for_the_circle_in_a_genesis_only),
		SAYS("wants prev strictly ascending and at most eight",
		     wants_prev_strictly_ascending_and_at_most_eight),
		SAYS("refuses another version and unknown kinds",
		     refuses_another_version_and_unknown_kinds),
		SAYS("keeps a policy within its bounds", keeps_a_policy_within_its_bounds),
		SAYS("wants the devices of an epoch strictly ascending",
		     wants_the_devices_of_an_epoch_strictly_ascending),
		SAYS("wants cuts strictly ascending by log", wants_cuts_strictly_ascending_by_log),
		SAYS("reads every kind, and no field more or less",
		     reads_every_kind_and_no_field_more_or_less),
		SAYS("reads the fields of a keeper's removal",
		     reads_the_fields_of_a_keepers_removal),
		SAYS("lets a recovery key add and remove devices",
		     lets_a_recovery_key_add_and_remove_devices),
		SAYS("refuses roles that do not exist", refuses_roles_that_do_not_exist),
		SAYS("refuses an admission on another circle's or handshake's JOIN",
		     refuses_an_admission_on_another_circles_or_handshakes_join),
		SAYS("writes no operation that does not fit",
		     writes_no_operation_that_does_not_fit),
		SAYS("writes no epoch longer than an operation may be",
		     writes_no_epoch_longer_than_an_operation_may_be),
	};
	return cmocka_run_group_tests_name("op", tests, people_make, NULL);
}
