/* show: one object, all of it. */
#include "commands.h"
#include "last.h"
#include "memory.h"
#include "object.h"
#include "times.h"
#include "words.h"
#include <stdlib.h>
#include <string.h>

static const struct option_rule rules[] = {
	{ 0, "blurb", NULL, NULL, OPTION_FLAG, "only the text to pass on" },
	{ 0, "raw", NULL, NULL, OPTION_LATER, NULL },
	{ 0, "log", NULL, NULL, OPTION_LATER, NULL },
};

/* A field of the object, under a name for people. */
static const struct {
	const char *key;
	const char *name;
} fields[] = {
	{ "place", N_("Place") },   { "sector", N_("Sector") }, { "size", N_("Size") },
	{ "role", N_("Role") },     { "budget", N_("Budget") }, { "when", N_("When") },
	{ "for", N_("For") },       { "person", N_("Person") }, { "skills", N_("Skills") },
	{ "why", N_("Why") },       { "link", N_("Link") },     { "reward", N_("Reward") },
	{ "claims", N_("Claims") }, { "lang", N_("Language") },
};

static void warmth_print(const struct session *session, const json_t *object)
{
	char text[120];
	const char *warmth = object_warmth(object, &session->term);
	if (*warmth == '\0')
		return;
	snprintf(text, sizeof(text), "%s%s%s", warmth, session->term.screen ? "  " : "",
	         session->term.screen ? object_warmth_means(object) : "");
	session_line_print(session, "Warmth", text);
}

static void delivery_print(const struct session *session, const json_t *object)
{
	char text[80];
	const json_t *delivery = json_object_get(object, "delivery");
	if (!delivery)
		return;
	snprintf(text, sizeof(text), _("%lld of %lld peers have it"),
	         doc_number(delivery, "have_it", 0), doc_number(delivery, "peers", 0));
	session_line_print(session, "Delivery", text);
}

static void lists_print(const struct session *session, const json_t *object)
{
	static const char *const keys[][2] = { { "tags", N_("Tags") },
		                               { "matched", N_("Matches") } };
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		char *list = object_list(object, keys[i][0]);
		session_line_print(session, keys[i][1], list);
		free(list);
	}
}

/* "emma, moved (accepted): still there I think · Kerguélen Conseil · 2026-06", a line for each of a
 * list of what others said. */
static void said_print(const struct session *session, const json_t *object, const char *key,
                       const char *name)
{
	static const char *const parts[] = { "state", "text",  "reason",  "name", "role",
		                             "phone", "email", "company", "as_of" };
	const json_t *list = json_object_get(object, key);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *said = json_array_get(list, i);
		const char *how = doc_text(said, "how");
		char *line = NULL;
		size_t len;
		FILE *out = memory_check(open_memstream(&line, &len));
		fprintf(out, "%s%s%s", doc_text(said, "from"), *how != '\0' ? ", " : "", how);
		for (size_t k = 0, shown = 0; k < sizeof(parts) / sizeof(parts[0]); k++) {
			const char *part = doc_text(said, parts[k]);
			if (*part != '\0')
				fprintf(out, "%s%s", shown++ == 0 ? _(": ") : " · ", part);
		}
		fclose(out);
		session_line_print(session, name, memory_check(line));
		free(line);
	}
}

/* How many answered an ask, which all may know; what they said stands in lines of its own. */
static void answered_print(const struct session *session, const json_t *object)
{
	char text[80];
	long long count = doc_number(object, "answered", 0);
	if (count == 0)
		return;
	snprintf(text, sizeof(text), ngettext("%lld answer", "%lld answers", (unsigned long)count),
	         count);
	session_line_print(session, "Answered", text);
}

/* Whose word an own claim waits for. */
static void waiting_print(const struct session *session, const json_t *object)
{
	char text[200];
	const json_t *waiting = json_object_get(object, "waiting_for");
	const char *name = doc_text(waiting, "name");
	struct times_text since = times_moment(doc_text(waiting, "since"));
	if (!json_is_object(waiting))
		return;
	if (doc_true(waiting, "online"))
		snprintf(text, sizeof text, "%s", name);
	else if (*since.text != '\0')
		snprintf(text, sizeof text, _("%s (offline since %s)"), name, since.text);
	else
		snprintf(text, sizeof text, _("%s (offline)"), name);
	session_line_print(session, "Waiting for", text);
}

/* What became of it: who has it, the card, how it ended. */
static void life_print(const struct session *session, const json_t *object)
{
	static const char *const card[][2] = { { "name", N_("Who") },
		                               { "phone", N_("Phone") },
		                               { "email", N_("E-mail") },
		                               { "best_time", N_("Best time") },
		                               { "company", N_("At") } };
	const json_t *award = json_object_get(object, "award");
	const json_t *sealed = json_object_get(object, "sealed");
	const json_t *outcome = json_object_get(object, "outcome");
	struct times_text due = times_moment(doc_text(award, "first_contact_due"));
	waiting_print(session, object);
	session_line_print(session, "Awarded to", doc_text(award, "to"));
	session_line_print(session, "Due",
	                   session->term.screen ? due.text : doc_text(award, "first_contact_due"));
	for (size_t i = 0; i < sizeof(card) / sizeof(card[0]); i++)
		session_line_print(session, card[i][1], doc_text(sealed, card[i][0]));
	session_line_print(session, "Outcome", doc_text(outcome, "result"));
	session_line_print(session, "Amount", doc_text(outcome, "amount"));
	session_line_print(session, "Note", doc_text(object, "why_private"));
	said_print(session, object, "claimants", "Claimed by");
	answered_print(session, object);
	said_print(session, object, "answers", "Answer");
	said_print(session, object, "passed_by", "Passed by");
	said_print(session, object, "thanks", "Thanks");
}

