#include "rpc_write.h"
#include "life_write.h"
#include "notice.h"
#include <stdlib.h>
#include <string.h>

#define RECORD_MAX  16384 /* the longest record of the field table is under 8 KiB */
#define RETRY_MS    5
#define PATIENCE_MS 10000

static void write_try(struct rpc_call *call);

/* loop.h: the ticket is durable or has failed. */
static void on_ticket(void *context, uint64_t ticket, enum tuy_stored stored, const char *error)
{
	struct rpc_call *call = context;
	(void)ticket;
	call->write.ticket = 0;
	if (stored == TUY_STORED_OK)
		error = NULL;
	else if (!error)
		error = "T-STORE-IO";
	call->write.then(call, error);
}

static void write_refused(struct rpc_call *call, enum tuy_err err)
{
	if (err == TUY_E_REFUSED && notice_text(call->home->d, NOTICE_SPENT))
		rpc_fail(call, "T-HOME-SPENT",
		         "Ask a friend for an invite, then, beside this home: tuyau --home "
		         "~/tuyau join CODE",
		         "This home was copied or put back too often (64 times) and its last log "
		         "split: it can be read, but nothing can be given from it any more.");
	else if (err == TUY_E_REFUSED)
		rpc_fail(call, "T-NOT-ALLOWED", "tuyau circle show",
		         "You may not do this in this circle.");
	else if (err == TUY_E_FULL)
		rpc_fail(call, "T-BUSY", "Try again in a moment.",
		         "tuyaud has more to write than the disk takes. Nothing was saved.");
	else if (err == TUY_E_UNKNOWN)
		rpc_fail(call, "T-CIRCLE-UNKNOWN", "tuyau circle list",
		         "You are not in this circle any more.");
	else
		rpc_fail(call, "T-STORE-IO", "tuyau status", "This cannot be written (%s).",
		         tuy_err_name(err));
}

static void write_try(struct rpc_call *call)
{
	struct daemon *d = call->home->d;
	uint64_t ticket = 0;
	if (d->stopping) {
		rpc_write_failed(call, "T-STOPPING");
		return;
	}
	enum tuy_err err = call->write.attempt(call, &ticket);
	if (err == TUY_E_FULL && loop_now(d).ms < call->write.until_ms) {
		rpc_due(call, RETRY_MS, write_try);
		return;
	}
	if (err) {
		write_refused(call, err);
		return;
	}
	call->write.ticket = ticket;
	if (loop_await_ticket(d, ticket, on_ticket, call) != 0) {
		call->write.ticket = 0;
		rpc_fail(call, "T-MEMORY", "tuyau inbox --mine",
		         "There was not enough memory to wait for the disk; look whether it was "
		         "saved.");
	}
	loop_drain(d);
}

static enum tuy_err append_attempt(struct rpc_call *call, uint64_t *ticket)
{
	struct daemon *d = call->home->d;
	struct tuy_now now = loop_now(d);
	struct tuy_bytes record = { call->write.record, call->write.record_len };
	enum tuy_err err = tuy_node_append(d->node, now, call->write.circle_no, record,
	                                   call->write.exp_s, &call->write.appended);
	call->write.at_s = now.wall_s;
	*ticket = call->write.appended.ticket;
	return err;
}

void rpc_write(struct rpc_call *call, rpc_attempt *attempt,
               void (*then)(struct rpc_call *call, const char *error))
{
	call->write.attempt = attempt;
	call->write.then = then;
	call->write.until_ms = loop_now(call->home->d).ms + PATIENCE_MS;
	call->due_ms = UINT64_MAX; /* a deadline of its own comes back with rpc_due */
	write_try(call);
}

static enum tuy_err batch_attempt(struct rpc_call *call, uint64_t *ticket)
{
	struct life_batch *batch = call->work;
	enum tuy_err err = life_batch_write(call->home->d, batch);
	call->write.at_s = loop_now(call->home->d).wall_s;
	*ticket = batch->appended[0].ticket;
	return err;
}

void rpc_write_batch(struct rpc_call *call, void (*then)(struct rpc_call *call, const char *error))
{
	rpc_write(call, batch_attempt, then);
}

void rpc_append(struct rpc_call *call, uint32_t circle_no, const struct tuy_record *record,
                uint32_t exp_s, void (*then)(struct rpc_call *call, const char *error))
{
	uint8_t *buffer = malloc(RECORD_MAX);
	if (!buffer) {
		rpc_fail(call, "T-MEMORY", "", "There was not enough memory.");
		return;
	}
	struct tuy_writer w = tuy_writer(buffer, RECORD_MAX);
	tuy_require(tuy_record_write(record, &w) == TUY_OK);
	free(call->write.record);
	call->write.record = buffer;
	call->write.record_len = w.len;
	call->write.circle_no = circle_no;
	call->write.exp_s = exp_s;
	rpc_write(call, append_attempt, then);
}

void rpc_write_failed(struct rpc_call *call, const char *error)
{
	const char *dir = call->home->d->paths->store_dir;
	if (strcmp(error, "T-STORE-FULL") == 0)
		rpc_fail(call, error, "Make room, then give it again.",
		         "The disk of %s is full. Nothing was saved.", dir);
	else if (strcmp(error, "T-STOPPING") == 0)
		rpc_fail(call, error, "tuyau status", "tuyaud is being stopped.");
	else if (strcmp(error, "T-MEMORY") == 0)
		rpc_fail(call, error, "", "There was not enough memory. Nothing was saved.");
	else
		rpc_fail(call, error, "Look at the disk: dmesg; and at tuyaud's log.",
		         "The disk of %s refused to write. Nothing was saved.", dir);
}
