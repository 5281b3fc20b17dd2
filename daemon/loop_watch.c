#include "log.h"
#include "loop_inside.h"

#define SLOW_US 5000

uint64_t loop_watch_begin(void)
{
	return uv_hrtime();
}

void loop_watch_end(struct daemon *d, const char *name, uint64_t begun)
{
	uint64_t us = (uv_hrtime() - begun) / 1000;
	if (us <= SLOW_US)
		return;
	d->loop->slow_count++;
	log_line(LOG_DEBUG, "loop", "what=slow callback=%s us=%llu count=%llu", name,
	         (unsigned long long)us, (unsigned long long)d->loop->slow_count);
}
