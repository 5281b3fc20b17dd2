/* What goes wrong in a world, drawn from its seed, until all is calm. */
#include "world_inside.h"

#include <string.h>

#define YEAR_S 31557600

static void fault_add(struct world *w, uint64_t in_ms, enum fault fault)
{
	event_add(w, in_ms,
	          (struct event){ .kind = EV_FAULT,
	                          .fault = fault,
	                          .node = (uint32_t)roll(w, w->node_count) });
}

static void faults_repeat(struct world *w, uint32_t count, enum fault fault)
{
	for (uint32_t k = 0; k < count; k++)
		fault_add(w, 1000 + roll(w, 60000), fault);
}

void faults_make(struct world *w)
{
	const struct world_options *o = &w->options;

	for (uint32_t i = 0; i < o->nodes && o->skew; i++)
		w->member[i].skew_s =
			((int64_t)roll(w, 2 * o->skew * YEAR_S) - (int64_t)o->skew * YEAR_S);
	for (uint32_t k = 0; k < o->crashes; k++) {
		uint64_t in_ms = 1000 + roll(w, 60000);

		event_add(w, in_ms,
		          (struct event){ .kind = EV_CRASH, .node = (uint32_t)roll(w, o->nodes) });
	}
	stores_make(w);
	faults_repeat(w, o->partitions, FAULT_PARTITION);
	faults_repeat(w, o->suspends, FAULT_SUSPEND);
	faults_repeat(w, o->fulls, FAULT_FULL);
	faults_repeat(w, o->torn, FAULT_TORN);
}

bool faults_apart(const struct world *w, uint32_t a, uint32_t b)
{
	return !w->calm && w->now_ms < w->parted_ms && w->member[a].group != w->member[b].group;
}

bool faults_asleep(const struct world *w, uint32_t i)
{
	return w->now_ms < w->member[i].wake_ms;
}

void faults_conn(struct world *w, uint32_t c)
{
	struct conn *conn = &w->conn[c];

	if (w->calm)
		return;
	if (roll(w, 100) < w->options.loss)
		event_add(w, roll(w, 20000), (struct event){ .kind = EV_CUT, .conn = c });
	if (roll(w, 100) < w->options.clogged) {
		conn->rate = 1 + (uint32_t)roll(w, 1u << roll(w, 7));
		conn->socket = 2048u << roll(w, 6);
	}
	conn->repeats = w->options.repeats && roll(w, 100) < w->options.repeats;
	if (roll(w, 100) < w->options.stalled) {
		uint64_t in_ms = roll(w, 30000);

		event_add(w, in_ms,
		          (struct event){ .kind = EV_FAULT,
		                          .fault = FAULT_STALL,
		                          .conn = c,
		                          .end = (int)roll(w, 2) });
	}
}

/* Two or three groups for a while: no new connections between them, and those that there are break
 * or fall silent. */
static void partition(struct world *w)
{
	uint32_t groups = 2 + (uint32_t)roll(w, 2);

	w->parted_ms = w->now_ms + 1000 + roll(w, 40000);
	for (uint32_t i = 0; i < w->node_count; i++)
		w->member[i].group = (uint32_t)roll(w, groups);
	for (uint32_t i = 0; i < w->node_count; i++) {
		const struct member *m = &w->member[i];

		for (uint32_t k = m->end_count; k-- > 0;) {
			uint32_t c = m->ends[k] / 2;
			struct conn *conn = &w->conn[c];
			bool cut = roll(w, 2) == 0;

			if (!faults_apart(w, conn->node[0], conn->node[1]))
				continue;
			conn->silent_ms = w->parted_ms;
			if (cut)
				net_cut(w, c);
		}
	}
}

/* It sleeps for seconds of the world, and minutes to hours of its own; its connections are gone,
 * and nobody is told. */
static void suspend(struct world *w, uint32_t i)
{
	struct member *m = &w->member[i];

	if (!m->node || faults_asleep(w, i))
		return;
	m->wake_ms = w->now_ms + 1000 + roll(w, 30000);
	m->skip_ms += 60000 + roll(w, 1u << (10 + roll(w, 15)));
	for (uint32_t k = 0; k < m->end_count; k++)
		w->conn[m->ends[k] / 2].dead = true;
	event_add(w, m->wake_ms - w->now_ms,
	          (struct event){ .kind = EV_TIMER, .node = i, .life = m->life });
}

