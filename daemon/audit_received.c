#include "audit_received.h"
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static void award_note(struct daemon *d, struct store_reading *reading,
                       const struct view_move *move)
{
	struct view_object object;
	if (view_find(reading, &move->id, &move->id, &object, 1) != 1)
		return;
	audit_note(d, &(struct audit_row){ .what = AUDIT_RECEIVED,
	                                   .at_s = move->at_s,
	                                   .circle_no = move->circle_no,
	                                   .object = move->id,
	                                   .member = object.member });
}

/* Whether an act is an answer that came to the owner with a card. */
static bool has_come(struct daemon *d, struct store_reading *reading, const struct view_life *life,
                     uint32_t i, uint8_t *buffer)
{
	struct tuy_record record;
	const struct view_act_at *at = &life->acts.at[i];
	struct view_object entry = { .log_no = at->log_no, .seq = at->seq };
	return life->acts.act[i].kind == TUY_RECORD_ANSWER && at->sealed &&
	       view_record(reading, &d->keys->device, &entry, buffer, &record) == 0 &&
	       audit_has_card(&record);
}

static void answers_note(struct daemon *d, struct store_reading *reading,
                         const struct view_move *move)
{
	struct view_object object;
	struct view_life life;
	uint8_t *buffer = malloc(TUY_BLOB_MAX);
	if (!buffer || view_find(reading, &move->id, &move->id, &object, 1) != 1) {
		free(buffer);
		return;
	}
	if (view_life_read(reading, &object, &d->keys->cert.member, &life) == 0)
		for (uint32_t i = 0; i < life.acts.count; i++)
			if (has_come(d, reading, &life, i, buffer))
				audit_note(d, &(struct audit_row){
						      .what = AUDIT_RECEIVED,
						      .at_s = life.acts.act[i].time_s,
						      .circle_no = move->circle_no,
						      .object = move->id,
						      .member = life.acts.act[i].author });
	view_life_free(&life);
	sodium_memzero(buffer, TUY_BLOB_MAX);
	free(buffer);
}

bool audit_has_card(const struct tuy_record *answer)
{
	const struct tuy_value *value = answer->value;
	return value[TUY_FIELD_NAME].present || value[TUY_FIELD_PHONE].present ||
	       value[TUY_FIELD_EMAIL].present;
}

void audit_received(struct daemon *d, struct store_reading *reading, const struct view_move *before,
                    const struct view_move *now)
{
	bool awarded = !before || memcmp(&before->award, &now->award, sizeof now->award) != 0;
	bool more = !before || before->count < now->count;
	if (now->why == VIEW_MOVE_AWARDEE && awarded)
		award_note(d, reading, now);
	else if (now->why == VIEW_MOVE_ASKER && more)
		answers_note(d, reading, now);
}
