/* Opening, creating and closing the store; its environment. Reads are in store_read.c. */
#include "lang.h"
#include "store_origin.h"
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_ROOM (STORE_DIR_MAX + 32)

static const struct tuy_bytes key_schema = { (const uint8_t *)"schema", 6 };
static const struct tuy_bytes key_device = { (const uint8_t *)"device", 6 };
static const struct tuy_bytes key_incarnation = { (const uint8_t *)"incarnation", 11 };
static const struct tuy_bytes key_view = { (const uint8_t *)"view", 4 };

static void path_join(char path[PATH_ROOM], const char *dir, const char *name)
{
	(void)snprintf(path, PATH_ROOM, "%s/%s", dir, name);
}

/* ---- the environment ---- */

static size_t map_len_for(const char *dir)
{
	char path[PATH_ROOM];
	struct stat st;
	size_t len = STORE_MAP_FIRST;
	path_join(path, dir, STORE_DATA_FILE);
	if (stat(path, &st) == 0)
		while (len / 2 < (size_t)st.st_size)
			len *= 2;
	return len;
}

/* LMDB maps its lock file writable: without room on the disk the first touch would be a SIGBUS. */
static int lock_room_make(const char *dir)
{
	char path[PATH_ROOM];
	path_join(path, dir, "lock.mdb");
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno;
	int rc = posix_fallocate(fd, 0, STORE_LOCK_ROOM);
	(void)close(fd);
	return rc;
}

int store_env_open(const char *dir, unsigned flags, size_t map_len, MDB_env **env)
{
	MDB_env *made;
	*env = NULL;
	int rc = mdb_env_create(&made);
	if (rc != 0)
		return rc;
	rc = mdb_env_set_mapsize(made, map_len);
	if (rc == 0)
		rc = mdb_env_set_maxreaders(made, STORE_READERS_MAX);
	if (rc == 0)
		rc = mdb_env_set_maxdbs(made, STORE_DBS_MAX);
	if (rc == 0)
		rc = mdb_env_open(made, dir, MDB_NOTLS | flags, 0600);
	if (rc != 0) {
		mdb_env_close(made);
		return rc;
	}
	/* LMDB 0.9.24 would leave it open in the programs that are run from here. */
	mdb_filehandle_t fd;
	if (mdb_env_get_fd(made, &fd) == 0)
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	*env = made;
	return 0;
}

int store_tables_open(MDB_txn *txn, unsigned flags, struct store_tables *tables,
                      enum store_table *table)
{
	for (*table = STORE_META; *table < STORE_TABLE_COUNT; (*table)++) {
		int rc = mdb_dbi_open(txn, store_table_name(*table), flags, &tables->dbi[*table]);
		if (rc != 0)
			return rc;
	}
	return 0;
}

/* A store of an earlier version gets the tables that came later; the derived ones are made again.
 */
static int tables_add(struct store *store, enum store_table *table)
{
	struct store_tables tables = store->tables;
	MDB_txn *txn;
	int rc = mdb_txn_begin(store->env, NULL, 0, &txn);
	if (rc != 0)
		return rc;
	rc = store_tables_open(txn, MDB_CREATE, &tables, table);
	if (rc == 0)
		return mdb_txn_commit(txn);
	mdb_txn_abort(txn);
	return rc;
}

/* Are all tables there, but for some that an earlier version did not have? */
static bool lacks_later_tables(int rc, enum store_table table)
{
	return rc == MDB_NOTFOUND && table >= STORE_TOMBSTONES;
}

static int tables_start(struct store *store, enum store_table *table)
{
	MDB_txn *txn;
	*table = STORE_META;
	int rc = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn);
	if (rc != 0)
		return rc;
	rc = store_tables_open(txn, 0, &store->tables, table);
	if (rc == 0)
		return mdb_txn_commit(txn);
	mdb_txn_abort(txn);
	return rc;
}

/* Opens env and tables; the map must not be in use. */
static int env_start(struct store *store, enum store_table *table)
{
	int rc = store_env_open(store->dir, 0, store->map_len, &store->env);
	if (rc != 0)
		return rc;
	rc = tables_start(store, table);
	if (lacks_later_tables(rc, *table)) {
		rc = tables_add(store, table);
		if (rc == 0)
			rc = tables_start(store, table);
	}
	if (rc != 0) {
		mdb_env_close(store->env);
		store->env = NULL;
	}
	return rc;
}

/* ---- creation ---- */

