#include "wake.h"
#include <errno.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static uint64_t clock_ms(clockid_t clock)
{
	struct timespec t;
	if (clock_gettime(clock, &t) != 0)
		return 0;
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* A timer that never ends by itself; Linux cancels it when the clock is set, and at each resume.
 * Without it the sleep is noticed when somebody looks. */
static int fd_arm(const struct wake *wake)
{
	const struct itimerspec never = { .it_value = { .tv_sec = INT32_MAX } };
	return timerfd_settime(wake->fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL);
}

void wake_close(struct wake *wake)
{
	if (wake->fd >= 0)
		close(wake->fd);
	wake->fd = -1;
}

void wake_open(struct wake *wake)
{
	wake->apart_ms = clock_ms(CLOCK_BOOTTIME) - clock_ms(CLOCK_MONOTONIC);
	wake->fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	if (wake->fd >= 0 && fd_arm(wake) != 0)
		wake_close(wake);
}

uint64_t wake_look_at(struct wake *wake, uint64_t boot_ms, uint64_t monotonic_ms)
{
	uint64_t apart_ms = boot_ms > monotonic_ms ? boot_ms - monotonic_ms : 0;
	uint64_t slept_ms = apart_ms > wake->apart_ms ? apart_ms - wake->apart_ms : 0;
	if (slept_ms < WAKE_LEAST_MS)
		return 0;
	wake->apart_ms = apart_ms;
	return slept_ms;
}

uint64_t wake_look(struct wake *wake)
{
	uint64_t ignored;
	if (wake->fd >= 0 && read(wake->fd, &ignored, sizeof(ignored)) < 0 && errno == ECANCELED)
		(void)fd_arm(wake); /* at worst it stays quiet */
	uint64_t boot_ms = clock_ms(CLOCK_BOOTTIME);
	return wake_look_at(wake, boot_ms, clock_ms(CLOCK_MONOTONIC));
}
