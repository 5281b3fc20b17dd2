/*
 * Erasing in the daemon: every hour the writer is told to drop what has expired by the daemon's
 * clock and to prune (PROTOCOL 4.12, 7.10; product 1.12), and the node hears what the store did to
 * payloads. What the owner takes back goes like any other entry: tuy_node_retract,
 * loop_await_ticket, loop_drain; once the ticket is durable its object, words and payload are gone
 * here. Who else has erased it: TUY_TELL_ERASED, and store_receipt (store_erase.h). What was given
 * here and closed 60 days ago is retracted after each sweep. Thread rule: the loop thread.
 */
#ifndef ERASE_H
#define ERASE_H

#include "loop.h"
#include "writer.h"

struct erase;

/* Begins: the first sweep is two seconds after the start. `writer` outlives it. NULL: no memory. */
struct erase *erase_begin(struct daemon *d, struct writer *writer);
void erase_end(struct erase *erase); /* before writer_stop; NULL is allowed */

#endif
