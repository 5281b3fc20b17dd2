/*
 * The inside of the node (node.h): its state, and the floors of its files. Not for the host.
 * Thread rule: as node.h.
 */
#ifndef TUY_MACHINE_H
#define TUY_MACHINE_H

#include "circle.h"
#include "frame.h"
#include "message.h"
#include "node.h"
#include "noise.h"

#define NONE                UINT32_MAX
#define STAGE_BYTES         65536
#define STAGE_ITEMS         72  /* an OPS message or a founding, and some */
#define STAGES_FOR_OWN      8   /* never taken by what comes from links */
#define STAGES_FOR_FEW      8   /* only for links that hold fewer than.. */
#define STAGES_FEW          4   /* ..so many */
#define LIVE_MS             500 /* so long after a live ticket bulk gives way: */
#define LIVE_BULK_ENTRIES   64  /* no more of it is with the host: a full ticket; */
#define LIVE_BULK_REST      3   /* and after it none for so many times what it took.. */
#define LIVE_BULK_REST_MS   50  /* ..but not longer */
#define OPS_PER_MESSAGE     64
#define GETB_SEQS           16
#define INVITES_MAX         256
#define TELLS_MAX           256
#define BUCKETS             256
#define REPLAY_SETS         16384
#define REPLAY_WAYS         4
#define UNSENT_BULK         65536 /* DATA and the like wait while so many bytes wait in the socket */
#define UNSENT_MAX          262144 /* everything waits */
#define HAVE_DELAY_MS       20
#define PROMISE_WAIT_MS     1000 /* PROTOCOL 7.8 */
#define PRUNE_LIFE_MS       600000
#define CREDIT_RETURN       65536 /* PROTOCOL 7.5 */
#define PEERS_MAX           2432  /* a bound on capacity.peers */
#define PEERS_WORDS         (PEERS_MAX / 64)
#define EVICTED_MAX         64      /* handshakes that gave way, to be closed by the host */
#define DIAL_MAX            8       /* outgoing links and attempts */
#define LOOK_MS             3600000 /* +-20 %: PROTOCOL 7.7, "Every hour" */
#define EXPLORE_MS          300000  /* +-20 %: all places taken, one more friend is called */
#define DIAL_BACKOFF_MIN_MS 1000
#define DIAL_BACKOFF_MAX_MS 600000
#define ADDRESS_PAUSE_MS    60000 /* PROTOCOL 5.6: "not within a minute of its last one" */
#define STORE_RETRY_MS      5000
#define GETB_WAIT_MS        10000
#define WAKE_WAIT_MS        10000 /* PROTOCOL 7.7: for the PONG after a suspend */
#define RECEIPTS_MAX        4 /* that wait on a link; beyond it all recent ones are sent again */
#define RECEIPT_LIFE_S      (30u * 86400) /* PROTOCOL 4.12: they are sent again for so long */
#define BLOBS_WAIT_MIN_MS   30000         /* PROTOCOL 7.10: a link is asked again, doubling */
#define BLOBS_WAIT_MAX_MS   240000

/* ---- what is known for good ---- */

struct own_circle { /* beside the tuy_circle_state of the same number */
	struct tuy_tag digest;
	bool digest_valid;
	uint8_t book[8];
	bool book_valid;
	bool orphans;     /* data of a device not known yet was passed over: FRONTIER again when
	                     operations change */
	uint32_t own_log; /* NONE until the first append */
	struct tuy_incarnation settled; /* the one in which a friend held the same (settled.c) */
	uint64_t entries;
	uint64_t missing;
	uint8_t name[120];
	uint8_t name_len;
	uint8_t own_name[120];
	uint8_t own_name_len;
};

struct log {
	uint32_t circle_no;
	uint32_t device; /* index in the circle */
	struct tuy_incarnation incarnation;
	struct tuy_log_id id;
	struct tuy_log16 log16;
	struct tuy_head durable; /* as the store has it */
	struct tuy_head staged;  /* checked, and on its way to the store */
	struct tuy_sig sig;      /* of durable */
	uint32_t base_seq;       /* entries up to it were pruned; 0: none */
	uint32_t missing;
	uint32_t getb_link;    /* the link asked for its missing payloads; NONE */
	uint32_t source;       /* number of the link that brought the newest entries; 0: none */
	uint64_t advanced_ms;  /* when they came */
	uint32_t blobs_staged; /* payloads on their way to the store: nothing is asked for meanwhile
	                        */
	uint64_t touched;      /* greater: changed later */
	bool own;              /* of the current incarnation: this device appends to it */
	bool mine;             /* of this device, any incarnation */
	uint32_t cut;          /* it is forked and ends here; TUY_NO_CUT */
	bool cutting;          /* what stands beyond the cut is not out of the store yet */
	bool reload_due;       /* it is: where does the log stand now? */
	bool unreadable; /* the store could not read it back: not pushed until the next start */
};

