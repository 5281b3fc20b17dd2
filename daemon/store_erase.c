/* What goes from the store: see store_erase.h. */
#include "store_erase.h"
#include "store_fork.h"
#include "store_letters.h"
#include "store_news.h"
#include "store_own_put.h"
#include "store_scrub.h"
#include "../proto/log.h"
#include "../proto/retract.h"
#include <string.h>

#define SLICE 256 /* entries */

static uint32_t block_of(uint32_t seq)
{
	return (seq - 1) / TUY_CHECKPOINT_EVERY;
}

static uint64_t bit_of(uint32_t seq)
{
	return UINT64_C(1) << ((seq - 1) % TUY_CHECKPOINT_EVERY);
}

void store_erase_begin(struct store_erase *erase, MDB_txn *txn, const struct store_tables *tables,
                       MDB_cursor *entries, struct view_batch *view)
{
	erase->txn = txn;
	erase->tables = tables;
	erase->entries = entries;
	erase->view = view;
	erase->touched_count = 0;
	erase->residue = false;
}

int store_erase_residue(struct store_erase *erase)
{
	if (erase->residue)
		return 0;
	erase->residue = true;
	return store_residue_put(erase->txn, erase->tables);
}

void store_erase_touch(struct store_erase *erase, uint32_t log_no)
{
	for (uint32_t i = 0; i < erase->touched_count; i++)
		if (erase->touched[i] == log_no)
			return;
	tuy_require(erase->touched_count < sizeof erase->touched / sizeof erase->touched[0]);
	erase->touched[erase->touched_count++] = log_no;
}

/* ---- what must not be here ---- */

/* Most stores hold no tombstone at all: then nothing is looked up. */
static int tombstones_any(struct store_erase *erase, bool *any)
{
	MDB_stat stat;
	int rc = mdb_stat(erase->txn, erase->tables->dbi[STORE_TOMBSTONES], &stat);
	*any = rc == 0 && stat.ms_entries > 0;
	return rc;
}

int store_erase_bits(struct store_erase *erase, uint32_t log_no, uint32_t from, uint64_t *bits)
{
	struct store_log_row row;
	struct store_bits found;
	bool any;
	*bits = 0;
	int rc = tombstones_any(erase, &any);
	if (rc != 0 || !any)
		return rc;
	rc = store_log_get(erase->txn, erase->tables, log_no, &row);
	if (rc != 0)
		return rc == MDB_NOTFOUND ? MDB_CORRUPTED : rc;
	struct tuy_log16 log16 = tuy_log16(&row.log.id);
	struct store_tombstone_key key =
		store_tombstone_key(row.log.circle_no, &row.log.device, &log16, block_of(from));
	rc = store_bits_get(erase->txn, erase->tables, STORE_TOMBSTONES, TUY_BYTES(key.b), &found);
	*bits = found.bits;
	return rc;
}

/* PROTOCOL 4.12: "tuyaud drops a payload 30 days after its header's expiry" */
static bool has_expired(uint32_t exp_s, uint32_t now_s)
{
	return exp_s != 0 && (uint64_t)exp_s + STORE_KEEP_S <= now_s;
}

enum store_blob store_erase_fate(const uint8_t *bytes, uint32_t seq, uint64_t bits, uint32_t seen_s,
                                 enum store_blob state)
{
	struct tuy_header header;
	if (state == STORE_BLOB_NONE || tuy_header_is_clear(bytes) ||
	    tuy_header_decode(bytes, &header) != TUY_OK)
		return state;
	if ((bits & bit_of(seq)) != 0)
		return STORE_BLOB_ERASED;
	return has_expired(header.exp_s, seen_s) ? STORE_BLOB_EXPIRED : state;
}

/* ---- dropping ---- */

