/*
 * Queries over the word index. All words of an object are in one segment, so each segment is asked
 * alone: for each node of the query (search_graph.h) one byte a document says whether words lead
 * there and how good they are, and each list is read once, streaming. Newest segments first.
 * Thread rule: any thread within its read transaction.
 */
#include "search.h"
#include "search_build.h"
#include "search_graph.h"
#include "search_segment.h"

#include <stdlib.h>
#include <string.h>

/* Bytes of rows that beginnings of words may cost in one query, about 10 ms; older segments then
 * give whole words only. A store of 100,000 tips has 10 MiB, and a beginning has at least 4
 * letters, so only one made for it comes so far. */
#define PREFIX_WORK_MAX 4194304

/* How well a word fits; a strong place (title, company, tags) adds FIT_STRONG. */
#define FIT_STEM   1
#define FIT_PREFIX 1
#define FIT_EXACT  3
#define FIT_STRONG 1
#define FIT_MAX    4 /* a step; 16 of them and 1 are within a byte */

struct search {
	MDB_txn *txn;
	const struct store_tables *tables;
	struct search_graph graph;
	uint32_t step_count;             /* words of the query */
	struct search_stemmer *stemmer;  /* NULL: no edge of the graph wants stems */
	const struct search_hit *except; /* ascending by object: these are not wanted again */
	uint32_t except_count;
	struct search_list list;
	uint32_t current;                       /* segments */
	uint32_t *objects[SEARCH_SEGMENTS_MAX]; /* of each ordinal; NULL: not read so far */
	uint8_t *sets; /* [node - 1][ordinal]: 0 not reached, else 1 + the best sum of fits */
	uint64_t prefix_work;
	struct search_hit *hits; /* a heap, the worst first, when full */
	uint32_t hit_count;
	uint32_t hit_cap;
};

/* One segment being asked. */
struct inquiry {
	struct search_reader reader;
	const struct search_segment *segment;
	uint32_t index; /* in list.segments */
	bool reached[GRAPH_NODES_MAX];
};

/* Hits */

/* Whether `a` is to be shown after `b`. */
static bool hit_is_worse(const struct search_hit *a, const struct search_hit *b)
{
	return a->score != b->score ? a->score < b->score : a->object < b->object;
}

/* hits[0 .. count) is a heap but for `at`, which may be too good for its place. */
static void hits_sink(struct search_hit *hits, uint32_t count, uint32_t at)
{
	struct search_hit hit = hits[at];
	for (;;) {
		uint32_t child = 2 * at + 1;
		if (child >= count)
			break;
		if (child + 1 < count && hit_is_worse(&hits[child + 1], &hits[child]))
			child++;
		if (!hit_is_worse(&hits[child], &hit))
			break;
		hits[at] = hits[child];
		at = child;
	}
	hits[at] = hit;
}

static void hits_heapify(struct search_hit *hits, uint32_t count)
{
	for (uint32_t at = count / 2; at > 0; at--)
		hits_sink(hits, count, at - 1);
}

static void hits_add(struct search *search, struct search_hit hit)
{
	if (search->hit_count < search->hit_cap) {
		search->hits[search->hit_count++] = hit;
		if (search->hit_count == search->hit_cap)
			hits_heapify(search->hits, search->hit_count);
	} else if (search->hit_cap > 0 && hit_is_worse(&search->hits[0], &hit)) {
		search->hits[0] = hit;
		hits_sink(search->hits, search->hit_count, 0);
	}
}

/* Best first. */
static void hits_sort(struct search_hit *hits, uint32_t count)
{
	hits_heapify(hits, count);
	for (uint32_t left = count; left > 1; left--) {
		struct search_hit worst = hits[0];
		hits[0] = hits[left - 1];
		hits[left - 1] = worst;
		hits_sink(hits, left - 1, 0);
	}
}

/* Objects */

