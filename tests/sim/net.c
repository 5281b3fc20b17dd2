/* Connections: order is kept, as TCP keeps it, and everything else may go wrong. What a node sends
 * waits in its process (the queue), in its kernel (a socket of so many bytes), on the network, and
 * at the other end until that node takes it. */
#include "world_inside.h"

#include <stdlib.h>
#include <string.h>

#define WINDOW 262144 /* bytes on the network and not taken yet, in one direction */

static void ends_add(struct member *m, uint32_t value)
{
	if (m->end_count == m->end_cap) {
		m->end_cap = m->end_cap * 2 + 16;
		m->ends = realloc(m->ends, m->end_cap * sizeof *m->ends);
	}
	m->ends[m->end_count++] = value;
}

static void ends_remove(struct member *m, uint32_t value)
{
	for (uint32_t k = 0; k < m->end_count; k++) {
		if (m->ends[k] != value)
			continue;
		m->end_count--;
		memmove(&m->ends[k], &m->ends[k + 1], (m->end_count - k) * sizeof *m->ends);
		return;
	}
}

static void way_clear(struct way *way)
{
	free(way->queue);
	free(way->kept);
	free(way->old);
	way->queue = way->kept = way->old = NULL;
	way->queue_len = way->in_socket = way->kept_len = 0;
}

static uint32_t conn_of(const struct world *w, uint32_t node, uint32_t link, int *end)
{
	const struct member *m = &w->member[node];

	for (uint32_t k = m->end_count; k-- > 0;) {
		*end = (int)(m->ends[k] & 1);
		if (w->conn[m->ends[k] / 2].link[*end] == link)
			return m->ends[k] / 2;
	}
	return NOBODY;
}

/* The first `len` bytes of the queue go on the network. */
static void way_fly(struct world *w, uint32_t c, int to, size_t len)
{
	struct way *way = &w->conn[c].way[to];
	struct event e = { .kind = EV_BYTES, .conn = c, .end = to, .len = len };
	uint64_t at = w->now_ms + w->conn[c].delay_ms + roll(w, 4);

	e.bytes = malloc(len);
	memcpy(e.bytes, way->queue, len);
	way->queue_len -= len;
	way->in_socket -= len;
	memmove(way->queue, way->queue + len, way->queue_len);
	way->arrive_ms = at < way->arrive_ms ? way->arrive_ms : at;
	way->flying += len;
	event_add(w, way->arrive_ms - w->now_ms, e);
}

static void way_pump_at(struct world *w, uint32_t c, int to, uint64_t at_ms)
{
	struct way *way = &w->conn[c].way[to];

	if (way->pump_ms <= at_ms && way->pump_ms > w->now_ms && way->pump_ms != FOR_EVER)
		return;
	way->pump_ms = at_ms;
	event_add(w, at_ms - w->now_ms, (struct event){ .kind = EV_PUMP, .conn = c, .end = to });
}

/* Moves on what waits at the sender; its node is told what its kernel took. */
static void way_pump(struct world *w, uint32_t c, int to)
{
	struct conn *conn = &w->conn[c];
	struct way *way = &conn->way[to];
	uint32_t from = conn->node[!to];
	uint32_t rate = w->calm ? 0 : conn->rate;

	while (conn->open[!to] && way->queue_len > 0) {
		size_t len = way->queue_len - way->in_socket;

		len = len < conn->socket - way->in_socket ? len : conn->socket - way->in_socket;
		way->in_socket += len;
		if (len > 0)
			tuy_node_on_sent(w->member[from].node, now_of(w, from), conn->link[!to],
			                 len);
		if (conn->dead)
			return;
		if (w->now_ms < conn->silent_ms) {
			way_pump_at(w, c, to, conn->silent_ms);
			return;
		}
		if (rate && w->now_ms < way->next_ms) {
			way_pump_at(w, c, to, way->next_ms);
			return;
		}
		if (way->flying + way->kept_len >= WINDOW)
			return;
		len = WINDOW - way->flying - way->kept_len;
		len = len < way->in_socket ? len : way->in_socket;
		if (rate && len > (size_t)rate * 20)
			len = (size_t)rate * 20;
		if (rate)
			way->next_ms = w->now_ms + 1 + len / rate;
		way_fly(w, c, to, len);
	}
}

static void way_add(struct way *way, const uint8_t *p, size_t len)
{
	way->queue = realloc(way->queue, way->queue_len + len);
	memcpy(way->queue + way->queue_len, p, len);
	way->queue_len += len;
	way->sent += len;
}

/* The network brings a frame twice, or one of before once more. The very first one has no length;
 * it would be taken for the beginning of another. */
