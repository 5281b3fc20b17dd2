/* Which answer of an ask is meant. */
#include "rpc_life.h"
#include "rpc_people.h"
#include <string.h>

/* Was this answer accepted, and is not over? */
static bool is_accepted(const struct tuy_life *life, const struct tuy_life_claim *answer)
{
	for (uint32_t i = 0; i < life->award_count; i++)
		if (!life->award[i].ended &&
		    memcmp(&life->award[i].of, &answer->id, sizeof answer->id) == 0)
			return true;
	return false;
}

const struct tuy_life_claim *rpc_life_answer_find(struct rpc_call *call,
                                                  struct store_reading *reading,
                                                  const struct view_life *life, uint32_t circle_no,
                                                  enum rpc_answers among, struct rpc_fault *fault)
{
	const struct rpc_circle *circle = rpc_circle_get(call->home, reading, circle_no);
	const struct rpc_person *person = NULL;
	const struct tuy_life_claim *found = NULL;
	struct tuy_object low = { { 0 } };
	struct tuy_object high = { { 0 } };
	struct tuy_bytes text = { 0 };
	uint32_t count = 0;
	int there = rpc_param_text(call->params, "answer", RPC_NAME_MAX, &text, fault);
	if (there < 0)
		return NULL;
	uint32_t named = there ? rpc_person_find(circle, text, &person) : 0;
	bool is_id = there && named == 0 && tuy_object_range(text, &low, &high) == TUY_OK;
	for (uint32_t i = 0; i < life->life.claim_count; i++) {
		const struct tuy_life_claim *claim = &life->life.claim[i];
		bool wanted = !there && (among == RPC_ANSWERS || is_accepted(&life->life, claim));
		if (named == 1)
			wanted = memcmp(&claim->by, &person->member, sizeof claim->by) == 0;
		else if (is_id)
			wanted = memcmp(&claim->id, &low, sizeof low) >= 0 &&
			         memcmp(&claim->id, &high, sizeof high) <= 0;
		if (wanted)
			found = claim;
		count += wanted;
	}
	if (count == 1)
		return found;
	if (count == 0)
		rpc_fault_set(fault, "T-NOT-FOUND", "tuyau show ID", "There is no such answer.");
	else
		rpc_fault_set(fault, "T-AMBIGUOUS",
		              among == RPC_ANSWERS ? "tuyau accept ID MEMBER"
		                                   : "tuyau done ID --met --with MEMBER",
		              "Which answer? There are several.");
	return NULL;
}
