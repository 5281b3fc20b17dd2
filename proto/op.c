#include "op.h"
#include "blob.h"
#include "reader.h"
#include "writer.h"
#include <sodium.h>
#include <string.h>

#define VERSION          1
#define SIG_SIZE         64
#define RECIPIENTS_MAX   (TUY_MEMBERS_MAX * TUY_DEVICES_PER_MEMBER)
#define RECIPIENT_SIZE   85                      /* array of 2, bin32, bin48 */
#define CUTS_MAX         (TUY_MSGPACK_NODES / 4) /* no rule of its own */
#define POLICY_MAX_LEAST 3

#define INVITE_PREFIX  "TUYAU:"
#define INVITE_CHARS   141
#define INVITE_VERSION 1

/* ---- reading ---- */

/* The part of `start` up to where the reader stands now. */
static struct tuy_bytes span_since(const uint8_t *start, const struct tuy_reader *r)
{
	return (struct tuy_bytes){ start, (size_t)(r->p - start) };
}

/* Fails the reader unless `now` comes after `before` in the order of bytes. */
static void order_check(struct tuy_reader *r, const uint8_t before[32], const uint8_t now[32])
{
	if (memcmp(before, now, 32) >= 0)
		tuy_read_fail(r, TUY_E_FORMAT);
}

static void policy_read(struct tuy_reader *r, struct tuy_policy *policy)
{
	uint8_t *const value[3] = { &policy->admit, &policy->history, &policy->max };
	static const uint8_t most[3] = { 1, 1, TUY_MEMBERS_MAX };
	if (tuy_read_map(r, 3) != 3)
		tuy_read_fail(r, TUY_E_FORMAT);
	for (uint32_t i = 0; i < 3; i++) {
		if (tuy_read_uint(r, 2) != i)
			tuy_read_fail(r, TUY_E_FORMAT);
		*value[i] = (uint8_t)tuy_read_uint(r, most[i]);
	}
	if (policy->max < POLICY_MAX_LEAST)
		tuy_read_fail(r, TUY_E_FORMAT);
}

static void cert_read(struct tuy_reader *r, struct tuy_cert *cert)
{
	tuy_read_fixed(r, cert, sizeof *cert);
}

static void epoch_read(struct tuy_reader *r, struct tuy_epoch_body *epoch)
{
	struct tuy_device before, device;
	tuy_read_array(r, 4, 4);
	tuy_read_fixed(r, epoch->id.b, sizeof epoch->id.b);
	epoch->parent_count = tuy_read_array(r, 0, TUY_OP_PREV_MAX);
	for (uint32_t i = 0; i < epoch->parent_count; i++)
		tuy_read_fixed(r, epoch->parent[i].b, sizeof epoch->parent[i].b);
	tuy_read_fixed(r, epoch->eph_pk, sizeof epoch->eph_pk);
	const uint8_t *start = r->p;
	epoch->recipient_count = tuy_read_array(r, 1, RECIPIENTS_MAX);
	for (uint32_t i = 0; i < epoch->recipient_count; i++) {
		tuy_read_array(r, 2, 2);
		tuy_read_fixed(r, device.b, sizeof device.b);
		tuy_read_bin(r, TUY_SLOT_SIZE, TUY_SLOT_SIZE);
		if (i > 0)
			order_check(r, before.b, device.b);
		before = device;
	}
	epoch->recipients = span_since(start, r);
}

static struct tuy_bytes cuts_read(struct tuy_reader *r)
{
	struct tuy_log_id before, log;
	struct tuy_hash hash;
	const uint8_t *start = r->p;
	uint32_t count = tuy_read_array(r, 0, CUTS_MAX);
	for (uint32_t i = 0; i < count; i++) {
		tuy_read_array(r, 3, 3);
		tuy_read_fixed(r, log.b, sizeof log.b);
		tuy_read_uint(r, UINT32_MAX);
		tuy_read_fixed(r, hash.b, sizeof hash.b);
		if (i > 0)
			order_check(r, before.b, log.b);
		before = log;
	}
	return span_since(start, r);
}

