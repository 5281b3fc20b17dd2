/* The word index over a real LMDB environment: what it finds, in which order. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../daemon/search_build.h"
#include "../../daemon/search_segment.h"
#include "search_world.h"

#include <string.h>

static void test_finds(void **state)
{
	struct search_world world;
	(void)state;
	search_world_open(&world);
	search_world_finds(&world, "forklift", 0);
	search_world_add(&world, 1, "Racking and forklifts", "Moving their warehouse to Lyon",
	                 "Northgate");
	search_world_commit(&world);
	search_world_add(&world, 2, "Paris office", "looking for coworking space", NULL);
	search_world_commit(&world);
	search_world_finds(&world, "forklift", 1, 0);
	search_world_finds(&world, "northgate", 1, 0);
	search_world_finds(&world, "coworking", 2, 0);
	search_world_finds(&world, "switchboard", 0);
	search_world_close(&world);
}

static void test_reads_all_fields(void **state)
{
	static const enum tuy_field fields[] = { TUY_FIELD_TITLE,   TUY_FIELD_TEXT,
		                                 TUY_FIELD_COMPANY, TUY_FIELD_ROLE,
		                                 TUY_FIELD_PLACE,   TUY_FIELD_PERSON,
		                                 TUY_FIELD_SKILLS,  TUY_FIELD_SECTOR };
	static const char *const words[] = { "alpha",  "bravo",   "charlie", "delta",
		                             "echoes", "foxtrot", "golf",    "hotel" };
	struct search_world world;
	struct tuy_record record = { .kind = TUY_RECORD_ASK };
	(void)state;
	search_world_open(&world);
	for (size_t i = 0; i < 8; i++)
		search_world_field(&record, fields[i], words[i]);
	record.value[TUY_FIELD_TAGS].present = true;
	record.value[TUY_FIELD_TAGS].count = 2;
	record.value[TUY_FIELD_TAGS].item[0] = tuy_text_bytes("india");
	record.value[TUY_FIELD_TAGS].item[1] = tuy_text_bytes("juliett");
	search_world_field(&record, TUY_FIELD_DOMAIN, "kilo.example");
	assert_int_equal(search_batch_add(world.batch, 9, &record), 0);
	search_world_commit(&world);
	for (size_t i = 0; i < 8; i++)
		search_world_finds(&world, words[i], 9, 0);
	search_world_finds(&world, "india juliett", 9, 0);
	search_world_finds(&world, "kilo", 0);
	search_world_close(&world);
}

static void test_folds(void **state)
{
	struct search_world world;
	(void)state;
	search_world_open(&world);
	search_world_add(&world, 1, "Réseau Wi-Fi", "refaire l’usine, cybersécurité", "Müller");
	search_world_commit(&world);
	search_world_finds(&world, "reseau wifi", 1, 0);
	search_world_finds(&world, "RÉSEAUX WI-FI", 1, 0);
	search_world_finds(&world, "re\xCC\x81seau", 1, 0);
	search_world_finds(&world, "usine", 1, 0);
	search_world_finds(&world, "cyber sécurité", 1, 0);
	search_world_finds(&world, "cyber-securite", 1, 0);
	search_world_finds(&world, "mueller", 1, 0);
	search_world_finds(&world, "muller wi fi", 1, 0);
	search_world_close(&world);
}

static void test_prefix(void **state)
{
	struct search_world world;
	(void)state;
	search_world_open(&world);
	search_world_add(&world, 1, "Imprimerie", NULL, NULL);
	search_world_add(&world, 2, "Imprimantes", NULL, NULL);
	search_world_add(&world, 3, "Scierie", NULL, NULL);
	search_world_commit(&world);
	search_world_finds(&world, "imprim", 2, 1, 0);
	search_world_finds(&world, "imprima", 2, 0);
	search_world_finds(&world, "imp", 0);
	search_world_finds(&world, "sci", 0);
	search_world_finds(&world, "scie", 3, 0);
	search_world_close(&world);
}

static void test_and(void **state)
{
	struct search_world world;
	(void)state;
	search_world_open(&world);
	search_world_add(&world, 1, "Location de camions", "Nantes", NULL);
	search_world_add(&world, 2, "Location d'imprimantes", "Nantes", NULL);
	search_world_add(&world, 3, "Imprimantes", "Brest", NULL);
	search_world_commit(&world);
	search_world_finds(&world, "location", 2, 1, 0);
	search_world_finds(&world, "imprimante location", 2, 0);
	search_world_finds(&world, "nantes imprimante location", 2, 0);
	search_world_finds(&world, "brest location", 0);
	search_world_close(&world);
}

static void test_ranks(void **state)
{
	struct search_hit hits[4];
	struct search_world world;
	(void)state;
	search_world_open(&world);
	search_world_add(&world, 1, "Banque", NULL, NULL);          /* whole, title */
	search_world_add(&world, 2, NULL, "une banque", NULL);      /* whole, text */
	search_world_add(&world, 3, "Banquette", NULL, NULL);       /* beginning, title */
	search_world_add(&world, 4, NULL, "deux banquettes", NULL); /* beginning, text */
	search_world_commit(&world);
	search_world_add(&world, 5, NULL, "la banque", "La Banque");
	search_world_add(&world, 6, NULL, "trois banquettes", NULL);
	search_world_commit(&world);
	search_world_finds(&world, "banque", 5, 1, 2, 3, 6, 4, 0);
	assert_int_equal(search_world_query(&world, "banque", hits, 3), 3);
	assert_int_equal(hits[0].object, 5);
	assert_int_equal(hits[1].object, 1);
	assert_int_equal(hits[2].object, 2);
	assert_int_equal(hits[0].score, hits[1].score);
	assert_true(hits[1].score > hits[2].score);
	assert_int_equal(search_world_query(&world, "banque", hits, 0), 0);
	search_world_close(&world);
}

