/* watch: standing searches. */
#include "commands.h"
#include "memory.h"
#include "query.h"
#include "times.h"
#include "words.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct option_rule watch_rules[] = {
	{ 0, "digest", NULL, "digest", OPTION_FLAG,
	  "add: no event, only the inbox and the digest" },
	{ 0, "until", "DATE", NULL, OPTION_TEXT, "mute: 2026-03-01, or 14d from now" },
	{ 'n', "limit", "N", "limit", OPTION_NUMBER, "test: at most N" },
};

static const struct show_column columns[] = {
	{ "N", SHOW_RIGHT, SHOW_BOLD },     { "QUERY", SHOW_FLEX, SHOW_PLAIN },
	{ "HITS", SHOW_RIGHT, SHOW_PLAIN }, { "LAST", SHOW_FIXED, SHOW_DIM },
	{ "HOW", SHOW_FIXED, SHOW_DIM },    { "CIRCLE", SHOW_FIXED, SHOW_DIM },
};
#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

/* For programs: the numbers of a watch or of several (-q), or the document. 1: it was. */
static int document_print(const struct session *session, const json_t *document)
{
	const struct options *options = &session->options;
	if (options->json || !options->quiet)
		return session_document_print(session, document, "number");
	if (!json_is_array(document))
		printf("%lld\n", doc_number(document, "number", 0));
	for (size_t i = 0; i < json_array_size(document); i++)
		printf("%lld\n", doc_number(json_array_get(document, i), "number", 0));
	return 1;
}

static int watch_add(struct session *session)
{
	if (session->options.word_count < 2)
		return session_usage_error(session, "Watch for which words?");
	json_t *params = session_params(session);
	if (!params || options_fields(&session->options, params, &session->failure) != 0 ||
	    query_put(session, 1, params) != 0) {
		json_decref(params);
		return -1;
	}
	json_t *watch = session_call(session, "watch_add", params, CLIENT_WRITES);
	if (!watch)
		return -1;
	if (!document_print(session, watch)) {
		char *query = show_clean(doc_text(watch, "query"));
		printf(_("Watch %lld: %s\n"), doc_number(watch, "number", 0), query);
		fflush(stdout);
		fputs(_("Only you know of it. What it matches: tuyau\n"), stderr);
		free(query);
	}
	json_decref(watch);
	return 0;
}

static void row_add(const struct session *session, struct show_table *table, const json_t *watch)
{
	char number[24];
	char hits[24];
	const char *last = doc_text(watch, "last_hit");
	struct times_text age = times_age(last, session->now);
	snprintf(number, sizeof(number), "%lld", doc_number(watch, "number", 0));
	snprintf(hits, sizeof(hits), "%lld", doc_number(watch, "hits", 0));
	const char *cells[COLUMNS] = { number,
		                       doc_text(watch, "query"),
		                       hits,
		                       session->term.screen ? age.text : last,
		                       doc_true(watch, "muted") ? "muted"
		                                                : doc_text(watch, "notify"),
		                       doc_text(watch, "circle") };
	show_table_add(table, cells);
}

static int watch_list(struct session *session)
{
	if (session->options.word_count > 1)
		return session_usage_error(session, "\"watch list\" takes nothing more.");
	json_t *watches = session_call(session, "watch_list", json_object(), CLIENT_READS);
	if (!watches)
		return -1;
	if (!document_print(session, watches)) {
		struct show_table table = show_table_make(columns, COLUMNS);
		for (size_t i = 0; i < json_array_size(watches); i++)
			row_add(session, &table, json_array_get(watches, i));
		show_table_print(&table, &session->term, 2, SHOW_HEADER, stdout);
		show_table_free(&table);
		fflush(stdout);
		if (json_array_size(watches) == 0)
			fputs(_("None yet: tuyau watch add wifi\n"), stderr);
	}
	json_decref(watches);
	return 0;
}

/* "number" of the only word behind the verb. The caller's; NULL: session->failure. */
static json_t *number_params(struct session *session)
{
	const char *word = session->options.word_count == 2 ? session->options.words[1] : "";
	char *end;
	errno = 0;
	unsigned long number = strtoul(word, &end, 10);
	if (*word < '1' || *word > '9' || *end != '\0' || errno || number > UINT32_MAX) {
		session_usage_error(session, "Which one? The number is in: tuyau watch list");
		return NULL;
	}
	json_t *params = json_object();
	json_object_set_new(params, "number", json_integer((json_int_t)number));
	return params;
}

