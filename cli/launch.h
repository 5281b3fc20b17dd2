/*
 * Starting tuyaud for a home: it lies beside tuyau, or in PATH; it goes into the background when it
 * is ready, so its exit status says whether it is.
 *
 * Thread rule: the program has one thread.
 */
#ifndef LAUNCH_H
#define LAUNCH_H

#include "errors.h"

/*
 * Runs `tuyaud --home HOME` (without --home if `home` is empty) and waits until it is ready, as
 * long as it says how far it is; a person at a terminal reads that. 0; -1 and `failure`: what it
 * said on stderr, with its exit status.
 */
int launch_daemon(const char *home, struct failure *failure);

#endif
