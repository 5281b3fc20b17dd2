/* vouch_write, vouch_sign, vouch_send, vouch_list, vouch_revoke: the own letters (PROTOCOL 10). */
#include "rpc_letter.h"
#include "audit.h"
#include "life_write.h"
#include "rpc_do.h"
#include "rpc_object.h"
#include "rpc_life.h"
#include "rpc_people.h"
#include "rpc_write.h"
#include "store_letters.h"
#include "../proto/text.h"
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define DAY_S       86400u
#define ID_LEAST    4
#define TEXT_MAX    2000 /* bytes of a param, before white space is made one blank */
#define REVOKED_MAX 1024

/* A letter that a call is at. The fields' spans point into the call's request, into `joined`, or
 * into `room`. */
struct work {
	struct life_batch batch; /* first: rpc_write_batch */
	struct store_letter row;
	struct tuy_letter letter;
	struct tuy_letter_fault fault;
	uint8_t room[TUY_LETTER_MAX]; /* of what was read from a draft */
	uint8_t tidy[(TUY_LETTER_MADE + TUY_LETTER_FACTS_MAX) * TEXT_MAX]; /* of what was given */
	size_t tidy_len;
	uint8_t text[TUY_LETTER_MAX];
	uint8_t sign[TUY_MINISIGN_MAX];
	uint8_t revoked[REVOKED_MAX];
	size_t revoked_len;
	uint8_t revoked_sign[TUY_MINISIGN_MAX];
	size_t revoked_sign_len;
};

static uint32_t today(const struct rpc_call *call)
{
	return loop_now(call->home->d).wall_s / DAY_S;
}

void rpc_letter_file(const struct tuy_letter *letter, char out[RPC_LETTER_FILE])
{
	snprintf(out, RPC_LETTER_FILE, "%s-%s.txt",
	         letter->lang == TUY_LETTER_FR ? "lettre" : "letter", letter->number);
}

/* ---- what is shown ---- */

static const char *state_name(const struct store_letter *row, uint32_t expires_day, uint32_t day)
{
	if (row->state == STORE_LETTER_REVOKED)
		return "revoked";
	if (row->state == STORE_LETTER_DRAFT)
		return "drafted";
	if (day > expires_day)
		return "expired";
	return row->state == STORE_LETTER_SENT ? "sent" : "signed";
}

static void day_put(struct rpc_out *out, const char *key, uint32_t day)
{
	char text[TUY_LETTER_DAY_TEXT];
	if (day == TUY_LETTER_NO_DAY) {
		rpc_put_nil(out, key);
		return;
	}
	tuy_letter_day_text(day, text);
	rpc_put_str(out, key, text);
}

static void texts_put(const struct tuy_letter *letter, struct rpc_out *out)
{
	for (int field = 0; field < TUY_LETTER_MADE; field++) {
		const char *name = tuy_letter_field_name((enum tuy_letter_field)field);
		if (field == TUY_LETTER_FACT) {
			rpc_open_array(out, name);
			for (uint32_t i = 0; i < letter->fact_count; i++)
				rpc_put_text(out, NULL, letter->fact[i]);
			rpc_close_one(out);
		} else if (letter->text[field].len > 0) {
			rpc_put_text(out, name, letter->text[field]);
		} else {
			rpc_put_nil(out, name);
		}
	}
}

