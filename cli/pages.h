/*
 * Answers that come a page at a time: the next page is asked for by the `position` of the one
 * before, until there is none.
 *
 * Thread rule: the program has one thread.
 */
#ifndef PAGES_H
#define PAGES_H

#include "commands.h"

/*
 * Calls `method` until its pages end, and on_item for each element of their array `key`; what
 * on_item keeps it references. Takes `params`. 0, or -1: session->failure, or on_item said so (not
 * 0).
 */
typedef int pages_on_item(void *context, json_t *item);
int pages_each(struct session *session, const char *method, json_t *params, const char *key,
               pages_on_item *on_item, void *context);

/* All elements as one array; the caller's. NULL: session->failure. */
json_t *pages_read(struct session *session, const char *method, json_t *params, const char *key);

#endif
