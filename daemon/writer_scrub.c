#include "writer_scrub.h"
#include "log.h"
#include "store_scrub.h"
#include <time.h>

#define AGAIN_NS      (60ull * 1000 * 1000 * 1000) /* after one that failed */
#define EARLY_REST_NS (50ull * 1000 * 1000)        /* after one that gave way */

static uint64_t now_ns(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void scrub_begin(struct scrub_plan *plan, struct store *store)
{
	struct store_reading reading;
	*plan = (struct scrub_plan){ .store = store };
	if (store_reading_begin(store, &reading) != 0)
		return;
	if (store_residue(reading.txn, store_tables(store)) != 0)
		scrub_note(plan);
	store_reading_end(&reading);
}

/* From the words on; not before the rest is over. */
static void plan_begin(struct scrub_plan *plan)
{
	uint64_t at = now_ns() + SCRUB_REST_NS;
	plan->due = true;
	plan->again = false;
	plan->purge = SEARCH_PURGE_BEGIN;
	plan->due_ns = at > plan->rested_ns ? at : plan->rested_ns;
}

void scrub_note(struct scrub_plan *plan)
{
	if (!plan->due)
		plan_begin(plan);
	else if (plan->purge != SEARCH_PURGE_BEGIN)
		plan->again = true;
}

void scrub_ask(struct scrub_plan *plan)
{
	plan_begin(plan);
	plan->due_ns = now_ns();
}

uint64_t scrub_wait_ns(const struct scrub_plan *plan)
{
	uint64_t now = now_ns();
	if (!plan->due)
		return UINT64_MAX;
	return plan->due_ns > now ? plan->due_ns - now : 0;
}

/* Some words, in a transaction of its own. */
static int words_purge(struct scrub_plan *plan)
{
	enum search_purge step = plan->purge;
	MDB_txn *txn;
	int rc = mdb_txn_begin(plan->store->env, NULL, 0, &txn);
	if (rc != 0)
		return rc;
	rc = search_purge_some(txn, store_tables(plan->store), &step, SEARCH_MERGE_WORK);
	if (rc == 0)
		rc = mdb_txn_commit(txn);
	else
		mdb_txn_abort(txn);
	if (rc != 0)
		return rc;
	store_settle(plan->store);
	plan->purge = step;
	return 0;
}

static int residue_clear(struct scrub_plan *plan)
{
	MDB_txn *txn;
	int rc = mdb_txn_begin(plan->store->env, NULL, 0, &txn);
	if (rc != 0)
		return rc;
	rc = store_residue_del(txn, store_tables(plan->store));
	if (rc == 0)
		rc = mdb_txn_commit(txn);
	else
		mdb_txn_abort(txn);
	if (rc == 0)
		store_settle(plan->store);
	return rc;
}

/* *done: the file was scrubbed; what was erased meanwhile has its turn later. */
static int file_scrub(struct scrub_plan *plan, enum scrub_words words,
                      int (*goes_on)(void *context), void *context, bool *done)
{
	struct store_scrubbed scrubbed;
	uint64_t begun = now_ns();
	bool yields = plan->early < SCRUB_EARLY_MAX;
	int rc = store_scrub(plan->store, yields ? STORE_SCRUB_YIELDS : STORE_SCRUB_LOOKS, goes_on,
	                     context, &scrubbed);
	if (rc == STORE_SCRUB_EARLY) {
		plan->early++;
		plan->due_ns = now_ns() + EARLY_REST_NS;
		return 0;
	}
	plan->early = 0;
	if (rc != 0)
		return rc;
	*done = true;
	log_line(LOG_INFO, "store", "what=scrubbed pages=%llu zeroed=%llu gaps=%llu us=%llu",
	         (unsigned long long)scrubbed.pages, (unsigned long long)scrubbed.zeroed,
	         (unsigned long long)scrubbed.gaps,
	         (unsigned long long)((now_ns() - begun) / 1000));
	return words == SCRUB_WORDS && !plan->again ? residue_clear(plan) : 0;
}

int scrub_step(struct scrub_plan *plan, enum scrub_words words, int (*goes_on)(void *context),
               void *context, bool *done)
{
	uint64_t begun = now_ns();
	int rc = plan->store->env == NULL ? MDB_PANIC : 0;
	*done = false;
	if (rc == 0 && words == SCRUB_WORDS && plan->purge != SEARCH_PURGE_DONE)
		rc = words_purge(plan);
	else if (rc == 0)
		rc = file_scrub(plan, words, goes_on, context, done);
	plan->cost_ns += now_ns() - begun;
	if (rc != 0) {
		*done = false;
		plan->due_ns = now_ns() + AGAIN_NS;
	}
	if (*done) {
		plan->rested_ns = now_ns() + SCRUB_SHARE * plan->cost_ns;
		plan->cost_ns = 0;
		plan->due = false;
		if (plan->again)
			plan_begin(plan);
	}
	return rc;
}
