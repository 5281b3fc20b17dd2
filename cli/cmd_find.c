/* inbox and search: lists of objects. */
#include "commands.h"
#include "object.h"
#include "times.h"
#include "../proto/text.h"
#include <stdlib.h>
#include <string.h>

static const struct option_rule inbox_rules[] = {
	{ 'a', "all", NULL, "all", OPTION_FLAG, "everything live, own ones too, without a limit" },
	{ 0, "mine", NULL, "mine", OPTION_FLAG, "what I gave and asked" },
	{ 0, "for-me", NULL, "for_me", OPTION_FLAG, "what is meant for me" },
	{ 'n', "limit", "N", "limit", OPTION_NUMBER, "at most N" },
};

static const struct option_rule search_rules[] = {
	{ 'n', "limit", "N", "limit", OPTION_NUMBER, "at most N" },
};

/* ---- what is asked ---- */

/* "from:david" into `filters`. 1: it was a filter; 0: a word; -1: session->failure. */
static int filter_read(struct session *session, const char *word, json_t *filters)
{
	static const char *const now[] = { "from", "kind", "state" };
	static const char *const later[] = { "company", "tag",  "warm",  "age",
		                             "due",     "-tag", "-from", "-kind" };
	size_t len = strcspn(word, ":");
	json_t *value;
	if (word[len] == '\0')
		return 0;
	for (size_t i = 0; i < sizeof(now) / sizeof(now[0]); i++) {
		if (strlen(now[i]) != len || memcmp(now[i], word, len) != 0)
			continue;
		if (options_string(word + len + 1, now[i], &value, &session->failure) != 0)
			return -1;
		json_object_set_new(filters, now[i], value);
		return 1;
	}
	for (size_t i = 0; i < sizeof(later) / sizeof(later[0]); i++) {
		if (strlen(later[i]) == len && memcmp(later[i], word, len) == 0)
			return errors_set(&session->failure, EXIT_OTHER, "T-NOT-YET",
			                  "What works: from:david kind:tip state:expired",
			                  "The filter \"%s\" is not in this version yet.", word);
	}
	return 0;
}

/* Params with options and filters; the other words joined to *query (NULL if there are none). */
static json_t *list_params(struct session *session, char **query)
{
	json_t *params = session_params(session);
	json_t *filters = json_object();
	struct options words = session->options;
	words.word_count = 0;
	*query = NULL;
	int failed = !params || options_fields(&session->options, params, &session->failure) != 0;
	for (size_t i = 0; !failed && i < session->options.word_count; i++) {
		int filter = filter_read(session, session->options.words[i], filters);
		failed = filter < 0;
		if (filter == 0) /* never ahead of the word being read */
			words.words[words.word_count++] = session->options.words[i];
	}
	if (failed) {
		json_decref(filters);
		json_decref(params);
		return NULL;
	}
	if (json_object_size(filters) > 0)
		json_object_set(params, "filters", filters);
	json_decref(filters);
	if (words.word_count > 0)
		*query = options_words_join(&words, 0);
	return params;
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
	cells[FROM] = mine ? "you" : doc_text(object, "from");
	cells[WARM] = object_warmth(object, term);
	cells[MATCHES] = matches;
	cells[CIRCLE] = circles == LIST_CIRCLES ? doc_text(object, "circle") : "";
	what = object_what(object, what_room(term, cells));
	cells[WHAT] = what;
	show_table_add(table, cells);
	free(what);
	free(matches);
}

enum section { SECTION_YOURS, SECTION_TIPS, SECTION_ASKS, SECTIONS };

static enum section section_of(const struct session *session, const json_t *object)
{
	if (json_array_size(json_object_get(object, "matched")) > 0 ||
	    options_value(&session->options, "for-me"))
		return SECTION_YOURS;
	return strcmp(doc_text(object, "kind"), "ask") == 0 ? SECTION_ASKS : SECTION_TIPS;
}

