#include "node_bench.h"

struct bench b;

static int friends(uint32_t count)
{
	bench_open(&b, count);
	bench_found(&b);
	return 0;
}

int node_bench_two(void **state)
{
	(void)state;
	return friends(2);
}

int node_bench_three(void **state)
{
	(void)state;
	return friends(3);
}

int node_bench_four(void **state)
{
	(void)state;
	return friends(4);
}

int node_bench_away(void **state)
{
	(void)state;
	bench_close(&b);
	return 0;
}

struct tuy_circle_info node_bench_info(uint32_t i)
{
	struct tuy_circle_info about = { 0 };

	tuy_node_circle(b.node[i].node, 0, &about);
	return about;
}

void node_bench_give(uint32_t i, uint32_t count, size_t len)
{
	for (uint32_t k = 0; k < count; k++) {
		bench_append(&b, i, len);
		bench_pass(&b, 50);
	}
}