static void frame_repeat(struct world *w, struct conn *conn, struct way *way,
                         const struct tuy_bytes *frame)
{
	bool first = way->sent == frame->len;

	if (!conn->repeats || w->calm || first || way->again)
		return;
	if (roll(w, 30) == 0) {
		if (way->old && roll(w, 2) == 0)
			way_add(way, way->old, way->old_len);
		else
			way_add(way, frame->p, frame->len);
		way->again = way->sent;
	} else if (roll(w, 8) == 0) {
		free(way->old);
		way->old = malloc(frame->len);
		memcpy(way->old, frame->p, frame->len);
		way->old_len = frame->len;
	}
}

/* What came again must have ended the link. */
static void repeat_check(struct world *w, uint32_t c, int end)
{
	const struct way *way = &w->conn[c].way[end];

	if (w->conn[c].open[end] && way->again && way->taken >= way->again)
		broken(w, "a frame was taken twice", w->conn[c].node[end]);
}

void net_send(struct world *w, uint32_t i, const struct tuy_task *task)
{
	int end;
	uint32_t c = conn_of(w, i, task->u.send.link, &end);
	size_t len = task->u.send.bytes.len;
	struct way *way;

	if (c == NOBODY)
		return;
	w->result.bytes += len;
	if (!liar_is(w, i) && !liar_is(w, w->conn[c].node[!end]))
		w->all_bytes += len; /* what liars ask for is theirs to pay */
	way = &w->conn[c].way[!end];
	way_add(way, task->u.send.bytes.p, len);
	frame_repeat(w, &w->conn[c], way, &task->u.send.bytes);
	way_pump(w, c, !end);
	watch_queue(w, i, way->queue_len - way->in_socket);
}

void net_connect(struct world *w, uint32_t i, const struct tuy_task *task)
{
	struct event e = { .kind = EV_CONNECT,
		           .node = i,
		           .dial = task->u.connect.dial,
		           .life = w->member[i].life };

	e.conn = NOBODY; /* whom the address belongs to now */
	for (uint32_t k = 0; k < w->node_count; k++) {
		if (w->member[k].node && memcmp(&w->member[k].address, &task->u.connect.address,
		                                sizeof(struct tuy_address)) == 0)
			e.conn = k;
	}
	event_add(w, 2 + roll(w, 60), e);
}

void net_end(struct world *w, uint32_t c, int end, enum net_close how)
{
	struct conn *conn = &w->conn[c];
	uint64_t in_ms = 1 + roll(w, 40);
	struct way *out = &conn->way[!end];

	if (!conn->open[end])
		return;
	if (how == NET_CLOSE_FLUSHED && !conn->dead && !conn->rate && out->queue_len > 0) {
		out->in_socket = out->queue_len;
		way_fly(w, c, !end, out->queue_len);
	}
	if (how == NET_CLOSE_FLUSHED && out->arrive_ms > w->now_ms + in_ms)
		in_ms = out->arrive_ms - w->now_ms;
	conn->open[end] = false;
	way_clear(&conn->way[end]);
	free(out->queue);
	out->queue = NULL;
	out->queue_len = out->in_socket = 0;
	ends_remove(&w->member[conn->node[end]], c * 2 + (uint32_t)end);
	if (!conn->dead)
		event_add(w, in_ms, (struct event){ .kind = EV_CLOSED, .conn = c, .end = !end });
}

void net_cut(struct world *w, uint32_t c)
{
	w->conn[c].dead = true;
	for (int end = 0; end < 2; end++)
		event_add(w, 1 + roll(w, 40),
		          (struct event){ .kind = EV_CLOSED, .conn = c, .end = end });
}

void net_close(struct world *w, uint32_t i, const struct tuy_task *task)
{
	int end;
	uint32_t c = conn_of(w, i, task->u.close.link, &end);

	if (c != NOBODY)
		net_end(w, c, end,
		        task->u.close.how == TUY_CLOSE_FLUSHED ? NET_CLOSE_FLUSHED : NET_CLOSE_NOW);
}

void net_crash(struct world *w, uint32_t i)
{
	struct member *m = &w->member[i];

	while (m->end_count > 0)
		net_end(w, m->ends[0] / 2, (int)(m->ends[0] & 1), NET_CLOSE_NOW);
}

static uint8_t *near_of(const struct world *w, uint32_t a, uint32_t b)
{
	return &w->near[(size_t)w->member[a].twin_of * w->options.nodes + w->member[b].twin_of];
}

