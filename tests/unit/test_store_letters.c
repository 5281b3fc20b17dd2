/* Own letters in the store, and what revokes a letter in the view (PROTOCOL 10.5). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "../../daemon/store_env.h"
#include "../../daemon/store_letters.h"
#include "../../daemon/view.h"
#include "../../proto/text.h"
#include "store_world.h"
#include <string.h>

#define DAY_S 86400u
#define END_S 4000000000u /* of a letter, in the future */

static struct world world;
static struct world_circle circle;
static struct world_log log_a; /* of person 1 */
static struct world_log log_b; /* of person 2 */
static struct store_reading reading;
static struct store_letter found;

static int set_up(void **state)
{
	(void)state;
	world_open(&world, WRITER_WORDS);
	world_circle(&world, &circle, 0);
	world_epoch_put(&world, &circle);
	world_log(&world, &log_a, 0, &circle, 1, 1);
	world_log(&world, &log_b, 1, &circle, 2, 2);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	world_close(&world);
	return 0;
}

static struct store_letter letter_of(const char *number, const char *text)
{
	struct store_letter letter = {
		.circle_no = 3,
		.ask = { { 1, 2, 3 } },
		.state = STORE_LETTER_SIGNED,
		.days = 90,
		.made_s = 100 * DAY_S,
		.changed_s = 101 * DAY_S,
		.text = tuy_text_bytes(text),
		.sign = tuy_text_bytes("signature"),
	};
	memcpy(letter.number, number, sizeof letter.number);
	return letter;
}

/* Keeps a row; an empty text takes it out. */
static void put(const struct store_letter *letter)
{
	uint8_t value[STORE_LETTER_MAX];
	struct writer_row row = {
		.own = STORE_OWN_LETTERS,
		.key = { (const uint8_t *)letter->number, 8 },
		.value = { value, 0 },
	};
	if (letter->text.len > 0)
		row.value.len = store_letter_row(letter, value);
	else
		row.value.p = NULL;
	uint64_t ticket = UINT64_C(1) << 63 | world.report_count;
	assert_int_equal(writer_submit_rows(world.writer, ticket, &row, 1), 0);
	memset(value, 0, sizeof value); /* it has a copy */
	world_await(&world, world.report_count + 1);
	assert_true(world.report[world.report_count - 1].ticket == ticket);
	assert_int_equal(world.report[world.report_count - 1].stored, TUY_STORED_OK);
}

/* The number of the letter behind this one, "" at the end. */
static const char *behind(const char *number)
{
	static char out[TUY_LETTER_NUMBER];
	assert_int_equal(store_reading_begin(world.store, &reading), 0);
	int rc = store_letter_next(&reading, number, &found);
	memcpy(out, rc == 0 ? found.number : "", rc == 0 ? sizeof out : 1);
	store_reading_end(&reading);
	return out;
}

static void comes_back_in_the_order_of_numbers(void **state)
{
	struct store_letter b = letter_of("BBBBBBBB", "second");
	struct store_letter a = letter_of("AAAAAAAA", "first");
	(void)state;
	assert_string_equal(behind(""), "");
	put(&b);
	put(&a);
	world_reopen(&world, WRITER_WORDS);
	assert_string_equal(behind(""), "AAAAAAAA");
	assert_string_equal(behind("AAAAAAAA"), "BBBBBBBB");
	assert_string_equal(behind("BBBBBBBB"), "");
	assert_int_equal(store_reading_begin(world.store, &reading), 0);
	assert_int_equal(store_letter_next(&reading, "AAAAAAAA", &found), 0);
	assert_memory_equal(found.ask.b, b.ask.b, sizeof b.ask.b);
	assert_int_equal(found.circle_no, 3);
	assert_int_equal(found.state, STORE_LETTER_SIGNED);
	assert_int_equal(found.days, 90);
	assert_int_equal(found.made_s, b.made_s);
	assert_int_equal(found.changed_s, b.changed_s);
	assert_int_equal(found.text.len, 6);
	assert_memory_equal(found.text.p, "second", 6);
	assert_int_equal(found.sign.len, 9);
	assert_memory_equal(found.sign.p, "signature", 9);
	store_reading_end(&reading);
}

