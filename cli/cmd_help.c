/* help: what can be typed. */
#include "commands.h"
#include "words.h"
#include "../proto/text.h"
#include <stdio.h>
#include <string.h>

#define NAME_COLUMNS   9  /* "give-back" */
#define FRENCH_COLUMNS 18 /* "events, événements" */

static json_t *command_describe(const struct command *command)
{
	json_t *described = json_object();
	json_object_set_new(described, "name", json_string(command->name));
	json_object_set_new(described, "usage", json_string(_(command->usage)));
	json_object_set_new(described, "summary", json_string(_(command->summary)));
	return described;
}

/* A line of the overview; people who read French are shown the French name too. */
static void name_print(const struct command *command)
{
	const char *alias = lang_start() == LANG_FR && command->alias ? command->alias : NULL;
	size_t room = lang_start() == LANG_FR ? FRENCH_COLUMNS : NAME_COLUMNS;
	size_t used = strlen(command->name);
	if (alias)
		used += 2 + tuy_text_columns(tuy_text_bytes(alias));
	printf("  %s%s%s%*s %s\n", command->name, alias ? ", " : "", alias ? alias : "",
	       used < room ? (int)(room - used) : 0, "", _(command->summary));
}

static void overview_print(void)
{
	size_t column = 2;
	fputs(_("Usage: tuyau [OPTIONS] COMMAND ...          tuyau alone shows the inbox\n"),
	      stdout);
	fputc('\n', stdout);
	for (size_t i = 0; command_at(i); i++)
		name_print(command_at(i));
	printf("\n%s\n", _("Everywhere (before \"--\"):"));
	options_global_help_print();
	printf("\n%s\n ", _("Later, not in this version:"));
	for (size_t i = 0; command_later_at(i); i++) {
		size_t len = strlen(command_later_at(i)) + 1;
		if (column + len > 78) {
			fputs("\n ", stdout);
			column = 2;
		}
		printf(" %s", command_later_at(i));
		column += len;
	}
	printf("\n\n%s",
	       _("Examples and options of one command: tuyau help tip\n"
	         "Exit status: 0 done, 1 other, 2 usage, 3 not found, 4 no daemon, 5 ambiguous,\n"
	         "  6 refused, 7 conflict, 8 saved but not delivered (--wait), 9 permission\n"));
}

void help_print(const struct command *command)
{
	printf("%s\n", _(command->examples));
	printf(_("Usage: tuyau %s\n"), _(command->usage));
	fputs(_(command->summary), stdout);
	if (command->alias)
		printf(_(" (also: tuyau %s)"), command->alias);
	fputc('\n', stdout);
	if (command->rule_count > 0)
		fputc('\n', stdout);
	options_help_print(command->rules, command->rule_count);
	printf("\n%s\n", _("Options that all commands have: tuyau help"));
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
	.alias = "aide",
	.usage = "help [COMMAND]",
	.summary = "what can be typed",
	.examples = "  tuyau help tip\n",
	.words = COMMAND_WORDS,
	.run = run,
};
