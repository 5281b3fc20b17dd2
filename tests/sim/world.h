/*
 * A world of nodes in one thread: one clock, one seed. Every delay, loss, crash and command is
 * drawn from the seed, so a run replays bit for bit. The first client of proto/node.h.
 */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "disk.h"

/* A rule of the host that is broken once, so that a test sees that the break is noticed. */
enum world_rule {
	RULE_KEPT,
	RULE_DURABLE,   /* a ticket is reported before it is committed, and then there is a crash */
	RULE_FORK,      /* a crash, and the disk has lost the newest own entries */
	RULE_LOSE,      /* a ticket is reported and never committed */
	RULE_FAILED,    /* a ticket is committed and reported as failed */
	RULE_TOMBSTONE, /* disks drop what is retracted, and take it when it comes later */
};

struct world_options {
	uint64_t seed;
	uint32_t nodes;    /* 2..150 */
	uint32_t tips;     /* appended in all */
	uint32_t loss;     /* percent of links that are cut once in their life */
	uint32_t crashes;  /* of nodes, in all */
	uint32_t losses;   /* of whole stores: their devices come in again by an invite */
	uint32_t restores; /* of stores that an older copy replaces; half of them are not noticed */
	uint32_t retracts; /* times that a member takes back some of what it gave */
	uint32_t expiry;   /* percent of payloads that expire, by each node's clock and rule */
	uint32_t prune;    /* percent of times that a disk also prunes what it can */
	uint32_t partitions;
	uint32_t clogged;  /* percent of links with little room */
	uint32_t stalled;  /* percent of links of which one end stops reading */
	uint32_t skew;     /* years that wall clocks are off, at most */
	uint32_t suspends; /* of nodes, in all */
	uint32_t fulls;    /* times that a disk takes nothing for a while */
	uint32_t torn;     /* crashes between a commit and its report */
	uint32_t until_ms; /* no faults from then on; 0: while there are tips */
	enum world_rule rule;
	uint32_t big;    /* percent of records of up to 48 KiB */
	uint32_t settle; /* 1: tips begin once everybody is in; counts begin then too */
	uint32_t flood;  /* 1: duplicates are not suppressed */
	uint32_t verbose;
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
	uint32_t failed;    /* tickets */
	uint32_t retracted; /* entries, in the end */
	uint32_t based;     /* times that a log went on from a checkpoint */
	uint32_t retired;   /* incarnations, because a peer showed more */
	uint64_t history;   /* a hash of everything that happened: equal runs have equal ones */
};

struct world_result world_run(const struct world_options *options);

#endif
