/*
 * The commands: a table in commands.c, one function each in cmd_*.c, and what they share.
 *
 * Thread rule: the program has one thread.
 */
#ifndef COMMANDS_H
#define COMMANDS_H

#include "client.h"
#include "doc.h"
#include "errors.h"
#include "options.h"
#include "show.h"
#include <time.h>

struct command;

/* One run of the program. */
struct session {
	struct options options;
	const struct command *command;
	struct show_term term;
	struct client client; /* fd -1 until session_call */
	time_t now;           /* the start, wall clock */
	struct failure failure;
};

enum command_words { COMMAND_WORDS, COMMAND_NO_WORDS };

struct command {
	const char *name;
	const char *alias; /* French; NULL: none */
	const char *usage; /* "tip TITLE [-c COMPANY] ..."; the three are translated when shown */
	const char *summary;
	const char *examples; /* opens its help */
	const struct option_rule *rules;
	size_t rule_count;
	enum command_words words;
	int (*run)(struct session *session); /* 0, or -1 with session->failure */
};

/* NULL if there is none; a NULL name is the default command. */
const struct command *command_find(const char *name);
/* Puts the first word there that the name of the command stands for: "nouvelles" is "ask news".
 * There is room: the name was an argument. */
void command_words_complete(struct options *options);
/* By number, for help; NULL at the end. */
const struct command *command_at(size_t index);
/* The names of commands of later versions, by number; NULL at the end. */
const char *command_later_at(size_t index);
/* Refuses an unknown command: T-NOT-YET or T-USAGE with the nearest one. Always -1. */
int command_unknown(const char *name, struct failure *failure);
/* The rules of a command, for options_parse. */
options_rules command_rules;

/* ---- shared by the commands (session.c) ---- */

/* Connects unless it is done, starting the daemon unless --no-start; client.paths are the home's
 * from then on. 0, or -1 and session->failure. */
int session_open(struct session *session);

/*
 * One request; connects first as session_open does. Takes `params`. The result is the caller's;
 * NULL: session->failure.
 */
json_t *session_call(struct session *session, const char *method, json_t *params,
                     enum client_effect effect);
/* The same with a time of its own for the answer. */
json_t *session_call_for(struct session *session, const char *method, json_t *params,
                         enum client_effect effect, int timeout_ms);

/* A new map with "circle" if -C was given; the caller's. NULL: session->failure. */
json_t *session_params(struct session *session);
/* The same, and the words from `first` on, if there are any, as the name `key`. */
json_t *session_named_params(struct session *session, size_t first, const char *key);

/* The id of an object: the first word, else the last one shown or given. With SESSION_ONE_WORD it
 * is the only word. The caller's; NULL: session->failure. */
enum session_words { SESSION_ONE_WORD, SESSION_MORE_WORDS };
json_t *session_id_read(struct session *session, enum session_words words);

/* Whether the person wants words on stderr (not -q, not --json). */
bool session_talks(const struct session *session);

/*
 * The answer for programs, if it was asked for: the document (--json) or the `id_key` of it or of
 * each of its elements (-q). 1: printed, the command is done; 0: not asked for, show it to a
 * person.
 */
int session_document_print(const struct session *session, const json_t *document,
                           const char *id_key);

/* A line typed by the person, or `proposed` for an empty one; the caller frees it. NULL: the end of
 * input. Only if session->term.ask. `option` is what avoids the question, which is translated
 * here. */
char *session_ask(struct session *session, const char *question, const char *option,
                  const char *proposed);
/* Whether questions may be asked: terminals, no --no-input, no --yes, no --json. */
bool session_asks(const struct session *session);

/* The option --until as the param life_s: seconds from the daemon's now, whose clock tests and
 * demonstrations may move. Nothing without the option. 0, or -1 and session->failure. */
int session_until_put(struct session *session, json_t *params);

/* Objects as search shows them: what is near behind the others. */
void session_found_print(const struct session *session, const json_t *objects);

/* T-USAGE with `usage` of the command as the hint; always -1. The message is translated here. */
int session_usage_error(struct session *session, const char *message, ...)
	__attribute__((format(printf, 2, 3)));

/* "name: value" on a screen, "name TAB value" in a pipe; nothing for an empty value. The name is
 * translated here. */
void session_line_print(const struct session *session, const char *name, const char *value);

/* ---- the commands, each beside its options ---- */

extern const struct command cmd_new, cmd_join, cmd_circle; /* cmd_circle.c */
extern const struct command cmd_invite;                    /* cmd_invite.c */
extern const struct command cmd_profile;                   /* cmd_profile.c */
extern const struct command cmd_tip, cmd_ask, cmd_edit;    /* cmd_give.c */
extern const struct command cmd_claim, cmd_award, cmd_done, cmd_give_back, cmd_pass;
extern const struct command cmd_withdraw, cmd_undo, cmd_thank;
extern const struct command cmd_answer, cmd_accept, cmd_solved; /* cmd_life.c */
extern const struct command cmd_forget;                         /* cmd_forget.c */
extern const struct command cmd_inbox, cmd_search;              /* cmd_find.c */
extern const struct command cmd_watch;                          /* cmd_watch.c */
extern const struct command cmd_value, cmd_digest;              /* cmd_value.c */
extern const struct command cmd_events;                         /* cmd_events.c */
extern const struct command cmd_show;                           /* cmd_show.c */
extern const struct command cmd_status, cmd_stop, cmd_version;  /* cmd_node.c */
extern const struct command cmd_vouch;                          /* cmd_vouch.c */
extern const struct command cmd_verify;                         /* cmd_verify.c */
extern const struct command cmd_calendar;                       /* cmd_calendar.c */
extern const struct command cmd_export;                         /* cmd_export.c */
extern const struct command cmd_notice;                         /* cmd_notice.c */
extern const struct command cmd_audit;                          /* cmd_audit.c */
extern const struct command cmd_help;                           /* cmd_help.c */

/* The help of one command on stdout. */
void help_print(const struct command *command);

#endif
