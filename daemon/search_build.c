/*
 * The batch: words of records gathered in RAM and written as one segment. A word is hashed (keyed:
 * what friends write must not choose the chains), gets a number at its first sight, and each
 * record's use of it is one posting in an array; sorting happens once, over the words.
 * Thread rule: the writer thread.
 */
#include "search_build.h"
#include "search_segment.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS_START    4096
#define MERGE_WORK_MIN 65536 /* bytes of rows a commit merges at least; its own bytes, times: */
#define MERGE_FACTOR   8
#define NOWHERE        UINT32_MAX

enum weight { WEIGHT_PLAIN = 0, WEIGHT_STRONG = 1 };

struct batch_word {
	uint64_t hash;
	uint32_t at; /* of its bytes in batch->bytes */
	uint32_t len;
	uint32_t posting_count;
	uint32_t posting_last; /* index of its newest posting, NOWHERE before the first */
};

struct batch_posting {
	uint32_t word;
	uint32_t item; /* document << 1 | strong */
};

/* An array that grows. */
struct room {
	void *p;
	size_t count;
	size_t cap;
};

struct search_batch {
	uint8_t hash_key[crypto_shorthash_KEYBYTES];
	uint32_t *slots; /* 1 + number of a word, 0: free */
	size_t slot_count;
	struct room words;
	struct room bytes;
	struct room postings;
	struct room objects; /* number of each document, as added */
	bool broken;         /* memory ran out in the middle of a record */
};

/* Sorting words: mostly the first 8 bytes decide. */
struct batch_order {
	uint64_t begin;
	uint32_t word;
};

/* Everything search_batch_write needs while it runs. */
struct batch_sheet {
	struct batch_order *order; /* words, ascending */
	uint32_t *ordinals;        /* of each document; NOWHERE: replaced by a later one */
	uint32_t *objects;         /* of each ordinal */
	uint32_t doc_count;
	uint32_t *starts; /* of each word in items */
	uint32_t *items;
	bool ascending; /* documents have ordinals as they came */
};

/* Room for `more` elements of `size` bytes after the last; false: no memory. */
static bool room_reserve(struct room *room, size_t more, size_t size)
{
	if (room->cap - room->count >= more)
		return true;
	size_t cap = room->cap < 1024 ? 1024 : room->cap;
	while (cap - room->count < more)
		cap *= 2;
	if (cap > UINT32_MAX / 2)
		return false;
	void *p = realloc(room->p, cap * size);
	if (p == NULL)
		return false;
	room->p = p;
	room->cap = cap;
	return true;
}

/* Adding */

static uint64_t word_hash(const struct search_batch *batch, struct tuy_bytes word)
{
	uint8_t hash[crypto_shorthash_BYTES];
	uint64_t value;
	int rc = crypto_shorthash(hash, word.p, word.len, batch->hash_key);
	tuy_require(rc == 0);
	memcpy(&value, hash, sizeof value);
	return value;
}

static bool slots_double(struct search_batch *batch)
{
	size_t slot_count = batch->slot_count * 2;
	uint32_t *slots = calloc(slot_count, sizeof *slots);
	if (slots == NULL)
		return false;
	const struct batch_word *words = batch->words.p;
	for (uint32_t i = 0; i < batch->words.count; i++) {
		size_t slot = words[i].hash & (slot_count - 1);
		while (slots[slot] != 0)
			slot = (slot + 1) & (slot_count - 1);
		slots[slot] = i + 1;
	}
	free(batch->slots);
	batch->slots = slots;
	batch->slot_count = slot_count;
	return true;
}

/* The number of a word, a new one if need be; NOWHERE: no memory. */
static uint32_t word_number(struct search_batch *batch, struct tuy_bytes word)
{
	uint64_t hash = word_hash(batch, word);
	struct batch_word *words = batch->words.p;
	size_t slot = hash & (batch->slot_count - 1);
	for (; batch->slots[slot] != 0; slot = (slot + 1) & (batch->slot_count - 1)) {
		const struct batch_word *known = &words[batch->slots[slot] - 1];
		if (known->hash == hash && known->len == word.len &&
		    memcmp((uint8_t *)batch->bytes.p + known->at, word.p, word.len) == 0)
			return batch->slots[slot] - 1;
	}
	if (!room_reserve(&batch->words, 1, sizeof *words) ||
	    !room_reserve(&batch->bytes, word.len, 1))
		return NOWHERE;
	uint32_t number = (uint32_t)batch->words.count++;
	words = batch->words.p;
	words[number] = (struct batch_word){ hash, (uint32_t)batch->bytes.count, (uint32_t)word.len,
		                             0, NOWHERE };
	memcpy((uint8_t *)batch->bytes.p + batch->bytes.count, word.p, word.len);
	batch->bytes.count += word.len;
	batch->slots[slot] = number + 1;
	if (batch->words.count * 2 > batch->slot_count && !slots_double(batch))
		return NOWHERE;
	return number;
}

