/* new, join, circle: how a circle comes to be, how one gets in, who is there. */
#include "commands.h"
#include "person.h"
#include "times.h"
#include "words.h"
#include <stdlib.h>
#include <string.h>

#define PROGRESS_MS      20    /* between two looks at the first sync */
#define PROGRESS_HALT_MS 60000 /* no progress for so long: it goes on without us */
#define JOIN_S           30    /* to reach the inviter */
#define JOIN_S_MAX       600
#define JOIN_MARGIN_MS   30000 /* tuyaud gives up first, and says why */

static const struct option_rule new_rules[] = {
	PERSON_RULES,
	{ 0, "inside", NULL, NULL, OPTION_FLAG, "among colleagues of one company" },
	{ 0, "between", NULL, NULL, OPTION_FLAG, "among companies that do not compete" },
	{ 0, "lang", "CODE", NULL, OPTION_TEXT, "the circle's language: fr, en" },
	{ 0, "charter", "FILE", NULL, OPTION_LATER, NULL },
};

static const struct option_rule join_rules[] = {
	PERSON_RULES,
	{ 0, "no-wait", NULL, NULL, OPTION_FLAG, "do not wait for the first sync" },
	{ 0, "timeout", "SECONDS", NULL, OPTION_TEXT, "how long to try to reach the inviter (30)" },
	{ 0, "sign-charter", "SHA", NULL, OPTION_LATER, NULL },
};

static const struct option_rule circle_rules[] = {
	{ 'a', "all", NULL, NULL, OPTION_FLAG, "former members too" },
};

/* ---- members ---- */

static const struct show_column member_columns[] = {
	{ "NAME", SHOW_FIXED, SHOW_BOLD },  { "COMPANY", SHOW_FLEX, SHOW_PLAIN },
	{ "ROLE", SHOW_FIXED, SHOW_PLAIN }, { "ONLINE", SHOW_FIXED, SHOW_GREEN },
	{ "MEMBER", SHOW_FIXED, SHOW_DIM },
};
#define MEMBER_COLUMNS (sizeof(member_columns) / sizeof(member_columns[0]))

enum members_are { MEMBERS_ACTIVE, MEMBERS_FORMER };

static void member_add(const struct session *session, struct show_table *table,
                       const json_t *member, enum members_are are)
{
	char id[128];
	bool self = doc_true(member, "self");
	const char *online = doc_true(member, "online") ? _("online") : "";
	snprintf(id, sizeof(id), session->term.screen ? "%.8s" : "%.120s",
	         doc_text(member, "member"));
	const char *cells[MEMBER_COLUMNS] = { doc_text(member, "name"), doc_text(member, "company"),
		                              doc_text(member, "role"), self ? _("you") : online,
		                              id };
	if (are == MEMBERS_FORMER)
		cells[2] = _("former");
	show_table_add(table, cells);
}

static void members_print(const struct session *session, const json_t *circle)
{
	struct show_table table = show_table_make(member_columns, MEMBER_COLUMNS);
	const json_t *members = json_object_get(circle, "members");
	const json_t *former = json_object_get(circle, "former");
	for (size_t i = 0; i < json_array_size(members); i++)
		member_add(session, &table, json_array_get(members, i), MEMBERS_ACTIVE);
	for (size_t i = 0; i < json_array_size(former); i++)
		member_add(session, &table, json_array_get(former, i), MEMBERS_FORMER);
	show_table_print(&table, &session->term, 2, SHOW_HEADER, stdout);
	show_table_free(&table);
}

static void circle_head_print(const struct session *session, const json_t *circle)
{
	const struct show_term *term = &session->term;
	const json_t *members = json_object_get(circle, "members");
	size_t online = 0;
	char *name = show_clean(doc_text(circle, "name"));
	for (size_t i = 0; i < json_array_size(members); i++) {
		const json_t *member = json_array_get(members, i);
		online += doc_true(member, "online") || doc_true(member, "self");
	}
	printf("%s%s%s · %s · ", show_on(term, SHOW_BOLD), name, show_off(term, SHOW_BOLD),
	       doc_text(circle, "state"));
	printf(ngettext("%zu member, %zu online\n", "%zu members, %zu online\n",
	                json_array_size(members)),
	       json_array_size(members), online);
	free(name);
}

/* ---- new ---- */

