/* Rows of the word index; the layout is in search_segment.h. Thread rule: as the transaction. */
#include "search_segment.h"

#include <string.h>

#define LIST_VERSION     1
#define LIST_HEAD_SIZE   2
#define SEGMENT_SIZE     25
#define LIST_SIZE_MAX    (LIST_HEAD_SIZE + TUY_WORD_MAX + SEARCH_SEGMENTS_MAX * SEGMENT_SIZE)
#define NODE_HEAD_SIZE   8  /* LMDB's, before key and value */
#define RECORD_HEAD_SIZE 4  /* shared, rest_len and items_len of at most 2 bytes */
#define ITEM_SIZE_MAX    5  /* a varint of 32 bits */
#define LIST_ROOM_MIN    24 /* bytes left in a row that are worth a part of a list */

static const uint8_t list_key[4] = { 0 };

static int bytes_compare(struct tuy_bytes a, struct tuy_bytes b)
{
	size_t shorter = a.len < b.len ? a.len : b.len;
	int order = shorter > 0 ? memcmp(a.p, b.p, shorter) : 0;
	if (order != 0)
		return order;
	return (a.len > b.len) - (a.len < b.len);
}

static size_t word_copy(uint8_t *to, struct tuy_bytes word)
{
	tuy_require(word.len <= TUY_WORD_MAX);
	if (word.len > 0)
		memcpy(to, word.p, word.len);
	return word.len;
}

/* Segments and their list */

static void segment_put(uint8_t *p, const struct search_segment *segment)
{
	tuy_put32(p, segment->number);
	p[4] = (uint8_t)segment->state;
	tuy_put32(p + 5, segment->object_first);
	tuy_put32(p + 9, segment->object_last);
	tuy_put32(p + 13, segment->doc_count);
	tuy_put64(p + 17, segment->size);
}

static int segment_get(const uint8_t *p, struct search_segment *segment)
{
	segment->number = tuy_get32(p);
	segment->state = (enum search_state)p[4];
	segment->object_first = tuy_get32(p + 5);
	segment->object_last = tuy_get32(p + 9);
	segment->doc_count = tuy_get32(p + 13);
	segment->size = tuy_get64(p + 17);
	if (p[4] < SEARCH_LIVE || p[4] > SEARCH_DEAD || segment->doc_count == 0 ||
	    segment->object_first > segment->object_last ||
	    segment->doc_count - 1 > segment->object_last - segment->object_first)
		return MDB_CORRUPTED;
	return 0;
}

int search_list_read(MDB_txn *txn, const struct store_tables *tables, struct search_list *list)
{
	struct tuy_bytes row;
	list->count = 0;
	list->done_len = 0;
	int rc = store_get(txn, tables, STORE_SEGMENTS, TUY_BYTES(list_key), &row);
	if (rc == MDB_NOTFOUND)
		return 0;
	if (rc != 0)
		return rc;
	if (row.len < LIST_HEAD_SIZE || row.p[0] != LIST_VERSION || row.p[1] > TUY_WORD_MAX ||
	    row.len < LIST_HEAD_SIZE + (size_t)row.p[1])
		return MDB_CORRUPTED;
	list->done_len = row.p[1];
	memcpy(list->done, row.p + LIST_HEAD_SIZE, list->done_len);
	const uint8_t *p = row.p + LIST_HEAD_SIZE + list->done_len;
	size_t left = row.len - LIST_HEAD_SIZE - list->done_len;
	if (left % SEGMENT_SIZE != 0 || left / SEGMENT_SIZE > SEARCH_SEGMENTS_MAX)
		return MDB_CORRUPTED;
	list->count = (uint32_t)(left / SEGMENT_SIZE);
	for (uint32_t i = 0; i < list->count && rc == 0; i++)
		rc = segment_get(p + (size_t)i * SEGMENT_SIZE, &list->segments[i]);
	return rc;
}

int search_list_write(MDB_txn *txn, const struct store_tables *tables,
                      const struct search_list *list)
{
	uint8_t row[LIST_SIZE_MAX];
	row[0] = LIST_VERSION;
	row[1] = list->done_len;
	memcpy(row + LIST_HEAD_SIZE, list->done, list->done_len);
	size_t len = LIST_HEAD_SIZE + (size_t)list->done_len;
	for (uint32_t i = 0; i < list->count; i++) {
		segment_put(row + len, &list->segments[i]);
		len += SEGMENT_SIZE;
	}
	struct tuy_bytes part = { row, len };
	return store_put(txn, tables, STORE_SEGMENTS, TUY_BYTES(list_key), &part, 1, 0);
}

bool search_segment_is_current(const struct search_segment *segment)
{
	return segment->state == SEARCH_LIVE || segment->state == SEARCH_INPUT;
}

/* Reading */

