#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STRANGER BENCH_NODES

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "bench: %s\n", what);
	abort();
}

static struct tuy_capacity capacity(void)
{
	return (struct tuy_capacity){ .circles = 2,
		                      .ops = 64,
		                      .devices = 16,
		                      .peers = 16,
		                      .logs = 32,
		                      .links = 40,
		                      .stages = 24 };
}

static void pipe_append(struct bench_pipe *pipe, int end, const uint8_t *p, size_t len)
{
	if (!pipe->open[end])
		return;
	pipe->bytes[end] = realloc(pipe->bytes[end], pipe->len[end] + len + 1);
	memcpy(pipe->bytes[end] + pipe->len[end], p, len);
	pipe->len[end] += len;
	pipe->received[end] += len;
}

static struct bench_pipe *pipe_of(struct bench *b, uint32_t i, uint32_t link, int *end)
{
	for (uint32_t k = 0; k < b->pipe_count; k++) {
		for (*end = 0; *end < 2; (*end)++) {
			if (b->pipe[k].open[*end] && b->pipe[k].node[*end] == i &&
			    b->pipe[k].link[*end] == link)
				return &b->pipe[k];
		}
	}
	return NULL;
}

static void pipe_end(struct bench *b, struct bench_pipe *pipe, int end)
{
	int other = !end;

	pipe->open[end] = false;
	if (pipe->open[other] && pipe->node[other] != STRANGER && b->node[pipe->node[other]].node) {
		while (pipe->len[other] > 0) { /* what was sent before still arrives */
			size_t taken = tuy_node_on_bytes(
				b->node[pipe->node[other]].node, b->now, pipe->link[other],
				(struct tuy_bytes){ pipe->bytes[other], pipe->len[other] });
			if (taken == 0)
				break;
			memmove(pipe->bytes[other], pipe->bytes[other] + taken,
			        pipe->len[other] - taken);
			pipe->len[other] -= taken;
		}
		pipe->open[other] = false;
		tuy_node_on_closed(b->node[pipe->node[other]].node, b->now, pipe->link[other]);
	}
}

static struct bench_pipe *pipe_new(struct bench *b)
{
	must(b->pipe_count < BENCH_PIPES, "too many pipes");
	return &b->pipe[b->pipe_count++];
}

static void do_connect(struct bench *b, uint32_t i, const struct tuy_task *task)
{
	struct bench_pipe *pipe;

	for (uint32_t k = 0; b->dial && k < b->count; k++) {
		if (!b->node[k].node || memcmp(&b->node[k].address, &task->u.connect.address,
		                               sizeof(struct tuy_address)) != 0)
			continue;
		pipe = pipe_new(b);
		pipe->node[0] = i;
		pipe->node[1] = k;
		pipe->open[0] = pipe->open[1] = true;
		pipe->link[0] = tuy_node_on_link(b->node[i].node, b->now, TUY_OUTGOING,
		                                 &b->node[k].address, task->u.connect.dial);
		pipe->link[1] = tuy_node_on_link(b->node[k].node, b->now, TUY_INCOMING,
		                                 &b->node[i].address, 0);
		must(pipe->link[0] && pipe->link[1], "a link was refused");
		return;
	}
	tuy_node_on_connect_failed(b->node[i].node, b->now, task->u.connect.dial);
}

static void do_store(struct bench_node *n, const struct tuy_task *task)
{
	must(n->ticket_count < BENCH_TICKETS, "too many tickets");
	n->ticket[n->ticket_count].ticket = task->u.store.ticket;
	n->ticket[n->ticket_count++].items =
		disk_ticket_copy(task->u.store.items, task->u.store.count);
}

static void do_tell(struct bench_node *n, const struct tuy_tell *tell)
{
	n->last[tell->kind] = *tell;
	n->told[tell->kind]++;
}

static void perform(struct bench *b, uint32_t i, const struct tuy_task *task)
{
	static uint8_t headers[64 * 64];
	struct bench_node *n = &b->node[i];
	struct tuy_read_result result;
	struct bench_pipe *pipe;
	int end;

	switch (task->what) {
	case TUY_DO_SEND:
		pipe = pipe_of(b, i, task->u.send.link, &end);
		n->sent += task->u.send.bytes.len;
		if (pipe)
			pipe_append(pipe, !end, task->u.send.bytes.p, task->u.send.bytes.len);
		if (!pipe || pipe->node[!end] == STRANGER || !b->node[pipe->node[!end]].deaf)
			tuy_node_on_sent(n->node, b->now, task->u.send.link,
			                 task->u.send.bytes.len);
		break;
	case TUY_DO_CLOSE:
		pipe = pipe_of(b, i, task->u.close.link, &end);
		if (pipe) {
			pipe->closed_how[end] = task->u.close.how;
			pipe_end(b, pipe, end);
		}
		break;
	case TUY_DO_CONNECT:
		do_connect(b, i, task);
		break;
	case TUY_DO_STORE:
		do_store(n, task);
		break;
	case TUY_DO_READ:
		n->reads++;
		disk_read(n->disk, &task->u.read, headers, &result);
		tuy_node_on_read(n->node, b->now, &task->u.read, &result);
		break;
	case TUY_DO_TELL:
		do_tell(n, &task->u.tell);
		break;
	case TUY_DO_NOTHING:
		break;
	}
}