/* The pairs of a LETTER; work->letter is what its text says. */
static void letter_put(struct rpc_call *call, struct store_reading *reading,
                       const struct work *work, struct rpc_out *out)
{
	const struct store_letter *row = &work->row;
	const struct tuy_letter *letter = &work->letter;
	const struct rpc_circle *circle = rpc_circle_get(call->home, reading, row->circle_no);
	char ask[TUY_OBJECT_TEXT];
	char file[RPC_LETTER_FILE];
	char key[TUY_MINISIGN_KEY_TEXT];
	struct view_object object;
	const char *asker = NULL;
	tuy_object_text(&row->ask, ask);
	rpc_letter_file(letter, file);
	tuy_minisign_key_text(&letter->key, key);
	if (view_exact(reading, row->circle_no, &row->ask, TUY_RECORD_ASK, &object) == 0)
		asker = rpc_life_who(call->home, reading, row->circle_no, &object.member);
	rpc_put_uint(out, "schema", 1);
	rpc_put_str(out, "number", row->number);
	rpc_put_str(out, "ask", ask);
	rpc_put_str(out, "circle", circle ? circle->slug : NULL);
	rpc_put_str(out, "asker", asker);
	rpc_put_str(out, "state", state_name(row, letter->expires_day, today(call)));
	rpc_put_str(out, "lang", letter->lang == TUY_LETTER_FR ? "fr" : "en");
	texts_put(letter, out);
	rpc_put_flag(out, "callable", letter->text[TUY_LETTER_CALL].len > 0);
	day_put(out, "made", letter->made_day);
	day_put(out, "expires", letter->expires_day);
	rpc_put_str(out, "key", key);
	rpc_put_str(out, "file", file);
	rpc_put_text(out, "text", row->text);
	if (row->sign.len > 0)
		rpc_put_text(out, "signature", row->sign);
	else
		rpc_put_nil(out, "signature");
}

/* Reads the text of a row that was found into work->letter. 0, or -1: it is none (damaged). */
static int letter_read(struct work *work)
{
	return tuy_letter_read(work->row.text, &work->letter, work->room, &work->fault) == TUY_OK
	               ? 0
	               : -1;
}

/* The row's text and signature move from the store's map into the work. */
static void row_keep(struct work *work)
{
	struct store_letter *row = &work->row;
	if (row->text.len > 0)
		memcpy(work->text, row->text.p, row->text.len);
	if (row->sign.len > 0)
		memcpy(work->sign, row->sign.p, row->sign.len);
	row->text.p = work->text;
	row->sign.p = work->sign;
}

static void answer(struct rpc_call *call)
{
	struct work *work = call->work;
	struct store_reading reading;
	if (rpc_reading_begin(call, &reading) != 0)
		return;
	struct rpc_out *out = rpc_result(call);
	rpc_open_map(out, NULL);
	letter_put(call, &reading, work, out);
	if (work->revoked_len > 0) {
		rpc_put_text(out, "revocation",
		             (struct tuy_bytes){ work->revoked, work->revoked_len });
		rpc_put_text(out, "revocation_signature",
		             (struct tuy_bytes){ work->revoked_sign, work->revoked_sign_len });
	}
	rpc_close_one(out);
	store_reading_end(&reading);
	rpc_answer(call);
}

/* ---- finding one ---- */

/* `text` begins with what was typed; capitals or not. */
static bool begins_so(const char *text, struct tuy_bytes typed)
{
	return typed.len <= strlen(text) &&
	       strncasecmp(text, (const char *)typed.p, typed.len) == 0;
}

static bool is_meant(const struct store_letter *row, struct tuy_bytes id)
{
	char ask[TUY_OBJECT_TEXT];
	tuy_object_text(&row->ask, ask);
	return begins_so(row->number, id) || begins_so(ask, id);
}

/* The own letter that the param `id` means, into a new call->work, with its text read; revoked ones
 * only if nothing else is meant. NULL: the call has failed. */
