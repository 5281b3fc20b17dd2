/* audit: what this node did with data about persons. */
#include "audit.h"
#include "rpc_do.h"
#include "rpc_home.h"
#include "rpc_object.h"
#include "rpc_people.h"
#include "../proto/text.h"
#include <string.h>

#define SINCE_USUAL_S (30u * 86400)
#define LIMIT_USUAL   1000
#define LIMIT_MAX     5000
#define TITLE_MAX     120

/* The newest rows, in a ring. */
struct work {
	uint64_t seen;
	uint32_t limit;
	struct audit_row row[LIMIT_MAX];
};

/* audit_on_row */
static void row_note(void *context, const struct audit_row *row)
{
	struct work *work = context;
	work->row[work->seen++ % work->limit] = *row;
}

/* What the object says on top, as long as it is to be read here. */
static void title_put(struct rpc_home *home, struct store_reading *reading,
                      const struct tuy_object *id, struct rpc_out *out)
{
	struct view_object object;
	struct tuy_record record;
	struct tuy_bytes title = { 0 };
	if (view_find(reading, id, id, &object, 1) == 1 &&
	    rpc_record_get(home, reading, &object, &record)) {
		const struct tuy_value *value = &record.value[TUY_FIELD_TITLE];
		title = value->present ? value->text : record.value[TUY_FIELD_TEXT].text;
		title.len = tuy_text_cut(title, TITLE_MAX);
	}
	if (title.len > 0)
		rpc_put_text(out, "title", title);
	else
		rpc_put_nil(out, "title");
}

static void row_put(struct rpc_home *home, struct store_reading *reading,
                    const struct audit_row *row, struct rpc_out *out)
{
	static const struct tuy_object no_object;
	static const struct tuy_member nobody;
	char text[TUY_OBJECT_TEXT];
	char digits[9];
	bool about = memcmp(&row->object, &no_object, sizeof no_object) != 0;
	const struct rpc_circle *circle = row->circle_no < TUY_CIRCLES_MAX
	                                          ? rpc_circle_get(home, reading, row->circle_no)
	                                          : NULL;
	const struct rpc_person *person = circle ? rpc_person_get(circle, &row->member) : NULL;
	tuy_object_text(&row->object, text);
	rpc_hex_text((struct tuy_bytes){ row->member.b, 4 }, digits, sizeof digits);
	rpc_open_map(out, NULL);
	rpc_put_time(out, "at", row->at_s);
	rpc_put_str(out, "what", audit_what_name(row->what));
	rpc_put_str(out, "circle", circle ? circle->slug : NULL);
	rpc_put_str(out, "id", about ? text : NULL);
	title_put(home, reading, &row->object, out);
	if (memcmp(&row->member, &nobody, sizeof nobody) == 0)
		rpc_put_nil(out, "member");
	else
		rpc_put_str(out, "member", person ? person->from : digits);
	if (row->count > 0)
		rpc_put_uint(out, "count", row->count);
	else
		rpc_put_nil(out, "count");
	rpc_close_one(out);
}

static void audit_answer(struct rpc_call *call, struct store_reading *reading, uint32_t since_s)
{
	const struct work *work = call->work;
	uint64_t first = work->seen > work->limit ? work->seen - work->limit : 0;
	struct rpc_out *out = rpc_result(call);
	rpc_open_map(out, NULL);
	rpc_put_uint(out, "schema", 1);
	rpc_put_time(out, "since", since_s);
	rpc_open_array(out, "rows");
	for (uint64_t i = first; i < work->seen; i++)
		row_put(call->home, reading, &work->row[i % work->limit], out);
	rpc_close_one(out);
	rpc_put_uint(out, "more", first);
	rpc_close_one(out);
	store_reading_end(reading);
	rpc_answer(call);
}

void rpc_do_audit(struct rpc_call *call)
{
	struct store_reading reading;
	struct rpc_fault fault;
	uint32_t span_s = SINCE_USUAL_S;
	uint32_t now_s = loop_now(call->home->d).wall_s;
	struct work *work = rpc_work(call, sizeof *work);
	if (!work)
		return;
	work->limit = LIMIT_USUAL;
	if (rpc_param_uint(call->params, "since_s", 1, UINT32_MAX, &span_s, &fault) < 0 ||
	    rpc_param_uint(call->params, "limit", 1, LIMIT_MAX, &work->limit, &fault) < 0) {
		rpc_fail_fault(call, &fault);
		return;
	}
	if (rpc_reading_begin(call, &reading) != 0)
		return;
	uint32_t since_s = span_s < now_s ? now_s - span_s : 1;
	(void)audit_each(&reading, since_s, row_note, work); /* what is damaged is left out */
	audit_answer(call, &reading, since_s);
}
