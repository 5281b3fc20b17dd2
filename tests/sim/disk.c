#include "disk_inside.h"
#include "disk_void.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct disk_ticket {
	uint32_t count;
	struct tuy_store_item *items;
	uint32_t owned_count;
	void *owned[512];
};

void disk_must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "disk: %s\n", what);
	printf("broken: disk: %s\n", what);
	exit(1);
}

static void *copy(const void *p, size_t len)
{
	void *to = malloc(len ? len : 1);

	disk_must(to, "out of memory");
	if (len)
		memcpy(to, p, len);
	return to;
}

static struct bytes bytes_copy(struct tuy_bytes from)
{
	return (struct bytes){ copy(from.p, from.len), from.len };
}

static void *own(struct disk_ticket *t, void *p)
{
	disk_must(t->owned_count < sizeof t->owned / sizeof t->owned[0], "ticket too large");
	t->owned[t->owned_count++] = p;
	return p;
}

static void own_bytes(struct disk_ticket *t, struct tuy_bytes *bytes)
{
	bytes->p = own(t, copy(bytes->p, bytes->len));
}

struct disk_ticket *disk_ticket_copy(const struct tuy_store_item *items, uint32_t count)
{
	struct disk_ticket *t = calloc(1, sizeof *t);

	disk_must(t, "out of memory");
	t->count = count;
	t->items = copy(items, count * sizeof *items);
	for (uint32_t i = 0; i < count; i++) {
		struct tuy_store_item *item = &t->items[i];

		if (item->kind == TUY_STORE_OP)
			own_bytes(t, &item->u.op.bytes);
		if (item->kind == TUY_STORE_ADDRESS)
			own_bytes(t, &item->u.address.record);
		if (item->kind == TUY_STORE_BLOB)
			own_bytes(t, &item->u.blob.blob);
		if (item->kind == TUY_STORE_CUT)
			own_bytes(t, &item->u.cut.proof);
		if (item->kind == TUY_STORE_RETRACT) {
			own_bytes(t, &item->u.retract.blob);
			item->u.retract.header = own(t, copy(item->u.retract.header, 64));
		}
		if (item->kind == TUY_STORE_RECEIPT)
			item->u.receipt.seqs =
				own(t, copy(item->u.receipt.seqs,
			                    item->u.receipt.count * sizeof(uint32_t)));
		if (item->kind == TUY_STORE_ENTRIES || item->kind == TUY_STORE_VOIDED) {
			struct tuy_bytes *blobs =
				own(t, copy(item->u.entries.blobs,
			                    item->u.entries.count * sizeof *blobs));

			item->u.entries.headers = own(t, copy(item->u.entries.headers,
			                                      (size_t)item->u.entries.count * 64));
			for (uint32_t k = 0; k < item->u.entries.count; k++) {
				if (blobs[k].p)
					own_bytes(t, &blobs[k]);
			}
			item->u.entries.blobs = blobs;
		}
	}
	return t;
}

void disk_ticket_free(struct disk_ticket *t)
{
	for (uint32_t i = 0; i < t->owned_count; i++)
		free(t->owned[i]);
	free(t->items);
	free(t);
}

const struct tuy_store_item *disk_ticket_items(const struct disk_ticket *t, uint32_t *count)
{
	*count = t->count;
	return t->items;
}

struct disk *disk_create(void)
{
	struct disk *d = calloc(1, sizeof *d);

	disk_must(d, "out of memory");
	return d;
}

void disk_destroy(struct disk *d)
{
	for (uint32_t i = 0; i < d->op_count; i++)
		free(d->op[i].bytes.p);
	disk_peers_lose(d);
	for (uint32_t i = 0; i < d->log_count; i++) {
		for (uint32_t k = 0; k < d->log[i].state.head.seq; k++)
			free(d->log[i].blobs[k].p);
		free(d->log[i].headers);
		free(d->log[i].blobs);
		free(d->log[i].gone);
		free(d->log[i].checkpoints);
		disk_void_free(&d->log[i]);
		free(d->log[i].checkpointed);
	}
	free(d->tombstone);
	free(d->receipt);
	free(d);
}

