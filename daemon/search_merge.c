/*
 * Which segments of the word index are merged when, and the merge itself. The plan: sizes have
 * levels, four times larger each; when four neighbours in age are of one level (a smaller one
 * before a larger counts as the larger), they become one. So n commits leave at most three segments
 * a level, and a posting is copied once a level. A merge of little is done at once; a larger one is
 * spread: its inputs answer queries until the output is whole.
 * Thread rule: the writer thread inside its transaction.
 */
#include "search_segment.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define GROUP_MIN  4
#define GROUP_MAX  8
#define LEVEL_SIZE 1024  /* bytes of rows: up to here a segment is of level 0 */
#define AT_ONCE    32768 /* bytes: a merge of up to this is not spread */
#define DROPPED    UINT32_MAX

/* Neighbours in list->segments that are to become one. */
struct group {
	uint32_t first;
	uint32_t count;
	uint64_t size;
};

/* One merge under way. */
struct merge {
	uint32_t count;
	const struct search_segment *inputs;
	struct search_reader readers[GROUP_MAX];
	uint32_t reader_count;
	bool ended[GROUP_MAX];
	bool disjoint;             /* all objects of an input come before those of the next */
	uint32_t bases[GROUP_MAX]; /* disjoint: what to add to an ordinal */
	uint32_t *maps[GROUP_MAX]; /* not disjoint: the new ordinal of each, or DROPPED */
	uint32_t *objects;         /* not disjoint: the objects of the output */
	uint32_t doc_count;        /* of the output */
	uint32_t *items;           /* of the word at hand */
	size_t item_count;
	size_t item_cap;
	uint8_t word_len;
	uint8_t word[TUY_WORD_MAX];
};

/* The list */

static void list_remove(struct search_list *list, uint32_t index, uint32_t count)
{
	memmove(&list->segments[index], &list->segments[index + count],
	        (list->count - index - count) * sizeof list->segments[0]);
	list->count -= count;
}

static void list_insert(struct search_list *list, uint32_t index,
                        const struct search_segment *segment)
{
	tuy_require(list->count < SEARCH_SEGMENTS_MAX);
	memmove(&list->segments[index + 1], &list->segments[index],
	        (list->count - index) * sizeof list->segments[0]);
	list->segments[index] = *segment;
	list->count++;
}

/* The first segment in this state; list->count if there is none. */
static uint32_t list_find(const struct search_list *list, enum search_state state)
{
	uint32_t i = 0;
	while (i < list->count && list->segments[i].state != state)
		i++;
	return i;
}

static uint32_t size_level(uint64_t size)
{
	uint32_t level = 0;
	while (size > LEVEL_SIZE && level < 24) {
		size /= 4;
		level++;
	}
	return level;
}

/* The newest group that is due among the segments newer than those being merged. */
static bool list_pick(const struct search_list *list, struct group *group)
{
	uint32_t end = search_list_current(list), from = end, level = 0;
	while (from > 0 && list->segments[from - 1].state == SEARCH_LIVE)
		from--;
	while (end > from) {
		uint32_t begin = end - 1;
		uint32_t own = size_level(list->segments[begin].size);
		level = own > level ? own : level;
		while (begin > from && size_level(list->segments[begin - 1].size) <= level)
			begin--;
		if (end - begin >= GROUP_MIN) {
			group->first = begin;
			group->count = end - begin < GROUP_MAX ? end - begin : GROUP_MAX;
			group->size = 0;
			for (uint32_t i = 0; i < group->count; i++)
				group->size += list->segments[begin + i].size;
			return true;
		}
		end = begin;
	}
	return false;
}

/* Puts the whole output in the place of its inputs, which die. */
static void list_replace(struct search_list *list, const struct group *group,
                         const struct search_segment *output)
{
	struct search_segment inputs[GROUP_MAX];
	memcpy(inputs, &list->segments[group->first], group->count * sizeof inputs[0]);
	list_remove(list, group->first, group->count);
	list_insert(list, group->first, output);
	list->segments[group->first].state = SEARCH_LIVE;
	for (uint32_t i = 0; i < group->count; i++) {
		inputs[i].state = SEARCH_DEAD;
		list_insert(list, list->count, &inputs[i]);
	}
}