static void stall(struct world *w, const struct event *e)
{
	struct conn *conn = &w->conn[e->conn];
	uint64_t in_ms = 1000 + roll(w, 40000);

	if (!conn->open[e->end])
		return;
	if (roll(w, 4) == 0) { /* its peer has to close it */
		conn->stall_ms[e->end] = FOR_EVER;
		return;
	}
	conn->stall_ms[e->end] = w->now_ms + in_ms;
	event_add(w, in_ms, (struct event){ .kind = EV_PUMP, .conn = e->conn, .end = e->end });
}

void faults_event(struct world *w, const struct event *e)
{
	struct member *m = &w->member[e->node];

	if (w->calm)
		return;
	switch (e->fault) {
	case FAULT_PARTITION:
		partition(w);
		break;
	case FAULT_SUSPEND:
		suspend(w, e->node);
		break;
	case FAULT_FULL:
		m->full_ms = w->now_ms + 500 + roll(w, 15000);
		break;
	case FAULT_TORN:
		m->torn = true;
		break;
	case FAULT_STALL:
		stall(w, e);
		break;
	}
}

/* A store that breaks its word, for the tests of the simulator: once, after a while. */
static enum world_rule cheat(struct world *w)
{
	if (w->cheated || w->now_ms < 10000 || w->options.rule == RULE_TOMBSTONE ||
	    w->options.rule == RULE_CUT)
		return RULE_KEPT;
	return w->options.rule;
}

static void own_log_keep(struct world *w, uint32_t i)
{
	const struct member *m = &w->member[i];

	for (uint32_t l = 0; l < disk_log_count(m->disk); l++) {
		if (memcmp(&disk_log(m->disk, l)->state.incarnation, disk_incarnation(m->disk),
		           sizeof(struct tuy_incarnation)) == 0)
			w->back_state = disk_log(m->disk, l)->state;
	}
	w->back_node = w->back_state.head.seq > 0 ? i : NOBODY;
	w->cheated = w->back_node != NOBODY;
}

void faults_crash(struct world *w, uint32_t i)
{
	if (w->options.rule != RULE_FORK || !w->cheated || w->back_node != i)
		return;
	w->back_node = NOBODY;
	disk_log_back(w->member[i].disk, &w->back_state);
}

static bool has_entries(const struct disk_ticket *ticket)
{
	uint32_t count;
	const struct tuy_store_item *items = disk_ticket_items(ticket, &count);

	return count > 0 && items[count - 1].kind == TUY_STORE_ENTRIES;
}

static void commit(struct world *w, struct event *e)
{
	struct member *m = &w->member[e->node];
	uint32_t own = disk_ticket_own(e->disk_ticket, disk_incarnation(m->disk), m->disk);
	enum world_rule rule = cheat(w);

	if (rule > RULE_DELIVER || (rule == RULE_DELIVER) != (own == 0) ||
	    (rule == RULE_DELIVER && !has_entries(e->disk_ticket)))
		rule = RULE_KEPT;
	w->cheated = w->cheated || rule != RULE_KEPT;
	if (rule == RULE_FORK) {
		own_log_keep(w, e->node);
		event_add(w, 3000, (struct event){ .kind = EV_CRASH, .node = e->node });
	}
	if (rule == RULE_KEPT || rule == RULE_FAILED || rule == RULE_FORK) {
		erase_clock(w, e->node);
		disk_commit(m->disk, e->disk_ticket);
		watch_commit(w, e->node, e->disk_ticket);
	}
	if (m->torn && !w->calm) {
		m->torn = false;
		node_crash(w, e->node);
		return;
	}
	tuy_node_on_stored(m->node, now_of(w, e->node), e->ticket,
	                   rule == RULE_FAILED ? TUY_STORED_FAILED : TUY_STORED_OK);
	disk_report(m->disk, m->node);
	net_offer(w, e->node);
	if (rule == RULE_DURABLE)
		event_add(w, 2000, (struct event){ .kind = EV_CRASH, .node = e->node });
}

void faults_commit(struct world *w, struct event *e)
{
	struct member *m = &w->member[e->node];
	bool full = !w->calm && w->now_ms < m->full_ms;

	if (m->life != e->life || !m->node)
		return; /* it crashed before the commit: nothing was kept */
	m->tickets--;
	if (!full && disk_accepts(m->disk, e->disk_ticket)) {
		commit(w, e);
		return;
	}
	w->result.failed++;
	tuy_node_on_stored(m->node, now_of(w, e->node), e->ticket, TUY_STORED_FAILED);
	net_offer(w, e->node);
}
