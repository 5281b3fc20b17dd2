/* One link: handshake, records, HELLO, PING, CLOSE, and which module a message belongs to. */
#include "machine.h"

#include <sodium.h>
#include <string.h>

static const struct tuy_bytes prologue = { (const uint8_t *)TUY_NOISE_PROLOGUE,
	                                   sizeof TUY_NOISE_PROLOGUE - 1 };

/* ---- opening ---- */

/* A place for a new link: a free one, or that of the oldest handshake that has not passed the
 * knock. */
static struct link *link_place(struct tuy_node *n, struct tuy_now now)
{
	struct link *spare = NULL, *oldest = NULL;
	uint32_t half_open = 0;

	for (uint32_t i = 0; i < n->cap.links; i++) {
		struct link *link = &n->link[i];

		if (link->state == LINK_FREE) {
			spare = spare ? spare : link;
			continue;
		}
		half_open += link->state < LINK_UP;
		if (link->state == LINK_KNOCK && !link->knocked && !link->close_due &&
		    (!oldest || link->opened_ms < oldest->opened_ms))
			oldest = link;
	}
	if (spare && half_open < TUY_HALF_OPEN_MAX)
		return spare;
	if (!oldest)
		return NULL;
	/* The host is told to close it; its place is used at once. */
	n->evicted[n->evicted_count++ % EVICTED_MAX] = oldest->number;
	tuy_link_drop(n, now, oldest);
	return oldest;
}

uint32_t tuy_node_on_link(struct tuy_node *n, struct tuy_now now, enum tuy_direction direction,
                          const struct tuy_address *remote, uint32_t dial)
{
	struct link *link =
		n->stopping || n->evicted_count == EVICTED_MAX ? NULL : link_place(n, now);
	struct tuy_secret ephemeral;
	const struct tuy_link_pk *called = NULL;
	uint8_t *rx;
	struct probe *probe;

	if (direction == TUY_OUTGOING) {
		if (dial == DIAL_JOIN && n->join.active)
			called = &n->join.invite.link_pk;
		else if (dial - 1 < n->peer_count)
			called = &n->peer[dial - 1].link_pk;
		if (!link || !called) {
			tuy_dial_ended(n, now, dial);
			return 0;
		}
	}
	if (!link)
		return 0;
	rx = link->rx;
	probe = link->probe;
	probe->kind = PROBE_NONE;
	*link = (struct link){ .state = direction == TUY_INCOMING ? LINK_KNOCK : LINK_CALLING,
		               .direction = direction,
		               .remote = *remote,
		               .dial = dial,
		               .rx = rx,
		               .probe = probe,
		               .opened_ms = now.ms,
		               .last_rx_ms = now.ms,
		               .progress_ms = now.ms,
		               .deadline_ms = now.ms + TUY_HANDSHAKE_MS,
		               .tx_credit = TUY_CREDIT_START,
		               .rx_credit = TUY_CREDIT_START,
		               .peer = NONE,
		               .info_circle = NONE,
		               .info_sent = NONE,
		               .getb_log = NONE,
		               .give_log = NONE,
		               .show_log = NONE,
		               .joined_circle = NONE };
	link->number = ++n->link_generation * n->cap.links + place_of(n, link);
	link->deframer = tuy_deframer(rx, TUY_FRAME_MAX,
	                              direction == TUY_INCOMING ? TUY_FRAME_START_FIRST
	                                                        : TUY_FRAME_START_LENGTHS);
	if (direction == TUY_OUTGOING) {
		tuy_dice_fill(&n->dice, ephemeral.b, sizeof ephemeral.b);
		tuy_noise_init_initiator(&link->noise, prologue,
		                         (const struct tuy_secret *)(const void *)n->keys->link_sk,
		                         &ephemeral, called);
		sodium_memzero(&ephemeral, sizeof ephemeral);
		if (dial == DIAL_JOIN) {
			n->join.link = place_of(n, link);
			link->join_due = !n->join.welcomed;
			if (n->join.welcomed)
				link->joined_circle = n->join.circle_no;
		}
	}
	return link->number;
}