static struct work *letter_param(struct rpc_call *call)
{
	struct rpc_fault fault;
	struct store_reading reading;
	struct store_letter row = { .number = "" };
	struct tuy_bytes id = { 0 };
	uint32_t count[2] = { 0, 0 }; /* live, revoked */
	int there = rpc_param_text(call->params, "id", TUY_OBJECT_TEXT - 1, &id, &fault);
	if (there >= 0 && id.len < ID_LEAST)
		there = rpc_fault_set(&fault, "T-USAGE", "tuyau vouch list",
		                      "Which letter? At least %d characters of its number, or of "
		                      "the request's id.",
		                      ID_LEAST);
	if (there < 0) {
		rpc_fail_fault(call, &fault);
		return NULL;
	}
	struct work *work = rpc_work(call, sizeof *work);
	if (!work || rpc_reading_begin(call, &reading) != 0)
		return NULL;
	while (store_letter_next(&reading, row.number, &row) == 0) {
		bool revoked = row.state == STORE_LETTER_REVOKED;
		if (!is_meant(&row, id))
			continue;
		if (count[revoked]++ == 0 && (!revoked || count[0] == 0))
			work->row = row;
	}
	if (count[0] + count[1] > 0)
		row_keep(work);
	store_reading_end(&reading);
	if (count[0] + count[1] == 0)
		rpc_fail(call, "T-NOT-FOUND", "tuyau vouch list",
		         "No letter of yours begins with %.*s, nor the request of one.",
		         (int)id.len, (const char *)id.p);
	else if (count[0] > 1 || (count[0] == 0 && count[1] > 1))
		rpc_fail(call, "T-AMBIGUOUS", "Type more characters: tuyau vouch list",
		         "%.*s is %u letters.", (int)id.len, (const char *)id.p,
		         count[0] > 1 ? count[0] : count[1]);
	else if (letter_read(work) != 0)
		rpc_fail(call, "T-STORE-DAMAGED", "tuyau vouch list",
		         "The letter %s cannot be read any more.", work->row.number);
	else
		return work;
	return NULL;
}

/* ---- writing ---- */

/* Keeps the row of a letter; value.p NULL: it goes. */
static enum tuy_err row_put(struct rpc_call *call, const struct store_letter *letter,
                            struct tuy_bytes value, uint64_t *ticket)
{
	struct tuy_bytes key = { (const uint8_t *)letter->number, TUY_LETTER_NUMBER - 1 };
	return loop_keep(call->home->d, STORE_OWN_LETTERS, key, value, ticket) == 0 ? TUY_OK
	                                                                            : TUY_E_FULL;
}

static enum tuy_err row_attempt(struct rpc_call *call, uint64_t *ticket)
{
	static const enum audit_what told[] = {
		[STORE_LETTER_DRAFT] = AUDIT_NONE,
		[STORE_LETTER_SIGNED] = AUDIT_SIGNED,
		[STORE_LETTER_SENT] = AUDIT_SENT,
		[STORE_LETTER_REVOKED] = AUDIT_REVOKED,
	};
	const struct work *work = call->work;
	uint8_t value[STORE_LETTER_MAX];
	enum tuy_err err =
		row_put(call, &work->row,
	                (struct tuy_bytes){ value, store_letter_row(&work->row, value) }, ticket);
	if (err == TUY_OK)
		audit_note(call->home->d, &(struct audit_row){ .what = told[work->row.state],
		                                               .circle_no = work->row.circle_no,
		                                               .object = work->row.ask });
	return err;
}

static void row_written(struct rpc_call *call, const char *error)
{
	if (error)
		rpc_write_failed(call, error);
	else
		answer(call);
}

