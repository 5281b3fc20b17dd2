#include "log.h"
#include "loop_inside.h"
#include <time.h>

static uint64_t own_time_ns(void)
{
	struct timespec t = { 0 };
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void turn_count(struct loop_watch *w, uint64_t us, uint64_t own_us)
{
	struct loop_stalls *stalls = &w->stalls;
	stalls->turns++;
	stalls->slow += us > LOOP_TURN_US;
	stalls->slow_own += own_us > LOOP_TURN_US;
	if (own_us > stalls->worst_own_us)
		stalls->worst_own_us = own_us;
	if (us > stalls->worst_us) {
		stalls->worst_us = us;
		stalls->worst = w->longest;
	}
	if (us > LOOP_TURN_US)
		log_line(LOG_DEBUG, "loop",
		         "what=slow us=%llu own_us=%llu callback=%s callback_us=%llu count=%llu",
		         (unsigned long long)us, (unsigned long long)own_us,
		         w->longest ? w->longest : "-", (unsigned long long)w->longest_us,
		         (unsigned long long)stalls->slow);
}

/*
 * Called in every turn before the event loop waits. What lies between two of these calls, less what
 * was waited in between, is how long a turn kept everybody else from being served.
 */
static void on_prepare(uv_prepare_t *prepare)
{
	struct daemon *d = prepare->data;
	struct loop_watch *w = &d->loop->watch;
	uint64_t now_ns = uv_hrtime();
	uint64_t idle_ns = uv_metrics_idle_time(d->uv);
	uint64_t own_ns = own_time_ns();
	uint64_t spent_ns = now_ns - w->begun_ns;
	uint64_t waited_ns = idle_ns - w->idle_ns;
	if (w->begun_ns != 0)
		turn_count(w, waited_ns < spent_ns ? (spent_ns - waited_ns) / 1000 : 0,
		           (own_ns - w->own_ns) / 1000);
	w->begun_ns = now_ns;
	w->idle_ns = idle_ns;
	w->own_ns = own_ns;
	w->longest_us = 0;
	w->longest = NULL;
}

void loop_watch_open(struct daemon *d)
{
	struct loop_watch *w = &d->loop->watch;
	int bad = uv_loop_configure(d->uv, UV_METRICS_IDLE_TIME);
	bad |= uv_prepare_init(d->uv, &w->prepare);
	w->prepare.data = d;
	bad |= uv_prepare_start(&w->prepare, on_prepare);
	tuy_require(bad == 0);
}

void loop_watch_close(struct daemon *d)
{
	uv_close((uv_handle_t *)&d->loop->watch.prepare, NULL);
}

uint64_t loop_watch_begin(void)
{
	return uv_hrtime();
}

void loop_watch_end(struct daemon *d, const char *name, uint64_t begun)
{
	struct loop_watch *w = &d->loop->watch;
	uint64_t us = (uv_hrtime() - begun) / 1000;
	if (us < w->longest_us)
		return;
	w->longest_us = us;
	w->longest = name;
}

struct loop_stalls loop_stalls(const struct daemon *d)
{
	return d->loop->watch.stalls;
}
