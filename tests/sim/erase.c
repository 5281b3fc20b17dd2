/* Payloads that go: members take back what they gave, and each disk lets expire by its own clock
 * and rule. In the end nobody holds what was retracted, and nobody lacks what somebody holds and he
 * still wants. */
#include "world_inside.h"

#include "../../proto/retract.h"

#include <string.h>

#define EXPIRE_EVERY_MS 3000
#define LIFE_S          60 /* of a payload, at most; the clocks may be years apart */
#define KEEP_S          60 /* a disk keeps so long after that, at most */

uint32_t erase_exp(struct world *w, uint32_t i)
{
	if (w->options.expiry == 0 || roll(w, 100) >= w->options.expiry)
		return 0;
	return now_of(w, i).wall_s + (uint32_t)roll(w, LIFE_S);
}

void erase_clock(struct world *w, uint32_t i)
{
	disk_clock(w->member[i].disk, now_of(w, i).wall_s, w->member[i].keep_s);
}

/* Some node takes back some of what it gave, in this incarnation or in an earlier one. */
static void take_back(struct world *w, uint32_t i)
{
	const struct member *m = &w->member[i];
	uint32_t logs = disk_log_count(m->disk), first = logs ? (uint32_t)roll(w, logs) : 0;
	struct tuy_appended appended;
	uint32_t seqs[4], count = 0;

	if (!m->node || !m->joined || faults_asleep(w, i) || stores_would_fork(w, i))
		return;
	for (uint32_t k = 0; k < logs; k++) {
		const struct disk_log *log = disk_log(m->disk, (first + k) % logs);
		uint32_t head = log->state.head.seq, seq;

		if (head == 0 ||
		    memcmp(&log->state.device, &m->keys.device, sizeof m->keys.device) != 0)
			continue;
		seq = head > 8 && roll(w, 2) ? head - (uint32_t)roll(w, 8)
		                             : 1 + (uint32_t)roll(w, head);
		/* the last ones may stand beyond the head: what was sent before the disk went */
		while (count < 1 + roll(w, 4) && count < 4)
			seqs[count++] = seq++;
		if (tuy_node_retract(m->node, now_of(w, i), 0, (first + k) % logs, seqs, count,
		                     &appended) == TUY_OK)
			watch_given(w, i, &appended);
		drain(w, i);
		return;
	}
}

void erase_event(struct world *w, const struct event *e)
{
	struct member *m = &w->member[e->node];

	if (e->kind == EV_RETRACT) {
		take_back(w, e->node);
		return;
	}
	event_add(w, EXPIRE_EVERY_MS, *e);
	if (faults_asleep(w, e->node))
		return;
	erase_clock(w, e->node);
	disk_expire(m->disk);
	if (roll(w, 100) < w->options.prune) {
		for (uint32_t l = 0; l < disk_log_count(m->disk); l++)
			disk_prune(m->disk, l);
	}
	if (m->node) {
		disk_report(m->disk, m->node);
		drain(w, e->node);
	}
}

void erase_make(struct world *w)
{
	for (uint32_t i = 0; i < w->node_count; i++) {
		w->member[i].keep_s = w->options.expiry ? (uint32_t)roll(w, KEEP_S) : 0;
		if (w->options.rule == RULE_TOMBSTONE)
			disk_forget_tombstones(w->member[i].disk);
		if (w->options.rule == RULE_CUT && i % 2)
			disk_leave_uncut(w->member[i].disk);
		if (w->options.expiry)
			event_add(w, 1000 + roll(w, EXPIRE_EVERY_MS),
			          (struct event){ .kind = EV_EXPIRE, .node = i });
	}
	for (uint32_t i = 0; i < w->options.retracts; i++)
		event_add(w, 5000 + roll(w, 60000),
		          (struct event){ .kind = EV_RETRACT,
		                          .node = (uint32_t)roll(w, w->node_count) });
}

/* ---- what has to hold in the end ---- */

/* No disk holds what a RETRACT on some disk names. */
static void retract_check(struct world *w, const struct tuy_device *device,
                          const struct tuy_retract *retract)
{
	if (liar_forks(w, device))
		return; /* some have another RETRACT there, or none */
	for (uint32_t i = 0; i < w->node_count; i++) {
		for (uint32_t l = 0; l < disk_log_count(w->member[i].disk) && !liar_is(w, i); l++) {
			const struct disk_log *log = disk_log(w->member[i].disk, l);
			struct tuy_log16 log16 = tuy_log16(&log->id);

			if (memcmp(&log16, &retract->log, sizeof log16) != 0 ||
			    memcmp(&log->state.device, device, sizeof *device) != 0)
				continue;
			for (uint32_t k = 0; k < retract->count; k++) {
				uint32_t at = retract->seqs[k] - 1;

				if (at < log->state.head.seq && log->blobs[at].p &&
				    !tuy_header_is_clear(log->headers + (size_t)at * 64))
					broken(w, "a retracted payload is held", i);
			}
		}
	}
}

static void log_check(struct world *w, const struct disk_log *log)
{
	for (uint32_t at = 0; at < log->state.head.seq; at++) {
		struct tuy_bytes blob = { log->blobs[at].p, log->blobs[at].len };
		struct tuy_retract retract;

		if (!blob.p ||
		    tuy_retract_read(log->headers + (size_t)at * 64, blob, &retract) != TUY_OK)
			continue;
		w->result.retracted += retract.count;
		retract_check(w, &log->state.device, &retract);
	}
}

void erase_end(struct world *w)
{
	for (uint32_t i = 0; i < w->node_count; i++) {
		struct tuy_circle_info info = { .missing = 0 };
		uint64_t missing = 0;

		for (uint32_t l = 0; l < disk_log_count(w->member[i].disk); l++)
			missing += disk_log(w->member[i].disk, l)->state.missing;
		if (w->member[i].node && tuy_node_circle(w->member[i].node, 0, &info) == TUY_OK &&
		    info.missing != missing)
			broken(w, "a node counts other payloads missing than its disk", i);
	}
	for (uint32_t l = 0; l < disk_log_count(w->member[0].disk); l++)
		log_check(w, disk_log(w->member[0].disk, l));
}
