/*
 * The writer thread: see writer.h. Tickets wait in a queue; the thread takes them in the order they
 * came, as many as one transaction should hold, and hands them back in the same order. Because they
 * are reported in that order, a live ticket gains nothing by overtaking; instead transactions
 * become small while live tickets come.
 *
 * A transaction that fails left nothing: the map is grown and it is tried again, or (disk full,
 * I/O) each of its tickets is tried alone, so that a small one still gets through. One that fails
 * on a damaged row is tried without the derived tables: if it succeeds so, they are marked as
 * damaged in the same transaction, and the logs go on without them until they are made again.
 */
#include "writer.h"
#include "log.h"
#include "writer_scrub.h"
#include "store_apply.h"
#include "store_env.h"
#include "store_own_put.h"
#include "view_rows.h"
#include "writer_ticket.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define BATCH_ENTRIES_MAX 16384u
#define BATCH_BYTES_MAX   ((size_t)8 << 20)
#define LIVE_WORK_NS      (10ull * 1000 * 1000)   /* of one transaction while live tickets come */
#define LIVE_MEMORY_NS    (1000ull * 1000 * 1000) /* they come if one came so shortly ago */
#define MERGE_REST_NS     (100ull * 1000 * 1000)  /* merging begins so long after a live one */

struct writer {
	/* set once */
	struct store *store;
	enum writer_index index;
	writer_on_stored *on_stored;
	writer_on_erased *on_erased; /* NULL: nobody asks */
	void *context;
	int64_t offset_s;
	uv_async_t async;
	uv_thread_t thread;
	/* of the thread */
	struct view_batch *view;
	struct store_apply *apply;
	int merge_due;
	int view_is_off; /* the derived tables are damaged: nothing is written to them */
	int damage_due;  /* the derived tables are damaged, and the store does not say so yet */
	int sweeping;
	struct store_sweep sweep;
	struct scrub_plan scrub;
	struct tickets scrub_asked; /* who waits for it */
	/* shared, under the mutex */
	uv_mutex_t mutex;
	uv_cond_t cond;
	struct tickets waiting;
	struct tickets done; /* to be reported */
	struct tickets told; /* reported; the thread frees them */
	uint64_t live_ns;    /* when the last live ticket came; 0: never */
	const char *failing; /* a ticket failed and the loop does not know yet: nothing after it is
	                        kept */
	int view_doubted;    /* a reader found the derived tables damaged */
	uint32_t sweep_s;    /* what has expired by this clock is to go; 0: nothing to do */
	int stopping;
};

/* ---- one transaction ---- */

/* Notes how the logs stand that were touched since the last call: as after this ticket, which the
 * node must hear before it hears of the next. */
static int ticket_note(struct writer *writer, MDB_txn *txn, struct ticket *ticket)
{
	struct store_erase *erase = store_apply_erase(writer->apply);
	uint32_t count = erase->touched_count;
	free(ticket->logs);
	ticket->logs = NULL;
	ticket->log_count = 0;
	erase->touched_count = 0;
	if (count == 0)
		return 0;
	ticket->logs = calloc(count, sizeof *ticket->logs);
	if (ticket->logs == NULL)
		return ENOMEM;
	for (uint32_t i = 0; i < count; i++) {
		struct store_head head;
		int rc = store_head_get(txn, &writer->store->tables, erase->touched[i], &head);
		if (rc != 0)
			return rc;
		ticket->logs[ticket->log_count++] =
			(struct ticket_log){ erase->touched[i], head.missing, head.base_seq };
	}
	return 0;
}

static uint64_t live_deadline(struct writer *writer)
{
	uint64_t now = uv_hrtime();
	uv_mutex_lock(&writer->mutex);
	int live = writer->live_ns != 0 && now - writer->live_ns < LIVE_MEMORY_NS;
	uv_mutex_unlock(&writer->mutex);
	return live ? now + LIVE_WORK_NS : UINT64_MAX;
}

