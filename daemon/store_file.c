/*
 * The store's file seen from outside: LMDB maps data.mdb, so a page beyond its end is a SIGBUS and
 * not an error. Here it is read with pread only, before anything maps it. Layout: LMDB 0.9, data
 * version 1, integers as the machine has them.
 */
#include "lang.h"
#include "store_env.h"
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum {
	PAGE_FLAGS_AT = 10,
	PAGE_LOWER_AT = 12,
	PAGE_COUNT_AT = 12, /* of an overflow page: how many pages */
	PAGE_HEAD = 16,
	PAGE_BRANCH = 0x01,
	PAGE_LEAF = 0x02,
	NODE_HEAD = 8,
	NODE_BIGDATA = 0x01,
	NODE_SUBDATA = 0x02,
	DB_SIZE = 48,
	DB_ROOT_AT = 40,
	META_VERSION_AT = PAGE_HEAD + 4,
	META_PAGE_SIZE_AT = PAGE_HEAD + 24,
	META_FREE_ROOT_AT = PAGE_HEAD + 24 + DB_ROOT_AT,
	META_MAIN_ROOT_AT = PAGE_HEAD + 72 + DB_ROOT_AT,
	META_LAST_PAGE_AT = PAGE_HEAD + 120,
	META_TXN_AT = PAGE_HEAD + 128,
	META_END = PAGE_HEAD + 136,
	DEPTH_MAX = 32,
};
#define META_MAGIC      0xBEEFC0DEu
#define META_VERSION    1u
#define NO_PAGE         UINT64_MAX
#define PAGE_SIZE_MAX   65536u
#define ROOM_FOR_WRITES ((uint64_t)4 << 20) /* bytes: with less, a write cut short means "full" */

static uint16_t host16(const uint8_t *p)
{
	uint16_t v;
	memcpy(&v, p, sizeof v);
	return v;
}

static uint32_t host32(const uint8_t *p)
{
	uint32_t v;
	memcpy(&v, p, sizeof v);
	return v;
}

static uint64_t host64(const uint8_t *p)
{
	uint64_t v;
	memcpy(&v, p, sizeof v);
	return v;
}

/* A walk over all pages that the newest meta page leads to. */
struct walk {
	int fd;
	uint32_t page_size;
	uint64_t page_count; /* whole pages in the file */
	uint64_t steps_left; /* a damaged tree may have circles */
};

static int page_read(struct walk *walk, uint64_t number, uint8_t *page)
{
	if (number >= walk->page_count || walk->steps_left == 0)
		return -1;
	walk->steps_left--;
	ssize_t n = pread(walk->fd, page, walk->page_size, (off_t)(number * walk->page_size));
	return n == (ssize_t)walk->page_size ? 0 : -1;
}

static int tree_walk(struct walk *walk, uint64_t root, unsigned depth);

/* The pages a leaf's node leads to: an overflow run or another tree. */
static int leaf_walk(struct walk *walk, const uint8_t *node, const uint8_t *end, unsigned depth)
{
	uint16_t flags = host16(node + 4);
	const uint8_t *data = node + NODE_HEAD + host16(node + 6);
	if ((flags & NODE_BIGDATA) != 0) {
		if (end - data < 8)
			return -1;
		uint64_t first = host64(data);
		uint8_t head[PAGE_HEAD];
		if (first >= walk->page_count ||
		    pread(walk->fd, head, sizeof head, (off_t)(first * walk->page_size)) !=
		            (ssize_t)sizeof head)
			return -1;
		return host32(head + PAGE_COUNT_AT) <= walk->page_count - first ? 0 : -1;
	}
	if ((flags & NODE_SUBDATA) != 0) {
		if (end - data < DB_SIZE)
			return -1;
		return tree_walk(walk, host64(data + DB_ROOT_AT), depth + 1);
	}
	return 0;
}

