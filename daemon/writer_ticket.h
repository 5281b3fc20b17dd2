/*
 * Inside the writer: what is handed to its thread, and queues of it. Only writer.c includes this.
 *
 * Thread rule: plain memory, one owner at a time.
 */
#ifndef WRITER_TICKET_H
#define WRITER_TICKET_H

#include "writer.h"

struct ticket_row { /* one of the owner's own */
	enum store_own own;
	uint8_t *key; /* value behind it, one block */
	uint32_t key_len;
	uint32_t value_len;
	int removed;
};

struct ticket_head { /* where a log stands after this ticket */
	uint32_t log_no;
	uint32_t seq;
};

struct ticket_log { /* what the store did to a log beside storing */
	uint32_t log_no;
	uint32_t missing;
	uint32_t base_seq;
};

struct ticket {
	struct ticket *next;
	uint64_t number;                    /* 0: nobody waits for it, it is a slice of a sweep */
	const struct tuy_store_item *items; /* the node's, until it is reported */
	uint32_t count;
	uint32_t seen_s;
	uint32_t entry_count;
	size_t bytes;
	const char *error;       /* NULL: stored */
	int swept;               /* a sweep ends with it */
	struct ticket_row *rows; /* instead of items */
	uint32_t row_count;
	struct store_place *places; /* or these: payloads that go here */
	uint32_t place_count;
	int scrub; /* or: all that was erased leaves the file */
	struct ticket_log *logs;
	uint32_t log_count;
	uint32_t head_count;
	struct ticket_head heads[];
};

struct tickets { /* a queue */
	struct ticket *first;
	struct ticket **end;
};

void tickets_init(struct tickets *tickets);
void tickets_push(struct tickets *tickets, struct ticket *ticket);
/* The first one, NULL if there is none. */
struct ticket *tickets_pop(struct tickets *tickets);
/* All of them, for ticket_pop_taken; `tickets` is empty then. */
struct tickets tickets_take(struct tickets *tickets);
struct ticket *ticket_pop_taken(struct tickets *taken);

/* A ticket of the node: what it weighs in a transaction, and where its logs stand after it. NULL:
 * no memory. */
struct ticket *ticket_of_items(uint64_t number, const struct tuy_store_item *items, uint32_t count);
/* One with copies of rows. NULL: no memory. */
struct ticket *ticket_of_rows(uint64_t number, const struct writer_row *rows, uint32_t count);
/* One with copies of places. NULL: no memory. */
struct ticket *ticket_of_places(uint64_t number, const struct store_place *places, uint32_t count);
void ticket_free(struct ticket *ticket);

#endif
