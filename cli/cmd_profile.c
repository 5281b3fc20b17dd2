/* profile: what the circle knows of a person. */
#include "../proto/record.h"
#include "commands.h"
#include "times.h"
#include "vcard.h"
#include "words.h"
#include <string.h>

static const struct option_rule rules[] = {
	{ 0, "vcard", NULL, NULL, OPTION_FLAG, N_("show: as a vCard 4.0") },
};

static const struct {
	const char *key;
	const char *name;
} fields[] = {
	{ "name", N_("Name") },   { "company", N_("Company") },     { "seat", N_("Seat") },
	{ "sells", N_("Sells") }, { "looks_for", N_("Looks for") }, { "not_for", N_("Not for") },
	{ "zone", N_("Zone") },   { "languages", N_("Languages") }, { "reach", N_("Reach") },
};
#define FIELDS (sizeof(fields) / sizeof(fields[0]))

static int profile_print(struct session *session, const json_t *profile)
{
	if (session_document_print(session, profile, "member"))
		return 0;
	const char *updated = doc_text(profile, "updated");
	struct times_text day = times_day(updated, session->now);
	for (size_t i = 0; i < FIELDS; i++)
		session_line_print(session, fields[i].name, doc_text(profile, fields[i].key));
	session_line_print(session, "Updated", session->term.screen ? day.text : updated);
	session_line_print(session, "Member", doc_text(profile, "member"));
	return 0;
}

static int profile_show(struct session *session)
{
	json_t *params = session_named_params(session, 1, "member");
	if (!params)
		return -1;
	json_t *profile = session_call(session, "profile_show", params, CLIENT_READS);
	if (!profile)
		return -1;
	int result = 0;
	if (options_value(&session->options, "vcard"))
		vcard_write(stdout, profile);
	else
		result = profile_print(session, profile);
	json_decref(profile);
	return result;
}

/* "looks-for=TEXT" into `set`. */
static int pair_read(struct session *session, const char *word, json_t *set)
{
	char key[32];
	json_t *value;
	size_t len = strcspn(word, "=");
	if (word[len] == '\0' || len >= sizeof(key))
		return session_usage_error(session, "\"%s\": KEY=VALUE, as in sells=\"...\".",
		                           word);
	for (size_t i = 0; i < len; i++)
		key[i] = word[i] == '-' ? '_' : word[i];
	key[len] = '\0';
	for (size_t i = 0; i < FIELDS; i++) {
		if (strcmp(fields[i].key, key) != 0)
			continue;
		if (options_string(word + len + 1, key, &value, &session->failure) != 0)
			return -1;
		json_object_set_new(set, key, value);
		return 0;
	}
	return session_usage_error(session,
	                           "\"%s\" is not in a profile: name, company, seat, sells, "
	                           "looks_for, not_for, zone, languages, reach.",
	                           key);
}

static int profile_set(struct session *session)
{
	const struct options *options = &session->options;
	json_t *params = session_params(session);
	if (!params)
		return -1;
	json_t *set = json_object();
	int result = 0;
	json_object_set_new(params, "fields", set);
	if (options->word_count < 2)
		result = session_usage_error(session,
		                             "What to set? KEY=VALUE, as in sells=\"...\".");
	for (size_t i = 1; result == 0 && i < options->word_count; i++)
		result = pair_read(session, options->words[i], set);
	if (result != 0) {
		json_decref(params);
		return -1;
	}
	json_t *profile = session_call(session, "profile_set", params, CLIENT_WRITES);
	if (!profile)
		return -1;
	result = profile_print(session, profile);
	json_decref(profile);
	return result;
}

static int run(struct session *session)
{
	const struct options *options = &session->options;
	const char *verb = options->word_count > 0 ? options->words[0] : "show";
	if (strcmp(verb, "show") == 0)
		return profile_show(session);
	if (strcmp(verb, "set") == 0)
		return profile_set(session);
	if (strcmp(verb, "edit") == 0)
		return errors_set(&session->failure, EXIT_OTHER, "T-NOT-YET",
		                  "tuyau profile set KEY=VALUE",
		                  "\"profile edit\" is not in this version yet.");
	return session_usage_error(session, "\"profile %s\": show or set.", verb);
}

const struct command cmd_profile = {
	.name = "profile",
	.alias = "profil",
	.usage = "profile [show [MEMBER] [--vcard] | set KEY=VALUE...]",
	.summary = "what the circle knows of you, or of a member",
	.examples = "  tuyau profile set sells=\"infogérance, réseaux Wi-Fi\" zone=Bretagne\n"
		    "  tuyau profile show bruno\n",
	.rules = rules,
	.rule_count = sizeof(rules) / sizeof(rules[0]),
	.words = COMMAND_WORDS,
	.run = run,
};