struct peer { /* another device, of any circle */
	struct tuy_device device;
	struct tuy_link_pk link_pk;
	uint32_t circles; /* bit per circle it is active in */
	uint32_t link;    /* established link; NONE */
	uint8_t record[TUY_ADDRESS_RECORD_MAX];
	uint32_t record_len; /* 0: no address known */
	struct tuy_address_record address;
	uint32_t address_next; /* which to try next */
	uint64_t dial_next_ms; /* not before */
	uint32_t dial_backoff_ms;
	bool dialing;
	bool is_self;
};

/* ---- links ---- */

enum link_state {
	LINK_FREE,
	LINK_KNOCK,    /* called: waits for frame 1 */
	LINK_ANSWERED, /* called: message 2 is out, waits for frame 3 */
	LINK_CALLING,  /* calls: waits for frame 2 */
	LINK_PROVING,  /* calls: message 3 is out, waits for the first record */
	LINK_GUEST,    /* called by no member: waits for JOIN */
	LINK_UP,
};

struct peer_log {           /* what one link's other end has of one log */
	uint32_t known;     /* it said so */
	uint32_t sent;      /* sent to it */
	uint32_t told;      /* it knows that we have so many */
	uint32_t announced; /* the seq in its FRONTIER */
	uint32_t asked;     /* missing payloads up to here were asked for */
	uint16_t flags;
};
enum {
	PEER_LOG_WANT_DUE = 2,
	PEER_LOG_WANTED = 4,
	PEER_LOG_NO_BLOBS = 8,
	PEER_LOG_TELL = 16,
	PEER_LOG_LAZY = 32,   /* it asked not to be pushed this log: HAVE only */
	PEER_LOG_PRUNED = 64, /* it was asked not to push this log */
	PEER_LOG_PRUNE_DUE = 128,
	PEER_LOG_PROMISED = 256,    /* its HAVE names entries that are missing here */
	PEER_LOG_SUSPECT = 512,     /* it may hold another branch (PROTOCOL 4.11) */
	PEER_LOG_VOID_ASKED = 1024, /* it was asked for our void entries */
	PEER_LOG_PROOF_DUE = 2048,
	PEER_LOG_PROOF_SENT = 4096, /* of the cut that counts now */
	PEER_LOG_MISFIT = 8192,     /* suspect, because it sent a run that does not fit */
	/* What outlives a new FRONTIER of the peer. */
	PEER_LOG_LASTING = PEER_LOG_TELL | PEER_LOG_VOID_ASKED,
};

struct link_circle {
	bool shared;
	uint8_t index;       /* in our newest HELLO */
	bool ops_known;      /* peer_has is right */
	bool frontier_known; /* peer_log is right for this circle */
	bool frontier_sent;
	bool need_heads, need_frontier, need_ops, need_peers, need_getops;
	bool heads_sent;
	bool ops_full;        /* the message being taken held operations for which there is no room
	                       */
	bool frontier_taking; /* between the first and the last message of the peer's FRONTIER */
	uint64_t announced;   /* entries in the peer's FRONTIER */
	uint32_t frontier_at; /* where the next FRONTIER message goes on */
	uint8_t getops_count;
	struct tuy_tag getops[TUY_OP_PREV_MAX];
	struct tuy_tag doubt; /* the peer's digest when it last differed in a PING */
	bool in_doubt;
	bool agreed;                  /* on this link the peer's digest was once equal to ours */
	bool receipts_due;            /* what its device retracted lately was erased here */
	struct tuy_log16 receipt_log; /* where the telling goes on */
	uint32_t receipt_block;
};

struct receipt { /* entries of the other end's device that were erased here */
	uint32_t circle_no;
	struct tuy_log16 log;
	uint32_t count;
	uint32_t seqs[TUY_RETRACT_MAX];
};

/* A log that a peer may hold otherwise (PROTOCOL 4.11), looked at block by block. */
struct probe {
	enum { PROBE_NONE, PROBE_SEARCH, PROBE_VOIDED } kind;
	enum { PROBE_READ, PROBE_ASK, PROBE_WAIT } step; /* ours to be read; to be asked; asked */
	uint32_t log_no;
	uint32_t from;      /* asked for from here */
	struct tuy_head at; /* what the answer is chained on: before the block */
	uint64_t deadline_ms;
	/* SEARCH: the logs are the same before block `low`, and are not known to be before `high`
	 */
	uint32_t low, high;
	bool differed;      /* an answer did not fit: somewhere before, the logs differ */
	bool misfit;        /* so did a run that the peer sent by itself */
	struct tuy_sig sig; /* ours, at the end of the block */
	uint32_t count;     /* ours in the block */
	uint8_t headers[TUY_CHECKPOINT_EVERY * TUY_HEADER_SIZE];
	bool lacked; /* VOIDED: the peer does not hold all payloads of this run */
};

