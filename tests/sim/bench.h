/*
 * A workbench for a few nodes: no delays, no losses, the test pumps them by hand and sees every
 * byte. For unit tests of the node; the world (world.h) is for everything at once.
 */
#ifndef SIM_BENCH_H
#define SIM_BENCH_H

#include "disk.h"

#define BENCH_NODES   8
#define BENCH_PIPES   64
#define BENCH_TICKETS 64

struct bench_node {
	struct tuy_device_keys keys;
	struct tuy_cert cert;
	struct tuy_incarnation incarnation;
	struct disk *disk;
	struct tuy_node *node; /* NULL: down */
	struct tuy_address address;
	bool deaf;        /* it reads nothing from its sockets, and they are full */
	bool store_holds; /* tickets wait until it is false */
	bool store_fails; /* tickets fail */
	struct {
		uint64_t ticket;
		struct disk_ticket *items;
	} ticket[BENCH_TICKETS];
	uint32_t ticket_count;
	uint32_t ticket_total;          /* tickets answered in this node's life */
	uint32_t fail_from, fail_count; /* so many tickets fail, from that one on; count 0: none */
	struct tuy_tell last[32];       /* the newest TELL of each kind */
	uint32_t told[32];
	uint8_t name[120];
	uint64_t sent; /* bytes */
	uint32_t reads;
};

struct bench_pipe { /* end 0 called */
	uint32_t node[2], link[2];
	bool open[2];
	uint8_t *bytes[2]; /* on the way to that end */
	size_t len[2];
	enum tuy_close_how closed_how[2];
	uint64_t received[2]; /* bytes that arrived at that end */
};

struct bench {
	struct tuy_now now;
	struct bench_node node[BENCH_NODES];
	uint32_t count;
	struct bench_pipe pipe[BENCH_PIPES];
	uint32_t pipe_count;
	bool dial; /* CONNECT tasks are carried out */
};

/* `count` nodes with identities from the number, started at time 1,000 ms. */
void bench_open(struct bench *b, uint32_t count);
void bench_close(struct bench *b);
void bench_start(struct bench *b, uint32_t i); /* (again) from its disk */
void bench_stop(struct bench *b, uint32_t i);  /* at once, as a crash */
/* Moves everything until nothing moves any more; the clock stands. */
void bench_run(struct bench *b);
/* Lets `ms` pass in steps of the nodes' deadlines. */
void bench_pass(struct bench *b, uint64_t ms);
/* The test itself calls node `i`: bytes by bench_write; what comes back lies in pipe->bytes[0].
 * Returns the pipe. */
struct bench_pipe *bench_stranger(struct bench *b, uint32_t i);
void bench_write(struct bench *b, struct bench_pipe *pipe, const void *p, size_t len);
/* Both ends see it closed. */
void bench_cut(struct bench *b, struct bench_pipe *pipe);
/* Node 0 founds, the others join by its invites. */
void bench_found(struct bench *b);
bool bench_same(
	struct bench *b); /* equal digests of circle 0 on all nodes that are up, nothing missing */
uint64_t bench_append(struct bench *b, uint32_t i, size_t len); /* the ticket */

#endif