/* What new and join made: for programs; a line for a person; id and name for a pipe. */
static int made_print(struct session *session, const json_t *circle, const char *sentence)
{
	if (session_document_print(session, circle, "id"))
		return 0;
	size_t members = json_array_size(json_object_get(circle, "members"));
	char *name = show_clean(doc_text(circle, "name"));
	if (session->term.screen)
		printf(ngettext("%s: %s%s%s, %zu member.\n", "%s: %s%s%s, %zu members.\n", members),
		       words_text(sentence), show_on(&session->term, SHOW_BOLD), name,
		       show_off(&session->term, SHOW_BOLD), members);
	else
		printf("%s\t%s\t%zu\n", doc_text(circle, "id"), name, members);
	free(name);
	return 0;
}

static int new_params(struct session *session, json_t *params)
{
	const struct options *options = &session->options;
	const char *lang = options_value(options, "lang");
	bool inside = options_value(options, "inside");
	bool between = options_value(options, "between");
	json_t *string;
	if (inside && between)
		return session_usage_error(session, "--inside or --between, not both.");
	if (inside || between)
		json_object_set_new(params, "mode", json_string(inside ? "inside" : "between"));
	if (lang) {
		if (options_string(lang, "--lang", &string, &session->failure) != 0)
			return -1;
		json_object_set_new(params, "lang", string);
	}
	if (options_words_put(options, 0, "The name", params, "name", &session->failure) != 0)
		return -1;
	return person_read(session, params);
}

static int new_run(struct session *session)
{
	if (session->options.word_count == 0 || session->options.words[0][0] == '\0')
		return session_usage_error(session, "What is the circle called?");
	json_t *params = json_object();
	if (new_params(session, params) != 0) {
		json_decref(params);
		return -1;
	}
	json_t *circle = session_call(session, "new", params, CLIENT_WRITES);
	if (!circle)
		return -1;
	person_key_print(session, circle);
	int result = made_print(session, circle, "The circle is made");
	if (result == 0 && session_talks(session)) {
		fflush(stdout);
		fputs(_("Invite somebody: tuyau invite NAME\n"), stderr);
	}
	json_decref(circle);
	return result;
}

/* ---- join ---- */

/* The last line that moved, on a terminal. */
static void progress_say(const struct session *session, const json_t *progress)
{
	if (session_talks(session) && session->term.talk) {
		fputs("\r\033[K", stderr);
		fprintf(stderr, _("Receiving: %lld of %lld entries, %lld texts missing"),
		        doc_number(progress, "have", 0), doc_number(progress, "want", 0),
		        doc_number(progress, "missing", 0));
	}
}

static void progress_end(const struct session *session, const json_t *progress, bool whole)
{
	if (!session_talks(session))
		return;
	if (session->term.talk)
		fputs("\r\033[K", stderr);
	if (whole)
		fprintf(stderr, _("Up to date: %lld entries received.\n"),
		        doc_number(progress, "have", 0));
	else
		fprintf(stderr,
		        _("Not all is here yet (%lld of %lld entries); tuyaud goes on by itself: "
		          "tuyau status\n"),
		        doc_number(progress, "have", 0), doc_number(progress, "want", 0));
}

/* Follows the first sync to its end, or until nothing has come for long: it goes on by itself. 0,
 * or -1 and session->failure. */
static int progress_follow(struct session *session, const char *circle)
{
	const struct timespec nap = { .tv_nsec = PROGRESS_MS * 1000000L };
	long long last = -1;
	int halted_ms = 0;
	for (;;) {
		json_t *params = json_object();
		json_object_set_new(params, "circle", json_string(circle));
		json_t *progress = session_call(session, "progress", params, CLIENT_READS);
		if (!progress)
			return -1;
		long long missing = doc_number(progress, "missing", 0);
		long long sum = doc_number(progress, "have", 0) - missing;
		bool whole = doc_true(progress, "in_sync") && missing == 0;
		halted_ms = sum == last ? halted_ms + PROGRESS_MS : 0;
		last = sum;
		bool over = whole || halted_ms >= PROGRESS_HALT_MS;
		if (over)
			progress_end(session, progress, whole);
		else
			progress_say(session, progress);
		json_decref(progress);
		if (over)
			return 0;
		nanosleep(&nap, NULL);
	}
}

/* The code in words[0], or on standard input; blanks and line ends within it are left out. The
 * caller frees it; NULL: session->failure. */
static char *code_read(struct session *session)
{
	const struct options *options = &session->options;
	char *code;
	if (options->word_count == 1 && strcmp(options->words[0], "-") == 0)
		code = options_input_read(&session->failure);
	else
		code = options_words_join(options, 0);
	if (!code)
		return NULL;
	size_t out = 0;
	for (size_t i = 0; code[i] != '\0'; i++) {
		if (!strchr(" \t\r\n", code[i]))
			code[out++] = code[i];
	}
	code[out] = '\0';
	if (out > 0)
		return code;
	free(code);
	session_usage_error(session, "Where is the invitation? It begins with TUYAU:");
	return NULL;
}

