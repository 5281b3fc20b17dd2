/*
 * What the methods share: the daemon, names of circles and people as they were last read from the
 * store, the recovery key that was not shown yet, writes that wait for a ticket. Families of
 * methods: rpc_status.c, rpc_circle.c, rpc_join.c, rpc_profile.c, rpc_tip.c, rpc_find.c.
 *
 * Thread rule: the loop thread.
 */
#ifndef RPC_HOME_H
#define RPC_HOME_H

#include "rpc_call.h"

#define RPC_NAME_MAX 121 /* a name of 120 bytes and a NUL */

/* ---- names: rpc_people.c ---- */

struct rpc_person {
	struct tuy_member member;
	bool has_profile;
	char name[RPC_NAME_MAX]; /* empty without a profile */
	char folded[RPC_NAME_MAX];
	char from[RPC_NAME_MAX]; /* as OBJECT's `from`, rpc.h; never empty */
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

struct rpc_home {
	struct daemon *d;
	char *recovery; /* locked; empty: nothing to show */
	struct rpc_call *joining;
	struct rpc_call *founding;
	struct tuy_device last_device; /* whose link ended last.. */
	uint32_t last_seen_s;          /* ..and when; 0: none yet */
	struct rpc_circle circle[TUY_CIRCLES_MAX];
	uint8_t blob[TUY_BLOB_MAX];  /* of the record that is being shown */
	uint8_t named[TUY_BLOB_MAX]; /* of one whose name is being read meanwhile */
};

/* NULL: no memory. */
struct rpc_home *rpc_home_create(struct daemon *d);
/* After its last call ended; nothing calls back afterwards. */
void rpc_home_destroy(struct rpc_home *home);
const struct rpc_method *rpc_methods(size_t *count);
/* The server calls it for every call that ends. */
void rpc_home_forget(struct rpc_home *home, struct rpc_call *call);

/* Begins a reading; -1: the call has failed and is gone. */
int rpc_reading_begin(struct rpc_call *call, struct store_reading *reading);

/* The circle's names, read anew if something came since; NULL if there is no such circle. Good
 * until the next call. */
struct rpc_circle *rpc_circle_get(struct rpc_home *home, struct store_reading *reading,
                                  uint32_t circle_no);
/* Its name as the inviter said it, shown until the record comes. */
void rpc_circle_welcome(struct rpc_home *home, uint32_t circle_no, struct tuy_bytes name);
/* Something of this circle changed; UINT32_MAX: of any. */
void rpc_circle_stale(struct rpc_home *home, uint32_t circle_no);
/* The only circle, or the one that the param `circle` names; NULL: the call has failed and is
 * gone. */
struct rpc_circle *rpc_circle_param(struct rpc_call *call, struct store_reading *reading);
/* The same where none given means all: *circle is NULL then. 0, or -1: the call has failed. */
int rpc_circle_param_any(struct rpc_call *call, struct store_reading *reading,
                         struct rpc_circle **circle);
uint32_t rpc_circle_count(struct rpc_home *home);

/* NULL: nobody known. */
const struct rpc_person *rpc_person_get(const struct rpc_circle *circle,
                                        const struct tuy_member *member);
/* How many are called so (name, `from`, >= 4 digits of the id; if none, by the first name); *person
 * is the first of them. */
uint32_t rpc_person_find(const struct rpc_circle *circle, struct tuy_bytes text,
                         const struct rpc_person **person);
/* Whether a record's `for` means me: my name, `from`, id, or "@" and my seat. */
bool rpc_person_meant(const struct rpc_person *person, struct tuy_bytes text);

/* ---- records and objects: rpc_object.c ---- */

/* Opens an object's record; spans of `record` point into home->blob. False: unreadable. */
bool rpc_record_get(struct rpc_home *home, struct store_reading *reading,
                    const struct view_object *object, struct tuy_record *record);
/* Copies what the spans of a checked record point to into `room`, which must hold it. */
void rpc_record_keep(struct tuy_record *record, uint8_t *room, size_t room_size);
/* The pairs of an OBJECT into an open map. `record` NULL: unreadable. */
void rpc_object_put(struct rpc_home *home, struct store_reading *reading,
                    const struct view_object *object, const struct tuy_record *record,
                    struct rpc_out *out);
/* The pairs of a PROFILE; `record` NULL: none yet. */
void rpc_profile_put(const struct rpc_circle *circle, const struct tuy_member *member,
                     const struct tuy_record *record, uint32_t updated_s, struct rpc_out *out);
/* The own profile of a circle, or else of any other one, as `record` (spans into home->blob). 1: of
 * this circle, 0: of another, -1: none. */
int rpc_profile_own(struct rpc_home *home, struct store_reading *reading, uint32_t circle_no,
                    struct tuy_record *record);
/* The pairs of SHOWN but recovery_key. */
enum rpc_former { RPC_ACTIVE_ONLY, RPC_FORMER_TOO };
void rpc_circle_put(struct rpc_home *home, const struct rpc_circle *circle, enum rpc_former former,
                    struct rpc_out *out);

/* ---- writes: rpc_write.c ---- */

/*
 * Does what gives a ticket, and calls `then` once it is durable (error NULL) or has failed (a code
 * for rpc_write_failed). `attempt` is called again for some seconds as long as it says TUY_E_FULL;
 * other errors, and the end of patience, fail the call. To be called last: the call may be gone
 * afterwards.
 */
typedef enum tuy_err rpc_attempt(struct rpc_call *call, uint64_t *ticket);
void rpc_write(struct rpc_call *call, rpc_attempt *attempt,
               void (*then)(struct rpc_call *call, const char *error));
/* The same for a record into the own log; `record` has passed its check. call->write.appended says
 * where it went. */
void rpc_append(struct rpc_call *call, uint32_t circle_no, const struct tuy_record *record,
                uint32_t exp_s, void (*then)(struct rpc_call *call, const char *error));
/* Fails the call with what went wrong on the disk. */
void rpc_write_failed(struct rpc_call *call, const char *error);

/* ---- the person: rpc_circle.c ---- */

/* Makes the person on first use. 0, or -1: the call has failed and is gone. From now on its answer
 * carries a recovery key that was not shown yet. */
int rpc_identity_ensure(struct rpc_call *call);
/* Puts "recovery_key" if there is one to show. */
void rpc_recovery_put(struct rpc_call *call, struct rpc_out *out);
/* rpc_profile.c. Reads the params `profile` and `default_name` over the profile held already. 0, or
 * -1: the call has failed. Spans go into the request and home->blob. */
int rpc_profile_param(struct rpc_call *call, struct tuy_record *record);

/* A TELL that the call of a join waits for. */
void rpc_join_tell(struct rpc_call *call, const struct tuy_tell *tell);

/* ---- methods ---- */
void rpc_do_status(struct rpc_call *call);
void rpc_do_stop(struct rpc_call *call);
void rpc_do_new(struct rpc_call *call);
void rpc_do_invite(struct rpc_call *call);
void rpc_do_join(struct rpc_call *call);
void rpc_do_progress(struct rpc_call *call);
void rpc_do_profile_set(struct rpc_call *call);
void rpc_do_profile_show(struct rpc_call *call);
void rpc_do_tip(struct rpc_call *call);
void rpc_do_ask(struct rpc_call *call);
void rpc_do_inbox(struct rpc_call *call);
void rpc_do_show(struct rpc_call *call);
void rpc_do_search(struct rpc_call *call);
void rpc_do_delivery(struct rpc_call *call);
void rpc_do_circle_list(struct rpc_call *call);
void rpc_do_circle_show(struct rpc_call *call);

#endif
