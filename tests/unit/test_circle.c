/* Membership as a function of the set of operations (proto/circle.h). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../proto/circle.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define PEOPLE  6
#define OPS_MAX 160

struct person {
	struct tuy_device_keys keys;
	struct tuy_cert cert;
};

struct signed_op {
	uint8_t bytes[4096];
	size_t len;
};

struct fixture {
	struct person person[PEOPLE];
	struct tuy_dice dice;
	struct tuy_circle_state circle;
	void *memory;
	struct signed_op op[OPS_MAX];
	uint32_t op_count;
};

static void circle_fresh(struct fixture *f, const struct tuy_circle *id)
{
	free(f->memory);
	f->memory = calloc(1, tuy_circle_memory(OPS_MAX, 16));
	tuy_circle_init(&f->circle, f->memory, OPS_MAX, 16);
	if (id)
		tuy_circle_begin(&f->circle, id);
}

static enum tuy_err add(struct fixture *f, uint32_t i, uint32_t *index)
{
	struct tuy_op op;

	assert_int_equal(tuy_op_parse((struct tuy_bytes){ f->op[i].bytes, f->op[i].len }, &op),
	                 TUY_OK);
	return tuy_circle_add(&f->circle, &op, index);
}

/* `by` admits `who` on the heads known to the circle as it is now; returns the operation's number.
 */
static uint32_t make_admit(struct fixture *f, uint32_t by, uint32_t who)
{
	struct signed_op *op = &f->op[f->op_count];
	struct tuy_hash prev[TUY_OP_PREV_MAX];
	struct tuy_op_author author = { .keys = &f->person[by].keys,
		                        .circle16 = f->circle.circle16,
		                        .prev = prev };
	struct tuy_invite invite = { .circle16 = f->circle.circle16,
		                     .secret = { (uint8_t)f->op_count } };
	struct tuy_invite_key key;
	struct tuy_admission a = { .cert = f->person[who].cert, .role = TUY_MEMBER };

	author.prev_count = tuy_circle_prev(
		&f->circle, tuy_circle_device_find(&f->circle, &f->person[by].keys.device), prev);
	tuy_invite_key_derive(&invite, &key);
	a.invite = key.pk;
	a.join_sig = tuy_join_sign(&key, &f->circle.circle16, &a.cert, &a.handshake);
	assert_int_equal(tuy_op_create_admit(&author, &a, op->bytes, sizeof op->bytes, &op->len),
	                 TUY_OK);
	return f->op_count++;
}

static int setup(void **state)
{
	static const struct tuy_policy policy = { .max = 150 };
	struct fixture *f = calloc(1, sizeof *f);
	struct tuy_op_author by = { .keys = &f->person[0].keys };
	struct tuy_secret key = { { 9 } };
	struct tuy_circle id;
	struct tuy_op op;
	uint32_t index;

	for (uint32_t i = 0; i < PEOPLE; i++) {
		struct tuy_secret secret = { { 1, (uint8_t)i } };
		struct tuy_recovery_key recovery;

		tuy_device_keys_derive(&secret, &f->person[i].keys);
		secret.b[0] = 2;
		tuy_recovery_key_derive(&secret, &recovery);
		f->person[i].cert = tuy_cert_create(&recovery, &f->person[i].keys);
	}
	assert_int_equal(tuy_op_create_genesis(&by, &f->dice, &policy, &f->person[0].cert, &key,
	                                       f->op[0].bytes, sizeof f->op[0].bytes,
	                                       &f->op[0].len),
	                 TUY_OK);
	f->op_count = 1;
	assert_int_equal(tuy_op_parse((struct tuy_bytes){ f->op[0].bytes, f->op[0].len }, &op),
	                 TUY_OK);
	memcpy(id.b, op.id.b, sizeof id.b);
	circle_fresh(f, &id);
	assert_int_equal(add(f, 0, &index), TUY_OK);
	assert_int_equal(tuy_circle_epoch_learn(&f->circle, &op.epoch.id, &key), TUY_OK);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	free(f->memory);
	free(f);
	return 0;
}

