/*
 * The machine without hands: inputs in, tasks out. It holds all protocol state of one device
 * (circles, operations, heads of logs, links) in memory that the caller gives, and decides
 * everything; the host has the sockets, the disk, the clock and the dice, and performs the tasks.
 *
 *     node = tuy_node_init(memory, &capacity, &keys, &seed, now);
 *     tuy_node_load_*(...)                       what the store held, in the order the functions
 * stand here tuy_node_start(node, now); for each event: tuy_node_on_link / on_bytes / on_sent /
 * on_closed / on_stored / on_time / commands while (tuy_node_next(node, now, &task) !=
 * TUY_DO_NOTHING) perform(&task);                    a READ is answered at once with
 * tuy_node_on_read arm the one timer for tuy_node_deadline(node)
 *
 * No function calls back, so none can be re-entered. The same inputs in the same order give the
 * same tasks, byte for byte, on every machine. Nothing here allocates, reads a clock, or draws a
 * random number: `seed` is all the randomness.
 *
 * Thread rule: one thread (the loop) calls everything here. Memory handed out by a STORE task stays
 * untouched until tuy_node_on_stored for its ticket, so another thread may read it; that of other
 * tasks only until the next call.
 */
#ifndef TUY_NODE_H
#define TUY_NODE_H

#include "err.h"
#include "fork_proof.h"
#include "keys.h"
#include "limits.h"
#include "log.h"
#include "message.h"
#include "op.h"
#include "retract.h"
#include "types.h"

struct tuy_node;

/* How many of each the node has room for. What does not fit is refused with TUY_E_FULL, never lost
 * silently. */
struct tuy_capacity {
	uint32_t circles; /* <= TUY_CIRCLES_MAX */
	uint32_t ops;     /* in each circle */
	uint32_t devices; /* in each circle */
	uint32_t peers;   /* devices in all circles together */
	uint32_t logs;    /* in all circles together */
	uint32_t links;   /* established ones and handshakes under way */
	uint32_t stages;  /* tickets under way, 96 KiB each */
};
/* What tuyaud uses: 16 circles of 2,048 operations and 600 devices, 2,400 peers, 4,096 logs, 96
 * links, 72 stages. Memory that is not used is not touched. */
struct tuy_capacity tuy_capacity_default(void);

/* Bytes that tuy_node_init needs, aligned to 16. */
size_t tuy_node_size(const struct tuy_capacity *capacity);

/* `memory` is zeroed (calloc, mmap) and aligned to 16. `keys` must outlive the node. `incarnation`:
 * 16 random bytes that live and die with the store (PROTOCOL 4.1). */
struct tuy_node *tuy_node_init(void *memory, const struct tuy_capacity *capacity,
                               const struct tuy_device_keys *keys, const struct tuy_secret *seed,
                               const struct tuy_incarnation *incarnation, struct tuy_now now);

/* ---- what the store held: call before tuy_node_start, in this order ---- */

/* The certificate of this device; without one the node can neither found nor join. */
void tuy_node_load_cert(struct tuy_node *node, const struct tuy_cert *cert);
/* A circle by its number (0..circles-1, as given by a STORE). TUY_E_FULL, TUY_E_CONFLICT. */
enum tuy_err tuy_node_load_circle(struct tuy_node *node, uint32_t circle_no,
                                  const struct tuy_circle *circle);
/* Operations of a circle in the order they were stored. An error means a damaged store. */
enum tuy_err tuy_node_load_op(struct tuy_node *node, uint32_t circle_no,
                              struct tuy_bytes signed_op);
enum tuy_err tuy_node_load_epoch(struct tuy_node *node, uint32_t circle_no,
                                 const struct tuy_hash *epoch_id, const struct tuy_secret *key);
