/* calendar: what is due, as an iCalendar file. */
#include "commands.h"
#include "file.h"
#include "ical.h"
#include "memory.h"
#include "pages.h"
#include "words.h"
#include <stdlib.h>
#include <string.h>

static const struct option_rule rules[] = {
	{ 0, "names", NULL, NULL, OPTION_FLAG, N_("with whom to call: name, phone, e-mail") },
};

/* Puts the text in the place of a file, for the owner only. */
static int file_put(struct session *session, const char *path, const char *text)
{
	const char *slash = strrchr(path, '/');
	char *dir = memory_check(slash ? strndup(path, (size_t)(slash - path) + 1) : strdup("."));
	int result = file_write_as(dir, slash ? slash + 1 : path, text, 0600, &session->failure);
	free(dir);
	return result;
}

static int calendar_put(struct session *session, const json_t *todos, const char *path)
{
	bool named = options_value(&session->options, "names") != NULL;
	char *text = NULL;
	size_t size = 0;
	int result = 0;
	FILE *out = memory_check(open_memstream(&text, &size));
	ical_write(out, todos, named ? ICAL_NAMES : ICAL_NO_NAMES);
	if (fclose(out) != 0)
		memory_check(NULL);
	if (path && strcmp(path, "-") != 0)
		result = file_put(session, path, text);
	else
		fputs(text, stdout);
	free(text);
	if (result == 0 && json_array_size(todos) == 0 && session_talks(session))
		fputs(_("Nothing is due.\n"), stderr);
	return result;
}

static int run(struct session *session)
{
	const struct options *options = &session->options;
	const char *path = options->word_count > 0 ? options->words[0] : NULL;
	if (options->word_count > 1)
		return session_usage_error(session, "One file, or - for standard output.");
	json_t *todos = pages_read(session, "calendar", session_params(session), "todos");
	if (!todos)
		return -1;
	int result = 0;
	if (!session_document_print(session, todos, "id"))
		result = calendar_put(session, todos, path);
	json_decref(todos);
	return result;
}

const struct command cmd_calendar = {
	.name = "calendar",
	.alias = "agenda",
	.usage = "calendar [FILE|-] [--names]",
	.summary = "first contacts, follow-ups and own asks that end, for a calendar",
	.examples = "  tuyau calendar ~/tuyau.ics           # from cron; import it once a day\n"
		    "  tuyau calendar --json | jq '.[].due'\n",
	.rules = rules,
	.rule_count = sizeof(rules) / sizeof(rules[0]),
	.words = COMMAND_WORDS,
	.run = run,
};