static void field_refuse(struct rpc_call *call, const struct tuy_letter_fault *fault)
{
	static const char hint[] = N_("tuyau help vouch");
	if (fault->field == TUY_LETTER_LIMITS && fault->err == TUY_E_SHORT) {
		rpc_fail(call, "T-LETTER-FIELD", "--limits \"how they do with over 500 people\"",
		         "A letter says what its author does not know: --limits is missing.");
		return;
	}
	const char *name = fault->field < TUY_LETTER_FIELDS ? tuy_letter_field_name(fault->field)
	                                                    : rpc_text(call, "the letter");
	if (fault->err == TUY_E_SHORT)
		rpc_fail(call, "T-LETTER-FIELD", hint, "%s is missing.", name);
	else if (fault->field == TUY_LETTER_FACT && fault->err == TUY_E_LIMIT)
		rpc_fail(call, "T-LETTER-FIELD", hint, "facts: at most %d, of at most %u bytes.",
		         TUY_LETTER_FACTS_MAX, tuy_letter_max(fault->field));
	else if (fault->err == TUY_E_LIMIT)
		rpc_fail(call, "T-LETTER-FIELD", hint, "%s: at most %u bytes.", name,
		         fault->field < TUY_LETTER_FIELDS ? tuy_letter_max(fault->field)
		                                          : (uint32_t)TUY_LETTER_MAX);
	else if (fault->field == TUY_LETTER_CALL)
		rpc_fail(call, "T-LETTER-FIELD", hint, "call: a telephone number.");
	else
		rpc_fail(call, "T-LETTER-FIELD", hint,
		         "%s holds characters that a letter may not have.", name);
}

/* The text of work->letter into the row. 0, or -1: the call has failed. */
static int text_write(struct rpc_call *call, struct work *work)
{
	char file[RPC_LETTER_FILE];
	uint8_t text[TUY_LETTER_MAX];
	if (tuy_letter_check(&work->letter, &work->fault) != TUY_OK) {
		field_refuse(call, &work->fault);
		return -1;
	}
	rpc_letter_file(&work->letter, file);
	if (tuy_letter_write(&work->letter, file, text, sizeof text, &work->row.text.len) !=
	    TUY_OK) {
		work->fault = (struct tuy_letter_fault){ TUY_LETTER_FIELDS, TUY_E_LIMIT };
		field_refuse(call, &work->fault);
		return -1;
	}
	memcpy(work->text, text, work->row.text.len);
	work->row.text.p = work->text;
	/* The spans shall not point into the request or the map any longer. */
	tuy_require(letter_read(work) == 0);
	return 0;
}

/* `text` with each run of white space as one blank, none at the ends; in work->tidy. */
static struct tuy_bytes tidy(struct work *work, struct tuy_bytes text)
{
	uint8_t *begin = work->tidy + work->tidy_len;
	size_t len = 0;
	tuy_require(text.len <= sizeof work->tidy - work->tidy_len);
	for (size_t i = 0; i < text.len; i++) {
		bool blank = strchr(" \t\r\n", text.p[i]) && text.p[i] != '\0';
		if (!blank)
			begin[len++] = text.p[i];
		else if (len > 0 && begin[len - 1] != ' ')
			begin[len++] = ' ';
	}
	while (len > 0 && begin[len - 1] == ' ')
		len--;
	work->tidy_len += len;
	return (struct tuy_bytes){ begin, len };
}

/* "a, b", or the one of them that there is; in work->tidy. */
static struct tuy_bytes join(struct work *work, struct tuy_bytes a, struct tuy_bytes b)
{
	uint8_t both[2 * RPC_NAME_MAX + 2];
	if (a.len == 0 || b.len == 0)
		return tidy(work, a.len > 0 ? a : b);
	tuy_require(a.len + b.len + 2 <= sizeof both);
	memcpy(both, a.p, a.len);
	memcpy(both + a.len, ", ", 2);
	memcpy(both + a.len + 2, b.p, b.len);
	return tidy(work, (struct tuy_bytes){ both, a.len + b.len + 2 });
}

