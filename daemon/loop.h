/*
 * The hands of the machine (proto/node.h): feeds the node, performs its tasks, owns the one timer,
 * the only clock and the dice. RPC methods use what stands here; it knows nothing of them.
 *
 * How a method writes:
 *     err = tuy_node_append(d->node, loop_now(d), ..., &appended);
 *     loop_await_ticket(d, appended.ticket, on_done, context);    before loop_drain
 *     loop_drain(d);
 * and on_done is called on the loop thread once it is durable or has failed.
 *
 * Thread rule: everything on the loop thread.
 */
#ifndef LOOP_H
#define LOOP_H

#include "../proto/node.h"
#include "config.h"
#include "keys.h"
#include "paths.h"
#include "store.h"
#include "store_own.h"
#include "view.h"
#include <uv.h>

struct loop; /* loop_inside.h */

/* One daemon. Everybody reads, only loop_*.c and main.c write. */
struct daemon {
	uv_loop_t *uv;
	struct tuy_node *node;
	struct store *store;
	struct keys *keys; /* keys->certified: there is a member, keys->cert.member */
	const struct paths *paths;
	const struct config *config;
	int64_t clock_offset_s;                       /* --clock-offset; 0 normally */
	struct tuy_address listen[TUY_ADDRESSES_MAX]; /* what is really bound, with its port */
	uint32_t listen_count;
	struct tuy_address advertised[TUY_ADDRESSES_MAX];
	uint32_t advertised_count;
	uint64_t started_ms; /* loop_now().ms at start */
	uint32_t notices;    /* bits of enum notice */
	bool stopping;       /* loop_stop was called: take no more requests */
	struct erase *erase; /* erase.h; NULL: none */
	struct loop *loop;
};

/* The time: `ms` monotonic, `wall_s` with the offset. */
struct tuy_now loop_now(const struct daemon *d);

/* Performs all tasks that wait in the node and arms the timer. To be called after every
 * tuy_node_* call that is not a question. May call ticket and tell callbacks. */
void loop_drain(struct daemon *d);

/*
 * Calls back once, when `ticket` is durable (TUY_STORED_OK, error NULL) or has failed
 * (TUY_STORED_FAILED; error "T-STORE-FULL", "T-STORE-IO" or "T-STOPPING"). To be called before the
 * loop_drain that hands the ticket to the store. 0, or -1: no memory (the ticket goes its way
 * unheard).
 */
typedef void loop_on_ticket(void *context, uint64_t ticket, enum tuy_stored stored,
                            const char *error);
int loop_await_ticket(struct daemon *d, uint64_t ticket, loop_on_ticket *on_ticket, void *context);

/*
 * Writes a row that is this person's own (store_own.h; value.p NULL: removes it). What was kept
 * before is on the disk when this is, in that order. *ticket for loop_await_ticket. 0; or -1: the
 * daemon is ending, or there is no memory.
 */
int loop_keep(struct daemon *d, enum store_own own, struct tuy_bytes key, struct tuy_bytes value,
              uint64_t *ticket);

/* Payloads go from this store (writer_erase_here), or what was erased goes from its file
 * (writer_scrub). As loop_keep. */
int loop_erase_here(struct daemon *d, const struct store_place *places, uint32_t count,
                    uint64_t *ticket);
int loop_scrub(struct daemon *d, uint64_t *ticket);

/* Calls back for every TELL of the node, after it was logged and the ticket's waiters were called;
 * spans of `tell` are valid during the call. 0, or -1: no memory. */
typedef void loop_on_tell(void *context, const struct tuy_tell *tell);
int loop_subscribe(struct daemon *d, loop_on_tell *on_tell, void *context);

/* Forgets all tickets and subscriptions of `context`: none of its callbacks is called any more.
 * Allowed inside a callback. */
void loop_forget(struct daemon *d, const void *context);

/*
 * Makes the person if there is none: draws a recovery key, certifies this device, writes the
 * identity file durably and tells the node. 1: made now, `recovery` holds "TUYAUKEY:...", shown
 * once and kept nowhere: the caller wipes it; 0: there was one, `recovery` is empty; -1 with
 * `error`: nothing changed.
 */
