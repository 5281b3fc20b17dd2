#include "life.h"
#include <string.h>

static const char *const steps[] = { "contacted", "meeting",   "quoted",   "won",
	                             "lost",      "no-answer", "not-a-fit" };
static const char *const ask_steps[] = { "asked", "agreed", "introduced", "met", "done" };
static const char *const answers[] = {
	"person", "relay", "moved", "intro", "me", "letter", "call"
};
static const char *const answer_states[] = { "sent", "accepted", "asked",    "agreed", "introduced",
	                                     "met",  "done",     "declined", "lapsed" };

static bool same_member(const struct tuy_member *a, const struct tuy_member *b)
{
	return memcmp(a->b, b->b, sizeof a->b) == 0;
}

static bool same_object(const struct tuy_object *a, const struct tuy_object *b)
{
	return memcmp(a->b, b->b, sizeof a->b) == 0;
}

static bool is_of(const struct tuy_act *act, enum tuy_record_kind kind, const struct tuy_object *of)
{
	if (act->kind != kind || act->has_of != (of != NULL))
		return false;
	return of == NULL || same_object(&act->of, of);
}

struct fold {
	const struct tuy_life_subject *subject;
	const struct tuy_act *acts;
	uint32_t count;
	struct tuy_life *life;
};

/* ---- awards ---- */

static bool is_award(const struct fold *fold, const struct tuy_act *act)
{
	return act->kind == TUY_RECORD_AWARD && act->has_to &&
	       same_member(&act->author, &fold->subject->author) &&
	       !same_member(&act->to, &fold->subject->author);
}

/* PROTOCOL 8.6: "that of the giving device counts, then the one with the smaller object id" */
static bool award_beats(const struct fold *fold, const struct tuy_act *a, const struct tuy_act *b)
{
	const struct tuy_device *device = &fold->subject->device;
	bool a_giving = memcmp(&a->device, device, sizeof *device) == 0;
	bool b_giving = memcmp(&b->device, device, sizeof *device) == 0;

	if (a_giving != b_giving)
		return a_giving;
	return memcmp(&a->id, &b->id, sizeof a->id) < 0;
}

/* The award that follows `of` (NULL: the first one), or NULL. */
static const struct tuy_act *award_next(const struct fold *fold, const struct tuy_object *of)
{
	const struct tuy_act *best = NULL;

	for (uint32_t i = 0; i < fold->count; i++) {
		const struct tuy_act *act = &fold->acts[i];

		if (is_award(fold, act) && is_of(act, TUY_RECORD_AWARD, of) &&
		    (!best || award_beats(fold, act, best)))
			best = act;
	}
	return best;
}

static void award_begin(struct tuy_life_award *award, const struct tuy_act *act)
{
	*award = (struct tuy_life_award){
		.id = act->id,
		.of = act->of,
		.to = act->to,
		.at_s = act->time_s,
		.due_s = act->due_s,
	};
}

static void step_take(struct tuy_life_award *award, const struct tuy_act *act, uint32_t *rev)
{
	bool final = act->kind == TUY_RECORD_OUTCOME;
	bool had = *rev != UINT32_MAX; /* an OUTCOME was seen */
	bool better = act->step > award->step;

	if (final && had && act->rev == *rev)
		better = act->step < award->step ||
		         (act->step == award->step && act->time_s < award->step_at_s);
	else if (final)
		better = !had || act->rev > *rev;
	else if (had)
		better = false;
	else if (act->step == award->step)
		better = act->time_s < award->step_at_s;
	if (!better)
		return;
	award->step = act->step;
	award->step_at_s = act->time_s;
	if (final) {
		award->outcome = act->id;
		*rev = act->rev;
	}
}

/* What became of an award. */
static void award_follow(const struct fold *fold, struct tuy_life_award *award)
{
	bool ask = fold->subject->kind == TUY_RECORD_ASK;
	uint32_t rev = UINT32_MAX;

	for (uint32_t i = 0; i < fold->count; i++) {
		const struct tuy_act *act = &fold->acts[i];
		bool giver = same_member(&act->author, &fold->subject->author);
		bool taker = same_member(&act->author, &award->to);

		if (!act->has_of || !same_object(&act->of, &award->id))
			continue;
		if (act->kind == TUY_RECORD_PROGRESS || (act->kind == TUY_RECORD_OUTCOME && !ask)) {
			if (taker || (ask && giver))
				step_take(award, act, &rev);
		} else if ((act->kind == TUY_RECORD_GIVE_BACK && taker) ||
		           (act->kind == TUY_RECORD_REOPEN && giver)) {
			award->ended = true;
		} else if (act->kind == TUY_RECORD_CLOSED && taker) {
			award->closed = true;
		}
	}
}

static bool has_award(const struct tuy_life *life, const struct tuy_object *id)
{
	for (uint32_t i = 0; i < life->award_count; i++) {
		if (same_object(&life->award[i].id, id))
			return true;
	}
	return false;
}