static int watch_remove(struct session *session)
{
	json_t *params = number_params(session);
	json_t *gone = params ? session_call(session, "watch_remove", params, CLIENT_WRITES) : NULL;
	if (!gone)
		return -1;
	if (!document_print(session, gone))
		printf(_("Watch %lld removed.\n"), doc_number(gone, "number", 0));
	json_decref(gone);
	return 0;
}

/* Takes `params`. */
static int mute_say(struct session *session, json_t *params)
{
	json_t *watch = session_call(session, "watch_mute", params, CLIENT_WRITES);
	if (!watch)
		return -1;
	long long number = doc_number(watch, "number", 0);
	struct times_text until = times_moment(doc_text(watch, "muted_until"));
	if (document_print(session, watch))
		;
	else if (!doc_true(watch, "muted"))
		printf(_("Watch %lld is no longer muted.\n"), number);
	else if (*until.text != '\0')
		printf(_("Watch %lld is muted until %s.\n"), number, until.text);
	else
		printf(_("Watch %lld is muted: tuyau watch unmute %lld\n"), number, number);
	json_decref(watch);
	return 0;
}

static int watch_mute(struct session *session)
{
	json_t *params = number_params(session);
	if (!params || session_until_put(session, params) != 0) {
		json_decref(params);
		return -1;
	}
	return mute_say(session, params);
}

static int watch_unmute(struct session *session)
{
	json_t *params = number_params(session);
	if (!params)
		return -1;
	json_object_set_new(params, "off", json_true());
	return mute_say(session, params);
}

static int watch_test(struct session *session)
{
	const struct options *options = &session->options;
	if (options->word_count < 2)
		return session_usage_error(session, "Test which words?");
	json_t *params = session_params(session);
	if (!params || options_fields(options, params, &session->failure) != 0 ||
	    query_put(session, 1, params) != 0) {
		json_decref(params);
		return -1;
	}
	json_t *answer = session_call(session, "watch_test", params, CLIENT_READS);
	if (!answer)
		return -1;
	const json_t *objects = json_object_get(answer, "objects");
	if (options->json) {
		session_document_print(session, answer, "schema");
	} else if (!session_document_print(session, objects, "id")) {
		session_found_print(session, objects);
		fflush(stdout);
		if (json_array_size(objects) == 0)
			fputs(_("It would have matched nothing that is here.\n"), stderr);
		else if (doc_true(answer, "more"))
			fputs(_("There are more: --limit N\n"), stderr);
	}
	json_decref(answer);
	return 0;
}

static int watch_run(struct session *session)
{
	static const struct {
		const char *verb;
		const char *alias;
		int (*run)(struct session *session);
	} verbs[] = {
		{ "list", "liste", watch_list },       { "add", "ajoute", watch_add },
		{ "remove", "retire", watch_remove },  { "rm", NULL, watch_remove },
		{ "test", "essaie", watch_test },      { "mute", "silence", watch_mute },
		{ "unmute", "entends", watch_unmute },
	};
	const char *verb = session->options.word_count > 0 ? session->options.words[0] : "list";
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		const char *alias = verbs[i].alias;
		if (strcmp(verb, verbs[i].verb) == 0 || (alias && strcmp(verb, alias) == 0))
			return verbs[i].run(session);
	}
	return session_usage_error(session,
	                           "\"watch %s\": add, test, list, mute, unmute or remove.", verb);
}

const struct command cmd_watch = {
	.name = "watch",
	.alias = "veille",
	.usage = "watch add QUERY [--digest] | test QUERY | list | mute N [--until DATE] | "
		 "unmute N | remove N",
	.summary = "standing searches: what matches is for you",
	.examples =
		"  tuyau watch test loyer impayé         # what of all that is here it matches\n"
		"  tuyau watch add loyer impayé          # both words\n"
		"  tuyau watch add entrepôt -tag:wifi kind:tip 'warm:>=3'\n"
		"  tuyau watch list\n"
		"  tuyau watch mute 2 --until 14d\n"
		"  tuyau watch remove 2\n"
		"Whole words of texts and tags; companies only by company:NAME.\n",
	.rules = watch_rules,
	.rule_count = sizeof(watch_rules) / sizeof(watch_rules[0]),
	.words = COMMAND_WORDS,
	.run = watch_run,
};