/* Ordinals */

static void merge_close(struct merge *merge)
{
	for (uint32_t i = 0; i < merge->reader_count; i++)
		search_reader_close(&merge->readers[i]);
	for (uint32_t i = 0; i < merge->count; i++)
		free(merge->maps[i]);
	free(merge->objects);
	free(merge->items);
}

/* The union of the inputs' objects; the newest input that has an object keeps it. The maps hold the
 * object numbers before and the new ordinals after. */
static void merge_number(struct merge *merge)
{
	uint32_t next[GROUP_MAX] = { 0 };
	merge->doc_count = 0;
	for (;;) {
		uint32_t object = UINT32_MAX, keeper = merge->count;
		for (uint32_t i = 0; i < merge->count; i++) {
			if (next[i] == merge->inputs[i].doc_count)
				continue;
			if (keeper == merge->count || merge->maps[i][next[i]] <= object) {
				object = merge->maps[i][next[i]];
				keeper = i;
			}
		}
		if (keeper == merge->count)
			return;
		for (uint32_t i = 0; i < merge->count; i++) {
			uint32_t at = next[i];
			if (at < merge->inputs[i].doc_count && merge->maps[i][at] == object) {
				merge->maps[i][at] = i == keeper ? merge->doc_count : DROPPED;
				next[i]++;
			}
		}
		merge->objects[merge->doc_count++] = object;
	}
}

static int merge_read_objects(struct merge *merge, uint32_t total)
{
	merge->objects = malloc(total * sizeof *merge->objects);
	if (merge->objects == NULL)
		return ENOMEM;
	for (uint32_t i = 0; i < merge->count; i++) {
		size_t count, wanted = merge->inputs[i].doc_count;
		merge->maps[i] = malloc(wanted * sizeof *merge->maps[i]);
		if (merge->maps[i] == NULL)
			return ENOMEM;
		int rc = search_reader_list(&merge->readers[i], (struct tuy_bytes){ NULL, 0 },
		                            merge->maps[i], wanted, &count);
		if (rc != 0)
			return rc;
		if (count != wanted)
			return MDB_CORRUPTED;
	}
	merge_number(merge);
	return 0;
}

/* Opens the inputs and finds how their ordinals change: the same for each part of a spread merge.
 * merge_close is due in any case. */
static int merge_open(struct merge *merge, MDB_txn *txn, const struct store_tables *tables,
                      const struct search_segment *inputs, uint32_t count)
{
	uint64_t total = 0;
	*merge = (struct merge){ .count = count, .inputs = inputs, .disjoint = true };
	for (uint32_t i = 0; i < count; i++) {
		int rc = search_reader_open(&merge->readers[i], txn, tables, inputs[i].number);
		if (rc != 0)
			return rc;
		merge->reader_count++;
		merge->bases[i] = (uint32_t)total;
		total += inputs[i].doc_count;
		if (i > 0 && inputs[i].object_first <= inputs[i - 1].object_last)
			merge->disjoint = false;
	}
	if (total > DROPPED / 2)
		return MDB_CORRUPTED;
	merge->doc_count = (uint32_t)total;
	merge->item_cap = total;
	merge->items = malloc(merge->item_cap * sizeof *merge->items);
	if (merge->items == NULL)
		return ENOMEM;
	return merge->disjoint ? 0 : merge_read_objects(merge, (uint32_t)total);
}

/* Words */

/* Each input to its first word, or to the first after merge->word. */
static int merge_seek(struct merge *merge, bool after)
{
	struct tuy_bytes word = { merge->word, merge->word_len };
	for (uint32_t i = 0; i < merge->count; i++) {
		int rc = search_reader_seek(&merge->readers[i], word);
		while (rc == 0 && after && search_reader_at(&merge->readers[i], word))
			rc = search_reader_next(&merge->readers[i]);
		if (rc != 0 && rc != MDB_NOTFOUND)
			return rc;
		merge->ended[i] = rc == MDB_NOTFOUND;
	}
	return 0;
}

