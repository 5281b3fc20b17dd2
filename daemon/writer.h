/*
 * The writer: one thread, the only one with write transactions. It takes all tickets that wait,
 * writes them in one transaction (log rows, and through view.h the objects and words made from
 * them), commits once, and reports on the loop thread by uv_async_send. Tickets are written and
 * reported in the order they were given; a transaction holds up to 16,384 entries or 8 MiB, and
 * ends after 10 ms of work while live tickets come. What is kept is a prefix: when a ticket fails,
 * all that was handed over before the loop heard of it fails too, since later tickets build on
 * earlier. A damaged row of the derived tables fails no ticket: they are marked as damaged
 * (view_is_whole) and the logs go on without them.
 *
 * Thread rule: everything here is called on the loop thread.
 */
#ifndef WRITER_H
#define WRITER_H

#include "store.h"
#include "store_own.h"
#include <uv.h>

struct writer;

enum writer_index {
	WRITER_LOGS_ONLY,
	WRITER_OBJECTS,
	WRITER_WORDS
}; /* the last is the product; the others for the bench */

/* Called on the loop thread. `error` is NULL when stored, else its stable code: "T-STORE-FULL" or
 * "T-STORE-IO". */
typedef void writer_on_stored(void *context, uint64_t ticket, enum tuy_stored stored,
                              const char *error);

/* Called on the loop thread, for tuy_node_on_erased: after the on_stored of the ticket that did it,
 * before the next one; or for a slice of a sweep. */
#define WRITER_SWEPT UINT32_MAX /* as log_no: a sweep has come to its end */
typedef void writer_on_erased(void *context, uint32_t log_no, uint32_t missing, uint32_t base_seq);

/* Starts the thread. `box_sk` opens blobs sealed to this device (may be NULL). NULL if no thread
 * can be had. */
struct writer *writer_start(struct store *store, uv_loop_t *loop,
                            const struct tuy_device_keys *keys, enum writer_index index,
                            writer_on_stored *on_stored, void *context);
/* Hands a ticket over; `items` and all they point to stay untouched until its on_stored. Never
 * blocks. -1: no memory. */
int writer_submit(struct writer *writer, uint64_t ticket, const struct tuy_store_item *items,
                  uint32_t count, int live);
/* A row that is the owner's own (store_own.h); value.p NULL: it goes. */
struct writer_row {
	enum store_own own;
	struct tuy_bytes key;
	struct tuy_bytes value;
};
/* Hands rows over, which are copied; they are written with the tickets around them and reported
 * like one. -1: no memory. */
int writer_submit_rows(struct writer *writer, uint64_t ticket, const struct writer_row *rows,
                       uint32_t count);
#define WRITER_PLACES_MAX 64
/* Payloads go here, whoever wrote them (store_erase_here), up to WRITER_PLACES_MAX, with the next
 * transaction; reported like a ticket. -1: no memory. */
int writer_erase_here(struct writer *writer, uint64_t ticket, const struct store_place *places,
                      uint32_t count);
/*
 * What was erased before this leaves the file now, not in some minutes (writer_scrub.h); reported
 * like a ticket when it is done, though others may be reported before. -1: no memory.
 */
int writer_scrub(struct writer *writer, uint64_t ticket);
/* Entries are first seen by the clock of this machine and so many seconds more, as --clock-offset
 * says; before the first ticket. */
void writer_offset(struct writer *writer, int64_t offset_s);
/* From now on erasures are reported, with the context of on_stored; before the first ticket. */
void writer_report_erased(struct writer *writer, writer_on_erased *on_erased);
/*
 * What has expired by this clock (unix s) goes, and logs are pruned (store_erase.h): in small
 * transactions while no ticket waits. The cost grows with what goes, not with what is held.
 * Harmless when called again: it begins anew.
 */
void writer_sweep(struct writer *writer, uint32_t now_s);
/* A reader found a damaged row in the derived tables (view.h, search.h): they are marked, nothing
 * more is written to them, and the next start makes them again. Harmless when called again. */
void writer_doubt_view(struct writer *writer);
/* Finishes what waits, reports it, ends the thread and closes the async handle; frees the writer in
 * its close callback. */
void writer_stop(struct writer *writer);

#endif
