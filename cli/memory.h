/*
 * Memory of the heap, of which this program always has enough or ends.
 *
 * Thread rule: the program has one thread.
 */
#ifndef MEMORY_H
#define MEMORY_H

/* `memory` itself; a NULL ends the program with T-MEMORY and exit 1: it asks for little, and keeps
 * nothing. */
void *memory_check(void *memory);

/* `format` as a new text, which the caller frees. */
char *memory_text(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
