/* notice: what to tell a person whose name is given, or who is called. Nothing leaves this node. */
#include "commands.h"
#include "memory.h"
#include "notice_words.h"
#include "object.h"
#include "words.h"
#include <stdlib.h>
#include <string.h>

#define HELD_MAX 8

static const struct option_rule rules[] = {
	{ 0, "lang", "CODE", NULL, OPTION_TEXT,
	  N_("fr or en (else that of the tip or ask, else yours)") },
};

/* What is known of the one notice. */
struct notice {
	const json_t *object;
	const json_t *contact; /* where name, phone and the like stand; NULL: nowhere */
	enum notice_kind kind;
	enum lang lang;
	const char *giver; /* `from` of the other one; NULL: nobody */
	const char *values[NOTICE_VALUES];
};

/* The answer with a contact in it: the accepted one first; NULL: none. */
static const json_t *answer_find(const json_t *object)
{
	const json_t *answers = json_object_get(object, "answers");
	const json_t *found = NULL;
	for (size_t i = 0; i < json_array_size(answers); i++) {
		const json_t *answer = json_array_get(answers, i);
		bool named = *doc_text(answer, "name") != '\0' ||
		             *doc_text(answer, "phone") != '\0' ||
		             *doc_text(answer, "email") != '\0';
		if (named && (!found || doc_true(answer, "accepted")))
			found = answer;
	}
	return found;
}

/* What the owner has to do with the object. 0, or -1: session->failure. */
static int kind_find(struct session *session, struct notice *notice)
{
	const json_t *object = notice->object;
	bool mine = doc_true(object, "mine");
	const json_t *answer = answer_find(object);
	notice->contact = json_object_get(object, "sealed");
	if (strcmp(doc_text(object, "kind"), "tip") == 0) {
		notice->kind = mine ? NOTICE_TIP : NOTICE_CALL;
		notice->giver = mine ? NULL : doc_text(object, "from");
		if (mine || notice->contact)
			return 0;
	} else if (answer) {
		notice->kind = mine ? NOTICE_CALL : NOTICE_ANSWER;
		notice->contact = answer;
		notice->giver = mine ? doc_text(answer, "from") : doc_text(object, "from");
		return 0;
	} else if (mine) {
		notice->kind = NOTICE_ASK;
		return 0;
	}
	return errors_set(&session->failure, EXIT_REFUSED, "T-NOT-ALLOWED", "tuyau inbox --mine",
	                  "You neither gave a name here nor received one.");
}

/* --lang, else the object's, else the reader's. 0, or -1: session->failure. */
static int lang_find(struct session *session, struct notice *notice)
{
	const char *typed = options_value(&session->options, "lang");
	const char *code = typed ? typed : doc_text(notice->object, "lang");
	notice->lang = lang_start();
	if (strcmp(code, "fr") == 0)
		notice->lang = LANG_FR;
	else if (strcmp(code, "en") == 0)
		notice->lang = LANG_EN;
	else if (typed)
		return session_usage_error(session, "\"--lang %s\": fr or en.", typed);
	return 0;
}

/* The fields that are held, of the contact and of what everybody reads. */
static char *held_make(const struct notice *notice)
{
	static const char *const keys[] = { "name", "phone", "email", "best_time" };
	const char *fields[HELD_MAX];
	size_t count = 0;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (*doc_text(notice->contact, keys[i]) != '\0')
			fields[count++] = keys[i];
	if (notice->kind == NOTICE_ASK && *doc_text(notice->object, "person") != '\0')
		fields[count++] = "person";
	if (count > 0 && *doc_text(notice->object, "role") != '\0')
		fields[count++] = "role";
	if (count > 0 && *object_company(notice->object) != '\0')
		fields[count++] = "company";
	return notice_held(notice->lang, fields, count);
}

static json_t *profile_of(struct session *session, const struct notice *notice, const char *member)
{
	json_t *params = json_object();
	json_object_set(params, "circle", json_object_get(notice->object, "circle"));
	if (member)
		json_object_set_new(params, "member", json_string(member));
	return session_call(session, "profile_show", params, CLIENT_READS);
}

static json_t *circle_of(struct session *session, const struct notice *notice)
{
	json_t *params = json_object();
	json_object_set(params, "circle", json_object_get(notice->object, "circle"));
	return session_call(session, "circle_show", params, CLIENT_READS);
}

static const char *or_else(const char *text, const char *otherwise)
{
	return *text != '\0' ? text : otherwise;
}