static bool node_step(struct bench *b, uint32_t i)
{
	struct bench_node *n = &b->node[i];
	struct tuy_task task;
	bool moved = false;

	if (!n->node)
		return false;
	while (tuy_node_next(n->node, b->now, &task) != TUY_DO_NOTHING) {
		perform(b, i, &task);
		moved = true;
	}
	while (n->ticket_count > 0 && !n->store_holds) {
		struct disk_ticket *items = n->ticket[0].items;
		uint64_t ticket = n->ticket[0].ticket;
		bool fails = n->ticket_total >= n->fail_from &&
		             n->ticket_total - n->fail_from < n->fail_count;
		bool stored = !n->store_fails && !fails && disk_accepts(n->disk, items);

		n->ticket_total++;
		n->ticket_count--;
		memmove(&n->ticket[0], &n->ticket[1], n->ticket_count * sizeof n->ticket[0]);
		if (stored)
			disk_commit(n->disk, items);
		disk_ticket_free(items);
		tuy_node_on_stored(n->node, b->now, ticket,
		                   stored ? TUY_STORED_OK : TUY_STORED_FAILED);
		disk_report(n->disk, n->node);
		moved = true;
	}
	return moved;
}

static bool pipe_step(struct bench *b, struct bench_pipe *pipe)
{
	bool moved = false;

	for (int end = 0; end < 2; end++) {
		size_t taken;

		if (!pipe->open[end] || pipe->len[end] == 0 || pipe->node[end] == STRANGER ||
		    b->node[pipe->node[end]].deaf)
			continue;
		taken = tuy_node_on_bytes(b->node[pipe->node[end]].node, b->now, pipe->link[end],
		                          (struct tuy_bytes){ pipe->bytes[end], pipe->len[end] });
		memmove(pipe->bytes[end], pipe->bytes[end] + taken, pipe->len[end] - taken);
		pipe->len[end] -= taken;
		moved = moved || taken > 0;
	}
	return moved;
}

void bench_run(struct bench *b)
{
	bool moved = true;

	for (uint32_t rounds = 0; moved; rounds++) {
		must(rounds < 200000, "it never comes to rest");
		moved = false;
		for (uint32_t i = 0; i < b->count; i++)
			moved = node_step(b, i) || moved;
		for (uint32_t k = 0; k < b->pipe_count; k++)
			moved = pipe_step(b, &b->pipe[k]) || moved;
	}
}

void bench_pass(struct bench *b, uint64_t ms)
{
	uint64_t end = b->now.ms + ms;

	bench_run(b);
	while (b->now.ms < end) {
		uint64_t next = end;

		for (uint32_t i = 0; i < b->count; i++) {
			uint64_t at =
				b->node[i].node ? tuy_node_deadline(b->node[i].node) : UINT64_MAX;

			next = at < next ? at : next;
		}
		b->now.ms = next > b->now.ms ? next : b->now.ms + 1;
		b->now.wall_s = 1800000000u + (uint32_t)(b->now.ms / 1000);
		for (uint32_t i = 0; i < b->count; i++) {
			if (b->node[i].node)
				tuy_node_on_time(b->node[i].node, b->now);
		}
		bench_run(b);
	}
}

void bench_start(struct bench *b, uint32_t i)
{
	struct bench_node *n = &b->node[i];
	struct tuy_capacity cap = capacity();
	struct tuy_secret seed = { { (uint8_t)i, (uint8_t)b->now.ms, (uint8_t)(b->now.ms >> 8) } };

	if (disk_incarnation(n->disk))
		n->incarnation = *disk_incarnation(n->disk);
	n->node = tuy_node_init(calloc(1, tuy_node_size(&cap)), &cap, &n->keys, &seed,
	                        &n->incarnation, b->now);
	tuy_node_load_cert(n->node, &n->cert);
	disk_load(n->disk, n->node);
	tuy_node_start(n->node, b->now);
	tuy_node_set_addresses(n->node, b->now, &n->address, 1);
}

