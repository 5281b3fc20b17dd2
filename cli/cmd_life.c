/* claim, award, done, give-back, pass, withdraw, undo, thank, answer, accept, solved: what is done
 * about a tip or an ask. */
#include "commands.h"
#include "last.h"
#include "object.h"
#include "times.h"
#include "words.h"
#include <stdlib.h>
#include <string.h>

#define POLL_MS       100
#define AWARD_WAIT_MS 5000 /* for the giver's node to answer a claim, if it is online */

/* ---- shared ---- */

/* A call about the object that is named by the first word, or else the last one. NULL:
 * session->failure. */
static json_t *act_params(struct session *session)
{
	json_t *id = session_id_read(session, SESSION_MORE_WORDS);
	if (!id)
		return NULL;
	json_t *params = json_object();
	json_object_set_new(params, "id", id);
	return params;
}

/* The same with "fields" of the options, and the words behind the id as `key` of them. */
static json_t *act_fields(struct session *session, const char *key)
{
	const struct options *options = &session->options;
	json_t *params = act_params(session);
	json_t *fields = json_object();
	if (!params || options_fields(options, fields, &session->failure) != 0 ||
	    (key && options->word_count > 1 &&
	     options_words_put(options, 1, "The text", fields, key, &session->failure) != 0)) {
		json_decref(fields);
		json_decref(params);
		return NULL;
	}
	json_object_set_new(params, "fields", fields);
	return params;
}

/* Writes; the object as it is then, the caller's. NULL: session->failure. */
static json_t *act(struct session *session, const char *method, json_t *params)
{
	json_t *object = session_call(session, method, params, CLIENT_WRITES);
	if (object)
		last_keep(&session->client.paths, doc_text(object, "id"));
	return object;
}

/* Says in a line what is so now. Takes `object`. */
static int act_say(struct session *session, json_t *object, const char *said)
{
	if (!session_document_print(session, object, "id")) {
		char *state = show_clean(doc_text(object, "state"));
		printf("%s%s%s%s%s\n", doc_text(object, "short"),
		       session->term.screen ? "  " : "\t", state,
		       session->term.screen && *said != '\0' ? " · " : "",
		       session->term.screen ? words_text(said) : "");
		free(state);
	}
	json_decref(object);
	return 0;
}

static int act_run(struct session *session, const char *method, json_t *params, const char *said)
{
	json_t *object = params ? act(session, method, params) : NULL;
	return object ? act_say(session, object, said) : -1;
}

static json_t *flag_take(struct session *session, const char *name, json_t *params, const char *key)
{
	if (params && options_value(&session->options, name))
		json_object_set_new(params, key, json_true());
	return params;
}

/* ---- claim ---- */

static json_t *shown_again(struct session *session, const char *id)
{
	json_t *params = json_object();
	json_object_set_new(params, "id", json_string(id));
	return session_call(session, "show", params, CLIENT_READS);
}

/* Is the claim decided, for the one or the other? */
static bool is_decided(const json_t *object)
{
	return !json_is_object(json_object_get(object, "waiting_for"));
}

/* Waits as long as the giver's node is there and may answer. Takes `object`; NULL:
 * session->failure. */
static json_t *award_wait(struct session *session, json_t *object)
{
	const struct timespec nap = { .tv_nsec = POLL_MS * 1000000L };
	bool first = strcmp(doc_text(object, "claims"), "pick") != 0;
	for (int waited_ms = 0; first && !is_decided(object) && waited_ms < AWARD_WAIT_MS;
	     waited_ms += POLL_MS) {
		if (!doc_true(json_object_get(object, "waiting_for"), "online"))
			break;
		char *id = strdup(doc_text(object, "id"));
		nanosleep(&nap, NULL);
		json_decref(object);
		object = shown_again(session, id);
		free(id);
		if (!object)
			return NULL;
	}
	return object;
}