static int missing_less(struct store_erase *erase, uint32_t log_no, uint32_t seq)
{
	struct store_key8 key = store_key8(log_no, seq);
	struct store_head head;
	int rc = store_del(erase->txn, erase->tables, STORE_MISSING, TUY_BYTES(key.b));
	if (rc == 0)
		rc = store_head_get(erase->txn, erase->tables, log_no, &head);
	if (rc == 0 && head.missing == 0)
		rc = MDB_CORRUPTED;
	if (rc != 0)
		return rc == MDB_NOTFOUND ? MDB_CORRUPTED : rc;
	head.missing--;
	store_erase_touch(erase, log_no);
	return store_head_put(erase->txn, erase->tables, log_no, &head);
}

/* Drops the payload of one entry, if it is here or wanted. */
static int entry_drop(struct store_erase *erase, uint32_t log_no, uint32_t seq,
                      enum store_blob state)
{
	uint8_t header[TUY_HEADER_SIZE];
	struct store_entry_row row;
	int rc = store_entry_get(erase->txn, erase->tables, log_no, seq, &row);
	if (rc != 0) /* not here yet, or pruned; a damaged row holds nothing that can be read */
		return rc == MDB_NOTFOUND || rc == MDB_CORRUPTED ? 0 : rc;
	if ((row.state != STORE_BLOB_HELD && row.state != STORE_BLOB_MISSING) ||
	    tuy_header_is_clear(row.header))
		return 0;
	bool missing = row.state == STORE_BLOB_MISSING;
	memcpy(header, row.header, sizeof header);
	uint32_t seen_s = row.seen_s;
	if (!missing)
		rc = view_batch_erase(erase->view, log_no, seq,
		                      state == STORE_BLOB_EXPIRED ? STORE_GONE_EXPIRED
		                                                  : STORE_GONE_RETRACTED,
		                      erase->now_s);
	if (rc == 0 && !missing)
		rc = store_erase_residue(erase);
	if (rc == 0 && missing)
		rc = missing_less(erase, log_no, seq);
	row = (struct store_entry_row){ seen_s, state, header, { NULL, 0 } };
	return rc == 0 ? store_entry_put(erase->entries, erase->tables, log_no, seq, &row, 0) : rc;
}

int store_erase_here(struct store_erase *erase, uint32_t log_no, uint32_t seq)
{
	return entry_drop(erase, log_no, seq, STORE_BLOB_ERASED);
}

static int tombstone_put(struct store_erase *erase, const struct store_log_row *author,
                         const struct tuy_log16 *log, uint32_t seq, uint32_t seen_s)
{
	struct store_bits bits;
	struct store_tombstone_key key =
		store_tombstone_key(author->log.circle_no, &author->log.device, log, block_of(seq));
	int rc = store_bits_get(erase->txn, erase->tables, STORE_TOMBSTONES, TUY_BYTES(key.b),
	                        &bits);
	if (rc != 0 || (bits.bits & bit_of(seq)) != 0)
		return rc;
	bits.bits |= bit_of(seq);
	bits.came_s = seen_s;
	return store_bits_put(erase->txn, erase->tables, STORE_TOMBSTONES, TUY_BYTES(key.b), &bits);
}

int store_erase_retract(struct store_erase *erase, const struct tuy_store_item *item,
                        uint32_t seen_s)
{
	struct tuy_retract retract;
	struct store_log_row author;
	struct store_log_row target;
	uint32_t target_no = item->u.retract.target_no;
	bool known = target_no != UINT32_MAX;
	erase->now_s = seen_s;
	if (tuy_retract_read(item->u.retract.header, item->u.retract.blob, &retract) != TUY_OK)
		return STORE_GAP;
	int rc = store_log_get(erase->txn, erase->tables, item->log_no, &author);
	if (rc == 0 && known)
		rc = store_log_get(erase->txn, erase->tables, target_no, &target);
	if (rc != 0)
		return rc == MDB_NOTFOUND ? STORE_GAP : rc;
	if (known &&
	    (memcmp(&target.log.device, &author.log.device, sizeof target.log.device) != 0 ||
	     memcmp(&target.log.id, &retract.log, sizeof retract.log) != 0))
		return STORE_GAP;
	if (known)
		rc = store_erase_residue(erase);
	for (uint32_t i = 0; i < retract.count && rc == 0; i++) {
		rc = tombstone_put(erase, &author, &retract.log, retract.seqs[i], seen_s);
		if (rc == 0 && known)
			rc = entry_drop(erase, target_no, retract.seqs[i], STORE_BLOB_ERASED);
		if (rc == 0 && known)
			rc = store_fork_erase(erase->txn, erase->tables, target_no,
			                      retract.seqs[i]);
	}
	return rc;
}

