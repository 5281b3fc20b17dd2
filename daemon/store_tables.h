/*
 * The tables of the store: what each key and value is, and the only way to put and get them
 * (checksummed). Keys and values of the first group must not change: what comes later (removals,
 * forks, erasure, pruning, private tables) adds tables or states, never a new meaning.
 *
 * Integers are big endian, so that the order of keys is the order of numbers. No DUPSORT. Every
 * value ends with a MAC: BLAKE2b-128, key = the device's checksum key, over
 * table u8 ‖ key_len u8 ‖ key ‖ value. Layouts below are without it.
 *
 * Kept (the truth):
 *
 *   meta         name (ASCII)                    "schema" u32; "device" 32; "incarnation" 16;
 *                                                "retired" 16 each, never used again;
 *                                                "fingerprint" 32 (store_origin.h);
 *                                                "settled" for each circle_no the incarnation 16
 *                                                in which a friend held the same, or zeros;
 *                                                "view" u32 version of the derived tables, 0:
 *                                                to be made again; "rebuild" (while they are made
 *                                                again) version u32, next seq of each log u32;
 *                                                "objects" next object number u32, TIP and ASK
 *                                                objects u32
 *   circles      circle_no u32                   circle id 32
 *   ops          circle_no u32, index u32        signed operation
 *   epochs       circle_no u32, epoch id 32      key 32     (a header's 8 bytes are a prefix)
 *   logs         log_no u32                      circle_no u32, log id 32, member 32, device 32,
 *                                                incarnation 16; never changes: another
 *                                                incarnation of a device is another log
 *   heads        log_no u32                      seq u32, h 32, sig 64, missing u32, base_seq u32
 *                                                (entries up to base_seq were pruned; 0: none)
 *   entries      log_no u32, seq u32             seen_s u32, state u8 (enum store_blob), header 64,
 *                                                blob; one row an entry
 *   sigs         log_no u32, seq u32             h 32, sig 64. Every multiple of 64 for ever;
 *                                                another head until the node knows of a later one
 *   missing      log_no u32, seq u32             empty: a payload to be asked for
 *   addresses    device 32                       address record
 *   invites      invite pk 32                    circle_no u32, expires_s u32, state u8, used_s
 *                                                u32, used_by 32
 *   tombstones   circle_no u32, device 32,       bits u64 (2^i: seq 64 block + 1 + i), came_s u32
 *                log16 16, block u32             of the last RETRACT; for ever, also for entries
 * and logs that are not held receipts     log_no u32, block u32,          bits u64, came_s u32 of
 * the last one: entries of device 32                       this device that the device said it
 * erased forks        log_no u32                      cut u32, proof (PROTOCOL 4.11) voided log_no
 * u32, seq u32, first 8    put aside at u32, header 64, blob (none: not held, bytes of the
 * commitment         or retracted)
 *   letters      number 8 (ASCII)                own vouch letters: store_letters.h
 *
 *   watches      number u32                      the owner's standing searches, watch.h
 *   peers        device 32                       when it was reached last, event_people.h
 *   audit        at u32, ...                     what was done with personal data, audit.h
 *   private      circle_no u32, id 10, kind u8   what the owner alone has of an object, and that
 *                                                goes with it (enum view_private)
 *
 *   private      circle_no u32, id 10, 128        of an answer to news: store_news.h
 *   gone         circle_no u32, id 10            tips and asks that were erased: store_gone.h
 *
 * Derived (made from the above, can be rebuilt):
 *
 *   unopened     circle_no u32, epoch 8, log_no u32, seq u32     empty: a blob whose epoch key is
 *                                                not held; tried again when it comes
 *   objects      number u32                      circle_no u32, id 10, kind u8, ask u8, log_no u32,
 *                                                seq u32, created_s u32, expires_s u32, time_s u32,
 *                                                rev u32, claims u8, state u8 (enum view_state).
 *                                                A newer revision gets a new number and
 *                                                the old row goes: whoever holds a number without
 *                                                a row (postings of words) holds nothing
 *   object_ids   id 10, number u32               circle_no u32, kind u8
 *   object_times circle_no u32, created_s u32, number u32        kind u8, ask u8, log_no u32,
 *                                                expires_s u32, state u8
 *   newest       circle_no u32, kind u8, member 32               number u32. PROFILE: of a member;
 *                                                CIRCLE: member is zero
 *   expiries     exp_s u32, log_no u32, seq u32  empty: a payload that is held or missing, by its
 *                                                header's expiry
 *   acts         circle_no u32, id 10 (of the tip or ask), kind u8, log_no u32, seq u32
 *                                                id 10 (its own), rev u32, time_s u32, flags u8
 *                                                (1 has of, 2 has to, 4 sealed), of 10, to 32,
 *                                                due_s u32, step u8. Kind TIP, ASK: an older
 *                                                revision of the object itself
 *   moves        circle_no u32, id 10            what waits for the owner: why u8 (enum view_why),
 *                                                state u8, at_s u32, due_s u32, count u32, award
 *                                                10
 *   segments     }
 *   words        } search_build.h
 *
 * Thread rule: store_put and store_del on the writer thread inside its transaction; the rest within
 * any transaction.
 */
