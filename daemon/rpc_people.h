/*
 * Names: what circles and people are called, read from the store when it changed, and finding them
 * by what was typed.
 *
 * Thread rule: the loop thread.
 */
#ifndef RPC_PEOPLE_H
#define RPC_PEOPLE_H

#include "rpc_home.h"

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

#endif