static bool batch_add_text(struct search_batch *batch, uint32_t doc, struct tuy_bytes text,
                           enum weight weight)
{
	struct tuy_words it;
	struct tuy_bytes word;
	tuy_words_init(&it, text);
	while (tuy_words_next(&it, &word)) {
		uint32_t number = word_number(batch, word);
		if (number == NOWHERE ||
		    !room_reserve(&batch->postings, 1, sizeof(struct batch_posting)))
			return false;
		struct batch_word *known = (struct batch_word *)batch->words.p + number;
		struct batch_posting *postings = batch->postings.p;
		uint32_t last = known->posting_last;
		if (last != NOWHERE && postings[last].item >> 1 == doc) {
			postings[last].item |= (uint32_t)weight;
			continue;
		}
		known->posting_last = (uint32_t)batch->postings.count;
		known->posting_count++;
		postings[batch->postings.count++] =
			(struct batch_posting){ number, doc << 1 | (uint32_t)weight };
	}
	return true;
}

static bool batch_add_field(struct search_batch *batch, uint32_t doc, const struct tuy_value *value,
                            enum weight weight)
{
	if (!value->present)
		return true;
	bool ok = batch_add_text(batch, doc, value->text, weight);
	for (uint32_t i = 0; ok && i < value->count; i++)
		ok = batch_add_text(batch, doc, value->item[i], weight);
	return ok;
}

/* Writing */

static int order_compare(const void *a, const void *b, void *context)
{
	const struct search_batch *batch = context;
	const struct batch_order *x = a, *y = b;
	if (x->begin != y->begin)
		return x->begin < y->begin ? -1 : 1;
	const struct batch_word *words = batch->words.p;
	const struct batch_word *v = &words[x->word], *w = &words[y->word];
	const uint8_t *bytes = batch->bytes.p;
	int order = memcmp(bytes + v->at, bytes + w->at, v->len < w->len ? v->len : w->len);
	return order != 0 ? order : (v->len > w->len) - (v->len < w->len);
}

static void sheet_order_words(struct batch_sheet *sheet, struct search_batch *batch)
{
	const struct batch_word *words = batch->words.p;
	for (uint32_t i = 0; i < batch->words.count; i++) {
		uint8_t begin[8] = { 0 };
		memcpy(begin, (uint8_t *)batch->bytes.p + words[i].at,
		       words[i].len < sizeof begin ? words[i].len : sizeof begin);
		sheet->order[i] = (struct batch_order){ tuy_get64(begin), i };
	}
	qsort_r(sheet->order, batch->words.count, sizeof sheet->order[0], order_compare, batch);
}

/* By object; of equal ones the later first, as it counts. */
static int document_compare(const void *a, const void *b, void *context)
{
	const struct search_batch *batch = context;
	const uint32_t *objects = batch->objects.p;
	uint32_t x, y;
	memcpy(&x, a, sizeof x);
	memcpy(&y, b, sizeof y);
	if (objects[x] != objects[y])
		return objects[x] < objects[y] ? -1 : 1;
	return (x < y) - (x > y);
}

/* Ordinals of the documents. Uses sheet->items as the place to sort them. */
static void sheet_number_documents(struct batch_sheet *sheet, struct search_batch *batch)
{
	const uint32_t *objects = batch->objects.p;
	uint32_t count = (uint32_t)batch->objects.count;
	uint32_t *sorted = sheet->items;
	sheet->ascending = true;
	sheet->doc_count = 0;
	for (uint32_t i = 0; i < count; i++) {
		sorted[i] = i;
		if (i > 0 && objects[i] <= objects[i - 1])
			sheet->ascending = false;
	}
	if (!sheet->ascending)
		qsort_r(sorted, count, sizeof sorted[0], document_compare, batch);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t object = objects[sorted[i]];
		if (i > 0 && object == objects[sorted[i - 1]]) {
			sheet->ordinals[sorted[i]] = NOWHERE;
			continue;
		}
		sheet->objects[sheet->doc_count] = object;
		sheet->ordinals[sorted[i]] = sheet->doc_count++;
	}
}

