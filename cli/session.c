#include "commands.h"
#include "../proto/text.h"
#include "last.h"
#include "memory.h"
#include "times.h"
#include "words.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_COLUMNS 10 /* of what stands before a value; a longer name pushes it */

/* A refusal of the daemon that leaves open what to type next gets the command's usage. */
static void hint_fill(struct session *session)
{
	struct failure *failure = &session->failure;
	if (failure->hint[0] != '\0')
		return;
	if (failure->exit == EXIT_USAGE)
		snprintf(failure->hint, sizeof(failure->hint), "tuyau %s",
		         _(session->command->usage));
	else
		snprintf(failure->hint, sizeof(failure->hint), "%s",
		         failure->retryable ? _("Try again in a moment.") : "tuyau status");
}

int session_open(struct session *session)
{
	const struct options *options = &session->options;
	enum client_start start = options->no_start ? CLIENT_NO_START : CLIENT_START;
	if (session->client.fd >= 0)
		return 0;
	return client_open(&session->client, options->home, start, &session->failure);
}

json_t *session_call_for(struct session *session, const char *method, json_t *params,
                         enum client_effect effect, int timeout_ms)
{
	if (!params)
		return NULL;
	if (session_open(session) != 0) {
		json_decref(params);
		return NULL;
	}
	json_t *result = client_call(&session->client, method, params, effect, timeout_ms,
	                             &session->failure);
	if (!result)
		hint_fill(session);
	return result;
}

json_t *session_call(struct session *session, const char *method, json_t *params,
                     enum client_effect effect)
{
	return session_call_for(session, method, params, effect, CLIENT_ANSWER_MS);
}

json_t *session_params(struct session *session)
{
	json_t *circle;
	json_t *params = json_object();
	if (!session->options.circle)
		return params;
	if (options_string(session->options.circle, "-C", &circle, &session->failure) != 0) {
		json_decref(params);
		return NULL;
	}
	json_object_set_new(params, "circle", circle);
	return params;
}

json_t *session_named_params(struct session *session, size_t first, const char *key)
{
	const struct options *options = &session->options;
	json_t *params = session_params(session);
	if (!params || options->word_count <= first ||
	    options_words_put(options, first, "The name", params, key, &session->failure) == 0)
		return params;
	json_decref(params);
	return NULL;
}

json_t *session_id_read(struct session *session, enum session_words words)
{
	const struct options *options = &session->options;
	char last[TUY_OBJECT_TEXT];
	json_t *id = NULL;
	if (options->word_count > 1 && words == SESSION_ONE_WORD)
		session_usage_error(session, "One id (its first 4 characters are enough).");
	else if (options->word_count >= 1)
		options_string(options->words[0], "The id", &id, &session->failure);
	else if (session_open(session) != 0)
		return NULL;
	else if (last_find(&session->client.paths, last) == 0)
		id = json_string(last);
	else
		errors_set(&session->failure, EXIT_USAGE, "T-USAGE",
		           "tuyau inbox --all lists them; then: tuyau show ID",
		           "Which one? Nothing was shown or given here before.");
	return id;
}

bool session_talks(const struct session *session)
{
	return !session->options.quiet && !session->options.json;
}

static void id_print(const json_t *object, const char *id_key)
{
	char *id = show_clean(doc_text(object, id_key));
	if (*id != '\0')
		printf("%s\n", id);
	free(id);
}

int session_document_print(const struct session *session, const json_t *document,
                           const char *id_key)
{
	const struct options *options = &session->options;
	enum doc_layout layout = session->term.screen ? DOC_INDENTED : DOC_ONE_LINE;
	if (options->json && options->json_fields) {
		json_t *picked = doc_pick(document, options->json_fields);
		doc_print(picked, stdout, layout);
		json_decref(picked);
		return 1;
	}
	if (options->json) {
		doc_print(document, stdout, layout);
		return 1;
	}
	if (!options->quiet)
		return 0;
	if (!json_is_array(document))
		id_print(document, id_key);
	for (size_t i = 0; i < json_array_size(document); i++)
		id_print(json_array_get(document, i), id_key);
	return 1;
}

bool session_asks(const struct session *session)
{
	const struct options *options = &session->options;
	return session->term.ask && !options->no_input && !options->yes && !options->json;
}

char *session_ask(struct session *session, const char *question, const char *option,
                  const char *proposed)
{
	char *line = NULL;
	size_t size = 0;
	(void)session;
	fprintf(stderr, "%s (%s)", words_text(question), option);
	if (*proposed != '\0') {
		char *shown = show_clean(proposed);
		fprintf(stderr, " [%s]", shown);
		free(shown);
	}
	fputs(_(": "), stderr);
	fflush(stderr);
	ssize_t len = getline(&line, &size, stdin);
	if (len < 0) {
		fputc('\n', stderr);
		free(line);
		return NULL;
	}
	while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r' || line[len - 1] == ' '))
		line[--len] = '\0';
	if (len > 0)
		return line;
	free(line);
	return memory_check(strdup(proposed));
}

int session_until_put(struct session *session, json_t *params)
{
	const char *until = options_value(&session->options, "until");
	if (!until)
		return 0;
	if (times_until_parse(until, session->now) < 0)
		return session_usage_error(session, "\"--until %s\": 2026-03-01, or 14d.", until);
	json_t *status = session_call(session, "status", json_object(), CLIENT_READS);
	if (!status)
		return -1;
	time_t now = session->now + (time_t)doc_number(status, "clock_offset", 0);
	json_decref(status);
	int64_t life_s = times_until_parse(until, now) - now;
	if (life_s <= 0)
		return session_usage_error(session, "\"--until %s\" is over.", until);
	json_object_set_new(params, "life_s", json_integer(life_s));
	return 0;
}

int session_usage_error(struct session *session, const char *message, ...)
{
	char text[1200];
	char hint[500];
	va_list args;
	va_start(args, message);
	vsnprintf(text, sizeof(text), words_text(message), args);
	va_end(args);
	snprintf(hint, sizeof(hint), "tuyau %s", _(session->command->usage));
	return errors_set(&session->failure, EXIT_USAGE, "T-USAGE", hint, "%s", text);
}

void session_line_print(const struct session *session, const char *name, const char *value)
{
	const struct show_term *term = &session->term;
	if (*value == '\0')
		return;
	char *shown = show_clean(value);
	const char *said = words_text(name);
	size_t columns = tuy_text_columns(tuy_text_bytes(said));
	if (term->screen)
		printf("  %s%s%*s%s %s\n", show_on(term, SHOW_DIM), said,
		       columns < NAME_COLUMNS ? (int)(NAME_COLUMNS - columns) : 0, "",
		       show_off(term, SHOW_DIM), shown);
	else
		printf("%s\t%s\n", said, shown);
	free(shown);
}
