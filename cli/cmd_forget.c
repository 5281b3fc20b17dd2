/*
 * forget: erases what one gave everywhere, and what others gave here; and who has confirmed.
 *
 * With --json: of a dry run {schema, dry_run, objects [the answers of forget, with short and title
 * if known], letters [numbers], watches [numbers]}; else {schema, objects [GONE], letters,
 * watches}, where GONE has "asked" of forget too; without words [GONE] (daemon/rpc_methods.h). With
 * -q: the ids. In a pipe: id, why, confirmed, of, who has not (with commas), TAB between.
 */
#include "commands.h"
#include "last.h"
#include "memory.h"
#include "times.h"
#include "words.h"
#include <stdlib.h>
#include <string.h>

#define POLL_MS    100
#define CONFIRM_MS 5000 /* for those who are online */
#define SCRUB_MS   600000

static const struct option_rule rules[] = {
	{ 0, "person", "NAME", NULL, OPTION_TEXT, N_("all that names this person") },
	{ 0, "company", "NAME", NULL, OPTION_TEXT, N_("all that names this company") },
	{ 0, "closed-before", "SPAN", NULL, OPTION_TEXT, N_("what was over so long ago, as 180d") },
	{ 0, "dry-run", NULL, NULL, OPTION_FLAG, N_("only list what would go") },
	{ 0, "status", NULL, NULL, OPTION_FLAG, N_("who has confirmed what was forgotten before") },
};

struct plan {
	json_t *objects; /* answers of dry runs */
	json_t *letters;
	json_t *watches;
};

static void plan_free(struct plan *plan)
{
	json_decref(plan->objects);
	json_decref(plan->letters);
	json_decref(plan->watches);
}

/* ---- what would go ---- */

static json_t *forget_call(struct session *session, const char *id, bool dry_run)
{
	json_t *params = json_object();
	json_object_set_new(params, "id", json_string(id));
	if (dry_run)
		json_object_set_new(params, "dry_run", json_true());
	return session_call(session, "forget", params, dry_run ? CLIENT_READS : CLIENT_WRITES);
}

/* Adds one thing; `object` is it, NULL if only its id was typed. 0, or -1. */
static int plan_add(struct session *session, struct plan *plan, const char *id,
                    const json_t *object)
{
	json_t *answer = forget_call(session, id, true);
	if (!answer)
		return -1;
	if (object) {
		const char *title = doc_text(object, "title");
		json_object_set(answer, "short", json_object_get(object, "short"));
		json_object_set_new(answer, "title",
		                    json_string(*title ? title : doc_text(object, "text")));
	}
	json_array_append_new(plan->objects, answer);
	return 0;
}

/* What is known of one that was named by its id; NULL: it is gone already, or unknown. */
static json_t *object_show(struct session *session, const char *id)
{
	struct failure before = session->failure;
	json_t *params = json_object();
	json_object_set_new(params, "id", json_string(id));
	json_t *object = session_call(session, "show", params, CLIENT_READS);
	session->failure = before; /* forget says what is wrong with it */
	return object;
}

static int plan_ids(struct session *session, struct plan *plan)
{
	const struct options *options = &session->options;
	for (size_t i = 0; i < options->word_count; i++) {
		json_t *checked = NULL;
		if (options_string(options->words[i], _("The id"), &checked, &session->failure) !=
		    0)
			return -1;
		json_t *object = object_show(session, options->words[i]);
		int bad = plan_add(session, plan, options->words[i], object);
		json_decref(object);
		json_decref(checked);
		if (bad)
			return -1;
	}
	return 0;
}

/* forget_find with what the option says. */
static int plan_find(struct session *session, struct plan *plan, json_t *params)
{
	json_t *found = session_call_for(session, "forget_find", params, CLIENT_READS, SCRUB_MS);
	if (!found)
		return -1;
	const json_t *objects = json_object_get(found, "objects");
	int bad = 0;
	for (size_t i = 0; i < json_array_size(objects) && !bad; i++) {
		const json_t *object = json_array_get(objects, i);
		bad = plan_add(session, plan, doc_text(object, "id"), object);
	}
	json_array_extend(plan->letters, json_object_get(found, "letters"));
	json_array_extend(plan->watches, json_object_get(found, "watches"));
	if (!bad && doc_true(found, "more") && session_talks(session))
		fputs(_("There are more than 1,000: forget these, then ask again.\n"), stderr);
	json_decref(found);
	return bad;
}