/* The fields that the params give, over those that are there. 0 or -1. */
static int fields_param(struct rpc_call *call, struct work *work, struct rpc_fault *fault)
{
	struct tuy_letter *letter = &work->letter;
	struct tuy_bytes facts[TUY_LETTER_FACTS_MAX];
	struct tuy_bytes lang = { 0 };
	uint32_t count = TUY_LETTER_FACTS_MAX;
	for (int field = TUY_LETTER_FOR; field < TUY_LETTER_MADE; field++) {
		const char *name = tuy_letter_field_name((enum tuy_letter_field)field);
		struct tuy_bytes text = { 0 };
		if (field == TUY_LETTER_FACT)
			continue;
		int there = rpc_param_text(call->params, name, TEXT_MAX, &text, fault);
		if (there < 0)
			return -1;
		if (there == 1)
			letter->text[field] = tidy(work, text);
	}
	int there = rpc_param_texts(call->params, "facts", TEXT_MAX, facts, &count, fault);
	if (there == 1)
		letter->fact_count = count;
	for (uint32_t i = 0; there == 1 && i < count; i++)
		letter->fact[i] = tidy(work, facts[i]);
	if (there < 0 || rpc_param_text(call->params, "lang", 8, &lang, fault) < 0 ||
	    rpc_param_uint(call->params, "days", 1, TUY_LETTER_DAYS_MAX, &work->row.days, fault) <
	            0)
		return -1;
	if (lang.len > 0 && !tuy_text_equal(lang, tuy_text_bytes("fr")) &&
	    !tuy_text_equal(lang, tuy_text_bytes("en")))
		return rpc_fault_set(fault, "T-USAGE", "", "lang: fr or en.");
	if (lang.len > 0)
		letter->lang =
			tuy_text_equal(lang, tuy_text_bytes("fr")) ? TUY_LETTER_FR : TUY_LETTER_EN;
	return 0;
}

static void from_set(struct rpc_call *call, struct store_reading *reading, struct work *work,
                     uint32_t circle_no)
{
	const struct rpc_circle *circle = rpc_circle_get(call->home, reading, circle_no);
	const struct rpc_person *me =
		circle ? rpc_person_get(circle, &call->home->d->keys->cert.member) : NULL;
	if (me)
		work->letter.text[TUY_LETTER_FROM] =
			join(work, tuy_text_bytes(me->name), tuy_text_bytes(me->company));
}

/* What the request says, for a letter that is begun. */
static void fields_begin(struct rpc_call *call, struct store_reading *reading, struct work *work,
                         const struct view_object *ask)
{
	struct rpc_home *home = call->home;
	struct tuy_letter *letter = &work->letter;
	struct tuy_record record;
	const struct rpc_circle *circle = rpc_circle_get(home, reading, ask->circle_no);
	const struct rpc_person *asker = circle ? rpc_person_get(circle, &ask->member) : NULL;
	if (asker)
		letter->text[TUY_LETTER_ABOUT] =
			tidy(work, tuy_text_bytes(*asker->company != '\0' ? asker->company
		                                                          : asker->name));
	if (!rpc_record_get(home, reading, ask, &record))
		return;
	letter->text[TUY_LETTER_FOR] =
		join(work, record.value[TUY_FIELD_ROLE].text, record.value[TUY_FIELD_COMPANY].text);
	if (record.value[TUY_FIELD_LANG].present)
		letter->lang =
			tuy_text_equal(record.value[TUY_FIELD_LANG].text, tuy_text_bytes("fr"))
				? TUY_LETTER_FR
				: TUY_LETTER_EN;
}

/* The letter for this request that is not revoked, if there is one. */
static bool letter_for(struct store_reading *reading, const struct tuy_object *ask,
                       struct store_letter *row)
{
	struct store_letter next = { .number = "" };
	while (store_letter_next(reading, next.number, &next) == 0) {
		if (next.state == STORE_LETTER_REVOKED || memcmp(&next.ask, ask, sizeof *ask) != 0)
			continue;
		*row = next;
		return true;
	}
	return false;
}

