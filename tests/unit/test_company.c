/* When two spellings are one company (proto/company.h). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "../../daemon/naming.h"
#include "../../proto/company.h"
#include "../../proto/text.h"
#include <stdio.h>
#include <string.h>

static struct tuy_bytes key_of(const char *name, uint8_t key[TUY_COMPANY_KEY_MAX])
{
	size_t len = tuy_company_key(tuy_text_bytes(name), key);
	return (struct tuy_bytes){ key, len };
}

static int same(const char *a, const char *b)
{
	uint8_t key_a[TUY_COMPANY_KEY_MAX], key_b[TUY_COMPANY_KEY_MAX];
	struct tuy_bytes x = key_of(a, key_a);
	struct tuy_bytes y = key_of(b, key_b);
	assert_true(x.len > 0 && y.len > 0);
	return x.len == y.len && memcmp(x.p, y.p, x.len) == 0;
}

/* Each line of a fixture: how many names after the first are the same as it, and how many are not.
 */
static void lines_compare(const char *name, uint32_t *equal, uint32_t *different)
{
	char path[256];
	char line[1024];
	(void)snprintf(path, sizeof path, "%s/lang/%s", TUY_FIXTURES_DIR, name);
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	*equal = *different = 0;
	while (fgets(line, sizeof line, file) != NULL) {
		char *save = NULL;
		char *first = line[0] == '#' ? NULL : strtok_r(line, "\t\n", &save);
		char *other;
		while (first != NULL && (other = strtok_r(NULL, "\t\n", &save)) != NULL) {
			bool one = same(first, other);
			*equal += one;
			*different += !one;
		}
	}
	(void)fclose(file);
}

static void spellings_of_one_company_have_one_key(void **state)
{
	uint32_t equal, different;
	(void)state;
	lines_compare("company_same.tsv", &equal, &different);
	assert_true(equal >= 30);
	assert_int_equal(different, 0);
}

static void other_companies_have_other_keys(void **state)
{
	uint32_t equal, different;
	(void)state;
	lines_compare("company_different.tsv", &equal, &different);
	assert_int_equal(equal, 0);
	assert_int_equal(different, 15);
}

static int names(enum naming_of of, const char *name, const char *text)
{
	struct naming naming;
	assert_int_equal(naming_read(&naming, of, tuy_text_bytes(name)), 0);
	return naming_in(&naming, tuy_text_bytes(text));
}

static void a_person_is_named_by_all_words_of_the_name(void **state)
{
	(void)state;
	assert_true(names(NAMING_PERSON, "Noé Kervella", "call NOE  KERVELLA, she knows"));
	assert_true(names(NAMING_PERSON, "Noé Kervella", "Kervella (Noé)"));
	assert_true(names(NAMING_PERSON, "Jean-Pierre Floc'h", "jean pierre FLOC'H"));
	assert_false(names(NAMING_PERSON, "Noé Kervella", "Kervella"));
	assert_false(names(NAMING_PERSON, "Noé Kervella", "Noé Kervellat"));
}

static void a_company_is_named_without_its_legal_form(void **state)
{
	struct naming naming;
	struct tuy_record record = { .kind = TUY_RECORD_TIP };
	(void)state;
	assert_true(names(NAMING_COMPANY, "Halden Freight Ltd", "trucks for Halden Freight"));
	assert_false(names(NAMING_COMPANY, "Halden Freight Ltd", "trucks for Halden"));
	assert_int_equal(naming_read(&naming, NAMING_COMPANY, tuy_text_bytes("Müller GmbH")), 0);
	record.value[TUY_FIELD_COMPANY] =
		(struct tuy_value){ .present = true, .text = tuy_text_bytes("Mueller AG") };
	assert_true(naming_in_record(&naming, &record));
	record.value[TUY_FIELD_COMPANY].text = tuy_text_bytes("Möller AG");
	assert_false(naming_in_record(&naming, &record));
}

static void a_name_without_a_word_is_none(void **state)
{
	struct naming naming;
	(void)state;
	assert_int_equal(naming_read(&naming, NAMING_PERSON, tuy_text_bytes(" - ")), -1);
	assert_int_equal(naming_read(&naming, NAMING_PERSON, tuy_text_bytes("a b")), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spellings_of_one_company_have_one_key),
		cmocka_unit_test(other_companies_have_other_keys),
		cmocka_unit_test(a_person_is_named_by_all_words_of_the_name),
		cmocka_unit_test(a_company_is_named_without_its_legal_form),
		cmocka_unit_test(a_name_without_a_word_is_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
