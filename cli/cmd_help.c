/* help: what can be typed. */
#include "commands.h"
#include <stdio.h>
#include <string.h>

static json_t *command_describe(const struct command *command)
{
	json_t *described = json_object();
	json_object_set_new(described, "name", json_string(command->name));
	json_object_set_new(described, "usage", json_string(command->usage));
	json_object_set_new(described, "summary", json_string(command->summary));
	return described;
}

static void overview_print(void)
{
	size_t column = 2;
	fputs("Usage: tuyau [OPTIONS] COMMAND ...          tuyau alone shows the inbox\n\n",
	      stdout);
	for (size_t i = 0; command_at(i); i++)
		printf("  %-9s %s\n", command_at(i)->name, command_at(i)->summary);
	fputs("\nEverywhere (before \"--\"):\n", stdout);
	options_global_help_print();
	fputs("\nLater, not in this version:\n ", stdout);
	for (size_t i = 0; command_later_at(i); i++) {
		size_t len = strlen(command_later_at(i)) + 1;
		if (column + len > 78) {
			fputs("\n ", stdout);
			column = 2;
		}
		printf(" %s", command_later_at(i));
		column += len;
	}
	fputs("\n\nExamples and options of one command: tuyau help tip\n"
	      "Exit status: 0 done, 1 other, 2 usage, 3 not found, 4 no daemon, 5 ambiguous,\n"
	      "  6 refused, 7 conflict, 8 saved but not delivered (--wait), 9 permission\n",
	      stdout);
}

void help_print(const struct command *command)
{
	printf("%s\nUsage: tuyau %s\n%s", command->examples, command->usage, command->summary);
	if (command->alias)
		printf(" (also: tuyau %s)", command->alias);
	fputc('\n', stdout);
	if (command->rule_count > 0)
		fputc('\n', stdout);
	options_help_print(command->rules, command->rule_count);
	fputs("\nOptions that all commands have: tuyau help\n", stdout);
}

static int run(struct session *session)
{
	const struct options *options = &session->options;
	const char *name = options->word_count > 0 ? options->words[0] : NULL;
	const struct command *command = name ? command_find(name) : NULL;
	if (name && !command)
		return command_unknown(name, &session->failure);
	if (options->json || options->quiet) {
		json_t *all = json_array();
		for (size_t i = 0; !command && command_at(i); i++)
			json_array_append_new(all, command_describe(command_at(i)));
		json_t *document = command ? command_describe(command) : json_incref(all);
		session_document_print(session, document, "name");
		json_decref(document);
		json_decref(all);
		return 0;
	}
	if (command)
		help_print(command);
	else
		overview_print();
	return 0;
}

const struct command cmd_help = {
	.name = "help",
	.usage = "help [COMMAND]",
	.summary = "what can be typed",
	.examples = "  tuyau help tip\n",
	.words = COMMAND_WORDS,
	.run = run,
};