static int row_apply(const struct writer *writer, MDB_txn *txn, const struct ticket_row *row)
{
	const struct store_tables *tables = &writer->store->tables;
	struct tuy_bytes key = { row->key, row->key_len };
	struct tuy_bytes value = { row->key + row->key_len, row->value_len };
	if (row->removed) {
		int rc = store_erase_residue(store_apply_erase(writer->apply));
		return rc == 0 ? store_own_del(txn, tables, row->own, key) : rc;
	}
	return store_own_put(txn, tables, row->own, key, value);
}

static int ticket_apply(struct writer *writer, MDB_txn *txn, const struct ticket *ticket)
{
	int rc = 0;
	for (uint32_t i = 0; i < ticket->row_count && rc == 0; i++)
		rc = row_apply(writer, txn, &ticket->rows[i]);
	for (uint32_t i = 0; i < ticket->place_count && rc == 0; i++)
		rc = store_erase_here(store_apply_erase(writer->apply), ticket->places[i].log_no,
		                      ticket->places[i].seq);
	for (uint32_t i = 0; i < ticket->count && rc == 0; i++)
		rc = store_apply_item(writer->apply, &ticket->items[i], ticket->seen_s);
	return rc;
}

/* A transaction was committed, if `rc` is 0: did it erase anything? */
static void erased_note(struct writer *writer, int rc)
{
	if (rc == 0 && store_apply_erase(writer->apply)->residue)
		scrub_note(&writer->scrub);
}

/*
 * Writes tickets from `first` on in one transaction: as many as it should hold, at most `max`.
 * *count: how many (also on error). Begin and commit stand here together: LMDB wants both on one
 * thread.
 */
static int batch_commit(struct writer *writer, struct ticket *first, uint32_t max, uint32_t *count)
{
	uint64_t deadline = live_deadline(writer);
	uint32_t entry_count = 0;
	size_t bytes = 0;
	MDB_txn *txn;
	*count = 0;
	int rc = mdb_txn_begin(writer->store->env, NULL, 0, &txn);
	if (rc != 0)
		return rc;
	rc = store_apply_begin(writer->apply, txn, &writer->store->tables);
	for (struct ticket *t = first; t != NULL && rc == 0 && *count < max; t = t->next) {
		if (t->scrub)
			break;
		entry_count += t->entry_count;
		bytes += t->bytes;
		if (*count > 0 && (entry_count > BATCH_ENTRIES_MAX || bytes > BATCH_BYTES_MAX))
			break;
		(*count)++;
		rc = ticket_apply(writer, txn, t);
		if (rc == 0)
			rc = ticket_note(writer, txn, t);
		if (uv_hrtime() > deadline)
			break;
	}
	if (rc == 0)
		rc = store_apply_write(writer->apply);
	store_apply_end(writer->apply);
	if (rc == 0 && writer->damage_due)
		rc = view_damage_put(txn, &writer->store->tables);
	if (rc != 0) {
		mdb_txn_abort(txn);
		return rc;
	}
	rc = mdb_txn_commit(txn);
	erased_note(writer, rc);
	return rc;
}

/* The derived tables are damaged: from now on nothing is written to them. */
static void view_give_up(struct writer *writer)
{
	if (view_batch_switch(writer->view, VIEW_BATCH_OFF) == VIEW_BATCH_ON)
		writer->view_is_off = writer->damage_due = 1;
}

/* The store says so now. */
static void view_given_up(struct writer *writer)
{
	if (!writer->damage_due)
		return;
	writer->damage_due = 0;
	log_line(LOG_UNUSUAL, "store", "what=view_damaged hint=\"tuyaud --rebuild\"");
}

/* After a failed write of its meta page LMDB refuses readers too: they shall not wait for the next
 * ticket. */
static void env_revive(struct store *store)
{
	MDB_txn *txn;
	int rc = store->env == NULL ? MDB_PANIC : mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn);
	if (rc == 0)
		mdb_txn_abort(txn);
	else if (rc == MDB_PANIC)
		(void)store_reopen(store);
}

/* The same, and what can be mended is mended: a map that is full, an environment that LMDB gave up
 * after a failed write of its meta page. */
