/*
 * A store with a writer in a temporary directory, and logs of invented people to fill it: for the
 * tests of store, writer and view. Any failure is a failed assertion of the test.
 */
#ifndef STORE_WORLD_H
#define STORE_WORLD_H

#include "../../daemon/store.h"
#include "../../daemon/writer.h"
#include "../../proto/log.h"
#include "../../proto/record.h"

#define WORLD_REPORTS_MAX 4096
#define WORLD_BLOB_ROOM   4096 /* bytes of the largest blob that is made here */

struct world {
	char dir[64];
	struct tuy_device_keys keys; /* of the device whose store it is */
	uv_loop_t loop;
	struct store *store;
	struct writer *writer;
	struct tuy_dice dice;
	uint64_t next_ticket;
	uint32_t report_count;
	struct {
		uint64_t ticket;
		enum tuy_stored stored;
		const char *error;
	} report[WORLD_REPORTS_MAX];
};

/* Makes a directory and opens a store with a writer in it. */
void world_open(struct world *world, enum writer_index index);
/* Stops writer and store, and opens both again. */
void world_reopen(struct world *world, enum writer_index index);
/* Only stops them: the directory stays. */
void world_stop(struct world *world);
void world_start(struct world *world, enum writer_index index);
/* Stops what runs and removes the directory. */
void world_close(struct world *world);
void world_dir_remove(const char *dir);

/* Hands over a ticket; its number. */
uint64_t world_submit(struct world *world, const struct tuy_store_item *items, uint32_t count,
                      int live);
/* Runs the loop until so many reports came in all. */
void world_await(struct world *world, uint32_t report_count);
/* Submits, waits, and gives what came of it. */
enum tuy_stored world_put(struct world *world, const struct tuy_store_item *items, uint32_t count);

struct world_circle {
	uint32_t no;
	struct tuy_circle id;
	struct tuy_hash epoch_id;
	struct tuy_secret epoch_key;
};
/* Invents a circle by its number, and stores it. */
void world_circle(struct world *world, struct world_circle *circle, uint32_t no);
void world_epoch_put(struct world *world, const struct world_circle *circle);

struct world_log {
	uint32_t no;
	const struct world_circle *circle;
	struct tuy_device_keys keys;
	struct tuy_member member;
	struct tuy_incarnation incarnation;
	struct tuy_log_id id;
	struct tuy_head head;
	struct tuy_sig sig;
};
/* Invents a log; `person` and `device` choose the keys. Stores it. */
void world_log(struct world *world, struct world_log *log, uint32_t no,
               const struct world_circle *circle, uint8_t person, uint8_t device);

/* Up to 64 entries at the end of a log, as an item and the bytes it points to. */
struct world_run {
	struct tuy_store_item item;
	uint8_t headers[TUY_CHECKPOINT_EVERY * TUY_HEADER_SIZE];
	struct tuy_bytes blobs[TUY_CHECKPOINT_EVERY];
	uint8_t blob[TUY_CHECKPOINT_EVERY][WORLD_BLOB_ROOM];
};
void world_run_begin(struct world_run *run, const struct world_log *log);
/* Adds an entry that says `record`, sealed to the circle. `exp_s` 0: none. */
void world_run_add(struct world *world, struct world_run *run, struct world_log *log,
                   struct tuy_bytes record, uint32_t time_s, uint32_t exp_s);
/* Signs the end. */
void world_run_end(struct world_run *run, struct world_log *log);
/* The three of them, and put. */
void world_entry(struct world *world, struct world_log *log, const struct tuy_record *record,
                 uint32_t time_s, uint32_t exp_s);

/* A TIP of `title` with a nonce that begins with `nonce`; `text` may be NULL. */
struct tuy_record world_tip(uint32_t nonce, uint32_t rev, const char *title, const char *text);
struct tuy_record world_named(enum tuy_record_kind kind, uint32_t nonce, uint32_t rev,
                              const char *name);
struct tuy_object world_object(const struct world_log *log, const struct tuy_record *record);

#endif
