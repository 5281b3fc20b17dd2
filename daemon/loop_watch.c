#include "log.h"
#include "loop_inside.h"

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
	uint64_t spent_ns = now_ns - w->begun_ns;
	uint64_t waited_ns = idle_ns - w->idle_ns;
	uint64_t us = waited_ns < spent_ns ? (spent_ns - waited_ns) / 1000 : 0;
	if (w->begun_ns != 0) {
		w->stalls.turns++;
		w->stalls.slow += us > LOOP_TURN_US;
	}
	if (w->begun_ns != 0 && us > LOOP_TURN_US)
		log_line(LOG_DEBUG, "loop",
		         "what=slow us=%llu callback=%s callback_us=%llu count=%llu",
		         (unsigned long long)us, w->longest ? w->longest : "-",
		         (unsigned long long)w->longest_us, (unsigned long long)w->stalls.slow);
	if (w->begun_ns != 0 && us > w->stalls.worst_us) {
		w->stalls.worst_us = us;
		w->stalls.worst = w->longest;
	}
	w->begun_ns = now_ns;
	w->idle_ns = idle_ns;
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
