/* What the word index finds of the fixtures, by stems and by synonyms. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../daemon/search_build.h"
#include "search_world.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef TUY_FIXTURES_DIR
#define TUY_FIXTURES_DIR "tests/fixtures"
#endif

static uint32_t fixture_number(const char *id)
{
	return (uint32_t)strtoul(id + 1, NULL, 10);
}

static void fixtures_add(struct search_world *world)
{
	FILE *file = fopen(TUY_FIXTURES_DIR "/tips/tips.jsonl", "r");
	char line[2048];
	uint32_t count = 0;
	assert_non_null(file);
	while (fgets(line, sizeof line, file) != NULL) {
		json_t *tip = json_loads(line, 0, NULL);
		struct tuy_record record = { .kind = TUY_RECORD_TIP };
		struct tuy_value *tags = &record.value[TUY_FIELD_TAGS];
		size_t i;
		json_t *tag;
		assert_non_null(tip);
		search_world_field(&record, TUY_FIELD_TEXT,
		                   json_string_value(json_object_get(tip, "text")));
		search_world_field(&record, TUY_FIELD_COMPANY,
		                   json_string_value(json_object_get(tip, "company")));
		tags->present = true;
		json_array_foreach(json_object_get(tip, "tags"), i, tag) tags->item[tags->count++] =
			tuy_text_bytes(json_string_value(tag));
		const char *id = json_string_value(json_object_get(tip, "id"));
		assert_int_equal(search_batch_add(world->batch, fixture_number(id), &record), 0);
		json_decref(tip);
		count++;
	}
	(void)fclose(file);
	assert_int_equal(count, 30);
	search_world_commit(world);
}

static uint32_t ids_found(char *ids, const struct search_hit *hits, int count, uint32_t *all)
{
	uint32_t found = 0;
	char *rest = ids;
	for (char *id; (id = strsep(&rest, " ")) != NULL;) {
		if (*id == '\0')
			continue;
		(*all)++;
		for (int i = 0; i < count; i++)
			found += hits[i].object == fixture_number(id);
	}
	return found;
}

/* Moves the hits of the first group to the front; how many there are. */
static int first_group(const struct search_hit *hits, int count)
{
	int first = 0;
	while (first < count && !hits[first].near)
		first++;
	for (int i = first; i < count; i++)
		assert_true(hits[i].near);
	return first;
}

static void test_fixtures(void **state)
{
	struct search_hit hits[30];
	struct search_world world;
	char line[512];
	uint32_t found = 0, wanted = 0, meant = 0, meant_wanted = 0, unwanted = 0, all = 0;
	(void)state;
	search_world_open(&world);
	world.synonyms = synonyms_create(NULL);
	fixtures_add(&world);
	FILE *file = fopen(TUY_FIXTURES_DIR "/tips/queries.tsv", "r");
	assert_non_null(file);
	while (fgets(line, sizeof line, file) != NULL) {
		char *rest = line;
		if (line[0] == '#')
			continue;
		char *query = strsep(&rest, "\t");
		char *must = strsep(&rest, "\t");
		char *synonyms = strsep(&rest, "\t");
		char *must_not = strsep(&rest, "\t");
		assert_non_null(must_not);
		int count = search_world_query(&world, query, hits, 30);
		assert_true(count >= 0);
		int first = first_group(hits, count);
		uint32_t before = wanted + meant_wanted;
		uint32_t here = ids_found(must, hits, count, &wanted);
		uint32_t here_meant = ids_found(synonyms, hits, count, &meant_wanted);
		if (here + here_meant < wanted + meant_wanted - before)
			print_message("\"%s\" finds %u of %u\n", query, here + here_meant,
			              wanted + meant_wanted - before);
		found += here;
		meant += here_meant;
		unwanted += ids_found(must_not, hits, first, &all);
	}
	(void)fclose(file);
	print_message("%u of %u wanted matches, %u of %u through synonyms, %u unwanted\n", found,
	              wanted, meant, meant_wanted, unwanted);
	assert_int_equal(wanted, 47);
	assert_true(found >= 45);
	assert_true(meant_wanted >= 8);
	assert_true(meant >= meant_wanted - 1);
	assert_int_equal(unwanted, 0);
	search_world_close(&world);
}

