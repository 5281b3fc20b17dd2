/*
 * The owner's records that a fork made void (PROTOCOL 4.11) are published again: those that this
 * device had put aside, and those that its peers had. Each is appended to the new log unless its
 * object is there already; in the same transaction its void entry is noted as spent, so a crash
 * neither loses nor doubles one.
 *
 * Sealed records (PROTOCOL 4.8, mode 1) come after the others, since what is there then tells for
 * whom they were (republish_to.h). The owner is told if that is not known of some.
 *
 * Thread rule: the loop thread.
 */
#ifndef REPUBLISH_H
#define REPUBLISH_H

#include "loop.h"

struct republish;

/* To be made before the node starts: it hears of what waits in the store. NULL: no memory. */
struct republish *republish_create(struct daemon *d);
/* Before the loop ends: nothing is appended any more. */
void republish_destroy(struct republish *republish); /* NULL is allowed */

#endif
