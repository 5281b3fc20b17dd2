/* Which links stand, how many, and what two processes of one device do (PROTOCOL 5.3, 5.7, 7.9), on
 * the workbench. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "../sim/bench.h"
#include "node_bench.h"

#include <sodium.h>
#include <string.h>

static uint32_t pipes_open(void)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < b.pipe_count; i++)
		count += b.pipe[i].open[0] && b.pipe[i].open[1];
	return count;
}

/* ---- which of two stays ---- */

/* The only link is dead, and node `who` alone has noticed: it calls again. */
static void lost_by(uint32_t who)
{
	for (uint32_t i = 0; i < b.pipe_count; i++) {
		struct bench_pipe *pipe = &b.pipe[i];

		if (!pipe->open[0])
			continue;
		pipe->open[0] = pipe->open[1] = false;
		tuy_node_on_closed(b.node[who].node, b.now, pipe->link[pipe->node[0] != who]);
	}
	assert_int_equal(node_bench_info(!who).online, 2); /* for all it knows */
}

static void a_dead_link_gives_way(void **state)
{
	uint64_t entries = node_bench_info(0).entries;

	(void)state;
	for (uint32_t k = 0; k < 4; k++) { /* whoever has the lower key, and whoever called */
		bench_pass(&b, 15000);
		lost_by(k % 2);
		bench_pass(&b, 500);
		assert_int_equal(pipes_open(), 1);
		bench_append(&b, 0, 100);
		bench_pass(&b, 500);
		assert_int_equal(node_bench_info(1).entries, ++entries);
	}
}

static void two_live_nodes_keep_one_link(void **state)
{
	(void)state;
	for (int k = 0; k < 5; k++) {
		uint32_t down;

		bench_stop(&b, 0);
		bench_stop(&b, 1);
		bench_start(&b, 0);
		bench_start(&b, 1); /* both call at once */
		bench_pass(&b, 5000);
		assert_int_equal(pipes_open(), 1);
		down = b.node[0].told[TUY_TELL_LINK_DOWN];
		bench_pass(&b, 300000);
		assert_int_equal(b.node[0].told[TUY_TELL_LINK_DOWN], down);
		assert_int_equal(node_bench_info(0).online, 2);
	}
}

/* ---- clones ---- */

/* Another process of node 1's device, as node `at`, from a copy of what it has. */
enum incarnation { SAME_INCARNATION, OTHER_INCARNATION };
static void clone_start(uint32_t at, enum incarnation incarnation)
{
	struct bench_node *n = &b.node[at];

	assert_int_equal(at, b.count);
	*n = (struct bench_node){ .keys = b.node[1].keys,
		                  .cert = b.node[1].cert,
		                  .incarnation = b.node[1].incarnation,
		                  .disk = disk_copy(b.node[1].disk),
		                  .address = b.node[1].address };
	n->address.port = (uint16_t)(n->address.port + at);
	if (incarnation == OTHER_INCARNATION)
		n->incarnation.b[7] ^= 1;
	b.count++;
	bench_start(&b, at);
}

static bool is_same_incarnation(uint32_t a, uint32_t c)
{
	return memcmp(&b.node[a].node->incarnation, &b.node[c].node->incarnation,
	              sizeof(struct tuy_incarnation)) == 0;
}

static void told_once(uint32_t i)
{
	assert_int_equal(b.node[i].told[TUY_TELL_CLONE], 1);
}

static void clones_go_on(uint32_t clone)
{
	uint64_t entries = node_bench_info(0).entries;
	uint32_t pipes;

	bench_pass(&b, 2000);
	told_once(1);
	told_once(clone);
	assert_false(is_same_incarnation(1, clone));
	node_bench_give(1, 3, 100);
	node_bench_give(clone, 4, 100);
	node_bench_give(0, 1, 100);
	bench_pass(&b, 2000);
	assert_true(bench_same(&b));
	assert_int_equal(node_bench_info(0).entries, entries + 8);
	pipes = b.pipe_count;
	bench_pass(&b, 600000);
	assert_int_equal(b.pipe_count, pipes); /* nobody's link was taken from him */
	told_once(1);
	told_once(clone);
	for (uint32_t i = 0; i < b.count; i++)
		assert_int_equal(b.node[i].told[TUY_TELL_FAULT], 0);
	assert_int_equal(b.node[0].told[TUY_TELL_CLONE], 0);
}