/* Newcomers reach everybody: they have to get in. */
static bool reaches(const struct world *w, uint32_t a, uint32_t b)
{
	return !w->thin || !w->member[a].joined || !w->member[b].joined || *near_of(w, a, b) ||
	       w->member[a].twin_of == w->member[b].twin_of;
}

bool net_all_known(const struct world *w)
{
	struct tuy_device_info device;

	for (uint32_t i = 0; i < w->node_count; i++) {
		if (!w->member[i].node)
			return false;
		for (uint32_t k = 0; k < w->options.nodes; k++) {
			if (tuy_node_device(w->member[i].node, 0, k, &device) != TUY_OK ||
			    (device.address.port == 0 && device.state != TUY_PEER_SELF))
				return false;
		}
	}
	return true;
}

static void on_connect(struct world *w, struct event *e)
{
	struct member *from = &w->member[e->node];
	struct member *to = e->conn == NOBODY ? NULL : &w->member[e->conn];
	struct conn *conn;
	uint32_t c = w->conn_count;

	if (from->life != e->life || !from->node)
		return;
	if (to && (faults_apart(w, e->node, e->conn) || faults_asleep(w, e->conn))) {
		e->conn = NOBODY; /* nothing comes back: found out late */
		event_add(w, 1000 + roll(w, 9000), *e);
		return;
	}
	if (!to || !to->node || !reaches(w, e->node, e->conn)) {
		tuy_node_on_connect_failed(from->node, now_of(w, e->node), e->dial);
		drain(w, e->node);
		return;
	}
	if (c == w->conn_cap) {
		w->conn_cap = w->conn_cap * 2 + 256;
		w->conn = realloc(w->conn, w->conn_cap * sizeof *w->conn);
	}
	w->conn_count++;
	conn = &w->conn[c];
	*conn = (struct conn){ .node = { e->node, e->conn },
		               .life = { from->life, to->life },
		               .open = { true, true },
		               .way = { { .pump_ms = FOR_EVER }, { .pump_ms = FOR_EVER } },
		               .socket = WINDOW };
	ends_add(from, c * 2);
	ends_add(to, c * 2 + 1);
	conn->link[0] = tuy_node_on_link(from->node, now_of(w, e->node), TUY_OUTGOING, &to->address,
	                                 e->dial);
	conn->link[1] =
		tuy_node_on_link(to->node, now_of(w, e->conn), TUY_INCOMING, &from->address, 0);
	conn->delay_ms = 1 + (uint32_t)roll(w, 28);
	for (int end = 0; end < 2; end++) {
		if (conn->link[end] == 0)
			net_end(w, c, end, NET_CLOSE_NOW);
	}
	faults_conn(w, c);
	drain(w, e->node);
	drain(w, e->conn);
}

static void bytes_offer(struct world *w, uint32_t c, int end, const uint8_t *p, size_t len)
{
	struct conn *conn = &w->conn[c];
	struct way *way = &conn->way[end];
	uint32_t i = conn->node[end];
	size_t taken;

	way->kept = realloc(way->kept, way->kept_len + len + 1);
	if (len)
		memcpy(way->kept + way->kept_len, p, len);
	way->kept_len += len;
	if (w->now_ms < conn->stall_ms[end] || faults_asleep(w, i))
		return;
	taken = tuy_node_on_bytes(w->member[i].node, now_of(w, i), conn->link[end],
	                          (struct tuy_bytes){ way->kept, way->kept_len });
	way->kept_len -= taken;
	way->taken += taken;
	memmove(way->kept, way->kept + taken, way->kept_len);
}

/* The receiver may have made room. */
static void sender_go_on(struct world *w, uint32_t c, int to)
{
	if (!w->conn[c].open[!to])
		return;
	way_pump(w, c, to);
	drain(w, w->conn[c].node[!to]);
}

static void on_bytes(struct world *w, struct event *e)
{
	struct conn *conn = &w->conn[e->conn];

	conn->way[e->end].flying -= e->len;
	if (conn->open[e->end] && !conn->dead) {
		/* the network cuts where it likes */
		size_t cut = e->len > 1 && roll(w, 4) == 0 ? roll(w, e->len) : e->len;

		bytes_offer(w, e->conn, e->end, e->bytes, cut);
		drain(w, conn->node[e->end]);
		repeat_check(w, e->conn, e->end);
		if (cut < e->len && conn->open[e->end]) {
			bytes_offer(w, e->conn, e->end, e->bytes + cut, e->len - cut);
			drain(w, conn->node[e->end]);
			repeat_check(w, e->conn, e->end);
		}
		sender_go_on(w, e->conn, e->end);
	}
}