static void is_replaced_and_taken_out(void **state)
{
	struct store_letter letter = letter_of("AAAAAAAA", "first");
	(void)state;
	put(&letter);
	letter.state = STORE_LETTER_REVOKED;
	put(&letter);
	assert_string_equal(behind(""), "AAAAAAAA");
	assert_int_equal(found.state, STORE_LETTER_REVOKED);
	assert_string_equal(behind("AAAAAAAA"), "");
	letter.text.len = 0;
	put(&letter);
	assert_string_equal(behind(""), "");
	put(&letter); /* harmless when it is gone */
}

static uint32_t sweeps;

static void on_erased(void *context, uint32_t log_no, uint32_t missing, uint32_t base_seq)
{
	(void)context;
	(void)missing;
	(void)base_seq;
	sweeps += log_no == WRITER_SWEPT;
}

/* Runs a sweep to its end. */
static void sweep_wholly(uint32_t now_s)
{
	uint32_t before = sweeps;
	writer_report_erased(world.writer, on_erased);
	writer_sweep(world.writer, now_s);
	while (sweeps == before)
		uv_run(&world.loop, UV_RUN_ONCE);
}

static void goes_a_year_after_it_was_written(void **state)
{
	struct store_letter old = letter_of("AAAAAAAA", "old");
	struct store_letter new = letter_of("BBBBBBBB", "new");
	(void)state;
	new.made_s += DAY_S;
	put(&old);
	put(&new);
	sweep_wholly(old.made_s + STORE_LETTER_LIFE_S);
	assert_string_equal(behind(""), "AAAAAAAA");
	sweep_wholly(old.made_s + STORE_LETTER_LIFE_S + 1);
	assert_string_equal(behind(""), "BBBBBBBB");
	assert_string_equal(behind("BBBBBBBB"), "");
}

/* ---- revocations ---- */

static bool is_revoked(const struct world_log *log, const struct tuy_record *record)
{
	struct view_object object;
	struct tuy_object id = world_object(log, record);
	assert_int_equal(store_reading_begin(world.store, &reading), 0);
	int rc = view_exact(&reading, circle.no, &id, TUY_RECORD_REVOKED, &object);
	int elsewhere = view_exact(&reading, circle.no + 1, &id, TUY_RECORD_REVOKED, &object);
	int other_kind = view_exact(&reading, circle.no, &id, TUY_RECORD_TIP, &object);
	store_reading_end(&reading);
	assert_int_equal(elsewhere, -1);
	assert_int_equal(other_kind, -1);
	return rc == 0;
}

static void a_revocation_is_found_by_its_id_alone(void **state)
{
	static const struct view_filter anything = { .circle_no = UINT32_MAX };
	static const struct tuy_letter_pk pk = { { 1 } };
	struct view_object objects[4];
	struct tuy_record name = world_named(TUY_RECORD_CIRCLE, 1, 0, "Vendredi 18h");
	struct tuy_record record = {
		.kind = TUY_RECORD_REVOKED,
		.nonce = tuy_letter_nonce(&pk, "AAAAAAAA"),
	};
	uint32_t more;
	(void)state;
	world_entry(&world, &log_a, &name, 1000, 0);
	assert_false(is_revoked(&log_a, &record));
	world_entry(&world, &log_a, &record, 2000, END_S);
	assert_true(is_revoked(&log_a, &record));
	assert_false(is_revoked(&log_b, &record)); /* not by another member */
	assert_int_equal(store_reading_begin(world.store, &reading), 0);
	assert_int_equal(view_list(&reading, &anything, objects, 4, &more), 0);
	assert_int_equal(view_circle(&reading, circle.no, &objects[0]), 0);
	assert_int_equal(objects[0].kind, TUY_RECORD_CIRCLE);
	store_reading_end(&reading);
	sweep_wholly(END_S + 31 * DAY_S);
	assert_false(is_revoked(&log_a, &record));
	assert_int_equal(store_reading_begin(world.store, &reading), 0);
	assert_int_equal(view_circle(&reading, circle.no, &objects[0]), 0);
	store_reading_end(&reading);
}

#define SAYS(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SAYS(comes_back_in_the_order_of_numbers),
		SAYS(is_replaced_and_taken_out),
		SAYS(goes_a_year_after_it_was_written),
		SAYS(a_revocation_is_found_by_its_id_alone),
	};
	return cmocka_run_group_tests_name("store letters", tests, NULL, NULL);
}