/* The object numbers of a segment, read once a query. */
static int search_read_objects(struct search *search, uint32_t index)
{
	const struct search_segment *segment = &search->list.segments[index];
	struct search_reader reader;
	size_t count;
	if (search->objects[index] != NULL)
		return 0;
	search->objects[index] = malloc(segment->doc_count * sizeof(uint32_t));
	if (search->objects[index] == NULL)
		return -1;
	int rc = search_reader_open(&reader, search->txn, search->tables, segment->number);
	if (rc != 0)
		return rc;
	rc = search_reader_list(&reader, (struct tuy_bytes){ NULL, 0 }, search->objects[index],
	                        segment->doc_count, &count);
	search_reader_close(&reader);
	return rc == 0 && count != segment->doc_count ? MDB_CORRUPTED : rc;
}

static bool segment_is_dense(const struct search_segment *segment)
{
	return segment->doc_count - 1 == segment->object_last - segment->object_first;
}

static bool objects_have(const uint32_t *objects, uint32_t count, uint32_t object)
{
	uint32_t first = 0;
	while (count > 0) {
		uint32_t half = count / 2;
		if (objects[first + half] < object) {
			first += half + 1;
			count -= half + 1;
		} else if (objects[first + half] > object) {
			count = half;
		} else {
			return true;
		}
	}
	return false;
}

/* Whether a segment newer than `index` has the object too: then its words there count. 1, 0, or a
 * negative number on damage. */
static int search_is_replaced(struct search *search, uint32_t index, uint32_t object)
{
	for (uint32_t i = index + 1; i < search->current; i++) {
		const struct search_segment *segment = &search->list.segments[i];
		if (object < segment->object_first || object > segment->object_last)
			continue;
		if (segment_is_dense(segment))
			return 1;
		if (search_read_objects(search, i) != 0)
			return -1;
		if (objects_have(search->objects[i], segment->doc_count, object))
			return 1;
	}
	return 0;
}

/* Words */

/* The documents of the record at hand go from one node to another. */
static int inquiry_apply(struct search *search, struct inquiry *inquiry,
                         const struct graph_edge *word, uint32_t fit)
{
	uint32_t doc_count = inquiry->segment->doc_count;
	uint32_t steps = word->steps;
	uint8_t *to = search->sets + (size_t)(word->to - 1) * doc_count;
	const uint8_t *from =
		word->from == 0 ? NULL : search->sets + (size_t)(word->from - 1) * doc_count;
	struct tuy_bytes rest = inquiry->reader.items;
	for (uint32_t item = 0; search_item_next(&rest, &item);) {
		uint32_t ordinal = item >> 1;
		if (ordinal >= doc_count)
			return MDB_CORRUPTED;
		uint32_t before = from == NULL ? 1 : from[ordinal];
		if (before == 0)
			continue;
		uint32_t sum = before + steps * (fit + (item & 1) * FIT_STRONG);
		if (sum > to[ordinal])
			to[ordinal] = (uint8_t)sum;
		inquiry->reached[word->to] = true;
	}
	return rest.len > 0 ? MDB_CORRUPTED : 0;
}

static int inquiry_ask_exact(struct search *search, struct inquiry *inquiry,
                             const struct graph_edge *word)
{
	struct tuy_bytes stem = { word->text, word->stem_len };
	int rc = search_reader_seek(&inquiry->reader, stem);
	while (rc == 0 && search_reader_at(&inquiry->reader, stem)) {
		rc = inquiry_apply(search, inquiry, word, FIT_EXACT);
		if (rc == 0)
			rc = search_reader_next(&inquiry->reader);
	}
	return rc == MDB_NOTFOUND ? 0 : rc;
}

