#include "options.h"
#include "../proto/text.h"
#include "../proto/record.h"
#include "memory.h"
#include "words.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define INPUT_MAX     (64 * 1024)
#define SHOWN_COLUMNS 22 /* of an option in help */
#define DISTANCE_MAX  32 /* longer words are not compared */

enum global {
	GLOBAL_HOME,
	GLOBAL_CIRCLE,
	GLOBAL_JSON,
	GLOBAL_QUIET,
	GLOBAL_NO_START,
	GLOBAL_YES,
	GLOBAL_NO_INPUT,
	GLOBAL_WAIT,
	GLOBAL_HELP,
	GLOBAL_VERSION,
	GLOBALS
};

enum value_need { VALUE_NONE, VALUE_NEEDED, VALUE_OPTIONAL };

static const struct {
	char letter;
	const char *name;
	enum value_need value;
	const char *shown;
	const char *help;
} globals[GLOBALS] = {
	[GLOBAL_HOME] = { 0, "home", VALUE_NEEDED, N_("--home DIR"),
	                  N_("everything of one person is under DIR (else TUYAU_HOME, else XDG)") },
	[GLOBAL_CIRCLE] = { 'C', NULL, VALUE_NEEDED, N_("-C CIRCLE"),
	                    N_("which circle; not needed with one circle") },
	[GLOBAL_JSON] = { 0, "json", VALUE_OPTIONAL, N_("--json[=a,b]"),
	                  N_("one JSON document, or only these fields") },
	[GLOBAL_QUIET] = { 'q', "quiet", VALUE_NONE, "-q, --quiet", N_("ids only, no talk") },
	[GLOBAL_NO_START] = { 0, "no-start", VALUE_NONE, "--no-start",
	                      N_("do not start tuyaud when it is not running") },
	[GLOBAL_YES] = { 'y', "yes", VALUE_NONE, "-y, --yes", N_("take the proposed answers") },
	[GLOBAL_NO_INPUT] = { 0, "no-input", VALUE_NONE, "--no-input", N_("never ask") },
	[GLOBAL_WAIT] = { 0, "wait", VALUE_OPTIONAL, "--wait[=N]",
	                  N_("wait until N peers (default: all online) have it, at most 30 s") },
	[GLOBAL_HELP] = { 'h', "help", VALUE_NONE, "-h, --help", N_("help for a command") },
	[GLOBAL_VERSION] = { 'V', "version", VALUE_NONE, "-V, --version", N_("the version") },
};

/* The reading of one command line. */
struct parse {
	int argc;
	char **argv;
	int index; /* of the argument being read */
	options_rules *find;
	const struct option_rule *rules;
	size_t rule_count;
	bool known; /* the rules of the command are known */
	struct options *options;
	struct failure *failure;
};

/* ---- values ---- */

static int number_read(const char *text, long max, long *number)
{
	char *end;
	errno = 0;
	*number = strtol(text, &end, 10);
	return errno || end == text || *end != '\0' || *text < '0' || *text > '9' || *number > max
	               ? -1
	               : 0;
}

static int wait_set(struct parse *parse, const char *value)
{
	long count;
	parse->options->wait = OPTIONS_WAIT_ALL;
	if (!value)
		return 0;
	if (number_read(value, 1000, &count) != 0)
		return errors_set(parse->failure, EXIT_USAGE, "T-USAGE", "--wait, or --wait=2",
		                  "\"--wait=%s\": a number of peers.", value);
	parse->options->wait = (int)count;
	return 0;
}

static int global_set(struct parse *parse, enum global which, const char *value)
{
	struct options *options = parse->options;
	switch (which) {
	case GLOBAL_HOME:
		options->home = value;
		return 0;
	case GLOBAL_CIRCLE:
		options->circle = value;
		return 0;
	case GLOBAL_JSON:
		options->json = true;
		options->json_fields = value;
		if (value && (strspn(value, ",") == strlen(value) ||
		              tuy_text_check(tuy_text_bytes(value), TUY_TEXT_ONE_LINE, NULL) !=
		                      TUY_TEXT_CLEAN))
			return errors_set(parse->failure, EXIT_USAGE, "T-USAGE", "--json=id,title",
			                  "\"--json=%s\" names no field.", value);
		return 0;
	case GLOBAL_QUIET:
		options->quiet = true;
		return 0;
	case GLOBAL_NO_START:
		options->no_start = true;
		return 0;
	case GLOBAL_YES:
		options->yes = true;
		return 0;
	case GLOBAL_NO_INPUT:
		options->no_input = true;
		return 0;
	case GLOBAL_WAIT:
		return wait_set(parse, value);
	case GLOBAL_HELP:
		options->help = true;
		return 0;
	case GLOBAL_VERSION:
		options->version = true;
		return 0;
	case GLOBALS:
	default:
		return 0;
	}
}