static int plan_text(struct session *session, struct plan *plan, const char *option,
                     const char *key)
{
	json_t *text = NULL;
	json_t *params = session_params(session);
	char what[32];
	snprintf(what, sizeof(what), "--%s", option);
	if (!params || options_string(options_value(&session->options, option), what, &text,
	                              &session->failure) != 0) {
		json_decref(params);
		return -1;
	}
	json_object_set_new(params, key, text);
	return plan_find(session, plan, params);
}

static int plan_old(struct session *session, struct plan *plan)
{
	const char *text = options_value(&session->options, "closed-before");
	int64_t span_s = times_span_parse(text);
	if (span_s <= 0 || span_s > INT32_MAX)
		return session_usage_error(session, _("\"--closed-before %s\": 180d, 26w or 12h."),
		                           text);
	json_t *params = session_params(session);
	if (!params)
		return -1;
	json_object_set_new(params, "closed_before_s", json_integer(span_s));
	return plan_find(session, plan, params);
}

static int plan_make(struct session *session, struct plan *plan)
{
	const struct options *options = &session->options;
	int ways = (options->word_count > 0) + (options_value(options, "person") != NULL) +
	           (options_value(options, "company") != NULL) +
	           (options_value(options, "closed-before") != NULL);
	if (ways != 1)
		return session_usage_error(session, _("Ids, or one of --person, --company and "
		                                      "--closed-before."));
	if (options->word_count > 0)
		return plan_ids(session, plan);
	if (options_value(options, "person"))
		return plan_text(session, plan, "person", "person");
	if (options_value(options, "company"))
		return plan_text(session, plan, "company", "company");
	return plan_old(session, plan);
}

/* ---- saying it ---- */

static bool is_here_only(const json_t *object)
{
	return strcmp(doc_text(object, "why"), "here") == 0;
}

static void plan_print(const struct session *session, const struct plan *plan, FILE *out)
{
	bool screen = out == stderr || session->term.screen;
	for (size_t i = 0; i < json_array_size(plan->objects); i++) {
		const json_t *object = json_array_get(plan->objects, i);
		char *title = show_clean(doc_text(object, "title"));
		char *from = show_clean(doc_text(object, "from"));
		if (!screen)
			fprintf(out, "%s\t%s\t%s\t%s\n", doc_text(object, "id"),
			        doc_text(object, "why"), from, title);
		else if (doc_true(object, "already"))
			fprintf(out, _("  %.4s  is erased already\n"), doc_text(object, "id"));
		else if (is_here_only(object))
			fprintf(out, _("  %.4s  here only (%s gave it)  %s\n"),
			        doc_text(object, "id"), from, title);
		else
			fprintf(out, _("  %.4s  everywhere  %s\n"), doc_text(object, "id"), title);
		free(title);
		free(from);
	}
	for (size_t i = 0; i < json_array_size(plan->letters); i++)
		fprintf(out, screen ? _("  letter %s  your copy\n") : "%s\tletter\n",
		        json_string_value(json_array_get(plan->letters, i)));
	for (size_t i = 0; i < json_array_size(plan->watches); i++)
		fprintf(out, screen ? _("  watch %lld\n") : "%lld\twatch\n",
		        (long long)json_integer_value(json_array_get(plan->watches, i)));
}

static bool plan_is_empty(const struct plan *plan)
{
	return json_array_size(plan->objects) == 0 && json_array_size(plan->letters) == 0 &&
	       json_array_size(plan->watches) == 0;
}

static json_t *plan_document(const struct plan *plan, json_t *objects)
{
	json_t *document = json_object();
	json_object_set_new(document, "schema", json_integer(1));
	json_object_set_new(document, "objects", objects);
	json_object_set(document, "letters", plan->letters);
	json_object_set(document, "watches", plan->watches);
	return document;
}

/* 1: go on; 0: no; -1: nobody can be asked. */
static int plan_confirm(struct session *session, const struct plan *plan)
{
	if (session->options.yes)
		return 1;
	if (!session_asks(session))
		return errors_set(&session->failure, EXIT_USAGE, "T-USAGE",
		                  _("Look with --dry-run, then say --yes."),
		                  _("This erases for good, and nobody can be asked here."));
	plan_print(session, plan, stderr);
	char *line = session_ask(session, _("Erase this for good? Type yes"), "--yes", "");
	bool yes = line && (strcmp(line, "yes") == 0 || strcmp(line, _("yes")) == 0);
	free(line);
	if (!yes)
		fputs(_("Nothing was erased.\n"), stderr);
	return yes;
}

/* ---- who has confirmed ---- */

