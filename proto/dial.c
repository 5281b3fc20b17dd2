/* Whom to call and when; who failed too often; which first frames were seen before (PROTOCOL 5.2).
 */
#include "machine.h"

#include <sodium.h>
#include <string.h>

/* Attempts and links that this device began. */
static uint32_t outgoing_count(const struct tuy_node *n)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < n->peer_count; i++)
		count += n->peer[i].dialing;
	return count;
}

/* When the next call may be made: at once, or, all places being taken, when it is time to look
 * around (PROTOCOL 7.9); never while there is no room for a link. */
static uint64_t call_ms(const struct tuy_node *n)
{
	uint32_t count = outgoing_count(n);

	return tuy_links_up(n) >= TUY_LINKS_MAX ? UINT64_MAX
	       : count < DIAL_MAX               ? 0
	       : count == DIAL_MAX              ? n->explore_ms
	                                        : UINT64_MAX;
}

static bool may_dial(const struct peer *peer)
{
	return !peer->is_self && peer->circles && peer->link == NONE && !peer->dialing &&
	       peer->record_len > 0 && peer->address.count > 0;
}

/* Also after WELCOME, until its operations came: nobody else may be known yet. */
static bool may_dial_inviter(const struct tuy_node *n)
{
	return n->join.active && n->join.link == NONE && !n->join.dialing && n->join.ticket == 0;
}

void tuy_dial_reset(struct tuy_node *n, struct tuy_now now, uint32_t peer)
{
	n->peer[peer].dial_backoff_ms = 0;
	n->peer[peer].dial_next_ms = now.ms + tuy_dice_below(&n->dice, 100);
}

void tuy_dial_later(struct tuy_node *n, struct tuy_now now, uint32_t peer, uint32_t retry_s)
{
	uint64_t ms = (retry_s < TUY_RETRY_MAX_S ? retry_s : TUY_RETRY_MAX_S) * 1000ull;

	n->peer[peer].dial_next_ms = now.ms + ms * 3 / 4 + tuy_dice_below(&n->dice, ms / 2 + 1);
}

void tuy_dial_ended(struct tuy_node *n, struct tuy_now now, uint32_t dial)
{
	struct peer *peer;

	if (dial == DIAL_JOIN) {
		n->join.dialing = false;
		return;
	}
	if (dial == 0 || dial - 1 >= n->peer_count)
		return;
	peer = &n->peer[dial - 1];
	peer->dialing = false;
	peer->address_next++;
	peer->dial_backoff_ms = peer->dial_backoff_ms == 0 ? DIAL_BACKOFF_MIN_MS
	                        : peer->dial_backoff_ms < DIAL_BACKOFF_MAX_MS / 2
	                                ? peer->dial_backoff_ms * 2
	                                : DIAL_BACKOFF_MAX_MS;
	peer->dial_next_ms = now.ms + peer->dial_backoff_ms * 3 / 4 +
	                     tuy_dice_below(&n->dice, peer->dial_backoff_ms / 2 + 1);
}

void tuy_node_on_connect_failed(struct tuy_node *n, struct tuy_now now, uint32_t dial)
{
	struct join *j = &n->join;

	tuy_dial_ended(n, now, dial);
	if (dial != DIAL_JOIN || !j->active)
		return;
	j->backoff_ms = j->backoff_ms ? (j->backoff_ms < 8000 ? j->backoff_ms * 2 : 8000) : 500;
	j->next_ms = now.ms + j->backoff_ms;
	tuy_node_tell(n, TUY_TELL_UNREACHED);
}

static void task_connect(struct tuy_task *task, uint32_t dial, const struct tuy_address *address)
{
	task->what = TUY_DO_CONNECT;
	task->u.connect.dial = dial;
	task->u.connect.address = *address;
}

/* One of the peers that are due, at random; NONE. */
static uint32_t due_choose(struct tuy_node *n, struct tuy_now now)
{
	uint32_t due = 0, turn;

	for (uint32_t i = 0; i < n->peer_count; i++)
		due += may_dial(&n->peer[i]) && now.ms >= n->peer[i].dial_next_ms;
	if (due == 0)
		return NONE;
	turn = (uint32_t)tuy_dice_below(&n->dice, due);
	for (uint32_t i = 0;; i++) {
		if (may_dial(&n->peer[i]) && now.ms >= n->peer[i].dial_next_ms && turn-- == 0)
			return i;
	}
}