static int page_walk(struct walk *walk, const uint8_t *page, unsigned depth)
{
	uint16_t flags = host16(page + PAGE_FLAGS_AT);
	size_t lower = host16(page + PAGE_LOWER_AT);
	if ((flags & (PAGE_BRANCH | PAGE_LEAF)) == 0 || lower < PAGE_HEAD ||
	    lower > walk->page_size)
		return -1;
	size_t count = (lower - PAGE_HEAD) / 2;
	const uint8_t *end = page + walk->page_size;
	for (size_t i = 0; i < count; i++) {
		size_t at = host16(page + PAGE_HEAD + 2 * i);
		if (at < lower || at + NODE_HEAD > walk->page_size)
			return -1;
		const uint8_t *node = page + at;
		if (at + NODE_HEAD + host16(node + 6) > walk->page_size)
			return -1;
		int rc;
		if ((flags & PAGE_BRANCH) != 0)
			rc = tree_walk(walk,
			               (uint64_t)host16(node) | (uint64_t)host16(node + 2) << 16 |
			                       (uint64_t)host16(node + 4) << 32,
			               depth + 1);
		else
			rc = leaf_walk(walk, node, end, depth);
		if (rc != 0)
			return -1;
	}
	return 0;
}

/* 0 if every page of the tree lies in the file. */
static int tree_walk(struct walk *walk, uint64_t root, unsigned depth)
{
	if (root == NO_PAGE)
		return 0;
	if (depth > DEPTH_MAX)
		return -1;
	uint8_t *page = malloc(walk->page_size);
	if (page == NULL)
		return -1;
	int rc = page_read(walk, root, page);
	if (rc == 0)
		rc = page_walk(walk, page, depth);
	free(page);
	return rc;
}

/* The newest meta page into `meta` (META_END bytes). 0; -1: not LMDB's; -2: cut off. */
static int meta_read(int fd, uint64_t size, uint8_t *meta)
{
	uint8_t other[META_END];
	memset(meta, 0, META_END);
	ssize_t n = pread(fd, meta, META_END, 0);
	if (n < META_END) {
		uint8_t any = 0;
		for (size_t i = 0; i < META_END; i++)
			any |= meta[i];
		return any != 0 && host32(meta + PAGE_HEAD) != META_MAGIC ? -1 : -2;
	}
	if (host32(meta + PAGE_HEAD) != META_MAGIC ||
	    host32(meta + META_VERSION_AT) != META_VERSION)
		return -1;
	uint32_t page_size = host32(meta + META_PAGE_SIZE_AT);
	if (page_size < 512 || page_size > PAGE_SIZE_MAX || (page_size & (page_size - 1)) != 0)
		return -1;
	if (size < 2 * (uint64_t)page_size)
		return -2;
	if (pread(fd, other, META_END, (off_t)page_size) != META_END)
		return -2;
	if (host32(other + PAGE_HEAD) != META_MAGIC ||
	    host32(other + META_VERSION_AT) != META_VERSION)
		return -1;
	if (host64(other + META_TXN_AT) > host64(meta + META_TXN_AT))
		memcpy(meta, other, META_END);
	return 0;
}

/* Whether the file holds every page that is in use though it is shorter than its pages; then makes
 * it longer. */
static int short_file_mend(int fd, uint64_t size, const uint8_t *meta, uint64_t want)
{
	uint32_t page_size = host32(meta + META_PAGE_SIZE_AT);
	struct walk walk = { fd, page_size, size / page_size, 2 * (size / page_size) + 16 };
	if (tree_walk(&walk, host64(meta + META_FREE_ROOT_AT), 0) != 0 ||
	    tree_walk(&walk, host64(meta + META_MAIN_ROOT_AT), 0) != 0)
		return -1;
	return ftruncate(fd, (off_t)want);
}

static enum store_file opened_check(int fd, const char *path, struct store_error *error)
{
	struct stat st;
	uint8_t meta[META_END];
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		store_fail(error, "T-STORE-PATH", "Move it away.", "%s is not a file.", path);
		return STORE_FILE_REFUSED;
	}
	uint64_t size = (uint64_t)st.st_size;
	int rc = meta_read(fd, size, meta);
	if (rc == -1) {
		store_fail(error, "T-STORE-FOREIGN", "Give another directory, or move it away.",
		           "%s was not written by tuyau.", path);
		return STORE_FILE_REFUSED;
	}
	uint64_t want = 2 * (uint64_t)sysconf(_SC_PAGESIZE); /* the two meta pages, at the least */
	if (rc == 0)
		want = (host64(meta + META_LAST_PAGE_AT) + 1) * host32(meta + META_PAGE_SIZE_AT);
	if (rc != 0 || (size < want && short_file_mend(fd, size, meta, want) != 0)) {
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