static int inquiry_ask_prefix(struct search *search, struct inquiry *inquiry,
                              const struct graph_edge *word)
{
	struct tuy_bytes begin = { word->text, word->len };
	struct tuy_bytes stem = { word->text, word->stem_len };
	uint64_t before = inquiry->reader.size;
	int rc = search_reader_seek(&inquiry->reader, begin);
	while (rc == 0 && search_reader_within(&inquiry->reader, begin) &&
	       search->prefix_work + (inquiry->reader.size - before) < PREFIX_WORK_MAX) {
		if (!search_reader_at(&inquiry->reader, stem))
			rc = inquiry_apply(search, inquiry, word, FIT_PREFIX);
		if (rc == 0)
			rc = search_reader_next(&inquiry->reader);
	}
	search->prefix_work += inquiry->reader.size - before;
	return rc == MDB_NOTFOUND ? 0 : rc;
}

/* Words of the same stem. Between them stand others, which are only read over. */
static int inquiry_ask_stem(struct search *search, struct inquiry *inquiry,
                            const struct graph_edge *word)
{
	struct tuy_bytes stem = { word->text, word->stem_len };
	struct tuy_bytes begin = { word->text, search_stemmer_set(search->stemmer, stem) };
	uint64_t before = inquiry->reader.size;
	if (begin.len == 0)
		return 0;
	int rc = search_reader_seek(&inquiry->reader, begin);
	while (rc == 0 && search_reader_within(&inquiry->reader, begin) &&
	       search->prefix_work + (inquiry->reader.size - before) < PREFIX_WORK_MAX) {
		struct tuy_bytes found = { inquiry->reader.word, inquiry->reader.word_len };
		if (search_stemmer_same(search->stemmer, found))
			rc = inquiry_apply(search, inquiry, word, FIT_STEM);
		if (rc == 0)
			rc = search_reader_next(&inquiry->reader);
	}
	search->prefix_work += inquiry->reader.size - before;
	return rc == MDB_NOTFOUND ? 0 : rc;
}

static int hit_compare_object(const void *a, const void *b)
{
	const struct search_hit *x = a, *y = b;
	return (x->object > y->object) - (x->object < y->object);
}

static bool search_excepts(const struct search *search, uint32_t object)
{
	struct search_hit key = { .object = object };
	return search->except_count > 0 && bsearch(&key, search->except, search->except_count,
	                                           sizeof key, hit_compare_object) != NULL;
}

static int inquiry_collect(struct search *search, const struct inquiry *inquiry)
{
	const struct search_segment *segment = inquiry->segment;
	const uint8_t *set = search->sets + (size_t)(search->graph.goal - 1) * segment->doc_count;
	bool dense = segment_is_dense(segment);
	if (!dense && search_read_objects(search, inquiry->index) != 0)
		return -1;
	for (uint32_t ordinal = 0; ordinal < segment->doc_count; ordinal++) {
		if (set[ordinal] == 0)
			continue;
		uint32_t object = dense ? segment->object_first + ordinal
		                        : search->objects[inquiry->index][ordinal];
		int replaced = search_is_replaced(search, inquiry->index, object);
		if (replaced < 0)
			return -1;
		uint32_t best = search->step_count * FIT_MAX;
		uint32_t score = (uint32_t)(set[ordinal] - 1) * 100 / best;
		if (!replaced && !search_excepts(search, object))
			hits_add(search,
			         (struct search_hit){ object, score, search->stemmer != NULL });
	}
	return 0;
}

