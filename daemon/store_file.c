/*
 * The store's file seen from outside: LMDB maps data.mdb, so a page beyond its end is a SIGBUS and
 * not an error. Here it is read with pread only, before anything maps it, and made as long as it
 * must be after a commit.
 */
#include "lang.h"
#include "store_env.h"
#include "store_pages.h"
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define ROOM_FOR_WRITES ((uint64_t)4 << 20) /* bytes: with less, a write cut short means "full" */

/* Whether the file holds every page that is in use though it is shorter than its pages; then makes
 * it longer. */
static int short_file_mend(int fd, uint64_t size, const struct store_pages_meta *meta,
                           uint64_t want)
{
	struct store_pages_walk walk = {
		.fd = fd,
		.page_size = meta->page_size,
		.page_count = size / meta->page_size,
		.steps_left = 2 * (size / meta->page_size) + 16,
	};
	return store_pages_walk(&walk, meta) == 0 ? ftruncate(fd, (off_t)want) : -1;
}

static enum store_file opened_check(int fd, const char *path, struct store_error *error)
{
	struct stat st;
	struct store_pages_meta meta;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		store_fail(error, "T-STORE-PATH", "Move it away.", "%s is not a file.", path);
		return STORE_FILE_REFUSED;
	}
	uint64_t size = (uint64_t)st.st_size;
	int rc = store_pages_meta(fd, size, &meta);
	if (rc == -1) {
		store_fail(error, "T-STORE-FOREIGN", "Give another directory, or move it away.",
		           "%s was not written by tuyau.", path);
		return STORE_FILE_REFUSED;
	}
	uint64_t want = 2 * (uint64_t)sysconf(_SC_PAGESIZE); /* the two meta pages, at the least */
	if (rc == 0)
		want = (meta.last_page + 1) * meta.page_size;
	if (rc != 0 || (size < want && short_file_mend(fd, size, &meta, want) != 0)) {
		store_fail(error, "T-STORE-DAMAGED",
		           "Put back the whole file, or move it away and join again.",
		           "%s was cut off: it has %llu bytes and needs %llu.", path,
		           (unsigned long long)size, (unsigned long long)want);
		return STORE_FILE_REFUSED;
	}
	return STORE_FILE_GOOD;
}

int store_fail(struct store_error *error, const char *code, const char *hint, const char *format,
               ...)
{
	va_list args;
	error->code = code;
	va_start(args, format);
	(void)vsnprintf(error->message, sizeof error->message, lang_text(lang_start(), format),
	                args);
	va_end(args);
	(void)snprintf(error->hint, sizeof error->hint, "%s", lang_text(lang_start(), hint));
	return -1;
}

const char *store_why(int rc)
{
	return rc > 0 ? lang_errno(lang_start(), rc) : mdb_strerror(rc);
}

const char *store_code(int rc, const char *dir)
{
	struct statvfs fs;
	if (rc == ENOSPC || rc == EDQUOT || rc == EFBIG || rc == MDB_MAP_FULL)
		return "T-STORE-FULL";
	if (rc == EIO && statvfs(dir, &fs) == 0 &&
	    (uint64_t)fs.f_bavail * fs.f_frsize < ROOM_FOR_WRITES)
		return "T-STORE-FULL";
	return "T-STORE-IO";
}

enum store_file store_file_check(const char *dir, struct store_error *error)
{
	char path[STORE_DIR_MAX + sizeof "/" STORE_DATA_FILE];
	(void)snprintf(path, sizeof path, "%s/%s", dir, STORE_DATA_FILE);
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT)
		return STORE_FILE_ABSENT;
	if (fd < 0) {
		store_fail(error, "T-STORE-PATH", "Give it back to the user who runs tuyaud.",
		           "%s cannot be opened: %s.", path, lang_errno(lang_start(), errno));
		return STORE_FILE_REFUSED;
	}
	enum store_file file = opened_check(fd, path, error);
	(void)close(fd);
	return file;
}

void store_settle(struct store *store)
{
	MDB_envinfo info;
	MDB_stat stat_main;
	struct stat st;
	int fd;
	if (mdb_env_info(store->env, &info) != 0 || mdb_env_stat(store->env, &stat_main) != 0 ||
	    mdb_env_get_fd(store->env, &fd) != 0 || fstat(fd, &st) != 0)
		return;
	off_t want = (off_t)((info.me_last_pgno + 1) * stat_main.ms_psize);
	/* Without it the file is mended at the next opening (store_file_check). */
	if (st.st_size < want && ftruncate(fd, want) != 0)
		return;
}