void tuy_link_drop(struct tuy_node *n, struct tuy_now now, struct link *link)
{
	uint32_t place = place_of(n, link), number = link->number;
	bool was_up = link->state == LINK_UP;
	uint32_t peer = link->peer;

	if (link->state == LINK_FREE)
		return;
	tuy_sync_link_gone(n, link);
	tuy_noise_wipe(&link->noise);
	link->state = LINK_FREE;
	if (peer != NONE && n->peer[peer].link == place)
		n->peer[peer].link = tuy_link_of(n, peer);
	tuy_join_link_gone(n, now, link);
	if (link->direction == TUY_OUTGOING)
		tuy_dial_ended(n, now, link->dial);
	else if (was_up && peer != NONE && n->peer[peer].link == NONE)
		tuy_dial_reset(n, now, peer);
	if (link->retry_s && peer != NONE)
		tuy_dial_later(n, now, peer, link->retry_s);
	if (was_up && peer != NONE) {
		struct tell *t = tuy_node_tell(n, TUY_TELL_LINK_DOWN);

		t->tell.link = number;
		t->tell.device = n->peer[peer].device;
	}
}

void tuy_node_on_closed(struct tuy_node *n, struct tuy_now now, uint32_t number)
{
	struct link *link = tuy_link_at(n, number);

	if (link)
		tuy_link_drop(n, now, link);
}

/* A stranger: nothing is sent, and how long the silence lasts tells nothing (PROTOCOL 5.2). */
static void stranger(struct tuy_node *n, struct tuy_now now, struct link *link, enum tuy_err err)
{
	tuy_node_fault(n, link, err);
	tuy_link_close(n, link,
	               tuy_bucket_take(n, now, &link->remote) ? TUY_CLOSE_SILENT : TUY_CLOSE_NOW,
	               0);
}

/* A peer that broke the rules. */
static void misbehaved(struct tuy_node *n, struct link *link, enum tuy_err err)
{
	tuy_node_fault(n, link, err);
	tuy_link_close(n, link, TUY_CLOSE_FLUSHED, TUY_CLOSE_PROTOCOL);
}

/* What the first HELLO said, it said for good. */
static void boot_take(struct link *link, const struct tuy_message *hello)
{
	if (link->boot_known)
		return;
	link->boot_known = true;
	memcpy(link->boot_id, hello->u.hello.boot_id, sizeof link->boot_id);
}

static void hello_take(struct tuy_node *n, struct tuy_now now, struct link *link,
                       const struct tuy_message *m)
{
	link->hello_got = true;
	boot_take(link, m);
	link->peer_count = m->count;
	memcpy(link->peer_tag, m->u.hello.tag, m->count * sizeof link->peer_tag[0]);
	tuy_link_match(n, now, link);
}

static void hello_write(struct tuy_node *n, struct link *link, struct tuy_writer *w)
{
	struct tuy_hello_tag tag[TUY_HELLO_TAGS_MAX];
	uint32_t count = 0, padded;

	for (uint32_t c = 0; c < n->cap.circles; c++) {
		if (!n->circle[c].used)
			continue;
		link->my_circle[count] = c;
		link->circle[c].index = (uint8_t)count;
		tag[count].ctag =
			tuy_connection_tag(n, link, c, link->direction == TUY_OUTGOING ? 0 : 1);
		tag[count].digest = *tuy_circle_digest(n, c);
		memcpy(tag[count].book, tuy_circle_book(n, c), sizeof tag[count].book);
		count++;
	}
	link->my_count = count;
	padded = count <= 1 ? 1 : count <= 4 ? 4 : 16;
	for (; count < padded; count++)
		tuy_dice_fill(&n->dice, &tag[count], sizeof tag[count]);
	tuy_message_put_hello(w, n->boot_id, tag, padded);
}

/* ---- handshake ---- */

static void frame_1(struct tuy_node *n, struct tuy_now now, struct link *link,
                    struct tuy_bytes frame)
{
	struct tuy_bytes message = { frame.p + 16, TUY_NOISE_1_SIZE };
	struct tuy_secret ephemeral;
	uint8_t none[1];
	size_t len;