static void admit_read(struct tuy_reader *r, struct tuy_op *op)
{
	tuy_read_array(r, 6, 6);
	cert_read(r, &op->cert);
	uint64_t role = tuy_read_uint(r, TUY_RELAY);
	if (role < TUY_KEEPER)
		tuy_read_fail(r, TUY_E_FORMAT);
	op->role = (enum tuy_role)role;
	tuy_read_fixed(r, op->invite.b, sizeof op->invite.b);
	tuy_read_fixed(r, op->join_sig.b, sizeof op->join_sig.b);
	tuy_read_fixed(r, op->handshake.b, sizeof op->handshake.b);
	if (!tuy_read_nil(r))
		tuy_read_fixed(r, op->epoch_id.b, sizeof op->epoch_id.b);
}

static void body_read(struct tuy_reader *r, struct tuy_op *op)
{
	switch (op->kind) {
	case TUY_OP_GENESIS:
		tuy_read_array(r, 3, 3);
		policy_read(r, &op->policy);
		cert_read(r, &op->cert);
		epoch_read(r, &op->epoch);
		break;
	case TUY_OP_ADMIT:
		admit_read(r, op);
		break;
	case TUY_OP_ADD_DEVICE:
		tuy_read_array(r, 2, 2);
		cert_read(r, &op->cert);
		tuy_read_fixed(r, op->epoch_id.b, sizeof op->epoch_id.b);
		break;
	case TUY_OP_REMOVE_DEVICE:
		tuy_read_array(r, 3, 3);
		tuy_read_fixed(r, op->target_device.b, sizeof op->target_device.b);
		op->cuts = cuts_read(r);
		epoch_read(r, &op->epoch);
		break;
	case TUY_OP_REMOVE:
		tuy_read_array(r, 3, 3);
		tuy_read_fixed(r, op->target.b, sizeof op->target.b);
		op->cuts = cuts_read(r);
		epoch_read(r, &op->epoch);
		break;
	case TUY_OP_KEEPER:
		tuy_read_array(r, 1, 1);
		tuy_read_fixed(r, op->target.b, sizeof op->target.b);
		break;
	case TUY_OP_REMOVE_KEEPER:
		tuy_read_array(r, 5, 5);
		tuy_read_fixed(r, op->target.b, sizeof op->target.b);
		op->cuts = cuts_read(r);
		epoch_read(r, &op->epoch);
		tuy_read_fixed(r, op->cosigner.b, sizeof op->cosigner.b);
		tuy_read_fixed(r, op->cosig.b, sizeof op->cosig.b);
		break;
	case TUY_OP_LEAVE:
		tuy_read_array(r, 1, 1);
		op->cuts = cuts_read(r);
		break;
	case TUY_OP_EPOCH:
		tuy_read_array(r, 1, 1);
		epoch_read(r, &op->epoch);
		break;
	case TUY_OP_POLICY:
		tuy_read_array(r, 1, 1);
		policy_read(r, &op->policy);
		break;
	}
}

/* The form of op->doc, into the other fields. */
static enum tuy_err doc_read(struct tuy_op *op)
{
	struct tuy_reader r = tuy_reader(op->doc);
	tuy_read_array(&r, 6, 6);
	if (tuy_read_uint(&r, VERSION) != VERSION)
		tuy_read_fail(&r, TUY_E_FORMAT);
	tuy_read_fixed(&r, op->circle16.b, sizeof op->circle16.b);
	tuy_read_fixed(&r, op->author.b, sizeof op->author.b);
	op->prev_count = tuy_read_array(&r, 0, TUY_OP_PREV_MAX);
	for (uint32_t i = 0; i < op->prev_count; i++) {
		tuy_read_fixed(&r, op->prev[i].b, sizeof op->prev[i].b);
		if (i > 0)
			order_check(&r, op->prev[i - 1].b, op->prev[i].b);
	}
	uint64_t kind = tuy_read_uint(&r, TUY_OP_POLICY);
	if (kind < TUY_OP_GENESIS)
		tuy_read_fail(&r, TUY_E_FORMAT);
	if (r.err)
		return r.err;
	op->kind = (enum tuy_op_kind)kind;
	bool is_genesis = op->kind == TUY_OP_GENESIS;
	if (is_genesis != (op->prev_count == 0) ||
	    is_genesis != sodium_is_zero(op->circle16.b, sizeof op->circle16.b))
		return TUY_E_FORMAT;
	body_read(&r, op);
	return tuy_read_end(&r);
}