/* A log as the store has it (the log numbers are the node's: 0..logs-1). */
struct tuy_log_state {
	uint32_t log_no;
	uint32_t circle_no;
	struct tuy_device device;
	struct tuy_incarnation incarnation;
	struct tuy_head head; /* seq 0: empty */
	struct tuy_sig sig;   /* signed head */
	uint32_t missing;     /* payloads not held, not erased and not expired */
	uint32_t base_seq;    /* entries up to it were pruned; 0: none */
	bool forked;          /* the log ends at.. */
	uint32_t cut;         /* ..this seq: 0, or a multiple of 64 */
};
enum tuy_err tuy_node_load_log(struct tuy_node *node, const struct tuy_log_state *log);
/* An address record as stored; a bad one is ignored. */
void tuy_node_load_address(struct tuy_node *node, struct tuy_bytes record);

enum tuy_invite_state { TUY_INVITE_OPEN = 1, TUY_INVITE_USED, TUY_INVITE_WITHDRAWN };
/* An invite of this device: what is kept. */
struct tuy_invite_row {
	struct tuy_invite_pk pk;
	uint32_t circle_no;
	uint32_t expires_s;
	enum tuy_invite_state state;
	uint32_t used_s;           /* USED: when */
	struct tuy_device used_by; /* USED: whom it admitted */
};
enum tuy_err tuy_node_load_invite(struct tuy_node *node, const struct tuy_invite_row *invite);

/* The newest SETTLED of a circle. */
void tuy_node_load_settled(struct tuy_node *node, uint32_t circle_no,
                           const struct tuy_incarnation *incarnation);

/* Begins dialing. */
void tuy_node_start(struct tuy_node *node, struct tuy_now now);

/* ---- inputs ---- */

enum tuy_direction { TUY_INCOMING, TUY_OUTGOING };

/*
 * A connection stands. `remote` is its address; `dial` is the CONNECT's number if OUTGOING, else 0.
 * Returns the link's number (never 0), or 0: close it at once, without a byte.
 */
uint32_t tuy_node_on_link(struct tuy_node *node, struct tuy_now now, enum tuy_direction direction,
                          const struct tuy_address *remote, uint32_t dial);
/* A CONNECT failed. */
void tuy_node_on_connect_failed(struct tuy_node *node, struct tuy_now now, uint32_t dial);
/*
 * Bytes came on a link. Returns how many were taken: fewer than `bytes.len` when the stages are
 * full; the host keeps the rest, reads no more from that socket, and offers it again after the next
 * tuy_node_on_stored. A link that is unknown (closed meanwhile) takes all.
 */
size_t tuy_node_on_bytes(struct tuy_node *node, struct tuy_now now, uint32_t link,
                         struct tuy_bytes bytes);
/* So many bytes of SENDs on this link have left for the kernel. */
void tuy_node_on_sent(struct tuy_node *node, struct tuy_now now, uint32_t link, size_t len);
/* The connection ended (not after a CLOSE task: then the node knows). */
void tuy_node_on_closed(struct tuy_node *node, struct tuy_now now, uint32_t link);
enum tuy_stored { TUY_STORED_OK, TUY_STORED_FAILED };
/* A ticket is durable, or failed as a whole and left nothing. Tickets are answered in the order
 * they were given. */
void tuy_node_on_stored(struct tuy_node *node, struct tuy_now now, uint64_t ticket,
                        enum tuy_stored stored);
/*
 * What the store did to the payloads of a log beside storing them: it erased them, let them expire,
 * refused them, or pruned the log (PROTOCOL 4.12, 7.10). `missing` and `base_seq` are as the store
 * has them once the tickets that were answered so far are in it, and none later; so it is called
 * right after the tuy_node_on_stored of the ticket that did it, before the next one. Harmless for a
 * log that is unknown.
 */
void tuy_node_on_erased(struct tuy_node *node, uint32_t log_no, uint32_t missing,
                        uint32_t base_seq);
/* The deadline passed. Harmless at any time. */
void tuy_node_on_time(struct tuy_node *node, struct tuy_now now);
/*
 * The host slept (suspend): peers that are not linked are called at once, whatever failed before;
 * every link is asked for a sign of life, and closed if none comes within 10 s. A handshake under
 * way has as long. Harmless at any time.
 */