	if (frame.len != TUY_FRAME_1_SIZE ||
	    tuy_noise_knock_check(&n->keys->link_pk, frame.p) != TUY_OK) {
		stranger(n, now, link, TUY_E_REFUSED);
		return;
	}
	tuy_dice_fill(&n->dice, ephemeral.b, sizeof ephemeral.b);
	tuy_noise_init_responder(&link->noise, prologue,
	                         (const struct tuy_secret *)(const void *)n->keys->link_sk,
	                         &ephemeral);
	sodium_memzero(&ephemeral, sizeof ephemeral);
	if (tuy_noise_consume_1(&link->noise, message, none, 0, &len) != TUY_OK ||
	    tuy_replay_seen(n, message.p)) {
		stranger(n, now, link, TUY_E_OPEN);
		return;
	}
	link->knocked = true;
	link->state = LINK_ANSWERED;
}

static void frame_2(struct tuy_node *n, struct link *link, struct tuy_bytes frame)
{
	uint8_t none[1];
	size_t len;

	if (frame.len != TUY_NOISE_2_SIZE ||
	    tuy_noise_consume_2(&link->noise, frame, none, 0, &len) != TUY_OK) {
		tuy_node_fault(n, link, TUY_E_OPEN);
		tuy_link_close(n, link, TUY_CLOSE_NOW, 0);
	}
}

static void frame_3(struct tuy_node *n, struct tuy_now now, struct link *link,
                    struct tuy_bytes frame)
{
	struct tuy_message hello;
	size_t len;

	if (frame.len > 4096 ||
	    tuy_noise_consume_3(&link->noise, frame, n->plain, TUY_RECORD_MAX, &len) != TUY_OK ||
	    tuy_message_parse((struct tuy_bytes){ n->plain, len }, &hello) != TUY_OK ||
	    hello.type != TUY_MSG_HELLO) {
		stranger(n, now, link, TUY_E_OPEN);
		return;
	}
	boot_take(link, &hello);
	link->peer = tuy_peer_find_link(n, tuy_noise_remote_static(&link->noise));
	if (memcmp(tuy_noise_remote_static(&link->noise), &n->keys->link_pk,
	           sizeof n->keys->link_pk) == 0 &&
	    memcmp(link->boot_id, n->boot_id, sizeof n->boot_id) != 0)
		tuy_own_cloned(n, link, NULL);
	if (link->peer != NONE && n->peer[link->peer].circles != 0 &&
	    !n->peer[link->peer].is_self) {
		tuy_link_up(n, now, link);
		link->hello_due = true;
	} else if (link->peer == NONE && tuy_guest_welcome(n, now)) {
		link->state = LINK_GUEST;
		link->deadline_ms = now.ms + TUY_GUEST_MS;
	} else {
		stranger(n, now, link, TUY_E_UNKNOWN);
		return;
	}
	hello_take(n, now, link, &hello);
	tuy_settled_look(n, now, link);
}

/* Writes the handshake message that is due into n->out; false if none is. */
static bool handshake_write(struct tuy_node *n, struct link *link)
{
	struct tuy_writer w = tuy_writer(n->plain, TUY_RECORD_MAX);
	struct tuy_tag knock;
	enum tuy_err err;
	size_t len;

	switch (link->noise.next) {
	case TUY_NOISE_CREATE_1:
		err = tuy_noise_create_1(&link->noise, (struct tuy_bytes){ 0 }, n->out + 16,
		                         TUY_NOISE_1_SIZE, &len);
		knock = tuy_noise_knock(tuy_noise_remote_static(&link->noise), n->out + 16);
		memcpy(n->out, knock.b, sizeof knock.b);
		n->out_len = TUY_FRAME_1_SIZE;
		break;
	case TUY_NOISE_CREATE_2:
		err = tuy_noise_create_2(&link->noise, (struct tuy_bytes){ 0 }, n->out + 2,
		                         TUY_NOISE_2_SIZE, &len);
		tuy_frame_header_write(n->out, TUY_NOISE_2_SIZE);
		n->out_len = 2 + TUY_NOISE_2_SIZE;
		break;
	case TUY_NOISE_CREATE_3:
		hello_write(n, link, &w);
		err = tuy_noise_create_3(&link->noise, tuy_written(&w), n->out + 2, TUY_FRAME_MAX,
		                         &len);
		tuy_frame_header_write(n->out, len);
		n->out_len = 2 + len;
		link->state = LINK_PROVING;
		break;
	case TUY_NOISE_NONE:
	case TUY_NOISE_CONSUME_1:
	case TUY_NOISE_CONSUME_2:
	case TUY_NOISE_CONSUME_3:
	case TUY_NOISE_TRANSPORT:
	default:
		return false;
	}
	if (err != TUY_OK) { /* a key that no honest peer has */
		n->out_len = 0;
		tuy_node_fault(n, link, err);
		tuy_link_close(n, link, TUY_CLOSE_NOW, 0);
		return false;
	}
	n->out_link = link->number;
	return true;
}