static void node_print(const json_t *node, time_t now)
{
	char *from = show_clean(doc_text(node, "from"));
	struct times_text since = times_age(doc_text(node, "offline_since"), now);
	if (doc_true(node, "online"))
		printf(_("      %s is online and has not confirmed yet\n"), from);
	else if (*since.text)
		printf(_("      %s has not confirmed: offline since %s\n"), from, since.text);
	else
		printf(_("      %s has not confirmed: offline\n"), from);
	free(from);
}

static void nodes_print(const struct session *session, const json_t *gone)
{
	const json_t *nodes = json_object_get(gone, "nodes");
	bool first = true;
	for (size_t i = 0; i < json_array_size(nodes); i++) {
		const json_t *node = json_array_get(nodes, i);
		if (doc_true(node, "confirmed"))
			continue;
		if (session->term.screen) {
			node_print(node, session->now);
		} else {
			char *from = show_clean(doc_text(node, "from"));
			printf("%s%s", first ? "" : ",", from);
			free(from);
		}
		first = false;
	}
}

static void gone_print(const struct session *session, const json_t *gone)
{
	const char *id = doc_text(gone, "id");
	const char *why = doc_text(gone, "why");
	long long confirmed = doc_number(gone, "confirmed", 0);
	long long of = doc_number(gone, "of", 0);
	if (!session->term.screen) {
		printf("%s\t%s\t%lld\t%lld\t", id, why, confirmed, of);
		nodes_print(session, gone);
		putchar('\n');
		return;
	}
	if (strcmp(why, "here") == 0) {
		char *from = show_clean(doc_text(gone, "from"));
		printf(doc_true(gone, "asked") ? _("%.4s  erased here only: %s gave it, and is "
		                                   "asked to erase it.\n")
		                               : _("%.4s  erased here only: %s gave it.\n"),
		       id, from);
		free(from);
	} else if (strcmp(why, "forgotten") != 0 && strcmp(why, "withdrawn") != 0) {
		printf(_("%.4s  was erased before.\n"), id);
	} else {
		printf(ngettext("%.4s  %lld of %lld node confirmed.\n",
		                "%.4s  %lld of %lld nodes confirmed.\n", (unsigned long)of),
		       id, confirmed, of);
		nodes_print(session, gone);
	}
}

/* The GONE of an id, the caller's. NULL: session->failure. */
static json_t *gone_find(struct session *session, const char *id)
{
	json_t *params = json_object();
	json_object_set_new(params, "id", json_string(id));
	json_t *list = session_call(session, "forget_status", params, CLIENT_READS);
	json_t *gone = json_incref(json_array_get(list, 0));
	json_decref(list);
	return gone;
}

static bool awaits(const json_t *gone)
{
	const json_t *nodes = json_object_get(gone, "nodes");
	for (size_t i = 0; i < json_array_size(nodes); i++) {
		const json_t *node = json_array_get(nodes, i);
		if (doc_true(node, "online") && !doc_true(node, "confirmed"))
			return true;
	}
	return false;
}

/* The GONE of each object, once all who are online have confirmed, or some seconds later. */
static json_t *gone_await(struct session *session, const struct plan *plan)
{
	const struct timespec nap = { .tv_nsec = POLL_MS * 1000000L };
	json_t *list = json_array();
	int waited_ms = 0;
	for (size_t i = 0; i < json_array_size(plan->objects); i++) {
		const char *id = doc_text(json_array_get(plan->objects, i), "id");
		json_t *gone = gone_find(session, id);
		for (; gone && awaits(gone) && waited_ms < CONFIRM_MS; waited_ms += POLL_MS) {
			nanosleep(&nap, NULL);
			json_decref(gone);
			gone = gone_find(session, id);
		}
		if (!gone)
			continue;
		json_object_set(gone, "asked",
		                json_object_get(json_array_get(plan->objects, i), "asked"));
		json_array_append_new(list, gone);
	}
	return list;
}

static int status_run(struct session *session)
{
	json_t *list = session_call(session, "forget_status", json_object(), CLIENT_READS);
	if (!list)
		return -1;
	if (!session_document_print(session, list, "id")) {
		for (size_t i = 0; i < json_array_size(list); i++)
			gone_print(session, json_array_get(list, i));
		fflush(stdout);
		if (json_array_size(list) == 0)
			fputs(_("Nothing was forgotten here in the last 12 months.\n"), stderr);
	}
	json_decref(list);
	return 0;
}

/* ---- doing it ---- */

