/* vouch: letters of recommendation, from the draft to the revocation. */
#include "commands.h"
#include "file.h"
#include "form.h"
#include "times.h"
#include "words.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct option_rule rules[] = {
	{ 0, "for", "WHO", "for", OPTION_TEXT,
	  "who is to read it: role, company (else the ask's)" },
	{ 0, "about", "COMPANY", "about", OPTION_TEXT, "whom it recommends (else the asker)" },
	{ 0, "relation", "TEXT", "relation", OPTION_TEXT, "how you know them" },
	{ 0, "since", "WHEN", "since", OPTION_TEXT, "since when" },
	{ 0, "fact", "TEXT", "facts", OPTION_LIST, "what you have seen yourself; up to 5 times" },
	{ 0, "limits", "TEXT", "limits", OPTION_TEXT, "what you do not know; required" },
	{ 0, "phone", "PHONE", "call", OPTION_TEXT, "they may call you before they decide" },
	{ 0, "days", "N", "days", OPTION_NUMBER, "how long it is good, from its signature (90)" },
	{ 0, "lang", "CODE", "lang", OPTION_TEXT, "fr or en (else the ask's, else en)" },
	{ 'e', "edit", NULL, NULL, OPTION_FLAG, "write: fill in a form, in $EDITOR" },
	{ 0, "out", "DIR", NULL, OPTION_TEXT, "sign, send, get, revoke: where the files go" },
	{ 0, "from", "MEMBER", NULL, OPTION_TEXT, "get: whose letter" },
};

static const struct show_column columns[] = {
	{ "NUMBER", SHOW_FIXED, SHOW_BOLD }, { "STATE", SHOW_FIXED, SHOW_GREEN },
	{ "ABOUT", SHOW_FLEX, SHOW_PLAIN },  { "FOR", SHOW_FLEX, SHOW_PLAIN },
	{ "UNTIL", SHOW_FIXED, SHOW_PLAIN }, { "ASK", SHOW_FIXED, SHOW_DIM },
};
#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

/* ---- what is shown ---- */

static void text_print(const json_t *letter)
{
	char *text = show_clean_lines(doc_text(letter, "text"));
	fputs(text, stdout);
	free(text);
	fflush(stdout);
}

/* One line in a pipe: number, state, file. */
static void row_print(const json_t *letter)
{
	char *file = show_clean(doc_text(letter, "file"));
	printf("%s\t%s\t%s\n", doc_text(letter, "number"), doc_text(letter, "state"), file);
	free(file);
	fflush(stdout);
}

/* ---- the request ---- */

/* Params with "id", the word behind the verb. NULL: session->failure. */
static json_t *id_params(struct session *session, const char *what)
{
	const struct options *options = &session->options;
	json_t *id;
	if (options->word_count != 2) {
		session_usage_error(session, "Which one? vouch %s takes %s.", options->words[0],
		                    words_text(what));
		return NULL;
	}
	if (options_string(options->words[1], "The id", &id, &session->failure) != 0)
		return NULL;
	json_t *params = json_object();
	json_object_set_new(params, "id", id);
	return params;
}

/* Options of write for another verb say that something else was meant. */
static int no_fields(struct session *session)
{
	const struct options *options = &session->options;
	for (size_t i = 0; i < options->given_count; i++)
		if (options->given[i].rule->field)
			return session_usage_error(session, "--%s belongs to vouch write.",
			                           options->given[i].rule->name);
	return 0;
}

/* The own draft for a request, for the form; NULL: none. The caller's. */
static json_t *draft_find(struct session *session, const char *id)
{
	json_t *found = NULL;
	json_t *list = session_call(session, "vouch_list", json_object(), CLIENT_READS);
	for (size_t i = 0; i < json_array_size(list) && !found; i++) {
		json_t *letter = json_array_get(list, i);
		if (strcmp(doc_text(letter, "state"), "drafted") == 0 &&
		    strncasecmp(doc_text(letter, "ask"), id, strlen(id)) == 0)
			found = json_incref(letter);
	}
	json_decref(list);
	return found;
}