struct link {
	enum link_state state;
	uint32_t number; /* generation and place: what the host knows it by */
	enum tuy_direction direction;
	struct tuy_address remote;
	uint32_t dial;
	struct tuy_noise noise;
	struct tuy_deframer deframer;
	uint8_t *rx; /* 64 KiB */
	uint64_t opened_ms, up_ms;
	bool boot_known;
	uint8_t boot_id[8];   /* of the other end, if known */
	uint64_t deadline_ms; /* of the handshake, or of the guest */
	uint64_t last_rx_ms;
	uint64_t progress_ms; /* when the peer last took something */
	size_t unsent;
	uint32_t tx_credit;
	uint32_t rx_credit;
	uint32_t credit_owed;
	uint32_t bad_signatures;
	uint32_t peer; /* NONE: not known (yet) */
	bool knocked;
	/* close */
	bool close_due;
	enum tuy_close_how close_how;
	uint32_t close_ms;
	uint32_t close_code; /* 0: without a message */
	uint32_t retry_s;    /* CLOSE said, or says, not to call before; 0: nothing */
	/* what is due */
	bool hello_due, hello_got, join_due, pong_due, ping_due, reject_due, welcome_due;
	enum tuy_reject_code reject_code;
	uint32_t reject_time_s;
	uint64_t welcome_ticket; /* ADMIT must be durable first; 0 none */
	uint32_t welcome_circle;
	uint8_t guest_name[120]; /* from JOIN, for the host */
	uint8_t guest_name_len;
	uint32_t joined_circle; /* we came in over this link: its other end is trusted for this
	                           circle */
	uint32_t ping_nonce, pong_nonce;
	uint64_t ping_sent_ms; /* 0: none under way */
	uint64_t ping_next_ms;
	uint64_t wake_due_ms; /* after a suspend: closed then unless a PONG came; 0: not asked */
	uint32_t rtt_us;
	uint32_t settle_pause_ms; /* after the last PING that asked whether both hold the same.. */
	uint64_t settle_next_ms;  /* ..until the next one */
	uint64_t settle_due_ms;   /* when to look again whether it does; 0: with the next news */
	uint64_t have_due_ms;     /* 0: nothing to tell */
	bool want_due, prune_due;
	bool suspect_due, proof_due;
	uint64_t promise_due_ms;         /* when what HAVE promised is asked for; 0: nothing */
	uint64_t forget_ms;              /* when prunings are forgotten */
	uint64_t peers_due[PEERS_WORDS]; /* peers whose address record is to be sent */
	/* clones (PROTOCOL 5.7) */
	uint32_t rival;        /* number of a newer link of this device with another boot_id: does
	                          this one answer? 0: none */
	bool clone_due;        /* CLONE with.. */
	uint8_t clone_boot[8]; /* ..this boot_id */
	bool alive_due;        /* ALIVE, signed here, for.. */
	uint8_t alive_boot[8]; /* ..this boot_id */
	bool pass_due;         /* ALIVE of the other process, to be passed on to this one */
	struct tuy_incarnation pass_incarnation;
	struct tuy_sig pass_sig;
	/* circles */
	uint32_t my_count;
	uint32_t my_circle[TUY_HELLO_TAGS_MAX];
	uint32_t peer_count;
	uint32_t peer_circle[TUY_HELLO_TAGS_MAX]; /* NONE: not shared */
	struct tuy_hello_tag peer_tag[TUY_HELLO_TAGS_MAX];
	struct link_circle circle[TUY_CIRCLES_MAX];
	/* its last LOGINFO */
	uint32_t info_circle;
	struct tuy_log_id info_id;
	struct tuy_device info_device;
	struct tuy_incarnation info_incarnation;
	uint32_t info_sent; /* the log of our last LOGINFO; NONE */
	/* payloads asked of the peer */
	uint32_t getb_log; /* NONE: nothing under way */
	uint32_t getb_count;
	uint32_t getb_seq[GETB_SEQS];
	uint8_t getb_header[GETB_SEQS][TUY_HEADER_SIZE];
	uint32_t getb_left;
	uint64_t getb_deadline_ms;
	struct probe *probe;
	/* a block that the peer asked to be shown */
	uint32_t show_log; /* NONE: nothing */
	uint32_t show_from;
	uint64_t blobs_next_ms; /* when it is asked again for what it did not have; 0: not set */
	uint32_t blobs_wait_ms;
	/* receipts for its device */
	struct receipt receipt[RECEIPTS_MAX];
	uint32_t receipt_count;
	/* payloads the peer asked for */
	uint32_t give_log; /* NONE: nothing */
	uint32_t give_count, give_at;
	uint32_t give_seq[TUY_SEQS_MAX];
};

