/*
 * Tuyau's own vectors: every value of PROTOCOL that is hashed, signed or sealed, made from fixed
 * inputs.
 *
 *     test_tuyau_vectors [FILE]           makes the values again and compares them with FILE
 *     test_tuyau_vectors --write FILE     writes them
 *
 * Without FILE tuyau_protocol_v1.json in TUY_VECTORS_DIR. Exits 0 if all are the same, 1 with the
 * place of the first difference, 2 if the file cannot be read or written. What was drawn (nonces,
 * ephemeral keys, content keys, random slots) stands in the file, so that another implementation
 * can follow without our dice; check_vectors.py is one.
 */
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../../proto/blob.h"
#include "../../proto/keys.h"
#include "../../proto/letter.h"
#include "../../proto/log.h"
#include "../../proto/noise.h"
#include "../../proto/op.h"
#include "../../proto/record.h"
#include "../../proto/retract.h"
#include "../../proto/text.h"
#include "../../proto/writer.h"
#include "fork_vectors.h"
#include "vector_json.h"

#ifndef TUY_VECTORS_DIR
#error "TUY_VECTORS_DIR must name the directory of the vector files"
#endif

#define DEVICES 3
#define MEMBERS 2
#define ENTRIES 4

/* The fixed inputs and what follows from them, in the order in which it is made. */
static struct {
	struct tuy_secret device_secret[DEVICES];
	struct tuy_device_keys device[DEVICES];
	struct tuy_secret member_seed[MEMBERS];
	struct tuy_recovery_key member[MEMBERS];
	struct tuy_cert cert[MEMBERS]; /* of the device with the same number */
	struct tuy_secret epoch_key[2];
	struct tuy_hash epoch_id[2];
	struct tuy_hash handshake;
	struct tuy_invite invite;
	struct tuy_sig join_sig;
	struct tuy_circle circle;
	struct tuy_tag circle16;
	struct tuy_log_id log;
	uint8_t op[4096];
	uint8_t blob[8192];
} w;

static struct tuy_dice dice_of(uint8_t first)
{
	struct tuy_dice dice = { .counter = 0 };
	input_fill(dice.seed.b, sizeof dice.seed.b, first);
	return dice;
}

/* ---- keys ---- */

static json_t *devices_make(void)
{
	json_t *list = json_array();
	for (uint8_t i = 0; i < DEVICES; i++) {
		json_t *o = json_object();
		struct tuy_device_keys *keys = &w.device[i];
		input_fill(w.device_secret[i].b, 32, (uint8_t)(0x10 + 0x20 * i));
		tuy_device_keys_derive(&w.device_secret[i], keys);
		put(o, "secret", HEX(w.device_secret[i].b));
		put(o, "sign_seed", hex(keys->sign_sk, 32));
		put(o, "sign_pk", HEX(keys->device.b));
		put(o, "link_sk", HEX(keys->link_sk));
		put(o, "link_pk", HEX(keys->link_pk.b));
		put(o, "box_sk", HEX(keys->box_sk));
		put(o, "box_pk", HEX(keys->box_pk.b));
		put(o, "letter_seed", hex(keys->letter_sk, 32));
		put(o, "letter_pk", HEX(keys->letter_pk.b));
		put(o, "checksum_key", HEX(keys->checksum.b));
		add(list, o);
	}
	return list;
}

static json_t *members_make(void)
{
	json_t *list = json_array();
	for (uint8_t i = 0; i < MEMBERS; i++) {
		json_t *o = json_object();
		char text[TUY_RECOVERY_TEXT];
		input_fill(w.member_seed[i].b, 32, (uint8_t)(0x90 + 0x20 * i));
		tuy_recovery_key_derive(&w.member_seed[i], &w.member[i]);
		tuy_recovery_text(&w.member_seed[i], text);
		put(o, "seed", HEX(w.member_seed[i].b));
		put(o, "member", HEX(w.member[i].member.b));
		put(o, "recovery_text", json_string(text));
		add(list, o);
	}
	return list;
}

static json_t *certificates_make(void)
{
	json_t *list = json_array();
	for (uint8_t i = 0; i < MEMBERS; i++) {
		json_t *o = json_object();
		w.cert[i] = tuy_cert_create(&w.member[i], &w.device[i]);
		check(tuy_cert_check(&w.cert[i]) == TUY_OK);
		put_int(o, "member", i);
		put_int(o, "device", i);
		put(o, "bytes", hex(&w.cert[i], TUY_CERT_SIZE));
		add(list, o);
	}
	return list;
}