/* The signatures of an operation of the right form. */
static enum tuy_err sigs_check(const struct tuy_op *op)
{
	enum tuy_err err = TUY_OK;
	if (crypto_sign_verify_detached(op->sig.b, op->id.b, sizeof op->id.b, op->author.b) != 0)
		return TUY_E_SIGNATURE;
	bool has_cert = op->kind == TUY_OP_GENESIS || op->kind == TUY_OP_ADMIT ||
	                op->kind == TUY_OP_ADD_DEVICE;
	if (has_cert)
		err = tuy_cert_check(&op->cert);
	if (!err && op->kind == TUY_OP_ADMIT)
		err = tuy_join_check(&op->invite, &op->circle16, &op->cert, &op->handshake,
		                     &op->join_sig);
	if (!err && op->kind == TUY_OP_GENESIS &&
	    memcmp(op->author.b, op->cert.device.b, sizeof op->author.b) != 0)
		err = TUY_E_FORMAT;
	return err;
}

/* ---- writing ---- */

static void policy_write(struct tuy_writer *w, const struct tuy_policy *policy)
{
	tuy_require(policy->admit <= 1 && policy->history <= 1 && policy->max >= POLICY_MAX_LEAST &&
	            policy->max <= TUY_MEMBERS_MAX);
	tuy_write_map(w, 3);
	tuy_write_uint(w, 0);
	tuy_write_uint(w, policy->admit);
	tuy_write_uint(w, 1);
	tuy_write_uint(w, policy->history);
	tuy_write_uint(w, 2);
	tuy_write_uint(w, policy->max);
}

/* The places of the recipients in the order of their devices, each device once; how many. */
static uint32_t recipients_sort(const struct tuy_epoch_recipient_in *recipients, uint32_t count,
                                uint16_t order[RECIPIENTS_MAX])
{
	uint32_t sorted = 0;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t at = sorted;
		int cmp = 1;
		while (at > 0 && (cmp = memcmp(recipients[i].device.b,
		                               recipients[order[at - 1]].device.b, 32)) < 0)
			at--;
		if (cmp == 0)
			continue;
		memmove(order + at + 1, order + at, (sorted - at) * sizeof *order);
		order[at] = (uint16_t)i;
		sorted++;
	}
	return sorted;
}

/* What an epoch is made of. */
struct epoch_in {
	const struct tuy_secret *key;
	const struct tuy_hash *parents;
	uint32_t parent_count;
	const struct tuy_epoch_recipient_in *recipients;
	uint32_t recipient_count;
};

static void recipients_write(struct tuy_writer *w, const struct epoch_in *in,
                             const uint8_t eph_sk[32], const uint8_t eph_pk[32])
{
	uint16_t order[RECIPIENTS_MAX];
	uint8_t slot[TUY_SLOT_SIZE];
	uint32_t count = recipients_sort(in->recipients, in->recipient_count, order);
	tuy_write_array(w, count);
	for (uint32_t i = 0; i < count && !w->err; i++) {
		const struct tuy_epoch_recipient_in *to = &in->recipients[order[i]];
		enum tuy_err err = tuy_slot_seal(eph_sk, eph_pk, &to->box_pk, in->key, slot);
		tuy_require(err == TUY_OK); /* the keys of a checked certificate */
		tuy_write_array(w, 2);
		tuy_write_bin(w, to->device.b, sizeof to->device.b);
		tuy_write_bin(w, slot, sizeof slot);
	}
}

