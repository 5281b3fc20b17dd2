/*
 * What a change means for the links: new entries, operations, addresses, members; which circles a
 * link shares, and which of two links stays. Only flags are set here; what is due is written by
 * session.c and push.c.
 */
#include "machine.h"

#include <sodium.h>
#include <string.h>

/* Looks at one log for one link: is there something to push, or a head to tell of? */
void tuy_spread_refresh(struct tuy_node *n, struct tuy_now now, struct link *link, uint32_t log_no)
{
	const struct log *log = &n->log[log_no];
	struct peer_log *pl = tuy_peer_log_of(n, link, log_no);

	if (log->cutting || link->state != LINK_UP || !link->circle[log->circle_no].shared ||
	    !link->circle[log->circle_no].frontier_known)
		return;
	if (larger(pl->known, pl->sent) < log->durable.seq && !(pl->flags & PEER_LOG_LAZY))
		bit_set(link_dirty(n, link), log_no);
	else if (pl->told < log->durable.seq && !(pl->flags & PEER_LOG_TELL)) {
		pl->flags |= PEER_LOG_TELL;
		if (link->have_due_ms == 0)
			link->have_due_ms = now.ms + HAVE_DELAY_MS;
	}
}

void tuy_spread_log(struct tuy_node *n, struct tuy_now now, uint32_t log_no)
{
	n->log[log_no].touched = ++n->changes;
	for (uint32_t i = 0; i < n->cap.links; i++)
		tuy_spread_refresh(n, now, &n->link[i], log_no);
}

void tuy_spread_ops(struct tuy_node *n, uint32_t circle_no)
{
	for (uint32_t i = 0; i < n->cap.links; i++) {
		struct link_circle *lc = &n->link[i].circle[circle_no];

		if (n->link[i].state == LINK_UP && lc->shared && lc->ops_known)
			lc->need_ops = true;
	}
}

void tuy_spread_address(struct tuy_node *n, uint32_t peer, const struct link *except)
{
	for (uint32_t i = 0; i < n->cap.links; i++) {
		struct link *link = &n->link[i];

		if (link->state != LINK_UP || link == except)
			continue;
		for (uint32_t c = 0; c < n->cap.circles; c++) {
			if (!link->circle[c].shared || !(n->peer[peer].circles & (1u << c)))
				continue;
			bit_set(link->peers_due, peer);
			link->circle[c].need_peers = true;
			break;
		}
	}
}

void tuy_spread_frontier(struct tuy_node *n, uint32_t circle_no)
{
	for (uint32_t i = 0; i < n->cap.links; i++) {
		struct link_circle *lc = &n->link[i].circle[circle_no];

		if (n->link[i].state == LINK_UP && lc->shared) {
			lc->need_frontier = true;
			lc->frontier_at = 0;
		}
	}
}

/* PROTOCOL 7.7: "so a wrong digest does no harm for long" */
void tuy_spread_time(struct tuy_node *n, struct tuy_now now)
{
	struct link *chosen = NULL;
	uint32_t count = 0;

	if (now.ms < n->look_ms)
		return;
	n->look_ms = now.ms + LOOK_MS * 8 / 10 + tuy_dice_below(&n->dice, LOOK_MS * 4 / 10);
	for (uint32_t i = 0; i < n->cap.links; i++) {
		if (n->link[i].state == LINK_UP && !n->link[i].close_due &&
		    tuy_dice_below(&n->dice, ++count) == 0)
			chosen = &n->link[i];
	}
	for (uint32_t c = 0; chosen && c < n->cap.circles; c++) {
		struct link_circle *lc = &chosen->circle[c];

		if (!lc->shared || lc->need_frontier)
			continue;
		lc->need_heads = true;
		lc->need_frontier = true;
		lc->frontier_at = 0;
	}
}

/* Both ends hold the same: nothing needs to be said. */
static void circle_agreed(struct tuy_node *n, struct link *link, uint32_t circle_no)
{
	struct link_circle *lc = &link->circle[circle_no];

	lc->ops_known = true;
	lc->frontier_known = true;
	lc->in_doubt = false;
	lc->agreed = true;
	memset(tuy_peer_has_of(n, link, circle_no), 0xff, n->op_words * sizeof(uint64_t));
	for (uint32_t w = 0; w < n->op_words; w++) { /* operations that come later are not had */
		for (uint32_t b = 0; b < 64; b++) {
			if (w * 64 + b >= n->circle[circle_no].op_count)
				bit_clear(tuy_peer_has_of(n, link, circle_no), w * 64 + b);
		}
	}
	for (uint32_t i = 0; i < n->log_count; i++) {
		struct peer_log *pl = tuy_peer_log_of(n, link, i);

		if (n->log[i].circle_no != circle_no)
			continue;
		pl->known = pl->sent = pl->told = pl->announced = n->log[i].durable.seq;
		bit_clear(link_dirty(n, link), i);
	}
}