static json_t *join_params(struct session *session, long timeout_s)
{
	json_t *params = json_object();
	json_t *string;
	char *code = code_read(session);
	int result = code ? options_string(code, "The code", &string, &session->failure) : -1;
	free(code);
	if (result == 0) {
		json_object_set_new(params, "code", string);
		json_object_set_new(params, "timeout_s", json_integer(timeout_s));
		result = person_read(session, params);
	}
	if (result == 0)
		return params;
	json_decref(params);
	return NULL;
}

/* The circle as it is after the first sync, with what only the answer of join says; the answer
 * itself if that cannot be had. Takes `joined`. */
static json_t *circle_refresh(struct session *session, json_t *joined)
{
	static const char *const once[] = { "recovery_key", "inviter" };
	json_t *params = json_object();
	json_object_set(params, "circle", json_object_get(joined, "id"));
	json_t *circle = session_call(session, "circle_show", params, CLIENT_READS);
	if (!circle)
		return joined;
	for (size_t i = 0; i < sizeof(once) / sizeof(once[0]); i++) {
		json_t *value = json_object_get(joined, once[i]);
		if (value)
			json_object_set(circle, once[i], value);
	}
	json_decref(joined);
	return circle;
}

static void admitted_say(const struct session *session, const json_t *circle)
{
	const json_t *inviter = json_object_get(circle, "inviter");
	const char *text = json_string_value(inviter);
	if (!session_talks(session))
		return;
	char *name = show_clean(doc_text(circle, "name"));
	char *who = show_clean(text ? text : doc_text(inviter, "name"));
	fprintf(stderr, _("%s let you into \"%s\".\n"), *who != '\0' ? who : _("The inviter"),
	        name);
	free(name);
	free(who);
}

static int timeout_read(struct session *session, long *timeout_s)
{
	const char *text = options_value(&session->options, "timeout");
	char *end = NULL;
	*timeout_s = text ? strtol(text, &end, 10) : JOIN_S;
	if (text && (end == text || *end != '\0' || *timeout_s < 1 || *timeout_s > JOIN_S_MAX))
		return session_usage_error(session, "\"--timeout %s\": 1 to %d seconds.", text,
		                           JOIN_S_MAX);
	return 0;
}

static int join_run(struct session *session)
{
	long timeout_s;
	if (timeout_read(session, &timeout_s) != 0)
		return -1;
	json_t *params = join_params(session, timeout_s);
	if (!params)
		return -1;
	if (session_talks(session) && session->term.talk)
		fputs(_("Reaching the inviter...\n"), stderr);
	json_t *circle = session_call_for(session, "join", params, CLIENT_WRITES,
	                                  (int)timeout_s * 1000 + JOIN_MARGIN_MS);
	if (!circle)
		return -1;
	person_key_print(session, circle);
	admitted_say(session, circle);
	int result = 0;
	if (!options_value(&session->options, "no-wait")) {
		result = progress_follow(session, doc_text(circle, "id"));
		if (result == 0)
			circle = circle_refresh(session, circle);
	}
	if (result != 0) /* one is in all the same */
		snprintf(session->failure.recovery_key, sizeof(session->failure.recovery_key), "%s",
		         session->options.json ? doc_text(circle, "recovery_key") : "");
	else
		result = made_print(session, circle, "You are in");
	if (result == 0 && session_talks(session)) {
		fflush(stdout);
		fputs(_("See what is there: tuyau\n"), stderr);
	}
	json_decref(circle);
	return result;
}

/* ---- circle ---- */