/* The contact card, on one line. */
static void sealed_print(const struct session *session, const json_t *object)
{
	static const char *const keys[] = { "name",    "phone",  "email", "best_time",
		                            "company", "domain", "siren" };
	const json_t *sealed = json_object_get(object, "sealed");
	if (!json_is_object(sealed))
		return;
	printf("  ");
	for (size_t i = 0, shown = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		char *text = show_clean(doc_text(sealed, keys[i]));
		if (*text != '\0')
			printf("%s%s", shown++ > 0 ? " · " : "", text);
		free(text);
	}
	printf("%s\n", doc_true(object, "told") ? _(" · knows you will call (told: yes)") : "");
	(void)session;
}

static void claim_print(const struct session *session, const json_t *object)
{
	const json_t *waiting = json_object_get(object, "waiting_for");
	const json_t *award = json_object_get(object, "award");
	if (json_is_object(waiting)) {
		char *name = show_clean(doc_text(waiting, "name"));
		struct times_text since = times_moment(doc_text(waiting, "since"));
		bool online = doc_true(waiting, "online");
		if (online)
			printf(_("Claimed. Waiting for %s to award it.\n"), name);
		else if (*since.text != '\0')
			printf(_("Claimed. Waiting for %s (offline since %s).\n"), name,
			       since.text);
		else
			printf(_("Claimed. Waiting for %s (offline).\n"), name);
		free(name);
		return;
	}
	struct times_text due = times_moment(doc_text(award, "first_contact_due"));
	fputs(_("Claimed, and awarded to you.\n"), stdout);
	sealed_print(session, object);
	printf(_("  First contact due %s.\n"), due.text);
	fputs(_("  In your calendar: tuyau calendar\n"), stdout);
}

static int taken_fail(struct session *session, const json_t *object)
{
	char *to = show_clean(doc_text(json_object_get(object, "award"), "to"));
	errors_set(&session->failure, EXIT_CONFLICT, "T-CLAIM-TAKEN", "tuyau inbox",
	           "%s was awarded to %s.", doc_text(object, "short"), to);
	free(to);
	return -1;
}

static int claim_run(struct session *session)
{
	json_t *params = act_params(session);
	if (!params)
		return -1;
	if (session->options.word_count > 1 &&
	    options_words_put(&session->options, 1, "The note", params, "note",
	                      &session->failure) != 0) {
		json_decref(params);
		return -1;
	}
	json_t *object = act(session, "claim", params);
	object = object ? award_wait(session, object) : NULL;
	if (!object)
		return -1;
	int result = 0;
	bool taken = is_decided(object) && !object_has_next(object, "done") &&
	             !object_has_next(object, "thank");
	if (taken)
		result = taken_fail(session, object);
	else if (!session_document_print(session, object, "id"))
		claim_print(session, object);
	json_decref(object);
	return result;
}

/* ---- award, done, give-back, pass ---- */

static int award_run(struct session *session)
{
	json_t *params = act_params(session);
	if (params && session->options.word_count > 1 &&
	    options_words_put(&session->options, 1, "The member", params, "member",
	                      &session->failure) != 0) {
		json_decref(params);
		return -1;
	}
	return act_run(session, "award", params, "its card is on the way");
}

