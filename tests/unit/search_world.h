/*
 * A store of nothing but words, in a directory of its own, for the tests of the word index. What
 * fails ends the test.
 *
 * Thread rule: one thread.
 */
#ifndef SEARCH_WORLD_H
#define SEARCH_WORLD_H

#include "../../daemon/search_build.h"

struct search_world {
	char dir[64];
	MDB_env *env;
	struct tuy_secret checksum;
	struct store_tables tables;
	struct search_batch *batch;
	struct synonyms *synonyms; /* NULL: what is near is not asked for */
};

/* An empty one; close() deletes its files. */
void search_world_open(struct search_world *world);
void search_world_close(struct search_world *world);
/* A transaction of the caller's. */
MDB_txn *search_world_begin(struct search_world *world, unsigned flags);
/* Writes and clears the batch, in one commit. */
void search_world_commit(struct search_world *world);
/* One step of merging, in one commit. */
void search_world_merge(struct search_world *world, uint64_t max_work);
/* What search_txn_query finds in a snapshot. */
int search_world_query(struct search_world *world, const char *query, struct search_hit *hits,
                       uint32_t cap);
/* How many segments there are. */
int search_world_segments(struct search_world *world);
/* The rows of the table are those of the segments, to the byte. */
void search_world_check_rows(struct search_world *world);
/* Gives a field a text that must outlive the record; NULL: not. */
void search_world_field(struct tuy_record *record, enum tuy_field field, const char *text);
/* Adds a tip with a title, a text and a company (each may be NULL). */
void search_world_add(struct search_world *world, uint32_t object, const char *title,
                      const char *text, const char *company);
/* The query finds these objects in this order; 0 ends the list. */
void search_world_finds(struct search_world *world, const char *query, ...);

#endif
