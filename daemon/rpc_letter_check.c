/* letter_check: what this home knows of a letter's key, for one who checks a letter. */
#include "rpc_do.h"
#include "rpc_people.h"
#include "../proto/letter.h"
#include <string.h>

struct check {
	struct tuy_minisign_key key;
	char number[TUY_LETTER_NUMBER];
	uint32_t revoked_s; /* 0: not that we know */
};

/* 0, or -1: the call has failed. */
static int check_param(struct rpc_call *call, struct check *check)
{
	struct rpc_fault fault;
	struct tuy_bytes key = { 0 };
	struct tuy_bytes number = { 0 };
	*check = (struct check){ .number = "" };
	int there = rpc_param_text(call->params, "key", TUY_MINISIGN_KEY_TEXT - 1, &key, &fault);
	if (there >= 0)
		there = rpc_param_text(call->params, "number", TUY_LETTER_NUMBER - 1, &number,
		                       &fault);
	if (there >= 0 && (tuy_minisign_key_parse(key, &check->key) != TUY_OK ||
	                   (number.len != 0 && number.len != TUY_LETTER_NUMBER - 1)))
		there = rpc_fault_set(&fault, "T-USAGE", "", "key: RW..., number: 8 characters.");
	if (there < 0) {
		rpc_fail_fault(call, &fault);
		return -1;
	}
	if (number.len > 0)
		memcpy(check->number, number.p, number.len);
	return 0;
}

/* Has the member revoked it in this circle? */
static void revocation_find(struct store_reading *reading, struct check *check,
                            const struct rpc_circle *circle, const struct tuy_member *member)
{
	struct view_object object;
	struct tuy_tag nonce = tuy_letter_nonce(&check->key.pk, check->number);
	struct tuy_object id = tuy_object_id(&circle->id, member, &nonce);
	if (check->number[0] != '\0' &&
	    view_exact(reading, circle->circle_no, &id, TUY_RECORD_REVOKED, &object) == 0 &&
	    memcmp(&object.member, member, sizeof *member) == 0)
		check->revoked_s = object.created_s;
}

static void circle_look(struct rpc_call *call, struct store_reading *reading, uint32_t circle_no,
                        struct check *check, struct rpc_out *out)
{
	struct tuy_device_info info;
	struct tuy_node *node = call->home->d->node;
	const struct rpc_circle *circle = rpc_circle_get(call->home, reading, circle_no);
	for (uint32_t i = 0; circle && tuy_node_device(node, circle_no, i, &info) == TUY_OK; i++) {
		if (memcmp(&info.letter_pk, &check->key.pk, sizeof info.letter_pk) != 0)
			continue;
		const struct rpc_person *person = rpc_person_get(circle, &info.member);
		rpc_open_map(out, NULL);
		rpc_put_str(out, "circle", circle->slug);
		rpc_put_hex(out, "member", TUY_BYTES(info.member.b));
		rpc_put_str(out, "name", person ? person->name : NULL);
		rpc_put_str(out, "from", person ? person->from : NULL);
		rpc_close_one(out);
		revocation_find(reading, check, circle, &info.member);
	}
}

void rpc_do_letter_check(struct rpc_call *call)
{
	struct store_reading reading;
	struct check check;
	if (check_param(call, &check) != 0 || rpc_reading_begin(call, &reading) != 0)
		return;
	struct rpc_out *out = rpc_result(call);
	rpc_open_map(out, NULL);
	rpc_put_uint(out, "schema", 1);
	rpc_put_time(out, "time", loop_now(call->home->d).wall_s);
	rpc_open_array(out, "members");
	for (uint32_t i = 0; i < TUY_CIRCLES_MAX; i++)
		circle_look(call, &reading, i, &check, out);
	rpc_close_one(out);
	rpc_put_time(out, "revoked", check.revoked_s);
	rpc_close_one(out);
	store_reading_end(&reading);
	rpc_answer(call);
}
