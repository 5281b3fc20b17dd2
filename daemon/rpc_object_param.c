/* Which object is meant by what was typed of its id. */
#include "forget.h"
#include "rpc_object.h"
#include "../proto/text.h"
#include <stdio.h>
#include <string.h>

#define ID_LEAST   4
#define LISTED_MAX 8 /* of several that an id could mean */
#define MEANT_MAX  3 /* proposals for one that means none */

/* Appends "7KQ2 (Wi-Fi for 3 warehouses)" to a list within a message; what does not fit is left
 * out. */
static void name_append(char *text, size_t size, struct rpc_home *home,
                        struct store_reading *reading, const struct view_object *object)
{
	struct tuy_record record;
	char id[TUY_OBJECT_TEXT];
	struct tuy_bytes title = tuy_text_bytes("unreadable");
	size_t len = strlen(text);
	tuy_object_text(&object->id, id);
	if (rpc_record_get(home, reading, object, &record)) {
		const struct tuy_value *value = &record.value[TUY_FIELD_TITLE];
		if (!value->present)
			value = &record.value[TUY_FIELD_TEXT];
		title = value->text;
	}
	const uint8_t *line_end = title.len > 0 ? memchr(title.p, '\n', title.len) : NULL;
	if (line_end)
		title.len = (size_t)(line_end - title.p);
	int shown = (int)tuy_text_cut(title, 60);
	int more = snprintf(text + len, size - len, "%s%.*s (%.*s)", len > 0 ? ", " : "",
	                    (int)view_short_len(reading, &object->id), id, shown,
	                    (const char *)title.p);
	if (more < 0 || (size_t)more >= size - len)
		text[len] = '\0';
}

/* It was erased here: what became of it. */
static void gone_fail(struct rpc_call *call, struct tuy_bytes id, const struct store_gone *gone)
{
	char at[RPC_TIME_TEXT];
	rpc_time_text(gone->at_s, at);
	at[10] = '\0'; /* the day */
	int len = (int)id.len;
	const char *text = (const char *)id.p;
	if (gone->why == STORE_GONE_FORGOTTEN)
		rpc_fail(call, "T-NOT-FOUND", "tuyau forget",
		         "%.*s was erased on %s: you had it forgotten.", len, text, at);
	else if (gone->why == STORE_GONE_WITHDRAWN)
		rpc_fail(call, "T-NOT-FOUND", "tuyau forget",
		         "%.*s was erased on %s: you took it back.", len, text, at);
	else if (gone->why == STORE_GONE_HERE)
		rpc_fail(call, "T-NOT-FOUND", "tuyau inbox --all",
		         "%.*s was erased here on %s: you had it forgotten.", len, text, at);
	else if (gone->why == STORE_GONE_EXPIRED)
		rpc_fail(call, "T-NOT-FOUND", "tuyau inbox --all",
		         "%.*s had expired, and was erased on %s.", len, text, at);
	else
		rpc_fail(call, "T-NOT-FOUND", "tuyau inbox --all",
		         "%.*s was erased on %s, as whoever gave it wished.", len, text, at);
}

/* Nothing begins so: what shares the most of its beginning, down to 2 characters? */
static void not_found(struct rpc_call *call, struct store_reading *reading, struct tuy_bytes id)
{
	struct view_object near[MEANT_MAX];
	struct tuy_object low;
	struct tuy_object high;
	char meant[300] = "";
	struct store_gone gone;
	uint32_t count = 0;
	if (tuy_object_range(id, &low, &high) == TUY_OK &&
	    store_gone_find(reading, &low, &high, &gone) == 1) {
		store_reading_end(reading);
		gone_fail(call, id, &gone);
		return;
	}
	for (size_t len = id.len - 1; len >= 2 && count == 0; len--) {
		if (tuy_object_range((struct tuy_bytes){ id.p, len }, &low, &high) != TUY_OK)
			break;
		count = view_find(reading, &low, &high, near, MEANT_MAX);
	}
	for (uint32_t i = 0; i < count && i < MEANT_MAX; i++)
		name_append(meant, sizeof meant, call->home, reading, &near[i]);
	store_reading_end(reading);
	if (count > 0)
		rpc_fail(call, "T-NOT-FOUND", "tuyau inbox --all",
		         "Nothing begins with %.*s. Did you mean %s?", (int)id.len,
		         (const char *)id.p, meant);
	else
		rpc_fail(call, "T-NOT-FOUND", "tuyau inbox --all", "Nothing begins with %.*s.",
		         (int)id.len, (const char *)id.p);
}

static void several_found(struct rpc_call *call, struct store_reading *reading, struct tuy_bytes id,
                          const struct view_object *objects, uint32_t count)
{
	char list[400] = "";
	struct tuy_record record;
	uint32_t listed = count < LISTED_MAX ? count : LISTED_MAX;
	for (uint32_t i = 0; i < listed; i++)
		name_append(list, sizeof list, call->home, reading, &objects[i]);
	struct rpc_out *out = rpc_fail_begin(
		call, "T-AMBIGUOUS", "Type more characters of the id.", "%.*s is %u things: %s%s",
		(int)id.len, (const char *)id.p, count, list, count > listed ? "..." : ".");
	rpc_open_array(out, "matches");
	for (uint32_t i = 0; i < listed; i++) {
		bool readable = rpc_record_get(call->home, reading, &objects[i], &record);
		rpc_open_map(out, NULL);
		rpc_object_put(call->home, reading, &objects[i], readable ? &record : NULL, out);
		rpc_close_one(out);
	}
	rpc_close_one(out);
	store_reading_end(reading);
	rpc_answer(call);
}

int rpc_object_param(struct rpc_call *call, struct store_reading *reading,
                     struct view_object *object)
{
	struct rpc_fault fault;
	struct tuy_bytes id = { 0 };
	struct tuy_object low;
	struct tuy_object high;
	struct view_object found[LISTED_MAX];
	int there = rpc_param_text(call->params, "id", TUY_OBJECT_TEXT - 1, &id, &fault);
	if (there == 1 && id.len < ID_LEAST)
		there = rpc_fault_set(&fault, "T-USAGE", "tuyau inbox --all",
		                      "Type at least %d characters of the id.", ID_LEAST);
	else if (there == 0)
		there = rpc_fault_set(&fault, "T-USAGE", "tuyau inbox --all", "Which one?");
	if (there == 1 && tuy_object_range(id, &low, &high) != TUY_OK)
		there = rpc_fault_set(&fault, "T-USAGE", "tuyau inbox --all",
		                      "An id has only digits and letters, and no U.");
	if (there < 0) {
		rpc_fail_fault(call, &fault);
		return -1;
	}
	if (rpc_reading_begin(call, reading) != 0)
		return -1;
	uint32_t count = view_find(reading, &low, &high, found, LISTED_MAX);
	if (count == 1) {
		*object = found[0];
		return 0;
	}
	if (count == 0)
		not_found(call, reading, id);
	else
		several_found(call, reading, id, found, count);
	return -1;
}