/* A new draft, or the one there is. 0, or -1: the call has failed, and no reading is open. */
static int draft_begin(struct rpc_call *call, struct store_reading *reading, struct work *work,
                       const struct view_object *ask)
{
	struct tuy_letter *letter = &work->letter;
	uint8_t random[5];
	if (letter_for(reading, &ask->id, &work->row)) {
		row_keep(work);
		if (work->row.state == STORE_LETTER_DRAFT && letter_read(work) == 0) {
			from_set(call, reading, work, ask->circle_no);
			return 0;
		}
		store_reading_end(reading);
		rpc_fail(call, "T-LETTER-SIGNED",
		         "Another one: tuyau vouch revoke it first; tuyau vouch list",
		         "The letter for this request is signed already: %s.", work->row.number);
		return -1;
	}
	randombytes_buf(random, sizeof random);
	tuy_letter_number(random, letter->number);
	letter->lang = call->lang == LANG_FR ? TUY_LETTER_FR : TUY_LETTER_EN;
	from_set(call, reading, work, ask->circle_no);
	fields_begin(call, reading, work, ask);
	memcpy(work->row.number, letter->number, sizeof work->row.number);
	work->row.circle_no = ask->circle_no;
	work->row.ask = ask->id;
	work->row.state = STORE_LETTER_DRAFT;
	work->row.days = TUY_LETTER_DAYS_MAX;
	work->row.made_s = work->row.changed_s = loop_now(call->home->d).wall_s;
	return 0;
}

static void days_set(struct rpc_call *call, struct work *work)
{
	work->letter.made_day = today(call);
	work->letter.expires_day = work->letter.made_day + work->row.days;
	work->letter.key = tuy_minisign_key(&call->home->d->keys->device.letter_pk);
}

void rpc_do_vouch_write(struct rpc_call *call)
{
	struct rpc_home *home = call->home;
	struct store_reading reading;
	struct view_object ask;
	struct rpc_fault fault;
	struct work *work = rpc_work(call, sizeof *work);
	if (!work || rpc_object_param(call, &reading, &ask) != 0)
		return;
	bool own = home->d->keys->certified &&
	           memcmp(&ask.member, &home->d->keys->cert.member, sizeof ask.member) == 0;
	if (ask.kind != TUY_RECORD_ASK || ask.ask != tuy_ask_named(tuy_text_bytes("vouch")) ||
	    own) {
		store_reading_end(&reading);
		rpc_fail(call, "T-USAGE", "tuyau inbox --all kind:vouch",
		         own ? "This request is your own: a letter is for those of others."
		             : "This is no request for a letter.");
		return;
	}
	if (draft_begin(call, &reading, work, &ask) != 0)
		return;
	store_reading_end(&reading);
	if (fields_param(call, work, &fault) != 0) {
		rpc_fail_fault(call, &fault);
		return;
	}
	days_set(call, work);
	if (text_write(call, work) == 0)
		rpc_write(call, row_attempt, row_written);
}

/* ---- signing and handing over ---- */

static void comment_make(const struct work *work, enum tuy_letter_kind kind, uint32_t time_s,
                         const char *file, char out[TUY_LETTER_COMMENT])
{
	struct tuy_letter_comment comment = {
		.kind = kind,
		.time_s = time_s,
		.expires_day = work->letter.expires_day,
	};
	memcpy(comment.number, work->row.number, sizeof comment.number);
	tuy_letter_comment_write(&comment, file, out);
}

/* Signs with the letter key; comments are bounded, so it always fits. */
static size_t sign(const struct rpc_call *call, struct tuy_bytes text, const char *untrusted,
                   const char *trusted, uint8_t out[TUY_MINISIGN_MAX])
{
	size_t len = 0;
	enum tuy_err err = tuy_minisign_write(call->home->d->keys->device.letter_sk, text,
	                                      tuy_text_bytes(untrusted), tuy_text_bytes(trusted),
	                                      out, TUY_MINISIGN_MAX, &len);
	tuy_require(err == TUY_OK);
	return len;
}