static void ping_take(struct tuy_node *n, struct tuy_now now, struct link *link,
                      struct tuy_message *m)
{
	if (m->type == TUY_MSG_PONG) {
		if (link->ping_sent_ms == 0 || m->u.ping.nonce != link->ping_nonce)
			return;
		link->rtt_us = (uint32_t)(now.ms - link->ping_sent_ms) * 1000;
		link->ping_sent_ms = 0;
		link->wake_due_ms = 0;
		if (link->rival)
			tuy_clone_pong(n, link);
	} else {
		link->pong_due = true;
		link->pong_nonce = m->u.ping.nonce;
	}
	for (uint32_t i = 0; i < m->count; i++) {
		struct tuy_ping_row row = tuy_message_next_ping(&m->list);

		if (row.circle < link->peer_count && link->peer_circle[row.circle] != NONE)
			tuy_sync_doubt(n, link, link->peer_circle[row.circle], &row.digest);
	}
}

static void ping_write(struct tuy_node *n, struct link *link, enum tuy_message_type type,
                       uint32_t nonce, struct tuy_writer *w)
{
	struct tuy_ping_row row[TUY_CIRCLES_MAX];
	uint32_t count = 0;

	for (uint32_t i = 0; i < link->my_count; i++) {
		uint32_t c = link->my_circle[i];

		if (!n->circle[c].used || !link->circle[c].shared)
			continue;
		row[count].circle = (uint8_t)i;
		row[count].digest = *tuy_circle_digest(n, c);
		count++;
	}
	tuy_message_put_ping(w, type, nonce, row, count);
}

/* A message on an established link, or the first one of a guest or an inviter. */
static void message_take(struct tuy_node *n, struct tuy_now now, struct link *link,
                         struct stage **stage)
{
	struct tuy_message m;
	enum tuy_err err =
		tuy_message_parse((struct tuy_bytes){ (*stage)->bytes, (*stage)->len }, &m);

	if (err != TUY_OK) {
		misbehaved(n, link, err);
		return;
	}
	if (link->state == LINK_GUEST && m.type != TUY_MSG_JOIN) {
		stranger(n, now, link, TUY_E_REFUSED);
		return;
	}
	if (link->state == LINK_PROVING) {
		link->peer = tuy_peer_find_link(n, tuy_noise_remote_static(&link->noise));
		if (m.type == TUY_MSG_HELLO)
			boot_take(link, &m);
		if (m.type != TUY_MSG_CLOSE) /* it never was one of ours */
			tuy_link_up(n, now, link);
		if (link->close_due)
			return;
	}
	switch ((int)m.type) {
	case TUY_MSG_HELLO:
		hello_take(n, now, link, &m);
		break;
	case TUY_MSG_PING:
	case TUY_MSG_PONG:
		ping_take(n, now, link, &m);
		break;
	case TUY_MSG_JOIN:
		tuy_join_message(n, now, link, &m);
		break;
	case TUY_MSG_WELCOME:
		tuy_welcome_message(n, now, link, &m, stage);
		break;
	case TUY_MSG_REJECT:
		tuy_reject_message(n, link, &m);
		break;
	case TUY_MSG_CREDIT:
		link->progress_ms = now.ms;
		link->tx_credit = m.u.credit.bytes > TUY_CREDIT_START - link->tx_credit
		                          ? TUY_CREDIT_START
		                          : link->tx_credit + m.u.credit.bytes;
		break;
	case TUY_MSG_CLOSE:
		tuy_link_close(n, link, TUY_CLOSE_NOW, 0);
		link->retry_s = m.u.close.retry_s;
		break;
	case TUY_MSG_CLONE:
	case TUY_MSG_ALIVE:
		tuy_clone_message(n, link, &m);
		break;
	default:
		tuy_sync_message(n, now, link, &m, stage);
		break;
	}
}

