#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "../../daemon/store_env.h"
#include "../../daemon/view.h"
#include "store_world.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TICKETS 400

static struct world world;
static struct world_circle circle;
static struct world_log log_a;
static struct world_log log_b;
static struct world_run *runs; /* TICKETS of them */

static int set_up(void **state)
{
	(void)state;
	world_open(&world, WRITER_WORDS);
	world_circle(&world, &circle, 0);
	world_epoch_put(&world, &circle);
	world_log(&world, &log_a, 0, &circle, 1, 1);
	world_log(&world, &log_b, 1, &circle, 2, 2);
	runs = calloc(TICKETS, sizeof *runs);
	assert_non_null(runs);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	world_close(&world);
	free(runs);
	return 0;
}

/* ---- helpers ---- */

/* A run of `count` tips with texts of `text_len` bytes. */
static void run_make(struct world_run *run, struct world_log *log, uint32_t count, size_t text_len)
{
	char text[1600];
	uint8_t doc[2048];
	memset(text, 'w', sizeof text);
	for (size_t i = 7; i < sizeof text; i += 8)
		text[i] = ' ';
	text[text_len] = '\0';
	world_run_begin(run, log);
	for (uint32_t i = 0; i < count; i++) {
		struct tuy_record record = world_tip(log->head.seq, 0, "a tip", text);
		struct tuy_writer w = tuy_writer(doc, sizeof doc);
		assert_int_equal(tuy_record_write(&record, &w), TUY_OK);
		world_run_add(&world, run, log, tuy_written(&w), 1000 + log->head.seq, 0);
	}
	world_run_end(run, log);
}

static uint64_t commits(void)
{
	MDB_envinfo info;
	assert_int_equal(mdb_env_info(world.store->env, &info), 0);
	return info.me_last_txnid;
}

static uint64_t entries_held(void)
{
	struct store_stats stats;
	assert_int_equal(store_stats(world.store, &stats), 0);
	return stats.entries;
}

/* Every entry of the log up to its head can be read, and its payload opens and is listed. */
static void log_is_whole(uint32_t log_no, uint32_t seq)
{
	struct store_reading reading;
	struct tuy_bytes header;
	struct tuy_bytes blob;
	assert_int_equal(store_reading_begin(world.store, &reading), 0);
	for (uint32_t i = 1; i <= seq; i++) {
		assert_int_equal(store_entry(&reading, log_no, i, &header, &blob), 0);
		assert_int_equal(tuy_get32(header.p + 4), i);
		assert_non_null(blob.p);
	}
	store_reading_end(&reading);
}

static uint32_t tips_listed(void)
{
	struct store_reading reading;
	struct view_filter filter = { .circle_no = UINT32_MAX };
	uint32_t more;
	assert_int_equal(store_reading_begin(world.store, &reading), 0);
	(void)view_list(&reading, &filter, NULL, 0, &more);
	assert_int_equal(view_count(&reading), more);
	store_reading_end(&reading);
	return more;
}

/* ---- tests ---- */

static void reports_in_the_order_given(void **state)
{
	(void)state;
	uint32_t before = world.report_count;
	for (uint32_t i = 0; i < TICKETS; i++) {
		run_make(&runs[i], i % 3 == 0 ? &log_a : &log_b, 1 + i % 3, 50);
		(void)world_submit(&world, &runs[i].item, 1, i % 5 == 0);
	}
	world_await(&world, before + TICKETS);
	for (uint32_t i = 1; i < world.report_count; i++) {
		assert_true(world.report[i].ticket == world.report[i - 1].ticket + 1);
		assert_int_equal(world.report[i].stored, TUY_STORED_OK);
		assert_null(world.report[i].error);
	}
	log_is_whole(0, log_a.head.seq);
	log_is_whole(1, log_b.head.seq);
	assert_int_equal(tips_listed(), log_a.head.seq + log_b.head.seq);
}