bool tuy_dial_task(struct tuy_node *n, struct tuy_now now, struct tuy_task *task)
{
	struct tuy_address address;
	uint32_t chosen;

	if (!n->started || n->stopping)
		return false;
	if (may_dial_inviter(n) && now.ms >= n->join.next_ms) {
		memcpy(address.ip, n->join.invite.address, sizeof address.ip);
		address.port = n->join.invite.port;
		n->join.dialing = true;
		task_connect(task, DIAL_JOIN, &address);
		return true;
	}
	chosen = now.ms < call_ms(n) ? NONE : due_choose(n, now);
	if (chosen == NONE)
		return false;
	n->explore_ms =
		now.ms + EXPLORE_MS * 8 / 10 + tuy_dice_below(&n->dice, EXPLORE_MS * 4 / 10);
	n->peer[chosen].dialing = true;
	address = n->peer[chosen].address.address[n->peer[chosen].address_next %
	                                          n->peer[chosen].address.count];
	task_connect(task, chosen + 1, &address);
	return true;
}

uint64_t tuy_dial_deadline(const struct tuy_node *n)
{
	uint64_t deadline = UINT64_MAX, not_before = call_ms(n);

	if (!n->started || n->stopping)
		return deadline;
	if (may_dial_inviter(n))
		deadline = n->join.next_ms;
	for (uint32_t i = 0; i < n->peer_count; i++) {
		uint64_t at =
			n->peer[i].dial_next_ms > not_before ? n->peer[i].dial_next_ms : not_before;

		if (may_dial(&n->peer[i]) && at < deadline)
			deadline = at;
	}
	return deadline;
}

/* ---- strangers ---- */

#define BUCKET_BURST_MILLI 5000
#define BUCKET_PER_MS      20 /* milli-tokens: 20 a second */

bool tuy_bucket_take(struct tuy_node *n, struct tuy_now now, const struct tuy_address *address)
{
	static const uint8_t v4[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
	bool is_v4 = memcmp(address->ip, v4, sizeof v4) == 0;
	struct bucket *bucket = &n->bucket[0];
	uint8_t prefix[16] = { 0 };
	uint64_t grown;

	memcpy(prefix, address->ip, is_v4 ? 16 : 8);
	for (uint32_t i = 0; i < BUCKETS; i++) {
		if (memcmp(n->bucket[i].prefix, prefix, sizeof prefix) == 0) {
			bucket = &n->bucket[i];
			break;
		}
		if (n->bucket[i].last_ms < bucket->last_ms)
			bucket = &n->bucket[i];
	}
	if (memcmp(bucket->prefix, prefix, sizeof prefix) != 0) {
		memcpy(bucket->prefix, prefix, sizeof prefix);
		bucket->tokens_milli = BUCKET_BURST_MILLI;
		bucket->last_ms = now.ms;
	}
	grown = bucket->tokens_milli + (now.ms - bucket->last_ms) * BUCKET_PER_MS;
	bucket->tokens_milli = (uint32_t)(grown < BUCKET_BURST_MILLI ? grown : BUCKET_BURST_MILLI);
	bucket->last_ms = now.ms;
	if (bucket->tokens_milli < 1000)
		return false;
	bucket->tokens_milli -= 1000;
	return true;
}

/* A table of short keyed hashes, four to a set; the new one moves the oldest of its set out. */
bool tuy_replay_seen(struct tuy_node *n, const uint8_t ephemeral[32])
{
	uint64_t mark, *set;

	crypto_shorthash((uint8_t *)&mark, ephemeral, 32, n->replay_key.b);
	mark |= 1; /* zero means empty */
	set = n->replay + (mark >> 1) % REPLAY_SETS * REPLAY_WAYS;
	for (uint32_t i = 0; i < REPLAY_WAYS; i++) {
		if (set[i] == mark)
			return true;
	}
	memmove(set + 1, set, (REPLAY_WAYS - 1) * sizeof *set);
	set[0] = mark;
	return false;
}