static int search_ask_segment(struct search *search, uint32_t index)
{
	const struct search_graph *graph = &search->graph;
	struct inquiry inquiry = { .segment = &search->list.segments[index], .index = index };
	inquiry.reached[0] = true;
	memset(search->sets, 0, (size_t)(graph->node_count - 1) * inquiry.segment->doc_count);
	int rc = search_reader_open(&inquiry.reader, search->txn, search->tables,
	                            inquiry.segment->number);
	if (rc != 0)
		return rc;
	for (uint32_t i = 0; rc == 0 && i < graph->edge_count; i++) {
		const struct graph_edge *edge = &graph->edges[i];
		if (!inquiry.reached[edge->from])
			continue;
		rc = inquiry_ask_exact(search, &inquiry, edge);
		if (rc == 0 && (edge->how & GRAPH_PREFIX) != 0)
			rc = inquiry_ask_prefix(search, &inquiry, edge);
		if (rc == 0 && (edge->how & GRAPH_STEM) != 0)
			rc = inquiry_ask_stem(search, &inquiry, edge);
	}
	search_reader_close(&inquiry.reader);
	if (rc == 0 && inquiry.reached[graph->goal])
		rc = inquiry_collect(search, &inquiry);
	return rc;
}

/* The list, and room for the largest segment. */
static int search_begin(struct search *search)
{
	uint32_t doc_count = 1;
	if (search_list_read(search->txn, search->tables, &search->list) != 0)
		return -1;
	search->current = search_list_current(&search->list);
	for (uint32_t i = 0; i < search->current; i++)
		if (search->list.segments[i].doc_count > doc_count)
			doc_count = search->list.segments[i].doc_count;
	search->sets = malloc((size_t)doc_count * (size_t)(search->graph.node_count - 1));
	return search->sets == NULL ? -1 : 0;
}

/* Asks for what the graph says; the hits, best first. */
static int search_run(struct search *search)
{
	int rc = search_begin(search);
	for (uint32_t i = search->current; rc == 0 && i > 0; i--)
		rc = search_ask_segment(search, i - 1);
	free(search->sets);
	for (uint32_t i = 0; i < sizeof search->objects / sizeof search->objects[0]; i++)
		free(search->objects[i]);
	if (rc == 0)
		hits_sort(search->hits, search->hit_count);
	return rc;
}

/* What is near and not among the `count` hits: behind them. How many there are then, or -1. */
static int search_add_near(MDB_txn *txn, const struct store_tables *tables,
                           const struct tuy_query *query, const struct synonyms *synonyms,
                           struct search_hit *hits, uint32_t count, uint32_t cap)
{
	struct search search = { .txn = txn,
		                 .tables = tables,
		                 .step_count = query->step_count,
		                 .except_count = count,
		                 .hits = hits + count,
		                 .hit_cap = cap - count };
	struct search_hit *except = malloc((count + 1) * sizeof *except);
	int rc = -1;
	search.stemmer = search_stemmer_create();
	if (except != NULL && search.stemmer != NULL) {
		if (count > 0)
			memcpy(except, hits, count * sizeof *except);
		qsort(except, count, sizeof *except, hit_compare_object);
		search.except = except;
		search_graph_near(&search.graph, query, synonyms);
		rc = search_run(&search);
	}
	search_stemmer_destroy(search.stemmer);
	free(except);
	return rc != 0 ? -1 : (int)(count + search.hit_count);
}

int search_txn_query(MDB_txn *txn, const struct store_tables *tables, struct tuy_bytes text,
                     const struct synonyms *synonyms, struct search_hit *hits, uint32_t cap)
{
	struct search search = { .txn = txn, .tables = tables, .hits = hits, .hit_cap = cap };
	struct tuy_query query;
	if (text.len > SEARCH_TEXT_MAX || tuy_query_parse(&query, TUY_QUERY_SEARCH, text) != TUY_OK)
		return -1;
	search.step_count = query.step_count;
	search_graph_plain(&search.graph, &query);
	if (search_run(&search) != 0)
		return -1;
	if (synonyms == NULL || search.hit_count == cap)
		return (int)search.hit_count;
	return search_add_near(txn, tables, &query, synonyms, hits, search.hit_count, cap);
}

int search_query(struct store_reading *reading, struct tuy_bytes text,
                 const struct synonyms *synonyms, struct search_hit *hits, uint32_t cap)
{
	return search_txn_query(reading->txn, store_tables(reading->store), text, synonyms, hits,
	                        cap);
}