static void share(struct tuy_node *n, struct tuy_now now, struct link *link, uint32_t circle_no,
                  const struct tuy_hello_tag *tag)
{
	struct link_circle *lc = &link->circle[circle_no];
	bool same = memcmp(&tag->digest, tuy_circle_digest(n, circle_no), sizeof tag->digest) == 0;

	(void)now;
	if (memcmp(tag->book, tuy_circle_book(n, circle_no), sizeof tag->book) != 0) {
		lc->need_peers = true;
		for (uint32_t i = 0; i < n->peer_count; i++) {
			if (n->peer[i].circles & (1u << circle_no))
				bit_set(link->peers_due, i);
		}
	}
	if (lc->shared) {
		if (same && !lc->frontier_known)
			circle_agreed(n, link, circle_no);
		return;
	}
	*lc = (struct link_circle){ .shared = true,
		                    .index = lc->index,
		                    .need_peers = lc->need_peers,
		                    .receipts_due = true };
	memset(tuy_peer_has_of(n, link, circle_no), 0, n->op_words * sizeof(uint64_t));
	if (same) {
		circle_agreed(n, link, circle_no);
		return;
	}
	lc->need_heads = true;
	lc->need_frontier = true;
}

struct tuy_tag tuy_connection_tag(const struct tuy_node *n, const struct link *link,
                                  uint32_t circle_no, uint8_t role)
{
	struct tuy_secret id, key;
	uint8_t message[33];
	struct tuy_tag tag;

	memcpy(id.b, n->circle[circle_no].id.b, sizeof id.b);
	key = tuy_kdf(&id, "tuycircl", 1);
	memcpy(message, tuy_noise_hash_after_2(&link->noise)->b, 32);
	message[32] = role;
	crypto_generichash(tag.b, sizeof tag.b, message, sizeof message, key.b, sizeof key.b);
	return tag;
}

void tuy_link_match(struct tuy_node *n, struct tuy_now now, struct link *link)
{
	uint8_t role = link->direction == TUY_INCOMING ? 0 : 1; /* the other end's */

	if (!link->hello_got)
		return;
	for (uint32_t i = 0; i < link->peer_count; i++)
		link->peer_circle[i] = NONE;
	for (uint32_t c = 0; c < n->cap.circles; c++) {
		struct tuy_tag tag;
		bool member = link->joined_circle == c ||
		              (link->peer != NONE && (n->peer[link->peer].circles & (1u << c)));

		if (!n->circle[c].used || !member)
			continue;
		tag = tuy_connection_tag(n, link, c, role);
		for (uint32_t i = 0; i < link->peer_count; i++) {
			if (memcmp(&tag, &link->peer_tag[i].ctag, sizeof tag) != 0)
				continue;
			link->peer_circle[i] = c;
			share(n, now, link, c, &link->peer_tag[i]);
			break;
		}
	}
	for (uint32_t c = 0; c < n->cap.circles; c++) { /* a circle that is in the list no more */
		bool listed = false;

		for (uint32_t i = 0; i < link->peer_count; i++)
			listed = listed || link->peer_circle[i] == c;
		link->circle[c].shared = link->circle[c].shared && listed;
	}
}

void tuy_hello_again(struct tuy_node *n)
{
	for (uint32_t i = 0; i < n->cap.links; i++) {
		if (n->link[i].state == LINK_UP)
			n->link[i].hello_due = true;
	}
}

/* PROTOCOL 5.3: "One link a pair of *processes*" */
static bool is_one_process(const struct link *a, const struct link *b)
{
	return !a->boot_known || !b->boot_known ||
	       memcmp(a->boot_id, b->boot_id, sizeof a->boot_id) == 0;
}

/* Does `link`, which is new, stay, and the other one with the same process go? */
static bool link_is_kept(const struct tuy_node *n, struct tuy_now now, const struct link *link,
                         const struct link *other)
{
	bool we_are_lower =
		memcmp(n->keys->link_pk.b, tuy_noise_remote_static(&link->noise)->b, 32) < 0;

	if (link->direction == other->direction || now.ms - other->up_ms >= TUY_HANDSHAKE_MS)
		return true;
	return (link->direction == TUY_OUTGOING) == we_are_lower;
}