/* ---- operations ---- */

/* What goes for every operation of device 0; its id to `id`. */
static json_t *op_describe(const struct tuy_op_author *by, size_t len, struct tuy_op *op)
{
	json_t *o = json_object(), *prev = json_array();
	check(tuy_op_parse((struct tuy_bytes){ w.op, len }, op) == TUY_OK);
	put_int(o, "kind", op->kind);
	put_int(o, "author_device", 0);
	put(o, "circle16", HEX(op->circle16.b));
	for (uint32_t i = 0; i < by->prev_count; i++)
		add(prev, HEX(by->prev[i].b));
	put(o, "prev", prev);
	put(o, "id", HEX(op->id.b));
	put(o, "bytes", hex(w.op, len));
	return o;
}

/* An epoch of `op`, whose ephemeral key was the first that `dice` gave. */
static json_t *epoch_describe(const struct tuy_op *op, struct tuy_dice dice, uint8_t which)
{
	json_t *o = json_object(), *parents = json_array(), *to = json_array();
	uint8_t eph_sk[32], eph_pk[32];
	tuy_dice_fill(&dice, eph_sk, sizeof eph_sk);
	check(crypto_scalarmult_base(eph_pk, eph_sk) == 0);
	check(memcmp(eph_pk, op->epoch.eph_pk, sizeof eph_pk) == 0);
	put(o, "key", HEX(w.epoch_key[which].b));
	for (uint32_t i = 0; i < op->epoch.parent_count; i++)
		add(parents, HEX(op->epoch.parent[i].b));
	put(o, "parents", parents);
	put(o, "eph_sk", HEX(eph_sk));
	for (uint32_t i = 0; i < op->epoch.recipient_count; i++) {
		struct tuy_device device;
		const uint8_t *slot;
		json_int_t at = 0;
		tuy_epoch_recipient(&op->epoch, i, &device, &slot);
		while (at < DEVICES && memcmp(device.b, w.device[at].device.b, 32) != 0)
			at++;
		check(at < DEVICES);
		struct tuy_secret key;
		check(tuy_slot_open(w.device[at].box_sk, &w.device[at].box_pk, eph_pk, slot,
		                    &key) == TUY_OK);
		check(memcmp(key.b, w.epoch_key[which].b, 32) == 0);
		add(to, json_integer(at));
	}
	put(o, "recipient_devices", to);
	put(o, "id", HEX(op->epoch.id.b));
	w.epoch_id[which] = op->epoch.id;
	return o;
}

static json_t *genesis_make(struct tuy_hash *id)
{
	struct tuy_op_author by = { .keys = &w.device[0] };
	struct tuy_policy policy = { .admit = 1, .history = 0, .max = 150 };
	struct tuy_dice dice = dice_of(0x21), same = dice;
	struct tuy_op op;
	size_t len;
	input_fill(w.epoch_key[0].b, 32, 0xc0);
	check(tuy_op_create_genesis(&by, &dice, &policy, &w.cert[0], &w.epoch_key[0], w.op,
	                            sizeof w.op, &len) == TUY_OK);
	json_t *o = op_describe(&by, len, &op), *p = json_object();
	put_int(p, "admit", policy.admit);
	put_int(p, "history", policy.history);
	put_int(p, "max", policy.max);
	put(o, "policy", p);
	put_int(o, "certificate", 0);
	put(o, "epoch", epoch_describe(&op, same, 0));
	*id = op.id;
	memcpy(w.circle.b, op.id.b, sizeof w.circle.b);
	memcpy(w.circle16.b, op.id.b, sizeof w.circle16.b);
	return o;
}

