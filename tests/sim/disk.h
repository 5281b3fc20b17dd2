/* A node's store in memory, as the simulator keeps it: survives a crash of its node, holds exactly
 * what was committed. */
#ifndef SIM_DISK_H
#define SIM_DISK_H

#include "../../proto/node.h"

/* An entry beyond the cut of a forked log, put aside. */
struct disk_void {
	uint32_t seq;
	uint8_t header[64];
	uint8_t *blob; /* NULL: not held */
	size_t blob_len;
	struct tuy_sig sig; /* of a head that ended here; zeros */
};

struct disk_log {
	struct tuy_log_state state;
	struct tuy_log_id id;
	uint8_t *headers; /* 64 bytes each */
	struct {
		uint8_t *p;
		size_t len;
	} * blobs;
	uint8_t *gone; /* enum tuy_gone_reason: ERASED or EXPIRED; 0: its payload is held or missing
	                */
	struct tuy_sig *checkpoints;   /* of 64, 128, ... */
	struct tuy_head *checkpointed; /* what they sign */
	uint32_t cap;
	struct disk_void *voided;
	uint32_t voided_count;
	uint8_t *proof; /* behind state.cut; NULL */
	size_t proof_len;
	bool touched; /* the node is to be told of what is missing, and of the base */
};

struct disk;
struct disk *disk_create(void);
void disk_destroy(struct disk *disk);

/* Everything of a ticket, copied: what is on its way to the disk. */
struct disk_ticket;
struct disk_ticket *disk_ticket_copy(const struct tuy_store_item *items, uint32_t count);
void disk_ticket_free(struct disk_ticket *ticket);
const struct tuy_store_item *disk_ticket_items(const struct disk_ticket *ticket, uint32_t *count);
/* Does everything of the ticket follow directly on what is there? A real store fails a ticket that
 * leaves a hole. */
bool disk_accepts(const struct disk *disk, const struct disk_ticket *ticket);
/* How many entries of this node's own log (of this incarnation) the ticket holds. */
uint32_t disk_ticket_own(const struct disk_ticket *ticket,
                         const struct tuy_incarnation *incarnation, const struct disk *disk);
/* Commits; entries that do not follow directly are a broken promise of the node: it ends the run.
 */
void disk_commit(struct disk *disk, const struct disk_ticket *ticket);

/* A log goes back to an earlier state: the disk breaks its word. */
void disk_log_back(struct disk *disk, const struct tuy_log_state *state);

/* Feeds a new node with all that was committed. */
void disk_load(struct disk *disk, struct tuy_node *node);
void disk_read(struct disk *disk, const struct tuy_read *read, uint8_t headers[64 * 64],
               struct tuy_read_result *result);

/* How many addresses it holds. */
uint32_t disk_peers_known(const struct disk *disk);
/* What is stored of peers goes, or is old or damaged. */
void disk_peers_lose(struct disk *disk);
void disk_peers_lie(struct disk *disk);
/* ---- erasure (PROTOCOL 4.12, 7.10) ---- */

/* Its clock (unix s), and for how long after its header's expiry it keeps a payload. Both count
 * from the next commit on; before the first call nothing expires. */
void disk_clock(struct disk *disk, uint32_t now_s, uint32_t keep_s);
/* Drops what has expired by its clock. */
void disk_expire(struct disk *disk);
/* Prunes the blocks at the start of a log of which nothing is held or wanted. */
void disk_prune(struct disk *disk, uint32_t log_no);
/* Tells the node what the disk did beside storing: after each ticket that was answered. */
void disk_report(struct disk *disk, struct tuy_node *node);
/* RULE_TOMBSTONE: what is held and retracted is dropped; nothing is noted for what comes later. */
void disk_forget_tombstones(struct disk *disk);
/* RULE_CUT: a cut is noted, and what it takes out stays in the log. */
void disk_leave_uncut(struct disk *disk);
bool disk_has_tombstone(const struct disk *disk, const struct tuy_device *device,
                        const struct tuy_log16 *log, uint32_t seq);
/* Devices whose receipt for an own entry is kept. */
uint32_t disk_receipts(const struct disk *disk, uint32_t log_no, uint32_t seq);

/* A copy of everything, as of a home that is put aside. */
struct disk *disk_copy(const struct disk *disk);
/* The incarnation that a STORE began last, or that was set; NULL: none. */
const struct tuy_incarnation *disk_incarnation(const struct disk *disk);
void disk_incarnation_set(struct disk *disk, const struct tuy_incarnation *incarnation);
/* Calls back for each run of entries in a ticket, with the id of its log as the disk has it. */
typedef void disk_on_run(void *context, const struct tuy_log_id *log, uint32_t from, uint32_t count,
                         const uint8_t *headers);
void disk_ticket_runs(const struct disk *disk, const struct disk_ticket *ticket,
                      disk_on_run *on_run, void *context);

uint32_t disk_log_count(const struct disk *disk);
const struct disk_log *disk_log(const struct disk *disk, uint32_t log_no);
/* The log of a given id; NULL. */
const struct disk_log *disk_log_find(const struct disk *disk, const struct tuy_log_id *id);

#endif