/* Puts the postings of each word side by side, in the order in which they came. */
static void sheet_gather(struct batch_sheet *sheet, const struct search_batch *batch)
{
	const struct batch_word *words = batch->words.p;
	const struct batch_posting *postings = batch->postings.p;
	uint32_t at = 0;
	for (uint32_t i = 0; i < batch->words.count; i++) {
		sheet->starts[i] = at;
		at += words[i].posting_count;
	}
	for (uint32_t i = 0; i < batch->postings.count; i++) /* starts become ends */
		sheet->items[sheet->starts[postings[i].word]++] = postings[i].item;
}

static int item_compare(const void *a, const void *b)
{
	uint32_t x, y;
	memcpy(&x, a, sizeof x);
	memcpy(&y, b, sizeof y);
	return (x > y) - (x < y);
}

/* From documents to ordinals; returns how many are left. */
static size_t sheet_renumber(const struct batch_sheet *sheet, uint32_t *items, size_t count)
{
	size_t left = 0;
	for (size_t i = 0; i < count; i++) {
		uint32_t ordinal = sheet->ordinals[items[i] >> 1];
		if (ordinal != NOWHERE)
			items[left++] = ordinal << 1 | (items[i] & 1);
	}
	if (left > 1)
		qsort(items, left, sizeof items[0], item_compare);
	return left;
}

static int sheet_write(const struct batch_sheet *sheet, const struct search_batch *batch,
                       struct search_writer *writer)
{
	const struct batch_word *words = batch->words.p;
	int rc = search_writer_list(writer, (struct tuy_bytes){ NULL, 0 }, sheet->objects,
	                            sheet->doc_count);
	for (uint32_t i = 0; rc == 0 && i < batch->words.count; i++) {
		const struct batch_word *word = &words[sheet->order[i].word];
		size_t count = word->posting_count;
		uint32_t *items = sheet->items + sheet->starts[sheet->order[i].word] - count;
		if (!sheet->ascending)
			count = sheet_renumber(sheet, items, count);
		struct tuy_bytes text = { (uint8_t *)batch->bytes.p + word->at, word->len };
		rc = search_writer_list(writer, text, items, count);
	}
	return rc;
}

static void sheet_free(struct batch_sheet *sheet)
{
	free(sheet->order);
	free(sheet->ordinals);
	free(sheet->objects);
	free(sheet->starts);
	free(sheet->items);
}

/* sheet_free is due in any case. */
static int sheet_make(struct batch_sheet *sheet, struct search_batch *batch)
{
	size_t words = batch->words.count + 1, docs = batch->objects.count;
	size_t items = batch->postings.count > docs ? batch->postings.count : docs;
	*sheet = (struct batch_sheet){
		.order = malloc(words * sizeof *sheet->order),
		.ordinals = malloc(docs * sizeof *sheet->ordinals),
		.objects = malloc(docs * sizeof *sheet->objects),
		.starts = malloc(words * sizeof *sheet->starts),
		.items = malloc(items * sizeof *sheet->items),
	};
	if (sheet->order == NULL || sheet->ordinals == NULL || sheet->objects == NULL ||
	    sheet->starts == NULL || sheet->items == NULL)
		return ENOMEM;
	sheet_order_words(sheet, batch);
	sheet_number_documents(sheet, batch);
	sheet_gather(sheet, batch);
	return 0;
}

/* The batch as a new segment on the list. */
static int batch_write_segment(struct search_batch *batch, MDB_txn *txn,
                               const struct store_tables *tables, struct search_list *list)
{
	struct batch_sheet sheet = { .objects = NULL };
	struct search_writer writer;
	struct search_segment segment = { .state = SEARCH_LIVE };
	segment.number = search_list_number(list, batch->bytes.count + batch->words.count * 4 +
	                                                  batch->postings.count);
	int rc = sheet_make(&sheet, batch);
	if (rc == 0)
		rc = search_writer_open(&writer, txn, tables, segment.number);
	if (rc == 0) {
		tuy_require(sheet.doc_count > 0);
		rc = search_writer_close(&writer, sheet_write(&sheet, batch, &writer));
		segment.size = writer.size;
		segment.doc_count = sheet.doc_count;
		segment.object_first = sheet.objects[0];
		segment.object_last = sheet.objects[sheet.doc_count - 1];
	}
	sheet_free(&sheet);
	if (rc == 0)
		search_list_add(list, &segment);
	return rc;
}