static const struct option_rule done_rules[] = {
	{ 0, "contacted", NULL, NULL, OPTION_FLAG, "the first contact was made" },
	{ 0, "meeting", NULL, NULL, OPTION_FLAG, "a meeting is fixed" },
	{ 0, "quoted", NULL, NULL, OPTION_FLAG, "an offer was made" },
	{ 0, "won", NULL, NULL, OPTION_FLAG, "it became business" },
	{ 0, "lost", NULL, NULL, OPTION_FLAG, "it did not" },
	{ 0, "no-answer", NULL, NULL, OPTION_FLAG, "nobody answered" },
	{ 0, "not-a-fit", NULL, NULL, OPTION_FLAG, "it does not fit" },
	{ 0, "asked", NULL, NULL, OPTION_FLAG, "an answer: the target was asked" },
	{ 0, "agreed", NULL, NULL, OPTION_FLAG, "an answer: the target agreed" },
	{ 0, "refused", NULL, NULL, OPTION_FLAG,
	  "an answer: the target said no; only you know, the asker sees it lapse" },
	{ 0, "introduced", NULL, NULL, OPTION_FLAG, "and is introduced" },
	{ 0, "met", NULL, NULL, OPTION_FLAG, "they met" },
	{ 0, "done", NULL, NULL, OPTION_FLAG, "an answer: done" },
	{ 0, "amount", "N|BAND", "amount", OPTION_TEXT,
	  "what it brought: 8000, or 0-1k, 1-5k, 5-20k, 20-100k, 100k+;\n"
	  "                         only the giver sees it" },
	{ 0, "currency", "EUR", "currency", OPTION_TEXT, "of the amount" },
	{ 0, "because", "CODE", "reason", OPTION_TEXT,
	  "why: too-dear, too-late, competitor, no-budget, postponed, ..." },
	{ 0, "replace", NULL, NULL, OPTION_FLAG, "in the place of what was recorded" },
	{ 0, "with", "MEMBER", NULL, OPTION_TEXT, "your ask: whose answer got so far" },
};
#define STEP_RULES 13

static int done_run(struct session *session)
{
	const char *step = NULL;
	const char *with = options_value(&session->options, "with");
	json_t *answer;
	for (size_t i = 0; i < STEP_RULES; i++) {
		if (!options_value(&session->options, done_rules[i].name))
			continue;
		if (step)
			return session_usage_error(session, "One step at a time: --%s or --%s.",
			                           step, done_rules[i].name);
		step = done_rules[i].name;
	}
	if (!step)
		return session_usage_error(session, "How far did it get? --contacted, --meeting, "
		                                    "--quoted, --won, --lost, --no-answer or "
		                                    "--not-a-fit.");
	json_t *params = act_fields(session, "text");
	if (params)
		json_object_set_new(params, "step", json_string(step));
	params = flag_take(session, "replace", params, "replace");
	if (params && with && options_string(with, "--with", &answer, &session->failure) != 0) {
		json_decref(params);
		return -1;
	}
	if (params && with)
		json_object_set_new(params, "answer", answer);
	return act_run(session, "done", params,
	               strcmp(step, "refused") == 0 ? "only you know" : "the other one sees it");
}

static const struct option_rule because_rules[] = {
	{ 0, "because", "CODE", "reason", OPTION_TEXT,
	  "why: no-time, not-mine, too-far, too-small, too-late, conflict,\n"
	  "                         or a word of your own (40 bytes)" },
};

static int give_back_run(struct session *session)
{
	return act_run(session, "give_back", act_fields(session, "text"),
	               "given back: it is open again");
}

static int pass_run(struct session *session)
{
	return act_run(session, "pass", act_fields(session, "text"), "passed");
}

/* ---- withdraw, undo ---- */

static int taken_back_say(struct session *session, json_t *answer)
{
	const json_t *delivery = json_object_get(answer, "delivery");
	if (!session_document_print(session, answer, "id")) {
		printf("%.4s%s%s\n", doc_text(answer, "id"), session->term.screen ? "  " : "\t",
		       doc_text(answer, "state"));
		fprintf(stderr, _("Erased here. %lld of %lld peers had it; they erase it too.\n"),
		        doc_number(delivery, "have_it", 0), doc_number(delivery, "peers", 0));
	}
	json_decref(answer);
	return 0;
}

static int withdraw_run(struct session *session)
{
	json_t *params = act_params(session);
	json_t *answer = params ? session_call(session, "withdraw", params, CLIENT_WRITES) : NULL;
	return answer ? taken_back_say(session, answer) : -1;
}

static int undo_run(struct session *session)
{
	json_t *answer = session_call(session, "undo", json_object(), CLIENT_WRITES);
	return answer ? taken_back_say(session, answer) : -1;
}

/* ---- thank ---- */

