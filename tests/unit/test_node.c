/* The node as its host sees it: inputs in, tasks out (proto/node.h), on the workbench of the
 * simulator. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../proto/noise.h"
#include "../sim/bench.h"
#include "node_bench.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static int fresh(void **state)
{
	(void)state;
	bench_open(&b, 2);
	return 0;
}

/* ---- strangers ---- */

/* A first frame as somebody writes it who knows the link key of node `i`. */
static void first_frame(uint32_t i, struct tuy_noise *noise, uint8_t frame[64])
{
	static const struct tuy_bytes prologue = { (const uint8_t *)TUY_NOISE_PROLOGUE,
		                                   sizeof TUY_NOISE_PROLOGUE - 1 };
	struct tuy_secret s, e;
	struct tuy_tag knock;
	size_t len;

	randombytes_buf(&s, sizeof s);
	randombytes_buf(&e, sizeof e);
	tuy_noise_init_initiator(noise, prologue, &s, &e, &b.node[i].keys.link_pk);
	assert_int_equal(tuy_noise_create_1(noise, (struct tuy_bytes){ 0 }, frame + 16, 48, &len),
	                 TUY_OK);
	knock = tuy_noise_knock(&b.node[i].keys.link_pk, frame + 16);
	memcpy(frame, knock.b, 16);
}

static void stranger_hears_nothing(void **state)
{
	uint8_t noise[200];

	(void)state;
	for (size_t len = 0; len <= sizeof noise; len += 8) {
		struct bench_pipe *pipe = bench_stranger(&b, 0);

		randombytes_buf(noise, sizeof noise);
		bench_write(&b, pipe, noise, len);
		bench_pass(&b, 11000);
		assert_int_equal(pipe->received[0], 0);
		assert_false(pipe->open[1]);
	}
}

static void replay_hears_nothing(void **state)
{
	struct bench_pipe *first, *second;
	struct tuy_noise noise;
	uint8_t frame[64];

	(void)state;
	first_frame(0, &noise, frame);
	first = bench_stranger(&b, 0);
	bench_write(&b, first, frame, 64);
	assert_int_equal(first->received[0], 50); /* message 2 */
	second = bench_stranger(&b, 0);
	bench_write(&b, second, frame, 64);
	assert_int_equal(second->received[0], 0);
	assert_false(second->open[1]);
}

static void knock_is_checked(void **state)
{
	struct bench_pipe *pipe = bench_stranger(&b, 0);
	struct tuy_noise noise;
	uint8_t frame[64];

	(void)state;
	first_frame(0, &noise, frame);
	frame[3] ^= 1;
	bench_write(&b, pipe, frame, 64);
	assert_int_equal(pipe->received[0], 0);
	assert_false(pipe->open[1]);
}

/* Goes through the handshake as a guest with some key; returns the pipe after message 3. */
static struct bench_pipe *guest(struct tuy_noise *noise)
{
	struct bench_pipe *pipe = bench_stranger(&b, 0);
	uint8_t frame[64], hello[256], message[512], none[1];
	struct tuy_hello_tag tag = { { { 1 } }, { { 2 } }, { 3 } };
	struct tuy_writer w = tuy_writer(hello, sizeof hello);
	uint8_t boot_id[8] = { 0 };
	size_t len;

	first_frame(0, noise, frame);
	bench_write(&b, pipe, frame, 64);
	assert_int_equal(pipe->len[0], 50);
	assert_int_equal(tuy_noise_consume_2(noise, (struct tuy_bytes){ pipe->bytes[0] + 2, 48 },
	                                     none, 0, &len),
	                 TUY_OK);
	tuy_message_put_hello(&w, boot_id, &tag, 1);
	assert_int_equal(
		tuy_noise_create_3(noise, tuy_written(&w), message + 2, sizeof message - 2, &len),
		TUY_OK);
	tuy_put16(message, (uint16_t)len);
	bench_write(&b, pipe, message, len + 2);
	return pipe;
}

static void guest_without_invite(void **state)
{
	struct tuy_noise noise;
	struct bench_pipe *pipe = guest(&noise);

	(void)state;
	bench_pass(&b, 20000);
	assert_int_equal(pipe->received[0], 50);
	assert_false(pipe->open[1]);
}

