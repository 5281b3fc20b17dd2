/* watch_test: what of the present store a watch would have matched. */
#include "rpc_do.h"
#include "rpc_find.h"
#include "watch.h"

#define TEST_LIMIT 50

static bool is_met(struct rpc_call *call, const struct find_row *row,
                   const struct tuy_record *record)
{
	const struct find_work *work = call->work;
	return record && watch_query_meets(&work->find, work->has_words ? &work->words : NULL,
	                                   &row->object, work->now_s, record);
}

static void test_end(struct rpc_call *call, struct store_reading *reading)
{
	const struct find_work *work = call->work;
	(void)reading;
	rpc_put_flag(&call->out, "more", work->at < work->count || work->more > 0);
	rpc_close_one(&call->out);
}

void rpc_do_watch_test(struct rpc_call *call)
{
	struct store_reading reading;
	struct rpc_fault fault;
	uint32_t limit = TEST_LIMIT;
	if (rpc_param_uint(call->params, "limit", 1, FIND_LIMIT_MAX, &limit, &fault) < 0) {
		rpc_fail_fault(call, &fault);
		return;
	}
	struct find_work *work = find_work_create(call, FIND_ALL_MAX);
	if (!work || rpc_reading_begin(call, &reading) != 0)
		return;
	work->limit = limit;
	work->otherwise = FIND_ANY;
	work->filter.mine = VIEW_OTHERS;
	work->wanted = is_met;
	work->on_end = test_end;
	int failed = find_params(call, &reading, work);
	if (failed == 0 &&
	    watch_query_read(&work->find, &work->words, &work->has_words, &fault) != 0) {
		rpc_fail_fault(call, &fault);
		failed = -1;
	}
	if (failed == 0)
		find_list(work, &reading, FIND_ALL_MAX);
	store_reading_end(&reading);
	if (failed != 0)
		return;
	rpc_open_map(rpc_result(call), NULL);
	rpc_put_uint(&call->out, "schema", 1);
	rpc_open_array(&call->out, "objects");
	find_put(call);
}
