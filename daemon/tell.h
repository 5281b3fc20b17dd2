/*
 * What the node tells, as lines of the log. Thread rule: any thread.
 */
#ifndef TELL_H
#define TELL_H

#include "../proto/node.h"

/* `error`: the stable code of a ticket that failed; of other tells it is not looked at. */
void tell_log(const struct tuy_tell *t, const char *error);

#endif
