#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "../../daemon/store_env.h"
#include "store_world.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct world world;
static struct world_run run;
static uint8_t headers[TUY_CHECKPOINT_EVERY * TUY_HEADER_SIZE];
static struct tuy_read_result result;

static const struct tuy_bytes some_record = { (const uint8_t *)"\x81\x00\x07", 3 };

static int set_up(void **state)
{
	(void)state;
	world_open(&world, WRITER_LOGS_ONLY);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	world_close(&world);
	return 0;
}

/* ---- helpers ---- */

static void path_of(char path[128], const char *name)
{
	(void)snprintf(path, 128, "%s/%s", world.dir, name);
}

static uint8_t *file_read(const char *name, size_t *len)
{
	char path[128];
	struct stat st;
	path_of(path, name);
	int fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	*len = (size_t)st.st_size;
	uint8_t *bytes = malloc(*len + 1);
	assert_non_null(bytes);
	assert_int_equal(read(fd, bytes, *len), *len);
	close(fd);
	return bytes;
}

static void file_write(const char *name, const uint8_t *bytes, size_t len)
{
	char path[128];
	path_of(path, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	close(fd);
}

static void entries_put(struct world_log *log, uint32_t count)
{
	world_run_begin(&run, log);
	for (uint32_t i = 0; i < count; i++)
		world_run_add(&world, &run, log, some_record, 1000 + i, 0);
	world_run_end(&run, log);
	assert_int_equal(world_put(&world, &run.item, 1), TUY_STORED_OK);
}

static void read_of(struct tuy_read *read)
{
	struct store_reading reading;
	assert_int_equal(store_reading_begin(world.store, &reading), 0);
	store_read(&reading, read, headers, &result);
	store_reading_end(&reading);
}

static void opening_is_refused(const char *code)
{
	struct store_error error;
	struct store *store;
	assert_int_equal(store_open(world.dir, &world.keys, &store, &error), -1);
	assert_null(store);
	assert_string_equal(error.code, code);
	assert_true(strlen(error.message) > 0 && strlen(error.hint) > 0);
}

/* A log in a circle, for tests that need no more. */
static void log_make(struct world_circle *circle, struct world_log *log)
{
	world_circle(&world, circle, 0);
	world_epoch_put(&world, circle);
	world_log(&world, log, 0, circle, 1, 1);
}

/* ---- tests ---- */

static void keeps_its_incarnation(void **state)
{
	(void)state;
	struct stat st;
	char path[128];
	struct tuy_incarnation before = *store_incarnation(world.store);
	world_reopen(&world, WRITER_LOGS_ONLY);
	assert_memory_equal(before.b, store_incarnation(world.store)->b, sizeof before.b);
	path_of(path, STORE_DATA_FILE);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	path_of(path, STORE_NEWBORN_DIR);
	assert_int_equal(stat(path, &st), -1);
}

static void reads_runs_that_verify(void **state)
{
	(void)state;
	struct world_circle circle;
	struct world_log log;
	struct tuy_head head;
	struct tuy_head end;
	log_make(&circle, &log);
	entries_put(&log, 60);
	entries_put(&log, 4);
	entries_put(&log, 10);
	world_reopen(&world, WRITER_LOGS_ONLY);
	head.seq = 0;
	head.hash = tuy_chain_start(&log.id);
	for (uint32_t from = 1; from <= 74; from = head.seq + 1) {
		struct tuy_read read = { .kind = TUY_READ_ENTRIES, .from = from };
		read.count = tuy_run_end(from, 74) - from + 1;
		read_of(&read);
		assert_int_equal(result.err, TUY_OK);
		assert_int_equal(result.count, read.count);
		assert_int_equal(tuy_run_check(&log.keys.device, &log.id, &head, result.headers,
		                               result.count, &result.sig, &end),
		                 TUY_OK);
		head = end;
	}
	assert_int_equal(head.seq, 74);
	assert_memory_equal(head.hash.b, log.head.hash.b, sizeof head.hash.b);
}

static void reads_up_to_a_head_the_node_still_has(void **state)
{
	(void)state;
	static struct world_run later;
	struct world_circle circle;
	struct world_log log;
	struct tuy_read read = { .kind = TUY_READ_ENTRIES, .from = 1, .count = 3 };
	log_make(&circle, &log);
	world_run_begin(&run, &log);
	for (uint32_t i = 0; i < 3; i++)
		world_run_add(&world, &run, &log, some_record, 1, 0);
	world_run_end(&run, &log);
	struct tuy_sig sig = log.sig;
	world_run_begin(&later, &log);
	world_run_add(&world, &later, &log, some_record, 1, 0);
	world_run_end(&later, &log);
	(void)world_submit(&world, &run.item, 1, 1);
	(void)world_submit(&world, &later.item, 1, 1);
	world_await(&world, world.report_count + 1);
	/* Both may be in the store; the node was told of the first. */
	read_of(&read);
	assert_int_equal(result.err, TUY_OK);
	assert_memory_equal(result.sig.b, sig.b, sizeof sig.b);
	world_await(&world, (uint32_t)world.next_ticket);
	/* The node knows the second; with a third the first signature goes. */
	entries_put(&log, 1);
	entries_put(&log, 1);
	read_of(&read);
	assert_int_equal(result.err, TUY_E_STORE);
}

static void keeps_operations_in_order(void **state)
{
	(void)state;
	struct world_circle circle;
	struct tuy_store_item item[2] = { { .kind = TUY_STORE_OP }, { .kind = TUY_STORE_OP } };
	struct tuy_read read = { .kind = TUY_READ_OPS, .count = 2, .index = { 1, 0 } };
	world_circle(&world, &circle, 0);
	item[0].u.op.bytes = (struct tuy_bytes){ (const uint8_t *)"first", 5 };
	item[1].u.op.index = 2;
	item[1].u.op.bytes = (struct tuy_bytes){ (const uint8_t *)"second", 6 };
	/* A ticket with a hole leaves nothing, not even its first item. */
	assert_int_equal(world_put(&world, item, 2), TUY_STORED_FAILED);
	read_of(&read);
	assert_int_equal(result.err, TUY_E_STORE);
	item[1].u.op.index = 1;
	assert_int_equal(world_put(&world, item, 2), TUY_STORED_OK);
	read_of(&read);
	assert_int_equal(result.err, TUY_OK);
	assert_int_equal(result.bytes[0].len, 6);
	assert_int_equal(result.bytes[1].len, 5);
	assert_int_equal(world_put(&world, item, 1), TUY_STORED_FAILED);
}

static void takes_missing_payloads_later(void **state)
{
	(void)state;
	struct world_circle circle;
	struct world_log log;
	struct store_reading reading;
	struct tuy_bytes header;
	struct tuy_bytes blob;
	struct tuy_read missing = { .kind = TUY_READ_MISSING, .from = 1 };
	struct tuy_read blobs = { .kind = TUY_READ_BLOBS, .count = 2, .index = { 2, 5 } };
	struct tuy_store_item item = { .kind = TUY_STORE_BLOB };
	log_make(&circle, &log);
	world_run_begin(&run, &log);
	for (uint32_t i = 0; i < 5; i++)
		world_run_add(&world, &run, &log, some_record, 1, 0);
	world_run_end(&run, &log);
	struct tuy_bytes kept = run.blobs[1];
	run.blobs[1].p = NULL;
	run.blobs[1].len = 0;
	run.blobs[3].p = NULL;
	run.blobs[3].len = 0;
	assert_int_equal(world_put(&world, &run.item, 1), TUY_STORED_OK);
	read_of(&missing);
	assert_int_equal(result.count, 2);
	assert_int_equal(tuy_get32(result.headers + 4), 2);
	assert_int_equal(tuy_get32(result.headers + TUY_HEADER_SIZE + 4), 4);
	read_of(&blobs);
	assert_int_equal(result.err, TUY_OK);
	assert_null(result.bytes[0].p);
	assert_int_equal(result.gone[0], TUY_GONE_NOT_HELD);
	assert_non_null(result.bytes[1].p);
	item.u.blob.seq = 2;
	item.u.blob.blob = kept;
	assert_int_equal(world_put(&world, &item, 1), TUY_STORED_OK);
	assert_int_equal(world_put(&world, &item, 1), TUY_STORED_OK);
	missing.from = 2;
	read_of(&missing);
	assert_int_equal(result.count, 1);
	assert_int_equal(tuy_get32(result.headers + 4), 4);
	assert_int_equal(store_reading_begin(world.store, &reading), 0);
	assert_int_equal(store_entry(&reading, 0, 2, &header, &blob), 0);
	assert_int_equal(blob.len, kept.len);
	assert_memory_equal(blob.p, kept.p, kept.len);
	assert_int_equal(store_entry(&reading, 0, 6, &header, &blob), -1);
	store_reading_end(&reading);
}

static void refuses_entries_that_do_not_follow(void **state)
{
	(void)state;
	struct world_circle circle;
	struct world_log log;
	log_make(&circle, &log);
	entries_put(&log, 2);
	struct world_log after_two = log;
	entries_put(&log, 1);
	/* The third again. */
	assert_int_equal(world_put(&world, &run.item, 1), TUY_STORED_FAILED);
	/* The fourth without its log. */
	world_run_begin(&run, &after_two);
	run.item.log_no = 9;
	world_run_add(&world, &run, &after_two, some_record, 1, 0);
	world_run_end(&run, &after_two);
	assert_int_equal(world_put(&world, &run.item, 1), TUY_STORED_FAILED);
	entries_put(&log, 1);
	/* A log whose number leaves a hole. */
	struct tuy_store_item item = { .kind = TUY_STORE_LOG, .log_no = 2 };
	assert_int_equal(world_put(&world, &item, 1), TUY_STORED_FAILED);
	item.log_no = 0;
	assert_int_equal(world_put(&world, &item, 1), TUY_STORED_FAILED);
}

static void damage_is_an_error(void **state)
{
	(void)state;
	struct world_circle circle;
	struct world_log log;
	struct store_reading reading;
	struct tuy_bytes header;
	struct tuy_bytes blob;
	struct tuy_read read = { .kind = TUY_READ_ENTRIES, .from = 1, .count = 1 };
	size_t len;
	uint32_t flipped = 0;
	log_make(&circle, &log);
	entries_put(&log, 1);
	world_stop(&world);
	uint8_t *bytes = file_read(STORE_DATA_FILE, &len);
	for (size_t i = 0; i + run.blobs[0].len <= len; i++)
		if (memcmp(bytes + i, run.blobs[0].p, run.blobs[0].len) == 0) {
			bytes[i + 3] ^= 1;
			flipped++;
		}
	assert_true(flipped > 0);
	file_write(STORE_DATA_FILE, bytes, len);
	free(bytes);
	world_start(&world, WRITER_LOGS_ONLY);
	read_of(&read);
	assert_int_equal(result.err, TUY_E_STORE);
	assert_int_equal(store_reading_begin(world.store, &reading), 0);
	assert_int_equal(store_entry(&reading, 0, 1, &header, &blob), -1);
	store_reading_end(&reading);
}

static void a_value_moved_under_another_key_is_an_error(void **state)
{
	(void)state;
	struct world_circle circle;
	MDB_txn *txn;
	MDB_val key = { 6, (void *)(uintptr_t) "device" };
	MDB_val other = { 11, (void *)(uintptr_t) "incarnation" };
	MDB_val row;
	struct tuy_bytes value;
	struct tuy_bytes name = { (const uint8_t *)"incarnation", 11 };
	uint8_t copy[64];
	world_circle(&world, &circle, 0);
	const struct store_tables *tables = store_tables(world.store);
	assert_int_equal(mdb_txn_begin(world.store->env, NULL, 0, &txn), 0);
	assert_int_equal(store_get(txn, tables, STORE_META, name, &value), 0);
	assert_int_equal(mdb_get(txn, tables->dbi[STORE_META], &key, &row), 0);
	assert_true(row.mv_size <= sizeof copy);
	memcpy(copy, row.mv_data, row.mv_size);
	row.mv_data = copy;
	assert_int_equal(mdb_put(txn, tables->dbi[STORE_META], &other, &row, 0), 0);
	assert_int_equal(store_get(txn, tables, STORE_META, name, &value), MDB_CORRUPTED);
	mdb_txn_abort(txn);
}

static void refuses_a_second_opener(void **state)
{
	(void)state;
	opening_is_refused("T-STORE-LOCKED");
}

static void refuses_a_file_cut_short(void **state)
{
	(void)state;
	struct world_circle circle;
	struct world_log log;
	size_t len;
	log_make(&circle, &log);
	for (uint32_t i = 0; i < 4; i++)
		entries_put(&log, 32);
	world_stop(&world);
	uint8_t *whole = file_read(STORE_DATA_FILE, &len);
	const size_t cuts[] = { 0, 1, 100, 4096, 8191, 8192, 12288, len / 2, len - 4096, len - 1 };
	for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
		size_t after;
		file_write(STORE_DATA_FILE, whole, cuts[i]);
		opening_is_refused("T-STORE-DAMAGED");
		uint8_t *bytes = file_read(STORE_DATA_FILE, &after);
		assert_int_equal(after, cuts[i]);
		assert_memory_equal(bytes, whole, after);
		free(bytes);
	}
	file_write(STORE_DATA_FILE, whole, len);
	free(whole);
	world_start(&world, WRITER_LOGS_ONLY);
	struct tuy_read read = { .kind = TUY_READ_ENTRIES, .from = 65, .count = 64 };
	read_of(&read);
	assert_int_equal(result.err, TUY_OK);
}