static int batch_store(struct writer *writer, struct ticket *first, uint32_t max, uint32_t *count)
{
	int reopened = 0;
	int doubted = 0;
	*count = 0;
	for (;;) {
		int rc = writer->store->env == NULL ? MDB_PANIC
		                                    : batch_commit(writer, first, max, count);
		if (rc == MDB_MAP_FULL && store_grow(writer->store) == 0)
			continue;
		if (rc == MDB_PANIC && !reopened) {
			reopened = 1;
			if (store_reopen(writer->store) == 0)
				continue;
		}
		if (rc == MDB_CORRUPTED && !doubted && !writer->damage_due) {
			view_give_up(writer);
			doubted = writer->damage_due;
			if (doubted)
				continue;
		}
		if (rc == 0) {
			store_settle(writer->store);
			view_given_up(writer);
			return 0;
		}
		if (doubted) { /* it was not, or not only, the view */
			writer->view_is_off = writer->damage_due = 0;
			(void)view_batch_switch(writer->view, VIEW_BATCH_ON);
		}
		env_revive(writer->store);
		return rc;
	}
}

/* Hands the first `count` of `taken` to the loop thread. */
static void tickets_report(struct writer *writer, struct tickets *taken, uint32_t count,
                           const char *error)
{
	uv_mutex_lock(&writer->mutex);
	for (uint32_t i = 0; i < count; i++) {
		struct ticket *ticket = ticket_pop_taken(taken);
		ticket->error = error;
		tickets_push(&writer->done, ticket);
	}
	if (error != NULL)
		writer->failing = error;
	uv_mutex_unlock(&writer->mutex);
	(void)uv_async_send(&writer->async);
}

/*
 * What is kept is always a prefix of what was handed over, up to the failure that the loop has not
 * heard of: later tickets build on earlier ones (a log on the operation that let its device in).
 */
static void tickets_store(struct writer *writer, struct tickets *taken, const char *failing)
{
	uint32_t alone = 0; /* so many are tried one by one: together they failed */
	while (taken->first != NULL) {
		if (failing != NULL) {
			tickets_report(writer, taken, 1, failing);
			continue;
		}
		if (taken->first->scrub) {
			tickets_push(&writer->scrub_asked, ticket_pop_taken(taken));
			scrub_ask(&writer->scrub);
			continue;
		}
		uint32_t count = 0;
		int rc = batch_store(writer, taken->first, alone > 0 ? 1 : UINT32_MAX, &count);
		if (rc != 0 && count > 1) {
			alone = count;
			continue;
		}
		if (alone > 0)
			alone--;
		failing = rc == 0 ? NULL : store_code(rc, writer->store->dir);
		tickets_report(writer, taken, count > 0 ? count : 1, failing);
	}
	writer->merge_due = writer->index == WRITER_WORDS && !writer->view_is_off;
}

/* ---- the thread ---- */

/* Writes down that the derived tables are damaged, without waiting for a ticket. What fails is
 * written with the next one. */
static void damage_note(struct writer *writer)
{
	MDB_txn *txn;
	view_give_up(writer);
	if (!writer->damage_due || writer->store->env == NULL ||
	    mdb_txn_begin(writer->store->env, NULL, 0, &txn) != 0)
		return;
	if (view_damage_put(txn, &writer->store->tables) != 0) {
		mdb_txn_abort(txn);
		return;
	}
	if (mdb_txn_commit(txn) != 0)
		return;
	store_settle(writer->store);
	view_given_up(writer);
}

/* Some merging of the word index, in a transaction of its own, while nothing waits. */
static void words_merge(struct writer *writer)
{
	MDB_txn *txn;
	writer->merge_due = 0;
	if (writer->store->env == NULL || mdb_txn_begin(writer->store->env, NULL, 0, &txn) != 0)
		return;
	int rc = MDB_CORRUPTED;
	int waits = search_merge_waits(txn, &writer->store->tables);
	if (waits == 1)
		rc = search_merge_some(txn, &writer->store->tables, SEARCH_MERGE_WORK);
	if (rc != 0) {
		mdb_txn_abort(txn);
		if (waits != 0 && rc == MDB_CORRUPTED)
			damage_note(writer);
		return;
	}
	rc = mdb_txn_commit(txn);
	if (rc == 0)
		store_settle(writer->store);
	writer->merge_due = rc == 0;
}

/* Erases what has expired and prunes, a slice in a transaction of its own, while nothing waits.
 * What fails is begun again at the next sweep. */