struct search_batch *search_batch_create(void)
{
	struct search_batch *batch = calloc(1, sizeof *batch);
	if (batch == NULL)
		return NULL;
	batch->slot_count = SLOTS_START;
	batch->slots = calloc(batch->slot_count, sizeof *batch->slots);
	if (batch->slots == NULL) {
		free(batch);
		return NULL;
	}
	crypto_shorthash_keygen(batch->hash_key);
	return batch;
}

void search_batch_destroy(struct search_batch *batch)
{
	if (batch == NULL)
		return;
	free(batch->slots);
	free(batch->words.p);
	free(batch->bytes.p);
	free(batch->postings.p);
	free(batch->objects.p);
	free(batch);
}

void search_batch_clear(struct search_batch *batch)
{
	memset(batch->slots, 0, batch->slot_count * sizeof *batch->slots);
	batch->words.count = 0;
	batch->bytes.count = 0;
	batch->postings.count = 0;
	batch->objects.count = 0;
	batch->broken = false;
}

int search_batch_add(struct search_batch *batch, uint32_t object_number,
                     const struct tuy_record *record)
{
	static const struct {
		enum tuy_field field;
		enum weight weight;
	} fields[] = {
		{ TUY_FIELD_TITLE, WEIGHT_STRONG },   { TUY_FIELD_TEXT, WEIGHT_PLAIN },
		{ TUY_FIELD_COMPANY, WEIGHT_STRONG }, { TUY_FIELD_TAGS, WEIGHT_STRONG },
		{ TUY_FIELD_ROLE, WEIGHT_PLAIN },     { TUY_FIELD_PLACE, WEIGHT_PLAIN },
		{ TUY_FIELD_PERSON, WEIGHT_PLAIN },   { TUY_FIELD_SKILLS, WEIGHT_PLAIN },
		{ TUY_FIELD_SECTOR, WEIGHT_PLAIN },
	};
	uint32_t doc = (uint32_t)batch->objects.count;
	if (batch->broken || !room_reserve(&batch->objects, 1, sizeof(uint32_t))) {
		batch->broken = true;
		return ENOMEM;
	}
	((uint32_t *)batch->objects.p)[batch->objects.count++] = object_number;
	for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
		if (!batch_add_field(batch, doc, &record->value[fields[i].field], fields[i].weight))
			batch->broken = true;
	return batch->broken ? ENOMEM : 0;
}

int search_batch_write(struct search_batch *batch, MDB_txn *txn, const struct store_tables *tables)
{
	struct search_list list;
	if (batch->broken)
		return ENOMEM;
	if (batch->objects.count == 0)
		return 0;
	int rc = search_list_read(txn, tables, &list);
	if (rc == 0 && list.count > SEARCH_SEGMENTS_MAX - 8)
		rc = search_list_merge(txn, tables, &list, UINT64_MAX);
	if (rc == 0)
		rc = batch_write_segment(batch, txn, tables, &list);
	if (rc != 0)
		return rc;
	uint64_t work = list.segments[search_list_current(&list) - 1].size * MERGE_FACTOR;
	rc = search_list_merge(txn, tables, &list, work > MERGE_WORK_MIN ? work : MERGE_WORK_MIN);
	return rc != 0 ? rc : search_list_write(txn, tables, &list);
}

int search_merge_waits(MDB_txn *txn, const struct store_tables *tables)
{
	struct search_list list;
	if (search_list_read(txn, tables, &list) != 0)
		return -1;
	return search_list_waits(&list) ? 1 : 0;
}

int search_merge_some(MDB_txn *txn, const struct store_tables *tables, uint64_t max_work)
{
	struct search_list list;
	int rc = search_list_read(txn, tables, &list);
	if (rc != 0 || !search_list_waits(&list))
		return rc;
	rc = search_list_merge(txn, tables, &list, max_work);
	return rc != 0 ? rc : search_list_write(txn, tables, &list);
}

int search_purge_some(MDB_txn *txn, const struct store_tables *tables, enum search_purge *step,
                      uint64_t max_work)
{
	struct search_list list;
	int rc = search_list_read(txn, tables, &list);
	if (rc == 0)
		rc = search_list_purge(txn, tables, &list, step, max_work);
	return rc != 0 ? rc : search_list_write(txn, tables, &list);
}

int search_segment_count(MDB_txn *txn, const struct store_tables *tables)
{
	struct search_list list;
	if (search_list_read(txn, tables, &list) != 0)
		return -1;
	return (int)search_list_current(&list);
}
