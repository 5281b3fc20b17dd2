#include "loop_inside.h"
#include "store_tables.h"
#include <stdlib.h>

void loop_pending_refuse(struct daemon *d)
{
	struct loop *l = d->loop;
	while (l->pending_first != l->pending_end) {
		struct loop_pending *p = &l->pending[l->pending_first % LOOP_PENDING_MAX];
		if (!p->refused)
			return;
		l->pending_first++;
		tuy_node_on_stored(d->node, loop_now(d), p->ticket, TUY_STORED_FAILED);
	}
}

void loop_store_perform(struct daemon *d, const struct tuy_task *task)
{
	struct loop *l = d->loop;
	struct loop_pending *p = &l->pending[l->pending_end % LOOP_PENDING_MAX];
	tuy_require(l->pending_end - l->pending_first < LOOP_PENDING_MAX);
	*p = (struct loop_pending){ .ticket = task->u.store.ticket };
	l->pending_end++;
	p->refused = !l->writer ||
	             writer_submit(l->writer, p->ticket, task->u.store.items, task->u.store.count,
	                           task->u.store.urgency == TUY_TICKET_LIVE) != 0;
	if (!p->refused)
		return;
	p->error = l->writer ? "T-MEMORY" : "T-STOPPING";
	loop_pending_refuse(d);
}

int loop_keep(struct daemon *d, enum store_own own, struct tuy_bytes key, struct tuy_bytes value,
              uint64_t *ticket)
{
	struct loop *l = d->loop;
	struct writer_row row = { own, key, value };
	*ticket = LOOP_TICKET_KEPT | ++l->kept;
	return l->writer ? writer_submit_rows(l->writer, *ticket, &row, 1) : -1;
}

int loop_erase_here(struct daemon *d, const struct store_place *places, uint32_t count,
                    uint64_t *ticket)
{
	struct loop *l = d->loop;
	*ticket = LOOP_TICKET_KEPT | ++l->kept;
	return l->writer ? writer_erase_here(l->writer, *ticket, places, count) : -1;
}

int loop_scrub(struct daemon *d, uint64_t *ticket)
{
	struct loop *l = d->loop;
	*ticket = LOOP_TICKET_KEPT | ++l->kept;
	return l->writer ? writer_scrub(l->writer, *ticket) : -1;
}

const char *loop_ticket_error(const struct loop *l, uint64_t ticket)
{
	for (uint32_t i = 0; i < LOOP_PENDING_MAX; i++)
		if (l->pending[i].ticket == ticket && l->pending[i].error)
			return l->pending[i].error;
	return "T-STORE-IO";
}

void loop_waiters_call(struct daemon *d, uint64_t ticket, enum tuy_stored stored, const char *error)
{
	struct loop_waiter **at = &d->loop->waiters;
	while (*at) {
		struct loop_waiter *w = *at;
		if (w->ticket != ticket) {
			at = &w->next;
			continue;
		}
		*at = w->next;
		w->on_ticket(w->context, ticket, stored, error);
		free(w);
		at = &d->loop->waiters; /* the callback may have changed the list */
	}
}

int loop_await_ticket(struct daemon *d, uint64_t ticket, loop_on_ticket *on_ticket, void *context)
{
	struct loop_waiter *w = malloc(sizeof(*w));
	if (!w)
		return -1;
	*w = (struct loop_waiter){ d->loop->waiters, ticket, on_ticket, context };
	d->loop->waiters = w;
	return 0;
}