static json_t *invite_make(struct tuy_invite_key *key)
{
	static const uint8_t address[16] = {
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 7
	};
	json_t *o = json_object();
	char text[TUY_INVITE_TEXT];
	uint8_t bytes[TUY_INVITE_SIZE];
	size_t len;
	w.invite.link_pk = w.device[0].link_pk;
	w.invite.circle16 = w.circle16;
	w.invite.expires_s = 1800000000;
	w.invite.port = 47800;
	input_fill(w.invite.secret, sizeof w.invite.secret, 0xa5);
	memcpy(w.invite.address, address, sizeof address);
	tuy_invite_text(&w.invite, text);
	tuy_invite_key_derive(&w.invite, key);
	struct tuy_bytes body = { (const uint8_t *)text + 6, strlen(text) - 6 };
	check(tuy_base32_decode(body, bytes, sizeof bytes, &len) == TUY_OK);
	put_int(o, "device", 0);
	put(o, "secret", HEX(w.invite.secret));
	put(o, "circle16", HEX(w.circle16.b));
	put_int(o, "expires_s", w.invite.expires_s);
	put_int(o, "port", w.invite.port);
	put(o, "address", HEX(address));
	put(o, "bytes", HEX(bytes));
	put(o, "text", json_string(text));
	put(o, "key_seed", hex(key->sk, 32));
	put(o, "key_pk", HEX(key->pk.b));
	return o;
}

static json_t *join_make(const struct tuy_invite_key *key)
{
	json_t *o = json_object();
	input_fill(w.handshake.b, 32, 0x61);
	w.join_sig = tuy_join_sign(key, &w.circle16, &w.cert[1], &w.handshake);
	put(o, "circle16", HEX(w.circle16.b));
	put_int(o, "certificate", 1);
	put(o, "handshake_hash", HEX(w.handshake.b));
	put(o, "signature", HEX(w.join_sig.b));
	return o;
}

static json_t *admit_make(const struct tuy_hash *genesis, const struct tuy_invite_key *key,
                          struct tuy_hash *id)
{
	struct tuy_op_author by = { &w.device[0], w.circle16, genesis, 1 };
	struct tuy_admission admission = {
		.cert = w.cert[1],
		.role = TUY_MEMBER,
		.invite = key->pk,
		.join_sig = w.join_sig,
		.handshake = w.handshake,
		.epoch_id = w.epoch_id[0],
	};
	struct tuy_op op;
	size_t len;
	check(tuy_op_create_admit(&by, &admission, w.op, sizeof w.op, &len) == TUY_OK);
	json_t *o = op_describe(&by, len, &op);
	put_int(o, "certificate", 1);
	put_int(o, "role", admission.role);
	put(o, "invite_pk", HEX(key->pk.b));
	put(o, "join_signature", HEX(w.join_sig.b));
	put(o, "handshake_hash", HEX(w.handshake.b));
	put(o, "epoch_id", HEX(w.epoch_id[0].b));
	*id = op.id;
	return o;
}

/* A second epoch, for two devices, after two operations. */
static json_t *epoch_make(const struct tuy_hash *genesis, const struct tuy_hash *admit)
{
	bool is_first = memcmp(genesis->b, admit->b, 32) < 0;
	struct tuy_hash prev[2] = { is_first ? *genesis : *admit, is_first ? *admit : *genesis };
	struct tuy_op_author by = { &w.device[0], w.circle16, prev, 2 };
	struct tuy_epoch_recipient_in to[2];
	struct tuy_dice dice = dice_of(0x43), same = dice;
	struct tuy_op op;
	size_t len;
	for (int i = 0; i < 2; i++)
		to[i] = (struct tuy_epoch_recipient_in){ w.device[i].device, w.device[i].box_pk };
	input_fill(w.epoch_key[1].b, 32, 0xe0);
	check(tuy_op_create_epoch(&by, &dice, &w.epoch_key[1], &w.epoch_id[0], 1, to, 2, w.op,
	                          sizeof w.op, &len) == TUY_OK);
	json_t *o = op_describe(&by, len, &op);
	put(o, "epoch", epoch_describe(&op, same, 1));
	return o;
}

static json_t *circle_make(json_t *all)
{
	json_t *ops = json_object();
	struct tuy_hash genesis, admit;
	struct tuy_invite_key key;
	put(ops, "genesis", genesis_make(&genesis));
	put(all, "circle_id", HEX(w.circle.b));
	put(all, "invite", invite_make(&key));
	put(all, "join", join_make(&key));
	put(ops, "admit", admit_make(&genesis, &key, &admit));
	put(ops, "epoch", epoch_make(&genesis, &admit));
	return ops;
}

/* ---- logs ---- */

static struct tuy_tag nonce_of(uint8_t first)
{
	struct tuy_tag nonce;
	input_fill(nonce.b, sizeof nonce.b, first);
	return nonce;
}

