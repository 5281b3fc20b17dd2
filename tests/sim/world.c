#include "world.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LATENCY_MAX 4096
#define WALL_START  1800000000u

enum event_kind {
	EV_CONNECT,
	EV_BYTES,
	EV_CLOSED,
	EV_STORED,
	EV_TIMER,
	EV_COMMAND,
	EV_CRASH,
	EV_START,
	EV_CUT,
	EV_JOIN,
	EV_LOSE,
	EV_COPY,
	EV_RESTORE
};

struct event {
	uint64_t at_ms, order;
	enum event_kind kind;
	uint32_t node, conn, dial, life;
	int end;
	uint64_t ticket;
	struct disk_ticket *disk_ticket;
	uint8_t *bytes;
	size_t len;
};

struct conn { /* end 0 called, end 1 was called */
	uint32_t node[2], life[2], link[2];
	bool open[2]; /* the end still exists */
	uint64_t arrive_ms[2];
	uint32_t delay_ms; /* of this way through the network, +- */
	uint8_t *kept[2];  /* bytes that the node did not take yet */
	size_t kept_len[2];
};

struct member {
	struct tuy_device_keys keys;
	struct tuy_cert cert;
	struct disk *disk;
	struct disk *copy; /* of the disk, at some time; NULL */
	uint64_t quiet_ms; /* it gives nothing before: its disk is old and it does not know */
	bool stale;
	uint32_t stale_seq;    /* of its own log on the disk that was put back */
	struct tuy_node *node; /* NULL: down */
	uint32_t life;         /* counts starts: events of an earlier life are void */
	struct tuy_address address;
	uint64_t commit_ms; /* when the last commit under way ends */
	uint64_t timer_ms;
	bool joined, asked;
	uint32_t unreached; /* attempts on the invite at hand that found nobody */
	uint64_t *given_ms; /* when each own entry was durable */
	uint32_t given_count;
};

/* A log as everybody has to have it: the headers that some disk held. */
struct canon {
	struct tuy_log_id id;
	uint8_t *headers;
	uint32_t count, cap;
	uint32_t must; /* so many were on a disk that is still there when another one went */
};

struct world {
	struct canon *canon;
	uint32_t canon_count;
	uint32_t committing; /* whose disk */
	struct world_options options;
	struct tuy_dice dice;
	uint64_t now_ms;
	struct event *heap;
	uint32_t heap_count, heap_cap;
	uint64_t order;
	struct member *member;
	struct conn *conn;
	uint32_t conn_count, conn_cap;
	uint32_t tips_left;
	bool measured;
	uint64_t settled_ms; /* when tips begin, if they wait for the circle to settle */
	bool calm;           /* no more faults */
	struct world_result result;
	uint64_t latency[LATENCY_MAX]; /* how many deliveries took so many ms */
	uint64_t latencies;
	crypto_generichash_state history;
};

/* ---- events ---- */

