/*
 * The tables of the node: logs, peers, links, what is to be told; the digests over them. Nothing
 * here has consequences for anything else: those are spread.c's.
 */
#include "machine.h"

#include <sodium.h>
#include <string.h>

struct tell *tuy_node_tell(struct tuy_node *n, enum tuy_tell_kind kind)
{
	struct tell *t;

	if (n->tell_count == TELLS_MAX) { /* the host did not drain: the oldest gives way */
		n->tell_first = (n->tell_first + 1) % TELLS_MAX;
		n->tell_count--;
	}
	t = &n->tell[(n->tell_first + n->tell_count) % TELLS_MAX];
	n->tell_count++;
	*t = (struct tell){ .tell = { .kind = kind } };
	return t;
}

void tuy_node_fault(struct tuy_node *n, const struct link *link, enum tuy_err err)
{
	struct tell *t;

	if (n->tell_count > TELLS_MAX / 2)
		return; /* for the log only */
	t = tuy_node_tell(n, TUY_TELL_FAULT);
	t->tell.link = link->number;
	t->tell.err = err;
	if (link->peer != NONE)
		t->tell.device = n->peer[link->peer].device;
}

static uint32_t log_slot(const struct tuy_node *n, const struct tuy_log16 *log16)
{
	uint32_t at = tuy_get32(log16->b) & (n->log_hash_size - 1);

	while (n->log_hash[at] &&
	       memcmp(&n->log[n->log_hash[at] - 1].log16, log16, sizeof *log16) != 0)
		at = (at + 1) & (n->log_hash_size - 1);
	return at;
}

uint32_t tuy_log_find(const struct tuy_node *n, const struct tuy_log16 *log16)
{
	uint32_t at = log_slot(n, log16);

	return n->log_hash[at] ? n->log_hash[at] - 1 : NONE;
}

uint32_t tuy_log_create(struct tuy_node *n, uint32_t circle_no, uint32_t device,
                        const struct tuy_incarnation *incarnation)
{
	const struct tuy_circle_state *c = &n->circle[circle_no];
	uint32_t no = n->log_count, at;
	struct log *log = &n->log[no];

	if (no == n->cap.logs)
		return NONE;
	*log = (struct log){ .circle_no = circle_no,
		             .device = device,
		             .incarnation = *incarnation,
		             .getb_link = NONE,
		             .cut = TUY_NO_CUT,
		             .touched = ++n->changes };
	log->id = tuy_log_id(&c->id, &c->device[device].cert.device, incarnation);
	log->log16 = tuy_log16(&log->id);
	log->durable.hash = tuy_chain_start(&log->id);
	log->staged = log->durable;
	log->mine = memcmp(&c->device[device].cert.device, &n->keys->device,
	                   sizeof n->keys->device) == 0;
	if (log->mine && memcmp(incarnation, &n->incarnation, sizeof *incarnation) == 0) {
		log->own = true;
		n->own[circle_no].own_log = no;
	}
	n->log_hash[log_slot(n, &log->log16)] = no + 1;
	for (at = no;
	     at > 0 && memcmp(&n->log[n->log_order[at - 1]].id, &log->id, sizeof log->id) > 0; at--)
		n->log_order[at] = n->log_order[at - 1];
	n->log_order[at] = no;
	n->log_count++;
	for (uint32_t i = 0; i < n->cap.links; i++)
		n->peer_log[(size_t)i * n->cap.logs + no] = (struct peer_log){ 0 };
	return no;
}