void rpc_do_vouch_sign(struct rpc_call *call)
{
	char file[RPC_LETTER_FILE];
	char untrusted[300];
	char trusted[TUY_LETTER_COMMENT];
	struct work *work = letter_param(call);
	if (!work)
		return;
	if (work->row.state == STORE_LETTER_REVOKED) {
		rpc_fail(call, "T-LETTER-REVOKED", "tuyau vouch write ID makes another one.",
		         "The letter %s was revoked.", work->row.number);
		return;
	}
	if (work->row.state != STORE_LETTER_DRAFT) {
		answer(call);
		return;
	}
	days_set(call, work);
	if (text_write(call, work) != 0)
		return;
	struct tuy_bytes from = work->letter.text[TUY_LETTER_FROM];
	snprintf(untrusted, sizeof untrusted, "vouch letter by %.*s", (int)from.len,
	         (const char *)from.p);
	rpc_letter_file(&work->letter, file);
	work->row.changed_s = loop_now(call->home->d).wall_s;
	comment_make(work, TUY_LETTER_VOUCH, work->row.changed_s, file, trusted);
	work->row.sign.p = work->sign;
	work->row.sign.len = sign(call, work->row.text, untrusted, trusted, work->sign);
	work->row.state = STORE_LETTER_SIGNED;
	rpc_write(call, row_attempt, row_written);
}

/* The letter as the answer to its request, sealed to the asker (PROTOCOL 8.6). False: the request
 * is no longer there; then it is handed over by its files only. */
static bool answer_fill(struct rpc_call *call, struct work *work)
{
	struct daemon *d = call->home->d;
	struct store_reading reading;
	struct view_object ask;
	if (store_reading_begin(d->store, &reading) != 0)
		return false;
	bool there = view_exact(&reading, work->row.circle_no, &work->row.ask, TUY_RECORD_ASK,
	                        &ask) == 0;
	bool silent = there && rpc_life_is_silent(call->home, &reading, &ask);
	store_reading_end(&reading);
	if (!there)
		return false;
	struct tuy_record record = life_record(TUY_RECORD_ANSWER, &work->row.ask);
	record.nonce = tuy_letter_nonce(&d->keys->device.letter_pk, work->row.number);
	record.nonce.b[sizeof record.nonce.b - 1] ^= 1;
	life_batch_begin(&work->batch, work->row.circle_no);
	if (!silent)
		life_batch_add(&work->batch, &record, life_expiry(d, LIFE_SPAN_ACT), NULL);
	life_set_number(&record, TUY_FIELD_HOW, TUY_ANSWER_LETTER);
	life_set_bytes(&record, TUY_FIELD_LETTER, work->row.text);
	life_set_bytes(&record, TUY_FIELD_SIGNATURE, work->row.sign);
	life_batch_add(&work->batch, &record, (work->letter.expires_day + 1) * DAY_S, &ask.member);
	return true;
}

/* The asker gets it; now it is noted. Should this fail it is sent again, under the same id. */
static void answered(struct rpc_call *call, const char *error)
{
	if (error)
		rpc_write_failed(call, error);
	else
		rpc_write(call, row_attempt, row_written);
}

void rpc_do_vouch_send(struct rpc_call *call)
{
	struct work *work = letter_param(call);
	if (!work)
		return;
	if (work->row.state == STORE_LETTER_DRAFT) {
		rpc_fail(call, "T-LETTER-DRAFT", "tuyau vouch sign ID, then tuyau vouch send ID",
		         "The letter %s is not signed yet.", work->row.number);
		return;
	}
	if (work->row.state == STORE_LETTER_REVOKED) {
		rpc_fail(call, "T-LETTER-REVOKED", "tuyau vouch write ID makes another one.",
		         "The letter %s was revoked.", work->row.number);
		return;
	}
	if (work->row.state == STORE_LETTER_SENT) {
		answer(call);
		return;
	}
	work->row.state = STORE_LETTER_SENT;
	work->row.changed_s = loop_now(call->home->d).wall_s;
	if (answer_fill(call, work))
		rpc_write_batch(call, answered);
	else
		rpc_write(call, row_attempt, row_written);
}

