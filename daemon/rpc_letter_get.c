/*
 * vouch_get: a letter that came as the answer to an own request. It is checked here as whoever gets
 * it from its author by mail would check it, and as a member can: by the key that his certificate
 * covers, and by what he revoked.
 */
#include "rpc_letter.h"
#include "rpc_do.h"
#include "rpc_life.h"
#include "rpc_people.h"
#include <stdio.h>
#include <string.h>

#define DAY_S 86400u

struct got {
	const struct tuy_life_claim *answer;
	struct tuy_bytes text;
	struct tuy_bytes sign;
	struct tuy_letter letter;
	uint8_t room[TUY_LETTER_MAX];
	uint32_t revoked_s; /* 0: it was not */
};

/* The sealed record of an answer, if it has a letter. */
static bool letter_open(struct rpc_call *call, struct store_reading *reading,
                        const struct view_life *life, const struct tuy_life_claim *answer,
                        struct tuy_record *record)
{
	uint32_t i = view_act_find(&life->acts, TUY_RECORD_ANSWER, &answer->id, VIEW_SEALED);
	if (i == UINT32_MAX)
		return false;
	struct view_object entry = { .log_no = life->acts.at[i].log_no,
		                     .seq = life->acts.at[i].seq };
	return rpc_record_get(call->home, reading, &entry, record) &&
	       record->value[TUY_FIELD_HOW].number == TUY_ANSWER_LETTER &&
	       record->value[TUY_FIELD_LETTER].present &&
	       record->value[TUY_FIELD_SIGNATURE].present;
}

/* A text of an opened record, in the room of the work. */
static struct tuy_bytes kept(struct rpc_call *call, const struct tuy_value *value, size_t at)
{
	struct life_work *work = call->work;
	tuy_require(at + value->text.len <= sizeof work->batch.room);
	memcpy(work->batch.room + at, value->text.p, value->text.len);
	return (struct tuy_bytes){ work->batch.room + at, value->text.len };
}

/* The letter that is meant: the only one, or that of the answer that is named. 0 or -1 with
 * `fault`. */
static int letter_find(struct rpc_call *call, struct store_reading *reading,
                       const struct view_life *life, uint32_t circle_no, struct got *got,
                       struct rpc_fault *fault)
{
	struct tuy_record record;
	struct tuy_bytes named = { 0 };
	const struct tuy_life_claim *answer = NULL;
	uint32_t count = 0;
	int there = rpc_param_text(call->params, "answer", RPC_NAME_MAX, &named, fault);
	if (there < 0 ||
	    (there == 1 &&
	     !(answer = rpc_life_answer_find(call, reading, life, circle_no, RPC_ANSWERS, fault))))
		return -1;
	for (uint32_t i = 0; i < life->life.claim_count; i++) {
		if ((answer && answer != &life->life.claim[i]) ||
		    !letter_open(call, reading, life, &life->life.claim[i], &record))
			continue;
		got->answer = &life->life.claim[i];
		count++;
	}
	if (count == 0)
		return rpc_fault_set(fault, "T-NOT-FOUND", "tuyau show ID",
		                     "No letter has come for it.");
	if (count > 1)
		return rpc_fault_set(fault, "T-AMBIGUOUS", "tuyau vouch get ID --from MEMBER",
		                     "%u letters have come for it.", count);
	if (!letter_open(call, reading, life, got->answer, &record))
		return rpc_fault_set(fault, "T-STORE-DAMAGED", "tuyau show ID",
		                     "The letter cannot be read any more.");
	got->text = kept(call, &record.value[TUY_FIELD_LETTER], 0);
	got->sign = kept(call, &record.value[TUY_FIELD_SIGNATURE], got->text.len);
	return 0;
}

/* Is it the letter key of a device of this member? */
static bool key_is_of(struct rpc_call *call, uint32_t circle_no, const struct tuy_member *member,
                      const struct tuy_letter_pk *pk)
{
	struct tuy_device_info info;
	for (uint32_t i = 0; tuy_node_device(call->home->d->node, circle_no, i, &info) == TUY_OK;
	     i++)
		if (memcmp(&info.member, member, sizeof *member) == 0 &&
		    memcmp(&info.letter_pk, pk, sizeof *pk) == 0)
			return true;
	return false;
}