static void founder(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(f->circle.device_count, 1);
	assert_int_equal(f->circle.device[0].role, TUY_KEEPER);
	assert_true(tuy_circle_member_active(&f->circle, &f->person[0].cert.member));
	assert_non_null(tuy_circle_epoch_current(&f->circle));
}

static void admits(void **state)
{
	struct fixture *f = *state;
	uint32_t index;

	assert_int_equal(add(f, make_admit(f, 0, 1), &index), TUY_OK);
	assert_int_equal(add(f, make_admit(f, 1, 2), &index), TUY_OK);
	assert_int_equal(tuy_circle_member_count(&f->circle), 3);
	assert_int_not_equal(tuy_circle_device_find(&f->circle, &f->person[2].keys.device),
	                     TUY_NO_INDEX);
}

static void stranger_admits_nobody(void **state)
{
	struct fixture *f = *state;
	uint32_t index;

	assert_int_equal(add(f, make_admit(f, 3, 4), &index), TUY_E_REFUSED);
	assert_false(tuy_circle_member_active(&f->circle, &f->person[4].cert.member));
	assert_int_equal(tuy_circle_member_count(&f->circle), 1);
	assert_int_equal(f->circle.op_count,
	                 1); /* nothing is left of it: the founder's is the head */
	assert_true(f->circle.op[0].is_head);
}

/* 3 is let in by an operation that the author of the other does not name: 3 was nobody in that
 * past. */
static void author_counts_in_its_own_past(void **state)
{
	struct fixture *f = *state;
	uint32_t early = make_admit(f, 3, 4), index;

	assert_int_equal(add(f, make_admit(f, 0, 3), &index), TUY_OK);
	assert_int_equal(add(f, early, &index), TUY_E_REFUSED);
	assert_false(tuy_circle_member_active(&f->circle, &f->person[4].cert.member));
}

static void gap_is_reported(void **state)
{
	struct fixture *f = *state;
	struct tuy_circle id = f->circle.id;
	uint32_t first = make_admit(f, 0, 1), second, index;

	add(f, first, &index);
	second = make_admit(f, 1, 2);
	circle_fresh(f, &id);
	assert_int_equal(add(f, second, &index), TUY_E_GAP);
	assert_int_equal(add(f, 0, &index), TUY_OK);
	assert_int_equal(add(f, second, &index), TUY_E_GAP);
	assert_int_equal(add(f, first, &index), TUY_OK);
	assert_int_equal(add(f, second, &index), TUY_OK);
	assert_int_equal(add(f, second, &index), TUY_E_CONFLICT);
	assert_int_equal(index, 2);
}

static void other_circle_is_refused(void **state)
{
	struct fixture *f = *state;
	struct tuy_circle other = { { 5 } };
	uint32_t index, op = make_admit(f, 0, 1);

	circle_fresh(f, &other);
	assert_int_equal(add(f, 0, &index), TUY_E_REFUSED);
	assert_int_equal(add(f, op, &index), TUY_E_REFUSED);
}

/* More heads than are asked for: the smallest, whatever came first. */
static void the_smallest_heads(void **state)
{
	struct fixture *f = *state;
	struct tuy_circle id = f->circle.id;
	struct tuy_hash all[64], few[5], again[5];
	uint32_t index;

	for (uint32_t i = 0; i < 20; i++)
		make_admit(f, 0, 1);
	for (uint32_t i = 1; i < f->op_count; i++)
		assert_int_equal(add(f, i, &index), TUY_OK);
	assert_int_equal(tuy_circle_heads(&f->circle, all, 64), 20);
	assert_int_equal(tuy_circle_heads(&f->circle, few, 5), 5);
	assert_memory_equal(all, few, sizeof few);
	circle_fresh(f, &id);
	add(f, 0, &index);
	for (uint32_t i = f->op_count; --i > 0;)
		assert_int_equal(add(f, i, &index), TUY_OK);
	assert_int_equal(tuy_circle_heads(&f->circle, again, 5), 5);
	assert_memory_equal(again, few, sizeof few);
}

