/* Forked logs in the simulated store: the cut, its proof, and what was put aside (PROTOCOL 4.11).
 */
#ifndef SIM_DISK_VOID_H
#define SIM_DISK_VOID_H

#include "disk.h"

/* What stands beyond the cut goes from the log to what is put aside. */
void disk_void_cut(struct disk_log *log, const struct tuy_store_item *item);
/* Entries of another branch are put aside; those that are there already stay as they are. */
void disk_void_add(struct disk_log *log, const struct tuy_store_item *item);
/* Answers READ_BLOCK, READ_HEAD and READ_PROOF; false for others. */
bool disk_void_read(const struct disk_log *log, const struct tuy_read *read,
                    uint8_t headers[64 * 64], struct tuy_read_result *result);
/* `to` is a flat copy of `from`: it gets its own. */
void disk_void_copy(struct disk_log *to, const struct disk_log *from);
void disk_void_free(struct disk_log *log);

#endif
