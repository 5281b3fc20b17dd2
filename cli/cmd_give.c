/* tip and ask: what is given to the circle, and how far it went. */
#include "../proto/record.h"
#include "../proto/text.h"
#include "commands.h"
#include "form.h"
#include "last.h"
#include "object.h"
#include "times.h"
#include "words.h"
#include <stdlib.h>
#include <string.h>

#define POLL_MS   100   /* between two looks at how far it went */
#define WAIT_MS   30000 /* --wait gives up */
#define GLANCE_MS 400   /* a person at a terminal waits this long for "4 of 5 peers have it" */

static const struct option_rule tip_rules[] = {
	{ 'c', "company", "NAME", "company", OPTION_TEXT, "at which company" },
	{ 0, "need", "TEXT|-", "need", OPTION_INPUT, "what they need; - reads it" },
	{ 0, "role", "ROLE", "role", OPTION_TEXT, "whom to speak to, without a name" },
	{ 'w', "warm", "0..5", "warmth", OPTION_WARMTH,
	  "1 they know I gave you their name, 2 I sent them something,\n"
	  "3 I spoke for you, 4 I arranged the call, 5 I will be there" },
	{ 0, "link", "LINK", "link", OPTION_TEXT, "client, colleague, friend, supplier or heard" },
	{ 0, "for", "MEMBER", "for", OPTION_TEXT, "for one member (or @SEAT)" },
	{ 't', "tag", "TAG", "tags", OPTION_LIST, "a word to find it by; up to 8 times" },
	{ 0, "budget", "BAND", "budget", OPTION_TEXT, "0-1k, 1-5k, 5-20k, 20-100k or 100k+" },
	{ 0, "when", "WHEN", "when", OPTION_TEXT, "2026-03, spring, ..." },
	{ 0, "place", "PLACE", "place", OPTION_TEXT, "where" },
	{ 0, "sector", "SECTOR", "sector", OPTION_TEXT, "their line of business" },
	{ 0, "life", "30d", NULL, OPTION_TEXT, "how long it stays open (default 30d, most 90d)" },
	{ 0, "claims", "HOW", "claims", OPTION_TEXT, "first (default), pick or many" },
	{ 0, "reward", "TEXT", "reward", OPTION_TEXT, "what it is worth to the giver" },
	{ 0, "lang", "CODE", "lang", OPTION_TEXT, "its language: fr, en" },
	{ 0, "told", NULL, "told", OPTION_FLAG, "the person knows" },
	{ 0, "who", "NAME", "name", OPTION_TEXT,
	  "whom to call: sealed to the one it is awarded to (with --told)" },
	{ 0, "phone", "PHONE", "phone", OPTION_TEXT, "sealed with it" },
	{ 0, "email", "EMAIL", "email", OPTION_TEXT, "sealed with it" },
	{ 0, "best-time", "WHEN", "best_time", OPTION_TEXT, "when to call; sealed with it" },
	{ 0, "hide-company", NULL, "hide_company", OPTION_FLAG,
	  "the company is sealed too: give --sector, --size, --place" },
	{ 0, "size", "SIZE", "size", OPTION_TEXT, "of the company: 50-250 people" },
	{ 0, "why-private", "TEXT", "why_private", OPTION_TEXT,
	  "a note to yourself that never leaves this machine" },
	{ 'e', "edit", NULL, NULL, OPTION_FLAG, "fill in a form, in $EDITOR" },
};