static int call_drop(struct session *session, const char *method, json_t *params)
{
	json_t *answer = session_call_for(session, method, params, CLIENT_WRITES, SCRUB_MS);
	json_decref(answer);
	return answer ? 0 : -1;
}

static int plan_do(struct session *session, const struct plan *plan)
{
	int bad = 0;
	for (size_t i = 0; i < json_array_size(plan->objects) && !bad; i++) {
		json_t *object = json_array_get(plan->objects, i);
		json_t *answer = forget_call(session, doc_text(object, "id"), false);
		bad = answer ? 0 : -1;
		json_object_set(object, "asked", json_object_get(answer, "asked"));
		json_decref(answer);
	}
	for (size_t i = 0; i < json_array_size(plan->letters) && !bad; i++) {
		json_t *params = json_object();
		json_object_set(params, "number", json_array_get(plan->letters, i));
		bad = call_drop(session, "forget_letter", params);
	}
	for (size_t i = 0; i < json_array_size(plan->watches) && !bad; i++) {
		json_t *params = json_object();
		json_object_set(params, "number", json_array_get(plan->watches, i));
		bad = call_drop(session, "watch_remove", params);
	}
	return bad ? bad : call_drop(session, "scrub", json_object());
}

static void done_print(struct session *session, const struct plan *plan, json_t *gone)
{
	json_t *document = plan_document(plan, gone);
	const struct options *options = &session->options;
	bool quiet = options->quiet && !options->json;
	if (session_document_print(session, quiet ? gone : document, "id")) {
		json_decref(document);
		return;
	}
	bool everywhere = false;
	for (size_t i = 0; i < json_array_size(gone); i++) {
		const json_t *one = json_array_get(gone, i);
		everywhere = everywhere || json_array_size(json_object_get(one, "nodes")) > 0;
		gone_print(session, one);
	}
	fflush(stdout);
	if (everywhere)
		fputs(_("Who is offline erases it when he is back: tuyau forget\n"
		        "A friend may have kept a copy by hand; nobody can erase that.\n"),
		      stderr);
	if (json_array_size(plan->letters) > 0)
		fputs(_("Who was handed a letter still has it.\n"), stderr);
	json_decref(document);
}

static int dry_run_print(struct session *session, const struct plan *plan)
{
	const struct options *options = &session->options;
	json_t *document = plan_document(plan, json_incref(plan->objects));
	json_object_set_new(document, "dry_run", json_true());
	bool quiet = options->quiet && !options->json;
	if (!session_document_print(session, quiet ? plan->objects : document, "id")) {
		plan_print(session, plan, stdout);
		fflush(stdout);
		if (plan_is_empty(plan))
			fputs(_("Nothing held here is so.\n"), stderr);
	}
	json_decref(document);
	return 0;
}

static int plan_run(struct session *session, const struct plan *plan)
{
	if (options_value(&session->options, "dry-run"))
		return dry_run_print(session, plan);
	if (plan_is_empty(plan)) {
		done_print(session, plan, json_array());
		if (session_talks(session))
			fputs(_("Nothing held here is so.\n"), stderr);
		return 0;
	}
	int sure = plan_confirm(session, plan);
	if (sure <= 0)
		return sure;
	if (plan_do(session, plan) != 0)
		return -1;
	done_print(session, plan, gone_await(session, plan));
	return 0;
}

static int run(struct session *session)
{
	const struct options *options = &session->options;
	if (options_value(options, "status") ||
	    (options->word_count == 0 && options->given_count == 0))
		return status_run(session);
	struct plan plan = { json_array(), json_array(), json_array() };
	int bad = plan_make(session, &plan);
	if (!bad)
		bad = plan_run(session, &plan);
	plan_free(&plan);
	return bad;
}

const struct command cmd_forget = {
	.name = "forget",
	.alias = "oublie",
	.usage = "forget ID... | --person NAME | --company NAME | --closed-before 180d [--dry-run] "
		 "[--yes] | --status",
	.summary =
		N_("erase what you gave everywhere, and what others gave here; who has confirmed"),
	.examples = N_("  tuyau forget 7KQ2\n"
	               "  tuyau forget --person \"Noé Kervella\" --dry-run\n"
	               "  tuyau forget --company \"Laiterie du Val d'Oust\" --yes\n"
	               "  tuyau forget --closed-before 180d\n"
	               "  tuyau forget                           # who has confirmed\n"),
	.rules = rules,
	.rule_count = sizeof(rules) / sizeof(rules[0]),
	.words = COMMAND_WORDS,
	.run = run,
};
