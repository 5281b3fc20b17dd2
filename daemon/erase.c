#include "erase.h"
#include "forget.h"
#include "view_life.h"
#include <stdlib.h>
#include <string.h>

#define SWEEP_FIRST_MS 2000
#define SWEEP_EVERY_MS 3600000
#define CLOSED_KEEP_S  (60u * 86400)        /* product 1.12: "closed tip payload" */
#define SLICE_NS       (2ull * 1000 * 1000) /* of one turn of the loop */
#define REST_MS        20                   /* after a RETRACT: many are no flood */
#define RETRY_MS       1000                 /* the node takes no more just now */

struct erase {
	uv_timer_t timer;
	struct daemon *d;
	struct writer *writer;
	struct loop_reminder look; /* while objects are looked at */
	uint32_t next;             /* number of an object */
	struct store_gone gone;    /* one that goes; of no entries: none */
	uint32_t retracted;        /* of its entries */
};

static void on_sweep(uv_timer_t *timer)
{
	struct erase *erase = timer->data;
	writer_sweep(erase->writer, loop_now(erase->d).wall_s);
}

/* ---- own objects that were closed long ago ---- */

/* When it was closed; 0: it is not over. */
static uint32_t closed_at(const struct view_life *life)
{
	uint32_t at_s = 0;
	if (view_state_is_live(life->state, 0, 0))
		return 0;
	for (uint32_t i = 0; i < life->acts.count; i++) {
		const struct tuy_act *act = &life->acts.act[i];
		if ((act->kind == TUY_RECORD_CLOSED || act->kind == TUY_RECORD_OUTCOME) &&
		    act->time_s > at_s)
			at_s = act->time_s;
	}
	return at_s;
}

static bool is_due(const struct erase *erase, struct store_reading *reading,
                   const struct view_object *object)
{
	struct view_life life;
	const struct tuy_device *me = &erase->d->keys->device.device;
	if ((object->kind != TUY_RECORD_TIP && object->kind != TUY_RECORD_ASK) ||
	    object->state == VIEW_STATE_OPEN || memcmp(&object->device, me, sizeof *me) != 0)
		return false;
	uint32_t at_s = 0;
	if (view_life_read(reading, object, &erase->d->keys->cert.member, &life) == 0)
		at_s = closed_at(&life);
	view_life_free(&life);
	return at_s != 0 && (uint64_t)at_s + CLOSED_KEEP_S <= loop_now(erase->d).wall_s;
}

/* The next one that is to go, to erase->gone. 1; 0: not in this slice; -1: none is left. */
static int due_find(struct erase *erase)
{
	struct store_reading reading;
	struct view_object object;
	if (store_reading_begin(erase->d->store, &reading) != 0)
		return -1;
	uint64_t end_ns = uv_hrtime() + SLICE_NS;
	uint32_t last = view_next_number(&reading);
	int found = 0;
	while (!found && erase->next < last && uv_hrtime() < end_ns)
		if (view_object(&reading, erase->next++, &object) == 0 &&
		    is_due(erase, &reading, &object)) {
			(void)forget_gather(erase->d, &reading, &object, FORGET_OBJECT,
			                    &erase->gone, NULL, 0);
			erase->gone.why = STORE_GONE_EXPIRED;
			erase->retracted = 0;
			found = erase->gone.place_count > 0;
		}
	store_reading_end(&reading);
	return found || erase->next < last ? found : -1;
}

/* One RETRACT at a time, from the loop. */
static void on_look(void *context)
{
	struct erase *erase = context;
	struct tuy_appended appended;
	uint32_t count;
	if (erase->d->stopping)
		return;
	if (erase->retracted == erase->gone.place_count) {
		int found = due_find(erase);
		if (found < 0)
			return;
		if (found > 0)
			forget_keep(erase->d, &erase->gone);
		loop_remind(erase->d, &erase->look, 1);
		return;
	}
	enum tuy_err err =
		forget_retract(erase->d, &erase->gone, erase->retracted, &count, &appended);
	if (err != TUY_E_FULL) /* what is refused is so for ever: no longer in the circle */
		erase->retracted += count;
	loop_remind(erase->d, &erase->look, err == TUY_E_FULL ? RETRY_MS : REST_MS);
	loop_drain(erase->d);
}

/* writer.h: the store did something to the payloads of a log, or has swept. */
static void on_erased(void *context, uint32_t log_no, uint32_t missing, uint32_t base_seq)
{
	struct daemon *d = context;
	if (log_no != WRITER_SWEPT) {
		tuy_node_on_erased(d->node, log_no, missing, base_seq);
		return;
	}
	struct erase *erase = d->erase;
	if (!erase || d->stopping)
		return;
	erase->next = 0;
	loop_remind(d, &erase->look, 1);
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
	erase->look.on_due = on_look;
	erase->look.context = erase;
	d->erase = erase;
	int bad = uv_timer_init(d->uv, &erase->timer);
	erase->timer.data = erase;
	bad |= uv_timer_start(&erase->timer, on_sweep, SWEEP_FIRST_MS, SWEEP_EVERY_MS);
	tuy_require(bad == 0);
	writer_report_erased(writer, on_erased);
	return erase;
}

void erase_end(struct erase *erase)
{
	if (!erase)
		return;
	loop_remind_not(erase->d, &erase->look);
	erase->d->erase = NULL;
	uv_close((uv_handle_t *)&erase->timer, on_closed);
}
