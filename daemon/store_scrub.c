/* Zeros over what was erased: see store_scrub.h. */
#include "store_scrub.h"
#include "store_pages.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ASK_EVERY 64         /* pages */
#define AT_ONCE   65536u     /* bytes that are read together */
#define RUN_HEAD  16         /* of a run of pages, before its value */
#define SYNC_MAX  (4u << 20) /* bytes of zeros that become durable together */

static const struct tuy_bytes key_residue = { (const uint8_t *)"residue", 7 };
static const uint8_t zeros[AT_ONCE];

/* ---- the residue ---- */

int store_residue_put(MDB_txn *txn, const struct store_tables *tables)
{
	static const uint8_t yes = 1;
	struct tuy_bytes value = { &yes, 1 };
	int known = store_residue(txn, tables);
	return known == 1 ? 0 : store_put(txn, tables, STORE_META, key_residue, &value, 1, 0);
}

int store_residue_del(MDB_txn *txn, const struct store_tables *tables)
{
	int rc = store_del(txn, tables, STORE_META, key_residue);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

int store_residue(MDB_txn *txn, const struct store_tables *tables)
{
	struct tuy_bytes value;
	int rc = store_get(txn, tables, STORE_META, key_residue, &value);
	return rc == 0 ? 1 : rc == MDB_NOTFOUND ? 0 : -1;
}

/* ---- zeros ---- */

struct gap { /* bytes of the file that hold nothing, within pages in use */
	uint64_t at;
	uint32_t len;
};

struct scrub {
	int fd;
	uint32_t page_size;
	uint64_t page_count;
	uint8_t *used; /* a bit for each page */
	struct gap *gaps;
	size_t gap_count;
	size_t gap_cap;
	enum store_scrub_how how;
	int (*goes_on)(void *context);
	void *context;
	uint64_t unsynced; /* bytes of zeros */
	struct store_scrubbed *scrubbed;
	uint8_t room[AT_ONCE];
};

static int is_zero(const uint8_t *bytes, size_t len)
{
	return len == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, len - 1) == 0);
}

static int go_on(struct scrub *scrub)
{
	return scrub->goes_on(scrub->context) ? 0 : STORE_SCRUB_EARLY;
}

static int zeros_write(struct scrub *scrub, uint64_t at, uint32_t len)
{
	ssize_t n = pwrite(scrub->fd, zeros, len, (off_t)at);
	if (n != (ssize_t)len)
		return n < 0 ? errno : ENOSPC;
	scrub->unsynced += len;
	if (scrub->unsynced < SYNC_MAX)
		return 0;
	scrub->unsynced = 0;
	return fdatasync(scrub->fd) == 0 ? go_on(scrub) : errno;
}

static int is_used(const struct scrub *scrub, uint64_t page)
{
	return scrub->used[page / 8] >> (page % 8) & 1;
}

/* Two rows that lead to the same page: the file is damaged. */
static int use(struct scrub *scrub, uint64_t page)
{
	if (is_used(scrub, page))
		return MDB_CORRUPTED;
	scrub->used[page / 8] |= (uint8_t)(1u << (page % 8));
	return 0;
}

static int gap_note(struct scrub *scrub, uint64_t at, size_t len)
{
	if (scrub->gap_count == scrub->gap_cap) {
		size_t cap = scrub->gap_cap == 0 ? 64 : 2 * scrub->gap_cap;
		struct gap *grown = realloc(scrub->gaps, cap * sizeof *grown);
		if (grown == NULL)
			return ENOMEM;
		scrub->gaps = grown;
		scrub->gap_cap = cap;
	}
	scrub->gaps[scrub->gap_count++] = (struct gap){ at, (uint32_t)len };
	return 0;
}

/* store_pages.h: a page in use, which holds nothing between `lower` and `upper`. */
static int on_page(void *context, uint64_t number, const uint8_t *page, size_t lower, size_t upper)
{
	struct scrub *scrub = context;
	int rc = use(scrub, number);
	if (rc == 0 && !is_zero(page + lower, upper - lower))
		rc = gap_note(scrub, number * scrub->page_size + lower, upper - lower);
	if (rc == 0 && ++scrub->scrubbed->pages % ASK_EVERY == 0 &&
	    scrub->how == STORE_SCRUB_YIELDS)
		rc = go_on(scrub);
	return rc;
}

