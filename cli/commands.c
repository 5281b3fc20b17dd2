#include "commands.h"
#include "../proto/text.h"
#include "words.h"
#include <stdio.h>
#include <string.h>

static const struct command *const commands[] = {
	&cmd_new,       &cmd_invite, &cmd_join,   &cmd_profile,  &cmd_tip,    &cmd_ask,
	&cmd_inbox,     &cmd_show,   &cmd_search, &cmd_claim,    &cmd_award,  &cmd_done,
	&cmd_give_back, &cmd_pass,   &cmd_edit,   &cmd_withdraw, &cmd_undo,   &cmd_forget,
	&cmd_thank,     &cmd_answer, &cmd_accept, &cmd_solved,   &cmd_circle, &cmd_watch,
	&cmd_digest,    &cmd_value,  &cmd_events, &cmd_vouch,    &cmd_verify, &cmd_calendar,
	&cmd_export,    &cmd_notice, &cmd_audit,  &cmd_status,   &cmd_stop,   &cmd_version,
	&cmd_help,
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static const char *const later[] = {
	"who",    "contact", "policy", "company", "doctor", "peers",  "device",  "lock",
	"unlock", "sync",    "backup", "restore", "bundle", "limits", "recover", NULL,
};

/* Aliases of commands that come later. */
static const char *const later_aliases[] = { "qui" };

#define ALIAS_ASK_NEWS "nouvelles" /* a command and its first word */

static bool is_later(const char *name)
{
	for (size_t i = 0; later[i]; i++) {
		if (strcmp(later[i], name) == 0)
			return true;
	}
	for (size_t i = 0; i < sizeof(later_aliases) / sizeof(later_aliases[0]); i++) {
		if (strcmp(later_aliases[i], name) == 0)
			return true;
	}
	return false;
}

/* The command that was probably meant, or NULL. */
static const char *nearest_find(const char *name)
{
	const char *nearest = NULL;
	size_t least = 3;
	for (size_t i = 0; i < COMMANDS; i++) {
		const char *const names[] = { commands[i]->name, commands[i]->alias };
		for (size_t k = 0; k < 2 && names[k]; k++) {
			size_t distance = options_distance(name, names[k]);
			if (strlen(name) >= 3 && strncmp(names[k], name, strlen(name)) == 0)
				distance = 0;
			if (distance < least && distance < strlen(name)) {
				least = distance;
				nearest = names[k];
			}
		}
	}
	return nearest;
}

/* Whether a word may be the id of an object: 4 to 16 Crockford characters with a digit. */
static bool id_like(const char *word)
{
	size_t len = strlen(word);
	return len >= 4 && len <= 16 && strpbrk(word, "0123456789") &&
	       strspn(word, "0123456789ABCDEFGHJKMNPQRSTVWXYZabcdefghjkmnpqrstvwxyz") == len;
}

/* Whether somebody typed this French name, with its accents or without. */
static bool alias_is(const char *alias, const char *typed)
{
	return alias && tuy_text_equal(tuy_text_bytes(alias), tuy_text_bytes(typed));
}

const struct command *command_find(const char *name)
{
	if (!name)
		return &cmd_inbox;
	for (size_t i = 0; i < COMMANDS; i++) {
		if (strcmp(commands[i]->name, name) == 0 || alias_is(commands[i]->alias, name))
			return commands[i];
	}
	return alias_is(ALIAS_ASK_NEWS, name) ? &cmd_ask : NULL;
}

void command_words_complete(struct options *options)
{
	if (!options->command || !alias_is(ALIAS_ASK_NEWS, options->command))
		return;
	for (size_t i = options->word_count; i > 0; i--)
		options->words[i] = options->words[i - 1];
	options->words[0] = "news";
	options->word_count++;
}

const struct command *command_at(size_t index)
{
	return index < COMMANDS ? commands[index] : NULL;
}

const char *command_later_at(size_t index)
{
	return later[index];
}

int command_unknown(const char *name, struct failure *failure)
{
	char hint[200] = "tuyau help";
	if (is_later(name)) {
		size_t len = (size_t)snprintf(hint, sizeof(hint), "%s", _("What works:"));
		for (size_t i = 0; i < COMMANDS && len < sizeof(hint); i++)
			len += (size_t)snprintf(hint + len, sizeof(hint) - len, " %s",
			                        commands[i]->name);
		return errors_set(failure, EXIT_OTHER, "T-NOT-YET", hint,
		                  "\"%s\" is not in this version yet.", name);
	}
	const char *nearest = nearest_find(name);
	if (nearest)
		snprintf(hint, sizeof(hint), _("Did you mean \"tuyau %s\"?"), nearest);
	else if (id_like(name))
		snprintf(hint, sizeof(hint), "tuyau show %s", name);
	return errors_set(failure, EXIT_USAGE, "T-USAGE", hint, "There is no command \"%s\".",
	                  name);
}

const struct option_rule *command_rules(const char *name, size_t *count)
{
	static const struct option_rule none[1];
	const struct command *command = command_find(name);
	if (!command)
		return NULL;
	*count = command->rule_count;
	return command->rules ? command->rules : none;
}