/* "good", "expired", "revoked", "bad": not what its author signed. */
static const char *letter_check(struct rpc_call *call, struct store_reading *reading,
                                const struct view_object *ask, struct got *got)
{
	const struct rpc_circle *circle = rpc_circle_get(call->home, reading, ask->circle_no);
	tuy_require(got->answer);
	const struct tuy_member *author = &got->answer->by;
	struct tuy_letter_fault fault;
	struct tuy_letter_comment comment;
	struct tuy_minisign sign;
	struct view_object revoked;
	if (!circle || tuy_letter_read(got->text, &got->letter, got->room, &fault) != TUY_OK ||
	    tuy_minisign_parse(got->sign, &sign) != TUY_OK ||
	    tuy_minisign_check(&sign, &got->letter.key, got->text) != TUY_OK ||
	    !key_is_of(call, ask->circle_no, author, &got->letter.key.pk))
		return "bad";
	tuy_letter_comment_read(sign.trusted, &comment);
	if (comment.kind != TUY_LETTER_VOUCH ||
	    tuy_letter_agree(&got->letter, &got->letter.key, &comment) != TUY_OK)
		return "bad";
	struct tuy_tag nonce = tuy_letter_nonce(&got->letter.key.pk, got->letter.number);
	struct tuy_object id = tuy_object_id(&circle->id, author, &nonce);
	if (view_exact(reading, ask->circle_no, &id, TUY_RECORD_REVOKED, &revoked) == 0)
		got->revoked_s = revoked.created_s;
	if (got->revoked_s != 0)
		return "revoked";
	return loop_now(call->home->d).wall_s / DAY_S > got->letter.expires_day ? "expired"
	                                                                        : "good";
}

static void letter_answer(struct rpc_call *call, struct store_reading *reading,
                          const struct view_object *ask, struct got *got)
{
	char id[TUY_OBJECT_TEXT];
	char key[TUY_MINISIGN_KEY_TEXT];
	char file[RPC_LETTER_FILE];
	char day[TUY_LETTER_DAY_TEXT];
	const struct rpc_circle *circle = rpc_circle_get(call->home, reading, ask->circle_no);
	const char *state = letter_check(call, reading, ask, got);
	bool bad = strcmp(state, "bad") == 0;
	struct rpc_out *out = rpc_result(call);
	tuy_object_text(&ask->id, id);
	tuy_minisign_key_text(&got->letter.key, key);
	rpc_letter_file(&got->letter, file);
	tuy_letter_day_text(bad ? 0 : got->letter.expires_day, day);
	rpc_open_map(out, NULL);
	rpc_put_uint(out, "schema", 1);
	rpc_put_str(out, "number", bad ? NULL : got->letter.number);
	rpc_put_str(out, "ask", id);
	rpc_put_str(out, "circle", circle ? circle->slug : NULL);
	rpc_put_str(out, "state", state);
	rpc_put_str(out, "from",
	            rpc_life_who(call->home, reading, ask->circle_no, &got->answer->by));
	rpc_put_str(out, "expires", bad ? NULL : day);
	rpc_put_time(out, "revoked", got->revoked_s);
	rpc_put_str(out, "key", bad ? NULL : key);
	rpc_put_str(out, "file", bad ? NULL : file);
	rpc_put_text(out, "text", got->text);
	rpc_put_text(out, "signature", got->sign);
	rpc_close_one(out);
	store_reading_end(reading);
	rpc_answer(call);
}

void rpc_do_vouch_get(struct rpc_call *call)
{
	struct store_reading reading;
	struct view_life life;
	struct rpc_fault fault;
	struct got got = { .answer = NULL };
	struct life_work *work = rpc_life_open(call, &reading, &life);
	if (!work)
		return;
	if (!rpc_life_mine(call->home, &work->object) || work->object.kind != TUY_RECORD_ASK) {
		rpc_life_refuse(call, &reading, &life, "T-NOT-ALLOWED", "tuyau vouch list",
		                "That is no request of yours: its letters are not for you.");
		return;
	}
	if (letter_find(call, &reading, &life, work->object.circle_no, &got, &fault) != 0) {
		rpc_life_close(&reading, &life);
		rpc_fail_fault(call, &fault);
		return;
	}
	letter_answer(call, &reading, &work->object, &got);
	view_life_free(&life);
}