/* What entry 3 retracts: entries of its own log, one of them to come. */
static struct tuy_retract retract_of_3(void)
{
	return (struct tuy_retract){ tuy_log16(&w.log), 3, { 1, 2, 70000 } };
}

/* The record of an entry: a tip, an ask, a retraction. */
static struct tuy_bytes record_make(uint32_t seq, uint8_t *out, size_t cap)
{
	static const char *const text[] = { "Bakery wants an oven",
		                            "Who knows someone at the mill?" };
	struct tuy_writer writer = tuy_writer(out, cap);
	if (seq <= 2) {
		struct tuy_record record = {
			.kind = seq == 1 ? TUY_RECORD_TIP : TUY_RECORD_ASK,
			.nonce = nonce_of((uint8_t)seq),
			.rev = 1,
		};
		struct tuy_record_fault fault;
		enum tuy_field field = seq == 1 ? TUY_FIELD_TITLE : TUY_FIELD_TEXT;
		record.value[field] = (struct tuy_value){
			.present = true,
			.text = { (const uint8_t *)text[seq - 1], strlen(text[seq - 1]) },
		};
		if (seq == 2)
			record.value[TUY_FIELD_ASK] =
				(struct tuy_value){ .present = true, .number = 2 };
		check(tuy_record_check(&record, &fault) == TUY_OK);
		check(tuy_record_write(&record, &writer) == TUY_OK);
	} else {
		struct tuy_tag nonce = nonce_of((uint8_t)seq);
		struct tuy_retract retract = retract_of_3();
		size_t len;
		check(tuy_retract_write(&retract, &nonce, out, cap, &len) == TUY_OK);
		return (struct tuy_bytes){ out, len };
	}
	check(writer.err == TUY_OK);
	return tuy_written(&writer);
}

/* What a blob of mode 1 is made of: found with the dice it was made with, and with the keys. */
static void sealed_describe(json_t *o, struct tuy_bytes blob, struct tuy_dice dice)
{
	json_t *slots = json_array();
	uint8_t nonce[24], eph_sk[32], eph_pk[32];
	struct tuy_secret key, opened;
	tuy_dice_fill(&dice, nonce, sizeof nonce);
	tuy_dice_fill(&dice, eph_sk, sizeof eph_sk);
	tuy_dice_fill(&dice, key.b, sizeof key.b);
	check(crypto_scalarmult_base(eph_pk, eph_sk) == 0);
	check(memcmp(eph_pk, blob.p + 26, 32) == 0 && memcmp(nonce, blob.p + 1, 24) == 0);
	put(o, "eph_sk", HEX(eph_sk));
	put(o, "key", HEX(key.b));
	for (size_t i = 0; i < blob.p[25]; i++) {
		const uint8_t *slot = blob.p + 58 + i * TUY_SLOT_SIZE;
		json_t *s = json_object();
		int at = 0;
		while (at < DEVICES && tuy_slot_open(w.device[at].box_sk, &w.device[at].box_pk,
		                                     eph_pk, slot, &opened) != TUY_OK)
			at++;
		if (at < DEVICES) {
			check(memcmp(opened.b, key.b, sizeof key.b) == 0);
			put_int(s, "recipient_device", (uint64_t)at);
		} else {
			put(s, "random", hex(slot, TUY_SLOT_SIZE));
		}
		add(slots, s);
	}
	put(o, "slots", slots);
}

static json_t *retract_describe(void)
{
	json_t *o = json_object(), *seqs = json_array();
	struct tuy_retract retract = retract_of_3();
	put(o, "nonce", HEX(nonce_of(3).b));
	put(o, "log16", HEX(retract.log.b));
	for (uint32_t i = 0; i < retract.count; i++)
		add(seqs, json_integer(retract.seqs[i]));
	put(o, "seqs", seqs);
	return o;
}

