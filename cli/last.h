/*
 * The last tip or ask that a person was shown or gave, so that it need not be typed again
 * (product.md 2.1: "every verb works on an id or on the last thing shown"). It is one file of the
 * home, mode 0600, which holds the object's id. It is a help to the memory: a home that cannot keep
 * it works.
 *
 * Thread rule: the program has one thread.
 */
#ifndef LAST_H
#define LAST_H

#include "../daemon/paths.h"
#include "../proto/hash.h"

/* Keeps `id`, a whole one; anything else, and a file that cannot be written, changes nothing. Two
 * programs at once leave the one or the other. */
void last_keep(const struct paths *paths, const char *id);

/* The id kept last to `id`. 0; -1 if none is known, `id` is then empty. */
int last_find(const struct paths *paths, char id[TUY_OBJECT_TEXT]);

#endif
