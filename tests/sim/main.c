/*
 * tuyau-sim: runs worlds of nodes by seed. `--seed N` replays one run bit for bit; `--seeds A..B`
 * runs many; `--minimize` shrinks a failing one. stdout holds no timings: the same seed prints the
 * same lines. Exit 1 at the first broken invariant.
 */
#include "options.h"

#include <getopt.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_MAX 32

struct asked {
	uint64_t first, last;
	long set[NAMES_MAX]; /* by option_names; -1: as the seed says */
	bool flood, settle, verbose, minimize, duplicates;
	enum world_rule rule;
};

static void usage(void)
{
	fputs("tuyau-sim [--seed N | --seeds A..B] [--flood] [--settle] [--verbose] [--minimize]\n"
	      "  [--duplicates]: what suppression saves, and what it costs\n"
	      "  [--break "
	      "durable|fork|lose|failed|tombstone|deliver|checkpoint|credit|incarnation]\n ",
	      stderr);
	for (const struct option_name *name = option_names; name->name; name++)
		fprintf(stderr, " [--%s N]", name->name);
	fputc('\n', stderr);
	exit(2);
}

static void number_take(struct asked *asked, uint32_t k, const char *text)
{
	const struct option_name *name = &option_names[k];
	char *end;

	asked->set[k] = strtol(text, &end, 10);
	if (*text == 0 || *end != 0 || asked->set[k] < (long)name->min ||
	    asked->set[k] > (long)name->max)
		usage();
}

static struct asked arguments_read(int argc, char **argv)
{
	struct option known[NAMES_MAX + 8] = {
		{ "seed", 1, 0, 's' },   { "seeds", 1, 0, 'S' },      { "flood", 0, 0, 'f' },
		{ "settle", 0, 0, 'w' }, { "verbose", 0, 0, 'v' },    { "minimize", 0, 0, 'm' },
		{ "break", 1, 0, 'b' },  { "duplicates", 0, 0, 'd' },
	};
	struct asked asked = { .first = 1, .last = 1 };
	int opt;

	for (int k = 0; option_names[k].name; k++) {
		known[8 + k] = (struct option){ option_names[k].name, 1, 0, 256 + k };
		asked.set[k] = -1;
	}
	while ((opt = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (opt == 's')
			asked.first = asked.last = strtoull(optarg, NULL, 10);
		else if (opt == 'S') {
			if (sscanf(optarg, "%" SCNu64 "..%" SCNu64, &asked.first, &asked.last) != 2)
				usage();
		} else if (opt == 'b') {
			asked.rule = option_rule(optarg);
			if (asked.rule == RULE_KEPT)
				usage();
		} else if (opt >= 256)
			number_take(&asked, (uint32_t)opt - 256, optarg);
		else if (opt == 'f')
			asked.flood = true;
		else if (opt == 'd')
			asked.duplicates = true;
		else if (opt == 'w')
			asked.settle = true;
		else if (opt == 'v')
			asked.verbose = true;
		else if (opt == 'm')
			asked.minimize = true;
		else
			usage();
	}
	return asked;
}

/* Entries that came to somebody who had them, for each that came to somebody who had not. */
static double extra_of(const struct world_result *r)
{
	return r->deliveries ? (double)(r->sent - r->deliveries) / (double)r->deliveries : 0;
}

/* One calm world twice. Fails if suppression leaves more than one duplicate a delivery, or makes
 * the median way more than 10 % slower than flooding. */
static int duplicates(struct world_options o)
{
	struct world_result calm, flood;

	for (const struct option_name *name = option_names; name->name; name++) {
		if (name->fault && strcmp(name->name, "degree") != 0)
			*option_of(&o, name) = 0;
	}
	o.settle = 1;
	calm = world_run(&o);
	o.flood = 1;
	flood = world_run(&o);
	printf("%u nodes of degree %u: %.2f duplicates a delivery, p50 %u ms, p99 %u ms; flooding: "
	       "%.2f, %u ms, %u ms\n",
	       o.nodes, o.degree, extra_of(&calm), calm.p50_ms, calm.p99_ms, extra_of(&flood),
	       flood.p50_ms, flood.p99_ms);
	if (!calm.ok || !flood.ok)
		printf("broken: %s %s\n", calm.broken, flood.broken);
	return calm.ok && flood.ok && extra_of(&calm) <= 1.0 &&
	                       calm.p50_ms * 10 <= flood.p50_ms * 11
	               ? 0
	               : 1;
}

static int run(const struct world_options *o)
{
	struct world_result r = world_run(o);

	options_print(o);
	printf(": %s; %" PRIu64 " ms, %" PRIu64 " steps, %u links, %" PRIu64 " bytes, %" PRIu64
	       " sent, %" PRIu64 " delivered, %.2f duplicates, %u failed tickets, %u retired, %u "
	       "retracted, %u based, p50 %u p99 %u ms, history %016" PRIx64 "\n",
	       r.ok ? "ok" : r.broken, r.virtual_ms, r.steps, r.conns, r.bytes, r.sent,
	       r.deliveries, extra_of(&r), r.failed, r.retired, r.retracted, r.based, r.p50_ms,
	       r.p99_ms, r.history);
	fflush(stdout);
	return r.ok ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct asked asked = arguments_read(argc, argv);

	if (sodium_init() < 0)
		return 1;
	for (uint64_t seed = asked.first; seed <= asked.last; seed++) {
		struct world_options o = options_from_seed(seed);

		for (uint32_t k = 0; option_names[k].name; k++) {
			if (asked.set[k] >= 0)
				*option_of(&o, &option_names[k]) = (uint32_t)asked.set[k];
		}
		o.verbose = asked.verbose;
		o.flood = asked.flood;
		o.settle = asked.settle;
		o.rule = asked.rule;
		if ((asked.minimize     ? options_minimize(o)
		     : asked.duplicates ? duplicates(o)
		                        : run(&o)) != 0)
			return 1;
	}
	return 0;
}
