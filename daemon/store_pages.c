/* LMDB's pages seen from outside: see store_pages.h. */
#include "store_pages.h"
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

enum {
	PAGE_FLAGS_AT = 10,
	PAGE_LOWER_AT = 12,
	PAGE_UPPER_AT = 14,
	PAGE_COUNT_AT = 12, /* of an overflow page: how many pages */
	PAGE_HEAD = 16,
	PAGE_BRANCH = 0x01,
	PAGE_LEAF = 0x02,
	PAGE_OVERFLOW = 0x04,
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
#define META_MAGIC    0xBEEFC0DEu
#define META_VERSION  1u
#define NO_PAGE       UINT64_MAX
#define PAGE_SIZE_MAX 65536u

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

/* ---- the walk ---- */

static int page_read(struct store_pages_walk *walk, uint64_t number, uint8_t *page)
{
	if (number >= walk->page_count || walk->steps_left == 0)
		return -1;
	walk->steps_left--;
	ssize_t n = pread(walk->fd, page, walk->page_size, (off_t)(number * walk->page_size));
	return n == (ssize_t)walk->page_size ? 0 : -1;
}

static int tree_walk(struct store_pages_walk *walk, uint64_t root, unsigned depth);

/* A value of `len` bytes in a run of pages of its own. */
static int run_walk(struct store_pages_walk *walk, uint64_t first, uint32_t len)
{
	uint8_t head[PAGE_HEAD];
	if (first >= walk->page_count ||
	    pread(walk->fd, head, sizeof head, (off_t)(first * walk->page_size)) !=
	            (ssize_t)sizeof head)
		return -1;
	uint32_t count = host32(head + PAGE_COUNT_AT);
	if (count > walk->page_count - first)
		return -1;
	if (walk->on_run == NULL)
		return 0;
	if (host16(head + PAGE_FLAGS_AT) != PAGE_OVERFLOW ||
	    (uint64_t)len + PAGE_HEAD > (uint64_t)count * walk->page_size)
		return -1;
	return walk->on_run(walk->context, first, count, len);
}

/* The pages a leaf's node leads to: an overflow run or another tree. */
static int leaf_walk(struct store_pages_walk *walk, const uint8_t *node, const uint8_t *end,
                     unsigned depth)
{
	uint16_t flags = host16(node + 4);
	const uint8_t *data = node + NODE_HEAD + host16(node + 6);
	if ((flags & NODE_BIGDATA) != 0) {
		if (end - data < 8)
			return -1;
		return run_walk(walk, host64(data),
		                (uint32_t)host16(node) | (uint32_t)host16(node + 2) << 16);
	}
	if ((flags & NODE_SUBDATA) != 0) {
		if (end - data < DB_SIZE)
			return -1;
		return tree_walk(walk, host64(data + DB_ROOT_AT), depth + 1);
	}
	return 0;
}

static int node_walk(struct store_pages_walk *walk, const uint8_t *page, size_t at, unsigned depth)
{
	const uint8_t *node = page + at;
	if (at + NODE_HEAD > walk->page_size || at + NODE_HEAD + host16(node + 6) > walk->page_size)
		return -1;
	if ((host16(page + PAGE_FLAGS_AT) & PAGE_BRANCH) == 0)
		return leaf_walk(walk, node, page + walk->page_size, depth);
	return tree_walk(walk,
	                 (uint64_t)host16(node) | (uint64_t)host16(node + 2) << 16 |
	                         (uint64_t)host16(node + 4) << 32,
	                 depth + 1);
}

static int page_walk(struct store_pages_walk *walk, uint64_t number, const uint8_t *page,
                     unsigned depth)
{
	uint16_t flags = host16(page + PAGE_FLAGS_AT);
	size_t lower = host16(page + PAGE_LOWER_AT);
	size_t upper = host16(page + PAGE_UPPER_AT);
	if ((flags & (PAGE_BRANCH | PAGE_LEAF)) == 0 || lower < PAGE_HEAD || lower > upper ||
	    upper > walk->page_size)
		return -1;
	/* what lies between `lower` and `upper` is nothing in pages of these two kinds only */
	if (walk->on_page != NULL && flags != PAGE_BRANCH && flags != PAGE_LEAF)
		return -1;
	size_t count = (lower - PAGE_HEAD) / 2;
	for (size_t i = 0; i < count; i++) {
		size_t at = host16(page + PAGE_HEAD + 2 * i);
		int rc = at < upper ? -1 : node_walk(walk, page, at, depth);
		if (rc != 0)
			return rc;
	}
	return walk->on_page == NULL ? 0 : walk->on_page(walk->context, number, page, lower, upper);
}

/* 0 if every page of the tree lies in the file. */
static int tree_walk(struct store_pages_walk *walk, uint64_t root, unsigned depth)
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
		rc = page_walk(walk, root, page, depth);
	free(page);
	return rc;
}

int store_pages_walk(struct store_pages_walk *walk, const struct store_pages_meta *meta)
{
	int rc = tree_walk(walk, meta->free_root, 0);
	return rc == 0 ? tree_walk(walk, meta->main_root, 0) : rc;
}

/* ---- meta pages ---- */

/* The newest one into `meta` (META_END bytes). */
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

int store_pages_meta(int fd, uint64_t size, struct store_pages_meta *meta)
{
	uint8_t bytes[META_END];
	*meta = (struct store_pages_meta){ 0 };
	int rc = meta_read(fd, size, bytes);
	if (rc != 0)
		return rc;
	*meta = (struct store_pages_meta){
		.page_size = host32(bytes + META_PAGE_SIZE_AT),
		.last_page = host64(bytes + META_LAST_PAGE_AT),
		.free_root = host64(bytes + META_FREE_ROOT_AT),
		.main_root = host64(bytes + META_MAIN_ROOT_AT),
	};
	return 0;
}