static void record_take(struct tuy_node *n, struct tuy_now now, struct link *link,
                        struct tuy_bytes frame)
{
	struct stage *stage = tuy_stage_take(n, link);

	tuy_require(stage);
	if (tuy_noise_open(&link->noise, frame, stage->bytes, STAGE_BYTES, &stage->len) != TUY_OK) {
		if (link->state == LINK_GUEST)
			stranger(n, now, link, TUY_E_OPEN);
		else
			misbehaved(n, link, TUY_E_OPEN);
	} else {
		message_take(n, now, link, &stage);
	}
	if (stage) /* nobody kept it */
		tuy_stage_free(n, stage);
	tuy_settled_look(n, now, link);
}

size_t tuy_link_bytes(struct tuy_node *n, struct tuy_now now, struct link *link,
                      struct tuy_bytes bytes)
{
	size_t taken = 0;

	while (taken < bytes.len && !link->close_due) {
		struct tuy_bytes in = { bytes.p + taken, bytes.len - taken }, frame;
		size_t used;
		enum tuy_err err;

		if (link->noise.next == TUY_NOISE_TRANSPORT && !tuy_stage_room(n, link))
			return taken;
		if (link->noise.next == TUY_NOISE_CREATE_2 ||
		    link->noise.next == TUY_NOISE_CREATE_3) {
			stranger(n, now, link, TUY_E_FORMAT); /* nobody speaks before our answer */
			break;
		}
		err = tuy_frame_next(&link->deframer, in, &used, &frame);
		taken += used;
		if (err == TUY_E_SHORT)
			continue;
		if (err != TUY_OK) {
			if (link->state < LINK_GUEST)
				stranger(n, now, link, err);
			else
				misbehaved(n, link, err);
			break;
		}
		link->last_rx_ms = now.ms;
		if (link->state == LINK_KNOCK)
			frame_1(n, now, link, frame);
		else if (link->state == LINK_ANSWERED)
			frame_3(n, now, link, frame);
		else if (link->state == LINK_CALLING)
			frame_2(n, link, frame);
		else
			record_take(n, now, link, frame);
	}
	return link->close_due ? bytes.len : taken;
}

/* ---- what is due ---- */

static bool control_write(struct tuy_node *n, struct tuy_now now, struct link *link)
{
	struct tuy_writer w = tuy_writer(n->plain, TUY_RECORD_MAX);

	if (link->hello_due) {
		link->hello_due = false;
		hello_write(n, link, &w);
	} else if (link->join_due) {
		link->join_due = false;
		tuy_join_write(n, link, &w);
	} else if (link->reject_due) {
		link->reject_due = false;
		tuy_message_put_reject(&w, link->reject_code, link->reject_time_s);
		if (link->state == LINK_GUEST)
			tuy_link_close(n, link, TUY_CLOSE_FLUSHED, 0);
	} else if (link->pong_due) {
		link->pong_due = false;
		ping_write(n, link, TUY_MSG_PONG, link->pong_nonce, &w);
	} else if (link->ping_due) {
		link->ping_due = false;
		link->ping_nonce = (uint32_t)tuy_dice_below(&n->dice, UINT32_MAX);
		link->ping_sent_ms = now.ms ? now.ms : 1;
		ping_write(n, link, TUY_MSG_PING, link->ping_nonce, &w);
	} else if (tuy_clone_write(n, link, &w)) {
		/* written */
	} else if (link->credit_owed >= CREDIT_RETURN) {
		tuy_message_put_credit(&w, link->credit_owed);
		link->rx_credit += link->credit_owed;
		link->credit_owed = 0;
	} else {
		return false;
	}
	tuy_link_seal(n, link, &w);
	return true;
}

static void task_close(struct tuy_node *n, struct tuy_now now, struct link *link,
                       struct tuy_task *task)
{
	task->what = TUY_DO_CLOSE;
	task->u.close.link = link->number;
	task->u.close.how = link->close_how;
	task->u.close.ms = link->close_ms;
	tuy_link_drop(n, now, link);
}