/* Drawn: the ephemeral secret key. */
static void epoch_write(struct tuy_writer *w, struct tuy_dice *dice, const struct epoch_in *in)
{
	uint8_t eph_sk[32], eph_pk[32];
	struct tuy_hash id = tuy_epoch_id(in->key, in->parents, in->parent_count);
	tuy_dice_fill(dice, eph_sk, sizeof eph_sk);
	int bad = crypto_scalarmult_base(eph_pk, eph_sk);
	tuy_require(bad == 0);
	tuy_write_array(w, 4);
	tuy_write_bin(w, id.b, sizeof id.b);
	tuy_write_array(w, in->parent_count);
	for (uint32_t i = 0; i < in->parent_count; i++)
		tuy_write_bin(w, in->parents[i].b, sizeof in->parents[i].b);
	tuy_write_bin(w, eph_pk, sizeof eph_pk);
	recipients_write(w, in, eph_sk, eph_pk);
	sodium_memzero(eph_sk, sizeof eph_sk);
}

/* Starts an operation: everything before the body. */
static struct tuy_writer op_begin(const struct tuy_op_author *by, enum tuy_op_kind kind,
                                  uint8_t *out, size_t cap)
{
	struct tuy_tag zero = { { 0 } };
	bool is_genesis = kind == TUY_OP_GENESIS;
	uint32_t prev_count = is_genesis ? 0 : by->prev_count;
	tuy_require(is_genesis || (prev_count >= 1 && prev_count <= TUY_OP_PREV_MAX));
	struct tuy_writer w = tuy_writer(out, cap < TUY_OP_MAX ? cap : TUY_OP_MAX);
	tuy_write_array(&w, 6);
	tuy_write_uint(&w, VERSION);
	tuy_write_bin(&w, is_genesis ? zero.b : by->circle16.b, sizeof zero.b);
	tuy_write_bin(&w, by->keys->device.b, sizeof by->keys->device.b);
	tuy_write_array(&w, prev_count);
	for (uint32_t i = 0; i < prev_count; i++) {
		tuy_require(i == 0 || memcmp(by->prev[i - 1].b, by->prev[i].b, 32) < 0);
		tuy_write_bin(&w, by->prev[i].b, sizeof by->prev[i].b);
	}
	tuy_write_uint(&w, kind);
	return w;
}

static struct tuy_hash op_id(struct tuy_bytes doc)
{
	struct tuy_bytes none = { 0 };
	return tuy_hash("tuyau op v1", doc, none, none);
}

/* Ends an operation: signs what was written. */
static enum tuy_err op_end(struct tuy_writer *w, const struct tuy_op_author *by, size_t *len)
{
	struct tuy_sig sig;
	if (w->err)
		return w->err;
	struct tuy_hash id = op_id(tuy_written(w));
	int bad = crypto_sign_detached(sig.b, NULL, id.b, sizeof id.b, by->keys->sign_sk);
	tuy_require(bad == 0);
	tuy_write_raw(w, sig.b, sizeof sig.b);
	if (w->err)
		return w->err;
	*len = w->len;
	return TUY_OK;
}

/* ---- invites ---- */

/* What a JOIN signs: circle id[16] ‖ certificate ‖ handshake hash. */
#define JOIN_SIZE (16 + TUY_CERT_SIZE + 32)
static void join_fill(const struct tuy_tag *circle16, const struct tuy_cert *cert,
                      const struct tuy_hash *handshake, uint8_t out[JOIN_SIZE])
{
	memcpy(out, circle16->b, sizeof circle16->b);
	memcpy(out + 16, cert, TUY_CERT_SIZE);
	memcpy(out + 16 + TUY_CERT_SIZE, handshake->b, sizeof handshake->b);
}

static void invite_encode(const struct tuy_invite *invite, uint8_t out[TUY_INVITE_SIZE])
{
	out[0] = INVITE_VERSION;
	out[1] = 0;
	memcpy(out + 2, invite->link_pk.b, 32);
	memcpy(out + 34, invite->secret, 16);
	memcpy(out + 50, invite->circle16.b, 16);
	tuy_put32(out + 66, invite->expires_s);
	tuy_put16(out + 70, invite->port);
	memcpy(out + 72, invite->address, 16);
}