/* ---- tickets ---- */

enum stage_state { STAGE_FREE, STAGE_HELD, STAGE_READY, STAGE_ISSUED, STAGE_RETRY };
struct stage {
	enum stage_state state;
	uint64_t ticket;
	uint64_t issued_ms;
	uint8_t *bytes; /* STAGE_BYTES: a message's plaintext, or what we wrote */
	size_t len;
	struct tuy_store_item *items; /* STAGE_ITEMS */
	uint32_t item_count;
	struct tuy_bytes *blobs; /* 64, for an ENTRIES item */
	uint32_t link;           /* number of the link it came on; 0: own */
	uint32_t credit;         /* bytes to return after the commit */
	bool own;                /* a command: its failure is told, not tried again */
	bool live;
};

struct join {
	bool active;
	struct tuy_invite invite;
	struct tuy_invite_key key;
	uint8_t name[120];
	uint8_t name_len;
	uint64_t next_ms;
	uint32_t backoff_ms;
	bool dialing;
	uint32_t link;   /* place of the link it is asked on; NONE */
	uint64_t ticket; /* WELCOME is being stored */
	bool welcomed;   /* and is stored: our ADMIT is to come with the operations */
	uint32_t circle_no;
	uint8_t circle_name[120];
	uint8_t circle_name_len;
	uint8_t inviter_name[120];
	uint8_t inviter_name_len;
};

struct bucket { /* failures of one address */
	uint8_t prefix[16];
	uint32_t tokens_milli;
	uint64_t last_ms;
};

struct tell {
	struct tuy_tell tell;
	uint8_t circle_name[120];
	uint8_t name[120];
};

#define VOID_SEEN 32 /* runs of void entries of own logs that were fetched since the start */

#define DIAL_JOIN 0x80000000u /* a CONNECT's number: DIAL_JOIN, or the peer's place + 1 */

struct tuy_node {
	struct tuy_capacity cap;
	const struct tuy_device_keys *keys;
	struct tuy_cert cert;
	bool has_cert;
	bool started, stopping;
	bool flooding; /* duplicates are not suppressed */
	struct tuy_dice dice;
	struct tuy_secret replay_key;
	struct tuy_incarnation incarnation;
	uint8_t boot_id[8];
	bool cloned;                 /* another process of this device was proved since the start */
	uint64_t incarnation_ticket; /* the new one is on its way to the store; 0: none */
	bool incarnation_due;        /* it waits for a stage */
	uint64_t hold_ms;            /* own appends wait until then; 0: nobody claimed anything */
	uint64_t start_ms;
	uint64_t look_ms;    /* when somebody gets HEADS and FRONTIER though nothing is due */
	uint64_t explore_ms; /* when the next call is made although all places are taken */
	uint64_t changes;    /* counter behind log.touched */
	uint32_t cuts_mine;  /* logs of this device that are forked */
	uint8_t void_seen[VOID_SEEN][8]; /* of the hash at the end of each */
	uint32_t void_seen_count;
	bool reload_due; /* of some log */

	struct tuy_circle_state *circle;
	struct own_circle *own;
	struct peer *peer;
	uint32_t peer_count;
	uint32_t *peer_order; /* by device */
	struct log *log;
	uint32_t log_count;
	uint32_t *log_order; /* by log id */
	uint32_t *log_hash;  /* open addressing over log16: place + 1 */
	uint32_t log_hash_size;

	struct link *link;
	struct peer_log *peer_log; /* links * logs */
	uint64_t *dirty;           /* links * log words: logs with something to push */
	uint32_t log_words;
	uint64_t *peer_has; /* links * circles * op words */
	uint32_t op_words;
	uint32_t link_generation;
	uint32_t link_turn;

	uint32_t evicted[EVICTED_MAX];
	uint32_t evicted_count;

	struct stage *stage;
	uint32_t stages_free;
	uint64_t live_until_ms; /* bulk gives way until then */
	uint64_t bulk_rest_ms;  /* it rests until then; 0: it does not */
	uint64_t ticket_last;
	uint64_t store_retry_ms; /* the store failed: nothing from peers before; 0: it works */

