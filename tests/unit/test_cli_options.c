#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "../../cli/commands.h"
#include "../../cli/query.h"
#include "../../cli/options.h"

#define ARGUMENTS_MAX 24

/* One reading of a command line, argv[0] left out. */
struct line {
	struct options options;
	struct failure failure;
	char text[ARGUMENTS_MAX][40];
	char *argv[ARGUMENTS_MAX + 1];
	int result;
};

static void line_read(struct line *line, const char *const *arguments)
{
	int argc = 1;
	memset(line, 0, sizeof *line);
	line->argv[0] = line->text[0];
	for (; arguments[argc - 1]; argc++) {
		assert_true(argc < ARGUMENTS_MAX);
		strcpy(line->text[argc], arguments[argc - 1]);
		line->argv[argc] = line->text[argc];
	}
	line->result =
		options_parse(argc, line->argv, command_rules, &line->options, &line->failure);
}
#define READ(line, ...) line_read(line, (const char *const[]){ __VA_ARGS__, NULL })

static void takes_global_options_anywhere(void **state)
{
	struct line line;
	(void)state;
	READ(&line, "--home", "/h", "tip", "-q", "Title", "-C", "friday", "--json=id", "--wait=2");
	assert_int_equal(line.result, 0);
	assert_string_equal(line.options.home, "/h");
	assert_string_equal(line.options.circle, "friday");
	assert_string_equal(line.options.json_fields, "id");
	assert_true(line.options.quiet);
	assert_int_equal(line.options.wait, 2);
	assert_string_equal(line.options.command, "tip");
	assert_int_equal(line.options.word_count, 1);
	assert_string_equal(line.options.words[0], "Title");
	options_free(&line.options);
}

static void leaves_everything_behind_two_dashes_alone(void **state)
{
	struct line line;
	(void)state;
	READ(&line, "tip", "--", "--json", "-q");
	assert_int_equal(line.result, 0);
	assert_false(line.options.json);
	assert_false(line.options.quiet);
	assert_int_equal(line.options.word_count, 2);
	assert_string_equal(line.options.words[0], "--json");
	options_free(&line.options);
}

static void takes_filters_with_a_dash_as_words(void **state)
{
	struct line line;
	(void)state;
	READ(&line, "search", "-tag:it", "company:val d'oust", "wifi", "-q", "tag:\"a b\"",
	     "un mot", "-from:x y");
	assert_int_equal(line.result, 0);
	assert_true(line.options.quiet);
	char *query = query_join(&line.options, 0);
	assert_string_equal(query, "-tag:it company:\"val d'oust\" wifi tag:\"a b\" un mot "
	                           "-from:\"x y\"");
	free(query);
	options_free(&line.options);
	READ(&line, "search", "wifi", "-tug:it");
	assert_int_equal(line.result, -1);
	assert_string_equal(line.failure.code, "T-USAGE");
	options_free(&line.options);
}

static void gives_options_without_a_command_to_the_inbox(void **state)
{
	struct line line;
	(void)state;
	READ(&line, "--all", "kind:tip");
	assert_int_equal(line.result, 0);
	assert_null(line.options.command);
	assert_non_null(options_value(&line.options, "all"));
	assert_string_equal(line.options.words[0], "kind:tip");
	options_free(&line.options);
}

static void reads_values_in_each_spelling(void **state)
{
	struct line line;
	(void)state;
	READ(&line, "tip", "-cOne", "-c", "Two", "--company=Three", "--need", "-", "x");
	assert_int_equal(line.result, 0);
	assert_int_equal(line.options.given_count, 4);
	assert_string_equal(line.options.given[0].value, "One");
	assert_string_equal(line.options.given[1].value, "Two");
	assert_string_equal(options_value(&line.options, "company"), "Three");
	assert_string_equal(options_value(&line.options, "need"), "-");
	options_free(&line.options);
}

static void builds_fields_with_their_types(void **state)
{
	struct line line;
	json_t *fields = json_object();
	json_t *wanted = json_pack("{s:s, s:i, s:[s,s], s:b}", "company", "Éts Lefèvre", "warmth",
	                           3, "tags", "wifi", "b", "told", 1);
	(void)state;
	READ(&line, "donne", "x", "-c", "Éts Lefèvre", "--warm", "3", "--tag", "wifi", "-t", "b",
	     "--told", "--life", "30d");
	assert_int_equal(line.result, 0);
	assert_int_equal(options_fields(&line.options, fields, &line.failure), 0);
	assert_true(json_equal(fields, wanted));
	json_decref(fields);
	json_decref(wanted);
	options_free(&line.options);
}

static void refuses_warmth_over_five_with_its_meaning(void **state)
{
	struct line line;
	json_t *fields = json_object();
	(void)state;
	READ(&line, "tip", "x", "--warm", "7");
	assert_int_equal(options_fields(&line.options, fields, &line.failure), -1);
	assert_int_equal(line.failure.exit, EXIT_USAGE);
	assert_string_equal(line.failure.code, "T-USAGE");
	assert_string_equal(line.failure.message, "\"--warm 7\": 0 to 5. 3 = I spoke for you, "
	                                          "4 = I arranged the call.");
	assert_string_equal(line.failure.hint, "tuyau help tip");
	json_decref(fields);
	options_free(&line.options);
}