static const struct option_rule ask_rules[] = {
	{ 'c', "company", "NAME", "company", OPTION_TEXT, "at which company" },
	{ 0, "role", "ROLE", "role", OPTION_TEXT, "the role you look for" },
	{ 0, "blurb", "TEXT|-", "blurb", OPTION_INPUT, "a text to pass on; - reads it" },
	{ 't', "tag", "TAG", "tags", OPTION_LIST, "a word to find it by; up to 8 times" },
	{ 0, "until", "DATE", NULL, OPTION_TEXT, "2026-03-01, or 14d from now" },
	{ 0, "place", "PLACE", "place", OPTION_TEXT, "where" },
	{ 0, "skills", "TEXT", "skills", OPTION_TEXT, "what he must know" },
	{ 0, "person", "NAME", "person", OPTION_TEXT, "news: about whom (the circle sees it)" },
	{ 0, "why", "TEXT", "why", OPTION_TEXT, "the reason" },
	{ 0, "for", "MEMBER", "for", OPTION_TEXT, "for one member (or @SEAT)" },
	{ 0, "budget", "BAND", "budget", OPTION_TEXT, "0-1k, 1-5k, 5-20k, 20-100k or 100k+" },
	{ 0, "when", "WHEN", "when", OPTION_TEXT, "2026-03, spring, ..." },
	{ 0, "lang", "CODE", "lang", OPTION_TEXT, "its language: fr, en" },
	{ 0, "to", "MEMBER", "to", OPTION_LIST,
	  "sealed to this member, and to no one else; up to 8 times" },
	{ 0, "hide-count", NULL, "hide_count", OPTION_FLAG,
	  "the circle does not see how many answered" },
	{ 0, "private", NULL, NULL, OPTION_LATER, NULL },
	{ 0, "to-those", NULL, NULL, OPTION_LATER, NULL },
};

/* ---- how far it went ---- */

/* How long to wait, and for how many; -1: for all who are online. */
struct waiting {
	long long wanted;
	int limit_ms;
};

/* Whether enough peers have it. With nobody online at least one must come. */
static bool delivered(const struct waiting *waiting, const json_t *delivery)
{
	long long peers = doc_number(delivery, "peers", 0);
	long long wanted = doc_number(delivery, "online", 0);
	if (waiting->wanted >= 0)
		wanted = waiting->wanted;
	else if (wanted == 0)
		wanted = 1;
	if (wanted > peers)
		wanted = peers;
	return doc_number(delivery, "have_it", 0) >= wanted;
}

/* Whether nobody is there and nobody is being called: then waiting is of no use. */
static bool nobody_comes(const json_t *delivery)
{
	return doc_number(delivery, "online", 0) == 0 && doc_number(delivery, "calling", 0) == 0;
}

/* Asks until enough peers have the object, nobody can be reached or the time is over. The last
 * answer, the caller's; NULL: session->failure. */
static json_t *delivery_wait(struct session *session, const char *id, const struct waiting *waiting)
{
	const struct timespec nap = { .tv_nsec = POLL_MS * 1000000L };
	for (int waited_ms = 0;; waited_ms += POLL_MS) {
		json_t *params = json_object();
		json_object_set_new(params, "id", json_string(id));
		json_t *answer = session_call(session, "delivery", params, CLIENT_READS);
		if (!answer)
			return NULL;
		if (delivered(waiting, answer) || nobody_comes(answer) ||
		    waited_ms >= waiting->limit_ms)
			return answer;
		json_decref(answer);
		nanosleep(&nap, NULL);
	}
}

static int undelivered(struct session *session, const char *id, const json_t *delivery)
{
	struct failure *failure = &session->failure;
	const json_t *last = json_object_get(delivery, "last_seen");
	struct times_text ago = times_ago(doc_text(last, "at"), session->now);
	bool nobody = doc_number(delivery, "online", 0) == 0;
	if (nobody && *ago.text != '\0')
		errors_set(failure, EXIT_UNDELIVERED, "T-UNDELIVERED", "tuyau status",
		           "Saved. Nobody else is online (last: %.100s, %s). It will go by itself.",
		           doc_text(last, "name"), ago.text);
	else if (nobody)
		errors_set(failure, EXIT_UNDELIVERED, "T-UNDELIVERED", "tuyau status",
		           "Saved. Nobody else is online. It will go by itself.");
	else
		errors_set(failure, EXIT_UNDELIVERED, "T-UNDELIVERED", "tuyau status",
		           "Saved, %lld of %lld peers have it, %lld online. It will go by itself.",
		           doc_number(delivery, "have_it", 0), doc_number(delivery, "peers", 0),
		           doc_number(delivery, "online", 0));
	snprintf(failure->id, sizeof(failure->id), "%.16s", id);
	return -1;
}

/* With --wait until it is there, at a terminal a glance. 0; 1: it is not (--wait only), to be said
 * when the object has been shown; -1: session->failure. Puts the newest numbers into `object`. */
