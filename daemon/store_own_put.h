/*
 * The writing side of store_own.h. Errors: 0, or LMDB's code, on which the caller aborts.
 * Thread rule: the writer thread inside its transaction.
 */
#ifndef STORE_OWN_PUT_H
#define STORE_OWN_PUT_H

#include "store_own.h"
#include "store_tables.h"

int store_own_put(MDB_txn *txn, const struct store_tables *tables, enum store_own own,
                  struct tuy_bytes key, struct tuy_bytes value);
/* 0 also if there is no such row. */
int store_own_del(MDB_txn *txn, const struct store_tables *tables, enum store_own own,
                  struct tuy_bytes key);
/* Removes the rows of a table whose keys begin with a time (u32) before `before_s`. */
int store_own_purge(MDB_txn *txn, const struct store_tables *tables, enum store_own own,
                    uint32_t before_s);

#endif
