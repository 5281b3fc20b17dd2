/* Which copies of a store are noticed (daemon/store_origin.h), with real files. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "../../daemon/store_origin.h"
#include "../../proto/text.h"
#include "store_world.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static struct world world;
static struct tuy_incarnation first;

static int set_up(void **state)
{
	(void)state;
	world_open(&world, WRITER_LOGS_ONLY);
	first = *store_incarnation(world.store);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	world_close(&world);
	return 0;
}

static void run(const char *command)
{
	char line[600];
	(void)snprintf(line, sizeof line, "d=%s; %s", world.dir, command);
	assert_int_equal(system(line), 0);
}

/* Closes the store, runs `command` with $d the directory, and opens it again. */
static void meanwhile(const char *command)
{
	struct timespec pause = { 0, 20 * 1000 * 1000 }; /* a tick of the file system's clock */
	world_stop(&world);
	(void)nanosleep(&pause, NULL);
	run(command);
	world_start(&world, WRITER_LOGS_ONLY);
}

static void is_the_same(void)
{
	assert_int_equal(store_origin(world.store), STORE_ORIGIN_SAME);
	assert_memory_equal(store_incarnation(world.store), &first, sizeof first);
}

static void is_a_copy(void)
{
	struct tuy_incarnation made = *store_incarnation(world.store);
	assert_int_equal(store_origin(world.store), STORE_ORIGIN_COPY);
	assert_memory_not_equal(&made, &first, sizeof first);
	world_reopen(&world, WRITER_LOGS_ONLY); /* and no other one at the next start */
	assert_int_equal(store_origin(world.store), STORE_ORIGIN_SAME);
	assert_memory_equal(store_incarnation(world.store), &made, sizeof made);
}

/* ---- tests ---- */

static void a_restart_changes_nothing(void **state)
{
	(void)state;
	assert_int_equal(store_origin(world.store), STORE_ORIGIN_SAME);
	assert_int_equal(store_incarnations(world.store), 1);
	meanwhile(":");
	is_the_same();
	meanwhile("touch $d $d/data.mdb; chmod 0755 $d; chmod 0700 $d; rm -f $d/lock.mdb");
	is_the_same();
	assert_int_equal(store_incarnations(world.store), 1);
}

static void writing_changes_nothing(void **state)
{
	(void)state;
	struct world_circle circle;
	struct world_log log;
	world_circle(&world, &circle, 0);
	world_log(&world, &log, 0, &circle, 1, 1);
	meanwhile(":");
	is_the_same();
}

static void a_directory_moved_within_its_disk_is_the_same(void **state)
{
	(void)state;
	world_stop(&world);
	run("mv $d $d.moved");
	(void)memcpy(world.dir + strlen(world.dir), ".moved", sizeof ".moved");
	world_start(&world, WRITER_LOGS_ONLY);
	is_the_same();
}

static void a_copy_over_it_in_place_is_noticed(void **state)
{
	(void)state;
	struct stat before;
	struct stat after;
	char path[128];
	(void)snprintf(path, sizeof path, "%s/data.mdb", world.dir);
	assert_int_equal(stat(path, &before), 0);
	meanwhile("cp -a $d $d.old && cp -a $d.old/. $d/ && rm -r $d.old");
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino); /* that would not have told it */
	is_a_copy();
	assert_int_equal(store_incarnations(world.store), 2);
}

static void a_copy_in_its_place_is_noticed(void **state)
{
	(void)state;
	meanwhile("cp -a $d $d.old && rm -r $d && mv $d.old $d");
	is_a_copy();
}

static void a_data_file_put_back_is_noticed(void **state)
{
	(void)state;
	meanwhile("cp -a $d/data.mdb $d/kept && mv $d/kept $d/data.mdb");
	is_a_copy();
}

static void a_nonce_lost_is_noticed(void **state)
{
	(void)state;
	meanwhile("rm $d/nonce");
	is_a_copy();
}

static void another_machine_is_noticed(void **state)
{
	(void)state;
	struct tuy_hash a;
	struct tuy_hash b;
	assert_int_equal(store_fingerprint(world.dir, tuy_text_bytes("one"), &a), 0);
	assert_int_equal(store_fingerprint(world.dir, tuy_text_bytes("two"), &b), 0);
	assert_memory_not_equal(&a, &b, sizeof a);
	assert_int_equal(store_fingerprint(world.dir, tuy_text_bytes("one"), &b), 0);
	assert_memory_equal(&a, &b, sizeof a);
}