void tuy_node_on_wake(struct tuy_node *node, struct tuy_now now);
/* When on_time is due, in `now.ms`; UINT64_MAX: never. */
uint64_t tuy_node_deadline(const struct tuy_node *node);

/* ---- commands ---- */

/* The device got its certificate (first `new` or `join`). */
void tuy_node_set_cert(struct tuy_node *node, const struct tuy_cert *cert);
/* Where this device can be reached, most useful first; at most 8. Published when it changed. */
void tuy_node_set_addresses(struct tuy_node *node, struct tuy_now now,
                            const struct tuy_address *addresses, uint32_t count);

/*
 * Commands that write give a ticket; TELL_STORED names it once it is durable, and only then is it
 * done. TUY_E_FULL: no stage is free (try again after the next on_stored) or a table is full, or
 * (append) a peer claims to hold more of this log than we do: try again, for two seconds at most;
 * TUY_E_REFUSED: no certificate, or no right.
 */
enum tuy_err tuy_node_create_circle(struct tuy_node *node, struct tuy_now now,
                                    const struct tuy_policy *policy, uint32_t *circle_no,
                                    uint64_t *ticket);
enum tuy_err tuy_node_create_invite(struct tuy_node *node, struct tuy_now now, uint32_t circle_no,
                                    uint32_t valid_s, struct tuy_invite *invite, uint64_t *ticket);
/*
 * Asks to be let in with an invite. Ends with TELL_JOINED, TELL_REJECTED, or stays trying to reach
 * the inviter (TELL_UNREACHED at each failure) until tuy_node_cancel_join. One join at a time:
 * TUY_E_CONFLICT; TUY_E_USED: a member of that circle already.
 */
enum tuy_err tuy_node_join(struct tuy_node *node, struct tuy_now now,
                           const struct tuy_invite *invite, struct tuy_bytes name);
/* Gives up asking; without effect once WELCOME came. */
void tuy_node_cancel_join(struct tuy_node *node);

enum tuy_suppression { TUY_SUPPRESS_DUPLICATES, TUY_FLOOD };
/* Whether duplicates are suppressed (PROTOCOL 7.8; the default) or every link is pushed everything.
 * For tests. */
void tuy_node_set_suppression(struct tuy_node *node, enum tuy_suppression suppression);

/* Names that WELCOME carries to newcomers; the host sets them when it knows them. At most 120 bytes
 * each. */
void tuy_node_set_names(struct tuy_node *node, uint32_t circle_no, struct tuy_bytes circle_name,
                        struct tuy_bytes own_name);

struct tuy_appended {
	uint64_t ticket;
	uint32_t log_no;
	uint32_t seq;
};
/*
 * Writes a record (canonical msgpack, <= TUY_BLOB_MAX - TUY_BLOB_OVERHEAD bytes) into this device's
 * log, sealed to the circle (mode 0). `exp_s` unix seconds or 0. It leaves only after the store
 * said it is durable.
 */
enum tuy_err tuy_node_append(struct tuy_node *node, struct tuy_now now, uint32_t circle_no,
                             struct tuy_bytes record, uint32_t exp_s,
                             struct tuy_appended *appended);

/* A row that belongs to an object and never leaves this device: the caller's kinds. */
struct tuy_private {
	struct tuy_object object;
	uint32_t kind;          /* below 256 */
	struct tuy_bytes value; /* .len 0: the row goes */
};
/* One entry of several that are written together. */
struct tuy_writing {
	struct tuy_bytes record;
	uint32_t exp_s;                  /* unix seconds, 0: never */
	const struct tuy_member *member; /* sealed to their devices and this member's own.. */
	uint32_t member_count;           /* ..0: to the circle */
};
#define TUY_WRITINGS_MAX 4
/*
 * The same for up to TUY_WRITINGS_MAX records, which become consecutive entries, and up to as many
 * private rows: all durable in one transaction, or none. `appended` has `count` places. With no
 * record only the rows are written, and `appended` has one place, of which only the ticket is set.
 * Errors as tuy_node_append; TUY_E_LIMIT also if they do not fit one stage (60,000 bytes) or have
 * more than TUY_SLOTS_MAX devices to be sealed to; TUY_E_UNKNOWN also for one who has no device in
 * the circle.
 */
