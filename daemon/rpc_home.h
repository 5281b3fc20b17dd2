/*
 * What the methods share: the daemon, names of circles and people as they were last read from the
 * store (rpc_people.h), the recovery key that was not shown yet, the calls that only one of may be
 * at work.
 *
 * Thread rule: the loop thread.
 */
#ifndef RPC_HOME_H
#define RPC_HOME_H

#include "loop.h"
#include "rpc_call.h"
#include "synonyms.h"
#include "watch.h"

#define RPC_NAME_MAX 121 /* a name of 120 bytes and a NUL */

#define RPC_SEEN_MAX 64 /* devices whose link ended: when, while the daemon runs */

struct rpc_person {
	struct tuy_member member;
	bool has_profile;
	char name[RPC_NAME_MAX]; /* empty without a profile */
	char folded[RPC_NAME_MAX];
	char from[RPC_NAME_MAX]; /* as OBJECT's `from`, rpc_methods.h; never empty */
	char company[RPC_NAME_MAX];
	char seat[RPC_NAME_MAX];
};

struct rpc_circle {
	bool used;
	bool fresh; /* false: read it again */
	uint32_t circle_no;
	struct tuy_circle id;
	bool has_name;              /* a CIRCLE record is here */
	char welcome[RPC_NAME_MAX]; /* its name as the inviter said, until then */
	char name[RPC_NAME_MAX];    /* digits of the id if none is known; never empty */
	char slug[RPC_NAME_MAX];
	uint32_t people_count;
	struct rpc_person *people; /* everybody with a device there, former ones too */
};

struct event_source;
struct life;
struct hooks;

struct rpc_home {
	struct daemon *d;
	char *recovery; /* locked; empty: nothing to show */
	struct rpc_call *joining;
	struct rpc_call *founding;
	struct event_source *source;
	struct life *life;
	struct hooks *hooks;
	struct { /* what was given or claimed here last, for `undo` */
		bool used;
		uint32_t circle_no;
		struct tuy_object id;
		uint32_t at_s;
	} last_write;
	struct rpc_call *following; /* calls that wait for an event */
	uint32_t following_count;
	struct tuy_device last_device; /* whose link ended last.. */
	uint32_t last_seen_s;          /* ..and when; 0: none yet */
	struct watches watches;
	struct synonyms *synonyms;
	struct {
		struct tuy_device device;
		uint32_t at_s;
	} seen[RPC_SEEN_MAX];
	uint32_t seen_next;
	struct rpc_circle circle[TUY_CIRCLES_MAX];
	uint8_t blob[TUY_BLOB_MAX];  /* of the record that is being shown */
	uint8_t named[TUY_BLOB_MAX]; /* of one whose name is being read meanwhile */
};

/* NULL: no memory. */
struct rpc_home *rpc_home_create(struct daemon *d);
/* After its last call ended. */
void rpc_home_destroy(struct rpc_home *home);
/* The call ends: nothing here points to it any more, no ticket calls it back. */
void rpc_home_forget(struct rpc_call *call);

/* Begins a reading; -1: the call has failed and is gone. */
int rpc_reading_begin(struct rpc_call *call, struct store_reading *reading);

#endif