static void clones_with_one_incarnation(void **state)
{
	struct tuy_incarnation before = b.node[1].incarnation;

	(void)state;
	node_bench_give(1, 5, 100);
	clone_start(2, SAME_INCARNATION);
	clones_go_on(2);
	assert_memory_not_equal(&b.node[1].node->incarnation, &before, sizeof before);
	assert_int_equal(b.node[1].last[TUY_TELL_INCARNATION].why, TUY_INCARNATION_CLONED);
	assert_int_equal(b.node[1].told[TUY_TELL_INCARNATION], 1);
	assert_true(b.node[2].told[TUY_TELL_INCARNATION] <= 1); /* one of the two had gone before */
}

static void clones_with_their_own(void **state)
{
	(void)state;
	node_bench_give(1, 5, 100);
	clone_start(2, OTHER_INCARNATION);
	clones_go_on(2);
	assert_int_equal(b.node[1].told[TUY_TELL_INCARNATION], 0);
	assert_int_equal(b.node[2].told[TUY_TELL_INCARNATION], 0);
}

static void clones_with_two_friends(void **state)
{
	(void)state;
	node_bench_give(1, 5, 100);
	clone_start(3, SAME_INCARNATION);
	clones_go_on(3);
}

static void three_of_one_home(void **state)
{
	(void)state;
	node_bench_give(1, 5, 100);
	clone_start(2, SAME_INCARNATION);
	clone_start(3, SAME_INCARNATION);
	clones_go_on(3);
	told_once(2);
	assert_false(is_same_incarnation(1, 2));
	assert_false(is_same_incarnation(2, 3));
}

static void a_restart_is_no_clone(void **state)
{
	(void)state;
	node_bench_give(1, 2, 100);
	for (uint32_t k = 0; k < b.pipe_count; k++) /* nobody hears of it */
		b.pipe[k].open[0] = b.pipe[k].open[1] = false;
	bench_stop(&b, 1);
	bench_start(&b, 1);
	bench_pass(&b, 1000);
	node_bench_give(1, 2, 100);
	bench_pass(&b, 20000);
	assert_true(bench_same(&b));
	assert_int_equal(b.node[1].told[TUY_TELL_CLONE], 0);
	assert_int_equal(b.node[1].told[TUY_TELL_INCARNATION], 0);
	assert_int_equal(tuy_links_up(b.node[0].node), 1); /* the dead one is gone */
}

static struct link *link_of(uint32_t i)
{
	struct tuy_node *n = b.node[i].node;

	for (uint32_t k = 0; k < n->cap.links; k++) {
		if (n->link[k].state == LINK_UP && !n->link[k].close_due)
			return &n->link[k];
	}
	fail_msg("node %u has no link", i);
	return NULL;
}

static void claims_of_clones_prove_nothing(void **state)
{
	struct tuy_node *n = b.node[1].node;
	struct tuy_message m = { .type = TUY_MSG_CLONE };

	(void)state;
	node_bench_give(1, 2, 100);
	memset(m.u.clone.boot_id, 5, sizeof m.u.clone.boot_id);
	tuy_clone_message(n, link_of(1), &m);
	memcpy(m.u.clone.boot_id, n->boot_id, sizeof n->boot_id);
	tuy_clone_message(n, link_of(1), &m);
	bench_pass(&b, 1000);
	m = (struct tuy_message){ .type = TUY_MSG_ALIVE };
	memcpy(m.u.alive.boot_id, n->boot_id, sizeof n->boot_id);
	m.u.alive.incarnation = n->incarnation;
	m.u.alive.sig = tuy_sign(b.node[0].keys.sign_sk, "tuyau clone v1", TUY_BYTES(n->boot_id),
	                         TUY_BYTES(n->incarnation.b)); /* a friend's key */
	tuy_clone_message(n, link_of(1), &m);
	m.u.alive.sig = tuy_sign(b.node[1].keys.sign_sk, "tuyau clone v1",
	                         TUY_BYTES(m.u.clone.boot_id), TUY_BYTES(b.node[0].incarnation.b));
	tuy_clone_message(n, link_of(1), &m); /* of another incarnation than it says */
	assert_int_equal(n->cloned, false);
	assert_int_equal(n->incarnation_due, false);
}

