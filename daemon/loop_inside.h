/*
 * What the parts of the loop share: loop_time.c has the clock and the timer, loop_ticket.c
 * keeps what waits for the disk, loop_tell.c passes on what the node tells, loop_name.c tells it
 * how circles and people are called, loop_start.c opens and closes everything, loop_watch.c
 * measures. Only they include this.
 *
 * Thread rule: the loop thread.
 */
#ifndef LOOP_INSIDE_H
#define LOOP_INSIDE_H

#include "link.h"
#include "loop.h"
#include "wake.h"
#include "writer.h"

#define LOOP_PENDING_MAX 128 /* a power of two over the node's stages */
#define LOOP_NAME_MAX    120

/* A ticket between the node and its answer. */
struct loop_pending {
	uint64_t ticket;
	bool refused;      /* never reached the writer: fails when its turn comes */
	const char *error; /* how it failed; NULL: well */
};

/* Tickets of loop_keep have this bit, the node's have not. */
#define LOOP_TICKET_KEPT (UINT64_C(1) << 63)

struct loop_waiter {
	struct loop_waiter *next;
	uint64_t ticket;
	loop_on_ticket *on_ticket;
	void *context;
};

struct loop_subscriber {
	struct loop_subscriber *next;
	loop_on_tell *on_tell; /* NULL: forgotten, freed after the round */
	void *context;
};

struct loop_name {
	size_t len;
	uint8_t b[LOOP_NAME_MAX];
};

/* One turn of the event loop: from where it goes to wait for its sockets to where it does so again.
 */
struct loop_watch {
	uv_prepare_t prepare;
	uint64_t begun_ns; /* this turn; 0: none yet */
	uint64_t idle_ns;  /* what the event loop had waited then */
	uint64_t own_ns;   /* what its thread had worked then */
	uint64_t longest_us;
	const char *longest; /* the longest callback of this turn that was watched; NULL: none */
	struct loop_stalls stalls;
};

struct loop {
	struct links *links;   /* NULL: stopped */
	struct writer *writer; /* NULL: stopped, or not started */
	loop_on_ended *on_ended;
	loop_on_stopping *on_stopping;
	void *on_ended_context;
	uv_timer_t timer;
	uv_timer_cb on_timer;
	uv_timer_t stop_timer;
	struct wake wake;
	uv_poll_t wake_poll;             /* unless wake.fd is -1 */
	uint64_t armed_ms;               /* what `timer` waits for */
	struct loop_reminder *reminders; /* those that are set */
	struct loop_reminder names;      /* loop_refresh_names */
	uint64_t interfaces_ms;          /* when they were looked up */
	bool node_started;
	bool draining;
	bool ended; /* all handles of the loop but stop_timer are closed */
	bool stuck; /* the time to stop was not enough */
	void *node_memory;
	size_t node_size;
	uint64_t kept; /* tickets of loop_keep so far */
	struct loop_pending
		pending[LOOP_PENDING_MAX]; /* ring; answered ones stay readable for a while */
	uint64_t pending_first;
	uint64_t pending_end;
	struct loop_waiter *waiters;
	struct loop_subscriber *subscribers;
	struct loop_watch watch;
	struct loop_name welcome_name[TUY_CIRCLES_MAX]; /* a circle's, until its record is here */
	uint8_t headers[TUY_CHECKPOINT_EVERY * TUY_HEADER_SIZE];
	uint8_t record[TUY_BLOB_MAX];
};

/* ---- loop.c ---- */

/* Sockets whose links are the node's; NULL: no memory. */
struct links *loop_links_create(struct daemon *d);
/* Listens to what says that the machine slept; without it the timer notices, later. */
void loop_wake_begin(struct daemon *d);
/* Looks the own addresses up and tells the node if they have changed. */
void loop_addresses_publish(struct daemon *d);

/* The timer fired. */
void loop_on_timer(uv_timer_t *timer);

/* ---- loop_time.c ---- */

/* Arms the timer for whatever is due first. */
void loop_timer_arm(struct daemon *d);
/* Calls the reminders that are due by now; what that sets anew is due later. */
void loop_reminders_call(struct daemon *d, uint64_t now_ms);

/* ---- loop_watch.c ---- */

/* Begins to measure, before the event loop first runs; and ends it. */
void loop_watch_open(struct daemon *d);
void loop_watch_close(struct daemon *d);

/* ---- loop_ticket.c ---- */

/* A STORE task: hands it to the writer. */
void loop_store_perform(struct daemon *d, const struct tuy_task *task);
/* Answers the ones at the front that never reached the writer: the order is the node's. */
void loop_pending_refuse(struct daemon *d);
/* How a ticket failed that was answered a short while ago. */
const char *loop_ticket_error(const struct loop *l, uint64_t ticket);
/* Calls back who waits for it. */
void loop_waiters_call(struct daemon *d, uint64_t ticket, enum tuy_stored stored,
                       const char *error);

/* ---- loop_tell.c ---- */

/* A TELL task: log, notices, waiters, subscribers. */
void loop_tell_perform(struct daemon *d, const struct tuy_tell *tell);

/* ---- loop_name.c ---- */

/* Keeps a copy of `text` if there is one that fits. */
void loop_name_keep(struct loop_name *name, struct tuy_bytes text);
/* Something came that may change names: they are read again in a while, once. */
void loop_names_stale(struct daemon *d);

#endif