static void log_grow(struct disk_log *log, uint32_t need)
{
	if (need <= log->cap)
		return;
	log->cap = need * 2 + 64;
	log->headers = realloc(log->headers, (size_t)log->cap * 64);
	log->blobs = realloc(log->blobs, log->cap * sizeof *log->blobs);
	log->checkpoints =
		realloc(log->checkpoints, (log->cap / 64 + 1) * sizeof *log->checkpoints);
	log->gone = realloc(log->gone, log->cap);
	log->checkpointed =
		realloc(log->checkpointed, (log->cap / 64 + 1) * sizeof *log->checkpointed);
	disk_must(log->headers && log->blobs && log->checkpoints && log->gone && log->checkpointed,
	          "out of memory");
}

static void commit_base(struct disk *d, const struct tuy_store_item *item)
{
	struct disk_log *log = &d->log[item->log_no];
	uint32_t seq = item->u.base.head.seq;

	disk_must(seq % 64 == 0 && seq > log->state.head.seq, "a base that is not beyond the head");
	log_grow(log, seq);
	for (uint32_t at = log->state.head.seq; at < seq; at++) {
		memset(log->headers + (size_t)at * 64, 0, 64);
		log->blobs[at].p = NULL;
		log->gone[at] = 0;
		if ((at + 1) % 64 == 0)
			log->checkpointed[at / 64].seq = 0; /* not known */
	}
	log->state.head = item->u.base.head;
	log->state.sig = item->u.base.sig;
	log->state.base_seq = seq;
	log->checkpoints[seq / 64 - 1] = item->u.base.sig;
	log->checkpointed[seq / 64 - 1] = item->u.base.head;
}

static void commit_entries(struct disk *d, const struct tuy_store_item *item)
{
	struct disk_log *log = &d->log[item->log_no];

	disk_must(item->log_no < d->log_count, "entries of a log that was never stored");
	disk_must(item->u.entries.from == log->state.head.seq + 1,
	          "entries that do not follow the stored head");
	disk_must(item->u.entries.head.seq == item->u.entries.from + item->u.entries.count - 1,
	          "a head beside its entries");
	log_grow(log, item->u.entries.head.seq);
	for (uint32_t i = 0; i < item->u.entries.count; i++) {
		const struct tuy_bytes *blob = &item->u.entries.blobs[i];
		uint32_t at = item->u.entries.from - 1 + i;

		memcpy(log->headers + (size_t)at * 64, item->u.entries.headers + (size_t)i * 64,
		       64);
		log->gone[at] = disk_fate(d, log, at);
		log->touched = log->touched || log->gone[at] != 0;
		log->blobs[at].p = blob->p && !log->gone[at] ? copy(blob->p, blob->len) : NULL;
		log->blobs[at].len = blob->len;
		log->state.missing += !blob->p && !log->gone[at] &&
		                      (log->headers[(size_t)at * 64 + 1] & TUY_HEADER_PAYLOAD);
	}
	log->state.head = item->u.entries.head;
	log->state.sig = item->u.entries.sig;
	if (log->state.head.seq % 64 == 0) {
		log->checkpoints[log->state.head.seq / 64 - 1] = item->u.entries.sig;
		log->checkpointed[log->state.head.seq / 64 - 1] = item->u.entries.head;
	}
}

static void commit_log(struct disk *d, const struct tuy_store_item *item)
{
	struct disk_log *log = &d->log[item->log_no];

	if (item->log_no < d->log_count)
		return; /* tried again */
	disk_must(item->log_no == d->log_count && d->log_count < LOGS_MAX, "a log out of order");
	*log = (struct disk_log){ .id = item->u.log.id };
	log->state.log_no = item->log_no;
	log->state.circle_no = item->circle_no;
	log->state.device = item->u.log.device;
	log->state.incarnation = item->u.log.incarnation;
	log->state.head.hash = tuy_chain_start(&item->u.log.id);
	d->log_count++;
}

static void commit_address(struct disk *d, const struct tuy_store_item *item)
{
	uint32_t at = 0;

	while (at < d->address_count &&
	       memcmp(&d->address[at].device, &item->u.address.device, 32) != 0)
		at++;
	disk_must(at < PEERS_MAX, "too many addresses");
	if (at == d->address_count)
		d->address[d->address_count++].first = bytes_copy(item->u.address.record);
	else
		free(d->address[at].record.p);
	d->address[at].device = item->u.address.device;
	d->address[at].record = bytes_copy(item->u.address.record);
}

static void commit_invite(struct disk *d, const struct tuy_store_item *item)
{
	uint32_t at = 0;

	while (at < d->invite_count && memcmp(&d->invite[at].pk, &item->u.invite.pk, 32) != 0)
		at++;
	disk_must(at < INVITES_MAX, "too many invites");
	d->invite_count += at == d->invite_count;
	d->invite[at] = item->u.invite;
}

