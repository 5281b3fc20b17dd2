/* inbox and search: lists of objects. */
#include "commands.h"
#include "object.h"
#include "query.h"
#include "times.h"
#include "words.h"
#include "../proto/text.h"
#include <stdlib.h>
#include <string.h>

static const struct option_rule inbox_rules[] = {
	{ 'a', "all", NULL, "all", OPTION_FLAG, "everything live, own ones too, without a limit" },
	{ 0, "mine", NULL, "mine", OPTION_FLAG, "what I gave and asked" },
	{ 0, "for-me", NULL, "for_me", OPTION_FLAG, "what my watches match or names me" },
	{ 'n', "limit", "N", "limit", OPTION_NUMBER, "at most N" },
};

static const struct option_rule search_rules[] = {
	{ 'n', "limit", "N", "limit", OPTION_NUMBER, "at most N" },
};

/* ---- what is asked ---- */

/* Params with options and, if there are words, the query. */
static json_t *list_params(struct session *session)
{
	json_t *params = session_params(session);
	if (params && options_fields(&session->options, params, &session->failure) == 0 &&
	    query_put(session, 0, params) == 0)
		return params;
	json_decref(params);
	return NULL;
}

/* ---- what is shown ---- */

enum list_column { ID, AGE, FROM, WARM, WHAT, MATCHES, CIRCLE, LIST_COLUMNS };

static const struct show_column list_columns[LIST_COLUMNS] = {
	[ID] = { "ID", SHOW_FIXED, SHOW_BOLD },
	[AGE] = { "AGE", SHOW_FIXED, SHOW_DIM },
	[FROM] = { "FROM", SHOW_FIXED, SHOW_PLAIN },
	[WARM] = { "WARM", SHOW_FIXED, SHOW_YELLOW },
	[WHAT] = { "WHAT", SHOW_FLEX, SHOW_PLAIN },
	[MATCHES] = { "MATCHES", SHOW_FIXED, SHOW_GREEN },
	[CIRCLE] = { "CIRCLE", SHOW_FIXED, SHOW_DIM },
};

#define ROW_INDENT 2
#define FROM_USUAL 6  /* columns of a first name */
#define WHAT_LEAST 20 /* with less, the table cuts as it likes */

enum list_circles { LIST_ONE_CIRCLE, LIST_CIRCLES };

/* Columns that are left for WHAT beside the other cells of a row. */
static size_t what_room(const struct show_term *term, const char *const *cells)
{
	size_t taken = ROW_INDENT;
	if (!term->screen)
		return 0;
	for (int i = 0; i < LIST_COLUMNS; i++) {
		size_t width = i == WHAT ? 0 : tuy_text_columns(tuy_text_bytes(cells[i]));
		if (i == FROM && width < FROM_USUAL)
			width = FROM_USUAL;
		taken += width > 0 ? width + 2 : 0;
	}
	return term->columns > taken + WHAT_LEAST ? term->columns - taken : 0;
}

/* A row for an object; in a pipe whole ids and times. */
static void row_add(const struct session *session, struct show_table *table, const json_t *object,
                    enum list_circles circles)
{
	const struct show_term *term = &session->term;
	const char *cells[LIST_COLUMNS];
	const char *created = doc_text(object, "created");
	struct times_text age = times_age(created, session->now);
	char *what;
	char *matches = object_list(object, "matched");
	bool mine = term->screen && doc_true(object, "mine");
	cells[ID] = doc_text(object, term->screen ? "short" : "id");
	cells[AGE] = term->screen ? age.text : created;
	cells[FROM] = mine ? _("you") : doc_text(object, "from");
	cells[WARM] = object_warmth(object, term);
	cells[MATCHES] = matches;
	cells[CIRCLE] = circles == LIST_CIRCLES ? doc_text(object, "circle") : "";
	what = object_what(object, what_room(term, cells));
	cells[WHAT] = what;
	show_table_add(table, cells);
	free(what);
	free(matches);
}

enum section { SECTION_YOURS, SECTION_MOVES, SECTION_ASKS, SECTION_TIPS, SECTIONS };

static enum section section_of(const struct session *session, const json_t *object)
{
	const char *part = doc_text(object, "part");
	if (strcmp(part, "for-you") == 0 || options_value(&session->options, "for-me"))
		return SECTION_YOURS;
	if (strcmp(part, "moves") == 0)
		return SECTION_MOVES;
	return strcmp(doc_text(object, "kind"), "ask") == 0 ? SECTION_ASKS : SECTION_TIPS;
}