static void newborn_remove(const char *dir)
{
	char newborn[PATH_ROOM];
	char path[PATH_ROOM + sizeof "/" STORE_DATA_FILE];
	path_join(newborn, dir, STORE_NEWBORN_DIR);
	(void)snprintf(path, sizeof path, "%s/%s", newborn, STORE_DATA_FILE);
	(void)unlink(path);
	(void)rmdir(newborn);
}

static int meta_write(MDB_txn *txn, const struct store_tables *tables,
                      const struct tuy_device *device)
{
	struct tuy_incarnation incarnation;
	uint8_t schema[4];
	uint8_t view[4];
	tuy_put32(schema, STORE_SCHEMA);
	tuy_put32(view, STORE_VIEW);
	randombytes_buf(incarnation.b, sizeof incarnation.b);
	const struct {
		struct tuy_bytes key;
		struct tuy_bytes value;
	} rows[] = {
		{ key_schema, TUY_BYTES(schema) },
		{ key_device, TUY_BYTES(device->b) },
		{ key_incarnation, TUY_BYTES(incarnation.b) },
		{ key_view, TUY_BYTES(view) },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		int rc = store_put(txn, tables, STORE_META, rows[i].key, &rows[i].value, 1, 0);
		if (rc != 0)
			return rc;
	}
	return 0;
}

static int newborn_write(const char *newborn, const struct tuy_device_keys *keys)
{
	struct store_tables tables = { .checksum = &keys->checksum };
	enum store_table table;
	MDB_env *env;
	MDB_txn *txn;
	/* Nobody else knows this directory, so no lock file is needed. */
	int rc = store_env_open(newborn, MDB_NOLOCK, STORE_MAP_FIRST, &env);
	if (rc != 0)
		return rc;
	rc = mdb_txn_begin(env, NULL, 0, &txn);
	if (rc == 0) {
		rc = store_tables_open(txn, MDB_CREATE, &tables, &table);
		if (rc == 0)
			rc = meta_write(txn, &tables, &keys->device);
		if (rc == 0)
			rc = mdb_txn_commit(txn);
		else
			mdb_txn_abort(txn);
	}
	mdb_env_close(env);
	return rc;
}

/* A store appears whole or not at all. 0 or a code. */
static int store_create(const char *dir, const struct tuy_device_keys *keys)
{
	char newborn[PATH_ROOM];
	char from[PATH_ROOM + sizeof "/" STORE_DATA_FILE];
	char to[PATH_ROOM];
	newborn_remove(dir);
	path_join(newborn, dir, STORE_NEWBORN_DIR);
	path_join(to, dir, STORE_DATA_FILE);
	(void)snprintf(from, sizeof from, "%s/%s", newborn, STORE_DATA_FILE);
	if (mkdir(newborn, 0700) != 0)
		return errno;
	int rc = newborn_write(newborn, keys);
	if (rc == 0 && rename(from, to) != 0)
		rc = errno;
	if (rc == 0) {
		int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0 || fsync(fd) != 0)
			rc = errno;
		if (fd >= 0)
			(void)close(fd);
	}
	newborn_remove(dir);
	return rc;
}

/* ---- is it ours? ---- */

static int foreign(struct store_error *error, const char *dir, const char *message)
{
	return store_fail(error, "T-STORE-FOREIGN", "Give another directory, or move it away.",
	                  message, dir);
}

static int damaged(struct store_error *error, const char *dir, enum store_table table)
{
	return store_fail(error, "T-STORE-DAMAGED",
	                  "Put back a copy of the whole directory, or move it away and join again.",
	                  "The store in %s is damaged (table %s).", dir, store_table_name(table));
}

static int refused(struct store_error *error, const char *dir, int rc)
{
	const char *code = store_code(rc, dir);
	return store_fail(error, code,
	                  strcmp(code, "T-STORE-FULL") == 0 ? "Make room on that disk."
	                                                    : "Look at the disk and its log.",
	                  "The store in %s cannot be opened: %s.", dir, store_why(rc));
}

/* The device is looked at before its checksums are: those of another device cannot hold. */
static int meta_check(MDB_txn *txn, const struct store_tables *tables, const char *dir,
                      const struct tuy_device_keys *keys, struct tuy_incarnation *incarnation,
                      struct store_error *error)
{
	struct tuy_bytes value;
	MDB_val key = { key_device.len, (void *)(uintptr_t)key_device.p };
	MDB_val row;
	int rc = mdb_get(txn, tables->dbi[STORE_META], &key, &row);
	if (rc != 0 || row.mv_size != sizeof keys->device.b + STORE_MAC_SIZE)
		return foreign(error, dir, N_("The store in %s was not written by tuyau."));
	if (memcmp(row.mv_data, keys->device.b, sizeof keys->device.b) != 0)
		return foreign(error, dir, N_("The store in %s belongs to another device."));
	rc = store_get(txn, tables, STORE_META, key_device, &value);
	if (rc == 0)
		rc = store_get(txn, tables, STORE_META, key_schema, &value);
	if (rc != 0 || value.len != 4)
		return damaged(error, dir, STORE_META);
	if (tuy_get32(value.p) != STORE_SCHEMA)
		return foreign(error, dir,
		               N_("The store in %s was written by a later version of tuyau."));
	rc = store_get(txn, tables, STORE_META, key_incarnation, &value);
	if (rc != 0 || value.len != sizeof incarnation->b)
		return damaged(error, dir, STORE_META);
	memcpy(incarnation->b, value.p, sizeof incarnation->b);
	return 0;
}