/* The first word that any input has next, into merge->word. False: there is none. */
static bool merge_next_word(struct merge *merge)
{
	const struct search_reader *least = NULL;
	for (uint32_t i = 0; i < merge->count; i++) {
		const struct search_reader *reader = &merge->readers[i];
		if (merge->ended[i])
			continue;
		if (least != NULL) {
			size_t shorter = reader->word_len < least->word_len ? reader->word_len
			                                                    : least->word_len;
			int order = memcmp(reader->word, least->word, shorter);
			if (order > 0 || (order == 0 && reader->word_len >= least->word_len))
				continue;
		}
		least = reader;
	}
	if (least == NULL)
		return false;
	merge->word_len = least->word_len;
	memcpy(merge->word, least->word, least->word_len);
	return true;
}

/* Adds the items of input `i`'s record to those of the word, with their new ordinals. */
static int merge_take_record(struct merge *merge, uint32_t i)
{
	struct tuy_bytes rest = merge->readers[i].items;
	const uint32_t *map = merge->maps[i];
	uint32_t doc_count = merge->inputs[i].doc_count, base = merge->bases[i];
	for (uint32_t item = 0; search_item_next(&rest, &item);) {
		uint32_t taken = item;
		if (merge->word_len > 0) {
			uint32_t ordinal = item >> 1;
			if (ordinal >= doc_count)
				return MDB_CORRUPTED;
			ordinal = map != NULL ? map[ordinal] : ordinal + base;
			if (ordinal == DROPPED)
				continue;
			taken = ordinal << 1 | (item & 1);
		}
		if (merge->item_count == merge->item_cap)
			return MDB_CORRUPTED;
		merge->items[merge->item_count++] = taken;
	}
	return rest.len > 0 ? MDB_CORRUPTED : 0;
}

static int items_compare(const void *a, const void *b)
{
	uint32_t x, y;
	memcpy(&x, a, sizeof x);
	memcpy(&y, b, sizeof y);
	return (x > y) - (x < y);
}

/* Writes the list of merge->word from all inputs that have it. */
static int merge_word(struct merge *merge, struct search_writer *writer)
{
	struct tuy_bytes word = { merge->word, merge->word_len };
	merge->item_count = 0;
	for (uint32_t i = 0; i < merge->count; i++) {
		while (!merge->ended[i] && search_reader_at(&merge->readers[i], word)) {
			int rc = merge_take_record(merge, i);
			if (rc != 0)
				return rc;
			rc = search_reader_next(&merge->readers[i]);
			if (rc != 0 && rc != MDB_NOTFOUND)
				return rc;
			merge->ended[i] = rc == MDB_NOTFOUND;
		}
	}
	if (!merge->disjoint && merge->item_count > 1)
		qsort(merge->items, merge->item_count, sizeof merge->items[0], items_compare);
	for (size_t k = 1; k < merge->item_count; k++)
		if (merge->items[k] <= merge->items[k - 1])
			return MDB_CORRUPTED;
	return search_writer_list(writer, word, merge->items, merge->item_count);
}

static uint64_t merge_work(const struct merge *merge)
{
	uint64_t work = 0;
	for (uint32_t i = 0; i < merge->count; i++)
		work += merge->readers[i].size;
	return work;
}

/* Goes on from merge->word (from the beginning if nothing of the output is written) for about
 * `max_work`. */
static int merge_run(struct merge *merge, struct search_writer *writer, bool begun,
                     uint64_t max_work, bool *finished)
{
	int rc = 0;
	if (!begun && !merge->disjoint)
		rc = search_writer_list(writer, (struct tuy_bytes){ NULL, 0 }, merge->objects,
		                        merge->doc_count);
	if (rc == 0)
		rc = merge_seek(merge, begun || !merge->disjoint);
	*finished = false;
	while (rc == 0) {
		*finished = !merge_next_word(merge);
		if (*finished)
			break;
		rc = merge_word(merge, writer);
		if (merge_work(merge) >= max_work)
			break;
	}
	return rc;
}