static void a_store_of_an_earlier_version_keeps_its_incarnation(void **state)
{
	(void)state;
	MDB_txn *txn;
	MDB_val key = { 11, (void *)(uintptr_t) "fingerprint" };
	assert_int_equal(mdb_txn_begin(world.store->env, NULL, 0, &txn), 0);
	assert_int_equal(mdb_del(txn, store_tables(world.store)->dbi[STORE_META], &key, NULL), 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
	meanwhile("rm $d/nonce");
	is_the_same();
	meanwhile("rm $d/nonce"); /* from then on it has one */
	is_a_copy();
}

static enum tuy_stored incarnation_put(const struct tuy_incarnation *incarnation)
{
	struct tuy_store_item item = { .kind = TUY_STORE_INCARNATION };
	item.u.incarnation = *incarnation;
	return world_put(&world, &item, 1);
}

static void a_retired_one_never_comes_back(void **state)
{
	(void)state;
	struct tuy_incarnation second = { { 2 } };
	assert_int_equal(incarnation_put(&second), TUY_STORED_OK);
	assert_int_equal(incarnation_put(&second), TUY_STORED_OK); /* tried again */
	assert_int_equal(incarnation_put(&first), TUY_STORED_FAILED);
	world_reopen(&world, WRITER_LOGS_ONLY);
	assert_int_equal(store_origin(world.store), STORE_ORIGIN_SAME);
	assert_memory_equal(store_incarnation(world.store), &second, sizeof second);
	assert_int_equal(store_incarnations(world.store), 2);
}

static void the_last_one_is_kept_at_the_bound(void **state)
{
	(void)state;
	struct tuy_incarnation one = { { 0 } };
	for (uint8_t i = 1; i < TUY_INCARNATIONS_MAX; i++) {
		one.b[0] = i;
		assert_int_equal(incarnation_put(&one), TUY_STORED_OK);
		world.report_count = 0;
	}
	meanwhile("rm $d/nonce");
	assert_int_equal(store_origin(world.store), STORE_ORIGIN_SPENT);
	assert_int_equal(store_incarnations(world.store), TUY_INCARNATIONS_MAX);
	assert_memory_equal(store_incarnation(world.store), &one, sizeof one);
}

static void incarnations_of_own_logs_count(void **state)
{
	(void)state;
	struct world_circle circle;
	struct tuy_store_item item = { .kind = TUY_STORE_LOG };
	world_circle(&world, &circle, 0);
	item.u.log.device = world.keys.device;
	item.u.log.incarnation.b[0] = 7; /* came back from a peer */
	assert_int_equal(world_put(&world, &item, 1), TUY_STORED_OK);
	meanwhile("rm $d/nonce");
	assert_int_equal(store_incarnations(world.store), 3);
	is_a_copy();
}

#define TEST(sentence, function)                                                                   \
	{                                                                                          \
		sentence, function, set_up, tear_down, NULL                                        \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST("a restart, touch and chmod of the directory change nothing",
		     a_restart_changes_nothing),
		TEST("what is written to it changes nothing", writing_changes_nothing),
		TEST("a directory moved within its disk is the same",
		     a_directory_moved_within_its_disk_is_the_same),
		TEST("a copy over it in place is noticed", a_copy_over_it_in_place_is_noticed),
		TEST("a copy in its place is noticed", a_copy_in_its_place_is_noticed),
		TEST("a data file that was put back is noticed", a_data_file_put_back_is_noticed),
		TEST("a nonce that was lost is noticed", a_nonce_lost_is_noticed),
		TEST("another machine is noticed", another_machine_is_noticed),
		TEST("a store of an earlier version keeps its incarnation",
		     a_store_of_an_earlier_version_keeps_its_incarnation),
		TEST("a retired incarnation never comes back", a_retired_one_never_comes_back),
		TEST("the last incarnation is kept at the bound",
		     the_last_one_is_kept_at_the_bound),
		TEST("incarnations that came back from peers count",
		     incarnations_of_own_logs_count),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
