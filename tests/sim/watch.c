/* What has to hold in a world: looked at whenever something is committed, told, or sent, and when
 * all is calm. */
#include "world_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of node.h: it stops sending on a link at 256 KiB that have not left; the message at hand goes. */
#define QUEUE_MAX (262144 + 2 * (TUY_FRAME_MAX + 2))

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

/* No two disks ever hold different entries of one log under one seq. */
static void canon_run(struct world *w, uint32_t i, const struct tuy_log_id *id,
                      const struct tuy_store_item *item)
{
	struct canon *canon = canon_of(w, id);
	const uint8_t *headers = item->u.entries.headers;

	for (uint32_t at = item->u.entries.from - 1; at < item->u.entries.head.seq;
	     at++, headers += 64) {
		if (at == canon->cap) {
			canon->cap = canon->cap * 2 + 64;
			canon->headers = realloc(canon->headers, (size_t)canon->cap * 64);
		}
		if (at > canon->count)
			broken(w, "entries that nobody had before", i);
		else if (at < canon->count &&
		         memcmp(canon->headers + (size_t)at * 64, headers, 64) != 0)
			broken(w, "an honest log forked", i);
		else if (at == canon->count)
			memcpy(canon->headers + (size_t)canon->count++ * 64, headers, 64);
	}
}

uint32_t watch_most_held(const struct world *w, const struct tuy_log_id *id)
{
	uint32_t most = 0;

	for (uint32_t i = 0; i < w->node_count; i++) {
		const struct disk_log *log = disk_log_find(w->member[i].disk, id);

		if (log && log->state.head.seq > most)
			most = log->state.head.seq;
	}
	return most;
}

void watch_disk_went(struct world *w)
{
	for (uint32_t i = 0; i < w->canon_count; i++)
		w->canon[i].count = w->canon[i].must = watch_most_held(w, &w->canon[i].id);
}

static void canon_check(struct world *w)
{
	for (uint32_t i = 0; i < w->canon_count; i++) {
		if (watch_most_held(w, &w->canon[i].id) < w->canon[i].must)
			broken(w, "an entry that another node held was lost", i);
	}
}

/* An own entry is durable. */
static void given_note(struct world *w, struct member *m, const struct disk_ticket *ticket)
{
	if (w->options.losses + w->options.restores + w->options.clones > 0)
		return; /* several logs a device: seqs do not tell */
	for (uint32_t i = disk_ticket_own(ticket, disk_incarnation(m->disk), m->disk); i > 0; i--) {
		if (m->given_count % 256 == 0)
			m->given_ms =
				realloc(m->given_ms, (m->given_count + 256) * sizeof *m->given_ms);
		m->given_ms[m->given_count++] = w->now_ms;
	}
}

static void told_grow(struct member *m, uint32_t count)
{
	if (count <= m->told_count)
		return;
	m->told = realloc(m->told, count * sizeof *m->told);
	memset(m->told + m->told_count, 0, (count - m->told_count) * sizeof *m->told);
	m->told_count = count;
}

void watch_start(struct world *w, uint32_t i)
{
	struct member *m = &w->member[i];

	m->tickets = m->ack_count = 0;
	told_grow(m, disk_log_count(m->disk));
	for (uint32_t l = 0; l < m->told_count; l++)
		m->told[l] = disk_log(m->disk, l)->state.head.seq;
}

void watch_given(struct world *w, uint32_t i, const struct tuy_appended *appended)
{
	struct member *m = &w->member[i];

	if (m->ack_count == SIM_STAGES_MAX)
		broken(w, "more entries given than tickets fit", i);
	else
		m->ack[m->ack_count++] =
			(struct ack){ appended->ticket, appended->log_no, appended->seq };
}

void watch_ticket(struct world *w, uint32_t i)
{
	if (++w->member[i].tickets > SIM_STAGES_MAX)
		broken(w, "too many tickets under way", i);
}

void watch_commit(struct world *w, uint32_t i, const struct disk_ticket *ticket)
{
	struct member *m = &w->member[i];
	uint32_t count;
	const struct tuy_store_item *items = disk_ticket_items(ticket, &count);

	given_note(w, m, ticket);
	for (uint32_t k = 0; k < count; k++) {
		w->volume += 256;
		if (items[k].kind == TUY_STORE_OP)
			w->volume += items[k].u.op.bytes.len;
		if (items[k].kind == TUY_STORE_BLOB)
			w->volume += items[k].u.blob.blob.len;
		if (items[k].kind == TUY_STORE_BASE) { /* what lies before is not delivered */
			told_grow(m, disk_log_count(m->disk));
			m->told[items[k].log_no] = items[k].u.base.head.seq;
			w->result.based++;
		}
		if (items[k].kind != TUY_STORE_ENTRIES)
			continue;
		if (liar_forks(w, &disk_log(m->disk, items[k].log_no)->state.device))
			continue;
		canon_run(w, i, &disk_log(m->disk, items[k].log_no)->id, &items[k]);
		for (uint32_t n = 0; n < items[k].u.entries.count; n++)
			w->volume += 128 + items[k].u.entries.blobs[n].len;
	}
}