static const struct option_rule thank_rules[] = {
	{ 0, "share", NULL, NULL, OPTION_FLAG, "the whole circle sees it" },
	{ 0, "back", NULL, NULL, OPTION_FLAG, "you're welcome" },
};

static int thank_run(struct session *session)
{
	json_t *params = act_params(session);
	if (params && session->options.word_count > 1 &&
	    options_words_put(&session->options, 1, "The text", params, "text",
	                      &session->failure) != 0) {
		json_decref(params);
		return -1;
	}
	params = flag_take(session, "share", params, "share");
	params = flag_take(session, "back", params, "back");
	return act_run(session, "thank", params, "thanked");
}

/* ---- answers ---- */

static const struct option_rule answer_rules[] = {
	{ 0, "relay", NULL, NULL, OPTION_FLAG, "I can pass it on to somebody who knows" },
	{ 0, "call", NULL, NULL, OPTION_FLAG, "vouch: I will call them" },
	{ 0, "intro", NULL, NULL, OPTION_FLAG, "I can introduce you" },
	{ 0, "me", NULL, NULL, OPTION_FLAG, "I do that myself" },
	{ 0, "moved", "COMPANY", "company", OPTION_TEXT, "where he is now" },
	{ 0, "as-of", "DATE", "as_of", OPTION_TEXT, "since when you know it" },
	{ 0, "who", "NAME", "name", OPTION_TEXT, "the person (with --told)" },
	{ 0, "role", "ROLE", "role", OPTION_TEXT, "his role" },
	{ 0, "phone", "PHONE", "phone", OPTION_TEXT, "sealed to the asker (with --told)" },
	{ 0, "email", "EMAIL", "email", OPTION_TEXT, "sealed to the asker (with --told)" },
	{ 0, "strength", "1..3", "strength", OPTION_NUMBER,
	  "1 met, 2 worked with, 3 would take my call today" },
	{ 0, "told", NULL, "told", OPTION_FLAG, "the person knows" },
	{ 0, "no", NULL, NULL, OPTION_FLAG, "nobody learns it; the ask leaves your inbox" },
};

static int answer_run(struct session *session)
{
	static const char *const hows[] = { "relay", "intro", "me", "moved", "call" };
	json_t *params = act_fields(session, "text");
	if (!params)
		return -1;
	if (options_value(&session->options, "no")) {
		json_object_del(params, "fields");
		return act_run(session, "pass", params, "nobody learns it");
	}
	json_t *fields = json_object_get(params, "fields");
	for (size_t i = 0; i < sizeof(hows) / sizeof(hows[0]); i++)
		if (options_value(&session->options, hows[i]))
			json_object_set_new(fields, "how", json_string(hows[i]));
	if (json_object_size(fields) == 0) {
		json_decref(params);
		return session_usage_error(session, "What do you answer?");
	}
	return act_run(session, "answer", params, "sealed to the asker");
}

static int accept_run(struct session *session)
{
	json_t *params = act_params(session);
	if (params && session->options.word_count > 1 &&
	    options_words_put(&session->options, 1, "The answer", params, "answer",
	                      &session->failure) != 0) {
		json_decref(params);
		return -1;
	}
	return act_run(session, "accept", params, "accepted");
}

static int solved_run(struct session *session)
{
	return act_run(session, "solved", act_params(session), "the circle sees it");
}

#define RULES(table) .rules = (table), .rule_count = sizeof(table) / sizeof((table)[0])