static void merge_describe(const struct merge *merge, struct search_segment *output)
{
	output->object_first = merge->inputs[0].object_first;
	output->object_last = merge->inputs[0].object_last;
	output->doc_count = merge->doc_count;
	for (uint32_t i = 1; i < merge->count; i++) {
		const struct search_segment *input = &merge->inputs[i];
		if (input->object_first < output->object_first)
			output->object_first = input->object_first;
		if (input->object_last > output->object_last)
			output->object_last = input->object_last;
	}
}

/* One part of a merge: moves list->done and *output on. */
static int group_merge(MDB_txn *txn, const struct store_tables *tables, struct search_list *list,
                       const struct group *group, struct search_segment *output, uint64_t max_work,
                       uint64_t *work, bool *finished)
{
	struct merge merge;
	struct search_writer writer;
	int rc = merge_open(&merge, txn, tables, &list->segments[group->first], group->count);
	if (rc == 0)
		rc = search_writer_open(&writer, txn, tables, output->number);
	if (rc == 0) {
		bool begun = output->size > 0;
		merge_describe(&merge, output);
		if (begun) {
			merge.word_len = list->done_len;
			memcpy(merge.word, list->done, list->done_len);
		}
		rc = merge_run(&merge, &writer, begun, max_work, finished);
		rc = search_writer_close(&writer, rc);
		output->size += writer.size;
		list->done_len = merge.word_len;
		memcpy(list->done, merge.word, merge.word_len);
		*work += merge_work(&merge);
	}
	merge_close(&merge);
	return rc;
}

static int list_merge_at_once(MDB_txn *txn, const struct store_tables *tables,
                              struct search_list *list, const struct group *group, uint64_t *work)
{
	struct search_segment output = { .number = search_list_number(list, 0) };
	uint8_t done[TUY_WORD_MAX], done_len = list->done_len; /* of the spread one, if any */
	bool finished = false;
	memcpy(done, list->done, done_len);
	int rc = group_merge(txn, tables, list, group, &output, UINT64_MAX, work, &finished);
	list->done_len = done_len;
	memcpy(list->done, done, done_len);
	if (rc == 0)
		list_replace(list, group, &output);
	return rc;
}

/* Declares a spread merge. */
static void list_begin(struct search_list *list, const struct group *group)
{
	struct search_segment output = list->segments[group->first];
	output.number = search_list_number(list, UINT64_MAX);
	output.state = SEARCH_OUTPUT;
	output.size = 0;
	for (uint32_t i = 0; i < group->count; i++)
		list->segments[group->first + i].state = SEARCH_INPUT;
	list->done_len = 0;
	list_insert(list, search_list_current(list), &output);
}

static int list_continue(MDB_txn *txn, const struct store_tables *tables, struct search_list *list,
                         uint32_t index, uint64_t max_work, uint64_t *work)
{
	struct search_segment output = list->segments[index];
	struct group group = { .first = list_find(list, SEARCH_INPUT) };
	bool finished = false;
	while (group.first + group.count < list->count &&
	       list->segments[group.first + group.count].state == SEARCH_INPUT)
		group.count++;
	if (group.count == 0 || group.count > GROUP_MAX)
		return MDB_CORRUPTED;
	int rc = group_merge(txn, tables, list, &group, &output, max_work, work, &finished);
	if (rc != 0)
		return rc;
	if (!finished) {
		list->segments[index] = output;
		return 0;
	}
	list_remove(list, index, 1);
	list_replace(list, &group, &output);
	list->done_len = 0;
	return 0;
}

