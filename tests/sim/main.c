/*
 * tuyau-sim: runs worlds of nodes by seed. `--seed N` replays one run bit for bit; `--seeds A..B`
 * runs many. stdout holds no timings: the same seed prints the same lines. Exit 1 at the first
 * broken invariant.
 */
#include "world.h"

#include <getopt.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct world_options options_from_seed(uint64_t seed)
{
	struct tuy_dice dice = { .counter = 0 };
	struct world_options o = { .seed = seed };

	tuy_put64(dice.seed.b + 8, seed);
	o.nodes = 3 + (uint32_t)(tuy_dice_below(&dice, 100) < 90 ? tuy_dice_below(&dice, 8)
	                                                         : tuy_dice_below(&dice, 22));
	o.tips = 20 + (uint32_t)tuy_dice_below(&dice, 200);
	o.loss = (uint32_t)tuy_dice_below(&dice, 2) * (uint32_t)tuy_dice_below(&dice, 60);
	o.crashes = (uint32_t)tuy_dice_below(&dice, 2) * (uint32_t)tuy_dice_below(&dice, 12);
	o.big = (uint32_t)tuy_dice_below(&dice, 3) * 5;
	if (tuy_dice_below(&dice, 2) == 0) {
		o.losses = (uint32_t)tuy_dice_below(&dice, 3);
		o.restores = (uint32_t)tuy_dice_below(&dice, 5);
	}
	return o;
}

static int run(const struct world_options *o)
{
	struct world_result r = world_run(o);

	double extra = r.deliveries ? (double)(r.sent - r.deliveries) / (double)r.deliveries : 0;

	printf("seed %" PRIu64
	       " nodes %u tips %u loss %u crashes %u big %u losses %u restores %u: %s; %" PRIu64
	       " ms, %" PRIu64 " steps, %" PRIu64 " bytes, %" PRIu64 " sent, %" PRIu64
	       " delivered, %.2f duplicates, p50 %u p99 %u ms, %u retired, history %016" PRIx64
	       "\n",
	       o->seed, o->nodes, o->tips, o->loss, o->crashes, o->big, o->losses, o->restores,
	       r.ok ? "ok" : r.broken, r.virtual_ms, r.steps, r.bytes, r.sent, r.deliveries, extra,
	       r.p50_ms, r.p99_ms, r.retired, r.history);
	fflush(stdout);
	return r.ok ? 0 : 1;
}

static void usage(void)
{
	fputs("tuyau-sim [--seed N | --seeds A..B] [--nodes N] [--tips N] [--loss PERCENT] "
	      "[--crashes N] [--big PERCENT] [--losses N] [--restores N] [--flood] [--settle] "
	      "[--verbose]\n",
	      stderr);
	exit(2);
}

int main(int argc, char **argv)
{
	static const struct option known[] = {
		{ "seed", 1, 0, 's' },   { "seeds", 1, 0, 'S' },   { "nodes", 1, 0, 'n' },
		{ "tips", 1, 0, 't' },   { "loss", 1, 0, 'l' },    { "crashes", 1, 0, 'c' },
		{ "big", 1, 0, 'b' },    { "verbose", 0, 0, 'v' }, { "flood", 0, 0, 'f' },
		{ "settle", 0, 0, 'w' }, { "losses", 1, 0, 'L' },  { "restores", 1, 0, 'r' },
		{ 0, 0, 0, 0 },
	};
	uint64_t first = 1, last = 1;
	long set[4] = { -1, -1, -1, -1 }, big = -1, losses = -1, restores = -1;
	int opt, failed = 0, verbose = 0, flood = 0, settle = 0;

	while ((opt = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (opt == 's')
			first = last = strtoull(optarg, NULL, 10);
		else if (opt == 'S' && sscanf(optarg, "%" SCNu64 "..%" SCNu64, &first, &last) == 2)
			continue;
		else if (opt == 'n' || opt == 't' || opt == 'l' || opt == 'c')
			set[opt == 'n'   ? 0
			    : opt == 't' ? 1
			    : opt == 'l' ? 2
			                 : 3] = strtol(optarg, NULL, 10);
		else if (opt == 'b')
			big = strtol(optarg, NULL, 10);
		else if (opt == 'L')
			losses = strtol(optarg, NULL, 10);
		else if (opt == 'r')
			restores = strtol(optarg, NULL, 10);
		else if (opt == 'w')
			settle = 1;
		else if (opt == 'f')
			flood = 1;
		else if (opt == 'v')
			verbose = 1;
		else
			usage();
	}
	if (sodium_init() < 0)
		return 1;
	for (uint64_t seed = first; seed <= last; seed++) {
		struct world_options o = options_from_seed(seed);

		o.nodes = set[0] >= 2 && set[0] <= 150 ? (uint32_t)set[0] : o.nodes;
		o.tips = set[1] >= 0 ? (uint32_t)set[1] : o.tips;
		o.loss = set[2] >= 0 ? (uint32_t)set[2] : o.loss;
		o.crashes = set[3] >= 0 ? (uint32_t)set[3] : o.crashes;
		o.big = big >= 0 ? (uint32_t)big : o.big;
		o.losses = losses >= 0 ? (uint32_t)losses : o.losses;
		o.restores = restores >= 0 ? (uint32_t)restores : o.restores;
		o.verbose = verbose;
		o.flood = (uint32_t)flood;
		o.settle = (uint32_t)settle;
		failed |= run(&o);
		if (failed)
			break;
	}
	return failed;
}
