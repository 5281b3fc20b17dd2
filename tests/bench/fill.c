#include "fill.h"
#include "../../proto/blob.h"
#include "../../proto/log.h"
#include "bench.h"
#include "tips.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RUNS      256                    /* tickets under way */
#define BLOB_ROOM (TIP_RECORD_MAX + 512) /* sealed ones have slots */

/* Up to 64 entries on their way to the store. */
struct run {
	struct tuy_store_item item;
	uint8_t headers[TUY_CHECKPOINT_EVERY * TUY_HEADER_SIZE];
	struct tuy_bytes blobs[TUY_CHECKPOINT_EVERY];
	uint8_t blob[TUY_CHECKPOINT_EVERY][BLOB_ROOM];
};

struct fill_log {
	const struct person *author;
	struct tuy_incarnation incarnation;
	struct tuy_log_id id;
	struct tuy_head head;
	struct tuy_sig sig; /* of head, if it is not 0 */
};

struct fill {
	uv_loop_t loop;
	struct store *store;
	struct writer *writer;
	struct tuy_dice dice;
	uint32_t first_s;       /* 0: now */
	fill_sealed *is_sealed; /* NULL: none */
	struct tuy_box_pk to[2];
	uint64_t submitted; /* tickets */
	uint64_t stored;
	struct fill_log log[FILL_LOGS_MAX];
	struct run run[RUNS]; /* of ticket n: n % RUNS */
};

static void on_stored(void *context, uint64_t ticket, enum tuy_stored stored, const char *error)
{
	struct fill *fill = context;
	if (stored != TUY_STORED_OK)
		bench_die("filling the store: ticket %llu failed: %s", (unsigned long long)ticket,
		          error);
	fill->stored++;
}

static void submit(struct fill *fill, const struct tuy_store_item *items, uint32_t count)
{
	if (writer_submit(fill->writer, fill->submitted + 1, items, count, 0) != 0)
		bench_die("filling the store: no memory");
	fill->submitted++;
}

/* Until so few tickets are under way. */
static void await(struct fill *fill, uint64_t under_way)
{
	while (fill->submitted - fill->stored > under_way)
		(void)uv_run(&fill->loop, UV_RUN_ONCE);
}

struct fill *fill_open(const char *dir, const struct tuy_device_keys *keys, enum writer_index index)
{
	struct store_error error;
	struct fill *fill = calloc(1, sizeof *fill);
	if (fill == NULL || uv_loop_init(&fill->loop) != 0)
		bench_die("filling the store: no memory");
	if (store_open(dir, keys, &fill->store, &error) != 0)
		bench_die("%s: %s", error.code, error.message);
	fill->writer = writer_start(fill->store, &fill->loop, keys, index, on_stored, fill);
	if (fill->writer == NULL)
		bench_die("filling the store: no thread");
	fill->dice.seed.b[0] = 0xf1;
	return fill;
}

const struct tuy_incarnation *fill_incarnation(const struct fill *fill)
{
	return store_incarnation(fill->store);
}

void fill_circle(struct fill *fill, const struct people *people)
{
	struct tuy_store_item items[PEOPLE_MAX + 2];
	uint32_t count = 0;
	uint32_t circle_no = people->circle_no;
	items[count] = (struct tuy_store_item){ .kind = TUY_STORE_CIRCLE, .circle_no = circle_no };
	items[count++].u.circle.id = people->id;
	for (uint32_t i = 0; i < people->count; i++) {
		items[count] =
			(struct tuy_store_item){ .kind = TUY_STORE_OP, .circle_no = circle_no };
		items[count].u.op.index = i;
		items[count++].u.op.bytes =
			(struct tuy_bytes){ people->op[i].b, people->op[i].len };
	}
	items[count] = (struct tuy_store_item){ .kind = TUY_STORE_EPOCH, .circle_no = circle_no };
	items[count].u.epoch.id = people->epoch_id;
	items[count++].u.epoch.key = people->epoch_key;
	submit(fill, items, count);
	await(fill, 0);
}

void fill_address(struct fill *fill, const struct person *person, const struct tuy_address *address)
{
	struct tuy_address_record record = { .counter = 1, .count = 1, .address = { *address } };
	struct tuy_store_item item = { .kind = TUY_STORE_ADDRESS };
	uint8_t bytes[TUY_ADDRESS_RECORD_MAX];
	size_t len;
	record.device = person->keys.device;
	tuy_require(tuy_address_record_create(person->keys.sign_sk, &record, bytes, sizeof bytes,
	                                      &len) == TUY_OK);
	item.u.address.device = record.device;
	item.u.address.record = (struct tuy_bytes){ bytes, len };
	submit(fill, &item, 1);
	await(fill, 0);
}

