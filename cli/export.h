/*
 * The files of an export, but for the README that says what they are.
 *
 * Thread rule: the program has one thread.
 */
#ifndef EXPORT_H
#define EXPORT_H

#include "bundle.h"
#include "commands.h"

/* What was written: an array of {file, count}. */
struct export
{
	struct session *session;
	struct bundle *bundle;
	json_t *files;
};

enum export_what { EXPORT_OWN, EXPORT_ALL };

/* Writes them all. 0, or -1: session->failure. */
int export_write(struct export *export, enum export_what what);

/* Notes a file for the list. */
void export_note(struct export *export, const char *file, size_t count);

/* Every PROFILE of a circle, as an array; those who have none are left out. The caller's. NULL:
 * session->failure. */
json_t *export_profiles(struct session *session, const json_t *circle);
/* The SHOWN of every circle, former members too. The caller's. NULL: session->failure. */
json_t *export_circles(struct session *session);

#endif
