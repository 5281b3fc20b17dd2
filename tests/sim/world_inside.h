/*
 * The inside of the world (world.h), for its files: world.c (events, nodes, commands, a run), net.c
 * (connections), faults.c (what goes wrong, and when), erase.c (what is taken back or expires),
 * watch.c (what has to hold). Each file calls the others through this header only.
 */
#ifndef SIM_WORLD_INSIDE_H
#define SIM_WORLD_INSIDE_H

#include "world.h"

#include <sodium.h>

#define LATENCY_MAX    4096
#define WALL_START     1800000000u
#define SIM_STAGES     40 /* of a node: as many tickets can be under way.. */
#define SIM_STAGES_MAX 80 /* ..and where credit is to end first */
#define NOBODY         UINT32_MAX
#define FOR_EVER       UINT64_MAX
#define LIMIT_MS       3600000 /* all is settled so long after the faults ended */
#define CALM_FROM_MS   70000   /* faults end then, once all tips are given */

enum event_kind {
	EV_CONNECT,
	EV_BYTES,
	EV_CLOSED,
	EV_STORED,
	EV_TIMER,
	EV_COMMAND,
	EV_CRASH,
	EV_START,
	EV_CUT,
	EV_JOIN,
	EV_PUMP,  /* a connection can take more */
	EV_FAULT, /* what: enum fault */
	EV_LOSE,
	EV_COPY,
	EV_RESTORE,
	EV_PEERS, /* what a store knows of peers is lost, or lies */
	EV_LIE,
	EV_THIN,  /* do all know where all are? Then only neighbours reach each other */
	EV_CLONE, /* a second node with the identity and the store of one */
	EV_RETRACT,
	EV_EXPIRE, /* a disk drops what has expired */
};

enum fault {
	FAULT_PARTITION,
	FAULT_SUSPEND,
	FAULT_FULL, /* the disk takes nothing for a while */
	FAULT_TORN, /* the next commit is the last thing that the process does */
	FAULT_STALL /* one end of a connection reads nothing */
};

struct event {
	uint64_t at_ms, order;
	enum event_kind kind;
	enum fault fault;
	uint32_t node, conn, dial, life;
	int end;
	uint64_t ticket;
	struct disk_ticket *disk_ticket;
	uint8_t *bytes;
	size_t len;
};

struct way { /* towards one end of a connection */
	uint8_t *queue;
	size_t queue_len;
	size_t in_socket; /* so many of them have left for the kernel of the sender */
	size_t flying;    /* on the network */
	uint8_t *kept;    /* arrived, and not taken yet */
	size_t kept_len;
	uint64_t arrive_ms; /* of the last byte under way: order is kept */
	uint64_t next_ms;   /* a clogged link is free again */
	uint64_t pump_ms;   /* an EV_PUMP is due then; FOR_EVER: none */
	uint64_t sent, taken;
	uint64_t again; /* so much was sent up to the end of a frame that came again; 0: none */
	uint8_t *old;   /* an earlier frame, where frames come again */
	size_t old_len;
};

struct conn { /* end 0 called, end 1 was called */
	uint32_t node[2], life[2], link[2];
	bool open[2]; /* the end still exists */
	struct way way[2];
	uint32_t delay_ms;    /* of this way through the network, +- */
	uint32_t rate;        /* bytes per ms, while faults last; 0: any */
	size_t socket;        /* bytes that the sender's kernel takes */
	uint64_t stall_ms[2]; /* this end reads nothing before */
	uint64_t silent_ms;   /* nothing passes before */
	bool dead;            /* nothing passes any more, and nobody is told */
	bool repeats;         /* a frame comes again */
};

struct ack {
	uint64_t ticket;
	uint32_t log_no, seq;
};

