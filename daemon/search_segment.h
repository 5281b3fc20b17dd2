/*
 * How the word index lies in the tables `segments` and `words`; private to search*.c.
 *
 * A segment is one sorted run. Its objects have ordinals 0, 1, 2 ... in ascending order of their
 * numbers. It maps words to lists: a list is ascending 32-bit items, each item = ordinal << 1 |
 * strong (1: the word stands in title, company or tags). The empty word stands first and its items
 * are the object numbers themselves.
 *
 *   segments  u32 0                 version u8 1, done_len u8, done; then for each segment: number
 *                                   u32, state u8, object_first u32, object_last u32, doc_count
 *                                   u32, size u64 (bytes of rows)
 *   words     number u32, word, and if the row begins inside the list of that word: 0, first item
 *             u32                   a block: records of word and a part of its list
 *
 * A record: shared u8 (bytes that the word has in common with the one before in the block),
 * rest_len u8, items_len varint, rest of the word, items: varints, the first absolute, the others
 * as differences. Varints are 7 bits a byte, lowest first. A row with its key is at most 1018 bytes
 * of an LMDB page, so that four fill one and none needs an overflow page.
 *
 * Segments LIVE and INPUT stand in the list oldest first and make the index: where the same object
 * is in several, the newest counts. INPUT are being merged into the one OUTPUT, whose words up to
 * `done` are written. DEAD ones wait for the removal of their rows. Numbers of merged segments have
 * the highest bit, so that both kinds ascend at the end of their half of the table.
 *
 * Thread rule: as the transaction.
 */
#ifndef SEARCH_SEGMENT_H
#define SEARCH_SEGMENT_H

#include "../proto/text.h"
#include "store_tables.h"
#include <lmdb.h>

#define SEARCH_SEGMENTS_MAX 128 /* merging gets unlimited work before this is reached */
#define SEARCH_MERGED       0x80000000u
#define SEARCH_NODE_SIZE    1018 /* four to a page of 4096 bytes */
#define SEARCH_ROW_KEY_MAX  (4 + TUY_WORD_MAX + 5)

enum search_state { SEARCH_LIVE = 1, SEARCH_INPUT, SEARCH_OUTPUT, SEARCH_DEAD };

struct search_segment {
	uint32_t number;
	enum search_state state;
	uint32_t object_first;
	uint32_t object_last;
	uint32_t doc_count;
	uint64_t size;
};

enum search_purge { SEARCH_PURGE_BEGIN, SEARCH_PURGE_ALL, SEARCH_PURGE_DONE };

struct search_list {
	uint32_t count;
	struct search_segment segments[SEARCH_SEGMENTS_MAX];
	uint8_t done_len;
	uint8_t done[TUY_WORD_MAX];
};

/* The list as stored; empty if there is none. 0 or a code as store_get, MDB_CORRUPTED also for a
 * row that cannot be. */
int search_list_read(MDB_txn *txn, const struct store_tables *tables, struct search_list *list);
int search_list_write(MDB_txn *txn, const struct store_tables *tables,
                      const struct search_list *list);

/* Whether queries look into it. */
bool search_segment_is_current(const struct search_segment *segment);

/* The next item of an encoded list: *item is the one before (0 before the first). False at the end
 * of `rest`, which is then empty, or at damage, which leaves bytes. */
static inline bool search_item_next(struct tuy_bytes *rest, uint32_t *item)
{
	if (rest->len > 0 && rest->p[0] < 0x80) {
		*item += rest->p[0];
		rest->p++;
		rest->len--;
		return true;
	}
	uint32_t delta = 0;
	for (size_t i = 0; i < rest->len && i < 5; i++) {
		delta |= (uint32_t)(rest->p[i] & 0x7F) << (7 * i);
		if (rest->p[i] < 0x80) {
			*item += delta;
			rest->p += i + 1;
			rest->len -= i + 1;
			return true;
		}
	}
	return false;
}