static void values_fill(struct notice *notice, const json_t *me, const json_t *circle,
                        const json_t *giver)
{
	bool ask = strcmp(doc_text(notice->object, "kind"), "ask") == 0;
	const char **values = notice->values;
	values[NOTICE_WHO] =
		or_else(doc_text(notice->contact, "name"), doc_text(notice->object, "person"));
	values[NOTICE_ME] = or_else(doc_text(me, "name"), doc_text(me, "from"));
	values[NOTICE_MY_COMPANY] = doc_text(me, "company");
	values[NOTICE_REACH] = doc_text(me, "reach");
	values[NOTICE_CIRCLE] = doc_text(circle, "name");
	values[NOTICE_WHAT] = doc_text(notice->object, ask ? "text" : "title");
	values[NOTICE_COMPANY] =
		or_else(object_company(notice->object), doc_text(notice->contact, "company"));
	values[NOTICE_ROLE] = doc_text(notice->object, "role");
	values[NOTICE_GIVER] = notice->giver ? or_else(doc_text(giver, "name"), notice->giver) : "";
	values[NOTICE_GIVER_COMPANY] = doc_text(giver, "company");
}

static int notice_print(struct session *session, const struct notice *notice)
{
	static const char *const kinds[] = { "tip", "ask", "answer", "call" };
	char *subject = notice_subject(notice->kind, notice->lang, notice->values);
	char *text = notice_text(notice->kind, notice->lang, notice->values);
	json_t *document = json_object();
	json_object_set_new(document, "schema", json_integer(1));
	json_object_set(document, "id", json_object_get(notice->object, "id"));
	json_object_set_new(document, "kind", json_string(kinds[notice->kind]));
	json_object_set_new(document, "lang", json_string(lang_name(notice->lang)));
	json_object_set_new(document, "to", json_string(notice->values[NOTICE_WHO]));
	json_object_set_new(document, "phone", json_string(doc_text(notice->contact, "phone")));
	json_object_set_new(document, "email", json_string(doc_text(notice->contact, "email")));
	json_object_set_new(document, "subject", json_string(subject));
	json_object_set_new(document, "text", json_string(text));
	if (!session_document_print(session, document, "id")) {
		char *clean = show_clean_lines(text);
		char *line = show_clean(subject);
		printf("%s\n\n%s", line, clean);
		free(line);
		free(clean);
		if (session->term.talk)
			fputs(_("Nothing was sent: it is for you to send, or to say.\n"), stderr);
	}
	json_decref(document);
	free(subject);
	free(text);
	return 0;
}

/* With all that is asked for; 0, or -1: session->failure. */
static int notice_make(struct session *session, struct notice *notice)
{
	char count[24];
	json_t *me = profile_of(session, notice, NULL);
	json_t *circle = me ? circle_of(session, notice) : NULL;
	json_t *giver = circle && notice->giver ? profile_of(session, notice, notice->giver) : NULL;
	int result = circle && (giver || !notice->giver) ? 0 : -1;
	if (result == 0) {
		char *held = held_make(notice);
		char *until = notice_day(notice->lang, doc_text(notice->object, "expires"));
		snprintf(count, sizeof(count), "%zu",
		         json_array_size(json_object_get(circle, "members")));
		values_fill(notice, me, circle, giver);
		notice->values[NOTICE_COUNT] = count;
		notice->values[NOTICE_HELD] = held;
		notice->values[NOTICE_UNTIL] = until;
		result = notice_print(session, notice);
		free(held);
		free(until);
	}
	json_decref(giver);
	json_decref(circle);
	json_decref(me);
	return result;
}

static int run(struct session *session)
{
	struct notice notice = { 0 };
	json_t *id = session_id_read(session, SESSION_ONE_WORD);
	if (!id)
		return -1;
	json_t *params = json_object();
	json_object_set_new(params, "id", id);
	json_t *object = session_call(session, "show", params, CLIENT_READS);
	if (!object)
		return -1;
	notice.object = object;
	int result = kind_find(session, &notice);
	if (result == 0)
		result = lang_find(session, &notice);
	if (result == 0)
		result = notice_make(session, &notice);
	json_decref(object);
	return result;
}

const struct command cmd_notice = {
	.name = "notice",
	.alias = "préviens",
	.usage = "notice ID [--lang fr|en]",
	.summary = "what to tell a person whose name you give, or whom you call",
	.examples =
		N_("  tuyau notice 7KQ2 --lang fr           # to be sent before the name is given\n"
	           "  tuyau notice 7KQ2                     # awarded to you: your first words\n"),
	.rules = rules,
	.rule_count = sizeof(rules) / sizeof(rules[0]),
	.words = COMMAND_WORDS,
	.run = run,
};