/* Each award stands: claims = many, and answers that were accepted. The smallest ids, ascending. */
static void awards_gather(struct fold *fold)
{
	struct tuy_life *life = fold->life;

	for (uint32_t i = 0; i < fold->count; i++) {
		const struct tuy_act *act = &fold->acts[i];
		uint32_t at = life->award_count;

		if (!is_award(fold, act) || has_award(life, &act->id))
			continue;
		while (at > 0 && memcmp(&act->id, &life->award[at - 1].id, sizeof act->id) < 0)
			at--;
		if (at == TUY_LIFE_AWARDS_MAX)
			continue;
		if (life->award_count < TUY_LIFE_AWARDS_MAX)
			life->award_count++;
		memmove(&life->award[at + 1], &life->award[at],
		        (life->award_count - 1 - at) * sizeof life->award[0]);
		award_begin(&life->award[at], act);
	}
	for (uint32_t i = 0; i < life->award_count; i++)
		award_follow(fold, &life->award[i]);
}

/* ---- claims ---- */

/* May this claim wait, as far as the awards say? `mine`: the last award of its member, or NULL. */
static bool claim_waits(const struct fold *fold, const struct tuy_act *act,
                        const struct tuy_life_award *mine)
{
	if (fold->subject->kind == TUY_RECORD_ASK)
		return true;
	if (!mine)
		return !act->has_of;
	return mine->ended && act->has_of && same_object(&act->of, &mine->id);
}

/* Did its author take it back? */
static bool is_withdrawn(const struct fold *fold, const struct tuy_act *claim)
{
	for (uint32_t i = 0; i < fold->count; i++) {
		const struct tuy_act *act = &fold->acts[i];

		if (is_of(act, TUY_RECORD_WITHDRAW, &claim->id) &&
		    same_member(&act->author, &claim->author))
			return true;
	}
	return false;
}

static bool claim_before(const struct tuy_life_claim *a, const struct tuy_life_claim *b)
{
	if (a->at_s != b->at_s)
		return a->at_s < b->at_s;
	return memcmp(&a->id, &b->id, sizeof a->id) < 0;
}

/* One claim a member (the earliest); of an ask each answer. */
static void claim_take(struct tuy_life *life, enum tuy_record_kind kind,
                       const struct tuy_life_claim *claim)
{
	uint32_t at = 0;

	for (uint32_t i = 0; i < life->claim_count; i++) {
		struct tuy_life_claim *held = &life->claim[i];
		bool same = kind == TUY_RECORD_ANSWER ? same_object(&held->id, &claim->id)
		                                      : same_member(&held->by, &claim->by);

		if (!same)
			continue;
		if (!claim_before(claim, held))
			return;
		memmove(held, held + 1, (--life->claim_count - i) * sizeof *held);
		break;
	}
	while (at < life->claim_count && claim_before(&life->claim[at], claim))
		at++;
	if (at == TUY_LIFE_CLAIMS_MAX)
		return;
	if (life->claim_count < TUY_LIFE_CLAIMS_MAX)
		life->claim_count++;
	memmove(&life->claim[at + 1], &life->claim[at],
	        (life->claim_count - 1 - at) * sizeof life->claim[0]);
	life->claim[at] = *claim;
}

/* `last`: for each member that was ever awarded, the last award. */
static void claims_gather(struct fold *fold, const struct tuy_life_award *last, uint32_t last_count)
{
	bool ask = fold->subject->kind == TUY_RECORD_ASK;
	enum tuy_record_kind kind = ask ? TUY_RECORD_ANSWER : TUY_RECORD_CLAIM;

	for (uint32_t i = 0; i < fold->count; i++) {
		const struct tuy_act *act = &fold->acts[i];
		const struct tuy_life_award *mine = NULL;

		if (act->kind != kind || same_member(&act->author, &fold->subject->author))
			continue;
		for (uint32_t k = 0; k < last_count; k++) {
			if (same_member(&last[k].to, &act->author))
				mine = &last[k];
		}
		if (claim_waits(fold, act, mine) && !is_withdrawn(fold, act))
			claim_take(fold->life, kind,
			           &(struct tuy_life_claim){ act->id, act->author, act->time_s });
	}
}

/* Follows the chain of a tip that one person gets at a time. `last` has room for the chain; returns
 * how many members it names. */
static uint32_t chain_follow(struct fold *fold, struct tuy_life_award *last)
{
	struct tuy_life *life = fold->life;
	const struct tuy_act *act = award_next(fold, NULL);
	uint32_t count = 0;

	for (uint32_t length = 0; act && length < TUY_LIFE_CHAIN_MAX; length++) {
		uint32_t at = 0;

		award_begin(&life->award[0], act);
		award_follow(fold, &life->award[0]);
		life->award_count = 1;
		life->chained = true;
		while (at < count && !same_member(&last[at].to, &act->to))
			at++;
		last[at] = life->award[0];
		count += at == count;
		act = award_next(fold, &act->id);
		if (act) /* whoever had it has it no longer */
			last[at].ended = true;
	}
	return count;
}

