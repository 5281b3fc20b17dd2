/* audit: what this node did with data about persons. */
#include "commands.h"
#include "times.h"
#include "words.h"
#include <string.h>

#define SINCE_USUAL "30d"

static const struct option_rule rules[] = {
	{ 0, "since", "SPAN", NULL, OPTION_TEXT, N_("how far back, 30d unless said; kept a year") },
};

static const struct show_column columns[] = {
	{ N_("WHEN"), SHOW_FIXED, SHOW_PLAIN }, { N_("WHAT"), SHOW_FIXED, SHOW_PLAIN },
	{ N_("ID"), SHOW_FIXED, SHOW_BOLD },    { N_("WHO"), SHOW_FIXED, SHOW_PLAIN },
	{ N_("ABOUT"), SHOW_FLEX, SHOW_DIM },   { N_("CIRCLE"), SHOW_FLEX, SHOW_DIM },
};
#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

/* What each kind of row says on a screen; WHO is whom it went to, or whom it came from. */
static const struct {
	const char *what;
	const char *says;
} kinds[] = {
	{ "named", N_("given with a name") },
	{ "awarded", N_("card sent to") },
	{ "answered", N_("answered with a card to") },
	{ "received", N_("card received from") },
	{ "withdrawn", N_("taken back") },
	{ "unasked", N_("ask taken back") },
	{ "forgotten", N_("forgotten") },
	{ "exported", N_("everything exported") },
	{ "accessed", N_("shown what is held of one person") },
	{ "signed", N_("letter signed") },
	{ "sent", N_("letter sent") },
	{ "revoked", N_("letter revoked") },
	{ "admitted", N_("let in") },
	{ "hooked", N_("sealed fields to a hook") },
};

static const char *says(const char *what)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].what, what) == 0)
			return _(kinds[i].says);
	return what;
}

static void rows_print(const struct session *session, const json_t *rows)
{
	struct show_table table = show_table_make(columns, COLUMNS);
	bool screen = session->term.screen;
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *row = json_array_get(rows, i);
		const char *at = doc_text(row, "at");
		struct times_text moment = times_moment(at);
		char id[32];
		snprintf(id, sizeof(id), screen ? "%.8s" : "%.16s", doc_text(row, "id"));
		const char *cells[COLUMNS] = { screen ? moment.text : at,
			                       screen ? says(doc_text(row, "what"))
			                              : doc_text(row, "what"),
			                       id,
			                       doc_text(row, "member"),
			                       doc_text(row, "title"),
			                       doc_text(row, "circle") };
		show_table_add(&table, cells);
	}
	show_table_print(&table, &session->term, 0, SHOW_HEADER, stdout);
	show_table_free(&table);
}

static int run(struct session *session)
{
	const char *text = options_value(&session->options, "since");
	int64_t since_s = times_span_parse(text ? text : SINCE_USUAL);
	if (since_s <= 0 || since_s > INT32_MAX)
		return session_usage_error(session, "\"--since %s\": 90d, 12h or 2w.", text);
	json_t *params = json_object();
	json_object_set_new(params, "since_s", json_integer(since_s));
	json_t *audit = session_call(session, "audit", params, CLIENT_READS);
	if (!audit)
		return -1;
	const json_t *rows = json_object_get(audit, "rows");
	if (!session_document_print(session, rows, "id")) {
		long long more = doc_number(audit, "more", 0);
		rows_print(session, rows);
		if (more > 0)
			fprintf(stderr,
			        ngettext("%lld older row is not shown.\n",
			                 "%lld older rows are not shown.\n", (unsigned long)more),
			        more);
		if (json_array_size(rows) == 0 && session->term.talk)
			fputs(_("Nothing was done with data about persons in that time.\n"),
			      stderr);
	}
	json_decref(audit);
	return 0;
}

const struct command cmd_audit = {
	.name = "audit",
	.alias = "registre",
	.usage = "audit [--since 30d]",
	.summary = "what this node did with data about persons",
	.examples = "  tuyau audit\n"
		    "  tuyau audit --since 52w --json\n",
	.rules = rules,
	.rule_count = sizeof(rules) / sizeof(rules[0]),
	.words = COMMAND_NO_WORDS,
	.run = run,
};
