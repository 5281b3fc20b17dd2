#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "store_world.h"
#include "../../proto/blob.h"
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct tuy_secret secret_of(uint8_t what, uint8_t number)
{
	struct tuy_secret secret;
	memset(secret.b, what, sizeof secret.b);
	secret.b[31] = number;
	return secret;
}

static void on_stored(void *context, uint64_t ticket, enum tuy_stored stored, const char *error)
{
	struct world *world = context;
	assert_true(world->report_count < WORLD_REPORTS_MAX);
	world->report[world->report_count].ticket = ticket;
	world->report[world->report_count].stored = stored;
	world->report[world->report_count].error = error;
	world->report_count++;
}

static int file_remove(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

void world_dir_remove(const char *dir)
{
	(void)nftw(dir, file_remove, 8, FTW_DEPTH | FTW_PHYS);
}

void world_start(struct world *world, enum writer_index index)
{
	struct store_error error;
	if (store_open(world->dir, &world->keys, &world->store, &error) != 0)
		fail_msg("%s: %s", error.code, error.message);
	assert_int_equal(uv_loop_init(&world->loop), 0);
	world->writer =
		writer_start(world->store, &world->loop, &world->keys, index, on_stored, world);
	assert_non_null(world->writer);
}

void world_open(struct world *world, enum writer_index index)
{
	memset(world, 0, sizeof *world);
	(void)snprintf(world->dir, sizeof world->dir, "/tmp/tuyau-test-XXXXXX");
	assert_non_null(mkdtemp(world->dir));
	struct tuy_secret secret = secret_of(0xd0, 0);
	tuy_device_keys_derive(&secret, &world->keys);
	world->dice.seed = secret_of(0x5e, 0);
	world_start(world, index);
}

void world_stop(struct world *world)
{
	writer_stop(world->writer);
	assert_int_equal(uv_run(&world->loop, UV_RUN_DEFAULT), 0);
	assert_int_equal(uv_loop_close(&world->loop), 0);
	store_close(world->store);
	world->writer = NULL;
	world->store = NULL;
}

void world_reopen(struct world *world, enum writer_index index)
{
	world_stop(world);
	world_start(world, index);
}

void world_close(struct world *world)
{
	if (world->store != NULL)
		world_stop(world);
	world_dir_remove(world->dir);
}

uint64_t world_submit(struct world *world, const struct tuy_store_item *items, uint32_t count,
                      int live)
{
	uint64_t ticket = ++world->next_ticket;
	assert_int_equal(writer_submit(world->writer, ticket, items, count, live), 0);
	return ticket;
}

void world_await(struct world *world, uint32_t report_count)
{
	while (world->report_count < report_count)
		(void)uv_run(&world->loop, UV_RUN_ONCE);
}

enum tuy_stored world_put(struct world *world, const struct tuy_store_item *items, uint32_t count)
{
	uint32_t before = world->report_count;
	(void)world_submit(world, items, count, 1);
	world_await(world, before + 1);
	return world->report[before].stored;
}

void world_circle(struct world *world, struct world_circle *circle, uint32_t no)
{
	struct tuy_store_item item = { .kind = TUY_STORE_CIRCLE, .circle_no = no };
	circle->no = no;
	memset(circle->id.b, 0xc1, sizeof circle->id.b);
	circle->id.b[0] = (uint8_t)no;
	circle->epoch_key = secret_of(0xe0, (uint8_t)no);
	circle->epoch_id = tuy_epoch_id(&circle->epoch_key, NULL, 0);
	item.u.circle.id = circle->id;
	assert_int_equal(world_put(world, &item, 1), TUY_STORED_OK);
}

void world_epoch_put(struct world *world, const struct world_circle *circle)
{
	struct tuy_store_item item = { .kind = TUY_STORE_EPOCH, .circle_no = circle->no };
	item.u.epoch.id = circle->epoch_id;
	item.u.epoch.key = circle->epoch_key;
	assert_int_equal(world_put(world, &item, 1), TUY_STORED_OK);
}

void world_log(struct world *world, struct world_log *log, uint32_t no,
               const struct world_circle *circle, uint8_t person, uint8_t device)
{
	struct tuy_store_item item = { .kind = TUY_STORE_LOG,
		                       .circle_no = circle->no,
		                       .log_no = no };
	struct tuy_secret secret = secret_of(0xde, device);
	memset(log, 0, sizeof *log);
	log->no = no;
	log->circle = circle;
	tuy_device_keys_derive(&secret, &log->keys);
	memset(log->member.b, 0xa0, sizeof log->member.b);
	log->member.b[0] = person;
	log->incarnation.b[0] = device;
	log->id = tuy_log_id(&circle->id, &log->keys.device, &log->incarnation);
	log->head.hash = tuy_chain_start(&log->id);
	item.u.log.id = log->id;
	item.u.log.member = log->member;
	item.u.log.device = log->keys.device;
	item.u.log.incarnation = log->incarnation;
	assert_int_equal(world_put(world, &item, 1), TUY_STORED_OK);
}

void world_run_begin(struct world_run *run, const struct world_log *log)
{
	memset(&run->item, 0, sizeof run->item);
	run->item.kind = TUY_STORE_ENTRIES;
	run->item.circle_no = log->circle->no;
	run->item.log_no = log->no;
	run->item.u.entries.from = log->head.seq + 1;
	run->item.u.entries.headers = run->headers;
	run->item.u.entries.blobs = run->blobs;
}

void world_run_add(struct world *world, struct world_run *run, struct world_log *log,
                   struct tuy_bytes record, uint32_t time_s, uint32_t exp_s)
{
	uint32_t i = run->item.u.entries.count++;
	struct tuy_header header = { .flags = TUY_HEADER_PAYLOAD,
		                     .time_s = time_s,
		                     .exp_s = exp_s };
	size_t len;
	assert_true(i < TUY_CHECKPOINT_EVERY);
	header.seq = log->head.seq + 1;
	assert_int_equal(tuy_blob_seal_circle(&world->dice, &log->circle->epoch_key, &log->id,
	                                      header.seq, record, run->blob[i], WORLD_BLOB_ROOM,
	                                      &len),
	                 TUY_OK);
	run->blobs[i] = (struct tuy_bytes){ run->blob[i], len };
	header.payload_len = (uint32_t)len;
	header.pcommit = tuy_blob_commit(run->blobs[i]);
	memcpy(header.epoch.b, log->circle->epoch_id.b, sizeof header.epoch.b);
	uint8_t *bytes = run->headers + (size_t)i * TUY_HEADER_SIZE;
	tuy_header_encode(&header, bytes);
	log->head.hash = tuy_chain_next(&log->head.hash, bytes);
	log->head.seq = header.seq;
}

void world_run_end(struct world_run *run, struct world_log *log)
{
	log->sig = tuy_head_sign(log->keys.sign_sk, &log->id, log->head.seq, &log->head.hash);
	run->item.u.entries.head = log->head;
	run->item.u.entries.sig = log->sig;
}

void world_entry(struct world *world, struct world_log *log, const struct tuy_record *record,
                 uint32_t time_s, uint32_t exp_s)
{
	static struct world_run run;
	uint8_t doc[WORLD_BLOB_ROOM];
	struct tuy_writer w = tuy_writer(doc, sizeof doc);
	assert_int_equal(tuy_record_write(record, &w), TUY_OK);
	world_run_begin(&run, log);
	world_run_add(world, &run, log, tuy_written(&w), time_s, exp_s);
	world_run_end(&run, log);
	assert_int_equal(world_put(world, &run.item, 1), TUY_STORED_OK);
}

static struct tuy_record record_of(enum tuy_record_kind kind, uint32_t nonce, uint32_t rev)
{
	struct tuy_record record;
	memset(&record, 0, sizeof record);
	record.kind = kind;
	tuy_put32(record.nonce.b, nonce);
	record.rev = rev;
	return record;
}

static void text_set(struct tuy_record *record, enum tuy_field field, const char *text)
{
	record->value[field].present = true;
	record->value[field].text = (struct tuy_bytes){ (const uint8_t *)text, strlen(text) };
}

struct tuy_record world_tip(uint32_t nonce, uint32_t rev, const char *title, const char *text)
{
	struct tuy_record record = record_of(TUY_RECORD_TIP, nonce, rev);
	text_set(&record, TUY_FIELD_TITLE, title);
	if (text != NULL)
		text_set(&record, TUY_FIELD_TEXT, text);
	return record;
}

struct tuy_record world_named(enum tuy_record_kind kind, uint32_t nonce, uint32_t rev,
                              const char *name)
{
	struct tuy_record record = record_of(kind, nonce, rev);
	text_set(&record, TUY_FIELD_NAME, name);
	return record;
}

struct tuy_object world_object(const struct world_log *log, const struct tuy_record *record)
{
	return tuy_object_id(&log->circle->id, &log->member, &record->nonce);
}