/* ---- receipts ---- */

/* PROTOCOL 4.12: "A receipt counts only for what the author did retract" */
static int receipt_put(struct store_erase *erase, const struct store_log_row *log, uint32_t log_no,
                       const struct tuy_device *device, uint32_t seq, uint32_t seen_s)
{
	struct tuy_log16 log16 = tuy_log16(&log->log.id);
	struct store_tombstone_key tombstone =
		store_tombstone_key(log->log.circle_no, &log->log.device, &log16, block_of(seq));
	struct store_receipt_key key = store_receipt_key(log_no, block_of(seq), device);
	struct store_bits bits;
	int rc = store_bits_get(erase->txn, erase->tables, STORE_TOMBSTONES, TUY_BYTES(tombstone.b),
	                        &bits);
	if (rc != 0 || (bits.bits & bit_of(seq)) == 0)
		return rc;
	rc = store_bits_get(erase->txn, erase->tables, STORE_RECEIPTS, TUY_BYTES(key.b), &bits);
	if (rc != 0 || (bits.bits & bit_of(seq)) != 0)
		return rc;
	bits.bits |= bit_of(seq);
	bits.came_s = seen_s;
	return store_bits_put(erase->txn, erase->tables, STORE_RECEIPTS, TUY_BYTES(key.b), &bits);
}

int store_erase_receipt(struct store_erase *erase, const struct tuy_store_item *item,
                        uint32_t seen_s)
{
	struct store_log_row log;
	int rc = store_log_get(erase->txn, erase->tables, item->log_no, &log);
	if (rc != 0)
		return rc == MDB_NOTFOUND ? STORE_GAP : rc;
	for (uint32_t i = 0; i < item->u.receipt.count && rc == 0; i++)
		rc = receipt_put(erase, &log, item->log_no, &item->u.receipt.device,
		                 item->u.receipt.seqs[i], seen_s);
	return rc;
}

int store_receipt(struct store_reading *reading, uint32_t log_no, uint32_t seq,
                  const struct tuy_device *device)
{
	struct store_receipt_key key = store_receipt_key(log_no, block_of(seq), device);
	struct store_bits bits;
	if (store_bits_get(reading->txn, store_tables(reading->store), STORE_RECEIPTS,
	                   TUY_BYTES(key.b), &bits) != 0)
		return -1;
	return (bits.bits & bit_of(seq)) != 0;
}

/* ---- what has expired ---- */

/* The first row of expiries that is due: 0 with its key, MDB_NOTFOUND, or a code. */
static int expiry_first(struct store_erase *erase, uint32_t now_s, struct store_key12 *first)
{
	MDB_cursor *cursor;
	MDB_val key;
	MDB_val row;
	struct tuy_bytes value;
	int rc = mdb_cursor_open(erase->txn, erase->tables->dbi[STORE_EXPIRIES], &cursor);
	if (rc != 0)
		return rc;
	rc = mdb_cursor_get(cursor, &key, &row, MDB_FIRST);
	if (rc == 0)
		rc = store_check(erase->tables, STORE_EXPIRIES, &key, &row, &value);
	if (rc == 0 && key.mv_size != sizeof first->b)
		rc = MDB_CORRUPTED;
	if (rc == 0) {
		memcpy(first->b, key.mv_data, sizeof first->b);
		rc = has_expired(tuy_get32(first->b), now_s) ? 0 : MDB_NOTFOUND;
	}
	mdb_cursor_close(cursor);
	return rc;
}

