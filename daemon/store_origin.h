/*
 * Where a store was written (PROTOCOL 4.10). A copy of a home, put in its place or next to it, must
 * not go on with the logs of the home it was copied from. By its fingerprint a store knows whether
 * it still is where it was:
 *
 *   machine-id                              another machine
 *   inode and birth time of data.mdb        a file that was replaced, restored or moved to another
 *                                           disk (its change time says nothing: it is written to)
 *   inode, change time and content of       a copy over a home in place (cp -a old/. home/): that
 *   dir/nonce, written once                 keeps inodes and birth times, but writes to the file
 *
 * Where there is no birth time it counts as zero. What changes the change time of the nonce without
 * a copy (chmod -R, chown -R, a hard link) gives an incarnation that was not needed: harmless. A
 * snapshot of a whole file system or machine is not noticed here; the peers show it (proto/own.c).
 *
 * Thread rule: store_origin_settle on the loop thread before others begin; store_incarnation_put on
 * the thread of its transaction.
 */
#ifndef STORE_ORIGIN_H
#define STORE_ORIGIN_H

#include "store_env.h"

#define STORE_NONCE_FILE "nonce"

/* The fingerprint of the store in `dir`, whose files exist, on the machine of that id. 0, or errno.
 */
int store_fingerprint(const char *dir, struct tuy_bytes machine_id, struct tuy_hash *fingerprint);

/*
 * Compares the fingerprint with the one kept and begins a new incarnation if it differs, durably;
 * sets store->incarnation, ->origin and ->incarnations. A store that has none yet (new, or of an
 * earlier version) keeps its incarnation and gets one. The environment is open and nobody uses it.
 * 0, or a code of LMDB or errno: then the store must not be used, nothing in it has changed.
 */
int store_origin_settle(struct store *store, const struct tuy_device *device);

/* Makes `incarnation` the one of the store and retires the one before for ever. 0, LMDB's code, or
 * STORE_RETIRED: it was used before; the caller aborts. */
#define STORE_RETIRED (-2)
int store_incarnation_put(MDB_txn *txn, const struct store_tables *tables,
                          const struct tuy_incarnation *incarnation);

/* In this incarnation somebody held the same in that circle. 0, or LMDB's code. The row of meta:
 * the incarnations by circle_no. */
extern const struct tuy_bytes store_key_settled;
int store_settled_put(MDB_txn *txn, const struct store_tables *tables, uint32_t circle_no,
                      const struct tuy_incarnation *incarnation);

#endif