struct member {
	struct tuy_device_keys keys;
	struct tuy_cert cert;
	struct disk *disk;
	struct disk *copy; /* of the disk, at some time; NULL */
	uint64_t quiet_ms; /* it gives nothing before: its disk is old and it does not know */
	bool stale;
	uint32_t twin_of;      /* it was made from this one's store; itself: it was not */
	uint32_t stale_seq;    /* of its own log on the disk that was put back */
	struct tuy_node *node; /* NULL: down */
	uint32_t life;         /* counts starts: events of an earlier life are void */
	struct tuy_address address;
	uint64_t commit_ms; /* when the last commit under way ends */
	uint64_t timer_ms;
	uint32_t keep_s; /* after its expiry, a payload stays so long on its disk */
	bool joined, asked;
	uint32_t unreached; /* attempts on the invite at hand that found nobody */
	uint64_t *given_ms; /* when each own entry was durable */
	uint32_t given_count;
	uint32_t *ends; /* its ends of connections: conn * 2 + end */
	uint32_t end_count, end_cap;
	/* faults */
	int64_t skew_s;   /* of its wall clock */
	uint64_t skip_ms; /* its clocks went on so much while it slept */
	uint64_t wake_ms; /* asleep before */
	uint64_t full_ms; /* its disk takes nothing before */
	bool torn;        /* crashes right after its next commit */
	uint32_t group;   /* side of the partition */
	/* what has to hold */
	uint32_t tickets; /* under way */
	struct ack ack[SIM_STAGES_MAX];
	uint32_t ack_count;
	uint32_t *told; /* by log: so many entries were told or there at the start */
	uint32_t told_count;
};

/* A log as everybody has to have it: the headers that some disk held. */
struct canon {
	struct tuy_log_id id;
	uint8_t *headers;
	uint32_t count, cap;
	uint32_t must; /* so many were on a disk that is still there when another one went */
};

struct world {
	struct world_options options;
	struct tuy_dice dice;
	uint64_t now_ms;
	struct event *heap;
	uint32_t heap_count, heap_cap;
	uint64_t order;
	struct member *member;
	uint32_t node_count; /* options.nodes, and clones */
	uint8_t *near;       /* options.degree: who reaches whom, a row each, */
	bool thin;           /* from now on */
	struct conn *conn;
	uint32_t conn_count, conn_cap;
	uint32_t tips_left;
	bool measured;
	uint64_t linked_ms;  /* options.settle: all are in and linked then */
	uint32_t warm;       /* so many were given after */
	uint64_t settled_ms; /* when counting begins */
	bool calm;           /* no more faults */
	uint64_t calm_ms;    /* since when; 0: not yet */
	uint64_t parted_ms;  /* the members are cut in groups before */
	struct world_result result;
	uint64_t latency[LATENCY_MAX]; /* how many deliveries took so many ms */
	uint64_t latencies;
	crypto_generichash_state history;
	struct canon *canon;
	uint32_t canon_count;
	uint64_t volume;    /* bytes that were committed, on all disks */
	uint64_t all_bytes; /* sent since the beginning */
	uint32_t back_node; /* RULE_FORK: whose disk loses what came after back_state */
	struct tuy_log_state back_state;
	bool cheated; /* the broken rule (options.rule) has struck */
};

/* ---- world.c ---- */
void event_add(struct world *w, uint64_t in_ms, struct event e);
uint64_t roll(struct world *w, uint64_t bound);
/* The clocks of node `i`, which may be years off. */
struct tuy_now now_of(const struct world *w, uint32_t i);
/* Notes the first invariant that does not hold; the run ends. */
void broken(struct world *w, const char *what, uint32_t node);
/* Performs the tasks of a node until there are none, and sets its timer. */
void drain(struct world *w, uint32_t i);
void node_crash(struct world *w, uint32_t i);
void node_start(struct world *w, uint32_t i);
/* Where a member is reached: the place is its own, the port changes. */
struct tuy_address address_of(uint32_t i);