/* Takes the row that the cursor gave. */
static int reader_load(struct search_reader *reader, const MDB_val *key, const MDB_val *row)
{
	struct tuy_bytes block;
	if (key->mv_size < 4 || tuy_get32(key->mv_data) != reader->number)
		return MDB_NOTFOUND;
	int rc = store_check(reader->tables, STORE_WORDS, key, row, &block);
	if (rc != 0)
		return rc;
	if (key->mv_size > SEARCH_ROW_KEY_MAX || block.len > sizeof reader->block || block.len == 0)
		return MDB_CORRUPTED;
	reader->key_len = key->mv_size;
	memcpy(reader->key, key->mv_data, key->mv_size);
	reader->len = block.len;
	reader->pos = 0;
	memcpy(reader->block, block.p, block.len);
	reader->word_len = 0;
	reader->size += key->mv_size + row->mv_size;
	return 0;
}

/* The row after the one at hand. Sought anew: between two reads the transaction may write. */
static int reader_load_next(struct search_reader *reader)
{
	reader->key[reader->key_len] = 0; /* no key is so: it is what comes first after this one */
	MDB_val key = { reader->key_len + 1, reader->key };
	MDB_val row;
	int rc = mdb_cursor_get(reader->cursor, &key, &row, MDB_SET_RANGE);
	return rc != 0 ? rc : reader_load(reader, &key, &row);
}

/* The row in which the list of `word` begins if it has one. */
static int reader_load_for(struct search_reader *reader, struct tuy_bytes word)
{
	tuy_put32(reader->key, reader->number);
	size_t len = 4 + word_copy(reader->key + 4, word);
	MDB_val key = { len, reader->key };
	MDB_val row;
	int rc = mdb_cursor_get(reader->cursor, &key, &row, MDB_SET_RANGE);
	if (rc == MDB_NOTFOUND)
		rc = mdb_cursor_get(reader->cursor, &key, &row, MDB_LAST);
	else if (rc == 0 && (key.mv_size != len || memcmp(key.mv_data, reader->key, len) != 0))
		rc = mdb_cursor_get(reader->cursor, &key, &row, MDB_PREV);
	if (rc == 0)
		rc = reader_load(reader, &key, &row);
	/* a segment's first row is that of the empty word: there must be one */
	return rc == MDB_NOTFOUND ? MDB_CORRUPTED : rc;
}

int search_reader_open(struct search_reader *reader, MDB_txn *txn,
                       const struct store_tables *tables, uint32_t number)
{
	reader->tables = tables;
	reader->number = number;
	reader->size = 0;
	reader->key_len = 0;
	reader->len = 0;
	reader->pos = 0;
	reader->word_len = 0;
	return mdb_cursor_open(txn, tables->dbi[STORE_WORDS], &reader->cursor);
}

void search_reader_close(struct search_reader *reader)
{
	mdb_cursor_close(reader->cursor);
}

int search_reader_next(struct search_reader *reader)
{
	if (reader->pos == reader->len) {
		int rc = reader_load_next(reader);
		if (rc != 0)
			return rc;
	}
	const uint8_t *p = reader->block + reader->pos;
	size_t left = reader->len - reader->pos;
	if (left < 3)
		return MDB_CORRUPTED;
	size_t shared = p[0], rest_len = p[1], items_len = p[2] & 0x7F, head = 3;
	if (p[2] >= 0x80) {
		if (left < 4 || p[3] >= 0x80)
			return MDB_CORRUPTED;
		items_len |= (size_t)p[3] << 7;
		head = 4;
	}
	if (shared > reader->word_len || shared + rest_len > TUY_WORD_MAX || items_len == 0 ||
	    head + rest_len + items_len > left)
		return MDB_CORRUPTED;
	memcpy(reader->word + shared, p + head, rest_len);
	reader->word_len = (uint8_t)(shared + rest_len);
	reader->items.p = p + head + rest_len;
	reader->items.len = items_len;
	reader->pos += head + rest_len + items_len;
	return 0;
}

int search_reader_seek(struct search_reader *reader, struct tuy_bytes word)
{
	int rc = reader_load_for(reader, word);
	if (rc != 0)
		return rc;
	for (;;) {
		rc = search_reader_next(reader);
		if (rc != 0)
			return rc;
		struct tuy_bytes here = { reader->word, reader->word_len };
		if (bytes_compare(here, word) >= 0)
			return 0;
	}
}

bool search_reader_at(const struct search_reader *reader, struct tuy_bytes word)
{
	return reader->word_len == word.len && search_reader_within(reader, word);
}

bool search_reader_within(const struct search_reader *reader, struct tuy_bytes prefix)
{
	return reader->word_len >= prefix.len &&
	       (prefix.len == 0 || memcmp(reader->word, prefix.p, prefix.len) == 0);
}

