#include "form.h"
#include "doc.h"
#include "file.h"
#include "memory.h"
#include "options.h"
#include "words.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct form_line letter_lines[] = {
	{ "for", "for", FORM_TEXT, N_("who is to read it: role, company") },
	{ "about", "about", FORM_TEXT, N_("whom it recommends: company") },
	{ "relation", "relation", FORM_TEXT, N_("how you know them") },
	{ "since", "since", FORM_TEXT, N_("since when (may stay empty)") },
	{ "fact", "facts", FORM_LIST, N_("what you have seen; a line each, up to 5") },
	{ "limits", "limits", FORM_TEXT, N_("what you do not know (required)") },
	{ "phone", "call", FORM_TEXT, N_("your number, if they may call you before they decide") },
};
const struct form form_letter = {
	.head = N_("# A letter of recommendation. Lines with # are left out; a field is one line.\n"
	           "# Empty for: and about: are taken from the request.\n"),
	.command = N_("tuyau vouch write ID -e"),
	.lines = letter_lines,
	.count = sizeof(letter_lines) / sizeof(letter_lines[0]),
};

static const struct form_line tip_lines[] = {
	{ "title", "title", FORM_TEXT, N_("what is wanted, in a line (required)") },
	{ "need", "text", FORM_TEXT, N_("what they need; no names") },
	{ "company", "company", FORM_TEXT, N_("at which company") },
	{ "role", "role", FORM_TEXT, N_("whom to speak to, without a name") },
	{ "warm", "warmth", FORM_WARMTH,
	  N_("0 a lead, 1 they know I gave you their name, 2 I sent them something, 3 I spoke for "
	     "you, 4 I arranged the call, 5 I will be there") },
	{ "tag", "tags", FORM_LIST, N_("words to find it by; a line each, up to 8") },
	{ "budget", "budget", FORM_TEXT, N_("0-1k, 1-5k, 5-20k, 20-100k or 100k+") },
	{ "when", "when", FORM_TEXT, N_("2026-03, spring, ...") },
	{ "for", "for", FORM_TEXT, N_("for one member, or @SEAT; empty: for all") },
	{ "who", "name", FORM_TEXT, N_("whom to call: sealed to the one it is awarded to") },
	{ "phone", "phone", FORM_TEXT, N_("sealed with it") },
	{ "email", "email", FORM_TEXT, N_("sealed with it") },
	{ "told", "told", FORM_YES, N_("yes: the person knows (required with who)") },
};
const struct form form_tip = {
	.head = N_(
		"# A tip. Lines with # are left out; a field is one line, and may stay empty.\n"),
	.command = N_("tuyau tip -e"),
	.lines = tip_lines,
	.count = sizeof(tip_lines) / sizeof(tip_lines[0]),
};

/* ---- reading ---- */

static char *trim(char *text)
{
	text += strspn(text, " \t\r");
	size_t len = strlen(text);
	while (len > 0 && strchr(" \t\r", text[len - 1]))
		text[--len] = '\0';
	return text;
}

static int line_refuse(const struct form *form, const char *line, struct failure *failure)
{
	return errors_set(failure, EXIT_USAGE, "T-USAGE", _(form->command),
	                  _("The form has a line that is none of its fields: \"%.60s\"."), line);
}

/* The value behind a ":". 0; -1 and `failure`. */
static int value_take(const struct form *form, const struct form_line *line, char *text,
                      json_t *fields, struct failure *failure)
{
	json_t *value;
	if (*text == '\0')
		return 0;
	if (line->type == FORM_WARMTH && (strlen(text) != 1 || *text < '0' || *text > '5'))
		return line_refuse(form, text, failure);
	if (line->type == FORM_WARMTH)
		return json_object_set_new(fields, line->field, json_integer(*text - '0'));
	if (line->type == FORM_YES)
		return json_object_set_new(
			fields, line->field,
			json_boolean(strcmp(text, "yes") == 0 || strcmp(text, "oui") == 0));
	if (options_string(text, line->name, &value, failure) != 0)
		return -1;
	if (line->type != FORM_LIST)
		return json_object_set_new(fields, line->field, value);
	if (!json_object_get(fields, line->field))
		json_object_set_new(fields, line->field, json_array());
	return json_array_append_new(json_object_get(fields, line->field), value);
}