struct tuy_writings {
	uint32_t count;
	struct tuy_writing writing[TUY_WRITINGS_MAX];
	uint32_t private_count;
	struct tuy_private private_row[TUY_WRITINGS_MAX];
};
enum tuy_err tuy_node_append_all(struct tuy_node *node, struct tuy_now now, uint32_t circle_no,
                                 const struct tuy_writings *writings,
                                 struct tuy_appended *appended);

/* An entry of this device that a fork made void, as the store has it. */
struct tuy_void {
	uint32_t log_no;
	uint32_t seq;
	uint8_t commit8[8]; /* of its payload */
};
struct tuy_republished {         /* what stands in its place; neither: nothing needs to */
	struct tuy_bytes record; /* .len 0: none */
	uint32_t time_s;         /* that the void entry had: what was newer stays newer */
	uint32_t exp_s;
	const struct tuy_member *member; /* as in tuy_writing */
	uint32_t member_count;
	const struct tuy_retract *retract; /* NULL: none */
};
/*
 * Writes what a void entry held into this device's log, and notes in the same ticket that the void
 * entry is spent: so it is published again exactly once (PROTOCOL 4.11). Errors as
 * tuy_node_append_all; TUY_E_REFUSED also for a log of another device.
 */
enum tuy_err tuy_node_republish(struct tuy_node *node, struct tuy_now now, uint32_t circle_no,
                                const struct tuy_void *spent, const struct tuy_republished *again,
                                uint64_t *ticket);

/*
 * Writes a RETRACT into this device's log: `count` entries (1..TUY_RETRACT_MAX, `seqs` ascending
 * from 1) of `log_no`, a log of this device in that circle, of any incarnation, are erased here in
 * the transaction of the ticket, and by everybody who hears of it (PROTOCOL 4.12). As
 * tuy_node_append; TUY_E_REFUSED also for a log of another device, TUY_E_FORMAT for seqs that are
 * none.
 */
enum tuy_err tuy_node_retract(struct tuy_node *node, struct tuy_now now, uint32_t circle_no,
                              uint32_t log_no, const uint32_t *seqs, uint32_t count,
                              struct tuy_appended *appended);

/* Says goodbye on all links: CLOSE(shutdown) messages, then CLOSE tasks. */
void tuy_node_stop(struct tuy_node *node, struct tuy_now now);

/* ---- tasks ---- */

enum tuy_do {
	TUY_DO_NOTHING,
	TUY_DO_SEND,
	TUY_DO_CLOSE,
	TUY_DO_CONNECT,
	TUY_DO_STORE,
	TUY_DO_READ,
	TUY_DO_TELL
};

enum tuy_close_how {
	TUY_CLOSE_NOW,     /* at once */
	TUY_CLOSE_FLUSHED, /* after what was sent has left, at the latest after 5 s */
	TUY_CLOSE_SILENT,  /* read and discard for `ms`, send nothing, then close */
};