static void commits_many_tickets_at_once(void **state)
{
	(void)state;
	uint32_t before = world.report_count;
	uint64_t commits_before = commits();
	for (uint32_t i = 0; i < TICKETS; i++)
		run_make(&runs[i], &log_a, 1, 50);
	for (uint32_t i = 0; i < TICKETS; i++)
		(void)world_submit(&world, &runs[i].item, 1, 0);
	world_await(&world, before + TICKETS);
	assert_true(commits() - commits_before < TICKETS / 2);
	log_is_whole(0, TICKETS);
}

static void a_failed_ticket_fails_what_came_after(void **state)
{
	(void)state;
	uint32_t before = world.report_count;
	for (uint32_t i = 0; i < 20; i++)
		run_make(&runs[i], i % 2 ? &log_b : &log_a, 1, 50);
	runs[8].item.u.entries.from += 5; /* a hole in log a */
	for (uint32_t i = 0; i < 20; i++)
		(void)world_submit(&world, &runs[i].item, 1, 0);
	world_await(&world, before + 20);
	for (uint32_t i = 0; i < 20; i++) {
		int fails = i >= 8;
		assert_int_equal(world.report[before + i].stored,
		                 fails ? TUY_STORED_FAILED : TUY_STORED_OK);
		assert_true((world.report[before + i].error != NULL) == fails);
	}
	log_is_whole(0, 4);
	log_is_whole(1, 4);
	assert_int_equal(tips_listed(), 8);
	/* The loop knows of the failure now: what it hands over next is kept again. */
	(void)world_submit(&world, &runs[9].item, 1, 0);
	world_await(&world, before + 21);
	assert_int_equal(world.report[before + 20].stored, TUY_STORED_OK);
	log_is_whole(1, 5);
}

static void stopping_finishes_what_waits(void **state)
{
	(void)state;
	uint32_t before = world.report_count;
	for (uint32_t i = 0; i < 100; i++)
		run_make(&runs[i], &log_a, 2, 50);
	for (uint32_t i = 0; i < 100; i++)
		(void)world_submit(&world, &runs[i].item, 1, 0);
	world_stop(&world);
	assert_int_equal(world.report_count, before + 100);
	for (uint32_t i = 0; i < 100; i++)
		assert_int_equal(world.report[before + i].stored, TUY_STORED_OK);
	world_start(&world, WRITER_WORDS);
	log_is_whole(0, 200);
}

/* Rows as text: "key=value " each. */
static void own_row_note(void *context, struct tuy_bytes key, struct tuy_bytes value)
{
	char *text = context;
	(void)sprintf(text + strlen(text), "%.*s=%.*s ", (int)key.len, (const char *)key.p,
	              (int)value.len, (const char *)value.p);
}

static void own_rows_are(const char *wanted)
{
	struct store_reading reading;
	char text[200] = "";
	assert_int_equal(store_reading_begin(world.store, &reading), 0);
	assert_int_equal(store_own_each(&reading, STORE_OWN_WATCHES, own_row_note, text), 0);
	store_reading_end(&reading);
	assert_string_equal(text, wanted);
}

static void own_rows_submit(const struct writer_row *rows, uint32_t count)
{
	assert_int_equal(writer_submit_rows(world.writer, ++world.next_ticket, rows, count), 0);
}