static void section_print(const struct session *session, const json_t *objects,
                          enum section section, enum list_circles circles)
{
	static const char *const titles[SECTIONS] = { N_("FOR YOU"), N_("YOUR MOVES"), N_("ASKS"),
		                                      N_("TIPS") };
	const struct show_term *term = &session->term;
	struct show_table table = show_table_make(list_columns, LIST_COLUMNS);
	for (size_t i = 0; i < json_array_size(objects); i++) {
		const json_t *object = json_array_get(objects, i);
		if (section_of(session, object) == section)
			row_add(session, &table, object, circles);
	}
	if (table.row_count > 0)
		printf("%s%s%s\n", show_on(term, SHOW_BOLD), _(titles[section]),
		       show_off(term, SHOW_BOLD));
	show_table_print(&table, term, 2, SHOW_HEADER, stdout);
	show_table_free(&table);
}

/* In a pipe: the order of the answer, one column more where there are several circles. */
static void list_print(const struct session *session, const json_t *objects,
                       enum list_circles circles)
{
	size_t columns = circles == LIST_CIRCLES ? LIST_COLUMNS : CIRCLE;
	struct show_table table = show_table_make(list_columns, columns);
	for (size_t i = 0; i < json_array_size(objects); i++)
		row_add(session, &table, json_array_get(objects, i), circles);
	show_table_print(&table, &session->term, 2, SHOW_HEADER, stdout);
	show_table_free(&table);
}

/* "Vendredi 18h · 6 members, 5 online · up to date" */
static void circle_line_print(const struct session *session, const json_t *circle)
{
	const struct show_term *term = &session->term;
	char *name = show_clean(doc_text(circle, "name"));
	long long members = doc_number(circle, "members", 0);
	printf("%s%s%s", show_on(term, SHOW_BOLD), name, show_off(term, SHOW_BOLD));
	if (members == 1)
		printf(" · %s\n", _("only you so far: tuyau invite NAME"));
	else
		printf(ngettext(" · %lld member, %lld online · %s\n",
		                " · %lld members, %lld online · %s\n", (unsigned long)members),
		       members, doc_number(circle, "online", 0),
		       doc_true(circle, "in_sync") ? _("up to date") : _("catching up"));
	free(name);
}

/* "first contact due Wed 14 Jan 09:20 → tuyau done 7KQ2 --contacted" */
static void move_print(const char *id, const json_t *object)
{
	const json_t *award = json_object_get(object, "award");
	struct times_text due = times_moment(doc_text(award, "first_contact_due"));
	size_t claims = json_array_size(json_object_get(object, "claimants"));
	size_t answers = json_array_size(json_object_get(object, "answers"));
	char *to = show_clean(doc_text(award, "to"));
	if (object_has_next(object, "done") && strcmp(doc_text(object, "state"), "awarded") == 0)
		printf(_("  %s first contact due %s → tuyau done %s --contacted\n"), id, due.text,
		       id);
	else if (object_has_next(object, "done"))
		printf(_("  %s yours → tuyau done %s --STEP\n"), id, id);
	else if (object_has_next(object, "award"))
		printf(_("  %s claimed by %zu → tuyau award %s MEMBER\n"), id, claims, id);
	else if (object_has_next(object, "accept"))
		printf(ngettext("  %s answered %zu time → tuyau show %s\n",
		                "  %s answered %zu times → tuyau show %s\n", answers),
		       id, answers, id);
	else
		printf(_("  %s first contact of %s was due %s → tuyau show %s\n"), id, to, due.text,
		       id);
	free(to);
}

/* What each of "your moves" wants; own ones without claims are there because they end. */
static void ending_print(const struct session *session, const json_t *objects)
{
	for (size_t i = 0; i < json_array_size(objects); i++) {
		const json_t *object = json_array_get(objects, i);
		if (section_of(session, object) != SECTION_MOVES)
			continue;
		struct times_text at = times_moment(doc_text(object, "expires"));
		char *id = show_clean(doc_text(object, "short"));
		bool waits = json_array_size(json_object_get(object, "claimants")) > 0 ||
		             json_array_size(json_object_get(object, "answers")) > 0 ||
		             json_is_object(json_object_get(object, "award")) ||
		             object_has_next(object, "done");
		if (waits)
			move_print(id, object);
		else
			printf(_("  %s ends %s; give it again if it still holds\n"), id, at.text);
		free(id);
	}
}

/* Whoever has watches sees what they match; other tips are told as a number. */
static bool tips_are_counted(const struct session *session, const json_t *answer)
{
	const struct options *options = &session->options;
	return doc_number(answer, "watches", 0) > 0 && options->given_count == 0 &&
	       options->word_count == 0;
}

static void inbox_screen_print(const struct session *session, const json_t *answer,
                               enum list_circles circles)
{
	const json_t *objects = json_object_get(answer, "objects");
	const json_t *shown = json_object_get(answer, "circles");
	for (size_t i = 0; i < json_array_size(shown); i++)
		circle_line_print(session, json_array_get(shown, i));
	for (enum section section = 0; section < SECTIONS; section++) {
		if (section == SECTION_TIPS && tips_are_counted(session, answer))
			continue;
		section_print(session, objects, section, circles);
		if (section == SECTION_MOVES)
			ending_print(session, objects);
	}
}