/* Looks into an existing store without writing a byte. */
static int store_inspect(struct store *store, const struct tuy_device_keys *keys,
                         struct store_error *error)
{
	struct store_tables tables = { .checksum = &keys->checksum };
	enum store_table table = STORE_META;
	MDB_env *env;
	MDB_txn *txn;
	int rc = store_env_open(store->dir, MDB_RDONLY | MDB_NOLOCK, store->map_len, &env);
	if (rc == MDB_INVALID || rc == MDB_VERSION_MISMATCH)
		return foreign(error, store->dir, N_("The store in %s was not written by tuyau."));
	if (rc != 0)
		return refused(error, store->dir, rc);
	rc = mdb_txn_begin(env, NULL, MDB_RDONLY, &txn);
	if (rc != 0) {
		mdb_env_close(env);
		return refused(error, store->dir, rc);
	}
	rc = store_tables_open(txn, 0, &tables, &table);
	if (rc != 0 && !lacks_later_tables(rc, table))
		rc = table == STORE_META ? foreign(error, store->dir,
		                                   N_("The store in %s was not written by tuyau."))
		                         : damaged(error, store->dir, table);
	else
		rc = meta_check(txn, &tables, store->dir, keys, &store->incarnation, error);
	mdb_txn_abort(txn);
	mdb_env_close(env);
	return rc;
}

/* ---- the lock ---- */

static int dir_make(const char *dir, struct store_error *error)
{
	struct stat st;
	if (strlen(dir) >= STORE_DIR_MAX)
		return store_fail(error, "T-STORE-PATH", "Give a shorter path.",
		                  "The path of the store is longer than %d bytes.",
		                  STORE_DIR_MAX - 1);
	if (mkdir(dir, 0700) == 0)
		return 0;
	if (errno == ENOSPC || errno == EDQUOT)
		return refused(error, dir, errno);
	if (errno != EEXIST || stat(dir, &st) != 0)
		return store_fail(error, "T-STORE-PATH", "Give another directory, or make it.",
		                  "The directory %s cannot be made: %s.", dir,
		                  lang_errno(lang_start(), errno));
	if (!S_ISDIR(st.st_mode))
		return store_fail(error, "T-STORE-PATH", "Give another path, or move it away.",
		                  "%s is not a directory.", dir);
	return 0;
}

/* 1: locked, and the file was made here; 0: locked; -1 with `error`. */
static int lock_take(struct store *store, struct store_error *error)
{
	char path[PATH_ROOM];
	int made = 1;
	path_join(path, store->dir, "lock");
	store->lock_fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (store->lock_fd < 0 && errno == EEXIST) {
		made = 0;
		store->lock_fd = open(path, O_RDWR | O_CLOEXEC);
	}
	if (store->lock_fd < 0) {
		if (errno == ENOSPC || errno == EDQUOT)
			return refused(error, store->dir, errno);
		return store_fail(
			error, "T-STORE-PATH", "Give it back to the user who runs tuyaud.",
			"%s cannot be opened: %s.", path, lang_errno(lang_start(), errno));
	}
	if (flock(store->lock_fd, LOCK_EX | LOCK_NB) == 0)
		return made;
	(void)close(store->lock_fd);
	return store_fail(error, "T-STORE-LOCKED", "Stop the other tuyaud, or use another home.",
	                  "The store in %s is in use by another tuyaud.", store->dir);
}

static void lock_drop(struct store *store, int made)
{
	char path[PATH_ROOM];
	path_join(path, store->dir, "lock");
	if (made == 1)
		(void)unlink(path);
	(void)close(store->lock_fd);
}