int search_reader_list(struct search_reader *reader, struct tuy_bytes word, uint32_t *items,
                       size_t cap, size_t *count)
{
	*count = 0;
	int rc = search_reader_seek(reader, word);
	while (rc == 0 && search_reader_at(reader, word)) {
		uint32_t item = 0;
		while (search_item_next(&reader->items, &item)) {
			if (*count == cap || (*count > 0 && item <= items[*count - 1]))
				return MDB_CORRUPTED;
			items[(*count)++] = item;
		}
		if (reader->items.len > 0)
			return MDB_CORRUPTED;
		rc = search_reader_next(reader);
	}
	return rc == MDB_NOTFOUND ? 0 : rc;
}

/* Writing */

static size_t varint_put(uint8_t *p, uint32_t value)
{
	size_t len = 0;
	while (value >= 0x80) {
		p[len++] = (uint8_t)(value | 0x80);
		value >>= 7;
	}
	p[len++] = (uint8_t)value;
	return len;
}

/* Bytes that still fit into the block. */
static size_t writer_room(const struct search_writer *writer)
{
	return SEARCH_NODE_SIZE - NODE_HEAD_SIZE - STORE_MAC_SIZE - writer->key_len - writer->len;
}

static int writer_flush(struct search_writer *writer)
{
	if (writer->len == 0)
		return 0;
	struct tuy_bytes key = { writer->key, writer->key_len };
	struct tuy_bytes block = { writer->block, writer->len };
	int rc = store_cursor_put(writer->cursor, writer->tables, STORE_WORDS, key, &block, 1,
	                          writer->flags);
	writer->size += key.len + block.len + STORE_MAC_SIZE;
	writer->len = 0;
	return rc;
}

/* A new row, which begins with the item `index` of the list of `word`. */
static void writer_begin(struct search_writer *writer, struct tuy_bytes word, uint32_t item,
                         size_t index)
{
	tuy_put32(writer->key, writer->number);
	writer->key_len = 4 + word_copy(writer->key + 4, word);
	if (index > 0) {
		writer->key[writer->key_len] = 0;
		tuy_put32(writer->key + writer->key_len + 1, item);
		writer->key_len += 5;
	}
	writer->word_len = 0;
}

/* Adds a record with as many items as fit, at least one; returns how many. */
static size_t writer_record(struct search_writer *writer, struct tuy_bytes word,
                            const uint32_t *items, size_t count)
{
	uint8_t list[SEARCH_NODE_SIZE];
	size_t shared = 0;
	while (shared < writer->word_len && shared < word.len &&
	       writer->word[shared] == word.p[shared])
		shared++;
	size_t rest_len = word.len - shared;
	size_t room = writer_room(writer) - RECORD_HEAD_SIZE - rest_len;
	size_t len = 0, taken = 0;
	for (uint32_t before = 0; taken < count && len + ITEM_SIZE_MAX <= room; taken++) {
		len += varint_put(list + len, items[taken] - before);
		before = items[taken];
	}
	uint8_t *p = writer->block + writer->len;
	p[0] = (uint8_t)shared;
	p[1] = (uint8_t)rest_len;
	p += 2 + varint_put(p + 2, (uint32_t)len);
	if (rest_len > 0)
		memcpy(p, word.p + shared, rest_len);
	memcpy(p + rest_len, list, len);
	writer->len = (size_t)(p - writer->block) + rest_len + len;
	writer->word_len = (uint8_t)word_copy(writer->word, word);
	return taken;
}

int search_writer_open(struct search_writer *writer, MDB_txn *txn,
                       const struct store_tables *tables, uint32_t number)
{
	uint8_t key[4];
	writer->tables = tables;
	writer->number = number;
	writer->size = 0;
	writer->len = 0;
	writer->flags = 0;
	int rc = mdb_cursor_open(txn, tables->dbi[STORE_WORDS], &writer->cursor);
	if (rc != 0)
		return rc;
	tuy_put32(key, number + 1);
	MDB_val from = { sizeof key, key };
	MDB_val row;
	rc = mdb_cursor_get(writer->cursor, &from, &row, MDB_SET_RANGE);
	if (rc == MDB_NOTFOUND) { /* nothing comes after this segment: rows may be packed */
		writer->flags = MDB_APPEND;
		rc = 0;
	}
	if (rc != 0)
		mdb_cursor_close(writer->cursor);
	return rc;
}

int search_writer_list(struct search_writer *writer, struct tuy_bytes word, const uint32_t *items,
                       size_t count)
{
	for (size_t index = 0; index < count;) {
		if (writer->len > 0 &&
		    writer_room(writer) < RECORD_HEAD_SIZE + word.len + LIST_ROOM_MIN) {
			int rc = writer_flush(writer);
			if (rc != 0)
				return rc;
		}
		if (writer->len == 0)
			writer_begin(writer, word, items[index], index);
		index += writer_record(writer, word, items + index, count - index);
	}
	return 0;
}

int search_writer_close(struct search_writer *writer, int rc)
{
	if (rc == 0)
		rc = writer_flush(writer);
	mdb_cursor_close(writer->cursor);
	return rc;
}