static int delivery_follow(struct session *session, json_t *object)
{
	int wait = session->options.wait;
	struct waiting waiting = { .wanted = wait, .limit_ms = WAIT_MS };
	if (wait == OPTIONS_WAIT_NONE) {
		waiting = (struct waiting){ .wanted = -1, .limit_ms = GLANCE_MS };
		if (!session->term.screen || !session_talks(session))
			return 0;
	} else if (wait == OPTIONS_WAIT_ALL) {
		waiting.wanted = -1;
	}
	json_t *delivery = delivery_wait(session, doc_text(object, "id"), &waiting);
	if (!delivery)
		return wait == OPTIONS_WAIT_NONE ? 0 : -1;
	json_t *shown = json_object();
	json_object_set(shown, "peers", json_object_get(delivery, "peers"));
	json_object_set(shown, "have_it", json_object_get(delivery, "have_it"));
	json_object_set_new(object, "delivery", shown);
	int missing = wait != OPTIONS_WAIT_NONE && !delivered(&waiting, delivery);
	if (missing)
		undelivered(session, doc_text(object, "id"), delivery);
	json_decref(delivery);
	return missing;
}

/* ---- what is said ---- */

/* "7KQ2  open until 11 Feb · circle sees: title, company, role" */
static void given_print(const struct session *session, const json_t *object)
{
	const struct show_term *term = &session->term;
	const char *expires = doc_text(object, "expires");
	struct times_text day = times_day(expires, session->now);
	char *sees = object_sees(object);
	char *to = object_list(object, "to");
	char *shown = show_clean(to);
	if (term->screen && *to != '\0') {
		printf(_("%s%s%s  open, sealed to %s: %s\n"), show_on(term, SHOW_BOLD),
		       doc_text(object, "short"), show_off(term, SHOW_BOLD), shown, sees);
	} else if (term->screen) {
		printf("%s%s%s  ", show_on(term, SHOW_BOLD), doc_text(object, "short"),
		       show_off(term, SHOW_BOLD));
		if (*day.text != '\0')
			printf(_("open until %s"), day.text);
		else
			fputs(_("open"), stdout);
		printf(_(" · circle sees: %s\n"), sees);
	} else {
		printf("%s\t%s\t%s\t%s\n", doc_text(object, "id"), doc_text(object, "state"),
		       expires, sees);
	}
	free(shown);
	free(to);
	free(sees);
}

static void saved_say(const json_t *object)
{
	const json_t *delivery = json_object_get(object, "delivery");
	long long peers = doc_number(delivery, "peers", 0);
	if (peers == 0)
		fputs(_("Saved. Nobody else is in this circle yet: tuyau invite NAME\n"), stderr);
	else
		fprintf(stderr, _("Saved, %lld of %lld peers have it.\n"),
		        doc_number(delivery, "have_it", 0), peers);
}

/* Sends a tip or an ask and says what became of it. Takes `params`. */
static int give(struct session *session, const char *method, json_t *params)
{
	json_t *object = session_call(session, method, params, CLIENT_WRITES);
	if (!object)
		return -1;
	last_keep(&session->client.paths, doc_text(object, "id"));
	int result = delivery_follow(session, object);
	if (result < 0) { /* it is saved all the same */
		snprintf(session->failure.id, sizeof(session->failure.id), "%.16s",
		         doc_text(object, "id"));
	}
	if (result != 0 && session->options.json) {
		json_decref(object);
		return -1;
	}
	if (!session_document_print(session, object, "id")) {
		given_print(session, object);
		fflush(stdout);
		if (result == 0)
			saved_say(object);
	}
	json_decref(object);
	return result != 0 ? -1 : 0;
}

/* ---- tip ---- */

/* Params with "fields" of the options; NULL: session->failure. */
static json_t *given_params(struct session *session, json_t **fields)
{
	json_t *params = session_params(session);
	if (!params)
		return NULL;
	*fields = json_object();
	json_object_set_new(params, "fields", *fields);
	if (options_fields(&session->options, *fields, &session->failure) == 0)
		return params;
	json_decref(params);
	return NULL;
}

static int life_set(struct session *session, json_t *params)
{
	const char *life = options_value(&session->options, "life");
	int64_t life_s = life ? times_span_parse(life) : 0;
	if (life_s < 0)
		return session_usage_error(session, "\"--life %s\": 30d, 2w, 12h.", life);
	if (life)
		json_object_set_new(params, "life_s", json_integer(life_s));
	return 0;
}