/* Entry 1, 2 and 3 carry blobs of mode 0, 1 and 2. */
static json_t *blob_make(uint32_t seq, struct tuy_bytes *blob)
{
	json_t *o = json_object();
	uint8_t record_bytes[512], opened[512];
	struct tuy_bytes record = record_make(seq, record_bytes, sizeof record_bytes);
	struct tuy_box_pk to[2] = { w.device[0].box_pk, w.device[2].box_pk };
	struct tuy_dice dice = dice_of((uint8_t)(0x70 + seq)), same = dice;
	size_t len = 0, opened_len = 0;
	enum tuy_err err = TUY_E_FORMAT;
	if (seq == 1)
		err = tuy_blob_seal_circle(&dice, &w.epoch_key[0], &w.log, seq, record, w.blob,
		                           sizeof w.blob, &len);
	if (seq == 2)
		err = tuy_blob_seal_devices(&dice, to, 2, &w.log, seq, record, w.blob,
		                            sizeof w.blob, &len);
	if (seq == 3)
		err = tuy_blob_seal_clear(&dice, record, w.blob, sizeof w.blob, &len);
	check(err == TUY_OK);
	*blob = (struct tuy_bytes){ w.blob, len };
	check(tuy_blob_open(*blob, &w.epoch_key[0], w.device[2].box_sk, &w.device[2].box_pk, &w.log,
	                    seq, opened, &opened_len) == TUY_OK);
	check(opened_len == record.len && memcmp(opened, record.p, record.len) == 0);
	put_int(o, "mode", w.blob[0]);
	put(o, "record", hex(record.p, record.len));
	put(o, "nonce", hex(w.blob + 1, 24));
	if (seq == 3)
		put(o, "retract", retract_describe());
	if (seq == 1)
		put(o, "epoch_key", HEX(w.epoch_key[0].b));
	if (seq == 2)
		sealed_describe(o, *blob, same);
	put(o, "bytes", hex(w.blob, len));
	return o;
}

static json_t *entry_make(uint32_t seq, struct tuy_hash *hash, uint8_t bytes[TUY_HEADER_SIZE])
{
	json_t *o = json_object();
	struct tuy_header header = {
		.flags = seq == ENTRIES ? TUY_HEADER_END : TUY_HEADER_PAYLOAD,
		.seq = seq,
		.time_s = 1750000000 + 60 * seq,
		.exp_s = seq == 1 ? 0 : 1800000000 + seq,
	};
	if (seq < ENTRIES) {
		struct tuy_bytes blob;
		put(o, "blob", blob_make(seq, &blob));
		header.payload_len = (uint32_t)blob.len;
		header.pcommit = tuy_blob_commit(blob);
		if (seq < 3)
			memcpy(header.epoch.b, w.epoch_id[0].b, sizeof header.epoch.b);
	}
	tuy_header_encode(&header, bytes);
	*hash = tuy_chain_next(hash, bytes);
	put_int(o, "flags", header.flags);
	put_int(o, "seq", seq);
	put_int(o, "time_s", header.time_s);
	put_int(o, "expiry_s", header.exp_s);
	put(o, "epoch8", HEX(header.epoch.b));
	put(o, "pcommit", HEX(header.pcommit.b));
	put(o, "header", hex(bytes, TUY_HEADER_SIZE));
	put(o, "hash", HEX(hash->b));
	return o;
}

static json_t *log_make(void)
{
	json_t *o = json_object(), *entries = json_array();
	uint8_t headers[ENTRIES * TUY_HEADER_SIZE];
	struct tuy_incarnation incarnation;
	struct tuy_head empty = { .seq = 0 }, end;
	input_fill(incarnation.b, sizeof incarnation.b, 0x31);
	w.log = tuy_log_id(&w.circle, &w.device[0].device, &incarnation);
	struct tuy_log16 log16 = tuy_log16(&w.log);
	struct tuy_hash hash = empty.hash = tuy_chain_start(&w.log);
	put_int(o, "device", 0);
	put(o, "incarnation", HEX(incarnation.b));
	put(o, "log_id", HEX(w.log.b));
	put(o, "log16", HEX(log16.b));
	for (uint32_t seq = 1; seq <= ENTRIES; seq++)
		add(entries, entry_make(seq, &hash, headers + (seq - 1) * TUY_HEADER_SIZE));
	put(o, "entries", entries);
	struct tuy_sig sig = tuy_head_sign(w.device[0].sign_sk, &w.log, ENTRIES, &hash);
	check(tuy_run_check(&w.device[0].device, &w.log, &empty, headers, ENTRIES, &sig, &end) ==
	      TUY_OK);
	put(o, "head_signature", HEX(sig.b));
	return o;
}

/* ---- the rest ---- */

