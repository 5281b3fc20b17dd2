/* The view made again: see view_rebuild.h. */
#include "view_rebuild.h"
#include "store_env.h"
#include "store_scrub.h"
#include "view_build.h"
#include "view_rows.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BATCH_ENTRIES_MAX 8192u
#define BATCH_BYTES_MAX   ((size_t)8 << 20)

static const enum store_table derived[] = {
	STORE_UNOPENED, STORE_OBJECTS, STORE_OBJECT_IDS, STORE_OBJECT_TIMES, STORE_NEWEST,
	STORE_SEGMENTS, STORE_WORDS,   STORE_EXPIRIES,   STORE_ACTS,         STORE_MOVES,
};

struct log_at {        /* where one log stands */
	uint32_t next; /* the first seq that was not taken */
	bool ended;
	uint32_t seen_s; /* of the entry at `next`, or after it if there is none; if not ended */
};

struct run {
	struct view_rebuild *rebuild;
	struct view_batch *batch;
	struct log_at *logs; /* as of the last commit */
	struct log_at *work; /* as of the transaction under way */
	uint32_t log_count;
	uint64_t entries; /* in all logs */
	uint64_t done;
	uint32_t transactions;
	/* of the transaction under way */
	MDB_txn *txn;
	MDB_cursor *cursor;
	uint32_t taken;
	size_t bytes;
	uint64_t damaged;
};

/* ---- where the logs stand, in the store ---- */

/* A row of numbers: the version that is being made, then the next seq of each log. */
static int at_read(struct run *run, MDB_txn *txn)
{
	const struct store_tables *tables = store_tables(run->rebuild->store);
	struct tuy_bytes value;
	int rc = view_progress_get(txn, tables, &value);
	if (rc != 0)
		return rc;
	if (value.len < 4 || value.len % 4 != 0 || tuy_get32(value.p) != STORE_VIEW)
		return MDB_NOTFOUND;
	for (uint32_t i = 0; i < run->log_count && 4 * (i + 2) <= value.len; i++)
		run->logs[i].next = tuy_get32(value.p + 4 * (i + 1));
	return 0;
}

static int at_write(struct run *run)
{
	size_t len = 4 * ((size_t)run->log_count + 1);
	uint8_t *value = malloc(len);
	if (value == NULL)
		return ENOMEM;
	tuy_put32(value, STORE_VIEW);
	for (uint32_t i = 0; i < run->log_count; i++)
		tuy_put32(value + 4 * (i + 1), run->work[i].next);
	int rc = view_progress_put(run->txn, store_tables(run->rebuild->store),
	                           (struct tuy_bytes){ value, len });
	free(value);
	return rc;
}

/* ---- the next entry ---- */

/* Puts the cursor on the first entry of a log from `next` on. 0 with the row; MDB_NOTFOUND. */
static int log_seek(struct run *run, uint32_t log_no, MDB_val *key, MDB_val *row)
{
	struct store_key8 first = store_key8(log_no, run->work[log_no].next);
	*key = (MDB_val){ sizeof first.b, first.b };
	int rc = mdb_cursor_get(run->cursor, key, row, MDB_SET_RANGE);
	if (rc == 0 && (key->mv_size != sizeof first.b || tuy_get32(key->mv_data) != log_no))
		rc = MDB_NOTFOUND;
	return rc;
}

/* Notes what the cursor gave for a log: when its next entry came. A damaged one counts as the
 * oldest, so that it is passed over at once. */
static int log_note(struct run *run, uint32_t log_no, int rc, const MDB_val *key,
                    const MDB_val *row)
{
	struct log_at *at = &run->work[log_no];
	struct tuy_bytes value;
	at->ended = rc == MDB_NOTFOUND;
	at->seen_s = 0;
	if (rc != 0)
		return at->ended ? 0 : rc;
	if (store_check(store_tables(run->rebuild->store), STORE_ENTRIES, key, row, &value) == 0 &&
	    value.len >= 4)
		at->seen_s = tuy_get32(value.p);
	return 0;
}

/* Finds where each log goes on. */
static int logs_look(struct run *run)
{
	MDB_val key;
	MDB_val row;
	int rc = 0;
	for (uint32_t i = 0; i < run->log_count && rc == 0; i++) {
		rc = log_seek(run, i, &key, &row);
		rc = log_note(run, i, rc, &key, &row);
	}
	return rc;
}