/* A friend passes on only what the device signed: or the other process would blame him. */
static void a_friend_passes_on_what_is_signed(void **state)
{
	struct tuy_node *n = b.node[0].node;
	struct tuy_message m = { .type = TUY_MSG_ALIVE };
	struct link *from = NULL, *to = NULL;

	(void)state;
	clone_start(2, OTHER_INCARNATION);
	bench_pass(&b, 2000);
	for (uint32_t i = 0; i < n->cap.links; i++) {
		if (n->link[i].state != LINK_UP)
			continue;
		to = from;
		from = &n->link[i];
	}
	assert_non_null(to);
	memcpy(m.u.alive.boot_id, to->boot_id, sizeof to->boot_id);
	tuy_clone_message(n, from, &m);
	assert_false(to->pass_due);
	assert_int_equal(from->bad_signatures, 1);
	m.u.alive.sig = tuy_sign(b.node[1].keys.sign_sk, "tuyau clone v1",
	                         TUY_BYTES(m.u.alive.boot_id), TUY_BYTES(m.u.alive.incarnation.b));
	tuy_clone_message(n, from, &m);
	assert_true(to->pass_due);
	assert_int_equal(from->bad_signatures, 1);
}

/* It signs for others, and never for itself: or its own answer would prove a clone. */
static void nobody_signs_his_own_boot_id(void **state)
{
	struct tuy_node *n = b.node[1].node;
	struct tuy_message m = { .type = TUY_MSG_CLONE };
	struct link *link = link_of(1);

	(void)state;
	memcpy(m.u.clone.boot_id, n->boot_id, sizeof n->boot_id);
	tuy_clone_message(n, link, &m);
	assert_false(link->alive_due);
	m.u.clone.boot_id[0] ^= 1;
	tuy_clone_message(n, link, &m);
	assert_true(link->alive_due);
}

/* The handshake of somebody with the keys of node 1, up to message 3. */
static void called_by_himself(void **state)
{
	static const struct tuy_bytes prologue = { (const uint8_t *)TUY_NOISE_PROLOGUE,
		                                   sizeof TUY_NOISE_PROLOGUE - 1 };
	struct bench_pipe *pipe = bench_stranger(&b, 1);
	struct tuy_hello_tag tag = { { { 1 } }, { { 2 } }, { 3 } };
	struct tuy_incarnation before = b.node[1].node->incarnation;
	uint8_t frame[64], hello[256], message[512], none[1];
	struct tuy_writer w = tuy_writer(hello, sizeof hello);
	struct tuy_secret e = { { 77 } };
	struct tuy_noise noise;
	struct tuy_tag knock;
	size_t len;

	(void)state;
	tuy_noise_init_initiator(&noise, prologue,
	                         (const struct tuy_secret *)(const void *)b.node[1].keys.link_sk,
	                         &e, &b.node[1].keys.link_pk);
	assert_int_equal(tuy_noise_create_1(&noise, (struct tuy_bytes){ 0 }, frame + 16, 48, &len),
	                 TUY_OK);
	knock = tuy_noise_knock(&b.node[1].keys.link_pk, frame + 16);
	memcpy(frame, knock.b, 16);
	bench_write(&b, pipe, frame, 64);
	assert_int_equal(tuy_noise_consume_2(&noise, (struct tuy_bytes){ pipe->bytes[0] + 2, 48 },
	                                     none, 0, &len),
	                 TUY_OK);
	tuy_message_put_hello(&w, frame, &tag, 1);
	assert_int_equal(
		tuy_noise_create_3(&noise, tuy_written(&w), message + 2, sizeof message - 2, &len),
		TUY_OK);
	tuy_put16(message, (uint16_t)len);
	bench_write(&b, pipe, message, len + 2);
	assert_int_equal(pipe->received[0], 50);
	told_once(1);
	assert_memory_not_equal(&b.node[1].node->incarnation, &before, sizeof before);
}

/* Each publishes where it listens, and hears of the other's. */
static void clones_do_not_quarrel_over_addresses(void **state)
{
	uint64_t counter;
	uint32_t records = 0;

	(void)state;
	clone_start(2, OTHER_INCARNATION);
	bench_pass(&b, 5000);
	counter = b.node[1].node->self_counter;
	for (int s = 0; s < 600; s++) {
		bench_pass(&b, 1000);
		records += b.node[1].node->self_counter != counter;
		counter = b.node[1].node->self_counter;
	}
	print_message("%u address records in ten minutes\n", records);
	assert_true(records <= 21);
}

/* ---- how many ---- */