enum tuy_store_kind {
	TUY_STORE_CIRCLE,      /* a new circle */
	TUY_STORE_OP,          /* an operation, in order */
	TUY_STORE_EPOCH,       /* an epoch key */
	TUY_STORE_LOG,         /* a new log, empty */
	TUY_STORE_ENTRIES,     /* entries at the end of a log */
	TUY_STORE_BLOB,        /* a payload that was missing */
	TUY_STORE_ADDRESS,     /* the newest address record of a device */
	TUY_STORE_INVITE,      /* an invite of this device, new or changed */
	TUY_STORE_INCARNATION, /* the incarnation from now on; the one before is retired for ever */
	TUY_STORE_CUT,     /* the log is forked: it ends at `seq` from now on. Entries beyond, held
	                      or on their way, are no longer in it; they are kept aside */
	TUY_STORE_SPENT,   /* a void entry of this device needs nothing any more */
	TUY_STORE_VOIDED,  /* entries of a log of this device that a peer kept aside: records to be
	                      published again. As ENTRIES, but what is held already is passed over */
	TUY_STORE_RETRACT, /* what an entry in the same ticket wants erased */
	TUY_STORE_RECEIPT, /* a peer erased entries of this device */
	TUY_STORE_BASE,    /* a log goes on from a checkpoint; what lies before was pruned */
	TUY_STORE_PRIVATE, /* a private row of an object, new, changed or gone */
	TUY_STORE_SETTLED, /* in this incarnation somebody held the same in this circle; one a
	                      circle, the newest counts */
};
struct tuy_store_item {
	enum tuy_store_kind kind;
	uint32_t circle_no;
	uint32_t log_no; /* LOG, ENTRIES, BLOB, RETRACT (where it stands), RECEIPT, BASE */
	union {
		struct {
			struct tuy_circle id;
		} circle;
		struct {
			uint32_t index; /* 0, 1, 2... within the circle */
			struct tuy_bytes bytes;
		} op;
		struct {
			struct tuy_hash id;
			struct tuy_secret key;
		} epoch;
		struct {
			struct tuy_log_id id;
			struct tuy_member member;
			struct tuy_device device;
			struct tuy_incarnation incarnation;
		} log;
		struct {
			uint32_t from;
			uint32_t count;                /* 1..64, not over a checkpoint */
			const uint8_t *headers;        /* count * 64 bytes */
			const struct tuy_bytes *blobs; /* count; .p NULL: not held (missing if the
			                                  header has a payload) */
			struct tuy_head head;          /* after the last one */
			struct tuy_sig sig; /* of head; kept as a checkpoint too when head.seq is a
			                       multiple of 64 */
		} entries;                  /* VOIDED too */
		struct {
			uint32_t seq;
			struct tuy_bytes blob;
		} blob;
		struct {
			struct tuy_device device;
			struct tuy_bytes record;
		} address;
		struct tuy_invite_row invite;
		struct tuy_incarnation incarnation; /* INCARNATION, SETTLED */
		struct {
			uint32_t seq; /* 0, or a multiple of 64; lower than one before */
			struct tuy_bytes proof;
		} cut;
		struct tuy_void spent;
		struct tuy_private private_row;
		struct { /* for tuy_retract_read; counts for logs of the device of log_no only */
			const uint8_t *header; /* 64 bytes */
			struct tuy_bytes blob;
			uint32_t target_no; /* the log it names, one of the same device;
			                       TUY_NO_INDEX: not known here, it may come */
		} retract;
		struct {                          /* counts for entries that were retracted only */
			struct tuy_device device; /* who erased them */
			uint32_t count;           /* 1..64 */
			const uint32_t *seqs;
		} receipt;
		struct {
			struct tuy_head head; /* beyond the one that is held */
			struct tuy_sig sig;
		} base;
	} u;
};