static void on_closed(struct world *w, const struct event *e)
{
	struct conn *conn = &w->conn[e->conn];
	uint32_t i = conn->node[e->end];

	if (!conn->open[e->end])
		return;
	conn->open[e->end] = false;
	ends_remove(&w->member[i], e->conn * 2 + (uint32_t)e->end);
	way_clear(&conn->way[0]);
	way_clear(&conn->way[1]);
	tuy_node_on_closed(w->member[i].node, now_of(w, i), conn->link[e->end]);
	drain(w, i);
}

void net_offer(struct world *w, uint32_t i)
{
	const struct member *m = &w->member[i];

	for (uint32_t k = 0; k < m->end_count; k++) {
		if (w->conn[m->ends[k] / 2].way[m->ends[k] & 1].kept_len > 0)
			bytes_offer(w, m->ends[k] / 2, (int)(m->ends[k] & 1), NULL, 0);
	}
	drain(w, i);
	for (uint32_t k = m->end_count; k-- > 0;) { /* ends may go meanwhile */
		if (k < m->end_count && w->conn[m->ends[k] / 2].way[m->ends[k] & 1].queue_len > 0)
			sender_go_on(w, m->ends[k] / 2, (int)(m->ends[k] & 1));
	}
}

static void on_pump(struct world *w, const struct event *e)
{
	struct conn *conn = &w->conn[e->conn];

	if (conn->way[e->end].pump_ms <= w->now_ms)
		conn->way[e->end].pump_ms = FOR_EVER;
	if (conn->open[e->end] && !conn->dead && conn->way[e->end].kept_len > 0) {
		bytes_offer(w, e->conn, e->end, NULL, 0);
		drain(w, conn->node[e->end]);
	}
	sender_go_on(w, e->conn, e->end);
}

static void on_thin(struct world *w, const struct event *e)
{
	if (!net_all_known(w)) {
		event_add(w, 500, *e);
		return;
	}
	w->thin = true;
	for (uint32_t i = 0; i < w->node_count; i++) {
		const struct member *m = &w->member[i];

		for (uint32_t k = m->end_count; k-- > 0;) {
			uint32_t c = m->ends[k] / 2;

			if (!reaches(w, w->conn[c].node[0], w->conn[c].node[1]))
				net_cut(w, c);
		}
	}
}

void net_event(struct world *w, struct event *e)
{
	if (e->kind == EV_CONNECT)
		on_connect(w, e);
	if (e->kind == EV_BYTES) {
		on_bytes(w, e);
		free(e->bytes);
	}
	if (e->kind == EV_CLOSED)
		on_closed(w, e);
	if (e->kind == EV_PUMP)
		on_pump(w, e);
	if (e->kind == EV_THIN)
		on_thin(w, e);
	if (e->kind == EV_CUT) {
		if (roll(w, 4) == 0)
			w->conn[e->conn].dead = true; /* and nobody is told */
		else
			net_cut(w, e->conn);
	}
}

/* A ring in random order, so that it is connected, and random neighbours beside. */
void net_make(struct world *w)
{
	uint32_t n = w->options.nodes, order[256];

	if (w->options.degree == 0 || w->options.degree >= n)
		return;
	w->near = calloc((size_t)n * n, 1);
	for (uint32_t i = 0; i < n; i++)
		order[i] = i;
	for (uint32_t i = n; i-- > 1;) {
		uint32_t k = (uint32_t)roll(w, i + 1), swap = order[i];

		order[i] = order[k];
		order[k] = swap;
	}
	for (uint32_t i = 0; i < n; i++)
		*near_of(w, order[i], order[(i + 1) % n]) = 1;
	for (uint32_t edges = n; edges < n * w->options.degree / 2;) {
		uint32_t a = (uint32_t)roll(w, n), b = (uint32_t)roll(w, n);

		if (a == b || *near_of(w, a, b) || *near_of(w, b, a))
			continue;
		*near_of(w, a, b) = 1;
		edges++;
	}
	for (uint32_t a = 0; a < n; a++) {
		for (uint32_t b = 0; b < a; b++)
			*near_of(w, a, b) = *near_of(w, b, a) =
				*near_of(w, a, b) | *near_of(w, b, a);
	}
	event_add(w, 5000, (struct event){ .kind = EV_THIN });
}

void net_free(struct world *w)
{
	free(w->near);
	for (uint32_t c = 0; c < w->conn_count; c++) {
		way_clear(&w->conn[c].way[0]);
		way_clear(&w->conn[c].way[1]);
	}
	for (uint32_t i = 0; i < w->node_count; i++)
		free(w->member[i].ends);
	free(w->conn);
}
