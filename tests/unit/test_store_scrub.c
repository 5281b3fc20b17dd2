/* What was erased leaves the data file (daemon/store_scrub.h, daemon/writer_scrub.h). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "../../daemon/search.h"
#include "../../daemon/store_erase.h"
#include "../../daemon/store_pages.h"
#include "../../daemon/store_scrub.h"
#include "../../daemon/view.h"
#include "../../proto/blob.h"
#include "store_world.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define TIPS 60

static struct world world;
static struct world_circle circle;
static struct world_log log_a;
static struct store_reading reading;

static int set_up(void **state)
{
	(void)state;
	world_open(&world, WRITER_WORDS);
	world_circle(&world, &circle, 0);
	world_epoch_put(&world, &circle);
	world_log(&world, &log_a, 0, &circle, 1, 1);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	world_close(&world);
	return 0;
}

/* ---- helpers ---- */

/* A word whose end is its own: the index leaves out what a word shares with the one before. */
static const char *title_of(uint32_t seq, char title[32])
{
	char own[3] = { (char)('b' + seq / 8), (char)('f' + seq % 8), '\0' };
	(void)snprintf(title, 32, "%sforklift%s", own, own);
	return title + 2;
}

static void tips_give(uint32_t count)
{
	char title[32];
	for (uint32_t seq = 1; seq <= count; seq++) {
		(void)title_of(seq, title);
		struct tuy_record record = world_tip(seq, 0, title, NULL);
		world_entry(&world, &log_a, &record, 1000, 0);
	}
}

static int file_has(struct tuy_bytes wanted)
{
	char path[96];
	(void)snprintf(path, sizeof path, "%s/data.mdb", world.dir);
	FILE *file = fopen(path, "rb");
	assert_non_null(file);
	assert_int_equal(fseek(file, 0, SEEK_END), 0);
	size_t len = (size_t)ftell(file);
	rewind(file);
	uint8_t *bytes = malloc(len);
	assert_non_null(bytes);
	assert_int_equal(fread(bytes, 1, len, file), len);
	(void)fclose(file);
	int has = memmem(bytes, len, wanted.p, wanted.len) != NULL;
	free(bytes);
	return has;
}

static int file_has_title(uint32_t seq)
{
	char title[32];
	const char *end = title_of(seq, title);
	return file_has((struct tuy_bytes){ (const uint8_t *)end, strlen(end) });
}

/* Some bytes of a payload, as it lies in the file. */
static void piece_take(uint32_t seq, uint8_t piece[32])
{
	struct tuy_bytes header, blob;
	assert_int_equal(store_reading_begin(world.store, &reading), 0);
	assert_int_equal(store_entry(&reading, 0, seq, &header, &blob), 0);
	assert_non_null(blob.p);
	memcpy(piece, blob.p + 1, 32);
	store_reading_end(&reading);
}

static int file_has_piece(const uint8_t piece[32])
{
	return file_has((struct tuy_bytes){ piece, 32 });
}

static void erase_here(uint32_t seq)
{
	struct store_place place = { 0, seq };
	uint32_t before = world.report_count;
	assert_int_equal(writer_erase_here(world.writer, ++world.next_ticket, &place, 1), 0);
	world_await(&world, before + 1);
	assert_int_equal(world.report[before].stored, TUY_STORED_OK);
}

static void scrub(void)
{
	uint32_t before = world.report_count;
	assert_int_equal(writer_scrub(world.writer, ++world.next_ticket), 0);
	world_await(&world, before + 1);
	assert_int_equal(world.report[before].stored, TUY_STORED_OK);
}

static int residue(void)
{
	assert_int_equal(store_reading_begin(world.store, &reading), 0);
	int is = store_residue(reading.txn, store_tables(world.store));
	store_reading_end(&reading);
	return is;
}

/* How many of the payloads are held; each entry must be there, and each payload be its header's. */
static uint32_t held_check(uint32_t count)
{
	uint32_t held = 0;
	assert_int_equal(store_reading_begin(world.store, &reading), 0);
	for (uint32_t seq = 1; seq <= count; seq++) {
		struct tuy_header header;
		struct tuy_bytes bytes, blob;
		assert_int_equal(store_entry(&reading, 0, seq, &bytes, &blob), 0);
		assert_int_equal(tuy_header_decode(bytes.p, &header), TUY_OK);
		if (blob.p == NULL)
			continue;
		struct tuy_hash commit = tuy_blob_commit(blob);
		assert_memory_equal(commit.b, header.pcommit.b, sizeof commit.b);
		held++;
	}
	assert_int_equal(view_is_whole(&reading), 1);
	assert_int_equal(view_count(&reading), held);
	store_reading_end(&reading);
	return held;
}

/* ---- tests ---- */

static void what_was_erased_stands_nowhere_in_the_file(void **state)
{
	uint8_t gone[32], kept[32];
	(void)state;
	tips_give(TIPS);
	piece_take(7, gone);
	piece_take(8, kept);
	assert_true(file_has_title(7) && file_has_piece(gone));
	erase_here(7);
	assert_int_equal(residue(), 1);
	scrub();
	assert_false(file_has_title(7));
	assert_false(file_has_piece(gone));
	assert_true(file_has_title(8) && file_has_piece(kept));
	assert_int_equal(residue(), 0);
	assert_int_equal(held_check(TIPS), TIPS - 1);
}