static void invite_decode(const uint8_t in[TUY_INVITE_SIZE], struct tuy_invite *invite)
{
	memcpy(invite->link_pk.b, in + 2, 32);
	memcpy(invite->secret, in + 34, 16);
	memcpy(invite->circle16.b, in + 50, 16);
	invite->expires_s = tuy_get32(in + 66);
	invite->port = tuy_get16(in + 70);
	memcpy(invite->address, in + 72, 16);
}

/* Copies the first characters that carry bits, at most as many as an invite has; how many there are
 * in all. What is not there is filled with 'A', zero bits. */
static size_t invite_chars_take(struct tuy_bytes text, uint8_t chars[INVITE_CHARS])
{
	size_t count = 0;
	memset(chars, 'A', INVITE_CHARS);
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.p[i];
		if (c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '-')
			continue;
		if (count < INVITE_CHARS)
			chars[count] = c;
		count++;
	}
	return count;
}

/* Version and flags, by the first 8 of `count` characters: a later version may be longer. */
static enum tuy_err invite_version_check(const uint8_t chars[INVITE_CHARS], size_t count)
{
	uint8_t start[5];
	size_t len;
	enum tuy_err err =
		tuy_base32_decode((struct tuy_bytes){ chars, 8 }, start, sizeof start, &len);
	if (err)
		return err;
	if (count < 8)
		return TUY_E_SHORT;
	if (start[0] == 0)
		return TUY_E_FORMAT;
	return start[0] == INVITE_VERSION && start[1] == 0 ? TUY_OK : TUY_E_UNKNOWN;
}

/* ---- address records ---- */

#define ADDRESS_SIZE 18

static enum tuy_err address_doc_read(struct tuy_bytes doc, struct tuy_address_record *record)
{
	uint8_t bytes[ADDRESS_SIZE];
	enum tuy_err err = tuy_scan(doc, TUY_CANONICAL);
	if (err)
		return err;
	struct tuy_reader r = tuy_reader(doc);
	tuy_read_array(&r, 3, 3);
	tuy_read_fixed(&r, record->device.b, sizeof record->device.b);
	record->counter = tuy_read_uint(&r, UINT64_MAX);
	record->count = tuy_read_array(&r, 0, TUY_ADDRESSES_MAX);
	for (uint32_t i = 0; i < record->count; i++) {
		tuy_read_fixed(&r, bytes, sizeof bytes);
		memcpy(record->address[i].ip, bytes, sizeof record->address[i].ip);
		record->address[i].port = tuy_get16(bytes + 16);
	}
	return tuy_read_end(&r);
}

/* ---- public ---- */

enum tuy_err tuy_op_parse(struct tuy_bytes signed_op, struct tuy_op *op)
{
	struct tuy_op read = { 0 };
	if (signed_op.len > TUY_OP_MAX)
		return TUY_E_LIMIT;
	if (signed_op.len <= SIG_SIZE)
		return TUY_E_SHORT;
	read.doc = (struct tuy_bytes){ signed_op.p, signed_op.len - SIG_SIZE };
	memcpy(read.sig.b, signed_op.p + read.doc.len, sizeof read.sig.b);
	enum tuy_err err = tuy_scan(read.doc, TUY_CANONICAL);
	if (!err)
		err = doc_read(&read);
	if (err)
		return err;
	read.id = op_id(read.doc);
	err = sigs_check(&read);
	if (err)
		return err;
	*op = read;
	return TUY_OK;
}

void tuy_epoch_recipient(const struct tuy_epoch_body *epoch, uint32_t i, struct tuy_device *device,
                         const uint8_t **slot)
{
	tuy_require(i < epoch->recipient_count);
	/* each recipient has the same size, behind the head of the array */
	size_t head = epoch->recipients.len - (size_t)epoch->recipient_count * RECIPIENT_SIZE;
	const uint8_t *p = epoch->recipients.p + head + (size_t)i * RECIPIENT_SIZE;
	memcpy(device->b, p + 3, sizeof device->b);
	*slot = p + RECIPIENT_SIZE - TUY_SLOT_SIZE;
}