static void near_text_add(struct search_world *world, uint32_t object, const char *text)
{
	struct tuy_record record = { .kind = TUY_RECORD_TIP };
	record.value[TUY_FIELD_TEXT] =
		(struct tuy_value){ .present = true, .text = tuy_text_bytes(text) };
	assert_int_equal(search_batch_add(world->batch, object, &record), 0);
}

static void assert_finds(struct search_world *world, const char *query, const char *wanted)
{
	struct search_hit hits[16];
	char found[200] = "";
	int count = search_world_query(world, query, hits, 16);
	assert_true(count >= 0);
	for (int i = 0; i < count; i++)
		(void)sprintf(found + strlen(found), "%s%u%s", i > 0 ? " " : "", hits[i].object,
		              hits[i].near ? "~" : "");
	if (strcmp(found, wanted) != 0)
		print_message("\"%s\"\n", query);
	assert_string_equal(found, wanted);
}

static void test_near(void **state)
{
	struct search_world world;
	(void)state;
	search_world_open(&world);
	world.synonyms = synonyms_create(NULL);
	near_text_add(&world, 1, "ils recrutent un directeur financier");
	near_text_add(&world, 2, "le recrutement d'un DAF");
	search_world_commit(&world);
	near_text_add(&world, 3, "recruter au printemps");
	near_text_add(&world, 4, "des scieries, une scie");
	near_text_add(&world, 5, "directeur des achats; un bilan financier");
	search_world_commit(&world);
	assert_finds(&world, "recrutement", "2 3~ 1~");
	assert_finds(&world, "recrutement daf", "2 1~");
	/* the words of a synonym are looked for anywhere, hence 5 */
	assert_finds(&world, "daf", "2 5~ 1~");
	assert_finds(&world, "recrutement CFO", "2~ 1~");
	assert_finds(&world, "directeur financier", "5 1 2~");
	assert_finds(&world, "des directeurs financiers recrutement", "2~ 1~");
	assert_finds(&world, "scier", "4");
	assert_finds(&world, "une scie", "4");
	synonyms_destroy(world.synonyms);
	world.synonyms = NULL;
	assert_finds(&world, "recrutement", "2");
	search_world_close(&world);
}

static void synonyms_write(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void test_synonyms_file(void **state)
{
	struct search_world world;
	char path[96];
	(void)state;
	search_world_open(&world);
	near_text_add(&world, 1, "un chef de chantier");
	near_text_add(&world, 2, "conducteurs de travaux");
	near_text_add(&world, 3, "CFO");
	search_world_commit(&world);
	(void)snprintf(path, sizeof path, "%s/synonyms", world.dir);
	world.synonyms = synonyms_create(path);
	assert_finds(&world, "DAF", "3~");
	synonyms_write(path, "# ours\nchef de chantier | Conducteur de Travaux\n\n|a b c d e f|\n");
	synonyms_fresh(world.synonyms);
	assert_finds(&world, "chefs de chantiers", "1 2~");
	assert_finds(&world, "conducteur de travaux", "2 1~");
	assert_finds(&world, "DAF", "");
	assert_int_equal(unlink(path), 0);
	synonyms_fresh(world.synonyms);
	assert_finds(&world, "DAF", "3~");
	assert_finds(&world, "chefs de chantiers", "1");
	search_world_close(&world);
}

#define TEST(sentence, function)                                                                   \
	{                                                                                          \
		sentence, function, NULL, NULL, NULL                                               \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST("finds what the fixtures want", test_fixtures),
		TEST("gives words of the same stem and synonyms as near, behind the others",
		     test_near),
		TEST("takes the synonyms of a file instead, as it changes", test_synonyms_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
