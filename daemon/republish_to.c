#include "republish_to.h"
#include <string.h>

static bool same_member(const struct tuy_member *a, const struct tuy_member *b)
{
	return memcmp(a, b, sizeof *a) == 0;
}

/* Who has the award that the record is of. For a CARD it must stand: nobody else gets it. */
static enum republish_to awardee_find(struct store_reading *reading,
                                      const struct view_object *subject,
                                      const struct tuy_member *me, const struct tuy_record *record,
                                      struct life_among *among)
{
	const struct tuy_value *of = &record->value[TUY_FIELD_OF];
	struct view_life life;
	bool found = false;
	if (view_life_read(reading, subject, me, &life) == 0 && of->present)
		for (uint32_t i = 0; i < life.life.award_count && !found; i++) {
			const struct tuy_life_award *award = &life.life.award[i];
			found = !award->ended &&
			        memcmp(award->id.b, of->text.p, sizeof award->id) == 0;
			*among = (struct life_among){ 1, { award->to } };
		}
	view_life_free(&life);
	return found ? REPUBLISH_AMONG : REPUBLISH_NOBODY;
}

enum republish_to republish_to(struct store_reading *reading, uint32_t circle_no,
                               const struct tuy_circle *circle, const struct tuy_member *me,
                               const struct tuy_record *record, struct life_among *among)
{
	const struct tuy_value *to = &record->value[TUY_FIELD_TO];
	struct view_object subject = { .circle_no = circle_no };
	*among = (struct life_among){ 0 };
	if (record->kind == TUY_RECORD_ASK) {
		subject.id = tuy_object_id(circle, me, &record->nonce);
		life_among_read(reading, &subject, among);
		return among->count > 0 ? REPUBLISH_AMONG : REPUBLISH_UNKNOWN;
	}
	if (!tuy_record_is_act(record->kind) || !record->has_ref)
		return REPUBLISH_UNKNOWN;
	if (to->present) {
		among->count = 1;
		memcpy(among->member[0].b, to->text.p, sizeof among->member[0].b);
		return REPUBLISH_AMONG;
	}
	if (view_exact(reading, circle_no, &record->ref, TUY_RECORD_TIP, &subject) != 0 &&
	    view_exact(reading, circle_no, &record->ref, TUY_RECORD_ASK, &subject) != 0)
		return REPUBLISH_NOBODY;
	if (!same_member(&subject.member, me)) {
		*among = (struct life_among){ 1, { subject.member } };
		return REPUBLISH_AMONG;
	}
	if (record->kind == TUY_RECORD_CARD || record->kind == TUY_RECORD_PROGRESS)
		return awardee_find(reading, &subject, me, record, among);
	life_among_read(reading, &subject, among);
	return among->count > 0 ? REPUBLISH_AMONG : REPUBLISH_UNKNOWN;
}
