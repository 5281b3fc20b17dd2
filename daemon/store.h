/*
 * The store: one LMDB environment, its tables and the read side. Every value carries a 16-byte
 * keyed BLAKE2b, so that a damaged page is an error and not a lie. Only the writer thread
 * (writer.h) opens write transactions; and view_rebuild.h, before that thread begins.
 *
 * Thread rule: store_open and store_close on the loop thread; reads on any thread, each in its own
 * `struct store_reading` that is begun and ended on the same thread and lives for one callback at
 * the most (a resize of the map waits for it).
 */
#ifndef STORE_H
#define STORE_H

#include "../proto/node.h"
#include <stdint.h>

struct store;

/* Where an entry stands. */
struct store_place {
	uint32_t log_no;
	uint32_t seq;
};

/* An error for people: a stable code, what happened, what to type. Static storage or the caller's
 * struct. */
struct store_error {
	const char *code; /* "T-STORE-DAMAGED", "T-STORE-FULL", "T-STORE-LOCKED", "T-STORE-FOREIGN",
	                     "T-STORE-PATH", "T-STORE-IO" */
	char message[400]; /* one sentence, with the path */
	char hint[200];    /* what to type or do */
};

/*
 * Opens or creates the store in `dir` (made with mode 0700). Refuses: a data.mdb shorter than its
 * own meta pages say (truncated: it would be a SIGBUS later), a foreign data.mdb, a later schema, a
 * store of another device, one that another process holds (flock on dir/lock), a disk without room
 * for the lock file (posix_fallocate before the mmap: a SIGBUS too). On error *store is NULL,
 * `error` filled, nothing was changed on disk.
 */
int store_open(const char *dir, const struct tuy_device_keys *keys, struct store **store,
               struct store_error *error);
void store_close(struct store *store);

/* 16 random bytes made with the store, or when it was found to be a copy (store_origin.h). What a
 * STORE began later is here after the next store_open. */
const struct tuy_incarnation *store_incarnation(const struct store *store);

/* What store_open found. */
enum store_origin {
	STORE_ORIGIN_SAME,  /* the store is where it was, or new */
	STORE_ORIGIN_COPY,  /* it is a copy: a new incarnation has begun */
	STORE_ORIGIN_SPENT, /* it is a copy, but TUY_INCARNATIONS_MAX are used: the last goes on */
};
enum store_origin store_origin(const struct store *store);
/* Incarnations of this device that the store knew when it was opened. */
uint32_t store_incarnations(const struct store *store);

/* Feeds everything held to the node (tuy_node_load_*). 0, or -1 with `error` (damaged: names the
 * table). */
int store_load(struct store *store, struct tuy_node *node, struct store_error *error);

struct store_stats {
	uint64_t bytes;   /* used pages, not the sparse map */
	uint64_t entries; /* in all logs */
	uint64_t file_bytes;
};
int store_stats(struct store *store, struct store_stats *stats);

/* A read transaction. Several reads may be made in one; spans stay valid until its end. */
struct store_reading {
	struct store *store;
	void *txn;
};
int store_reading_begin(struct store *store, struct store_reading *reading);
void store_reading_end(struct store_reading *reading);

/*
 * Answers a node's READ. `headers` (64 * 64 bytes) is the caller's room for gathered headers.
 * Damaged values give result->err = TUY_E_STORE.
 */
void store_read(struct store_reading *reading, const struct tuy_read *read, uint8_t *headers,
                struct tuy_read_result *result);

/* A log's facts by number. 0 or -1. */
struct store_log {
	uint32_t circle_no;
	struct tuy_log_id id;
	struct tuy_member member;
	struct tuy_device device;
};
int store_log(struct store_reading *reading, uint32_t log_no, struct store_log *log);

/* One entry: header and blob (spans; blob.p NULL if not held). 0, or -1 if absent or damaged. */
int store_entry(struct store_reading *reading, uint32_t log_no, uint32_t seq,
                struct tuy_bytes *header, struct tuy_bytes *blob);

/* The key of an epoch held. 0, or -1. */
int store_epoch(struct store_reading *reading, uint32_t circle_no, const struct tuy_epoch *epoch,
                struct tuy_secret *key);

#endif
