/*
 * Inside the store: the open environment, and what only the writer may do to it (grow the map, open
 * it anew after LMDB gave up). Included by store*.c, view*.c, writer.c and their tests.
 */
#ifndef STORE_ENV_H
#define STORE_ENV_H

#include "store_tables.h"
#include <pthread.h>

#define STORE_MAP_FIRST   ((size_t)64 << 20) /* bytes; doubles */
#define STORE_READERS_MAX 126
#define STORE_DBS_MAX     64
#define STORE_LOCK_ROOM                                                                            \
	16384                  /* bytes that LMDB's lock file needs for so many readers, and more  \
	                        */
#define STORE_DIR_MAX     1024 /* bytes of the directory's path, with its NUL */
#define STORE_DATA_FILE   "data.mdb"
#define STORE_NEWBORN_DIR "new" /* a store is made in here and then moved into place, complete */

struct store {
	char dir[STORE_DIR_MAX];
	int lock_fd;  /* flock on dir/lock */
	MDB_env *env; /* NULL: could not be opened anew; nothing can be read meanwhile */
	size_t map_len;
	struct store_tables tables;
	struct tuy_incarnation incarnation;
	enum store_origin origin;
	uint32_t incarnations;
	/* Each reading holds it shared for its life; growing and opening anew hold it alone. */
	pthread_rwlock_t lock;
};

/* Fills `error`. Returns -1. */
int store_fail(struct store_error *error, const char *code, const char *hint, const char *format,
               ...) __attribute__((format(printf, 4, 5)));
/* The stable code of an LMDB or errno code: "T-STORE-FULL" or "T-STORE-IO". `dir` is asked for its
 * free room when LMDB only says EIO (a write that was cut short). */
const char *store_code(int rc, const char *dir);
/* What an error of LMDB says, in the language of who started the daemon. */
const char *store_why(int rc);

enum store_file { STORE_FILE_ABSENT, STORE_FILE_GOOD, STORE_FILE_REFUSED };
/*
 * Looks at dir/data.mdb without mapping it: is it LMDB's, and is it as long as it says? A file that
 * lacks only pages that nothing points to is made longer (LMDB does not write pages that a
 * transaction took and gave back). REFUSED with `error`: the file is as it was.
 */
enum store_file store_file_check(const char *dir, struct store_error *error);

/* An environment with our settings on `dir`; `flags` are added. 0 and *env, or LMDB's code. */
int store_env_open(const char *dir, unsigned flags, size_t map_len, MDB_env **env);
/* Opens all tables (`flags`: 0 or MDB_CREATE). 0, or LMDB's code and the table. */
int store_tables_open(MDB_txn *txn, unsigned flags, struct store_tables *tables,
                      enum store_table *table);

/* ---- for the writer thread, while it has no transaction ---- */

/* Doubles the map; waits for the readings that are open. 0, or a code. */
int store_grow(struct store *store);
/* Closes and opens the environment after LMDB refused further work (MDB_PANIC); waits for the
 * readings. 0, or a code; then every reading fails until a later call succeeds. */
int store_reopen(struct store *store);
/* After a commit: the file is made as long as its meta page says. */
void store_settle(struct store *store);

#endif