/* The next task of one link: its own messages first, then what sync.c has. */
bool tuy_link_task(struct tuy_node *n, struct tuy_now now, struct link *link, struct tuy_task *task)
{
	if (link->close_due) {
		bool speaks = link->state == LINK_UP && link->noise.next == TUY_NOISE_TRANSPORT;
		struct tuy_writer w = tuy_writer(n->plain, TUY_RECORD_MAX);

		if (link->close_code && speaks) {
			tuy_message_put_close(&w, link->close_code, link->retry_s);
			link->close_code = 0;
			tuy_link_seal(n, link, &w);
			return true;
		}
		task_close(n, now, link, task);
		return true;
	}
	if (handshake_write(n, link))
		return true;
	if (link->close_due)
		return tuy_link_task(n, now, link, task);
	if (link->noise.next != TUY_NOISE_TRANSPORT || link->unsent > UNSENT_MAX)
		return false;
	if (control_write(n, now, link))
		return true;
	if (tuy_welcome_task(n, link, task))
		return true;
	return link->state == LINK_UP && tuy_push_task(n, now, link, task);
}

/* PROTOCOL 7.10: what a peer lacked it may have by now. */
static void blobs_again(struct tuy_node *n, struct tuy_now now, struct link *link)
{
	uint32_t wait_ms = link->blobs_wait_ms;

	if (now.ms < link->blobs_next_ms)
		return;
	for (uint32_t i = 0; i < n->log_count; i++)
		tuy_peer_log_of(n, link, i)->flags &= (uint16_t)~PEER_LOG_NO_BLOBS;
	wait_ms = wait_ms == 0 ? BLOBS_WAIT_MIN_MS : wait_ms * 2;
	link->blobs_wait_ms = wait_ms > BLOBS_WAIT_MAX_MS ? BLOBS_WAIT_MAX_MS : wait_ms;
	link->blobs_next_ms = now.ms + link->blobs_wait_ms;
}

void tuy_link_time(struct tuy_node *n, struct tuy_now now, struct link *link)
{
	if (link->close_due)
		return;
	if (link->state != LINK_UP) {
		if (now.ms < link->deadline_ms)
			return;
		if (link->direction == TUY_INCOMING)
			stranger(n, now, link, TUY_E_SHORT);
		else
			tuy_link_close(n, link, TUY_CLOSE_NOW, 0);
		return;
	}
	if (now.ms - link->last_rx_ms >= TUY_DEAD_MS ||
	    (link->wake_due_ms && now.ms >= link->wake_due_ms)) {
		tuy_link_close(n, link, TUY_CLOSE_NOW, 0);
		return;
	}
	if (now.ms >= link->ping_next_ms) {
		uint64_t idle = now.ms - link->last_rx_ms;

		if (idle >= TUY_PING_IDLE_MS * 8 / 10 && link->ping_sent_ms == 0)
			link->ping_due = true;
		if (link->ping_sent_ms && now.ms - link->ping_sent_ms > TUY_PING_IDLE_MS)
			link->ping_sent_ms = 0;
		blobs_again(n, now, link);
		link->ping_next_ms = now.ms + TUY_PING_IDLE_MS * 8 / 10 +
		                     tuy_dice_below(&n->dice, TUY_PING_IDLE_MS * 4 / 10);
	}
	if (link->settle_due_ms && now.ms >= link->settle_due_ms)
		tuy_settled_look(n, now, link);
	tuy_sync_time(n, now, link);
}

uint64_t tuy_link_deadline(const struct link *link)
{
	uint64_t at;

	if (link->state != LINK_UP)
		return link->deadline_ms;
	at = link->last_rx_ms + TUY_DEAD_MS;
	if (link->ping_next_ms < at)
		at = link->ping_next_ms;
	if (link->wake_due_ms && link->wake_due_ms < at)
		at = link->wake_due_ms;
	if (link->settle_due_ms && link->settle_due_ms < at)
		at = link->settle_due_ms;
	if (link->have_due_ms && link->have_due_ms < at)
		at = link->have_due_ms;
	if (link->promise_due_ms && link->promise_due_ms < at)
		at = link->promise_due_ms;
	if (link->forget_ms < at)
		at = link->forget_ms;
	if (link->getb_log != NONE && link->getb_deadline_ms < at)
		at = link->getb_deadline_ms;
	return at;
}