/* The links that stand with the same device: one with the same process gives way, or `link` does;
 * others are asked whether they live (PROTOCOL 5.7). */
static void link_settle(struct tuy_node *n, struct tuy_now now, struct link *link)
{
	uint32_t others = 0;

	for (uint32_t i = 0; i < n->cap.links && !link->close_due; i++) {
		struct link *other = &n->link[i];

		if (other == link || other->state != LINK_UP || other->close_due ||
		    other->peer != link->peer)
			continue;
		if (!is_one_process(link, other)) {
			others++;
			other->rival = link->number;
			other->ping_due = true;
			other->ping_sent_ms = 0; /* an answer on its way proves nothing */
			other->wake_due_ms = now.ms + WAKE_WAIT_MS;
		} else {
			tuy_link_close(n, link_is_kept(n, now, link, other) ? other : link,
			               TUY_CLOSE_FLUSHED, TUY_CLOSE_DUPLICATE);
		}
	}
	if (others >= TUY_LINKS_PER_DEVICE)
		tuy_link_close(n, link, TUY_CLOSE_FLUSHED, TUY_CLOSE_FULL);
}

/* One link more than there are places (PROTOCOL 7.9): of the outgoing ones, or of all, the oldest
 * gives way if it has stood for so long. Returns false if none has. */
enum among { AMONG_OUTGOING, AMONG_ALL };
static bool oldest_give_way(struct tuy_node *n, struct tuy_now now, const struct link *newest,
                            enum among among, uint64_t stood_ms)
{
	struct link *oldest = NULL;

	for (uint32_t i = 0; i < n->cap.links; i++) {
		struct link *link = &n->link[i];

		if (link->state == LINK_UP && !link->close_due && link != newest &&
		    (among == AMONG_ALL || link->direction == TUY_OUTGOING) &&
		    (!oldest || link->up_ms < oldest->up_ms))
			oldest = link;
	}
	if (!oldest || now.ms - oldest->up_ms < stood_ms)
		return false;
	tuy_link_close(n, oldest, TUY_CLOSE_FLUSHED, TUY_CLOSE_FULL);
	oldest->retry_s = TUY_AWAY_RETRY_S;
	return true;
}

static uint32_t outgoing_up(const struct tuy_node *n)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < n->cap.links; i++)
		count += n->link[i].state == LINK_UP && !n->link[i].close_due &&
		         n->link[i].direction == TUY_OUTGOING;
	return count;
}

void tuy_link_up(struct tuy_node *n, struct tuy_now now, struct link *link)
{
	uint32_t place = place_of(n, link);
	bool was_guest = link->state == LINK_GUEST;
	struct tell *t;

	link->state = LINK_UP;
	link->up_ms = now.ms;
	link->forget_ms = now.ms + PRUNE_LIFE_MS;
	link->ping_next_ms = now.ms + TUY_PING_IDLE_MS * 8 / 10 +
	                     tuy_dice_below(&n->dice, TUY_PING_IDLE_MS * 4 / 10);
	memset(&n->peer_log[(size_t)place * n->cap.logs], 0, n->log_count * sizeof *n->peer_log);
	memset(&n->dirty[(size_t)place * n->log_words], 0, n->log_words * sizeof *n->dirty);
	if (link->peer == NONE)
		return;
	link_settle(n, now, link);
	if (!link->close_due && tuy_links_up(n) > TUY_LINKS_MAX &&
	    !oldest_give_way(n, now, link, AMONG_ALL, was_guest ? 0 : TUY_LINK_STAY_S * 1000ull))
		tuy_link_close(n, link, TUY_CLOSE_FLUSHED, TUY_CLOSE_FULL);
	if (link->close_due)
		return;
	n->peer[link->peer].dial_backoff_ms = 0;
	n->peer[link->peer].link = place;
	if (link->direction == TUY_OUTGOING && outgoing_up(n) > DIAL_MAX)
		oldest_give_way(n, now, link, AMONG_OUTGOING, 0);
	t = tuy_node_tell(n, TUY_TELL_LINK_UP);
	t->tell.link = link->number;
	t->tell.device = n->peer[link->peer].device;
}