/* The records of a segment, one after the other; about 1.2 KiB, no heap. */
struct search_reader {
	MDB_cursor *cursor;
	const struct store_tables *tables;
	uint32_t number;
	uint64_t size; /* bytes of rows read so far */
	size_t key_len;
	uint8_t key[SEARCH_ROW_KEY_MAX + 1];
	size_t len;
	size_t pos;
	uint8_t block[SEARCH_NODE_SIZE]; /* a copy: a write in the transaction moves pages */
	struct tuy_bytes items;          /* of the record, encoded, within block */
	uint8_t word_len;                /* of the record */
	uint8_t word[TUY_WORD_MAX];
};

/* 0 or LMDB's code; only after 0 is close due. */
int search_reader_open(struct search_reader *reader, MDB_txn *txn,
                       const struct store_tables *tables, uint32_t number);
void search_reader_close(struct search_reader *reader);

/* Goes to the first record whose word is not before `word` / to the next record (which may be a
 * further part of the same list). 0, MDB_NOTFOUND at the end, MDB_CORRUPTED or LMDB's code. */
int search_reader_seek(struct search_reader *reader, struct tuy_bytes word);
int search_reader_next(struct search_reader *reader);

/* Whether the record's word is `word`, and whether it begins with it. */
bool search_reader_at(const struct search_reader *reader, struct tuy_bytes word);
bool search_reader_within(const struct search_reader *reader, struct tuy_bytes prefix);

/* Decodes a whole list into items[0 .. cap): seeks `word`, reads to its end. *count is 0 if it has
 * none. MDB_CORRUPTED if there are more, or they do not ascend. */
int search_reader_list(struct search_reader *reader, struct tuy_bytes word, uint32_t *items,
                       size_t cap, size_t *count);

/* Writes the rows of a segment, words in ascending order. */
struct search_writer {
	MDB_cursor *cursor;
	const struct store_tables *tables;
	uint32_t number;
	unsigned flags;
	uint64_t size; /* bytes of rows written so far */
	size_t key_len;
	uint8_t key[SEARCH_ROW_KEY_MAX];
	uint8_t word_len; /* the last in the block */
	uint8_t word[TUY_WORD_MAX];
	size_t len;
	uint8_t block[SEARCH_NODE_SIZE];
};

/* 0 or LMDB's code; only after 0 is close due. */
int search_writer_open(struct search_writer *writer, MDB_txn *txn,
                       const struct store_tables *tables, uint32_t number);
/* Adds a whole list of ascending items, count > 0. 0 or LMDB's code. */
int search_writer_list(struct search_writer *writer, struct tuy_bytes word, const uint32_t *items,
                       size_t count);
/* Writes what is begun (if rc is 0) and closes the cursor: rc, or LMDB's code. */
int search_writer_close(struct search_writer *writer, int rc);

/* How many of list->segments, from the first, are current: they stand before the others. */
uint32_t search_list_current(const struct search_list *list);

/* Adds a segment as the newest; there must be room. */
void search_list_add(struct search_list *list, const struct search_segment *segment);

/* A number for a segment of about `size` bytes of rows. */
uint32_t search_list_number(const struct search_list *list, uint64_t size);

/* Whether search_list_merge would do anything. */
bool search_list_waits(const struct search_list *list);

/* Merges and removes until about `max_work` bytes of rows are done or nothing is left to do; the
 * caller writes the list. 0, ENOMEM, MDB_CORRUPTED or LMDB's code: abort the transaction. */
int search_list_merge(MDB_txn *txn, const struct store_tables *tables, struct search_list *list,
                      uint64_t max_work);
/* The same for all segments that there were when `step` was SEARCH_PURGE_BEGIN (search_build.h). */
int search_list_purge(MDB_txn *txn, const struct store_tables *tables, struct search_list *list,
                      enum search_purge *step, uint64_t max_work);

#endif
