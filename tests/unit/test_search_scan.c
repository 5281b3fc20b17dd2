/* The word index against a scan of all texts, through commits, aborts and merges. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../daemon/search_build.h"
#include "../../daemon/search_segment.h"
#include "search_world.h"

#include <stdio.h>
#include <string.h>

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
static void scan_add(struct search_world *world, uint32_t object)
{
	char texts[DOC_TEXTS][2000];
	struct tuy_bytes spans[DOC_TEXTS];
	text_make(texts[0], sizeof texts[0], 1 + dice_below(4));
	text_make(texts[1], sizeof texts[1], dice_below(60));
	text_make(texts[2], sizeof texts[2], dice_below(3));
	for (size_t i = 0; i < DOC_TEXTS; i++)
		spans[i] = tuy_text_bytes(texts[i]);
	search_world_add(world, object, texts[0], texts[1], texts[2]);
	for (size_t q = 0; q < QUERIES; q++)
		scan.matches[q][object] = tuy_query_matches(&scan.parsed[q], spans, DOC_TEXTS);
}

static void scan_check(struct search_world *world, size_t q)
{
	static struct search_hit hits[DOCS];
	uint32_t wanted = 0;
	int count = search_world_query(world, scan.queries[q], hits, DOCS);
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

static void random_start(struct search_world *world, uint64_t seed)
{
	print_message("seed %llu\n", (unsigned long long)seed);
	dice_state = seed;
	words_make();
	scan_make();
	search_world_open(world);
}

static void test_equals_scan(void **state)
{
	struct search_world world;
	(void)state;
	random_start(&world, 20261122);
	for (uint32_t next = 0; next < DOCS;) {
		uint32_t count = dice_below(4) == 0 ? 1 + dice_below(200) : 1 + dice_below(9);
		for (; count > 0 && next < DOCS; count--) {
			scan_add(&world, next++);
			if (dice_below(30) == 0) /* a newer revision of an older object */
				scan_add(&world, dice_below(next));
		}
		search_world_commit(&world);
		scan_check(&world, dice_below(QUERIES));
		if (dice_below(3) == 0)
			search_world_merge(&world, 1 + dice_below(60000));
		scan_check(&world, dice_below(QUERIES));
	}
	for (size_t q = 0; q < QUERIES; q++)
		scan_check(&world, q);
	search_world_merge(&world, UINT64_MAX);
	for (size_t q = 0; q < QUERIES; q++)
		scan_check(&world, q);
	search_world_check_rows(&world);
	search_world_close(&world);
}

/* Nothing of a transaction that was not committed is seen, whatever it was in the middle of. */
static void test_survives_aborts(void **state)
{
	static struct search_list list;
	struct search_world world;
	uint32_t spread = 0;
	(void)state;
	random_start(&world, 7);
	for (uint32_t next = 0; next < DOCS;) {
		uint32_t first = next;
		for (uint32_t count = 1 + dice_below(300); count > 0 && next < DOCS; count--)
			scan_add(&world, next++);
		MDB_txn *txn = search_world_begin(&world, 0);
		assert_int_equal(search_batch_write(world.batch, txn, &world.tables), 0);
		mdb_txn_abort(txn);
		if (first > 0) {
			struct search_hit hit;
			size_t q = dice_below(QUERIES);
			if (search_world_query(&world, scan.queries[q], &hit, 1) == 1)
				assert_true(hit.object < first);
		}
		search_world_commit(&world); /* the batch is still there: once more */
		for (int i = 0; i < 2; i++) {
			txn = search_world_begin(&world, 0);
			assert_int_equal(
				search_merge_some(txn, &world.tables, 1 + dice_below(50000)), 0);
			assert_int_equal(search_list_read(txn, &world.tables, &list), 0);
			for (uint32_t k = 0; k < list.count; k++)
				spread += list.segments[k].state == SEARCH_OUTPUT;
			mdb_txn_abort(txn);
			scan_check(&world, dice_below(QUERIES));
			search_world_merge(&world, 1 + dice_below(20000));
		}
	}
	assert_true(spread > 0); /* else no merge was ever in the middle */
	for (size_t q = 0; q < QUERIES; q++)
		scan_check(&world, q);
	search_world_merge(&world, UINT64_MAX);
	search_world_check_rows(&world);
	search_world_close(&world);
}

/* 100,000 commits of one tip. Many share a transaction of LMDB: to the index it is the same. */
static void test_stays_small(void **state)
{
	static struct search_hit hits[100001];
	struct search_world world;
	MDB_txn *txn = NULL;
	int most = 0;
	(void)state;
	search_world_open(&world);
	for (uint32_t i = 1; i <= 100000; i++) {
		char text[80];
		if (txn == NULL)
			txn = search_world_begin(&world, 0);
		(void)snprintf(text, sizeof text, "cherche fournisseur x%u y%u de z%u", i % 7,
		               i % 1000, i);
		search_world_add(&world, i, "Machines", text, NULL);
		assert_int_equal(search_batch_write(world.batch, txn, &world.tables), 0);
		search_batch_clear(world.batch);
		int count = search_segment_count(txn, &world.tables);
		most = count > most ? count : most;
		if (i % 500 == 0) {
			assert_int_equal(mdb_txn_commit(txn), 0);
			txn = NULL;
		}
	}
	print_message("at most %d segments, %d at the end\n", most, search_world_segments(&world));
	assert_in_range(most, 1, 32);
	assert_in_range(search_world_segments(&world), 1, 25);
	search_world_finds(&world, "z77777", 77777, 0);
	assert_int_equal(search_world_query(&world, "machine x3 y500", hits, 100001), 15);
	assert_int_equal(search_world_query(&world, "machine fourniss", hits, 100001), 100000);
	assert_int_equal(hits[0].object, 100000);
	assert_int_equal(hits[99999].object, 1);
	search_world_merge(&world, UINT64_MAX);
	search_world_check_rows(&world);
	assert_int_equal(search_world_query(&world, "machine cherche", hits, 10), 10);
	search_world_close(&world);
}

/* Words that somebody made so that a beginning fits far too many. */
static void test_bounds_prefixes(void **state)
{
	static char text[4000];
	static struct search_hit hits[10000];
	struct search_world world;
	uint32_t object = 0;
	(void)state;
	dice_state = 99;
	search_world_open(&world);
	for (int commit = 0; commit < 9; commit++) {
		for (int i = 0; i < 700; i++) {
			size_t len = 0;
			for (int k = 0; k < 100; k++)
				len += (size_t)snprintf(text + len, sizeof text - len,
				                        "flood%08x%08x ", dice_below(UINT32_MAX),
				                        dice_below(UINT32_MAX));
			object++;
			search_world_add(&world, object, object == 1 ? "Flood" : "new", text, NULL);
		}
		search_world_commit(&world);
	}
	int count = search_world_query(&world, "flood", hits, 10000);
	print_message("%d of %u objects with a beginning of too many words\n", count, object);
	assert_in_range(count, 700, object - 1); /* not all: the work is bounded */
	assert_int_equal(hits[0].object, 1);     /* the whole word is found all the same */
	assert_true(hits[1].object > object - 700);
	search_world_close(&world);
}

#define TEST(sentence, function)                                                                   \
	{                                                                                          \
		sentence, function, NULL, NULL, NULL                                               \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST("answers like a scan through commits and merges", test_equals_scan),
		TEST("an aborted transaction leaves no trace", test_survives_aborts),
		TEST("100,000 commits leave few segments", test_stays_small),
		TEST("bounds the work of a beginning of too many words", test_bounds_prefixes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
