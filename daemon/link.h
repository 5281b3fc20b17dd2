/*
 * TCP for the node's links: accepts, connects, reads, writes, closes as the node says. Link numbers
 * are the node's. What fails is told to the node; nothing here decides anything but how long a
 * socket may linger.
 *
 * Thread rule: the loop thread. Functions called from loop_drain (send, close, connect, resume)
 * tell the node but do not drain: loop_drain goes on until the node has no task left.
 */
#ifndef LINK_H
#define LINK_H

#include "loop.h"

struct links;

#define LINK_CONNECT_MS     10000
#define LINK_FLUSH_MS       5000    /* CLOSE_FLUSHED: at the latest */
#define LINK_LINGER_MS      1000    /* after our end was said: for the other's */
#define LINK_SILENT_MAX     256     /* sockets that are read and discarded; the oldest goes first */
#define LINK_QUEUE_MAX      4194304 /* bytes that wait in one socket: the node never gives so many */
#define LINK_ACCEPT_WAIT_MS 1000    /* after accept failed (no descriptors): then listen anew */

/* NULL: no memory. */
struct links *links_create(struct daemon *d);

/*
 * Listens at `wanted` (port 0: any free one); `*bound` is what it got. 0, or a negative errno
 * (-EADDRINUSE...), nothing listens then.
 */
int links_listen(struct links *links, const struct tuy_address *wanted, struct tuy_address *bound);

/* Sends a copy of `bytes` in order; a link that is gone takes them silently. */
void links_send(struct links *links, uint32_t link, struct tuy_bytes bytes);
void links_close(struct links *links, uint32_t link, enum tuy_close_how how, uint32_t ms);
void links_connect(struct links *links, uint32_t dial, const struct tuy_address *address);

/* Offers to the node what it did not take before, and reads on where it is taken now. */
void links_resume(struct links *links);

/* Stops listening and dialing and closes all that do not flush; frees `links` when the last handle
 * is closed. Nothing else may be called after it; the node hears nothing more. */
void links_stop(struct links *links);

#endif