/* Moves what is not for the circle out of `fields`. */
static void private_move(json_t *params, json_t *fields)
{
	static const char *const keys[] = { "name", "phone", "email", "best_time" };
	json_t *card = json_object();
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		json_t *value = json_object_get(fields, keys[i]);
		if (value)
			json_object_set(card, keys[i], value);
		json_object_del(fields, keys[i]);
	}
	if (json_object_size(card) > 0)
		json_object_set(params, "card", card);
	json_decref(card);
	static const char *const beside[] = { "hide_company", "why_private" };
	for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]); i++) {
		json_t *value = json_object_get(fields, beside[i]);
		if (value)
			json_object_set(params, beside[i], value);
		json_object_del(fields, beside[i]);
	}
}

/* Product 1.1: the circle reads the need, so it must not name the person. */
static void name_warn(const struct session *session, const json_t *params, const json_t *fields)
{
	const char *name = doc_text(json_object_get(params, "card"), "name");
	if (*name != '\0' && session_talks(session) &&
	    (strcasestr(doc_text(fields, "title"), name) ||
	     strcasestr(doc_text(fields, "text"), name)))
		fputs(_("Careful: the circle sees the name in what you wrote: tuyau undo\n"),
		      stderr);
}

/* The fields as a form. --need is `need` or `text`; the form says `text`. */
static int form_fill(struct session *session, json_t *fields)
{
	json_t *need = json_object_get(fields, "need");
	if (need)
		json_object_set(fields, "text", need);
	json_object_del(fields, "need");
	return form_edit(&form_tip, NULL, fields, &session->failure);
}

static int tip_run(struct session *session)
{
	json_t *fields;
	bool edited = options_value(&session->options, "edit") != NULL;
	if (!edited && (session->options.word_count == 0 || session->options.words[0][0] == '\0'))
		return session_usage_error(session,
		                           "A tip needs a title: what is wanted, in a line.");
	json_t *params = given_params(session, &fields);
	if (!params)
		return -1;
	if (options_words_put(&session->options, 0, "The title", fields, "title",
	                      &session->failure) != 0 ||
	    (edited && form_fill(session, fields) != 0) || life_set(session, params) != 0) {
		json_decref(params);
		return -1;
	}
	private_move(params, fields);
	name_warn(session, params, fields);
	return give(session, "tip", params);
}

/* ---- edit ---- */

static const struct option_rule edit_rules[] = {
	{ 0, "title", "TEXT", "title", OPTION_TEXT, "a tip's title" },
	{ 'c', "company", "NAME", "company", OPTION_TEXT, "at which company" },
	{ 0, "need", "TEXT|-", "text", OPTION_INPUT, "what they need; of an ask: what you ask" },
	{ 0, "role", "ROLE", "role", OPTION_TEXT, "whom to speak to" },
	{ 'w', "warm", "0..5", "warmth", OPTION_WARMTH, "how warm it is" },
	{ 't', "tag", "TAG", "tags", OPTION_LIST, "all its tags anew" },
	{ 0, "budget", "BAND", "budget", OPTION_TEXT, "0-1k, 1-5k, 5-20k, 20-100k or 100k+" },
	{ 0, "when", "WHEN", "when", OPTION_TEXT, "2026-03, spring, ..." },
	{ 0, "place", "PLACE", "place", OPTION_TEXT, "where" },
};

static int edit_run(struct session *session)
{
	json_t *fields = json_object();
	json_t *id = session_id_read(session, SESSION_ONE_WORD);
	if (!id || options_fields(&session->options, fields, &session->failure) != 0) {
		json_decref(id);
		json_decref(fields);
		return -1;
	}
	json_t *params = json_object();
	json_object_set_new(params, "id", id);
	json_object_set_new(params, "fields", fields);
	if (json_object_size(fields) == 0) {
		json_decref(params);
		return session_usage_error(session, "What is to be said otherwise?");
	}
	return give(session, "edit", params);
}

/* ---- ask ---- */

