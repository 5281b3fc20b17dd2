/*
 * A new directory of files that is there as a whole or not at all: written beside its place, for
 * the owner only (0700, files 0600), and renamed when everything is on the disk. SIGINT, SIGTERM
 * and SIGHUP wait meanwhile, and end it at its next file: nothing is left then.
 *
 * Thread rule: the program has one thread.
 */
#ifndef BUNDLE_H
#define BUNDLE_H

#include "errors.h"
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>

struct bundle {
	char *path; /* where it is to be */
	char *part; /* where it is written */
	FILE *file; /* the one that is open; NULL: none */
	char *name; /* of that one */
	bool held;  /* signals that end the program wait, since.. */
	sigset_t before;
};

/* Begins one at `path`, which must not be there. 0; -1 and `failure`: T-EXISTS (7), T-OUTPUT (1).
 * To be ended by bundle_end in both cases. */
int bundle_begin(struct bundle *bundle, const char *path, struct failure *failure);

/* Makes a directory within it. 0, or -1 and `failure`. */
int bundle_dir(struct bundle *bundle, const char *name, struct failure *failure);

/* Opens a file within it, to be written and closed by bundle_close; one at a time. NULL and
 * `failure`. */
FILE *bundle_open(struct bundle *bundle, const char *name, struct failure *failure);
/* 0 when all of it is on the disk, or -1 and `failure`. */
int bundle_close(struct bundle *bundle, struct failure *failure);

/* Puts it in its place. 0; -1 and `failure`: also if something came there meanwhile. */
int bundle_finish(struct bundle *bundle, struct failure *failure);
/* Removes what was not finished, and frees. */
void bundle_end(struct bundle *bundle);

#endif