static void guest_must_join(void **state)
{
	struct tuy_invite invite;
	struct bench_pipe *pipe;
	struct tuy_noise noise;
	uint64_t ticket;
	const struct tuy_policy policy = { .max = 150 };
	uint32_t circle;

	(void)state;
	tuy_node_create_circle(b.node[0].node, b.now, &policy, &circle, &ticket);
	bench_run(&b);
	tuy_node_create_invite(b.node[0].node, b.now, 0, 1000, &invite, &ticket);
	bench_run(&b);
	pipe = guest(&noise);
	assert_true(pipe->open[1]);
	assert_int_equal(pipe->received[0],
	                 50); /* an invite is open, and yet nothing is said first */
	bench_pass(&b, 10001);
	assert_int_equal(pipe->received[0], 50);
	assert_false(pipe->open[1]);
}

static void honest_friend_among_strangers(void **state)
{
	uint64_t start;

	(void)state;
	bench_stop(&b, 1);
	for (int i = 0; i < 20; i++)
		bench_stranger(&b, 0); /* connected, and silent */
	start = b.now.ms;
	bench_start(&b, 1);
	bench_pass(&b, 1000);
	assert_int_equal(node_bench_info(0).online, 2);
	assert_true(b.now.ms - start <= 1000);
}

/* ---- durable before it leaves ---- */

static void nothing_leaves_before_it_is_stored(void **state)
{
	uint64_t sent, ticket;

	(void)state;
	b.node[0].store_holds = true;
	sent = b.node[0].sent;
	ticket = bench_append(&b, 0, 300);
	bench_run(&b);
	assert_int_equal(b.node[0].sent, sent);
	assert_int_equal(node_bench_info(1).entries, 0);
	b.node[0].store_holds = false;
	bench_run(&b);
	assert_int_equal(b.node[0].last[TUY_TELL_STORED].ticket, ticket);
	assert_int_equal(node_bench_info(1).entries, 1);
}

static void failed_store_is_told(void **state)
{
	uint64_t ticket;

	(void)state;
	b.node[0].store_fails = true;
	ticket = bench_append(&b, 0, 300);
	bench_run(&b);
	assert_int_equal(b.node[0].last[TUY_TELL_STORED].ticket, ticket);
	assert_int_equal(b.node[0].last[TUY_TELL_STORED].stored, TUY_STORED_FAILED);
	b.node[0].store_fails = false;
	bench_append(&b, 0, 300);
	bench_pass(&b, 10000);
	assert_int_equal(node_bench_info(0).entries, 1);
	assert_true(bench_same(&b));
}

/* The first append makes a log: that its ticket failed must not block the logs of others, whose
 * numbers follow. */
static void failed_log_blocks_nobody(void **state)
{
	(void)state;
	b.node[0].store_fails = true;
	bench_append(&b, 0, 300);
	bench_run(&b);
	b.node[0].store_fails = false;
	bench_append(&b, 1, 300);
	bench_pass(&b, 20000);
	assert_int_equal(node_bench_info(0).entries, 1);
	assert_true(bench_same(&b));
}

static void peers_entries_survive_a_full_disk(void **state)
{
	(void)state;
	b.node[1].store_fails = true;
	for (int i = 0; i < 10; i++)
		bench_append(&b, 0, 300);
	bench_run(&b);
	assert_int_equal(node_bench_info(1).entries, 0);
	b.node[1].store_fails = false;
	bench_pass(&b, 20000);
	assert_int_equal(node_bench_info(1).entries, 10);
	assert_true(bench_same(&b));
}

/* ---- sync ---- */

static void quiet_reconnect(void **state)
{
	uint64_t before;

	(void)state;
	for (int i = 0; i < 5; i++)
		bench_append(&b, 0, 300);
	bench_pass(&b, 1000);
	bench_stop(&b, 1);
	bench_pass(&b, 100);
	before = b.node[0].sent + b.node[1].sent;
	bench_start(&b, 1);
	bench_pass(&b, 3000);
	assert_int_equal(node_bench_info(0).online, 2);
	print_message("in-sync reconnect: %u bytes\n",
	              (unsigned)(b.node[0].sent + b.node[1].sent - before));
	assert_true(b.node[0].sent + b.node[1].sent - before <= 360);
}

static void third_carries(void **state)
{
	(void)state;
	bench_stop(&b, 2);
	bench_append(&b, 0, 300);
	bench_pass(&b, 1000);
	bench_stop(&b, 0);
	bench_start(&b, 2);
	bench_pass(&b, 5000);
	assert_int_equal(node_bench_info(2).entries, 1);
	assert_true(bench_same(&b));
}