struct tuy_hash tuy_epoch_id(const struct tuy_secret *key, const struct tuy_hash *parents,
                             uint32_t count)
{
	uint8_t bytes[TUY_OP_PREV_MAX * sizeof parents->b];
	tuy_require(count <= TUY_OP_PREV_MAX);
	for (uint32_t i = 0; i < count; i++)
		memcpy(bytes + i * sizeof parents->b, parents[i].b, sizeof parents->b);
	struct tuy_bytes after = { bytes, count * sizeof parents->b };
	return tuy_hash("tuyau epoch v1", TUY_BYTES(key->b), after, (struct tuy_bytes){ 0 });
}

enum tuy_err tuy_op_create_genesis(const struct tuy_op_author *by, struct tuy_dice *dice,
                                   const struct tuy_policy *policy, const struct tuy_cert *cert,
                                   const struct tuy_secret *epoch_key, uint8_t *out, size_t cap,
                                   size_t *len)
{
	struct tuy_epoch_recipient_in self = { cert->device, cert->box_pk };
	struct epoch_in in = { .key = epoch_key, .recipients = &self, .recipient_count = 1 };
	struct tuy_writer w = op_begin(by, TUY_OP_GENESIS, out, cap);
	tuy_require(memcmp(cert->device.b, by->keys->device.b, sizeof cert->device.b) == 0);
	tuy_write_array(&w, 3);
	policy_write(&w, policy);
	tuy_write_bin(&w, cert, sizeof *cert);
	epoch_write(&w, dice, &in);
	return op_end(&w, by, len);
}

enum tuy_err tuy_op_create_admit(const struct tuy_op_author *by,
                                 const struct tuy_admission *admission, uint8_t *out, size_t cap,
                                 size_t *len)
{
	struct tuy_writer w = op_begin(by, TUY_OP_ADMIT, out, cap);
	tuy_write_array(&w, 6);
	tuy_write_bin(&w, &admission->cert, sizeof admission->cert);
	tuy_write_uint(&w, admission->role);
	tuy_write_bin(&w, admission->invite.b, sizeof admission->invite.b);
	tuy_write_bin(&w, admission->join_sig.b, sizeof admission->join_sig.b);
	tuy_write_bin(&w, admission->handshake.b, sizeof admission->handshake.b);
	if (sodium_is_zero(admission->epoch_id.b, sizeof admission->epoch_id.b))
		tuy_write_nil(&w);
	else
		tuy_write_bin(&w, admission->epoch_id.b, sizeof admission->epoch_id.b);
	return op_end(&w, by, len);
}

enum tuy_err tuy_op_create_epoch(const struct tuy_op_author *by, struct tuy_dice *dice,
                                 const struct tuy_secret *epoch_key, const struct tuy_hash *parents,
                                 uint32_t parent_count,
                                 const struct tuy_epoch_recipient_in *recipients,
                                 uint32_t recipient_count, uint8_t *out, size_t cap, size_t *len)
{
	struct epoch_in in = { epoch_key, parents, parent_count, recipients, recipient_count };
	tuy_require(recipient_count >= 1);
	if (recipient_count > RECIPIENTS_MAX)
		return TUY_E_FULL;
	struct tuy_writer w = op_begin(by, TUY_OP_EPOCH, out, cap);
	tuy_write_array(&w, 1);
	epoch_write(&w, dice, &in);
	return op_end(&w, by, len);
}

void tuy_invite_text(const struct tuy_invite *invite, char out[TUY_INVITE_TEXT])
{
	uint8_t bytes[TUY_INVITE_SIZE];
	invite_encode(invite, bytes);
	memcpy(out, INVITE_PREFIX, sizeof INVITE_PREFIX - 1);
	tuy_base32_encode(TUY_BYTES(bytes), out + sizeof INVITE_PREFIX - 1);
	sodium_memzero(bytes, sizeof bytes);
}

