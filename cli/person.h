/*
 * What a person says of himself: the options that new and join share, the questions they ask, and
 * the key they show.
 *
 * Thread rule: the program has one thread.
 */
#ifndef PERSON_H
#define PERSON_H

#include "commands.h"

/* Rows of an option table. */
#define PERSON_RULES                                                                               \
	{ 0, "as", "NAME", "name", OPTION_TEXT, "your name, first name first" },                   \
		{ 'c', "company", "NAME", "company", OPTION_TEXT, "your company" },                \
		{ 0, "seat", "TEXT", "seat", OPTION_TEXT, "your line of business in the circle" }, \
		{ 0, "sells", "TEXT", "sells", OPTION_TEXT, "what you sell, in one line" },        \
		{ 0, "looks-for", "TEXT", "looks_for", OPTION_TEXT, "whom you look for" },         \
		{ 0, "not-for", "TEXT", "not_for", OPTION_TEXT, "who is none for you" },           \
		{ 0, "zone", "TEXT", "zone", OPTION_TEXT, "where you work" },                      \
		{ 0, "languages", "TEXT", "languages", OPTION_TEXT, "which you speak" },           \
	{                                                                                          \
		0, "reach", "TEXT", "reach", OPTION_TEXT, "how to reach you"                       \
	}

/*
 * Puts "profile" (what options and answers say) and "default_name" (the account's name, used if
 * there is no better one) into `params`. Asks what is missing if questions may be asked. 0, or -1
 * and session->failure.
 */
int person_read(struct session *session, json_t *params);

/* Shows the recovery key of an answer on stderr, if there is one and --json does not show it. */
void person_key_print(const struct session *session, const json_t *answer);

#endif