/* The log whose next entry came first; log_count if all have ended. */
static uint32_t log_first(const struct run *run)
{
	uint32_t first = run->log_count;
	for (uint32_t i = 0; i < run->log_count; i++)
		if (!run->work[i].ended &&
		    (first == run->log_count || run->work[i].seen_s < run->work[first].seen_s))
			first = i;
	return first;
}

static int entry_take(struct run *run, uint32_t log_no, uint32_t seq)
{
	struct store_entry_row row;
	int rc = store_entry_get(run->txn, store_tables(run->rebuild->store), log_no, seq, &row);
	run->taken++;
	if (rc == MDB_CORRUPTED) { /* the truth is damaged, not what is made of it */
		run->damaged++;
		return 0;
	}
	if (rc != 0)
		return rc;
	run->bytes += row.blob.len;
	return view_batch_entry(run->batch, log_no, seq, &row);
}

static bool batch_is_full(const struct run *run)
{
	uint32_t most = run->rebuild->entries_max;
	return run->taken >= (most > 0 ? most : BATCH_ENTRIES_MAX) || run->bytes >= BATCH_BYTES_MAX;
}

/* Takes the entries of one log that came no later than its first one. */
static int log_take(struct run *run, uint32_t log_no)
{
	struct log_at *at = &run->work[log_no];
	uint32_t until_s = at->seen_s;
	MDB_val key;
	MDB_val row;
	int rc = log_seek(run, log_no, &key, &row);
	while (rc == 0 && at->seen_s <= until_s && !batch_is_full(run)) {
		uint32_t seq = tuy_get32((const uint8_t *)key.mv_data + 4);
		rc = entry_take(run, log_no, seq);
		if (rc != 0)
			return rc;
		at->next = seq + 1;
		rc = seq == UINT32_MAX ? MDB_NOTFOUND : log_seek(run, log_no, &key, &row);
		int bad = log_note(run, log_no, rc, &key, &row);
		if (bad != 0)
			return bad;
	}
	return rc == MDB_NOTFOUND ? 0 : rc;
}

/* ---- one transaction ---- */

/* Everything derived goes. */
static int tables_clear(struct run *run)
{
	const struct store_tables *tables = store_tables(run->rebuild->store);
	int rc = 0;
	for (size_t i = 0; i < sizeof derived / sizeof derived[0] && rc == 0; i++)
		rc = mdb_drop(run->txn, tables->dbi[derived[i]], 0);
	if (rc == 0) /* words of what was erased may have stood there */
		rc = store_residue_put(run->txn, tables);
	if (rc == 0)
		rc = view_counts_put(run->txn, tables, &(struct view_counts){ 0, 0 });
	if (rc == 0)
		rc = view_version_put(run->txn, tables, VIEW_VERSION_NONE);
	for (uint32_t i = 0; i < run->log_count; i++)
		run->work[i] = (struct log_at){ .next = 1 };
	return rc == 0 ? at_write(run) : rc;
}

/* Takes as many entries as a transaction should hold; the last one says that the view is whole. */
static int entries_take(struct run *run)
{
	struct store_tables tables = *store_tables(run->rebuild->store);
	uint32_t log_no;
	int rc = mdb_cursor_open(run->txn, tables.dbi[STORE_ENTRIES], &run->cursor);
	if (rc != 0)
		return rc;
	rc = view_batch_begin(run->batch, run->txn, &tables);
	if (rc == 0)
		rc = logs_look(run);
	while (rc == 0 && !batch_is_full(run) && (log_no = log_first(run)) < run->log_count)
		rc = log_take(run, log_no);
	mdb_cursor_close(run->cursor);
	if (rc == 0)
		rc = view_batch_write(run->batch);
	if (rc != 0 || log_first(run) < run->log_count)
		return rc != 0 ? rc : at_write(run);
	rc = view_progress_del(run->txn, &tables);
	return rc == 0 ? view_version_put(run->txn, &tables, STORE_VIEW) : rc;
}

/* Begin and commit stand here together. The map grows as often as it must. */
static int transaction(struct run *run, int (*fill)(struct run *run))
{
	struct store *store = run->rebuild->store;
	size_t size = run->log_count * sizeof *run->work;
	int rc;
	do {
		if (size > 0)
			memcpy(run->work, run->logs, size);
		run->taken = 0;
		run->bytes = 0;
		run->damaged = 0;
		rc = mdb_txn_begin(store->env, NULL, 0, &run->txn);
		if (rc != 0)
			return rc;
		rc = fill(run);
		if (rc == 0)
			rc = mdb_txn_commit(run->txn);
		else
			mdb_txn_abort(run->txn);
	} while (rc == MDB_MAP_FULL && store_grow(store) == 0);
	if (rc != 0)
		return rc;
	if (size > 0)
		memcpy(run->logs, run->work, size);
	run->done += run->taken;
	run->rebuild->entries_damaged += run->damaged;
	run->transactions++;
	store_settle(store);
	return 0;
}