	struct tuy_invite_row invite[INVITES_MAX];
	uint32_t invite_count;
	struct join join;
	struct tuy_address_record self_address;
	uint64_t self_counter;    /* the newest counter published before */
	bool address_due;         /* our addresses are not published yet */
	uint64_t address_ms;      /* nor to be before; 0: at once */
	uint64_t address_last_ms; /* when they were published; 0: not since the start */

	struct tell tell[TELLS_MAX];
	uint32_t tell_first, tell_count;
	struct bucket bucket[BUCKETS];
	uint64_t *replay; /* REPLAY_SETS * REPLAY_WAYS */

	uint8_t *plain; /* a message being written */
	uint8_t *out;   /* a frame for SEND */
	size_t out_len; /* 0: nothing waits */
	uint32_t out_link;
};

static inline uint32_t place_of(const struct tuy_node *n, const struct link *link)
{
	return (uint32_t)(link - n->link);
}
static inline uint32_t larger(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}
static inline uint32_t smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}
static inline void bit_set(uint64_t *row, uint32_t i)
{
	row[i / 64] |= (uint64_t)1 << (i % 64);
}
static inline void bit_clear(uint64_t *row, uint32_t i)
{
	row[i / 64] &= ~((uint64_t)1 << (i % 64));
}
static inline bool bit_get(const uint64_t *row, uint32_t i)
{
	return (row[i / 64] >> (i % 64)) & 1;
}
/* The logs with something to push on a link. */
static inline uint64_t *link_dirty(const struct tuy_node *n, const struct link *link)
{
	return n->dirty + (size_t)place_of(n, link) * n->log_words;
}

/* ---- the floors, from the ground up: a file calls only what stands on its own floor or below ----
 */

/* state.c: tables, digests; no consequences */
struct tell *tuy_node_tell(struct tuy_node *n, enum tuy_tell_kind kind); /* the oldest gives way */
void tuy_node_fault(struct tuy_node *n, const struct link *link, enum tuy_err err);
const struct tuy_tag *tuy_circle_digest(struct tuy_node *n, uint32_t circle_no);
const uint8_t *tuy_circle_book(struct tuy_node *n, uint32_t circle_no);
uint32_t tuy_log_find(const struct tuy_node *n, const struct tuy_log16 *log16); /* place or NONE */
/* Registers a log; its place or NONE if there is no room. */
uint32_t tuy_log_create(struct tuy_node *n, uint32_t circle_no, uint32_t device,
                        const struct tuy_incarnation *incarnation);
uint32_t tuy_peer_find(const struct tuy_node *n, const struct tuy_device *device);
uint32_t tuy_peer_find_link(const struct tuy_node *n, const struct tuy_link_pk *link_pk);
/* The peer of a certificate, registered if it is new; NONE if there is no room. */
uint32_t tuy_peer_get(struct tuy_node *n, const struct tuy_cert *cert);
struct link *tuy_link_at(struct tuy_node *n, uint32_t number); /* NULL if closed */
struct peer_log *tuy_peer_log_of(const struct tuy_node *n, const struct link *link,
                                 uint32_t log_no);
uint64_t *tuy_peer_has_of(const struct tuy_node *n, const struct link *link, uint32_t circle_no);
/* The newest established link with a peer that stays; its place, or NONE. */
uint32_t tuy_link_of(const struct tuy_node *n, uint32_t peer);
/* Established links, but those that are about to be closed. */
uint32_t tuy_links_up(const struct tuy_node *n);
/* Says that a link is to be closed; session.c does it. TUY_CLOSE_FULL keeps both ends from calling
 * for a while. */
void tuy_link_close(struct tuy_node *n, struct link *link, enum tuy_close_how how, uint32_t code);
/* Seals what `w` holds as the next record of `link` and leaves it in n->out. */
void tuy_link_seal(struct tuy_node *n, struct link *link, const struct tuy_writer *w);

/* stage.c: tickets on their way to the store */
/* For what comes on `link`, or (NULL) for a command. NULL: none is free for it. */
struct stage *tuy_stage_take(struct tuy_node *n, const struct link *link);
/* Is one free for `link`? Otherwise it has some under way, or all links together have. */
bool tuy_stage_room(const struct tuy_node *n, const struct link *link);
struct stage *tuy_stage_find(struct tuy_node *n, uint64_t ticket);
void tuy_stage_free(struct tuy_node *n, struct stage *s);
/* A new item of a stage; STAGE_ITEMS at most. */
struct tuy_store_item *tuy_stage_item(struct stage *s, enum tuy_store_kind kind,
                                      uint32_t circle_no);
