/*
 * The command line: one table of options a command, the global options anywhere, "--" ends options.
 *
 * Thread rule: the program has one thread.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "errors.h"
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_type {
	OPTION_FLAG,   /* no value */
	OPTION_TEXT,   /* a text */
	OPTION_INPUT,  /* a text; "-" reads it from standard input */
	OPTION_LIST,   /* a text; may be given TUY_TAGS_MAX times */
	OPTION_NUMBER, /* an integer >= 0 */
	OPTION_WARMTH, /* 0 to 5 */
	OPTION_LATER,  /* not in this version; takes a value if `arg` is given */
};

struct option_rule {
	char letter;       /* 0: none */
	const char *name;  /* "looks-for", without the dashes */
	const char *arg;   /* "TEXT" in the help; NULL: no value */
	const char *field; /* its name in a request, NULL: the command looks at it itself */
	enum option_type type;
	const char *help; /* NULL: not shown */
};

struct option_given {
	const struct option_rule *rule;
	const char *value; /* NULL: a flag */
};

#define OPTIONS_WAIT_NONE (-1) /* without --wait */
#define OPTIONS_WAIT_ALL  (-2) /* --wait: everybody who is online */

struct options {
	const char *home;        /* NULL: not given */
	const char *circle;      /* -C; NULL: not given */
	const char *json_fields; /* of --json=F; NULL: whole documents */
	bool json;
	bool quiet;
	bool no_start;
	bool yes;
	bool no_input;
	bool help;
	bool version;
	int wait; /* OPTIONS_WAIT_* or a number of peers */

	const char *command; /* as typed; NULL: none */
	struct option_given *given;
	size_t given_count;
	const char **words; /* what is no option, the command left out */
	size_t word_count;
};

/* The table of a command, NULL if there is no such command. `count` is written if there is one. */
typedef const struct option_rule *options_rules(const char *command, size_t *count);

/*
 * Reads argv[1..]; all strings stay argv's. The first word is the command; an option that is not
 * global and comes before any word belongs to the default command, for which `rules` is asked with
 * NULL. Options of an unknown command are passed over: the caller refuses the command. 0, or -1 and
 * `failure`; `options` is filled as far as it was read, so that --json is known. Free it in both
 * cases.
 */
int options_parse(int argc, char **argv, options_rules *rules, struct options *options,
                  struct failure *failure);
void options_free(struct options *options);

/* The last value given for a name, "" for a flag, NULL if it was not given. */
const char *options_value(const struct options *options, const char *name);

/*
 * Puts what was given for rules with a `field` into `fields`, each with its type; texts must be
 * UTF-8. 0, or -1 and `failure` (a wrong value, input that cannot be read).
 */
int options_fields(const struct options *options, json_t *fields, struct failure *failure);

/* A text as a document string; -1 and `failure` if it is not UTF-8. `what` names it: "--company".
 * The caller owns the result. */
int options_string(const char *text, const char *what, json_t **string, struct failure *failure);

/* All of standard input, at most 64 KiB, line ends as line feeds, none at the end; the caller frees
 * it. NULL and `failure` on error. */
char *options_input_read(struct failure *failure);

/* All words from `first` on, joined with spaces; the caller frees it. */
char *options_words_join(const struct options *options, size_t first);
/* Puts the same into `object` as the text `key`. 0, or -1 and `failure` (not UTF-8). `what` names
 * it for a person: "The name". */
int options_words_put(const struct options *options, size_t first, const char *what, json_t *object,
                      const char *key, struct failure *failure);

/* How many changes (a letter more, less, other, or two swapped) make one word of the other. */
size_t options_distance(const char *a, const char *b);

/* The lines of a help text for these rules, to stdout. */
void options_help_print(const struct option_rule *rules, size_t count);
void options_global_help_print(void);

#endif
