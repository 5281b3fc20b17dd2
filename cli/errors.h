/*
 * What went wrong, for a person and for a program: a stable code, a sentence, what to type next,
 * and the exit status (product.md 2.6). A failure is a value: functions fill it and return -1, main
 * prints it once.
 *
 * Thread rule: the program has one thread.
 */
#ifndef ERRORS_H
#define ERRORS_H

#include <stdbool.h>
#include <stddef.h>

enum errors_exit {
	EXIT_OTHER = 1,
	EXIT_USAGE = 2,
	EXIT_NOT_FOUND = 3,
	EXIT_NO_DAEMON = 4,
	EXIT_AMBIGUOUS = 5,
	EXIT_REFUSED = 6,
	EXIT_CONFLICT = 7,
	EXIT_UNDELIVERED = 8,
	EXIT_LOCKED = 9,
};

struct failure {
	enum errors_exit exit;
	bool retryable;         /* the same command may succeed later */
	char code[40];          /* "T-USAGE" */
	char message[2400];     /* whole sentences; may hold line feeds and text of peers */
	char hint[600];         /* what to type; may be empty */
	char id[32];            /* what was saved in spite of it; empty else */
	char recovery_key[200]; /* of an identity made in spite of it; empty else */
};

enum errors_style { ERRORS_HUMAN, ERRORS_JSON };

/* Fills `failure`, not retryable, without an id; too long texts are cut. Always -1, so that a
 * caller can return it. `hint` may be NULL. Both texts are translated here. */
int errors_set(struct failure *failure, enum errors_exit status, const char *code, const char *hint,
               const char *message, ...) __attribute__((format(printf, 5, 6)));

/* Shows a recovery key on stderr, in a frame, with what it is for. */
void errors_key_print(const char *recovery_key);

/* Prints to stderr: "T-CODE message", then the hint on a line of its own, with control characters
 * replaced; or the JSON document of product.md 2.5. A recovery key is shown in both. */
void errors_print(const struct failure *failure, enum errors_style style);

#endif