static bool earlier(const struct event *a, const struct event *b)
{
	return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

static void event_add(struct world *w, uint64_t in_ms, struct event e)
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

static uint64_t roll(struct world *w, uint64_t bound)
{
	return tuy_dice_below(&w->dice, bound);
}

static struct tuy_now now_of(const struct world *w)
{
	return (struct tuy_now){ .ms = w->now_ms,
		                 .wall_s = WALL_START + (uint32_t)(w->now_ms / 1000) };
}

static void broken(struct world *w, const char *what, uint32_t node)
{
	if (w->result.broken[0] == 0)
		snprintf(w->result.broken, sizeof w->result.broken, "%s (node %u, %llu ms)", what,
		         node, (unsigned long long)w->now_ms);
}

/* ---- nodes ---- */

static struct tuy_capacity capacity_of(const struct world *w)
{
	uint32_t n = w->options.nodes;

	return (struct tuy_capacity){ .circles = 2,
		                      .ops = n + 64,
		                      .devices = n + 8,
		                      .peers = n + 8,
		                      .logs = n * 2 + 16 +
		                              2 * (w->options.losses + w->options.restores),
		                      .links = TUY_LINKS_MAX + 16,
		                      .stages = 24 };
}

static void drain(struct world *w, uint32_t i);

static void node_start(struct world *w, uint32_t i)
{
	struct member *m = &w->member[i];
	struct tuy_capacity cap = capacity_of(w);
	struct tuy_secret seed;

	m->life++;
	tuy_dice_fill(&w->dice, seed.b, sizeof seed.b);
	m->node = tuy_node_init(calloc(1, tuy_node_size(&cap)), &cap, &m->keys, &seed,
	                        disk_incarnation(m->disk), now_of(w));
	m->commit_ms = w->now_ms;
	m->timer_ms = UINT64_MAX;
	m->asked = false;
	tuy_node_load_cert(m->node, &m->cert);
	tuy_node_set_suppression(m->node, w->options.flood ? TUY_FLOOD : TUY_SUPPRESS_DUPLICATES);
	disk_load(m->disk, m->node);
	/* A restarted node often comes back on another port; the founder does not, so that nobody
	 * is lost for good. */
	if (m->address.port == 0 || (i != 0 && roll(w, 2) == 0))
		m->address.port = (uint16_t)(1000 + roll(w, 60000));
	tuy_node_start(m->node, now_of(w));
	tuy_node_set_addresses(m->node, now_of(w), &m->address, 1);
	drain(w, i);
}

static void conn_end(struct world *w, uint32_t c, int end)
{
	struct conn *conn = &w->conn[c];

	if (!conn->open[end])
		return;
	conn->open[end] = false;
	free(conn->kept[end]);
	conn->kept[end] = NULL;
	conn->kept_len[end] = 0;
	event_add(w, 1 + roll(w, 40), (struct event){ .kind = EV_CLOSED, .conn = c, .end = !end });
}

static void node_crash(struct world *w, uint32_t i)
{
	struct member *m = &w->member[i];

	if (!m->node)
		return;
	for (uint32_t c = 0; c < w->conn_count; c++) {
		for (int end = 0; end < 2; end++) {
			if (w->conn[c].open[end] && w->conn[c].node[end] == i)
				conn_end(w, c, end);
		}
	}
	free(m->node);
	m->node = NULL;
	m->life++;
	event_add(w, 100 + roll(w, 20000), (struct event){ .kind = EV_START, .node = i });
}

/* ---- tasks ---- */

static uint32_t conn_of(const struct world *w, uint32_t node, uint32_t link, int *end)
{
	for (uint32_t c = w->conn_count; c-- > 0;) {
		for (*end = 0; *end < 2; (*end)++) {
			const struct conn *conn = &w->conn[c];

			if (conn->open[*end] && conn->node[*end] == node &&
			    conn->link[*end] == link && conn->life[*end] == w->member[node].life)
				return c;
		}
	}
	return UINT32_MAX;
}

static void do_send(struct world *w, uint32_t i, const struct tuy_task *task)
{
	int end;
	uint32_t c = conn_of(w, i, task->u.send.link, &end);
	struct event e = {
		.kind = EV_BYTES, .conn = c, .end = !end, .len = task->u.send.bytes.len
	};
	uint64_t at;

	if (c == UINT32_MAX)
		return;
	w->result.bytes += task->u.send.bytes.len;
	e.bytes = malloc(e.len);
	memcpy(e.bytes, task->u.send.bytes.p, e.len);
	at = w->now_ms + w->conn[c].delay_ms + roll(w, 4);
	if (at < w->conn[c].arrive_ms[!end])
		at = w->conn[c].arrive_ms[!end]; /* in order, as TCP */
	w->conn[c].arrive_ms[!end] = at;
	event_add(w, at - w->now_ms, e);
	tuy_node_on_sent(w->member[i].node, now_of(w), task->u.send.link, e.len);
}

static void do_connect(struct world *w, uint32_t i, const struct tuy_task *task)
{
	struct event e = { .kind = EV_CONNECT,
		           .node = i,
		           .dial = task->u.connect.dial,
		           .life = w->member[i].life };

	e.conn = UINT32_MAX; /* whom the address belongs to now */
	for (uint32_t k = 0; k < w->options.nodes; k++) {
		if (w->member[k].node && memcmp(&w->member[k].address, &task->u.connect.address,
		                                sizeof(struct tuy_address)) == 0)
			e.conn = k;
	}
	event_add(w, 2 + roll(w, 60), e);
}

static void do_store(struct world *w, uint32_t i, const struct tuy_task *task)
{
	struct member *m = &w->member[i];
	struct event e = {
		.kind = EV_STORED, .node = i, .life = m->life, .ticket = task->u.store.ticket
	};

	e.disk_ticket = disk_ticket_copy(task->u.store.items, task->u.store.count);
	if (m->commit_ms < w->now_ms)
		m->commit_ms = w->now_ms;
	m->commit_ms +=
		roll(w, 20) == 0 ? roll(w, 300) : roll(w, 3); /* a disk that is slow at times */
	event_add(w, m->commit_ms - w->now_ms, e);
}

/* How long entries took from their giver's commit to this one. */
static void latency_note(struct world *w, uint32_t i, const struct tuy_tell *tell)
{
	const struct tuy_device *device = &disk_log(w->member[i].disk, tell->log_no)->state.device;

	for (uint32_t k = 0; k < w->options.nodes; k++) {
		const struct member *m = &w->member[k];

		if (memcmp(&m->keys.device, device, sizeof *device) != 0)
			continue;
		for (uint32_t seq = tell->seq;
		     seq < tell->seq + tell->count && seq <= m->given_count; seq++) {
			uint64_t took = w->now_ms - m->given_ms[seq - 1];

			w->latency[took < LATENCY_MAX ? took : LATENCY_MAX - 1]++;
			w->latencies++;
		}
	}
}

/* An own entry is durable. */
static void given_note(struct world *w, struct member *m, const struct disk_ticket *ticket)
{
	if (w->options.losses + w->options.restores > 0)
		return; /* several logs a device: seqs do not tell */
	for (uint32_t i = disk_ticket_own(ticket, disk_incarnation(m->disk), m->disk); i > 0; i--) {
		if (m->given_count % 256 == 0)
			m->given_ms =
				realloc(m->given_ms, (m->given_count + 256) * sizeof *m->given_ms);
		m->given_ms[m->given_count++] = w->now_ms;
	}
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
		fprintf(stderr, "%llu node %u fault %s\n", (unsigned long long)w->now_ms, i,
		        tuy_err_name(tell->err));
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
	if (tell->kind == TUY_TELL_INCARNATION) {
		w->result.retired++;
		m->stale = false;
		if (tell->why != TUY_INCARNATION_LONGER)
			broken(w, "an incarnation ended by a fork", i);
	}
	if (tell->kind == TUY_TELL_ENTRIES) {
		w->result.deliveries += tell->count;
		latency_note(w, i, tell);
	}
	if (tell->kind == TUY_TELL_FAULT && tell->err == TUY_E_SIGNATURE)
		broken(w, "an honest signature was refused", i);
}

static void do_close(struct world *w, uint32_t i, const struct tuy_task *task)
{
	int end;
	uint32_t c = conn_of(w, i, task->u.close.link, &end);

	if (c != UINT32_MAX)
		conn_end(w, c, end);
}

static void do_read(struct world *w, uint32_t i, const struct tuy_task *task)
{
	static uint8_t headers[64 * 64];
	struct tuy_read_result result;

	disk_read(w->member[i].disk, &task->u.read, headers, &result);
	if (task->u.read.kind == TUY_READ_ENTRIES)
		w->result.sent += task->u.read.count;
	tuy_node_on_read(w->member[i].node, now_of(w), &task->u.read, &result);
}

static void drain(struct world *w, uint32_t i)
{
	struct member *m = &w->member[i];
	struct tuy_task task;
	uint64_t deadline;

	while (m->node && tuy_node_next(m->node, now_of(w), &task) != TUY_DO_NOTHING) {
		switch (task.what) {
		case TUY_DO_SEND:
			do_send(w, i, &task);
			break;
		case TUY_DO_CONNECT:
			do_connect(w, i, &task);
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
			do_close(w, i, &task);
			break;
		case TUY_DO_NOTHING:
			break;
		}
	}
	deadline = m->node ? tuy_node_deadline(m->node) : UINT64_MAX;
	if (deadline != UINT64_MAX && (deadline < m->timer_ms || m->timer_ms <= w->now_ms)) {
		m->timer_ms = deadline > w->now_ms ? deadline : w->now_ms + 1;
		event_add(w, m->timer_ms - w->now_ms,
		          (struct event){ .kind = EV_TIMER, .node = i, .life = m->life });
	}
}

/* ---- no honest log forks ---- */

static struct canon *canon_of(struct world *w, const struct tuy_log_id *id)
{
	for (uint32_t i = 0; i < w->canon_count; i++) {
		if (memcmp(&w->canon[i].id, id, sizeof *id) == 0)
			return &w->canon[i];
	}
	w->canon = realloc(w->canon, (w->canon_count + 1) * sizeof *w->canon);
	w->canon[w->canon_count] = (struct canon){ .id = *id };
	return &w->canon[w->canon_count++];
}

/* disk_on_run: no two disks ever hold different entries of one log under one seq. */
static void canon_run(void *context, const struct tuy_log_id *id, uint32_t from, uint32_t count,
                      const uint8_t *headers)
{
	struct world *w = context;
	struct canon *canon = canon_of(w, id);

	for (uint32_t at = from - 1; at < from - 1 + count; at++, headers += 64) {
		if (at == canon->cap) {
			canon->cap = canon->cap * 2 + 64;
			canon->headers = realloc(canon->headers, (size_t)canon->cap * 64);
		}
		if (at < canon->count && memcmp(canon->headers + (size_t)at * 64, headers, 64) != 0)
			broken(w, "an honest log forked", w->committing);
		if (at == canon->count)
			memcpy(canon->headers + (size_t)canon->count++ * 64, headers, 64);
	}
}

static uint32_t most_held(const struct world *w, const struct tuy_log_id *id)
{
	uint32_t most = 0;

	for (uint32_t i = 0; i < w->options.nodes; i++) {
		const struct disk_log *log = disk_log_find(w->member[i].disk, id);

		if (log && log->state.head.seq > most)
			most = log->state.head.seq;
	}
	return most;
}

/* A disk went: what only it held is lost, and all the rest must be on all disks in the end. */
static void canon_cut(struct world *w)
{
	for (uint32_t i = 0; i < w->canon_count; i++)
		w->canon[i].count = w->canon[i].must = most_held(w, &w->canon[i].id);
}

static void canon_check(struct world *w)
{
	for (uint32_t i = 0; i < w->canon_count; i++) {
		if (most_held(w, &w->canon[i].id) < w->canon[i].must)
			broken(w, "an entry that another node held was lost", i);
	}
}

/* ---- what happens ---- */

static void on_connect(struct world *w, const struct event *e)
{
	struct member *from = &w->member[e->node];
	struct member *to = e->conn == UINT32_MAX ? NULL : &w->member[e->conn];
	struct conn *conn;
	uint32_t c = w->conn_count;

	if (from->life != e->life || !from->node)
		return;
	if (!to || !to->node) {
		tuy_node_on_connect_failed(from->node, now_of(w), e->dial);
		drain(w, e->node);
		return;
	}
	if (c == w->conn_cap) {
		w->conn_cap = w->conn_cap * 2 + 256;
		w->conn = realloc(w->conn, w->conn_cap * sizeof *w->conn);
	}
	w->conn_count++;
	conn = &w->conn[c];
	*conn = (struct conn){ .node = { e->node, e->conn }, .life = { from->life, to->life } };
	conn->link[0] =
		tuy_node_on_link(from->node, now_of(w), TUY_OUTGOING, &to->address, e->dial);
	conn->link[1] = tuy_node_on_link(to->node, now_of(w), TUY_INCOMING, &from->address, 0);
	conn->delay_ms = 1 + (uint32_t)roll(w, 28);
	conn->open[0] = conn->open[1] = true;
	for (int end = 0; end < 2; end++) {
		if (conn->link[end] == 0)
			conn_end(w, c, end);
	}
	if (!w->calm && roll(w, 100) < w->options.loss)
		event_add(w, roll(w, 20000), (struct event){ .kind = EV_CUT, .conn = c });
	drain(w, e->node);
	drain(w, e->conn);
}

static void bytes_offer(struct world *w, uint32_t c, int end, const uint8_t *p, size_t len)
{
	struct conn *conn = &w->conn[c];
	struct member *m = &w->member[conn->node[end]];
	struct tuy_bytes bytes;
	size_t taken;

	conn->kept[end] = realloc(conn->kept[end], conn->kept_len[end] + len + 1);
	if (len)
		memcpy(conn->kept[end] + conn->kept_len[end], p, len);
	conn->kept_len[end] += len;
	bytes = (struct tuy_bytes){ conn->kept[end], conn->kept_len[end] };
	taken = tuy_node_on_bytes(m->node, now_of(w), conn->link[end], bytes);
	memmove(conn->kept[end], conn->kept[end] + taken, conn->kept_len[end] - taken);
	conn->kept_len[end] -= taken;
}

static void on_bytes(struct world *w, struct event *e)
{
	struct conn *conn = &w->conn[e->conn];

	if (conn->open[e->end]) {
		/* the network cuts where it likes */
		size_t cut = e->len > 1 && roll(w, 4) == 0 ? roll(w, e->len) : e->len;

		bytes_offer(w, e->conn, e->end, e->bytes, cut);
		drain(w, conn->node[e->end]);
		conn = &w->conn[e->conn];
		if (cut < e->len && conn->open[e->end]) {
			bytes_offer(w, e->conn, e->end, e->bytes + cut, e->len - cut);
			drain(w, conn->node[e->end]);
		}
	}
	free(e->bytes);
}

static void on_closed(struct world *w, const struct event *e)
{
	struct conn *conn = &w->conn[e->conn];
	uint32_t i = conn->node[e->end];

	if (!conn->open[e->end])
		return;
	conn->open[e->end] = false;
	free(conn->kept[e->end]);
	conn->kept[e->end] = NULL;
	tuy_node_on_closed(w->member[i].node, now_of(w), conn->link[e->end]);
	drain(w, i);
}

static void on_stored(struct world *w, struct event *e)
{
	struct member *m = &w->member[e->node];

	if (m->life == e->life &&
	    m->node) { /* else it crashed before the commit: nothing was kept */
		disk_commit(m->disk, e->disk_ticket);
		w->committing = e->node;
		disk_ticket_runs(m->disk, e->disk_ticket, canon_run, w);
		given_note(w, m, e->disk_ticket);
		tuy_node_on_stored(m->node, now_of(w), e->ticket, TUY_STORED_OK);
		for (uint32_t c = 0; c < w->conn_count; c++) {
			for (int end = 0; end < 2; end++) {
				if (w->conn[c].open[end] && w->conn[c].node[end] == e->node &&
				    w->conn[c].kept_len[end] > 0)
					bytes_offer(w, c, end, NULL, 0);
			}
		}
		drain(w, e->node);
	}
	disk_ticket_free(e->disk_ticket);
}

/* A newcomer gets an invite from somebody who is in, and asks. */
static void on_join(struct world *w, const struct event *e)
{
	struct member *m = &w->member[e->node], *host;
	struct tuy_invite invite;
	uint32_t by = (uint32_t)roll(w, w->options.nodes);
	uint64_t ticket;
	enum tuy_err err;

	host = &w->member[by];
	if (m->joined)
		return;
	event_add(w, 300 + roll(w, 3000), *e);
	if (!m->node || m->asked || !host->node || !host->joined || by == e->node)
		return;
	if (tuy_node_create_invite(host->node, now_of(w), 0, 86400, &invite, &ticket) != TUY_OK)
		return;
	m->unreached = 0;
	err = tuy_node_join(m->node, now_of(w), &invite,
	                    (struct tuy_bytes){ (const uint8_t *)"sim", 3 });
	m->asked = err == TUY_OK;
	m->joined = err == TUY_E_USED; /* it crashed after it was let in, and before it was told */
	drain(w, by);
	drain(w, e->node);
}

static bool all_joined(const struct world *w)
{
	for (uint32_t i = 0; i < w->options.nodes; i++) {
		if (!w->member[i].joined)
			return false;
	}
	return true;
}

/* The log that a disk's device writes; NULL: none yet. */
static const struct disk_log *own_log(const struct member *m)
{
	const struct tuy_incarnation *incarnation = disk_incarnation(m->disk);

	for (uint32_t l = 0; l < disk_log_count(m->disk); l++) {
		const struct disk_log *log = disk_log(m->disk, l);

		if (memcmp(&log->state.device, &m->keys.device, sizeof m->keys.device) == 0 &&
		    memcmp(&log->state.incarnation, incarnation, sizeof *incarnation) == 0)
			return log;
	}
	return NULL;
}

/* Another disk under a node, which crashes; `noticed`: as a store that sees that it is a copy. */
static void disk_replace(struct world *w, uint32_t i, struct disk *disk, bool noticed)
{
	struct member *m = &w->member[i];
	struct tuy_incarnation incarnation;

	node_crash(w, i);
	disk_destroy(m->disk);
	m->disk = disk;
	m->stale = !noticed;
	m->stale_seq = own_log(m) ? own_log(m)->state.head.seq : 0;
	m->quiet_ms = w->now_ms + 30000; /* longer than it is down, and what is on its way */
	if (noticed) {
		tuy_dice_fill(&w->dice, incarnation.b, sizeof incarnation.b);
		disk_incarnation_set(m->disk, &incarnation);
	}
	canon_cut(w);
}

/* A store is lost, copied, or replaced by its copy; all are in, so that no admission is lost. */
static void on_disk_event(struct world *w, const struct event *e)
{
	struct member *m = &w->member[e->node];

	if (w->calm)
		return;
	if (!all_joined(w)) {
		event_add(w, 500 + roll(w, 1000), *e);
		return;
	}
	switch ((int)e->kind) {
	case EV_COPY:
		if (m->copy)
			disk_destroy(m->copy);
		m->copy = disk_copy(m->disk);
		break;
	case EV_RESTORE:
		if (!m->copy)
			return;
		disk_replace(w, e->node, m->copy, roll(w, 2) == 0);
		m->copy = NULL;
		break;
	default:
		disk_replace(w, e->node, disk_create(), true);
		m->joined = m->asked = false;
		event_add(w, 300 + roll(w, 3000),
		          (struct event){ .kind = EV_JOIN, .node = e->node });
	}
}

/* Would what it gives now fork its log? It was put back, did not notice, and met nobody yet who
 * knows more: nothing can help then. From the first entry shown on it has to know. */
static bool would_fork(const struct world *w, const struct member *m)
{
	const struct disk_log *log = own_log(m);
	uint32_t seq = log ? log->state.head.seq : 0;
	struct tuy_circle_info info;
	struct tuy_log_id id;

	if (!m->stale || seq > m->stale_seq)
		return false;
	if (w->now_ms < m->quiet_ms || tuy_node_circle(m->node, 0, &info) != TUY_OK)
		return true;
	id = tuy_log_id(&info.id, &m->keys.device, disk_incarnation(m->disk));
	return most_held(w, &id) > seq;
}

/* Tips only once everybody is in and linked: what is measured then is the circle at work.
 */
static bool settle(struct world *w)
{
	for (uint32_t i = 0; i < w->options.nodes; i++) {
		if (!w->member[i].joined) {
			event_add(w, 1000, (struct event){ .kind = EV_COMMAND });
			return false;
		}
	}
	w->settled_ms = w->now_ms + 30000;
	event_add(w, 30000, (struct event){ .kind = EV_COMMAND });
	return false;
}

static void on_command(struct world *w)
{
	uint32_t i = (uint32_t)roll(w, w->options.nodes);
	struct member *m = &w->member[i];
	static uint8_t record[TUY_BLOB_MAX];
	struct tuy_appended appended;
	size_t len = roll(w, 100) < w->options.big ? 2000 + roll(w, 46000) : 40 + roll(w, 400);

	if (w->tips_left == 0)
		return;
	if (w->options.settle && w->settled_ms == 0 && !settle(w))
		return;
	event_add(w, roll(w, 400), (struct event){ .kind = EV_COMMAND });
	if (!m->node || !m->joined || would_fork(w, m))
		return;
	tuy_dice_fill(&w->dice, record, len);
	if (tuy_node_append(m->node, now_of(w), 0, (struct tuy_bytes){ record, len }, 0,
	                    &appended) == TUY_OK)
		w->tips_left--;
	drain(w, i);
}

static void event_handle(struct world *w, struct event *e)
{
	switch (e->kind) {
	case EV_CONNECT:
		on_connect(w, e);
		break;
	case EV_BYTES:
		on_bytes(w, e);
		break;
	case EV_CLOSED:
		on_closed(w, e);
		break;
	case EV_STORED:
		on_stored(w, e);
		break;
	case EV_TIMER:
		if (w->member[e->node].life == e->life && w->member[e->node].node) {
			tuy_node_on_time(w->member[e->node].node, now_of(w));
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
		break;
	case EV_CUT:
		conn_end(w, e->conn, 0);
		conn_end(w, e->conn, 1);
		break;
	case EV_JOIN:
		on_join(w, e);
		break;
	case EV_LOSE:
	case EV_COPY:
	case EV_RESTORE:
		on_disk_event(w, e);
		break;
	}
}

/* ---- a run ---- */

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
	m->address.ip[10] = m->address.ip[11] = 0xff;
	m->address.ip[12] = 10;
	m->address.ip[14] = (uint8_t)(i >> 8);
	m->address.ip[15] = (uint8_t)i;
}

static void world_make(struct world *w)
{
	const struct tuy_policy policy = { .admit = 0, .history = 0, .max = TUY_MEMBERS_MAX };
	uint32_t circle;
	uint64_t ticket;

	w->member = calloc(w->options.nodes, sizeof *w->member);
	for (uint32_t i = 0; i < w->options.nodes; i++) {
		member_make(w, i);
		node_start(w, i);
	}
	if (tuy_node_create_circle(w->member[0].node, now_of(w), &policy, &circle, &ticket) !=
	    TUY_OK)
		broken(w, "no circle", 0);
	w->member[0].joined = true;
	drain(w, 0);
	for (uint32_t i = 1; i < w->options.nodes; i++)
		event_add(w, 10 + roll(w, 2000), (struct event){ .kind = EV_JOIN, .node = i });
	for (uint32_t i = 0; i < w->options.crashes; i++)
		event_add(w, 1000 + roll(w, 60000),
		          (struct event){ .kind = EV_CRASH,
		                          .node = (uint32_t)roll(w, w->options.nodes) });
	for (uint32_t i = 0; i < w->options.losses; i++) {
		uint32_t node = (uint32_t)roll(w, w->options.nodes);

		event_add(w, 8000 + roll(w, 50000),
		          (struct event){ .kind = EV_LOSE, .node = node });
	}
	for (uint32_t i = 0; i < w->options.restores; i++) {
		uint32_t node = (uint32_t)roll(w, w->options.nodes);
		uint64_t at_ms = 3000 + roll(w, 30000);

		event_add(w, at_ms, (struct event){ .kind = EV_COPY, .node = node });
		event_add(w, at_ms + 2000 + roll(w, 20000),
		          (struct event){ .kind = EV_RESTORE, .node = node });
	}
	event_add(w, 100, (struct event){ .kind = EV_COMMAND });
}

/* Does a node lack a payload that some disk holds? The only copy may have gone with a disk.
 */
static bool lacks(const struct world *w, uint32_t i)
{
	for (uint32_t l = 0; l < disk_log_count(w->member[i].disk); l++) {
		const struct disk_log *log = disk_log(w->member[i].disk, l);

		for (uint32_t n = 0; log->state.missing > 0 && n < w->options.nodes; n++) {
			const struct disk_log *other = disk_log_find(w->member[n].disk, &log->id);

			for (uint32_t k = 0; other && k < log->state.head.seq; k++) {
				if (!log->blobs[k].p && k < other->state.head.seq &&
				    other->blobs[k].p)
					return true;
			}
		}
	}
	return false;
}

/* Does everybody hold the same, and all of it? */
static bool settled(struct world *w)
{
	struct tuy_circle_info first, other;

	if (w->tips_left > 0 || !w->member[0].node ||
	    tuy_node_circle(w->member[0].node, 0, &first) != TUY_OK)
		return false;
	for (uint32_t i = 0; i < w->options.nodes; i++) {
		if (!w->member[i].node || !w->member[i].joined ||
		    tuy_node_circle(w->member[i].node, 0, &other) != TUY_OK || lacks(w, i) ||
		    (other.missing > 0 && w->options.losses + w->options.restores == 0) ||
		    other.entries != first.entries || other.members != w->options.nodes ||
		    memcmp(&other.digest, &first.digest, sizeof first.digest) != 0)
			return false;
	}
	return true;
}

static bool same_log(const struct disk_log *a, const struct disk_log *b)
{
	if (!b || a->state.head.seq != b->state.head.seq ||
	    memcmp(a->headers, b->headers, (size_t)a->state.head.seq * 64) != 0)
		return false;
	for (uint32_t k = 0; k < a->state.head.seq; k++) {
		if (!a->blobs[k].p && !b->blobs[k].p && a->state.missing == b->state.missing)
			continue; /* nobody has it: settled() looked */
		if (!a->blobs[k].p || !b->blobs[k].p || a->blobs[k].len != b->blobs[k].len ||
		    memcmp(a->blobs[k].p, b->blobs[k].p, a->blobs[k].len) != 0)
			return false;
	}
	return true;
}

/* Every entry any disk holds, own ones above all, is on every disk, byte for byte. */
static void compare_disks(struct world *w)
{
	uint64_t total = 0;

	for (uint32_t i = 0; i < w->options.nodes; i++) {
		for (uint32_t l = 0; l < disk_log_count(w->member[i].disk); l++) {
			const struct disk_log *log = disk_log(w->member[i].disk, l);

			if (i == 0)
				total += log->state.head.seq;
			for (uint32_t k = 0; k < w->options.nodes; k++) {
				if (log->state.head.seq > 0 &&
				    !same_log(log, disk_log_find(w->member[k].disk, &log->id)))
					broken(w, "logs differ at the end", k);
			}
		}
	}
	canon_check(w);
	if (total != w->options.tips - w->tips_left &&
	    w->options.crashes + w->options.losses + w->options.restores == 0)
		broken(w, "an entry was lost", 0);
}

/* What each node thinks, for the reader of a broken run. */
static void explain(const struct world *w)
{
	for (uint32_t i = 0; i < w->options.nodes; i++) {
		const struct member *m = &w->member[i];
		struct tuy_circle_info info;
		struct tuy_device_info device;

		fprintf(stderr, "node %u: %s %s port %u", i, m->node ? "up" : "down",
		        m->joined ? "joined" : "outside", m->address.port);
		if (m->node && tuy_node_circle(m->node, 0, &info) == TUY_OK)
			fprintf(stderr, " members %u entries %llu missing %llu digest %02x%02x",
			        info.members, (unsigned long long)info.entries,
			        (unsigned long long)info.missing, info.digest.b[0],
			        info.digest.b[1]);
		for (uint32_t k = 0; m->node && tuy_node_device(m->node, 0, k, &device) == TUY_OK;
		     k++)
			fprintf(stderr, " [%u:%u %s%s]", device.address.ip[15], device.address.port,
			        device.state == TUY_PEER_CONNECTED ? "linked"
			        : device.state == TUY_PEER_SELF    ? "self"
			                                           : "-",
			        device.in_sync ? " in sync" : "");
		fputc('\n', stderr);
	}
}

static void world_free(struct world *w)
{
	while (w->heap_count > 0) {
		struct event e = event_take(w);

		free(e.bytes);
		if (e.disk_ticket)
			disk_ticket_free(e.disk_ticket);
	}
	for (uint32_t i = 0; i < w->options.nodes; i++) {
		free(w->member[i].given_ms);
		free(w->member[i].node);
		disk_destroy(w->member[i].disk);
		if (w->member[i].copy)
			disk_destroy(w->member[i].copy);
	}
	for (uint32_t i = 0; i < w->canon_count; i++)
		free(w->canon[i].headers);
	free(w->canon);
	for (uint32_t c = 0; c < w->conn_count; c++) {
		free(w->conn[c].kept[0]);
		free(w->conn[c].kept[1]);
	}
	free(w->conn);
	free(w->member);
	free(w->heap);
}

struct world_result world_run(const struct world_options *options)
{
	struct world w = { .options = *options, .tips_left = options->tips };
	uint64_t check_ms = 0, limit_ms = 3600000;
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
		}
		w.calm = w.calm || (w.now_ms > 70000 && w.tips_left == 0);
		tuy_put64(mark, e.at_ms * 16 + e.kind);
		crypto_generichash_update(&w.history, mark, 8);
		crypto_generichash_update(&w.history, e.bytes, e.bytes ? e.len : 0);
		event_handle(&w, &e);
		if (w.calm && w.now_ms >= check_ms) {
			if (settled(&w))
				break;
			check_ms = w.now_ms + 500;
		}
		if (w.now_ms > limit_ms)
			broken(&w, "not settled after an hour", 0);
	}
	if (w.result.broken[0] == 0)
		compare_disks(&w);
	w.result.ok = w.result.broken[0] == 0;
	if (!w.result.ok && options->verbose)
		explain(&w);
	w.result.virtual_ms = w.now_ms;
	w.result.p50_ms = latency_at(&w, 50);
	w.result.p99_ms = latency_at(&w, 99);
	crypto_generichash_final(&w.history, history, sizeof history);
	w.result.history = tuy_get64(history);
	world_free(&w);
	return w.result;
}
