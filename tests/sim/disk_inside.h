/* The inside of a disk (disk.h): disk.c keeps, disk_erase.c lets go. */
#ifndef SIM_DISK_INSIDE_H
#define SIM_DISK_INSIDE_H

#include "disk.h"

#define OPS_MAX     4096
#define LOGS_MAX    1024
#define INVITES_MAX 256
#define PEERS_MAX   512

struct bytes {
	uint8_t *p;
	size_t len;
};

struct tombstone {
	struct tuy_device device;
	struct tuy_log16 log;
	uint32_t seq, came_s;
};

struct receipt_row {
	uint32_t log_no, seq;
	struct tuy_device device;
};

struct disk {
	struct {
		bool used;
		struct tuy_circle id;
	} circle[TUY_CIRCLES_MAX];
	struct {
		uint32_t circle_no;
		struct bytes bytes;
	} op[OPS_MAX];
	uint32_t op_count;
	struct {
		uint32_t circle_no;
		struct tuy_hash id;
		struct tuy_secret key;
	} epoch[64];
	uint32_t epoch_count;
	struct disk_log log[LOGS_MAX];
	uint32_t log_count;
	struct {
		struct tuy_device device;
		struct bytes record, first; /* the newest, and the first one */
	} address[PEERS_MAX];
	uint32_t address_count;
	struct tuy_invite_row invite[INVITES_MAX];
	uint32_t invite_count;
	struct tuy_incarnation incarnation;
	bool has_incarnation;
	struct tuy_incarnation settled[TUY_CIRCLES_MAX];
	struct tombstone *tombstone;
	uint32_t tombstone_count;
	struct receipt_row *receipt;
	uint32_t receipt_count;
	uint32_t now_s, keep_s;
	bool forgetful; /* no tombstones */
	bool uncut;     /* cuts are not carried out */
};

/* A broken promise ends the run. */
void disk_must(bool holds, const char *what);

/* ---- disk_erase.c ---- */

/* What is to become of an entry's payload (seq at + 1), whether it is here or not: enum
 * tuy_gone_reason; 0: it is kept. */
uint8_t disk_fate(const struct disk *d, const struct disk_log *log, uint32_t at);
/* Commit items of these kinds. */
void disk_retract(struct disk *d, const struct tuy_store_item *item);
void disk_receipt(struct disk *d, const struct tuy_store_item *item);
void disk_read_erased(const struct disk *d, const struct tuy_read *read,
                      struct tuy_read_result *result);

#endif