/* store_pages.h: a value with pages of its own; the last one may not be full. */
static int on_run(void *context, uint64_t first, uint32_t count, uint32_t len)
{
	struct scrub *scrub = context;
	uint64_t at = first * scrub->page_size + RUN_HEAD + len;
	uint64_t end = (first + count) * scrub->page_size;
	int rc = 0;
	for (uint32_t i = 0; i < count && rc == 0; i++)
		rc = use(scrub, first + i);
	for (; at < end && rc == 0; at += AT_ONCE) {
		size_t part = end - at < AT_ONCE ? (size_t)(end - at) : AT_ONCE;
		if (pread(scrub->fd, scrub->room, part, (off_t)at) != (ssize_t)part)
			return EIO;
		if (!is_zero(scrub->room, part))
			rc = gap_note(scrub, at, part);
	}
	return rc;
}

/* The pages from `page` on that are out of use, at most as many as are read together. */
static uint64_t unused_run(const struct scrub *scrub, uint64_t page)
{
	uint64_t count = 0;
	while (page + count < scrub->page_count && (count + 1) * scrub->page_size <= AT_ONCE &&
	       !is_used(scrub, page + count))
		count++;
	return count;
}

static int unused_zero(struct scrub *scrub)
{
	uint64_t count;
	for (uint64_t page = 2; page < scrub->page_count; page += count) {
		uint64_t at = page * scrub->page_size;
		count = unused_run(scrub, page);
		size_t len = (size_t)count * scrub->page_size;
		if (count == 0) {
			count = 1;
			continue;
		}
		if (pread(scrub->fd, scrub->room, len, (off_t)at) != (ssize_t)len)
			return EIO;
		if (is_zero(scrub->room, len))
			continue;
		int rc = zeros_write(scrub, at, (uint32_t)len);
		if (rc != 0)
			return rc;
		scrub->scrubbed->zeroed += len;
	}
	return 0;
}

static int gaps_zero(struct scrub *scrub)
{
	for (size_t i = 0; i < scrub->gap_count; i++) {
		int rc = zeros_write(scrub, scrub->gaps[i].at, scrub->gaps[i].len);
		if (rc != 0)
			return rc;
		scrub->scrubbed->gaps += scrub->gaps[i].len;
	}
	return 0;
}

/* Nothing is written before the whole file was looked at and is as it should be. */
static int file_scrub(struct scrub *scrub)
{
	struct store_pages_meta meta;
	struct stat st;
	if (fstat(scrub->fd, &st) != 0)
		return errno;
	if (store_pages_meta(scrub->fd, (uint64_t)st.st_size, &meta) != 0)
		return MDB_CORRUPTED;
	scrub->page_size = meta.page_size;
	scrub->page_count = (uint64_t)st.st_size / meta.page_size;
	scrub->used = calloc(1, scrub->page_count / 8 + 1);
	if (scrub->used == NULL)
		return ENOMEM;
	struct store_pages_walk walk = {
		.fd = scrub->fd,
		.page_size = meta.page_size,
		.page_count = scrub->page_count,
		.steps_left = scrub->page_count,
		.on_page = on_page,
		.on_run = on_run,
		.context = scrub,
	};
	int rc = store_pages_walk(&walk, &meta);
	if (rc == 0)
		rc = gaps_zero(scrub);
	if (rc == 0)
		rc = unused_zero(scrub);
	if (rc == 0 && fdatasync(scrub->fd) != 0)
		rc = errno;
	return rc == -1 ? MDB_CORRUPTED : rc;
}

int store_scrub(struct store *store, enum store_scrub_how how, int (*goes_on)(void *context),
                void *context, struct store_scrubbed *scrubbed)
{
	char path[STORE_DIR_MAX + sizeof "/" STORE_DATA_FILE];
	*scrubbed = (struct store_scrubbed){ 0 };
	/* Whoever reads from now on reads what was committed last. */
	int rc = store_reopen(store);
	if (rc != 0)
		return rc;
	struct scrub *scrub = calloc(1, sizeof *scrub);
	if (scrub == NULL)
		return ENOMEM;
	(void)snprintf(path, sizeof path, "%s/%s", store->dir, STORE_DATA_FILE);
	scrub->how = how;
	scrub->goes_on = goes_on;
	scrub->context = context;
	scrub->scrubbed = scrubbed;
	scrub->fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (scrub->fd < 0)
		rc = errno;
	else
		rc = file_scrub(scrub);
	if (scrub->fd >= 0)
		(void)close(scrub->fd);
	free(scrub->used);
	free(scrub->gaps);
	free(scrub);
	return rc;
}
