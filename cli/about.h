/*
 * What this node holds about one person (product.md 1.12, access): what others may ask the owner
 * for.
 *
 * Thread rule: the program has one thread.
 */
#ifndef ABOUT_H
#define ABOUT_H

#include "commands.h"

/* Finds and prints it: a text, a document {schema about objects profiles letters watches} (--json),
 * or the ids (-q). That nothing is held is said, and no failure. 0, or -1: session->failure. */
int about_run(struct session *session, const char *name);

#endif