static void sweep_some(struct writer *writer)
{
	struct ticket *slice = calloc(1, sizeof *slice);
	struct store_sweep sweep = writer->sweep;
	MDB_txn *txn;
	writer->sweeping = 0;
	if (slice == NULL || writer->store->env == NULL ||
	    mdb_txn_begin(writer->store->env, NULL, 0, &txn) != 0) {
		free(slice);
		return;
	}
	int rc = store_apply_begin(writer->apply, txn, &writer->store->tables);
	if (rc == 0)
		rc = store_sweep_some(store_apply_erase(writer->apply), &sweep);
	if (rc == 0)
		rc = ticket_note(writer, txn, slice);
	if (rc == 0)
		rc = store_apply_write(writer->apply);
	store_apply_end(writer->apply);
	if (rc == 0)
		rc = mdb_txn_commit(txn);
	else
		mdb_txn_abort(txn);
	erased_note(writer, rc);
	if (rc != 0) {
		ticket_free(slice);
		if (rc == MDB_CORRUPTED && !writer->view_is_off) {
			damage_note(writer); /* it may be the view: once more without it */
			writer->sweeping = writer->view_is_off;
		} else if (rc == MDB_MAP_FULL && store_grow(writer->store) == 0)
			writer->sweeping = 1;
		else
			log_line(LOG_UNUSUAL, "store", "what=sweep_failed code=%s",
			         store_code(rc, writer->store->dir));
		return;
	}
	store_settle(writer->store);
	writer->sweep = sweep;
	writer->sweeping = !sweep.done;
	slice->swept = sweep.done;
	writer->merge_due = writer->index == WRITER_WORDS && !writer->view_is_off;
	uv_mutex_lock(&writer->mutex);
	tickets_push(&writer->done, slice);
	uv_mutex_unlock(&writer->mutex);
	(void)uv_async_send(&writer->async);
}

/* Answers who waits for the file to be clean. */
static void scrub_report(struct writer *writer, const char *error)
{
	struct ticket *ticket;
	uv_mutex_lock(&writer->mutex);
	while ((ticket = tickets_pop(&writer->scrub_asked)) != NULL) {
		ticket->error = error;
		tickets_push(&writer->done, ticket);
	}
	uv_mutex_unlock(&writer->mutex);
	(void)uv_async_send(&writer->async);
}

/* writer_scrub.h: other work waits. */
static int may_scrub(void *context)
{
	struct writer *writer = context;
	uv_mutex_lock(&writer->mutex);
	int free_now = writer->waiting.first == NULL && !writer->stopping;
	uv_mutex_unlock(&writer->mutex);
	return free_now;
}

static void scrub_some(struct writer *writer)
{
	bool made = writer->index == WRITER_WORDS && !writer->view_is_off;
	bool done;
	int rc = scrub_step(&writer->scrub, made ? SCRUB_WORDS : SCRUB_NO_WORDS, may_scrub, writer,
	                    &done);
	if (rc == MDB_MAP_FULL && store_grow(writer->store) == 0) {
		scrub_ask(&writer->scrub);
		return;
	}
	if (rc == 0 && !done)
		return;
	if (rc != 0)
		log_line(LOG_UNUSUAL, "store", "what=scrub_failed code=%s",
		         store_code(rc, writer->store->dir));
	if (rc == MDB_CORRUPTED && made)
		damage_note(writer);
	scrub_report(writer, rc == 0 ? NULL : store_code(rc, writer->store->dir));
}

/* What the node knows now (see store_apply_told). */
static void told_take(struct writer *writer, struct tickets *told)
{
	struct ticket *ticket;
	while ((ticket = ticket_pop_taken(told)) != NULL) {
		for (uint32_t i = 0; i < ticket->head_count; i++)
			(void)store_apply_told(writer->apply, ticket->heads[i].log_no,
			                       ticket->heads[i].seq);
		ticket_free(ticket);
	}
}

/* Merging in a transaction of its own would keep the next live ticket waiting: while such come,
 * what commits merge themselves is enough. Nanoseconds until it may begin; the mutex is held. */
static uint64_t merge_rest_ns(const struct writer *writer)
{
	uint64_t since = uv_hrtime() - writer->live_ns;
	return writer->live_ns == 0 || since >= MERGE_REST_NS ? 0 : MERGE_REST_NS - since;
}

