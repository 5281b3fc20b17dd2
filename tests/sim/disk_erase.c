/* What goes from a disk, and stays away: tombstones, expiry, pruning (disk.h). */
#include "disk_inside.h"

#include "../../proto/retract.h"

#include <stdlib.h>
#include <string.h>

bool disk_has_tombstone(const struct disk *d, const struct tuy_device *device,
                        const struct tuy_log16 *log, uint32_t seq)
{
	for (uint32_t i = 0; i < d->tombstone_count; i++) {
		if (d->tombstone[i].seq == seq &&
		    memcmp(&d->tombstone[i].log, log, sizeof *log) == 0 &&
		    memcmp(&d->tombstone[i].device, device, sizeof *device) == 0)
			return true;
	}
	return false;
}

static bool has_expired(const struct disk *d, const uint8_t *header)
{
	uint32_t exp_s = tuy_get32(header + 12);

	return exp_s != 0 && (uint64_t)exp_s + d->keep_s <= d->now_s;
}

uint8_t disk_fate(const struct disk *d, const struct disk_log *log, uint32_t at)
{
	const uint8_t *header = log->headers + (size_t)at * 64;
	struct tuy_log16 log16 = tuy_log16(&log->id);

	if (!(header[1] & TUY_HEADER_PAYLOAD) || tuy_header_is_clear(header))
		return 0;
	if (disk_has_tombstone(d, &log->state.device, &log16, at + 1))
		return TUY_GONE_ERASED;
	return has_expired(d, header) ? TUY_GONE_EXPIRED : 0;
}

static void drop(struct disk_log *log, uint32_t at, uint8_t reason)
{
	if (log->gone[at] == 0 && !log->blobs[at].p)
		log->state.missing--;
	free(log->blobs[at].p);
	log->blobs[at].p = NULL;
	log->gone[at] = reason;
	log->touched = true;
}

static void tombstone_put(struct disk *d, const struct tuy_device *device,
                          const struct tuy_log16 *log, uint32_t seq)
{
	if (d->forgetful || disk_has_tombstone(d, device, log, seq))
		return;
	d->tombstone = realloc(d->tombstone, (d->tombstone_count + 1) * sizeof *d->tombstone);
	disk_must(d->tombstone, "out of memory");
	d->tombstone[d->tombstone_count++] = (struct tombstone){ *device, *log, seq, d->now_s };
}

void disk_retract(struct disk *d, const struct tuy_store_item *item)
{
	struct tuy_device device = d->log[item->log_no].state.device;
	struct tuy_retract retract;
	struct disk_log *log;

	disk_must(tuy_retract_read(item->u.retract.header, item->u.retract.blob, &retract) ==
	                  TUY_OK,
	          "an order to erase that cannot be read");
	for (uint32_t i = 0; i < retract.count; i++)
		tombstone_put(d, &device, &retract.log, retract.seqs[i]);
	if (item->u.retract.target_no >= d->log_count)
		return;
	log = &d->log[item->u.retract.target_no];
	for (uint32_t i = 0; i < retract.count; i++) {
		uint32_t at = retract.seqs[i] - 1;

		if (at >= log->state.head.seq)
			continue;
		if (d->forgetful && log->blobs[at].p &&
		    !tuy_header_is_clear(log->headers + (size_t)at * 64)) {
			drop(log, at, TUY_GONE_ERASED); /* and what is not here is forgotten */
		} else if (disk_fate(d, log, at) == TUY_GONE_ERASED) {
			drop(log, at, TUY_GONE_ERASED);
		}
	}
}

void disk_receipt(struct disk *d, const struct tuy_store_item *item)
{
	const struct disk_log *log = &d->log[item->log_no];
	struct tuy_log16 log16 = tuy_log16(&log->id);

	for (uint32_t i = 0; i < item->u.receipt.count; i++) {
		if (!disk_has_tombstone(d, &log->state.device, &log16, item->u.receipt.seqs[i]))
			continue;
		d->receipt = realloc(d->receipt, (d->receipt_count + 1) * sizeof *d->receipt);
		disk_must(d->receipt, "out of memory");
		d->receipt[d->receipt_count++] =
			(struct receipt_row){ item->log_no, item->u.receipt.seqs[i],
			                      item->u.receipt.device };
	}
}