static int expired_some(struct store_erase *erase, struct store_sweep *sweep)
{
	struct store_key12 key;
	for (uint32_t i = 0; i < SLICE; i++) {
		/* One slice names no more logs than are noted. */
		if (erase->touched_count >= TUY_CHECKPOINT_EVERY)
			return 0;
		int rc = expiry_first(erase, sweep->now_s, &key);
		sweep->expired_done = rc == MDB_NOTFOUND;
		if (rc != 0)
			return sweep->expired_done ? 0 : rc;
		rc = entry_drop(erase, tuy_get32(key.b + 4), tuy_get32(key.b + 8),
		                STORE_BLOB_EXPIRED);
		if (rc == 0)
			rc = store_del(erase->txn, erase->tables, STORE_EXPIRIES, TUY_BYTES(key.b));
		if (rc != 0)
			return rc;
	}
	return 0;
}

/* ---- pruning ---- */

/* PROTOCOL 7.10: "A clear entry is pruned only if it names nothing but entries of its own log up to
 * the end of its block" */
static bool names_only_below(const struct store_entry_row *row, const struct store_log_row *log,
                             uint32_t end)
{
	struct tuy_log16 log16 = tuy_log16(&log->log.id);
	struct tuy_retract retract;
	return row->state == STORE_BLOB_HELD &&
	       tuy_retract_read(row->header, row->blob, &retract) == TUY_OK &&
	       memcmp(&retract.log, &log16, sizeof log16) == 0 &&
	       retract.seqs[retract.count - 1] <= end;
}

static bool may_prune(const struct store_entry_row *row, const struct store_log_row *log,
                      uint32_t end, uint32_t now_s)
{
	if ((uint64_t)row->seen_s + STORE_PRUNE_S > now_s)
		return false;
	if (tuy_header_is_clear(row->header))
		return names_only_below(row, log, end);
	return row->state != STORE_BLOB_HELD && row->state != STORE_BLOB_MISSING;
}

