/*
 * Files of the person, whole: read to be checked, written to be handed over.
 *
 * Thread rule: the program has one thread.
 */
#ifndef FILE_H
#define FILE_H

#include "../proto/types.h"
#include "errors.h"
#include <sys/types.h>

#define FILE_READ_MAX                                                                              \
	((size_t)1 << 30) /* bytes; minisign itself has this bound for legacy ones                 \
	                   */

/* All of `path`; the caller frees (void *)bytes->p. 0; -1 and `failure`: T-NOT-FOUND (3),
 * T-TOO-MUCH, T-INPUT (1). */
int file_read(const char *path, struct tuy_bytes *bytes, struct failure *failure);

/* 0; 1: there is no such file; -1 and `failure` as file_read. */
int file_read_if(const char *path, struct tuy_bytes *bytes, struct failure *failure);

/* Writes `text` as dir/name, in place of what is there; with all of it or not at all. 0, or -1 and
 * `failure`. */
int file_write(const char *dir, const char *name, const char *text, struct failure *failure);

/* The same with a mode: 0600 for what is the owner's alone. */
int file_write_as(const char *dir, const char *name, const char *text, mode_t mode,
                  struct failure *failure);

/* "a" and "b" joined; the caller frees it. */
char *file_path(const char *a, const char *b);

#endif
