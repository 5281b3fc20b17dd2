/* Two nodes with one identity (PROTOCOL 5.3, 5.6), on the workbench. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "../sim/bench.h"
#include "node_bench.h"

/* Node 3 becomes a copy of node 1, in another place; its store has noticed. */
static int clone(void **state)
{
	struct bench_node *twin = &b.node[3];

	(void)state;
	bench_open(&b, 3);
	bench_found(&b);
	twin->keys = b.node[1].keys;
	twin->cert = b.node[1].cert;
	twin->disk = disk_copy(b.node[1].disk);
	twin->incarnation.b[0] = 77;
	disk_incarnation_set(twin->disk, &twin->incarnation);
	twin->address = b.node[1].address;
	twin->address.port++;
	b.count = 4;
	bench_start(&b, 3);
	return 0;
}

static uint64_t sent(void)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < b.count; i++)
		bytes += b.node[i].sent;
	return bytes;
}

static void two_clones_do_not_contradict_each_other_for_ever(void **state)
{
	uint64_t before;

	(void)state;
	bench_pass(&b, 30000);
	before = sent();
	bench_pass(&b, 60000);
	/* each answers once a minute, with a record of some 140 bytes to two others */
	assert_true(sent() - before < 20000);
}

static void two_clones_do_not_push_each_other_aside_for_ever(void **state)
{
	uint32_t before;

	(void)state;
	bench_pass(&b, 60000);
	before = b.pipe_count;
	bench_pass(&b, 60000);
	assert_true(b.pipe_count - before <= 8);
}

static void what_either_clone_gives_is_everywhere_once(void **state)
{
	(void)state;
	for (int k = 0; k < 3; k++) {
		bench_append(&b, 1, 100);
		bench_append(&b, 3, 100);
		bench_pass(&b, 5000);
	}
	bench_pass(&b, 60000);
	assert_true(bench_same(&b));
	for (uint32_t i = 0; i < b.count; i++) {
		struct tuy_circle_info info;

		assert_int_equal(tuy_node_circle(b.node[i].node, 0, &info), TUY_OK);
		assert_int_equal(info.entries, 6);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(two_clones_do_not_contradict_each_other_for_ever,
		                                clone, node_bench_away),
		cmocka_unit_test_setup_teardown(two_clones_do_not_push_each_other_aside_for_ever,
		                                clone, node_bench_away),
		cmocka_unit_test_setup_teardown(what_either_clone_gives_is_everywhere_once, clone,
		                                node_bench_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
