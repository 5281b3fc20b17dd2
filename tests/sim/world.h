/*
 * A world of nodes in one thread: one clock, one seed. Every delay, loss, crash and command is
 * drawn from the seed, so a run replays bit for bit. The first client of proto/node.h.
 */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "disk.h"

struct world_options {
	uint64_t seed;
	uint32_t nodes;    /* 2..150 */
	uint32_t tips;     /* appended in all */
	uint32_t loss;     /* percent of links that are cut once in their life */
	uint32_t crashes;  /* of nodes, in all */
	uint32_t losses;   /* of whole stores: their devices come in again by an invite */
	uint32_t restores; /* of stores that an older copy replaces; half of them are not noticed */
	uint32_t big;      /* percent of records of up to 48 KiB */
	uint32_t settle;   /* 1: tips begin once everybody is in; counts begin then too */
	uint32_t flood;    /* 1: duplicates are not suppressed */
	int verbose;
};

struct world_result {
	bool ok;
	char broken[200]; /* the first invariant that does not hold */
	uint64_t virtual_ms;
	uint64_t bytes;          /* on all links */
	uint64_t deliveries;     /* entries that were new to their receiver */
	uint64_t sent;           /* entries sent, new or not */
	uint32_t p50_ms, p99_ms; /* from the giver's commit to the commit of another node, all
	                            pairs, once all are in */
	uint64_t steps;
	uint32_t retired; /* incarnations, because a peer showed more */
	uint64_t history; /* a hash of everything that happened: equal runs have equal ones */
};

struct world_result world_run(const struct world_options *options);

#endif