static void new_port_is_learned(void **state)
{
	(void)state;
	bench_stop(&b, 1);
	bench_pass(&b, 100);
	b.node[1].address.port = 2000;
	bench_start(&b, 1);
	bench_pass(&b, 2000);
	assert_int_equal(node_bench_info(0).online, 3);
	bench_stop(&b, 2); /* it was told by its friends */
	bench_pass(&b, 100);
	bench_stop(&b, 0);
	bench_start(&b, 2);
	bench_pass(&b, 3000);
	assert_int_equal(node_bench_info(2).online, 2);
}

static void large_payloads(void **state)
{
	(void)state;
	b.dial = false;
	bench_stop(&b, 1);
	for (int i = 0; i < 12; i++)
		bench_append(&b, 0,
		             40000); /* one message holds one of them: the others are asked for */
	bench_run(&b);
	b.dial = true;
	bench_start(&b, 1);
	bench_pass(&b, 5000);
	assert_int_equal(node_bench_info(1).entries, 12);
	assert_true(bench_same(&b));
}

static void one_link_a_pair(void **state)
{
	uint32_t open = 0;

	(void)state;
	bench_stop(&b, 0);
	bench_stop(&b, 1);
	bench_start(&b, 0);
	bench_start(&b, 1); /* both know the other's address and call at once */
	bench_pass(&b, 5000);
	for (uint32_t i = 0; i < b.pipe_count; i++)
		open += b.pipe[i].open[0] && b.pipe[i].open[1];
	assert_int_equal(open, 1);
	assert_int_equal(node_bench_info(0).online, 2);
}

/* Three linked nodes: an entry comes to each over two ways. After the first of them only one way is
 * used. */
static void duplicates_are_suppressed(void **state)
{
	uint32_t reads;

	(void)state;
	for (int i = 0; i < 3; i++) {
		bench_append(&b, 0, 300);
		bench_pass(&b, 100);
	}
	reads = b.node[0].reads + b.node[1].reads + b.node[2].reads;
	for (int i = 0; i < 10; i++) {
		bench_append(&b, 0, 300);
		bench_pass(&b, 100);
	}
	reads = b.node[0].reads + b.node[1].reads + b.node[2].reads - reads;
	assert_int_equal(reads, 20); /* ten entries, two receivers: nothing twice */
	assert_true(bench_same(&b));
	assert_int_equal(tuy_node_delivery(b.node[0].node, 0, 13).have, 2);
}

static void flooding_is_right_too(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 3; i++)
		tuy_node_set_suppression(b.node[i].node, TUY_FLOOD);
	for (int i = 0; i < 10; i++) {
		bench_append(&b, 0, 300);
		bench_pass(&b, 100);
	}
	assert_true(bench_same(&b));
	assert_int_equal(node_bench_info(2).entries, 10);
}

/* 2 has pruned 1, and then loses 0, its one eager source: what 1 has, it still gets, by HAVE and
 * WANT. */
static void a_lost_source_is_replaced(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		bench_append(&b, 0, 300);
		bench_pass(&b, 100);
	}
	b.dial = false;
	for (uint32_t i = 0; i < b.pipe_count; i++) { /* cut 0 from 2 */
		struct bench_pipe *pipe = &b.pipe[i];

		if (pipe->open[0] && pipe->node[0] + pipe->node[1] == 2 && pipe->node[0] != 1)
			bench_cut(&b, pipe);
	}
	bench_append(&b, 0, 300);
	bench_pass(&b, 5000);
	assert_int_equal(node_bench_info(2).entries, 4);
	assert_true(bench_same(&b));
}

static void delivery_is_counted(void **state)
{
	struct tuy_delivery delivery;

	(void)state;
	bench_append(&b, 0, 300);
	bench_pass(&b, 100);
	delivery = tuy_node_delivery(b.node[0].node, 0, 1);
	assert_int_equal(delivery.of, 2);
	assert_int_equal(delivery.have, 2);
}

static void comes_up_to_date(void **state)
{
	struct bench_pipe *pipe;

	(void)state;
	bench_stop(&b, 1);
	bench_append(&b, 0, 300);
	bench_run(&b);
	bench_start(&b, 1);
	for (int step = 0; step < 4000 && !bench_same(&b); step++) {
		b.now.ms++;
		tuy_node_on_time(b.node[1].node, b.now);
		bench_run(&b);
	}
	pipe = &b.pipe[b.pipe_count - 1];
	assert_true(pipe->open[0]);
	assert_true(bench_same(&b));
}