void bench_stop(struct bench *b, uint32_t i)
{
	struct bench_node *n = &b->node[i];

	for (uint32_t k = 0; k < b->pipe_count; k++) {
		for (int end = 0; end < 2; end++) {
			if (b->pipe[k].open[end] && b->pipe[k].node[end] == i)
				pipe_end(b, &b->pipe[k], end);
		}
	}
	while (n->ticket_count > 0)
		disk_ticket_free(n->ticket[--n->ticket_count].items);
	free(n->node);
	n->node = NULL;
}

void bench_open(struct bench *b, uint32_t count)
{
	*b = (struct bench){ .now = { .ms = 1000, .wall_s = 1800000001u },
		             .count = count,
		             .dial = true };
	for (uint32_t i = 0; i < count; i++) {
		struct bench_node *n = &b->node[i];
		struct tuy_secret secret = { { 1, (uint8_t)i } };
		struct tuy_recovery_key recovery;

		tuy_device_keys_derive(&secret, &n->keys);
		secret.b[0] = 2;
		tuy_recovery_key_derive(&secret, &recovery);
		n->cert = tuy_cert_create(&recovery, &n->keys);
		n->incarnation.b[0] = (uint8_t)(i + 1);
		n->disk = disk_create();
		n->address = (struct tuy_address){
			.ip = { [10] = 0xff, 0xff, 10, 0, 0, (uint8_t)(i + 1) }, .port = 1000
		};
		bench_start(b, i);
	}
	bench_run(b);
}

void bench_close(struct bench *b)
{
	for (uint32_t i = 0; i < b->count; i++) {
		bench_stop(b, i);
		disk_destroy(b->node[i].disk);
	}
	for (uint32_t k = 0; k < b->pipe_count; k++) {
		free(b->pipe[k].bytes[0]);
		free(b->pipe[k].bytes[1]);
	}
}

struct bench_pipe *bench_stranger(struct bench *b, uint32_t i)
{
	static const struct tuy_address from = { .ip = { [10] = 0xff, 0xff, 10, 9, 9, 9 },
		                                 .port = 9 };
	struct bench_pipe *pipe = pipe_new(b);

	pipe->node[0] = STRANGER;
	pipe->node[1] = i;
	pipe->open[0] = pipe->open[1] = true;
	pipe->link[1] = tuy_node_on_link(b->node[i].node, b->now, TUY_INCOMING, &from, 0);
	return pipe;
}

void bench_write(struct bench *b, struct bench_pipe *pipe, const void *p, size_t len)
{
	pipe_append(pipe, 1, p, len);
	bench_run(b);
}

void bench_cut(struct bench *b, struct bench_pipe *pipe)
{
	uint32_t node = pipe->node[0], link = pipe->link[0];

	pipe_end(b, pipe, 0);
	tuy_node_on_closed(b->node[node].node, b->now, link);
}

void bench_found(struct bench *b)
{
	const struct tuy_policy policy = { .max = 150 };
	struct tuy_invite invite;
	uint32_t circle;
	uint64_t ticket;

	must(tuy_node_create_circle(b->node[0].node, b->now, &policy, &circle, &ticket) == TUY_OK,
	     "no circle");
	bench_run(b);
	for (uint32_t i = 1; i < b->count; i++) {
		must(tuy_node_create_invite(b->node[0].node, b->now, 0, 86400, &invite, &ticket) ==
		             TUY_OK,
		     "no invite");
		bench_run(b);
		must(tuy_node_join(b->node[i].node, b->now, &invite,
		                   (struct tuy_bytes){ (const uint8_t *)"guest", 5 }) == TUY_OK,
		     "no join");
		bench_pass(b, 200);
		must(b->node[i].told[TUY_TELL_JOINED] == 1, "not joined");
	}
	bench_pass(b, 2000);
}

bool bench_same(struct bench *b)
{
	struct tuy_circle_info first, info;
	bool have_first = false;

	for (uint32_t i = 0; i < b->count; i++) {
		if (!b->node[i].node)
			continue;
		if (tuy_node_circle(b->node[i].node, 0, &info) != TUY_OK || info.missing > 0)
			return false;
		if (!have_first)
			first = info;
		have_first = true;
		if (memcmp(&info.digest, &first.digest, sizeof info.digest) != 0)
			return false;
	}
	return have_first;
}

uint64_t bench_append(struct bench *b, uint32_t i, size_t len)
{
	static uint8_t record[TUY_BLOB_MAX];
	struct tuy_appended appended;

	memset(record, (int)(i + 1), len);
	must(tuy_node_append(b->node[i].node, b->now, 0, (struct tuy_bytes){ record, len }, 0,
	                     &appended) == TUY_OK,
	     "no append");
	return appended.ticket;
}
