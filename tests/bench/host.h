/*
 * The smallest complete host of a node: a thread with a loop, the real store, writer and links, on
 * 127.0.0.1. It does with the node's tasks what daemon/loop.c does, without the rest of a daemon,
 * and any failure ends the program.
 *
 * Thread rule: one thread (the bench's) starts, calls and stops hosts; on_tell and what host_call
 * calls run on the host's own thread, where the node may be used (drain after it).
 */
#ifndef HOST_H
#define HOST_H

#include "../../daemon/store.h"
#include "../../daemon/writer.h"
#include "people.h"
#include "phantom.h"

struct host;

/* After the host has done a TELL's work: `tell` is valid during the call. */
typedef void host_on_tell(void *context, const struct tuy_tell *tell);

/* What went over its sockets, and when: as many as there is room for, all of them counted. */
#define HOST_TRACE_MAX 256
enum host_event { HOST_SENT, HOST_RECEIVED };
struct host_trace {
	uint32_t count;
	struct {
		enum host_event what;
		size_t len;
	} event[HOST_TRACE_MAX];
};

enum host_listen { HOST_CALLS_ONLY, HOST_LISTENS };
enum host_manners {
	HOST_READS,
	HOST_STALLS, /* reads no more once a link is up */
};
/* Called every millisecond. */
typedef void host_on_tick(void *context, struct tuy_node *node, struct tuy_now now);

struct host_options {
	const char *dir; /* the store's; NULL: `phantom` */
	const struct phantom_contents *phantom;
	enum host_manners manners;
	host_on_tick *on_tick;       /* may be NULL */
	struct host_trace *trace;    /* may be NULL; the host's thread writes it */
	const struct person *person; /* stays the caller's */
	enum writer_index index;
	enum host_listen listen; /* LISTENS: on a free port, published as its address */
	host_on_tell *on_tell;   /* may be NULL */
	void *context;
};

/* Returns when the node is loaded and runs. */
struct host *host_start(const struct host_options *options);
/* Says goodbye, stores what waits, ends the thread and frees. */
void host_stop(struct host *host);

/* Where it listens. */
struct tuy_address host_address(const struct host *host);

/* Calls `function` on the host's thread and waits for it; its tasks are performed afterwards. */
typedef void host_function(void *context, struct tuy_node *node, struct tuy_now now);
void host_call(struct host *host, host_function *function, void *context);

/* Counted since the start; may be asked at any time. */
#define HOST_TURN_US 5000 /* as LOOP_TURN_US of daemon/loop.h, but without what others took */
struct host_figures {
	uint64_t bytes_in; /* on sockets */
	uint64_t bytes_out;
	uint64_t connect_ns; /* bench_now_ns when the last connection was asked for; 0: none */
	uint64_t cpu_ns;     /* of the loop's thread, without the writer's */
	uint64_t slow_turns; /* of the loop, that took over HOST_TURN_US of its thread's time */
	uint64_t worst_turn_us;
};
struct host_figures host_figures(struct host *host);
struct store_stats host_store_stats(struct host *host);

#endif