static void refuses_text_that_is_not_utf8(void **state)
{
	struct line line;
	json_t *fields = json_object();
	(void)state;
	READ(&line, "tip", "x", "-c", "caf\xe9");
	assert_int_equal(options_fields(&line.options, fields, &line.failure), -1);
	assert_string_equal(line.failure.code, "T-USAGE");
	json_decref(fields);
	options_free(&line.options);
}

static void refuses_what_it_does_not_know_and_proposes(void **state)
{
	static const struct {
		const char *arguments[6];
		const char *code;
		const char *hint;
	} cases[] = {
		{ { "tip", "x", "--compny", "y" }, "T-USAGE", "Did you mean --company?" },
		{ { "--qiuet" }, "T-USAGE", "Did you mean --quiet?" },
		{ { "tip", "x", "--company" }, "T-USAGE", "tuyau help" },
		{ { "tip", "x", "--company", "--role", "y" }, "T-USAGE", "tuyau help" },
		{ { "-C" }, "T-USAGE", "tuyau help" },
		{ { "inbox", "--all=yes" }, "T-USAGE", "Type it alone: --all" },
		{ { "inbox", "--json=," }, "T-USAGE", "--json=id,title" },
		{ { "inbox", "--wait=-1" }, "T-USAGE", "--wait, or --wait=2" },
		{ { "ask", "intro", "x", "--private" }, "T-NOT-YET", "tuyau help" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct line line;
		line_read(&line, cases[i].arguments);
		assert_int_equal(line.result, -1);
		assert_string_equal(line.failure.code, cases[i].code);
		assert_string_equal(line.failure.hint, cases[i].hint);
		options_free(&line.options);
	}
}

static void knows_of_json_behind_a_mistake(void **state)
{
	struct line line;
	(void)state;
	READ(&line, "tip", "--bogus", "--json");
	assert_int_equal(line.result, -1);
	assert_true(line.options.json);
	options_free(&line.options);
}

static void counts_changes_between_words(void **state)
{
	(void)state;
	assert_int_equal(options_distance("inbox", "inbox"), 0);
	assert_int_equal(options_distance("inbux", "inbox"), 1);
	assert_int_equal(options_distance("ibnox", "inbox"), 1);
	assert_int_equal(options_distance("inbo", "inbox"), 1);
	assert_int_equal(options_distance("", "tip"), 3);
	assert_true(options_distance("a", "a-word-that-is-far-too-long-for-the-table") > 32);
}

static void tells_later_commands_from_unknown_ones(void **state)
{
	struct failure failure;
	(void)state;
	assert_int_equal(command_unknown("doctor", &failure), -1);
	assert_string_equal(failure.code, "T-NOT-YET");
	assert_string_equal(failure.message, "\"doctor\" is not in this version yet.");
	assert_int_equal(failure.exit, EXIT_OTHER);
	assert_int_equal(command_unknown("serach", &failure), -1);
	assert_string_equal(failure.code, "T-USAGE");
	assert_string_equal(failure.hint, "Did you mean \"tuyau search\"?");
	assert_int_equal(failure.exit, EXIT_USAGE);
	assert_int_equal(command_unknown("7kq2", &failure), -1);
	assert_string_equal(failure.hint, "tuyau show 7kq2");
	assert_ptr_equal(command_find("demande"), &cmd_ask);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{ "takes global options anywhere", takes_global_options_anywhere, NULL, NULL,
		  NULL },
		{ "leaves everything behind -- alone", leaves_everything_behind_two_dashes_alone,
		  NULL, NULL, NULL },
		{ "takes filters with a dash as words", takes_filters_with_a_dash_as_words, NULL,
		  NULL, NULL },
		{ "gives options without a command to the inbox",
		  gives_options_without_a_command_to_the_inbox, NULL, NULL, NULL },
		{ "reads values in each spelling", reads_values_in_each_spelling, NULL, NULL,
		  NULL },
		{ "builds fields with their types", builds_fields_with_their_types, NULL, NULL,
		  NULL },
		{ "refuses warmth over five with its meaning",
		  refuses_warmth_over_five_with_its_meaning, NULL, NULL, NULL },
		{ "refuses text that is not UTF-8", refuses_text_that_is_not_utf8, NULL, NULL,
		  NULL },
		{ "refuses what it does not know and proposes",
		  refuses_what_it_does_not_know_and_proposes, NULL, NULL, NULL },
		{ "knows of --json behind a mistake", knows_of_json_behind_a_mistake, NULL, NULL,
		  NULL },
		{ "counts changes between words", counts_changes_between_words, NULL, NULL, NULL },
		{ "tells later commands from unknown ones", tells_later_commands_from_unknown_ones,
		  NULL, NULL, NULL },
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