/* ---- names ---- */

static bool name_is(const char *name, const char *text, size_t len)
{
	return name && strlen(name) == len && memcmp(name, text, len) == 0;
}

static enum global global_find(const char *name, size_t len)
{
	for (enum global i = 0; i < GLOBALS; i++) {
		if (name_is(globals[i].name, name, len))
			return i;
	}
	return GLOBALS;
}

static enum global global_letter_find(char letter)
{
	for (enum global i = 0; i < GLOBALS; i++) {
		if (globals[i].letter == letter)
			return i;
	}
	return GLOBALS;
}

static const struct option_rule *rule_find(const struct parse *parse, const char *name, size_t len)
{
	for (size_t i = 0; i < parse->rule_count; i++) {
		if (name_is(parse->rules[i].name, name, len))
			return &parse->rules[i];
	}
	return NULL;
}

static const struct option_rule *rule_letter_find(const struct parse *parse, char letter)
{
	for (size_t i = 0; i < parse->rule_count; i++) {
		if (parse->rules[i].letter == letter)
			return &parse->rules[i];
	}
	return NULL;
}

size_t options_distance(const char *a, const char *b)
{
	size_t rows[3][DISTANCE_MAX + 1];
	size_t a_len = strlen(a);
	size_t b_len = strlen(b);
	if (a_len > DISTANCE_MAX || b_len > DISTANCE_MAX)
		return a_len > b_len ? a_len : b_len;
	for (size_t j = 0; j <= b_len; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		size_t *row = rows[i % 3];
		const size_t *above = rows[(i - 1) % 3];
		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			size_t best = above[j - 1] + (a[i - 1] != b[j - 1]);
			best = above[j] + 1 < best ? above[j] + 1 : best;
			best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    rows[(i - 2) % 3][j - 2] + 1 < best)
				best = rows[(i - 2) % 3][j - 2] + 1;
			row[j] = best;
		}
	}
	return rows[a_len % 3][b_len];
}

static int option_unknown(struct parse *parse, const char *typed, const char *name, size_t len)
{
	char wanted[DISTANCE_MAX + 1] = "";
	char hint[120] = "tuyau help";
	const char *nearest = NULL;
	size_t least = 3;
	if (len <= DISTANCE_MAX)
		memcpy(wanted, name, len);
	for (size_t i = 0; i < parse->rule_count + GLOBALS; i++) {
		const char *other = i < parse->rule_count ? parse->rules[i].name
		                                          : globals[i - parse->rule_count].name;
		size_t distance = other ? options_distance(wanted, other) : least;
		if (distance < least && distance < strlen(wanted)) {
			least = distance;
			nearest = other;
		}
	}
	if (nearest)
		snprintf(hint, sizeof(hint), _("Did you mean --%s?"), nearest);
	else if (parse->options->command)
		snprintf(hint, sizeof(hint),
		         _("tuyau help %.40s (after \"--\" everything is text)"),
		         parse->options->command);
	return errors_set(parse->failure, EXIT_USAGE, "T-USAGE", hint,
	                  "There is no option \"%s\" here.", typed);
}

/* ---- one argument ---- */

static int value_refuse(struct parse *parse, const char *name)
{
	char hint[80];
	snprintf(hint, sizeof(hint), _("Type it alone: --%s"), name);
	return errors_set(parse->failure, EXIT_USAGE, "T-USAGE", hint, "\"--%s\" takes no value.",
	                  name);
}

/* Whether an argument is certainly an option of this command, and so no value. */
static bool option_like(const struct parse *parse, const char *text)
{
	if (text[0] != '-' || text[1] != '-' || text[2] == '\0')
		return false;
	size_t len = strcspn(text + 2, "=");
	return global_find(text + 2, len) != GLOBALS || rule_find(parse, text + 2, len);
}