static void commit_item(struct disk *d, const struct tuy_store_item *item)
{
	switch (item->kind) {
	case TUY_STORE_CIRCLE:
		d->circle[item->circle_no].used = true;
		d->circle[item->circle_no].id = item->u.circle.id;
		break;
	case TUY_STORE_OP:
		disk_must(d->op_count < OPS_MAX, "too many operations");
		d->op[d->op_count].circle_no = item->circle_no;
		d->op[d->op_count].bytes.p = copy(item->u.op.bytes.p, item->u.op.bytes.len);
		d->op[d->op_count++].bytes.len = item->u.op.bytes.len;
		break;
	case TUY_STORE_EPOCH:
		disk_must(d->epoch_count < 64, "too many epochs");
		d->epoch[d->epoch_count].circle_no = item->circle_no;
		d->epoch[d->epoch_count].id = item->u.epoch.id;
		d->epoch[d->epoch_count++].key = item->u.epoch.key;
		break;
	case TUY_STORE_LOG:
		commit_log(d, item);
		break;
	case TUY_STORE_ENTRIES:
		commit_entries(d, item);
		break;
	case TUY_STORE_BLOB: {
		struct disk_log *log = &d->log[item->log_no];
		uint32_t at = item->u.blob.seq - 1;

		disk_must(item->u.blob.seq <= log->state.head.seq, "a blob past the head");
		if (log->gone[at] ||
		    log->headers[(size_t)at * 64] == 0) { /* while it was on its way */
			log->touched = true;
			break;
		}
		disk_must(!log->blobs[at].p, "a payload that was there already");
		log->blobs[at].p = copy(item->u.blob.blob.p, item->u.blob.blob.len);
		log->blobs[at].len = item->u.blob.blob.len;
		log->state.missing--;
		break;
	}
	case TUY_STORE_ADDRESS:
		commit_address(d, item);
		break;
	case TUY_STORE_INVITE:
		commit_invite(d, item);
		break;
	case TUY_STORE_CUT:
		if (!d->uncut)
			disk_void_cut(&d->log[item->log_no], item);
		break;
	case TUY_STORE_PRIVATE: /* nor has private rows */
	case TUY_STORE_SPENT:
		break; /* nothing here publishes again */
	case TUY_STORE_VOIDED:
		disk_void_add(&d->log[item->log_no], item);
		break;
	case TUY_STORE_RETRACT:
		disk_retract(d, item);
		break;
	case TUY_STORE_RECEIPT:
		disk_receipt(d, item);
		break;
	case TUY_STORE_BASE:
		commit_base(d, item);
		break;
	case TUY_STORE_INCARNATION:
		d->incarnation = item->u.incarnation;
		d->has_incarnation = true;
		break;
	case TUY_STORE_SETTLED:
		d->settled[item->circle_no] = item->u.incarnation;
		break;
	}
}

static uint32_t ops_of(const struct disk *d, uint32_t circle_no)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < d->op_count; i++)
		count += d->op[i].circle_no == circle_no;
	return count;
}

bool disk_accepts(const struct disk *d, const struct disk_ticket *ticket)
{
	uint32_t ops = 0, logs = 0;

	for (uint32_t i = 0; i < ticket->count; i++) {
		const struct tuy_store_item *item = &ticket->items[i];
		uint32_t head = 0;

		if (item->kind == TUY_STORE_OP &&
		    item->u.op.index != ops_of(d, item->circle_no) + ops++)
			return false;
		if (item->kind == TUY_STORE_LOG && item->log_no != d->log_count + logs++)
			return false;
		if (item->kind == TUY_STORE_ENTRIES && item->log_no >= d->log_count + logs)
			return false;
		if (item->kind == TUY_STORE_ENTRIES && item->log_no < d->log_count)
			head = d->log[item->log_no].state.head.seq;
		for (uint32_t k = 0; k < i && item->kind == TUY_STORE_ENTRIES; k++) {
			if (ticket->items[k].kind == TUY_STORE_ENTRIES &&
			    ticket->items[k].log_no == item->log_no)
				head = ticket->items[k].u.entries.head.seq;
		}
		if (item->kind == TUY_STORE_ENTRIES && item->u.entries.from != head + 1)
			return false;
	}
	return true;
}