/* Waits for something to do; the mutex is held. */
static void work_await(struct writer *writer)
{
	while (writer->waiting.first == NULL && !writer->stopping && !writer->view_doubted &&
	       !writer->sweeping && writer->sweep_s == 0) {
		uint64_t merge_ns = writer->merge_due ? merge_rest_ns(writer) : UINT64_MAX;
		uint64_t scrub_ns = scrub_wait_ns(&writer->scrub);
		uint64_t rest_ns = merge_ns < scrub_ns ? merge_ns : scrub_ns;
		if (rest_ns == UINT64_MAX)
			uv_cond_wait(&writer->cond, &writer->mutex);
		else if (rest_ns > 0)
			(void)uv_cond_timedwait(&writer->cond, &writer->mutex, rest_ns);
		else
			return;
	}
}

static void thread_main(void *arg)
{
	struct writer *writer = arg;
	scrub_begin(&writer->scrub, writer->store);
	for (;;) {
		uv_mutex_lock(&writer->mutex);
		work_await(writer);
		struct tickets taken = tickets_take(&writer->waiting);
		struct tickets told = tickets_take(&writer->told);
		const char *failing = writer->failing;
		int stopping = writer->stopping;
		int doubted = writer->view_doubted;
		writer->view_doubted = 0;
		if (writer->sweep_s != 0) {
			writer->sweep = (struct store_sweep){ .now_s = writer->sweep_s };
			writer->sweeping = 1;
			writer->sweep_s = 0;
		}
		uv_mutex_unlock(&writer->mutex);
		told_take(writer, &told);
		if (doubted)
			damage_note(writer);
		if (taken.first != NULL)
			tickets_store(writer, &taken, failing);
		else if (stopping)
			break;
		else if (scrub_wait_ns(&writer->scrub) == 0)
			scrub_some(writer);
		else if (writer->merge_due)
			words_merge(writer);
		else if (writer->sweeping)
			sweep_some(writer);
	}
	scrub_report(writer, "T-STOPPING");
}

/* ---- the loop's side ---- */

static void done_report(struct writer *writer)
{
	struct ticket *ticket;
	for (;;) {
		uv_mutex_lock(&writer->mutex);
		ticket = tickets_pop(&writer->done);
		if (ticket == NULL)
			writer->failing = NULL; /* the loop knows of all that failed */
		uv_mutex_unlock(&writer->mutex);
		if (ticket == NULL)
			return;
		if (ticket->number != 0)
			writer->on_stored(writer->context, ticket->number,
			                  ticket->error == NULL ? TUY_STORED_OK : TUY_STORED_FAILED,
			                  ticket->error);
		if (ticket->error != NULL)
			ticket->head_count = ticket->log_count = 0;
		for (uint32_t i = 0; i < ticket->log_count && writer->on_erased != NULL; i++)
			writer->on_erased(writer->context, ticket->logs[i].log_no,
			                  ticket->logs[i].missing, ticket->logs[i].base_seq);
		if (ticket->swept && writer->on_erased != NULL)
			writer->on_erased(writer->context, WRITER_SWEPT, 0, 0);
		uv_mutex_lock(&writer->mutex);
		tickets_push(&writer->told, ticket);
		uv_mutex_unlock(&writer->mutex);
	}
}

static void on_async(uv_async_t *async)
{
	done_report(async->data);
}

static void writer_free(struct writer *writer)
{
	struct ticket *ticket;
	while ((ticket = tickets_pop(&writer->told)) != NULL)
		ticket_free(ticket);
	store_apply_destroy(writer->apply);
	view_batch_destroy(writer->view);
	uv_cond_destroy(&writer->cond);
	uv_mutex_destroy(&writer->mutex);
	free(writer);
}

static void on_async_closed(uv_handle_t *handle)
{
	writer_free(handle->data);
}

/* The thread takes no signals: those are the loop's. */
static int thread_start(struct writer *writer)
{
	sigset_t all;
	sigset_t before;
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	int rc = uv_thread_create(&writer->thread, thread_main, writer);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
}

