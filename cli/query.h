/*
 * A query in a request: the words of the command line as one text.
 *
 * Thread rule: the program has one thread.
 */
#ifndef QUERY_H
#define QUERY_H

#include "commands.h"

/*
 * The words from `first` on, joined with blanks, a filter's value in quotation marks where the
 * shell took them off (company:"val d'oust"), as an allocated text.
 */
char *query_join(const struct options *options, size_t first);
/* Puts it into `params` as "query" if there are words. 0, or -1: session->failure. */
int query_put(struct session *session, size_t first, json_t *params);

#endif