enum tuy_err tuy_invite_parse(struct tuy_bytes text, struct tuy_invite *invite)
{
	uint8_t chars[INVITE_CHARS], bytes[TUY_INVITE_SIZE];
	size_t len;
	enum tuy_err err = tuy_base32_prefix(&text, INVITE_PREFIX);
	if (err)
		return err;
	size_t count = invite_chars_take(text, chars);
	err = invite_version_check(chars, count);
	if (!err)
		err = tuy_base32_decode(TUY_BYTES(chars), bytes, sizeof bytes, &len);
	if (!err && count != INVITE_CHARS)
		err = count < INVITE_CHARS ? TUY_E_SHORT : TUY_E_FORMAT;
	if (!err)
		invite_decode(bytes, invite);
	sodium_memzero(chars, sizeof chars);
	sodium_memzero(bytes, sizeof bytes);
	return err;
}

void tuy_invite_key_derive(const struct tuy_invite *invite, struct tuy_invite_key *key)
{
	struct tuy_hash seed = tuy_hash("tuyau invite v1", TUY_BYTES(invite->secret),
	                                TUY_BYTES(invite->circle16.b), (struct tuy_bytes){ 0 });
	int bad = crypto_sign_seed_keypair(key->pk.b, key->sk, seed.b);
	tuy_require(bad == 0);
	sodium_memzero(&seed, sizeof seed);
}

struct tuy_sig tuy_join_sign(const struct tuy_invite_key *key, const struct tuy_tag *circle16,
                             const struct tuy_cert *cert, const struct tuy_hash *handshake)
{
	uint8_t joined[JOIN_SIZE];
	join_fill(circle16, cert, handshake, joined);
	return tuy_sign(key->sk, "tuyau join v1", TUY_BYTES(joined), (struct tuy_bytes){ 0 });
}

enum tuy_err tuy_join_check(const struct tuy_invite_pk *pk, const struct tuy_tag *circle16,
                            const struct tuy_cert *cert, const struct tuy_hash *handshake,
                            const struct tuy_sig *sig)
{
	uint8_t joined[JOIN_SIZE];
	join_fill(circle16, cert, handshake, joined);
	return tuy_verify(pk->b, "tuyau join v1", TUY_BYTES(joined), (struct tuy_bytes){ 0 }, sig);
}

enum tuy_err tuy_address_record_create(const uint8_t sign_sk[64],
                                       const struct tuy_address_record *record, uint8_t *out,
                                       size_t cap, size_t *len)
{
	uint8_t bytes[ADDRESS_SIZE];
	/* the second half of libsodium's secret key is the public key */
	tuy_require(memcmp(sign_sk + 32, record->device.b, sizeof record->device.b) == 0);
	tuy_require(record->count <= TUY_ADDRESSES_MAX);
	struct tuy_writer w = tuy_writer(out, cap);
	tuy_write_array(&w, 3);
	tuy_write_bin(&w, record->device.b, sizeof record->device.b);
	tuy_write_uint(&w, record->counter);
	tuy_write_array(&w, record->count);
	for (uint32_t i = 0; i < record->count; i++) {
		memcpy(bytes, record->address[i].ip, sizeof record->address[i].ip);
		tuy_put16(bytes + 16, record->address[i].port);
		tuy_write_bin(&w, bytes, sizeof bytes);
	}
	if (w.err)
		return w.err;
	struct tuy_sig sig =
		tuy_sign(sign_sk, "tuyau addr v1", tuy_written(&w), (struct tuy_bytes){ 0 });
	tuy_write_raw(&w, sig.b, sizeof sig.b);
	if (w.err)
		return w.err;
	*len = w.len;
	return TUY_OK;
}

enum tuy_err tuy_address_record_parse(struct tuy_bytes bytes, struct tuy_address_record *record)
{
	struct tuy_address_record read = { 0 };
	struct tuy_sig sig;
	if (bytes.len > TUY_ADDRESS_RECORD_MAX)
		return TUY_E_LIMIT;
	if (bytes.len <= SIG_SIZE)
		return TUY_E_SHORT;
	struct tuy_bytes doc = { bytes.p, bytes.len - SIG_SIZE };
	memcpy(sig.b, bytes.p + doc.len, sizeof sig.b);
	enum tuy_err err = address_doc_read(doc, &read);
	if (!err)
		err = tuy_verify(read.device.b, "tuyau addr v1", doc, (struct tuy_bytes){ 0 },
		                 &sig);
	if (err)
		return err;
	*record = read;
	return TUY_OK;
}