uint64_t tuy_stage_commit(struct tuy_node *n, struct stage *s);
/* Takes the payloads of DATA, those of its first `skip` headers left out, into stage->blobs: they
 * stay spans into the stage. TUY_E_FORMAT, TUY_E_COMMIT: one is not what its header says. */
enum tuy_err tuy_stage_blobs(struct stage *s, struct tuy_message *m, uint32_t skip);
/* The next one to hand to the host, or NULL: in the order they came, but that entries in bulk wait
 * behind all others, and while live ones come only a little of them is with the host at once. */
struct stage *tuy_stage_next(struct tuy_node *n, struct tuy_now now);
/* `s` was stored. While live tickets come, entries in bulk rest after it: a live one that finds the
 * host at work on them waits for it, and that shall be the exception. */
void tuy_stage_rest(struct tuy_node *n, struct tuy_now now, const struct stage *s);
/* Does its commit bring what somebody just gave? */
bool tuy_stage_is_live(const struct stage *s);
/* Entries that wait behind others until they are handed to the host. */
bool tuy_stage_is_bulk(const struct stage *s);
void tuy_stage_again(struct tuy_node *n); /* hands what failed to the host once more */

/* begin.c: logs that are not known yet */
void tuy_begin_info(struct tuy_node *n, struct link *link, uint32_t circle_no,
                    const struct tuy_message *m);
/* Did the link's last LOGINFO name this log, and may it begin? */
bool tuy_begin_named(struct tuy_node *n, const struct link *link, uint32_t circle_no,
                     const struct tuy_log16 *log);
/* Begins the log that was named and whose first signature was found good: an item of the stage, to
 * be committed whatever becomes of the rest. Its place, or NONE if there is no room. */
uint32_t tuy_begin_log(struct tuy_node *n, struct link *link, struct stage *stage);

/* dial.c: whom to call; who failed too often; which first frames were seen */
bool tuy_dial_task(struct tuy_node *n, struct tuy_now now, struct tuy_task *task);
uint64_t tuy_dial_deadline(const struct tuy_node *n);
/* An attempt came to nothing, or its link went. */
void tuy_dial_ended(struct tuy_node *n, struct tuy_now now, uint32_t dial);
void tuy_dial_reset(struct tuy_node *n, struct tuy_now now, uint32_t peer);
/* Not before `retry_s` are over, +-25 %; 600 s at most. */
void tuy_dial_later(struct tuy_node *n, struct tuy_now now, uint32_t peer, uint32_t retry_s);
/* May this failure be held in silence? */
bool tuy_bucket_take(struct tuy_node *n, struct tuy_now now, const struct tuy_address *address);
bool tuy_replay_seen(struct tuy_node *n, const uint8_t ephemeral[32]);

/* spread.c: what a change means for the links */
void tuy_spread_refresh(struct tuy_node *n, struct tuy_now now, struct link *link, uint32_t log_no);
void tuy_spread_log(struct tuy_node *n, struct tuy_now now, uint32_t log_no);
void tuy_spread_ops(struct tuy_node *n, uint32_t circle_no);
void tuy_spread_address(struct tuy_node *n, uint32_t peer, const struct link *except);
void tuy_spread_frontier(struct tuy_node *n, uint32_t circle_no);
/* Every hour: all that is held is told to one link. */
void tuy_spread_time(struct tuy_node *n, struct tuy_now now);
/* An operation was added to a circle: new devices get a peer, links are looked at again. */
void tuy_spread_member(struct tuy_node *n, struct tuy_now now, uint32_t circle_no,
                       uint32_t op_index);
struct tuy_tag tuy_connection_tag(const struct tuy_node *n, const struct link *link,
                                  uint32_t circle_no, uint8_t role);
/* Who a link's other end is, is known. */
void tuy_link_up(struct tuy_node *n, struct tuy_now now, struct link *link);
/* Looks which circles a link shares. */
void tuy_link_match(struct tuy_node *n, struct tuy_now now, struct link *link);
void tuy_hello_again(struct tuy_node *n); /* on all links */
/* Takes an address record if it is a known device's and newer; TUY_OK, TUY_E_CONFLICT (not newer),
 * or why not. */
enum tuy_err tuy_address_learn(struct tuy_node *n, struct tuy_now now, struct tuy_bytes record,
                               uint32_t *peer);
/* Publishes this device's addresses if they changed and a stage is free. */
void tuy_address_publish(struct tuy_node *n, struct tuy_now now);

/* fork.c: proofs that a log is forked: found, taken, passed on; its cut; void entries (PROTOCOL
 * 4.11) */
