/* Whom `from:` names. */
#include "rpc_find.h"
#include "rpc_people.h"
#include "../proto/text.h"
#include <string.h>

/* The member that `text` names. */
static int from_read(struct rpc_home *home, struct store_reading *reading,
                     const struct rpc_circle *circle, struct find_term *term,
                     struct rpc_fault *fault)
{
	const struct rpc_person *person = NULL;
	uint32_t others = 0; /* different people of that name */
	bool found = false;
	for (uint32_t i = 0; i < TUY_CIRCLES_MAX; i++) {
		const struct rpc_circle *in = rpc_circle_get(home, reading, i);
		if (!in || (circle && circle != in))
			continue;
		uint32_t count = rpc_person_find(in, term->value, &person);
		others += count > 1;
		if (count == 0)
			continue;
		others += found && memcmp(&term->member, &person->member, sizeof term->member) != 0;
		term->member = person->member;
		found = true;
	}
	int shown = (int)tuy_text_cut(term->value, RPC_NAME_MAX);
	if (!found)
		return rpc_fault_set(fault, "T-NOT-FOUND", "tuyau circle show",
		                     "Nobody is called \"%.*s\".", shown,
		                     (const char *)term->value.p);
	if (others > 0)
		return rpc_fault_set(fault, "T-AMBIGUOUS", "Give the whole name, or -C CIRCLE.",
		                     "Several people are called \"%.*s\".", shown,
		                     (const char *)term->value.p);
	return 0;
}

int find_resolve(struct rpc_home *home, struct store_reading *reading,
                 const struct rpc_circle *circle, struct find *find, struct rpc_fault *fault)
{
	for (uint32_t i = 0; i < find->term_count; i++)
		if (find->term[i].field == FIND_FROM &&
		    from_read(home, reading, circle, &find->term[i], fault) != 0)
			return -1;
	return 0;
}