static int circle_list(struct session *session)
{
	static const struct show_column columns[] = { { "NAME", SHOW_FLEX, SHOW_BOLD },
		                                      { "MEMBERS", SHOW_RIGHT, SHOW_PLAIN },
		                                      { "ONLINE", SHOW_RIGHT, SHOW_PLAIN },
		                                      { "-C", SHOW_FIXED, SHOW_PLAIN },
		                                      { "ID", SHOW_FIXED, SHOW_DIM } };
	json_t *circles = session_call(session, "circle_list", json_object(), CLIENT_READS);
	if (!circles)
		return -1;
	int done = session_document_print(session, circles, "id");
	struct show_table table = show_table_make(columns, 5);
	for (size_t i = 0; done == 0 && i < json_array_size(circles); i++) {
		const json_t *circle = json_array_get(circles, i);
		char members[24], online[24], id[80];
		snprintf(members, sizeof(members), "%lld", doc_number(circle, "members", 0));
		snprintf(online, sizeof(online), "%lld", doc_number(circle, "online", 0));
		snprintf(id, sizeof(id), session->term.screen ? "%.8s" : "%.70s",
		         doc_text(circle, "id"));
		const char *cells[] = { doc_text(circle, "name"), members, online,
			                doc_text(circle, "slug"), id };
		show_table_add(&table, cells);
	}
	show_table_print(&table, &session->term, 0, SHOW_HEADER, stdout);
	show_table_free(&table);
	if (done == 0 && json_array_size(circles) == 0)
		fputs(_("None yet. With an invitation: tuyau join CODE. To begin one: tuyau new "
		        "NAME\n"),
		      stderr);
	json_decref(circles);
	return 0;
}

enum circle_screen { CIRCLE_SHOW, CIRCLE_MEMBERS };

static int circle_show(struct session *session, enum circle_screen screen)
{
	json_t *params = session_named_params(session, 1, "circle");
	if (!params)
		return -1;
	if (options_value(&session->options, "all"))
		json_object_set_new(params, "all", json_true());
	json_t *circle = session_call(session, "circle_show", params, CLIENT_READS);
	if (!circle)
		return -1;
	json_t *members = json_object_get(circle, "members");
	int done = screen == CIRCLE_MEMBERS ? session_document_print(session, members, "member")
	                                    : session_document_print(session, circle, "id");
	if (done == 0) {
		if (session->term.screen && screen == CIRCLE_SHOW)
			circle_head_print(session, circle);
		members_print(session, circle);
	}
	json_decref(circle);
	return 0;
}

static int circle_run(struct session *session)
{
	static const char *const later[] = { "seats",  "charter", "leave", "remove",
		                             "keeper", "cosign",  "close", "refound" };
	const char *verb = session->options.word_count > 0 ? session->options.words[0] : "show";
	if (strcmp(verb, "list") == 0)
		return circle_list(session);
	if (strcmp(verb, "show") == 0)
		return circle_show(session, CIRCLE_SHOW);
	if (strcmp(verb, "members") == 0)
		return circle_show(session, CIRCLE_MEMBERS);
	for (size_t i = 0; i < sizeof(later) / sizeof(later[0]); i++) {
		if (strcmp(verb, later[i]) == 0)
			return errors_set(&session->failure, EXIT_OTHER, "T-NOT-YET",
			                  "What works: tuyau circle list, show, members",
			                  "\"circle %s\" is not in this version yet.", verb);
	}
	return session_usage_error(session, "\"circle %s\": list, show or members.", verb);
}

const struct command cmd_new = {
	.name = "new",
	.alias = "nouveau",
	.usage = "new NAME [--as NAME] [--company C] [--sells TEXT] [--looks-for TEXT]",
	.summary = "make a circle",
	.examples = "  tuyau new \"Vendredi 18h\" --as \"Alice Martin\" --company \"Armor "
		    "Infogérance\" \\\n"
		    "      --sells \"infogérance, réseaux Wi-Fi\" --looks-for \"PME de 20 à 250 "
		    "postes\"\n",
	.rules = new_rules,
	.rule_count = sizeof(new_rules) / sizeof(new_rules[0]),
	.words = COMMAND_WORDS,
	.run = new_run,
};

const struct command cmd_join = {
	.name = "join",
	.alias = "rejoins",
	.usage = "join CODE|- [--as NAME] [--company C] [--sells TEXT] [--looks-for TEXT] "
		 "[--no-wait]",
	.summary = "enter a circle with an invitation",
	.examples = "  tuyau join TUYAU:AEHK7...\n"
		    "  tuyau join - --as \"Bruno Le Gall\" < invitation.txt\n",
	.rules = join_rules,
	.rule_count = sizeof(join_rules) / sizeof(join_rules[0]),
	.words = COMMAND_WORDS,
	.run = join_run,
};

const struct command cmd_circle = {
	.name = "circle",
	.alias = "cercle",
	.usage = "circle list | show [NAME] [--all] | members [NAME] [--all]",
	.summary = "which circles, and who is in them",
	.examples = "  tuyau circle list\n"
		    "  tuyau circle members -C vendredi-18h\n",
	.rules = circle_rules,
	.rule_count = sizeof(circle_rules) / sizeof(circle_rules[0]),
	.words = COMMAND_WORDS,
	.run = circle_run,
};