static void section_print(const struct session *session, const json_t *objects,
                          enum section section, enum list_circles circles)
{
	static const char *const titles[SECTIONS] = { "FOR YOU", "TIPS", "ASKS" };
	const struct show_term *term = &session->term;
	struct show_table table = show_table_make(list_columns, LIST_COLUMNS);
	for (size_t i = 0; i < json_array_size(objects); i++) {
		const json_t *object = json_array_get(objects, i);
		if (section_of(session, object) == section)
			row_add(session, &table, object, circles);
	}
	if (table.row_count > 0)
		printf("%s%s%s\n", show_on(term, SHOW_BOLD), titles[section],
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
		printf(" · only you so far: tuyau invite NAME\n");
	else
		printf(" · %lld members, %lld online · %s\n", members,
		       doc_number(circle, "online", 0),
		       doc_true(circle, "in_sync") ? "up to date" : "catching up");
	free(name);
}

static void inbox_screen_print(const struct session *session, const json_t *answer,
                               enum list_circles circles)
{
	const json_t *objects = json_object_get(answer, "objects");
	const json_t *shown = json_object_get(answer, "circles");
	for (size_t i = 0; i < json_array_size(shown); i++)
		circle_line_print(session, json_array_get(shown, i));
	for (enum section section = 0; section < SECTIONS; section++)
		section_print(session, objects, section, circles);
}

static void inbox_talk(const struct session *session, const json_t *answer)
{
	long long more = doc_number(answer, "more", 0);
	if (more > 0)
		fprintf(stderr, "%lld more: tuyau inbox --all\n", more);
	else if (json_array_size(json_object_get(answer, "objects")) == 0)
		fputs(options_value(&session->options, "all") ? "Nothing here yet.\n"
		                                              : "Nothing new from others. "
		                                                "Own ones too: tuyau inbox --all\n",
		      stderr);
}

static int inbox_run(struct session *session)
{
	char *query;
	json_t *params = list_params(session, &query);
	if (!params)
		return -1;
	if (query) {
		session_usage_error(session, "\"%s\" is no filter. To find words: tuyau search %s",
		                    query, query);
		free(query);
		json_decref(params);
		return -1;
	}
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

static void found_print(const struct session *session, const json_t *objects)
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
		printf("%sNEAR%s\n", show_on(term, SHOW_BOLD), show_off(term, SHOW_BOLD));
	list_print(session, near, circles);
	json_decref(exact);
	json_decref(near);
}

static int search_run(struct session *session)
{
	char *query;
	json_t *string = NULL;
	json_t *params = list_params(session, &query);
	if (!params)
		return -1;
	int failed = !query ? session_usage_error(session, "Which words?")
	                    : options_string(query, "The query", &string, &session->failure);
	free(query);
	if (failed) {
		json_decref(params);
		return -1;
	}
	json_object_set_new(params, "query", string);
	json_t *objects = session_call(session, "search", params, CLIENT_READS);
	if (!objects)
		return -1;
	if (!session_document_print(session, objects, "id")) {
		found_print(session, objects);
		fflush(stdout);
		if (json_array_size(objects) == 0)
			fputs("Nothing has all these words. Fewer words find more.\n", stderr);
	}
	json_decref(objects);
	return 0;
}

const struct command cmd_inbox = {
	.name = "inbox",
	.usage = "inbox [--all|--mine|--for-me] [from:MEMBER] [kind:tip|ask|intro|...]",
	.summary = "what the others gave and ask (tuyau alone does this)",
	.examples = "  tuyau\n"
		    "  tuyau inbox --all kind:tip from:david\n"
		    "  tuyau inbox --json=id,title | jq\n",
	.rules = inbox_rules,
	.rule_count = sizeof(inbox_rules) / sizeof(inbox_rules[0]),
	.words = COMMAND_WORDS,
	.run = inbox_run,
};

const struct command cmd_search = {
	.name = "search",
	.usage = "search WORDS... [from:MEMBER] [kind:tip|ask|intro|...]",
	.summary = "tips and asks that hold all these words",
	.examples = "  tuyau search wifi entrepôt\n"
		    "  tuyau search cyber securite      # finds cybersécurité too\n",
	.rules = search_rules,
	.rule_count = sizeof(search_rules) / sizeof(search_rules[0]),
	.words = COMMAND_WORDS,
	.run = search_run,
};
