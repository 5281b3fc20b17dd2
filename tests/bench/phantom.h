/*
 * The store of a node that says it holds everything and keeps only where the logs stand: a friend
 * to be linked with, light enough for dozens in one process. What it stores is durable at once;
 * what it can be asked for is what it stored last. Any failure ends the program.
 *
 * Thread rule: one thread uses a phantom; its contents are read only.
 */
#ifndef PHANTOM_H
#define PHANTOM_H

#include "../../proto/node.h"
#include "people.h"

struct phantom;

/* What it says it holds; all of it stays the caller's and must outlive the phantom. */
struct phantom_contents {
	const struct people *people;
	const struct tuy_log_state *logs; /* by number */
	uint32_t log_count;
	struct tuy_bytes address; /* a friend's address record; .p NULL: none */
};

struct tuy_capacity phantom_capacity(void);
struct phantom *phantom_create(const struct phantom_contents *contents);
/* Feeds a node that was made with phantom_capacity. */
void phantom_load(const struct phantom *phantom, struct tuy_node *node);
void phantom_store(struct phantom *phantom, const struct tuy_store_item *items, uint32_t count);
/* `headers`: room for 64; the answer is valid until the next phantom_store. */
void phantom_read(const struct phantom *phantom, const struct tuy_read *read, uint8_t *headers,
                  struct tuy_read_result *result);
void phantom_destroy(struct phantom *phantom);

#endif
