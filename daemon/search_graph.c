#include "search_graph.h"
#include <libstemmer.h>
#include <stdlib.h>
#include <string.h>

#define LANGUAGES     2
#define LETTERS_LEAST 4 /* of a word that is stemmed */
#define STEM_LEAST    3
#define STEM_CHANGES  2 /* letters at the end of a stem that its words may have otherwise */

/* ---- edges ---- */

static bool graph_add(struct search_graph *graph, const struct graph_edge *edge)
{
	if (graph->edge_count == GRAPH_EDGES_MAX)
		return false;
	graph->edges[graph->edge_count++] = *edge;
	return true;
}

static struct graph_edge edge_of(const struct tuy_query_word *word, unsigned how)
{
	struct graph_edge edge = { .from = word->from,
		                   .to = word->to,
		                   .steps = (uint8_t)(word->to - word->from),
		                   .how = (uint8_t)(how | (word->prefix ? GRAPH_PREFIX : 0)),
		                   .len = word->len,
		                   .stem_len = word->stem_len };
	memcpy(edge.text, word->text, word->len);
	return edge;
}

static void graph_begin(struct search_graph *graph, const struct tuy_query *query)
{
	graph->goal = query->step_count;
	graph->node_count = (uint8_t)(query->step_count + 1);
	graph->edge_count = 0;
}

/* ---- synonyms ---- */

/* Whether the query has this word, the plural ignored, as its step `step`. */
static bool step_is(const struct tuy_query *query, uint32_t step, const struct synonym_word *word)
{
	for (uint32_t i = 0; i < query->word_count; i++) {
		const struct tuy_query_word *own = &query->words[i];
		if (own->from == step && own->to == step + 1 && own->stem_len == word->len &&
		    memcmp(own->text, word->text, word->len) == 0)
			return true;
	}
	return false;
}

static bool phrase_is_at(const struct tuy_query *query, uint32_t step, const struct synonym *phrase)
{
	if (step + phrase->word_count > query->step_count)
		return false;
	for (uint32_t i = 0; i < phrase->word_count; i++)
		if (!step_is(query, step + i, &phrase->word[i]))
			return false;
	return true;
}

/* A way from `from` over the words of `phrase` to `to`, instead of so many steps. Whole or not at
 * all. */
static void phrase_add(struct search_graph *graph, uint32_t from, uint32_t to,
                       const struct synonym *phrase)
{
	uint32_t nodes = phrase->word_count - 1;
	if (graph->node_count + nodes > GRAPH_NODES_MAX ||
	    graph->edge_count + phrase->word_count > GRAPH_EDGES_MAX)
		return;
	uint32_t at = from;
	for (uint32_t i = 0; i < phrase->word_count; i++) {
		const struct synonym_word *word = &phrase->word[i];
		uint32_t next = i < nodes ? graph->node_count + i : to;
		struct graph_edge edge = { .from = (uint8_t)at,
			                   .to = (uint8_t)next,
			                   .steps = (uint8_t)(i == 0 ? to - from : 0),
			                   .how = GRAPH_EXACT,
			                   .len = word->len,
			                   .stem_len = word->len };
		memcpy(edge.text, word->text, word->len);
		(void)graph_add(graph, &edge);
		at = next;
	}
	graph->node_count = (uint8_t)(graph->node_count + nodes);
}

/* What is said otherwise for the words of the query from `step` on. */
static void synonyms_add(struct search_graph *graph, const struct tuy_query *query,
                         const struct synonyms *synonyms, uint32_t step)
{
	uint32_t count = synonyms_count(synonyms);
	for (uint32_t i = 0; i < count; i++) {
		const struct synonym *own = synonyms_at(synonyms, i);
		if (!phrase_is_at(query, step, own))
			continue;
		for (uint32_t k = 0; k < count; k++) {
			const struct synonym *other = synonyms_at(synonyms, k);
			if (k != i && other->group == own->group)
				phrase_add(graph, step, step + own->word_count, other);
		}
	}
}

/* ---- stems ---- */

struct stem {
	uint8_t len;
	uint8_t text[TUY_WORD_MAX];
};

