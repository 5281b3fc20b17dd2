/*
 * Notices that the machine slept: CLOCK_BOOTTIME goes on meanwhile and CLOCK_MONOTONIC stands, so
 * their difference grows. A descriptor becomes readable when the machine wakes, so that nobody has
 * to look again and again.
 *
 * Thread rule: the loop thread.
 */
#ifndef WAKE_H
#define WAKE_H

#include <stdbool.h>
#include <stdint.h>

#define WAKE_LEAST_MS 2000 /* shorter sleeps are nothing: connections live through them */

struct wake {
	int fd;            /* readable: perhaps it slept; -1: cannot be had */
	uint64_t apart_ms; /* BOOTTIME minus MONOTONIC when it was looked at last */
};

/* Notes the clocks and opens `fd` (non-blocking); without one, wake_look still works. */
void wake_open(struct wake *wake);
void wake_close(struct wake *wake);

/* How long it slept since the last look, in ms, if at least WAKE_LEAST_MS; else 0. Makes `fd`
 * wait for the next time. */
uint64_t wake_look(struct wake *wake);

/* The same with the clocks' readings given. */
uint64_t wake_look_at(struct wake *wake, uint64_t boot_ms, uint64_t monotonic_ms);

#endif