enum tuy_read_kind {
	TUY_READ_ENTRIES, /* entries from..from+count-1 (not over a checkpoint), with the signature
	                     at the last; if `from` was pruned, the checkpoint at the base */
	TUY_READ_OPS,     /* operations index[0..count) of a circle */
	TUY_READ_BLOBS,   /* the payloads of seq[0..count) */
	TUY_READ_MISSING, /* up to 64 seqs >= from whose payload is missing */
	TUY_READ_BLOCK,   /* the entries from `from` = 64 k + 1 to the next checkpoint or to the end
	                     of what is held, also of what a cut put aside (of a log of another
	                     device); with the head before them and the signature at the last */
	TUY_READ_HEAD,    /* where a log stands */
	TUY_READ_PROOF,   /* bytes[0]: the proof behind its cut */
	TUY_READ_ERASED,  /* what `device` retracted since since_s: the entries that one block of 64
	                     (number `from` or later, of `log` or a later one) has */
};
struct tuy_read { /* passed back as it came, with the answer */
	enum tuy_read_kind kind;
	uint32_t link;
	uint32_t circle_no;
	uint32_t log_no;
	uint32_t from;
	uint32_t count;
	uint32_t index[TUY_CHECKPOINT_EVERY]; /* OPS: indices; BLOBS: seqs */
	struct tuy_device device;             /* ERASED */
	struct tuy_log16 log;                 /* ERASED */
	uint32_t since_s;                     /* ERASED: unix, when it came here */
};
/* The answer; the spans need to stay valid only during tuy_node_on_read. */
struct tuy_read_result {
	enum tuy_err err; /* TUY_OK, or TUY_E_STORE: cannot be read (damaged) */
	uint32_t count;   /* ENTRIES: as asked, 0 if pruned; OPS, BLOBS: as asked; MISSING, BLOCK:
	                     0..64;   ERASED: 1..64, 0: no more; PROOF: 1 */
	const uint8_t
		*headers; /* ENTRIES, BLOCK: count * 64 bytes. MISSING: those of the missing */
	struct tuy_bytes bytes[TUY_CHECKPOINT_EVERY];    /* ENTRIES, BLOBS, BLOCK: blobs, .p NULL if
	                                                    not held; OPS: operations */
	enum tuy_gone_reason gone[TUY_CHECKPOINT_EVERY]; /* BLOBS not held: why; 0: held */
	struct tuy_sig sig;   /* ENTRIES, BLOCK, HEAD: the signature of the last one (checkpoint or
	                         head), or of `base` */
	struct tuy_head head; /* BLOCK: before the first one; HEAD */
	uint32_t missing;     /* HEAD: payloads */
	struct tuy_head base; /* ENTRIES: seq > 0: `from` was pruned, the log begins after it;
	                         HEAD: only seq: entries up to it were pruned */
	struct tuy_log16 log; /* ERASED */
	uint32_t seqs[TUY_CHECKPOINT_EVERY]; /* ERASED: ascending, of one block */
};

enum tuy_tell_kind {
	TUY_TELL_STORED, /* ticket: durable or failed */
	TUY_TELL_JOINED, /* circle_no: WELCOME is durable and this device is in; syncing goes on */
	TUY_TELL_REJECTED,  /* code, time_s: the inviter said no */
	TUY_TELL_UNREACHED, /* the inviter did not answer; it goes on trying */
	TUY_TELL_ADMITTED,  /* circle_no, device, text = name: somebody came in on an invite of this
	                       device */
	TUY_TELL_LINK_UP,   /* link, device */
	TUY_TELL_LINK_DOWN, /* link, device */
	TUY_TELL_ENTRIES, /* circle_no, log_no, seq, count: entries of another device are durable */
	TUY_TELL_FAULT,   /* link, err: something a peer did wrong, for the log */
	TUY_TELL_INCARNATION, /* circle_no, log_no, seq, link, why; count: incarnations of this
	                         device by now. A peer showed entries of ours that the store lacks:
	                         it is older than what was sent from here before */
	TUY_TELL_FORKED, /* circle_no, log_no, device, seq: the log is forked, and ends there */
	TUY_TELL_VOIDED, /* circle_no, log_no: void entries of this device are in the store, with
	                    records to be published again (PROTOCOL 4.11) */
	TUY_TELL_ERASED, /* circle_no, log_no, seq (the first), count, device: a peer said that it
	                    erased entries of a log of this device; said again on later links. The
	                    store keeps it for those that were retracted */
	TUY_TELL_CLONE,  /* link: another process of this device runs at the same time; once a life.
	                    An INCARNATION follows if both wrote in one */
};
/* What a peer showed of a log of ours, or proved (PROTOCOL 4.10). */
enum tuy_incarnation_why {
	TUY_INCARNATION_LONGER = 1, /* more than is held; a new incarnation begins */
	TUY_INCARNATION_FORKED,     /* other entries than are held; a new incarnation begins */
	TUY_INCARNATION_CLONED,     /* nothing, but another process wrote in it; a new one begins */
	TUY_INCARNATION_SPENT, /* one of these, but TUY_INCARNATIONS_MAX are used: the last goes on
	                        */
};
struct tuy_tell {
	enum tuy_tell_kind kind;
	uint64_t ticket;
	enum tuy_stored stored;
	uint32_t circle_no;
	uint32_t log_no;
	uint32_t seq;
	uint32_t count;
	uint32_t link;
	struct tuy_device device;
	enum tuy_reject_code code;
	uint32_t time_s;
	enum tuy_err err;
	enum tuy_incarnation_why why;
	struct tuy_bytes circle_name; /* JOINED: from WELCOME */
	struct tuy_bytes name;        /* ADMITTED: the newcomer's; JOINED: the inviter's */
};