void tuy_spread_member(struct tuy_node *n, struct tuy_now now, uint32_t circle_no,
                       uint32_t op_index)
{
	struct tuy_circle_state *c = &n->circle[circle_no];
	uint32_t made = c->op[op_index].made;

	n->own[circle_no].digest_valid = false;
	if (made == NONE)
		return;
	n->own[circle_no].book_valid = false;
	if (c->device[made].peer == NONE)
		c->device[made].peer = tuy_peer_get(n, &c->device[made].cert);
	if (c->device[made].peer == NONE)
		return;
	n->peer[c->device[made].peer].circles |= 1u << circle_no;
	n->address_due = n->address_due || n->peer[c->device[made].peer].is_self;
	tuy_dial_reset(n, now, c->device[made].peer);
	for (uint32_t i = 0; i < n->cap.links; i++) {
		struct link *link = &n->link[i];

		if (link->state != LINK_UP)
			continue;
		if (link->peer == NONE &&
		    memcmp(tuy_noise_remote_static(&link->noise), &c->device[made].cert.link_pk,
		           sizeof(struct tuy_link_pk)) == 0)
			link->peer = c->device[made].peer, n->peer[link->peer].link = i;
		if (link->peer == c->device[made].peer)
			tuy_link_match(n, now, link);
	}
	if (n->own[circle_no].orphans)
		tuy_spread_frontier(n, circle_no);
	n->own[circle_no].orphans = false;
}

enum tuy_err tuy_address_learn(struct tuy_node *n, struct tuy_now now, struct tuy_bytes record,
                               uint32_t *peer_no)
{
	struct tuy_address_record parsed;
	enum tuy_err err = tuy_address_record_parse(record, &parsed);
	struct peer *peer;

	if (err != TUY_OK)
		return err;
	*peer_no = tuy_peer_find(n, &parsed.device);
	if (*peer_no == NONE || record.len > sizeof peer->record)
		return TUY_E_UNKNOWN;
	peer = &n->peer[*peer_no];
	if (peer->record_len > 0 && parsed.counter <= peer->address.counter)
		return TUY_E_CONFLICT;
	memcpy(peer->record, record.p, record.len);
	peer->record_len = (uint32_t)record.len;
	peer->address = parsed;
	peer->address_next = 0;
	if (peer->is_self && parsed.counter > n->self_counter) {
		n->self_counter = parsed.counter;
		n->address_due = true; /* an older one of ours, if the store was lost; or a clone's
		                        */
		n->address_ms = n->address_last_ms ? n->address_last_ms + ADDRESS_PAUSE_MS : 0;
	}
	for (uint32_t c = 0; c < n->cap.circles; c++) {
		if (peer->circles & (1u << c))
			n->own[c].book_valid = false;
	}
	tuy_dial_reset(n, now, *peer_no);
	return TUY_OK;
}

static bool same_addresses(const struct tuy_address_record *a, const struct tuy_address_record *b)
{
	if (a->count != b->count)
		return false;
	for (uint32_t i = 0; i < a->count; i++) {
		if (a->address[i].port != b->address[i].port ||
		    memcmp(a->address[i].ip, b->address[i].ip, 16) != 0)
			return false;
	}
	return true;
}

void tuy_address_publish(struct tuy_node *n, struct tuy_now now)
{
	uint32_t peer = tuy_peer_find(n, &n->keys->device);
	struct tuy_store_item *item;
	struct stage *s;

	if (!n->address_due || peer == NONE || n->self_address.count == 0)
		return; /* in no circle yet, or nothing to say */
	if (n->peer[peer].record_len > 0 &&
	    same_addresses(&n->peer[peer].address, &n->self_address)) {
		n->address_due = false;
		return;
	}
	s = now.ms < n->address_ms ? NULL : tuy_stage_take(n, NULL);
	if (!s)
		return; /* at a later call */
	n->address_due = false;
	n->address_last_ms = now.ms ? now.ms : 1;
	/* The clock only makes the counter grow after a store was lost; nothing is judged by it. */
	n->self_address.counter = n->self_counter >= now.wall_s ? n->self_counter + 1 : now.wall_s;
	tuy_require(tuy_address_record_create(n->keys->sign_sk, &n->self_address, s->bytes,
	                                      STAGE_BYTES, &s->len) == TUY_OK);
	tuy_require(tuy_address_learn(n, now, (struct tuy_bytes){ s->bytes, s->len }, &peer) ==
	            TUY_OK);
	item = tuy_stage_item(s, TUY_STORE_ADDRESS, 0);
	item->u.address.device = n->keys->device;
	item->u.address.record = (struct tuy_bytes){ s->bytes, s->len };
	tuy_stage_commit(n, s);
	tuy_spread_address(n, peer, NULL);
}