static void dead_link_is_dropped(void **state)
{
	struct bench_pipe *pipe = NULL;

	(void)state;
	for (uint32_t i = 0; i < b.pipe_count; i++)
		pipe = b.pipe[i].open[0] ? &b.pipe[i] : pipe;
	assert_non_null(pipe);
	b.dial = false;
	pipe->open[0] = pipe->open[1] = false; /* the cable is cut: nobody hears of it */
	bench_stop(&b, 1);
	bench_pass(&b, 60000);
	assert_int_equal(node_bench_info(0).online, 2); /* for all it knows */
	bench_pass(&b, 60000);
	assert_int_equal(node_bench_info(0).online, 1);
}

/* ---- suspend ---- */

/* The pipe that is open, cut so that neither end notices. */
static void cut_unnoticed(void)
{
	struct bench_pipe *pipe = NULL;

	for (uint32_t i = 0; i < b.pipe_count; i++)
		pipe = b.pipe[i].open[0] ? &b.pipe[i] : pipe;
	assert_non_null(pipe);
	pipe->open[0] = pipe->open[1] = false;
}

static void woken_drops_what_is_dead(void **state)
{
	(void)state;
	b.dial = false;
	cut_unnoticed();
	bench_pass(&b, 20000);
	assert_int_equal(node_bench_info(0).online, 2); /* not noticed yet */
	tuy_node_on_wake(b.node[0].node, b.now);
	bench_pass(&b, 9900);
	assert_int_equal(node_bench_info(0).online, 2);
	bench_pass(&b, 200);
	assert_int_equal(node_bench_info(0).online, 1);
	assert_int_equal(node_bench_info(1).online, 2); /* it did not sleep */
	b.dial = true;
	bench_pass(&b, 90000); /* node 1 may hold on to its dead link so long */
	assert_int_equal(node_bench_info(0).online, 2);
	bench_append(&b, 0, 300);
	bench_pass(&b, 1000);
	assert_true(bench_same(&b));
}

static void woken_keeps_what_lives(void **state)
{
	uint32_t down = b.node[0].told[TUY_TELL_LINK_DOWN];
	uint64_t sent = b.node[0].sent;

	(void)state;
	b.now.ms += 25000; /* the next PING of its own was due before the next on_time */
	tuy_node_on_wake(b.node[0].node, b.now);
	tuy_node_on_time(b.node[0].node, b.now);
	bench_run(&b);
	assert_true(b.node[0].sent > sent); /* at once */
	bench_pass(&b, 30000);
	assert_int_equal(b.node[0].told[TUY_TELL_LINK_DOWN], down);
	assert_int_equal(node_bench_info(0).online, 2);
}

static void woken_dials_at_once(void **state)
{
	struct tuy_task task = { .what = TUY_DO_NOTHING };

	(void)state;
	bench_stop(&b, 1);
	bench_pass(&b, 3600000); /* calls again every ten minutes by now */
	tuy_node_on_wake(b.node[0].node, b.now);
	assert_true(tuy_node_deadline(b.node[0].node) <= b.now.ms + 100);
	b.now.ms += 100;
	tuy_node_on_time(b.node[0].node, b.now);
	assert_int_equal(tuy_node_next(b.node[0].node, b.now, &task), TUY_DO_CONNECT);
	tuy_node_on_connect_failed(b.node[0].node, b.now, task.u.connect.dial);
	assert_true(tuy_node_deadline(b.node[0].node) <= b.now.ms + 2000); /* soon again */
}

/* ---- invites ---- */

static void used_invite(void **state)
{
	struct tuy_invite invite;
	uint64_t ticket;

	(void)state;
	bench_stop(&b, 2);
	assert_int_equal(tuy_node_create_invite(b.node[0].node, b.now, 0, 1000, &invite, &ticket),
	                 TUY_OK);
	bench_run(&b);
	disk_destroy(b.node[2].disk); /* somebody new, twice */
	b.node[2].disk = disk_create();
	b.node[2].incarnation.b[1] = 1;
	for (int i = 0; i < 2; i++) {
		struct tuy_secret secret = { { 7, (uint8_t)i } };
		struct tuy_recovery_key recovery;

		if (i == 1) {
			bench_stop(&b, 2);
			disk_destroy(b.node[2].disk);
			b.node[2].disk = disk_create();
		}
		tuy_device_keys_derive(&secret, &b.node[2].keys);
		tuy_recovery_key_derive(&secret, &recovery);
		b.node[2].cert = tuy_cert_create(&recovery, &b.node[2].keys);
		bench_start(&b, 2);
		assert_int_equal(
			tuy_node_join(b.node[2].node, b.now, &invite, (struct tuy_bytes){ 0 }),
			TUY_OK);
		bench_pass(&b, 1000);
	}
	assert_int_equal(b.node[2].told[TUY_TELL_REJECTED], 1);
	assert_int_equal(b.node[2].last[TUY_TELL_REJECTED].code, TUY_REJECT_USED);
	assert_int_not_equal(b.node[2].last[TUY_TELL_REJECTED].time_s, 0);
	assert_int_equal(node_bench_info(0).members, 4);
}