const struct command cmd_claim = {
	.name = "claim",
	.alias = "prends",
	.usage = "claim [ID] [NOTE]",
	.summary = "take a tip; its contact card comes with the award",
	.examples = "  tuyau claim 7KQ2 \"I call this afternoon\"\n",
	.words = COMMAND_WORDS,
	.run = claim_run,
};
const struct command cmd_award = {
	.name = "award",
	.alias = "attribue",
	.usage = "award [ID] [MEMBER]",
	.summary = "give your tip to one of those who claimed it",
	.examples = "  tuyau award 7KQ2 alice\n"
		    "  tuyau award 7KQ2                 # only one waits\n",
	.words = COMMAND_WORDS,
	.run = award_run,
};
const struct command cmd_done = {
	.name = "done",
	.alias = "fait",
	.usage = "done [ID] --contacted|--meeting|--quoted|--won|--lost|--no-answer|--not-a-fit "
		 "[--amount N|BAND]",
	.summary = "say how far you got with what was awarded to you",
	.examples = "  tuyau done 7KQ2 --contacted\n"
		    "  tuyau done 7KQ2 --won --amount 8000\n"
		    "  tuyau done 7KQ2 --lost --because too-dear --replace\n"
		    "  tuyau done C3WN --introduced             # an answer that was accepted\n"
		    "  tuyau done C3WN --met --with chloe       # your ask, and who was accepted\n",
	RULES(done_rules),
	.words = COMMAND_WORDS,
	.run = done_run,
};
const struct command cmd_give_back = {
	.name = "give-back",
	.alias = "rends",
	.usage = "give-back [ID] [--because CODE] [TEXT]",
	.summary = "give a tip back that was awarded to you",
	.examples = "  tuyau give-back 7KQ2 --because no-time\n",
	RULES(because_rules),
	.words = COMMAND_WORDS,
	.run = give_back_run,
};
const struct command cmd_pass = {
	.name = "pass",
	.alias = "passe",
	.usage = "pass [ID] [--because CODE] [TEXT]",
	.summary = "not for you: it leaves your inbox; with a reason the giver learns it",
	.examples = "  tuyau pass 7KQ2\n  tuyau pass 7KQ2 --because too-far\n",
	RULES(because_rules),
	.words = COMMAND_WORDS,
	.run = pass_run,
};
const struct command cmd_withdraw = {
	.name = "withdraw",
	.alias = "retire",
	.usage = "withdraw [ID]",
	.summary = "take back what you gave or asked, or your claim, and erase it everywhere",
	.examples = "  tuyau withdraw 7KQ2\n",
	.words = COMMAND_WORDS,
	.run = withdraw_run,
};
const struct command cmd_undo = {
	.name = "undo",
	.alias = "annule",
	.usage = "undo",
	.summary = "withdraw what you gave in the last minute",
	.examples = "  tuyau undo\n",
	.words = COMMAND_NO_WORDS,
	.run = undo_run,
};
const struct command cmd_thank = {
	.name = "thank",
	.alias = "merci",
	.usage = "thank [ID] [TEXT] [--share] [--back]",
	.summary = "thank whom you owe it",
	.examples = "  tuyau thank 7KQ2 \"They signed!\" --share\n",
	RULES(thank_rules),
	.words = COMMAND_WORDS,
	.run = thank_run,
};
const struct command cmd_answer = {
	.name = "answer",
	.alias = "réponds",
	.usage = "answer [ID] [--relay|--moved COMPANY --as-of DATE|--intro|--me|--call|--no] "
		 "[TEXT]",
	.summary = "answer an ask; only the asker reads it",
	.examples = "  tuyau answer C3WN --intro \"I know her well\"\n"
		    "  tuyau answer C3WN --moved \"Truc SA\" --as-of 2026-01\n"
		    "  tuyau answer C3WN --no           # nobody learns it\n",
	RULES(answer_rules),
	.words = COMMAND_WORDS,
	.run = answer_run,
};
const struct command cmd_accept = {
	.name = "accept",
	.alias = "accepte",
	.usage = "accept [ID] [MEMBER]",
	.summary = "accept an answer to your ask",
	.examples = "  tuyau accept C3WN chloe\n",
	.words = COMMAND_WORDS,
	.run = accept_run,
};
const struct command cmd_solved = {
	.name = "solved",
	.alias = "résolu",
	.usage = "solved [ID]",
	.summary = "your ask needs no more answers",
	.examples = "  tuyau solved C3WN\n",
	.words = COMMAND_WORDS,
	.run = solved_run,
};