/* The peer may hold another branch of a log: it will be looked at. */
enum fork_why { FORK_HEADS_DIFFER, FORK_RUN_MISFITS };
void tuy_fork_suspect(struct tuy_node *n, struct link *link, uint32_t log_no, enum fork_why why);
/* The peer named a seq of a log. Beyond its cut, it gets the proof. Returns what counts of it. */
uint32_t tuy_fork_clamp(struct tuy_node *n, struct link *link, uint32_t log_no, uint32_t seq);
/* The two ends differ for long: a proof that came before its log was lost, and goes once more if
 * the peer names what is void. */
void tuy_fork_doubt(struct tuy_node *n, const struct link *link, uint32_t circle_no);
/* Is it what the peer was asked to show? Then it is dealt with here. */
enum fork_answer { FORK_NOT_ASKED, FORK_TAKEN, FORK_FOUND };
enum fork_answer tuy_fork_data(struct tuy_node *n, struct tuy_now now, struct link *link,
                               uint32_t log_no, struct tuy_message *m, struct stage **stage);
void tuy_fork_gone(struct tuy_node *n, struct link *link, uint32_t log_no,
                   const struct tuy_message *m);
/* The peer asked to be shown the block in which `from` lies. */
void tuy_fork_want(struct tuy_node *n, struct link *link, uint32_t log_no, uint32_t from);
/* Returns true if the log has a new cut. */
bool tuy_fork_proof_take(struct tuy_node *n, struct link *link, uint32_t log_no,
                         const struct tuy_message *m, struct stage **stage);
bool tuy_fork_task(struct tuy_node *n, struct tuy_now now, struct link *link,
                   struct tuy_task *task);
void tuy_fork_read(struct tuy_node *n, struct tuy_now now, struct link *link,
                   const struct tuy_read *read, const struct tuy_read_result *result);
void tuy_fork_time(struct tuy_node *n, struct tuy_now now, struct link *link);
/* Void entries could not be stored: every peer is asked for them once more. */
void tuy_fork_voided_again(struct tuy_node *n, uint32_t log_no);
/* A cut is durable: where does the log stand now? That is read before anything else. */
void tuy_fork_stored(struct tuy_node *n, uint32_t log_no);
/* Void entries of this device are in the store: the host is told. */
void tuy_fork_voided(struct tuy_node *n, uint32_t log_no);
bool tuy_fork_reload_task(struct tuy_node *n, struct tuy_task *task);
void tuy_fork_reload(struct tuy_node *n, struct tuy_now now, uint32_t log_no,
                     const struct tuy_read_result *result);

/* own.c: the logs of this device, seen from peers; incarnations (PROTOCOL 4.10) */
void tuy_own_claimed(struct tuy_node *n, struct tuy_now now, struct link *link, uint32_t circle_no,
                     const struct tuy_frontier_row *row);
/* Looks at DATA of the log of this incarnation. If it goes further than what is held, and its
 * signature holds, the incarnation is retired: then the log is one like those of others. */
void tuy_own_shown(struct tuy_node *n, const struct link *link, uint32_t log_no,
                   const struct tuy_message *m);
/* Hands a new incarnation to the store when a stage is free. */
void tuy_own_publish(struct tuy_node *n);
/* May an own entry be appended now? */
bool tuy_own_open(const struct tuy_node *n, struct tuy_now now);
void tuy_own_stored(struct tuy_node *n, uint64_t ticket);
/* At the start: the store ended between a cut of the current log and the new incarnation. */
void tuy_own_begin(struct tuy_node *n);
/* A log of this device turned out to be forked. `link`: NULL if that was found at the start. */
void tuy_own_forked(struct tuy_node *n, const struct link *link, uint32_t log_no);

/* Another process of this device is proved (PROTOCOL 5.7), which writes in `incarnation`; NULL: in
 * one that is not known. */
void tuy_own_cloned(struct tuy_node *n, const struct link *link,
                    const struct tuy_incarnation *incarnation);

/* A checkpoint of a log of this device was shown, beyond what is held, and its signature holds. */
void tuy_own_based(struct tuy_node *n, const struct link *link, uint32_t log_no, uint32_t seq);

/* erase.c: payloads that are gone, and what was pruned (PROTOCOL 4.12, 7.10) */
/* Adds what the RETRACTs among `count` entries of a log want erased to the stage that keeps them.
 */
void tuy_erase_scan(const struct tuy_node *n, struct stage *s, uint32_t log_no,
                    const uint8_t *headers, const struct tuy_bytes *blobs, uint32_t count);
void tuy_erase_stored(struct tuy_node *n, const struct tuy_store_item *item); /* RETRACT */
void tuy_receipt_take(struct tuy_node *n, struct link *link, uint32_t log_no,
                      const struct tuy_message *m, struct stage **stage);