struct tuy_task {
	enum tuy_do what;
	union {
		struct {
			uint32_t link;
			struct tuy_bytes bytes; /* valid until the next call: copy or write it */
		} send;
		struct {
			uint32_t link;
			enum tuy_close_how how;
			uint32_t ms;
		} close;
		struct {
			uint32_t dial; /* answer with on_link(OUTGOING, dial) or
			                  on_connect_failed(dial) */
			struct tuy_address address;
		} connect;
		struct {
			uint64_t ticket;
			const struct tuy_store_item *items; /* one transaction: all or nothing */
			uint32_t count;
			enum { TUY_TICKET_BULK, TUY_TICKET_LIVE } urgency;
		} store;
		struct tuy_read read;
		struct tuy_tell tell;
	} u;
};

/* The next thing to do, or TUY_DO_NOTHING. */
enum tuy_do tuy_node_next(struct tuy_node *node, struct tuy_now now, struct tuy_task *task);
/* The answer to a READ, right after it. */
void tuy_node_on_read(struct tuy_node *node, struct tuy_now now, const struct tuy_read *read,
                      const struct tuy_read_result *result);

/* ---- questions (nothing changes) ---- */

struct tuy_circle_info {
	struct tuy_circle id;
	struct tuy_epoch epoch; /* new data is written under it; zero: none held */
	struct tuy_tag digest;
	uint32_t members; /* active */
	uint32_t online;  /* active members reached now, this one included */
	uint64_t entries; /* durable, in all logs */
	uint64_t missing; /* payloads */
};
/* TUY_E_UNKNOWN if there is no circle of that number. */
enum tuy_err tuy_node_circle(struct tuy_node *node, uint32_t circle_no,
                             struct tuy_circle_info *info);

/* Has this device, since its incarnation began, once held all that another one of the circle holds
 * (or is it alone there)? Until then it may have forgotten what it decided before: no award
 * (PROTOCOL 4.10). */
bool tuy_node_settled(const struct tuy_node *node, uint32_t circle_no);

enum tuy_peer_state { TUY_PEER_SELF, TUY_PEER_CONNECTED, TUY_PEER_DIALING, TUY_PEER_WAITING };
struct tuy_device_info {
	struct tuy_member member;
	struct tuy_device device;
	struct tuy_letter_pk letter_pk;
	enum tuy_role role;
	bool active;
	enum tuy_peer_state state;
	uint64_t since_ms; /* CONNECTED: since when (now.ms) */
	uint32_t rtt_us;   /* of the last PING; 0 unknown */
	bool in_sync;      /* CONNECTED: both hold the same, as far as is known */
	struct tuy_address
		address; /* CONNECTED: the remote's; else the first known; port 0: none */
};
/* The i-th device of a circle, in the order they came in. TUY_E_UNKNOWN past the last. */
enum tuy_err tuy_node_device(struct tuy_node *node, uint32_t circle_no, uint32_t i,
                             struct tuy_device_info *info);

/* How many other active members are known to have an entry, of how many. */
struct tuy_delivery {
	uint32_t have;
	uint32_t of;
	uint32_t online;
};
struct tuy_delivery tuy_node_delivery(struct tuy_node *node, uint32_t log_no, uint32_t seq);

/* First sync: entries held, entries the best informed peer announced, and whether some peer and we
 * hold the same. */
struct tuy_progress {
	uint64_t have;
	uint64_t want;
	bool in_sync;
};
struct tuy_progress tuy_node_progress(struct tuy_node *node, uint32_t circle_no);

#endif