static json_t *object_make(void)
{
	json_t *o = json_object();
	struct tuy_tag nonce = nonce_of(1);
	struct tuy_object id = tuy_object_id(&w.circle, &w.member[0].member, &nonce);
	char text[TUY_OBJECT_TEXT];
	tuy_object_text(&id, text);
	put_int(o, "member", 0);
	put(o, "nonce", HEX(nonce.b));
	put(o, "id", HEX(id.b));
	put(o, "text", json_string(text));
	return o;
}

static json_t *knock_make(void)
{
	json_t *o = json_object();
	uint8_t message_1[TUY_NOISE_1_SIZE];
	input_fill(message_1, sizeof message_1, 0x05);
	struct tuy_tag knock = tuy_noise_knock(&w.device[1].link_pk, message_1);
	put_int(o, "device", 1);
	put(o, "message_1", HEX(message_1));
	put(o, "knock", HEX(knock.b));
	return o;
}

/* PROTOCOL 5.4, both roles. */
static json_t *tags_make(void)
{
	json_t *list = json_array();
	struct tuy_secret id, key;
	memcpy(id.b, w.circle.b, sizeof id.b);
	key = tuy_kdf(&id, "tuycircl", 1);
	for (uint8_t role = 0; role < 2; role++) {
		json_t *o = json_object();
		uint8_t text[33], tag[16];
		memcpy(text, w.handshake.b, 32);
		text[32] = role;
		check(crypto_generichash(tag, sizeof tag, text, sizeof text, key.b, sizeof key.b) ==
		      0);
		put(o, "handshake_hash", HEX(w.handshake.b));
		put_int(o, "role", role);
		put(o, "tag", HEX(tag));
		add(list, o);
	}
	return list;
}

static json_t *address_make(void)
{
	json_t *o = json_object(), *list = json_array();
	struct tuy_address_record record = { .device = w.device[0].device,
		                             .counter = 70000,
		                             .count = 2 };
	struct tuy_address_record read;
	uint8_t bytes[TUY_ADDRESS_RECORD_MAX];
	size_t len;
	for (uint8_t i = 0; i < record.count; i++) {
		json_t *a = json_object();
		input_fill(record.address[i].ip, 16, (uint8_t)(0x20 + i));
		record.address[i].port = (uint16_t)(47800 + i);
		put(a, "ip", HEX(record.address[i].ip));
		put_int(a, "port", record.address[i].port);
		add(list, a);
	}
	check(tuy_address_record_create(w.device[0].sign_sk, &record, bytes, sizeof bytes, &len) ==
	      TUY_OK);
	check(tuy_address_record_parse((struct tuy_bytes){ bytes, len }, &read) == TUY_OK);
	put_int(o, "device", 0);
	put_int(o, "counter", record.counter);
	put(o, "addresses", list);
	put(o, "bytes", hex(bytes, len));
	return o;
}

/* ---- letters ---- */

static json_t *letter_make(void)
{
	json_t *o = json_object();
	struct tuy_letter letter = {
		.lang = TUY_LETTER_FR,
		.text = { [TUY_LETTER_FROM] = tuy_text_bytes("Alice Martin, Armor Infogérance"),
		          [TUY_LETTER_FOR] = tuy_text_bytes("la directrice financière"),
		          [TUY_LETTER_ABOUT] = tuy_text_bytes("Farid Expertise"),
		          [TUY_LETTER_RELATION] =
		                  tuy_text_bytes("cliente depuis mars 2022, deux clôtures "
		                                 "d'exercice menées ensemble"),
		          [TUY_LETTER_LIMITS] = tuy_text_bytes("les groupes de plus de 500"),
		          [TUY_LETTER_CALL] = tuy_text_bytes("01 99 00 45 67") },
		.fact = { tuy_text_bytes("délais tenus"), tuy_text_bytes("un interlocuteur") },
		.fact_count = 2,
		.made_day = 20414,
		.expires_day = 20504,
		.number = "7KQ2M9XD",
		.key = tuy_minisign_key(&w.device[0].letter_pk),
	};
	struct tuy_letter_comment comment = { TUY_LETTER_VOUCH, 1763800000, "7KQ2M9XD", 20504 };
	struct tuy_letter_fault fault;
	struct tuy_tag nonce = tuy_letter_nonce(&w.device[0].letter_pk, letter.number);
	uint8_t text[TUY_LETTER_MAX];
	uint8_t sign[TUY_MINISIGN_MAX];
	char trusted[TUY_LETTER_COMMENT];
	char key[TUY_MINISIGN_KEY_TEXT];
	size_t len;
	size_t sign_len;
	check(tuy_letter_check(&letter, &fault) == TUY_OK);
	check(tuy_letter_write(&letter, "lettre.txt", text, sizeof text, &len) == TUY_OK);
	tuy_letter_comment_write(&comment, "lettre.txt", trusted);
	check(tuy_minisign_write(w.device[0].letter_sk, (struct tuy_bytes){ text, len },
	                         tuy_text_bytes("a letter"), tuy_text_bytes(trusted), sign,
	                         sizeof sign, &sign_len) == TUY_OK);
	tuy_minisign_key_text(&letter.key, key);
	put_int(o, "device", 0);
	put(o, "key", json_string(key));
	put(o, "number", json_string(letter.number));
	put(o, "expires", json_string("2026-02-20"));
	put(o, "text", json_stringn((const char *)text, len));
	put(o, "trusted_comment", json_string(trusted));
	put(o, "signature", json_stringn((const char *)sign, sign_len));
	put(o, "revocation_nonce", HEX(nonce.b));
	return o;
}