uint32_t tuy_peer_find(const struct tuy_node *n, const struct tuy_device *device)
{
	uint32_t low = 0, high = n->peer_count;

	while (low < high) {
		uint32_t middle = (low + high) / 2;
		int order = memcmp(&n->peer[n->peer_order[middle]].device, device, sizeof *device);

		if (order == 0)
			return n->peer_order[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NONE;
}

uint32_t tuy_peer_find_link(const struct tuy_node *n, const struct tuy_link_pk *link_pk)
{
	for (uint32_t i = 0; i < n->peer_count; i++) {
		if (memcmp(&n->peer[i].link_pk, link_pk, sizeof *link_pk) == 0)
			return i;
	}
	return NONE;
}

uint32_t tuy_peer_get(struct tuy_node *n, const struct tuy_cert *cert)
{
	uint32_t no = tuy_peer_find(n, &cert->device), at;

	if (no != NONE || n->peer_count == n->cap.peers)
		return no;
	no = n->peer_count++;
	n->peer[no] =
		(struct peer){ .device = cert->device, .link_pk = cert->link_pk, .link = NONE };
	n->peer[no].is_self = memcmp(&cert->device, &n->keys->device, sizeof cert->device) == 0;
	for (at = no; at > 0 && memcmp(&n->peer[n->peer_order[at - 1]].device, &cert->device,
	                               sizeof cert->device) > 0;
	     at--)
		n->peer_order[at] = n->peer_order[at - 1];
	n->peer_order[at] = no;
	return no;
}

static void digest_start(crypto_generichash_state *state, const char *domain, size_t size)
{
	uint8_t padded[16] = { 0 };

	memcpy(padded, domain, strlen(domain));
	crypto_generichash_init(state, NULL, 0, size);
	crypto_generichash_update(state, padded, sizeof padded);
}

/* PROTOCOL 7.1 */
const struct tuy_tag *tuy_circle_digest(struct tuy_node *n, uint32_t circle_no)
{
	struct own_circle *own = &n->own[circle_no];
	struct tuy_hash heads[64];
	crypto_generichash_state state;
	uint32_t count;

	if (own->digest_valid)
		return &own->digest;
	digest_start(&state, "tuyau digest v1", sizeof own->digest.b);
	count = tuy_circle_heads(&n->circle[circle_no], heads, 64);
	crypto_generichash_update(&state, heads[0].b, count * sizeof heads[0]);
	for (uint32_t i = 0; i < n->log_count; i++) {
		const struct log *log = &n->log[n->log_order[i]];
		uint8_t seq[4];

		if (log->circle_no != circle_no || log->durable.seq == 0)
			continue;
		tuy_put32(seq, log->durable.seq);
		crypto_generichash_update(&state, log->id.b, sizeof log->id.b);
		crypto_generichash_update(&state, seq, sizeof seq);
		crypto_generichash_update(&state, log->durable.hash.b, sizeof log->durable.hash.b);
	}
	crypto_generichash_final(&state, own->digest.b, sizeof own->digest.b);
	own->digest_valid = true;
	return &own->digest;
}

/* PROTOCOL 5.6 */
const uint8_t *tuy_circle_book(struct tuy_node *n, uint32_t circle_no)
{
	struct own_circle *own = &n->own[circle_no];
	crypto_generichash_state state;
	struct tuy_hash hash;

	if (own->book_valid)
		return own->book;
	digest_start(&state, "tuyau book v1", sizeof hash.b);
	for (uint32_t i = 0; i < n->peer_count; i++) {
		const struct peer *peer = &n->peer[n->peer_order[i]];
		uint8_t counter[8];

		if (!(peer->circles & (1u << circle_no)) || peer->record_len == 0)
			continue;
		tuy_put64(counter, peer->address.counter);
		crypto_generichash_update(&state, peer->device.b, sizeof peer->device.b);
		crypto_generichash_update(&state, counter, sizeof counter);
	}
	crypto_generichash_final(&state, hash.b, sizeof hash.b);
	memcpy(own->book, hash.b, sizeof own->book);
	own->book_valid = true;
	return own->book;
}

struct link *tuy_link_at(struct tuy_node *n, uint32_t number)
{
	struct link *link;

	if (number == 0)
		return NULL;
	link = &n->link[number % n->cap.links];
	return link->state != LINK_FREE && link->number == number ? link : NULL;
}

struct peer_log *tuy_peer_log_of(const struct tuy_node *n, const struct link *link, uint32_t log_no)
{
	return &n->peer_log[(size_t)place_of(n, link) * n->cap.logs + log_no];
}

uint64_t *tuy_peer_has_of(const struct tuy_node *n, const struct link *link, uint32_t circle_no)
{
	return n->peer_has + ((size_t)place_of(n, link) * n->cap.circles + circle_no) * n->op_words;
}

uint32_t tuy_link_of(const struct tuy_node *n, uint32_t peer)
{
	uint32_t newest = NONE;

	for (uint32_t i = 0; i < n->cap.links; i++) {
		const struct link *link = &n->link[i];

		if (link->state == LINK_UP && !link->close_due && link->peer == peer &&
		    (newest == NONE || link->up_ms >= n->link[newest].up_ms))
			newest = i;
	}
	return newest;
}

uint32_t tuy_links_up(const struct tuy_node *n)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < n->cap.links; i++)
		count += n->link[i].state == LINK_UP && !n->link[i].close_due;
	return count;
}

void tuy_link_close(struct tuy_node *n, struct link *link, enum tuy_close_how how, uint32_t code)
{
	if (link->close_due)
		return;
	link->close_due = true;
	link->close_how = how;
	link->close_code = code;
	link->retry_s = code == TUY_CLOSE_FULL ? TUY_FULL_RETRY_S : 0;
	if (how == TUY_CLOSE_SILENT)
		link->close_ms = TUY_SILENCE_MIN_MS +
		                 (uint32_t)tuy_dice_below(&n->dice, TUY_SILENCE_MAX_MS -
		                                                            TUY_SILENCE_MIN_MS + 1);
}

void tuy_link_seal(struct tuy_node *n, struct link *link, const struct tuy_writer *w)
{
	size_t len;

	tuy_require(w->err == TUY_OK && n->out_len == 0);
	tuy_require(tuy_noise_seal(&link->noise, tuy_written(w), n->out + 2, TUY_FRAME_MAX, &len) ==
	            TUY_OK);
	tuy_frame_header_write(n->out, len);
	n->out_len = len + 2;
	n->out_link = link->number;
}
