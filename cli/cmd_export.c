/* export: everything of one's own as files; or what is held here about one person. */
#include "about.h"
#include "commands.h"
#include "export.h"
#include "memory.h"
#include "words.h"
#include <stdlib.h>
#include <string.h>

static const struct option_rule rules[] = {
	{ 0, "about", "NAME", NULL, OPTION_TEXT, N_("what this node holds about a person") },
	{ 0, "all", NULL, NULL, OPTION_FLAG,
	  N_("also what others gave that is none of your doing") },
};

/* What the files are; beside each, how many things are in it. */
static const struct {
	const char *file;
	const char *means;
} files[] = {
	{ "objects.ndjson",
	  N_("tips and asks: your own, and those you took, answered or thanked for; "
	     "a JSON document a line, with the sealed parts you may see") },
	{ "tips.csv",
	  N_("the tips among them, for a spreadsheet (UTF-8, commas); a ' stands before "
	     "what it would take for a formula") },
	{ "circles.ndjson", N_("your circles and who is in them") },
	{ "profile.ndjson", N_("what you say of yourself, in each circle") },
	{ "profile.vcf", N_("the same as a vCard 4.0") },
	{ "members.vcf", N_("what the others say of themselves, as vCards") },
	{ "calendar.ics", N_("what is due, and what was, with names (iCalendar)") },
	{ "letters/",
	  N_("letters of recommendation you wrote, each with its signature (minisign)") },
	{ "watches.ndjson", N_("your standing searches") },
	{ "audit.ndjson", N_("what this node did with data about persons, for 12 months") },
	{ "README.txt", N_("this list") },
};
#define FILES (sizeof(files) / sizeof(files[0]))

static int readme_write(struct export *export)
{
	char day[32];
	struct tm tm;
	struct session *session = export->session;
	FILE *out = bundle_open(export->bundle, "README.txt", &session->failure);
	if (!out)
		return -1;
	if (!localtime_r(&session->now, &tm) || strftime(day, sizeof(day), "%F %H:%M", &tm) == 0)
		day[0] = '\0';
	fprintf(out, _("Export of Tuyau, %s\n"), day);
	fputs(_("It holds names and telephone numbers: keep it as you keep those, and delete it "
	        "when "
	        "it has served. Keys are not in it.\n"),
	      out);
	fputc('\n', out);
	for (size_t i = 0; i < FILES; i++) {
		fprintf(out, "%s\n", files[i].file);
		show_wrap(out, _(files[i].means), 4, 80);
	}
	if (bundle_close(export->bundle, &session->failure) != 0)
		return -1;
	export_note(export, "README.txt", FILES);
	return 0;
}

static int done_print(struct session *session, const json_t *done)
{
	const json_t *list = json_object_get(done, "files");
	char *dir = show_clean(doc_text(done, "dir"));
	if (session_document_print(session, done, "dir")) {
		free(dir);
		return 0;
	}
	printf("%s\n", dir);
	free(dir);
	for (size_t i = 0; session->term.talk && i < json_array_size(list); i++) {
		const json_t *row = json_array_get(list, i);
		fprintf(stderr, "  %-16s %6lld\n", doc_text(row, "file"),
		        doc_number(row, "count", 0));
	}
	return 0;
}

static int all_run(struct session *session, const char *dir)
{
	struct bundle bundle = { 0 };
	enum export_what what = options_value(&session->options, "all") ? EXPORT_ALL : EXPORT_OWN;
	json_t *done = json_object();
	json_t *list = json_array();
	struct export export = { session, &bundle, list };
	json_t *path = NULL;
	json_object_set_new(done, "schema", json_integer(1));
	int result = options_string(dir, "DIR", &path, &session->failure);
	if (result == 0)
		json_object_set_new(done, "dir", path);
	json_object_set_new(done, "files", list);
	if (result == 0)
		result = bundle_begin(&bundle, dir, &session->failure);
	if (result == 0)
		result = export_write(&export, what);
	if (result == 0)
		result = readme_write(&export);
	if (result == 0)
		result = bundle_finish(&bundle, &session->failure);
	bundle_end(&bundle);
	if (result == 0)
		result = done_print(session, done);
	json_decref(done);
	return result;
}

static int run(struct session *session)
{
	const struct options *options = &session->options;
	const char *name = options_value(options, "about");
	const char *dir = options->word_count > 0 ? options->words[0] : NULL;
	char usual[64];
	struct tm tm;
	if (options->word_count > 1)
		return session_usage_error(session, "One directory.");
	if (name && (dir || options_value(options, "all")))
		return session_usage_error(session,
		                           "--about NAME prints what it finds; no --all, no "
		                           "directory.");
	if (name)
		return about_run(session, name);
	if (!localtime_r(&session->now, &tm) ||
	    strftime(usual, sizeof(usual), "tuyau-export-%F", &tm) == 0)
		return session_usage_error(session, "Which directory?");
	return all_run(session, dir ? dir : usual);
}

const struct command cmd_export = {
	.name = "export",
	.alias = "exporte",
	.usage = "export [DIR] [--all] | --about NAME",
	.summary = "everything of your own as files; or what is held about a person",
	.examples = "  tuyau export                        # into a new directory\n"
		    "  tuyau export --about \"Noé Kervella\"  # who asks what you hold about "
		    "him\n",
	.rules = rules,
	.rule_count = sizeof(rules) / sizeof(rules[0]),
	.words = COMMAND_WORDS,
	.run = run,
};
