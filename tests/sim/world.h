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
	RULE_DELIVER,   /* entries of others are reported and never committed */
	RULE_TOMBSTONE, /* disks drop what is retracted, and take it when it comes later */
	RULE_CHECKPOINT,  /* where a checkpoint's signature belongs, the newest one is */
	RULE_CREDIT,      /* a node sends as if its credit never ended */
	RULE_CUT,         /* disks keep in the log what a cut takes out of it */
	RULE_INCARNATION, /* a store that was put back goes on as if nothing had happened */
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
	uint32_t repeats;    /* percent of links on which a frame comes again */
	uint32_t peers;      /* times that a store loses what it knows of peers, or that it lies */
	uint32_t clones;     /* of nodes, running beside their original */
	uint32_t liars;      /* nodes that lie, the last ones */
	uint32_t equivocate; /* 1: liars also give each other half of the peers another log */
	uint32_t degree;     /* neighbours that a node can reach, +-; 0: all */
	uint32_t big;        /* percent of records of up to 48 KiB */
	uint32_t settle;     /* 1: all get in, everybody gives twice, then tips are counted */
	uint32_t flood;      /* 1: duplicates are not suppressed */
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
	uint32_t conns;     /* connections made */
	uint32_t failed;    /* tickets */
	uint32_t retracted; /* entries, in the end */
	uint32_t based;     /* times that a log went on from a checkpoint */
	uint32_t retired;   /* incarnations, because a peer showed more */
	uint64_t history;   /* a hash of everything that happened: equal runs have equal ones */
};

struct world_result world_run(const struct world_options *options);

#endif