uint32_t disk_ticket_own(const struct disk_ticket *ticket,
                         const struct tuy_incarnation *incarnation, const struct disk *d)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < ticket->count; i++) {
		const struct tuy_store_item *item = &ticket->items[i];

		if (item->kind == TUY_STORE_ENTRIES &&
		    memcmp(&d->log[item->log_no].state.incarnation, incarnation,
		           sizeof *incarnation) == 0)
			count += item->u.entries.count;
	}
	return count;
}

void disk_commit(struct disk *d, const struct disk_ticket *ticket)
{
	for (uint32_t i = 0; i < ticket->count; i++)
		commit_item(d, &ticket->items[i]);
}

void disk_log_back(struct disk *d, const struct tuy_log_state *state)
{
	struct disk_log *log = &d->log[state->log_no];

	for (uint32_t k = state->head.seq; k < log->state.head.seq; k++)
		free(log->blobs[k].p);
	log->state = *state;
}

void disk_load(struct disk *d, struct tuy_node *node)
{
	for (uint32_t i = 0; i < TUY_CIRCLES_MAX; i++) {
		if (d->circle[i].used)
			disk_must(tuy_node_load_circle(node, i, &d->circle[i].id) == TUY_OK,
			          "load circle");
	}
	for (uint32_t i = 0; i < d->op_count; i++)
		disk_must(tuy_node_load_op(node, d->op[i].circle_no,
		                           (struct tuy_bytes){ d->op[i].bytes.p,
		                                               d->op[i].bytes.len }) == TUY_OK,
		          "load operation");
	for (uint32_t i = 0; i < d->epoch_count; i++)
		disk_must(tuy_node_load_epoch(node, d->epoch[i].circle_no, &d->epoch[i].id,
		                              &d->epoch[i].key) == TUY_OK,
		          "load epoch");
	for (uint32_t i = 0; i < d->log_count; i++)
		disk_must(tuy_node_load_log(node, &d->log[i].state) == TUY_OK, "load log");
	for (uint32_t i = 0; i < d->address_count; i++)
		tuy_node_load_address(node, (struct tuy_bytes){ d->address[i].record.p,
		                                                d->address[i].record.len });
	for (uint32_t i = 0; i < d->invite_count; i++)
		disk_must(tuy_node_load_invite(node, &d->invite[i]) == TUY_OK, "load invite");
	for (uint32_t c = 0; c < TUY_CIRCLES_MAX; c++)
		tuy_node_load_settled(node, c, &d->settled[c]);
}

static void read_ops(struct disk *d, const struct tuy_read *read, struct tuy_read_result *result)
{
	for (uint32_t k = 0; k < read->count; k++) {
		uint32_t seen = 0;

		for (uint32_t i = 0; i < d->op_count; i++) {
			if (d->op[i].circle_no != read->circle_no || seen++ != read->index[k])
				continue;
			result->bytes[k] =
				(struct tuy_bytes){ d->op[i].bytes.p, d->op[i].bytes.len };
			result->count++;
		}
	}
}

void disk_read(struct disk *d, const struct tuy_read *read, uint8_t headers[64 * 64],
               struct tuy_read_result *result)
{
	struct disk_log *log = &d->log[read->log_no];

	*result = (struct tuy_read_result){ .err = TUY_OK };
	if (read->kind == TUY_READ_OPS) {
		read_ops(d, read, result);
		return;
	}
	if (read->kind == TUY_READ_ERASED) {
		disk_read_erased(d, read, result);
		return;
	}
	if (read->kind == TUY_READ_ENTRIES && read->from <= log->state.base_seq) {
		result->base = log->checkpointed[log->state.base_seq / 64 - 1];
		result->sig = log->checkpoints[log->state.base_seq / 64 - 1];
		return;
	}
	if (read->kind == TUY_READ_MISSING) {
		for (uint32_t i = read->from - 1;
		     i < log->state.head.seq && result->count < read->count; i++) {
			const uint8_t *header = log->headers + (size_t)i * 64;

			if (!log->blobs[i].p && !log->gone[i] && (header[1] & TUY_HEADER_PAYLOAD))
				memcpy(headers + (size_t)result->count++ * 64, header, 64);
		}
		result->headers = headers;
		return;
	}
	if (disk_void_read(log, read, headers, result))
		return;
	result->count = read->count;
	for (uint32_t k = 0; k < read->count; k++) {
		uint32_t seq = read->kind == TUY_READ_ENTRIES ? read->from + k : read->index[k];

		disk_must(seq >= 1 && (read->kind == TUY_READ_BLOBS || seq <= log->state.head.seq),
		          "a read past the head");
		if (seq <= log->state.head.seq)
			result->bytes[k] = (struct tuy_bytes){ log->blobs[seq - 1].p,
				                               log->blobs[seq - 1].len };
		if (seq <= log->state.head.seq && !result->bytes[k].p)
			result->gone[k] = (enum tuy_gone_reason)log->gone[seq - 1];
		if (read->kind == TUY_READ_ENTRIES)
			memcpy(headers + (size_t)k * 64, log->headers + (size_t)(seq - 1) * 64, 64);
	}
	result->headers = headers;
	if (read->kind == TUY_READ_ENTRIES && (read->from + read->count - 1) % 64 == 0)
		result->sig = log->checkpoints[(read->from + read->count - 1) / 64 - 1];
}

