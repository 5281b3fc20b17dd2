/*
 * TCP for links: accepts, connects, reads, writes, closes as the owner says. Link numbers are the
 * owner's (the node's). What fails is told to the owner; nothing here decides anything but how long
 * a socket may linger.
 *
 * Thread rule: the loop thread. What the functions below find out they tell at once, but only the
 * event loop's own callbacks end with on_turn: who calls a function goes on by himself afterwards.
 */
#ifndef LINK_H
#define LINK_H

#include "../proto/node.h"
#include <uv.h>

struct links;

#define LINK_CONNECT_MS     10000
#define LINK_FLUSH_MS       5000    /* CLOSE_FLUSHED: at the latest */
#define LINK_LINGER_MS      1000    /* after our end was said: for the other's */
#define LINK_SILENT_MAX     256     /* sockets that are read and discarded; the oldest goes first */
#define LINK_QUEUE_MAX      4194304 /* bytes that wait in one socket: the node never gives so many */
#define LINK_ACCEPT_WAIT_MS 1000    /* after accept failed (no descriptors): then listen anew */

/*
 * Who the links belong to. All are called on the loop thread and get `context`. Only on_turn may
 * call the functions of this header; the others take note. None but on_turn is called after
 * links_stop.
 */
struct links_owner {
	void *context;
	/* A connection stands; `dial` is that of links_connect, 0 of an incoming one. Returns the
	 * number that the link has from now on, 0: close it. */
	uint32_t (*on_opened)(void *context, enum tuy_direction direction,
	                      const struct tuy_address *remote, uint32_t dial);
	/* Returns how many of the bytes were taken; the others are offered again by links_resume,
	 * and nothing more is read until then. */
	size_t (*on_bytes)(void *context, uint32_t link, struct tuy_bytes bytes);
	/* `len` bytes of links_send have reached the kernel. */
	void (*on_sent)(void *context, uint32_t link, size_t len);
	/* It ended without links_close. */
	void (*on_closed)(void *context, uint32_t link);
	void (*on_connect_failed)(void *context, uint32_t dial);
	/* A callback of the event loop ends, in which the others may have been called. `begun_ns`
	 * is uv_hrtime() at its start, `what` a name of it for the log. */
	void (*on_turn)(void *context, const char *what, uint64_t begun_ns);
};

/* For sockets on `uv`; `owner` is copied. NULL: no memory. */
struct links *links_create(uv_loop_t *uv, const struct links_owner *owner);

/*
 * Listens at `wanted` too (port 0: any free one), at TUY_ADDRESSES_MAX addresses at most; `*bound`
 * is what it got. `families` decides what [::] takes. 0, or a negative errno (-EADDRINUSE...): it
 * does not listen there.
 */
enum links_families { LINKS_SIX_AND_FOUR, LINKS_SIX_ONLY };
int links_listen(struct links *links, const struct tuy_address *wanted,
                 enum links_families families, struct tuy_address *bound);

/* Sends a copy of `bytes` in order; a link that is gone takes them silently. */
void links_send(struct links *links, uint32_t link, struct tuy_bytes bytes);
void links_close(struct links *links, uint32_t link, enum tuy_close_how how, uint32_t ms);
void links_connect(struct links *links, uint32_t dial, const struct tuy_address *address);

/* Offers to the owner what it did not take before, and reads on where it is taken now. */
void links_resume(struct links *links);

/* Stops listening and dialing and closes all that do not flush; frees `links` when the last handle
 * is closed. Nothing else may be called after it; the owner hears nothing more but on_turn. */
void links_stop(struct links *links);

#endif