/* The order of tombstones in the store: by log, then by block. */
static int block_order(const struct tuy_log16 *a, uint32_t a_block, const struct tuy_log16 *b,
                       uint32_t b_block)
{
	int order = memcmp(a, b, sizeof *a);

	return order ? order : (a_block > b_block) - (a_block < b_block);
}

void disk_read_erased(const struct disk *d, const struct tuy_read *read,
                      struct tuy_read_result *result)
{
	const struct tombstone *first = NULL;

	for (uint32_t i = 0; i < d->tombstone_count; i++) {
		const struct tombstone *t = &d->tombstone[i];

		if (memcmp(&t->device, &read->device, sizeof t->device) == 0 &&
		    t->came_s >= read->since_s &&
		    block_order(&t->log, (t->seq - 1) / 64, &read->log, read->from) >= 0 &&
		    (!first || block_order(&t->log, (t->seq - 1) / 64, &first->log,
		                           (first->seq - 1) / 64) < 0))
			first = t;
	}
	if (!first)
		return;
	result->log = first->log;
	for (uint32_t k = 0; k < 64; k++) {
		uint32_t seq = (first->seq - 1) / 64 * 64 + 1 + k;

		if (disk_has_tombstone(d, &read->device, &first->log, seq))
			result->seqs[result->count++] = seq;
	}
}

void disk_clock(struct disk *d, uint32_t now_s, uint32_t keep_s)
{
	d->now_s = now_s;
	d->keep_s = keep_s;
}

void disk_expire(struct disk *d)
{
	for (uint32_t l = 0; l < d->log_count; l++) {
		struct disk_log *log = &d->log[l];

		for (uint32_t at = 0; at < log->state.head.seq; at++) {
			if (!log->gone[at] && disk_fate(d, log, at) == TUY_GONE_EXPIRED)
				drop(log, at, TUY_GONE_EXPIRED);
		}
	}
}

void disk_prune(struct disk *d, uint32_t log_no)
{
	struct disk_log *log = &d->log[log_no];

	while (log->state.base_seq + 64 <= log->state.head.seq) {
		for (uint32_t at = log->state.base_seq; at < log->state.base_seq + 64; at++) {
			if (!log->gone[at] &&
			    (log->headers[(size_t)at * 64 + 1] & TUY_HEADER_PAYLOAD))
				return;
		}
		memset(log->headers + (size_t)log->state.base_seq * 64, 0, (size_t)64 * 64);
		memset(log->gone + log->state.base_seq, 0, 64);
		log->state.base_seq += 64;
		log->touched = true;
	}
}

void disk_report(struct disk *d, struct tuy_node *node)
{
	for (uint32_t l = 0; l < d->log_count; l++) {
		if (d->log[l].touched)
			tuy_node_on_erased(node, l, d->log[l].state.missing,
			                   d->log[l].state.base_seq);
		d->log[l].touched = false;
	}
}

void disk_forget_tombstones(struct disk *d)
{
	d->forgetful = true;
}

uint32_t disk_receipts(const struct disk *d, uint32_t log_no, uint32_t seq)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < d->receipt_count; i++) {
		bool twice = false;

		if (d->receipt[i].log_no != log_no || d->receipt[i].seq != seq)
			continue;
		for (uint32_t k = 0; k < i; k++)
			twice = twice ||
			        (d->receipt[k].log_no == log_no && d->receipt[k].seq == seq &&
			         memcmp(&d->receipt[k].device, &d->receipt[i].device,
			                sizeof(struct tuy_device)) == 0);
		count += !twice;
	}
	return count;
}
