/*
 * What the unit tests of the node share: one workbench (tests/sim/bench.h) a program, set up with
 * friends of one circle, and what all of them ask of it.
 *
 * Thread rule: one thread.
 */
#ifndef NODE_BENCH_H
#define NODE_BENCH_H

#include "../../proto/machine.h"
#include "../sim/bench.h"

extern struct bench b;

/* Setups: so many friends, all in the circle of node 0. They return 0. */
int node_bench_two(void **state);
int node_bench_three(void **state);
int node_bench_four(void **state);
/* The teardown. */
int node_bench_away(void **state);

/* The circle as node `i` sees it; zeros if it is in none. */
struct tuy_circle_info node_bench_info(uint32_t i);

/* Node `i` gives `count` entries of `len` bytes, 50 ms after each other. */
void node_bench_give(uint32_t i, uint32_t count, size_t len);

#endif