/* ---- net.c ---- */
void net_make(struct world *w);
/* Do all nodes know an address of each? */
bool net_all_known(const struct world *w);
enum net_close { NET_CLOSE_NOW, NET_CLOSE_FLUSHED };
void net_send(struct world *w, uint32_t i, const struct tuy_task *task);
void net_connect(struct world *w, uint32_t i, const struct tuy_task *task);
void net_close(struct world *w, uint32_t i, const struct tuy_task *task);
/* One end goes; the other one hears of it later. */
void net_end(struct world *w, uint32_t c, int end, enum net_close how);
/* It breaks, and both ends hear of it. */
void net_cut(struct world *w, uint32_t c);
/* All ends of a node go. */
void net_crash(struct world *w, uint32_t i);
/* The node has room again for what it did not take. */
void net_offer(struct world *w, uint32_t i);
void net_event(struct world *w, struct event *e);
void net_free(struct world *w);

/* ---- faults.c ---- */
void faults_make(struct world *w);
void faults_event(struct world *w, const struct event *e);
/* A connection was made: what may befall it. */
void faults_conn(struct world *w, uint32_t c);
bool faults_apart(const struct world *w, uint32_t a, uint32_t b);
bool faults_asleep(const struct world *w, uint32_t i);
/* Performs the host's part when a ticket's time has come: commits, fails, or crashes. */
void faults_commit(struct world *w, struct event *e);

/* The node went down. */
void faults_crash(struct world *w, uint32_t i);

/* ---- stores.c ---- */
void stores_make(struct world *w);
void stores_event(struct world *w, const struct event *e);
/* The node begins a new incarnation. */
void stores_tell(struct world *w, uint32_t i, const struct tuy_tell *tell);
/* Would what it gives now fork its log? It was put back, did not notice, and met nobody yet who
 * knows more: nothing can help then. From the first entry shown on it has to know. */
bool stores_would_fork(const struct world *w, uint32_t i);
void stores_free(struct world *w);

/* ---- liar.c ---- */
bool liar_is(const struct world *w, uint32_t i);
void liar_make(struct world *w);
/* Something untrue is said on some link. */
void liar_act(struct world *w, const struct event *e);
/* Gives a liar's node what it has read from its disk, or something else. */
void liar_answer(struct world *w, uint32_t i, const struct tuy_read *read,
                 struct tuy_read_result *result);
/* Is it a log of a liar that gives different ones to different peers? */
bool liar_forks(const struct world *w, const struct tuy_device *device);

/* The node forgets what it owes: its credit is whole on every link. */
void liar_spend(struct tuy_node *node);
/* ---- erase.c ---- */
void erase_make(struct world *w);
void erase_event(struct world *w, const struct event *e);
/* When what node `i` gives now expires; 0: never. */
uint32_t erase_exp(struct world *w, uint32_t i);
/* The disk of node `i` goes by its clock from now on. */
void erase_clock(struct world *w, uint32_t i);
void erase_end(struct world *w);

/* ---- watch.c ---- */
/* A disk went: what only it held is lost, and all the rest must be on all disks in the end. */
void watch_disk_went(struct world *w);
/* How long the log is on the disk that has most of it. */
uint32_t watch_most_held(const struct world *w, const struct tuy_log_id *id);
void watch_start(struct world *w, uint32_t i);
void watch_given(struct world *w, uint32_t i, const struct tuy_appended *appended);
void watch_ticket(struct world *w, uint32_t i);
void watch_commit(struct world *w, uint32_t i, const struct disk_ticket *ticket);
/* The node of a device, the first one; NOBODY. */
uint32_t watch_who(const struct world *w, const struct tuy_device *device);
void watch_tell(struct world *w, uint32_t i, const struct tuy_tell *tell);
/* So many bytes wait in the process of the sender. */
void watch_queue(struct world *w, uint32_t i, size_t len);
void watch_bytes(struct world *w);
void watch_end(struct world *w);
void watch_free(struct world *w);
/* Once all is calm: does everybody hold the same, and all of it? */
bool watch_settled(const struct world *w);
/* What each node thinks, for the reader of a broken run. */
void watch_explain(const struct world *w);

#endif