static int line_read(const struct form *form, char *line, json_t *fields, struct failure *failure)
{
	size_t i = 0;
	line = trim(line);
	if (*line == '\0' || *line == '#')
		return 0;
	char *colon = strchr(line, ':');
	if (!colon)
		return line_refuse(form, line, failure);
	*colon = '\0';
	while (i < form->count && strcmp(trim(line), form->lines[i].name) != 0)
		i++;
	if (i == form->count)
		return line_refuse(form, line, failure);
	return value_take(form, &form->lines[i], trim(colon + 1), fields, failure);
}

int form_read(const struct form *form, const char *text, json_t *fields, struct failure *failure)
{
	char *copy = memory_check(strdup(text));
	char *rest = copy;
	int result = 0;
	while (rest && result == 0) {
		char *line = strsep(&rest, "\n");
		result = line_read(form, line, fields, failure);
	}
	free(copy);
	return result;
}

/* ---- the editor ---- */

static void values_print(FILE *out, const char *name, const json_t *value)
{
	if (json_is_integer(value))
		fprintf(out, "%s: %lld\n", name, (long long)json_integer_value(value));
	else if (json_is_true(value))
		fprintf(out, "%s: yes\n", name);
	else if (json_array_size(value) == 0)
		fprintf(out, "%s: %s\n", name,
		        json_is_string(value) ? json_string_value(value) : "");
	for (size_t i = 0; i < json_array_size(value); i++)
		fprintf(out, "%s: %s\n", name, json_string_value(json_array_get(value, i)));
}

static void form_print(const struct form *form, FILE *out, const json_t *draft,
                       const json_t *fields)
{
	fputs(_(form->head), out);
	for (size_t i = 0; i < form->count; i++) {
		const struct form_line *line = &form->lines[i];
		const json_t *value = json_object_get(fields, line->field);
		fprintf(out, "\n# %s\n", _(line->help));
		values_print(out, line->name, value ? value : json_object_get(draft, line->field));
	}
}

static int editor_error(const char *editor, struct failure *failure)
{
	return errors_set(
		failure, EXIT_OTHER, "T-EDITOR",
		_("Set EDITOR to one that works, as nano; or give the fields as options."),
		_("The editor \"%s\" failed. Nothing was changed."), editor);
}

static int editor_run(const char *path, struct failure *failure)
{
	const char *editor = getenv("VISUAL");
	int status = 0;
	if (!editor || *editor == '\0')
		editor = getenv("EDITOR");
	if (!editor || *editor == '\0')
		editor = "sensible-editor";
	char *command = file_path(editor, " \"$1\"");
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", command, "sh", path, (char *)NULL);
		_exit(127);
	}
	free(command);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return editor_error(editor, failure);
}

/* The form, made and edited at `path`. */
static int path_edit(const struct form *form, const char *path, FILE *out, const json_t *draft,
                     json_t *fields, struct failure *failure)
{
	struct tuy_bytes bytes;
	form_print(form, out, draft, fields);
	if (fclose(out) != 0)
		return editor_error(path, failure);
	if (editor_run(path, failure) != 0 || file_read(path, &bytes, failure) != 0)
		return -1;
	char *text = memory_check(strndup((const char *)bytes.p, bytes.len));
	free((void *)(uintptr_t)bytes.p);
	for (size_t i = 0; i < form->count; i++)
		json_object_del(fields, form->lines[i].field);
	int result = form_read(form, text, fields, failure);
	free(text);
	return result;
}

int form_edit(const struct form *form, const json_t *draft, json_t *fields, struct failure *failure)
{
	const char *dir = getenv("TMPDIR");
	char *path = file_path(dir && *dir != '\0' ? dir : "/tmp", "/tuyau-form-XXXXXX");
	int fd = mkstemp(path);
	FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
	int result = -1;
	if (out)
		result = path_edit(form, path, out, draft, fields, failure);
	else
		editor_error(path, failure);
	if (fd >= 0)
		unlink(path);
	free(path);
	return result;
}