static int write_run(struct session *session)
{
	const struct options *options = &session->options;
	json_t *params = id_params(session, "the id of the request");
	if (!params)
		return -1;
	int result = options_fields(options, params, &session->failure);
	if (result == 0 && options_value(options, "edit")) {
		json_t *draft = draft_find(session, options->words[1]);
		result = form_edit(&form_letter, draft, params, &session->failure);
		json_decref(draft);
	}
	if (result != 0) {
		json_decref(params);
		return -1;
	}
	json_t *letter = session_call(session, "vouch_write", params, CLIENT_WRITES);
	if (!letter)
		return -1;
	if (!session_document_print(session, letter, "number")) {
		text_print(letter);
		fprintf(stderr, _("A draft, only here. Read it, then: tuyau vouch sign %s\n"),
		        doc_text(letter, "number"));
	}
	json_decref(letter);
	return 0;
}

/* ---- sign, send, revoke ---- */

static int pair_write(struct session *session, const char *dir, const char *name, const char *text,
                      const char *sign)
{
	char *sign_name = file_path(name, ".minisig");
	int result = file_write(dir, name, text, &session->failure);
	if (result == 0)
		result = file_write(dir, sign_name, sign, &session->failure);
	free(sign_name);
	return result;
}

/* The method's answer; the caller's. NULL: session->failure. */
static json_t *verb_call(struct session *session, const char *method)
{
	if (no_fields(session) != 0)
		return NULL;
	json_t *params = id_params(session, "a letter's number, or the id of its request");
	return params ? session_call(session, method, params, CLIENT_WRITES) : NULL;
}

static int sign_run(struct session *session)
{
	const char *dir = options_value(&session->options, "out");
	json_t *letter = verb_call(session, "vouch_sign");
	if (!letter)
		return -1;
	int result = dir ? pair_write(session, dir, doc_text(letter, "file"),
	                              doc_text(letter, "text"), doc_text(letter, "signature"))
	                 : 0;
	if (result == 0 && !session_document_print(session, letter, "number")) {
		if (session->term.screen)
			text_print(letter);
		else
			row_print(letter);
		fprintf(stderr, _("Signed, good until %s. To hand it over: tuyau vouch send %s\n"),
		        doc_text(letter, "expires"), doc_text(letter, "number"));
	}
	json_decref(letter);
	return result;
}

static int send_run(struct session *session)
{
	const char *dir = options_value(&session->options, "out");
	json_t *letter = verb_call(session, "vouch_send");
	if (!letter)
		return -1;
	int result = pair_write(session, dir ? dir : ".", doc_text(letter, "file"),
	                        doc_text(letter, "text"), doc_text(letter, "signature"));
	if (result == 0 && !session_document_print(session, letter, "number")) {
		const char *file = doc_text(letter, "file");
		char *asker = show_clean(doc_text(letter, "asker"));
		row_print(letter);
		if (*asker != '\0')
			fprintf(stderr, _("%s gets it through the circle, sealed.\n"), asker);
		fprintf(stderr,
		        _("For others, send both files: %s and %s.minisig\n"
		          "And your key by another way, so that they know it is yours:\n%s\n"),
		        file, file, doc_text(letter, "key"));
		free(asker);
	}
	json_decref(letter);
	return result;
}

/* A letter that came; written into files only if --out says where, or to this directory. */
static int get_run(struct session *session)
{
	const char *dir = options_value(&session->options, "out");
	const char *from = options_value(&session->options, "from");
	json_t *answer;
	if (no_fields(session) != 0)
		return -1;
	json_t *params = id_params(session, "the id of your request");
	if (!params)
		return -1;
	if (from && options_string(from, "--from", &answer, &session->failure) != 0) {
		json_decref(params);
		return -1;
	}
	if (from)
		json_object_set_new(params, "answer", answer);
	json_t *letter = session_call(session, "vouch_get", params, CLIENT_READS);
	if (!letter)
		return -1;
	const char *state = doc_text(letter, "state");
	const char *file = doc_text(letter, "file");
	int result = 0;
	if (strcmp(state, "bad") == 0)
		result = errors_set(&session->failure, EXIT_OTHER, "T-LETTER-FORGED",
		                    _("Ask for it again."),
		                    _("What came is not a letter that its author signed."));
	else
		result = pair_write(session, dir ? dir : ".", file, doc_text(letter, "text"),
		                    doc_text(letter, "signature"));
	if (result == 0 && !session_document_print(session, letter, "number")) {
		row_print(letter);
		fprintf(stderr,
		        _("%s and %s.minisig: pass both on; whoever has minisign checks "
		          "them.\n"),
		        file, file);
		if (strcmp(state, "revoked") == 0)
			fputs(_("Careful: its author has revoked it.\n"), stderr);
	}
	json_decref(letter);
	return result;
}