static long long more_of(const struct session *session, const json_t *answer)
{
	const json_t *objects = json_object_get(answer, "objects");
	long long more = doc_number(answer, "more", 0);
	if (!session->term.screen || !tips_are_counted(session, answer))
		return more;
	for (size_t i = 0; i < json_array_size(objects); i++)
		more += section_of(session, json_array_get(objects, i)) == SECTION_TIPS;
	return more;
}

static void inbox_talk(const struct session *session, const json_t *answer)
{
	long long more = more_of(session, answer);
	if (more > 0)
		fprintf(stderr,
		        ngettext("%lld more: tuyau inbox --all\n", "%lld more: tuyau inbox --all\n",
		                 (unsigned long)more),
		        more);
	else if (json_array_size(json_object_get(answer, "objects")) == 0)
		fputs(options_value(&session->options, "all")
		              ? _("Nothing here yet.\n")
		              : _("Nothing new from others. Own ones too: tuyau inbox --all\n"),
		      stderr);
}

static int inbox_run(struct session *session)
{
	json_t *params = list_params(session);
	if (!params)
		return -1;
	json_t *answer = session_call(session, "inbox", params, CLIENT_READS);
	if (!answer)
		return -1;
	const json_t *objects = json_object_get(answer, "objects");
	bool several = json_array_size(json_object_get(answer, "circles")) > 1;
	enum list_circles circles = several ? LIST_CIRCLES : LIST_ONE_CIRCLE;
	if (!session_document_print(session, objects, "id")) {
		if (session->term.screen)
			inbox_screen_print(session, answer, circles);
		else
			list_print(session, objects, circles);
		fflush(stdout);
		inbox_talk(session, answer);
	}
	json_decref(answer);
	return 0;
}

/* ---- search ---- */

static int search_run(struct session *session)
{
	if (session->options.word_count == 0)
		return session_usage_error(session, "Which words?");
	json_t *params = list_params(session);
	if (!params)
		return -1;
	json_t *objects = session_call(session, "search", params, CLIENT_READS);
	if (!objects)
		return -1;
	if (!session_document_print(session, objects, "id")) {
		session_found_print(session, objects);
		fflush(stdout);
		if (json_array_size(objects) == 0)
			fputs(_("Nothing has all of this. Fewer words find more.\n"), stderr);
	}
	json_decref(objects);
	return 0;
}

const struct command cmd_inbox = {
	.name = "inbox",
	.alias = "boîte",
	.usage = "inbox [--all|--mine|--for-me] [FILTER...]",
	.summary = "what the others gave and ask (tuyau alone does this)",
	.examples = "  tuyau\n"
		    "  tuyau inbox --all kind:tip from:david 'warm:>=3' -tag:it\n"
		    "  tuyau inbox --json=id,title | jq\n",
	.rules = inbox_rules,
	.rule_count = sizeof(inbox_rules) / sizeof(inbox_rules[0]),
	.words = COMMAND_WORDS,
	.run = inbox_run,
};

const struct command cmd_search = {
	.name = "search",
	.alias = "cherche",
	.usage = "search WORDS... [FILTER...]",
	.summary = "tips and asks that hold all these words",
	.examples =
		"  tuyau search wifi entrepôt\n"
		"  tuyau search cyber securite      # finds cybersécurité too\n"
		"  tuyau search CFO                 # a DAF is near it\n"
		"  tuyau search '\"chef de projet\"' company:\"val d'oust\" 'age:<7d'\n"
		"filters: from: company: kind: state: tag: warm: age: due: (a \"-\" before: not)\n",
	.rules = search_rules,
	.rule_count = sizeof(search_rules) / sizeof(search_rules[0]),
	.words = COMMAND_WORDS,
	.run = search_run,
};

void session_found_print(const struct session *session, const json_t *objects)
{
	const struct show_term *term = &session->term;
	enum list_circles circles = LIST_ONE_CIRCLE;
	json_t *exact = json_array();
	json_t *near = json_array();
	for (size_t i = 0; i < json_array_size(objects); i++) {
		json_t *object = json_array_get(objects, i);
		const json_t *first = json_array_get(objects, 0);
		if (strcmp(doc_text(object, "circle"), doc_text(first, "circle")) != 0)
			circles = LIST_CIRCLES;
		json_array_append(doc_true(object, "near") ? near : exact, object);
	}
	list_print(session, exact, circles);
	if (term->screen && json_array_size(near) > 0)
		printf("%s%s%s\n", show_on(term, SHOW_BOLD), _("NEAR"), show_off(term, SHOW_BOLD));
	list_print(session, near, circles);
	json_decref(exact);
	json_decref(near);
}