/* The seq of a log's first entry that is held; 0: none. */
static int entry_first(struct store_erase *erase, uint32_t log_no, uint32_t *seq)
{
	struct store_key8 first = store_key8(log_no, 0);
	MDB_val key = { sizeof first.b, first.b };
	MDB_val row;
	int rc = mdb_cursor_get(erase->entries, &key, &row, MDB_SET_RANGE);
	*seq = 0;
	if (rc == 0 && key.mv_size == sizeof first.b && tuy_get32(key.mv_data) == log_no)
		*seq = tuy_get32((const uint8_t *)key.mv_data + 4);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

/* Prunes the first block of a log, if it may go. What is left of blocks below the base goes too. */
static int block_prune(struct store_erase *erase, uint32_t log_no, uint32_t now_s, bool *pruned)
{
	struct store_entry_row row;
	struct store_log_row log;
	struct store_head head;
	uint32_t from;
	*pruned = false;
	int rc = store_log_get(erase->txn, erase->tables, log_no, &log);
	if (rc == 0)
		rc = store_head_get(erase->txn, erase->tables, log_no, &head);
	if (rc == 0)
		rc = entry_first(erase, log_no, &from);
	if (rc != 0 || from == 0)
		return rc;
	uint32_t end = (block_of(from) + 1) * TUY_CHECKPOINT_EVERY;
	if (end > head.head.seq)
		return 0;
	for (uint32_t seq = from; seq <= end; seq++) {
		rc = store_entry_get(erase->txn, erase->tables, log_no, seq, &row);
		if (rc == 0 && !may_prune(&row, &log, end, now_s))
			return 0;
		if (rc != 0 && rc != MDB_NOTFOUND)
			return rc;
	}
	for (uint32_t seq = from; seq <= end; seq++) {
		struct store_key8 key = store_key8(log_no, seq);
		rc = store_del(erase->txn, erase->tables, STORE_ENTRIES, TUY_BYTES(key.b));
		if (rc != 0 && rc != MDB_NOTFOUND)
			return rc;
	}
	*pruned = true;
	if (end <= head.base_seq)
		return 0;
	head.base_seq = end;
	store_erase_touch(erase, log_no);
	return store_head_put(erase->txn, erase->tables, log_no, &head);
}

static uint32_t before(uint32_t now_s, uint32_t life_s)
{
	return now_s > life_s ? now_s - life_s : 0;
}

/* The first answer to news that was read before `before_s`, from `key` on, which becomes its own.
 */
static int news_seek(struct store_erase *erase, uint32_t before_s, uint8_t key[STORE_NEWS_KEY],
                     struct store_place *place)
{
	MDB_val k = { STORE_NEWS_KEY, key };
	MDB_val row;
	MDB_cursor *cursor;
	struct tuy_bytes value;
	bool found = false;
	int rc = mdb_cursor_open(erase->txn, erase->tables->dbi[STORE_PRIVATE], &cursor);
	if (rc != 0)
		return rc;
	rc = mdb_cursor_get(cursor, &k, &row, MDB_SET_RANGE);
	while (rc == 0 && !found) {
		const uint8_t *b = k.mv_data;
		if (k.mv_size == STORE_NEWS_KEY && b[STORE_NEWS_KEY - 1] == STORE_NEWS_KIND &&
		    store_check(erase->tables, STORE_PRIVATE, &k, &row, &value) == 0 &&
		    value.len == STORE_NEWS_VALUE && tuy_get32(value.p) < before_s) {
			memcpy(key, b, STORE_NEWS_KEY);
			*place = (struct store_place){ tuy_get32(value.p + 4),
				                       tuy_get32(value.p + 8) };
			found = true;
		} else {
			rc = mdb_cursor_get(cursor, &k, &row, MDB_NEXT);
		}
	}
	mdb_cursor_close(cursor);
	return rc;
}

/* Product 1.12: answers to news, 7 days after they were read. */
static int news_purge(struct store_erase *erase, uint32_t before_s)
{
	uint8_t key[STORE_NEWS_KEY] = { 0 };
	struct store_place place;
	int rc;
	while ((rc = news_seek(erase, before_s, key, &place)) == 0 &&
	       erase->touched_count < TUY_CHECKPOINT_EVERY) {
		rc = entry_drop(erase, place.log_no, place.seq, STORE_BLOB_EXPIRED);
		if (rc == 0)
			rc = store_del(erase->txn, erase->tables, STORE_PRIVATE, TUY_BYTES(key));
		if (rc != 0)
			return rc;
	}
	return rc == MDB_NOTFOUND ? 0 : rc;
}

/* What is no part of a log and has had its time. */
static int leftovers_purge(struct store_erase *erase, uint32_t now_s)
{
	bool gone = false;
	int rc = store_fork_purge(erase->txn, erase->tables, before(now_s, STORE_VOID_LIFE_S),
	                          &gone);
	if (rc == 0)
		rc = store_letters_purge(erase->txn, erase->tables,
		                         before(now_s, STORE_LETTER_LIFE_S), &gone);
	if (rc == 0 && gone)
		rc = store_erase_residue(erase);
	if (rc == 0)
		rc = news_purge(erase, before(now_s, STORE_NEWS_READ_S));
	if (rc == 0)
		rc = store_gone_purge(erase->txn, erase->tables, before(now_s, STORE_GONE_LIFE_S));
	if (rc != 0)
		return rc;
	return store_own_purge(erase->txn, erase->tables, STORE_OWN_AUDIT,
	                       before(now_s, STORE_AUDIT_LIFE_S));
}

static int prune_some(struct store_erase *erase, struct store_sweep *sweep)
{
	for (uint32_t i = 0; i < SLICE / TUY_CHECKPOINT_EVERY; i++) {
		bool pruned;
		int rc = block_prune(erase, sweep->log_no, sweep->now_s, &pruned);
		sweep->done = rc == MDB_NOTFOUND; /* the log before was the last */
		if (sweep->done)
			return leftovers_purge(erase, sweep->now_s);
		if (rc != 0)
			return rc;
		sweep->log_no += !pruned;
	}
	return 0;
}

int store_sweep_some(struct store_erase *erase, struct store_sweep *sweep)
{
	erase->now_s = sweep->now_s;
	return sweep->expired_done ? prune_some(erase, sweep) : expired_some(erase, sweep);
}