static void expired_invite(void **state)
{
	const struct tuy_policy policy = { .max = 150 };
	struct tuy_invite invite;
	uint32_t circle;
	uint64_t ticket;

	(void)state;
	tuy_node_create_circle(b.node[0].node, b.now, &policy, &circle, &ticket);
	bench_run(&b);
	assert_int_equal(tuy_node_create_invite(b.node[0].node, b.now, 0, 10, &invite, &ticket),
	                 TUY_OK);
	bench_pass(&b, 11000);
	assert_int_equal(tuy_node_join(b.node[1].node, b.now, &invite, (struct tuy_bytes){ 0 }),
	                 TUY_OK);
	bench_pass(&b, 1000);
	assert_int_equal(b.node[1].last[TUY_TELL_REJECTED].code, TUY_REJECT_EXPIRED);
	assert_int_equal(b.node[1].last[TUY_TELL_REJECTED].time_s, invite.expires_s);
}

static void admitted_before_it_is_durable(void **state)
{
	const struct tuy_policy policy = { .max = 150 };
	struct tuy_invite invite;
	uint32_t circle;
	uint64_t ticket;

	(void)state;
	tuy_node_create_circle(b.node[0].node, b.now, &policy, &circle, &ticket);
	bench_run(&b);
	tuy_node_create_invite(b.node[0].node, b.now, 0, 1000, &invite, &ticket);
	bench_run(&b);
	b.node[0].store_holds = true;
	tuy_node_join(b.node[1].node, b.now, &invite, (struct tuy_bytes){ 0 });
	bench_pass(&b, 1000);
	assert_int_equal(b.node[1].told[TUY_TELL_JOINED], 0); /* ADMIT is not durable yet */
	b.node[0].store_holds = false;
	bench_pass(&b, 1000);
	assert_int_equal(b.node[1].told[TUY_TELL_JOINED], 1);
}

static void welcome_lost_is_given_again(void **state)
{
	const struct tuy_policy policy = { .max = 150 };
	struct tuy_invite invite;
	uint32_t circle;
	uint64_t ticket;

	(void)state;
	tuy_node_create_circle(b.node[0].node, b.now, &policy, &circle, &ticket);
	bench_run(&b);
	tuy_node_create_invite(b.node[0].node, b.now, 0, 1000, &invite, &ticket);
	bench_run(&b);
	b.node[1].store_holds =
		true; /* WELCOME arrives, and the guest dies before it is on its disk */
	tuy_node_join(b.node[1].node, b.now, &invite, (struct tuy_bytes){ 0 });
	bench_pass(&b, 1000);
	bench_stop(&b, 1);
	b.node[1].store_holds = false;
	bench_start(&b, 1);
	assert_int_equal(tuy_node_join(b.node[1].node, b.now, &invite, (struct tuy_bytes){ 0 }),
	                 TUY_OK);
	bench_pass(&b, 3000);
	assert_int_equal(b.node[1].told[TUY_TELL_JOINED], 1);
	assert_true(bench_same(&b));
	assert_int_equal(node_bench_info(1).members, 2);
}

static void member_cannot_join_again(void **state)
{
	struct tuy_invite invite;
	uint64_t ticket;

	(void)state;
	tuy_node_create_invite(b.node[0].node, b.now, 0, 1000, &invite, &ticket);
	assert_int_equal(tuy_node_join(b.node[1].node, b.now, &invite, (struct tuy_bytes){ 0 }),
	                 TUY_E_USED);
}

#define TEST(sentence, function, world)                                                            \
	{                                                                                          \
		sentence, function, world, node_bench_away, NULL                                   \
	}

/* A full disk at the inviter: he who asks again is not let in before ADMIT is durable, or a crash
 * would leave him in a circle that knows nothing of him. */
