/* The word index over a real LMDB environment: daemon/search*.c. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../daemon/search_build.h"
#include "../../daemon/search_segment.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef TUY_FIXTURES_DIR
#define TUY_FIXTURES_DIR "tests/fixtures"
#endif

#define NO_BYTES ((struct tuy_bytes){ NULL, 0 })

/* A store of nothing but words. */
struct world {
	char dir[64];
	MDB_env *env;
	struct tuy_secret checksum;
	struct store_tables tables;
	struct search_batch *batch;
	struct synonyms *synonyms; /* NULL: what is near is not asked for */
};

static void world_open(struct world *world)
{
	MDB_txn *txn;
	memset(world, 0, sizeof *world);
	strcpy(world->dir, "/tmp/tuyau-search-XXXXXX");
	assert_non_null(mkdtemp(world->dir));
	assert_int_equal(mdb_env_create(&world->env), 0);
	assert_int_equal(mdb_env_set_maxdbs(world->env, 2), 0);
	assert_int_equal(mdb_env_set_mapsize(world->env, (size_t)512 << 20), 0);
	assert_int_equal(mdb_env_open(world->env, world->dir, MDB_NOSYNC | MDB_NOTLS, 0600), 0);
	memset(world->checksum.b, 7, sizeof world->checksum.b);
	world->tables.checksum = &world->checksum;
	assert_int_equal(mdb_txn_begin(world->env, NULL, 0, &txn), 0);
	assert_int_equal(
		mdb_dbi_open(txn, "segments", MDB_CREATE, &world->tables.dbi[STORE_SEGMENTS]), 0);
	assert_int_equal(mdb_dbi_open(txn, "words", MDB_CREATE, &world->tables.dbi[STORE_WORDS]),
	                 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
	world->batch = search_batch_create();
	assert_non_null(world->batch);
}

static void world_close(struct world *world)
{
	static const char *const files[] = { "data.mdb", "lock.mdb" };
	search_batch_destroy(world->batch);
	synonyms_destroy(world->synonyms);
	mdb_env_close(world->env);
	for (size_t i = 0; i < 2; i++) {
		char path[96];
		(void)snprintf(path, sizeof path, "%s/%s", world->dir, files[i]);
		assert_int_equal(unlink(path), 0);
	}
	assert_int_equal(rmdir(world->dir), 0);
}

static MDB_txn *world_begin(struct world *world, unsigned flags)
{
	MDB_txn *txn;
	assert_int_equal(mdb_txn_begin(world->env, NULL, flags, &txn), 0);
	return txn;
}

/* Writes and clears the batch, in one commit. */
static void world_commit(struct world *world)
{
	MDB_txn *txn = world_begin(world, 0);
	assert_int_equal(search_batch_write(world->batch, txn, &world->tables), 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
	search_batch_clear(world->batch);
}

static void world_merge(struct world *world, uint64_t max_work)
{
	MDB_txn *txn = world_begin(world, 0);
	assert_int_equal(search_merge_some(txn, &world->tables, max_work), 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
}

static int world_query(struct world *world, const char *query, struct search_hit *hits,
                       uint32_t cap)
{
	MDB_txn *txn = world_begin(world, MDB_RDONLY);
	int count = search_txn_query(txn, &world->tables, tuy_text_bytes(query), world->synonyms,
	                             hits, cap);
	mdb_txn_abort(txn);
	return count;
}

static int world_segments(struct world *world)
{
	MDB_txn *txn = world_begin(world, MDB_RDONLY);
	int count = search_segment_count(txn, &world->tables);
	mdb_txn_abort(txn);
	return count;
}

/* The rows of the table are those of the segments, to the byte. */
static void world_check_rows(struct world *world)
{
	static struct search_list list;
	MDB_txn *txn = world_begin(world, MDB_RDONLY);
	MDB_cursor *cursor;
	MDB_val key, row;
	uint64_t size = 0, wanted = 0;
	assert_int_equal(search_list_read(txn, &world->tables, &list), 0);
	assert_int_equal(mdb_cursor_open(txn, world->tables.dbi[STORE_WORDS], &cursor), 0);
	while (mdb_cursor_get(cursor, &key, &row, MDB_NEXT) == 0)
		size += key.mv_size + row.mv_size;
	mdb_cursor_close(cursor);
	mdb_txn_abort(txn);
	for (uint32_t i = 0; i < list.count; i++) {
		assert_int_equal(list.segments[i].state, SEARCH_LIVE);
		wanted += list.segments[i].size;
	}
	assert_int_equal(size, wanted);
}

static void field_set(struct tuy_record *record, enum tuy_field field, const char *text)
{
	if (text == NULL)
		return;
	record->value[field].present = true;
	record->value[field].text = tuy_text_bytes(text);
}

/* Adds a tip with a title, a text and a company (each may be NULL). */
static void world_add(struct world *world, uint32_t object, const char *title, const char *text,
                      const char *company)
{
	struct tuy_record record = { .kind = TUY_RECORD_TIP };
	field_set(&record, TUY_FIELD_TITLE, title);
	field_set(&record, TUY_FIELD_TEXT, text);
	field_set(&record, TUY_FIELD_COMPANY, company);
	assert_int_equal(search_batch_add(world->batch, object, &record), 0);
}

/* The query finds these objects in this order; 0 ends the list. */
static void check_finds(struct world *world, const char *query, ...)
{
	struct search_hit hits[64];
	int count = world_query(world, query, hits, 64);
	va_list wanted;
	va_start(wanted, query);
	uint32_t object = va_arg(wanted, uint32_t);
	for (int i = 0; i < count; i++) {
		if (hits[i].object != object)
			print_message("\"%s\": hit %d is %u\n", query, i, hits[i].object);
		assert_int_equal(hits[i].object, object);
		object = va_arg(wanted, uint32_t);
	}
	va_end(wanted);
	if (object != 0)
		print_message("\"%s\": %u is not found\n", query, object);
	assert_int_equal(object, 0);
	assert_true(count >= 0);
}

/* Small worlds */

static void test_finds(void **state)
{
	struct world world;
	(void)state;
	world_open(&world);
	check_finds(&world, "forklift", 0);
	world_add(&world, 1, "Racking and forklifts", "Moving their warehouse to Lyon",
	          "Northgate");
	world_commit(&world);
	world_add(&world, 2, "Paris office", "looking for coworking space", NULL);
	world_commit(&world);
	check_finds(&world, "forklift", 1, 0);
	check_finds(&world, "northgate", 1, 0);
	check_finds(&world, "coworking", 2, 0);
	check_finds(&world, "switchboard", 0);
	world_close(&world);
}

static void test_reads_all_fields(void **state)
{
	static const enum tuy_field fields[] = { TUY_FIELD_TITLE,   TUY_FIELD_TEXT,
		                                 TUY_FIELD_COMPANY, TUY_FIELD_ROLE,
		                                 TUY_FIELD_PLACE,   TUY_FIELD_PERSON,
		                                 TUY_FIELD_SKILLS,  TUY_FIELD_SECTOR };
	static const char *const words[] = { "alpha",  "bravo",   "charlie", "delta",
		                             "echoes", "foxtrot", "golf",    "hotel" };
	struct world world;
	struct tuy_record record = { .kind = TUY_RECORD_ASK };
	(void)state;
	world_open(&world);
	for (size_t i = 0; i < 8; i++)
		field_set(&record, fields[i], words[i]);
	record.value[TUY_FIELD_TAGS].present = true;
	record.value[TUY_FIELD_TAGS].count = 2;
	record.value[TUY_FIELD_TAGS].item[0] = tuy_text_bytes("india");
	record.value[TUY_FIELD_TAGS].item[1] = tuy_text_bytes("juliett");
	field_set(&record, TUY_FIELD_DOMAIN, "kilo.example");
	assert_int_equal(search_batch_add(world.batch, 9, &record), 0);
	world_commit(&world);
	for (size_t i = 0; i < 8; i++)
		check_finds(&world, words[i], 9, 0);
	check_finds(&world, "india juliett", 9, 0);
	check_finds(&world, "kilo", 0);
	world_close(&world);
}

static void test_folds(void **state)
{
	struct world world;
	(void)state;
	world_open(&world);
	world_add(&world, 1, "Réseau Wi-Fi", "refaire l’usine, cybersécurité", "Müller");
	world_commit(&world);
	check_finds(&world, "reseau wifi", 1, 0);
	check_finds(&world, "RÉSEAUX WI-FI", 1, 0);
	check_finds(&world, "re\xCC\x81seau", 1, 0);
	check_finds(&world, "usine", 1, 0);
	check_finds(&world, "cyber sécurité", 1, 0);
	check_finds(&world, "cyber-securite", 1, 0);
	check_finds(&world, "mueller", 1, 0);
	check_finds(&world, "muller wi fi", 1, 0);
	world_close(&world);
}

static void test_prefix(void **state)
{
	struct world world;
	(void)state;
	world_open(&world);
	world_add(&world, 1, "Imprimerie", NULL, NULL);
	world_add(&world, 2, "Imprimantes", NULL, NULL);
	world_add(&world, 3, "Scierie", NULL, NULL);
	world_commit(&world);
	check_finds(&world, "imprim", 2, 1, 0);
	check_finds(&world, "imprima", 2, 0);
	check_finds(&world, "imp", 0);
	check_finds(&world, "sci", 0);
	check_finds(&world, "scie", 3, 0);
	world_close(&world);
}

static void test_and(void **state)
{
	struct world world;
	(void)state;
	world_open(&world);
	world_add(&world, 1, "Location de camions", "Nantes", NULL);
	world_add(&world, 2, "Location d'imprimantes", "Nantes", NULL);
	world_add(&world, 3, "Imprimantes", "Brest", NULL);
	world_commit(&world);
	check_finds(&world, "location", 2, 1, 0);
	check_finds(&world, "imprimante location", 2, 0);
	check_finds(&world, "nantes imprimante location", 2, 0);
	check_finds(&world, "brest location", 0);
	world_close(&world);
}

static void test_ranks(void **state)
{
	struct search_hit hits[4];
	struct world world;
	(void)state;
	world_open(&world);
	world_add(&world, 1, "Banque", NULL, NULL);          /* whole, title */
	world_add(&world, 2, NULL, "une banque", NULL);      /* whole, text */
	world_add(&world, 3, "Banquette", NULL, NULL);       /* beginning, title */
	world_add(&world, 4, NULL, "deux banquettes", NULL); /* beginning, text */
	world_commit(&world);
	world_add(&world, 5, NULL, "la banque", "La Banque");
	world_add(&world, 6, NULL, "trois banquettes", NULL);
	world_commit(&world);
	check_finds(&world, "banque", 5, 1, 2, 3, 6, 4, 0);
	assert_int_equal(world_query(&world, "banque", hits, 3), 3);
	assert_int_equal(hits[0].object, 5);
	assert_int_equal(hits[1].object, 1);
	assert_int_equal(hits[2].object, 2);
	assert_int_equal(hits[0].score, hits[1].score);
	assert_true(hits[1].score > hits[2].score);
	assert_int_equal(world_query(&world, "banque", hits, 0), 0);
	world_close(&world);
}

static void test_refuses(void **state)
{
	struct search_hit hits[1];
	struct world world;
	char text[514];
	(void)state;
	world_open(&world);
	world_add(&world, 1, "word", NULL, NULL);
	world_commit(&world);
	assert_int_equal(world_query(&world, "", hits, 1), -1);
	assert_int_equal(world_query(&world, " ?! ", hits, 1), -1);
	memset(text, ' ', sizeof text);
	memcpy(text, "word", 4);
	text[512] = '\0';
	assert_int_equal(world_query(&world, text, hits, 1), 1);
	text[512] = ' ';
	text[513] = '\0';
	assert_int_equal(world_query(&world, text, hits, 1), -1);
	world_close(&world);
}

static void test_replaces(void **state)
{
	struct world world;
	(void)state;
	world_open(&world);
	world_add(&world, 5, "chaudière", NULL, NULL);
	world_add(&world, 6, "chaudière", NULL, NULL);
	world_commit(&world);
	world_add(&world, 9, "chaudière", NULL, NULL);
	world_add(&world, 5, "radiateur", NULL, NULL);
	world_commit(&world);
	check_finds(&world, "chaudiere", 9, 6, 0);
	check_finds(&world, "radiateur", 5, 0);
	world_add(&world, 6, "pompe", NULL, NULL); /* twice in one batch: the later counts */
	world_add(&world, 6, "tuyau", NULL, NULL);
	world_add(&world, 9, NULL, NULL, NULL);
	world_commit(&world);
	for (int round = 0; round < 2; round++) {
		check_finds(&world, "chaudiere", 0);
		check_finds(&world, "pompe", 0);
		check_finds(&world, "tuyau", 6, 0);
		check_finds(&world, "radiateur", 5, 0);
		world_add(&world, 10, "autre", NULL, NULL);
		world_commit(&world);
		world_merge(&world, UINT64_MAX);
	}
	assert_int_equal(world_segments(&world), 2);
	world_check_rows(&world);
	world_close(&world);
}

static void test_damage(void **state)
{
	struct search_hit hits[4];
	struct world world;
	MDB_cursor *cursor;
	MDB_val key, row;
	uint8_t copy[SEARCH_NODE_SIZE], name[SEARCH_ROW_KEY_MAX];
	(void)state;
	world_open(&world);
	world_add(&world, 1, "word", NULL, NULL);
	world_commit(&world);
	assert_int_equal(world_query(&world, "word", hits, 4), 1);
	MDB_txn *txn = world_begin(&world, 0);
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
	assert_int_equal(world_query(&world, "word", hits, 4), -1);
	txn = world_begin(&world, 0);
	assert_int_equal(mdb_del(txn, world.tables.dbi[STORE_WORDS], &key, NULL), 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
	assert_int_equal(world_query(&world, "word", hits, 4), -1);
	world_close(&world);
}

/* Large worlds */

static uint64_t dice_state;

/* splitmix64 */
static uint32_t dice_below(uint32_t bound)
{
	dice_state += 0x9E3779B97F4A7C15u;
	uint64_t z = dice_state;
	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
	return (uint32_t)((z ^ (z >> 31)) >> 16) % bound;
}

#define WORDS     400
#define DOCS      5000
#define QUERIES   40
#define DOC_TEXTS 3

static char words[WORDS][32];

static void words_make(void)
{
	static const char *const parts[] = { "ba", "ré", "lo", "mi", "tu", "ca",  "dé",  "fo",
		                             "gi", "hu", "ja", "ne", "po", "qui", "sar", "tel" };
	for (size_t i = 0; i < WORDS; i++) {
		words[i][0] = '\0';
		for (uint32_t n = 1 + dice_below(4); n > 0; n--) {
			strcat(words[i], parts[dice_below(16)]);
			if (n > 1 && dice_below(12) == 0)
				strcat(words[i], "-");
		}
		if (dice_below(4) == 0)
			strcat(words[i], "s");
	}
}

/* `count` words, the first ones of the vocabulary much more often. */
static void text_make(char *text, size_t size, uint32_t count)
{
	text[0] = '\0';
	for (; count > 0; count--) {
		uint32_t word = dice_below(1 + dice_below(WORDS));
		size_t len = strlen(text);
		(void)snprintf(text + len, size - len, "%s ", words[word]);
	}
}

/* What a scan knows: which query matches which object. */
struct scan {
	char queries[QUERIES][80];
	struct tuy_query parsed[QUERIES];
	bool matches[QUERIES][DOCS];
};
static struct scan scan;

static void scan_make(void)
{
	memset(&scan, 0, sizeof scan);
	for (size_t q = 0; q < QUERIES; q++) {
		text_make(scan.queries[q], sizeof scan.queries[q], 1 + dice_below(3));
		if (dice_below(2) == 0) /* the beginning of its last word */
			scan.queries[q][strlen(scan.queries[q]) - 1 - dice_below(2)] = '\0';
		assert_int_equal(tuy_query_parse(&scan.parsed[q], TUY_QUERY_SEARCH,
		                                 tuy_text_bytes(scan.queries[q])),
		                 TUY_OK);
	}
}

/* Adds object `object` with random words to the batch and to the scan. */
static void scan_add(struct world *world, uint32_t object)
{
	char texts[DOC_TEXTS][2000];
	struct tuy_bytes spans[DOC_TEXTS];
	text_make(texts[0], sizeof texts[0], 1 + dice_below(4));
	text_make(texts[1], sizeof texts[1], dice_below(60));
	text_make(texts[2], sizeof texts[2], dice_below(3));
	for (size_t i = 0; i < DOC_TEXTS; i++)
		spans[i] = tuy_text_bytes(texts[i]);
	world_add(world, object, texts[0], texts[1], texts[2]);
	for (size_t q = 0; q < QUERIES; q++)
		scan.matches[q][object] = tuy_query_matches(&scan.parsed[q], spans, DOC_TEXTS);
}

static void scan_check(struct world *world, size_t q)
{
	static struct search_hit hits[DOCS];
	uint32_t wanted = 0;
	int count = world_query(world, scan.queries[q], hits, DOCS);
	for (size_t i = 0; i < DOCS; i++)
		wanted += scan.matches[q][i];
	assert_int_equal(count, wanted);
	for (int i = 0; i < count; i++) {
		assert_true(scan.matches[q][hits[i].object]);
		if (i > 0)
			assert_true(hits[i].score < hits[i - 1].score ||
			            (hits[i].score == hits[i - 1].score &&
			             hits[i].object < hits[i - 1].object));
	}
}

static void random_start(struct world *world, uint64_t seed)
{
	print_message("seed %llu\n", (unsigned long long)seed);
	dice_state = seed;
	words_make();
	scan_make();
	world_open(world);
}

static void test_equals_scan(void **state)
{
	struct world world;
	(void)state;
	random_start(&world, 20261122);
	for (uint32_t next = 0; next < DOCS;) {
		uint32_t count = dice_below(4) == 0 ? 1 + dice_below(200) : 1 + dice_below(9);
		for (; count > 0 && next < DOCS; count--) {
			scan_add(&world, next++);
			if (dice_below(30) == 0) /* a newer revision of an older object */
				scan_add(&world, dice_below(next));
		}
		world_commit(&world);
		scan_check(&world, dice_below(QUERIES));
		if (dice_below(3) == 0)
			world_merge(&world, 1 + dice_below(60000));
		scan_check(&world, dice_below(QUERIES));
	}
	for (size_t q = 0; q < QUERIES; q++)
		scan_check(&world, q);
	world_merge(&world, UINT64_MAX);
	for (size_t q = 0; q < QUERIES; q++)
		scan_check(&world, q);
	world_check_rows(&world);
	world_close(&world);
}

/* Nothing of a transaction that was not committed is seen, whatever it was in the middle of. */
static void test_survives_aborts(void **state)
{
	static struct search_list list;
	struct world world;
	uint32_t spread = 0;
	(void)state;
	random_start(&world, 7);
	for (uint32_t next = 0; next < DOCS;) {
		uint32_t first = next;
		for (uint32_t count = 1 + dice_below(300); count > 0 && next < DOCS; count--)
			scan_add(&world, next++);
		MDB_txn *txn = world_begin(&world, 0);
		assert_int_equal(search_batch_write(world.batch, txn, &world.tables), 0);
		mdb_txn_abort(txn);
		if (first > 0) {
			struct search_hit hit;
			size_t q = dice_below(QUERIES);
			if (world_query(&world, scan.queries[q], &hit, 1) == 1)
				assert_true(hit.object < first);
		}
		world_commit(&world); /* the batch is still there: once more */
		for (int i = 0; i < 2; i++) {
			txn = world_begin(&world, 0);
			assert_int_equal(
				search_merge_some(txn, &world.tables, 1 + dice_below(50000)), 0);
			assert_int_equal(search_list_read(txn, &world.tables, &list), 0);
			for (uint32_t k = 0; k < list.count; k++)
				spread += list.segments[k].state == SEARCH_OUTPUT;
			mdb_txn_abort(txn);
			scan_check(&world, dice_below(QUERIES));
			world_merge(&world, 1 + dice_below(20000));
		}
	}
	assert_true(spread > 0); /* else no merge was ever in the middle */
	for (size_t q = 0; q < QUERIES; q++)
		scan_check(&world, q);
	world_merge(&world, UINT64_MAX);
	world_check_rows(&world);
	world_close(&world);
}

/* 100,000 commits of one tip. Many share a transaction of LMDB: to the index it is the same. */
static void test_stays_small(void **state)
{
	static struct search_hit hits[100001];
	struct world world;
	MDB_txn *txn = NULL;
	int most = 0;
	(void)state;
	world_open(&world);
	for (uint32_t i = 1; i <= 100000; i++) {
		char text[80];
		if (txn == NULL)
			txn = world_begin(&world, 0);
		(void)snprintf(text, sizeof text, "cherche fournisseur x%u y%u de z%u", i % 7,
		               i % 1000, i);
		world_add(&world, i, "Machines", text, NULL);
		assert_int_equal(search_batch_write(world.batch, txn, &world.tables), 0);
		search_batch_clear(world.batch);
		int count = search_segment_count(txn, &world.tables);
		most = count > most ? count : most;
		if (i % 500 == 0) {
			assert_int_equal(mdb_txn_commit(txn), 0);
			txn = NULL;
		}
	}
	print_message("at most %d segments, %d at the end\n", most, world_segments(&world));
	assert_in_range(most, 1, 32);
	assert_in_range(world_segments(&world), 1, 25);
	check_finds(&world, "z77777", 77777, 0);
	assert_int_equal(world_query(&world, "machine x3 y500", hits, 100001), 15);
	assert_int_equal(world_query(&world, "machine fourniss", hits, 100001), 100000);
	assert_int_equal(hits[0].object, 100000);
	assert_int_equal(hits[99999].object, 1);
	world_merge(&world, UINT64_MAX);
	world_check_rows(&world);
	assert_int_equal(world_query(&world, "machine cherche", hits, 10), 10);
	world_close(&world);
}

/* Words that somebody made so that a beginning fits far too many. */
static void test_bounds_prefixes(void **state)
{
	static char text[4000];
	static struct search_hit hits[10000];
	struct world world;
	uint32_t object = 0;
	(void)state;
	dice_state = 99;
	world_open(&world);
	for (int commit = 0; commit < 9; commit++) {
		for (int i = 0; i < 700; i++) {
			size_t len = 0;
			for (int k = 0; k < 100; k++)
				len += (size_t)snprintf(text + len, sizeof text - len,
				                        "flood%08x%08x ", dice_below(UINT32_MAX),
				                        dice_below(UINT32_MAX));
			object++;
			world_add(&world, object, object == 1 ? "Flood" : "new", text, NULL);
		}
		world_commit(&world);
	}
	int count = world_query(&world, "flood", hits, 10000);
	print_message("%d of %u objects with a beginning of too many words\n", count, object);
	assert_in_range(count, 700, object - 1); /* not all: the work is bounded */
	assert_int_equal(hits[0].object, 1);     /* the whole word is found all the same */
	assert_true(hits[1].object > object - 700);
	world_close(&world);
}

/* Fixtures */

static uint32_t fixture_number(const char *id)
{
	return (uint32_t)strtoul(id + 1, NULL, 10);
}

static void fixtures_add(struct world *world)
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
		field_set(&record, TUY_FIELD_TEXT, json_string_value(json_object_get(tip, "text")));
		field_set(&record, TUY_FIELD_COMPANY,
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
	world_commit(world);
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
	struct world world;
	char line[512];
	uint32_t found = 0, wanted = 0, meant = 0, meant_wanted = 0, unwanted = 0, all = 0;
	(void)state;
	world_open(&world);
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
		int count = world_query(&world, query, hits, 30);
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
	world_close(&world);
}

static void near_text_add(struct world *world, uint32_t object, const char *text)
{
	struct tuy_record record = { .kind = TUY_RECORD_TIP };
	record.value[TUY_FIELD_TEXT] =
		(struct tuy_value){ .present = true, .text = tuy_text_bytes(text) };
	assert_int_equal(search_batch_add(world->batch, object, &record), 0);
}

static void assert_finds(struct world *world, const char *query, const char *wanted)
{
	struct search_hit hits[16];
	char found[200] = "";
	int count = world_query(world, query, hits, 16);
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
	struct world world;
	(void)state;
	world_open(&world);
	world.synonyms = synonyms_create(NULL);
	near_text_add(&world, 1, "ils recrutent un directeur financier");
	near_text_add(&world, 2, "le recrutement d'un DAF");
	world_commit(&world);
	near_text_add(&world, 3, "recruter au printemps");
	near_text_add(&world, 4, "des scieries, une scie");
	near_text_add(&world, 5, "directeur des achats; un bilan financier");
	world_commit(&world);
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
	world_close(&world);
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
	struct world world;
	char path[96];
	(void)state;
	world_open(&world);
	near_text_add(&world, 1, "un chef de chantier");
	near_text_add(&world, 2, "conducteurs de travaux");
	near_text_add(&world, 3, "CFO");
	world_commit(&world);
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
	world_close(&world);
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
		TEST("answers like a scan through commits and merges", test_equals_scan),
		TEST("an aborted transaction leaves no trace", test_survives_aborts),
		TEST("100,000 commits leave few segments", test_stays_small),
		TEST("bounds the work of a beginning of too many words", test_bounds_prefixes),
		TEST("finds what the fixtures want", test_fixtures),
		TEST("gives words of the same stem and synonyms as near, behind the others",
		     test_near),
		TEST("takes the synonyms of a file instead, as it changes", test_synonyms_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
