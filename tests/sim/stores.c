/* Stores that are lost, or replaced by an old copy. */
#include "world_inside.h"

#include <string.h>

static bool all_joined(const struct world *w)
{
	for (uint32_t i = 0; i < w->node_count; i++) {
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

	noticed = noticed && w->options.rule != RULE_INCARNATION;
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
	watch_disk_went(w);
}

static bool has_twin(const struct world *w, uint32_t i)
{
	for (uint32_t k = 0; k < w->node_count; k++) {
		if (k != i && w->member[k].twin_of == w->member[i].twin_of)
			return true;
	}
	return false;
}

/* A home is copied and both are used: the copy sees that it is one, the original cannot. */
static void clone(struct world *w, uint32_t i)
{
	struct tuy_incarnation incarnation;
	uint32_t k = w->node_count++;
	struct member *twin = &w->member[k];
	const struct member *m = &w->member[i];

	*twin = (struct member){ .keys = m->keys,
		                 .cert = m->cert,
		                 .disk = disk_copy(m->disk),
		                 .skew_s = m->skew_s,
		                 .address = address_of(k),
		                 .twin_of = m->twin_of,
		                 .joined = true };
	tuy_dice_fill(&w->dice, incarnation.b, sizeof incarnation.b);
	disk_incarnation_set(twin->disk, &incarnation);
	node_start(w, k);
}

/* A store is lost, copied, or replaced by its copy; all are in, so that no admission is lost, and
 * what is put back later knows whom to call. */
void stores_event(struct world *w, const struct event *e)
{
	struct member *m = &w->member[e->node];
	bool ready = all_joined(w) && (e->kind == EV_RESTORE || net_all_known(w));

	/* A copy that knows no address would call nobody, and the others call its original. */
	if (e->kind == EV_CLONE &&
	    disk_peers_known(m->disk) + 1 + w->options.liars < w->options.nodes)
		ready = false;
	if (w->calm)
		return;
	if (!ready) {
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
	case EV_PEERS:
		if (has_twin(w, e->node))
			return; /* the others call the twin, and it would call nobody */
		node_crash(w, e->node);
		if (roll(w, 2) == 0)
			disk_peers_lose(m->disk);
		else
			disk_peers_lie(m->disk);
		break;
	case EV_CLONE:
		clone(w, e->node);
		break;
	default:
		disk_replace(w, e->node, disk_create(), true);
		m->joined = m->asked = false;
		event_add(w, 300 + roll(w, 3000),
		          (struct event){ .kind = EV_JOIN, .node = e->node });
	}
}

bool stores_would_fork(const struct world *w, uint32_t i)
{
	const struct member *m = &w->member[i];
	const struct disk_log *log = own_log(m);
	uint32_t seq = log ? log->state.head.seq : 0;
	struct tuy_circle_info info;
	struct tuy_log_id id;

	if (!m->stale || seq > m->stale_seq || w->options.rule == RULE_INCARNATION)
		return false;
	if (w->now_ms < m->quiet_ms || tuy_node_circle(m->node, 0, &info) != TUY_OK)
		return true;
	id = tuy_log_id(&info.id, &m->keys.device, disk_incarnation(m->disk));
	return watch_most_held(w, &id) > seq;
}

void stores_make(struct world *w)
{
	for (uint32_t i = 0; i < w->options.losses; i++) {
		/* Not the founder's: it is in as soon as WELCOME came, and knows nobody if the link
		 * breaks right then. */
		uint32_t node = 1 + (uint32_t)roll(w, w->node_count - 1);

		event_add(w, 8000 + roll(w, 50000),
		          (struct event){ .kind = EV_LOSE, .node = node });
	}
	for (uint32_t i = 0; i < w->options.restores; i++) {
		uint32_t node = (uint32_t)roll(w, w->node_count);
		uint64_t at_ms = 3000 + roll(w, 30000);

		event_add(w, at_ms, (struct event){ .kind = EV_COPY, .node = node });
		event_add(w, at_ms + 2000 + roll(w, 20000),
		          (struct event){ .kind = EV_RESTORE, .node = node });
	}
	for (uint32_t i = 0; i < w->options.peers;
	     i++) /* not the founder's: all know where it is */
		event_add(w, 5000 + roll(w, 50000),
		          (struct event){ .kind = EV_PEERS,
		                          .node = 1 + (uint32_t)roll(w, w->options.nodes - 1) });
	for (uint32_t i = 0; i < w->options.clones; i++)
		event_add(w, 5000 + roll(w, 40000),
		          (struct event){ .kind = EV_CLONE,
		                          .node = (uint32_t)roll(w, w->options.nodes) });
}

void stores_tell(struct world *w, uint32_t i, const struct tuy_tell *tell)
{
	if (tell->kind != TUY_TELL_INCARNATION || liar_is(w, i))
		return;
	w->result.retired++;
	w->member[i].stale = false;
	if (tell->why != TUY_INCARNATION_LONGER)
		broken(w, "an incarnation ended by a fork", i);
}

void stores_free(struct world *w)
{
	for (uint32_t i = 0; i < w->node_count; i++) {
		if (w->member[i].copy)
			disk_destroy(w->member[i].copy);
	}
}
