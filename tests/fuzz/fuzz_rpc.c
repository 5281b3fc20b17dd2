/*
 * Requests of the local socket: any bytes through the envelope, the params and the fields of every
 * kind of record. What passes for a request is whole and no part of it goes astray; a record that
 * passes the check can be written and read back.
 */
#include <string.h>
#include "../../daemon/rpc_params.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = { "circle", "name", "fields", "profile", "digest",
	                             "id",     "code", "life_s", "all",     "query" };
#define NAMES (sizeof names / sizeof names[0])

static bool lies_within(struct tuy_bytes part, struct tuy_bytes whole)
{
	return part.len == 0 ||
	       (part.p >= whole.p && part.len <= whole.len - (size_t)(part.p - whole.p));
}

static void fault_check(const struct rpc_fault *fault)
{
	tuy_require(fault->code && memchr(fault->message, 0, sizeof fault->message));
	tuy_require(fault->message[0] != '\0');
}

static void fields_try(struct tuy_bytes map, enum tuy_record_kind kind)
{
	static uint8_t room[65536];
	struct tuy_record record = { .kind = kind };
	struct tuy_record again;
	struct rpc_fault fault = { 0 };
	if (rpc_fields_read(map, &record, &fault) != 0 || rpc_record_check(&record, &fault) != 0) {
		fault_check(&fault);
		return;
	}
	struct tuy_writer w = tuy_writer(room, sizeof room);
	tuy_require(tuy_record_write(&record, &w) == TUY_OK);
	tuy_require(w.len <= 16384); /* what rpc_append gives it */
	tuy_require(tuy_record_read(tuy_written(&w), &again) == TUY_OK);
}

static void params_try(struct tuy_bytes params)
{
	struct rpc_fault fault = { 0 };
	struct tuy_bytes text;
	uint32_t number;
	bool flag;
	if (rpc_params_check(params, " circle name fields profile filters id code ", &fault) != 0)
		fault_check(&fault);
	for (size_t i = 0; i < NAMES; i++) {
		text = (struct tuy_bytes){ 0 };
		if (rpc_param_text(params, names[i], 100, &text, &fault) == 1)
			tuy_require(text.len <= 100 && lies_within(text, params) &&
			            tuy_utf8_valid(text));
		if (rpc_param_uint(params, names[i], 1, 30, &number, &fault) == 1)
			tuy_require(number >= 1 && number <= 30);
		rpc_param_flag(params, names[i], &flag, &fault);
		if (rpc_param_map(params, names[i], &text, &fault) != 1)
			continue;
		tuy_require(lies_within(text, params));
		fields_try(text, TUY_RECORD_TIP);
		fields_try(text, TUY_RECORD_ASK);
		fields_try(text, TUY_RECORD_PROFILE);
		fields_try(text, TUY_RECORD_CIRCLE);
	}
	fields_try(params, TUY_RECORD_TIP);
	fields_try(params, TUY_RECORD_ASK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tuy_bytes stream = { data, size };
	struct rpc_request request = { 0 };
	size_t len = 0;
	/* A stream of requests, as the server takes them. */
	while (rpc_request_read(stream, &request, &len) == TUY_OK) {
		struct rpc_request cut;
		size_t cut_len = 0;
		struct tuy_bytes whole = { stream.p, len };
		tuy_require(len > 0 && len <= stream.len && request.method.len > 0);
		tuy_require(lies_within(request.method, whole));
		tuy_require(lies_within(request.params, whole));
		/* Less of it is never a request, nor wrong: the server waits for the rest. */
		whole.len = stream.p[len / 2] % len;
		tuy_require(rpc_request_read(whole, &cut, &cut_len) == TUY_E_SHORT);
		params_try(request.params);
		stream.p += len;
		stream.len -= len;
	}
	params_try((struct tuy_bytes){ 0 });
	return 0;
}