static int kind_check(struct session *session)
{
	const struct options *options = &session->options;
	if (options->word_count == 0)
		return session_usage_error(session,
		                           "Which kind: profile, intro, vouch, news or supplier?");
	if (tuy_ask_named(tuy_text_bytes(options->words[0])) == 0)
		return session_usage_error(session,
		                           "\"%s\" is no kind of ask: profile, intro, vouch, news "
		                           "or supplier.",
		                           options->words[0]);
	if (options->word_count == 1 || options->words[1][0] == '\0')
		return session_usage_error(session, "What do you ask, in a sentence or two?");
	return 0;
}

static int text_set(struct session *session, json_t *fields)
{
	const struct options *options = &session->options;
	json_t *string;
	if (options->word_count != 2 || strcmp(options->words[1], "-") != 0)
		return options_words_put(options, 1, "The text", fields, "text", &session->failure);
	char *text = options_input_read(&session->failure);
	int result = text ? options_string(text, "The text", &string, &session->failure) : -1;
	free(text);
	if (result == 0)
		json_object_set_new(fields, "text", string);
	return result;
}

/* Product 1.2: a name that the circle sees: "therefore warn, propose `--to` two members instead" */
static void news_warn(const struct session *session, const json_t *params)
{
	if (strcmp(session->options.words[0], "news") == 0 && !json_object_get(params, "to") &&
	    session_talks(session))
		fputs(_("Careful: the circle sees about whom you ask. For two friends only: tuyau "
		        "undo, then tuyau ask news TEXT --to MEMBER --to MEMBER\n"),
		      stderr);
}

static int ask_run(struct session *session)
{
	json_t *fields;
	if (kind_check(session) != 0)
		return -1;
	json_t *params = given_params(session, &fields);
	if (!params)
		return -1;
	json_object_set_new(fields, "ask", json_string(session->options.words[0]));
	json_t *to = json_object_get(fields, "to");
	if (to)
		json_object_set(params, "to", to);
	json_object_del(fields, "to");
	news_warn(session, params);
	if (text_set(session, fields) != 0 || session_until_put(session, params) != 0) {
		json_decref(params);
		return -1;
	}
	return give(session, "ask", params);
}

const struct command cmd_tip = {
	.name = "tip",
	.alias = "donne",
	.usage =
		"tip TITLE [-c COMPANY] [--need TEXT|-] [--role ROLE] [--warm 0..5] [--tag TAG]...",
	.summary = "give a tip to the circle",
	.examples =
		"  tuyau tip \"Wi-Fi à refaire, 3 entrepôts\" -c \"Laiterie du Val d'Oust\" \\\n"
		"      --role \"resp. logistique\" --warm 3 --tag wifi\n"
		"  tuyau tip -e\n"
		"  tuyau tip \"Payroll tender in March\" -c \"Halden Freight\" --need - < "
		"mail.txt\n",
	.rules = tip_rules,
	.rule_count = sizeof(tip_rules) / sizeof(tip_rules[0]),
	.words = COMMAND_WORDS,
	.run = tip_run,
};

const struct command cmd_edit = {
	.name = "edit",
	.alias = "modifie",
	.usage = "edit [ID] [--title TEXT] [--need TEXT|-] [-c COMPANY] [--warm 0..5] ...",
	.summary = "say otherwise what you gave or asked, while it is open",
	.examples = "  tuyau edit 7KQ2 --warm 4\n",
	.rules = edit_rules,
	.rule_count = sizeof(edit_rules) / sizeof(edit_rules[0]),
	.words = COMMAND_WORDS,
	.run = edit_run,
};

const struct command cmd_ask = {
	.name = "ask",
	.alias = "demande",
	.usage = "ask profile|intro|vouch|news|supplier TEXT|- [-c COMPANY] [--blurb TEXT|-] "
		 "[--until DATE] [--tag TAG]... [--to MEMBER]... [--hide-count]",
	.summary = "ask the circle",
	.examples = "  tuyau ask intro \"Whoever buys at Verrerie Saint-Clair\" "
		    "-c \"Verrerie Saint-Clair\"\n"
		    "  tuyau ask profile \"Java developer, two years, Rennes\" --until 2026-03-01\n"
		    "  tuyau ask news \"Is Paul Martin still at Truc?\" --to alice --to bruno\n",
	.rules = ask_rules,
	.rule_count = sizeof(ask_rules) / sizeof(ask_rules[0]),
	.words = COMMAND_WORDS,
	.run = ask_run,
};