void tuy_receipt_stored(struct tuy_node *n, const struct tuy_store_item *item);
bool tuy_receipt_task(struct tuy_node *n, struct tuy_now now, struct link *link,
                      struct tuy_task *task);
void tuy_receipt_read(struct tuy_node *n, struct link *link, const struct tuy_read *read,
                      const struct tuy_read_result *result);
void tuy_base_write(struct tuy_node *n, struct link *link, const struct tuy_read *read,
                    const struct tuy_read_result *result);
void tuy_base_take(struct tuy_node *n, struct tuy_now now, struct link *link, uint32_t circle_no,
                   const struct tuy_message *m, struct stage **stage);
void tuy_base_stored(struct tuy_node *n, struct tuy_now now, const struct tuy_store_item *item);

/* clone.c: two processes of one device */
/* The older link answered. */
void tuy_clone_pong(struct tuy_node *n, struct link *link);
void tuy_clone_message(struct tuy_node *n, struct link *link, const struct tuy_message *m);
/* Writes CLONE or ALIVE if one is due. */
bool tuy_clone_write(struct tuy_node *n, struct link *link, struct tuy_writer *w);

/* sync.c: what comes in on a link */
void tuy_sync_message(struct tuy_node *n, struct tuy_now now, struct link *link,
                      struct tuy_message *m, struct stage **stage);
void tuy_sync_credit(struct link *link, uint32_t bytes);
void tuy_sync_time(struct tuy_node *n, struct tuy_now now, struct link *link);
/* Do both ends hold the same, as far as is known? */
bool tuy_sync_settled(const struct tuy_node *n, const struct link *link, uint32_t circle_no);
void tuy_sync_doubt(struct tuy_node *n, struct link *link, uint32_t circle_no,
                    const struct tuy_tag *digest);
void tuy_sync_link_gone(struct tuy_node *n, struct link *link);

/* push.c: what is due on a link, written when the socket can take it */
bool tuy_push_task(struct tuy_node *n, struct tuy_now now, struct link *link,
                   struct tuy_task *task);
void tuy_push_read(struct tuy_node *n, struct tuy_now now, struct link *link,
                   const struct tuy_read *read, const struct tuy_read_result *result);

/* admit.c: letting in and being let in */
#define READ_FOR_WELCOME 1 /* in tuy_read.from of an OPS read */
bool tuy_guest_welcome(const struct tuy_node *n,
                       struct tuy_now now); /* is any invite answerable? */
void tuy_join_message(struct tuy_node *n, struct tuy_now now, struct link *link,
                      const struct tuy_message *m);
void tuy_welcome_message(struct tuy_node *n, struct tuy_now now, struct link *link,
                         const struct tuy_message *m, struct stage **stage);
void tuy_reject_message(struct tuy_node *n, struct link *link, const struct tuy_message *m);
/* False: no WELCOME is due, or ADMIT is not durable yet. */
bool tuy_welcome_task(const struct tuy_node *n, const struct link *link, struct tuy_task *task);
void tuy_welcome_read(struct tuy_node *n, struct tuy_now now, struct link *link,
                      const struct tuy_read_result *result);
void tuy_join_write(struct tuy_node *n, struct link *link, struct tuy_writer *w);
void tuy_join_link_gone(struct tuy_node *n, struct tuy_now now, const struct link *link);
void tuy_join_check_in(struct tuy_node *n); /* tells JOINED once this device is in */
void tuy_admit_stored(struct tuy_node *n, uint64_t ticket);

/* settled.c: what was seen in this incarnation. After a message of a link, a commit for it, and at
 * link->settle_due_ms. */
void tuy_settled_look(struct tuy_node *n, struct tuy_now now, struct link *link);

/* stored.c: what it means that a ticket is durable, or failed */
void tuy_stored_ticket(struct tuy_node *n, struct tuy_now now, uint64_t ticket,
                       enum tuy_stored stored);
void tuy_stored_retry(struct tuy_node *n, struct tuy_now now);

/* session.c: one link */
void tuy_link_drop(struct tuy_node *n, struct tuy_now now, struct link *link); /* forgets it */
bool tuy_link_task(struct tuy_node *n, struct tuy_now now, struct link *link,
                   struct tuy_task *task);
size_t tuy_link_bytes(struct tuy_node *n, struct tuy_now now, struct link *link,
                      struct tuy_bytes bytes);
void tuy_link_time(struct tuy_node *n, struct tuy_now now, struct link *link);
uint64_t tuy_link_deadline(const struct link *link);

/* node.c (life, loading, inputs, commands), append.c (what this device writes) and tasks.c (tasks,
 * questions) are the top floor: node.h */

#endif