/* The value behind an option: the next argument. NULL and failure if there is none. */
static const char *value_next(struct parse *parse, const char *typed)
{
	if (parse->index + 1 < parse->argc && !option_like(parse, parse->argv[parse->index + 1]))
		return parse->argv[++parse->index];
	errors_set(parse->failure, EXIT_USAGE, "T-USAGE", "tuyau help",
	           "\"%s\" needs a value behind it.", typed);
	return NULL;
}

static int rule_given(struct parse *parse, const struct option_rule *rule, const char *typed,
                      const char *value)
{
	if (rule->type == OPTION_LATER)
		return errors_set(parse->failure, EXIT_OTHER, "T-NOT-YET", "tuyau help",
		                  "The option \"%s\" is not in this version yet.", typed);
	if (rule->arg && !value && !(value = value_next(parse, typed)))
		return -1;
	if (!rule->arg && value)
		return value_refuse(parse, rule->name);
	parse->options->given[parse->options->given_count++] = (struct option_given){ rule, value };
	return 0;
}

static int global_given(struct parse *parse, enum global which, const char *typed,
                        const char *value)
{
	if (globals[which].value == VALUE_NEEDED && !value && !(value = value_next(parse, typed)))
		return -1;
	if (globals[which].value == VALUE_NONE && value)
		return value_refuse(parse, globals[which].name);
	return global_set(parse, which, value);
}

/* An option that is not global and comes before any word is one of the default command. */
static void default_use(struct parse *parse)
{
	if (!parse->options->command && !parse->known) {
		parse->rules = parse->find(NULL, &parse->rule_count);
		parse->known = true;
	}
}

static int long_option_read(struct parse *parse, const char *typed)
{
	const char *name = typed + 2;
	size_t len = strcspn(name, "=");
	const char *value = name[len] == '=' ? name + len + 1 : NULL;
	enum global which = global_find(name, len);
	if (which != GLOBALS)
		return global_given(parse, which, typed, value);
	default_use(parse);
	const struct option_rule *rule = rule_find(parse, name, len);
	if (rule)
		return rule_given(parse, rule, typed, value);
	return parse->known ? option_unknown(parse, typed, name, len) : 0;
}

/* "-q", "-qy", "-C circle", "-Ccircle". */
static int short_options_read(struct parse *parse, const char *typed)
{
	for (const char *p = typed + 1; *p != '\0'; p++) {
		const char *rest = p[1] != '\0' ? p + 1 : NULL;
		char name[3] = { '-', *p, '\0' };
		enum global which = global_letter_find(*p);
		if (which != GLOBALS) {
			bool valued = globals[which].value == VALUE_NEEDED;
			if (global_given(parse, which, name, valued ? rest : NULL) != 0)
				return -1;
			if (valued)
				return 0;
			continue;
		}
		default_use(parse);
		const struct option_rule *rule = rule_letter_find(parse, *p);
		if (!rule)
			return parse->known ? option_unknown(parse, typed, "", 0) : 0;
		if (rule_given(parse, rule, name, rule->arg ? rest : NULL) != 0)
			return -1;
		if (rule->arg)
			return 0;
	}
	return 0;
}

/* "-tag:it": what is not wanted, no options. */
static bool filter_like(const char *text)
{
	static const char *const names[] = { "from", "company", "kind", "state",
		                             "tag",  "warm",    "age",  "due" };
	size_t len = strcspn(text + 1, ":");
	for (size_t i = 0; text[1 + len] == ':' && i < sizeof(names) / sizeof(names[0]); i++) {
		if (name_is(names[i], text + 1, len))
			return true;
	}
	return false;
}

static void word_read(struct parse *parse, const char *word)
{
	struct options *options = parse->options;
	if (options->command || parse->known) {
		options->words[options->word_count++] = word;
		return;
	}
	options->command = word;
	parse->rules = parse->find(word, &parse->rule_count);
	parse->known = parse->rules != NULL;
	if (!parse->known)
		parse->rule_count = 0;
}