void fill_log(struct fill *fill, const struct people *people, uint32_t log_no, uint32_t person_no,
              uint32_t nth)
{
	tuy_require(log_no < FILL_LOGS_MAX);
	const struct person *person = &people->person[person_no];
	struct fill_log *log = &fill->log[log_no];
	struct tuy_store_item item = { .kind = TUY_STORE_LOG,
		                       .circle_no = people->circle_no,
		                       .log_no = log_no };
	log->author = person;
	log->incarnation = person->incarnation;
	log->incarnation.b[15] ^= (uint8_t)nth;
	log->id = tuy_log_id(&people->id, &person->keys.device, &log->incarnation);
	log->head = (struct tuy_head){ 0, tuy_chain_start(&log->id) };
	item.u.log.id = log->id;
	item.u.log.member = person->cert.member;
	item.u.log.device = person->keys.device;
	item.u.log.incarnation = log->incarnation;
	submit(fill, &item, 1);
	await(fill, 0);
}

static void entry_add(struct fill *fill, const struct people *people, struct run *run,
                      struct fill_log *log, struct tuy_bytes record, uint32_t time_s)
{
	uint32_t i = run->item.u.entries.count++;
	struct tuy_header header = { .flags = TUY_HEADER_PAYLOAD, .seq = log->head.seq + 1 };
	uint8_t *bytes = run->headers + (size_t)i * TUY_HEADER_SIZE;
	size_t len;
	struct tuy_record read;
	bool sealed = fill->is_sealed != NULL && tuy_record_read(record, &read) == TUY_OK &&
	              fill->is_sealed(&read);
	enum tuy_err err =
		sealed ? tuy_blob_seal_devices(&fill->dice, fill->to, 2, &log->id, header.seq,
	                                       record, run->blob[i], BLOB_ROOM, &len)
		       : tuy_blob_seal_circle(&fill->dice, &people->epoch_key, &log->id, header.seq,
	                                      record, run->blob[i], BLOB_ROOM, &len);
	tuy_require(err == TUY_OK);
	run->blobs[i] = (struct tuy_bytes){ run->blob[i], len };
	header.time_s = time_s;
	header.payload_len = (uint32_t)len;
	header.pcommit = tuy_blob_commit(run->blobs[i]);
	memcpy(header.epoch.b, people->epoch_id.b, sizeof header.epoch.b);
	tuy_header_encode(&header, bytes);
	log->head.hash = tuy_chain_next(&log->head.hash, bytes);
	log->head.seq = header.seq;
}

void fill_since(struct fill *fill, uint32_t first_s)
{
	fill->first_s = first_s;
}

void fill_seal(struct fill *fill, fill_sealed *is_sealed, const struct tuy_box_pk to[2])
{
	fill->is_sealed = is_sealed;
	memcpy(fill->to, to, sizeof fill->to);
}

static uint32_t time_of(const struct fill *fill, uint32_t i, uint32_t count)
{
	uint32_t now_s = (uint32_t)time(NULL);
	if (fill->first_s == 0)
		return now_s;
	return fill->first_s + (uint32_t)((uint64_t)(now_s - fill->first_s) * i / count);
}

uint64_t fill_entries(struct fill *fill, const struct people *people, uint32_t log_no,
                      uint32_t count, fill_record *record, void *context)
{
	struct fill_log *log = &fill->log[log_no];
	uint8_t buffer[TIP_RECORD_MAX];
	uint64_t bytes = 0;
	for (uint32_t i = 0; i < count;) {
		await(fill, RUNS - 1);
		struct run *run = &fill->run[fill->submitted % RUNS];
		uint32_t end = tuy_run_end(log->head.seq + 1, log->head.seq + count - i);
		run->item = (struct tuy_store_item){ .kind = TUY_STORE_ENTRIES,
			                             .circle_no = people->circle_no,
			                             .log_no = log_no };
		run->item.u.entries.from = log->head.seq + 1;
		run->item.u.entries.headers = run->headers;
		run->item.u.entries.blobs = run->blobs;
		while (log->head.seq < end) {
			uint32_t time_s = time_of(fill, i, count);
			entry_add(fill, people, run, log, record(context, log_no, i++, buffer),
			          time_s);
			bytes += run->blobs[run->item.u.entries.count - 1].len;
		}
		run->item.u.entries.head = log->head;
		log->sig = tuy_head_sign(log->author->keys.sign_sk, &log->id, log->head.seq,
		                         &log->head.hash);
		run->item.u.entries.sig = log->sig;
		submit(fill, &run->item, 1);
	}
	await(fill, 0);
	return bytes;
}

struct tuy_log_state fill_log_state(const struct fill *fill, uint32_t log_no)
{
	const struct fill_log *log = &fill->log[log_no];
	return (struct tuy_log_state){ .log_no = log_no,
		                       .device = log->author->keys.device,
		                       .incarnation = log->incarnation,
		                       .head = log->head,
		                       .sig = log->sig };
}

void fill_close(struct fill *fill)
{
	await(fill, 0);
	writer_stop(fill->writer);
	(void)uv_run(&fill->loop, UV_RUN_DEFAULT);
	if (uv_loop_close(&fill->loop) != 0)
		bench_die("filling the store: a handle stayed open");
	store_close(fill->store);
	free(fill);
}