/* How long entries took from their giver's commit to this one. */
static void latency_note(struct world *w, uint32_t i, const struct tuy_tell *tell)
{
	const struct tuy_device *device = &disk_log(w->member[i].disk, tell->log_no)->state.device;

	for (uint32_t k = 0; k < w->node_count; k++) {
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

static void watch_ack(struct world *w, uint32_t i, const struct tuy_tell *tell)
{
	struct member *m = &w->member[i];

	for (uint32_t k = 0; k < m->ack_count; k++) {
		const struct ack ack = m->ack[k];

		if (ack.ticket != tell->ticket)
			continue;
		m->ack[k] = m->ack[--m->ack_count];
		if (tell->stored == TUY_STORED_OK &&
		    (ack.log_no >= disk_log_count(m->disk) ||
		     disk_log(m->disk, ack.log_no)->state.head.seq < ack.seq))
			broken(w, "an entry was acknowledged and is not on the disk", i);
		return;
	}
}

static void watch_entries(struct world *w, uint32_t i, const struct tuy_tell *tell)
{
	struct member *m = &w->member[i];

	if (tell->log_no >= disk_log_count(m->disk) ||
	    disk_log(m->disk, tell->log_no)->state.head.seq < tell->seq + tell->count - 1) {
		broken(w, "entries were delivered and are not on the disk", i);
		return;
	}
	told_grow(m, disk_log_count(m->disk));
	if (tell->seq != m->told[tell->log_no] + 1)
		broken(w,
		       tell->seq <= m->told[tell->log_no] ? "an entry was delivered twice"
		                                          : "a delivery was left out",
		       i);
	m->told[tell->log_no] = tell->seq + tell->count - 1;
	w->result.deliveries += tell->count;
	latency_note(w, i, tell);
}

uint32_t watch_who(const struct world *w, const struct tuy_device *device)
{
	for (uint32_t i = 0; i < w->node_count; i++) {
		if (memcmp(&w->member[i].keys.device, device, sizeof *device) == 0)
			return i;
	}
	return NOBODY;
}

/* Honest nodes find no fault with each other; a frame that came again is the network's. */
static void watch_fault(struct world *w, uint32_t i, const struct tuy_tell *tell)
{
	uint32_t by = watch_who(w, &tell->device);
	bool network = tell->err == TUY_E_OPEN || tell->err == TUY_E_FORMAT;
	bool slow = tell->err == TUY_E_SHORT; /* a handshake that took too long */

	if (by == NOBODY || w->member[by].twin_of == w->member[i].twin_of)
		return; /* a device that meets itself */
	if (!liar_is(w, by) && !liar_is(w, i) && !slow && !(network && w->options.repeats))
		broken(w,
		       tell->err == TUY_E_SIGNATURE ? "an honest signature was refused"
		                                    : "an honest node was blamed",
		       i);
}

void watch_tell(struct world *w, uint32_t i, const struct tuy_tell *tell)
{
	if (tell->kind == TUY_TELL_STORED)
		watch_ack(w, i, tell);
	if (tell->kind == TUY_TELL_ENTRIES && !liar_is(w, i))
		watch_entries(w, i, tell);
	if (tell->kind == TUY_TELL_FAULT)
		watch_fault(w, i, tell);
}

void watch_queue(struct world *w, uint32_t i, size_t len)
{
	if (len > QUEUE_MAX)
		broken(w, "a queue without bound", i);
}

/*
 * The bound on what the network carries, so that no loop goes unnoticed: 12 times what was
 * committed anywhere (with all its keys, signatures and frames), or as many times as there are
 * links if duplicates are not suppressed; 64 KiB for each connection made (handshake, frontier,
 * what was sent again after a cut); and 64 bytes a second and node for pings.
 */
void watch_bytes(struct world *w)
{
	uint64_t factor = w->options.flood ? 2 + TUY_LINKS_MAX : 12;
	uint64_t bound = factor * w->volume + (uint64_t)w->conn_count * 65536 +
	                 (w->now_ms / 1000) * 64 * w->options.nodes;

	if (w->all_bytes > bound)
		broken(w, "more bytes than the bound", 0);
}

/* ---- the end ---- */

/* Does some disk hold a payload, and has none dropped it by its own rule? Else its holders may be
 * linked to nobody who wants it. */
static bool is_had(const struct world *w, const struct disk_log *log, uint32_t at)
{
	bool held = false;

	for (uint32_t n = 0; n < w->node_count; n++) {
		const struct disk_log *other =
			liar_is(w, n) ? NULL : disk_log_find(w->member[n].disk, &log->id);

		if (!other || at >= other->state.head.seq)
			continue;
		if (other->gone[at] || at < other->state.base_seq)
			return false;
		held = held || other->blobs[at].p;
	}
	return held;
}

/* Does a node lack a payload that it could get? The only copy may have gone with a disk. */
static bool lacks(const struct world *w, uint32_t i)
{
	for (uint32_t l = 0; l < disk_log_count(w->member[i].disk); l++) {
		const struct disk_log *log = disk_log(w->member[i].disk, l);

		if (log->state.missing == 0 || liar_forks(w, &log->state.device))
			continue;
		for (uint32_t k = log->state.base_seq; k < log->state.head.seq; k++) {
			if (!log->blobs[k].p && !log->gone[k] &&
			    (log->headers[(size_t)k * 64 + 1] & TUY_HEADER_PAYLOAD) &&
			    is_had(w, log, k))
				return true;
		}
	}
	return false;
}

bool watch_settled(const struct world *w)
{
	struct tuy_circle_info first, other;

	if (w->tips_left > 0 || !w->member[0].node ||
	    tuy_node_circle(w->member[0].node, 0, &first) != TUY_OK)
		return false;
	for (uint32_t i = 0; i < w->node_count; i++) {
		if (liar_is(w, i))
			continue;
		if (!w->member[i].node || !w->member[i].joined ||
		    tuy_node_circle(w->member[i].node, 0, &other) != TUY_OK || lacks(w, i) ||
		    (other.missing > 0 && w->options.losses + w->options.restores +
		                                          w->options.liars + w->options.expiry ==
		                                  0) ||
		    other.entries != first.entries ||
		    other.members + w->options.liars < w->options.nodes ||
		    memcmp(&other.digest, &first.digest, sizeof first.digest) != 0)
			return false;
	}
	return true;
}

static bool same_log(const struct disk_log *a, const struct disk_log *b)
{
	uint32_t base;

	if (!b || a->state.head.seq != b->state.head.seq)
		return false;
	base = a->state.base_seq > b->state.base_seq ? a->state.base_seq : b->state.base_seq;
	if (memcmp(a->headers + (size_t)base * 64, b->headers + (size_t)base * 64,
	           (size_t)(a->state.head.seq - base) * 64) != 0 ||
	    memcmp(&a->state.head.hash, &b->state.head.hash, sizeof a->state.head.hash) != 0)
		return false;
	for (uint32_t k = base; k < a->state.head.seq; k++) {
		if (!a->blobs[k].p || !b->blobs[k].p)
			continue; /* watch_settled looked who may lack it */
		if (a->blobs[k].len != b->blobs[k].len ||
		    memcmp(a->blobs[k].p, b->blobs[k].p, a->blobs[k].len) != 0)
			return false;
	}
	return true;
}

/* Every entry any disk holds, own ones above all, is on every disk, byte for byte. Comparing each
 * with the next one compares them all. */
void watch_end(struct world *w)
{
	uint64_t total = 0, given = 0;

	for (uint32_t i = 0; i < w->node_count; i++) {
		uint32_t k = (i + 1) % w->node_count;

		while (liar_is(w, k))
			k = (k + 1) % w->node_count;
		if (liar_is(w, i))
			continue;
		given += w->member[i].given_count;
		for (uint32_t l = 0; l < disk_log_count(w->member[i].disk); l++) {
			const struct disk_log *log = disk_log(w->member[i].disk, l);

			if (i == 0)
				total += log->state.head.seq;
			if (liar_forks(w, &log->state.device))
				continue; /* the digests tell */
			if (log->state.head.seq > 0 &&
			    !same_log(log, disk_log_find(w->member[k].disk, &log->id)))
				broken(w, "logs differ at the end", k);
		}
	}
	canon_check(w);
	erase_end(w);
	if (total != given &&
	    w->options.losses + w->options.restores + w->options.clones + w->options.liars == 0)
		broken(w, "an entry was lost", 0);
}

void watch_explain(const struct world *w)
{
	for (uint32_t i = 0; i < w->node_count; i++) {
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

void watch_free(struct world *w)
{
	for (uint32_t i = 0; i < w->node_count; i++) {
		free(w->member[i].given_ms);
		free(w->member[i].told);
	}
	for (uint32_t i = 0; i < w->canon_count; i++)
		free(w->canon[i].headers);
	free(w->canon);
}