static void welcome_waits_for_admit(void **state)
{
	const struct tuy_policy policy = { .max = 150 };
	struct tuy_circle_info about;
	struct tuy_invite invite;
	uint32_t circle;
	uint64_t ticket;

	(void)state;
	assert_int_equal(tuy_node_create_circle(b.node[0].node, b.now, &policy, &circle, &ticket),
	                 TUY_OK);
	bench_run(&b);
	assert_int_equal(tuy_node_create_invite(b.node[0].node, b.now, 0, 86400, &invite, &ticket),
	                 TUY_OK);
	bench_run(&b);
	b.node[0].store_fails = true;
	assert_int_equal(tuy_node_join(b.node[1].node, b.now, &invite,
	                               (struct tuy_bytes){ (const uint8_t *)"guest", 5 }),
	                 TUY_OK);
	bench_pass(&b, 200);
	for (uint32_t k = 0; k < b.pipe_count; k++) {
		if (b.pipe[k].open[0])
			bench_cut(&b, &b.pipe[k]);
	}
	bench_pass(&b, 4000);
	assert_int_equal(tuy_node_circle(b.node[1].node, 0, &about), TUY_E_UNKNOWN);
	b.node[0].store_fails = false;
	bench_pass(&b, 30000);
	assert_int_equal(b.node[1].told[TUY_TELL_JOINED], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST("WELCOME waits for an ADMIT that the store failed", welcome_waits_for_admit,
		     fresh),
		TEST("a stranger hears nothing, whatever he sends", stranger_hears_nothing,
		     node_bench_two),
		TEST("a first frame seen before is answered with nothing", replay_hears_nothing,
		     node_bench_two),
		TEST("a wrong knock is answered with nothing", knock_is_checked, node_bench_two),
		TEST("who has the link key and no invite gets message 2 and nothing more",
		     guest_without_invite, node_bench_two),
		TEST("a guest must send JOIN before anything is sent to him", guest_must_join,
		     fresh),
		TEST("an honest friend connects within a second among silent strangers",
		     honest_friend_among_strangers, node_bench_two),
		TEST("not a byte of an own entry leaves before it is durable",
		     nothing_leaves_before_it_is_stored, node_bench_two),
		TEST("a failed commit is told, and the next entry takes its place",
		     failed_store_is_told, node_bench_two),
		TEST("a log that could not be stored is tried again and blocks nobody",
		     failed_log_blocks_nobody, node_bench_two),
		TEST("entries that a full disk refused come again by themselves",
		     peers_entries_survive_a_full_disk, node_bench_two),
		TEST("an in-sync reconnect costs at most 360 bytes", quiet_reconnect,
		     node_bench_two),
		TEST("nodes that were never up together meet through a third", third_carries,
		     node_bench_three),
		TEST("a friend whose port changed is found again", new_port_is_learned,
		     node_bench_three),
		TEST("payloads that do not fit one message arrive too", large_payloads,
		     node_bench_two),
		TEST("two that call each other at once keep one link", one_link_a_pair,
		     node_bench_two),
		TEST("an entry goes over one way only, once the ways are known",
		     duplicates_are_suppressed, node_bench_three),
		TEST("flooding alone is right", flooding_is_right_too, node_bench_three),
		TEST("a source that went is replaced by one that was pruned",
		     a_lost_source_is_replaced, node_bench_three),
		TEST("delivery counts members who said that they have it", delivery_is_counted,
		     node_bench_three),
		TEST("a node comes up to date when time passes in single milliseconds",
		     comes_up_to_date, node_bench_two),
		TEST("a link that went silent is dropped", dead_link_is_dropped, node_bench_two),
		TEST("after a suspend a link without an answer is dropped within 10 s",
		     woken_drops_what_is_dead, node_bench_two),
		TEST("after a suspend a link that answers stays", woken_keeps_what_lives,
		     node_bench_two),
		TEST("after a suspend peers are called at once", woken_dials_at_once,
		     node_bench_two),
		TEST("a used invite is refused with its date", used_invite, node_bench_three),
		TEST("an expired invite is refused with its date", expired_invite, fresh),
		TEST("nobody is welcomed before his admission is durable",
		     admitted_before_it_is_durable, fresh),
		TEST("a guest who lost WELCOME gets it again on the same invite",
		     welcome_lost_is_given_again, fresh),
		TEST("a member does not join twice", member_cannot_join_again, node_bench_two),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