static void keeps_rows_of_the_owner(void **state)
{
#define TEXT(s)                                                                                    \
	{                                                                                          \
		(const uint8_t *)(s), sizeof(s) - 1                                                \
	}
	static const struct writer_row first[] = { { STORE_OWN_WATCHES, TEXT("b"), TEXT("two") },
		                                   { STORE_OWN_WATCHES, TEXT("a"), TEXT("one") } };
	static const struct writer_row second[] = { { STORE_OWN_WATCHES, TEXT("a"), { NULL, 0 } },
		                                    { STORE_OWN_WATCHES, TEXT("z"), { NULL, 0 } },
		                                    { STORE_OWN_WATCHES, TEXT("b"), TEXT("2") } };
#undef TEXT
	(void)state;
	uint32_t before = world.report_count;
	own_rows_are("");
	run_make(&runs[0], &log_a, 1, 50);
	own_rows_submit(first, 2);
	(void)world_submit(&world, &runs[0].item, 1, 0);
	world_await(&world, before + 2);
	own_rows_are("a=one b=two ");
	own_rows_submit(second, 3);
	world_await(&world, before + 3);
	own_rows_are("b=2 ");
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(world.report[before + i].stored, TUY_STORED_OK);
		assert_true(i == 0 || world.report[before + i].ticket ==
		                              world.report[before + i - 1].ticket + 1);
	}
	world_reopen(&world, WRITER_WORDS);
	own_rows_are("b=2 ");
	log_is_whole(0, 1);
}

static void grows_its_map(void **state)
{
	(void)state;
	/* As if the store had begun with 512 KiB; the thread sleeps until there is a ticket. */
	world_reopen(&world, WRITER_LOGS_ONLY);
	uint32_t before = world.report_count;
	assert_int_equal(mdb_env_set_mapsize(world.store->env, (size_t)512 << 10), 0);
	world.store->map_len = (size_t)512 << 10;
	for (uint32_t i = 0; i < 60; i++)
		run_make(&runs[i], &log_a, 32, 1200);
	for (uint32_t i = 0; i < 60; i++)
		(void)world_submit(&world, &runs[i].item, 1, 0);
	world_await(&world, before + 60);
	for (uint32_t i = 0; i < 60; i++)
		assert_int_equal(world.report[before + i].stored, TUY_STORED_OK);
	assert_true(world.store->map_len >= (size_t)2 << 20);
	log_is_whole(0, 60 * 32);
}

static void is_the_same_store_after_opening_anew(void **state)
{
	(void)state;
	run_make(&runs[0], &log_a, 3, 50);
	assert_int_equal(world_put(&world, &runs[0].item, 1), TUY_STORED_OK);
	/* What the writer does when LMDB refuses further work; here the thread sleeps meanwhile. */
	world_reopen(&world, WRITER_LOGS_ONLY);
	assert_int_equal(store_reopen(world.store), 0);
	log_is_whole(0, 3);
	run_make(&runs[0], &log_a, 3, 50);
	assert_int_equal(world_put(&world, &runs[0].item, 1), TUY_STORED_OK);
	log_is_whole(0, 6);
}

static void survives_a_full_disk(void **state)
{
	(void)state;
	struct rlimit before;
	struct rlimit limit;
	struct stat st;
	char path[128];
	uint32_t failed_at = 0;
	assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	(void)snprintf(path, sizeof path, "%s/%s", world.dir, STORE_DATA_FILE);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit = before;
	limit.rlim_cur = (rlim_t)st.st_size + 200000;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	for (uint32_t i = 0; i < TICKETS && failed_at == 0; i++) {
		run_make(&runs[i], &log_a, 8, 1000);
		if (world_put(&world, &runs[i].item, 1) != TUY_STORED_OK)
			failed_at = i;
	}
	assert_true(failed_at > 0);
	const char *error = world.report[world.report_count - 1].error;
	assert_true(strcmp(error, "T-STORE-FULL") == 0 || strcmp(error, "T-STORE-IO") == 0);
	assert_int_equal(entries_held(), 8 * failed_at);
	log_is_whole(0, 8 * failed_at);
	/* Again, and several at once: still full, still whole. */
	uint32_t reports = world.report_count;
	for (uint32_t i = 0; i < 3; i++)
		(void)world_submit(&world, &runs[failed_at].item, 1, 0);
	world_await(&world, reports + 3);
	assert_int_equal(world.report[reports].stored, TUY_STORED_FAILED);
	assert_int_equal(tips_listed(), 8 * failed_at);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	/* There is room again. */
	assert_int_equal(world_put(&world, &runs[failed_at].item, 1), TUY_STORED_OK);
	assert_int_equal(entries_held(), 8 * failed_at + 8);
	world_reopen(&world, WRITER_WORDS);
	log_is_whole(0, 8 * failed_at + 8);
	assert_int_equal(tips_listed(), 8 * failed_at + 8);
}

