#include "search_world.h"
#include "../../daemon/search_segment.h"
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void search_world_open(struct search_world *world)
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

void search_world_close(struct search_world *world)
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

MDB_txn *search_world_begin(struct search_world *world, unsigned flags)
{
	MDB_txn *txn;
	assert_int_equal(mdb_txn_begin(world->env, NULL, flags, &txn), 0);
	return txn;
}

void search_world_commit(struct search_world *world)
{
	MDB_txn *txn = search_world_begin(world, 0);
	assert_int_equal(search_batch_write(world->batch, txn, &world->tables), 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
	search_batch_clear(world->batch);
}

void search_world_merge(struct search_world *world, uint64_t max_work)
{
	MDB_txn *txn = search_world_begin(world, 0);
	assert_int_equal(search_merge_some(txn, &world->tables, max_work), 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
}

int search_world_query(struct search_world *world, const char *query, struct search_hit *hits,
                       uint32_t cap)
{
	MDB_txn *txn = search_world_begin(world, MDB_RDONLY);
	int count = search_txn_query(txn, &world->tables, tuy_text_bytes(query), world->synonyms,
	                             hits, cap);
	mdb_txn_abort(txn);
	return count;
}

int search_world_segments(struct search_world *world)
{
	MDB_txn *txn = search_world_begin(world, MDB_RDONLY);
	int count = search_segment_count(txn, &world->tables);
	mdb_txn_abort(txn);
	return count;
}

void search_world_check_rows(struct search_world *world)
{
	static struct search_list list;
	MDB_txn *txn = search_world_begin(world, MDB_RDONLY);
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

void search_world_field(struct tuy_record *record, enum tuy_field field, const char *text)
{
	if (text == NULL)
		return;
	record->value[field].present = true;
	record->value[field].text = tuy_text_bytes(text);
}

void search_world_add(struct search_world *world, uint32_t object, const char *title,
                      const char *text, const char *company)
{
	struct tuy_record record = { .kind = TUY_RECORD_TIP };
	search_world_field(&record, TUY_FIELD_TITLE, title);
	search_world_field(&record, TUY_FIELD_TEXT, text);
	search_world_field(&record, TUY_FIELD_COMPANY, company);
	assert_int_equal(search_batch_add(world->batch, object, &record), 0);
}

void search_world_finds(struct search_world *world, const char *query, ...)
{
	struct search_hit hits[64];
	int count = search_world_query(world, query, hits, 64);
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