static int revoke_run(struct session *session)
{
	const char *dir = options_value(&session->options, "out");
	json_t *letter = verb_call(session, "vouch_revoke");
	if (!letter)
		return -1;
	const char *text = doc_text(letter, "revocation");
	char *name = file_path(doc_text(letter, "file"), ".revoked");
	int result = 0;
	if (*text != '\0')
		result = pair_write(session, dir ? dir : ".", name, text,
		                    doc_text(letter, "revocation_signature"));
	if (result == 0 && !session_document_print(session, letter, "number")) {
		row_print(letter);
		if (*text != '\0')
			fprintf(stderr,
			        _("Revoked; the circle knows. Whoever has the letter needs both: "
			          "%s and %s.minisig\n"),
			        name, name);
		else
			fputs(_("It was a draft; it is gone.\n"), stderr);
	}
	free(name);
	json_decref(letter);
	return result;
}

/* ---- list ---- */

static void list_print(const struct session *session, const json_t *list)
{
	struct show_table table = show_table_make(columns, COLUMNS);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *letter = json_array_get(list, i);
		char ask[32];
		snprintf(ask, sizeof(ask), session->term.screen ? "%.4s" : "%.16s",
		         doc_text(letter, "ask"));
		const char *cells[COLUMNS] = {
			doc_text(letter, "number"),  doc_text(letter, "state"),
			doc_text(letter, "about"),   doc_text(letter, "for"),
			doc_text(letter, "expires"), ask,
		};
		show_table_add(&table, cells);
	}
	show_table_print(&table, &session->term, 0, SHOW_HEADER, stdout);
	show_table_free(&table);
}

static int list_run(struct session *session)
{
	if (session->options.word_count > 1)
		return session_usage_error(session, "vouch list takes no words.");
	if (no_fields(session) != 0)
		return -1;
	json_t *list = session_call(session, "vouch_list", json_object(), CLIENT_READS);
	if (!list)
		return -1;
	if (!session_document_print(session, list, "number")) {
		list_print(session, list);
		if (json_array_size(list) == 0 && session->term.screen)
			fputs(_("No letters. Requests for one: tuyau inbox --all kind:vouch\n"),
			      stderr);
	}
	json_decref(list);
	return 0;
}

static int run(struct session *session)
{
	static const struct {
		const char *name;
		int (*run)(struct session *session);
	} verbs[] = {
		{ "write", write_run }, { "sign", sign_run },     { "send", send_run },
		{ "list", list_run },   { "revoke", revoke_run }, { "get", get_run },
	};
	const struct options *options = &session->options;
	for (size_t i = 0; options->word_count > 0 && i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(options->words[0], verbs[i].name) == 0)
			return verbs[i].run(session);
	if (options->word_count == 0)
		return session_usage_error(session,
		                           "vouch write, sign, send, get, list or revoke?");
	return session_usage_error(session, "\"vouch %s\": write, sign, send, get, list or revoke.",
	                           options->words[0]);
}

const struct command cmd_vouch = {
	.name = "vouch",
	.alias = "lettre",
	.usage = "vouch write ID [-e] | sign ID | send ID | get ID | list | revoke NUMBER",
	.summary = "letters of recommendation that anybody can check",
	.examples =
		"  tuyau inbox --all kind:vouch                     # who asks for one\n"
		"  tuyau vouch write 7KQ2 -e\n"
		"  tuyau vouch write 7KQ2 --relation \"client since March 2022\" \\\n"
		"      --fact \"deadlines kept, two years running\" \\\n"
		"      --limits \"how they do with over 500 people\" --phone \"01 99 00 45 67\"\n"
		"  tuyau vouch sign 7KQ2 && tuyau vouch send 7KQ2   # the asker gets it\n"
		"  tuyau vouch get 7KQ2 --out letters               # your request: the one that "
		"came\n"
		"  tuyau vouch revoke 5M2QJ8ZD\n",
	.rules = rules,
	.rule_count = sizeof(rules) / sizeof(rules[0]),
	.words = COMMAND_WORDS,
	.run = run,
};
