/*
 * The pages of data.mdb seen from outside, with pread and without a map: LMDB 0.9, data version 1,
 * integers as the machine has them.
 *
 * Thread rule: while nobody commits to the file.
 */
#ifndef STORE_PAGES_H
#define STORE_PAGES_H

#include <stddef.h>
#include <stdint.h>

/* The newest meta page. */
struct store_pages_meta {
	uint32_t page_size;
	uint64_t last_page;
	uint64_t free_root;
	uint64_t main_root;
};
/* 0; -1: it is not LMDB's; -2: cut off before its meta pages end (`meta` says nothing). `size`: of
 * the file. */
int store_pages_meta(int fd, uint64_t size, struct store_pages_meta *meta);

/* A walk over all pages that a meta page leads to. */
struct store_pages_walk {
	int fd;
	uint32_t page_size;
	uint64_t page_count; /* whole pages in the file */
	uint64_t steps_left; /* a damaged tree may have circles */
	/*
	 * Both NULL, or called for each page (branch or leaf), whose bytes between `lower` and
	 * `upper` hold nothing, and for each run of pages that holds one value of `len` bytes
	 * behind 16 of the first page. Other than 0: the walk ends with it.
	 */
	int (*on_page)(void *context, uint64_t number, const uint8_t *page, size_t lower,
	               size_t upper);
	int (*on_run)(void *context, uint64_t first, uint32_t count, uint32_t len);
	void *context;
};
/* 0 if every page that is in use lies in the file and is one; -1: damaged, or what was returned. */
int store_pages_walk(struct store_pages_walk *walk, const struct store_pages_meta *meta);

#endif