void rpc_do_vouch_list(struct rpc_call *call)
{
	struct store_reading reading;
	struct work *work = rpc_work(call, sizeof *work);
	if (!work || rpc_reading_begin(call, &reading) != 0)
		return;
	struct rpc_out *out = rpc_result(call);
	rpc_open_array(out, NULL);
	while (store_letter_next(&reading, work->row.number, &work->row) == 0) {
		if (letter_read(work) != 0)
			continue;
		rpc_open_map(out, NULL);
		letter_put(call, &reading, work, out);
		rpc_close_one(out);
	}
	rpc_close_one(out);
	store_reading_end(&reading);
	rpc_answer(call);
}

/* ---- revoking ---- */

/* The text for outsiders, and its signature. */
static void revocation_write(const struct rpc_call *call, struct work *work)
{
	static const char *const form[] = {
		[TUY_LETTER_EN] = "REVOCATION OF A LETTER OF RECOMMENDATION\n\nFrom: %.*s\n"
				  "Number: %s\nRevoked on: %s\n"
				  "Check: minisign -Vm %s -P %s\n",
		[TUY_LETTER_FR] = "RÉVOCATION D'UNE LETTRE DE RECOMMANDATION\n\nDe : %.*s\n"
				  "Numéro : %s\nRévoquée le : %s\n"
				  "Vérifier : minisign -Vm %s -P %s\n",
	};
	char name[RPC_LETTER_FILE];
	char file[RPC_LETTER_FILE + 8];
	char day[TUY_LETTER_DAY_TEXT];
	char key[TUY_MINISIGN_KEY_TEXT];
	char trusted[TUY_LETTER_COMMENT];
	struct tuy_bytes from = work->letter.text[TUY_LETTER_FROM];
	rpc_letter_file(&work->letter, name);
	snprintf(file, sizeof file, "%s.revoked", name);
	tuy_letter_day_text(work->row.changed_s / DAY_S, day);
	tuy_minisign_key_text(&work->letter.key, key);
	int len = snprintf((char *)work->revoked, sizeof work->revoked, form[work->letter.lang],
	                   (int)from.len, (const char *)from.p, work->row.number, day, file, key);
	tuy_require(len > 0 && (size_t)len < sizeof work->revoked);
	work->revoked_len = (size_t)len;
	comment_make(work, TUY_LETTER_REVOKED, work->row.changed_s, file, trusted);
	work->revoked_sign_len = sign(call, (struct tuy_bytes){ work->revoked, work->revoked_len },
	                              "revocation of a vouch letter", trusted, work->revoked_sign);
}

static void revoked(struct rpc_call *call, const char *error)
{
	if (error)
		rpc_write_failed(call, error);
	else
		rpc_write(call, row_attempt, row_written);
}

static enum tuy_err remove_attempt(struct rpc_call *call, uint64_t *ticket)
{
	const struct work *work = call->work;
	return row_put(call, &work->row, (struct tuy_bytes){ NULL, 0 }, ticket);
}

void rpc_do_vouch_revoke(struct rpc_call *call)
{
	const struct keys *keys = call->home->d->keys;
	struct work *work = letter_param(call);
	if (!work)
		return;
	if (work->row.state == STORE_LETTER_DRAFT) {
		rpc_write(call, remove_attempt, row_written);
		return;
	}
	if (work->row.state != STORE_LETTER_REVOKED)
		work->row.changed_s = loop_now(call->home->d).wall_s;
	revocation_write(call, work);
	if (work->row.state == STORE_LETTER_REVOKED) {
		answer(call);
		return;
	}
	work->row.state = STORE_LETTER_REVOKED;
	struct tuy_record record = {
		.kind = TUY_RECORD_REVOKED,
		.nonce = tuy_letter_nonce(&keys->device.letter_pk, work->row.number),
	};
	rpc_append(call, work->row.circle_no, &record, (work->letter.expires_day + 1) * DAY_S,
	           revoked);
}