static void what_is_written_after_a_scrub_brings_nothing_back(void **state)
{
	uint8_t gone[32];
	(void)state;
	tips_give(TIPS);
	piece_take(3, gone);
	erase_here(3);
	scrub();
	for (uint32_t seq = TIPS + 1; seq <= TIPS + 30; seq++) {
		struct tuy_record record = world_tip(seq, 0, "pallets", NULL);
		world_entry(&world, &log_a, &record, 1000, 0);
	}
	assert_false(file_has_title(3));
	assert_false(file_has_piece(gone));
	assert_int_equal(held_check(TIPS + 30), TIPS + 29);
}

static void what_a_process_left_the_next_one_finds(void **state)
{
	uint8_t gone[32];
	(void)state;
	tips_give(TIPS);
	piece_take(5, gone);
	erase_here(5);
	world_reopen(&world, WRITER_WORDS);
	assert_int_equal(residue(), 1);
	assert_true(file_has_title(5) || file_has_piece(gone));
	scrub();
	assert_false(file_has_title(5));
	assert_false(file_has_piece(gone));
	assert_int_equal(residue(), 0);
}

static void a_scrubbed_store_is_the_same_store(void **state)
{
	(void)state;
	tips_give(TIPS);
	struct tuy_incarnation before = *store_incarnation(world.store);
	erase_here(1);
	scrub();
	world_reopen(&world, WRITER_WORDS);
	assert_int_equal(store_origin(world.store), STORE_ORIGIN_SAME);
	assert_memory_equal(store_incarnation(world.store)->b, before.b, sizeof before.b);
	assert_int_equal(held_check(TIPS), TIPS - 1);
}

static void a_scrub_is_answered_though_nothing_was_erased(void **state)
{
	(void)state;
	tips_give(3);
	scrub();
	assert_int_equal(held_check(3), 3);
}

/* A process that erases one tip after the other, and scrubs, until it is killed. */
static int page_seen(void *context, uint64_t number, const uint8_t *page, size_t lower,
                     size_t upper)
{
	uint64_t *last = context;
	(void)lower;
	(void)upper;
	if (page[10] == 2) /* a leaf */
		*last = number;
	return 0;
}

static int file_walk(int fd, uint64_t *leaf)
{
	struct store_pages_meta meta;
	struct stat st;
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(store_pages_meta(fd, (uint64_t)st.st_size, &meta), 0);
	struct store_pages_walk walk = { .fd = fd,
		                         .page_size = meta.page_size,
		                         .page_count = (uint64_t)st.st_size / meta.page_size,
		                         .steps_left = (uint64_t)st.st_size / meta.page_size,
		                         .on_page = page_seen,
		                         .context = leaf };
	return store_pages_walk(&walk, &meta);
}

/* LMDB has leaves whose values lie where others hold nothing; this store has none of them. */
static void a_page_of_another_kind_is_not_taken_for_empty(void **state)
{
	static const uint8_t other_kind = 0x22, kind = 0x02;
	char path[96];
	uint64_t leaf = 0, seen = 0;
	(void)state;
	tips_give(TIPS);
	world_stop(&world);
	(void)snprintf(path, sizeof path, "%s/data.mdb", world.dir);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(file_walk(fd, &leaf), 0);
	assert_true(leaf > 1);
	assert_int_equal(pwrite(fd, &other_kind, 1, (off_t)(leaf * 4096 + 10)), 1);
	assert_int_not_equal(file_walk(fd, &seen), 0);
	assert_int_equal(pwrite(fd, &kind, 1, (off_t)(leaf * 4096 + 10)), 1);
	assert_int_equal(file_walk(fd, &seen), 0);
	(void)close(fd);
	world_start(&world, WRITER_WORDS);
	assert_int_equal(held_check(TIPS), TIPS);
}

static void erase_for_ever(void)
{
	world_start(&world, WRITER_WORDS);
	for (uint32_t seq = 1; seq <= TIPS; seq++) {
		erase_here(seq);
		scrub();
	}
	_exit(0);
}

static void kills_at_any_moment_lose_nothing(void **state)
{
	unsigned seed = 20261123;
	(void)state;
	tips_give(TIPS);
	struct tuy_incarnation before = *store_incarnation(world.store);
	uint32_t held = TIPS;
	for (int kills = 0; kills < 60; kills++) {
		int status;
		world_stop(&world);
		pid_t child = fork();
		assert_true(child >= 0);
		if (child == 0)
			erase_for_ever();
		(void)usleep((useconds_t)(rand_r(&seed) % 40000));
		assert_int_equal(kill(child, SIGKILL), 0);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
		world_start(&world, WRITER_WORDS);
		assert_int_equal(store_origin(world.store), STORE_ORIGIN_SAME);
		assert_memory_equal(store_incarnation(world.store)->b, before.b, sizeof before.b);
		uint32_t now = held_check(TIPS);
		assert_true(now <= held);
		held = now;
	}
	scrub();
	for (uint32_t seq = 1; seq <= TIPS - held; seq++)
		assert_false(file_has_title(seq));
	for (uint32_t seq = TIPS - held + 1; seq <= TIPS; seq++)
		assert_true(file_has_title(seq));
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(what_was_erased_stands_nowhere_in_the_file),
		CASE(what_is_written_after_a_scrub_brings_nothing_back),
		CASE(what_a_process_left_the_next_one_finds),
		CASE(a_scrubbed_store_is_the_same_store),
		CASE(a_scrub_is_answered_though_nothing_was_erased),
		CASE(a_page_of_another_kind_is_not_taken_for_empty),
		CASE(kills_at_any_moment_lose_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