static json_t *vectors_make(void)
{
	json_t *all = json_object();
	put(all, "what",
	    json_string("The Tuyau protocol, version 1: values made by "
	                "test_tuyau_vectors.c --write from inputs that count up; "
	                "bytes in hexadecimal"));
	put(all, "devices", devices_make());
	put(all, "members", members_make());
	put(all, "certificates", certificates_make());
	put(all, "operations", circle_make(all));
	put(all, "log", log_make());
	put(all, "fork", fork_vectors(&w.device[0], &w.log));
	put(all, "base", base_vectors(&w.device[0], &w.log));
	put(all, "clone", clone_vectors(&w.device[0]));
	put(all, "object", object_make());
	put(all, "knock", knock_make());
	put(all, "connection_tags", tags_make());
	put(all, "address_record", address_make());
	put(all, "letter", letter_make());
	return all;
}

/* True if both are the same; else prints where they first differ. */
static bool same_check(const json_t *ours, const json_t *theirs, const char *where)
{
	char place[256];
	if (json_equal(ours, theirs))
		return true;
	if (json_is_object(ours) && json_is_object(theirs)) {
		const char *name;
		json_t *value;
		json_object_foreach((json_t *)ours, name, value)
		{
			snprintf(place, sizeof place, "%s.%s", where, name);
			if (!same_check(value, json_object_get(theirs, name), place))
				return false;
		}
	} else if (json_is_array(ours) && json_is_array(theirs)) {
		for (size_t i = 0; i < json_array_size(ours); i++) {
			snprintf(place, sizeof place, "%s[%zu]", where, i);
			if (!same_check(json_array_get(ours, i), json_array_get(theirs, i), place))
				return false;
		}
	}
	char *text = json_dumps(ours, JSON_ENCODE_ANY);
	fprintf(stderr, "differs at %s, made here: %s\n", where, text ? text : "?");
	free(text);
	return false;
}

static int file_write(const char *path)
{
	json_t *all = vectors_make();
	int bad = json_dump_file(all, path, JSON_INDENT(1));
	FILE *f = bad ? NULL : fopen(path, "a");
	bad |= f ? fputc('\n', f) == EOF : 1;
	if (f)
		bad |= fclose(f);
	if (bad)
		perror(path);
	json_decref(all);
	return bad ? 2 : 0;
}

static int file_check(const char *path)
{
	json_error_t error;
	json_t *theirs = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
	if (!theirs) {
		fprintf(stderr, "%s:%d: %s\n", path, error.line, error.text);
		return 2;
	}
	json_t *ours = vectors_make();
	bool same = same_check(ours, theirs, "");
	json_decref(ours);
	json_decref(theirs);
	printf("%s: %s\n", path, same ? "all values are the same" : "NOT the same");
	return same ? 0 : 1;
}

int main(int argc, char **argv)
{
	if (sodium_init() < 0)
		return 2;
	if (argc == 3 && strcmp(argv[1], "--write") == 0)
		return file_write(argv[2]);
	if (argc <= 2)
		return file_check(argc == 2 ? argv[1] : TUY_VECTORS_DIR "/tuyau_protocol_v1.json");
	fprintf(stderr, "usage: test_tuyau_vectors [--write] [FILE]\n");
	return 2;
}