int options_parse(int argc, char **argv, options_rules *rules, struct options *options,
                  struct failure *failure)
{
	struct parse parse = { .argc = argc, .argv = argv, .find = rules };
	size_t room = argc > 0 ? (size_t)argc : 1;
	*options = (struct options){ .wait = OPTIONS_WAIT_NONE };
	size_t letters = 0; /* "-abc" is three options in one argument */
	for (int i = 1; i < argc; i++)
		letters += argv[i][0] == '-' ? strlen(argv[i]) : 0;
	options->given = memory_check(calloc(room + letters, sizeof(options->given[0])));
	options->words = memory_check(calloc(room, sizeof(options->words[0])));
	parse.options = options;
	parse.failure = failure;
	int failed = 0;
	struct failure first = { .code = "" };
	for (parse.index = 1; parse.index < argc; parse.index++) {
		const char *argument = argv[parse.index];
		int result = 0;
		if (strcmp(argument, "--") == 0) {
			while (++parse.index < argc)
				word_read(&parse, argv[parse.index]);
		} else if (argument[0] == '-' && argument[1] == '-') {
			result = long_option_read(&parse, argument);
		} else if (argument[0] == '-' && argument[1] != '\0' && !filter_like(argument)) {
			result = short_options_read(&parse, argument);
		} else {
			word_read(&parse, argument);
		}
		if (result != 0 && !failed) { /* go on: --json may follow */
			failed = 1;
			first = *failure;
		}
	}
	if (failed)
		*failure = first;
	return failed ? -1 : 0;
}

void options_free(struct options *options)
{
	free(options->given);
	free(options->words);
	options->given = NULL;
	options->words = NULL;
}

/* ---- what was given ---- */

const char *options_value(const struct options *options, const char *name)
{
	for (size_t i = options->given_count; i-- > 0;) {
		if (strcmp(options->given[i].rule->name, name) == 0)
			return options->given[i].value ? options->given[i].value : "";
	}
	return NULL;
}

int options_string(const char *text, const char *what, json_t **string, struct failure *failure)
{
	*string = json_string(text);
	if (!*string)
		return errors_set(failure, EXIT_USAGE, "T-USAGE",
		                  "Use a UTF-8 terminal, or convert it: iconv -t UTF-8",
		                  "%s is not in UTF-8.", words_text(what));
	return 0;
}

char *options_input_read(struct failure *failure)
{
	char *text = memory_check(malloc(INPUT_MAX + 1));
	size_t len = 0;
	size_t out = 0;
	ssize_t n = 1;
	while (n > 0 && len <= INPUT_MAX) {
		n = read(STDIN_FILENO, text + len, INPUT_MAX + 1 - len);
		if (n < 0 && errno == EINTR)
			n = 1;
		else
			len += n > 0 ? (size_t)n : 0;
	}
	if (n < 0)
		errors_set(failure, EXIT_OTHER, "T-INPUT", "Type the text itself instead of -",
		           "Standard input cannot be read (%s).", words_errno(errno));
	else if (len > INPUT_MAX)
		errors_set(failure, EXIT_USAGE, "T-USAGE", "Give the part of it that matters.",
		           "Standard input is longer than %d bytes.", INPUT_MAX);
	else if (memchr(text, 0, len))
		errors_set(failure, EXIT_USAGE, "T-USAGE",
		           "Give a text in UTF-8, or type it instead of -",
		           "Standard input is not text.");
	if (n < 0 || len > INPUT_MAX || memchr(text, 0, len)) {
		free(text);
		return NULL;
	}
	for (size_t i = 0; i < len; i++) {
		if (text[i] != '\r' || i + 1 == len || text[i + 1] != '\n')
			text[out++] = text[i];
	}
	while (out > 0 && (text[out - 1] == '\n' || text[out - 1] == '\r' || text[out - 1] == ' '))
		out--;
	text[out] = '\0';
	return text;
}

/* Adds one item to the list `field`. */
static int item_add(json_t *fields, const struct option_rule *rule, json_t *item,
                    struct failure *failure)
{
	json_t *list = json_object_get(fields, rule->field);
	if (!list) {
		list = json_array();
		json_object_set_new(fields, rule->field, list);
	}
	if (json_array_size(list) == TUY_TAGS_MAX) {
		json_decref(item);
		return errors_set(failure, EXIT_USAGE, "T-USAGE", "Leave some of them out.",
		                  "--%s can be given %d times at most.", rule->name, TUY_TAGS_MAX);
	}
	json_array_append_new(list, item);
	return 0;
}