int loop_ensure_identity(struct daemon *d, char recovery[TUY_RECOVERY_TEXT],
                         struct store_error *error);

/* Reads every circle's name and the own one from the store and tells the node (WELCOME carries
 * them). To be called when an own CIRCLE or PROFILE record became durable. */
void loop_refresh_names(struct daemon *d);

/* A reader found damage in what is derived from the logs: see writer_doubt_view. */
void loop_doubt_view(struct daemon *d);

/* Begins the clean end: goodbyes, the writer's last commit, every handle closed; loop_run returns
 * afterwards. Harmless when called again. */
void loop_stop(struct daemon *d);

/* A time at which something is to be looked at. The owner's: zeroed before its first use, kept
 * until it was called or loop_remind_not was. */
struct loop_reminder {
	struct loop_reminder *next;
	uint64_t due_ms; /* loop_now().ms; 0: not set */
	void (*on_due)(void *context);
	void *context;
};
/* Calls on_due once, in `delay_ms` (0: 1); replaces what was set before. */
void loop_remind(struct daemon *d, struct loop_reminder *reminder, uint64_t delay_ms);
/* Takes it back. Harmless if it is not set. */
void loop_remind_not(struct daemon *d, struct loop_reminder *reminder);

/*
 * The watch. While the loop works through the callbacks of a turn nobody else is served, so a turn
 * is to stay under LOOP_TURN_US; what takes longer is counted and logged (debug), with the longest
 * callback in it that was watched: `begun = loop_watch_begin()` at its start and
 * loop_watch_end(d, "name", begun) at its end. `name` is a literal.
 */
#define LOOP_TURN_US 5000
struct loop_stalls {
	uint64_t turns;
	uint64_t slow; /* over LOOP_TURN_US */
	uint64_t
		slow_own; /* and the thread itself worked so long: no other program took the time */
	uint64_t worst_us;
	uint64_t worst_own_us;
	const char *worst; /* the longest callback of the worst turn; NULL: none that was watched */
};
uint64_t loop_watch_begin(void);
void loop_watch_end(struct daemon *d, const char *name, uint64_t begun);
struct loop_stalls loop_stalls(const struct daemon *d);

/* ---- for main.c ---- */

/*
 * Called once while it stops: the writer has made its last commit, every ticket is answered, the
 * node takes nothing any more. The moment to close whatever else was opened on d->uv; loop_run
 * returns when the last of its handles is closed.
 */
typedef void loop_on_ended(void *context);
/* Called once, when the node has loaded the store and the writer runs, before the node starts: what
 * is to hear the first TELL subscribes now. 0, or -1: no memory, and nothing starts. */
struct writer;
typedef int loop_on_loaded(void *context, struct writer *writer);
/* Called once while it stops, before the writer ends: nothing is appended any more. Also after a
 * start that failed, loaded or not. */
typedef void loop_on_stopping(void *context);

struct loop_options {
	struct tuy_address listen[TUY_ADDRESSES_MAX]; /* port 0: any free one */
	uint32_t listen_count;
	enum { LOOP_LISTEN_EXACT, LOOP_LISTEN_OR_FREE } listen_how; /* if the port is taken */
	loop_on_loaded *on_loaded; /* these three: NULL if nothing else is there */
	loop_on_stopping *on_stopping;
	loop_on_ended *on_ended;
	void *context; /* of the three */
};

/*
 * Opens the listening sockets, loads the store into a node and starts it and the writer. `d` has
 * uv, store, keys, paths, config and clock_offset_s set. 0; or -1 with `error`: then loop_run must
 * still be called once: it only closes what was opened.
 */
int loop_start(struct daemon *d, const struct loop_options *options, struct store_error *error);

/* Runs until loop_stop has done its work. 0, or -1: a handle stayed open (our mistake, logged). */
int loop_run(struct daemon *d);

#endif