/* A seeded history with partial views, then the same set in other orders: the same members, the
 * same heads. */
static void order_does_not_matter(void **state)
{
	struct fixture *f = *state;
	struct tuy_dice dice = { .seed = { { 42 } } };
	struct tuy_circle id = f->circle.id;
	uint32_t index, members, heads;
	struct tuy_hash first[64], again[64];
	uint32_t kept;

	print_message("seed 42\n");
	for (uint32_t i = 0; i < 20; i++) {
		uint32_t by = (uint32_t)tuy_dice_below(&dice, PEOPLE),
			 who = (uint32_t)tuy_dice_below(&dice, PEOPLE);
		uint32_t op = make_admit(f, by, who);

		if (tuy_dice_below(&dice, 3) > 0)
			add(f, op, &index); /* else concurrent to what follows */
	}
	for (uint32_t i = 0; i < f->op_count; i++)
		add(f, i, &index);
	members = tuy_circle_member_count(&f->circle);
	heads = tuy_circle_heads(&f->circle, first, 64);
	assert_true(members > 1);
	kept = f->circle.op_count;
	assert_true(kept > 5 && kept < f->op_count); /* strangers tried too */
	for (int round = 0; round < 20; round++) {
		uint32_t left = kept;

		circle_fresh(f, &id);
		while (left > 0) { /* draws until each has found its past */
			uint32_t i = (uint32_t)tuy_dice_below(&dice, f->op_count);

			left -= add(f, i, &index) == TUY_OK;
		}
		assert_int_equal(tuy_circle_member_count(&f->circle), members);
		assert_int_equal(tuy_circle_heads(&f->circle, again, 64), heads);
		assert_memory_equal(first, again, heads * sizeof first[0]);
		for (uint32_t i = 0; i < f->op_count; i++)
			assert_int_not_equal(add(f, i, &index), TUY_OK); /* the same are refused */
	}
}

/* 3 is let in twice, concurrently, and then lets 4 in knowing one of the two: whichever of them
 * came first elsewhere. */
static void let_in_twice(void **state)
{
	struct fixture *f = *state;
	struct tuy_circle id = f->circle.id;
	uint32_t by_1, by_2, by_3, index, first, second;

	assert_int_equal(add(f, first = make_admit(f, 0, 1), &index), TUY_OK);
	assert_int_equal(add(f, second = make_admit(f, 0, 2), &index), TUY_OK);
	by_1 = make_admit(f, 1, 3);
	by_2 = make_admit(f, 2, 3);
	assert_int_equal(add(f, by_2, &index), TUY_OK);
	by_3 = make_admit(f, 3, 4); /* its past has by_2 only */
	for (int order = 0; order < 2; order++) {
		circle_fresh(f, &id);
		add(f, 0, &index);
		add(f, first, &index);
		add(f, second, &index);
		assert_int_equal(add(f, order ? by_1 : by_2, &index), TUY_OK);
		assert_int_equal(add(f, order ? by_2 : by_1, &index), TUY_OK);
		assert_int_equal(add(f, by_3, &index), TUY_OK);
		assert_int_equal(tuy_circle_member_count(&f->circle), 5);
	}
}

/* Each follows the one before: the 65th has 64 of its author in its past. */
static void too_many_operations_are_void(void **state)
{
	struct fixture *f = *state;
	uint32_t index;

	assert_int_equal(add(f, make_admit(f, 0, 1), &index), TUY_OK);
	for (uint32_t i = 0; i < TUY_OPS_PER_DEVICE; i++)
		assert_int_equal(add(f, make_admit(f, 1, 2), &index), TUY_OK);
	assert_int_equal(add(f, make_admit(f, 1, 3), &index), TUY_E_REFUSED);
	assert_int_equal(add(f, make_admit(f, 0, 3), &index), TUY_OK); /* others go on */
	assert_int_equal(add(f, make_admit(f, 3, 4), &index), TUY_OK);
}

