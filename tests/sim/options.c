#include "options.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define AT(field) offsetof(struct world_options, field)

const struct option_name option_names[] = {
	{ "nodes", AT(nodes), 2, 150, false },
	{ "tips", AT(tips), 0, 1000000, false },
	{ "big", AT(big), 0, 100, true },
	{ "loss", AT(loss), 0, 100, true },
	{ "crashes", AT(crashes), 0, 1000, true },
	{ "partitions", AT(partitions), 0, 1000, true },
	{ "clogged", AT(clogged), 0, 100, true },
	{ "stalled", AT(stalled), 0, 100, true },
	{ "skew", AT(skew), 0, 40, true },
	{ "suspends", AT(suspends), 0, 1000, true },
	{ "fulls", AT(fulls), 0, 1000, true },
	{ "torn", AT(torn), 0, 1000, true },
	{ "losses", AT(losses), 0, 100, true },
	{ "restores", AT(restores), 0, 100, true },
	{ "repeats", AT(repeats), 0, 100, true },
	{ "peers", AT(peers), 0, 100, true },
	{ "clones", AT(clones), 0, 8, true },
	{ "liars", AT(liars), 0, 50, true },
	{ "equivocate", AT(equivocate), 0, 1, true },
	{ "degree", AT(degree), 0, 149, true },
	{ "retracts", AT(retracts), 0, 1000, true },
	{ "expiry", AT(expiry), 0, 100, true },
	{ "prune", AT(prune), 0, 100, true },
	{ "until", AT(until_ms), 0, 3600000, false },
	{ NULL, 0, 0, 0, false },
};

static const char *const rule_names[] = { "",       "durable", "fork",       "lose",
	                                  "failed", "deliver", "tombstone",  "checkpoint",
	                                  "credit", "cut",     "incarnation" };

uint32_t *option_of(struct world_options *o, const struct option_name *name)
{
	return (uint32_t *)(void *)((uint8_t *)o + name->at);
}

static uint32_t below(struct tuy_dice *dice, uint32_t bound)
{
	return (uint32_t)tuy_dice_below(dice, bound);
}

/* Half of the worlds know a kind of fault. */
static uint32_t maybe(struct tuy_dice *dice, uint32_t bound)
{
	uint32_t amount = below(dice, bound);

	return below(dice, 2) * amount;
}

struct world_options options_from_seed(uint64_t seed)
{
	struct tuy_dice dice = { .counter = 0 };
	struct world_options o = { .seed = seed };
	uint32_t size;

	tuy_put64(dice.seed.b + 8, seed);
	size = below(&dice, 100);
	o.nodes = size < 80   ? 3 + below(&dice, 14)
	          : size < 99 ? 17 + below(&dice, 1 + below(&dice, 44))
	                      : 150;
	o.tips = o.nodes <= 16 ? 20 + below(&dice, 200) : 20 + below(&dice, 20);
	o.loss = maybe(&dice, 60);
	o.crashes = maybe(&dice, 12);
	o.big = below(&dice, 3) * 5;
	o.partitions = maybe(&dice, 5);
	o.clogged = maybe(&dice, 60);
	o.stalled = maybe(&dice, 40);
	o.skew = maybe(&dice, 11);
	o.suspends = maybe(&dice, 8);
	o.fulls = maybe(&dice, 8);
	o.torn = maybe(&dice, 10);
	o.repeats = maybe(&dice, 30);
	switch (below(&dice, 4)) { /* what makes each other pointless */
	case 0:
		o.losses = below(&dice, 3);
		o.restores = below(&dice, 5);
		break;
	case 1:
		o.peers = below(&dice, 4);
		o.clones = below(&dice, 3);
		break;
	case 2:
		o.degree = 3 + below(&dice, 6);
		break;
	default:
		break;
	}
	if (o.nodes >= 5 && below(&dice, 4) == 0) {
		o.liars = 1 + below(&dice, o.nodes / 4);
		o.equivocate = below(&dice, 2);
	}
	if (below(&dice, 3) == 0) {
		o.retracts = below(&dice, 30);
		o.expiry = maybe(&dice, 60);
		o.prune = 20;
	}
	if (o.degree)
		o.expiry = 0; /* all neighbours may have let go what one elsewhere holds */
	return o;
}

enum world_rule option_rule(const char *name)
{
	for (uint32_t i = 1; i < sizeof rule_names / sizeof rule_names[0]; i++) {
		if (strcmp(rule_names[i], name) == 0)
			return (enum world_rule)i;
	}
	return RULE_KEPT;
}

void options_print(const struct world_options *o)
{
	struct world_options copy = *o;

	printf("--seed %" PRIu64, o->seed);
	for (const struct option_name *name = option_names; name->name; name++)
		printf(" --%s %u", name->name, *option_of(&copy, name));
	if (o->flood)
		printf(" --flood");
	if (o->settle)
		printf(" --settle");
	if (o->rule != RULE_KEPT)
		printf(" --break %s", rule_names[o->rule]);
}

static bool fails(const struct world_options *o)
{
	int status = 0;
	pid_t pid;

	fflush(stdout);
	fflush(stderr);
	pid = fork();
	if (pid == 0) {
		if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))
			_exit(0);
		_exit(world_run(o).ok ? 0 : 1);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && status != 0;
}

/* One number as small as it can be, by halves, the smallest value first. */
static bool number_shrink(struct world_options *o, const struct option_name *name, uint32_t min)
{
	struct world_options smaller = *o;
	uint32_t *value = option_of(&smaller, name);
	bool any = false;

	for (uint32_t step = *value - min; *value > min && step > 0; step = step * 2 / 3) {
		uint32_t before = *value;

		while (*value - min >= step) {
			before = *value;
			*value -= step;
			if (!fails(&smaller)) {
				*value = before;
				break;
			}
			any = true;
		}
		if (step == 1)
			break;
	}
	*o = smaller;
	return any;
}

int options_minimize(struct world_options o)
{
	struct world_options calm;
	bool any = true;

	o.verbose = 0;
	if (!fails(&o)) {
		printf("it does not fail: ");
		options_print(&o);
		printf("\n");
		return 0;
	}
	calm = o;
	calm.until_ms = 120000;
	if (o.until_ms == 0 && fails(&calm))
		o = calm;
	while (any) {
		any = false;
		for (const struct option_name *name = option_names; name->name; name++) {
			bool until = name->at == AT(until_ms);

			if (until && o.until_ms == 0)
				continue;
			any = number_shrink(&o, name, until ? 1000 : name->min) || any;
		}
	}
	printf("smallest: ");
	options_print(&o);
	printf("\n");
	return 1;
}