struct search_stemmer {
	struct sb_stemmer *language[LANGUAGES];
	struct stem wanted[LANGUAGES]; /* len 0: none */
};

static bool is_stemmed(struct tuy_bytes word)
{
	for (size_t i = 0; i < word.len; i++)
		if (word.p[i] < 'a' || word.p[i] > 'z')
			return false;
	return word.len >= LETTERS_LEAST;
}

/* Points into the stemmer of that language: good until its next word. */
static struct tuy_bytes stem_of(struct search_stemmer *stemmer, uint32_t language,
                                struct tuy_bytes word)
{
	struct sb_stemmer *own = stemmer->language[language];
	const sb_symbol *stem = sb_stemmer_stem(own, word.p, (int)word.len);
	if (stem == NULL)
		return word; /* no memory: its own stem */
	return (struct tuy_bytes){ stem, (size_t)sb_stemmer_length(own) };
}

/* Public functions */

void search_graph_plain(struct search_graph *graph, const struct tuy_query *query)
{
	graph_begin(graph, query);
	for (uint32_t i = 0; i < query->word_count; i++) {
		struct graph_edge edge = edge_of(&query->words[i], GRAPH_EXACT);
		(void)graph_add(graph, &edge);
	}
}

void search_graph_near(struct search_graph *graph, const struct tuy_query *query,
                       const struct synonyms *synonyms)
{
	uint32_t word = 0;
	graph_begin(graph, query);
	for (uint32_t step = 0; step < query->step_count; step++) {
		for (; word < query->word_count && query->words[word].from == step; word++) {
			struct graph_edge edge = edge_of(&query->words[word], GRAPH_STEM);
			(void)graph_add(graph, &edge);
		}
		synonyms_add(graph, query, synonyms, step);
	}
}

struct search_stemmer *search_stemmer_create(void)
{
	static const char *const names[LANGUAGES] = { "french", "english" };
	struct search_stemmer *stemmer = calloc(1, sizeof *stemmer);
	for (uint32_t i = 0; stemmer != NULL && i < LANGUAGES; i++) {
		stemmer->language[i] = sb_stemmer_new(names[i], "UTF_8");
		if (stemmer->language[i] != NULL)
			continue;
		search_stemmer_destroy(stemmer);
		stemmer = NULL;
	}
	return stemmer;
}

void search_stemmer_destroy(struct search_stemmer *stemmer)
{
	if (stemmer == NULL)
		return;
	for (uint32_t i = 0; i < LANGUAGES; i++)
		if (stemmer->language[i] != NULL)
			sb_stemmer_delete(stemmer->language[i]);
	free(stemmer);
}

uint8_t search_stemmer_set(struct search_stemmer *stemmer, struct tuy_bytes word)
{
	size_t shortest = word.len;
	if (!is_stemmed(word))
		return 0;
	for (uint32_t i = 0; i < LANGUAGES; i++) {
		struct tuy_bytes stem = stem_of(stemmer, i, word);
		bool usable = stem.len >= STEM_LEAST && stem.len <= TUY_WORD_MAX;
		stemmer->wanted[i].len = usable ? (uint8_t)stem.len : 0;
		if (!usable)
			continue;
		memcpy(stemmer->wanted[i].text, stem.p, stem.len);
		if (stem.len < shortest)
			shortest = stem.len;
	}
	return (uint8_t)(shortest - STEM_CHANGES < STEM_LEAST ? STEM_LEAST
	                                                      : shortest - STEM_CHANGES);
}

bool search_stemmer_same(struct search_stemmer *stemmer, struct tuy_bytes word)
{
	if (!is_stemmed(word))
		return false;
	for (uint32_t i = 0; i < LANGUAGES; i++) {
		const struct stem *wanted = &stemmer->wanted[i];
		struct tuy_bytes stem = { NULL, 0 };
		if (wanted->len > 0)
			stem = stem_of(stemmer, i, word);
		if (stem.len > 0 && stem.len == wanted->len &&
		    memcmp(stem.p, wanted->text, stem.len) == 0)
			return true;
	}
	return false;
}
