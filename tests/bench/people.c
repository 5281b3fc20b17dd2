#include "people.h"
#include <string.h>

static void person_invent(struct person *person, uint32_t number)
{
	struct tuy_secret secret = { { 0xde } };
	struct tuy_secret seed = { { 0xa0 } };
	struct tuy_recovery_key key;
	tuy_put32(secret.b + 28, number);
	tuy_put32(seed.b + 28, number);
	tuy_device_keys_derive(&secret, &person->keys);
	tuy_recovery_key_derive(&seed, &key);
	person->cert = tuy_cert_create(&key, &person->keys);
	memset(person->incarnation.b, 0x1c, sizeof person->incarnation.b);
	tuy_put32(person->incarnation.b, number);
}

/* The id of an operation made here, which is the first half of what a circle calls it. */
static struct tuy_hash op_id(const struct people_op *made)
{
	struct tuy_op op;
	tuy_require(tuy_op_parse((struct tuy_bytes){ made->b, made->len }, &op) == TUY_OK);
	return op.id;
}

static void admit(struct people *people, uint32_t i, struct tuy_tag circle16)
{
	struct tuy_hash prev = op_id(&people->op[i - 1]);
	struct tuy_op_author by = { &people->person[0].keys, circle16, &prev, 1 };
	struct tuy_invite invite = { .circle16 = circle16 };
	struct tuy_admission admission = { .cert = people->person[i].cert, .role = TUY_MEMBER };
	struct tuy_invite_key key;
	tuy_put32(invite.secret, i);
	tuy_invite_key_derive(&invite, &key);
	tuy_put32(admission.handshake.b, i);
	admission.invite = key.pk;
	admission.epoch_id = people->epoch_id;
	admission.join_sig = tuy_join_sign(&key, &circle16, &admission.cert, &admission.handshake);
	tuy_require(tuy_op_create_admit(&by, &admission, people->op[i].b, PEOPLE_OP_BYTES,
	                                &people->op[i].len) == TUY_OK);
}

void people_invent(struct people *people, uint32_t from, uint32_t count)
{
	tuy_require(count <= PEOPLE_MAX);
	for (uint32_t i = from; i < count; i++)
		person_invent(&people->person[i], i);
	people->count = count;
}

void people_found(struct people *people)
{
	struct tuy_policy policy = { .admit = 0, .history = 0, .max = TUY_MEMBERS_MAX };
	struct tuy_op_author by = { .keys = &people->person[0].keys };
	struct tuy_dice dice = { .seed = { { 0xd1, (uint8_t)people->circle_no } } };
	struct tuy_tag circle16;
	tuy_dice_fill(&dice, people->epoch_key.b, sizeof people->epoch_key.b);
	people->epoch_id = tuy_epoch_id(&people->epoch_key, NULL, 0);
	tuy_require(tuy_op_create_genesis(&by, &dice, &policy, &people->person[0].cert,
	                                  &people->epoch_key, people->op[0].b, PEOPLE_OP_BYTES,
	                                  &people->op[0].len) == TUY_OK);
	struct tuy_hash id = op_id(&people->op[0]);
	memcpy(people->id.b, id.b, sizeof people->id.b);
	memcpy(circle16.b, id.b, sizeof circle16.b);
	for (uint32_t i = 1; i < people->count; i++)
		admit(people, i, circle16);
}