#ifndef STORE_TABLES_H
#define STORE_TABLES_H

#include "store.h"
#include <lmdb.h>

#define STORE_SCHEMA   1u
#define STORE_VIEW     4u /* version of the derived tables */
#define STORE_MAC_SIZE 16
#define STORE_KEY_MAX  255 /* bytes of a key */

enum store_table { /* numbers go into the MACs: never reuse one */
	           STORE_META,
	           STORE_CIRCLES,
	           STORE_OPS,
	           STORE_EPOCHS,
	           STORE_LOGS,
	           STORE_HEADS,
	           STORE_ENTRIES,
	           STORE_SIGS,
	           STORE_MISSING,
	           STORE_ADDRESSES,
	           STORE_INVITES,
	           STORE_UNOPENED,
	           STORE_OBJECTS,
	           STORE_OBJECT_IDS,
	           STORE_OBJECT_TIMES,
	           STORE_NEWEST,
	           STORE_SEGMENTS,
	           STORE_WORDS,
	           STORE_TOMBSTONES, /* from here on: not in stores of before, made when opened */
	           STORE_RECEIPTS,
	           STORE_EXPIRIES,
	           STORE_FORKS,
	           STORE_VOIDED,
	           STORE_LETTERS,
	           STORE_WATCHES,
	           STORE_ACTS,
	           STORE_MOVES,
	           STORE_PRIVATE,
	           STORE_PEERS,
	           STORE_AUDIT,
	           STORE_GONE,
	           STORE_TABLE_COUNT,
};

enum store_blob {                         /* what became of an entry's payload */
	          STORE_BLOB_NONE = 0,    /* it never had one */
	          STORE_BLOB_HELD = 1,    /* the row ends with it */
	          STORE_BLOB_MISSING = 2, /* not received yet */
	          STORE_BLOB_ERASED = 3,  /* dropped by its author's wish */
	          STORE_BLOB_EXPIRED = 4, /* dropped after its date */
};

struct store_tables {
	MDB_dbi dbi[STORE_TABLE_COUNT];
	const struct tuy_secret *checksum;
};

/* Good until store_close; the handles in it change only while no transaction is open. */
const struct store_tables *store_tables(const struct store *store);
/* The name of a table, for messages. */
const char *store_table_name(enum store_table table);

/*
 * Writes parts[0] ‖ parts[1] ‖ ... under `key` (1..STORE_KEY_MAX bytes), replacing what was there.
 * `flags`: 0 or MDB_APPEND (MDB_KEYEXIST if the key is not the last) or MDB_NOOVERWRITE. Returns 0
 * or LMDB's code, which the caller passes up unchanged: the writer aborts, and may grow the map and
 * begin again. `key` and the parts must not point into the map (a put moves pages).
 */
int store_put(MDB_txn *txn, const struct store_tables *tables, enum store_table table,
              struct tuy_bytes key, const struct tuy_bytes *parts, uint32_t part_count,
              unsigned flags);
/* The same for one who holds a cursor of that table: ascending keys find their page faster. */
int store_cursor_put(MDB_cursor *cursor, const struct store_tables *tables, enum store_table table,
                     struct tuy_bytes key, const struct tuy_bytes *parts, uint32_t part_count,
                     unsigned flags);
/* 0; MDB_NOTFOUND; MDB_CORRUPTED if the checksum is wrong; else LMDB's code. `*value` points into
 * the map: good until the next write in this transaction, or its end. */
int store_get(MDB_txn *txn, const struct store_tables *tables, enum store_table table,
              struct tuy_bytes key, struct tuy_bytes *value);
/* Checks a row that a cursor gave; `*value` without its MAC. 0 or MDB_CORRUPTED. */
int store_check(const struct store_tables *tables, enum store_table table, const MDB_val *key,
                const MDB_val *row, struct tuy_bytes *value);
/* 0, MDB_NOTFOUND, or LMDB's code. */
int store_del(MDB_txn *txn, const struct store_tables *tables, enum store_table table,
              struct tuy_bytes key);

#endif
