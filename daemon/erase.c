#include "erase.h"
#include <stdlib.h>

#define SWEEP_FIRST_MS 2000
#define SWEEP_EVERY_MS 3600000

struct erase {
	uv_timer_t timer;
	struct daemon *d;
	struct writer *writer;
};

static void on_sweep(uv_timer_t *timer)
{
	struct erase *erase = timer->data;
	writer_sweep(erase->writer, loop_now(erase->d).wall_s);
}

/* writer.h: the store did something to the payloads of a log. */
static void on_erased(void *context, uint32_t log_no, uint32_t missing, uint32_t base_seq)
{
	struct daemon *d = context;
	tuy_node_on_erased(d->node, log_no, missing, base_seq);
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

struct erase *erase_begin(struct daemon *d, struct writer *writer)
{
	struct erase *erase = calloc(1, sizeof(*erase));
	if (!erase)
		return NULL;
	erase->d = d;
	erase->writer = writer;
	int bad = uv_timer_init(d->uv, &erase->timer);
	erase->timer.data = erase;
	bad |= uv_timer_start(&erase->timer, on_sweep, SWEEP_FIRST_MS, SWEEP_EVERY_MS);
	tuy_require(bad == 0);
	writer_report_erased(writer, on_erased);
	return erase;
}

void erase_end(struct erase *erase)
{
	if (erase)
		uv_close((uv_handle_t *)&erase->timer, on_closed);
}
