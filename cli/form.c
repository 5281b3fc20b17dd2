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

static const struct {
	const char *name;  /* in the form */
	const char *field; /* in a request */
	const char *help;
} lines[] = {
	{ "for", "for", N_("who is to read it: role, company") },
	{ "about", "about", N_("whom it recommends: company") },
	{ "relation", "relation", N_("how you know them") },
	{ "since", "since", N_("since when (may stay empty)") },
	{ "fact", "facts", N_("what you have seen; a line each, up to 5") },
	{ "limits", "limits", N_("what you do not know (required)") },
	{ "phone", "call", N_("your number, if they may call you before they decide") },
};
#define LINES (sizeof(lines) / sizeof(lines[0]))

/* ---- reading ---- */

static char *trim(char *text)
{
	text += strspn(text, " \t\r");
	size_t len = strlen(text);
	while (len > 0 && strchr(" \t\r", text[len - 1]))
		text[--len] = '\0';
	return text;
}

static int line_refuse(const char *line, struct failure *failure)
{
	return errors_set(failure, EXIT_USAGE, "T-USAGE", "tuyau vouch write ID -e",
	                  "The form has a line that is none of its fields: \"%.60s\".", line);
}

static int line_read(char *line, json_t *fields, struct failure *failure)
{
	json_t *value;
	size_t i = 0;
	line = trim(line);
	if (*line == '\0' || *line == '#')
		return 0;
	char *colon = strchr(line, ':');
	if (!colon)
		return line_refuse(line, failure);
	*colon = '\0';
	while (i < LINES && strcmp(trim(line), lines[i].name) != 0)
		i++;
	if (i == LINES)
		return line_refuse(line, failure);
	if (options_string(trim(colon + 1), lines[i].name, &value, failure) != 0)
		return -1;
	if (json_string_length(value) == 0) {
		json_decref(value);
		return 0;
	}
	if (strcmp(lines[i].field, "facts") != 0)
		return json_object_set_new(fields, lines[i].field, value);
	if (!json_object_get(fields, "facts"))
		json_object_set_new(fields, "facts", json_array());
	return json_array_append_new(json_object_get(fields, "facts"), value);
}

int form_read(const char *text, json_t *fields, struct failure *failure)
{
	char *copy = memory_check(strdup(text));
	char *rest = copy;
	int result = 0;
	while (rest && result == 0) {
		char *line = strsep(&rest, "\n");
		result = line_read(line, fields, failure);
	}
	free(copy);
	return result;
}

/* ---- the editor ---- */

static void values_print(FILE *out, const char *name, const json_t *value)
{
	if (json_array_size(value) == 0)
		fprintf(out, "%s: %s\n", name,
		        json_is_string(value) ? json_string_value(value) : "");
	for (size_t i = 0; i < json_array_size(value); i++)
		fprintf(out, "%s: %s\n", name, json_string_value(json_array_get(value, i)));
}

static void form_print(FILE *out, const json_t *draft, const json_t *fields)
{
	fputs(_("# A letter of recommendation. Lines with # are left out; a field is one line.\n"
	        "# Empty for: and about: are taken from the request.\n"),
	      out);
	for (size_t i = 0; i < LINES; i++) {
		const json_t *value = json_object_get(fields, lines[i].field);
		fprintf(out, "\n# %s\n", _(lines[i].help));
		values_print(out, lines[i].name,
		             value ? value : json_object_get(draft, lines[i].field));
	}
}

static int editor_error(const char *editor, struct failure *failure)
{
	return errors_set(failure, EXIT_OTHER, "T-EDITOR",
	                  "EDITOR=nano tuyau vouch write ID -e; or give the fields as options: "
	                  "tuyau help vouch",
	                  "The editor \"%s\" failed. Nothing was changed.", editor);
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
static int path_edit(const char *path, FILE *out, const json_t *draft, json_t *fields,
                     struct failure *failure)
{
	struct tuy_bytes bytes;
	form_print(out, draft, fields);
	if (fclose(out) != 0)
		return editor_error(path, failure);
	if (editor_run(path, failure) != 0 || file_read(path, &bytes, failure) != 0)
		return -1;
	char *text = memory_check(strndup((const char *)bytes.p, bytes.len));
	free((void *)(uintptr_t)bytes.p);
	for (size_t i = 0; i < LINES; i++)
		json_object_del(fields, lines[i].field);
	int result = form_read(text, fields, failure);
	free(text);
	return result;
}

int form_edit(const json_t *draft, json_t *fields, struct failure *failure)
{
	const char *dir = getenv("TMPDIR");
	char *path = file_path(dir && *dir != '\0' ? dir : "/tmp", "/tuyau-letter-XXXXXX");
	int fd = mkstemp(path);
	FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
	int result = -1;
	if (out)
		result = path_edit(path, out, draft, fields, failure);
	else
		editor_error(path, failure);
	if (fd >= 0)
		unlink(path);
	free(path);
	return result;
}