static enum view_level view_level_of(enum writer_index index)
{
	switch (index) {
	case WRITER_LOGS_ONLY:
		return VIEW_LEVEL_NOTHING;
	case WRITER_OBJECTS:
		return VIEW_LEVEL_OBJECTS;
	case WRITER_WORDS:
		break;
	}
	return VIEW_LEVEL_WORDS;
}

struct writer *writer_start(struct store *store, uv_loop_t *loop,
                            const struct tuy_device_keys *keys, enum writer_index index,
                            writer_on_stored *on_stored, void *context)
{
	struct writer *writer = calloc(1, sizeof *writer);
	if (writer == NULL)
		return NULL;
	if (uv_mutex_init(&writer->mutex) != 0) {
		free(writer);
		return NULL;
	}
	if (uv_cond_init(&writer->cond) != 0) {
		uv_mutex_destroy(&writer->mutex);
		free(writer);
		return NULL;
	}
	writer->store = store;
	writer->index = index;
	writer->on_stored = on_stored;
	writer->context = context;
	tickets_init(&writer->waiting);
	tickets_init(&writer->done);
	tickets_init(&writer->told);
	tickets_init(&writer->scrub_asked);
	writer->view = view_batch_create(keys, view_level_of(index));
	writer->apply = writer->view == NULL ? NULL : store_apply_create(writer->view);
	if (writer->apply == NULL || uv_async_init(loop, &writer->async, on_async) != 0) {
		writer_free(writer);
		return NULL;
	}
	writer->async.data = writer;
	if (thread_start(writer) != 0) {
		uv_close((uv_handle_t *)&writer->async, on_async_closed);
		return NULL;
	}
	return writer;
}

static int ticket_submit(struct writer *writer, struct ticket *made, int live)
{
	uv_timeval64_t now;
	if (made == NULL)
		return -1;
	if (uv_gettimeofday(&now) == 0)
		made->seen_s = (uint32_t)(now.tv_sec + writer->offset_s);
	uv_mutex_lock(&writer->mutex);
	tickets_push(&writer->waiting, made);
	if (live)
		writer->live_ns = uv_hrtime();
	uv_cond_signal(&writer->cond);
	uv_mutex_unlock(&writer->mutex);
	return 0;
}

void writer_offset(struct writer *writer, int64_t offset_s)
{
	writer->offset_s = offset_s;
}

int writer_submit(struct writer *writer, uint64_t ticket, const struct tuy_store_item *items,
                  uint32_t count, int live)
{
	return ticket_submit(writer, ticket_of_items(ticket, items, count), live);
}

int writer_submit_rows(struct writer *writer, uint64_t ticket, const struct writer_row *rows,
                       uint32_t count)
{
	return ticket_submit(writer, ticket_of_rows(ticket, rows, count), 0);
}

int writer_erase_here(struct writer *writer, uint64_t ticket, const struct store_place *places,
                      uint32_t count)
{
	return ticket_submit(writer, ticket_of_places(ticket, places, count), 0);
}

int writer_scrub(struct writer *writer, uint64_t ticket)
{
	struct ticket *made = ticket_of_places(ticket, NULL, 0);
	if (made != NULL)
		made->scrub = 1;
	return ticket_submit(writer, made, 0);
}

void writer_report_erased(struct writer *writer, writer_on_erased *on_erased)
{
	writer->on_erased = on_erased;
}

void writer_sweep(struct writer *writer, uint32_t now_s)
{
	uv_mutex_lock(&writer->mutex);
	writer->sweep_s = now_s;
	uv_cond_signal(&writer->cond);
	uv_mutex_unlock(&writer->mutex);
}

void writer_doubt_view(struct writer *writer)
{
	uv_mutex_lock(&writer->mutex);
	writer->view_doubted = 1;
	uv_cond_signal(&writer->cond);
	uv_mutex_unlock(&writer->mutex);
}

void writer_stop(struct writer *writer)
{
	uv_mutex_lock(&writer->mutex);
	writer->stopping = 1;
	uv_cond_signal(&writer->cond);
	uv_mutex_unlock(&writer->mutex);
	(void)uv_thread_join(&writer->thread);
	done_report(writer);
	uv_close((uv_handle_t *)&writer->async, on_async_closed);
}
