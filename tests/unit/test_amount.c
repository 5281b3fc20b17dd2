#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "../../daemon/amount.h"
#include "../../proto/text.h"

static void assert_amount(const char *text, uint64_t wanted)
{
	uint64_t hundredths = 0;
	assert_int_equal(amount_read(tuy_text_bytes(text), &hundredths), 0);
	assert_int_equal(hundredths, wanted);
}

static void numbers_are_read_in_hundredths(void **state)
{
	(void)state;
	assert_amount("0", 0);
	assert_amount("8000", 800000);
	assert_amount("1250.5", 125050);
	assert_amount("1250.05", 125005);
	assert_amount("999999999999.99", 99999999999999u);
}

static void what_is_no_number_is_refused(void **state)
{
	static const char *const bad[] = {
		"",   ".5",   "5.",  "1.234",         "-3",   "8 000", "8,000",
		"8k", "1.2.", "EUR", "1000000000000", "0x10", "1e3",   " 12",
		"12 "
	};
	uint64_t hundredths = 7;
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(amount_read(tuy_text_bytes(bad[i]), &hundredths), -1);
	assert_int_equal(amount_read(tuy_text_bytes("5-20k"), &hundredths), -1);
	assert_int_equal(hundredths, 7);
}

static void bands_go_there_and_back(void **state)
{
	(void)state;
	for (uint32_t band = 0; band < AMOUNT_BANDS; band++)
		assert_int_equal(amount_band(tuy_text_bytes(amount_band_name(band))), band);
	assert_int_equal(amount_band(tuy_text_bytes("5-20")), AMOUNT_BANDS);
	assert_int_equal(amount_band(tuy_text_bytes("")), AMOUNT_BANDS);
	assert_int_equal(amount_band(tuy_text_bytes("8000")), AMOUNT_BANDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_read_in_hundredths),
		cmocka_unit_test(what_is_no_number_is_refused),
		cmocka_unit_test(bands_go_there_and_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