/* ---- the whole ---- */

/* How many logs and entries there are. Log numbers have no holes. */
static int logs_count(struct run *run, MDB_txn *txn)
{
	const struct store_tables *tables = store_tables(run->rebuild->store);
	MDB_stat logs;
	MDB_stat entries;
	int rc = mdb_stat(txn, tables->dbi[STORE_LOGS], &logs);
	if (rc == 0)
		rc = mdb_stat(txn, tables->dbi[STORE_ENTRIES], &entries);
	if (rc != 0)
		return rc;
	run->log_count = (uint32_t)logs.ms_entries;
	run->entries = entries.ms_entries;
	run->logs = calloc((size_t)run->log_count + 1, sizeof *run->logs);
	run->work = calloc((size_t)run->log_count + 1, sizeof *run->work);
	return run->logs == NULL || run->work == NULL ? ENOMEM : 0;
}

/* What is to be done: *whole; else *begun if a rebuild of this version is under way. */
static int state_read(struct run *run, bool *whole, bool *begun)
{
	struct store *store = run->rebuild->store;
	MDB_txn *txn;
	int rc = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn);
	if (rc != 0)
		return rc;
	*whole = view_version_is_whole(txn, &store->tables);
	rc = *whole && run->rebuild->when == VIEW_REBUILD_NEEDED ? 0 : logs_count(run, txn);
	int at = rc == 0 && run->logs != NULL ? at_read(run, txn) : MDB_NOTFOUND;
	*begun = at == 0 && !*whole;
	mdb_txn_abort(txn);
	return rc;
}

static int rebuild(struct run *run, bool begun)
{
	struct view_rebuild *r = run->rebuild;
	int rc = begun ? 0 : transaction(run, tables_clear);
	for (uint32_t i = 0; begun && i < run->log_count; i++)
		run->done += run->logs[i].next > 0 ? run->logs[i].next - 1 : 0;
	while (rc == 0) {
		if (r->transactions_max > 0 && run->transactions >= r->transactions_max) {
			r->result = VIEW_INTERRUPTED;
			return 0;
		}
		rc = transaction(run, entries_take);
		if (r->on_progress != NULL && rc == 0)
			r->on_progress(r->context, run->done, run->entries);
		if (rc == 0 && log_first(run) == run->log_count) {
			r->result = VIEW_REBUILT;
			return 0;
		}
	}
	return rc;
}

static int failed(const struct store *store, int rc, struct store_error *error)
{
	if (rc == MDB_CORRUPTED || rc == MDB_PAGE_NOTFOUND)
		return store_fail(error, "T-STORE-DAMAGED",
		                  "Put back a copy of the whole directory, or move it away and "
		                  "join again.",
		                  "The store in %s is damaged: the views cannot be made again.",
		                  store->dir);
	const char *code = store_code(rc, store->dir);
	return store_fail(error, code,
	                  strcmp(code, "T-STORE-FULL") == 0
	                          ? "Make room on that disk, then start again: it goes on."
	                          : "Look at the disk and its log.",
	                  "The views in %s cannot be made again: %s.", store->dir, store_why(rc));
}

int view_rebuild_run(struct view_rebuild *rebuild_, struct store_error *error)
{
	struct run run = { .rebuild = rebuild_ };
	bool whole = false;
	bool begun = false;
	rebuild_->result = VIEW_WAS_WHOLE;
	rebuild_->entries_damaged = 0;
	int rc = state_read(&run, &whole, &begun);
	if (rc == 0 && (!whole || rebuild_->when == VIEW_REBUILD_ALWAYS)) {
		run.batch = view_batch_create(rebuild_->keys, VIEW_LEVEL_WORDS);
		rc = run.batch == NULL
		             ? ENOMEM
		             : rebuild(&run, begun && rebuild_->when == VIEW_REBUILD_NEEDED);
	}
	view_batch_destroy(run.batch);
	free(run.logs);
	free(run.work);
	return rc == 0 ? 0 : failed(rebuild_->store, rc, error);
}
