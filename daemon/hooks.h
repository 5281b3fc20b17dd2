/*
 * Hooks: programs of the owner that are run when something happens. The directory `hooks` beside
 * tuyaud.conf may hold a file of the name of an event, and one named `any`, which gets all. Each
 * must be a file (or a symbolic link within the directory) that is the owner's and executable, and
 * nobody else may write to it or to the directory: else it is not run, and `status` and the log say
 * so.
 *
 * A hook gets the EVENT (events.h) as a line of JSON on its standard input, as it is when the hook
 * is run, without sealed fields (hook_json.h) unless `hooks.sealed = yes` is in tuyaud.conf. How a
 * process is run: hook_run.h. Its environment: of tuyaud's own PATH, HOME, USER, LOGNAME, SHELL,
 * TZ, LANG, LANGUAGE, LC_*, XDG_*, DISPLAY, WAYLAND_DISPLAY, XAUTHORITY, DBUS_SESSION_BUS_ADDRESS;
 * and TUYAU_EVENT (its name), TUYAU_ID (of the tip or ask; empty: it is about none) and TUYAU_HOME,
 * if there is one.
 *
 * Of one kind of event hooks run one after another, in the order of the events (first the one of
 * its name, then `any`); kinds run beside each other. At most HOOKS_WAITING_MAX events of a kind
 * wait; what is too much is not given to a hook, but counted and said. Events of before this start
 * are not told, and none in quiet hours (quiet.h).
 *
 * Thread rule: the loop thread.
 */
#ifndef HOOKS_H
#define HOOKS_H

#include "events.h"
#include "loop.h"
#include "rpc_reply.h"

#define HOOKS_WAITING_MAX 256
#define HOOKS_RUNNING_MAX 16

struct hooks;

struct hooks_host {
	/* Packs the EVENT at a position that is still kept. 0, or -1. */
	int (*pack)(void *context, uint64_t at, struct rpc_out *out);
	void *context;
};

/* Looks for hooks and begins with what `events` hold; both outlive it. NULL: no memory. */
struct hooks *hooks_create(struct daemon *d, const struct events *events,
                           const struct hooks_host *host);
/* Ends what runs (hook_run_stop). NULL is allowed. */
void hooks_destroy(struct hooks *hooks);

/* An event was pushed. */
void hooks_happened(struct hooks *hooks);

/* "hooks" {quiet (now), running, waiting, ran, failed, dropped, refused [{hook why}]} */
void hooks_status_put(const struct hooks *hooks, struct rpc_out *out);

#endif