static void mends_a_file_that_lacks_only_unused_pages(void **state)
{
	(void)state;
	struct world_circle circle;
	struct world_log log;
	size_t len;
	uint64_t last;
	log_make(&circle, &log);
	entries_put(&log, 5);
	world_stop(&world);
	uint8_t *bytes = file_read(STORE_DATA_FILE, &len);
	for (size_t meta = 0; meta <= 4096; meta += 4096) {
		/* mm_last_pg of both meta pages: as if the last transaction had taken three pages
		 * more and given them back. */
		memcpy(&last, bytes + meta + 136, sizeof last);
		last = len / 4096 + 2;
		memcpy(bytes + meta + 136, &last, sizeof last);
	}
	file_write(STORE_DATA_FILE, bytes, len);
	free(bytes);
	world_start(&world, WRITER_LOGS_ONLY);
	entries_put(&log, 5);
	struct tuy_read read = { .kind = TUY_READ_ENTRIES, .from = 1, .count = 10 };
	read_of(&read);
	assert_int_equal(result.err, TUY_OK);
}

static void refuses_foreign_files(void **state)
{
	(void)state;
	static uint8_t text[8192];
	struct stat st;
	size_t len;
	char path[128];
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;
	world_stop(&world);
	world_dir_remove(world.dir);
	assert_int_equal(mkdir(world.dir, 0700), 0);
	memset(text, 'x', sizeof text);
	const size_t lens[] = { 5, 200, sizeof text };
	for (size_t i = 0; i < 3; i++) {
		file_write(STORE_DATA_FILE, text, lens[i]);
		opening_is_refused("T-STORE-FOREIGN");
		uint8_t *bytes = file_read(STORE_DATA_FILE, &len);
		assert_int_equal(len, lens[i]);
		assert_memory_equal(bytes, text, len);
		free(bytes);
		path_of(path, "lock");
		assert_int_equal(stat(path, &st), -1);
	}
	/* LMDB's, but not ours. */
	path_of(path, STORE_DATA_FILE);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(store_env_open(world.dir, MDB_NOLOCK, STORE_MAP_FIRST, &env), 0);
	assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
	assert_int_equal(mdb_dbi_open(txn, "cookies", MDB_CREATE, &dbi), 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
	mdb_env_close(env);
	uint8_t *before = file_read(STORE_DATA_FILE, &len);
	opening_is_refused("T-STORE-FOREIGN");
	size_t after_len;
	uint8_t *after = file_read(STORE_DATA_FILE, &after_len);
	assert_int_equal(after_len, len);
	assert_memory_equal(after, before, len);
	free(before);
	free(after);
}

static void refuses_the_store_of_another_device(void **state)
{
	(void)state;
	struct tuy_device_keys mine = world.keys;
	struct tuy_secret secret = { { 0x77 } };
	world_stop(&world);
	tuy_device_keys_derive(&secret, &world.keys);
	opening_is_refused("T-STORE-FOREIGN");
	world.keys = mine;
	world_start(&world, WRITER_LOGS_ONLY);
}

static void refuses_a_later_schema(void **state)
{
	(void)state;
	MDB_txn *txn;
	uint8_t schema[4] = { 0, 0, 0, STORE_SCHEMA + 1 };
	struct tuy_bytes part = TUY_BYTES(schema);
	struct tuy_bytes key = { (const uint8_t *)"schema", 6 };
	assert_int_equal(mdb_txn_begin(world.store->env, NULL, 0, &txn), 0);
	assert_int_equal(store_put(txn, store_tables(world.store), STORE_META, key, &part, 1, 0),
	                 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
	world_stop(&world);
	opening_is_refused("T-STORE-FOREIGN");
}

static void refuses_paths_that_cannot_be(void **state)
{
	(void)state;
	struct store_error error;
	struct store *store;
	char path[128];
	char long_path[STORE_DIR_MAX + 10];
	path_of(path, STORE_DATA_FILE);
	assert_int_equal(store_open(path, &world.keys, &store, &error), -1);
	assert_string_equal(error.code, "T-STORE-PATH");
	path_of(path, "no/such");
	assert_int_equal(store_open(path, &world.keys, &store, &error), -1);
	assert_string_equal(error.code, "T-STORE-PATH");
	memset(long_path, 'a', sizeof long_path);
	long_path[sizeof long_path - 1] = '\0';
	assert_int_equal(store_open(long_path, &world.keys, &store, &error), -1);
	assert_string_equal(error.code, "T-STORE-PATH");
}

static void a_store_half_made_is_made_again(void **state)
{
	(void)state;
	char path[128];
	world_stop(&world);
	path_of(path, STORE_DATA_FILE);
	assert_int_equal(unlink(path), 0);
	path_of(path, STORE_NEWBORN_DIR);
	assert_int_equal(mkdir(path, 0700), 0);
	file_write(STORE_NEWBORN_DIR "/" STORE_DATA_FILE, (const uint8_t *)"half", 4);
	world_start(&world, WRITER_LOGS_ONLY);
}

static void tells_its_size(void **state)
{
	(void)state;
	struct world_circle circle;
	struct world_log log;
	struct store_stats stats;
	log_make(&circle, &log);
	entries_put(&log, 40);
	assert_int_equal(store_stats(world.store, &stats), 0);
	assert_int_equal(stats.entries, 40);
	assert_true(stats.bytes >= 40 * 100);
	assert_true(stats.file_bytes >= stats.bytes);
}

static void finds_logs_and_epochs(void **state)
{
	(void)state;
	struct world_circle circle;
	struct world_log log;
	struct store_log found;
	struct store_reading reading;
	struct tuy_secret key;
	struct tuy_epoch epoch;
	log_make(&circle, &log);
	assert_int_equal(store_reading_begin(world.store, &reading), 0);
	assert_int_equal(store_log(&reading, 0, &found), 0);
	assert_memory_equal(found.id.b, log.id.b, sizeof log.id.b);
	assert_memory_equal(found.member.b, log.member.b, sizeof log.member.b);
	assert_memory_equal(found.device.b, log.keys.device.b, sizeof found.device.b);
	assert_int_equal(store_log(&reading, 1, &found), -1);
	memcpy(epoch.b, circle.epoch_id.b, sizeof epoch.b);
	assert_int_equal(store_epoch(&reading, 0, &epoch, &key), 0);
	assert_memory_equal(key.b, circle.epoch_key.b, sizeof key.b);
	assert_int_equal(store_epoch(&reading, 1, &epoch, &key), -1);
	epoch.b[7] ^= 1;
	assert_int_equal(store_epoch(&reading, 0, &epoch, &key), -1);
	store_reading_end(&reading);
}

static void feeds_the_node_what_it_holds(void **state)
{
	(void)state;
	struct tuy_secret seed = { { 1 } };
	struct tuy_recovery_key recovery;
	struct tuy_policy policy = { 0, 0, 150 };
	struct tuy_op_author author = { .keys = &world.keys };
	struct tuy_store_item item[4];
	struct tuy_op op;
	struct world_circle circle = { .epoch_key = { { 2 } } };
	struct world_log log = { .circle = &circle };
	static uint8_t signed_op[TUY_OP_MAX];
	size_t len;
	tuy_recovery_key_derive(&seed, &recovery);
	struct tuy_cert cert = tuy_cert_create(&recovery, &world.keys);
	assert_int_equal(tuy_op_create_genesis(&author, &world.dice, &policy, &cert,
	                                       &circle.epoch_key, signed_op, sizeof signed_op,
	                                       &len),
	                 TUY_OK);
	struct tuy_bytes bytes = { signed_op, len };
	assert_int_equal(tuy_op_parse(bytes, &op), TUY_OK);
	memcpy(circle.id.b, op.id.b, sizeof circle.id.b);
	circle.epoch_id = op.epoch.id;
	log.keys = world.keys;
	log.incarnation = *store_incarnation(world.store);
	log.id = tuy_log_id(&circle.id, &world.keys.device, &log.incarnation);
	log.head.hash = tuy_chain_start(&log.id);
	memset(item, 0, sizeof item);
	item[0].kind = TUY_STORE_CIRCLE;
	item[0].u.circle.id = circle.id;
	item[1].kind = TUY_STORE_OP;
	item[1].u.op.bytes = bytes;
	item[2].kind = TUY_STORE_EPOCH;
	item[2].u.epoch.id = circle.epoch_id;
	item[2].u.epoch.key = circle.epoch_key;
	item[3].kind = TUY_STORE_LOG;
	item[3].u.log.id = log.id;
	item[3].u.log.member = recovery.member;
	item[3].u.log.device = world.keys.device;
	item[3].u.log.incarnation = log.incarnation;
	assert_int_equal(world_put(&world, item, 4), TUY_STORED_OK);
	entries_put(&log, 7);
	memset(item, 0, sizeof item[0]);
	item[0].kind = TUY_STORE_INVITE;
	item[0].u.invite.pk.b[0] = 9;
	item[0].u.invite.state = TUY_INVITE_OPEN;
	assert_int_equal(world_put(&world, item, 1), TUY_STORED_OK);
	world_reopen(&world, WRITER_LOGS_ONLY);

	struct tuy_capacity capacity = tuy_capacity_default();
	struct store_error error;
	struct tuy_circle_info info;
	struct tuy_now now = { 1000, 2000 };
	void *memory = calloc(1, tuy_node_size(&capacity));
	assert_non_null(memory);
	struct tuy_node *node = tuy_node_init(memory, &capacity, &world.keys, &seed,
	                                      store_incarnation(world.store), now);
	tuy_node_load_cert(node, &cert);
	assert_int_equal(store_load(world.store, node, &error), 0);
	assert_int_equal(tuy_node_circle(node, 0, &info), TUY_OK);
	assert_memory_equal(info.id.b, circle.id.b, sizeof info.id.b);
	assert_memory_equal(info.epoch.b, circle.epoch_id.b, sizeof info.epoch.b);
	assert_int_equal(info.entries, 7);
	assert_int_equal(info.missing, 0);
	assert_int_equal(info.members, 1);
	/* It is full of the first circle: the same rows again make no sense to it. */
	assert_int_equal(store_load(world.store, node, &error), -1);
	assert_string_equal(error.code, "T-STORE-DAMAGED");
	assert_non_null(strstr(error.message, "circles"));
	free(memory);
}

static bool is_settled(uint32_t circle_no, const struct tuy_incarnation *incarnation)
{
	struct tuy_secret seed = { { 1 } };
	struct tuy_capacity capacity = tuy_capacity_default();
	struct store_error error;
	void *memory = calloc(1, tuy_node_size(&capacity));
	assert_non_null(memory);
	struct tuy_node *node = tuy_node_init(memory, &capacity, &world.keys, &seed, incarnation,
	                                      (struct tuy_now){ 1000, 2000 });
	assert_int_equal(store_load(world.store, node, &error), 0);
	bool settled = tuy_node_settled(node, circle_no);
	free(memory);
	return settled;
}

static void keeps_in_which_incarnation_it_was_settled(void **state)
{
	(void)state;
	struct world_circle circle;
	struct tuy_store_item item = { .kind = TUY_STORE_SETTLED, .circle_no = 1 };
	struct tuy_incarnation other = { { 3 } };
	world_circle(&world, &circle, 0);
	world_circle(&world, &circle, 1);
	assert_false(is_settled(1, store_incarnation(world.store)));
	item.u.incarnation = *store_incarnation(world.store);
	assert_int_equal(world_put(&world, &item, 1), TUY_STORED_OK);
	item.circle_no = TUY_CIRCLES_MAX;
	assert_int_equal(world_put(&world, &item, 1), TUY_STORED_FAILED);
	world_reopen(&world, WRITER_LOGS_ONLY);
	assert_true(is_settled(1, store_incarnation(world.store)));
	assert_false(is_settled(0, store_incarnation(world.store)));
	assert_false(is_settled(1, &other));
	item.circle_no = 0;
	item.u.incarnation = other;
	assert_int_equal(world_put(&world, &item, 1), TUY_STORED_OK);
	assert_true(is_settled(1, store_incarnation(world.store)));
	assert_true(is_settled(0, &other));
}

#define TEST(sentence, function)                                                                   \
	{                                                                                          \
		sentence, function, set_up, tear_down, NULL                                        \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST("keeps its incarnation when it is opened again", keeps_its_incarnation),
		TEST("reads runs of entries whose signatures verify", reads_runs_that_verify),
		TEST("keeps the signature of a head until the node was told of a later one",
		     reads_up_to_a_head_the_node_still_has),
		TEST("keeps operations in order and without holes", keeps_operations_in_order),
		TEST("lists missing payloads and takes them later", takes_missing_payloads_later),
		TEST("refuses entries that do not follow", refuses_entries_that_do_not_follow),
		TEST("answers a damaged value with an error", damage_is_an_error),
		TEST("answers a value under another key with an error",
		     a_value_moved_under_another_key_is_an_error),
		TEST("refuses a second opener", refuses_a_second_opener),
		TEST("refuses a file cut short, and takes it back whole", refuses_a_file_cut_short),
		TEST("mends a file that lacks only unused pages",
		     mends_a_file_that_lacks_only_unused_pages),
		TEST("refuses foreign files and leaves them as they are", refuses_foreign_files),
		TEST("refuses the store of another device", refuses_the_store_of_another_device),
		TEST("refuses a later schema", refuses_a_later_schema),
		TEST("refuses paths that cannot be", refuses_paths_that_cannot_be),
		TEST("makes a store again that was half made", a_store_half_made_is_made_again),
		TEST("tells its size", tells_its_size),
		TEST("finds logs and epochs", finds_logs_and_epochs),
		TEST("feeds the node what it holds", feeds_the_node_what_it_holds),
		TEST("keeps in which incarnation a circle was settled",
		     keeps_in_which_incarnation_it_was_settled),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