static int locked_open(struct store *store, const struct tuy_device_keys *keys,
                       struct store_error *error)
{
	enum store_table table;
	switch (store_file_check(store->dir, error)) {
	case STORE_FILE_REFUSED:
		return -1;
	case STORE_FILE_ABSENT: {
		int rc = store_create(store->dir, keys);
		if (rc != 0)
			return refused(error, store->dir, rc);
		break;
	}
	case STORE_FILE_GOOD:
		break;
	}
	store->map_len = map_len_for(store->dir);
	if (store_inspect(store, keys, error) != 0)
		return -1;
	int rc = lock_room_make(store->dir);
	if (rc == 0)
		rc = env_start(store, &table);
	if (rc == 0) {
		rc = store_origin_settle(store, &keys->device);
		if (rc != 0)
			mdb_env_close(store->env);
	}
	return rc == 0 ? 0 : refused(error, store->dir, rc);
}

/* ---- public ---- */

int store_grow(struct store *store)
{
	(void)pthread_rwlock_wrlock(&store->lock);
	int rc = store->env == NULL ? MDB_PANIC
	                            : mdb_env_set_mapsize(store->env, store->map_len * 2);
	if (rc == 0)
		store->map_len *= 2;
	(void)pthread_rwlock_unlock(&store->lock);
	return rc;
}

int store_reopen(struct store *store)
{
	struct store_error error;
	enum store_table table;
	int rc = EIO;
	(void)pthread_rwlock_wrlock(&store->lock);
	if (store->env != NULL)
		mdb_env_close(store->env);
	store->env = NULL;
	if (store_file_check(store->dir, &error) == STORE_FILE_GOOD)
		rc = env_start(store, &table);
	(void)pthread_rwlock_unlock(&store->lock);
	return rc;
}

const struct store_tables *store_tables(const struct store *store)
{
	return &store->tables;
}

int store_open(const char *dir, const struct tuy_device_keys *keys, struct store **store,
               struct store_error *error)
{
	*store = NULL;
	memset(error, 0, sizeof *error);
	if (dir_make(dir, error) != 0)
		return -1;
	struct store *made = calloc(1, sizeof *made);
	if (made == NULL || pthread_rwlock_init(&made->lock, NULL) != 0) {
		free(made);
		return store_fail(error, "T-STORE-IO", "Close other programs.",
		                  "No memory for the store.");
	}
	(void)snprintf(made->dir, sizeof made->dir, "%s", dir);
	made->tables.checksum = &keys->checksum;
	int lock = lock_take(made, error);
	if (lock < 0 || locked_open(made, keys, error) != 0) {
		if (lock >= 0)
			lock_drop(made, lock);
		(void)pthread_rwlock_destroy(&made->lock);
		free(made);
		return -1;
	}
	*store = made;
	return 0;
}

void store_close(struct store *store)
{
	if (store == NULL)
		return;
	if (store->env != NULL)
		mdb_env_close(store->env);
	lock_drop(store, 0);
	(void)pthread_rwlock_destroy(&store->lock);
	free(store);
}

const struct tuy_incarnation *store_incarnation(const struct store *store)
{
	return &store->incarnation;
}

enum store_origin store_origin(const struct store *store)
{
	return store->origin;
}

uint32_t store_incarnations(const struct store *store)
{
	return store->incarnations;
}

int store_stats(struct store *store, struct store_stats *stats)
{
	struct store_reading reading;
	MDB_envinfo info;
	MDB_stat entries;
	struct stat st;
	int fd;
	if (store_reading_begin(store, &reading) != 0)
		return -1;
	int rc = mdb_env_info(store->env, &info);
	if (rc == 0)
		rc = mdb_stat(reading.txn, store->tables.dbi[STORE_ENTRIES], &entries);
	if (rc == 0)
		rc = mdb_env_get_fd(store->env, &fd);
	if (rc == 0)
		rc = fstat(fd, &st);
	if (rc == 0) {
		stats->bytes = (uint64_t)(info.me_last_pgno + 1) * entries.ms_psize;
		stats->entries = entries.ms_entries;
		stats->file_bytes = (uint64_t)st.st_size;
	}
	store_reading_end(&reading);
	return rc == 0 ? 0 : -1;
}

int store_reading_begin(struct store *store, struct store_reading *reading)
{
	MDB_txn *txn = NULL;
	reading->store = store;
	reading->txn = NULL;
	(void)pthread_rwlock_rdlock(&store->lock);
	if (store->env == NULL || mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn) != 0) {
		(void)pthread_rwlock_unlock(&store->lock);
		return -1;
	}
	reading->txn = txn;
	return 0;
}

void store_reading_end(struct store_reading *reading)
{
	if (reading->txn == NULL)
		return;
	mdb_txn_abort(reading->txn);
	reading->txn = NULL;
	(void)pthread_rwlock_unlock(&reading->store->lock);
}
