#include "person.h"
#include "memory.h"
#include "words.h"
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The account's full name, else its short one, else "". The caller frees it. */
static char *account_name(void)
{
	const struct passwd *entry = getpwuid(geteuid());
	char *name;
	if (!entry)
		return memory_check(strdup(""));
	const char *full = entry->pw_gecos ? entry->pw_gecos : "";
	name = strndup(full, strcspn(full, ","));
	memory_check(name);
	if (*name != '\0')
		return name;
	free(name);
	return memory_check(strdup(entry->pw_name));
}

/* One question for one field that was not given. */
static int field_ask(struct session *session, json_t *profile, const char *field,
                     const char *question, const char *option, const char *proposed)
{
	json_t *value;
	if (json_object_get(profile, field))
		return 0;
	char *answer = session_ask(session, question, option, proposed);
	if (!answer)
		return errors_set(&session->failure, EXIT_USAGE, "T-USAGE",
		                  "Answer with options: --as NAME --company C --sells TEXT "
		                  "--looks-for TEXT",
		                  "The questions were not answered; nothing was done.");
	int result =
		*answer == '\0' ? 0 : options_string(answer, option, &value, &session->failure);
	if (result == 0 && *answer != '\0')
		json_object_set_new(profile, field, value);
	free(answer);
	return result;
}

static int questions_ask(struct session *session, json_t *profile, const char *name)
{
	if (field_ask(session, profile, "name", "Your name", "--as", name) != 0 ||
	    field_ask(session, profile, "company", "Your company", "--company", "") != 0 ||
	    field_ask(session, profile, "sells", "What do you sell, in one line?", "--sells", "") !=
	            0)
		return -1;
	return field_ask(session, profile, "looks_for", "Whom do you look for?", "--looks-for", "");
}

int person_read(struct session *session, json_t *params)
{
	json_t *profile = json_object();
	json_t *value;
	char *name = account_name();
	json_object_set_new(params, "profile", profile);
	int result = options_fields(&session->options, profile, &session->failure);
	if (result == 0 && session_asks(session))
		result = questions_ask(session, profile, name);
	if (result == 0 && *name != '\0' && (value = json_string(name)))
		json_object_set_new(params, "default_name", value);
	free(name);
	return result;
}

void person_key_print(const struct session *session, const json_t *answer)
{
	const char *key = doc_text(answer, "recovery_key");
	const char *fields = session->options.json_fields;
	bool shown = session->options.json && (!fields || strstr(fields, "recovery_key"));
	if (*key != '\0' && !shown)
		errors_key_print(key);
}