static void state_set(struct fold *fold)
{
	struct tuy_life *life = fold->life;
	bool ask = fold->subject->kind == TUY_RECORD_ASK;
	bool many = fold->subject->claims == 2;

	if (!ask && !many && life->award_count > 0 && !life->award[0].ended)
		life->state = life->award[0].closed || life->award[0].step >= TUY_STEP_WON
		                      ? TUY_LIFE_CLOSED
		                      : TUY_LIFE_AWARDED;
	for (uint32_t i = 0; i < fold->count; i++) {
		const struct tuy_act *act = &fold->acts[i];

		if (!same_member(&act->author, &fold->subject->author))
			continue;
		if (is_of(act, TUY_RECORD_CLOSED, NULL) && life->state != TUY_LIFE_WITHDRAWN)
			life->state = TUY_LIFE_CLOSED;
		if (!is_of(act, TUY_RECORD_WITHDRAW, NULL))
			continue;
		if (life->state != TUY_LIFE_WITHDRAWN || act->time_s < life->withdrawn_s)
			life->withdrawn_s = act->time_s;
		life->state = TUY_LIFE_WITHDRAWN;
	}
}

void tuy_life_fold(const struct tuy_life_subject *subject, const struct tuy_act *acts,
                   uint32_t count, struct tuy_life *life)
{
	struct fold fold = { subject, acts, count, life };
	struct tuy_life_award last[TUY_LIFE_CHAIN_MAX];

	memset(life, 0, sizeof *life);
	if (subject->kind == TUY_RECORD_TIP && subject->claims != 2) {
		uint32_t named = chain_follow(&fold, last);
		claims_gather(&fold, last, named);
	} else {
		awards_gather(&fold);
		claims_gather(&fold, life->award, life->award_count);
	}
	state_set(&fold);
}

const struct tuy_life_award *tuy_life_award_to(const struct tuy_life *life,
                                               const struct tuy_member *member)
{
	for (uint32_t i = 0; i < life->award_count; i++) {
		if (!life->award[i].ended && same_member(&life->award[i].to, member))
			return &life->award[i];
	}
	return NULL;
}

const struct tuy_life_claim *tuy_life_claim_by(const struct tuy_life *life,
                                               const struct tuy_member *member)
{
	for (uint32_t i = 0; i < life->claim_count; i++) {
		if (same_member(&life->claim[i].by, member))
			return &life->claim[i];
	}
	return NULL;
}

enum tuy_answer_state tuy_answer_state(const struct tuy_life *life,
                                       const struct tuy_life_claim *answer, uint32_t now_s)
{
	enum tuy_answer_state state = TUY_ANSWER_SENT;
	uint32_t moved_s = answer->at_s;

	for (uint32_t i = 0; i < life->award_count; i++) {
		const struct tuy_life_award *award = &life->award[i];
		enum tuy_answer_state got = TUY_ANSWER_ACCEPTED + award->step;

		if (!same_object(&award->of, &answer->id) || award->ended ||
		    award->step > TUY_DONE || got <= state)
			continue;
		state = got;
		moved_s = award->step != 0 ? award->step_at_s : award->at_s;
	}
	if (state == TUY_ANSWER_DONE)
		return state;
	if (state == TUY_ANSWER_SENT && life->state == TUY_LIFE_CLOSED)
		return TUY_ANSWER_DECLINED;
	return now_s > moved_s && now_s - moved_s >= TUY_LAPSE_S ? TUY_ANSWER_LAPSED : state;
}

static const char *name_at(const char *const *names, size_t count, uint64_t number)
{
	return number >= 1 && number <= count ? names[number - 1] : NULL;
}

static uint32_t name_find(const char *const *names, size_t count, struct tuy_bytes name)
{
	for (size_t i = 0; i < count; i++) {
		if (strlen(names[i]) == name.len && memcmp(names[i], name.p, name.len) == 0)
			return (uint32_t)i + 1;
	}
	return 0;
}

#define COUNT(names) (sizeof(names) / sizeof(names)[0])

const char *tuy_step_name(uint64_t step)
{
	return name_at(steps, COUNT(steps), step);
}

uint32_t tuy_step_named(struct tuy_bytes name)
{
	return name_find(steps, COUNT(steps), name);
}

const char *tuy_ask_step_name(uint64_t step)
{
	return name_at(ask_steps, COUNT(ask_steps), step);
}

uint32_t tuy_ask_step_named(struct tuy_bytes name)
{
	return name_find(ask_steps, COUNT(ask_steps), name);
}

const char *tuy_answer_state_name(enum tuy_answer_state state)
{
	return name_at(answer_states, COUNT(answer_states), (uint64_t)state + 1);
}

const char *tuy_answer_name(uint64_t how)
{
	return name_at(answers, COUNT(answers), how);
}

uint32_t tuy_answer_named(struct tuy_bytes name)
{
	return name_find(answers, COUNT(answers), name);
}
