/*
 * A query as the search asks it: nodes, and words that lead from one to another. Node 0 is the
 * beginning, node `goal` the end; a text matches when words it contains lead from one to the other.
 * The plain query (text.h) has its steps as nodes; what is near it adds ways around: the stem of a
 * word, and the words of a synonym, with nodes of their own between them.
 *
 * Edges stand in an order in which all that lead to a node come before those that begin there, so
 * one pass over them is enough.
 *
 * Thread rule: pure, any thread; of the stemmer, one owner.
 */
#ifndef SEARCH_GRAPH_H
#define SEARCH_GRAPH_H

#include "../proto/text.h"
#include "synonyms.h"

#define GRAPH_NODES_MAX 48
#define GRAPH_EDGES_MAX 192

enum graph_how { /* bits: beside the word itself without its plural.. */
	         GRAPH_EXACT = 0,
	         GRAPH_PREFIX = 1, /* ..every word that begins with it */
	         GRAPH_STEM = 2,   /* ..every word of the same stem, in French or in English */
};

struct graph_edge {
	uint8_t from;
	uint8_t to;
	uint8_t steps; /* words of the query that it stands for */
	uint8_t how;
	uint8_t len;
	uint8_t stem_len; /* without the plural, <= len */
	uint8_t text[TUY_WORD_MAX];
};

struct search_graph {
	uint8_t goal;
	uint8_t node_count;
	uint8_t edge_count;
	struct graph_edge edges[GRAPH_EDGES_MAX];
};

/* The query itself. */
void search_graph_plain(struct search_graph *graph, const struct tuy_query *query);
/* The query, the stems of its words, and the synonyms of its words; what has no room is left out.
 */
void search_graph_near(struct search_graph *graph, const struct tuy_query *query,
                       const struct synonyms *synonyms);

/* Compares words by their stems. Words of up to 3 letters, or with letters beyond a to z, are their
 * own stems only. */
struct search_stemmer;
struct search_stemmer *search_stemmer_create(void);          /* NULL: no memory */
void search_stemmer_destroy(struct search_stemmer *stemmer); /* NULL is allowed */
/*
 * What is asked for from now on. Returns the bytes with which every word that can have the same
 * stem begins (nearly: a stem changes two letters at the most); 0: there is no other.
 */
uint8_t search_stemmer_set(struct search_stemmer *stemmer, struct tuy_bytes word);
bool search_stemmer_same(struct search_stemmer *stemmer, struct tuy_bytes word);

#endif