/* So many links of `n` stand, for all it counts; nothing is done on them. */
static void pretend_links(struct tuy_node *n, uint32_t count)
{
	for (uint32_t i = 0; i < n->cap.links && tuy_links_up(n) < count; i++) {
		struct link *link = &n->link[i];

		if (link->state != LINK_FREE)
			continue;
		link->state = LINK_UP;
		link->close_due = false;
		link->direction = TUY_INCOMING;
		link->noise.next = TUY_NOISE_NONE;
		link->peer = tuy_peer_find(n, &n->keys->device); /* nobody it could call */
		link->dial = 0;
		link->number = 0;
		link->getb_log = link->give_log = NONE;
		link->up_ms = link->last_rx_ms = link->progress_ms = b.now.ms;
		link->ping_next_ms = link->forget_ms = b.now.ms + 3600000;
		memset(link->circle, 0, sizeof link->circle);
	}
	assert_int_equal(tuy_links_up(n), count);
}

static void forget_pretended(struct tuy_node *n)
{
	for (uint32_t i = 0; i < n->cap.links; i++) {
		if (n->link[i].state == LINK_UP && n->link[i].number == 0)
			n->link[i].state = LINK_FREE;
	}
}

/* Time passes, and they are heard of. */
static void pass_with_pretended(struct tuy_node *n, uint32_t seconds)
{
	for (uint32_t s = 0; s < seconds; s += 10) {
		for (uint32_t i = 0; i < n->cap.links; i++) {
			if (n->link[i].state == LINK_UP && n->link[i].number == 0)
				n->link[i].last_rx_ms = n->link[i].progress_ms = b.now.ms;
		}
		bench_pass(&b, 10000);
	}
}

static void the_33rd_link_is_refused(void **state)
{
	uint32_t pipes;

	(void)state;
	bench_stop(&b, 1);
	bench_pass(&b, 100);
	pretend_links(b.node[0].node, TUY_LINKS_MAX);
	bench_start(&b, 1);
	pipes = b.pipe_count;
	pass_with_pretended(b.node[0].node, 40);
	assert_int_equal(tuy_links_up(b.node[0].node), TUY_LINKS_MAX);
	assert_int_equal(node_bench_info(1).online, 1);
	assert_int_equal(b.pipe_count, pipes + 1); /* called once, and waits as it was told */
	pass_with_pretended(b.node[0].node, 140);  /* the oldest has stood for a minute by then */
	assert_int_equal(tuy_links_up(b.node[0].node), TUY_LINKS_MAX);
	assert_int_equal(node_bench_info(1).online, 2);
	assert_true(b.pipe_count <= pipes + 3);
	forget_pretended(b.node[0].node);
}

static void a_guest_finds_room(void **state)
{
	struct tuy_node *n = b.node[0].node;
	struct tuy_secret secret = { { 7 } };
	struct tuy_recovery_key recovery;
	struct tuy_invite invite;
	uint64_t ticket;

	(void)state;
	bench_stop(&b, 1);
	disk_destroy(b.node[1].disk); /* somebody new */
	b.node[1].disk = disk_create();
	tuy_device_keys_derive(&secret, &b.node[1].keys);
	tuy_recovery_key_derive(&secret, &recovery);
	b.node[1].cert = tuy_cert_create(&recovery, &b.node[1].keys);
	bench_start(&b, 1);
	pretend_links(n, TUY_LINKS_MAX);
	assert_int_equal(tuy_node_create_invite(n, b.now, 0, 1000, &invite, &ticket), TUY_OK);
	bench_run(&b);
	assert_int_equal(tuy_node_join(b.node[1].node, b.now, &invite, (struct tuy_bytes){ 0 }),
	                 TUY_OK);
	bench_pass(&b, 2000);
	assert_int_equal(b.node[1].told[TUY_TELL_JOINED], 2); /* and once as somebody else */
	assert_int_equal(node_bench_info(1).online, 2);
	assert_int_equal(tuy_links_up(n), TUY_LINKS_MAX);
	forget_pretended(n);
}

static void one_device_takes_few_places(void **state)
{
	struct tuy_node *n = b.node[0].node;

	(void)state;
	clone_start(2, OTHER_INCARNATION);
	clone_start(3, OTHER_INCARNATION);
	clone_start(4, OTHER_INCARNATION);
	bench_pass(&b, 3000);
	assert_int_equal(tuy_links_up(n), TUY_LINKS_PER_DEVICE);
	clone_start(5, OTHER_INCARNATION);
	bench_pass(&b, 60000);
	assert_int_equal(tuy_links_up(n), TUY_LINKS_PER_DEVICE);
	assert_int_equal(node_bench_info(5).online, 1);
	bench_stop(&b, 3);
	bench_pass(&b, 600000);
	assert_int_equal(node_bench_info(5).online, 2);
	bench_append(&b, 5, 100);
	bench_pass(&b, 1000);
	assert_true(bench_same(&b));
}