uint32_t disk_peers_known(const struct disk *d)
{
	return d->address_count;
}

void disk_peers_lose(struct disk *d)
{
	for (uint32_t i = 0; i < d->address_count; i++) {
		free(d->address[i].record.p);
		free(d->address[i].first.p);
	}
	d->address_count = 0;
}

void disk_peers_lie(struct disk *d)
{
	for (uint32_t i = 0; i < d->address_count; i++) {
		struct tuy_bytes first = { d->address[i].first.p, d->address[i].first.len };

		free(d->address[i].record.p);
		d->address[i].record = bytes_copy(first);
		if (i % 3 == 0)
			d->address[i].record.p[first.len / 2] ^= 4;
	}
}

struct disk *disk_copy(const struct disk *from)
{
	struct disk *d = copy(from, sizeof *from);

	d->tombstone = copy(from->tombstone, from->tombstone_count * sizeof *d->tombstone);
	d->receipt = copy(from->receipt, from->receipt_count * sizeof *d->receipt);
	for (uint32_t i = 0; i < d->op_count; i++)
		d->op[i].bytes.p = copy(from->op[i].bytes.p, from->op[i].bytes.len);
	for (uint32_t i = 0; i < d->address_count; i++) {
		const struct bytes *record = &from->address[i].record,
				   *first = &from->address[i].first;

		d->address[i].record = bytes_copy((struct tuy_bytes){ record->p, record->len });
		d->address[i].first = bytes_copy((struct tuy_bytes){ first->p, first->len });
	}
	for (uint32_t i = 0; i < d->log_count; i++) {
		struct disk_log *to = &d->log[i];
		const struct disk_log *log = &from->log[i];

		to->headers = copy(log->headers, (size_t)log->cap * 64);
		to->blobs = copy(log->blobs, log->cap * sizeof *log->blobs);
		to->checkpoints = copy(log->checkpoints,
		                       log->cap ? (log->cap / 64 + 1) * sizeof(struct tuy_sig) : 0);
		to->checkpointed =
			copy(log->checkpointed,
		             log->cap ? (log->cap / 64 + 1) * sizeof(struct tuy_head) : 0);
		to->gone = copy(log->gone, log->cap);
		for (uint32_t k = 0; k < log->state.head.seq; k++)
			to->blobs[k].p =
				log->blobs[k].p ? copy(log->blobs[k].p, log->blobs[k].len) : NULL;
		disk_void_copy(to, log);
	}
	return d;
}

const struct tuy_incarnation *disk_incarnation(const struct disk *d)
{
	return d->has_incarnation ? &d->incarnation : NULL;
}

void disk_incarnation_set(struct disk *d, const struct tuy_incarnation *incarnation)
{
	d->incarnation = *incarnation;
	d->has_incarnation = true;
}

void disk_ticket_runs(const struct disk *d, const struct disk_ticket *ticket, disk_on_run *on_run,
                      void *context)
{
	for (uint32_t i = 0; i < ticket->count; i++) {
		const struct tuy_store_item *item = &ticket->items[i];

		if (item->kind == TUY_STORE_ENTRIES)
			on_run(context, &d->log[item->log_no].id, item->u.entries.from,
			       item->u.entries.count, item->u.entries.headers);
	}
}

uint32_t disk_log_count(const struct disk *d)
{
	return d->log_count;
}

const struct disk_log *disk_log(const struct disk *d, uint32_t log_no)
{
	return &d->log[log_no];
}

const struct disk_log *disk_log_find(const struct disk *d, const struct tuy_log_id *id)
{
	for (uint32_t i = 0; i < d->log_count; i++) {
		if (memcmp(&d->log[i].id, id, sizeof *id) == 0)
			return &d->log[i];
	}
	return NULL;
}

void disk_leave_uncut(struct disk *d)
{
	d->uncut = true;
}