static int number_make(const struct option_given *given, json_t **value, struct failure *failure)
{
	long number;
	if (given->rule->type == OPTION_WARMTH && number_read(given->value, 5, &number) != 0)
		return errors_set(
			failure, EXIT_USAGE, "T-USAGE", "tuyau help tip",
			"\"--%s %s\": 0 to 5. 3 = I spoke for you, 4 = I arranged the call.",
			given->rule->name, given->value);
	if (number_read(given->value, INT_MAX, &number) != 0)
		return errors_set(failure, EXIT_USAGE, "T-USAGE", "tuyau help",
		                  "\"--%s %s\": a whole number.", given->rule->name, given->value);
	*value = json_integer(number);
	return 0;
}

static int value_make(const struct option_given *given, json_t **value, struct failure *failure)
{
	char what[48];
	snprintf(what, sizeof(what), "--%s", given->rule->name);
	switch (given->rule->type) {
	case OPTION_FLAG:
		*value = json_true();
		return 0;
	case OPTION_NUMBER:
	case OPTION_WARMTH:
		return number_make(given, value, failure);
	case OPTION_INPUT:
		if (strcmp(given->value, "-") == 0) {
			char *text = options_input_read(failure);
			int result = text ? options_string(text, what, value, failure) : -1;
			free(text);
			return result;
		}
		return options_string(given->value, what, value, failure);
	case OPTION_TEXT:
	case OPTION_LIST:
	case OPTION_LATER:
	default:
		return options_string(given->value, what, value, failure);
	}
}

int options_fields(const struct options *options, json_t *fields, struct failure *failure)
{
	for (size_t i = 0; i < options->given_count; i++) {
		const struct option_given *given = &options->given[i];
		json_t *value = NULL;
		if (!given->rule->field)
			continue;
		if (value_make(given, &value, failure) != 0)
			return -1;
		if (given->rule->type == OPTION_LIST) {
			if (item_add(fields, given->rule, value, failure) != 0)
				return -1;
		} else {
			json_object_set_new(fields, given->rule->field, value);
		}
	}
	return 0;
}

char *options_words_join(const struct options *options, size_t first)
{
	size_t size = 1;
	for (size_t i = first; i < options->word_count; i++)
		size += strlen(options->words[i]) + 1;
	char *text = memory_check(malloc(size));
	char *end = text;
	for (size_t i = first; i < options->word_count; i++)
		end += sprintf(end, "%s%s", i > first ? " " : "", options->words[i]);
	*end = '\0';
	return text;
}

int options_words_put(const struct options *options, size_t first, const char *what, json_t *object,
                      const char *key, struct failure *failure)
{
	json_t *string;
	char *text = options_words_join(options, first);
	int result = options_string(text, what, &string, failure);
	free(text);
	if (result == 0)
		json_object_set_new(object, key, string);
	return result;
}

/* ---- help ---- */

/* "  --tag TAG              a word to find it by" in columns; more lines of it below that. */
static void option_print(const char *shown, const char *help)
{
	size_t columns = tuy_text_columns(tuy_text_bytes(shown));
	printf("  %s%*s ", shown, columns < SHOWN_COLUMNS ? (int)(SHOWN_COLUMNS - columns) : 0, "");
	for (const char *line = help; line; line = strchr(line, '\n')) {
		int indent = line == help ? 0 : SHOWN_COLUMNS + 3;
		line += *line == '\n';
		printf("%*s%.*s\n", indent, "", (int)strcspn(line, "\n"), line);
	}
}

void options_help_print(const struct option_rule *rules, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char shown[64];
		char letter[8] = "";
		if (!rules[i].help)
			continue;
		if (rules[i].letter)
			snprintf(letter, sizeof(letter), "-%c, ", rules[i].letter);
		snprintf(shown, sizeof(shown), "%s--%s%s%s", letter, rules[i].name,
		         rules[i].arg ? " " : "", rules[i].arg ? _(rules[i].arg) : "");
		option_print(shown, _(rules[i].help));
	}
}

void options_global_help_print(void)
{
	for (enum global i = 0; i < GLOBALS; i++)
		option_print(_(globals[i].shown), _(globals[i].help));
}
