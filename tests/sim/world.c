#include "world_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- events ---- */

static bool earlier(const struct event *a, const struct event *b)
{
	return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

void event_add(struct world *w, uint64_t in_ms, struct event e)
{
	uint32_t i = w->heap_count++;

	if (w->heap_count > w->heap_cap) {
		w->heap_cap = w->heap_cap * 2 + 1024;
		w->heap = realloc(w->heap, w->heap_cap * sizeof *w->heap);
	}
	e.at_ms = w->now_ms + in_ms;
	e.order = w->order++;
	for (; i > 0 && earlier(&e, &w->heap[(i - 1) / 2]); i = (i - 1) / 2)
		w->heap[i] = w->heap[(i - 1) / 2];
	w->heap[i] = e;
}

static struct event event_take(struct world *w)
{
	struct event first = w->heap[0], last = w->heap[--w->heap_count];
	uint32_t i = 0;

	for (;;) {
		uint32_t child = 2 * i + 1;

		if (child >= w->heap_count)
			break;
		if (child + 1 < w->heap_count && earlier(&w->heap[child + 1], &w->heap[child]))
			child++;
		if (!earlier(&w->heap[child], &last))
			break;
		w->heap[i] = w->heap[child];
		i = child;
	}
	if (w->heap_count > 0)
		w->heap[i] = last;
	return first;
}

uint64_t roll(struct world *w, uint64_t bound)
{
	return tuy_dice_below(&w->dice, bound);
}

struct tuy_now now_of(const struct world *w, uint32_t i)
{
	const struct member *m = &w->member[i];
	int64_t wall_s =
		(int64_t)WALL_START + m->skew_s + (int64_t)((w->now_ms + m->skip_ms) / 1000);

	return (struct tuy_now){ .ms = w->now_ms + m->skip_ms, .wall_s = (uint32_t)wall_s };
}

void broken(struct world *w, const char *what, uint32_t node)
{
	if (w->result.broken[0] == 0)
		snprintf(w->result.broken, sizeof w->result.broken, "%s (node %u, %llu ms)", what,
		         node, (unsigned long long)w->now_ms);
}

/* ---- nodes ---- */

static struct tuy_capacity capacity_of(const struct world *w)
{
	uint32_t n = w->options.nodes;

	return (struct tuy_capacity){
		.circles = 2,
		.ops = n + 64,
		.devices = n + 8,
		.peers = n + 8,
		.logs = n * 2 + 16 +
		        2 * (w->options.losses + w->options.restores + w->options.clones),
		.links = TUY_LINKS_MAX + 16,
		.stages = w->options.rule == RULE_CREDIT ? SIM_STAGES_MAX : SIM_STAGES
	};
}

void node_start(struct world *w, uint32_t i)
{
	struct member *m = &w->member[i];
	struct tuy_capacity cap = capacity_of(w);
	struct tuy_secret seed;

	m->life++;
	tuy_dice_fill(&w->dice, seed.b, sizeof seed.b);
	m->node = tuy_node_init(calloc(1, tuy_node_size(&cap)), &cap, &m->keys, &seed,
	                        disk_incarnation(m->disk), now_of(w, i));
	m->commit_ms = w->now_ms;
	m->timer_ms = UINT64_MAX;
	m->asked = false;
	m->wake_ms = 0;
	watch_start(w, i);
	tuy_node_load_cert(m->node, &m->cert);
	tuy_node_set_suppression(m->node, w->options.flood ? TUY_FLOOD : TUY_SUPPRESS_DUPLICATES);
	disk_load(m->disk, m->node);
	/* A restarted node often comes back on another port; the founder does not, so that nobody
	 * is lost for good; nobody does where few know each other, or where two of one device are
	 * known by one address. */
	if (m->address.port == 0 ||
	    (i != 0 && w->options.peers + w->options.degree + w->options.clones == 0 &&
	     roll(w, 2) == 0))
		m->address.port = (uint16_t)(1000 + roll(w, 60000));
	tuy_node_start(m->node, now_of(w, i));
	tuy_node_set_addresses(m->node, now_of(w, i), &m->address, 1);
	drain(w, i);
}

void node_crash(struct world *w, uint32_t i)
{
	struct member *m = &w->member[i];

	if (!m->node)
		return;
	net_crash(w, i);
	faults_crash(w, i);
	free(m->node);
	m->node = NULL;
	m->life++;
	event_add(w, 100 + roll(w, 20000), (struct event){ .kind = EV_START, .node = i });
}

/* ---- tasks ---- */

static void do_store(struct world *w, uint32_t i, const struct tuy_task *task)
{
	struct member *m = &w->member[i];
	struct event e = {
		.kind = EV_STORED, .node = i, .life = m->life, .ticket = task->u.store.ticket
	};

	watch_ticket(w, i);
	e.disk_ticket = disk_ticket_copy(task->u.store.items, task->u.store.count);
	if (m->commit_ms < w->now_ms)
		m->commit_ms = w->now_ms;
	if (w->options.rule == RULE_CREDIT && w->now_ms > 10000)
		m->commit_ms += 400; /* so slow that credit ends */
	m->commit_ms +=
		roll(w, 20) == 0 ? roll(w, 300) : roll(w, 3); /* a disk that is slow at times */
	event_add(w, m->commit_ms - w->now_ms, e);
}

static uint32_t latency_at(const struct world *w, uint32_t percent)
{
	uint64_t left = w->latencies * percent / 100;
	uint32_t ms = 0;

	while (ms < LATENCY_MAX - 1 && left >= w->latency[ms])
		left -= w->latency[ms++];
	return ms;
}

static void do_tell(struct world *w, uint32_t i, const struct tuy_tell *tell)
{
	struct member *m = &w->member[i];

	if (w->options.verbose && tell->kind == TUY_TELL_FAULT)
		fprintf(stderr, "%llu node %u fault %s of %u\n", (unsigned long long)w->now_ms, i,
		        tuy_err_name(tell->err), watch_who(w, &tell->device));
	if (tell->kind == TUY_TELL_JOINED)
		m->joined = true;
	if (tell->kind == TUY_TELL_REJECTED && tell->code == TUY_REJECT_MEMBER)
		broken(w, "a member again, and no circle", i);
	if (tell->kind == TUY_TELL_REJECTED)
		m->asked = false;
	if (tell->kind == TUY_TELL_UNREACHED &&
	    ++m->unreached == 5) { /* he asks for another invite */
		tuy_node_cancel_join(m->node);
		m->asked = false;
	}
	stores_tell(w, i, tell);
	watch_tell(w, i, tell);
}

static void do_read(struct world *w, uint32_t i, const struct tuy_task *task)
{
	static uint8_t headers[64 * 64];
	struct tuy_read_result result;

	disk_read(w->member[i].disk, &task->u.read, headers, &result);
	if (w->options.rule == RULE_CHECKPOINT && task->u.read.kind == TUY_READ_ENTRIES)
		result.sig = disk_log(w->member[i].disk, task->u.read.log_no)->state.sig;
	if (task->u.read.kind == TUY_READ_ENTRIES)
		w->result.sent += task->u.read.count;
	if (liar_is(w, i))
		liar_answer(w, i, &task->u.read, &result);
	else
		tuy_node_on_read(w->member[i].node, now_of(w, i), &task->u.read, &result);
}

void drain(struct world *w, uint32_t i)
{
	struct member *m = &w->member[i];
	struct tuy_task task;
	uint64_t deadline;

	while (m->node && w->result.broken[0] == 0 &&
	       tuy_node_next(m->node, now_of(w, i), &task) != TUY_DO_NOTHING) {
		if (w->options.rule == RULE_CREDIT)
			liar_spend(m->node);
		switch (task.what) {
		case TUY_DO_SEND:
			net_send(w, i, &task);
			break;
		case TUY_DO_CONNECT:
			net_connect(w, i, &task);
			break;
		case TUY_DO_STORE:
			do_store(w, i, &task);
			break;
		case TUY_DO_READ:
			do_read(w, i, &task);
			break;
		case TUY_DO_TELL:
			do_tell(w, i, &task.u.tell);
			break;
		case TUY_DO_CLOSE:
			net_close(w, i, &task);
			break;
		case TUY_DO_NOTHING:
			break;
		}
	}
	deadline = m->node ? tuy_node_deadline(m->node) : UINT64_MAX;
	if (deadline != UINT64_MAX) /* from its clock to the world's */
		deadline = deadline > m->skip_ms ? deadline - m->skip_ms : 0;
	if (deadline != UINT64_MAX && (deadline < m->timer_ms || m->timer_ms <= w->now_ms)) {
		m->timer_ms = deadline > w->now_ms ? deadline : w->now_ms + 1;
		event_add(w, m->timer_ms - w->now_ms,
		          (struct event){ .kind = EV_TIMER, .node = i, .life = m->life });
	}
}

/* ---- what happens ---- */

/* A newcomer gets an invite from somebody who is in, and asks. */
static void on_join(struct world *w, const struct event *e)
{
	struct member *m = &w->member[e->node], *host;
	struct tuy_invite invite;
	uint32_t by = (uint32_t)roll(w, w->node_count);
	uint64_t ticket;
	enum tuy_err err;

	host = &w->member[by];
	if (m->joined)
		return;
	event_add(w, 300 + roll(w, 3000), *e);
	if (!m->node || m->asked || !host->node || !host->joined || by == e->node ||
	    faults_asleep(w, by) || faults_asleep(w, e->node))
		return;
	if (tuy_node_create_invite(host->node, now_of(w, by), 0, TUY_INVITE_DAYS_MAX * 86400,
	                           &invite, &ticket) != TUY_OK)
		return;
	m->unreached = 0;
	err = tuy_node_join(m->node, now_of(w, e->node), &invite,
	                    (struct tuy_bytes){ (const uint8_t *)"sim", 3 });
	m->asked = err == TUY_OK;
	m->joined = err == TUY_E_USED; /* it crashed after it was let in, and before it was told */
	drain(w, by);
	drain(w, e->node);
}

#define WARM_TIPS 2 /* of each node: its log has its ways then */

static bool give(struct world *w, uint32_t i)
{
	struct member *m = &w->member[i];
	static uint8_t record[TUY_BLOB_MAX];
	size_t len = roll(w, 100) < w->options.big ? 2000 + roll(w, 46000) : 40 + roll(w, 400);
	struct tuy_appended appended;
	bool given;

	if (!m->node || !m->joined || faults_asleep(w, i) || stores_would_fork(w, i))
		return false;
	tuy_dice_fill(&w->dice, record, len);
	given = tuy_node_append(m->node, now_of(w, i), 0, (struct tuy_bytes){ record, len },
	                        erase_exp(w, i), &appended) == TUY_OK;
	if (given)
		watch_given(w, i, &appended);
	drain(w, i);
	return given;
}

/* What is counted is the circle at work: everybody is in and linked, and gave something before.
 * Returns true once that is so. */
static bool settle(struct world *w)
{
	bool ready = !w->near || w->thin;

	for (uint32_t i = 0; i < w->node_count; i++)
		ready = ready && w->member[i].joined;
	if (w->settled_ms && w->now_ms >= w->settled_ms)
		return true;
	if (ready && w->linked_ms == 0)
		w->linked_ms = w->now_ms + 30000;
	if (!ready || w->now_ms < w->linked_ms) {
		event_add(w, 1000, (struct event){ .kind = EV_COMMAND });
		return false;
	}
	event_add(w, 100, (struct event){ .kind = EV_COMMAND });
	if (w->settled_ms)
		return false;
	w->warm += give(w, w->warm % w->node_count);
	if (w->warm == WARM_TIPS * w->node_count)
		w->settled_ms = w->now_ms + 5000;
	return false;
}

static void on_command(struct world *w)
{
	uint32_t i = (uint32_t)roll(w, w->node_count);

	if (w->tips_left == 0 || (w->options.settle && !settle(w)))
		return;
	event_add(w, roll(w, 400), (struct event){ .kind = EV_COMMAND });
	w->tips_left -= give(w, i);
}

/* The node that an event belongs to, while it sleeps: it comes to know at its end. NOBODY: nobody
 * sleeps. */
static uint32_t sleeper(const struct world *w, const struct event *e)
{
	uint32_t i = e->kind == EV_CLOSED ? w->conn[e->conn].node[e->end] : e->node;
	bool has_node = e->kind == EV_CLOSED || e->kind == EV_CONNECT || e->kind == EV_STORED ||
	                e->kind == EV_TIMER;

	return has_node && faults_asleep(w, i) ? i : NOBODY;
}

static void event_handle(struct world *w, struct event *e)
{
	uint32_t asleep = sleeper(w, e);

	if (asleep != NOBODY) {
		event_add(w, w->member[asleep].wake_ms - w->now_ms, *e);
		return;
	}
	switch (e->kind) {
	case EV_CONNECT:
	case EV_BYTES:
	case EV_CLOSED:
	case EV_CUT:
	case EV_PUMP:
	case EV_THIN:
		net_event(w, e);
		break;
	case EV_STORED:
		faults_commit(w, e);
		disk_ticket_free(e->disk_ticket);
		break;
	case EV_TIMER:
		if (w->member[e->node].life == e->life && w->member[e->node].node) {
			tuy_node_on_time(w->member[e->node].node, now_of(w, e->node));
			drain(w, e->node);
		}
		break;
	case EV_COMMAND:
		on_command(w);
		break;
	case EV_CRASH:
		if (!w->calm)
			node_crash(w, e->node);
		break;
	case EV_START:
		node_start(w, e->node);
		if (w->options.rule == RULE_INCARNATION && w->member[e->node].stale)
			give(w, e->node);
		break;
	case EV_JOIN:
		on_join(w, e);
		break;
	case EV_FAULT:
		faults_event(w, e);
		break;
	case EV_LIE:
		liar_act(w, e);
		break;
	case EV_LOSE:
	case EV_COPY:
	case EV_RESTORE:
	case EV_PEERS:
	case EV_CLONE:
		stores_event(w, e);
		break;
	case EV_RETRACT:
	case EV_EXPIRE:
		erase_event(w, e);
		break;
	}
}

/* ---- a run ---- */

struct tuy_address address_of(uint32_t i)
{
	return (struct tuy_address){
		.ip = { [10] = 0xff, 0xff, 10, 0, (uint8_t)(i >> 8), (uint8_t)i }
	};
}

static void member_make(struct world *w, uint32_t i)
{
	struct member *m = &w->member[i];
	struct tuy_incarnation incarnation;
	struct tuy_recovery_key recovery;
	struct tuy_secret secret;

	tuy_dice_fill(&w->dice, secret.b, sizeof secret.b);
	tuy_device_keys_derive(&secret, &m->keys);
	tuy_dice_fill(&w->dice, secret.b, sizeof secret.b);
	tuy_recovery_key_derive(&secret, &recovery);
	m->cert = tuy_cert_create(&recovery, &m->keys);
	tuy_dice_fill(&w->dice, incarnation.b, sizeof incarnation.b);
	m->disk = disk_create();
	disk_incarnation_set(m->disk, &incarnation);
	m->address = address_of(i);
	m->twin_of = i;
}

static void world_make(struct world *w)
{
	const struct tuy_policy policy = { .admit = 0, .history = 0, .max = TUY_MEMBERS_MAX };
	uint32_t circle;
	uint64_t ticket;

	w->node_count = w->options.nodes;
	w->member = calloc(w->options.nodes + w->options.clones, sizeof *w->member);
	for (uint32_t i = 0; i < w->node_count; i++)
		member_make(w, i);
	net_make(w);
	faults_make(w);
	liar_make(w);
	for (uint32_t i = 0; i < w->node_count; i++)
		node_start(w, i);
	if (tuy_node_create_circle(w->member[0].node, now_of(w, 0), &policy, &circle, &ticket) !=
	    TUY_OK)
		broken(w, "no circle", 0);
	w->member[0].joined = true;
	drain(w, 0);
	for (uint32_t i = 1; i < w->node_count; i++)
		event_add(w, 10 + roll(w, 2000), (struct event){ .kind = EV_JOIN, .node = i });
	event_add(w, 100, (struct event){ .kind = EV_COMMAND });
	erase_make(w);
}

static void world_free(struct world *w)
{
	while (w->heap_count > 0) {
		struct event e = event_take(w);

		free(e.bytes);
		if (e.disk_ticket)
			disk_ticket_free(e.disk_ticket);
	}
	for (uint32_t i = 0; i < w->node_count; i++) {
		free(w->member[i].node);
		disk_destroy(w->member[i].disk);
	}
	stores_free(w);
	net_free(w);
	watch_free(w);
	free(w->member);
	free(w->heap);
}

/* The faults end. */
static void calm_note(struct world *w)
{
	uint32_t until_ms = w->options.until_ms;

	if (w->calm ||
	    (until_ms ? w->now_ms < until_ms : w->now_ms <= CALM_FROM_MS || w->tips_left > 0))
		return;
	w->calm = true;
	w->calm_ms = w->now_ms;
}

struct world_result world_run(const struct world_options *options)
{
	struct world w = { .options = *options, .tips_left = options->tips };
	uint64_t check_ms = 0;
	uint8_t mark[8], history[16];

	tuy_put64(w.dice.seed.b, options->seed);
	crypto_generichash_init(&w.history, NULL, 0, 16);
	world_make(&w);
	while (w.heap_count > 0 && w.result.broken[0] == 0) {
		struct event e = event_take(&w);

		w.now_ms = e.at_ms;
		w.result.steps++;
		if (w.settled_ms && w.settled_ms <= w.now_ms && !w.measured) {
			w.measured = true;
			w.result.sent = w.result.deliveries = w.result.bytes = 0;
			w.latencies = 0;
			memset(w.latency, 0, sizeof w.latency);
		}
		calm_note(&w);
		tuy_put64(mark, e.at_ms * 16 + e.kind);
		crypto_generichash_update(&w.history, mark, 8);
		crypto_generichash_update(&w.history, e.bytes, e.bytes ? e.len : 0);
		event_handle(&w, &e);
		if (w.calm && w.now_ms >= check_ms) {
			watch_bytes(&w);
			if (watch_settled(&w))
				break;
			check_ms = w.now_ms + 500;
		}
		if (w.now_ms > w.calm_ms + LIMIT_MS)
			broken(&w, "not settled after an hour", 0);
	}
	if (w.result.broken[0] == 0)
		watch_end(&w);
	w.result.ok = w.result.broken[0] == 0;
	if (!w.result.ok && options->verbose)
		watch_explain(&w);
	w.result.conns = w.conn_count;
	w.result.virtual_ms = w.now_ms;
	w.result.p50_ms = latency_at(&w, 50);
	w.result.p99_ms = latency_at(&w, 99);
	crypto_generichash_final(&w.history, history, sizeof history);
	w.result.history = tuy_get64(history);
	world_free(&w);
	return w.result;
}