/* ---- the hourly look ---- */

static void a_wrong_digest_does_no_harm_for_long(void **state)
{
	(void)state;
	node_bench_give(0, 2, 100);
	bench_pass(&b, 1000);
	b.dial = false;
	bench_stop(&b, 1);
	node_bench_give(0, 1, 100);
	bench_start(&b, 1);
	b.node[1].node->own[0].digest = *tuy_circle_digest(b.node[0].node, 0); /* a mistake */
	b.node[1].node->own[0].digest_valid = true;
	b.dial = true;
	bench_pass(&b, 600000);
	assert_int_equal(node_bench_info(1).online, 2);
	assert_int_equal(node_bench_info(1).entries, 2);
	bench_pass(&b, 3600000 * 12 / 10);
	assert_int_equal(node_bench_info(1).entries, 3);
}

/* ---- a log and the operation that lets its device in ---- */

/* Node 1's disk is slow: the ADMIT of node 2 waits, and so does what node 2 wrote. */
static void a_log_waits_for_its_device(void **state)
{
	struct tuy_node *n = b.node[1].node;
	struct tuy_circle_op *admit;
	uint32_t device, logs = disk_log_count(b.node[1].disk);

	(void)state;
	device = tuy_circle_device_find(&n->circle[0], &b.node[2].keys.device);
	admit = &n->circle[0].op[n->circle[0].op_count - 1];
	assert_int_equal(admit->made, device);
	admit->durable = false; /* as if it were under way still */
	node_bench_give(2, 3, 100);
	bench_pass(&b, 1000);
	assert_int_equal(disk_log_count(b.node[0].disk), logs + 1);
	assert_int_equal(disk_log_count(b.node[1].disk), logs);
	assert_int_equal(node_bench_info(1).entries, 0);
	admit->durable = true;
	bench_pass(&b, 1000);
	assert_int_equal(disk_log_count(b.node[1].disk), logs + 1);
	assert_true(bench_same(&b));
	assert_int_equal(node_bench_info(1).entries, 3);
}

#define TEST(sentence, function, setup)                                                            \
	{                                                                                          \
		sentence, function, setup, node_bench_away, NULL                                   \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST("who calls again has lost his link: it gives way at once, whoever he is",
		     a_dead_link_gives_way, node_bench_two),
		TEST("two live nodes that call each other keep one link for good",
		     two_live_nodes_keep_one_link, node_bench_two),
		TEST("two processes that write one log are told, and part before they fork it",
		     clones_with_one_incarnation, node_bench_two),
		TEST("two processes with logs of their own are told, and go on in them",
		     clones_with_their_own, node_bench_two),
		TEST("two processes with several friends are told once", clones_with_two_friends,
		     node_bench_three),
		TEST("three processes of one device part all", three_of_one_home, node_bench_two),
		TEST("a device that crashed and starts again is no clone", a_restart_is_no_clone,
		     node_bench_two),
		TEST("that somebody says so, or signs with another key, is no proof of a clone",
		     claims_of_clones_prove_nothing, node_bench_two),
		TEST("a friend passes on what the device signed, and nothing else",
		     a_friend_passes_on_what_is_signed, node_bench_two),
		TEST("a process signs for every boot_id but its own", nobody_signs_his_own_boot_id,
		     node_bench_two),
		TEST("who is called by his own key knows at once", called_by_himself,
		     node_bench_two),
		TEST("two processes of one device publish their addresses once a minute at most",
		     clones_do_not_quarrel_over_addresses, node_bench_two),
		TEST("the 33rd link is refused, both ends wait, and then the oldest gives way",
		     the_33rd_link_is_refused, node_bench_two),
		TEST("a guest who was let in finds room in a full house", a_guest_finds_room,
		     node_bench_two),
		TEST("a device with many processes takes four places, and the fifth one later",
		     one_device_takes_few_places, node_bench_two),
		TEST("what a wrong digest hid comes within an hour or so",
		     a_wrong_digest_does_no_harm_for_long, node_bench_two),
		TEST("a log is stored after the operation that lets its device in",
		     a_log_waits_for_its_device, node_bench_three),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
