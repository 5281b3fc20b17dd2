/*
 * tuyau: one command, one answer. Everything is asked of tuyaud; see commands.c for the table, and
 * client.c for the conversation.
 */
#include "../proto/err.h"
#include "commands.h"
#include "words.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Noreturn void tuy_require_failed(const char *what, const char *file, int line)
{
	fprintf(stderr, _("T-BUG tuyau has a fault: %s:%d: %s\n"), file, line, what);
	abort();
}

static int command_run(struct session *session)
{
	const struct options *options = &session->options;
	const struct command *command = command_find(options->command);
	if (options->version)
		command = &cmd_version;
	else if (!command)
		return command_unknown(options->command, &session->failure);
	session->command = command;
	command_words_complete(&session->options);
	if (options->help && command != &cmd_help) {
		if (!options->command)
			return cmd_help.run(session);
		help_print(command);
		return 0;
	}
	if (command->words == COMMAND_NO_WORDS && options->word_count > 0 && !options->version)
		return session_usage_error(session, "\"%s\" takes no words: \"%s\".", command->name,
		                           options->words[0]);
	return command->run(session);
}

/* Data that did not get out is a failure, not silence. */
static int output_end(struct session *session)
{
	int failed = ferror(stdout);
	if (fflush(stdout) == 0 && !failed)
		return 0;
	return errors_set(&session->failure, EXIT_OTHER, "T-OUTPUT",
	                  "Look at where it goes: a full disk, a pipe that was closed.",
	                  "The answer cannot be written (%s).", words_errno(errno));
}

int main(int argc, char **argv)
{
	struct session session = { .client = { .fd = -1 } };
	words_begin();
	session.now = time(NULL);
	session.term = show_term_find();
	int result = options_parse(argc, argv, command_rules, &session.options, &session.failure);
	if (result == 0)
		result = command_run(&session);
	client_close(&session.client);
	int written = output_end(&session);
	if (result == 0)
		result = written;
	if (result != 0)
		errors_print(&session.failure, session.options.json ? ERRORS_JSON : ERRORS_HUMAN);
	options_free(&session.options);
	return result == 0 ? 0 : (int)session.failure.exit;
}