/* Deletes rows of a dead segment; takes it off the list when none is left. */
static int list_bury(MDB_txn *txn, const struct store_tables *tables, struct search_list *list,
                     uint32_t index, uint64_t max_work, uint64_t *work)
{
	MDB_cursor *cursor;
	uint8_t number[4];
	uint64_t done = 0;
	int rc = mdb_cursor_open(txn, tables->dbi[STORE_WORDS], &cursor);
	if (rc != 0)
		return rc;
	tuy_put32(number, list->segments[index].number);
	while (rc == 0 && done < max_work) {
		MDB_val key = { sizeof number, number }, row;
		rc = mdb_cursor_get(cursor, &key, &row, MDB_SET_RANGE);
		if (rc == 0 && (key.mv_size < sizeof number ||
		                memcmp(key.mv_data, number, sizeof number) != 0))
			rc = MDB_NOTFOUND;
		if (rc == 0) {
			done += SEARCH_NODE_SIZE / 4; /* a deletion is cheaper than a copy */
			rc = mdb_cursor_del(cursor, 0);
		}
	}
	mdb_cursor_close(cursor);
	*work += done;
	if (rc == MDB_NOTFOUND) {
		list_remove(list, index, 1);
		rc = 0;
	}
	return rc;
}

uint32_t search_list_current(const struct search_list *list)
{
	uint32_t count = 0;
	while (count < list->count && search_segment_is_current(&list->segments[count]))
		count++;
	return count;
}

void search_list_add(struct search_list *list, const struct search_segment *segment)
{
	list_insert(list, search_list_current(list), segment);
}

uint32_t search_list_number(const struct search_list *list, uint64_t size)
{
	bool under_way = list_find(list, SEARCH_OUTPUT) < list->count;
	uint32_t half = size > AT_ONCE && !under_way ? SEARCH_MERGED : 0;
	uint32_t number = half;
	for (uint32_t i = 0; i < list->count; i++) {
		uint32_t taken = list->segments[i].number;
		if ((taken & SEARCH_MERGED) == half && taken > number)
			number = taken;
	}
	tuy_require((number & ~SEARCH_MERGED) < SEARCH_MERGED - 2);
	return number + 1;
}

bool search_list_waits(const struct search_list *list)
{
	struct group group;
	return search_list_current(list) < list->count || list_pick(list, &group);
}

int search_list_merge(MDB_txn *txn, const struct store_tables *tables, struct search_list *list,
                      uint64_t max_work)
{
	int rc = 0;
	for (uint64_t work = 0; rc == 0 && work < max_work;) {
		struct group group;
		bool due = list_pick(list, &group);
		uint32_t dead = list_find(list, SEARCH_DEAD);
		uint32_t output = list_find(list, SEARCH_OUTPUT);
		bool room = list->count < SEARCH_SEGMENTS_MAX;
		if (due && room && group.size <= AT_ONCE)
			rc = list_merge_at_once(txn, tables, list, &group, &work);
		else if (dead < list->count)
			rc = list_bury(txn, tables, list, dead, max_work - work, &work);
		else if (output < list->count)
			rc = list_continue(txn, tables, list, output, max_work - work, &work);
		else if (due && room)
			list_begin(list, &group);
		else
			break;
	}
	return rc;
}

int search_list_purge(MDB_txn *txn, const struct store_tables *tables, struct search_list *list,
                      enum search_purge *step, uint64_t max_work)
{
	int rc = 0;
	for (uint64_t work = 0; rc == 0 && work < max_work && *step != SEARCH_PURGE_DONE;) {
		uint32_t dead = list_find(list, SEARCH_DEAD);
		uint32_t output = list_find(list, SEARCH_OUTPUT);
		uint32_t current = search_list_current(list);
		uint32_t count = current < GROUP_MAX ? current : GROUP_MAX;
		struct group newest = { .first = current - count, .count = count };
		if (dead < list->count) {
			rc = list_bury(txn, tables, list, dead, max_work - work, &work);
		} else if (output < list->count) {
			rc = list_continue(txn, tables, list, output, max_work - work, &work);
		} else if (*step == SEARCH_PURGE_ALL || current < 2) {
			*step = SEARCH_PURGE_DONE;
		} else {
			if (newest.first == 0)
				*step = SEARCH_PURGE_ALL;
			list_begin(list, &newest);
		}
	}
	return rc;
}
