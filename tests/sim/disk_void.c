#include "disk_void.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *copy(const void *p, size_t len)
{
	void *to = malloc(len ? len : 1);

	if (!to)
		abort();
	if (len)
		memcpy(to, p, len);
	return to;
}

static const struct disk_void *find(const struct disk_log *log, uint32_t seq, const uint8_t *header)
{
	for (uint32_t i = 0; i < log->voided_count; i++) {
		if (log->voided[i].seq == seq &&
		    (!header || memcmp(log->voided[i].header, header, 64) == 0))
			return &log->voided[i];
	}
	return NULL;
}

static struct disk_void *add(struct disk_log *log, uint32_t seq, const uint8_t *header)
{
	struct disk_void *v;

	log->voided = realloc(log->voided, (log->voided_count + 1) * sizeof *log->voided);
	if (!log->voided)
		abort();
	v = &log->voided[log->voided_count++];
	*v = (struct disk_void){ .seq = seq };
	memcpy(v->header, header, 64);
	return v;
}

static struct tuy_sig sig_at(const struct disk_log *log, uint32_t seq)
{
	if (seq == log->state.head.seq)
		return log->state.sig;
	return seq % 64 == 0 && seq > 0 ? log->checkpoints[seq / 64 - 1] : (struct tuy_sig){ 0 };
}

/* `seq`: 0 or a checkpoint */
static struct tuy_hash hash_at(const struct disk_log *log, uint32_t seq)
{
	return seq > 0 ? log->checkpointed[seq / 64 - 1].hash : tuy_chain_start(&log->id);
}

/* The log was begun beyond `seq` (BASE): what it was there is not known, and it begins anew. */
static void empty(struct disk_log *log, uint32_t seq)
{
	for (uint32_t at = 0; at < seq; at++) {
		log->state.missing -= !log->blobs[at].p && !log->gone[at] &&
		                      (log->headers[(size_t)at * 64 + 1] & TUY_HEADER_PAYLOAD);
		free(log->blobs[at].p);
		log->blobs[at].p = NULL;
	}
}

void disk_void_cut(struct disk_log *log, const struct tuy_store_item *item)
{
	uint32_t seq = item->u.cut.seq, head = log->state.head.seq;

	free(log->proof);
	log->proof = copy(item->u.cut.proof.p, item->u.cut.proof.len);
	log->proof_len = item->u.cut.proof.len;
	log->state.forked = true;
	log->state.cut = seq;
	if (head <= seq)
		return;
	for (uint32_t s = (seq > log->state.base_seq ? seq : log->state.base_seq) + 1; s <= head;
	     s++) {
		const uint8_t *header = log->headers + (size_t)(s - 1) * 64;
		struct disk_void *v = add(log, s, header);

		v->blob = log->blobs[s - 1].p;
		v->blob_len = log->blobs[s - 1].len;
		v->sig = sig_at(log, s);
		log->state.missing -=
			!v->blob && (header[1] & TUY_HEADER_PAYLOAD) && !log->gone[s - 1];
		log->blobs[s - 1].p = NULL;
		log->gone[s - 1] = 0;
	}
	if (seq > 0 && log->checkpointed[seq / 64 - 1].seq != seq) {
		empty(log, seq);
		seq = 0;
	}
	if (log->state.base_seq > seq)
		log->state.base_seq = seq;
	log->state.sig = sig_at(log, seq);
	log->state.head = (struct tuy_head){ seq, hash_at(log, seq) };
}

void disk_void_add(struct disk_log *log, const struct tuy_store_item *item)
{
	for (uint32_t i = 0; i < item->u.entries.count; i++) {
		const uint8_t *header = item->u.entries.headers + (size_t)i * 64;
		const struct tuy_bytes *blob = &item->u.entries.blobs[i];
		struct disk_void *v =
			(struct disk_void *)find(log, item->u.entries.from + i, header);

		if (!v)
			v = add(log, item->u.entries.from + i, header);
		if (v->blob || !blob->p)
			continue;
		v->blob = copy(blob->p, blob->len);
		v->blob_len = blob->len;
	}
}

static void block_read(const struct disk_log *log, uint32_t from, uint8_t *headers,
                       struct tuy_read_result *result)
{
	uint32_t head = log->state.head.seq;

	if (from <= log->state.base_seq)
		return;
	if (from <= head + 1)
		result->head = (struct tuy_head){ from - 1, hash_at(log, from - 1) };
	for (uint32_t seq = from; seq < from + 64; seq++) {
		const struct disk_void *v = seq > head ? find(log, seq, NULL) : NULL;

		if (seq > head && !v)
			break;
		memcpy(headers + (size_t)(seq - from) * 64,
		       v ? v->header : log->headers + (size_t)(seq - 1) * 64, 64);
		result->bytes[seq - from] =
			v ? (struct tuy_bytes){ v->blob, v->blob_len }
			  : (struct tuy_bytes){ log->blobs[seq - 1].p, log->blobs[seq - 1].len };
		result->sig = v ? v->sig : sig_at(log, seq);
		result->count++;
	}
	result->headers = headers;
}

bool disk_void_read(const struct disk_log *log, const struct tuy_read *read,
                    uint8_t headers[64 * 64], struct tuy_read_result *result)
{
	if (read->kind == TUY_READ_BLOCK) {
		block_read(log, read->from, headers, result);
	} else if (read->kind == TUY_READ_HEAD) {
		result->head = log->state.head;
		result->sig = log->state.sig;
		result->missing = log->state.missing;
		result->base.seq = log->state.base_seq;
	} else if (read->kind == TUY_READ_PROOF) {
		result->count = log->proof != NULL;
		result->bytes[0] = (struct tuy_bytes){ log->proof, log->proof_len };
	} else {
		return false;
	}
	return true;
}

void disk_void_copy(struct disk_log *to, const struct disk_log *from)
{
	to->voided = copy(from->voided, from->voided_count * sizeof *from->voided);
	for (uint32_t i = 0; i < from->voided_count; i++) {
		if (from->voided[i].blob)
			to->voided[i].blob = copy(from->voided[i].blob, from->voided[i].blob_len);
	}
	if (from->proof)
		to->proof = copy(from->proof, from->proof_len);
}

void disk_void_free(struct disk_log *log)
{
	for (uint32_t i = 0; i < log->voided_count; i++)
		free(log->voided[i].blob);
	free(log->voided);
	free(log->proof);
}