static void fields_print(const struct session *session, const json_t *object)
{
	char from[400];
	const char *created = doc_text(object, "created");
	struct times_text moment = times_moment(created);
	struct times_text age = times_age(created, session->now);
	session_line_print(session, "Company", object_company(object));
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		session_line_print(session, fields[i].name, doc_text(object, fields[i].key));
	warmth_print(session, object);
	if (json_is_boolean(json_object_get(object, "told")))
		session_line_print(session, "Told", doc_true(object, "told") ? _("yes") : _("no"));
	snprintf(from, sizeof(from), "%s, %s (%s)", doc_text(object, "from"), moment.text,
	         age.text);
	session_line_print(session, "From", session->term.screen ? from : doc_text(object, "from"));
	if (!session->term.screen)
		session_line_print(session, "Created", created);
	lists_print(session, object);
	life_print(session, object);
	delivery_print(session, object);
}

static void texts_print(const struct session *session, const json_t *object)
{
	static const char *const keys[][2] = { { "need", N_("Need") },
		                               { "text", N_("Text") },
		                               { "blurb", N_("Blurb") } };
	const struct show_term *term = &session->term;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const char *text = doc_text(object, keys[i][0]);
		if (*text == '\0')
			continue;
		if (!term->screen) {
			session_line_print(session, keys[i][1], text);
			continue;
		}
		printf("\n");
		if (strcmp(keys[i][0], "blurb") == 0)
			printf("  %s%s%s\n", show_on(term, SHOW_DIM), _("To pass on:"),
			       show_off(term, SHOW_DIM));
		show_wrap(stdout, text, 2, term->columns);
	}
}

static void head_print(const struct session *session, const json_t *object)
{
	const struct show_term *term = &session->term;
	const char *expires = doc_text(object, "expires");
	const char *state = doc_text(object, "state");
	const char *kind = doc_text(object, "ask");
	struct times_text day = times_day(expires, session->now);
	char *circle = show_clean(doc_text(object, "circle"));
	if (!term->screen) {
		session_line_print(session, "Id", doc_text(object, "id"));
		session_line_print(session, "Kind",
		                   *kind != '\0' ? kind : doc_text(object, "kind"));
		session_line_print(session, "Circle", circle);
		session_line_print(session, "State", state);
		session_line_print(session, "Expires", expires);
		session_line_print(session, "Title", doc_text(object, "title"));
	} else {
		bool open = strcmp(state, "open") == 0;
		printf("%s%s%s  %s%s%s · ", show_on(term, SHOW_BOLD), doc_text(object, "short"),
		       show_off(term, SHOW_BOLD), doc_text(object, "kind"),
		       *kind != '\0' ? _(": ") : "", kind);
		if (open && *day.text != '\0')
			printf(_("open until %s"), day.text);
		else if (*day.text != '\0')
			printf(_("%s on %s"), state, day.text);
		else
			fputs(state, stdout);
		printf(" · %s\n", circle);
	}
	free(circle);
}

static void title_print(const struct session *session, const json_t *object)
{
	const struct show_term *term = &session->term;
	const char *title = doc_text(object, "title");
	if (!term->screen || *title == '\0')
		return;
	fputs(show_on(term, SHOW_BOLD), stdout);
	show_wrap(stdout, title, 0, term->columns);
	fputs(show_off(term, SHOW_BOLD), stdout);
}

static void object_print(const struct session *session, const json_t *object)
{
	head_print(session, object);
	if (doc_true(object, "unreadable")) {
		session_line_print(session, "Content", _("not readable here"));
		return;
	}
	title_print(session, object);
	fields_print(session, object);
	texts_print(session, object);
	const json_t *next = json_object_get(object, "next");
	for (size_t i = 0; session->term.screen && i < json_array_size(next); i++) {
		const char *verb = json_string_value(json_array_get(next, i));
		char *shown = show_clean(verb ? verb : "");
		printf("%s→ tuyau %s %s\n", i == 0 ? "\n" : "", shown, doc_text(object, "short"));
		free(shown);
	}
}

static int blurb_print(struct session *session, const json_t *object)
{
	const char *blurb = doc_text(object, "blurb");
	if (*blurb == '\0')
		return errors_set(&session->failure, EXIT_NOT_FOUND, "T-NOT-FOUND",
		                  "It is given with: tuyau ask intro ... --blurb TEXT",
		                  "%s has no text to pass on.", doc_text(object, "short"));
	char *text = show_clean_lines(blurb);
	printf("%s\n", text);
	free(text);
	return 0;
}

static int run(struct session *session)
{
	json_t *id = session_id_read(session, SESSION_ONE_WORD);
	if (!id)
		return -1;
	json_t *params = json_object();
	json_object_set_new(params, "id", id);
	json_t *object = session_call(session, "show", params, CLIENT_READS);
	if (!object)
		return -1;
	last_keep(&session->client.paths, doc_text(object, "id"));
	int result = 0;
	int done = session_document_print(session, object, "id");
	if (!done && options_value(&session->options, "blurb"))
		result = blurb_print(session, object);
	else if (!done)
		object_print(session, object);
	json_decref(object);
	return result;
}

const struct command cmd_show = {
	.name = "show",
	.alias = "montre",
	.usage = "show [ID] [--blurb]",
	.summary = "all of one tip or ask: by its id, else the last one",
	.examples = "  tuyau show 7KQ2\n"
		    "  tuyau show                       # the last one shown or given\n"
		    "  tuyau show C3WN --blurb | mail -s Introduction ana@example.com\n",
	.rules = rules,
	.rule_count = sizeof(rules) / sizeof(rules[0]),
	.words = COMMAND_WORDS,
	.run = run,
};