/* Writes tickets until it is killed; tells how many entries were acknowledged. */
static void child_run(int pipe_fd)
{
	static struct world_run run;
	uint32_t acknowledged = world.report_count;
	world_start(&world, WRITER_WORDS);
	for (uint32_t i = 0;; i++) {
		run_make(&run, &log_a, 1 + i % 7, 100);
		if (world_put(&world, &run.item, 1) != TUY_STORED_OK)
			_exit(1);
		acknowledged = log_a.head.seq;
		if (write(pipe_fd, &acknowledged, sizeof acknowledged) != sizeof acknowledged)
			_exit(1);
		if (world.report_count > WORLD_REPORTS_MAX - 8)
			world.report_count = 0;
	}
}

/* Brings the log's head here to where the store has it. */
static void log_catch_up(struct world_log *log)
{
	struct store_reading reading;
	struct tuy_bytes header;
	struct tuy_bytes blob;
	assert_int_equal(store_reading_begin(world.store, &reading), 0);
	while (store_entry(&reading, log->no, log->head.seq + 1, &header, &blob) == 0) {
		log->head.hash = tuy_chain_next(&log->head.hash, header.p);
		log->head.seq++;
	}
	store_reading_end(&reading);
}

static void keeps_what_it_acknowledged_when_killed(void **state)
{
	(void)state;
	unsigned seed = (unsigned)time(NULL);
	printf("seed %u\n", seed);
	srandom(seed);
	world_stop(&world);
	for (uint32_t round = 0; round < 8; round++) {
		int fds[2];
		uint32_t acknowledged = 0;
		uint32_t told = 0;
		long after = random() % 60 + 1;
		assert_int_equal(pipe(fds), 0);
		fflush(NULL);
		pid_t child = fork();
		assert_true(child >= 0);
		if (child == 0) {
			close(fds[0]);
			child_run(fds[1]);
		}
		close(fds[1]);
		for (long i = 0; i < after; i++)
			if (read(fds[0], &told, sizeof told) == sizeof told)
				acknowledged = told;
		assert_int_equal(kill(child, SIGKILL), 0);
		assert_int_equal(waitpid(child, NULL, 0), child);
		while (read(fds[0], &told, sizeof told) == sizeof told)
			acknowledged = told;
		close(fds[0]);
		assert_true(acknowledged > 0);
		world_start(&world, WRITER_WORDS);
		log_catch_up(&log_a);
		assert_true(log_a.head.seq >= acknowledged);
		log_is_whole(0, log_a.head.seq);
		assert_int_equal(tips_listed(), log_a.head.seq);
		world_stop(&world);
	}
	world_start(&world, WRITER_WORDS);
}

#define TEST(sentence, function)                                                                   \
	{                                                                                          \
		sentence, function, set_up, tear_down, NULL                                        \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST("reports in the order given", reports_in_the_order_given),
		TEST("commits many tickets at once", commits_many_tickets_at_once),
		TEST("keeps a prefix: what was handed over after a failed ticket fails too, until "
		     "the loop knows",
		     a_failed_ticket_fails_what_came_after),
		TEST("finishes what waits when it is stopped", stopping_finishes_what_waits),
		TEST("keeps rows of the owner between tickets, in their order",
		     keeps_rows_of_the_owner),
		TEST("grows its map", grows_its_map),
		TEST("is the same store after it was opened anew",
		     is_the_same_store_after_opening_anew),
		TEST("loses nothing on a full disk and goes on when there is room",
		     survives_a_full_disk),
		TEST("keeps what it acknowledged when it is killed",
		     keeps_what_it_acknowledged_when_killed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
