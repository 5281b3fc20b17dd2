/* events: what has happened, as lines for a person or as JSON lines for a program. */
#include "commands.h"
#include "object.h"
#include "times.h"
#include "words.h"
#include <stdlib.h>
#include <string.h>

#define WAIT_S  25 /* one question; then the next */
#define STALE_S 20 /* tuyaud closes a connection on which nothing was asked for 30 s */

#define NAME_COLUMNS 17 /* "peer.unreachable" and a blank */

static const struct option_rule events_rules[] = {
	{ 'f', "follow", NULL, NULL, OPTION_FLAG, "go on with what happens, until tuyaud ends" },
	{ 0, "since", "POSITION", NULL, OPTION_TEXT,
	  "what came behind that event; 0: all that is kept" },
};

/* ---- for a person ---- */

static void object_say(const struct session *session, const json_t *object)
{
	const struct show_term *term = &session->term;
	char *what = object_what(object, 0);
	char *shown = show_clean(what);
	char *from = show_clean(doc_text(object, "from"));
	printf("%s%s%s %s%s%s", show_on(term, SHOW_BOLD), doc_text(object, "short"),
	       show_off(term, SHOW_BOLD), from, _(": "), shown);
	free(from);
	free(shown);
	free(what);
}

static void text_say(const char *text)
{
	char *shown = show_clean(text);
	fputs(shown, stdout);
	free(shown);
}

static void profile_say(const json_t *profile)
{
	const char *company = doc_text(profile, "company");
	text_say(doc_text(profile, "name"));
	if (*company != '\0') {
		fputs(", ", stdout);
		text_say(company);
	}
}

static void lost_say(const json_t *event)
{
	const json_t *count = json_object_get(event, "count");
	if (json_is_integer(count))
		printf(_("%lld events are no longer known: tuyau inbox --all"),
		       doc_number(event, "count", 0));
	else
		fputs(_("tuyaud was started again; what came before is not known"), stdout);
}

/* What the event is about, by the fields it has. */
static void about_say(const struct session *session, const json_t *event)
{
	const char *kind = doc_text(event, "event");
	const json_t *object = json_object_get(event, "object");
	const json_t *profile = json_object_get(event, "profile");
	const char *name = doc_text(event, "name");
	if (json_is_object(object)) {
		object_say(session, object);
	} else if (json_is_object(profile)) {
		profile_say(profile);
	} else if (strcmp(kind, "lost") == 0) {
		lost_say(event);
	} else if (strcmp(kind, "digest") == 0) {
		long long count = doc_number(event, "count", 0);
		printf(ngettext("%lld thing to tell: tuyau digest",
		                "%lld things to tell: tuyau digest", (unsigned long)count),
		       count);
	} else if (strcmp(kind, "notice") == 0) {
		text_say(words_text(doc_text(event, "text")));
	} else if (*name != '\0') {
		text_say(name);
		if (json_object_get(event, "entries"))
			printf(_(": %lld members, %lld online"), doc_number(event, "members", 0),
			       doc_number(event, "online", 0));
	} else {
		printf("%.8s", doc_text(event, "device"));
	}
}

static void event_print(const struct session *session, const json_t *event)
{
	const struct show_term *term = &session->term;
	const struct options *options = &session->options;
	if (options->quiet) {
		const char *id = doc_text(json_object_get(event, "object"), "id");
		if (*id != '\0')
			printf("%s\n", id);
	} else if (options->json && options->json_fields) {
		json_t *picked = doc_pick(event, options->json_fields);
		doc_print(picked, stdout, DOC_ONE_LINE);
		json_decref(picked);
	} else if (options->json || !term->screen) {
		doc_print(event, stdout, DOC_ONE_LINE);
	} else {
		struct times_text at = times_moment(doc_text(event, "at"));
		printf("%s%s%s  %-*s ", show_on(term, SHOW_DIM), at.text, show_off(term, SHOW_DIM),
		       NAME_COLUMNS, doc_text(event, "event"));
		about_say(session, event);
		fputc('\n', stdout);
	}
}

/* ---- asking ---- */

/* One question; from here on no daemon is started for it. The answer, the caller's; NULL:
 * session->failure. */
static json_t *events_ask(struct session *session, const json_t *since, int wait_s)
{
	json_t *params = json_object();
	if (since)
		json_object_set(params, "since", (json_t *)(uintptr_t)since);
	json_object_set_new(params, "wait_s", json_integer(wait_s));
	json_t *answer = session_call(session, "events", params, CLIENT_READS);
	session->options.no_start = true;
	if (!answer && strcmp(session->failure.code, "T-STOPPING") == 0)
		errors_set(&session->failure, EXIT_NO_DAEMON, "T-NO-DAEMON",
		           "Go on later: tuyau events --follow", "tuyaud was stopped.");
	return answer;
}

/* Prints what an answer holds. Takes it; its position, the caller's. */
static json_t *answer_print(const struct session *session, json_t *answer, bool *more)
{
	const json_t *events = json_object_get(answer, "events");
	json_t *position = json_incref(json_object_get(answer, "position"));
	for (size_t i = 0; i < json_array_size(events); i++)
		event_print(session, json_array_get(events, i));
	fflush(stdout);
	*more = doc_true(answer, "more");
	json_decref(answer);
	return position;
}

/* A reader of ours that took long has cost us the connection: a new one goes on where it was. */
static void connection_renew(struct session *session, time_t answered)
{
	if (time(NULL) - answered > STALE_S)
		client_close(&session->client);
}

/* Takes `position`. */
static int events_go_on(struct session *session, json_t *position, bool follow)
{
	bool more = true;
	while (position && (more || follow) && !ferror(stdout)) {
		json_t *answer = events_ask(session, position, follow ? WAIT_S : 0);
		json_decref(position);
		position = NULL;
		if (!answer)
			return -1;
		time_t answered = time(NULL);
		position = answer_print(session, answer, &more);
		connection_renew(session, answered);
	}
	json_decref(position);
	return 0;
}

static int events_run(struct session *session)
{
	const char *since = options_value(&session->options, "since");
	bool follow = options_value(&session->options, "follow") != NULL;
	json_t *position = NULL;
	bool more;
	if (since && *since == '\0')
		since = NULL;
	if (since || !follow) {
		if (options_string(since ? since : "0", "--since", &position, &session->failure))
			return -1;
		return events_go_on(session, position, follow);
	}
	json_t *answer = events_ask(session, NULL, 0);
	return answer ? events_go_on(session, answer_print(session, answer, &more), true) : -1;
}

const struct command cmd_events = {
	.name = "events",
	.alias = "événements",
	.usage = "events [--follow] [--since POSITION]",
	.summary = "what has happened; --follow: as it happens",
	.examples =
		"  tuyau events\n"
		"  tuyau events --follow | jq -r 'select(.event == \"tip.new\").object.title'\n",
	.rules = events_rules,
	.rule_count = sizeof(events_rules) / sizeof(events_rules[0]),
	.words = COMMAND_NO_WORDS,
	.run = events_run,
};
