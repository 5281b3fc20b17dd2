/* The options of a world: drawn from a seed, set by the command line, and written as it. */
#ifndef SIM_OPTIONS_H
#define SIM_OPTIONS_H

#include "world.h"

struct option_name {
	const char *name;
	size_t at; /* in struct world_options, a uint32_t */
	uint32_t min, max;
	bool fault; /* 0: this kind of fault is off */
};
/* All that take a number; the last one has no name. */
extern const struct option_name option_names[];
uint32_t *option_of(struct world_options *o, const struct option_name *name);

/* 80 % worlds of 3 to 16 nodes, 19 % up to 60, 1 % of 150. */
struct world_options options_from_seed(uint64_t seed);

/* The rule of a name, as in --break; RULE_KEPT: there is none of that name. */
enum world_rule option_rule(const char *name);

/* Writes the command line that gives exactly these options. */
void options_print(const struct world_options *o);

/*
 * A failing run, made smaller while it still fails: fewer nodes and tips, kinds of faults off, an
 * earlier end of the faults. Each attempt is a process of its own, so that one that ends at once
 * counts too. Prints the smallest options. Returns 1: a run still fails, as it began; 0: it did not
 * fail.
 */
int options_minimize(struct world_options o);

#endif