static void test_refuses(void **state)
{
	struct search_hit hits[1];
	struct search_world world;
	char text[514];
	(void)state;
	search_world_open(&world);
	search_world_add(&world, 1, "word", NULL, NULL);
	search_world_commit(&world);
	assert_int_equal(search_world_query(&world, "", hits, 1), -1);
	assert_int_equal(search_world_query(&world, " ?! ", hits, 1), -1);
	memset(text, ' ', sizeof text);
	memcpy(text, "word", 4);
	text[512] = '\0';
	assert_int_equal(search_world_query(&world, text, hits, 1), 1);
	text[512] = ' ';
	text[513] = '\0';
	assert_int_equal(search_world_query(&world, text, hits, 1), -1);
	search_world_close(&world);
}

static void test_replaces(void **state)
{
	struct search_world world;
	(void)state;
	search_world_open(&world);
	search_world_add(&world, 5, "chaudière", NULL, NULL);
	search_world_add(&world, 6, "chaudière", NULL, NULL);
	search_world_commit(&world);
	search_world_add(&world, 9, "chaudière", NULL, NULL);
	search_world_add(&world, 5, "radiateur", NULL, NULL);
	search_world_commit(&world);
	search_world_finds(&world, "chaudiere", 9, 6, 0);
	search_world_finds(&world, "radiateur", 5, 0);
	search_world_add(&world, 6, "pompe", NULL, NULL); /* twice in one batch: the later counts */
	search_world_add(&world, 6, "tuyau", NULL, NULL);
	search_world_add(&world, 9, NULL, NULL, NULL);
	search_world_commit(&world);
	for (int round = 0; round < 2; round++) {
		search_world_finds(&world, "chaudiere", 0);
		search_world_finds(&world, "pompe", 0);
		search_world_finds(&world, "tuyau", 6, 0);
		search_world_finds(&world, "radiateur", 5, 0);
		search_world_add(&world, 10, "autre", NULL, NULL);
		search_world_commit(&world);
		search_world_merge(&world, UINT64_MAX);
	}
	assert_int_equal(search_world_segments(&world), 2);
	search_world_check_rows(&world);
	search_world_close(&world);
}

static void test_damage(void **state)
{
	struct search_hit hits[4];
	struct search_world world;
	MDB_cursor *cursor;
	MDB_val key, row;
	uint8_t copy[SEARCH_NODE_SIZE], name[SEARCH_ROW_KEY_MAX];
	(void)state;
	search_world_open(&world);
	search_world_add(&world, 1, "word", NULL, NULL);
	search_world_commit(&world);
	assert_int_equal(search_world_query(&world, "word", hits, 4), 1);
	MDB_txn *txn = search_world_begin(&world, 0);
	assert_int_equal(mdb_cursor_open(txn, world.tables.dbi[STORE_WORDS], &cursor), 0);
	assert_int_equal(mdb_cursor_get(cursor, &key, &row, MDB_FIRST), 0);
	memcpy(copy, row.mv_data, row.mv_size);
	memcpy(name, key.mv_data, key.mv_size);
	mdb_cursor_close(cursor);
	copy[row.mv_size / 2] ^= 1;
	row.mv_data = copy;
	key.mv_data = name;
	assert_int_equal(mdb_put(txn, world.tables.dbi[STORE_WORDS], &key, &row, 0), 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
	assert_int_equal(search_world_query(&world, "word", hits, 4), -1);
	txn = search_world_begin(&world, 0);
	assert_int_equal(mdb_del(txn, world.tables.dbi[STORE_WORDS], &key, NULL), 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
	assert_int_equal(search_world_query(&world, "word", hits, 4), -1);
	search_world_close(&world);
}

#define TEST(sentence, function)                                                                   \
	{                                                                                          \
		sentence, function, NULL, NULL, NULL                                               \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST("finds a tip by its words and not by others", test_finds),
		TEST("reads every field that has words", test_reads_all_fields),
		TEST("takes accents, hyphens and plurals as the same", test_folds),
		TEST("finds words by a beginning of more than three letters", test_prefix),
		TEST("wants all words of the query", test_and),
		TEST("gives whole words and titles first, then the newest", test_ranks),
		TEST("refuses a query without a word or too long", test_refuses),
		TEST("forgets the words an object had before", test_replaces),
		TEST("reports a damaged row instead of answering", test_damage),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