/* All at once, none knowing another: each counts by its own past. */
static void one_device_does_not_fill_the_table(void **state)
{
	struct fixture *f = *state;
	uint32_t index, first;

	assert_int_equal(add(f, make_admit(f, 0, 1), &index), TUY_OK);
	first = f->op_count;
	for (uint32_t i = 0; i < TUY_OPS_PER_DEVICE + 40; i++)
		make_admit(f, 1, 2);
	for (uint32_t i = 0; i < TUY_OPS_PER_DEVICE + 40; i++)
		assert_int_equal(add(f, first + i, &index),
		                 i < TUY_OPS_PER_DEVICE ? TUY_OK : TUY_E_FULL);
	assert_int_equal(f->circle.op_count, 2 + TUY_OPS_PER_DEVICE);
	for (uint32_t i = 0; i < 4; i++) { /* though an operation names 8 of all these heads */
		assert_int_equal(add(f, make_admit(f, 0, 3), &index), TUY_OK);
		assert_int_equal(add(f, make_admit(f, 3, 4), &index), TUY_OK);
		assert_int_equal(add(f, make_admit(f, 4, 5), &index), TUY_OK);
	}
}

static void a_full_table_says_so(void **state)
{
	struct fixture *f = *state;
	struct tuy_circle id = f->circle.id;
	uint32_t index;

	free(f->memory);
	f->memory = calloc(1, tuy_circle_memory(3, 16));
	tuy_circle_init(&f->circle, f->memory, 3, 16);
	tuy_circle_begin(&f->circle, &id);
	assert_int_equal(add(f, 0, &index), TUY_OK);
	assert_int_equal(add(f, make_admit(f, 0, 1), &index), TUY_OK);
	assert_int_equal(add(f, make_admit(f, 0, 2), &index), TUY_OK);
	assert_int_equal(add(f, make_admit(f, 0, 3), &index), TUY_E_FULL);
}

static void wrong_epoch_key_is_dropped(void **state)
{
	struct fixture *f = *state;
	struct tuy_circle id = f->circle.id;
	struct tuy_secret wrong = { { 7 } };
	struct tuy_hash epoch = tuy_circle_epoch_current(&f->circle)->id;
	uint32_t index;

	circle_fresh(f, &id);
	assert_int_equal(tuy_circle_epoch_learn(&f->circle, &epoch, &wrong), TUY_OK);
	assert_null(tuy_circle_epoch_current(&f->circle)); /* no operation names it yet */
	assert_int_equal(add(f, 0, &index), TUY_OK);
	assert_null(tuy_circle_epoch_current(&f->circle)); /* and now it is known to be wrong */
}

#define TEST(sentence, function)                                                                   \
	{                                                                                          \
		sentence, function, setup, teardown, NULL                                          \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST("the founder is a keeper and holds the first epoch", founder),
		TEST("a member may let others in", admits),
		TEST("an admission by a stranger is not kept", stranger_admits_nobody),
		TEST("an author counts by its operation's own past, not by what came later",
		     author_counts_in_its_own_past),
		TEST("an operation waits until all it names is there", gap_is_reported),
		TEST("operations of another circle are refused", other_circle_is_refused),
		TEST("of many heads the smallest are taken, in any order", the_smallest_heads),
		TEST("the same set gives the same members and heads in any order",
		     order_does_not_matter),
		TEST("a device let in twice at once counts by either", let_in_twice),
		TEST("a device's 65th operation is void, and the others go on",
		     too_many_operations_are_void),
		TEST("a device that signs many at once does not fill the table",
		     one_device_does_not_fill_the_table),
		TEST("a full table refuses and says so", a_full_table_says_so),
		TEST("a key that does not fit its epoch is never used", wrong_epoch_key_is_dropped),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
